"""What lies before a member that reads: the question on a control and the evidence for it, as text.

People and models get the same text. A model that reads numbers only is shown measurements alone, which hold nothing but
what Shinrai computed; titles and findings, which can carry words of the assessed system, are left out for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinrai.council.case_file import CouncilCase, Listed
from shinrai.language import Bilingual, Language, Message, message
from shinrai_verify.encoding import Fault, strict_json

MOST_TEXT = 20_000
"""Characters of one content that are shown; what is cut off is said."""
_MEASURED = ("value", "low", "high", "level", "n", "outcome")
_TEXTUAL = ("text/", "application/yaml", "application/json")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One content. text: what is shown of it; note: what is not, and why. raw: whether words of others are in it."""

    name: str
    sha256: str
    text: str
    note: Message | None
    raw: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """The question on one control with what bears on it."""

    control: str
    question: Bilingual
    exhibits: tuple[Exhibit, ...]

    @property
    def inspected(self) -> tuple[str, ...]:
        """Digests of what was shown."""
        return tuple(exhibit.sha256 for exhibit in self.exhibits if exhibit.text)

    def text(self, language: Language) -> str:
        """Return all exhibits as one text."""
        parts = []
        for number, exhibit in enumerate(self.exhibits, start=1):
            head = message(
                "Exhibit {number}: {name} (SHA-256 {sha256})", number=number, name=exhibit.name, sha256=exhibit.sha256
            ).text(language)
            note = [exhibit.note.text(language)] if exhibit.note else []
            parts.append("\n".join([head, *([exhibit.text] if exhibit.text else []), *note]))
        return "\n\n".join(parts)


def dossier(case: CouncilCase, control: str, *, numbers_only: bool = False) -> Dossier:
    """Return what is shown on a control: the contents that its evidence rests on, in the order of the log."""
    listed = {each.sha256: each for each in case.listed}
    exhibits: dict[str, Exhibit] = {}
    for leaf in case.evidence(control):
        about = leaf.statement.predicate
        if about.get("kind") == "attestation" and not numbers_only:
            exhibits[leaf.payload_sha256] = _attestation(leaf.payload_sha256, about)
        for item in about.get("items", ()):
            sha256 = str(item["digest"]["sha256"])
            if sha256 in listed and sha256 not in exhibits:
                exhibits[sha256] = _exhibit(case, listed[sha256], numbers_only=numbers_only)
    return Dossier(control, case.rubric.question(control), tuple(exhibits.values()))


def _exhibit(case: CouncilCase, item: Listed, *, numbers_only: bool) -> Exhibit:
    if item.withheld or not case.has(item.sha256):
        return Exhibit(item.name, item.sha256, "", message("The owner keeps this content back."), False)
    measured = _measurement(case, item) if item.kind == "evaluation" else None
    if measured is not None:
        return Exhibit(item.name, item.sha256, _numbers(measured, full=not numbers_only), None, not numbers_only)
    if numbers_only:
        return Exhibit(item.name, item.sha256, "", message("Not shown to a member that reads numbers only."), False)
    if not item.media_type.startswith(_TEXTUAL):
        note = message("Not shown: {size} bytes of the kind {kind}.", size=item.size, kind=item.media_type[:60])
        return Exhibit(item.name, item.sha256, "", note, False)
    text = case.content(item.sha256).decode("utf-8", "replace")
    cut = message("Only the first {n} of {m} characters are shown.", n=MOST_TEXT, m=len(text))
    return Exhibit(item.name, item.sha256, text[:MOST_TEXT], cut if len(text) > MOST_TEXT else None, True)


def _measurement(case: CouncilCase, item: Listed) -> Mapping[str, Any] | None:
    if not item.media_type.endswith("json"):
        return None
    try:
        record = strict_json(case.content(item.sha256), item.name)
    except Fault:
        return None
    return record if isinstance(record, dict) and {"metric", "outcome", "n"} <= record.keys() else None


def _numbers(record: Mapping[str, Any], *, full: bool) -> str:
    """Write a measurement's numbers in lines of `name: value`; full: with its title and reason."""
    lines = [f"metric: {record.get('metric')}"] if full else []
    lines += [f"{name}: {record.get(name)}" for name in _MEASURED]
    rule, coverage = record.get("rule") or {}, record.get("coverage") or {}
    lines.append(f"limit: {rule.get('comparison')} {rule.get('limit')}")
    lines.append(f"coverage: {coverage.get('used')} of {coverage.get('asked')}")
    if full:
        lines += _titled(record, ("title", "reason"))
    return "\n".join(lines)


def _titled(record: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    found = []
    for name in names:
        both = record.get(name)
        if isinstance(both, dict):
            found.append(f"{name}: {both.get('ja')} / {both.get('en')}")
    return found


def _attestation(sha256: str, about: Mapping[str, Any]) -> Exhibit:
    person, said = about.get("person") or {}, about.get("statement") or {}
    name, position = person.get("name") or {}, person.get("position") or {}
    lines = [
        f"choice: {about.get('choice')}",
        f"by: {name.get('ja')} / {name.get('en')} ({position.get('ja')} / {position.get('en')})",
        f"statement: {said.get('ja')} / {said.get('en')}",
        f"valid until: {about.get('validUntil')}",
    ]
    return Exhibit(str(about.get("attestation", "attestation"))[:120], sha256, "\n".join(lines)[:MOST_TEXT], None, True)
