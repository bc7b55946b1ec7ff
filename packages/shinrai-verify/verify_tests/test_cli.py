"""The command: exit codes, both languages, JSON, memory, and every way to use it wrongly."""

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shinrai_verify import __version__
from shinrai_verify.cli import _EPILOG, main, to_json, to_text
from shinrai_verify.council import Member, Roster, Tally
from shinrai_verify.messages import gettext_in, preferred_language, say
from shinrai_verify.note import Checkpoint
from shinrai_verify.outcome import Step, Verification

from .world import ATTESTED, MEASURED, SEATS, World, put

GOOD = World()
WORLDS = {
    0: GOOD,
    1: World(files=lambda files: {**files, "VERIFY.txt": b"other"}),
    2: World(withhold=True),
    3: World(votes={(name, MEASURED): ["fail"] for name in SEATS}),
}
CONCLUSIONS = {
    0: ("VERIFIED:", "検証成功："),
    1: ("NOT VERIFIED:", "検証失敗："),
    2: ("INCOMPLETE:", "不完全："),
    3: ("POLICY NOT MET:", "方針未達："),
}


@pytest.fixture(autouse=True)
def english(monkeypatch):
    for name in ("SHINRAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)


def _policy(folder, world=GOOD, **changes):
    record = {
        "logs": [str(key) for key in world.policy.outside.logs],
        "requiredControls": [MEASURED],
        "root": world.policy.root,
        "schema": "https://shinrai.example/policy/v1",
    }
    path = folder / "trust.json"
    path.write_text(json.dumps({**record, **changes}))
    return path


def _asked(folder, world=GOOD, *more):
    return [str(world.bundle(folder)), "--trust", str(_policy(folder, world)), *more]


@pytest.mark.parametrize("code", WORLDS)
def test_exit_codes_and_conclusions_in_both_languages(tmp_path, capsys, code):
    for language, conclusion in zip(("en", "ja"), CONCLUSIONS[code], strict=True):
        assert main(_asked(tmp_path, WORLDS[code], "--lang", language)) == code
        printed = capsys.readouterr()
        assert conclusion in printed.out
        assert printed.err == ""
        assert ("What the council certified (n=5, f=1, q=4):" in printed.out) == (language == "en" and code != 1)
        assert ("Verified does not mean passed" in printed.out) == (language == "en" and code == 0)


def test_japanese_output_holds_no_english_sentence(tmp_path, capsys):
    world = World(votes={("zenith", MEASURED): ["fail"]}, edits={"round": put("reason", "x")})
    assert main(_asked(tmp_path, world, "--lang", "ja")) == 0
    printed = capsys.readouterr().out
    for word in (" the ", " is ", " of ", "dissent", "pass", "fail", "certified"):
        assert word not in printed
    assert "X-1.measured: 合格（反対票：zenith）" in printed
    outcome = World(show=lambda log: [e for e in log if e[0] != "round"]).verified(tmp_path)
    assert "V8  証拠バンドルに評議会の評議がありません" in to_text(outcome, "ja")
    outcome = World(edits={"evidence0": put("run", None)}).verified(tmp_path)
    assert "ログの記録6に正しい項目「run」がありません" in to_text(outcome, "ja")


def test_steps_are_marked_by_their_class(tmp_path):
    marks = {0: "✓", 1: "✗", 2: "…", 3: "!"}
    for code, world in WORLDS.items():
        edit = {"policy": put("requiredControls", [MEASURED])}
        again = World(votes=world.votes, files=world.files, withhold=world.withhold, edits=edit)
        assert f"\n{marks[code]} V" in "\n" + to_text(again.verified(tmp_path), "en")


def test_json_for_programs(tmp_path, capsys):
    assert main(_asked(tmp_path, GOOD, "--json", "--lang", "ja")) == 0
    text = capsys.readouterr().out
    assert text.isascii()
    found = json.loads(text)
    assert found["exitCode"] == 0
    assert found["bundleId"] == GOOD.bundle_id
    assert found["subject"]["name"] == "x"
    assert found["log"] == {"origin": "example.org/log", "size": len(GOOD.leaves()), "root": found["log"]["root"]}
    assert [step["code"] for step in found["steps"]] == ["V1", "V2", "L1", *(f"V{n}" for n in range(3, 12))]
    assert found["levels"] == {"L1": 0, "L2": 0}
    assert found["council"] == {"n": 5, "f": 1, "q": 4, "domains": 5, "F": 1, "commonCausesOverF": []}
    assert all(step["class"] == 0 and step["text"].isascii() for step in found["steps"])
    expected = {"outcome": "pass", "contested": False, "dissent": [], "equivocators": [], "absent": [], "final": True}
    assert found["verdicts"] == {MEASURED: expected, ATTESTED: expected}
    assert found["withheld"] == []


def test_json_of_what_could_not_be_read_at_all(tmp_path, capsys):
    (tmp_path / "bundle.zip").write_bytes(b"no archive")
    assert main([str(tmp_path / "bundle.zip"), "--trust", str(_policy(tmp_path)), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["exitCode"], found["bundleId"], found["log"], found["verdicts"]) == (1, None, None, {})


# What is printed, to the letter.

MEMBERS = tuple(Member(name, name * 64, b"", "tool", name, ("program", "host"), ()) for name in "abcdefg")
TALLIES = {
    "X-1": Tally("pass", True, False, {"pass": tuple("abcde"), "fail": ("f", "g")}, (), ()),
    "X-2": Tally("undecided", False, True, {"pass": ("a",)}, ("b", "c"), ("d",)),
    "X-3": Tally("fail", True, False, {"fail": tuple("abcdefg")}, (), ()),
}
TOLD = Verification(
    steps=[Step("V1", 0, "the bundle has no {name}", {"name": "x\x07"}), Step("V10", 3, "entry {index}", {"index": 7})],
    bundle_id="ab" * 32,
    subject={"name": "x", "sha256": "cd" * 32},
    checkpoint=Checkpoint("example.org/log", 12, bytes(32)),
    certified={"X-1": "pass"},
    tallies=dict(reversed(TALLIES.items())),
    late={"X-3": "void"},
    roster=Roster(MEMBERS, {}),
    withheld=["rows.csv"],
    erased={"ef" * 32: 3},
    ignored=["b", "a", "b"],
    times={"w2": datetime(2026, 3, 1, 12, tzinfo=UTC), "w1": datetime(2026, 3, 1, 13, tzinfo=UTC)},
    revoked={"12" * 32: 9},
    runs=["4 (given up)"],
)
ENGLISH = """\
✓ V1  the bundle has no x\\x07
! V10 entry 7

What the council certified (n=7, f=2, q=5):
  X-1: pass; dissent: f, g
  X-2: undecided; signed two values: b, c [contested]
  X-3: fail [void]
More seats than 2 share a cause of failure (host, program): no Byzantine fault tolerance is claimed.

L1 ✗ certificates and keys alone
L2 ! with the log
POLICY NOT MET: the bundle is authentic, but it does not meet what you demand."""
JAPANESE = """\
✓ V1  証拠バンドルにx\\x07がありません
! V10 ログの記録7

評議会の評決（n=7、f=2、q=5）：
  X-1: 合格（反対票：f, g）
  X-2: 評決なし（二重投票：b, c） [異議あり]
  X-3: 不合格 [無効]
2名を超える評議員が同じ故障要因（host, program）を共有しているため、ビザンチン障害への耐性があるとは主張しません。

L1 ✗ 証明書と鍵だけによる検証
L2 ! ログを含む検証
方針未達：証拠バンドルは真正ですが、利用者の方針が求める条件を満たしていません。"""


def test_the_text_is_this_and_nothing_else():
    assert to_text(TOLD, "en") == ENGLISH
    assert to_text(TOLD, "ja") == JAPANESE


def test_of_a_bundle_that_does_not_verify_no_verdict_is_shown():
    failed = Verification(steps=[Step("L1", 1, "entry {index}", {"index": 7})], roster=TOLD.roster, tallies=TALLIES)
    lines = ["✗ L1  entry 7", "", "L1 ✗ certificates and keys alone", "L2 ✗ with the log"]
    assert to_text(failed, "en").split("\n")[:-1] == lines


def test_the_json_is_this_and_nothing_else():
    counted = {"absent": [], "contested": False, "dissent": [], "equivocators": [], "final": True}
    expected = {
        "exitCode": 3,
        "kind": "bundle",
        "levels": {"L1": 1, "L2": 3},
        "bundleId": "ab" * 32,
        "subject": {"name": "x", "sha256": "cd" * 32},
        "log": {"origin": "example.org/log", "size": 12, "root": "00" * 32},
        "times": {"w1": "2026-03-01T13:00:00Z", "w2": "2026-03-01T12:00:00Z"},
        "steps": [
            {"code": "V1", "class": 0, "text": "the bundle has no x\\x07"},
            {"code": "V10", "class": 3, "text": "entry 7"},
        ],
        "council": {"n": 7, "f": 2, "q": 5, "domains": 7, "F": 2, "commonCausesOverF": ["host", "program"]},
        "certified": {"X-1": "pass"},
        "verdicts": {
            "X-1": {**counted, "outcome": "pass", "dissent": ["f", "g"]},
            "X-2": {**counted, "outcome": "undecided", "contested": True, "final": False}
            | {"equivocators": ["b", "c"], "absent": ["d"]},
            "X-3": {**counted, "outcome": "fail"},
        },
        "late": {"X-3": "void"},
        "withheld": ["rows.csv"],
        "erased": {"ef" * 32: 3},
        "revoked": {"12" * 32: 9},
        "otherRuns": ["4 (given up)"],
        "ignored": ["a", "b"],
    }
    printed = to_json(TOLD)
    assert json.loads(printed) == expected
    # For people who look at it all the same: one value to a line, what was checked first.
    assert printed.startswith('{\n  "exitCode": 3,\n  "kind": "bundle",')
    assert list(json.loads(printed)["times"]) == ["w1", "w2"]
    assert list(json.loads(printed)["verdicts"]) == ["X-1", "X-2", "X-3"]


def test_every_text_of_the_help_is_shown(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "1000")
    for language in ("en", "ja"):
        with pytest.raises(SystemExit):
            main(["--lang", language, "-h"])
        printed = capsys.readouterr().out
        for text in HELP:
            assert say(language, text) in printed, text
        for option in ("--trust", "--policy", "--last-seen", "--lang", "--json", "--version"):
            assert option in printed


HELP = (
    "Verify a Shinrai evidence bundle, or the record of a council's round, offline and say what was checked.",
    "the bundle or record: a ZIP archive or the folder it was unpacked to",
    "whom you trust (trust.json), received by another way than the bundle",
    "the checkpoint you saw last; made on the first visit, moved forward when the bundle is authentic",
    "language of the output",
    "print JSON for programs",
    "show program's version number and exit",
    _EPILOG,
)


def _wrong(folder):
    """Return wrong uses: arguments and what is said about them."""
    good, trust = _asked(folder)[0], str(_policy(folder))
    big = folder / "big.json"
    big.write_bytes(b" " * (1024 * 1024 + 1))
    bad = folder / "bad.json"
    bad.write_text('{"schema": "x"}')
    return {
        "nothing": ([], "the following arguments are required: bundle, --trust"),
        "no trust file": ([good], "the following arguments are required: --trust"),
        "an option that does not exist": ([good, "--trust", trust, "--force"], "unrecognized arguments: --force"),
        "an option cut short": ([good, "--tru", trust], "required: --trust"),
        "the language cut short": ([good, "--trust", trust, "--lan", "ja"], "unrecognized arguments: --lan ja"),
        "two bundles": ([good, good, "--trust", trust], "unrecognized arguments"),
        "another language": ([good, "--trust", trust, "--lang", "fr"], "invalid choice"),
        "no language": ([good, "--trust", trust, "--lang"], "expected one argument"),
        "no such bundle": ([str(folder / "none.zip"), "--trust", trust], "there is no file"),
        "no such trust file": ([good, "--trust", str(folder / "none.json")], "none.json: No such file or directory"),
        "a folder as trust file": ([good, "--trust", str(folder)], ": Is a directory"),
        "a trust file too large": ([good, "--trust", str(big)], "big.json is larger than 1048576 bytes"),
        "a trust file that is none": ([good, "--trust", str(bad)], "the trust file does not say “schema”"),
        "a bundle as trust file": ([good, "--trust", good], "the trust file is not valid JSON"),
        "a folder as memory": ([good, "--trust", trust, "--last-seen", str(folder)], ": Is a directory"),
        "a memory too large": ([good, "--trust", trust, "--last-seen", str(big)], "big.json is larger than"),
    }


def test_wrong_use_is_told_from_a_verdict(tmp_path, capsys):
    for name, (arguments, expected) in _wrong(tmp_path).items():
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        assert (name, code, printed.out) == (name, 64, "")
        assert expected in printed.err, name
        assert printed.err.startswith("usage: " if printed.err.count("\n") > 1 else "shinrai-verify: "), name


def test_wrong_use_is_told_in_japanese_too(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--lang", "ja"])
    assert stop.value.code == 64
    printed = capsys.readouterr().err
    assert printed.startswith("使い方: shinrai-verify")
    assert "次の引数が必要です: bundle, --trust" in printed
    assert main([str(tmp_path / "none.zip"), "--trust", str(_policy(tmp_path)), "--lang=ja"]) == 64
    assert f"ファイル{tmp_path}/none.zipがありません" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["usage: ", "positional arguments:", "options:", "exit codes: 0 verified", "show program's version"]),
        ("ja", ["使い方: ", "引数:", "オプション:", "終了コード: 0 検証成功", "版を表示して終了する"]),
    ],
)
def test_help_is_in_the_language_asked_for(capsys, language, words):
    with pytest.raises(SystemExit) as stop:
        main(["--help", "--lang", language])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in words)
    assert ("show this help" in printed) == (language == "en")


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"], program="shinrai verify")
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"shinrai verify {__version__}\n"


