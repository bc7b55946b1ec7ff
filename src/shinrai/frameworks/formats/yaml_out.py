"""A framework as text in Shinrai's own format, made to be read in a review.

The same framework always gives the same bytes: fields in the order of docs/reference/framework-format.md, sets in the
order of the lists they are chosen from, and quotes only where YAML needs them. Reading the text gives the framework
back, apart from its digest, which is of the text.
"""

import json
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from shinrai.frameworks.applicability import FACT_NAMES
from shinrai.frameworks.model import ExpectedEvidence, Framework, Requirement, Role, Scope
from shinrai.language import Bilingual

_HEAD = "# What this file says and how to read it: docs/reference/framework-format.md"
_WIDTH = 110
# A letter first, and then nothing that YAML could take for a sign of its own, in a list or out of one.
_SAFE = r"\w .;/()+~^$“”「」『』（）、。・？！：；＝－—–…〔〕′’\-"
_PLAIN_IN_FLOW = re.compile(rf"[^\W\d_][{_SAFE}]*")
_PLAIN = re.compile(rf"[^\W\d_][{_SAFE},\[\]]*")
# Words that YAML 1.1 or 1.2 readers take for a truth value or for nothing.
_TAKEN = frozenset("y n yes no on off true false null".split())  # noqa: SIM905
_LITERAL_LINE = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?")
_RULED_OUT = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def write_yaml(framework: Framework) -> bytes:
    """Return a framework as the text of a framework file, UTF-8.

    `read_framework(write_yaml(framework), name)` equals the framework apart from `digest`.
    """
    return ("\n".join(_lines(framework)) + "\n").encode("utf-8")


def source_parts(requirement: Requirement, keys: frozenset[str]) -> tuple[tuple[str, ...], str | None]:
    """Return the source keys and the section that a requirement's `source` was joined from.

    keys: the framework's source keys. What stands before the first part that is no key is the keys, the rest the
    section, so that joining them again gives the same text.
    """
    parts = requirement.source.split("; ")
    count = 0
    while count < len(parts) and parts[count] in keys:
        count += 1
    return tuple(parts[:count]), "; ".join(parts[count:]) if count < len(parts) else None


def _lines(framework: Framework) -> Iterator[str]:
    yield _HEAD
    yield f"id: {_scalar(framework.id)}"
    yield f"version: {_scalar(framework.version)}"
    yield from _bilingual("", "title", framework.title)
    yield from _bilingual("", "issuer", framework.issuer)
    yield f"force: {framework.force}"
    yield f"published: {framework.published.isoformat()}"
    yield f"valid_from: {framework.valid_from.isoformat()}"
    yield f"superseded_by: {'null' if framework.superseded_by is None else _scalar(framework.superseded_by)}"
    yield f"source: {_scalar(framework.source)}"
    yield f"licence: {_scalar(framework.licence)}"
    yield f"language_of_record: {_scalar(framework.language_of_record)}"
    yield f"coverage: {framework.coverage}"
    yield from _scope(framework.scope)
    yield "source_keys:" if framework.source_keys else "source_keys: {}"
    for key in framework.source_keys:
        yield from _bilingual("  ", key.key, key.title)
    yield from _notes("certainty_notes", framework.certainty_notes)
    yield from _notes("open_questions", framework.open_questions)
    yield "requirements:"
    keys = frozenset(key.key for key in framework.source_keys)
    for requirement in framework.requirements:
        yield from _requirement(requirement, keys)


def _scope(scope: Scope) -> Iterator[str]:
    if scope.regions or scope.facts:
        fields = [
            f"{name}: {_flow(values)}"
            for name, values in (("regions", sorted(scope.regions)), ("facts", _facts(scope.facts)))
            if values
        ]
        yield f"scope: {{{', '.join(fields)}}}"


def _notes(name: str, notes: tuple[Bilingual, ...]) -> Iterator[str]:
    yield f"{name}:" if notes else f"{name}: []"
    for note in notes:
        yield f"  - ja: {_scalar(note.ja)}"
        yield f"    en: {_scalar(note.en)}"


