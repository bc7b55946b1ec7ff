"""Secrets by reference: `env:NAME` or `file:PATH`, read when a run starts and kept from every text we write."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shinrai.language import ShinraiError, message

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Secret:
    """A resolved reference. Its value appears in no repr; `reference` may be shown."""

    reference: str
    value: str = field(repr=False)


def is_reference(text: str) -> bool:
    """Whether the text names a secret instead of being one."""
    return text.startswith(("env:", "file:"))


def resolve(reference: str, environment: Mapping[str, str] | None = None) -> Secret:
    """Read the secret a reference names.

    Outer white space is removed, as files end in a newline. ShinraiError, which never quotes the secret or a text that
    may be one: the text is no reference, nothing is there, or the value cannot stand in an HTTP header.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and _NAME.fullmatch(name):
        found = (os.environ if environment is None else environment).get(name)
        missing = message("The environment variable {name} is not set.", name=name)
    elif kind == "file" and name:
        found = _read(Path(name).expanduser())
        missing = message("The file {name} with the secret cannot be read.", name=name)
    else:
        raise ShinraiError(
            message("A key is given that is no reference."),
            fix=message("Write `env:NAME` or `file:PATH`; a key itself is never written into a description."),
        )
    if found is None:
        raise ShinraiError(missing, fix=message("Set it before the run starts, or name another place."))
    value = found.strip()
    if not value or not value.isascii() or not value.isprintable():
        raise ShinraiError(
            message("The secret at {place} is empty or holds characters that no HTTP header can.", place=reference),
            fix=message("Write the key alone into it, without line breaks."),
        )
    return Secret(reference, value)


def _read(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
        return content.decode("utf-8") if len(content) <= _LARGEST else ""
    except UnicodeDecodeError:
        return ""
    except OSError:
        return None
