"""What errors of measurement do to grades: chances by unit, and how accurate and consistent the
grading is as a whole."""

from __future__ import annotations

import itertools
import numbers
import operator
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from functools import partial, reduce
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import special

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.margins import score_limits
from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks, grade, to_ticks
from qtoolkit.engine.chunks import Chunks
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.engine.ties import in_order
from qtoolkit.errors import InputError, nearest, real, unexpected
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid, says_lines
from qtoolkit.simulation.acceptability import Z
from qtoolkit.simulation.sampling import BROKEN, CELLS, CHUNK, Draws, draws_of, standard_errors

STANDARD_ERRORS = Text(
    "数、各考核对象的数或“data”", 'a number, numbers by unit, or "data"'
)  # what `se` may be


@dataclass(frozen=True, repr=False)
class Misgrading(Shown):
    """What :func:`misgrading` returns.

    Attributes
    ----------
    table : DataFrame, indexed by unit
        score (base), se, grade, a column a grade (its chance, best first), stands (the chance of
        the present grade).
    accuracy : float
        Mean of `stands`: the expected share of units graded rightly.
    consistency : float
        The expected share of units that two independent measurements give the same grade.
    kappa : float
        (consistency − chance) / (1 − chance), chance that of two measurements of units drawn at
        random; NaN where chance is 1.
    reliability : float or None
        None: chances are those of the grade if measured again; else those of the true grade.
    draws : int or None
        None: chances by the closed form. Else quotas or last places make grades depend on the
        errors of all units together, and every chance is a frequency in so many draws, see `error`.
    accuracy_error, consistency_error : float
        Half the width of their 95% intervals where they are frequencies, else 0.
    note : Text or None
        That workers were lost and the rest was drawn in this process.
    lines
        How lines that follow from the scores go, see :mod:`qtoolkit.lines`.
    """

    card_title: ClassVar[Text] = Text("误差和错判", "Errors of measurement and misgrading")

    table: pd.DataFrame
    accuracy: float
    consistency: float
    kappa: float
    reliability: float | None
    draws: int | None = None
    accuracy_error: float = 0.0
    consistency_error: float = 0.0
    note: Text | None = None
    lines: LinesSaid | None = None

    def rows_that_matter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those first whose grade is least certain."""
        return frame.iloc[in_order(frame["stands"].to_numpy(), falling=False)]

    def error(self, share: float) -> float:
        """Half the width of the 95% interval of a chance in the table, as of
        :meth:`Simulation.error`; 0 for the closed form.

        >>> round(Misgrading(pd.DataFrame(), 1.0, 1.0, 1.0, None, draws=9604).error(0.5), 4)
        0.01
        """
        return (
            0.0
            if self.draws is None
            else float(
                np.maximum(Z * np.sqrt(share * (1 - share) / self.draws), Z**2 / (2 * self.draws))
            )
        )


@says_lines
def misgrading(
    result: Assessment,
    se: float | Mapping[str, float] | str,
    reliability: float | None = None,
    *,
    draws: int = 100_000,
    seed: int = 0,
    executor: Executor | None = None,
) -> Misgrading:
    """Chances of each unit's grades under independent normal errors of the base score.

    P(grade) = Φ((c_up − s)/se) − Φ((c_low − s)/se) with the *effective* cutoffs: bonus, cap and
    rounding are counted in, and what vetoes leave. Where the scheme has quotas, last places or
    natural breaks, grades depend on the errors of all units together: then errors are drawn for all
    units at once, the standings are graded anew each time, and chances are frequencies.

    Without a reliability the present scores stand in for the true ones. Their spread holds the
    errors already, so that accuracy, consistency and kappa are then somewhat too high; with one
    they are regressed.

    Parameters
    ----------
    se : float, mapping of unit to float, or "data"
        Standard errors of the base score in points, from a source that the memo must name; "data"
        adds up those of the table's columns se:<leaf> as independent: √Σ (p·se)².
    reliability : float, optional
        In (0, 1]. If left out the chances are those of the grade if measured again. If given they
        are those of the true grade: the score is regressed to the mean of the units, mean + r·(s −
        mean), with se·√r (Kelley's formula); two measurements then lie around that mean with se·√(1
        + r) each and the correlation r/(1 + r).
    draws, seed, executor
        See :func:`qtoolkit.simulation.simulate`; of no effect without quotas and last places.

    Raises
    ------
    InputError
        A unit that is unknown or has no se, an se of 0 or less, a reliability outside (0, 1], draws
        or a seed that is none.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> r = qt.assess(
    ...     qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}),
    ...     pd.DataFrame({"a": [0.92, 0.9]}, index=["甲", "乙"]),
    ... )
    >>> misgrading(r, 2.0).table["stands"].round(4).tolist()
    [0.8413, 0.5]
    """
    errors = _errors(result, se)
    s, r = (
        from_ticks(result.base.to_numpy()),
        None if reliability is None else real("reliability", reliability, 0, 1, above=True),
    )
    level = s if r is None else s.mean() + r * (s - s.mean())
    e = result.engine
    # errors may reach below 0, scores do not
    e = replace(e, thresholds=np.where(e.thresholds <= 0, -UNREACHABLE, e.thresholds))
    drawn = replace(
        draws_of(result, None, draws, seed), engine=e, size=int(np.clip(CELLS // s.size, 16, CHUNK))
    )
    if e.rivals or e.breaks:
        return _by_draws(
            result,
            _Task(drawn, level, errors, None if r is None else errors * np.sqrt(r)),
            s,
            reliability,
            executor,
        )
    if r is None:
        chances = again = _merged(result, _bands(result, s, errors))
        alike = (again**2).sum(axis=1)
    else:
        spread = errors * np.sqrt(1 + r)
        chances, again = (
            _merged(result, _bands(result, level, sd)) for sd in (errors * np.sqrt(r), spread)
        )
        alike = _alike(result, level, spread, r / (1 + r))
    table = _table(result, s, errors, chances)
    consistency, chance = float(alike.mean()), float((again.mean(axis=0) ** 2).sum())
    return Misgrading(
        table, float(table["stands"].mean()), consistency, _kappa(consistency, chance), reliability
    )


def _table(
    result: Assessment, s: np.ndarray, errors: np.ndarray, chances: np.ndarray
) -> pd.DataFrame:
    """The table of :class:`Misgrading` from chances (n, G), worst first."""
    codes = result.grades.cat.codes.to_numpy()
    table = pd.DataFrame(
        {"score": s, "se": errors, "grade": result.grades}, index=result.scores.index
    )
    table[result.grade_names[::-1]] = chances[:, ::-1]
    table["stands"] = chances[np.arange(len(s)), codes]
    return table


@dataclass(frozen=True)
class _Task:
    """What is drawn: `level` (n,) the scores about which measurements lie with `sd`; with `spread`
    the true scores lie about it themselves, and their grades are what is asked for."""

    draws: Draws
    level: np.ndarray
    sd: np.ndarray
    spread: np.ndarray | None


@dataclass
class _Counts:
    """Whole numbers that merge by addition: `asked` (n, G) grades asked for, `again` (n, G) grades
    of both measurements, `same` the pairs of measurements of a unit that agree; squares of the
    numbers a draw for the errors of means."""

    asked: np.ndarray
    again: np.ndarray
    right: int
    right_squared: int
    same: int
    same_squared: int

    def __add__(self, other: _Counts) -> _Counts:
        return _Counts(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        )


def _counted(task: _Task, present: np.ndarray, i: int) -> _Counts:
    """Chunk i: two measurements of all units a draw, each graded as one standing."""
    draws, e = task.draws, task.draws.engine
    rng = np.random.default_rng(np.random.SeedSequence(draws.seed, spawn_key=(i,)))
    shape = min(draws.size, draws.count - i * draws.size), task.level.size
    level = (
        task.level if task.spread is None else task.level + task.spread * rng.standard_normal(shape)
    )
    first, second = (
        grade(e, to_ticks(level + task.sd * rng.standard_normal(shape))) for _ in range(2)
    )
    asked = first if task.spread is None else grade(e, to_ticks(level))
    codes = range(e.cutoffs.shape[1] + 1)
    right, same = (asked == present).sum(axis=1), (first == second).sum(axis=1)
    return _Counts(
        np.stack([(asked == g).sum(axis=0) for g in codes], axis=1),
        np.stack([(first == g).sum(axis=0) + (second == g).sum(axis=0) for g in codes], axis=1),
        int(right.sum()),
        int((right**2).sum()),
        int(same.sum()),
        int((same**2).sum()),
    )


def _by_draws(
    result: Assessment,
    task: _Task,
    s: np.ndarray,
    reliability: float | None,
    executor: Executor | None,
) -> Misgrading:
    """Chances as frequencies, over the standings."""
    present, count = result.grades.cat.codes.to_numpy(), task.draws.count
    chunks = Chunks(partial(_counted, task, present), range(task.draws.chunks), executor)
    total = reduce(operator.add, chunks)
    chance = float(
        (total.again.sum(axis=0) / total.again.sum())
        @ (total.again.sum(axis=0) / total.again.sum())
    )
    accuracy, consistency = total.right / (count * s.size), total.same / (count * s.size)
    accuracy_error, consistency_error = (
        _mean_error(*of, count) / s.size
        for of in ((total.right, total.right_squared), (total.same, total.same_squared))
    )
    table = _table(result, s, task.sd, total.asked / count)
    note = BROKEN if chunks.broken else None
    return Misgrading(
        table,
        accuracy,
        consistency,
        _kappa(consistency, chance),
        reliability,
        count,
        accuracy_error,
        consistency_error,
        note,
    )


def _mean_error(total: int, squares: int, count: int) -> float:
    """Half the 95% interval of a mean of `count` whole numbers from their sum and the sum of their
    squares."""
    return float(Z * np.sqrt(max(squares / count - (total / count) ** 2, 0.0) / count))


def _errors(result: Assessment, se: float | Mapping[str, float] | str) -> np.ndarray:
    units = result.scores.index
    if isinstance(se, str):
        if se != "data":
            raise InputError(unexpected(se, STANDARD_ERRORS, "se"))
        values = np.sqrt(((standard_errors(result) * result.points) ** 2).sum(axis=1)).to_numpy()
    elif isinstance(se, numbers.Real):
        values = np.full(len(units), real("se", se, above=True))
    elif not isinstance(se, Mapping | pd.Series):
        raise InputError(
            say(
                zh="se 应为{want}",
                en="se must be {want}",
                want=STANDARD_ERRORS,
            )
        )
    else:
        given = {}
        for name, value in se.items():
            unit = unit_of(name, units)
            if unit is None:
                hint = nearest(str(name), units)
                raise InputError(
                    say(
                        zh="se 中没有考核对象“{name}”{hint}",
                        en="se: no unit “{name}”{hint}",
                        name=name,
                        hint=hint,
                    )
                )
            given[unit] = value
        values = np.array([real(f"se.{unit}", given.get(unit), above=True) for unit in units])
    for unit, value in zip(units, values, strict=True):
        if not (np.isfinite(value) and value > 0):
            raise InputError(
                say(
                    zh="“{unit}”的标准误应大于0，现为 {found}",
                    en="the standard error of “{unit}” must be above 0, found {found}",
                    unit=result.labels[unit],
                    found=value,
                )
            )
    return values


def _lines(result: Assessment) -> np.ndarray:
    """Effective cutoffs in points with both ends, (n, G + 1). One that even no points reach is
    below every score."""
    limits = score_limits(result)
    edge = np.full((len(limits), 1), np.inf)
    inner = np.where(
        limits >= UNREACHABLE, np.inf, np.where(limits <= 0, -np.inf, from_ticks(limits))
    )
    return np.concatenate([-edge, inner, edge], axis=1)


def _bands(result: Assessment, mean: np.ndarray, se: np.ndarray) -> np.ndarray:
    """Chances (n, G) of the bands of the score, worst first."""
    return np.diff(special.ndtr((_lines(result) - mean[:, None]) / se[:, None]), axis=1)


def _final(result: Assessment) -> np.ndarray:
    """The grade that each band gives after vetoes, (n, G)."""
    e, grades = result.engine, np.arange(len(result.scheme.grades))
    return np.minimum(np.maximum(grades - e.shift[:, None], 0), e.ceiling[:, None])


def _merged(result: Assessment, bands: np.ndarray) -> np.ndarray:
    """Chances of grades from those of bands."""
    found = np.zeros_like(bands)
    np.add.at(found, (np.arange(len(bands))[:, None], _final(result)), bands)
    return found


def _alike(result: Assessment, mean: np.ndarray, sd: np.ndarray, correlation: float) -> np.ndarray:
    """The chance (n,) that two normal measurements give the same grade: Σ over pairs of bands that
    vetoes make one grade."""
    edges, final = (_lines(result) - mean[:, None]) / sd[:, None], _final(result)
    found = np.zeros(len(mean))
    for a, b in itertools.product(range(final.shape[1]), repeat=2):
        same = final[:, a] == final[:, b]
        if same.any():
            found[same] += _both(edges[same, a : a + 2], edges[same, b : b + 2], correlation)
    return found


def normal_model(mean: float, sd: float, reliability: float, cutoffs: Sequence[float]) -> pd.Series:
    """How accurate and consistent cutoffs are where scores are normal: for a scheme of which no
    data exist yet.

    Observed and true scores are normal with correlation √r, two measurements with correlation r.

    Returns
    -------
    Series
        accuracy (observed and true score in the same grade), consistency (two measurements in the
        same grade), kappa of the two measurements.

    Raises
    ------
    InputError
        An sd of 0 or less, or a reliability outside (0, 1].

    >>> normal_model(75, 8, 0.9, [80]).round(4).to_dict()
    {'accuracy': 0.9163, 'consistency': 0.8823, 'kappa': 0.6986}
    """
    mean, sd, r = (
        real("mean", mean, -np.inf),
        real("sd", sd, above=True),
        real("reliability", reliability, 0, 1, above=True),
    )
    if not isinstance(cutoffs, Iterable) or isinstance(cutoffs, str):
        raise InputError(say(zh="cutoffs 应为一组数字", en="cutoffs must be a list of numbers"))
    lines = np.array([-np.inf, *sorted(real("cutoffs", c, -np.inf) for c in cutoffs), np.inf])
    seen, true = (
        np.stack([x[:-1], x[1:]], axis=1)
        for x in ((lines - mean) / sd, (lines - mean) / (sd * np.sqrt(r)))
    )
    accuracy, consistency = (
        float(_both(seen, true, np.sqrt(r)).sum()),
        float(_both(seen, seen, r).sum()),
    )
    chance = float((np.diff(special.ndtr(seen), axis=1) ** 2).sum())
    return pd.Series(
        {"accuracy": accuracy, "consistency": consistency, "kappa": _kappa(consistency, chance)}
    )


def _both(x: np.ndarray, y: np.ndarray, correlation: float) -> np.ndarray:
    """P(x₀ ≤ X < x₁ and y₀ ≤ Y < y₁) of standard normals X and Y, x and y (m, 2): ∫ φ(t) P(Y in its
    band | X = t) dt."""
    if correlation >= 1:
        low, high = np.maximum(x[:, 0], y[:, 0]), np.minimum(x[:, 1], y[:, 1])
        return np.where(high > low, special.ndtr(high) - special.ndtr(low), 0.0)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    low, high = np.clip(x, -10, 10).T
    t = (high - low)[:, None] / 2 * nodes + (high + low)[:, None] / 2
    at = [(y[:, [i]] - correlation * t) / np.sqrt(1 - correlation**2) for i in (0, 1)]
    inside = special.ndtr(at[1]) - special.ndtr(at[0])
    return (
        (weights * np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi) * inside).sum(axis=1) * (high - low) / 2
    )


def _kappa(agreement: float, chance: float) -> float:
    return float("nan") if chance >= 1 else (agreement - chance) / (1 - chance)
