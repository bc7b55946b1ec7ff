"""Small plans to read, follow and compare."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shinrai.planwatch import Plan, read_plan

PLAN = (Path(__file__).parent / "town.yaml").read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the plan with changes: each a text and what takes its place."""

    def put(*changes: tuple[str, str], name: str = "plan.yaml") -> Path:
        text = PLAN
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def town() -> Plan:
    return read_plan(PLAN.encode(), "plan.yaml")
