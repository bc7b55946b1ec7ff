"""The statements of a round: opened, committed to, voted, revealed, closed and summed up.

A ballot holds round, control and value and nothing else, so that all members who choose a value sign the same bytes.
Everything else is bound through the round's id, the SHA-256 of its opening statement.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shinrai.evidence.statements import timestamp
from shinrai.language import Bilingual, ShinraiError, message
from shinrai.systems.tier import CONSEQUENCES, Tier
from shinrai_verify import NAMESPACE
from shinrai_verify.council import HUMAN, VALUES, required_strata
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import Fault, Named, digest, identifier
from shinrai_verify.encoding import field as get
from shinrai_verify.verify import CLOSE, RATIONALE, ROUND, RUBRIC, ballot

COMMIT = NAMESPACE + "council-seal/v1"
REVEAL = NAMESPACE + "council-reveal/v1"
RECALL = NAMESPACE + "council-recall/v1"
MAX_CONTROLS = 10_000
MAX_NOTE = 4_000
_WHAT = Named("the council round")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked on one control, in words."""

    control: str
    text: Bilingual


@dataclass(frozen=True, slots=True)
class Rubric:
    """How is judged. tier: the risk tier the strata follow from, None where none was given."""

    sha256: str
    predicate: Mapping[str, Any]
    tier: Tier | None

    def question(self, control: str) -> Bilingual:
        """Return the question on a control; its name where the rubric has no words for it."""
        for entry in self.predicate.get("questions", []):
            if entry["control"] == control:
                return Bilingual(ja=str(entry["ja"]), en=str(entry["en"]))
        return Bilingual(ja=control, en=control)


@dataclass(frozen=True, slots=True)
class OpenRound:
    """An opening statement. id: SHA-256 of its payload; index: its place in the log.

    standalone: held by itself, on contents that an assessment judged before, and not within an assessment.
    """

    id: str
    index: int
    bundle_id: str
    origin: str
    controls: tuple[str, ...]
    attempt: int
    previous: str | None
    roster_sha256: str
    rubric_sha256: str
    trust_sha256: str
    sealed: bool
    standalone: bool
    closes_after: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """What a coordinator asks for when it opens a round."""

    bundle_id: str
    controls: tuple[str, ...]
    reason: str
    sealed: bool = False
    closes_after: datetime | None = None


def rubric_statement(
    trust_sha256: str,
    questions: Sequence[Question],
    tier: Tier | None,
    required: Mapping[str, Mapping[str, int]] | None = None,
) -> Statement:
    """Return the rubric of a round.

    tier: demands so many people among those who certify a value, whatever the control. required: demands beyond those,
    control -> stratum -> least votes.
    """
    people = CONSEQUENCES[tier].human_seats if tier else 0
    demanded: dict[str, dict[str, int]] = {}
    for question in questions:
        strata = dict((required or {}).get(question.control, {}))
        if people:
            strata[HUMAN] = max(people, strata.get(HUMAN, 0))
        if strata:
            demanded[question.control] = strata
    record: dict[str, Any] = {
        "questions": [{"control": q.control, "en": q.text.en, "ja": q.text.ja} for q in questions],
        "required": demanded,
        "version": 1,
    }
    if tier is not None:
        record["tier"] = tier.value
    return Statement("rubric", trust_sha256, RUBRIC, record)


def read_rubric(sha256: str, predicate: Mapping[str, Any]) -> Rubric:
    """Read a rubric; an error where its demands for people fall short of the tier that it names."""
    tier = None
    if "tier" in predicate:
        word = get(predicate, "tier", str, Named("the rubric"))
        if word not in set(Tier):
            raise ShinraiError(message("The rubric names a risk tier that is not known."))
        tier = Tier(word)
        controls = [entry.get("control") for entry in predicate.get("questions", [])]
        least = min((required_strata(predicate, str(control)).get(HUMAN, 0) for control in controls), default=0)
        wanted = CONSEQUENCES[tier].human_seats
        if least < wanted:
            raise ShinraiError(
                message("The rubric asks for {least} people, its risk tier for {wanted}.", least=least, wanted=wanted)
            )
    for entry in predicate.get("questions", []):
        identifier(entry.get("control"), Named("the rubric"))
        for language in ("ja", "en"):
            get(entry, language, str, Named("the rubric"))
    return Rubric(sha256, predicate, tier)


