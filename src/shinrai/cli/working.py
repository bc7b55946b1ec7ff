"""`shinrai worker` and `shinrai suites share`: several machines that take the samples of one run.

Exit codes: 0 every sample came back, 2 the run ended early or goes on without us, 3 usage error.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, json_option
from shinrai.language import Bilingual, Language, Message, message

if TYPE_CHECKING:
    from shinrai.evaluate.workers.coordinator import Collected, SharedProgress
    from shinrai.evaluate.workers.database import RunView
    from shinrai.evaluate.workers.order import Order

HELP = {
    "worker": message(
        "Take samples of runs that are shared through a PostgreSQL database, until stopped.\n\n"
        "A worker asks only the addresses and reads only the keys named here, whatever a run says. Stopped with Ctrl-C "
        "it hands back what it has; killed, it goes on from its folder, or others take its samples."
    ),
    "share": message("Share a run among workers on several machines, through a PostgreSQL database."),
    "start": message(
        "Share a run of a suite, watch it, and put the samples together when it ends.\n\n"
        "The same command again means the same run: it goes on watching, or collects once more.\n\n"
        "Exit codes: 0 every sample came back, 2 the run ended early or goes on without us, 3 usage error."
    ),
    "watch": message("Watch a shared run until it ends."),
    "collect": message("Put the samples of a shared run together, as far as they have come back."),
    "cancel": message("End a shared run; workers hand back what they have."),
    "forget": message("Delete a run that has ended from the database, with all answers in it."),
    "list": message("List the shared runs."),
    "database-url": message(
        "Where the address of the PostgreSQL database is: env:NAME or file:PATH, never the address itself."
    ),
    "target": message("Address of an endpoint that this worker may ask; may be given again."),
    "worker-key": message(
        "Reference of a key that this worker may send there, env:NAME or file:PATH; may be repeated."
    ),
    "work-folder": message("Folder of this worker for journals under way (default: shinrai-worker)."),
    "run": message("Take samples of this run alone."),
    "once": message("Stop when a run has ended."),
    "url": message("Address of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1."),
    "model": message("The model to ask for."),
    "key": message("Where the key is: env:NAME or file:PATH, never the key itself; each worker reads its own."),
    "stream": message("Have answers streamed."),
    "in-flight": message("Samples that each worker asks at the same time at most."),
    "deadline": message("Seconds for one answer, retries included."),
    "requests-per-minute": message("Requests a minute at most, of all workers together; needs --workers."),
    "workers": message("Workers at the same time at most."),
    "seed": message("Seed of what is drawn: canaries and variations (default: 0)."),
    "repeats": message("How often each prompt is put, instead of the suite's own."),
    "chunk": message("Samples that a worker takes at once (default: 256)."),
    "stale": message("Seconds of silence after which a worker counts as dead (default: 30)."),
    "label": message("Tells this run from an earlier one that is otherwise the same."),
    "resume": message("Open the run again if it ended early."),
    "detach": message("Share the run and leave; the workers do it without us."),
    "out": message("Folder for journal and samples."),
    "quiet": message("Show no progress."),
}
_EARLY = 2
_SECONDS_BETWEEN_LINES = 10.0
_CLEAR = "\r\x1b[K"


def worker_command(language: Language) -> click.Command:
    """Return `shinrai worker`."""

    def carry_out(
        database_url: str,
        target: tuple[str, ...],
        key: tuple[str, ...],
        work_folder: Path,
        run: str | None,
        once: bool,
        quiet: bool,
    ) -> int:
        _require_extra()
        from shinrai.evaluate.workers.database import State, opened
        from shinrai.evaluate.workers.worker import Allowed, serve

        def tell(what: Message) -> None:
            if not quiet:
                _say(what, language)

        with opened(database_url) as database, _stopping() as stop:
            ended = serve(
                database, work_folder, Allowed(target, key), run=run, once=once or run is not None, tell=tell, stop=stop
            )
        return 0 if ended in (None, State.COMPLETE) else _EARLY

    params = [
        _database_option(language),
        _option(language, "target", multiple=True, required=True, metavar="URL"),
        click.Option(["--key"], multiple=True, metavar="env:NAME", help=HELP["worker-key"].text(language)),
        _option(language, "work-folder", _folder(), default=Path("shinrai-worker")),
        _option(language, "run"),
        _option(language, "once", bool, is_flag=True),
        _option(language, "quiet", bool, is_flag=True),
    ]
    example = "shinrai worker --database-url env:SHINRAI_DATABASE --target https://desk.example/v1 --key env:DESK_KEY"
    return command("worker", language, carry_out, params, HELP["worker"], example)


def share_group(language: Language) -> click.Group:
    """Return `suites share` with its commands."""
    made = group("share", language, HELP["share"])
    for build in (_start, _watch, _collect, _cancel, _forget, _list):
        made.add_command(build(language))
    return made


def _start(language: Language) -> click.Command:
    def carry_out(suite: str, database_url: str, out: Path | None, **given: Any) -> int:
        _require_extra()
        from shinrai.cli import tables
        from shinrai.evaluate.workers.coordinator import share
        from shinrai.evaluate.workers.database import opened

        order = _order(suite, given)
        with opened(database_url) as database:
            new = share(database, order, stale_seconds=given["stale"], resume=given["resume"])
            if not given["quiet"]:
                said = message("Run {id} is shared: {n} samples.", id=order.id, n=order.planned)
                again = message("Run {id} was shared before.", id=order.id)
                _say(said if new else again, language)
            if given["detach"] or out is None:
                tables.line(order.id, language)
                return 0
            view = _watched(database, order.id, language, quiet=given["quiet"])
            return _collected(database, order.id, out, language) if view else _EARLY

    params = [
        click.Argument(["suite"]),
        _option(language, "url", required=True),
        _option(language, "model", required=True),
        _option(language, "key", metavar="env:NAME"),
        _option(language, "stream", bool, is_flag=True),
        _database_option(language),
        _option(language, "in-flight", click.IntRange(1)),
        _option(language, "deadline", click.FloatRange(0, min_open=True)),
        _option(language, "requests-per-minute", click.FloatRange(0, min_open=True)),
        _option(language, "workers", click.IntRange(1)),
        _option(language, "seed", click.IntRange(0), default=0),
        _option(language, "repeats", click.IntRange(1, 10_000)),
        _option(language, "chunk", click.IntRange(1, 4096), default=256),
        _option(language, "stale", click.FloatRange(2), default=30.0),
        _option(language, "label", default=""),
        _option(language, "resume", bool, is_flag=True),
        _option(language, "detach", bool, is_flag=True),
        _option(language, "out", _folder()),
        _option(language, "quiet", bool, is_flag=True),
    ]
    example = (
        "shinrai suites share start shinrai.refusal.ja --url https://desk.example/v1 --model desk --key env:DESK_KEY "
        "--database-url env:SHINRAI_DATABASE --out out/shinrai.refusal.ja"
    )
    return command("start", language, carry_out, params, HELP["start"], example)


def _order(suite: str, given: dict[str, Any]) -> "Order":
    from shinrai.evaluate.runner.settings import RunSettings
    from shinrai.evaluate.targets.chat import ChatTarget
    from shinrai.evaluate.workers.order import order_for

    chosen = {
        "most_in_flight": given["in_flight"],
        "deadline_seconds": given["deadline"],
        "requests_per_minute": given["requests_per_minute"],
    }
    settings = RunSettings(**{name: value for name, value in chosen.items() if value is not None})
    target = ChatTarget("system", given["url"], given["model"], key=given["key"], stream=given["stream"])
    order, _ = order_for(
        suite,
        target,
        settings,
        seed=given["seed"],
        repeats=given["repeats"],
        chunk=given["chunk"],
        label=given["label"],
        workers=given["workers"],
    )
    return order


def _watch(language: Language) -> click.Command:
    def carry_out(run: str, database_url: str, quiet: bool) -> int:
        _require_extra()
        from shinrai.cli import tables
        from shinrai.evaluate.workers.database import opened

        with opened(database_url) as database:
            view = _watched(database, run, language, quiet=quiet)
            for said in _remarks(view) if view else ():
                tables.line(said, language)
        return 0 if view is not None and _whole(view) else _EARLY

    params = [
        click.Argument(["run"]),
        _database_option(language),
        _option(language, "quiet", bool, is_flag=True),
    ]
    example = "shinrai suites share watch 5d03d7e8e9748a8a --database-url env:SHINRAI_DATABASE"
    return command("watch", language, carry_out, params, HELP["watch"], example)


def _collect(language: Language) -> click.Command:
    def carry_out(run: str, database_url: str, out: Path) -> int:
        _require_extra()
        from shinrai.evaluate.workers.database import opened

        with opened(database_url) as database:
            return _collected(database, run, out, language)

    params = [click.Argument(["run"]), _database_option(language), _option(language, "out", _folder(), required=True)]
    example = "shinrai suites share collect 5d03d7e8e9748a8a --database-url env:SHINRAI_DATABASE --out out"
    return command("collect", language, carry_out, params, HELP["collect"], example)


def _cancel(language: Language) -> click.Command:
    def carry_out(run: str, database_url: str) -> int:
        _require_extra()
        from shinrai.cli import tables
        from shinrai.evaluate.workers.coordinator import cancel
        from shinrai.evaluate.workers.database import opened

        with opened(database_url) as database:
            done = cancel(database, run)
        ended, before = message("Run {id} is cancelled.", id=run), message("Run {id} had ended before.", id=run)
        tables.line(ended if done else before, language)
        return 0

    params = [click.Argument(["run"]), _database_option(language)]
    example = "shinrai suites share cancel 5d03d7e8e9748a8a --database-url env:SHINRAI_DATABASE"
    return command("cancel", language, carry_out, params, HELP["cancel"], example)


def _forget(language: Language) -> click.Command:
    def carry_out(run: str, database_url: str) -> int:
        _require_extra()
        from shinrai.cli import tables
        from shinrai.evaluate.workers.coordinator import forget
        from shinrai.evaluate.workers.database import opened

        with opened(database_url) as database:
            forget(database, run)
        tables.line(message("Run {id} is deleted from the database.", id=run), language)
        return 0

    params = [click.Argument(["run"]), _database_option(language)]
    example = "shinrai suites share forget 5d03d7e8e9748a8a --database-url env:SHINRAI_DATABASE"
    return command("forget", language, carry_out, params, HELP["forget"], example)


def _list(language: Language) -> click.Command:
    def carry_out(database_url: str, as_json: bool) -> int:
        _require_extra()
        from shinrai.cli import tables
        from shinrai.evaluate.workers.database import opened

        with opened(database_url) as database:
            views = [database.view(run) for run in database.runs()]
        if as_json:
            tables.as_json([_view_json(view) for view in views])
            return 0
        columns = (message("Run"), message("State"), message("Samples"), message("Answered"), message("Workers"))
        rows = [(v.id, _state(v), f"{v.taken:,}/{v.planned:,}", f"{v.answered:,}", str(_working(v))) for v in views]
        tables.table(columns, rows, language)
        return 0

    example = "shinrai suites share list --database-url env:SHINRAI_DATABASE"
    return command(
        "list", language, carry_out, [_database_option(language), json_option(language)], HELP["list"], example
    )


def _watched(database: Any, run: str, language: Language, *, quiet: bool) -> "RunView | None":
    """Watch until the run ends; None where a person stopped watching."""
    from shinrai.evaluate.workers.coordinator import watch
    from shinrai.evaluate.workers.database import State

    with _shown(language, quiet=quiet) as show, _stopping() as stop:
        view = watch(database, run, progress=show, stop=stop)
    if view.state is not State.OPEN:
        return view
    left = message("The run goes on without us. Watch it again, or end it: shinrai suites share cancel {id}", id=run)
    _say(left, language)
    return None


def _collected(database: Any, run: str, out: Path, language: Language) -> int:
    from shinrai.cli import tables
    from shinrai.evaluate.workers.coordinator import collect

    done = collect(database, run, out)
    for said in _remarks(done.view):
        tables.line(said, language, style="yellow")
    tables.line(_sum(done), language)
    tables.line(message("Samples: {file}", file=str(done.files.samples)), language)
    return 0 if done.files.missing == 0 else _EARLY


def _sum(done: "Collected") -> Message:
    return message(
        "{taken} of {planned} samples came back, {missing} are missing.",
        taken=f"{done.files.rows - done.files.missing:,}",
        planned=f"{done.files.rows:,}",
        missing=f"{done.files.missing:,}",
    )


def _remarks(view: "RunView") -> list[Message | Bilingual]:
    """Say how the run ended, what came twice, and which workers fell silent."""
    from shinrai.evaluate.workers.database import Presence

    said: list[Message | Bilingual] = [message("Run {id}: {state}.", id=view.id, state=_state(view))]
    if view.verdict is not None:
        said.append(view.verdict)
    if view.repeated:
        said.append(message("{n} results of chunks came again and were not counted.", n=view.repeated))
    for worker in view.workers:
        if worker.presence is Presence.SILENT:
            said.append(message("Worker {name} fell silent; its samples were taken by others.", name=worker.name))
    return said


def _state(view: "RunView") -> Message:
    from shinrai.evaluate.workers.database import STATE_NAMES

    return STATE_NAMES[view.state]


def _whole(view: "RunView") -> bool:
    from shinrai.evaluate.workers.database import State

    return view.state is State.COMPLETE


def _working(view: "RunView") -> int:
    from shinrai.evaluate.workers.database import Presence

    return sum(worker.presence is Presence.WORKING for worker in view.workers)


def _view_json(view: "RunView") -> dict[str, Any]:
    from shinrai.cli.tables import both

    return {
        "id": view.id,
        "state": view.state.value,
        "verdict": both(view.verdict),
        "planned": view.planned,
        "taken": view.taken,
        "answered": view.answered,
        "chunks": view.chunks,
        "wholeChunks": view.whole_chunks,
        "repeated": view.repeated,
        "workers": [
            {
                "name": worker.name,
                "presence": worker.presence.value,
                "silentSeconds": round(worker.silent_seconds, 1),
                "silences": worker.silences,
            }
            for worker in view.workers
        ],
    }


@contextmanager
def _shown(language: Language, *, quiet: bool) -> "Iterator[Callable[[SharedProgress], None] | None]":
    """Yield what shows the progress of a shared run on standard error."""
    if quiet:
        yield None
        return
    live = sys.stderr.isatty()
    last = [float("-inf")]

    def show(progress: "SharedProgress") -> None:
        if live:
            sys.stderr.write(_CLEAR + sentence(progress).text(language))
            sys.stderr.flush()
        elif monotonic() - last[0] >= _SECONDS_BETWEEN_LINES:
            last[0] = monotonic()
            _say(sentence(progress), language)

    try:
        yield show
    finally:
        if live:
            sys.stderr.write("\n")


def sentence(progress: "SharedProgress") -> Message:
    """Say where a shared run is."""
    view, left = progress.view, progress.eta_seconds
    return message(
        "{taken} of {planned} samples by {workers} workers, {rate} a second, {left}",
        taken=f"{view.taken:,}",
        planned=f"{view.planned:,}",
        workers=_working(view),
        rate=f"{progress.per_second:.1f}",
        left=message("time left not known") if left is None else message("about {n} s left", n=f"{left:.0f}"),
    )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Yield what Ctrl-C and SIGTERM set, so that what is under way is handed back."""
    import signal

    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_extra() -> None:
    """ShinraiError where the extra is not installed."""
    from importlib.util import find_spec

    from shinrai.language import ShinraiError

    if find_spec("dbos") is None or find_spec("psycopg") is None:
        raise ShinraiError(
            message("Shared runs need what the extra `workers` brings."),
            fix=message("Install it: pip install 'shinrai[workers]'"),
        )


def _say(what: Message, language: Language) -> None:
    """Say it on standard error. Names and verdicts come from the database, so control characters are made harmless."""
    from shinrai.cli.tables import said

    sys.stderr.write(said(what, language) + "\n")
    sys.stderr.flush()


def _option(language: Language, name: str, kind: Any = str, **more: Any) -> click.Option:
    return click.Option([f"--{name}"], type=kind, help=HELP[name].text(language), **more)


def _database_option(language: Language) -> click.Option:
    return _option(language, "database-url", required=True, metavar="env:NAME")


def _folder() -> click.Path:
    return click.Path(path_type=Path, file_okay=False)
