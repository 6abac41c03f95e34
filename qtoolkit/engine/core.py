"""The engine's arrays and its verbs. Shapes: m draws, n units, d leaves, G grades; grade 0 is the
worst."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from qtoolkit.engine.breaks import natural_lines
from qtoolkit.engine.ticks import NO_LINE, UNREACHABLE, Rounding, from_ticks, ticks_of, to_ticks

CELLS_AT_ONCE = 1 << 14  # scores of a node held at a time where nodes are needed one by one


@dataclass(frozen=True)
class Tree:
    """How leaves make the total.

    Attributes
    ----------
    children : tuple of tuple of int
        For each inner node, children before parents and the root last, the numbers of its children:
        leaf j is j, inner node i is d + i.
    order : tuple of float
        The power mean of each inner node: 1 arithmetic, 0 geometric, −1 harmonic.
    leaf_rounding, node_rounding : Rounding or None
        Of leaf scores, and of the scores of inner nodes below the root.
    blank : ndarray of bool, (n, d)
        Leaves whose points are redistributed within their node for that unit.
    """

    children: tuple[tuple[int, ...], ...]
    order: tuple[float, ...]
    blank: np.ndarray
    leaf_rounding: Rounding | None = None
    node_rounding: Rounding | None = None

    @property
    def is_arithmetic(self) -> bool:
        return all(order == 1 for order in self.order)

    @property
    def rounds_inside(self) -> bool:
        return self.leaf_rounding is not None or self.node_rounding is not None

    @cached_property
    def sharing(self) -> tuple[bool, ...]:
        """Of each inner node: whether any unit shares out points of blanks among its children, or
        among those of a node above it."""
        d = self.blank.shape[1]
        alive = list(~self.blank.T)
        mixed = []
        for children in self.children:
            below = np.stack([alive[c] for c in children])
            mixed.append(bool((below.any(axis=0) & ~below.all(axis=0)).any()))
            alive.append(below.any(axis=0))
        for i in reversed(range(len(mixed))):
            for c in self.children[i]:
                if c >= d and mixed[i]:
                    mixed[c - d] = True
        return tuple(mixed)

    @cached_property
    def ratios(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Units whose base score is A·p + b + N·q/D: one node has blanks, q are their points, N the
        score and D the points of the others in that node. live (n, d), dead (n, d): the leaves that
        make up D and q; single (n,): whether so."""
        d = self.blank.shape[1]
        alive = list(~self.blank.T)
        below = [np.eye(d, dtype=bool)[j] for j in range(d)]
        live, dead = np.zeros(self.blank.shape, bool), np.zeros(self.blank.shape, bool)
        count = np.zeros(len(live), int)
        for children in self.children:
            here = np.stack([alive[c] for c in children], axis=1)
            mixed = here.any(axis=1) & ~here.all(axis=1)
            count += mixed
            for i, c in enumerate(children):
                live |= (mixed & here[:, i])[:, None] & below[c]
                dead |= (mixed & ~here[:, i])[:, None] & below[c]
            alive.append(here.any(axis=1))
            below.append(np.logical_or.reduce([below[c] for c in children]))
        return live, dead, (count == 1) & self.is_arithmetic & (not self.rounds_inside)

    @property
    def growth(self) -> int:
        """How many times the total a base score can be: half up at most doubles a score at each
        stage that rounds."""
        d = self.blank.shape[1]
        depth = [0] * d  # of each node: how many roundings its score has been through at most
        for children in self.children[:-1]:
            depth.append(1 + max(depth[c] for c in children))
        stages = (self.leaf_rounding is not None) + (
            max(depth) if self.node_rounding is not None else 0
        )
        return 2**stages


@dataclass(frozen=True)
class Mean:
    """A leaf for which a unit takes the mean score of others, `peers`."""

    unit: int
    leaf: int
    peers: np.ndarray


@dataclass(frozen=True)
class RivalStep:
    """At most `most` units may have grade number `grade` or better; or, with `last`, the `most`
    lowest have `grade` at best.

    Of units tied where the limit falls, none is among the `most`, or with `ties_in` all are.
    `members` (n,) are the units that are counted, all if None. `sets`: the grade has no line of its
    own, and goes by these places alone.
    """

    grade: int
    most: int
    last: bool = False
    ties_in: bool = False
    members: np.ndarray | None = None
    sets: bool = False

    @property
    def counts_above(self) -> bool:
        """Whether a unit's place follows from how many are ahead of it, instead of behind it."""
        return self.ties_in != self.last


