"""The national plan as it comes with Shinrai: complete, bilingual, sourced, and apart from what the press wrote."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual
from shinrai.planwatch import Citation, Indicator, Origin, Plan, PlanKey, available_plans, find_plan, load_plan
from shinrai.planwatch.plan_file import ministries

KANA_OR_KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
LEADS = {
    "CAO": 34,
    "METI": 9,
    "MIC": 6,
    "MEXT": 4,
    "MOFA": 3,
    "NPA": 2,
    "MHLW": 2,
    "DA": 1,
    "MOD": 1,
    "PPC": 1,
}
# Lead and partners of every initiative, as the plan prints them in brackets.
MINISTRIES = {
    "1.1": "DA+ALL CAO+DA+ALL MIC+DA",
    "1.2": "CAO+RELEVANT METI MOD NPA MIC",
    "1.3": "METI MEXT CAO+CAS+MAFF+METI",
    "1.4": "CAO CAO+CAS+RELEVANT CAO+DA+RELEVANT PPC",
    "2.1": ("CAO+DA+MIC+MEXT+METI CAO+MEXT+METI CAO+MEXT+METI CAO+MIC+MEXT+METI CAO+MIC+MEXT+METI MOFA+MIC+METI"),
    "2.2": "CAO+MEXT+METI MEXT MHLW CAO+RELEVANT",
    "2.3": "CAO+DA+MIC+MEXT+METI CAO+MIC+MOFA+MEXT+METI METI",
    "2.4": "MIC+MEXT+METI+MOE METI+MIC+MEXT MEXT METI",
    "3.1": "CAO+RELEVANT CAO+MIC+METI+RELEVANT NPA+MIC CAO+RELEVANT CAO+METI+RELEVANT MIC+MEXT+METI",
    "3.2": "MIC+MOFA+METI METI CAO+MIC+MOFA+METI+RELEVANT MOFA+MOD MIC MOFA+CAO+DA+MIC+MEXT+METI",
    "4.1": "METI+CAO CAO+MIC+METI CAO+CAS+METI CAO+RELEVANT",
    "4.2": "CAO METI+CAO+CAA+MIC+MOJ CAO+RELEVANT CAO+METI+RELEVANT CAO+MHLW+RELEVANT",
    "4.3": (
        "CAO+MHLW+METI CAO+MOFA+MEXT+METI CAO+METI+MEXT CAO+MEXT+MHLW+METI CAO+MEXT+MHLW+METI METI+CAO CAO+MIC+MEXT"
    ),
    "4.4": "CAO+RELEVANT MEXT+CAO MHLW+CAO",
}
ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(PlanKey("jp.plan", "phase-1"))


def indicator(plan: Plan, id_: str) -> Indicator:
    return plan.indicator(f"JP-BP1-{id_}")


def rows(plan: Plan) -> Iterator[tuple[str, Bilingual, Certainty, Citation]]:
    """Every row of the plan that says something, with its certainty and source."""
    yield from ((each.id, each.title, each.certainty, each.source) for each in plan.measures)
    yield from ((each.id, each.text, each.certainty, each.source) for each in plan.commitments)
    yield from ((each.id, each.title, each.certainty, each.source) for each in plan.figures)
    for each in plan.indicators:
        yield each.id, each.title, each.certainty, each.source
        yield each.id, each.counted, each.certainty, each.source
        yield from ((each.id, each.title, value.certainty, value.source) for value in each.observations)
        yield from ((each.id, target.note or each.title, target.certainty, target.source) for target in each.targets)
    yield from ((each.about, each.note, each.certainty, each.source) for each in plan.events)


def test_the_first_phase_comes_with_shinrai_and_is_found_by_its_id(plan: Plan) -> None:
    assert available_plans() == (PlanKey("jp.plan", "phase-1"),)
    assert find_plan("jp.plan") == find_plan("jp.plan/phase-1") == plan


def test_63_initiatives_of_which_one_repeats_another(plan: Plan) -> None:
    assert len(plan.measures) == 63
    assert {each.id: each.repeats for each in plan.measures if each.repeats} == {"JP-BP1-4.2.i": "JP-BP1-1.4.i"}


def test_the_leads_are_counted(plan: Plan) -> None:
    assert Counter(each.lead.code for each in plan.measures) == LEADS


def test_lead_and_partners_of_every_initiative(plan: Plan) -> None:
    expected = {
        f"JP-BP1-{part}.{number}": tuple(names.split("+"))
        for part, row in MINISTRIES.items()
        for number, names in zip(ROMAN, row.split(), strict=False)
    }
    assert {each.id: (each.lead.code, *(owner.code for owner in each.partners)) for each in plan.measures} == expected


def test_the_initiatives_stand_under_four_policies(plan: Plan) -> None:
    counted = Counter(plan.policy(each.section).id for each in plan.measures)
    assert counted == {"3-1": 15, "3-2": 17, "3-3": 12, "3-4": 19}
    assert all(each.id.startswith(f"JP-BP1-{each.section}.") for each in plan.measures)


def test_no_row_lacks_japanese_english_certainty_or_source(plan: Plan) -> None:
    found = list(rows(plan))
    assert len(found) > 120
    for id_, text, certainty, source in found:
        assert KANA_OR_KANJI.search(text.ja), id_
        assert text.en.strip() and not KANA_OR_KANJI.search(text.en), id_
        assert isinstance(certainty, Certainty)
        assert source.sources, id_


def test_titles_of_initiatives_are_different_and_japanese_ones_do_not_end_with_a_full_stop(plan: Plan) -> None:
    assert len({each.title.ja for each in plan.measures}) == len({each.title.en for each in plan.measures}) == 63
    assert not [each.id for each in plan.measures if each.title.ja.endswith("。")]


def test_press_figures_are_marked_and_kept_apart_from_the_text_of_the_plan(plan: Plan) -> None:
    by_origin: dict[Origin, set[tuple[Decimal, str]]] = {}
    for figure in plan.figures:
        by_origin.setdefault(figure.origin, set()).add((figure.value, figure.unit.en))
    assert by_origin[Origin.PLAN_TEXT] == {
        (Decimal(200), "people"),
        (Decimal(100), "million pounds"),
        (Decimal(20000), "million yen"),
        (Decimal(2), "times"),
    }
    assert {(Decimal(80), "%"), (Decimal(50), "%"), (Decimal(1), "trillion yen")} <= by_origin[Origin.PRESS]
    for figure in plan.figures:
        if figure.origin is Origin.PRESS:
            assert "PLAN-EN" not in {source.key for source in figure.source.sources}
            assert figure.note is not None


def test_no_target_of_80_percent_or_1_trillion_yen_comes_from_the_plan(plan: Plan) -> None:
    origins = {(target.value, each.unit.en): target.origin for each in plan.indicators for target in each.targets}
    assert origins[Decimal(80), "%"] is origins[Decimal(50), "%"] is Origin.PRESS
    assert origins[Decimal(1), "trillion yen"] is Origin.PRESS
    assert origins[Decimal(2), "times"] is Origin.PLAN_TEXT


def test_three_corporate_figures_stand_apart_and_say_what_was_counted(plan: Plan) -> None:
    policy, use, press = (indicator(plan, name) for name in ("I2", "I3", "I4"))
    latest = {each.id: each.observations for each in (policy, use, press)}
    japan = [value.value for value in latest[policy.id] if value.group == "JP" and value.when.text == "FY2024"]
    assert japan == [Decimal("49.7")]
    assert [value.value for value in latest[use.id] if value.group == "JP"] == [Decimal("55.2")]
    assert [(value.value, value.qualifier.value) for value in latest[press.id]] == [(Decimal(50), "about")]
    assert len({each.counted for each in (policy, use, press)}) == 3
    assert all(each.question is None and each.surveyed for each in (policy, use, press))


def test_individual_use_and_its_comparison(plan: Plan) -> None:
    values = {(value.group, value.when.text): value.value for value in indicator(plan, "I1").observations}
    assert values["JP", "FY2023"] == Decimal("9.1")
    assert values["JP", "FY2024"] == Decimal("26.7")
    latest = {group: value for (group, period), value in values.items() if period == "FY2024"}
    assert latest == {"JP": Decimal("26.7"), "US": Decimal("68.8"), "DE": Decimal("59.2"), "CN": Decimal("81.2")}


def test_only_what_happened_counts_as_delivered_and_every_report_is_secondary(plan: Plan) -> None:
    assert {each.about for each in plan.events if each.state.value == "delivered"} == {"JP-BP1-1.4.iv"}
    assert {each.certainty for each in plan.events} == {Certainty.SECONDARY}


def test_seven_commitments_say_whether_they_can_be_measured(plan: Plan) -> None:
    measurable = {each.id.removeprefix("JP-BP1-"): each.measurable.value for each in plan.commitments}
    assert measurable == {"N1": "yes", "N2": "yes", "N3": "partly", "N4": "yes", "N5": "yes", "N6": "yes", "N7": "weak"}


def test_the_table_of_ministries_has_no_code_or_name_twice() -> None:
    found = list(ministries().values())
    assert len({owner.code for owner in found}) == len({owner.name.ja for owner in found}) == len(found)
    assert {owner.code for owner in found if owner.collective} == {"ALL", "RELEVANT"}
