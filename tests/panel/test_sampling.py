"""Assessors drawn anew: against the assessment itself, against ratings made of those drawn, and
against the variance on paper."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtoolkit.engine import from_ticks, score
from qtoolkit.errors import InputError, WorkError
from qtoolkit.panel.sampling import draws_of_assessors
from qtoolkit.panel.winners import remade
from tests.examples import share
from tests.panel.awards import assessed, crossed, item, read, scheme_of

STAGES = [
    {"id": "papers", "name": "papers"},
    {"id": "visit", "name": "visit"},
    {"id": "desk", "name": "desk"},
    {"id": "review", "name": "review", "effect": "replaces"},
    {"id": "audit", "name": "audit", "effect": "replaces"},
    {"id": "error", "name": "error", "effect": "corrects"},
]
UNITS = ["u0", "u1", "u2", "u3"]
HOWS = [
    {},
    {"how": "median"},
    {"how": "drop"},
    {"how": "trimmed", "trim": 0.25},
]


@st.composite
def panels(draw):
    """Schemes of two items with marks by stages, two of which the table of data has of its own, and
    groups that visit; a scheme, rows of marks, and a grid of data."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    how, visiting = draw(st.sampled_from(HOWS)), draw(st.sampled_from(HOWS))
    desk = draw(st.booleans())
    weights = {"papers": 0.4, "visit": 0.4, "desk": 0.2} if desk else {"papers": 0.3, "visit": 0.7}
    panel = how | {"stages": {"visit": visiting}}
    missing = {"blank": "not_reported", "not_reported": "renormalise", "pending": "zero"}
    missing["no_data"] = "exclude"
    items = [item("a", 60.0, stages=weights), item("b", 40.0, 20.0)]
    scheme = scheme_of(items, 50.0, panel=panel, stages=STAGES, missing=missing)
    rows = []

    def add(units, names, stage, id, most, group="", odds=1.0):
        rows.extend(
            [unit, name, group, stage, id, int(rng.integers(0, most + 1))]
            for unit in units
            for name in names
            if rng.random() < odds
        )

    add(UNITS, ["p1", "p2", "p3", "p4"], "papers", "a", 100)
    add(UNITS, ["p1", "p2", "p3"], "", "b", 20)
    add(UNITS[:2], ["x1", "x2", "x3"], "visit", "a", 100, "one")
    add(UNITS[2:], ["y1", "y2", "y3", "y4"], "visit", "a", 100, "two")
    if draw(st.booleans()):
        add(UNITS[1:3], ["r1", "r2", "r3"], "review", "a", 100)
    header, cells = ["unit"], {unit: [unit] for unit in UNITS}
    if desk:
        words = st.sampled_from([50, 75, 0, 100, "待核实"])
        header.append("a@desk")
        for unit in UNITS:
            cells[unit].append(draw(words))
    if draw(st.booleans()):
        header.append("b@audit")
        for unit in UNITS:
            cells[unit].append(draw(st.sampled_from([None, None, 5, 20, "未报送"])))
    if draw(st.booleans()):
        header.append("b@error")
        at = header.index("b@audit") if "b@audit" in header else None
        for unit in UNITS:
            can = at is None or cells[unit][at] is None
            cells[unit].append(draw(st.sampled_from([None, 0])) if can else None)
    return scheme, rows, [header, *cells.values()]


@given(panels())
@settings(max_examples=share(150))
def test_all_assessors_as_they_are_give_the_assessment_itself(case):
    ratings, result = assessed(*case)
    drawn = draws_of_assessors(result, ratings, 10)
    values = [panel.as_it_is()[None] for panel in drawn.panels]
    shares = drawn.shares_of(values, 1)[0]
    np.testing.assert_allclose(shares, result.matrix.fillna(0.0), rtol=0, atol=1e-12)


class Chosen:
    """Draws as a generator's are, which are kept."""

    def __init__(self, seed):
        self.rng, self.drawn = np.random.default_rng(seed), []

    def integers(self, low, high, size):
        self.drawn.append(self.rng.integers(low, high, size))
        return self.drawn[-1]


@given(panels(), st.integers(0, 2**32 - 1))
@settings(max_examples=share(60))
def test_a_draw_is_the_assessment_of_those_drawn(case, seed):
    scheme, rows, data = case
    ratings, result = assessed(scheme, rows, data)
    drawn = draws_of_assessors(result, ratings, 10)
    m, values, sitting = 3, [], [[] for _ in range(3)]
    for stage, panel in zip(["", *(s["id"] for s in STAGES)], drawn.panels, strict=True):
        chosen = Chosen(seed)
        values.append(panel.drawn(m, chosen))
        assert len(chosen.drawn) == len(panel.groups)
        names = list(dict.fromkeys(row[1] for row in rows if row[3] == stage))
        for r in range(m):
            places = [group[i] for group, i in zip(panel.groups, chosen.drawn, strict=True)]
            for place, k in enumerate(k for row in places for k in row[r]):
                sitting[r] += [
                    [row[0], f"{row[1]}, seat {place}", *row[2:]]
                    for row in rows
                    if row[3] == stage and row[1] == names[k]
                ]
    shares = drawn.shares_of(values, m)
    points = np.tile(result.engine.points, (m, 1))
    scores = from_ticks(score(drawn.engine, points, shares))
    for r in range(m):
        # those drawn, a row for each seat that they take
        other = remade(scheme, read(scheme, sitting[r], data))
        np.testing.assert_allclose(shares[r], other.matrix.fillna(0.0), rtol=0, atol=1e-12)
        np.testing.assert_allclose(scores[r], from_ticks(other.base.to_numpy()), rtol=0, atol=1e-8)


