"""What one round says never counts for another (A27): its closing, its reveal, its verdict and its known answers."""

import pytest

from .attempts import ATTEMPTS
from .world import ATTESTED, MEASURED, said


@pytest.mark.parametrize("name", ATTEMPTS)
def test_each_round_rests_on_its_own_statements(tmp_path, name):
    world, code = ATTEMPTS[name]
    outcome = world.verified(tmp_path)
    assert outcome.exit_code == code, said(outcome)
    if code == 0:
        left_open = name == "a second attempt that overturns the first"
        assert outcome.certified == ({} if left_open else {MEASURED: "pass", ATTESTED: "pass"})
        assert {step.text: step.fields for step in outcome.steps}[
            "roster, rubric and trust were fixed before the council voted; attempts: {n}"
        ] == {"n": 2}
