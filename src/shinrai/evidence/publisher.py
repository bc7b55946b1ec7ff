"""The publisher: signs heads of the log, each a continuation of the last one it signed, and nothing else.

It does not take the database's word. The peaks of the last signed tree must hash to the root it remembers, every entry
since is hashed anew from its bytes, and only the head that comes out is signed. Publishers on several machines wait for
each other in the database; one whose memory is older than what the database shows as signed refuses, for then somebody
else signs with its key, or its memory was set back.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert, select, update

from shinrai.evidence.cosignatures import split_note
from shinrai.evidence.database import refusals
from shinrai.evidence.faults import in_words
from shinrai.evidence.high_water import HighWaterMark
from shinrai.evidence.keys import Signer
from shinrai.evidence.log_keys import turns_in
from shinrai.evidence.merkle import Growing, root_from_peaks
from shinrai.evidence.nodes import MissingNodeError, peak_hashes, root_at
from shinrai.evidence.schema import LOG_ID, log, log_checkpoint, log_leaf
from shinrai.language import Message, ShinraiError, message
from shinrai_verify.encoding import Fault, unbase64
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import MAX_NOTE_SIGNATURES, Checkpoint, NoteKey, open_note, signature_line

_AT_ONCE = 2000


class LogFault(ShinraiError):  # noqa: N818  (a fault of the log, not of a call)
    """The log in the database is not the log that was signed."""


class Publisher:
    """Signs the heads of one log."""

    def __init__(self, engine: Engine, key: NoteKey, signer: Signer, mark: HighWaterMark) -> None:
        self._engine, self._key, self._signer, self.mark = engine, key, signer, mark

    def publish(self, *, adopt: bool = False) -> bytes:
        """Sign the present head and return the checkpoint note; the one there is where nothing was added since.

        adopt: take a newer checkpoint that the database shows, and that this key signed, for this publisher's memory;
        for a key folder that was restored from a backup. LogFault where the log does not continue what was signed.
        """
        with refusals(), self._engine.begin() as db, self.mark.held():
            size = hold(db)
            beyond = select(log_leaf.c.idx).where(log_leaf.c.log_id == LOG_ID, log_leaf.c.idx >= size).limit(1)
            if db.execute(beyond).first() is not None:
                raise _damaged(message("Entries lie beyond the size that the log has ({size}).", size=size))
            keys = self._in_turn(db, size)
            remembered, newest = self.mark.read(), self._newest(db, keys)
            if adopt:
                remembered = self._adopted(db, remembered, newest)
            signed = remembered or Checkpoint(self._key.name, 0, root([]))
            self._compare(signed, newest, forgotten=remembered is None)
            head = Checkpoint(self._key.name, size, self._continued(db, signed, size))
            if newest is not None and newest[0].size == size:
                return newest[1]
            note = head.text + "\n" + signature_line(self._key, self._signer.sign(head.text.encode()))
            self.mark.write(head)
            db.execute(insert(log_checkpoint).values(log_id=LOG_ID, size=size, root=head.root, note=note))
        return note.encode()

    def add_signatures(self, note: bytes, lines: Sequence[str]) -> bytes:
        """Keep signature lines (of witnesses) with a published checkpoint; returns the note with all of them.

        A line takes the place of an earlier one by the same key. The lines must have been verified by the caller.
        ShinraiError when there would be more than a note can carry.
        """
        with refusals(), self._engine.begin() as db:
            hold(db)
            keys = turns_in(db) or (self._key,)
            size = Checkpoint.parse(open_note(note, keys, "the checkpoint"), "the checkpoint").size
            where = (log_checkpoint.c.log_id == LOG_ID, log_checkpoint.c.size == size)
            text, known = split_note(str(db.execute(select(log_checkpoint.c.note).where(*where)).scalar_one()).encode())
            by_key = {_key_of(line): line for line in (*known, *lines)}
            if len(by_key) > MAX_NOTE_SIGNATURES:
                raise ShinraiError(
                    message("A checkpoint cannot carry more than {n} signatures.", n=MAX_NOTE_SIGNATURES),
                    fix=message("Name fewer witnesses in the policy."),
                )
            whole = text + "\n" + "".join(by_key.values())
            db.execute(update(log_checkpoint).where(*where).values(note=whole))
        return whole.encode()

    def _in_turn(self, db: Connection, size: int) -> tuple[NoteKey, ...]:
        """Return the keys of the log; LogFault where it is no longer this publisher's turn to sign."""
        keys = turns_in(db) or (self._key,)
        if keys[-1].public != self._key.public or not keys[-1].covers(size):
            raise LogFault(
                message(
                    "The key of the log was replaced; another one signs from {size} entries on.", size=keys[-1].since
                ),
                fix=message("Start this program again where the new key is: shinrai keys list"),
            )
        return keys

    def _newest(self, db: Connection, keys: Sequence[NoteKey]) -> tuple[Checkpoint, bytes] | None:
        """Return the newest checkpoint of the database, if one of the log's keys signed it in its turn."""
        query = select(log_checkpoint.c.note, log_checkpoint.c.size, log_checkpoint.c.root)
        row = db.execute(
            query.where(log_checkpoint.c.log_id == LOG_ID).order_by(log_checkpoint.c.size.desc()).limit(1)
        ).first()
        if row is None:
            return None
        try:
            note = str(row.note).encode()
            head = Checkpoint.parse(open_note(note, keys, "the checkpoint"), "the checkpoint")
        except Fault as fault:
            raise _damaged(
                message("The newest checkpoint in the database is not good: {fault}", fault=in_words(fault))
            ) from None
        if (head.size, head.root) != (row.size, row.root):
            raise _damaged(message("The newest checkpoint in the database is not the one that stands in its note."))
        return head, note

    def _adopted(
        self, db: Connection, remembered: Checkpoint | None, newest: tuple[Checkpoint, bytes] | None
    ) -> Checkpoint | None:
        if newest is None or (remembered is not None and remembered.size >= newest[0].size):
            return remembered
        before = remembered or Checkpoint(self._key.name, 0, root([]))
        if self._continued(db, before, newest[0].size) != newest[0].root:
            raise _not_continued(newest[0].size, before.size)
        self.mark.write(newest[0])
        return newest[0]

    def _compare(self, signed: Checkpoint, newest: tuple[Checkpoint, bytes] | None, *, forgotten: bool) -> None:
        if newest is None:
            return
        if forgotten or newest[0].size > signed.size:
            raise LogFault(
                message(
                    "The database shows a signed checkpoint of {size} entries; this publisher remembers {signed}.",
                    size=newest[0].size,
                    signed=signed.size,
                ),
                fix=message(
                    "Somebody else signs with this key, or {path} was lost or restored from a backup. If it was: "
                    "shinrai log publish --adopt",
                    path=self.mark.path,
                ),
            )
        if newest[0].size == signed.size and newest[0].root != signed.root:
            raise _not_continued(newest[0].size, signed.size)

    def _continued(self, db: Connection, signed: Checkpoint, size: int) -> bytes:
        """Return the root over `size` entries, from the peaks of what was signed and the bytes of what came since."""
        if signed.size > size:
            raise _not_continued(size, signed.size)
        try:
            known = peak_hashes(db, signed.size)
            if root_from_peaks(known) != signed.root:
                raise _not_continued(size, signed.size)
            tree = Growing(signed.size, known)
            while tree.size < size:
                self._take(db, tree, min(size, tree.size + _AT_ONCE))
            if root_at(db, size) != tree.root:
                raise _damaged(message("The stored tree does not match the entries."))
        except MissingNodeError as missing:
            raise _damaged(
                message(
                    "The hash {level}/{index} of the tree is missing.", level=missing.node[0], index=missing.node[1]
                )
            ) from None
        return tree.root

    @staticmethod
    def _take(db: Connection, tree: Growing, end: int) -> None:
        leaf = log_leaf.c
        query = select(leaf.idx, leaf.entry).where(leaf.log_id == LOG_ID, leaf.idx >= tree.size, leaf.idx < end)
        rows = db.execute(query.order_by(leaf.idx)).all()
        if [int(row.idx) for row in rows] != list(range(tree.size, end)):
            raise _damaged(message("Entries are missing between {start} and {end}.", start=tree.size, end=end - 1))
        for row in rows:
            tree.append(leaf_hash(row.entry if isinstance(row.entry, bytes) else str(row.entry).encode()))


def hold(db: Connection) -> int:
    """Take the log's row for this transaction, so that one at a time appends or publishes; returns the size."""
    return int(db.execute(select(log.c.size).where(log.c.log_id == LOG_ID).with_for_update()).scalar_one())


def _key_of(line: str) -> tuple[str, bytes]:
    """Return name and key id of a signature line."""
    name, _, encoded = line.removeprefix("— ").rstrip("\n").partition(" ")
    return name, unbase64(encoded, "the checkpoint", standard=True)[:4]


def _not_continued(size: int, signed: int) -> LogFault:
    return LogFault(
        message(
            "The log has {size} entries and does not continue the {signed} that were signed.", size=size, signed=signed
        ),
        fix=message("An old copy of the database was restored, or entries were changed. Restore the newest copy."),
    )


def _damaged(what: Message) -> LogFault:
    return LogFault(what, fix=message("See what is damaged: shinrai log fsck. Then restore the newest copy."))
