"""The differential runs against other implementations that are quick; `make conformance` runs all, with the vectors."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[2] / "tools" / "conformance.py"


@pytest.fixture(scope="module")
def conformance() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["pynacl", "node", "dsse"])
def test_others_decide_as_we_do(conformance: ModuleType, name: str, tmp_path: Path) -> None:
    result = conformance.run(name, tmp_path)
    if result.skipped is not None:
        pytest.skip(result.skipped)
    assert result.unlike == ()
    assert result.cases >= 50


@pytest.mark.parametrize("name", ["merkle", "cctv", "wycheproof", "jsontestsuite", "tessera"])
def test_a_suite_that_is_not_here_is_skipped_by_name(conformance: ModuleType, name: str, tmp_path: Path) -> None:
    result = conformance.run(name, tmp_path)
    assert result.cases == 0
    assert "is not here" in result.skipped
