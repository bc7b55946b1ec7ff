"""The recompute seat: does a second implementation, reading the same rows, come to the same numbers?"""

from collections.abc import Mapping

from shinrai.council.case import AskedSuite, Case, Claim, ImportedFile, Opinion, combine
from shinrai.council.seats.recompute import Recomputed, recompute
from shinrai.council.seats.recompute_conversation import recompute_conversation
from shinrai.council.seats.recompute_imported import recompute_imported
from shinrai.evaluate.measurement import Comparison, Measurement, Rule
from shinrai.language import Message, message
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
        names = ", ".join(sorted(implementations))
        reason = self._agreed(claim, names)
        return Opinion(combine(outcomes), reason, (*inspected, *self._read(claim)))

    def _agreed(self, claim: Claim, names: str) -> Message:
        """Say what was computed again, and from what."""
        n = len(claim.pieces)
        if any(self._imported(piece.measurement) for piece in claim.pieces):
            return message(
                "{n} numbers computed again by {names}, with the same result; results of other tools were read again "
                "from their files, and what these say was not measured again.",
                n=n,
                names=names,
            )
        if any(self._conversation(piece.measurement) for piece in claim.pieces):
            return message(
                "{n} numbers computed again from the samples by {names}, with the same result; answers were scored "
                "again by the same scorers.",
                n=n,
                names=names,
            )
        return message("{n} numbers computed again from the rows by {names}, with the same result.", n=n, names=names)

    def _read(self, claim: Claim) -> tuple[str, ...]:
        """Return the digests of the rows and samples behind a claim."""
        read: dict[str, None] = {}
        for piece in claim.pieces:
            if piece.measurement is not None:
                behind = (
                    self._conversation(piece.measurement)
                    or self._imported(piece.measurement)
                    or self._case.rows[piece.measurement.target]
                )
                read[behind.sha256] = None
        return tuple(read)

    def _conversation(self, measurement: Measurement | None) -> AskedSuite | None:
        if measurement is None:
            return None
        return self._case.conversations.get(f"{measurement.target}/{measurement.check}")

    def _imported(self, measurement: Measurement | None) -> ImportedFile | None:
        if measurement is None:
            return None
        return self._case.imports.get(f"{measurement.target}/{measurement.check}")

    def _again(self, measurement: Measurement) -> Recomputed:
        conversation, check = self._conversation(measurement), f"{measurement.target}/{measurement.check}"
        if conversation is not None:
            if check not in self._found:
                mine = [m for m in self._measured(measurement.target) if m.check == measurement.check]
                self._found[check] = recompute_conversation(conversation, measurement.target, mine)
            return self._found[check][measurement.id]
        target = measurement.target
        imported = self._imported(measurement)
        if imported is not None:
            if check not in self._found:
                mine = self._measured(measurement.target)
                self._found[check] = recompute_imported(imported, measurement.target, mine)
            return self._found[check][measurement.id]
        if target not in self._found:
            rows = self._case.rows[target]
            self._found[target] = recompute(rows.file, rows.settings, self._measured(target), rows.checks)
        return self._found[target][measurement.id]

    def _measured(self, target: str) -> list[Measurement]:
        """Return every measurement of a target that a claim rests on, once."""
        mine = {
            piece.measurement.id: piece.measurement
            for claim in self._case.claims
            for piece in claim.pieces
            if piece.measurement is not None and piece.measurement.target == target
        }
        return list(mine.values())
