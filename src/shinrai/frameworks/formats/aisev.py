"""The goal trees of J-AISI's evaluation tool aisev (one YAML file for each perspective) as requirements.

The files are in Goal Structuring Notation: goals `G5-2` are supported by strategies `S5-1` or by further goals, with a
weight for each (`scoreRate`), and stand in the context of `C` and `J`. A goal and a strategy become a heading each,
so the tree stays whole; a goal that is left undeveloped becomes a requirement whose evidence answers the goal's
question. The weight is kept as a tag (`weight-0-35` is 0.35), and what is only said beside a goal stands in its text.

Source: the tool's repository on GitHub, Japan-AISI/aisev (Apache-2.0), format as of April 2026.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from shinrai.frameworks.formats.document import Cursor, Document, read_yaml
from shinrai.frameworks.formats.draft import Draft, Evidence, Header, Row
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import EvidenceCode, Framework, Kind
from shinrai.language import ShinraiError, message

VERTICAL_TAB = "\x0b"
"""The tool's own files hold some, and the tool leaves them out; so does this."""

_NODE = re.compile(r"(G|S|C|J|A)([0-9]{1,3})-([0-9]{1,4})")
_KNOWN = {
    "text",
    "definition",
    "goalType",
    "question",
    "supportedBy",
    "scoreRate",
    "inContextOf",
    "undeveloped",
    "relationshipType",
}
_BESIDE = {"C": "文脈", "J": "根拠", "A": "前提"}
_TITLE = 40
_RATE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,20})?")
_WEIGHT = re.compile(r"weight-([0-9]+)(?:-([0-9]+))?")


@dataclass(slots=True)
class _Tree:
    """The nodes of a file, and which of them have been taken over."""

    root: Cursor
    draft: Draft
    nodes: dict[str, Cursor]
    seen: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    left: Counter[str] = field(default_factory=Counter)


def read_aisev(document: Document, findings: Findings) -> tuple[Draft, Header]:
    """Read the goal tree of one perspective; its texts are Japanese."""
    root = document.root
    draft = Draft(findings, "ja")
    nodes: dict[str, Cursor] = {}
    for name in root.fields():
        if _NODE.fullmatch(name) and (node := root.get(name)) is not None:
            nodes[name] = node
        else:
            findings.fault(_unknown(name, root))
    tree = _Tree(root, draft, nodes)
    tops = [name for name, node in nodes.items() if node.words("goalType") == "TopGoal"]
    if len(tops) != 1:
        raise ShinraiError(
            message("A goal tree has one goal of the type TopGoal; this one has {count}.", count=len(tops)),
            place=root.place,
        )
    _read_goals(tops[0], tree)
    _report_rest(tree)
    top = nodes[tops[0]]
    number = tops[0][1:].split("-")[0]
    title = _defined(top) or top.need("text").text()
    return draft, Header(
        id=f"aisev.g{number}",
        version="1",
        title=draft.said(title, top.place),
        issuer=draft.said("AIセーフティ・インスティテュート（AISI）", root.place),
        source="https://github.com/Japan-AISI/aisev",
        licence="Apache-2.0",
    )


def parse_aisev(data: bytes, name: str) -> Document:
    """Return the file as a document, without the vertical tabs that the tool's own files have."""
    return read_yaml(data, name, forgiven=VERTICAL_TAB)


def weights(framework: Framework) -> dict[str, Decimal]:
    """Return the weight that each requirement has among those beside it, for those that have one."""
    found = {}
    for row in framework.requirements:
        for tag in row.tags:
            match = _WEIGHT.fullmatch(tag)
            if match:
                found[row.id] = Decimal(f"{match.group(1)}.{match.group(2) or 0}")
    return found


def _unknown(name: str, root: Cursor) -> ShinraiError:
    at = Cursor(root.document, (name,), root.value[name]).place
    return ShinraiError(
        message("“{name}” is no name of a node.", name=shown(name)),
        fix=message("Goals are called G1-2, strategies S1-2, contexts C1-2 and justifications J1-2."),
        place=at,
    )


