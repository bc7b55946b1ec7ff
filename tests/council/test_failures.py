"""The count, model-checked, and the simulator's table and figures held to what is known."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.council.correlation import Bench, dawid_skene, effective_votes, quorum, simulate, wrong_certificate
from shinrai.council.failures import certificates, council, count, double_certificate, failure_table, model_check
from shinrai.council.simulation import run_simulation
from shinrai.council.simulation_page import page
from shinrai.language import Language
from shinrai_verify.council import UNDECIDED, VALUES, VOID


@pytest.mark.parametrize(("n", "profiles"), [(4, 448), (5, 1_792), (6, 7_168), (7, 50_176)])
def test_every_profile_of_honest_members_and_liars_keeps_agreement_meaning_and_liveness(n, profiles):
    found = model_check(n)
    assert found.profiles == profiles
    assert found.violations == ()


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_the_check_has_teeth_a_quorum_of_one_less_is_broken(n):
    found = model_check(n, lambda roster: roster.q - 1)
    assert any(each.startswith("agreement") for each in found.violations)


@pytest.mark.parametrize("n", [4, 5, 6, 7, 10, 31, 33, 34, 40])
def test_two_certificates_need_as_many_liars_as_two_quorums_must_share(n):
    for liars in range(n + 1):
        assert (double_certificate(n, liars, quorum(n)) is None) == (liars < 2 * quorum(n) - n)
    assert 2 * quorum(n) - n >= (n - 1) // 3 + 1


def test_33_members_need_22_votes_and_neither_21_nor_18_are_safe():
    roster = council(33)
    assert (roster.n, roster.f, roster.q) == (33, 10, 22)
    assert double_certificate(33, 10, 22) is None
    for wrong in (21, 18):
        split = double_certificate(33, 10, wrong)
        assert split is not None
        honest = ["pass"] * split[0] + ["fail"] * split[1]
        assert len(honest) == 23
        # Ten liars sign both, and each side has a certificate of that many votes: two verdicts, both "certified".
        assert certificates(wrong, honest, 10) == {"pass", "fail"}
        assert len(certificates(22, honest, 10)) <= 1


@pytest.mark.parametrize("n", range(4, 301))
def test_a25_the_quorum_is_safe_and_live_for_every_size(n):
    f = (n - 1) // 3
    assert double_certificate(n, f, quorum(n)) is None
    assert quorum(n) <= n - f
    assert double_certificate(n, f, quorum(n) - 1) is not None
    assert council(n).q == quorum(n)


_SIZES = st.integers(4, 40)


@st.composite
def profiles(draw):
    """Honest members with one value or none, and up to f who sign anything; who is which is known."""
    n = draw(_SIZES)
    liars = draw(st.integers(0, (n - 1) // 3))
    honest = draw(st.lists(st.sampled_from(["", *VALUES]), min_size=n - liars, max_size=n - liars))
    lies = st.sets(st.sampled_from(VALUES)).map(lambda chosen: tuple(sorted(chosen)))
    return n, honest, draw(st.lists(lies, min_size=liars, max_size=liars)), draw(st.randoms(use_true_random=False))


@settings(max_examples=200)
@given(profiles())
def test_a24_up_to_40_members_no_liars_override_the_honest_majority(case):
    n, honest, lies, random = case
    votes = [*((v,) if v else () for v in honest), *lies]
    random.shuffle(votes)
    found = count(council(n), votes)
    assert found.outcome != VOID
    if found.outcome in VALUES:
        assert 2 * honest.count(found.outcome) > len(honest)
    if len(set(honest)) == 1 and honest[0]:
        assert found.outcome == honest[0]
    assert len(certificates(council(n).q, honest, len(lies))) <= 1


@settings(max_examples=100)
@given(_SIZES, st.data())
def test_a24_f_plus_1_and_2f_plus_1_colluders_are_named_by_any_two_certificates(n, data):
    f, q = (n - 1) // 3, quorum(n)
    liars = data.draw(st.sampled_from([f + 1, 2 * f + 1]))
    passed = data.draw(st.integers(0, n - liars))
    honest = ["pass"] * passed + ["fail"] * (n - liars - passed)
    if len(certificates(q, honest, liars)) == 2:
        # Whoever holds both certificates holds the signatures of at least f + 1 members under both values.
        assert 2 * q - n >= f + 1
        assert count(council(n), [*((v,) for v in honest), *[("pass", "fail")] * liars]).outcome == VOID


def test_the_failure_table_of_33_members():
    rows = {str(row.what): (row.outcome, row.certificates) for row in failure_table(33)}
    assert rows["11 members are silent, all others agree"] == ("pass", 1)
    assert rows["12 members are silent, all others agree"] == (UNDECIDED, 0)
    assert rows["10 members sign two values, all others agree"] == ("pass", 1)
    assert rows["11 members sign two values, all others agree"] == (VOID, 0)
    assert rows["10 collude against unanimous honest members"] == ("pass", 1)
    assert rows["10 collude while honest members are split"] == (UNDECIDED, 0)
    assert rows["11 collude and equivocate while honest members are split in half"] == (VOID, 2)
    assert rows["22 collude"] == ("fail", 1)
    assert rows["one key is stolen and used against its owner"] == ("pass", 1)
    assert rows["contents are withheld"] == ("inconclusive", 1)
    assert rows["all people are absent where the risk tier asks for two"] == (UNDECIDED, 0)
    assert rows["one person agrees and 9 do not where the risk tier asks for two"] == (UNDECIDED, 0)
    assert len(rows) == 14


@pytest.mark.parametrize(
    ("rho", "effective", "wrong"),
    [
        (0.0, 33.0, 2.6e-11),
        (0.05, 12.7, 1.0e-4),
        (0.1, 7.9, 0.002),
        (0.2, 4.5, 0.017),
        (0.3, 3.1, 0.039),
        (0.5, 1.9, 0.083),
        (0.9, 1.1, 0.14),
    ],
)
def test_the_exact_figures_against_correlation(rho, effective, wrong):
    assert effective_votes(33, rho) == pytest.approx(effective, abs=0.05)
    assert wrong_certificate(33, 0.15, rho, 22) == pytest.approx(wrong, rel=0.05)


def test_the_beta_binomial_is_a_distribution_and_nears_the_binomial():
    assert wrong_certificate(33, 0.15, 0.3, 0) == pytest.approx(1.0)
    assert wrong_certificate(33, 0.15, 1e-7, 8) == pytest.approx(wrong_certificate(33, 0.15, 0.0, 8), rel=1e-4)
    with pytest.raises(ValueError, match="0 < error < 1"):
        wrong_certificate(33, 1.0, 0.1, 22)


def test_twenty_clones_fool_the_majority_and_dawid_skene_but_not_the_domains():
    found = simulate(Bench(33, (20,)), runs=20, items=400)
    assert found.majority_right.value == pytest.approx(0.65, abs=0.02)
    assert found.dawid_skene_right.value == pytest.approx(0.65, abs=0.02)
    assert found.dawid_skene_on_clones > 0.99
    assert found.members_wrong.value == pytest.approx(0.21, abs=0.02)
    assert found.both_wrong.hits == 0
    assert found.both_right.value == pytest.approx(0.63, abs=0.02)


def test_dawid_skene_finds_the_truth_where_members_err_alone():
    found = simulate(Bench(33), runs=2, items=300)
    assert found.dawid_skene_right.value > 0.99
    labels, accuracy = dawid_skene(__import__("numpy").array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]]))
    assert labels.tolist() == [0, 1, 1, 0]
    assert accuracy[2] < accuracy[0]


def test_the_page_says_what_the_record_says_in_both_languages():
    found = run_simulation(13, runs=2, items=50)
    for language in Language:
        shown = page(found, language)
        assert f'<html lang="{language.value}">' in shown
        assert shown.count('<svg role="img" aria-label="') == 3
        assert not re.search(r"<script|https?://(?!www\.w3\.org)", shown)
        for row in found.table:
            assert row.what.text(language) in shown
        assert json.dumps(found.q) in shown
    assert "ビザンチン" not in page(found, Language.EN)
