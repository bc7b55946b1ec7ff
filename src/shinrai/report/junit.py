"""JUnit XML for a build server: one test case for each leaf of a required requirement.

A build server counts as green what has no child, and shows `<skipped>` as harmless. So whatever is undecided,
inconclusive or not assessed is an `<error>` whose type says which; only a requirement that a named person declared not
applicable is `<skipped>`.
Source: the JUnit 4 ant task's format as Jenkins, GitLab and GitHub actions read it.
"""

from collections import Counter
from xml.sax.saxutils import escape, quoteattr

from shinrai.assess.assessment import Assessment
from shinrai.language import Language
from shinrai.report.cases import Case, cases
from shinrai.report.characters import harmless
from shinrai.report.outcome import Outcome
from shinrai.report.words import said

_ELEMENT = {Outcome.PASS: "", Outcome.FAIL: "failure", Outcome.NOT_APPLICABLE: "skipped"}
_TYPE = {
    Outcome.FAIL: "not_met",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.NOT_ASSESSED: "not_assessed",
    Outcome.UNDECIDED: "undecided",
    Outcome.VOID: "undecided",
    Outcome.CONTESTED: "undecided",
}


def to_junit(assessment: Assessment, language: Language = Language.EN) -> str:
    """Return the required requirements as JUnit XML, one suite for each framework."""
    required = [case for case in cases(assessment) if case.requirement.required]
    suites = "".join(
        _suite(framework, [case for case in required if case.requirement.framework == framework], assessment, language)
        for framework in dict.fromkeys(case.requirement.framework for case in required)
    )
    name = _attribute(said(assessment.system.name, language))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<testsuites name={name} {_totals(required)} time="0">\n{suites}</testsuites>\n'


def _suite(framework: str, members: list[Case], assessment: Assessment, language: Language) -> str:
    body = "".join(_case(case, language) for case in members)
    name, stamp = _attribute(framework), _attribute(assessment.assessed_on.strftime("%Y-%m-%dT%H:%M:%S"))
    facts = {"as-of": assessment.as_of.isoformat(), "bundle": assessment.bundle.id, "language": language.value}
    properties = "".join(f"<property name={_attribute(k)} value={_attribute(v)}/>" for k, v in facts.items())
    return (
        f'  <testsuite name={name} {_totals(members)} time="0" timestamp={stamp}>\n'
        f"    <properties>{properties}</properties>\n{body}  </testsuite>\n"
    )


def _case(case: Case, language: Language) -> str:
    head = f'    <testcase classname={_attribute(case.requirement.id)} name={_attribute(case.id)} time="0">\n'
    element = _element(case)
    body = escape("\n".join(map(harmless, case.details(language))))
    if not element:
        return f"{head}      <system-out>{body}</system-out>\n    </testcase>\n"
    kind = f' type="{_TYPE[case.outcome]}"' if case.outcome in _TYPE else ""
    text = _attribute(case.summary(language))
    return f"{head}      <{element} message={text}{kind}>{body}</{element}>\n    </testcase>\n"


def _element(case: Case) -> str:
    # What has no element of its own is an error: an outcome that nobody foresaw is never green.
    return _ELEMENT.get(case.outcome, "error")


def _totals(members: list[Case]) -> str:
    elements = Counter(map(_element, members))
    return (
        f'tests="{len(members)}" failures="{elements["failure"]}" errors="{elements["error"]}" '
        f'skipped="{elements["skipped"]}"'
    )


def _attribute(text: str) -> str:
    return quoteattr(harmless(text))
