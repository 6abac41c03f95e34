"""Counts over draws: ranks and grades of every unit in every draw, as whole numbers that merge by
addition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from qtoolkit.engine.core import Engine, grade, places, score
from qtoolkit.engine.ticks import to_ticks

CELLS = 1 << 16  # scores that one block holds: they stay in the cache
RANKS_AT_ONCE = 1 << 23  # ranks held before they are counted, where a count is larger than a block
MOST_CELLS = 1 << 24  # of the table of rank counts; beyond, ranks are counted in bins
FEWEST_BINS = 64
SCORE_BINS = 4096  # into which the scale of scores is cut where scores are counted
BYTES = 128  # rows whose truth values are added as bytes


@dataclass
class Tally:
    """What was counted over some draws.

    draws : int
    ranks : int64 (n, bins), draws in which a unit's rank lies in a bin of `width` ranks
    grades : int64 (n, G), draws in which it has a grade
    wins : int64 (n, n) or None, draws in which a row's unit is ahead of a column's
    first : float (n, d), the sum of the points at which a unit ranks first
    shift, shift_squared, batches : float and int, sums over batches of the mean rank shift |rank −
    reference| width : int
    scores : int64 (n, SCORE_BINS) or None, draws in which a unit's base score lies in a bin of the
    scale, see :func:`score_width`
    """

    draws: int
    ranks: np.ndarray
    grades: np.ndarray
    wins: np.ndarray | None
    first: np.ndarray
    shift: float
    shift_squared: float
    batches: int
    width: int
    scores: np.ndarray | None = None

    def __add__(self, other: Tally) -> Tally:
        together = {}
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            together[field.name] = mine if field.name == "width" or mine is None else mine + theirs
        return Tally(**together)


def tally(
    e: Engine,
    reference: np.ndarray,
    points: np.ndarray,
    leaves: np.ndarray | None = None,
    thresholds: np.ndarray | None = None,
    pairs: bool = False,
    scores: bool = False,
) -> Tally:
    """Score, rank and grade every draw and count.

    Parameters
    ----------
    reference : ndarray of int, (n,)
        Ranks from which the rank shift is measured.
    points, leaves
        As for :func:`score`; points (m, d).
    thresholds : ndarray of int, (m, n, G − 1), optional
        One set of thresholds a draw.
    pairs : bool
        Whether to count who is ahead of whom: n² comparisons a draw.
    scores : bool
        Whether to count base scores.
    """
    m, d = points.shape
    n, G = len(reference), e.thresholds.shape[1] + 1
    bins, width = _bins(n)
    step, hold = _blocks(m, n, bins)
    simple = _only_thresholds(e, thresholds)
    reached = np.zeros((G - 1, n), np.int64)
    grades = np.zeros((n, G), np.int64)
    ranks, wins = np.zeros(bins * n, np.int64), np.zeros((n, n), np.int64) if pairs else None
    first, shift, squared, batches = np.zeros((n, d)), 0.0, 0.0, 0
    counted_scores = np.zeros(n * SCORE_BINS, np.int64) if scores else None
    away = _shifts(reference, bins, width)
    for held in _steps(m, hold):
        codes = np.empty((held.stop - held.start, n), np.int32 if bins * n < 2**31 else np.int64)
        for rows in _steps(held.stop - held.start, step):
            draws = slice(held.start + rows.start, held.start + rows.stop)
            base = score(e, points[draws], None if leaves is None else leaves[draws])
            key = e.key(base)
            if simple:
                for g in range(G - 1):
                    reached[g] += _count(base >= e.thresholds[:, g])
            else:
                limits = None if thresholds is None else thresholds[draws]
                given = grade(e, base, limits, key)
                for g in range(G):
                    grades[:, g] += _count(given == g)
            if wins is not None:
                wins += np.count_nonzero(key[:, :, None] > key[:, None, :], axis=0)
            if counted_scores is not None:
                _count_scores(counted_scores, e, base)
            unit, place = places(key)
            _write_codes(codes[rows], unit, place, bins, width)
            _add_first(first, unit, place, points[draws])
        counted = np.bincount(codes.ravel(), minlength=bins * n)
        ranks += counted
        mean = float(counted @ away) / len(codes)
        shift, squared, batches = shift + mean, squared + mean**2, batches + 1
    if simple:
        grades = _grades_of(reached, m, e.ceiling)
    found = None if counted_scores is None else counted_scores.reshape(n, SCORE_BINS)
    return Tally(
        m, ranks.reshape(n, bins), grades, wins, first, shift, squared, batches, width, found
    )


def score_width(e: Engine) -> int:
    """Ticks that one bin of base scores holds: the scale from 0 to the points of all leaves is cut
    into SCORE_BINS; the last bin holds what lies above it too."""
    return int(-(-to_ticks(e.points.sum()) // SCORE_BINS))


def _count_scores(counts: np.ndarray, e: Engine, base: np.ndarray) -> None:
    """Add to `counts`, n · SCORE_BINS, the base scores (m, n) of some draws."""
    bins = np.clip(base // score_width(e), 0, SCORE_BINS - 1)
    codes = bins + np.arange(base.shape[1]) * SCORE_BINS
    counts += np.bincount(codes.ravel(), minlength=counts.size)


def _only_thresholds(e: Engine, thresholds: np.ndarray | None) -> bool:
    """Whether the scheme's thresholds and ceilings alone grade: then it is enough to count who
    reaches each threshold."""
    alone = thresholds is None and not e.rivals and not e.breaks
    return alone and (e.veto_first or not e.shift.any())


def _bins(n: int) -> tuple[int, int]:
    """In how many bins the ranks of n units are counted, and how many ranks one holds."""
    most = min(n, max(FEWEST_BINS, MOST_CELLS // max(n, 1)))
    width = -(-n // most)
    return -(-n // width), width


def _blocks(m: int, n: int, bins: int) -> tuple[int, int]:
    """How many of m draws are scored at a time, and how many are held before their ranks are
    counted."""
    step = max(1, CELLS // n)
    if bins * n <= CELLS:
        return step, step
    return step, max(step, min(m, RANKS_AT_ONCE // n) // step * step)


def _shifts(reference: np.ndarray, bins: int, width: int) -> np.ndarray:
    """How far each bin's middle lies from each unit's reference rank, over n: (n · bins,)."""
    middles = np.arange(bins) * width + (width + 1) / 2
    return np.abs(middles[None, :] - reference[:, None]).ravel() / len(reference)


def _write_codes(
    codes: np.ndarray, unit: np.ndarray, place: np.ndarray, bins: int, width: int
) -> None:
    """Write unit · bins + bin for every unit in every draw into `codes`."""
    np.multiply(unit, bins, out=codes, casting="unsafe")
    bin_ = (place - 1) // width if width > 1 else place - 1
    codes += bin_.astype(codes.dtype)


def _grades_of(reached: np.ndarray, m: int, ceiling: np.ndarray) -> np.ndarray:
    """In how many of m draws each unit has each grade (n, G), from how often it reaches each
    threshold (G − 1, n)."""
    always, never = np.full((1, ceiling.size), m), np.zeros((1, ceiling.size), np.int64)
    grades = -np.diff(np.concatenate([always, reached, never]), axis=0).T
    for g in range(grades.shape[1] - 1, 0, -1):  # a veto's ceiling takes what lies above it
        over = ceiling < g
        grades[over, g - 1] += grades[over, g]
        grades[over, g] = 0
    return grades


def _add_first(first: np.ndarray, unit: np.ndarray, place: np.ndarray, points: np.ndarray) -> None:
    """Add each draw's points to the unit that ranks first; of units tied for first each has
    them."""
    rows, at = (np.arange(len(unit)), 0) if place.ndim == 1 else np.nonzero(place == 1)
    who, which = np.unique(unit[rows, at], return_inverse=True)
    leads = np.zeros((who.size, len(unit)))
    leads[which, rows] = 1.0
    first[who] += leads @ points


def _count(true: np.ndarray) -> np.ndarray:
    """How many of each column (m, n) are true: bytes are added, a few rows at a time so that they
    do not overflow."""
    m, n = true.shape
    whole = m // BYTES * BYTES
    blocks, tail = true[:whole].view(np.uint8).reshape(-1, BYTES, n), true[whole:].view(np.uint8)
    counts = np.add.reduce(np.add.reduce(blocks, axis=1, dtype=np.uint8), axis=0, dtype=np.int64)
    return counts + np.add.reduce(tail, axis=0, dtype=np.uint8)


def _steps(m: int, step: int) -> Iterator[slice]:
    for start in range(0, m, step):
        yield slice(start, min(start + step, m))
