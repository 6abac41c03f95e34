"""A list of tasks: the share that is done, as fractions work it out, and what a list must be."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.assessment import assess
from qtoolkit.errors import InputError
from qtoolkit.inputs.files import rows_of_grid
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import table_of_rows
from qtoolkit.models import validate
from qtoolkit.rules.checklist import STATES, ChecklistRule
from tests import oracle

GIVES = {"done": Fraction(1), "late": Fraction(3, 10), "not_done": Fraction(0)}


def task(id, **more):
    return {"id": id, "name": {"zh": f"任务{id}", "en": f"Task {id}"}, **more}


def rule(items, **more):
    return ChecklistRule.model_validate({"kind": "checklist", "items": items, **more})


@st.composite
def lists(draw):
    """A rule with weights in hundredths that sum to 1, or with none, and the states of its
    tasks."""
    count = draw(st.integers(1, 7))
    items = [task(f"t{i}", due="2025-09-30") for i in range(count)]
    if draw(st.booleans()):
        cuts = sorted(draw(st.sets(st.integers(1, 99), min_size=count - 1, max_size=count - 1)))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        for item, part in zip(items, parts, strict=True):
            item["weight"] = part / 100
    states = draw(st.lists(st.sampled_from(STATES[:4]), min_size=count, max_size=count))
    return items, states


def by_hand(items, states):
    """Σ weight · given / Σ weight in hundredths, without the tasks that do not apply."""
    weights = [Fraction(round(100 * item.get("weight", 0.01))) for item in items]
    pairs = [(w, GIVES[s]) for w, s in zip(weights, states, strict=True) if s in GIVES]
    whole = sum(w for w, _ in pairs)
    return float(sum(w * g for w, g in pairs) / whole) if whole else None


@given(lists())
def test_the_share_is_that_of_fractions(drawn):
    items, states = drawn
    assert rule(items, late=0.3).share_done(states) == by_hand(items, states)


@given(lists(), st.randoms(use_true_random=False))
def test_the_order_of_tasks_does_not_matter(drawn, random):
    items, states = drawn
    order = random.sample(range(len(items)), len(items))
    turned = rule([items[i] for i in order], late=0.3)
    assert turned.share_done([states[i] for i in order]) == rule(items, late=0.3).share_done(states)


@given(lists(), st.integers(0, 6))
def test_more_that_is_done_never_gives_less(drawn, which):
    items, states = drawn
    which %= len(items)
    if states[which] == "not_applicable":
        return
    made = rule(items, late=0.3)
    shares = [
        made.share_done([*states[:which], state, *states[which + 1 :]])
        for state in ("not_done", "late", "done")
    ]
    assert shares == sorted(shares)


def test_tenths_sum_as_on_paper():
    """.2 + .2 + .1 + .1 + half of .2 is .7, which floats added one by one miss."""
    weights = (0.2, 0.2, 0.1, 0.1, 0.2, 0.2)
    made = rule(
        [task(f"t{i}", weight=w, due="2025-09-30") for i, w in enumerate(weights)], late=0.5
    )
    assert made.share_done(["done"] * 4 + ["late", "not_done"]) == 0.7


def scheme_data(checklist, period="2025年7月1日至2026年6月30日", **leaf):
    return {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "period": period,
        "stages": [{"id": "self", "name": "自评"}, {"id": "more", "name": "再评"}],
        "missing": {"blank": "fail"},
        "indicators": [
            {"id": "a", "name": "a", "points": 60.0, "rule": {"kind": "checklist", **checklist}}
            | leaf,
            {"id": "b", "name": "b", "points": 40.0, "rule": {"kind": "share"}},
        ],
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
    }


TWO = [task("x", weight=0.4), task("y", weight=0.6)]
WRONG = [
    ({"items": [task("x", weight=0.4), task("y")]}, {}, "no weight is written for Task y"),
    ({"items": [task("x", weight=0.4), task("y", weight=0.5)]}, {}, "sum to 0.9, expected 1"),
    ({"items": [task("x", weight=0.0), task("y", weight=1.0)]}, {}, "expected above 0"),
    ({"items": [task("x", due="2025-09-30")]}, {}, "say what one done late gives"),
    ({"items": TWO, "late": 0.5}, {}, "none has a day on which it is due"),
    ({"items": [task("x", due="2025-09-31")], "late": 0.5}, {}, "the due date is 2025-09-31"),
    ({"items": [task("x", due="9月30日")], "late": 0.5}, {}, "a day of the calendar"),
    ({"items": [task("x", due="2026-07-01")], "late": 0.5}, {}, "outside the period assessed"),
    ({"items": [task("x", due="2025-06-30")], "late": 0.5}, {}, "outside the period assessed"),
    ({"items": [task("x", due="2025-09-30")], "late": 1.5}, {}, "expected at most 1"),
    ({"items": [task("x"), task("x")]}, {}, "already the id or the name"),
    ({"items": [task("x"), task("y") | {"name": "任务x"}]}, {}, "already the id or the name"),
    ({"items": []}, {}, "expected at least one item"),
    ({"items": TWO}, {"stages": {"self": 0.5, "more": 0.5}}, "at most one stage"),
]


@pytest.mark.parametrize(("checklist", "leaf", "words"), WRONG)
def test_a_list_that_cannot_be_is_one_sentence(checklist, leaf, words):
    with pytest.raises(InputError) as error:
        validate(Scheme, scheme_data(checklist, **leaf), None)
    (complaint,) = error.value.complaints
    assert words in complaint.of("en").replace("“", "").replace("”", ""), complaint.of("en")
    assert complaint.of("zh") != complaint.of("en")


def test_the_first_and_the_last_day_of_the_period_are_in_it():
    items = [task("x", due="2025-07-01"), task("y", due="2026-06-30")]
    assert validate(Scheme, scheme_data({"items": items, "late": 0.5}), None).leaves


def test_the_sentence_names_tasks_weights_and_days():
    made = rule([task("x", weight=0.125, due="2025-08-31"), task("y", weight=0.875)], late=0.5)
    assert made.sentence().zh == (
        "按任务清单计分：任务x占12.5%（限2025-08-31）、任务y占87.5%；逾期完成的按该项的50%计"
    )
    assert made.sentence().en == (
        "by a list of tasks: Task x 12.5% (by 2025-08-31), Task y 87.5%; one done late gives 50% "
        "of its share"
    )


def test_another_list_reads_the_same_data_where_tasks_weights_days_and_late_agree():
    items = [task("x", weight=0.4, due="2025-08-31"), task("y", weight=0.6, due="2026-06-15")]
    a_year_ago = [
        task("x", weight=0.4, due="2024-08-31"),
        task("y", weight=0.6, due="2025-06-15"),
    ]
    made = rule(items, late=0.5)
    assert made.reads(rule(items[::-1], late=0.5), None)
    assert made.reads(rule(a_year_ago, late=0.5), None)
    assert not made.reads(rule(items, late=0.4), None)
    assert not made.reads(rule([items[0] | {"due": "2025-09-01"}, items[1]], late=0.5), None)
    assert not made.reads(rule([items[0], items[1] | {"due": "2025-12-15"}], late=0.5), None)
    assert not made.reads(
        rule([items[0] | {"weight": 0.6}, items[1] | {"weight": 0.4}], late=0.5), None
    )
    assert not made.reads(rule([items[0], items[1] | {"id": "z"}], late=0.5), None)


SAID = {"yes": "完成", "no": "未完成", "skip": "不适用"}
DAYS = ["2025-08-01", "2025-09-30", "2025-10-01", "2026-06-30"]


@given(lists(), st.data())
def test_scores_are_those_of_the_second_program(drawn, data):
    """Words and days, in time and late, against exact fractions; a list of which nothing applies
    gives its points to the others."""
    items, _ = drawn
    said = st.lists(st.sampled_from([*SAID, *DAYS]), min_size=len(items), max_size=len(items))
    units = data.draw(st.lists(said, min_size=1, max_size=4))
    given_scheme = scheme_data({"items": items, "late": 0.3}) | {
        "missing": {"blank": "fail", "not_applicable": "renormalise"}
    }
    names = [f"a.{item['id']}" for item in items]
    rows = [
        {"raw": dict(zip(names, unit, strict=True)) | {"b": 0.5}, "veto": set(), "bonus": {}}
        for unit in units
    ]
    for row, unit in zip(rows, units, strict=True):
        row["status"] = {"a": "not_applicable"} if set(unit) == {"skip"} else {}
    expected = oracle.grade_all(given_scheme, rows)
    header = ["unit", *(f"task:{name}" for name in names), "b"]
    grid = [[f"u{k}", *(SAID.get(w, w) for w in unit), 0.5] for k, unit in enumerate(units)]
    scheme = validate(Scheme, given_scheme, None)
    result = assess(scheme, table_of_rows(rows_of_grid("t", [header, *grid]), scheme))
    assert result.scores.tolist() == pytest.approx(
        [float(u["published"]) for u in expected], abs=1.5e-10
    )
    assert result.grades.tolist() == [unit["grade"] for unit in expected]
