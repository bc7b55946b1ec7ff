"""What a new version of a framework changes, and which earlier results cannot stand because of it.

A result was reached under the words of one version. Under another it stands only for rows that ask the same; every
other row has to be assessed again, and the cause is named.
"""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from types import MappingProxyType
from typing import Final

from shinrai.frameworks.model import Coverage, ExpectedEvidence, Framework, Requirement
from shinrai.language import Message, ShinraiError, message


class Change(StrEnum):
    """What became of a row; each row has exactly one.

    ADDED, DROPPED: it is in one version only. CHANGED: it asks something else, wherever it stands. MOVED: it asks the
    same under another id or heading. EDITORIAL: only what we say about the row differs (source, certainty, kind, tags).
    """

    ADDED = "added"
    DROPPED = "dropped"
    CHANGED = "changed"
    MOVED = "moved"
    EDITORIAL = "editorial"
    UNCHANGED = "unchanged"


FIELD_NAMES: Final = MappingProxyType(
    {
        "title": message("the title"),
        "text": message("the text"),
        "roles": message("who is asked"),
        "when": message("the facts on which it is asked"),
        "force": message("how strongly it is asked"),
        "phases": message("when in a system's life it is to be done"),
        "starts": message("from when it applies"),
        "expects": message("the evidence expected"),
        "certainty": message("the certainty mark"),
        "source": message("the source"),
        "kind": message("the kind of row"),
        "tags": message("the tags"),
    }
)
"""The fields that are compared, by the names people read."""

EDITORIAL_FIELDS: Final = frozenset({"certainty", "source", "kind", "tags"})
"""Fields that say something about a row and not what it asks; they touch no result."""

_HEADER_FIELDS = ("title", "issuer", "force", "published", "valid_from", "scope", "coverage", "language_of_record")


@dataclass(frozen=True, slots=True)
class EvidenceChange:
    """How the expected evidence of a row differs, by the names of its pieces: `subgroup-metrics`, in file order."""

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    title: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row in both versions; old is None where it was added, new where it was dropped.

    fields: the names of the fields that differ, in the order of FIELD_NAMES. renumbered, reheaded: whether its id, or
    the heading it stands under, is another one; a heading that was itself renumbered is the same heading.
    """

    change: Change
    old: Requirement | None
    new: Requirement | None
    fields: tuple[str, ...] = ()
    evidence: EvidenceChange = EvidenceChange()
    renumbered: bool = False
    reheaded: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Two versions of one instrument, row by row: those of the new version in its order, then those dropped.

    header: the names of the header fields that differ. caveats: what the comparison cannot say.
    """

    old: Framework
    new: Framework
    rows: tuple[RowChange, ...]
    header: tuple[str, ...]
    caveats: tuple[Message, ...]

    def of(self, change: Change) -> tuple[RowChange, ...]:
        """Return the rows of one change."""
        return tuple(row for row in self.rows if row.change is change)

    @property
    def touched(self) -> Dictionary[str, Message]:
        """Each id of the new version under which no earlier result can stand, with the cause."""
        return {
            row.new.id: self._cause(row)
            for row in self.rows
            if row.new is not None and row.change in {Change.ADDED, Change.CHANGED}
        }

    def _cause(self, row: RowChange) -> Message:
        if row.old is None:
            if self.old.coverage is Coverage.EXTRACT:
                return message(
                    "new here in {new}: what was held of {old} was an extract without it",
                    new=self.new.version,
                    old=self.old.version,
                )
            return message("added in {new}", new=self.new.version)
        differ = _listed(FIELD_NAMES[field] for field in row.fields if field not in EDITORIAL_FIELDS)
        if row.renumbered:
            return message(
                "changed in {new}, where {id} of {old} stands under this id; what differs: {fields}",
                new=self.new.version,
                id=row.old.id,
                old=self.old.version,
                fields=differ,
            )
        return message("changed in {new}; what differs: {fields}", new=self.new.version, fields=differ)


def _listed(names: Iterable[Message]) -> Message:
    return reduce(lambda listed, name: message("{listed}, {name}", listed=listed, name=name), names)


