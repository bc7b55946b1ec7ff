"""An audit as plain data for JSON; the format is defined in docs/reference/audit.md."""

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from math import isfinite
from typing import Any

from shinrai.evaluate.audit.audit import Audit
from shinrai.evaluate.audit.cells import Roles
from shinrai.evaluate.audit.chance import PERMUTATION, Chance
from shinrai.evaluate.audit.comparing import Gap
from shinrai.evaluate.audit.composites import FourFifths
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.leaving_out import in_order
from shinrai.evaluate.audit.pairs import Pair
from shinrai.evaluate.audit.scores import Curves
from shinrai.evaluate.audit.stratified import Adjusted, Stratified
from shinrai.evaluate.audit.subgroup_search import Held, Search, Subgroup
from shinrai.evaluate.audit.subjects import Gaps, GroupAudit, StratumAudit, SubjectAudit
from shinrai.evaluate.audit.verdicts import Verdict
from shinrai.evaluate.audit.words import finding_sentence
from shinrai.evaluate.statistics.interval import Interval
from shinrai.language import Message

SCHEMA = "shinrai/audit/1"


def to_data(audit: Audit) -> dict[str, Any]:
    """Return everything an audit found as JSON carries it.

    Columns are under `groups`, crossings under `intersections`. What is said of a single group column stands at the top
    level as well.
    """
    columns = {each.name: _subject(each) for each in audit.subjects.values() if len(each.subject) == 1}
    crossed = {each.name: _subject(each) for each in audit.subjects.values() if len(each.subject) > 1}
    single = next(iter(columns.values())) if len(columns) == 1 else {}
    return {
        "schema": SCHEMA,
        "task": audit.roles.task.value,
        "roles": _roles(audit.roles),
        "classes": list(audit.classes),
        "settings": _settings(audit),
        "seed": audit.settings.seed,
        "answer": audit.answer.value,
        "overall": _numbers(audit.overall),
        **single,
        "verdicts": [_verdict(each) for each in audit.verdicts],
        "groups": columns,
        "intersections": crossed,
        "by_class": {
            name: {each.name: _subject(each) for each in subjects.values()} for name, subjects in audit.by_class.items()
        },
        "search": None if audit.search is None else _search(audit.search),
        "warnings": [both(each) for each in audit.warnings],
        "merges": [
            {"column": each.column, "label": each.label, "spellings": list(each.spellings)} for each in audit.merges
        ],
        "left_out": {column: in_order(levels) for column, levels in audit.left_out.items()},
        "origin": {
            "engine": audit.origin.engine,
            "sql": list(audit.origin.sql),
            "rows": audit.origin.rows,
            "digests": dict(audit.origin.digests),
        },
    }


def both(text: Message | None) -> dict[str, str] | None:
    """Return a text in both languages."""
    if text is None:
        return None
    said = text.both()
    return {"ja": said.ja, "en": said.en}


def number_data(number: Number | Gap) -> dict[str, Any]:
    """Return a number: value, n, interval and method, or null and the reason."""
    data: dict[str, Any] = {
        "value": _finite(number.value),
        "n": number.n,
        "interval": _interval(number.interval),
        "method": number.method,
    }
    if number.exact is not None:
        data["exact"] = fraction(number.exact)
    if isinstance(number, Number) and number.bound is not None:
        data["bound"] = number.bound
    if number.reason is not None:
        data["reason"] = both(number.reason)
    return data


def fraction(exact: Fraction) -> str:
    """Return a fraction as text, whole numbers too: "3/4", "1/1"."""
    return f"{exact.numerator}/{exact.denominator}"


def _interval(interval: Interval | None) -> list[float | None] | None:
    return None if interval is None else [_finite(interval.low), _finite(interval.high)]


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _numbers(numbers: Mapping[str, Number]) -> dict[str, Any]:
    return {name: number_data(each) for name, each in numbers.items()}


def _gap(gap: Gap) -> dict[str, Any]:
    data = number_data(gap) | {"low_group": gap.low_group, "high_group": gap.high_group}
    if gap.left_out:
        data["left_out"] = {name: both(reason) for name, reason in gap.left_out.items()}
    return data


def _gaps(gaps: Gaps) -> dict[str, Any]:
    return {
        name: {metric: _gap(each) for metric, each in found.items()}
        for name, found in (
            ("difference", gaps.difference),
            ("ratio", gaps.ratio),
            ("difference_to_overall", gaps.difference_to_overall),
            ("ratio_to_overall", gaps.ratio_to_overall),
        )
    }


def _subject(subject: SubjectAudit) -> dict[str, Any]:
    return {
        "columns": list(subject.subject),
        "by_group": {each.name: _numbers(each.numbers) for each in subject.groups},
        **_gaps(subject.gaps),
        "expected_under_null": {metric: each.expected for metric, each in subject.chance.items()},
        "p_any_difference": {metric: each.p for metric, each in subject.chance.items()},
        "chance": {metric: _chance(each) for metric, each in subject.chance.items()},
        "composites": {name: _gap(each) for name, each in subject.composites.items()},
        "four_fifths": {name: _four_fifths(each) for name, each in subject.four_fifths.items()},
        "verdicts": [_verdict(each) for each in subject.verdicts],
        "rows": {each.name: _rows(each) for each in subject.groups},
        "pairs": {metric: [_pair(each) for each in found] for metric, found in subject.pairs.items()},
        "curves": {name: _curves(each) for name, each in subject.curves.items()},
        "strata": {each.name: _stratum(each) for each in subject.strata.values()},
        "stratified": {metric: _stratified(each) for metric, each in subject.stratified.items()},
    }


