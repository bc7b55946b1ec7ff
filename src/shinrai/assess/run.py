"""One assessment from description to bundle: plan, measure, prove, judge, results.

Everything is logged step by step under the name of a run, which is a digest of all that goes in. Killed and started
again, it goes on at the first step that is not in the log.
"""

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from shinrai import __version__
from shinrai.assess.assessment import Assessment
from shinrai.assess.attesting import (
    Signed,
    document_item,
    scope_approval,
    scope_item,
    signed_attestations,
)
from shinrai.assess.conversations import check_references, identities, judges
from shinrai.assess.importing import ImportCheck
from shinrai.assess.instructions import instructions
from shinrai.assess.measuring import (
    Measuring,
    measure_all,
    personal_data_suspected,
    replies_of,
    rows_items,
    sample_items,
)
from shinrai.assess.plan import Plan, make_plan, shown_by
from shinrai.assess.progress import Progress, silent
from shinrai.assess.results import at
from shinrai.assess.targets import check_settings, check_targets, table_settings, tables, target_files
from shinrai.assess.view import View, build, document_bytes
from shinrai.council import (
    AskedJudge,
    AskedSuite,
    Case,
    Claim,
    ImportedFile,
    Piece,
    Setting,
    TargetRows,
    ensure_roster,
    ensure_rubric,
    hold_round,
)
from shinrai.council.seats.recompute import CheckParameters, TableSettings
from shinrai.council.seats.recompute_seat import limit_rules
from shinrai.evidence.bundle import BundleParts, Content, manifest, write_bundle
from shinrai.evidence.home import Home, Salted
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import Item, parse_timestamp, sign
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.evidence.trust import ensure_trust, policy_file, utc_now
from shinrai.evidence.withholding import WITHHELD, withheld_digests
from shinrai.language import ShinraiError, message
from shinrai.systems import read_description
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import canonical_json
from shinrai_verify.note import Checkpoint, open_note
from shinrai_verify.trust import TRUST
from shinrai_verify.verify import ABANDONMENT, ASSESSMENT, PLAN, REVOCATION

