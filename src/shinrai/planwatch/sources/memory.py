"""What a watch remembers between runs: one small file, and the texts it compares with.

`state.json` holds, for each source, the version a person has last dealt with (the baseline), the version last seen,
and the last failure. It is replaced whole after each source, so that a run can be broken off anywhere and gone on with.
The texts stand beside it under their own hash, and a text that no longer fits its hash is not used.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import mkstemp

from shinrai.language import Place, ShinraiError, message
from shinrai.planwatch.sources.answers import Value, maybe, read_answer
from shinrai.planwatch.sources.fetching import FailureKind

_STATE = "state.json"
_TEXTS = "texts"
_FORMAT = 1
_LONGEST_STATE = 20_000_000
_LONGEST_TEXT = 2_000_000
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Version:
    """A source as it was at one time.

    sha256: of the bytes; text_sha256: of the text that is compared, None where the bytes are. encoding: of the text,
    by Python's name. size: in bytes; at: when it was first
    seen. Both are None for a version known by its hash alone.
    """

    sha256: str
    text_sha256: str | None = None
    size: int | None = None
    encoding: str | None = None
    at: datetime | None = None

    def is_same(self, other: "Version") -> bool:
        """Whether nothing that counts has changed: the text where both have one, else the bytes."""
        if self.text_sha256 is not None and other.text_sha256 is not None:
            return self.text_sha256 == other.text_sha256
        return self.sha256 == other.sha256


@dataclass(frozen=True, slots=True)
class LastFailure:
    """The last time that a source could not be seen. since: when the unbroken run of failures began."""

    kind: FailureKind
    at: datetime
    since: datetime
    status: int | None = None
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of one source.

    baseline: the version a person has dealt with, or the first one seen; latest: the last one seen. last_changed: when
    a change was last noticed. All None for a source that has never been seen.
    """

    address: str
    baseline: Version | None = None
    latest: Version | None = None
    last_seen: datetime | None = None
    last_changed: datetime | None = None
    last_failure: LastFailure | None = None

    @property
    def failing_since(self) -> datetime | None:
        """Since when the source cannot be seen, None if it could be seen the last time."""
        failure = self.last_failure
        if failure is None or (self.last_seen is not None and self.last_seen > failure.at):
            return None
        return failure.since


