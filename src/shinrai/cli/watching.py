"""`shinrai plan watch`: look at the sources of a plan, and say what has changed. It records nothing."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.cli.building import command, home_option, json_option
from shinrai.language import Language, Message, message

if TYPE_CHECKING:
    from shinrai.planwatch.sources.watch import Proposal, Sighting
    from shinrai.planwatch.sources.watched import WatchedSource, WatchList

NOTHING_OPEN, OPEN_PROPOSALS, NOT_ALL_SEEN = 0, 1, 2
_HELP = {
    "watch": message(
        "Look at the sources of the plan and say what has changed. It proposes; it never records a status.\n\n"
        "Exit codes: 0 all seen and nothing open, 1 changes are open, 2 nothing open but not all could be seen, "
        "3 usage error."
    ),
    "list": message("A list of your own (YAML) instead of the one that comes with Shinrai."),
    "only": message("Look only at this source (id); can be repeated."),
    "done": message("Take the change of this source (id) as dealt with, and look at nothing; can be repeated."),
    "dry-run": message("Show what would be contacted, and contact nothing."),
    "proxy": message("Use the proxies that the environment names (http_proxy, https_proxy, no_proxy)."),
}
_EXAMPLE = "shinrai plan watch --dry-run"


def watch_command(language: Language) -> click.Command:
    """Return `watch`, to be added to the group `plan`."""

    def carry_out(
        list_: Path | None,
        only: tuple[str, ...],
        done: tuple[str, ...],
        home: Path | None,
        dry_run: bool,
        as_json: bool,
        environment_proxies: bool,
    ) -> int:
        from shinrai.planwatch.sources.watched import read_list

        listed = read_list(list_)
        if dry_run:
            return _show_list(language, listed, only, as_json=as_json)
        folder = _folder(home)
        if done:
            return _settle(language, listed, done, folder)
        return _look(language, listed.only(only), folder, as_json=as_json, environment_proxies=environment_proxies)

    def text(key: str) -> str:
        return _HELP[key].text(language)

    options: list[click.Parameter] = [
        click.Option(["--list", "list_"], type=click.Path(path_type=Path, dir_okay=False), help=text("list")),
        click.Option(["--only"], multiple=True, metavar="ID", help=text("only")),
        click.Option(["--done"], multiple=True, metavar="ID", help=text("done")),
        click.Option(["--dry-run"], is_flag=True, help=text("dry-run")),
        json_option(language),
        click.Option(["--environment-proxies"], is_flag=True, help=text("proxy")),
        home_option(language),
    ]
    return command("watch", language, carry_out, options, _HELP["watch"], _EXAMPLE)


def _folder(home: Path | None) -> Path:
    from shinrai.evidence import open_home

    return open_home(home).path / "watch"


def _show_list(language: Language, listed: "WatchList", only: tuple[str, ...], *, as_json: bool) -> int:
    sources = listed.only(only)
    if as_json:
        _print_json(
            {
                "sources": [_listed_json(source) for source in sources],
                "not_watched": [
                    {"source": each.id, "reason": {"ja": each.reason.ja, "en": each.reason.en}}
                    for each in listed.not_watched
                ],
            }
        )
        return NOTHING_OPEN
    for source in sources:
        click.echo(f"{source.id}  {_plain(source.title.text(language))}\n  {source.address}")
        _say(
            language,
            message(
                "{kind}; certainty of the address: {certainty}; concerns: {concerns}",
                kind=_kind(source.kind.value),
                certainty=source.certainty or "–",
                concerns=", ".join(source.concerns) or "–",
            ),
            indent=2,
        )
    if listed.not_watched and not only:
        click.echo()
        _say(language, message("Not watched:"))
        for each in listed.not_watched:
            title, reason = each.title.text(language), each.reason.text(language)
            click.echo(f"{each.id}  {_plain(title)}\n  {_plain(reason)}")
    click.echo()
    _say(language, message("Nothing was contacted."))
    return NOTHING_OPEN


def _listed_json(source: "WatchedSource") -> dict[str, object]:
    return {
        "source": source.id,
        "title": {"ja": source.title.ja, "en": source.title.en},
        "address": source.address,
        "kind": source.kind.value,
        "certainty": source.certainty,
        "concerns": list(source.concerns),
        "sha256": source.sha256,
    }


def _settle(language: Language, listed: "WatchList", done: tuple[str, ...], folder: Path) -> int:
    from shinrai.planwatch.sources.watch import settle

    for source in listed.only(done):
        if settle(source, folder):
            _say(
                language,
                message("{id}: taken as dealt with; the next change is compared with it.", id=source.id),
            )
        else:
            _say(language, message("{id}: no change is open.", id=source.id))
    return NOTHING_OPEN


def _look(
    language: Language,
    sources: "tuple[WatchedSource, ...]",
    folder: Path,
    *,
    as_json: bool,
    environment_proxies: bool,
) -> int:
    from shinrai.planwatch.sources.watch import Outcome, watch

    sightings: list[Sighting] = []
    for sighting in watch(sources, folder, environment_proxies=environment_proxies):
        sightings.append(sighting)
        if not as_json:
            _show_sighting(language, sighting)
    proposals = [sighting.proposal for sighting in sightings if sighting.proposal is not None]
    if as_json:
        _print_json(
            {
                "sightings": [sighting.as_json() for sighting in sightings],
                "proposals": [proposal.as_json() for proposal in proposals],
            }
        )
    else:
        _show_proposals(language, proposals)
    if proposals:
        return OPEN_PROPOSALS
    failed = any(sighting.outcome is Outcome.FAILED for sighting in sightings)
    return NOT_ALL_SEEN if failed else NOTHING_OPEN


def _show_sighting(language: Language, sighting: "Sighting") -> None:
    name, trace = sighting.source.id, sighting.trace
    if sighting.failure is not None:
        _say(language, message("{id}: could not be seen. {reason}", id=name, reason=sighting.failure.message))
        if trace.last_seen is not None:
            last = f"{trace.last_seen:%Y-%m-%d}"
            _say(language, message("Last seen on {date}; what was known then is kept.", date=last), indent=2)
    elif sighting.outcome.value == "changed":
        _say(language, message("{id}: changed.", id=name))
    elif sighting.outcome.value == "first_seen":
        _say(language, message("{id}: seen for the first time.", id=name))
    elif trace.last_changed is not None:
        since = f"{trace.last_changed:%Y-%m-%d}"
        _say(language, message("{id}: unchanged since {date}.", id=name, date=since))
    else:
        _say(language, message("{id}: unchanged since it was first seen.", id=name))
    for note in sighting.notes:
        _say(language, note, indent=2)


def _show_proposals(language: Language, proposals: "list[Proposal]") -> None:
    click.echo()
    if not proposals:
        _say(language, message("No change is open. Nothing was recorded."))
        return
    _say(language, message("Changes to look at ({count}):", count=len(proposals)))
    for proposal in proposals:
        source = proposal.source
        click.echo(f"\n{source.id}  {_plain(source.title.text(language))}\n  {source.address}")
        noticed = f"{proposal.noticed:%Y-%m-%d}" if proposal.noticed else "–"
        _say(
            language,
            message(
                "Noticed on {date}; may concern: {concerns}", date=noticed, concerns=", ".join(source.concerns) or "–"
            ),
            indent=2,
        )
        click.echo(f"  SHA-256 {proposal.old.sha256[:16]}… → {proposal.new.sha256[:16]}…")
        _show_difference(language, proposal)
    click.echo()
    _say(
        language,
        message(
            "Nothing was recorded. Where a change is an event of the plan, record it with its source "
            "(shinrai plan record); then end the proposal with: shinrai plan watch --done ID"
        ),
    )


def _show_difference(language: Language, proposal: "Proposal") -> None:
    said = proposal.difference
    if said is None:
        _say(language, message("There is no text to compare; open the source and look."), indent=2)
        return
    for line in said.lines:
        click.echo(f"    {line}")
    if said.left_out:
        _say(language, message("… {count} more lines", count=said.left_out), indent=4)


def _kind(kind: str) -> Message:
    return {
        "page": message("page, compared by its text"),
        "file": message("file, compared by its bytes"),
        "law": message("law, compared by its revisions"),
    }[kind]


def _plain(text: str) -> str:
    from shinrai.planwatch.sources.quoting import shown

    return shown(text)


def _print_json(data: object) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _say(language: Language, said: Message, *, indent: int = 0) -> None:
    click.echo(" " * indent + said.text(language))
