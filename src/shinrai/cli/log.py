"""`shinrai log`: check the log, publish it, prove entries, export it for any web server, have others vouch for it.

Exit codes: 0 all is well, 1 damaged or forked, 2 not shown (no quorum of witnesses, no proof), 3 usage error.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, home_option, json_option
from shinrai.cli.giving_up import give_up_command
from shinrai.cli.log_erasing import erase_command
from shinrai.cli.log_parts import HELP, file_path, harmless_lines, opened, option, say, shown
from shinrai.cli.log_proving import checkpoint_command, compare_command, prove_command, proved_command
from shinrai.cli.log_vouching import (
    asked,
    policy_of,
    timestamp_ask,
    timestamp_list,
    witness_ask,
    witness_key,
    witness_serve,
)
from shinrai.language import Language, Message, message

if TYPE_CHECKING:
    from shinrai.evidence.findings import Report


def log_group(language: Language) -> click.Group:
    """Return `shinrai log`."""
    made = group("log", language, HELP["log"])
    for build in (
        _check,
        _fsck,
        _key,
        _publish,
        checkpoint_command,
        prove_command,
        proved_command,
        compare_command,
        _export,
        erase_command,
        give_up_command,
    ):
        made.add_command(build(language))
    witness = group("witness", language, HELP["witness"])
    for build in (witness_serve, witness_key, witness_ask):
        witness.add_command(build(language))
    stamps = group("timestamp", language, HELP["timestamp"])
    for build in (timestamp_ask, timestamp_list):
        stamps.add_command(build(language))
    made.add_command(witness)
    made.add_command(stamps)
    return made


def _check(language: Language) -> click.Command:
    def carry_out(home: Path | None) -> int:
        return _checked(language, home, quiet=True, brief=True)

    return command("check", language, carry_out, [home_option(language)], HELP["check"], "shinrai log check")


def _fsck(language: Language) -> click.Command:
    def carry_out(home: Path | None, sample: int | None, processes: int | None, quiet: bool, as_json: bool) -> int:
        return _checked(language, home, sample=sample, processes=processes, quiet=quiet, as_json=as_json)

    params = [
        home_option(language),
        option(language, "sample", click.IntRange(1)),
        option(language, "processes", click.IntRange(1, 256)),
        option(language, "quiet", bool, is_flag=True),
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

    with opened(home) as store, shown(language, quiet=quiet) as show:
        report = fsck(store, sample=sample, processes=processes, progress=show)
    if as_json:
        from shinrai.cli.tables import as_json as print_json

        print_json(_report_json(report))
        return 0 if report.sound else 1
    if report.sound:
        say(message("The log is sound: {n} entries were hashed again.", n=report.entries), language)
    else:
        say(message("The log is damaged:"), language, err=True)
        for finding in report.findings:
            click.echo("  " + harmless_lines(finding.text(language)).replace("\n", "\n  "), err=True)
        if report.more:
            say(message("  and {n} more.", n=report.more), language, err=True)
    for said in () if brief else _remarks(report):
        say(said, language)
    return 0 if report.sound else 1


def _remarks(report: "Report") -> Iterator[Message]:
    if report.signatures < report.entries:
        yield message("{n} of {all} signatures were verified.", n=report.signatures, all=report.entries)
    for digest, index in report.withheld.items():
        yield message("{digest}: erased by entry {index}", digest=digest, index=index)
    if report.outside:
        yield message("{n} contents that statements name were never put into the database.", n=report.outside)


def _report_json(report: "Report") -> dict[str, Any]:
    from shinrai.cli.tables import both

    counts = ("entries", "nodes", "checkpoints", "contents", "signatures", "timestamps", "outside", "more")
    return {
        "sound": report.sound,
        **{name: getattr(report, name) for name in counts},
        "erased": dict(report.withheld),
        "findings": [
            {"table": each.table, "row": each.row, "what": both(each.what), "fix": both(each.fix)}
            for each in report.findings
        ],
    }


def _key(language: Language) -> click.Command:
    def carry_out(home: Path | None) -> int:
        with opened(home) as store:
            click.echo(f"{store.key}@{store.key.since}" if store.key.since else str(store.key))
        return 0

    return command("key", language, carry_out, [home_option(language)], HELP["key"], "shinrai log key")


def _publish(language: Language) -> click.Command:
    def carry_out(home: Path | None, adopt: bool, alone: bool, policy: Path | None) -> int:
        with opened(home) as store:
            note = store.publisher.publish(adopt=adopt)
            found = policy_of(store, policy)
            if alone or found is None:
                click.echo(note.decode(), nl=False)
                return 0
            return asked(store, found, language)

    params = [
        home_option(language),
        option(language, "adopt", bool, is_flag=True),
        option(language, "alone", bool, is_flag=True),
        option(language, "policy", file_path()),
    ]
    return command("publish", language, carry_out, params, HELP["publish"], "shinrai log publish")


def _export(language: Language) -> click.Command:
    def carry_out(home: Path | None, out: Path, quiet: bool) -> int:
        from shinrai.evidence.tiles import export

        with opened(home) as store, shown(language, quiet=quiet) as show:
            done = export(store, out, show)
        said = message(
            "{folder} shows {n} entries, {new} of them new: {files} files written.",
            folder=out,
            n=done.size,
            new=done.size - done.since,
            files=done.written,
        )
        say(said, language)
        return 0

    params = [
        home_option(language),
        option(language, "out", click.Path(path_type=Path, file_okay=False), required=True),
        option(language, "quiet", bool, is_flag=True),
    ]
    return command("export", language, carry_out, params, HELP["export"], "shinrai log export --out public/log")
