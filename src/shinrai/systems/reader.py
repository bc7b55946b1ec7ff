"""Reading a system description: all faults at once, each with its line.

Order: the bytes become a tree (`yaml_tree`), the tree is searched for typed results (`typed_results`), checked against
the models (`description`) and against the rules between fields (`rules`). Only a description free of all faults exists.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shinrai.language import Message, Place, ShinraiError, message
from shinrai.systems.description import Description
from shinrai.systems.faults import DescriptionError, Fault
from shinrai.systems.quoting import shown
from shinrai.systems.rules import breaches
from shinrai.systems.targets import ChatTarget, ConversationTarget, ModelTarget
from shinrai.systems.translation import meant_by, path_of, translate
from shinrai.systems.typed_results import refusal, typed_result_keys, typed_result_statements
from shinrai.systems.yaml_tree import MAX_BYTES, Tree, read_tree

MAX_FAULTS: Final = 100
# Each search stops here: a hostile file could hold faults by the thousand.
_ENOUGH: Final = MAX_FAULTS + 1

_Path = tuple[str | int, ...]


def read_description(path: Path) -> Description:
    """Read a description from a file.

    DescriptionError with every fault when it can't be used; ShinraiError when the file can't be opened.
    """
    try:
        if not path.is_file():
            raise ShinraiError(
                message("There is no such file."),
                fix=message("Check the path, or make a description with “shinrai init”."),
                place=Place(str(path)),
            )
        with path.open("rb") as source:
            content = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file can't be opened."),
            fix=message("Check that you may read it."),
            place=Place(str(path)),
        ) from error
    return parse_description(content, str(path), folder=path.parent)


def parse_description(content: bytes, file: str, *, folder: Path | None = None) -> Description:
    """Read a description from bytes. file: the name that faults are reported under.

    folder: where the description lies; links below it that lead out of it are then refused too.
    DescriptionError with every fault when it can't be used.
    """
    tree = read_tree(content, file)
    description, faults = _judge(tree)
    if description is not None and folder is not None:
        faults += list(_links_outside(tree, description, folder))
    if description is None or faults:
        faults.sort(key=_position)
        raise DescriptionError(tuple(faults[:MAX_FAULTS]), more=len(faults) > MAX_FAULTS)
    # The digest belongs to the bytes, so it is no field that a file could set.
    description._digest = hashlib.sha256(content).hexdigest()
    description._locate = tree.place
    return description


def _judge(tree: Tree) -> tuple[Description | None, list[Fault]]:
    """Return the description, if its types are right, and every fault found on the way."""
    faults = list(tree.faults)
    told = set(tree.unread)
    for path, what, fix in islice(_typed_results(tree), _ENOUGH):
        faults.append(Fault(tree.place(path, key=True), what, fix))
        told.add(path)
    try:
        description = Description.model_validate(tree.data)
    except ValidationError as error:
        description = None
        faults += list(islice(_model_faults(tree, error.errors(include_url=False), told), _ENOUGH))
    for breach in islice(breaches(tree.data), _ENOUGH):
        faults.append(Fault(tree.place(breach.path), breach.what, breach.fix))
    return description, faults


def _model_faults(tree: Tree, errors: list[ErrorDetails], told: set[_Path]) -> Iterator[Fault]:
    """Yield what the models found, less what has been told in other words."""
    unknown = islice((detail for detail in errors if detail["type"] == "extra_forbidden"), _ENOUGH)
    misspelt = {meant_by(detail) for detail in unknown}
    for detail in errors:
        path = path_of(detail)
        repeats = detail["type"] == "missing" and path in misspelt
        if repeats or _told_already(detail) or any(path[:end] in told for end in range(len(path) + 1)):
            continue
        key = detail["type"] in {"extra_forbidden", "missing"} or detail["loc"][-1:] == ("[key]",)
        yield Fault(tree.place(path, key=key), *translate(detail))


def _told_already(detail: ErrorDetails) -> bool:
    """Whether an error only repeats another: a rule between fields, or a list called short for its faulty entries."""
    if detail["type"] == "too_short":
        return len(detail["input"]) >= int(detail["ctx"]["min_length"])
    return detail["type"] == "rule"


def _typed_results(tree: Tree) -> Iterator[tuple[_Path, Message, Message]]:
    for path in typed_result_keys(tree.data):
        yield path, *refusal(path[-1])
    for path in typed_result_statements(tree.data):
        yield path, *refusal(_at(tree.data, path))


def _at(data: object, path: _Path) -> object:
    for step in path:
        data = data[step]  # type: ignore[index]
    return data


def _links_outside(tree: Tree, description: Description, folder: Path) -> Iterator[Fault]:
    """Yield a fault for each path that, with its links followed, leads out of the description's folder."""
    root = folder.resolve()
    named: list[tuple[_Path, str | None]] = [(("system", "model", "file"), description.system.model.file)]
    for name, target in description.targets.items():
        if not isinstance(target, ChatTarget | ModelTarget):
            named.append((("targets", name, "file"), target.file))
        if isinstance(target, ConversationTarget) and target.judge is not None:
            named.append((("targets", name, "judge", "file"), target.judge.file))
            named.append((("targets", name, "judge", "calibration"), target.judge.calibration))
        for place, used in enumerate(target.suites if isinstance(target, ConversationTarget) else ()):
            named.append((("targets", name, "suites", place, "file"), used.file))
    named += [(("frameworks", place, "file"), pin.file) for place, pin in enumerate(description.frameworks)]
    named += [
        (("attestations", place, "document"), attestation.document)
        for place, attestation in enumerate(description.attestations)
    ]
    for path, file in named:
        if file is not None and not _lies_in(root, root / file):
            yield Fault(
                tree.place(path),
                message("The path “{path}” leads out of the description's folder through a link.", path=shown(file)),
                message("Copy the file into the folder of the description."),
            )


def _lies_in(root: Path, path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        # Links that lead in a circle, or a name the file system can't take.
        return False


def _position(fault: Fault) -> tuple[int, int]:
    return fault.place.line or 0, fault.place.column or 0
