"""A mitigation on the terminal and as CSV: every group's gains and losses, and the lines that a person signs."""

import csv
import hashlib
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING

from shinrai.cli import tables
from shinrai.evaluate.audit.mitigation.outcome import COMPARED, GroupOutcome, Outcome, Shown
from shinrai.evaluate.audit.mitigation.thresholds import Equal, Fitted
from shinrai.evaluate.audit.mitigation.words import EQUAL, LAW, base_rates_differ, cautions, rate_title, rule_text
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evaluate.audit.mitigation.choosing import Chosen
    from shinrai.evaluate.audit.mitigation.operating_point import OperatingPoint
    from shinrai.evaluate.audit.mitigation.reductions import Reduced
    from shinrai.evaluate.audit.mitigation.repair import Distance, Repaired
    from shinrai.evaluate.audit.mitigation.reweighing import Weights
    from shinrai.evaluate.audit.mitigation.rows import Rows
    from shinrai.evaluate.statistics.gaps import Gap

_COLUMNS = ("selection_rate", "tpr", "fpr", "ppv", "accuracy")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def show_chosen(chosen: "Chosen", language: Language) -> None:
    """Print rules, outcome and cautions."""
    parted = chosen.parted
    tables.line(
        message(
            "{equal} between groups of “{columns}”: fitted on {fit} rows, shown on {held} others",
            equal=EQUAL[chosen.wanted.equal],
            columns=" × ".join(parted.subject),
            fit=f"{parted.fit.rows:,}",
            held=f"{parted.held_back.rows:,}",
        ),
        language,
        style="bold",
    )
    _rules(chosen.fitted, language)
    show_outcome(chosen.outcome, with_worth=chosen.wanted.gains.whole() != (1, 0, 0, 1), language=language)
    for said in [*cautions(chosen), base_rates_differ(chosen.outcome)]:
        if said is not None:
            tables.line(said, language, style="yellow")


def _rules(fitted: Fitted, language: Language) -> None:
    rows: list[Sequence[tables.Cell]] = [(" × ".join(levels), rule_text(rule)) for levels, rule in fitted.rules.items()]
    tables.table(
        (message("Group"), message("Selected by score")), [*rows, (message("Others"), rule_text(fitted.rest))], language
    )


def show_outcome(outcome: Outcome, *, with_worth: bool, language: Language) -> None:
    """Print before, after and change for every group and rate, the gaps, and who loses what."""
    tables.line("", language)
    names = (*_COLUMNS, "utility") if with_worth else _COLUMNS
    columns = (
        message("Group"),
        message("Rate"),
        message("Rows"),
        message("Before"),
        message("After"),
        message("Change"),
    )
    rows = [_rate_row(group, name) for group in (*outcome.groups, outcome.overall) for name in names]
    tables.table(columns, rows, language)
    tables.line("", language)
    gaps = [
        (rate_title(name), _gap(outcome.gaps[name].before), _gap(outcome.gaps[name].after), _left_out(outcome, name))
        for name in COMPARED
    ]
    tables.table(
        (message("Difference between groups"), message("Before"), message("After"), message("Too small")),
        gaps,
        language,
    )
    tables.line("", language)
    for group in outcome.groups:
        tables.line(_cost(group), language)


def _rate_row(group: GroupOutcome, name: str) -> tuple[tables.Cell, ...]:
    change = group.change.get(name)
    return (
        _name(group),
        rate_title(name),
        f"{group.before[name].n:,.0f}",
        _shown(group.before[name], name),
        _shown(group.after[name], name),
        "" if change is None else _points(change),
    )


def _name(group: GroupOutcome) -> tables.Cell:
    return " × ".join(group.levels) or message("All rows")


def _shown(shown: Shown, name: str) -> tables.Cell:
    if shown.value is None or shown.interval is None:
        return message("undefined: no such rows")
    if name == "utility":
        return f"{shown.value:.3f} [{shown.interval.low:.3f}, {shown.interval.high:.3f}]"
    return f"{100 * shown.value:.1f}% [{100 * shown.interval.low:.1f}–{100 * shown.interval.high:.1f}%]"


