"""No one types a result: not as a key, not as a value, in no spelling and in neither language."""

from collections.abc import Callable

import pytest

from shinrai.language import Language
from shinrai.systems import Fault, parse_description

Faults = Callable[..., tuple[Fault, ...]]
REFUSAL = "Results are derived from evidence and are never typed"


@pytest.mark.parametrize(
    "key",
    ["status", "Status", "STATUS", "result", "results", "met", "not-met", "compliant", "compliance", "score", "verdict",
     "outcome", "Ｓｔａｔｕｓ", "適合", "状態", "結果", "判定", "評価結果", "達成状況", "スコア", '"status "'],
)  # fmt: skip
@pytest.mark.parametrize(
    ("old", "indent"),
    [
        ("validity_days: 180\n", ""),
        ("  stage: pilot\n", "  "),
        ("    by: yamada\n", "    "),
        ("    min_group: 30\n", "    "),
    ],
)
def test_a_key_that_types_a_result_is_refused(faults: Faults, key: str, old: str, indent: str) -> None:
    found = faults((old, f"{old}{indent}{key}: 適合\n"))
    assert [REFUSAL in str(fault.what) for fault in found] == [True]
    assert "手で書き込むことはできません" in found[0].what.text(Language.JA)


@pytest.mark.parametrize(
    "value", ["met", "Met", "partly", "not_met", "not-met", "pass", "適合", "未達成", "一部適合。"]
)
@pytest.mark.parametrize(
    ("old", "before", "field"),
    [
        ("  stage: pilot\n", "  stage: ", "system.stage"),
        ("    expires: 2027-03-31\n", "    expires: ", "attestations[1].expires"),
        ("checks:\n", "checks:\n  calibration: ", "checks.calibration"),
        ("    min_group: 30\n", "    min_group: ", "checks.group_fairness.min_group"),
    ],
)
def test_a_value_that_types_a_result_is_refused(faults: Faults, value: str, old: str, before: str, field: str) -> None:
    found = faults((old, f"{before}{value}\n"))
    assert [(fault.place.field, REFUSAL in str(fault.what)) for fault in found] == [(field, True)]


def test_a_statement_that_is_a_bare_result_is_refused(faults: Faults) -> None:
    found = faults(("{ja: 停止できる, en: It can be stopped}", "{ja: 適合, en: Met.}"))
    assert [fault.place.field for fault in found] == ["attestations[1].statement.ja", "attestations[1].statement.en"]
    assert all(REFUSAL in str(fault.what) for fault in found)


def test_the_users_own_words_are_left_alone(minimal: str) -> None:
    text = (
        minimal.replace("  decisions:\n", "  results:\n")
        .replace("label: approved", "label: outcome\n    score: score")
        .replace("favourable: 1\n", "favourable: pass\n")
        .replace(
            "{ja: 停止できる, en: It can be stopped}",
            "{ja: 条件を満たす設計である, en: The conditions are met by design}",
        )
    )
    target = parse_description(text.encode(), "f").targets["results"]
    assert (target.label, target.score, target.favourable) == ("outcome", "score", "pass")


def test_a_target_that_types_a_result_is_refused(faults: Faults) -> None:
    (fault,) = faults(("    share: counts\n", "    share: counts\n    result: met\n"))
    assert (fault.place.field, REFUSAL in str(fault.what)) == ("targets.decisions.result", True)


def test_results_are_found_in_lists(faults: Faults) -> None:
    (fault,) = faults(("terms_version: 2026-01-01}", "terms_version: 2026-01-01, verdict: met}"))
    assert fault.place.field == "system.suppliers[1].verdict"
