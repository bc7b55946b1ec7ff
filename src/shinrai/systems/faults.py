"""Faults of a description: each has its place, what is wrong and what to do, and all are reported together."""

from dataclasses import dataclass

from shinrai.language import Language, Message, Place, ShinraiError, message


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. A position in a field's name counts from 1, as lines do: `people[2]` is the second person."""

    place: Place
    what: Message
    fix: Message

    def text(self, language: Language) -> str:
        """Render for a person: place, fault and remedy."""
        return f"{self.place.text(language)}: {self.what.text(language)}\n  → {self.fix.text(language)}"


class DescriptionError(ShinraiError):
    """A description that can't be used. faults: at least one, in file order. more: whether others are left out."""

    def __init__(self, faults: tuple[Fault, ...], *, more: bool = False) -> None:
        if not faults:
            raise ValueError("a DescriptionError needs at least one fault")
        super().__init__(
            message("Many faults in the system description; the first {count}:", count=len(faults))
            if more
            else message("Faults in the system description: {count}", count=len(faults))
        )
        self.faults = faults

    def text(self, language: Language) -> str:
        """Render all faults, under a line that counts them."""
        return "\n".join([self.what.text(language), *(fault.text(language) for fault in self.faults)])
