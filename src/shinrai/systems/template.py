"""The commented `shinrai.yaml` that `shinrai init` writes.

Comments come from the schema, so that template, editor help and errors explain a field in the same words. What was not
asked is marked as not written yet; nothing is invented in the user's name.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from shinrai.frameworks.model import Role
from shinrai.language import Bilingual, Language, message
from shinrai.systems.description import Description
from shinrai.systems.fields import FORMAT_VERSION
from shinrai.systems.reader import parse_description
from shinrai.systems.schema import choices, meaning
from shinrai.systems.vocabulary import Autonomy, DataClass, DecisionLevel, Kind, Share, Stage, TargetKind

FRAMEWORKS: Final = (("jp.guideline13", "2025-12-19"), ("jp.aigb", "1.2"))
OWNER: Final = "owner"

_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What `shinrai init` asks.

    language: of the comments. prediction or score: at least one; threshold: needed where there is no prediction.
    owner_name: the person who answers for the system, and approves the scope until the file says otherwise.
    """

    language: Language
    id: str
    name: Bilingual
    purpose: Bilingual
    roles: tuple[Role, ...]
    kinds: tuple[Kind, ...]
    autonomy: Autonomy
    data: tuple[DataClass, ...]
    stage: Stage
    target_file: str
    label: str
    prediction: str | None
    score: str | None
    favourable: str | int | float | bool
    groups: tuple[str, ...]
    share: Share
    owner_name: str
    threshold: float | None = None
    government_use: bool = False
    public_facing: bool = False
    regions: tuple[str, ...] = ("JP",)


def render_template(answers: Answers) -> str:
    """Write the description that the answers make, with every field and choice explained.

    DescriptionError when an answer can't stand in a description; otherwise the text can be read without a fault.
    """
    header = message(
        "System description for Shinrai. Replace what is marked “not written yet” before the first assessment.\n"
        "Results are never written here: they are derived from evidence."
    )
    lines = [f"# {line}" for line in header.text(answers.language).split("\n")]
    for key, value in _content(answers).items():
        lines += ["", *_field((key,), value, "", answers.language)]
    lines += ["", *_attestation_example(answers.language)]
    text = "\n".join(lines) + "\n"
    parse_description(text.encode("utf-8", "surrogatepass"), "shinrai.yaml")
    return text


def unwritten_fields(description: Description) -> tuple[str, ...]:
    """Return the fields of the system that still hold what stands there until somebody writes it."""
    placeholder = _placeholder()
    texts = {
        "system.purpose": description.system.purpose,
        "system.affected_people": description.system.affected_people,
        "system.decision_effect.text": description.system.decision_effect.text,
    }
    return tuple(name for name, text in texts.items() if placeholder.en in text.en or placeholder.ja in text.ja)


def _placeholder() -> Bilingual:
    return message("(not written yet)").both()


def _content(answers: Answers) -> dict[str, Any]:
    """Return the description as plain data, in the order in which it is written."""
    unwritten = _placeholder()
    target = {
        "kind": TargetKind.TABLE,
        "file": answers.target_file,
        "label": answers.label,
        "prediction": answers.prediction,
        "score": answers.score,
        "threshold": answers.threshold,
        "favourable": answers.favourable,
        "groups": answers.groups,
        "share": answers.share,
    }
    return {
        "shinrai": FORMAT_VERSION,
        "system": {
            "id": answers.id,
            "version": "0.1",
            "name": answers.name,
            "purpose": answers.purpose,
            "roles": answers.roles,
            "kinds": answers.kinds,
            "affected_people": unwritten,
            # The cautious choice, until someone decides otherwise.
            "decision_effect": {"level": DecisionLevel.SIGNIFICANT, "text": unwritten},
            "autonomy": answers.autonomy,
            "data": answers.data,
            "government_use": answers.government_use,
            "public_facing": answers.public_facing,
            "stage": answers.stage,
            "regions": answers.regions,
            "suppliers": (),
            "model": {"name": unwritten.text(answers.language), "version": "0.1"},
        },
        "frameworks": [{"id": identifier, "version": version} for identifier, version in FRAMEWORKS],
        "people": [
            {
                "id": OWNER,
                "name": Bilingual(ja=answers.owner_name, en=answers.owner_name),
                "position": message("system owner").both(),
            }
        ],
        "targets": {"decisions": {key: value for key, value in target.items() if value is not None}},
        "scope": {"approver": OWNER, "not_applicable": ()},
        "validity_days": 180,
    }


def _field(path: _Path, value: object, indent: str, language: Language) -> Iterator[str]:
    """Write one field: what it means, the choices it has, and its value."""
    key = path[-1]
    told = meaning(path)
    if told is not None:
        yield f"{indent}# {told.text(language)}"
    for choice, sense in choices(path).items():
        yield f"{indent}#   {choice}: {sense.text(language)}"
    if isinstance(value, Mapping):
        yield f"{indent}{key}:"
        for inner, content in value.items():
            yield from _field((*path, inner), content, indent + "  ", language)
    elif isinstance(value, list):
        yield f"{indent}{key}:"
        for record in value:
            written = ", ".join(f"{name}: {_inline(content)}" for name, content in record.items())
            yield f"{indent}  - {{{written}}}"
    else:
        yield f"{indent}{key}: {_inline(value)}"


def _inline(value: object) -> str:
    """Write a value in one line."""
    if isinstance(value, Bilingual):
        return f"{{ja: {_quote(value.ja)}, en: {_quote(value.en)}}}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, StrEnum):
        return str(value)
    return _quote(value) if isinstance(value, str) else json.dumps(value)


def _quote(text: str) -> str:
    """Write a text between quotation marks; what can't be printed becomes an escape, so that YAML reads it back."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable() or unicodedata.category(sign) == "Zs":
        return sign
    code = ord(sign)
    return {"\n": "\\n", "\t": "\\t"}.get(sign) or (f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")


def _attestation_example(language: Language) -> Iterator[str]:
    """Write an attestation as comments: a person has to mean it before it stands in the file."""
    for line in _EXAMPLE.splitlines():
        key = line.removeprefix("  - ").strip().split(":")[0]
        told = meaning(("attestations",) if key == "attestations" else ("attestations", 0, key))
        yield f"# {line}" + (f"  # {told.text(language)}" if told else "")


_EXAMPLE: Final = f"""\
attestations:
  - id: override-design
    shows: JP-GL-C1.override-design
    by: {OWNER}
    statement: {{ja: …, en: …}}
    document: documents/override-design.md
    expires: 2027-03-31"""
