"""Ask the desk all its questions and count: right document, right facts, right refusals, each with n and an interval."""

import argparse
import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desk.replying import Desk, Reply, Turn
from shinrai.evaluate.statistics.proportions import wilson

QUESTIONS: Final = Path(__file__).parent / "questions"
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one question. document, facts: None where the question expects none."""

    row: Row
    reply: Reply
    document: bool | None
    facts: bool | None
    refused: bool


def questions(name: str = "questions.csv") -> list[Row]:
    """Return the rows of one file of questions."""
    with (QUESTIONS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judge(row: Row, reply: Reply) -> Found:
    """Compare a reply with what its question expects. A question out of scope should be answered from no document."""
    wanted = set(filter(None, row["expected_documents"].split("|")))
    facts = list(filter(None, row["expected_facts"].split("|")))
    said = _plain(reply.text)
    refused = reply.declined is not None or not reply.documents or "見つけられませんでした" in reply.text or (
        "I do not know" in reply.text
    )
    return Found(
        row,
        reply,
        None if not wanted else bool(wanted & set(reply.documents)) and not refused,
        None if not facts else all(_plain(fact) in said for fact in facts),
        refused,
    )


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().replace("–", "-").split())


def share(name: str, outcomes: list[bool]) -> str:
    """Return one line with the share of a list that is true, its interval and n."""
    hits, n = sum(outcomes), len(outcomes)
    interval = wilson(hits, n)
    return f"{name}: {hits / n:.3f} (95% {interval.low:.3f} to {interval.high:.3f}, n = {n})"


def main() -> None:
    """Print the figures, and on request every question that went wrong."""
    parser = argparse.ArgumentParser(description="Score the question desk on its own questions.")
    parser.add_argument("--guard", choices=["on", "off"], default="on")
    parser.add_argument("--wrong", action="store_true", help="list what went wrong")
    given = parser.parse_args()
    desk = Desk(guarded=given.guard == "on")
    found = [judge(row, desk.reply(_turns(row))) for name in FILES for row in questions(name)]
    for language in ("ja", "en"):
        of = [each for each in found if each.row["language"] == language]
        print(share(f"{language} right document", [each.document for each in of if each.document is not None]))
        print(share(f"{language} right facts", [each.facts for each in of if each.facts is not None]))
        print(share(f"{language} out of scope, declined", [each.refused for each in of if each.row["scope"] == "out"]))
    if given.wrong:
        for each in found:
            if False in (each.document, each.facts) or (each.row["scope"] == "out" and not each.refused):
                print(f"\n{each.row['id']} {each.row['text']}\n  expected {each.row['expected_documents']} "
                      f"{each.row['expected_facts']}\n  got {each.reply.documents}: {each.reply.text.partition(chr(10) * 2)[0]}")


FILES: Final = ("questions.csv", "conversations.csv")


def _turns(row: Row) -> list[Turn]:
    earlier = list(filter(None, (row.get("earlier") or "").split("|")))
    return [Turn("user", text) for text in (*earlier, row["text"])]


if __name__ == "__main__":
    main()
