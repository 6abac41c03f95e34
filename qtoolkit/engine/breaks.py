"""Exact natural breaks (Fisher 1958) of many rows of scores at once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from qtoolkit.engine.ticks import NO_LINE

CELLS = 1 << 20  # of the programme's tables that are held at a time
ROUND_OFF = 16 * np.finfo(float).eps  # of one sum, with room to spare


def natural_lines(scores: np.ndarray, k: int) -> np.ndarray:
    """The least score of each group but the lowest, int64 (m, k − 1), lowest group first, where
    each row of scores in ticks, (m, n), is cut into the k groups of neighbours with the least sum
    of squares within them.

    Equal scores stay together. A row with fewer different scores than k makes as many groups as it
    has scores, and they are the highest ones: the lines of those that stay empty are `NO_LINE`,
    which everyone reaches. Of partitions with the same sum, the one whose highest group has the
    lowest line (then the second highest, …).

    By dynamic programming over the ordered scores, in floats; since the best start of a group never
    falls as its end rises, each start is looked for between those of its neighbours. Where two
    starts come nearer to each other than round-off can tell, both are compared in whole numbers, so
    that no last bit decides.

    >>> ticks = np.array([[1, 2, 10, 11, 30], [1, 2, 3, 3, 3]])
    >>> natural_lines(ticks, 3).tolist()
    [[10, 30], [2, 3]]
    >>> natural_lines(np.array([[1, 2, 3]]), 2).tolist()
    [[2]]
    """
    scores = np.sort(np.asarray(scores, np.int64), axis=-1)
    m, n = scores.shape
    if not n or k < 2:
        return np.full((m, max(k - 1, 0)), NO_LINE, np.int64)
    step = max(1, CELLS // ((k + 1) * (n + 1)))
    blocks = [_lines(scores[start : start + step], k) for start in range(0, m, step)]
    return np.concatenate(blocks) if blocks else np.empty((0, k - 1), np.int64)


def _lines(scores: np.ndarray, k: int) -> np.ndarray:
    """The same for rows in rising order, few enough to be held."""
    lines = np.full((len(scores), k - 1), NO_LINE, np.int64)
    different = 1 + (np.diff(scores, axis=1) > 0).sum(axis=1)
    for groups in range(2, k + 1):
        rows = np.flatnonzero(np.minimum(different, k) == groups)
        if rows.size:
            starts = _starts(scores[rows], groups)
            lines[rows, k - groups :] = np.take_along_axis(scores[rows], starts, axis=1)
    return lines


@dataclass(frozen=True)
class _Sums:
    """Sums of the first i scores of each row, and of their squares, both (m, n + 1); `start` (m,
    n): whether a group may start at a score: the one before is lower."""

    count: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    start: np.ndarray

    def within(self, low: int, high: int, end: int) -> np.ndarray:
        """Squares of groups from each of low … high − 1 up to `end`, (m, high − low)."""
        places = slice(low, high)
        total = self.sums[:, [end]] - self.sums[:, places]
        squares = self.squares[:, [end]] - self.squares[:, places]
        found = np.maximum(squares - total**2 / (end - self.count[places]), 0.0)
        return np.where(self.start[:, places], found, np.inf)


def _starts(scores: np.ndarray, k: int) -> np.ndarray:
    """Where each of the k groups but the lowest starts, (m, k − 1), of rows in rising order with at
    least k different scores."""
    m, n = scores.shape
    centred = (scores - scores[:, [n // 2]]).astype(float)
    centred -= centred.mean(axis=1, keepdims=True)
    sums, squares = np.zeros((m, n + 1)), np.zeros((m, n + 1))
    np.cumsum(centred, axis=1, out=sums[:, 1:])
    np.cumsum(centred**2, axis=1, out=squares[:, 1:])
    start = np.ones((m, n), bool)
    start[:, 1:] = scores[:, 1:] > scores[:, :-1]
    parts = _Sums(np.arange(n + 1), sums, squares, start)
    best = np.full((k + 1, m, n + 1), np.inf)
    best[0, :, 0] = 0.0
    for g in range(1, k):
        _fill(best, parts, g, (g, n), (0, n - 1))
    unsure = ROUND_OFF * k * n**1.5 * squares[:, -1]
    found = np.empty((m, k - 1), int)
    end, rows, doubtful = np.full(m, n), np.arange(m), np.zeros(m, bool)
    for g in range(k, 1, -1):
        costs = _costs(best[g - 1], parts, end)
        near = costs <= (costs.min(axis=1) + unsure)[:, None]
        doubtful |= near.sum(axis=1) > 1
        found[:, g - 2] = end = near.argmax(axis=1)
    for row in rows[doubtful].tolist():
        found[row] = _Exact(scores[row], best[:, row], float(unsure[row])).starts(k)
    return found


def _fill(
    best: np.ndarray, parts: _Sums, g: int, ends: tuple[int, int], between: tuple[int, int]
) -> None:
    """The least sums of squares of g groups up to each end (both included) whose last group starts
    `between`."""
    low, high = ends
    if low > high:
        return
    middle = (low + high) // 2
    first, last = between[0], min(between[1], middle - 1)
    costs = best[g - 1][:, first : last + 1] + parts.within(first, last + 1, middle)
    at = costs.argmin(axis=1)
    best[g][:, middle] = costs[np.arange(len(costs)), at]
    _fill(best, parts, g, (low, middle - 1), (first, first + int(at.max())))
    _fill(best, parts, g, (middle + 1, high), (first + int(at.min()), between[1]))


def _costs(below: np.ndarray, parts: _Sums, end: np.ndarray) -> np.ndarray:
    """The sums of squares if the last group goes from each score up to `end` (m,), (m, n)."""
    n = parts.start.shape[1]
    places, rows = np.arange(n), np.arange(len(end))
    total = parts.sums[rows, end][:, None] - parts.sums[:, :n]
    squares = parts.squares[rows, end][:, None] - parts.squares[:, :n]
    count = end[:, None] - places
    within = np.maximum(squares - total**2 / np.maximum(count, 1), 0.0)
    return np.where(parts.start & (count > 0), below[:, :n] + within, np.inf)


class _Exact:
    """One row's groups in whole numbers, among the starts that floats cannot tell apart.

    Σ squares within = Σ all squares − Σ over groups of (sum of the group)² / its size, so that the
    last is made as large as can be.
    """

    def __init__(self, scores: np.ndarray, best: np.ndarray, unsure: float) -> None:
        self.best, self.unsure = best, unsure
        self.scores = [int(score) - int(scores[0]) for score in scores.tolist()]
        self.sums = [0]
        for score in self.scores:
            self.sums.append(self.sums[-1] + score)
        mean = Fraction(self.sums[-1], len(self.scores))
        centred = np.array([float(score - mean) for score in self.scores])
        self.float_sums = np.concatenate([[0.0], np.cumsum(centred)])
        self.float_squares = np.concatenate([[0.0], np.cumsum(centred**2)])
        self.known: dict[tuple[int, int], tuple[Fraction, int]] = {}

    def starts(self, k: int) -> list[int]:
        """Where the groups but the lowest start, lowest first."""
        found, end = [], len(self.scores)
        for g in range(k, 1, -1):
            end = self._between(g, end)[1]
            found.append(end)
        return found[::-1]

    def _between(self, g: int, end: int) -> tuple[Fraction, int]:
        """The largest Σ sum² / size of g groups up to `end`, and the first start of the last group
        that gives it."""
        if (g, end) not in self.known:
            places = [0] if g == 1 else self._near(g, end)
            found = [(self._above(g, place, end), -place) for place in places]
            value, place = max(found)
            self.known[g, end] = value, -place
        return self.known[g, end]

    def _above(self, g: int, place: int, end: int) -> Fraction:
        own = Fraction((self.sums[end] - self.sums[place]) ** 2, end - place)
        return own if g == 1 else own + self._between(g - 1, place)[0]

    def _near(self, g: int, end: int) -> list[int]:
        """The starts of the last of g groups that may be the best, as far as floats can tell."""
        places = np.array(
            [
                place
                for place in range(g - 1, end)
                if self.scores[place] > self.scores[place - 1]
                and np.isfinite(self.best[g - 1, place])
            ]
        )
        total = self.float_sums[end] - self.float_sums[places]
        squares = self.float_squares[end] - self.float_squares[places]
        costs = self.best[g - 1, places] + np.maximum(squares - total**2 / (end - places), 0.0)
        return places[costs <= costs.min() + self.unsure].tolist()
