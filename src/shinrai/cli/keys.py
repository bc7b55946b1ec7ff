"""`shinrai keys`: make, list, rotate, revoke, export and encrypt the keys of a data folder."""

import base64
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.cli.building import command, group, home_option
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence import Home

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
HELP = {
    "keys": message("Look after the keys of the data folder."),
    "list": message("List the keys: how each is kept, its id, and what it may sign."),
    "create": message("Make a key, or register a command that signs with a key held elsewhere (KMS, HSM, smart card)."),
    "rotate": message(
        "Give admin, producer, coordinator, a person or the log a new key, or replace the root keys: the new trust "
        "document is then signed by enough old and by enough new ones.\n\n"
        "The log's old key goes on to verify what it signed, and nothing later. If it was stopped, do it again."
    ),
    "revoke": message("Log that a key's signatures count for nothing from an entry of the log on."),
    "export": message("Print a public key, for others."),
    "encrypt": message("Encrypt all keys under a passphrase, which is only ever named; also changes the passphrase."),
    "command": message("Command that reads the data to sign and writes the 64 bytes of the Ed25519 signature."),
    "public": message("The public key of that command: a PEM file."),
    "threshold": message("How many of the new root keys have to sign (root only)."),
    "from": message("First entry of the log that no longer counts (default: the next one)."),
    "reason": message("Why; it is signed and shown to everyone."),
    "passphrase": message("Where the passphrase is: env:NAME or file:PATH."),
}
"""Help texts; a message each, so that they stand in the catalogue."""
EXAMPLES = {
    "list": "shinrai keys list",
    "create": "shinrai keys create root-b",
    "rotate": "shinrai keys rotate producer",
    "revoke": "shinrai keys revoke person-yamada --reason 'left the company'",
    "export": "shinrai keys export producer",
    "encrypt": "shinrai keys encrypt --passphrase env:SHINRAI_PASSPHRASE",
}


def keys_group(language: Language) -> click.Group:
    """Return `shinrai keys`."""
    made = group("keys", language, HELP["keys"])
    for build in (_list, _create, _rotate, _revoke, _export, _encrypt):
        made.add_command(build(language))
    return made


def _command(name: str, language: Language, run: object, params: list[click.Parameter]) -> click.Command:
    return command(name, language, run, [*params, home_option(language)], HELP[name], EXAMPLES[name])  # type: ignore[arg-type]


def _option(language: Language, flag: str, key: str, **more: object) -> click.Option:
    return click.Option([flag], help=HELP[key].text(language), **more)  # type: ignore[arg-type]


def _list(language: Language) -> click.Command:
    def run(home: Path | None) -> int:
        from shinrai.evidence import Store, find_home
        from shinrai.evidence.keys import key_names, key_path, load_signer
        from shinrai_verify.trust import TRUST
        from shinrai_verify.verify import REVOCATION

        folder = find_home(home)
        rights: dict[str, str] = {}
        revoked: dict[str, int] = {}
        if folder.database.exists():
            store = Store(folder)
            try:
                chain, revocations = store.of_type(TRUST), store.of_type(REVOCATION)
            finally:
                store.close()
            for role, entry in (chain[-1].statement.predicate["roles"] if chain else {}).items():
                rights |= dict.fromkeys(entry["keyids"], role)
            for entry in revocations:
                about = entry.statement.predicate
                start = about["invalidFromIndex"]
                revoked[about["keyid"]] = min(start, revoked.get(about["keyid"], start))
        kinds = {
            ".pem": message("not encrypted"),
            ".sealed.json": message("encrypted"),
            ".signer.json": message("held elsewhere"),
        }
        for name in key_names(folder.keys):
            path = key_path(folder.keys, name)
            kept = next(kind for end, kind in kinds.items() if path.name == name + end)
            keyid = load_signer(folder.keys, name).keyid
            said = [name, kept.text(language), keyid, rights.get(keyid, "–")]
            if keyid in revoked:
                said.append(message("revoked from entry {index} on", index=revoked[keyid]).text(language))
            click.echo("\t".join(said))
        return 0

    return _command("list", language, run, [])


def _create(language: Language) -> click.Command:
    def run(name: str, signing: str | None, public: Path | None, home: Path | None) -> int:
        from shinrai.evidence import open_home
        from shinrai.evidence.keys import create_key, register_command

        folder = open_home(home)
        if (signing is None) != (public is None):
            raise ShinraiError(
                message("A command and its public key belong together."),
                fix=message("Give both --command and --public, or neither."),
            )
        if signing is None or public is None:
            signer = create_key(folder.keys, _checked(name))
        else:
            signer = register_command(folder.keys, _checked(name), _public(public), shlex.split(signing))
        _say(language, message("{name} is ready: {keyid}", name=name, keyid=signer.keyid))
        return 0

    signing = click.Option(["--command", "signing"], help=HELP["command"].text(language))
    public = _option(language, "--public", "public", type=click.Path(path_type=Path, dir_okay=False))
    return _command("create", language, run, [click.Argument(["name"]), signing, public])