@pytest.mark.parametrize(
    ("settings", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "SHINRAI_LANG": "ja"}, "ja"),
        ({"LC_MESSAGES": "ja", "LC_ALL": ""}, "ja"),
    ],
)
def test_the_language_is_the_user_s(monkeypatch, tmp_path, capsys, settings, language):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert preferred_language() == language
    assert main(_asked(tmp_path)) == 0
    assert CONCLUSIONS[0][("en", "ja").index(language)] in capsys.readouterr().out


def test_the_parser_s_language_leaves_no_trace(monkeypatch):
    with gettext_in("ja"):
        assert os.environ["LANGUAGE"] == "ja"
    assert "LANGUAGE" not in os.environ
    monkeypatch.setenv("LANGUAGE", "de")
    with gettext_in("en"):
        assert os.environ["LANGUAGE"] == "en"
    assert os.environ["LANGUAGE"] == "de"


def test_a_text_without_translation_is_said_in_english():
    assert say("ja", "not a text of ours: {x}", {"x": "\x07"}) == "not a text of ours: \\x07"
    assert say("en", "plain") == "plain"
    # What a terminal shows stands as it is, Japanese and backslashes, too.
    assert say("ja", "{x}", {"x": "評価 a\\b\u202e"}) == "評価 a\\b\\u202e"