class Every:
    """All draws there are instead of random ones."""

    def __init__(self, k, taken):
        self.rows = np.array(list(itertools.product(range(k), repeat=taken)))

    def integers(self, low, high, size):
        assert (low, high) == (0, self.rows.max() + 1)
        assert size == self.rows.shape
        return self.rows


@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(
            st.lists(st.integers(0, 100), min_size=k, max_size=k), min_size=2, max_size=3
        )
    )
)
@settings(max_examples=share(60))
def test_the_mean_of_a_draw_varies_as_a_mean_of_marks_does(marks):
    k = len(marks[0])
    units = {f"u{i}": own for i, own in enumerate(marks)}
    ratings, result = assessed(scheme_of([item("a")]), crossed(units), list(units))
    panel, *_ = draws_of_assessors(result, ratings, 10).panels
    every = Every(k, k - 1)
    shares = panel.drawn(len(every.rows), every)[:, :, 0]
    for i, own in enumerate(marks):
        mean = Fraction(sum(own), k)
        variance = sum((x - mean) ** 2 for x in own) / (k * (k - 1))
        assert shares[:, i].mean() == pytest.approx(float(mean), abs=1e-9)
        assert shares[:, i].var() == pytest.approx(float(variance), abs=1e-9)
    # marks of one assessor go together: so does the difference of two units
    apart = [x - y for x, y in zip(*marks[:2], strict=True)]
    mean = Fraction(sum(apart), k)
    variance = sum((x - mean) ** 2 for x in apart) / (k * (k - 1))
    assert (shares[:, 0] - shares[:, 1]).var() == pytest.approx(float(variance), abs=1e-9)


def test_random_draws_vary_as_all_draws_do():
    marks = {"u": [60, 70, 95, 80, 75]}
    ratings, result = assessed(scheme_of([item("a")]), crossed(marks), ["u"])
    drawn = draws_of_assessors(result, ratings, 40_000, seed=7)
    shares = np.concatenate([drawn.chunk(i)[1] for i in range(drawn.chunks)])[:, 0, 0]
    assert len(shares) == 40_000
    mean = Fraction(sum(marks["u"]), 5)
    variance = float(sum((x - mean) ** 2 for x in marks["u"]) / 20)
    # five standard errors of a mean and of a variance
    assert abs(100 * shares.mean() - mean) < 5 * (variance / len(shares)) ** 0.5
    assert abs(1e4 * shares.var() / variance - 1) < 5 * (2 / len(shares)) ** 0.5


def test_groups_are_drawn_each_for_itself():
    marks = crossed({"u": [10, 20, 30], "v": [40, 50, 60]}, group="one")
    marks += [[row[0] + "2", row[1] + "2", "two", *row[3:5], row[5] + 30] for row in marks]
    units = ["u", "v", "u2", "v2"]
    ratings, result = assessed(scheme_of([item("a")]), marks, units)
    panel, *_ = draws_of_assessors(result, ratings, 10).panels
    values = panel.drawn(500, np.random.default_rng(0))[:, :, 0]
    assert (values[:, :2] <= 60).all() and (values[:, 2:] >= 40).all()
    # those of one group move together, those of two do not
    np.testing.assert_allclose(values[:, 1] - values[:, 0], 30)
    np.testing.assert_allclose(values[:, 3] - values[:, 2], 30)
    assert abs(np.corrcoef(values[:, 0], values[:, 2])[0, 1]) < 0.2


def test_where_somebody_withdrew_units_still_have_marks_enough():
    marks = crossed({"u": [None, 10, 20, 30], "v": [40, 50, 60, 70]})
    scheme = scheme_of([item("a")], panel={"how": "drop"})
    ratings, result = assessed(scheme, marks, ["u", "v"])
    panel, *_ = draws_of_assessors(result, ratings, 10).panels
    values = panel.drawn(2_000, np.random.default_rng(0))
    assert not np.isnan(values).any()


def test_a_panel_that_cannot_be_drawn_says_why():
    scheme = scheme_of([item("a")])
    ratings, result = assessed(scheme, crossed({"u": [10], "v": [20]}), ["u", "v"])
    with pytest.raises(InputError) as caught:
        draws_of_assessors(result, ratings)
    assert "只有1名评委" in str(caught.value) and "a panel of 1 assessor cannot" in str(
        caught.value
    )
    apart = [[f"u{k}", f"z{k}", "", "", "a", 50] for k in range(4)]
    ratings, result = assessed(scheme, apart, [f"u{k}" for k in range(4)])
    with pytest.raises(InputError, match="say in column group who sat together"):
        draws_of_assessors(result, ratings)
    few = scheme_of([item("a")], panel={"how": "drop", "drop": 1})
    rows = crossed({"u": [10, 20, 30], "v": [20, 30, None]})[:-2]
    rows += [["v", f"y{k}", "two", "", "a", 50] for k in range(3)]
    assessed(few, rows, ["u", "v"])


def test_draws_that_never_give_marks_enough_end_in_a_sentence(monkeypatch):
    monkeypatch.setattr("qtoolkit.panel.sampling.ROUNDS", 3)
    marks = crossed({"u": [10, 20, 30], "v": [20, 30, 40]})
    scheme = scheme_of([item("a")], panel={"how": "drop"})
    ratings, result = assessed(scheme, marks, ["u", "v"])
    panel, *_ = draws_of_assessors(result, ratings, 10).panels
    panel.marks[0, 0, 1:] = np.nan
    with pytest.raises(WorkError, match="too few marks"):
        panel.drawn(5, np.random.default_rng(0))
