"""Suites and results of other tools on the command line: `suites import`, `suites export`, `results import`.

Exit codes: 0 done, 3 usage error or a file that cannot be read.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli import building
from shinrai.cli.building import force_option, json_option
from shinrai.language import Bilingual, Language, Message, Place, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evaluate.interchange.aisev_folder import AisevFolder
    from shinrai.evaluate.interchange.aisev_suite import LeftOut
    from shinrai.evaluate.interchange.imported import ImportedRun
    from shinrai.evaluate.measurement import Measurement, Rule

HELP = {
    "import": message(
        "Turn files of aisev into suites and goal trees: rows (.csv) and goals in GSN (.yaml), unmodified.\n\n"
        "How scores will differ from aisev's is shown with every import."
    ),
    "export": message(
        "Write suites as files of aisev: a folder that `shinrai suites import` wrote, or one suite.\n\n"
        "What was not changed since the import comes out byte by byte as it went in."
    ),
    "import-results": message(
        "Read the results of another tool (Inspect, promptfoo, garak, Moonshot) and show what they give.\n\n"
        "Numbers are recomputed from the samples in the file; what cannot be is shown as the tool's claim."
    ),
    "from": message("Whose files they are."),
    "to": message("For which tool they are written."),
    "out-folder": message("The folder to write to (default: aisev)."),
    "out-file": message("The file to write; for a folder with several files, a folder."),
    "out-json": message("Write what was read as JSON, with every sample."),
    "split": message("Make a suite of each perspective, or of each goal of its tree."),
    "normalise": message("Accept weights that do not add up: each is divided by their sum, and that is noted."),
    "at-least": message("The limit, from 0 to 1: the whole interval has to lie above it."),
    "at-most": message("The limit: the whole interval has to lie below it."),
    "shows": message("What a perspective's suites can show, as NUMBER=LEAF; may be given several times."),
    "licence": message("The licence of the files."),
    "tool": message("Whose file it is (default: looked up in the file)."),
    "hitlog": message("garak's list of hits (default: the one beside the report)."),
    "metric": message("Only this metric; may be given several times."),
    "target": message("The target's id in the system description (default: imported)."),
}
"""Help texts; a message each, so that they stand in the catalogue."""

EXAMPLES = {
    "import": "shinrai suites import rows.csv goals.yaml --from aisev --out aisev",
    "export": "shinrai suites export aisev --to aisev --out written",
    "import-results": "shinrai import-results log.eval",
}


def suites_import_command(language: Language) -> click.Command:
    """Return `import`, for the group `suites`."""

    def run(
        files: Sequence[Path],
        out: Path,
        split: str,
        normalise: bool,
        at_least: float | None,
        shows: Sequence[str],
        licence: str,
        force: bool,
        as_json: bool,
    ) -> None:
        from shinrai.evaluate.interchange.aisev_folder import read_aisev, write_folder
        from shinrai.evaluate.interchange.aisev_suite import ImportSettings, Split

        settings = ImportSettings(Split(split), _shows(shows), _rule(at_least, None), licence)
        read = read_aisev(files, settings, normalise=normalise)
        written = write_folder(read, out, force=force)
        if as_json:
            click.echo(json.dumps(_as_json(read, written), ensure_ascii=False, indent=2))
        else:
            _show_import(read, written, language)

    return building.command(
        "import",
        language,
        run,
        [
            click.Argument(["files"], nargs=-1, required=True, type=_file()),
            _option(language, ["--from"], "from", type=click.Choice(["aisev"]), required=True, expose_value=False),
            _option(language, ["--out"], "out-folder", type=click.Path(path_type=Path), default=Path("aisev")),
            _option(language, ["--split"], "split", type=click.Choice(["perspective", "leaf"]), default="perspective"),
            _option(language, ["--normalise"], "normalise", is_flag=True),
            _option(language, ["--at-least"], "at-least", type=click.FloatRange(0, 1)),
            _option(language, ["--shows"], "shows", multiple=True, metavar="NUMBER=LEAF"),
            _option(language, ["--licence"], "licence", default="not stated"),
            force_option(language),
            json_option(language),
        ],
        HELP["import"],
        EXAMPLES["import"],
    )


def suites_export_command(language: Language) -> click.Command:
    """Return `export`, for the group `suites`."""

    def run(path: Path, out: Path, force: bool) -> None:
        written, left = _exported(path)
        _write(written, out, path.is_dir(), force)
        _show_left(left, language)
        click.echo(message("Written: {files}.", files=", ".join(written)).text(language))

    return building.command(
        "export",
        language,
        run,
        [
            click.Argument(["path"], type=click.Path(exists=True, path_type=Path)),
            _option(language, ["--to"], "to", type=click.Choice(["aisev"]), required=True, expose_value=False),
            _option(language, ["--out"], "out-file", type=click.Path(path_type=Path), required=True),
            force_option(language),
        ],
        HELP["export"],
        EXAMPLES["export"],
    )


def import_results_command(language: Language) -> click.Command:
    """Return `import-results`."""

    def run(
        file: Path,
        tool: str | None,
        hitlog: Path | None,
        metric: Sequence[str],
        target: str,
        at_least: float | None,
        at_most: float | None,
        out: Path | None,
        force: bool,
        as_json: bool,
    ) -> None:
        from shinrai.evaluate.interchange.imported import Tool, measure
        from shinrai.evaluate.interchange.results import read_results, run_to_json

        found = read_results(file, None if tool is None else Tool(tool), hitlog)
        rule = _rule(at_least, at_most)
        chosen = [each for each in found.metrics if not metric or each.name in metric]
        if metric and not chosen:
            known = ", ".join(each.name for each in found.metrics) or "-"
            raise ShinraiError(
                message("The file has no such metric."),
                fix=message("It has: {known}.", known=known),
                place=Place(file.name),
            )
        measured = [measure(found, each, target, rule) for each in chosen]
        if out is not None:
            _write({out.name: json.dumps(run_to_json(found), ensure_ascii=False).encode()}, out, False, force)
        if as_json:
            from shinrai.evaluate.measurement_json import to_json

            click.echo(json.dumps([to_json(each) for each in measured], ensure_ascii=False, indent=2))
        else:
            _show_run(found, measured, language)

    return building.command(
        "import-results",
        language,
        run,
        [
            click.Argument(["file"], type=_file()),
            _option(language, ["--tool"], "tool", type=click.Choice(["inspect", "promptfoo", "garak", "moonshot"])),
            _option(language, ["--hitlog"], "hitlog", type=_file()),
            _option(language, ["--metric"], "metric", multiple=True),
            _option(language, ["--target"], "target", default="imported"),
            _option(language, ["--at-least"], "at-least", type=float),
            _option(language, ["--at-most"], "at-most", type=float),
            _option(language, ["--out"], "out-json", type=click.Path(path_type=Path)),
            force_option(language),
            json_option(language),
        ],
        HELP["import-results"],
        EXAMPLES["import-results"],
    )


def _option(language: Language, names: list[str], help_key: str, **given: Any) -> click.Option:
    return click.Option(names, help=HELP[help_key].text(language), **given)


def _file() -> click.Path:
    return click.Path(exists=True, dir_okay=False, path_type=Path)


def _rule(at_least: float | None, at_most: float | None) -> "Rule | None":
    from shinrai.evaluate.measurement import Comparison, Rule

    if at_least is not None and at_most is not None:
        raise click.UsageError("--at-least / --at-most")
    if at_least is not None:
        return Rule(Comparison.AT_LEAST, at_least)
    return None if at_most is None else Rule(Comparison.AT_MOST, at_most)


def _shows(given: Sequence[str]) -> dict[int, tuple[str, ...]]:
    shows: dict[int, tuple[str, ...]] = {}
    for each in given:
        number, _, leaf = each.partition("=")
        if not number.isdigit() or not 1 <= int(number) <= 10 or not leaf:
            raise ShinraiError(
                message("“{value}” is not a perspective with a leaf.", value=each[:60]),
                fix=message("Write the number of the perspective and the leaf, as in 5=AISI-P5-1.personal-data-runs."),
            )
        shows[int(number)] = (*shows.get(int(number), ()), leaf)
    return shows


def _exported(path: Path) -> "tuple[dict[str, bytes], Sequence[LeftOut]]":
    from shinrai.evaluate.interchange.aisev_csv import new_aisev_csv
    from shinrai.evaluate.interchange.aisev_folder import export_folder
    from shinrai.evaluate.interchange.aisev_out import columns_of, suite_rows
    from shinrai.evaluate.suites import read_suite

    if path.is_dir():
        written, left = export_folder(path)
        return dict(written), left
    suite = read_suite(path.read_bytes(), path.name)
    rows, left = suite_rows(suite)
    name = f"{suite.id}.csv"
    return {name: new_aisev_csv(rows, columns_of(rows), name)}, left


def _write(files: dict[str, bytes], out: Path, folder: bool, force: bool) -> None:
    paths = {out / name if folder else out: data for name, data in files.items()}
    for path in paths:
        if path.exists() and not force:
            raise ShinraiError(
                message("The file is already there."), fix=message("Replace it with --force."), place=Place(str(path))
            )
    try:
        for path, data in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise ShinraiError(message("The file cannot be written."), place=Place(str(out))) from error


def _as_json(read: "AisevFolder", written: Sequence[Path]) -> dict[str, Any]:
    from shinrai.evaluate.interchange.aisev_differences import DIFFERENCES

    return {
        "written": [str(path) for path in written],
        "files": [
            {
                "file": each.file.name,
                "sha256": each.file.sha256,
                "rows": len(each.file.rows),
                "suites": {suite.id: len(suite.probes) for suite in each.suites},
                "left_out": [{"line": row.line, "id": row.name, "reason": _text(row.reason)} for row in each.left_out],
            }
            for each in read.imports
        ],
        "trees": [
            {
                "file": file.name,
                "sha256": file.sha256,
                "goals": file.goals,
                "leaves": file.leaves,
                "notes": [_text(note.both()) for note in (*file.notes, *tree.notes)],
            }
            for file, tree in zip(read.gsn, read.trees, strict=True)
        ],
        "unknown_goals": {goal: list(lines) for goal, lines in read.unknown.items()},
        "differences": [
            {
                "id": each.id,
                "part": each.part.value,
                "aisev": _text(each.theirs.both()),
                "shinrai": _text(each.ours.both()),
            }
            for each in DIFFERENCES
        ],
    }


def _text(text: Bilingual) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}


def _show_import(read: "AisevFolder", written: Sequence[Path], language: Language) -> None:
    from shinrai.evaluate.interchange.aisev_differences import DIFFERENCES

    def say(line: Message, indent: str = "") -> None:
        click.echo(indent + line.text(language))

    for each in read.imports:
        name, used, rows = each.file.name, len(each.rows), len(each.file.rows)
        say(message("{file}: {used} of {rows} rows.", file=name, used=used, rows=rows))
        for suite in each.suites:
            say(message("{suite}: {n} probes.", suite=suite.id, n=len(suite.probes)), "  ")
        _show_left(each.left_out, language)
    for file, tree in zip(read.gsn, read.trees, strict=True):
        say(message("{file}: {goals} goals, {leaves} leaves.", file=file.name, goals=file.goals, leaves=file.leaves))
        for note in (*file.notes, *tree.notes):
            say(note, "  ")
    for goal, lines in read.unknown.items():
        places = ", ".join(map(str, lines))
        say(message("No tree has the goal {goal} (rows in lines {lines}).", goal=goal, lines=places))
    say(message("Scores will differ from aisev's in this:"))
    for difference in DIFFERENCES:
        say(message("aisev: {text}", text=difference.theirs), "  ")
        say(message("Shinrai: {text}", text=difference.ours), "    ")
    say(message("Written: {files}.", files=", ".join(str(path) for path in written)))


def _show_left(left: "Sequence[LeftOut]", language: Language) -> None:
    for row in left:
        if row.line:
            line = message("Left out, line {line}: {reason}", line=row.line, reason=row.reason)
        else:
            line = message("Left out, {name}: {reason}", name=row.name, reason=row.reason)
        click.echo("  " + line.text(language))


def _show_run(run: "ImportedRun", measured: "Sequence[Measurement]", language: Language) -> None:
    from shinrai.evaluate.interchange.imported import TOOL_NAMES

    say: Callable[[str], None] = click.echo
    say(f"{TOOL_NAMES[run.tool]} {run.tool_version or ''}".rstrip() + f" · {', '.join(run.models) or '-'}")
    say(f"{run.file} · sha256:{run.sha256}")
    for each in measured:
        say("")
        say(each.title.text(language))
        if each.value is not None and each.low is not None and each.high is not None:
            share = message(
                "{value} ({level} % interval {low} to {high}), n = {n}, {used} of {asked} samples usable",
                value=f"{each.value:.3f}",
                level=f"{100 * each.level:g}",
                low=f"{each.low:.3f}",
                high=f"{each.high:.3f}",
                n=each.n,
                used=each.coverage.used,
                asked=each.coverage.asked,
            )
            say("  " + share.text(language))
        say(f"  {each.outcome.value}" + (f": {each.reason.text(language)}" if each.reason else ""))
        for finding in each.findings:
            say("  " + finding.text(language))