def _read_goals(top: str, tree: _Tree) -> None:
    """Take over a goal and everything that supports it, each node once, parents first."""
    pending: list[tuple[str, str | None, str | None]] = [(top, None, None)]
    while pending:
        name, parent, weight = pending.pop()
        node = tree.nodes[name]
        tree.seen.add(name)
        try:
            row = _row(name, node, parent, weight, tree)
            supporters = list(_supporters(name, node, tree))
        except ShinraiError as error:
            tree.draft.findings.fault(error)
            continue
        tree.draft.rows.append(row)
        wanted = []
        for supporter, its_weight in supporters:
            if supporter in tree.seen or any(supporter == each[0] for each in pending):
                tree.draft.findings.lose(
                    message("“{goal}” supports a second goal; it stands under the first only.", goal=supporter),
                    node.place,
                )
            else:
                wanted.append((supporter, row.id, its_weight))
        pending.extend(reversed(wanted))


def _supporters(name: str, node: Cursor, tree: _Tree) -> Iterator[tuple[str, str | None]]:
    supporters = list(node.listed("supportedBy"))
    rates = list(node.listed("scoreRate"))
    if rates and len(rates) != len(supporters):
        raise ShinraiError(
            message(
                "The weights of “{name}” ({rates}) are not as many as its goals ({goals}).",
                name=name,
                rates=len(rates),
                goals=len(supporters),
            ),
            fix=message("Give each goal of supportedBy one weight, in the same order."),
            place=node.place,
        )
    for number, supporter in enumerate(supporters):
        wanted = supporter.text().strip()
        if wanted not in tree.nodes or wanted[0] not in "GS":
            raise ShinraiError(
                message("There is no goal or strategy “{name}” in this file.", name=shown(wanted)),
                place=supporter.place,
            )
        yield wanted, _weight(rates[number]) if rates else None


def _weight(rate: Cursor) -> str:
    """Return the tag of a weight."""
    written = rate.text().strip()
    if not _RATE.fullmatch(written) or Decimal(written) > 1:
        raise ShinraiError(message("“{value}” is not a weight from 0 to 1.", value=shown(written)), place=rate.place)
    return "weight-" + written.replace(".", "-")


def _row(name: str, node: Cursor, parent: str | None, weight: str | None, tree: _Tree) -> Row:
    for each in node.fields():
        if each not in _KNOWN:
            tree.left[each] += 1
    draft = tree.draft
    leaf = node.words("undeveloped") == "true" or node.get("supportedBy") is None
    text = node.need("text").text().strip()
    title = _defined(node) or (text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…")
    question = node.words("question")
    if question is not None and not leaf:
        tree.left["question"] += 1
    return Row(
        id=draft.id_for(name, node.place),
        kind=_kind(name, node, leaf),
        title=draft.said(title, node.place),
        text=draft.said("\n".join((text, *_said_beside(node, tree))), node.place),
        place=node.place,
        name=name,
        parent=parent,
        section=name,
        tags=() if weight is None else (weight,),
        evidence=(Evidence("answer", EvidenceCode.ANSWER, draft.said(question or text, node.place)),) if leaf else (),
    )


def _kind(name: str, node: Cursor, leaf: bool) -> Kind:
    if name.startswith("S"):
        return Kind.APPROACH
    if node.words("goalType") == "TopGoal":
        return Kind.PERSPECTIVE
    return Kind.EVALUATION_ITEM if leaf else Kind.HEADING


def _defined(node: Cursor) -> str | None:
    """Return a goal's own name, without the word that says which goal it is."""
    definition = node.words("definition")
    return None if definition is None else re.sub(r"^(Goal|SG)[:：]\s*", "", definition.strip())


def _said_beside(node: Cursor, tree: _Tree) -> Iterator[str]:
    """Return what contexts and justifications say of a node, a line each."""
    for each in node.listed("inContextOf"):
        name = each.text().strip()
        if name not in tree.nodes or name[0] not in _BESIDE:
            raise ShinraiError(
                message("There is no context “{name}” in this file.", name=shown(name)), place=each.place
            )
        tree.beside.add(name)
        yield f"（{_BESIDE[name[0]]}{name}）{tree.nodes[name].need('text').text().strip()}"


def _report_rest(tree: _Tree) -> None:
    findings = tree.draft.findings
    for name, node in tree.nodes.items():
        if name not in tree.seen and name not in tree.beside:
            findings.lose(message("“{name}” supports nothing that the top goal rests on.", name=name), node.place)
    for name, count in sorted(tree.left.items()):
        findings.lose(
            message("The field “{name}” has no place here (found {count} times).", name=shown(name), count=count)
        )
    findings.counts["goals"] = sum(name.startswith("G") for name in tree.seen)
    findings.counts["strategies"] = sum(name.startswith("S") for name in tree.seen)
    findings.counts["leaves"] = sum(bool(row.evidence) for row in tree.draft.rows if isinstance(row, Row))
