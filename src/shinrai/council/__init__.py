"""Who judges: the roster of seats, their opinions, the round they vote in, and the certificates that come out of it."""

from shinrai.council.case import AskedJudge, AskedSuite, Case, Claim, ImportedFile, Opinion, Piece, TargetRows, combine
from shinrai.council.roster import ensure_roster, ensure_rubric, seat_keys
from shinrai.council.round import Decision, Setting, hold_round
from shinrai.council.seats import embedded_seats

__all__ = [
    "AskedJudge",
    "AskedSuite",
    "Case",
    "Claim",
    "Decision",
    "ImportedFile",
    "Opinion",
    "Piece",
    "Setting",
    "TargetRows",
    "combine",
    "embedded_seats",
    "ensure_roster",
    "ensure_rubric",
    "hold_round",
    "seat_keys",
]
