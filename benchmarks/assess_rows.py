"""The whole assessment as its table grows from 10⁴ to 10⁷ rows: time and peak memory, beside fairlearn.

    .venv/bin/python benchmarks/assess_rows.py --rows 10000 100000 1000000 10000000

Predicted before the first run (2026-11-20): measuring grows by 0.05 CPU s per 10⁶ rows, the second implementation by
1.5 s per 10⁶ rows and 100 bytes a row, everything else is constant at about 4 CPU s, most of it imports and charts.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
SEED = 20261120
DESCRIPTION = """\
shinrai: 1
system:
  id: growing-table
  version: "1"
  name: {ja: 行数の試験, en: Growing table}
  purpose: {ja: 計測, en: Benchmark}
  roles: [provider]
  kinds: [predictive]
  affected_people: {ja: なし, en: None}
  decision_effect: {level: none, text: {ja: なし, en: None}}
  autonomy: advises
  data: [none]
  government_use: false
  public_facing: false
  stage: development
  regions: [JP]
  model: {name: generated, version: "1"}
frameworks:
  - {id: jp.guideline13, version: "2025-12-19"}
  - {id: jp.aigb, version: "1.2"}
people:
  - {id: owner, name: {ja: 担当, en: Owner}, position: {ja: 担当, en: Owner}}
targets:
  decisions:
    kind: table
    file: decisions.parquet
    label: label
    prediction: prediction
    score: score
    favourable: 1
    groups: [sex, age]
    intersections: [[sex, age]]
    share: counts
required: [JP-GL-C2]
"""
ROWS = f"""
COPY (
  SELECT CASE WHEN u1 < p THEN 1 ELSE 0 END AS label,
         CASE WHEN p + (u2 - 0.5) * 0.3 > 0.5 THEN 1 ELSE 0 END AS prediction,
         p AS score, CASE WHEN u3 < 0.4 THEN 'f' ELSE 'm' END AS sex,
         ['20s', '30s', '40s', '50s', '60s'][1 + (u4 * 5)::INT % 5] AS age
  FROM (SELECT round((hash(i, {SEED}) % 1000003) / 1000003, 6) AS p, (hash(i, 1) % 1000003) / 1000003 AS u1,
               (hash(i, 2) % 1000003) / 1000003 AS u2, (hash(i, 3) % 1000003) / 1000003 AS u3,
               (hash(i, 4) % 1000003) / 1000003 AS u4 FROM range($rows) AS t(i))
) TO '$file' (FORMAT parquet)
"""  # noqa: S608  (no outside text)
FAIRLEARN = """
import sys
import pandas as pd
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from sklearn.metrics import precision_score
rows = pd.read_parquet(sys.argv[1])
metrics = {"sr": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate, "ppv": precision_score}
for groups in (["sex"], ["age"], ["sex", "age"]):
    frame = MetricFrame(metrics=metrics, y_true=rows.label, y_pred=rows.prediction, sensitive_features=rows[groups])
    frame.difference(), frame.ratio()
"""


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--peer-up-to", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "assess_rows.json")
    given = parser.parse_args()
    figures = [measure(rows, rows <= given.peer_up_to) for rows in given.rows]
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps({"cores": os.cpu_count(), "figures": figures}, indent=1) + "\n")


def measure(rows: int, peer: bool) -> dict[str, object]:
    """Return the figures of one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "decisions.parquet"
        duckdb.sql(ROWS.replace("$rows", str(rows)).replace("$file", str(file)))
        (folder / "shinrai.yaml").write_text(DESCRIPTION, encoding="utf-8")
        shinrai = [sys.executable, "-m", "shinrai", "assess", str(folder / "shinrai.yaml")]
        ours = timed([*shinrai, "--home", str(folder / "home"), "--out", str(folder / "out"), "--quiet"])
        found: dict[str, object] = {"rows": rows, "file_bytes": file.stat().st_size, "assess": ours}
        if peer:
            found["fairlearn"] = timed([sys.executable, "-c", FAIRLEARN, str(file)])
        print(json.dumps(found), flush=True)
        return found


def timed(command: list[str]) -> dict[str, float]:
    """Return wall and CPU seconds and the peak resident size (MiB) of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1, 2):
        sys.exit(f"failed: {' '.join(command)}")
    scale = 1024 if sys.platform == "linux" else 1024 * 1024
    return {
        "wall_s": round(time.perf_counter() - start, 2),
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / scale, 1),
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