def test_the_policy_may_be_named_so_and_the_arguments_come_from_the_command_line(tmp_path, monkeypatch, capsys):
    bundle, _, trust = _asked(tmp_path)
    monkeypatch.setattr(sys, "argv", ["shinrai-verify", "--lang=ja", bundle, "--policy", trust])
    assert main() == 0
    assert CONCLUSIONS[0][1] in capsys.readouterr().out


def test_a_trust_file_may_be_as_large_as_is_said_and_no_larger(tmp_path, capsys):
    bundle, _, trust = _asked(tmp_path)
    most = 1024 * 1024
    policy = Path(trust).read_bytes()
    Path(trust).write_bytes(policy.ljust(most))
    assert main([bundle, "--trust", trust]) == 0
    Path(trust).write_bytes(policy.ljust(most + 1))
    assert main([bundle, "--trust", trust]) == 64
    assert f"trust.json is larger than {most} bytes" in capsys.readouterr().err


# Memory.


def test_the_memory_is_made_moved_forward_and_kept(tmp_path):
    memory = tmp_path / "memory.txt"
    for code in (1, 0, 2, 3):
        memory.unlink(missing_ok=True)
        assert main(_asked(tmp_path, WORLDS[code], "--last-seen", str(memory))) == code
        assert memory.exists() == (code != 1)
    memory.write_bytes(b"not a note")
    assert main(_asked(tmp_path, GOOD, "--last-seen", str(memory))) == 1
    assert memory.read_bytes() == b"not a note"


