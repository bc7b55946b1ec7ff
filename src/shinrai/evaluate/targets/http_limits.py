"""How much of a hostile server's time and bytes the chat target takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits of one chat target.

    answer_bytes: of a whole response body, framing included. large_answers: so many bodies above 64 KiB are read at the
    same time, which bounds memory at large_answers × answer_bytes whatever the server sends.
    connect_seconds: for name, connection and TLS. connections: open at the same time.
    """

    answer_bytes: int = 1_048_576
    large_answers: int = 32
    connect_seconds: float = 10.0
    connections: int = 4096
