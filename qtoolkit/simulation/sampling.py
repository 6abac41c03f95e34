"""Random draws of points, data and cutoffs in chunks of a fixed size, each from its own seed."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import averaged_cells, shares_of
from qtoolkit.engine import Engine, shifted, to_ticks
from qtoolkit.engine.core import Mean
from qtoolkit.errors import Complaint, InputError, Problems, clip, nearest, real, unexpected
from qtoolkit.inputs.statuses import STATUS_LABELS, VALUE
from qtoolkit.inputs.table import unit_of
from qtoolkit.language import Text, same, say
from qtoolkit.regions import Region, area_of
from qtoolkit.regions.bound import Area

CHUNK = 4096  # draws that one seed makes
CELLS = 1 << 22  # leaf scores drawn at a time where the data vary
BROKEN = Text(
    "并行进程中断，其余各批在本进程内算完，结果不受影响。",
    "The worker pool broke; the missing chunks were made in this process, with the same results.",
)
STOPPED = Text(
    "模拟中途停止，只统计了已完成的抽样。",
    "The simulation was interrupted; only the draws made so far are counted.",
)


@dataclass(frozen=True)
class Draws:
    """What is drawn: plain arrays, so that it travels to other processes.

    Attributes
    ----------
    area : Area or None
        From which points come; None leaves them as they are.
    errors : ndarray of float, (n, d), or None
        Standard errors of shares of full marks; 0 in cells that nobody measured.
    averaged : tuple of Mean
        Cells that take the mean of similar units, whose shares move with those of the units.
    jitter : int
        Ticks by which each cutoff moves at most.
    count, size, seed : int
        Draws in all, draws a chunk, and the seed from which every chunk's own is made.
    """

    engine: Engine
    area: Area | None
    errors: np.ndarray | None
    jitter: int
    count: int
    size: int
    seed: int
    averaged: tuple[Mean, ...] = ()

    @property
    def chunks(self) -> int:
        return -(-self.count // self.size)

    def chunk(self, i: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """Points (m, d), leaf shares (m, n, d) or None, and thresholds (m, n, G − 1) or None of
        chunk i."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(i,)))
        e, m = self.engine, min(self.size, self.count - i * self.size)
        points = np.tile(e.points, (m, 1)) if self.area is None else self.area.sample(m, rng)
        leaves = limits = None
        if self.errors is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                lines = e.slope + np.where(e.const == 0, 0.0, e.const / points[:, None, :])
            shares = np.clip(np.where(points[:, None, :] > 0, lines, e.slope), 0, 1)
            leaves = np.clip(shares + self.errors * rng.standard_normal(shares.shape), 0, 1)
            for mean in self.averaged:
                leaves[:, mean.unit, mean.leaf] = leaves[:, mean.peers, mean.leaf].mean(axis=1)
        if self.jitter:
            moves = rng.integers(
                -self.jitter, self.jitter, (m, 1, e.cutoffs.shape[1]), endpoint=True
            )
            limits = shifted(e, moves)
        return points, leaves, limits


def check_draws(draws: int, seed: int) -> None:
    """Refuse numbers of draws and seeds that are none."""
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise InputError(
                say(
                    zh="{name} 应为不小于{least}的整数，现为 {found}",
                    en="{name} must be a whole number of {least} or more, found {found}",
                    name=name,
                    least=least,
                    found=value,
                )
            )


