"""The panel's side in the kernel: each message is answered, with the session's own numbers."""

import json
import math
import re
import shutil
import time
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.language import LANGUAGES
from qtoolkit.models import validate
from qtoolkit.tuning import proofs, widget
from qtoolkit.tuning.widget import ACTIONS, Panel, setup_of
from qtoolkit.tuning.words import WORDS

SCRIPT = Panel._esm


class Silent:
    """A background that works nothing out."""

    def __init__(self):
        self.asked = []

    def ask(self, choice, tasks):
        self.asked.append((choice, sorted(tasks)))

    def close(self):
        pass


class Face:
    """A panel, what it sends, and a hand that asks."""

    def __init__(self, tuning):
        self.tuning, self.sent, self.seq = tuning, [], 0
        self.panel = Panel(tuning)
        self.panel.quick, self.panel.slow = Silent(), Silent()
        self.panel.send = self.sent.append

    def ask(self, kind, **content):
        """The state that answers, and all other messages before it."""
        self.seq += 1
        self.sent.clear()
        self.panel._heard(self.panel, {"kind": kind, "seq": self.seq, **content}, [])
        json.dumps(self.sent, allow_nan=False)  # what a browser can read
        *others, state = self.sent
        assert (state["kind"], state["seq"]) == ("state", self.seq)
        return state, others


@pytest.fixture
def face(tmp_path):
    case = shutil.copytree(packaged_cases() / "city-2026", tmp_path / "case")
    return Face(qt.tuning.Tuning(qt.read_case(case), language="zh"))


def test_the_script_asks_for_nothing_that_the_kernel_does_not_know_and_for_all_that_it_does():
    asked = set(re.findall(r'\b(?:act|ask)\("(\w+)"', SCRIPT)) | {"undo", "redo", "reset"}
    assert asked == set(ACTIONS)


def test_the_scripts_words_are_those_of_the_catalogue():
    marks = {"quota_mark", "last_mark", "veto_mark"}  # of what made a grade worse than its score
    used = set(re.findall(r"words\.(\w+)", SCRIPT)) | marks | {"siblings", "all"}
    keyed = re.findall(r'\["([\w", ]+)"\]', SCRIPT)
    named = {name for group in keyed for name in re.findall(r"\w+", group)}
    assert used <= set(WORDS)
    said_by_kernel = {"exact", "at_most", "none_kept", "points", "cutoff", "grade", "rank"}
    said_by_kernel |= {"quota", "no_quota"}
    assert set(WORDS) <= used | named | said_by_kernel
    assert not re.search("[\u4e00-\u9fff]", SCRIPT)


def test_the_script_is_all_its_parts_in_lines_that_can_be_read():
    assert {path.stem for path in widget.ROOM.glob("*.js")} == set(widget.SCRIPT)
    assert max(map(len, f"{SCRIPT}\n{Panel._css}".splitlines())) <= 100


def test_a_tolerance_is_rounded_down_and_a_bound_called_one():
    said = [widget.tolerance_said(*found) for found in ((0.29, "exact"), (0.1709, "at least"))]
    assert [text.zh for text in said] == ["±29.0%", "至少±17.0%"]
    assert widget.tolerance_said(None, "exact").zh == "不会改变"


def test_margins_are_rounded_away_from_what_is_too_little(face):
    # 甲 of 89.995 needs .005 for A from 90 and is 9.995 above B from 80
    scheme = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 80, "C": 0})
    frame = pd.DataFrame({"a": [0.99991667], "b": [0.75]}, index=["甲"])
    assert proofs.margins_said(qt.assess(scheme, frame)) == ["↑0.01 ↓9.99"]


