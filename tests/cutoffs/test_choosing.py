"""Natural breaks against every partition, and optimised cutoffs against every combination of
them."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.cutoffs.debated import with_cutoffs
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.simulation.sampling import draws_of
from tests.examples import share
from tests.robustness.lp import flat


def least_squares(scores, k):
    """The least sum of squares within k groups of neighbours, by going through all of them."""
    values, best = np.sort(scores), np.inf
    for cuts in itertools.combinations(range(1, len(values)), k - 1):
        groups = np.split(values, cuts)
        best = min(best, sum(((g - g.mean()) ** 2).sum() for g in groups))
    return best


@settings(max_examples=share(200))
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=9),
    st.integers(1, 5),
    st.sampled_from([0.0, 1e6]),
)
def test_natural_breaks_against_every_partition(values, k, offset):
    assume(k <= len(set(values)))
    scores = np.array(values) + offset
    found = qt.cutoffs.natural_breaks(scores, k)
    assert found.within == pytest.approx(least_squares(scores, k), abs=1e-6)
    own = sum(((g - g.mean()) ** 2).sum() for _, g in pd.Series(scores).groupby(found.groups))
    assert own == pytest.approx(found.within, abs=1e-6) and found.groups.nunique() == k
    # equal scores together
    assert found.groups.tolist() == [int((found.least > s).sum()) + 1 for s in scores]


def test_natural_breaks_of_a_published_example():
    # Wikipedia, "Jenks natural breaks optimization": fit 25/26
    found = qt.cutoffs.natural_breaks(pd.Series([4, 5, 9, 10], index=list("abcd")), 2)
    assert (
        found.groups.to_dict() == {"a": 2, "b": 2, "c": 1, "d": 1}
        and found.within == 1
        and found.fit == pytest.approx(25 / 26)
    )


@pytest.mark.parametrize(
    ("scores", "k", "word"),
    [([1, 1, 2], 3, "2"), ([1, 2], 0, "0"), ([1, np.nan], 1, ""), ([], 1, "")],
)
def test_more_groups_than_scores_is_one_sentence(scores, k, word):
    with pytest.raises(InputError) as caught:
        qt.cutoffs.natural_breaks(scores, k)
    assert word in caught.value.sentences("zh")[0]


def expected_leavers(result, cutoffs, region, draws, seed):
    """The expected number of units that leave their grade, by simulating a scheme with these
    cutoffs."""
    graded = result.what_if(cutoffs=cutoffs)
    return (
        1 - qt.simulation.simulate(graded, region, draws, seed, pairs=False).stands
    ).sum(), graded.grades


def drawn_points(result, region, draws, seed):
    """The points (draws, d) that a simulation draws."""
    drawn = draws_of(result, region, draws, seed)
    return np.concatenate([drawn.chunk(i)[0] for i in range(drawn.chunks)])


def graded_by(scores, lines):
    """Grades as numbers, 0 the worst: how many of the lines a score reaches."""
    return (np.round(scores, 9)[..., None] >= np.array(lines)).sum(axis=-1)


@settings(max_examples=share(100, least=25))
@given(st.integers(0, 10_000), st.sampled_from([1.0, 0.5]), st.integers(0, 1))
def test_the_programme_equals_going_through_all_combinations(seed, step, least):
    rng = np.random.default_rng(seed)
    shares = rng.uniform(0.5, 1.0, (12, 4)).round(2)
    official = {"A": 84, "B": 78, "C": 72.5, "D": 0}
    result, region = flat([40.0, 30.0, 20.0, 10.0], shares, official), qt.regions.Box(relative=0.3)
    found = qt.cutoffs.optimise(result, region, step=step, least=least, draws=300, seed=1)
    lines = [
        [c for c in np.arange(np.ceil((x - 2) / step), np.floor((x + 2) / step) + 1) * step]
        for x in (84, 78, 72.5)
    ]
    lines[2] = sorted({*lines[2], 72.5})
    sizes = [min(least, int((result.grades == g).sum())) for g in "DCBA"]
    drawn, present = (
        drawn_points(result, region, 300, 1) @ shares.T,
        shares @ [40.0, 30.0, 20.0, 10.0],
    )
    costs = {}
    for combination in itertools.product(*lines):
        grades = graded_by(present, combination)
        if (np.bincount(grades, minlength=4) >= sizes).all():
            costs[combination] = (graded_by(drawn, combination) != grades).mean(axis=0).sum()
    simulated, _ = expected_leavers(
        result, dict(zip("ABC", found.cutoffs, strict=True)), region, 300, 1
    )
    assert simulated == pytest.approx(costs[tuple(found.cutoffs)], abs=1e-9)
    assert found.table.loc["found", "leave"] == pytest.approx(min(costs.values()), abs=1e-9)
    assert costs[tuple(found.cutoffs)] == pytest.approx(min(costs.values()), abs=1e-9)
    assert found.table.loc["official", "leave"] == pytest.approx(costs[84, 78, 72.5], abs=1e-9)
    assert (
        found.regret
        == pytest.approx(found.table.loc["official", "leave"] - found.table.loc["found", "leave"])
        and found.regret >= -1e-9
    )


def test_with_a_quota_every_combination_is_simulated():
    rng = np.random.default_rng(5)
    result = flat(
        [50.0, 30.0, 20.0], rng.uniform(0.6, 1.0, (9, 3)).round(2), {"A": 84, "B": 76, "C": 0}
    )
    grades = tuple(
        g.model_copy(update={"quota": 2.0 if g.id == "A" else None}) for g in result.scheme.grades
    )
    result = qt.assess(result.scheme.model_copy(update={"grades": grades}), result.table)
    region = qt.regions.Box(relative=0.3)
    found = qt.cutoffs.optimise(result, region, draws=200, seed=2)
    costs = {
        (a, b): expected_leavers(result, {"A": a, "B": b}, region, 200, 2)
        for a in range(82, 87)
        for b in range(74, 79)
    }
    wanted = {g: min(1, int((result.grades == g).sum())) for g in "ABC"}
    allowed = {
        key: leave
        for key, (leave, graded) in costs.items()
        if all((graded == g).sum() >= n for g, n in wanted.items())
    }
    assert found.tried == 25 and allowed[tuple(found.cutoffs)] == pytest.approx(
        min(allowed.values())
    )
    assert found.table.loc["found", "leave"] == pytest.approx(min(allowed.values()))


def test_ties_go_to_the_official_cutoffs_and_no_grade_is_emptied():
    result = flat([50.0, 50.0], [[0.95, 0.95], [0.7, 0.7]], {"A": 90, "B": 80, "C": 0})
    found = qt.cutoffs.optimise(result, draws=50)
    assert (
        found.cutoffs.tolist() == [90, 80]
        and found.regret == 0
        and found.table.loc["found", "changed"] == 0
    )
    # emptying A would be the surest
    alone = flat([50.0, 50.0], [[1.0, 0.79], [0.5, 0.5]], {"A": 89, "B": 0})
    assert (qt.cutoffs.optimise(alone, draws=50).grades == "A").sum() == 1


def test_what_cannot_be_optimised_is_one_sentence():
    result = flat([100.0], [[0.5]], {"A": 0})
    for call in (
        lambda: qt.cutoffs.optimise(result),
        lambda: qt.cutoffs.optimise(flat([100.0], [[0.5]], 50), step=0),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert len(caught.value.sentences("zh")) == 1


@pytest.mark.parametrize(
    ("quotas", "word"),
    [
        ({"A": 3}, "quotas.A"),
        ({"A": "34"}, "34"),
        ({"A": {"B": 1}}, "quotas.A"),
        ([3, 4], "quotas"),
        ("A", "quotas"),
        ({"X": [3]}, "grades.X.quota"),
        ({"B": [1]}, "B"),
        ({3: [3]}, "grades.3.quota"),
        ({"A": [0]}, "grades.A.quota"),
        ({"A": [-1]}, "grades.A.quota"),
        ({"A": [1.5]}, "1.5"),
        ({"A": [float("nan")]}, "grades.A.quota"),
        ({"A": [float("inf")]}, "grades.A.quota"),
        ({"A": [True]}, "grades.A.quota"),
        ({"A": ["three"]}, "three"),
        ({"A": [[3]]}, "grades.A.quota"),
    ],
)
@pytest.mark.parametrize("function", [qt.cutoffs.optimise, qt.cutoffs.grid])
def test_quotas_that_are_none_are_one_sentence(function, quotas, word):
    result = flat([100.0], [[0.5], [0.7]], {"A": 60, "B": 0})
    with pytest.raises(InputError) as caught:
        function(result, quotas=quotas)
    for language in ("zh", "en"):
        assert len(caught.value.sentences(language)) == 1
        assert word in caught.value.sentences(language)[0]


def test_a_quota_is_chosen_with_the_cutoff_by_hand():
    """Scores 99, 93 and 92.5, all above 85 whatever the points: with a at 45 instead of 50 the
    third (89 × .45 + 96 × .55 = 92.85) passes the second (97 × .45 + 89 × .55 = 92.6), and nobody
    passes the first. So one place is sure, three would be, and two are not."""
    shares = [[1.0, 0.98], [0.97, 0.89], [0.89, 0.96], [0.5, 0.5]]
    result = flat([50.0, 50.0], shares, {"A": 85, "B": 0}).change({"grades.A.quota": 2})
    asked = {"window": 0, "draws": 300, "least": 0}
    found = qt.cutoffs.optimise(result, quotas={"A": [1, None, 0.5, 2]}, **asked)
    assert found.by_quota["quota:A"].tolist() == [2, 1, 0.5, None]
    assert found.tried == 4 and found.by_quota["A"].tolist() == [85] * 4
    leave = found.by_quota.set_index("quota:A")["leave"]
    assert leave[1] == 0 and leave[2] == leave[0.5] > 0
    # none is two places from two, one is one: the nearer of those that move nobody
    assert found.quotas.to_dict() == {"A": 1}
    assert found.grades.tolist() == list("ABBB") and found.table.loc["found", "quota:A"] == 1
    assert found.table.loc["official", ["quota:A", "n:A", "changed"]].tolist() == [2, 2, 0]
    none = qt.cutoffs.optimise(result, quotas={"A": [None]}, **asked)
    assert none.quotas.to_dict() == {"A": None} and none.grades.tolist() == list("AAAB")


def test_quotas_are_compared_where_the_scheme_has_none_and_vetoes_come_after():
    """x has the best score and a veto that lowers it; it uses up the one place all the same (vetoes
    after quotas), so that nobody has an A: not allowed where each grade keeps a unit."""
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
        "vetoes": [{"id": "v", "name": "v", "lower": 1}],
        "order": {"veto": "after_quota"},
    }
    frame = pd.DataFrame({"a": [0.9, 0.8, 0.7], "veto:v": [True, False, False]}, index=list("xyz"))
    result = qt.assess(validate(Scheme, data, None), frame)
    found = qt.cutoffs.optimise(result, window=0, quotas={"A": [1, 2]}, draws=5)
    assert result.grades.tolist() == list("BAA") and found.quotas["A"] is None
    assert found.by_quota["quota:A"].tolist() == [None, 1, 2]
    assert found.by_quota["leave"].fillna(-1).tolist() == [0, -1, 0]
    assert found.by_quota["official"].tolist() == [0, 0, 0]
    data["grades"][0]["quota"] = 1
    alone = qt.assess(validate(Scheme, data, None), frame)
    assert alone.grades.tolist() == list("BBB")


def test_more_candidates_than_one_simulation_is_graded_by():
    rng = np.random.default_rng(9)
    result = flat([60.0, 40.0], rng.uniform(0.5, 1, (10, 2)).round(3), {"A": 84, "B": 75, "C": 0})
    fine = qt.cutoffs.optimise(result, qt.regions.Box(relative=0.2), window=5, step=0.05, draws=100)
    coarse = qt.cutoffs.optimise(result, qt.regions.Box(relative=0.2), window=5, step=1, draws=100)
    assert (
        fine.tried > 300
        and fine.table.loc["found", "leave"] <= coarse.table.loc["found", "leave"] + 1e-9
    )
    assert fine.table.loc["official", "leave"] == coarse.table.loc["official", "leave"]


@pytest.mark.parametrize("veto", [{"cap": "B"}, {"lower": 1}])
def test_a_vetoed_unit_that_holds_a_grade_is_counted_where_it_moves(veto):
    """x has the only B, and a veto that leaves B at best: a cutoff above its score would empty the
    grade."""
    leaves = [{"id": i, "name": i, "points": 50.0, "rule": {"kind": "share"}} for i in "ab"]
    grades = [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}]
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "grades": grades,
        "vetoes": [{"id": "v", "name": "v"} | veto],
    }
    first = 0.61 if "cap" in veto else 0.95
    frame = pd.DataFrame(
        {"a": [first, 0.9, 1.0], "b": [first - 0.01, 0.28, 1.0], "veto:v": [True, False, False]},
        index=list("xyz"),
    )
    result = qt.assess(validate(Scheme, data, None), frame)
    found = qt.cutoffs.optimise(result, qt.regions.Box(relative=0.3), draws=300)
    assert (result.grades == "B").sum() == 1 and (found.grades == "B").sum() >= 1


def test_scores_below_nothing_belong_to_the_last_grade():
    leaf = {"id": "a", "name": "a", "points": 100.0, "rule": {"kind": "share"}}
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "bonuses": [{"id": "d", "name": "d", "kind": "deduction", "max": 5.0}],
    }
    data |= {
        "grades": [
            {"id": "A", "cutoff": 90.0},
            {"id": "B", "cutoff": 60.0},
            {"id": "C", "cutoff": 0.0},
        ]
    }
    result = qt.assess(
        validate(Scheme, data, None),
        pd.DataFrame({"a": [0.01, 0.95, 0.7], "bonus:d": [3.0, 0, 0]}, index=list("xyz")),
    )
    assert qt.cutoffs.optimise(result, draws=50).cutoffs.tolist() == [90, 60]


@pytest.mark.parametrize(
    ("window", "lines"),
    [(None, [[88, 89, 89.5, 90, 91], [58, 59, 60, 61, 62]]), (1, [[89, 89.5, 90], [59, 60, 61]])],
)
def test_the_grid_says_which_cutoffs_are_compared(window, lines):
    """Lines at 89.5 and 60: whole points within the window, and where the line is."""
    frame = pd.DataFrame({"a": [0.95, 0.7, 0.3]}, index=list("甲乙丙"))
    result = qt.assess(Scheme.flat({"a": 100}, {"A": 89.5, "B": 60, "C": 0}), frame)
    grid = qt.cutoffs.grid(result, window, draws=50)
    rows = [[89.5 if 89.5 in line else 60, line[0], line[-1], len(line)] for line in lines]
    many = math.prod(map(len, lines))
    assert grid.table.values.tolist() == rows and grid.combinations == many and grid.affordable
    found = qt.cutoffs.optimise(result, window=grid.window, step=grid.step, draws=50)
    assert found.tried == many
    assert (found.window, found.step, found.draws, found.band) == (grid.window, grid.step, 50, 0.1)
    other = qt.cutoffs.optimise(result, qt.regions.Box(absolute=2.0), draws=50)
    assert other.band is None


def test_the_grid_is_empty_where_there_is_nothing_to_choose_and_too_large_with_many_quotas():
    frame = pd.DataFrame({"a": [0.95, 0.7, 0.3]}, index=list("甲乙丙"))
    one = qt.cutoffs.grid(qt.assess(Scheme.flat({"a": 100}, {"A": 0}), frame))
    assert one.table.empty and not one.affordable
    scheme = Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0})
    data = scheme.model_dump()
    data["grades"][0]["quota"] = 1
    result = qt.assess(validate(Scheme, data, None), frame)
    grid = qt.cutoffs.grid(result, 2, draws=100)
    assert grid.combinations == 5 * 5 and grid.affordable and "quotas" not in grid.table
    assert not qt.cutoffs.grid(result, 2, draws=5_000_000_000).affordable
    with_quotas = qt.cutoffs.grid(result, 2, draws=100, quotas={"A": [1, 2, None], "B": [2, 3]})
    assert with_quotas.combinations == 25 * 3 * 3
    assert with_quotas.table["quotas"].tolist() == [3, 3]


def with_grades(grades, frame, **more):
    leaves = [{"id": id, "name": id, "points": 50.0, "rule": {"kind": "share"}} for id in "ab"]
    data = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": grades}
    return qt.assess(validate(Scheme, data | more, None), frame)


PAIRS = pd.DataFrame(
    {"a": [1.0, 0.97, 0.89, 0.5], "b": [0.98, 0.89, 0.96, 0.5]}, index=list("甲乙丙丁")
)


def test_places_are_chosen_where_a_grade_goes_by_them_by_hand():
    """Scores 99, 93, 92.5 and 50. Points move the second and the third past each other and nobody
    else, so one place is sure, and three are; of two, which is official, one is not."""
    grades = [{"id": "A", "by": "place", "quota": 2}, {"id": "B"}]
    result = with_grades(grades, PAIRS)
    found = qt.cutoffs.optimise(result, quotas={"A": [1, 3]}, draws=300)
    assert found.by_quota["quota:A"].tolist() == [2, 1, 3] and found.cutoffs.empty
    assert found.by_quota["leave"].tolist()[1:] == [0, 0] and found.regret > 0
    assert found.quotas.to_dict() == {"A": 1} and found.grades.tolist() == list("ABBB")
    assert (found.tried, found.lines) == (3, "move")
    grid = qt.cutoffs.grid(result, quotas={"A": [1, 3]}, draws=300)
    assert grid.table["number"].tolist() == [0] and grid.table["quotas"].tolist() == [3]
    assert (grid.combinations, grid.affordable) == (3, True)
    assert qt.cutoffs.grid(result).table.empty


def test_a_line_below_places_is_chosen_and_the_places_ask_for_it():
    """Three places, and 92.5 is on no whole point: with the line at 93 the third has no A, and the
    second leaves it where points are moved off a; at 92 both stay."""
    grades = [{"id": "A", "by": "place", "quota": 3}, {"id": "B", "cutoff": 93.0}]
    result = with_grades([*grades, {"id": "C", "cutoff": 0.0}], PAIRS)
    found = qt.cutoffs.optimise(result, qt.regions.Box(relative=0.05), draws=300, least=0)
    assert result.grades.tolist() == list("AACC") and found.cutoffs.to_dict() == {"B": 92}
    assert found.grades.tolist() == list("AAAC") and found.table.loc["found", "leave"] == 0
    assert found.tried == 5 and qt.cutoffs.grid(result).combinations == 5


def test_cutoffs_by_class_move_together():
    """Class q has its cutoff at 48; 丁 scores 50 whatever the points. A line of p at 92
    leaves 乙 and 丙 in A with any points within ±5% (92.8 and 92.325 at the least)."""
    grades = [
        {"id": "A", "cutoff": 93.0, "class_cutoffs": {"q": 48.5}},
        {"id": "B", "cutoff": 0.0},
    ]
    frame = PAIRS.assign(**{"class": list("pppq")})
    result = with_grades(grades, frame, classes=["p", "q"])
    found = qt.cutoffs.optimise(result, qt.regions.Box(relative=0.05), draws=300, least=0)
    assert found.cutoffs.to_dict() == {"A": 92} and found.table.loc["found", "leave"] == 0
    assert found.grades.tolist() == list("AAAA")
    scheme = with_cutoffs(result.scheme, found.cutoffs)
    assert scheme.grades[0].class_cutoffs == {"q": 47.5}
    assert qt.assess(scheme, result.table).grades.equals(found.grades)


@pytest.mark.parametrize(
    ("grades", "held", "zh", "en"),
    [
        ([{"id": "A", "by": "breaks"}, {"id": "B"}], False, "自然断点", "natural breaks"),
        ([{"id": "A", "by": "breaks"}, {"id": "B"}], True, "自然断点", "natural breaks"),
        ([{"id": "A", "by": "place", "quota": 1}, {"id": "B"}], False, "quotas", "quotas"),
        ([{"id": "A", "by": "place", "quota": 1}, {"id": "B"}], True, "保持不动", "held"),
        ([{"id": "B", "cutoff": 0.0}], False, "quotas", "quotas"),
    ],
)
def test_where_nothing_can_be_chosen_one_sentence_says_why(grades, held, zh, en):
    result = with_grades(grades, PAIRS)
    result = result.fixed if held else result
    with pytest.raises(InputError) as caught:
        qt.cutoffs.optimise(result)
    assert len(caught.value.complaints) == 1
    assert zh in caught.value.sentences("zh")[0] and en in caught.value.sentences("en")[0]
    grid = qt.cutoffs.grid(result)
    assert grid.table.empty and not grid.affordable


def test_places_that_set_a_grade_cannot_be_left_out():
    grades = [{"id": "A", "by": "place", "quota": 2}, {"id": "B"}]
    with pytest.raises(InputError) as caught:
        qt.cutoffs.optimise(with_grades(grades, PAIRS), quotas={"A": [None]})
    assert "grades.A.quota" in caught.value.sentences("zh")[0]
