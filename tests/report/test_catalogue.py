"""Every text of this room has a Japanese entry with the same fields, and none is left over."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from jinja2 import Environment

import shinrai.report

ROOM = Path(shinrai.report.__file__).parent
FIELD = re.compile(r"{(\w+)}")


def extracted() -> set[str]:
    found: set[str] = set()
    for module in ROOM.glob("*.py"):
        found |= {str(entry[1]) for entry in extract_from_file("python", module, keywords={"message": None})}
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for template in (ROOM / "templates").glob("*.j2"):
        for _, _, text in environment.extract_translations(template.read_text("utf-8")):  # type: ignore[attr-defined]
            found.add(text[0] if isinstance(text, tuple) else text)
    return found


def catalogue() -> dict[str, str]:
    with (ROOM / "locales/ja/LC_MESSAGES/messages.po").open("rb") as source:
        return {str(entry.id): str(entry.string) for entry in read_po(source, locale="ja") if entry.id}


def test_every_text_has_its_japanese_and_no_entry_is_left_over() -> None:
    assert extracted() == set(catalogue())


def test_no_entry_is_empty_and_fields_agree() -> None:
    for english, japanese in catalogue().items():
        assert japanese
        assert set(FIELD.findall(english)) == set(FIELD.findall(japanese)), english
