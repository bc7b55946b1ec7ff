"""The verifier's words, in English and Japanese. English is the key; Japanese stands in the gettext catalogue."""

import gettext
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from shinrai_verify.encoding import Named

LANGUAGES = ("ja", "en")
_LOCALES = Path(__file__).parent / "locales"  # importlib.resources would cost a tenth of the start


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> gettext.NullTranslations:
    compiled = _LOCALES / language / "LC_MESSAGES" / "messages.mo"
    return gettext.GNUTranslations(BytesIO(compiled.read_bytes())) if compiled.is_file() else gettext.NullTranslations()


def say(language: str, text: str, fields: Mapping[str, object] | None = None) -> str:
    """Return a text in a language, its fields filled in and harmless on a terminal."""

    def shown(value: object) -> str:
        return say(language, value.text, value.fields) if isinstance(value, Named) else _harmless(str(value))

    return _catalogue(language).gettext(text).format_map({name: shown(value) for name, value in (fields or {}).items()})


@contextmanager
def gettext_in(language: str, locales: Path = _LOCALES) -> Iterator[None]:
    """Give an argument parser's own words a language: they go through plain gettext, which reads these settings.

    locales: the folder whose catalogue holds the words; this package's own by default.
    """
    before = os.environ.get("LANGUAGE"), gettext.bindtextdomain("messages"), gettext.textdomain()
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain("messages", str(locales))
    gettext.textdomain("messages")
    try:
        yield
    finally:
        gettext.bindtextdomain("messages", before[1])
        gettext.textdomain(before[2])
        if before[0] is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before[0]


def _harmless(text: str) -> str:
    """Show control and direction-changing characters of foreign text as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def preferred_language() -> str:
    """Return the language that SHINRAI_LANG, LC_ALL, LC_MESSAGES or LANG ask for; English unless it is Japanese."""
    tags = (os.environ.get(name, "")[:2].lower() for name in ("SHINRAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    return "ja" if next(filter(None, tags), None) == "ja" else "en"
