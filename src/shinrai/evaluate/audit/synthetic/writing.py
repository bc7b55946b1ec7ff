"""Draw rows of a population and write them, a batch at a time, so that memory does not grow with their number.

Every draw is of whole numbers against whole weights, so chances are met exactly. Batch k has its own stream of the
seed: the first n rows are the same however many follow, in Parquet as in CSV.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.synthetic.population import EMPLOYMENT, FAVOURABLE, UNFAVOURABLE, Population
from shinrai.evaluate.audit.synthetic.truth import HALF
from shinrai.language import ShinraiError, message

BATCH = 1 << 17
NUMBER, INCOME = "受付番号", "年収万円"
MOST_ROWS = 10**10

Ints = NDArray[np.int64]

# Yearly income starts here, by employment, and rises by two even draws of up to this much; in units of 10,000 yen.
_INCOMES = {
    "正社員": (260, 260),
    "契約社員": (200, 130),
    "派遣社員": (180, 110),
    "パート・アルバイト": (80, 70),
    "自営業": (150, 350),
}
_QUALIFIED_MORE = 60


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A population as arrays. cumulative: of the kinds' weights; chances in units of 1/parts; dictionary of levels."""

    population: Population
    cumulative: Ints
    parts: int
    qualified: Ints
    selected: Ints
    wrongly: Ints
    levels: tuple[tuple[str, ...], ...]
    codes: NDArray[np.int16]
    income_start: Ints
    income_spread: Ints


def _drawing(population: Population) -> _Drawing:
    kinds, parts = population.kinds, population.denominator
    columns = list(zip(*(kind.levels for kind in kinds), strict=True))
    levels = tuple(tuple(dict.fromkeys(column)) for column in columns)
    places = zip(levels, columns, strict=True)
    codes = np.array(
        [list(map({level: at for at, level in enumerate(known)}.__getitem__, column)) for known, column in places],
        dtype=np.int16,
    )
    incomes = [_INCOMES[level] for level in columns[population.attributes.index(EMPLOYMENT)]]

    def chances(of: Callable[[Any], Any]) -> Ints:
        found = [of(kind) for kind in kinds]
        whole = {chance: int(chance * parts) for chance in set(found)}
        return np.array([whole[chance] for chance in found], dtype=np.int64)

    return _Drawing(
        population,
        np.cumsum(np.array([kind.weight for kind in kinds], dtype=np.int64)),
        parts,
        chances(lambda kind: kind.qualified),
        chances(lambda kind: kind.selected),
        chances(lambda kind: kind.selected_unqualified),
        levels,
        codes,
        np.array([start for start, _ in incomes], dtype=np.int64),
        np.array([spread for _, spread in incomes], dtype=np.int64),
    )


def batches(population: Population, rows: int, seed: int) -> Iterator[Any]:
    """Yield the rows as Arrow record batches of at most BATCH rows.

    rows: from 1 to MOST_ROWS; seed: 0 or more; ValueError otherwise. Columns: a number, the attributes, the income,
    label, prediction and score.
    """
    if not 1 <= rows <= MOST_ROWS or seed < 0:
        raise ValueError(f"need 1 to {MOST_ROWS} rows and a seed of 0 or more, got {rows} and {seed}")
    drawing = _drawing(population)
    for number, start in enumerate(range(0, rows, BATCH)):
        wanted = min(BATCH, rows - start)
        # The whole batch is drawn even where its head is enough, so that a longer table begins with a shorter one.
        stream = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number,))))
        yield _batch(drawing, stream, start).slice(0, wanted)


def _batch(drawing: _Drawing, stream: np.random.Generator, start: int) -> Any:
    import pyarrow as pa

    population = drawing.population
    kind = np.searchsorted(drawing.cumulative, stream.integers(0, drawing.cumulative[-1], BATCH), side="right")
    good = stream.integers(0, drawing.parts, BATCH) < drawing.qualified[kind]
    chance = np.where(good, drawing.selected[kind], drawing.wrongly[kind])
    selected = stream.integers(0, drawing.parts, BATCH) < chance
    spread = drawing.income_spread[kind]
    income = drawing.income_start[kind] + stream.integers(0, spread + 1) + stream.integers(0, spread + 1)
    columns: dict[str, Any] = {NUMBER: pa.array(np.arange(start + 1, start + 1 + BATCH))}
    for number, name in enumerate(population.attributes):
        codes = pa.array(drawing.codes[number][kind])
        columns[name] = pa.DictionaryArray.from_arrays(codes, pa.array(drawing.levels[number]))
    columns[INCOME] = pa.array(income + _QUALIFIED_MORE * good)
    for name, favourable in ((population.wording.label, good), (population.wording.prediction, selected)):
        outcome = pa.array(np.where(favourable, 0, 1).astype(np.int8))
        columns[name] = pa.DictionaryArray.from_arrays(outcome, pa.array([FAVOURABLE, UNFAVOURABLE]))
    columns[population.wording.score] = pa.array((HALF * selected + _step(stream, good)) / (2 * HALF))
    return pa.record_batch(columns)


def _step(stream: np.random.Generator, good: NDArray[np.bool_]) -> Ints:
    """Step of a score within its half: weight j + 1 at step j for favourable labels, HALF - j for others."""
    ends = np.cumsum(np.arange(1, HALF + 1, dtype=np.int64))
    rising = np.searchsorted(ends, stream.integers(0, ends[-1], good.size), side="right")
    return np.where(good, rising, HALF - 1 - rising)


def write_rows(population: Population, rows: int, seed: int, file: Path) -> None:
    """Write rows to a .parquet or .csv file, whole or not at all. ShinraiError: another kind of file, or no room."""
    kind = file.suffix.lower()
    if kind not in {".parquet", ".csv"}:
        raise ShinraiError(
            message("A table cannot be written to a file of the kind “{kind}”.", kind=kind),
            fix=message("Name a file that ends in .parquet or .csv."),
        )
    try:
        descriptor, temporary = mkstemp(dir=file.parent, prefix=f".{file.name}.")
        os.close(descriptor)
        try:
            _write(population, rows, seed, Path(temporary), kind)
            Path(temporary).replace(file)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise ShinraiError(
            message("{file} cannot be written: {reason}.", file=str(file), reason=error.strerror or "I/O error")
        ) from None


def _write(population: Population, rows: int, seed: int, file: Path, kind: str) -> None:
    writer = None
    try:
        for batch in batches(population, rows, seed):
            if writer is None:
                writer = _writer(file, kind, batch.schema)
            writer.write_batch(batch)
    finally:
        if writer is not None:
            writer.close()


def _writer(file: Path, kind: str, schema: Any) -> Any:
    if kind == ".parquet":
        import pyarrow.parquet as pq

        return pq.ParquetWriter(str(file), schema, compression="zstd")
    from pyarrow import csv

    return _Csv(csv.CSVWriter(str(file), _plain(schema), write_options=csv.WriteOptions(quoting_style="needed")))


def _plain(schema: Any) -> Any:
    import pyarrow as pa

    def of(field: Any) -> Any:
        return pa.field(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type)

    return pa.schema([of(field) for field in schema])


@dataclass(frozen=True, slots=True)
class _Csv:
    """A CSV writer that takes the batches the Parquet writer takes; CSV has no dictionaries."""

    writer: Any

    def write_batch(self, batch: Any) -> None:
        self.writer.write_batch(batch.cast(_plain(batch.schema)))

    def close(self) -> None:
        self.writer.close()
