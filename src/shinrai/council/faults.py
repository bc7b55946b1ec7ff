"""What the verifier's formats refuse, told as an error with its place."""

from collections.abc import Iterator
from contextlib import contextmanager

from shinrai.language import Bilingual, Message, Place, ShinraiError, message
from shinrai_verify.encoding import Fault
from shinrai_verify.messages import say


@contextmanager
def located(place: Place | None, fix: Message | None = None) -> Iterator[None]:
    """Turn a Fault, or a shape nobody foresaw, into a ShinraiError with its place."""
    try:
        yield
    except ShinraiError as error:
        if error.place is not None:
            raise
        raise ShinraiError(error.what, fix=error.fix or fix, place=place) from error
    except Fault as fault:
        raise ShinraiError(message("{fault}.", fault=told(fault)), fix=fix, place=place) from fault
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ShinraiError(
            message("A statement is not of the shape that is expected."), fix=fix, place=place
        ) from error


def told(fault: Fault) -> Bilingual:
    """Return a fault in both languages."""
    return Bilingual(ja=say("ja", fault.text, fault.fields), en=say("en", fault.text, fault.fields))