def round_statement(
    plan: RoundPlan, origin: str, chain: tuple[int, str | None], now: datetime, documents: tuple[str, str, str]
) -> Statement:
    """Return the opening of a round. chain: attempt, round before; documents: SHA-256 of roster, rubric, trust."""
    attempt, previous = chain
    roster, rubric, trust = documents
    about = {
        "attempt": attempt,
        "closesAfter": timestamp(plan.closes_after) if plan.closes_after else None,
        "controls": sorted(plan.controls),
        "log": {"origin": origin},
        "openedOn": timestamp(now),
        "prevRound": previous,
        "reason": plan.reason,
        "requireRationale": True,
        "roster": roster,
        "rubric": rubric,
        "sealed": plan.sealed,
        "standalone": True,
        "trust": trust,
    }
    return Statement("bundle", plan.bundle_id, ROUND, about)


def read_round(index: int, payload_sha256: str, statement: Statement) -> OpenRound:
    """Read an opening statement; an error where it is not one."""
    about = statement.predicate
    if statement.predicate_type != ROUND:
        raise ShinraiError(message("This statement does not open a round."))
    controls = [identifier(control, _WHAT) for control in get(about, "controls", list, _WHAT)]
    if not 1 <= len(controls) <= MAX_CONTROLS or len(set(controls)) < len(controls):
        raise ShinraiError(message("The round lists no control, more than {limit}, or one twice.", limit=MAX_CONTROLS))
    previous = about.get("prevRound")
    closes = about.get("closesAfter")
    marks = {name: about.get(name) is True for name in ("sealed", "standalone")}
    for name in marks:
        if about.get(name) not in (None, True, False):
            raise Fault("{what} lacks a valid field “{name}”", what=_WHAT, name=name)
    return OpenRound(
        payload_sha256,
        index,
        digest(statement.subject_sha256, _WHAT),
        get(get(about, "log", dict, _WHAT), "origin", str, _WHAT),
        tuple(controls),
        get(about, "attempt", int, _WHAT),
        None if previous is None else digest(previous, _WHAT),
        digest(about.get("roster"), _WHAT),
        digest(about.get("rubric"), _WHAT),
        digest(about.get("trust"), _WHAT),
        marks["sealed"],
        marks["standalone"],
        closes if isinstance(closes, str) else None,
        get(about, "reason", str, _WHAT)[:MAX_NOTE],
    )


def ballot_of(opened: OpenRound, control: str, value: str) -> Statement:
    """Return the ballot that every member who chooses this value signs, byte for byte."""
    if control not in opened.controls or value not in VALUES:
        raise ValueError(f"no ballot for {control!r}, {value!r}")
    return ballot(opened.bundle_id, opened.id, control, value)


def rationale_of(
    opened: OpenRound,
    member: str,
    control: str,
    value: str,
    notes: Bilingual,
    inspected: Sequence[str],
    **more: Any,
) -> Statement:
    """Return why a member votes as it does. more: `method`, and `model` for a model's identity and prompt."""
    about = {
        "conflict": False,
        "control": control,
        "inspected": sorted(set(inspected)),
        "member": member,
        "method": "examine",
        "notes": {"en": notes.en[:MAX_NOTE], "ja": notes.ja[:MAX_NOTE]},
        "round": opened.id,
        "value": value,
        **more,
    }
    return Statement("bundle", opened.bundle_id, RATIONALE, about)


def commitment_of(opened: OpenRound, signatures: Mapping[str, bytes]) -> Statement:
    """Return a member's commitment in a sealed round: the digests of its ballots' signatures, which it keeps to itself.

    A signature cannot be guessed without the key, so its digest tells nothing of the value.
    """
    seals = [
        {"control": control, "seal": hashlib.sha256(signatures[control]).hexdigest()} for control in sorted(signatures)
    ]
    return Statement("bundle", opened.bundle_id, COMMIT, {"round": opened.id, "seals": seals})


def recall_statement(opened: OpenRound) -> Statement:
    """Return what a member signs to be told what it has in the log."""
    return Statement("bundle", opened.bundle_id, RECALL, {"round": opened.id})


def reveal_statement(opened: OpenRound) -> Statement:
    """Return the end of the commitments of a sealed round; ballots count only after it."""
    return Statement("bundle", opened.bundle_id, REVEAL, {"round": opened.id})


def close_statement(opened: OpenRound) -> Statement:
    """Return the end of a round."""
    return Statement("bundle", opened.bundle_id, CLOSE, {"round": opened.id})
