"""Along a line: roots of polynomials, and the first change of a grade where blanks are shared out
and a place is what counts, against closed forms and a fine grid graded anew."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.robustness.contested import Path, roots

R = qt.robustness


@pytest.mark.parametrize(
    "wanted", [[0.5], [0.25, 3.0], [0.1, 0.2, 4.5], [1.0, 1.0], [2.0, 2.0, 2.0], [-1.0, 0.5, 9.0]]
)
def test_roots_are_those_that_a_polynomial_was_made_of(wanted):
    coefficients = np.zeros((1, 4))
    made = np.polynomial.polynomial.polyfromroots(wanted)
    coefficients[0, : made.size] = 7.0 * made
    who, found = roots(coefficients, 5.0)
    assert (who == 0).all()
    inside = [each for each in wanted if 0 <= each <= 5]
    # a root that comes several times is found at least once, as near as its power allows
    assert {round(float(t), 3) for t in found} == {round(each, 3) for each in inside}


def test_leads_of_scores_with_bottoms_of_their_own():
    rng = np.random.default_rng(1)
    path = Path(rng.normal(size=(3, 3)), np.array([[2.0, 0.5], [3.0, -0.1], [2.0, 0.5]]))
    t = np.linspace(0, 4, 9)
    powers = t[:, None] ** np.arange(4)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        lead = path.at(t)[:, a] - path.at(t)[:, b]
        polynomial = path.leads(np.array([a]), np.array([b]), np.array([0.3]))[0]
        bottom = path.bottom[a] @ powers[:, :2].T
        if (path.bottom[a] != path.bottom[b]).any():
            bottom = bottom * (path.bottom[b] @ powers[:, :2].T)
        assert polynomial @ powers.T == pytest.approx((lead - 0.3) * bottom)


def shared_blanks(rounding):
    """Three units; 甲 and 乙 leave c blank, whose points a and b are given; one place."""
    frame = pd.DataFrame(
        {
            "a": [0.95, 0.60, 0.90],
            "b": [0.60, 1.00, 0.80],
            "c": [None, None, 0.70],
            "d": [0.80, 0.70, 0.60],
        },
        index=["甲", "乙", "丙"],
    )
    scheme = qt.Scheme.flat({"a": 40, "b": 20, "c": 20, "d": 20}, {"A": 50, "B": 0}).model_dump()
    best, last = scheme["grades"]
    scheme["grades"] = [best | {"quota": 1}, last]
    scheme["missing"] = {"blank": "not_applicable", "not_applicable": "renormalise"}
    if rounding:
        scheme["rounding"] = {"total": {"decimals": 1, "mode": "half_up"}}
    return qt.assess(validate(Scheme, scheme, None), frame)


def graded_along(result, i, j, amounts):
    points, found = result.points, []
    for t in amounts:
        moved = points.to_dict()
        moved[i], moved[j] = moved[i] - t, moved[j] + t
        found.append(result.what_if(points=moved).grades.astype(str).tolist())
    return found


def test_where_two_that_share_blanks_pass_each_other():
    result = shared_blanks(rounding=False)
    table = R.transfer_map(result)
    # t from a to b: 甲 and 乙 score 100 N/80, and N differs by 66 − .35t − (58 + .4t)
    assert table.table.loc["a", "b"] == pytest.approx(8 / 0.75, abs=1e-6)
    # t from c to b: 甲 has 100 (66 + .6t)/(80 + t), 丙 has 78 + .1t
    # level where .1t² + 26t − 360 = 0
    assert table.table.loc["c", "b"] == pytest.approx(5 * (np.sqrt(820) - 26), abs=1e-6)
    assert table.exact.loc["a", "b"] and table.exact.loc["c", "b"]


@pytest.mark.parametrize("rounding", [False, True])
def test_no_grade_changes_before_the_first_change(rounding):
    result = shared_blanks(rounding)
    found = R.transfer_map(result)
    now = result.grades.astype(str).tolist()
    for i in result.points.index:
        for j in result.points.index.drop(i):
            t, most = found.table.loc[i, j], float(result.points[i])
            until = min(t, most)
            inside = np.linspace(0, 1, 25)[:-1] * until
            if found.exact.loc[i, j]:
                assert all(each == now for each in graded_along(result, i, j, inside))
            if np.isfinite(t):
                assert graded_along(result, i, j, [min(t + 1e-6, most)])[0] != now
