"""What is put to a system: suites of probes as files, their variations, and the plan of every prompt.

A suite says what its outcome can show (requirement leaves, a goal), what each probe expects, and which rule decides.
This room reads and plans; it talks to no target. The format is described in docs/reference/suite-format.md.
"""

from shinrai.evaluate.suites.goals import GoalNode, GoalTree, load_goal_tree, read_goal_tree
from shinrai.evaluate.suites.model import (
    METRIC_NAMES,
    Decision,
    Goal,
    HarmClass,
    Metric,
    Origin,
    Probe,
    Suite,
    SuiteSource,
    UsedOperator,
    UsedScorer,
)
from shinrai.evaluate.suites.planning import PlannedPrompt, Variation, plan, planted
from shinrai.evaluate.suites.reader import read_suite
from shinrai.evaluate.suites.scoring import group_scores, not_asked, sample_scores
from shinrai.evaluate.suites.shipped import available_suites, choose_suite, load_suite, suite_file, unknown_leaves
from shinrai.evaluate.suites.strength import Strength, strengths

__all__ = [
    "METRIC_NAMES",
    "Decision",
    "Goal",
    "GoalNode",
    "GoalTree",
    "HarmClass",
    "Metric",
    "Origin",
    "PlannedPrompt",
    "Probe",
    "Strength",
    "Suite",
    "SuiteSource",
    "UsedOperator",
    "UsedScorer",
    "Variation",
    "available_suites",
    "choose_suite",
    "group_scores",
    "load_goal_tree",
    "load_suite",
    "not_asked",
    "plan",
    "planted",
    "read_goal_tree",
    "read_suite",
    "sample_scores",
    "strengths",
    "suite_file",
    "unknown_leaves",
]
