"""What a run claims about grades, in a form that a stranger can check.

`certificates.json` holds the claims, the folder `certificates` the numbers that they are about and
`checker.py`, which needs nothing but Python. All numbers are decimals in strings: of a float the
shortest that reads back as the very float that the engine used. What each file holds, and why a
proof is one, says `certificates.md`, which goes along as README.md.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from qtoolkit.assessment import Assessment
from qtoolkit.assessment.build import classes_of
from qtoolkit.engine import Engine
from qtoolkit.errors import clip
from qtoolkit.filing import text_cell
from qtoolkit.language import Text, same, say
from qtoolkit.runs import checker
from qtoolkit.runs.checker import ODD, SEARCH
from qtoolkit.runs.claims import MOST_WORK, Work, area_of, claims_of, lies_in

FOLDER, FILE = "certificates", "certificates.json"
ABOUT = Path(__file__).with_name("certificates.md")  # what the files mean, for who reads them
MOST_GROUPS = 3  # nodes of a unit that share out points: each doubles what is to be looked at
MOST_CELLS = 500_000  # units × indicators
MOST_CLAIMS = 20_000
CLAIMS_BYTES = 50_000_000
SIZES = {
    "points.csv": 1_000_000,
    "slopes.csv": 20_000_000,
    "constants.csv": 20_000_000,
    "units.csv": 10_000_000,
    "quotas.csv": 20_000,
    "rules.json": 20_000_000,
}
"""The tables that the checker reads, and how many bytes each may have."""
LOWEST = "-9999999999"  # published score where the scheme has no floor


def write_certificates(
    result: Assessment, folder: Path, blocks: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Write certificates.json and the folder certificates of a run into `folder`, with the evidence
    that the blocks of its notebooks carry."""
    numbers = folder / FOLDER
    numbers.mkdir()
    why = not_checkable(result)
    claims: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    if why:
        left_out.append({"what": "all claims", "why": why})
    else:
        _write_tables(result, numbers)
        given = [block["evidence"] for block in blocks if "evidence" in block]
        claims, left_out = claims_of(result, names_of(result), checker.Run(numbers), given)
    for name, path in (("checker.py", Path(checker.__file__)), ("README.md", ABOUT)):
        (numbers / name).write_bytes(path.read_bytes())
    text = json.dumps({"claims": claims, "left_out": left_out}, ensure_ascii=False, indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def not_checkable(result: Assessment) -> str:
    """Why the checker cannot grade a scheme anew; empty where it can."""
    tree = result.engine.tree
    if result.matrix.size > MOST_CELLS:
        return "too many units and indicators"
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


def _blanks(result: Assessment) -> dict[int, list[tuple[list[int], list[int]]]]:
    """Of units with blanks, leaves whose points a node shares out, and those among which."""
    tree, d = result.engine.tree, result.engine.points.size
    found: dict[int, list[tuple[list[int], list[int]]]] = {}
    for k in np.flatnonzero(tree.blank.any(axis=1)).tolist():
        below = [[j] for j in range(d)]
        for children in tree.children:
            parts = [below[c] for c in children]
            dead = [part for part in parts if tree.blank[k, part].all()]
            live = [part for part in parts if not tree.blank[k, part].all()]
            if dead and live:
                found.setdefault(k, []).append(([*chain(*dead)], [*chain(*live)]))
            below.append([*chain(*parts)])
    return found


def plain(number: float) -> str:
    """The shortest decimal that reads back as a float, in plain digits.

    >>> plain(0.1), plain(1e-5), plain(3.0)
    ('0.1', '0.00001', '3')
    """
    return _without_zeros(Decimal(repr(float(number))))


def _points(ticks: int) -> str:
    """Ticks in points."""
    return _without_zeros(Decimal(int(ticks)).scaleb(-10))


def _without_zeros(number: Decimal) -> str:
    return format(number.normalize() if number else Decimal(0), "f")


def names_of(result: Assessment) -> list[str]:
    """Units as the tables call them."""
    return [text_cell(str(unit)) for unit in result.scores.index]


def _write_tables(result: Assessment, folder: Path) -> None:
    e, names, leaves = result.engine, names_of(result), list(result.points.index)
    slopes, constants = _cells(result)
    _write(
        folder / "points.csv",
        ["indicator", "points"],
        zip(leaves, map(plain, e.points), strict=True),
    )
    for name, cells in (("slopes", slopes), ("constants", constants)):
        rows = ([unit, *row] for unit, row in zip(names, cells, strict=True))
        _write(folder / f"{name}.csv", ["unit", *leaves], rows)
    grades = list(result.grade_names)
    head = ["unit", "class", "bonus", "late", *(f"line {g}" for g in grades[1:])]
    head += [f"then {g}" for g in grades]
    _write(folder / "units.csv", head, _unit_rows(result, names))
    head = ["class", "others", "all", "places", "ties"]
    _write(folder / "quotas.csv", head, _quota_rows(result))
    blanks = _blanks(result)
    rules = {
        "grades": grades,
        "published": _published(e),
        "by_base": e.rank_on_base,
        "blanks": {
            names[k]: [[[leaves[j] for j in part] for part in group] for group in groups]
            for k, groups in blanks.items()
        },
    }
    text = json.dumps(rules, ensure_ascii=False, indent=1)
    (folder / "rules.json").write_text(text + "\n", encoding="utf-8")


def _published(e: Engine) -> list[str]:
    """How the published score comes of the base score: cap, least score, rounding before the bonus
    and at the end."""
    step = 1 if e.rounding is None else e.rounding.step
    half = step // 2 if e.rounding is not None and e.rounding.half_up else 0
    first, last = ((step, half), (1, 0)) if e.round_first else ((1, 0), (step, half))
    floor = LOWEST if e.floor is None else _points(e.floor)
    return [_points(e.cap), floor, *map(_points, (*first, *last))]


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
        after = [grades[min(max(g - shift, 0), best)] for g in range(len(grades))]
        yield [name, group, _points(e.offset[k]), _points(e.late[k]), *lines, *after]


def _quota_rows(result: Assessment) -> Iterator[list[str]]:
    """Quotas and last places as the first places that keep a grade above another."""
    grades, groups = list(result.grade_names), np.array(classes_of(result.table), dtype=object)
    for step in result.engine.rivals:
        group, size = "", len(groups)
        if step.members is not None:
            group = next(c for c in result.scheme.classes if ((groups == c) == step.members).all())
            size = int(step.members.sum())
        others = grades[step.grade - (not step.last)]
        places = max(size - step.most, 0) if step.last else step.most
        ties = "in" if step.ties_in != step.last else "out"
        yield [text_cell(group), others, "yes" if step.last else "no", str(places), ties]


@dataclass(frozen=True)
class Verified:
    """How many claims a witness, a short proof, or search alone shows, and what does not hold."""

    witness: int = 0
    proof: int = 0
    search: int = 0
    failures: tuple[Text, ...] = ()


WORDS: Mapping[str, Text] = {
    "no decimal": Text("不是普通小数：", "no plain decimal number:"),
    "missing or too large": Text("缺失或过大：", "missing or too large:"),
    "not to be read": Text("无法读取：", "not to be read:"),
    "units out of order": Text("各表的考核对象次序不一", "the tables name other units"),
    "it may be": Text("按其证明，等级和得分的范围为", "its proof shows no more than"),
    "its grade is another": Text("现等级与所称不符，应为", "its grade now is another:"),
    "too far": Text(
        "所列分值超出幅度或合计有变", "the points lie outside the limit, or their sum is not kept"
    ),
    "there it is": Text("按所列分值重算的等级和得分为", "at the points it comes to"),
}
"""What the checker says."""


def verify(folder: Path) -> Verified | None:
    """Check what a run folder claims; None where there is no file of claims."""
    if not os.path.lexists(folder / FILE):
        return None
    try:
        claims = _parsed(folder / FILE, CLAIMS_BYTES)["claims"]
        if claims == []:
            return Verified()
        _parsed(folder / FOLDER / "rules.json", SIZES["rules.json"])
        for name, size in SIZES.items():
            _check_size(folder / FOLDER / name, size)
        run = checker.Run(folder / FOLDER)
        _check_work(run, claims)
    except ODD as error:
        text = say(
            zh="{file} 及其数表不是测算写出的形式（{why}）",
            en="{file} and its tables have not the form that a run writes ({why})",
            file=FILE,
            why=_why(error),
        )
        return Verified(failures=(text,))
    counts, failures, held = dict.fromkeys(("witness", "proof", "search"), 0), [], {}
    for number, claim in enumerate(claims, 1):
        try:
            counts[run.check(claim)] += 1
            held[number] = claim
        except ODD as error:
            failures.append(_fails(number, claim, _why(error)))
    return Verified(**counts, failures=(*failures, *_contradicted(run, held)))


def _check_size(path: Path, most: int) -> None:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > most:
        raise ValueError(path.name)


def _refuse(text: str) -> None:
    raise ValueError(f"no decimal {text[:40]}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key stands there twice")
    return members


def _parsed(path: Path, most: int) -> Any:
    """JSON in which every number is text and no key stands twice."""
    _check_size(path, most)
    return json.loads(
        path.read_text("utf-8"),
        object_pairs_hook=_once,
        parse_int=_refuse,
        parse_float=_refuse,
        parse_constant=_refuse,
    )


def _check_work(run: checker.Run, claims: Any) -> None:
    """Refuse claims that would take a checker too long."""
    if not isinstance(claims, list) or len(claims) > MOST_CLAIMS:
        raise ValueError("claims")
    if any(len(groups) > MOST_GROUPS for groups in run.blanks.values()):
        raise ValueError("blanks")
    work = Work(run)
    if sum(map(work.of, claims)) > MOST_WORK:
        raise ValueError("claims")


def _why(error: BaseException) -> Text:
    """What the checker found, in words."""
    said = str(error)
    for what, words in WORDS.items():
        if said.startswith(what):
            found = clip(said.removeprefix(what).strip(), 60)
            return say(zh="{what}{found}", en="{what} {found}", what=words, found=found)
    return same(clip(said or type(error).__name__, 60))


def _fails(number: int, claim: Any, why: Text) -> Text:
    unit = claim.get("unit") if isinstance(claim, dict) else None
    return say(
        zh="第{number}项论断（{unit}）不成立：{why}",
        en="claim {number} ({unit}) does not hold: {why}",
        number=number,
        unit=clip(unit, 60) if isinstance(unit, str) else "—",
        why=why,
    )


def _contradicted(run: checker.Run, claims: Mapping[int, Any]) -> Iterator[Text]:
    """Claims by search that a grade stays, which the witness of another contradicts."""
    shown: dict[str, list[dict[str, Fraction]]] = {}
    for claim in claims.values():
        if claim["claim"] == "can" and claim["becomes"] != claim["grade"]:
            points = {leaf: Fraction(claim["points"][leaf]) for leaf in run.now}
            shown.setdefault(claim["unit"], []).append(points)
    for number, claim in claims.items():
        if claim["claim"] == "cannot" and claim["proof"] == SEARCH:
            area = area_of(run, claim["within"])
            if any(lies_in(points, run, area) for points in shown.get(claim["unit"], [])):
                why = Text("另一项论断给出了更小的变动", "another claim shows a smaller change")
                yield _fails(number, claim, why)
