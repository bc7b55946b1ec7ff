"""`shinrai sign`: attestations and the approval of the scope, signed by the persons named in the description."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.assess.plan import Plan
    from shinrai.evidence import Home, Store


def sign(
    language: Language,
    path: Path,
    home: Path | None,
    *,
    by: str | None,
    only: str | None,
    sure: bool,
    scope_until: date | None,
) -> int:
    """Show each statement, ask, sign and log it; returns 0."""
    from shinrai.assess import make_plan, sign_attestation, signed_attestations
    from shinrai.evidence import Store, open_home
    from shinrai.evidence.trust import utc_now
    from shinrai.systems import read_description

    plan = make_plan(read_description(path), path.parent, utc_now().date())
    people = [person.id for person in plan.description.people]
    if by is not None and by not in people:
        raise ShinraiError(
            message("The description names no person “{name}”.", name=by),
            fix=message("It names: {names}.", names=", ".join(people)),
        )
    folder, now = open_home(home), utc_now()
    store = Store(folder)
    try:
        for entry in signed_attestations(store, plan):
            request = entry.request
            if by not in (None, request.by) or only not in (None, request.id):
                continue
            if entry.logged is not None:
                _say(language, message("{id}: already signed, nothing changed since.", id=request.id))
                continue
            person = plan.description.person(request.by)
            name, statement = (person.name.bilingual.text(language), request.statement.bilingual.text(language))
            shown = message(
                "{id} ({shows}), until {date}:\n  “{text}”",
                id=request.id,
                shows=request.shows,
                date=request.expires,
                text=statement,
            )
            if _agreed(language, shown, message("Sign this as {name}?", name=name), sure=sure):
                logged = sign_attestation(folder, store, plan, request, now)
                _say(language, message("Signed as entry {index} of the log.", index=logged.index))
        scope = plan.description.scope
        if scope is not None and by in (None, scope.approver) and only is None:
            _approve(language, folder, store, plan, scope_until or (now + timedelta(days=365)).date(), now, sure=sure)
    finally:
        store.close()
    return 0


def _approve(
    language: Language, home: "Home", store: "Store", plan: "Plan", until: date, now: datetime, *, sure: bool
) -> None:
    from shinrai.assess import scope_approval, sign_scope

    approved = scope_approval(store, plan)
    scope = plan.description.scope
    # An approval that holds for a while yet is not asked for again, only because the default end moves with the day.
    if (
        approved is not None
        and approved.statement.predicate["validUntil"] >= (now + timedelta(days=30)).date().isoformat()
    ):
        _say(language, message("Scope: already approved, nothing changed since."))
        return
    if scope is None:
        return
    listed = ", ".join(sorted(plan.excluded)) or "–"
    shown = message("Scope: these {n} requirements do not apply: {names}", n=len(plan.excluded), names=listed)
    name = plan.description.person(scope.approver).name.bilingual.text(language)
    if _agreed(language, shown, message("Approve this scope as {name}?", name=name), sure=sure):
        logged = sign_scope(home, store, plan, until, now)
        _say(language, message("Signed as entry {index} of the log.", index=logged.index))


def _agreed(language: Language, shown: Message, question: Message, *, sure: bool) -> bool:
    _say(language, shown)
    return sure or click.confirm(question.text(language))


def _say(language: Language, said: Message) -> None:
    click.echo(said.text(language))
