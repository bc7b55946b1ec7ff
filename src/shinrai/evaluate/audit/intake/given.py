"""What a table may be given as, told apart without importing the libraries it may come from."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class DatabaseTable:
    """A table of a database by reference: url is `env:NAME` or `file:PATH` of the connection URL, never the URL."""

    url: str
    table: str
    schema: str | None = None


def library(data: object) -> str:
    """Return the name of the library that a value's class comes from."""
    return type(data).__module__.partition(".")[0].lstrip("_")


def is_frame(data: object) -> bool:
    """Whether a value is an Arrow table, a frame of pandas or polars (lazy too), or columns by name."""
    return library(data) in {"pyarrow", "pandas", "polars"} or isinstance(data, Mapping)


def place_of(data: Any) -> Path:
    """Return what errors call a table."""
    if isinstance(data, str | os.PathLike):
        return Path(data)
    if isinstance(data, DatabaseTable):
        return Path(data.table if data.schema is None else f"{data.schema}.{data.table}")
    return Path("(columns)" if isinstance(data, Mapping) else f"({library(data)})")
