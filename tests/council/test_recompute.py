"""The second derivation of the table checks: exact tables, hostile files, and measurements that were tampered with."""

import ast
import dataclasses
import hashlib
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from string import Formatter

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.council.seats import intervals, recompute_columns, recompute_file, recompute_peers, recompute_rates
from shinrai.council.seats import recompute as seat
from shinrai.council.seats.recompute import CheckParameters, TableSettings, recompute
from shinrai.council.seats.recompute_personal import (
    binomial_tail,
    is_card_number,
    is_my_number,
    name_says_so,
    values_say_so,
)
from shinrai.council.seats.recompute_values import WHITE_SPACE, canonical, subject
from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement, Outcome, Rule
from shinrai.evaluate.statistics.decision import needed_n
from shinrai.evaluate.statistics.interval import Interval
from shinrai.language import Bilingual, Language, Message

SAID = Bilingual(ja="値", en="value")
TARGET = TableSettings("loans", "label", "decision", groups=("group",), favourable=1)
SCORED = TableSettings("loans", "label", score="score", threshold=0.5, groups=("group",), favourable=1)


def write(folder, columns, name="table.parquet"):
    path = folder / name
    table = pa.table(columns)
    if name.endswith(".csv"):
        pacsv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    return path


def rows(*cells):
    """Columns from (group, label, decision, how many)."""
    group, label, decision = ([cell[place] for cell in cells for _ in range(cell[3])] for place in range(3))
    return {"group": group, "label": label, "decision": decision}


def faithful(file, target, parameters=None):
    """What an honest check would record, by id: built from the derivation itself."""
    parameters = parameters or {}
    asked = list(seat._questions(target))
    answers = seat._answer(file, target, asked, parameters, peers=False)
    recorded = {}
    for question, derived in answers.derived.items():
        if (question.metric == "table") is not (answers.rows == 0):
            continue
        check = parameters.get(question.check, CheckParameters())
        rule = seat._rule(question, check, derived)
        outcome = Outcome.ERROR if derived.fault else intervals.decide(rule, derived.low, derived.high)
        groups = tuple(GroupEstimate(**dataclasses.asdict(group)) for group in derived.groups)
        name = seat._id(target, question)
        recorded[name] = Measurement(
            name, target.id, question.check, question.metric, seat._columns(target, question, answers.columns), SAID,
            derived.value, derived.low, derived.high, 0.95, derived.n, Coverage(derived.used, answers.rows), outcome,
            rule, seat._decisive(question, check), "test", needed_n=needed(derived, rule, outcome), groups=groups,
            counts=derived.counts,
        )  # fmt: skip
    return recorded


def needed(derived, rule, outcome):
    """The rows that would decide, as the checks find them."""
    if outcome is not Outcome.INCONCLUSIVE or rule is None or derived.at is None:
        return None
    return needed_n(derived.n, derived.value, lambda k: Interval(*derived.at(k)), rule)


def derive(file, target, parameters=None, *, peers=False):
    """Every measurement of a target, derived again and keyed by `check.subject.metric`."""
    recorded = faithful(file, target, parameters)
    results = recompute(file, target, list(recorded.values()), parameters or {}, peers=peers)
    disagreeing = {name: str(one.difference) for name, one in results.items() if not one.agrees}
    assert not disagreeing
    return {name.removeprefix(f"{target.id}."): one for name, one in results.items()}


FAIR_CELLS = [
    *(("men", 1, 1, 360), ("men", 1, 0, 90), ("men", 0, 1, 90), ("men", 0, 0, 360)),
    *(("women", 1, 1, 40), ("women", 1, 0, 10), ("women", 0, 1, 10), ("women", 0, 0, 40)),
]
FAIR = rows(*FAIR_CELLS)


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_a_90_10_population_that_is_fair_by_construction(tmp_path, name):
    got = derive(write(tmp_path, FAIR, name), TARGET)
    for rate in ("selection_rate", "tpr", "fpr", "ppv"):
        assert got[f"group_fairness.group.{rate}.difference"].value == 0
        assert got[f"group_fairness.group.{rate}.difference"].low == 0
        assert got[f"group_fairness.group.{rate}.ratio"].value == 1
        assert got[f"group_fairness.group.{rate}.ratio"].high == 1
    assert got["performance.all.accuracy"].value == 0.8
    assert got["performance.all.accuracy"].outcome is Outcome.PASS
    assert got["performance.all.tpr"].value == 0.8
    assert got["performance.all.fpr"].value == 0.2
    # Equal rates are not yet shown to be equal with 100 rows in the smaller group.
    assert got["group_fairness.group.tpr.difference"].outcome is Outcome.INCONCLUSIVE
    assert got["group_fairness.group.selection_rate.ratio"].outcome is Outcome.PASS
    assert got["group_fairness.group.selection_rate.ratio"].n == 1000
    low, high = intervals.difference(40, 50, 360, 450, intervals.simultaneous_z(1))
    assert got["group_fairness.group.tpr.difference"].high == pytest.approx(max(abs(low), abs(high)))


def test_a_group_without_positives_is_listed_and_not_compared(tmp_path):
    table = rows(("a", 1, 1, 40), ("a", 1, 0, 10), ("b", 1, 1, 30), ("b", 1, 0, 20), ("c", 0, 0, 50), ("c", 0, 1, 5))
    file = write(tmp_path, table)
    got = derive(file, TARGET)
    assert got["group_fairness.group.tpr.difference"].value == pytest.approx(0.2)
    assert got["group_fairness.group.tpr.difference"].n == 100
    # Only one level has negatives at all.
    fpr = got["group_fairness.group.fpr.difference"]
    assert (fpr.value, fpr.outcome, fpr.n) == (None, Outcome.INCONCLUSIVE, 55)
    listed = faithful(file, TARGET)["loans.group_fairness.group.tpr.difference"].groups
    assert [(group.levels, group.trials, group.value) for group in listed] == [
        (("a",), 50, 0.8),
        (("b",), 50, 0.6),
        (("c",), 0, None),
    ]


