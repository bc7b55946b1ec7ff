"""Verify a bundle, or the record of a council round, offline, step by step, and say what was checked.

A record is a bundle whose last round was held by itself: it ends in the council's verdicts, and no assessment follows.
Exit classes: 0 verified, 1 tampered or invalid, 2 incomplete (something is withheld or missing), 3 policy not met.
A bundle that verifies is authentic and complete; whether the system passed is what its verdicts say. Two levels are
told apart: L1 rests on the certificates and keys alone, L2 on the log as well.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from shinrai_verify.encoding import Fault
from shinrai_verify.outcome import Step, Verification, worst
from shinrai_verify.statements import (
    ABANDONMENT,
    ANSWERS,
    ASSESSMENT,
    BALLOT,
    BUNDLE,
    CANARIES,
    CLOSE,
    EVIDENCE,
    PLAN,
    RATIONALE,
    REVEAL,
    REVOCATION,
    ROUND,
    RUBRIC,
    SEAL,
    VERDICT,
    WITHHELD,
    Entry,
    ballot,
    envelope_leaves,
    leaf_bytes,
    well_formed,
)
from shinrai_verify.steps import (
    l1_certificates,
    v1_contents,
    v2_trust,
    v3_head,
    v4_memory,
    v5_statements,
    v6_signers,
    v7_evidence,
    v8_rounds,
    v9_verdicts,
    v10_plans,
    v11_report,
)
from shinrai_verify.steps.work import Work
from shinrai_verify.tiles import tile_entries, tile_names
from shinrai_verify.trust import Policy
from shinrai_verify.votes import Votes, answers_sha256, cast_in, council_record, verdict_record

__all__ = [
    "ABANDONMENT",
    "ANSWERS",
    "ASSESSMENT",
    "BALLOT",
    "BUNDLE",
    "CANARIES",
    "CLOSE",
    "EVIDENCE",
    "PLAN",
    "RATIONALE",
    "REVEAL",
    "REVOCATION",
    "ROUND",
    "RUBRIC",
    "SEAL",
    "VERDICT",
    "WITHHELD",
    "Entry",
    "Step",
    "Verification",
    "Votes",
    "answers_sha256",
    "ballot",
    "cast_in",
    "council_record",
    "envelope_leaves",
    "leaf_bytes",
    "tile_entries",
    "tile_names",
    "verdict_record",
    "verify",
    "well_formed",
]

STEPS: tuple[tuple[str, Callable[[Work], None]], ...] = (
    ("V1", v1_contents.contents),
    ("V2", v2_trust.chain),
    ("V5", v5_statements.signatures),
    ("L1", l1_certificates.certificates),
    ("V3", v3_head.head),
    ("V4", v4_memory.memory),
    ("V5", v5_statements.statements),
    ("V6", v6_signers.signers),
    ("V7", v7_evidence.evidence),
    ("V8", v8_rounds.rounds),
    ("V9", v9_verdicts.verdicts),
    ("V10", v10_plans.plans),
    ("V11", v11_report.report),
)
"""The steps in their order. L1 needs good signatures and no log, so V5 is taken in two halves."""


def verify(path: Path, policy: Policy, *, last_seen: bytes | None = None, now: datetime | None = None) -> Verification:
    """Verify the bundle at a path. last_seen: checkpoint note of an earlier visit; now: the time to judge expiry at."""
    outcome = Verification()
    work = Work(path, policy, outcome, last_seen, now or datetime.now(UTC))
    for code, step in STEPS:
        try:
            step(work)
        except Fault as fault:
            outcome.note(code, 1, fault.text, **fault.fields)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
            # A signed statement of an unforeseen shape: refuse it, never crash over it.
            outcome.note(code, 1, "a statement or document is not of the expected shape")
        if worst(s for s in outcome.steps if s.code != "L1") == 1:
            break
    return outcome
