"""What imported data is worth: frameworks that hold less than their name says, mappings that say next to nothing.

Nothing is refused here. A file may well be a chosen extract; whoever relies on it should know.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from shinrai.frameworks.formats.draft import UNTRANSLATED
from shinrai.frameworks.formats.report import ImportedMapping, Notice
from shinrai.frameworks.model import Framework
from shinrai.language import Bilingual, Language, message

SHALLOW = 0.5
"""A framework with less than this share of the rows its instrument has is flagged."""

SHORT = 40
"""A framework none of whose texts has more characters than this is flagged."""

EXPLAINED = 20
"""A rationale of more characters than this says why; a shorter one is a word such as `semantic`."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument and how many rows it has by its own account. match: alternatives of words that name it."""

    name: str
    match: tuple[tuple[str, ...], ...]
    rows: int
    what: Bilingual
    source: str


@dataclass(frozen=True, slots=True)
class MappingWorth:
    """What a number of mappings is worth, in counts of pairs.

    relations: pairs by relation. rationale: with any reason; explained: with one of more than EXPLAINED characters.
    strength: with a number. duplicates: that repeat an earlier pair; contradictions: that repeat one with another
    relation. mirrored: that only say backwards what another pair says. to_itself: of a row with itself. unknown_ids:
    with an id that its framework does not have; unknown_frameworks: with a framework that was not among the files.
    """

    pairs: int
    relations: Mapping[str, int]
    rationale: int
    explained: int
    strength: int
    duplicates: int
    contradictions: int
    mirrored: int
    to_itself: int
    unknown_ids: int
    unknown_frameworks: int

    def share(self, count: int) -> float | None:
        """Return a count as a share of the pairs, or None when there are none."""
        return count / self.pairs if self.pairs else None

    def flags(self) -> tuple[Notice, ...]:
        """Return what makes the mappings worth little."""
        if self.pairs and self.relations.get("intersects", 0) == self.pairs:
            return (
                Notice(message("All {count} mappings say “intersects”, so none can carry a result.", count=self.pairs)),
            )
        return ()


_BACKWARDS = {"subset": "superset", "superset": "subset"}


def mapping_worth(mappings: Iterable[ImportedMapping], rows: Mapping[str, frozenset[str]]) -> MappingWorth:
    """Look through mappings. rows: for each framework the ids of its rows, both as the foreign files name them."""
    relations: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    seen: dict[tuple[str, str], str] = {}
    for each in mappings:
        relations[each.relation] += 1
        reason = (each.rationale or "").strip()
        counts["rationale"] += bool(reason)
        counts["explained"] += len(reason) > EXPLAINED
        counts["strength"] += each.strength is not None
        counts["to_itself"] += each.source == each.target
        sides = ((each.source_framework, each.source), (each.target_framework, each.target))
        counts["unknown_frameworks"] += any(framework not in rows for framework, _ in sides)
        counts["unknown_ids"] += any(framework in rows and id_ not in rows[framework] for framework, id_ in sides)
        pair = (each.source, each.target)
        if pair in seen:
            counts["duplicates"] += 1
            counts["contradictions"] += seen[pair] != each.relation
            continue
        backwards = seen.get((each.target, each.source))
        if backwards is not None and pair[0] != pair[1]:
            expected = _BACKWARDS.get(backwards, backwards)
            counts["mirrored"] += expected == each.relation
            counts["contradictions"] += expected != each.relation
        seen[pair] = each.relation
    return MappingWorth(
        pairs=sum(relations.values()),
        relations=dict(sorted(relations.items())),
        rationale=counts["rationale"],
        explained=counts["explained"],
        strength=counts["strength"],
        duplicates=counts["duplicates"],
        contradictions=counts["contradictions"],
        mirrored=counts["mirrored"],
        to_itself=counts["to_itself"],
        unknown_ids=counts["unknown_ids"],
        unknown_frameworks=counts["unknown_frameworks"],
    )


def framework_flags(framework: Framework, name: str) -> tuple[Notice, ...]:
    """Return what makes a framework worth less than it seems. name: of the file it came from."""
    leaves = [row for row in framework.requirements if row.expects]
    texts = [_own_words(row.text, framework) for row in leaves]
    flags = []
    # What a file says of itself counts before what it is called.
    titled = instrument(f"{framework.title.en} {framework.title.ja}")
    filed = instrument(name)
    claimed = titled or filed
    if claimed is not None and len(leaves) < SHALLOW * claimed.rows:
        flags.append(
            message(
                "It bears the name of {instrument}, which has {published} {what} ({source}); here are {rows} rows.",
                instrument=claimed.name,
                published=claimed.rows,
                what=claimed.what,
                source=claimed.source,
                rows=len(leaves),
            )
        )
    if titled is not None and filed is not None and titled is not filed:
        flags.append(
            message(
                "The file is called like {file}, but its title is that of {title}.", file=filed.name, title=titled.name
            )
        )
    titles = [_own_words(row.title, framework) for row in leaves]
    bare = sum(text in {"", title} for text, title in zip(texts, titles, strict=True))
    if leaves and bare == len(leaves):
        flags.append(message("No row has a text beside its title."))
    elif bare:
        flags.append(message("{count} of {rows} rows have no text beside their title.", count=bare, rows=len(leaves)))
    if leaves and max(len(text) for text in texts) <= SHORT:
        flags.append(message("No text has more than {limit} characters.", limit=SHORT))
    return tuple(Notice(flag) for flag in flags)


def instrument(text: str) -> Instrument | None:
    """Return the known instrument that a title or a file's name names, or None."""
    words = set(re.findall(r"[a-z]+[0-9]*|[0-9]+|[^\W\da-z_]+", unicodedata.normalize("NFKC", text).casefold()))
    words |= set(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold()))
    for each in _instruments():
        if any(set(alternative) <= words for alternative in each.match):
            return each
    return None


@cache
def _instruments() -> tuple[Instrument, ...]:
    text = (files("shinrai.frameworks.formats") / "known_instruments.yaml").read_text(encoding="utf-8")
    return tuple(
        Instrument(
            each["name"],
            tuple(tuple(unicodedata.normalize("NFKC", word).casefold() for word in words) for words in each["match"]),
            each["rows"],
            Bilingual(ja=each["what"]["ja"], en=each["what"]["en"]),
            each["source"],
        )
        for each in yaml.safe_load(text)
    )


def _own_words(text: Bilingual, framework: Framework) -> str:
    """Return a text in the language of record, without the mark of one that is not translated."""
    language = Language.JA if framework.language_of_record.startswith("ja") else Language.EN
    said = text.text(language)
    for mark in UNTRANSLATED.values():
        said = said.removeprefix(mark)
    return said.strip()
