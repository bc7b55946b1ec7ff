"""The population that rows are drawn from: shares of attributes, and how likely each kind of person is decided well.

All shares and chances are fractions, so that the rates of the population follow from them exactly. Attributes depend
on each other in three places only: nationality on the prefecture, and employment and line on sex. That age stands
apart from everything is what lets a gap at a crossing with age leave every single column without any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import product
from math import lcm

SEX, AGE, NATIONALITY, PREFECTURE, EMPLOYMENT = "性別", "年代", "国籍", "都道府県", "雇用形態"
FAVOURABLE, UNFAVOURABLE = "可", "否"

Levels = tuple[str, ...]
Shares = Mapping[str, int]


class Domain(StrEnum):
    """What is decided: on applicants for a job, for a loan, or for an insurance."""

    HR = "hr"
    LENDING = "lending"
    INSURANCE = "insurance"


class PlantedGap(StrEnum):
    """Which gap the decisions have.

    MAIN: one group of one column is decided worse. INTERSECTION: two columns crossed, each alone without a gap.
    SIMPSON: within every line women are selected more often, over all lines less often. NONE: all groups are equal.
    """

    MAIN = "main"
    INTERSECTION = "intersection"
    SIMPSON = "simpson"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Wording:
    """Names of a domain's own columns, and the lines applied for: the easiest to get first."""

    line: str
    label: str
    prediction: str
    score: str
    lines: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """People alike in every attribute.

    levels: in the order of Population.attributes. weight: its share of the population in units of 1/Population.weight.
    qualified: chance of the favourable label; selected, selected_unqualified: chance of the favourable decision for
    those with and without that label.
    """

    levels: Levels
    weight: int
    qualified: Fraction
    selected: Fraction
    selected_unqualified: Fraction


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that rows and truth follow from.

    attributes: names of the columns that describe a person. planted: the column or columns of the gap, () for none;
    disadvantaged: their levels. strata: the column within which the gap turns round, for SIMPSON.
    """

    domain: Domain
    gap: PlantedGap
    strength: Fraction
    wording: Wording
    attributes: tuple[str, ...]
    kinds: tuple[Kind, ...]
    planted: tuple[str, ...]
    disadvantaged: Levels
    strata: str | None

    @property
    def weight(self) -> int:
        """Sum of the weights of all kinds."""
        return sum(kind.weight for kind in self.kinds)

    @property
    def denominator(self) -> int:
        """The least number of which every chance is a whole number of parts."""
        chances = {(kind.qualified, kind.selected, kind.selected_unqualified) for kind in self.kinds}
        return lcm(*(chance.denominator for three in chances for chance in three))


WORDINGS = {
    Domain.HR: Wording("職種", "適性", "採否", "評価点", ("営業", "事務", "企画")),
    Domain.LENDING: Wording(
        "融資商品", "返済", "審査結果", "返済見込み", ("自動車ローン", "カードローン", "住宅ローン")
    ),
    Domain.INSURANCE: Wording("保険商品", "無事故", "引受", "引受評点", ("自動車保険", "医療保険", "収入保障保険")),
}

_SEXES: Mapping[Domain, Shares] = {
    Domain.HR: {"男性": 60, "女性": 40},
    Domain.LENDING: {"男性": 60, "女性": 40},
    Domain.INSURANCE: {"男性": 55, "女性": 45},
}
_AGES: Mapping[Domain, Shares] = {
    Domain.HR: {"20代": 30, "30代": 25, "40代": 20, "50代": 15, "60代以上": 10},
    Domain.LENDING: {"20代": 15, "30代": 25, "40代": 25, "50代": 20, "60代以上": 15},
    Domain.INSURANCE: {"20代": 15, "30代": 20, "40代": 20, "50代": 20, "60代以上": 25},
}
# Round shares in thousandths.
_PREFECTURES: Shares = {
    "北海道": 41, "青森県": 10, "岩手県": 10, "宮城県": 18, "秋田県": 8, "山形県": 8, "福島県": 14, "茨城県": 23,
    "栃木県": 15, "群馬県": 15, "埼玉県": 59, "千葉県": 50, "東京都": 112, "神奈川県": 73, "新潟県": 17,
    "富山県": 8, "石川県": 9, "福井県": 6, "山梨県": 6, "長野県": 16, "岐阜県": 16, "静岡県": 29, "愛知県": 60,
    "三重県": 14, "滋賀県": 11, "京都府": 20, "大阪府": 70, "兵庫県": 43, "奈良県": 10, "和歌山県": 7, "鳥取県": 4,
    "島根県": 5, "岡山県": 15, "広島県": 22, "山口県": 11, "徳島県": 6, "香川県": 8, "愛媛県": 10, "高知県": 5,
    "福岡県": 41, "佐賀県": 6, "長崎県": 10, "熊本県": 14, "大分県": 9, "宮崎県": 8, "鹿児島県": 13, "沖縄県": 15,
}  # fmt: skip
_MORE_FOREIGN = frozenset({"東京都", "愛知県", "大阪府", "群馬県", "静岡県", "三重県", "岐阜県"})
_NATIONALITIES: Shares = {"日本": 94, "中国": 2, "ベトナム": 2, "韓国": 1, "ブラジル": 1}
_NATIONALITIES_MORE: Shares = {"日本": 88, "中国": 4, "ベトナム": 4, "韓国": 2, "ブラジル": 2}
_EMPLOYMENT: Mapping[str, Shares] = {
    "男性": {"正社員": 70, "契約社員": 10, "派遣社員": 3, "パート・アルバイト": 9, "自営業": 8},
    "女性": {"正社員": 45, "契約社員": 10, "派遣社員": 5, "パート・アルバイト": 36, "自営業": 4},
}
_LINES: Mapping[str, Sequence[int]] = {"男性": (60, 25, 15), "女性": (15, 25, 60)}

_QUALIFIED = {Domain.HR: Fraction(1, 2), Domain.LENDING: Fraction(7, 10), Domain.INSURANCE: Fraction(3, 5)}
_SELECTED, _SELECTED_UNQUALIFIED = Fraction(7, 10), Fraction(3, 10)
_LEAST_STRENGTH, _MOST_STRENGTH = Fraction(1, 100), Fraction(3, 10)

STRENGTH = Fraction(1, 5)
"""How much less likely the favourable decision is for the group that is decided worse, unless asked otherwise."""

_MAIN = {Domain.HR: (SEX, "女性"), Domain.LENDING: (EMPLOYMENT, "派遣社員"), Domain.INSURANCE: (AGE, "60代以上")}


def population(domain: Domain, gap: PlantedGap, strength: Fraction = STRENGTH) -> Population:
    """Return the population of a domain with a gap.

    strength: from 1/100 to 3/10, ValueError otherwise. MAIN and INTERSECTION: by so much lower is the chance of the
    favourable decision for the disadvantaged group, whatever the label. SIMPSON: a quarter of it is by how much women
    are selected more often within each line.
    """
    if not _LEAST_STRENGTH <= strength <= _MOST_STRENGTH:
        raise ValueError(f"need a strength from {_LEAST_STRENGTH} to {_MOST_STRENGTH}, got {strength}")
    wording = WORDINGS[domain]
    planted, disadvantaged = _planted(domain, gap)
    return Population(
        domain=domain,
        gap=gap,
        strength=strength,
        wording=wording,
        attributes=(SEX, AGE, NATIONALITY, PREFECTURE, EMPLOYMENT, wording.line),
        kinds=tuple(_kinds(domain, gap, strength)),
        planted=planted,
        disadvantaged=disadvantaged,
        strata=wording.line if gap is PlantedGap.SIMPSON else None,
    )


def _planted(domain: Domain, gap: PlantedGap) -> tuple[tuple[str, ...], Levels]:
    match gap:
        case PlantedGap.MAIN:
            column, level = _MAIN[domain]
            return (column,), (level,)
        case PlantedGap.INTERSECTION:
            return (SEX, AGE), ("女性", "30代")
        case PlantedGap.SIMPSON:
            return (SEX,), ("女性",)
        case PlantedGap.NONE:
            return (), ()


def _kinds(domain: Domain, gap: PlantedGap, strength: Fraction) -> list[Kind]:
    lines = WORDINGS[domain].lines
    kinds = []
    # Nationality and prefecture change nothing about the decision, so few chances serve many kinds.
    shifted: dict[Levels, tuple[Fraction, Fraction]] = {}
    for (sex, of_sex), (age, of_age), (prefecture, of_prefecture) in product(
        _SEXES[domain].items(), _AGES[domain].items(), _PREFECTURES.items()
    ):
        nationalities = _NATIONALITIES_MORE if prefecture in _MORE_FOREIGN else _NATIONALITIES
        person = of_sex * of_age * of_prefecture
        for (nationality, of_nationality), (employment, of_employment), (line, of_line) in product(
            nationalities.items(), _EMPLOYMENT[sex].items(), zip(lines, _LINES[sex], strict=True)
        ):
            decided = (sex, age, employment, line)
            if decided not in shifted:
                shift = _shift(domain, gap, strength, decided)
                shifted[decided] = (_SELECTED + shift, _SELECTED_UNQUALIFIED + shift)
            weight = person * of_nationality * of_employment * of_line
            levels = (sex, age, nationality, prefecture, employment, line)
            kinds.append(Kind(levels, weight, _QUALIFIED[domain], *shifted[decided]))
    return kinds


def _shift(domain: Domain, gap: PlantedGap, strength: Fraction, levels: Levels) -> Fraction:
    """By how much the chance of the favourable decision differs from the common one."""
    sex, age, employment, line = levels
    match gap:
        case PlantedGap.NONE:
            return Fraction(0)
        case PlantedGap.MAIN:
            column, level = _MAIN[domain]
            return -strength if {SEX: sex, AGE: age, EMPLOYMENT: employment}[column] == level else Fraction(0)
        case PlantedGap.INTERSECTION:
            return _balanced(domain, strength, sex, age)
        case PlantedGap.SIMPSON:
            step = {name: Fraction(1 - number, 5) for number, name in enumerate(WORDINGS[domain].lines)}[line]
            return step + (strength / 4 if sex == "女性" else 0)


def _balanced(domain: Domain, strength: Fraction, sex: str, age: str) -> Fraction:
    """Return a product of two deviations of mean 0: none in the mean over either column, -strength at one crossing."""
    women, thirties = Fraction(_SEXES[domain]["女性"], 100), Fraction(_AGES[domain]["30代"], 100)
    of_sex = Fraction(1) if sex == "女性" else -women / (1 - women)
    of_age = Fraction(1) if age == "30代" else -thirties / (1 - thirties)
    return -strength * of_sex * of_age
