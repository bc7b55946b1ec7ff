"""Review sheets: blind, inert, the same every time, and believed on their return only where they are what went out."""

import csv
import json
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from shinrai.evaluate.measurement import Outcome
from shinrai.evaluate.review.items import drawn, read_items, shuffled
from shinrai.evaluate.review.labels import read_labels
from shinrai.evaluate.review.returned import HumanVerdict, as_labels, human_score, read_review
from shinrai.evaluate.review.sheet import MAX_CELL, review_csv, review_xlsx, sent, spelled
from shinrai.evaluate.review.table import MAX_FIELD, MAX_ROWS, inert
from shinrai.evaluate.review.words import CHOICES, read_word
from shinrai.evaluate.scorers.judge_asking import Defendant, ask
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.scorers.judge_record import judgement_json
from shinrai.evaluate.scorers.judge_verdict import MAX_REASON, Word
from shinrai.language import Language, ShinraiError

HOSTILE = [
    '=HYPERLINK("http://example.com","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "＝1+1",
    "'=1+1",
    "\t=1",
    "\x1b[31mred\x07\u202eevil",
    "一行\r\n二行\r三行",
    "_x0041_ stays",
    "<script>alert(1)</script>",
    "",
]
ANSWERS = [Judged(f"key{n}", "要求 =事項", "user: =質問", text, "ja") for n, text in enumerate(HOSTILE)]
VERDICT, REASON, REVIEWER = 6, 7, 8
KINDS = ["xlsx", "csv"]


def written(kind: str, path: Path, judged=ANSWERS, seed: int = 1, language: Language = Language.JA) -> Path:
    sheet = review_xlsx(judged, seed, language) if kind == "xlsx" else review_csv(judged, seed)
    assert sheet.left_out == ()
    file = path / f"review.{kind}"
    file.write_bytes(sheet.content)
    return file


