"""The recompute seat: does a second implementation, reading the same rows, come to the same numbers?"""

from collections.abc import Mapping

from shinrai.council.case import Case, Claim, Opinion, combine
from shinrai.council.seats.recompute import Recomputed, recompute
from shinrai.evaluate.measurement import Comparison, Measurement, Rule
from shinrai.language import message
from shinrai_verify.council import INCONCLUSIVE

_AT_MOST = frozenset({"fpr", "gap", "brier", "missing", "duplicates", "constant", "leakage_suspects", "columns"})


def limit_rules(limits: Mapping[str, float]) -> Mapping[str, Rule]:
    """Return the rules that the description's limits stand for, by the definitions of the metrics."""
    return {
        metric: Rule(
            Comparison.AT_MOST if metric in _AT_MOST or metric.endswith(".difference") else Comparison.AT_LEAST, limit
        )
        for metric, limit in limits.items()
    }


class Recompute:
    """Recomputes all measurements of a target once, when the first claim that rests on it is judged."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._found: dict[str, Mapping[str, Recomputed]] = {}

    def opinion(self, claim: Claim) -> Opinion:
        """Compare every measurement of a claim, decisive or not, with the second derivation."""
        inspected = tuple(piece.logged.envelope.payload_sha256 for piece in claim.pieces)
        if claim.code.attestable:
            return Opinion(
                claim.claimed, message("Attested by a person; there is no number to compute again."), inspected
            )
        outcomes, implementations = [], set[str]()
        for piece in claim.pieces:
            measurement = piece.measurement
            if measurement is None:
                continue
            again = self._again(measurement)
            if not again.agrees:
                reason = message(
                    "{id}: {difference}", id=measurement.id, difference=again.difference or message("differs")
                )
                return Opinion(INCONCLUSIVE, reason, inspected)
            implementations |= set(again.implementations)
            if measurement.decisive:
                outcomes.append(again.outcome)
        rows = self._case.rows[next(iter(self._found))].sha256 if self._found else ""
        reason = message(
            "{n} numbers computed again from the rows by {names}, with the same result.",
            n=len(claim.pieces),
            names=", ".join(sorted(implementations)),
        )
        return Opinion(combine(outcomes), reason, (*inspected, rows) if rows else inspected)

    def _again(self, measurement: Measurement) -> Recomputed:
        target = measurement.target
        if target not in self._found:
            rows = self._case.rows[target]
            mine = {
                piece.measurement.id: piece.measurement
                for claim in self._case.claims
                for piece in claim.pieces
                if piece.measurement is not None and piece.measurement.target == target
            }
            self._found[target] = recompute(rows.file, rows.settings, list(mine.values()), rows.checks)
        return self._found[target][measurement.id]
