"""Chances of grades against scipy's normal, integrals against its bivariate normal, and against
plain random measurements; under quotas against a plain Monte Carlo with its own quota rule."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import qtoolkit as qt
from qtoolkit.errors import InputError
from tests.examples import share
from tests.robustness.lp import flat
from tests.strategies import frame_of, givens, scheme_of


def test_the_normal_model_of_the_methods_note():
    """Mean 75, sd 8, reliability .90, cut 80: accuracy .9163, consistency .8823, kappa .6986."""
    assert qt.cutoffs.normal_model(75, 8, 0.9, [80]).tolist() == pytest.approx(
        [0.9163, 0.8823, 0.6986], abs=5e-5
    )


@pytest.mark.parametrize(
    ("reliability", "cutoffs"), [(0.5, [60, 80]), (0.9, [60, 80, 90]), (0.99, [75]), (0.8, [])]
)
def test_the_normal_model_against_the_bivariate_normal(reliability, cutoffs):
    def same(rho, x, y):
        pair = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])

        def inside(a, b, c, d):
            return pair.cdf([b, d]) - pair.cdf([a, d]) - pair.cdf([b, c]) + pair.cdf([a, c])

        return sum(inside(*ends) for ends in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True))

    x = (np.array([-200, *cutoffs, 400.0]) - 75) / 8
    chance = (np.diff(stats.norm.cdf(x)) ** 2).sum()
    agree = same(reliability, x, x)
    found = qt.cutoffs.normal_model(75, 8, reliability, cutoffs)
    assert found["accuracy"] == pytest.approx(
        same(np.sqrt(reliability), x, x / np.sqrt(reliability)), abs=1e-5
    )
    assert found["consistency"] == pytest.approx(agree, abs=1e-5)
    if cutoffs:
        assert found["kappa"] == pytest.approx((agree - chance) / (1 - chance), abs=1e-4)
    else:
        assert np.isnan(found["kappa"])


def test_a_perfect_measurement_errs_nowhere():
    assert qt.cutoffs.normal_model(75, 8, 1, [60, 80]).tolist() == pytest.approx([1, 1, 1])


def test_chances_by_hand_with_rounding_bonus_and_veto():
    """Whole points half up: the effective cutoff of 90 is 89.5, with a bonus of 1 it is 88.5; a
    veto leaves no A."""
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "rounding": {"total": {"decimals": 0}},
    }
    data |= {
        "grades": [
            {"id": "A", "cutoff": 90.0},
            {"id": "B", "cutoff": 80.0},
            {"id": "C", "cutoff": 0.0},
        ]
    }
    data |= {
        "bonuses": [{"id": "m", "name": "m", "max": 5.0}],
        "vetoes": [{"id": "v", "name": "v", "cap": "B"}, {"id": "w", "name": "w", "lower": 1}],
    }
    frame = pd.DataFrame(
        {
            "a": [0.88] * 4,
            "bonus:m": [0, 1.0, 0, 0],
            "veto:v": [False, False, True, False],
            "veto:w": [False, False, False, True],
        },
        index=list("stuv"),
    )
    table = qt.cutoffs.misgrading(
        qt.assess(scheme_of(data), frame), {"s": 1.0, "t": 2.0, "u": 1.0, "v": 1.0}
    ).table
    phi = stats.norm.cdf
    plain = [1 - phi(1.5), phi(1.5) - phi(-8.5), phi(-8.5)]
    assert table.loc["s", ["A", "B", "C"]].tolist() == pytest.approx(plain)
    assert table.loc["t", "A"] == pytest.approx(1 - phi(0.25))
    assert table.loc["u", ["A", "B"]].tolist() == pytest.approx([0, plain[0] + plain[1]])
    assert table.loc["v", ["A", "B", "C"]].tolist() == pytest.approx(
        [0, plain[0], plain[1] + plain[2]]
    )
    assert table["stands"].tolist() == pytest.approx(
        [table.loc[u, g] for u, g in zip("stuv", table["grade"], strict=True)]
    )


@pytest.fixture(scope="module")
def city():
    case = qt.read_case("params/city-2026")
    return qt.assess(case.scheme, case.table)


def plain_standing(scores, barred):
    """Grades of the city case by a plain loop: two decimals half up, lines 90, 80, 60, a veto, then
    four places in A; of units level at the last place none has it."""
    published = {
        unit: math.floor(min(score, 100) * 100 + 0.5) / 100 for unit, score in scores.items()
    }
    grades = {}
    for unit, score in published.items():
        by_line = "A" if score >= 90 else "B" if score >= 80 else "C" if score >= 60 else "D"
        grades[unit] = max(by_line, barred.get(unit, "A"))
    rivals = [published[unit] for unit, grade in grades.items() if grade == "A"]
    for unit, grade in grades.items():
        if grade == "A" and sum(other >= published[unit] for other in rivals) > 4:
            grades[unit] = "B"
    return grades


def test_chances_over_the_standings_against_a_plain_monte_carlo(city):
    """A takes four. With se 1.2, 壬市 (a point short of nothing but places) and 戊市 (fifth) mostly
    stay B."""
    base, outside = city.base / 1e10, city.steps["bonus"]
    barred, n, rng = {"辛市": "B", "卯市": "D"}, 10_000, np.random.default_rng(99)
    now = plain_standing((base + outside).to_dict(), barred)
    assert now == city.grades.to_dict()
    seen = {unit: dict.fromkeys("ABCD", 0) for unit in base.index}
    right = alike = 0
    previous = now
    for errors in rng.normal(0, 1.2, (n, len(base))):
        drawn = plain_standing(dict(zip(base.index, base + outside + errors, strict=True)), barred)
        for unit, grade in drawn.items():
            seen[unit][grade] += 1
            right += grade == now[unit]
            alike += grade == previous[unit]  # of one draw and the next
        previous = drawn
    found = qt.cutoffs.misgrading(city, 1.2, draws=40_000, seed=5)
    plain = pd.DataFrame(seen).T / n
    spread = np.sqrt(plain * (1 - plain) * (1 / n + 1 / 40_000)) + 1e-4
    assert ((found.table[list("ABCD")] - plain).abs() <= 4.5 * spread).all(axis=None)
    assert found.table.loc["戊市", "A"] == pytest.approx(0.33, abs=0.012) and found.table.loc[
        "壬市", "A"
    ] == pytest.approx(0.01, abs=0.003)
    assert found.accuracy == pytest.approx(right / n / 16, abs=3 * found.accuracy_error)
    assert found.consistency == pytest.approx(alike / n / 16, abs=3 * found.consistency_error)
    assert found.draws == 40_000 and found.table["stands"].mean() == pytest.approx(found.accuracy)
    assert found.table[list("ABCD")].sum(axis=1).tolist() == pytest.approx([1] * 16)


@pytest.mark.parametrize("reliability", [None, 0.8])
def test_a_quota_that_never_binds_is_the_closed_form(city, reliability):
    def as_many(quota):
        return city.scheme.model_copy(
            update={
                "grades": tuple(
                    g.model_copy(update={"quota": quota if g.id == "A" else None})
                    for g in city.scheme.grades
                )
            }
        )

    free, open_ = (qt.assess(as_many(quota), city.table) for quota in (None, 16.0))
    exact, drawn = (qt.cutoffs.misgrading(r, 1.2, reliability, draws=40_000) for r in (free, open_))
    assert (exact.draws, exact.error(0.5), exact.accuracy_error, drawn.draws) == (
        None,
        0,
        0,
        40_000,
    )
    for grade in "ABCD":
        away = (exact.table[grade] - drawn.table[grade]).abs()
        assert (away <= [2.3 * drawn.error(p) for p in exact.table[grade]]).all()
    assert exact.accuracy == pytest.approx(drawn.accuracy, abs=2 * drawn.accuracy_error)
    assert exact.consistency == pytest.approx(drawn.consistency, abs=2 * drawn.consistency_error)
    assert exact.kappa == pytest.approx(drawn.kappa, abs=0.01)


def test_last_places_by_hand():
    """Two units alike and one last place: each has it half of the time, whatever the size of the
    errors."""
    result = flat([100.0], [[0.8], [0.8]], {"A": 10, "B": 0})
    grades = (result.scheme.grades[0], result.scheme.grades[1].model_copy(update={"last": 1}))
    found = qt.cutoffs.misgrading(
        qt.assess(result.scheme.model_copy(update={"grades": grades}), result.table),
        3.0,
        draws=20_000,
    )
    assert found.table["B"].tolist() == pytest.approx([0.5, 0.5], abs=2.3 * found.error(0.5))
    assert found.table["B"].sum() == 1 and found.consistency == pytest.approx(
        0.5, abs=2 * found.consistency_error
    )


@pytest.mark.parametrize("quota", [None, 2.0])
def test_a_grade_that_no_points_give_is_never_missed(quota):
    """Two points of bonus reach a line of two: errors that lead below no points at all take nothing
    away."""
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    grades = [{"id": "A", "cutoff": 2.0, "quota": quota}, {"id": "B", "cutoff": 0.0}]
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "grades": grades,
        "bonuses": [{"id": "m", "name": "m", "max": 5.0}],
    }
    result = qt.assess(
        scheme_of(data), pd.DataFrame({"a": [0.0, 0.01], "bonus:m": [2.0, 0]}, index=["u", "v"])
    )
    table = qt.cutoffs.misgrading(result, 2.0, draws=20_000).table
    assert table.loc["u", "A"] == 1 and table.loc["v", "A"] == pytest.approx(
        1 - stats.norm.cdf(0.5), abs=0.02
    )


def test_any_number_of_workers_gives_the_same_frequencies(city):
    with ThreadPoolExecutor(3) as workers:
        many, one = (
            qt.cutoffs.misgrading(city, 1.2, draws=9_000, seed=1, executor=pool)
            for pool in (workers, None)
        )
    pd.testing.assert_frame_equal(many.table, one.table, check_exact=True)
    assert (many.accuracy, many.kappa) == (one.accuracy, one.kappa)
    other = qt.cutoffs.misgrading(city, 1.2, draws=9_000, seed=2)
    assert not many.table.equals(other.table)


@settings(max_examples=share(40))
@given(givens(quotas=False), st.sampled_from([0.3, 4.0]))
def test_chances_sum_to_one_and_tiny_errors_leave_the_grade(given, se):
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    found = qt.cutoffs.misgrading(result, se)
    assert found.table[result.grade_names].sum(axis=1).to_numpy() == pytest.approx(1)
    assert 0 <= found.consistency <= 1 + 1e-12 and found.accuracy <= 1 + 1e-12
    away = (qt.cutoffs.margins(result)[["above", "below"]].abs() > 1e-6).to_numpy().any(axis=1)
    fixed = qt.cutoffs.misgrading(result, 1e-9).table["stands"].to_numpy()
    close = (
        np.fmin(
            *(
                qt.cutoffs.margins(result)[side].fillna(np.inf).to_numpy()
                for side in ("above", "below")
            )
        )
        > 1e-6
    )
    assert away.size and fixed[close] == pytest.approx(1)


def test_accuracy_consistency_and_kappa_against_plain_random_measurements():
    shares = np.array([0.95, 0.91, 0.895, 0.84, 0.82, 0.79, 0.6])
    result = flat([100.0], shares[:, None], {"A": 90, "B": 80, "C": 0})
    found = qt.cutoffs.misgrading(result, 2.0)
    rng = np.random.default_rng(3)
    first, second = (
        np.digitize(100 * shares + rng.normal(0, 2, (200_000, 7)), [80, 90]) for _ in range(2)
    )
    present = np.digitize(100 * shares, [80, 90])
    p = np.array([(first == g).mean() for g in range(3)])
    agree = (first == second).mean()
    assert found.accuracy == pytest.approx((first == present).mean(), abs=2e-3)
    assert found.consistency == pytest.approx(agree, abs=2e-3)
    assert found.kappa == pytest.approx((agree - (p**2).sum()) / (1 - (p**2).sum()), abs=4e-3)


def test_the_true_grade_regresses_to_the_mean_by_hand():
    result = flat([100.0], [[0.95], [0.75]], {"A": 90, "B": 0})  # mean 85
    table = qt.cutoffs.misgrading(result, 4.0, reliability=0.64).table
    assert table["A"].tolist() == pytest.approx(
        [1 - stats.norm.cdf((90 - 91.4) / 3.2), 1 - stats.norm.cdf((90 - 78.6) / 3.2)]
    )


def test_errors_of_the_data_add_up_as_independent():
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    frame = pd.DataFrame({"a": [0.5], "b": [0.5], "se:a": [0.02], "se:b": [0.05]}, index=["u"])
    assert qt.cutoffs.misgrading(qt.assess(scheme, frame), "data").table[
        "se"
    ].tolist() == pytest.approx([np.hypot(1.2, 2.0)])


@pytest.mark.parametrize(
    ("se", "reliability", "word"),
    [
        ({"x": 1.0}, None, "“x”"),
        ({"u0": 1.0}, None, "u1"),
        (0.0, None, "0"),
        (-1, None, "-1"),
        ("date", None, "date"),
        (1.0, 1.5, "1.5"),
        (1.0, 0, "0"),
    ],
)
def test_what_is_no_standard_error_is_one_sentence(se, reliability, word):
    with pytest.raises(InputError) as caught:
        qt.cutoffs.misgrading(flat([100.0], [[0.5], [0.6]], 50), se, reliability)
    assert word in caught.value.sentences("zh")[0] and word in caught.value.sentences("en")[0]


def test_two_measurements_of_regressed_scores_against_plain_random_ones():
    """Many units whose observed scores hold their errors: consistency is that of the population
    model, not of the raw scores."""
    rng = np.random.default_rng(0)
    se = 8 * np.sqrt(0.5)
    seen = rng.normal(75, 8 * np.sqrt(0.5), 20_000) + rng.normal(0, se, 20_000)
    seen = seen[(seen > 40) & (seen < 100)]
    frame = pd.DataFrame({"a": seen / 100}, index=[f"u{k}" for k in range(len(seen))])
    found = qt.cutoffs.misgrading(
        qt.assess(qt.Scheme.flat({"a": 100}, {"A": 80, "B": 0}), frame), se, 0.5
    )
    model = qt.cutoffs.normal_model(75, 8, 0.5, [80])
    assert [found.accuracy, found.consistency, found.kappa] == pytest.approx(
        model.tolist(), abs=0.012
    )


def test_bands_that_a_veto_makes_one_grade_count_as_alike():
    """A and B are both B under the veto: two measurements then agree unless one falls below B."""
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [{"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}],
    }
    data |= {
        "grades": [
            {"id": "A", "cutoff": 90.0},
            {"id": "B", "cutoff": 80.0},
            {"id": "C", "cutoff": 0.0},
        ],
        "vetoes": [{"id": "v", "name": "v", "cap": "B"}],
    }
    result = qt.assess(scheme_of(data), pd.DataFrame({"a": [0.9], "veto:v": [True]}, index=["u"]))
    found = qt.cutoffs.misgrading(result, 4.0, 0.8)  # one unit: the mean is its own score
    sd, rho = 4 * np.sqrt(1.8), 0.8 / 1.8
    both = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([-10 / sd, -10 / sd])
    below = stats.norm.cdf(-10 / sd)
    assert found.consistency == pytest.approx(both + 1 - 2 * below + both, abs=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda r: qt.cutoffs.misgrading(r, None),
        lambda r: qt.cutoffs.misgrading(r, [1.0]),
        lambda r: qt.cutoffs.misgrading(r, {"u0": "x", "u1": 1}),
        lambda r: qt.cutoffs.misgrading(r, 1.0, draws=0),
        lambda r: qt.cutoffs.misgrading(r, 1.0, seed=-1),
        lambda r: qt.cutoffs.normal_model(75, 8, 0.9, 80),
        lambda r: qt.cutoffs.normal_model("75", 8, 0.9, [80]),
        lambda r: qt.cutoffs.normal_model(75, 8, 0.9, ["80"]),
        lambda r: qt.cutoffs.natural_breaks(["a"], 1),
        lambda r: qt.cutoffs.natural_breaks(r.scores, True),
        lambda r: qt.cutoffs.optimise(r, window="2"),
        lambda r: qt.cutoffs.optimise(r, step=None),
        lambda r: qt.cutoffs.optimise(r, least=-1),
        lambda r: qt.cutoffs.quota_audit(r, 0.3),
        lambda r: qt.cutoffs.quota_audit(r, {"A": 2.5}),
        lambda r: qt.cutoffs.bunching(r, -1),
        lambda r: qt.cutoffs.bunching(r, "1"),
        lambda r: qt.cutoffs.sweep(r, "A", True),
        lambda r: qt.comparison.compare("case", r),
        lambda r: qt.comparison.points_alone(r, r),
    ],
)
def test_arguments_of_the_wrong_kind_are_one_sentence(call):
    with pytest.raises(InputError) as caught:
        call(flat([100.0], [[0.5], [0.6]], 50))
    assert len(caught.value.sentences("zh")) == 1


def test_numpy_s_numbers_are_numbers():
    result = flat([100.0], [[0.5], [0.6]], 50)
    assert qt.cutoffs.misgrading(result, np.float32(2)).table["se"].tolist() == [2, 2]
    assert (
        len(qt.cutoffs.sweep(result, "A", np.int64(3)).steps) == 2
        and len(qt.cutoffs.sweep(result, "A", 1e9).steps) == 3
    )
