"""Write docs/reference/benchmarks.md from benchmarks/results; `--check` only says whether it is current."""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results"


_HEAD = """\
# Benchmarks

Made by `tools/document_benchmarks.py` from the figures that `benchmarks/` wrote; do not edit it by hand.

## A whole assessment as its table grows

`benchmarks/assess_rows.py`, {rows_cores} cores. *Assessment* is all of `shinrai assess` with two groups and their
crossing: measuring with intervals, signing, the second implementation, the council, both reports. *fairlearn* is its
MetricFrame for the same four rates on the same groups, without intervals, in the same run.
"""


def page() -> str:
    """Return the page."""
    rows, startup = (json.loads((RESULTS / name).read_text()) for name in ("assess_rows.json", "startup.json"))
    lines = [
        _HEAD.format(rows_cores=rows["cores"]),
        "| rows | assessment: wall s | CPU s | peak MiB | fairlearn: CPU s | peak MiB | CPU ratio |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(_row(figure) for figure in rows["figures"]),
        "",
        "## Starting up",
        "",
        f"`benchmarks/startup.py`, {startup['cores']} cores, medians in milliseconds.",
        "",
        "| what | ms |",
        "|---|---:|",
        *(f"| {name} | {value} |" for name, value in startup["median_ms"].items()),
        "",
        *_folder(json.loads((RESULTS / "import_folder.json").read_text())),
        "",
        *_engine(json.loads((RESULTS / "conversation_engine.json").read_text())),
    ]
    return "\n".join(lines) + "\n"


def _folder(figure: dict[str, Any]) -> list[str]:
    return [
        "## Importing a large folder of frameworks",
        "",
        f"`benchmarks/import_folder.py`, {figure['cores']} cores: {figure['files']} files with {figure['rows']:,} rows "
        f"and {figure['pairs']:,} mapping pairs ({figure['megabytes']} MB), made for the purpose. *PyYAML* is its C "
        "parser reading the same files into plain values, without checking anything, in the same run.",
        "",
        "| wall s | peak MiB | PyYAML: wall s | ratio |",
        "|---:|---:|---:|---:|",
        f"| {figure['wall_s']} | {figure['peak_MiB']} | {figure['peer_wall_s']} | {figure['ratio']} |",
    ]


def _engine(recorded: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in recorded["versions"].items())
    lines = [
        "## Asking a chat endpoint",
        "",
        f"`benchmarks/conversation_engine.py`, {recorded['cores']} cores, one run, one local server; {versions}. "
        "CPU is user and system time of the engine, start included. Ours includes the journal, flushed to the disk, "
        "and the Parquet files.",
        "",
        "| latency ms | engine | samples | CPU ms a sample | of ours | peak MiB | bytes a sample |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    ours = {
        each["latency_ms"]: each["cpu_ms_per_sample"] for each in recorded["figures"] if each["engine"] == "shinrai"
    }
    for each in recorded["figures"]:
        ratio = each["cpu_ms_per_sample"] / ours[each["latency_ms"]]
        lines.append(
            f"| {each['latency_ms']:g} | {each['engine']} | {each['n']:,} | {each['cpu_ms_per_sample']:.3f} "
            f"| {ratio:.2f} × | {each['peak_mib']:.0f} | {each['bytes_per_sample']:.0f} |"
        )
    return lines


def _row(figure: dict[str, Any]) -> str:
    ours, peer = figure["assess"], figure.get("fairlearn")
    compared = "not run | – | –"
    if peer:
        compared = f"{peer['cpu_s']} | {peer['peak_mib']} | {peer['cpu_s'] / ours['cpu_s']:.2f}"
    return f"| {figure['rows']:,} | {ours['wall_s']} | {ours['cpu_s']} | {ours['peak_mib']} | {compared} |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == page() else f"{PAGE.relative_to(ROOT)} is not current")
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
