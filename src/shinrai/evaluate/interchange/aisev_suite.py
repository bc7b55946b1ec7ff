"""Suites from rows of aisev.

A suite is made for each perspective, or for each goal of its tree. In the suite of a perspective, rows of one goal ask
for the same thing and are one scenario. A row that cannot become a probe is listed with its line and the reason.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

import yaml

from shinrai.evaluate.interchange.aisev_csv import AisevFile, AisevRow
from shinrai.evaluate.interchange.fields import named
from shinrai.evaluate.measurement import Rule
from shinrai.evaluate.suites import Suite, read_suite
from shinrai.frameworks.located import read_yaml
from shinrai.language import Bilingual, Message, Place, ShinraiError, message

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUITE_ID = re.compile(r"[^A-Za-z0-9._-]+")
_LIST = re.compile(r"\[\s*(.*?)\s*\]", re.DOTALL)
OPTION = re.compile(r"ans[0-9]{1,2}")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHOICE = frozenset({"multiplechoice", "multiple_choice", "choice"})
CHOOSE = "選択肢の記号だけで答えてください。"
"""What is put below the options of a question, in our own words; aisev has a text of its own in English."""


@dataclass(frozen=True, slots=True)
class Perspective:
    """A perspective of J-AISI's guide (v1.10), as aisev names it. harm: the harm class of its probes."""

    number: int
    name: Bilingual
    harm: str

    @property
    def tree(self) -> str:
        """The id of its goal tree."""
        return f"aisev.p{self.number}"


PERSPECTIVES: Mapping[str, Perspective] = {
    each.name.ja: each
    for each in (
        Perspective(1, Bilingual("有害情報の出力制御", "Control of toxic output"), "none"),
        Perspective(
            2, Bilingual("偽誤情報の出力・誘導の防止", "Mis- and disinformation, manipulation"), "misinformation"
        ),
        Perspective(3, Bilingual("公平性と包摂性", "Fairness and inclusion"), "unfairness"),
        Perspective(
            4, Bilingual("ハイリスク利用・目的外利用への対処", "High-risk and unintended use"), "unintended_use"
        ),
        Perspective(5, Bilingual("プライバシー保護", "Privacy"), "privacy"),
        Perspective(6, Bilingual("セキュリティ確保", "Security"), "injection"),
        Perspective(7, Bilingual("説明可能性", "Explainability"), "none"),
        Perspective(8, Bilingual("ロバスト性", "Robustness"), "none"),
        Perspective(9, Bilingual("データ品質", "Data quality"), "none"),
        Perspective(10, Bilingual("検証可能性", "Verifiability"), "none"),
    )
}
"""The perspectives by their Japanese name, which is what stands in the column `ten_perspective`."""


class Split(StrEnum):
    """What becomes a suite of its own: a perspective, or a goal of its tree."""

    PERSPECTIVE = "perspective"
    LEAF = "leaf"


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """How rows become suites.

    shows: requirement leaves that the suites of a perspective can show, by its number; none unless the user says so,
    for aisev's rows were not written for them. rule: the limit that every scorer decides by; aisev has none. licence:
    of the file.
    """

    split: Split = Split.PERSPECTIVE
    shows: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    rule: Rule | None = None
    licence: str = "not stated"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is not in any suite, or a probe that is not in the rows. line: of the file; name: of the probe."""

    line: int
    name: str
    reason: Bilingual


@dataclass(frozen=True, slots=True)
class Linked:
    """A row that became a probe. goals: the nodes of the goal tree that it names."""

    line: int
    suite: str
    probe: str
    goals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AisevImport:
    """What a file became. files: the suites as files, by the suite's id; reading one gives the suite again."""

    file: AisevFile
    settings: ImportSettings
    suites: tuple[Suite, ...]
    files: Mapping[str, bytes]
    rows: tuple[Linked, ...]
    left_out: tuple[LeftOut, ...]

    def suites_of_goals(self) -> Mapping[str, tuple[str, ...]]:
        """Return the suites that speak to each goal: those whose every probe names it."""
        spoken: dict[str, dict[str, int]] = {}
        for row in self.rows:
            for goal in row.goals:
                counts = spoken.setdefault(goal, {})
                counts[row.suite] = counts.get(row.suite, 0) + 1
        size = {suite.id: len(suite.probes) for suite in self.suites}
        return {
            goal: tuple(suite for suite, count in counts.items() if count == size[suite])
            for goal, counts in spoken.items()
        }


@dataclass(frozen=True, slots=True)
class _Entry:
    row: AisevRow
    perspective: Perspective
    goals: tuple[str, ...]
    scorer: str
    ask: str
    expect: Mapping[str, Any]


