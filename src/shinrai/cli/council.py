"""`shinrai council`: make rosters, open rounds, vote in them, take votes in, and count again what others counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, force_option, group, home_option, json_option
from shinrai.cli.council_voting import ballot_group, seat_command, vote_command
from shinrai.cli.council_words import TRUST_FILE, file_argument, file_option, policy_of
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.council.case_file import CouncilCase
    from shinrai.council.counting import RoundCount
    from shinrai.evidence import Home, Store

HELP = {
    "council": message("Let a council of tools, models and people judge: rosters, rounds, votes and the count."),
    "roster": message(
        "Make a roster: print seats to start from, or sign and log the roster of a file of seats.\n\n"
        "Seats without an enrolment get a key in this data folder."
    ),
    "seats": message("Print a file of seats to start from: 4, 7 or 33."),
    "seats-file": message("File of planned seats, YAML."),
    "enrolled": message("Enrolment that a member made on its own machine; may be repeated."),
    "open": message("Open a round on a bundle of this data folder, and write the case for the members."),
    "bundle": message("Bundle of an assessment, bundle.zip."),
    "roster-id": message("SHA-256 of the logged roster, as `council roster` prints it."),
    "tier": message("Risk tier (low, medium, high); by default the one of the assessment. It decides how many people."),
    "control": message(
        "Only this control (JP-GL-C2.bias-runs), or all of a requirement (JP-GL-C2); may be repeated. By default all "
        "that the assessment's council judged."
    ),
    "sealed": message("Commit first, reveal later: nobody sees a vote before all have committed."),
    "reason": message("Why the round is held, in words."),
    "case-out": message("File for the case that members get."),
    "show": message("Show a case: what is decided on, who votes, and what may be said of the council."),
    "serve": message("Take votes over HTTP until all have come or the time is over, then close and write the record."),
    "host": message("Address to listen on."),
    "port": message("Port to listen on; 0 for any free one."),
    "seconds": message("Seconds after which each phase ends, whoever is missing."),
    "record-out": message("File for the record of the round."),
    "close": message("Close a round without serving it, count it, and write the record."),
    "tally": message(
        "Count a recorded round again, from the signed votes alone.\n\n"
        "Exit codes: 0 every control is certified as passed, 1 one is certified as failed, 2 otherwise."
    ),
    "late": message("File of votes that were not in the log in time; may be repeated. They count against liars alone."),
    "status": message("Show the rounds of this data folder, or where one stands. No vote is shown."),
    "round": message("Id of the round; by default the one of the case."),
    "canaries": message(
        "File of known answers, JSON; its digest is logged before the round, the answers after it. Keep it secret."
    ),
    "reveal": message("End the commitments of a sealed round; votes are taken from then on."),
    "simulate": message("Simulate what a council withstands, and write a page with charts in both languages."),
    "members": message("Number of members."),
    "page-out": message("Folder for the pages."),
}


def council_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    made = group("council", language, HELP["council"])
    for build in (_show, _roster, _open, vote_command, ballot_group, seat_command, _serve, _close, _tally, _status):
        made.add_command(build(language))
    made.add_command(_simulate(language))
    return made


def _roster(language: Language) -> click.Command:
    def carry_out(seats: str | None, file: Path | None, enrolled: Sequence[Path], home: Path | None) -> int:
        if (seats is None) == (file is None):
            raise ShinraiError(message("Give either --seats or --file."))
        if seats is not None:
            from shinrai.council.seats_file import seats_template

            click.echo(seats_template(int(seats)), nl=False)
            return 0
        assert file is not None  # noqa: S101  (told apart above)
        return _log_roster(language, file, enrolled, home)

    options: list[click.Parameter] = [
        click.Option(["--seats"], type=click.Choice(["4", "7", "33"]), help=HELP["seats"].text(language)),
        file_option("--file", language, HELP["seats-file"]),
        file_option("--enrolled", language, HELP["enrolled"], multiple=True),
        home_option(language),
    ]
    return command("roster", language, carry_out, options, HELP["roster"], "shinrai council roster --seats 7")


def _log_roster(language: Language, file: Path, enrolled: Sequence[Path], home: Path | None) -> int:
    from shinrai.cli import tables
    from shinrai.council.coordinator import log_document
    from shinrai.council.members import enrol, read_enrolment, read_roster, roster_statement
    from shinrai.council.seats_file import read_seats
    from shinrai.council.standing import report
    from shinrai.evidence import Store, ensure_trust, open_home
    from shinrai.evidence.keys import load_signer
    from shinrai.evidence.trust import utc_now

    planned, folder = read_seats(file), open_home(home)
    given = {entry["id"]: entry for entry in (read_enrolment(p.read_bytes(), str(p)) for p in enrolled)}
    strangers = sorted(set(given) - {seat.id for seat in planned.seats})
    if strangers:
        raise ShinraiError(
            message("{name} enrolled, but has no seat in {file}.", name=strangers[0], file=str(file)),
            fix=message("Add the seat, or leave the enrolment out."),
        )
    store = Store(folder)
    try:
        trust = ensure_trust(folder, store, {}, utc_now())
        entries = [
            given.get(seat.id) or enrol(seat, load_signer(folder.keys, f"member-{seat.id}")) for seat in planned.seats
        ]
        statement = roster_statement(entries, trust[0].envelope.payload_sha256, required=planned.required)
        logged = log_document(folder, store, statement)
        for said in report(read_roster(logged.statement.predicate)):
            tables.line(said, language)
        tables.line(message("Roster: {sha256}", sha256=logged.envelope.payload_sha256), language, style="bold")
    finally:
        store.close()
    return 0


def _open(language: Language) -> click.Command:
    def carry_out(**given: Any) -> int:
        from shinrai.cli import tables
        from shinrai.cli.council_opening import Opening, open_on_bundle

        made = open_on_bundle(Opening(**given))
        opened = made.round
        for name, leaves in made.requirements.items():
            said = message("{name} stands for its pieces of evidence: {leaves}", name=name, leaves=", ".join(leaves))
            tables.line(said, language)
        tables.line(message("Round: {id}, attempt {n}", id=opened.id, n=opened.attempt), language, style="bold")
        tables.line(message("Case for the members: {file}", file=str(given["case"])), language)
        return 0

    tiers = click.Choice(["low", "medium", "high"])
    options: list[click.Parameter] = [
        file_argument("bundle"),
        click.Option(["--roster"], required=True, help=HELP["roster-id"].text(language)),
        click.Option(["--tier"], type=tiers, help=HELP["tier"].text(language)),
        click.Option(["--control", "controls"], multiple=True, help=HELP["control"].text(language)),
        click.Option(["--sealed"], is_flag=True, help=HELP["sealed"].text(language)),
        click.Option(["--reason"], default="assessment", show_default=True, help=HELP["reason"].text(language)),
        file_option("--case", language, HELP["case-out"], default=Path("case.zip"), show_default=True),
        file_option("--canaries", language, HELP["canaries"]),
        home_option(language),
    ]
    return command("open", language, carry_out, options, HELP["open"])


def _show(language: Language) -> click.Command:
    def carry_out(case: Path, trust: Path, as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.council.case_file import read_case
        from shinrai.council.human_seat import about_the_round

        read = read_case(case, policy_of(trust))
        if as_json:
            tables.as_json(_shown(read))
            return 0
        for said in about_the_round(read):
            tables.line(said, language)
        columns = (message("Member"), message("Kind"), message("Domain"), message("Causes"))
        rows = [(m.id, _KINDS[m.kind], m.domain, ", ".join(m.causes)) for m in read.roster.members]
        tables.table(columns, rows, language)
        return 0

    options = [
        file_argument("case"),
        file_option("--trust", language, TRUST_FILE, required=True),
        json_option(language),
    ]
    return command("show", language, carry_out, options, HELP["show"])


_KINDS = {"tool": message("tool"), "model": message("model"), "human": message("person")}


def _shown(case: "CouncilCase") -> dict[str, Any]:
    from shinrai.cli import tables
    from shinrai.council.standing import report, standing

    found = standing(case.roster)
    return {
        "attempt": case.opened.attempt,
        "bundle": case.opened.bundle_id,
        "byzantine": found.byzantine,
        "commonCausesOverF": [{"cause": each.cause, "members": list(each.members)} for each in found.over],
        "controls": list(case.opened.controls),
        "domains": found.domains,
        "F": found.tolerated_domains,
        "f": found.f,
        "missing": list(case.missing),
        "n": found.n,
        "q": found.q,
        "report": [tables.both(said) for said in report(case.roster)],
        "round": case.opened.id,
        "sealed": case.opened.sealed,
        "withheld": list(case.withheld),
    }


def _closing_options(language: Language) -> list[click.Parameter]:
    return [
        file_argument("case"),
        click.Option(["--round", "round_id"], help=HELP["round"].text(language)),
        file_option("--record", language, HELP["record-out"], default=Path("record.zip"), show_default=True),
        file_option("--canaries", language, HELP["canaries"]),
        home_option(language),
    ]


def _serve(language: Language) -> click.Command:
    def carry_out(host: str, port: int, seconds: float, **given: Any) -> int:
        from shinrai.cli.council_opening import Closing, serve_case

        def ready(listening: int) -> None:
            shown = message("Listening on http://{host}:{port}", host=host, port=listening)
            click.echo(shown.text(language))

        found = serve_case(Closing(**given), (host, port), seconds, ready)
        _say_counted(found, given["record"], language)
        return 0

    options: list[click.Parameter] = [
        *_closing_options(language),
        click.Option(["--host"], default="127.0.0.1", show_default=True, help=HELP["host"].text(language)),
        click.Option(
            ["--port"], type=click.IntRange(0, 65535), default=0, show_default=True, help=HELP["port"].text(language)
        ),
        click.Option(
            ["--seconds"],
            type=click.FloatRange(0.1, 30 * 86_400),
            default=600.0,
            show_default=True,
            help=HELP["seconds"].text(language),
        ),
    ]
    return command("serve", language, carry_out, options, HELP["serve"])


def _close(language: Language) -> click.Command:
    def carry_out(reveal: bool, **given: Any) -> int:
        from shinrai.cli.council_opening import Closing, close_case

        found = close_case(Closing(**given), reveal=reveal)
        if found is not None:
            _say_counted(found, given["record"], language)
        return 0

    reveal = click.Option(["--reveal"], is_flag=True, help=HELP["reveal"].text(language))
    return command("close", language, carry_out, [*_closing_options(language), reveal], HELP["close"])


def _say_counted(count: "RoundCount", record: Path, language: Language) -> None:
    from shinrai.cli import tables

    certified = sum(each.outcome in ("pass", "fail", "inconclusive") for each in count.tallies.values())
    said = message("{n} of {m} controls have a certificate.", n=certified, m=len(count.tallies))
    tables.line(said, language)
    tables.line(message("Record of the round: {file}", file=str(record)), language)


def _tally(language: Language) -> click.Command:
    def carry_out(record: Path, trust: Path, late: Sequence[Path], as_json: bool) -> int:
        from shinrai.cli.council_counting import recount

        return recount(language, record, policy_of(trust), late, as_json=as_json)

    options = [
        file_argument("record"),
        file_option("--trust", language, TRUST_FILE, required=True),
        file_option("--late", language, HELP["late"], multiple=True),
        json_option(language),
    ]
    return command("tally", language, carry_out, options, HELP["tally"])


def _status(language: Language) -> click.Command:
    def carry_out(round_id: str | None, home: Path | None) -> int:
        from shinrai.evidence import Store, open_home

        folder = open_home(home)
        store = Store(folder)
        try:
            _show_rounds(language, folder, store, round_id)
        finally:
            store.close()
        return 0

    options = [click.Option(["--round", "round_id"], help=HELP["round"].text(language)), home_option(language)]
    return command("status", language, carry_out, options, HELP["status"])


_PHASES: dict[str, Message] = {
    "committing": message("commitments are taken"),
    "voting": message("votes are taken"),
    "closed": message("closed"),
}


def _show_rounds(language: Language, home: "Home", store: "Store", round_id: str | None) -> None:
    from shinrai.cli import tables
    from shinrai.council.coordinator import Coordinator, RoundStatus
    from shinrai_verify.verify import CLOSE, ROUND

    rows = []
    closed = {str(each.statement.predicate["round"]) for each in store.of_type(CLOSE)}
    for logged in store.of_type(ROUND):
        name = logged.envelope.payload_sha256
        if round_id not in (None, name):
            continue
        coordinator = Coordinator(home, store, name)
        found = coordinator.status()
        if name in closed and found.phase != "closed":
            # A round that an assessment held by itself; its votes stand in the steps of the assessment.
            found = RoundStatus("closed", tuple(member.id for member in coordinator.roster.members), (), ())
        waiting = ", ".join(found.waiting) if len(found.waiting) <= 12 else str(len(found.waiting))
        attempt = str(logged.statement.predicate["attempt"])
        rows.append((name, attempt, _PHASES[found.phase], str(len(found.voted)), waiting or "–"))
    columns = (message("Round"), message("Attempt"), message("State"), message("Voted"), message("Waiting for"))
    tables.table(columns, rows, language)


def _simulate(language: Language) -> click.Command:
    def carry_out(members: int, runs: int, items: int, out: Path, force: bool, as_json: bool) -> int:
        from shinrai.cli.council_counting import simulated

        return simulated(language, (members, runs, items), out, force=force, as_json=as_json)

    options: list[click.Parameter] = [
        click.Option(
            ["--members"],
            type=click.IntRange(7, 200),
            default=33,
            show_default=True,
            help=HELP["members"].text(language),
        ),
        click.Option(["--runs"], type=click.IntRange(1, 10_000), default=50, hidden=True),
        click.Option(["--items"], type=click.IntRange(10, 100_000), default=400, hidden=True),
        click.Option(
            ["--out"],
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("council-simulation"),
            show_default=True,
            help=HELP["page-out"].text(language),
        ),
        force_option(language),
        json_option(language),
    ]
    return command("simulate", language, carry_out, options, HELP["simulate"], "shinrai council simulate --members 33")
