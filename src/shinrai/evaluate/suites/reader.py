"""Suite files: how one becomes a Suite. The format is described in docs/reference/suite-format.md.

Files may come from strangers: they are read with the small YAML of the frameworks room, within limits, and everything
missing, unknown or of the wrong kind is an error with its place. Nothing in a file is run.
"""

import re
from hashlib import sha256

from shinrai.evaluate.measurement import Comparison, Rule
from shinrai.evaluate.scorers import SCORERS, GroupScorer
from shinrai.evaluate.scorers.settings import as_count, as_number
from shinrai.evaluate.suites.model import (
    Decision,
    Goal,
    HarmClass,
    Metric,
    Origin,
    Probe,
    Suite,
    SuiteSource,
    UsedOperator,
    UsedScorer,
)
from shinrai.evaluate.suites.planning import what_is_said
from shinrai.evaluate.suites.probes import ScorerEntry, SuiteParts, read_documents, read_probes, read_tools
from shinrai.evaluate.suites.variations import OPERATORS, Draws, variations
from shinrai.frameworks import Certainty
from shinrai.frameworks.located import (
    Fields,
    Node,
    as_bilingual,
    as_choice,
    as_fields,
    as_items,
    as_match,
    as_text,
    as_tuple,
    as_word,
    read_yaml,
)
from shinrai.language import Place, ShinraiError, message

MAX_BYTES = 2 * 1024 * 1024
MAX_REPEATS = 100
MAX_VARIATIONS = 20
MAX_SCORERS = 20
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?#=&%+-]*)?")
_REQUIRED = (
    "id",
    "version",
    "title",
    "about",
    "language",
    "licence",
    "source",
    "harm_class",
    "shows",
    "scorers",
    "probes",
)
_OPTIONAL = ("goal", "system", "documents", "tools", "variations", "repeats", "notes")


def read_suite(data: bytes, name: str) -> Suite:
    """Read a suite file. name: what errors call it. Anything that is not a suite is a ShinraiError with its place."""
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has {size} bytes; at most {limit} are read.", size=len(data), limit=MAX_BYTES),
            place=Place(name),
        )
    root = as_fields(read_yaml(data, name), _REQUIRED, _OPTIONAL)
    field = root.values
    entries = _scorers(field["scorers"])
    operators = as_tuple(field.get("variations"), _operator)
    _different([each.name for each in operators], MAX_VARIATIONS, field.get("variations"))
    harm_class = as_choice(field["harm_class"], HarmClass)
    suite = Suite(
        id=as_match(field["id"], _ID, message("an id (letters, digits, “.”, “_” and “-”, at most 128)")),
        version=as_match(field["version"], _ID, message("a version such as 1.0")),
        title=as_bilingual(field["title"]),
        about=as_bilingual(field["about"]),
        language=as_match(field["language"], _LANGUAGE, message("a language tag such as ja")),
        licence=as_text(field["licence"]),
        source=_source(field["source"]),
        harm_class=harm_class,
        shows=as_tuple(field["shows"], lambda node: as_match(node, _ID, message("the id of a requirement's leaf"))),
        goal=_goal(field["goal"]) if "goal" in field else None,
        scorers=tuple(entry.used for entry in entries),
        variations=operators,
        repeats=as_count(field["repeats"], 1, MAX_REPEATS) if "repeats" in field else 1,
        probes=read_probes(
            field["probes"],
            SuiteParts(
                system=as_text(field["system"]) if "system" in field else None,
                documents=read_documents(field.get("documents")),
                tools=read_tools(field.get("tools")),
                scorers=entries,
                harm_class=harm_class,
            ),
        ),
        notes=as_tuple(field.get("notes"), as_bilingual),
        digest=sha256(data).hexdigest(),
    )
    _check_use(suite, root)
    return suite


def _source(node: Node) -> SuiteSource:
    field = as_fields(node, ("origin", "title", "certainty"), ("address",)).values
    return SuiteSource(
        origin=as_choice(field["origin"], Origin),
        title=as_bilingual(field["title"]),
        address=as_match(field["address"], _ADDRESS, message("an address that begins with https://"))
        if "address" in field
        else None,
        certainty=as_choice(field["certainty"], Certainty),
    )


