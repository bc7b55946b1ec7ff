"""Write docs/reference/benchmarks.md from benchmarks/results; `--check` only says whether it is current."""

import json
import sys
from collections.abc import Callable
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
        "",
        *_audits(json.loads((RESULTS / "audit_tables.json").read_text(encoding="utf-8"))),
        "",
        *_evidence(*(json.loads((RESULTS / f"{name}.json").read_text()) for name in ("log", "verifier", "council"))),
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


_AUDITS = """\
## Auditing a table

`benchmarks/audit_tables.py`, {cores} cores shared with other work; {versions}. Every engine reads the same Parquet
files. Each target is a run of its own, in which what is compared is measured one after the other: ours as the
median of 3, 5 or (T15) 11 runs, peers once. CPU is user and system time of all threads from
the first read to the last number; *process* counts start and imports too.
Ours includes what peers do not do: the SHA-256 of the file, the profile that guards against unusable columns, and (but
in T1) intervals, tests and verdicts. In T2, T3 and T5 it is asked for what the peer compares, sex and age crossed; the
audit that has the two by themselves too stands beside. Where a peer has the same rates they are the same numbers. Wall
time depends on what else the machine does; load is that of the last five minutes.
"""

_NOT_RUN = """\
Not run: fairlearn with bootstraps at more than 10⁵ rows, any peer at 10⁸ rows, AIF360 and scikit-learn at other sizes
than 10⁷."""


def _audits(recorded: dict[str, Any]) -> list[str]:
    targets = recorded["targets"]
    lines = [
        _AUDITS.format(cores=recorded["cores"], versions=", ".join(recorded["versions"].values())),
        "| target | wanted | measured | holds |",
        "|---|---|---|---|",
    ]
    for name, (wanted, measured) in _TARGETS.items():
        found = targets.get(name)
        holds = {True: "yes", False: "**no**", None: "not run in full"}[None if found is None else found["holds"]]
        lines.append(f"| {name} | {wanted} | {'not run' if found is None else measured(found)} | {holds} |")
    lines += ["", *_NOT_RUN.splitlines()]
    if "T4" in targets and targets["T4"]["holds"] is None:
        lines.append("T4 was run at 10⁷ rows only.")
    lines += [
        "",
        "| target | engine | rows | CPU s | process CPU s | process wall s | peak MiB | load |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name in _TARGETS:
        if name in targets:
            lines += _runs(name, targets[name])
    return [*lines, "", *_simulations(targets)]


def _runs(name: str, found: dict[str, Any]) -> list[str]:
    sizes = found.get("by_rows", {_ROWS.get(name, ""): found})
    lines = []
    for rows, figures in sizes.items():
        engines = {"ours": figures} if "cpu_s" in figures else figures
        for engine, run in engines.items():
            if isinstance(run, dict) and "cpu_s" in run:
                measured = (f"{run[part]:.2f}" for part in ("cpu_s", "process_s", "process_wall_s"))
                cells = (name, engine.replace("_", " "), f"{int(rows):,}", *measured, f"{run['peak_mib']:.0f}")
                lines.append(f"| {' | '.join(cells)} | {found['load']} |")
    return lines


def _simulations(targets: dict[str, Any]) -> list[str]:
    lines = [
        "Simulations of `benchmarks/audit_statistics.py`; coverage of intervals of differences is over 10,000 tables, "
        "the rest over 1,000.",
        "",
        "| target | case | what | share |",
        "|---|---|---|---:|",
    ]
    for name in ("T12", "T13"):
        for row in targets.get(name, {}).get("rows", []):
            lines.append(f"| {name} | {row['case']} | {row['what']} | {row['measured']:.3f} |")
    return lines


def _times(found: dict[str, Any]) -> str:
    sizes = {int(rows): each for rows, each in found["by_rows"].items() if each["wanted"]}
    return "; ".join(
        f"{each['ratio']:.0f} × at {rows:,} (process {each['process_ratio']:.0f} ×)" for rows, each in sizes.items()
    )


def _compared(found: dict[str, Any]) -> str:
    return (
        f"{found['ratio']:.0f} × (process {found['process_ratio']:.0f} ×); "
        f"{found['ratio_with_single_groups']:.0f} × with sex and age by themselves too"
    )


def _memory(found: dict[str, Any]) -> str:
    said = ", ".join(f"{each['peak_mib']:.0f} MiB at {int(rows):,}" for rows, each in found["by_rows"].items())
    return said if "growth" not in found else f"{said}; growth {100 * found['growth']:.1f} %"


def _scores(found: dict[str, Any]) -> str:
    within = "within" if found["within_bound"] else "beyond"
    return (
        f"{found['share']:.2f} for the whole audit with scores, which is what is asked; {found['share_of_scores']:.2f} "
        "for what the scores add to the audit without them; "
        f"{found['share_with_single_groups']:.2f} for the whole audit with sex and age by themselves too; "
        f"largest error {found['largest_error']:.1e}, {within} its bound (largest bound {found['largest_bound']:.1e})"
    )


def _shares(found: dict[str, Any], case: str, what: str) -> str:
    rows = [row for row in found["rows"] if row["case"].startswith(case) and row["what"].startswith(what)]
    shares = [row["measured"] for row in rows]
    low, high = (f"{100 * share:.1f}" for share in (min(shares), max(shares)))
    return f"{low} %" if low == high else f"{low} to {high} %"


_ROWS = {"T2": "100000", "T3": "10000000", "T5": "10000000", "T6": "10000000", "T15": "100000"}

_TARGETS: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "T1": ("rates without intervals: ≥ 100 × less CPU than fairlearn at 10⁶ rows, ≥ 300 × at 10⁷", _times),
    "T2": (
        "audit at 10⁵ rows, intervals and 10,000 draws: ≥ 1,000 × less CPU than fairlearn's 100 bootstraps",
        _compared,
    ),
    "T3": (
        "audit at 10⁷ rows: ≥ 20 × less CPU than AIF360, which has no intervals",
        _compared,
    ),
    "T4": ("peak ≤ 200 MiB at 10⁷ and 10⁸ rows, growth < 10 %", _memory),
    "T5": (
        "audit with all score metrics at 10⁷ rows: ≤ 1/5 of the CPU of scikit-learn's AUC alone; AUC error within its "
        "bound and ≤ 2e-4",
        _scores,
    ),
    "T6": (
        "search of 10,000 subgroups at 10⁷ rows: ≤ 15 × the CPU of a plain GROUP BY",
        lambda found: (
            f"{found['ratio']:.1f} × for {found['subgroups']:,} subgroups; the planted one comes first: "
            f"{'yes' if found['first'] == _PLANTED else 'no'}"
        ),
    ),
    "T12": (
        "10 equal groups of 100: “any group differs” in 3 to 7 % of 1,000 audits",
        lambda found: _shares(found, "10 equal groups of 100,", "false alarms, deviation"),
    ),
    "T13": (
        "95 % intervals cover the truth in 93 to 99 %",
        lambda found: (
            f"{_shares(found, '', 'coverage')}; all tables of 30 and 30 rows at rates of 0.05, counted out with their "
            "probabilities, give 99.29 % for Newcombe's interval: a property of the method, on the safe side"
        ),
    ),
    "T14": (
        "every published case exact as a fraction",
        lambda found: (
            f"{found['compared'] - len(found['unequal'])} of {found['compared']} numbers of {found['cases']} cases"
        ),
    ),
    "T15": (
        "start, import and audit of 10⁵ rows: < 1 s wall",
        lambda found: (
            f"median {found['ours']['process_wall_s']:.2f} s, lowest {found['ours']['lowest_wall_s']:.2f} s "
            f"({found['ours']['process_s']:.2f} s CPU)"
        ),
    ),
}
"""What each target asks for, and the sentence of what was measured."""

