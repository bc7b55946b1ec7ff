"""The journal: what it holds comes back, a torn tail is cut off, a change is refused."""

import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.runner.journal import Journal, JournalError, open_journal, read_batches, read_head, read_journal
from shinrai.evaluate.runner.record import Taken, from_line, to_line
from shinrai.evaluate.sample import Answer, FaultKind, Sample, SampleFault, ToolCall

texts = st.text(st.characters(codec="utf-8"), max_size=20)
counts = st.none() | st.integers(0, 2**40)
answers = st.builds(
    Answer,
    texts,
    st.none() | texts,
    st.lists(st.builds(ToolCall, texts, texts), max_size=2).map(tuple),
    st.none() | texts,
    counts,
    counts,
    st.integers(0, 10**9).map(lambda micros: micros / 1_000_000),
)
keys = st.binary(min_size=32, max_size=32).map(bytes.hex)
times = st.integers(0, 4 * 10**15).map(lambda micros: round(micros / 1_000_000, 6))
faults = st.builds(SampleFault, st.sampled_from(FaultKind), texts, st.none() | st.integers(100, 599))
samples = st.one_of(
    st.builds(Sample, keys, st.lists(answers, min_size=1, max_size=3).map(tuple), st.none(), st.integers(0, 9), times),
    st.builds(Sample, keys, st.just(()), faults, st.integers(0, 9), times),
)
records = st.builds(Taken, st.integers(0, 2**40 - 1), samples, st.booleans())


@given(records)
def test_a_record_comes_back(taken):
    line = to_line(taken)
    assert b"\n" not in line
    assert from_line(line) == taken


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b"[" * 5000, b"[0,1,[],null,0,0.0,false,1]", b"\xff"])
def test_what_is_no_record_is_refused(line):
    with pytest.raises(ValueError, match="not a record"):
        from_line(line)


def taken(position: int, fault: FaultKind | None = None) -> Taken:
    key = f"{position:064x}"[::-1]
    failed = None if fault is None else SampleFault(fault, "why")
    return Taken(position, Sample(key, () if failed else (Answer(f"answer {position}"),), failed, 1, 5.0), False)


def fill(path: Path, batches: int = 4, each: int = 10, run: str = "one") -> None:
    with open_journal(path, {"run": run}) as journal:
        for start in range(0, batches * each, each):
            journal.append([to_line(taken(position)) for position in range(start, start + each)])


def test_it_is_readable_with_the_usual_tool(tmp_path):
    fill(tmp_path / "j")
    with (tmp_path / "j").open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    assert text.startswith(b'{"format":"shinrai-samples/1","run":{"run":"one"}}')
    assert b'"answer 39"' in text
    assert read_head(tmp_path / "j") == {"run": "one"}
    assert [t.position for t in read_journal(tmp_path / "j")] == list(range(40))
    assert [len(batch) for _, batch in read_batches(tmp_path / "j")] == [10, 10, 10, 10]


def test_it_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "j"
    fill(path)
    with open_journal(path, {"run": "one"}) as journal:
        assert (journal.tally.taken, journal.cut_off) == (40, 0)
        assert journal.done.key(7) == bytes.fromhex(taken(7).sample.key[:16])
        assert journal.done.key(40) is None
        journal.append([to_line(taken(40))])
    assert [t.position for t in read_journal(path)] == list(range(41))


def test_every_torn_tail_is_cut_off_and_nothing_else(tmp_path):
    path, whole = tmp_path / "j", tmp_path / "whole"
    fill(whole)
    content = whole.read_bytes()
    ends = [start for start, _ in read_batches(whole)] + [len(content)]
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        last = max((end for end in ends if end <= cut), default=0)
        with open_journal(path, {"run": "one"}) as journal:
            expected = 10 * max(ends.index(last), 0) if last else 0
            assert (journal.tally.taken, journal.cut_off) == (expected, cut - last)
        assert len(list(read_journal(path))) == expected


def test_blocks_that_were_never_written_are_a_torn_tail(tmp_path):
    path = tmp_path / "j"
    fill(path)
    size = path.stat().st_size
    for tail in (bytes(4096), path.read_bytes()[ends_of(path)[-1] : -60] + bytes(60)):
        whole = path.read_bytes()[: size if not tail.strip(b"\0") else ends_of(path)[-1]]
        (tmp_path / "torn").write_bytes(whole + tail)
        with open_journal(tmp_path / "torn", {"run": "one"}) as journal:
            assert journal.cut_off == len(tail)
            assert journal.tally.taken in (30, 40)


