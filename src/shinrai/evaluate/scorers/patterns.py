"""The regex scorer. Patterns run in RE2, whose time grows with the length of the text and never faster.

RE2 comes with pyarrow. It knows neither look-around nor back-references; a pattern with either is refused when the
suite is read, with its place. Source: Cox 2010, "Regular Expression Matching in the Wild".
"""

from dataclasses import dataclass

from shinrai.evaluate.sample import Answer, Prompt
from shinrai.evaluate.scorers.scorer import Finding, SampleScorer, failed, passed
from shinrai.evaluate.scorers.settings import as_flag
from shinrai.evaluate.scorers.wording import visible
from shinrai.frameworks.located import Fields, Node, as_fields, as_text, shown
from shinrai.language import ShinraiError, message

MAX_PATTERN = 500


@dataclass(frozen=True, slots=True)
class Pattern:
    """pattern: in RE2's syntax. wanted: whether it has to match. raw: match the answer as it came, not in NFKC."""

    pattern: str
    wanted: bool
    ignore_case: bool
    raw: bool


def matches(pattern: str, text: str, *, ignore_case: bool) -> bool:
    """Whether an RE2 pattern occurs in a text. A pattern that RE2 does not know is a ValueError."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # A lone surrogate has no UTF-8, which is what RE2 reads.
    given = pa.scalar(text.encode("utf-8", "replace").decode("utf-8"))
    return bool(pc.match_substring_regex(given, pattern=pattern, ignore_case=ignore_case).as_py())


def _read(fields: Fields) -> Pattern:
    given = as_fields(fields, ("pattern",), ("wanted", "ignore_case", "as_it_came")).values
    return Pattern(
        _checked(given["pattern"]),
        as_flag(given.get("wanted"), True),
        as_flag(given.get("ignore_case"), False),
        as_flag(given.get("as_it_came"), False),
    )


def _checked(node: Node) -> str:
    pattern = as_text(node)
    if len(pattern) > MAX_PATTERN:
        raise ShinraiError(
            message("The pattern has {size} characters; at most {limit}.", size=len(pattern), limit=MAX_PATTERN),
            place=node.place,
        )
    try:
        matches(pattern, "", ignore_case=False)
    except ValueError as error:
        raise ShinraiError(
            message("“{pattern}” is not a pattern that RE2 knows.", pattern=shown(pattern)),
            fix=message("Look-ahead, look-behind and back-references do not exist there; write it without them."),
            place=node.place,
        ) from error
    return pattern


def _score(expected: Pattern, _: Prompt, answers: tuple[Answer, ...]) -> Finding:
    text = answers[-1].text if expected.raw else visible(answers[-1].text)
    found = matches(expected.pattern, text, ignore_case=expected.ignore_case)
    reason = message("The pattern matches.") if found else message("The pattern does not match.")
    return passed(reason) if found == expected.wanted else failed(reason)


REGEX = SampleScorer("regex", "1", message("A pattern matches the answer, or does not"), _read, _score)
