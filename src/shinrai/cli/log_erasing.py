"""`shinrai log erase`: show what rests on a content, then take it out of the data folder for good."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, home_option, json_option
from shinrai.cli.log_parts import HELP, file_path, harmless_lines, opened, option, say
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evidence.erasure import Content

EXAMPLE = (
    "shinrai log erase 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae "
    "--reason 'erasure was asked for'"
)
OUT_OF_REACH = message(
    "Out of reach, and yours to erase: bundles and exports that were handed out, the files outside the data folder "
    "that were assessed, journals of other machines, and backups."
)

_MOST_NAMED = 5
"""Requirements, and other contents, that are named; --json names all."""

_KINDS = {"plan": message("plan"), "evidence": message("evidence")}


def erase_command(language: Language) -> click.Command:
    """Return `log erase`."""

    def carry_out(
        digests: tuple[str, ...],
        home: Path | None,
        reason: str | None,
        file: Path | None,
        dry_run: bool,
        yes: bool,
        as_json: bool,
    ) -> int:
        from shinrai.evidence.erasure import erase, look_up
        from shinrai.evidence.trust import utc_now
        from shinrai.evidence.withholding import check_reason

        if not dry_run:
            check_reason(reason or "")
        with opened(home) as store:
            contents = look_up(store, digests, file)
            _show(contents, store.home.path, language, as_json=as_json and dry_run)
            if dry_run:
                return 0
            question = message("Erase {n} contents for good? Nothing brings them back.", n=len(contents))
            if not yes and not click.confirm(question.text(language), err=True):
                raise click.Abort
            done = erase(store, contents, reason or "", utc_now())
            left = [each.sha256 for each in look_up(store, digests) if each.left]
        if left:
            raise ShinraiError(
                message("Something of {digest} is still here.", digest=left[0]),
                fix=message("Stop what writes to the data folder, and erase it again."),
            )
        if as_json:
            from shinrai.cli.tables import as_json as print_json

            print_json({"erased": done})
            return 0
        for sha256, index in done.items():
            say(message("Erased, as entry {index} of the log declares: {digest}", index=index, digest=sha256), language)
        say(OUT_OF_REACH, language)
        return 0

    params: list[click.Parameter] = [
        click.Argument(["digests"], nargs=-1, required=True, metavar="SHA256..."),
        home_option(language),
        option(language, "reason"),
        option(language, "file", file_path()),
        option(language, "dry-run", bool, is_flag=True),
        option(language, "yes", bool, is_flag=True),
        json_option(language),
    ]
    return command("erase", language, carry_out, params, HELP["erase"], EXAMPLE)


def _show(contents: "Sequence[Content]", folder: Path, language: Language, *, as_json: bool) -> None:
    if as_json:
        from shinrai.cli.tables import as_json as print_json

        print_json([_record(each, folder) for each in contents])
        return
    for each in contents:
        # What is asked stands on standard error, so that the outcome alone can be kept.
        click.echo(harmless_lines(f"{each.sha256} ({each.name or '–'})"), err=True)
        for said in _said(each, folder):
            click.echo("  " + harmless_lines(said.text(language)), err=True)


def _said(content: "Content", folder: Path) -> Iterator[Message]:
    if content.entry is not None:
        yield message("Entry {index} declares it erased.", index=content.entry)
    if content.stored:
        yield message("Here: in the database")
    for place in content.files:
        yield message("Here: {path}", path=place.relative_to(folder))
    if content.salt is not None:
        yield message("Salted; the salt goes too, and nothing connects the digest with the content any more.")
    elif content.stored or content.files:
        yield message("Not salted: whoever guesses the content can confirm it by the digest, which stays.")
    if not content.left:
        yield message("Nothing of it is here, as far as can be told.")
    votes = [each for each in content.rests if each.kind.startswith("council-")]
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for reference in content.rests:
        if reference.bundle is None and reference not in votes:
            alike.setdefault((reference.kind.partition("/")[0], reference.controls), []).append(reference.index)
    for (kind, controls), indexes in alike.items():
        yield _rests(_KINDS.get(kind, kind), controls, indexes)
    for reference in content.rests:
        if reference.bundle is not None:
            yield message(
                "Rests on it: the assessment, entry {index}, with the bundle {bundle}",
                index=reference.index,
                bundle=reference.bundle,
            )
    if votes:
        yield message(
            "Rests on it: {n} statements of the council, from entry {index} on", n=len(votes), index=votes[0].index
        )
    if len(content.beside) > _MOST_NAMED:
        yield message(
            "Of the same statements: {n} other contents; --json lists them with their digests", n=len(content.beside)
        )
        return
    for name, digest in content.beside.items():
        yield message("Of the same statements: {name}, {digest}", name=name or "–", digest=digest)


def _rests(kind: Message | str, controls: Sequence[str], indexes: Sequence[int]) -> Message:
    """Say which entries rest on a content, those on the same requirements together."""
    shown = ", ".join(controls[:_MOST_NAMED]) + (f", … ({len(controls)})" if len(controls) > _MOST_NAMED else "")
    if len(indexes) > 1:
        return message(
            "Rests on it: {n} entries ({kind}), {first} to {last}, on {controls}",
            n=len(indexes),
            kind=kind,
            first=indexes[0],
            last=indexes[-1],
            controls=shown or "–",
        )
    if controls:
        return message("Rests on it: entry {index} ({kind}) on {controls}", index=indexes[0], kind=kind, controls=shown)
    return message("Rests on it: entry {index} ({kind})", index=indexes[0], kind=kind)


def _record(content: "Content", folder: Path) -> dict[str, Any]:
    return {
        "digest": content.sha256,
        "name": content.name,
        "inDatabase": content.stored,
        "files": [str(place.relative_to(folder)) for place in content.files],
        "salted": content.salt is not None,
        "erasedBy": content.entry,
        "rests": [
            {"entry": each.index, "kind": each.kind, "controls": list(each.controls), "bundle": each.bundle}
            for each in content.rests
        ],
        "beside": dict(content.beside),
    }
