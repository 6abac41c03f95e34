"""What must hold between the parts of a scheme: sums, unique ids, falling cutoffs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import TYPE_CHECKING

from qtoolkit.errors import Complaint, InputError, clip, nearest
from qtoolkit.inputs.models import Path_
from qtoolkit.language import Text, listing, say

if TYPE_CHECKING:
    from qtoolkit.inputs.scheme import Indicator, Scheme

SUM_TOLERANCE = 1e-9
RESERVED = ("unit", "name_en", "zh", "en")
"""Columns of every table of units: no indicator and no covariate may be called so."""


def complaints_of(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """What is wrong between the parts of a scheme, each with its place."""
    points = math.fsum(leaf.points for leaf in scheme.leaves)
    if abs(points - scheme.total) > SUM_TOLERANCE:
        yield (
            ("total",),
            say(
                zh="各指标分值之和为 {points:.14g}，总分（total）为 {total:.14g}",
                en="the points sum to {points:.14g}, the total is {total:.14g}",
                points=points, total=scheme.total,
            ),
        )
    yield from _duplicates(scheme)
    cutoffs = [grade.cutoff for grade in scheme.grades]
    for i, (above, cutoff) in enumerate(itertools.pairwise(cutoffs), 1):
        if cutoff >= above:
            yield (
                ("grades", i, "cutoff"),
                say(
                    zh="等级分数线应由高到低依次递减、互不重叠，“{grade}”为 {cutoff:.10g}，上一等级“{better}”为 {above:.10g}",
                    en="the cutoffs must fall from the best grade to the last without overlap: “{grade}” has "
                    "{cutoff:.10g}, “{better}” before it {above:.10g}",
                    grade=scheme.grades[i].id, cutoff=cutoff, better=scheme.grades[i - 1].id, above=above,
                ),
            )
    if cutoffs[-1] != 0:
        yield (
            ("grades", len(cutoffs) - 1, "cutoff"),
            say(
                zh="最后一个等级“{grade}”的分数线应为 0，现为 {cutoff:.10g}",
                en="the cutoff of the last grade “{grade}” must be 0, found {cutoff:.10g}",
                grade=scheme.grades[-1].id, cutoff=cutoffs[-1],
            ),
        )
    grades = [grade.id for grade in scheme.grades]
    for i, veto in enumerate(scheme.vetoes):
        if veto.cap not in grades:
            yield (
                ("vetoes", i, "cap"),
                say(
                    zh="一票否决事项“{veto}”的 cap 为“{cap}”，应为{grades}之一{hint}",
                    en="the cap of veto “{veto}” is “{cap}”, expected one of {grades}{hint}",
                    veto=veto.id, cap=veto.cap, grades=listing(grades), hint=nearest(veto.cap, grades),
                ),
            )
    for i, grade in enumerate(scheme.grades):
        if grade.quota is not None and grade.quota >= 1 and grade.quota != int(grade.quota):
            yield (
                ("grades", i, "quota"),
                say(
                    zh="等级“{grade}”的名额应为整数或小于 1 的比例，现为 {quota:.10g}",
                    en="the quota of grade “{grade}” must be a whole number or a share below 1, found {quota:.10g}",
                    grade=grade.id, quota=grade.quota,
                ),
            )
    if scheme.grades[-1].quota is not None:
        yield (
            ("grades", len(cutoffs) - 1, "quota"),
            say(
                zh="最后一个等级“{grade}”不能有名额上限，所有考核对象都至少是这一等级",
                en="the last grade “{grade}” cannot have a quota: every unit has at least that grade",
                grade=scheme.grades[-1].id,
            ),
        )


def _duplicates(scheme: Scheme) -> Iterator[tuple[Path_, Text]]:
    """Ids that stand twice, and ids that mean another column of the data."""
    leaves = [(path, node.id) for path, node in _places(scheme.indicators, ("indicators",)) if node.is_leaf]
    groups = {
        "indicators": [((*path, "id"), node.id) for path, node in _places(scheme.indicators, ("indicators",))],
        "grades": [(("grades", i, "id"), grade.id) for i, grade in enumerate(scheme.grades)],
        "vetoes": [(("vetoes", i, "id"), veto.id) for i, veto in enumerate(scheme.vetoes)],
        "bonuses": [(("bonuses", i, "id"), bonus.id) for i, bonus in enumerate(scheme.bonuses)],
        "units": [(("units", i), unit) for i, unit in enumerate(scheme.units or ())],
        "columns": [((*path, "id"), id) for path, id in leaves]
        + [(("covariates", i, "id"), covariate.id) for i, covariate in enumerate(scheme.covariates)],
    }
    columns = groups.pop("columns")
    for ids in groups.values():
        seen: set[str] = set()
        for path, id in ids:
            if id in seen:
                yield path, say(zh="“{id}”重复", en="duplicate “{id}”", id=clip(id))
            seen.add(id)
    taken = set(RESERVED)
    for path, id in columns:
        if id in RESERVED or (id in taken and path[0] == "covariates"):
            yield path, say(zh="“{id}”已是另一列的名称", en="“{id}” is already the name of another column", id=id)
        taken.add(id)


def _places(nodes: tuple[Indicator, ...], path: Path_) -> Iterator[tuple[Path_, Indicator]]:
    """All indicators below, each with its place in the file."""
    for i, node in enumerate(nodes):
        yield (*path, i), node
        yield from _places(node.children, (*path, i, "children"))


def check_numbers(values: Mapping[str, object]) -> None:
    """Refuse values, by their dotted keys, that are no numbers of at least 0."""
    complaints = [
        Complaint(
            say(
                zh="内容为“{found}”，应为不小于 0 的数字",
                en="found “{found}”, expected a number of at least 0",
                found=clip(value),
            ),
            column=key,
        )
        for key, value in values.items()
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0
    ]
    if complaints:
        raise InputError(complaints)
