"""Every claim, over every kind of region, against random points: nothing outside what is said,
whatever the scheme."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.engine import finish, grade, rank, score, shifted, to_ticks
from qtoolkit.errors import InputError
from qtoolkit.regions import Box, Hull, Levels, RankOrder, Simplex
from tests.examples import share
from tests.robustness.lp import flat
from tests.robustness.test_ranges import region_points
from tests.strategies import frame_of, givens, scheme_of

R = qt.robustness


def regions_of(result, which):
    """A region, and points of it made without its own sampler where that is easy."""
    points, ids = result.points.to_numpy(), list(result.points.index)
    rng, total = np.random.default_rng(which), points.sum()
    some = rng.dirichlet(np.ones(points.size), 60) * total
    corners = np.eye(points.size) * total
    if which == 0:
        return Simplex(), np.concatenate([some, corners])
    if which == 1:
        order = [ids[j] for j in np.argsort(-points, kind="stable")]
        places = [ids.index(i) for i in order]
        found = np.zeros_like(some)
        found[:, places] = -np.sort(-some, axis=1)
        return RankOrder(order), found
    if which == 2:
        experts = some[:3]
        mix = rng.dirichlet(np.ones(3), 60)
        return Hull([dict(zip(ids, map(float, e), strict=True)) for e in experts]), np.concatenate(
            [mix @ experts, experts]
        )
    if which == 3:
        region = Levels(0.3, 0.5)
        area = region.at(result)
        return region, np.concatenate(
            [area.sample(40, 1), area.maximise(rng.normal(size=(20, points.size)))]
        )
    if which == 4:
        inside = region_points(points, 0.4, count=60, seed=which)
        return Box(relative=0.4) & Box(absolute=float(total)), inside
    inside = region_points(points, 0.2, count=80, seed=which)
    region = Box(relative=0.2) & Levels(0.25)
    return region, inside[region.at(result).contains(inside)]


@settings(max_examples=share(150))
@given(givens(), st.integers(0, 5))
def test_nothing_lies_outside_what_is_claimed(given, which):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    e, (region, points) = result.engine, regions_of(result, which)
    assert region.at(result).contains(points).all()
    base = score(e, points)
    scores, grades, key = base / 1e10, grade(e, base), e.key(base)
    ranges = R.score_range(result, region).table
    assert (scores >= ranges["low"].to_numpy() - 1e-6).all() and (
        scores <= ranges["high"].to_numpy() + 1e-6
    ).all()
    low, high = (ranges[side].cat.codes.to_numpy() for side in ("grade_low", "grade_high"))
    assert (grades >= low).all() and (grades <= high).all()
    ranks = R.rank_range(result, region, time_limit=5, draws=20).table
    seen = rank(key)
    assert (seen >= ranks["best"].to_numpy()).all() and (seen <= ranks["worst"].to_numpy()).all()
    order = R.dominance(result, region)
    ahead = key[:, :, None] >= key[:, None, :]
    # before rounding, to a millionth of a point
    slack = ahead | (np.abs(key[:, :, None] - key[:, None, :]) <= 10**4)
    if e.rank_on_base or e.rounding is None:
        assert slack.all(axis=0)[order.certain.to_numpy()].all()
        assert order.possible.to_numpy()[
            (key[:, :, None] > key[:, None, :] + 10**4).any(axis=0)
        ].all()


@settings(max_examples=share(100))
@given(givens(), st.sampled_from([0.0, 0.5, 2.0]), st.integers(0, 9))
def test_a_tolerance_holds_under_every_shift_of_the_cutoffs(given, shift, seed):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    e, codes = result.engine, result.grades.cat.codes.to_numpy()
    table = R.tolerance(result, shift=shift).table
    limits = [shifted(e, int(to_ticks(s))) for s in (-shift, -shift / 3, 0.0, shift / 2, shift)]
    for k, rho in enumerate(table["tolerance"]):
        if np.isnan(rho):
            assert shift > 0 and table["status"].iloc[k] == "none"
            continue
        inside = region_points(result.points, min(rho * (1 - 1e-6), 1.0), count=30, seed=seed)
        base = score(e, inside)
        assert all((grade(e, base, limit)[:, k] == codes[k]).all() for limit in limits)


@settings(max_examples=share(100))
@given(givens(), st.integers(0, 9))
def test_transfers_and_single_points_short_of_the_first_change_change_nothing(given, seed):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    e, points, codes = result.engine, result.points.to_numpy(), result.grades.cat.codes.to_numpy()
    found, rng, d = R.transfer_map(result), np.random.default_rng(seed), len(result.points)
    looked_at = ~result.scores.index.isin(found.left_out)

    def same(p):
        return (grade(e, score(e, np.maximum(p, 0)[None]))[0] == codes)[looked_at].all()

    for _ in range(12):
        i, j = rng.choice(d, 2, replace=False)
        t = min(found.table.iloc[i, j], points[i])
        if found.exact.iloc[i, j] and t > 1e-6:
            assert same(points + rng.random() * t * (1 - 1e-6) * (np.eye(d)[j] - np.eye(d)[i]))
    table = R.stability_intervals(result)
    for j, (_, row) in enumerate(table.iterrows()):
        others = points.sum() - points[j]
        if row["status"] == "exact" and others > 0:
            for end in (row["low"], row["high"]):
                to = points[j] + rng.random() * (1 - 1e-6) * (end - points[j])
                p = points * (points.sum() - to) / others
                p[j] = to
                assert abs(end - points[j]) < 1e-6 or same(p)


@settings(max_examples=share(60))
@given(givens(stages=False), st.sampled_from(["zero", "full", "renormalise"]), st.integers(0, 9))
def test_new_indicators_are_covered_whatever_they_bring(given, treatment, seed):
    """The last leaf loses its column: any share from 0 to 1 may come, for each unit its own."""
    scheme = given.scheme | {
        "missing": given.scheme["missing"] | {"new": treatment, "no_data": "exclude"}
    }
    leaf = given.leaves[-1]["id"]
    frame = frame_of(given)
    frame = frame.drop(
        columns=[
            c
            for c in frame.columns
            if c == leaf or c.endswith(f":{leaf}") or c.startswith(f"{leaf}@")
        ]
    )
    result = qt.assess(scheme_of(scheme), frame)
    e, j, rng = result.engine, len(result.points) - 1, np.random.default_rng(seed)
    region = Box(relative=0.2)
    ranges, ranks = (
        R.score_range(result, region).table,
        R.rank_range(result, region, time_limit=5, draws=20).table,
    )
    points = region_points(result.points, 0.2, count=20, seed=seed)
    blank = e.tree.blank.copy()
    blank[:, j] = False
    for _ in range(5):
        slope, const = e.slope.copy(), e.const.copy()
        slope[:, j], const[:, j] = rng.choice([0.0, 1.0, rng.random()], len(slope)), 0.0
        real = replace(e, slope=slope, const=const, tree=replace(e.tree, blank=blank))
        base = score(real, points)
        scores, places = base / 1e10, rank(base if e.rank_on_base else finish(real, base))
        assert (scores >= ranges["low"].to_numpy() - 1e-6).all() and (
            scores <= ranges["high"].to_numpy() + 1e-6
        ).all()
        assert (places >= ranks["best"].to_numpy()).all() and (
            places <= ranks["worst"].to_numpy()
        ).all()


@pytest.mark.parametrize("total", [1.0, 1000.0])
def test_the_same_scheme_on_another_total_has_the_same_certificates(total):
    rng = np.random.default_rng(3)
    shares, w = np.round(rng.random((9, 5)), 2), np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    one, other = flat(w * 100, shares, 50.0), flat(w * total, shares, total / 2)
    region = Box(relative=0.4)
    assert R.tolerance(one).table["tolerance"].tolist() == pytest.approx(
        R.tolerance(other).table["tolerance"].tolist(), rel=1e-6
    )
    for column in ("best", "worst", "status"):
        assert (
            R.rank_range(one, region).table[column].tolist()
            == R.rank_range(other, region).table[column].tolist()
        )
    assert (
        R.score_range(one, region).table["certain"].tolist()
        == R.score_range(other, region).table["certain"].tolist()
    )
    assert (R.cheapest_flip(one).table["points_moved"] / 100).tolist() == pytest.approx(
        (R.cheapest_flip(other).table["points_moved"] / total).tolist(), rel=1e-6
    )


def test_hostile_arguments_are_one_sentence():
    result = flat([60.0, 40.0], [[1.0, 0.5], [0.4, 0.9]], 70)
    for work in (
        lambda: R.tolerance(result, shift=-1),
        lambda: R.tolerance(result, shift=float("nan")),
        lambda: R.tolerance(result, shift="x"),
        lambda: R.rank_range(result, Box(relative=0.1), time_limit=-1),
        lambda: R.rank_range(result, Box(relative=0.1), time_limit=float("nan")),
        lambda: R.rank_range(result, Box(relative=0.1), draws=-5),
        lambda: R.rank_range(result, "box"),
        lambda: R.score_range(result, 0.1),
        lambda: R.dominance(result, None),
        lambda: R.score_range(result, Box(relative=0.1), new="x"),
        lambda: R.tolerance_map(result, [2.0], [0.0]),
        lambda: R.tolerance_map(result, [0.1], [-1.0]),
        lambda: RankOrder(["x0", "x0"]).at(result),
        lambda: Hull([]),
        lambda: Hull([{"x0": float("nan"), "x1": 40.0}]).at(result),
        lambda: R.cheapest_flip(result, region=3),
    ):
        with pytest.raises(InputError):
            work()
    assert (
        R.rank_range(result, Box(relative=0.1), time_limit=0, draws=0)
        .table["status"]
        .isin(["exact", "bounds"])
        .all()
    )
