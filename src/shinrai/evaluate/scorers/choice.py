"""The choice scorer: which of the given options an answer chooses. Where it cannot be told, the score says so.

Options are labelled A-Z, 1-99 or ア, イ, ウ…; ①, (1) and full-width labels are the same as plain ones. What counts, in
this order: an answer that is nothing but a label; a label that is said to be the answer; a single label set apart by
brackets or punctuation; the words of exactly one option. Labels that are denied ("not A", 「Aではなく」) don't count.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from shinrai.evaluate.sample import Answer, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer, failed, passed, undecided
from shinrai.evaluate.scorers.settings import named_texts
from shinrai.evaluate.scorers.wording import comparable, occurs
from shinrai.frameworks.located import Fields, as_fields, as_match, as_word
from shinrai.language import ShinraiError, message

MAX_OPTIONS = 26
_LABEL = re.compile(r"[A-Z]|[1-9][0-9]?|[ア-コ]")
_DENIED_AFTER = (
    r"(?!\W{0,3}(?:では(?:な|あ)|じゃな|でな|は(?:誤|間違|不正解|違)|is (?:not|wrong|incorrect|false)|isn't))"
)
_SAID_BEFORE = (
    r"(?:答え?|回答|解答|正解|正答|選択肢|結論)\s{0,2}(?:は|:|=|として(?:は)?|が)?\s{0,2}"
    r"|(?:answer|choice|option|select|choose|pick)\s{0,2}(?:is|:|=|would be)?\s{0,2}(?:option|choice)?\s{0,2}"
    r"|\\boxed"
)
_OPEN, _CLOSE = r"[\s(\[{「『【<\"'*_]{0,4}", r"[\s)\]}」』】>\"'*_.:。、]{0,4}"
_SAID_AFTER = (
    r"(?:が(?:正|適切|答|妥当)|を(?:選|推)|です|だ(?![ぁ-ん])|である|になります|だと思|と思|"
    r"is (?:the )?(?:correct|right|answer|best)|is my)"
)


@dataclass(frozen=True, slots=True)
class Options:
    """The options by their label, in NFKC and capitals, and the label of the right one."""

    options: Mapping[str, str]
    answer: str


def _read(fields: Fields) -> Options:
    given = as_fields(fields, ("options", "answer")).values
    options = named_texts(given["options"], MAX_OPTIONS)
    for label in options:
        if not _LABEL.fullmatch(label):
            raise ShinraiError(
                message("“{label}” cannot label an option.", label=label),
                fix=message("Label options A, B, C…, 1, 2, 3… or ア, イ, ウ…"),
                place=given["options"].place,
            )
    as_match(given["answer"], _LABEL, message("the label of an option"))
    return Options(options, as_word(given["answer"], options))


def _score(expected: Options, _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    chosen = chosen_option(answers[-1].text, expected.options)
    if chosen is None:
        return undecided(message("Which option the answer chooses cannot be told."))
    if chosen == expected.answer:
        return passed(message("The right option is chosen."), chosen)
    return failed(message("Option {chosen} is chosen, {right} is right.", chosen=chosen, right=expected.answer), chosen)


def chosen_option(text: str, options: Mapping[str, str]) -> str | None:
    """Return the label of the option that an answer chooses, None where none or more than one comes into question."""
    plain = comparable(text, keep_case=True)
    alone, said, apart = _patterns(tuple(options))
    whole = alone.fullmatch(plain)
    if whole:
        return _label(whole.group(1), options)
    for pattern in (said, apart):
        labels = {_label(found, options) for match in pattern.finditer(plain) for found in match.groups() if found}
        if labels:
            return labels.pop() if len(labels) == 1 else None
    folded = plain.casefold()
    worded = [label for label, option in options.items() if occurs(comparable(option), folded)]
    return worded[0] if len(worded) == 1 else None


def _label(found: str, options: Mapping[str, str]) -> str:
    return found if found in options else found.upper()


@lru_cache(maxsize=256)
def _patterns(labels: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return patterns for an answer that is only a label, for one that is said, and for one that is set apart."""
    either = "|".join(sorted(map(re.escape, labels), key=len, reverse=True))
    # An English "a" or "I" in a sentence is no label, so lower case counts only where a label is all there is.
    edge_before, edge_after = r"(?<![A-Za-z0-9ァ-ヶー])", r"(?![A-Za-z0-9ァ-ヶー])"
    bare = rf"{edge_before}({either}){edge_after}"
    alone = rf"{_OPEN}(?:選択肢|option )?{_OPEN}({either}){_CLOSE}(?:です|だ|になります)?[.。]?"
    said = (
        rf"(?:{_SAID_BEFORE}){_OPEN}{bare}{_DENIED_AFTER}"
        rf"|(?<!か)(?<!または)(?<!もしくは)(?<!or )(?<!not ){bare}{_DENIED_AFTER}{_CLOSE}{_SAID_AFTER}"
    )
    apart = rf"[(\[「『【]({either})[)\]」』】]{_DENIED_AFTER}|(?:^|(?<=[\s。.、,])){bare}{_DENIED_AFTER}(?=[.:)、。,])"
    return re.compile(alone, re.IGNORECASE), re.compile(said), re.compile(apart)


CHOICE = SampleScorer("choice", "1", message("The right option is chosen"), _read, _score)
