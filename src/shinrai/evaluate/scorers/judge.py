"""The requirement judge: a chat endpoint that says of an answer whether it meets a requirement, as an instrument.

A judge is known by a digest of everything that can change its verdicts: its instructions, its endpoint with all
settings, how often it is asked, and the name of the model that answers, as the endpoint reports it. Its verdicts come
from the same engine and journal as any sample, so they are durable and an interrupted run goes on.

It is asked at temperature 0, and more than once where `repeats` says so: what it says then of the same answer tells how
often it contradicts itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.sample import PlannedSample, Sample, Score
from shinrai.evaluate.scorers.judge_prompt import (
    MAX_JUDGED,
    REQUIREMENT_PROMPTS,
    Judged,
    Marks,
    digest_of,
    marks,
    neutral,
    requirement_prompt,
)
from shinrai.evaluate.scorers.judge_verdict import Flaw, NoVerdict, Verdict, Word, read_verdict
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.language import Language, Message, ShinraiError, message

SUITE = "judge"
"""Name of the suite that the planned samples of judges carry."""
MAX_REPEATS = 25
MAX_TOKENS = 2_048

_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Judge:
    """A judge.

    id: its name in results. target: the endpoint; its temperature is set to 0. language: of the instructions that it
    gets. repeats: how often it is asked about each answer.
    """

    id: str
    target: ChatTarget
    language: Language = Language.EN
    repeats: int = 1

    def __post_init__(self) -> None:
        _check(self)
        sampling = self.target.sampling
        still = replace(sampling, temperature=0.0, max_tokens=sampling.max_tokens or MAX_TOKENS)
        object.__setattr__(self, "target", replace(self.target, sampling=still))

    def settings(self) -> str:
        """Digest of endpoint, settings and repeats."""
        return digest_of(_encode(self.target.identity()).decode(), str(self.repeats))

    def instrument(self) -> str:
        """Digest of what is known of a requirement judge before it answers: instructions and settings."""
        return digest_of("requirement", REQUIREMENT_PROMPTS[self.language], self.settings())

    def identity(self, models: Iterable[str]) -> str:
        """Digest of the judge with the models that answered, as the endpoint reported them."""
        return identity_digest(self.instrument(), models)


def identity_digest(instrument: str, models: Iterable[str]) -> str:
    """Return the digest of a judge whose instrument and reported models are known."""
    return digest_of("judge", instrument, *sorted(set(models)))


def _check(judge: Judge) -> None:
    if judge.target.sampling.temperature not in (None, 0, 0.0):
        raise ShinraiError(
            message("A judge is asked at temperature 0."),
            fix=message("Leave the temperature out; `repeats` measures how steady the judge is."),
        )
    if judge.target.system is not None:
        raise ShinraiError(
            message("A judge gets its instructions from Shinrai alone."),
            fix=message("Leave the system instructions out."),
        )
    if not 1 <= judge.repeats <= MAX_REPEATS:
        raise ShinraiError(
            message("{number} is not between {low} and {high}.", number=judge.repeats, low=1, high=MAX_REPEATS),
            fix=message("Correct the repeats of the judge."),
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge made of one answer.

    instrument: digest of the judge without models. models: that answered, as reported. votes: one for each repeat, in
    order; one that is no verdict says why. score: what follows from the votes.
    """

    judge: str
    instrument: str
    models: tuple[str, ...]
    judged: Judged
    votes: tuple[Verdict | NoVerdict, ...]
    score: Score

    @property
    def word(self) -> Word | None:
        """What the judge says on the whole; None where it has no verdict."""
        return None if self.score.label is None else Word(self.score.label)

    @property
    def flips(self) -> bool:
        """Whether the judge contradicted itself."""
        return len({vote.word for vote in self.votes if isinstance(vote, Verdict)}) > 1


def plan(judge: Judge, judged: Sequence[Judged]) -> list[PlannedSample]:
    """Return the samples that ask a judge about answers: every repeat of the first answer, then of the next.

    A sample's key holds judge, instructions, the key of the judged sample and the digest of its answer. ValueError
    where two answers have the same key. An answer that is too long for a judge is not asked about.
    """
    keys = [each.key for each in judged]
    if len(set(keys)) != len(keys):
        raise ValueError("two answers to be judged have the same key")
    instrument, identity = judge.instrument(), judge.target.identity()
    planned = []
    for each in judged:
        if too_long(each):
            continue
        prompt = requirement_prompt(each, judge.language, marks_of(instrument, each))
        key = keys_for({"instrument": instrument, "sample": each.key, "judged": each.sha256, "target": identity})
        planned += [
            PlannedSample(key(prompt, repeat), SUITE, each.key, None, repeat, each.key, prompt)
            for repeat in range(judge.repeats)
        ]
    return planned


