"""Taking contents out for good: a signed declaration stays in the log, and so do the digests.

Erasure is for contents that statements name. A statement itself is never taken out; it is superseded.
"""

from collections.abc import Iterable, Mapping, Sequence

from shinrai.language import ShinraiError, message
from shinrai_verify import NAMESPACE
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import Fault, Named, digest, field

WITHHELD = NAMESPACE + "withheld/v1"
LONGEST_REASON = 300


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


def erased_by(declarations: Iterable[tuple[int, Statement]]) -> Mapping[str, int]:
    """Return, for each digest, the entry that first declares it erased; Fault where one is of another form."""
    found: dict[str, int] = {}
    for index, declaration in declarations:
        for sha256 in withheld_digests(declaration):
            found.setdefault(sha256, index)
    return found


def check_reason(reason: str) -> str:
    """Return a reason as it goes into the log, where it stays for good and is shown to everyone.

    ShinraiError, which quotes nothing, for one that is empty, long, of several lines, or seems to hold personal data.
    """
    # The patterns take a while to load, and every command opens a store.
    from shinrai.evaluate.scorers.personal import kinds_in

    plain = reason.strip()
    if not plain or len(plain) > LONGEST_REASON or not plain.isprintable():
        raise ShinraiError(
            message("The reason is one line of at most {n} characters.", n=LONGEST_REASON),
            fix=message("Example: --reason 'erasure was asked for'"),
        )
    if kinds_in(plain):
        raise ShinraiError(
            message("The reason seems to hold an address or a number of a person."),
            fix=message("It can never be taken out of the log: say why in words that name nobody."),
        )
    return plain
