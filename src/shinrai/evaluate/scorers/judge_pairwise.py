"""The pairwise judge: which of two answers meets a requirement better, asked in both orders.

Judges favour the first or the second place whatever stands there. So each pair is shown in both orders, and only what
the judge says in both counts; a judge that follows the place and not the answer is inconclusive.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.sample import PlannedSample, Sample, Score
from shinrai.evaluate.scorers.judge import SUITE, Judge, silence
from shinrai.evaluate.scorers.judge_prompt import (
    MAX_JUDGED,
    PAIR_PROMPTS,
    Marks,
    digest_of,
    marks,
    neutral,
    pair_prompt,
)
from shinrai.evaluate.scorers.judge_verdict import Better, Flaw, NoVerdict, Preference, read_preference
from shinrai.language import message


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to the same conversation. key: of the candidate's sample. reference: what it is compared with."""

    key: str
    requirement: str
    conversation: str
    candidate: str
    reference: str
    language: str


class Preferred(StrEnum):
    """What a judge says of a pair in both orders. ORDER: it said different things, so the place decided."""

    CANDIDATE = "candidate"
    REFERENCE = "reference"
    NEITHER = "neither"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class PairVote:
    """What a judge said in one repeat. candidate_first, reference_first: the reply for each order."""

    candidate_first: Preference | NoVerdict
    reference_first: Preference | NoVerdict

    @property
    def preferred(self) -> Preferred | NoVerdict:
        """What both orders say together; a reply that is no verdict makes the whole vote none."""
        if isinstance(self.candidate_first, NoVerdict):
            return self.candidate_first
        if isinstance(self.reference_first, NoVerdict):
            return self.reference_first
        there, back = _AHEAD[self.candidate_first.better], _BEHIND[self.reference_first.better]
        return there if there is back else Preferred.ORDER


_AHEAD = {
    Better.FIRST: Preferred.CANDIDATE,
    Better.SECOND: Preferred.REFERENCE,
    Better.NEITHER: Preferred.NEITHER,
}
_BEHIND = {
    Better.FIRST: Preferred.REFERENCE,
    Better.SECOND: Preferred.CANDIDATE,
    Better.NEITHER: Preferred.NEITHER,
}


@dataclass(frozen=True, slots=True)
class PairJudgement:
    """What one judge made of one pair."""

    judge: str
    pair: Pair
    votes: tuple[PairVote, ...]
    score: Score


def pair_instrument(judge: Judge) -> str:
    """Digest of what is known of a pairwise judge before it answers."""
    return digest_of("pair", PAIR_PROMPTS[judge.language], judge.settings())


def plan_pairs(judge: Judge, pairs: Sequence[Pair]) -> list[PlannedSample]:
    """Return the samples that ask about each pair: for every repeat both orders. Pairs that are too long are left out.

    ValueError where two pairs have the same key.
    """
    if len({pair.key for pair in pairs}) != len(pairs):
        raise ValueError("two pairs to be judged have the same key")
    return [sample for pair in pairs for sample in _samples(judge, pair)]


def _samples(judge: Judge, pair: Pair) -> list[PlannedSample]:
    if len(pair.requirement) + len(pair.conversation) + len(pair.candidate) + len(pair.reference) > MAX_JUDGED:
        return []
    instrument = pair_instrument(judge)
    texts = digest_of(pair.requirement, pair.conversation, pair.candidate, pair.reference)
    asked = {"instrument": instrument, "sample": pair.key, "judged": texts, "target": judge.target.identity()}
    key = keys_for(asked)
    made: list[PlannedSample] = []
    for repeat in range(judge.repeats):
        for first, second in ((pair.candidate, pair.reference), (pair.reference, pair.candidate)):
            used = _marks(instrument, pair, first, second)
            prompt = pair_prompt(pair.requirement, pair.conversation, first, second, judge.language, used)
            # The same text twice makes both orders one question; the variation keeps their samples apart.
            order = "candidate-first" if len(made) % 2 == 0 else "reference-first"
            sample = digest_of(key(prompt, repeat), order)
            made.append(PlannedSample(sample, SUITE, pair.key, order, repeat, pair.key, prompt))
    return made


def _marks(instrument: str, pair: Pair, first: str, second: str) -> Marks:
    return marks(instrument, pair.key, pair.requirement, pair.conversation, first, second)


def pair_judgements(
    judge: Judge, pairs: Sequence[Pair], taken: Mapping[str, Sample], name: str | None = None
) -> list[PairJudgement]:
    """Return a judgement for each pair, in their order. taken: the judge's replies by the keys of `plan_pairs`."""
    return [_judgement(judge, pair, taken, name or judge.id) for pair in pairs]


def _judgement(judge: Judge, pair: Pair, taken: Mapping[str, Sample], name: str) -> PairJudgement:
    instrument = pair_instrument(judge)
    replies: list[Preference | NoVerdict] = []
    for planned in _samples(judge, pair):
        ahead = planned.variation == "candidate-first"
        first, second = (pair.candidate, pair.reference) if ahead else (pair.reference, pair.candidate)
        sample = taken.get(planned.key)
        if sample is None or not sample.answers:
            replies.append(silence(sample))
        else:
            token = _marks(instrument, pair, first, second).token
            replies.append(read_preference(sample.answers[-1], neutral(first), neutral(second), token))
    if not replies:
        unread = NoVerdict(Flaw.TOO_LONG, message("The answer is too long for a judge to be asked about it."))
        replies = [unread, unread]
    votes = tuple(PairVote(*both) for both in zip(replies[::2], replies[1::2], strict=True))
    return PairJudgement(judge.id, pair, votes, _score(votes, pair.key, name))


_OUTCOMES = {
    Preferred.CANDIDATE: Outcome.PASS,
    Preferred.REFERENCE: Outcome.FAIL,
    Preferred.NEITHER: Outcome.INCONCLUSIVE,
    Preferred.ORDER: Outcome.INCONCLUSIVE,
}


def _score(votes: Sequence[PairVote], key: str, name: str) -> Score:
    """PASS where more than half of the repeats prefer the candidate, FAIL the reference; ERROR as for one answer."""
    found = [vote.preferred for vote in votes]
    flawed = [each for each in found if isinstance(each, NoVerdict)]
    counts = Counter(each for each in found if isinstance(each, Preferred))
    details = {"votes": len(votes), **{each.value: counts[each] for each in Preferred}, "errors": len(flawed)}
    said = next((each for each in Preferred if 2 * counts[each] > len(votes)), None)
    if said is not None:
        reasons = {
            Preferred.CANDIDATE: message("In both orders the judge prefers this answer."),
            Preferred.REFERENCE: message("In both orders the judge prefers the other answer."),
            Preferred.NEITHER: message("In both orders the judge prefers neither answer."),
            Preferred.ORDER: message("The judge says different things when the answers change places."),
        }
        return Score(key, name, _OUTCOMES[said], reasons[said].both(), said.value, details)
    if 2 * len(flawed) >= len(votes):
        reason = message("The judge gave no verdict: {what}", what=flawed[0].what)
        return Score(key, name, Outcome.ERROR, reason.both(), None, details)
    reason = message("The judge contradicts itself when it is asked again.")
    return Score(key, name, Outcome.INCONCLUSIVE, reason.both(), Preferred.ORDER.value, details)
