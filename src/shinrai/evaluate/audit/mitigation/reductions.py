"""Training under a constraint with fairlearn's reductions, and what it changes on rows held back.

Before is the same model without the constraint. fairlearn and scikit-learn come with the extra `peers`, and are loaded
where they are used. Source: Agarwal, Beygelzimer, Dudík, Langford, Wallach 2018, A reductions approach to fair
classification, ICML.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.mitigation.outcome import Outcome, outcome_of_rows
from shinrai.evaluate.audit.mitigation.parts import Levels
from shinrai.evaluate.audit.mitigation.rows import Rows
from shinrai.evaluate.audit.mitigation.thresholds import LEAST_ROWS, Equal
from shinrai.language import ShinraiError, message

MOST_FITTED = 200_000
MOST_WORDS = 100
SLACK = 0.01
"""By how much the rates may differ on the rows fitted to."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """What training under a constraint changes. fitted: rows trained on. models: how many it mixes by chance."""

    outcome: Outcome
    fitted: int
    models: int
    left_out: int


def reduce(rows: Rows, label: str, favourable: str, features: Sequence[str], equal: Equal) -> Reduced:
    """Train a logistic regression with and without the constraint, and compare their decisions on the rows held back.

    ShinraiError: the extra is not installed, a part lacks a class or a group, or there are too many rows or words.
    """
    estimator, constrained, constraint = _outside(equal)
    good = np.array([each == favourable for each in _texts(rows.columns[label])])
    known = np.array([text is not None for text in _texts(rows.columns[label])])
    known &= np.array([levels is not None for levels in rows.levels])
    fit, held = known & ~rows.held_back, known & rows.held_back
    names = np.array([" × ".join(levels) if levels else "" for levels in rows.levels])
    _check(fit, held, good, names)
    table = _encoded(rows, features, fit)
    plain = estimator().fit(table[fit], good[fit])
    mixed = constrained(estimator(), constraint, eps=SLACK)
    with warnings.catch_warnings():
        # What fairlearn will have to mend for the next pandas is nothing to the person who trains a model.
        warnings.filterwarnings("ignore", module="fairlearn")
        mixed.fit(table[fit], good[fit].astype(int), sensitive_features=names[fit])
    chance = np.asarray(mixed._pmf_predict(table[held])[:, 1], dtype=np.float64)
    levels: list[Levels | None] = [each for each, wanted in zip(rows.levels, held, strict=True) if wanted]
    found = outcome_of_rows(levels, good[held], plain.predict(table[held]).astype(np.bool_), chance.clip(0, 1))
    return Reduced(found, int(fit.sum()), int((mixed.weights_ > 0).sum()), int((~known).sum()))


def _outside(equal: Equal) -> tuple[Any, Any, Any]:
    try:
        from fairlearn import reductions
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise ShinraiError(
            message("Training under a constraint needs fairlearn and scikit-learn."),
            fix=message("Install them with: pip install 'shinrai[peers]'"),
        ) from None
    moments = {
        Equal.SELECTION_RATE: reductions.DemographicParity,
        Equal.TPR: reductions.TruePositiveRateParity,
        Equal.FPR: reductions.FalsePositiveRateParity,
        Equal.EQUALIZED_ODDS: reductions.EqualizedOdds,
    }
    return lambda: LogisticRegression(max_iter=1000), reductions.ExponentiatedGradient, moments[equal]()


def _check(fit: NDArray[np.bool_], held: NDArray[np.bool_], good: NDArray[np.bool_], names: NDArray[Any]) -> None:
    if fit.sum() > MOST_FITTED:
        raise ShinraiError(
            message("Training takes at most {most} rows; there are {rows}.", most=MOST_FITTED, rows=int(fit.sum())),
            fix=message("Hold more rows back, or take a sample."),
        )
    for part in (fit, held):
        if part.sum() < LEAST_ROWS or len(set(good[part])) < 2 or len(set(names[part])) < 2:
            raise ShinraiError(
                message("A part of the rows has fewer than two groups, or labels of one kind only."),
                fix=message("Take more rows, and name a label that varies."),
            )


def _texts(values: NDArray[Any]) -> list[str | None]:
    from shinrai.evaluate.targets.values import canonical

    return [canonical(each) for each in values.tolist()]


def _encoded(rows: Rows, features: Sequence[str], fit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Numbers scaled by the rows fitted to, with their median where missing; a column of 0 and 1 for each word."""
    made = []
    for name in features:
        values = rows.columns[name]
        if values.dtype == np.float64:
            middle = np.nanmedian(values[fit]) if np.isfinite(values[fit]).any() else 0.0
            filled = np.where(np.isfinite(values), values, middle)
            spread = filled[fit].std()
            made.append((filled - filled[fit].mean()) / (spread or 1.0))
            continue
        words = sorted({each for each in values[fit] if each is not None})
        if len(words) > MOST_WORDS:
            raise ShinraiError(
                message("Column “{column}” has more than {most} words to train on.", column=name, most=MOST_WORDS),
                fix=message("Leave it out, or join its words into classes."),
            )
        made += [(values == word).astype(np.float64) for word in words]
    return np.stack(made, axis=1)
