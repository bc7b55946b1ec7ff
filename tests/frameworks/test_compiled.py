"""The compiled form of a framework: the same framework, and never that of another file."""

import shutil
from pathlib import Path

import pytest

from shinrai.frameworks import FrameworkKey, available, framework_bytes, load_framework, read_framework
from shinrai.frameworks.compiled import compile_folder, dump, load

DATA = Path(__file__).parents[2] / "src" / "shinrai" / "frameworks" / "data"


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_compiling_loses_nothing(key: FrameworkKey) -> None:
    source = framework_bytes(*key)
    read = read_framework(source, "f.yaml")
    assert load(dump(read), source) == read
    assert load_framework(*key) == read


def test_a_compiled_form_of_another_file_is_not_used() -> None:
    source = framework_bytes("jp.guideline13", "2025-12-19")
    compiled = dump(read_framework(source, "f.yaml"))
    assert load(compiled, source + b"\n") is None
    assert load(compiled.replace(b'"format":1', b'"format":0', 1), source) is None


def test_compiling_writes_beside_each_file_and_the_same_bytes_again(tmp_path: Path) -> None:
    folder = tmp_path / "jp.guideline13"
    shutil.copytree(DATA / "jp.guideline13", folder, ignore=shutil.ignore_patterns("*.json"))
    written = compile_folder(tmp_path)
    assert written == [folder / "2025-12-19.json"]
    first = written[0].read_bytes()
    assert compile_folder(tmp_path) == written
    assert written[0].read_bytes() == first
