"""Tiles of a log (C2SP tlog-tiles): what they are named, and the entries in one."""

from shinrai_verify.encoding import Fault


def tile_names(size: int, kind: str = "0") -> list[tuple[str, int]]:
    """Return names and widths of the tiles of a log of this size (C2SP tlog-tiles, 256 each); kind: 0 or entries."""
    names = []
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        parts = [f"{number % 1000:03}"]
        while number := number // 1000:
            parts.insert(0, f"x{number % 1000:03}")
        names.append((f"log/tile/{kind}/" + "/".join(parts) + (f".p/{width}" if width < 256 else ""), width))
    return names


def tile_entries(tile: bytes, name: str, width: int) -> list[bytes]:
    """Return the entries in a tile: each after its length in two bytes, so many and nothing else."""
    found, at = [], 0
    for _ in range(width):
        size = int.from_bytes(tile[at : at + 2], "big")
        found.append(tile[at + 2 : at + 2 + size])
        at += 2 + size
    if at != len(tile):
        raise Fault("{name} does not hold {n} entries", name=name, n=width)
    return found