def test_nobody_selected_leaves_the_ratio_undefined(tmp_path):
    got = derive(write(tmp_path, rows(("a", 1, 0, 40), ("a", 0, 0, 40), ("b", 1, 0, 40), ("b", 0, 0, 40))), TARGET)
    ratio = got["group_fairness.group.selection_rate.ratio"]
    assert (ratio.value, ratio.low, ratio.high, ratio.outcome) == (None, None, None, Outcome.INCONCLUSIVE)
    assert got["group_fairness.group.selection_rate.difference"].value == 0
    assert got["performance.all.ppv"].n == 0


def test_a_gap_beyond_doubt_fails(tmp_path):
    table = rows(("a", 1, 1, 900), ("a", 1, 0, 100), ("b", 1, 1, 400), ("b", 1, 0, 600), ("a", 0, 0, 50))
    got = derive(write(tmp_path, table), TARGET)
    assert got["group_fairness.group.tpr.difference"].outcome is Outcome.FAIL
    assert got["group_fairness.group.tpr.ratio"].value == pytest.approx(4 / 9)
    assert got["group_fairness.group.tpr.ratio"].outcome is Outcome.FAIL


def test_spellings_are_merged_by_width_case_and_trim(tmp_path):
    table = rows(
        *(("Tokyo", 1, 1, 20), ("ＴＯＫＹＯ", 1, 0, 30), (" tokyo ", 0, 1, 20), ("Tokyo", 0, 0, 30)),
        *(
            ("大阪", 1, 1, 25),
            ("大阪 ", 0, 0, 25),
            ("", 1, 1, 3),
            (None, 0, 0, 4),
            ("(missing)", 0, 0, 40),
            ("kyoto", 0, 1, 29),
        ),
    )
    file = write(tmp_path, table)
    groups = faithful(file, TARGET)["loans.group_fairness.group.selection_rate.ratio"].groups
    assert [(group.levels, group.n, group.suppressed) for group in groups] == [
        (("Tokyo",), 100, False),
        (("kyoto",), None, True),
        (("大阪",), 50, False),
        (("(missing)",), 47, False),
    ]
    got = derive(file, TARGET)["group_fairness.group.selection_rate.ratio"]
    assert got.value == pytest.approx(0.4 / 0.5)
    assert got.n == 150


