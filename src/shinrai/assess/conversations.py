"""Conversations of an assessment: which suites are put to which targets, how, and what of it is kept.

A conversation is a check like any other: it is planned, with its suite's bytes and its target's identity, before the
first question is asked, and leaves measurements and the samples that they were made from.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from shinrai.assess.judges import PlannedJudge, check_judge, planned_judge
from shinrai.assess.progress import Progress
from shinrai.evaluate.conversation import JUDGE, Conversed, converse, measurement_id, metric_of
from shinrai.evaluate.judging import JudgeSetting, wants_judge
from shinrai.evaluate.runner.parquet import SAMPLES
from shinrai.evaluate.runner.progress import Ending
from shinrai.evaluate.runner.progress import Progress as RunProgress
from shinrai.evaluate.runner.settings import Prices, RunSettings
from shinrai.evaluate.scorers.judge_file import read_judge
from shinrai.evaluate.suites import Suite, available_suites, read_suite, suite_file
from shinrai.evaluate.suites.reader import MAX_BYTES
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.chat_wire import Sampling
from shinrai.evaluate.targets.records import RecordColumns, RecordsTarget
from shinrai.evaluate.targets.references import is_reference, resolve
from shinrai.evaluate.targets.target import Target
from shinrai.language import ShinraiError, message, suggest
from shinrai.systems import ChatTarget as DescribedChat
from shinrai.systems import ConversationTarget as DescribedConversation
from shinrai.systems import Description, SuiteUse
from shinrai.systems import ModelTarget as DescribedModel
from shinrai.systems import RecordsTarget as DescribedRecords

PARQUET = "application/vnd.apache.parquet"
_LONGEST_ID = 128
_SECONDS_BETWEEN_STEPS = 5.0
_Path = tuple[str | int, ...]


@dataclass(frozen=True)
class ConversationCheck:
    """A suite that is put to a target.

    data: the suite's file. identity: JSON bytes of all of the target that can change an answer. judge: None where the
    target names none, or the suite asks for none.
    """

    target: str
    suite: Suite
    data: bytes
    described: DescribedConversation
    folder: Path
    identity: bytes
    judge: PlannedJudge | None = None

    @property
    def name(self) -> str:
        """The check's name in the plan: `<target>/<suite>`."""
        return f"{self.target}/{self.suite.id}"

    @property
    def limits(self) -> Mapping[str, str]:
        """The limits that the suite fixes: `<target>/<suite>/<metric>` -> decimal string."""
        return {
            f"{self.name}/{metric_of(used)}": repr(used.decision.rule.limit)
            for used in self.suite.scorers
            if used.decision is not None
        }


def conversations(
    description: Description, folder: Path, known: Mapping[str, bytes] | None = None
) -> dict[str, ConversationCheck]:
    """Return the conversations that a description asks for, by name; what cannot be put is a located error.

    known: target -> how it was asked, where it is not to be asked again and may not even be here.
    """
    found: dict[str, ConversationCheck] = {}
    digests: dict[str, str] = {}
    for name, described in description.targets.items():
        if not isinstance(described, DescribedConversation):
            continue
        identity = known[name] if known is not None else _identity(description, name, described, folder)
        asked = conversation_target(name, described, folder) if known is None else None
        places: list[_Path] = [("targets", name, "suites", number) for number in range(len(described.suites))]
        suites = [_suite(description, *each, folder) for each in zip(places, described.suites, strict=True)]
        # A judge that was not asked is no part of the evidence: where the asking is over, its files may not be here.
        wanted = known is None or any(wants_judge(suite) for suite, _ in suites)
        judge = planned_judge(description, name, described, folder, asked) if wanted else None
        for place, (suite, data) in zip(places, suites, strict=True):
            _check_ids(description, place, name, suite)
            if digests.setdefault(suite.id, suite.digest) != suite.digest:
                raise ShinraiError(
                    message("Two files go by the suite id “{id}”.", id=suite.id),
                    fix=message("Give one of the two an id of its own."),
                    place=description.place((*place, "id")),
                )
            asks = judge if wants_judge(suite) else None
            check = ConversationCheck(name, suite, data, described, folder, identity, asks)
            found[check.name] = check
    return found


