"""Every result that grades anew says whether lines moved or were held, in one way; and does it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import qtoolkit as qt
from qtoolkit.assessment.settings import settings as many
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.lines import SENTENCES
from qtoolkit.models import validate
from qtoolkit.regions import Box
from tests.examples import share
from tests.strategies import frame_of, givens, scheme_of

KINDS = {
    "place": [{"id": "A", "by": "place", "quota": 2}, {"id": "B", "cutoff": 50.0}],
    "share": [{"id": "A", "by": "share", "quota": 0.3}, {"id": "B", "by": "share", "quota": 0.7}],
    "breaks": [{"id": "A", "by": "breaks"}, {"id": "B", "by": "breaks"}],
    "points": [{"id": "A", "cutoff": 80.0}, {"id": "B", "cutoff": 50.0}],
}
FRAME = pd.DataFrame(
    {"a": [1.0, 0.9, 0.8, 0.7, 0.2], "b": [0.5, 0.9, 0.3, 0.75, 0.1]}, index=list("甲乙丙丁戊")
)
BOX = Box(relative=0.2)
CHOICES = {"points.a": [40.0, 50.0], "points.b": [50.0, 40.0]}
POINTS = pd.DataFrame({"other": [30.0, 70.0]}, index=["a", "b"])


def assessed(kind, frame=FRAME):
    leaves = [{"id": id, "name": id, "points": 50.0, "rule": {"kind": "share"}} for id in "ab"]
    grades = [*KINDS[kind], {"id": "C", "cutoff": 0.0}]
    data = {"id": "s", "name": "s", "total": 100.0, "indicators": leaves, "grades": grades}
    return qt.assess(validate(Scheme, data, None), frame)


def optimised(result):
    """With breaks nothing can be chosen."""
    if result.scheme.by_breaks:
        return None
    return qt.cutoffs.optimise(result, quotas={"A": [1, 2]}, draws=50)


HOLD_BREAKS = {
    "tolerance": qt.robustness.tolerance,
    "exact tolerance": lambda r: qt.robustness.tolerance(r, exact=True),
    "cheapest_flip": qt.robustness.cheapest_flip,
    "score_range": lambda r: qt.robustness.score_range(r, BOX),
    "transfer_map": qt.robustness.transfer_map,
    "stability_intervals": qt.robustness.stability_intervals,
    "cutoff_intervals": qt.robustness.cutoff_intervals,
    "tolerance_map": lambda r: qt.robustness.tolerance_map(r, [0.1], [0.0]),
    "margins": qt.cutoffs.margins,
}
AS_THE_RESULT = {
    "what_if": lambda r: r.what_if(points={"a": 40.0}),
    "without": lambda r: r.without("戊"),
    "change": lambda r: r.change({"points.a": 40.0}),
    "simulate": lambda r: qt.simulation.simulate(r, BOX, 50),
    "sobol": lambda r: qt.simulation.sobol(r, CHOICES, n=4),
    "settings": lambda r: many(r, pd.DataFrame({"points.a": [40.0]}), {"g": lambda s: s.grades}),
    "sweep": qt.cutoffs.sweep,
    "misgrading": lambda r: qt.cutoffs.misgrading(r, 1.0, draws=50),
    "quota_audit": qt.cutoffs.quota_audit,
    "two_readings": qt.cutoffs.two_readings,
    "successors": qt.cutoffs.successors,
    "rounding_audit": qt.cutoffs.rounding_audit,
    "matters": qt.decisions.matters,
    "other way": lambda r: qt.decisions.matters(r).other(0),
    "blanks_as_zero": qt.cutoffs.blanks_as_zero,
    "optimise": optimised,
    "compare": lambda r: qt.comparison.compare(r, r.what_if(points={"a": 40.0})),
    "leave_one_out": qt.importance.leave_one_out,
    "consequences": lambda r: qt.weighting.consequences(r, POINTS),
    "drop_unit": qt.decomposition.drop_unit,
    "proportion": qt.importance.proportion,
}


def said(found):
    """How a result's lines go, and whether the object says it in one line of text and on its
    card."""
    if isinstance(found, pd.DataFrame):
        return found.attrs["lines"]
    card = found.card()
    for lines, sentence in SENTENCES.items():
        assert (sentence in card.facts) == (lines == found.lines)
        for language in ("zh", "en"):
            assert (sentence.of(language) in card.html(language)) == (lines == found.lines)
    return found.lines


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*HOLD_BREAKS, *AS_THE_RESULT])
def test_every_result_says_how_its_lines_go(name, kind):
    result = assessed(kind)
    found = (HOLD_BREAKS | AS_THE_RESULT)[name](result)
    if found is None:
        return
    lines = "move" if kind in ("place", "share") else None
    if kind == "breaks":
        lines = "held" if name in HOLD_BREAKS else "move"
    assert said(found) == lines


@pytest.mark.parametrize("kind", ["place", "share", "breaks"])
@pytest.mark.parametrize("name", [*HOLD_BREAKS, *AS_THE_RESULT])
def test_where_lines_are_held_every_result_holds_them(name, kind):
    if name in ("optimise", "proportion"):  # nothing is chosen there; lines are nothing to them
        return
    found = (HOLD_BREAKS | AS_THE_RESULT)[name](assessed(kind).fixed)
    assert said(found) == "held"


def test_one_line_of_text_says_it():
    result = assessed("breaks")
    assert repr(qt.cutoffs.sweep(result)).endswith("lines move with the scores>")
    assert repr(qt.robustness.tolerance(result)).endswith("lines held>")


def test_ranks_are_no_grades():
    assert qt.robustness.rank_range(assessed("breaks"), BOX).lines is None


@settings(max_examples=share(60))
@given(givens(kinds=["share", "minmax"], stages=False, ways=True))
def test_what_is_held_is_graded_by_the_same_lines_wherever_it_is_graded_anew(given):
    """Settings, changes, and a comparison without a change, against `what_if`."""
    result = qt.assess(scheme_of(given.scheme), frame_of(given))
    kept, points = result.fixed, result.points.to_numpy()[::-1]
    moved = dict(zip(result.points.index, points.tolist(), strict=True))
    expected = kept.what_if(points=moved, spread="none").grades
    assert kept.change({f"points.{id}": p for id, p in moved.items()}).grades.equals(expected)
    frame = pd.DataFrame({"points": [points]}, dtype=object)
    row = many(kept, frame, {"grade": lambda some: some.grades}).iloc[0]
    codes = [row[f"grade:{unit}"] for unit in expected.index]
    assert codes == expected.cat.codes.tolist()


@pytest.mark.parametrize(("kind", "gone"), [("place", "乙"), ("share", "乙"), ("breaks", "戊")])
def test_fewer_units_and_mixed_years_leave_held_lines_where_they_are(kind, gone):
    kept = assessed(kind).fixed
    fewer = kept.without(gone)  # whose place would be another's if lines moved
    assert fewer.grades.tolist() == kept.grades.drop(gone).tolist()
    assert assessed(kind).without(gone).grades.tolist() != fewer.grades.tolist()
    compared = qt.comparison.compare(kept, kept.what_if(points={"a": 30.0}))
    assert compared.states[frozenset()].grades.equals(kept.grades)
    whole = compared.states[frozenset(qt.comparison.FACTORS)]
    assert whole.grades.equals(kept.what_if(points={"a": 30.0}).grades)
    table = compared.grade_decomposition
    parts = [name for name in table if name not in ("grade_before", "grade_after", "change")]
    assert np.allclose(table[parts].sum(axis=1), table["change"])


def test_a_quota_that_sets_a_grade_is_nothing_to_held_lines():
    kept = assessed("place").fixed
    for act in (
        lambda: kept.change({"grades.A.quota": 3}),
        lambda: qt.cutoffs.sweep(kept, "grades.A.quota"),
    ):
        with pytest.raises(InputError) as caught:
            act()
        assert "保持不动" in caught.value.sentences("zh")[0]
        assert "held" in caught.value.sentences("en")[0]
    failed = many(kept, pd.DataFrame({"grades.A.quota": [3]}), {"g": lambda s: s.grades})["failed"]
    assert "held" in failed.iloc[0].en
    assert kept.change({"grades.B.quota": 3}).grades.tolist().count("C") == 2
