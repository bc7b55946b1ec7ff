"""Tables whose rows come in clusters or have weights: what their rates and gaps rest on, and what is refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shinrai.evaluate.audit.frame import AuditFrame
from shinrai.evaluate.checks import CHECKS, CheckSettings
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget, open_table
from shinrai.evaluate.targets.units import LARGEST_WEIGHT


def rows(times: int = 1) -> dict[str, list[Any]]:
    """120 people of two groups; each person is there `times` times."""
    label = [int(i % 3 == 0) for i in range(120)] * times
    predicted = [int(i % 4 == 0 or i % 5 == 0) for i in range(120)] * times
    group = ["f" if i % 2 else "m" for i in range(120)] * times
    return {"y": label, "p": predicted, "g": group, "who": list(range(120)) * times, "w": [1.0] * 120 * times}


def measured(folder: Path, columns: dict[str, Sequence[Any]], check: str = "group_fairness", **roles: Any) -> Any:
    """Measure one check; by subject and metric."""
    file = folder / "t.parquet"
    pq.write_table(pa.table(dict(columns)), file)
    target = TableTarget("t", file, "y", 1, "p", **{"groups": ("g",), **roles})
    with open_table(target) as table:
        found = CHECKS[check].measure(table, CheckSettings())
    return {each.id.removeprefix(f"t.{check}."): each for each in found}


def numbers(one: Measurement) -> tuple[float | None, ...]:
    return (one.value, one.low, one.high, *(x for g in one.groups for x in (g.value, g.low, g.high)))


@pytest.mark.parametrize("times", [1, 4])
def test_persons_that_are_there_several_times_say_no_more_than_once(tmp_path: Path, times: int) -> None:
    once = measured(tmp_path, rows())
    again = measured(tmp_path, rows(times), cluster="who")
    for name, one in once.items():
        if name.endswith(".difference"):
            assert numbers(again[name])[::3] == pytest.approx(numbers(one)[::3])
            low, high = again[name].low, again[name].high
            assert low is not None and high is not None and one.low is not None and one.high is not None
            # With a person's rows all alike the cluster is one case; the interval leans to what t adds, never less.
            assert low <= one.low + 1e-9
            assert high >= one.high - 1e-9
            assert high - low < 1.2 * (one.high - one.low)
        assert again[name].columns == ("g", "y", "p", "who")


def test_taken_as_rows_the_same_persons_would_seem_to_say_more(tmp_path: Path) -> None:
    name = "g.selection_rate.difference"
    blind, seeing = measured(tmp_path, rows(4))[name], measured(tmp_path, rows(4), cluster="who")[name]
    assert blind.value == seeing.value
    assert seeing.high - seeing.low > 1.8 * (blind.high - blind.low)
    assert "clusters" in seeing.method
    assert seeing.needed_n is None


def test_equal_weights_are_wilsons_interval(tmp_path: Path) -> None:
    table = rows() | {"w": [2.5] * 120}
    plain, weighted = measured(tmp_path, table), measured(tmp_path, table, weight="w")
    for name in plain:
        for one, other in zip(plain[name].groups, weighted[name].groups, strict=True):
            assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))
            assert (other.successes, other.trials, other.n) == (None, None, one.n)
        assert weighted[name].n == plain[name].n


def test_weights_move_the_rate_and_widen_the_interval(tmp_path: Path) -> None:
    table = rows() | {"w": [3.0 if i % 4 == 0 else 0.5 for i in range(120)]}
    one = measured(tmp_path, table, "performance", weight="w")["all.selection_rate"]
    total = sum(table["w"])
    expected = sum(w for w, p in zip(table["w"], table["p"], strict=True) if p) / total
    assert one.value == pytest.approx(expected)
    effective = total**2 / sum(w * w for w in table["w"])
    narrow = wilson(48, 120)
    assert one.high - one.low > narrow.high - narrow.low
    assert effective < one.n == 120
    assert one.counts["t"] == round(total * 2**46)


def test_rows_without_weight_are_left_out_and_counted(tmp_path: Path) -> None:
    gone = {3: 0.0, 10: None, 17: float("nan"), 24: 1e-20}
    table = rows() | {"w": [gone.get(i, 1.0) for i in range(120)]}
    kept = {name: [v for i, v in enumerate(values) if i not in gone] for name, values in table.items()}
    with_gaps, without = measured(tmp_path, table, weight="w"), measured(tmp_path, kept, weight="w")
    for name, one in with_gaps.items():
        assert numbers(one) == numbers(without[name])
        assert (one.counts["weightless"], one.coverage.asked, one.n) == (4, 120, without[name].n)
        assert any("weight is 0 or missing: 4" in each.en and "4行" in each.ja for each in one.findings)


def test_spellings_of_one_group_are_one_before_clusters_are_squared(tmp_path: Path) -> None:
    spelled = rows(4)
    spelled["g"] = [each if i % 7 else each.upper() + "　" for i, each in enumerate(spelled["g"])]
    plain, merged = measured(tmp_path, rows(4), cluster="who"), measured(tmp_path, spelled, cluster="who")
    for name, one in plain.items():
        assert merged[name].counts == one.counts
        assert numbers(merged[name]) == numbers(one)


def test_a_group_of_one_cluster_is_listed_and_not_compared(tmp_path: Path) -> None:
    table = rows()
    table["who"] = [who if g == "m" else -1 for who, g in zip(table["who"], table["g"], strict=True)]
    for one in measured(tmp_path, table, cluster="who").values():
        assert one.value is None
        assert "(1)" in one.reason.en
        assert (one.groups[0].levels, one.groups[0].value, one.groups[0].n) == (("f",), None, 60)
        assert "one cluster" in one.groups[0].note.en


@pytest.mark.parametrize("unit", ["cluster", "weight"])
def test_whether_groups_differ_is_told_as_the_audit_of_the_table_tells_it(tmp_path: Path, unit: str) -> None:
    column = {"cluster": "who", "weight": "w"}[unit]
    table = rows(3) | {"w": [1.0 + i % 3 for i in range(360)]}
    found = measured(tmp_path, table, "group_audit", **{unit: column})
    named = {"sample_weight" if unit == "weight" else unit: column}
    file = tmp_path / "t.parquet"
    frame = AuditFrame(file, y_true="y", y_pred="p", favourable=1, sensitive_features="g", **named)
    for rate in ("selection_rate", "tpr", "fpr", "ppv"):
        one, p = found[f"g.{rate}.any_difference"], frame.chance[rate].p
        assert p is not None
        assert (one.low, one.high, one.outcome) == (one.value, one.value, Outcome.INCONCLUSIVE)
        assert one.value == pytest.approx(p, rel=1e-6)
        assert "shuts out 0" in one.method and unit in one.method
        assert any("plain shares" in each.en for each in one.findings)
        gap = measured(tmp_path, table, **{unit: column})[f"g.{rate}.difference"]
        assert (one.counts, one.n) == (gap.counts, gap.n)
        assert (gap.low > 0) is (p < 0.05)


def test_persons_that_are_there_several_times_make_no_difference_surer(tmp_path: Path) -> None:
    name = "g.tpr.any_difference"
    once = measured(tmp_path, rows(), "group_audit")[name]
    blind = measured(tmp_path, rows(4), "group_audit")[name]
    seeing = measured(tmp_path, rows(4), "group_audit", cluster="who")[name]
    assert blind.value < 0.01 < 0.5 * once.value < seeing.value < 2 * once.value


@pytest.mark.parametrize("unit", ["cluster", "weight"])
def test_what_asks_for_rows_that_are_alike_is_undefined_with_the_reason(tmp_path: Path, unit: str) -> None:
    table = rows() | {"s": [(i % 10) / 10 for i in range(120)], "where": ["a", "b"] * 60}
    roles = {unit: "who" if unit == "cluster" else "w", "score": "s", "strata": ("where",)}
    found = {
        name: one
        for check in ("group_audit", "calibration")
        for name, one in measured(tmp_path, table, check, **roles).items()
        if not name.endswith(".any_difference")
    }
    assert len(found) == 5
    for one in found.values():
        assert (one.value, one.outcome) == (None, Outcome.INCONCLUSIVE)
        assert "weights or clusters" in one.reason.en
    assert measured(tmp_path, table, "performance", **roles)["all.auc"].value is None


BAD_WEIGHTS = {
    "negative in 2 rows": [-1.0, -0.5],
    "infinite in 1 rows": [float("inf")],
    "beyond 65,536": [LARGEST_WEIGHT * 1.5],
}


@pytest.mark.parametrize("words", BAD_WEIGHTS)
def test_weights_that_cannot_be_are_refused(tmp_path: Path, words: str) -> None:
    table = rows()
    table["w"][5 : 5 + len(BAD_WEIGHTS[words])] = BAD_WEIGHTS[words]
    with pytest.raises(TableError, match=words) as caught:
        measured(tmp_path, table, weight="w")
    assert caught.value.place.field == "w"
    assert caught.value.fix is not None


@pytest.mark.parametrize(
    ("roles", "column", "words"),
    [
        ({"weight": "w"}, {"w": [0.0] * 120}, "No row has a weight above 0"),
        ({"weight": "w"}, {"w": ["heavy"] * 120}, "given as weight but is no number"),
        ({"weight": "v"}, {}, "no column “v”"),
        ({"cluster": "whom"}, {}, "no column “whom”"),
        ({"cluster": "who"}, {"who": [None, "", " ", *map(str, range(117))]}, "empty in 3 rows"),
        ({"cluster": "who"}, {"who": [float("nan"), *map(float, range(119))]}, "empty in 1 rows"),
        ({"cluster": "who"}, {"who": [[1]] * 120}, "cannot be a cluster"),
    ],
)
def test_columns_that_cannot_serve_are_refused(
    tmp_path: Path, roles: dict[str, str], column: dict[str, Any], words: str
) -> None:
    with pytest.raises(TableError, match=words) as caught:
        measured(tmp_path, rows() | column, **roles)
    assert caught.value.place.field == next(iter(roles.values()))