def _identity(description: Description, name: str, described: DescribedConversation, folder: Path) -> bytes:
    if isinstance(described, DescribedRecords) and not (folder / described.file).is_file():
        raise ShinraiError(
            message("There is no file {path}.", path=described.file),
            fix=message("Correct the path, or make the file first."),
            place=description.place(("targets", name, "file")),
        )
    try:
        identity = conversation_target(name, described, folder).identity()
    except ShinraiError as error:
        raise ShinraiError(error.what, fix=error.fix, place=description.place(("targets", name))) from error
    return msgspec.json.encode(identity, order="sorted")


def _suite(description: Description, place: _Path, used: SuiteUse, folder: Path) -> tuple[Suite, bytes]:
    if used.file is None:
        if used.id not in available_suites():
            raise ShinraiError(
                message("There is no suite “{id}”.", id=used.id),
                fix=suggest(used.id, available_suites()) or message("See which there are: shinrai suites list"),
                place=description.place((*place, "id")),
            )
        data, name = suite_file(used.id), f"{used.id}.yaml"
    else:
        file, name = folder / used.file, str(used.file)
        if not file.is_file():
            raise ShinraiError(
                message("There is no file {path}.", path=used.file),
                fix=message("Correct the path, or make the file first."),
                place=description.place((*place, "file")),
            )
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    suite = read_suite(data, name)
    if (suite.id, suite.version) != (used.id, used.version):
        raise ShinraiError(
            message(
                "The file holds {found}, the description names {asked}.",
                found=f"{suite.id} {suite.version}",
                asked=f"{used.id} {used.version}",
            ),
            fix=message("Correct id and version here, or the path."),
            place=description.place(place),
        )
    return suite, data


def _check_ids(description: Description, place: _Path, target: str, suite: Suite) -> None:
    for used in suite.scorers:
        if len(measurement_id(target, suite, used)) > _LONGEST_ID:
            raise ShinraiError(
                message("The names of target, suite and scorer ({scorer}) are too long together.", scorer=used.name),
                fix=message("Shorten the target's name, or the names in the suite."),
                place=description.place(place),
            )


def check_references(description: Description, folder: Path) -> None:
    """Refuse a description whose keys lead nowhere, before anything is asked. folder: where the description is."""
    for name, described in description.targets.items():
        if isinstance(described, DescribedConversation) and described.judge is not None:
            check_judge(description, name, read_judge(folder / described.judge.file))
        if not isinstance(described, DescribedChat):
            continue
        named: list[tuple[_Path, str | None]] = [(("key",), described.key)]
        named += [(("headers", header), value) for header, value in described.headers.items() if is_reference(value)]
        for path, reference in named:
            try:
                if reference is not None:
                    resolve(reference)
            except ShinraiError as error:
                place = description.place(("targets", name, *path))
                raise ShinraiError(error.what, fix=error.fix, place=place) from error


def conversation_target(name: str, described: DescribedConversation, folder: Path) -> Target:
    """Return a described target as the evaluate room takes it; folder: where the description is."""
    if isinstance(described, DescribedRecords):
        return RecordsTarget(name, folder / described.file, RecordColumns(**described.columns.model_dump()))
    if isinstance(described, DescribedModel):
        return _local_model(name, described, folder)
    if not isinstance(described, DescribedChat):
        raise TypeError(f"{name} is no target that answers")
    drawn = described.sampling
    return ChatTarget(
        id=name,
        url=described.address,
        model=described.model,
        key=described.key,
        sampling=Sampling(drawn.temperature, drawn.top_p, drawn.max_tokens, drawn.seed, drawn.stop),
        system=described.system,
        headers=dict(described.headers),
        stream=described.stream,
    )