def test_the_script_fetches_nothing():
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|\bimport\b|fetch\(|eval\(", SCRIPT)
    assert "innerHTML" not in SCRIPT  # names never become markup


def test_hello_is_answered_with_masked_names_and_the_written_state(face):
    state, others = face.ask("hello")
    lists = next(m for m in others if m["kind"] == "lists")
    assert not set(lists["labels"]) & {label.zh for label in face.tuning.case.table.labels}
    assert state["points"]["credit"] == 2 and state["cutoffs"] == [90, 80, 60]
    assert state["quotas"] == [4, None, None] and not state["undo"]
    before = qt.assess(face.tuning.case.scheme, face.tuning.case.table)
    assert state["units"]["scores"] == before.scores.tolist()
    assert [
        face.tuning.case.scheme.grades[code].id for code in state["units"]["grades"]
    ] == before.grades.tolist()


def test_names_are_sent_only_once_they_are_asked_for(face):
    real = {label.zh for label in face.tuning.case.table.labels}
    setup = json.dumps(setup_of(face.tuning), ensure_ascii=False)
    state, others = face.ask("hello")
    face.ask("drag", node="farm_pass", to=9)
    released, more = face.ask("release")
    sent = json.dumps([setup, state, others, released, more], ensure_ascii=False)
    assert not any(name in sent for name in real)
    _, others = face.ask("names", on=True)
    assert set(next(m for m in others if m["kind"] == "lists")["labels"]) == real


def test_a_drag_a_release_and_an_undo(face):
    face.ask("keep", to="award")
    state, others = face.ask("drag", node="farm_pass", to=9)
    assert not others and state["points"]["farm_pass"] == 9 and state["points"]["award"] == 4
    assert face.tuning.trials.empty
    state, others = face.ask("release")
    lists = next(m for m in others if m["kind"] == "lists")
    assert len(lists["trials"]) == 1 and lists["trials"][0]["now"] and state["undo"]
    assert lists["trials"][0]["changed"] == 1 and "B→C" in state["status"]
    again = qt.assess(
        face.tuning.case.scheme.replace(
            points={"farm_pass": 9, "award": 4, **blocks()}, spread="siblings"
        ),
        face.tuning.case.table,
    )
    assert state["units"]["scores"] == again.scores.tolist()
    state, _ = face.ask("undo")
    assert state["points"]["farm_pass"] == 12 and state["redo"]


def blocks():
    """The blocks above two indicators between which three points are moved: 40 and 60, 28, 22, 4
    as they are written."""
    return {"targets": 37, "product_targets": 25, "measures": 63, "macro": 25, "brand": 7}


def test_what_the_session_refuses_is_a_sentence_and_changes_nothing(face):
    before, _ = face.ask("hello")
    for wrong in (
        {"kind": "drag", "node": "nobody", "to": 3},
        {"kind": "drag", "node": "credit", "to": "3"},
        {"kind": "drag", "node": "credit", "to": math.nan},
        {"kind": "drag", "node": "credit"},
        {"kind": "line", "grade": "D", "to": 3},
        {"kind": "line", "grade": "A", "to": True},
        {"kind": "quota", "grade": "A", "to": "many"},
        {"kind": "quota", "grade": "A", "to": "-1"},
        {"kind": "quota", "grade": "A", "to": "1.5"},
        {"kind": "go", "trial": 99},
        {"kind": "go", "trial": 1e300},
        {"kind": "compare", "first": 0, "second": None},
        {"kind": "step", "to": 0.3},
        {"kind": "keep", "to": "nobody"},
        {"kind": "lock", "node": "nobody", "on": True},
        {"kind": "save", "name": ""},
        {"kind": "save", "name": "../scheme.yaml"},
        {"kind": "save", "name": "scheme.yaml"},
    ):
        state, _ = face.ask(**wrong)
        assert state["warning"] and "\n" not in state["warning"], wrong
        kept = ("points", "cutoffs", "quotas", "locked", "keep", "step", "units", "undo")
        assert {key: state[key] for key in kept} == {key: before[key] for key in kept}, wrong
        state, _ = face.ask("rest")  # which follows by itself: what was said stays
        assert state["warning"]
    state, _ = face.ask("names", on=False)
    assert state["warning"] == ""


def test_an_unknown_kind_is_answered_and_does_nothing(face):
    state, others = face.ask("__init__")
    assert not others and state["warning"] == "" and not state["undo"]


@pytest.mark.parametrize(
    ("typed", "most"), [("3", 3), ("30%", 0.3), (".25", 0.25), ("", None), ("３", 3), (" 5 ", 5)]
)
def test_a_quota_as_it_is_typed(face, typed, most):
    state, _ = face.ask("quota", grade="A", to=typed)
    assert state["quotas"][0] == most and state["warning"] == ""


@pytest.mark.parametrize("typed", ["100%", "120%", "0", "-1", "1.5", "二", "abc", "0%", "nan"])
def test_what_is_no_quota_is_refused_in_the_words_of_the_box(face, typed):
    state, _ = face.ask("quota", grade="A", to=typed)
    assert state["quotas"][0] == 4
    assert "应为家数（如 4）或低于100%的比例（如 30%），不限则留空" in state["warning"]


def test_a_score_that_misses_a_cutoff_is_never_printed_as_if_it_reached_it():
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 60, "C": 0})
    shares = [0.89996, 0.8999999999, 0.9, 0.90004, 0.8]
    result = qt.assess(scheme, pd.DataFrame({"a": shares}, index=list("甲乙丙丁戊")))
    said = ["89.996", "89.99999999", "90.00", "90.00", "80.00"]
    assert widget._scores_said(result) == said