def fill(file: Path, *changes: tuple[int, int, str | None]) -> Path:
    """Do what a reviewer does: set cells by row (2 is the first below the heading) and column, both from 1."""
    if file.suffix == ".xlsx":
        book = load_workbook(file)
        sheet = book["判定 review"]
        for row, column, text in changes:
            sheet.cell(row, column).value = text
        book.save(file)
        return file
    rows = list(csv.reader(StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
    for row, column, text in changes:
        rows[row - 1][column - 1] = text or ""
    made = StringIO(newline="")
    csv.writer(made).writerows(rows)
    file.write_bytes(made.getvalue().encode("utf-8-sig"))
    return file


def row_of(file: Path, key: str) -> int:
    if file.suffix == ".xlsx":
        cells = [cell.value for cell in load_workbook(file)["判定 review"]["A"]]
    else:
        cells = [row[0] for row in csv.reader(StringIO(file.read_bytes().decode("utf-8-sig"), newline=""))]
    return cells.index(key) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_survives_the_way_out_and_back_and_nothing_is_decided_by_itself(kind, tmp_path) -> None:
    found = read_review(written(kind, tmp_path), ANSWERS)
    assert found.verdicts == () and found.open == tuple(each.key for each in ANSWERS)
    assert found.missing == ()


def test_no_cell_of_a_workbook_is_a_formula_and_hidden_signs_are_spelled_out(tmp_path) -> None:
    sheet = load_workbook(written("xlsx", tmp_path))["判定 review"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells if str(cell.value).startswith(("=", "+", "-", "@")))
    assert any("⟨U+202E⟩" in str(cell.value) for cell in cells)


def test_no_cell_of_a_csv_file_starts_a_formula(tmp_path) -> None:
    text = written("csv", tmp_path).read_bytes().decode("utf-8-sig")
    for row in csv.reader(StringIO(text, newline="")):
        assert not any(cell.lstrip('"\t ').startswith(("=", "+", "-", "@", "＝")) for cell in row)


@pytest.mark.parametrize("kind", KINDS)
def test_the_sheet_is_blind_to_the_judge_and_the_order_follows_the_seed(kind, serve, settings, tmp_path) -> None:
    judge = serve(lambda asked: asked.verdict("not_met", reason="JUDGE-REASON")).judge()
    run = ask(judge, ANSWERS, Defendant(None), tmp_path / "j", settings)
    items = tmp_path / "items.jsonl"
    items.write_text("\n".join(json.dumps(judgement_json(each, review=True)) for each in run.judgements))
    judged = [each.judged for each in read_items(items)]
    assert judged == ANSWERS
    content = written(kind, tmp_path, judged).read_bytes()
    plain = content if kind == "csv" else b"".join(_parts(content))
    for told in (b"JUDGE-REASON", b"not_met", b"clerk", b"fail"):
        assert told not in plain
    again = written(kind, tmp_path, list(reversed(judged))).read_bytes()
    assert again == content != written(kind, tmp_path, judged, seed=2).read_bytes()


def _parts(content: bytes) -> list[bytes]:
    import zipfile

    with zipfile.ZipFile(BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", list(Language))
def test_verdicts_come_back_with_who_gave_them(kind, language, tmp_path) -> None:
    file = written(kind, tmp_path, language=language)
    met, not_met = CHOICES[language][Word.MET], CHOICES[language][Word.NOT_MET]
    one, two = row_of(file, "key0"), row_of(file, "key5")
    fill(file, (one, VERDICT, met), (one, REVIEWER, "山田 花子"), (one, REASON, "番号がある\u202e。"))
    fill(file, (two, VERDICT, f" {not_met.upper()} "), (two, REVIEWER, "佐藤"))
    found = read_review(file, ANSWERS)
    by_key = {each.key: each for each in found.verdicts}
    assert by_key == {
        "key0": HumanVerdict("key0", Word.MET, "番号がある。", "山田 花子"),
        "key5": HumanVerdict("key5", Word.NOT_MET, "", "佐藤"),
    }
    assert len(found.open) == len(ANSWERS) - 2 and "key0" not in found.open


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        (1, "key999", "No answer with this key went out"),
        (1, None, "No answer with this key went out"),
        (1, "key1", "stands above already"),
        (2, "en", "not the one that went out"),
        (3, "別の要求", "not the one that went out"),
        (5, "別の回答", "not the one that went out"),
        (5, None, "not the one that went out"),
        (VERDICT, "maybe", "is not one of"),
        (VERDICT, "満たす", "not said who judged"),
        (REASON, "理由だけ", "no verdict"),
    ],
)
def test_a_fault_is_named_with_its_cell(kind, tmp_path, column, text, said) -> None:
    judged = [Judged(f"key{n}", "要求", "質問", "回答", "ja") for n in (1, 2)]
    file = written(kind, tmp_path, judged)
    row = row_of(file, "key2")
    if text == "key1":
        row = max(row, row_of(file, "key1"))
        text = next(each.key for each in judged if row_of(file, each.key) != row)
    fill(file, (row, column, text))
    with pytest.raises(ShinraiError, match=said) as refused:
        read_review(file, judged)
    error, *_ = getattr(refused.value, "faults", [refused.value])
    letter = "ABCDEFGH"[(REVIEWER if "who judged" in said else VERDICT if "no verdict" in said else column) - 1]
    place = error.place.text(Language.EN)
    assert f"{letter}{row}" in place if kind == "xlsx" else f"review.csv:{row}" in place


@pytest.mark.parametrize("kind", KINDS)
def test_all_faults_are_named_at_once_and_too_much_is_refused(kind, tmp_path) -> None:
    judged = [Judged(f"key{n}", "要求", "質問", "回答", "ja") for n in (1, 2)]
    file = written(kind, tmp_path, judged)
    long = "長" * (MAX_REASON + 1)
    fill(file, (2, VERDICT, "met"), (2, REVIEWER, "名" * 101), (2, REASON, long), (3, VERDICT, "?"))
    with pytest.raises(ShinraiError) as refused:
        read_review(file, judged)
    text = refused.value.text(Language.EN)
    assert "name has more than 100" in text and "reason has more than" in text and "is not one of" in text
    assert text.count("not said who judged") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_is_gone_is_missing_and_never_decided(kind, tmp_path) -> None:
    judged = [Judged(f"key{n}", "要求", "質問", "回答", "ja") for n in (1, 2)]
    file = written(kind, tmp_path, judged)
    gone = row_of(file, "key1")
    fill(file, *((gone, column, None) for column in range(1, 9)))
    found = read_review(file, judged)
    assert (found.verdicts, found.open, found.missing) == ((), ("key2",), ("key1",))


def test_what_a_cell_cannot_hold_is_left_out_with_the_reason() -> None:
    long = Judged("long", "r", "", "長" * (MAX_CELL + 1), "ja")
    sheet = review_xlsx([long, ANSWERS[0]], 1, Language.EN)
    assert sheet.rows == 1
    [(key, why)] = sheet.left_out
    assert key == "long" and "32001" in why.text(Language.EN)
    assert review_csv([long], 1).left_out == ()
    assert review_csv([Judged("l", "r", "", "x" * MAX_FIELD, "ja")], 1).rows == 0


def test_what_people_say_becomes_scores_and_labels(tmp_path) -> None:
    verdicts = [
        HumanVerdict("key0", Word.MET, "よい。", "=山田"),
        HumanVerdict("key7", Word.NOT_MET, "", "佐藤"),
        HumanVerdict("key8", Word.CANNOT_TELL, "", "佐藤"),
    ]
    scores = [human_score(each, "people") for each in verdicts]
    assert [each.outcome for each in scores] == [Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE]
    assert "よい。" in scores[0].reason.ja and "佐藤" in scores[1].reason.en
    file = tmp_path / "labels.csv"
    file.write_bytes(as_labels(ANSWERS, verdicts))
    found = read_labels(file)
    assert found.judged == tuple(ANSWERS[n] for n in (0, 7, 8))
    assert [each.word for each in found.labels] == [Word.MET, Word.NOT_MET, Word.CANNOT_TELL]
    assert found.labellers == 2


@given(st.text(), st.integers())
def test_cells_of_csv_are_inert_and_orders_are_decided_by_the_seed(text: str, seed: int) -> None:
    assert not inert(text).lstrip(' "').startswith(("=", "+", "-", "@"))
    judged = [Judged(str(n), "r", "", text, "ja") for n in range(5)]
    assert shuffled(judged, seed) == shuffled(judged[::-1], seed)
    assert sorted(shuffled(judged, seed), key=lambda each: each.key) == judged


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_answer_survives_a_sheet(tmp_path_factory, text: str) -> None:
    judged = [Judged("k", "r", "c", text, "ja")]
    assert all(ord(sign) >= 32 or sign in "\n\t" for sign in spelled(text))
    folder = tmp_path_factory.mktemp("any")
    for kind in KINDS:
        assert read_review(written(kind, folder, judged), judged).open == ("k",)
    assert sent(judged[0])[0] == "k"


LABELS = "item,requirement,question,answer,label,language,labeller\n"


def labels(tmp_path: Path, body: str, head: str = LABELS, name: str = "labels.csv"):
    file = tmp_path / name
    file.write_text(head + body, encoding="utf-8")
    return read_labels(file)


def test_labels_of_several_people_are_put_together(tmp_path) -> None:
    body = (
        "1,番号を答える,どこ,3番,満たす,ja,山田\n1,番号を答える,どこ,3番,MET,ja,佐藤\n"
        "2,番号を答える,どこ,不明,not met,JA,山田\n2,番号を答える,どこ,不明,met,JA,佐藤\n"
        "3,say the number,where,,判断できない,en-GB,山田\n"
    )
    found = labels(tmp_path, body)
    assert [(each.key, each.word) for each in found.labels] == [("1", Word.MET), ("2", None), ("3", Word.CANNOT_TELL)]
    assert found.labels[1].words == (Word.MET, Word.NOT_MET)
    assert found.labellers == 2 and found.judged[2].language == "en-gb" and found.judged[2].answer == ""


@pytest.mark.parametrize(
    ("body", "said", "line"),
    [
        ("1,r,q,a,yes,ja,山田\n", "is not one of", 2),
        ("1,r,q,a,,ja,山田\n", "cell is empty", 2),
        ("1,r,q,a,met,Japanese language,山田\n", "no language tag", 2),
        ("1,r,q,a,met,ja,\n", "cell is empty", 2),
        (",r,q,a,met,ja,山田\n", "cell is empty", 2),
        (f"{'x' * 129},r,q,a,met,ja,山田\n", "more than 128", 2),
        ("1,r,q,a,met,ja,山田\n1,r,q,b,met,ja,佐藤\n", "another text", 3),
        ("1,r,q,a,met,ja,山田\n\n1,r,q,a,met,ja,山田\n", "has labelled this item", 4),
        ("".join(f"1,r,q,a,met,ja,p{n}\n" for n in range(10)), "At most 9", 11),
        ('1,r,q,"two\nlines",met,ja,山田\n2,r,q,a,?,ja,山田\n', "is not one of", 4),
        ("1,r,q,a,met,ja,山田,extra\n", "without a heading", 2),
        ('1,r,q,"a"b,met,ja,山田\n', "not valid CSV", 2),
        ('1,r,q,"open,met,ja,山田\n', "not valid CSV", 2),
        ("x" * (MAX_FIELD + 1) + ",r,q,a,met,ja,山田\n", "more than", 2),
    ],
)
def test_a_fault_in_labels_is_named_with_its_line(tmp_path, body, said, line) -> None:
    with pytest.raises(ShinraiError, match=said) as refused:
        labels(tmp_path, body)
    [error] = getattr(refused.value, "faults", [refused.value])
    assert error.place.line == line


@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        ("", "", "table is empty"),
        (LABELS, "", "holds no label"),
        ("item,requirement,answer,label,language\n", "1,r,a,met,ja\n", "labeller” is missing"),
        (LABELS.replace("question", "item"), "1,r,q,a,met,ja,山田\n", "is there twice"),
        (LABELS, "1,r,q,a,met,ja,山田\n" * (MAX_ROWS + 1), "more than 10000 rows"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, head, body, said) -> None:
    with pytest.raises(ShinraiError, match=said):
        labels(tmp_path, body, head)


def test_files_that_are_no_table_are_refused(tmp_path) -> None:
    (tmp_path / "l.txt").write_text("x")
    (tmp_path / "l.csv").write_bytes("項目".encode("cp932"))
    (tmp_path / "l.xlsx").write_bytes(b"PK no")
    Workbook().save(tmp_path / "e.xlsx")
    (tmp_path / "big.csv").write_bytes(b"x" * (64 * 1024 * 1024 + 1))
    cases = {"l.txt": "neither", "l.csv": "UTF-8", "l.xlsx": "workbook", "e.xlsx": "empty", "no.csv": "cannot be read"}
    for name, said in (cases | {"big.csv": "more than"}).items():
        with pytest.raises(ShinraiError, match=said):
            read_labels(tmp_path / name)


def test_labels_in_a_workbook_have_places_too(tmp_path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["項目 item", "要求事項", "回答", "判定", "言語", "判定者", "memo", None])
    sheet.append([1, "r", "a", "met", "ja", "山田", "mine"])
    book.save(tmp_path / "l.xlsx")
    found = read_labels(tmp_path / "l.xlsx")
    assert found.judged == (Judged("1", "r", "", "a", "ja"),)
    sheet.append([2, "r", 3.5, "met", "ja", "山田", None, "stray"])
    sheet.append([3, "=1+1", "a", "met", "ja", "山田"])
    book.save(tmp_path / "l.xlsx")
    with pytest.raises(ShinraiError) as refused:
        read_labels(tmp_path / "l.xlsx")
    text = refused.value.text(Language.EN)
    assert "C3 (answer)" in text and "number, a date" in text
    assert "H3" in text and "without a heading" in text
    assert "B4" in text and "formula" in text


def test_items_are_read_line_by_line_and_drawn_by_the_seed(tmp_path) -> None:
    line = {"key": "1", "requirement": "r", "conversation": "", "answer": "a", "language": "ja", "review": True}
    file = tmp_path / "i.jsonl"
    file.write_text("\n".join(json.dumps(line | {"key": str(n)}) for n in range(50)))
    items = read_items(file)
    assert len(items) == 50 and items[0].review
    assert drawn(items, 7, 5) == drawn(items[::-1], 7, 5) != drawn(items, 8, 5)
    assert len(drawn(items, 7, 500)) == 50
    for bad, said in (
        (json.dumps(line) + "\n{}", "no judgement"),
        (json.dumps(line) + "\n" + json.dumps(line), "above already"),
        (json.dumps(line) + "\n" + "[" * 100_000, "no judgement"),
        (json.dumps(line) + "\n" + "x" * 5_000_000, "no judgement"),
    ):
        file.write_text(bad)
        with pytest.raises(ShinraiError, match=said) as refused:
            read_items(file)
        assert refused.value.place.line == 2
    with pytest.raises(ShinraiError, match="cannot be read"):
        read_items(tmp_path / "none.jsonl")


def test_people_may_type_either_language_and_nothing_else() -> None:
    assert read_word("ＭＥＴ") is Word.MET
    assert read_word("Not-Met") is Word.NOT_MET
    assert read_word("満たさない") is Word.NOT_MET
    assert read_word("cannot_tell") is Word.CANNOT_TELL
    assert read_word("no") is None and read_word("") is None
