"""`shinrai judge`: calibrate judges against people, have answers judged, and let people review what judges cannot."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, json_option
from shinrai.cli.judge_review import review_group
from shinrai.cli.whole_files import write_whole
from shinrai.language import Bilingual, Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.evaluate.runner.progress import RunSummary
    from shinrai.evaluate.scorers.judge import Judge, Judgement
    from shinrai.evaluate.scorers.judge_asking import JudgeRun
    from shinrai.evaluate.scorers.judge_calibration import Calibration, LanguageCalibration
    from shinrai.evaluate.scorers.judge_prompt import Judged
    from shinrai.evaluate.scorers.judge_rate import JudgedRate
    from shinrai.evaluate.scorers.judge_waiver import Waiver
    from shinrai.evidence.keys import Signer

UNDECIDED = 2

HELP = {
    "judge": message("Use models as judges: measure how they err, and let people look at what they cannot settle."),
    "calibrate": message(
        "Measure a judge against people's labels and sign the result.\n\n"
        "Exit codes: 0 the judge is shown to be better than chance in every language, 2 it is not."
    ),
    "labels": message(
        "Labels of people, .csv or .xlsx: item, requirement, question, answer, label, language, labeller."
    ),
    "judge-file": message("Description of the judge, YAML; may be repeated for a panel."),
    "one-judge": message("Description of the judge, YAML."),
    "calibration-out": message("File for the signed calibration."),
    "valid-days": message("Days for which the calibration holds."),
    "home": message("Data folder for log and keys (default: SHINRAI_HOME, else the platform's place for user data)."),
    "answers": message(
        "Have collected answers judged, by one judge or a panel.\n\n"
        "ANSWERS is .csv or .xlsx (item, requirement, question, answer, language) or .jsonl. Every vote goes to a file "
        "with its reason. An interrupted run goes on when it is started again."
    ),
    "judgements-out": message("File for the judgements, one JSON object a line."),
    "calibration": message("Signed calibration of a judge; may be repeated."),
    "answered-by": message("Model that gave the answers, as it reports itself; may be repeated."),
    "waiver-ja": message("Why the judge may be the system itself, in Japanese."),
    "waiver-en": message("Why the judge may be the system itself, in English."),
    "approver": message("Who allows it."),
}


def judge_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    made = group("judge", language, HELP["judge"])
    made.add_command(_calibrate(language))
    made.add_command(_answers(language))
    made.add_command(review_group(language))
    return made


def _file(name: str, language: Language, help_key: str, **given: Any) -> click.Option:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.Option([name], type=kind, help=HELP[help_key].text(language), **given)


def _home(language: Language) -> click.Option:
    return click.Option(["--home"], type=click.Path(path_type=Path, file_okay=False), help=HELP["home"].text(language))


def _calibrate(language: Language) -> click.Command:
    def carry_out(labels: Path, judge: Path, out: Path, valid_days: int, home: Path | None, as_json: bool) -> int:
        return calibrate(language, labels, judge, out, valid_days, home, as_json=as_json)

    options: list[click.Parameter] = [
        _file("--labels", language, "labels", required=True),
        _file("--judge", language, "one-judge", required=True),
        _file("--out", language, "calibration-out", default=Path("calibration.json"), show_default=True),
        click.Option(
            ["--valid-days"],
            type=click.IntRange(1, 1096),
            default=365,
            show_default=True,
            help=HELP["valid-days"].text(language),
        ),
        _home(language),
        json_option(language),
    ]
    example = "shinrai judge calibrate --labels labels.csv --judge judge.yaml --out calibration.json"
    return command("calibrate", language, carry_out, options, HELP["calibrate"], example)


def calibrate(
    language: Language, labels: Path, judge_file: Path, out: Path, valid_days: int, home: Path | None, *, as_json: bool
) -> int:
    """Ask a judge about labelled answers, sign what came of it, and show it."""
    from shinrai.evaluate.review.labels import read_labels
    from shinrai.evaluate.runner.settings import RunSettings
    from shinrai.evaluate.scorers.judge_asking import Defendant, ask
    from shinrai.evaluate.scorers.judge_calibration import calibration_of
    from shinrai.evaluate.scorers.judge_file import read_judge
    from shinrai.evaluate.scorers.judge_record import calibration_statement
    from shinrai.evidence.statements import sign

    judge, labelled = read_judge(judge_file), read_labels(labels)
    signer, today = _producer(home), _today()
    journal = _journal(out, judge, labelled.judged)
    run = ask(judge, labelled.judged, Defendant(None), journal, RunSettings(retry_faults=True))
    _require_whole(run.summary)
    made = calibration_of(
        judge,
        labelled.labels,
        run.judgements,
        labels_sha256=labelled.sha256,
        labellers=labelled.labellers,
        made_on=today,
        valid_until=today + timedelta(days=valid_days),
    )
    write_whole(out, sign(calibration_statement(made), signer).to_bytes() + b"\n")
    _close(journal, out, judge)
    if as_json:
        from shinrai.cli import tables

        tables.as_json(calibration_statement(made).predicate)
    else:
        _show_calibration(made, out, language)
    informative = bool(made.languages) and all(each.rates().informative for each in made.languages)
    return 0 if informative else UNDECIDED


def _show_calibration(made: "Calibration", out: Path, language: Language) -> None:
    from shinrai.cli import tables

    title = message("Judge {judge} ({model})", judge=made.judge, model=", ".join(each or "–" for each in made.models))
    tables.line(title, language, style="bold")
    columns = (
        message("Language"),
        message("Answers"),
        message("Sensitivity"),
        message("Specificity"),
        message("Kappa"),
        message("Base rate"),
        message("Cannot tell"),
        message("No verdict"),
        message("Flips"),
    )
    tables.table(columns, [_calibration_row(each) for each in made.languages], language)
    people = made.people_agree()
    said = message("Kappa of two people: {kappa}", kappa=_rate_text(people))
    tables.line(said, language)
    tables.line(
        message(
            "Not used: {disputed} on which people disagree, {unsettled} on which they could not tell.",
            disputed=made.disputed,
            unsettled=made.unsettled,
        ),
        language,
    )
    for each in made.languages:
        if not each.rates().informative:
            why = message(
                "{language}: the labels do not show that this judge is better than chance. It decides nothing.",
                language=each.language,
            )
            tables.line(why, language, style="yellow")
    tables.line(message("Signed and valid until {date}: {file}", date=made.valid_until, file=str(out)), language)


def _calibration_row(each: "LanguageCalibration") -> tuple[str | Message, ...]:
    rates = each.rates()
    found = (rates.sensitivity, rates.specificity, rates.kappa, rates.base_rate)
    counts = (each.undecided, each.errors, each.flips)
    return (each.language, str(each.asked), *map(_rate_text, found), *map(str, counts))


def _rate_text(rate: Any) -> str | Message:
    from shinrai.evaluate.statistics.undefined import Undefined

    if isinstance(rate, Undefined):
        return message("undefined: {why}", why=rate.reason())
    return f"{rate.value:.3f} ({rate.interval.low:.3f}–{rate.interval.high:.3f})"


def _answers(language: Language) -> click.Command:
    def carry_out(
        answers: Path,
        judge: tuple[Path, ...],
        out: Path,
        calibration: tuple[Path, ...],
        answered_by: tuple[str, ...],
        waiver_ja: str | None,
        waiver_en: str | None,
        approver: str | None,
        home: Path | None,
    ) -> int:
        waiver = _waiver(waiver_ja, waiver_en, approver)
        return judge_answers(language, answers, judge, out, calibration, answered_by, waiver, home)

    options: list[click.Parameter] = [
        click.Argument(["answers"], type=click.Path(path_type=Path, dir_okay=False)),
        _file("--judge", language, "judge-file", required=True, multiple=True),
        _file("--out", language, "judgements-out", default=Path("judgements.jsonl"), show_default=True),
        _file("--calibration", language, "calibration", multiple=True),
        click.Option(["--answered-by"], multiple=True, metavar="MODEL", help=HELP["answered-by"].text(language)),
        click.Option(["--waiver-ja"], help=HELP["waiver-ja"].text(language)),
        click.Option(["--waiver-en"], help=HELP["waiver-en"].text(language)),
        click.Option(["--approver"], help=HELP["approver"].text(language)),
        _home(language),
    ]
    example = "shinrai judge answers answers.csv --judge judge.yaml --calibration calibration.json"
    return command("answers", language, carry_out, options, HELP["answers"], example)


def judge_answers(
    language: Language,
    answers: Path,
    judge_files: Sequence[Path],
    out: Path,
    calibrations: Sequence[Path],
    answered_by: Sequence[str],
    waiver: "Waiver | None",
    home: Path | None,
) -> int:
    """Have answers judged by each judge, write every vote, and show the rates with their intervals."""
    from shinrai.cli import tables
    from shinrai.evaluate.review.answers import read_answers
    from shinrai.evaluate.runner.settings import RunSettings
    from shinrai.evaluate.scorers.judge_asking import Defendant, ask
    from shinrai.evaluate.scorers.judge_file import read_judge
    from shinrai.evaluate.scorers.judge_rate import judged_rates

    judged, judges = read_answers(answers), [read_judge(path) for path in judge_files]
    if len({judge.id for judge in judges}) != len(judges):
        raise ShinraiError(message("Two judges have the same id."), fix=message("Give each judge an id of its own."))
    known = _calibrations(calibrations, home)
    defendant, settings = Defendant(None, tuple(answered_by)), RunSettings(retry_faults=True)
    runs: list[tuple[Judge, JudgeRun]] = []
    for judge in judges:
        run = ask(judge, judged, defendant, _journal(out, judge, judged), settings, waiver=waiver)
        _require_whole(run.summary)
        runs.append((judge, run))
    write_whole(out, _lines(runs))
    for judge in judges:
        _close(_journal(out, judge, judged), out, judge)
    for judge, run in runs:
        named = ", ".join(model or "–" for model in run.models) or "–"
        tables.line(message("Judge {judge} ({model})", judge=judge.id, model=named), language, style="bold")
        rates = judged_rates(judge, run.judgements, run.models, known.get(judge.id), _today())
        _show_rates(rates, language)
        if run.waiver is not None:
            said = message(
                "The judge is or may be the system itself. {approver} allowed it: {reason}",
                approver=run.waiver.approver,
                reason=run.waiver.reason,
            )
            tables.line(said, language, style="yellow")
    if len(runs) > 1:
        _show_panel(runs, language)
    return 0


def _show_rates(rates: "Sequence[JudgedRate]", language: Language) -> None:
    from shinrai.cli import tables
    from shinrai.evaluate.statistics.judge_correction import Corrected

    columns = (
        message("Language"),
        message("Answers"),
        message("Met, as the judge says"),
        message("Met, corrected"),
        message("Cannot tell"),
        message("No verdict"),
    )
    rows = [
        (
            rate.language,
            str(rate.asked),
            _rate_text(rate.seen),
            _rate_text(rate.corrected) if rate.corrected is not None else message("not corrected"),
            str(rate.undecided),
            str(rate.errors),
        )
        for rate in rates
    ]
    tables.table(columns, rows, language)
    for rate in rates:
        if rate.doubt is not None:
            said = message("{language}: {why} Its verdicts decide nothing.", language=rate.language, why=rate.doubt)
            tables.line(said, language, style="yellow")
        elif isinstance(rate.corrected, Corrected) and rate.decided < rate.asked:
            said = message(
                "{language}: {n} of {m} answers have a verdict.", language=rate.language, n=rate.decided, m=rate.asked
            )
            tables.line(said, language)


def _show_panel(runs: "Sequence[tuple[Judge, JudgeRun]]", language: Language) -> None:
    from shinrai.cli import tables
    from shinrai.evaluate.scorers.judge_panel import panel

    found = panel({judge.id: run.judgements for judge, run in runs}, "panel")
    tables.line(message("Panel of {n} judges", n=len(runs)), language, style="bold")
    tables.line(message("Krippendorff's alpha: {alpha}", alpha=_rate_text(found.agreement.agreement)), language)
    for pair in found.pairs:
        one, other = pair.judges
        said = message(
            "{one} and {other}: kappa {kappa}, AC1 {ac1}",
            one=one,
            other=other,
            kappa=_rate_text(pair.kappa),
            ac1=_rate_text(pair.ac1),
        )
        tables.line(said, language, indent=2)
    tables.line(message("For a person to look at: {n} answers", n=len(found.for_review)), language)


def _lines(runs: "Sequence[tuple[Judge, JudgeRun]]") -> bytes:
    from shinrai.evaluate.scorers.judge_panel import panel
    from shinrai.evaluate.scorers.judge_record import judgement_json, panel_json

    if len(runs) > 1:
        found = panel({judge.id: run.judgements for judge, run in runs}, "panel")
        records = [panel_json(each) for each in found.judgements]
    else:
        records = [judgement_json(each, review=_needs_person(each)) for each in runs[0][1].judgements]
    # A target can send half a character, which UTF-8 has no bytes for.
    return b"".join(json.dumps(each, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for each in records)


def _needs_person(judgement: "Judgement") -> bool:
    from shinrai.evaluate.scorers.judge_verdict import Word

    return judgement.word in (None, Word.CANNOT_TELL) or judgement.flips


def _calibrations(paths: Sequence[Path], home: Path | None) -> "dict[str, Calibration]":
    """Return calibrations by the id of their judge; of two for one judge the later one counts."""
    from shinrai.evaluate.scorers.judge_record import MAX_BYTES, read_calibration

    if not paths:
        return {}
    signer = _producer(home)
    found: dict[str, Calibration] = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ShinraiError(
                message("{file} cannot be read: {reason}.", file=str(path), reason=error.strerror or "I/O error")
            ) from None
        made = read_calibration(data, path.name, {signer.keyid: signer.public})
        if made.judge not in found or found[made.judge].made_on <= made.made_on:
            found[made.judge] = made
    return found


def _waiver(ja: str | None, en: str | None, approver: str | None) -> "Waiver | None":
    from shinrai.evaluate.scorers.judge_waiver import Waiver

    if ja is None and en is None and approver is None:
        return None
    return Waiver(Bilingual(ja=ja or "", en=en or ""), approver or "")


def _producer(home: Path | None) -> "Signer":
    from shinrai.evidence import open_home
    from shinrai.evidence.keys import load_signer

    return load_signer(open_home(home).keys, "producer")


def _today() -> date:
    from shinrai.evidence.trust import utc_now

    return utc_now().date()


def _journal(out: Path, judge: "Judge", judged: "Sequence[Judged]") -> Path:
    """Return the journal of one judge and these answers, beside the file that is being made."""
    from shinrai.evaluate.scorers.judge_prompt import digest_of

    about = digest_of(judge.instrument(), *(text for each in judged for text in (each.key, each.sha256)))
    return out.with_name(f"{out.name}.{judge.id}.{about[:12]}.journal")


def _close(journal: Path, out: Path, judge: "Judge") -> None:
    """Put a finished journal aside: the next run asks the judge anew instead of taking old replies for its own."""
    journal.replace(out.with_name(f"{out.name}.{judge.id}.done.journal"))


def _require_whole(summary: "RunSummary") -> None:
    """Refuse to go on with a run that ended early; its journal keeps what there is."""
    from shinrai.evaluate.runner.progress import Ending

    if summary.ending is not Ending.COMPLETE:
        raise ShinraiError(
            summary.verdict or message("The run ended before every answer was judged."),
            fix=message("Start it again; it goes on where it stopped."),
        )
