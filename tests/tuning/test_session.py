"""Moves by hand, against exact fractions and by hand: the engine's own grades after each, nothing
changed by a refused one, no name shown that is hidden."""

import copy
import gc
import html
import math
import shutil
import tracemalloc
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.assessment import Assessment, assess
from qtoolkit.engine import to_ticks
from qtoolkit.errors import InputError
from qtoolkit.inputs.changes import change
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.scheme import Scheme, read_scheme
from qtoolkit.inputs.schemeyaml import scheme_yaml
from qtoolkit.tuning import Tuning
from qtoolkit.workbooks.template import write_template
from tests.strategies import (
    KINDS,
    Given,
    disagreements,
    frame_of,
    givens,
    leaves_of,
    scheme_of,
)
from tests.tuning.sessions import flat_session, scheme_of_tree, session, tree_session

PER_POINT = 10**10


# Random moves, against the oracle


def chosen(given, tuning):
    """The scheme as plain data with what is chosen now: for the oracle, which knows nothing of
    ours."""
    scheme = copy.deepcopy(given.scheme)
    for leaf, ticks in zip(leaves_of(scheme["indicators"]), tuning.choice.points, strict=True):
        now = Fraction(ticks, PER_POINT)
        if now != Fraction(str(leaf["points"])) and "out_of" not in leaf:
            leaf["out_of"] = leaf["points"]  # its points were written for these
        leaf["points"] = now
    for grade, ticks, quota in zip(
        scheme["grades"], tuning.choice.cutoffs, tuning.choice.quotas, strict=False
    ):
        grade["cutoff"], grade["quota"] = Fraction(ticks, PER_POINT), quota
    return Given(scheme, given.rows)


def state(tuning):
    """All that a refused move must leave as it was."""
    return (
        tuning.choice,
        tuning.keep,
        tuning.step,
        tuning.locked,
        tuning.can_undo,
        tuning.can_redo,
        len(tuning.tried),
        tuning.result.grades.tolist(),
    )


ACTIONS = ["move"] * 4 + ["drag"] * 2 + ["cutoff"] * 3 + ["quota"] * 3
ACTIONS += ["undo", "undo", "redo", "reset", "go_to", "lock", "unlock"]


def act(tuning, data):
    """One action of a user, drawn at random; whether it was refused."""
    scheme = tuning.written.scheme
    nodes = [node.id for node in scheme.nodes]
    grades = [grade.id for grade in scheme.grades[:-1]]
    halves = st.integers(0, int(2 * scheme.total) + 2).map(lambda k: k / 2)
    points = st.one_of(halves, halves, st.sampled_from([0.1, 1.3, 2.25, 1e9]))
    action = data.draw(st.sampled_from(ACTIONS))
    before = state(tuning)
    try:
        match action:
            case "move":
                keep = data.draw(st.sampled_from([None, "siblings", "all", *nodes]))
                tuning.move(data.draw(st.sampled_from(nodes)), data.draw(points), keep)
            case "drag":
                node = data.draw(st.sampled_from(nodes))
                for to in data.draw(st.lists(points, min_size=1, max_size=3)):
                    tuning.drag(node, to)
                tuning.release()
            case "cutoff":
                tuning.cutoff(data.draw(st.sampled_from(grades)), data.draw(points))
            case "quota":
                most = data.draw(st.sampled_from([None, 0, 1, 2, 3, 0.3, 0.5, 2.5, "2", -1]))
                tuning.quota(data.draw(st.sampled_from(grades)), most)
            case "go_to":
                tuning.go_to(data.draw(st.integers(0, len(tuning.tried) + 1)))
            case "lock":
                tuning.lock(data.draw(st.sampled_from(nodes)))
            case "undo" | "redo" | "reset" | "unlock":
                getattr(tuning, action)()
    except InputError as error:
        assert all(complaint.of("zh") and complaint.of("en") for complaint in error.complaints)
        assert state(tuning) == before
        return True
    return False