_PLANTED = "a1=区分1-2, a4=区分4-3, a6=区分6-1"


_EVIDENCE = """\
## Keeping evidence, and verifying it

`benchmarks/log.py` ({leaves:,} entries), `benchmarks/verifier.py` and `benchmarks/council_simulation.py`, {cores} cores
shared with other work. Every commit is on the disk when it returns. Times are wall times but where CPU is named; *load*
is that of the minute before the part began and before its end: where it is above the number of cores, the times are
those of a busy machine.

| target | wanted | measured | holds | load |
|---|---|---|---|---:|
"""


def _evidence(log: dict[str, Any], verifier: dict[str, Any], council: dict[str, Any]) -> list[str]:
    lines = [_EVIDENCE.format(leaves=log["leaves"], cores=log["cores"]).rstrip("\n")]
    for engine, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        found = log["figures"].get(engine)
        rows = _log_targets(found, log["targets"]) if found else {"appending, proving, checking": ("", "not run", None)}
        lines += [_target(f"{what}, {name}", row, found) for what, row in rows.items()]
    figures, targets = verifier["figures"], verifier["targets"]
    for part, rows_of in _VERIFIER.items():
        found = figures.get(part)
        if found is None:
            lines.append(_target(f"verifier: {part}", ("", "not run", None), None))
        else:
            lines += [_target(what, row, found) for what, row in rows_of(found, targets).items()]
    held = council.get("processes")
    row = ("≤ 20 s", "not run", None) if held is None else _most(20, held["closed_s"], "s", 1)
    return [*lines, _target("33 seats in 33 processes hold a round", row, held)]


_Row = tuple[str, str, bool | None]
"""What is wanted, what was measured, and whether it holds; None where it was not run."""


