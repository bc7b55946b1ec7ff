"""Keys by reference: `env:NAME` or `file:PATH`. A key itself is never accepted, kept, shown or written down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shinrai.evaluate.targets.references import resolve
from shinrai.language import ShinraiError, message
from shinrai.planwatch.sources.quoting import shown

_KEY = re.compile(r"[0-9A-Za-z_-]{16,200}")
# Somebody may write the key itself after “env:” or “file:”; what looks like one is not shown.
_LOOKS_LIKE_A_KEY = re.compile(r"[0-9A-Za-z]{24,}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key for one run. reference: where it came from; the value stands in no representation of this object."""

    reference: str
    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the key, for the request and nothing else."""
        return self._value


def read_key(reference: str, environment: Mapping[str, str] | None = None) -> Key:
    """Read the key that a reference names. ShinraiError, which never holds the key, when there is none.

    A key has 16 to 200 letters, digits, hyphens and underscores; white space around it is ignored.
    """
    kind, colon, rest = reference.partition(":")
    if not colon or kind not in ("env", "file") or _LOOKS_LIKE_A_KEY.fullmatch(rest):
        raise ShinraiError(
            message("A key is given by reference, not itself."),
            fix=message("Put it into an environment variable or a file, and write env:NAME or file:PATH."),
        )
    value = resolve(reference, environment).value
    if not _KEY.fullmatch(value):
        raise ShinraiError(
            message("What {reference} holds is not a key.", reference=shown(reference)),
            fix=message("A key is one word of 16 to 200 letters, digits, hyphens and underscores."),
        )
    return Key(reference, value)
