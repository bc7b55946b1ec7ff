"""Frames and columns in memory as one Arrow table of the declared columns; none of their libraries is imported here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinrai.evaluate.audit.intake.given import library
from shinrai.evaluate.targets.faults import in_file, missing_column
from shinrai.evaluate.targets.reading import check_names
from shinrai.evaluate.targets.values import canonical, shown
from shinrai.language import message

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_table(place: Path, data: Any, wanted: Sequence[str] | None) -> "pa.Table":
    """Return the wanted columns (None: all of them) as an Arrow table.

    TableError: a column is missing, two have one name, columns have different lengths, or their indexes do not agree.
    """
    if isinstance(data, Mapping):
        return _of_columns(place, data, wanted)
    names = _names(place, data)
    check_names(place, names)
    wanted = names if wanted is None else wanted
    for name in wanted:
        if name not in names:
            raise missing_column(place, name, names)
    match library(data):
        case "polars":
            chosen = data.select(list(wanted))
            return (chosen.collect() if hasattr(chosen, "collect") else chosen).to_arrow()
        case "pyarrow":
            return _arrow(place, data).select(list(wanted))
    return _of_columns(place, {name: data[name] for name in wanted}, wanted)


def _names(place: Path, data: Any) -> list[str]:
    if hasattr(data, "collect_schema"):
        names = list(data.collect_schema().names())
    elif library(data) == "pyarrow":
        names = list(data.schema.names)
    else:
        names = list(getattr(data, "columns", ()))
    for name in names:
        if not isinstance(name, str):
            raise in_file(
                place,
                message("The name of a column is no text ({name}).", name=shown(str(name))),
                message("Rename the columns to texts."),
            )
    return names


def _arrow(place: Path, data: Any) -> "pa.Table":
    import pyarrow as pa

    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pa.RecordBatchReader):
        return data.read_all()
    if not isinstance(data, pa.Table):
        raise unreadable(place, data)
    return data


def unreadable(place: Path, data: object) -> Exception:
    """Make the error for a value that is no table."""
    return in_file(
        place,
        message("A value of the type {type} is no table that can be read.", type=shown(type(data).__qualname__)),
        message("Give a path, a frame, a relation, a table of a database, or columns by name."),
    )


def _of_columns(place: Path, columns: Mapping[Any, Any], wanted: Sequence[str] | None) -> "pa.Table":
    import pyarrow as pa

    for name in columns if wanted is None else wanted:
        if name not in columns:
            raise missing_column(place, name, map(str, columns))
    columns = {str(name): columns[name] for name in (columns if wanted is None else wanted)}
    check_names(place, list(columns))
    _check_alignment(place, columns)
    return pa.table({name: _array(place, name, values) for name, values in columns.items()})


def _check_alignment(place: Path, columns: Mapping[str, Any]) -> None:
    first, *others = columns
    for name in others:
        if len(columns[name]) != len(columns[first]):
            raise in_file(
                place,
                message(
                    "Columns “{first}” and “{column}” have different lengths ({length} and {other}).",
                    first=shown(first),
                    column=shown(name),
                    length=len(columns[first]),
                    other=len(columns[name]),
                ),
                message("Give one value for each row in every column."),
                column=name,
            )
    indexed = {name: values.index for name, values in columns.items() if library(values) == "pandas"}
    for name, index in indexed.items():
        reference = next(iter(indexed.values()))
        if index is not reference and not index.equals(reference):
            raise in_file(
                place,
                message(
                    "Columns “{first}” and “{column}” have different indexes.",
                    first=shown(next(iter(indexed))),
                    column=shown(name),
                ),
                message("Align them (`reindex`), or reset both indexes if the rows are in the same order."),
                column=name,
            )


def _array(place: Path, name: str, values: Any) -> Any:
    """Return one column as Arrow. Mixed types become texts, so that 1 and "1" are one value."""
    import pyarrow as pa

    if library(values) == "polars":
        return values.to_arrow()
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if getattr(values, "ndim", 1) != 1:
        raise in_file(
            place,
            message("Column “{column}” has more than one dimension.", column=shown(name)),
            message("Give one value for each row."),
            column=name,
        )
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError):
        return pa.array([_text(place, name, value) for value in values], type=pa.string())


def _text(place: Path, name: str, value: object) -> str | None:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float) or library(value) == "decimal":
        return canonical(value)
    if library(value) == "pandas":
        # pandas.NA and NaT are all that it stores in a column of objects to say that a value is missing.
        return None
    raise in_file(
        place,
        message(
            "Column “{column}” holds a value of the type {type}.",
            column=shown(name),
            type=shown(type(value).__qualname__),
        ),
        message("Write it as text, numbers or true/false, or name another column."),
        column=name,
    )
