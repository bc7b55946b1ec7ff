"""The types of the description's fields.

A scalar arrives as text and is read by what the field is, never by how it looks: `no` in a list of regions is Norway,
`2026.1` in a version is a text. That is why every number, boolean and date has a type of its own here. Faults are
raised as typed errors, which `translation` puts into words.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import isfinite
from pathlib import PurePosixPath
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.annotated_handlers import GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shinrai.language import Bilingual

IDENTIFIER: Final = r"^[a-z0-9][a-z0-9-]{0,62}$"
FRAMEWORK: Final = r"^[a-z0-9][a-z0-9._-]{0,62}$"
TARGET: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$"
REQUIREMENT: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
LEAF: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$"
REGION: Final = r"^[A-Z]{2}$"
SUITE: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
HEADER: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"

FORMAT_VERSION: Final = 1
TABLE_SUFFIXES: Final = (".parquet", ".csv")
FRAMEWORK_SUFFIXES: Final = (".yaml", ".yml")

# Bidirectional controls can make a signed text read differently from what it says.
_REORDERING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Scalar(str):
    """A scalar of the YAML file as it was written; `plain` is false when it stood in quotes or in a block."""

    __slots__ = ("plain",)

    plain: bool

    def __new__(cls, text: str, *, plain: bool) -> "Scalar":
        """Keep the text and how it was written."""
        made = super().__new__(cls, text)
        made.plain = plain
        return made


class Record(BaseModel):
    """The root of every part of the description: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def says(en: str, ja: str, **constraints: Any) -> FieldInfo:
    """Describe a field in both languages; the JSON Schema, the template and the errors all read it from here."""
    made: FieldInfo = Field(description=en, json_schema_extra={"x-ja": ja}, **constraints)
    return made


@dataclass(frozen=True, slots=True)
class OneOf:
    """Annotation: the value is one of a closed list, and the schema explains each."""

    # A union of types is hashed, and mappings are not; equality is enough to tell two lists apart.
    meanings: Mapping[StrEnum, Bilingual] = field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Look the value up before the enumeration does, so that the error can list the choices."""
        return core_schema.no_info_before_validator_function(self._choose, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the choices with their meanings."""
        choices = [
            {"const": str(choice), "description": meaning.en, "x-ja": meaning.ja}
            for choice, meaning in self.meanings.items()
        ]
        return {"type": "string", "oneOf": choices}

    def _choose(self, value: object) -> StrEnum:
        for choice in self.meanings:
            if value == choice:
                return choice
        raise PydanticCustomError("not_listed", "not listed", {"allowed": [str(choice) for choice in self.meanings]})


@dataclass(frozen=True, slots=True)
class Named:
    """Annotation: the text is one of a list of names that need no explanation here."""

    names: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Check after the value is known to be a text."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the names as an enumeration."""
        return {"type": "string", "enum": list(self.names)}

    def _check(self, value: str) -> str:
        if value not in self.names:
            raise PydanticCustomError("not_listed", "not listed", {"allowed": list(self.names)})
        return value


def _readable(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank_text", "blank")
    controls = (sign for sign in value if unicodedata.category(sign) in {"Cc", "Cs"} or sign in _REORDERING)
    if any(sign not in "\n\t" for sign in controls):
        raise PydanticCustomError("unprintable_text", "unprintable")
    return value


def _one_line(value: str) -> str:
    if len(value.splitlines()) > 1 or "\t" in value:
        raise PydanticCustomError("several_lines", "several lines")
    return value


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for place, value in enumerate(values):
        if value in values[:place]:
            named = " × ".join(value) if isinstance(value, tuple) else str(value)
            raise PydanticCustomError("repeated", "repeated", {"value": named})
    return values


def _whole_number(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,8})", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("whole_number", "whole number")


def _format_version(value: int) -> int:
    if value != FORMAT_VERSION:
        raise PydanticCustomError("format_version", "format version", {"known": FORMAT_VERSION})
    return value


def _number(value: object) -> float:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,17}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?", value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    raise PydanticCustomError("finite_number", "finite number")


def _yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return value == "true"
    raise PydanticCustomError("yes_or_no", "true or false")


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError as no_such_day:
            raise PydanticCustomError("no_such_day", "no such day") from no_such_day
    raise PydanticCustomError("iso_date", "date")


