"""Every published fraction of the tests' cases, against an audit of the same counts read as a table.

python shinrai_published_cases.py TESTS_OF_EVALUATE
"""

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from shinrai.evaluate.audit import Audit, Roles, audit_cells, read_cells
from shinrai.evaluate.statistics.binned_scores import ScoreClass, ScoreHistogram, score_auc

GAPS = {"max_minus_min": "difference", "min_over_max": "ratio"}
Compared = Iterator[tuple[str, Any, Any]]


def audited(columns: dict[str, list[Any]], **roles: Any) -> Audit:
    return audit_cells(read_cells(columns, Roles(prediction="decision", favourable=1, groups=("group",), **roles)))


def of_rates(case: dict[str, Any]) -> Compared:
    cells = [
        (group, decision, n)
        for group, counts in case["counts"].items()
        for decision, n in ((1, counts["favourable"]), (0, counts["total"] - counts["favourable"]))
        if n
    ]
    columns = dict(zip(("group", "decision", "n"), map(list, zip(*cells, strict=True)), strict=True))
    found = audited(columns, counts="n").subjects[("group",)]
    for level, rate in case.get("rate", {}).items():
        yield f"{level} rate", found.group(level).numbers["selection_rate"].exact, rate
    for level, ratio in case.get("impact_ratio_to_max", {}).items():
        yield f"{level} ratio", found.four_fifths[level].exact, ratio
    if "difference_max_min" in case:
        yield "difference", found.difference["selection_rate"].exact, case["difference_max_min"]


def of_confusion(case: dict[str, Any]) -> Compared:
    rows = case["rows"]
    columns = {"label": rows["y_true"], "decision": rows["y_pred"], "group": rows["group"]}
    found = audited(columns, label="label").subjects[("group",)]
    for level, known in case["by_group"].items():
        for metric, value in known.items():
            group = found.group(level)
            yield f"{level} {metric}", group.rows if metric == "n" else group.numbers[metric].exact, value
    for metric, gaps in case["disparities"].items():
        if isinstance(gaps, str):
            yield metric, found.composites[metric].exact, gaps
            continue
        for name, value in gaps.items():
            yield f"{metric} {name}", getattr(found, GAPS[name])[metric].exact, value


def of_scores(case: dict[str, Any]) -> Compared:
    parts = [
        ScoreClass(np.array(case[name], dtype=np.int64), (0,) * len(case[name]), (0,) * len(case[name]))
        for name in ("positives", "negatives")
    ]
    # An AUC is kept as a float: the fraction of small terms nearest to it must be the published one.
    found = score_auc(ScoreHistogram(parts[0], parts[1], 46)).value
    yield "auc", Fraction(found).limit_denominator(100_000), case["auc"]


def main() -> None:
    folder = Path(sys.argv[1])
    seen: dict[tuple[str, str, str], None] = {}
    unequal = []
    cases = set()
    for file in (folder / "cases.json", folder / "audit" / "fairness_cases.json"):
        known = json.loads(file.read_text(encoding="utf-8"))
        parts = [(case, of_rates) for case in known["rates"]]
        parts += [(known["confusion"], of_confusion), (known["scores"], of_scores)]
        for case, compare in parts:
            name_of_case = case.get("id", "hanley_mcneil_1982")
            cases.add(name_of_case)
            for name, found, value in compare(case):
                exact = Fraction(value["exact"] if isinstance(value, dict) else value)
                if (name_of_case, name, str(exact)) in seen:
                    continue
                seen[name_of_case, name, str(exact)] = None
                if found != exact:
                    unequal.append(f"{name_of_case}: {name} is {found}, not {exact}")
    print(json.dumps({"cases": len(cases), "compared": len(seen), "unequal": unequal}))


if __name__ == "__main__":
    main()
