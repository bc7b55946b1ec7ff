"""The city's documents: Markdown files whose front matter says what they are, and whose headings say what is where."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final

import yaml

from desk.text import Language

HERE: Final = Path(__file__).resolve().parent.parent
DOCUMENTS: Final = HERE / "documents"
PLANTED: Final = HERE / "attack"
_HEADING: Final = re.compile(r"^## +(.+)$", re.MULTILINE)


class Aspect(StrEnum):
    """What a sentence tells, and what a question asks for."""

    ABOUT = "about"
    WHO = "who"
    HOW = "how"
    BRING = "bring"
    DEADLINE = "deadline"
    TIME = "time"
    NOTE = "note"
    FEE = "fee"
    HOURS = "hours"
    PLACE = "place"
    CONTACT = "contact"


HEADINGS: Final[Mapping[str, Aspect]] = {
    "内容": Aspect.ABOUT,
    "対象": Aspect.WHO,
    "手続き": Aspect.HOW,
    "必要なもの": Aspect.BRING,
    "期限": Aspect.DEADLINE,
    "日数": Aspect.TIME,
    "注意": Aspect.NOTE,
    "About": Aspect.ABOUT,
    "Who": Aspect.WHO,
    "How": Aspect.HOW,
    "Bring": Aspect.BRING,
    "Deadline": Aspect.DEADLINE,
    "Time": Aspect.TIME,
    "Note": Aspect.NOTE,
}


@dataclass(frozen=True, slots=True)
class Department:
    """Who answers for a document, in both languages."""

    name: Mapping[Language, str]
    place: Mapping[Language, str]
    phone: Mapping[Language, str]
    hours: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of a document, one sentence or a few that belong together, and what it tells."""

    text: str
    aspect: Aspect


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the city.

    title_en, also_en: how an English reader would call a Japanese document. also: further words people use for it.
    supplied: whether it came with the question instead of being the city's.
    """

    id: str
    language: Language
    title: str
    title_en: str
    updated: date
    department: str
    also: tuple[str, ...]
    also_en: tuple[str, ...]
    statements: tuple[Statement, ...]
    supplied: bool = False


@dataclass(frozen=True, slots=True)
class Library:
    """All documents and the departments they name."""

    documents: tuple[Document, ...]
    departments: Mapping[str, Department]

    def department(self, document: Document) -> Department:
        """Return who answers for a document of the city."""
        return self.departments[document.department]


def load_library(*, planted: bool = False) -> Library:
    """Read the documents, and those of the attack where planted; ValueError where a file is not as it should be."""
    departments = _departments(DOCUMENTS / "departments.yaml")
    paths = [*sorted((DOCUMENTS / "ja").glob("*.md")), *sorted((DOCUMENTS / "en").glob("*.md"))]
    paths += sorted(PLANTED.glob("sk-*.md")) if planted else []
    documents = tuple(read_document(path, departments) for path in paths)
    if len({document.id for document in documents}) != len(documents):
        raise ValueError("two documents have the same id")
    return Library(documents, departments)


def read_document(path: Path, departments: Mapping[str, Department]) -> Document:
    """Read one document; ValueError names the file and what is wrong with it."""
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    fields = yaml.safe_load(front)
    try:
        language = Language(fields["language"])
        given = [*_front_statements(fields), *_body_statements(body)]
        if fields["department"] not in departments:
            raise ValueError(f"no department {fields['department']}")
        return Document(
            id=fields["id"],
            language=language,
            title=fields["title"],
            title_en=fields.get("title_en", fields["title"]),
            updated=fields["updated"],
            department=fields["department"],
            also=tuple(fields["also"]),
            also_en=tuple(fields.get("also_en", ())),
            statements=tuple(given),
        )
    except (KeyError, ValueError) as fault:
        raise ValueError(f"{path.name}: {fault}") from fault


def _front_statements(fields: Mapping[str, str]) -> list[Statement]:
    return [Statement(fields["fees"], Aspect.FEE), Statement(fields["hours"], Aspect.HOURS)]


def _body_statements(body: str) -> list[Statement]:
    parts = _HEADING.split(body)[1:]
    return [
        Statement(line.strip(), HEADINGS[heading.strip()])
        for heading, section in zip(parts[::2], parts[1::2], strict=True)
        for line in section.splitlines()
        if line.strip()
    ]


def _departments(path: Path) -> dict[str, Department]:
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        name: Department(
            name={Language.JA: name, Language.EN: given["en"]},
            place={Language.JA: given["place"], Language.EN: given["place_en"]},
            phone={Language.JA: given["phone"], Language.EN: given["phone_en"]},
            hours={Language.JA: given["hours"], Language.EN: given["hours_en"]},
        )
        for name, given in listed.items()
    }
