"""A run against a hostile server in a process of its own, whose memory is measured: hostile_run.py URL N FOLDER.

Takes N samples, writes the evidence, reads it and scores every sample. Prints what came of them and the most memory the
process has ever had, in bytes.
"""

import json
import resource
import sys
from collections import Counter
from pathlib import Path

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal
from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.runner.parquet import read_evidence, write_evidence
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import PlannedSample
from shinrai.evaluate.suites import load_suite, plan, sample_scores
from shinrai.evaluate.targets.chat import ChatTarget


def most_memory() -> int:
    """Return the most memory this program has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # The kernel's other figure holds what the process that started this one had, too.
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(url: str, n: int, folder: Path) -> None:
    target = ChatTarget("desk", url, "faulty-1")
    key = keys_for(target.identity())
    suite = load_suite("shinrai.refusal.ja")
    prompts = (list(plan(suite, varied=False)) * n)[:n]
    planned = [
        PlannedSample(key(each.prompt, place), suite.id, each.probe.id, None, place, each.cluster, each.prompt)
        for place, each in enumerate(prompts)
    ]
    with open_journal(folder / "journal", {}) as journal:
        summary = run(planned, target, RunSettings(most_in_flight=64, give_up_after=4 * n), journal)
    files = write_evidence([folder / "journal"], planned, folder)
    outcomes: Counter[str] = Counter()
    for each, row in zip(prompts, read_evidence(files.samples, files.timings), strict=True):
        outcomes.update(score.outcome.value for score in sample_scores(suite, each, row.sample))
    faults = {kind.value: count for kind, count in summary.faults.items()}
    found = {"answered": summary.answered, "faults": faults, "outcomes": outcomes, "memory": most_memory()}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
