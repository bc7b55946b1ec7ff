"""`shinrai log`: check the log, publish it, prove entries, export it for any web server, have others vouch for it.

Exit codes: 0 all is well, 1 damaged or forked, 2 not shown (no quorum of witnesses, no proof), 3 usage error.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, force_option, group, home_option, json_option
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence import Store
    from shinrai.evidence.findings import Progress, Report

HELP = {
    "log": message("Look after the evidence log."),
    "check": message("Re-hash the whole log and say what is wrong with it."),
    "fsck": message(
        "Re-hash the whole log: entries, tree, checkpoints, signatures, contents, trust documents.\n\n"
        "Each finding names table and row, and what to do. Exit codes: 0 sound, 1 damaged, 3 usage error."
    ),
    "key": message("Print the log's verifier key, which others need to check its checkpoints."),
    "publish": message(
        "Sign the present head of the log and, where the data folder has a witness policy, have it cosigned.\n\n"
        "Exit codes: 0 published, 1 a witness saw another history, 2 not enough witnesses cosigned, 3 usage error."
    ),
    "checkpoint": message(
        "Print the newest published checkpoint, or appraise one that somebody gave you.\n\n"
        "Exit codes: 0 all is met, 1 not a good checkpoint of the log, 2 the policy is not met, 3 usage error."
    ),
    "prove": message("Write the proof that an entry is in the log, as a tlog-proof file."),
    "proved": message(
        "Check a tlog-proof file against an entry, without the log.\n\n"
        "Exit codes: 0 proved, 1 not proved, 3 usage error."
    ),
    "compare": message(
        "Compare two checkpoints that two people saw of one log.\n\n"
        "Exit codes: 0 one continues the other, 1 the log forked, 2 nothing shows either, 3 usage error."
    ),
    "export": message(
        "Write the published log as files for any web server (C2SP tlog-tiles), or continue such a folder."
    ),
    "withhold": message(
        "Take contents out of the database for good. Digests and a signed declaration stay in the log."
    ),
    "witness": message("Be a witness of other logs, or have this log cosigned."),
    "witness-serve": message("Cosign checkpoints of the logs named, over HTTP, until stopped (C2SP tlog-witness)."),
    "witness-key": message("Print the witness's verifier key, which goes into the policy of others."),
    "witness-ask": message("Have the newest checkpoint cosigned by the witnesses of the policy, once more."),
    "timestamp": message("Timestamps of the log's checkpoints by an authority (RFC 3161)."),
    "timestamp-ask": message("Have the newest checkpoint stamped by an authority that you name."),
    "timestamp-list": message(
        "List the tokens, and verify them against certificates that you trust.\n\n"
        "Exit codes: 0 all are good, 1 a token is not good, 3 usage error."
    ),
    "sample": message("Verify about so many signatures, evenly spread, instead of all."),
    "processes": message("Processes that verify signatures (default: one for each processor)."),
    "quiet": message("Show no progress."),
    "adopt": message(
        "Take the newest checkpoint in the database for what this key signed last, after a lost key folder."
    ),
    "alone": message("Ask no witness."),
    "policy": message("Witness policy (C2SP tlog-policy); default: witness-policy in the data folder."),
    "max-age": message("Hours since enough witnesses last vouched for it."),
    "log-key": message("Verifier key of the log; default: that of the data folder."),
    "payload": message("SHA-256 of the statement, instead of the number of its entry."),
    "entry-out": message("File for the bytes of the entry, too."),
    "proof-out": message("File for the proof (default: standard output)."),
    "entry": message("File with the bytes of the entry."),
    "proof": message("Consistency proof from the smaller to the larger: a base64 hash on each line."),
    "out": message("Folder to write into."),
    "reason": message("Why, in words that name nobody; it stays in the log."),
    "yes": message("Do not ask before erasing."),
    "folder": message("Folder of the witness: its key and what it remembers."),
    "name": message("Name of the witness: an address without a scheme, such as witness.example/w1."),
    "witnessed": message("Verifier key of a log to cosign; may be given again."),
    "listen": message("Address to listen at (default: 127.0.0.1:8901)."),
    "authority": message("Address of the timestamping authority."),
    "root": message("PEM file with certificates that you trust; may be given again."),
    "from": message("Size from which the consistency of the log is to be proved, instead of an entry."),
}
_SECONDS_BETWEEN_LINES = 5.0
_CLEAR = "\r\x1b[K"
_LARGEST_FILE = 1024 * 1024


def log_group(language: Language) -> click.Group:
    """Return `shinrai log`."""
    made = group("log", language, HELP["log"])
    for build in (_check, _fsck, _key, _publish, _checkpoint, _prove, _proved, _compare, _export, _withhold):
        made.add_command(build(language))
    witness = group("witness", language, HELP["witness"])
    for build in (_witness_serve, _witness_key, _witness_ask):
        witness.add_command(build(language))
    stamps = group("timestamp", language, HELP["timestamp"])
    for build in (_timestamp_ask, _timestamp_list):
        stamps.add_command(build(language))
    made.add_command(witness)
    made.add_command(stamps)
    return made


@contextmanager
def _store(home: Path | None) -> "Iterator[Store]":
    from shinrai.evidence import Store, open_home

    store = Store(open_home(home))
    try:
        yield store
    finally:
        store.close()


def _check(language: Language) -> click.Command:
    def carry_out(home: Path | None) -> int:
        return _checked(language, home, quiet=True, brief=True)

    return command("check", language, carry_out, [home_option(language)], HELP["check"], "shinrai log check")


def _fsck(language: Language) -> click.Command:
    def carry_out(home: Path | None, sample: int | None, processes: int | None, quiet: bool, as_json: bool) -> int:
        return _checked(language, home, sample=sample, processes=processes, quiet=quiet, as_json=as_json)

    params = [
        home_option(language),
        _option(language, "sample", click.IntRange(1)),
        _option(language, "processes", click.IntRange(1, 256)),
        _option(language, "quiet", bool, is_flag=True),
        json_option(language),
    ]
    return command("fsck", language, carry_out, params, HELP["fsck"], "shinrai log fsck")


def _checked(
    language: Language,
    home: Path | None,
    *,
    sample: int | None = None,
    processes: int | None = None,
    quiet: bool = False,
    brief: bool = False,
    as_json: bool = False,
) -> int:
    from shinrai.evidence.fsck import fsck

    with _store(home) as store, _shown(language, quiet=quiet) as show:
        report = fsck(store, sample=sample, processes=processes, progress=show)
    if as_json:
        from shinrai.cli.tables import as_json as print_json

        print_json(_report_json(report))
        return 0 if report.sound else 1
    if report.sound:
        _say(message("The log is sound: {n} entries were hashed again.", n=report.entries), language)
    else:
        _say(message("The log is damaged:"), language, err=True)
        for finding in report.findings:
            click.echo("  " + _harmless(finding.text(language)).replace("\n", "\n  "), err=True)
        if report.more:
            _say(message("  and {n} more.", n=report.more), language, err=True)
    for said in () if brief else _remarks(report):
        _say(said, language)
    return 0 if report.sound else 1


def _remarks(report: "Report") -> Iterator[Message]:
    if report.signatures < report.entries:
        yield message("{n} of {all} signatures were verified.", n=report.signatures, all=report.entries)
    if report.withheld:
        yield message("{n} contents were taken out on purpose.", n=len(report.withheld))
    if report.outside:
        yield message("{n} contents that statements name were never put into the database.", n=report.outside)


def _report_json(report: "Report") -> dict[str, Any]:
    from shinrai.cli.tables import both

    counts = ("entries", "nodes", "checkpoints", "contents", "signatures", "timestamps", "outside", "more")
    return {
        "sound": report.sound,
        **{name: getattr(report, name) for name in counts},
        "withheld": list(report.withheld),
        "findings": [
            {"table": each.table, "row": each.row, "what": both(each.what), "fix": both(each.fix)}
            for each in report.findings
        ],
    }


def _key(language: Language) -> click.Command:
    def carry_out(home: Path | None) -> int:
        with _store(home) as store:
            click.echo(str(store.key))
        return 0

    return command("key", language, carry_out, [home_option(language)], HELP["key"], "shinrai log key")


def _publish(language: Language) -> click.Command:
    def carry_out(home: Path | None, adopt: bool, alone: bool, policy: Path | None) -> int:
        with _store(home) as store:
            note = store.publisher.publish(adopt=adopt)
            found = _policy(store, policy)
            if alone or found is None:
                click.echo(note.decode(), nl=False)
                return 0
            return _asked(store, found, language)

    params = [
        home_option(language),
        _option(language, "adopt", bool, is_flag=True),
        _option(language, "alone", bool, is_flag=True),
        _option(language, "policy", _file()),
    ]
    return command("publish", language, carry_out, params, HELP["publish"], "shinrai log publish")


def _policy(store: "Store", named: Path | None) -> Any:
    """Return the witness policy that was named, or that the data folder has; None where there is none."""
    from shinrai.evidence.cosignatures import WitnessPolicy
    from shinrai.evidence.witnessing import POLICY_FILE

    path = named or store.home.path / POLICY_FILE
    if named is None and not path.exists():
        return None
    return WitnessPolicy.parse(_read(path), str(path))


def _asked(store: "Store", policy: Any, language: Language) -> int:
    from shinrai.evidence.witnessing import ask_witnesses

    done = ask_witnesses(store, policy)
    click.echo(done.note.decode(), nl=False)
    for name, why in done.silent.items():
        _say(message("{name} did not cosign: {why}.", name=name, why=why), language, err=True)
    if done.forked:
        names = ", ".join(done.forked)
        said = message("Another history of this log was seen by: {names}. Find out which is right.", names=names)
        _say(said, language, err=True)
        return 1
    if not done.met:
        _say(message("Fewer witnesses cosigned than the policy asks for."), language, err=True)
    return 0 if done.met else 2


def _checkpoint(language: Language) -> click.Command:
    def carry_out(
        file: Path | None, home: Path | None, policy: Path | None, max_age: float | None, log_key: str | None
    ) -> int:
        from shinrai.evidence.faults import in_words
        from shinrai_verify.encoding import Fault

        with _store(home) as store:
            note = _read(file) if file is not None else store.newest_checkpoint()
            if note is None:
                raise ShinraiError(
                    message("No checkpoint has been published."), fix=message("Publish one: shinrai log publish")
                )
            if file is None and policy is None and max_age is None:
                click.echo(note.decode(), nl=False)
                return 0
            try:
                return _appraised(note, store, _policy(store, policy), max_age, log_key, language)
            except Fault as fault:
                _say(
                    message("This is not a good checkpoint of the log: {fault}", fault=in_words(fault)),
                    language,
                    err=True,
                )
                return 1

    params: list[click.Parameter] = [
        click.Argument(["file"], required=False, type=_file()),
        home_option(language),
        _option(language, "policy", _file()),
        _option(language, "max-age", click.FloatRange(0), metavar="HOURS"),
        _option(language, "log-key", metavar="VKEY"),
    ]
    return command("checkpoint", language, carry_out, params, HELP["checkpoint"], "shinrai log checkpoint")


def _appraised(
    note: bytes, store: "Store", policy: Any, max_age: float | None, log_key: str | None, language: Language
) -> int:
    from shinrai.evidence.appraisal import appraise
    from shinrai.evidence.trust import utc_now

    keys = [store.key] if log_key is None else _keys(log_key, None)
    age = None if max_age is None else timedelta(hours=max_age)
    found = appraise(note, keys, policy, utc_now(), age)
    _say(message("Checkpoint of {n} entries of {name}.", n=found.head.size, name=found.head.origin), language)
    for each in found.witnessed:
        said = message(
            "Cosigned by {name} at {moment}.", name=each.witness.name, moment=f"{each.moment:%Y-%m-%dT%H:%M:%SZ}"
        )
        _say(said, language)
    for name in found.ahead:
        _say(message("The clock of {name} is ahead; it does not count.", name=name), language)
    if not found.quorum:
        _say(message("Fewer witnesses cosigned than the policy asks for."), language, err=True)
    if found.too_old:
        what = message("Nothing shows that it was the newest within {hours} hours.", hours=max_age)
        _say(what, language, err=True)
    return 0 if found.exit_code == 0 else 2


def _prove(language: Language) -> click.Command:
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
        with _store(home) as store:
            if since is not None:
                _put(out, _since(store, since), force=force)
                return 0
            index = entry if entry is not None else _found(store, str(payload))
            proof = store.prove(index)
            _put(out, proof.to_bytes(), force=force)
            if entry_out is not None:
                _put(entry_out, store.entry(index), force=force)
        return 0

    params: list[click.Parameter] = [
        click.Argument(["entry"], required=False, type=click.IntRange(0)),
        home_option(language),
        _option(language, "payload", metavar="SHA256"),
        click.Option(["--from", "since"], type=click.IntRange(0), metavar="SIZE", help=HELP["from"].text(language)),
        click.Option(["--out"], type=_file(), help=HELP["proof-out"].text(language)),
        _option(language, "entry-out", _file()),
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
        size = Checkpoint.parse(open_note(note, [store.key], "the checkpoint"), "the checkpoint").size
    if since > size:
        raise ShinraiError(
            message("The newest checkpoint has {n} entries, fewer than that.", n=size),
            fix=message("Publish one: shinrai log publish"),
        )
    return base64_lines(store.consistency(since, size)).encode()


def _proved(language: Language) -> click.Command:
    def carry_out(proof: Path, entry: Path, log_key: str | None, home: Path | None) -> int:
        from shinrai.evidence.faults import in_words
        from shinrai.evidence.proofs import Proof
        from shinrai_verify.encoding import Fault

        keys = _keys(log_key, home)
        try:
            shown = Proof.from_bytes(_read(proof))
            head = shown.verify(_read(entry), keys)
        except Fault as fault:
            _say(message("Not proved: {fault}", fault=in_words(fault)), language, err=True)
            return 1
        said = message(
            "Proved: entry {index} of {n}, in the log {name}.", index=shown.index, n=head.size, name=head.origin
        )
        _say(said, language)
        return 0

    params: list[click.Parameter] = [
        click.Argument(["proof"], type=_file()),
        _option(language, "entry", _file(), required=True),
        _option(language, "log-key", metavar="VKEY"),
        home_option(language),
    ]
    example = "shinrai log proved entry-0.tlog-proof --entry entry-0.json"
    return command("proved", language, carry_out, params, HELP["proved"], example)


def _keys(given: str | None, home: Path | None) -> list[Any]:
    """Return the log key that was given; only without one is a data folder opened."""
    from shinrai.evidence.faults import in_words
    from shinrai_verify.encoding import Fault
    from shinrai_verify.note import NoteKey

    if given is None:
        with _store(home) as store:
            return [store.key]
    try:
        return [NoteKey.parse(given)]
    except Fault as fault:
        raise ShinraiError(
            message("{fault}", fault=in_words(fault)), fix=message("Whoever keeps the log prints it: shinrai log key")
        ) from None


def _compare(language: Language) -> click.Command:
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
        keys = _keys(log_key, home)
        try:
            lines = None if proof is None else _read(proof).decode("ascii", "replace").splitlines()
            hashes = None if lines is None else [unbase64(line, "the proof", standard=True) for line in lines]
            found = compare(_read(one), _read(other), keys, hashes)
        except Fault as fault:
            _say(
                message("This is not a good checkpoint of the log: {fault}", fault=in_words(fault)), language, err=True
            )
            return 1
        _say(said[found], language, err=codes[found] != 0)
        return codes[found]

    params: list[click.Parameter] = [
        click.Argument(["one"], type=_file()),
        click.Argument(["other"], type=_file()),
        _option(language, "proof", _file()),
        _option(language, "log-key", metavar="VKEY"),
        home_option(language),
    ]
    example = "shinrai log compare theirs.checkpoint ours.checkpoint --proof between.txt"
    return command("compare", language, carry_out, params, HELP["compare"], example)


def _export(language: Language) -> click.Command:
    def carry_out(home: Path | None, out: Path, quiet: bool) -> int:
        from shinrai.evidence.tiles import export

        with _store(home) as store, _shown(language, quiet=quiet) as show:
            done = export(store, out, show)
        said = message(
            "{folder} shows {n} entries, {new} of them new: {files} files written.",
            folder=out,
            n=done.size,
            new=done.size - done.since,
            files=done.written,
        )
        _say(said, language)
        return 0

    params = [
        home_option(language),
        _option(language, "out", click.Path(path_type=Path, file_okay=False), required=True),
        _option(language, "quiet", bool, is_flag=True),
    ]
    return command("export", language, carry_out, params, HELP["export"], "shinrai log export --out public/log")


def _withhold(language: Language) -> click.Command:
    def carry_out(digests: tuple[str, ...], home: Path | None, reason: str, yes: bool) -> int:
        from shinrai.evidence.keys import load_signer
        from shinrai.evidence.statements import sign, timestamp
        from shinrai.evidence.trust import ensure_trust, utc_now
        from shinrai.evidence.withholding import withheld_statement
        from shinrai_verify.encoding import Fault

        now = utc_now()
        with _store(home) as store:
            try:
                declaration = withheld_statement(digests, reason, timestamp(now))
            except Fault:
                raise ShinraiError(
                    message("A content is named by its SHA-256 in lowercase hex."),
                    fix=message("The statements that rest on it name it so; see the manifest of a bundle."),
                ) from None
            question = message("Take {n} contents out for good? Nothing brings them back.", n=len(set(digests)))
            if not yes and not click.confirm(question.text(language)):
                raise click.Abort
            ensure_trust(store.home, store, {}, now)
            index = store.withhold(sign(declaration, load_signer(store.home.keys, "admin")))
            store.publish()
        said = message(
            "Taken out, and declared as entry {index} of the log. Backups and bundles still hold them.", index=index
        )
        _say(said, language)
        return 0

    params: list[click.Parameter] = [
        click.Argument(["digests"], nargs=-1, required=True, metavar="SHA256..."),
        home_option(language),
        _option(language, "reason", required=True),
        _option(language, "yes", bool, is_flag=True),
    ]
    example = (
        "shinrai log withhold 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae "
        "--reason 'erasure was asked for'"
    )
    return command("withhold", language, carry_out, params, HELP["withhold"], example)


def _witness(folder: Path, name: str, logs: tuple[str, ...]) -> Any:
    from shinrai.evidence import open_home
    from shinrai.evidence.faults import in_words
    from shinrai.evidence.keys import load_signer
    from shinrai.evidence.witness import WitnessService
    from shinrai_verify.encoding import Fault
    from shinrai_verify.note import NoteKey

    home = open_home(folder)
    try:
        known = [NoteKey.parse(log) for log in logs]
    except Fault as fault:
        raise ShinraiError(
            message("{fault}", fault=in_words(fault)), fix=message("Whoever keeps the log prints it: shinrai log key")
        ) from None
    return WitnessService(home.path / "witness.db", name, load_signer(home.keys, "witness"), known)


def _witness_serve(language: Language) -> click.Command:
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
            _say(
                message("{name} answers at {address}; stop it with Ctrl-C.", name=service.key, address=address),
                language,
            )
            sys.stdout.flush()

        serve(service, host.strip("[]"), int(port), told)
        return 0

    params = [
        *_witness_options(language),
        click.Option(["--log"], multiple=True, required=True, metavar="VKEY", help=HELP["witnessed"].text(language)),
        _option(language, "listen", default="127.0.0.1:8901"),
    ]
    example = (
        "shinrai log witness serve --folder ~/witness --name witness.example/w1 "
        "--log shinrai.example/log/1c4e+ab4e85fb+AZ...="
    )
    return command("serve", language, carry_out, params, HELP["witness-serve"], example)


def _witness_key(language: Language) -> click.Command:
    def carry_out(folder: Path, name: str) -> int:
        click.echo(str(_witness(folder, name, ()).key))
        return 0

    example = "shinrai log witness key --folder ~/witness --name witness.example/w1"
    return command("key", language, carry_out, _witness_options(language), HELP["witness-key"], example)


def _witness_ask(language: Language) -> click.Command:
    def carry_out(home: Path | None, policy: Path | None) -> int:
        with _store(home) as store:
            found = _policy(store, policy)
            if found is None:
                raise ShinraiError(
                    message("The data folder has no witness policy."),
                    fix=message("Write {path}, or name one with --policy.", path=store.home.path / "witness-policy"),
                )
            return _asked(store, found, language)

    params = [home_option(language), _option(language, "policy", _file())]
    return command("ask", language, carry_out, params, HELP["witness-ask"], "shinrai log witness ask")


def _witness_options(language: Language) -> list[click.Parameter]:
    return [
        _option(language, "folder", click.Path(path_type=Path, file_okay=False), required=True),
        _option(language, "name", required=True),
    ]


def _timestamp_ask(language: Language) -> click.Command:
    def carry_out(home: Path | None, authority: str) -> int:
        from shinrai.evidence.timestamps import stamp

        with _store(home) as store:
            done = stamp(store, authority)
        _say(message("{name} stamped the checkpoint of {n} entries.", name=done.authority, n=done.size), language)
        return 0

    params = [home_option(language), _option(language, "authority", required=True, metavar="URL")]
    example = "shinrai log timestamp ask --authority https://tsa.example/"
    return command("ask", language, carry_out, params, HELP["timestamp-ask"], example)


def _timestamp_list(language: Language) -> click.Command:
    def carry_out(home: Path | None, root: tuple[Path, ...]) -> int:
        from shinrai.evidence.timestamps import roots_from_pem, verified

        roots = [certificate for path in root for certificate in roots_from_pem(_read(path), str(path))]
        with _store(home) as store:
            found = verified(store, roots)
        for each, outcome in found:
            if isinstance(outcome, Message):
                what = message("{n} entries, {name}: {why}", n=each.size, name=each.authority, why=outcome)
                _say(what, language, err=True)
                continue
            moment = f"{outcome:%Y-%m-%dT%H:%M:%SZ}"
            _say(message("{n} entries, {name}: {moment}", n=each.size, name=each.authority, moment=moment), language)
        if not found:
            _say(message("The log has no timestamp."), language)
        return 1 if any(isinstance(outcome, Message) for _, outcome in found) else 0

    params = [
        home_option(language),
        click.Option(["--root"], multiple=True, required=True, type=_file(), help=HELP["root"].text(language)),
    ]
    example = "shinrai log timestamp list --root tsa-root.pem"
    return command("list", language, carry_out, params, HELP["timestamp-list"], example)


@contextmanager
def _shown(language: Language, *, quiet: bool) -> "Iterator[Progress | None]":
    """Yield what shows the progress of a walk over the log on standard error."""
    if quiet:
        yield None
        return
    live = sys.stderr.isatty()
    last: list[Any] = [float("-inf"), None]

    def show(step: Message, done: int, total: int) -> None:
        if monotonic() - last[0] < (0.1 if live else _SECONDS_BETWEEN_LINES) and done < total:
            return
        if not live and total < 100_000:
            return
        last[0] = monotonic()
        said = f"{step.text(language)}: {done:,}/{total:,}"
        sys.stderr.write(_CLEAR + said if live else said + "\n")
        sys.stderr.flush()

    try:
        yield show
    finally:
        if live:
            sys.stderr.write(_CLEAR)


def _read(path: Path) -> bytes:
    """Return a file that others may have written; none of them is large."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise ShinraiError(
            message("{path} cannot be read: {reason}.", path=path, reason=error.strerror or "I/O error"),
            fix=message("Check the path and who may read there."),
        ) from None
    if len(data) > _LARGEST_FILE:
        raise ShinraiError(
            message("{path} is larger than {n} bytes.", path=path, n=_LARGEST_FILE),
            fix=message("No such file is that large; check the path."),
        )
    return data


def _put(path: Path | None, data: bytes, *, force: bool) -> None:
    if path is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    if path.exists() and not force:
        raise ShinraiError(
            message("{path} exists already.", path=path), fix=message("Name another file, or replace it with --force.")
        )
    path.write_bytes(data)


def _say(what: Message, language: Language, *, err: bool = False) -> None:
    """Say it. Names come from the database and from others, so control characters are made harmless."""
    click.echo(_harmless(what.text(language)), err=err)


def _harmless(text: str) -> str:
    from shinrai.report.characters import harmless

    return "\n".join(harmless(line) for line in text.split("\n"))


def _option(language: Language, name: str, kind: Any = str, **more: Any) -> click.Option:
    return click.Option([f"--{name}"], type=kind, help=HELP[name].text(language), **more)


def _file() -> click.Path:
    return click.Path(path_type=Path, dir_okay=False)
