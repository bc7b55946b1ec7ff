import subprocess
import sys

import pytest

import shinrai.report


def test_importing_the_room_loads_none_of_its_libraries() -> None:
    code = (
        "import sys, shinrai.report; "
        "print([name for name in ('jinja2', 'vl_convert', 'altair', 'rich', 'pydantic') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(callable(getattr(shinrai.report, name)) for name in shinrai.report.__all__)
    with pytest.raises(AttributeError, match="to_pdf"):
        _ = shinrai.report.to_pdf  # type: ignore[attr-defined]
