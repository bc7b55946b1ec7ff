"""A plain GROUP BY of two columns with label and prediction in DuckDB.

python duckdb_group_by.py FILE
"""

import json
import resource
import sys

import duckdb


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    before = cpu()
    query = "SELECT a0, a7, label, prediction, count(*) FROM read_parquet(?) GROUP BY ALL"
    cells = duckdb.execute(query, [sys.argv[1]]).fetchall()
    print(json.dumps({"cpu_s": cpu() - before, "cells": len(cells)}))
