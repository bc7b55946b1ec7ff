"""Laws and their revisions from e-Gov, by its law API version 2 (https://laws.e-gov.go.jp/api/2), without a key.

Only the Japanese text is authoritative. Reuse needs the source: e-Gov 法令検索, Public Data License 1.0.
"""

import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from shinrai.language import ShinraiError, message
from shinrai.planwatch.sources.addresses import with_query
from shinrai.planwatch.sources.answers import Value, maybe, read_answer
from shinrai.planwatch.sources.fetching import Failure, FailureKind, Fetched, Limits, SourceError, fetch, source_error
from shinrai.planwatch.sources.quoting import shown

BASE = "https://laws.e-gov.go.jp/api/2"
PER_SECOND = 5.0
"""The service states no limit; this is what its careful users keep to."""

# Revisions of a law's text can be tens of megabytes; the lists are far smaller.
LIMITS = Limits(size=60_000_000, seconds=120.0)
_ID = re.compile(r"[0-9A-Za-z]{1,32}(_[0-9]{8}_[0-9A-Za-z]{1,32})?")
_NO_HIT = "404001"
_MOST = 1_000


class RevisionStatus(StrEnum):
    """Where a revision stands on the day of asking."""

    CURRENT = "CurrentEnforced"
    NOT_YET = "UnEnforced"
    PREVIOUS = "PreviousEnforced"
    REPEALED = "Repeal"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a law.

    revision_id: `<law id>_<day of enforcement>_<id of the amending law>`, zeros for the first. promulgated: of the
    amending law. enforced: first day in force; where enforcement_note says that an order sets the day, only the latest
    day it can be. updated: when e-Gov last changed its data.
    """

    law_id: str
    revision_id: str
    title: str
    status: RevisionStatus
    promulgated: date | None
    enforced: date | None
    enforcement_note: str | None
    amending_law: str | None
    amending_number: str | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Law:
    """A law as the list of laws shows it. revision: the one in force on the day asked for; number: 法令番号."""

    law_id: str
    number: str
    promulgated: date | None
    revision: Revision


@dataclass(frozen=True, slots=True)
class LawPage:
    """Some of the laws that were found. total: how many there are; next_offset: where the next page begins."""

    total: int
    laws: tuple[Law, ...]
    next_offset: int | None


@dataclass(frozen=True, slots=True)
class LawText:
    """A revision with a hash of its text: lowercase hexadecimal SHA-256 of the canonical JSON of the full text."""

    revision: Revision
    text_sha256: str


class Pace:
    """Lets through at most so many requests a second, from all threads together."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1.0 / per_second
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        time.sleep(turn - now)


_PACE = Pace(PER_SECOND)


