"""Shinrai's engine with its journal and the evidence files made of it.

python benchmarks/peers/shinrai_engine.py URL N IN_FLIGHT FOLDER
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.parquet import write_evidence
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample, Prompt, Speaker, Turn
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.chat_wire import Sampling


def plan(target: ChatTarget, n: int) -> Iterator[PlannedSample]:
    key = keys_for(target.identity())
    for i in range(n):
        prompt = Prompt((Turn(Speaker.USER, f"{i % 997} + {i % 89} = ?"),))
        yield PlannedSample(key(prompt, 0), "sums", f"sum-{i}", None, 0, f"sum-{i}", prompt)


def main(url: str, n: int, in_flight: int, folder: Path) -> None:
    target = ChatTarget("bench", url, "bench-1", sampling=Sampling(temperature=0))
    with open_journal(folder / "samples.journal", {"n": n, "target": target.identity()}) as journal:
        summary = run(plan(target, n), target, RunSettings(most_in_flight=in_flight), journal)
    files = write_evidence([journal.path], plan(target, n), folder)
    evidence = files.samples.stat().st_size + files.timings.stat().st_size
    print(json.dumps({"answered": summary.answered, "journal_bytes": journal.size, "evidence_bytes": evidence}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