def check(given, tuning, folder):
    """What must hold after every action."""
    scheme, result = tuning.scheme, tuning.result
    assert disagreements(chosen(given, tuning), result) == []
    assert sum(tuning.choice.points) == to_ticks(scheme.total)
    assert to_ticks([leaf.points for leaf in scheme.leaves]).tolist() == [*tuning.choice.points]
    # anew, through the text of a file
    path = folder / "scheme.yaml"
    path.write_text(scheme_yaml(scheme), encoding="utf-8")
    anew = assess(read_scheme(path), frame_of(given))
    assert anew.base.equals(result.base)
    assert anew.scores.equals(result.scores)
    assert anew.ranks.equals(result.ranks)
    assert anew.grades.equals(result.grades)
    # and from the changes, as a params.yaml would have them
    again = change(tuning.written.scheme, tuning.changes)
    assert to_ticks([leaf.points for leaf in again.leaves]).tolist() == [*tuning.choice.points]
    assert [(g.cutoff, g.quota) for g in again.grades] == [
        (g.cutoff, g.quota) for g in scheme.grades
    ]
    assert assess(again, frame_of(given)).grades.equals(result.grades)


def play(given, data, folder, most):
    tuning = session(scheme_of(given.scheme), frame_of(given))
    written = scheme_yaml(tuning.written.scheme)
    tuning.in_steps_of(data.draw(st.sampled_from([0.1, 0.5, 1.0])))
    check(given, tuning, folder)
    for _ in range(data.draw(st.integers(1, most))):
        act(tuning, data)
        check(given, tuning, folder)
    while tuning.can_undo:
        tuning.undo()
    assert scheme_yaml(tuning.scheme) == written
    assert tuning.scheme is tuning.written.scheme
    assert tuning.changes == {}
    assert tuning.changed == []
    check(given, tuning, folder)


def test_random_moves_give_the_engines_own_grades(tmp_path):
    @settings(max_examples=12)
    @given(givens(kinds=KINDS), st.data())
    def plays(given, data):
        play(given, data, tmp_path, 5)

    plays()


@pytest.mark.soak
def test_a_thousand_random_moves_give_the_engines_own_grades(tmp_path):
    @settings(max_examples=170)
    @given(givens(kinds=KINDS), st.data())
    def plays(given, data):
        play(given, data, tmp_path, 12)

    plays()


# By hand


def test_a_tie_exactly_at_a_cutoff_after_a_move():
    """70·1 + 30·⅓ is 80: at the cutoff from below by a move, and no tick less."""
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0.5], [0.5, 1], [0, 0]], {"A": 80, "B": 0})
    assert tuning.result.grades.tolist() == ["A", "B", "B"]  # 80, 70, 0
    tuning.move("a", 59.9)
    assert tuning.result.scores.tolist()[0] == 79.95
    assert tuning.result.grades.tolist() == ["B", "B", "B"]
    tuning.move("a", 60)
    assert tuning.result.grades.tolist() == ["A", "B", "B"]
    tuning.move("a", 40)  # 70 and 80
    assert tuning.result.grades.tolist() == ["B", "A", "B"]
    tuning.cutoff("A", 80.0000000001)
    assert tuning.result.grades.tolist() == ["B", "B", "B"]
    tuning.cutoff("A", 70)
    assert tuning.result.grades.tolist() == ["A", "A", "B"]
    assert tuning.result.ranks.tolist() == [2, 1, 3]
    tuning.move("a", 50)  # 75 both
    assert tuning.result.ranks.tolist() == [1, 1, 3]
    tuning.quota("A", 1)  # tied beyond the one place: neither
    assert tuning.result.grades.tolist() == ["B", "B", "B"]
    assert tuning.quota("A", 2).result.grades.tolist() == ["A", "A", "B"]
    assert tuning.quota("A", 0.5).result.grades.tolist() == ["B", "B", "B"]  # half of three is one
    assert tuning.quota("A", None).result.grades.tolist() == ["A", "A", "B"]


FOUR = {"A": 90, "B": 80, "C": 60, "D": 0}


