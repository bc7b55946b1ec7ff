"""The questions of an audit as expressions of ibis, from which it writes the SQL of each database.

They ask for exactly what `duckdb` asks for: the same rounding, written with floor alone since databases round ties in
different ways; whole numbers before they are summed, since no two add floats alike. Only in 64-bit integers are floats
turned into whole numbers, because PostgreSQL keeps 15 digits of one that it makes a NUMERIC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis  # type: ignore[import-untyped]

from shinrai.evaluate.audit.cells import SCALE_BITS, Subject
from shinrai.evaluate.audit.intake.engine import HALF_BITS, Binning, Coding, Seen, facts, rates
from shinrai.evaluate.audit.intake.wanted import Asked, Field
from shinrai.evaluate.targets.reading import Kind

_SCALE = float(1 << SCALE_BITS)
_LARGEST_FINITE = 1.7976931348623157e308
_EXACT = "decimal(38, 0)"

Table = Any
Value = Any
"""ibis types its expressions by their operations; strict types would only repeat that."""


@dataclass(frozen=True, slots=True)
class Questions:
    """Expressions over one table. nan: whether the database has NaN at all; approximate: whether it estimates."""

    table: Table
    asked: Asked
    nan: bool = True
    approximate: bool = True

    def profile(self) -> Table:
        """Ask for one row of facts, in the order of `facts`."""
        return self.table.aggregate(
            **{f"a{place}": self._fact(seen, name) for place, (seen, name) in enumerate(facts(self.asked))}
        )

    def _fact(self, seen: Seen, name: str) -> Value:
        if seen is Seen.ROWS:
            return self.table.count()
        value = self._stored(name)
        if seen is Seen.DISTINCT:
            return value.approx_nunique() if self.approximate else value.nunique()
        if seen is Seen.LONGEST:
            return value.strip().length().max()
        if seen is Seen.MISSING:
            blank = value.strip() == "" if self.asked.kind(name) is Kind.TEXT else ibis.literal(False)
            return self.table.count(where=value.isnull() | blank)
        number = self._number(name)
        infinite = number.abs() > _LARGEST_FINITE
        if seen in {Seen.LOW, Seen.HIGH}:
            finite = ibis.ifelse(infinite, ibis.null("float64"), number)
            return finite.min() if seen is Seen.LOW else finite.max()
        conditions: dict[Seen, Callable[[], Value]] = {
            Seen.FRACTIONS: lambda: _fraction(number.abs()) > 0,
            Seen.OUTSIDE: lambda: (number < 0) | (number > 1),
            Seen.INFINITE: lambda: infinite,
            Seen.NEGATIVE: lambda: number < 0,
            Seen.UNUSABLE: lambda: number.isnull() | (number == 0),
        }
        return self.table.count(where=conditions[seen]())

    def cells(self, columns: Sequence[str]) -> Table:
        """Ask for groups, label, prediction, rows, pieces of sums: a row for each that occurs."""
        decided = self._decided()
        sums = [decided.count(), *map(_exact_sum, [*self._weight_pieces(decided), *self._number_pieces(decided)])]
        classes = [] if self.asked.numeric else [decided.y, decided.p]
        by = [*(decided[alias] for alias in self._aliases(columns)), *classes]
        return decided.aggregate({f"m{place}": each for place, each in enumerate(sums)}, by=by)

    def bins(self, columns: Sequence[str], binning: Binning) -> Table:
        """Ask for groups, label, bin, rows, pieces of sums, of the rows with label and score."""
        decided = self._decided()
        decided = decided.filter(decided.s.notnull() & decided.y.notnull())
        low, high, bins = binning.low, binning.high, float(binning.bins)
        score = decided.s
        if not self.asked.wanted.calibration:
            score = ibis.greatest(ibis.least(score, _float(high)), _float(low))
        place = score * bins if (low, high) == (0, 1) else (score - low) * bins / (high - low)
        decided = decided.mutate(s=score, b=ibis.least(place.floor(), ibis.literal(binning.bins - 1, "int64")))
        pieces = [
            piece
            for value in (decided.s, decided.s * decided.s)
            for piece in ([_rounded(value * _SCALE)] if binning.plain else _whole_and_rest(value))
        ]
        sums = [decided.count(), *map(_exact_sum, pieces)]
        by = [*(decided[alias] for alias in self._aliases(columns)), decided.y, decided.b]
        return decided.aggregate({f"m{at}": each for at, each in enumerate(sums)}, by=by)

    def clusters(self, subject: Subject, coding: Coding) -> Table:
        """Ask for groups, then clusters, s, t, ss, st, tt of each rate."""
        decided = self._decided()
        aliases = self._aliases(subject)
        label = ibis.literal(0) if self.asked.roles.label is None else _class_of(decided.y, coding.label)
        keys = {
            alias: _replaced(decided[alias], coding.replaced.get(name, {}))
            for name, alias in zip(subject, aliases, strict=True)
        }
        coded = decided.select(**keys, c=decided.c, y=label, p=_class_of(decided.p, coding.prediction))
        both = coded.y.notnull() & coded.p.notnull()
        conditions = {
            "q": both,
            "a": both & (coded.p == 0),
            "f": both & (coded.y == 0),
            "tp": both & (coded.y == 0) & (coded.p == 0),
            "r": both & (coded.y == coded.p),
        }
        by = [coded.c, *(coded[alias] for alias in aliases)]
        within = coded.aggregate({name: coded.count(where=each) for name, each in conditions.items()}, by=by)
        sums = {}
        for rate in rates(self.asked):
            s, t = (value.cast(_EXACT) for value in _fraction_of(within, rate))
            present = t > 0
            sums[f"{rate}_clusters"] = within.count(where=present)
            for name, value in {"s": s, "t": t, "ss": s * s, "st": s * t, "tt": t * t}.items():
                sums[f"{rate}_{name}"] = value.sum(where=present)
        return within.aggregate(sums, by=[within[alias] for alias in aliases])

    def _aliases(self, columns: Sequence[str]) -> list[str]:
        return [f"k{self.asked.keys.index(name)}" for name in columns]

    def _decided(self) -> Table:
        """Keys, label y, prediction p, score s, weight in units u and cluster c of each row."""
        roles, table = self.asked.roles, self.table
        chosen = dict(zip(self._aliases(self.asked.keys), map(self._key, self.asked.keys), strict=True))
        score = ibis.null("float64") if roles.score is None else self._number(roles.score)
        of_class = self._number if self.asked.numeric else self._key
        chosen["y"] = ibis.null("string") if roles.label is None else of_class(roles.label)
        if roles.prediction is not None:
            chosen["p"] = of_class(roles.prediction)
        else:
            limit = _float(roles.threshold or 0.0)
            chosen["p"] = ibis.cases((score >= limit, 1), (score < limit, 0))
        chosen["s"] = score
        if roles.cluster is not None:
            chosen["c"] = self._stored(roles.cluster)
        if roles.weight is not None:
            weight = self._number(roles.weight)
            table = table.filter(weight > 0)
            chosen["u"] = _rounded(weight * _SCALE)
        return table.select(**chosen)

    def _stored(self, name: str) -> Value:
        value = self.table[name]
        is_text = self.asked.kind(name) is Kind.TEXT
        return value if not is_text or value.type().is_string() else value.cast("string")

    def _key(self, name: str) -> Value:
        """Return what is grouped by. 32-bit floats are widened, and NaN is NULL."""
        floating = self.asked.kind(name) is Kind.NUMBER and self.table[name].type().is_floating()
        return self._number(name) if floating else self._stored(name)

    def _number(self, name: str) -> Value:
        value = self.table[name]
        number = value.cast("float64")
        if not self.nan or self.asked.kind(name) is not Kind.NUMBER:
            return number
        return ibis.ifelse(number.isnan(), ibis.null("float64"), number)

    def _weight_pieces(self, decided: Table) -> list[Value]:
        if self.asked.roles.weight is None:
            return []
        half = ibis.literal(1 << HALF_BITS, "int64")
        high = decided.u // half
        low = decided.u % half
        return [decided.u, high * high, high * low, low * low]

    def _number_pieces(self, decided: Table) -> list[Value]:
        if not self.asked.numeric:
            return []
        both = decided.y.notnull() & decided.p.notnull()
        y, p = (ibis.ifelse(both, each, ibis.null("float64")) for each in (decided.y, decided.p))
        values = [y, y * y, p, p * p, y - p, (y - p) * (y - p), (y - p).abs()]
        one = ibis.ifelse(both, ibis.literal(1, "int64"), ibis.literal(0, "int64"))
        return [one, *(piece for value in values for piece in _whole_and_rest(value))]


def _exact_sum(value: Value) -> Value:
    return value.cast(_EXACT).sum()


def _float(value: float) -> Value:
    return ibis.literal(float(value), "float64")


def _fraction(value: Value) -> Value:
    return value - value.floor().cast("float64")


def _rounded(value: Value) -> Value:
    """Round a value that is not negative to a whole number, ties up."""
    up = ibis.ifelse(_fraction(value) >= 0.5, ibis.literal(1, "int64"), ibis.literal(0, "int64"))
    return value.floor().cast("int64") + up


def _whole_and_rest(value: Value) -> list[Value]:
    """Cut a value towards 0, and round the rest in units, ties away from 0."""
    size = value.abs()
    sign = ibis.ifelse(value < 0, ibis.literal(-1, "int64"), ibis.literal(1, "int64"))
    return [size.floor().cast("int64") * sign, _rounded(_fraction(size) * _SCALE) * sign]


def _class_of(value: Value, classes: Sequence[Sequence[object]]) -> Value:
    branches = [(value.isin(list(stored)), place) for place, stored in enumerate(classes) if stored]
    return ibis.cases(*branches) if branches else ibis.null("int8")


def _replaced(value: Value, spellings: Any) -> Value:
    if not spellings:
        return value
    branches = [(value == stored, ibis.null() if into is None else into) for stored, into in spellings.items()]
    return ibis.cases(*branches, else_=value)


def _fraction_of(within: Table, rate: str) -> tuple[Value, Value]:
    """Successes and trials of a rate; see FRACTIONS."""
    q, a, f, tp, r = within.q, within.a, within.f, within.tp, within.r
    true_negative = q - f - a + tp
    return {
        "selection_rate": (a, q),
        "accuracy": (r, q),
        "tpr": (tp, f),
        "fpr": (a - tp, q - f),
        "fnr": (f - tp, f),
        "tnr": (true_negative, q - f),
        "ppv": (tp, a),
        "npv": (true_negative, q - a),
    }[rate]


def field_of(name: str, dtype: Any) -> Field:
    """Describe a column of ibis. What it does not know (an enumeration of the database) is read as text."""
    if dtype.is_string() or dtype.is_json() or dtype.is_unknown():
        kind = Kind.TEXT
    elif dtype.is_boolean():
        kind = Kind.BOOLEAN
    elif dtype.is_integer():
        kind = Kind.INTEGER
    elif dtype.is_floating() or dtype.is_decimal():
        kind = Kind.NUMBER
    else:
        kind = Kind.OTHER
    return Field(name, kind, str(dtype))
