"""Rosters: what is refused when they are made and when they are read, and what may be said of them."""

from dataclasses import replace

import pytest

from shinrai.council.default_rosters import SIZES, default_roster
from shinrai.council.members import (
    READS_RAW_EVIDENCE,
    MemberKind,
    SeatPlan,
    enrol,
    read_enrolment,
    read_roster,
    roster_statement,
)
from shinrai.council.seats_file import read_seats, seats_template
from shinrai.council.standing import standing
from shinrai.evidence.keys import load_signer
from shinrai.language import ShinraiError
from shinrai_verify.council import Roster
from shinrai_verify.keys import LOW_ORDER
from shinrai_verify.trust import encode_public

SHA = "0" * 64


@pytest.fixture
def enrolled(home):
    """Enrol plans; a plan's key is named after its id, or as given."""

    def make(plans, **keys):
        return [enrol(plan, load_signer(home.keys, keys.get(plan.id.replace("-", "_"), plan.id))) for plan in plans]

    return make


def record(entries, **required):
    return {"members": entries, "required": required, "version": 1}


@pytest.mark.parametrize("seats", SIZES)
def test_the_default_rosters_keep_every_cause_to_f_members(seats, enrolled):
    roster = read_roster(record(enrolled(default_roster(seats))))
    found = standing(roster)
    assert (found.n, found.f, found.q) == {4: (4, 1, 3), 7: (7, 2, 5), 33: (33, 10, 22)}[seats]
    assert found.over == ()
    assert found.byzantine
    if seats == 33:
        assert (found.domains, found.tolerated_domains) == (28, 9)
        assert sum(READS_RAW_EVIDENCE in member.causes for member in roster.members) == 10
        assert {kind: sum(p.kind is kind for p in default_roster(33)) for kind in MemberKind} == {
            MemberKind.TOOL: 14,
            MemberKind.MODEL: 10,
            MemberKind.HUMAN: 9,
        }


def test_there_is_no_default_roster_of_five():
    with pytest.raises(ValueError, match="no roster of 5 seats"):
        default_roster(5)


def test_n_f_q_and_domains_are_computed_and_never_read(enrolled):
    lying = {**record(enrolled(default_roster(4))), "n": 100, "f": 33, "q": 1, "domains": 99}
    roster = read_roster(lying)
    assert (roster.n, roster.f, roster.q, len(roster.domains)) == (4, 1, 3, 4)


def test_a11_the_same_key_in_two_rows_is_refused(enrolled):
    with pytest.raises(ShinraiError, match="lists a member or a key twice"):
        read_roster(record(enrolled(default_roster(4), tool_1="shared", tool_2="shared")))


def test_a11_the_same_id_in_two_rows_is_refused(enrolled):
    plans = list(default_roster(4))
    plans[1] = replace(plans[1], id=plans[0].id)
    with pytest.raises(ShinraiError, match="lists a member or a key twice"):
        read_roster(record(enrolled(plans, tool_1="a")[:1] + enrolled(plans)[1:]))


def test_ids_that_differ_in_capitals_alone_are_refused(enrolled):
    plans = list(default_roster(4))
    plans[1] = replace(plans[1], id=plans[0].id.upper())
    with pytest.raises(ShinraiError, match="capitals alone"):
        read_roster(record(enrolled(plans)))


@pytest.mark.parametrize("key", sorted(LOW_ORDER))
def test_a14_a_key_of_low_order_is_refused(enrolled, key):
    entries = enrolled(default_roster(4))
    entries[0] = {**entries[0], "public": encode_public(key)}
    with pytest.raises(ShinraiError, match="not a sound Ed25519 key"):
        read_roster(record(entries))


def test_a14_a_key_in_another_spelling_is_refused():
    # y = 3 written as p + 3: no proof of possession can be made for it, so the check is reached by hand.
    public = (2**255 - 19 + 3).to_bytes(32, "little")
    from shinrai.council.members import _check_member
    from shinrai_verify.council import Member

    with pytest.raises(ShinraiError, match="not written in its one spelling"):
        _check_member(Member("m", "k", public, "tool", "d", (), ()))


