"""Ask the desk its questions and count: right document, right facts, right refusals, with n and an interval each."""

import argparse
import csv
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desk.replying import Desk, Reply, Turn

from shinrai.evaluate.statistics.proportions import wilson

QUESTIONS: Final = Path(__file__).parent / "questions"
FILES: Final = ("questions.csv", "conversations.csv", "held-out.csv")
_NOT_KNOWN: Final = ("見つかりませんでした", "I do not know")
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What became of one question. document, facts: None where the question expects none."""

    row: Row
    reply: Reply
    document: bool | None
    facts: bool | None
    refused: bool

    @property
    def wrong(self) -> bool:
        """Whether the reply is not what the question expects."""
        return False in (self.document, self.facts) or (self.row["scope"] == "out" and not self.refused)


def questions(name: str) -> list[Row]:
    """Return the rows of one file of questions."""
    with (QUESTIONS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def turns(row: Row) -> list[Turn]:
    """Return the conversation of a row; the desk's own answers in between are left out, as it does not read them."""
    earlier = list(filter(None, (row.get("earlier") or "").split("|")))
    return [Turn("user", said) for said in (*earlier, row["text"])]


def judge(row: Row, reply: Reply) -> Found:
    """Compare a reply with what its question expects.

    One of the expected documents has to be cited, and all expected facts said; width and blanks don't count.
    """
    wanted = set(filter(None, row["expected_documents"].split("|")))
    facts = list(filter(None, row["expected_facts"].split("|")))
    unknown = any(words in reply.text for words in _NOT_KNOWN)
    return Found(
        row,
        reply,
        None if not wanted else bool(wanted & set(reply.documents)) and not unknown,
        None if not facts else all(_bare(fact) in _bare(reply.text) for fact in facts),
        unknown or reply.declined is not None,
    )


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().replace("–", "-").split())


def share(name: str, outcomes: Sequence[bool | None]) -> str:
    """Return one line with the share that is true of those that are not None, its interval and n."""
    known = [outcome for outcome in outcomes if outcome is not None]
    if not known:
        return f"{name}: n = 0"
    interval = wilson(sum(known), len(known))
    return f"{name}: {sum(known) / len(known):.3f} (95% {interval.low:.3f} to {interval.high:.3f}, n = {len(known)})"


def main() -> None:
    """Print the figures of each file, and on request every question that went wrong."""
    parser = argparse.ArgumentParser(description="Score the question desk on its own questions.")
    parser.add_argument("--guard", choices=["on", "off"], default="on")
    parser.add_argument("--wrong", action="store_true", help="list what went wrong")
    given = parser.parse_args()
    desk = Desk(guarded=given.guard == "on")
    found = {name: [judge(row, desk.reply(turns(row))) for row in questions(name)] for name in FILES}
    for name, judged in found.items():
        for language in ("ja", "en"):
            of = [each for each in judged if each.row["language"] == language]
            out = [each.refused for each in of if each.row["scope"] == "out"]
            print(share(f"{name} {language}, right document", [each.document for each in of]))
            print(share(f"{name} {language}, right facts", [each.facts for each in of]))
            print(share(f"{name} {language}, out of scope and not answered", out))
    for each in (each for judged in found.values() for each in judged if given.wrong and each.wrong):
        answer = each.reply.text.partition("\n\n")[0]
        print(f"\n{each.row['id']} {each.row['text']}")
        print(f"  expected {each.row['expected_documents']} {each.row['expected_facts']}")
        print(f"  got {each.reply.documents}: {answer}")


if __name__ == "__main__":
    main()
