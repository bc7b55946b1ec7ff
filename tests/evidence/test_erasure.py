"""Erasing a content: declared first, gone from every place, finished by a second run, and never without its entry."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shinrai.cli import main
from shinrai.evidence import Store, ensure_trust
from shinrai.evidence.erasure import Content, erase, look_up
from shinrai.evidence.fsck import fsck
from shinrai.evidence.home import name_salted, salt_of, salted, salted_as
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import Item, Subject, evidence_statement, sign
from shinrai.evidence.store import Addition
from shinrai.evidence.withholding import WITHHELD
from shinrai.language import ShinraiError
from shinrai_verify.dsse import Statement
from shinrai_verify.verify import ASSESSMENT

from .conftest import World

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ANSWERS = b"PAR1 the answer of a person PAR1"
DESK = Subject("desk", "1", "0" * 64)


def named(store: Store, items: dict[str, str], stored: dict[str, bytes]) -> str:
    """Log evidence on contents, and the assessment of its plan; returns the digest of the plan."""
    plan = hashlib.sha256("".join(items).encode()).hexdigest()
    about = evidence_statement(
        DESK,
        "evaluation",
        ["A.1"],
        [Item(name, sha256, 1, "text/csv", "evaluation") for name, sha256 in items.items()],
        valid_until=date(2099, 1, 1),
        plan=plan,
    )
    summed = Statement("desk", "0" * 64, ASSESSMENT, {"bundle": "b" * 64, "items": [], "plan": plan})
    producer = load_signer(store.home.keys, "producer")
    blobs = {hashlib.sha256(data).hexdigest(): ("text/csv", data) for data in stored.values()}
    store.append(Addition([sign(about, producer), sign(summed, producer)], blobs))
    return plan


def run_folder(world: World, content: bytes = ANSWERS) -> tuple[Path, str]:
    """Write what a run leaves in the data folder; returns its folder, and the salted digest of the samples."""
    folder = world.home.path / "runs" / "run-1" / "check"
    (folder / "judge").mkdir(parents=True)
    (folder / "samples.parquet").write_bytes(content)
    (folder / "journal").write_bytes(b"the answer of a person, as it came")
    (folder / "timings.parquet").write_bytes(b"times")
    (folder / "judge" / "samples.parquet").write_bytes(b"replies of a judge")
    plain = hashlib.sha256(content).hexdigest()
    content_ = salted(world.home, folder / "samples.parquet", plain)
    digest = hashlib.sha256(content_.salt + content).hexdigest()
    name_salted(world.home, plain, digest)
    return folder, digest


def case_file(world: World, digest: str) -> Path:
    place = world.home.path / "council" / "seat.case.zip"
    place.parent.mkdir()
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(f"blobs/sha256/{digest}", b"rows")
    return place


@pytest.fixture
def filled(embedded: World) -> tuple[World, str, str]:
    """A folder with a content in the database and one in a run; returns both digests."""
    store = embedded.store()
    ensure_trust(embedded.home, store, {}, NOW)
    _, samples = run_folder(embedded)
    rows = hashlib.sha256(b"rows of a person").hexdigest()
    named(store, {"rows": rows, "samples": samples}, {"rows": b"rows of a person"})
    store.publish()
    store.close()
    return embedded, rows, samples


def test_a_content_goes_from_every_place_and_its_digest_stays(filled: tuple[World, str, str]) -> None:
    world, rows, samples = filled
    store = world.store()
    case = case_file(world, rows)
    salt = salt_of(world.home, hashlib.sha256(ANSWERS).hexdigest()) or b""
    contents = look_up(store, [rows, samples])
    by = {each.sha256: each for each in contents}
    assert [(r.kind, r.controls, r.bundle) for r in by[rows].rests] == [
        ("evidence/v1", ("A.1",), None),
        ("assessment/v1", (), "b" * 64),
    ]
    assert (by[rows].name, by[rows].stored, by[rows].files, by[rows].salt) == ("rows", True, (case,), None)
    assert [place.name for place in by[samples].files] == ["journal", "timings.parquet", "samples.parquet"]
    assert by[samples].salt == hashlib.sha256(ANSWERS).hexdigest()
    done = erase(store, contents, "erasure was asked for", NOW)
    report = fsck(store)
    assert (report.findings, report.withheld) == ((), done)
    assert len(set(done.values())) == 2
    assert (salt_of(world.home, hashlib.sha256(ANSWERS).hexdigest()), salted_as(world.home, samples)) == (None, None)
    left = [path for path in world.home.path.rglob("*") if path.is_file()]
    assert {path.name for path in left if "runs" in path.parts} == {"samples.parquet"}  # the judge's, another content
    assert not case.exists()
    assert not any(word in path.read_bytes() for path in left for word in (b"of a person", rows.encode() + b".zip"))
    assert store.prove(min(done.values())).index == min(done.values())
    (first, second) = store.of_type(WITHHELD)
    assert first.statement.predicate["reason"] == second.statement.predicate["reason"] == "erasure was asked for"
    assert {first.statement.subject_sha256, second.statement.subject_sha256} == {rows, samples}
    # It does not come back, neither what was in the database nor what never was.
    for data in (b"rows of a person", salt + ANSWERS):
        assert hashlib.sha256(data).hexdigest() in done
        with pytest.raises(ShinraiError, match="on purpose"):
            named(store, {"again": rows}, {"again": data})
    assert not any(each.left for each in look_up(store, [rows, samples]))


def test_a_salted_digest_cannot_be_guessed_and_loses_its_meaning(embedded: World) -> None:
    one, digest = run_folder(embedded)
    plain = hashlib.sha256(ANSWERS).hexdigest()
    assert digest != plain
    assert digest == hashlib.sha256((salt_of(embedded.home, plain) or b"") + ANSWERS).hexdigest()
    # The same file keeps its salt; another data folder has another.
    again = salted(embedded.home, one / "samples.parquet", plain)
    assert hashlib.sha256(again.salt + ANSWERS).hexdigest() == digest


def test_rows_outside_the_folder_are_found_by_their_file(embedded: World, tmp_path: Path) -> None:
    store = embedded.store()
    ensure_trust(embedded.home, store, {}, NOW)
    file = tmp_path / "rows.csv"
    file.write_bytes(b"a,b\n1,2\n")
    plain = hashlib.sha256(file.read_bytes()).hexdigest()
    digest = hashlib.sha256(salted(embedded.home, file, plain).salt + file.read_bytes()).hexdigest()
    named(store, {"rows": digest}, {})
    assert not look_up(store, [digest])[0].left
    (content,) = look_up(store, [digest], file)
    assert content.salt == plain
    erase(store, [content], "erasure was asked for", NOW)
    assert salt_of(embedded.home, plain) is None
    assert file.exists()
    (tmp_path / "other.csv").write_bytes(b"other")
    with pytest.raises(ShinraiError, match="not what any"):
        look_up(store, [digest], tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("digest", "why"), [("nothing", "named by its SHA-256"), ("f" * 64, "No statement in the log names")]
)
def test_what_nothing_names_is_not_erased(filled: tuple[World, str, str], digest: str, why: str) -> None:
    with pytest.raises(ShinraiError, match=why):
        look_up(filled[0].store(), [digest])


def test_a_statement_is_never_erased(filled: tuple[World, str, str]) -> None:
    store = filled[0].store()
    payload = store.of_type(ASSESSMENT)[0].envelope.payload_sha256
    size = len(store.leaves())
    with pytest.raises(ShinraiError, match="never taken out"):
        erase(store, look_up(store, [payload]), "a mistake", NOW)
    assert len(store.leaves()) == size


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from shinrai.evidence import Store, erasure, open_home
from shinrai.evidence import home as homes
left = [int(sys.argv[2])]
def dying(carry_out):
    def run(*given, **more):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return carry_out(*given, **more)
    return run
Store.withhold = dying(Store.withhold)
Path.unlink = dying(Path.unlink)
Store.publish = dying(Store.publish)
store = Store(open_home(Path(sys.argv[1])))
erasure.erase(store, erasure.look_up(store, sys.argv[3:]), "erasure was asked for", datetime(2026, 11, 20, tzinfo=UTC))
"""


