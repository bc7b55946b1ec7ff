"""The published schema is the model's own, explains every field in both languages and agrees with the reader."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from shinrai.systems import json_schema, parse_description
from shinrai.systems.schema import choices, known_keys, meaning, schema_text

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "shinrai.schema.json"


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), "write schema_text() to docs/reference"


def test_it_is_a_valid_schema_of_the_dialect_it_names() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    jsonschema_rs.meta.validate(schema)


def properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in {"": schema, **schema["$defs"]}.items():
        for key, entry in part["properties"].items():
            yield f"{name}.{key}", entry


def test_every_field_and_choice_is_explained_in_both_languages() -> None:
    entries = list(properties(json_schema()))
    assert len(entries) > 70
    for name, entry in entries:
        assert entry.get("description", "").endswith("."), name
        assert entry.get("x-ja", "").endswith("。"), name
        for choice in (*entry.get("oneOf", ()), *entry.get("items", {}).get("oneOf", ())):
            assert choice["description"], name
            assert choice["x-ja"], name


def test_every_part_is_closed_and_titled() -> None:
    schema = json_schema()
    for part in (schema, *schema["$defs"].values()):
        assert part["additionalProperties"] is False
        assert part["title"]


def test_it_accepts_a_canonical_description(minimal: str) -> None:
    content = parse_description(minimal.encode(), "f").canonical()
    jsonschema_rs.validator_for(json_schema()).validate(content)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (("shinrai",), 2),
        (("system", "stage"), "met"),
        (("system", "roles"), ["citizen"]),
        (("system", "status"), "met"),
        (("validity_days",), 0),
        (("checks", "group_fairness", "min_group"), 4),
        (("checks", "group_fairness", "limits"), {"accuracy": 0.5}),
        (("checks", "performance", "limits"), {"accuracy": 50}),
        (("targets", "decisions", "favourable"), None),
    ],
)
def test_it_refuses_what_the_reader_refuses(minimal: str, part: tuple[str, ...], value: object) -> None:
    content = parse_description(minimal.encode(), "f").canonical()
    within = content
    for step in part[:-1]:
        within = within[step]
    within[part[-1]] = value
    assert not jsonschema_rs.validator_for(json_schema()).is_valid(content)


def test_what_it_knows_about_a_path() -> None:
    assert known_keys(("system", "name")) == ("ja", "en")
    assert known_keys(("targets", "any", "kind", "deeper")) == ()
    assert known_keys(("targets",)) == ()
    assert "favourable" in known_keys(("targets", "any"))
    assert known_keys(("scope", "not_applicable", 3, "reason")) == ("ja", "en")
    assert meaning(("no", "such", 0, "path")) is None
    assert meaning(("targets", "any")) is None
    found = meaning(("attestations", 0, "expires"))
    assert found is not None
    assert "YYYY-MM-DD" in found.ja
    assert list(choices(("system", "autonomy"))) == ["advises", "decides_with_review", "decides_alone"]
    assert "personal" in choices(("system", "data"))
    assert choices(("system", "id")) == choices(("no", "path")) == {}


def test_the_file_ends_with_a_line_end_and_keeps_japanese_readable() -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "評価" in text
    assert json.loads(text) == json_schema()
