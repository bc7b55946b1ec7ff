"""`shinrai council` on a real small assessment: from roster to a count that an outsider repeats."""

import json
import re
import shutil
import subprocess
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from shinrai.assess import assess
from shinrai.cli import main
from shinrai_verify.cli import to_json, to_text
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

LIMITS = "checks:\n  group_fairness:\n    limits: {selection_rate.ratio: 0.8}\n"
SEATS = """\
council: 1
seats:
  - {id: recompute, kind: tool, operator: a, domain: a, causes: [host:a, program:recompute], strata: [recompute]}
  - {id: provenance, kind: tool, operator: b, domain: b, causes: [host:b, program:provenance], strata: [provenance]}
  - {id: statistics, kind: tool, operator: c, domain: c, causes: [host:c, program:statistics]}
  - {id: yamada, kind: human, operator: d, domain: d}
required: {recompute: 1, provenance: 1}
"""
CONTROL = "JP-GL-C2.bias-runs"
VERIFIER = Path(__file__).resolve().parents[2] / "packages" / "shinrai-verify-js" / "verify.mjs"


@pytest.fixture
def desk(describe, home, tmp_path, monkeypatch, capsys):
    """An assessed system, a roster of four, and a way to run commands."""
    monkeypatch.setenv("SHINRAI_HOME", str(home.path))
    out = tmp_path / "out"
    assess(describe("fair 500", more=LIMITS), home, out)
    (tmp_path / "seats.yaml").write_text(SEATS)
    return Desk(home, tmp_path, out, capsys)


class Desk:
    def __init__(self, home, folder, out, capsys):
        self.home, self.folder, self.out, self.capsys = home, folder, out, capsys
        self.trust = str(out / "trust.json")
        self.case, self.record = str(folder / "case.zip"), str(folder / "record.zip")

    def run(self, *arguments, code=0, language="en"):
        """Run a command that must end with a code; returns what it printed."""
        found = main(["council", *map(str, arguments), "--lang", language])
        shown = self.capsys.readouterr()
        assert found == code, shown.out + shown.err
        return shown.out + shown.err

    def open(self, *more):
        said = self.run("roster", "--file", self.folder / "seats.yaml")
        roster = re.search("Roster: ([0-9a-f]{64})", said)[1]
        said = self.run("open", self.out / "bundle.zip", "--roster", roster, "--case", self.case, *more)
        return re.search("Round: ([0-9a-f]{64})", said)[1]

    @contextmanager
    def served(self, seconds):
        """A coordinator in a thread, as in another process: it has the log open by itself."""
        from shinrai.cli.council_opening import Closing, serve_case

        listening = threading.Event()
        port = []
        closing = Closing(Path(self.case), None, Path(self.record), None, self.home.path)
        thread = threading.Thread(
            target=serve_case,
            args=(closing, ("127.0.0.1", 0), seconds, lambda p: (port.append(p), listening.set())),
        )
        thread.start()
        assert listening.wait(20)
        yield f"http://127.0.0.1:{port[0]}"
        thread.join(60)


