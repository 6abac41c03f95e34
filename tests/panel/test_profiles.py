"""Shares by stage and item, strengths and weaknesses, against counting them mark by mark."""

from collections import defaultdict
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.panel.agreement import in_percent, irregular
from qtoolkit.panel.profiles import item_shares, profile, stage_shares, strengths
from tests.examples import share
from tests.panel.awards import item, read, scheme_of

STAGES = [{"id": "papers", "name": "papers"}, {"id": "visit", "name": "visit"}]
WEIGHTS = {
    "a": {"papers": "0.4", "visit": "0.6"},
    "b": {"papers": "1"},
    "c": {"papers": "0.5", "visit": "0.5"},
    "d": {"papers": "1"},
    "e": {"papers": "1"},
}
POINTS = {"a": 40, "b": 30, "c": 10, "d": 10, "e": 10}
FULL = {"a": 100, "b": 50, "c": 100, "d": 10, "e": 100}


def scheme():
    items = [
        item(id, float(POINTS[id]), float(FULL[id]), stages={s: float(w) for s, w in at.items()})
        for id, at in WEIGHTS.items()
    ]
    return scheme_of(items, 50.0, stages=STAGES, panel={"stages": {"visit": {"how": "drop"}}})


@st.composite
def marked(draw):
    """Rows: all units marked at papers, some of them at the visit too."""
    n, rows = draw(st.integers(1, 4)), []
    for i in range(n):
        visited = draw(st.booleans())
        for id, at in WEIGHTS.items():
            for stage in at:
                if stage == "visit" and not visited:
                    continue
                for k in range(3):
                    tenths = draw(st.integers(0, 10))
                    rows.append([f"u{i}", f"z{k}", "", stage, id, tenths * FULL[id] // 10])
    return [f"u{i}" for i in range(n)], rows


def on_paper(rows):
    """(unit, stage, item) → share of full marks."""
    marks = defaultdict(list)
    for unit, _, _, stage, id, mark in rows:
        marks[unit, stage, id].append(Fraction(mark, FULL[id]))
    for key, given_ in marks.items():
        kept = sorted(given_)[1:-1] if key[1] == "visit" else given_
        marks[key] = sum(kept) / len(kept)
    return dict(marks)


@given(marked())
@settings(max_examples=share(60))
def test_shares_by_item_and_by_stage_are_those_of_paper(case):
    units, rows = case
    ratings, paper = read(scheme(), rows, units), on_paper(rows)
    found = item_shares(scheme(), ratings)
    keys = list(zip(found["unit"], found["stage"], found["item"], strict=True))
    assert sorted(keys) == sorted(paper) and (found["assessors"] == 3).all()
    for key, value in zip(keys, found["share"], strict=True):
        assert value == pytest.approx(float(paper[key]), abs=1e-12)
    by_stage = stage_shares(scheme(), ratings)
    assert list(by_stage.index) == units
    for unit in units:
        for stage in by_stage.columns:
            ids = [id for id in POINTS if (unit, stage, id) in paper]
            if not ids:
                assert pd.isna(by_stage.loc[unit, stage])
                continue
            got = sum(POINTS[id] * paper[unit, stage, id] for id in ids)
            expected = got / sum(POINTS[id] for id in ids)
            assert by_stage.loc[unit, stage] == pytest.approx(float(expected), abs=1e-12)


def weighed(values, unit, id):
    """Σ weight·value / Σ weight over the stages of a unit's item."""
    at = {stage: Fraction(w) for stage, w in WEIGHTS[id].items() if (unit, stage, id) in values}
    return sum(w * values[unit, stage, id] for stage, w in at.items()) / sum(at.values())


@given(marked())
@settings(max_examples=share(60))
def test_strengths_and_weaknesses_are_the_items_farthest_from_the_others(case):
    units, rows = case
    ratings, paper = read(scheme(), rows, units), on_paper(rows)
    away = {}
    for (unit, stage, id), value in paper.items():
        others = [v for (_, s, i), v in paper.items() if (s, i) == (stage, id)]
        away[unit, stage, id] = value - sum(others) / len(others)
    own = profile(scheme(), ratings)
    expected = []
    for unit in units:
        far = {id: weighed(away, unit, id) for id in WEIGHTS}
        for id in WEIGHTS:
            value = weighed(paper, unit, id)
            assert own.loc[unit, id] == pytest.approx(float(value), abs=1e-12)
        for kind, sign in (("strength", 1), ("weakness", -1)):
            order = sorted(WEIGHTS, key=lambda id: -sign * far[id])  # ties as in the scheme
            clear = [id for id in order if sign * far[id] >= Fraction(3, 100)][:3]
            expected += [(unit, id, kind, weighed(paper, unit, id), far[id]) for id in clear]
    found = strengths(scheme(), ratings)
    got = list(zip(found["unit"], found["item"], found["kind"], strict=True))
    # distances that are equal on paper may differ in the last bit: compare what they say
    assert [(u, kind) for u, _, kind in got] == [(u, kind) for u, _, kind, _, _ in expected]
    for row, (unit, _, _, _, distance) in zip(found.itertuples(), expected, strict=True):
        assert row.distance == pytest.approx(float(distance), abs=1e-9)
        assert row.share == pytest.approx(float(weighed(paper, unit, row.item)), abs=1e-9)
        assert float(weighed(away, unit, row.item)) == pytest.approx(row.distance, abs=1e-9)


def test_a_distance_of_three_points_of_a_hundred_is_clear():
    # a mean of .5 and shares 3 points of a hundred above and below it
    rows = [["u0", "z0", "", "papers", "a", 53], ["u1", "z0", "", "papers", "a", 47]]
    rows += [["u0", "z0", "", "papers", "e", 52], ["u1", "z0", "", "papers", "e", 48]]
    found = strengths(scheme(), read(scheme(), rows, ["u0", "u1"]))
    assert found[["unit", "item", "kind"]].to_numpy().tolist() == [
        ["u0", "a", "strength"],
        ["u1", "a", "weakness"],
    ]


def test_marks_of_different_full_marks_are_made_hundredths():
    rows = [["u0", "z0", "", "papers", id, FULL[id] / 2] for id in WEIGHTS]
    ratings = read(scheme(), rows, ["u0"])
    assert in_percent(scheme(), ratings).frame["score"].tolist() == [50.0] * 5
    assert ratings.frame["score"].tolist() == [FULL[id] / 2 for id in WEIGHTS]


def test_items_that_fewer_marked_or_whose_marks_lie_far_apart_are_listed():
    how = {"least": 3, "spread": 30.0}
    rules = scheme_of([item("a")], 50.0, panel=how)
    rows = [["u0", f"z{k}", "", "", "a", mark] for k, mark in enumerate([50, 80, 60])]
    rows += [["u1", f"z{k}", "", "", "a", mark] for k, mark in enumerate([50, 81])]
    rows += [["u2", f"z{k}", "", "", "a", mark] for k, mark in enumerate([50, 60])]
    rows += [["u3", f"z{k}", "", "", "a", mark] for k, mark in enumerate([10, 60, 70])]
    found = irregular(rules, read(rules, rows, ["u0", "u1", "u2", "u3"]))
    assert found[["unit", "kind", "assessors", "lowest", "highest"]].to_numpy().tolist() == [
        ["u1", "few", 2, 50.0, 81.0],
        ["u1", "spread", 2, 50.0, 81.0],
        ["u2", "few", 2, 50.0, 60.0],
        ["u3", "spread", 3, 10.0, 70.0],
    ]
