"""What full verification would give: the model against dense algebra, intervals and chances
against simulated inspections."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.verification import compared, project
from qtoolkit.verification.projecting import fit


def inspected(seed, units=6, items=8, groups=2, share=0.6):
    """Inflation of units × items, some cells not verified, and the groups of the items."""
    rng = np.random.default_rng(seed)
    gone = (
        0.05 + 0.02 * rng.standard_normal((units, 1)) + 0.03 * rng.standard_normal((units, items))
    )
    gone[rng.random(gone.shape) > share] = np.nan
    group = np.arange(items) % groups
    gone[0, :groups], gone[1:, 0] = 0.04, 0.06  # no unit and no group is empty
    return gone, group


def dense(gone, group):
    """Dummies of groups and of units for each verified cell, and the cells."""
    k, j = np.nonzero(~np.isnan(gone))
    return np.eye(group.max() + 1)[group[j]], np.eye(len(gone))[k], gone[k, j]


def squares(matrix, values):
    """Sum of squares about the columns of a matrix, and its rank."""
    _, _, rank, _ = np.linalg.lstsq(matrix, values, rcond=None)
    rest = values - matrix @ np.linalg.pinv(matrix) @ values
    return rest @ rest, rank


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_sums_of_squares_are_those_of_dense_least_squares(seed, groups):
    gone, group = inspected(seed, groups=groups)
    x, z, d = dense(gone, group)
    whole, rank = squares(np.hstack([x, z]), d)
    about, _ = squares(x, d)
    found = fit(gone, group, groups)
    assert found.within == pytest.approx(whole)
    assert found.between == pytest.approx(about - whole)
    assert (found.df_within, found.df_between) == (len(d) - rank, rank - groups)
    rest = np.eye(len(d)) - x @ np.linalg.pinv(x)  # E[between] = df σ²cell + tr(Z'MZ) σ²unit
    assert found.times * found.df_between == pytest.approx(np.trace(z.T @ rest @ z))


@pytest.mark.parametrize("seed", range(4))
def test_means_and_units_are_those_of_the_whole_covariance_matrix(seed):
    gone, group = inspected(seed)
    x, z, d = dense(gone, group)
    for unit, cell in ((4e-4, 9e-4), (0.0, 1e-3), (1e-3, 1e-4)):
        v = unit * z @ z.T + cell * np.eye(len(d))
        inverse = np.linalg.inv(x.T @ np.linalg.solve(v, x))
        mean = inverse @ x.T @ np.linalg.solve(v, d)
        found = fit(gone, group, 2)
        ours, spread = found.means(np.array([unit]), np.array([cell]))
        assert ours[0] == pytest.approx(mean)
        assert spread[0] == pytest.approx(inverse)
        centre, left = found.of_units(ours, np.array([unit]), np.array([cell]))
        assert centre[0] == pytest.approx(unit * z.T @ np.linalg.solve(v, d - x @ mean))
        known = unit * np.eye(len(gone)) - unit**2 * z.T @ np.linalg.solve(v, z)
        assert left[0] == pytest.approx(np.diag(known))


def simulated(rng, units=24, items=12, drawn=8, checked=5, sd=(0.02, 0.04), skewed=False):
    """One inspection of a made population: (result as filed, what was found, the true result)."""
    own = rng.uniform(0.7, 0.95, (units, items))
    draw = (lambda size: rng.exponential(1, size) - 1) if skewed else rng.standard_normal
    gone = 0.04 + sd[0] * draw((units, 1)) + sd[1] * draw((units, items))
    names, ids = [f"u{k}" for k in range(units)], [f"i{j}" for j in range(items)]
    truth = np.clip(own - gone, 0, 1)
    seen = np.full(own.shape, np.nan)
    for k in rng.permutation(units)[:drawn]:
        at = rng.permutation(items)[:checked]
        seen[k, at] = truth[k, at]
    points = pd.Series(rng.multinomial(100 - 2 * items, np.ones(items) / items) + 2.0, ids)
    scheme = qt.Scheme.flat(points, {"A": 82, "B": 76, "C": 0})
    filed, true = (qt.assess(scheme, pd.DataFrame(x, names, ids)) for x in (own, truth))
    return filed, pd.DataFrame(seen, names, ids), true


def inspections(count, seed, **made):
    """Over so many inspections: how often intervals hold the true score, of units drawn and not,
    expected and actual numbers of worse grades among those not drawn."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(count):
        filed, seen, true = simulated(rng, **made)
        table = project(filed, seen, items=seen.columns, draws=500, seed=1).table
        inside = (table["low"] <= true.scores) & (true.scores <= table["high"])
        drawn = seen.notna().any(axis=1)
        worse = true.grades.cat.codes < filed.grades.cat.codes
        rows.append(
            (
                inside[~drawn].mean(),
                inside[drawn].mean(),
                table.loc[~drawn, "worse"].mean(),
                worse[~drawn].mean(),
            )
        )
    return np.array(rows)


