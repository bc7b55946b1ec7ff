"""Looking at the sources of a list: what has changed since a person last dealt with it.

A change is a proposal that a person look whether the plan's status has to be recorded; nothing is recorded here, and
the evidence log is not even opened. A proposal is not stored either: it is there as long as the version last seen
differs from the version that was dealt with, so none is lost when a run is broken off, and none outlives its reason.
A source that cannot be seen keeps its last good state, and is reported as what it is, never as unchanged.
"""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from shinrai.language import Message, message
from shinrai.planwatch.sources.addresses import parse_address
from shinrai.planwatch.sources.answers import read_answer
from shinrai.planwatch.sources.decoding import decode, one_spelling
from shinrai.planwatch.sources.difference import Difference, difference
from shinrai.planwatch.sources.egov import Revision, read_revisions
from shinrai.planwatch.sources.fetching import Failure, FailureKind, Fetched, Limits, SourceError, fetch
from shinrai.planwatch.sources.memory import (
    LastFailure,
    Memory,
    Trace,
    Version,
    after_failure,
    failure_json,
    moment_json,
    text_hash,
    version_json,
)
from shinrai.planwatch.sources.quoting import shown
from shinrai.planwatch.sources.visible import tidy, visible_text
from shinrai.planwatch.sources.watched import SourceKind, WatchedSource