def test_intersections_leave_out_what_is_partly_missing(tmp_path):
    table = rows(*FAIR_CELLS)
    table["age"] = ["young", "old", None, "old"] * (len(table["label"]) // 4)
    target = dataclasses.replace(TARGET, groups=("group", "age"), intersections=(("group", "age"),))
    file = write(tmp_path, table)
    groups = faithful(file, target)["loans.group_fairness.group-and-age.selection_rate.difference"].groups
    assert {group.levels for group in groups} == {
        (group, age) for group in ("men", "women") for age in ("young", "old", "(missing)")
    }
    got = derive(file, target)["group_fairness.group-and-age.selection_rate.difference"]
    # 25 young women are too few to be shown.
    assert got.n == 725
    pairs = list(zip(table["group"], table["age"], table["decision"], strict=True))
    rates = [
        Fraction(sum(p for g, a, p in pairs if (g, a) == level), sum((g, a) == level for g, a, _ in pairs))
        for level in {(g, a) for g, a, _ in pairs if a} - {("women", "young")}
    ]
    assert got.value == pytest.approx(float(max(rates) - min(rates)))


def test_rows_without_label_or_prediction_are_counted_and_not_used(tmp_path):
    table = rows(
        ("a", 1, 1, 40), ("a", 0, 0, 40), ("a", None, 1, 5), ("b", 1, None, 7), ("b", 1, 1, 40), ("b", 0, 0, 33)
    )
    file = write(tmp_path, table)
    got = derive(file, TARGET)
    assert got["performance.all.accuracy"].n == 153
    recorded = faithful(file, TARGET)["loans.performance.all.tpr"]
    assert recorded.coverage == Coverage(80, 165)
    assert recorded.counts == {"tp": 80, "fp": 0, "fn": 0, "tn": 73}
    groups = faithful(file, TARGET)["loans.group_fairness.group.selection_rate.ratio"].groups
    assert [(group.n, group.trials) for group in groups] == [(85, 80), (80, 73)]


@pytest.mark.parametrize(
    ("change", "faulty", "words"),
    [
        ({"label": [1] * 120}, "performance.all.accuracy", "single class"),
        ({"group": list(range(120))}, "group_fairness.group.fpr.difference", "more levels"),
        ({"group": ["x" * 201, "y"] * 60}, "group_fairness.group.fpr.difference", "long texts"),
        ({"group": [None, ""] * 60}, "group_fairness.group.ppv.ratio", "no row has a value"),
        ({"group": pa.array(range(120), pa.date32())}, "group_fairness.group.ppv.ratio", "dates"),
    ],
)
def test_a_fault_of_the_data_is_an_error_and_only_that(tmp_path, change, faulty, words):
    table = rows(("a", 1, 1, 30), ("a", 0, 0, 30), ("b", 1, 0, 30), ("b", 0, 1, 30)) | change
    file = write(tmp_path, table)
    assert derive(file, TARGET)[faulty].outcome is Outcome.ERROR
    assert derive(file, TARGET)["data_quality.all.duplicates"].outcome is not Outcome.ERROR
    honest = faithful(file, TARGET)[f"loans.{faulty}"]
    invented = dataclasses.replace(honest, outcome=Outcome.PASS, value=0.0, low=0.0, high=0.0)
    got = recompute(file, TARGET, [invented], {})[honest.id]
    assert (got.agrees, got.outcome, got.value) == (False, Outcome.ERROR, None)
    assert words in str(got.difference)
    with_value = dataclasses.replace(honest, value=0.5)
    assert not recompute(file, TARGET, [with_value], {})[honest.id].agrees
    undecisive = dataclasses.replace(honest, decisive=not honest.decisive)
    assert not recompute(file, TARGET, [undecisive], {})[honest.id].agrees


@pytest.mark.parametrize(
    ("target", "change", "words"),
    [
        (TARGET, {"label": [1, 0, 2] * 40}, "two short values"),
        (TARGET, {"label": [5, 6] * 60}, "favourable"),
        (TARGET, {"label": ["1" + " " * (i % 1001) for i in range(120)]}, None),
        (TARGET, {"label": [f"1{' ' * i}" for i in range(120)], "decision": ["0"] * 120}, None),
        (TARGET, {"label": ["1", "x" * 201] * 60}, "two short values"),
        (TARGET, {"label": pa.array(range(120), pa.date32())}, "dates"),
        (TARGET, {"decision": [0.25, 0.5, 0.75] * 40}, "two short values"),
        (TARGET, {"decision": [0.25, 1.0] * 60}, "two short values"),
        (TARGET, {"decision": [1, 2] * 60}, "written differently"),
        (TARGET, {" ": [1] * 120}, "no name"),
        (TARGET, {"Group": [1] * 120}, "same name"),
        (TARGET, {f"c{i}": [1] * 120 for i in range(1998)}, "more than 2000 columns"),
        (dataclasses.replace(TARGET, groups=("other",)), {}, "no column “other”"),
        (SCORED, {"score": ["0.5"] * 120}, "no numbers"),
        (SCORED, {"score": [0.5, 1.5] * 60}, "outside 0 to 1"),
        (SCORED, {"score": [0.5, float("inf")] * 60}, "outside 0 to 1"),
        (dataclasses.replace(SCORED, threshold=None), {"score": [0.5] * 120}, "nor a threshold"),
    ],
)
def test_a_fault_of_the_whole_table_is_one_error_for_each_check(tmp_path, target, change, words):
    table = rows(("a", 1, 1, 30), ("a", 0, 0, 30), ("b", 1, 0, 30), ("b", 0, 1, 30))
    sound = write(tmp_path, table | {"score": [0.5] * 120}, "sound.parquet")
    file = write(tmp_path, table | change)
    recorded = faithful(file, target)
    if words is None:
        assert not any(name.endswith(".table") for name in recorded)
        return
    assert {name.split(".", 1)[1] for name in recorded} >= {"data_quality.all.table", "performance.all.table"}
    assert all(name.endswith(".all.table") for name in recorded)
    for one in recorded.values():
        assert (one.outcome, one.rule, one.decisive, one.n) == (Outcome.ERROR, None, True, 0)
        assert one.columns == target.declared
        # The same words about a table without that fault are a disagreement, and so is anything but the error.
        other = dataclasses.replace(target, groups=("group",), threshold=0.5)
        said = recompute(sound, other, [dataclasses.replace(one, columns=other.declared)], {})[one.id]
        assert "no such fault" in str(said.difference)
        passed = dataclasses.replace(one, outcome=Outcome.PASS)
        assert words in str(recompute(file, target, [passed], {})[one.id].difference)
    assert {each.outcome for each in derive(file, target).values()} == {Outcome.ERROR}


def test_bytes_that_only_some_checks_read_are_their_error_alone(tmp_path):
    text = pa.array(["ok"] * 120)
    broken = pa.Array.from_buffers(pa.string(), 120, [None, text.buffers()[1], pa.py_buffer(b"o\xff" * 120)])
    file = write(tmp_path, rows(("a", 1, 1, 60), ("b", 0, 0, 60)) | {"note": broken})
    got = derive(file, TARGET)
    assert got["performance.all.accuracy"].outcome is Outcome.PASS
    honest = faithful(write(tmp_path, FAIR, "sound.parquet"), TARGET)
    passing = honest["loans.data_quality.all.constant"]
    assert "not recorded as an error" in str(recompute(file, TARGET, [passing], {})[passing.id].difference)


def test_an_error_that_the_data_do_not_have_is_not_confirmed(tmp_path):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)["loans.performance.all.accuracy"]
    hidden = dataclasses.replace(honest, outcome=Outcome.ERROR, value=None, low=None, high=None)
    got = recompute(file, TARGET, [hidden], {})[honest.id]
    assert not got.agrees
    assert "no such fault" in str(got.difference)


def test_too_many_levels_of_a_real_column(tmp_path):
    table = {"group": [f"v{i % 201}" for i in range(6030)], "label": [0, 1] * 3015, "decision": [0, 1, 1] * 2010}
    got = derive(write(tmp_path, table), TARGET)
    assert got["group_fairness.group.tpr.difference"].outcome is Outcome.ERROR
    table["group"] = [f"v{i % 200}" for i in range(6030)]
    got = derive(write(tmp_path, table), TARGET)
    assert got["group_fairness.group.selection_rate.difference"].outcome is not Outcome.ERROR


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.parquet", b""),
        ("table.parquet", b"PAR1 and nothing more PAR1"),
        ("table.csv", b""),
        ("table.csv", b"label,decision,group\n1,0\n1,2,3,4\n"),
        ("table.csv", b"label,decision,group\n"),
        ("table.csv", b"label,decision,group\n\xff\xfe,1,a\n"),
        ("table.csv", b"label,label,group\n1,1,a\n"),
        ("table.csv", b"label,group\n1,a\n"),
        ("table.xlsx", b"PK"),
        (None, b""),
    ],
)
def test_a_broken_file_is_words_and_never_an_exception(tmp_path, name, content):
    sound = write(tmp_path, FAIR, "sound.parquet")
    file = tmp_path / (name or "nowhere.parquet")
    if name:
        file.write_bytes(content)
    honest = list(faithful(sound, TARGET).values())
    for one in recompute(file, TARGET, honest, {}).values():
        assert (one.agrees, one.value, one.outcome) == (False, None, Outcome.ERROR)
        assert str(one.difference).startswith("not recorded as an error, although")


