"""The operating point: the chosen rules as a file that a person signs, and that no longer holds once its basis changes.

The file says what the rules were fitted to (digest of the data, model, columns), the rules, and what they change for
each group on rows that were held back. It holds no status: it is approved when a named person signs it as the document
of an attestation, and only for as long as neither the file nor the system it is for is another.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from shinrai.evaluate.audit.mitigation.choosing import Chosen
from shinrai.evaluate.audit.mitigation.outcome import GroupOutcome, Shown
from shinrai.evaluate.audit.mitigation.parts import BINS, Levels, digest
from shinrai.evaluate.audit.mitigation.thresholds import Equal, Gains, Rule, Step
from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.targets.values import canonical
from shinrai.frameworks.located import (
    Node,
    Nothing,
    as_choice,
    as_fields,
    as_items,
    as_match,
    as_text,
    as_tuple,
    as_word,
    read_yaml,
)
from shinrai.language import ShinraiError, message

FORMAT = "shinrai.operating-point/1"
_HEAD = (
    "# 運用点 / operating point. 内容を変えると署名は無効になります / a change makes its signature lapse.\n"
    "# 読み方 / how to read it: docs/how-to/mitigate-a-gap.md\n"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FRACTION = re.compile(r"-?[0-9]{1,15}(/[1-9][0-9]{0,14})?")
_DECIMAL = re.compile(r"[01](\.[0-9]{1,20})?")
_COUNT = re.compile(r"[0-9]{1,18}")
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Model:
    """What gives the scores: a name with its version, the digest of its file, or neither."""

    name: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Rules read from a file.

    subject: group columns. favourable: canonical text. coin: seed of the chance that decides where a rule leaves it
    room. data_sha256: of the table the rules were fitted to. sha256: of the file itself, which is what is signed.
    """

    equal: Equal
    subject: tuple[str, ...]
    score: str
    favourable: str
    gains: Gains
    rules: Mapping[Levels, Rule]
    rest: Rule
    coin: int
    data_sha256: str
    model: Model
    sha256: str

    @property
    def randomised(self) -> bool:
        """Whether chance takes part in any rule."""
        return self.rest.randomised or any(rule.randomised for rule in self.rules.values())


def write_operating_point(chosen: Chosen, model: Model) -> bytes:
    """Return the file as UTF-8; the same choice gives the same bytes."""
    document = operating_point_data(chosen, model)
    text: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)
    return (_HEAD + text).encode("utf-8")


def operating_point_data(chosen: Chosen, model: Model | None = None) -> dict[str, Any]:
    """Return what the file says, as JSON's own types."""
    parted, wanted = chosen.parted, chosen.wanted
    target = parted.target
    model = model or Model()
    return {
        "format": FORMAT,
        "equal": wanted.equal.value,
        "deterministic": wanted.deterministic,
        "at": [_decimal(rate) for rate in chosen.fitted.at],
        "gains": {name: str(getattr(wanted.gains, name)) for name in ("tp", "fp", "fn", "tn")},
        "data": {"file": target.file.name, "sha256": parted.sha256, "rows": parted.rows, "left_out": parted.left_out},
        "model": {"name": model.name, "sha256": model.sha256},
        "columns": {
            "label": target.label,
            "prediction": target.prediction,
            "score": target.score,
            "threshold": target.threshold,
            "favourable": canonical(target.favourable),
            "groups": list(parted.subject),
        },
        "split": {
            "seed": parted.split.seed,
            "held_back": str(parted.split.held_back),
            "key": parted.split.key,
            "rows_fitted": parted.fit.rows,
            "rows_held_back": parted.held_back.rows,
        },
        "coin": parted.split.seed,
        "rules": [
            {"levels": list(levels), "steps": _steps(rule), "own": levels not in chosen.fitted.pooled}
            for levels, rule in chosen.fitted.rules.items()
        ],
        "rest": {"steps": _steps(chosen.fitted.rest)},
        "held_back": _outcome(chosen),
    }


def _steps(rule: Rule) -> list[dict[str, str]]:
    return [{"from": _decimal(Fraction(step.cut, BINS)), "chance": _decimal(step.chance)} for step in rule.steps]


def _decimal(value: Fraction) -> str:
    return repr(float(value))


def _outcome(chosen: Chosen) -> dict[str, Any]:
    found = chosen.outcome
    return {
        "all": _group(found.overall),
        "groups": [{"levels": list(group.levels), **_group(group)} for group in found.groups],
        "gaps": {name: {"before": _gap(gap.before), "after": _gap(gap.after)} for name, gap in found.gaps.items()},
        "group_missing": found.missing,
    }