def _requirement(requirement: Requirement, keys: frozenset[str]) -> Iterator[str]:
    yield f"  - id: {_scalar(requirement.id)}"
    yield f"    kind: {requirement.kind}"
    yield from _bilingual("    ", "title", requirement.title)
    yield from _bilingual("    ", "text", requirement.text)
    yield f"    roles: {_flow(role for role in Role if role in requirement.roles)}"
    if requirement.when:
        yield f"    when: {_flow(_facts(requirement.when))}"
    yield f"    force: {requirement.force}"
    yield f"    certainty: {requirement.certainty}"
    cited, section = source_parts(requirement, keys)
    where = "" if section is None else f", section: {_scalar(section, flow=True)}"
    yield f"    source: {{keys: {_flow(cited)}{where}}}"
    if requirement.principle is not None:
        yield f"    principle: {_scalar(requirement.principle)}"
    if requirement.phases:
        yield f"    phases: {_flow(requirement.phases)}"
    if requirement.starts:
        yield "    starts:"
        for start in requirement.starts:
            when = "" if start.when is None else f", when: {start.when}"
            yield f"      - {{day: {start.day.isoformat()}{when}}}"
    if requirement.continues is not None:
        yield f"    continues: {_scalar(requirement.continues)}"
    if requirement.tags:
        yield f"    tags: {_flow(requirement.tags)}"
    yield "    expects:" if requirement.expects else "    expects: []"
    for leaf in requirement.expects:
        yield from _leaf(leaf, requirement.id)


def _leaf(leaf: ExpectedEvidence, requirement: str) -> Iterator[str]:
    yield f"      - name: {_scalar(leaf.id.removeprefix(requirement + '.'))}"
    yield f"        code: {leaf.code}"
    yield from _bilingual("        ", "title", leaf.title)


def _bilingual(indent: str, name: str, text: Bilingual) -> Iterator[str]:
    short = f"{indent}{_scalar(name)}: {{ja: {_scalar(text.ja, flow=True)}, en: {_scalar(text.en, flow=True)}}}"
    if len(short) <= _WIDTH and "\\n" not in short:
        yield short
        return
    yield f"{indent}{_scalar(name)}:"
    for language, said in (("ja", text.ja), ("en", text.en)):
        yield from _long(f"{indent}  {language}:", f"{indent}    ", said)


def _long(name: str, indent: str, text: str) -> Iterator[str]:
    lines = text.split("\n")
    # A block keeps the lines as they are, but only where no blank at an end could get lost in an editor.
    if len(lines) > 1 and all(not line or _LITERAL_LINE.fullmatch(line) for line in lines) and lines[0] and lines[-1]:
        yield f"{name} |-"
        yield from (indent + line if line else "" for line in lines)
    else:
        yield f"{name} {_scalar(text)}"


def _flow(values: Iterable[str]) -> str:
    words = [value.value if isinstance(value, StrEnum) else value for value in values]
    return f"[{', '.join(_scalar(word, flow=True) for word in words)}]"


def _facts(facts: frozenset[str]) -> list[str]:
    # One that is not known is written too: reading the text then refuses it, instead of nobody noticing.
    return [*(fact for fact in FACT_NAMES if fact in facts), *sorted(facts - FACT_NAMES.keys())]


def _scalar(text: str, *, flow: bool = False) -> str:
    """Return a text as YAML writes it: plain where that is safe, in double quotes with escapes where it is not."""
    plain = (_PLAIN_IN_FLOW if flow else _PLAIN).fullmatch(text) is not None or (not flow and _is_address(text))
    if plain and not text.endswith(" ") and text.casefold() not in _TAKEN:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    # JSON leaves these as they are, and YAML forbids or folds them.
    return _RULED_OUT.sub(lambda found: f"\\u{ord(found.group()):04X}", quoted)


def _is_address(text: str) -> bool:
    return re.fullmatch(r"https://[A-Za-z0-9._~/?=&%+-]+", text) is not None
