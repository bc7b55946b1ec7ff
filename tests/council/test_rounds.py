"""Whole rounds with real keys, a real log and cases as files: what is certified, and what attackers come to."""

import pytest

from shinrai.council.coordinator import RejectedError
from shinrai.council.counting import certificate_signers, look_again
from shinrai.council.default_rosters import default_roster
from shinrai.council.member import RefusedError, proven
from shinrai.council.members import MemberKind
from shinrai.council.rounds import ballot_of
from shinrai.council.standing import claim, report, standing
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai.language import ShinraiError
from shinrai.systems.tier import Tier
from shinrai_verify.council import UNDECIDED, VOID
from shinrai_verify.dsse import Statement
from shinrai_verify.verify import BALLOT, RATIONALE


def test_a_round_of_four_is_certified_and_its_record_counts_the_same(chamber):
    here = chamber(4)
    case = here.case()
    for plan in here.plans:
        proofs = here.cast(plan.id, {"X-1.a": "pass", "X-1.b": "fail"}, case)
        votes = here.votes(plan.id, {"X-1.a": "pass", "X-1.b": "fail"}, case)
        assert proven(votes[0].ballot, BALLOT, proofs[0], [here.store.key])
        assert proven(votes[0].rationale, RATIONALE, proofs[1], [here.store.key])
        assert not proven(votes[0].ballot, BALLOT, proofs[1], [here.store.key])
    closed = here.coordinator.close()
    outcomes = {control: (each.outcome, each.final, each.contested) for control, each in closed.count.tallies.items()}
    assert outcomes == {"X-1.a": ("pass", True, False), "X-1.b": ("fail", True, False)}
    data = closed.certificates["X-1.a"][1]
    signers = certificate_signers(data, here.coordinator.opened, here.coordinator.roster, "X-1.a", "pass")
    assert signers == tuple(sorted(plan.id for plan in here.plans))
    assert certificate_signers(data, here.coordinator.opened, here.coordinator.roster, "X-1.b", "pass") == ()


def test_ballots_for_one_value_are_the_same_bytes_whoever_signs(chamber):
    here = chamber(4)
    case = here.case()
    sent = [here.votes(plan.id, "pass", case)[0].ballot for plan in here.plans]
    assert len({envelope.payload for envelope in sent}) == 1
    assert len({envelope.signatures[0].sig for envelope in sent}) == 4
    assert 300 < len(sent[0].payload) < 450
