"""The list of what is watched: the one that comes with Shinrai, or the user's own. See docs/how-to/watch-sources.md."""

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from shinrai.frameworks import Certainty
from shinrai.frameworks.located import (
    Fields,
    Node,
    Text,
    as_bilingual,
    as_choice,
    as_fields,
    as_items,
    as_match,
    as_text,
    as_tuple,
    as_word,
    read_yaml,
)
from shinrai.language import Bilingual, ShinraiError, message, suggest
from shinrai.planwatch.sources.addresses import parse_address
from shinrai.planwatch.sources.quoting import shown

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST = 500
_SHIPPED = "watched.yaml"


class SourceKind(StrEnum):
    """How a source is compared: by the text of a page, by the bytes of a file, by the revisions of a law (e-Gov)."""

    PAGE = "page"
    FILE = "file"
    LAW = "law"


@dataclass(frozen=True, slots=True)
class WatchedSource:
    """One address that is watched.

    concerns: ids of measures and instruments that a change may touch. certainty: how sure address and meaning are;
    None in a list that does not say. sha256: of the bytes that are known; another hash is a change.
    """

    id: str
    title: Bilingual
    address: str
    kind: SourceKind
    concerns: tuple[str, ...] = ()
    certainty: Certainty | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class NotWatched:
    """A source that is known and not watched, and why."""

    id: str
    title: Bilingual
    reason: Bilingual
    certainty: Certainty | None = None


@dataclass(frozen=True, slots=True)
class WatchList:
    """What is watched and, for honesty, what is not. file: what errors call the list."""

    file: str
    sources: tuple[WatchedSource, ...]
    not_watched: tuple[NotWatched, ...] = ()

    def only(self, ids: tuple[str, ...]) -> tuple[WatchedSource, ...]:
        """Return the sources with these ids, or all when none is given. ShinraiError for an id that is not listed."""
        known = {source.id: source for source in self.sources}
        for wanted in ids:
            if wanted not in known:
                raise ShinraiError(
                    message("{file} lists no source “{id}”.", file=self.file, id=shown(wanted)),
                    fix=suggest(wanted, known) or message("Run with --dry-run to see what is listed."),
                )
        return tuple(source for source in self.sources if not ids or source.id in ids)


def read_list(path: Path | None = None) -> WatchList:
    """Read a list of sources: the file at path, or the one that comes with Shinrai.

    ShinraiError with file, line, column and field for anything that is not as documented.
    """
    if path is None:
        return parse_list((files("shinrai.planwatch.sources") / "data" / _SHIPPED).read_bytes(), _SHIPPED)
    try:
        # Read to just above the limit of the reader, which then says what is wrong.
        with path.open("rb") as stream:
            content = stream.read(5_000_000)
    except OSError as error:
        raise ShinraiError(
            message("{path} cannot be read: {reason}.", path=path, reason=error.strerror or type(error).__name__),
            fix=message("Check path and permissions."),
        ) from error
    return parse_list(content, str(path))


def parse_list(content: bytes, file: str) -> WatchList:
    """Read a list from its bytes. file: what errors call it; other errors as `read_list`."""
    root = as_fields(read_yaml(content, file), ("watched", "sources"), ("not_watched",))
    as_word(root.values["watched"], ["1"])
    nodes = as_items(root.values["sources"])
    if len(nodes) > _MOST:
        raise ShinraiError(message("The list has more than {most} sources.", most=_MOST), place=nodes[_MOST].place)
    seen: dict[str, Node] = {}
    sources = tuple(_source(node, seen) for node in nodes)
    return WatchList(file, sources, as_tuple(root.values.get("not_watched"), lambda node: _not_watched(node, seen)))


def _source(node: Node, seen: dict[str, Node]) -> WatchedSource:
    fields = as_fields(node, ("id", "title", "address", "kind"), ("concerns", "certainty", "sha256"))
    given = fields.values
    pin = given.get("sha256")
    return WatchedSource(
        id=_id(given["id"], seen),
        title=_title(given["title"]),
        address=_address(given["address"]),
        kind=as_choice(given["kind"], SourceKind),
        concerns=as_tuple(given.get("concerns"), lambda each: as_match(each, _ID, message("an id"))),
        certainty=_certainty(fields),
        sha256=as_match(pin, _SHA256, message("a SHA-256 in lowercase hexadecimal")) if pin else None,
    )


def _not_watched(node: Node, seen: dict[str, Node]) -> NotWatched:
    fields = as_fields(node, ("id", "title", "reason"), ("certainty",))
    given = fields.values
    return NotWatched(_id(given["id"], seen), _title(given["title"]), _title(given["reason"]), _certainty(fields))


def _certainty(fields: Fields) -> Certainty | None:
    given = fields.values.get("certainty")
    return as_choice(given, Certainty) if given else None


def _id(node: Node, seen: dict[str, Node]) -> str:
    found = as_match(node, _ID, message("an id"))
    if found in seen:
        raise ShinraiError(
            message("The id “{id}” is already used in line {line}.", id=found, line=seen[found].place.line),
            fix=message("Give each source an id of its own."),
            place=node.place,
        )
    seen[found] = node
    return found


def _title(node: Node) -> Bilingual:
    """Return a title in both languages; a list of one's own may give one text for both."""
    if isinstance(node, Text):
        return Bilingual(ja=as_text(node), en=as_text(node))
    return as_bilingual(node)


def _address(node: Node) -> str:
    try:
        return str(parse_address(as_text(node)))
    except ShinraiError as error:
        if error.place is not None:
            raise
        raise ShinraiError(error.what, fix=error.fix, place=node.place) from error
