"""`shinrai audit mitigate`: what can be done about a gap, what it costs each group, and a file for a person to sign.

Exit codes: 0 done, 1 (check) the operating point no longer fits, 3 usage error or a table that cannot be used.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, json_option
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evaluate.audit.mitigation.operating_point import Model
    from shinrai.evaluate.audit.mitigation.parts import Split
    from shinrai.evaluate.audit.mitigation.thresholds import Gains

HELP = {
    "mitigate": message("Lessen a gap between groups, and see what it costs each of them on rows held back."),
    "thresholds": message(
        "Choose cuts of a score for each group that make a rate equal, and show before and after on rows held back.\n\n"
        "FILE has a label, a score and the decisions as they are (--prediction, or --threshold). With --out the rules "
        "are written as an operating point, for a person to sign; nothing is in force by being written."
    ),
    "decide": message("Decide rows by an operating point: writes key and decision alone, as CSV."),
    "check": message(
        "Say whether data and model are still those that an operating point was fitted to. Exit code 1 if not."
    ),
    "weights": message(
        "Weigh training rows so that group and label are independent (reweighing). FILE may be a table of counts."
    ),
    "repair": message("Move a column of numbers so that groups become alike in it, wholly or in part."),
    "train": message("Train a logistic regression with and without a constraint, by fairlearn; needs the extra peers."),
    "label": message("Column of what really happened or was right."),
    "prediction": message("Column of what was decided so far."),
    "score": message("Column of the probability of the favourable outcome, from 0 to 1."),
    "threshold": message("Without --prediction: so far, rows with a score of at least this are selected."),
    "group": message("Column of the groups; several are crossed."),
    "favourable": message("The value of label and prediction that means the favourable outcome."),
    "counts": message("Column of counts: each row of the file is a cell, and this says how many rows it stands for."),
    "equal": message("The rate to make equal."),
    "deterministic": message("One threshold for each group and no chance; rates are then only nearly equal."),
    "rate": message("Bring all groups to this rate instead of the one that is worth the most, such as 0.6."),
    "gain": message("What a row is worth, such as fp=-5; tp and tn are 1, fp and fn are 0 unless given."),
    "held-back": message("Share of the rows to hold back, such as 1/2."),
    "seed": message("Seed that parts the rows, and of the coin where chance decides."),
    "key": message("Column that tells people apart; their rows stay in one part."),
    "row-key": message("Column whose values tell the rows apart."),
    "model": message("Name and version of what gives the scores; another one makes the operating point lapse."),
    "model-file": message("File of the model; its digest goes into the operating point."),
    "point-out": message("Write the operating point to this YAML file."),
    "shows": message("In the lines to sign: the piece of evidence that the signature stands for."),
    "out": message("File to write."),
    "amount": message("How far to repair, from 0 (not at all) to 1 (wholly)."),
    "column": message("Column of numbers to repair."),
    "feature": message("Column to train on; may be repeated."),
    "force": message("Replace an existing file."),
}
_EQUAL = ["selection_rate", "tpr", "fpr", "equalized_odds"]
_FILE = click.Path(path_type=Path, dir_okay=False)
_LAPSED = 1


def mitigate_group(language: Language) -> click.Group:
    """Return `audit mitigate` with its commands."""
    made = group("mitigate", language, HELP["mitigate"])
    for build in (_thresholds, _decide, _check, _weights, _repair, _train):
        made.add_command(build(language))
    return made


def _thresholds(language: Language) -> click.Command:
    def carry_out(
        file: Path, equal: str, as_json: bool, out: Path | None, force: bool, shows: str, **given: Any
    ) -> int:
        from shinrai.cli import tables
        from shinrai.cli.audit_mitigate_showing import show_chosen, show_signing
        from shinrai.evaluate.audit.mitigation.choosing import Wanted, choose
        from shinrai.evaluate.audit.mitigation.machine import chosen_data
        from shinrai.evaluate.audit.mitigation.operating_point import write_operating_point
        from shinrai.evaluate.audit.mitigation.thresholds import Equal
        from shinrai.evaluate.targets.table import TableTarget

        _keep(out, force=force)
        groups = tuple(dict.fromkeys(given["group"]))
        target = TableTarget(
            "table",
            file,
            given["label"],
            given["favourable"],
            given["prediction"],
            given["score"],
            given["threshold"],
            groups if len(groups) == 1 else (),
            (groups,) if len(groups) > 1 else (),
        )
        rate = None if given["rate"] is None else _share(given["rate"], "--rate")
        wanted = Wanted(Equal(equal), _gains(given["gain"]), given["deterministic"], rate)
        if rate is not None and wanted.equal is Equal.EQUALIZED_ODDS:
            raise ShinraiError(
                message("Equalised odds bring two rates together, so that there is no single --rate for them."),
                fix=message("Leave --rate out, or make one rate equal."),
            )
        chosen = choose(target, _split(given, given["key"]), wanted)
        content = write_operating_point(chosen, _model(given))
        if out is not None:
            _put(out, content)
        if as_json:
            tables.as_json(chosen_data(chosen, content))
            return 0
        show_chosen(chosen, language)
        if out is not None:
            show_signing(out, content, shows, language)
        return 0

    params = [
        *_table_options(language, score_required=True),
        _option(language, "equal", type=click.Choice(_EQUAL), default="selection_rate", show_default=True),
        _option(language, "deterministic", is_flag=True),
        _option(language, "rate", metavar="SHARE"),
        _option(language, "gain", metavar="NAME=VALUE", multiple=True),
        *_split_options(language),
        _option(language, "key", metavar="COLUMN"),
        _option(language, "model", metavar="TEXT"),
        _option(language, "model-file", type=_FILE),
        click.Option(["--out"], type=_FILE, help=HELP["point-out"].text(language)),
        _option(language, "shows", default="JP-AIGB-3.2.human-judgement", show_default=True, metavar="LEAF"),
        _option(language, "force", is_flag=True),
        json_option(language),
    ]
    example = (
        "shinrai audit mitigate thresholds decisions.parquet --label approved --prediction predicted "
        "--score probability --favourable 1 --group sex --equal tpr --deterministic "
        "--model 'screening 2026.1' --out operating-point.yaml"
    )
    return command("thresholds", language, carry_out, params, HELP["thresholds"], example)


def _decide(language: Language) -> click.Command:
    def carry_out(point: Path, file: Path, key: str, out: Path, force: bool) -> int:
        from shinrai.cli import tables
        from shinrai.cli.audit_mitigate_showing import write_decisions
        from shinrai.evaluate.audit.mitigation.operating_point import read_operating_point

        _keep(out, force=force)
        counted = write_decisions(read_operating_point(point), file, key, out)
        tables.line(
            message(
                "{rows} rows: {selected} selected, {undecided} without a score. The coin decided {chance} of them.",
                **counted,
            ),
            language,
        )
        return 0

    params = [
        click.Argument(["point"], type=_FILE),
        click.Argument(["file"], type=_FILE),
        click.Option(["--key"], required=True, metavar="COLUMN", help=HELP["row-key"].text(language)),
        _option(language, "out", type=_FILE, required=True),
        _option(language, "force", is_flag=True),
    ]
    return command("decide", language, carry_out, params, HELP["decide"])


def _check(language: Language) -> click.Command:
    def carry_out(point: Path, file: Path, **given: Any) -> int:
        from shinrai.cli.audit_mitigate_showing import show_lapsed
        from shinrai.evaluate.audit.mitigation.operating_point import lapsed, read_operating_point

        found = read_operating_point(point)
        if not file.is_file():
            raise ShinraiError(message("There is no file {path}.", path=str(file)))
        changed = lapsed(found, file, _model(given))
        show_lapsed(found, changed, language)
        return _LAPSED if changed else 0

    params = [
        click.Argument(["point"], type=_FILE),
        click.Argument(["file"], type=_FILE),
        _option(language, "model", metavar="TEXT"),
        _option(language, "model-file", type=_FILE),
    ]
    return command("check", language, carry_out, params, HELP["check"])


def _weights(language: Language) -> click.Command:
    def carry_out(
        file: Path, label: str, group: tuple[str, ...], favourable: str, counts: str | None, out: Path, force: bool
    ) -> int:
        from shinrai.cli.audit_mitigate_showing import show_weights, weights_csv
        from shinrai.evaluate.audit import Roles, Wanted, read_cells
        from shinrai.evaluate.audit.mitigation.reweighing import reweigh

        _keep(out, force=force)
        subject = tuple(dict.fromkeys(group))
        # Weights need no decision, and an intake one column of outcomes.
        roles = Roles(
            label,
            favourable=favourable,
            groups=subject if len(subject) == 1 else (),
            intersections=(subject,) if len(subject) > 1 else (),
            counts=counts,
        )
        found = reweigh(read_cells(file, roles, wanted=Wanted(bins=0)), subject)
        _put(out, weights_csv(found, subject, label).encode("utf-8"))
        show_weights(found, language)
        return 0

    params = [
        click.Argument(["file"], type=_FILE),
        _option(language, "label", required=True, metavar="COLUMN"),
        _option(language, "group", required=True, multiple=True, metavar="COLUMN"),
        _option(language, "favourable", required=True, metavar="VALUE"),
        _option(language, "counts", metavar="COLUMN"),
        _option(language, "out", type=_FILE, required=True),
        _option(language, "force", is_flag=True),
    ]
    return command("weights", language, carry_out, params, HELP["weights"])


def _repair(language: Language) -> click.Command:
    def carry_out(
        file: Path, column: str, group: tuple[str, ...], amount: float, key: str, out: Path, force: bool, **given: Any
    ) -> int:
        from shinrai.cli.audit_mitigate_showing import repaired_csv, show_repaired
        from shinrai.evaluate.audit.mitigation.repair import repair_column
        from shinrai.evaluate.audit.mitigation.rows import read_rows

        _keep(out, force=force)
        rows = read_rows(file, tuple(dict.fromkeys(group)), (column,), _split(given, key))
        found = repair_column(rows, column, amount)
        _put(out, repaired_csv(found, rows, key, column).encode("utf-8"))
        show_repaired(found, language)
        return 0

    params = [
        click.Argument(["file"], type=_FILE),
        _option(language, "column", required=True, metavar="COLUMN"),
        _option(language, "group", required=True, multiple=True, metavar="COLUMN"),
        _option(language, "amount", type=click.FloatRange(0, 1), default=1.0, show_default=True),
        *_split_options(language),
        click.Option(["--key"], required=True, metavar="COLUMN", help=HELP["row-key"].text(language)),
        _option(language, "out", type=_FILE, required=True),
        _option(language, "force", is_flag=True),
    ]
    return command("repair", language, carry_out, params, HELP["repair"])


def _train(language: Language) -> click.Command:
    def carry_out(
        file: Path, label: str, favourable: str, group: tuple[str, ...], feature: tuple[str, ...], **given: Any
    ) -> int:
        from shinrai.cli.audit_mitigate_showing import show_trained
        from shinrai.evaluate.audit.mitigation.reductions import reduce
        from shinrai.evaluate.audit.mitigation.rows import read_rows
        from shinrai.evaluate.audit.mitigation.thresholds import Equal

        subject, equal = tuple(dict.fromkeys(group)), Equal(given["equal"])
        rows = read_rows(file, subject, tuple(dict.fromkeys((label, *feature))), _split(given, given["key"]))
        show_trained(reduce(rows, label, favourable, feature, equal), subject, equal, language)
        return 0

    params = [
        click.Argument(["file"], type=_FILE),
        _option(language, "label", required=True, metavar="COLUMN"),
        _option(language, "favourable", required=True, metavar="VALUE"),
        _option(language, "group", required=True, multiple=True, metavar="COLUMN"),
        _option(language, "feature", required=True, multiple=True, metavar="COLUMN"),
        _option(language, "equal", type=click.Choice(_EQUAL), default="selection_rate", show_default=True),
        *_split_options(language),
        click.Option(["--key"], required=True, metavar="COLUMN", help=HELP["row-key"].text(language)),
    ]
    return command("train", language, carry_out, params, HELP["train"])


def _option(language: Language, name: str, **more: Any) -> click.Option:
    return click.Option([f"--{name}"], help=HELP[name].text(language), **more)


def _table_options(language: Language, *, score_required: bool) -> list[click.Parameter]:
    return [
        click.Argument(["file"], type=_FILE),
        _option(language, "label", required=True, metavar="COLUMN"),
        _option(language, "score", required=score_required, metavar="COLUMN"),
        _option(language, "prediction", metavar="COLUMN"),
        _option(language, "threshold", type=float),
        _option(language, "group", required=True, multiple=True, metavar="COLUMN"),
        _option(language, "favourable", required=True, metavar="VALUE"),
    ]


def _split_options(language: Language) -> list[click.Parameter]:
    return [
        _option(language, "held-back", default="1/2", show_default=True, metavar="SHARE"),
        _option(language, "seed", type=click.IntRange(0), default=1, show_default=True),
    ]


def _split(given: dict[str, Any], key: str | None) -> "Split":
    from shinrai.evaluate.audit.mitigation.parts import Split

    held_back = _share(given["held_back"], "--held-back")
    if not Fraction(1, 100) <= held_back <= Fraction(99, 100):
        raise ShinraiError(
            message("Rows are needed on both sides: hold back from 0.01 to 0.99 of them."),
            fix=message("Give a share such as 1/2."),
        )
    return Split(given["seed"], held_back, key)


def _share(text: str, option: str) -> Fraction:
    try:
        found = Fraction(text) if len(text) <= 20 and "e" not in text.lower() else Fraction(-1)
    except (ValueError, ZeroDivisionError):
        found = Fraction(-1)
    if not 0 <= found <= 1:
        raise ShinraiError(
            message("“{text}” is no share for {option}.", text=text[:20], option=option),
            fix=message("Give a share from 0 to 1, such as 0.6 or 3/5."),
        )
    return found


def _gains(given: Sequence[str]) -> "Gains":
    from shinrai.evaluate.audit.mitigation.thresholds import Gains

    values: dict[str, Fraction] = {}
    try:
        for text in given:
            name, _, value = text.partition("=")
            if name not in {"tp", "fp", "fn", "tn"} or len(value) > 15 or "e" in value.lower():
                raise ValueError(text)
            values[name] = Fraction(value)
        return Gains(**values)
    except (ValueError, ZeroDivisionError):
        raise ShinraiError(
            message("These gains cannot be used: {text}.", text=", ".join(given)[:60]),
            fix=message("Write tp, fp, fn or tn with a number, such as fp=-5; right is worth at least wrong."),
        ) from None


def _model(given: dict[str, Any]) -> "Model":
    from shinrai.evaluate.audit.mitigation.operating_point import Model
    from shinrai.evaluate.audit.mitigation.parts import digest

    file: Path | None = given["model_file"]
    if file is not None and not file.is_file():
        raise ShinraiError(message("There is no file {path}.", path=str(file)))
    return Model(given["model"], digest(file) if file is not None else None)


def _keep(out: Path | None, *, force: bool) -> None:
    """Refuse to write over a file before anything is computed."""
    if out is not None and out.exists() and not force:
        raise ShinraiError(
            message("{file} is there already.", file=str(out)), fix=message("Add --force to replace it.")
        )


def _put(out: Path, content: bytes) -> None:
    from shinrai.cli.whole_files import write_whole

    write_whole(out, content)
