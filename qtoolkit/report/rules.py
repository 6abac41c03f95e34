"""Facts of a scheme's rules: how a leaf is scored, how the total is finished, who has a grade; and
the annex of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from qtoolkit.assessment import Assessment
from qtoolkit.inputs.scheme import Grade, Indicator, Scheme
from qtoolkit.language import Text
from qtoolkit.report import shared
from qtoolkit.report.sections import Section, names_of
from qtoolkit.report.wording import phrase

SHEET = ("lead", "responsible", "method", "basis", "materials", "superior", "rationale")
"""Columns of the offices' score sheets beside rule and points."""


def scoring(leaf: Indicator) -> Text:
    """How a leaf is scored, with what the scheme does to raw values before it."""
    return phrase("scoring", {}, _scored(leaf))


def _scored(leaf: Indicator) -> dict[str, Any]:
    """The rule's own sentence, how many of the lowest and highest raw values are drawn in before
    it, and whether it scores logarithms."""
    how = leaf.outliers
    drawn_in = {"low": how.low, "high": how.high, "log": how.log} if how else {}
    return {"sentence": leaf.leaf_rule.sentence(), "low": 0, "high": 0, "log": False, **drawn_in}


def rules(result: Assessment) -> Section:
    """Annex: each indicator's rule, how the total is finished, and the division of work."""
    scheme = result.scheme
    leaves = scheme.leaves
    ids = [leaf.id for leaf in leaves]
    columns = {
        "leaf": ids,
        "points": [float(leaf.full_points) for leaf in leaves],
        "standard": [leaf.standard for leaf in leaves],
        "rule": [_scored(leaf) for leaf in leaves],
        "stages": [_stages(scheme, leaf) for leaf in leaves],
        "scales": [leaf.scales for leaf in leaves],
        "source": [leaf.source for leaf in leaves],
    }
    sheet = _filled({key: [getattr(leaf, key) for leaf in leaves] for key in SHEET})
    tables = {
        "rules": pd.DataFrame(_filled(columns)),
        "sheet": pd.DataFrame({"leaf": ids, **sheet}),
    }
    facts = _finishing(scheme) | {"sheet": bool(sheet)}
    return Section("rules/rules", names_of(result), facts, tables)


def _filled(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The columns that hold anything."""
    return {key: cells for key, cells in columns.items() if any(cell is not None for cell in cells)}


def _stages(scheme: Scheme, leaf: Indicator) -> list[dict[str, Any]] | None:
    """The stages that make a leaf's value, and their weights; None where it has none."""
    names = {stage.id: stage.name for stage in scheme.stages}
    return [{"stage": names[id], "weight": w} for id, w in leaf.stages.items()] or None


def _finishing(scheme: Scheme) -> dict[str, Any]:
    """How values and the total are finished: stages, bonus and deductions, limits, vetoes,
    conversion."""
    later = [stage for stage in scheme.stages if stage.effect != "part"]
    return {
        "later": [{"stage": stage.name, "effect": stage.effect} for stage in later],
        "bonuses": [
            {"kind": bonus.kind, "name": bonus.name, "most": bonus.max} for bonus in scheme.bonuses
        ],
        "bonus_cap": scheme.bonus_cap,
        "deduction_cap": scheme.deduction_cap,
        "cap": scheme.cap,
        "floor": scheme.floor,
        "vetoes": [
            {
                "name": veto.name,
                "best": veto.cap,
                "lower": veto.lower,
                "falsified": veto.falsified,
            }
            for veto in scheme.vetoes
        ],
        "conversion": scheme.conversion
        and {
            "name": scheme.conversion.name,
            "points": scheme.conversion.points,
            "decimals": scheme.conversion.decimals,
        },
    }


def grades(result: Assessment) -> Section:
    """The grades: cutoffs by class, printed bands, quotas and last places with the rule for ties,
    consequences. Nothing where there are cutoffs alone, which a sentence has room for."""
    scheme = result.scheme
    classes = scheme.classes if any(grade.class_cutoffs for grade in scheme.grades) else ()
    cutoffs = {
        f"cutoff:{group}": [_line(result, grade, group) for grade in scheme.grades]
        for group in classes
    } or {"cutoff": [_line(result, grade, None) for grade in scheme.grades]}
    more = {
        "printed": [grade.printed for grade in scheme.grades],
        "limits": [_limits(grade, result) for grade in scheme.grades],
        "consequence": [grade.consequence for grade in scheme.grades],
    }
    columns = {"grade": [grade.id for grade in scheme.grades], **cutoffs, **_filled(more)}
    facts = {"tabled": len(columns) > 2 or scheme.sets_lines_by_data}
    table = pd.DataFrame({key: pd.Series(cells) for key, cells in columns.items()})
    return Section("rules/grades", names_of(result), facts, {"grades": table})


def _line(result: Assessment, grade: Grade, group: str | None) -> float | dict[str, Any]:
    """A grade's cutoff for a class, or what sets it where it has none."""
    if not grade.has_line and grade is not result.scheme.grades[-1]:
        return shared.how_set(result, grade)
    return grade.cutoff_of(group) if grade.has_line else 0.0


def _limits(grade: Grade, result: Assessment) -> dict[str, Any] | None:
    """What besides the cutoff decides who has a grade; None where nothing does. quota: the most
    units that have it or better, or a share of them, which `places` turns into units; last: how
    many at the bottom of the ranking have it at best."""
    if grade.quota is None and grade.last is None:
        return None
    share = grade.quota if grade.quota is not None and 0 < grade.quota < 1 else None
    places = [] if share is None else _places(result, grade, share)
    return {
        "by_class": grade.within == "class",
        "ties": grade.ties,
        "share": share,
        "places": places,
        "cut": any(row["most"] < (share or 0.0) * row["units"] - 1e-9 for row in places),
        "quota": None if grade.quota is None else int(grade.quota),
        "last": grade.last,
    }


def _places(result: Assessment, grade: Grade, share: float) -> list[dict[str, Any]]:
    """What a quota given as a share comes to here, class by class: most of so many units."""
    number = len(result.scheme.grades) - 1 - result.scheme.grades.index(grade)
    steps = [step for step in result.engine.rivals if step.grade == number and not step.last]
    groups = result.scheme.classes if grade.within == "class" else (None,)
    return [
        {
            "group": group,
            "units": len(result.scores) if step.members is None else int(step.members.sum()),
            "most": int(step.most),
        }
        for group, step in zip(groups, steps, strict=True)
    ]
