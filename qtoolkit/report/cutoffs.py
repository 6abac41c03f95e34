"""Facts of grade cutoffs: near-misses, moving lines, decimals, bunching, quotas, errors, and lines
that could be chosen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit import cutoffs as grade_cutoffs
from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.cutoffs.debated import with_cutoffs
from qtoolkit.engine import to_ticks
from qtoolkit.engine.ties import SAME, foremost, in_order
from qtoolkit.errors import InputError
from qtoolkit.inputs.changes import quota_of
from qtoolkit.language import say
from qtoolkit.report import change_figures, changed, flagged, lines, rules, shared
from qtoolkit.report.blocks import Block
from qtoolkit.report.sections import Rows, Section, names_of, plain
from qtoolkit.report.wording import phrase

UNLIKELY = 0.05  # a chance below it is worth a sentence
TINY = 0.005  # points that two decimals print as 0.00
PECULIAR = ("rounding", "on_cutoff", "tie", "dead_cutoff", "hole", "few_scores")  # kinds of flags


def near_misses(
    result: Assessment, margins: pd.DataFrame, near_miss: float | None = None
) -> Sequence[Block]:
    """What the grades are, and the near-misses (within a hundredth of the total where no points are
    given) of what :func:`qtoolkit.cutoffs.margins` found: nearest first, where quotas or last
    places matter also with whom places would change."""
    within = shared.points_of(result, near_miss)
    near = shared.near_misses(margins, within)
    standard = rules.grades(result)
    facts = {"near": len(near), "score_format": shared.score_format(result)}
    tables = {"near_misses": Rows(_near_misses(result, near), range(len(near)))}
    return [
        *_standards(result, margins, within, len(near), bool(standard)),
        *standard,
        *Section("cutoffs/near_misses", names_of(result), facts, tables),
    ]


def _standards(
    result: Assessment, margins: pd.DataFrame, within: float, near: int, is_in_table: bool
) -> Section:
    """What the grades are, and how many near-misses there are."""
    facts = {
        "bands": None if is_in_table else shared.bands(result),
        "near": near,
        "within": within,
        "places": bool(result.engine.rivals),
        "held": _kept_off(result, margins, within),
        "moves": shared.moving(result),
    }
    return Section("cutoffs/standards", names_of(result), facts)


def _kept_off(result: Assessment, table: pd.DataFrame, within: float) -> list[dict[str, Any]]:
    """Units at or close to a line whom only places keep from the grade: how much they really lack,
    and whom they must pass."""
    by_places = table["below_by"].isin([grade_cutoffs.QUOTA, grade_cutoffs.LAST])
    at_line, reaches = table["to_line"] <= within, table["below"] <= within
    names = result.grade_names  # worst first
    above = [names[min(names.index(grade) + 1, len(names) - 1)] for grade in table["grade"]]
    has_line = np.array([result.scheme.grade(id).has_line for id in above], dtype=bool)
    held = table[by_places & at_line & ~reaches & has_line]
    held = held.sort_values("to_line", kind="stable", key=to_ticks)
    return [
        {
            "unit": unit,
            "towards": names[names.index(row["grade"]) + 1],
            "to_line": row["to_line"],
            "lacks": row["below"],
            "rivals": row["below_rivals"],
        }
        for unit, row in held.iterrows()
    ]


def decimals(result: Assessment, readings: pd.DataFrame) -> Section:
    """The reading of decimals, ties, holes and dead cutoffs, the first few of each; in the annex,
    holes in which no unit lies and units whose grade depends on how decimals are read, as
    :func:`qtoolkit.cutoffs.rounding_audit` found it."""
    flags = result.flags
    empty_hole = (flags["kind"] == "hole") & flags["unit"].isna()
    peculiar = flags[flags["kind"].isin(PECULIAR) & ~empty_hole]
    runs = itertools.groupby(zip(peculiar["kind"], peculiar["text"], strict=True), lambda f: f[0])
    differ = readings[readings.astype(object).nunique(axis=1) > 1]
    facts = {
        "rounding": changed.whole_points(result),
        "peculiar": [row for _, run in runs for row in flagged.few(text for _, text in run)],
        "empty_holes": flags.loc[empty_hole, "text"],
        "differ": len(differ),
    }
    tables = {"rounding_audit": differ.rename_axis("unit")}
    return Section("cutoffs/decimals", names_of(result), facts, tables)


def _near_misses(result: Assessment, near: pd.DataFrame) -> pd.DataFrame:
    """The table of near-misses; its distances with a code for those that print would show as
    none."""
    table = near[["score", "grade", "next", "by", "rivals"]].rename_axis("unit")
    away = [_standing(points) for points in near["nearest"]]
    table["nearest"] = pd.Series(away, near.index, dtype=object)
    table["rivals"] = [list(units) or None for units in near["rivals"]]
    if not result.engine.rivals:
        table = table.drop(columns=["by", "rivals"])
    return table.assign(**shared.classes(result, near.index))


def _standing(points: float) -> float | str:
    """How far a unit is from its line: a code where it stands on it, or so close that print would
    say 0.00."""
    if points <= SAME:
        return "on_line"
    return "nearly" if points < TINY else points


def moving(
    result: Assessment,
    swept: grade_cutoffs.Sweep,
    alone: pd.DataFrame,
    certain: pd.DataFrame,
) -> Section:
    """Who changes grade as cutoffs move, and how many grades stay certain while points move too, as
    :func:`qtoolkit.cutoffs.sweep`, :func:`qtoolkit.robustness.cutoff_intervals` and
    :func:`qtoolkit.robustness.tolerance_map` found it. Of the map the sentence tells the band and
    the shift before the last."""
    names = names_of(result)
    tops = result.scheme.grades[:-1]
    if not any(grade.has_line for grade in tops):
        return Section("cutoffs/moving", names, {"alone": [], "lineless": bool(tops)})
    _check_map(certain)
    flips = _outwards(swept.flips)
    form = shared.signed(result)
    facts = {
        "lineless": False,
        "alone": lines.single(result, alone)[["grade", "group", "low", "high", "next_high"]],
        "reach": swept.steps["high"].max(),
        "first_up": _first(swept, 1),
        "first_down": _first(swept, -1),
        "shift_format": form,
        "cutoff_format": form[1:],
        "units": len(result.scores),
        "shift": certain.columns[-2],
        "band": 100 * certain.index[-2],
        "by_lines": certain.iloc[0, -2],
        "by_points": certain.iloc[-2, 0],
        "by_both": certain.iloc[-2, -2],
    }
    order = in_order(flips["shift"].abs(), falling=False)
    tables = {
        "cutoff_flips": Rows(_flips(result, flips), order),
        "certainty_map": certain.set_axis([f"shift:{x:g}" for x in certain.columns], axis=1),
    }
    return Section("cutoffs/moving", names, facts, tables, _pictures(result, swept, certain))


def _check_map(certain: pd.DataFrame) -> None:
    """Refuse bands and shifts among which the present points, or cutoffs, are missing."""
    if min(certain.shape) < 2 or certain.index[0] != 0 or certain.columns[0] != 0:
        raise InputError(
            say(
                zh="浮动幅度和移动分数各至少两个，第一个应为0（现行分值、现行分数线）",
                en="at least two bands and two shifts are needed, the first of each 0 (the present "
                "points and cutoffs)",
            )
        )


def _pictures(
    result: Assessment, swept: grade_cutoffs.Sweep, certain: pd.DataFrame
) -> dict[str, Callable[[str], Any]]:
    """The figures of moving cutoffs: one line after the other, and together with the points."""
    by_class = any(grade.class_cutoffs for grade in result.scheme.grades)
    kind, names = "line_of_classes" if by_class else "line_moved", names_of(result)
    panels = {line: phrase(kind, names, line) for line in swept.steps["line"].unique()}
    bands = [phrase("points_within", {}, band).zh for band in certain.index]
    marks = [f"±{shift:g}" for shift in certain.columns]
    titles = phrase("certainty_axis", {}, "points"), phrase("certainty_axis", {}, "cutoffs")
    return {
        "cutoff_sweep": lambda language: change_figures.sweep(result, swept, panels, language),
        "certainty_map": lambda language: change_figures.joint_map(
            certain, bands, marks, titles, language
        ),
    }


def _flips(result: Assessment, flips: pd.DataFrame) -> pd.DataFrame:
    """The table of changes: which cutoff moves, which way, how far ("on_line" where a unit stands
    on it), and where the cutoff then is, that of the class of the unit that changes; None where all
    move."""
    classes = dict(zip(result.scores.index, classes_of(result.table), strict=True))
    places = zip(flips["line"], flips["unit"], flips["shift"], strict=True)
    reached = [
        None
        if line == grade_cutoffs.ALL
        else result.scheme.grade(line).cutoff_of(classes[unit]) + shift
        for line, unit, shift in places
    ]
    shifts = ["on_line" if abs(shift) <= SAME else shift for shift in flips["shift"]]
    return flips.assign(
        way=np.where(flips["shift"] >= 0, "up", "down"),
        shift=pd.Series(shifts, flips.index, dtype=object),
        points=flips["shift"],
        cutoff=reached,
        **shared.classes(result, flips["unit"]),
    )


def _outwards(flips: pd.DataFrame) -> pd.DataFrame:
    """Changes as a reader meets them who moves a cutoff away from where it is: for each cutoff
    those on the way up, then those on the way down, `before` being the grade nearer the present
    cutoff and `after` the one further from it."""
    up = flips["shift"] >= 0
    falling = flips[~up].rename(columns={"before": "after", "after": "before"})[::-1]
    parts = [
        part[part["line"] == line]
        for line in flips["line"].unique()
        for part in (flips[up], falling)
    ]
    return pd.concat(parts) if parts else flips


def _first(swept: grade_cutoffs.Sweep, side: int) -> dict[str, Any] | None:
    """Who changes first as all cutoffs move up (1) or down (−1), by how much, and from which grade
    to which; None where nobody does."""
    together = swept.flips[swept.flips["line"] == grade_cutoffs.ALL]
    rising = together["shift"] >= 0
    flips = together[rising if side > 0 else ~rising]
    if flips.empty:
        return None
    shift = flips["shift"].min() if side > 0 else flips["shift"].max()
    grades = ("before", "after") if side > 0 else ("after", "before")
    first = flips.loc[flips["shift"] == shift, ["unit", *grades]]
    return {"by": abs(shift), "moves": first.set_axis(["unit", "old", "new"], axis=1)}


def gathering(
    result: Assessment, bunch: pd.DataFrame, breaks: grade_cutoffs.Breaks, width: float
) -> Section:
    """Scores that gather within `width` points just above a cutoff, see
    :func:`qtoolkit.cutoffs.bunching`; and where the scores themselves break, see
    :func:`qtoolkit.cutoffs.natural_breaks`, where they make as many groups as there are grades."""
    bunch = bunch.rename_axis("grade")
    facts = {
        "odd": bunch.loc[bunch["p"] < UNLIKELY, ["above", "below", "p"]],
        "width": width,
        "lined": result.scheme.grades[0].by != "breaks",
        "breaks": None,
    }
    if result.scheme.by_breaks:
        return Section("cutoffs/gathering", names_of(result), facts)
    if 1 < len(breaks.least) == len(result.scheme.grades):
        sizes = [(breaks.groups == group).sum() for group in breaks.least.index]
        facts["breaks"] = {"marks": breaks.least.iloc[:-1], "sizes": sizes}
    return Section("cutoffs/gathering", names_of(result), facts)


def quotas(result: Assessment, audit: pd.DataFrame) -> Sequence[Block]:
    """What quotas do beside the cutoffs, as :func:`qtoolkit.cutoffs.quota_audit` found it; nothing
    where the scheme has none."""
    if not any(not (step.last or step.sets) for step in result.engine.rivals):
        return []
    differ = audit[audit.astype(object).nunique(axis=1) > 1].rename_axis("unit")
    facts = {
        "absolute": changed.changes(result, audit["absolute"]),
        "quota": changed.changes(result, audit["quota"]),
        "differ": len(differ),
    }
    return Section("cutoffs/quotas", names_of(result), facts, {"quota_audit": differ})


def readings(result: Assessment, both: pd.DataFrame, leaving: pd.DataFrame) -> Sequence[Block]:
    """Grades by cutoffs alone beside grades with quotas, and who moves up where a unit leaves its
    grade, as :func:`qtoolkit.cutoffs.two_readings` and :func:`qtoolkit.cutoffs.successors` found
    them; nothing where grades do not depend on one another."""
    if not result.engine.rivals:
        return []
    differ = both[both["by_line"] != both["by_quota"]].rename_axis("unit")
    by_line, by_veto = (
        both.index[both["set_by"] == cause] for cause in (grade_cutoffs.LINE, grade_cutoffs.VETO)
    )
    facts = {
        "compared": any(not step.sets for step in result.engine.rivals),
        "units": len(both),
        "agree": len(both) - len(differ),
        "by_line": len(by_line),
        "by_veto": by_veto,
        "causes": [
            {"set_by": cause, "units": units.index}
            for cause, units in differ.groupby("set_by", sort=False)
        ],
        "score_format": shared.score_format(result),
    }
    order = in_order(differ["lacks"].to_numpy(), falling=False)
    shown = differ.assign(**shared.classes(result, differ.index))
    tables = {"two_readings": Rows(shown, order)}
    has_quota = any(not step.last for step in result.engine.rivals)
    told, table = _leaving(result, leaving if has_quota else leaving[:0])
    return Section("cutoffs/readings", names_of(result), facts | told, tables | table)


def _leaving(result: Assessment, leaving: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Rows]]:
    """What is told of units that leave their grade, and the table of them, a row each."""
    if leaving.empty:
        return {"holders": 0}, {}
    vetoed, approved, rejudged = (
        leaving[leaving["event"] == event] for event in ("vetoed", "approved", "rejudged")
    )
    units = list(vetoed["unit"])
    is_lowered = result.approved.cat.codes < result.grades.cat.codes
    first = foremost(rejudged["loss"].to_numpy(), falling=False)
    told = {
        "holders": len(units),
        "anybody": any(any(map(len, leaving[name])) for name in ("successors", "next", "tied")),
        "grade": result.grades[units[0]],
        "vetoes": [f"veto:{id}" for id in vetoed["veto"].dropna().unique()],
        "vetoed": _together(vetoed, ("who", "why", "tied", "next", "beyond")),
        "nexts": [row for row in _together(approved, ("next",)) if row["next"]],
        "lowered": [unit for unit in units if is_lowered[unit]],
        "nearest": [_moved_up(row) for _, row in rejudged.iloc[first].iterrows()],
    }
    table = pd.DataFrame(
        {
            "unit": units,
            **shared.classes(result, units),
            "score": result.scores[units].to_numpy(),
            "vetoed": [_moved_up(row) for _, row in vetoed.iterrows()],
            "next": [list(found) for found in approved["next"]],
            "loss": rejudged["loss"].to_numpy(),
            "rejudged": [_moved_up(row) for _, row in rejudged.iterrows()],
        }
    )
    return told, {"successors": Rows(table, in_order(table["loss"].to_numpy(), falling=False))}


def _moved_up(row: pd.Series) -> dict[str, Any]:
    """An event of :func:`qtoolkit.cutoffs.successors` for the phrase `moving_up`."""
    rising = zip(row["successors"], row["before"], row["after"], strict=True)
    who = [{"unit": unit, "old": old, "new": new} for unit, old, new in rising]
    kept = row[["unit", "loss", "beyond", "by", "why", "tied", "next"]].to_dict()
    return plain(kept | {"who": who})


def _together(rows: pd.DataFrame, alike: Sequence[str]) -> list[dict[str, Any]]:
    """Units to which the same happens: rows of units and what is `alike`."""
    found: list[dict[str, Any]] = []
    for _, row in rows.iterrows():
        moved = _moved_up(row)
        what = {name: moved[name] for name in alike}
        same = next(
            (other for other in found if {**other, "units": 0} == {**what, "units": 0}), None
        )
        if same is None:
            found.append(what | {"units": [moved["unit"]]})
        else:
            same["units"].append(moved["unit"])
    return found


def places(result: Assessment, swept: Sequence[grade_cutoffs.Sweep]) -> Sequence[Block]:
    """Who has which grade with how many places, as :func:`qtoolkit.cutoffs.sweep` found it for each
    of some quotas; nothing where there are none. The sentence tells what one place fewer, and one
    more, would change."""
    if not swept:
        return []
    around = [_around(result, each) for each in swept]
    parts = [_numbers(result, *pair) for pair in zip(swept, around, strict=True)]
    away = np.concatenate([part["away"] for part in parts])
    table = pd.concat([part.drop(columns="away") for part in parts], ignore_index=True)
    tables = {"quota_places": Rows(table, in_order(away, falling=False))}
    return Section("cutoffs/places", names_of(result), {"quotas": around}, tables)


def _around(result: Assessment, swept: grade_cutoffs.Sweep) -> dict[str, Any]:
    """The places that a grade has now (None where it has no quota, or classes have different
    numbers), and whose grade one fewer and one more would change."""
    grade = quota_of(swept.steps["line"].iloc[0])
    code = result.grade_names.index(grade)
    steps = [s for s in result.engine.rivals if s.grade == code and not s.last]
    numbers = {step.most for step in steps}
    now = numbers.pop() if len(numbers) == 1 else None
    flips = swept.flips
    return {
        "grade": grade,
        "limited": bool(steps),
        "by_class": result.scheme.grade(grade).within == "class",
        "now": now,
        "fewer": None if not now else _moves(flips[flips["shift"] == now - 1], "after", "before"),
        "more": None if now is None else _moves(flips[flips["shift"] == now], "before", "after"),
    }


def _moves(flips: pd.DataFrame, old: str, new: str) -> list[dict[str, Any]]:
    """Changes of grade, for the phrase `grade_changes`."""
    moves = flips[["unit", old, new]].set_axis(["unit", "old", "new"], axis=1)
    return moves.to_dict("records")


def _numbers(
    result: Assessment, swept: grade_cutoffs.Sweep, around: dict[str, Any]
) -> pd.DataFrame:
    """The table of numbers of places; `away` is how far they are from the present one."""
    steps, flips = swept.steps, swept.flips
    names = {grade.id: f"n:{grade.id}" for grade in result.scheme.grades}
    table = steps[[*names, "changed"]].rename(columns=names)
    spans = zip(steps["low"], steps["high"], strict=True)
    entered = [_moves(flips[flips["shift"] == low - 1], "before", "after") for low in steps["low"]]
    now = around["now"] or 0
    return table.assign(
        quota=around["grade"],
        places=[f"{low}" if low == high else f"{low}–{high}" for low, high in spans],
        entered=pd.Series([moves or None for moves in entered], steps.index, dtype=object),
        away=(steps["low"] - now).clip(lower=0) + (now - steps["high"]).clip(lower=0),
    )


def errors(
    result: Assessment,
    misgraded: grade_cutoffs.Misgrading | None,
    source: str | None,
    seed: int = 0,
) -> Sequence[Block]:
    """Chances of another grade by errors of measurement, as :func:`qtoolkit.cutoffs.misgrading`
    found them: only where their size is stated (else None) with its source. With quotas or last
    places they are frequencies in standings graded anew (of `seed`), with the digits that these
    support."""
    if misgraded is None:
        return []
    if not (isinstance(source, str) and source.strip()):
        raise InputError(
            say(
                zh="给出标准误 se 时，须写明其来源（se_source）",
                en="a standard error (se) needs its source (se_source)",
            )
        )
    table = misgraded.table.loc[result.ranks.sort_values(kind="stable").index]
    most = misgraded.error(0.5)
    facts = {
        "source": shared.both(source),
        "again": misgraded.reliability is None,
        "draws": misgraded.draws,
        "seed": seed,
        "accuracy": _chance(misgraded.accuracy, misgraded.accuracy_error),
        "consistency": _chance(misgraded.consistency, misgraded.consistency_error),
        "kappa": misgraded.kappa,
        "limit": 1 - UNLIKELY,
        "unsure": table.index[table["stands"] < 1 - UNLIKELY],
        "most": most,
        "chance_format": shared.percent(most),
        "note": misgraded.note,
    }
    shown = table.rename(columns={grade.id: f"p:{grade.id}" for grade in result.scheme.grades})
    tables = {"misgrading": shown.rename_axis("unit")}
    return Section("cutoffs/errors", names_of(result), facts, tables)


def _chance(share: float, error: float) -> dict[str, Any]:
    """A chance, or a frequency with its error, and the format for it."""
    return {"share": share, "error": error, "format": shared.percent(error)}


def options(
    result: Assessment, grid: grade_cutoffs.Grid, found: grade_cutoffs.Options | None
) -> Sequence[Block]:
    """Cutoffs near the official ones that fewer units are likely to cross, as
    :func:`qtoolkit.cutoffs.optimise` found them: an option with its consequences. None where the
    `grid` (:func:`qtoolkit.cutoffs.grid`) is more than can be compared; nothing where there is
    nothing to choose."""
    facts = {"units": len(result.scores), "indicators": len(result.points)}
    if found is None:
        if grid.table.empty or grid.affordable:
            return []
        facts |= {"refused": grid.combinations, "draws": grid.draws}
        return Section("cutoffs/options", {}, facts)
    table, cutoffs = found.table, found.cutoffs.rename_axis("grade")
    facts |= {
        "refused": None,
        "draws": found.draws,
        "window": found.window,
        "step": found.step,
        "band": None if found.band is None else 100 * found.band,
        "best_already": (table.loc["official"] == table.loc["found"]).all(),
        "chosen": _chosen(result, found),
        "by_class": any(grade.class_cutoffs for grade in result.scheme.grades),
        "now": table.loc["official", "leave"],
        "best": table.loc["found", "leave"],
        "moved": changed.changes(result, found.grades),
    }
    shown = table.rename(columns={id: f"c:{id}" for id in cutoffs.index}).rename_axis("row")
    return Section("cutoffs/options", names_of(result), facts, {"cutoff_options": shown})


def _chosen(result: Assessment, found: grade_cutoffs.Options) -> list[dict[str, Any]]:
    """The cutoffs found: rows of grade and cutoff, as :func:`qtoolkit.report.shared.cutoff` has
    it."""
    scheme = with_cutoffs(result.scheme, found.cutoffs.to_dict())
    return [
        {"grade": id, "cutoff": shared.cutoff(result, scheme.grade(id))}
        for id in found.cutoffs.index
    ]


def methods() -> Section:
    """Annex: how cutoffs were tested."""
    return Section("cutoffs/methods", {})
