"""What the description says of a table, as checks and seats take it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.assess import Assessed, assess
from shinrai.assess.targets import check_settings, check_targets, table_settings, tables
from shinrai.evidence import Home
from shinrai.language import ShinraiError
from shinrai.systems import read_description

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