def _search(found: Search) -> dict[str, Any]:
    return {
        "findings": [_subgroup(each) for each in found.findings],
        "flagged": [_subgroup(each) for each in found.flagged],
        "flagged_count": found.flagged_count,
        "searched": found.searched,
        "too_small": found.small,
        "false_discovery_rate": found.rate,
        "held_back": found.held_back,
    }


def _subgroup(each: Subgroup) -> dict[str, Any]:
    return {
        "name": each.name,
        "columns": list(each.subject),
        "levels": list(each.levels),
        "metric": each.metric,
        "number": number_data(each.number),
        "rest": number_data(each.rest),
        "difference": number_data(each.difference),
        "shrunk": number_data(each.shrunk),
        "p": each.p,
        "p_adjusted": each.adjusted,
        "echo_of": each.echo_of,
        "words": both(finding_sentence(each)),
        "held": None if each.held is None else _held(each.held),
    }


def _held(held: Held) -> dict[str, Any]:
    return {
        "number": number_data(held.number),
        "rest": number_data(held.rest),
        "difference": number_data(held.difference),
        "p": held.p,
        "p_adjusted": held.adjusted,
        "confirmed": held.confirmed,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "difference": number_data(pair.difference),
        "ratio": number_data(pair.ratio),
        "p": pair.p,
        "p_holm": pair.holm,
    }


def _curves(found: Curves) -> dict[str, Any]:
    return {
        "calibration": [
            {
                "low": each.low,
                "high": each.high,
                "score": each.score,
                "value": each.rate.value,
                "n": each.n,
                "interval": [each.rate.interval.low, each.rate.interval.high],
            }
            for each in found.calibration
        ],
        "thresholds": {
            "threshold": list(found.sweep.thresholds),
            "selection_rate": [_triple(each) for each in found.sweep.selection_rate],
            "tpr": [_triple(each) for each in found.sweep.tpr],
            "fpr": [_triple(each) for each in found.sweep.fpr],
        },
    }


def _triple(triple: tuple[float, float, float] | None) -> dict[str, Any]:
    if triple is None:
        return {"value": None, "interval": None}
    value, low, high = triple
    return {"value": value, "interval": [low, high]}


def _stratified(found: Stratified) -> dict[str, Any]:
    return {
        "n": found.n,
        "p_any_difference": found.p,
        "expected_under_null": found.expected,
        "method": PERMUTATION + ", within each stratum",
        "groups": {each.group: _adjusted(each) for each in found.adjusted},
    }


def _adjusted(each: Adjusted) -> dict[str, Any]:
    simpson = each.simpson
    return {
        "reference": each.reference,
        "strata": each.strata,
        "difference": number_data(each.difference),
        "ratio": number_data(each.ratio),
        "odds_ratio": number_data(each.odds_ratio),
        "p_mantel_haenszel": each.p,
        "p_breslow_day": each.homogeneity,
        "simpson": None
        if simpson is None
        else {
            "crude": simpson.crude.value,
            "adjusted": simpson.adjusted.value,
            "reversed": simpson.reversed,
            "clear": simpson.clear,
            "vanishes": simpson.vanishes,
            "everywhere": simpson.everywhere,
        },
    }


def _chance(chance: Chance) -> dict[str, Any]:
    data: dict[str, Any] = {
        "p": chance.p,
        "expected": chance.expected,
        "usual": chance.usual,
        "n": chance.n,
        "method": chance.method,
        "draws": chance.draws,
        "seed": chance.seed,
        "group_p": None if chance.group_p is None else dict(chance.group_p),
    }
    return data if chance.reason is None else data | {"reason": both(chance.reason)}


def _four_fifths(rule: FourFifths) -> dict[str, Any]:
    return {
        "value": float(rule.exact),
        "exact": fraction(rule.exact),
        "n": rule.n,
        "met": rule.met,
        "largest": rule.largest,
        "probability_below": rule.probability,
        "method": "rule of thumb: 5·a·m >= 4·b·n in whole numbers; probability with Jeffreys's prior",
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "metric": verdict.name,
        "columns": list(verdict.subject),
        "answer": verdict.answer.value,
        "rule": {"comparison": verdict.rule.comparison.value, "limit": verdict.rule.limit},
        "gap": _gap(verdict.gap),
        "level": verdict.level,
        "compared": list(verdict.compared),
        "too_small": list(verdict.too_small),
        "needed_n": verdict.needed_n,
        "reason": both(verdict.reason),
    }


def _rows(group: GroupAudit) -> dict[str, Any]:
    counts = None if group.counts is None else asdict(group.counts)
    return {"levels": list(group.levels), "standing": group.standing.value, "rows": group.rows, "counts": counts}


def _stratum(stratum: StratumAudit) -> dict[str, Any]:
    return {
        "levels": list(stratum.levels),
        "overall": _numbers(stratum.overall),
        "by_group": {each.name: _numbers(each.numbers) for each in stratum.groups},
        **_gaps(stratum.gaps),
    }


def _roles(roles: Roles) -> dict[str, Any]:
    return {
        "label": roles.label,
        "prediction": roles.prediction,
        "score": roles.score,
        "threshold": roles.threshold,
        "favourable": roles.favourable,
        "groups": list(roles.groups),
        "intersections": [list(each) for each in roles.intersections],
        "strata": list(roles.strata),
        "cluster": roles.cluster,
        "weight": roles.weight,
        "counts": roles.counts,
    }


def _settings(audit: Audit) -> dict[str, Any]:
    settings = audit.settings
    return {
        "min_group": settings.min_group,
        "min_trials": settings.min_trials,
        "suppress_below": settings.suppress_below,
        "decide_on": list(settings.decide_on),
        "limits": dict(settings.limits),
        "seed": settings.seed,
        "replicates": settings.replicates,
        "search": settings.search,
        "confirm": settings.confirm,
    }
