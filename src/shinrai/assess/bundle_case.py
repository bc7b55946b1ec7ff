"""The case of a council round, read from a bundle on another machine, as the tool seats take it.

Everything comes from the bundle and from nowhere else: a tool seat far away sees what any auditor sees. Contents are
written below one folder under names of our own, or under relative names that the description gives and that cannot
lead out of it.
"""

import hashlib
from pathlib import Path, PurePosixPath
from typing import Any

from shinrai.assess.attesting import Signed
from shinrai.assess.importing import ImportCheck
from shinrai.assess.plan import Plan, make_plan, shown_by
from shinrai.assess.run import claims, imported_file, target_rows
from shinrai.assess.targets import tables
from shinrai.council import AskedJudge, AskedSuite, Case, ImportedFile, Piece, TargetRows
from shinrai.council.case_file import CouncilCase
from shinrai.council.counting import SignedLeaf
from shinrai.evaluate.measurement_json import from_json
from shinrai.evidence.statements import parse_timestamp
from shinrai.evidence.store import Logged
from shinrai.language import ShinraiError, message
from shinrai.systems import ConversationTarget, ResultsTarget, read_description
from shinrai_verify.encoding import strict_json
from shinrai_verify.note import NoteKey
from shinrai_verify.trust import TRUST
from shinrai_verify.verify import EVIDENCE, PLAN

_DESCRIPTION = "shinrai.yaml"


def case_of(council: CouncilCase, log_key: NoteKey, folder: Path) -> Case:
    """Return what the tool seats judge. folder: empty, for the contents; log_key: of the log that the case stands in.

    ShinraiError where the bundle is not that of an assessment, or what it describes cannot be read again.
    """
    plan = _plan(council, folder)
    planned = _planned(council)
    pieces = [_piece(council, leaf) for leaf in council.log.of(EVIDENCE) if _evaluated(leaf, planned)]
    asked = set(council.opened.controls)
    contents = {each.sha256: council.content(each.sha256) for each in council.listed if council.has(each.sha256)}
    return Case(
        subject=plan.subject.sha256,
        bundle_id=council.opened.bundle_id,
        claims=tuple(claim for claim in claims(plan, pieces, _signed(council, plan)) if claim.control in asked),
        contents=contents,
        leaves=council.log.leaves,
        checkpoint=council.log.note,
        log_key=log_key,
        trust=[_logged(leaf) for leaf in council.log.of(TRUST)],
        plan=planned,
        applicable=frozenset(plan.leaves),
        shows={check: shown_by(plan, check) for check in plan.checks},
        rows={name: _rows(council, plan, name, folder) for name in tables(plan.description)},
        now=parse_timestamp(str(_opening(council)["openedOn"])),
        conversations={check: _asked(council, plan, check, pieces, folder) for check in plan.conversations},
        imports={
            check: _imported(council, taken, _listed(council, f"results of {taken.target}"))
            for check, taken in plan.imports.items()
        },
    )


def _imported(council: CouncilCase, taken: ImportCheck, sha256: str) -> ImportedFile:
    return imported_file(taken, sha256, council.salt(sha256) if council.has(sha256) else b"")


def _opening(council: CouncilCase) -> Any:
    opened = next(leaf for leaf in council.log.statements if leaf.payload_sha256 == council.opened.id)
    return opened.statement.predicate


def _plan(council: CouncilCase, folder: Path) -> Plan:
    path = folder / _DESCRIPTION
    path.write_bytes(_named(council, _DESCRIPTION))
    description = read_description(path)
    for pin in description.frameworks:
        if pin.file is not None:
            _place(folder, str(pin.file)).write_bytes(_named(council, f"{pin.id} {pin.version}"))
    asked = {}
    for name, target in description.targets.items():
        if isinstance(target, ResultsTarget):
            _place(folder, target.file).write_bytes(_named(council, f"results of {name}"))
        if isinstance(target, ConversationTarget):
            asked[name] = _named(council, f"how {name} is asked")
            _place_suites(council, name, target, folder)
    return make_plan(description, folder, parse_timestamp(str(_opening(council)["openedOn"])).date(), asked)


def _place_suites(council: CouncilCase, name: str, target: ConversationTarget, folder: Path) -> None:
    """Write the suites of a target and, where one was asked, its judge."""
    for used in target.suites:
        if used.file is not None:
            _place(folder, str(used.file)).write_bytes(_named(council, f"suite {used.id} {used.version}"))
    listed = {each.name for each in council.listed}
    if target.judge is not None and f"judge of {name}" in listed:
        _place(folder, target.judge.file).write_bytes(_named(council, f"judge of {name}"))
        if target.judge.calibration:
            data = _named(council, f"calibration of the judge of {name}")
            _place(folder, target.judge.calibration).write_bytes(data)


