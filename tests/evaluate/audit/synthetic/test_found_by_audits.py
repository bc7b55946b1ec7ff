"""Audits of made-up tables: what was planted comes first, and groups that are equal are not flagged."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from shinrai.evaluate.audit import AuditSettings, Roles, Wanted, audit_cells, read_cells
from shinrai.evaluate.audit.synthetic.population import Domain, PlantedGap, Population, population
from shinrai.evaluate.audit.synthetic.truth import answer_key
from shinrai.evaluate.audit.synthetic.writing import write_rows

ROWS = 20_000
COLUMNS = ("性別", "年代", "雇用形態")


Audits = Callable[[Domain, PlantedGap], tuple[Population, Any]]


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audits:
    """Audit a made-up table, once for each case."""

    @cache
    def audit(domain: Domain, gap: PlantedGap) -> tuple[Population, Any]:
        made = population(domain, gap)
        file = tmp_path_factory.mktemp("rows") / "rows.parquet"
        write_rows(made, ROWS, 11, file)
        wording = made.wording
        strata = (wording.line,) if gap is PlantedGap.SIMPSON else ()
        groups = COLUMNS if not strata else ("性別",)
        roles = Roles(wording.prediction, wording.label, favourable="可", groups=groups, strata=strata)
        cells = read_cells(file, roles, wanted=Wanted(search=0 if strata else 2, bins=0))
        return made, audit_cells(cells, AuditSettings(search=not strata, replicates=1_000))

    return audit


@pytest.mark.parametrize("domain", Domain)
@pytest.mark.parametrize("gap", [PlantedGap.MAIN, PlantedGap.INTERSECTION])
def test_the_planted_gap_comes_first(audited: Audits, domain: Domain, gap: PlantedGap) -> None:
    made, found = audited(domain, gap)
    first = found.search.findings[0]
    assert (first.subject, first.levels) == (made.planted, made.disadvantaged)
    assert first.difference.value < 0


@pytest.mark.parametrize("domain", Domain)
@pytest.mark.parametrize("gap", [PlantedGap.MAIN, PlantedGap.INTERSECTION, PlantedGap.NONE])
def test_equal_groups_are_not_flagged(audited: Audits, domain: Domain, gap: PlantedGap) -> None:
    made, found = audited(domain, gap)
    equal = [tuple(subject) for subject in answer_key(made, ROWS, 11)["equal"]]
    looked = [subject for subject in found.subjects if subject in equal]
    # Over all cases about 80 looks are taken, at a level at which one in a hundred such sets has a false alarm.
    for subject in looked:
        for metric in ("selection_rate", "tpr", "fpr"):
            chance = found.subjects[subject].chance[metric]
            assert chance.p is None or chance.p > 0.01 / 80, (subject, metric)
    if gap is PlantedGap.NONE:
        assert len(looked) == len(COLUMNS)
        assert found.search.findings == ()
        assert found.answer.value != "not_met"


@pytest.mark.parametrize("domain", Domain)
def test_a_gap_that_turns_round_within_strata_is_told(audited: Audits, domain: Domain) -> None:
    _, found = audited(domain, PlantedGap.SIMPSON)
    adjusted = found.subjects[("性別",)].stratified["selection_rate"].adjusted
    assert [each.simpson.clear and each.simpson.everywhere for each in adjusted] == [True]
