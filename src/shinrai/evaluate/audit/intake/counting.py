"""From an engine's answers to the table of cells that an audit computes from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from shinrai.evaluate.audit.cells import (
    Cell,
    CellTable,
    ClusterSums,
    Levels,
    NumberSums,
    Origin,
    Roles,
    ScoreBins,
    Subject,
    Task,
)
from shinrai.evaluate.audit.intake import guards, unfolding
from shinrai.evaluate.audit.intake.engine import (
    Binning,
    Coding,
    Engine,
    Profile,
    Seen,
    Sum,
    number_sums,
    rates,
    score_sums,
    weight_sums,
)
from shinrai.evaluate.audit.intake.fold import Codes, exact, fold
from shinrai.evaluate.audit.intake.planner import Bundle, cells_of, plan
from shinrai.evaluate.audit.intake.refusals import changed
from shinrai.evaluate.audit.intake.vocabulary import (
    Vocabulary,
    class_vocabulary,
    group_vocabulary,
    no_vocabulary,
    rows_by_value,
    threshold_vocabulary,
)
from shinrai.evaluate.audit.intake.wanted import Asked, Wanted, compared, declared, subjects

Rows = list[tuple[Any, ...]]
_MOST_BINNED = 200_000


@dataclass(frozen=True, slots=True)
class _Words:
    """The vocabularies of a table: of each key column, of label and prediction; classes as CellTable has them."""

    keys: Mapping[str, Vocabulary]
    label: Vocabulary
    prediction: Vocabulary
    classes: tuple[str, ...]


def count(engine: Engine, roles: Roles, wanted: Wanted) -> CellTable:
    """Ask an engine for everything wanted and put it into canonical order. TableError: as `guards` says."""
    known = {name: engine.fields[name] for name in declared(roles, wanted) if name in engine.fields}
    asked = Asked(roles, wanted, known)
    guards.check_columns(engine, asked)
    once = engine.at_once(asked)
    profile = engine.profile(asked) if once is None else once.profile
    guards.check_profile(engine, asked, profile)
    guards.check_crossings(engine, asked, profile, subjects(roles, wanted))
    if once is None:
        bundles = _bundles(asked, profile)
        found = engine.cells(asked, bundles, dense=_dense(asked, profile))
    else:
        bundles = (Bundle(asked.keys, subjects(roles, wanted)),)
        found = [unfolding.cells_of(once)]
    words = _words(engine, asked, bundles, found)
    rows = sum(row[len(bundles[0].columns) + 2] for row in found[0])
    dropped = profile[Seen.UNUSABLE, roles.weight] if roles.weight is not None else 0
    if roles.counts is None and rows + dropped != profile[Seen.ROWS, ""]:
        raise changed(engine.place)
    guards.check_groups(engine, asked, dict(words.keys), int(profile[Seen.ROWS, ""]))
    folded = [_folded(asked, words, bundle, each) for bundle, each in zip(bundles, found, strict=True)]
    binning = _binning(asked, profile)
    if once is not None and once.scores is not None:
        bins = unfolding.bins_of(once, once.scores, words.keys, words.label, words.classes[0], compared(roles))
    else:
        bins = _bins(engine, asked, profile, words, binning) if asked.scored else {}
    clusters = _clusters(engine, asked, words)
    return CellTable(
        roles=roles,
        classes=words.classes,
        cells=_in_order(asked, {s: cells for cells_of_bundle, _ in folded for s, cells in cells_of_bundle.items()}),
        merges=_merges(words),
        clusters=clusters,
        bins=bins,
        numbers=_in_order(asked, {s: sums for _, numbers in folded for s, sums in numbers.items()}),
        origin=Origin(engine.name, engine.statements(), int(profile[Seen.ROWS, ""]), engine.digests()),
        score_range=(binning.low, binning.high),
        weightless=int(dropped),
    )


def _in_order(asked: Asked, by_subject: Mapping[Subject, Any]) -> dict[Subject, Any]:
    return {s: by_subject[s] for s in subjects(asked.roles, asked.wanted) if s in by_subject}


def _levels(asked: Asked, profile: Profile) -> dict[str, int]:
    return {name: int(profile[Seen.DISTINCT, name]) for name in asked.keys}


def _classes_about(asked: Asked, profile: Profile) -> int:
    if asked.numeric:
        return 1
    about = 1
    for name in (asked.roles.label, asked.roles.prediction):
        about *= 3 if name is None else int(profile[Seen.DISTINCT, name]) + 1
    return about


def _bundles(asked: Asked, profile: Profile) -> tuple[Bundle, ...]:
    return plan(
        subjects(asked.roles, asked.wanted), asked.roles.strata, _levels(asked, profile), _classes_about(asked, profile)
    )


def _dense(asked: Asked, profile: Profile) -> int:
    """Return the rows if all keys crossed make much fewer cells, or 0; estimated without missing values."""
    levels = {name: max(0, about - 1) for name, about in _levels(asked, profile).items()}
    rows = int(profile[Seen.ROWS, ""])
    return rows if 2 * cells_of(asked.keys, levels, 4 if not asked.numeric else 1) <= rows else 0


def _words(engine: Engine, asked: Asked, bundles: Sequence[Bundle], found: Sequence[Rows]) -> _Words:
    keys: dict[str, Vocabulary] = {}
    for bundle, rows in zip(bundles, found, strict=True):
        width = len(bundle.columns)
        for place, name in enumerate(bundle.columns):
            if name not in keys:
                counted = rows_by_value((row[place] for row in rows), (row[width + 2] for row in rows))
                keys[name] = group_vocabulary(name, counted)
    keys = {name: keys[name] for name in asked.keys}
    if asked.numeric:
        return _Words(keys, no_vocabulary(), no_vocabulary(), ())
    width = len(bundles[0].columns)
    labels = Counter(row[width] for row in found[0])
    predictions = Counter(row[width + 1] for row in found[0])
    roles = asked.roles
    classes = guards.check_classes(engine, asked, labels, predictions if roles.prediction else ())
    label = class_vocabulary(roles.label, labels, classes) if roles.label else no_vocabulary()
    if roles.prediction is not None:
        return _Words(keys, label, class_vocabulary(roles.prediction, predictions, classes), classes)
    prediction = threshold_vocabulary(roles.score or "", classes[0], classes)
    return _Words(keys, label, prediction, (classes[0], *(c for c in prediction.labels if c not in {classes[0], None})))


def _merges(words: _Words) -> tuple[Any, ...]:
    return tuple(
        merge for vocabulary in (*words.keys.values(), words.label, words.prediction) for merge in vocabulary.merges
    )


def _codes(vocabulary: Vocabulary, values: Sequence[object]) -> Codes:
    try:
        return np.fromiter(map(vocabulary.codes.__getitem__, values), dtype=np.int64, count=len(values))
    except KeyError:
        # NaN, which stands for a missing value, is found under none.
        return np.fromiter(map(vocabulary.code, values), dtype=np.int64, count=len(values))


def _put_together(pieces: Sequence[Sequence[Any]], sums: Sequence[Sum]) -> list[list[int]]:
    """Return the whole sums, a list for each, from the columns of their pieces; the sum of nothing is 0."""
    remaining = iter(pieces)
    put = []
    for each in sums:
        whole = [int(piece or 0) << each.shifts[0] for piece in next(remaining)]
        for shift in each.shifts[1:]:
            whole = [so_far + (int(piece or 0) << shift) for so_far, piece in zip(whole, next(remaining), strict=True)]
        put.append(whole)
    return put


def _folded(
    asked: Asked, words: _Words, bundle: Bundle, rows: Rows
) -> tuple[dict[Subject, tuple[Cell, ...]], dict[Subject, tuple[NumberSums, ...]]]:
    """Fold one bundle into the cells of its subjects."""
    width = len(bundle.columns)
    columns = list(zip(*rows, strict=True))
    vocabularies = {name: words.keys[name] for name in bundle.columns}
    codes = {name: _codes(vocabularies[name], columns[place]) for place, name in enumerate(bundle.columns)}
    classes = [_codes(words.label, columns[width]), _codes(words.prediction, columns[width + 1])]
    weights, numbers = weight_sums(asked), number_sums(asked)
    put = _put_together(columns[width + 3 :], (*weights, *numbers))
    measures = [exact([int(n) for n in columns[width + 2]]), *map(exact, put)]
    cells: dict[Subject, tuple[Cell, ...]] = {}
    sums: dict[Subject, tuple[NumberSums, ...]] = {}
    for subject in bundle.subjects:
        by = (*subject, *asked.roles.strata)
        read = [*(vocabularies[name] for name in by), words.label, words.prediction]
        apart, added = fold([*(codes[name] for name in by), *classes], [len(v.labels) for v in read], measures)
        labels = [map(each.labels.__getitem__, own) for each, own in zip(read, apart.T.tolist(), strict=True)]
        lines = list(zip(*labels, strict=True))
        added = [each.tolist() for each in added]
        cells[subject] = tuple(
            Cell(
                line[: len(subject)],
                line[len(subject) : -2],
                line[-2],
                line[-1],
                added[0][place],
                added[1][place] if weights else None,
                added[2][place] if weights else None,
            )
            for place, line in enumerate(lines)
        )
        if numbers:
            first = 1 + len(weights)
            sums[subject] = tuple(
                NumberSums(line[: len(subject)], line[len(subject) : -2], *(each[place] for each in added[first:]))
                for place, line in enumerate(lines)
            )
    return cells, sums


def _labels(vocabularies: Sequence[Vocabulary], codes: Sequence[int]) -> Levels:
    return tuple(vocabulary.labels[code] for vocabulary, code in zip(vocabularies, codes, strict=True))


def _binning(asked: Asked, profile: Profile) -> Binning:
    score = asked.roles.score
    if score is None or asked.wanted.calibration:
        return Binning(asked.wanted.bins, 0.0, 1.0)
    low, high = float(profile[Seen.LOW, score]), float(profile[Seen.HIGH, score])
    return Binning(asked.wanted.bins, low, high if high > low else low + 1.0)


def _bins(
    engine: Engine, asked: Asked, profile: Profile, words: _Words, binning: Binning
) -> dict[Subject, tuple[ScoreBins, ...]]:
    """Put the scores of each group and class into bins."""
    wanted = compared(asked.roles)
    levels = {name: count for name, count in _levels(asked, profile).items() if any(name in s for s in wanted)}
    bundles = plan(wanted, (), levels, 2 * binning.bins, _MOST_BINNED)
    found: dict[Subject, tuple[ScoreBins, ...]] = {}
    for bundle, rows in zip(bundles, engine.bins(asked, bundles, binning), strict=True):
        found |= _bins_of(words, binning, bundle, rows)
    return {subject: found[subject] for subject in wanted}


def _bins_of(words: _Words, binning: Binning, bundle: Bundle, rows: Rows) -> dict[Subject, tuple[ScoreBins, ...]]:
    width = len(bundle.columns)
    # A blank text is a missing label that the engine could not tell.
    missing = len(words.label.labels) - 1
    if any(words.label.code(label) == missing for label in {row[width] for row in rows}):
        rows = [row for row in rows if words.label.code(row[width]) != missing]
    if not rows:
        return dict.fromkeys(bundle.subjects, ())
    columns = list(zip(*rows, strict=True))
    rows.clear()
    codes = {name: _codes(words.keys[name], columns[place]) for place, name in enumerate(bundle.columns)}
    favourable = words.label.labels.index(words.classes[0])
    positive = (_codes(words.label, columns[width]) == favourable).astype(np.int64)
    bins = np.array(columns[width + 1], dtype=np.int64)
    sums = score_sums(binning)
    measures = [exact([int(n) for n in columns[width + 2]]), *map(exact, _put_together(columns[width + 3 :], sums))]
    found = {}
    for subject in bundle.subjects:
        read = [words.keys[name] for name in subject]
        sizes = [*(len(v.labels) for v in read), 2, binning.bins]
        apart, added = fold([*(codes[name] for name in subject), positive, bins], sizes, measures)
        starts = [0, *(np.flatnonzero(np.any(np.diff(apart[:, :-1], axis=0), axis=1)) + 1).tolist(), len(apart)]
        found[subject] = tuple(
            ScoreBins(
                _labels(read, apart[start, : len(subject)].tolist()),
                bool(apart[start, -2]),
                *(_spread(apart[start:end, -1], each[start:end], binning.bins) for each in added),
            )
            for start, end in pairwise(starts)
        )
    return found


def _spread(places: Codes, values: Any, bins: int) -> tuple[int, ...]:
    spread = [0] * bins
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        spread[place] = value
    return tuple(spread)


def _clusters(engine: Engine, asked: Asked, words: _Words) -> dict[Subject, dict[Levels, dict[str, ClusterSums]]]:
    """Ask for the sums over clusters, group by group; canonical groups are made in the engine, as they don't add up."""
    if asked.roles.cluster is None or asked.roles.task is Task.REGRESSION:
        return {}
    wanted = compared(asked.roles)
    label, prediction = (
        tuple(vocabulary.stored.get(label, ()) for label in words.classes)
        for vocabulary in (words.label, words.prediction)
    )
    coding = Coding(label, prediction, {name: vocabulary.replaced for name, vocabulary in words.keys.items()})
    found: dict[Subject, dict[Levels, dict[str, ClusterSums]]] = {}
    for subject, rows in zip(wanted, engine.clusters(asked, wanted, coding), strict=True):
        read = [words.keys[name] for name in subject]
        ordered = sorted((tuple(v.code(value) for v, value in zip(read, row, strict=False)), row) for row in rows)
        found[subject] = {_labels(read, codes): _of_rates(asked, row[len(subject) :]) for codes, row in ordered}
    return found


def _of_rates(asked: Asked, row: Sequence[Any]) -> dict[str, ClusterSums]:
    numbers = [int(value or 0) for value in row]
    return {rate: ClusterSums(*numbers[6 * place : 6 * place + 6]) for place, rate in enumerate(rates(asked))}
