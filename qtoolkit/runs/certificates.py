"""Proof that travels: what a run claims about grades, in a form that a stranger can check.

`certificates.json` holds the claims, the folder `certificates` the numbers that they are about and
`checker.py`, which needs nothing but Python. All numbers are decimals in strings: of a float the
shortest that reads back as the very float that the engine used.

The numbers:

- points.csv: indicator, points (now).
- slopes.csv, constants.csv: units × indicators. An indicator's score is slope·points + constant, cut
  at 0 and the points; where a cell holds several numbers, the mean of so many scores; where it is
  empty, the indicator is blank for that unit.
- units.csv: class; bonus (less deductions before the cap), late (deductions after it); the least
  published score of each grade ("line A", …), empty where no score leads to it, with vetoes that come
  before the quotas worked in; what vetoes do after the quotas: lowered by so many grades, at best so
  good a grade.
- quotas.csv, in their order: at most `most` units of a class (empty: of all) have `grade` or better;
  with last the `most` lowest have `grade` at best; of units that tie at the limit all are in or none.
- rules.json: grades, the worst first; published: cap, least score, rounding step and what is added
  before a score is cut to whole steps (half a step: half up); round_first: whether that comes before
  the bonus; by_base: whether places go by the score before the bonus; blanks: for each unit, leaves
  whose points are shared out and the leaves among which they are, in proportion to their points.

A base score is rounded to ten decimals, half to even.

A claim: `unit`, its `grade` now, and `within` what limit points are moved, their sum kept: by at most
`share` of its own points plus `points` each, all rises together at most share·total + `points`. "can":
at the `points` given its grade `becomes` another. "cannot": it is the same wherever points lie
within the limit; `proof` is SEARCH where no short proof is known, else pairs of multipliers (level, rise:
see the checker): `down` that its score keeps the line of its grade, `up` that it does not reach the
next; `kept`, for each quota (its number from 0), rivals that take no place before it: they do not reach
the "line", or stay "behind" (with a second pair: do not come up to the cap); of others there are fewer
than places. `denied`, instead of `up`: a quota with so many rivals always ahead that it has no place.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.filing import text_cell
from qtoolkit.runs import checker
from qtoolkit.runs.claims import claims_of

FOLDER, FILE = "certificates", "certificates.json"
LOWEST = "-9999999999"  # published score where the scheme has no floor


def write_certificates(result: Assessment, folder: Path) -> None:
    """Write certificates.json and the folder certificates of a run into `folder`."""
    numbers = folder / FOLDER
    numbers.mkdir()
    why = not_checkable(result)
    claims: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    if why:
        left_out.append({"what": "all claims", "why": why})
    else:
        _write_tables(result, numbers)
        claims, left_out = claims_of(result, names_of(result), checker.Run(numbers))
    (numbers / "checker.py").write_bytes(Path(checker.__file__).read_bytes())
    text = json.dumps({"claims": claims, "left_out": left_out}, ensure_ascii=False, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def not_checkable(result: Assessment) -> str:
    """Why the checker cannot grade a scheme anew; empty where it can."""
    tree = result.engine.tree
    if not tree.is_arithmetic:
        return "other means than sums of scores"
    if tree.rounds_inside:
        return "scores are rounded below the total"
    if any(_nested(groups) for groups in _blanks(result).values()):
        return "points of blanks are shared out within others that are"
    return ""


def _nested(groups: Sequence[tuple[list[int], list[int]]]) -> bool:
    leaves = [j for blank, live in groups for j in (*blank, *live)]
    return len(set(leaves)) < len(leaves) or len(groups) > MOST_GROUPS


MOST_GROUPS = 3  # nodes of a unit that share out points: each doubles what is to be looked at


def _blanks(result: Assessment) -> dict[int, list[tuple[list[int], list[int]]]]:
    """Of each unit with blanks, the leaves whose points a node shares out, and those among which."""
    tree, d = result.engine.tree, result.engine.points.size
    found: dict[int, list[tuple[list[int], list[int]]]] = {}
    for k in np.flatnonzero(tree.blank.any(axis=1)).tolist():
        below = [[j] for j in range(d)]
        for children in tree.children:
            parts = [below[c] for c in children]
            dead = [part for part in parts if tree.blank[k, part].all()]
            live = [part for part in parts if not tree.blank[k, part].all()]
            if dead and live:
                found.setdefault(k, []).append((sum(dead, []), sum(live, [])))
            below.append(sum(parts, []))
    return found


def plain(number: float) -> str:
    """The shortest decimal that reads back as a float, in plain digits.

    >>> plain(0.1), plain(1e-5), plain(3.0)
    ('0.1', '0.00001', '3')
    """
    text = format(Decimal(repr(float(number))), "f")
    return text.removesuffix(".0")


def _points(ticks: int) -> str:
    """Ticks in points."""
    return format(Decimal(int(ticks)).scaleb(-10), "f")


def names_of(result: Assessment) -> list[str]:
    """Units as the tables call them."""
    return [text_cell(str(unit)) for unit in result.scores.index]


def _write_tables(result: Assessment, folder: Path) -> None:
    e, names, leaves = result.engine, names_of(result), list(result.points.index)
    slopes, constants = _cells(result)
    _write(folder / "points.csv", ["indicator", "points"], zip(leaves, map(plain, e.points)))
    for name, cells in (("slopes", slopes), ("constants", constants)):
        rows = ([unit, *row] for unit, row in zip(names, cells, strict=True))
        _write(folder / f"{name}.csv", ["unit", *leaves], rows)
    grades = list(result.grade_names)
    head = ["unit", "class", "bonus", "late", *(f"line {g}" for g in grades[1:])]
    _write(folder / "units.csv", [*head, "lowered", "best"], _unit_rows(result, names))
    rows = ([grades[grade], most, "yes" if last else "no", ties, group] for grade, most, last, ties, group in _quotas(result))
    _write(folder / "quotas.csv", ["grade", "most", "last", "ties", "class"], rows)
    rounding, blanks = e.rounding, _blanks(result)
    step = 1 if rounding is None else rounding.step
    half = step // 2 if rounding is not None and rounding.half_up else 0
    floor = LOWEST if e.floor is None else _points(e.floor)
    rules = {
        "grades": grades,
        "published": [_points(e.cap), floor, _points(step), _points(half)],
        "round_first": e.round_first,
        "by_base": e.rank_on_base,
        "blanks": {
            names[k]: [[[leaves[j] for j in part] for part in group] for group in groups]
            for k, groups in blanks.items()
        },
    }
    text = json.dumps(rules, ensure_ascii=False, indent=1)
    (folder / "rules.json").write_text(text + "\n", encoding="utf-8")


def _write(path: Path, head: Sequence[str], rows: Any) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode("utf-8-sig"))


def _cells(result: Assessment) -> tuple[list[list[str]], list[list[str]]]:
    """Slopes and constants as text; of a cell that takes a mean, those of the units it is of."""
    e = result.engine
    found = []
    for numbers in (e.slope, e.const):
        cells = [[plain(x) for x in row] for row in numbers.tolist()]
        for k, j in np.argwhere(e.tree.blank).tolist():
            cells[k][j] = ""
        for mean in e.means:
            peers = numbers[mean.peers, mean.leaf].tolist()
            cells[mean.unit][mean.leaf] = " ".join(map(plain, peers))
        found.append(cells)
    return found[0], found[1]


def _unit_rows(result: Assessment, names: Sequence[str]) -> Iterator[list[Any]]:
    e, grades = result.engine, list(result.grade_names)
    classes = classes_of(result.table)
    for k, name in enumerate(names):
        shift, best = int(e.shift[k]), int(e.ceiling[k])
        lines = [_points(x) for x in e.cutoffs[k].tolist()]
        if e.veto_first:
            lines = [*lines[shift:], *[""] * shift][: len(lines)]
            lines = [line if g < best else "" for g, line in enumerate(lines)]
            shift, best = 0, len(grades) - 1
        group = text_cell(str(classes[k])) if isinstance(classes[k], str) else ""
        yield [name, group, _points(e.offset[k]), _points(e.late[k]), *lines, shift, grades[best]]


def _quotas(result: Assessment) -> Iterator[tuple[int, int, bool, str, str]]:
    """Grade, most, last, ties and class of each step."""
    groups = np.array(classes_of(result.table), dtype=object)
    for step in result.engine.rivals:
        group = ""
        if step.members is not None:
            group = next(c for c in result.scheme.classes if ((groups == c) == step.members).all())
        yield step.grade, step.most, step.last, "in" if step.ties_in else "out", text_cell(group)

