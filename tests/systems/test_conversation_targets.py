"""Targets that answer: read with every fault at its place, secrets refused and never shown."""

from collections.abc import Callable

import jsonschema_rs
import pytest

from shinrai.language import Language
from shinrai.systems import (
    ChatTarget,
    DescriptionError,
    RecordsTarget,
    SampleShare,
    TargetKind,
    json_schema,
    parse_description,
)
from shinrai.systems.schema import choices, known_keys, meaning

CHAT = """\
  desk:
    kind: chat
    address: http://127.0.0.1:8000/v1
    model: desk-1
    key: env:DESK_KEY
    headers: {X-Tenant: city, X-Api-Key: "file:secrets/key", Status: open}
    stream: true
    system: |
      Answer briefly.
      In Japanese.
    sampling: {temperature: 0, max_tokens: 500, seed: 7, stop: ["###"]}
    limits:
      in_flight: 32
      deadline_seconds: 30
      requests_per_minute: 600
      prices: {input: 0.5, output: 1.5, currency: JPY}
      cost_limit: 200
    suites:
      - {id: shinrai.refusal.ja, version: 1}
      - {id: own.echo, version: 1.0, file: suites/echo.yaml}
    repeats: 2
    seed: 3
    share: counts
  logs:
    kind: records
    file: data/answers.jsonl
    columns: {question: asked, answer: said}
    suites: [{id: shinrai.refusal.ja, version: 1}]
    share: samples
"""


@pytest.fixture
def text(minimal: str) -> str:
    return minimal.replace("checks:\n", CHAT + "checks:\n", 1)


@pytest.fixture
def faults(text: str) -> Callable[..., list[tuple[str | None, str]]]:
    """Return field and English text of each fault after one replacement."""

    def find(old: str, new: str) -> list[tuple[str | None, str]]:
        assert text.count(old) == 1, old
        with pytest.raises(DescriptionError) as caught:
            parse_description(text.replace(old, new).encode(), "shinrai.yaml")
        assert all(fault.place.line for fault in caught.value.faults)
        assert "sk-live" not in caught.value.text(Language.JA) + caught.value.text(Language.EN)
        return [(fault.place.field, fault.text(Language.EN)) for fault in caught.value.faults]

    return find


def test_a_target_that_talks_is_read(text: str) -> None:
    described = parse_description(text.encode(), "shinrai.yaml")
    desk, logs = described.targets["desk"], described.targets["logs"]
    assert isinstance(desk, ChatTarget) and isinstance(logs, RecordsTarget)
    assert (desk.kind, desk.share, desk.repeats, desk.seed) == (TargetKind.CHAT, SampleShare.COUNTS, 2, 3)
    assert (desk.sampling.temperature, desk.limits.in_flight, desk.limits.cost_limit) == (0.0, 32, 200.0)
    assert [used.file for used in desk.suites] == [None, "suites/echo.yaml"]
    assert (logs.columns.question, logs.columns.probe, logs.repeats) == ("asked", None, None)
    place = described.place(("targets", "desk", "suites", 1, "file"))
    assert place is not None and place.line == text.split("suites/echo.yaml")[0].count("\n") + 1
    jsonschema_rs.validator_for(json_schema()).validate(described.canonical())


FAULTS = [
    ("    model: desk-1\n", "", "targets.desk.model", "Add it under “desk”. The model to ask for."),
    ("    model: desk-1\n", "    modell: desk-1\n", "targets.desk.modell", "Did you mean “model”"),
    ("kind: chat", "kind: chats", "targets.desk.kind", "“chat”"),
    ("    kind: chat\n", "", "targets.desk", "The field “kind” is missing."),
    ("env:DESK_KEY", "sk-live-1234", "targets.desk.key", "Write env:NAME or file:PATH"),
    ("env:DESK_KEY", "env:sk-live 1234", "targets.desk.key", "Write env:NAME or file:PATH"),
    ('"file:secrets/key"', "sk-live-1234", "targets.desk.headers", "X-Api-Key"),
    ("http://127.0.0.1:8000/v1", "https://me:sk-live@host/v1", "targets.desk.address", "no user name"),
    ("http://127.0.0.1:8000/v1", "https://host/v1?key=sk-live", "targets.desk.address", "no user name"),
    ("temperature: 0,", "temperature: 9,", "targets.desk.sampling.temperature", "5 or less"),
    ("deadline_seconds: 30", "deadline_seconds: 0", "targets.desk.limits.deadline_seconds", "above 0"),
    ("      prices: {input: 0.5, output: 1.5, currency: JPY}\n", "", "targets.desk.limits.cost_limit", "prices"),
    ("id: own.echo", "id: shinrai.refusal.ja", "targets.desk.suites[2].id", "twice"),
    ("file: suites/echo.yaml", "file: ../echo.yaml", "targets.desk.suites[2].file", "leads out"),
    ("    repeats: 2\n", "    repeats: 0\n", "targets.desk.repeats", "1 or more"),
    ("    seed: 3\n    share: counts", "    share: rows", "targets.desk.share", "samples"),
    ("    seed: 3\n", "    status: met\n", "targets.desk.status", "derived from evidence"),
    ("file: data/answers.jsonl", "file: /etc/passwd", "targets.logs.file", "description's folder"),
    ("    suites: [{id: shinrai.refusal.ja, version: 1}]\n", "", "targets.logs.suites", "under “logs”"),
    ("{question: asked,", "{questions: asked,", "targets.logs.columns.questions", "question"),
    ("X-Tenant:", "X Tenant:", "targets.desk.headers", "HTTP header"),
]


@pytest.mark.parametrize(("old", "new", "field", "told"), FAULTS)
def test_a_fault_stands_at_its_field(
    faults: Callable[..., list[tuple[str | None, str]]], old: str, new: str, field: str, told: str
) -> None:
    found = faults(old, new)
    assert len(found) == 1, found
    assert (found[0][0] or "").startswith(field) and told in found[0][1], found


def test_the_schema_knows_each_kind() -> None:
    assert set(choices(("targets", "any", "kind"))) == {"table", "chat", "records", "model", "results"}
    assert "address" in known_keys(("targets", "any", "chat")) and "label" not in known_keys(("targets", "any", "chat"))
    told = meaning(("targets", "any", "chat", "limits", "cost_limit"))
    assert told is not None and "Stop before" in told.en and "上限" in told.ja
