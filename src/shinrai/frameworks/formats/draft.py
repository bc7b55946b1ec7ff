"""From the rows of a foreign file to a framework in Shinrai's format.

Foreign files say less than ours: mostly one language, no evidence, often no dates. Nothing of that is guessed. A text
that is missing in a language stands there with a mark in front (`UNTRANSLATED`), a requirement without evidence gets
one answer of a responsible person, and each such thing becomes an open question of the framework.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256

from shinrai.frameworks.formats.report import UNKNOWN, Findings
from shinrai.frameworks.formats.yaml_out import write_yaml
from shinrai.frameworks.loader import ADDRESS, ID, read_framework
from shinrai.frameworks.located import MAX_TEXT
from shinrai.frameworks.model import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Requirement,
    SourceKey,
)
from shinrai.language import Bilingual, Language, Place, ShinraiError, message

UNTRANSLATED = {Language.JA: "〔未訳〕", Language.EN: "[not translated] "}
"""What stands before a text that is shown in another language than the one it should be in."""

UNKNOWN_DAY = date(1900, 1, 1)
"""Stands for a day that the foreign file does not give; no instrument that Shinrai knows of is that old."""

UNKNOWN_SOURCE = "https://source.invalid/"
"""Stands for an address that the foreign file does not give; RFC 2606 keeps `.invalid` free for such uses."""

FILE_KEY = "FILE"
"""The source key of the foreign file itself."""

PLACEHOLDER = "answer"
"""The name of the evidence that a requirement gets when the foreign file names none."""

# Room for a mark in front.
_FITTING = MAX_TEXT - 100


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence the foreign file asks for."""

    name: str
    code: EvidenceCode
    title: Bilingual


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a foreign file. parent: the id of the heading above it. name: what the file itself calls it."""

    id: str
    kind: Kind
    title: Bilingual
    text: Bilingual
    place: Place
    name: str
    parent: str | None = None
    section: str | None = None
    force: Force = Force.MAY
    certainty: Certainty = Certainty.UNVERIFIED
    tags: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What a foreign file says about itself; None where it is silent."""

    id: str
    version: str
    title: Bilingual
    issuer: Bilingual | None = None
    published: date | None = None
    source: str | None = None
    licence: str | None = None
    force: Force = Force.MAY
    questions: tuple[Bilingual, ...] = ()


