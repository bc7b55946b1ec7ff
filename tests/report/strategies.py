"""Assessments in any state, also in states that contradict themselves."""

from hypothesis import strategies as st

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult, Result, Share

from .sample import ATTESTATIONS, MEASUREMENTS, SEATS, assessment, leaf, requirement, text, verdict

# Any text, control characters and direction overrides included.
any_text = st.text(max_size=30)


@st.composite
def leaves(draw: st.DrawFn, name: str) -> Leaf:
    outcome = draw(st.sampled_from(["pass", "fail", "inconclusive", "undecided", "void", None]))
    return leaf(
        name,
        text("証拠", draw(any_text)),
        draw(st.sampled_from(["met", "not_met", "not_assessed"])),
        text("理由", draw(any_text)),
        origin=draw(st.sampled_from(["measured", "imported", "attested", None])),
        measurements=draw(st.lists(st.sampled_from([record.id for record in MEASUREMENTS] + ["gone"]), max_size=2)),
        attestations=draw(st.lists(st.sampled_from([record.id for record in ATTESTATIONS] + ["gone"]), max_size=1)),
        # Two against are more than five seats tolerate as faulty: contested.
        verdict=verdict(outcome, against=draw(st.sampled_from([(), SEATS[:1], SEATS[:2]]))) if outcome else None,
    )


@st.composite
def requirements(draw: st.DrawFn, name: str) -> RequirementResult:
    mine = [draw(leaves(f"{name}.{index}")) for index in range(draw(st.integers(0, 3)))]
    return requirement(
        name,
        text("要求", draw(any_text)),
        draw(st.sampled_from(list(Result))),
        text("理由", draw(any_text)),
        mine,
        required=draw(st.booleans()),
        coverage=Share(part=0, whole=len(mine)),
        approver=draw(st.sampled_from([None, text("承認者", "An approver")])),
        outdated=draw(st.sampled_from([None, None, text("別の版", "Another version")])),
    )


@st.composite
def assessments(draw: st.DrawFn) -> Assessment:
    results = [draw(requirements(f"R-{index}")) for index in range(draw(st.integers(1, 4)))]
    # Charts take time and are not what these properties are about.
    measured = [record.model_copy(update={"groups": [], "limit": None}) for record in MEASUREMENTS]
    return assessment().model_copy(update={"results": results, "measurements": measured})


def may_be_green(item: RequirementResult, one: Leaf) -> bool:
    """Whether a leaf may be shown as passed, said a second time and without the code under test."""
    if item.result is Result.NOT_APPLICABLE or item.outdated is not None or one.state != "met":
        return False
    if one.verdict is not None and one.verdict.contested:
        return False
    certified = one.origin == "attested" if one.verdict is None else one.verdict.outcome == "pass"
    current = {record.id for record in MEASUREMENTS if record.current}
    current |= {record.id for record in ATTESTATIONS if record.current and record.signed}
    return certified and bool(current & {*one.measurements, *one.attestations})