@dataclass(frozen=True)
class BreakGroup:
    """Units (n,) whose lines are the natural breaks of the published scores of those of them that
    are `counted` (n,)."""

    members: np.ndarray
    counted: np.ndarray


@dataclass(frozen=True)
class Engine:
    """Everything that grades an assessment, as arrays; it knows no labels and no files.

    Attributes
    ----------
    slope, const : ndarray of float, (n, d)
        A leaf's score is slope·p + const, cut at 0 and p.
    means : tuple of Mean
        Blanks that take a mean of scores which are not proportional to the points: slope and const
        hold at the scheme's points, while at others the mean is taken again.
    points : ndarray of float, (d,)
        The scheme's points.
    tree : Tree
    offset : ndarray of int, (n,)
        Ticks added before the cap: bonus, less deductions outside the total.
    late : ndarray of int, (n,)
        Ticks taken off after the cap (order.cap: before_deductions).
    cap : int
        Cap of the total in ticks.
    floor : int or None
        The least published score in ticks.
    rounding : Rounding or None
        Of the total.
    round_first : bool
        Whether the total is rounded before the bonus is added.
    cutoffs : ndarray of int, (n, G − 1)
        Cutoffs of the published score in ticks, by the unit's class, from the second worst grade to
        the best. A grade that goes by places has that of the next worse grade with a line, or
        `NO_LINE`; with `breaks`, those that the scheme's points give.
    thresholds : ndarray of int, (n, G − 1)
        Least base score in ticks that reaches each grade but the worst; `shift` is worked in where
        vetoes come first.
    ceiling : ndarray of int8, (n,)
        The best grade that vetoes leave.
    shift : ndarray of int8, (n,)
        Grades that vetoes take off.
    rivals : tuple of RivalStep
        Quotas, best grade first, then the last units: the only steps that look across units.
    veto_first : bool
        Whether vetoed units are out before the quotas are filled.
    rank_on_base : bool
        Whether ranks go by the base score instead of the published one.
    breaks : tuple of BreakGroup
        Where grades go by natural breaks: each row of scores then has lines of its own.
    """

    slope: np.ndarray
    const: np.ndarray
    points: np.ndarray
    tree: Tree
    offset: np.ndarray
    late: np.ndarray
    cap: int
    rounding: Rounding | None
    round_first: bool
    cutoffs: np.ndarray
    ceiling: np.ndarray
    shift: np.ndarray
    floor: int | None = None
    rivals: tuple[RivalStep, ...] = ()
    veto_first: bool = True
    rank_on_base: bool = False
    means: tuple[Mean, ...] = ()
    breaks: tuple[BreakGroup, ...] = ()
    thresholds: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int64))

    @cached_property
    def uncut(self) -> np.ndarray:
        """Cells whose leaf score is slope·p whatever the points, never cut: bool, (n, d)."""
        return (self.const == 0) & (self.slope >= 0) & (self.slope <= 1)

    @cached_property
    def plain(self) -> np.ndarray:
        """Units whose base score is a plain weighted sum whatever the points: bool, (n,)."""
        simple = self.uncut & ~self.tree.blank
        for mean in self.means:
            simple[mean.unit, mean.leaf] = False
        return simple.all(axis=1) & (self.tree.is_arithmetic and not self.tree.rounds_inside)

    @property
    def lines_move(self) -> bool:
        """Whether lines follow from the scores: from places, or from natural breaks."""
        return bool(self.breaks) or any(step.sets for step in self.rivals)

    @cached_property
    def line_of(self) -> np.ndarray:
        """Of each grade but the worst: the number in `cutoffs` of the line that it goes by, its own
        or that of the next worse grade that has one; −1 where there is none. int, (G − 1,)."""
        own = np.arange(self.cutoffs.shape[1])
        lineless = [step.grade - 1 for step in self.rivals if step.sets]
        own[lineless] = -1
        return np.maximum.accumulate(own)

    def room(self, g: int) -> tuple[int | None, int | None]:
        """How far line number g lies above the next worse grade's line and below the next better
        one's, in ticks, for the units where that is least; None where there is no such line."""
        own = np.flatnonzero(self.line_of == np.arange(self.cutoffs.shape[1])).tolist()
        below, above = [i for i in own if i < g][-1:], [i for i in own if i > g][:1]
        at = self.cutoffs[:, g]
        return (
            int((at - self.cutoffs[:, below[0]]).min()) if below else None,
            int((self.cutoffs[:, above[0]] - at).min()) if above else None,
        )

    def key(self, base: np.ndarray) -> np.ndarray:
        """What ranks and quotas compare: the published or the base score, as the scheme says."""
        return base if self.rank_on_base else finish(self, base)


