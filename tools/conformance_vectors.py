"""The cases that lie beside the verifier's tests, which are no installed package, for the tools that run them."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packages" / "shinrai-verify"))

published = importlib.import_module("verify_tests.published")
edge_cases = importlib.import_module("verify_tests.edge_cases")
both = importlib.import_module("verify_tests.both")
Missing: type[Exception] = published.Missing
Cases = Iterator[tuple[str, bool]]
"""Names of cases, and whether they came out as they should."""
