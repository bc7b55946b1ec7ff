"""The words in which people give a verdict, in either language, however wide or capital they are typed."""

from collections.abc import Mapping

from shinrai.evaluate.scorers.judge_verdict import Word
from shinrai.frameworks.formats.xlsx.layout import plain
from shinrai.language import Language

CHOICES: Mapping[Language, Mapping[Word, str]] = {
    Language.EN: {Word.MET: "met", Word.NOT_MET: "not met", Word.CANNOT_TELL: "cannot tell"},
    Language.JA: {Word.MET: "満たす", Word.NOT_MET: "満たさない", Word.CANNOT_TELL: "判断できない"},
}
"""What the cells offer. These are the values of a file, not texts of a page, so they stand in no catalogue."""

_MEANT = {plain(said): word for choices in CHOICES.values() for word, said in choices.items()} | {
    plain(word.value): word for word in Word
}

KNOWN = ", ".join(said for choices in CHOICES.values() for said in choices.values())
"""All choices, for error messages."""


def read_word(text: str) -> Word | None:
    """Return the verdict that is meant, None where the text is none of the words."""
    return _MEANT.get(plain(text))
