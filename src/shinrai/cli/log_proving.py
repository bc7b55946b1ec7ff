"""`shinrai log checkpoint`, `prove`, `proved` and `compare`: what others check, and check with."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, force_option, home_option
from shinrai.cli.log_parts import HELP, file_path, log_keys, opened, option, put, read, say
from shinrai.cli.log_vouching import policy_of
from shinrai.language import Language, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence import Store


def checkpoint_command(language: Language) -> click.Command:
    """Return `log checkpoint`."""

    def carry_out(
        file: Path | None, home: Path | None, policy: Path | None, max_age: float | None, log_key: str | None
    ) -> int:
        from shinrai.evidence.faults import in_words
        from shinrai_verify.encoding import Fault

        with opened(home) as store:
            note = read(file) if file is not None else store.newest_checkpoint()
            if note is None:
                raise ShinraiError(
                    message("No checkpoint has been published."), fix=message("Publish one: shinrai log publish")
                )
            if file is None and policy is None and max_age is None:
                click.echo(note.decode(), nl=False)
                return 0
            try:
                return _appraised(note, store, policy_of(store, policy), max_age, log_key, language)
            except Fault as fault:
                say(
                    message("This is not a good checkpoint of the log: {fault}", fault=in_words(fault)),
                    language,
                    err=True,
                )
                return 1

    params: list[click.Parameter] = [
        click.Argument(["file"], required=False, type=file_path()),
        home_option(language),
        option(language, "policy", file_path()),
        option(language, "max-age", click.FloatRange(0), metavar="HOURS"),
        option(language, "log-key", metavar="VKEY"),
    ]
    return command("checkpoint", language, carry_out, params, HELP["checkpoint"], "shinrai log checkpoint")


def _appraised(
    note: bytes, store: "Store", policy: Any, max_age: float | None, log_key: str | None, language: Language
) -> int:
    from shinrai.evidence.appraisal import appraise
    from shinrai.evidence.trust import utc_now

    keys = list(store.keys) if log_key is None else log_keys(log_key, None)
    age = None if max_age is None else timedelta(hours=max_age)
    found = appraise(note, keys, policy, utc_now(), age)
    say(message("Checkpoint of {n} entries of {name}.", n=found.head.size, name=found.head.origin), language)
    for each in found.witnessed:
        said = message(
            "Cosigned by {name} at {moment}.", name=each.witness.name, moment=f"{each.moment:%Y-%m-%dT%H:%M:%SZ}"
        )
        say(said, language)
    for name in found.ahead:
        say(message("The clock of {name} is ahead; it does not count.", name=name), language)
    if not found.quorum:
        say(message("Fewer witnesses cosigned than the policy asks for."), language, err=True)
    if found.too_old:
        what = message("Nothing shows that it was the newest within {hours} hours.", hours=max_age)
        say(what, language, err=True)
    return 0 if found.exit_code == 0 else 2


def prove_command(language: Language) -> click.Command:
    """Return `log prove`."""

    def carry_out(
        entry: int | None,
        home: Path | None,
        payload: str | None,
        since: int | None,
        out: Path | None,
        entry_out: Path | None,
        force: bool,
    ) -> int:
        if sum(given is not None for given in (entry, payload, since)) != 1:
            raise ShinraiError(
                message("Say one of: the number of an entry, --payload, --from."),
                fix=message("Example: shinrai log prove 3 --out entry-3.tlog-proof"),
            )
        with opened(home) as store:
            if since is not None:
                put(out, _since(store, since), force=force)
                return 0
            index = entry if entry is not None else _found(store, str(payload))
            proof = store.prove(index)
            put(out, proof.to_bytes(), force=force)
            if entry_out is not None:
                put(entry_out, store.entry(index), force=force)
        return 0

    params: list[click.Parameter] = [
        click.Argument(["entry"], required=False, type=click.IntRange(0)),
        home_option(language),
        option(language, "payload", metavar="SHA256"),
        click.Option(["--from", "since"], type=click.IntRange(0), metavar="SIZE", help=HELP["from"].text(language)),
        click.Option(["--out"], type=file_path(), help=HELP["proof-out"].text(language)),
        option(language, "entry-out", file_path()),
        force_option(language),
    ]
    example = "shinrai log prove 0 --out entry-0.tlog-proof --entry-out entry-0.json"
    return command("prove", language, carry_out, params, HELP["prove"], example)


def _found(store: "Store", payload: str) -> int:
    from shinrai_verify.encoding import SHA256_HEX

    try:
        if SHA256_HEX.fullmatch(payload):
            return store.index_of(payload)
    except KeyError:
        pass
    raise ShinraiError(
        message("No statement with the digest {digest} is in the log.", digest=payload[:64]),
        fix=message("Give the SHA-256 of the statement in lowercase hex."),
    )


def _since(store: "Store", since: int) -> bytes:
    from shinrai.evidence.proofs import base64_lines
    from shinrai_verify.note import Checkpoint, open_note

    note = store.newest_checkpoint()
    size = 0
    if note is not None:
        size = Checkpoint.parse(open_note(note, store.keys, "the checkpoint"), "the checkpoint").size
    if since > size:
        raise ShinraiError(
            message("The newest checkpoint has {n} entries, fewer than that.", n=size),
            fix=message("Publish one: shinrai log publish"),
        )
    return base64_lines(store.consistency(since, size)).encode()


def proved_command(language: Language) -> click.Command:
    """Return `log proved`."""

    def carry_out(proof: Path, entry: Path, log_key: str | None, home: Path | None) -> int:
        from shinrai.evidence.faults import in_words
        from shinrai.evidence.proofs import Proof
        from shinrai_verify.encoding import Fault

        keys = log_keys(log_key, home)
        try:
            shown = Proof.from_bytes(read(proof))
            head = shown.verify(read(entry), keys)
        except Fault as fault:
            say(message("Not proved: {fault}", fault=in_words(fault)), language, err=True)
            return 1
        said = message(
            "Proved: entry {index} of {n}, in the log {name}.", index=shown.index, n=head.size, name=head.origin
        )
        say(said, language)
        return 0

    params: list[click.Parameter] = [
        click.Argument(["proof"], type=file_path()),
        option(language, "entry", file_path(), required=True),
        option(language, "log-key", metavar="VKEY"),
        home_option(language),
    ]
    example = "shinrai log proved entry-0.tlog-proof --entry entry-0.json"
    return command("proved", language, carry_out, params, HELP["proved"], example)


def compare_command(language: Language) -> click.Command:
    """Return `log compare`."""

    def carry_out(one: Path, other: Path, proof: Path | None, log_key: str | None, home: Path | None) -> int:
        from shinrai.evidence.appraisal import Agreement, compare
        from shinrai.evidence.faults import in_words
        from shinrai_verify.encoding import Fault, unbase64

        said = {
            Agreement.SAME: message("Both show the same log."),
            Agreement.CONTINUES: message("The larger continues the smaller."),
            Agreement.FORK: message("The log forked: it signed two histories. Keep both files, they prove it."),
            Agreement.UNPROVEN: message(
                "Nothing shows that the larger continues the smaller. Ask for a proof: shinrai log prove --from SIZE"
            ),
        }
        codes = {Agreement.SAME: 0, Agreement.CONTINUES: 0, Agreement.FORK: 1, Agreement.UNPROVEN: 2}
        keys = log_keys(log_key, home)
        try:
            lines = None if proof is None else read(proof).decode("ascii", "replace").splitlines()
            hashes = None if lines is None else [unbase64(line, "the proof", standard=True) for line in lines]
            found = compare(read(one), read(other), keys, hashes)
        except Fault as fault:
            say(message("This is not a good checkpoint of the log: {fault}", fault=in_words(fault)), language, err=True)
            return 1
        say(said[found], language, err=codes[found] != 0)
        return codes[found]

    params: list[click.Parameter] = [
        click.Argument(["one"], type=file_path()),
        click.Argument(["other"], type=file_path()),
        option(language, "proof", file_path()),
        option(language, "log-key", metavar="VKEY"),
        home_option(language),
    ]
    example = "shinrai log compare theirs.checkpoint ours.checkpoint --proof between.txt"
    return command("compare", language, carry_out, params, HELP["compare"], example)
