"""Facts of rival drafts side by side (备选方案比选): who is graded how under each, what each
changes, and why a grade differs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.comparison import Matching, match
from qtoolkit.drafts import OF_SCHEME, POINTS, RULE, SCHEME, Drafts
from qtoolkit.engine.ties import SAME, in_order
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.report import change_figures, choosing, reasons, shared
from qtoolkit.report.blocks import Block
from qtoolkit.report.rules import scoring
from qtoolkit.report.sections import Rows, Section, names_of

TOLD = 12  # units whose sentences are told, of too many
MOST = 2  # indicators that a sentence names
SHOWN = 0.005  # points: what two decimals show
WHOLE = 12  # units of which the body has every one; of more those that differ
LINES = ("total", "by", "cutoff", "quota", "ties", "within", "last", "rounding", "order", "rank_on")
"""What of a change is said by itself, as `line_changes` says it."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Sides:
    """The scheme and one draft, as :mod:`qtoolkit.report.reasons` takes the two sides of a
    difference."""

    before: Assessment
    after: Assessment

    @property
    def units(self) -> pd.Index:
        return self.after.scores.index

    @cached_property
    def matching(self) -> Matching:
        tables = (self.before.table, self.after.table)
        return match(self.before.scheme, self.after.scheme, tables)


def drafts(found: Drafts | None) -> Sequence[Block]:
    """The drafts beside the scheme; nothing where there are none."""
    if found is None:
        return []
    result = found.results[SCHEME]
    pairs = {name: Sides(result, found.results[name]) for name in found.names}
    differing = found.differing
    counts = _counts(found)
    shown = found.grades.index if len(found.grades) <= WHOLE else differing
    told = list(_told(found, pairs))
    facts = {
        "drafts": found.names,
        "count": len(found.grades),
        "differing": differing,
        "changes": [_changes(found, name, pairs[name]) for name in found.names],
        "told": told[:TOLD],
        "untold": max(len(told) - TOLD, 0),
        "band": found.band,
        "near_miss": found.near_miss,
        "listed": len(shown),
        "drawn": len(_drawn(found)),
    }
    tables: dict[str, Any] = {
        "draft_counts": counts,
        "draft_grades": Rows(_graded(found).loc[shown].rename_axis("unit")),
        "draft_changes": _revised(found),
        "draft_scores": Rows(_scores(found), in_order(choosing.to_cutoff(result), falling=False)),
    }
    charts = {"drafts": lambda language: change_figures.drafts(found, _drawn(found), language)}
    return Section("drafts/drafts", _names(found), facts, tables, charts)


def _names(found: Drafts) -> dict[str, Any]:
    """What ids stand for, those of indicators that only drafts have among them."""
    results = list(found.results.values())
    leaves = {node.id: node.name for each in reversed(results) for node in each.scheme.nodes}
    vetoes = {f"veto:{veto.id}": veto.name for each in results for veto in each.scheme.vetoes}
    return names_of(results[0]) | {
        "leaf": leaves.__getitem__,
        "veto": vetoes.__getitem__,
        "draft": found.labels.__getitem__,
    }


def _counts(found: Drafts) -> pd.DataFrame:
    """A row a scheme: units of each grade, near-misses, proven grades, tolerance, distances."""
    table = found.table.rename_axis("draft").reset_index()
    away = ["from_last", "steps_from_last"]
    if table[away].isna().all(axis=None):
        table = table.drop(columns=away)
    least = table["least"].where(np.isfinite(table["least"]))
    return table.assign(least=least, near_units=[list(found.near[name]) for name in found.results])


def _graded(found: Drafts) -> pd.DataFrame:
    """Grades by unit, each with whether it is better (1), worse (−1) than by the scheme, or as
    there (0)."""
    codes = {grade: k for k, grade in enumerate(found.results[SCHEME].grade_names)}
    places = found.grades.map(codes.__getitem__)
    return pd.DataFrame(
        {
            f"draft:{name}": [
                {"grade": grade, "move": int(np.sign(place - base))}
                for grade, place, base in zip(
                    found.grades[name], places[name], places[SCHEME], strict=True
                )
            ]
            for name in found.grades
        },
        index=found.grades.index,
    )


