"""The workbook to begin with: explained, with an example to be written over."""

from datetime import date

from shinrai.frameworks.formats.xlsx.write import write_xlsx
from shinrai.frameworks.model import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Phase,
    Requirement,
    Role,
    SourceKey,
)
from shinrai.language import Bilingual


def template() -> bytes:
    """Return a workbook with a small example; it imports as it stands."""
    return write_xlsx(EXAMPLE)


EXAMPLE = Framework(
    id="my.guideline",
    version="1.0",
    title=Bilingual(ja="社内AI利用指針", en="Company Guideline on the Use of AI"),
    issuer=Bilingual(ja="株式会社例示", en="Example Co., Ltd."),
    force=Force.SHOULD,
    published=date(2026, 1, 15),
    valid_from=date(2026, 4, 1),
    superseded_by=None,
    source="https://example.co.jp/ai-guideline.pdf",
    licence="All rights reserved by Example Co., Ltd.",
    language_of_record="ja",
    coverage=Coverage.EXTRACT,
    requirements=(
        Requirement(
            id="1",
            kind=Kind.PRINCIPLE,
            title=Bilingual(ja="公平性", en="Fairness"),
            text=Bilingual(
                ja="AIの出力によって、特定の人々が不当な不利益を受けないようにする。",
                en="See to it that what the AI puts out does not put anyone at an unfair disadvantage.",
            ),
            roles=frozenset(),
            when=frozenset(),
            force=Force.SHOULD,
            certainty=Certainty.CONFIRMED,
            source="G; 1",
            principle=None,
            expects=(),
        ),
        Requirement(
            id="1.1",
            kind=Kind.SUB_ITEM,
            title=Bilingual(ja="偏りの測定", en="Measuring bias"),
            text=Bilingual(
                ja="導入の前と、その後は毎年、集団ごとの結果を測定し、差があれば理由を確かめる。",
                en="Before it is put into use, and every year after, measure the outcomes of each group and find out "
                "why they differ.",
            ),
            roles=frozenset({Role.DEVELOPER, Role.PROVIDER}),
            when=frozenset({"personal_data"}),
            force=Force.SHOULD,
            certainty=Certainty.CONFIRMED,
            source="G; 1.1",
            principle="1",
            expects=(
                ExpectedEvidence(
                    "1.1.subgroup-metrics",
                    EvidenceCode.MEASUREMENT,
                    Bilingual(ja="集団ごとの評価指標", en="Metrics by group"),
                ),
                ExpectedEvidence(
                    "1.1.acceptance",
                    EvidenceCode.ANSWER,
                    Bilingual(ja="残る差についての責任者の判断", en="Judgement of a responsible person"),
                ),
            ),
            phases=(Phase.DEVELOPMENT, Phase.USE),
            tags=("bias",),
        ),
    ),
    digest="",
    source_keys=(SourceKey("G", Bilingual(ja="社内AI利用指針の原本", en="The guideline itself")),),
    open_questions=(
        Bilingual(ja="委託先にも求めるかを確認する。", en="Whether this is asked of contractors too is to be checked."),
    ),
)
