"""Known-answer items: committed to before the round, told after it, and what they say of the members."""

import numpy as np
import pytest

from shinrai.council.canaries import KnownAnswers, known_answers, revealed
from shinrai.council.coordinator import _leaf as leaf_of
from shinrai.council.reliability import LEAST_ITEMS, effective, phi_matrix, reliability
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai.evidence.store import Addition
from shinrai.language import ShinraiError

TRUTH = {"C-1": "pass", "C-2": "fail", "C-3": "pass"}
SALT = "5" * 64


def logged(here, statement):
    envelope = sign(statement, load_signer(here.home.keys, "admin"))
    here.store.append(Addition([envelope]))
    return leaf_of(here.store.logged([envelope.payload_sha256])[0])


def test_answers_are_committed_to_before_the_round_and_told_after_it(chamber):
    here = chamber(4, controls=tuple(TRUTH))
    answers = known_answers(TRUTH, SALT)
    early = logged(here, answers.commitment(here.bundle_id))
    here.coordinator = here.open()
    case = here.case()
    for plan in here.plans:
        here.cast(plan.id, TRUTH if plan.id != "model-1" else {**TRUTH, "C-2": "pass"}, case)
    opened = here.coordinator.opened
    premature = logged(here, answers.revelation(opened))
    count = here.coordinator.close().count
    with pytest.raises(ShinraiError, match="told after it is closed"):
        revealed(opened, count, early, premature)
    other = known_answers({**TRUTH, "C-2": "pass"}, SALT)
    told = logged(here, KnownAnswers({**TRUTH}, "6" * 64).revelation(opened))
    with pytest.raises(ShinraiError, match="not those that were committed to"):
        revealed(opened, count, early, told)
    told = logged(here, other.revelation(opened))
    with pytest.raises(ShinraiError, match="not those that were committed to"):
        revealed(opened, count, early, told)
    late = logged(here, known_answers(TRUTH, "7" * 64).commitment(here.bundle_id))
    told = logged(here, known_answers(TRUTH, "7" * 64).revelation(opened))
    with pytest.raises(ShinraiError, match="committed to before the round"):
        revealed(opened, count, late, told)


def test_what_was_committed_to_is_taken_and_measures_the_members(chamber):
    here = chamber(4, controls=tuple(TRUTH))
    answers = known_answers(TRUTH)
    early = logged(here, answers.commitment(here.bundle_id))
    here.coordinator = here.open()
    case = here.case()
    for plan in here.plans[1:]:
        here.cast(plan.id, TRUTH if plan.id != "model-1" else dict.fromkeys(TRUTH, "pass"), case)
    count = here.coordinator.close().count
    told = logged(here, answers.revelation(here.coordinator.opened))
    found = revealed(here.coordinator.opened, count, early, told)
    assert dict(found.truth) == TRUTH
    votes = {c: {m: leaf.statement.predicate["value"] for m, leaf in by.items()} for c, by in count.counted.items()}
    members = [plan.id for plan in here.plans]
    measured = {each.member: each for each in reliability(members, found.truth, votes).members}
    assert (measured["model-1"].sensitivity.hits, measured["model-1"].sensitivity.n) == (0, 1)
    assert (measured["model-1"].specificity.hits, measured["model-1"].specificity.n) == (2, 2)
    assert measured["person-1"].sensitivity.interval == wilson(1, 1)
    assert (measured["tool-1"].absent, measured["tool-1"].specificity.hits) == (3, 0)
    assert reliability(members, found.truth, votes).effective is None
    # However a member did, its vote weighs as much as any: the same round, counted once more, is the same.
    assert here.coordinator.count().tallies == count.tallies


def test_a_commitment_tells_nothing_without_the_salt():
    first, second = known_answers(TRUTH), known_answers(TRUTH)
    assert first.sha256 != second.sha256
    assert "pass" not in str(first.commitment("0" * 64).predicate)
    with pytest.raises(ShinraiError, match="neither pass nor fail"):
        known_answers({"C-1": "inconclusive"})


def votes_of(errors):
    """The votes that make these errors (members × items) where every answer is `pass`."""
    items = [f"i{n:04}" for n in range(errors.shape[1])]
    members = [f"m{n}" for n in range(errors.shape[0])]
    votes = {i: {m: "fail" if errors[b, a] else "pass" for b, m in enumerate(members)} for a, i in enumerate(items)}
    return members, dict.fromkeys(items, "pass"), votes


@pytest.mark.parametrize(("items", "said"), [(LEAST_ITEMS - 1, False), (LEAST_ITEMS, True)])
def test_n_eff_is_said_from_200_items_on_and_not_before(items, said):
    errors = np.random.default_rng(1).random((4, items)) < 0.2
    found = reliability(*votes_of(errors))
    assert (found.effective is not None) is said
    assert found.items == items


def test_twenty_clones_and_thirteen_others_are_worth_two_and_a_half_votes():
    generator = np.random.default_rng(7)
    clone = generator.random(1_000) < 0.35
    errors = np.array([clone] * 20 + [generator.random(1_000) < 0.15 for _ in range(13)], dtype=float)
    found = effective(errors)
    assert found.by_kish == pytest.approx(2.64, abs=0.15)
    assert found.by_eigenvalues == pytest.approx(2.64, abs=0.15)
    assert found.kish.low < found.by_kish < found.kish.high
    assert found.eigenvalues.low < found.by_eigenvalues < found.eigenvalues.high


def test_independent_members_are_worth_nearly_all_of_their_votes():
    errors = (np.random.default_rng(3).random((9, 2_000)) < 0.2).astype(float)
    found = effective(errors)
    assert found.by_kish > 8.5
    assert found.kish.high <= 9.0
    assert found.without_error == 0


def test_the_matrix_of_phi_is_a_correlation_matrix():
    errors = np.array([[1, 0, 1, 0, 1, 0], [1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 0, 0]], dtype=float)
    matrix = phi_matrix(errors)
    assert matrix == pytest.approx(np.array([[1, 1, -1, 0], [1, 1, -1, 0], [-1, -1, 1, 0], [0, 0, 0, 1]]))
    assert effective(errors).without_error == 1
    random = (np.random.default_rng(5).random((5, 300)) < 0.3).astype(float)
    assert phi_matrix(random) == pytest.approx(np.corrcoef(random))


def test_the_interval_of_the_bootstrap_covers_the_truth_about_as_often_as_it_says():
    # Pairs of members copy a shared verdict with probability c: phi of their errors is c² by construction.
    generator, hits, rounds, copy, n = np.random.default_rng(11), 0, 20, 0.6, 6
    truth = n / (1 + (n - 1) * copy**2)
    for _ in range(rounds):
        shared = generator.random(400) < 0.3
        own = generator.random((n, 400)) < 0.3
        follows = generator.random((n, 400)) < copy
        found = effective(np.where(follows, shared, own).astype(float))
        hits += found.kish.low <= truth <= found.kish.high
    assert hits >= 16
