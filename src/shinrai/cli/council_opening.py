"""Open a round on a bundle, serve it, and close it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shinrai.council.canaries import read_answers
from shinrai.council.coordinator import Coordinator, Documents, log_document, open_round
from shinrai.council.counting import RoundCount
from shinrai.council.faults import located
from shinrai.council.http_coordinator import ServedRound, serve
from shinrai.council.rounds import OpenRound, Question, RoundPlan, rubric_statement
from shinrai.evidence import Home, Store, ensure_trust, open_home
from shinrai.evidence.store import Logged
from shinrai.evidence.trust import utc_now
from shinrai.frameworks import load_framework
from shinrai.language import Bilingual, Place, ShinraiError, message
from shinrai.systems.tier import Tier
from shinrai_verify.bundle import Bundle, open_bundle
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.verify import EVIDENCE, PLAN, ROUND


@dataclass(frozen=True, slots=True)
class Opening:
    """What `shinrai council open` was told."""

    bundle: Path
    roster: str
    tier: str | None
    controls: Sequence[str]
    sealed: bool
    reason: str
    case: Path
    canaries: Path | None
    home: Path | None


@dataclass(frozen=True)
class _Contents:
    """A bundle's manifest and contents, and the statements in it that are logged here."""

    manifest: bytes
    sha256: str
    contents: Mapping[str, bytes]
    statements: tuple[Statement, ...]
    logged: tuple[Logged, ...]

    def of(self, kind: str) -> list[Statement]:
        return [statement for statement in self.statements if statement.predicate_type == kind]


def open_on_bundle(opening: Opening) -> OpenRound:
    """Log a rubric and the opening of a round on a bundle of this data folder, and write the case."""
    with data_folder(opening.home) as (home, store):
        held = _contents(store, opening.bundle)
        trust = ensure_trust(home, store, {}, utc_now())
        try:
            roster = store.logged([opening.roster])[0]
        except (IndexError, ValueError):
            raise ShinraiError(
                message("The log holds no such roster."), fix=message("Make one: shinrai council roster --file FILE")
            ) from None
        controls = _controls(held, opening.controls)
        questions = _questions(held, controls)
        rubric = rubric_statement(trust[0].envelope.payload_sha256, questions, _tier(held, opening.tier))
        documents = Documents(trust, roster, log_document(home, store, rubric))
        if opening.canaries is not None:
            _commit(home, store, held.sha256, controls, opening.canaries)
        plan = RoundPlan(held.sha256, controls, opening.reason[:1000], sealed=opening.sealed)
        opened = open_round(home, store, documents, plan, utc_now())
        coordinator = Coordinator(home, store, opened.id)
        coordinator.write_case(opening.case, held.manifest, held.contents, held.logged)
        return opened


def _commit(home: Home, store: Store, bundle_id: str, controls: Sequence[str], file: Path) -> None:
    """Log the digest of the known answers before the round is opened."""
    answers = read_answers(file)
    strange = sorted(set(answers.truth) - set(controls))
    if strange:
        raise ShinraiError(
            message("The round is not about {control}.", control=strange[0]), place=Place(str(file), field="answers")
        )
    log_document(home, store, answers.commitment(bundle_id))


@dataclass(frozen=True, slots=True)
class Closing:
    """What `shinrai council serve` and `close` were told. canaries: known answers to tell once the round is closed."""

    case: Path
    round_id: str | None
    record: Path
    canaries: Path | None
    home: Path | None


def serve_case(closing: Closing, address: tuple[str, int], seconds: float, ready: Callable[[int], None]) -> RoundCount:
    """Serve a round until it is closed, and write its record."""
    with data_folder(closing.home) as (folder, store):
        held = _contents(store, closing.case)
        coordinator = Coordinator(folder, store, closing.round_id or _newest_round(held))
        asyncio.run(serve(ServedRound(coordinator, closing.case, seconds), *address, ready))
        return _recorded(closing, folder, store, coordinator, held)


def close_case(closing: Closing, *, reveal: bool = False) -> RoundCount | None:
    """Close a round and write its record; with reveal, only end the commitments of a sealed one."""
    with data_folder(closing.home) as (folder, store):
        held = _contents(store, closing.case)
        coordinator = Coordinator(folder, store, closing.round_id or _newest_round(held))
        if reveal:
            coordinator.reveal()
            return None
        return _recorded(closing, folder, store, coordinator, held)


