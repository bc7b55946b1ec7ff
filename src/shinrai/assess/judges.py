"""Judges of an assessment: read and checked before the first question is asked.

The description of a judge and its calibration are inputs of the plan. A judge at the address and with the model of the
system that it would judge is refused here; one that turns out to be it, when it reports its name, is refused then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shinrai.evaluate.judging import JudgeSetting
from shinrai.evaluate.scorers.judge import Judge
from shinrai.evaluate.scorers.judge_calibration import Calibration
from shinrai.evaluate.scorers.judge_file import read_judge
from shinrai.evaluate.scorers.judge_record import MAX_BYTES, read_calibration
from shinrai.evaluate.scorers.judge_waiver import Waiver, require_other_model
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.references import resolve
from shinrai.evaluate.targets.target import Target
from shinrai.language import ShinraiError, message
from shinrai.systems import ConversationTarget, Description


@dataclass(frozen=True)
class PlannedJudge:
    """A judge as it was planned. data, calibration_data: the bytes of its files; the second empty without one."""

    judge: Judge
    data: bytes
    calibration_data: bytes
    waiver: Waiver | None

    def setting(self, trusted: Mapping[str, bytes], on: date) -> JudgeSetting:
        """Return the judge as a conversation takes it, for a day.

        trusted: raw public keys by key id; ShinraiError where none of them signed the calibration.
        """
        known: Calibration | None = None
        if self.calibration_data:
            known = read_calibration(self.calibration_data, "calibration", trusted)
        return JudgeSetting(self.judge, known, self.waiver, on)


def planned_judge(
    description: Description, name: str, described: ConversationTarget, folder: Path, target: Target | None
) -> PlannedJudge | None:
    """Read the judge of a target, None where it names none; what is wrong with it is a located error.

    target: what is to be asked and may not be its own judge; None where the asking is over.
    """
    used = described.judge
    if used is None:
        return None
    place = ("targets", name, "judge")
    waiver = None
    if used.waiver is not None:
        waiver = Waiver(used.waiver.reason.bilingual, description.person(used.waiver.approver).name.en)
    data = _bytes(description, (*place, "file"), folder, used.file)
    calibration = _bytes(description, (*place, "calibration"), folder, used.calibration) if used.calibration else b""
    judge = read_judge(folder / used.file)
    try:
        if isinstance(target, ChatTarget):
            require_other_model(target, judge.target, waiver)
    except ShinraiError as error:
        raise ShinraiError(error.what, fix=error.fix, place=description.place(place)) from error
    return PlannedJudge(judge, data, calibration, waiver)


def check_judge(description: Description, name: str, judge: Judge) -> None:
    """Refuse a judge whose key leads nowhere."""
    try:
        if judge.target.key is not None:
            resolve(judge.target.key)
    except ShinraiError as error:
        raise ShinraiError(error.what, fix=error.fix, place=description.place(("targets", name, "judge"))) from error


def _bytes(description: Description, path: tuple[str | int, ...], folder: Path, file: str) -> bytes:
    if not (folder / file).is_file():
        raise ShinraiError(
            message("There is no file {path}.", path=file),
            fix=message("Correct the path, or make the file first."),
            place=description.place(path),
        )
    with (folder / file).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)
