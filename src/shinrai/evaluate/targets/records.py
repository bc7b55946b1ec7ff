"""Questions and answers that were already collected, so that a system can be evaluated without access to it.

JSONL, CSV and Parquet, by the end of the file's name. A record belongs to a sample by the id of its probe where the
file has such a column, by the text of the question otherwise. What is not in the file is NOT_RECORDED: never an empty
answer. In CSV an empty cell is no answer, as CSV cannot say the difference.
"""

import asyncio
import csv
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample
from shinrai.evaluate.targets.target import TargetError, Watch, next_text
from shinrai.evaluate.targets.values import shown
from shinrai.language import Message, Place, ShinraiError, message, suggest

_LONGEST_ANSWER = 1_048_576
_LONGEST_LINE = 16_777_216


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """Names of the columns (fields). answer is needed, and question or probe; the others are used where named.

    repeat and turn count from 0 and are 0 without a column; variation is none without one.
    """

    answer: str = "answer"
    question: str | None = "question"
    probe: str | None = None
    variation: str | None = None
    repeat: str | None = None
    turn: str | None = None
    model: str | None = None

    def named(self) -> dict[str, str]:
        """Return the columns that are read, by what they hold."""
        asked = {"question": None if self.probe else self.question, "probe": self.probe}
        others = {"variation": self.variation, "repeat": self.repeat, "turn": self.turn, "model": self.model}
        return {role: name for role, name in {"answer": self.answer, **asked, **others}.items() if name is not None}


@dataclass(frozen=True, slots=True)
class Record:
    """One answer that was collected. row: counted from 1 below the header. answer: None where there is none."""

    row: int
    asked: str
    variation: str | None
    repeat: int
    turn: int
    answer: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class RecordsTarget:
    """Where the answers are."""

    id: str
    file: Path
    columns: RecordColumns = field(default_factory=RecordColumns)

    @property
    def most_at_once(self) -> int | None:
        """There is nobody to be overloaded."""
        return None

    def identity(self) -> Mapping[str, object]:
        """Return the digest of the file and how it is read; its name is no part of an answer."""
        try:
            with self.file.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(self.file, error) from None
        return {"kind": "records", "sha256": digest, "columns": self.columns.named()}

    @asynccontextmanager
    async def open(self) -> AsyncIterator["RecordsRespondent"]:
        """Read the file. ShinraiError with its row: something in it is wrong, or two records contradict each other."""
        found: dict[bytes, tuple[str, str | None]] = {}
        for record in read_records(self.file, self.columns):
            if record.answer is None:
                continue
            place = _place(record.asked, record.variation, record.repeat, record.turn)
            if found.setdefault(place, (record.answer, record.model)) != (record.answer, record.model):
                raise _in_row(
                    self.file,
                    record.row,
                    message("An earlier row has another answer to the same question."),
                    message("Name columns that tell them apart: `probe`, `repeat`, `turn`."),
                )
        yield RecordsRespondent(self.columns, found)


class RecordsRespondent:
    """The answers of a file, by what was asked."""

    def __init__(self, columns: RecordColumns, found: Mapping[bytes, tuple[str, str | None]]) -> None:
        self._by_probe = columns.probe is not None
        self._varied = columns.variation is not None or columns.probe is None
        self._columns = columns
        self._found = found

    async def reply(self, sample: PlannedSample, answers: Sequence[Answer], watch: Watch) -> Answer:
        """Look the answer up; see Respondent."""
        # Others want to go on, too: looking up waits for nobody, and there may be millions of records.
        await asyncio.sleep(0)
        watch.heard = None
        # The answer to the probe is none to its variation, which is another question under the same id.
        known = self._varied or sample.variation is None
        asked = sample.probe if self._by_probe else next_text(sample, answers)
        variation = sample.variation if self._columns.variation else None
        found = self._found.get(_place(asked, variation, sample.repeat, len(answers))) if known else None
        if found is None:
            raise TargetError(FaultKind.NOT_RECORDED, "no answer is recorded")
        return Answer(found[0], model=found[1])