def test_a_member_without_proof_of_its_key_is_refused(enrolled):
    entries = enrolled(default_roster(4))
    for change in ({"domain": "elsewhere"}, {"causes": []}, {"operator": "nobody"}, {"proof": entries[1]["proof"]}):
        with pytest.raises(ShinraiError, match="without proof that it holds its key"):
            read_roster(record([{**entries[0], **change}, *entries[1:]]))


def test_fewer_than_four_members_are_refused(enrolled):
    with pytest.raises(ShinraiError, match="fewer than four"):
        read_roster(record(enrolled(default_roster(4)[:3])))


def test_more_than_f_models_that_read_raw_evidence_are_refused(enrolled):
    plans = [
        SeatPlan(f"m{n}", MemberKind.MODEL, f"o{n}", f"d{n}", (f"family:f{n}", READS_RAW_EVIDENCE)) for n in range(3)
    ] + [SeatPlan(f"t{n}", MemberKind.TOOL, f"p{n}", f"t{n}") for n in range(4)]
    with pytest.raises(ShinraiError, match="3 members read raw evidence") as refused:
        roster_statement(enrolled(plans), SHA)
    assert "at most 2 seats" in str(refused.value)
    fewer = [replace(plans[0], causes=("family:f0", "reads-numbers-only")), *plans[1:]]
    assert roster_statement(enrolled(fewer), SHA).predicate["version"] == 1


def test_a_model_must_say_what_it_reads(enrolled):
    plans = list(default_roster(4))
    plans[2] = replace(plans[2], causes=("family:f",))
    with pytest.raises(ShinraiError, match="does not say whether the model model-1 reads"):
        read_roster(record(enrolled(plans)))


def test_a_program_cannot_count_for_people(enrolled):
    plans = list(default_roster(4))
    plans[0] = replace(plans[0], strata=("human",))
    with pytest.raises(ShinraiError, match="People, and they alone"):
        read_roster(record(enrolled(plans)))


@pytest.mark.parametrize("seats", SIZES)
def test_the_template_reads_back_as_the_default_roster(seats, tmp_path):
    path = tmp_path / "seats.yaml"
    path.write_text(seats_template(seats), encoding="utf-8")
    assert read_seats(path).seats == default_roster(seats)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("council: 2\nseats: []\n", 1, ""),
        ("council: 1\nseats:\n  - {id: a, kind: tool, operator: o, domain: d}\n", 3, "4 to 1000 seats, here are 1"),
        ("council: 1\nseats:\n" + "  - {id: a, kind: tool, operator: o, domain: d}\n" * 4, 4, "two seats “a”"),
        ("council: 1\nseats:\n" + "  - {id: a, kind: robot, operator: o, domain: d}\n" * 4, 3, "robot"),
        ("council: 1\nseats:\n" + "  - {id: ａ, kind: tool, operator: o, domain: d}\n" * 4, 3, "letters, digits"),
        ("council: 1\nseats:\n" + "  - {id: a, kind: tool, operator: o, domain: d, x: 1}\n" * 4, 3, ""),
        ("council: 1\nseats:\n" + "  - {id: a, kind: tool, operator: o}\n" * 4, 3, "domain"),
    ],
)
def test_a_file_of_seats_that_cannot_be_used_is_told_with_its_line(tmp_path, text, line, words):
    path = tmp_path / "seats.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ShinraiError) as refused:
        read_seats(path)
    assert refused.value.place is not None
    assert refused.value.place.line == line
    assert words in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"id":1}', b'{"id":"a","id":"b"}', b"\xff", b"[" * 1000])
def test_an_enrolment_that_is_none_is_told_with_its_place(data):
    with pytest.raises(ShinraiError) as refused:
        read_enrolment(data, "entry.json")
    assert refused.value.place is not None


def test_a_roster_is_the_same_whatever_order_its_members_come_in(enrolled):
    entries = enrolled(default_roster(7))
    one, other = read_roster(record(entries)), read_roster(record(entries[::-1]))
    assert isinstance(one, Roster)
    assert standing(one) == standing(other)