def _cell(value: object) -> str | int | float | bool:
    """Read a value that stands in a table's cell: JSON's literals when written plainly, a text otherwise."""
    if isinstance(value, Scalar) and value.plain:
        if value in {"true", "false"}:
            return value == "true"
        if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", value):
            return int(value)
        if re.fullmatch(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?", value):
            value = float(value)
    if isinstance(value, float) and not isfinite(value):
        raise PydanticCustomError("finite_number", "finite number")
    if isinstance(value, str):
        return _one_line(_readable(str(value)))
    if isinstance(value, int | float):
        return value
    raise PydanticCustomError("cell_value", "one value")


def _inside(value: str) -> str:
    """Refuse what could name a file outside the description's folder. Links are followed and checked by the reader."""
    if "\\" in value:
        raise PydanticCustomError("backslash_path", "backslash")
    path = PurePosixPath(value)
    if path.is_absolute() or re.match(r"[A-Za-z]:|~", value):
        raise PydanticCustomError("absolute_path", "absolute")
    if ".." in path.parts:
        raise PydanticCustomError("escaping_path", "escapes")
    if not path.name:
        raise PydanticCustomError("folder_path", "names a folder")
    return str(path)


def _table_file(value: str) -> str:
    if PurePosixPath(value).suffix.lower() not in TABLE_SUFFIXES:
        raise PydanticCustomError("table_suffix", "suffix", {"allowed": list(TABLE_SUFFIXES)})
    return value


def _framework_file(value: str) -> str:
    if PurePosixPath(value).suffix.lower() not in FRAMEWORK_SUFFIXES:
        raise PydanticCustomError("table_suffix", "suffix", {"allowed": list(FRAMEWORK_SUFFIXES)})
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError as malformed:
        raise PydanticCustomError("web_address", "address") from malformed
    if not known or re.search(r"\s", value):
        raise PydanticCustomError("web_address", "address")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise PydanticCustomError("address_secret", "address")
    return value


_SECRET_HEADER: Final = re.compile(r"auth|cookie|key|password|secret|token", re.IGNORECASE)


def _reference(value: str) -> str:
    """Refuse what may be a key; the error never shows it."""
    kind, _, name = value.partition(":")
    if not (kind == "env" and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name)) and not (kind == "file" and name):
        raise PydanticCustomError("key_reference", "no reference")
    return value


def _header_value(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise PydanticCustomError("header_signs", "signs")
    return value


def _secret_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if _SECRET_HEADER.search(name) and not value.startswith(("env:", "file:")):
            raise PydanticCustomError("header_secret", "secret", {"name": name})
    return headers


secret_headers: Final = AfterValidator(_secret_headers)

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
FrameworkId = Annotated[str, StringConstraints(pattern=FRAMEWORK)]
TargetName = Annotated[str, StringConstraints(pattern=TARGET)]
RequirementId = Annotated[str, StringConstraints(pattern=REQUIREMENT)]
LeafId = Annotated[str, StringConstraints(pattern=LEAF, max_length=128)]
Region = Annotated[str, StringConstraints(pattern=REGION)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(_readable)]
Label = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_readable), AfterValidator(_one_line)
]
InsidePath = Annotated[Label, AfterValidator(_inside)]
FrameworkPath = Annotated[InsidePath, AfterValidator(_framework_file)]
TablePath = Annotated[InsidePath, AfterValidator(_table_file)]
WebAddress = Annotated[Label, AfterValidator(_web_address), WithJsonSchema({"type": "string", "format": "uri"})]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
FormatVersion = Annotated[
    WholeNumber, AfterValidator(_format_version), WithJsonSchema({"type": "integer", "const": FORMAT_VERSION})
]
# The bounds stand inside the conversion, so that the JSON Schema names them in its own words.
Proportion = Annotated[float, Field(ge=0, le=1), BeforeValidator(_number)]
GroupSize = Annotated[int, Field(ge=5, le=1_000_000), BeforeValidator(_whole_number)]
Days = Annotated[int, Field(ge=1, le=730), BeforeValidator(_whole_number)]
YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Day = Annotated[date, BeforeValidator(_day)]
Cell = Annotated[str | int | float | bool, BeforeValidator(_cell)]
Distinct = AfterValidator(_distinct)
SuiteId = Annotated[str, StringConstraints(pattern=SUITE)]
HeaderName = Annotated[str, StringConstraints(pattern=HEADER)]
HeaderValue = Annotated[Label, AfterValidator(_header_value)]
Reference = Annotated[
    Label,
    AfterValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"}),
]
AboveZero = Annotated[float, Field(gt=0, le=1_000_000_000), BeforeValidator(_number)]
ZeroOrMore = Annotated[float, Field(ge=0, le=1_000_000_000), BeforeValidator(_number)]
Temperature = Annotated[float, Field(ge=0, le=5), BeforeValidator(_number)]
Count = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_whole_number)]
Repeats = Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole_number)]
Seed = Annotated[int, Field(ge=0, le=999_999_999), BeforeValidator(_whole_number)]


class Text(Record):
    """A text in both languages."""

    ja: Annotated[Prose, says("The text in Japanese.", "日本語の文。")]
    en: Annotated[Prose, says("The text in English.", "英語の文。")]

    @property
    def bilingual(self) -> Bilingual:
        """The text as the other rooms carry it."""
        return Bilingual(ja=self.ja, en=self.en)
