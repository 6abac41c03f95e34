"""Simulation against closed forms, scipy's ranks and new assessments; the same bytes for any number
of workers."""

import itertools
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

import qtoolkit as qt
from qtoolkit.engine import finish, grade, rank, score
from qtoolkit.engine.tally import tally
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.regions import Box, Dirichlet, Hull, Levels, RankOrder, Simplex
from qtoolkit.regions.sampling import box_simplex
from qtoolkit.simulation import rank_confidence
from qtoolkit.simulation.sampling import CHUNK, draws_of
from tests.examples import share
from tests.robustness.lp import flat
from tests.strategies import frame_of, givens, scheme_of


@settings(max_examples=share(100))
@given(givens(), st.integers(0, 99))
def test_counts_are_those_of_scipy_s_ranks_and_of_new_assessments(given, seed):
    """All features together, ties included: every draw is ranked by scipy and graded by an
    assessment of its own."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    e, points = (
        result.engine,
        np.random.default_rng(seed).dirichlet(np.ones(len(result.points)), 6) * result.points.sum(),
    )
    points[0] = result.points
    counted = tally(e, result.ranks.to_numpy(), points, pairs=True)
    n, names = len(result.scores), result.grade_names
    ranks, grades, wins = (
        np.zeros((n, n), int),
        np.zeros((n, len(names)), int),
        np.zeros((n, n), int),
    )
    first, shift = np.zeros((n, points.shape[1])), 0.0
    for p in points:
        again = qt.assess(
            result.scheme.replace(
                points=dict(zip(result.points.index, map(float, p), strict=True))
            ),
            result.table,
        )
        key = again.base if e.rank_on_base else np.round(again.scores * 1e10)
        place = rankdata(-np.asarray(key, float), method="min").astype(int)
        ranks[np.arange(n), place - 1] += 1
        grades[np.arange(n), again.grades.cat.codes] += 1
        wins += np.asarray(key)[:, None] > np.asarray(key)[None, :]
        first[place == 1] += p
        shift += np.abs(place - result.ranks).mean() / len(points)
    assert (
        (counted.ranks == ranks).all()
        and (counted.grades == grades).all()
        and (counted.wins == wins).all()
    )
    assert counted.first == pytest.approx(
        first
    ) and counted.shift / counted.batches == pytest.approx(shift)


def test_many_units_are_counted_in_blocks_and_bins(monkeypatch):
    rng = np.random.default_rng(1)
    result = flat([50.0, 30.0, 20.0], np.round(rng.random((300, 3)), 2), 50)
    points = rng.dirichlet(np.ones(3), 700) * 100
    ranks = rank(result.engine.key(score(result.engine, points)))
    expected = np.stack([np.bincount(column - 1, minlength=300) for column in ranks.T])
    whole = tally(result.engine, result.ranks.to_numpy(), points)
    assert (whole.ranks == expected).all() and whole.width == 1
    monkeypatch.setattr("qtoolkit.engine.tally.MOST_CELLS", 300 * 100)
    binned = tally(result.engine, result.ranks.to_numpy(), points)
    assert binned.width == 3 and (binned.ranks == expected.reshape(300, 100, 3).sum(axis=2)).all()


def test_the_simplex_by_quadrature():
    """Two indicators: u0 = .5 + .5w, u1 = .9 − .4w; u0 is ahead for w > 4/9. Three: pairwise
    winning of (1, 0, 0) over (0, 1, 0) is ½ by symmetry, and of (1, 0, 0) over (.5, .5, .5) is P(w
    > ½) = ¼."""
    s = qt.simulation.simulate(
        flat([50.0, 50.0], [[1.0, 0.5], [0.5, 0.9]], 70), Simplex(), draws=40_000, seed=2
    )
    assert abs(s.rank_acceptability.loc["u0", 1] - 5 / 9) < 1.5 * s.error(5 / 9)
    # u0 ≥ 70 for w ≥ .4
    assert abs(s.grade_acceptability.loc["u0", "A"] - 0.6) < 1.5 * s.error(0.6)
    # the middle of (4/9, 1)
    assert s.central.loc["u0", "x0"] == pytest.approx(100 * (4 / 9 + 1) / 2, abs=0.3)
    assert s.confidence().tolist() == [1.0, 1.0]
    three = flat([40.0, 30.0, 30.0], [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0.5]], 50)
    s = qt.simulation.simulate(three, Simplex(), draws=40_000, seed=3)
    assert abs(s.pairwise.loc["u0", "u1"] - 0.5) < 1.5 * s.error(0.5)
    assert abs(s.pairwise.loc["u0", "u2"] - 0.25) < 1.5 * s.error(0.25)


def test_pairwise_winning_on_the_simplex_in_closed_form():
    """Uniform weights are exponentials over their sum: P(w·δ > 0) = Σ over δi > 0 of Π over j ≠ i
    of δi / (δi − δj)."""
    x = np.random.default_rng(2).random((5, 6))
    s = qt.simulation.simulate(
        flat([20.0, 20.0, 20.0, 20.0, 10.0, 10.0], x, 50), Simplex(), draws=60_000, seed=4
    )
    for a in range(5):
        for b in set(range(5)) - {a}:
            delta = x[a] - x[b]
            exact = sum(np.prod([i / (i - j) for j in delta if j != i]) for i in delta if i > 0)
            assert abs(s.pairwise.iloc[a, b] - exact) < 2 * s.error(exact)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ([30, 22.5, 15, 7.5], [50, 37.5, 25, 12.5]),  # ±25%
        ([0, 0, 0, 0], [90, 60, 40, 20]),  # cut at 0
        ([39, 5, 0, 0], [41, 70, 30, 90]),  # one narrow, the rest wide
        ([0, 0, 0, 0], [34, 33, 32, 2]),  # a sliver in a corner: tilted proposals
    ],
)
def test_moments_of_a_box_by_quadrature(low, high):
    """The density of one coordinate is that of the sum of the others at what is left: Σ over
    subsets S of (−1)^|S| (x − Σ w_S)₊^(n−1), the sum of uniform variables of widths w."""
    lo, hi = np.array(low, float), np.array(high, float)
    drawn = box_simplex(np.random.default_rng(7), lo, hi, 100.0, 60_000)
    assert (
        (drawn >= lo - 1e-9).all()
        and (drawn <= hi + 1e-9).all()
        and drawn.sum(axis=1) == pytest.approx(100)
    )
    for j in range(4):
        widths = np.delete(hi - lo, j)

        def density(x, j=j, widths=widths):
            left = 100 - x - np.delete(lo, j).sum()
            chosen = [s for k in range(4) for s in itertools.combinations(widths, k)]
            return sum((-1) ** len(s) * max(left - sum(s), 0) ** 2 for s in chosen)

        grid = np.linspace(lo[j], hi[j], 4001)
        f = np.array([density(x) for x in grid])
        mean = np.trapezoid(grid * f, grid) / np.trapezoid(f, grid)
        sd = np.sqrt(np.trapezoid((grid - mean) ** 2 * f, grid) / np.trapezoid(f, grid))
        assert drawn[:, j].mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(60_000) + 1e-4)
        assert drawn[:, j].std() == pytest.approx(sd, rel=0.015)


def test_slivers_in_the_corners_of_a_box_are_drawn_from_too():
    """Where almost nothing of the box is left: the least and the greatest sums, many coordinates, a
    single point."""
    rng = np.random.default_rng(1)
    for d, slack, top in itertools.product((3, 40), (0.0, 1e-6, 0.01, 1.0), (False, True)):
        width = rng.random(d) * 10 + 0.1
        total = width.sum() - slack if top else slack
        drawn = box_simplex(np.random.default_rng(7), np.zeros(d), width, total, 200)
        assert (
            (drawn >= -1e-9).all()
            and (drawn <= width + 1e-9).all()
            and drawn.sum(axis=1) == pytest.approx(total)
        )


def test_measurement_error_by_the_normal_distribution():
    """One indicator of 100 points, share .85 ± .02: an A from 90 with probability 1 − Φ(2.5)."""
    result = flat([100.0], [[0.85], [0.5]], 90)
    s = qt.simulation.simulate(result, draws=50_000, errors=0.02, seed=1)
    assert abs(s.grade_acceptability.loc["u0", "A"] - norm.sf(2.5)) < 1.5 * s.error(norm.sf(2.5))
    assert s.stands["u1"] == 1 and s.rank_acceptability.loc["u0", 1] == 1
    frame = pd.DataFrame({"x0": [0.05]}, index=["u0"])
    s = qt.simulation.simulate(result, draws=50_000, errors=frame, seed=1)
    assert abs(s.grade_acceptability.loc["u0", "A"] - norm.sf(1)) < 1.5 * s.error(norm.sf(1))


def test_cutoffs_that_jitter():
    """A score of 90.5 and a cutoff of 90 ± 2: an A in 2.5 of 4 cases."""
    s = qt.simulation.simulate(flat([100.0], [[0.905]], 90), draws=40_000, jitter=2, seed=5)
    assert abs(s.grade_acceptability.loc["u0", "A"] - 2.5 / 4) < 1.5 * s.error(0.625)


def test_noise_has_the_sd_that_is_stated():
    points = Dirichlet(sd=2.0).at(flat([40.0, 30.0, 20.0, 10.0], [[0.5] * 4], 50)).sample(60_000, 1)
    w = np.array([0.4, 0.3, 0.2, 0.1])
    assert points.mean(axis=0) == pytest.approx(100 * w, abs=0.05) and points.sum(
        axis=1
    ) == pytest.approx([100] * 60_000)
    assert points.std(axis=0) == pytest.approx(2 * np.sqrt(w * (1 - w) / (0.25 * 0.75)), rel=0.02)


def everything(s):
    return [
        s.rank_acceptability,
        s.grade_acceptability,
        s.rank_quantiles,
        s.central,
        s.pairwise,
        s.entropy,
        s.stands,
    ]


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(4)
    return flat(
        [40.0, 30.0, 20.0, 10.0], np.round(rng.random((12, 4)), 2), {"A": 60, "B": 40, "C": 0}
    )


def test_any_number_of_workers_gives_the_same_bytes(case):
    keys = {"draws": 20_000, "seed": 7, "jitter": 1.0}
    alone = qt.simulation.simulate(case, Box(relative=0.3), **keys)
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
        for pool in (threads, processes):
            other = qt.simulation.simulate(case, Box(relative=0.3), executor=pool, **keys)
            assert all(
                a.to_numpy().tobytes() == b.to_numpy().tobytes()
                for a, b in zip(everything(alone), everything(other), strict=True)
            )
            assert alone.rank_shift == other.rank_shift and other.note is None
        for region in (
            RankOrder(["x0", "x1", "x2", "x3"]) & Box(relative=0.3),
            Levels(0.3) & RankOrder(["x0", "x1", "x2", "x3"]),
        ):
            one, other = (
                qt.simulation.simulate(case, region, executor=pool, **keys)
                for pool in (None, processes)
            )
            assert all(
                a.to_numpy().tobytes() == b.to_numpy().tobytes()
                for a, b in zip(everything(one), everything(other), strict=True)
            )
    assert not alone.rank_acceptability.equals(
        qt.simulation.simulate(case, Box(relative=0.3), draws=20_000, seed=8).rank_acceptability
    )


class Breaks(Executor):
    """A pool of which the third chunk kills a worker."""

    def __init__(self):
        self.count = 0

    def submit(self, fn, /, *args, **kwargs):
        self.count += 1
        future = Future()
        if self.count == 3:
            future.set_exception(BrokenExecutor("a worker died"))
        elif self.count > 3:
            raise BrokenExecutor("the pool is broken")
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_broken_pool_is_finished_in_process_and_said(case):
    alone = qt.simulation.simulate(case, Box(relative=0.3), draws=150_000)
    broken = qt.simulation.simulate(case, Box(relative=0.3), draws=150_000, executor=Breaks())
    assert broken.rank_acceptability.equals(alone.rank_acceptability) and broken.complete
    assert broken.note.zh and broken.note.en and alone.note is None


def test_an_interruption_returns_what_is_done(case):
    def stop(done, of):
        if done == 2:
            raise KeyboardInterrupt

    part = qt.simulation.simulate(case, Box(relative=0.3), draws=50_000, progress=stop)
    assert not part.complete and part.draws == 2 * CHUNK and part.note is not None
    assert part.rank_acceptability.sum(axis=1).tolist() == pytest.approx([1.0] * 12)


def test_a_bar_shows_the_draws_made(case, capsys):
    qt.simulation.simulate(case, Box(relative=0.3), draws=10_000, progress=True)
    assert "10.0k/10.0k" in capsys.readouterr().err
    qt.simulation.simulate(case, Box(relative=0.3), draws=10_000)
    assert capsys.readouterr().err == ""


def test_what_cannot_be_simulated_is_refused_with_one_sentence(case):
    for wrong in (
        {"draws": 0},
        {"draws": 1.5},
        {"seed": -1},
        {"jitter": -1},
        {"jitter": float("nan")},
        {"errors": -0.1},
        {"errors": {"y": 0.1}},
        {"errors": float("nan")},
        {"region": Dirichlet(sd=99)},
        {"region": Hull([{"x0": 50.0, "x1": 30.0, "x2": 10.0, "x3": 10.0}] * 2)},
    ):
        with pytest.raises(InputError):
            qt.simulation.simulate(case, **wrong)
    s = qt.simulation.simulate(case, draws=10, pairs=False)
    for wrong in (lambda: s.pairwise, lambda: s.top(0), lambda: s.top(99), lambda: s.bottom(1.5)):
        with pytest.raises(InputError):
            wrong()


def test_tables_agree_with_one_another(case):
    s = qt.simulation.simulate(case, Box(relative=0.5), draws=9604, seed=1)
    ranks = s.rank_acceptability
    assert ranks.sum(axis=1).tolist() == pytest.approx([1.0] * 12)
    assert s.top(3).tolist() == pytest.approx(ranks.iloc[:, :3].sum(axis=1).tolist())
    assert s.bottom(2).tolist() == pytest.approx(ranks.iloc[:, -2:].sum(axis=1).tolist())
    assert (s.rank_quantiles["best"] <= s.rank_quantiles[0.5]).all() and s.decimals == 0
    assert s.error(0.5) == pytest.approx(0.01, abs=2e-5)  # 9,604 draws give ±.01
    exact = qt.robustness.rank_range(case, Box(relative=0.5)).table
    assert (s.rank_quantiles["best"] >= exact["best"]).all() and (
        s.rank_quantiles["worst"] <= exact["worst"]
    ).all()
    mean, error = s.rank_shift
    points = Box(relative=0.5).at(case).sample(50_000, 9)
    shift = np.abs(
        rank(finish(case.engine, score(case.engine, points))) - case.ranks.to_numpy()
    ).mean(axis=1)
    assert abs(mean - shift.mean()) < 4 * error + 0.01
    assert (
        grade(case.engine, score(case.engine, points)) == case.grades.cat.codes.to_numpy()
    ).mean() == pytest.approx(s.stands.mean(), abs=0.02)


STATUSES = ("not_applicable", "not_reported", "pending", "zero", "falsified", "new")
TREATED = [
    (status, treatment)
    for status in STATUSES
    for treatment in ("zero", "full", "renormalise", "group_mean")
    if status in ("not_applicable", "not_reported", "pending")
    or (status == "new" and treatment != "group_mean")
    or treatment == "zero"
]


def with_a_blank(status, treatment, staged=False, rule=None):
    """Three units: 甲 has no value of leaf a (in its second stage, where staged), 乙 and 丙
    have."""
    missing = (
        {status: treatment}
        if status in ("not_applicable", "not_reported", "pending", "new")
        else {}
    )
    leaves = [
        {"id": id, "name": id, "points": points, "rule": rule or {"kind": "share"}}
        for id, points in (("a", 60.0), ("b", 40.0))
    ]
    data = {"id": "s", "name": "s", "indicators": leaves, "missing": missing, "rank_on": "base"}
    data |= {"grades": [{"id": "A", "cutoff": 60}, {"id": "B", "cutoff": 0}]}
    data |= {"vetoes": [{"id": "v", "name": "v", "falsified": True, "cap": "B"}]}
    first = {"a": [status, 0.5, 0.9]} if status != "new" else {}
    if staged:
        leaves[0]["stages"] = {"one": 0.4, "two": 0.6}
        data["stages"] = [{"id": id, "name": id} for id in ("one", "two")]
        first = {"a@one": [0.3, 0.5, 0.9], "a@two": [status, 0.4, 0.7]}
    frame = pd.DataFrame(
        first | {"b": [0.6, 0.7, 0.2], "veto:v": ["否"] * 3}, index=list("甲乙丙"), dtype=object
    )
    return qt.assess(validate(Scheme, data, None), frame), frame


def assessed_again(result, frame, leaves):
    """Base scores of an assessment of its own on the shares that were drawn, the cells without a
    value as they are."""
    frame = frame.copy()
    for j, leaf in enumerate(result.points.index):
        if leaf in frame:
            given = [isinstance(value, float) for value in frame[leaf]]
            frame.loc[given, leaf] = [float(x) for x in leaves[given, j]]
    return qt.assess(result.scheme, frame).base.to_numpy()


@pytest.mark.parametrize(("status", "treatment"), TREATED)
def test_only_measured_cells_have_errors(status, treatment):
    """Every draw is assessed anew from data in which only measured cells differ: equal scores,
    whatever the status."""
    result, frame = with_a_blank(status, treatment)
    for errors in (0.05, {"a": 0.05, "b": 0.05}):
        drawn = draws_of(result, None, 40, 3, errors)
        points, leaves, _ = drawn.chunk(0)
        scores = score(result.engine, points, leaves)
        again = [assessed_again(result, frame, row) for row in leaves]
        assert np.abs(scores - again).max() <= 1  # a tick: another order of summation
        assert (np.ptp(leaves[:, 1:, 1], axis=0) > 0).all()  # what was measured does vary
        if treatment != "group_mean":
            assert np.ptp(leaves[:, 0, 0]) == 0
    alone = rank_confidence(result, {"a": 0.05}, draws=200).table["se"]
    assert (alone["甲"] > 0) == (treatment == "group_mean") and (status == "new" or alone["乙"] > 0)


@pytest.mark.parametrize("status", STATUSES[:5])
def test_a_cell_made_of_stages_is_measured_only_where_all_of_them_are(status):
    """甲's second stage has no value: its cell has a treatment, not a measurement, whatever its
    first stage says."""
    result, _ = with_a_blank(status, "zero", staged=True)
    leaves = draws_of(result, None, 50, 1, 0.05).chunk(0)[1]
    assert (leaves[:, 0, 0] == result.engine.slope[0, 0]).all() and (
        np.ptp(leaves[:, 1:, 0], axis=0) > 0
    ).all()


def test_the_mean_of_similar_units_moves_with_them():
    """甲's a is the mean of 乙's and 丙's: a score with an sd of 60·.05/√2, at any points."""
    result, _ = with_a_blank("not_reported", "group_mean")
    se = rank_confidence(result, {"a": 0.05}, draws=40_000).table["se"]
    assert se.tolist() == pytest.approx([3 / np.sqrt(2), 3, 3], rel=0.03)
    drawn = draws_of(result, Simplex(), 500, 1, {"a": 0.05})
    leaves = drawn.chunk(0)[1]
    assert leaves[:, 0, 0] == pytest.approx(leaves[:, 1:, 0].mean(axis=1), abs=1e-15)


