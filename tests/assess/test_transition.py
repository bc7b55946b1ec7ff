"""A new version of a framework: what asks the same keeps its result, everything else is not assessed, and says why."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shinrai.assess import Assessment, Result, assess, at
from shinrai.assess.transition import under
from shinrai.evidence import Home
from shinrai.frameworks import Facts, Role, framework_bytes, load_framework, read_framework
from shinrai.frameworks.difference import Difference, difference
from shinrai.language import ShinraiError

Describe = Callable[..., Path]
OLD_BYTES = framework_bytes("jp.guideline13", "2025-12-19")
OLD = load_framework("jp.guideline13", "2025-12-19")
FACTS = Facts(frozenset({Role.PROVIDER}), frozenset(), frozenset({"JP"}), date(2026, 11, 20))

ADDED = """
  - id: JP-GL-C8
    kind: consideration
    title: {ja: 新たな事項, en: Something new}
    text: {ja: 新たに求める。, en: Something new is asked.}
    roles: []
    force: should
    certainty: M
    source: {keys: [S000]}
    expects:
      - {name: record, code: D, title: {ja: 記録, en: Record}}
  - id: JP-GL-C9
    kind: consideration
    title: {ja: 開発者への事項, en: For developers}
    text: {ja: 開発者に求める。, en: Something is asked of developers.}
    roles: [developer]
    force: should
    certainty: M
    source: {keys: [S000]}
    expects:
      - {name: record, code: D, title: {ja: 記録, en: Record}}
"""


def newer(*changes: tuple[str, str], added: str = "") -> Difference:
    text = OLD_BYTES.decode().replace('version: "2025-12-19"', 'version: "2026-12-01"', 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return difference(OLD, read_framework((text + added).encode(), "new.yaml"))


def results(assessment: Assessment) -> dict[str, tuple[Result, str]]:
    return {r.id: (r.result, r.cause.en) for r in assessment.results}


def test_only_what_differs_is_open_again_and_says_why(describe: Describe, home: Home) -> None:
    """One assessment of a fair system, seen under several new versions."""
    path = describe("fair 500", required="JP-GL-C2")
    before = assess(path, home, path.parent.parent / "out").assessment
    old = results(before)
    assert old["JP-GL-C2"][0] is Result.MET
    assert before.summary.conclusion == "met"

    # Nothing but the version: every result stands, and so does the conclusion.
    same = under(before, newer(), FACTS)
    assert results(same) == old
    assert same.summary == before.summary
    assert same.frameworks[0].version == "2026-12-01"
    assert any("is seen here under 2026-12-01" in limit.en for limit in same.limits)

    # The text of fairness changes: it alone is open, with the cause, and the conclusion with it.
    (fairness,) = [r for r in OLD.requirements if r.id == "JP-GL-C2"]
    changed = under(before, newer((fairness.text.en, "Nobody is treated unfairly, whatever the reason.")), FACTS)
    assert results(changed)["JP-GL-C2"] == (Result.NOT_ASSESSED, "changed in 2026-12-01; what differs: the text")
    assert {id_: r for id_, r in results(changed).items() if id_ != "JP-GL-C2"} == {
        id_: r for id_, r in old.items() if id_ != "JP-GL-C2"
    }
    assert (changed.summary.conclusion, changed.summary.exit_code) == ("undecided", 2)

    # It is derived like everything else: another day gives the same cause, and expiry still works.
    later = at(changed, datetime(2100, 1, 1, tzinfo=UTC))
    assert results(later)["JP-GL-C2"] == results(changed)["JP-GL-C2"]

    # Added rows are open if they are asked, and out with the reason of their own if they are not.
    added = under(before, newer(added=ADDED), FACTS)
    new = {r.id: r for r in added.results if r.id in {"JP-GL-C8", "JP-GL-C9"}}
    assert new["JP-GL-C8"].result is Result.NOT_ASSESSED
    assert "2026-12-01" in new["JP-GL-C8"].cause.en
    assert new["JP-GL-C8"].exclusion is None
    assert new["JP-GL-C9"].exclusion is not None and "AI developers" in new["JP-GL-C9"].exclusion.en
    # The conclusion named its rows, so new ones do not widen it.
    assert added.summary.conclusion == "met"
    assert not any(r.required for r in new.values())

    # A renumbered row keeps its evidence under its new id.
    moved = under(before, newer(("  - id: JP-GL-C2\n", "  - id: JP-GL-K2\n    continues: JP-GL-C2\n")), FACTS)
    assert results(moved)["JP-GL-K2"] == old["JP-GL-C2"]
    assert "JP-GL-C2" not in results(moved)
    assert moved.summary.conclusion == "met"

    # The assessment itself still says what it was signed with.
    assert results(before) == old


def test_a_conclusion_that_rested_on_everything_goes_on_doing_so(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    path.write_text(path.read_text().replace("required: [JP-GL-C1, JP-GL-C2]\n", ""))
    before = assess(path, home, path.parent.parent / "out").assessment
    added = under(before, newer(added=ADDED), FACTS)
    required = {r.id: r.required for r in added.results}
    assert required["JP-GL-C8"] and not required["JP-GL-C9"]


def test_another_file_than_was_pinned_is_refused(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    before = assess(path, home, path.parent.parent / "out").assessment
    aigb = difference(load_framework("jp.aigb", "1.1"), load_framework("jp.aigb", "1.2"))
    with pytest.raises(ShinraiError) as caught:
        under(before, aigb, FACTS)
    assert "not made under this file of jp.aigb 1.1" in str(caught.value)
    assert "jp.guideline13 2025-12-19" in str(caught.value)