MADE = {
    "plain": {},
    "all items": {"checked": 12},
    "few": {"units": 16, "items": 20, "drawn": 7, "checked": 4},
    "three": {"drawn": 3},
    "units alike": {"sd": (0.0, 0.04)},
    "units differ": {"sd": (0.04, 0.02)},
    "skewed": {"skewed": True},
    "skewed few": {"skewed": True, "drawn": 5, "sd": (0.04, 0.04)},
    "one item": {"drawn": 6, "checked": 1},
}


def held(rows, column, least):
    """Whether a mean is not below `least` by more than three of its standard errors."""
    return rows[:, column].mean() + 3 * rows[:, column].std() / len(rows) ** 0.5 >= least


@pytest.mark.parametrize("made", ["plain", "units differ", "one item"])
def test_intervals_hold_the_score_of_full_verification(made):
    rows = inspections(40, 3, **MADE[made])
    assert held(rows, 0, 0.95)
    assert held(rows, 1, 0.95)


@pytest.mark.soak
@pytest.mark.parametrize("made", MADE)
def test_intervals_hold_it_in_many_inspections(made):
    rows = inspections(1000, 4, **MADE[made])
    least = 0.9 if made.startswith("skewed") else 0.945
    assert held(rows, 0, least)
    assert held(rows, 1, least)


def test_expected_numbers_of_worse_grades_are_met():
    """The chances of worse grades add up to how many there are: 60 inspections of 16 units not
    drawn, four standard errors."""
    rows = inspections(60, 5)
    gap = rows[:, 2] - rows[:, 3]
    assert abs(gap.mean()) < 4 * gap.std() / 60**0.5
    assert 0.05 < rows[:, 3].mean() < 0.95


def test_what_was_verified_stays_and_what_cannot_be_is_left():
    """Where all cells are verified nothing is projected; items outside the pool stay as filed."""
    rng = np.random.default_rng(6)
    filed, seen, true = simulated(rng, units=5, items=4, drawn=5, checked=4)
    table = project(filed, seen, draws=200).table
    assert (table["open"] == 0).all()
    for column in ("projected", "low", "high"):
        assert table[column].to_numpy() == pytest.approx(true.scores.to_numpy())
    assert (table["grade_projected"] == true.grades).all()
    filed, seen, true = simulated(rng, units=6, items=4, drawn=3, checked=4)
    seen["i3"] = np.nan
    table = project(filed, seen, draws=200).table
    assert set(table["open"]) == {0, 3}
    assert set(project(filed, seen, items=seen.columns, draws=200).table["open"]) == {1, 4}


def test_projected_scores_are_those_of_shares_less_the_mean():
    """With one cell a unit the best guess for all other cells is the mean of the verified."""
    names, ids = list("abcdef"), ["x", "y"]
    own = pd.DataFrame(0.8, names, ids)
    seen = pd.DataFrame(np.nan, names, ids)
    for unit, share in zip("abcd", (0.70, 0.74, 0.78, 0.66), strict=True):
        seen.loc[unit, "x"] = share
    scheme = qt.Scheme.flat({"x": 60, "y": 40}, {"A": 75, "B": 0})
    filed = qt.assess(scheme, own)
    table = project(filed, seen, items=ids, draws=500).table
    assert table.loc["e", "projected"] == pytest.approx(80 - 100 * 0.08)
    assert table.loc["a", "projected"] == pytest.approx(60 * 0.70 + 40 * (0.8 - 0.08))


def test_a_quota_lets_others_move_up():
    """Two places for A: who stays below the third loses no grade; if the second falls, he has
    one."""
    names, ids = [f"u{k}" for k in range(8)], ["x", "y"]
    own = pd.DataFrame({"x": [0.95, 0.92, 0.91, *[0.6] * 5], "y": [0.9] * 8}, names)
    seen = pd.DataFrame(np.nan, names, ids)
    seen.loc["u0", ["x", "y"]] = [0.94, 0.9]
    seen.loc["u2", ["x", "y"]] = [0.91, 0.89]
    seen.loc["u5", ["x", "y"]] = [0.57, 0.88]
    scheme = qt.Scheme.flat({"x": 60, "y": 40}, {"A": 80, "B": 0})
    grades = [{**g.model_dump(), "quota": 2 if g.id == "A" else None} for g in scheme.grades]
    limited = qt.Scheme.model_validate({**scheme.model_dump(), "grades": grades})
    found = project(qt.assess(limited, own), seen, draws=2000).table
    assert list(found["grade"][:3]) == ["A", "A", "B"]
    assert found.loc["u1", "worse"] > 0.1
    assert found.loc["u2", "better"] == pytest.approx(found.loc["u1", "worse"], abs=0.05)


