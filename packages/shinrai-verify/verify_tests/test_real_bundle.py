"""A bundle as `shinrai assess` writes it: it verifies, it can be checked by hand, and attacks on it are seen."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evidence.bundle import entry_tiles
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import sign
from shinrai_verify.cli import main
from shinrai_verify.dsse import Statement
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, signature_line
from shinrai_verify.verify import ASSESSMENT, envelope_leaves, verify

from .archives import envelope, lines, log_entries, sorted_archive
from .world import said, sha256

JSONL = "attestations.intoto.jsonl"


def _verified(real, files, folder, **more):
    path = folder / "changed.zip"
    path.write_bytes(sorted_archive(files))
    return verify(path, real.policy, **more)


def _statement(line):
    return Statement.from_bytes(envelope(line).payload, "a line")


def _unpacked(real, folder):
    for name, data in real.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_it_verifies(real, tmp_path):
    outcome = verify(real.path, real.policy)
    assert (outcome.exit_code, said(outcome)) == (0, "")
    assert outcome.tallies["JP-AIGB-3.2.human-judgement"].outcome == "pass"
    assert verify(_unpacked(real, tmp_path), real.policy).exit_code == 0


@pytest.mark.parametrize(
    "how", [{"signed": False}, {"as_of": "2099-12-31"}, {"as_of": "2020-01-01"}, {"as_of": "2098-01-01"}]
)
def test_it_verifies_whatever_has_expired_or_was_never_signed(assess_anew, how):
    moment = {"as_of": datetime.fromisoformat(how["as_of"]).replace(tzinfo=UTC)} if "as_of" in how else how
    real = assess_anew(**moment)
    outcome = verify(real.path, real.policy)
    assert (outcome.exit_code, said(outcome)) == (0, "")


def test_the_writer_and_the_tests_make_the_same_archive(real):
    assert sorted_archive(real.files) == real.path.read_bytes()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_bit_may_change(real, tmp_path_factory, data):
    whole = bytearray(real.path.read_bytes())
    position = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[position // 8] ^= 1 << position % 8
    path = tmp_path_factory.mktemp("bent") / "a.zip"
    path.write_bytes(bytes(whole))
    outcome = verify(path, real.policy)
    assert outcome.exit_code in (1, 2)
    assert said(outcome)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_bit_of_the_unpacked_folder_may_change(real, tmp_path_factory, data):
    files = real.files
    name = data.draw(st.sampled_from(sorted(files)))
    bent = bytearray(files[name])
    position = data.draw(st.integers(0, 8 * len(bent) - 1))
    bent[position // 8] ^= 1 << position % 8
    outcome = _verified(real, {**files, name: bytes(bent)}, tmp_path_factory.mktemp("bent"))
    assert outcome.exit_code in (1, 2)


@pytest.mark.parametrize("part", range(20))
def test_it_may_not_be_cut_short(real, tmp_path, part):
    whole = real.path.read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[: len(whole) * part // 20])
    assert verify(tmp_path / "a.zip", real.policy).exit_code == 1


@pytest.mark.slow
def test_no_line_may_be_dropped(real, tmp_path):
    files = real.files
    every = lines(files)
    for number in range(len(every)):
        outcome = _verified(real, {**files, JSONL: b"".join(every[:number] + every[number + 1 :])}, tmp_path)
        assert outcome.exit_code in (1, 2), _statement(every[number])
        assert said(outcome)


def test_repeated_and_reordered_lines_change_nothing(real, tmp_path):
    files = real.files
    every = lines(files)
    for changed in (every[::-1], every + every[3:9], sorted(every)):
        assert _verified(real, {**files, JSONL: b"".join(changed)}, tmp_path).exit_code == 0


# VERIFY.txt


def _commands(text):
    return "\n".join(line for line in text.splitlines() if re.match(r"(w=|(echo|grep|printf|openssl|for|find) )", line))


def _by_hand(folder):
    script = "set -e -o pipefail\n" + _commands((folder / "VERIFY.txt").read_text())
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@needs_openssl
def test_one_measurement_can_be_checked_by_hand(real, tmp_path):
    done = _by_hand(_unpacked(real, tmp_path))
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert sum(line.endswith(": OK") for line in printed) == 2
    assert "Signature Verified Successfully" in printed
    # Steps 2, 4 and 5 count at least one hit.
    assert printed[2] == "1"
    assert int(printed[-2]) >= 1
    assert printed[-1] == "1"


def test_every_step_of_the_instructions_is_run_by_the_test_above(real):
    text = real.files["VERIFY.txt"].decode()
    steps = [line for line in text.splitlines() if line and not line.startswith("#")]
    introduction = 3  # what this is for, in two languages, and the command that checks the whole
    assert _commands(text).splitlines() == steps[introduction:]


@needs_openssl
@pytest.mark.parametrize("which", ["measurement", "statement", "log"])
def test_by_hand_a_change_is_seen_too(real, tmp_path, which):
    folder = _unpacked(real, tmp_path)
    text = (folder / "VERIFY.txt").read_text()
    if which == "measurement":
        path = folder / re.search(r"blobs/sha256/[0-9a-f]{64}", text)[0]
        place = 0
    elif which == "statement":
        path = folder / JSONL
        place = path.read_bytes().index(re.search(r"grep -F '([^']+)'", text)[1].encode())
    else:
        (path,) = (file for file in (folder / "log/tile").rglob("*") if file.is_file())
        place = path.read_bytes().index(re.search(r"-F -e '([^']+)'", text)[1].encode())
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    done = _by_hand(folder)
    assert done.returncode != 0


# Memory and withheld rows.


def test_what_is_withheld_is_named(counts, capsys):
    assert main([str(counts.path), "--trust", str(counts.trust), "--lang", "en"]) == 2
    printed = capsys.readouterr().out
    assert "withheld: rows of decisions" in printed
    assert "INCOMPLETE" in printed


def test_an_older_bundle_is_told_from_a_newer_one(real, counts, tmp_path, capsys):
    memory = tmp_path / "checkpoint.txt"
    asked = ["--trust", str(real.trust), "--last-seen", str(memory), "--lang", "en"]
    assert main([str(real.path), *asked]) == 0
    first = memory.read_bytes()
    assert main([str(real.path), *asked]) == 0
    assert memory.read_bytes() == first
    # Authentic though incomplete: it is remembered.
    assert main([str(counts.path), *asked]) == 2
    newer = memory.read_bytes()
    assert newer != first
    capsys.readouterr()
    assert main([str(real.path), *asked]) == 1
    assert "the bundle is older than what you have seen: its log has" in capsys.readouterr().out
    assert memory.read_bytes() == newer


def test_another_installation_s_trust_file_refuses(real, tmp_path):
    other = json.loads(real.trust.read_bytes())
    (tmp_path / "trust.json").write_text(json.dumps({**other, "root": "ab" * 32}))
    assert main([str(real.path), "--trust", str(tmp_path / "trust.json")]) == 1


# The owner signs again: the same keys, another word.


def _signed_again(real, change):
    """Return the files with another assessment, signed and logged by the owner's own keys."""
    files, every = real.files, lines(real.files)
    old = next(line for line in every if _statement(line).predicate_type == ASSESSMENT)
    statement = _statement(old)
    blob = f"blobs/sha256/{statement.predicate['items'][0]['digest']['sha256']}"
    document = json.loads(files.pop(blob))
    change(document)
    data = json.dumps(document).encode()
    files[f"blobs/sha256/{sha256(data)}"] = data
    predicate = {**statement.predicate, "items": [{"digest": {"sha256": sha256(data)}}]}
    fresh = Statement(statement.subject_name, statement.subject_sha256, ASSESSMENT, predicate)
    signed = sign(fresh, load_signer(real.home.keys, "producer"))
    files[JSONL] = b"".join(line for line in every if line != old) + signed.to_bytes() + b"\n"
    return _logged(real, files, [entry for entry, _ in envelope_leaves(signed, ASSESSMENT)])


