"""All combinations of cutoffs and quotas against assessing and grading each by itself; least sums
against going through them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.cutoffs import choosing, combinations
from qtoolkit.cutoffs.combinations import NEVER, Part
from qtoolkit.engine import grade, score
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate
from qtoolkit.simulation.sampling import draws_of
from tests.examples import share
from tests.robustness.lp import flat
from tests.strategies import frame_of, givens, scheme_of

DRAWS, REGION = 70, qt.regions.Box(relative=0.4)


def assessed(given):
    """By lines, also by class, by place or by share; natural breaks leave nothing to choose."""
    assume(not any(grade.get("by") == "breaks" for grade in given.scheme["grades"]))
    return qt.assess(scheme_of(given.scheme), frame_of(given))


def asked_of(result, quotas):
    """Quotas of grades above the worst; what goes by places cannot be without."""
    return {
        id: [x for x in some if x is not None or result.scheme.grade(id).has_line]
        for id, some in quotas.items()
        if id in result.grade_names[1:]
    }


def nothing_to_choose(result, quotas):
    return not quotas and not any(grade.has_line for grade in result.scheme.grades[:-1])


def combined(grade, cutoff, quota):
    """A grade's data with another cutoff, that of each class as far away, and another quota."""
    data = grade.model_dump() | {"quota": quota}
    if grade.has_line:
        own = {group: c + (cutoff - grade.cutoff) for group, c in grade.class_cutoffs.items()}
        return data | {"cutoff": cutoff, "class_cutoffs": {k: round(c, 9) for k, c in own.items()}}
    return data | {"by": "share" if quota < 1 else "place"}


def alone(result, base, cutoffs, quotas):
    """One combination assessed by itself: (grades now, how many draws each unit's grade stands);
    None where there is no such scheme."""
    given = zip(result.scheme.grades, (*cutoffs, 0.0), (*quotas, None), strict=True)
    data = result.scheme.model_dump() | {"grades": [combined(*each) for each in given]}
    try:
        changed = qt.assess(validate(Scheme, data, None), result.table)
    except InputError:
        return None
    now = changed.grades.cat.codes.to_numpy()
    return now, (grade(changed.engine, base) == now).sum(axis=0)


def above_nothing(grade, cutoff):
    """Whether no class would have a cutoff of 0 or less."""
    lowest = min([grade.cutoff, *grade.class_cutoffs.values()])
    return cutoff == grade.cutoff or lowest + cutoff - grade.cutoff > 1e-9


def compared(result, quotas, window, step):
    """Every combination by itself: {(cutoffs best first, quotas best first): (leavers, sizes)}."""
    grades = result.scheme.grades[:-1]
    lines = [
        [c for c in choosing._candidates(each.cutoff, window, step) if above_nothing(each, c)]
        if each.has_line
        else [None]
        for each in grades
    ]
    options = [list(dict.fromkeys([each.quota, *quotas.get(each.id, ())])) for each in grades]
    e = result.engine
    free = (e.ceiling == len(grades)) & (e.shift == 0)  # units that no veto touches
    base = score(e, draws_of(result, REGION, DRAWS, 3).chunk(0)[0])
    found = {}
    for cutoffs in itertools.product(*lines):
        for chosen in itertools.product(*options):
            graded = alone(result, base, cutoffs, chosen)
            if graded is None:
                continue
            now, stands = graded
            leavers = int((DRAWS - stands)[free].sum())
            found[cutoffs, chosen] = leavers, np.bincount(now, minlength=len(grades) + 1)
    return found


@settings(max_examples=share(60))
@given(
    givens() | givens(ways=True),
    st.dictionaries(
        st.sampled_from("ABC"),
        st.lists(st.sampled_from([1, 2, 3, 0.3, 0.5, None]), max_size=3),
        max_size=2,
    ),
    st.sampled_from([0, 1, 2]),
)
def test_every_combination_is_what_it_gives_by_itself(given, quotas, least):
    """Counts of leavers and of units by grade of all combinations, and which one is chosen."""
    result = assessed(given)
    quotas = asked_of(result, quotas)
    assume(not nothing_to_choose(result, quotas))
    step = result.scheme.total / 20
    every = compared(result, quotas, 0.8 * step, step)
    found = qt.cutoffs.optimise(
        result,
        REGION,
        window=0.8 * step,
        step=step,
        quotas=quotas,
        least=least,
        draws=DRAWS,
        seed=3,
    )
    assert found.tried == len(every)
    sizes = np.minimum(
        least, np.bincount(result.grades.cat.codes, minlength=len(result.grade_names))
    )
    allowed = {key: cost for key, (cost, count) in every.items() if (count >= sizes).all()}
    grades = result.scheme.grades[:-1]
    key = (
        tuple(found.cutoffs.get(each.id) for each in grades),
        tuple(found.quotas.get(each.id, each.quota) for each in grades),
    )
    official = tuple(each.cutoff for each in grades), tuple(each.quota for each in grades)
    assert allowed[key] == min(allowed.values())
    assert found.table.loc["found", "leave"] == allowed[key] / DRAWS
    assert found.table.loc["official", "leave"] == every[official][0] / DRAWS
    regret = (every[official][0] - allowed[key]) / DRAWS
    assert found.regret == pytest.approx(regret, abs=1e-12)
    away = {
        other: sum(
            abs(a - b.cutoff) for a, b in zip(other[0], grades, strict=True) if a is not None
        )
        for other, cost in allowed.items()
        if cost == allowed[key]
    }
    assert away[key] == pytest.approx(min(away.values()), abs=1e-8)
    for row in found.by_quota.to_dict("records"):
        chosen = tuple(row.get(f"quota:{each.id}", each.quota) for each in grades)
        with_it = {lines: cost for (lines, q), cost in allowed.items() if q == chosen}
        lines = tuple(row.get(each.id) for each in grades)
        assert row["official"] == every[official[0], chosen][0] / DRAWS
        if with_it:
            assert row["leave"] == min(with_it.values()) / DRAWS == with_it[lines] / DRAWS
        else:
            assert np.isnan([row["leave"], *(line for line in lines if line is not None)]).all()


