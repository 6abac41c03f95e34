"""Eight schemes whose most consequential decision is known, planted by hand; and the order of
matters."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.language import LANGUAGES
from qtoolkit.report import summary
from tests.examples import share
from tests.sentences import results, sentences
from tests.strategies import scheme_of


def leaf(id, points, **more):
    return {"id": id, "name": id, "points": float(points), "rule": {"kind": "share"}, **more}


def scheme(leaves, **more):
    """Out of 100, two decimals; A from 90, B from 80, C from 60."""
    cutoffs = {"A": 90.0, "B": 80.0, "C": 60.0, "D": 0.0}
    grades = [{"id": id, "cutoff": cutoff} for id, cutoff in cutoffs.items()]
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "grades": grades,
        "rounding": {"total": {"decimals": 2}},
    }
    return data | more


def assessed(data, **columns):
    return qt.assess(scheme_of(data), pd.DataFrame(columns).astype(object))


def with_quota(data, most):
    data["grades"][0]["quota"] = most
    return data


UNITS = ["甲", "乙", "丙", "丁"]


def quota_that_binds():
    """丙 has 92 and is a B because two places are taken; nobody is near a line. One place more or
    less also moves the only units that it can."""
    data = with_quota(scheme([leaf("a", 100)]), 2)
    return assessed(data, unit=UNITS, a=[0.97, 0.95, 0.92, 0.7])


def score_of_89_6():
    """甲 has 89.6: an A in whole points, and with the cutoff a point lower; nobody else is near a
    line. Of two matters of one step decimals come first."""
    return assessed(scheme([leaf("a", 100)]), unit=UNITS, a=[0.896, 0.95, 0.7, 0.5])


def approval_that_frees_a_place():
    """乙 is an A by computation and a B as approved: 丙, 92, would take its place."""
    data = with_quota(scheme([leaf("a", 100)]), 2)
    return assessed(data, unit=UNITS, a=[0.97, 0.95, 0.92, 0.7], approved=[None, "B", None, None])


def rule_for_blanks():
    """乙 and 丙 have nothing on b: 95 and 94 as it is shared out, 47.5 and 47 as zero, and with the
    mean of the others, .835, 89.25 and 88.75."""
    data = scheme(
        [leaf("a", 50), leaf("b", 50)],
        missing={"blank": "not_reported", "not_reported": "renormalise"},
    )
    return assessed(data, unit=UNITS, a=[0.97, 0.95, 0.94, 0.7], b=[0.97, None, None, 0.7])


def line_in_a_gap():
    """A point below the line of B lie three units, and nobody within the point above it."""
    names = [*UNITS, "戊"]
    return assessed(scheme([leaf("a", 100)]), unit=names, a=[0.97, 0.795, 0.793, 0.791, 0.7])


def indicator_without_data():
    """b, 10 points, has no data and is shared out: 95 and 94; without any marks on it 85.5 and
    84.6."""
    data = scheme([leaf("a", 90), leaf("b", 10)], missing={"new": "renormalise"})
    return assessed(data, unit=UNITS[:3], a=[0.95, 0.94, 0.7])


def dead_indicator():
    """Everybody has all 20 points of b: without it 甲 and 乙 have 85 and 84 in place of 88 and
    87.2."""
    return assessed(
        scheme([leaf("a", 80), leaf("b", 20)]) | {"grades": [
            {"id": "A", "cutoff": 86.0}, {"id": "B", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}
        ]},
        unit=UNITS[:3], a=[0.85, 0.84, 0.65], b=[1.0, 1.0, 1.0],
    )  # fmt: skip


def nothing_at_all():
    """Nobody is within two points of a line, there are no places and no blanks."""
    return assessed(scheme([leaf("a", 60), leaf("b", 40)]), unit=UNITS, a=[0.96, 0.85, 0.7, 0.4],
                    b=[0.96, 0.85, 0.7, 0.4])  # fmt: skip


PLANTED = {
    quota_that_binds: ("quota", "A", {("丙", "B", "A"), ("乙", "A", "B")}),
    score_of_89_6: ("decimals", None, {("甲", "B", "A")}),
    approval_that_frees_a_place: ("approval", "A", {("丙", "B", "A")}),
    rule_for_blanks: (
        "blanks",
        "not_reported",
        {(unit, "A", grade) for unit in ("乙", "丙") for grade in ("B", "D")},
    ),
    line_in_a_gap: ("line", "B", {(u, "C", "B") for u in ("乙", "丙", "丁")}),
    indicator_without_data: ("new", None, {("甲", "A", "B"), ("乙", "A", "B")}),
    dead_indicator: ("full_marks", None, {("甲", "A", "B"), ("乙", "A", "B")}),
    nothing_at_all: None,
}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda f: f.__name__)
def test_the_most_consequential_decision_comes_first(planted):
    found, known = qt.decisions.matters(planted()), PLANTED[planted]
    if known is None:
        assert found.matters == () and found.first() == () and not found.table["steps"].any()
        return
    kind, of, moves = known
    first = found.first()[0]
    assert (first.kind, first.of) == (kind, of)
    assert {move for row in first.rows for move in found.table["moved"][row]} == moves


def test_the_89_6_and_its_decimals():
    """The same step by a lower line and by whole points: both are among the first, and no other
    matter."""
    found = qt.decisions.matters(score_of_89_6())
    assert {(m.kind, m.of) for m in found.first()} == {("line", "A"), ("decimals", None)}
    by = found.table[found.table["kind"] == "decimals"]
    assert by["moved"].tolist() == [(("甲", "B", "A"),), ()]
    assert by["choice"].tolist() == [
        {"decimals": 0, "mode": "half_up"},
        {"decimals": 0, "mode": "floor"},
    ]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda f: f.__name__)
def test_the_first_page_says_it_in_both_languages(planted):
    """Who goes from what to what stands in the first item; where nothing changes one sentence says
    so, with who is nearest, and no item follows."""
    result, known = planted(), PLANTED[planted]
    margins, found = qt.cutoffs.margins(result), qt.decisions.matters(result)
    for language in LANGUAGES:
        blocks = [b for b in summary.summary(result, margins, found) if b.place == 2]
        first, *others = sentences(blocks, language)
        if known is None:
            assert others == []
            near = margins["nearest"].min()
            assert f"{near:.2f}" in first and margins.index[margins["nearest"].argmin()] in first
            continue
        for unit, old, new in known[2]:
            change = f"由{old}变为{new}" if language == "zh" else f"from {old} to {new}"
            assert unit in first and change in first, (first, unit, change)
        assert len(others) <= 3


@settings(max_examples=share(60))
@given(results())
def test_matters_come_by_what_they_change(result):
    """Steps fall; of equals an approval comes before all, and what concerns the best grade before
    what does not. Each way stands in one matter; the first are distinct as far as there are such;
    what changes nothing is idle."""
    found = qt.decisions.matters(result)
    steps = [matter.steps for matter in found.matters]
    assert steps == sorted(steps, reverse=True) and all(steps)
    rows = [row for matter in (*found.matters, *found.idle) for row in matter.rows]
    assert sorted(rows) == list(range(len(found.table)))
    ids = {grade: k for k, grade in enumerate(result.grade_names)}
    for matter in found.matters:
        table = found.table.loc[list(matter.rows)]
        gone = [sum(abs(ids[a] - ids[b]) for _, a, b in moved) for moved in table["moved"]]
        assert matter.steps == max(gone) and gone == table["steps"].tolist()
    best = result.scheme.grades[0].id
    for one, other in zip(found.matters, found.matters[1:], strict=False):
        if one.steps == other.steps and one.kind != "approval":
            assert other.kind != "approval"
            assert touches(found, one, best) >= touches(found, other, best)
    first = found.first()
    assert len(first) == min(3, len(found.matters))
    assert found.matters[:1] == first[:1]
    assert not found.table.loc[[r for m in found.idle for r in m.rows], "changed"].any()


def touches(found, matter, grade):
    return any(grade in move[1:] for row in matter.rows for move in found.table["moved"][row])


@settings(max_examples=share(40))
@given(results())
def test_a_place_given_on_is_that_of_a_unit_struck_by_a_veto(result):
    """Units approved lower, each by a veto of its own that leaves it the approved grade before
    places are counted: the others' grades are those that giving their places on gives."""
    found = qt.decisions.matters(result)
    for row, way in enumerate(found.ways):
        if way.kind != "approval" or result.scheme.order.veto != "before_quota":
            continue
        struck = {unit: result.approved[unit] for unit in way.choice}
        other = vetoed(result, struck)
        then = {u: g for u, g in result.grades.items() if u not in struck}
        then |= {unit: new for unit, _, new in found.table["moved"][row]}
        assert {u: other.grades[u] for u in then} == then


