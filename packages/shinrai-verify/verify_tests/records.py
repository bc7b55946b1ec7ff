"""Records of council rounds on which two verifiers must never differ, each with the exit class that it has to have."""

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from shinrai.evidence.bundle import hash_tiles
from shinrai_verify import verify as formats
from shinrai_verify.dsse import Envelope, Statement

from .archives import lines, sorted_archive
from .both import Case
from .corpus import JSONL, policy_bytes
from .test_insiders import added, moved, replaced, without
from .world import ATTESTED, MEASURED, SEATS, Edit, Key, World, put, seat, sha256, sign

MANY = tuple(f"seat-{number:02}" for number in range(33))
KNOWN = {MEASURED: "pass", ATTESTED: "fail"}
SEALED: dict[str, Any] = {"edits": {"round": put("sealed", True)}, "seals": SEATS}


def record(**changes: Any) -> World:
    """Return the world of a record."""
    return World(standalone=True, **changes)


def edited(seats: tuple[str, ...] = SEATS, **edits: Edit) -> World:
    """Return a record in which documents are signed otherwise."""
    return record(seats=seats, edits=edits)


PLAIN = record()
OTHER = edited(round=put("reason", "again"))


def _silent(*names: str) -> dict[tuple[str, str], list[str]]:
    return {(name, control): [] for name in names for control in (MEASURED, ATTESTED)}


def _claimed(votes: int) -> World:
    """Return a record of 33 seats that calls a control passed with too few votes, certificate and all."""
    silent = {(name, MEASURED): [] for name in MANY[votes:]}
    plain = record(seats=MANY, votes=silent)
    made = sign(plain.ballot(MEASURED, "pass"), *(f"seat-{name}" for name in MANY[:votes])).to_bytes()

    def claim(verdict: dict[str, Any]) -> dict[str, Any]:
        first = {**verdict["controls"][0], "outcome": "pass", "final": True, "certificate": sha256(made)}
        return {**verdict, "controls": [first, *verdict["controls"][1:]]}

    edits = {"verdict": claim, "certificates": lambda all_: {**all_, MEASURED: made}}
    return record(seats=MANY, votes=silent, edits=edits)


def _revoked(index: int) -> Edit:
    """Return an arrangement in which zenith's key is revoked from an index on."""
    about = {"keyid": Key("seat-zenith").keyid, "invalidFromIndex": index, "reason": "stolen"}
    return added("rubric", sign(Statement("key", "ab" * 32, formats.REVOCATION, about), "admin"))


def _stolen() -> World:
    """Return a record that rightly leaves out the votes of a key that was revoked before the round."""
    votes = _silent("zenith")
    world = record(votes=votes, arrange=_revoked(0))
    cast = [sign(world.ballot(MEASURED, "fail"), "seat-zenith"), sign(world.rationale(MEASURED, "fail"), "seat-zenith")]
    both = lambda log: added("round", *cast)(_revoked(0)(log))  # noqa: E731
    return record(votes=votes, arrange=both)


def _swapped(roster: dict[str, Any]) -> dict[str, Any]:
    """Give two members each other's place: their proofs are of their own entries."""
    first, second, *rest = roster["members"]
    return {**roster, "members": [{**first, "id": second["id"]}, {**second, "id": first["id"]}, *rest]}


def _exchanged(roster: dict[str, Any]) -> dict[str, Any]:
    """Give two members each other's key, with proofs that fit."""
    keys = {"north": "seat-east", "east": "seat-north"}
    return {**roster, "members": [seat(m["id"], keys.get(m["id"])) for m in roster["members"]]}


def _again(name: str) -> Edit:
    """Return an arrangement in which an entry is logged twice."""
    return lambda log: [*log, ("again", dict(log)[name])]


def _conflicted(rationale: dict[str, Any]) -> dict[str, Any]:
    return {**rationale, "conflict": True}


def _case(files: dict[str, bytes]) -> dict[str, bytes]:
    """Make of a record what members would vote on: the log as hashes alone."""
    kept = {name: data for name, data in files.items() if not name.startswith("log/tile/")}
    return {**kept, **dict(hash_tiles(PLAIN.leaves()))}


def _assessed() -> list[Envelope]:
    return [envelope for name, envelope in World().log if name == "assessment"]