@settings(max_examples=share(60))
@given(givens() | givens(ways=True), st.lists(st.sampled_from([1, 2, 0.4, None]), max_size=2))
def test_every_sum_and_every_size_is_that_of_grading_by_itself(given, numbers):
    result = assessed(given)
    agrees(result, asked_of(result, {result.grade_names[-1]: numbers}))


@pytest.mark.parametrize("veto", ["before_quota", "after_quota"])
@pytest.mark.parametrize("within", ["all", "class"])
@pytest.mark.parametrize("ties", ["in", "out"])
def test_quotas_classes_last_places_and_vetoes_together(veto, within, ties):
    """Twelve units in two classes; those with the best score, the third best and one in the middle
    are under a veto: one that leaves B at best, one that lowers by a grade, and both."""
    rng = np.random.default_rng(4)
    shares = np.sort(rng.uniform(0.6, 0.95, (12, 3)).round(2), axis=0)[::-1]
    leaves = [
        {"id": f"x{j}", "name": "x", "points": points, "rule": {"kind": "share"}}
        for j, points in enumerate([50.0, 30.0, 20.0])
    ]
    counted = {"ties": ties, "within": within}
    data = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": leaves,
        "classes": ["p", "q"],
        "order": {"veto": veto},
        "vetoes": [{"id": "v", "name": "v", "cap": "B"}, {"id": "w", "name": "w", "lower": 1}],
        "grades": [
            {"id": "A", "cutoff": 78.0, "quota": 2} | counted,
            {"id": "B", "cutoff": 72.0, "quota": 5} | counted,
            {"id": "C", "cutoff": 50.0, "last": 3} | counted,
            {"id": "D", "cutoff": 0.0, "last": 1} | counted,
        ],
    }
    frame = pd.DataFrame(shares, columns=["x0", "x1", "x2"], index=[f"u{k}" for k in range(12)])
    frame["class"] = ["p", "q"] * 6
    frame["veto:v"] = [k in (0, 6) for k in range(12)]
    frame["veto:w"] = [k in (2, 6) for k in range(12)]
    result = qt.assess(scheme_of(data), frame)
    agrees(result, {"A": [1, 4], "B": [0.5]})


def agrees(result, quotas):
    """Sums of leavers and numbers of units by grade against every combination by itself."""
    step = result.scheme.total / 20
    lines = choosing._lines(result, 0.8 * step, step)
    options = choosing._quotas(result, quotas)
    choices = choosing._choices(result, lines, options)
    base = result.base.to_numpy()
    held = combinations.drawn(choices, draws_of(result, REGION, DRAWS, 3))
    cost = combinations.total(combinations.leaving(choices, held, base, DRAWS))
    asked = np.bincount(result.grades.cat.codes, minlength=len(lines) + 1).tolist()
    few = combinations.too_few(choices, base, asked)
    whole = [Part((axis,), np.zeros(size, int)) for axis, size in choices.sizes.items()]
    cost, few = (combinations.total([part, *whole]) for part in (cost, combinations.total(few)))
    lineless = {choices.line(h): 0 for h in choices.grades if choices.engine.line_of[h - 1] < 0}
    for (cutoffs, chosen), (leavers, count) in compared(result, quotas, 0.8 * step, step).items():
        at = dict(lineless)
        for h, line, cutoff, quota in zip(
            choices.grades, lines, cutoffs[::-1], chosen[::-1], strict=True
        ):
            written = [option.written for option in options[result.grade_names[h]]]
            at |= {choices.quota(h): written.index(quota)}
            at |= {choices.line(h): line.index(cutoff)} if line else {}
        assert cost.at(at) == leavers
        assert (few.at(at) == 0) == (count >= asked).all()
        assert few.at(at) % NEVER == 0


