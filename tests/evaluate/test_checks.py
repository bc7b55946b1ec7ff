from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.evaluate.checks import CHECKS, METRICS, error_measurements, planned, shows
from shinrai.evaluate.measurement import Coverage, Measurement, Outcome
from shinrai.evaluate.measurement_json import from_json, to_json
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget, open_table

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]
FILE = Path("x.parquet")


@pytest.mark.parametrize(
    ("target", "checks"),
    [
        (TableTarget("d", FILE, "y", 1), ["data_quality", "personal_data"]),
        (TableTarget("d", FILE, "y", 1, "p"), ["performance", "data_quality", "personal_data"]),
        (
            TableTarget("d", FILE, "y", 1, "p", groups=("g",)),
            ["performance", "group_fairness", "group_audit", "data_quality", "personal_data"],
        ),
        (
            TableTarget("d", FILE, "y", 1, None, "s", 0.5),
            ["performance", "calibration", "data_quality", "personal_data"],
        ),
        (
            TableTarget("d", FILE, "y", 1, "p", "s", groups=("g",)),
            ["performance", "group_fairness", "group_audit", "calibration", "data_quality", "personal_data"],
        ),
    ],
)
def test_planned(target: TableTarget, checks: list[str]) -> None:
    assert list(planned(target)) == checks


def test_every_check_says_what_it_shows_in_both_languages() -> None:
    for name, check in CHECKS.items():
        assert check.name == name
        assert check.title.ja != check.title.en
        assert check.needs.ja != check.needs.en
        leaves = shows(name)
        assert leaves
        assert all(leaf.startswith("JP-") and leaf.count(".") >= 1 for leaf in leaves)
    assert shows("calibration") == shows("group_fairness")
    with pytest.raises(KeyError):
        shows("nothing")


def test_no_two_checks_share_a_metric(target_of: MakeTarget, measure: Measure) -> None:
    names = [metric for metrics in METRICS.values() for metric in metrics]
    assert len(names) == len(set(names))
    columns = {
        "label": [1, 0] * 40,
        "prediction": [1, 1, 0, 0] * 20,
        "score": [0.5] * 80,
        "g": ["a"] * 40 + ["b"] * 40,
        "x": list(range(80)),
    }
    target = target_of(columns, score="score", groups=("g",))
    for check in planned(target):
        measured = measure(target, check)
        # The numbers of group_audit inform and take no limit.
        limited = {m.metric for m in measured.values()} if check != "group_audit" else set()
        assert limited == set(METRICS[check])
        for m in measured.values():
            assert m.title.ja != m.title.en
            assert m.rule is not None or not m.decisive
            assert from_json(to_json(m)) == m


def test_a_table_that_cannot_be_opened_is_an_error_of_each_check(tmp_path: Path) -> None:
    target = TableTarget("loans", tmp_path / "gone.parquet", "y", 1, "p", groups=("g",))
    with pytest.raises(TableError) as caught, open_table(target):
        pass
    for check in planned(target):
        (m,) = error_measurements(target, check, caught.value)
        assert m.id == f"loans.{check}.all.table"
        assert (m.outcome, m.value, m.n, m.coverage) == (Outcome.ERROR, None, 0, Coverage(0, 0))
        assert m.decisive
        assert m.rule is None
        assert m.title == CHECKS[check].title
        assert m.reason.en == "The file does not exist. Correct the path in the description."
        assert m.reason.ja == "ファイルがありません。システム記述のパスを直してください。"
        assert m.columns == ("y", "p", "g")
        assert str(tmp_path) not in repr(m)
        assert from_json(to_json(m)) == m


def test_a_subject_is_named_once() -> None:
    target = TableTarget("d", FILE, "y", 1, "p", groups=("g", "h", "g"), intersections=(("g", "h"), ("g", "h"), ("g",)))
    assert target.subjects == (("g",), ("h",), ("g", "h"))
    assert target.declared == ("y", "p", "g", "h")
