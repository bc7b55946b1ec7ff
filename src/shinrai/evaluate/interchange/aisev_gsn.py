"""Goal trees of aisev: YAML files in goal structuring notation, one for each perspective.

Nodes: `G…` goals, `S…` strategies (they group goals and are passed through), `C…` contexts and `J…` justifications
(kept, not modelled). `supportedBy` names what a node rests on, `scoreRate` the weights of that, `undeveloped` marks a
leaf. Files of aisev may hold U+000B, which YAML forbids: it is taken out for reading, and that is said; anchors and
aliases are refused. A file that is written again keeps every byte that was not changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from shinrai.evaluate.suites.goals import MAX_NODES, GoalNode, GoalTree
from shinrai.frameworks.located import Fields, Items, Node, Text, as_items, as_text, read_yaml, shown
from shinrai.language import Bilingual, Message, Place, ShinraiError, message

# Each level of goals takes two of the levels that a YAML file of ours may have (20).
MAX_DEPTH = 9
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RATE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
_ONE, _HUNDRED = Fraction(1), Fraction(100)


@dataclass(frozen=True, slots=True)
class GsnNode:
    """A node as it stands in the file. rates: as written, empty where none are. rates_place: where they stand."""

    id: str
    text: str
    question: str
    supported_by: tuple[str, ...]
    rates: tuple[Fraction, ...]
    leaf: bool
    top: bool
    place: Place
    rates_place: Place | None

    @property
    def goal(self) -> bool:
        """Whether it is a goal, and not a strategy, context or justification."""
        return self.id.startswith("G")


@dataclass(frozen=True, slots=True)
class GsnFile:
    """A file. notes: what was done to read it, and what in it leads nowhere."""

    name: str
    data: bytes
    nodes: Mapping[str, GsnNode]
    top: GsnNode
    notes: tuple[Message, ...]

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return sha256(self.data).hexdigest()

    @property
    def goals(self) -> int:
        """How many goals there are."""
        return sum(node.goal for node in self.nodes.values())

    @property
    def leaves(self) -> int:
        """How many goals are marked as leaves."""
        return sum(node.goal and node.leaf for node in self.nodes.values())


@dataclass(frozen=True, slots=True)
class GsnTree:
    """A goal tree from a file. notes: weights that were shared out anew, and what was taken for granted."""

    tree: GoalTree
    notes: tuple[Message, ...]


def read_gsn(data: bytes, name: str) -> GsnFile:
    """Read a file. ShinraiError with line and column: not YAML, a node that is missing or stands nowhere."""
    text, lines = _without_tabs(data)
    root = read_yaml(text, name)
    if not isinstance(root, Fields):
        raise ShinraiError(message("This is not a goal tree of aisev."), place=root.place)
    nodes = {id_: _node(id_, node, root.keys[id_]) for id_, node in root.values.items()}
    if len(nodes) > MAX_NODES:
        raise ShinraiError(message("The tree has more than {limit} goals.", limit=MAX_NODES), place=Place(name))
    for node in nodes.values():
        for below in node.supported_by:
            if below not in nodes:
                raise ShinraiError(
                    message("The node “{id}” is not in the file.", id=shown(below)),
                    fix=message("Add it, or take it out of supportedBy."),
                    place=node.place,
                )
    top = _top(nodes, name)
    notes = [
        message("The invisible character U+000B was passed over in line {line}; it stays in the file.", line=line)
        for line in lines
    ]
    loose = [id_ for id_, node in nodes.items() if node.goal and id_ not in set(_reached(top, nodes))]
    if loose:
        notes.append(message("No goal rests on these: {ids}.", ids=", ".join(loose)))
    return GsnFile(name, data, nodes, top, tuple(notes))


def _without_tabs(data: bytes) -> tuple[bytes, list[int]]:
    """Return the bytes without U+000B, and the lines where it stood."""
    lines = [number for number, line in enumerate(data.split(b"\n"), 1) if b"\x0b" in line]
    return data.replace(b"\x0b", b""), lines


def _node(id_: str, node: Node, key: Place) -> GsnNode:
    if not _ID.fullmatch(id_):
        raise ShinraiError(message("“{value}” is not the name of a node.", value=shown(id_)), place=key)
    if not isinstance(node, Fields):
        raise ShinraiError(message("A node is a block of fields."), place=node.place)
    field = node.values
    below = _names(field.get("supportedBy"))
    rates_node = field.get("scoreRate")
    rates = () if rates_node is None else tuple(_rate(each) for each in as_items(rates_node))
    if rates_node is not None and len(rates) != len(below):
        raise ShinraiError(
            message("There are {rates} weights for {goals} goals.", rates=len(rates), goals=len(below)),
            fix=message("Give each entry of supportedBy one weight."),
            place=rates_node.place,
        )
    leaf = _word(field.get("undeveloped")) == "true"
    if leaf and below:
        raise ShinraiError(message("A goal that is undeveloped rests on no others."), place=node.place)
    return GsnNode(
        id=id_,
        text=as_text(field["text"]) if "text" in field else id_,
        question=as_text(field["question"]) if "question" in field else "",
        supported_by=below,
        rates=rates,
        leaf=leaf,
        top=_word(field.get("goalType")) == "TopGoal",
        place=key,
        rates_place=None if rates_node is None else rates_node.place,
    )


def _names(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    return tuple(as_text(item) for item in (node.items if isinstance(node, Items) else (node,)))


def _word(node: Node | None) -> str:
    return node.value if isinstance(node, Text) else ""


def _rate(node: Node) -> Fraction:
    text = as_text(node)
    if not _RATE.fullmatch(text):
        raise ShinraiError(message("“{value}” is not a weight such as 0.25.", value=shown(text)), place=node.place)
    rate = Fraction(text)
    if rate <= 0:
        raise ShinraiError(message("A weight is above 0."), place=node.place)
    return rate


def _top(nodes: Mapping[str, GsnNode], name: str) -> GsnNode:
    tops = [node for node in nodes.values() if node.top]
    if len(tops) != 1:
        raise ShinraiError(
            message("There are {n} top goals; a tree has one.", n=len(tops)),
            fix=message("Mark one goal with goalType: TopGoal."),
            place=tops[1].place if tops else Place(name),
        )
    return tops[0]


def _reached(top: GsnNode, nodes: Mapping[str, GsnNode]) -> Iterator[str]:
    seen, waiting = {top.id}, [top.id]
    while waiting:
        id_ = waiting.pop()
        yield id_
        for below in nodes[id_].supported_by:
            if below not in seen:
                seen.add(below)
                waiting.append(below)


def goal_tree(file: GsnFile, id_: str, suites: Mapping[str, Sequence[str]], *, normalise: bool = False) -> GsnTree:
    """Return the tree with its weights. suites: those that speak to a leaf, by its node.

    normalise: share out anew weights that do not add up to 1 or 100, or that are missing where there is more than one
    goal; each such goal is noted. Without it they are a ShinraiError with their place.
    """
    notes: list[Message] = []
    seen: set[str] = set()

    def below(node: GsnNode, share: Fraction, depth: int) -> Iterator[tuple[GsnNode, Fraction]]:
        """Yield the goals a node rests on, strategies passed through."""
        if depth > MAX_DEPTH:
            raise ShinraiError(message("The tree is deeper than {limit} goals.", limit=MAX_DEPTH), place=node.place)
        for under, weight in zip(node.supported_by, _weights(node, normalise, notes), strict=True):
            found = file.nodes[under]
            if found.goal:
                yield found, share * weight
            else:
                claim(found)
                yield from below(found, share * weight, depth + 1)

    def claim(node: GsnNode) -> None:
        if node.id in seen:
            raise ShinraiError(
                message("“{id}” stands under two goals, or under itself.", id=node.id),
                fix=message("Give it a place of its own under each."),
                place=node.place,
            )
        seen.add(node.id)

    def build(node: GsnNode, weight: Fraction, depth: int) -> GoalNode:
        claim(node)
        under = tuple(build(each, share, depth + 1) for each, share in below(node, _ONE, depth))
        if not under and not node.leaf:
            notes.append(message("{id} rests on nothing and is not marked as a leaf; it is taken as one.", id=node.id))
        return GoalNode(node.id, _both(node.text), weight, under, () if under else tuple(suites.get(node.id, ())))

    root = build(file.top, _ONE, 0)
    if not root.under:
        raise ShinraiError(message("At least one goal is needed here."), place=file.top.place)
    about = message("Read from aisev's goal tree “{file}”; the weights are its own.", file=file.name).both()
    # In a tree file the tree itself is the top goal, so the top goal goes by the tree's id.
    return GsnTree(GoalTree(id_, root.title, about, replace(root, id=id_)), tuple(notes))


def _weights(node: GsnNode, normalise: bool, notes: list[Message]) -> tuple[Fraction, ...]:
    """Return weights that add up to 1."""
    count = len(node.supported_by)
    if count == 0:
        return ()
    if not node.rates:
        if count == 1:
            return (_ONE,)
        if not normalise:
            raise ShinraiError(
                message("The {n} goals under {id} have no weights.", n=count, id=node.id),
                fix=message("Add scoreRate, or accept equal weights with --normalise."),
                place=node.place,
            )
        notes.append(message("The {n} goals under {id} have no weights and got equal ones.", n=count, id=node.id))
        return (Fraction(1, count),) * count
    total = sum(node.rates, Fraction(0))
    if total in (_ONE, _HUNDRED):
        return tuple(rate / total for rate in node.rates)
    if not normalise:
        raise ShinraiError(
            message("The weights under {id} add up to {total}, not to 1 or 100.", id=node.id, total=_decimal(total)),
            fix=message("Correct them, or accept with --normalise that each is divided by their sum."),
            place=node.rates_place,
        )
    notes.append(
        message(
            "The weights under {id} add up to {total}; each was divided by that.", id=node.id, total=_decimal(total)
        )
    )
    return tuple(rate / total for rate in node.rates)


def _decimal(number: Fraction) -> str:
    return f"{float(number):g}"


def _written(number: Fraction, place: Place) -> str:
    text = format(Decimal(number.numerator) / Decimal(number.denominator), "f")
    if Fraction(text) != number:
        raise ShinraiError(message("The weight {weight} cannot be written as a decimal.", weight=number), place=place)
    return text


def _both(text: str) -> Bilingual:
    """Return a text that the file has in one language only."""
    return Bilingual(ja=text, en=text)


def write_gsn(file: GsnFile, rates: Mapping[str, Sequence[Fraction]] | None = None) -> bytes:
    """Return the file with other weights, by node; every byte outside the changed lists stays as it is.

    rates: for a node of the file that has weights in one line, as many as before. ShinraiError otherwise.
    """
    data = file.data
    lines = data.split(b"\n")
    for id_, new in (rates or {}).items():
        node = file.nodes.get(id_)
        line = None if node is None or node.rates_place is None else node.rates_place.line
        if node is None or line is None or len(new) != len(node.rates):
            raise ShinraiError(
                message("The node “{id}” has no list of {n} weights.", id=shown(id_), n=len(new)),
                place=Place(file.name),
            )
        if tuple(new) == node.rates:
            continue
        found = re.fullmatch(rb"(.*?scoreRate\s*:\s*)\[[^\]]*\](.*)", lines[line - 1], re.DOTALL)
        if found is None:
            raise ShinraiError(
                message("The weights of {id} do not stand in one line.", id=id_), place=Place(file.name, line)
            )
        written = ",".join(_written(rate, node.place) for rate in new).encode()
        lines[line - 1] = found.group(1) + b"[" + written + b"]" + found.group(2)
    return b"\n".join(lines)
