"""`shinrai frameworks import`, `export`, `template`, `check`: what goes in comes out, slips are told by place."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from shinrai.cli import main
from shinrai.frameworks import available, framework_bytes, load_framework, read_file


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHINRAI_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str, code: int = 0) -> None:
    assert main(["frameworks", *arguments]) == code


def same(path: str, id_: str, version: str) -> bool:
    """Whether a file holds a shipped framework, the bytes of the file aside."""
    from dataclasses import replace

    return replace(read_file(Path(path)), digest="") == replace(load_framework(id_, version), digest="")


def test_the_template_is_imported_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    run("template", "--out", "own.xlsx")
    run("import", "own.xlsx")
    assert "Wrote own.yaml." in capsys.readouterr().out
    run("show", "own.yaml")


@pytest.mark.parametrize("to", ["yaml", "xlsx", "oscal-catalog"])
def test_out_and_in_again_loses_nothing(to: str) -> None:
    key = ("jp.ds920", "2.0")
    run("export", f"{key[0]}@{key[1]}", "--to", to, "--out", "there")
    run("import", "there", "--out", "back.yaml")
    assert same("back.yaml", *key)
    # The same framework gives the same bytes.
    run("export", "back.yaml", "--to", to, "--out", "again")
    assert Path("again").read_bytes() == Path("there").read_bytes()


@pytest.mark.parametrize("to", ["ciso-assistant", "oscal-profile", "oscal-mapping"])
def test_other_formats_are_written(to: str) -> None:
    more = {"oscal-profile": ["--role", "provider"], "oscal-mapping": ["--target", "iso.42001"]}.get(to, [])
    run("export", "jp.aigb", "--to", to, "--out", "there", *more)
    data = Path("there").read_bytes()
    assert len(data) > 1000
    if to == "oscal-mapping":
        pairs = json.loads(data)["mapping-collection"]["mappings"][0]["maps"]
        assert len(pairs) > 20


def test_a_file_is_not_replaced_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("there").write_text("mine")
    run("export", "jp.aigb", "--to", "yaml", "--out", "there", code=3)
    assert "there is there already." in capsys.readouterr().err
    assert Path("there").read_text() == "mine"
    run("export", "jp.aigb", "--to", "yaml", "--out", "there", "--force")
    assert same("there.yaml", "jp.aigb", "1.2") if Path("there").rename("there.yaml") else False


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["export", "jp.aigb", "--to", "docx", "--out", "x"], "“docx” is not one of yaml, xlsx"),
        (["export", "jp.aigb", "--to", "oscal-profile", "--out", "x"], "A profile is of one role."),
        (["export", "jp.aigb", "--to", "oscal-mapping", "--out", "x"], "Name it with --target."),
        (["export", "jp.nothing", "--to", "yaml", "--out", "x"], "There is no framework “jp.nothing”."),
        (["export", "jp.aigb", "--to", "yaml", "--out", "file/x"], "cannot be written"),
        (["import", "file"], "Formats: yaml, xlsx"),
        (["import", "file", "--from", "pdf"], "“pdf” is not one of yaml, xlsx"),
    ],
)
def test_a_slip_says_what_to_do(capsys: pytest.CaptureFixture[str], arguments: list[str], text: str) -> None:
    Path("file").write_text("hello: world\n")
    run(*arguments, code=3)
    assert text in capsys.readouterr().err
    assert not Path("x").exists()


def test_faults_of_a_workbook_name_sheet_and_cell(capsys: pytest.CaptureFixture[str]) -> None:
    run("export", "jp.ds920", "--to", "xlsx", "--out", "w.xlsx")
    book = openpyxl.load_workbook("w.xlsx")
    sheet = next(each for each in book if each.max_row > 20)
    sheet.cell(row=6, column=1).value = sheet.cell(row=7, column=1).value
    sheet.cell(row=8, column=3).value = "=1+1"
    book.save("w.xlsx")
    capsys.readouterr()
    run("import", "w.xlsx", code=3)
    said = capsys.readouterr().err
    assert sheet.title in said
    assert "8" in said and "formula" in said.lower()
    assert not Path("w.yaml").exists()


def test_a_folder_is_imported_whole_with_its_faults_told(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("catalogs")
    folder.mkdir()
    for id_ in ("jp.aigb", "jp.ds920"):
        version = dict(available())[id_]
        (folder / f"{id_}.yaml").write_bytes(framework_bytes(id_, version))
    (folder / "broken.yaml").write_bytes(
        framework_bytes("jp.aigb", "1.2").replace(b"certainty: C\n", b"certainty: X\n", 1)
    )
    (folder / "photo.png").write_bytes(b"\x89PNG")
    run("import", "catalogs", "--out", "imported", code=1)
    said = capsys.readouterr().out
    assert "3 files: 2 imported, 1 with faults; 1 of other kinds passed over." in said
    assert "broken.yaml:" in said
    assert {path.name for path in Path("imported").iterdir()} == {"jp.aigb.yaml", "jp.ds920.yaml"}
    run("import", "catalogs", "--json", code=1)
    document = json.loads(capsys.readouterr().out)
    assert [each["file"] for each in document["files"] if each["error"]] == ["broken.yaml"]


def test_a_shallow_framework_is_flagged(capsys: pytest.CaptureFixture[str]) -> None:
    text = framework_bytes("iso.42001", "2023").decode()
    head, *rows = text.split("\n  - id: ")
    few = "\n  - id: ".join([head, *[row for row in rows if row.startswith("ISO-42001-A.5")][:5]])
    Path("shallow.yaml").write_text(few.replace("id: iso.42001", "id: own.iso", 1))
    run("check", "shallow.yaml")
    said = capsys.readouterr().out
    assert "Worth a look:" in said
    assert "42001" in said


def test_what_ships_is_checked_from_its_sources(capsys: pytest.CaptureFixture[str]) -> None:
    run("check")
    said = capsys.readouterr().out
    rows = sum(len(load_framework(*key).requirements) for key in available())
    assert f"{len(available())} framework files, {rows} rows:" in said
    assert "0 of 235 (0 %): name a row that its framework does not have" in said


def test_a_mapping_file_is_checked_and_a_faulty_one_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    import shinrai.frameworks

    shipped = Path(shinrai.frameworks.__file__).parent / "mappings"
    good = sorted(shipped.glob("*.yaml"))[0]
    run("check", str(good))
    assert "Pairs of rows:" in capsys.readouterr().out
    bad = Path("bad.yaml")
    bad.write_text(good.read_text().replace("relation: intersects", "relation: covers", 1))
    run("check", str(good), str(bad), code=1)
    out, err = capsys.readouterr()
    assert "2 files, 1 with faults." in out
    assert "bad.yaml:" in err and "“covers”" in err


def test_what_is_written_and_checked_comes_as_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    def read(*arguments: str, code: int = 0) -> Any:
        run(*arguments, "--json", code=code)
        return json.loads(capsys.readouterr().out)

    written = read("export", "jp.ds920", "--to", "yaml", "--out", "there.yaml")
    assert written["bytes"] == len(Path("there.yaml").read_bytes())
    shipped = read("check")
    assert shipped["frameworks"] == len(available())
    assert sum(shipped["marks"].values()) == shipped["rows"]
    assert sum(shipped["mappings"]["relations"].values()) == shipped["mappings"]["pairs"]
    Path("bad.yaml").write_text(Path("there.yaml").read_text().replace("force: should", "force: shuold", 1))
    good, bad = read("check", "there.yaml", "bad.yaml", code=1)
    assert good["error"] is None and good["framework"] == "jp.ds920"
    assert "should" in bad["error"]["en"] and bad["error"]["ja"] != bad["error"]["en"]