def test_at_rest_there_are_ranges_of_published_scores_around_each_score(face):
    state, _ = face.ask("rest")
    low, high = state["ranges"]
    for least, score, most in zip(low, state["units"]["scores"], high, strict=True):
        assert least <= score <= most
    assert "ranges" not in face.ask("hello")[0]


def test_parts_of_units_with_shared_out_blanks_sum_to_their_base_score():
    case = qt.read_case("params/provinces-2008")
    face = Face(qt.tuning.Tuning(case, record=False, language="zh"))
    state, _ = face.ask("view", view="parts")
    sums = [sum(values) for values in zip(*state["parts"]["values"], strict=True)]
    base = qt.assess(case.scheme, case.table).base / 10**10
    assert sums == pytest.approx(base.tolist(), abs=1e-6)


def test_parts_sum_to_the_base_score(face):
    state, _ = face.ask("view", view="parts")
    sums = [sum(values) for values in zip(*state["parts"]["values"], strict=True)]
    base = qt.assess(face.tuning.case.scheme, face.tuning.case.table).base / 10**10
    assert sums == pytest.approx(base.tolist(), abs=1e-6)
    assert "parts" not in face.ask("view", view="dots")[0]


def test_a_comparison_names_what_differs_in_words(face):
    face.ask("line", grade="B", to=82)
    face.ask("release")
    _, (compared,) = face.ask("compare", first=0, second=1)
    assert ["分数线", "B级", "80", "82"] in compared["rows"]
    assert compared["trials"] == [0, 1]
    assert {row[0] for row in compared["rows"]} <= {"分数线", "等级"}


def test_changes_are_written_as_params_yaml_reads_them(face, tmp_path):
    face.ask("quota", grade="A", to="3")
    face.ask("drag", node="credit", to=5)
    face.ask("release")
    _, (written,) = face.ask("changes")
    params = (tmp_path / "case" / "params.yaml").read_text(encoding="utf-8")
    assert "changes: {}" in params
    (tmp_path / "case" / "params.yaml").write_text(
        params.replace("changes: {}", written["text"]), encoding="utf-8"
    )
    again = qt.read_case(tmp_path / "case")
    assert again.scheme == face.tuning.scheme


def test_a_saved_scheme_is_the_one_that_is_chosen(face, tmp_path):
    face.ask("drag", node="credit", to=5)
    face.ask("release")
    face.ask("quota", grade="A", to="3")
    _, others = face.ask("save", name="scheme-trial.yaml")
    (saved,) = [m for m in others if m["kind"] == "saved"]
    assert "scheme-trial.yaml" in saved["text"]
    path = tmp_path / "case" / "scheme-trial.yaml"
    again = qt.read_case(scheme=path, data=tmp_path / "case" / "data.csv")
    result = qt.assess(again.scheme, again.table)
    assert result.grades.tolist() == face.tuning.result.grades.tolist()
    assert result.scores.tolist() == face.tuning.result.scores.tolist()


def test_what_code_does_is_shown_too(face):
    face.ask("hello")
    face.sent.clear()
    face.tuning.move("credit", 5)
    kinds = [message["kind"] for message in face.sent]
    assert {"state", "lists", "proving"} <= set(kinds)
    assert [m for m in face.sent if m["kind"] == "state"][-1]["points"]["credit"] == 5


