"""A sample as one line of the journal, and back.

A record is a JSON array, since names would be two thirds of its bytes. Its fields are those of Taken, in their order.
"""

from typing import Annotated, NamedTuple

import msgspec

from shinrai.evaluate.sample import Answer, FaultKind, Sample, SampleFault, ToolCall


class Taken(NamedTuple):
    """A sample that was taken. position: in the plan, from 0. reused: its answers come from an earlier run."""

    position: int
    sample: Sample
    reused: bool


class _Call(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    name: str
    arguments: str


class _Answer(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    text: str
    finish: str | None
    tool_calls: list[_Call]
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    seconds: float


class _Fault(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    kind: FaultKind
    detail: str
    status: int | None


class _Record(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    position: Annotated[int, msgspec.Meta(ge=0, lt=2**40)]
    key: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    answers: list[_Answer]
    fault: _Fault | None
    attempts: int
    started_at: float
    reused: bool


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Record).decode


def to_line(taken: Taken) -> bytes:
    """Return the record without a line end; times are kept to the microsecond."""
    position, sample, reused = taken
    fault = sample.fault
    return _encode(
        (
            position,
            sample.key,
            [
                (
                    answer.text,
                    answer.finish,
                    [(call.name, call.arguments) for call in answer.tool_calls],
                    answer.model,
                    answer.input_tokens,
                    answer.output_tokens,
                    round(answer.seconds, 6),
                )
                for answer in sample.answers
            ],
            None if fault is None else (fault.kind.value, fault.detail, fault.status),
            sample.attempts,
            round(sample.started_at, 6),
            reused,
        )
    )


def from_line(line: bytes) -> Taken:
    """Read a record; ValueError where it is none."""
    try:
        record = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not a record of a sample") from error
    fault = record.fault
    sample = Sample(
        key=record.key,
        answers=tuple(
            Answer(
                text=answer.text,
                finish=answer.finish,
                tool_calls=tuple(ToolCall(call.name, call.arguments) for call in answer.tool_calls),
                model=answer.model,
                input_tokens=answer.input_tokens,
                output_tokens=answer.output_tokens,
                seconds=answer.seconds,
            )
            for answer in record.answers
        ),
        fault=None if fault is None else SampleFault(fault.kind, fault.detail, fault.status),
        attempts=record.attempts,
        started_at=record.started_at,
    )
    return Taken(record.position, sample, record.reused)
