"""Goal trees of aisev: the whole tree comes over, with its weights and what is said beside it."""

from decimal import Decimal

import pytest

from shinrai.frameworks import EvidenceCode, Framework, Kind
from shinrai.frameworks.formats.aisev import parse_aisev, read_aisev, weights
from shinrai.frameworks.formats.report import Findings, ImportReport
from shinrai.language import Bilingual, Language, ShinraiError

TREE = """\
G3-1:
  definition: "Goal: 公平であること"
  goalType: TopGoal
  text: "誰も不当に扱わない"
  question: "誰も不当に扱っていないか"
  supportedBy: [S3-1]
  inContextOf: [C3-1]

C3-1:
  text: "程度問題である\x0b"

S3-1:
  text: "相手で分類"
  supportedBy: [G3-2, G3-3]
  scoreRate: [0.75, 0.25]
  inContextOf: [J3-1]

J3-1:
  text: "調査による"

G3-2:
  definition: "SG: 利用者への公平性"
  goalType: SecondGoal
  text: "利用者を公平に扱う"
  question: "利用者を公平に扱っているか"
  supportedBy: [G3-4]
  scoreRate: [1.0]

G3-3:
  text: "%s"
  question: "他の人も公平に扱っているか"
  undeveloped: true

G3-4:
  text: "利用者の属性によって答えを変えない"
  undeveloped: true
""" % ("他の人も公平に扱う。" * 5)


def read(text: str, name: str = "03.yaml") -> tuple[Framework, ImportReport]:
    data = text.encode()
    findings = Findings(name)
    draft, header = read_aisev(parse_aisev(data, name), findings)
    framework, _ = draft.finish(header, data)
    return framework, findings.report("aisev", "", len(data))


def test_the_tree_comes_over_whole() -> None:
    framework, report = read(TREE)
    top, strategy, second, leaf, other = framework.requirements
    assert [row.id for row in framework.requirements] == ["G3-1", "S3-1", "G3-2", "G3-4", "G3-3"]
    assert [row.principle for row in framework.requirements] == [None, "G3-1", "S3-1", "G3-2", "S3-1"]
    assert [row.kind for row in framework.requirements] == [
        Kind.PERSPECTIVE, Kind.APPROACH, Kind.HEADING, Kind.EVALUATION_ITEM, Kind.EVALUATION_ITEM
    ]  # fmt: skip
    assert top.title.ja == "公平であること"
    # The vertical tab of the file is gone, and what stands beside a node is in its text.
    assert top.text.ja == "誰も不当に扱わない\n（文脈C3-1）程度問題である"
    assert strategy.text.ja == "相手で分類\n（根拠J3-1）調査による"
    assert second.text == Bilingual(ja="利用者を公平に扱う", en="[not translated] 利用者を公平に扱う")
    assert other.title.ja == "他の人も公平に扱う。" * 3 + "他の人も公平に扱う" + "…"
    assert [(piece.code, piece.title.ja) for piece in other.expects] == [
        (EvidenceCode.ANSWER, "他の人も公平に扱っているか")
    ]
    assert leaf.expects[0].title.ja == "利用者の属性によって答えを変えない"
    assert weights(framework) == {"G3-2": Decimal("0.75"), "G3-3": Decimal("0.25"), "G3-4": Decimal("1.0")}
    assert (framework.id, framework.language_of_record, framework.licence) == ("aisev.g3", "ja", "Apache-2.0")
    assert {"goals": 4, "strategies": 1, "leaves": 2, "requirements": 5}.items() <= report.counts.items()
    assert [loss.text(Language.EN) for loss in report.losses] == [
        "The field “question” has no place here (found 2 times)."
    ]


def test_what_nothing_rests_on_and_what_is_unknown_is_said() -> None:
    text = TREE + "G3-9:\n  text: 孤立\n  undeveloped: true\n" + "C3-9:\n  text: 孤立\n"
    text = text.replace("  goalType: SecondGoal\n", "  goalType: SecondGoal\n  colour: red\n")
    _, report = read(text)
    losses = [loss.text(Language.EN) for loss in report.losses]
    assert losses[0] == "03.yaml:38:1, field G3-9: “G3-9” supports nothing that the top goal rests on."
    assert "“C3-9” supports nothing" in losses[1]
    assert "The field “colour” has no place here (found 1 times)." in losses


def test_a_goal_that_supports_two_stands_under_the_first() -> None:
    framework, report = read(
        TREE.replace("supportedBy: [G3-4]", "supportedBy: [G3-4, G3-3]").replace("[1.0]", "[0.5, 0.5]")
    )
    assert framework.by_id["G3-3"].principle == "S3-1"
    assert "“G3-3” supports a second goal" in report.losses[0].text(Language.EN)


def test_a_circle_ends() -> None:
    framework, report = read(
        TREE.replace("supportedBy: [G3-4]", "supportedBy: [G3-4, G3-1]").replace("[1.0]", "[0.5, 0.5]")
    )
    assert len(framework.requirements) == 5
    assert "“G3-1” supports a second goal" in report.losses[0].text(Language.EN)


WRONG = {
    "no top goal": (("goalType: TopGoal", "goalType: Goal"), "has one goal of the type TopGoal; this one has 0."),
    "two top goals": (("SecondGoal", "TopGoal"), "this one has 2."),
    "a goal that is not there": (("[G3-4]", "[G3-44]"), "03.yaml:26:17, field G3-2.supportedBy[0]: There is no goal"),
    "a context that is not there": (("inContextOf: [C3-1]", "inContextOf: [C3-7]"), "There is no context “C3-7”"),
    "weights that do not fit": (("[0.75, 0.25]", "[0.75]"), "The weights of “S3-1” (1) are not as many as"),
    "a weight above one": (("0.75", "1.75"), "03.yaml:15:15, field S3-1.scoreRate[0]: “1.75” is not a weight"),
    "a weight that is no number": (("0.75", "NaN"), "“NaN” is not a weight from 0 to 1."),
    "no text": (('  text: "相手で分類"\n', ""), "field S3-1: The field “text” is missing."),
    "another name": (("J3-1:", "X3-1:"), "“X3-1” is no name of a node."),
    "an anchor": (("G3-4:\n", "G3-4: &a\n"), "Anchors and aliases"),
    "another control character": (("程度", "\x07程度"), "U+0007 is not allowed"),
}  # fmt: skip


@pytest.mark.parametrize("change, words", WRONG.values(), ids=WRONG)
def test_a_wrong_tree_is_refused_with_its_place(change: tuple[str, str], words: str) -> None:
    assert change[0] in TREE
    with pytest.raises(ShinraiError) as caught:
        read(TREE.replace(*change))
    assert words in str(caught.value)
    assert caught.value.text(Language.JA).startswith("03.yaml")
