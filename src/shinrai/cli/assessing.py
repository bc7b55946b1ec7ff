"""`shinrai assess`, `shinrai report` and `shinrai log check`."""

import json
from datetime import datetime
from pathlib import Path

import click

from shinrai.language import Language, Message, ShinraiError, message


def assess_and_report(
    language: Language, description: Path, home: Path | None, out: Path, as_of: datetime | None, *, quiet: bool
) -> int:
    """Assess, write every file, print the summary; returns the exit code."""
    from shinrai.assess import assess
    from shinrai.cli.progress import progress
    from shinrai.evidence import open_home

    with progress(language, quiet=quiet) as show:
        done = assess(description, open_home(home), out, as_of=as_of, progress=show)
    return _write(language, done.assessment, out, [done.bundle, done.trust])


def report_again(language: Language, bundle: Path, trust: Path, out: Path, as_of: datetime) -> int:
    """Verify a bundle and write its reports as they stand at a moment; returns the exit code of the results then."""
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
    return _write(language, at(read_assessment(bundle, outcome), as_of), out, [])


def _write(language: Language, assessment: object, out: Path, written: list[Path]) -> int:
    from rich.console import Console

    from shinrai.assess import Assessment
    from shinrai.report import print_summary, render_html, to_json, to_junit, to_sarif

    assert isinstance(assessment, Assessment)  # noqa: S101  (narrowed here so that importing this module stays cheap)
    out.mkdir(parents=True, exist_ok=True)
    files = {f"report.{each.value}.html": render_html(assessment, each) for each in Language}
    files |= {
        "assessment.json": to_json(assessment),
        "junit.xml": to_junit(assessment),
        "results.sarif": json.dumps(to_sarif(assessment), ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
        written.append(out / name)
    print_summary(assessment, language, Console())
    click.echo(message("Files:").text(language))
    for path in sorted(written):
        click.echo(f"  {path}")
    return assessment.summary.exit_code


def check_log(language: Language, home: Path | None) -> int:
    """Re-hash the log; returns 0 when all is well, else 1."""
    from shinrai.council import seat_signers
    from shinrai.evidence import Store, open_home
    from shinrai.evidence.trust import known_keys
    from shinrai_verify.trust import TRUST

    folder = open_home(home)
    store = Store(folder)
    try:
        keys = known_keys(store.of_type(TRUST)) | {s.keyid: s.public for s in seat_signers(folder).values()}
        faults = store.check(keys)
        size = len(store.leaves())
    finally:
        store.close()
    said: Message = message("The log is sound: {n} entries were hashed again.", n=size)
    if faults:
        said = message("The log is damaged:\n{faults}", faults="\n".join(f"  {fault}" for fault in faults))
    click.echo(said.text(language), err=bool(faults))
    return 1 if faults else 0
