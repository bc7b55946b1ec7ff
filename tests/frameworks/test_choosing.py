"""What a person names is what is loaded, and a slip is answered with what there is."""

from pathlib import Path

import pytest

from shinrai.frameworks import available, choose, current, framework_bytes, load_framework
from shinrai.language import ShinraiError


def test_an_id_means_its_newest_version() -> None:
    newest = dict(available())
    assert dict(current()) == newest
    assert [key.id for key in current()] == sorted(newest)
    for id_, version in newest.items():
        assert (choose(id_).id, choose(id_).version) == (id_, version)
        assert load_framework(id_, version).superseded_by is None


def test_a_version_can_be_named() -> None:
    assert choose("jp.guideline13@2025-12-19") == load_framework("jp.guideline13", "2025-12-19")


def test_a_file_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "own.YAML"
    file.write_bytes(framework_bytes("jp.guideline13", "2025-12-19"))
    assert choose(str(file)) == load_framework("jp.guideline13", "2025-12-19")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jp.aigbb", "Did you mean “jp.aigb”?"),
        ("jp.aigb@9", "Versions available: "),
        ("jp.aigb@", "Versions available: "),
        ("", "There is no framework"),
        ("../../etc/passwd", "There is no framework"),
        ("missing.yaml", "The file missing.yaml cannot be read: No such file or directory."),
    ],
)
def test_a_slip_is_answered_with_what_there_is(name: str, text: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        choose(name)
    assert text in str(caught.value)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "f.yaml"
    folder.mkdir()
    with pytest.raises(ShinraiError, match="cannot be read"):
        choose(str(folder))
