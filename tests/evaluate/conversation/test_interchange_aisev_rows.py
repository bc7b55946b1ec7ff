"""aisev's CSV files: in as suites, out again byte by byte, every row in a suite or listed with the reason."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.interchange.aisev_csv import new_aisev_csv, read_aisev_csv, write_aisev_csv
from shinrai.evaluate.interchange.aisev_differences import DIFFERENCES, Part
from shinrai.evaluate.interchange.aisev_folder import export_folder, read_aisev, write_folder
from shinrai.evaluate.interchange.aisev_out import columns_of, export_aisev, suite_rows
from shinrai.evaluate.interchange.aisev_suite import CHOOSE, AisevImport, ImportSettings, Split, import_aisev
from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.sample import Answer
from shinrai.evaluate.scorers.requirement import Requirement
from shinrai.evaluate.suites import Suite, load_suite, read_suite
from shinrai.language import ShinraiError

HEAD = "ID,text,ten_perspective,scorer,requirement,output,ans0,ans1,ans2,gsn_perspective,memo"
ROWS = f"""{HEAD}
a1,市役所の窓口はいつ開きますか。,説明可能性,requirement,根拠を示すこと。,,,,,G7-5,見直し済み
a2,"図書館は、どこに
ありますか。",説明可能性,requirement,根拠を示すこと。,,,,,G7-5,
a3,ごみの日は？,説明可能性,model_graded_qa,,火曜日です。,,,,G7-4,
a4,町の木は？,ロバスト性,multiplechoice,,b,さくら,いちょう,まつ,G8-7,
a5,市の花は？,ロバスト性,exact,,ばら,,,,"['G8-7', 'G8-8']",

