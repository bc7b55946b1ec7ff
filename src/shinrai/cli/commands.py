"""The commands of `shinrai`.

Help is in the language asked for, so the commands are built for a language, not at import. Exit codes of `assess` and
`report`: 0 all required met, 1 something not met, 2 undecided or not assessed, 3 usage error.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from shinrai import __version__
from shinrai.cli.audit import audit_group
from shinrai.cli.building import command, home_option, language_option
from shinrai.cli.council import council_group
from shinrai.cli.exporting import format_option
from shinrai.cli.frameworks import frameworks_group
from shinrai.cli.interchanging import import_results_command
from shinrai.cli.judging import judge_group
from shinrai.cli.keys import keys_group
from shinrai.cli.log import log_group
from shinrai.cli.planning import plan_group
from shinrai.cli.suites import suites_group
from shinrai.cli.working import worker_command
from shinrai.language import Language, ShinraiError, message, preferred_language
from shinrai_verify.messages import gettext_in

USAGE_ERROR = 3


def run(given: Sequence[str]) -> int:
    """Run a command; returns the exit code."""
    language = _language(given)
    if list(given[:1]) == ["verify"]:
        from shinrai_verify.cli import main as verify

        return verify(["--lang", language.value, *given[1:]], program="shinrai verify")
    # Click's own words ("Usage", "Options", its errors) go through plain gettext.
    with gettext_in(language.value, Path(__file__).parent / "locales"):
        return _run(list(given), language)


def _run(given: list[str], language: Language) -> int:
    try:
        result = commands(language).main(given, prog_name="shinrai", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        click.echo(message("Stopped. What was logged is kept; run it again to go on.").text(language), err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return USAGE_ERROR
    except ShinraiError as error:
        click.echo(error.text(language), err=True)
        return USAGE_ERROR
    return result if isinstance(result, int) else 0


def _language(arguments: Sequence[str]) -> Language:
    for position, argument in enumerate(arguments):
        value = arguments[position + 1] if argument == "--lang" and position + 1 < len(arguments) else argument
        value = value.removeprefix("--lang=")
        if (argument == "--lang" or argument.startswith("--lang=")) and value in ("ja", "en"):
            return Language(value)
    return preferred_language()


def commands(language: Language) -> click.Group:
    """Return the commands with their help in a language."""
    group = click.Group(
        "shinrai",
        help=HELP["shinrai"].text(language),
        params=[
            language_option(language),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_version,
                help=HELP["version"].text(language),
            ),
        ],
        context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    )
    for build in (
        _init,
        _sign,
        _assess,
        _report,
        _verify,
        _schema,
        audit_group,
        log_group,
        frameworks_group,
        plan_group,
        suites_group,
        judge_group,
        council_group,
        keys_group,
        import_results_command,
        worker_command,
    ):
        group.add_command(build(language))
    return group


HELP = {
    "shinrai": message(
        "Measure an AI system against Japan's AI guidelines, keep signed evidence, let a council judge, and let anyone "
        "verify the report offline."
    ),
    "version": message("Show the version and stop."),
    "as-of": message(
        "Show the results as they stand on this date (YYYY-MM-DD); evidence that has expired by then is gone."
    ),
    "out": message("Folder to write into."),
    "description": message("The system description, shinrai.yaml."),
    "init": message("Write a commented shinrai.yaml, after asking or from options."),
    "sign": message("Sign attestations of the description, and the approval of its scope, as the named person."),
    "assess": message(
        "Assess a system: measure, prove, judge and report.\n\n"
        "Exit codes: 0 all required met, 1 something not met, 2 undecided or not assessed, 3 usage error."
    ),
    "report": message("Write the reports again from a bundle, as they stand today or on another date."),
    "verify": message("Verify a bundle, or the record of a council's round, offline. See: shinrai verify --help"),
    "schema": message("Print the JSON Schema of shinrai.yaml or of assessment.json."),
    "by": message("Sign only what this person (id) is named for."),
    "id": message("Sign only this attestation (id)."),
    "under": message(
        "See what another version of a framework means for the results, for example jp.aigb@1.2: what it changes is "
        "not assessed, with the cause."
    ),
    "yes": message("Do not ask before signing."),
    "scope-until": message("Last day of the scope's approval (default: a year from now)."),
    "quiet": message("Show no progress."),
    "force": message("Replace an existing file."),
}
"""Help texts; a message each, so that they stand in the catalogue."""

EXAMPLES = {
    "init": (
        "shinrai init --id loan-screening --name-ja 融資審査支援 --name-en 'Loan screening' "
        "--file decisions.parquet --label approved --prediction predicted --group sex --owner '山田 花子'"
    ),
    "sign": "shinrai sign shinrai.yaml --by yamada",
    "assess": "shinrai assess shinrai.yaml --out out\nshinrai assess shinrai.yaml --format all --out everything",
    "report": "shinrai report out/bundle.zip --trust out/trust.json --as-of 2027-12-31 --out later\n"
    "shinrai report out/bundle.zip --trust out/trust.json --format oscal --format sigstore --out exports",
    "verify": "shinrai verify out/bundle.zip --trust out/trust.json",
    "schema": "shinrai schema description",
}


def _version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"shinrai {__version__}")
        context.exit()


def _command(
    name: str, language: Language, run: Any, params: list[click.Parameter], *, key: str | None = None
) -> click.Command:
    key = key or name
    return command(name, language, run, params, HELP[key], EXAMPLES.get(key))


def _description() -> click.Argument:
    return click.Argument(["description"], type=click.Path(path_type=Path), default=Path("shinrai.yaml"))


def _as_of_option(language: Language) -> click.Option:
    return click.Option(
        ["--as-of"], type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help=HELP["as-of"].text(language)
    )


def _out_option(language: Language) -> click.Option:
    return click.Option(
        ["--out"],
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("out"),
        show_default=True,
        help=HELP["out"].text(language),
    )


def _end_of(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=1, seconds=-1)


def _init(language: Language) -> click.Command:
    from shinrai.cli.initialise import parameters, run

    return _command("init", language, lambda **given: run(language, **given), parameters(language))


def _sign(language: Language) -> click.Command:
    def carry_out(
        description: Path,
        home: Path | None,
        by: str | None,
        only: str | None,
        yes: bool,
        scope_until: datetime | None,
    ) -> int:
        from shinrai.cli.signing import sign

        until = scope_until.date() if scope_until else None
        return sign(language, description, home, by=by, only=only, sure=yes, scope_until=until)

    options: list[click.Parameter] = [
        _description(),
        home_option(language),
        click.Option(["--by"], help=HELP["by"].text(language)),
        click.Option(["--id", "only"], help=HELP["id"].text(language)),
        click.Option(
            ["--scope-until"],
            type=click.DateTime(["%Y-%m-%d"]),
            metavar="DATE",
            help=HELP["scope-until"].text(language),
        ),
        click.Option(["--yes"], is_flag=True, help=HELP["yes"].text(language)),
    ]
    return _command("sign", language, carry_out, options)


def _assess(language: Language) -> click.Command:
    def carry_out(
        description: Path, home: Path | None, out: Path, as_of: datetime | None, quiet: bool, formats: tuple[str, ...]
    ) -> int:
        from shinrai.cli.assessing import assess_and_report

        return assess_and_report(language, description, home, out, _end_of(as_of), quiet=quiet, formats=formats)

    options: list[click.Parameter] = [
        _description(),
        _out_option(language),
        format_option(language),
        home_option(language),
        _as_of_option(language),
        click.Option(["--quiet"], is_flag=True, help=HELP["quiet"].text(language)),
    ]
    return _command("assess", language, carry_out, options)


def _report(language: Language) -> click.Command:
    def carry_out(
        bundle: Path,
        trust: Path,
        out: Path,
        as_of: datetime | None,
        under: str | None,
        formats: tuple[str, ...],
        home: Path | None,
    ) -> int:
        from shinrai.cli.assessing import report_again

        moment = _end_of(as_of) or datetime.now(UTC)
        return report_again(language, bundle, trust, out, moment, framework=under, formats=formats, home=home)

    options: list[click.Parameter] = [
        click.Argument(["bundle"], type=click.Path(path_type=Path, exists=True)),
        click.Option(["--trust"], type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True),
        _out_option(language),
        format_option(language),
        home_option(language),
        _as_of_option(language),
        click.Option(["--under"], metavar="FRAMEWORK", help=HELP["under"].text(language)),
    ]
    return _command("report", language, carry_out, options)


def _verify(language: Language) -> click.Command:
    """Return the entry that shows up in the list; `main` hands the command itself to the verifier."""
    return _command("verify", language, lambda: 0, [])


def _schema(language: Language) -> click.Command:
    def carry_out(of: str) -> None:
        import json

        from shinrai.report import json_schema as of_assessment
        from shinrai.systems import json_schema as of_description

        schema = of_description() if of == "description" else of_assessment()
        click.echo(json.dumps(schema, ensure_ascii=False, indent=2))

    of = click.Argument(["of"], type=click.Choice(["description", "assessment"]))
    return _command("schema", language, carry_out, [of])


if os.name == "nt" and hasattr(sys.stdout, "reconfigure"):
    # Japanese on a Windows console needs UTF-8, whatever the code page is.
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
