"""The sheets and columns of a plan in a workbook; template and reader both follow this one table.

Titles are in both languages in every workbook, so that one file serves both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from shinrai.language import Bilingual, Message
from shinrai.planwatch.words import (
    CERTAINTY,
    DIRECTION,
    MEASURABLE,
    ORIGIN,
    OWNER_KIND,
    QUALIFIER,
    STAGE,
    STATE,
)


class Kind(Enum):
    """What stands in a column. LIST: ids, one after the other with commas."""

    TEXT = "text"
    ID = "id"
    DATE = "date"
    PERIOD = "period"
    NUMBER = "number"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. path: where its value stands in a row of the plan file. words: the choices it is limited to."""

    path: str
    ja: str
    en: str
    kind: Kind = Kind.TEXT
    required: bool = False
    words: Mapping[Any, Message] | None = None

    @property
    def header(self) -> str:
        """The header as the template writes it."""
        return f"{self.ja}\n{self.en}"

    @property
    def names(self) -> frozenset[str]:
        """Every header by which the column is known, without white space and in lower case."""
        return frozenset(plain(name) for name in (self.ja, self.en, self.path, self.ja + self.en))

    def choices(self) -> Mapping[str, str]:
        """Return what may be written for each choice, in either language, and the value it means."""
        found: dict[str, str] = {}
        for value, word in (self.words or {}).items():
            written: Bilingual = word.both()
            found |= {plain(text): value.value for text in (value.value, written.ja, written.en)}
        return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with one row for each item. upright: one value in each row instead (the header of the plan)."""

    name: str
    ja: str
    en: str
    columns: tuple[Column, ...]
    required: bool = False
    upright: bool = False

    @property
    def title(self) -> str:
        """The title as the template writes it."""
        return f"{self.ja} {self.en}"

    @property
    def names(self) -> frozenset[str]:
        """Every title by which the sheet is known."""
        return frozenset(plain(name) for name in (self.ja, self.en, self.ja + self.en))


def plain(text: str) -> str:
    """Return a text without white space and in lower case, to compare it by."""
    return "".join(text.split()).casefold()


def _both(path: str, ja: str, en: str, *, required: bool = True) -> tuple[Column, Column]:
    """Return the columns of a text in both languages; one of the two is enough."""
    return (
        Column(f"{path}.ja", f"{ja}（日本語）", f"{en} (Japanese)", required=required),
        Column(f"{path}.en", f"{ja}（英語）", f"{en} (English)", required=required),
    )


_SOURCE = (
    Column("source.keys", "出典キー", "Source keys", Kind.LIST),
    Column("source.section", "出典箇所", "Place in the source"),
    Column("certainty", "確度", "Certainty", words=CERTAINTY),
)
_NOTE = _both("note", "備考", "Note", required=False)

SHEETS = (
    Sheet(
        "plan",
        "計画",
        "Plan",
        (
            Column("id", "計画ID", "Plan ID", Kind.ID, required=True),
            Column("version", "版", "Version", Kind.ID, required=True),
            Column("owner_kind", "計画の主体", "Kind of plan", required=True, words=OWNER_KIND),
            *_both("title", "計画名", "Title of the plan"),
            *_both("issuer", "策定者", "Issuer"),
            Column("published", "公表日", "Published on", Kind.DATE, required=True),
            Column("valid_from", "適用開始日", "Valid from", Kind.DATE, required=True),
            Column("source", "計画のURL", "Address of the plan"),
        ),
        required=True,
        upright=True,
    ),
    Sheet(
        "sources",
        "出典",
        "Sources",
        (
            Column("key", "キー", "Key", Kind.ID, required=True),
            *_both("title", "出典名", "Title of the source"),
            Column("address", "URL", "Address"),
            Column("published", "公表日", "Published on", Kind.DATE),
        ),
    ),
    Sheet(
        "owners",
        "担当",
        "Owners",
        (
            Column("code", "担当コード", "Code", Kind.ID, required=True),
            *_both("name", "担当名", "Name"),
        ),
    ),
    Sheet(
        "sections",
        "区分",
        "Sections",
        (
            Column("id", "区分ID", "Section ID", Kind.ID, required=True),
            *_both("title", "区分名", "Title of the section"),
            Column("under", "上位区分ID", "Under section", Kind.ID),
        ),
        required=True,
    ),
    Sheet(
        "measures",
        "施策",
        "Measures",
        (
            Column("id", "施策ID", "Measure ID", Kind.ID, required=True),
            Column("section", "区分ID", "Section ID", Kind.ID, required=True),
            *_both("title", "施策名", "Title of the measure"),
            Column("lead", "主担当コード", "Lead", Kind.ID, required=True),
            Column("with", "協力担当コード", "Partners", Kind.LIST),
            Column("due", "期限", "Due on", Kind.DATE),
            Column("stage", "PDCA段階", "PDCA stage", words=STAGE),
            Column("repeats", "再掲元ID", "Repeats", Kind.ID),
            Column("continues", "前計画の施策ID", "Continues", Kind.LIST),
            *_SOURCE,
        ),
        required=True,
    ),
    Sheet(
        "commitments",
        "約束",
        "Commitments",
        (
            Column("id", "約束ID", "Commitment ID", Kind.ID, required=True),
            *_both("text", "内容", "Text"),
            Column("measurable", "測定の可否", "Measurable", required=True, words=MEASURABLE),
            *_both("shown_by", "確認に用いる資料", "Shown by"),
            *_SOURCE,
        ),
    ),
    Sheet(
        "figures",
        "数値",
        "Figures",
        (
            Column("id", "数値ID", "Figure ID", Kind.ID, required=True),
            *_both("title", "数値名", "Title of the figure"),
            Column("value", "値", "Value", Kind.NUMBER, required=True),
            *_both("unit", "単位", "Unit"),
            Column("qualifier", "精度", "How exactly", words=QUALIFIER),
            Column("date", "時点", "Date or period", Kind.PERIOD, required=True),
            Column("origin", "数値の由来", "Origin", required=True, words=ORIGIN),
            *_NOTE,
            *_SOURCE,
        ),
    ),
    Sheet(
        "indicators",
        "指標",
        "Indicators",
        (
            Column("id", "指標ID", "Indicator ID", Kind.ID, required=True),
            *_both("title", "指標名", "Title of the indicator"),
            *_both("unit", "単位", "Unit"),
            *_both("question", "設問の文言", "Words of the question", required=False),
            *_both("counted", "集計の対象", "What is counted"),
            Column("shows", "関連する施策・約束のID", "Shows", Kind.LIST),
            *_SOURCE,
        ),
    ),
    Sheet(
        "groups",
        "集団",
        "Groups",
        (
            Column("indicator", "指標ID", "Indicator ID", Kind.ID, required=True),
            Column("id", "集団ID", "Group ID", Kind.ID, required=True),
            *_both("title", "集団名", "Title of the group"),
        ),
    ),
    Sheet(
        "observations",
        "実績値",
        "Values",
        (
            Column("indicator", "指標ID", "Indicator ID", Kind.ID, required=True),
            Column("group", "集団ID", "Group ID", Kind.ID),
            Column("value", "値", "Value", Kind.NUMBER, required=True),
            Column("qualifier", "精度", "How exactly", words=QUALIFIER),
            Column("date", "時点", "Date or period", Kind.PERIOD, required=True),
            Column("published", "公表日", "Published on", Kind.DATE),
            Column("n", "回答数", "Number of answers", Kind.NUMBER),
            Column("interval.low", "区間の下限", "Interval from", Kind.NUMBER),
            Column("interval.high", "区間の上限", "Interval to", Kind.NUMBER),
            Column("interval.level", "信頼水準（％）", "Level (%)", Kind.NUMBER),
            *_NOTE,
            *_SOURCE,
        ),
    ),
    Sheet(
        "targets",
        "目標値",
        "Targets",
        (
            Column("indicator", "指標ID", "Indicator ID", Kind.ID, required=True),
            Column("group", "集団ID", "Group ID", Kind.ID),
            Column("value", "値", "Value", Kind.NUMBER, required=True),
            Column("direction", "向き", "Direction", required=True, words=DIRECTION),
            Column("qualifier", "精度", "How exactly", words=QUALIFIER),
            Column("by", "達成期日", "To be reached by", Kind.DATE),
            Column("origin", "数値の由来", "Origin", required=True, words=ORIGIN),
            *_NOTE,
            *_SOURCE,
        ),
    ),
    Sheet(
        "events",
        "進捗報告",
        "Status reports",
        (
            Column("about", "施策・約束・区分のID", "Measure, commitment or section", Kind.ID, required=True),
            Column("date", "時点", "Date or period", Kind.PERIOD, required=True),
            Column("state", "状態", "State", required=True, words=STATE),
            *_both("note", "内容", "What happened"),
            *_SOURCE,
        ),
    ),
)
"""In the order of the template. Sheets that are not required may be missing or empty."""

GUIDE = Sheet("guide", "使い方", "Guide", ())
EXAMPLE = Sheet("example", "記入例", "Example", ())
"""Sheets that are left out when a workbook is read."""