@dataclass(slots=True)
class Draft:
    """Gathers the rows of one foreign file.

    language: BCP 47 tag of the language the file is in. rows: a Requirement among them is taken as it is. name,
    names: what the file calls the framework, and the row of each id.
    """

    findings: Findings
    language: str
    rows: list[Row | Requirement] = field(default_factory=list)
    name: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def id_for(self, wanted: str, place: Place) -> str:
        """Return an id for a row that the file calls `wanted`, and keep it. One that had to change is a warning."""
        made = usable_id(wanted) or f"row-{len(self.names) + 1}"
        unique, number = made, 1
        taken = {id_.casefold() for id_ in self.names}
        while unique.casefold() in taken:
            number += 1
            unique = f"{made[:120]}-{number}"
        if unique != wanted:
            self.findings.warn(
                message("“{old}” cannot be an id here; it became “{new}”.", old=wanted, new=unique), place
            )
        self.names[unique] = wanted
        return unique

    def said(self, texts: Mapping[str, str] | str, place: Place) -> Bilingual:
        """Return a text in both languages, marked where it is not translated.

        texts: the text in the file's language, or texts by language tag; more than white space each.
        """
        by_tag = {self.language: texts} if isinstance(texts, str) else texts
        fitted = {tag: self._fitted(text, place) for tag, text in by_tag.items()}
        tag = self.language if self.language in fitted else next(iter(fitted))
        both = {}
        for language in Language:
            own = next((text for each, text in fitted.items() if each.split("-")[0] == language), None)
            both[language] = own if own is not None else marked(fitted[tag], language, tag)
        return Bilingual(ja=both[Language.JA], en=both[Language.EN])

    def _fitted(self, text: str, place: Place) -> str:
        if len(text) <= _FITTING:
            return text
        self.findings.lose(
            message(
                "The text has {size} characters; those beyond {limit} are left out.", size=len(text), limit=_FITTING
            ),
            place,
        )
        return text[: _FITTING - 1] + "…"

    def finish(self, header: Header | Framework, data: bytes) -> tuple[Framework, bytes]:
        """Return the framework and its text. header: a Framework's own is taken as it is. data: the foreign file.

        A file with faults is refused here at the latest.
        """
        self.findings.refuse_faults()
        if not self.rows:
            raise ShinraiError(message("There is no row in this file."), place=Place(self.findings.name))
        draft = self._framework(header, data) if isinstance(header, Header) else self._completed(header, data)
        text = write_yaml(draft)
        try:
            framework = read_framework(text, f"{self.findings.name} → YAML")
        except ShinraiError as error:
            raise ShinraiError(
                message("What the file says does not make a framework file: {why}", why=error.what),
                fix=error.fix,
                place=Place(self.findings.name, field=error.place.field if error.place else None),
            ) from error
        counts = self.findings.counts
        counts["requirements"] = len(framework.requirements)
        counts["headings"] = sum(not row.expects for row in framework.requirements)
        counts["evidence"] = sum(len(row.expects) for row in framework.requirements)
        return framework, text

    def _framework(self, header: Header, data: bytes) -> Framework:
        requirements = self._requirements()
        questions = [*header.questions, *self._questions(header, requirements)]
        for question in questions:
            self.findings.warn(message("{question}", question=question))
        return Framework(
            id=header.id,
            version=header.version,
            title=header.title,
            issuer=header.issuer or UNKNOWN,
            force=header.force,
            published=header.published or UNKNOWN_DAY,
            valid_from=header.published or UNKNOWN_DAY,
            superseded_by=None,
            source=header.source if header.source and ADDRESS.fullmatch(header.source) else UNKNOWN_SOURCE,
            licence=header.licence or UNKNOWN.en,
            language_of_record=self.language,
            coverage=Coverage.EXTRACT,
            requirements=requirements,
            digest="",
            source_keys=(SourceKey(FILE_KEY, imported_file(self.findings.name, data)),),
            certainty_notes=(_TAKEN_OVER,),
            open_questions=tuple(questions),
        )

    def _completed(self, header: Framework, data: bytes) -> Framework:
        """Return a framework with the rows gathered here, and with the key that foreign ones among them cite."""
        keys = header.source_keys
        if any(isinstance(row, Row) for row in self.rows) and all(key.key != FILE_KEY for key in keys):
            keys = (*keys, SourceKey(FILE_KEY, imported_file(self.findings.name, data)))
        return replace(header, requirements=self._requirements(), source_keys=keys)

    def _requirements(self) -> tuple[Requirement, ...]:
        headings = {row.parent if isinstance(row, Row) else row.principle for row in self.rows}
        taken = {row.id for row in self.rows}
        made = []
        for row in self.rows:
            if isinstance(row, Requirement):
                taken.update(leaf.id for leaf in row.expects)
                made.append(row)
                continue
            evidence = row.evidence
            if row.id not in headings and not evidence:
                evidence = (Evidence(PLACEHOLDER, EvidenceCode.ANSWER, _ANSWER),)
                self.findings.counts["evidence supplied"] += 1
            made.append(
                Requirement(
                    id=row.id,
                    kind=row.kind,
                    title=row.title,
                    text=row.text,
                    roles=frozenset(),
                    when=frozenset(),
                    force=row.force,
                    certainty=row.certainty,
                    source=FILE_KEY if row.section is None else f"{FILE_KEY}; {row.section}",
                    principle=row.parent,
                    expects=() if row.id in headings else _leaves(row.id, evidence, taken),
                    tags=row.tags,
                )
            )
        return tuple(made)

    def _questions(self, header: Header, requirements: tuple[Requirement, ...]) -> list[Bilingual]:
        questions = []
        for language in Language:
            missing = sum(is_untranslated(row.text, language) for row in requirements)
            if missing:
                questions.append(_NOT_TRANSLATED[language].both_with(missing))
        if self.findings.counts["evidence supplied"]:
            questions.append(_NO_EVIDENCE.both_with(self.findings.counts["evidence supplied"]))
        if header.published is None:
            questions.append(_NO_DAY)
        if not (header.source and ADDRESS.fullmatch(header.source)):
            questions.append(_NO_SOURCE)
        if header.licence is None:
            questions.append(_NO_LICENCE)
        return questions


