"""Let programs of others read what Shinrai exports, each installed in an environment of its own.

`python tools/conformance_exports.py [--exports FOLDER] [--environment FOLDER]`

--exports: what `--format all` wrote; without it the demo is run for the purpose. --environment: a virtual environment
to use and to keep; without it one is made and thrown away. Needs a package registry the first time; where there is
none, it says that it was skipped and ends with 0. A reader that refuses an export ends it with 1.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
READERS = Path(__file__).with_name("conformance_readers.py")
PACKAGES = (
    "compliance-trestle==5.2.0",
    "in-toto-attestation==0.9.3",
    "junitparser==5.0.3",
    "sarif-tools==3.0.5",
    "sigstore==4.5.1",
)
"""None of them is in the lock: together they bring some 90 packages that nothing else here needs."""


def main() -> int:
    """Prepare exports and environment, and run the readers; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--exports", type=Path)
    parser.add_argument("--environment", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="shinrai-conformance-") as temporary:
        python = _environment(given.environment or Path(temporary) / "environment")
        if python is None:
            print("SKIPPED: the readers could not be installed, so no program of others has read the exports.")
            return 0
        exports = given.exports or _demo(Path(temporary))
        return subprocess.run([str(python), str(READERS), str(exports)], check=False).returncode  # noqa: S603


def _environment(folder: Path) -> Path | None:
    """Return the interpreter of an environment that has the readers, or None where they cannot be installed."""
    uv = Path(sys.executable).with_name("uv")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([str(uv), "venv", "--quiet", str(folder)], check=True)  # noqa: S603
    command = [str(uv), "pip", "install", "--quiet", "--python", str(python), *PACKAGES]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        print(done.stderr.strip()[-500:])
        return None
    return python


def _demo(folder: Path) -> Path:
    """Run the demo and export it in every format."""
    environment = {**os.environ, "SHINRAI_HOME": str(folder / "home"), "SHINRAI_LANG": "en"}
    demo, out = folder / "demo", folder / "exports"
    run = [sys.executable, str(ROOT / "examples" / "loan-screening" / "run.py"), "--out", str(demo)]
    subprocess.run(run, env=environment, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
    given = ["report", f"{demo}/bundle.zip", "--trust", f"{demo}/trust.json", "--format", "all", "--out", str(out)]
    command = [sys.executable, "-m", "shinrai", *given]
    subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)  # noqa: S603
    return out


if __name__ == "__main__":
    sys.exit(main())
