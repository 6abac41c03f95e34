"""Where cutoffs could lie and how many places there could be: exact natural breaks, and cutoffs and
quotas under which the fewest units are likely to change grade."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.cutoffs.combinations import (
    NEVER,
    Choices,
    Minimum,
    Part,
    Quotas,
    drawn,
    leaving,
    minimise,
    shapes,
    too_few,
    total,
    widest,
)
from qtoolkit.cutoffs.debated import with_cutoffs
from qtoolkit.display import Shown
from qtoolkit.engine import RivalStep, from_ticks, to_ticks
from qtoolkit.engine.breaks import natural_lines
from qtoolkit.engine.standings import BITS, reaching
from qtoolkit.engine.ticks import UNREACHABLE
from qtoolkit.errors import InputError, real, unexpected
from qtoolkit.inputs.changes import change, check_keys, quota_key
from qtoolkit.language import Text, say, settled
from qtoolkit.lines import LinesSaid, says_lines
from qtoolkit.regions import Box, Region
from qtoolkit.simulation.sampling import draws_of

BAND = 0.1  # points within which draws are made unless a region is given
MOST = 1 << 22  # combinations that are compared at a time, where choices lean on one another
CELLS = 1 << 26  # counts of units that are held
WORK = 4_000_000_000  # words of truth values that are counted: less than a minute
ROOM = 5_000_000_000  # leaf scores that are drawn
HUNDREDTH = 0.01  # of the total


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


Quota = float | None


@dataclass(frozen=True, repr=False)
class Grid(Shown):
    """What :func:`grid` returns.

    Attributes
    ----------
    table : DataFrame, indexed by grade (the best first, the worst left out)
        cutoff (the official one), least, most, number: the cutoffs that are compared; with quotas
        to compare also quotas: how many. A grade by place or by share has no cutoff of its own: it
        is here where quotas are compared, with number 0. No rows where there is nothing to choose:
        one grade, or natural breaks.
    window, step : float
        As :func:`optimise` takes them.
    combinations : int
        How many combinations of cutoffs and quotas are compared.
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


