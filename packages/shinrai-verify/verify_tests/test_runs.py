"""What must not be hidden: other runs and rounds (A26, A27), superseded statements, sealed and late votes (A28)."""

import pytest

from shinrai_verify import verify as formats
from shinrai_verify.cli import to_text
from shinrai_verify.council import UNDECIDED
from shinrai_verify.dsse import Statement
from shinrai_verify.merkle import root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line

from .test_insiders import added, moved, without
from .world import ATTESTED, MEASURED, ORIGIN, SEATS, Key, World, put, said, seat, sha256, sign, trust_document

PLAIN = World()
OTHER_PLAN = {"checks": ["t/check"], "controls": [MEASURED], "items": [], "run": "another"}


def _about_system(kind, predicate, key="producer", subject=None):
    return sign(Statement("x", subject or PLAIN.subject[1], kind, predicate), key)


PLANNED = _about_system(formats.PLAN, OTHER_PLAN)


# Ten runs can not hide nine.


def test_a_plan_without_a_result_is_an_orphan(tmp_path):
    outcome = World(arrange=added("rubric", PLANNED)).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (2, "V10 planned but not shown: t/check (3)")


def test_a_plan_that_is_left_out_is_seen_in_the_log(tmp_path):
    outcome = World(arrange=added("rubric", PLANNED), show=without("added 0")).verified(tmp_path)
    assert outcome.exit_code == 2
    assert said(outcome) == "V5 the log has entries about this system, council or trust that are not here: 3 (plan/v1)"


def test_a_plan_of_another_system_is_nobody_s_business(tmp_path):
    foreign = _about_system(formats.PLAN, OTHER_PLAN, subject="ab" * 32)
    assert World(arrange=added("rubric", foreign), show=without("added 0")).verified(tmp_path).exit_code == 0


def test_a_run_that_was_given_up_is_listed_with_its_reason(tmp_path):
    reason = {"plan": PLANNED.payload_sha256, "reason": "the model\u202e was withdrawn"}
    given_up = _about_system(formats.ABANDONMENT, reason)
    outcome = World(arrange=added("rubric", PLANNED, given_up)).verified(tmp_path)
    assert (outcome.exit_code, outcome.runs) == (0, ["3 (the model\u202e was withdrawn)"])
    assert "given up: 3 (the model\\u202e was withdrawn)" in to_text(outcome, "en")
    by_another = _about_system(formats.ABANDONMENT, reason, "coordinator")
    assert World(arrange=added("rubric", PLANNED, by_another)).verified(tmp_path).exit_code == 1


def test_a_run_with_its_own_bundle_is_listed(tmp_path):
    elsewhere = {"bundle": "cd" * 32, "items": [], "plan": PLANNED.payload_sha256}
    other = _about_system(formats.ASSESSMENT, elsewhere)
    outcome = World(arrange=added("rubric", PLANNED, other)).verified(tmp_path)
    assert (outcome.exit_code, outcome.runs) == (0, [f"3 ({'cd' * 32})"])


def test_a_run_that_was_given_up_hides_no_gap_of_another(tmp_path):
    reason = "x" * 500
    excuse = _about_system(formats.ABANDONMENT, {"plan": PLANNED.payload_sha256, "reason": reason})
    later = {**OTHER_PLAN, "run": "a third"}
    excused = _about_system(formats.PLAN, later)
    twice = _about_system(formats.ABANDONMENT, {"plan": excused.payload_sha256, "reason": "too"})
    gaps = put("checks", ["t/check", "t/more", "t/other"])
    world = World(arrange=added("rubric", PLANNED, excuse, excused, twice), edits={"plan": gaps})
    outcome = world.verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (2, "V10 planned but not shown: t/more (9), t/other (9)")
    assert outcome.runs == [f"3 ({reason})"[:160], "5 (too)"]
    (names,) = [step.fields["names"] for step in outcome.steps if "other runs" in step.text]
    assert names == ", ".join(outcome.runs)


def test_giving_up_does_not_excuse_a_run_whose_numbers_are_here(tmp_path):
    plan = dict(PLAIN.before_round)["plan"].payload_sha256
    excuse = _about_system(formats.ABANDONMENT, {"plan": plan, "reason": "x"})
    outcome = World(arrange=added("plan", excuse), show=without("evidence1", "assessment")).verified(tmp_path)
    assert "V10 planned but not shown: t/check (5)" in said(outcome)


