"""`shinrai log witness` and `shinrai log timestamp`: others vouch for the log, and it for others."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, home_option
from shinrai.cli.log_parts import HELP, file_path, opened, option, read, say, turn
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence import Store


def _witness(folder: Path, name: str, logs: tuple[str, ...]) -> Any:
    from shinrai.evidence import open_home
    from shinrai.evidence.faults import in_words
    from shinrai.evidence.keys import load_signer
    from shinrai.evidence.log_keys import in_turns
    from shinrai.evidence.witness import WitnessService
    from shinrai_verify.encoding import Fault

    home = open_home(folder)
    try:
        known = in_turns([turn(log) for log in logs])
    except Fault as fault:
        raise ShinraiError(
            message("{fault}", fault=in_words(fault)), fix=message("Whoever keeps the log prints it: shinrai log key")
        ) from None
    return WitnessService(home.path / "witness.db", name, load_signer(home.keys, "witness"), known)


def witness_serve(language: Language) -> click.Command:
    """Return `log witness serve`."""

    def carry_out(folder: Path, name: str, log: tuple[str, ...], listen: str) -> int:
        from shinrai.evidence.witness_server import serve

        service = _witness(folder, name, log)
        host, _, port = listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ShinraiError(
                message("“{text}” is no address to listen at.", text=listen),
                fix=message("Example: --listen 127.0.0.1:8901"),
            )

        def told(address: str) -> None:
            say(
                message("{name} answers at {address}; stop it with Ctrl-C.", name=service.key, address=address),
                language,
            )
            sys.stdout.flush()

        serve(service, host.strip("[]"), int(port), told)
        return 0

    params = [
        *_witness_options(language),
        click.Option(["--log"], multiple=True, required=True, metavar="VKEY", help=HELP["witnessed"].text(language)),
        option(language, "listen", default="127.0.0.1:8901"),
    ]
    example = (
        "shinrai log witness serve --folder ~/witness --name witness.example/w1 "
        "--log shinrai.example/log/1c4e+ab4e85fb+AZ...="
    )
    return command("serve", language, carry_out, params, HELP["witness-serve"], example)


def witness_key(language: Language) -> click.Command:
    """Return `log witness key`."""

    def carry_out(folder: Path, name: str) -> int:
        click.echo(str(_witness(folder, name, ()).key))
        return 0

    example = "shinrai log witness key --folder ~/witness --name witness.example/w1"
    return command("key", language, carry_out, _witness_options(language), HELP["witness-key"], example)


def witness_ask(language: Language) -> click.Command:
    """Return `log witness ask`."""

    def carry_out(home: Path | None, policy: Path | None) -> int:
        with opened(home) as store:
            found = policy_of(store, policy)
            if found is None:
                raise ShinraiError(
                    message("The data folder has no witness policy."),
                    fix=message("Write {path}, or name one with --policy.", path=store.home.path / "witness-policy"),
                )
            return asked(store, found, language)

    params = [home_option(language), option(language, "policy", file_path())]
    return command("ask", language, carry_out, params, HELP["witness-ask"], "shinrai log witness ask")


def _witness_options(language: Language) -> list[click.Parameter]:
    return [
        option(language, "folder", click.Path(path_type=Path, file_okay=False), required=True),
        option(language, "name", required=True),
    ]


def timestamp_ask(language: Language) -> click.Command:
    """Return `log timestamp ask`."""

    def carry_out(home: Path | None, authority: str) -> int:
        from shinrai.evidence.timestamps import stamp

        with opened(home) as store:
            done = stamp(store, authority)
        say(message("{name} stamped the checkpoint of {n} entries.", name=done.authority, n=done.size), language)
        return 0

    params = [home_option(language), option(language, "authority", required=True, metavar="URL")]
    example = "shinrai log timestamp ask --authority https://tsa.example/"
    return command("ask", language, carry_out, params, HELP["timestamp-ask"], example)


def timestamp_list(language: Language) -> click.Command:
    """Return `log timestamp list`."""

    def carry_out(home: Path | None, root: tuple[Path, ...]) -> int:
        from shinrai.evidence.timestamps import roots_from_pem, verified

        roots = [certificate for path in root for certificate in roots_from_pem(read(path), str(path))]
        with opened(home) as store:
            found = verified(store, roots)
        for each, outcome in found:
            if isinstance(outcome, Message):
                what = message("{n} entries, {name}: {why}", n=each.size, name=each.authority, why=outcome)
                say(what, language, err=True)
                continue
            moment = f"{outcome:%Y-%m-%dT%H:%M:%SZ}"
            say(message("{n} entries, {name}: {moment}", n=each.size, name=each.authority, moment=moment), language)
        if not found:
            say(message("The log has no timestamp."), language)
        return 1 if any(isinstance(outcome, Message) for _, outcome in found) else 0

    params = [
        home_option(language),
        click.Option(["--root"], multiple=True, required=True, type=file_path(), help=HELP["root"].text(language)),
    ]
    example = "shinrai log timestamp list --root tsa-root.pem"
    return command("list", language, carry_out, params, HELP["timestamp-list"], example)


def policy_of(store: "Store", named: Path | None) -> Any:
    """Return the witness policy that was named, or that the data folder has; None where there is none."""
    from shinrai.evidence.cosignatures import WitnessPolicy
    from shinrai.evidence.witnessing import POLICY_FILE

    path = named or store.home.path / POLICY_FILE
    if named is None and not path.exists():
        return None
    return WitnessPolicy.parse(read(path), str(path))


def asked(store: "Store", policy: Any, language: Language) -> int:
    """Ask the witnesses of a policy, say what became of it, and return the exit code."""
    from shinrai.evidence.witnessing import ask_witnesses

    done = ask_witnesses(store, policy)
    click.echo(done.note.decode(), nl=False)
    for name, why in done.silent.items():
        say(message("{name} did not cosign: {why}.", name=name, why=why), language, err=True)
    if done.forked:
        names = ", ".join(done.forked)
        said = message("Another history of this log was seen by: {names}. Find out which is right.", names=names)
        say(said, language, err=True)
        return 1
    if not done.met:
        say(message("Fewer witnesses cosigned than the policy asks for."), language, err=True)
    return 0 if done.met else 2
