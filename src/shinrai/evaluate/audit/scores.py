"""Numbers of a score for each group, from bins of equal width, with the bound of what the bins can hide."""

from collections.abc import Mapping, Sequence

from shinrai.evaluate.audit.cells import Levels, ScoreBins
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.language import Message, message

SCORE_TITLES: Mapping[str, Message] = {
    "auc": message("Area under the ROC curve"),
    "brier": message("Brier score"),
    "ece": message("Expected calibration error"),
    "ks": message("Kolmogorov-Smirnov distance"),
    "calibration_gap": message("Mean of label minus score"),
}


def score_estimates(bins: Sequence[ScoreBins]) -> dict[Levels, dict[str, Estimate | Message]]:
    """Return the numbers of a score for every group."""
    return {}