def vetoed(result, struck):
    """The assessment with a veto for each of some units, which leaves it a grade at best."""
    scheme = result.scheme.model_dump()
    for number, grade in enumerate(struck.values()):
        scheme["vetoes"] += ({"id": f"struck{number}", "name": "x", "cap": grade},)
    marks = np.array([[unit == other for other in struck] for unit in result.scores.index])
    table = replace(result.table, vetoes=np.concatenate([result.table.vetoes, marks], axis=1))
    return qt.assess(qt.models.validate(qt.Scheme, scheme, None), table)


def test_a_draft_is_a_matter_by_its_name():
    """Under the other draft, whose line of A is 94, 乙 with 93 is no A."""
    data = scheme([leaf("a", 100)])
    columns = {"unit": UNITS, "a": [0.97, 0.93, 0.85, 0.7]}
    result = assessed(data, **columns)
    other = result.what_if(cutoffs={"A": 94})
    found = qt.decisions.matters(result, {"方案二": other})
    (only,) = found.matters
    assert (only.kind, only.of, only.steps) == ("draft", None, 1)
    assert found.table["choice"].iat[only.rows[0]] == "方案二"
    assert found.other(only.rows[0]) is other
    blocks = summary.summary(result, qt.cutoffs.margins(result), found)
    first = next(b for b in blocks if b.place == 2).text
    assert "采用方案二：乙（93.00分）初评由A变为B" in first.zh
    assert "方案二 instead: 乙 (93.00) from A to B" in first.en
