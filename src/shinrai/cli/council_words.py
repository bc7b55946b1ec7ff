"""What the commands of `shinrai council` have in common: the files they take."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.language import Language, Message, Place, ShinraiError, message

if TYPE_CHECKING:
    from shinrai_verify.trust import Policy

TRUST_FILE = message("The file that says whom to trust, trust.json; from another way than the case.")
CASE_FILE = message("Case of the round, case.zip.")
MAX_POLICY = 1024 * 1024


def file_argument(name: str) -> click.Argument:
    """Return a file that the command reads."""
    return click.Argument([name], type=click.Path(path_type=Path, dir_okay=False))


def file_option(name: str, language: Language, help: Message, **given: Any) -> click.Option:  # noqa: A002
    """Return a file given by name."""
    return click.Option([name], type=click.Path(path_type=Path, dir_okay=False), help=help.text(language), **given)


def policy_of(path: Path) -> "Policy":
    """Read whom to trust."""
    from shinrai.council.faults import located
    from shinrai_verify.trust import Policy

    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_POLICY + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    with located(Place(str(path))):
        return Policy.from_bytes(data)
