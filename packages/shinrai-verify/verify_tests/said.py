"""Every Fault and every step that a test provokes is one of the verifier's sentences, with all it needs to be said."""

from collections.abc import Iterator, Mapping

import pytest

from shinrai_verify.encoding import Fault, Named
from shinrai_verify.outcome import Verification

from .test_texts import JAPANESE, _fields

CODES = {"L1", *(f"V{number}" for number in range(1, 12))}


def wrong_with(text: str, fields: Mapping[str, object]) -> str | None:
    """Return a text without a Japanese one, or whose fields are missing, unknown or empty; None if all is well."""
    right = text in JAPANESE and set(fields) == set(_fields(text)) and None not in fields.values()
    return None if right else f"{text!r} with {fields}"


@pytest.fixture(autouse=True)
def every_fault_can_be_said() -> Iterator[None]:
    """Look at each Fault, each Named and each step as it is made; the verifier may swallow an exception, not a list."""
    fault, named, note = Fault.__init__, Named.__new__, Verification.note
    found: list[str | None] = []

    def init(self: Fault, text: str, **fields: object) -> None:
        found.append(wrong_with(text, fields))
        fault(self, text, **fields)

    def new(cls: type[Named], text: str, **fields: object) -> Named:
        found.append(wrong_with(text, fields))
        return named(cls, text, **fields)

    def noted(self: Verification, code: str, exit_class: int, text: str, **fields: object) -> None:
        found.append(wrong_with(text, fields))
        found.append(None if code in CODES and exit_class in (0, 1, 2, 3) else f"step {code!r} of class {exit_class!r}")
        note(self, code, exit_class, text, **fields)

    Fault.__init__, Named.__new__ = init, new  # type: ignore[method-assign, assignment]
    Verification.note = noted  # type: ignore[method-assign]
    yield
    Fault.__init__, Named.__new__ = fault, named  # type: ignore[method-assign]
    Verification.note = note  # type: ignore[method-assign]
    assert not [each for each in found if each]