@pytest.mark.parametrize("after", [0, 1, 4, 6])
def test_a_second_run_finishes_what_a_killed_one_left(filled: tuple[World, str, str], after: int) -> None:
    """Killed before the entry, and before each deletion after it, up to the last."""
    world, rows, samples = filled
    command = [sys.executable, "-c", KILLED, str(world.home.path), str(after), rows, samples]
    assert subprocess.run(command, check=False).returncode == -9
    store = world.store()
    declared = store.erased()
    assert set(declared) == (set() if after == 0 else {rows, samples})
    contents = look_up(store, [rows, samples])
    if after == 0:
        # Never a deletion without its entry.
        assert [each.stored or len(each.files) == 3 for each in contents] == [True, True]
    assert fsck(store).sound == (after == 0 or not any(each.left for each in contents))
    done = erase(store, contents, "erasure was asked for", NOW)
    assert after == 0 or done == declared
    report = fsck(store)
    assert (report.findings, report.withheld) == ((), done)
    assert len(store.of_type(WITHHELD)) == 2


def test_what_a_backup_brought_back_is_found_and_goes(filled: tuple[World, str, str]) -> None:
    world, _, samples = filled
    store = world.store()
    folder = world.home.path / "runs" / "run-1" / "check"
    salts = {path: path.read_bytes() for path in (world.home.keys / "salts").iterdir()}
    erase(store, look_up(store, [samples]), "erasure was asked for", NOW)
    (folder / "samples.parquet").write_bytes(ANSWERS)
    for path, data in salts.items():
        path.write_bytes(data)
    found = fsck(store).findings
    assert [(each.table, each.row) for each in found] == [
        ("file", "runs/run-1/check/samples.parquet"),
        ("salt", samples),
    ]
    erase(store, look_up(store, [samples]), "once more", NOW)
    assert fsck(store).sound
    assert len(store.of_type(WITHHELD)) == 1


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 301, "yamada@example.jp asked", "call 090-1234-5678"])
def test_a_reason_names_nobody_and_is_not_quoted(filled: tuple[World, str, str], reason: str) -> None:
    world, rows, _ = filled
    store = world.store()
    with pytest.raises(ShinraiError) as caught:
        erase(store, look_up(store, [rows]), reason, NOW)
    assert not reason.strip() or reason not in str(caught.value)
    assert store.blob(rows)