def usable_id(wanted: str) -> str:
    """Return the id nearest to a text; empty when the text has no letter or digit an id can hold."""
    folded = unicodedata.normalize("NFKC", wanted).strip()
    if ID.fullmatch(folded):
        return folded
    return re.sub(r"([^A-Za-z0-9._-]|-)+", "-", folded).strip("-._")[:100].rstrip("-._")


def marked(text: str, language: Language, tag: str) -> str:
    """Return a text of another language with the mark that it is not translated.

    tag: the language the text is in. It is named in the mark where it is neither of ours.
    """
    mark = UNTRANSLATED[language]
    if tag.split("-")[0] not in set(Language):
        mark = f"〔未訳：{tag}〕" if language is Language.JA else f"[not translated: {tag}] "
    return mark + text


def is_untranslated(text: Bilingual, language: Language) -> bool:
    """Return whether a text stands in one language only as a copy of another."""
    return text.text(language).startswith("〔未訳" if language is Language.JA else "[not translated")


def day(text: str | None) -> date | None:
    """Return the day that begins an ISO 8601 text, or None when there is none."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def imported_file(name: str, data: bytes) -> Bilingual:
    """Return what a source key says of an imported file."""
    digest = sha256(data).hexdigest()
    short = name.replace("\\", "/").rsplit("/", 1)[-1]
    return Bilingual(
        ja=f"取り込んだファイル{short}（SHA-256：{digest}）", en=f"The imported file {short} (SHA-256: {digest})"
    )


def _leaves(id_: str, evidence: tuple[Evidence, ...], taken: set[str]) -> tuple[ExpectedEvidence, ...]:
    leaves = []
    for piece in evidence:
        name, number = piece.name, 1
        while f"{id_}.{name}" in taken:
            number += 1
            name = f"{piece.name}-{number}"
        taken.add(f"{id_}.{name}")
        leaves.append(ExpectedEvidence(f"{id_}.{name}", piece.code, piece.title))
    return tuple(leaves)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A sentence with a number in it."""

    ja: str
    en: str

    def both_with(self, count: int) -> Bilingual:
        return Bilingual(ja=self.ja.format(count=count), en=self.en.format(count=count))


_ANSWER = Bilingual(
    ja="責任者の回答（取り込み時の仮置き）", en="Answer of a responsible person (placeholder of the import)"
)
_TAKEN_OVER = Bilingual(
    ja="この文書は他の形式のファイルから機械的に取り込んだものであり、各行の確度は、ファイルに示されていない限り"
    "「M」（未確認）とした。原文と照合したうえで改める必要がある。",
    en="This was taken over by machine from a file in another format. Unless that file says otherwise, every row is "
    "marked M (not confirmed) until someone has compared it with the original.",
)
_NOT_TRANSLATED = {
    Language.JA: _Counted(
        "本文に日本語のない行が{count}行ある。「〔未訳〕」と記した箇所は翻訳する必要がある。",
        "{count} rows have no Japanese text. What is marked 〔未訳〕 is to be translated.",
    ),
    Language.EN: _Counted(
        "本文に英語のない行が{count}行ある。「[not translated]」と記した箇所は翻訳する必要がある。",
        "{count} rows have no English text. What is marked “[not translated]” is to be translated.",
    ),
}
_NO_EVIDENCE = _Counted(
    "{count}行には求める証拠が示されていないため、責任者の回答（Q）を仮に置いた。何によって示せるかを定める必要がある。",
    "{count} rows name no evidence, so an answer of a responsible person (Q) stands there for now. What can show them "
    "is to be settled.",
)
_NO_DAY = Bilingual(
    ja="公表日がファイルに記載されていないため、1900年1月1日を仮に置いた。",
    en="The file gives no day of publication; 1900-01-01 stands in its place.",
)
_NO_SOURCE = Bilingual(
    ja="公式の掲載先がファイルに記載されていないため、存在しないアドレスを仮に置いた。",
    en="The file gives no official address; one that does not exist stands in its place.",
)
_NO_LICENCE = Bilingual(
    ja="利用条件がファイルに記載されていない。利用してよいかを確認する必要がある。",
    en="The file states no licence. Whether its content may be used is to be checked.",
)
