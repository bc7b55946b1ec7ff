"""ClassificationMetric of AIF360 on the file: two of the ten groups in each, as privileged and unprivileged.

AIF360 takes numbers only; the groups are read as the codes of their dictionaries.

python aif360_audit.py FILE
"""

import json
import resource
import sys

import pandas as pd
import pyarrow.parquet as pq
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import ClassificationMetric

GROUPS = ["sex", "age"]


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    before = cpu()
    columns = ["label", "prediction", *GROUPS]
    data = pq.read_table(sys.argv[1], columns=columns, read_dictionary=GROUPS).unify_dictionaries().to_pandas()
    names = {name: list(data[name].cat.categories) for name in GROUPS}
    codes = {name: data[name].cat.codes.astype(float) for name in GROUPS}
    numbers = pd.DataFrame({**codes, "label": data["label"].astype(float)})
    predictions = data["prediction"].to_numpy(dtype=float).reshape(-1, 1)
    del data
    actual = BinaryLabelDataset(df=numbers, label_names=["label"], protected_attribute_names=GROUPS)
    decided = actual.copy()
    decided.labels = predictions
    groups = [{"sex": float(s), "age": float(a)} for s in range(2) for a in range(5)]
    rates = {}
    for first, second in zip(groups[:5], groups[5:], strict=True):
        metric = ClassificationMetric(actual, decided, unprivileged_groups=[first], privileged_groups=[second])
        for group, privileged in ((first, False), (second, True)):
            rates["|".join(names[name][int(code)] for name, code in group.items())] = [
                float(value)
                for value in (
                    metric.num_instances(privileged=privileged),
                    metric.accuracy(privileged=privileged),
                    metric.precision(privileged=privileged),
                    metric.true_positive_rate(privileged=privileged),
                    metric.false_positive_rate(privileged=privileged),
                    metric.selection_rate(privileged=privileged),
                )
            ]
    print(json.dumps({"cpu_s": cpu() - before, "rates": rates}))