def _goal(node: Node) -> Goal:
    field = as_fields(node, ("tree", "node")).values
    wanted = message("an id (letters, digits, “.”, “_” and “-”, at most 128)")
    return Goal(as_match(field["tree"], _ID, wanted), as_match(field["node"], _ID, wanted))


def _scorers(node: Node) -> tuple[ScorerEntry, ...]:
    entries = as_tuple(node, _scorer)
    if not entries:
        raise ShinraiError(message("A suite has at least one scorer."), place=node.place)
    _different([entry.used.name for entry in entries], MAX_SCORERS, node)
    return entries


def _scorer(node: Node) -> ScorerEntry:
    fields = as_fields(node, ("use",), ("name", "asked_of", "settings", "decision"))
    field = fields.values
    scorer = SCORERS[as_word(field["use"], SCORERS)]
    name = as_match(field["name"], _NAME, message("a name in lower-case letters")) if "name" in field else scorer.name
    every = "asked_of" not in field or as_word(field["asked_of"], ("every", "expecting")) == "every"
    settings = field.get("settings")
    if settings is not None:
        settings = as_fields(settings, (), settings.values if isinstance(settings, Fields) else ())
    decision = _decision(field["decision"]) if "decision" in field else None
    return ScorerEntry(UsedScorer(name, scorer, every, decision), settings, fields.place)


def _decision(node: Node) -> Decision:
    field = as_fields(node, ("metric", "comparison", "limit")).values
    rule = Rule(as_choice(field["comparison"], Comparison), as_number(field["limit"], 0.0, 1.0))
    return Decision(as_choice(field["metric"], Metric), rule)


def _operator(node: Node) -> UsedOperator:
    fields = as_fields(node, ("use",), ("name", "settings", "most"))
    field = fields.values
    operator = OPERATORS[as_word(field["use"], OPERATORS)]
    name = as_match(field["name"], _NAME, message("a name in lower-case letters")) if "name" in field else operator.name
    settings = field.get("settings", Fields({}, {}, fields.place))
    given = as_fields(settings, (), settings.values if isinstance(settings, Fields) else ())
    return UsedOperator(
        name, operator, operator.read(given), as_count(field["most"], 1, 100) if "most" in field else 10
    )


def _different(names: list[str], limit: int, node: Node | None) -> None:
    if node is None:
        return
    if len(names) > limit:
        raise ShinraiError(
            message("The list has {size} entries; at most {limit} are read.", size=len(names), limit=limit),
            place=node.place,
        )
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ShinraiError(
                message("The name “{name}” is already used.", name=name),
                fix=message("Give one of the two a “name” of its own."),
                place=as_items(node)[number].place,
            )


def _check_use(suite: Suite, root: Fields) -> None:
    """Refuse what could never have an effect: a scorer no probe needs, an operator that changes no probe."""
    scorers, field = as_items(root.values["scorers"]), root.values
    alone = suite.repeats == 1 and not suite.variations
    for used, node in zip(suite.scorers, scorers, strict=True):
        if not any(used.name in probe.expected for probe in suite.probes):
            raise ShinraiError(message("No probe expects anything of this scorer."), place=node.place)
        if isinstance(used.scorer, GroupScorer) and alone:
            raise ShinraiError(
                message("This scorer compares samples of one probe, and there is only one of each."),
                fix=message("Give “repeats” above 1, or variations."),
                place=node.place,
            )
    for operator, node in zip(suite.variations, as_items(field["variations"]) if suite.variations else (), strict=True):
        if not any(_changes(operator, probe) for probe in suite.probes):
            raise ShinraiError(message("This operator changes no probe of the suite."), place=node.place)


def _changes(used: UsedOperator, probe: Probe) -> bool:
    made = variations(used.operator, used.settings, what_is_said(probe), Draws("check", probe.id), 1)
    return next(made, None) is not None
