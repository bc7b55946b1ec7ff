"""The question desk's description can be read, and everything it names exists."""

from datetime import date
from pathlib import Path

from shinrai.assess import make_plan
from shinrai.assess.plan import showing
from shinrai.systems import read_description

DESK = Path(__file__).parents[2] / "examples/city-desk/shinrai.yaml"


def test_what_it_requires_can_be_shown() -> None:
    plan = make_plan(read_description(DESK), DESK.parent, date(2026, 11, 20))
    shown = {leaf for check in plan.conversations for leaf in showing(plan, check)}
    shown |= {request.shows for request in plan.description.attestations}
    for name in plan.required:
        assert name not in plan.excluded
        assert shown & {leaf.id for leaf in plan.requirements[name].expects}, name
    assert all((DESK.parent / str(request.document)).is_file() for request in plan.description.attestations)
    assert plan.checks == tuple(plan.conversations)
    assert set(plan.limits) >= {"desk/shinrai.refusal.ja/declines.pass_rate"}