def marks_of(instrument: str, judged: Judged) -> Marks:
    """Return fence and token for an answer."""
    return marks(instrument, judged.key, judged.requirement, judged.conversation, judged.answer)


def too_long(judged: Judged) -> bool:
    """Whether a judge is not asked about an answer, because no part of it may go unread."""
    return len(judged.requirement) + len(judged.conversation) + len(judged.answer) > MAX_JUDGED


def judgements(
    judge: Judge, judged: Sequence[Judged], taken: Mapping[str, Sample], name: str | None = None
) -> list[Judgement]:
    """Return a judgement for each answer, in their order.

    taken: the judge's replies by the keys of `plan`. name: of the scorer, the judge's id where none is given. A reply
    that is not there is a vote without a verdict, like one that is no verdict.
    """
    instrument = judge.instrument()
    replies: dict[str, list[Sample | None]] = {each.key: [] for each in judged}
    for planned in plan(judge, judged):
        replies[planned.probe].append(taken.get(planned.key))
    return [_judgement(judge, instrument, each, replies[each.key], name or judge.id) for each in judged]


def _judgement(judge: Judge, instrument: str, judged: Judged, replies: Sequence[Sample | None], name: str) -> Judgement:
    shown, token = neutral(judged.answer), marks_of(instrument, judged).token
    votes = tuple(
        read_verdict(reply.answers[-1], shown, token) if reply is not None and reply.answers else silence(reply)
        for reply in replies
    )
    if not votes:
        votes = (NoVerdict(Flaw.TOO_LONG, message("The answer is too long for a judge to be asked about it.")),)
    answered = {reply.answers[-1].model for reply in replies if reply is not None and reply.answers}
    models = tuple(sorted(model or "" for model in answered))
    return Judgement(judge.id, instrument, models, judged, votes, score_of(votes, judged.key, name))


def silence(reply: Sample | None) -> NoVerdict:
    """Return what stands for a reply that did not come."""
    if reply is None or reply.fault is None:
        return NoVerdict(Flaw.NO_REPLY, message("The judge was not asked."))
    return NoVerdict(Flaw.NO_REPLY, message("No answer came from the judge: {kind}.", kind=reply.fault.kind.value))


_OUTCOMES = {Word.MET: Outcome.PASS, Word.NOT_MET: Outcome.FAIL, Word.CANNOT_TELL: Outcome.INCONCLUSIVE}


def score_of(votes: Sequence[Verdict | NoVerdict], key: str, name: str) -> Score:
    """Return the score that follows from the votes of one judge.

    The word that more than half of all votes say counts. Without one it is ERROR where at least half of the votes are
    no verdict, and otherwise INCONCLUSIVE: a judge that contradicts itself.
    """
    words = Counter(vote.word for vote in votes if isinstance(vote, Verdict))
    flawed = [vote for vote in votes if isinstance(vote, NoVerdict)]
    details = {
        "votes": len(votes),
        **{word.value: words[word] for word in Word},
        "errors": len(flawed),
    }
    said = next((word for word in Word if 2 * words[word] > len(votes)), None)
    if said is not None:
        why = next(vote.reason for vote in votes if isinstance(vote, Verdict) and vote.word is said)
        reason = message("The judge says {word}: {reason}", word=WORD_NAMES[said], reason=why)
        return Score(key, name, _OUTCOMES[said], reason.both(), said.value, details)
    if 2 * len(flawed) >= len(votes):
        reason = message("The judge gave no verdict: {what}", what=flawed[0].what)
        return Score(key, name, Outcome.ERROR, reason.both(), None, details)
    reason = message("The judge contradicts itself when it is asked again.")
    return Score(key, name, Outcome.INCONCLUSIVE, reason.both(), Word.CANNOT_TELL.value, details)


WORD_NAMES: Mapping[Word, Message] = {
    Word.MET: message("requirement met"),
    Word.NOT_MET: message("requirement not met"),
    Word.CANNOT_TELL: message("cannot be told"),
}
