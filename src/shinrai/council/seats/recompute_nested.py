"""Values that are neither text nor number: dates, times, bytes, lists, records, maps.

They take part in comparisons by what they are equal to, and in the search for personal data by the texts and numbers
in them.
"""

import math
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

_UNPRINTABLE = frozenset(b"\\'\"")


def comparable(values: pa.Array) -> pa.Array:
    """Return texts or integers that are equal where the values are written alike; NULL stays NULL."""
    return _flat(values, zero_has_sign=True)


def as_plain(values: pa.Array) -> pa.Array:
    """Return values that can be told apart one by one, equal where the values are: 0 is −0 and NaN is NaN."""
    return _flat(values, zero_has_sign=False)


def leaves(values: pa.Array) -> Iterator[str | int | float]:
    """Yield the texts and numbers in the values of a column, in order; names of fields and keys of maps are left out.

    Dates and times come as some text: none of them looks like personal data.
    """
    for value in _python(values):
        yield from _leaves(value)


def _flat(values: pa.Array, *, zero_has_sign: bool) -> pa.Array:
    stored = values.type
    if pa.types.is_timestamp(stored) or pa.types.is_date(stored) or pa.types.is_time(stored):
        return values.view(pa.int64() if stored.bit_width == 64 else pa.int32())
    if not (pa.types.is_nested(stored) or isinstance(stored, pa.BaseExtensionType)):
        return values
    written = [None if value is None else _written(value, zero_has_sign) for value in _python(values)]
    return pa.array(written, pa.large_string())


def _python(values: pa.Array) -> list[Any]:
    """Convert to Python values; points in time as text, because Python's own are too coarse for nanoseconds."""
    if isinstance(values.type, pa.BaseExtensionType):
        return list(values.to_pylist())
    plain = values.cast(_without(values.type, zones=True))
    return list(plain.cast(_without(values.type, zones=False)).to_pylist())


def _without(stored: pa.DataType, *, zones: bool) -> pa.DataType:
    """Return the type with points in time as text, or only without their time zones."""
    if pa.types.is_timestamp(stored):
        return pa.timestamp(stored.unit) if zones else pa.string()
    if pa.types.is_time(stored) and not zones:
        return pa.string()
    if pa.types.is_duration(stored):
        return pa.int64()
    if pa.types.is_list(stored):
        return pa.list_(_without(stored.value_type, zones=zones))
    if pa.types.is_large_list(stored):
        return pa.large_list(_without(stored.value_type, zones=zones))
    if pa.types.is_fixed_size_list(stored):
        return pa.list_(_without(stored.value_type, zones=zones), stored.list_size)
    if pa.types.is_map(stored):
        return pa.map_(_without(stored.key_type, zones=zones), _without(stored.item_type, zones=zones))
    if pa.types.is_struct(stored):
        return pa.struct([(each.name, _without(each.type, zones=zones)) for each in stored])
    return stored


def _written(value: Any, zero_has_sign: bool) -> str:
    match value:
        case float():
            return "nan" if math.isnan(value) else repr(value if zero_has_sign else value + 0.0)
        case list() | tuple():
            return f"[{', '.join(_written(entry, zero_has_sign) for entry in value)}]"
        case dict():
            return f"{{{', '.join(f'{name!r}: {_written(entry, zero_has_sign)}' for name, entry in value.items())}}}"
        case _:
            return repr(value)


def _leaves(value: Any) -> Iterator[str | int | float]:
    match value:
        case None | bool():
            return
        case bytes():
            yield "".join(chr(b) if 32 <= b < 127 and b not in _UNPRINTABLE else f"\\x{b:02X}" for b in value)
        case str() | int() | float():
            yield value
        case Decimal():
            yield float(value)
        case date() | time() | UUID():
            yield str(value)
        case dict():
            for entry in value.values():
                yield from _leaves(entry)
        case _:
            # What is left are lists, and maps, which come as pairs of key and value.
            for entry in value:
                yield from _leaves(entry[1] if isinstance(entry, tuple) else entry)
