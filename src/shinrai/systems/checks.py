"""Settings of the checks on a table of decisions; the checks are defined in docs/reference/table-checks.md.

The metric names stand here because a limit on a misspelt metric would otherwise never be applied, unnoticed.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from shinrai.systems.fields import Distinct, GroupSize, Label, Named, Proportion, Record, Text, says

PERFORMANCE_METRICS: Final = ("accuracy", "selection_rate", "tpr", "fpr", "ppv", "auc")
FAIRNESS_METRICS: Final = tuple(
    f"{rate}.{contrast}" for rate in ("selection_rate", "tpr", "fpr", "ppv") for contrast in ("difference", "ratio")
)
CALIBRATION_METRICS: Final = ("gap", "brier")
QUALITY_METRICS: Final = ("missing", "duplicates", "constant", "leakage_suspects")
PERSONAL_DATA_METRICS: Final = ("columns",)

_LIMITS: Final = says(
    "Limits by metric, as proportions between 0 and 1 (0.8 means 80 %). A metric with a limit of its own decides.",
    "指標ごとの限度。0から1の割合で書く（80%は0.8）。ここに限度を書いた指標は判定に用いられる。",
)
_MIN_GROUP: Final = says(
    "Groups with fewer rows than this are listed without values and not compared. 5 or more; 30 unless written.",
    "行数がこれに満たない集団は値を示さず、比較もしない。5以上。書かなければ30。",
)


class Skip(Record):
    """A check left out, and why. What it would have shown stays not assessed."""

    reason: Annotated[
        Text,
        says(
            "Why this check is not run. What it would have shown stays “not assessed”.",
            "この検証を行わない理由。この検証で示すはずだった事項は「未評価」のままとなる。",
        ),
    ]


class CheckSettings(Record):
    """What every check can be told. skip: None when the check runs."""

    skip: Annotated[
        Skip | None,
        says("Leave this check out, with a reason.", "この検証を行わない場合に、理由とともに書く。"),
    ] = None


class PerformanceSettings(CheckSettings):
    """Settings of the check `performance`."""

    limits: Annotated[Mapping[Annotated[Label, Named(PERFORMANCE_METRICS)], Proportion], _LIMITS] = Field(
        default_factory=dict
    )


class GroupFairnessSettings(CheckSettings):
    """Settings of the check `group_fairness`. decide_on: None leaves the check's own choice of decisive metrics."""

    limits: Annotated[Mapping[Annotated[Label, Named(FAIRNESS_METRICS)], Proportion], _LIMITS] = Field(
        default_factory=dict
    )
    min_group: Annotated[GroupSize, _MIN_GROUP] = 30
    decide_on: Annotated[
        Annotated[tuple[Annotated[Label, Named(FAIRNESS_METRICS)], ...], Field(min_length=1, max_length=8), Distinct]
        | None,
        says(
            "The metrics the outcome rests on. Unless written: selection_rate.ratio, tpr.difference, fpr.difference.",
            "判定の根拠とする指標。書かなければ selection_rate.ratio、tpr.difference、fpr.difference。",
        ),
    ] = None


class GroupAuditSettings(CheckSettings):
    """Settings of the check `group_audit`: its numbers inform, so there are no limits; it suppresses as the one above.

    limits: always empty; there so that all checks can be asked alike.
    """

    @property
    def limits(self) -> Mapping[str, float]:
        """No number of this check can be given a limit."""
        return {}


class CalibrationSettings(CheckSettings):
    """Settings of the check `calibration`."""

    limits: Annotated[Mapping[Annotated[Label, Named(CALIBRATION_METRICS)], Proportion], _LIMITS] = Field(
        default_factory=dict
    )
    min_group: Annotated[GroupSize, _MIN_GROUP] = 30


class DataQualitySettings(CheckSettings):
    """Settings of the check `data_quality`."""

    limits: Annotated[Mapping[Annotated[Label, Named(QUALITY_METRICS)], Proportion], _LIMITS] = Field(
        default_factory=dict
    )


class PersonalDataSettings(CheckSettings):
    """Settings of the check `personal_data`."""

    limits: Annotated[Mapping[Annotated[Label, Named(PERSONAL_DATA_METRICS)], Proportion], _LIMITS] = Field(
        default_factory=dict
    )


class Checks(Record):
    """Settings by check; a check that is not named runs with its defaults."""

    performance: Annotated[
        PerformanceSettings, says("How well the decisions agree with the labels.", "判断と正解との一致の程度。")
    ] = PerformanceSettings()
    group_fairness: Annotated[
        GroupFairnessSettings, says("How the decisions differ between groups.", "集団の間での判断の差。")
    ] = GroupFairnessSettings()
    group_audit: Annotated[
        GroupAuditSettings,
        says(
            "What chance and circumstances say of differences between groups.",
            "集団の間の差のうち、偶然や条件の違いで説明できる部分。",
        ),
    ] = GroupAuditSettings()
    calibration: Annotated[
        CalibrationSettings,
        says("Whether a score of 0.7 comes true 70 % of the time.", "スコア0.7が実際に70%の確からしさを意味するか。"),
    ] = CalibrationSettings()
    data_quality: Annotated[
        DataQualitySettings,
        says("Missing values, duplicates and leaks of the label.", "欠損、重複、正解の漏れ。"),
    ] = DataQualitySettings()
    personal_data: Annotated[
        PersonalDataSettings,
        says("Columns that look like personal data.", "個人情報とみられる列。"),
    ] = PersonalDataSettings()