HIDDEN = {
    "a vote": "zenith X-1.measured ballot",
    "the verdict": "verdict",
    "the plan": "plan",
    "the assessment": "assessment",
    "a trust document": "trust1",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_left_out_of_the_statements_is_named(tmp_path, name):
    outcome = World(show=without(HIDDEN[name])).verified(tmp_path)
    assert "V5 the log has entries about this system, council or trust that are not here: " in said(outcome)
    assert outcome.exit_code in (1, 2)


def test_a_revocation_that_is_left_out_is_seen(tmp_path):
    about = {"keyid": Key("somebody").keyid, "invalidFromIndex": 0}
    revoked = sign(Statement("key", "ab" * 32, formats.REVOCATION, about), "admin")
    assert World(arrange=added("rubric", revoked)).verified(tmp_path).revoked == {Key("somebody").keyid: 0}
    outcome = World(arrange=added("rubric", revoked), show=without("added 0")).verified(tmp_path)
    assert (outcome.exit_code, "3 (revocation/v1)" in said(outcome)) == (2, True)


def test_a_later_round_that_is_left_out_is_seen(tmp_path):
    again = {**_predicate(PLAIN.round), "attempt": 2, "prevRound": PLAIN.round.payload_sha256}
    later = sign(Statement("bundle", PLAIN.bundle_id, formats.ROUND, again), "coordinator")
    outcome = World(arrange=added("assessment", later), show=without("added 0")).verified(tmp_path)
    assert (outcome.exit_code, "(council-round/v1)" in said(outcome)) == (2, True)


def _predicate(envelope):
    return dict(Statement.from_bytes(envelope.payload, "it").predicate)


def test_a_key_may_give_itself_up(tmp_path):
    about = {"keyid": Key("seat-zenith").keyid, "invalidFromIndex": 99}
    own = sign(Statement("key", "ab" * 32, formats.REVOCATION, about), "seat-zenith")
    assert World(arrange=added("assessment", own)).verified(tmp_path).exit_code == 0
    now = sign(Statement("key", "ab" * 32, formats.REVOCATION, {**about, "invalidFromIndex": 0}), "seat-zenith")
    assert "is not what the votes come to" in said(World(arrange=added("assessment", now)).verified(tmp_path))
    of_other = sign(Statement("key", "ab" * 32, formats.REVOCATION, about), "seat-north")
    assert "without that right" in said(World(arrange=added("assessment", of_other)).verified(tmp_path))


# A correction supersedes, it never edits.


def _superseding(world=PLAIN, **changes):
    old = dict(world.before_round)["attestation"]
    return _about_system(formats.EVIDENCE, {**_predicate(old), "supersedes": old.payload_sha256, **changes}, "yamada")


def test_what_was_superseded_no_longer_counts(tmp_path):
    outcome = World(arrange=added("attestation", _superseding())).verified(tmp_path)
    assert (outcome.exit_code, "V11 the assessment shows affirmed otherwise" in said(outcome)) == (1, True)
    fresh = _superseding()
    record = put("attestations", 0, "evidence", fresh.payload_sha256)

    def newest(document):
        record(document)
        document["attestations"][0]["logIndex"] += 1
        return document

    outcome = World(arrange=added("attestation", fresh), edits={"document": newest}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (0, "")
    hidden = World(arrange=added("attestation", _superseding(supersedes="ab" * 32))).verified(tmp_path)
    assert (hidden.exit_code, said(hidden)) == (2, f"V7 statements that were superseded are not here: {'ab' * 8}")


def test_all_that_was_superseded_and_is_not_here_is_named(tmp_path):
    two = [_superseding(supersedes=digest * 32) for digest in ("ab", "cd")]
    outcome = World(arrange=added("attestation", *two)).verified(tmp_path)
    names = f"{'ab' * 8}, {'cd' * 8}"
    assert (outcome.exit_code, said(outcome)) == (2, f"V7 statements that were superseded are not here: {names}")


def test_only_what_is_of_the_same_kind_and_earlier_can_be_superseded(tmp_path):
    old = dict(PLAIN.before_round)["approval"].payload_sha256
    for world in (
        World(arrange=added("approval", _superseding(supersedes=old))),
        World(arrange=added("rubric", _superseding())),
    ):
        assert "supersedes a statement of another kind, or a later one" in said(world.verified(tmp_path))


# Sealed rounds.


def _sealed(**more):
    edits = {"round": put("sealed", True), **more.pop("edits", {})}
    return World(edits=edits, seals=more.pop("seals", SEATS), **more)


def test_sealed_votes_count_when_they_were_committed_to_before(tmp_path):
    outcome = _sealed().verified(tmp_path)
    assert (outcome.exit_code, said(outcome), outcome.tallies[MEASURED].outcome) == (0, "", "pass")


@pytest.mark.parametrize(
    "world",
    [
        _sealed(seals=SEATS[:4]),
        _sealed(arrange=moved("zenith seal", after="reveal")),
        _sealed(arrange=moved("reveal", after="zenith X-1.measured ballot")),
    ],
)
def test_sealed_votes_that_break_the_rule_do_not_count(tmp_path, world):
    assert "is not what the votes come to" in said(world.verified(tmp_path))


@pytest.mark.parametrize("world", [_sealed(show=without("reveal")), World(edits={"round": put("sealed", True)})])
def test_a_sealed_round_is_opened_once(tmp_path, world):
    assert "the sealed round was not opened once" in said(world.verified(tmp_path))


def test_a_malformed_vote_spoils_nothing_but_itself(tmp_path):
    bad = {"round": PLAIN.round.payload_sha256, "control": 5, "value": []}
    junk = sign(Statement("bundle", PLAIN.bundle_id, formats.BALLOT, bad), "seat-zenith")
    outcome = World(arrange=added("round", junk)).verified(tmp_path)
    assert (outcome.exit_code, outcome.ignored) == (0, [formats.BALLOT])


def test_who_declares_a_conflict_does_not_vote(tmp_path):
    outcome = World(edits={"rationale": put("conflict", True)}).verified(tmp_path)
    assert "is not what the votes come to" in said(outcome)


# Votes presented outside the round.


def _late(control, *names):
    return [sign(PLAIN.ballot(control, "fail"), f"seat-{name}") for name in names]


def test_late_votes_convict_but_never_count(tmp_path):
    edit = {"policy": put("requiredControls", [MEASURED])}
    one = World(arrange=added("assessment", *_late(MEASURED, "zenith")), edits=edit).verified(tmp_path)
    assert (one.exit_code, one.late, one.tallies[MEASURED].outcome) == (0, {}, "pass")
    two = World(arrange=added("assessment", *_late(MEASURED, "zenith", "west")), edits=edit).verified(tmp_path)
    assert (two.exit_code, two.late) == (3, {MEASURED: "void"})
    assert "they are not: X-1.measured" in said(two)
    assert "X-1.measured: pass [void]" in to_text(two, "en")
    dissent = {("north", ATTESTED): ["fail"]}
    assert World(votes=dissent).verified(tmp_path).tallies[ATTESTED].outcome == UNDECIDED
    dissent = {("zenith", ATTESTED): ["fail"]}
    four = World(arrange=added("assessment", *_late(ATTESTED, "west")), votes=dissent).verified(tmp_path)
    assert (four.exit_code, four.late) == (3, {ATTESTED: "contested"})
    voters = [*_late(MEASURED, "zenith", "west"), *_late(ATTESTED, "zenith", "west")]
    both = World(arrange=added("assessment", *voters)).verified(tmp_path)
    names = f"{MEASURED}: void, {ATTESTED}: void"
    assert said(both) == f"V9 votes outside the round convict members that were counted: {names}"


# Thresholds, strata of a control, and what the verdict says of the council.


def test_a_role_may_need_several_keys(tmp_path):
    def two(document):
        other = Key("admin2")
        document["keys"][other.keyid] = other.entry("admin2")
        document["roles"]["admin"] = {"keyids": [Key("admin").keyid, other.keyid], "threshold": 2}
        return document

    both = {"roster": ["admin", "admin2"], "rubric": ["admin", "admin2"]}
    assert World(edits={"trust": two}, signers=both).verified(tmp_path).exit_code == 0
    one = World(edits={"trust": two}, signers={**both, "rubric": ["admin"]}).verified(tmp_path)
    assert said(one) == "V6 entry 3 is not signed by enough keys of the role admin"
    roster = World(edits={"trust": two}, signers={**both, "roster": ["admin"]}).verified(tmp_path)
    assert said(roster).startswith("L1 the verdict is not signed by enough keys of the role admin; V6 entry 1")


def _without_certificates(verdict):
    return {**verdict, "controls": [{**control, "certificate": None} for control in verdict["controls"]]}


def test_the_rubric_may_demand_a_stratum_for_one_control(tmp_path):
    demand = {"rubric": put("required", {MEASURED: {"human": 1}})}
    assert "L1 the certificate of X-1.measured does not carry" in said(World(edits=demand).verified(tmp_path))
    # Without a certificate it is the count that tells: five votes, and nobody of those who were demanded.
    bare = {"verdict": _without_certificates}
    outcomes = [World(edits=edits).verified(tmp_path).tallies[MEASURED].outcome for edits in (bare, {**bare, **demand})]
    assert outcomes == ["pass", "undecided"]
    members = [seat(name, strata=["human"] if name == "west" else [name]) for name in SEATS]
    demand["roster"] = put("members", members)
    assert World(edits=demand).verified(tmp_path).exit_code == 0


def test_a_late_vote_of_the_one_who_was_demanded_contests_what_was_certified(tmp_path):
    members = [seat(name, strata=["human"] if name == "west" else [name]) for name in SEATS]
    edits = {"rubric": put("required", {MEASURED: {"human": 1}}), "roster": put("members", members)}
    world = World(edits=edits)
    for name, late in (("west", {MEASURED: "contested"}), ("zenith", {})):
        vote = sign(world.ballot(MEASURED, "fail"), f"seat-{name}")
        outcome = World(edits=edits, arrange=added("assessment", vote)).verified(tmp_path)
        assert (outcome.late, outcome.exit_code) == (late, 3 if late else 0)


def test_the_verdict_s_word_on_the_council_is_computed_again(tmp_path):
    council = formats.council_record(PLAIN.verified(tmp_path).roster)
    assert (
        World(edits={"verdict": put("council", {**council, "nEff": {"estimate": "2.1"}})}).verified(tmp_path).exit_code
        == 0
    )
    for change in ({"f": 2}, {"commonCausesOverF": ["x"]}, {"byzantine": True}):
        outcome = World(edits={"verdict": put("council", {**council, **change})}).verified(tmp_path)
        assert "is not what the votes come to" in said(outcome)


# Two levels.


def test_a_forked_log_leaves_the_certificates_standing(tmp_path):
    leaves = PLAIN.leaves()
    head = Checkpoint(ORIGIN, len(leaves), root([*leaves[:-1], leaves[0]]))
    signed = Key("log").sign(head.text.encode())
    forked = f"{head.text}\n{signature_line(NoteKey(ORIGIN, Key('log').public), signed)}".encode()
    outcome = World(files=lambda files: {**files, "log/checkpoint": forked}).verified(tmp_path)
    assert (outcome.levels, outcome.certified) == ({"L1": 0, "L2": 1}, {MEASURED: "pass", ATTESTED: "pass"})


def test_forged_certificates_fail_alone(tmp_path):
    empty = World(edits={"certificates": lambda all_: {name: data[:-3] for name, data in all_.items()}})
    assert empty.verified(tmp_path).levels == {"L1": 1, "L2": 1}
    (tmp_path / "none.zip").write_bytes(b"")
    assert formats.verify(tmp_path / "none.zip", PLAIN.policy).levels == {"L1": 1, "L2": 1}


@pytest.mark.parametrize(
    ("control", "stratum", "code"),
    [(MEASURED, "human", 1), (ATTESTED, "human", 1), (MEASURED, "north", 0), ("X-9.other", "human", 0)],
)
def test_a_certificate_holds_to_the_strata_that_the_rubric_asks_of_its_control(tmp_path, control, stratum, code):
    outcome = World(edits={"rubric": put("required", {control: {stratum: 1}})}).verified(tmp_path)
    assert outcome.levels["L1"] == code
    assert (f"L1 the certificate of {control} does not carry the votes it claims" in said(outcome)) == (code == 1)


@pytest.mark.parametrize("required", [[], "human", {MEASURED: 1}, {MEASURED: {"human": -1}}])
def test_a_rubric_that_asks_in_no_known_way_is_named(tmp_path, required):
    outcome = World(edits={"rubric": put("required", required)}).verified(tmp_path)
    told = "the rubric lacks a valid field “required”"
    assert (outcome.levels, said(outcome)) == ({"L1": 1, "L2": 1}, f"L1 {told}; V9 {told}")


# The log shown in part.


def test_proofs_show_the_same_as_the_whole_log(tmp_path):
    outcome = World(proofs=True).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (0, "")
    assert any("shown in part" in step.text for step in outcome.steps)
    assert outcome.tallies == PLAIN.verified(tmp_path).tallies


def test_proofs_that_do_not_fit_are_refused(tmp_path):
    names = [name for name in World(proofs=True).contents() if name.startswith("log/proofs/")]
    files = World(proofs=True).contents()
    other = {names[0]: files[names[1]]}
    for change in (other, {names[0]: files[names[0]].replace(b"index ", b"index 0")}, {names[0]: b"x"}):
        outcome = World(proofs=True, files=lambda f, change=change: {**f, **change}).verified(tmp_path)
        assert outcome.exit_code == 1
        # A proof of another entry shows nothing of this one, not even where it stands.
        assert change is not other or ":1 is not in the log" in said(outcome)
        assert change is other or f"{names[0]} " in said(outcome)
    extra = World(proofs=True, files=lambda f: {**f, f"log/proofs/{'ab' * 32}.tlog-proof": b"x"}).verified(tmp_path)
    assert (extra.exit_code, "which is not allowed" in said(extra)) == (1, True)
    gone = World(proofs=True, files=lambda f: {n: d for n, d in f.items() if n != names[3]}).verified(tmp_path)
    assert (gone.exit_code, "is not in the log" in said(gone)) == (1, True)


def test_the_continuation_from_a_head_that_was_seen_needs_its_proof(tmp_path):
    leaves = PLAIN.leaves()
    key = NoteKey(ORIGIN, Key("log").public)

    def seen(size, leaves=leaves):
        head = Checkpoint(ORIGIN, size, root(leaves[:size]))
        return f"{head.text}\n{signature_line(key, Key('log').sign(head.text.encode()))}".encode()

    for size, shown, code in ((0, (), 0), (5, (5,), 0), (8, (8,), 0), (7, (), 3), (7, (5,), 1), (len(leaves), (), 0)):
        assert World(proofs=True, seen=shown).verified(tmp_path, last_seen=seen(size)).exit_code == code
    told = World(proofs=True, seen=(5,)).verified(tmp_path, last_seen=seen(5))
    assert [(step.text, step.fields) for step in told.steps if step.code == "V4"] == [
        ("the log continues the one you saw with {m} entries", {"m": 5})
    ]
    assert "no earlier checkpoint was given" in to_text(World(proofs=True).verified(tmp_path), "en")
    forked = seen(5, [leaves[1], leaves[0], *leaves[2:]])
    assert (
        said(World(proofs=True, seen=(5,)).verified(tmp_path, last_seen=forked))
        == "V4 the log was rewritten since you last saw it"
    )


@pytest.mark.parametrize("spelt", [lambda data: data.replace(b"+", b"-").replace(b"/", b"_"), lambda data: b"x" + data])
def test_a_continuation_is_written_in_one_alphabet(tmp_path, spelt):
    leaves = PLAIN.leaves()
    head = Checkpoint(ORIGIN, 5, root(leaves[:5]))
    signed = signature_line(NoteKey(ORIGIN, Key("log").public), Key("log").sign(head.text.encode()))
    name, bent = "log/consistency/5", []

    def files(found):
        bent.append(spelt(found[name]) != found[name])
        return {**found, name: spelt(found[name])}

    world = World(proofs=True, seen=(5,), files=files)
    outcome = world.verified(tmp_path, last_seen=f"{head.text}\n{signed}".encode())
    assert (said(outcome), bent) == (f"V4 {name} has a field that is not valid base64", [True])


def test_a_rotation_below_the_admin_s_threshold_is_caught_later(tmp_path):
    chain = [(trust_document(), ["root"])]
    first = World(trust=chain).chain[0].payload_sha256
    chain.append((trust_document(2, first, producer="other"), ["root"]))
    late = World(trust=chain, arrange=moved("trust2", after="evidence1"))
    assert "signed by a key without that right" in said(late.verified(tmp_path))
    assert sha256(b"") not in late.bundle_id
