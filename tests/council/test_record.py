"""The record of a round is what an outsider verifies: the coordinator's count and the verifier's are one."""

import pytest

from shinrai.council.case_file import read_case
from shinrai.council.coordinator import RejectedError
from shinrai.council.counting import count_round, look_again
from shinrai.council.rounds import ballot_of, commitment_of, rationale_of
from shinrai.evidence import bundle
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai.evidence.store import Addition
from shinrai.language import Bilingual
from shinrai_verify.dsse import Statement
from shinrai_verify.verify import RATIONALE, REVOCATION, SEAL, Verification, verify


def verified(here, name="record.zip"):
    """Write the record; returns what the verifier says of it and what the coordinator counted."""
    path = here.folder / name
    closed = here.coordinator.write_record(path, here.manifest, here.contents, here.evidence)
    read = read_case(path, here.policy)
    holders = read.log.holders("coordinator", read.opened.index)
    again = count_round(read.opened, read.roster, read.rubric, read.log.statements, holders, read.log.revoked())
    assert again.tallies == closed.count.tallies
    return verify(path, here.policy), again


def counted(outcome: Verification) -> list[str]:
    return [step.text for step in outcome.steps if step.code == "V9" and step.exit_class == 0]


def conflicted(here, name):
    """What a member can send that declares a conflict and votes all the same."""
    opened, found = here.coordinator.opened, []
    for control in here.controls:
        reason = rationale_of(opened, name, control, "fail", Bilingual(ja="利害", en="mine"), (), conflict=True)
        found += [sign(ballot_of(opened, control, "fail"), here.signers[name]), sign(reason, here.signers[name])]
    return found


def bent(here, name):
    """Ballots beside a rationale that lacks its shape."""
    opened = here.coordinator.opened
    about = {"control": here.controls[0], "inspected": "all of it", "round": opened.id, "value": "fail"}
    reason = sign(Statement("bundle", opened.bundle_id, RATIONALE, about), here.signers[name])
    return [sign(ballot_of(opened, here.controls[0], "fail"), here.signers[name]), reason]


def unexplained(here, name):
    """Both values, one of them without a reason."""
    opened = here.coordinator.opened
    more = [sign(ballot_of(opened, control, "fail"), here.signers[name]) for control in here.controls]
    return [*here.forged(name, "pass"), *more]


@pytest.mark.parametrize("lie", [conflicted, bent, unexplained])
def test_what_one_member_sends_cannot_part_the_coordinator_from_the_verifier(chamber, lie):
    here = chamber(4)
    case = here.case()
    liar, *honest = [plan.id for plan in here.plans]
    here.coordinator.accept(lie(here, liar))
    for name in honest:
        here.cast(name, "pass", case)
    outcome, count = verified(here)
    assert counted(outcome), outcome.steps
    assert outcome.tallies == count.tallies
    assert {each.outcome for each in outcome.tallies.values()} == {"pass"}
    later = look_again(here.coordinator.opened, here.coordinator.roster, count, [])
    if lie is unexplained:
        assert {each.equivocators for each in later.values()} == {(liar,)}
    else:
        assert {each.absent for each in outcome.tallies.values()} == {(liar,)}


def test_a_seal_of_no_shape_stops_nobody(chamber):
    here = chamber(4, sealed=True)
    case = here.case()
    liar, *honest = [plan.id for plan in here.plans]
    about = {"round": here.coordinator.opened.id, "seals": ["x", 5, None]}
    broken = sign(Statement("bundle", here.bundle_id, SEAL, about), here.signers[liar])
    here.coordinator.accept([broken])
    sent = {name: here.votes(name, "pass", case) for name in honest}
    for name, votes in sent.items():
        signatures = {vote.control: vote.ballot.signatures[0].sig for vote in votes}
        here.coordinator.accept([sign(commitment_of(here.coordinator.opened, signatures), here.signers[name])])
    here.coordinator.reveal()
    for votes in sent.values():
        here.coordinator.accept([each for vote in votes for each in (vote.ballot, vote.rationale)])
    outcome, count = verified(here)
    assert counted(outcome)
    assert outcome.tallies == count.tallies
    assert {each.outcome for each in outcome.tallies.values()} == {"pass"}


def revoke(here, name, index):
    about = {"invalidFromIndex": index, "keyid": here.signers[name].keyid, "reason": "stolen"}
    statement = Statement("key", "ab" * 32, REVOCATION, about)
    here.store.append(Addition([sign(statement, load_signer(here.home.keys, "admin"))]))


def test_votes_by_a_revoked_key_are_not_taken_and_those_taken_before_are_not_counted(chamber):
    here = chamber(4)
    case = here.case()
    stolen, *honest = [plan.id for plan in here.plans]
    here.cast(stolen, "fail", case)
    for name in honest:
        here.cast(name, "pass", case)
    revoke(here, stolen, here.coordinator.opened.index)
    with pytest.raises(RejectedError, match="The key of this member was revoked"):
        here.coordinator.accept(here.forged(stolen, "pass"))
    outcome, count = verified(here)
    assert counted(outcome)
    assert outcome.tallies == count.tallies
    assert {(each.outcome, each.absent) for each in count.tallies.values()} == {("pass", (stolen,))}


def test_the_record_of_a_large_log_shows_proofs(chamber, monkeypatch):
    here = chamber(4)
    case = here.case()
    for plan in here.plans:
        here.cast(plan.id, "pass", case)
    monkeypatch.setattr("shinrai.council.case_file.SHOWN_WHOLE", 5)
    outcome, count = verified(here)
    assert bundle.SHOWN_WHOLE > 5
    assert counted(outcome)
    assert outcome.tallies == count.tallies
    assert any(step.text.startswith("the log is shown in part") for step in outcome.steps)


def test_a_second_attempt_shows_the_first_with_its_votes_and_certificates(chamber):
    here = chamber(4)
    for value in ("pass", "fail"):
        case = here.case()
        for plan in here.plans:
            here.cast(plan.id, value, case)
        if value == "pass":
            here.coordinator.close()
            here.coordinator = here.open()
    outcome, count = verified(here)
    assert counted(outcome)
    assert outcome.certified == dict.fromkeys(here.controls, "fail")
    first = here.coordinator
    assert {each.outcome for each in count.tallies.values()} == {"fail"}
    # What was left out of a record is seen: a round opened later is there, and told of by the log.
    here.coordinator = here.open()
    here.coordinator, later = first, here.coordinator
    outcome, _ = verified(here, "older.zip")
    assert any(step.exit_class == 2 and "(council-round/v1)" in str(step.fields) for step in outcome.steps)
    assert later.opened.attempt == 3
