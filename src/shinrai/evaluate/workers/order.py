"""What a shared run is: the suite, the target, the settings, and the plan that follows from them everywhere."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import msgspec

from shinrai import __version__
from shinrai.evaluate.conversation import planned_with
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample
from shinrai.evaluate.suites import available_suites, choose_suite, read_suite
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.references import is_reference
from shinrai.language import ShinraiError, message

CHUNK = 256
MOST_IN_CHUNK = 4096
_SECRETIVE = re.compile(r"key|token|secret|auth|cookie|passw|sig(nature)?$|code$", re.IGNORECASE)
_encode = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Order:
    """A run that is shared, as it stands in the database.

    version: of Shinrai, since another one may plan otherwise. suite_name: of its file. suite: its YAML text. repeats:
    None takes the suite's own. chunk: samples in a chunk. planned: samples of the whole plan. plan: SHA-256 over the
    keys of the plan, lowercase hex. label: tells apart runs that are otherwise the same. workers: at the same time at
    most; each keeps its share of the settings' limits for a minute.
    """

    version: str
    suite_name: str
    suite: str
    target: ChatTarget
    settings: RunSettings
    seed: int
    repeats: int | None
    chunk: int
    planned: int
    plan: str
    label: str = ""
    workers: int | None = None

    @property
    def id(self) -> str:
        """Sixteen hex digits that follow from everything in the order: the same command means the same run."""
        return hashlib.sha256(encoded(self)).hexdigest()[:16]

    @property
    def chunks(self) -> int:
        """Chunks of the plan."""
        return -(-self.planned // self.chunk)

    def span(self, number: int) -> tuple[int, int]:
        """Return the first position of a chunk, counted from 0, and the position after its last."""
        first = number * self.chunk
        return first, min(first + self.chunk, self.planned)


def order_for(
    suite: str,
    target: ChatTarget,
    settings: RunSettings | None = None,
    *,
    seed: int = 0,
    repeats: int | None = None,
    chunk: int = CHUNK,
    label: str = "",
    workers: int | None = None,
) -> tuple[Order, Sequence[PlannedSample]]:
    """Return the order of a run and its plan.

    suite: the id of one that comes with Shinrai, or a YAML file. ShinraiError: the suite cannot be read, a secret would
    go through the database, or a setting cannot be kept by several machines.
    """
    settings = settings or RunSettings()
    _check(target, settings, workers)
    choose_suite(suite)
    entry = files("shinrai.evaluate.suites") / "data" / f"{suite}.yaml" if suite in available_suites() else Path(suite)
    text = entry.read_bytes().decode("utf-8-sig")
    order = Order(__version__, entry.name, text, target, settings, seed, repeats, chunk, 0, "", label[:100], workers)
    samples = _samples(order)
    if not samples:
        raise ShinraiError(message("The suite plans no sample."), fix=message("Name a suite with probes."))
    return replace(order, planned=len(samples), plan=_digest(samples)), samples


def planned(order: Order) -> Sequence[PlannedSample]:
    """Return the plan of an order as this machine makes it. ShinraiError: it is not the plan that was shared."""
    if order.version != __version__:
        raise ShinraiError(
            message(
                "The run was shared by Shinrai {theirs}; this is {ours}, which may plan otherwise.",
                theirs=order.version[:40],
                ours=__version__,
            ),
            fix=message("Install the same version on every machine."),
        )
    samples = _samples(order)
    if len(samples) != order.planned or _digest(samples) != order.plan:
        raise ShinraiError(
            message("This machine makes another plan of the run than the one that was shared."),
            fix=message("Install the same version, extras and Python on every machine."),
        )
    return samples


def encoded(order: Order) -> bytes:
    """Return the order as JSON."""
    return _encode(order)


def decoded(text: bytes | str) -> Order:
    """Read an order. ShinraiError: it is none."""
    try:
        order = msgspec.json.decode(text, type=Order)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_order() from error
    if not (0 < order.chunk <= MOST_IN_CHUNK and 0 < order.planned < 2**31 and order.seed >= 0):
        raise _no_order()
    _check(order.target, order.settings, order.workers)
    return order


def _samples(order: Order) -> Sequence[PlannedSample]:
    suite = read_suite(order.suite.encode(), order.suite_name)
    return planned_with(suite, order.target.identity(), order.seed, order.repeats).samples


def _digest(samples: Sequence[PlannedSample]) -> str:
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(bytes.fromhex(sample.key))
    return digest.hexdigest()


def _check(target: ChatTarget, settings: RunSettings, workers: int | None) -> None:
    """Keep secrets out of the database, and promise nothing that machines cannot keep without knowing each other."""
    for name, value in target.headers.items():
        if _SECRETIVE.search(name) and not is_reference(value):
            raise ShinraiError(
                message(
                    "“{name}” of the target seems to carry a secret, which would go through the database.", name=name
                ),
                fix=message("Give the key as a reference, `env:NAME` or `file:PATH`."),
            )
    if target.key is not None and not is_reference(target.key):
        raise ShinraiError(
            message("A key is given that is no reference."),
            fix=message("Write `env:NAME` or `file:PATH`; a key itself is never written into a description."),
        )
    if settings.cost_limit is not None:
        raise ShinraiError(
            message("A shared run cannot keep a cost limit: each machine knows only what it has spent itself."),
            fix=message("Leave the limit out, or run on one machine."),
        )
    if workers is None and (settings.requests_per_minute or settings.tokens_per_minute):
        raise ShinraiError(
            message("A limit for a minute needs the number of workers that share it."),
            fix=message("Say how many work at the same time at most."),
        )


def _no_order() -> ShinraiError:
    return ShinraiError(
        message("What stands in the database is no shared run of this version."),
        fix=message("Share the run again."),
    )
