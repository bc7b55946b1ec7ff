"""Ask the desk one or more questions without a server; several are one conversation."""

import argparse

from desk.replying import Desk, Turn


def main() -> None:
    """Print the desk's answer to every question on the command line."""
    parser = argparse.ArgumentParser(prog="python -m desk.ask", description="Ask the question desk of Shiokaze City.")
    parser.add_argument("question", nargs="+", help="one turn of the conversation each")
    parser.add_argument("--guard", choices=["on", "off"], default="on")
    parser.add_argument("--planted", action="store_true", help="also load the documents of the attack")
    given = parser.parse_args()
    desk = Desk(guarded=given.guard == "on", planted=given.planted)
    turns: list[Turn] = []
    for question in given.question:
        turns.append(Turn("user", question))
        reply = desk.reply(turns)
        turns.append(Turn("assistant", reply.text))
        print(f"> {question}\n{reply.text}\n")


if __name__ == "__main__":
    main()
