"""`shinrai plan record`: from options to a signed record."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.planwatch.model import Interval, Period


def record(
    language: Language,
    id_: str,
    plan: str,
    home: Path | None,
    *,
    as_json: bool,
    state: str | None,
    value: str | None,
    date: str,
    source: str,
    by: str,
    name: str | None,
    note_ja: str | None,
    note_en: str | None,
    certainty: str,
    replaces: int | None,
    group: str | None,
    n: int | None,
    interval: tuple[str, str, str] | None,
    qualifier: str,
    published: datetime | None,
) -> int:
    """Sign and log a status or a value; returns 0."""
    from shinrai.cli.planning import both_notes
    from shinrai.evidence import Store, open_home
    from shinrai.evidence.trust import utc_now
    from shinrai.frameworks import Certainty
    from shinrai.planwatch import Draft, State, Value, find_plan, record_observation, record_status
    from shinrai.planwatch.machine import to_json
    from shinrai.planwatch.model import Qualifier

    if (state is None) == (value is None):
        raise ShinraiError(
            message("Say either --state, of a measure, or --value, of an indicator."),
            fix=message("Example: shinrai plan record JP-BP1-1.1.i --state under_way …"),
        )
    draft = Draft(
        source=source,
        by=by,
        when=_period(date),
        note=both_notes(note_ja, note_en),
        name=name,
        certainty=Certainty(certainty),
        replaces=replaces,
    )
    found, folder = find_plan(plan), open_home(home)
    store = Store(folder)
    try:
        if state is not None:
            done = record_status(folder, store, found, id_, State(state), draft, utc_now())
        else:
            given = Value(
                value=_number(value or ""),
                group=group,
                qualifier=Qualifier(qualifier),
                interval=_interval(interval),
                n=n,
                published=None if published is None else published.date(),
            )
            done = record_observation(folder, store, found, id_, given, draft, utc_now())
    finally:
        store.close()
    if as_json:
        click.echo(to_json({"about": id_, "index": done.index, "fresh": done.fresh}), nl=False)
    elif done.fresh:
        click.echo(
            message("Recorded as entry {index} of the log, signed by {by}.", index=done.index, by=by).text(language)
        )
    else:
        click.echo(
            message("Recorded before, as entry {index} of the log; nothing was added.", index=done.index).text(language)
        )
    return 0


def _period(text: str) -> "Period":
    from shinrai.frameworks.located import Text
    from shinrai.language import Place
    from shinrai.planwatch.values import as_period

    return as_period(Text(text, Place("--date")))


def _number(text: str, option: str = "--value") -> Decimal:
    from shinrai.frameworks.located import Text
    from shinrai.language import Place
    from shinrai.planwatch.values import as_number

    return as_number(Text(text, Place(option)))


def _interval(given: tuple[str, str, str] | None) -> "Interval | None":
    from shinrai.planwatch.model import Interval

    if given is None:
        return None
    low, high, level = (_number(each, "--interval") for each in given)
    return Interval(low, high, level)
