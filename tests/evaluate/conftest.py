"""Tables for the checks, written to a folder of the test."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.checks import CHECKS, CheckSettings
from shinrai.evaluate.measurement import Measurement
from shinrai.evaluate.targets.table import TableTarget, open_table

Columns = Mapping[str, Sequence[Any] | pa.Array]
MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]


@pytest.fixture(scope="session")
def cases() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))


@pytest.fixture
def target_of(tmp_path: Path) -> MakeTarget:
    """Write columns to a Parquet file and describe it; label, prediction and favourable have defaults."""

    def make(columns: Columns, **described: Any) -> TableTarget:
        file = tmp_path / "decisions.parquet"
        pq.write_table(pa.table(dict(columns)), file)
        described = {"id": "d", "label": "label", "favourable": 1, **described}
        if "prediction" in columns:
            described.setdefault("prediction", "prediction")
        return TableTarget(file=file, **described)

    return make


@pytest.fixture
def measure() -> Measure:
    """Run one check; the measurements by `subject.metric`."""

    def run(target: TableTarget, check: str, settings: CheckSettings | None = None) -> dict[str, Measurement]:
        with open_table(target) as table:
            measurements = CHECKS[check].measure(table, settings or CheckSettings())
        prefix = f"{target.id}.{check}."
        assert all(m.id.startswith(prefix) for m in measurements)
        assert len({m.id for m in measurements}) == len(measurements)
        return {m.id.removeprefix(prefix): m for m in measurements}

    return run
