"""MetricFrame of fairlearn on the file, with intervals by bootstrap where N_BOOT is not 0.

python fairlearn_audit.py FILE N_BOOT
"""

import json
import resource
import sys

import pandas as pd
from fairlearn.metrics import MetricFrame, count, false_positive_rate, selection_rate, true_positive_rate
from sklearn.metrics import accuracy_score, precision_score

METRICS = {
    "n": count,
    "accuracy": accuracy_score,
    "ppv": precision_score,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "selection_rate": selection_rate,
}


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    file, replicates = sys.argv[1], int(sys.argv[2])
    before = cpu()
    data = pd.read_parquet(file, columns=["label", "prediction", "sex", "age"])
    more = {"n_boot": replicates, "ci_quantiles": [0.025, 0.975], "random_state": 1} if replicates else {}
    frame = MetricFrame(
        metrics=METRICS,
        y_true=data["label"],
        y_pred=data["prediction"],
        sensitive_features=data[["sex", "age"]],
        **more,
    )
    by_group = frame.by_group
    frame.difference(), frame.ratio()
    if replicates:
        frame.by_group_ci, frame.difference_ci(), frame.ratio_ci()
    used = cpu() - before
    rates = {"|".join(levels): [float(value) for value in row] for levels, row in by_group.iterrows()}
    print(json.dumps({"cpu_s": used, "rates": rates}))