@pytest.mark.parametrize(
    ("grade", "to", "step", "found"),
    [
        ("A", 200, 0.5, 100),  # the total
        ("A", 1e300, 0.5, 100),
        ("A", 0, 0.5, 80.5),  # a step above the next
        ("A", 80.1, 0.5, 80.5),
        ("A", 85.125, 0.5, 85.125),  # between neighbours anything
        ("B", 95, 1.0, 89),
        ("B", 0, 1.0, 61),
        ("C", 80, 0.1, 79.9),
        ("C", 0, 0.1, 0.1),
        ("C", 0, 1.0, 1),
    ],
)
def test_a_cutoff_stops_a_step_before_its_neighbours(grade, to, step, found):
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]], FOUR).in_steps_of(step)
    tuning.cutoff(grade, to)
    assert {g.id: g.cutoff for g in tuning.scheme.grades} == FOUR | {grade: found}


def test_neighbours_nearer_than_a_step_are_not_pushed():
    """Between 80.25 and 80.75 there is no room for steps of a point: 80.5 stays."""
    lines = {"A": 80.75, "B": 80.5, "C": 80.25, "D": 0}
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]], lines).in_steps_of(1.0)
    for to in (0, 80.25, 80.5, 80.75, 100):
        tuning.cutoff("B", to)
        assert [g.cutoff for g in tuning.scheme.grades] == list(lines.values())
    assert len(tuning.tried) == 0


def test_a_cutoff_above_the_total_goes_as_high_as_the_cap():
    data = scheme_of_tree({"a": 60, "b": 40}, 100, {"A": 105, "B": 60, "C": 0}).model_dump()
    bonus = {"id": "x", "name": "x", "max": 10.0}
    scheme = qt.Scheme.model_validate(data | {"cap": 110.0, "bonuses": [bonus]})
    tuning = session(scheme, pd.DataFrame({"a": [1.0], "b": [1.0], "bonus:x": [6.0]}, index=["u"]))
    assert tuning.result.grades.tolist() == ["A"]
    assert tuning.cutoff("A", 104).scheme.grades[0].cutoff == 104
    assert tuning.cutoff("A", 106.5).result.grades.tolist() == ["B"]  # 100 and 6 outside the total
    assert tuning.cutoff("A", 200).scheme.grades[0].cutoff == 110
    assert tuning.move("a", 200).points["now"]["a"] == 100


def test_cutoffs_of_classes_stand_and_must_still_fall():
    """Class q has lines of its own, 70 and 50: those move with nothing. Where only one of two
    grades has one, a line may not pass it."""
    data = scheme_of_tree({"a": 60, "b": 40}, 100).model_dump()
    grades = [dict(grade) for grade in data["grades"]]
    grades[0]["class_cutoffs"], grades[1]["class_cutoffs"] = {"q": 70.0}, {"q": 50.0}
    frame = pd.DataFrame(
        {"class": ["p", "q"], "a": [1.0, 1.0], "b": [0.3, 0.3]}, index=["one", "two"]
    )
    own = qt.Scheme.model_validate(data | {"grades": grades, "classes": ["p", "q"]})
    tuning = session(own, frame)
    assert tuning.result.grades.tolist() == ["B", "A"]  # 72 of 80, of 70
    assert tuning.cutoff("A", 72).result.grades.tolist() == ["A", "A"]
    assert tuning.cutoff("A", 73).result.grades.tolist() == ["B", "A"]

    assert tuning.cutoff("B", 200).scheme.grades[1].cutoff == 72.5  # a step from 73

    grades[1]["class_cutoffs"] = {}  # in class q: 70, then 60 as for all
    tuning = session(
        qt.Scheme.model_validate(data | {"grades": grades, "classes": ["p", "q"]}), frame
    )
    assert tuning.cutoff("B", 75).scheme.grades[1].cutoff == 69.5  # a step from the 70 of class q
    assert tuning.result.grades.tolist() == ["B", "A"]
    assert tuning.cutoff("A", 0).scheme.grades[0].cutoff == 70

    grades[0]["class_cutoffs"], grades[1]["class_cutoffs"] = {}, {"q": 75.0}
    tuning = session(
        qt.Scheme.model_validate(data | {"grades": grades, "classes": ["p", "q"]}), frame
    )
    assert tuning.cutoff("A", 0).scheme.grades[0].cutoff == 75.5
    assert tuning.cutoff("B", 200).scheme.grades[1].cutoff == 75  # that of the others alone