def _commitment(items: int, answers: str) -> Envelope:
    about = {"answers": {"digest": {"sha256": answers}}, "items": items}
    return sign(Statement("bundle", PLAIN.bundle_id, formats.CANARIES, about), "admin")


@cache
def insiders() -> dict[str, tuple[World, int]]:
    """Return records that are as they should be, and those by signers who went wrong, with their exit classes."""
    ballot, reason = f"east {MEASURED} ballot", f"east {MEASURED} rationale"
    late = [sign(PLAIN.ballot(MEASURED, "fail"), "seat-east"), sign(PLAIN.rationale(MEASURED, "fail"), "seat-east")]
    replayed = [envelope for name, envelope in OTHER.log if name.startswith("east")]
    in_anothers_name = sign(PLAIN.ballot(MEASURED, "pass"), "seat-north")
    return {
        "plain": (PLAIN, 0),
        "in part": (record(proofs=True), 0),
        "withheld": (record(withhold=True), 2),
        "of 33 seats": (record(seats=MANY), 0),
        "of 33 seats, 11 silent": (record(seats=MANY, votes=_silent(*MANY[:11])), 0),
        "of 33 seats, 12 silent": (record(seats=MANY, votes=_silent(*MANY[:12])), 0),
        "with 21 of 33 votes for a pass": (_claimed(21), 1),
        "with 18 of 33 votes for a pass": (_claimed(18), 1),
        "with q = 21 for 33 seats": (edited(MANY, verdict=put("council", "q", 21)), 1),
        "with q = 18 for 33 seats": (edited(MANY, verdict=put("council", "q", 18)), 1),
        "with q = 22.0 for 33 seats": (edited(MANY, verdict=put("council", "q", "22")), 1),
        "with f = 11 for 33 seats": (edited(MANY, verdict=put("council", "f", 11)), 1),
        "with n = 34 for 33 seats": (edited(MANY, verdict=put("council", "n", 34)), 1),
        "with other domains": (edited(verdict=put("council", "domains", 4)), 1),
        "without its council": (edited(verdict=put("council", None)), 0),
        "split": (record(votes={(n, MEASURED): ["fail"] for n in SEATS[:2]}), 0),
        "with an equivocator": (record(votes={("east", MEASURED): ["pass", "fail"]}), 0),
        "with two equivocators": (record(votes={(n, MEASURED): ["pass", "fail"] for n in SEATS[1:3]}), 0),
        "with a ballot hidden": (record(show=without(ballot)), 1),
        "with a member's votes hidden": (record(show=without(ballot, reason)), 1),
        "with a ballot and its entry gone": (record(arrange=without(ballot)), 1),
        "with a rationale gone": (record(arrange=without(reason)), 1),
        "with a ballot logged twice": (record(arrange=_again(ballot)), 1),
        "with two values of one that was counted": (record(arrange=added("round", *late)), 1),
        "with a second value shown too late": (record(arrange=added("verdict", *late)), 0),
        "with ballots of another round": (record(arrange=added("round", *replayed)), 0),
        "with ballots of another round alone": (
            record(arrange=lambda log: added("round", *replayed)(without(ballot, reason)(log))),
            1,
        ),
        "with a ballot in another's name": (record(arrange=replaced(ballot, in_anothers_name)), 1),
        "with a ballot before the opening": (record(arrange=moved(ballot, after="plan")), 1),
        "with a ballot after the close": (record(arrange=moved(ballot, after="close")), 1),
        "with a reason before the opening": (record(arrange=moved(reason, after="plan")), 1),
        "with a reason after the close": (record(arrange=moved(reason, after="close")), 1),
        "with reasons in conflict": (edited(rationale=_conflicted), 1),
        "with members in each other's place": (edited(roster=_swapped), 1),
        "with members who hold each other's key": (
            record(votes={("north", MEASURED): ["fail"]}, edits={"roster": _exchanged}),
            1,
        ),
        "with a roster of three": (edited(roster=lambda r: {**r, "members": r["members"][:3]}), 1),
        "sealed": (record(**SEALED), 0),
        "sealed, a seal changed": (
            record(**{**SEALED, "edits": {**SEALED["edits"], "seal": put("seals", 0, "seal", "0" * 64)}}),
            1,
        ),
        "sealed, one seal missing": (record(**SEALED, arrange=without("east seal")), 1),
        "sealed, a seal after the reveal": (record(**SEALED, arrange=moved("east seal", after="reveal")), 1),
        "sealed, a ballot before the reveal": (record(**SEALED, arrange=moved(ballot, after="east seal")), 1),
        "sealed, never revealed": (record(**SEALED, arrange=without("reveal")), 1),
        "with a key revoked before, counted": (record(arrange=_revoked(0)), 1),
        "with a key revoked before, not counted": (_stolen(), 0),
        "with a key revoked after": (record(arrange=_revoked(10_000)), 0),
        "never closed": (record(arrange=without("close")), 1),
        "never summed up": (record(arrange=without("verdict")), 1),
        "with a human stratum that is missing": (edited(rubric=put("required", {MEASURED: {"human": 1}})), 1),
        "without the mark of a record": (edited(round=put("standalone", False)), 1),
        "with a word for the mark of a record": (edited(round=put("standalone", "yes")), 1),
        "with the assessment of the contents": (record(arrange=added("plan", *_assessed())), 0),
        "that is a bundle without its assessment": (World(arrange=without("assessment")), 1),
        "that is a bundle which hides its assessment": (World(show=without("assessment"), proofs=True), 1),
        "that is a case": (record(files=_case), 1),
        "with known answers": (record(canaries=KNOWN), 0),
        "with known answers not told": (record(canaries=KNOWN, arrange=without("answers")), 0),
        "with known answers hidden": (record(canaries=KNOWN, show=without("answers")), 2),
        "with other known answers": (
            record(canaries=KNOWN, edits={"answers": put("answers", 0, "answer", "fail")}),
            1,
        ),
        "with known answers of another salt": (record(canaries=KNOWN, edits={"answers": put("salt", "6b" * 32)}), 1),
        "with known answers in another order": (
            record(canaries=KNOWN, edits={"answers": lambda a: {**a, "answers": a["answers"][::-1]}}),
            1,
        ),
        "with more in a known answer": (record(canaries=KNOWN, edits={"answers": put("answers", 0, "note", "x")}), 1),
        "with known answers of no form": (record(canaries=KNOWN, edits={"answers": put("answers", 0, None)}), 1),
        "with known answers told before the close": (
            record(canaries=KNOWN, arrange=moved("answers", after="round")),
            1,
        ),
        "with answers that nobody committed to": (record(canaries=KNOWN, arrange=without("canaries")), 1),
        "with known answers committed to after the opening": (
            record(canaries=KNOWN, arrange=moved("canaries", after="round")),
            1,
        ),
        "with two commitments": (record(canaries=KNOWN, arrange=added("canaries", _commitment(2, "7" * 64))), 1),
        "with an earlier commitment": (record(canaries=KNOWN, arrange=added("plan", _commitment(2, "7" * 64))), 0),
        "with a commitment to fewer": (record(canaries=KNOWN, edits={"canaries": put("items", 1)}), 1),
        "with a commitment by the coordinator": (record(canaries=KNOWN, signers={"canaries": ["coordinator"]}), 1),
        "with answers told by the coordinator": (record(canaries=KNOWN, signers={"answers": ["coordinator"]}), 1),
    }