def _group(group: GroupOutcome) -> dict[str, Any]:
    return {
        "rows": group.rows,
        "before": {name: shown_number(each) for name, each in group.before.items()},
        "after": {name: shown_number(each) for name, each in group.after.items()},
        "change": {name: shown_number(each) for name, each in group.change.items()},
        "lose_favourable": round(group.lost, 3),
        "lose_favourable_with_favourable_label": round(group.lost_deserving, 3),
        "gain_favourable": round(group.gained, 3),
        "rows_decided_by_chance": group.by_chance,
    }


def shown_number(shown: Shown) -> dict[str, Any]:
    """Return value, n and interval as documents carry them; null for what is undefined."""
    interval = None if shown.interval is None else [round(shown.interval.low, 6), round(shown.interval.high, 6)]
    return {
        "value": None if shown.value is None else round(shown.value, 6),
        "n": round(shown.n, 3),
        "interval": interval,
    }


def _gap(gap: Gap | None) -> dict[str, Any] | None:
    if gap is None:
        return None
    return {"value": round(gap.value, 6), "interval": [round(gap.interval.low, 6), round(gap.interval.high, 6)]}


def read_operating_point(file: Path) -> OperatingPoint:
    """Read an operating point. ShinraiError with its place for whatever is none."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ShinraiError(
            message("{file} cannot be read: {reason}.", file=str(file), reason=error.strerror or "I/O error")
        ) from None
    names = "format equal deterministic at gains data model columns split coin rules rest held_back"
    field = as_fields(read_yaml(data, str(file)), names.split()).values
    as_word(field["format"], [FORMAT])
    columns = as_fields(field["columns"], ("label", "prediction", "score", "threshold", "favourable", "groups")).values
    about = as_fields(field["data"], ("file", "sha256", "rows", "left_out")).values
    model = as_fields(field["model"], ("name", "sha256")).values
    subject = as_tuple(columns["groups"], as_text)
    return OperatingPoint(
        equal=as_choice(field["equal"], Equal),
        subject=subject,
        score=as_text(columns["score"]),
        favourable=as_text(columns["favourable"]),
        gains=_read_gains(field["gains"]),
        rules=dict(_read_rule(node, len(subject)) for node in as_items(field["rules"])),
        rest=_read_steps(as_fields(field["rest"], ("steps",)).values["steps"]),
        coin=int(as_match(field["coin"], _COUNT, message("a whole number"))),
        data_sha256=as_match(about["sha256"], _SHA256, message("a SHA-256")),
        model=Model(_optional(model["name"]), _optional(model["sha256"])),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _optional(node: Node) -> str | None:
    return None if isinstance(node, Nothing) else as_text(node)


def _read_gains(node: Node) -> Gains:
    values = as_fields(node, ("tp", "fp", "fn", "tn")).values
    tp, fp, fn, tn = (_fraction(values[name]) for name in ("tp", "fp", "fn", "tn"))
    try:
        return Gains(tp, fp, fn, tn)
    except ValueError:
        raise ShinraiError(
            message("A right decision has to be worth at least the wrong one of the same label."), place=node.place
        ) from None


def _read_rule(node: Node, columns: int) -> tuple[Levels, Rule]:
    values = as_fields(node, ("levels", "steps", "own")).values
    as_word(values["own"], _TRUTH)
    levels = as_tuple(values["levels"], as_text)
    if len(levels) != columns:
        raise ShinraiError(
            message(
                "A rule names {found} levels, but there are {wanted} group columns.", found=len(levels), wanted=columns
            ),
            place=node.place,
        )
    return levels, _read_steps(values["steps"])


def _read_steps(node: Node) -> Rule:
    steps = tuple(_read_step(each) for each in as_items(node))
    rising = all(a.cut < b.cut and a.chance < b.chance for a, b in pairwise(steps))
    if not rising or any(not 0 < step.chance <= 1 for step in steps):
        raise ShinraiError(
            message("Steps have to rise in score and in chance, with chances above 0 and at most 1."), place=node.place
        )
    return Rule(steps)


def _read_step(node: Node) -> Step:
    values = as_fields(node, ("from", "chance")).values
    cut = Fraction(as_match(values["from"], _DECIMAL, message("a score from 0 to 1"))) * BINS
    if cut.denominator != 1 or not 0 <= cut < BINS:
        raise ShinraiError(
            message("A step begins at a multiple of 1/{bins}, below 1.", bins=BINS), place=values["from"].place
        )
    chance = Fraction(as_match(values["chance"], _DECIMAL, message("a chance from 0 to 1")))
    return Step(int(cut), chance)


def _fraction(node: Node) -> Fraction:
    return Fraction(as_match(node, _FRACTION, message("a fraction such as 3/7")))


def lapsed(point: OperatingPoint, data: Path, model: Model) -> tuple[str, ...]:
    """Return what is no longer what the rules were fitted to: "data", "model", or nothing."""
    changed = []
    if digest(data) != point.data_sha256:
        changed.append("data")
    if model != point.model:
        changed.append("model")
    return tuple(changed)
