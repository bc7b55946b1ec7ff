"""A folder of suites that came from aisev: what an import writes and an export reads.

`<suite>.yaml` are suites, `goals/<tree>.yaml` goal trees, and `origin/` holds the files as they came, with what was
chosen when they were imported, so that an export can give back every byte that was not changed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from shinrai.evaluate.interchange.aisev_csv import read_aisev_csv, write_aisev_csv
from shinrai.evaluate.interchange.aisev_gsn import GsnFile, GsnTree, goal_tree, read_gsn
from shinrai.evaluate.interchange.aisev_out import export_aisev
from shinrai.evaluate.interchange.aisev_suite import AisevImport, ImportSettings, LeftOut, Split, import_aisev
from shinrai.evaluate.interchange.fields import Value
from shinrai.evaluate.interchange.limits import parse_json, read_file
from shinrai.evaluate.measurement import Comparison, Rule
from shinrai.evaluate.suites import GoalNode, GoalTree, read_suite
from shinrai.language import Place, ShinraiError, message

ORIGIN, GOALS, CHOSEN = "origin", "goals", "import.json"
_MOST = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AisevFolder:
    """What was read from aisev's files. unknown: goals that rows name and no tree has, with the lines of the rows."""

    imports: tuple[AisevImport, ...]
    gsn: tuple[GsnFile, ...]
    trees: tuple[GsnTree, ...]
    unknown: Mapping[str, tuple[int, ...]]


def read_aisev(files: Sequence[Path], settings: ImportSettings, *, normalise: bool = False) -> AisevFolder:
    """Read rows (`.csv`) and goal trees (`.yaml`, `.yml`). ShinraiError with a place for what cannot be read.

    normalise: accept weights that do not add up, each divided by their sum.
    """
    imports, gsn = [], []
    for path in files:
        data = read_file(path, _MOST)
        if path.suffix.lower() == ".csv":
            imports.append(import_aisev(read_aisev_csv(data, path.name), settings))
        elif path.suffix.lower() in {".yaml", ".yml"}:
            gsn.append(read_gsn(data, path.name))
        else:
            raise ShinraiError(message("aisev's files are .csv (rows) and .yaml (goal trees)."), place=Place(path.name))
    _names_once([path.name for path in files])
    _names_once([suite.id for each in imports for suite in each.suites])
    spoken: dict[str, list[str]] = {}
    for each in imports:
        for goal, suites in each.suites_of_goals().items():
            spoken.setdefault(goal, []).extend(suites)
    trees = tuple(goal_tree(file, _tree_id(file), spoken, normalise=normalise) for file in gsn)
    known = {id_ for file in gsn for id_, node in file.nodes.items() if node.goal}
    unknown: dict[str, tuple[int, ...]] = {}
    if gsn:
        for row in (row for each in imports for row in each.rows):
            for goal in row.goals:
                if goal not in known and goal.partition("-")[0] in {id_.partition("-")[0] for id_ in known}:
                    unknown[goal] = (*unknown.get(goal, ()), row.line)
    return AisevFolder(tuple(imports), tuple(gsn), trees, unknown)


