"""`shinrai council vote`, `ballot` and `seat`: what a member does, at the terminal, by file, and over HTTP."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from shinrai.cli.building import command, group, home_option
from shinrai.cli.council_words import TRUST_FILE, file_argument, file_option, policy_of
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.council.case import Opinion
    from shinrai.council.case_file import CouncilCase
    from shinrai.council.member import Member, Vote
    from shinrai.evidence import Home
    from shinrai_verify.trust import Policy

HELP = {
    "vote": message(
        "Vote as a person: see what is decided on, choose a value, give a reason, sign.\n\n"
        "Without --out the votes go into the log of this data folder."
    ),
    "member": message("Id of the member in the roster."),
    "votes-out": message("File for the signed votes, to be brought to the coordinator."),
    "control": message("Vote on this control alone; needed with --value."),
    "value": message("The value, instead of being asked: pass, fail or inconclusive."),
    "reason": message("The reason, instead of being asked."),
    "ballot": message("Votes as files, for members without a network."),
    "export": message("Write again what this member signed in a round, from its journal."),
    "import": message("Take a file of signed votes into the log; all of it or nothing."),
    "seat": message(
        "Hold a seat on this machine: enrol, or attend a round that a coordinator serves.\n\n"
        "Exit codes: 0 the votes are proven to be in the log, 2 they are not."
    ),
    "connect": message("Address of the coordinator, like https://council.example:8443."),
    "as": message("Who judges: recompute, provenance, statistics, policy, completeness, or model."),
    "judge": message("Description of the model, YAML, with --as model."),
    "numbers-only": message("Show the model nothing but numbers that Shinrai computed."),
    "enrol": message("File of planned seats: make a key for this member and write its enrolment to --out."),
    "patience": message("Seconds for which a coordinator that does not answer is tried again."),
    "round": message("Id of the round."),
    "enrolment-out": message("File for the enrolment."),
}
_UNPROVEN = 2


def _member_option(language: Language) -> click.Option:
    return click.Option(["--member", "name"], required=True, help=HELP["member"].text(language))


def _trust_option(language: Language, *, required: bool = True) -> click.Option:
    return file_option("--trust", language, TRUST_FILE, required=required)


def member_of(home: "Home", name: str) -> "Member":
    """Return a member with its key in a data folder; ShinraiError where there is none."""
    from shinrai.council.journal import VoteJournal
    from shinrai.council.member import Member
    from shinrai.evidence.keys import key_path, load_signer
    from shinrai_verify.encoding import IDENTIFIER

    if not IDENTIFIER.fullmatch(name) or not key_path(home.keys, f"member-{name}").exists():
        raise ShinraiError(
            message("This data folder holds no key of the member {name}.", name=name),
            fix=message("Name the folder in which it enrolled with --home."),
        )
    return Member(name, load_signer(home.keys, f"member-{name}"), VoteJournal(home.path / "council", home.keys, name))


def vote_command(language: Language) -> click.Command:
    """Return `shinrai council vote`."""

    def carry_out(
        case: Path,
        trust: Path,
        name: str,
        out: Path | None,
        control: str | None,
        value: str | None,
        reason: str | None,
        home: Path | None,
    ) -> int:
        from shinrai.council.case_file import read_case
        from shinrai.evidence import open_home

        folder = open_home(home)
        read, member = read_case(case, policy_of(trust)), member_of(folder, name)
        if control is not None and control not in read.opened.controls:
            raise ShinraiError(message("The round is not about {control}.", control=control))
        if value is not None and control is None:
            raise ShinraiError(message("Name the control that --value is for with --control."))
        controls = [control] if control is not None else list(read.opened.controls)
        opinions = _asked(language, read, member, controls, value, reason)
        if opinions:
            member.vote(read, opinions, method="interview")
        return _deliver(language, folder, read, member, out)

    options: list[click.Parameter] = [
        file_argument("case"),
        _trust_option(language),
        _member_option(language),
        file_option("--out", language, HELP["votes-out"]),
        click.Option(["--control"], help=HELP["control"].text(language)),
        click.Option(
            ["--value"], type=click.Choice(["pass", "fail", "inconclusive"]), help=HELP["value"].text(language)
        ),
        click.Option(["--reason"], help=HELP["reason"].text(language)),
        home_option(language),
    ]
    return command("vote", language, carry_out, options, HELP["vote"])


def _asked(
    language: Language,
    case: "CouncilCase",
    member: "Member",
    controls: list[str],
    value: str | None,
    reason: str | None,
) -> dict[str, "Opinion"]:
    """Show the case and ask for each control that has no vote yet."""
    from shinrai.council.human_seat import about_the_round

    _lines(language, *about_the_round(case))
    done = {vote.control: vote.value for vote in member.recall(case)}
    found = {}
    for number, control in enumerate(controls, start=1):
        if control in done and value is None:
            said = message("{control}: you signed “{value}” before.", control=control, value=_VALUES[done[control]])
            _lines(language, said)
            continue
        found[control] = _one(language, case, control, number, value, reason)
    return found


def _one(
    language: Language, case: "CouncilCase", control: str, number: int, value: str | None, reason: str | None
) -> "Opinion":
    from shinrai.council.dossier import dossier
    from shinrai.council.human_seat import CHOICES, about_the_control, opinion_of

    _lines(language, "", *about_the_control(case, control, number, language))
    while True:
        chosen = (
            value
            or CHOICES[
                click.prompt(
                    message("Your vote: 1 pass, 2 fail, 3 inconclusive").text(language),
                    type=click.Choice(list(CHOICES)),
                )
            ]
        )
        why = reason if reason is not None else click.prompt(message("Your reason, in a sentence").text(language))
        try:
            opinion = opinion_of(dossier(case, control), chosen, why)
        except ShinraiError as error:
            if reason is not None:
                raise
            _lines(language, error.what)
            continue
        if value is not None or _agreed(language, control, chosen):
            return opinion


_VALUES: dict[str, Message] = {
    "pass": message("pass"),
    "fail": message("fail"),
    "inconclusive": message("inconclusive"),
}


def _agreed(language: Language, control: str, value: str) -> bool:
    question = message("Sign “{value}” on {control}? It cannot be taken back.", value=_VALUES[value], control=control)
    return click.confirm(question.text(language))


def _deliver(language: Language, home: "Home", case: "CouncilCase", member: "Member", out: Path | None) -> int:
    """Write the votes to a file, or take them into the log of this data folder."""
    votes = member.recall(case)
    if not votes:
        raise ShinraiError(message("This member has signed nothing in this round."))
    if out is not None:
        _write(language, case, member, votes, out)
        return 0
    from shinrai.cli.council_opening import data_folder
    from shinrai.council.coordinator import Coordinator
    from shinrai.council.exchange import statements_of

    with data_folder(home.path) as (folder, store):
        coordinator = Coordinator(folder, store, case.opened.id)
        if coordinator.status().phase == "committing":
            coordinator.accept([member.commitment(case, votes)])
            said = message("Committed. Vote again with the same command when the round is revealed.")
        else:
            proofs = coordinator.accept(statements_of(votes))
            said = message("{n} votes signed and logged, from entry {index}.", n=len(votes), index=proofs[0].index)
    _lines(language, said)
    return 0


def _write(language: Language, case: "CouncilCase", member: "Member", votes: list["Vote"], out: Path) -> None:
    from shinrai.council.exchange import write_votes

    write_votes(out, votes)
    _lines(language, message("{n} signed votes written to {file}.", n=len(votes), file=str(out)))
    if case.opened.sealed:
        sealed = out.with_name(f"{out.name}.commitment")
        write_votes(sealed, votes, member.commitment(case, votes))
        _lines(
            language,
            message("The round is sealed: hand in {file} first, and the votes after the reveal.", file=str(sealed)),
        )


def _lines(language: Language, *said: Message | str) -> None:
    from shinrai.cli import tables

    for each in said:
        click.echo(tables.said(each, language))


def ballot_group(language: Language) -> click.Group:
    """Return `shinrai council ballot`."""

    def export(case: Path, trust: Path, name: str, out: Path, home: Path | None) -> int:
        from shinrai.council.case_file import read_case
        from shinrai.evidence import open_home

        folder = open_home(home)
        return _deliver(language, folder, read_case(case, policy_of(trust)), member_of(folder, name), out)

    def take(votes: Path, round_id: str, home: Path | None) -> int:
        from shinrai.cli.council_opening import data_folder
        from shinrai.council.coordinator import Coordinator
        from shinrai.council.exchange import import_votes
        from shinrai.evidence import open_home

        with data_folder(open_home(home).path) as (folder, store):
            proofs = import_votes(Coordinator(folder, store, round_id), votes)
        _lines(language, message("{n} statements are in the log.", n=len(proofs)))
        return 0

    made = group("ballot", language, HELP["ballot"])
    exported: list[click.Parameter] = [
        file_argument("case"),
        _trust_option(language),
        _member_option(language),
        file_option("--out", language, HELP["votes-out"], required=True),
        home_option(language),
    ]
    taken: list[click.Parameter] = [
        file_argument("votes"),
        click.Option(["--round", "round_id"], required=True, help=HELP["round"].text(language)),
        home_option(language),
    ]
    made.add_command(command("export", language, export, exported, HELP["export"]))
    made.add_command(command("import", language, take, taken, HELP["import"]))
    return made


@dataclass(frozen=True, slots=True)
class _Seat:
    """What `shinrai council seat` was told."""

    connect: str | None
    trust: Path | None
    name: str
    kind: str | None
    judge: Path | None
    numbers_only: bool
    enrol: Path | None
    out: Path | None
    patience: float
    home: Path | None


def seat_command(language: Language) -> click.Command:
    """Return `shinrai council seat`."""

    def carry_out(**given: object) -> int:
        seat = _Seat(**given)  # type: ignore[arg-type]  # click hands over what the options declare
        if (seat.connect is None) == (seat.enrol is None):
            raise ShinraiError(message("Give either --connect or --enrol."))
        return _enrol(language, seat) if seat.enrol is not None else _attend(language, seat)

    kinds = click.Choice(["recompute", "provenance", "statistics", "policy", "completeness", "model"])
    options: list[click.Parameter] = [
        click.Option(["--connect"], help=HELP["connect"].text(language)),
        _trust_option(language, required=False),
        _member_option(language),
        click.Option(["--as", "kind"], type=kinds, help=HELP["as"].text(language)),
        file_option("--judge", language, HELP["judge"]),
        click.Option(["--numbers-only"], is_flag=True, help=HELP["numbers-only"].text(language)),
        file_option("--enrol", language, HELP["enrol"]),
        file_option("--out", language, HELP["enrolment-out"]),
        click.Option(
            ["--patience"],
            type=click.FloatRange(0, 30 * 86_400),
            default=60.0,
            show_default=True,
            help=HELP["patience"].text(language),
        ),
        home_option(language),
    ]
    return command("seat", language, carry_out, options, HELP["seat"])


def _enrol(language: Language, seat: _Seat) -> int:
    from shinrai.council.members import enrol
    from shinrai.council.seats_file import read_seats
    from shinrai.evidence import open_home
    from shinrai.evidence.keys import load_signer
    from shinrai_verify.encoding import canonical_json

    if seat.enrol is None or seat.out is None:
        raise ShinraiError(message("Name the file for the enrolment with --out."))
    planned = next((each for each in read_seats(seat.enrol).seats if each.id == seat.name), None)
    if planned is None:
        raise ShinraiError(message("There is no seat “{id}” in {file}.", id=seat.name, file=str(seat.enrol)))
    signer = load_signer(open_home(seat.home).keys, f"member-{planned.id}")
    seat.out.write_bytes(canonical_json(enrol(planned, signer)) + b"\n")
    _lines(language, message("Enrolment written to {file}; it holds nothing secret.", file=str(seat.out)))
    return 0


def _attend(language: Language, seat: _Seat) -> int:
    from shinrai.council.http_seat import SeatSetting, attend
    from shinrai.evidence import open_home

    if seat.connect is None or seat.trust is None or seat.kind is None:
        raise ShinraiError(message("A seat that attends needs --trust and --as."))
    folder, policy = open_home(seat.home), policy_of(seat.trust)
    member = member_of(folder, seat.name)
    setting = SeatSetting(seat.connect, policy, folder.path / "council", seat.patience)
    found = asyncio.run(attend(setting, member, _judging(seat, folder, policy)))
    said = message("{n} votes sent; {m} proofs that they are in the log.", n=len(found.votes), m=len(found.proofs) // 2)
    _lines(language, said)
    return 0 if found.logged else _UNPROVEN


def _judging(seat: _Seat, home: "Home", policy: "Policy") -> "Callable[[CouncilCase], Mapping[str, Opinion]]":
    if seat.kind == "model":
        from shinrai.council.model_seat import ModelSeat
        from shinrai.evaluate.scorers.judge_file import read_judge

        if seat.judge is None:
            raise ShinraiError(message("A seat of a model needs the description of the model, with --judge."))
        held = ModelSeat(read_judge(seat.judge), home.path / "council", numbers_only=seat.numbers_only)
        return held.opinions
    return lambda case: _examined(str(seat.kind), case, policy)


def _examined(instrument: str, case: "CouncilCase", policy: "Policy") -> "Mapping[str, Opinion]":
    from shinrai.assess.bundle_case import case_of
    from shinrai.council.tool_seat import tool_opinions

    keys = policy.outside.in_turn(case.log.trust[-1].turns).logs
    key = next(key for key in keys if key.name == case.opened.origin and key.covers(case.log.head.size))
    with TemporaryDirectory(prefix="shinrai-case-") as folder:
        return tool_opinions(instrument, case, case_of(case, key, Path(folder)))
