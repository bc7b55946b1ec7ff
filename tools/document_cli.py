"""Write docs/reference/cli.md from the commands themselves; `--check` only says whether it is current."""

import sys
from argparse import Action
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from shinrai.cli.commands import commands
from shinrai.language import Language
from shinrai_verify import cli as verifier

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"
_HEAD = """\
# The command line

Written by `tools/document_cli.py` from the commands; change them, not this page. What the exit codes mean is in
[exit-codes.md](exit-codes.md). Every command takes `--lang ja` or `--lang en`, and `--help`. `shinrai-verify` is the
same as `shinrai verify`; it comes in a distribution of its own that needs nothing but `cryptography`.
"""


def page() -> str:
    """Return the page."""
    group = commands(Language.EN)
    return "\n".join([_HEAD, *_rows_of(group, "shinrai"), *_verify(), *_environment()])


def _rows_of(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        if name == "shinrai":
            yield f"## `{name}`\n\n{command.help}\n"
            yield from _table(_option(p) for p in command.params if isinstance(p, click.Option))
        for below in sorted(command.commands):
            if below != "verify":
                yield from _rows_of(command.commands[below], f"{name} {below}")
        return
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    shown = " ".join(["[OPTIONS]", *(p.make_metavar(click.Context(command)) for p in arguments)])
    yield f"## `{name}`\n\n{command.help}\n\n```text\n{name} {shown}\n```\n"
    defaults = [f"`{p.human_readable_name}`: `{p.default}` when left out." for p in arguments if not p.required]
    yield from (f"{text}\n" for text in defaults)
    yield from _table(_option(p) for p in command.params if isinstance(p, click.Option) and p.name != "lang")
    example = (command.epilog or "").partition("\b\n")[2].strip()
    if example:
        yield f"```sh\n{example}\n```\n"


def _option(option: click.Option) -> tuple[str, str]:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('x')))}"
    said = option.help or ""
    if option.required:
        said = f"{said} Needed.".strip()
    if option.show_default:
        said += f" Default: `{option.default}`."
    return f"{', '.join(option.opts)}{value}", said


def _verify() -> Iterator[str]:
    parser = verifier._parser("en", "shinrai verify")
    yield f"## `shinrai verify`\n\n{parser.description}\n\n```text\nshinrai verify [OPTIONS] BUNDLE\n```\n"
    yield from _table(_action(action) for action in parser._actions if action.dest not in ("help", "lang"))
    yield f"```text\n{(parser.epilog or '').strip()}\n```\n"


def _action(action: Action) -> tuple[str, str]:
    value = "" if action.nargs == 0 else f" {action.dest.upper()}"
    name = ", ".join(action.option_strings) + value if action.option_strings else action.dest.upper()
    return name, f"{action.help}. Needed." if action.required and action.option_strings else str(action.help)


def _table(rows: Iterator[tuple[str, str]], head: str = "option") -> Iterator[str]:
    lines = [f"| `{_cell(name)}` | {_cell(said)} |" for name, said in rows]
    if lines:
        yield "\n".join([f"| {head} | meaning |", "|---|---|", *lines]) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _environment() -> Iterator[str]:
    yield "## Environment\n"
    yield from _table(
        iter(
            [
                ("SHINRAI_HOME", "Data folder for log and keys, where `--home` is not given."),
                ("SHINRAI_LANG", "Language, before `LC_ALL`, `LC_MESSAGES` and `LANG`; English unless it is Japanese."),
            ]
        ),
        "variable",
    )


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` return 1 when it is not current."""
    written = page()
    if "--check" in arguments:
        return 0 if PAGE.read_text(encoding="utf-8") == written else 1
    PAGE.write_text(written, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