def draws_of(
    result: Assessment,
    region: Region | None,
    draws: int,
    seed: int,
    errors: Any = None,
    jitter: float = 0.0,
) -> Draws:
    """What :func:`simulate` is asked to draw, checked."""
    check_draws(draws, seed)
    spread, moves = _checked(result, errors), int(to_ticks(real("jitter", jitter)))
    size = CHUNK if spread is None else int(np.clip(CELLS // max(spread.size, 1), 16, CHUNK))
    area = None if region is None else area_of(region, result)
    if area is not None:
        # refused now rather than in a worker; and what draws need is made ready once
        area.sample(1)
    if moves and result.engine.breaks:
        raise InputError(
            say(
                zh="等级按自然断点确定，分数线随得分而定，不能再随机移动（jitter）",
                en="grades go by natural breaks: their lines follow from the scores and cannot "
                "move at random (jitter)",
            )
        )
    averaged = () if spread is None else averaged_cells(result.scheme, result.table)
    return Draws(result.engine, area, spread, moves, draws, size, seed, averaged)


def standard_errors(result: Assessment) -> pd.DataFrame:
    """Standard errors of shares of full marks (n × d) from those of the raw data, the table's
    columns se:<leaf>.

    |share(x + se) − share(x − se)| / 2 by the leaf's own rule, so that nothing is in doubt beyond
    a cap; 0 where the table states none.

    Raises
    ------
    InputError
        The table states none at all, or one for a leaf whose marks depend on the other units or on
        a logarithm.
    """
    table, stated = result.table, np.nan_to_num(result.table.errors)
    if not table.measured:
        raise InputError(
            Complaint(
                say(
                    zh="没有标准误列（标准误：指标）",
                    en="no columns of standard errors (se:<leaf>)",
                ),
                table.name,
            )
        )
    found = np.zeros(stated.shape)
    for j in np.flatnonzero(stated.any(axis=0)).tolist():
        leaf = result.scheme.leaves[j]
        if leaf.leaf_rule.is_set_dependent or leaf.outliers is not None:
            text = say(
                zh="该指标的得分取决于其他考核对象或作了异常值处理，不能由原始数据的标准误推算",
                en="the marks of this indicator depend on the other units or on the treatment of "
                "outliers: no errors of the raw data can be carried over",
            )
            raise InputError(Complaint(text, table.name, column=f"se:{leaf.id}"))
        at = (table.status[:, j] == VALUE) & (stated[:, j] > 0)
        ends = [np.full(len(at), None, dtype=object) for _ in range(2)]
        for end, sign in zip(ends, (1, -1), strict=True):
            end[at] = table.raw[at, j].astype(float) + sign * stated[at, j]
        high, low = (shares_of(leaf, table, j, end) for end in ends)
        found[at, j] = np.abs(high - low)[at] / 2
    return pd.DataFrame(found, result.scores.index, result.points.index)


def _checked(result: Assessment, errors: Any) -> np.ndarray | None:
    """Standard errors of shares as (n, d), checked; 0 in cells that nobody measured (a status says
    why).

    A number, or one for each indicator, is meant for the measured cells; a table that states an
    error for another cell contradicts the data and is refused.
    """
    if errors is None:
        return None
    ids, units = result.points.index, result.scores.index
    measured = result.table.status == VALUE
    table = _stated(result, errors)
    values = table.reindex(index=units, columns=ids).fillna(0.0).to_numpy(float)
    if isinstance(errors, pd.DataFrame):
        _refuse_unmeasured(result, np.argwhere((values > 0) & ~measured))
    return np.where(measured, values, 0.0)


def _stated(result: Assessment, errors: Any) -> pd.DataFrame:
    """The argument `errors` as a table of numbers of 0 or more; each unit and indicator at most
    once."""
    ids, units = result.points.index, result.scores.index
    if isinstance(errors, str) and errors == "data":
        return standard_errors(result)
    if isinstance(errors, numbers.Real) and not isinstance(errors, bool):
        return pd.DataFrame(real("errors", errors), units, ids)
    if isinstance(errors, pd.DataFrame):
        names = [unit_of(unit, units) or unit for unit in errors.index]
        table = errors.set_axis(pd.Index(names, dtype=object, tupleize_cols=False))
        _check_names(table.columns, ids)
        _check_names(table.index, units)
        return _finite(table, list(table.index))
    if isinstance(errors, pd.Series | Mapping):
        columns = pd.Index(list(errors.keys()), dtype=object, tupleize_cols=False)
        _check_names(columns, ids)
        row = _finite(pd.DataFrame([[value for _, value in errors.items()]], columns=columns), None)
        return pd.DataFrame(np.repeat(row.to_numpy(), len(units), axis=0), units, columns)
    want = Text("数、按指标的数、表或“data”", 'a number, numbers by indicator, a table or "data"')
    raise InputError(unexpected(errors, want, "errors"))


def _check_names(names: pd.Index, known: pd.Index) -> None:
    """Refuse a name that is not known or occurs twice."""
    for name in names:
        if name not in known:
            hint = nearest(str(name), known)
            text = say(
                zh="标准误（errors）中没有“{name}”这一指标或考核对象{hint}",
                en="errors: no indicator or unit “{name}”{hint}",
                name=name,
                hint=hint,
            )
            raise InputError(text)
    for name in names[names.duplicated()]:
        text = say(
            zh="标准误（errors）中“{name}”不止一次出现，每个名称应只有一次",
            en="errors: “{name}” occurs more than once, expected each name once",
            name=name,
        )
        raise InputError(text)


def _finite(table: pd.DataFrame, units: list[str] | None) -> pd.DataFrame:
    """The table as floats; every cell that is no finite number of 0 or more is complained of."""
    values = np.empty(table.shape)
    for j in range(table.shape[1]):
        column = table.iloc[:, j]
        plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"
        values[:, j] = column if plain else [_number(value) for value in column]
    problems = Problems()
    for k, j in np.argwhere(~(np.isfinite(values) & (values >= 0))):
        unit = (
            same("") if units is None else say(zh="“{unit}”的", en=" for “{unit}”", unit=units[k])
        )
        found = clip(table.iat[k, j])
        text = say(
            zh="标准误（errors）中{unit}“{leaf}”为“{found}”，应为不小于0的有限数",
            en="errors: “{leaf}”{unit} is “{found}”, expected a finite number of 0 or more",
            unit=unit,
            leaf=table.columns[j],
            found=found,
        )
        problems.add(text)
    problems.stop()
    return pd.DataFrame(values, table.index, table.columns)


def _number(value: Any) -> float:
    """A cell as a float, NaN where it is no number: neither text nor True is one."""
    good = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return float(value) if good else np.nan


def _refuse_unmeasured(result: Assessment, cells: np.ndarray) -> None:
    """Complain of every cell (unit, leaf) for which an error is stated though it was not
    measured."""
    if len(cells):
        raise InputError(
            [
                Complaint(
                    say(
                        zh="“{unit}”的“{leaf}”为“{status}”，没有测量值，标准误应为0",
                        en="“{leaf}” of “{unit}” is “{status}” and was not measured: its standard "
                        "error must be 0",
                        unit=result.table.labels[k],
                        leaf=result.scheme.leaves[j].name,
                        status=STATUS_LABELS[result.table.status[k, j]],
                    ),
                    result.table.name,
                )
                for k, j in cells
            ]
        )
