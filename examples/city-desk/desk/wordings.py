"""The lists of wordings that the desk looks for, and the texts that it says in its own words, read from two files."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from desk.text import Language

_HERE: Final = Path(__file__).parent


@cache
def pattern(group: str, name: str) -> re.Pattern[str]:
    """Return a list of `wordings.yaml` as one expression; KeyError where there is no such list."""
    return re.compile("|".join(_lists()[group][name]), re.IGNORECASE)


def names(group: str) -> tuple[str, ...]:
    """Return the names of a group's lists, in the order of the file."""
    return tuple(_lists()[group])


def words(group: str, name: str) -> tuple[str, ...]:
    """Return a list of `wordings.yaml` as it stands."""
    return tuple(_lists()[group][name])


def text(name: str, language: Language, *, group: str = "said") -> str:
    """Return a text of `texts.yaml` in a language; KeyError where there is none of that name."""
    return _texts()[group][name][language.value]


def load() -> None:
    """Read both files and compile every list, so that a fault in them shows at once and not in an answer."""
    _texts()
    for group, lists in _lists().items():
        for name in lists:
            pattern(group, name)


@cache
def _lists() -> Mapping[str, Mapping[str, list[str]]]:
    loaded: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load((_HERE / "wordings.yaml").read_text("utf-8"))
    return loaded


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    loaded: Mapping[str, Mapping[str, Mapping[str, str]]] = yaml.safe_load((_HERE / "texts.yaml").read_text("utf-8"))
    return loaded
