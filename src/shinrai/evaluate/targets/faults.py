"""What can be wrong with a table of decisions, said to the person who can mend it."""

from collections.abc import Iterable
from pathlib import Path

from shinrai.evaluate.targets.values import shown
from shinrai.language import Bilingual, Language, Message, Place, ShinraiError, message, suggest

LISTED = 10
"""At most so many values of a column are listed; a column with more is described by their number alone."""


class TableError(ShinraiError):
    """The table, or one of its columns, cannot be measured as described."""

    def reason(self) -> Bilingual:
        """Return fault and remedy in both languages, without the place: a path of this machine is no evidence."""
        return Bilingual(ja=self._sentence(Language.JA), en=self._sentence(Language.EN))

    def _sentence(self, language: Language) -> str:
        parts = [part.text(language) for part in (self.what, self.fix) if part]
        return ("" if language is Language.JA else " ").join(parts)


def in_file(file: Path, what: Message, fix: Message | None = None, *, column: str | None = None) -> TableError:
    """Make the error for a file and, if given, one of its columns."""
    return TableError(what, fix=fix, place=Place(str(file), field=None if column is None else shown(column)))


def listing(levels: Iterable[str]) -> Message | str:
    """List a few values, quoted and escaped; of more than LISTED only the number is told, they may be personal."""
    values = sorted(levels)
    if len(values) > LISTED:
        return message("{count} different values", count=len(values))
    if not values:
        return message("no value at all")
    return ", ".join(f"“{shown(value)}”" for value in values)


def missing_column(file: Path, column: str, known: Iterable[str]) -> TableError:
    """Make the error for a column that the description names and the file lacks."""
    names = sorted(known)
    near = suggest(column, names)
    fix = near or message("The file has: {columns}.", columns=", ".join(shown(name) for name in names[:30]))
    return in_file(
        file, message("There is no column “{column}” in the table.", column=shown(column)), fix, column=column
    )


def wrong_type(file: Path, column: str, stored: str, *, purpose: Message) -> TableError:
    """Make the error for a column whose stored type cannot serve."""
    return in_file(
        file,
        message(
            "Column “{column}” has the type {type}, which cannot be {purpose}.",
            column=shown(column),
            type=shown(stored),
            purpose=purpose,
        ),
        message("Write it as text, whole numbers or true/false, or name another column."),
        column=column,
    )


def too_many_values(file: Path, column: str, found: Message | str) -> TableError:
    """Make the error for a label or prediction that is not a yes-or-no decision."""
    return in_file(
        file,
        message(
            "Column “{column}” holds more than two values ({found}); a decision has two.",
            column=shown(column),
            found=found,
        ),
        message("Name a column with the favourable outcome and one other, or merge the values before measuring."),
        column=column,
    )


def probabilities(file: Path, column: str) -> TableError:
    """Make the error for probabilities that were given as decisions."""
    return in_file(
        file,
        message(
            "Column “{column}” is given as prediction but holds fractions, which look like probabilities.",
            column=shown(column),
        ),
        message("Name it as `score` and give a `threshold`, or give the decided outcome as prediction."),
        column=column,
    )


def favourable_not_found(file: Path, column: str, favourable: str, found: Message | str) -> TableError:
    """Make the error for a favourable value that no label has."""
    return in_file(
        file,
        message(
            "The favourable value “{favourable}” does not occur in column “{column}”, which holds {found}.",
            favourable=shown(favourable),
            column=shown(column),
            found=found,
        ),
        message("Set `favourable` to the value of the column that means the favourable outcome."),
        column=column,
    )


def different_coding(file: Path, label: str, prediction: str, found: Message | str) -> TableError:
    """Make the error for labels and predictions that are written in different values."""
    return in_file(
        file,
        message(
            "Columns “{label}” and “{prediction}” are written in different values ({found}).",
            label=shown(label),
            prediction=shown(prediction),
            found=found,
        ),
        message("Write the same outcome with the same value in both columns."),
        column=prediction,
    )


