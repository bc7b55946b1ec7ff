"""The plan of action and milestones: what is not met, what is met in part, and what is still needed to decide.

It says what is open and what would close it. It sets no dates, owners, costs or risk figures: nobody has decided them,
and a made-up one would be taken for a promise.
"""

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult, Result, Text
from shinrai.language import Bilingual, Language, Message, message
from shinrai.report.oscal.results import (
    is_observed,
    leaf_finding,
    observation_uuid,
    observations,
    requirement_finding,
)
from shinrai.report.oscal.setting import (
    assets,
    evidence_resources,
    import_ssp,
    metadata,
    platform_actor,
    source_resources,
    system_component,
)
from shinrai.report.oscal.words import Json, finished, markup, plain, prop, sentence, uuid_of
from shinrai.report.outcome import WORDS, Outcome, leaf_outcome, requirement_outcomes, result_word
from shinrai.report.quantities import count
from shinrai.report.standing import measurements_of
from shinrai.report.words import said

_CLOSED = {Outcome.PASS, Outcome.NOT_APPLICABLE}


def to_oscal_poam(assessment: Assessment, language: Language = Language.EN) -> Json | None:
    """Return the plan of action and milestones, or None when nothing is open: OSCAL allows no empty one.

    An item stands for each requirement that is not met or met in part, and for each required one that is open.
    """
    outcomes = requirement_outcomes(assessment)
    rows = [(r, o) for r, o in zip(assessment.results, outcomes, strict=True) if _is_open(r, o)]
    if not rows:
        return None
    leaves = [leaf for requirement, _ in rows for leaf in _open_leaves(requirement, assessment)]
    name = said(assessment.system.name, language)
    wanted = {observation_uuid(leaf, assessment) for leaf in leaves}
    seen = [each for each in observations(assessment, language) if each["uuid"] in wanted]
    body: Json = {
        "metadata": metadata(assessment, language, message("Plan of action and milestones: {system}", system=name)),
        "import-ssp": import_ssp(assessment, language),
        "system-id": {"id": plain(assessment.system.id)},
        "local-definitions": {
            "components": [system_component(assessment, language)],
            "assessment-assets": assets(assessment, language),
        },
    }
    if seen:
        body["observations"] = seen
    body["findings"] = [_only_seen(each, wanted) for row in rows for each in _findings(*row, assessment, language)]
    body["poam-items"] = [_item(requirement, outcome, assessment, language) for requirement, outcome in rows]
    resources = source_resources(assessment, language) + evidence_resources(assessment, leaves, language)
    body["back-matter"] = {"resources": resources}
    return finished("plan-of-action-and-milestones", body)


def _is_open(requirement: RequirementResult, outcome: Outcome) -> bool:
    if outcome in _CLOSED:
        return False
    return requirement.required or outcome is Outcome.FAIL or requirement.result is Result.PARTLY


def _open_leaves(requirement: RequirementResult, assessment: Assessment) -> list[Leaf]:
    return [leaf for leaf in requirement.leaves if leaf_outcome(requirement, leaf, assessment) not in _CLOSED]


def _findings(
    requirement: RequirementResult, outcome: Outcome, assessment: Assessment, language: Language
) -> list[Json]:
    leaves = [leaf_finding(requirement, leaf, assessment, language) for leaf in _open_leaves(requirement, assessment)]
    return [requirement_finding(requirement, outcome, assessment, language), *leaves]


def _only_seen(finding: Json, seen: set[str]) -> Json:
    """Return a finding that refers to no observation which this document does not hold."""
    related = [each for each in finding.get("related-observations", []) if each["observation-uuid"] in seen]
    rest = {key: value for key, value in finding.items() if key != "related-observations"}
    return rest | {"related-observations": related} if related else rest


def _item(requirement: RequirementResult, outcome: Outcome, assessment: Assessment, language: Language) -> Json:
    open_leaves = _open_leaves(requirement, assessment)
    lines = [markup(said(requirement.cause, language))]
    lines += [f"- {_need(requirement, leaf, assessment).text(language)}" for leaf in open_leaves]
    made: Json = {
        "uuid": uuid_of("poam-item", assessment.bundle.id, requirement.id),
        "title": markup(said(requirement.title, language)),
        "description": "\n".join(lines),
        "props": [
            prop("requirement", requirement.id),
            prop("outcome", outcome),
            prop("result", result_word(requirement, outcome)),
            prop("required", requirement.required),
            prop("force", requirement.force),
        ],
        "origins": [{"actors": [platform_actor(assessment)]}],
        "related-findings": [
            {"finding-uuid": finding["uuid"]} for finding in _findings(requirement, outcome, assessment, language)
        ],
        "remarks": sentence(message("Due date and owner are not set here: nobody has decided them yet."), language),
    }
    observed = [leaf for leaf in open_leaves if is_observed(leaf, assessment)]
    if observed:
        made["related-observations"] = [{"observation-uuid": observation_uuid(leaf, assessment)} for leaf in observed]
    return made


def _need(requirement: RequirementResult, leaf: Leaf, assessment: Assessment) -> Message:
    """Return what is open about a leaf and, where a measurement says so, how many samples would decide it."""
    outcome = leaf_outcome(requirement, leaf, assessment)
    wanted = [r.needed_n for r in measurements_of(leaf, assessment) if r.decisive and r.needed_n is not None]
    title, cause = _both(leaf.title), _both(leaf.cause)
    if outcome is Outcome.INCONCLUSIVE and wanted:
        return message(
            "{title}: {outcome}. {cause} About n = {needed} would be expected to decide.",
            title=title,
            outcome=WORDS[outcome],
            cause=cause,
            needed=count(max(wanted)),
        )
    return message("{title}: {outcome}. {cause}", title=title, outcome=WORDS[outcome], cause=cause)


def _both(text: Text) -> Bilingual:
    return Bilingual(ja=markup(text.ja), en=markup(text.en))
