"""Votes as files, from members without a network; the files may be anything."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shinrai.council.case_file import read_case
from shinrai.council.exchange import MAX_LINE, import_votes, read_statements, write_votes
from shinrai.language import ShinraiError


def test_a_member_without_a_network_votes_by_file(chamber):
    here = chamber(4)
    case = read_case(here.folder / "case.zip", here.policy) if (here.folder / "case.zip").exists() else here.case()
    for plan in here.plans:
        file = here.folder / f"{plan.id}.votes"
        write_votes(file, here.votes(plan.id, "pass", case))
        proofs = import_votes(here.coordinator, file)
        assert len(proofs) == 4
        assert import_votes(here.coordinator, file) is not None
    assert {tally.outcome for tally in here.tallies().values()} == {"pass"}


def test_a_sealed_round_by_file_takes_the_commitment_first(chamber):
    here = chamber(4, sealed=True)
    case = here.case()
    votes = here.votes("tool-1", "pass", case)
    commitment, ballots = here.folder / "c", here.folder / "b"
    write_votes(commitment, votes, here.member("tool-1").commitment(case, votes))
    write_votes(ballots, votes)
    with pytest.raises(ShinraiError, match="takes commitments alone"):
        import_votes(here.coordinator, ballots)
    import_votes(here.coordinator, commitment)
    here.coordinator.reveal()
    import_votes(here.coordinator, ballots)
    assert here.coordinator.status().voted == ("tool-1",)


@pytest.fixture
def lines(chamber):
    here = chamber(4)
    votes = here.votes("tool-1", "pass", here.case())
    file = here.folder / "v"
    write_votes(file, votes)
    return here, file.read_bytes().splitlines()


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda _line: b"", 2),
        (lambda _line: b"{}", 2),
        (lambda _line: b"[" * 5_000, 2),
        (lambda _line: b"\xff\xfe", 2),
        (lambda line: line[:-1], 2),
        (lambda line: b" " + line, 2),
        (lambda line: line.replace(b'"payload"', b'"payload":"","payload"'), 2),
        (lambda line: line.replace(b"{", b'{"more":1,', 1), 2),
        (lambda line: line.replace(b"application/vnd.in-toto+json", b"text/plain"), 2),
        (lambda _line: b'{"a":"' + b"x" * MAX_LINE + b'"}', 2),
        (lambda line: b"\xef\xbb\xbf" + line, 2),
        (lambda line: line + b"\r", 2),
    ],
)
def test_a_hostile_file_is_refused_with_its_line_and_nothing_of_it_is_logged(lines, spoil, line):
    here, good = lines
    file = here.folder / "bad.votes"
    file.write_bytes(b"\n".join([good[0], spoil(good[1]), *good[2:]]) + b"\n")
    size = len(here.store.leaves())
    with pytest.raises(ShinraiError) as refused:
        import_votes(here.coordinator, file)
    assert refused.value.place is not None
    assert (refused.value.place.file, refused.value.place.line) == (str(file), line)
    assert "nothing of this file was taken" in str(refused.value)
    assert len(here.store.leaves()) == size


def test_a_statement_of_somebody_else_among_them_is_refused_by_number(lines):
    here, good = lines
    other = here.votes("tool-2", "pass", here.case())
    file = here.folder / "mixed.votes"
    file.write_bytes(b"\n".join([*good, other[0].ballot.to_bytes()]) + b"\n")
    with pytest.raises(ShinraiError, match="several members"):
        import_votes(here.coordinator, file)
    record = json.loads(good[0])
    record["signatures"][0]["sig"] = json.loads(good[1])["signatures"][0]["sig"]
    file.write_bytes(json.dumps(record, separators=(",", ":"), sort_keys=True).encode() + b"\n")
    with pytest.raises(ShinraiError, match="Statement 1 of the submission is not taken: its signature is not good"):
        import_votes(here.coordinator, file)


def test_files_that_are_empty_cut_short_or_gone_are_told(tmp_path, chamber):
    here = chamber(4)
    for data, line in ((b"", 1), (b"{}", 1), (b"{}\n{", 2)):
        with pytest.raises(ShinraiError, match="empty or cut short") as refused:
            read_statements(data, "f")
        assert refused.value.place.line == line
    with pytest.raises(ShinraiError, match="cannot be read"):
        import_votes(here.coordinator, tmp_path / "none")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_no_bytes_are_more_than_an_error_with_a_place(data):
    try:
        read_statements(data, "f")
    except ShinraiError as error:
        assert error.place is not None
        assert error.place.line is not None


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_case_with_any_byte_changed_is_refused_or_says_the_same(kept_case, data):
    here, whole, good = kept_case
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    file = here.folder / "flipped.zip"
    file.write_bytes(flipped)
    try:
        read = read_case(file, here.policy)
    except ShinraiError as error:
        assert error.place is not None
        return
    # VERIFY.txt is for people and decides nothing here.
    assert (read.opened, read.roster, read.log.statements) == (good.opened, good.roster, good.log.statements)


@pytest.fixture
def kept_case(chamber):
    here = chamber(4)
    good = here.case()
    return here, (here.folder / "case.zip").read_bytes(), good