def import_aisev(file: AisevFile, settings: ImportSettings | None = None) -> AisevImport:
    """Return the suites of a file. ShinraiError: no row can be used, or a suite breaks a limit of suite files."""
    chosen = settings or ImportSettings()
    groups: dict[str, list[_Entry]] = {}
    left: list[LeftOut] = []
    for row in file.rows:
        entry = _entry(row)
        if isinstance(entry, Message):
            left.append(LeftOut(row.line, named(row.cell("ID") or row.cell("id") or "-"), entry.both()))
        else:
            groups.setdefault(_suite_id(entry, file, chosen), []).append(entry)
    if not groups:
        raise ShinraiError(
            message("No row of the file can be used."),
            fix=message("First row: {reason}", reason=left[0].reason) if left else message("Add rows."),
            place=Place(file.name, left[0].line if left else None),
        )
    suites, files, linked = [], {}, []
    for id_, entries in groups.items():
        ids = _probe_ids(entries)
        data = _dumped(_document(id_, entries, ids, file, chosen))
        suites.append(read_suite(data, f"{id_}.yaml"))
        files[id_] = data
        linked += [Linked(e.row.line, id_, probe, e.goals) for e, probe in zip(entries, ids, strict=True)]
    linked.sort(key=lambda each: each.line)
    return AisevImport(file, chosen, tuple(suites), files, tuple(linked), tuple(left))


def _entry(row: AisevRow) -> _Entry | Message:
    """Return a row as a probe will have it, or why it cannot be one."""
    text, name = row.cells.get("text", ""), row.cell("ten_perspective")
    perspective = PERSPECTIVES.get(unicodedata.normalize("NFKC", name))
    if not text.strip():
        return message("The cell “{column}” is empty.", column="text")
    if perspective is None:
        return message("“{name}” is not one of the ten perspectives.", name=named(name or "-", 60))
    goals = _goals(row.cell("gsn_perspective"))
    if goals is None:
        return message("The cell “{column}” does not name goals.", column="gsn_perspective")
    scorer = row.cell("scorer") or "model_graded_qa"
    made = _READ.get(scorer, _unknown)(row)
    if isinstance(made, Message):
        return made
    used, ask, expect = made
    fault = _unreadable([ask, *_texts(expect)])
    return fault or _Entry(row, perspective, goals, used, ask, expect)


_Made = tuple[str, str, Mapping[str, Any]]


def _requirement(row: AisevRow) -> _Made | Message:
    if not row.cell("requirement"):
        return message("The cell “{column}” is empty.", column="requirement")
    return "requirement", row.cells["text"], {"requirement": row.cells["requirement"]}


def _graded(row: AisevRow) -> _Made | Message:
    if not row.cell("output"):
        return message("The cell “{column}” is empty.", column="output")
    return "model_graded_qa", row.cells["text"], {"reference": row.cells["output"]}


def _exact(row: AisevRow) -> _Made | Message:
    if not row.cell("output"):
        return message("The cell “{column}” is empty.", column="output")
    return "exact", row.cells["text"], {"answers": [row.cells["output"]]}


def _choice(row: AisevRow) -> _Made | Message:
    columns = sorted((int(name[3:]), name) for name in row.cells if OPTION.fullmatch(name))
    options = [row.cells[name] for _, name in columns if row.cell(name)]
    if not 2 <= len(options) <= len(LETTERS):
        return message("There are {n} options; 2 to {limit} are read.", n=len(options), limit=len(LETTERS))
    labelled = dict(zip(LETTERS, options, strict=False))
    right = unicodedata.normalize("NFKC", row.cell("output")).upper()
    if right not in labelled:
        return message("The cell “{column}” is not the letter of an option.", column="output")
    return "multiplechoice", _with_options(row.cells["text"], labelled), {"options": labelled, "answer": right}


def _unknown(row: AisevRow) -> Message:
    return message("The scorer “{scorer}” is not known.", scorer=named(row.cell("scorer"), 60))


_READ: Mapping[str, Callable[[AisevRow], _Made | Message]] = {
    "requirement": _requirement,
    "model_graded_qa": _graded,
    "exact": _exact,
    **dict.fromkeys(_CHOICE, _choice),
}
_USED = {"requirement": "requirement", "model_graded_qa": "requirement", "exact": "exact", "multiplechoice": "choice"}


def _with_options(text: str, options: Mapping[str, str]) -> str:
    return f"{text}{option_block(options)}"


