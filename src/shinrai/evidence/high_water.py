"""The high-water mark: the last head of the log that was signed, kept beside the key and outside the database.

It is what a restored backup of the database cannot undo. It is on the disk before the signature leaves the publisher,
so that after a crash it is too new rather than too old.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shinrai.language import Place, ShinraiError, message
from shinrai_verify.encoding import SHA256_HEX
from shinrai_verify.note import Checkpoint

_MOST_BYTES = 4096


class HighWaterMark:
    """The mark of one log key. Use it within `held`, which keeps other publishers on this machine out."""

    def __init__(self, path: Path, origin: str) -> None:
        self.path = path
        self._origin = origin

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the mark for this process until the block ends; others wait."""
        with self.path.with_suffix(".lock").open("ab") as file:
            if sys.platform != "win32":
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def read(self) -> Checkpoint | None:
        """Return the last head signed, None where none was; ShinraiError when the file is damaged."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except FileNotFoundError:
            return None
        try:
            record = json.loads(data)
            size, head = record["size"], record["root"]
        except (ValueError, KeyError, TypeError):
            size = head = None
        if not isinstance(size, int) or size < 0 or not isinstance(head, str) or not SHA256_HEX.fullmatch(head):
            raise ShinraiError(
                message("The record of what was signed last cannot be read."),
                fix=message("Restore it from the newest backup of the key folder."),
                place=Place(str(self.path)),
            )
        return Checkpoint(self._origin, size, bytes.fromhex(head))

    def write(self, head: Checkpoint) -> None:
        """Put a head in place of the last one; on the disk when this returns, whole or not at all."""
        fresh = self.path.with_suffix(".new")
        with fresh.open("w") as stream:
            json.dump({"size": head.size, "root": head.root.hex()}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.path)
        if sys.platform != "win32":
            # The name, too, must survive the machine.
            descriptor = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
