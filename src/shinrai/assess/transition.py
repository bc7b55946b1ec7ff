"""An assessment seen under another version of a framework: what still stands, what has to be assessed again, and why.

The assessment itself keeps the text and the results it was signed with. This is a preview of what a new version means
for it: rows that ask the same keep their evidence, every other row becomes NOT_ASSESSED with the cause named.
"""

from collections.abc import Mapping

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult, Text
from shinrai.assess.results import at, text
from shinrai.assess.view import framework_record, open_leaf, requirement_record
from shinrai.frameworks import ExpectedEvidence, Facts, Framework, Requirement, applicability
from shinrai.frameworks.difference import Difference
from shinrai.language import Message, ShinraiError, message


def under(assessment: Assessment, change: Difference, facts: Facts) -> Assessment:
    """Return the assessment as it stands, at the same moment, under the new version.

    facts: what decides which rows of the new version are asked. An assessment that was not made under the old version
    is a ShinraiError.
    """
    old, new = change.old, change.new
    _check_pinned(assessment, old)
    excluded = {each.requirement.id: text(each.reason) for each in applicability(new, facts) if not each.applies}
    before = {result.id: result for result in assessment.results if result.framework == old.id}
    seen = _Seen(old.id, before, change.touched, excluded)
    was = {row.new.id: row.old for row in change.rows if row.new is not None}
    results = [seen.row(requirement, was[requirement.id]) for requirement in new.requirements]
    moved = assessment.model_copy(
        update={
            "frameworks": [framework_record(new) if f.id == old.id else f for f in assessment.frameworks],
            "results": [*(r for r in assessment.results if r.framework != old.id), *results],
            "limits": [*assessment.limits, *map(text, _limits(change))],
        }
    )
    return at(moved, assessment.as_of)


def _check_pinned(assessment: Assessment, old: Framework) -> None:
    if any((f.id, f.version, f.digest) == (old.id, old.version, old.digest) for f in assessment.frameworks):
        return
    pinned = ", ".join(f"{f.id} {f.version}" for f in assessment.frameworks)
    raise ShinraiError(
        message("The assessment was not made under this file of {id} {version}.", id=old.id, version=old.version),
        fix=message("It was made under: {pinned}.", pinned=pinned),
    )


def _limits(change: Difference) -> list[Message]:
    return [
        message(
            "It was assessed under {id} {old} and is seen here under {new}: what differs has not been assessed. For a "
            "new assessment scope and attestations have to be signed again, as the version is a material fact.",
            id=change.old.id,
            old=change.old.version,
            new=change.new.version,
        ),
        *change.caveats,
    ]


class _Seen:
    """The results of the old version, as they are carried into the new one."""

    def __init__(
        self,
        framework: str,
        before: Mapping[str, RequirementResult],
        touched: Mapping[str, Message],
        excluded: Mapping[str, Text],
    ) -> None:
        self.framework, self.before, self.touched, self.excluded = framework, before, touched, excluded
        asked = [result for result in before.values() if result.leaves and result.exclusion is None]
        # A conclusion that rested on every row that applied goes on doing so; one that named its rows does not widen.
        self.rests_on_all = all(result.required for result in asked)

    def row(self, new: Requirement, was: Requirement | None) -> RequirementResult:
        """Return a row of the new version with what is left of its earlier result; was: the same row before."""
        old = self.before[was.id] if was else None
        exclusion = self.excluded.get(new.id)
        if old is None or new.id in self.touched:
            leaves = [open_leaf(leaf) for leaf in new.expects]
            asked = bool(leaves) and exclusion is None
            required = old.required if old else self.rests_on_all and asked
            record = requirement_record(new, self.framework, leaves, required=required, exclusion=exclusion)
            return record.model_copy(update={"outdated": text(self.touched[new.id])})
        kept = {leaf.id.removeprefix(f"{old.id}."): leaf for leaf in old.leaves}
        leaves = [_carried(kept[leaf.id.removeprefix(f"{new.id}.")], leaf) for leaf in new.expects]
        return requirement_record(new, self.framework, leaves, required=old.required, exclusion=old.exclusion)


def _carried(leaf: Leaf, named: ExpectedEvidence) -> Leaf:
    return leaf.model_copy(update={"id": named.id, "title": Text(ja=named.title.ja, en=named.title.en)})