@given(st.binary(max_size=400), st.integers(0, 2000))
@settings(max_examples=25, deadline=None)
def test_a_damaged_parquet_file_never_raises(tmp_path_factory, noise, where):
    folder = tmp_path_factory.mktemp("damaged")
    file = write(folder, FAIR)
    content = file.read_bytes()
    file.write_bytes(content[:where] + noise + content[where + len(noise) :])
    honest = faithful(write(folder, FAIR, "sound.parquet"), TARGET)
    assert set(recompute(file, TARGET, list(honest.values()), {}, peers=False)) == set(honest)


TAMPERS = {
    "value": lambda m: {"value": m.value + 1e-6},
    "value away": lambda _: {"value": None},
    "low": lambda m: {"low": m.low + 1e-4},
    "high": lambda m: {"high": m.high - 1e-4},
    "n": lambda m: {"n": m.n + 1},
    "used": lambda m: {"coverage": Coverage(m.coverage.used - 1, m.coverage.asked)},
    "asked": lambda m: {"coverage": Coverage(m.coverage.used, m.coverage.asked + 1)},
    "outcome": lambda m: {"outcome": Outcome.FAIL if m.outcome is not Outcome.FAIL else Outcome.PASS},
    "decisive": lambda m: {"decisive": not m.decisive},
    "limit": lambda m: {"rule": Rule(m.rule.comparison, m.rule.limit + 0.01)},
    "comparison": lambda _: {"rule": Rule(Comparison.AT_LEAST, -1.0)},
    "rule away": lambda _: {"rule": None},
    "level": lambda _: {"level": 0.9},
    "metric": lambda _: {"metric": "other"},
    "check": lambda _: {"check": "other"},
    "target": lambda _: {"target": "other"},
}


@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_tampered_measurement_is_detected(tmp_path, tamper):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)
    for name in (
        "loans.performance.all.accuracy",
        "loans.group_fairness.group.tpr.difference",
        "loans.data_quality.all.missing",
        "loans.data_quality.all.duplicates",
        "loans.personal_data.all.columns",
    ):
        changed = dataclasses.replace(honest[name], **TAMPERS[tamper](honest[name]))
        if changed == honest[name]:
            continue
        got = recompute(file, TARGET, [changed], {}, peers=False)[name]
        assert not got.agrees
        assert got.difference is not None
        assert recompute(file, TARGET, [honest[name]], {}, peers=False)[name].agrees


GROUP_TAMPERS = {
    "n": {"n": 899},
    "successes": {"successes": 361},
    "trials": {"trials": 451},
    "value": {"value": 0.81},
    "low": {"low": 0.7},
    "high": {"high": 0.9},
    "value away": {"value": None, "low": None, "high": None},
    "suppressed": {"suppressed": True},
    "levels": {"levels": ("others",)},
}


@pytest.mark.parametrize("tamper", GROUP_TAMPERS)
def test_a_tampered_group_is_detected(tmp_path, tamper):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)["loans.group_fairness.group.tpr.difference"]
    first, *others = honest.groups
    changed = dataclasses.replace(honest, groups=(dataclasses.replace(first, **GROUP_TAMPERS[tamper]), *others))
    assert not recompute(file, TARGET, [changed], {}, peers=False)[honest.id].agrees
    for groups in ((first,), (*honest.groups, first), (*honest.groups, dataclasses.replace(first, levels=("x",)))):
        changed = dataclasses.replace(honest, groups=groups)
        assert not recompute(file, TARGET, [changed], {}, peers=False)[honest.id].agrees


def test_counts_and_suppressed_groups_can_not_be_changed(tmp_path):
    table = rows(*FAIR_CELLS, ("few", 1, 1, 4))
    file = write(tmp_path, table)
    recorded = faithful(file, TARGET)
    accuracy = recorded["loans.performance.all.accuracy"]
    changed = dataclasses.replace(accuracy, counts={**accuracy.counts, "tp": 1})
    assert "count tp" in str(recompute(file, TARGET, [changed], {}, peers=False)[changed.id].difference)
    ratio = recorded["loans.group_fairness.group.tpr.ratio"]
    few = dataclasses.replace(ratio.groups[0], n=4)
    changed = dataclasses.replace(ratio, groups=(few, *ratio.groups[1:]))
    assert "few" in str(recompute(file, TARGET, [changed], {}, peers=False)[changed.id].difference)
    # Nor can a group be left out, added, or put elsewhere.
    empty = GroupEstimate(("none",), 0, None, None, None, None, None)
    for groups in ((*ratio.groups, empty), ratio.groups[1:], ratio.groups[::-1]):
        changed = dataclasses.replace(ratio, groups=groups)
        assert "other groups" in str(recompute(file, TARGET, [changed], {}, peers=False)[changed.id].difference)


def test_an_unknown_measurement_has_no_second_implementation(tmp_path):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)["loans.performance.all.accuracy"]
    for outcome in (Outcome.PASS, Outcome.ERROR):
        unknown = dataclasses.replace(honest, id="loans.performance.all.f1", metric="f1", outcome=outcome)
        got = recompute(file, TARGET, [unknown], {})[unknown.id]
        assert (got.agrees, str(got.difference)) == (False, "no second implementation")
        assert got.outcome is not Outcome.PASS


def test_two_measurements_of_one_id_agree_with_nothing(tmp_path):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)["loans.performance.all.accuracy"]
    for order in ([honest, honest], [dataclasses.replace(honest, value=0.0), honest]):
        got = recompute(file, TARGET, order, {}, peers=False)[honest.id]
        assert (got.agrees, str(got.difference)) == (False, "two measurements have this id")


def test_limits_and_decide_on_change_rules_and_weight(tmp_path):
    file = write(tmp_path, FAIR)
    at_least = Rule(Comparison.AT_LEAST, 0.5)
    parameters = {
        "performance": CheckParameters(limits={"tpr": at_least}),
        "group_fairness": CheckParameters(decide_on=frozenset({"ppv.ratio"}), min_group=101),
    }
    recorded = faithful(file, TARGET, parameters)
    assert (recorded["loans.performance.all.tpr"].rule, recorded["loans.performance.all.tpr"].decisive) == (
        at_least,
        True,
    )
    assert recorded["loans.performance.all.tpr"].outcome is Outcome.PASS
    assert recorded["loans.group_fairness.group.ppv.ratio"].decisive
    assert not recorded["loans.group_fairness.group.tpr.difference"].decisive
    assert recorded["loans.group_fairness.group.tpr.difference"].outcome is Outcome.INCONCLUSIVE
    derive(file, TARGET, parameters)
    # The same records against the defaults: rule and weight are no longer those asked for.
    got = recompute(file, TARGET, list(recorded.values()), {}, peers=False)
    assert not got["loans.performance.all.tpr"].agrees
    assert "at least 0.5" in str(got["loans.performance.all.tpr"].difference)