def option_block(options: Mapping[str, str]) -> str:
    """Return what stands below a question with options."""
    return "\n\n" + "\n".join(f"{label}. {option}" for label, option in options.items()) + f"\n\n{CHOOSE}"


def _goals(cell: str) -> tuple[str, ...] | None:
    """Return the nodes a cell names: one, or a list as Python or JSON writes it; None where it is neither."""
    if not cell:
        return ()
    inner = _LIST.fullmatch(cell)
    names = [cell]
    if inner is not None:
        names = [each.strip().strip("'\"") for each in inner.group(1).split(",") if each.strip()]
    return tuple(dict.fromkeys(names)) if all(_ID.fullmatch(name) for name in names) else None


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _unreadable(texts: Sequence[str]) -> Message | None:
    """Return why a suite file cannot hold a text: characters that hide, or too many of them."""
    for text in texts:
        try:
            read_yaml(_dumped({"text": text}), "row")
        except ShinraiError as error:
            return error.what
    return None


def _dumped(document: Mapping[str, Any]) -> bytes:
    made = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=1_000_000)
    return str(made).encode("utf-8", "surrogatepass")


def _suite_id(entry: _Entry, file: AisevFile, settings: ImportSettings) -> str:
    stem = _SUITE_ID.sub("-", file.name.removesuffix(".csv")).strip("-.")[:60]
    parts = [entry.perspective.tree, *([stem] if stem else [])]
    if settings.split is Split.LEAF:
        parts.append(entry.goals[0] if entry.goals else "no-goal")
    return ".".join(parts)[:128]


def _probe_ids(entries: Sequence[_Entry]) -> list[str]:
    """Return an id for each row: the file's where it is one and stands once, else the line."""
    own = [entry.row.cell("ID") or entry.row.cell("id") for entry in entries]
    return [
        id_ if _ID.fullmatch(id_) and own.count(id_) == 1 else f"line-{entry.row.line}"
        for id_, entry in zip(own, entries, strict=True)
    ]


def _document(
    id_: str, entries: Sequence[_Entry], ids: Sequence[str], file: AisevFile, settings: ImportSettings
) -> Mapping[str, Any]:
    first = entries[0]
    perspective, scorers = first.perspective, list(dict.fromkeys(entry.scorer for entry in entries))
    goal = first.goals[0] if settings.split is Split.LEAF and first.goals else perspective.tree
    ja, en = f"aisev形式のファイル（{file.name}）", f"A file in aisev's format ({file.name})"
    return {
        "id": id_,
        "version": file.sha256[:12],
        "title": {"ja": f"{perspective.name.ja}（aisev）", "en": f"{perspective.name.en} (aisev)"},
        "about": {
            "ja": f"{ja}の{len(entries)}行。目標「{goal}」に結びつく。",
            "en": f"{len(entries)} rows of {en[0].lower()}{en[1:]}, linked to the goal {goal}.",
        },
        "language": "ja",
        "licence": settings.licence,
        "source": {"origin": "imported", "title": {"ja": ja, "en": en}, "certainty": "C"},
        "harm_class": perspective.harm,
        "shows": list(settings.shows.get(perspective.number, ())),
        "goal": {"tree": perspective.tree, "node": goal},
        "notes": [
            {
                "ja": "aisevの採点とは異なる点がある。取り込み時に示した一覧を参照。元のファイルは害の種類を示さない。",
                "en": "Scores differ from aisev's; the import lists how. The file itself names no harm classes.",
            }
        ],
        "scorers": [_scorer(name, settings.rule) for name in scorers],
        "probes": [_probe(entry, id_, settings.split) for entry, id_ in zip(entries, ids, strict=True)],
    }


def _scorer(name: str, rule: Rule | None) -> Mapping[str, Any]:
    made: dict[str, Any] = {"use": _USED[name], "name": name, "asked_of": "expecting"}
    if rule is not None:
        made["decision"] = {
            "metric": "pass_rate",
            "comparison": rule.comparison.value,
            "limit": f"{rule.limit:.9f}".rstrip("0").rstrip("."),
        }
    return made


def _probe(entry: _Entry, id_: str, split: Split) -> Mapping[str, Any]:
    if split is Split.LEAF:
        # Among rows of one goal none stands nearer to another; a single scenario would leave no interval.
        scenario = id_
    elif entry.goals:
        scenario = entry.goals[0]
    else:
        said = entry.row.cell("requirement")
        scenario = f"same-{sha256(said.encode()).hexdigest()[:12]}" if said else id_
    return {"id": id_, "scenario": scenario, "ask": entry.ask, "expect": {entry.scorer: dict(entry.expect)}}
