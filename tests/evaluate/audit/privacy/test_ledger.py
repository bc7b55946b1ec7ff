"""The ledger is never overspent, not by processes at once nor by one that is killed, and shows when it is altered."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from shinrai.evaluate.audit.privacy.ledger import open_ledger, read_ledger, spend, written
from shinrai.language import ShinraiError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PEOPLE = "2026年度の応募者"

SPENDER = """
import sys
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from shinrai.evaluate.audit.privacy.ledger import spend
from shinrai.language import ShinraiError

done = 0
while True:
    try:
        spend(Path(sys.argv[1]), Fraction(sys.argv[2]), {"by": sys.argv[3]}, datetime.now(UTC))
    except ShinraiError:
        break
    done += 1
    print(done, flush=True)
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.jsonl"
    open_ledger(file, PEOPLE, Fraction(1), NOW)
    return file


def test_what_is_spent_adds_up_and_more_is_refused(ledger: Path) -> None:
    for n in range(3):
        release = spend(ledger, Fraction(3, 10), {"n": n}, NOW)
        written(ledger, release, f"{n:064d}", NOW)
    found = read_ledger(ledger)
    assert (found.people, found.budget, found.spent, found.left) == (PEOPLE, 1, Fraction(9, 10), Fraction(1, 10))
    assert [release.about for release in found.releases] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert [release.written for release in found.releases] == [f"{n:064d}" for n in range(3)]
    before = ledger.read_bytes()
    with pytest.raises(ShinraiError, match="budget does not reach"):
        spend(ledger, Fraction(3, 10), {}, NOW)
    assert ledger.read_bytes() == before
    # Tenths are exact here: ten of them are the whole budget, and no rounding leaves a hair over or short.
    spend(ledger, Fraction(1, 10), {}, NOW)
    assert read_ledger(ledger).left == 0


def test_a_ledger_is_begun_once(ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(ShinraiError, match="There is a file already"):
        open_ledger(ledger, PEOPLE, Fraction(5), NOW)
    for people, budget in (("", Fraction(1)), (PEOPLE, Fraction(0))):
        with pytest.raises(ShinraiError, match="above 0"):
            open_ledger(tmp_path / "other.jsonl", people, budget, NOW)
    with pytest.raises(ShinraiError, match="cannot be used"):
        spend(tmp_path / "nowhere.jsonl", Fraction(1), {}, NOW)
    with pytest.raises(ShinraiError, match="above 0"):
        spend(ledger, Fraction(0), {}, NOW)


def test_processes_at_once_spend_the_budget_exactly(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    open_ledger(file, PEOPLE, Fraction(4), NOW)
    runs = [
        subprocess.Popen([sys.executable, "-c", SPENDER, str(file), "1/10", str(n)], stdout=subprocess.PIPE)
        for n in range(3)
    ]
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda run: run.communicate(timeout=60)[0].split(), runs))
    found = read_ledger(file)
    assert sum(map(len, said)) == len(found.releases) == 40
    assert found.left == 0


def test_a_killed_process_has_spent_what_it_was_told_and_leaves_a_ledger_that_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    open_ledger(file, PEOPLE, Fraction(10**6), NOW)
    told = 0
    for wait in (0.0, 0.02, 0.05):
        run = subprocess.Popen([sys.executable, "-c", SPENDER, str(file), "1", "k"], stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(wait)
        os.kill(run.pid, signal.SIGKILL)
        told += 1 + len(run.stdout.read().split())
        run.wait()
        spent = len(read_ledger(file).releases)
        assert spent >= told, "what was let through is written down"
        told = spent
        spend(file, Fraction(1), {}, NOW)
        told += 1
    assert read_ledger(file).spent == told


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_was_cut_off_is_taken_away_and_written_down(ledger: Path, cut: int) -> None:
    spend(ledger, Fraction(1, 2), {}, NOW)
    whole = ledger.read_bytes()
    lines = whole.split(b"\n")
    ledger.write_bytes(whole + lines[1][:-cut])
    assert read_ledger(ledger).spent == Fraction(1, 2), "nothing was drawn for it"
    spend(ledger, Fraction(1, 4), {}, NOW)
    found = read_ledger(ledger)
    assert found.spent == Fraction(3, 4)
    kinds = [json.loads(line)["kind"] for line in ledger.read_text(encoding="utf-8").splitlines()]
    assert kinds == ["budget", "release", "mended", "release"]


def test_altering_a_ledger_shows(ledger: Path) -> None:
    for _ in range(3):
        spend(ledger, Fraction(1, 4), {}, NOW)
    lines = ledger.read_bytes().splitlines(keepends=True)
    altered = {
        "a line taken out": [lines[0], lines[1], lines[3]],
        "a line twice": [*lines, lines[3]],
        "another amount": [lines[0], lines[1].replace(b'"1/4"', b'"1/8"'), *lines[2:]],
        "another budget": [lines[0].replace(b'"budget":"1"', b'"budget":"9"'), *lines[1:]],
        "no budget": lines[1:],
        "nothing": [],
        "not JSON": [*lines, b"hello\n"],
        "not a fraction": [lines[0].replace(b'"budget":"1"', b'"budget":"1e999999999"')],
    }
    for what, kept in altered.items():
        ledger.write_bytes(b"".join(kept))
        with pytest.raises(ShinraiError, match="no ledger of a privacy budget, or it was altered"):
            read_ledger(ledger)
        with pytest.raises(ShinraiError, match="no ledger of a privacy budget, or it was altered"):
            spend(ledger, Fraction(1, 4), {}, NOW)
        assert ledger.read_bytes() == b"".join(kept), what
