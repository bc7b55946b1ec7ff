"""Recording: signed by a named person, with a source, once, and readable ever after."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from shinrai.evidence import Home, LogFault, Store, open_home
from shinrai.evidence.trust import known_keys
from shinrai.frameworks import Certainty
from shinrai.language import Bilingual, ShinraiError
from shinrai.planwatch import (
    Draft,
    Period,
    Plan,
    State,
    Value,
    follow,
    followed,
    read_records,
    record_observation,
    record_status,
    stand,
)
from shinrai.planwatch.model import Interval
from shinrai.planwatch.recorded import PLAN_STATUS
from shinrai_verify.trust import TRUST

NOW = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
DRAFT = Draft(
    source="https://town.example/minutes",
    by="yamada",
    when=Period.parse("2026-10-01"),
    note=Bilingual("規程を承認した。", "Approved."),
    name="山田 花子",
)


@pytest.fixture
def log(home: Home) -> Iterator[Store]:
    store = Store(home)
    yield store
    store.close()


def test_a_status_lands_in_the_log_signed_and_is_read_back(home: Home, log: Store, town: Plan) -> None:
    done = record_status(home, log, town, "T-2", State.DELIVERED, DRAFT, NOW)
    assert done.fresh
    (event,) = read_records(home, log, town).events
    assert (event.about, event.state, event.when.text) == ("T-2", State.DELIVERED, "2026-10-01")
    assert (event.note, event.source.addresses) == (DRAFT.note, (DRAFT.source,))
    assert event.record is not None
    assert (event.record.index, event.record.by, event.record.name) == (done.index, "yamada", "山田 花子")
    assert (event.record.recorded_on, event.record.plan_sha256) == (NOW, town.sha256)
    assert log.check(known_keys(log.payloads(TRUST))) == []
    found = stand(follow(town, read_records(home, log, town).events), date(2026, 11, 20))
    assert found.measures[1].progress.state is State.DELIVERED


def test_the_same_record_is_logged_once_even_much_later(home: Home, log: Store, town: Plan) -> None:
    first = record_status(home, log, town, "T-2", State.DELIVERED, DRAFT, NOW)
    again = record_status(home, log, town, "T-2", State.DELIVERED, DRAFT, NOW + timedelta(days=3))
    assert (again.index, again.fresh) == (first.index, False)
    assert len(log.of_type(PLAN_STATUS)) == 1
    other = record_status(home, log, town, "T-2", State.DELIVERED, replace(DRAFT, by="sato"), NOW)
    assert other.fresh
    assert len(log.of_type(PLAN_STATUS)) == 2


@pytest.mark.parametrize(
    ("about", "draft", "said"),
    [
        ("T-9", DRAFT, "no “T-9”"),
        ("T-I1", DRAFT, "no “T-I1”"),
        ("T-2", replace(DRAFT, note=None), "needs a note"),
        ("T-2", replace(DRAFT, source=""), "neither an https address nor a file"),
        ("T-2", replace(DRAFT, source="no-such-file.pdf"), "neither an https address nor a file"),
        ("T-2", replace(DRAFT, source="http://town.example/"), "not an address"),
        ("T-2", replace(DRAFT, source="https://user:pw@town.example/"), "not an address"),
        ("T-2", replace(DRAFT, source="javascript://x"), "not an address"),
        ("T-2", replace(DRAFT, by=""), "id of a person"),
        ("T-2", replace(DRAFT, by="山田"), "id of a person"),
        ("T-2", replace(DRAFT, by="../root"), "id of a person"),
        ("T-2", replace(DRAFT, by="root"), "id of a person"),
        ("T-2", replace(DRAFT, when=Period.parse("2026-11-22")), "still to come"),
        ("T-2", replace(DRAFT, note=Bilingual("a\u202eb", "x")), "one line"),
        ("T-2", replace(DRAFT, note=Bilingual("x" * 2001, "x")), "one line"),
        ("T-2", replace(DRAFT, name=" "), "one line"),
        ("T-2", replace(DRAFT, replaces=0), "no record about T-2"),
    ],
)
def test_what_is_refused_and_leaves_no_trace(
    home: Home, log: Store, town: Plan, about: str, draft: Draft, said: str
) -> None:
    with pytest.raises(ShinraiError, match=said) as caught:
        record_status(home, log, town, about, State.DELIVERED, draft, NOW)
    assert "user:pw" not in str(caught.value)
    assert log.of_type(PLAN_STATUS) == []
    assert not list(home.keys.glob("person-*"))


def test_a_document_as_source_is_kept_in_the_log(home: Home, log: Store, town: Plan, tmp_path: Path) -> None:
    paper = tmp_path / "議事録.pdf"
    paper.write_bytes(b"%PDF minutes")
    record_status(home, log, town, "T-1", State.DELIVERED, replace(DRAFT, source=str(paper)), NOW)
    (event,) = read_records(home, log, town).events
    (source,) = event.source.sources
    assert (source.title.ja, source.address) == ("議事録.pdf", None)
    assert source.sha256 is not None
    assert log.blob(source.sha256) == b"%PDF minutes"
    assert event.source.checkable


def test_a_record_can_be_put_right_and_both_stay(home: Home, log: Store, town: Plan) -> None:
    wrong = record_status(home, log, town, "T-2", State.DELIVERED, DRAFT, NOW)
    right = record_status(home, log, town, "T-2", State.UNDER_WAY, replace(DRAFT, replaces=wrong.index), NOW)
    found = stand(follow(town, read_records(home, log, town).events), date(2026, 11, 20)).measures[1].progress
    assert found.state is State.UNDER_WAY
    assert [entry.replaced_by and entry.replaced_by.index for entry in found.history] == [right.index, None]


def test_only_a_record_about_the_same_id_can_be_put_right(home: Home, log: Store, town: Plan) -> None:
    other = record_status(home, log, town, "T-1", State.DELIVERED, DRAFT, NOW)
    with pytest.raises(ShinraiError, match="no record about T-2"):
        record_status(home, log, town, "T-2", State.UNDER_WAY, replace(DRAFT, replaces=other.index), NOW)


def test_an_observation_with_its_interval(home: Home, log: Store, town: Plan) -> None:
    spread = Interval(Decimal("48.1"), Decimal("61.9"), Decimal(95))
    given = Value(Decimal("55.0"), interval=spread, n=200, published=date(2026, 10, 9))
    record_observation(home, log, town, "T-I1", given, replace(DRAFT, note=None), NOW)
    (value,) = read_records(home, log, town).observations
    assert (value.value, value.interval, value.n, value.published) == (Decimal("55.0"), spread, 200, given.published)
    found = stand(follow(town, (), [value]), date(2026, 11, 20)).indicators[0]
    assert [each.reach.value for each in found.targets] == ["reached", "reached"]
    assert found.observed == 2


def test_an_observation_has_to_fit_its_indicator(home: Home, log: Store, town: Plan) -> None:
    for value, said in (
        (Value(Decimal(5), group="JP"), "does not have this group"),
        (Value(Decimal(5), interval=Interval(Decimal(6), Decimal(7), Decimal(95))), "outside its interval"),
    ):
        with pytest.raises(ShinraiError, match=said):
            record_observation(home, log, town, "T-I1", value, DRAFT, NOW)
    with pytest.raises(ShinraiError, match="no “T-1”"):
        record_observation(home, log, town, "T-1", Value(Decimal(5)), DRAFT, NOW)


def test_records_belong_to_one_version_of_one_plan(home: Home, log: Store, town: Plan) -> None:
    record_status(home, log, town, "T-2", State.DELIVERED, DRAFT, NOW)
    assert read_records(home, log, replace(town, version="2027")).events == ()
    assert len(read_records(home, log, replace(town, sha256="f" * 64)).events) == 1


def test_a_folder_without_a_log_says_nothing_and_gets_none(tmp_path: Path, town: Plan) -> None:
    assert followed(town, tmp_path / "fresh").events == town.events
    assert not (tmp_path / "fresh" / "shinrai.db").exists()


@pytest.mark.parametrize("changed", ["delivered", "yamada"])
def test_a_changed_record_is_not_believed(home: Home, log: Store, town: Plan, changed: str) -> None:
    record_status(home, log, town, "T-2", State.DELIVERED, DRAFT, NOW)
    log.close()
    with sqlite3.connect(home.database) as db:
        before = f'"{changed}"'.encode()
        (data,) = db.execute(
            "SELECT data FROM blob WHERE instr(data, ?) AND instr(data, ?)", (before, b"T-2")
        ).fetchone()
        after = data.replace(before, b'"' + b"dropped00"[: len(changed)] + b'"')
        db.execute("UPDATE blob SET data = ? WHERE data = ?", (after, data))
    with pytest.raises(LogFault, match="not signed by the person"):
        followed(town, home.path)


def test_a_record_by_a_key_of_another_folder_is_not_believed(
    home: Home, log: Store, town: Plan, tmp_path: Path
) -> None:
    elsewhere = open_home(tmp_path / "elsewhere")
    other = Store(elsewhere)
    record_status(elsewhere, other, town, "T-2", State.DELIVERED, DRAFT, NOW)
    record_status(home, log, town, "T-1", State.DELIVERED, DRAFT, NOW)
    from shinrai.evidence.store import Addition

    log.append(Addition([other.of_type(PLAN_STATUS)[0].envelope]))
    other.close()
    with pytest.raises(LogFault, match="not signed by the person"):
        read_records(home, log, town)


def test_secondary_sources_are_marked(home: Home, log: Store, town: Plan) -> None:
    draft = replace(DRAFT, certainty=Certainty.SECONDARY)
    record_status(home, log, town, "T-2", State.UNDER_WAY, draft, NOW)
    assert read_records(home, log, town).events[0].certainty is Certainty.SECONDARY


CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from shinrai.evidence import Store, open_home
from shinrai.language import Bilingual
from shinrai.planwatch import Draft, Period, State, find_plan, record_status
home = open_home(Path(sys.argv[1]))
plan = find_plan(sys.argv[2])
store = Store(home)
for number in range(12):
    note = Bilingual(f"{number}回目", f"No. {number}")
    draft = Draft("https://town.example/", "yamada", Period.parse("2026-10-01"), note)
    record_status(home, store, plan, "T-2", State.UNDER_WAY, draft, datetime.now(UTC))
    print(number, flush=True)
store.close()
"""


def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    plan = Path(__file__).parent / "town.yaml"
    home = tmp_path / "home"
    command = [sys.executable, "-c", CHILD, str(home), str(plan)]
    said: set[str] = set()
    for lines in (1, 4, 7):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUTF8": "1"})
        assert child.stdout is not None
        for _ in range(lines):
            said.add(child.stdout.readline().strip())
        time.sleep(0.003 * lines)
        child.send_signal(signal.SIGKILL)
        child.wait()
    subprocess.run(command, check=True, capture_output=True)
    folder = open_home(home)
    store = Store(folder)
    from shinrai.planwatch import find_plan

    events = read_records(folder, store, find_plan(str(plan))).events
    assert sorted(event.note.en for event in events) == sorted(f"No. {number}" for number in range(12))
    assert said <= {str(number) for number in range(12)}
    assert store.check(known_keys(store.payloads(TRUST))) == []
    store.close()
