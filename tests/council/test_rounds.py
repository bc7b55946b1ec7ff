"""Whole rounds with real keys, a real log and cases as files: what is certified, and what attackers come to."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shinrai.council.case_file import chain_of_attempts, read_case
from shinrai.council.coordinator import Coordinator, RejectedError, log_document
from shinrai.council.counting import SignedLeaf, certificate_signers, count_round, look_again
from shinrai.council.default_rosters import default_roster
from shinrai.council.member import RefusedError, proven
from shinrai.council.members import MemberKind, SeatPlan, enrol, roster_statement
from shinrai.council.rounds import ballot_of, close_statement
from shinrai.council.standing import claim, report, standing
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai.evidence.store import Addition, Logged
from shinrai.language import Language, ShinraiError
from shinrai.systems.tier import Tier
from shinrai_verify.council import UNDECIDED, VOID
from shinrai_verify.dsse import Statement
from shinrai_verify.keys import verifies
from shinrai_verify.verify import BALLOT, RATIONALE, REVOCATION

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def without_round(log, round_id):
    return replace(log, statements=tuple(leaf for leaf in log.statements if leaf.payload_sha256 != round_id))


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


# ---- must show: 33 seats ----


def test_33_seats_of_which_10_lie_1_is_silent_and_one_host_dies_certify_rightly(chamber, papers):
    here = chamber(33)
    case = here.case()
    names = [plan.id for plan in here.plans]
    # The ten models lie together: all that share a cause with f members or fewer may.
    liars = [plan.id for plan in here.plans if plan.kind is MemberKind.MODEL]
    assert len(liars) == here.coordinator.roster.f == 10
    silent, dead = "person-9", "tool-9"
    for name in names:
        if name in liars:
            here.coordinator.accept(here.forged(name, "fail"))
        elif name == dead:
            # Its host dies after signing and before sending.
            here.votes(name, "pass", case)
        elif name != silent:
            here.cast(name, "pass", case)
    # 21 honest votes: nobody can know yet whether the two who are missing would dissent, so nothing is certified.
    open_ = here.coordinator.count().tallies
    assert {(t.outcome, t.final, t.absent, len(t.voters["pass"])) for t in open_.values()} == {
        ("undecided", False, (silent, dead), 21)
    }
    # The host comes back with the journal of its seat, which sends what it signed then, byte for byte.
    here.coordinator.accept(papers(here.member(dead).recall(case)))
    closed = here.coordinator.close()
    for control, tally in closed.count.tallies.items():
        assert (tally.outcome, tally.final, tally.equivocators, tally.absent) == ("pass", True, (), (silent,))
        assert tally.dissent == tuple(sorted(liars))
        data = closed.certificates[control][1]
        signers = certificate_signers(data, here.coordinator.opened, here.coordinator.roster, control, "pass")
        assert len(signers) == 22 == here.coordinator.roster.q
        assert 4_000 < len(data) < 8_192
    said = " ".join(str(each) for each in report(here.coordinator.roster))
    assert "Byzantine fault tolerant: of 33 members any 10 may lie" in said


def test_the_record_of_33_seats_is_counted_the_same_by_anyone(chamber):
    here = chamber(33)
    case = here.case()
    for plan in here.plans:
        if plan.kind is MemberKind.MODEL:
            here.coordinator.accept(here.forged(plan.id, "fail"))
        else:
            here.cast(plan.id, "pass", case)
    record = here.folder / "record.zip"
    closed = here.coordinator.write_record(record, here.manifest, here.contents, here.evidence)
    read = read_case(record, here.policy)
    coordinators = read.log.holders("coordinator", read.opened.index)
    again = count_round(read.opened, read.roster, read.rubric, reversed(read.log.statements), coordinators)
    assert again.tallies == closed.count.tallies
    for control, (sha256, data) in closed.certificates.items():
        assert again.certificate(read.opened, control) == data == read.content(sha256)


def test_with_11_liars_of_one_cause_the_report_refuses_the_word_byzantine_and_says_why(chamber):
    plans = list(default_roster(33))
    liars = [plan for plan in plans if plan.kind is MemberKind.TOOL][:11]
    shared = [replace(p, causes=(*p.causes, "family:rule-engine")) if p in liars else p for p in plans]
    here = chamber(shared)
    case = here.case()
    names = {plan.id for plan in liars}
    honest = [plan.id for plan in plans if plan.id not in names]
    for number, name in enumerate(honest):
        here.cast(name, "pass" if number < 11 else "fail", case)
    for name in names:
        here.coordinator.accept(here.forged(name, "pass"))
        here.coordinator.accept(here.forged(name, "fail"))
    for tally in here.tallies().values():
        assert tally.outcome == VOID
        assert set(tally.equivocators) == names
    # And each half could have been shown a certificate: 11 honest votes with 11 lies are 22.
    assert 11 + len(names) == here.coordinator.roster.q
    found = standing(here.coordinator.roster)
    assert [(each.cause, len(each.members)) for each in found.over] == [("family:rule-engine", 11)]
    said = [str(each) for each in report(here.coordinator.roster)]
    assert "Byzantine" not in " ".join(said)
    assert said[1].startswith("No tolerance of arbitrary faults is claimed")
    assert "11 of 33 members share the model family rule-engine. One fault there can turn all 11" in said[2]
    assert "ビザンチン" not in " ".join(each.text(Language.JA) for each in report(here.coordinator.roster))


# ---- A10: replay ----


def test_a10_a_vote_replayed_in_another_round_control_or_bundle_has_no_effect(chamber, papers):
    here, other = chamber(4), chamber(4, texts={"other.txt": b"Other contents.\n"})
    votes = here.votes("person-1", {"X-1.a": "pass", "X-1.b": "fail"}, here.case())
    with pytest.raises(RejectedError, match="another round or other contents"):
        other.coordinator.accept(papers(votes))
    second = here.open()
    with pytest.raises(RejectedError, match="another round or other contents"):
        second.accept(papers(votes))
    # For another control: the ballot's own bytes name the control, so a rationale for the other does not help.
    here.coordinator.accept([votes[0].ballot, votes[1].rationale])
    assert here.tallies()["X-1.a"].absent == tuple(sorted(here.signers))
    signed = votes[0].ballot
    forged = replace(signed, payload=ballot_of(here.coordinator.opened, "X-1.b", "pass").to_bytes())
    with pytest.raises(RejectedError):
        other.coordinator.accept([forged])


def test_a10_a_repeated_vote_is_the_same_leaf(chamber):
    here = chamber(4)
    case = here.case()
    first = here.cast("person-1", "pass", case)
    size = len(here.store.leaves())
    again = here.cast("person-1", "pass", case)
    assert [proof.index for proof in first] == [proof.index for proof in again]
    assert len(here.store.leaves()) == size


# ---- A11: one member, one vote ----


def test_a11_a_member_counts_once_however_often_it_signs_and_whatever_key_id_it_claims(chamber):
    here = chamber(4)
    case = here.case()
    vote = here.votes("person-1", "pass", case)[0]
    lying = replace(vote.ballot, signatures=(replace(vote.ballot.signatures[0], keyid=here.signers["tool-1"].keyid),))
    with pytest.raises(RejectedError, match="signature is not good"):
        here.coordinator.accept([lying])
    twice = replace(vote.ballot, signatures=vote.ballot.signatures * 2)
    with pytest.raises(RejectedError, match="not signed by one member"):
        here.coordinator.accept([twice])
    opened, roster = here.coordinator.opened, here.coordinator.roster
    many = replace(vote.ballot, signatures=(*lying.signatures, *vote.ballot.signatures, *vote.ballot.signatures))
    assert certificate_signers(many.to_bytes(), opened, roster, "X-1.a", "pass") == ("person-1",)


def test_a_stranger_is_not_heard(chamber):
    here = chamber(4)
    here.case()
    stranger = load_signer(here.home.keys, "stranger")
    with pytest.raises(RejectedError, match="not signed by one member"):
        here.coordinator.accept([sign(ballot_of(here.coordinator.opened, "X-1.a", "pass"), stranger)])


# ---- A12, A26: another roster, hidden attempts, another rubric ----


def test_a12_a_roster_logged_after_the_opening_is_refused(chamber):
    here = chamber(4)
    entries = [enrol(plan, here.signers[plan.id]) for plan in reversed(here.plans)]
    statement = roster_statement(entries, here.trust[0].envelope.payload_sha256)
    later = Logged(0, sign(statement, load_signer(here.home.keys, "admin")), statement)
    here.documents = replace(here.documents, roster=later)
    coordinator = here.open_unchecked()
    log_document(here.home, here.store, statement)
    coordinator = Coordinator(here.home, here.store, coordinator.opened.id)
    with pytest.raises(ShinraiError, match="the roster of the round was not in the log before"):
        here.case(coordinator)


def test_a12_a_roster_signed_by_somebody_who_is_no_administrator_is_refused(chamber):
    here = chamber(4)
    entries = [enrol(plan, here.signers[plan.id]) for plan in here.plans]
    statement = roster_statement(entries, here.trust[0].envelope.payload_sha256, required={"human": 1})
    envelope = sign(statement, load_signer(here.home.keys, "producer"))
    here.store.append(Addition([envelope]))
    rogue = here.store.logged([envelope.payload_sha256])[0]
    here.documents = replace(here.documents, roster=rogue)
    coordinator = here.open()
    with pytest.raises(ShinraiError, match="no administrator"):
        here.case(coordinator)


def test_a26_an_attempt_that_is_hidden_is_noticed_by_chain_and_by_members(chamber):
    here = chamber(4)
    here.votes("person-1", "fail", here.case())
    second = here.open(closes_after=NOW)
    case = here.case(second, "second.zip")
    assert [opened.attempt for opened in case.attempts] == [1, 2]
    assert case.attempts[1].previous == case.attempts[0].id
    with pytest.raises(ShinraiError, match="Attempt 2 of the council does not follow attempt 0"):
        chain_of_attempts(without_round(case.log, case.attempts[0].id), case.opened.bundle_id)
    # A coordinator that starts its count anew is caught by whoever voted before.
    alone = replace(case, attempts=case.attempts[1:])
    with pytest.raises(RefusedError, match="in which person-1 voted, is hidden"):
        here.votes("person-1", "pass", alone)
    assert here.votes("tool-1", "pass", alone)


def test_a26_a_rubric_of_another_tier_is_another_round(chamber):
    here = chamber(7, tier=Tier.HIGH)
    assert here.case().rubric.tier is Tier.HIGH
    statement = here.documents.rubric.statement
    easier = replace(statement, predicate={**statement.predicate, "required": {}})
    here.documents = replace(here.documents, rubric=log_document(here.home, here.store, easier))
    here.coordinator = here.open_unchecked()
    with pytest.raises(ShinraiError, match="asks for 0 people, its risk tier for 2"):
        here.case()


# ---- people ----


def test_people_are_needed_by_risk_tier_and_can_only_block(chamber):
    here = chamber(7, tier=Tier.HIGH)
    case = here.case()
    for plan in here.plans:
        here.cast(plan.id, {"X-1.a": "pass", "X-1.b": "pass" if plan.id != "person-1" else "fail"}, case)
    tallies = here.tallies()
    assert (tallies["X-1.a"].outcome, tallies["X-1.a"].contested) == ("pass", False)
    # Six of seven and every program agree, and still only one of the two people that the tier asks for does.
    assert (tallies["X-1.b"].outcome, tallies["X-1.b"].reason) == (UNDECIDED, "no stratum")


def test_a_persons_dissent_contests_where_people_are_asked_for(chamber):
    here = chamber(7, tier=Tier.MEDIUM)
    case = here.case()
    for plan in here.plans:
        here.cast(plan.id, {"X-1.a": "pass" if plan.id != "person-1" else "fail", "X-1.b": "pass"}, case)
    tallies = here.tallies()
    assert (tallies["X-1.a"].outcome, tallies["X-1.a"].contested) == ("pass", True)
    assert (tallies["X-1.b"].outcome, tallies["X-1.b"].contested) == ("pass", False)


# ---- A28: hidden votes ----


def test_a28_votes_that_a_coordinator_hides_are_shown_by_the_members_own_ballots(chamber, papers):
    here = chamber(33)
    case = here.case()
    hidden = [plan.id for plan in here.plans[-15:-4]]
    kept = []
    for plan in here.plans:
        if plan.id in hidden:
            kept += papers(here.votes(plan.id, "fail", case))
        else:
            here.cast(plan.id, "pass", case)
    closed = here.coordinator.close()
    assert {tally.outcome for tally in closed.count.tallies.values()} == {"pass"}
    again = look_again(here.coordinator.opened, here.coordinator.roster, closed.count, kept)
    for found in again.values():
        assert (found.outcome, found.contested, found.unlogged) == ("pass", True, tuple(sorted(hidden)))
    with pytest.raises(RejectedError, match="closed"):
        here.coordinator.accept(kept[:2])
    # A member that has a proof shows that its vote was in the log, whatever the record says of it.
    proof = here.coordinator.proofs([here.votes("tool-9", "pass", case)[0].ballot])[0]
    assert proven(here.votes("tool-9", "pass", case)[0].ballot, BALLOT, proof, [here.store.key])


def test_a_late_ballot_never_counts_for_a_value_and_convicts_who_signed_two(chamber):
    here = chamber(4)
    case = here.case()
    for plan in here.plans[:3]:
        here.cast(plan.id, "pass", case)
    closed = here.coordinator.close()
    opened, roster = here.coordinator.opened, here.coordinator.roster
    assert look_again(opened, roster, closed.count, [])["X-1.a"].outcome == "pass"
    for liars, outcome, contested in ((1, "pass", True), (2, VOID, True)):
        late = [e for plan in here.plans[:liars] for e in here.forged(plan.id, "fail")]
        found = look_again(opened, roster, closed.count, late)["X-1.a"]
        assert (found.outcome, found.contested, len(found.equivocators)) == (outcome, contested, liars)
    # A late vote for the value that won changes nothing at all.
    late = here.forged(here.plans[3].id, "pass")
    assert look_again(opened, roster, closed.count, late)["X-1.a"].contested is False


# ---- A23: both ballots are the proof ----


def test_a23_an_equivocator_is_counted_out_and_convicted_by_its_two_ballots(chamber):
    here = chamber(4)
    case = here.case()
    for plan in here.plans[:3]:
        here.cast(plan.id, "pass", case)
    here.coordinator.accept(here.forged("person-1", "pass"))
    here.coordinator.accept(here.forged("person-1", "fail"))
    count = here.coordinator.close().count
    assert (count.tallies["X-1.a"].outcome, count.tallies["X-1.a"].equivocators) == ("pass", ("person-1",))
    both = count.proofs["X-1.a"]["person-1"]
    public = here.signers["person-1"].public
    assert {leaf.statement.predicate["value"] for leaf in both} == {"pass", "fail"}
    assert all(verifies(public, leaf.signature, leaf.envelope.pae) for leaf in both)
    here.coordinator.close()


def test_a_vote_without_a_rationale_of_its_value_does_not_count(chamber):
    here = chamber(4)
    case = here.case()
    for plan in here.plans[:2]:
        here.cast(plan.id, "pass", case)
    here.coordinator.accept([here.forged("model-1", "pass")[0]])
    wrong = here.forged("person-1", "pass")[0], here.forged("person-1", "fail")[1]
    here.coordinator.accept(wrong)
    tally = here.tallies()["X-1.a"]
    assert (tally.outcome, tally.absent) == (UNDECIDED, ("model-1", "person-1"))


# ---- A30: clones ----


def test_a30_a_council_of_clones_decides_nothing_for_want_of_diversity(chamber):
    clones = [SeatPlan(f"c{n}", MemberKind.TOOL, "one", "clone", (f"program:p{n}",)) for n in range(33)]
    here = chamber(clones, controls=("X-1.a",))
    case = here.case()
    for plan in clones:
        here.cast(plan.id, "pass", case)
    for tally in here.tallies().values():
        assert (tally.outcome, tally.reason) == (UNDECIDED, "no diversity")
    assert "in 1 domains of failure" in str(claim(standing(here.coordinator.roster)))


def test_a30_30_clones_and_3_others_do_not_outvote_the_domains(chamber):
    plans = [SeatPlan(f"c{n}", MemberKind.TOOL, "one", "clone", ("program:clone",)) for n in range(30)]
    plans += [SeatPlan(f"o{n}", MemberKind.TOOL, f"other{n}", f"other{n}") for n in range(3)]
    here = chamber(plans, controls=("X-1.a",))
    case = here.case()
    for number, plan in enumerate(plans):
        here.cast(plan.id, "pass" if number < 30 else "fail", case)
    for tally in here.tallies().values():
        assert (tally.outcome, tally.reason) == (UNDECIDED, "no domain quorum")
    found = standing(here.coordinator.roster)
    assert not found.byzantine
    assert {each.cause for each in found.over} == {"operator:one", "program:clone"}


# ---- contents that are missing, conflicts of interest, revoked keys ----


def test_who_has_not_seen_everything_votes_inconclusive(chamber):
    here = chamber(4)
    here.contents = dict(list(here.contents.items())[1:])
    case = here.case()
    assert case.missing == ("minutes.txt",)
    vote = here.votes("tool-1", "pass", case)[0]
    assert vote.value == "inconclusive"
    reason = Statement.from_bytes(vote.rationale.payload, "it").predicate["notes"]
    assert reason["en"].startswith("unavailable: 1 contents")


def test_a_member_with_a_conflict_of_interest_does_not_vote(chamber):
    plans = list(default_roster(4))
    plans[0] = replace(plans[0], conflicts=("1" * 64,))
    here = chamber(plans)
    with pytest.raises(RefusedError, match="conflict of interest"):
        here.votes(plans[0].id, "pass", here.case())


def test_a_key_that_was_revoked_before_its_vote_does_not_count(chamber):
    here = chamber(4)
    case = here.case()
    for plan in here.plans:
        here.cast(plan.id, "pass", case)
    start = here.store.step(f"council:{here.coordinator.opened.id}", "person-1:0")[0].index
    about = {"invalidFromIndex": start, "keyid": here.signers["person-1"].keyid, "reason": "stolen"}
    revoked = Statement("key", "0" * 64, REVOCATION, about)
    here.store.append(Addition([sign(revoked, load_signer(here.home.keys, "admin"))]))
    tally = here.tallies()["X-1.a"]
    assert (tally.outcome, tally.absent) == ("pass", ("person-1",))


# ---- sealed rounds ----


def test_in_a_sealed_round_nobody_sees_a_vote_before_all_have_committed(chamber, papers):
    here = chamber(4, sealed=True)
    case = here.case()
    votes = {plan.id: here.votes(plan.id, "pass", case) for plan in here.plans}
    with pytest.raises(RejectedError, match="takes commitments alone"):
        here.coordinator.accept(papers(votes["tool-1"]))
    for name, signed in votes.items():
        here.coordinator.accept([here.member(name).commitment(case, signed)])
    assert here.coordinator.status().phase == "committing"
    log = b"".join(leaf.payload for leaf in here.coordinator.leaves())
    assert b'"value"' not in log
    here.coordinator.reveal()
    with pytest.raises(RejectedError, match="no longer taken"):
        here.coordinator.accept([here.member("tool-1").commitment(case, votes["tool-1"])])
    for signed in votes.values():
        here.coordinator.accept(papers(signed))
    assert {tally.outcome for tally in here.tallies().values()} == {"pass"}


def test_in_a_sealed_round_a_vote_other_than_the_one_committed_to_does_not_count(chamber, papers):
    here = chamber(4, sealed=True)
    case = here.case()
    votes = {plan.id: here.votes(plan.id, "pass", case) for plan in here.plans}
    for name in list(votes)[:3]:
        here.coordinator.accept([here.member(name).commitment(case, votes[name])])
    here.coordinator.reveal()
    first, second, third, fourth = votes
    here.coordinator.accept(papers(votes[first]))
    here.coordinator.accept(papers(votes[second]))
    here.coordinator.accept(here.forged(third, "fail"))  # it saw the others and thought better of it
    here.coordinator.accept(papers(votes[fourth]))  # it never committed
    tally = here.tallies()["X-1.a"]
    assert (tally.outcome, tally.absent) == (UNDECIDED, tuple(sorted((third, fourth))))


def test_only_the_coordinator_ends_a_round(chamber):
    here = chamber(4)
    case = here.case()
    here.cast("tool-1", "pass", case)
    own = sign(close_statement(here.coordinator.opened), here.signers["tool-1"])
    with pytest.raises(RejectedError, match="no ballot, rationale or commitment"):
        here.coordinator.accept([own])
    end = close_statement(here.coordinator.opened)
    leaves = [*here.coordinator.leaves(), SignedLeaf(10**6, own.signatures[0].keyid, b"", own.payload, end)]
    count = count_round(here.coordinator.opened, here.coordinator.roster, here.coordinator.rubric, leaves, frozenset())
    assert count.closed is None