def _logged(real, files, more):
    """Return the files with further entries in the log, its head signed by the log's own key."""
    tiles = sorted(name for name in files if name.startswith("log/tile/"))
    entries = [*log_entries(b"".join(files.pop(name) for name in tiles)), *more]
    leaves = [leaf_hash(entry) for entry in entries]
    signer = load_signer(real.home.keys, "log")
    origin = files["log/checkpoint"].decode().splitlines()[0]
    head = Checkpoint(origin, len(leaves), root(leaves))
    line = signature_line(NoteKey(origin, signer.public), signer.sign(head.text.encode()))
    files["log/checkpoint"] = f"{head.text}\n{line}".encode()
    return files | dict(entry_tiles(entries))


def test_an_assessment_signed_anew_does_not_hide_the_one_before(real, tmp_path):
    outcome = _verified(real, _signed_again(real, lambda _: None), tmp_path)
    assert outcome.exit_code == 2
    assert re.fullmatch(r"V5 the log has entries .* that are not here: \d+ \(assessment/v1\)", said(outcome))


def _leaf(document, name):
    return next(leaf for r in document["results"] for leaf in r["leaves"] if leaf["id"] == name)


def _met(document):
    for each in document["results"]:
        each["result"] = "met"
        for leaf in each["leaves"]:
            leaf["state"] = "met"


