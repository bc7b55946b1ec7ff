"""The assessment plan: which requirements and pieces of evidence were to be looked at, by whom, on what.

OSCAL's results have to name the plan they carry out, so one is written beside them. It holds what the round was opened
on and nothing that was decided later; it sets no dates, because the assessment has none beyond its own.
"""

from collections.abc import Iterable

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult
from shinrai.language import Language, message
from shinrai.report.oscal.setting import (
    assets,
    import_ssp,
    metadata,
    source_resources,
    subject,
    system_component,
    system_uuid,
)
from shinrai.report.oscal.words import Json, finished, identifier, markup, plain, prop, sentence
from shinrai.report.outcome import Outcome, requirement_outcomes
from shinrai.report.words import said

METHODS = {"A": "TEST", "L": "EXAMINE", "D": "EXAMINE", "Q": "INTERVIEW", "X": "UNKNOWN"}
"""How a piece of evidence is looked at, by its code: OSCAL's words for measuring, reading and asking."""


def to_oscal_plan(assessment: Assessment, language: Language = Language.EN) -> Json:
    """Return the assessment plan that the results refer to."""
    title = message("Assessment plan: {system}", system=said(assessment.system.name, language))
    body: Json = {
        "metadata": metadata(assessment, language, title, assessment.assessed_on),
        "import-ssp": import_ssp(assessment, language),
        "local-definitions": {"components": [system_component(assessment, language)]},
        "reviewed-controls": reviewed_controls(assessment, language),
        "assessment-subjects": [
            {
                "type": "component",
                "include-subjects": [{"subject-uuid": system_uuid(assessment), "type": subject(assessment)["type"]}],
            }
        ],
        "assessment-assets": assets(assessment, language),
        "back-matter": {"resources": source_resources(assessment, language)},
    }
    objectives = [_objective(requirement, language) for requirement in assessment.results if requirement.leaves]
    if objectives:
        body["local-definitions"]["objectives-and-methods"] = objectives
    return finished("assessment-plan", body)


def reviewed_controls(assessment: Assessment, language: Language) -> Json:
    """Return the requirements in scope; those that a named person approved as not applicable are excluded by name."""
    outcomes = zip(assessment.results, requirement_outcomes(assessment), strict=True)
    excluded = {r.id for r, outcome in outcomes if outcome is Outcome.NOT_APPLICABLE}
    included = [r for r in assessment.results if r.id not in excluded]
    selection: Json = {}
    if included:
        selection["include-controls"] = _ids(r.id for r in included)
    else:
        selection["include-all"] = {}
    if excluded:
        selection["exclude-controls"] = _ids(r.id for r in assessment.results if r.id in excluded)
    frameworks = ", ".join(f"{f.id} {f.version}" for f in assessment.frameworks)
    made: Json = {
        "description": sentence(message("Requirements of: {frameworks}", frameworks=frameworks), language),
        "props": [prop("required-control", r.id) for r in included if r.required],
        "control-selections": [selection],
    }
    if not made["props"]:
        del made["props"]
    leaves = [identifier(leaf.id) for r in included for leaf in r.leaves]
    if leaves:
        objectives = [{"objective-id": id_} for id_ in dict.fromkeys(leaves)]
        made["control-objective-selections"] = [{"include-objectives": objectives}]
    return made


def _ids(ids: Iterable[str]) -> list[Json]:
    return [{"control-id": id_} for id_ in dict.fromkeys(map(identifier, ids))]


def _objective(requirement: RequirementResult, language: Language) -> Json:
    return {
        "control-id": identifier(requirement.id),
        "description": markup(said(requirement.text, language)),
        "props": [
            prop("framework", requirement.framework),
            prop("force", requirement.force),
            prop("certainty", requirement.certainty),
            prop("required", requirement.required),
            prop("source", requirement.source),
        ],
        "parts": [_part(leaf, language) for leaf in requirement.leaves],
    }


def _part(leaf: Leaf, language: Language) -> Json:
    return {
        "id": identifier(leaf.id),
        "name": "assessment-objective",
        "prose": markup(said(leaf.title, language)),
        "props": [{"name": "label", "value": plain(leaf.id)}, prop("method", METHODS[leaf.code])],
    }