def test_tools_far_away_and_a_person_certify_an_assessment(desk, monkeypatch):
    round_id = desk.open("--control", CONTROL, "--control", "JP-GL-C3.evaluation-runs")
    with desk.served(30) as url:
        for seat in ("recompute", "provenance", "statistics"):
            said = desk.run("seat", "--connect", url, "--trust", desk.trust, "--member", seat, "--as", seat)
            assert "2 votes sent; 2 proofs that they are in the log." in said
        typed = ["1", "x", "1", "I looked at the numbers.", "y", "9", "1", "The runs are all there.", "y"]
        answers = iter(typed)
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: next(answers))
        said = desk.run("vote", desk.case, "--trust", desk.trust, "--member", "yamada")
        assert "2 votes signed and logged" in said
        assert "A vote needs a reason of 3 to" in said
        assert "Question 1 of 2 (JP-GL-C2.bias-runs)" in said
        assert "outcome: pass" in said
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", said)
    said = desk.run("tally", desk.record, "--trust", desk.trust)
    assert "Attempts: 2. The rounds before this one are in the record." in said
    assert re.search(rf"{re.escape(CONTROL)} +pass +4 +0 +0 +0 +–", said)
    found = json.loads(desk.run("tally", desk.record, "--trust", desk.trust, "--json"))
    assert found["round"] == round_id
    assert {each["outcome"] for each in found["controls"]} == {"pass"}
    shown = json.loads(desk.run("show", desk.case, "--trust", desk.trust, "--json"))
    assert (shown["n"], shown["f"], shown["q"], shown["byzantine"], shown["attempt"]) == (4, 1, 3, True, 2)
    said = desk.run("status")
    assert said.count("closed") == 2
    # An outsider with the small verifier alone comes to the same.
    outcome = verify(Path(desk.record), Policy.from_bytes(Path(desk.trust).read_bytes()))
    assert (outcome.exit_code, outcome.record, outcome.withheld) == (0, True, []), to_text(outcome, "en")
    assert outcome.certified.items() >= {CONTROL: "pass", "JP-GL-C3.evaluation-runs": "pass"}.items()
    assert {control: counted.outcome for control, counted in outcome.tallies.items()} == {
        each["control"]: each["outcome"] for each in found["controls"]
    }
    if node := shutil.which("node"):
        command = [node, str(VERIFIER), desk.record, "--trust", desk.trust, "--json"]
        other = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        mine = json.loads(to_json(outcome))
        assert {name: other[name] for name in mine if name != "steps"} == {
            n: v for n, v in mine.items() if n != "steps"
        }
    assert main(["report", desk.record, "--trust", desk.trust, "--lang", "en", "--out", str(desk.folder / "r")]) == 3
    assert "the record of a council round; it holds no assessment" in desk.capsys.readouterr().err
    # And by hand, as the file in it says.
    with zipfile.ZipFile(desk.record) as opened:
        opened.extractall(desk.folder / "record")
    script = "\n".join((desk.folder / "record" / "VERIFY.txt").read_text().splitlines()[3:])
    ran = subprocess.run(["bash", "-c", script], cwd=desk.folder / "record", capture_output=True, text=True, check=True)
    assert [ran.stdout.count(word) for word in (": OK", "Verified Successfully")] == [2, 1]
    assert verify(desk.folder / "record", Policy.from_bytes(Path(desk.trust).read_bytes())).exit_code == 0
    # What is in the record can be counted by anybody, not changed by anybody.
    with Path(desk.record).open("r+b") as file:
        file.seek(5_000)
        byte = file.read(1)
        file.seek(5_000)
        file.write(bytes([byte[0] ^ 1]))
    assert "→" in desk.run("tally", desk.record, "--trust", desk.trust, code=3)


def test_air_gapped_votes_canaries_and_the_other_language(desk):
    answers = desk.folder / "answers.json"
    answers.write_text(json.dumps({"answers": {CONTROL: "pass"}}))
    round_id = desk.open("--control", CONTROL, "--canaries", answers)
    assert len(json.loads(answers.read_text())["salt"]) == 64
    votes = desk.folder / "votes.jsonl"
    common = ("--trust", desk.trust, "--member", "yamada")
    given = ("--control", CONTROL, "--value", "fail", "--reason", "表が古い。")
    said = desk.run("vote", desk.case, *common, *given, "--out", votes, language="ja")
    assert "判断の対象となる内容（SHA-256）" in said
    desk.run("ballot", "export", desk.case, *common, "--out", desk.folder / "again.jsonl")
    assert (desk.folder / "again.jsonl").read_bytes() == votes.read_bytes()
    said = desk.run("ballot", "import", votes, "--round", round_id)
    assert "2 statements are in the log." in said
    # A second, other value is never signed.
    other = ("--control", CONTROL, "--value", "pass", "--reason", "I changed my mind.")
    assert "would now sign “pass”" in desk.run("vote", desk.case, *common, *other, "--out", votes, code=3)
    desk.run("close", desk.case, "--record", desk.record, "--canaries", answers)
    said = desk.run("tally", desk.record, "--trust", desk.trust, code=2)
    assert "undecided" in said
    assert "Known answers: 1 items." in said
    assert "is said from 200 items on" in said
    assert re.search(r"yamada +– +0/1 \[0\.00, 0\.79\]", said)
    said = desk.run("tally", desk.record, "--trust", desk.trust, code=2, language="ja")
    assert "評議員4名。f = 1名までの障害に耐え、q = 3票で認証する。" in said
    late = desk.folder / "late.jsonl"
    late.write_bytes(votes.read_bytes())
    desk.run("tally", desk.record, "--trust", desk.trust, "--late", late, code=2)


