"""Erased contents: named with the entry that says so, never tampered, never complete, never shown as compared."""

import pytest

from .erasures import ERASURES
from .world import said

INDEX = len(ERASURES["erased rows"].leaves()) - 1
FOUND = {
    "erased rows": (2, f"V1 missing: rows; V7 erased on purpose, with the entry that says so: rows ({INDEX})"),
    "erased rows that are withheld": (
        2,
        f"V1 withheld: rows; V7 erased on purpose, with the entry that says so: rows ({INDEX})",
    ),
    "erased measurement": (
        2,
        f"V1 missing: m0; V7 erased on purpose, with the entry that says so: m0 ({INDEX}); "
        "V11 1 numbers rest on erased content: that they are as they were signed is not shown",
    ),
    "declared erased and there": (0, ""),
    "a measurement declared erased and there": (0, ""),
    "erased measurements and rows": (
        2,
        f"V1 missing: m0, rows, m1; V7 erased on purpose, with the entry that says so: m0 ({INDEX}), m1 ({INDEX + 1}), "
        f"rows ({INDEX + 1}); V11 2 numbers rest on erased content: that they are as they were signed is not shown",
    ),
    "an erasure of nothing here": (2, "V1 missing: rows"),
    "an erasure that is hidden": (
        2,
        "V1 missing: rows; V5 the log has entries about this system, council or trust that are not here: "
        f"{INDEX} (withheld/v1)",
    ),
    "an erasure by a producer": (1, "V6 entry"),
    "an erasure without a reason": (1, "V7 entry"),
    "an erasure without a digest": (1, "V7 entry"),
    "an erased measurement told otherwise": (1, "V11 the assessment shows t.check.all.metric0 otherwise"),
    "a measurement that is gone without a word": (1, "V11"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_erased_is_told_as_it_is(name, tmp_path):
    outcome = ERASURES[name].verified(tmp_path)
    code, words = FOUND[name]
    assert outcome.exit_code == code
    assert said(outcome) == words if code == 2 else words in said(outcome)
    # What is erased on purpose is incomplete, and neither tampered with nor against anyone's policy.
    assert code == 1 or {step.exit_class for step in outcome.steps} == {0, code}


def test_the_first_declaration_counts_and_is_given_to_programs(tmp_path):
    outcome = ERASURES["erased twice"].verified(tmp_path)
    assert sorted(outcome.erased.values()) == [INDEX, INDEX + 1]
    assert len(outcome.withheld) == 0
    kept = ERASURES["declared erased and there"].verified(tmp_path)
    (note,) = [step for step in kept.steps if "here all the same" in step.text]
    assert (note.exit_class, list(kept.erased.values())) == (0, [INDEX])
    two = ERASURES["two declared erased and there"].verified(tmp_path)
    (note,) = [step for step in two.steps if "here all the same" in step.text]
    assert note.fields == {"names": f"rows ({INDEX}), m1 ({INDEX})"}
