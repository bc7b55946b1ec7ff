"""The field's terms in both languages, so that one word finds what is written in the other."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from shinrai.frameworks.located import as_fields, as_items, as_text, as_tuple, read_yaml
from shinrai.language import ShinraiError, message

_HYPHENS = ("-", "‐", "‑", "–")
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_KATAKANA_TO_HIRAGANA = {katakana: hiragana for hiragana, katakana in _HIRAGANA_TO_KATAKANA.items()}


def fold(text: str) -> str:
    """Return a text without what does not matter to a search: width, letter case, and hyphens for spaces.

    Unicode normalisation form KC, then full case folding (Unicode Standard, section 3.13).
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    for hyphen in _HYPHENS:
        folded = folded.replace(hyphen, " ")
    return folded


def kana_forms(folded: str) -> frozenset[str]:
    """Return a folded text with all its kana as hiragana and with all of it as katakana; often one and the same."""
    return frozenset((folded.translate(_KATAKANA_TO_HIRAGANA), folded.translate(_HIRAGANA_TO_KATAKANA)))


@dataclass(frozen=True, slots=True)
class Term:
    """One entry: the words that mean the same, the usual one of each language first."""

    ja: tuple[str, ...]
    en: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glossary:
    """All entries. by_word: from a folded word, its kana as katakana, to its entry; no word stands in two."""

    terms: tuple[Term, ...]
    by_word: Mapping[str, Term]

    @property
    def longest(self) -> int:
        """How many words, parted by spaces, the longest term has."""
        return max((word.count(" ") + 1 for word in self.by_word), default=0)

    def find(self, folded: str) -> Term | None:
        """Return the entry of a folded word, or None."""
        return self.by_word.get(folded.translate(_HIRAGANA_TO_KATAKANA))


def load_glossary() -> Glossary:
    """Load the glossary that comes with Shinrai."""
    return read_glossary((files("shinrai.frameworks") / "glossary.yaml").read_bytes(), "glossary.yaml")


def read_glossary(data: bytes, name: str) -> Glossary:
    """Read a glossary: `terms`, a list of entries with the lists `ja` and `en`.

    data: UTF-8, at most 4 MiB. name: what errors call the file. A fault, or a word in two entries, is a ShinraiError
    with its place.
    """
    terms: list[Term] = []
    by_word: dict[str, Term] = {}
    for node in as_items(as_fields(read_yaml(data, name), ("terms",)).values["terms"]):
        field = as_fields(node, ("ja", "en")).values
        term = Term(ja=as_tuple(field["ja"], as_text), en=as_tuple(field["en"], as_text))
        terms.append(term)
        for word in (*term.ja, *term.en):
            key = fold(word).translate(_HIRAGANA_TO_KATAKANA)
            if by_word.setdefault(key, term) is not term:
                raise ShinraiError(
                    message("“{word}” already stands in another entry.", word=word),
                    fix=message("Keep it in one of the two."),
                    place=node.place,
                )
    return Glossary(tuple(terms), by_word)