def test_points_stop_at_nothing_and_at_all_there_is():
    tuning = flat_session({"a": 60, "b": 30, "c": 10}, [[1, 0, 0]])
    for to, found in [(1e9, 100), (1e300, 100), (0, 0), (100.0, 100)]:
        assert tuning.move("a", to).points["now"]["a"] == found
    tuning.reset().lock("c").move("a", 1e18)
    assert tuning.points["now"].tolist() == [90, 0, 10]


BAD = [math.nan, math.inf, -math.inf, "5", True, None, -1, -1e-9, [5], 5j, np.nan, pd.NA, "=1"]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_what_is_no_number_of_points_is_one_sentence(bad):
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]])
    before = state(tuning)
    told = []
    tuning.watch(lambda: told.append(1))
    for method, id in ((tuning.drag, "a"), (tuning.drag_cutoff, "A"), (tuning.cutoff, "A")):
        with pytest.raises(InputError) as caught:
            method(id, bad)
        assert len(caught.value.complaints) == 1
        assert told == []
    with pytest.raises(InputError):
        tuning.move("a", bad, keep="all")
    assert state(tuning) == before


@pytest.mark.parametrize("bad", ["5", True, -1, math.nan, math.inf, 2.5, [5], {}, "many"], ids=repr)
def test_what_is_no_quota_is_one_sentence(bad):
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]]).quota("A", 1)
    before = state(tuning)
    with pytest.raises(InputError) as caught:
        tuning.quota("A", bad)
    assert len(caught.value.complaints) == 1
    assert state(tuning) == before


@pytest.mark.parametrize("most", [3, 3.0, np.int64(3), np.float64(3)], ids=repr)
def test_three_places_are_three_however_they_are_written(most):
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]]).quota("A", most)
    assert repr(tuning.choice.quotas[0]) == "3"
    assert tuning.changes == {"grades.A.quota": 3}


def test_unknown_ids_are_met_by_the_nearest():
    tuning = tree_session({"quality": {"loss": 60, "brand": 30}, "x": 10}, 100)
    asked = {
        "“loss”": [lambda: tuning.move("los", 5), lambda: tuning.lock("losss")],
        "“quality”": [lambda: tuning.share_with("qualty"), lambda: tuning.unlock("qality")],
        "“brand”": [lambda: tuning.drag("brnd", 5), lambda: tuning.move("x", 5, keep="brandt")],
        "“A”": [lambda: tuning.cutoff("AA", 5), lambda: tuning.quota("A级", 5)],
        "one of A, B": [lambda: tuning.cutoff("C", 5), lambda: tuning.quota("Z", 1)],
        "one of 0.1, 0.5, 1.0": [lambda: tuning.in_steps_of(0.3), lambda: tuning.in_steps_of("1")],
        "from 0 to 0": [
            lambda: tuning.go_to(1),
            lambda: tuning.go_to(-1),
            lambda: tuning.go_to("0"),
            lambda: tuning.go_to([0]),
            lambda: tuning.compare(0, 1),
        ],
    }
    before = state(tuning)
    for said, calls in asked.items():
        for call in calls:
            with pytest.raises(InputError) as caught:
                call()
            assert said in caught.value.sentences("en")[0]
            assert state(tuning) == before


