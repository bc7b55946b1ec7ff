"""V2: the chain of trust documents, from the one that the policy pins."""

from shinrai_verify.encoding import Fault
from shinrai_verify.statements import read_envelope
from shinrai_verify.steps.work import Work
from shinrai_verify.trust import follow


def chain(work: Work) -> None:
    """Follow the chain."""
    names = sorted((n for n in work.bundle.sha256 if n.startswith("trust/")), key=lambda n: int(n.split(".")[1]))
    if names != [f"trust/root.{number}.json" for number in range(1, len(names) + 1)]:
        raise Fault("the chain of trust documents has a gap")
    work.trust = follow([read_envelope(work.bundle.read(name), name) for name in names], work.policy.root)
    text = "the trust document you were given leads to the keys used ({n} in the chain)"
    work.outcome.note("V2", 0, text, n=len(names))
