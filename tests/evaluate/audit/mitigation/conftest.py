"""A made-up table with a planted gap, written once."""

import pytest

from shinrai.evaluate.audit.synthetic.population import Domain, PlantedGap, population
from shinrai.evaluate.audit.synthetic.writing import write_rows
from shinrai.evaluate.targets.table import TableTarget


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> TableTarget:
    """20,000 rows in which women are selected less often, whatever their label."""
    file = tmp_path_factory.mktemp("planted") / "rows.parquet"
    write_rows(population(Domain.HR, PlantedGap.MAIN), 20_000, 5, file)
    return TableTarget("t", file, "適性", "可", prediction="採否", score="評価点", groups=("性別",))
