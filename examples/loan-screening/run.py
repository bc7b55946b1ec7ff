"""The example from end to end: train, decide, sign, assess, verify; `make demo` runs this.

Every step is a command that you could type yourself; it is shown before it runs.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHINRAI = [sys.executable, "-m", "shinrai"]


def main() -> int:
    """Run the example; returns 0 when every step did what it should, whatever the model is worth."""
    parser = argparse.ArgumentParser(description="Train, sign, assess and verify the loan-screening example.")
    parser.add_argument("--out", type=Path, default=Path("out/loan-screening"))
    out = parser.parse_args().out
    description = HERE / "shinrai.yaml"
    step([sys.executable, str(HERE / "train.py"), "--out", str(HERE / "data")])
    step([*SHINRAI, "sign", str(description), "--yes"])
    # 0, 1 and 2 are findings about the model, 3 is a mistake in the example.
    found = step([*SHINRAI, "assess", str(description), "--out", str(out)], accepted=(0, 1, 2))
    step([*SHINRAI, "verify", str(out / "bundle.zip"), "--trust", str(out / "trust.json")], last_lines=2)
    print(
        f"\n評価の終了コードは {found} でした（0 達成、1 未達成あり、2 判断できない）。"
        f"\nThe assessment ended with exit code {found} (0 met, 1 something not met, 2 undecided)."
    )
    return 0


def step(command: list[str], *, accepted: tuple[int, ...] = (0,), last_lines: int | None = None) -> int:
    """Show a command, run it, and stop the example when it ends in a way that it must not.

    last_lines: show only so many lines of its output at the end, when it ended well.
    """
    print("\n$ " + " ".join([Path(command[0]).name, *command[1:]]), flush=True)
    done = subprocess.run(  # noqa: S603  (our own commands)
        command, check=False, text=True, encoding="utf-8", stdout=None if last_lines is None else subprocess.PIPE
    )
    if last_lines is not None:
        lines = done.stdout.splitlines()
        print("\n".join(lines[-last_lines:] if done.returncode in accepted else lines), flush=True)
    if done.returncode not in accepted:
        sys.exit(f"stopped: this command ended with exit code {done.returncode}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
