"""Erase a content from the data folder for good, while log, digests and proofs stay as they are.

The order makes it safe to be killed at any moment: the declaration is logged in the transaction that empties the
database; then the files go, those that a content is found by last; then its salt. Nothing is deleted without its entry,
and whoever erases the same content again finishes what was left.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from shinrai.evidence.database import reading, refusals
from shinrai.evidence.home import Home, erase_salt, salt_of, salted_as, sync_folder
from shinrai.evidence.keys import load_signer
from shinrai.evidence.schema import LOG_ID, blob, log_leaf
from shinrai.evidence.statements import sign, timestamp
from shinrai.evidence.store import Store
from shinrai.evidence.trust import ensure_trust
from shinrai.evidence.withholding import WITHHELD, check_reason, withheld_statement
from shinrai.language import ShinraiError, message
from shinrai_verify import NAMESPACE
from shinrai_verify.encoding import SHA256_HEX
from shinrai_verify.verify import ASSESSMENT

RUNS = "runs"
"""Folder of the runs in a data folder. A folder in it holds one content, `SAMPLES`, and what that was made from."""

SAMPLES = "samples.parquet"
_CHUNK = 1024 * 1024
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Reference:
    """A statement that rests on a content. kind: its predicate type without our namespace; bundle: of an assessment."""

    index: int
    kind: str
    controls: tuple[str, ...]
    bundle: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """A content that may be erased, and everything known about it.

    name: as a statement calls it. stored: whether the database holds it. files: copies in the data folder, with what
    they were made from. salt: digest of the file alone, where its salt is kept. rests: what names it. beside: other
    contents of the same statements, name -> digest. entry: the log entry that declares it erased, None if none does.
    """

    sha256: str
    name: str | None
    stored: bool
    files: tuple[Path, ...]
    salt: str | None
    rests: tuple[Reference, ...]
    beside: Mapping[str, str]
    entry: int | None

    @property
    def left(self) -> bool:
        """Whether anything of it is still here."""
        return self.stored or bool(self.files) or self.salt is not None


def look_up(store: Store, sha256s: Iterable[str], file: Path | None = None) -> list[Content]:
    """Return what is known of contents. file: one of them, where no note says which salt is its own.

    ShinraiError where a digest is not one, is that of a signed statement, or is named by nothing in the log.
    """
    wanted = sorted(set(sha256s))
    if not wanted or not all(SHA256_HEX.fullmatch(sha256) for sha256 in wanted):
        raise ShinraiError(
            message("A content is named by its SHA-256 in lowercase hex."),
            fix=message("The statements that rest on it name it so; see the manifest of a bundle."),
        )
    stored, named, told = _database(store, wanted)
    salts = {sha256: salted_as(store.home, sha256) for sha256 in wanted}
    if file is not None:
        salts |= _of_file(store.home, wanted, file)
    erased = store.erased()
    files = copies(store.home, wanted)
    found = []
    for sha256 in wanted:
        if sha256 not in erased and sha256 not in stored and not named[sha256]:
            raise ShinraiError(
                message("No statement in the log names the content {digest}.", digest=sha256),
                fix=message("Contents are named by their SHA-256; see the manifest of a bundle."),
            )
        names, here = told[sha256], tuple(files[sha256])
        own = next((name for name, digest in names if digest == sha256), None)
        beside = {name: digest for name, digest in names if digest not in wanted}
        rests = tuple(named[sha256])
        known = Content(sha256, own, sha256 in stored, here, salts[sha256], rests, beside, erased.get(sha256))
        found.append(known)
    return found


def erase(store: Store, contents: Sequence[Content], reason: str, now: datetime) -> dict[str, int]:
    """Erase contents; returns for each the entry that declares it. A content erased before keeps its first entry.

    reason: why, in words that name nobody. The head of the log is published at the end.
    """
    said = check_reason(reason)
    fresh = [each for each in contents if each.entry is None]
    if fresh:
        ensure_trust(store.home, store, {}, now)
    admin = load_signer(store.home.keys, "admin") if fresh else None
    # One for each, so that a reader sees from the log alone which bundles it concerns.
    statements = [withheld_statement([each.sha256], said, timestamp(now)) for each in fresh]
    indexes = store.withhold([sign(statement, admin) for statement in statements] if admin else [])
    for each in contents:
        for place in each.files:
            _remove(place)
        if each.salt is not None:
            erase_salt(store.home, each.salt, each.sha256)
    store.publish()
    done = {each.sha256: index for each, index in zip(fresh, indexes, strict=True)}
    return {each.sha256: done.get(each.sha256, each.entry or 0) for each in contents}


def copies(home: Home, sha256s: Iterable[str]) -> dict[str, list[Path]]:
    """Return the files and folders of a data folder that hold contents, those last that a content is found by."""
    wanted = set(sha256s)
    found: dict[str, list[Path]] = {sha256: [] for sha256 in wanted}
    if not wanted:
        return found
    for place in sorted((home.path / RUNS).rglob(SAMPLES)):
        for sha256 in wanted & set(_digests(home, place)):
            # A folder below it holds a content of its own, such as the replies of a judge.
            held = [each for each in sorted(place.parent.iterdir()) if not (each / SAMPLES).is_file()]
            found[sha256] += [*(each for each in held if each != place), place]
    for archive in sorted(home.path.rglob("*.zip")):
        for sha256 in wanted & _inside(archive):
            found[sha256].append(archive)
    return found


def _digests(home: Home, file: Path) -> Iterator[str]:
    """Yield the digest of a file and, where its salt is kept, that of salt and file."""
    plain = _sha256(b"", file)
    yield plain
    salt = salt_of(home, plain)
    if salt is not None:
        yield _sha256(salt, file)


def _sha256(before: bytes, file: Path) -> str:
    digest = hashlib.sha256(before)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _inside(archive: Path) -> set[str]:
    """Return the digests of the contents in a bundle or in the case of a council round."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
    except (OSError, ValueError, zipfile.BadZipFile):
        return set()
    return {name.rpartition("/")[2] for name in names if name.startswith("blobs/sha256/")}


