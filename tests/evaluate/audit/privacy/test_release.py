"""Released counts: noise on every declared cell and nothing else, and intervals that hold what they say."""

import csv
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shinrai.evaluate.audit.cells import Roles
from shinrai.evaluate.audit.intake import read_cells
from shinrai.evaluate.audit.privacy.ledger import open_ledger, read_ledger
from shinrai.evaluate.audit.privacy.noisy import NoisyCounts, rates_of, read_noisy
from shinrai.evaluate.audit.privacy.release import OTHER, Question, caution, note_beside, release, utility
from shinrai.evaluate.statistics.discrete_laplace import discrete_laplace
from shinrai.language import ShinraiError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SEXES = {"sex": ("f", "m")}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.jsonl"
    open_ledger(file, "applicants", Fraction(10), NOW)
    return file


def table(folder: Path, rows: list[str], header: str = "who,sex,y,p") -> Path:
    file = folder / "rows.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def rows_of(counts: dict[tuple[str, str, str], int]) -> list[str]:
    made, who = [], 0
    for (sex, y, p), n in counts.items():
        for _ in range(n):
            who += 1
            made.append(f"{who},{sex},{y},{p}")
    return made


COUNTS = {("f", "1", "1"): 400, ("f", "1", "0"): 300, ("m", "1", "1"): 700, ("m", "0", "0"): 600, ("f", "0", "0"): 500}


def question(file: Path, **more: Any) -> Question:
    return Question(**{"file": file, "levels": SEXES, "prediction": "p", "label": "y", "favourable": "1"} | more)


def repeating(seed: int) -> Callable[[int], int]:
    return random.Random(seed).randrange  # noqa: S311  (a test repeats itself)


def released(file: Path) -> dict[tuple[str, ...], tuple[int, int]]:
    with file.open(encoding="utf-8", newline="") as opened:
        header, *rows = csv.reader(opened)
    assert header[-2:] == ["count", "noisy"]
    return {tuple(row[:-2]): (int(row[-2]), int(row[-1])) for row in rows}


def test_every_declared_cell_is_there_with_noise_and_no_other(tmp_path: Path, ledger: Path) -> None:
    rows = [*rows_of(COUNTS), "9001,x,1,1", "9002,,1,1", "9003,f,,1", "9004, F ,1,1"]
    out = tmp_path / "out.csv"
    asked = question(table(tmp_path, rows))
    done = release(asked, Fraction(1, 2), ledger, out, NOW, rows_about=2_500, below=repeating(4))
    found = released(out)
    assert list(found) == [(s, y, p) for s in "fm" for y in ("1", OTHER) for p in ("1", OTHER)]
    draw = repeating(4)
    noise = [discrete_laplace(Fraction(1, 2), draw) for _ in range(9)]
    true = {("f", "1", "1"): 401, ("f", "1", OTHER): 300, ("f", OTHER, OTHER): 500}
    true |= {("m", "1", "1"): 700, ("m", OTHER, OTHER): 600}
    assert [drawn for _, drawn in found.values()] == [true.get(c, 0) + n for c, n in zip(found, noise, strict=False)]
    assert all(count == max(0, drawn) for count, drawn in found.values())
    note = json.loads(note_beside(out).read_text(encoding="utf-8"))
    assert note["left_out_noisy"] == 3 + noise[8]
    assert (note["epsilon"], note["scale"], note["sensitivity"]) == ("1/2", "2", 1)
    kept = read_ledger(ledger)
    assert kept.spent == Fraction(1, 2)
    assert kept.releases[0].written is not None
    assert "data" not in note, "a digest of the rows would let a guess at them be checked"
    assert done.release.entry == note["ledger_entry"]


def test_released_counts_are_a_table_of_counts(tmp_path: Path, ledger: Path) -> None:
    out = tmp_path / "out.csv"
    release(question(table(tmp_path, rows_of(COUNTS))), Fraction(1), ledger, out, NOW, rows_about=2_500)
    cells = read_cells(out, Roles("p", "y", favourable="1", groups=("sex",), counts="count"))
    assert cells.origin.engine == "counts"
    assert sum(cell.rows for cell in cells.cells[("sex",)]) == sum(count for count, _ in released(out).values())


def test_a_person_counts_for_at_most_so_many_rows(tmp_path: Path, ledger: Path) -> None:
    rows = ["a,f,1,1"] * 500 + ["b,m,1,1"] * 2 + [",m,0,0"] * 40
    asked = question(table(tmp_path, rows), person="who", rows_per_person=3)
    out = tmp_path / "out.csv"
    release(asked, Fraction(3), ledger, out, NOW, rows_about=10_000, below=repeating(1))
    draw = repeating(1)
    noise = [discrete_laplace(Fraction(1), draw) for _ in range(8)]
    without = {cell: drawn - n for (cell, (_, drawn)), n in zip(released(out).items(), noise, strict=True)}
    assert {cell: n for cell, n in without.items() if n} == {
        ("f", "1", "1"): 3,
        ("m", "1", "1"): 2,
        ("m", OTHER, OTHER): 40,
    }
    assert caution(asked, levels_from_data=False) == ()
    assert len(caution(question(asked.file), levels_from_data=True)) == 2


