"""Whom a document concerns at all, and from when a row applies."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks import Applicability, Facts, Framework, Role, Scope, Start, applicability, load_framework
from shinrai.language import Language

PROVIDER = frozenset({Role.PROVIDER})
BASE = load_framework("jp.guideline13", "2025-12-19")


def framework(*, scope: Scope = Scope(), starts: tuple[Start, ...] = ()) -> Framework:  # noqa: B008  (immutable)
    row = replace(BASE.by_id["JP-GL-C2"], starts=starts)
    return replace(BASE, requirements=(row,), scope=scope, valid_from=date(2026, 1, 1))


def asked(given_framework: Framework, facts: Facts) -> Applicability:
    (found,) = applicability(given_framework, facts)
    return found


@pytest.mark.parametrize(
    ("regions", "used_in", "applies"),
    [
        (set(), {"JP"}, True),
        ({"JP"}, {"JP", "US"}, True),
        ({"JP"}, {"US"}, False),
        ({"EU"}, {"DE"}, True),
        ({"EU"}, {"EU"}, True),
        ({"EU"}, {"NO", "CH", "GB"}, False),
        ({"EU"}, None, True),
    ],
)
def test_regions(regions: set[str], used_in: set[str] | None, applies: bool) -> None:
    facts = Facts(PROVIDER, regions=None if used_in is None else frozenset(used_in))
    found = asked(framework(scope=Scope(regions=frozenset(regions))), facts)
    assert found.applies is applies
    if not applies:
        assert found.reason.text(Language.EN).startswith(f"It concerns systems used in {', '.join(sorted(regions))};")


def test_every_fact_of_the_scope_has_to_hold() -> None:
    both = framework(scope=Scope(facts=frozenset({"government", "generative"})))
    assert asked(both, Facts(PROVIDER, frozenset({"government", "generative", "agent"}))).applies
    half = asked(both, Facts(PROVIDER, frozenset({"government"})))
    assert not half.applies
    assert half.reason.text(Language.EN).endswith("it generates content.")
    assert "生成" in half.reason.text(Language.JA)


@pytest.mark.parametrize(
    ("starts", "facts", "first"),
    [
        ((), set(), date(2026, 1, 1)),
        ((Start(None, date(2027, 1, 1)),), set(), date(2027, 1, 1)),
        ((Start("agent", date(2027, 1, 1)), Start(None, date(2028, 1, 1))), set(), date(2028, 1, 1)),
        ((Start("agent", date(2027, 1, 1)), Start(None, date(2028, 1, 1))), {"agent"}, date(2027, 1, 1)),
        ((Start("agent", date(2027, 1, 1)), Start("physical", date(2028, 1, 1))), {"agent", "physical"},
         date(2027, 1, 1)),
        # No start concerns the system: nothing says that it is bound before the last of them.
        ((Start("agent", date(2027, 1, 1)), Start("physical", date(2028, 1, 1))), set(), date(2028, 1, 1)),
    ],
)  # fmt: skip
def test_the_day_a_row_comes_into_effect(starts: tuple[Start, ...], facts: set[str], first: date) -> None:
    def on(day: date | None) -> Applicability:
        return asked(framework(starts=starts), Facts(PROVIDER, frozenset(facts), on=day))

    assert on(first).applies
    before = on(date.fromordinal(first.toordinal() - 1))
    assert not before.applies
    assert before.reason.text(Language.EN).startswith(f"It applies from {first} on;")
    assert before.reason.text(Language.JA).startswith(f"{first}から適用されます。")
    # Without a day, dates decide nothing.
    assert on(None).applies


days = st.dates(date(2025, 1, 1), date(2029, 12, 31))
some_starts = st.lists(st.builds(Start, st.none() | st.sampled_from(["agent", "physical"]), days), max_size=4)


@given(some_starts, st.frozensets(st.sampled_from(["agent", "physical"])), days, days)
def test_what_has_come_into_effect_stays(starts: list[Start], facts: frozenset[str], one: date, other: date) -> None:
    earlier, later = sorted((one, other))
    given_framework = framework(starts=tuple(starts))
    if asked(given_framework, Facts(PROVIDER, facts, on=earlier)).applies:
        assert asked(given_framework, Facts(PROVIDER, facts, on=later)).applies
