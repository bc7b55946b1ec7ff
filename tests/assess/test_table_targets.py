"""What the description says of a table, as checks and seats take it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.assess import Assessed, assess
from shinrai.assess.targets import check_settings, check_targets, table_settings, tables
from shinrai.evidence import Home
from shinrai.language import Language, ShinraiError
from shinrai.systems import DescriptionError, read_description

Describe = Callable[..., Path]


def test_what_one_check_suppresses_the_other_does_not_show(describe: Describe) -> None:
    checks = read_description(describe(more="checks:\n  group_fairness: {min_group: 77}\n")).checks
    assert check_settings(checks, "group_audit").min_group == check_settings(checks, "group_fairness").min_group == 77
    assert check_settings(checks, "group_audit").limits == {}


def test_a_number_that_informs_takes_no_limit(describe: Describe) -> None:
    path = describe(more="checks:\n  group_audit:\n    limits: {tpr.any_difference: 0.05}\n")
    with pytest.raises(ShinraiError, match="limits"):
        read_description(path)


def test_strata_are_read_and_have_to_be_there(describe: Describe) -> None:
    path = describe(share="rows\n    strata: [region]")
    description = read_description(path)
    target = table_settings("decisions", tables(description)["decisions"], path.parent)
    assert target.strata == ("region",)
    assert target.declared[-1] == "region"
    with pytest.raises(ShinraiError, match="region") as caught:
        check_targets(description, path.parent)
    assert caught.value.place is not None
    assert caught.value.place.field == "targets.decisions.strata[1]"


def test_seats_elsewhere_count_a_table_with_strata_as_the_embedded_ones_do(
    describe: Describe, home: Home, tmp_path: Path, seats_agree_elsewhere: Callable[[Assessed], None]
) -> None:
    lines = ["label,decision,sex,region"]
    for region, shares in {"east": {"f": 30, "m": 60}, "west": {"f": 10, "m": 25}}.items():
        for sex, favoured in shares.items():
            lines += [f"{label},{label},{sex},{region}" for label in [1] * favoured + [0] * (80 - favoured)]
    path = describe("\n".join(lines) + "\n", share="rows\n    strata: [region]")
    seats_agree_elsewhere(assess(path, home, tmp_path / "out"))


@pytest.mark.parametrize("unit", ["cluster", "weight"])
def test_clusters_and_weights_are_read_and_have_to_be_there(describe: Describe, unit: str) -> None:
    path = describe(share=f"rows\n    {unit}: household")
    description = read_description(path)
    target = table_settings("decisions", tables(description)["decisions"], path.parent)
    assert (getattr(target, unit), target.unit) == ("household", "household")
    assert target.declared[-1] == "household"
    with pytest.raises(ShinraiError, match="household") as caught:
        check_targets(description, path.parent)
    assert caught.value.place is not None
    assert caught.value.place.field == f"targets.decisions.{unit}"
    assert caught.value.place.line is not None


@pytest.mark.parametrize(
    ("written", "words"),
    [("cluster: home\n    weight: w", "both a cluster and a weight"), ("weight: decision", "used for two things")],
)
def test_roles_that_exclude_each_other_are_refused(describe: Describe, written: str, words: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        read_description(describe(share=f"rows\n    {written}"))
    (fault,) = caught.value.faults
    assert words in fault.text(Language.EN)
    assert "targets.decisions.weight" in fault.text(Language.EN)


@pytest.mark.parametrize("unit", ["cluster: home", "weight: w"])
def test_seats_elsewhere_count_clusters_and_weights_as_the_embedded_ones_do(
    describe: Describe, home: Home, tmp_path: Path, seats_agree_elsewhere: Callable[[Assessed], None], unit: str
) -> None:
    lines = ["label,decision,sex,home,w"]
    for place in range(240):
        label, sex = int(place % 3 == 0), "fm"[place % 2]
        lines.append(f"{label},{label if place % 8 else 1 - label},{sex},h{place // 3},{1 + place % 5}")
    path = describe("\n".join(lines) + "\n", share=f"rows\n    {unit}")
    assessed = assess(path, home, tmp_path / "out")
    seats_agree_elsewhere(assessed)