def test_a_number_without_a_rule_is_inconclusive(tmp_path):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)["loans.performance.all.tpr"]
    verdicts = {
        outcome: recompute(file, TARGET, [dataclasses.replace(honest, outcome=outcome)], {}, peers=False)[
            honest.id
        ].agrees
        for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
    }
    assert verdicts == {Outcome.PASS: False, Outcome.FAIL: False, Outcome.INCONCLUSIVE: True}


def test_auc_and_calibration_of_a_small_table_by_hand(tmp_path):
    table = {
        "group": ["a"] * 40 + ["b"] * 40,
        "label": [1, 0] * 40,
        "score": [0.75, 0.25] * 20 + [0.5, 0.5] * 20,
    }
    got = derive(write(tmp_path, table), SCORED)
    # Pairs: 20×20 + 20×20 won (0.75 over both), 0.5 over 0.25 won, 0.5 against 0.5 half.
    assert got["performance.all.auc"].value == (1600 - 200) / 1600
    assert got["calibration.all.brier"].value == pytest.approx((40 * 0.0625 + 40 * 0.25) / 80)
    assert got["calibration.group.gap"].value == pytest.approx(0)
    assert got["calibration.group.gap"].low == 0
    # The largest of both highs: in b half of the errors are +0.5, half −0.5, at z over two comparisons.
    s = np.std([0.5, -0.5] * 20, ddof=1)
    assert got["calibration.group.gap"].high == pytest.approx(intervals.simultaneous_z(2) * s / np.sqrt(40))
    assert got["performance.all.selection_rate"].value == 0.75


def test_auc_of_hanley_and_mcneil_1982(tmp_path):
    negatives, positives = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    scores = [*np.repeat(np.arange(5) / 4, negatives), *np.repeat(np.arange(5) / 4, positives)]
    file = write(tmp_path, {"label": [0] * 58 + [1] * 51, "score": scores, "group": ["a", "b"] * 54 + ["a"]})
    assert derive(file, SCORED)["performance.all.auc"].value == 1321 / 1479


@pytest.mark.parametrize(
    ("scores", "labels", "metric", "outcome"),
    [
        (pa.nulls(20, pa.float64()), [1, 0] * 10, "performance.all.auc", Outcome.INCONCLUSIVE),
        ([0.1, 0.2] * 10, [1, 1] * 10, "performance.all.auc", Outcome.ERROR),
        ([0.1, 0.2] * 10, [1] + [0] * 19, "performance.all.auc", Outcome.INCONCLUSIVE),
        ([0.5] + [None] * 19, [1, 0] * 10, "calibration.all.gap", Outcome.INCONCLUSIVE),
        ([0.5] + [None] * 19, [1, 0] * 10, "calibration.all.brier", Outcome.INCONCLUSIVE),
    ],
)
def test_scores_that_can_not_be_used(tmp_path, scores, labels, metric, outcome):
    file = write(tmp_path, {"label": labels, "score": scores, "group": ["a", "b"] * 10})
    assert derive(file, SCORED)[metric].outcome is outcome
    assert derive(file, SCORED)["calibration.group.gap"].value is None


def test_a_target_without_decisions_has_its_data_looked_at(tmp_path):
    file = write(tmp_path, {"label": [1, 0] * 40, "group": ["a", "b"] * 40})
    got = derive(file, TableSettings("loans", "label", groups=("group",), favourable=1))
    assert {name.partition(".")[0] for name in got} == {"data_quality", "personal_data"}


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_scores_of_other_types_give_the_same_numbers(tmp_path, name):
    base = [0.25, 0.75, None, 0.5] * 20
    text = [" 0.25", "7.5e-1　", "NaN", "0.5"] * 20
    kinds = [base, text] if name.endswith(".csv") else [
        *(base, pa.array(base, pa.float32()), pa.array(base, pa.float16())),
        *(pa.array(base).cast(pa.decimal128(5, 3)), pa.array(base).cast(pa.decimal256(40, 3))),
    ]  # fmt: skip
    found = []
    for number_, scores in enumerate(kinds):
        columns = {"label": [0, 1, 1, 0] * 20, "score": scores, "group": ["a"] * 40 + ["b"] * 40}
        got = derive(write(tmp_path, columns, f"{number_}{name}"), SCORED)
        found.append([got[f"performance.all.{metric}"].value for metric in ("auc", "tpr", "fpr")])
        found[-1].append(got["calibration.all.brier"].value)
    assert found == [[1.0, 1.0, 0.5, pytest.approx((0.25**2 * 2 + 0.5**2) / 3)]] * len(kinds)


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_data_quality_by_hand(tmp_path, name):
    labels = [0, 1] * 50
    table = {
        "label": labels,
        "decision": [None, None, None, *labels[3:]],
        "group": ["a", "b"] * 50,
        "id": [f"k{i % 95}" for i in range(100)],
        "constant": ["x", None] * 50,
        "empty": ["", ""] * 50,
        "copy": ["no", "yes"] * 50,
        "number": [1.5 + i % 2 + i / 1000 for i in range(100)],
        "other": [i % 7 for i in range(100)],
    }
    file = write(tmp_path, table, name)
    target = dataclasses.replace(TARGET, groups=("other",))
    got = derive(file, target)
    assert got["data_quality.all.missing"].value == 0.03
    assert got["data_quality.all.missing"].low == pytest.approx(
        float(intervals.wilson(3, 100, intervals.simultaneous_z(3))[0])
    )
    assert got["data_quality.all.duplicates"].value == 0
    assert got["data_quality.all.constant"].value == pytest.approx(2 / 9)
    # `group`, `copy` and `number` give the label away, out of six columns that the target does not name.
    assert got["data_quality.all.leakage_suspects"].value == pytest.approx(3 / 6)
    assert got["data_quality.all.leakage_suspects"].outcome is Outcome.FAIL


