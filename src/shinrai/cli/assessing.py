"""`shinrai assess` and `shinrai report`."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.assess.progress import Progress, silent
from shinrai.cli.exporting import FILES, Export, check_signable, steps, write
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.assess import Assessment
    from shinrai_verify.verify import Verification


def assess_and_report(
    language: Language,
    description: Path,
    home: Path | None,
    out: Path,
    as_of: datetime | None,
    *,
    quiet: bool,
    formats: Sequence[str] = (),
) -> int:
    """Assess, write the bundle and the formats, print the summary; returns the exit code."""
    from shinrai.assess import assess
    from shinrai.cli.progress import progress
    from shinrai.evidence import open_home

    check_signable(formats, as_of)
    with progress(language, quiet=quiet) as show:
        done = assess(description, open_home(home), out, as_of=as_of, progress=_ahead(show, steps(formats)))
        export = Export(done.assessment, done.bundle, home, language)
        notes = write(export, formats, out, _after(show, done.steps))
    return _summarise(language, done.assessment, out, notes)


def report_again(
    language: Language,
    bundle: Path,
    trust: Path,
    out: Path,
    as_of: datetime,
    *,
    framework: str | None = None,
    formats: Sequence[str] = (),
    home: Path | None = None,
) -> int:
    """Verify a bundle and write its reports as they stand at a moment; returns the exit code of the results then.

    framework: another version of one that was used (`jp.aigb@1.2`), to see what it means for the results. home: where
    the key is that signs what has to be signed.
    """
    from shinrai.assess import at, read_assessment
    from shinrai_verify.cli import to_text
    from shinrai_verify.encoding import Fault
    from shinrai_verify.trust import Policy
    from shinrai_verify.verify import verify

    try:
        outcome = verify(bundle, Policy.from_bytes(trust.read_bytes()))
    except Fault as fault:
        raise ShinraiError(message("The trust file {path} cannot be used: {fault}", path=trust, fault=fault)) from fault
    if outcome.exit_code == 1:
        click.echo(to_text(outcome, language.value), err=True)
        raise ShinraiError(message("The bundle is not what was signed, so no report is made from it."))
    if outcome.record:
        raise ShinraiError(
            message("This is the record of a council round; it holds no assessment to report on."),
            fix=message("Count it with: shinrai council tally FILE --trust TRUST"),
        )
    assessment = at(read_assessment(bundle, outcome), as_of)
    against = None
    if outcome.exit_code == 3:
        against = message("The bundle does not meet what the trust file asks for, so nothing is signed about it.")
    if framework is not None:
        assessment = _under(assessment, bundle, outcome, framework, as_of)
        against = message("Results under another version of a framework are not signed: they say what would be.")
    check_signable(formats, as_of, against)
    notes = write(Export(assessment, bundle, home, language), formats, out, silent)
    return _summarise(language, assessment, out, notes)


def _under(
    assessment: "Assessment", bundle: Path, outcome: "Verification", framework: str, as_of: datetime
) -> "Assessment":
    """Return the assessment as it stands under another version of one of its frameworks."""
    from shinrai.assess.plan import system_facts
    from shinrai.assess.reading import read_assessed_description, read_frameworks
    from shinrai.assess.transition import under
    from shinrai.frameworks import choose, read_framework
    from shinrai.frameworks.difference import difference

    new = choose(framework)
    used = {name: data for name, data in read_frameworks(bundle, outcome).items() if name.startswith(f"{new.id} ")}
    if not used:
        raise ShinraiError(
            message("The assessment does not use {id}.", id=new.id),
            fix=message("It was made under: {pinned}.", pinned=", ".join(f.id for f in assessment.frameworks)),
        )
    ((name, data),) = used.items()
    facts = system_facts(read_assessed_description(bundle, outcome), as_of.date())
    return under(assessment, difference(read_framework(data, name), new), facts)


def _ahead(show: Progress, later: int) -> Progress:
    """Return progress that knows of steps to come."""
    return lambda step, done, total: show(step, done, total + later)


def _after(show: Progress, before: int) -> Progress:
    """Return progress that goes on where assessing ended."""
    return lambda step, done, total: show(step, before + done, before + total)


def _summarise(language: Language, assessment: "Assessment", out: Path, notes: Sequence[Message]) -> int:
    """Print the summary; returns the exit code that it stands for."""
    from rich.console import Console

    from shinrai.report import print_summary

    files = [str(path) for path in sorted(out.iterdir()) if path.name in FILES]
    try:
        print_summary(assessment, language, Console(), files=files)
    except SystemExit:
        # Rich ends the program with 1 when the reader of a pipe has left, and 1 would say "not met". All is written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for note in notes:
        click.echo(note.text(language), err=True)
    return assessment.summary.exit_code
