"""`shinrai plan record`: from options to a signed record."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.language import Bilingual, Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.planwatch import Draft, Value
    from shinrai.planwatch.model import Interval, Period


def record(
    language: Language, id_: str, plan: str, home: Path | None, given: Mapping[str, Any], *, as_json: bool
) -> int:
    """Sign and log a status or a value; returns 0. given: the options of the command by their names."""
    from shinrai.evidence import Store, open_home
    from shinrai.evidence.trust import utc_now
    from shinrai.planwatch import State, find_plan, record_observation, record_status
    from shinrai.planwatch.machine import to_json

    if (given["state"] is None) == (given["value"] is None):
        raise ShinraiError(
            message("Say either --state, of a measure, or --value, of an indicator."),
            fix=message("Example: shinrai plan record JP-BP1-1.1.i --state under_way …"),
        )
    draft, found, folder = _draft(given), find_plan(plan), open_home(home)
    store = Store(folder)
    try:
        if given["state"] is not None:
            done = record_status(folder, store, found, id_, State(given["state"]), draft, utc_now())
        else:
            done = record_observation(folder, store, found, id_, _value(given), draft, utc_now())
    finally:
        store.close()
    if as_json:
        click.echo(to_json({"about": id_, "index": done.index, "fresh": done.fresh}), nl=False)
        return 0
    said = message("Recorded before, as entry {index} of the log; nothing was added.", index=done.index)
    if done.fresh:
        said = message("Recorded as entry {index} of the log, signed by {by}.", index=done.index, by=draft.by)
    click.echo(said.text(language))
    return 0


def _draft(given: Mapping[str, Any]) -> "Draft":
    from shinrai.frameworks import Certainty
    from shinrai.planwatch import Draft

    return Draft(
        source=given["source"],
        by=given["by"],
        when=_period(given["date"]),
        note=_note(given["note_ja"], given["note_en"]),
        name=given["name"],
        certainty=Certainty(given["certainty"]),
        replaces=given["replaces"],
    )


def _note(ja: str | None, en: str | None) -> Bilingual | None:
    """Return a note in both languages; one that is given alone stands for both."""
    if ja is None and en is None:
        return None
    return Bilingual(ja=ja or en or "", en=en or ja or "")


def _value(given: Mapping[str, Any]) -> "Value":
    from shinrai.planwatch import Value
    from shinrai.planwatch.model import Qualifier

    published: datetime | None = given["published"]
    return Value(
        value=_number(given["value"]),
        group=given["group"],
        qualifier=Qualifier(given["qualifier"]),
        interval=_interval(given["interval"]),
        n=given["n"],
        published=None if published is None else published.date(),
    )


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
