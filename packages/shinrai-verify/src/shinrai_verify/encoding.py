"""Strict readings of JSON, base64, integers and times, and the shapes that documents are held to.

Where Python's own parsers are lenient (duplicate keys, NaN, trailing bits, full-width digits), two verifiers could
read one file in two ways; here each of those is a Fault.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

MAX_JSON_BYTES = 64 * 1024 * 1024
MAX_JSON_DEPTH = 32
MAX_INTEGER = 2**53 - 1
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
SHA256_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
MOST_SHOWN = 400
"""Characters of a foreign text that a sentence shows."""
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
# Possessive, and content with a string that never ends: one pass, whatever the bytes are.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def bounded(fields: Mapping[str, object]) -> dict[str, object]:
    """Return what a sentence shows, foreign texts cut where it would grow too long to read."""
    return {name: value[:MOST_SHOWN] if type(value) is str else value for name, value in fields.items()}


class Fault(Exception):  # noqa: N818  (the word of the messages)
    """What keeps a bundle from being verified: an English sentence with `{name}` fields, and what they stand for."""

    def __init__(self, text: str, **fields: object) -> None:
        self.text, self.fields = text, bounded(fields)
        super().__init__(text, self.fields)

    def __str__(self) -> str:
        return self.text.format_map(self.fields)


class Named(str):
    """What a Fault is about, in words: text and fields as in a Fault, so that it too can be said in Japanese."""

    text: str
    fields: Mapping[str, object]
    __slots__ = ("fields", "text")

    def __new__(cls, text: str, **fields: object) -> "Named":  # noqa: D102
        shown = bounded(fields)
        self = super().__new__(cls, text.format_map(shown))
        self.text, self.fields = text, shown
        return self


def strict_json(data: bytes, what: str, *, floats: bool = False, limit: int = MAX_JSON_BYTES) -> Any:
    """Parse JSON that means one thing only.

    what: names the source in the Fault. floats: whether fractions are allowed (never in signed payloads).
    Refused: too large, deeper than 32, a byte order mark, invalid UTF-8, duplicate keys, NaN, infinities, lone
    surrogates, integers beyond 2^53 - 1.
    """
    if len(data) > limit:
        raise Fault("{what} is larger than {limit} bytes", what=what, limit=limit)
    deepest = depth = 0
    for byte in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > MAX_JSON_DEPTH:
        # json.loads raises RecursionError, not ValueError, on deep nesting: look first.
        raise Fault("{what} is nested deeper than {limit} levels", what=what, limit=MAX_JSON_DEPTH)

    def refuse(literal: str) -> Any:
        raise Fault("{what} holds the number {literal}, which is not allowed there", what=what, literal=literal)

    def integer(literal: str) -> int:
        return int(literal) if len(literal) <= 17 and abs(int(literal)) <= MAX_INTEGER else refuse(literal)

    def fraction(literal: str) -> float:
        # An exponent too large reads as infinity.
        return float(literal) if floats and isfinite(float(literal)) else refuse(literal)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Fault("{what} has an object with a repeated key", what=what)
        return dict(pairs)

    hooks: dict[str, Any] = {"parse_constant": refuse, "parse_float": fraction, "parse_int": integer}
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=unique, **hooks)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Fault("{what} is not valid JSON", what=what) from error
    if "\\u" in text and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise Fault("{what} holds half a character (a lone surrogate)", what=what)
    return value


def canonical_json(value: Any) -> bytes:
    """Serialise as RFC 8785 does for what we write: ASCII keys, no floats."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def shaped(value: Any, shape: Any, what: str, name: str = "") -> Any:
    """Hold a value to a shape and return it.

    A shape is a type (a bool is no int), a function of (value, what) that raises, `[shape]` for a list of these,
    `(shape,)` for these or None, or `{name: shape}` for an object, which may have further names.
    """
    if isinstance(shape, dict):
        if not isinstance(value, Mapping) and name:
            raise Fault("{what} lacks a valid field “{name}”", what=what, name=name)
        if not isinstance(value, Mapping):
            raise Fault("{what} is not an object", what=what)
        for key, inner in shape.items():
            shaped(value.get(key), inner, what, key)
    elif isinstance(shape, tuple):
        return value if value is None else shaped(value, shape[0], what, name)
    elif isinstance(shape, list):
        for item in shaped(value, list, what, name):
            shaped(item, shape[0], what, "" if isinstance(shape[0], dict) else name)
    elif not isinstance(shape, type) and value is not None:
        shape(value, what)
    elif value is None or not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        raise Fault("{what} lacks a valid field “{name}”", what=what, name=name)
    return value


def field(record: object, name: str, kind: type, what: str) -> Any:
    """Return record[name], which must exist and be of the given kind."""
    return shaped(record, {name: kind}, what)[name]


def identifier(value: object, what: str) -> str:
    """Return an ASCII identifier, or raise: no confusable letters, nothing to normalise."""
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise Fault("{what} has an identifier that is not allowed", what=what)
    return value


def digest(value: object, what: str) -> str:
    """Return a SHA-256 in lowercase hex, or raise."""
    if not isinstance(value, str) or not SHA256_HEX.fullmatch(value):
        raise Fault("{what} has a digest that is not a SHA-256 in lowercase hex", what=what)
    return value


def moment(value: object, what: str) -> datetime:
    """Read RFC 3339 in UTC with seconds, in the one form `2026-01-01T00:00:00Z`."""
    try:
        time = datetime.strptime(str(value), _TIME).replace(tzinfo=UTC)
    except ValueError:
        time = None
    if time is None or time.isoformat().replace("+00:00", "Z") != value:
        # strptime also takes digits of other scripts and leaves out zeros.
        raise Fault("{what} has a time that is not RFC 3339 in UTC", what=what)
    return time


def decimal(text: str, what: str) -> int:
    """Read a non-negative decimal integer as written by a machine: ASCII digits, no sign, no leading zero."""
    if not _DECIMAL.fullmatch(text):
        raise Fault("{what} has a number that is not written plainly", what=what)
    return int(text)


def unbase64(text: object, what: str, *, standard: bool = False) -> bytes:
    """Decode base64 in the standard or the URL-safe alphabet, not mixed; what does not encode back is refused.

    standard: take the standard alphabet only.
    """
    if isinstance(text, str) and text.isascii():
        other = b"-_" if not standard and ("-" in text or "_" in text) else None
        try:
            data = base64.b64decode(text, altchars=other, validate=True)
        except (binascii.Error, ValueError):
            data = None
        if data is not None and base64.b64encode(data, altchars=other).decode() == text:
            return data
    raise Fault("{what} has a field that is not valid base64", what=what)