def grid(
    result: Assessment,
    window: float | None = None,
    draws: int = 10_000,
    quotas: Mapping[str, Iterable[Quota]] | None = None,
) -> Grid:
    """Which cutoffs around the official ones :func:`optimise` would compare, and whether it can.

    Parameters
    ----------
    result : Assessment
    window : float, optional
        Whole points at most so far from the official cutoffs; if left out, hundredths of the total
        within two of them.
    draws : int
        By which each combination is graded.
    quotas : mapping, optional
        As :func:`optimise` takes them.

    Raises
    ------
    InputError
        A window below 0, or quotas that :func:`optimise` refuses.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.9, 0.4]}, index=list("甲乙丙"))
    >>> r = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0}), frame)
    >>> qt.cutoffs.grid(r).table.loc["A"].tolist(), qt.cutoffs.grid(r).combinations
    ([90.0, 88.0, 92.0, 5.0], 25)
    """
    scheme = result.scheme
    step = settled(HUNDREDTH * scheme.total) if window is None else 1.0
    window = 2 * step if window is None else real("window", window)
    columns = ["cutoff", "least", "most", "number"]
    if result.lines == "held" or scheme.by_breaks:
        return Grid(pd.DataFrame(columns=columns), window, step, 0, draws, False)
    options = _quotas(result, {} if quotas is None else quotas)
    lines = _lines(result, min(window, scheme.total), step)
    rows = {
        each.id: [each.line, line[0], line[-1], len(line)] if line else [np.nan] * 3 + [0]
        for each, line in zip(scheme.grades, reversed(lines), strict=False)
        if line or quotas
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    if quotas:
        table["quotas"] = [len(options[name]) for name in table.index]
    affordable = bool(rows) and draws * result.matrix.size <= ROOM
    if affordable:
        weights = _weights(_choices(result, lines, options), _sizes(result, 1), draws)
        affordable = all(found <= limit for found, limit in weights)
    number = _number(result, lines, options)
    return Grid(table, window, step, number, draws, affordable)


@dataclass(frozen=True, repr=False)
class Options(Shown):
    """What :func:`optimise` returns.

    Attributes
    ----------
    cutoffs : Series, indexed by grade
        The cutoffs found, the best grade first; where classes have cutoffs of their own, each of
        them lies as many points from the official one. Grades by place or by share have none.
    table : DataFrame
        Rows "official" and "found": a column a cutoff, with quotas to compare a column
        "quota:<grade>" for each of them, `leave` (expected number of units that a draw moves out of
        their grade), a column "n:<grade>" for each grade (how many units have it), changed (units
        graded otherwise than officially).
    regret : float
        How many units more the official choice is expected to move.
    grades : Series
        Each unit's grade under the choice found.
    tried : int
        Combinations of cutoffs, and quotas, that were compared.
    window, step, draws
        As they were asked for.
    band : float or None
        Points were drawn within ±band; None for a region that is no such band.
    quotas : Series, indexed by grade
        The quotas found, of the grades for which quotas were to be compared; None for no quota.
    by_quota : DataFrame
        A row for each combination of quotas, the official one first: a column "quota:<grade>" for
        each, a column a cutoff (the steadiest ones under these quotas; NaN where no cutoffs leave
        every grade its units), `leave` with these cutoffs, and `official` with the official ones.
    lines
        How lines that follow from the scores go, see :mod:`qtoolkit.lines`.
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
    quotas: pd.Series = field(default_factory=lambda: pd.Series(dtype=object))
    by_quota: pd.DataFrame = field(default_factory=pd.DataFrame)
    lines: LinesSaid | None = None


@says_lines
def optimise(
    result: Assessment,
    region: Region | None = None,
    *,
    window: float = 2.0,
    step: float = 1.0,
    quotas: Mapping[str, Iterable[Quota]] | None = None,
    least: int = 1,
    draws: int = 10_000,
    seed: int = 0,
    executor: Executor | None = None,
) -> Options:
    """Cutoffs within ±`window` of the official ones, and quotas, under which the fewest units are
    expected to change grade as points move at random.

    Of a grade that goes by place or by share its quota alone can be chosen. Where classes have
    cutoffs of their own, all of a grade move by the same points.

    Minimised is Σ over grades, over the units in the grade, of P(a draw of points leaves it); units
    under a veto are left out. All combinations are compared on the same draws, with quotas, last
    places and vetoes in force: whoever has which grade under each is counted exactly. An option
    with its consequences, not an answer: what suits one year's scores follows the data.

    Parameters
    ----------
    region : Region, optional
        Where points are drawn; all within ±10% if left out.
    window, step : float
        Cutoffs are multiples of `step` (whole points) at most `window` from the official ones,
        which are compared too; a window of 0 leaves them as they are.
    quotas : mapping of grade to numbers, optional
        The quotas to compare: places (3), shares of the units (0.3), None for no quota. The
        official one is compared too. Ties and classes count as the scheme says.
    least : int
        The fewest units a grade may have, or as few as it has officially.
    draws, seed, executor
        See :func:`qtoolkit.simulation.simulate`. Ties go to the cutoffs nearest the official ones,
        then to the quotas nearest them (in places).

    Raises
    ------
    InputError
        Natural breaks or lines that are held, nothing to choose, a step of 0 or less, an unknown
        grade, quotas that are none, or too many combinations.

    >>> import pandas as pd
    >>> import qtoolkit as qt
    >>> frame = pd.DataFrame({"a": [1.0, 0.9, 0.4], "b": [0.8, 0.9, 0.6]}, index=list("甲乙丙"))
    >>> r = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    >>> optimise(r, draws=1000).cutoffs.to_dict()
    {'A': 89.0}
    >>> optimise(r, window=0, quotas={"A": [1, 2]}, draws=1000).by_quota["quota:A"].tolist()
    [None, 1, 2]
    """
    scheme = result.scheme
    _refuse_nothing_to_choose(result, quotas)
    asked = real("window", window)
    step, window = real("step", step, above=True), min(asked, scheme.total)
    sizes = _sizes(result, real("least", least))
    region = Box(relative=BAND) if region is None else region
    lines = _lines(result, window, step)
    options = _quotas(result, {} if quotas is None else quotas)
    choices = _choices(result, lines, options)
    sample = draws_of(result, region, draws, seed)
    _refuse_too_many(_weights(choices, sizes, draws))
    held = drawn(choices, sample, executor)
    base = result.base.to_numpy()
    costs = [_criterion(part, 0) for part in leaving(choices, held, base, draws)]
    bars = [*too_few(choices, base, sizes.tolist()), *_not_rising(result, choices, lines)]
    parts = [*costs, *(_criterion(part, 0) for part in bars)]
    parts += _distances(result, choices, lines, options)
    first, quotas_last = _order(choices)
    by_quota = minimise(parts, first)
    best = minimise(by_quota.rest, quotas_last)
    picked = by_quota.choice(best.choice({}))
    given = [] if quotas is None else [g.id for g in scheme.grades if g.id in quotas]
    compared = _Compared(result, lines, options, choices, given, costs, draws)
    chosen = compared.assessed(picked)
    rows = [compared.row(compared.official, result), compared.row(picked, chosen)]
    table = compared.frame(rows).set_axis(["official", "found"])
    return Options(
        pd.Series(compared.cutoffs(picked), name="cutoff", dtype=float),
        table,
        table.loc["official", "leave"] - table.loc["found", "leave"],
        chosen.grades,
        _number(result, lines, options),
        asked,
        step,
        draws,
        _band(region),
        pd.Series(compared.quotas(picked), dtype=object, name="quota"),
        compared.by_quota(by_quota) if given else pd.DataFrame(),
    )


def _refuse_nothing_to_choose(
    result: Assessment, quotas: Mapping[str, Iterable[Quota]] | None
) -> None:
    if result.scheme.by_breaks:
        raise InputError(
            say(
                zh="等级按自然断点确定，分数线由得分得出，没有可以优选的分数线和名额",
                en="grades go by natural breaks: their lines follow from the scores, and there are "
                "no cutoffs or quotas to choose",
            )
        )
    if result.lines == "held":
        raise InputError(
            say(
                zh="分数线保持不动时不能优选：请用分数线随得分移动的测算结果",
                en="nothing is chosen where lines are held: take the assessment whose lines move",
            )
        )
    lined = any(grade.has_line for grade in result.scheme.grades[:-1])
    if not lined and not quotas:
        raise InputError(
            say(
                zh="没有可以优选的：除最后一个等级外都没有自己的分数线，也没有给出要比较的名额（quotas）",
                en="there is nothing to choose: no grade but the last has a cutoff of its own, and "
                "no quotas to compare are given",
            )
        )


def _band(region: Region) -> float | None:
    """The band of a region that lets all points move within ±band and nothing else."""
    return region.relative if isinstance(region, Box) and region.absolute is None else None


def _sizes(result: Assessment, fewest: float) -> np.ndarray:
    """The fewest units that each grade may have, worst first."""
    grades = result.grades.cat.codes
    return np.minimum(fewest, np.bincount(grades, minlength=len(result.scheme.grades)))


def _lines(result: Assessment, window: float, step: float) -> list[list[float]]:
    """The cutoffs to compare of each grade above the worst, worst first as in the engine; none of a
    grade that has no cutoff."""
    return [
        _candidates(grade.line, window, step, min([grade.line, *grade.class_cutoffs.values()]))
        if grade.has_line
        else []
        for grade in reversed(result.scheme.grades[:-1])
    ]


def _candidates(
    cutoff: float, window: float, step: float, lowest: float | None = None
) -> list[float]:
    """Multiples of the step in the window, and the official cutoff; left out where the `lowest`
    cutoff of a class would be 0 or less."""
    below = 0.0 if lowest is None else cutoff - lowest
    low, high = (
        math.ceil((cutoff - window) / step - 1e-9),
        math.floor((cutoff + window) / step + 1e-9),
    )
    return sorted(
        {float(from_ticks(to_ticks(i * step))) for i in range(low, high + 1) if i * step > below}
        | {cutoff}
    )


@dataclass(frozen=True)
class _Quota:
    """A quota that is compared: as it is written, and as steps; no steps for no quota."""

    written: Quota
    steps: tuple[RivalStep, ...]

    def places(self, n: int, steps: Sequence[RivalStep]) -> list[int]:
        """How many places it gives in each of the steps that the grade has under some quota, of n
        units."""
        if self.steps:
            return [step.most for step in self.steps]
        return [n if step.members is None else int(step.members.sum()) for step in steps]


def _quotas(result: Assessment, asked: Mapping[str, Iterable[Quota]]) -> dict[str, list[_Quota]]:
    """Of each grade above the worst, the best first, the quotas to compare: the official one, then
    the others from the fewest places up."""
    if not isinstance(asked, Mapping):
        want = Text("按等级给出的名额列表", "lists of quotas by grade")
        raise InputError(unexpected(asked, want, "quotas"))
    keys = check_keys(result.scheme, [quota_key(str(name)) for name in asked])
    by_id = {keys[quota_key(str(name))]: numbers for name, numbers in asked.items()}
    found = {}
    for grade in result.scheme.grades[:-1]:
        others: dict[Quota, _Quota] = {}
        for number in _listed(grade.id, by_id.get(quota_key(grade.id), ())):
            option = _quota(result.change({quota_key(grade.id): number}), grade.id)
            others.setdefault(option.written, option)
        others.pop(grade.quota, None)
        official, steps = _quota(result, grade.id), _steps([*others.values()])
        n = len(result.scores)
        rising = sorted(others.values(), key=lambda option: sum(option.places(n, steps)))
        found[grade.id] = [official, *rising]
    return found


def _listed(grade: str, numbers: Any) -> list[Quota]:
    """The quotas to compare of one grade; what each may be is said where it is tried."""
    if isinstance(numbers, str | Mapping) or not isinstance(numbers, Iterable):
        want = Text("名额（家数、占比或 None）的列表", "a list of quotas (places, shares or None)")
        raise InputError(unexpected(numbers, want, f"quotas.{grade}"))
    return list(numbers)


def _quota(result: Assessment, grade: str) -> _Quota:
    """The quota of a grade as it is."""
    code = result.grade_names.index(grade)
    steps = tuple(s for s in result.engine.rivals if s.grade == code and not s.last)
    return _Quota(result.scheme.grade(grade).quota, steps)


def _steps(options: Iterable[_Quota]) -> tuple[RivalStep, ...]:
    """The steps that a grade has under some of its quotas: their places apart they are the same."""
    return next((option.steps for option in options if option.steps), ())


def _number(
    result: Assessment, lines: list[list[float]], quotas: Mapping[str, list[_Quota]]
) -> int:
    """How many combinations of cutoffs that rise from grade to grade, and of quotas, there are."""
    ways = np.ones(len(next((line for line in lines if line), [None])), dtype=object)
    for _, _, rises in _rising(result, lines):
        ways = ways @ rises.astype(object)
    return int(ways.sum()) * math.prod(len(options) for options in quotas.values())


def _rising(result: Assessment, lines: list[list[float]]) -> Iterator[tuple[int, int, np.ndarray]]:
    """Of each two neighbours among the grades with a cutoff, the worse one first: which pairs of
    cutoffs rise in every class, bool (worse, better)."""
    grades = list(enumerate(reversed(result.scheme.grades[:-1]), start=1))
    lined = [(h, grade) for h, grade in grades if grade.has_line]
    for (g, worse), (h, better) in itertools.pairwise(lined):
        apart = min(
            int(to_ticks(better.cutoff_of(group)) - to_ticks(worse.cutoff_of(group)))
            for group in (None, *result.scheme.classes)
        )
        up = to_ticks(lines[g - 1]) - to_ticks(worse.line)
        down = to_ticks(lines[h - 1]) - to_ticks(better.line)
        yield g, h, up[:, None] - down < apart


def _choices(
    result: Assessment, lines: list[list[float]], quotas: Mapping[str, list[_Quota]]
) -> Choices:
    """What can be chosen, as arrays."""
    e, n = result.engine, len(result.scores)
    reach: list[np.ndarray] = []
    for g, (grade, line) in enumerate(zip(reversed(result.scheme.grades[:-1]), lines, strict=True)):
        moves = to_ticks(line) - to_ticks(grade.line) if line else np.zeros(1, np.int64)
        own = int(e.line_of[g])
        is_lent = not line and own >= 0
        reach.append(reach[own] if is_lent else reaching(e, e.cutoffs[:, g] + moves[:, None]))
    limits = []
    for options in reversed([*quotas.values()]):
        steps = _steps(options)
        most = np.array([option.places(n, steps) for option in options])
        limits.append(Quotas(steps, most) if steps else None)
    lasts = tuple(step for step in e.rivals if step.last)
    is_early = result.scheme.order.veto == "before_quota" or not (lasts or any(limits))
    return Choices(replace(e, veto_first=is_early), tuple(reach), tuple(limits), lasts)


def _weights(choices: Choices, sizes: np.ndarray, draws: int) -> list[tuple[int, int]]:
    """What comparing all combinations takes, each beside its limit: combinations at a time, counts
    that are held, and words of truth values."""
    order = itertools.chain(*_order(choices))
    parts = [*shapes(choices, sizes.tolist()), *((axis,) for axis in choices.sizes)]
    n = len(choices.engine.shift)
    counts = n * sum(choices.cells(choices.axes(h)) for h in choices.grades)
    return [
        (widest(parts, order, choices.sizes), MOST),
        (counts, CELLS),
        (counts * draws // BITS, WORK),
    ]


def _order(choices: Choices) -> tuple[list[int], list[int]]:
    """The choices in the order in which they are made: the best cutoff first, quotas of which there
    are several last."""
    better_first = [*reversed(choices.grades)]
    quotas = [choices.quota(h) for h in better_first]
    several = [axis for axis in quotas if choices.sizes[axis] > 1]
    lines = dict.fromkeys(choices.line(h) for h in better_first)
    return [*lines, *(axis for axis in quotas if axis not in several)], several


def _refuse_too_many(weights: list[tuple[int, int]]) -> None:
    if any(found > limit for found, limit in weights):
        raise InputError(
            say(
                zh="各等级的分数线和名额相互牵连，要一并比较的组合多达{n}种，抽样次数和考核对象又多，"
                "无法逐一比较；请减小 window、增大 step，或减少 quotas、draws",
                en="cutoffs and quotas of the grades lean on one another: {n} combinations at a "
                "time, by so many units and draws, are too many to compare; take a smaller window, "
                "a larger step, fewer quotas or fewer draws",
                n=weights[0][0],
            )
        )


def _criterion(part: Part, k: int) -> Part:
    """A part as the k-th criterion: units that leave their grade; how far cutoffs, and how far
    quotas, are from the official ones."""
    values = np.zeros((*part.values.shape, 3), np.int64)
    values[..., k] = part.values
    return Part(part.axes, values)


def _not_rising(result: Assessment, choices: Choices, lines: list[list[float]]) -> list[Part]:
    """NEVER where a cutoff is not above that of the grade below it."""
    return [
        Part((choices.line(g), choices.line(h)), NEVER * ~rises)
        for g, h, rises in _rising(result, lines)
    ]


def _distances(
    result: Assessment,
    choices: Choices,
    lines: list[list[float]],
    quotas: Mapping[str, list[_Quota]],
) -> list[Part]:
    """How far each cutoff is from the official one, in ticks, and each quota, in places."""
    found = []
    grades = reversed(result.scheme.grades[:-1])
    for h, grade, line, limits in zip(choices.grades, grades, lines, choices.quotas, strict=True):
        away = np.abs(to_ticks(line) - to_ticks(grade.line)) if line else np.zeros(1, np.int64)
        if line or choices.engine.line_of[h - 1] < 0:  # else the choice is another grade's
            found.append(_criterion(Part((choices.line(h),), away), 1))
        places = np.zeros((len(quotas[grade.id]), 1)) if limits is None else limits.most
        away = np.abs(places - places[0]).sum(axis=1)
        found.append(_criterion(Part((choices.quota(h),), away), 2))
    return found


@dataclass(frozen=True)
class _Compared:
    """The combinations as a reader has them; a choice is where it stands on each axis."""

    result: Assessment
    lines: list[list[float]]
    options: Mapping[str, list[_Quota]]
    choices: Choices
    given: list[str]
    costs: list[Part]
    draws: int

    @property
    def tops(self) -> list[tuple[int, str]]:
        """Number and id of each grade above the worst, the best first."""
        ids = [grade.id for grade in self.result.scheme.grades[:-1]]
        return list(zip(reversed(self.choices.grades), ids, strict=True))

    @property
    def official(self) -> dict[int, int]:
        found = dict.fromkeys(self.choices.sizes, 0)
        for h, name in self.tops:
            if self.lines[h - 1]:
                cutoff = self.result.scheme.grade(name).line
                found[self.choices.line(h)] = self.lines[h - 1].index(cutoff)
        return found

    def cutoffs(self, choice: dict[int, int]) -> dict[str, float]:
        """The cutoffs of the grades that have one."""
        return {
            id: self.lines[h - 1][choice[self.choices.line(h)]]
            for h, id in self.tops
            if self.lines[h - 1]
        }

    def quotas(self, choice: dict[int, int]) -> dict[str, Quota]:
        """The quotas of the grades for which they were to be compared."""
        return {
            id: self.options[id][choice[self.choices.quota(h)]].written
            for h, id in self.tops
            if id in self.given
        }

    def assessed(self, choice: dict[int, int]) -> Assessment:
        """The assessment under this choice."""
        official = self.quotas(self.official)
        quotas = {id: most for id, most in self.quotas(choice).items() if most != official[id]}
        scheme = with_cutoffs(self.result.scheme, self.cutoffs(choice))
        return self.result.anew(change(scheme, {quota_key(id): quotas[id] for id in quotas}))

    def leave(self, choice: dict[int, int]) -> float:
        """The expected number of units that leave their grade."""
        return sum(int(part.at(choice)[0]) for part in self.costs) / self.draws

    def shown(self, choice: dict[int, int]) -> dict[str, Any]:
        """Cutoffs and quotas as a table has them."""
        quotas = {f"quota:{id}": quota for id, quota in self.quotas(choice).items()}
        return self.cutoffs(choice) | quotas

    def row(self, choice: dict[int, int], graded: Assessment) -> dict[str, Any]:
        tally = graded.grades.value_counts()
        found = self.shown(choice) | {"leave": self.leave(choice)}
        found |= {f"n:{grade.id}": int(tally[grade.id]) for grade in self.result.scheme.grades}
        return found | {"changed": int((graded.grades != self.result.grades).sum())}

    def by_quota(self, found: Minimum) -> pd.DataFrame:
        """The steadiest cutoffs under each combination of quotas."""
        table = total(found.rest)
        rows = []
        for index in np.ndindex(*table.values.shape[:-1]):
            quotas = dict(zip(table.axes, index, strict=True))
            choice, official = found.choice(quotas), self.official | quotas
            row = self.shown(choice) | {"leave": self.leave(choice)}
            if table.values[index][0] >= NEVER:
                row |= dict.fromkeys([*self.cutoffs(choice), "leave"], np.nan)
            rows.append(row | {"official": self.leave(official)})
        frame = self.frame(rows)
        quotas = frame.filter(like="quota:")
        return quotas.join(frame.drop(columns=quotas.columns))

    def frame(self, rows: list[dict[str, Any]]) -> pd.DataFrame:
        """Rows as a table in which no quota is None and not NaN."""
        found = pd.DataFrame(rows)
        for id in self.given:
            name = f"quota:{id}"
            found[name] = pd.Series([row[name] for row in rows], dtype=object)
        return found
