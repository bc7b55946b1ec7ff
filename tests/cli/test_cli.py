"""The command line: what it prints, what it writes, and with which code it ends."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest
import yaml

from shinrai import __version__
from shinrai.cli import main
from shinrai.evidence import Home, open_home
from shinrai.systems import read_description

Describe = Callable[..., Path]
FILES = {
    "assessment.json",
    "bundle.zip",
    "junit.xml",
    "report.en.html",
    "report.ja.html",
    "results.sarif",
    "trust.json",
}


@pytest.fixture(autouse=True)
def _own_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINRAI_HOME", str(home.path))
    monkeypatch.setenv("SHINRAI_LANG", "en")


def only(path: Path, required: str) -> Path:
    """Let the conclusion rest on one requirement whose evidence can be complete."""
    path.write_text(re.sub(r"required: \[.*\]", f"required: [{required}]", path.read_text()))
    return path


def test_version_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"shinrai {__version__}\n"
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from shinrai.cli import main; main(['--version']); print(sorted(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "'click'" not in loaded
    assert "'sqlalchemy'" not in loaded


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    "command", [[], ["init"], ["sign"], ["assess"], ["report"], ["schema"], ["log"], ["log", "check"]]
)
def test_help_is_in_the_language_asked_for(
    command: list[str], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--lang", language, "--help"]) == 0
    shown = capsys.readouterr().out
    assert bool(re.search("[ぁ-ん]", shown)) == (language == "ja")
    if command and command != ["log"]:
        assert ("例：" if language == "ja" else "Example:") in shown
        assert f"shinrai {' '.join(command)}" in shown


def test_the_way_from_description_to_verified_report(
    describe: Describe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = only(describe("fair 500"), "JP-GL-C2"), tmp_path / "out"
    assert main(["sign", str(path), "--by", "yamada", "--yes"]) == 0
    assert "Signed as entry" in capsys.readouterr().out
    assert main(["sign", str(path), "--by", "yamada", "--id", "override", "--yes"]) == 0
    assert "already signed" in capsys.readouterr().out
    assert main(["assess", str(path), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert re.search(r"^\[\d+/\d+\] The seat recompute judges$", shown.err, re.MULTILINE)
    assert {file.name for file in out.iterdir()} == FILES
    assert main(["verify", str(out / "bundle.zip"), "--trust", str(out / "trust.json")]) == 0
    assert "VERIFIED" in capsys.readouterr().out
    document = json.loads((out / "assessment.json").read_text())
    assert document["summary"]["exitCode"] == 0
    assert ElementTree.parse(out / "junit.xml").getroot().tag == "testsuites"  # noqa: S314  (our own file)
    assert json.loads((out / "results.sarif").read_text())["version"] == "2.1.0"
    assert main(["log", "check"]) == 0


@pytest.mark.parametrize(("rows", "code"), [("fair 500", 0), ("biased 200", 1), ("fair 12", 2)])
def test_exit_codes(describe: Describe, tmp_path: Path, rows: str, code: int) -> None:
    path = only(describe(rows), "JP-GL-C2")
    assert main(["assess", str(path), "--out", str(tmp_path / "out"), "--quiet"]) == code


def test_expired_evidence_changes_json_html_and_exit_code(describe: Describe, tmp_path: Path) -> None:
    path, out, later = only(describe("fair 500"), "JP-GL-C2"), tmp_path / "out", tmp_path / "later"
    assert main(["assess", str(path), "--out", str(out), "--quiet"]) == 0
    bundle, trust = str(out / "bundle.zip"), str(out / "trust.json")
    assert main(["report", bundle, "--trust", trust, "--as-of", "2100-01-01", "--out", str(later)]) == 2
    now, then = (json.loads((folder / "assessment.json").read_text()) for folder in (out, later))
    results = [next(r["result"] for r in document["results"] if r["id"] == "JP-GL-C2") for document in (now, then)]
    assert results == ["met", "not_assessed"]
    assert "expired" in (later / "report.en.html").read_text()
    assert "期限" in (later / "report.ja.html").read_text()
    assert (out / "report.en.html").read_text() != (later / "report.en.html").read_text()
    assert main(["assess", str(path), "--out", str(out), "--quiet", "--as-of", "2100-01-01"]) == 2
    assert "not_assessed" in (out / "assessment.json").read_text()


def test_a_report_is_not_made_from_a_tampered_bundle(
    describe: Describe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = describe("fair 20"), tmp_path / "out"
    main(["assess", str(path), "--out", str(out), "--quiet"])
    data = bytearray((out / "bundle.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (out / "bundle.zip").write_bytes(data)
    later = tmp_path / "later"
    code = main(["report", str(out / "bundle.zip"), "--trust", str(out / "trust.json"), "--out", str(later)])
    assert code == 3
    assert "NOT VERIFIED" in capsys.readouterr().err
    assert not later.exists()


@pytest.mark.parametrize("key", ["status: met", "result: met", "適合: はい", "compliant: true"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_typed_status_is_refused(
    describe: Describe, key: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = describe("fair 20", more=key + "\n")
    assert main(["assess", str(path), "--lang", language, "--quiet"]) == 3
    said = capsys.readouterr().err
    assert re.search(r"shinrai.yaml:\d+:1", said)
    assert ("derived" in said) if language == "en" else ("証拠" in said)


def test_unknown_keys_get_a_suggestion(describe: Describe, capsys: pytest.CaptureFixture[str]) -> None:
    path = describe("fair 20", more="validity_day: 3\n")
    assert main(["assess", str(path), "--quiet"]) == 3
    assert "validity_days" in capsys.readouterr().err


def test_a_yaml_bomb_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
    )
    (tmp_path / "shinrai.yaml").write_text(bomb)
    assert main(["assess", str(tmp_path / "shinrai.yaml"), "--quiet"]) == 3
    assert "shinrai.yaml:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["assess", "nowhere.yaml"], "no such file"),
        (["assess", "--as-of", "tomorrow"], "tomorrow"),
        (["unknown"], "unknown"),
        (["report", "nothing.zip", "--trust", "nothing.json"], "nothing.json"),
        (["sign", "nowhere.yaml", "--yes"], "no such file"),
    ],
)
def test_wrong_usage_ends_with_3(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 3
    assert says in capsys.readouterr().err.lower()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["assess", "x.yaml", "--as-of", "tomorrow"], "'tomorrow' は書式 '%Y-%m-%d' に合いません。"),
        (["asess"], "もしかして：'assess'"),
        (["log", "fsck", "--sample", "many"], "'many' は、ここで使える数値ではありません。"),
        (["log", "fsck", "--sample", "0"], "0 は範囲外です（x：x>=1）。"),
        (["log", "fsck", "--quiet=1"], "オプション '--quiet' に値は付けられません。"),
        (["log", "fsck", "--home"], "オプション '--home' には値が1個必要です。"),
        (["log", "fsck", "a", "b"], "余分な引数があります：a b"),
        (["frameworks", "show", "--format", "x"], "--format"),
        (["--lang", "fr", "log"], "'fr' は使えません。次から選んでください：'ja', 'en'"),
        (["log", "export", "--out", __file__], "はファイルです。"),
    ],
)
def test_wrong_usage_is_told_in_japanese_too(
    arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHINRAI_LANG", "ja")
    assert main(arguments) == 3
    said = capsys.readouterr().err
    assert says in said
    assert not any(word in said for word in ("Error", "Invalid", "is not", "Did you mean", "requires", "Got "))


@pytest.mark.parametrize(
    "command",
    [
        "log fsck",
        "log check",
        "log key",
        "log publish",
        "log export --out tiles",
        "log erase 00 --dry-run",
        "log prove 0",
        "log give-up 0 --reason x",
        "keys list",
        "keys rotate log",
        "keys revoke producer --reason x",
        "keys encrypt --passphrase env:X",
    ],
)
def test_a_slip_in_the_name_of_a_data_folder_makes_none(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slip = tmp_path / "slip"
    assert main([*command.split(), "--home", str(slip), "--lang", "en"]) == 3
    assert f"There is no data folder at {slip.resolve()}." in capsys.readouterr().err
    assert not slip.exists()


@pytest.mark.parametrize("command", ["log fsck", "log key", "log publish"])
def test_a_data_folder_without_a_log_is_not_sound(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = open_home(tmp_path / "home").path
    before = sorted(folder.rglob("*"))
    assert main([*command.split(), "--home", str(folder), "--lang", "en"]) == 3
    assert f"No log was begun in {folder}." in capsys.readouterr().err
    assert sorted(folder.rglob("*")) == before


def test_only_people_of_the_description_can_sign(describe: Describe, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", str(describe("fair 20")), "--by", "nobody", "--yes"]) == 3
    assert "yamada" in capsys.readouterr().err


def test_signing_asks_first(
    describe: Describe, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("click.confirm", lambda _: False)
    assert main(["sign", str(describe("fair 20"))]) == 0
    assert "Signed" not in capsys.readouterr().out


INIT = [
    *("--id", "desk", "--name-ja", "窓口", "--name-en", "Desk: “one”", "--file", "decisions.csv", "--label", "label"),
    *("--prediction", "decision", "--group", "sex", "--owner", "山田 花子", "--share", "rows"),
]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_init_writes_a_description_that_can_be_assessed(tmp_path: Path, language: str) -> None:
    path = tmp_path / "new" / "shinrai.yaml"
    path.parent.mkdir()
    (path.parent / "decisions.csv").write_text("label,decision,sex\n" + "1,1,f\n0,0,f\n1,1,m\n0,0,m\n" * 50)
    assert main(["init", str(path), *INIT, "--lang", language]) == 0
    assert bool(re.search("# .*[ぁ-ん]", path.read_text())) == (language == "ja")
    assert main(["assess", str(path), "--out", str(tmp_path / "out"), "--quiet"]) in (0, 1, 2)
    schema = json.loads((path.parent / "shinrai.schema.json").read_text())
    jsonschema_rs.validator_for(schema).validate(yaml.safe_load(path.read_text()))
    assert "$schema=shinrai.schema.json" in path.read_text().splitlines()[0]
    assert main(["init", str(path), *INIT]) == 3
    assert main(["init", str(path), *INIT, "--force"]) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--id", "Not Allowed"], "id"),
        (["--stage", "finished"], "pilot"),
        (["--threshold", "half"], "half"),
        (["--share", "all"], "counts"),
    ],
)
def test_init_refuses_what_cannot_stand_in_a_description(
    tmp_path: Path, change: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "shinrai.yaml"), *INIT, *change]) == 3
    assert says in capsys.readouterr().err
    assert not (tmp_path / "shinrai.yaml").exists()


def test_init_without_a_terminal_names_the_missing_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "shinrai.yaml")]) == 3
    assert "--id" in capsys.readouterr().err


def test_init_asks_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    said: list[str] = []

    def answer(question: str, default: object) -> object:
        said.append(question)
        return {"Short name": "desk", "Table": "decisions.csv", "Column with what the": "decision"}.get(
            next((k for k in ("Short name", "Table", "Column with what the") if question.startswith(k)), ""),
            "sex" if "groups" in question else (default if default is not None else "text"),
        )

    monkeypatch.setattr("click.prompt", answer)
    assert main(["init", str(tmp_path / "shinrai.yaml")]) == 0
    assert len(said) == 18
    assert read_description(tmp_path / "shinrai.yaml").targets["decisions"].groups == ("sex",)


@pytest.mark.parametrize("of", ["description", "assessment"])
def test_schemas_are_json(of: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", of]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "object"


def test_a_damaged_log_is_found(
    describe: Describe, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    main(["assess", str(describe("fair 20")), "--out", str(tmp_path / "out"), "--quiet"])
    with sqlite3.connect(home.database) as db:
        db.execute("UPDATE log_leaf SET entry = 'x' WHERE idx = 1")
    assert main(["log", "check"]) == 1
    assert "log_leaf 1: " in capsys.readouterr().err


def test_the_language_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHINRAI_LANG")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    main(["--help"])
    assert "測定" in capsys.readouterr().out


OFFLINE = """
import sys
tried = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        tried.append((event, repr(arguments[-1])))
sys.addaudithook(watch)
from shinrai.cli import main
code = main(sys.argv[1:])
sys.exit(f"tried to reach out: {tried}" if tried else code)
"""


def test_nothing_calls_home(describe: Describe, tmp_path: Path) -> None:
    """In a network namespace without a route, and without even trying."""
    unshare = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no network namespace")
    path, out = only(describe("fair 500"), "JP-GL-C2"), tmp_path / "out"
    for arguments in (
        ["assess", str(path), "--out", str(out), "--quiet"],
        ["verify", str(out / "bundle.zip"), "--trust", str(out / "trust.json")],
        ["report", str(out / "bundle.zip"), "--trust", str(out / "trust.json"), "--out", str(out)],
    ):
        done = subprocess.run(
            [*unshare, sys.executable, "-c", OFFLINE, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