def _target(what: str, row: _Row, found: dict[str, Any] | None) -> str:
    wanted, measured, holds = row
    loads = [(found or {}).get(name) for name in ("load_before", "load_after", "load")]
    shown = " to ".join(f"{load:.1f}" for load in loads if load is not None) or "–"
    said = {True: "yes", False: "**no**", None: "–"}[holds]
    return f"| {what} | {wanted} | {measured} | {said} | {shown} |"


def _most(limit: float, value: float, unit: str, digits: int = 0, more: str = "") -> _Row:
    return f"≤ {limit:,} {unit}", f"{value:,.{digits}f} {unit}{more}", value <= limit


def _log_targets(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, _Row]:
    speed, answer, check = found["append_batch_100_per_s"], found["append_publish_prove_one"], found["fsck_sampled"]
    per_cpu = f"; {found['append_per_cpu_s']:,} a CPU second" if "append_per_cpu_s" in found else ""
    bare = f"; bare driver, from an empty table: {found['bare_driver_per_s']:,}"
    proof = found["proof"]
    rows: dict[str, _Row] = {
        "leaves a second in batches of 100, at the end": (
            f"≥ {wanted['append_batch_100_per_s']:,}",
            f"{speed:,}{per_cpu}{bare}",
            speed >= wanted["append_batch_100_per_s"],
        ),
        "append answered with a published proof, median": _most(wanted["answer_p50_ms"], answer["p50_ms"], "ms", 1),
        "the same, p99": _most(wanted["answer_p99_ms"], answer["p99_ms"], "ms", 1),
        "proof, p95": _most(wanted["proof_p95_ms"], proof["p95_ms"], "ms", 2, f"; median {proof['p50_ms']:.2f}"),
        f"fsck with {check['signatures']:,} signatures": _most(
            wanted["fsck_s"], check["wall_s"], "s", 1, f"; {check['cpu_s']} s CPU, {check['peak_mib']} MiB"
        ),
    }
    if "fsck_full" in found:
        whole = found["fsck_full"]
        rows["fsck with all signatures"] = ("", f"{whole['wall_s']} s; {whole['cpu_s']} s CPU", None)
    rows["log entry"] = _most(wanted["entry_bytes"], found["entry_bytes"], "bytes")
    return rows


def _start(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, _Row]:
    def row(each: dict[str, float]) -> _Row:
        more = f"; median {1000 * each['wall_s_p50']:.0f}, CPU {1000 * each['cpu_s_p50']:.0f}"
        return _most(wanted["start_ms"], 1000 * each["wall_s_p95"], "ms", 0, more)

    named = ("--version", "smallest bundle")
    return {f"start of the verifier: {name}, p95": row(found[name]) for name in named}


def _certificate(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, _Row]:
    more = f"; median {found['ms_p50']:.1f}, CPU {found['cpu_ms_p50']:.1f}"
    return {
        "a certificate of 33 signatures, p95": _most(wanted["certificate_ms"], found["ms_p95"], "ms", 1, more),
        "its size": _most(wanted["certificate_bytes"], found["bytes"], "bytes"),
    }


def _round(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, _Row]:
    def row(each: dict[str, float]) -> _Row:
        more = f"; median {each['wall_s_p50']:.1f}, CPU {each['cpu_s_p50']:.1f}, {each['peak_mb_p95']:.0f} MB"
        return _most(wanted["round_s"], each["wall_s_p95"], "s", 1, more)

    what = f"{found['controls']} controls, {found['seats']} seats, {found['statements']:,} statements, 1 GB"
    named = {"all entries": "with all entries of the log", "proofs": "with a proof for each signature"}
    rows = {f"{what}, {said}, p95 of {found[name]['runs']}": row(found[name]) for name, said in named.items()}
    return rows | {"largest log entry of it": _most(wanted["entry_bytes"], found["largest_entry_bytes"], "bytes")}


def _large(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, _Row]:
    more = f"; {found['wall_s_p50']:.0f} s, CPU {found['cpu_s_p50']:.0f}"
    size = f"{found['bundle_bytes'] / 1e9:.1f} GB"
    return {f"memory of the verifier, {size}": _most(wanted["large_peak_mb"], found["peak_mb_p95"], "MB", 0, more)}


def _oscal(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, _Row]:
    size = max(found["ja"], found["en"])
    return {"OSCAL results, 100 controls and 33 seats": _most(wanted["oscal_bytes"], size, "bytes")}


_VERIFIER: dict[str, Callable[[dict[str, Any], dict[str, Any]], dict[str, _Row]]] = {
    "start": _start,
    "certificate": _certificate,
    "round": _round,
    "large": _large,
    "oscal": _oscal,
}
"""What each part of the verifier's figures says."""


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
