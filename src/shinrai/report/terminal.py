"""The summary at the end of a run in the terminal.

Words carry everything; colour only helps. Text from the assessment is made harmless first, because a terminal obeys
control characters, and is handed to `rich` as plain text, so that nothing in it is read as markup.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shinrai.assess.assessment import Assessment, MeasurementRecord, RequirementResult, Result
from shinrai.language import Language, Message, message
from shinrai.report.characters import harmless
from shinrai.report.quantities import count, day, share
from shinrai.report.sentences import conclusion, titled_sentence
from shinrai.report.words import ORIGIN, OUTCOME, RESULT, said

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLE = {
    Result.MET: "green",
    Result.PARTLY: "yellow",
    Result.NOT_MET: "bold red",
    Result.NOT_ASSESSED: "bold magenta",
    Result.NOT_APPLICABLE: "dim",
}
_GRAVITY = ("fail", "error", "inconclusive")
_LISTED = 6
_CONCLUSION_STYLE = {"met": "bold green", "not_met": "bold red", "undecided": "bold magenta"}


def print_summary(assessment: Assessment, language: Language, console: "Console", *, files: Sequence[str] = ()) -> None:
    """Print conclusion, counts, required requirements, what failed or did not decide, and where the files are."""
    from rich.text import Text as Line

    def say(text: str, style: str = "") -> None:
        console.print(Line(harmless(text), style=style), soft_wrap=False)

    say(conclusion(assessment).text(language), _CONCLUSION_STYLE[assessment.summary.conclusion])
    system = said(assessment.system.name, language)
    say(f"{system} {assessment.system.version} · {day(assessment.as_of.date(), language)}")
    console.print()
    console.print(_counts(assessment, language))
    say(_origins(assessment).text(language))
    required = [result for result in assessment.results if result.required]
    if required:
        console.print()
        console.print(_requirements(required, language))
    decisive = [record for record in assessment.measurements if record.decisive and record.outcome != "pass"]
    if decisive:
        console.print()
        say(message("Decisive measurements that did not pass").text(language), "bold")
        for record in sorted(decisive, key=lambda record: _GRAVITY.index(record.outcome))[:_LISTED]:
            say(_measurement(record, language))
        if len(decisive) > _LISTED:
            say("  " + message("{n} more stand in the report.", n=len(decisive) - _LISTED).text(language))
    if files:
        console.print()
        say(message("Files").text(language), "bold")
        for file in files:
            # A path that is broken over two lines cannot be copied.
            console.print(Line("  " + harmless(file)), soft_wrap=True)


def _counts(assessment: Assessment, language: Language) -> "Table":
    from rich.table import Table
    from rich.text import Text as Line

    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for result in Result:
        table.add_column(Line(RESULT[result].text(language), style=_STYLE[result]), justify="right")
    for name, counts in (
        (message("Required requirements"), assessment.summary.required_counts),
        (message("All requirements"), assessment.summary.counts),
    ):
        table.add_row(Line(name.text(language)), *(count(counts.get(result, 0)) for result in Result))
    return table


def _origins(assessment: Assessment) -> Message:
    origins = assessment.summary.origins
    return message(
        "Evidence: {measured_word} {measured}, {imported_word} {imported}, {attested_word} {attested}. "
        "Decided: {share}.",
        measured_word=ORIGIN["measured"],
        measured=origins.get("measured", 0),
        imported_word=ORIGIN["imported"],
        imported=origins.get("imported", 0),
        attested_word=ORIGIN["attested"],
        attested=origins.get("attested", 0),
        share=share(assessment.summary.coverage),
    )


def _requirements(required: list[RequirementResult], language: Language) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text as Line

    # Columns by their longest word, the two texts share what is left.
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(Line(message("Result").text(language)), no_wrap=True)
    table.add_column(Line(message("Required requirement").text(language)), ratio=2, overflow="fold")
    table.add_column(Line(message("Why").text(language)), ratio=3, overflow="fold")
    for item in required:
        table.add_row(
            Line(RESULT[item.result].text(language), style=_STYLE[item.result]),
            Line(harmless(said(item.title, language))),
            Line(harmless(said(item.cause, language))),
        )
    return table


def _measurement(record: MeasurementRecord, language: Language) -> str:
    what = message("{name}: {text}", name=OUTCOME[record.outcome], text=titled_sentence(record, language))
    return f"  {what.text(language)}"
