"""The sheets and columns of a framework workbook: one description for writing, reading and explaining."""

import re
import unicodedata
from dataclasses import dataclass

from shinrai.frameworks.model import Certainty, Coverage, EvidenceCode, Force, Kind, Phase, Role
from shinrai.language import Bilingual


@dataclass(frozen=True, slots=True)
class Column:
    """One column, or one line of the sheet `framework`.

    choices: what may stand there; the cells offer it as a list. several: whether a cell may hold more than one value.
    """

    name: str
    ja: str
    help: Bilingual
    needed: bool = True
    choices: tuple[str, ...] = ()
    several: bool = False
    width: int = 14

    @property
    def heading(self) -> str:
        """What stands at the head of the column."""
        return f"{self.ja}\n{self.name}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of the workbook."""

    name: str
    ja: str
    columns: tuple[Column, ...]

    @property
    def title(self) -> str:
        """What stands on the sheet's tab."""
        return f"{self.ja} {self.name}"


def _b(ja: str, en: str) -> Bilingual:
    return Bilingual(ja=ja, en=en)


_FORCES = tuple(Force)

HEADER = (
    Column("id", "識別子", _b("英数字と「.」「_」「-」。例：my.guideline", "Letters, digits, “.”, “_” and “-”")),
    Column("version", "版", _b("文字列として入力する。例：1.10", "Typed as text, such as 1.10")),
    Column("title_ja", "題名（日本語）", _b("文書の名称", "The name of the document")),
    Column("title_en", "題名（英語）", _b("文書の英語名", "Its name in English")),
    Column("issuer_ja", "発行者（日本語）", _b("定めた機関", "Who issued it")),
    Column("issuer_en", "発行者（英語）", _b("定めた機関の英語名", "Who issued it, in English")),
    Column("force", "拘束力", _b("文書全体の拘束力", "How strongly it asks as a whole"), choices=_FORCES),
    Column("published", "公表日", _b("例：2026-01-15", "Such as 2026-01-15")),
    Column("valid_from", "適用開始日", _b("例：2026-04-01", "Such as 2026-04-01")),
    Column("superseded_by", "後継の版", _b("なければ空欄", "Empty when there is none"), needed=False),
    Column("source", "掲載先", _b("https://で始まる公式のアドレス", "The official address, https://")),
    Column("licence", "利用条件", _b("原文を利用できる条件", "The terms of use of the source")),
    Column("language_of_record", "正文の言語", _b("例：ja", "The language whose text counts, such as ja")),
    Column(
        "coverage", "収録範囲", _b("全部か抜粋か", "Whether every row is here or chosen ones"), choices=tuple(Coverage)
    ),
    Column(
        "regions",
        "対象地域",
        _b("国コード。空欄はすべて", "Country codes, empty for any"),
        needed=False,
        several=True,
    ),
    Column("facts", "対象システム", _b("満たすべき事実", "Facts that must all hold"), needed=False, several=True),
)

