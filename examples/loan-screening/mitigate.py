"""What could be done about the gaps of the loan-screening example, and what it would cost: run after train.py.

    python examples/loan-screening/mitigate.py --data examples/loan-screening/data --out out/loan-mitigation

Two ways, both measured on applications that neither of them was fitted to:

1. Reweighing: the model is trained again with weights under which race and approval are independent.
2. A threshold of its own for each race, so that applicants the lenders approved are found equally often.

Neither is a recommendation. There are few applicants of some groups, so the intervals are wide; the label is what
lenders decided in 1990, so "right" means "like them"; and thresholds by race are unlawful for lending in many places.
"""

import argparse
import csv
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SHINRAI = [sys.executable, "-m", "shinrai", "audit"]
ROLES = ["--label", "approved", "--favourable", "1", "--group", "race"]


def training() -> ModuleType:
    """Load train.py, which stands beside this file and in no package."""
    sys.path.insert(0, str(HERE))
    return importlib.import_module("train")


def halves(train: ModuleType) -> tuple[Any, Any]:
    """Return the rows that train.py fits on, and those it decides."""
    rows = train.applications()
    return tuple(train_test_split(rows, test_size=0.5, random_state=train.SEED, stratify=rows[train.LABEL]))


def reweighed(out: Path) -> None:
    """Write the weights of the training rows, and the decisions of a model trained with them."""
    train = training()
    known, unseen = halves(train)
    plain = train.fit(known)
    lenders = train.decisions(known, np.zeros(len(known)), 1.0)
    pq.write_table(lenders, out / "training-rows.parquet")
    weights = out / "weights.csv"
    run("mitigate", "weights", out / "training-rows.parquet", *ROLES, "--out", weights, "--force")
    with weights.open(encoding="utf-8", newline="") as opened:
        by_cell = {(row["race"], row["approved"]): float(row["weight"]) for row in csv.DictReader(opened)}
    cells = zip(lenders["race"].to_pylist(), map(str, lenders["approved"].to_pylist()), strict=True)
    plain.fit(
        known[train.FEATURES], known[train.LABEL], logisticregression__sample_weight=[by_cell[cell] for cell in cells]
    )
    # As in train.py: as large a share as the lenders approved, so that a gap is not one of strictness.
    chance = train.chance_of_approval(plain, known)
    threshold = float(np.quantile(chance, 1 - known[train.LABEL].mean()))
    pq.write_table(
        train.decisions(unseen, train.chance_of_approval(plain, unseen), threshold), out / "reweighed.parquet"
    )


def run(*arguments: object, accepted: tuple[int, ...] = (0,)) -> None:
    """Show a command and run it."""
    given = [str(each) for each in arguments]
    print("\n$ shinrai audit " + " ".join(given), flush=True)
    code = subprocess.run([*SHINRAI, *given], check=False).returncode  # noqa: S603  (our own commands)
    if code not in accepted:
        sys.exit(f"stopped: this command ended with exit code {code}")


def main() -> None:
    """Audit the decisions as they are, reweighed, and with thresholds for each group."""
    parser = argparse.ArgumentParser(description="Lessen the gaps of the loan-screening example.")
    parser.add_argument("--data", type=Path, required=True, help="folder that train.py wrote into")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is made here")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    # 0, 1 and 2 are findings about the model.
    findings = (0, 1, 2)
    run("table", given.data / "decisions.parquet", *ROLES, "--prediction", "predicted", accepted=findings)
    reweighed(given.out)
    run("table", given.out / "reweighed.parquet", *ROLES, "--prediction", "predicted", accepted=findings)
    thresholds = ["--score", "probability", "--prediction", "predicted", "--equal", "tpr", "--rate", "0.91"]
    point = ["--deterministic", "--model-file", given.data / "model.json", "--out", given.out / "operating-point.yaml"]
    run("mitigate", "thresholds", given.data / "decisions.parquet", *ROLES, *thresholds, *point, "--force")


if __name__ == "__main__":
    main()
