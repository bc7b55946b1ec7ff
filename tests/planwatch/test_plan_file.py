"""Plan files: what is refused, with which place, and that writing a plan and reading it gives the same one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.language import Language, ShinraiError
from shinrai.planwatch import Period, Plan, PlanKey, find_plan, load_plan, plan_yaml, read_plan

TOWN = (Path(__file__).parent / "town.yaml").read_bytes()
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "said"),
    [
        ("lead: DX, due", "lead: XD, due", 20, "measures[0].lead", "no owner “XD”"),
        ("section: S2, title: {ja: 職員研修", "section: S9, title: {ja: 職員研修", 21, "measures[1].section", "“S9”"),
        ("id: T-2", "id: T-1", 21, "measures[1].id", "already used"),
        ("repeats: T-1", "repeats: T-9", 22, "measures[2].repeats", "“T-9”"),
        ("due: 2026-06-30", "due: 2026-06-31", 20, "measures[0].due", "no day 2026-06-31"),
        ("state: under_way", "state: underway", 40, "events[0].state", "“underway”"),
        ("about: T-1", "about: T-8", 40, "events[0].about", "“T-8”"),
        ("date: 2026-05,", "date: 2026-5,", 40, "events[0].date", "“2026-5”"),
        ('value: "40"', 'value: "4e1"', 35, "indicators[0].observations[0].value", "plain number"),
        ('value: "40"', 'value: "50"', 35, "indicators[0].observations[0].interval", "outside its interval"),
        ('n: "100"', 'n: "0"', 35, "indicators[0].observations[0].n", "at least 1"),
        ('low: "30.9"', 'low: "60"', 35, "indicators[0].observations[0].interval", "ends below"),
        ("{code: GA,", "{code: DX,", 14, "owners[1]", "already stands for Digital section"),
        ("keys: [PLAN], section", "keys: [], section", 21, "measures[1].source.keys", "at least one source"),
        (
            "address: https://town.example/ai}",
            "address: 'javascript:alert(1)'}",
            10,
            "sources.PLAN.address",
            "https://",
        ),
        ("with: [DX]", "with: [GA]", 21, "measures[1].with", "named twice"),
        ("under: S1}", "under: S3}", 17, "sections[1].under", "“S3”"),
        (
            "question: {ja: 使いましたか。, en: Did you use it?}",
            "question: unknown",
            29,
            "indicators[0].question",
            "unknown",
        ),
    ],
)
def test_a_fault_names_line_and_field(write: Write, old: str, new: str, line: int, field: str, said: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        find_plan(str(write((old, new))))
    place = caught.value.place
    assert place is not None
    assert (place.line, place.field) == (line, field)
    assert said in str(caught.value)
    assert caught.value.text(Language.JA) != str(caught.value)


def test_leaving_out_the_number_of_answers_or_the_question_is_no_silent_default(write: Write) -> None:
    for old in (' n: "100",', "    question: {ja: 使いましたか。, en: Did you use it?}\n"):
        with pytest.raises(ShinraiError, match="is missing"):
            find_plan(str(write((old, ""))))


def test_a_collective_owner_leads_nothing(write: Write) -> None:
    ministry = ("owner_kind: municipality", "owner_kind: ministry")
    with pytest.raises(ShinraiError, match="stands for several"):
        find_plan(str(write(ministry, ("lead: DX, due", "lead: RELEVANT, due"))))


def test_codes_of_ministries_are_known_to_governmental_plans_only(write: Write) -> None:
    lead = ("lead: DX, due", "lead: METI, due")
    assert find_plan(str(write(("owner_kind: municipality", "owner_kind: ministry"), lead))).leads[0].code == "METI"
    with pytest.raises(ShinraiError, match="no owner “METI”"):
        find_plan(str(write(lead)))


def test_a_group_has_to_be_one_of_the_indicator(write: Write) -> None:
    groups = ("    shows: [T-1, T-N1]\n", "    groups: [{id: JP, title: {ja: 日本, en: Japan}}]\n")
    with pytest.raises(ShinraiError, match="has groups"):
        find_plan(str(write(groups)))


def test_yaml_tricks_and_size_are_refused(tmp_path: Path) -> None:
    for text, said in (
        (b"a: &x 1\nb: *x\n", "Anchors"),
        (b"!!python/object:os.system {}\n", "Tags"),
        (b"x" * (4 * 1024 * 1024 + 1), "bytes"),
        (b"[" * 200, "deep"),
    ):
        path = tmp_path / "hostile.yaml"
        path.write_bytes(text)
        with pytest.raises(ShinraiError, match=said):
            find_plan(str(path))


def test_an_unknown_plan_names_those_that_there_are() -> None:
    with pytest.raises(ShinraiError, match=r"jp\.plan/phase-1"):
        find_plan("no.such")
    with pytest.raises(ShinraiError, match=r"jp\.plan/phase-1"):
        find_plan("missing.yaml")


@pytest.mark.parametrize("key", [None, PlanKey("jp.plan", "phase-1")])
def test_a_plan_that_is_written_reads_the_same(key: PlanKey | None, town: Plan) -> None:
    plan = town if key is None else load_plan(key)
    again = read_plan(plan_yaml(plan), "again.yaml")
    assert replace(again, sha256=plan.sha256) == plan


TEXTS = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=60).filter(
    lambda text: bool(text.strip()) and "\ufeff" not in text and "\ufffe" not in text and "\uffff" not in text
)


@given(ja=TEXTS, en=TEXTS)
def test_any_text_survives_being_written(ja: str, en: str) -> None:
    plan = read_plan(TOWN, "town.yaml")
    plan = replace(plan, measures=plan.measures[:1], indicators=(), events=(), commitments=())
    first = replace(plan.measures[0], title=replace(plan.measures[0].title, ja=ja, en=en))
    changed = replace(plan, measures=(first,))
    assert read_plan(plan_yaml(changed), "x").measures[0].title == first.title


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-12-19", date(2025, 12, 19), date(2025, 12, 19)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2025", date(2025, 1, 1), date(2025, 12, 31)),
        ("FY2024", date(2024, 4, 1), date(2025, 3, 31)),
        ("2025-04/2026-03", date(2025, 4, 1), date(2026, 3, 31)),
    ],
)
def test_periods(text: str, first: date, last: date) -> None:
    assert Period.parse(text) == Period(text, first, last)


@pytest.mark.parametrize(
    "text",
    ["", "25", "2025-13", "2025-02-30", "FY24", "FY", "2026-04/2025-03", "2025/2026", "２０２５", " 2025", "20251219"],
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Period.parse(text)