FRAMEWORK = Sheet(
    "framework",
    "基本情報",
    (
        Column("field", "項目", _b("", ""), width=26),
        Column("value", "値", _b("", ""), width=60),
        Column("explanation", "説明", _b("", ""), needed=False, width=60),
    ),
)
REQUIREMENTS = Sheet(
    "requirements",
    "要求事項",
    (
        Column("id", "識別子", _b("表の中で重ならない識別子", "An id that is used once")),
        Column("kind", "種別", _b("原文での位置付け", "What the row is in the source"), choices=tuple(Kind), width=18),
        Column("title_ja", "題名（日本語）", _b("短い題名", "A short title"), width=24),
        Column("title_en", "題名（英語）", _b("短い題名の英語", "The title in English"), width=24),
        Column("text_ja", "本文（日本語）", _b("自分の言葉による文", "Full sentences in own words"), width=48),
        Column("text_en", "本文（英語）", _b("本文の英語", "The text in English"), width=48),
        Column(
            "roles",
            "主体",
            _b("求められる主体。空欄はすべて", "Who is asked; empty means everyone"),
            needed=False,
            choices=tuple(Role),
            several=True,
            width=18,
        ),
        Column(
            "when",
            "適用条件",
            _b("いずれか一つに当てはまるとき。空欄は常に", "One of these must hold; empty means always"),
            needed=False,
            several=True,
            width=18,
        ),
        Column("force", "拘束力", _b("求めの強さ", "How strongly it asks"), choices=_FORCES),
        Column("certainty", "確度", _b("C、C2又はM", "C, C2 or M"), choices=tuple(Certainty)),
        Column("source_keys", "出典", _b("「出典」シートの記号", "Keys of the sheet sources"), several=True),
        Column("section", "箇所", _b("出典の中の箇所。例：2.1", "Where in the source, such as 2.1"), needed=False),
        Column("principle", "上位の項目", _b("上の行にある識別子", "The id of a row above"), needed=False),
        Column(
            "phases",
            "段階",
            _b("行うべき段階", "When it is to be done"),
            needed=False,
            choices=tuple(Phase),
            several=True,
        ),
        Column(
            "starts",
            "適用日",
            _b("例：2026-08-02又はhigh_risk=2027-08-02", "Such as 2026-08-02 or high_risk=2027-08-02"),
            needed=False,
            several=True,
        ),
        Column("continues", "前の版の識別子", _b("変わったときだけ", "Only when it was another"), needed=False),
        Column("tags", "見出し語", _b("英小文字の検索語", "Lower-case words to find it"), needed=False, several=True),
    ),
)
EVIDENCE = Sheet(
    "evidence",
    "証拠",
    (
        Column("requirement", "要求事項", _b("「要求事項」シートの識別子", "An id of the sheet requirements")),
        Column("name", "名前", _b("英小文字。例：review-record", "Lower-case, such as review-record"), width=22),
        Column("code", "区分", _b("A、L、D、Q又はX", "A, L, D, Q or X"), choices=tuple(EvidenceCode)),
        Column("title_ja", "題名（日本語）", _b("何によって示すか", "What shows it"), width=40),
        Column("title_en", "題名（英語）", _b("何によって示すかの英語", "What shows it, in English"), width=40),
    ),
)
SOURCES = Sheet(
    "sources",
    "出典",
    (
        Column("key", "記号", _b("要求事項が引く短い名前", "The short name that requirements cite")),
        Column("title_ja", "題名（日本語）", _b("何を指すか", "What it stands for"), width=60),
        Column("title_en", "題名（英語）", _b("何を指すかの英語", "What it stands for, in English"), width=60),
    ),
)
NOTE_KINDS = ("certainty", "question")
NOTES = Sheet(
    "notes",
    "注記",
    (
        Column(
            "kind",
            "種別",
            _b("certainty＝確度の注記、question＝未確認の点", "certainty: on the marks; question: still to be checked"),
            choices=NOTE_KINDS,
        ),
        Column("ja", "日本語", _b("注記の文", "The note"), width=70),
        Column("en", "英語", _b("注記の英語", "The note in English"), width=70),
    ),
)
SHEETS = (FRAMEWORK, REQUIREMENTS, EVIDENCE, SOURCES, NOTES)
README = Sheet("README", "はじめに", ())
CHOICES = Sheet("choices", "選択肢", ())

MEMO = ("memo", "メモ")
"""A column whose heading begins with one of these is the author's own and is not read."""

SEPARATORS = re.compile(r"\s*[,;、，；\n]\s*")


def plain(text: str) -> str:
    """Fold what people type differently and mean alike: widths, case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_\-‐－]+", "", unicodedata.normalize("NFKC", text)).casefold()


def meant(text: str, name: str, ja: str) -> bool:
    """Return whether a heading or a tab means a column or sheet: its name, its Japanese name, or both."""
    folded = plain(text)
    return folded in {plain(name), plain(ja), plain(ja + name), plain(name + ja)}
