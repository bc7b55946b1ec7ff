"""Both implementations of the table checks, run on one table and compared; and councils to vote in."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from shinrai.council.case import Opinion
from shinrai.council.case_file import CouncilCase, read_case
from shinrai.council.coordinator import Coordinator, Documents, log_document, open_round
from shinrai.council.default_rosters import default_roster
from shinrai.council.journal import VoteJournal
from shinrai.council.member import Member, Proof, Vote
from shinrai.council.members import SeatPlan, enrol, roster_statement
from shinrai.council.rounds import Question, RoundPlan, ballot_of, rationale_of, rubric_statement
from shinrai.council.seats import statistics
from shinrai.council.seats.recompute import CheckParameters, TableSettings, recompute
from shinrai.council.seats.recompute_seat import limit_rules
from shinrai.evaluate.checks import CHECKS, CheckSettings, error_measurements, planned
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import TableTarget, open_table
from shinrai.evidence import Home, Store
from shinrai.evidence.bundle import manifest
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import Item, Subject, evidence_statement, sign
from shinrai.evidence.store import Addition
from shinrai.evidence.trust import ensure_trust, policy_file
from shinrai.language import Bilingual, message
from shinrai.systems.tier import Tier
from shinrai_verify.dsse import Envelope
from shinrai_verify.encoding import canonical_json
from shinrai_verify.trust import Policy
from shinrai_verify.verify import EVIDENCE

Settings = Mapping[str, CheckSettings]


def measured(target: TableTarget, settings_: Settings) -> list[Measurement]:
    """What the checks record, as an assessment would."""
    names = planned(target)
    try:
        with open_table(target) as table:
            found: list[Measurement] = []
            for name in names:
                try:
                    found += CHECKS[name].measure(table, settings_.get(name, CheckSettings()))
                except TableError as error:
                    found += error_measurements(target, name, error)
            return found
    except TableError as error:
        return [one for name in names for one in error_measurements(target, name, error)]


def seat_settings(target: TableTarget) -> TableSettings:
    return TableSettings(
        id=target.id,
        label=target.label,
        prediction=target.prediction,
        score=target.score,
        threshold=target.threshold,
        favourable=target.favourable,
        groups=target.groups,
        intersections=target.intersections,
        strata=target.strata,
        cluster=target.cluster,
        weight=target.weight,
    )


def compared(target: TableTarget, settings_: Settings | None = None) -> dict[str, Measurement]:
    """Run both; fails with every disagreement in words. Returns the measurements by `check.subject.metric`."""
    chosen = settings_ or {}
    records = measured(target, chosen)
    assert records
    assert len({one.id for one in records}) == len(records)
    parameters = {
        name: CheckParameters(
            limit_rules(each.limits),
            frozenset(each.decide_on) if name == "group_fairness" else None,
            each.min_group,
        )
        for name, each in chosen.items()
    }
    again = recompute(target.file, seat_settings(target), records, parameters, peers=False)
    differences = [
        f"{one.id}: {again[one.id].difference}  [{one.outcome}; {one.reason.en if one.reason else ''}]"
        for one in records
        if not again[one.id].agrees
    ]
    assert not differences, "\n".join(differences)
    assert [one.outcome for one in records] == [again[one.id].outcome for one in records]
    for one in records:
        statistics_agree(one)
    return {one.id.removeprefix(f"{target.id}."): one for one in records}


def statistics_agree(one: Measurement) -> None:
    """The statistics seat, which sees no rows, derives the same interval from what the measurement carries."""
    if one.outcome not in (Outcome.PASS, Outcome.FAIL):
        return
    bounds = statistics._interval(one, 1)
    assert bounds is not None, one.id
    assert bounds == pytest.approx((one.low, one.high), rel=1e-9, abs=1e-9), one.id


def write(folder: Path, columns: Mapping[str, Any], name: str = "t.parquet") -> Path:
    file = folder / name
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    if name.endswith(".csv"):
        pacsv.write_csv(table, file)
    else:
        pq.write_table(table, file)
    return file


@pytest.fixture(name="compared", scope="session")
def _compared() -> Callable[..., dict[str, Measurement]]:
    return compared


@pytest.fixture(name="write", scope="session")
def _write() -> Callable[..., Path]:
    return write


# ---- a council of its own: a log, members with keys and journals, and a small case ----

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
TEXTS = {"minutes.txt": b"The committee met twice.\n", "test.txt": b"All 40 cases were answered.\n"}


class Chamber:
    """A council on one machine: everything real, keys in a folder, the log in SQLite, cases as files."""

    def __init__(self, home: Home, folder: Path, plans: Sequence[SeatPlan], **setting: Any) -> None:
        self.home, self.folder, self.plans = home, folder, plans
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(home)
        self.trust = ensure_trust(home, self.store, {}, NOW)
        self.policy = Policy.from_bytes(policy_file(self.trust, self.store))
        self.signers = {plan.id: load_signer(home.keys, f"member-{plan.id}") for plan in plans}
        self.controls = tuple(setting.get("controls", ("X-1.a", "X-1.b")))
        self.tier: Tier | None = setting.get("tier")
        self.required: Mapping[str, int] = setting.get("required", {})
        self.sealed: bool = setting.get("sealed", False)
        self.contents: dict[str, bytes] = {}
        items = []
        for name, data in setting.get("texts", TEXTS).items():
            sha256 = hashlib.sha256(data).hexdigest()
            self.contents[sha256] = data
            items.append(Item(name, sha256, len(data), "text/plain", "document"))
        self.subject = Subject("desk", "1", "1" * 64)
        self.manifest = manifest(self.subject, items)
        self.bundle_id = hashlib.sha256(self.manifest).hexdigest()
        statement = evidence_statement(
            self.subject, "evaluation", self.controls, items, valid_until=date(2099, 1, 1), plan=None
        )
        self.store.append(Addition([sign(statement, load_signer(home.keys, "producer"))]))
        self.evidence = self.store.of_type(EVIDENCE)
        entries = [enrol(plan, self.signers[plan.id]) for plan in plans]
        roster = roster_statement(entries, self.trust[0].envelope.payload_sha256, required=self.required)
        questions = [
            Question(control, Bilingual(ja=f"{control}は満たされているか", en=f"Is {control} met?"))
            for control in self.controls
        ]
        rubric = rubric_statement(self.trust[0].envelope.payload_sha256, questions, self.tier, setting.get("required"))
        self.documents = Documents(
            self.trust, log_document(home, self.store, roster), log_document(home, self.store, rubric)
        )
        self.coordinator = self.open()

    def open(self, **more: Any) -> Coordinator:
        """Open a round; a further one on the same contents is the next attempt."""
        plan = RoundPlan(self.bundle_id, self.controls, "a test", sealed=self.sealed, **more)
        opened = open_round(self.home, self.store, self.documents, plan, NOW)
        return Coordinator(self.home, self.store, opened.id)

    def open_unchecked(self) -> Coordinator:
        """What a coordinator of bad intent works with: it checks nothing of its own documents."""
        plan = RoundPlan(self.bundle_id, self.controls, "a test", sealed=self.sealed)
        opened = open_round(self.home, self.store, self.documents, plan, NOW)
        made = object.__new__(Coordinator)
        made._home, made._store, made.opened = self.home, self.store, opened
        return made

    def listed_as(self, name: str, media_type: str, kind: str) -> None:
        """List a content as of another kind, and open a round on the contents that it now is one of."""
        record = json.loads(self.manifest)
        for entry in record["entries"]:
            if entry["name"] == name:
                entry["mediaType"] = media_type
                entry["annotations"]["kind"] = kind
        self.manifest = canonical_json(record)
        self.bundle_id = hashlib.sha256(self.manifest).hexdigest()
        self.coordinator = self.open()

    def case(self, coordinator: Coordinator | None = None, name: str = "case.zip") -> CouncilCase:
        """The case as a member reads it from a file."""
        path = self.folder / name
        (coordinator or self.coordinator).write_case(path, self.manifest, self.contents, self.evidence)
        return read_case(path, self.policy)

    def member(self, name: str) -> Member:
        return Member(name, self.signers[name], VoteJournal(self.folder / "journals", self.home.keys, name))

    def votes(self, name: str, value: str | Mapping[str, str], case: CouncilCase) -> list[Vote]:
        """Let a member sign one value for all controls, or one for each."""
        values = {c: value if isinstance(value, str) else value[c] for c in self.controls}
        opinions = {c: Opinion(v, message("“{text}”", text=f"{name}: {v}"), ()) for c, v in values.items()}
        return self.member(name).vote(case, opinions)

    def cast(self, name: str, value: str | Mapping[str, str], case: CouncilCase) -> list[Proof]:
        return self.coordinator.accept(papers(self.votes(name, value, case)))

    def forged(self, name: str, value: str, controls: Sequence[str] | None = None) -> list[Envelope]:
        """What a lying member can sign with its key: anything, whatever its journal says."""
        found = []
        for control in controls or self.controls:
            opened = self.coordinator.opened
            reason = rationale_of(opened, name, control, value, Bilingual(ja="嘘", en="a lie"), ())
            found += [sign(one, self.signers[name]) for one in (ballot_of(opened, control, value), reason)]
        return found

    def tallies(self) -> Mapping[str, Any]:
        return self.coordinator.close().count.tallies


def papers(votes: Sequence[Vote]) -> list[Envelope]:
    """The envelopes of votes, as they are sent."""
    return [envelope for vote in votes for envelope in (vote.ballot, vote.rationale)]


@pytest.fixture
def chamber(home: Home, tmp_path: Path) -> Iterator[Callable[..., Chamber]]:
    """Set up a council of 4, 7 or 33 default seats, or of given ones."""
    made: list[Chamber] = []

    def make(seats: int | Sequence[SeatPlan] = 4, **setting: Any) -> Chamber:
        plans = default_roster(seats) if isinstance(seats, int) else seats
        made.append(Chamber(home, tmp_path / f"chamber{len(made)}", plans, **setting))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


@pytest.fixture(name="papers", scope="session")
def _papers() -> Callable[[Sequence[Vote]], list[Envelope]]:
    return papers
