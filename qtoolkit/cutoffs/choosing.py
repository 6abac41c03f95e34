"""Where cutoffs could lie: exact natural breaks, and cutoffs within windows that the fewest units
are likely to cross."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment, assess
from qtoolkit.display import Shown
from qtoolkit.engine import from_ticks, grade, score, shifted, to_ticks
from qtoolkit.engine.breaks import natural_lines
from qtoolkit.engine.chunks import Chunks
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.engine.ties import SAME
from qtoolkit.errors import InputError, real
from qtoolkit.inputs.scheme import Grade
from qtoolkit.language import Text, say, settled
from qtoolkit.regions import Box, Region
from qtoolkit.simulation import simulate
from qtoolkit.simulation.sampling import Draws, draws_of

BAND = 0.1  # points within which draws are made unless a region is given
MOST = 2000  # combinations of cutoffs that are gone through where there are quotas
CELLS = 1 << 20  # thresholds that are looked for together
ROOM = 5_000_000_000  # leaf scores that going through combinations may take
HUNDREDTH = 0.01  # of the total
MANY = 100  # cutoffs that one simulation is graded by: grades are counted in int8


@dataclass(frozen=True, repr=False)
class Breaks(Shown):
    """What :func:`natural_breaks` returns.

    Attributes
    ----------
    groups : Series of int
        1 the highest group.
    least : Series of float
        The least score of each group, the highest group first: cutoffs that give these groups, but
        for the last.
    within, fit : float
        Sum of squares within groups, and the share of all squares that lies between them (goodness
        of variance fit).
    """

    card_title: ClassVar[Text] = Text("自然断点", "Natural breaks")
    card_table: ClassVar[str] = "groups"

    groups: pd.Series
    least: pd.Series
    within: float
    fit: float


def natural_breaks(scores: pd.Series | Sequence[float], k: int) -> Breaks:
    """The k groups of scores with the least sum of squares within them: exact, by dynamic
    programming (Fisher 1958).

    Equal scores stay together; of partitions with the same squares, the one whose highest group
    reaches lowest down (see :func:`qtoolkit.engine.breaks.natural_lines`). Breaks follow the data
    of one year: the same score may fall into another group next year.

    Raises
    ------
    InputError
        k below 1 or above the number of different scores, or scores that are no numbers.

    >>> natural_breaks([1.0, 2.0, 10.0, 11.0, 30.0], 3).least.tolist()
    [30.0, 10.0, 1.0]
    """
    try:
        scores = pd.Series(scores, dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            say(zh="scores 应为有限的数", en="scores must be finite numbers")
        ) from None
    if scores.empty or not (np.abs(scores.to_numpy()) < from_ticks(UNREACHABLE)).all():
        raise InputError(
            say(
                zh="scores 应为有限的数（得分）",
                en="scores must be finite numbers, of points",
            )
        )
    ticks = to_ticks(scores.to_numpy())
    m = len(np.unique(ticks))
    if isinstance(k, bool) or not (isinstance(k, int | np.integer) and 1 <= k <= m):
        raise InputError(
            say(
                zh="k 应为1至{most}的整数（不同得分的个数），现为 {found}",
                en="k must be a whole number from 1 to {most}, the number of different scores; "
                "found {found}",
                most=m,
                found=k,
            )
        )
    lines = natural_lines(ticks[None, :], k)[0]
    groups = pd.Series(k - (ticks[:, None] >= lines).sum(axis=1), scores.index, name="group")
    apart = scores.groupby(groups)
    within = float(((scores - apart.transform("mean")) ** 2).sum())
    return Breaks(
        groups,
        apart.min().rename("least").rename_axis(None),
        within,
        _fit(within, float(((scores - scores.mean()) ** 2).sum())),
    )


def _fit(within: float, total: float) -> float:
    return 1.0 if total == 0 else float(1 - within / total)


@dataclass(frozen=True, repr=False)
class Grid(Shown):
    """What :func:`grid` returns.

    Attributes
    ----------
    table : DataFrame, indexed by grade (the best first, the worst left out)
        cutoff (the official one), least, most, number: the cutoffs that are compared. No rows where
        there is nothing to choose: one grade, or cutoffs by class.
    window, step : float
        As :func:`optimise` takes them.
    combinations : int
        How many are graded anew in every draw: 1 without quotas and last places, where cutoffs add
        up grade by grade.
    draws : int
    affordable : bool
        Whether :func:`optimise` can go through them within minutes.
    """

    card_title: ClassVar[Text] = Text("可比较的分数线", "Cutoffs to compare")

    table: pd.DataFrame
    window: float
    step: float
    combinations: int
    draws: int
    affordable: bool


def grid(result: Assessment, window: float | None = None, draws: int = 10_000) -> Grid:
    """Which cutoffs around the official ones :func:`optimise` would compare, and whether it can.

    Parameters
    ----------
    result : Assessment
    window : float, optional
        Whole points at most so far from the official cutoffs; if left out, hundredths of the total
        within two of them.
    draws : int
        For each combination.

    Raises
    ------
    InputError
        A window below 0.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.9, 0.4]}, index=list("甲乙丙"))
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> qt.cutoffs.grid(r).table.loc["A"].tolist(), qt.cutoffs.grid(r).affordable
    ([90.0, 88.0, 92.0, 5.0], True)
    """
    scheme = result.scheme
    step = settled(HUNDREDTH * scheme.total) if window is None else 1.0
    window = 2 * step if window is None else real("window", window)
    by_class = scheme.sets_lines_by_data or any(each.class_cutoffs for each in scheme.grades)
    rows = {}
    for each in () if by_class else scheme.grades[:-1]:
        line = _candidates(each.line, min(window, scheme.total), step)
        rows[each.id] = [each.line, line[0], line[-1], len(line)]
    columns = ["cutoff", "least", "most", "number"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    places = 2 * int(window / step + SAME) + 1
    many = places ** len(rows) if result.engine.rivals else 1
    affordable = bool(rows) and many * draws * result.matrix.size <= ROOM
    return Grid(table, window, step, many, draws, affordable)


@dataclass(frozen=True, repr=False)
class Options(Shown):
    """What :func:`optimise` returns.

    Attributes
    ----------
    cutoffs : Series, indexed by grade
        The cutoffs found, the best grade first.
    table : DataFrame
        Rows "official" and "found": a column a cutoff, `leave` (expected number of units that a
        draw moves out of their grade), a column "n:<grade>" for each grade (how many units have
        it), changed (units graded otherwise than officially).
    regret : float
        How many units more the official cutoffs are expected to move.
    grades : Series
        Each unit's grade at the cutoffs found.
    tried : int
        Cutoffs, or combinations of them, that were compared.
    window, step, draws
        As they were asked for.
    band : float or None
        Points were drawn within ±band; None for a region that is no such band.
    """

    card_title: ClassVar[Text] = Text("可供选择的分数线", "Cutoffs that could be chosen")

    cutoffs: pd.Series
    table: pd.DataFrame
    regret: float
    grades: pd.Series
    tried: int
    window: float = 2.0
    step: float = 1.0
    draws: int = 10_000
    band: float | None = BAND


def optimise(
    result: Assessment,
    region: Region | None = None,
    *,
    window: float = 2.0,
    step: float = 1.0,
    least: int = 1,
    draws: int = 10_000,
    seed: int = 0,
    executor: Executor | None = None,
) -> Options:
    """Cutoffs within ±`window` of the official ones that the fewest units are expected to cross as
    points move at random.

    Minimised is Σ over grades, over the units in the grade, of P(a draw of points leaves it); units
    under a veto are left out. Without quotas this adds up grade by grade, so that dynamic
    programming finds the optimum; with quotas, last places or a veto that lowers grades all
    combinations are gone through. An option with its consequences, not an answer: cutoffs that suit
    one year's scores follow the data.

    Parameters
    ----------
    region : Region, optional
        Where points are drawn; all within ±10% if left out.
    window, step : float
        Cutoffs are multiples of `step` (whole points) at most `window` from the official ones,
        which are compared too.
    least : int
        The fewest units a grade may have, or as few as it has officially.
    draws, seed, executor
        See :func:`qtoolkit.simulation.simulate`. Ties go to the cutoffs nearest the official ones.

    Raises
    ------
    InputError
        Cutoffs by class, a scheme of one grade, a step of 0 or less, or too many combinations.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.9, 0.4], "b": [0.8, 0.9, 0.6]}, index=list("甲乙丙"))
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    >>> optimise(r, draws=1000).cutoffs.to_dict()
    {'A': 89.0}
    """
    scheme = result.scheme
    if scheme.sets_lines_by_data:
        raise InputError(
            say(
                zh="等级按位次、比例或自然断点确定时，没有分数线可优选",
                en="where grades go by place, by share or by natural breaks there are no cutoffs "
                "to choose",
            )
        )
    if len(scheme.grades) < 2 or any(g.class_cutoffs for g in scheme.grades):
        raise InputError(
            say(
                zh="只有一个等级或分类别设分数线时，不能优选分数线",
                en="cutoffs cannot be chosen where there is one grade, or cutoffs by class",
            )
        )
    asked = real("window", window)
    step, window = real("step", step, above=True), min(asked, scheme.total)
    fewest = real("least", least)
    region = Box(relative=BAND) if region is None else region
    official = [g.line for g in reversed(scheme.grades[:-1])]  # worst first, as in the engine
    lines = [_candidates(cutoff, window, step) for cutoff in official]
    counts = np.bincount(result.grades.cat.codes, minlength=len(scheme.grades))
    sizes = np.minimum(fewest, counts)
    draw = {"draws": draws, "seed": seed, "executor": executor}
    search = _every if result.engine.rivals or result.engine.shift.any() else _programme
    best, leave, tried = search(result, region, lines, official, sizes, draw)
    chosen = result.what_if(cutoffs=dict(zip(result.grade_names[1:], best, strict=True)))
    rows = {}
    for name, cutoffs, value, graded in (
        ("official", official, leave[1], result),
        ("found", best, leave[0], chosen),
    ):
        tally = graded.grades.value_counts()
        rows[name] = dict(zip(result.grade_names[:0:-1], cutoffs[::-1], strict=True)) | {
            "leave": value
        }
        rows[name] |= {f"n:{g.id}": int(tally[g.id]) for g in scheme.grades}
        rows[name]["changed"] = int((graded.grades != result.grades).sum())
    cutoffs = pd.Series(best[::-1], index=result.grade_names[:0:-1], name="cutoff")
    return Options(
        cutoffs,
        pd.DataFrame.from_dict(rows, orient="index"),
        leave[1] - leave[0],
        chosen.grades,
        tried,
        asked,
        step,
        draws,
        _band(region),
    )


def _band(region: Region) -> float | None:
    """The band of a region that lets all points move within ±band and nothing else."""
    return region.relative if isinstance(region, Box) and region.absolute is None else None


def _candidates(cutoff: float, window: float, step: float) -> list[float]:
    """Multiples of the step in the window, 0 left out, and the official cutoff."""
    low, high = (
        math.ceil((cutoff - window) / step - 1e-9),
        math.floor((cutoff + window) / step + 1e-9),
    )
    return sorted(
        {float(from_ticks(to_ticks(i * step))) for i in range(low, high + 1) if i * step > 0}
        | {cutoff}
    )


Found = tuple[list[float], tuple[float, float], int]


def _programme(
    result: Assessment,
    region: Region,
    lines: list[list[float]],
    official: list[float],
    sizes: np.ndarray,
    draw: dict[str, Any],
) -> Found:
    """By dynamic programming over the cutoffs from the worst up: of each choice of the latest one,
    the least sum below it."""
    every = sorted({c for line in lines for c in line})
    at = {c: i for i, c in enumerate(every)}
    reach, nominal = _reached(result, region, every, draw)
    free, ceiling = _free(result), result.engine.ceiling

    def band(low: float | None, high: float | None, g: int) -> tuple[int, int]:
        """What leaves a band in ticks (a number of units), and how many units have the grade,
        vetoes counted."""
        above = np.ones(len(nominal), bool) if low is None else nominal >= to_ticks(low)
        beyond = np.zeros(len(nominal), bool) if high is None else nominal >= to_ticks(high)
        inside = above & ~beyond
        stays = (1.0 if low is None else reach[:, at[low]]) - (
            0.0 if high is None else reach[:, at[high]]
        )
        size = (inside & (ceiling >= g)).sum() + (beyond & (ceiling == g)).sum()
        return int(to_ticks(((1 - stays) * (inside & free)).sum())), int(size)

    states: dict[float | None, tuple[int, int, list[float]]] = {None: (0, 0, [])}
    for g, line in enumerate(lines):
        new: dict[float | None, tuple[int, int, list[float]]] = {}
        for high in line:
            for low, (cost, moved, path) in states.items():
                if low is not None and low >= high:
                    continue
                leaves, n = band(low, high, g)
                away = moved + int(to_ticks(abs(high - official[g])))
                if n >= sizes[g] and (high not in new or (cost + leaves, away) < new[high][:2]):
                    new[high] = cost + leaves, away, [*path, high]
        states = new
    ends = []
    for low, (cost, moved, path) in states.items():
        leaves, n = band(low, None, len(lines))
        if n >= sizes[-1]:
            ends.append((cost + leaves, moved, path))
    cost, _, best = min(ends)
    now = sum(
        band(*pair, g)[0] for g, pair in enumerate(itertools.pairwise([None, *official, None]))
    )
    return best, (float(from_ticks(cost)), float(from_ticks(now))), sum(map(len, lines))


def _reached(
    result: Assessment, region: Region, cutoffs: list[float], draw: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """The share of draws in which each unit's score reaches each cutoff, (n, cutoffs), and
    published scores in ticks, by grading the same draws by all cutoffs, MANY at a time."""
    table, parts = replace(result.table, vetoes=result.table.vetoes[:, :0]), []
    for start in range(0, len(cutoffs), MANY):
        lines = cutoffs[start : start + MANY]
        grades = (
            *(Grade(id=f"g{i}", cutoff=c) for i, c in reversed(list(enumerate(lines)))),
            Grade(id="none", cutoff=0.0),
        )
        fine = assess(result.scheme.model_copy(update={"grades": grades, "vetoes": ()}), table)
        parts.append(
            simulate(fine, region, pairs=False, **draw)
            .grade_acceptability.iloc[:, :-1]
            .cumsum(axis=1)
            .to_numpy()[:, ::-1]
        )
    return np.concatenate(parts, axis=1), to_ticks(result.scores.to_numpy())


def _free(result: Assessment) -> np.ndarray:
    """Units whose grade no veto touches: bool, (n,)."""
    return (result.engine.ceiling == len(result.scheme.grades) - 1) & (result.engine.shift == 0)


def _every(
    result: Assessment,
    region: Region,
    lines: list[list[float]],
    official: list[float],
    sizes: np.ndarray,
    draw: dict[str, Any],
) -> Found:
    """By going through all combinations, each grading the same draws: quotas make grades depend on
    one another."""
    choices = [
        list(c) for c in itertools.product(*lines) if all(a < b for a, b in itertools.pairwise(c))
    ]
    if len(choices) > MOST:
        raise InputError(
            say(
                zh="有等级名额、末位规定或下调等级的否决时要逐一比较{n}种分数线组合，超过{most}种；"
                "请减小 window 或增大 step",
                en="with quotas, last places or vetoes that lower grades {n} combinations of "
                "cutoffs would have to be compared, more than {most}: take a "
                "smaller window or a larger step",
                n=len(choices),
                most=MOST,
            )
        )
    draws = draws_of(result, region, draw["draws"], draw["seed"])
    found, free = [], _free(result)
    together = max(1, CELLS // (len(free) * len(official)))
    for start in range(0, len(choices), together):
        some = choices[start : start + together]
        task, kept = _task(result, draws, some, official, sizes)
        counts = Chunks(partial(_stand, task), range(draws.chunks), draw["executor"])
        stands = sum(counts, np.zeros(task.nominal.shape, np.int64)) / draws.count
        for row, cutoffs in zip(stands, kept, strict=True):
            away = sum(int(to_ticks(abs(a - b))) for a, b in zip(cutoffs, official, strict=True))
            found.append((int(to_ticks((1 - row)[free].sum())), away, cutoffs))
    now = next(cost for cost, _, cutoffs in found if cutoffs == official)
    cost, _, best = min(found)
    return best, (float(from_ticks(cost)), float(from_ticks(now))), len(choices)


@dataclass(frozen=True)
class _Choices:
    """What every chunk of draws needs: the thresholds of each combination of cutoffs, (c, n, G −
    1), and the grades that it gives at the scheme's points, (c, n)."""

    draws: Draws
    limits: np.ndarray
    nominal: np.ndarray


