"""What a judge is told: a fixed rubric, and the judged text as fenced data.

The judged text comes from the system that is being assessed, which may want to be judged well. Three things keep it
from speaking to the judge. It stands between fences that carry a number nobody could know when the text was written.
What looks like a fence, or like the control words of a model's chat template, is taken out of it, sign by sign, so that
positions stay. And the verdict has to carry a token that stands in the instructions alone.

Fence and token are digests of the judge, the sample and the judged text itself: a text that holds its own fence would
have to hold its own digest. So they need no secret, are the same when an interrupted run goes on, and anyone can make
them again.

The instructions are the texts in the folder `rubrics`. None holds an example of a verdict, for a judge that repeats its
instructions must not pass.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from shinrai.evaluate.sample import PlannedSample, Prompt, Sample, Speaker, Turn
from shinrai.evaluate.scorers.judge_verdict import Shown
from shinrai.language import Language

VERSION = 1
"""Goes up when fences, tokens or what is neutralised change; a judge asked otherwise is another judge."""

MAX_JUDGED = 200_000
"""Longest text that is put to a judge, in characters; longer ones are an error, so that no part goes unread."""

_FENCE_LIKE = re.compile(
    "[<＜﹤«《]{2,}|[>＞﹥»》]{2,}"  # our fences and their look-alikes
    r"|<\||\|>|</?(?:s|bos|eos|start_of_turn|end_of_turn|think)>|\[/?(?:INST|SYS|TOOL_CALLS)\]"  # chat templates
    "|[\ud800-\udfff]"
)
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("<＜﹤«《", "‹"),
        **dict.fromkeys(">＞﹥»》", "›"),
        "[": "［",
        "]": "］",
        **{chr(code): "\ufffd" for code in range(0xD800, 0xE000)},
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that is to be judged.

    key: of its sample. requirement: what the answer has to do, in words. conversation: what was said before the answer,
    empty where nothing was. language: of the answer, as a BCP 47 tag; judges are calibrated for each.
    """

    key: str
    requirement: str
    conversation: str
    answer: str
    language: str

    @property
    def sha256(self) -> str:
        """Digest of everything that is judged."""
        return digest_of(self.requirement, self.conversation, self.answer)


@dataclass(frozen=True, slots=True)
class Marks:
    """The fence around the data of one sample, and the token of its verdict."""

    fence: str
    token: str


def _rubric(kind: str) -> dict[Language, str]:
    folder = files("shinrai.evaluate.scorers") / "rubrics"
    return {each: (folder / f"{kind}.{each.value}.txt").read_text("utf-8").rstrip() for each in Language}


_REQUIREMENT = _rubric("requirement")
_PAIR = _rubric("pair")


def digest_of(*parts: str) -> str:
    """Return the SHA-256 (lowercase hex) of texts, each with its length, so that no two lists of texts read alike."""
    made = hashlib.sha256()
    for part in parts:
        # A target can send half a character, which UTF-8 has no bytes for.
        data = part.encode("utf-8", "surrogatepass")
        made.update(b"%d:" % len(data) + data)
    return made.hexdigest()


def _versions(texts: Mapping[Language, str]) -> dict[Language, str]:
    return {language: digest_of(str(VERSION), text) for language, text in texts.items()}


REQUIREMENT_PROMPTS: Mapping[Language, str] = _versions(_REQUIREMENT)
"""Digest of the requirement judge's instructions in each language: the version of its prompt."""

PAIR_PROMPTS: Mapping[Language, str] = _versions(_PAIR)
"""Digest of the pairwise judge's instructions in each language."""


def neutral(text: str) -> Shown:
    """Return a text as it may be shown to a judge; what is taken out of it is replaced sign by sign."""
    return Shown(_FENCE_LIKE.sub(lambda found: found.group().translate(_PLAIN), text), text)


def marks(instrument: str, key: str, *judged: str) -> Marks:
    """Return fence and token of one judgement. instrument: digest of the judge; judged: the texts that it judges."""
    base = digest_of(instrument, key, *judged)
    return Marks(digest_of("fence", base)[:32], digest_of("token", base)[:32])


def requirement_prompt(judged: Judged, language: Language, used: Marks) -> Prompt:
    """Return what a requirement judge is asked."""
    blocks = {"REQUIREMENT": judged.requirement, "CONVERSATION": judged.conversation, "ANSWER": judged.answer}
    return _prompt(_REQUIREMENT[language], blocks, used)


def pair_prompt(
    requirement: str, conversation: str, first: str, second: str, language: Language, used: Marks
) -> Prompt:
    """Return what a pairwise judge is asked for one order of the answers."""
    blocks = {"REQUIREMENT": requirement, "CONVERSATION": conversation, "FIRST": first, "SECOND": second}
    return _prompt(_PAIR[language], blocks, used)


def _prompt(instructions: str, blocks: Mapping[str, str], used: Marks) -> Prompt:
    told = instructions.format(fence=used.fence, token=used.token)
    fenced = "\n\n".join(
        f"<<<{name} {used.fence}\n{neutral(text).shown}\n<<<END {name} {used.fence}" for name, text in blocks.items()
    )
    return Prompt((Turn(Speaker.SYSTEM, told), Turn(Speaker.USER, fenced)))


def judged_of(planned: PlannedSample, sample: Sample, requirement: str, language: str) -> Judged:
    """Return the last answer of a sample for judging, with everything that was said and given before it.

    ValueError where the sample is a fault.
    """
    prompt = planned.prompt
    said = [f"[{document.id}] {document.title}\n{document.text}" for document in prompt.documents]
    said += [f"{turn.speaker.value}: {turn.text}" for turn in prompt.turns]
    for answer, follow_up in zip(sample.answers, prompt.follow_ups, strict=False):
        said += [f"{Speaker.ASSISTANT.value}: {answer.text}", f"{Speaker.USER.value}: {follow_up}"]
    return Judged(sample.key, requirement, "\n\n".join(said), sample.answer, language)
