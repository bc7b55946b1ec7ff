"""What a judge may answer: one strict JSON object, and nothing beside it.

A reply is either a verdict in full or it is a fault. Nothing is ever searched for in a reply, cut out of it or guessed
from it: a grade in a sentence, a verdict in capitals, a code fence around the object, two objects, a quotation that the
answer does not hold, or the wrong token are faults, which are counted and shown and are never a pass or a fail.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from shinrai.evaluate.sample import Answer
from shinrai.evaluate.scorers.json_answer import NotJsonError, parse
from shinrai.language import Message, message

MAX_REPLY = 20_000
MAX_QUOTES = 20
MAX_QUOTE = 1_000
MAX_REASON = 1_000
"""Characters of a reason that are kept."""

# Signs that steer a terminal, hide in a text or turn its direction around; a judge's reasoning needs none of them.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff"
    "\ufffe\uffff\U000e0000-\U000e007f]"
)
_ENDED = frozenset({None, "stop", "end_turn", "eos"})


class Word(StrEnum):
    """What a judge, or a person, says of an answer and a requirement."""

    MET = "met"
    NOT_MET = "not_met"
    CANNOT_TELL = "cannot_tell"


class Better(StrEnum):
    """Which of two answers a judge prefers, by the order in which it was shown them."""

    FIRST = "first"
    SECOND = "second"
    NEITHER = "neither"


class Flaw(StrEnum):
    """Why a reply is no verdict."""

    NO_REPLY = "no_reply"
    UNFINISHED = "unfinished"
    TOO_LONG = "too_long"
    ECHO = "echo"
    NOT_ONE_OBJECT = "not_one_object"
    WRONG_FIELDS = "wrong_fields"
    WRONG_WORD = "wrong_word"
    WRONG_TOKEN = "wrong_token"  # noqa: S105  (a kind of fault, not a password)
    TOKEN_ELSEWHERE = "token_elsewhere"  # noqa: S105
    WRONG_REASON = "wrong_reason"
    WRONG_QUOTES = "wrong_quotes"
    UNKNOWN_QUOTE = "unknown_quote"


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of a judged text: text == judged[start : start + len(text)]."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge found. reason: at most MAX_REASON characters, fit to be shown."""

    word: Word
    quotes: tuple[Quote, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two answers a judge prefers, in the order it was shown them."""

    better: Better
    first_quotes: tuple[Quote, ...]
    second_quotes: tuple[Quote, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """A reply that is none. what: in words, safe to show."""

    flaw: Flaw
    what: Message


_SomeWord = TypeVar("_SomeWord", Word, Better)


class _FlawedError(Exception):
    def __init__(self, flaw: Flaw, what: Message) -> None:
        super().__init__(flaw)
        self.flaw = flaw
        self.what = what


@dataclass(frozen=True, slots=True)
class Shown:
    """A judged text as the judge saw it, and as it is; both have the same length, sign for sign."""

    shown: str
    text: str


def read_verdict(reply: Answer, answer: Shown, token: str) -> Verdict | NoVerdict:
    """Read the reply of a requirement judge. token: what this one verdict has to repeat."""
    try:
        given = _object(reply, ("verdict", "quotes", "reason", "token"), token, (answer,))
        word = _word(given["verdict"], Word)
        return Verdict(word, _quotes(given["quotes"], answer), _reason(given["reason"], (answer,)))
    except _FlawedError as error:
        return NoVerdict(error.flaw, error.what)


def read_preference(reply: Answer, first: Shown, second: Shown, token: str) -> Preference | NoVerdict:
    """Read the reply of a pairwise judge."""
    names = ("better", "quotes_first", "quotes_second", "reason", "token")
    try:
        given = _object(reply, names, token, (first, second))
        return Preference(
            _word(given["better"], Better),
            _quotes(given["quotes_first"], first),
            _quotes(given["quotes_second"], second),
            _reason(given["reason"], (first, second)),
        )
    except _FlawedError as error:
        return NoVerdict(error.flaw, error.what)


def _object(reply: Answer, names: tuple[str, ...], token: str, judged: Sequence[Shown]) -> Mapping[str, Any]:
    """Return the fields of a reply that is one object with exactly these names and the right token."""
    if reply.finish not in _ENDED or reply.tool_calls:
        raise _FlawedError(Flaw.UNFINISHED, message("The judge did not finish its verdict."))
    text = reply.text
    if len(text) > MAX_REPLY:
        raise _FlawedError(
            Flaw.TOO_LONG,
            message(
                "The reply of the judge has {size} characters; at most {limit} are read.",
                size=len(text),
                limit=MAX_REPLY,
            ),
        )
    if _echoes(text, judged):
        raise _FlawedError(Flaw.ECHO, message("The judge repeats the answer instead of judging it."))
    try:
        given = parse(text)
    except NotJsonError:
        given = None
    if not isinstance(given, dict):
        raise _FlawedError(
            Flaw.NOT_ONE_OBJECT, message("The reply of the judge is not one JSON object and nothing else.")
        )
    if given.keys() != set(names):
        raise _FlawedError(
            Flaw.WRONG_FIELDS, message("The verdict does not have exactly the fields {names}.", names=", ".join(names))
        )
    if given["token"] != token:
        raise _FlawedError(Flaw.WRONG_TOKEN, message("The verdict does not carry the token of this sample."))
    rest = [value for name, value in given.items() if name != "token"]
    if any(token in part for value in rest for part in _texts(value)):
        raise _FlawedError(
            Flaw.TOKEN_ELSEWHERE, message("The token of this sample stands in the verdict where it does not belong.")
        )
    return given


def _texts(value: object) -> list[str]:
    """Return the texts of a text or a list of texts; other things are refused where they are read."""
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]


def _echoes(text: str, judged: Sequence[Shown]) -> bool:
    """Whether a text is nothing but a judged text."""
    said = text.strip()
    return bool(said) and any(said in (each.shown.strip(), each.text.strip()) for each in judged)


def _word(value: object, words: type[_SomeWord]) -> _SomeWord:
    # Case and width count: a judge that does not keep to the words it was given may mean something else by them.
    for word in words:
        if value == word.value:
            return word
    raise _FlawedError(
        Flaw.WRONG_WORD,
        message("The verdict is none of the words {words}.", words=", ".join(each.value for each in words)),
    )


def _reason(value: object, judged: Sequence[Shown]) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _FlawedError(Flaw.WRONG_REASON, message("The verdict gives no reason."))
    if _echoes(value, judged):
        raise _FlawedError(Flaw.ECHO, message("The judge repeats the answer instead of judging it."))
    return presentable(value)


def presentable(text: str) -> str:
    """Return a text cut to MAX_REASON characters and without signs that hide, steer or turn text around."""
    plain = " ".join(_UNSHOWN.sub("", text).split())
    return plain if len(plain) <= MAX_REASON else plain[: MAX_REASON - 1] + "…"


def _quotes(value: object, judged: Shown) -> tuple[Quote, ...]:
    """Return where each quotation stands.

    They are compared with what the judge saw and with the answer, and kept as the answer has them.
    """
    if (
        not isinstance(value, list)
        or len(value) > MAX_QUOTES
        or not all(isinstance(each, str) and len(each.strip()) > 0 and len(each) <= MAX_QUOTE for each in value)
    ):
        raise _FlawedError(
            Flaw.WRONG_QUOTES,
            message(
                "The quotations are no list of at most {n} texts of at most {size} characters.",
                n=MAX_QUOTES,
                size=MAX_QUOTE,
            ),
        )
    found = []
    for each in value:
        start = max(judged.shown.find(each), judged.text.find(each))
        if start < 0:
            raise _FlawedError(Flaw.UNKNOWN_QUOTE, message("The judge quotes words that do not occur in the answer."))
        found.append(Quote(start, judged.text[start : start + len(each)]))
    return tuple(found)
