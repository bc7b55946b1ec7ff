"""How a command of `shinrai` is put together: help and example in the language asked for, `--lang` at every level."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from shinrai.language import Language, Message, message

LANGUAGE_HELP = message("Language of the output: ja or en (default: from the environment).")
HOME_HELP = message("Data folder for log and keys (default: SHINRAI_HOME, else the platform's place for user data).")


def command(
    name: str,
    language: Language,
    run: Callable[..., int | None],
    params: Sequence[click.Parameter],
    help: Message,  # noqa: A002  (Click's own name)
    example: str | None = None,
) -> click.Command:
    """Return a command. example: command lines that work, shown under the help; each is run by a test."""
    epilog = None
    if example is not None:
        epilog = message("Example:").text(language) + "\n\n\b\n  " + example.replace("\n", "\n  ")
    return click.Command(
        name,
        callback=run,
        params=[*params, language_option(language)],
        help=help.text(language),
        epilog=epilog,
    )


def group(name: str, language: Language, help: Message) -> click.Group:  # noqa: A002  (Click's own name)
    """Return a group of commands."""
    return click.Group(name, help=help.text(language), params=[language_option(language)])


def language_option(language: Language) -> click.Option:
    """Return --lang, which every level accepts; it has been read before anything is built."""
    return click.Option(
        ["--lang"], type=click.Choice(["ja", "en"]), expose_value=False, help=LANGUAGE_HELP.text(language)
    )


def home_option(language: Language) -> click.Option:
    """Return --home."""
    return click.Option(["--home"], type=click.Path(path_type=Path, file_okay=False), help=HOME_HELP.text(language))


def force_option(language: Language) -> click.Option:
    """Return --force."""
    return click.Option(["--force"], is_flag=True, help=message("Replace an existing file.").text(language))


def json_option(language: Language) -> click.Option:
    """Return --json."""
    return click.Option(
        ["--json", "as_json"],
        is_flag=True,
        help=message("Print JSON with both languages instead of a table.").text(language),
    )