def _points(shown: Shown) -> tables.Cell:
    if shown.value is None or shown.interval is None:
        return message("undefined: no such rows")
    low, high = 100 * shown.interval.low, 100 * shown.interval.high
    return f"{100 * shown.value:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−")


def _gap(gap: "Gap | None") -> tables.Cell:
    if gap is None:
        return message("undefined: fewer than two groups")
    return f"{100 * gap.value:.1f} [{100 * gap.interval.low:.1f}–{100 * gap.interval.high:.1f}]"


def _left_out(outcome: Outcome, name: str) -> str:
    return ", ".join(" × ".join(levels) for levels in outcome.gaps[name].too_small) or "–"


def _cost(group: GroupOutcome) -> Message:
    return message(
        "{group}: {lost} of {rows} lose the favourable decision ({deserving} of them with a favourable label), "
        "{gained} gain it.",
        group=_name(group),
        lost=f"{group.lost:,.0f}",
        rows=f"{group.rows:,}",
        deserving=f"{group.lost_deserving:,.0f}",
        gained=f"{group.gained:,.0f}",
    )


def show_signing(out: Path, content: bytes, shows: str, language: Language) -> None:
    """Print how the operating point gets signed."""
    digest = hashlib.sha256(content).hexdigest()
    tables.line("", language)
    tables.line(message("Operating point: {path} (SHA-256 {digest})", path=str(out), digest=digest), language)
    tables.line(
        message(
            "Nobody has signed it. To approve it, put this into shinrai.yaml, with the person who answers for it and "
            "the file beside the description, and have that person run: shinrai sign"
        ),
        language,
    )
    ja = "運用点 operating-point.yaml（SHA-256 {}…）を、グループごとの得失を確かめたうえで用いる。"
    en = "I approve the operating point operating-point.yaml (SHA-256 {}…), knowing what it costs each group."
    lines = (
        "attestations:",
        "  - id: operating-point",
        f"    shows: {shows}",
        "    by: PERSON",
        "    statement:",
        f"      ja: {ja.format(digest[:16]).replace('operating-point.yaml', out.name)}",
        f'      en: "{en.format(digest[:16]).replace("operating-point.yaml", out.name)}"',
        f"    document: {out.name}",
        "    expires: YYYY-MM-DD",
    )
    for text in lines:
        tables.line(text, language)


