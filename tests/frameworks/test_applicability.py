"""What is asked of whom: exact under every combination of roles and facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks import FACTS, Facts, Framework, Role, applicability, available, load_framework
from shinrai.frameworks.applicability import FACT_NAMES, ROLE_NAMES
from shinrai.language import Language, ShinraiError

FRAMEWORKS = [load_framework(*key) for key in available()]

roles = st.frozensets(st.sampled_from(list(Role)))
facts = st.builds(Facts, roles, st.frozensets(st.sampled_from(sorted(FACTS))))
# The properties are about roles and facts of single rows; a scope decides on a whole file.
frameworks = st.sampled_from([each for each in FRAMEWORKS if not each.scope.facts])


def asked(framework: Framework, given_facts: Facts) -> set[str]:
    return {each.requirement.id for each in applicability(framework, given_facts) if each.applies}


def framework(id_: str) -> Framework:
    return next(each for each in reversed(FRAMEWORKS) if each.id == id_)


@given(frameworks, facts)
def test_every_requirement_is_decided_in_the_order_of_the_file(chosen: Framework, given_facts: Facts) -> None:
    decided = applicability(chosen, given_facts)
    assert tuple(each.requirement for each in decided) == chosen.requirements


@given(frameworks, facts, st.sampled_from(list(Role)))
def test_adding_a_role_adds_what_is_asked_of_it_and_nothing_else(
    chosen: Framework, given_facts: Facts, role: Role
) -> None:
    before = asked(chosen, given_facts)
    after = asked(chosen, Facts(given_facts.roles | {role}, given_facts.facts))
    expected = {
        each.id
        for each in chosen.requirements
        if role in each.roles
        and not each.roles & given_facts.roles
        and (not each.when or each.when & given_facts.facts)
    }
    assert before <= after
    assert after - before == expected


@given(frameworks, facts, st.sampled_from(sorted(FACTS)))
def test_adding_a_fact_adds_what_waits_for_it_and_nothing_else(
    chosen: Framework, given_facts: Facts, fact: str
) -> None:
    before = asked(chosen, given_facts)
    after = asked(chosen, Facts(given_facts.roles, given_facts.facts | {fact}))
    expected = {
        each.id
        for each in chosen.requirements
        if fact in each.when
        and not each.when & given_facts.facts
        and (not each.roles or each.roles & given_facts.roles)
    }
    assert before <= after
    assert after - before == expected


@given(frameworks, facts)
def test_each_decision_has_a_reason_in_both_languages(chosen: Framework, given_facts: Facts) -> None:
    for each in applicability(chosen, given_facts):
        assert each.reason.text(Language.EN).endswith(".")
        assert each.reason.text(Language.JA).endswith("。")


def test_no_roles_leaves_what_is_asked_of_everyone() -> None:
    assert asked(framework("jp.aigb"), Facts(frozenset())) == set()
    assert asked(framework("jp.guideline13"), Facts(frozenset())) == {
        *(f"JP-GL-C{n}" for n in range(1, 8)),
        *(f"JP-GL-A{n}" for n in range(1, 5)),
    }


@pytest.mark.parametrize(("role", "letter"), [("developer", "D"), ("provider", "P"), ("business_user", "U")])
def test_an_actor_gets_the_principles_and_its_own_items(role: str, letter: str) -> None:
    business = framework("jp.aigb")
    got = asked(business, Facts(frozenset({Role(role)})))
    others = {"D", "P", "U"} - {letter}
    assert got == {
        each.id
        for each in business.requirements
        if not each.when and not any(each.id.startswith(f"JP-AIGB-{other}-") for other in others)
    }


@pytest.mark.parametrize(
    ("id_", "given_facts", "applies", "english", "japanese"),
    [
        (
            "JP-AIGB-3",
            Facts(frozenset({Role.PROVIDER})),
            True,
            "It is asked of AI providers.",
            "AI提供者に求められる事項です。",
        ),
        (
            "JP-AIGB-D-3-i",
            Facts(frozenset({Role.PROVIDER, Role.BUSINESS_USER})),
            False,
            "It is asked of AI developers; for this system the organisation counts among: "
            "AI providers, AI business users.",
            "AI開発者に求められる事項です。このシステムにおける組織の役割はAI提供者、AI利用者とされています。",
        ),
        (
            "JP-AIGB-D-3-i",
            Facts(frozenset()),
            False,
            "It is asked of AI developers; the description of the system names no role.",
            "AI開発者に求められる事項です。システムの記述には役割が示されていません。",
        ),
        (
            "JP-AIGB-1.2-d4",
            Facts(frozenset({Role.PROVIDER}), frozenset({"agent", "generative"})),
            True,
            "It is asked of AI providers. It is asked of this system because of this: it acts on its own as an agent.",
            "AI提供者に求められる事項です。このシステムには、次に該当するため求められます：エージェントとして自律的に動作する。",
        ),
        (
            "JP-AIGB-1.2-d4",
            Facts(frozenset({Role.PROVIDER}), frozenset({"generative"})),
            False,
            "It is asked only if one of these holds, and the description of the system says none: "
            "it acts on its own as an agent, it moves things in the physical world.",
            "次のいずれかに該当する場合に限り求められますが、システムの記述にはいずれも示されていません："
            "エージェントとして自律的に動作する、現実の世界で物を動かす。",
        ),
    ],
)
def test_reasons_say_why(id_: str, given_facts: Facts, applies: bool, english: str, japanese: str) -> None:
    (found,) = [each for each in applicability(framework("jp.aigb"), given_facts) if each.requirement.id == id_]
    assert found.applies is applies
    assert found.reason.text(Language.EN) == english
    assert found.reason.text(Language.JA) == japanese


def test_what_everyone_is_asked_says_so() -> None:
    first = applicability(framework("jp.guideline13"), Facts(frozenset()))[0]
    assert first.reason.text(Language.EN) == "It is asked of everyone."


def test_an_unknown_fact_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ShinraiError) as near:
        Facts(frozenset(), frozenset({"agents"}))
    assert str(near.value) == "There is no fact “agents”.\n  → Did you mean “agent”?"
    with pytest.raises(ShinraiError) as far:
        Facts(frozenset(), frozenset({"zzz"}))
    assert "Known facts: personal_data, sensitive_data, confidential_data, generative, agent, " in str(far.value)


def test_the_vocabulary_is_closed_and_named() -> None:
    assert {"personal_data", "generative", "agent", "physical", "government", "public_facing", "advanced"} < FACTS
    assert set(FACT_NAMES) == FACTS
    assert set(ROLE_NAMES) == set(Role)
