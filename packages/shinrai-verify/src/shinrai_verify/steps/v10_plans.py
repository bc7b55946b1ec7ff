"""V10: whether what was planned is shown, and was planned before it ran."""

from shinrai_verify.encoding import Named, shaped
from shinrai_verify.statements import ABANDONMENT, ASSESSMENT, EVIDENCE, PLAN
from shinrai_verify.steps.work import Work

_RUN = {"run": {"check": str, "part": int, "parts": int}}


def plans(work: Work) -> None:
    """Hold every plan to its results."""
    runs: dict[tuple[str, str], dict[int, int]] = {}
    for entry in work.of(EVIDENCE):
        if entry.about["kind"] == "evaluation":
            what = Named("entry {index}", index=entry.index)
            work.logged(entry.about.get("plan"), PLAN, entry.index, what)
            run = shaped(entry.about, _RUN, what)["run"]
            runs.setdefault((entry.about["plan"], run["check"]), {})[run["part"]] = run["parts"]
    given_up = {e.about["plan"]: e.about["reason"] for e in work.of(ABANDONMENT)}
    other = {e.about.get("plan"): e.about["bundle"] for e in work.of(ASSESSMENT)}
    planned, gaps = work.planned, []
    for plan in work.once(PLAN):
        name, elsewhere = plan.payload_sha256, other.get(plan.payload_sha256)
        if name not in planned and (name in given_up or elsewhere not in (None, work.outcome.bundle_id)):
            work.outcome.runs.append(f"{plan.index} ({given_up.get(name, elsewhere)})"[:160])
            continue
        for check in plan.about["checks"]:
            parts = runs.get((name, check), {})
            # The signed totals are compared, never counted up to: they may be of any size.
            if set(parts.values()) != {len(parts)} or set(parts) != set(range(len(parts))):
                gaps.append(f"{check} ({plan.index})")
    if work.outcome.runs:
        text = "other runs on the same system, with their bundles or why they were given up: {names}"
        work.outcome.note("V10", 0, text, names=", ".join(work.outcome.runs))
    if gaps:
        work.outcome.note("V10", 2, "planned but not shown: {names}", names=", ".join(gaps))
    else:
        work.outcome.note("V10", 0, "every planned check has all of its results; each was planned before it ran")
