"""Training under a constraint closes the gap on rows held back, and what it costs is shown like any other outcome."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from shinrai.evaluate.audit.mitigation.parts import Split
from shinrai.evaluate.audit.mitigation.reductions import reduce
from shinrai.evaluate.audit.mitigation.rows import Rows, read_rows
from shinrai.evaluate.audit.mitigation.thresholds import Equal
from shinrai.language import ShinraiError

pytest.importorskip("fairlearn")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """3,000 rows whose feature is lower in one group, so that a model selects fewer of it."""
    rng = np.random.default_rng(4)
    group = rng.integers(0, 2, 3_000)
    good = rng.random(3_000) < 0.5
    x = rng.normal(1.2 * good - 0.8 * group, 1.0)
    lines = ["k,g,y,x,w"]
    lines += [
        f"{n},{'ab'[g]},{int(y)},{v:.4f},{'uv'[n % 2]}" for n, (g, y, v) in enumerate(zip(group, good, x, strict=True))
    ]
    lines += ["9000,,1,0.5,u", "9001,a,,0.5,v"]
    file = tmp_path_factory.mktemp("rows") / "rows.csv"
    Path(file).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_rows(file, ("g",), ("y", "x", "w"), Split(1, Fraction(1, 2), "k"))


@pytest.mark.parametrize("equal", [Equal.SELECTION_RATE, Equal.TPR])
def test_the_gap_closes_on_rows_held_back(rows: Rows, equal: Equal) -> None:
    found = reduce(rows, "y", "1", ["x", "w"], equal)
    gap = found.outcome.gaps[equal.value]
    assert gap.before is not None
    assert gap.after is not None
    assert gap.before.interval.low > 0.05
    assert gap.after.interval.high < gap.before.interval.low
    assert found.left_out == 2
    assert found.fitted + found.outcome.overall.rows == 3_000
    assert found.models >= 1
    assert [group.levels for group in found.outcome.groups] == [("a",), ("b",)]


def test_what_cannot_be_trained_is_said(rows: Rows) -> None:
    with pytest.raises(ShinraiError, match="labels of one kind"):
        reduce(rows, "y", "nothing", ["x"], Equal.TPR)
    names = Rows(
        rows.keys, rows.held_back, rows.levels, {**rows.columns, "name": np.array(rows.keys, dtype=object)}, ""
    )
    with pytest.raises(ShinraiError, match="more than 100 words"):
        reduce(names, "y", "1", ["name"], Equal.TPR)
