"""`shinrai suites run`: put suites to a system, keep what it answered, and decide.

Exit codes: 0 every decisive number passes, 1 one fails, 2 something is open or ended in an error, 3 usage error.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, json_option
from shinrai.cli.running import shown_progress
from shinrai.language import Language, Message, ShinraiError, message, suggest

if TYPE_CHECKING:
    from shinrai.evaluate.conversation import Conversed
    from shinrai.evaluate.runner.settings import RunSettings
    from shinrai.evaluate.targets.target import Target

HELP = {
    "run": message(
        "Put suites to a system that talks, or score answers that were collected, and decide.\n\n"
        "SUITE is an id such as shinrai.refusal.ja, or a YAML file of your own. Every answer is on the disk before it "
        "counts: broken off, the same command goes on where it stopped.\n\n"
        "Exit codes: 0 every decisive number passes, 1 one fails, 2 something is open or ended in an error, "
        "3 usage error."
    ),
    "url": message("Address of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1."),
    "model": message("The model to ask for."),
    "key": message("Where the key is: env:NAME or file:PATH, never the key itself."),
    "stream": message("Have answers streamed."),
    "records": message("Answers already collected (.jsonl, .csv, .parquet) instead of a system to ask."),
    "columns": message("Columns of the records, such as question=prompt,answer=output."),
    "in-flight": message("Samples asked at the same time at most."),
    "deadline": message("Seconds for one answer, retries included."),
    "requests-per-minute": message("Requests a minute at most."),
    "prices": message("What a million tokens in and out costs, and the currency: 3,15,USD."),
    "cost-limit": message("Stop before this run costs more, in the currency of the prices."),
    "seed": message("Seed of what is drawn: canaries and variations (default: 0)."),
    "retry": message("Take samples again that an earlier run of this folder recorded as faults."),
    "out": message("Folder for journal, samples and numbers."),
    "quiet": message("Show no progress."),
}
_OPEN, _FAILED = 2, 1


def run_command(language: Language) -> click.Command:
    """Return `suites run`."""

    def carry_out(suites: tuple[str, ...], out: Path, as_json: bool, quiet: bool, seed: int, **given: Any) -> int:
        from shinrai.evaluate.conversation import converse
        from shinrai.evaluate.suites import choose_suite

        chosen = [choose_suite(name) for name in suites]
        _different([suite.id for suite in chosen])
        target, settings = _target(given), _settings(given)
        found = []
        for number, suite in enumerate(chosen, start=1):
            place = message("[{n}/{m}] {suite}", n=number, m=len(chosen), suite=suite.id)
            currency = settings.prices.currency if settings.prices else None
            with shown_progress(language, place, currency, quiet=quiet) as show:
                done = converse(suite, target, out / suite.id, settings=settings, seed=seed, progress=show)
            _put(out / suite.id / "measurements.json", json_of(done))
            found.append(done)
        if as_json:
            _print_json(found)
        else:
            _print(found, out, language)
        return exit_code(found)

    return command(
        "run",
        language,
        carry_out,
        [*_parameters(language), json_option(language)],
        HELP["run"],
        "shinrai suites run shinrai.disclosure.ja --records answers.jsonl --out out",
    )


def _parameters(language: Language) -> list[click.Parameter]:
    def option(name: str, kind: Any = str, **more: Any) -> click.Option:
        return click.Option([f"--{name}"], type=kind, help=HELP[name].text(language), **more)

    folder, file = click.Path(path_type=Path, file_okay=False), click.Path(path_type=Path, dir_okay=False, exists=True)
    return [
        click.Argument(["suites"], nargs=-1, required=True, metavar="SUITE..."),
        option("url"),
        option("model"),
        option("key", metavar="env:NAME"),
        option("stream", bool, is_flag=True),
        option("records", file),
        option("columns"),
        option("in-flight", click.IntRange(1)),
        option("deadline", click.FloatRange(0, min_open=True)),
        option("requests-per-minute", click.FloatRange(0, min_open=True)),
        option("prices", metavar="IN,OUT,CURRENCY"),
        option("cost-limit", click.FloatRange(0, min_open=True)),
        option("seed", click.IntRange(0), default=0),
        option("retry", bool, is_flag=True),
        option("out", folder, required=True),
        option("quiet", bool, is_flag=True),
    ]


def _different(ids: Sequence[str]) -> None:
    for number, name in enumerate(ids):
        if name in ids[:number]:
            raise ShinraiError(message("The suite {id} is named twice.", id=name), fix=message("Name it once."))


def _target(given: dict[str, Any]) -> "Target":
    if (given["url"] is None) == (given["records"] is None):
        raise ShinraiError(
            message("Name either the address of a system (--url) or collected answers (--records)."),
            fix=message("Give one of the two."),
        )
    if given["records"] is not None:
        from shinrai.evaluate.targets.records import RecordsTarget

        return RecordsTarget("records", given["records"], _columns(given["columns"]))
    if given["model"] is None:
        raise ShinraiError(
            message("A system is asked for a model by its name."), fix=message("Add --model with the name.")
        )
    from shinrai.evaluate.targets.chat import ChatTarget

    return ChatTarget("system", given["url"], given["model"], key=given["key"], stream=given["stream"])


def _columns(text: str | None) -> Any:
    from shinrai.evaluate.targets.records import RecordColumns

    named: dict[str, str | None] = {}
    known = ("answer", "question", "probe", "variation", "repeat", "turn", "model")
    for part in text.split(",") if text else ():
        role, _, column = part.partition("=")
        if role not in known or not column:
            raise ShinraiError(
                message("“{part}” names no column of the records.", part=part[:60]),
                fix=suggest(role, known) or message("Write it like question=prompt,answer=output."),
            )
        named[role] = column
    return RecordColumns(**named)  # type: ignore[arg-type]


def _settings(given: dict[str, Any]) -> "RunSettings":
    from shinrai.evaluate.runner.settings import RunSettings

    chosen = {
        "most_in_flight": given["in_flight"],
        "deadline_seconds": given["deadline"],
        "requests_per_minute": given["requests_per_minute"],
        "prices": _prices(given["prices"]),
        "cost_limit": given["cost_limit"],
        "retry_faults": given["retry"],
    }
    return RunSettings(**{name: value for name, value in chosen.items() if value is not None})


def _prices(text: str | None) -> Any:
    from shinrai.evaluate.runner.settings import Prices

    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    try:
        price_in, price_out, currency = float(parts[0]), float(parts[1]), parts[2]
        # A comparison with what is no number is false.
        if len(parts) != 3 or not (0 <= price_in < 1e12 and 0 <= price_out < 1e12) or not currency.isalnum():
            raise ValueError(text)
    except (ValueError, IndexError) as error:
        raise ShinraiError(
            message("The prices cannot be read."), fix=message("Write them like 3,15,USD: in, out, currency.")
        ) from error
    return Prices(price_in, price_out, currency)


def exit_code(found: Sequence["Conversed"]) -> int:
    """Return what the decisive numbers come to; where none decides, nothing is shown."""
    outcomes = {m.outcome.value for each in found for m in each.measurements if m.decisive}
    if "fail" in outcomes:
        return _FAILED
    return 0 if outcomes == {"pass"} else _OPEN


def json_of(done: "Conversed") -> dict[str, Any]:
    """Return the outcome of one suite as JSON values."""
    from shinrai.cli.tables import both
    from shinrai.evaluate.measurement_json import to_json

    summary = done.summary
    return {
        "suite": done.suite.id,
        "version": done.suite.version,
        "digest": done.suite.digest,
        "ending": summary.ending.value,
        "verdict": both(summary.verdict),
        "planned": done.files.rows,
        "taken": done.files.rows - done.files.missing,
        "answered": summary.answered,
        "faults": {kind.value: count for kind, count in summary.faults.items()},
        "requests": summary.requests,
        "inputTokens": summary.input_tokens,
        "outputTokens": summary.output_tokens,
        "spent": summary.spent,
        "measurements": [to_json(measurement) for measurement in done.measurements],
        "samples": done.files.samples.name,
    }


def _put(path: Path, document: object) -> None:
    """Write JSON so that a reader finds the old file or the new one, whole."""
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)


def _print_json(found: Sequence["Conversed"]) -> None:
    from shinrai.cli.tables import as_json

    as_json({"exitCode": exit_code(found), "suites": [json_of(each) for each in found]})


def _print(found: Sequence["Conversed"], out: Path, language: Language) -> None:
    from shinrai.cli import tables
    from shinrai.report.words import OUTCOME, word

    columns = (
        message("Suite"),
        message("Scorer"),
        message("Outcome"),
        message("Value"),
        message("95% interval"),
        message("n"),
        message("Coverage"),
        message("Reason"),
    )
    rows: list[Sequence[tables.Cell]] = []
    for done in found:
        for m in done.measurements:
            decided = word(OUTCOME, m.outcome.value) if m.decisive else message("informs only")
            value = "—" if m.value is None else f"{m.value:.3f}"
            span = "—" if m.low is None or m.high is None else f"{m.low:.3f} – {m.high:.3f}"
            covered = f"{m.coverage.used}/{m.coverage.asked}"
            scorer = m.metric.rpartition(".")[0]
            rows.append((done.suite.id, scorer, decided, value, span, str(m.n), covered, m.reason or _rule(m)))
    tables.table(columns, rows, language)
    for done in found:
        for line in _remarks(done):
            tables.line(line, language, style="yellow")
    tables.line(message("Samples and numbers: {folder}", folder=str(out)), language)


def _rule(measurement: Any) -> Message:
    if measurement.rule.comparison.value == "at_least":
        return message("at least {limit}", limit=f"{measurement.rule.limit:g}")
    return message("at most {limit}", limit=f"{measurement.rule.limit:g}")


def _remarks(done: "Conversed") -> list[Message]:
    """Say what is missing, by kind of fault, and why the run ended early."""
    from shinrai.evaluate.runner.progress import FAULT_NAMES

    told = [
        message("{suite}: {n} samples without an answer ({kind}).", suite=done.suite.id, n=n, kind=FAULT_NAMES[kind])
        for kind, n in done.summary.faults.items()
    ]
    if done.files.missing:
        told.append(
            message(
                "{suite}: {n} of {m} samples were not taken; the same command goes on from here.",
                suite=done.suite.id,
                n=done.files.missing,
                m=done.files.rows,
            )
        )
    if done.summary.verdict is not None:
        told.append(message("{suite}: {verdict}", suite=done.suite.id, verdict=done.summary.verdict))
    return told