def test_proofs_are_asked_for_once_a_move_has_ended_and_not_while_it_lasts(face):
    face.ask("hello")
    asked = len(face.panel.slow.asked)
    face.ask("drag", node="credit", to=4)
    face.ask("drag", node="credit", to=5)
    assert len(face.panel.slow.asked) == asked
    face.ask("release")
    assert len(face.panel.slow.asked) == asked + 1
    face.ask("view", view="parts")  # nothing else to prove
    assert len(face.panel.slow.asked) == asked + 1
    face.ask("lock", node="port", on=True)  # other intervals
    assert len(face.panel.slow.asked) == asked + 2


def test_proofs_are_called_stale_while_they_are_of_something_else_and_no_longer(face):
    assert not face.ask("hello")[0]["stale"]
    assert face.ask("drag", node="credit", to=4)[0]["stale"]
    assert not face.ask("drag", node="credit", to=2)[0]["stale"]  # back where it was
    assert not face.ask("release")[0]["stale"]
    assert face.ask("drag", node="credit", to=4)[0]["stale"]
    assert not face.ask("undo")[0]["stale"]


def test_a_proof_of_an_earlier_choice_is_not_shown(face):
    face.ask("hello")
    earlier = face.panel._asked
    face.ask("drag", node="credit", to=5)
    face.ask("release")
    face.ask("drag", node="credit", to=6)  # it comes while a hand moves again
    face.sent.clear()
    face.panel._proven(earlier, "safe", {}, None)
    assert face.sent == []
    face.panel._proven(face.panel._asked, "safe", {"credit": [0, 9]}, None)
    assert face.sent[0]["name"] == "safe"


def test_flips_and_comparison_are_said_anew_once_names_are_shown_or_hidden(face):
    face.ask("hello")
    asked = len(face.panel.quick.asked)
    for times, on in enumerate((True, False), 1):
        _, others = face.ask("names", on=on)
        assert {"kind": "compared", "trials": [], "rows": []} in others
        assert len(face.panel.quick.asked) == asked + times


def test_the_background_works_out_all_three_and_says_what_failed():
    case = qt.read_case("params/city-2026")
    face = Face(qt.tuning.Tuning(case, record=False, language="en"))
    face.panel.quick, face.panel.slow = (
        widget.Background(name, face.panel._proven) for name in ("test quick", "test slow")
    )
    try:
        face.ask("hello")
        wait(lambda: sum(m["kind"] == "proof" for m in face.sent) == 3)
        found = {m["name"]: m["found"] for m in face.sent if m["kind"] == "proof"}
        assert len(found["tolerance"]) == 16 and set(found["safe"]) == set(face.tuning.points.index)
        # City K (子市) is .2393 points from C: METHODS' cheapest change of all
        assert "B→C" in found["flips"][0] and "0.2394 points moved (exact)" in found["flips"][0]
        face.sent.clear()
        for task in (broken, full):
            face.panel.quick.ask(face.panel._asked, {"safe": task})
            wait(lambda: face.sent)
            assert face.sent[0]["failed"].startswith("the work stopped")
            face.sent.clear()
        # killed while it has nothing to do
        for process in list(widget.Background.workers["test quick"]._processes.values()):
            process.kill()
            process.join()
        face.panel.quick.ask(face.panel._asked, {"safe": dict})
        wait(lambda: face.sent)
        assert "found" in face.sent[0] or face.sent[0]["failed"]
        face.sent.clear()
        face.panel.quick.ask(face.panel._asked, {"safe": dict})
        wait(lambda: face.sent)
        assert face.sent[0]["found"] == {}
    finally:
        for name in ("test quick", "test slow"):
            widget.Background.workers.pop(name).shutdown()


def broken():
    """A task whose process is killed, as when memory runs out."""
    import os

    os._exit(1)


def full():
    raise MemoryError