def test_a_memory_that_cannot_be_written_is_no_success(tmp_path, capsys):
    memory = tmp_path / "no folder" / "memory.txt"
    assert main(_asked(tmp_path, GOOD, "--last-seen", str(memory))) == 64
    assert "No such file or directory" in capsys.readouterr().err


def test_the_memory_is_written_beside_first_and_then_put_in_its_place(tmp_path, capsys):
    memory = tmp_path / "memory.txt"
    memory.with_name("memory.txt.new").mkdir()
    assert main(_asked(tmp_path, GOOD, "--last-seen", str(memory))) == 64
    assert "shinrai-verify: " in (said := capsys.readouterr().err)
    assert "memory.txt.new: Is a directory" in said
    assert not memory.exists()


def test_characters_that_a_terminal_lacks_are_escaped(tmp_path, monkeypatch):
    printed = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", printed)
    assert main(_asked(tmp_path, WORLDS[2], "--lang", "ja")) == 2
    printed.flush()
    assert b"\\u2026 V1" in printed.buffer.getvalue()


# As its own process.


def _run(*arguments, **settings):
    command = [sys.executable, "-m", "shinrai_verify.cli", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **settings}, check=False)


def test_a_terminal_without_japanese_is_no_reason_to_fail(tmp_path):
    done = _run(*_asked(tmp_path, WORLDS[2], "--lang", "ja"), PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (2, b"")
    assert b"\\u2026 V1" in done.stdout


def test_it_starts_with_nothing_but_what_it_needs():
    command = [sys.executable, "-c", "import sys, shinrai_verify.cli; print(*sys.modules)"]
    names = set(subprocess.check_output(command, text=True).split())
    loaded = {name.split(".")[0] for name in names}
    plain = subprocess.check_output([sys.executable, "-c", "import sys; print(*sys.modules)"], text=True)
    packages = loaded - sys.stdlib_module_names - {name.split(".")[0] for name in plain.split()}
    assert packages <= {"shinrai_verify", "cryptography", "_cffi_backend", "_openssl"}
    # Slow to load, and a verifier has no use for them. How long a start takes stands in the benchmarks.
    assert not loaded & {
        "asyncio",
        "concurrent",
        "ctypes",
        "http",
        "multiprocessing",
        "sqlite3",
        "ssl",
        "unittest",
        "xml",
    }