class Outcome(StrEnum):
    """What one look at a source gave."""

    FIRST_SEEN = "first_seen"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Proposal:
    """That a person look at a changed source and, if it is an event of the plan, record it.

    old: the version last dealt with; new: the one last seen; noticed: when the change was. difference: of the texts,
    None where there are none to compare. concerns: measures and instruments that it may touch, by the list.
    """

    source: WatchedSource
    old: Version
    new: Version
    noticed: datetime | None
    difference: Difference | None

    def as_json(self) -> dict[str, object]:
        """Return plain data; the texts of the source are as harmless as on the terminal."""
        said = self.difference
        return {
            "source": self.source.id,
            "title": {"ja": self.source.title.ja, "en": self.source.title.en},
            "address": self.source.address,
            "concerns": list(self.source.concerns),
            "certainty": self.source.certainty,
            "noticed": moment_json(self.noticed),
            "old": version_json(self.old),
            "new": version_json(self.new),
            "difference": None
            if said is None
            else {"lines": said.lines, "added": said.added, "removed": said.removed, "left_out": said.left_out},
        }


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look at a source. notes: what else is worth knowing, such as a redirect or another encoding."""

    source: WatchedSource
    outcome: Outcome
    trace: Trace
    failure: Failure | None = None
    notes: tuple[Message, ...] = ()
    proposal: Proposal | None = None

    def as_json(self) -> dict[str, object]:
        """Return plain data."""
        return {
            "source": self.source.id,
            "address": self.source.address,
            "outcome": self.outcome.value,
            "last_seen": moment_json(self.trace.last_seen),
            "last_changed": moment_json(self.trace.last_changed),
            "failing_since": moment_json(self.trace.failing_since),
            "failure": failure_json(self.trace.last_failure) if self.outcome is Outcome.FAILED else None,
            "notes": [{"ja": note.both().ja, "en": note.both().en} for note in self.notes],
        }


@dataclass(frozen=True, slots=True)
class _Look:
    """What was fetched, ready to be compared."""

    version: Version
    text: str | None
    notes: tuple[Message, ...] = field(default=())


def watch(
    sources: Iterable[WatchedSource],
    folder: Path,
    *,
    limits: Limits | None = None,
    pause: float = 1.0,
    environment_proxies: bool = False,
) -> Iterator[Sighting]:
    """Look at each source in turn; what was seen is remembered in the folder before the next one is asked.

    pause: seconds between two requests to one host. ShinraiError only for a memory that cannot be used.
    """
    memory = Memory(folder)
    asked: dict[str, float] = {}
    for source in sources:
        host = parse_address(source.address).authority
        time.sleep(max(0.0, asked.get(host, 0.0) + pause - time.monotonic()) if host in asked else 0.0)
        outcome = fetch(
            source.address,
            limits=limits,
            keep=source.kind is not SourceKind.FILE,
            environment_proxies=environment_proxies,
        )
        asked[host] = time.monotonic()
        yield _sighting(source, memory, outcome)


def open_proposals(sources: Iterable[WatchedSource], folder: Path) -> tuple[Proposal, ...]:
    """Return what earlier looks propose and nobody has dealt with, without asking any source."""
    memory = Memory(folder)
    traces = memory.traces()
    found = (_proposal(source, traces[source.id], memory) for source in sources if source.id in traces)
    return tuple(proposal for proposal in found if proposal is not None)


def settle(source: WatchedSource, folder: Path) -> bool:
    """Take the version last seen as dealt with, which ends the proposal. Return whether there was one."""
    memory = Memory(folder)
    trace = memory.traces().get(source.id)
    if trace is None or _proposal(source, trace, memory) is None:
        return False
    memory.keep(source.id, replace(trace, baseline=trace.latest))
    return True


def _sighting(source: WatchedSource, memory: Memory, outcome: Fetched | Failure) -> Sighting:
    known = memory.traces().get(source.id)
    trace = replace(known, address=source.address) if known else Trace(source.address)
    if isinstance(outcome, Fetched):
        look = _look(source, outcome)
        if isinstance(look, _Look):
            return _seen(source, memory, trace, look)
        outcome, notes = look
    else:
        notes = ()
    failed = LastFailure(outcome.kind, outcome.at, outcome.at, outcome.status, outcome.moved_to)
    trace = after_failure(trace, failed)
    memory.keep(source.id, trace)
    proposal = _proposal(source, trace, memory)
    return Sighting(source, Outcome.FAILED, trace, outcome, notes, proposal)


def _seen(source: WatchedSource, memory: Memory, trace: Trace, look: _Look) -> Sighting:
    version, notes = look.version, look.notes
    before = trace.latest
    pinned = Version(source.sha256) if source.sha256 else None
    baseline = trace.baseline or pinned or version
    if before is None:
        outcome = Outcome.FIRST_SEEN
        if not baseline.is_same(version):
            outcome = Outcome.CHANGED
            notes += (message("It is not the version whose hash the list holds."),)
    else:
        outcome = Outcome.UNCHANGED if before.is_same(version) else Outcome.CHANGED
        # A version is as old as the first look that saw it, however often its nonce has changed since.
        version = replace(version, at=before.at) if outcome is Outcome.UNCHANGED else version
        if outcome is Outcome.UNCHANGED and before.encoding != version.encoding:
            notes += (
                message(
                    "The encoding has changed from {old} to {new}; the text is the same.",
                    old=before.encoding or "–",
                    new=version.encoding or "–",
                ),
            )
    if trace.failing_since is not None:
        notes += (message("It could not be seen since {since}.", since=f"{trace.failing_since:%Y-%m-%d}"),)
    trace = replace(
        trace,
        baseline=baseline,
        latest=version,
        last_seen=look.version.at,
        last_changed=version.at if outcome is Outcome.CHANGED else trace.last_changed,
    )
    memory.keep(source.id, trace, look.text)
    return Sighting(source, outcome, trace, None, notes, _proposal(source, trace, memory))


def _proposal(source: WatchedSource, trace: Trace, memory: Memory) -> Proposal | None:
    old, new = trace.baseline, trace.latest
    # A hash in the list is a version that has been dealt with, too; a newer list may bring a newer one.
    if old is None or new is None or old.is_same(new) or source.sha256 == new.sha256:
        return None
    before, after = memory.text(old), memory.text(new)
    said = None if before is None or after is None else difference(before, after)
    return Proposal(source, old, new, trace.last_changed, said)


def _look(source: WatchedSource, got: Fetched) -> _Look | tuple[Failure, tuple[Message, ...]]:
    """Return what is compared, or the failure that there is nothing to compare, with what else is known of it."""
    notes: tuple[Message, ...] = ()
    if got.redirects:
        notes += (message("It was answered from {address}, after a redirect.", address=shown(got.final_address)),)
    version = Version(got.sha256, size=got.size, at=got.fetched_at)
    failure = Failure(FailureKind.UNDECODABLE, got.address, got.fetched_at, got.status, attempts=got.attempts)
    if source.kind is SourceKind.LAW:
        try:
            revisions = read_revisions(read_answer(got.content or b"", got.address))
        except SourceError as error:
            where = error.place.field if error.place and error.place.field else "–"
            why = message("{field}: {reason}", field=where, reason=error.what)
            return replace(failure, kind=FailureKind.MALFORMED), (*notes, why)
        return _with_text(version, _revision_lines(revisions), "utf-8", notes)
    if source.kind is SourceKind.FILE or not _is_text(got.media_type):
        return _Look(version, None, notes)
    decoded = decode(got.content or b"", got.charset)
    if decoded is None:
        return failure, notes
    return _with_text(version, _page_lines(decoded.text, got.media_type), decoded.encoding, notes)


def _with_text(version: Version, text: str, encoding: str, notes: tuple[Message, ...]) -> _Look:
    if not text:
        # A page that draws itself by script; its bytes are all there is to compare.
        return _Look(version, None, (*notes, message("The page holds no text; its bytes are compared.")))
    name = text_hash(text.encode("utf-8", "surrogatepass"))
    return _Look(replace(version, text_sha256=name, encoding=encoding), text, notes)


def _is_text(media_type: str) -> bool:
    return media_type == "" or media_type.startswith("text/") or media_type.endswith(("json", "xml"))


def _page_lines(text: str, media_type: str) -> str:
    if media_type.endswith("json"):
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
        except (ValueError, RecursionError):
            # Compared as it is written.
            return one_spelling(tidy(text))
        return one_spelling(tidy(text))
    return one_spelling(visible_text(text) if "<" in text else tidy(text))


def _revision_lines(revisions: tuple[Revision, ...]) -> str:
    """Write one line for each revision, with what a change of the law would change."""
    return "\n".join(
        " | ".join(
            str(part) if part is not None else "–"
            for part in (
                revision.revision_id,
                revision.status.value,
                revision.title,
                revision.promulgated,
                revision.enforced,
                revision.enforcement_note,
                revision.amending_law,
                revision.amending_number,
            )
        )
        for revision in revisions
    )