def test_an_error_of_a_cell_that_nobody_measured_is_refused():
    result, _ = with_a_blank("falsified", "zero")
    table = pd.DataFrame(0.05, index=result.scores.index, columns=result.points.index)
    for call in (
        lambda: qt.simulation.simulate(result, draws=10, errors=table),
        lambda: rank_confidence(result, table),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert (
            "弄虚作假" in caught.value.sentences("zh")[0]
            and "“a” of “甲”" in caught.value.sentences("en")[0]
        )
    table.loc["甲", "a"] = 0.0
    assert qt.simulation.simulate(result, draws=10, errors=table).draws == 10


def three_units():
    x = pd.DataFrame({"a": [0.9, 0.5, 0.3], "b": [0.2, 0.8, 0.7]}, index=["甲", "乙", "丙"])
    return qt.assess(Scheme.flat({"a": 60, "b": 40}, {"A": 70, "B": 0}), x)


def by_unit(units, **columns):
    return pd.DataFrame(columns, index=list(units))


WRONG_ERRORS = {
    "text": ({"a": "x"}, ["“a”", "“x”"]),
    "text that looks like a number": ({"a": "0.1"}, ["“a”", "“0.1”"]),
    "None": ({"a": None}, ["“a”", "“None”"]),
    "True by indicator": ({"b": True}, ["“b”", "“True”"]),
    "infinite": ({"a": float("inf")}, ["“a”", "“inf”"]),
    "below 0 in a Series": (pd.Series({"a": 0.1, "b": -0.1}), ["“b”", "“-0.1”"]),
    "True": (True, ["“True”"]),
    "numpy's True": (np.True_, ["“True”"]),
    "NaN": (float("nan"), ["“nan”"]),
    "below 0": (-1, ["“-1”"]),
    "a list": ([0.1, 0.2], ["“[0.1, 0.2]”"]),
    "another word": ("date", ["“date”"]),
    "text in a table": (by_unit("甲乙", a=[0.1, "y"]), ["“a”", "“乙”", "“y”"]),
    "True in a table": (by_unit("甲乙", b=[False, False]), ["“b”", "“甲”", "“False”"]),
    "a gap in a table": (by_unit("甲乙", b=[np.nan, 0.1]), ["“b”", "“甲”", "“nan”"]),
    "a unit twice": (by_unit("甲乙甲", a=[0.1, 0.1, 0.1]), ["“甲”"]),
    "a column twice": (pd.DataFrame([[0.1, 0.1]], ["甲"], ["a", "a"]), ["“a”"]),
    "an indicator twice in a Series": (pd.Series([0.1, 0.2], ["b", "b"]), ["“b”"]),
    "an unknown indicator": (pd.Series({"aa": 0.1}), ["“aa”", "“a”"]),
    "an unknown unit": (by_unit("丁", a=[0.1]), ["“丁”"]),
}


@pytest.mark.parametrize("name", WRONG_ERRORS)
def test_wrong_errors_are_refused_by_a_sentence_that_names_what_was_found(name):
    errors, named = WRONG_ERRORS[name]
    result = three_units()
    for call in (qt.simulation.simulate, rank_confidence):
        with pytest.raises(InputError) as caught:
            call(result, errors=errors, draws=10)
        for language in ("zh", "en"):
            sentence = caught.value.sentences(language)[0]
            assert "errors" in sentence
            assert all(part in sentence for part in named), sentence


def test_errors_are_the_same_as_python_s_numpy_s_or_pandas_numbers():
    """One number for each indicator, given in seven ways, draws the same shares."""
    result = three_units()
    kept = [0.125, 0.125]  # exact in 32 bits
    ways = [
        0.125,
        np.float32(0.125),
        np.float64(0.125),
        dict(zip("ab", kept, strict=True)),
        pd.Series(kept, ["a", "b"]),
        pd.Series(kept, ["b", "a"], dtype="Float64"),
        by_unit("丙甲乙", a=[0.125] * 3, b=np.full(3, 0.125, np.float32)),
    ]
    first, *others = (draws_of(result, None, 5, 1, errors).chunk(0)[1] for errors in ways)
    assert np.ptp(first[:, 0, 0]) > 0
    assert all((other == first).all() for other in others)
    mixed = pd.Series({"a": np.int64(1), "b": 0}, dtype=object)
    whole = draws_of(result, None, 5, 1, mixed).chunk(0)[1]
    assert np.ptp(whole[:, 0, 0]) > 0 and not np.ptp(whole[:, :, 1], axis=0).any()


def test_score_quantiles_of_a_uniform_score():
    """Shares 1 and 0 with points p and 100 − p, p uniform: the score is p, its quantile q is
    100·q, within a bin and the error of the draws; a score that never changes lies in one bin."""
    frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.0, 0.5]}, index=["甲", "乙"])
    plain = qt.Scheme.flat({"a": 50, "b": 50}, {"A": 70, "B": 0})
    found = qt.simulation.simulate(
        qt.assess(plain, frame), qt.regions.Simplex(), draws=40_000, scores=True
    ).score_quantiles
    for q, value in found.loc["甲"].items():
        error = 3 * 100 * (q * (1 - q) / 40_000) ** 0.5
        assert abs(value - 100 * q) < error + 100 / 4096
    assert found.loc["乙", 0.025] <= 50 <= found.loc["乙", 0.975]
    assert found.loc["乙", 0.975] - found.loc["乙", 0.025] == pytest.approx(100 / 4096)


def test_score_quantiles_must_be_asked_for():
    frame = pd.DataFrame({"a": [1.0], "b": [0.0]}, index=["甲"])
    result = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 70, "B": 0}), frame)
    with pytest.raises(qt.InputError, match="scores=True"):
        _ = qt.simulation.simulate(result, qt.regions.Simplex(), draws=100).score_quantiles


def test_scores_are_counted_alike_by_workers():
    frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.0, 0.7]}, index=["甲", "乙"])
    result = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 70, "B": 0}), frame)
    with qt.executor(2) as pool:
        one, other = (
            qt.simulation.simulate(
                result, qt.regions.Simplex(), draws=20_000, scores=True, executor=executor
            ).score_quantiles
            for executor in (None, pool)
        )
    pd.testing.assert_frame_equal(one, other)
