"""aisev's goal trees: weights that add up or a located error, U+000B passed over, bytes kept."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.interchange.aisev_folder import read_aisev, tree_file
from shinrai.evaluate.interchange.aisev_gsn import goal_tree, read_gsn, write_gsn
from shinrai.evaluate.interchange.aisev_suite import ImportSettings, Split
from shinrai.evaluate.suites import read_goal_tree
from shinrai.language import ShinraiError

TREE = """G7-1:
  definition: "Goal: 窓口の説明"
  goalType: TopGoal
  text: "窓口の説明に根拠がある"
  question: "窓口の説明に根拠があるか"
  supportedBy: [S7-1]
  inContextOf: [C7-1]

C7-1:
  text: "庁内の文書だけを根拠とする"

S7-1:
  text: "場面で分類"
  supportedBy: [G7-2,G7-3,G7-4]
  scoreRate: [0.6, 0.3,0.1]  # 仮の配点

G7-2:
  text: "電話での説明"
  question: "電話での説明に根拠があるか"
  undeveloped: true

G7-3:
  text: "窓口での説明"
  supportedBy: [G7-5]

G7-4:
  text: "文書での説明"
  undeveloped: true

G7-5:
  text: "窓口で出典を示す"
  undeveloped: true


"""


def tree_of(text: str = TREE, **given_: bool) -> dict[str, Fraction]:
    read = goal_tree(read_gsn(text.encode(), "tree.yaml"), "aisev.p7", {}, **given_)
    return {node.id: share for node, share in read.tree.root.leaves()}


def test_strategies_are_passed_through_and_a_single_goal_has_all_the_weight() -> None:
    file = read_gsn(TREE.encode(), "tree.yaml")
    assert (file.goals, file.leaves, file.notes) == (5, 3, ())
    assert tree_of() == {"G7-2": Fraction(3, 5), "G7-5": Fraction(3, 10), "G7-4": Fraction(1, 10)}


def test_percentages_are_weights_too() -> None:
    assert tree_of(TREE.replace("[0.6, 0.3,0.1]", "[60, 30, 10]")) == tree_of()


@pytest.mark.parametrize("rates", ["[0.6, 0.6, 0.4]", "[60, 60, 40]", "[0.3, 0.3, 0.3]"])
def test_weights_that_do_not_add_up_are_refused_where_they_stand(rates: str) -> None:
    with pytest.raises(ShinraiError, match="add up to") as caught:
        tree_of(TREE.replace("[0.6, 0.3,0.1]", rates))
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.field) == (15, "S7-1.scoreRate")
    assert caught.value.fix is not None
    assert "--normalise" in str(caught.value.fix)


def test_weights_are_shared_out_anew_only_when_that_is_accepted_and_it_is_noted() -> None:
    text = TREE.replace("[0.6, 0.3,0.1]", "[60, 60, 40]")
    read = goal_tree(read_gsn(text.encode(), "tree.yaml"), "aisev.p7", {}, normalise=True)
    shares = {node.id: share for node, share in read.tree.root.leaves()}
    assert shares == {"G7-2": Fraction(3, 8), "G7-5": Fraction(3, 8), "G7-4": Fraction(1, 4)}
    assert [str(note) for note in read.notes] == ["The weights under S7-1 add up to 160; each was divided by that."]


def test_goals_without_weights_are_refused_or_get_equal_ones() -> None:
    text = TREE.replace("  scoreRate: [0.6, 0.3,0.1]  # 仮の配点\n", "")
    with pytest.raises(ShinraiError, match="3 goals under S7-1 have no weights"):
        tree_of(text)
    assert set(tree_of(text, normalise=True).values()) == {Fraction(1, 3)}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("[0.6, 0.3,0.1]", "[0.6, 0.4]", "2 weights for 3 goals"),
        ("[0.6, 0.3,0.1]", "[0.9, 0.1, 0]", "above 0"),
        ("[0.6, 0.3,0.1]", "[0.9, 0.1, x]", "not a weight"),
        ("[0.6, 0.3,0.1]", "[0.9, 0.2, -0.1]", "not a weight"),
        ("supportedBy: [G7-5]", "supportedBy: [G7-9]", "“G7-9” is not in the file"),
        ("supportedBy: [G7-5]", "supportedBy: [G7-1]", "stands under two goals, or under itself"),
        ("supportedBy: [G7-5]", "supportedBy: [G7-4]", "stands under two goals, or under itself"),
        ("supportedBy: [G7-5]", "supportedBy: [S7-1]", "stands under two goals, or under itself"),
        ("supportedBy: [S7-1]", "undeveloped: true\n  supportedBy: [S7-1]", "rests on no others"),
        ("goalType: TopGoal", "goalType: SecondGoal", "0 top goals"),
        ("  goalType: TopGoal\n", "  goalType: TopGoal\n  extra: &anchor x\n", "Anchors and aliases"),
        ("  goalType: TopGoal\n", "  goalType: TopGoal\n  extra: *anchor\n", "Anchors and aliases|not valid YAML"),
        ("G7-5:", "G7-4:", "already given"),
        ("窓口で出典を示す", "\u202e", "U\\+202E"),
    ],
)
def test_what_cannot_be_a_tree_is_said_with_its_line(old: str, new: str, what: str) -> None:
    with pytest.raises(ShinraiError, match=what) as caught:
        tree_of(TREE.replace(old, new, 1))
    assert caught.value.place is not None
    assert caught.value.place.line is not None or "top goals" in str(caught.value)


def test_u000b_is_passed_over_and_said_and_stays_in_the_file() -> None:
    text = TREE.replace("電話での", "電話\x0bでの")
    file = read_gsn(text.encode(), "tree.yaml")
    assert [str(note) for note in file.notes] == [
        "The invisible character U+000B was passed over in line 18; it stays in the file.",
        "The invisible character U+000B was passed over in line 19; it stays in the file.",
    ]
    assert file.nodes["G7-2"].text == "電話での説明"
    assert write_gsn(file) == text.encode()


def test_what_no_goal_rests_on_is_said() -> None:
    text = TREE + 'G7-6:\n  text: "余り"\n  undeveloped: true\n'
    file = read_gsn(text.encode(), "tree.yaml")
    assert [str(note) for note in file.notes] == ["No goal rests on these: G7-6."]
    leaf = goal_tree(read_gsn(TREE.replace("  undeveloped: true\n", "", 1).encode(), "t"), "t", {})
    assert [str(note) for note in leaf.notes] == [
        "G7-2 rests on nothing and is not marked as a leaf; it is taken as one."
    ]


@given(st.integers(0, 40), st.sampled_from(["\n", "\r\n"]))
def test_a_file_is_written_as_it_was_read(blank: int, end: str) -> None:
    data = (TREE + "\n" * blank).replace("\n", end).encode()
    assert write_gsn(read_gsn(data, "tree.yaml")) == data


def test_other_weights_change_their_list_alone() -> None:
    text = TREE.replace("電話での", "電話\x0bでの")
    file = read_gsn(text.encode(), "tree.yaml")
    new = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]
    out = write_gsn(file, {"S7-1": new})
    assert out.decode() == text.replace("[0.6, 0.3,0.1]", "[0.5,0.25,0.25]")
    assert write_gsn(file, {"S7-1": [Fraction("0.6"), Fraction("0.3"), Fraction("0.1")]}) == text.encode()
    with pytest.raises(ShinraiError, match="cannot be written as a decimal"):
        write_gsn(file, {"S7-1": [Fraction(1, 3)] * 3})
    with pytest.raises(ShinraiError, match="has no list of 2 weights"):
        write_gsn(file, {"S7-1": [Fraction(1, 2)] * 2})


def test_a_tree_reads_again_with_its_suites(tmp_path: Path) -> None:
    rows, goals = tmp_path / "rows.csv", tmp_path / "goals.yaml"
    rows.write_text(
        "text,ten_perspective,scorer,requirement,gsn_perspective\n"
        "a,説明可能性,requirement,r,G7-2\nb,説明可能性,requirement,r,G7-2\nc,説明可能性,requirement,r,G7-99\n",
        encoding="utf-8",
    )
    goals.write_text(TREE, encoding="utf-8")
    read = read_aisev([rows, goals], ImportSettings(split=Split.LEAF))
    (tree,) = read.trees
    again = read_goal_tree(tree_file(tree.tree), "goals.yaml")
    assert {node.id: (share, node.suites) for node, share in again.root.leaves()} == {
        "G7-2": (Fraction(3, 5), ("aisev.p7.rows.G7-2",)),
        "G7-5": (Fraction(3, 10), ()),
        "G7-4": (Fraction(1, 10), ()),
    }
    assert dict(read.unknown) == {"G7-99": (4,)}
    suite = read.imports[0].suites[0]
    assert suite.goal is not None
    assert (suite.goal.tree, suite.goal.node) == (again.id, "G7-2")


def test_a_deep_chain_ends_in_an_error() -> None:
    text = "G1-0:\n  goalType: TopGoal\n  supportedBy: [G1-1]\n" + "".join(
        f"G1-{number}:\n  supportedBy: [G1-{number + 1}]\n" for number in range(1, 60)
    )
    with pytest.raises(ShinraiError, match="deeper than 9"):
        tree_of(text + "G1-60:\n  undeveloped: true\n")
