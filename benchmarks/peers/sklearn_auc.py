"""roc_auc_score of scikit-learn for each of the ten groups of the file.

python sklearn_auc.py FILE
"""

import json
import resource
import sys

import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    before = cpu()
    names = ["sex", "age"]
    table = pq.read_table(sys.argv[1], columns=["label", "score", *names], read_dictionary=names)
    data = table.unify_dictionaries().to_pandas()
    auc = {
        "|".join(levels): float(roc_auc_score(group["label"], group["score"]))
        for levels, group in data.groupby(names, observed=True)
    }
    print(json.dumps({"cpu_s": cpu() - before, "auc": auc}))
