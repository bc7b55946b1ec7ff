"""`shinrai judge`, from labels to a calibration, a judged rate, a review sheet, and labels again."""

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from shinrai.cli.judging import judge_group
from shinrai.evaluate.review.labels import read_labels
from shinrai.language import Language, ShinraiError

GOOD, BAD, ODD = "3番窓口です。", "わかりません。", "たぶん3番窓口です。"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHINRAI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")


def judge(*arguments: str, language: Language = Language.EN) -> int:
    return judge_group(language).main(list(arguments), standalone_mode=False) or 0


def described(endpoint, name: str = "clerk", **fields: Any) -> str:
    lines = {"judge": 1, "id": name, "url": endpoint.url, "model": endpoint.model, **fields}
    Path(f"{name}.yaml").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
    return f"{name}.yaml"


def labels(good: int = 30, bad: int = 30, language: str = "ja") -> str:
    made = StringIO()
    writer = csv.writer(made)
    writer.writerow(["item", "requirement", "question", "answer", "label", "language", "labeller"])
    for n, (text, word) in enumerate([(GOOD, "met")] * good + [(BAD, "not met")] * bad):
        writer.writerow([n, "番号を答える", "どこ", text, word, language, "山田"])
    Path("labels.csv").write_text(made.getvalue())
    return "labels.csv"


def answers(*texts: str) -> str:
    made = StringIO()
    writer = csv.writer(made)
    writer.writerow(["item", "requirement", "question", "answer", "language"])
    writer.writerows([f"a{n}", "番号を答える", "どこ", text, "ja"] for n, text in enumerate(texts))
    Path("answers.csv").write_text(made.getvalue())
    return "answers.csv"


def test_a_calibration_is_signed_shown_and_used(serve, fair, capsys) -> None:
    endpoint = serve(fair)
    file = described(endpoint, repeats=2)
    assert judge("calibrate", "--labels", labels(), "--judge", file) == 0
    shown = capsys.readouterr().out
    assert re.search(r"ja\s+60\s+1\.000 \(0\.8\d+–1\.000\)", shown) and "calibration.json" in shown
    assert len(endpoint.asked) == 120

    assert (
        judge("answers", answers(*[GOOD] * 45, *[BAD] * 5), "--judge", file, "--calibration", "calibration.json") == 0
    )
    shown = capsys.readouterr().out
    assert re.search(r"ja\s+50\s+0\.900 \(\S+\)\s+0\.900 \(", shown) and "decide nothing" not in shown

    described(endpoint, repeats=1)
    judge("answers", "answers.csv", "--judge", file, "--calibration", "calibration.json")
    shown = capsys.readouterr().out
    assert "settings have changed" in shown and "not corrected" in shown
    judge("answers", "answers.csv", "--judge", file)
    assert "not calibrated" in capsys.readouterr().out


def test_calibrating_again_asks_again(serve, fair) -> None:
    endpoint = serve(fair)
    file = described(endpoint)
    for times in (1, 2):
        judge("calibrate", "--labels", labels(3, 3), "--judge", file)
        assert len(endpoint.asked) == 6 * times
    assert sorted(path.name for path in Path().glob("*.journal")) == ["calibration.json.clerk.done.journal"]


def test_a_judge_that_always_says_met_is_exposed(serve, capsys) -> None:
    file = described(serve(lambda asked: asked.verdict("met")))
    assert judge("calibrate", "--labels", labels(), "--judge", file, language=Language.EN) == 2
    shown = capsys.readouterr().out
    assert "better than chance" in shown and "0.000 (0.000" in shown
    assert judge("calibrate", "--labels", "labels.csv", "--judge", file, "--json") == 2
    [language] = json.loads(capsys.readouterr().out)["languages"]
    assert (language["found"], language["falseAlarms"]) == (30, 30)


