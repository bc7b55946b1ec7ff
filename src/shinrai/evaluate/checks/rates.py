"""The rates of a decision: which counts each one is made of, and what people call it."""

from collections.abc import Callable
from dataclasses import dataclass

from shinrai.evaluate.measurement import Comparison
from shinrai.evaluate.targets.cube import Tally
from shinrai.language import Message, message


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of counts. of: (successes, trials) of a tally. better: the side a limit is put on."""

    name: str
    title: Message
    of: Callable[[Tally], tuple[int, int]]
    better: Comparison


RATES = (
    Rate("accuracy", message("Accuracy"), lambda t: (t.tp + t.tn, t.decided), Comparison.AT_LEAST),
    Rate("selection_rate", message("Selection rate"), lambda t: (t.tp + t.fp, t.decided), Comparison.AT_LEAST),
    Rate("tpr", message("True positive rate"), lambda t: (t.tp, t.tp + t.fn), Comparison.AT_LEAST),
    Rate("fpr", message("False positive rate"), lambda t: (t.fp, t.fp + t.tn), Comparison.AT_MOST),
    Rate("ppv", message("Positive predictive value"), lambda t: (t.tp, t.tp + t.fp), Comparison.AT_LEAST),
)

GROUP_RATES = RATES[1:]
