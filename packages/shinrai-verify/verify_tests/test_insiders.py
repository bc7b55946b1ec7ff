"""Attacks by those who hold keys: each signs what it should not, or hides what it should show.

The world remakes everything that depends on the change, so that the one thing wrong is the attack.
"""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai_verify import verify as formats
from shinrai_verify.assessment import WHAT
from shinrai_verify.cli import to_json, to_text
from shinrai_verify.dsse import Envelope, Signature, Statement
from shinrai_verify.trust import TRUST

from .world import ATTESTED, MEASURED, SEATS, Key, World, put, said, seat, sha256, sign, trust_document

PLAIN = World()


def moved(name, after):
    """Return an arrangement of the log in which one entry stands after another."""

    def arrange(log):
        rest = [entry for entry in log if entry[0] != name]
        place = [entry[0] for entry in rest].index(after) + 1
        return [*rest[:place], next(entry for entry in log if entry[0] == name), *rest[place:]]

    return arrange


def added(after, *envelopes):
    """Return an arrangement of the log with further entries after one."""

    def arrange(log):
        place = [name for name, _ in log].index(after) + 1
        return [*log[:place], *((f"added {n}", envelope) for n, envelope in enumerate(envelopes)), *log[place:]]

    return arrange


def without(*names):
    return lambda log: [entry for entry in log if entry[0] not in names]


def replaced(name, envelope):
    return lambda log: [(each, envelope if each == name else old) for each, old in log]


def statement(kind, predicate, subject=("bundle", PLAIN.bundle_id)):
    return Statement(*subject, kind, predicate)


ALL = [name for name, _ in PLAIN.log]
ROUND = PLAIN.round.payload_sha256
REVOKED_SEAT = {"keyid": Key("seat-zenith").keyid, "reason": "stolen"}
EX_ADMIN = [(trust_document(), ["root"])]
EX_ADMIN.append((trust_document(2, World(trust=EX_ADMIN).chain[0].payload_sha256, admin="new-admin"), ["root"]))
FORK = sign(Statement("trust", "0" * 64, TRUST, trust_document(expires="2098-01-01T00:00:00Z")), "root")
OTHER_ROUND = World(edits={"round": put("reason", "again")})
REPLAYED = [envelope for name, envelope in OTHER_ROUND.log if name.startswith("zenith")]
SECOND = sign(
    statement(formats.ROUND, json.loads(PLAIN.round.payload)["predicate"] | {"reason": "we did not like it"}),
    "coordinator",
)
OTHER_TYPE = Envelope(PLAIN.round.payload, PLAIN.round.signatures, "application/json")


def _of_another_type(files):
    name = "attestations.intoto.jsonl"
    return {**files, name: files[name].replace(PLAIN.round.to_bytes(), OTHER_TYPE.to_bytes())}


def _certificate(*names, control=MEASURED, value="pass", world=PLAIN):
    return sign(world.ballot(control, value), *(f"seat-{name}" for name in names))


def _with_certificate(envelope):
    return World(edits={"certificates": lambda all_: {**all_, MEASURED: envelope.to_bytes()}})