def test_duplicates_compare_what_is_stored(tmp_path):
    kinds = {
        "float": pa.array([float("nan"), float("nan"), 0.0, -0.0, None, 1.5, 1.5, 2.0], pa.float64()),
        "narrow": pa.array(np.array([0.1, 0.1, 1, 1, 1, 2, 2, 3], np.float32)),
        "half": pa.array(np.array([0.5, 0.5, 1, 1, 1, 2, 2, 3], np.float16)),
        "text": pa.array(["a", "a", "b", "b", None, "c", "c ", "d"]).dictionary_encode(),
        "day": pa.array([1, 1, 2, 2, 3, 4, 4, 5], pa.date32()),
        "instant": pa.array([1, 1, 2, 2, 3, 4, 4, 5], pa.timestamp("ns")),
        "list": pa.array([[1], [1], [2], [2], None, [3], [3], []], pa.list_(pa.int64())),
        "nothing": pa.nulls(8),
        "flag": pa.array([True, True, False, False, None, True, True, False]),
        "money": pa.array([1, 1, 2, 2, None, 3, 3, 4], pa.decimal128(9, 2)),
        "label": [1, 1, 0, 0, 1, 0, 0, 1],
        "decision": [1, 1, 0, 0, 1, 0, 0, 1],
        "group": ["g"] * 8,
    }
    got = derive(write(tmp_path, kinds), TARGET)
    # Two pairs are equal; the third differs by a trailing blank.
    assert got["data_quality.all.duplicates"].value == 2 / 8
    assert got["data_quality.all.constant"].value == pytest.approx(2 / 13)


def test_leakage_needs_both_labels_and_looks_at_labelled_rows(tmp_path):
    table = {
        "label": [1] * 30 + [0] * 30 + [None] * 4,
        "decision": [1, 0] * 32,
        "group": ["a", "b"] * 32,
        "inside": ["p"] * 30 + ["n"] * 30 + ["q"] * 4,
        "one": ["p"] * 30 + [None] * 34,
        "nearly": ["p"] * 29 + ["n"] * 31 + ["q"] * 4,
    }
    got = derive(write(tmp_path, table), TARGET)
    assert got["data_quality.all.leakage_suspects"].value == pytest.approx(1 / 3)


def test_a_table_of_declared_columns_alone_has_no_leakage_share(tmp_path):
    file = write(tmp_path, FAIR)
    assert "data_quality.all.leakage_suspects" not in derive(file, TARGET)
    sound = faithful(write(tmp_path, FAIR | {"more": FAIR["label"]}, "more.parquet"), TARGET)
    invented = sound["loans.data_quality.all.leakage_suspects"]
    assert str(recompute(file, TARGET, [invented], {})[invented.id].difference) == "no second implementation"


def test_one_class_alone_leaves_leakage_open(tmp_path):
    table = rows(("a", 1, 1, 60), ("b", 1, 0, 60)) | {"more": range(120)}
    got = derive(write(tmp_path, table), TARGET)["data_quality.all.leakage_suspects"]
    assert (got.value, got.n, got.outcome) == (None, 120, Outcome.INCONCLUSIVE)


def my_number(stem):
    """Append the check digit as the ordinance writes it: Q_n = n + 1 up to 6, n − 5 from 7."""
    total = sum(int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(reversed(f"{stem:011}"), start=1))
    return f"{stem:011}{0 if total % 11 <= 1 else 11 - total % 11}"


def test_personal_data_is_found_by_value_and_by_name(tmp_path):
    table = rows(*FAIR_CELLS)
    n = len(table["label"])
    table |= {
        "a": [f"user{i}@example.jp" if i % 4 == 0 else f"none {i}" for i in range(n)],
        "b": [f"０９０ー{i + 1000:04}－{i:04}" for i in range(n)],
        "c": [my_number(i * 7919) for i in range(n)],
        "d": [f"{i * 104729 % 10**12:012}" for i in range(n)],
        "e": [f"〒{100 + i % 900}-{i:04}" for i in range(n)],
        "お客様の氏名": ["x"] * n,
        "productName": ["y"] * n,
        "f": [i * 1.5 for i in range(n)],
    }
    got = derive(write(tmp_path, table), TARGET)["personal_data.all.columns"]
    # a, b, c, e by their values; the name of お客様の氏名 says so.
    assert got.value == pytest.approx(5 / 11)
    assert got.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *(
            (name, True)
            for name in (
                "name",
                "e_mail",
                "customerEmail",
                "Date of Birth",
                "ＴＥＬ",
                "自宅電話番号",
                "phone2",
                "連絡先（メール）1",
            )
        ),
        *((name, False) for name in ("filename", "product_name", "hotel", "age", "mailer", "")),
    ],
)
def test_names_that_say_so(name, says):
    assert name_says_so(name) is says