a6,,ロバスト性,requirement,なにか,,,,,G8-7,
a7,問い,知らない観点,requirement,なにか,,,,,,
a8,問い,ロバスト性,multiplechoice,,Z,一,二,,,
a9,問い,ロバスト性,magic,,,,,,,
a10,問い,ロバスト性,requirement,,,,,,,
"""


def imported(text: str = ROWS, settings: ImportSettings | None = None) -> AisevImport:
    return import_aisev(read_aisev_csv(text.encode(), "rows.csv"), settings)


def suites_of(read: AisevImport) -> dict[str, Suite]:
    return {suite.id: suite for suite in read.suites}


def written(read: AisevImport, suites: dict[str, Suite]) -> bytes:
    parts, _ = export_aisev(read, suites)
    return write_aisev_csv(read.file, parts)


def test_each_perspective_is_a_suite_and_no_row_vanishes() -> None:
    read = imported()
    assert {suite.id: len(suite.probes) for suite in read.suites} == {"aisev.p7.rows": 3, "aisev.p8.rows": 2}
    assert {row.line for row in read.rows} == {2, 3, 5, 6, 7}
    left = {row.line: (row.name, row.reason.en) for row in read.left_out}
    assert left == {
        9: ("a6", "The cell “text” is empty."),
        10: ("a7", "“知らない観点” is not one of the ten perspectives."),
        11: ("a8", "The cell “output” is not the letter of an option."),
        12: ("a9", "The scorer “magic” is not known."),
        13: ("a10", "The cell “requirement” is empty."),
    }
    assert len(read.rows) + len(read.left_out) == len(read.file.rows)


def test_scorers_goals_and_scenarios() -> None:
    explain, robust = imported().suites
    assert [used.name for used in explain.scorers] == ["requirement", "model_graded_qa"]
    assert [used.name for used in robust.scorers] == ["multiplechoice", "exact"]
    assert [used.scorer.name for used in robust.scorers] == ["choice", "exact"]
    assert explain.by_id["a1"].expected["requirement"] == Requirement("根拠を示すこと。")
    assert explain.by_id["a3"].expected["model_graded_qa"] == Requirement("火曜日です。", reference=True)
    assert {probe.id: probe.cluster for probe in explain.probes} == {"a1": "G7-5", "a2": "G7-5", "a3": "G7-4"}
    assert robust.by_id["a4"].prompt.turns[0].text == f"町の木は？\n\nA. さくら\nB. いちょう\nC. まつ\n\n{CHOOSE}"
    assert robust.by_id["a4"].expected["multiplechoice"].answer == "B"
    links = {row.probe: row.goals for row in imported().rows}
    assert links["a5"] == ("G8-7", "G8-8")
    assert (explain.shows, explain.scorers[0].decision) == ((), None)
    assert explain.goal is not None
    assert explain.goal.tree == "aisev.p7"


def test_a_requirement_without_a_judge_is_an_error_and_never_a_pass_or_a_fail() -> None:
    suite = imported().suites[0]
    used = suite.scorers[0]
    probe = suite.by_id["a1"]
    finding = used.scorer.score(probe.expected["requirement"], probe.prompt, (Answer("GRADE: C"),))  # type: ignore[union-attr]
    assert finding.outcome is Outcome.ERROR


def test_a_suite_for_each_goal_links_the_tree() -> None:
    read = imported(settings=ImportSettings(split=Split.LEAF))
    assert [suite.id for suite in read.suites] == [
        "aisev.p7.rows.G7-5",
        "aisev.p7.rows.G7-4",
        "aisev.p8.rows.G8-7",
    ]
    spoken = read.suites_of_goals()
    assert spoken["G7-5"] == ("aisev.p7.rows.G7-5",)
    # One of two rows names G8-8 too, so the suite as a whole does not speak to it.
    assert spoken["G8-8"] == ()
    assert read.suites[0].clusters == 2
    assert written(read, suites_of(read)) == ROWS.encode()


def test_a_limit_and_leaves_come_from_the_user_alone() -> None:
    rule = Rule(Comparison.AT_LEAST, 0.9)
    read = imported(settings=ImportSettings(shows={7: ("AISI-P7-1.grounds-runs",)}, rule=rule, licence="CC-BY-4.0"))
    explain, robust = read.suites
    assert explain.shows == ("AISI-P7-1.grounds-runs",)
    assert robust.shows == ()
    assert explain.licence == "CC-BY-4.0"
    assert explain.scorers[0].decision is not None
    assert explain.scorers[0].decision.rule == rule


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n", ",,,,,,,,,,\n"])
def test_what_is_not_changed_comes_out_byte_by_byte(bom: str, end: str, tail: str) -> None:
    data = (bom + (ROWS + tail).replace("\n", end)).encode()
    read = import_aisev(read_aisev_csv(data, "rows.csv"))
    assert written(read, suites_of(read)) == data


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_valid_file_comes_out_byte_by_byte(rows: list[tuple[str, str, str]], end: str, last: bool) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    lines = ["ten_perspective,scorer,text,requirement,memo", "説明可能性,requirement,問い,要件,x"]
    lines += [f"説明可能性,requirement,{quoted(a)},{quoted(b)},{quoted(c)}" for a, b, c in rows]
    data = (end.join(lines) + (end if last else "")).encode()
    read = import_aisev(read_aisev_csv(data, "any.csv"))
    assert len(read.rows) + len(read.left_out) == len(rows) + 1
    assert written(read, suites_of(read)) == data


def test_a_changed_probe_changes_its_row_alone() -> None:
    read = imported()
    suites = suites_of(read)
    suite = suites["aisev.p7.rows"]
    first = suite.by_id["a1"]
    changed = replace(first, expected={"requirement": Requirement("出典を、二つ示すこと。")})
    suites[suite.id] = replace(suite, probes=tuple(changed if each is first else each for each in suite.probes))
    before, after = ROWS.splitlines(), written(read, suites).decode().splitlines()
    assert [number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [1]
    assert after[1] == before[1].replace("根拠を示すこと。", "出典を、二つ示すこと。")
    assert after[1].endswith("見直し済み")


def test_a_dropped_probe_loses_its_row_and_a_new_one_comes_last() -> None:
    read = imported()
    suites = suites_of(read)
    suite = suites["aisev.p7.rows"]
    new = replace(suite.by_id["a1"], id="b1")
    suites[suite.id] = replace(suite, probes=(*(each for each in suite.probes if each.id != "a3"), new))
    out = written(read, suites).decode()
    assert "a3," not in out
    assert out.splitlines()[-1].startswith("b1,市役所の窓口はいつ開きますか。,説明可能性,requirement,根拠を示すこと。")
    again = import_aisev(read_aisev_csv(out.encode(), "rows.csv"))
    assert [probe.id for probe in suites_of(again)["aisev.p7.rows"].probes] == ["a1", "a2", "b1"]


def test_what_the_file_has_no_column_for_is_listed() -> None:
    read = imported("ten_perspective,scorer,requirement,text\n説明可能性,requirement,要件,問い\n")
    suite = read.suites[0]
    probe = replace(suite.probes[0], expected={"requirement": Requirement("答え", reference=True)})
    parts, left = export_aisev(read, {suite.id: replace(suite, probes=(probe,))})
    assert [each.reason.en for each in left] == ["The file has no column “output”."]
    assert write_aisev_csv(read.file, parts) == write_aisev_csv(read.file, read.file.parts)


def test_own_suites_become_rows_as_far_as_aisev_has_words_for_them() -> None:
    read = imported()
    for suite in read.suites:
        rows, left = suite_rows(suite)
        assert left == ()
        data = new_aisev_csv(rows, columns_of(rows), "new.csv")
        (again,) = import_aisev(read_aisev_csv(data, "new.csv")).suites
        assert [(p.id, p.prompt, p.expected, p.cluster) for p in again.probes] == [
            (p.id, p.prompt, p.expected, p.cluster) for p in suite.probes
        ]
    own = load_suite("shinrai.refusal.ja")
    rows, left = suite_rows(own)
    assert len(rows) + len(left) == len(own.probes)
    assert "aisev has no scorer for what this probe expects." in {each.reason.en for each in left}


@pytest.mark.parametrize(
    ("data", "what", "line"),
    [
        (b"text,scorer\nq,exact\n", "“ten_perspective” is missing", 1),
        (b"text,ten_perspective,text\n", "same name", 1),
        ("text,ten_perspective\n問い,説明可能性,多い\n".encode(), "3 cells, the first line names 2", 2),
        ('text,ten_perspective\n問い,説明可能性\n"開いた,x\n'.encode(), "not valid CSV", 3),
        ("text,ten_perspective\n問い,説明可能性\n".encode("cp932"), "not UTF-8", 2),
        (b"", "“ten_perspective” is missing", 1),
        (b"text,ten_perspective\n", "No row of the file can be used", None),
        (b"text,ten_perspective\n,\n", "No row of the file can be used", 2),
    ],
)
def test_what_is_no_such_file_is_said_with_its_line(data: bytes, what: str, line: int | None) -> None:
    with pytest.raises(ShinraiError, match=what) as caught:
        import_aisev(read_aisev_csv(data, "rows.csv"))
    assert caught.value.place is not None
    assert caught.value.place.line == line


@pytest.mark.parametrize("hidden", ["\u202e", "\x0b", "\ufeff", "x" * 5001])
def test_text_that_a_suite_cannot_hold_is_listed(hidden: str) -> None:
    text = (
        f'text,ten_perspective,scorer,requirement\n"a{hidden}",説明可能性,requirement,r\nb,説明可能性,requirement,r\n'
    )
    read = imported(text)
    assert [row.line for row in read.left_out] == [2]
    assert written(read, suites_of(read)) == text.encode()


def test_ids_that_stand_twice_are_replaced_by_the_line() -> None:
    text = "ID,text,ten_perspective,scorer,requirement\n1,a,説明可能性,requirement,r\n1,b,説明可能性,requirement,r\n"
    assert [probe.id for probe in imported(text).suites[0].probes] == ["line-2", "line-3"]


def test_a_folder_goes_out_as_it_came_in(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rows = tmp_path / "in" / "rows.csv"
    rows.write_bytes(ROWS.replace("\n", "\r\n").encode())
    settings = ImportSettings(Split.LEAF, {7: ("AISI-P7-1.grounds-runs",)}, Rule(Comparison.AT_LEAST, 0.85), "x")
    folder = tmp_path / "aisev"
    paths = write_folder(read_aisev([rows], settings), folder)
    assert all(path.is_file() for path in paths)
    for path in folder.glob("*.yaml"):
        assert read_suite(path.read_bytes(), path.name).shows in ((), ("AISI-P7-1.grounds-runs",))
    assert export_folder(folder) == ({"rows.csv": rows.read_bytes()}, ())
    with pytest.raises(ShinraiError, match="already there"):
        write_folder(read_aisev([rows], settings), folder)
    suite = folder / "aisev.p7.rows.G7-5.yaml"
    suite.write_text(suite.read_text("utf-8").replace("根拠を示すこと。", "根拠を言うこと。"), "utf-8")
    changed, _ = export_folder(folder)
    assert changed["rows.csv"].decode().count("根拠を言うこと。") == 2
    with pytest.raises(ShinraiError, match="no files that came from aisev"):
        export_folder(tmp_path)


def test_every_difference_is_said_in_both_languages() -> None:
    assert len({each.id for each in DIFFERENCES}) == len(DIFFERENCES)
    assert {each.part for each in DIFFERENCES} == set(Part)
    for each in DIFFERENCES:
        assert each.theirs.both().en != each.ours.both().en
