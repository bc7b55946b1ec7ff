"""Taking contents out of the database for good: a signed declaration stays in the log, and so do the digests.

Erasure is for contents that statements name. A statement itself is never taken out; it is superseded.
"""

from collections.abc import Sequence

from shinrai_verify import NAMESPACE
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import Fault, Named, digest, field

WITHHELD = NAMESPACE + "withheld/v1"


def withheld_statement(sha256s: Sequence[str], reason: str, when: str) -> Statement:
    """Return the declaration, to be signed by an admin.

    sha256s: digests of the contents; reason: why, in words that name nobody; when: RFC 3339.
    """
    named = sorted(set(sha256s))
    items = [{"digest": {"sha256": digest(sha256, Named("the declaration"))}} for sha256 in named]
    return Statement("withheld", named[0], WITHHELD, {"items": items, "reason": reason, "when": when})


def withheld_digests(declaration: Statement) -> list[str]:
    """Return the digests that a declaration names; Fault when it is not of that form."""
    what = Named("the declaration")
    if declaration.predicate_type != WITHHELD:
        raise Fault("{what} is of another kind", what=what)
    items = field(declaration.predicate, "items", list, what)
    return [digest(field(field(item, "digest", dict, what), "sha256", str, what), what) for item in items]
