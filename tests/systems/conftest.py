"""A description without a fault, and a way to spoil it."""

from collections.abc import Callable

import pytest

from shinrai.systems import DescriptionError, Fault, parse_description

MINIMAL = """\
shinrai: 1
system:
  id: screening
  version: 2026.1
  name: {ja: 審査, en: Screening}
  purpose: {ja: 申込みの審査, en: Screens applications}
  roles: [developer, business_user]
  kinds: [predictive]
  affected_people: {ja: 申込者, en: Applicants}
  decision_effect: {level: significant, text: {ja: 融資の可否, en: Credit or none}}
  autonomy: advises
  data: [personal]
  government_use: false
  public_facing: false
  stage: pilot
  regions: [JP, NO]
  suppliers:
    - {name: A, service: hosting, terms_version: 2026-01-01}
  model: {name: m, version: 1.10, file: model/m.json}
frameworks:
  - {id: jp.guideline13, version: 2025-12-19}
people:
  - id: yamada
    name: {ja: 山田, en: Yamada}
    position: {ja: 責任者, en: Lead}
targets:
  decisions:
    kind: table
    file: data/d.parquet
    label: approved
    prediction: predicted
    favourable: 1
    groups: [race, sex]
    intersections: [[race, sex]]
    share: counts
checks:
  group_fairness:
    decide_on: [selection_rate.ratio]
    limits: {selection_rate.ratio: 0.8}
    min_group: 30
  performance:
    skip: {reason: {ja: 理由, en: Reason}}
attestations:
  - id: override
    shows: JP-GL-C1.override-design
    by: yamada
    statement: {ja: 停止できる, en: It can be stopped}
    document: documents/override.md
    expires: 2027-03-31
scope:
  approver: yamada
  not_applicable:
    - {requirement: JP-GL-3.4, reason: {ja: 行政でない, en: No government}}
required: [JP-GL-C1]
validity_days: 180
"""


@pytest.fixture
def minimal() -> str:
    return MINIMAL


@pytest.fixture
def faults() -> Callable[..., tuple[Fault, ...]]:
    """Return the faults found after replacing texts in the faultless description."""

    def find(*replacements: tuple[str, str]) -> tuple[Fault, ...]:
        text = MINIMAL
        for old, new in replacements:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        with pytest.raises(DescriptionError) as caught:
            parse_description(text.encode("utf-8"), "shinrai.yaml")
        return caught.value.faults

    return find