def test_workers_change_nothing():
    result = qt.open("city-2026")[1]
    one = project(result, draws=3000, seed=4)
    with qt.executor(2) as pool:
        other = project(result, draws=3000, seed=4, executor=pool)
    pd.testing.assert_frame_equal(one.table, other.table)
    assert (project(result, draws=3000, seed=5).table["worse"] != one.table["worse"]).any()
    assert (one.table["verified"] == compared(result).inflation.notna().sum(axis=1)).all()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"draws": 0}, "draws must be"),
        ({"by": "country"}, "“country”"),
        ({"items": ["nothing"]}, "no indicator “nothing”"),
        ({"items": "plan"}, "items is “plan”, expected a list of ids"),
        ({"items": 5}, "items is “5”, expected a list of ids"),
    ],
)
def test_what_cannot_be_projected_is_said(given, says):
    with pytest.raises(qt.InputError) as caught:
        project(qt.open("city-2026")[1], **given)
    assert says in caught.value.sentences("en")[0]


def test_two_verified_units_are_too_few():
    filed, seen, _ = simulated(np.random.default_rng(0), units=5, items=4, drawn=2, checked=3)
    with pytest.raises(qt.InputError) as caught:
        project(filed, seen)
    assert "a projection needs 3 or more" in caught.value.sentences("en")[0]


@pytest.mark.parametrize("own", [(0.1, 0.05, 0.2, 0.0), (0.01, 0.01, 0.01, 0.02)])
@pytest.mark.parametrize("groups", [1, 2])
def test_units_of_one_inflation_throughout_are_the_sample(own, groups):
    """Cells of a unit that are all alike say no more than one: the mean is the units' mean, and its
    variance theirs over their number."""
    found = fit(np.repeat(np.array(own)[:, None], 4, axis=1), np.arange(4) % groups, groups)
    variance, cell = found.variances()
    assert variance == pytest.approx(np.var(own, ddof=1))
    assert cell == pytest.approx(0, abs=1e-12)
    means, inverse = found.means(np.array([variance]), np.array([cell]))
    assert means[0] == pytest.approx([np.mean(own)] * groups, abs=1e-7)
    assert np.diagonal(inverse[0]) == pytest.approx([np.var(own, ddof=1) / 4] * groups, rel=1e-5)
    assert np.isfinite(np.linalg.cholesky(inverse)).all()


def test_units_verified_on_items_of_no_area_do_not_count():
    own = pd.DataFrame(0.9, index=list("abcd"), columns=["x", "y"])
    plain = qt.Scheme.flat({"x": 60, "y": 40}, {"A": 80, "B": 0})
    seen = pd.DataFrame({"x": [0.8, 0.7, 0.85, 0.8]}, index=own.index)
    with pytest.raises(qt.InputError) as caught:
        project(qt.assess(plain, own), seen, by="area")
    assert caught.value.sentences("en")[0].startswith("0 units were verified on items with area")


def test_a_blank_filled_by_the_mean_of_others_moves_with_them():
    """Of two units with a blank one has it verified: its score is known. The other's is the mean of
    all units with a value, of which one is projected: its score is as uncertain."""
    treated = {"missing": {"not_reported": "group_mean"}}
    plain = qt.Scheme.flat({"x": 50, "y": 50}, {"A": 80, "B": 0}).model_dump()
    plain["indicators"] = [leaf | treated for leaf in plain["indicators"]]
    scheme = qt.Scheme.model_validate(plain)
    own = pd.DataFrame({"x": [0.9, 0.8, 0.7, 0.9, "未报送", "未报送"], "y": 1}, list("abcdef"))
    seen = pd.DataFrame({"x": [0.8, 0.75, 0.4, None, None, 0.3]}, index=own.index)
    found = project(qt.assess(scheme, own), seen, draws=2000).table
    assert found["open"].tolist() == [0, 0, 0, 1, 0, 0]
    assert found.loc["f", ["low", "projected", "high"]].tolist() == [65.0] * 3
    blank, other = found.loc["e"], found.loc["d"]
    expected = (90 + 87.5 + 70 + other["projected"]) / 4
    assert blank["projected"] == pytest.approx(expected, abs=0.01)
    assert blank["low"] < blank["projected"] < blank["high"]
    assert blank["high"] - blank["low"] == pytest.approx(
        (other["high"] - other["low"]) / 4, abs=0.1
    )
