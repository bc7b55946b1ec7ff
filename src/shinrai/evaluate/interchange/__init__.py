"""Suites and results of other tools, in and out: aisev, Inspect, promptfoo, garak, Moonshot.

What comes in is read within limits, as data, and keeps its digest. Results come in as evidence of origin `imported`: a
number is recomputed from their samples, or shown as the tool's claim. Nothing here talks to a target, but for a task of
Inspect that the user has Inspect run.
"""

from shinrai.evaluate.interchange.aisev_csv import (
    AisevFile,
    AisevRow,
    new_aisev_csv,
    read_aisev_csv,
    write_aisev_csv,
)
from shinrai.evaluate.interchange.aisev_differences import DIFFERENCES, Difference
from shinrai.evaluate.interchange.aisev_folder import AisevFolder, export_folder, read_aisev, tree_file, write_folder
from shinrai.evaluate.interchange.aisev_gsn import GsnFile, GsnTree, goal_tree, read_gsn, write_gsn
from shinrai.evaluate.interchange.aisev_out import columns_of, export_aisev, suite_rows
from shinrai.evaluate.interchange.aisev_suite import AisevImport, ImportSettings, LeftOut, Linked, Split, import_aisev
from shinrai.evaluate.interchange.imported import (
    TOOL_NAMES,
    Claim,
    ImportedMetric,
    ImportedRun,
    ImportedScore,
    Tool,
    measure,
)
from shinrai.evaluate.interchange.inspect_task import InspectTarget, run_inspect_task
from shinrai.evaluate.interchange.results import read_results, run_to_json
from shinrai.evaluate.interchange.samples_out import RunFacts, ScoredSample, inspect_log, sample_lines

__all__ = [
    "DIFFERENCES",
    "TOOL_NAMES",
    "AisevFile",
    "AisevFolder",
    "AisevImport",
    "AisevRow",
    "Claim",
    "Difference",
    "GsnFile",
    "GsnTree",
    "ImportSettings",
    "ImportedMetric",
    "ImportedRun",
    "ImportedScore",
    "InspectTarget",
    "LeftOut",
    "Linked",
    "RunFacts",
    "ScoredSample",
    "Split",
    "Tool",
    "columns_of",
    "export_aisev",
    "export_folder",
    "goal_tree",
    "import_aisev",
    "inspect_log",
    "measure",
    "new_aisev_csv",
    "read_aisev",
    "read_aisev_csv",
    "read_gsn",
    "read_results",
    "run_inspect_task",
    "run_to_json",
    "sample_lines",
    "suite_rows",
    "tree_file",
    "write_aisev_csv",
    "write_folder",
    "write_gsn",
]