def _listed(council: CouncilCase, name: str) -> str:
    """Return the digest of a content that the manifest lists; one of nothing where it lists none."""
    return next((each.sha256 for each in council.listed if each.name == name), "0" * 64)


def _named(council: CouncilCase, name: str) -> bytes:
    for each in council.listed:
        if each.name == name and council.has(each.sha256):
            return council.unsalted(each.sha256)
    raise ShinraiError(message("The case holds no {name}, so this seat cannot judge it.", name=name))


def _place(folder: Path, relative: str) -> Path:
    """Return a place below the folder for a relative name of the description."""
    pure = PurePosixPath(relative)
    if pure.is_absolute() or ".." in pure.parts or "\\" in relative or ":" in relative or pure.name == _DESCRIPTION:
        raise ShinraiError(message("The description of the case names a file outside its folder."))
    place = folder / pure
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _logged(leaf: SignedLeaf) -> Logged:
    return Logged(leaf.index, leaf.envelope, leaf.statement)


def _planned(council: CouncilCase) -> Logged:
    """Return the plan that the newest measurement rests on."""
    plans = {leaf.payload_sha256: leaf for leaf in council.log.of(PLAN)}
    named = [leaf.statement.predicate.get("plan") for leaf in council.log.of(EVIDENCE)]
    found = next((plans[str(name)] for name in reversed(named) if name in plans), None)
    if found is None and plans:
        found = list(plans.values())[-1]
    if found is None:
        raise ShinraiError(message("The case holds no plan, so this seat cannot judge it."))
    return _logged(found)


def _evaluated(leaf: SignedLeaf, planned: Logged) -> bool:
    about = leaf.statement.predicate
    return about.get("kind") == "evaluation" and about.get("plan") == planned.envelope.payload_sha256


def _piece(council: CouncilCase, leaf: SignedLeaf) -> Piece:
    sha256 = str(leaf.statement.predicate["items"][0]["digest"]["sha256"])
    return Piece(_logged(leaf), from_json(strict_json(council.content(sha256), "a measurement")))


def _signed(council: CouncilCase, plan: Plan) -> list[Signed]:
    found = []
    for request in plan.description.attestations:
        mine = [
            leaf
            for leaf in council.log.of(EVIDENCE)
            if leaf.statement.predicate.get("kind") == "attestation"
            and leaf.statement.predicate.get("attestation") == request.id
            and leaf.statement.predicate.get("decider") == request.by
        ]
        found.append(Signed(request, _logged(mine[-1]) if mine else None, None))
    return found


def _rows(council: CouncilCase, plan: Plan, name: str, folder: Path) -> TargetRows:
    target, sha256 = tables(plan.description)[name], _listed(council, f"rows of {name}")
    # Under its digest, and not at all where the owner keeps the rows back: the seat then says it cannot read them.
    file = folder / f"{sha256}{Path(target.file).suffix.lower()}"
    if council.has(sha256):
        file.write_bytes(council.unsalted(sha256))
    return target_rows(plan, name, file, sha256)


def _asked(council: CouncilCase, plan: Plan, check: str, pieces: list[Piece], folder: Path) -> AskedSuite:
    conversation = plan.conversations[check]
    mine = [p for p in pieces if p.measurement and f"{p.measurement.target}/{p.measurement.check}" == check]
    file, sha256 = _written(council, mine, 1, folder)
    described, judged = conversation.described, None
    if conversation.judge is not None and mine:
        replies, replies_sha256 = _written(council, mine, 2, folder)
        day = parse_timestamp(str(mine[0].predicate["finishedOn"])).date()
        judged = AskedJudge(replies, replies_sha256, conversation.judge.setting(_producers(council), day))
    return AskedSuite(file, sha256, conversation.data, conversation.identity, described.seed, described.repeats, judged)


def _written(council: CouncilCase, pieces: list[Piece], item: int, folder: Path) -> tuple[Path, str]:
    """Write what a measurement rests on to the folder, where it is at hand and what its digest says."""
    sha256 = str(pieces[0].predicate["items"][item]["digest"]["sha256"]) if pieces else "0" * 64
    file = folder / f"{sha256}.parquet"
    if council.has(sha256) and hashlib.sha256(council.content(sha256)).hexdigest() == sha256:
        file.write_bytes(council.unsalted(sha256))
    return file, sha256


def _producers(council: CouncilCase) -> dict[str, bytes]:
    """Return the keys that any document of the trust chain lets sign evidence: they sign calibrations, too."""
    return {key: trust.public[key] for trust in council.log.trust for key in trust.roles["producer"]}
