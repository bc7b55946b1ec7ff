"""Files that are written whole or not at all."""

import os
from pathlib import Path
from tempfile import mkstemp

from shinrai.language import ShinraiError, message


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone, as answers may hold personal data."""
    try:
        descriptor, temporary = mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError as error:
        raise ShinraiError(
            message("{file} cannot be written: {reason}.", file=str(path), reason=error.strerror or "I/O error")
        ) from None