def score(
    e: Engine, points: np.ndarray | None = None, leaves: np.ndarray | None = None
) -> np.ndarray:
    """Base scores in ticks, int64 (m, n).

    Parameters
    ----------
    points : ndarray, (m, d) or (m, n, d), optional
        One row of points a draw, or one for each unit; the scheme's if left out.
    leaves : ndarray, (m, n, d), optional
        Shares of full marks a draw, in place of slope and const.
    """
    draws = 1 if leaves is None else len(leaves)
    points = (
        np.broadcast_to(e.points, (draws, e.points.size))
        if points is None
        else np.atleast_2d(points)
    )
    n = e.slope.shape[0]
    plain = e.plain if leaves is None else np.zeros(n, bool)
    own = points.ndim == 3
    if plain.all() and not own:
        return ticks_of(points @ e.slope.T)
    base = np.empty((len(points), n), np.int64)
    if plain.any():
        sums = (
            np.einsum("mnd,nd->mn", points[:, plain], e.slope[plain])
            if own
            else points @ e.slope[plain].T
        )
        base[:, plain] = ticks_of(sums)
    if not plain.all():
        rest = np.flatnonzero(~plain)
        for rows in _blocks(len(points), rest.size):
            given = None if leaves is None else leaves[rows][:, rest]
            rooted = _root(e, points[rows][:, rest] if own else points[rows], given, rest)
            base[rows, slice(None) if rest.size == n else rest] = to_ticks(rooted).T
    return base


def score_unit(e: Engine, unit: int, points: np.ndarray) -> np.ndarray:
    """Base scores of one unit in ticks, int64 (m,), at points (m, d): what :func:`score` gives for
    it, without the others."""
    own = [mean for mean in e.means if mean.unit == unit]
    rows = np.array([unit, *(peer for mean in own for peer in mean.peers if peer != unit)])
    place = {row: i for i, row in enumerate(rows.tolist())}
    means = tuple(
        replace(mean, unit=0, peers=np.array([place[peer] for peer in mean.peers.tolist()]))
        for mean in own
    )
    tree = replace(e.tree, blank=e.tree.blank[rows])
    return score(
        replace(e, slope=e.slope[rows], const=e.const[rows], tree=tree, means=means), points
    )[:, 0]


def node_scores(e: Engine) -> tuple[np.ndarray, np.ndarray]:
    """Leaf scores (n, d) and inner nodes' scores (n, inner nodes), in points, at the scheme's
    points."""
    nodes = dict(_nodes(e, e.points[None, :], None, np.arange(len(e.slope))))
    values = np.concatenate([nodes[number] for number in sorted(nodes)], axis=1)
    return values[:, : e.points.size], values[:, e.points.size :]


def leaf_scores(
    slope: np.ndarray, const: np.ndarray | float, points: np.ndarray | float
) -> np.ndarray:
    """slope·p + const, cut at 0 and p; arrays broadcast."""
    return np.clip(slope * points + const, 0, points)


def _root(
    e: Engine, points: np.ndarray, leaves: np.ndarray | None, units: np.ndarray
) -> np.ndarray:
    """Scores of the root for some units, (n, m)."""
    _, value = deque(_nodes(e, points, leaves, units), maxlen=1).pop()
    return value