def _recorded(closing: Closing, home: Home, store: Store, coordinator: Coordinator, held: _Contents) -> RoundCount:
    coordinator.close()
    if closing.canaries is not None:
        log_document(home, store, read_answers(closing.canaries).revelation(coordinator.opened))
    return coordinator.write_record(closing.record, held.manifest, held.contents, held.logged).count


@contextmanager
def data_folder(home: Path | None) -> Iterator[tuple[Home, Store]]:
    """Yield a data folder with its log open."""
    folder = open_home(home)
    store = Store(folder)
    try:
        yield folder, store
    finally:
        store.close()


def _contents(store: Store, path: Path) -> _Contents:
    with located(Place(str(path))):
        bundle = open_bundle(path)
        manifest = bundle.read("manifest.json")
        statements = tuple(_statements(bundle))
        blobs = [name for name in bundle.sha256 if name.startswith("blobs/sha256/")]
        contents = {name.rpartition("/")[2]: bundle.read(name) for name in blobs}
    logged = []
    for kind in (PLAN, EVIDENCE):
        known = {entry.envelope.payload: entry for entry in store.of_type(kind)}
        for statement in statements:
            if statement.predicate_type == kind:
                entry = known.get(statement.to_bytes())
                if entry is None:
                    raise ShinraiError(
                        message("The evidence in this bundle is not in the log of this data folder."),
                        fix=message("Open the round where the assessment was made, or name that folder with --home."),
                        place=Place(str(path)),
                    )
                logged.append(entry)
    # Certificates of an earlier round belong to that round, not to the contents that are judged.
    listed = {entry["digest"]["sha256"] for entry in _entries(manifest)} - set(store.erased())
    kept = {sha256: data for sha256, data in contents.items() if sha256 in listed}
    return _Contents(manifest, bundle.sha256["manifest.json"], kept, statements, tuple(logged))


def _entries(manifest: bytes) -> list[Any]:
    from shinrai_verify.encoding import field, strict_json

    with located(Place("manifest.json")):
        return list(field(strict_json(manifest, "manifest.json"), "entries", list, "manifest.json"))


def _statements(bundle: Bundle) -> Iterator[Statement]:
    for number, line in enumerate(bundle.read("attestations.intoto.jsonl").splitlines(), start=1):
        what = f"attestations.intoto.jsonl:{number}"
        yield Statement.from_bytes(Envelope.from_bytes(line, what).payload, what)


def _newest_round(held: _Contents) -> str:
    import hashlib

    rounds = [statement for statement in held.of(ROUND) if statement.subject_sha256 == held.sha256]
    if not rounds:
        raise ShinraiError(message("The file holds no round on its contents."))
    return hashlib.sha256(rounds[-1].to_bytes()).hexdigest()


def _controls(held: _Contents, asked: Sequence[str]) -> tuple[str, ...]:
    judged = sorted({control for statement in held.of(ROUND) for control in statement.predicate["controls"]})
    known = judged or sorted({c for statement in held.of(EVIDENCE) for c in statement.predicate["controls"]})
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise ShinraiError(
            message("The bundle has no evidence on {control}.", control=unknown[0]),
            fix=message("It has some on: {names}.", names=", ".join(known[:30])),
        )
    return tuple(sorted(set(asked))) if asked else tuple(known)


def _tier(held: _Contents, asked: str | None) -> Tier | None:
    """Return the tier of the assessment, or a higher one; a lower one would take people out of the council."""
    levels = [statement.predicate["tier"]["level"] for statement in held.of(PLAN) if "tier" in statement.predicate]
    order = list(Tier)
    derived = max((Tier(level) for level in levels), key=order.index, default=None)
    wanted = Tier(asked) if asked else derived
    if wanted is not None and derived is not None and order.index(wanted) < order.index(derived):
        raise ShinraiError(
            message("The assessment derived the risk tier {tier}; a round cannot ask for less.", tier=derived.value)
        )
    return wanted


def _questions(held: _Contents, controls: Sequence[str]) -> list[Question]:
    """Return what each control asks, in the words of the framework, where it is one that Shinrai ships."""
    names = [str(entry["name"]).rpartition(" ") for entry in _entries(held.manifest)]
    words: dict[str, Bilingual] = {}
    for name, _, version in names:
        try:
            framework = load_framework(name, version)
        except ShinraiError:
            continue
        for requirement in framework.requirements:
            for leaf in requirement.expects:
                words[leaf.id] = leaf.title
    return [Question(c, words.get(c, Bilingual(ja=c, en=c))) for c in controls]
