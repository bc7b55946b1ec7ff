"""The record of a council round: what an outside assessor checks with the verifier alone, and what is refused."""

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from shinrai_verify.cli import main, to_json, to_text
from shinrai_verify.council import UNDECIDED

from .both import differences, node
from .corpus import policy_bytes
from .records import KNOWN, MANY, PLAIN, insiders, record, record_cases
from .test_insiders import without
from .world import ATTESTED, MEASURED, World, said


@pytest.mark.parametrize("name", list(insiders()))
def test_a_record_is_of_the_class_that_it_has_to_be(tmp_path, name):
    world, code = insiders()[name]
    outcome = world.verified(tmp_path)
    assert outcome.exit_code == code, to_text(outcome, "en")
    assert to_text(outcome, "ja")


@pytest.mark.skipif(node() is None, reason="no node: neither on PATH nor in playwright")
def test_both_verifiers_say_the_same_of_every_record(tmp_path):
    tally = Counter[str]()
    found = differences(list(record_cases(16)), tmp_path, tally)
    assert not found, "\n".join(found)
    assert sum(tally.values()) > 120
    assert set(tally) == {"0", "1", "2", "3"}


def test_answers_that_nobody_committed_to_are_refused_for_that(tmp_path):
    outcome = record(canaries=KNOWN, arrange=without("canaries")).verified(tmp_path)
    assert said(outcome) == "V9 the known answers are not those that were committed to before the round"


def test_a_record_says_that_it_is_one_and_what_was_certified(tmp_path):
    outcome = record(canaries=KNOWN).verified(tmp_path)
    assert (outcome.record, outcome.certified) == (True, {MEASURED: "pass", ATTESTED: "pass"})
    text = to_text(outcome, "en")
    assert "this is its record, and no assessment goes with it" in text
    assert "the 2 known answers are those committed to before the round" in text
    assert "VERIFIED: the record of the council's round is authentic and complete." in text
    assert "評議の記録は真正で" in to_text(outcome, "ja")
    assert json.loads(to_json(outcome))["kind"] == "record"
    assert json.loads(to_json(World().verified(tmp_path)))["kind"] == "bundle"


def test_33_seats_need_22_votes_whatever_a_verdict_says(tmp_path):
    silent = {(name, MEASURED): [] for name in MANY[21:]}
    outcome = record(seats=MANY, votes=silent).verified(tmp_path)
    assert (outcome.roster.n, outcome.roster.f, outcome.roster.q) == (33, 10, 22)
    assert outcome.tallies[MEASURED].outcome == UNDECIDED
    for votes in (21, 18):
        world, _ = insiders()[f"with {votes} of 33 votes for a pass"]
        assert "does not carry the votes it claims" in said(world.verified(tmp_path))


def test_the_last_attempt_stands_in_what_is_certified_without_the_log(tmp_path):
    # A control that was certified once and is undecided in the next attempt is certified no more.
    first = record()
    assert first.verified(tmp_path).certified[MEASURED] == "pass"
    world, _ = insiders()["split"]
    assert MEASURED not in world.verified(tmp_path).certified


def test_the_case_of_a_round_is_told_from_its_record(tmp_path):
    assert "the case of a council round" in said(insiders()["that is a case"][0].verified(tmp_path))


def test_a_stolen_key_of_a_seat_spoils_no_round(tmp_path):
    outcome = insiders()["with a key revoked before, not counted"][0].verified(tmp_path)
    assert "signed with a seat's key after it was revoked, not counted: " in to_text(outcome, "en")
    assert outcome.tallies[MEASURED].absent == ("zenith",)


def test_a_trust_file_that_cannot_be_read_is_named(tmp_path, capsys):
    bundle = PLAIN.bundle(tmp_path)
    wrong = tmp_path / "wrong.json"
    for data, words in ((b"no JSON", "is not valid JSON"), (b"{}", "lacks a valid field")):
        wrong.write_bytes(data)
        assert main([str(bundle), "--trust", str(wrong), "--lang", "en"]) == 64
        told = capsys.readouterr().err
        assert str(wrong) in told
        assert words in told


def test_the_command_takes_a_record(tmp_path, capsys):
    trust = tmp_path / "trust.json"
    trust.write_bytes(policy_bytes(PLAIN))
    assert main([str(PLAIN.bundle(tmp_path)), "--trust", str(trust), "--lang", "en"]) == 0
    assert "the record of the council's round" in capsys.readouterr().out


HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "verify-a-bundle.md"


@pytest.fixture(scope="module")
def section() -> str:
    """Return what the document says of records."""
    return HOW_TO.read_text().partition("## The record of a council round\n")[2].partition("\n## ")[0]


def test_the_document_shows_what_the_command_prints(tmp_path, monkeypatch, capsys, section):
    (tmp_path / "trust.json").write_bytes(policy_bytes(PLAIN))
    PLAIN.bundle(tmp_path).rename(tmp_path / "record.zip")
    monkeypatch.chdir(tmp_path)
    command, *shown = re.search("```console\n[$] (.*?)```", section, re.DOTALL)[1].splitlines()
    assert main([*command.split()[1:], "--lang", "en"]) == 0
    pattern = "".join("(.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n" for line in shown)
    assert re.fullmatch(pattern, capsys.readouterr().out)


@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "openssl", "sha256sum"))), reason="no bash, openssl or sha256sum"
)
def test_a_certificate_is_counted_by_hand_as_the_document_says(tmp_path, section):
    dissent = record(votes={("east", MEASURED): ["fail"]})
    script = re.search("```sh\n(.*?)```", section, re.DOTALL)[1]

    def counted(world, bend=lambda data: data):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, data in world.contents().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(bend(data))
        ran = subprocess.run(
            ["bash", "-uo", "pipefail", "-c", script],
            cwd=folder,
            env={"CONTROL": MEASURED, "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.stdout.strip()

    assert counted(dissent) == f"{MEASURED}: pass, 4 good signatures, round {dissent.round.payload_sha256}"
    # A signature exchanged for another's is not counted.
    first, second = (json.loads(PLAIN.certificates[MEASURED])["signatures"][n]["sig"].encode() for n in (0, 1))
    found = counted(PLAIN, lambda data: data.replace(first, second))
    assert "pass, 4 good signatures" in found
    assert "computed checksum did NOT match" not in found
