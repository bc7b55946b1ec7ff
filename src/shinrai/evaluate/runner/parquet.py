"""The samples of a run as Parquet, in the order of the plan, for the evidence.

Two files with the same rows. `samples.parquet` holds what was asked and what came of it; its bytes depend on nothing
else, so that a run that was interrupted and resumed gives the same file as one that was not. `timings.parquet` holds
what differs between any two runs: when, how long, how many requests, and whether the answer was reused.

Every planned sample has a row. One that was never taken has a fault that says why.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from shinrai.evaluate.runner.journal import JournalError, read_lines
from shinrai.evaluate.runner.keys import prompt_parts
from shinrai.evaluate.runner.record import Taken, from_line
from shinrai.evaluate.sample import Answer, FaultKind, PlannedSample, Sample, SampleFault, ToolCall
from shinrai.language import Place, ShinraiError, message

SAMPLES = "samples.parquet"
TIMINGS = "timings.parquet"
FORMAT = "shinrai-samples-parquet/1"

_BUCKET = 32_768
_GROUP_ROWS = 8_192
_GROUP_BYTES = 8_388_608
_READ_ROWS = 4096
_HEAD = struct.Struct("<QI")

_CALL = pa.struct([("name", pa.string()), ("arguments", pa.string())])
_ANSWER = pa.struct(
    [
        ("text", pa.string()),
        ("finish", pa.string()),
        ("tool_calls", pa.list_(_CALL)),
        ("model", pa.string()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
    ]
)
_SAMPLE_SCHEMA = pa.schema(
    [
        ("key", pa.binary(32)),
        ("suite", pa.string()),
        ("probe", pa.string()),
        ("variation", pa.string()),
        ("repeat", pa.int32()),
        ("cluster", pa.string()),
        ("prompt", pa.string()),
        ("answers", pa.list_(_ANSWER)),
        ("fault", pa.string()),
        ("fault_detail", pa.string()),
        ("fault_status", pa.int32()),
    ],
    metadata={"shinrai": FORMAT},
)
_TIMING_SCHEMA = pa.schema(
    [
        ("started_at", pa.timestamp("us", tz="UTC")),
        ("attempts", pa.int32()),
        ("seconds", pa.list_(pa.float32())),
        ("reused", pa.bool_()),
    ],
    metadata={"shinrai": FORMAT},
)
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class EvidenceFiles:
    """The files of a run. missing: planned samples that were never taken."""

    samples: Path
    timings: Path
    rows: int
    missing: int


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One row of the evidence. prompt: what was asked, as the JSON text that went into the key."""

    suite: str
    probe: str
    variation: str | None
    repeat: int
    cluster: str
    prompt: str
    sample: Sample


