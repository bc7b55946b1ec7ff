"""Several judges on the same answers: what most of them say, how far they agree, and what a person has to look at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.sample import Score
from shinrai.evaluate.scorers.judge import WORD_NAMES, Judgement
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.scorers.judge_verdict import Word
from shinrai.evaluate.statistics.agreement import Agreement, Panel, chance_corrected, panel_agreement
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import message


@dataclass(frozen=True, slots=True)
class PanelJudgement:
    """What a panel made of one answer. review: whether a person has to look at it."""

    judged: Judged
    members: tuple[Judgement, ...]
    score: Score
    review: bool


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How far two judges agree on the answers of which both gave a verdict."""

    judges: tuple[str, str]
    kappa: Agreement | Undefined
    ac1: Agreement | Undefined


@dataclass(frozen=True, slots=True)
class PanelRun:
    """A panel's judgements, and its agreement: of all judges together and of each two."""

    judgements: tuple[PanelJudgement, ...]
    agreement: Panel
    pairs: tuple[PairAgreement, ...]

    @property
    def for_review(self) -> tuple[Judged, ...]:
        """Answers that a person has to look at."""
        return tuple(each.judged for each in self.judgements if each.review)


def panel(members: Mapping[str, Sequence[Judgement]], name: str) -> PanelRun:
    """Put the judgements of several judges together, answer by answer.

    members: for each judge its judgements, of the same answers in the same order; at least two judges, ValueError
    otherwise. name: of the scorer. The word that more than half of all judges say counts; without one the answer is
    inconclusive, or ERROR where at least half of the judges gave no verdict.
    """
    rows = list(members.values())
    if len(rows) < 2 or any([each.judged for each in row] != [each.judged for each in rows[0]] for row in rows):
        raise ValueError("a panel needs two judges or more, on the same answers in the same order")
    judged = tuple(_together(each, name) for each in zip(*rows, strict=True))
    verdicts = {
        each.judged.key: [member.word.value for member in each.members if member.word is not None] for each in judged
    }
    pairs = tuple(_agreement(one, other, members[one], members[other]) for one, other in combinations(members, 2))
    return PanelRun(judged, panel_agreement(verdicts), pairs)


def _together(members: tuple[Judgement, ...], name: str) -> PanelJudgement:
    judged = members[0].judged
    words = Counter(member.word for member in members if member.word is not None)
    silent = len(members) - words.total()
    details = {"judges": len(members), **{word.value: words[word] for word in Word}, "errors": silent}
    said = next((word for word in Word if 2 * words[word] > len(members)), None)
    if said is not None:
        outcome = {Word.MET: Outcome.PASS, Word.NOT_MET: Outcome.FAIL, Word.CANNOT_TELL: Outcome.INCONCLUSIVE}[said]
        reason = message("{n} of {m} judges say {word}.", n=words[said], m=len(members), word=WORD_NAMES[said])
        score = Score(judged.key, name, outcome, reason.both(), said.value, details)
    elif 2 * silent >= len(members):
        reason = message("{n} of {m} judges gave no verdict.", n=silent, m=len(members))
        score = Score(judged.key, name, Outcome.ERROR, reason.both(), None, details)
    else:
        reason = message("The judges do not agree.")
        score = Score(judged.key, name, Outcome.INCONCLUSIVE, reason.both(), None, details)
    # A panel that cannot tell, or in which one voice differs or is missing, has not settled the matter.
    review = len(words) != 1 or silent > 0 or Word.CANNOT_TELL in words
    return PanelJudgement(judged, members, score, review)


def _agreement(one: str, other: str, first: Sequence[Judgement], second: Sequence[Judgement]) -> PairAgreement:
    words = list(Word)
    table = [[0] * len(words) for _ in words]
    for mine, yours in zip(first, second, strict=True):
        if mine.word is not None and yours.word is not None:
            table[words.index(mine.word)][words.index(yours.word)] += 1
    return PairAgreement((one, other), chance_corrected(table, "kappa"), chance_corrected(table, "ac1"))