class EGov:
    """The law API. base: another address with the same answers, for an intranet's mirror."""

    def __init__(self, base: str = BASE, *, limits: Limits = LIMITS, environment_proxies: bool = False) -> None:
        self._base = base.rstrip("/")
        self._limits = limits
        self._environment_proxies = environment_proxies

    def laws(
        self,
        *,
        title: str | None = None,
        law_id: str | None = None,
        as_of: date | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> LawPage:
        """Search for laws. title, law_id: parts of them; as_of: the day whose revision is shown, today if left out.

        No hit is an empty page. SourceError when the service fails or answers otherwise than documented.
        """
        given = {"law_title": title, "law_id": law_id, "asof": as_of.isoformat() if as_of else None}
        parameters = {name: value for name, value in given.items() if value is not None}
        parameters |= {"limit": str(min(max(limit, 1), _MOST)), "offset": str(max(offset, 0))}
        answer = self._ask(with_query(f"{self._base}/laws", parameters | {"response_format": "json"}))
        if answer is None:
            return LawPage(0, (), None)
        return LawPage(
            total=answer.field("total_count").count(),
            laws=tuple(_law(law) for law in answer.field("laws").items()),
            next_offset=maybe(answer.optional("next_offset"), Value.count),
        )

    def revisions(self, law_id: str) -> tuple[Revision, ...] | None:
        """Return a law's revisions, the newest first as the service lists them, or None when there is no such law."""
        answer = self._ask(self.revisions_address(law_id))
        return None if answer is None else read_revisions(answer)

    def revisions_address(self, law_id: str) -> str:
        """Return the address of a law's revisions."""
        return with_query(f"{self._base}/law_revisions/{_checked(law_id)}", {"response_format": "json"})

    def law(self, law_or_revision_id: str) -> LawText | None:
        """Return a law's revision in force, or the revision named, with a hash of its text; None when there is none."""
        parameters = {"response_format": "json", "omit_amendment_suppl_provision": "true"}
        answer = self._ask(with_query(f"{self._base}/law_data/{_checked(law_or_revision_id)}", parameters))
        if answer is None:
            return None
        text = answer.field("law_full_text")
        text.field("tag").word()
        try:
            canonical = _canonical(text.data)
        except RecursionError:
            raise text.refusal(message("The text is nested too deep.")) from None
        law_id = answer.field("law_info").field("law_id").word()
        revision = _revision(answer.field("revision_info"), law_id)
        return LawText(revision, hashlib.sha256(canonical).hexdigest())

    def _ask(self, address: str) -> Value | None:
        _PACE.wait()
        outcome = fetch(
            address, limits=self._limits, accept="application/json", environment_proxies=self._environment_proxies
        )
        if isinstance(outcome, Fetched):
            return read_answer(outcome.content or b"", address)
        if is_no_hit(outcome):
            return None
        raise source_error(outcome)


def _checked(given: str) -> str:
    if not _ID.fullmatch(given):
        raise ShinraiError(
            message("“{id}” is not the id of a law or of one of its revisions.", id=shown(given)),
            fix=message("Ids look like 507AC0000000053; search for the law by its title."),
        )
    return given


def _canonical(text: object) -> bytes:
    written = json.dumps(text, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_number)
    return written.encode("utf-8", "surrogatepass")


def _number(number: object) -> str:
    # The text of a law is texts all the way down; a number would still be hashed as it is written.
    if isinstance(number, Decimal):
        return str(number)
    raise TypeError(type(number).__name__)


def is_no_hit(failure: Failure) -> bool:
    """Whether a failure is the service's way to say that it has no such law: 404 with the code 404001."""
    if failure.kind is not FailureKind.NOT_FOUND:
        return False
    try:
        code = read_answer(failure.body, failure.address).field("code")
        return str(code.data) == _NO_HIT
    except SourceError:
        # A 404 of something else, such as a wrong address.
        return False


def read_revisions(answer: Value) -> tuple[Revision, ...]:
    """Read the answer of /law_revisions. SourceError with the path of what is not as documented."""
    law_id = answer.field("law_info").field("law_id").word()
    return tuple(_revision(revision, law_id) for revision in answer.field("revisions").items())


def _law(law: Value) -> Law:
    info = law.field("law_info")
    law_id = info.field("law_id").word()
    return Law(
        law_id=law_id,
        number=info.field("law_num").word(),
        promulgated=maybe(info.optional("promulgation_date"), Value.day),
        revision=_revision(law.field("revision_info"), law_id),
    )


def _revision(info: Value, law_id: str) -> Revision:
    revision = Revision(
        law_id=law_id,
        revision_id=info.field("law_revision_id").word(),
        title=info.field("law_title").word(),
        status=info.field("current_revision_status").choice(RevisionStatus),
        promulgated=maybe(info.optional("amendment_promulgate_date"), Value.day),
        enforced=maybe(info.optional("amendment_enforcement_date"), Value.day),
        enforcement_note=maybe(info.optional("amendment_enforcement_comment"), Value.text) or None,
        amending_law=maybe(info.optional("amendment_law_title"), Value.text) or None,
        amending_number=maybe(info.optional("amendment_law_num"), Value.text) or None,
        updated=maybe(info.optional("updated"), Value.moment),
    )
    if not revision.revision_id.startswith(law_id):
        raise info.field("law_revision_id").refusal(
            message("The revision does not belong to law {id}.", id=shown(law_id))
        )
    return replace(revision, title=revision.title.strip())