def write_evidence(
    journals: Sequence[Path],
    plan: Iterable[PlannedSample],
    folder: Path,
    *,
    missing: FaultKind = FaultKind.CANCELLED,
) -> EvidenceFiles:
    """Write the two files into a folder.

    journals: of one run; several where machines shared it. Of two records of a position an answer wins over a fault,
    otherwise the later one. plan: as it was run. missing: why samples without a record were not taken.
    JournalError: a journal was changed, or is not of this plan.
    """
    with TemporaryDirectory(dir=folder, prefix=".samples-") as name, ExitStack() as opened:
        buckets = _spill(journals, Path(name), opened)
        bucket = _Bucket(None)
        with _Writer(Path(name), missing) as writer:
            for position, planned in enumerate(plan):
                if position % _BUCKET == 0:
                    if bucket.unread:
                        raise _other_plan(journals)
                    bucket = _Bucket(buckets.pop(position // _BUCKET, None))
                taken = bucket.find(position)
                if taken is not None and taken.sample.key != planned.key:
                    raise _other_plan(journals)
                writer.add(planned, taken)
        if buckets or bucket.unread:
            raise _other_plan(journals)
        for file in (SAMPLES, TIMINGS):
            (Path(name) / file).replace(folder / file)
    return EvidenceFiles(folder / SAMPLES, folder / TIMINGS, writer.rows, writer.missing)


def read_evidence(samples: Path, timings: Path | None = None) -> Iterator[EvidenceRow]:
    """Read the rows in the order of the plan, a few thousand in memory at a time.

    Without timings, times and attempts read as zero. ShinraiError: a file is no such evidence.
    """
    try:
        whole = pq.ParquetFile(samples)
        timed = None if timings is None else pq.ParquetFile(timings)
        if whole.schema_arrow != _SAMPLE_SCHEMA or (timed and timed.schema_arrow != _TIMING_SCHEMA):
            raise _no_evidence(samples)
        if timed and timed.metadata.num_rows != whole.metadata.num_rows:
            raise _no_evidence(samples)
        clock = None if timed is None else _each(timed)
        for row in _each(whole):
            yield _row(row, next(clock) if clock else {})
    except (OSError, pa.ArrowException, ValueError) as error:
        raise _no_evidence(samples) from error


def _spill(journals: Sequence[Path], folder: Path, opened: ExitStack) -> dict[int, BinaryIO]:
    """Sort the records by parts of the plan that fit into memory, one file each."""
    buckets: dict[int, BinaryIO] = {}
    for journal in journals:
        for _, lines in read_lines(journal):
            for line in lines:
                # The position is the first element of the record's array.
                position = int(line[1 : line.index(b",")])
                number = position // _BUCKET
                if number not in buckets:
                    buckets[number] = opened.enter_context((folder / f"{number}.lines").open("w+b"))
                buckets[number].write(_HEAD.pack(position, len(line)) + line)
    return buckets


class _Bucket:
    """The records of one part of the plan; only where they are is in memory."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file
        self._places: dict[int, list[int]] = {}
        if file is None:
            return
        at, size = 0, file.seek(0, os.SEEK_END)
        while at < size:
            file.seek(at)
            position, length = _HEAD.unpack(file.read(_HEAD.size))
            self._places.setdefault(position, []).append(at)
            at += _HEAD.size + length

    @property
    def unread(self) -> bool:
        """Whether there are records that nobody asked for."""
        return bool(self._places)

    def find(self, position: int) -> Taken | None:
        """Return the record of a position, once."""
        best = None
        for at in self._places.pop(position, ()):
            taken = self._read(at)
            if best is None or taken.sample.fault is None or best.sample.fault is not None:
                best = taken
        return best

    def _read(self, at: int) -> Taken:
        assert self._file is not None  # noqa: S101  (a place was found in it)
        self._file.seek(at)
        _, length = _HEAD.unpack(self._file.read(_HEAD.size))
        return from_line(self._file.read(length))


class _Writer:
    """Writes rows in groups whose borders depend on the content alone."""

    def __init__(self, folder: Path, missing: FaultKind) -> None:
        self.rows = 0
        self.missing = 0
        self._never_taken = SampleFault(missing, "the run ended before this sample")
        self._bytes = 0
        self._planned: list[PlannedSample] = []
        self._prompts: list[str] = []
        self._taken: list[Taken] = []
        self._samples = _parquet(folder / SAMPLES, _SAMPLE_SCHEMA)
        self._timings = _parquet(folder / TIMINGS, _TIMING_SCHEMA)

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
        self._samples.close()
        self._timings.close()

    def add(self, planned: PlannedSample, taken: Taken | None) -> None:
        """Take a row."""
        if taken is None:
            self.missing += 1
            taken = Taken(self.rows, Sample(planned.key, (), self._never_taken, 0, 0.0), False)
        prompt = _encode(prompt_parts(planned.prompt)).decode()
        self.rows += 1
        self._planned.append(planned)
        self._prompts.append(prompt)
        self._taken.append(taken)
        self._bytes += len(prompt) + sum(len(answer.text) for answer in taken.sample.answers)
        if len(self._taken) >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._taken:
            samples = [taken.sample for taken in self._taken]
            self._samples.write_table(_sample_table(self._planned, self._prompts, samples))
            self._timings.write_table(_timing_table(self._taken))
        self._planned, self._prompts, self._taken, self._bytes = [], [], [], 0


def _parquet(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Statistics of random keys and of texts would only make the file larger.
    return pq.ParquetWriter(file, schema, compression="zstd", compression_level=6, write_statistics=False)


def _sample_table(planned: Sequence[PlannedSample], prompts: Sequence[str], samples: Sequence[Sample]) -> pa.Table:
    faults = [sample.fault for sample in samples]
    columns = [
        pa.array([bytes.fromhex(sample.key) for sample in samples], pa.binary(32)),
        pa.array([one.suite for one in planned], pa.string()),
        pa.array([one.probe for one in planned], pa.string()),
        pa.array([one.variation for one in planned], pa.string()),
        pa.array([one.repeat for one in planned], pa.int32()),
        pa.array([one.cluster for one in planned], pa.string()),
        pa.array(prompts, pa.string()),
        _answers([sample.answers for sample in samples]),
        pa.array([fault and fault.kind.value for fault in faults], pa.string()),
        pa.array([fault and fault.detail for fault in faults], pa.string()),
        pa.array([fault and fault.status for fault in faults], pa.int32()),
    ]
    return pa.Table.from_arrays(columns, schema=_SAMPLE_SCHEMA)


def _answers(given: Sequence[Sequence[Answer]]) -> pa.Array:
    """Return the answers as a list column, built from flat columns: ten times faster than from dictionaries."""
    flat = [answer for answers in given for answer in answers]
    calls = [call for answer in flat for call in answer.tool_calls]
    call_columns = [pa.array([c.name for c in calls], pa.string()), pa.array([c.arguments for c in calls], pa.string())]
    columns = [
        pa.array([answer.text for answer in flat], pa.string()),
        pa.array([answer.finish for answer in flat], pa.string()),
        _lists([answer.tool_calls for answer in flat], pa.StructArray.from_arrays(call_columns, fields=list(_CALL))),
        pa.array([answer.model for answer in flat], pa.string()),
        pa.array([answer.input_tokens for answer in flat], pa.int64()),
        pa.array([answer.output_tokens for answer in flat], pa.int64()),
    ]
    return _lists(given, pa.StructArray.from_arrays(columns, fields=list(_ANSWER)))


def _lists(lengths_of: Sequence[Sequence[object]], values: pa.Array) -> pa.Array:
    ends = accumulate((len(part) for part in lengths_of), initial=0)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values)


def _timing_table(taken: Sequence[Taken]) -> pa.Table:
    samples = [one.sample for one in taken]
    seconds = pa.array([answer.seconds for sample in samples for answer in sample.answers], pa.float32())
    columns = [
        pa.array([round(sample.started_at * 1_000_000) for sample in samples], pa.timestamp("us", tz="UTC")),
        pa.array([sample.attempts for sample in samples], pa.int32()),
        _lists([sample.answers for sample in samples], seconds),
        pa.array([one.reused for one in taken], pa.bool_()),
    ]
    return pa.Table.from_arrays(columns, schema=_TIMING_SCHEMA)


def _each(file: pq.ParquetFile) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(batch_size=_READ_ROWS):
        yield from batch.to_pylist()


def _row(row: Mapping[str, Any], clock: Mapping[str, Any]) -> EvidenceRow:
    fault = (
        None if row["fault"] is None else SampleFault(FaultKind(row["fault"]), row["fault_detail"], row["fault_status"])
    )
    seconds = clock.get("seconds") or [0.0] * len(row["answers"])
    answers = tuple(
        Answer(
            text=answer["text"],
            finish=answer["finish"],
            tool_calls=tuple(ToolCall(call["name"], call["arguments"]) for call in answer["tool_calls"]),
            model=answer["model"],
            input_tokens=answer["input_tokens"],
            output_tokens=answer["output_tokens"],
            seconds=taken,
        )
        for answer, taken in zip(row["answers"], seconds, strict=True)
    )
    started = clock["started_at"].timestamp() if clock else 0.0
    sample = Sample(row["key"].hex(), answers, fault, clock.get("attempts", 0), started)
    return EvidenceRow(
        row["suite"], row["probe"], row["variation"], row["repeat"], row["cluster"], row["prompt"], sample
    )


def _no_evidence(file: Path) -> ShinraiError:
    return ShinraiError(
        message("The file is no evidence of samples, or was damaged."),
        fix=message("Take the file as the run has written it."),
        place=Place(str(file)),
    )


def _other_plan(journals: Sequence[Path]) -> JournalError:
    return JournalError(
        message("The journal was written for another plan."),
        fix=message("Give the plan that the run was made with."),
        place=Place(str(journals[-1])) if journals else None,
    )
