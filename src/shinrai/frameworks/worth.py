"""What mapping data is worth: how much of it says why, how strongly, who checked it, and whether its rows exist.

Large collections of mappings mostly say "intersects" and nothing else. This counts what is really there, so that
nobody takes the number of pairs for a number of facts.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from itertools import chain

from shinrai.frameworks.loader import FrameworkKey
from shinrai.frameworks.mapped import share
from shinrai.frameworks.mapping import Mapping, MappingSet, Row, State, contradictions
from shinrai.frameworks.model import Framework
from shinrai.frameworks.relation import RELATION_NAMES, Relation
from shinrai.language import Bilingual, Message, message


@dataclass(frozen=True, slots=True)
class Worth:
    """Counts of pairs; all are of `pairs`, and one pair can count in several.

    relations: the pairs of each relation. with_rationale: those that give a reason; own_rationale: those whose reason
    no other pair gives word for word. with_strength: those that give a strength. reviewed: those that somebody other
    than the author has checked; self_reviewed: those that only the author has. disputed: those under objection.
    contradicted: pairs that disagree with another one about the same rows. unknown_rows: those that name a row which
    its framework does not have; unchecked: those of which at least one framework was not at hand.
    """

    sets: int
    pairs: int
    relations: Dictionary[Relation, int]
    with_rationale: int
    own_rationale: int
    with_strength: int
    reviewed: int
    self_reviewed: int
    disputed: int
    contradicted: int
    unknown_rows: int
    unchecked: int

    @property
    def could_carry(self) -> int:
        """The pairs that carry a result in at least one direction once they are reviewed."""
        return sum(self.relations[each] for each in (Relation.EQUAL, Relation.SUPERSET, Relation.SUBSET))

    def lines(self) -> Iterator[Message]:
        """Say it in words, each number with its share."""
        if self.pairs == 0:
            yield message("There is no mapping.")
            return
        yield message("Pairs of rows: {pairs}; sets of mappings: {sets}.", pairs=self.pairs, sets=self.sets)
        for relation, count in self.relations.items():
            words = message(
                "“{relation}” (the one row {words} the other)", relation=relation, words=RELATION_NAMES[relation]
            )
            yield self._line(words, count)
        yield self._line(message("can carry a result in at least one direction once reviewed"), self.could_carry)
        yield self._line(message("say why"), self.with_rationale)
        yield self._line(message("say why in words of their own, which no other pair repeats"), self.own_rationale)
        yield self._line(message("give a strength"), self.with_strength)
        yield self._line(message("were reviewed by somebody other than the author"), self.reviewed)
        yield self._line(message("were reviewed by the author only, which does not count"), self.self_reviewed)
        yield self._line(message("are disputed"), self.disputed)
        yield self._line(message("disagree with another pair about the same rows"), self.contradicted)
        yield self._line(message("name a row that its framework does not have"), self.unknown_rows)
        yield self._line(message("could not be checked, as a framework is not at hand"), self.unchecked)

    def _line(self, what: Message, count: int) -> Message:
        part = share(count, self.pairs)
        return message("{count} of {n} ({share}): {meaning}", count=count, n=self.pairs, share=part, meaning=what)


def worth(mapping_sets: Iterable[MappingSet], frameworks: Iterable[Framework] = ()) -> Worth:
    """Count what mapping data is worth. frameworks: those against whose rows the pairs are checked."""
    sets = tuple(mapping_sets)
    pairs = tuple(chain.from_iterable(each.mappings for each in sets))
    known = {FrameworkKey(each.id, each.version): each.by_id.keys() for each in frameworks}
    relations = Counter(pair.relation for pair in pairs)
    reasons = Counter(_folded(pair.rationale) for pair in pairs if pair.rationale is not None)
    against = {id(each) for found in contradictions(sets) for each in (found.first, found.second)}
    return Worth(
        sets=len(sets),
        pairs=len(pairs),
        relations={relation: relations[relation] for relation in Relation},
        with_rationale=reasons.total(),
        own_rationale=sum(count == 1 for count in reasons.values()),
        with_strength=sum(pair.strength is not None for pair in pairs),
        reviewed=sum(pair.standing is State.REVIEWED for pair in pairs),
        self_reviewed=sum(pair.self_reviewed for pair in pairs),
        disputed=sum(pair.state is State.DISPUTED for pair in pairs),
        contradicted=len(against),
        unknown_rows=sum(_unknown(pair, known) for pair in pairs),
        unchecked=sum(not {pair.source.framework, pair.target.framework} <= known.keys() for pair in pairs),
    )


def _folded(reason: Bilingual) -> tuple[str, str]:
    return " ".join(reason.ja.split()).casefold(), " ".join(reason.en.split()).casefold()


def _unknown(pair: Mapping, known: Dictionary[FrameworkKey, Collection[str]]) -> bool:
    return any(_missing(row, known) for row in (pair.source, pair.target))


def _missing(row: Row, known: Dictionary[FrameworkKey, Collection[str]]) -> bool:
    return row.framework in known and row.id not in known[row.framework]