def write_decisions(point: "OperatingPoint", file: Path, key: str, out: Path) -> dict[str, str]:
    """Write the decision of every row as CSV, whole or not at all; returns counts for a message."""
    from shinrai.evaluate.audit.mitigation.applying import decide_rows

    counted = {"rows": 0, "selected": 0, "chance": 0, "undecided": 0}
    words = {True: "1", False: "0", None: ""}
    try:
        descriptor, temporary = mkstemp(dir=out.parent, prefix=f".{out.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as opened:
                rows = csv.writer(opened, lineterminator="\n")
                rows.writerow([_plain(key), "selected", "by_chance"])
                for each in decide_rows(point, file, key):
                    rows.writerow([_plain(each.key), words[each.selected], int(each.by_chance)])
                    counted["rows"] += 1
                    counted["selected"] += each.selected is True
                    counted["chance"] += each.by_chance
                    counted["undecided"] += each.selected is None
            Path(temporary).replace(out)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise ShinraiError(
            message("{file} cannot be written: {reason}.", file=str(out), reason=error.strerror or "I/O error")
        ) from None
    return {name: f"{count:,}" for name, count in counted.items()}


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def show_lapsed(point: "OperatingPoint", changed: Sequence[str], language: Language) -> None:
    """Say whether an operating point still fits."""
    words = {"data": message("the data"), "model": message("the model")}
    if not changed:
        tables.line(
            message(
                "Data and model are those that the operating point {digest} was fitted to.", digest=point.sha256[:16]
            ),
            language,
        )
    for name in changed:
        tables.line(
            message(
                "The operating point {digest} was fitted to something else: {what}. Fit it again, and have it signed.",
                digest=point.sha256[:16],
                what=words[name],
            ),
            language,
        )


def weights_csv(found: "Weights", subject: Sequence[str], label: str) -> str:
    """Return weights as CSV: groups, label, rows, weight as a decimal and as a fraction."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*map(_plain, (*subject, label)), "rows", "weight", "weight_exact"])
    for cell in found.cells:
        exact = "" if cell.weight is None else str(cell.weight)
        decimal = "" if cell.weight is None else repr(float(cell.weight))
        rows.writerow([*map(_plain, (*map(str, cell.levels), cell.label)), cell.rows, decimal, exact])
    return text.getvalue()


def show_weights(found: "Weights", language: Language) -> None:
    """Print weights and what they do."""
    rows = [
        (
            " × ".join(map(str, cell.levels)),
            cell.label,
            f"{cell.rows:,}",
            message("no rows, no weight") if cell.weight is None else f"{float(cell.weight):.4f}",
        )
        for cell in found.cells
    ]
    tables.table((message("Group"), message("Label"), message("Rows"), message("Weight")), rows, language)
    low, high = min(found.base_rates.values()), max(found.base_rates.values())
    tables.line(
        message(
            "Favourable labels: {low} to {high} by group before, {common} in each group after weighing.",
            low=f"{float(low):.1%}",
            high=f"{float(high):.1%}",
            common=f"{float(found.common):.1%}",
        ),
        language,
    )
    tables.line(
        message(
            "Weighed, the rows say as much as {effective} rows without weights. {left_out} rows without group or label "
            "have no weight.",
            effective=f"{float(found.effective_rows):,.0f}",
            left_out=f"{found.left_out:,}",
        ),
        language,
    )
    tables.line(
        message("What a model trained with them does is not known from this: train, then audit its decisions."),
        language,
        style="yellow",
    )
    tables.line(LAW, language, style="yellow")


def repaired_csv(found: "Repaired", rows: "Rows", key: str, column: str) -> str:
    """Return the repaired values by key as CSV; empty where there was none."""
    text = io.StringIO(newline="")
    written = csv.writer(text, lineterminator="\n")
    written.writerow([_plain(key), _plain(column)])
    for name, value in zip(rows.keys, found.values.tolist(), strict=True):
        written.writerow([_plain(name), "" if math.isnan(value) else repr(value)])
    return text.getvalue()


def show_repaired(found: "Repaired", language: Language) -> None:
    """Print what a repair moved, on the rows held back."""
    rows = [
        (
            " × ".join(moved.levels),
            f"{moved.rows:,}",
            f"{moved.mean_before:,.4g} → {moved.mean_after:,.4g}",
            f"{moved.median_before:,.4g} → {moved.median_after:,.4g}",
        )
        for moved in found.groups
    ]
    tables.table((message("Group"), message("Rows"), message("Mean"), message("Median")), rows, language)
    tables.line(
        message(
            "Largest distance between groups, on rows held back: {before} before, {after} after.",
            before=_distance(found.before),
            after=_distance(found.after),
        ),
        language,
    )
    tables.line(message("Left as they are: {count} rows.", count=f"{found.unmoved:,}"), language)
    tables.line(
        message("What a model trained on it does is not known from this: train, then audit its decisions."),
        language,
        style="yellow",
    )
    tables.line(LAW, language, style="yellow")


def _distance(found: "Distance | None") -> tables.Cell:
    if found is None:
        return message("undefined: fewer than two groups")
    return f"{found.value:.3f} [{found.interval.low:.3f}–{found.interval.high:.3f}], n = {found.n:,}"


def show_trained(found: "Reduced", subject: Sequence[str], equal: Equal, language: Language) -> None:
    """Print what training under a constraint changes."""
    tables.line(
        message(
            "{equal} between groups of “{columns}”: trained on {fit} rows, shown on {held} others, by {models} models",
            equal=EQUAL[equal],
            columns=" × ".join(subject),
            fit=f"{found.fitted:,}",
            held=f"{found.outcome.overall.rows:,}",
            models=found.models,
        ),
        language,
        style="bold",
    )
    show_outcome(found.outcome, with_worth=False, language=language)
    for said in (base_rates_differ(found.outcome), LAW):
        if said is not None:
            tables.line(said, language, style="yellow")