def read_records(file: Path, columns: RecordColumns) -> Iterator[Record]:
    """Read the records one by one. ShinraiError with file and row: see the message."""
    read = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}.get(file.suffix.lower())
    if read is None:
        raise ShinraiError(
            message("Records are read from .jsonl, .csv and .parquet files."),
            fix=message("Save them as one of these."),
            place=Place(str(file)),
        )
    named = columns.named()
    if not columns.probe and not columns.question:
        raise ShinraiError(
            message("Neither a column with the question nor one with the probe is named."),
            fix=message("Name one of them."),
            place=Place(str(file)),
        )
    try:
        for row, fields in enumerate(read(file, named), start=1):
            yield _record(file, row, named, fields)
    except OSError as error:
        raise _unreadable(file, error) from None


def _record(file: Path, row: int, named: Mapping[str, str], fields: Mapping[str, Any]) -> Record:
    def text(role: str) -> str | None:
        value = fields.get(named[role]) if role in named else None
        if value is not None and not isinstance(value, str):
            raise _in_row(file, row, message("The value is no text."), message("Write it as text."), named[role])
        return value

    def number(role: str) -> int:
        value = fields.get(named[role]) if role in named else 0
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _in_row(file, row, message("The value is no whole number."), message("Count from 0."), named[role])
        return value

    asked = text("probe" if "probe" in named else "question")
    answer = text("answer")
    if asked is None:
        column = named["probe" if "probe" in named else "question"]
        raise _in_row(file, row, message("The row does not say what was asked."), message("Fill it in."), column)
    if answer is not None and len(answer) > _LONGEST_ANSWER:
        raise _in_row(
            file,
            row,
            message("The answer is too long."),
            message("Keep it below a million characters."),
            named["answer"],
        )
    return Record(row, asked, text("variation"), number("repeat"), number("turn"), answer, text("model"))


def _jsonl(file: Path, named: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    with file.open("rb") as lines:
        row = 0
        while line := lines.readline(_LONGEST_LINE):
            row += 1
            try:
                fields = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
                raise _in_row(
                    file, row, message("The line is no JSON object."), message("Write one object a line.")
                ) from None
            if named["answer"] not in fields:
                raise _missing_column(file, named["answer"], fields, row)
            yield fields


def _csv(file: Path, named: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    before = csv.field_size_limit(_LONGEST_LINE)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            for name in named.values():
                if name not in (reader.fieldnames or ()):
                    raise _missing_column(file, name, reader.fieldnames or ())
            row = 0
            for row, fields in enumerate(reader, start=1):
                if None in fields or None in fields.values():
                    raise _in_row(
                        file,
                        row,
                        message("The row has another number of cells than the header."),
                        message("Quote texts that hold commas or line breaks."),
                    )
                yield {name: value or None for name, value in fields.items()}
    except (csv.Error, UnicodeDecodeError):
        raise ShinraiError(
            message("The file is no CSV in UTF-8."), fix=message("Save it as CSV UTF-8."), place=Place(str(file))
        ) from None
    finally:
        csv.field_size_limit(before)


def _parquet(file: Path, named: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    try:
        opened = pq.ParquetFile(file)
        for name in named.values():
            if name not in opened.schema_arrow.names:
                raise _missing_column(file, name, opened.schema_arrow.names)
        for batch in opened.iter_batches(batch_size=1024, columns=list(named.values())):
            yield from batch.to_pylist()
    except pa.ArrowException:
        raise ShinraiError(
            message("The file is no Parquet file."), fix=message("Write it again."), place=Place(str(file))
        ) from None


def _place(asked: str, variation: str | None, repeat: int, turn: int) -> bytes:
    return hashlib.sha256(msgspec.json.encode((asked, variation, repeat, turn))).digest()[:16]


def _missing_column(
    file: Path, name: str, known: Sequence[str] | Mapping[str, Any], row: int | None = None
) -> ShinraiError:
    listed = message("The file has: {columns}.", columns=", ".join(shown(column) for column in list(known)[:30]))
    return ShinraiError(
        message("There is no column “{column}” in the records.", column=shown(name)),
        fix=suggest(name, known) or listed,
        place=Place(str(file), field=shown(name), row=row),
    )


def _in_row(file: Path, row: int, what: Message, fix: Message, column: str | None = None) -> ShinraiError:
    return ShinraiError(what, fix=fix, place=Place(str(file), field=None if column is None else shown(column), row=row))


def _unreadable(file: Path, error: OSError) -> ShinraiError:
    return ShinraiError(
        message("The file with the records cannot be read: {reason}.", reason=error.strerror or "I/O error"),
        fix=message("Check the path and who may read it."),
        place=Place(str(file)),
    )