class Memory:
    """The memory in one folder, which is made on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def traces(self) -> dict[str, Trace]:
        """Return what is known, by source id. ShinraiError naming file and field if the file is damaged."""
        path = self.folder / _STATE
        try:
            with path.open("rb") as stream:
                content = stream.read(_LONGEST_STATE)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            root = read_answer(content, str(path))
            if root.field("watch").count() != _FORMAT:
                raise root.field("watch").refusal(message("This is not a state of this version of Shinrai."))
            sources = root.field("sources")
            return {name: _trace(sources.field(name)) for name in _names(sources)}
        except ShinraiError as error:
            raise ShinraiError(
                message("The memory of the watch is damaged: {reason}", reason=error.what),
                fix=message(
                    "Restore the file from a backup, or delete it: all sources then count as seen for the first time."
                ),
                place=Place(str(path), field=error.place.field if error.place else None),
            ) from error

    def keep(self, source: str, trace: Trace, text: str | None = None) -> None:
        """Remember one source's trace and, if given, the text of its latest version; others stay as they are."""
        latest = trace.latest
        if text is not None and latest is not None and latest.text_sha256 is not None and len(text) <= _LONGEST_TEXT:
            self._write(self._text(latest.text_sha256), text.encode("utf-8", "surrogatepass"))
        traces = self.traces() | {source: trace}
        written = {name: _as_json(each) for name, each in sorted(traces.items())}
        content = json.dumps({"watch": _FORMAT, "sources": written}, ensure_ascii=False, indent=1)
        self._write(self.folder / _STATE, content.encode("utf-8", "surrogatepass"))
        self._forget_texts(traces)

    def text(self, version: Version | None) -> str | None:
        """Return the text of a version, None if it has none or it is not kept whole."""
        if version is None or version.text_sha256 is None:
            return None
        try:
            content = self._text(version.text_sha256).read_bytes()
        except OSError:
            # Too long to be kept, or lost: the change is known, only not its wording.
            return None
        return content.decode("utf-8", "surrogatepass") if text_hash(content) == version.text_sha256 else None

    def _text(self, name: str) -> Path:
        return self.folder / _TEXTS / f"{name}.txt"

    def _write(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = mkstemp(dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise _unreadable(path, error) from error

    def _forget_texts(self, traces: Mapping[str, Trace]) -> None:
        """Delete the texts that no version needs any more."""
        versions = [version for trace in traces.values() for version in (trace.baseline, trace.latest) if version]
        needed = {version.text_sha256 for version in versions}
        for path in (self.folder / _TEXTS).glob("*.txt"):
            if _HASH.fullmatch(path.stem) and path.stem not in needed:
                # Another run may have been faster.
                with suppress(FileNotFoundError):
                    path.unlink()


def text_hash(content: bytes) -> str:
    """Return the hash under which a text is kept, lowercase hexadecimal SHA-256."""
    return sha256(content).hexdigest()


def _unreadable(path: Path, error: OSError) -> ShinraiError:
    return ShinraiError(
        message("The memory of the watch cannot be read or written: {reason}.", reason=error.strerror or str(error)),
        fix=message("Check the folder's permissions and the space on its disk."),
        place=Place(str(path)),
    )


def _names(sources: Value) -> list[str]:
    if not isinstance(sources.data, dict):
        raise sources.refusal(message("Expected {wanted}.", wanted=message("a block of fields")))
    return list(sources.data)


def _trace(value: Value) -> Trace:
    return Trace(
        address=value.field("address").word(),
        baseline=maybe(value.optional("baseline"), _version),
        latest=maybe(value.optional("latest"), _version),
        last_seen=maybe(value.optional("last_seen"), Value.moment),
        last_changed=maybe(value.optional("last_changed"), Value.moment),
        last_failure=maybe(value.optional("last_failure"), _failure),
    )


def _version(value: Value) -> Version:
    return Version(
        sha256=_hash(value.field("sha256")),
        text_sha256=maybe(value.optional("text_sha256"), _hash),
        size=maybe(value.optional("size"), Value.count),
        encoding=maybe(value.optional("encoding"), Value.word),
        at=maybe(value.optional("at"), Value.moment),
    )


def _hash(value: Value) -> str:
    text = value.text()
    if not _HASH.fullmatch(text):
        raise value.refusal(message("This is not a SHA-256 in lowercase hexadecimal."))
    return text


def _failure(value: Value) -> LastFailure:
    return LastFailure(
        kind=value.field("kind").choice(FailureKind),
        at=value.field("at").moment(),
        since=value.field("since").moment(),
        status=maybe(value.optional("status"), Value.count),
        moved_to=maybe(value.optional("moved_to"), Value.text),
    )


def _as_json(trace: Trace) -> dict[str, object]:
    return {
        "address": trace.address,
        "baseline": version_json(trace.baseline),
        "latest": version_json(trace.latest),
        "last_seen": moment_json(trace.last_seen),
        "last_changed": moment_json(trace.last_changed),
        "last_failure": failure_json(trace.last_failure),
    }


def moment_json(moment: datetime | None) -> str | None:
    """Write a moment as RFC 3339."""
    return None if moment is None else moment.isoformat()


def version_json(version: Version | None) -> dict[str, object] | None:
    """Write a version as plain data."""
    if version is None:
        return None
    return {
        "sha256": version.sha256,
        "text_sha256": version.text_sha256,
        "size": version.size,
        "encoding": version.encoding,
        "at": moment_json(version.at),
    }


def failure_json(failure: LastFailure | None) -> dict[str, object] | None:
    """Write a failure as plain data."""
    if failure is None:
        return None
    return {
        "kind": failure.kind.value,
        "at": moment_json(failure.at),
        "since": moment_json(failure.since),
        "status": failure.status,
        "moved_to": failure.moved_to,
    }


def after_failure(trace: Trace, failure: LastFailure) -> Trace:
    """Return a trace with one more failure; what was seen before stays."""
    since = trace.failing_since
    return replace(trace, last_failure=replace(failure, since=since or failure.at))
