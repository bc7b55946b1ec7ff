"""Messages and their catalogues."""

import gettext
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from io import BytesIO


class Language(StrEnum):
    """A language Shinrai speaks; the value is its BCP 47 tag."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text that data files carry in both languages."""

    ja: str
    en: str

    def text(self, language: Language) -> str:
        """Return the text in one language."""
        return self.ja if language is Language.JA else self.en


@dataclass(frozen=True)
class Message:
    """A text with its parameters, not yet in any language.

    template: the English text, with `{name}` fields; it is the key of the catalogue.
    parameters: what the fields stand for; a Message or a Bilingual among them is rendered in the same language.
    """

    template: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """Render in one language. A field without a parameter is a KeyError: the catalogue test finds it."""
        template = _catalogue(language).gettext(self.template) if self.template else ""
        rendered = {
            name: value.text(language) if isinstance(value, Message | Bilingual) else value
            for name, value in self.parameters.items()
        }
        return template.format_map(rendered)

    def both(self) -> Bilingual:
        """Render in both languages, for records that outlive the catalogue."""
        return Bilingual(ja=self.text(Language.JA), en=self.text(Language.EN))

    def __str__(self) -> str:
        return self.text(Language.EN)


def message(template: str, /, **parameters: object) -> Message:
    """Make a Message; the extractor of the catalogues looks for calls of this name."""
    return Message(template, parameters)


@lru_cache(maxsize=len(Language))
def _catalogue(language: Language) -> gettext.NullTranslations:
    """All rooms' catalogues of a language as one chain; English needs none, it is the message id."""
    merged = gettext.NullTranslations()
    for room in sorted(files("shinrai").iterdir(), key=lambda entry: entry.name):
        compiled = room / "locales" / language.value / "LC_MESSAGES" / "messages.mo"
        if room.is_dir() and compiled.is_file():
            translations = gettext.GNUTranslations(BytesIO(compiled.read_bytes()))
            translations.add_fallback(merged)
            merged = translations
    return merged


def preferred_language(environment: Mapping[str, str] | None = None) -> Language:
    """Return the language of the environment: SHINRAI_LANG, then LC_ALL, LC_MESSAGES, LANG; English if none is ours."""
    environment = os.environ if environment is None else environment
    for name in ("SHINRAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        tag = environment.get(name, "")[:2].lower()
        if tag:
            return Language.JA if tag == Language.JA.value else Language.EN
    return Language.EN