def record_cases(flips: int) -> Iterator[Case]:
    """Yield the records of insiders, and a plain one with flipped bits and without each of its lines and files."""
    for name, (world, _) in insiders().items():
        yield Case(f"record {name}", sorted_archive(world.contents()), policy_bytes(world))
    files, policy, dice = PLAIN.contents(), policy_bytes(PLAIN), random.Random(33)  # noqa: S311  (places, not secrets)
    for required in ([MEASURED], ["X-9"]):
        demand = policy_bytes(PLAIN, requiredControls=required)
        yield Case(f"record with {required} demanded", sorted_archive(files), demand)
    yield Case("record as a folder", files, policy)
    for number, line in enumerate(lines(files)):
        word, data = ("with twice", line * 2) if number % 4 == 3 else ("without", b"")
        changed = files[JSONL].replace(line, data, 1)
        yield Case(f"record {word} line {number}", sorted_archive({**files, JSONL: changed}), policy)
    for name in files:
        rest = {each: data for each, data in files.items() if each != name}
        yield Case(f"record without {name}", sorted_archive(rest), policy)
    for number in range(flips):
        name = dice.choice(sorted(files))
        bent = bytearray(files[name])
        bent[dice.randrange(len(bent))] ^= 1 << number % 8
        yield Case(f"record, bit of {name} {number}", sorted_archive({**files, name: bytes(bent)}), policy)