def test_one_of_each():
    """One unit, one indicator, one grade: nothing can move, and a sentence says so."""
    tuning = flat_session({"a": 100}, {"甲市": [0.5]}, {"A": 0})
    assert tuning.result.grades.tolist() == ["A"]
    with pytest.raises(InputError, match="no indicator is left"):
        tuning.move("a", 50)
    for call in (tuning.cutoff, tuning.quota, tuning.drag_cutoff):
        with pytest.raises(InputError, match="the scheme has one grade"):
            call("A", 1)
    assert tuning.status.en == "No grade changes; total 100"
    assert len(tuning.table) == 1
    assert len(tuning.trials) == 0
    assert "<" in tuning._repr_html_()


def test_languages_and_cases_that_there_are_not():
    with pytest.raises(InputError, match="language is “fr”, expected one of zh, en"):
        flat_session({"a": 60, "b": 40}, [[1, 0]], language="fr")
    with pytest.raises(InputError, match="expected a case of"):
        Tuning("params/city-2026")
    for band in (-0.1, 1.1, math.nan, "x"):
        with pytest.raises(InputError, match="band"):
            flat_session({"a": 60, "b": 40}, [[1, 0]], band=band)


def test_no_record_is_kept_within_the_installed_package(tmp_path, monkeypatch):
    case = shutil.copytree(packaged_cases() / "tai-2001", tmp_path / "tai-2001")
    for name in ("qtoolkit.tuning.session.installed_cases", "qtoolkit.trials.packaged_cases"):
        monkeypatch.setattr(name, lambda: tmp_path)
    tuning = Tuning(qt.read_case(case), language="en")
    assert tuning.warning.en.startswith("this is a folder of the toolkit's own cases")
    tuning.move("patents", 20)
    assert not (case / "trials.csv").exists() and len(tuning.trials) == 1
    with pytest.raises(InputError, match="no scheme is saved in its folder"):
        tuning.save("draft.yaml")


@pytest.mark.parametrize(
    "name",
    ["", "nul.yaml", "con.yaml", "a:b.yaml", "a*?.yaml", "-rf.yaml", ".hidden.yaml", "a\nb.yaml",
     "\x1b.yaml", "\u202egnp.yaml", "\ud800.yaml", "..", "../a.yaml", "/a.yaml", "C:\\a.yaml",
     "aux .yaml", "scheme.yaml"],
)  # fmt: skip
def test_a_scheme_is_saved_under_a_plain_new_name_alone(tmp_path, name):
    case = shutil.copytree(packaged_cases() / "tai-2001", tmp_path / "tai-2001")
    tuning = Tuning(qt.read_case(case)).move("patents", 20)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(InputError):
        tuning.save(name)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_the_record_says_whether_names_were_shown_while_a_move_lasted(tmp_path):
    case = shutil.copytree(packaged_cases() / "tai-2001", tmp_path / "tai-2001")
    tuning = Tuning(qt.read_case(case))
    (case / "trials.csv").mkdir()  # cannot be written
    tuning.show_names().move("patents", 20)
    assert tuning.warning is not None
    tuning.show_names(False).drag("patents", 21).show_names().show_names(False).release()
    (case / "trials.csv").rmdir()
    tuning.drag("patents", 22)
    tuning.release()
    assert qt.tuning.read_trials(case)["names"].tolist() == [True, True, False]


def test_a_move_that_is_not_ended_ends_before_another_thing_is_moved():
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0], [0.5, 1]])
    tuning.drag("a", 70).quota("A", 1)
    assert tuning.trials["moved"].str.contains("a").sum() == 1 and len(tuning.trials) == 2
    tuning.drag("a", 80).undo()  # the drag alone is dropped
    assert tuning.points.loc["a", "now"] == 70 and tuning.choice.quotas[0] == 1


def test_what_a_move_could_not_do_is_said_until_the_next():
    tuning = flat_session({"a": 60, "b": 30, "c": 10}, [[1, 0, 0]], language="en")
    tuning.lock("b").move("a", 75)
    assert tuning.notice.en.startswith("“a” stops at 70 points")
    assert tuning.move("a", 65).notice is None
    tuning.cutoff("A", 40)
    assert tuning.notice.en.startswith("the cutoff of A stops at 60.5")
    assert tuning.undo().notice is None