def _scores(found: Drafts) -> pd.DataFrame:
    """Scores and places by unit and draft, in the order of the scheme's ranks."""
    order = found.ranks[SCHEME].sort_values(kind="stable").index
    columns = {}
    for name in found.grades:
        columns[f"score:{name}"] = found.scores.loc[order, name]
        columns[f"rank:{name}"] = found.ranks.loc[order, name]
        columns[f"grade:{name}"] = found.grades.loc[order, name]
    return pd.DataFrame(columns, index=order).rename_axis("unit")


def _drawn(found: Drafts) -> pd.Index:
    """The units of the figure: all, or of many those whose grades differ, the first of them."""
    if len(found.grades) <= choosing.BARS:
        return found.grades.index
    return found.differing[: choosing.CHOSEN]


def _changes(found: Drafts, name: str, pair: Sides) -> Row:
    """What a draft changes, in short: the first level's points where they differ, how many
    indicators have other points and other rules, which are new or dropped, its lines, and how much
    else there is."""
    changed = list(found.changes.index[found.changes[name]])
    ours, theirs = ([leaf.id for leaf in each.scheme.leaves] for each in (pair.before, pair.after))
    areas = [node.id for node in pair.before.scheme.indicators if node.id not in ours]
    points, rules = ([id for kind, id in changed if kind == what] for what in (POINTS, RULE))
    return {
        "draft": name,
        "areas": [_points(pair, id) for id in _among(points, areas)],
        "points": _among(points, ours, theirs),
        "rules": _among(rules, ours, theirs),
        "fresh": _apart(theirs, ours),
        "dropped": _apart(ours, theirs),
        "lines": reasons.line_changes(pair),
        "more": [kind for kind, _ in changed if kind in OF_SCHEME and kind not in LINES],
        "differing": int(found.table.loc[name, "changed"]),
    }


def _among(ids: Sequence[str], *groups: Collection[str]) -> list[str]:
    """Those ids that all groups have."""
    return [id for id in ids if all(id in group for group in groups)]


def _apart(ids: Sequence[str], group: Collection[str]) -> list[str]:
    """Those ids that a group has not."""
    return [id for id in ids if id not in group]


def _points(pair: Sides, id: str) -> Row:
    """An indicator's points by the scheme and by a draft, None where that has it not."""
    points = [
        next((node.full_points for node in each.scheme.nodes if node.id == id), None)
        for each in (pair.before, pair.after)
    ]
    return {"leaf": id, "before": points[0], "after": points[1]}


def _told(found: Drafts, pairs: dict[str, Sides]) -> Iterator[Row]:
    """For each unit and draft of another grade: from what to what, and the causes."""
    for unit in found.differing:
        for name, pair in pairs.items():
            rows = found.causes[(found.causes["unit"] == unit) & (found.causes["draft"] == name)]
            if not len(rows):
                continue
            moved = _moved(pair, unit)
            yield {
                "unit": unit,
                "draft": name,
                "before": rows["before"].iloc[0],
                "after": rows["after"].iloc[0],
                "causes": [_cause(pair, group, moved) for group in reasons.said_together(rows)],
                "score_before": float(pair.before.scores[unit]),
                "score_after": float(pair.after.scores[unit]),
            }


def _moved(pair: Sides, unit: str) -> pd.DataFrame:
    """By indicator of both: before, after (its points), share (得分率 under the draft) and points,
    what it does to the unit's score, in points of the draft's total: the change of what it brings,
    less the change of its points times the unit's share of the total under the scheme. Where the
    indicators are the same these add up to the change of the base score, since the changes of
    points add up to nothing; points that go to where the unit does better than it does in all
    raise it."""
    ratio = pair.after.scheme.total / pair.before.scheme.total
    both = [id for id in pair.after.points.index if id in pair.before.points.index]
    brought, points = (
        [values[0][both] * ratio, values[1][both]]
        for values in (
            [each.contributions.loc[unit] for each in (pair.before, pair.after)],
            [each.points for each in (pair.before, pair.after)],
        )
    )
    overall = pair.before.contributions.loc[unit].sum() / pair.before.scheme.total
    moved = (brought[1] - brought[0]) - (points[1] - points[0]) * overall
    return pd.DataFrame(
        {
            "before": pair.before.points[both],
            "after": pair.after.points[both],
            "share": pair.after.matrix.loc[unit, both],
            "points": moved,
        }
    )


