"""Every Fault and every step that a test provokes is one of the verifier's sentences, with all it needs to be said."""

from collections.abc import Iterator

import pytest

from shinrai_verify.encoding import Fault, Named
from shinrai_verify.outcome import Verification

from .test_texts import JAPANESE, _fields


def checked(text: str, fields: dict[str, object]) -> None:
    """Fail for a text without a Japanese one, and for fields that are missing, unknown or empty."""
    assert text in JAPANESE, text
    assert set(fields) == set(_fields(text)), text
    assert all(value is not None for value in fields.values()), text


@pytest.fixture(autouse=True)
def every_fault_can_be_said() -> Iterator[None]:
    """Look at each Fault, each Named and each step as it is made."""
    fault, named, note = Fault.__init__, Named.__new__, Verification.note

    def init(self: Fault, text: str, **fields: object) -> None:
        checked(text, fields)
        fault(self, text, **fields)

    def new(cls: type[Named], text: str, **fields: object) -> Named:
        checked(text, fields)
        return named(cls, text, **fields)

    def noted(self: Verification, code: str, exit_class: int, text: str, **fields: object) -> None:
        checked(text, fields)
        note(self, code, exit_class, text, **fields)

    Fault.__init__, Named.__new__ = init, new  # type: ignore[method-assign, assignment]
    Verification.note = noted  # type: ignore[method-assign]
    yield
    Fault.__init__, Named.__new__ = fault, named  # type: ignore[method-assign]
    Verification.note = note  # type: ignore[method-assign]
