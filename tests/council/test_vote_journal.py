"""A31: a member never signs two values, whatever is killed, restored, cut short or changed."""

import json
import multiprocessing
import os
import shutil
import signal

import pytest

from shinrai.council.journal import Recorded, StoppedError, VoteJournal

ABOUT = {"attempt": 1, "bundle": "b" * 64, "round": "a" * 64}


def recorded(control, value):
    ballot = json.dumps({"control": control, "value": value}).encode()
    return Recorded(ABOUT["round"], control, value, ballot, b"{}")


@pytest.fixture
def places(tmp_path):
    (tmp_path / "keys").mkdir()
    return tmp_path / "votes", tmp_path / "keys"


def test_a31_a_member_restored_from_a_snapshot_of_its_journal_stops(chamber, tmp_path):
    here = chamber(4)
    case = here.case()
    before = tmp_path / "snapshot"
    shutil.copytree(here.folder / "journals", before) if (here.folder / "journals").exists() else before.mkdir()
    first = here.votes("person-1", "pass", case)
    # The disk with the journal goes back to yesterday; the mark stands beside the key.
    shutil.rmtree(here.folder / "journals")
    shutil.copytree(before, here.folder / "journals")
    with pytest.raises(StoppedError, match="was restored or changed"):
        here.votes("person-1", "fail", case)
    with pytest.raises(StoppedError, match="holds 0 votes and its mark says 2"):
        here.votes("person-1", "pass", case)
    assert [vote.value for vote in first] == ["pass", "pass"]


def test_a31_a_member_whose_journal_and_mark_were_both_restored_is_stopped_by_the_log(chamber):
    here = chamber(4)
    case = here.case()
    here.cast("person-1", "pass", case)
    shutil.rmtree(here.folder / "journals")
    (here.home.keys / "person-1.votes-mark").unlink()
    logged = [leaf.envelope for leaf in here.coordinator.leaves(["person-1"])]
    with pytest.raises(StoppedError, match="a vote of person-1 that its journal does not know"):
        here.member("person-1").compare(case, logged)
    others = [leaf.envelope for leaf in here.coordinator.leaves(["tool-1"])]
    here.member("person-1").compare(case, others)


def _killed_at(kill, folder, keys, sent):
    """Vote `pass`, and be killed at the nth time that something is put on disk; what was signed goes to the pipe."""
    calls = 0
    really = os.fsync

    def fsync(descriptor):
        nonlocal calls
        calls += 1
        if calls == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        really(descriptor)

    os.fsync = fsync
    journal = VoteJournal(folder, keys, "m")
    journal.record(ABOUT, {"c": recorded("c", "pass")})
    sent.send(journal.votes(ABOUT["round"])["c"].value)
    os._exit(0)


@pytest.mark.parametrize("kill", range(1, 6))
def test_a31_a_member_killed_at_any_write_never_signs_another_value(places, kill):
    receive, send = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_killed_at, args=(kill, *places, send))
    child.start()
    child.join(20)
    signed = receive.recv() if receive.poll() else None
    assert child.exitcode == (-signal.SIGKILL if kill <= 4 else 0)
    assert (signed is not None) == (kill > 4)
    journal = VoteJournal(*places, "m")
    known = journal.votes(ABOUT["round"])
    if known:
        # Written down before it died: that value, and no other, may be signed from now on.
        assert known["c"].value == "pass"
        journal.record(ABOUT, {"c": recorded("c", "pass")})
        with pytest.raises(StoppedError, match="recorded “pass” in this round and would now sign “fail”"):
            journal.record(ABOUT, {"c": recorded("c", "fail")})
    else:
        assert signed is None
        journal.record(ABOUT, {"c": recorded("c", "fail")})
    assert len(VoteJournal(*places, "m").votes(ABOUT["round"])) == 1


def test_two_processes_of_one_member_cannot_sign_two_values(places):
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        done = pool.starmap(_try, [(*places, value) for value in ("pass", "fail", "pass", "fail")])
    assert sorted(set(done)) in ([True], [False, True])
    assert len({value for value, well in zip(("pass", "fail", "pass", "fail"), done, strict=True) if well}) == 1


def _try(folder, keys, value):
    try:
        VoteJournal(folder, keys, "m").record(ABOUT, {"c": recorded("c", value)})
    except StoppedError:
        return False
    return True


def test_a_line_cut_short_by_power_is_dropped_for_nothing_was_signed_for_it(places):
    journal = VoteJournal(*places, "m")
    journal.record(ABOUT, {"c": recorded("c", "pass")})
    with journal.path.open("ab") as stream:
        stream.write(b'{"attempt":1,"ball')
    assert set(journal.votes(ABOUT["round"])) == {"c"}
    journal.record(ABOUT, {"d": recorded("d", "fail")})
    assert {c: v.value for c, v in journal.votes(ABOUT["round"]).items()} == {"c": "pass", "d": "fail"}


@pytest.mark.parametrize("change", [b'"value":"fail"', b'"value":"pasS"'])
def test_a_changed_line_stops_the_member(places, change):
    journal = VoteJournal(*places, "m")
    journal.record(ABOUT, {"c": recorded("c", "pass")})
    journal.record(ABOUT, {"d": recorded("d", "pass")})
    journal.path.write_bytes(journal.path.read_bytes().replace(b'"value":"pass"', change, 1))
    with pytest.raises(StoppedError):
        journal.votes(ABOUT["round"])


def test_every_cut_of_a_journal_stops_the_member_or_loses_nothing(places):
    journal = VoteJournal(*places, "m")
    for control in "cde":
        journal.record(ABOUT, {control: recorded(control, "pass")})
    whole = journal.path.read_bytes()
    for end in range(0, len(whole), 7):
        journal.path.write_bytes(whole[:end])
        with pytest.raises(StoppedError):
            journal.votes(ABOUT["round"])
    journal.path.write_bytes(whole)
    assert len(journal.votes(ABOUT["round"])) == 3


def test_a_damaged_mark_stops_the_member(places):
    journal = VoteJournal(*places, "m")
    journal.record(ABOUT, {"c": recorded("c", "pass")})
    journal.mark.write_bytes(b"{}")
    with pytest.raises(StoppedError):
        journal.votes(ABOUT["round"])
