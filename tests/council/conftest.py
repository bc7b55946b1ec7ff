"""Both implementations of the table checks, run on one table and compared."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from shinrai.council.seats import statistics
from shinrai.council.seats.recompute import CheckParameters, TableSettings, recompute
from shinrai.council.seats.recompute_seat import limit_rules
from shinrai.evaluate.checks import CHECKS, CheckSettings, error_measurements, planned
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget, open_table

Settings = Mapping[str, CheckSettings]


def measured(target: TableTarget, settings_: Settings) -> list[Measurement]:
    """What the checks record, as an assessment would."""
    names = planned(target)
    try:
        with open_table(target) as table:
            found: list[Measurement] = []
            for name in names:
                try:
                    found += CHECKS[name].measure(table, settings_.get(name, CheckSettings()))
                except TableError as error:
                    found += error_measurements(target, name, error)
            return found
    except TableError as error:
        return [one for name in names for one in error_measurements(target, name, error)]


def seat_settings(target: TableTarget) -> TableSettings:
    return TableSettings(
        id=target.id,
        label=target.label,
        prediction=target.prediction,
        score=target.score,
        threshold=target.threshold,
        favourable=target.favourable,
        groups=target.groups,
        intersections=target.intersections,
        strata=target.strata,
    )


def compared(target: TableTarget, settings_: Settings | None = None) -> dict[str, Measurement]:
    """Run both; fails with every disagreement in words. Returns the measurements by `check.subject.metric`."""
    chosen = settings_ or {}
    records = measured(target, chosen)
    assert records
    assert len({one.id for one in records}) == len(records)
    parameters = {
        name: CheckParameters(
            limit_rules(each.limits),
            frozenset(each.decide_on) if name == "group_fairness" else None,
            each.min_group,
        )
        for name, each in chosen.items()
    }
    again = recompute(target.file, seat_settings(target), records, parameters, peers=False)
    differences = [
        f"{one.id}: {again[one.id].difference}  [{one.outcome}; {one.reason.en if one.reason else ''}]"
        for one in records
        if not again[one.id].agrees
    ]
    assert not differences, "\n".join(differences)
    assert [one.outcome for one in records] == [again[one.id].outcome for one in records]
    for one in records:
        statistics_agree(one)
    return {one.id.removeprefix(f"{target.id}."): one for one in records}


def statistics_agree(one: Measurement) -> None:
    """The statistics seat, which sees no rows, derives the same interval from what the measurement carries."""
    if one.outcome not in (Outcome.PASS, Outcome.FAIL):
        return
    bounds = statistics._interval(one, 1)
    assert bounds is not None, one.id
    assert bounds == pytest.approx((one.low, one.high), rel=1e-9, abs=1e-9), one.id


def write(folder: Path, columns: Mapping[str, Any], name: str = "t.parquet") -> Path:
    file = folder / name
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    if name.endswith(".csv"):
        pacsv.write_csv(table, file)
    else:
        pq.write_table(table, file)
    return file


@pytest.fixture(name="compared", scope="session")
def _compared() -> Callable[..., dict[str, Measurement]]:
    return compared


@pytest.fixture(name="write", scope="session")
def _write() -> Callable[..., Path]:
    return write