def test_check_digits():
    assert is_my_number("123456789018")
    assert is_my_number("1234-5678-9018")
    assert not any(map(is_my_number, ("123456789012", "123456789010", "12345678901", "x23456789018")))
    assert all(map(is_card_number, ("4242424242424242", "3530111333300000", "378282246310005", "5555 5555 5555 4444")))
    assert all(map(is_card_number, ("30569309025904", "6011111111111117")))
    assert not any(map(is_card_number, ("4242424242424241", "9999999999999995", "42", "")))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["03-1234-5678", "(03)1234-5678", "+81 90-1234-5678"], True),
        (["0312345678", "+81(0)9012345678", "連絡先は090 1234 5678まで"], True),
        (["+8109012345678", "+81 0312345678", "0901234567"], False),
        (["06-6012-3456", "060-1234-5678", "0601234567"], False),
        (["06-6012-3456", "060-1234-5678", "x 0612345678."], True),
        (["a@b", "@b.jp", "a" * 65 + "@b.jp"], False),
        (["a@b.co1.jp", "x<a.b+c@d-e.example>", "メールa@b.c.d.jpです"], True),
        (["a@b.jp1", "a@.jp", "a@b.j"], False),
        (["a@" + "b." * 8 + "jp", "a@" + "b." * 7 + "jp", "a@b.jp"], True),
        (["a@" + "b1." * 9 + "jp", "a@b1.c2.d3", "a@" + "b1." * 20], False),
        (["123-45678", "a123-4567", "123-4567-8"], False),
        (["〒 123-4567", "〒12345", "x〒1234567"], False),
        (["000000000019", "0012345678", "03-12"], False),
        (["1234567", "2345678", "3456789"], False),
        (["〒1234567", "234-5678", "２３４－５６７９"], True),
        (["4242424242424242", "5555555555554444", "378282246310005"], True),
    ],
)
def test_patterns(values, says):
    assert values_say_so([canonical(value) for value in values]) is says


def test_my_number_needs_more_than_luck():
    lucky = [my_number(i) for i in range(200)]
    plain = [value[:-1] + str((int(value[-1]) + 1) % 10) for value in map(my_number, range(200, 1000))]
    assert values_say_so(lucky + plain)
    assert not values_say_so([my_number(1), my_number(2), my_number(3)])
    assert values_say_so([my_number(i) for i in range(11)] + ["x"])
    assert binomial_tail(11, 12, 0.1) == pytest.approx(12 * 0.1**11 * 0.9 + 0.1**12)
    assert not values_say_so(["a@b.jp", "c@d.jp"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((None, None), (float("nan"), None), ("  ", None), ("　Ａ１ ", "A1"), (True, "true"), (False, "false")),
        *(
            (1, "1"),
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (float("inf"), "inf"),
            ("1.0", "1.0"),
        ),
    ],
)
def test_canonical_values(value, text):
    assert canonical(value) == text


def test_canonical_values_of_other_kinds():
    decimals = pa.array(["1.50", "2.00"]).cast(pa.decimal128(9, 2)).to_pylist()
    assert [canonical(value) for value in decimals] == ["1.5", "2"]
    assert canonical(decimals[0].__class__("NaN")) is None
    assert frozenset(filter(str.isspace, map(chr, range(sys.maxunicode + 1)))) == set(WHITE_SPACE)


def test_subjects_of_ids():
    digest = hashlib.sha256("性別".encode()).hexdigest()[:8]
    assert subject(()) == "all"
    assert subject(("sex", "性別")) == f"sex-and-column-{digest}"
    assert subject(("all",)) == f"column-{hashlib.sha256(b'all').hexdigest()[:8]}"
    joined = "-and-".join("x" * 20 for _ in range(3))
    assert subject(("x" * 20,) * 3) == f"columns-{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_random_tables_agree_with_scikit_learn_and_fairlearn(tmp_path_factory, data):
    seed = data.draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    n = data.draw(st.integers(60, 400))
    score = random.choice([0.1, 0.35, 0.5, 0.75, 0.9], n) if data.draw(st.booleans()) else random.random(n)
    table = {
        "label": pa.array((random.random(n) < score).astype(int), mask=random.random(n) < 0.05),
        "score": pa.array(score, mask=random.random(n) < 0.05),
        "group": random.choice(["a", "b", "c"], n, p=[0.6, 0.35, 0.05]),
        "other": random.choice(["x", "y"], n),
    }
    target = dataclasses.replace(SCORED, groups=("group", "other"), intersections=(("group", "other"),))
    got = derive(write(tmp_path_factory.mktemp("random"), table), target, peers=True)
    assert got["performance.all.auc"].implementations[1].startswith("scikit-learn ")
    assert got["calibration.all.brier"].implementations[1].startswith("scikit-learn ")
    assert got["group_fairness.group-and-other.tpr.ratio"].implementations[1].startswith("fairlearn ")
    assert got["data_quality.all.missing"].implementations == ("NumPy",)


@pytest.mark.parametrize(
    "change",
    [
        {"decision": pa.nulls(120, pa.int64())},
        {"decision": [0] * 120},
        {"label": [None] * 60 + [0] * 59 + [1], "decision": [1] * 60 + [0] * 59 + [None]},
        {"score": [0.5] * 120},
        {"score": [None] * 119 + [0.5]},
    ],
)
def test_peers_are_asked_only_for_what_is_defined(tmp_path, change):
    table = rows(("a", 1, 1, 30), ("a", 0, 0, 30), ("b", 1, 0, 30), ("b", 0, 1, 30)) | change
    target = dataclasses.replace(TARGET, score="score" if "score" in change else None)
    got = derive(write(tmp_path, table), target, peers=True)
    assert got["performance.all.tpr"].agrees


def test_a_peer_that_finds_something_else_is_heard(tmp_path, monkeypatch):
    file = write(tmp_path, FAIR)
    honest = list(faithful(file, TARGET).values())
    said = recompute_peers.PeerValues(
        {("performance", "accuracy"): 0.7}, "peer 1", {("group",): {"tpr": {("men",): 0.8, ("women",): 0.7}}}, "peer 2"
    )
    monkeypatch.setattr(seat, "ask_peers", lambda *_: said)
    got = recompute(file, TARGET, honest, {})
    assert str(got["loans.performance.all.accuracy"].difference) == "peer 1 finds 0.7"
    assert "peer 2" in str(got["loans.group_fairness.group.tpr.ratio"].difference)
    assert got["loans.group_fairness.group.ppv.ratio"].agrees