def _of_file(home: Home, wanted: Sequence[str], file: Path) -> dict[str, str]:
    if not file.is_file():
        raise ShinraiError(message("There is no file {path}.", path=file))
    plain = _sha256(b"", file)
    salt = salt_of(home, plain)
    named = plain if salt is None else _sha256(salt, file)
    if named not in wanted:
        raise ShinraiError(
            message("{path} is not what any of these digests stands for.", path=file),
            fix=message("Name the file as it was when it was assessed, and the digest that statements give for it."),
        )
    return {} if salt is None else {named: plain}


def _database(
    store: Store, wanted: Sequence[str]
) -> tuple[set[str], dict[str, list[Reference]], dict[str, list[tuple[str, str]]]]:
    """Return what the database holds, which statements name each digest, and the items of those statements."""
    keys = [bytes.fromhex(sha256) for sha256 in wanted]
    named: dict[str, list[Reference]] = {sha256: [] for sha256 in wanted}
    told: dict[str, list[tuple[str, str]]] = {sha256: [] for sha256 in wanted}
    plans: dict[object, set[str]] = {}
    with refusals(), reading(store.engine) as db:
        held = select(blob.c.sha256).where(blob.c.sha256.in_(keys), blob.c.data.is_not(None))
        stored = {bytes(row[0]).hex() for row in db.execute(held)}
        for index, kind, payload, data in _statements(db):
            mine = {sha256 for sha256 in wanted if sha256.encode() in data}
            if not mine and kind != ASSESSMENT:
                continue
            about = _predicate(data)
            plan = about.get("plan") or payload
            # An assessment rests on what the evidence of its plan rests on, and names neither.
            mine |= plans.get(plan, set()) if kind == ASSESSMENT else set()
            plans[plan] = plans.get(plan, set()) | mine
            for sha256 in mine:
                named[sha256].append(_reference(index, kind, about))
                told[sha256] += _items(about)
    return stored, named, told


def _statements(db: Connection) -> Iterator[tuple[int, str, str, bytes]]:
    """Yield index, type, digest and bytes of each statement once, in the order of the log; no declaration."""
    leaf, seen = log_leaf.c, set[bytes]()
    query = select(leaf.idx, leaf.predicate_type, leaf.payload, blob.c.data).join(blob, blob.c.sha256 == leaf.payload)
    asked = query.where(leaf.log_id == LOG_ID, leaf.predicate_type != WITHHELD).order_by(leaf.idx)
    for row in db.execute(asked.execution_options(yield_per=_AT_ONCE)):
        payload = bytes(row.payload)
        if payload not in seen:
            # Several signatures make several entries of one statement.
            seen.add(payload)
            yield int(row.idx), str(row.predicate_type), payload.hex(), bytes(row.data or b"")


def _predicate(data: bytes) -> Mapping[str, object]:
    try:
        about = json.loads(data)["predicate"]
    except (ValueError, KeyError, TypeError):
        return {}
    return about if isinstance(about, dict) else {}


def _reference(index: int, kind: str, about: Mapping[str, object]) -> Reference:
    controls, bundle = about.get("controls"), about.get("bundle")
    shown = tuple(each for each in controls if isinstance(each, str)) if isinstance(controls, list) else ()
    return Reference(index, kind.removeprefix(NAMESPACE), shown, bundle if isinstance(bundle, str) else None)


def _items(about: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    items = about.get("items")
    for item in items if isinstance(items, list) else ():
        digest = item.get("digest") if isinstance(item, dict) else None
        if isinstance(digest, dict) and isinstance(digest.get("sha256"), str):
            yield str(item.get("name") or ""), digest["sha256"]


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    sync_folder(place.parent)
