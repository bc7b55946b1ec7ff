import io

from hypothesis import given, settings
from rich.console import Console

from shinrai.assess.assessment import Assessment
from shinrai.language import Language
from shinrai.report import print_summary
from shinrai.report.characters import width

from .sample import assessment
from .strategies import assessments


def shown(sample: Assessment, language: Language, columns: int = 100, **options: object) -> str:
    out = io.StringIO()
    print_summary(sample, language, Console(file=out, width=columns), files=["out/報告書/report.ja.html"], **options)  # type: ignore[arg-type]
    return out.getvalue()


def test_the_summary_says_what_a_person_needs() -> None:
    text = shown(assessment(), Language.EN)
    assert "does not show voluntary adherence" in text
    for words in ("Not assessed", "Not applicable", "Do not produce unfair bias", "0.682", "out/報告書/report.ja.html"):
        assert words in text
    assert "Share of missing values: expired" not in text  # it passed once; what is listed did not
    assert "complian" not in text.lower()


def test_a_long_list_is_cut_with_the_gravest_first() -> None:
    sample = assessment()
    record = next(m for m in sample.measurements if m.decisive and m.outcome == "inconclusive")
    failed = record.model_copy(update={"id": "t.c.failed", "outcome": "fail"})
    many = [record.model_copy(update={"id": f"t.c.{number}"}) for number in range(9)]
    text = shown(sample.model_copy(update={"measurements": [*many, failed]}), Language.EN, columns=400)
    listed = [line for line in text.splitlines() if line.startswith(("  Fail", "  Inconclusive"))]
    assert listed[0].startswith("  Fail")
    assert len(listed) == 6
    assert "4 more stand in the report." in text


def test_japanese_keeps_to_the_width() -> None:
    text = shown(assessment(), Language.JA, columns=60)
    assert "必須の要求事項" in text
    assert all(width(line) <= 60 for line in text.splitlines())


def test_colour_carries_nothing() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system="truecolor")
    print_summary(assessment(), Language.EN, console)
    coloured = Console(file=io.StringIO(), width=100)
    print_summary(assessment(), Language.EN, coloured)
    assert "\x1b[" in out.getvalue()
    assert "\x1b" not in coloured.file.getvalue()  # type: ignore[attr-defined]


@settings(max_examples=30)
@given(assessments())
def test_no_control_or_direction_character_reaches_the_terminal(sample: Assessment) -> None:
    text = shown(sample, Language.EN)
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert not set(text) & set("\x7f\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c")


def test_nothing_required_and_nothing_failed_leaves_the_tables_out() -> None:
    sample = assessment()
    free = [item.model_copy(update={"required": False}) for item in sample.results]
    text = shown(sample.model_copy(update={"results": free, "measurements": []}), Language.EN)
    assert "Decisive measurements" not in text
    assert "Required requirement " not in text
