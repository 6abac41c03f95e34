"""Tuned points against every set of points in whole steps, gone through by a program of its own."""

import itertools

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit import importance
from qtoolkit.importance import searching
from qtoolkit.importance.allocations import allocations
from qtoolkit.importance.tuning import _moved as moved
from tests.robustness.lp import flat
from tests.strategies import scheme_of


def distance_of(earned, goal):
    """Root mean square of r²(part, sum)/Σ r² − goal, by numpy's own correlations; (n, d) earned
    points."""
    total = earned.sum(axis=1)
    r2 = np.array([np.corrcoef(column, total)[0, 1] ** 2 for column in earned.T])
    return np.sqrt(np.mean((r2 / r2.sum() - goal) ** 2))


def least_of_all(x, goal, low, high, sums, step):
    """The least distance over all points in whole steps: r_j² = (Σp)_j² / (σ_jj pᵀΣp), with numpy's
    covariance."""
    most = np.minimum(high, sum(sum_ for _, sum_ in sums))
    ranges = [
        np.arange(round(a / step), round(b / step) + 1) for a, b in zip(low, most, strict=True)
    ]
    grid = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, len(low)) * step
    for at, sum_ in sums:
        grid = grid[np.abs(grid[:, at].sum(axis=1) - sum_) < 1e-9]
    covariance = np.cov(x.T)
    r2 = (grid @ covariance) ** 2 / np.diag(covariance)
    distance = np.sqrt(((r2 / r2.sum(axis=1, keepdims=True) - goal) ** 2).mean(axis=1))
    best = distance.argmin()
    assert distance[best] == pytest.approx(
        distance_of(x * np.maximum(grid[best], 1e-7), goal), abs=1e-6
    )
    return float(distance[best])


def case(seed):
    """Some units, targets and limits, drawn: 2 to 4 indicators that correlate, mostly with local
    optima."""
    rng = np.random.default_rng(seed)
    d, n, total = int(rng.integers(2, 5)), int(rng.integers(9, 40)), int(rng.integers(8, 24))
    mixing = np.eye(d) + rng.normal(size=(d, d)) * rng.choice([0.2, 1.0])
    x = np.clip(0.5 + 0.1 * rng.normal(size=(n, d)) @ mixing, 0, 1)
    points = rng.multinomial(total, np.ones(d) / d).astype(float)
    goal = rng.dirichlet(np.ones(d) * rng.choice([0.5, 1, 3]))
    low, high = np.zeros(d), np.full(d, float(total))
    if rng.random() < 0.5:
        low, high = np.maximum(points - rng.integers(1, 5), 0), points + rng.integers(1, 5)
    return x, points, goal, low, high


def check(seed, monkeypatch):
    """One case: what is called exact is the best of all, nothing rounded is called converged, and
    what is called converged is no worse than any set of points in steps of a quarter."""
    x, points, goal, low, high = case(seed)
    r, sums = flat(list(points), x, 4), [(np.ones(len(points), bool), points.sum())]
    target = {f"x{j}": share for j, share in enumerate(goal)}
    bounds = {f"x{j}": ends for j, ends in enumerate(zip(low, high, strict=True))}
    best = least_of_all(x, goal, low, high, sums, 1.0)
    found = importance.tune(r, target, bounds, step=1, seed=seed)
    assert found.exact and not found.converged
    assert found.distance == pytest.approx(best, abs=1e-7), seed
    assert found.distance_exact <= found.distance + 1e-12
    chosen = found.table["points"].to_numpy()
    assert (
        chosen.sum() == points.sum()
        and (chosen >= low).all()
        and (chosen <= high).all()
        and not (chosen % 1).any()
    )
    with monkeypatch.context() as patch:
        patch.setattr(searching, "WORK", 0)  # as if there were too many
        searched = importance.tune(r, target, bounds, step=1, seed=seed)
    assert not searched.exact and not searched.converged and "best found" in searched.note.en
    free = importance.tune(r, target, bounds, seed=seed)
    fine = least_of_all(x, goal, low, high, sums, 0.25 if len(points) < 4 else 0.5)
    assert not free.exact and (not free.converged or free.distance <= fine + 1e-5), seed
    return searched.distance <= best + 1e-7, free.converged


def check_all(seeds, monkeypatch):
    outcomes = np.array([check(seed, monkeypatch) for seed in seeds])
    assert (
        outcomes.mean(axis=0).min() > 0.9
    )  # the search alone finds the best, and converges, nearly always


def test_whole_points_are_the_best_of_all_in_a_hundred_and_twenty_cases():
    """Steps of 1, all gone through on either side."""
    for seed in range(120):
        x, points, goal, low, high = case(seed)
        sums = [(np.ones(len(points), bool), points.sum())]
        aim = searching.aim_of(x, np.zeros_like(x), goal)
        chosen = searching.best_of_all(aim, allocations(low, high, sums, 1.0), points)
        assert aim.of(chosen) == pytest.approx(
            least_of_all(x, goal, low, high, sums, 1.0), abs=1e-9
        ), seed


def test_exact_best_found_and_converged_are_not_mixed_up(monkeypatch):
    check_all(range(4, 10), monkeypatch)


@pytest.mark.soak
def test_exact_best_found_and_converged_are_not_mixed_up_in_four_hundred_cases(monkeypatch):
    check_all(range(1000, 1400), monkeypatch)


