"""`shinrai audit release`: pass counts on with noise and a budget, and read what was passed on.

Exit codes: 0 done, 3 usage error, no budget left, or noise that would drown the counts.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, json_option
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evaluate.audit.privacy.noisy import NoisyCounts, NoisyGroups, NoisyRate

HELP = {
    "release": message("Pass counts on without telling about any one person: exact noise, and a budget for it."),
    "budget": message("Begin a ledger: how much may be told about certain people in all, over every release."),
    "counts": message(
        "Release the counts of a table with noise (differential privacy).\n\n"
        "One table of counts is drawn and written as CSV with a note on its noise; every rate that is computed from it "
        "costs nothing more. The ε is spent before the noise is drawn, and refused when the budget does not reach."
    ),
    "ledger": message("Show what has been released from a ledger, and what is left; checks that it was not altered."),
    "show": message("Rates of groups from released counts, with intervals that include the noise."),
    "people": message("Whom the budget is for, in words. Everything about the same people goes to the same ledger."),
    "epsilon-budget": message("The ε of all releases together, such as 1."),
    "epsilon": message("The ε of this release, such as 0.5."),
    "ledger-file": message("The ledger of these people's budget."),
    "label": message("Column of what really happened or was right. Without it only selections are released."),
    "prediction": message("Column of what was decided."),
    "favourable": message("The value of label and prediction that means the favourable outcome."),
    "levels": message(
        "A group column and its levels as COLUMN=A,B,C; may be repeated. Rows with others are left out of the cells."
    ),
    "group": message("A group column whose levels are read from the data, which tells of them without protection."),
    "rows-about": message("How many rows there are roughly, as is publicly known; says beforehand if ε is enough."),
    "person": message("Column that tells people apart, to count at most --rows-per-person rows of each."),
    "rows-per-person": message("The most rows that one person has in the counts."),
    "anyway": message("Release counts even if noise makes them next to useless."),
    "out": message("CSV file to write; a note on the noise is written beside it."),
    "force": message("Replace an existing file."),
}
_FILE = click.Path(path_type=Path, dir_okay=False)
_MOST_LEVELS = 200


def release_group(language: Language) -> click.Group:
    """Return `audit release` with its commands."""
    made = group("release", language, HELP["release"])
    for build in (_budget, _counts, _ledger, _show):
        made.add_command(build(language))
    return made


def _budget(language: Language) -> click.Command:
    def carry_out(file: Path, epsilon: str, people: str) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.audit.privacy.ledger import open_ledger
        from shinrai.evidence.trust import utc_now

        made = open_ledger(file, people, _epsilon(epsilon), utc_now())
        tables.line(
            message("A ledger for “{people}”: ε {budget} in all.", people=made.people, budget=_decimal(made.budget)),
            language,
        )
        return 0

    params = [
        click.Argument(["file"], type=_FILE),
        click.Option(["--epsilon"], required=True, metavar="NUMBER", help=HELP["epsilon-budget"].text(language)),
        _option(language, "people", required=True, metavar="TEXT"),
    ]
    example = "shinrai audit release budget ledger.jsonl --epsilon 2 --people 'applicants of 2026'"
    return command("budget", language, carry_out, params, HELP["budget"], example)


def _counts(language: Language) -> click.Command:
    def carry_out(file: Path, epsilon: str, ledger: Path, out: Path, force: bool, **given: Any) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.audit.privacy.ledger import read_ledger
        from shinrai.evaluate.audit.privacy.release import Question, caution, release
        from shinrai.evidence.trust import utc_now

        if out.exists() and not force:
            raise ShinraiError(
                message("{file} is there already.", file=str(out)), fix=message("Add --force to replace it.")
            )
        declared = dict(_levels(each) for each in given["levels"])
        read = {name: _read_levels(file, name, given) for name in given["group"] if name not in declared}
        question = Question(
            file,
            {**declared, **read},
            given["prediction"],
            given["label"],
            given["favourable"],
            given["person"],
            given["rows_per_person"],
        )
        for said in caution(question, bool(read)):
            tables.line(said, language, style="yellow")
        done = release(
            question,
            _epsilon(epsilon),
            ledger,
            out,
            utc_now(),
            rows_about=given["rows_about"],
            levels_from_data=bool(read),
            anyway=given["anyway"],
        )
        _tell(done.utility.worst, language)
        left = read_ledger(ledger).left
        tables.line(
            message(
                "Written: {path} and the note {note}. Spent: ε {spent}; left: ε {left}.",
                path=str(done.counts),
                note=done.note.name,
                spent=_decimal(done.release.epsilon),
                left=_decimal(left),
            ),
            language,
        )
        return 0

    params = [
        click.Argument(["file"], type=_FILE),
        _option(language, "prediction", required=True, metavar="COLUMN"),
        _option(language, "label", metavar="COLUMN"),
        _option(language, "favourable", required=True, metavar="VALUE"),
        _option(language, "levels", multiple=True, metavar="COLUMN=A,B"),
        _option(language, "group", multiple=True, metavar="COLUMN"),
        _option(language, "epsilon", required=True, metavar="NUMBER"),
        click.Option(["--ledger"], type=_FILE, required=True, help=HELP["ledger-file"].text(language)),
        _option(language, "rows-about", type=click.IntRange(1), required=True),
        _option(language, "person", metavar="COLUMN"),
        _option(language, "rows-per-person", type=click.IntRange(1, 1_000), default=1, show_default=True),
        _option(language, "anyway", is_flag=True),
        _option(language, "out", type=_FILE, required=True),
        _option(language, "force", is_flag=True),
    ]
    return command("counts", language, carry_out, params, HELP["counts"])


def _ledger(language: Language) -> click.Command:
    def carry_out(file: Path, as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.audit.privacy.ledger import read_ledger

        found = read_ledger(file)
        if as_json:
            tables.as_json(
                {
                    "people": found.people,
                    "budget": str(found.budget),
                    "spent": str(found.spent),
                    "left": str(found.left),
                    "head": found.head,
                    "releases": [
                        {
                            "entry": each.entry,
                            "time": each.time,
                            "epsilon": str(each.epsilon),
                            "written": each.written,
                            "about": dict(each.about),
                        }
                        for each in found.releases
                    ],
                }
            )
            return 0
        tables.line(
            message(
                "“{people}”: ε {spent} of {budget} spent, {left} left. Last line: {head}…",
                people=found.people,
                spent=_decimal(found.spent),
                budget=_decimal(found.budget),
                left=_decimal(found.left),
                head=found.head[:16],
            ),
            language,
        )
        rows = [
            (
                each.time,
                _decimal(each.epsilon),
                ", ".join(map(str, each.about.get("columns", ()))),
                f"{each.written[:16]}…" if each.written else message("broken off; the ε is spent all the same"),
            )
            for each in found.releases
        ]
        tables.table((message("Time"), "ε", message("Columns"), message("Written")), rows, language)
        return 0

    params = [click.Argument(["file"], type=_FILE), json_option(language)]
    return command("ledger", language, carry_out, params, HELP["ledger"])


def _show(language: Language) -> click.Command:
    def carry_out(file: Path, as_json: bool) -> int:
        from shinrai.evaluate.audit.privacy.noisy import read_noisy

        found = read_noisy(file) if file.is_file() else None
        if found is None:
            raise ShinraiError(
                message("{file} has no note on noise beside it.", file=str(file)),
                fix=message("For counts without noise: shinrai audit table --counts"),
            )
        show_noisy(found, as_json=as_json, language=language)
        return 0

    params = [click.Argument(["file"], type=_FILE), json_option(language)]
    return command("show", language, carry_out, params, HELP["show"])


def show_noisy(found: "NoisyCounts", *, as_json: bool, language: Language) -> None:
    """Print rates from released counts; also what `audit table --counts` prints where a note stands beside them."""
    from shinrai.cli import tables
    from shinrai.evaluate.audit.privacy.machine import noisy_data
    from shinrai.evaluate.audit.privacy.noisy import rates_of

    if as_json:
        tables.as_json(noisy_data(found))
        return
    for said in noise_notes(found):
        tables.line(said, language)
    for name in found.groups:
        _groups(rates_of(found, name), language)


def noise_notes(found: "NoisyCounts") -> Sequence[Message]:
    """Say what the noise is, and what it rests on."""
    stated = message("stated by the data keeper")
    return (
        message(
            "Counts with discrete Laplace noise of scale {scale} on each of {cells} cells (ε {epsilon}, at most {rows} "
            "rows of a person, {how}). All intervals include the noise.",
            scale=_decimal(found.scale),
            cells=len(found.cells),
            epsilon=_decimal(found.epsilon),
            rows=found.rows_per_person,
            how=message("seen to when counting") if found.enforced else stated,
        ),
        message("Rows in no cell, with noise: {count}.", count=f"{found.left_out:,}"),
        message("No verdicts are given on counts with noise."),
    )


def _groups(groups: "NoisyGroups", language: Language) -> None:
    from shinrai.cli import tables
    from shinrai.evaluate.audit.mitigation.words import rate_title

    tables.line("", language)
    tables.line(message("Groups of “{columns}”", columns=groups.column), language, style="bold")
    names = list(groups.rates)
    rows: list[list[tables.Cell]] = [
        [level, f"{count:,}", *(_rate(groups.rates[name][level]) for name in names)]
        for level, count in groups.rows.items()
    ]
    gap: list[tables.Cell] = [message("Difference"), "", *(_difference(groups.difference[name]) for name in names)]
    tables.table([message("Group"), message("Rows"), *(rate_title(name) for name in names)], [*rows, gap], language)


def _rate(rate: "NoisyRate") -> "Message | str":
    if rate.value is None or rate.interval is None:
        return message("undefined: the noise leaves nothing to say")
    return f"{100 * rate.value:.1f}% [{100 * rate.interval.low:.1f}–{100 * rate.interval.high:.1f}%]"


def _difference(rate: "NoisyRate | None") -> "Message | str":
    if rate is None or rate.value is None or rate.interval is None:
        return message("undefined: fewer than two groups")
    return f"{100 * rate.value:.1f} [{100 * rate.interval.low:.1f}–{100 * rate.interval.high:.1f}]"


def _tell(error: float, language: Language) -> None:
    from shinrai.cli import tables
    from shinrai.evaluate.audit.privacy.release import WARNED_ERROR

    said = message(
        "Noise alone moves a rate by up to {error} (95 %) where the groups of a column are of equal size; of smaller "
        "ones by more.",
        error=f"{error:.1%}",
    )
    tables.line(said, language, style="yellow" if error > WARNED_ERROR else "")


def _levels(text: str) -> tuple[str, tuple[str, ...]]:
    name, _, listed = text.partition("=")
    levels = tuple(each.strip() for each in listed.split(","))
    if not name or not all(levels):
        raise ShinraiError(
            message("“{text}” names no column with its levels.", text=text[:60]),
            fix=message("Write it like sex=female,male; list every level that may be released."),
        )
    return name, levels


def _read_levels(file: Path, name: str, given: dict[str, Any]) -> tuple[str, ...]:
    from shinrai.evaluate.audit import Roles, Wanted, read_cells

    roles = Roles(given["prediction"], favourable=given["favourable"], groups=(name,))
    cells = read_cells(file, roles, wanted=Wanted(bins=0)).cells[(name,)]
    return tuple(dict.fromkeys(level for cell in cells for level in cell.levels if level is not None))[:_MOST_LEVELS]


def _epsilon(text: str) -> Fraction:
    try:
        found = Fraction(text) if len(text) <= 20 and "e" not in text.lower() else Fraction(0)
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    if not 0 < found <= 100:
        raise ShinraiError(
            message("“{text}” is no ε.", text=text[:20]), fix=message("Give a number above 0, such as 0.5.")
        )
    return found


def _decimal(value: Fraction) -> str:
    return f"{float(value):.6g}"


def _option(language: Language, name: str, **more: Any) -> click.Option:
    return click.Option([f"--{name}"], help=HELP[name].text(language), **more)
