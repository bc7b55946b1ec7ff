"""Shinrai on the file: counts and rates alone, the audit, that with scores, or a search.

crossing: the audit of what peers compare, the two columns crossed, without each by itself.

python shinrai_audit.py FILE counts|audit|crossing|scores|crossing-scores|search
"""

import json
import resource
import sys
import time

import duckdb
import numpy as np

from shinrai.evaluate.audit import AuditSettings, Roles, Wanted, audit_cells, read_cells
from shinrai.evaluate.audit.intake import counting, sources
from shinrai.evaluate.audit.metrics import RATES
from shinrai.evaluate.audit.tally import groups_of

LOADED = (duckdb, np, counting, sources)
BOTH = ("sex", "age")
METRICS = ("accuracy", "ppv", "tpr", "fpr", "selection_rate")


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    file, what = sys.argv[1], sys.argv[2]
    scored = what.endswith("scores")
    before, start = cpu(), time.perf_counter()
    if what == "search":
        columns = tuple(f"a{place}" for place in range(8))
        roles = Roles(prediction="prediction", label="label", favourable=1, groups=columns[:2])
        table = read_cells(file, roles, wanted=Wanted(search=3, search_columns=columns))
    else:
        roles = Roles(
            prediction="prediction",
            label="label",
            score="score" if scored else None,
            favourable=1,
            groups=() if what.startswith("crossing") else BOTH,
            intersections=(BOTH,),
        )
        table = read_cells(file, roles)
    read = cpu()
    said: dict[str, object] = {"rows": table.origin.rows}
    if what == "counts":
        said["rates"] = {
            "|".join(map(str, group.levels)): [group.rows.rows]
            + [RATES[name].part(group.rows) / RATES[name].whole(group.rows) for name in METRICS]
            for group in groups_of(table, BOTH, table.classes[0])
        }
    else:
        audit = audit_cells(table, AuditSettings(search=what == "search"))
        said["answer"] = str(audit.answer)
    done = cpu()
    if scored:
        aucs = {group.name: group.numbers["auc"] for group in audit.subjects[BOTH].groups}
        said["auc"] = {name.replace(" × ", "|"): [auc.value, auc.bound] for name, auc in aucs.items()}
    if what == "search":
        assert audit.search is not None
        said |= {"searched": audit.search.searched, "first": audit.search.findings[0].name}
        said["subgroups"] = sum(len(groups_of(table, s, table.classes[0])) for s in table.cells if s)
    said |= {"cpu_s": done - before, "read_s": read - before, "wall_s": time.perf_counter() - start}
    print(json.dumps(said))