def test_noise_that_drowns_the_rates_is_refused_before_anything_is_spent(tmp_path: Path, ledger: Path) -> None:
    asked = question(table(tmp_path, rows_of(COUNTS)))
    with pytest.raises(ShinraiError, match="would tell next to nothing"):
        release(asked, Fraction(1, 50), ledger, tmp_path / "out.csv", NOW, rows_about=2_500)
    assert read_ledger(ledger).spent == 0
    release(asked, Fraction(1, 50), ledger, tmp_path / "out.csv", NOW, rows_about=2_500, anyway=True)
    assert read_ledger(ledger).spent == Fraction(1, 50)
    said = [utility(asked, Fraction(1), n).worst for n in (1_000, 10_000, 100_000)]
    assert said == sorted(said, reverse=True)
    with pytest.raises(ValueError, match="at least one row"):
        utility(asked, Fraction(1), 0)


def test_a_spent_budget_releases_nothing(tmp_path: Path) -> None:
    file = tmp_path / "small.jsonl"
    open_ledger(file, "applicants", Fraction(1), NOW)
    asked, out = question(table(tmp_path, rows_of(COUNTS))), tmp_path / "out.csv"
    release(asked, Fraction(1), file, out, NOW, rows_about=2_500)
    first = out.read_bytes()
    with pytest.raises(ShinraiError, match="budget does not reach"):
        release(asked, Fraction(1, 10), file, out, NOW, rows_about=2_500, anyway=True)
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"levels": {"sex": ("f", "f")}}, "different, trimmed"),
        ({"levels": {"sex": (" f",)}}, "different, trimmed"),
        ({"levels": {}}, "different ones"),
        ({"prediction": "y"}, "different ones"),
        ({"levels": {"sex": tuple(str(n) for n in range(30_000))}}, "120000 cells"),
        ({"rows_per_person": 0}, "from 1 to"),
        ({"label": "nowhere"}, "no column"),
        ({"person": "nowhere"}, "no column"),
    ],
)
def test_a_question_that_cannot_be_asked_spends_nothing(
    tmp_path: Path, ledger: Path, changed: dict[str, Any], said: str
) -> None:
    asked = question(table(tmp_path, rows_of(COUNTS)), **changed)
    with pytest.raises(ShinraiError, match=said):
        release(asked, Fraction(1), ledger, tmp_path / "out.csv", NOW, rows_about=10**9)
    with pytest.raises(ShinraiError, match=r"ε is above 0|written as CSV"):
        release(asked, Fraction(0), ledger, tmp_path / "out.csv", NOW, rows_about=10**9)
    assert read_ledger(ledger).spent == 0


def test_counts_and_note_have_to_belong_together(tmp_path: Path, ledger: Path) -> None:
    out = tmp_path / "out.csv"
    release(question(table(tmp_path, rows_of(COUNTS))), Fraction(1), ledger, out, NOW, rows_about=2_500)
    assert read_noisy(table(tmp_path, ["1,f,1,1"])) is None, "counts without a note have no noise"
    whole = out.read_text(encoding="utf-8")
    out.write_text(whole.replace("\nf,", "\ng,", 1), encoding="utf-8")
    with pytest.raises(ShinraiError, match="are not the ones"):
        read_noisy(out)
    out.write_text("hello\n", encoding="utf-8")
    with pytest.raises(ShinraiError, match="cannot be read"):
        read_noisy(out)
    out.write_text(whole, encoding="utf-8")
    for text in ("{}", "[", '{"format": "shinrai.noisy-counts/1"}', "[" * 100_000):
        note_beside(out).write_text(text, encoding="utf-8")
        with pytest.raises(ShinraiError, match="cannot be read"):
            read_noisy(out)


@pytest.mark.parametrize(("epsilon", "rate"), [(Fraction(1, 10), 0.3), (Fraction(1, 5), 0.05), (Fraction(1), 0.5)])
def test_intervals_hold_the_truth_as_often_as_they_say(epsilon: Fraction, rate: float) -> None:
    """500 samples of 400 rows in each of two equal groups, with noise; 95 % nominal."""
    rng = np.random.default_rng(7)
    scale = 1 / epsilon
    q = float(np.exp(-1 / float(scale)))
    # The difference of two geometric draws is discrete Laplace, and numpy draws those fast.
    held = differs = 0
    width = []
    looks = 500
    for _ in range(looks):
        cells = {}
        for sex in "fm":
            selected = int(rng.binomial(400, rate))
            for level, n in (("1", selected), (OTHER, 400 - selected)):
                cells[(sex, level)] = n + int(rng.geometric(1 - q) - rng.geometric(1 - q))
        found = rates_of(NoisyCounts(("sex",), None, "1", cells, scale, epsilon, 1, True, 0), "sex")
        shown = found.rates["selection_rate"]["f"]
        gap = found.difference["selection_rate"]
        assert shown.interval is not None
        assert gap is not None
        assert gap.interval is not None
        held += shown.interval.low <= rate <= shown.interval.high
        differs += gap.interval.low > 0
        width.append(shown.interval.high - shown.interval.low)
    assert held / looks >= 0.93
    assert differs / looks <= 0.05, "two equal groups are not called different for the noise"
    assert np.mean(width) < 0.4


def test_where_noise_leaves_nothing_the_rate_is_undefined() -> None:
    cells = {("f", "1"): 3, ("f", OTHER): 20, ("m", "1"): 500, ("m", OTHER): 500, ("x", "1"): -5, ("x", OTHER): 60}
    counts = NoisyCounts(("sex",), None, "1", cells, Fraction(10), Fraction(1, 10), 1, True, 0)
    found = rates_of(counts, "sex")
    assert found.rates["selection_rate"]["f"].value is None
    assert found.rates["selection_rate"]["x"].interval is None
    assert found.rates["selection_rate"]["m"].value == 0.5
    assert found.difference["selection_rate"] is None
    assert found.rows == {"f": 23, "m": 1000, "x": 55}