@settings(max_examples=share(60))
@given(givens() | givens(ways=True), st.lists(st.sampled_from([1, 0.4, None]), max_size=2))
def test_what_the_tables_depend_on_is_known_before_they_are_made(given, numbers):
    """The sizes by which too many are refused are those of the tables themselves."""
    result = assessed(given)
    lines = choosing._lines(result, 1.0, 1.0)
    options = choosing._quotas(result, asked_of(result, {result.grade_names[-1]: numbers}))
    choices = choosing._choices(result, lines, options)
    base, sizes = result.base.to_numpy(), [1] * (len(lines) + 1)
    held = combinations.counts(choices, base[None], choices.free)
    assert [part.axes for part in held] == [choices.axes(h) for h in choices.grades]
    made = combinations.leaving(choices, held, base, 1)
    few = combinations.too_few(choices, base, sizes)
    known = combinations.shapes(choices, sizes)
    for parts, axes in ((made[::3], known), (few, known[len(lines) :])):
        assert all(set(part.axes) <= set(any_) for part, any_ in zip(parts, axes, strict=False))
    assert [part.axes for part in few] == known[len(lines) :]
    most = {axis for part in made for axis in part.axes}
    assert most == {axis for axes in known[: len(lines)] for axis in axes}


@settings(max_examples=share(100))
@given(st.integers(0, 10**6))
def test_least_sums_against_going_through_all(seed):
    """Sums of random parts over up to five choices, two criteria, many ties."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, rng.integers(1, 6)).tolist()
    every = range(len(sizes))
    parts = [
        Part(axes, rng.integers(0, 3, (*(sizes[a] for a in axes), 2)))
        for axes in (
            tuple(
                sorted(rng.choice(len(sizes), rng.integers(0, len(sizes)), replace=False).tolist())
            )
            for _ in range(5)
        )
    ] + [Part((axis,), np.zeros((sizes[axis], 2), int)) for axis in every]
    order = list(reversed(every))
    sums = {
        index: tuple(sum(part.at(dict(enumerate(index))) for part in parts).tolist())
        for index in itertools.product(*map(range, sizes))
    }
    found = combinations.minimise(parts, order)
    choice = found.choice({})
    assert tuple(choice[axis] for axis in every) == min(
        sums, key=lambda index: (sums[index], index)
    )
    assert tuple(combinations.total(found.rest).values.tolist()) == min(sums.values())


def test_more_draws_than_are_held_at_a_time_give_the_same_counts(monkeypatch):
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    asked = {"draws": 5000, "quotas": {"A": [3, None], "B": [9]}}
    once = qt.cutoffs.optimise(result, **asked)
    monkeypatch.setattr(combinations, "WORDS", 1)
    again = qt.cutoffs.optimise(result, **asked)
    assert once.table.equals(again.table) and once.by_quota.equals(again.by_quota)


def test_any_number_of_workers_gives_the_same_result():
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    asked = {"draws": 9000, "quotas": {"A": [3, None]}}
    with qt.executor(1) as workers:
        found = qt.cutoffs.optimise(result, executor=workers, **asked)
    here = qt.cutoffs.optimise(result, **asked)
    assert found.table.equals(here.table) and found.by_quota.equals(here.by_quota)


def test_a_hundred_grades_are_more_axes_than_an_array_has():
    """Where nothing leans on anything else a table has two axes at most; what has one choice alone
    is none."""
    lines = {f"g{i}": float(100 - i) for i in range(99)} | {"last": 0.0}
    frame = np.linspace(0.1, 1, 5)[:, None]
    result = flat([100.0], frame.tolist(), lines)
    found = qt.cutoffs.optimise(result, window=0.5, step=0.5, draws=20)
    assert found.tried > 10**20 and len(found.cutoffs) == 99
    limited = result.change({f"grades.g{i}.quota": i % 5 + 1 for i in range(99)})
    found = qt.cutoffs.optimise(limited, window=0, quotas={"g7": [1, None]}, draws=20, least=0)
    assert found.tried == 3 and found.by_quota["quota:g7"].tolist() == [3, 1, None]
    with pytest.raises(InputError):
        qt.cutoffs.optimise(limited, window=0.5, step=0.5, draws=20)


def test_too_many_combinations_are_refused_before_anything_is_drawn():
    case = qt.read_case("params/city-2026")
    result = qt.assess(case.scheme, case.table)
    quotas = {id: [1, 2, 3, 5, 6, 7] for id in "ABC"}
    with pytest.raises(InputError) as caught:
        qt.cutoffs.optimise(result, window=10, step=0.1, quotas=quotas)
    assert "quotas" in caught.value.sentences("zh")[0]
    assert "quotas" in caught.value.sentences("en")[0]
    grid = qt.cutoffs.grid(result, 10, quotas=quotas)
    assert not grid.affordable and grid.combinations > 10**6
    assert qt.cutoffs.grid(result, 10, quotas={"A": [1, 2, 3]}).affordable