def test_the_order_in_which_hidden_units_are_named_is_not_the_tables():
    units = {f"县{k}": [1.0, 0.0] if k % 2 else [0.0, 1.0] for k in range(12)}
    tuning = flat_session({"a": 60, "b": 40}, units, cutoffs={"A": 50, "B": 0})
    tuning.move("a", 40)
    assert len(tuning.changed) == 12
    named = [part.split()[0] for part in tuning.effect(tuning.changed).zh.split("、")]
    assert named == sorted(named, key="甲乙丙丁戊己庚辛壬癸子丑".index)
    tuning.show_names()
    named = [part.split()[0] for part in tuning.effect(tuning.changed).zh.split("、")]
    assert named == list(units)


# Steps back


def test_undo_redo_reset_and_going_back():
    tuning = flat_session({"a": 60, "b": 40}, [[1, 0]])
    for to in (61, 62, 63):
        tuning.move("a", to)
    assert [tuning.undo().points["now"]["a"] for _ in range(4)] == [62, 61, 60, 60]
    assert [tuning.redo().points["now"]["a"] for _ in range(4)] == [61, 62, 63, 63]
    assert tuning.go_to(1).points["now"]["a"] == 61
    assert tuning.undo().points["now"]["a"] == 63
    tuning.undo().move("a", 70)  # what was undone is gone
    assert not tuning.can_redo
    assert tuning.reset().changes == {}
    assert tuning.undo().points["now"]["a"] == 70
    assert tuning.trials["changes"].map(lambda c: c["points.a"]).tolist() == [61, 62, 63, 70]


def test_a_drag_goes_there_and_back():
    tuning = flat_session({"a": 61, "b": 27, "c": 12}, [[1, 0, 0]])
    written = tuning.choice
    for to in (70, 0, 93, 61):
        tuning.drag("a", to)
    assert tuning.choice == written
    tuning.release()
    assert len(tuning.tried) == 0 and not tuning.can_undo
    tuning.drag("a", 70).drag_cutoff("A", 85).release()  # the first was not ended
    assert tuning.changes == {"cutoffs.A": 85.0}


def test_comparing_two_trials():
    """100·⅖ is 40, then 60 of 100: by hand, with the cutoffs 80 and 60."""
    tuning = flat_session({"a": 40, "b": 60}, {"甲": [1, 0], "乙": [0, 1]})
    tuning.move("a", 60)
    rows = {(kind, id): (x, y) for kind, id, x, y in tuning.compare(0, 1).itertuples(index=False)}
    assert rows == {
        ("points", "a"): (40.0, 60.0),
        ("points", "b"): (60.0, 40.0),
        ("grade", "甲"): ("C", "B"),
        ("grade", "乙"): ("B", "C"),
        ("rank", "甲"): (2, 1),
        ("rank", "乙"): (1, 2),
    }
    assert len(tuning.compare(1, 1)) == 0
    tuning.quota("A", 0.3).cutoff("B", 55)
    kinds = tuning.compare(1, 3).set_index("kind")
    assert kinds.loc["quota"].tolist() == ["A", None, 0.3]
    assert kinds.loc["cutoff"].tolist() == ["B", 60.0, 55.0]


def test_what_was_moved_is_said_as_it_was():
    """Who took the points up is who did so then, though locks and choices change before the end."""
    tree = {"p": {"a": 40, "b": 20}, "c": 40}
    tuning = tree_session(tree, 100, language="en")
    tuning.move("a", 45.125)
    tuning.lock("b").move("a", 50)
    tuning.unlock().drag("a", 45).share_with("all").release()
    tuning.move("a", 40, keep="c")
    tuning.quota("A", 1).quota("A", 0.25).quota("A", None)
    tuning.cutoff("A", 88.123456)
    assert tuning.keep == "all"
    assert tuning.trials["moved"].tolist() == [
        "“a” 40→45.125 points (taken up by its siblings)",
        "“a” 45.125→50 points (taken up by indicators beside its block)",
        "“a” 50→45 points (taken up by its siblings)",
        "“a” 45→40 points (taken up by “c”)",
        "quota of A no limit→1 unit",
        "quota of A 1 unit→25%",
        "quota of A 25%→no limit",
        "cutoff of A 80→88.123456",
    ]