def wait(done, seconds=60):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_says_nothing_in_the_other(language, tmp_path):
    case = shutil.copytree(packaged_cases() / "city-2026", tmp_path / "case")
    face = Face(qt.tuning.Tuning(qt.read_case(case), language=language))
    said = [setup_of(face.tuning), *face.ask("hello")]
    for ask in (
        {"kind": "drag", "node": "farm_pass", "to": 9},
        {"kind": "release"},
        {"kind": "line", "grade": "B", "to": 83},
        {"kind": "release"},
        {"kind": "quota", "grade": "A", "to": "6"},
        {"kind": "compare", "first": 0, "second": 3},
        {"kind": "view", "view": "parts"},
        {"kind": "go", "trial": 77},
        {"kind": "names", "on": True},
    ):
        said += face.ask(**ask)
    ids = {node.id for node in face.tuning.scheme.nodes}
    text = json.dumps(said, ensure_ascii=False)
    if language == "en":
        assert not re.search("[\u4e00-\u9fff]", text)
    else:
        words = set(re.findall(r"(?<![\w.\-])[a-z]{4,}(?![\w.\-])", " ".join(values(said))))
        assert words <= ids | {"city"}


def values(part):
    """All texts among values, keys left out."""
    if isinstance(part, dict):
        kept = {
            k: v for k, v in part.items() if k not in ("kind", "modes", "keep", "language", "held")
        }
        for value in kept.values():
            yield from values(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from values(value)
    elif isinstance(part, str):
        yield part


@settings(max_examples=25, deadline=None)
@given(
    moves=st.lists(
        st.tuples(
            st.sampled_from(["drag", "line", "quota", "undo", "redo", "release", "reset"]),
            st.integers(0, 40),
            st.floats(0, 100, allow_nan=False),
        ),
        max_size=15,
    )
)
def test_whatever_is_asked_the_grades_sent_are_those_of_the_scheme_sent(moves):
    case = CASE
    face = Face(qt.tuning.Tuning(case, record=False, language="zh"))
    nodes = [node.id for node in case.scheme.nodes]
    for kind, place, number in moves:
        content = {
            "drag": {"node": nodes[place % len(nodes)], "to": number},
            "line": {"grade": "ABC"[place % 3], "to": number},
            "quota": {"grade": "ABC"[place % 3], "to": str(int(number) + 1)},
        }.get(kind, {})
        state, _ = face.ask(kind, **content)
    state, _ = face.ask("release")
    points = {leaf.id: state["points"][leaf.id] for leaf in case.scheme.leaves}
    cutoffs = dict(zip("ABC", state["cutoffs"], strict=True))
    quotas = {f"grades.{g}.quota": q for g, q in zip("ABC", state["quotas"], strict=True)}
    scheme = qt.assess(case.scheme, case.table).change(quotas).scheme
    again = qt.assess(scheme.replace(points, cutoffs), case.table)
    codes = [case.scheme.grades[code].id for code in state["units"]["grades"]]
    assert codes == again.grades.tolist() and state["units"]["ranks"] == again.ranks.tolist()


CASE = qt.read_case("params/city-2026")


FOLLOW = {
    "places": [
        {"id": "A", "by": "place", "quota": 4},
        {"id": "B", "cutoff": 80.0},
        {"id": "C", "cutoff": 60.0},
        {"id": "D", "cutoff": 0.0},
    ],
    "breaks": [*({"id": id, "by": "breaks"} for id in "ABC"), {"id": "D"}],
}


@pytest.mark.parametrize("name", FOLLOW)
def test_a_grade_without_a_line_has_none_to_drag_but_its_places(name, tmp_path):
    case = qt.read_case("city-2026")
    scheme = validate(qt.Scheme, case.scheme.model_dump() | {"grades": FOLLOW[name]}, None)
    face = Face(qt.tuning.Tuning(replace(case, scheme=scheme), language="zh"))
    setup = setup_of(face.tuning)
    lined = [grade["lined"] for grade in setup["grades"][:3]]
    assert lined == ([False, True, True] if name == "places" else [False] * 3)
    assert [grade["placed"] for grade in setup["grades"][:3]] == [name == "places"] * 3
    state, _ = face.ask("line", grade="A", to=88)
    assert state["cutoffs"] == ([None, 80, 60] if name == "places" else [None] * 3)
    assert "等级“A”按" in state["warning"] and "由数据得出" in state["warning"]
    if name == "places":
        state, _ = face.ask("quota", grade="A", to="3")
        assert state["quotas"][0] == 3 and state["counts"][1][0] == 3
        state, _ = face.ask("line", grade="B", to=82)
        assert state["cutoffs"] == [None, 82, 60]