def test_groups_and_deductions_that_do_not_scale_are_gone_through_too():
    """Two groups of two, one leaf with deductions in points, earned min(max(p − x, 0), p): 31 × 21
    sets of points."""
    rng = np.random.default_rng(21)
    leaf = lambda id, p: {"id": id, "name": id, "points": p, "rule": {"kind": "share"}}  # noqa: E731
    deduct = {
        "id": "d",
        "name": "d",
        "points": 10.0,
        "rule": {"kind": "deduct", "rate": 1.0},
        "scales": False,
    }
    nodes = [
        {"id": "n", "name": "n", "children": [leaf("a", 10.0), leaf("b", 20.0)]},
        {"id": "m", "name": "m", "children": [leaf("c", 10.0), deduct]},
    ]
    scheme = scheme_of(
        {
            "id": "s",
            "name": "s",
            "total": 50.0,
            "indicators": nodes,
            "grades": [{"id": "A", "cutoff": 0}],
        }
    )
    frame = pd.DataFrame(
        {
            "a": rng.random(15),
            "b": rng.random(15),
            "c": rng.random(15),
            "d": rng.integers(0, 12, 15),
        }
    )
    found = importance.tune(qt.assess(scheme, frame), groups=True, step=1)
    best = np.inf
    for a, c in itertools.product(range(31), range(21)):
        deducted = np.clip((20 - c) - frame["d"], 0, None)
        earned = np.column_stack(
            [
                frame["a"] * max(a, 1e-6),
                frame["b"] * max(30 - a, 1e-6),
                frame["c"] * max(c, 1e-6),
                deducted,
            ]
        )
        if deducted.std() > 0:
            best = min(best, distance_of(earned, 0.25))
    assert found.exact and found.distance == pytest.approx(best, abs=1e-6)
    points = found.table["points"]
    assert points[["a", "b"]].sum() == 30 and points[["c", "d"]].sum() == 20


def test_of_equally_near_points_those_that_move_the_least():
    """Two indicators alike: the target is met wherever their points lie, and so the present ones
    stay."""
    shares = np.random.default_rng(3).random(20)
    found = importance.tune(
        flat([7.0, 3.0], np.column_stack([shares, shares]), 5), {"x0": 1, "x1": 1}, step=1
    )
    assert (
        found.exact
        and found.distance == pytest.approx(0, abs=1e-9)
        and found.table["points"].tolist() == [7, 3]
    )


def test_what_the_note_says_is_what_was_done():
    r = flat([40.0, 30.0, 30.0], np.random.default_rng(7).random((80, 3)), 50)
    free, exact = importance.tune(r), importance.tune(r, step=1)
    fine = importance.tune(r, step=0.01)  # 10,002 · 10,001 / 2 sets of points: not gone through
    assert (
        free.converged
        and not free.exact
        and "reached" in free.note.en
        and "达到目标" in free.note.zh
    )
    assert (
        exact.exact
        and not exact.converged
        and "none is nearer" in exact.note.en
        and "没有更接近的" in exact.note.zh
    )
    assert (
        not fine.exact
        and not fine.converged
        and "best found" in fine.note.en
        and "最好值" in fine.note.zh
    )
    assert (
        free.distance <= fine.distance_exact + 1e-9 <= fine.distance + 1e-9 <= exact.distance + 1e-9
    )


def drifted():
    """Shares drawn at random, and points near the best ones, none of them a multiple of 10."""
    x = np.random.default_rng(1).random((24, 3))
    best = importance.tune(flat([40.0, 30.0, 30.0], x, 90)).table["points"].round(1).to_numpy()
    return x, [*best[:2], round(100 - best[0] - best[1], 1)]


def off_the_grid():
    return *drifted(), 10, ("rises", "升到")


def far_off():
    return drifted()[0], [80.0, 10.0, 10.0], 10, ("falls", "降到")


def hardly_nearer():
    """Points that differ from the best by less than .05 are bettered freely."""
    return *drifted(), None, ("falls", "降到")


def there_already():
    x, _ = drifted()
    best = importance.tune(flat([40.0, 30.0, 30.0], x, 90), step=5).table["points"]
    return x, best.tolist(), 5, None


@pytest.mark.parametrize("case", [off_the_grid, far_off, hardly_nearer, there_already])
def test_whether_the_distance_rises_stays_or_falls_is_said_by_the_numbers_printed(case):
    """The distances are numpy's own, of its own correlations."""
    x, present, step, words = case()
    tuned = importance.tune(flat(present, x, 90), step=step)
    points = tuned.table["points"].to_numpy()
    now, after = (
        f"{distance_of(x * np.maximum(p, 1e-7), 1 / 3):.3f}" for p in (np.array(present), points)
    )
    if words is None:
        assert now == after and f"The distance from the target stays at {now} (" in tuned.note.en
        assert tuned.note.zh.startswith(f"与目标的距离仍为{now}（")
    else:
        assert (float(after) > float(now)) == (words[0] == "rises") and now != after
        assert f"target {words[0]} from {now} to {after} (" in tuned.note.en
        assert f"由{now}{words[1]}{after}（" in tuned.note.zh


def test_a_change_that_is_not_seen_in_the_numbers_printed_is_none():
    for now, after in ((0.1004, 0.0996), (0.0996, 0.1004), (2e-9, 1e-9)):
        assert "stays at" in moved(now, after).en and f"仍为{after:.3f}" in moved(now, after).zh
    assert "falls from 0.101 to 0.100" in moved(0.1006, 0.1004).en