def _task(
    result: Assessment,
    draws: Draws,
    choices: list[list[float]],
    official: list[float],
    sizes: np.ndarray,
) -> tuple[_Choices, list[list[float]]]:
    """What is asked of the draws, and the combinations: those under which no grade has fewer units
    than it must, and the official one."""
    e = result.engine
    limits = shifted(e, to_ticks(choices)[:, None, :] - to_ticks(official))
    nominal = grade(e, np.tile(result.base.to_numpy(), (len(choices), 1)), limits)
    counts = (nominal[:, :, None] == np.arange(len(sizes))).sum(axis=1)
    enough = (counts >= sizes).all(axis=1).tolist()
    kept = [i for i, cutoffs in enumerate(choices) if enough[i] or cutoffs == official]
    return _Choices(draws, limits[kept], nominal[kept]), [choices[i] for i in kept]


def _stand(task: _Choices, i: int) -> np.ndarray:
    """In how many draws of chunk i each unit's grade stands under each combination, (c, n)."""
    e = task.draws.engine
    base = score(e, task.draws.chunk(i)[0])
    key = e.key(base)
    return np.array(
        [
            (grade(e, base, limits, key) == nominal).sum(axis=0)
            for limits, nominal in zip(task.limits, task.nominal, strict=True)
        ]
    )
