"""Hold an assessment to what was signed and certified: the last step of a verification.

The assessment is the producer's own word. Each record in it must be the signed evidence that it names, each state must
rest on a certified verdict, and each result and the conclusion must follow from what is below them.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from math import isfinite
from typing import Any

from shinrai_verify.council import Tally
from shinrai_verify.encoding import Fault, Named, digest, field, identifier, strict_json

WHAT = "assessment.json"
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_STATE_OF = {"met": "pass", "not_met": "fail"}
_EXIT_CODES = {"met": 0, "not_met": 1, "undecided": 2}
Predicate = Mapping[str, Any]


def check_assessment(
    document: Mapping[str, Any],
    tallies: Mapping[str, Tally],
    evidence: Mapping[str, tuple[int, Predicate]],
    read: Callable[[str], bytes | None],
) -> int:
    """Raise a Fault where an assessment goes beyond what it rests on.

    evidence: SHA-256 of the payload -> (log index, predicate); read: returns a content by its SHA-256, None where it
    was erased. Returns how many measurements could not be compared, their content being erased.
    """
    unseen = 0
    for kind in ("measurements", "attestations", "approvals"):
        for record in field(document, kind, list, WHAT):
            if kind != "attestations" or field(record, "signed", bool, WHAT):
                unseen += not _check_record(kind, record, evidence, read)
    results = field(document, "results", list, WHAT)
    told = {_check_leaf(leaf, tallies) for result in results for leaf in field(result, "leaves", list, WHAT)}
    hidden = sorted(set(tallies) - told)
    if hidden:
        raise Fault("the assessment leaves out {name}, on which the council voted", name=hidden[0])
    approved = [p["controls"] for _, p in evidence.values() if p.get("choice") == "approve-scope"]
    for result in sorted(results, key=lambda result: not result["leaves"]):  # headings last: they rest on the others
        _check_result(result, results, {control for controls in approved for control in controls})
    _check_conclusion(document, results)
    return unseen


def _check_record(
    kind: str, record: Predicate, evidence: Mapping[str, tuple[int, Predicate]], read: Callable[[str], bytes | None]
) -> bool:
    """Compare a record with what was signed; returns whether its content was there to compare it with."""
    name = str(record.get("id", "approval"))
    index, about = evidence.get(digest(record.get("evidence"), WHAT), (None, {}))
    wanted: dict[str, object] = {"logIndex": index}
    content: bytes | None = b""
    if index is not None and kind == "measurements":
        content = read(about["items"][0]["digest"]["sha256"])
        wanted |= {} if content is None else _measured(strict_json(content, Named("a measurement")))
        wanted |= {"shows": about["controls"], "measuredOn": about["finishedOn"], "validUntil": about["validUntil"]}
    elif index is not None:
        wanted |= {"by": about["person"]["name"], "position": about["person"]["position"]}
        wanted |= {"signedOn": about["signedOn"], "expires": about["validUntil"]}
        if kind == "attestations":
            wanted |= {"id": about["attestation"], "shows": about["controls"][0], "statement": about["statement"]}
        else:
            wanted |= {"covers": about["controls"]}
    if index is None or any(not _same(record.get(key), value) for key, value in wanted.items()):
        raise Fault("the assessment shows {name} otherwise than it was signed", name=name)
    return content is not None


def _measured(signed: Predicate) -> dict[str, object]:
    """Return how a signed measurement stands in an assessment."""
    same = ("id", "target", "check", "metric", "columns", "title", "n", "outcome", "decisive", "method", "neededN")
    level, rule = signed["level"], signed["rule"] or {}
    return {
        **{name: signed[name] for name in (*same, "reason", "findings")},
        "value": _number(signed["value"]),
        "interval": _interval(signed, level),
        "coverage": {"part": signed["coverage"]["used"], "whole": signed["coverage"]["asked"]},
        "comparison": rule.get("comparison"),
        "limit": _number(rule.get("limit")),
        "groups": [
            {
                **{name: group[name] for name in ("levels", "n", "successes", "trials", "suppressed", "note")},
                "value": _number(group["value"]),
                "interval": _interval(group, level),
            }
            for group in signed["groups"]
        ],
    }


def _same(shown: Any, signed: Any) -> bool:
    """Whether two values are equal and of one kind: to Python alone, true is 1."""
    if isinstance(shown, bool) or isinstance(signed, bool):
        return shown is signed
    if isinstance(shown, dict) and isinstance(signed, dict):
        return shown.keys() == signed.keys() and all(_same(shown[key], signed[key]) for key in shown)
    if isinstance(shown, list) and isinstance(signed, list):
        return len(shown) == len(signed) and all(map(_same, shown, signed))
    return bool(shown == signed)


def _number(text: str | None) -> float | None:
    return None if text is None else _decimal(text)


def _decimal(text: str) -> float:
    # float() alone also takes spaces, underlines, "nan" and digits of other scripts.
    if not _DECIMAL.fullmatch(text) or not isfinite(float(text)):
        raise Fault("{what} has a number that is not written plainly", what=Named("a measurement"))
    return float(text)


def _interval(signed: Predicate, level: str) -> dict[str, float] | None:
    if signed["low"] is None or signed["high"] is None:
        return None
    return {"low": _decimal(signed["low"]), "high": _decimal(signed["high"]), "level": _decimal(level)}


def _check_leaf(leaf: Predicate, tallies: Mapping[str, Tally]) -> str:
    name, state = identifier(leaf.get("id"), WHAT), leaf.get("state")
    counted = tallies.get(name)
    if (leaf.get("verdict") or {}).get("outcome") != (counted.outcome if counted else None):
        raise Fault("the assessment reports another verdict on {name} than the council gave", name=name)
    if state != "not_assessed" and (counted is None or counted.outcome != _STATE_OF.get(str(state))):
        text = "the assessment calls {name} {state}, the council did not certify that"
        raise Fault(text, name=name, state=str(state))
    return name


def _check_result(result: Predicate, results: Sequence[Predicate], approved: Collection[str]) -> None:
    """Hold a result to its leaves or, if it has none, to the results of the requirements under it."""
    name, said = identifier(result.get("id"), WHAT), result.get("result")
    under = [] if result["leaves"] else [r.get("result") for r in results if r.get("principle") == name]
    parts = [leaf["state"] for leaf in result["leaves"]] + [r for r in under if r != "not_applicable"]
    if said == "not_applicable":
        follows = name in approved or (bool(under) and not parts)
    elif said == "not_assessed" and under and result.get("exclusion") is not None:
        follows = True  # a heading that was left out without approval
    else:
        follows = said == _combined(parts)
    if not follows:
        raise Fault("the assessment calls {name} {state}, its evidence does not", name=name, state=str(said))


def _combined(parts: Collection[object]) -> str:
    if "not_met" in parts:
        return "not_met"
    if not {"met", "partly"} & set(parts):
        return "not_assessed"
    return "met" if set(parts) == {"met"} else "partly"


def _check_conclusion(document: Mapping[str, Any], results: Sequence[Predicate]) -> None:
    found = {r["result"] for r in results if r.get("required") is True}
    conclusion = "undecided"
    if "not_met" in found:
        conclusion = "not_met"
    elif "met" in found and found <= {"met", "not_applicable"}:
        conclusion = "met"
    summary = field(document, "summary", dict, WHAT)
    if not _same([summary.get("conclusion"), summary.get("exitCode")], [conclusion, _EXIT_CODES[conclusion]]):
        raise Fault("the conclusion of the assessment does not follow from its results")