@pytest.fixture
def command(
    filled: tuple[World, str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("SHINRAI_HOME", str(filled[0].home.path))
    monkeypatch.setenv("SHINRAI_LANG", "en")

    def take(*words: str) -> tuple[int, str, str]:
        code = main(["log", *words])
        return code, *capsys.readouterr()

    return take


def test_the_command_shows_asks_and_erases(
    filled: tuple[World, str, str], command: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, rows, samples = filled
    code, out, shown = command("erase", rows, samples, "--dry-run")
    assert (code, out) == (0, "")
    assert "Rests on it: entry 1 (evidence) on A.1" in shown
    assert f"Rests on it: the assessment, entry 2, with the bundle {'b' * 64}" in shown
    assert "Not salted: whoever guesses" in shown
    assert "Salted; the salt goes too" in shown
    code, out, _ = command("erase", rows, "--dry-run", "--json")
    (record,) = json.loads(out)
    assert (record["inDatabase"], record["erasedBy"], record["beside"]) == (True, None, {"samples": samples})
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert command("erase", rows, "--reason", "asked")[0] == 130
    assert command("erase", rows)[0] == 3
    assert world.store().erased() == {}
    code, out, _ = command("erase", rows, samples, "--reason", "asked", "--yes")
    assert code == 0
    assert "Out of reach, and yours to erase" in out
    done = world.store().erased()
    assert all(f"Erased, as entry {index} of the log declares: {digest}" in out for digest, index in done.items())
    code, out, _ = command("fsck", "--quiet")
    assert code == 0
    assert all(f"{digest}: erased by entry {index}" in out for digest, index in done.items())
    assert json.loads(command("fsck", "--quiet", "--json")[1])["erased"] == done
    code, _, shown = command("erase", rows, "--dry-run")
    assert f"Entry {done[rows]} declares it erased." in shown
    assert "Nothing of it is here" in shown
    assert json.loads(command("erase", rows, "--reason", "asked", "--yes", "--json")[1].split("]\n")[-1]) == {
        "erased": {rows: done[rows]}
    }


def test_a_content_on_postgresql_is_erased_likewise(world: World) -> None:
    store = world.store()
    ensure_trust(world.home, store, {}, NOW)
    rows = hashlib.sha256(b"rows of a person").hexdigest()
    named(store, {"rows": rows}, {"rows": b"rows of a person"})
    contents: list[Content] = look_up(store, [rows])
    assert contents[0].stored
    done = erase(store, contents, "erasure was asked for", NOW)
    assert fsck(store).withheld == done
    with pytest.raises(KeyError):
        store.blob(rows)
