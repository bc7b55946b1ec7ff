"""V4: whether the log continues what was seen before."""

from typing import Any

from shinrai_verify.encoding import Fault, Named, unbase64
from shinrai_verify.merkle import consistent, root
from shinrai_verify.note import Checkpoint
from shinrai_verify.steps.v3_head import read_head
from shinrai_verify.steps.work import Work


def memory(work: Work) -> None:
    """Compare the head with every checkpoint of an earlier visit."""
    if not work.seen:
        text = "no earlier checkpoint was given, so an older copy of the log would go unnoticed"
        work.outcome.note("V4", 0, text)
    for note in work.seen:
        _continues(work, read_head(work, note, Named("the last seen checkpoint"))[0], work.outcome.checkpoint)


def _continues(work: Work, seen: Checkpoint, head: Any) -> None:
    if seen.origin != head.origin:
        raise Fault("the last seen checkpoint is of another log")
    if head.size < seen.size:
        text = "the bundle is older than what you have seen: its log has {n} entries, you saw {m}"
        raise Fault(text, n=head.size, m=seen.size)
    name = f"log/consistency/{seen.size}"
    if work.whole or seen.size in (0, head.size):
        same = seen.root == (head.root if seen.size == head.size else root(work.leaves[: seen.size]))
    elif name in work.bundle.sha256:
        proof = [unbase64(line.decode("ascii"), name, standard=True) for line in work.bundle.lines(name)]
        same = consistent(seen.size, seen.root, head.size, head.root, proof)
        work.used.add(name)
    else:
        text = "the bundle does not show that the log continues the one you saw with {m} entries"
        work.outcome.note("V4", 3, text, m=seen.size)
        return
    if not same:
        raise Fault("the log was rewritten since you last saw it")
    work.outcome.note("V4", 0, "the log continues the one you saw with {m} entries", m=seen.size)