def ends_of(path: Path) -> list[int]:
    return [start for start, _ in read_batches(path)]


def test_any_changed_byte_is_found(tmp_path):
    path, whole = tmp_path / "j", tmp_path / "whole"
    fill(whole)
    content = whole.read_bytes()
    for at in range(0, len(content), 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1 :])
        with pytest.raises(JournalError), open_journal(path, {"run": "one"}):
            pass
        assert path.stat().st_size == len(content)


@pytest.mark.parametrize("kept", [(0, 1, 3, 4), (0, 2, 1, 3, 4), (0, 1, 1, 2), (1, 2, 3)])
def test_batches_left_out_doubled_or_moved_are_found(tmp_path, kept):
    whole, path = tmp_path / "whole", tmp_path / "j"
    fill(whole)
    content = whole.read_bytes()
    borders = [0, *ends_of(whole), len(content)]
    path.write_bytes(b"".join(content[borders[i] : borders[i + 1]] for i in kept))
    with pytest.raises(JournalError), open_journal(path, {"run": "one"}):
        pass
    with pytest.raises(JournalError):
        list(read_journal(path))


def test_the_journal_of_another_run_is_refused(tmp_path):
    fill(tmp_path / "j")
    with pytest.raises(JournalError, match="belongs to another run"), open_journal(tmp_path / "j", {"run": "two"}):
        pass


@pytest.mark.parametrize("content", [b"hello", b"x" * 1000, zstandard.compress(b"[]")])
def test_another_file_is_not_touched(tmp_path, content):
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(JournalError), open_journal(path, {"run": "one"}):
        pass
    with pytest.raises(JournalError, match="no journal"):
        read_head(path)
    assert path.read_bytes() == content


def test_a_bomb_in_a_batch_is_refused(tmp_path):
    bomb = zstandard.compress(bytes(400_000_000))
    head = struct.pack("<II4sII32s", 0x184D2A53, 52, b"shin", 1, len(bomb), bytes(32))
    (tmp_path / "j").write_bytes(head + hashlib.sha256(head).digest()[:8] + bomb)
    with pytest.raises(JournalError), open_journal(tmp_path / "j", {"run": "one"}):
        pass


def test_two_runs_do_not_share_a_journal(tmp_path):
    with (
        open_journal(tmp_path / "j", {"run": "one"}),
        pytest.raises(JournalError, match="Another run"),
        open_journal(tmp_path / "j", {"run": "one"}),
    ):
        pass


def test_it_is_nobody_elses_to_read(tmp_path):
    fill(tmp_path / "j")
    assert (tmp_path / "j").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(JournalError, match="cannot be opened"), open_journal(tmp_path / "no" / "j", {}):
        pass
    with pytest.raises(JournalError, match="cannot be opened"):
        read_head(tmp_path / "j")


def test_a_retried_fault_is_counted_once(tmp_path):
    with open_journal(tmp_path / "j", {}) as journal:
        journal.append([to_line(taken(0, FaultKind.TIMEOUT)), to_line(taken(1)), to_line(taken(2, FaultKind.CUT))])
        journal.append([to_line(taken(0))])
    with open_journal(tmp_path / "j", {}) as journal:
        assert (journal.tally.taken, journal.tally.answered) == (3, 2)
        assert +journal.tally.faults == {FaultKind.CUT: 1}
        assert [journal.done.ended(position) for position in range(4)] == [True, True, FaultKind.CUT, False]


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of a file as a disk does")
def test_a_full_disk_leaves_whole_batches(tmp_path):
    code = f"""
import resource, signal
from pathlib import Path
from shinrai.evaluate.runner.journal import JournalError, open_journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_journal(Path({str(tmp_path / "j")!r}), {{}}) as journal:
    journal.append([b'[0,"' + b"0" * 64 + b'",[],["cut","",null],1,0.0,false]'])
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.size + 50, resource.RLIM_INFINITY))
    size = journal.size
    try:
        journal.append([b"x" * 100])
    except JournalError as error:
        print(error)
    assert journal.size == size
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert "The journal cannot be written" in done.stdout
    assert len(list(read_journal(tmp_path / "j"))) == 1


def test_a_journal_is_used_through_open(tmp_path):
    fill(tmp_path / "j", batches=1)
    with open_journal(tmp_path / "j", {"run": "one"}) as journal:
        assert isinstance(journal, Journal)
        assert journal.size == (tmp_path / "j").stat().st_size
