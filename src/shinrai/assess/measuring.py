"""Measure the targets of a plan and log every number as a signed statement, one transaction for each check."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shinrai.assess.conversations import PARQUET, converse_with, judge_file, samples_file
from shinrai.assess.plan import Plan, file_sha256, showing
from shinrai.assess.progress import Progress
from shinrai.assess.targets import check_settings, table_settings, tables
from shinrai.council import Piece
from shinrai.evaluate.checks import CHECKS, error_measurements
from shinrai.evaluate.interchange.imported import TOOL_NAMES
from shinrai.evaluate.measurement import Measurement, Outcome
from shinrai.evaluate.measurement_json import from_json, to_json
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.table import Table, open_table
from shinrai.evidence.bundle import Content
from shinrai.evidence.home import Home, name_salted, salted
from shinrai.evidence.keys import load_signer
from shinrai.evidence.statements import Item, evidence_statement, producer, sign, timestamp
from shinrai.evidence.store import Addition, Logged, Store
from shinrai.language import ShinraiError, message
from shinrai.systems import DataClass
from shinrai_verify.dsse import Envelope
from shinrai_verify.encoding import canonical_json, strict_json

MEASUREMENT = "application/vnd.shinrai.measurement.v1+json"


@dataclass(frozen=True, slots=True)
class Measuring:
    """What measuring needs.

    rows: target -> the item of its file. version: of this program. trusted: public keys by key id that may have signed
    the calibration of a judge.
    """

    plan: Plan
    home: Home
    store: Store
    run: str
    logged_plan: Logged
    rows: Mapping[str, Item]
    version: str
    trusted: Mapping[str, bytes]


def measure_all(work: Measuring, progress: Progress, now: datetime, done: int, total: int) -> list[Piece]:
    """Run every check of the plan that has not been logged yet; returns all pieces of evidence in order."""
    pieces: list[Piece] = []
    for target in dict.fromkeys(check.partition("/")[0] for check in work.plan.checks):
        mine = [check for check in work.plan.checks if check.startswith(f"{target}/")]
        missing = [check for check in mine if not work.store.step(work.run, f"check:{check}")]
        for number, check in enumerate(mine):
            if check in work.plan.conversations and check in missing:
                _converse(work, check, progress, now, (done + number, total))
                missing.remove(check)
            if check in work.plan.imports and check in missing:
                _import(work, check, progress, now, (done + number, total))
                missing.remove(check)
        for check, measurements in _measure(work, target, missing, progress, (done, total)):
            _log(work, check, measurements, [work.rows[target]], now)
        done += len(mine)
        for check in mine:
            pieces += [_piece(work.store, logged) for logged in work.store.step(work.run, f"check:{check}")]
    return pieces


def _measure(
    work: Measuring, target: str, checks: Sequence[str], progress: Progress, position: tuple[int, int]
) -> Iterator[tuple[str, tuple[Measurement, ...]]]:
    if not checks:
        return
    settings = table_settings(target, tables(work.plan.description)[target], work.plan.folder)
    done, total = position
    try:
        with open_table(settings) as table:
            for number, check in enumerate(checks):
                kind = CHECKS[check.partition("/")[2]]
                progress(message("{target}: {check}", target=target, check=kind.title), done + number, total)
                yield check, _one(work, table, check)
    except TableError as error:
        # A table that cannot be measured is a finding: every check of it ends in an error, logged like any number.
        for check in checks:
            yield check, error_measurements(settings, check.partition("/")[2], error)


def _one(work: Measuring, table: Table, check: str) -> tuple[Measurement, ...]:
    name = check.partition("/")[2]
    try:
        return CHECKS[name].measure(table, check_settings(work.plan.description.checks, name))
    except TableError as error:
        return error_measurements(table.target, name, error)


def _converse(work: Measuring, check: str, progress: Progress, now: datetime, position: tuple[int, int]) -> None:
    conversation = work.plan.conversations[check]
    progress(message("{target}: {check}", target=conversation.target, check=conversation.suite.title), *position)
    judge = conversation.judge.setting(work.trusted, now.date()) if conversation.judge else None
    done = converse_with(conversation, work.home.path, work.run, progress, position, judge)
    behind = [_samples(work, conversation.target, f"samples of {check}", done.files.samples)]
    if done.judging is not None:
        behind.append(_samples(work, conversation.target, f"judge's replies on {check}", done.judging.files.samples))
    _log(work, check, done.measurements, behind, now)


def _samples(work: Measuring, target: str, name: str, file: Path) -> Item:
    _, sha256, size, with_salt = shown(work.plan, work.home, target, file)
    return Item(name, sha256, size, PARQUET, "evaluation", salted=with_salt)


def _import(work: Measuring, check: str, progress: Progress, now: datetime, position: tuple[int, int]) -> None:
    taken = work.plan.imports[check]
    run = taken.run
    progress(message("{target}: results of {tool}", target=taken.target, tool=TOOL_NAMES[run.tool]), *position)
    imported = {
        "tool": run.tool.value,
        "toolVersion": run.tool_version,
        "models": list(run.models),
        "startedOn": timestamp(run.started) if run.started else None,
        "finishedOn": timestamp(run.finished) if run.finished else None,
    }
    # Named by the digest that everyone may see: eight digits of the file's own would be enough to confirm a guess.
    named = replace(taken, run=replace(run, sha256=work.rows[taken.target].sha256))
    _log(work, check, named.measurements(), [work.rows[taken.target]], now, origin="imported", imported=imported)


def _log(
    work: Measuring,
    check: str,
    measurements: Sequence[Measurement],
    measured_from: Sequence[Item],
    now: datetime,
    **about: Any,
) -> None:
    """Log a check's numbers in one transaction: all of them, or none. about: where they come from, if not from us."""
    signer = load_signer(work.home.keys, "producer")
    controls = showing(work.plan, check)
    valid_until = (now + timedelta(days=work.plan.validity_days)).date()
    envelopes: list[Envelope] = []
    contents: dict[str, tuple[str, bytes]] = {}
    for part, measurement in enumerate(measurements):
        item, data = measurement_item(measurement)
        contents[item.sha256] = (MEASUREMENT, data)
        statement = evidence_statement(
            work.plan.subject,
            "evaluation",
            controls,
            [item, *measured_from],
            valid_until=valid_until,
            finishedOn=timestamp(now),
            measurement=measurement.id,
            plan=work.logged_plan.envelope.payload_sha256,
            producer=producer(work.version),
            run={"check": check, "part": part, "parts": len(measurements)},
            **{"origin": "measured", **about},
        )
        envelopes.append(sign(statement, signer))
    work.store.append(Addition(envelopes, contents, run=work.run, step=f"check:{check}"))


