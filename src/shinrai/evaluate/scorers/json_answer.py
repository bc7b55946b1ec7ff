"""The JSON scorer: an answer is JSON, and of the right shape.

The shape is a JSON Schema (2020-12 unless it names another) checked by jsonschema-rs, offline: a `$ref` that leads out
of the schema is refused when the suite is read. Patterns in it run in a linear-time engine.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from shinrai.evaluate.sample import Answer, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer, failed, passed
from shinrai.evaluate.scorers.settings import as_flag
from shinrai.frameworks.located import Fields, Node, as_fields, as_text
from shinrai.language import ShinraiError, message

MAX_DEPTH = 50
MAX_ERRORS = 20
_FENCE = re.compile(r"\A\s*```(?:json|JSON)?[ \t]*\n(.*)\n[ \t]*```\s*\Z", re.DOTALL)
_OUTSIDE = re.compile(r'"\$(?:dynamicRef|ref|schema)"\s*:\s*"(?!#|https?://json-schema\.org/)')


@dataclass(frozen=True, slots=True)
class Shape:
    """schema: JSON text, None where any JSON will do. fenced: whether one code fence around the JSON is forgiven."""

    schema: str | None
    fenced: bool


class NotJsonError(ValueError):
    """A text that is not JSON within the limits."""


def parse(text: str) -> Any:
    """Return the value of a JSON text. NotJsonError for anything else: NaN, duplicate names, deep nesting."""
    if _depth(text) > MAX_DEPTH:
        raise NotJsonError("nested too deep")
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except NotJsonError:
        raise
    except (ValueError, RecursionError) as error:
        raise NotJsonError("not JSON") from error


def _refuse(name: str) -> NoReturn:
    raise NotJsonError(f"{name} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJsonError("a name stands twice")
    return made


def _depth(text: str) -> int:
    """Return the deepest nesting, strings aside; no recursion, so that no text can exhaust the stack."""
    deepest = depth = 0
    quoted = escaped = False
    for sign in text:
        if quoted:
            quoted = escaped or sign != '"'
            escaped = not escaped and sign == "\\"
        elif sign == '"':
            quoted = True
        elif sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _read(fields: Fields) -> Shape:
    given = as_fields(fields, (), ("schema", "fence_allowed")).values
    return Shape(_schema(given["schema"]) if "schema" in given else None, as_flag(given.get("fence_allowed"), True))


def _schema(node: Node) -> str:
    text = as_text(node)
    try:
        schema = parse(text)
    except NotJsonError as error:
        raise ShinraiError(message("The schema is not JSON."), place=node.place) from error
    if _OUTSIDE.search(text):
        raise ShinraiError(
            message("The schema refers to something outside itself."),
            fix=message("Put everything under “$defs” and refer to it with “#/$defs/…”."),
            place=node.place,
        )
    try:
        _validator(text)
    except ValueError as error:
        raise ShinraiError(message("This is not a JSON Schema."), place=node.place) from error
    if not isinstance(schema, dict):
        raise ShinraiError(message("This is not a JSON Schema."), place=node.place)
    return text


@lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(parse(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions())


def _score(expected: Shape, _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    text = answers[-1].text
    fence = _FENCE.match(text) if expected.fenced else None
    try:
        value = parse(fence.group(1) if fence else text.strip())
    except NotJsonError:
        return failed(message("The answer is not JSON."))
    if expected.schema is None:
        return passed(message("The answer is JSON."))
    errors = 0
    for _error in _validator(expected.schema).iter_errors(value):
        errors += 1
        if errors >= MAX_ERRORS:
            break
    if errors:
        return failed(
            message("The answer is JSON, but {n} things in it are not as the schema says.", n=errors), n=errors
        )
    return passed(message("The answer is JSON as the schema says."))


JSON = SampleScorer("json", "1", message("The answer is JSON of the right shape"), _read, _score)