def _rotate(language: Language) -> click.Command:
    def run(name: str, fresh: tuple[str, ...], threshold: int | None, home: Path | None) -> int:
        from shinrai.evidence import Store, find_home
        from shinrai.evidence.keys import load_signer
        from shinrai.evidence.trust import rotate, rotate_root, utc_now

        folder = find_home(home)
        if name == "root" and not fresh:
            raise ShinraiError(
                message("Which keys are to be the new root?"),
                fix=message("Make them first (`shinrai keys create root-b`), then name them all."),
            )
        if name != "root" and (fresh or threshold is not None):
            raise ShinraiError(
                message("Only root takes further keys and a threshold."),
                fix=message("Leave them out for {name}.", name=name),
            )
        for each in fresh:
            _existing(folder, each)
        store = Store(folder)
        try:
            if name == "log":
                from shinrai.evidence.log_keys import rotate_log

                store.close()
                key = rotate_log(folder, utc_now())
                _say(language, message("The new key signs the log from {size} entries on:", size=key.since))
                click.echo(f"{key}@{key.since}")
            elif name == "root":
                signers = [load_signer(folder.keys, each) for each in fresh]
                chain = rotate_root(folder, store, signers, threshold or len(signers), utc_now())
                _say(language, message("Trust document {n} names the new root keys.", n=len(chain)))
            else:
                signer = rotate(folder, store, _checked(name), utc_now())
                _say(language, message("{name} is ready: {keyid}", name=name, keyid=signer.keyid))
        finally:
            store.close()
        return 0

    threshold = _option(language, "--threshold", "threshold", type=click.IntRange(min=1))
    names = [click.Argument(["name"]), click.Argument(["fresh"], nargs=-1)]
    return _command("rotate", language, run, [*names, threshold])


def _revoke(language: Language) -> click.Command:
    def run(name: str, start: int | None, reason: str, home: Path | None) -> int:
        from shinrai.evidence import Store, find_home
        from shinrai.evidence.keys import load_signer
        from shinrai.evidence.trust import ensure_trust, revoke, utc_now
        from shinrai_verify.encoding import SHA256_HEX

        folder = find_home(home)
        keyid = name
        if not SHA256_HEX.fullmatch(name):
            _existing(folder, name)
            keyid = load_signer(folder.keys, name).keyid
        store = Store(folder)
        try:
            ensure_trust(folder, store, {}, utc_now())
            first = len(store.leaves()) if start is None else start
            logged = revoke(folder, store, keyid, first, reason)
        finally:
            store.close()
        text = message("Revoked from entry {index} on; logged as entry {at}.", index=first, at=logged.index)
        _say(language, text)
        return 0

    start = click.Option(["--from", "start"], type=click.IntRange(min=0), help=HELP["from"].text(language))
    reason = _option(language, "--reason", "reason", required=True)
    return _command("revoke", language, run, [click.Argument(["name"]), start, reason])


def _export(language: Language) -> click.Command:
    def run(name: str, home: Path | None) -> int:
        from shinrai.evidence import find_home
        from shinrai.evidence.keys import load_signer
        from shinrai_verify.keys import public_der

        folder = find_home(home)
        _existing(folder, name)
        signer = load_signer(folder.keys, name)
        encoded = base64.b64encode(public_der(signer.public)).decode()
        click.echo(f"# {name} {signer.keyid}\n-----BEGIN PUBLIC KEY-----\n{encoded}\n-----END PUBLIC KEY-----")
        return 0

    return _command("export", language, run, [click.Argument(["name"])])


def _encrypt(language: Language) -> click.Command:
    def run(passphrase: str, home: Path | None) -> int:
        from shinrai.evidence import find_home
        from shinrai.evidence.keys import seal_keys

        done = seal_keys(find_home(home).keys, passphrase)
        _say(language, message("{n} keys are encrypted under {reference}.", n=len(done), reference=passphrase))
        return 0

    passphrase = _option(language, "--passphrase", "passphrase", required=True, metavar="REFERENCE")
    return _command("encrypt", language, run, [passphrase])


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or ".retired-" in name:
        raise ShinraiError(
            message("A key cannot be named {name}.", name=ascii(name)[:120]),
            fix=message("Use small letters, digits, dots and hyphens, as in person-yamada."),
        )
    return name


def _existing(home: "Home", name: str) -> None:
    from shinrai.evidence.keys import key_names

    if name not in key_names(home.keys):
        raise ShinraiError(
            message("There is no key named {name}.", name=ascii(name)[:120]),
            fix=message("See: shinrai keys list"),
        )


def _public(path: Path) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ShinraiError(
            message("{path} is not an Ed25519 public key in PEM form.", path=path),
            fix=message("Export it from the device: openssl pkey -pubin -in KEY -outform PEM"),
        )
    return key.public_bytes_raw()


def _say(language: Language, said: Message) -> None:
    click.echo(said.text(language))