def _better(document):
    document["measurements"][0]["value"] = 0.99


def _concluded(document):
    document["summary"].update(conclusion="undecided", exitCode=2)


def _verdict(document):
    _leaf(document, "JP-AIGB-3.2.human-judgement")["verdict"]["outcome"] = "undecided"


def _longer(document):
    document["attestations"][0]["expires"] = "2199-12-31"


CHANGES = {
    "everything met": (_met, "the council did not certify that"),
    "a better number": (_better, "otherwise than it was signed"),
    "another conclusion": (_concluded, "the conclusion of the assessment does not follow from its results"),
    "another verdict": (_verdict, "the assessment reports another verdict on JP-AIGB-3.2.human-judgement"),
    "a longer validity": (_longer, "the assessment shows human-judgement otherwise than it was signed"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_owner_who_signs_another_word_is_found_out(real, tmp_path, name):
    change, expected = CHANGES[name]
    outcome = _verified(real, _signed_again(real, change), tmp_path)
    assert outcome.exit_code == 1
    assert expected in said(outcome)


def test_a_content_that_nobody_refers_to_is_refused(real, tmp_path):
    outcome = _verified(real, {**real.files, f"blobs/sha256/{sha256(b'more')}": b"more"}, tmp_path)
    assert (outcome.exit_code, "no signed statement refers to" in said(outcome)) == (1, True)


@pytest.mark.parametrize("place", ["log", "evidence"])
def test_parts_of_a_check_that_are_not_shown_are_missed(real, tmp_path, place):
    files, every = real.files, lines(real.files)
    parts = [n for n, line in enumerate(every) if _statement(line).predicate.get("kind") == "evaluation"]
    chosen = parts[0] if place == "log" else parts[-1]
    files[JSONL] = b"".join(line for number, line in enumerate(every) if number != chosen)
    outcome = _verified(real, files, tmp_path)
    assert outcome.exit_code != 0
    assert any(step.code == "V10" and step.exit_class == 2 for step in outcome.steps)
    assert "planned but not shown: decisions/" in said(outcome)


def test_removed_and_reordered_log_entries_are_seen(real, tmp_path):
    files = real.files
    (tile,) = (name for name in files if name.startswith("log/tile/"))
    entries = log_entries(files[tile])
    for changed in ([entries[1], entries[0], *entries[2:]], [*entries[:-1], entries[0]]):
        outcome = _verified(real, {**files, **dict(entry_tiles(changed))}, tmp_path)
        assert (outcome.exit_code, "does not match its signed head" in said(outcome)) == (1, True)
    whole = _logged(real, real.files, [])
    assert _verified(real, whole, tmp_path).exit_code == 0


def test_required_controls_decide_on_exit_code_3(real, tmp_path):
    policy = json.loads(real.trust.read_bytes())
    for required, code in (("JP-AIGB-3.2.human-judgement", 0), ("JP-AIGB-2.3.data-statistics", 3)):
        (tmp_path / "trust.json").write_text(json.dumps({**policy, "requiredControls": [required]}))
        assert main([str(real.path), "--trust", str(tmp_path / "trust.json")]) == code
