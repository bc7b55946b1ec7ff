"""The outsider's verifier, and the formats it reads.

Needs the standard library and `cryptography`, nothing else, so that an auditor can read all of it in a day, and the
steps of a verification in an afternoon.
Every parser here takes hostile bytes: sizes and depths are limited before anything is parsed, signatures are checked
over the bytes as received, and only bytes that were verified are looked at.

Sources: in-toto Statement v1; DSSE 1.0.2; RFC 6962 and 9162; C2SP signed-note, tlog-checkpoint, tlog-tiles.
"""

__version__ = "0.1.0"

NAMESPACE = "https://shinrai.example/"
"""Prefix of every predicate type and schema; replaced in one place once the project owns a domain."""