def _nodes(
    e: Engine, points: np.ndarray, leaves: np.ndarray | None, units: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Number and scores (n, m) of one node after the other for some units, children before parents
    and the root last; what no later node needs is let go. Draws come last, so that every step runs
    along them in memory."""
    tree, d = e.tree, points.shape[-1]
    points = points if points.ndim == 3 else points[:, None, :]
    full = list(np.ascontiguousarray(points.T))  # (n or 1, m): a node's points
    shares = None if leaves is None else np.ascontiguousarray(leaves.T)
    uncut = e.uncut[units].all(axis=0).tolist()
    live = _live(tree, units)
    held: dict[int, np.ndarray] = {}
    for i, (children, order) in enumerate(zip(tree.children, tree.order, strict=True)):
        for c in children:
            if c < d:
                share = None if shares is None else shares[c]
                held[c] = _leaf_value(e, c, full[c], share, units, uncut[c])
                yield c, held[c]
        whole = _sum([full[c] for c in children])
        value = _node_value(children, order, held, full, live, whole)
        if tree.node_rounding is not None and i < len(tree.children) - 1:
            value = tree.node_rounding.points(value)
        for c in children:
            del held[c]
        held[d + i] = value
        full.append(whole)
        yield d + i, value


Live = np.ndarray | None  # (n, 1), whether any leaf below a node has a score; None: of all units


def _live(tree: Tree, units: np.ndarray) -> list[Live]:
    """Of each node, leaves first, for some units."""
    blank = tree.blank[units]
    some = np.flatnonzero(blank.any(axis=0)).tolist()
    live: list[Live] = [None] * blank.shape[1]
    for j in some:
        live[j] = ~blank[:, [j]]
    for children in tree.children:
        below = [each for each in (live[c] for c in children) if each is not None]
        any_ = np.logical_or.reduce(below) if len(below) == len(children) else None
        live.append(None if any_ is None or any_.all() else any_)
    return live


def _seen(values: np.ndarray, live: Live) -> np.ndarray:
    """Scores or points (n or 1, m) where a node has a score, 0 elsewhere."""
    return values if live is None else values * live


def _sum(parts: list[np.ndarray]) -> np.ndarray:
    """Arrays (n or 1, m) added one after the other; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    total = parts[0] + parts[1]
    for part in parts[2:]:
        total = np.add(total, part, out=total if total.shape == part.shape else None)
    return total


def _leaf_value(
    e: Engine,
    leaf: int,
    points: np.ndarray,
    share: np.ndarray | None,
    units: np.ndarray,
    uncut: bool,
) -> np.ndarray:
    """Scores of a leaf for some units, (n, m), rounded as the tree says; its points are (n or 1,
    m). `uncut`: none of them is ever cut."""
    if share is not None:
        value = leaf_scores(share, 0.0, points)
    else:
        slope = e.slope[units, leaf][:, None]
        const = None if uncut else e.const[units, leaf][:, None]
        value = slope * points if const is None else leaf_scores(slope, const, points)
        for mean in e.means:
            for taker in np.flatnonzero(units == mean.unit) if mean.leaf == leaf else ():
                worth = np.broadcast_to(points, value.shape)[taker][:, None]
                slope, const = e.slope[mean.peers, leaf], e.const[mean.peers, leaf]
                value[taker] = leaf_scores(slope, const, worth).mean(axis=1)
    return value if e.tree.leaf_rounding is None else e.tree.leaf_rounding.points(value)


def _node_value(
    children: tuple[int, ...],
    order: float,
    values: dict[int, np.ndarray],
    full: list[np.ndarray],
    live: list[Live],
    whole: np.ndarray,
) -> np.ndarray:
    """The power mean of the children's shares times the node's points, `whole`; points of blanks
    are shared out among the children that are scored."""
    if order != 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            seen = _sum([_seen(full[c], live[c]) for c in children])
            mean = _power_mean(children, order, values, full, live, seen)
            return np.where(seen > 0, whole * mean, 0.0)
    value = _sum([_seen(values[c], live[c]) for c in children])
    parts = [each for each in (live[c] for c in children) if each is not None]
    if not parts:
        return value
    short = np.flatnonzero(~np.logical_and.reduce(parts))  # units with blanks here
    whole = np.broadcast_to(whole, value.shape)[short]
    seen = _sum([np.broadcast_to(_seen(full[c], live[c]), value.shape)[short] for c in children])
    with np.errstate(divide="ignore", invalid="ignore"):
        value[short] = np.where(seen > 0, value[short] * (whole / seen), 0.0)
    return value


def _power_mean(
    children: tuple[int, ...],
    order: float,
    values: dict[int, np.ndarray],
    full: list[np.ndarray],
    live: list[Live],
    seen: np.ndarray,
) -> np.ndarray:
    """(Σ w x^r)^(1/r) of the children's shares x, weights w = their points over the points seen; r
    = 0: Π x^w. A share of 0 that carries weight makes the geometric mean 0."""
    total = np.zeros(1)
    for c in children:
        weight = _seen(full[c], live[c]) / seen
        share = np.where(full[c] > 0, values[c] / full[c], 1.0)
        term = np.log(share) if order == 0 else share**order
        total = total + np.where(weight > 0, weight * term, 0.0)
    return np.exp(total) if order == 0 else total ** (1 / order)


def _blocks(rows: int, cells: int) -> Iterator[slice]:
    step = max(1, CELLS_AT_ONCE // max(cells, 1))
    for start in range(0, rows, step):
        yield slice(start, start + step)


def finish(e: Engine, base: np.ndarray) -> np.ndarray:
    """Published scores in ticks: bonus, cap and rounding in the scheme's order. Nondecreasing in
    `base` for each unit."""
    return list(steps(e, base).values())[-1]


def steps(e: Engine, base: np.ndarray) -> dict[str, np.ndarray]:
    """The score in ticks after each step, in the scheme's order: base, bonus, cap, late
    (deductions), floor, rounding."""
    result = {"base": np.asarray(base, np.int64)}
    rounded = (lambda t: t) if e.rounding is None else e.rounding.ticks
    value = result["base"]
    if e.round_first:
        result["rounding"] = value = rounded(value)
    result["bonus"] = value = value + e.offset
    result["cap"] = value = np.minimum(value, e.cap)
    result["late"] = value = value - e.late
    result["floor"] = value = value if e.floor is None else np.maximum(value, e.floor)
    if not e.round_first:
        result["rounding"] = rounded(value)
    return result


def thresholds(e: Engine, cutoffs: np.ndarray, highest: int) -> np.ndarray:
    """Least base score in ticks, from 0 to `highest`, that reaches each cutoff (…, n, G − 1);
    UNREACHABLE where none does.

    Found by bisection on whole ticks, since :func:`finish` never falls as the base score rises. A
    veto that takes grades off before the rivals moves a unit's thresholds up by as many grades.
    """
    low = np.full(cutoffs.shape, -1, np.int64)  # finish(low) is below the cutoff
    high = np.full_like(low, highest + 1)  # finish(high) reaches it, or nothing does
    while (high - low > 1).any():
        middle = (low + high) // 2
        reaches = (
            np.stack([finish(e, middle[..., g]) for g in range(middle.shape[-1])], axis=-1)
            >= cutoffs
        )
        high, low = np.where(reaches, middle, high), np.where(reaches, low, middle)
    return _lowered(e, np.where(high > highest, UNREACHABLE, high))


def standing(e: Engine, base: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
    """What :func:`thresholds` gives, as far as it matters to base scores (n,) or (m, n) in
    :func:`grade`: the score itself where it reaches the cutoff, UNREACHABLE where not. Without a
    bisection, for very many cutoffs (…, n, G − 1)."""
    reached = finish(e, base)[..., None] >= cutoffs
    return _lowered(e, np.where(reached, base[..., None], UNREACHABLE))


def _lowered(e: Engine, found: np.ndarray) -> np.ndarray:
    """Thresholds (…, n, G − 1) moved up by the grades that vetoes take off before the rivals."""
    if not e.veto_first:
        return found
    up = np.broadcast_to(np.arange(found.shape[-1]) + e.shift[:, None], found.shape)
    padded = np.concatenate([found, np.full_like(found, UNREACHABLE)], axis=-1)
    return np.take_along_axis(padded, np.minimum(up, padded.shape[-1] - 1), axis=-1)


def shifted(e: Engine, ticks: int | np.ndarray) -> np.ndarray:
    """The thresholds if every cutoff were higher by `ticks`, a number or (m, 1, G − 1); with coarse
    rounding they move in whole rounding steps."""
    if not np.any(ticks):
        return e.thresholds
    moves = np.broadcast_to(ticks, (*np.shape(ticks)[:-1], e.cutoffs.shape[1]))
    return thresholds(e, e.cutoffs + _with_their_lines(e, moves), highest_base(e))


def _with_their_lines(e: Engine, moves: np.ndarray) -> np.ndarray:
    """Moves of lines (…, G − 1), where a grade without a line takes that of the line it goes by."""
    return np.where(e.line_of >= 0, moves[..., e.line_of], 0)


def highest_base(e: Engine) -> int:
    """The most ticks that a base score can have."""
    return int(to_ticks(e.points.sum())) * e.tree.growth


def score_grades(e: Engine, base: np.ndarray) -> np.ndarray:
    """The grades that the lines alone give, vetoes and rivals left out: int8 (m, n)."""
    published = finish(e, base)
    return (published[..., None] >= lines_of(e, published)).sum(axis=-1).astype(np.int8)


def lines_of(e: Engine, published: np.ndarray) -> np.ndarray:
    """The cutoffs that published scores (m, n) in ticks are graded by: (n, G − 1), or with natural
    breaks (m, n, G − 1), those of each row."""
    if not e.breaks:
        return e.cutoffs
    rows = np.atleast_2d(published)
    lines = np.full((*rows.shape, e.cutoffs.shape[1]), NO_LINE, np.int64)
    for group in e.breaks:
        found = natural_lines(rows[:, group.counted], e.cutoffs.shape[1] + 1)
        lines[:, group.members] = found[:, None, :]
    return lines.reshape(*published.shape, -1)


def held(
    e: Engine, base: np.ndarray, given: Engine | None = None, rows: np.ndarray | None = None
) -> Engine:
    """The engine with the lines that base scores give, which then stand still: a grade that goes by
    places has for a line the least score of those that have a place in it. `given`: the engine of
    these scores, where it is another one; its units are those of `e`, or those at `rows` are.

    It grades these base scores as that engine does.
    """
    given = e if given is None else given
    rows = np.arange(len(base)) if rows is None else rows
    if not given.lines_move:
        return e
    cutoffs = lines_of(given, finish(given, base))[rows] if given.breaks else e.cutoffs
    fixed = replace(e, cutoffs=cutoffs, breaks=())
    rivals = tuple(step for step in e.rivals if not step.sets)
    highest, lines = highest_base(e), _place_lines(given, base)[rows]
    reached = lines  # the least base scores that reach them
    if e.rank_on_base:
        lines = np.where(np.abs(lines) < UNREACHABLE, _published_at(e, lines), lines)
    else:
        reached = thresholds(replace(fixed, shift=np.zeros_like(e.shift)), lines, highest)
    limits = np.maximum(thresholds(fixed, cutoffs, highest), reached)
    return replace(fixed, rivals=rivals, cutoffs=np.maximum(cutoffs, lines), thresholds=limits)


def _place_lines(e: Engine, base: np.ndarray) -> np.ndarray:
    """The least key, (n, G − 1), of those who have a place in each grade that goes by places;
    `UNREACHABLE` where nobody has, `NO_LINE` where no grade up to it goes by places."""
    limits = standing(e, base, lines_of(e, finish(e, base)))
    grades, key = threshold_grades(e, base, limits), e.key(base)
    quotas = [step for step in e.rivals if not step.last]
    for step in quotas:
        grades = limited(grades, key, step)
    lines = np.full(e.cutoffs.shape, NO_LINE, np.int64)
    for step in (step for step in quotas if step.sets):
        members = np.broadcast_to(True if step.members is None else step.members, grades.shape)
        has = members & (grades >= step.grade)
        lines[members, step.grade - 1] = key[has].min(initial=UNREACHABLE)
    return np.maximum.accumulate(lines, axis=1)


def _published_at(e: Engine, base: np.ndarray) -> np.ndarray:
    """Published scores at base scores (n, G − 1) of each unit."""
    return np.stack([finish(e, column) for column in base.T], axis=-1)


def places(key: np.ndarray, tol: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Units from the highest key down, (…, n), and their competition ranks, (…, n) or, where nobody
    ties, (n,).

    One sort of whole numbers with the unit packed into the last bits. Keys at most `tol` ticks
    below the next higher one share its rank.
    """
    key = np.asarray(key, np.int64)
    n = key.shape[-1]
    bits = max(n - 1, 1).bit_length()
    # too wide to pack: sort indirectly
    if key.size and max(int(key.max()), -int(key.min())) >= 1 << (62 - bits):
        unit = np.argsort(-key, axis=-1, kind="stable")
        fallen = -np.take_along_axis(key, unit, axis=-1)
    else:
        packed = np.left_shift(key, bits)
        np.negative(packed, out=packed)
        packed |= np.arange(n)
        packed.sort(axis=-1)
        fallen, unit = packed >> bits, np.bitwise_and(packed, (1 << bits) - 1, out=packed)
    place = np.arange(1, n + 1)
    level = (fallen[..., 1:] == fallen[..., :-1]) if tol == 0 else np.diff(fallen, axis=-1) <= tol
    if level.any():
        new = np.ones(key.shape, bool)
        new[..., 1:] = ~level
        place = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
    return unit, place


def rank(key: np.ndarray, tol: int = 0) -> np.ndarray:
    """Competition ranks ("1-1-3", 1 the highest) along the last axis, int32.

    Keys at most `tol` ticks below the next higher one share its rank.

    >>> rank(np.array([[90, 95, 90, 80]])).tolist()
    [[2, 1, 2, 4]]
    """
    unit, place = places(key, tol)
    ranks = np.empty(np.shape(key), np.int32)
    np.put_along_axis(ranks, unit, np.broadcast_to(place, unit.shape), axis=-1)
    return ranks


def grade(
    e: Engine,
    base: np.ndarray,
    thresholds: np.ndarray | None = None,
    key: np.ndarray | None = None,
) -> np.ndarray:
    """Grades, int8 (m, n), 0 the worst: thresholds, ceilings, then rivals. `key`, what `Engine.key`
    gives at `base`, where that is known. Without `thresholds` lines that follow from the scores are
    those of each row."""
    base = np.asarray(base)
    if thresholds is None and e.breaks:
        thresholds = standing(e, base, lines_of(e, finish(e, base)))
    grades = threshold_grades(e, base, e.thresholds if thresholds is None else thresholds)
    if e.rivals:
        key = e.key(base) if key is None else key
        for step in e.rivals:
            grades = limited(grades, key, step)
    return vetoed(e, grades)


def threshold_grades(e: Engine, base: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Grades before the rivals: thresholds, and ceilings where vetoes come first; int8 (…, n)."""
    grades = np.zeros(base.shape, np.int8)
    for g in range(limits.shape[-1]):
        grades += base >= limits[..., g]
    return np.minimum(grades, e.ceiling) if e.veto_first else grades


def vetoed(e: Engine, grades: np.ndarray) -> np.ndarray:
    """Grades after the rivals: what vetoes take off then."""
    return np.minimum(grades if e.veto_first else np.maximum(grades - e.shift, 0), e.ceiling)


def regraded(e: Engine, base: np.ndarray, shifts: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Grades, int8 (m, n), of base scores (n,) with the `moved` cutoffs (G − 1,) higher by each of
    m shifts in ticks."""
    limits = standing(
        e, base, e.cutoffs + shifts[:, None, None] * _with_their_lines(e, np.asarray(moved))
    )
    return grade(e, np.broadcast_to(base, (len(shifts), base.size)), limits)


def limited(grades: np.ndarray, key: np.ndarray, step: RivalStep) -> np.ndarray:
    """Lower the units that a quota leaves no place for, or that are among the last."""
    candidate = np.broadcast_to(True if step.members is None else step.members, grades.shape)
    candidate = candidate if step.last else candidate & (grades >= step.grade)
    # candidates with a higher key, or those with a lower one: which of them the step asks for
    if step.counts_above:
        ahead = rank(np.where(candidate, key, key.min(initial=0) - 1)) - 1
    else:
        ahead = rank(np.where(candidate, -key, -(key.max(initial=0) + 1))) - 1
    return lowered_by(step, grades, candidate, ahead, candidate.sum(axis=-1, keepdims=True))


def lowered_by(
    step: RivalStep,
    grades: np.ndarray,
    candidate: np.ndarray,
    others: np.ndarray,
    count: np.ndarray,
) -> np.ndarray:
    """Grades after one step; of the candidates, of which there are `count`, `others` are ahead of
    each where the step `counts_above`, and else behind it."""
    place = place_in(step, others, count)
    if step.last:
        return np.where(
            candidate & (place <= step.most), np.minimum(grades, np.int8(step.grade)), grades
        )
    return np.where(candidate & (place > step.most), np.int8(step.grade - 1), grades)


def place_in(step: RivalStep, others: np.ndarray, count: np.ndarray) -> np.ndarray:
    """The place of a candidate in a step, from the top, or of the last units from the bottom: what
    the step compares with `most`."""
    return count - others if step.last == step.counts_above else others + 1


__all__ = [
    "Engine",
    "RivalStep",
    "Tree",
    "finish",
    "from_ticks",
    "grade",
    "node_scores",
    "rank",
    "score",
    "steps",
    "threshold_grades",
]