def difference(old: Framework, new: Framework) -> Difference:
    """Compare two versions of one instrument; two instruments are a ShinraiError."""
    if old.id != new.id:
        raise ShinraiError(
            message("“{old}” and “{new}” are two instruments, not two versions of one.", old=old.id, new=new.id),
            fix=message("Compare versions of one instrument; between instruments, use the mappings."),
        )
    before = _matched(old, new)
    rows = [_row(requirement, before, old.by_id) for requirement in new.requirements]
    kept = frozenset(before.values())
    rows += (RowChange(Change.DROPPED, each, None) for each in old.requirements if each.id not in kept)
    header = tuple(field for field in _HEADER_FIELDS if getattr(old, field) != getattr(new, field))
    return Difference(old, new, tuple(rows), header, tuple(_caveats(old, new)))


def _caveats(old: Framework, new: Framework) -> Iterable[Message]:
    if old.coverage is Coverage.EXTRACT:
        yield message(
            "The file of {version} is an extract: what counts as added may have been asked there too.",
            version=old.version,
        )
    if new.coverage is Coverage.EXTRACT:
        yield message(
            "The file of {version} is an extract: what counts as dropped may still be asked there.",
            version=new.version,
        )


def _matched(old: Framework, new: Framework) -> Dictionary[str, str]:
    """Return the id in the old version for each id of the new one that has any; no row is matched twice.

    A row is the same when id and `continues` agree: then the renumbering, if any, lies further back. Next, what one
    version declares as continued holds, in either direction, so that comparing backwards gives the same pairs. Then
    the id alone.
    """
    olds, news = old.by_id, new.by_id
    same = [id_ for id_ in news if id_ in olds]
    declared = [(each.continues, each.id) for each in new.requirements if each.continues]
    declared += [(each.id, each.continues) for each in old.requirements if each.continues]
    pairs = [(id_, id_) for id_ in same if olds[id_].continues == news[id_].continues]
    pairs += sorted(((one, other) for one, other in declared if one in olds and other in news), key=sorted)
    pairs += [(id_, id_) for id_ in same]
    before: dict[str, str] = {}
    taken: set[str] = set()
    for one, other in pairs:
        if one not in taken and other not in before:
            before[other] = one
            taken.add(one)
    return before


def _row(row: Requirement, before: Dictionary[str, str], olds: Dictionary[str, Requirement]) -> RowChange:
    """Compare a row of the new version with what it was."""
    if row.id not in before:
        return RowChange(Change.ADDED, None, row)
    old = olds[before[row.id]]
    evidence = _evidence(old, row)
    fields = tuple(field for field in FIELD_NAMES if _differs(field, old, row, evidence))
    renumbered = old.id != row.id
    reheaded = old.principle != (None if row.principle is None else before.get(row.principle, _NOWHERE))
    if not EDITORIAL_FIELDS.issuperset(fields):
        change = Change.CHANGED
    elif renumbered or reheaded:
        change = Change.MOVED
    else:
        change = Change.EDITORIAL if fields else Change.UNCHANGED
    return RowChange(change, old, row, fields, evidence, renumbered, reheaded)


_NOWHERE = ""
"""What a heading that is new was in the old version: no id is empty."""


def _differs(field: str, old: Requirement, new: Requirement, evidence: EvidenceChange) -> bool:
    if field == "expects":
        return evidence != EvidenceChange()
    if field in {"phases", "starts", "tags"}:
        # In which order they are listed says nothing.
        return frozenset(getattr(old, field)) != frozenset(getattr(new, field))
    return bool(getattr(old, field) != getattr(new, field))


def _evidence(old: Requirement, new: Requirement) -> EvidenceChange:
    """Compare the pieces of evidence by name, so that a renumbered row keeps them."""
    before, after = _pieces(old), _pieces(new)
    both = [name for name in after if name in before]

    def differing(of: Callable[[ExpectedEvidence], object]) -> tuple[str, ...]:
        return tuple(name for name in both if of(before[name]) != of(after[name]))

    return EvidenceChange(
        added=tuple(name for name in after if name not in before),
        dropped=tuple(name for name in before if name not in after),
        code=differing(lambda piece: piece.code),
        title=differing(lambda piece: piece.title),
    )


def _pieces(row: Requirement) -> Dictionary[str, ExpectedEvidence]:
    return {piece.id.removeprefix(f"{row.id}."): piece for piece in row.expects}