def _names_once(names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ShinraiError(
                message("The name “{name}” is already used.", name=name),
                fix=message("Give one of the two another name."),
            )


def _tree_id(file: GsnFile) -> str:
    number = file.top.id.partition("-")[0].removeprefix("G")
    return f"aisev.p{number}" if number.isdigit() else "aisev.tree"


def write_folder(read: AisevFolder, folder: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write suites, goal trees and the files they came from. ShinraiError: a file is there and force is not given."""
    contents: dict[Path, bytes] = {}
    for each in read.imports:
        contents[folder / ORIGIN / each.file.name] = write_aisev_csv(each.file, each.file.parts)
        for id_, data in each.files.items():
            contents[folder / f"{id_}.yaml"] = data
    for file, tree in zip(read.gsn, read.trees, strict=True):
        contents[folder / ORIGIN / file.name] = file.data
        contents[folder / GOALS / f"{tree.tree.id}.yaml"] = tree_file(tree.tree)
    if read.imports:
        chosen = json.dumps(_chosen(read.imports[0].settings), ensure_ascii=False, indent=2) + "\n"
        contents[folder / ORIGIN / CHOSEN] = chosen.encode()
    for path in contents:
        if path.exists() and not force:
            raise ShinraiError(
                message("The file is already there."), fix=message("Replace it with --force."), place=Place(str(path))
            )
    try:
        for path, data in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise ShinraiError(message("The file cannot be written."), place=Place(str(folder))) from error
    return tuple(contents)


def tree_file(tree: GoalTree) -> bytes:
    """Return a goal tree as a file that Shinrai reads, with exact weights."""
    document = {
        "id": tree.id,
        "title": {"ja": tree.title.ja, "en": tree.title.en},
        "about": {"ja": tree.about.ja, "en": tree.about.en},
        "goals": [_goal(node) for node in tree.root.under],
    }
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=1_000_000)).encode()


def _goal(node: GoalNode) -> Mapping[str, Any]:
    made: dict[str, Any] = {
        "id": node.id,
        "title": {"ja": node.title.ja, "en": node.title.en},
        "weight": _weight(node.weight),
    }
    if node.under:
        made["goals"] = [_goal(each) for each in node.under]
    elif node.suites:
        made["suites"] = list(node.suites)
    return made


def _weight(weight: Fraction) -> str:
    return f"{weight.numerator}/{weight.denominator}" if weight.denominator > 1 else str(weight.numerator)


def _chosen(settings: ImportSettings) -> Mapping[str, Any]:
    rule = settings.rule
    return {
        "from": "aisev",
        "split": settings.split.value,
        "shows": {str(number): list(leaves) for number, leaves in settings.shows.items()},
        "rule": None if rule is None else {"comparison": rule.comparison.value, "limit": rule.limit},
        "licence": settings.licence,
    }


def _settings(folder: Path) -> ImportSettings:
    path = folder / ORIGIN / CHOSEN
    value = Value(parse_json(read_file(path, 1024 * 1024), path.name), path.name)
    rule, limit = value.get("rule"), value.at("rule", "limit").number()
    return ImportSettings(
        split=Split(value.get("split").text() or Split.PERSPECTIVE.value),
        shows={
            int(number): tuple(leaf.name() for leaf in leaves.items())
            for number, leaves in value.get("shows").fields()
            if number.isdigit()
        },
        rule=None if limit is None else Rule(Comparison(rule.get("comparison").text() or "at_least"), limit),
        licence=value.get("licence").text() or "not stated",
    )


def export_folder(folder: Path) -> tuple[Mapping[str, bytes], tuple[LeftOut, ...]]:
    """Return the CSV files that a folder's suites came from, as the suites stand now, and what aisev has no row for.

    Files whose suites were not changed come out as they went in, byte by byte. ShinraiError: the folder was not written
    by an import, or a file in it cannot be read.
    """
    files = sorted((folder / ORIGIN).glob("*.csv"))
    if not files:
        raise ShinraiError(
            message("The folder holds no files that came from aisev."),
            fix=message("Give the folder that `shinrai suites import` wrote."),
            place=Place(str(folder)),
        )
    settings = _settings(folder)
    written: dict[str, bytes] = {}
    left: list[LeftOut] = []
    for path in files:
        origin = import_aisev(read_aisev_csv(read_file(path, _MOST), path.name), settings)
        present = [folder / f"{suite.id}.yaml" for suite in origin.suites]
        suites = [read_suite(read_file(each, _MOST), each.name) for each in present if each.is_file()]
        parts, unwritable = export_aisev(origin, {suite.id: suite for suite in suites})
        written[path.name] = write_aisev_csv(origin.file, parts)
        left += unwritable
    return written, tuple(left)