YAML = "application/yaml"
SHOWN_WHOLE = 16_384
"""Up to this many entries a bundle shows the whole log, so that nothing about the system can be left out of it."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """What an assessment left behind: the assessment, the files for others, and how many steps of progress it took."""

    assessment: Assessment
    bundle: Path
    trust: Path
    steps: int


def assess(
    path: Path, home: Home, out: Path, *, as_of: datetime | None = None, progress: Progress = silent
) -> Assessed:
    """Assess the system that a description describes, and write bundle.zip and trust.json into `out`.

    as_of: the moment the results are shown for (now if None); measurements are always taken now. Raises ShinraiError
    for what a person can mend; nothing is written then.
    """
    description = read_description(path)
    plan = make_plan(description, path.parent, utc_now().date())
    check_targets(description, path.parent)
    check_references(description, path.parent)
    store = Store(home)
    try:
        return _Run(plan, path.read_bytes(), home, store, progress).carry_out(out, as_of)
    finally:
        store.close()


class _Run:
    """The state of one run; each method is one stage."""

    def __init__(self, plan: Plan, description: bytes, home: Home, store: Store, progress: Progress) -> None:
        self.plan, self.home, self.store, self.progress = plan, home, store, progress
        self.version = __version__
        self.total = len(plan.checks) + 8
        self.progress(message("Reading what is to be assessed"), 0, self.total)
        self.files = target_files(plan.description, plan.folder)
        rows = rows_items(plan, home, self.files)
        self.rows = {name: item for name, (item, _) in rows.items()}
        self.row_contents = {name: content for name, (_, content) in rows.items()}
        self.inputs: dict[str, tuple[Item, bytes]] = {}
        self._add("shinrai.yaml", YAML, "document", description)
        for framework, file in zip(plan.frameworks, plan.framework_files, strict=True):
            self._add(f"{framework.id} {framework.version}", YAML, "document", file)
        self._add("material facts", "application/json", "document", plan.material)
        for name, identity in identities(plan.conversations):
            self._add(f"how {name} is asked", "application/json", "document", identity)
        for name, judge in judges(plan.conversations):
            self._add(f"judge of {name}", YAML, "document", judge.data)
            if judge.calibration_data:
                self._add(f"calibration of the judge of {name}", "application/json", "document", judge.calibration_data)
        for conversation in plan.conversations.values():
            suite = conversation.suite
            self._add(f"suite {suite.id} {suite.version}", YAML, "document", conversation.data)

    def _add(self, name: str, media_type: str, kind: str, data: bytes) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        self.inputs[sha256] = (Item(name, sha256, len(data), media_type, kind), data)

    def carry_out(self, out: Path, as_of: datetime | None) -> Assessed:
        """Go through all stages."""
        now = utc_now()
        trust = ensure_trust(self.home, self.store, {}, now)
        roster, rubric = (ensure(self.home, self.store, trust[0]) for ensure in (ensure_roster, ensure_rubric))
        signed = signed_attestations(self.store, self.plan)
        approval = scope_approval(self.store, self.plan)
        self.gone = self.store.erased()
        self._refuse_erased_rows()
        self.run = self._name(signed, approval)
        planned = self._log_plan()
        work = Measuring(self.plan, self.home, self.store, self.run, planned, self.rows, self.version, self._producer())
        pieces = measure_all(work, self.progress, now, 1, self.total)
        self.samples = sample_items(work)
        items, contents = self._contents(pieces, signed, approval)
        manifest_bytes = manifest(self.plan.subject, list(items.values()))
        bundle_id = hashlib.sha256(manifest_bytes).hexdigest()
        checkpoint = self.store.publish()
        case = self._case(bundle_id, pieces, signed, contents, checkpoint, trust, planned, now)
        setting = Setting(self.home, self.store, self.run, trust[0], roster, rubric)
        voting = len(self.plan.checks) + 1
        seats = iter(range(voting, self.total))
        decision = hold_round(
            setting,
            case,
            lambda seat: self.progress(message("The seat {seat} judges", seat=seat), next(seats), self.total),
        )
        self.progress(message("Deriving the results"), self.total - 2, self.total)
        view = View(
            plan=self.plan,
            pieces=tuple(pieces),
            signed=signed,
            approval=approval,
            decision=decision,
            rows={name: self._shared(items, name) for name in self.plan.description.targets},
            rows_counted={name: _rows(pieces, name) for name in self.plan.description.targets},
            bundle_id=bundle_id,
            origin=self.store.key.name,
            version=self.version,
        )
        result, data = self._log_assessment(view, as_of or now, now)
        assessment = at(Assessment.model_validate_json(data), as_of or now)
        note = self.store.publish()
        size = Checkpoint.parse(open_note(note, self.store.keys, "the checkpoint"), "the checkpoint").size
        self.progress(message("Writing the bundle"), self.total - 1, self.total)
        evidence = (
            [p.logged for p in pieces] + [s.logged for s in signed if s.logged] + ([approval] if approval else [])
        )
        trust = [entry for entry in self.store.of_type(TRUST) if entry.index < size]
        logged = [
            *trust,
            roster,
            rubric,
            planned,
            *evidence,
            *decision.logged,
            result,
            *self._besides(size, set(items)),
        ]
        contents |= dict(decision.certificates.values())
        contents[hashlib.sha256(data).hexdigest()] = data
        out.mkdir(parents=True, exist_ok=True)
        parts = BundleParts(
            manifest_bytes,
            {sha256: content for sha256, content in contents.items() if sha256 not in self._apart(items)},
            [entry.envelope for entry in sorted({e.index: e for e in logged}.values(), key=lambda e: e.index)],
            [entry.envelope for entry in trust],
            note,
            self.store.leaves()[:size],
            self.instructions,
            self.store.entries()[:size] if size <= SHOWN_WHOLE else None,
        )
        write_bundle(out / "bundle.zip", parts)
        (out / "trust.json").write_bytes(policy_file(trust, self.store))
        self.store.finish(self.run, "delivered", result.index)
        return Assessed(assessment, out / "bundle.zip", out / "trust.json", self.total)

    def _besides(self, size: int, listed: Set[str]) -> list[Logged]:
        """Return what a reader must see besides this run: revocations, and every other run on the same system.

        Ten runs can then not hide nine: the log shows that they were planned, and the verifier asks for them. listed:
        digests of the contents, as what was erased of them is declared in the log.
        """
        subject = self.plan.subject.sha256
        runs = [e for kind in (PLAN, ABANDONMENT, ASSESSMENT) for e in self.store.of_type(kind)]
        shown = self.store.of_type(REVOCATION) + [e for e in runs if e.statement.subject_sha256 == subject]
        shown += [e for e in self.store.of_type(WITHHELD) if not listed.isdisjoint(withheld_digests(e.statement))]
        return [entry for entry in shown if entry.index < size]

    def _name(self, signed: Sequence[Signed], approval: Logged | None) -> str:
        """Name the run by all that goes in, and count the runs on the same input."""
        going_in = {
            "approval": approval.envelope.payload_sha256 if approval else None,
            "attestations": [s.logged.envelope.payload_sha256 for s in signed if s.logged],
            # Requirements come into effect by date, so the same files can ask for more on another day.
            "controls": sorted(self.plan.leaves),
            "inputs": sorted(self.inputs),
            "rows": {name: item.sha256 for name, item in self.rows.items()},
            "version": self.version,
        }
        name = hashlib.sha256(canonical_json(going_in)).hexdigest()
        number = 1
        while self.store.step(f"{name}:{number}", "delivered") or self._rests_on_erased(f"{name}:{number}"):
            number += 1
        return f"{name}:{number}"

    def _rests_on_erased(self, run: str) -> bool:
        """Whether something that a run measured was erased: it cannot go on, and must not seem to."""
        steps = [f"check:{check}" for check in self.plan.checks] if self.gone else []
        logged = [entry.statement.predicate for step in steps for entry in self.store.step(run, step)]
        return any(item["digest"]["sha256"] in self.gone for about in logged for item in about["items"])

    def _refuse_erased_rows(self) -> None:
        for name, item in self.rows.items():
            if item.sha256 in self.gone:
                raise ShinraiError(
                    message(
                        "The file of {target} was erased, as entry {index} of the log declares.",
                        target=name,
                        index=self.gone[item.sha256],
                    ),
                    fix=message("Assess other rows: what was erased is not brought back unseen."),
                )

    def _log_plan(self) -> Logged:
        if not self.store.step(self.run, "plan"):
            frameworks = [item for item, _ in self.inputs.values()]
            predicate = self.plan.predicate(frameworks, list(self.rows.values()), self.version)
            # Two runs on the same input are two plans: none can hide behind the other.
            predicate["run"] = self.run
            subject = self.plan.subject
            envelope = sign(
                Statement(subject.name, subject.sha256, PLAN, predicate), load_signer(self.home.keys, "producer")
            )
            contents = {item.sha256: (item.media_type, data) for item, data in self.inputs.values()}
            self.store.append(Addition([envelope], contents, run=self.run, step="plan"))
        return self.store.step(self.run, "plan")[0]

    def _contents(
        self, pieces: Sequence[Piece], signed: Sequence[Signed], approval: Logged | None
    ) -> tuple[dict[str, Item], dict[str, Content]]:
        """Return everything the manifest lists, and what of it is at hand."""
        items = {sha256: item for sha256, (item, _) in self.inputs.items()}
        contents: dict[str, Content] = {sha256: data for sha256, (_, data) in self.inputs.items()}
        for piece in pieces:
            if piece.measurement is not None:
                sha256 = piece.predicate["items"][0]["digest"]["sha256"]
                contents[sha256] = data = self.store.blob(sha256)
                items[sha256] = Item(
                    piece.measurement.id, sha256, len(data), piece.predicate["items"][0]["mediaType"], "evaluation"
                )
        for entry in signed:
            document = document_item(self.plan, entry.request) if entry.logged else None
            if document is not None:
                items[document[0].sha256], contents[document[0].sha256] = document
        if approval is not None:
            item = scope_item(self.plan)
            items[item.sha256], contents[item.sha256] = item, self.plan.scope
        for name, item in self.rows.items():
            items[item.sha256] = replace(item, withheld=self._withheld(pieces, name))
            contents[item.sha256] = self.row_contents[name]
        for check, (item, content, _) in self.samples.items():
            items[item.sha256] = replace(item, withheld=self._withheld(pieces, check.partition("/")[0]))
            contents[item.sha256] = content
        first = pieces[0].logged if pieces else self.store.step(self.run, "plan")[0]
        public = load_signer(self.home.keys, "producer").public
        shown = first.statement.predicate["items"][0]["digest"]["sha256"]
        self.instructions = instructions(first, public, shown)
        sha256 = hashlib.sha256(self.instructions).hexdigest()
        items[sha256] = Item("VERIFY.txt", sha256, len(self.instructions), "text/plain", "instructions")
        for sha256 in items.keys() & self.gone.keys():
            items[sha256] = replace(items[sha256], withheld=f"erased, as entry {self.gone[sha256]} of the log declares")
            del contents[sha256]
        return items, contents

    def _withheld(self, pieces: Sequence[Piece], target: str) -> str | None:
        if self.plan.description.targets[target].share == "counts":
            return "the description shares counts only"
        if personal_data_suspected(pieces, target):
            return "columns look like personal data"
        return None

    def _apart(self, items: Mapping[str, Item]) -> set[str]:
        """Return contents that the archive does not carry as blobs: what is withheld, and VERIFY.txt itself."""
        return {sha256 for sha256, item in items.items() if item.withheld is not None or item.kind == "instructions"}

    def _shared(self, items: Mapping[str, Item], target: str) -> str:
        if target not in self.rows:
            return str(self.plan.description.targets[target].share)
        item = items[self.rows[target].sha256]
        if item.withheld is None:
            return str(self.plan.description.targets[target].share)
        return "counts" if self.plan.description.targets[target].share == "counts" else "withheld"

    def _case(
        self,
        bundle_id: str,
        pieces: Sequence[Piece],
        signed: Sequence[Signed],
        contents: Mapping[str, Content],
        checkpoint: bytes,
        trust: Sequence[Logged],
        planned: Logged,
        now: datetime,
    ) -> Case:
        return Case(
            subject=self.plan.subject.sha256,
            bundle_id=bundle_id,
            claims=tuple(claims(self.plan, pieces, signed)),
            contents=contents,
            leaves=self.store.leaves(),
            checkpoint=checkpoint,
            log_key=self.store.key,
            trust=trust,
            plan=planned,
            applicable=frozenset(self.plan.leaves),
            shows={check: shown_by(self.plan, check) for check in self.plan.checks},
            conversations={check: self._asked(check) for check in self.plan.conversations},
            imports={
                check: imported_file(taken, self.rows[taken.target].sha256, _salt(self.row_contents[taken.target]))
                for check, taken in self.plan.imports.items()
            },
            rows={
                name: target_rows(self.plan, name, self.files[name], self.rows[name].sha256)
                for name in tables(self.plan.description)
            },
            now=now,
        )

    def _producer(self) -> Mapping[str, bytes]:
        """Return the producer's key by its id: it signs calibrations of judges, too."""
        signer = load_signer(self.home.keys, "producer")
        return {signer.keyid: signer.public}

    def _asked(self, check: str) -> AskedSuite:
        conversation, (item, _, file) = self.plan.conversations[check], self.samples[check]
        described, judged = conversation.described, None
        if conversation.judge is not None:
            measured = self.store.step(self.run, f"check:{check}")[0].statement.predicate["finishedOn"]
            replies, _, replies_file = self.samples[replies_of(check)]
            setting = conversation.judge.setting(self._producer(), parse_timestamp(measured).date())
            judged = AskedJudge(replies_file, replies.sha256, setting)
        return AskedSuite(
            file, item.sha256, conversation.data, conversation.identity, described.seed, described.repeats, judged
        )

    def _log_assessment(self, view: View, as_of: datetime, now: datetime) -> tuple[Logged, bytes]:
        """Log the assessment, if the run has not done so before; returns the entry and the bytes of assessment.json."""
        if not self.store.step(self.run, "assessment"):
            data = document_bytes(build(view, as_of, now))
            sha256 = hashlib.sha256(data).hexdigest()
            item = Item("assessment.json", sha256, len(data), "application/json", "decision")
            planned = self.store.step(self.run, "plan")[0].envelope.payload_sha256
            predicate = {"bundle": view.bundle_id, "items": [item.descriptor()], "plan": planned}
            subject = self.plan.subject
            statement = Statement(subject.name, subject.sha256, ASSESSMENT, predicate)
            envelope = sign(statement, load_signer(self.home.keys, "producer"))
            contents = {sha256: ("application/json", data)}
            self.store.append(Addition([envelope], contents, run=self.run, step="assessment"))
        logged = self.store.step(self.run, "assessment")[0]
        return logged, self.store.blob(logged.statement.predicate["items"][0]["digest"]["sha256"])


