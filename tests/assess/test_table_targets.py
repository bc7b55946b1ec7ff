"""What the description says of a table, as checks and seats take it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.assess.targets import check_settings, check_targets, table_settings, tables
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
