"""`shinrai judge review`: a sheet goes out to people, blind to the judges, and comes back."""

from pathlib import Path

import click

from shinrai.cli.building import command, group
from shinrai.cli.whole_files import write_whole
from shinrai.language import Language, ShinraiError, message

HELP = {
    "review": message("Let people review: a sheet goes out, blind to the judges, and comes back."),
    "review-out": message(
        "Write a review sheet of the judgements that need a person.\n\n"
        "JUDGEMENTS is the file that `shinrai judge answers` wrote. The sheet is .xlsx or .csv."
    ),
    "sheet": message("Review sheet, .xlsx or .csv."),
    "seed": message("Decides order and draw; the same seed gives the same sheet."),
    "every": message("Take every judgement, not only those that need a person."),
    "draw": message("Take so many judgements at random, to measure a judge on this very run."),
    "review-back": message(
        "Read a review sheet that came back, and write what people said as labels.\n\n"
        "Changed rows are refused with their place; rows without a verdict stay open."
    ),
    "labels-out": message("File for the labels, .csv; `shinrai judge calibrate` reads it."),
    "judgements": message("File that `shinrai judge answers` wrote."),
}


_FILE = click.Path(path_type=Path, dir_okay=False)


def review_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    made = group("review", language, HELP["review"])
    made.add_command(_review_out(language))
    made.add_command(_review_back(language))
    return made


def _review_out(language: Language) -> click.Command:
    def carry_out(judgements: Path, out: Path, seed: int, every: bool, draw: int | None) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.review.items import drawn, read_items
        from shinrai.evaluate.review.sheet import review_csv, review_xlsx

        items = read_items(judgements)
        if draw is not None:
            chosen = drawn(items, seed, draw)
        else:
            chosen = tuple(each.judged for each in items if every or each.review)
        if not chosen:
            tables.line(message("No judgement needs a person."), language)
            return 0
        sheet = review_csv(chosen, seed) if _kind(out) == ".csv" else review_xlsx(chosen, seed, language)
        write_whole(out, sheet.content)
        tables.line(message("{n} answers are in {file}.", n=sheet.rows, file=str(out)), language)
        for key, why in sheet.left_out:
            tables.line(message("Left out: {key}. {why}", key=key, why=why), language, style="yellow")
        return 0

    options: list[click.Parameter] = [
        click.Argument(["judgements"], type=_FILE),
        click.Option(
            ["--out"], type=_FILE, help=HELP["sheet"].text(language), default=Path("review.xlsx"), show_default=True
        ),
        click.Option(["--seed"], type=int, default=1, show_default=True, help=HELP["seed"].text(language)),
        click.Option(["--all", "every"], is_flag=True, help=HELP["every"].text(language)),
        click.Option(["--draw"], type=click.IntRange(1), help=HELP["draw"].text(language)),
    ]
    example = "shinrai judge review out judgements.jsonl --out review.xlsx --seed 7"
    return command("out", language, carry_out, options, HELP["review-out"], example)


def _review_back(language: Language) -> click.Command:
    def carry_out(sheet: Path, judgements: Path, out: Path) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.review.items import read_items
        from shinrai.evaluate.review.returned import as_labels, read_review

        items = read_items(judgements)
        judged = [each.judged for each in items]
        found = read_review(sheet, judged)
        write_whole(out, as_labels(judged, found.verdicts))
        people = sorted({each.reviewer for each in found.verdicts})
        said = message(
            "{n} verdicts of {people} people are in {file}.", n=len(found.verdicts), people=len(people), file=str(out)
        )
        tables.line(said, language)
        tables.line(message("Open: {n} answers", n=len(found.open)), language)
        unseen = {each.judged.key for each in items if each.review} & set(found.missing)
        if unseen:
            tables.line(message("Not in the sheet, and in need of a person: {n} answers", n=len(unseen)), language)
        return 0

    options: list[click.Parameter] = [
        click.Argument(["sheet"], type=_FILE),
        click.Option(
            ["--judgements"],
            type=_FILE,
            help=HELP["judgements"].text(language),
            default=Path("judgements.jsonl"),
            show_default=True,
        ),
        click.Option(
            ["--out"], type=_FILE, help=HELP["labels-out"].text(language), default=Path("labels.csv"), show_default=True
        ),
    ]
    example = "shinrai judge review back review.xlsx --judgements judgements.jsonl --out labels.csv"
    return command("back", language, carry_out, options, HELP["review-back"], example)


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise ShinraiError(
            message("{file} is neither .csv nor .xlsx.", file=str(path)),
            fix=message("Give the file one of these ends."),
        )
    return kind