def too_long_values(file: Path, column: str, *, most: int) -> TableError:
    """Make the error for a column of free text that was named as label, prediction or group."""
    return in_file(
        file,
        message(
            "Column “{column}” holds texts of more than {most} characters, which are no names of classes.",
            column=shown(column),
            most=most,
        ),
        message("Name a column that holds one short value for each class."),
        column=column,
    )


def score_not_number(file: Path, column: str, stored: str) -> TableError:
    """Make the error for a score that is not a number."""
    return in_file(
        file,
        message(
            "Column “{column}” is given as score but is no number (type {type}).",
            column=shown(column),
            type=shown(stored),
        ),
        message("A score is the probability of the favourable outcome, a number from 0 to 1."),
        column=column,
    )


def score_out_of_range(file: Path, column: str, *, rows: int) -> TableError:
    """Make the error for scores that are no probabilities."""
    return in_file(
        file,
        message(
            "Column “{column}” is given as score but has values outside 0 to 1 (rows: {rows}).",
            column=shown(column),
            rows=rows,
        ),
        message("A score is the probability of the favourable outcome, a number from 0 to 1."),
        column=column,
    )


def weight_not_number(file: Path, column: str, stored: str) -> TableError:
    """Make the error for a weight that is not a number."""
    return in_file(
        file,
        message(
            "Column “{column}” is given as weight but is no number (type {type}).",
            column=shown(column),
            type=shown(stored),
        ),
        message("A weight says how many of the population a row stands for; it is 0 or more."),
        column=column,
    )


def negative_weights(file: Path, column: str, *, rows: int) -> TableError:
    """Make the error for weights below 0."""
    return in_file(
        file,
        message(
            "Column “{column}” is given as weight but is negative in {rows} rows.", column=shown(column), rows=rows
        ),
        message("A weight says how many of the population a row stands for; it is 0 or more."),
        column=column,
    )


def infinite_weights(file: Path, column: str, *, rows: int) -> TableError:
    """Make the error for weights that are not finite."""
    return in_file(
        file,
        message("Column “{column}” is infinite in {rows} rows.", column=shown(column), rows=rows),
        message("Write finite numbers, or leave the value empty where there is none."),
        column=column,
    )


def large_weights(file: Path, column: str, *, most: int) -> TableError:
    """Make the error for weights whose squares cannot be summed exactly."""
    return in_file(
        file,
        message(
            "Column “{column}” has values beyond {most}, which cannot be summed exactly.",
            column=shown(column),
            most=f"{most:,}",
        ),
        message("Write it in a larger unit (thousands of yen, shares of the total)."),
        column=column,
    )


def no_weight(file: Path, column: str) -> TableError:
    """Make the error for weights that are all 0 or missing."""
    return in_file(
        file,
        message("No row has a weight above 0 in column “{column}”.", column=shown(column)),
        message("Fill it in, or leave the weights out."),
        column=column,
    )


def missing_clusters(file: Path, column: str, *, rows: int) -> TableError:
    """Make the error for rows of which nobody knows what they belong to."""
    return in_file(
        file,
        message(
            "Column “{column}” says which rows belong together and is empty in {rows} rows.",
            column=shown(column),
            rows=rows,
        ),
        message("Fill it in; a row that stands alone gets a value of its own."),
        column=column,
    )


def all_missing(file: Path, columns: Iterable[str]) -> TableError:
    """Make the error for a group column without any value."""
    names = " × ".join(shown(column) for column in columns)
    return in_file(
        file,
        message("Every value of “{columns}” is missing.", columns=names),
        message("Name a column that tells the groups apart, or fill it in."),
        column=names,
    )


def too_many_levels(file: Path, columns: Iterable[str], *, most: int) -> TableError:
    """Make the error for a group column that splits the table into too many groups."""
    names = " × ".join(shown(column) for column in columns)
    return in_file(
        file,
        message(
            "“{columns}” has more than {most} groups, or more groups than half of its rows.", columns=names, most=most
        ),
        message(
            "Put the values into classes first (age bands, regions), or keep the largest groups and one for the rest."
        ),
        column=names,
    )
