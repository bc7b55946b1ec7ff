"""What a sample costs, from the question to durable evidence: CPU, memory and bytes, beside peers, in one run.

    .venv/bin/python benchmarks/conversation_engine.py
    .venv/bin/python benchmarks/conversation_engine.py --million          (10⁴ to 10⁶ samples, ours alone)

Every engine asks the same local server for the same sums and writes its own log; each peer runs in an environment of
its own, made on the first run. CPU is user + system time of the engine's process and its children, start and imports
included; the server is not counted. Ours includes the journal, flushed to the disk, and the Parquet files.

Predicted before the first run (2026-11-20), zero latency, 10⁴ samples, ms of CPU for a sample: bare aiohttp 0.12, ours
0.16 (1.3 ×), Inspect 12 (75 × ours), lm-evaluation-harness 2.2 (14 ×), deepeval without cache 1.6 (10 ×). Ours: 80 MiB
more than the interpreter, at most 10 MiB more at 10⁶ than at 10⁴ samples; 95 bytes a sample, half of them journal.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
ROOT = HERE.parent
PACKAGES = {
    # Not the development environment: pyarrow loads pandas where it finds it, and Shinrai itself does not bring it.
    "shinrai": ["-e", str(ROOT / "packages" / "shinrai-verify"), "-e", str(ROOT)],
    "inspect": ["inspect-ai", "openai"],
    "lm_eval": ["lm_eval[api]"],
    "deepeval": ["deepeval", "aiohttp"],
}
PEERS_MEASURED = ["inspect", "lm_eval", "deepeval"]
SCRIPTS = {
    "bare aiohttp": "bare_aiohttp.py",
    "shinrai": "shinrai_engine.py",
    "inspect": "inspect_run.py",
    "lm_eval": "lm_eval_run.py",
    "deepeval": "deepeval_run.py",
}


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--latency-ms", type=float, nargs="+", default=[0.0, 50.0])
    parser.add_argument("--times", type=int, default=5, help="of bare aiohttp and ours; peers run once")
    parser.add_argument("--peers", nargs="*", default=PEERS_MEASURED, choices=PEERS_MEASURED)
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "shinrai-peers")
    parser.add_argument("--million", action="store_true", help="ours at 10⁴, 10⁵ and 10⁶ samples instead")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.million:
        figures = [one for n in (10_000, 100_000, 1_000_000) for one in measured(["shinrai"], n, 0.0, given)]
        out = given.out or HERE / "results" / "conversation_engine_growth.json"
    else:
        engines = ["bare aiohttp", "shinrai", *given.peers]
        figures = [one for latency in given.latency_ms for one in measured(engines, given.n, latency, given)]
        out = given.out or HERE / "results" / "conversation_engine.json"
    out.parent.mkdir(exist_ok=True)
    versions = {name: version_of(given.environments, name) for name in ([] if given.million else given.peers)}
    out.write_text(json.dumps({"cores": os.cpu_count(), "versions": versions, "figures": figures}, indent=1) + "\n")


def measured(engines: Sequence[str], n: int, latency: float, given: argparse.Namespace) -> list[dict[str, object]]:
    """Return the figures of the engines at one size and latency: medians of the repeats, which take turns."""
    runs: dict[str, list[dict[str, float]]] = {engine: [] for engine in engines}
    with server(latency) as url:
        for repeat in range(1 if given.million else given.times):
            for engine in engines:
                if repeat and engine in PEERS_MEASURED:
                    continue
                python = environment(given.environments, engine) if engine in PACKAGES else sys.executable
                with tempfile.TemporaryDirectory() as folder:
                    command = [str(python), str(PEERS / SCRIPTS[engine]), url, str(n), str(given.in_flight), folder]
                    runs[engine].append(timed(command, n, Path(folder)))
    found: list[dict[str, object]] = []
    for engine, measurements in runs.items():
        medians = {name: statistics.median(run[name] for run in measurements) for name in measurements[0]}
        rounded = {name: round(value, 4) for name, value in medians.items()}
        found.append({"engine": engine, "latency_ms": latency, "n": n, **rounded})
        print(json.dumps(found[-1]), flush=True)
    return found


def timed(command: Sequence[str], n: int, folder: Path) -> dict[str, float]:
    """Return CPU and wall time, peak memory and what was written, of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"failed: {' '.join(command)}")
    answered = json.loads(said.splitlines()[-1])
    if answered.get("right", answered.get("answered")) != n:
        sys.exit(f"not every answer was right: {' '.join(command)}: {answered}")
    written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "cpu_ms_per_sample": 1000 * (used.ru_utime + used.ru_stime) / n,
        "wall_s": wall,
        "peak_mib": used.ru_maxrss / 1024,
        "bytes_per_sample": written / n,
    }


@contextmanager
def server(latency: float) -> Iterator[str]:
    """Serve until the block ends; the address of the endpoint."""
    command = [sys.executable, str(HERE / "conversation_server.py"), "--latency-ms", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def environment(folder: Path, engine: str) -> Path:
    """Return the interpreter of a peer's environment, made if it is not there."""
    python = folder / engine / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / engine)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES[engine]], check=True)
    return python


def version_of(folder: Path, engine: str) -> str:
    """Return the version of a peer."""
    name = PACKAGES[engine][0].partition("[")[0]
    code = f"from importlib.metadata import version; print(version({name!r}))"
    command = [str(environment(folder, engine)), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