def give_up(home: Home, store: Store, index: int, reason: str) -> Logged:
    """Log why the run whose plan stands at an index has no result; ShinraiError when no plan stands there."""
    planned = next((entry for entry in store.of_type(PLAN) if entry.index == index), None)
    if planned is None:
        raise ShinraiError(
            message("Entry {index} of the log is no plan.", index=index),
            fix=message("`shinrai verify` names the entries of plans that have no result."),
        )
    about = {"plan": planned.envelope.payload_sha256, "reason": reason}
    statement = planned.statement
    given_up = Statement(statement.subject_name, statement.subject_sha256, ABANDONMENT, about)
    envelope = sign(given_up, load_signer(home.keys, "producer"))
    return Logged(store.append(Addition([envelope]))[0], envelope, given_up)


def _salt(content: Content) -> bytes:
    return content.salt if isinstance(content, Salted) else b""


def imported_file(taken: ImportCheck, sha256: str, salt: bytes = b"") -> ImportedFile:
    """Return results of another tool as a seat counts them again. sha256: what the evidence says salt and file are."""
    return ImportedFile(taken.file, sha256, taken.run.tool, taken.rules, salt)


def target_rows(plan: Plan, name: str, file: Path, sha256: str) -> TargetRows:
    """Return a table as a seat reads it again. file: where it lies; sha256: what the evidence says it is."""
    described = table_settings(name, tables(plan.description)[name], plan.folder)
    settings = TableSettings(
        id=name,
        label=described.label,
        prediction=described.prediction,
        score=described.score,
        threshold=described.threshold,
        favourable=described.favourable,
        groups=described.groups,
        intersections=described.intersections,
        strata=described.strata,
        cluster=described.cluster,
        weight=described.weight,
    )
    checks = {}
    for check in plan.checks:
        target, _, kind = check.partition("/")
        if target == name:
            chosen = check_settings(plan.description.checks, kind)
            decide_on = frozenset(chosen.decide_on) if kind == "group_fairness" else None
            checks[kind] = CheckParameters(limit_rules(chosen.limits), decide_on, chosen.min_group)
    return TargetRows(file, sha256, settings, checks)


def claims(plan: Plan, pieces: Sequence[Piece], signed: Sequence[Signed]) -> list[Claim]:
    """Return a claim for each applicable leaf that has evidence of the kind it asks for."""
    found = []
    for leaf in plan.leaves.values():
        if leaf.code.attestable:
            mine = tuple(Piece(s.logged, None) for s in signed if s.logged and s.request.shows == leaf.id)
        else:
            mine = tuple(p for p in pieces if leaf.id in p.predicate["controls"])
        if mine:
            found.append(Claim(leaf.id, leaf.code, mine))
    return found


def _rows(pieces: Sequence[Piece], target: str) -> int | None:
    asked = [
        p.measurement.coverage.asked for p in pieces if p.measurement is not None and p.measurement.target == target
    ]
    return max(asked, default=None)