def test_a_dead_judge_ends_the_command_and_says_so(serve, fair) -> None:
    endpoint = serve(fair)
    endpoint.dead = True
    file = described(endpoint)
    with pytest.raises(ShinraiError, match="given up"):
        judge("calibrate", "--labels", labels(), "--judge", file)
    assert not Path("calibration.json").exists()
    endpoint.dead = False
    assert judge("calibrate", "--labels", "labels.csv", "--judge", file) == 0


def test_a_calibration_of_another_home_is_not_believed(serve, fair, monkeypatch, tmp_path) -> None:
    file = described(serve(fair))
    judge("calibrate", "--labels", labels(), "--judge", file)
    monkeypatch.setenv("SHINRAI_HOME", str(tmp_path / "other"))
    with pytest.raises(ShinraiError, match="not signed by a key"):
        judge("answers", answers(GOOD), "--judge", file, "--calibration", "calibration.json")
    with pytest.raises(ShinraiError, match="cannot be read"):
        judge("answers", "answers.csv", "--judge", file, "--calibration", "none.json")


def test_the_system_is_not_its_own_judge(serve, fair, capsys) -> None:
    file = described(serve(fair, model="shared"))
    with pytest.raises(ShinraiError, match="is to be judged"):
        judge("answers", answers(GOOD), "--judge", file, "--answered-by", "shared")
    with pytest.raises(ShinraiError, match="waiver needs"):
        judge("answers", "answers.csv", "--judge", file, "--answered-by", "shared", "--waiver-ja", "理由")
    given = ["--waiver-ja", "理由", "--waiver-en", "a reason", "--approver", "山田"]
    assert judge("answers", "answers.csv", "--judge", file, "--answered-by", "shared", *given) == 0
    assert "山田 allowed it: a reason" in capsys.readouterr().out


def stern(asked) -> str:
    return asked.verdict("not_met" if "たぶん" in asked.answer or GOOD[:3] not in asked.answer else "met")


def test_what_a_panel_disagrees_on_goes_to_a_person_and_comes_back_as_labels(serve, fair, capsys) -> None:
    files = [described(serve(fair, model="m1"), "one"), described(serve(stern, model="m2"), "two", language="ja")]
    judge("answers", answers(GOOD, BAD, ODD), "--judge", files[0], "--judge", files[1])
    shown = capsys.readouterr().out
    assert "Krippendorff's alpha" in shown and "one and two: kappa" in shown and "look at: 1" in shown
    lines = [json.loads(line) for line in Path("judgements.jsonl").read_text("utf-8").splitlines()]
    assert [(line["key"], line["review"], line["outcome"]) for line in lines] == [
        ("a0", False, "pass"),
        ("a1", False, "fail"),
        ("a2", True, "inconclusive"),
    ]
    assert [member["judge"] for member in lines[2]["members"]] == ["one", "two"]

    assert judge("review", "out", "judgements.jsonl") == 0
    book = load_workbook("review.xlsx")
    sheet = book["判定 review"]
    assert [cell.value for cell in sheet["A"]][1:] == ["a2"]
    sheet["F2"], sheet["H2"] = "cannot tell", "佐藤"
    book.save("review.xlsx")
    assert judge("review", "back", "review.xlsx") == 0
    shown = capsys.readouterr().out
    assert "1 verdicts of 1 people" in shown and "Open: 0" in shown and "Not in the sheet" not in shown
    [label] = read_labels(Path("labels.csv")).labels
    assert label.key == "a2" and label.word == "cannot_tell"


def test_a_sheet_can_hold_everything_or_a_draw_and_may_be_csv(serve, fair, capsys) -> None:
    judge("answers", answers(GOOD, BAD, ODD), "--judge", described(serve(fair)))
    assert judge("review", "out", "judgements.jsonl") == 0
    assert "needs a person" in capsys.readouterr().out and not Path("review.xlsx").exists()
    for arguments, count in ((["--all"], 3), (["--draw", "2", "--seed", "5"], 2)):
        judge("review", "out", "judgements.jsonl", "--out", "r.csv", *arguments)
        assert len(Path("r.csv").read_text("utf-8-sig").splitlines()) == 1 + count
    with pytest.raises(ShinraiError, match="neither"):
        judge("review", "out", "judgements.jsonl", "--out", "r.ods", "--all")
    with pytest.raises(ShinraiError, match="cannot be written"):
        judge("review", "out", "judgements.jsonl", "--out", "no/where.csv", "--all")