def test_a_sealed_round_at_the_terminal(desk):
    desk.open("--control", CONTROL, "--sealed")
    given = ("--control", CONTROL, "--value", "pass", "--reason", "All in order.")
    common = ("--trust", desk.trust, "--member", "yamada")
    assert "Committed." in desk.run("vote", desk.case, *common, *given)
    assert "commitments are taken" in desk.run("status")
    desk.run("close", desk.case, "--reveal")
    assert "signed and logged" in desk.run("vote", desk.case, *common, *given)
    desk.run("close", desk.case, "--record", desk.record)
    found = json.loads(desk.run("tally", desk.record, "--trust", desk.trust, "--json", code=2))
    assert found["controls"][0]["votes"]["pass"] == ["yamada"]


def test_a_member_enrols_on_its_own_machine(desk, tmp_path):
    far = tmp_path / "far"
    entry = desk.folder / "yamada.json"
    seats = desk.folder / "seats.yaml"
    desk.run("seat", "--enrol", seats, "--member", "yamada", "--out", entry, "--home", far)
    desk.run("roster", "--file", seats, "--enrolled", entry)
    assert not (desk.home.keys / "member-yamada.pem").exists()
    assert (far / "keys" / "member-yamada.pem").exists()
    assert b"PRIVATE" not in entry.read_bytes()
    entry.write_bytes(entry.read_bytes().replace(b'"domain":"d"', b'"domain":"e"'))
    assert "without proof" in desk.run("roster", "--file", seats, "--enrolled", entry, code=3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("roster",), "either --seats or --file"),
        (("seat", "--member", "x"), "either --connect or --enrol"),
        (("seat", "--member", "x", "--connect", "http://h"), "needs --trust and --as"),
        (("show", "none.zip", "--trust", "none.json"), "cannot be read"),
        (("roster", "--file", "none.yaml"), "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(arguments, words, capsys, monkeypatch, home):
    monkeypatch.setenv("SHINRAI_HOME", str(home.path))
    assert main(["council", *arguments, "--lang", "en"]) == 3
    assert words in capsys.readouterr().err


def test_a_requirement_stands_for_its_leaves_and_a_bundle_is_no_record(desk):
    said = desk.run("roster", "--file", desk.folder / "seats.yaml")
    given = ("--roster", re.search("Roster: ([0-9a-f]{64})", said)[1], "--case", desk.case)
    said = desk.run("open", desk.out / "bundle.zip", *given, "--control", "JP-GL-C2", "--control", CONTROL)
    assert f"JP-GL-C2 stands for its pieces of evidence: {CONTROL}\n" in said
    assert json.loads(desk.run("show", desk.case, "--trust", desk.trust, "--json"))["controls"] == [CONTROL]
    for asked in ("JP-GL-C", "JP-GL-C2.", "JP-GL-C99"):
        said = desk.run("open", desk.out / "bundle.zip", *given, "--control", asked, code=3)
        assert f"The bundle has no evidence on {asked}." in said
    for word in ("tally", "show"):
        said = desk.run(word, desk.out / "bundle.zip", "--trust", desk.trust, code=3)
        assert "neither the case nor the record of a council round" in said
        assert "shinrai verify FILE --trust TRUST" in said
        assert "Do not vote" not in said
    # The case holds no vote, and says so of itself to who takes it for the record.
    outcome = verify(Path(desk.case), Policy.from_bytes(Path(desk.trust).read_bytes()))
    assert (outcome.exit_code, "the case of a council round" in to_text(outcome, "en")) == (1, True)
    broken = desk.folder / "broken.zip"
    broken.write_bytes(Path(desk.case).read_bytes()[:-9])
    assert "Do not rely on it." in desk.run("tally", broken, "--trust", desk.trust, code=3)


def test_a_tier_can_be_raised_and_never_lowered(desk):
    with pytest.raises(AssertionError, match="cannot ask for less"):
        desk.open("--tier", "low")
    assert desk.open("--tier", "high", "--control", CONTROL)
    shown = desk.run("vote", desk.case, "--trust", desk.trust, "--member", "yamada", "--control", CONTROL,
                     "--value", "pass", "--reason", "In order.", "--out", desk.folder / "v")  # fmt: skip
    assert "Nothing is certified here unless 2 people are among those who agree." in shown


def test_the_simulator_writes_its_pages(tmp_path, capsys):
    given = ["council", "simulate", "--members", "13", "--runs", "2", "--items", "50", "--out", str(tmp_path / "s")]
    assert main([*given, "--lang", "en"]) == 0
    assert {path.name for path in (tmp_path / "s").iterdir()} == {"council.ja.html", "council.en.html"}
    assert main([*given, "--lang", "en"]) == 3
    assert "is there already" in capsys.readouterr().err
    assert main([*given, "--json", "--lang", "en"]) == 0
    assert json.loads(capsys.readouterr().out)["q"] == 9
