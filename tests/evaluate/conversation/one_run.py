"""One run in a process of its own, to be killed or measured: one_run.py URL N JOURNAL IN_FLIGHT."""

import sys
from collections.abc import Iterator
from pathlib import Path

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample, Prompt, Speaker, Turn
from shinrai.evaluate.targets.chat import ChatTarget


def plan_of(target: ChatTarget, n: int) -> Iterator[PlannedSample]:
    key = keys_for(target.identity())
    for i in range(n):
        prompt = Prompt((Turn(Speaker.USER, f"question {i}"),))
        yield PlannedSample(key(prompt, 0), "suite", f"p{i}", None, 0, f"p{i}", prompt)


def main(url: str, n: int, path: Path, in_flight: int) -> None:
    target = ChatTarget("desk", url, "faulty-1")
    settings = RunSettings(most_in_flight=in_flight, give_up_after=4 * n)
    with open_journal(path, {"n": n, "target": target.identity()}) as journal:
        sys.stdout.write(f"{run(plan_of(target, n), target, settings, journal)}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
