"""Many settings of one assessment: points, cutoffs and choices of method, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from qtoolkit.assessment.build import build, cutoffs_of
from qtoolkit.engine import core
from qtoolkit.engine.chunks import Chunks
from qtoolkit.engine.core import rank
from qtoolkit.errors import InputError
from qtoolkit.inputs.changes import AS_IS, by_ids, change, check_keys, touches_points
from qtoolkit.inputs.spread import heirs, without
from qtoolkit.language import Text, say
from qtoolkit.lines import LinesSaid, marked

ROWS = 512  # settings that are scored at a time


@dataclass(frozen=True)
class Graded:
    """Some settings, m × n units: published scores in ticks, competition ranks, grades (0 the
    worst)."""

    scores: np.ndarray
    ranks: np.ndarray
    grades: np.ndarray


Output = Callable[[Graded], np.ndarray]


@dataclass(frozen=True)
class _Batch:
    """Settings that share an engine: rows of the frame, their points (m, d), the cutoffs of each
    (codes into `limits`); `own_lines`: they go by the lines of the engine itself."""

    engine: core.Engine
    rows: np.ndarray
    points: np.ndarray
    limits: np.ndarray
    which: np.ndarray
    own_lines: bool


def settings(
    case: Any, frame: Any, outputs: Mapping[str, Output], executor: Executor | None = None
) -> Any:
    """Score, rank and grade a case under many settings.

    Rows that differ only in points or cutoffs share one engine; where they differ in more, a leaf
    is computed again only if its own rule or treatment changes.

    Parameters
    ----------
    case
        Anything with a `scheme` and a `table`: a case or an assessment, whose lines stay held where
        they are.
    frame : DataFrame
        One row a setting, the columns as keys of :func:`qtoolkit.inputs.changes.change`. NaN, or
        "scheme", leaves a choice as it is; None in a column of objects takes a quota away. The
        column `points` also takes the points of all leaves as an array (d,).
    outputs : mapping of name to function
        Each takes a :class:`Graded` of m settings and returns an array (m,), or (m, n) for a value
        a unit. To be sent to other processes, functions of a module.
    executor : concurrent.futures.Executor, optional

    Returns
    -------
    DataFrame, indexed as `frame`
        A column an output (of an output a unit: <output>:<unit>), NaN where the setting failed, and
        `failed`: why, a text in both languages, or None. `attrs["lines"]` says how lines that
        follow from the scores go, see :mod:`qtoolkit.lines`.

    Raises
    ------
    InputError
        A key that does not exist. A combination that the scheme or the data do not allow is a
        failed row instead.
    """
    frame = frame.rename(columns=check_keys(case.scheme, frame.columns))
    rows = [
        {key: value for key, value in row.items() if not _as_is(value)} for row in _records(frame)
    ]
    failed: list[Text | None] = [None] * len(rows)
    batches = _batches(case, rows, failed)
    parts = Chunks(partial(_graded, tuple(outputs.values())), batches, executor)
    columns: dict[str, np.ndarray] = {}
    for batch, values in zip(batches, parts, strict=True):
        for name, value in zip(outputs, values, strict=True):
            named = (
                {name: value}
                if value.ndim == 1
                else {f"{name}:{u}": value[:, k] for k, u in enumerate(case.table.units)}
            )
            for column, part in named.items():
                columns.setdefault(column, np.full(len(rows), np.nan))[batch.rows] = part
    columns = columns or {name: np.full(len(rows), np.nan) for name in outputs}
    found = type(frame)(columns | {"failed": np.array(failed, dtype=object)}, index=frame.index)
    moving: LinesSaid | None = "move" if case.scheme.sets_lines_by_data else None
    return marked(found, "held" if _lines_are_held(case) else moving)


def _lines_are_held(case: Any) -> bool:
    """Whether this is an assessment that holds the lines of another; a case is none."""
    return getattr(case, "origin", None) is not None


def _records(frame: Any) -> list[dict[str, Any]]:
    """A mapping a row: empty ones for a frame without columns, where pandas 3.0.0 gives none."""
    return frame.to_dict("records") if len(frame.columns) else [{} for _ in frame.index]


def _as_is(value: Any) -> bool:
    return (isinstance(value, str) and value == AS_IS) or (
        isinstance(value, float) and np.isnan(value)
    )


def _batches(case: Any, rows: list[dict[str, Any]], failed: list[Text | None]) -> list[_Batch]:
    """Settings by engine, ROWS at a time; those that fail are noted."""
    kept: dict[Any, Any] = {}
    groups: dict[Any, list[tuple[int, Any, np.ndarray]]] = {}
    engines: dict[str, core.Engine] = {}
    for i, row in enumerate(rows):
        method = {
            key: value
            for key, value in row.items()
            if not touches_points(key) and key.partition(".")[0] != "cutoffs"
        }
        lines = {key: value for key, value in row.items() if key.partition(".")[0] == "cutoffs"}
        if _lines_are_held(case):  # its engine holds its cutoffs
            method |= lines
        name = repr(sorted(method.items()))
        try:
            engines[name] = _remember(
                kept,
                ("engine", name),
                partial(_engine, case, method, kept),
            )
            points = _points_of(case.scheme, row, kept)
            limits = _remember(
                kept,
                ("limits", repr(sorted(lines.items()))),
                partial(_limits, case, lines),
            )
        except InputError as error:
            failed[i] = error.complaints[0].text
            continue
        groups.setdefault(name, []).append((i, limits, points))
    own_lines = _lines_are_held(case)
    return [
        batch for name, group in groups.items() for batch in _cut(engines[name], group, own_lines)
    ]


def _engine(case: Any, method: Mapping[str, Any], kept: dict[Any, Any]) -> core.Engine:
    if _lines_are_held(case):
        return case.change(method).engine
    return build(change(case.scheme, method), case.table, kept)


def _limits(case: Any, lines: Mapping[str, Any]) -> np.ndarray:
    return cutoffs_of(change(case.scheme, lines), case.table)


def _remember(kept: dict[Any, Any], name: Any, make: Callable[[], Any]) -> Any:
    """What was made under a name, or the error that making it raised."""
    if name not in kept:
        try:
            kept[name] = make()
        except InputError as error:
            kept[name] = error
    if isinstance(kept[name], InputError):
        raise kept[name]
    return kept[name]


def _points_of(scheme: Any, row: Mapping[str, Any], kept: dict[Any, Any]) -> np.ndarray:
    """The points of all leaves, (d,)."""
    own = {key: value for key, value in row.items() if touches_points(key)}
    given = own.get("points")
    if not isinstance(given, np.ndarray):
        name = "points", repr(sorted(own.items()))
        return _remember(
            kept, name, lambda: np.array([leaf.points for leaf in change(scheme, own).leaves])
        )
    d = _remember(kept, "leaves", lambda: len(scheme.leaves))
    if given.shape != (d,):
        raise InputError(
            say(
                zh="points 应为各指标的分值，共{n}个",
                en="points must be those of all {n} indicators",
                n=d,
            )
        )
    if set(own) - {"points", "drop"}:
        raise InputError(
            say(
                zh="points 给出全部分值时，不能再改单项分值",
                en="with the points of all indicators given, no single points can be changed",
            )
        )
    drop = own.get("drop")
    if drop is None:
        return given
    leaves = _remember(kept, ("heirs", drop), partial(_heirs, scheme, drop))
    return without(given.astype(float), *leaves)


def _heirs(scheme: Any, drop: str) -> tuple[np.ndarray, np.ndarray]:
    return heirs(scheme, scheme.indicator(by_ids(scheme, {"drop": drop})["drop"]))


def _cut(
    engine: core.Engine, group: list[tuple[int, np.ndarray, np.ndarray]], own_lines: bool
) -> list[_Batch]:
    batches = []
    for start in range(0, len(group), ROWS):
        part = group[start : start + ROWS]
        distinct = {id(limits): limits for _, limits, _ in part}
        codes = {name: k for k, name in enumerate(distinct)}
        which = np.array([codes[id(limits)] for _, limits, _ in part])
        points = np.stack([points for *_, points in part])
        batches.append(
            _Batch(
                engine,
                np.array([i for i, *_ in part]),
                points,
                np.stack(list(distinct.values())),
                which,
                own_lines or bool(engine.breaks),
            )
        )
    return batches


def _graded(outputs: tuple[Output, ...], batch: _Batch) -> list[np.ndarray]:
    """The outputs of one batch."""
    e = batch.engine
    base = core.score(e, batch.points)
    own = None
    if not batch.own_lines:
        own = core.thresholds(e, batch.limits, core.highest_base(e))[batch.which]
    scores = core.finish(e, base)
    key = base if e.rank_on_base else scores
    graded = Graded(scores, rank(key), core.grade(e, base, own, key))
    return [np.asarray(output(graded), dtype=float) for output in outputs]