ATTACKS = {
    # Who may sign what (V5, V6).
    "a key that nobody vouches for": (World(signers={"plan": ["stranger"]}), "a key that nobody vouches for"),
    "a roster signed by the producer": (World(signers={"roster": ["producer"]}), "signed by a key without that right"),
    "a rubric signed by the coordinator": (World(signers={"rubric": ["coordinator"]}), "without that right"),
    "a plan signed by the coordinator": (World(signers={"plan": ["coordinator"]}), "without that right"),
    "a number signed by the coordinator": (World(signers={"evidence0": ["coordinator"]}), "without that right"),
    "a number signed by a seat": (World(signers={"evidence0": ["seat-north"]}), "without that right"),
    "an attestation signed by the producer": (World(signers={"attestation": ["producer"]}), "without that right"),
    "an approval signed by the producer": (World(signers={"approval": ["producer"]}), "without that right"),
    "a round opened by the producer": (World(signers={"round": ["producer"]}), "without that right"),
    "a round closed by a seat": (World(signers={"close": ["seat-north"]}), "without that right"),
    "a verdict signed by the producer": (World(signers={"verdict": ["producer"]}), "without that right"),
    "an assessment signed by the coordinator": (World(signers={"assessment": ["coordinator"]}), "without that right"),
    "a second signature without the right": (
        World(signers={"round": ["coordinator", "producer"]}),
        "without that right",
    ),
    "an attestation in another's name": (
        World(edits={"attestation": put("decider", "suzuki")}),
        "names another person than the one whose key signed it",
    ),
    "a number passed off as an attestation": (
        World(edits={"evidence0": put("kind", "attestation")}),
        "signed by a key without that right",
    ),
    "a payload of another type": (World(files=_of_another_type), "has the payload type application/json"),
    "another kind of statement": (
        World(
            edits={
                "evidence0 statement": lambda s: Statement(s.subject_name, s.subject_sha256, formats.PLAN, s.predicate)
            }
        ),
        "",
    ),
    "a signature that is not good": (
        World(
            arrange=replaced(
                "plan",
                Envelope(dict(PLAIN.log)["plan"].payload, (Signature(Key("producer").keyid, bytes(64)),)),
            )
        ),
        "the signature is not good",
    ),
    "a signature under another key id": (
        World(
            arrange=replaced(
                "round", Envelope(PLAIN.round.payload, (Signature(Key("admin").keyid, PLAIN.round.signatures[0].sig),))
            )
        ),
        "the signature is not good",
    ),
    "a roster by an admin who was taken off": (
        World(trust=EX_ADMIN, signers={"rubric": ["new-admin"]}),
        "entry 2 (https://shinrai.example/roster/v1) is signed by a key without that right",
    ),
    "a rubric by an admin to come": (
        World(trust=EX_ADMIN, signers={"rubric": ["new-admin"]}, arrange=moved("trust2", after="rubric")),
        "signed by a key without that right",
    ),
    "a trust document beside the chain": (
        World(arrange=added("trust1", FORK)),
        "the log holds a trust document that is not in the chain",
    ),
    "a key revoked before it signed": (
        World(
            arrange=added(
                "rubric", sign(statement(formats.REVOCATION, REVOKED_SEAT | {"invalidFromIndex": 9}), "admin")
            )
        ),
        "the verdict that was published is not what the votes come to",
    ),
    "a coordinator's key revoked before it signed": (
        World(
            arrange=added(
                "rubric",
                sign(
                    statement(
                        formats.REVOCATION,
                        {"keyid": Key("coordinator").keyid, "reason": "lost", "invalidFromIndex": 9},
                    ),
                    "admin",
                ),
            )
        ),
        "is signed by a key that was revoked before",
    ),
    "a revocation by someone else": (
        World(
            arrange=added(
                "rubric", sign(statement(formats.REVOCATION, REVOKED_SEAT | {"invalidFromIndex": 99}), "producer")
            )
        ),
        "without that right",
    ),
    # What evidence is about (V7).
    "evidence about another system": (
        World(edits={"evidence0 statement": lambda s: Statement("y", "ab" * 32, s.predicate_type, s.predicate)}),
        "is about another system or another version of it",
    ),
    "a plan for another system": (
        World(edits={"plan statement": lambda s: Statement("y", "ab" * 32, s.predicate_type, s.predicate)}),
        "is about another system",
    ),
    "evidence that rests on content nobody lists": (
        World(edits={"evidence1": put("items", 0, "digest", "sha256", "ab" * 32)}),
        "rests on content that the manifest does not list",
    ),
    "a control with a strange name": (World(edits={"attestation": put("controls", ["X 2"])}), "identifier"),
    "a system without a digest": (
        World(edits={"manifest": put("subject", "digest", {})}),
        "lacks a valid field “sha256”",
    ),
    # The round (V8).
    "no round": (World(show=without("round")), "the bundle has no council round"),
    "a roster slipped in after the round": (
        World(arrange=moved("roster", after="round")),
        "rests on a statement that was not logged before it (https://shinrai.example/roster/v1)",
    ),
    "a rubric changed after the round": (
        World(arrange=moved("rubric", after="zenith X-2.attested rationale")),
        "not logged before it (https://shinrai.example/council-rubric/v1)",
    ),
    "another roster than the logged one": (World(edits={"round": put("roster", "ab" * 32)}), "not logged before it"),
    "a rubric passed off as the roster": (
        World(edits={"round": lambda about: about | {"roster": about["rubric"]}}),
        "not logged before it (https://shinrai.example/roster/v1)",
    ),
    "a round about another bundle": (
        World(edits={"round statement": lambda s: Statement("bundle", "ab" * 32, s.predicate_type, s.predicate)}),
        "the council round was about another bundle",
    ),
    "a round in another log": (
        World(edits={"round": put("log", "origin", "example.org/other")}),
        "the council round was held in another log",
    ),
    "a hidden first attempt": (
        World(edits={"round": lambda about: about | {"attempt": 2, "prevRound": "ab" * 32}}),
        "the council round hides an earlier attempt",
    ),
    "a first attempt that calls itself the second": (
        World(edits={"round": put("attempt", 2)}),
        "the council round hides an earlier attempt",
    ),
    "a first attempt that names one before it": (
        World(edits={"round": put("prevRound", "ab" * 32)}),
        "the council round hides an earlier attempt",
    ),
    "a second attempt that hides the first": (World(arrange=added("verdict", SECOND)), "hides an earlier attempt"),
    "a control to vote on with a strange name": (World(edits={"round": put("controls", [5, "a"])}), "identifier"),
    # The count (V9).
    "a round never closed": (World(show=without("close")), "was not closed and summed up once"),
    "a round never summed up": (World(show=without("verdict")), "was not closed and summed up once"),
    "a round closed twice": (
        World(arrange=added("close", sign(statement(formats.CLOSE, {"round": ROUND, "again": 1}), "coordinator"))),
        "was not closed and summed up once",
    ),
    "a verdict before the close": (World(arrange=moved("close", after="verdict")), "not closed and summed up once"),
    "votes cast before the round": (
        World(arrange=moved("round", after="north X-1.measured rationale")),
        "the verdict that was published is not what the votes come to",
    ),
    "votes cast after the close": (
        World(arrange=moved("close", after="east X-2.attested rationale")),
        "the verdict that was published is not what the votes come to",
    ),
    "a dissent left out": (
        World(votes={("zenith", MEASURED): ["fail"]}, edits={"verdict": put("controls", 0, "dissent", [])}),
        "is not what the votes come to",
    ),
    "a pass where there is none": (
        World(
            votes={(name, MEASURED): ["inconclusive"] for name in SEATS[:2]},
            edits={"verdict": put("controls", 0, "outcome", "pass")},
        ),
        "is not what the votes come to",
    ),
    "a control left out of the verdict": (World(edits={"verdict": put("controls", 1, ...)}), "is not what the votes"),
    "a verdict of another shape": (
        World(edits={"verdict": put("controls", ["pass", "pass"])}),
        "the verdict is not an object",
    ),
    "no verdict at all": (World(edits={"verdict": put("controls", None)}), "lacks a valid field “controls”"),
    "votes of another round": (
        World(
            arrange=lambda log: added("north X-2.attested rationale", *REPLAYED)(
                without(*[n for n in ALL if n.startswith("zenith")])(log)
            )
        ),
        "is not what the votes come to",
    ),
    "a vote without a reason": (
        World(show=without("zenith X-1.measured rationale")),
        "is not what the votes come to",
    ),
    "a reason for another value": (
        World(
            arrange=replaced("zenith X-1.measured rationale", sign(PLAIN.rationale(MEASURED, "fail"), "seat-zenith"))
        ),
        "is not what the votes come to",
    ),
    "a vote on another bundle": (
        World(
            arrange=replaced(
                "zenith X-1.measured ballot",
                sign(formats.ballot("ab" * 32, ROUND, MEASURED, "pass"), "seat-zenith"),
            )
        ),
        "is not what the votes come to",
    ),
    "a vote in another's name": (
        World(arrange=replaced("zenith X-1.measured ballot", sign(PLAIN.ballot(MEASURED, "pass"), "seat-north"))),
        "the log holds an entry twice",
    ),
    # Certificates.
    "a certificate with one vote too few": (
        _with_certificate(_certificate(*SEATS[:4])),
        "the certificate of X-1.measured does not carry the votes it claims",
    ),
    "a certificate in which one signs twice": (
        _with_certificate(_certificate(*SEATS[:4], SEATS[0])),
        "the certificate of X-1.measured is not in the form that Shinrai writes",
    ),
    "a certificate of another control": (
        _with_certificate(_certificate(*SEATS, control=ATTESTED)),
        "does not carry the votes it claims",
    ),
    "a certificate of another value": (
        _with_certificate(_certificate(*SEATS, value="fail")),
        "does not carry the votes it claims",
    ),
    "a certificate of another round": (
        _with_certificate(_certificate(*SEATS, world=OTHER_ROUND)),
        "does not carry the votes it claims",
    ),
    "a certificate with a signature by nobody of the roster": (
        _with_certificate(
            sign(PLAIN.ballot(MEASURED, "pass"), *(f"seat-{name}" for name in SEATS), "stranger"),
        ),
        "does not carry the votes it claims",
    ),
    "a certificate in another form": (
        World(edits={"certificates": lambda all_: {name: data + b" " for name, data in all_.items()}}),
        "is not in the form that Shinrai writes",
    ),
    "no certificate": (
        World(edits={"verdict": put("controls", 0, "certificate", None)}),
        "the certificate of X-1.measured has a digest that is not a SHA-256",
    ),
    "a certificate that is not there": (
        World(edits={"verdict": put("controls", 0, "certificate", "ab" * 32)}),
        "the bundle has no blobs/sha256/abab",
    ),
    # Plans (V10).
    "a number that nobody planned": (
        World(edits={"evidence0": put("plan", None)}),
        "entry 6 rests on a statement that was not logged before it (https://shinrai.example/plan/v1)",
    ),
    "a plan made after the numbers": (World(arrange=moved("plan", after="evidence1")), "was not logged before it"),
    "a number without a run": (World(edits={"evidence0": put("run", None)}), "lacks a valid field “run”"),
    # The assessment's envelope (V11); what is in it: test_assessment.py.
    "no assessment": (World(show=without("assessment")), "the bundle has no assessment"),
    "an assessment of another bundle": (
        World(edits={"assessment": put("bundle", "ab" * 32)}),
        "the assessment was about another bundle",
    ),
    "an assessment of another system": (
        World(edits={"assessment statement": lambda s: Statement("y", "ab" * 32, s.predicate_type, s.predicate)}),
        "the assessment was about another bundle",
    ),
    "a content that nobody signed for": (
        World(files=lambda files: {**files, f"blobs/sha256/{sha256(b'more')}": b"more"}),
        f"holds content that no signed statement refers to: blobs/sha256/{sha256(b'more')}",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_found_and_named(tmp_path, name):
    world, expected = ATTACKS[name]
    outcome = world.verified(tmp_path)
    assert outcome.exit_code == 1
    assert expected in said(outcome)
    for language in ("ja", "en"):
        assert to_text(outcome, language)
    assert json.loads(to_json(outcome))["exitCode"] == 1


def test_the_plain_world_verifies(tmp_path):
    outcome = PLAIN.verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (0, "")
    assert [step.code for step in outcome.steps] == ["V1", "V2", "L1", *(f"V{n}" for n in range(3, 12))]
    assert outcome.levels == {"L1": 0, "L2": 0}
    assert outcome.certified == {MEASURED: "pass", ATTESTED: "pass"}
    assert {control: counted.outcome for control, counted in outcome.tallies.items()} == {
        MEASURED: "pass",
        ATTESTED: "pass",
    }


# A3: lines of attestations.intoto.jsonl.


@pytest.mark.parametrize("name", ALL)
def test_no_line_may_be_dropped(tmp_path, name):
    outcome = World(show=without(name)).verified(tmp_path)
    assert outcome.exit_code in (1, 2)
    assert said(outcome)


def test_a_dropped_attestation_is_missed_because_the_council_saw_it(tmp_path):
    outcome = World(show=without("attestation")).verified(tmp_path)
    assert "V9 the council judged 1 pieces of evidence that are not here" in said(outcome)
    assert {step.exit_class for step in outcome.steps if step.code == "V9"} == {0, 2}


@settings(max_examples=25, deadline=None)
@given(st.permutations(PLAIN.log), st.lists(st.sampled_from(PLAIN.log), max_size=4))
def test_order_and_repetition_of_lines_change_nothing(tmp_path_factory, order, again):
    outcome = World(show=lambda _: [*order, *again]).verified(tmp_path_factory.mktemp("lines"))
    assert outcome.exit_code == 0
    assert to_json(outcome) == to_json(PLAIN.verified(tmp_path_factory.mktemp("plain")))


# What must not change the verdict, and what makes it incomplete or not good enough.


def test_votes_of_another_round_have_no_effect(tmp_path):
    replayed = [sign(OTHER_ROUND.ballot(MEASURED, "fail"), f"seat-{name}") for name in SEATS]
    reasons = [sign(OTHER_ROUND.rationale(MEASURED, "fail"), f"seat-{name}") for name in SEATS]
    foreign = [sign(formats.ballot(PLAIN.bundle_id, ROUND, "X-9.other", "fail"), f"seat-{name}") for name in SEATS]
    outcome = World(arrange=added("round", *replayed, *reasons, *foreign)).verified(tmp_path)
    assert (outcome.exit_code, outcome.tallies[MEASURED].outcome) == (0, "pass")


def test_votes_of_others_than_the_seats_have_no_effect(tmp_path):
    votes = [sign(PLAIN.ballot(MEASURED, "fail"), "producer"), sign(PLAIN.rationale(MEASURED, "fail"), "producer")]
    outcome = World(arrange=added("round", *votes)).verified(tmp_path)
    assert (outcome.exit_code, outcome.tallies[MEASURED].dissent) == (0, ())


def test_a_member_that_signs_two_values_is_counted_out_and_named(tmp_path):
    outcome = World(votes={("zenith", MEASURED): ["pass", "fail"]}).verified(tmp_path)
    assert (outcome.exit_code, outcome.tallies[MEASURED].outcome) == (0, "pass")
    assert json.loads(to_json(outcome))["verdicts"][MEASURED]["equivocators"] == ["zenith"]


def test_two_members_that_sign_two_values_void_the_control(tmp_path):
    liars = {(name, MEASURED): ["pass", "fail"] for name in ("west", "zenith")}
    outcome = World(votes=liars).verified(tmp_path)
    assert (outcome.exit_code, outcome.tallies[MEASURED].outcome) == (0, "void")
    assert "X-1.measured: void" in to_text(outcome, "en")


def test_dissent_is_shown(tmp_path):
    outcome = World(votes={("zenith", MEASURED): ["fail"]}).verified(tmp_path)
    assert (outcome.exit_code, outcome.tallies[MEASURED].dissent) == (0, ("zenith",))
    assert "X-1.measured: pass; dissent: zenith" in to_text(outcome, "en")


@pytest.mark.parametrize(
    ("votes", "found"),
    [({("north", MEASURED): ["fail"]}, "undecided"), ({(n, MEASURED): ["fail"] for n in SEATS}, "fail")],
)
def test_required_controls_that_did_not_pass_are_named(tmp_path, votes, found):
    # Without the required seat nothing is certified, whatever the majority says.
    edit = {"policy": put("requiredControls", [MEASURED, ATTESTED, "X-9.unknown"])}
    outcome = World(votes=votes, edits=edit).verified(tmp_path)
    assert (outcome.exit_code, outcome.tallies[MEASURED].outcome) == (3, found)
    assert "they are not: X-1.measured, X-9.unknown" in said(outcome)


def test_a_revocation_counts_from_its_index_on(tmp_path):
    later = sign(statement(formats.REVOCATION, REVOKED_SEAT | {"invalidFromIndex": 99}), "admin")
    assert World(arrange=added("rubric", later)).verified(tmp_path).exit_code == 0
    sooner = sign(statement(formats.REVOCATION, REVOKED_SEAT | {"invalidFromIndex": 5}), "admin")
    for order in ((later, sooner), (sooner, later)):
        assert World(arrange=added("rubric", *order)).verified(tmp_path).exit_code == 1


@pytest.mark.parametrize(("name", "key"), [("plan", "producer"), ("close", "coordinator"), ("approval", "yamada")])
def test_a_key_may_sign_up_to_the_entry_before_the_one_from_which_it_is_revoked(tmp_path, name, key):
    place = ALL.index(name) + 1  # the revocation stands before it
    for start, right in ((place, False), (place + 1, True)):
        about = {"keyid": Key(key).keyid, "reason": "lost", "invalidFromIndex": start}
        revoked = sign(statement(formats.REVOCATION, about), "admin")
        text = said(World(arrange=added("rubric", revoked)).verified(tmp_path))
        assert (f"entry {place} is signed by a key that was revoked before" in text) != right


SPOILT = {"assessment": ["coordinator"]}
PASSED_OVER = {
    "a producer that gave itself up": sign(
        statement(formats.REVOCATION, {"keyid": Key("producer").keyid, "invalidFromIndex": 99}), "producer"
    ),
    "a key that gave itself up": sign(
        statement(formats.REVOCATION, {"keyid": Key("somebody").keyid, "invalidFromIndex": 99}), "admin"
    ),
    "a seat that gave itself up": sign(
        statement(formats.REVOCATION, REVOKED_SEAT | {"invalidFromIndex": 99}), "seat-zenith"
    ),
    "a kind that is not known": sign(statement("https://example.org/new/v1", {}), "producer"),
    "a trust document": None,
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_is_passed_over_hides_nothing_after_it(tmp_path, name):
    more = [PASSED_OVER[name]] if PASSED_OVER[name] else []
    outcome = World(arrange=added("rubric", *more), signers=SPOILT).verified(tmp_path)
    assert "(https://shinrai.example/assessment/v1) is signed by a key without that right" in said(outcome)


def test_votes_of_a_key_after_it_was_revoked_are_named_and_hide_nothing(tmp_path):
    start = ALL.index("zenith X-1.measured ballot") + 1
    stolen = sign(statement(formats.REVOCATION, REVOKED_SEAT | {"invalidFromIndex": start}), "admin")
    silent = {("zenith", control): [] for control in (MEASURED, ATTESTED)}
    cast = [envelope for name, envelope in PLAIN.log if name.startswith("zenith")]

    def arrange(log):
        return added("rubric", stolen)(added("west X-2.attested rationale", *cast)(log))

    outcome = World(votes=silent, arrange=arrange).verified(tmp_path)
    assert outcome.exit_code == 0, said(outcome)
    (names,) = [step.fields["names"] for step in outcome.steps if "after it was revoked" in step.text]
    kinds = ("council-ballot/v1", "council-rationale/v1") * 2
    assert names == ", ".join(f"{start + number} ({kind})" for number, kind in enumerate(kinds))
    spoilt = World(votes=silent, arrange=arrange, signers=SPOILT).verified(tmp_path)
    assert "(https://shinrai.example/assessment/v1) is signed by a key without that right" in said(spoilt)


def test_a_trust_document_counts_from_where_it_is_logged_and_not_before(tmp_path):
    fresh = {"signers": {"roster": ["new-admin"], "rubric": ["new-admin"]}}
    unlogged = World(trust=EX_ADMIN, arrange=without("trust2"), **fresh).verified(tmp_path)
    assert "entry 1 (https://shinrai.example/roster/v1) is signed by a key without that right" in said(unlogged)
    old = World(trust=EX_ADMIN, arrange=without("trust2")).verified(tmp_path)
    assert (old.exit_code, said(old)) == (0, "")


def test_what_is_not_known_is_passed_over_and_listed(tmp_path):
    unknown = sign(statement("https://example.org/new/v1\u202e", {}), "producer")
    outcome = World(arrange=added("plan", unknown)).verified(tmp_path)
    assert outcome.exit_code == 0
    assert "not known and passed over: https://example.org/new/v1\\u202e" in to_text(outcome, "en")


def test_kinds_that_are_not_known_are_listed_once_each_in_order(tmp_path):
    kinds = ["https://example.org/b/v1", "https://example.org/a/v1", "https://example.org/b/v1"]
    kinds.append("https://example.org/" + "z" * 200)
    unknown = [sign(statement(kind, {"n": number}), "producer") for number, kind in enumerate(kinds)]
    outcome = World(arrange=added("plan", *unknown)).verified(tmp_path)
    assert outcome.ignored == [*kinds[:3], kinds[3][:120]]
    (names,) = [step.fields["names"] for step in outcome.steps if "passed over" in step.text]
    assert names == f"https://example.org/a/v1, https://example.org/b/v1, {kinds[3][:120]}"


def test_a_revocation_of_another_shape_is_named(tmp_path):
    for about in ({"keyid": "x", "invalidFromIndex": 0}, {"keyid": Key("seat-zenith").keyid}, {}):
        bad = sign(statement(formats.REVOCATION, about), "admin")
        outcome = World(arrange=added("rubric", bad)).verified(tmp_path)
        assert (outcome.exit_code, said(outcome)[:15]) == (1, "V6 a revocation")


def test_evidence_may_rest_on_all_that_is_listed_and_on_nothing_else(tmp_path):
    split = {(name, control): ["fail"] for name in SEATS[:2] for control in (MEASURED, ATTESTED)}
    contents = [*PLAIN.blobs.values(), b"echo verified\n"]
    items = [{"digest": {"sha256": sha256(data)}} for data in contents]
    for more, refused in ([], False), ([{"digest": {"sha256": "ab" * 32}}], True):
        outcome = World(votes=split, edits={"evidence0": put("items", items + more)}).verified(tmp_path)
        assert ("rests on content that the manifest does not list" in said(outcome)) == refused


def test_a_plan_of_another_run_may_rest_on_what_is_not_here_and_its_own_may_not(tmp_path):
    elsewhere = [{"digest": {"sha256": "ab" * 32}}]
    about = {"checks": [], "controls": [MEASURED], "items": elsewhere}
    other = sign(Statement("x", PLAIN.subject[1], formats.PLAN, about), "producer")
    assert World(arrange=added("rubric", other)).verified(tmp_path).exit_code == 0
    own = World(edits={"plan": put("items", elsewhere)}).verified(tmp_path)
    assert (own.exit_code, "rests on content that the manifest does not list" in said(own)) == (1, True)


def test_what_nobody_foresaw_is_refused_and_told_as_that(tmp_path):
    outcome = World(edits={"document": put("results", 0, "leaves", [5])}).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V11 a statement or document is not of the expected shape")


def test_a_number_that_is_none_in_the_assessment_is_named(tmp_path):
    outcome = World(edits={"document": put("summary", "more", float("nan"))}).verified(tmp_path)
    assert said(outcome) == f"V11 {WHAT} holds the number NaN, which is not allowed there"


def test_an_expired_trust_document_is_not_good_enough(tmp_path):
    world = World(edits={"trust": put("expires", "2026-06-01T00:00:00Z")})
    for day in (datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)):
        assert world.verified(tmp_path, now=day).exit_code == 0
    outcome = world.verified(tmp_path, now=datetime(2026, 6, 2, tzinfo=UTC))
    assert (outcome.exit_code, said(outcome)) == (3, "V2 the trust document expired on 2026-06-01")


def test_an_admin_who_follows_another_may_sign_once_the_change_is_logged(tmp_path):
    world = World(trust=EX_ADMIN, signers={"roster": ["new-admin"], "rubric": ["new-admin"]})
    assert world.verified(tmp_path).exit_code == 0


@pytest.mark.parametrize(
    "files", [lambda f: {**f, "trust/root.3.json": f["trust/root.1.json"]}, lambda f: {**f, "trust/root.01.json": b""}]
)
def test_a_gap_in_the_chain_of_trust_documents_is_told(tmp_path, files):
    outcome = World(files=files).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (1, "V2 the chain of trust documents has a gap")


def test_shared_causes_forbid_the_great_word(tmp_path):
    members = [seat(name, causes=["host:one"]) for name in SEATS]
    outcome = World(edits={"roster": put("members", members)}).verified(tmp_path)
    assert "no Byzantine fault tolerance is claimed" in to_text(outcome, "en")
    assert "no Byzantine" not in to_text(PLAIN.verified(tmp_path), "en")


# Certificates alone (L1).


def _two_coordinators():
    document, other = trust_document(), Key("second")
    document["keys"][other.keyid] = other.entry("second")
    document["roles"]["coordinator"] = {"keyids": [Key("coordinator").keyid, other.keyid], "threshold": 2}
    return [(document, ["root"])]


PAIR = ("coordinator", "second")
PAIRED = {"trust": _two_coordinators(), "signers": dict.fromkeys(("round", "close", "verdict"), PAIR)}


@pytest.mark.parametrize("name", ["round", "verdict"])
def test_a_statement_may_stand_on_several_lines_each_with_some_of_its_signers(tmp_path, name):
    def apart(log):
        return [
            (each, Envelope(envelope.payload, (signature,)))
            for each, envelope in log
            for signature in envelope.signatures
            if each != name or not taken or signature.keyid != taken
        ]

    taken = None
    outcome = World(**PAIRED, show=apart).verified(tmp_path)
    assert (outcome.levels, said(outcome)) == ({"L1": 0, "L2": 0}, "")
    taken = Key("second").keyid
    outcome = World(**PAIRED, show=apart).verified(tmp_path)
    assert said(outcome).startswith("L1 the verdict is not signed by enough keys of the role coordinator")


def test_a_verdict_of_a_round_that_is_not_here_or_of_another_bundle_certifies_nothing(tmp_path):
    text = "L1 a verdict is of a council round that is not here"
    assert said(World(show=without("round")).verified(tmp_path)).startswith(text)
    about = json.loads(PLAIN.round.payload)["predicate"]
    other = sign(statement(formats.ROUND, about, ("bundle", "ab" * 32)), "coordinator")
    summed = json.loads(dict(PLAIN.log)["verdict"].payload)["predicate"]
    verdict = sign(statement(formats.VERDICT, summed | {"round": other.payload_sha256}), "coordinator")
    assert said(World(arrange=added("verdict", other, verdict)).verified(tmp_path)).startswith(text)
    rounds = sign(statement(formats.CLOSE, about), "coordinator")
    verdict = sign(statement(formats.VERDICT, summed | {"round": rounds.payload_sha256}), "coordinator")
    assert said(World(arrange=added("verdict", rounds, verdict)).verified(tmp_path)).startswith(text)


def test_a_roster_that_is_not_here_certifies_nothing(tmp_path):
    text = "L1 a verdict is of a council round that is not here"
    assert said(World(edits={"round": put("roster", "ab" * 32)}).verified(tmp_path)).startswith(text)


@pytest.mark.parametrize("name", ["north", "zenith"])
def test_every_signature_of_a_certificate_has_to_be_good(tmp_path, name):
    whole = _certificate(*SEATS)
    forged = Key("stranger").sign(whole.pae)
    mine = Key(f"seat-{name}").keyid
    signatures = tuple(Signature(s.keyid, forged if s.keyid == mine else s.sig) for s in whole.signatures)
    outcome = _with_certificate(Envelope(whole.payload, signatures)).verified(tmp_path)
    assert said(outcome).startswith(f"L1 the certificate of {MEASURED} does not carry the votes it claims")
    assert outcome.levels["L1"] == 1


def test_a_chain_of_more_than_nine_trust_documents_is_followed_in_order(tmp_path):
    chain = [(trust_document(), ["root"])]
    for version in range(2, 13):
        previous = World(trust=chain).chain[-1].payload_sha256
        chain.append((trust_document(version, previous), ["root"]))
    outcome = World(trust=chain).verified(tmp_path)
    assert (outcome.exit_code, said(outcome)) == (0, "")


# Plans and their results (A27).


@pytest.mark.parametrize(
    "world",
    [
        World(show=without("evidence1", "assessment")),
        World(edits={"plan": put("checks", ["t/check", "t/other"])}),
        World(edits={f"evidence{part}": put("run", "parts", 3) for part in (0, 1)}),
        World(edits={"evidence1": put("run", "parts", 3)}),
        World(edits={"evidence1": put("run", "part", 0)}),
        World(edits={"evidence1": put("run", "part", 7)}),
    ],
)
def test_planned_results_that_are_not_shown_make_it_incomplete(tmp_path, world):
    outcome = world.verified(tmp_path)
    assert any(step.code == "V10" and step.exit_class == 2 for step in outcome.steps)
    assert "V10 planned but not shown: t/" in said(outcome)
    assert outcome.exit_code != 0


def test_any_number_of_parts_may_be_claimed_without_work(tmp_path):
    # Counting to it would never end.
    start = time.process_time()
    world = World(edits={f"evidence{part}": put("run", "parts", 2**53 - 1) for part in (0, 1)})
    assert world.verified(tmp_path).exit_code == 2
    assert time.process_time() - start < 2


# Signed statements of any shape: refused or passed over, never a crash.

JUNK = [None, True, 0, -1, 2**53 - 1, "", "x", "ab" * 32, [], {}, [[]], [5, "a"], {"a": 1}, ...]
NAMES = ("trust", "roster", "rubric", "attestation", "approval", "plan", "evidence0", "manifest", "round")
NAMES += ("rationale", "close", "verdict", "assessment", "document", "policy")


def _ways(document, way=()):
    """Yield the path to every value in a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in items:
        yield (*way, name)
        yield from _ways(value, (*way, name))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(NAMES[:-1]), st.data())
def test_no_shape_of_a_signed_document_makes_the_verifier_fail(tmp_path_factory, name, data):
    def bend(document):
        ways = list(_ways(document))
        way = ways[choice % len(ways)]
        return put(*way, junk)(document)

    choice, junk = data.draw(st.integers(0, 500)), data.draw(st.sampled_from(JUNK))
    outcome = World(edits={name: bend}).verified(tmp_path_factory.mktemp("shape"))
    assert outcome.exit_code in (0, 1, 2, 3)
    assert to_text(outcome, "ja")
    assert json.loads(to_json(outcome))["exitCode"] == outcome.exit_code


@pytest.mark.parametrize("junk", [[], None, "x", 5])
@pytest.mark.parametrize("name", ["roster", "plan", "evidence0", "round", "verdict", "assessment"])
def test_a_predicate_that_is_no_object_is_refused(tmp_path, name, junk):
    edit = {f"{name} statement": lambda s: Statement(s.subject_name, s.subject_sha256, s.predicate_type, junk)}
    outcome = World(edits=edit).verified(tmp_path)
    assert outcome.exit_code == 1
    assert "lacks a valid field “predicate”" in said(outcome)
