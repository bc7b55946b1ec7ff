"""Write made-up decisions as Parquet, a million rows at a time: the same bytes for the same sizes.

    audit_table_rows.py FILE ROWS [--attributes]

Columns: label, prediction (0 and 1), sex (2 levels), age (5); with fewer than 10⁸ rows a score too. With --attributes
eight columns a0 to a7 of 2 to 10 levels instead, whose 92 crossings of one to three have 10,041 levels; in one crossing
of three the selection rate is 15 points lower.
"""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 1_000_000
SEX = ["女性", "男性"]
AGE = ["20代", "30代", "40代", "50代", "60代以上"]
SIZES = [2, 3, 4, 5, 6, 7, 8, 10]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("rows", type=int)
    parser.add_argument("--attributes", action="store_true")
    given = parser.parse_args()
    writer = None
    for number, start in enumerate(range(0, given.rows, CHUNK)):
        rng = np.random.default_rng([5, given.rows, number])
        rows = min(CHUNK, given.rows - start)
        table = attributes(rng, rows) if given.attributes else decisions(rng, rows, scored=given.rows < 10**8)
        writer = writer or pq.ParquetWriter(given.file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def decisions(rng: np.random.Generator, rows: int, *, scored: bool) -> pa.Table:
    sex = rng.integers(0, len(SEX), rows, dtype=np.int8)
    age = rng.choice(len(AGE), rows, p=[0.15, 0.25, 0.25, 0.2, 0.15]).astype(np.int8)
    score = np.clip(rng.normal(0.45 + 0.03 * sex + 0.02 * (age == 1), 0.2), 0, 1)
    columns = {
        "label": (rng.random(rows) < 0.15 + 0.7 * score).astype(np.int8),
        "prediction": (score >= 0.5).astype(np.int8),
        "sex": named(sex, SEX),
        "age": named(age, AGE),
    }
    return pa.table(columns | {"score": score} if scored else columns)


def attributes(rng: np.random.Generator, rows: int) -> pa.Table:
    codes = [rng.integers(0, size, rows, dtype=np.int8) for size in SIZES]
    planted = (codes[1] == 2) & (codes[4] == 3) & (codes[6] == 1)
    columns = {
        "label": (rng.random(rows) < 0.5).astype(np.int8),
        "prediction": (rng.random(rows) < 0.4 - 0.15 * planted).astype(np.int8),
    }
    levels = [[f"区分{place}-{level}" for level in range(size)] for place, size in enumerate(SIZES)]
    return pa.table(columns | {f"a{place}": named(codes[place], levels[place]) for place in range(len(SIZES))})


def named(codes: np.ndarray, levels: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes, levels)


if __name__ == "__main__":
    main()