def test_who_watches_is_told_what_holds_in_the_end():
    tuning = flat_session({"a": 60, "b": 30, "c": 10}, [[1, 0, 0]])
    seen = []
    tuning.watch(lambda: seen.append((tuning.keep, tuning.choice)))
    tuning.move("a", 70, keep="c")
    assert seen[-1] == ("siblings", tuning.choice)
    with pytest.raises(InputError):
        tuning.move("nobody", 70, keep="c")
    assert seen[-1] == ("siblings", tuning.choice)


def test_the_total_is_said_in_full():
    tuning = flat_session({"a": 1000.123, "b": 234.4444}, [[1, 0]], {"A": 1000, "B": 0})
    assert tuning.status.en == "No grade changes; total 1234.5674"


# Names


HIDDEN = {"东乡县": "Dongxiang", "西乡县": "Xixiang", "南乡县": "Nanxiang"}


def shown_of(tuning):
    """All that a session shows while names are hidden."""
    trials = tuning.trials
    card = tuning.card()
    return " ".join(
        [
            str(tuning.status),
            str(tuning.effect(tuning.changed)),
            str(tuning.effect(tuning.changed, 1)),
            " ".join(str(label) for label in tuning.labels.values()),
            " ".join(str(fact) for fact in card.facts),
            card.brief,
            card.html("zh"),
            card.html("en"),
            trials.to_string(),
            trials.to_html(),
            repr(tuning),
            str(tuning),
            html.unescape(tuning._repr_html_()),
        ]
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_name_is_shown_while_names_are_hidden(language):
    frame = pd.DataFrame(
        {"unit": list(HIDDEN), "name_en": list(HIDDEN.values()), "a": [1, 0, 0.5], "b": [0, 1, 0.5]}
    )
    scheme = Scheme.flat({"a": 60, "b": 40}, {"A": 55, "B": 0})
    tuning = session(scheme, frame, language=language)
    names = [*HIDDEN, *HIDDEN.values()]
    assert not any(name in shown_of(tuning) for name in names)
    tuning.move("a", 40)
    assert tuning.changed == [("东乡县", "A", "B"), ("西乡县", "B", "A")]
    assert not any(name in shown_of(tuning) for name in names)
    tuning.show_names()
    assert {"东乡县", "西乡县"} <= {name for name in names if name in shown_of(tuning)}
    tuning.show_names(False)
    assert not any(name in shown_of(tuning) for name in names)


# Files


def test_a_case_from_a_workbook(tmp_path):
    """The record stands beside the workbook; grades are those of the case as it was read."""
    frame = pd.DataFrame({"a": [1.0, 0.5], "b": [0.0, 1.0]}, index=["东市", "西市"])
    result = assess(Scheme.flat({"a": 60, "b": 40}, {"A": 80, "B": 0}), frame)
    write_template(result.scheme, tmp_path / "方案.xlsx", result.table)
    tuning = Tuning(qt.read_case(tmp_path / "方案.xlsx"), language="en")
    tuning.move("a", 85)
    assert tuning.result.scores.tolist() == [85.0, 57.5]
    record = qt.tuning.read_trials(tmp_path)
    assert record["effect"].tolist() == ["东市 B→A"]
    assert record["changes"].tolist() == [{"points.a": 85.0, "points.b": 15.0}]


SCHEME = """\
id: small
name: small
total: 100
indicators:
- {id: p, name: p, children: [{id: a, name: a, points: 33, rule: {kind: share}},
    {id: b, name: b, points: 17, rule: {kind: share}}]}
- {id: c, name: c, points: 29, rule: {kind: share}}
- {id: d, name: d, points: 21, rule: {kind: share}}
grades:
- {id: A, cutoff: 80}
- {id: B, cutoff: 60}
- {id: C, cutoff: 0}
"""


@pytest.mark.parametrize(
    "changes",
    [
        "rounding.total: 0",
        "points.p: 55",
        "points.c: 30.7",
        "points.a: 40, cutoffs.A: 77, rounding.total: 1",
        "aggregation: 0, points.d: 10",
    ],
)
def test_changes_of_the_case_stand_with_ours(tmp_path, changes):
    """What the record has, put into params.yaml, gives the same grades again; other points may have
    more decimals than ticks then, as 55 of 100 shared out among the rest."""
    (tmp_path / "scheme.yaml").write_text(SCHEME)
    (tmp_path / "data.csv").write_text("unit,a,b,c,d\nx,1,.5,.7,.8\ny,.5,.9,1,.25\nz,.1,.8,.6,1\n")
    params = f"scheme: scheme.yaml\ndata: data.csv\nchanges: {{{changes}}}\n"
    (tmp_path / "params.yaml").write_text(params)
    case = qt.read_case(tmp_path)
    tuning = Tuning(case, record=False)
    assert tuning.changes == dict(case.parameters.changes)
    file_scheme = read_scheme(tmp_path / "scheme.yaml")
    moves = [("a", 20), ("c", 31.4), ("p", 44), ("d", 0), ("a", 1), ("b", 12.3), ("a", 27)]
    for i, (id, to) in enumerate(moves):
        tuning.move(id, to, keep=("siblings", "all")[i % 2])
        assert tuning.trials["changes"].iloc[-1] == tuning.changes
        again = assess(change(file_scheme, tuning.changes), case.table)
        for now, ticks in zip(again.scheme.leaves, tuning.choice.points, strict=True):
            assert abs(int(to_ticks(now.points)) - ticks) <= 1
        assert np.abs(again.base - tuning.result.base).max() <= 4
        assert again.grades.equals(tuning.result.grades)
        assert again.scheme.rounding == tuning.scheme.rounding
        anew = qt.read_case(tmp_path, changes=tuning.changes)
        assert qt.assess(anew.scheme, anew.table).grades.equals(tuning.result.grades)
    while tuning.can_undo:
        tuning.undo()
    assert tuning.changes == dict(case.parameters.changes)


# Sizes


def held_by(tuning, moves):
    """Bytes that some moves leave behind, and how many assessments there are then."""
    tracemalloc.start()
    try:
        for k in range(moves):
            tuning.move("x0", 1 + k % 350)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    return held, sum(type(thing) is Assessment for thing in gc.get_objects())


def some_session():
    shares = np.random.default_rng(3).random((20, 4))
    return flat_session({f"x{j}": 100 for j in range(4)}, shares, {"A": 200, "B": 0})


def test_moves_leave_their_choices_and_grades_behind_and_nothing_else():
    """Of each the choice (some numbers), the changes and the grades of 20 units: a few kilobytes;
    assessments only as many as are kept."""
    tuning = some_session()
    for k in range(70):
        tuning.drag("x0", 20 + k)
    usual = sum(type(thing) is Assessment for thing in gc.get_objects())
    held, there = held_by(tuning, 100)
    assert there <= usual
    assert held < 100 * 15_000 + 64 * 60_000  # and what was kept before is made anew


@pytest.mark.soak
def test_two_thousand_moves_do_not_fill_the_memory():
    tuning = some_session()
    held_by(tuning, 100)
    held, there = held_by(tuning, 2000)
    assert len(tuning.tried) == 2100
    assert held < 2000 * 15_000 + 64 * 60_000
    assert there <= 70


def test_a_large_table_is_kept_fewer_times():
    shares = np.random.default_rng(3).random((1000, 150))
    tuning = flat_session({f"x{j}": 1 for j in range(150)}, shares, {"A": 75, "B": 0})
    for k in range(25):
        tuning.drag("x0", 2 + k)
    assert len(tuning.written._made) == 20  # three million cells in all
