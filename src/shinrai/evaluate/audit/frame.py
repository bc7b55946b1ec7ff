"""An audit of arrays or of a frame, in the vocabulary of fairlearn's MetricFrame.

Where it differs: the favourable value is always named; a number that does not exist is undefined with a reason, not 0
or NaN; every number carries n, an interval and its exact fraction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shinrai.evaluate.audit.audit import Audit, audit_cells
from shinrai.evaluate.audit.cells import Levels, Roles, Subject, Task
from shinrai.evaluate.audit.chance import Chance
from shinrai.evaluate.audit.comparing import Between, Gap
from shinrai.evaluate.audit.confirming import crossed_by
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.intake import Wanted
from shinrai.evaluate.audit.leaving_out import read_to_share
from shinrai.evaluate.audit.machine import to_data
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.subjects import Gaps, GroupAudit, Standing, SubjectAudit
from shinrai.evaluate.audit.tally import MISSING
from shinrai.evaluate.audit.verdicts import Answer, Verdict
from shinrai.language import Language, ShinraiError, message, preferred_language

Key = str | Levels
"""One level, or the levels of several features."""

_TRUE, _PREDICTED, _SCORE, _WEIGHT, _CLUSTER = "y_true", "y_pred", "y_score", "sample_weight", "cluster"


class AuditFrame:
    """Metrics for all rows and for each group, their gaps, and verdicts.

    Either arrays of equal length (lists, NumPy, Series of pandas or polars with equal indexes), or `data` (a frame, a
    path, anything an intake reads) and names of its columns. favourable: the value of y_true and y_pred that means the
    favourable outcome; required unless the task is regression. sensitive_features: one array or name, several names, a
    frame, or arrays by name; of several, `by_group` is their crossing and `features` has each alone.
    control_features: the same; everything is then taken within each of their values. cluster: what rows belong
    together. threshold: with y_score and without y_pred, rows at or above it are selected.

    ShinraiError says what does not fit: no favourable value, lengths or indexes that differ, probabilities given as
    predictions, and whatever else keeps the table from being audited.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        y_true: Any = None,
        y_pred: Any = None,
        sensitive_features: Any,
        favourable: str | float | bool | None = None,
        control_features: Any = None,
        y_score: Any = None,
        threshold: float | None = None,
        sample_weight: Any = None,
        cluster: Any = None,
        task: str = "binary",
        settings: AuditSettings | None = None,
        search: bool = False,
    ) -> None:
        columns: dict[str, Any] = {}
        single = {
            place: _column(columns, data, name, given)
            for place, name, given in (
                ("label", _TRUE, y_true),
                ("prediction", _PREDICTED, y_pred),
                ("score", _SCORE, y_score),
                ("weight", _WEIGHT, sample_weight),
                ("cluster", _CLUSTER, cluster),
            )
        }
        groups = _features(columns, data, sensitive_features, "sensitive_feature")
        strata = () if control_features is None else _features(columns, data, control_features, "control_feature")
        if not groups:
            raise ShinraiError(
                message("No sensitive feature is given."), fix=message("Name at least one column, or give an array.")
            )
        roles = Roles(
            favourable=favourable,
            groups=groups,
            intersections=(groups,) if len(groups) > 1 else (),
            strata=strata,
            threshold=threshold,
            task=Task(task),
            **single,
        )
        wanted = Wanted(search=min(3, len(groups)) if search else 0)
        chosen = replace(settings or AuditSettings(), search=search)
        source, crossed = columns if data is None else data, () if chosen.confirm is None else crossed_by(roles)
        table = read_to_share(source, roles, chosen.suppress_below, wanted=wanted, crossed=crossed)
        self.audit: Audit = audit_cells(table, chosen)
        """Everything that was found, as one object."""
        self._subject: Subject = groups

    @property
    def features(self) -> Mapping[str, SubjectAudit]:
        """Each sensitive feature alone, by name."""
        return {subject[0]: found for subject, found in self.audit.subjects.items() if len(subject) == 1}

    @property
    def overall(self) -> Mapping[Any, Any]:
        """Metric to number for all rows; with control features, by their levels first."""
        if not self._controlled:
            return self.audit.overall
        return {_key(levels): stratum.overall for levels, stratum in self._found.strata.items()}

    @property
    def by_group(self) -> Mapping[Any, Any]:
        """Group to metric to number; with control features, by their levels first."""
        if not self._controlled:
            return _by_group(self._found.groups)
        return {_key(levels): _by_group(stratum.groups) for levels, stratum in self._found.strata.items()}

    @property
    def control_levels(self) -> Sequence[Key]:
        """Levels of the control features, empty without any."""
        return [_key(levels) for levels in self._found.strata]

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """Three-way verdicts on the gaps that have a limit."""
        return self.audit.verdicts

    @property
    def answer(self) -> Answer:
        """All verdicts as one."""
        return self.audit.answer

    @property
    def chance(self) -> Mapping[str, Chance]:
        """Metric to what chance alone would show, strata together."""
        return self._found.chance

    def difference(self, method: str = "between_groups") -> Mapping[Any, Any]:
        """Metric to largest minus smallest, or ("to_overall") to the distance of the group farthest from all rows."""
        return self._gaps(lambda gaps: gaps.difference, lambda gaps: gaps.difference_to_overall, method)

    def ratio(self, method: str = "between_groups") -> Mapping[Any, Any]:
        """Metric to smallest over largest, or ("to_overall") to the smallest ratio of a group to all rows, or back."""
        return self._gaps(lambda gaps: gaps.ratio, lambda gaps: gaps.ratio_to_overall, method)

    def group_max(self) -> Mapping[Any, Any]:
        """Metric to the largest number of a group."""
        return self._extreme(max)

    def group_min(self) -> Mapping[Any, Any]:
        """Metric to the smallest number of a group."""
        return self._extreme(min)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data, in the format of docs/reference/audit.md."""
        return to_data(self.audit)

    def to_html(self, language: Language | None = None) -> str:
        """Return a fragment of HTML that needs nothing else, in one language (default: the environment's)."""
        from shinrai.evaluate.audit.notebook import render

        return render(self.audit, language or preferred_language())

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return f"<AuditFrame of {self.audit.origin.rows:,} rows by {self._found.name}: {self.answer.value}>"

    @property
    def _controlled(self) -> bool:
        return bool(self.audit.roles.strata)

    @property
    def _found(self) -> SubjectAudit:
        return self.audit.subjects[self._subject]

    def _gaps(self, between: Any, overall: Any, method: str) -> Mapping[Any, Any]:
        choose = between if Between(method) is Between.GROUPS else overall

        def chosen(gaps: Gaps) -> Mapping[str, Gap]:
            found: Mapping[str, Gap] = choose(gaps)
            return found

        if not self._controlled:
            return chosen(self._found.gaps)
        return {_key(levels): chosen(stratum.gaps) for levels, stratum in self._found.strata.items()}

    def _extreme(self, choose: Any) -> Mapping[Any, Any]:
        if not self._controlled:
            return _extremes(self._found.groups, choose)
        return {_key(levels): _extremes(stratum.groups, choose) for levels, stratum in self._found.strata.items()}


def _column(columns: dict[str, Any], data: Any, name: str, given: Any) -> str | None:
    """Return the name of a column, and keep its array where arrays are given."""
    if given is None:
        return None
    if data is not None:
        return _named(given)
    columns[name] = given
    return name


def _named(given: Any) -> str:
    if not isinstance(given, str):
        raise ShinraiError(
            message("Beside a table, columns are given by name, not as arrays."),
            fix=message("Give the name of a column of the table, or leave `data` out."),
        )
    return given


def _features(columns: dict[str, Any], data: Any, given: Any, prefix: str) -> tuple[str, ...]:
    """Return the names of features, and keep their arrays where arrays are given."""
    if data is not None:
        return tuple(dict.fromkeys(map(_named, [given] if isinstance(given, str) else given)))
    if isinstance(given, str):
        raise ShinraiError(
            message("“{name}” is a name, but no table is given.", name=given),
            fix=message("Give the table as `data`, or an array."),
        )
    if isinstance(given, Mapping) or hasattr(given, "columns"):
        arrays = {str(name): given[name] for name in (given if isinstance(given, Mapping) else given.columns)}
    else:
        name = getattr(given, "name", None)
        arrays = {name if isinstance(name, str) and name else f"{prefix}_0": given}
    for name, array in arrays.items():
        if name in columns:
            raise ShinraiError(
                message("Two columns are called “{name}”.", name=name), fix=message("Give the feature another name.")
            )
        columns[name] = array
    return tuple(arrays)


def _key(levels: Levels) -> Key:
    return levels if len(levels) > 1 else levels[0] or MISSING


def _by_group(groups: Sequence[GroupAudit]) -> Mapping[Key, Mapping[str, Number]]:
    return {_key(each.levels): each.numbers for each in groups}


def _extremes(groups: Sequence[GroupAudit], choose: Any) -> Mapping[str, Number]:
    """Return the extreme number of each metric; groups without a label and undefined numbers take no part."""
    found: dict[str, Number] = {}
    compared = [each for each in groups if each.standing in {Standing.COMPARED, Standing.SMALL}]
    for metric in groups[0].numbers if groups else ():
        numbers = [each.numbers[metric] for each in compared if each.numbers[metric].value is not None]
        if numbers:
            found[metric] = choose(numbers, key=float)
        else:
            found[metric] = Number(None, 0, reason=message("No group has this number."))
    return found