def _local_model(name: str, described: DescribedModel, folder: Path) -> Target:
    from shinrai.evaluate.targets.huggingface import HuggingFaceTarget

    drawn = described.sampling
    limits: dict[str, Any] = {"top_p": drawn.top_p, "max_new_tokens": drawn.max_tokens, "seed": drawn.seed}
    return HuggingFaceTarget(
        id=name,
        folder=folder / described.folder,
        system=described.system,
        # At 0 the most likely token is taken each time, which is what a model without a temperature does.
        temperature=drawn.temperature or None,
        batch=described.batch,
        device=described.device,
        **{field: limit for field, limit in limits.items() if limit is not None},
    )


def run_settings(described: DescribedConversation) -> RunSettings:
    """Return how fast, how long and for how much a target is asked."""
    if isinstance(described, DescribedModel):
        return RunSettings(deadline_seconds=described.deadline_seconds)
    if not isinstance(described, DescribedChat):
        return RunSettings()
    limits, prices = described.limits, described.limits.prices
    return RunSettings(
        most_in_flight=limits.in_flight,
        deadline_seconds=limits.deadline_seconds,
        requests_per_minute=limits.requests_per_minute,
        tokens_per_minute=limits.tokens_per_minute,
        prices=Prices(prices.input, prices.output, prices.currency) if prices else None,
        cost_limit=limits.cost_limit,
    )


def samples_file(home: Path, run: str, check: str) -> Path:
    """Return where the samples of a check are kept: the same place for the same run, so that it goes on there."""
    return _folder(home, run, check) / SAMPLES


def _folder(home: Path, run: str, check: str) -> Path:
    # A digest, because an id of a suite may be longer than a file system lets a name be.
    return home / "runs" / run.replace(":", "-") / hashlib.sha256(check.encode()).hexdigest()[:32]


def judge_file(home: Path, run: str, check: str) -> Path:
    """Return where the replies of a check's judge are kept."""
    return _folder(home, run, check) / JUDGE / SAMPLES


def converse_with(
    check: ConversationCheck,
    home: Path,
    run: str,
    progress: Progress,
    position: tuple[int, int],
    judge: JudgeSetting | None,
) -> Conversed:
    """Put a suite to its target, going on where an earlier attempt of the run stopped.

    judge: of the check, with its calibration read.

    KeyboardInterrupt where the user broke it off: what was answered is kept, and no number is made of it yet.
    """
    described = check.described
    done = converse(
        check.suite,
        conversation_target(check.target, described, check.folder),
        _folder(home, run, check.name),
        settings=run_settings(described),
        seed=described.seed,
        repeats=described.repeats,
        judge=judge,
        progress=_steps(check, progress, position),
    )
    if done.summary.ending is Ending.CANCELLED:
        raise KeyboardInterrupt
    return done


class _steps:  # noqa: N801  (a function with a memory)
    """Tell how far a conversation is, not more often than a log bears."""

    def __init__(self, check: ConversationCheck, progress: Progress, position: tuple[int, int]) -> None:
        self._check, self._progress, self._position = check, progress, position
        self._told = monotonic()

    def __call__(self, now: RunProgress) -> None:
        """Pass a run's progress on."""
        if monotonic() - self._told < _SECONDS_BETWEEN_STEPS:
            return
        self._told = monotonic()
        step = message(
            "{target}: {check}, {taken} of {planned} samples",
            target=self._check.target,
            check=self._check.suite.title,
            taken=now.taken,
            planned="?" if now.planned is None else now.planned,
        )
        self._progress(step, *self._position)


def judges(checks: Mapping[str, ConversationCheck]) -> Iterator[tuple[str, PlannedJudge]]:
    """Yield the judges that are going to be asked, once for each target."""
    yield from {check.target: check.judge for check in checks.values() if check.judge is not None}.items()


def identities(checks: Mapping[str, ConversationCheck]) -> Iterator[tuple[str, bytes]]:
    """Yield how each target is asked, once for each target."""
    yield from {check.target: check.identity for check in checks.values()}.items()
