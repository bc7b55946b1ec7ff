"""Why a number is undefined. What is undefined has no value at all: never 0, never passed."""

from enum import StrEnum

from shinrai.language import Message, message


class Undefined(StrEnum):
    """A reason for which an estimate or its interval does not exist."""

    NO_SAMPLES = "no_samples"
    ONE_CLUSTER = "one_cluster"
    NO_SPREAD = "no_spread"
    NO_REPEATS = "no_repeats"
    NO_SHARED_ITEMS = "no_shared_items"
    NO_LABELLED_POSITIVES = "no_labelled_positives"
    NO_LABELLED_NEGATIVES = "no_labelled_negatives"
    JUDGE_NOT_INFORMATIVE = "judge_not_informative"
    OUTSIDE_JUDGE = "outside_judge"
    TOO_FEW_LABELS = "too_few_labels"
    ONE_CATEGORY = "one_category"
    NO_ROWS = "no_rows"
    ALL_ZERO = "all_zero"
    ZERO_BASE = "zero_base"
    NO_SHARED_STRATA = "no_shared_strata"
    NO_VARIATION_IN_STRATA = "no_variation_in_strata"
    ONE_STRATUM = "one_stratum"
    ONE_CLASS = "one_class"
    OFTEN_UNDEFINED = "often_undefined"
    ONLY_NOISE = "only_noise"
    SINGLE_CLUSTER = "single_cluster"

    def reason(self) -> Message:
        """Return the reason as people read it, in one or two sentences."""
        return _REASONS[self]


_REASONS = {
    Undefined.NO_SAMPLES: message("No sample has a score."),
    Undefined.ONE_CLUSTER: message(
        "All samples belong to one scenario. How much scenarios differ cannot be seen from one; measure a second one."
    ),
    Undefined.NO_SPREAD: message(
        "All scenarios gave the same value, and the scale has no ends, so the error of the mean cannot be estimated."
    ),
    Undefined.NO_REPEATS: message(
        "No prompt was repeated, so variation between prompts and between repeats cannot be told apart."
    ),
    Undefined.NO_SHARED_ITEMS: message("The two runs have no prompt with scores in both."),
    Undefined.NO_LABELLED_POSITIVES: message(
        "No item that people labelled as positive was judged, so the judge's sensitivity is unknown."
    ),
    Undefined.NO_LABELLED_NEGATIVES: message(
        "No item that people labelled as negative was judged, so the judge's specificity is unknown."
    ),
    Undefined.JUDGE_NOT_INFORMATIVE: message(
        "The labels do not show that the judge is better than chance (sensitivity + specificity above 1), so its "
        "results cannot be corrected. Label more items or choose another judge."
    ),
    Undefined.OUTSIDE_JUDGE: message(
        "The judge's rate in this run lies outside what its error rates allow, so the calibration does not fit the "
        "run. Calibrate on items of this run."
    ),
    Undefined.TOO_FEW_LABELS: message("Fewer than two items have a label, so the judge's error cannot be estimated."),
    Undefined.ONE_CATEGORY: message("Only one category was ever used, so agreement cannot be told from chance."),
    Undefined.NO_ROWS: message("No row counts towards this number, so it has no value."),
    Undefined.ALL_ZERO: message("Every group that is compared has a rate of 0, so there is no ratio of rates."),
    Undefined.ZERO_BASE: message("The rate to divide by is 0, so there is no ratio."),
    Undefined.NO_SHARED_STRATA: message(
        "No stratum has rows of both groups, so nothing can be compared within strata."
    ),
    Undefined.NO_VARIATION_IN_STRATA: message(
        "Within each stratum that has rows of both groups all outcomes are alike, so the groups cannot be told apart."
    ),
    Undefined.ONE_STRATUM: message(
        "Fewer than two strata have both groups and both outcomes, so whether strata agree cannot be seen."
    ),
    Undefined.ONE_CLASS: message(
        "It takes two rows with a favourable label and two without, so how well scores tell them apart is unknown."
    ),
    Undefined.OFTEN_UNDEFINED: message(
        "In more than one of twenty resamplings of the table this number does not exist, so it has no interval."
    ),
    Undefined.SINGLE_CLUSTER: message(
        "All rows belong to one cluster, such as one person or one household, or one row has all the weight. How much "
        "clusters differ cannot be seen from one."
    ),
    Undefined.ONLY_NOISE: message("The noise that protects the counts is larger than the counts, so there is no rate."),
}