def _cause(pair: Sides, rows: pd.DataFrame, moved: pd.DataFrame) -> Row:
    """One cause: which (`because`), what of the lines changed, which indicators moved the score
    most, and whose place it was."""
    row = rows.iloc[0]
    part, points = row["part"], float(row["points"])
    place = reasons.place_of(pair, rows)
    if part in reasons.LINES:
        changes = reasons.of_lines(pair, rows)
        return {"because": "lines", "changes": changes, "place": place}
    if part in ("points", "rules"):
        what = "points" if set(rows["part"]) == {"points"} else "rules"
        if len(set(rows["part"])) > 1 or (part == "points" and _rules_differ(pair)):
            what = "both"
        most = moved["points"] * np.sign(points)
        most = most[most >= SHOWN - SAME]
        most = most.iloc[in_order(most)][:MOST]
        named = moved.loc[most.index].rename_axis("leaf")
        return {"because": what, "most": named, "place": place}
    if part == "vetoes":
        return reasons.veto_of(pair, row) | {"place": place}
    return {"because": part, "points": points, "place": place}


def _rules_differ(pair: Sides) -> bool:
    """Whether points cannot be told from rules, since the trees or the totals differ."""
    same_total = pair.before.scheme.total == pair.after.scheme.total
    trees = [
        [(node.id, [child.id for child in node.children]) for node in each.scheme.nodes]
        for each in (pair.before, pair.after)
    ]
    return not same_total or trees[0] != trees[1]


def _revised(found: Drafts) -> pd.DataFrame:
    """The table of what drafts change (对照表): a row an item, as each has it."""
    rows = []
    for kind, of in found.changes.index:
        cells: Row = {}
        for name, each in found.results.items():
            differs = name != SCHEME and bool(found.changes.loc[(kind, of), name])
            had = cells.get(f"draft:{SCHEME}")
            cell = _item(each.scheme, kind, of)
            if cell is None or (differs and cell == had):  # nothing that a cell could show
                cell = None if name == SCHEME else {"kind": "unlike" if differs else "like"}
            cells[f"draft:{name}"] = cell
        rows.append({"item": {"kind": kind, "of": of or None}} | cells)
    columns = ["item", *(f"draft:{name}" for name in found.results)]
    return pd.DataFrame(rows, columns=columns)


_ABSENT: Row = {"kind": "absent", "value": None}


def _item(scheme: Scheme, kind: str, of: str) -> Any:
    """What a scheme has of an item, for the phrase `draft_item`; None where it has none of it, or
    where that is no number and no sentence."""
    if kind in (POINTS, RULE, "aggregation") and of:
        node = next((node for node in scheme.nodes if node.id == of), None)
        if node is None:
            return _ABSENT
        if kind == POINTS:
            return {"kind": "points", "value": node.full_points}
        if kind == RULE:
            return {"kind": "text", "value": scoring(node)} if node.is_leaf else _ABSENT
        return None
    if kind == "total":
        return {"kind": "points", "value": scheme.total}
    if kind == "rounding" and of == "total":
        return {"kind": "rounding", "value": shared.rounding(scheme.rounding.total)}
    if kind in ("by", "cutoff", "quota", "ties", "within", "last"):
        return _of_grade(scheme, kind, of)
    return None


def _of_grade(scheme: Scheme, kind: str, of: str) -> Row | None:
    """What a scheme has of a grade."""
    grade = scheme.grade(of)
    if kind == "cutoff" and grade.has_line and not grade.class_cutoffs:
        return {"kind": "points", "value": grade.cutoff}
    if kind == "quota":
        return {"kind": "quota", "value": grade.quota}
    if kind == "by":
        return {"kind": "by", "value": grade.by}
    return None
