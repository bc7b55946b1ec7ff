"""`shinrai log give-up`: say why a run that was planned has no result."""

from pathlib import Path

import click

from shinrai.cli.building import command, home_option
from shinrai.language import Language, message

HELP = message(
    "Log why a planned run has no result. Every bundle about the same system shows the plan; without a reason it "
    "counts as incomplete."
)
REASON = message("Why the run was given up; it is signed and shown to everyone.")
EXAMPLE = "shinrai log give-up 41 --reason 'the endpoint was withdrawn'"


def give_up_command(language: Language) -> click.Command:
    """Return the command."""

    def run(entry: int, reason: str, home: Path | None) -> int:
        from shinrai.assess.run import give_up
        from shinrai.evidence import Store, find_home

        folder = find_home(home)
        store = Store(folder)
        try:
            logged = give_up(folder, store, entry, reason)
        finally:
            store.close()
        click.echo(message("Signed as entry {index} of the log.", index=logged.index).text(language))
        return 0

    reason = click.Option(["--reason"], required=True, help=REASON.text(language))
    argument = click.Argument(["entry"], type=click.IntRange(min=0))
    return command("give-up", language, run, [argument, reason, home_option(language)], HELP, EXAMPLE)
