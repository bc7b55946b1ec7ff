"""The probes of a suite file, with everything a scorer expects of them read by the scorer itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shinrai.evaluate.sample import Document, Prompt, Speaker, Tool, Turn
from shinrai.evaluate.scorers.citations import Sources
from shinrai.evaluate.scorers.json_answer import NotJsonError, parse
from shinrai.evaluate.scorers.settings import as_number, as_texts, merged
from shinrai.evaluate.suites.model import HarmClass, Probe, UsedScorer
from shinrai.evaluate.suites.planting import mentions_canary
from shinrai.frameworks.located import (
    Fields,
    Node,
    as_choice,
    as_fields,
    as_items,
    as_match,
    as_text,
    as_tuple,
    as_word,
)
from shinrai.language import Place, ShinraiError, message

MAX_PROBES = 5_000
MAX_TURNS = 50
MAX_DOCUMENTS = 100
MAX_TOOLS = 20
MAX_PARAPHRASES = 20
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOOL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_PROBE_OPTIONAL = (
    "scenario",
    "ask",
    "turns",
    "then",
    "system",
    "documents",
    "tools",
    "weight",
    "harm_class",
    "expect",
    "paraphrases",
)


@dataclass(frozen=True, slots=True)
class ScorerEntry:
    """A scorer as the file uses it: settings are what it expects of every probe, unless the probe says otherwise."""

    used: UsedScorer
    settings: Fields | None
    place: Place


@dataclass(frozen=True, slots=True)
class SuiteParts:
    """What the probes of a suite share."""

    system: str | None
    documents: Mapping[str, Document]
    tools: Mapping[str, Tool]
    scorers: tuple[ScorerEntry, ...]
    harm_class: HarmClass


def read_documents(node: Node | None) -> Mapping[str, Document]:
    """Read the documents that probes can name, by their id."""
    documents: dict[str, Document] = {}
    for item in () if node is None else as_items(node):
        document = _document(item)
        if document.id in documents:
            raise ShinraiError(message("The id “{id}” stands here twice.", id=document.id), place=item.place)
        documents[document.id] = document
    return documents


def read_tools(node: Node | None) -> Mapping[str, Tool]:
    """Read the tools that probes can name, by their name."""
    tools: dict[str, Tool] = {}
    for item in () if node is None else as_items(node):
        field = as_fields(item, ("name", "description", "parameters")).values
        name = as_match(field["name"], _TOOL, message("the name of a tool (letters, digits, “_” and “-”)"))
        if name in tools:
            raise ShinraiError(message("The name “{name}” is already used.", name=name), place=item.place)
        tools[name] = Tool(name, as_text(field["description"]), _json(field["parameters"]))
    return tools


def _json(node: Node) -> str:
    text = as_text(node)
    try:
        value = parse(text)
    except NotJsonError as error:
        raise ShinraiError(message("This is not JSON."), place=node.place) from error
    if not isinstance(value, dict):
        raise ShinraiError(message("This is not a JSON Schema."), place=node.place)
    return text


def _document(node: Node) -> Document:
    field = as_fields(node, ("id", "title", "text")).values
    id_ = as_match(field["id"], _ID, message("an id (letters, digits, “.”, “_” and “-”, at most 64)"))
    return Document(id_, as_text(field["title"]), as_text(field["text"]))


def read_probes(node: Node, parts: SuiteParts) -> tuple[Probe, ...]:
    """Read the list of probes: 1 to MAX_PROBES, each with an id of its own."""
    items = as_items(node)
    if not 1 <= len(items) <= MAX_PROBES:
        raise ShinraiError(
            message("There are {size} probes; a suite has 1 to {limit}.", size=len(items), limit=MAX_PROBES),
            place=node.place,
        )
    probes: dict[str, Probe] = {}
    for item in items:
        probe = _probe(item, parts)
        if probe.id in probes:
            raise ShinraiError(message("The id “{id}” stands here twice.", id=probe.id), place=item.place)
        probes[probe.id] = probe
    return tuple(probes.values())


def _probe(node: Node, parts: SuiteParts) -> Probe:
    fields = as_fields(node, ("id",), _PROBE_OPTIONAL)
    field = fields.values
    wanted = message("an id (letters, digits, “.”, “_” and “-”, at most 64)")
    prompt = _prompt(fields, parts)
    probe = Probe(
        id=as_match(field["id"], _ID, wanted),
        cluster=as_match(field.get("scenario", field["id"]), _ID, wanted),
        weight=as_number(field["weight"], 0.001, 1000.0) if "weight" in field else 1.0,
        harm_class=as_choice(field["harm_class"], HarmClass) if "harm_class" in field else parts.harm_class,
        prompt=prompt,
        expected=_expected(fields, parts, prompt),
        paraphrases=as_texts(field.get("paraphrases"), MAX_PARAPHRASES),
    )
    if not probe.expected:
        raise ShinraiError(
            message("No scorer is asked about this probe."),
            fix=message("Say under “expect” what one of the suite's scorers needs."),
            place=node.place,
        )
    return probe


def _prompt(fields: Fields, parts: SuiteParts) -> Prompt:
    field = fields.values
    if ("ask" in field) == ("turns" in field):
        raise ShinraiError(
            message("A probe has either “ask” or “turns”."),
            fix=message("Write the question under “ask”, or a conversation that ends with the user's under “turns”."),
            place=fields.place,
        )
    turns = (Turn(Speaker.USER, as_text(field["ask"])),) if "ask" in field else _turns(field["turns"])
    system = as_text(field["system"]) if "system" in field else parts.system
    return Prompt(
        turns=turns if system is None else (Turn(Speaker.SYSTEM, system), *turns),
        follow_ups=_follow_ups(field.get("then")),
        documents=_documents(field.get("documents"), parts),
        tools=_named(field.get("tools"), parts.tools),
    )


def _turns(node: Node) -> tuple[Turn, ...]:
    items = as_items(node)
    if not 1 <= len(items) <= MAX_TURNS:
        raise ShinraiError(
            message("There are {size} turns; 1 to {limit} are read.", size=len(items), limit=MAX_TURNS),
            place=node.place,
        )
    turns = tuple(map(_turn, items))
    if turns[-1].speaker is not Speaker.USER:
        raise ShinraiError(message("The last turn is the user's."), place=items[-1].place)
    return turns


def _turn(node: Node) -> Turn:
    fields = as_fields(node, (), ("user", "assistant"))
    if len(fields.values) != 1:
        raise ShinraiError(message("A turn is either “user” or “assistant”."), place=node.place)
    ((speaker, text),) = fields.values.items()
    return Turn(Speaker(speaker), as_text(text))


def _follow_ups(node: Node | None) -> tuple[str, ...]:
    texts = as_tuple(node, as_text)
    if node is not None and len(texts) > MAX_TURNS:
        raise ShinraiError(
            message("There are {size} turns; 1 to {limit} are read.", size=len(texts), limit=MAX_TURNS),
            place=node.place,
        )
    return texts


def _documents(node: Node | None, parts: SuiteParts) -> tuple[Document, ...]:
    """Read a probe's documents: ids of the suite's, or documents written out."""
    documents = as_tuple(
        node,
        lambda item: _document(item) if isinstance(item, Fields) else parts.documents[as_word(item, parts.documents)],
    )
    if node is not None and len(documents) > MAX_DOCUMENTS:
        raise ShinraiError(
            message("The list has {size} entries; at most {limit} are read.", size=len(documents), limit=MAX_DOCUMENTS),
            place=node.place,
        )
    if node is not None and len({document.id for document in documents}) != len(documents):
        raise ShinraiError(message("A document is given twice."), place=node.place)
    return documents


def _named(node: Node | None, known: Mapping[str, Tool]) -> tuple[Tool, ...]:
    tools = as_tuple(node, lambda item: known[as_word(item, known)])
    if node is not None and (len(tools) > MAX_TOOLS or len(set(tools)) != len(tools)):
        raise ShinraiError(message("At most {limit} tools can be given, each once.", limit=MAX_TOOLS), place=node.place)
    return tools


def _expected(fields: Fields, parts: SuiteParts, prompt: Prompt) -> Mapping[str, Any]:
    names = [entry.used.name for entry in parts.scorers]
    own = as_fields(fields.values["expect"], (), names).values if "expect" in fields.values else {}
    expected: dict[str, Any] = {}
    for entry in parts.scorers:
        name = entry.used.name
        if name not in own and not entry.used.every:
            continue
        mine = as_fields(own[name], (), _field_names(own[name])) if name in own else None
        needs = merged(entry.settings, mine) or Fields({}, {}, entry.place)
        expected[name] = entry.used.scorer.read(needs)
        _check_expected(expected[name], prompt, mine.place if mine else fields.place)
    return expected


def _field_names(node: Node) -> tuple[str, ...]:
    return tuple(node.values) if isinstance(node, Fields) else ()


def _check_expected(expected: Any, prompt: Prompt, place: Place) -> None:
    if mentions_canary(expected) and not mentions_canary(prompt):
        raise ShinraiError(
            message("A canary is looked for, but none is planted in the prompt."),
            fix=message("Write “{{canary}}”, or its halves, into the prompt or a document."),
            place=place,
        )
    if isinstance(expected, Sources):
        unknown = set(expected.cited) - {document.id for document in prompt.documents}
        if unknown:
            raise ShinraiError(
                message("The probe has no document “{id}” that could be cited.", id=min(unknown)), place=place
            )