def test_peers_are_imported_only_when_asked(tmp_path):
    file = write(tmp_path, FAIR)
    program = (
        "import sys; from pathlib import Path; from shinrai.council.seats.recompute import recompute, TableSettings\n"
        f"recompute(Path({str(file)!r}), TableSettings('t', 'label', 'decision'), [], {{}})\n"
        "print(sorted({'sklearn', 'fairlearn', 'pandas', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 1), st.integers(0, 1)), min_size=10, max_size=80))
@settings(max_examples=30, deadline=None)
def test_rates_are_exact_fractions(tmp_path_factory, cells):
    group, label, decision = (list(column) for column in zip(*cells, strict=True))
    file = write(tmp_path_factory.mktemp("exact"), {"group": group, "label": label, "decision": decision})
    got = derive(file, TARGET, {"group_fairness": CheckParameters(min_group=1)})
    if not any(label):
        assert {one.outcome for one in got.values()} == {Outcome.ERROR}
        return
    chosen = [y for y, p in zip(label, decision, strict=True) if p]
    ppv = got["performance.all.ppv"]
    assert (ppv.value, ppv.n) == (float(Fraction(sum(chosen), len(chosen))) if chosen else None, len(chosen))
    compared = [name for name in sorted(set(group)) if group.count(name) >= 10]
    rates = [
        Fraction(sum(p for g, p in zip(group, decision, strict=True) if g == name), group.count(name))
        for name in compared
    ]
    gap = got["group_fairness.group.selection_rate.difference"]
    if len(set(group)) * 2 > len(group):
        assert gap.outcome is Outcome.ERROR
    elif len(rates) < 2:
        assert gap.value is None
    else:
        assert gap.value == pytest.approx(float(max(rates) - min(rates)), abs=1e-15)


def test_many_crossed_levels_are_found_either_way(monkeypatch):
    codes = np.array([7, 3, 7, 9_000_000_000, 3])
    for chunk in (1, 1 << 20):
        monkeypatch.setattr(recompute_rates, "_CHUNK", chunk)
        for many in (codes, codes % 1000):
            occurring, position = recompute_rates._occurring(many)
            assert occurring.tolist() == sorted(set(many.tolist()))
            assert occurring[position].tolist() == many.tolist()


def test_only_the_first_thousand_values_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(recompute_file, "_BATCH_ROWS", 400)
    order = np.random.default_rng(5).permutation(1600)
    base = {"label": [0, 1] * 800, "decision": [0, 1] * 800, "group": ["a", "b"] * 800}
    for first, second, flagged in (("a{}", "z{}@b.jp", 0), ("a{}@b.jp", "z{}", 1)):
        values = [first.format(i) for i in range(1000)] + [second.format(i) for i in range(600)]
        numbers = [i if first == "a{}" else int(my_number(i)) for i in range(1000)]
        columns = base | {"t": [values[i] for i in order], "n": [*numbers, *range(10**12, 10**12 + 600)]}
        got = derive(write(tmp_path, columns), TARGET)["personal_data.all.columns"]
        assert got.value == pytest.approx(flagged / 5)
    # Past the first thousand spellings of a label, or ten thousand of a group, nothing more is looked at.
    base["label"] = [f"1{' ' * (i % 20)}{'　' * (i // 20)}" for i in range(1600)]
    assert derive(write(tmp_path, base), TARGET)["performance.all.table"].outcome is Outcome.ERROR


def test_batches_do_not_change_anything(tmp_path, monkeypatch):
    random = np.random.default_rng(1)
    n = 700
    table = {
        "label": random.integers(0, 2, n), "score": random.random(n), "group": random.choice(["a", "B", "b", ""], n),
        "id": [f"k{i}" for i in random.integers(0, 10**6, n)], "size": random.normal(size=n),
    }  # fmt: skip
    pq.write_table(pa.table(table), tmp_path / "table.parquet", row_group_size=100)
    whole = derive(tmp_path / "table.parquet", SCORED)
    monkeypatch.setattr(recompute_file, "_BATCH_ROWS", 37)
    monkeypatch.setattr(recompute_rates, "_CHUNK", 50)
    monkeypatch.setattr(recompute_rates, "_SUMMED_AT_ONCE", 30)
    monkeypatch.setattr(recompute_columns, "_NUMBERS_AT_ONCE", 700)
    assert derive(tmp_path / "table.parquet", SCORED) == whole
    pacsv.write_csv(pa.table(table | {"blank": [""] * n}), tmp_path / "table.csv")
    whole = derive(tmp_path / "table.csv", SCORED)
    monkeypatch.setattr(recompute_file, "_CSV_BLOCK", 5_000)
    assert derive(tmp_path / "table.csv", SCORED) == whole


def test_every_message_speaks_japanese(tmp_path):
    file = write(tmp_path, FAIR)
    honest = faithful(file, TARGET)["loans.performance.all.accuracy"]
    got = recompute(file, TARGET, [dataclasses.replace(honest, n=1)], {}, peers=False)[honest.id]
    assert got.difference.text(Language.JA) == "n の記録は 1、再計算では 1000"
    for source in Path(seat.__file__).parent.glob("recompute*.py"):
        for call in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "message":
                english = call.args[0].value
                fields = {name for _, name, _, _ in Formatter().parse(english) if name}
                japanese = Message(english, {name: f"<{name}>" for name in fields}).text(Language.JA)
                assert not japanese.isascii(), english
                assert all(f"<{name}>" in japanese for name in fields)


def test_a_million_rows(tmp_path, capsys):
    random = np.random.default_rng(7)
    n = 1_000_000
    label = random.integers(0, 2, n)
    table = {
        "label": label, "decision": np.where(random.random(n) < 0.8, label, 1 - label), "score": random.random(n),
        "group": random.choice(["a", "b", "c", "d", "e"], n), "sex": random.choice(["男", "女"], n),
    }  # fmt: skip
    target = dataclasses.replace(TARGET, score="score", groups=("group", "sex"), intersections=(("group", "sex"),))
    file = write(tmp_path, table)
    recorded = faithful(file, target)
    started = time.perf_counter()
    got = recompute(file, target, list(recorded.values()), {}, peers=True)
    with capsys.disabled():
        sys.stdout.write(f"\n{n} rows, {len(got)} measurements: {time.perf_counter() - started:.2f} s\n")
    assert all(one.agrees for one in got.values())