def measurement_item(measurement: Measurement) -> tuple[Item, bytes]:
    """Return a measurement as a content."""
    data = canonical_json(to_json(measurement))
    return Item(measurement.id, hashlib.sha256(data).hexdigest(), len(data), MEASUREMENT, "evaluation"), data


def _piece(store: Store, logged: Logged) -> Piece:
    sha256 = logged.statement.predicate["items"][0]["digest"]["sha256"]
    return Piece(logged, from_json(strict_json(store.blob(sha256), "a measurement")))


def personal_data_suspected(pieces: Sequence[Piece], target: str) -> bool:
    """Whether the personal-data check of a target found something, or could not look."""
    outcomes = [
        p.measurement.outcome
        for p in pieces
        if p.measurement is not None and p.measurement.target == target and p.measurement.check == "personal_data"
    ]
    return any(outcome is not Outcome.PASS for outcome in outcomes)


def shown(plan: Plan, home: Home, target: str, file: Path) -> tuple[Content, str, int, bool]:
    """Return a target's file as evidence names it: content, SHA-256, size, and whether it is salted.

    It is where the rows are personal, look like it, or are not shared: a digest that anyone may see must not let them
    be guessed.
    """
    sha256, size = file_sha256(file)
    described = plan.description
    personal = bool({DataClass.PERSONAL, DataClass.SENSITIVE} & set(described.system.data))
    if described.targets[target].share != "counts" and not personal and not _looks_personal(plan, target):
        return file, sha256, size, False
    content, digest = salted(home, file, sha256), hashlib.sha256()
    with content.open() as stream:
        while chunk := stream.read(1024 * 1024):
            digest.update(chunk)
    name_salted(home, sha256, digest.hexdigest())
    return content, digest.hexdigest(), content.size, True


def _looks_personal(plan: Plan, target: str) -> bool:
    """Whether the rows of a table look personal, or cannot be looked at. Asked before anything is named in the log."""
    if target not in tables(plan.description):
        return False
    settings = table_settings(target, tables(plan.description)[target], plan.folder)
    try:
        with open_table(settings) as table:
            check = CHECKS["personal_data"].measure(table, check_settings(plan.description.checks, "personal_data"))
    except TableError:
        return True
    return any(measurement.outcome is not Outcome.PASS for measurement in check)


def rows_items(plan: Plan, home: Home, files: Mapping[str, Path]) -> dict[str, tuple[Item, Content]]:
    """Return each table, and each file of results, as an item with its content; files: target -> where it is."""
    kinds = {".parquet": PARQUET, ".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonl"}
    found = {}
    for name, file in files.items():
        kind = kinds.get(file.suffix.lower(), "application/octet-stream")
        content, sha256, size, with_salt = shown(plan, home, name, file)
        title = f"rows of {name}" if name in tables(plan.description) else f"results of {name}"
        found[name] = Item(title, sha256, size, kind, "evaluation", salted=with_salt), content
    return found


def sample_items(work: Measuring) -> dict[str, tuple[Item, Content, Path]]:
    """Return the samples of each conversation that was logged, as an item, its content and the file that it is.

    By the name of the check; the replies of its judge, where it had one, stand under `<check>/judge`.
    """
    found = {}
    for check in work.plan.conversations:
        first = work.store.step(work.run, f"check:{check}")[0]
        files = (samples_file(work.home.path, work.run, check), judge_file(work.home.path, work.run, check))
        for name, named, file in zip((check, replies_of(check)), first.statement.predicate["items"][1:], files):  # noqa: B905
            if not file.is_file():
                raise ShinraiError(
                    message("The samples of {check} are gone from the data folder.", check=check),
                    fix=message("Bring {path} back, or change system.version to begin another assessment.", path=file),
                )
            content, _, size, with_salt = shown(work.plan, work.home, check.partition("/")[0], file)
            sha256 = named["digest"]["sha256"]
            item = Item(named["name"], sha256, size, named["mediaType"], "evaluation", salted=with_salt)
            found[name] = (item, content, file)
    return found


def replies_of(check: str) -> str:
    """Return the name under which the replies of a check's judge are kept."""
    return f"{check}/judge"
