"""How long the command line takes to answer, and what its first steps cost: medians of many starts.

    .venv/bin/python benchmarks/startup.py

Predicted before the first run (2026-11-20): `--version` 60 ms, the verifier's help 100 ms, both over a bare interpreter
at 15 ms. Both frameworks load in 20 ms inside a running program.

Predicted before frameworks were compiled (2026-11-20): loading all shipped frameworks from YAML 0.35 s, compiled 40 ms;
a search 200 ms. The limit for each is 300 ms.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FRAMEWORKS = """
from shinrai.frameworks import available, load_framework
for key in available():
    load_framework(*key)
"""
FROM_YAML = """
from shinrai.frameworks import available, framework_bytes, read_framework
for key in available():
    read_framework(framework_bytes(*key), key.id)
"""


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=21)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "startup.json")
    given = parser.parse_args()
    scripts = Path(sys.executable).parent
    commands = {
        "bare interpreter": [sys.executable, "-c", "pass"],
        "shinrai --version": [str(scripts / "shinrai"), "--version"],
        "shinrai assess --help": [str(scripts / "shinrai"), "assess", "--help"],
        "shinrai-verify --version": [str(scripts / "shinrai-verify"), "--version"],
    }
    commands |= {
        "all shipped frameworks, in a new process": [sys.executable, "-c", FRAMEWORKS],
        "the same from YAML": [sys.executable, "-c", FROM_YAML],
        "shinrai frameworks search 透明性": [str(scripts / "shinrai"), "frameworks", "search", "透明性"],
        "shinrai frameworks list": [str(scripts / "shinrai"), "frameworks", "list"],
        "shinrai frameworks map iso.42001 jp.aigb": [
            *(str(scripts / "shinrai"), "frameworks", "map", "iso.42001", "jp.aigb")
        ],
    }
    figures = {name: median_ms(command, given.times) for name, command in commands.items()}
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps({"cores": os.cpu_count(), "median_ms": figures}, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


def median_ms(command: list[str], times: int) -> float:
    """Return the median wall time of a command in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        taken.append(time.perf_counter() - start)
    return round(1000 * statistics.median(taken), 1)


if __name__ == "__main__":
    main()
