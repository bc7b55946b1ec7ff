"""A framework written as text is the same framework again, and the text is fit to be reviewed."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.frameworks import available, framework_bytes, load_framework, read_framework
from shinrai.frameworks.formats.yaml_out import write_yaml


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_framework_comes_back_as_it_was(frameworks, data) -> None:
    framework = data.draw(frameworks)
    text = write_yaml(framework)
    again = read_framework(text, "f.yaml")
    assert replace(again, digest=framework.digest) == framework
    assert write_yaml(again) == text


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_other_readers_see_the_same_texts(frameworks, data) -> None:
    framework = data.draw(frameworks)
    read = yaml.safe_load(write_yaml(framework))
    assert read["title"] == {"ja": framework.title.ja, "en": framework.title.en}
    assert [row["text"]["en"] for row in read["requirements"]] == [row.text.en for row in framework.requirements]


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_shipped_frameworks_stay_what_they_are_and_about_as_long(key) -> None:
    framework = load_framework(*key)
    text = write_yaml(framework)
    assert replace(read_framework(text, "f.yaml"), digest=framework.digest) == framework
    # Written for people as the files are that people wrote: lines may differ in quotes, not in number by much.
    assert len(text.splitlines()) == pytest.approx(len(framework_bytes(*key).splitlines()), rel=0.25)
