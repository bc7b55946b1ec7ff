"""JUnit XML for a build server: one test case for each leaf of a required requirement.

A build server counts as green what has no child, and shows `<skipped>` as harmless. So whatever is undecided,
inconclusive or not assessed is an `<error type="undecided">`; only a requirement that a named person declared not
applicable is `<skipped>`.
Source: the JUnit 4 ant task's format as Jenkins, GitLab and GitHub actions read it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from shinrai.assess.assessment import Assessment, Leaf, RequirementResult
from shinrai.language import Language, message
from shinrai.report.characters import harmless
from shinrai.report.sentences import titled_sentence
from shinrai.report.standing import Standing, measurements_of, standing
from shinrai.report.words import STANDING, said

_ELEMENT = {Standing.NOT_MET: "failure", Standing.NOT_APPLICABLE: "skipped"}


@dataclass(frozen=True, slots=True)
class _Case:
    suite: str
    requirement: RequirementResult
    name: str
    standing: Standing
    message: str
    details: tuple[str, ...]


def to_junit(assessment: Assessment, language: Language = Language.EN) -> str:
    """Return the required requirements as JUnit XML, one suite for each framework."""
    cases = list(_cases(assessment, language))
    suites = "".join(
        _suite(framework, [case for case in cases if case.suite == framework], assessment)
        for framework in dict.fromkeys(case.suite for case in cases)
    )
    name = _attribute(said(assessment.system.name, language))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}<testsuites name={name} {_totals(cases)}>\n{suites}</testsuites>\n"


def _cases(assessment: Assessment, language: Language) -> Iterator[_Case]:
    for requirement in assessment.results:
        if not requirement.required:
            continue
        for leaf in requirement.leaves:
            where = standing(requirement, leaf, assessment)
            cause = requirement.cause if where is Standing.NOT_APPLICABLE else leaf.cause
            details = _details(leaf, assessment, language)
            yield _Case(
                requirement.framework,
                requirement,
                leaf.id,
                where,
                _message(where, said(cause, language), language),
                details,
            )
        if not requirement.leaves:
            # Nothing was even asked for, so nothing can have shown it.
            text = _message(Standing.NOT_ASSESSED, said(requirement.cause, language), language)
            yield _Case(requirement.framework, requirement, requirement.id, Standing.NOT_ASSESSED, text, ())


def _message(where: Standing, cause: str, language: Language) -> str:
    return message("{name}: {text}", name=STANDING[where], text=cause).text(language)


def _details(leaf: Leaf, assessment: Assessment, language: Language) -> tuple[str, ...]:
    return tuple(titled_sentence(record, language).text(language) for record in measurements_of(leaf, assessment))


def _suite(framework: str, cases: list[_Case], assessment: Assessment) -> str:
    body = "".join(map(_case, cases))
    name, stamp = _attribute(framework), _attribute(assessment.assessed_on.strftime("%Y-%m-%dT%H:%M:%S"))
    return f"  <testsuite name={name} {_totals(cases)} timestamp={stamp}>\n{body}  </testsuite>\n"


def _case(case: _Case) -> str:
    head = f"    <testcase classname={_attribute(case.requirement.id)} name={_attribute(case.name)}"
    if case.standing is Standing.MET:
        out = escape("\n".join(map(harmless, case.details)))
        return f'{head} time="0">\n      <system-out>{out}</system-out>\n    </testcase>\n'
    element = _ELEMENT.get(case.standing, "error")
    kind = f' type="{case.standing}"' if element == "failure" else ' type="undecided"' if element == "error" else ""
    body = escape("\n".join(map(harmless, case.details)))
    message = _attribute(case.message)
    return f'{head} time="0">\n      <{element} message={message}{kind}>{body}</{element}>\n    </testcase>\n'


def _totals(cases: list[_Case]) -> str:
    elements = Counter("" if case.standing is Standing.MET else _ELEMENT.get(case.standing, "error") for case in cases)
    return (
        f'tests="{len(cases)}" failures="{elements["failure"]}" errors="{elements["error"]}" '
        f'skipped="{elements["skipped"]}"'
    )


def _attribute(text: str) -> str:
    return quoteattr(harmless(text))
