"""The goal trees that the suites of an assessment speak to, as an assessment keeps them, before they are scored.

The whole tree is kept, with what no suite was put for, so that whoever reads the assessment later sees the weights it
was made with.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from shinrai.assess.assessment import GoalRecord, GoalTreeRecord, Text
from shinrai.evaluate.suites import Suite, load_goal_tree
from shinrai.evaluate.suites.goals import GoalNode, GoalTree
from shinrai.language import Bilingual, message


def goal_trees(suites: Iterable[Suite]) -> list[GoalTreeRecord]:
    """Return the trees to which at least one of the suites speaks. A suite may name a leaf that does not name it."""
    put = tuple(suites)
    return [record for record in (_tree(tree, put) for tree in (load_goal_tree(),)) if record is not None]


def _tree(tree: GoalTree, put: Sequence[Suite]) -> GoalTreeRecord | None:
    own: Mapping[str, list[str]] = defaultdict(list)
    for suite in put:
        if suite.goal is not None and suite.goal.tree == tree.id:
            own[suite.goal.node].append(suite.id)
    speaking = {name for leaf, _ in tree.root.leaves() for name in (*leaf.suites, *own.get(leaf.id, ()))}
    if not speaking & {suite.id for suite in put}:
        return None
    return GoalTreeRecord(id=tree.id, title=_text(tree.title), about=_text(tree.about), root=_goal(tree.root, own))


def _goal(node: GoalNode, own: Mapping[str, Sequence[str]]) -> GoalRecord:
    return GoalRecord(
        id=node.id,
        title=_text(node.title),
        weight=float(node.weight),
        suites=[] if node.under else list(dict.fromkeys([*node.suites, *own.get(node.id, ())])),
        goals=[_goal(under, own) for under in node.under],
        cause=_text(message("This has not been assessed.").both()),
    )


def _text(both: Bilingual) -> Text:
    return Text(ja=both.ja, en=both.en)