def test_one_judge_that_gives_no_verdict_sends_the_answer_to_a_person(serve, capsys) -> None:
    file = described(serve(lambda asked: "grade: c" if asked.answer == BAD else asked.verdict("met")))
    judge("answers", answers(GOOD, BAD), "--judge", file)
    assert [json.loads(line)["review"] for line in Path("judgements.jsonl").read_text().splitlines()] == [False, True]
    assert re.search(r"ja\s+2\s", capsys.readouterr().out)
    judge("review", "out", "judgements.jsonl", "--out", "r.csv")
    rows = Path("r.csv").read_text("utf-8-sig").splitlines()
    Path("r.csv").write_text(rows[0] + "\n", "utf-8-sig")
    judge("review", "back", "r.csv")
    assert "in need of a person: 1 answers" in capsys.readouterr().out
    with pytest.raises(ShinraiError, match="same id"):
        judge("answers", "answers.csv", "--judge", file, "--judge", file)


def test_the_judges_file_of_judgements_can_be_judged_again(serve, fair) -> None:
    judge("answers", answers(GOOD), "--judge", described(serve(fair)), "--out", "first.jsonl")
    judge("answers", "first.jsonl", "--judge", described(serve(fair), "second"), "--out", "again.jsonl")
    assert json.loads(Path("again.jsonl").read_text("utf-8"))["judge"] == "second"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("a,r,q,x,ja\na,r,q,x,ja\n", "above already"),
        ("a,r,q,x,\n", "cell is empty"),
        ("a,r,q,x,Nihongo!\n", "no language tag"),
        (f"{'x' * 200},r,q,x,ja\n", "more than 128"),
        ("", "no answer"),
    ],
)
def test_answers_that_cannot_be_judged_are_refused(serve, fair, body, said) -> None:
    Path("answers.csv").write_text("item,requirement,question,answer,language\n" + body)
    with pytest.raises(ShinraiError, match=said):
        judge("answers", "answers.csv", "--judge", described(serve(fair)))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"repeats": 99}, "between"),
        ({"language": "de"}, "not one of"),
        ({"key": "sk-secret"}, None),
        ({"model": ""}, "text"),
        ({"url": "ftp://x"}, "no http"),
        ({"temperature": 1}, "no field"),
        ({"judge": 2}, "not one of"),
        ({"id": "a b"}, "is not a name"),
    ],
)
def test_a_judge_that_is_described_wrongly_is_refused_with_the_place(serve, fair, fields, said) -> None:
    file = described(serve(fair), **fields)
    with pytest.raises(ShinraiError, match=said) as refused:
        judge("answers", answers(GOOD), "--judge", file)
    assert "sk-secret" not in str(refused.value)
    if said is not None:
        assert refused.value.place.file == "clerk.yaml"


def test_a_judge_may_be_asked_for_json_alone(serve, fair) -> None:
    endpoint = serve(fair)
    judge("answers", answers(GOOD), "--judge", described(endpoint, json_mode="yes", max_tokens=100))
    assert endpoint.bodies[0]["response_format"] == {"type": "json_object"}
    assert endpoint.bodies[0]["max_tokens"] == 100
    with pytest.raises(ShinraiError, match="cannot be read"):
        judge("answers", "answers.csv", "--judge", "none.yaml")
    Path("big.yaml").write_text("x" * 70_000)
    with pytest.raises(ShinraiError, match="more than"):
        judge("answers", "answers.csv", "--judge", "big.yaml")


def test_help_is_given_in_both_languages(capsys) -> None:
    for arguments in (["--help"], ["calibrate", "--help"], ["answers", "--help"], ["review", "out", "--help"]):
        with pytest.raises(SystemExit):
            judge_group(Language.EN).main(arguments)
        assert "judge" in capsys.readouterr().out
