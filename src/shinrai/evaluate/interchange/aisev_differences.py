"""Where a score by aisev and a score by Shinrai over the same rows differ, and why. Shown with every import.

What is said of aisev was read in its code (v1, Apache-2.0) in November 2026.
"""

from dataclasses import dataclass
from enum import StrEnum

from shinrai.language import Message, message


class Part(StrEnum):
    """Which part of aisev a difference is about."""

    ROWS = "rows"
    JUDGE = "judge"
    QUESTIONNAIRE = "questionnaire"
    GOALS = "goals"
    SCORE = "score"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. id: stable, for records."""

    id: str
    part: Part
    theirs: Message
    ours: Message


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "grade-by-pattern",
        Part.JUDGE,
        message("The judge's grade is cut out of its text by a pattern; no grade found counts as not correct."),
        message("The verdict is structured; anything else is an error, counted and shown, neither passed nor failed."),
    ),
    Difference(
        "answer-speaks-to-judge",
        Part.JUDGE,
        message("The answer is put into the judge's prompt as it is, and target and judge may be the same model."),
        message("The answer is fenced as data; a judge that is the target is refused unless a waiver is declared."),
    ),
    Difference(
        "judge-without-error-rate",
        Part.JUDGE,
        message("What the judge says counts as what is true."),
        message(
            "A judge is calibrated against people; without that its rate is marked, with it the interval is wider."
        ),
    ),
    Difference(
        "choice-by-judge",
        Part.ROWS,
        message(
            "`multiplechoice`, the name in its manual, is not one its code knows: such rows go to the judge. "
            "Only `choice` and `multiple_choice` are compared by option."
        ),
        message("All three names are the choice scorer; the options are put to the system in our own words."),
    ),
    Difference(
        "exact-normalised",
        Part.ROWS,
        message("`exact` compares without English articles, punctuation and case."),
        message("`exact` compares after Unicode normalisation (NFKC), without case and without end marks."),
    ),
    Difference(
        "rows-vanish",
        Part.ROWS,
        message(
            "Rows with an empty cell, or with words such as NA or None, are dropped without a word; so are all "
            "but the last of several rows with one ID."
        ),
        message("Such words are text; every row is imported or listed with its line and the reason."),
    ),
    Difference(
        "last-scorer-wins",
        Part.SCORE,
        message("Of two scorers in one perspective only the last one's results stay."),
        message("Every row stays in the totals under its own scorer."),
    ),
    Difference(
        "error-is-zero",
        Part.SCORE,
        message("A row without a score counts 0 in a goal's share, and in the list of rows anything but “I” counts 1."),
        message("A row without a score is an error; list and total come from one view."),
    ),
    Difference(
        "point-without-interval",
        Part.SCORE,
        message("A score is a number of 100 points, with no number of rows and no interval."),
        message(
            "Every number has n, interval and coverage; rows of one goal are one cluster; decisions are taken on "
            "the interval's bound, where a limit is given. aisev's files give none."
        ),
    ),
    Difference(
        "not-applicable-by-default",
        Part.QUESTIONNAIRE,
        message("A question starts as “not applicable”, and its weight moves to the questions that were answered."),
        message(
            "A question starts as “not assessed” and keeps its weight; “not applicable” needs a reason and a name."
        ),
    ),
    Difference(
        "weights-unchecked",
        Part.GOALS,
        message(
            "Weights are used as they are; where they are too few, goals at the end of the list drop out, and "
            "where there are none, each goal gets the whole weight."
        ),
        message(
            "Weights have to add up to 1 (or 100) at each goal; otherwise the file is refused, unless sharing them "
            "out anew is accepted and noted."
        ),
    ),
    Difference(
        "first-strategy-only",
        Part.GOALS,
        message("Below the top goal only the first entry is followed, and a goal reached twice counts twice."),
        message("All entries are followed; a goal under two goals is refused."),
    ),
    Difference(
        "unknown-goal-full-weight",
        Part.GOALS,
        message("A row that names a goal without a weight counts with the weight 1."),
        message("A row that names a goal the tree does not have is listed and counts for no goal."),
    ),
    Difference(
        "score-is-a-point",
        Part.GOALS,
        message("Goals without results count 0 or drop out, so 100 can stand for a few of many goals."),
        message("A goal without results counts as anything from 0 to 1: the score is a band, with coverage."),
    ),
)
