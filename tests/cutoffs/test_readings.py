"""The two readings and who moves up, against the second program in exact fractions (oracle.py), in
which each event is put into the scheme's own steps; by hand; and by assessing changed data."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.errors import InputError
from tests import oracle, strategies
from tests.examples import share

TICK = Fraction(1, 10**10)
EVENTS = ["vetoed", "approved", "rejudged"]


@st.composite
def crowded(draw):
    """Few whole scores around few lines, so that places are short and ties frequent; bonus, cap,
    classes, last places and vetoes of either kind."""
    n = draw(st.integers(2, 7))
    whole = st.integers(0, 6).map(lambda i: float(10 - i))
    vetoes = [{"id": "v", "name": "v", "cap": "C"}, {"id": "w", "name": "w", "lower": 1}]
    vetoes = draw(st.sampled_from([[], vetoes[:1], vetoes[1:], vetoes]))
    classes = draw(st.sampled_from([[], ["p", "q"]]))
    rows = [
        {
            "raw": {"x": draw(whole), "y": draw(st.sampled_from([0.0, 0.5]))},
            "veto": {v["id"] for v in vetoes if draw(st.integers(0, 3)) == 0},
            "bonus": {"b": draw(st.sampled_from([0.0, 0.0, 1.0]))},
            **({"class": draw(st.sampled_from(classes))} if classes else {}),
        }
        for _ in range(n)
    ]
    a = draw(st.integers(8, 10))
    grades = [{"id": "A", "cutoff": float(a)}, {"id": "B", "cutoff": float(a - 2)}]
    grades.append({"id": "C", "cutoff": 0.0})
    for grade in grades:
        grade["ties"] = draw(st.sampled_from(["out", "in"]))
        grade["within"] = draw(st.sampled_from(["all", "class"])) if classes else "all"
    grades[0]["quota"] = draw(st.sampled_from([0, 1, 1, 2, 2, 3, 0.5, None]))
    grades[1]["quota"] = draw(st.sampled_from([None, None, 2, 3, 4]))
    for grade in grades[1:]:
        grade["last"] = draw(st.sampled_from([None, None, 1, 2]))
    leaves = [("x", 10.0), ("y", 1.0)]
    scheme = {
        "id": "s",
        "name": "s",
        "total": 11.0,
        "indicators": [
            {
                "id": id,
                "name": id,
                "points": points,
                "rule": {"kind": "direct"},
                "scales": True,
            }
            for id, points in leaves
        ],
        "vetoes": vetoes,
        "classes": classes,
        "bonuses": [{"id": "b", "name": "b", "kind": "bonus", "max": 1.0}],
        "cap": draw(st.sampled_from([11.0, 9.5])),
        "rounding": {"total": draw(st.sampled_from([None, {"decimals": 0}, {"decimals": 1}]))},
        "order": {"veto": draw(st.sampled_from(["before_quota", "after_quota"]))},
        "rank_on": draw(st.sampled_from(["published", "published", "base"])),
        "grades": grades,
    }
    return strategies.Given(scheme, rows)


class Anew:
    """The second program's units, with what an event changes."""

    def __init__(self, given_, result):
        self.scheme, self.rows, self.result = given_.scheme, given_.rows, result
        self.names = [grade["id"] for grade in self.scheme["grades"]]
        self.units = oracle.grade_all(self.scheme, self.rows)
        for unit, ticks in zip(self.units, result.base, strict=True):
            self.put(unit, ticks * TICK)

    def put(self, unit, base):
        """Give a unit this base score."""
        row = self.rows[next(i for i, other in enumerate(self.units) if other is unit)]
        rounding, order = self.scheme.get("rounding", {}), self.scheme.get("order", {})
        done = oracle.finished(base, row, self.scheme, rounding.get("total"), order)
        unit |= {"base": base, "published": done["published"]}
        unit["key"] = unit["base" if self.scheme.get("rank_on") == "base" else "published"]

    def reached(self, unit):
        """The place in the list of the grade by the cutoffs alone."""
        grades = self.scheme["grades"]
        own = [g.get("class_cutoffs", {}).get(unit["class"], g["cutoff"]) for g in grades]
        return min(sum(unit["published"] < oracle.exact(c) for c in own), len(own) - 1)

    def queues(self, k):
        """Of each quota, for those counted with a unit: the units that it counts, those that have a
        place of it, how many there are, and the place of its grade in the list."""
        grades, found = self.scheme["grades"], []
        for i, what in self.steps():
            units = [dict(unit, at=j) for j, unit in enumerate(self.units)]
            if grades[i].get("within") == "class":
                units = [unit for unit in units if unit["class"] == units[k]["class"]]
            for unit in units:
                unit["grade"] = self.reached(unit)
                if self.is_early:
                    oracle.strike(unit, self.names)
            counted = {unit["at"] for unit in units if unit["grade"] <= i}
            oracle.limited(units, i, {**grades[i], "within": "all"}, [])
            within = {unit["at"] for unit in units if unit["grade"] <= i}
            if what == "quota":
                quota = oracle.exact(grades[i]["quota"])
                most = int(quota * (len(units) if quota < 1 else 1))
                found.append((counted, within, most, i))
        return found

    @property
    def is_early(self):
        """Whether vetoes come before the places."""
        order = self.scheme.get("order", {}).get("veto", "before_quota")
        return order == "before_quota" or not self.steps()

    def graded(self, uncounted=None, below=None, only=None):
        """Grades, as places in the list; `uncounted` is no candidate for `below` or better; `only`
        some (grade, "quota" or "last") are in force."""
        grades, groups = self.scheme["grades"], self.scheme.get("classes", [])
        units = [dict(unit, grade=self.reached(unit)) for unit in self.units]
        for unit in units if self.is_early else []:
            oracle.strike(unit, self.names)
        if uncounted is not None:
            units[uncounted]["grade"] = max(units[uncounted]["grade"], below + 1)
        for step in self.steps() if only is None else only:
            limit = oracle.limited if step[1] == "quota" else oracle.put_last
            limit(units, step[0], grades[step[0]], groups)
        for unit in [] if self.is_early else units:
            oracle.strike(unit, self.names)
        return [unit["grade"] for unit in units]

    def steps(self):
        """Quotas from the best grade down, then last places: (place of the grade, which)."""
        grades = self.scheme["grades"]
        return [
            (i, what)
            for what in ("quota", "last")
            for i, g in enumerate(grades)
            if g.get(what) is not None
        ]

    def rising(self, after, k):
        """Who rises beside a unit, from what to what."""
        now = self.graded()
        return [
            (self.result.scores.index[i], self.names[a], self.names[b])
            for i, (a, b) in enumerate(zip(now, after, strict=True))
            if b < a and i != k
        ]


def checked(given_):
    """The assessment of both programs; None where a tick sets them apart."""
    if strategies.disagreements(given_):
        return None
    result = qt.assess(strategies.scheme_of(given_.scheme), strategies.frame_of(given_))
    return Anew(given_, result)


def told(row):
    return list(zip(row["successors"], row["before"], row["after"], strict=True))


def check_readings(anew):
    found, result = qt.cutoffs.two_readings(anew.result), anew.result
    lines, now = anew.graded(only=[]), anew.graded()
    assert list(found["by_line"]) == [anew.names[i] for i in lines]
    assert list(found["by_quota"]) == [anew.names[i] for i in now] == list(result.grades)
    for k, row in enumerate(found.to_dict("records")):
        if lines[k] == now[k]:
            vetoed = lines[k] > anew.reached(anew.units[k])
            assert row["set_by"] == ("veto" if vetoed else "line")
            assert np.isnan(row["lacks"])
            continue
        # of the steps that alone give the grade the first
        step = next(s for s in anew.steps() if anew.graded(only=[s])[k] == now[k])
        i, what = step
        grade, unit = anew.scheme["grades"][i], anew.units[k]
        early = [anew.reached(other) for other in anew.units]
        early = anew.graded(only=[]) if anew.is_early else early
        alike = [
            other
            for other, reached in zip(anew.units, early, strict=True)
            if (what == "last" or reached <= i)
            and (grade.get("within") != "class" or other["class"] == unit["class"])
        ]
        group = len([u for u in anew.units if u["class"] == unit["class"]])
        n = group if grade.get("within") == "class" else len(anew.units)
        most = grade[what] if grade[what] >= 1 else int(oracle.exact(grade[what]) * n)
        keys = sorted((other["key"] for other in alike), reverse=True)
        beyond = sum(key < unit["key"] if what == "last" else key > unit["key"] for key in keys)
        assert (row["step"], row["place"], row["places"]) == (grade["id"], beyond + 1, most)
        is_tie = what == "quota" and beyond < most
        assert row["set_by"] == ("tie" if is_tie else what)
        # of the others, the last to whom the places suffice
        keys.remove(unit["key"])
        places = len(alike) - most if what == "last" else most
        if 0 < places:
            assert row["lacks"] == float(keys[places - 1] - unit["key"])
        else:
            assert np.isnan(row["lacks"])


def check_successors(anew, grade):
    found = qt.cutoffs.successors(anew.result, grade)
    i, names, now = anew.names.index(grade), anew.names, anew.graded()
    holders = [k for k in range(len(now)) if now[k] == i]
    units = list(anew.result.scores.index)
    assert list(found["unit"]) == [units[k] for k in holders for _ in EVENTS]
    assert list(found["event"]) == EVENTS * len(holders)
    for k, (_, rows) in zip(holders, found.groupby("unit", sort=False), strict=True):
        vetoed, approved, rejudged = rows.to_dict("records")
        nexts = anew.rising(anew.graded(k, i), k)
        for row in (vetoed, approved, rejudged):
            assert list(row["next"]) == [unit for unit, _, _ in nexts]
            if row["why"] is not None:
                assert row["successors"] == ()
        assert approved["grade"] == names[i + 1] and not approved["freed"]
        held = [queue for queue in anew.queues(k) if k in queue[1] and queue[3] <= i]
        assert approved["why"] == ("used_up" if held else "within") and told(approved) == []
        check_veto(anew, k, i, vetoed)
        check_rejudged(anew, k, i, rejudged)


def check_veto(anew, k, i, row):
    """Each veto of the scheme in turn; of those that leave the worst grade the first."""
    unit, done, before = anew.units[k], [], anew.queues(k)
    for veto in anew.scheme.get("vetoes", []):
        kept = dict(unit)
        if "cap" in veto:
            unit["caps"] = {**unit["caps"], veto["id"]: anew.names.index(veto["cap"])}
        elif veto["id"] not in unit["lowering"]:
            unit["lower"] = unit["lower"] + veto["lower"]
        done.append((veto["id"], anew.graded(), anew.queues(k)))
        unit |= kept
    if not done:
        kept = dict(unit)
        unit["caps"] = {"x": i + 1}
        done = [(None, anew.graded(), anew.queues(k))]
        unit |= kept
    worst = max(after[k] for _, after, _ in done)
    veto, after, queues = next(each for each in done if each[1][k] == worst)
    assert row["veto"] == veto and row["grade"] == anew.names[worst]
    assert told(row) == anew.rising(after, k)
    fallen = [j for j, (a, b) in enumerate(zip(anew.graded(), after, strict=True)) if b > a]
    assert set(fallen) <= {k}
    why, free = reason(k, worst, bool(told(row)), before, queues)
    assert row["freed"] == free
    assert row["why"] == ("keeps" if worst <= i and not told(row) else why)


def check_rejudged(anew, k, i, row):
    """The unit's base score lowered to where the score that ranks go by first loses the grade: all
    places where anything can change are gone through."""
    unit, before = anew.units[k], anew.queues(k)
    kept, losing = dict(unit), []
    for base in sorted(falls(anew, unit), reverse=True):
        anew.put(unit, base)
        after = anew.graded()
        if after[k] > i:
            losing.append((kept["key"] - unit["key"], after, anew.queues(k)))
    unit |= kept
    if not losing:
        assert row["why"] == "keeps" and np.isnan(row["loss"]) and not row["freed"]
        return
    loss, after, queues = losing[0]
    assert row["loss"] == float(loss)
    assert row["grade"] == anew.names[after[k]]
    rising = anew.rising(after, k)
    assert told(row) == rising
    assert (row["why"], row["freed"]) == reason(k, after[k], bool(rising), before, queues)
    if row["why"] == "tie":
        check_tie(anew, k, row, losing)
    else:
        assert np.isnan(row["beyond"]) and row["tied"] == ()


def check_tie(anew, k, row, losing):
    """Level with others, none of whom has the place: where it is behind them, those next rise."""
    keys = {anew.units[list(anew.result.scores.index).index(u)]["key"] for u in row["tied"]}
    assert len(keys) == 1
    rising = [(loss, anew.rising(after, k)) for loss, after, _ in losing]
    first = next(((loss, up) for loss, up in rising if up), None)
    if row["next"] and first:
        assert row["beyond"] == float(first[0]) > row["loss"]
        assert tuple(unit for unit, _, _ in first[1]) == row["next"]
    else:
        assert np.isnan(row["beyond"])


def falls(anew, unit):
    """Lower base scores of a unit: the highest that give each other key, each cutoff, and less than
    that."""
    kept, found = dict(unit), {Fraction(0)}
    grades = anew.scheme["grades"]
    lines = [g.get("class_cutoffs", {}).get(unit["class"], g["cutoff"]) for g in grades]
    marks = [("key", other["key"]) for other in anew.units if other is not unit]
    for what, mark in {*marks, *(("published", oracle.exact(line)) for line in lines)}:
        for at_most in (lambda x, m=mark: x <= m, lambda x, m=mark: x < m):
            low, high = -1, int(kept["base"] / TICK) + 1
            while high - low > 1:
                middle = (low + high) // 2
                anew.put(unit, middle * TICK)
                low, high = (middle, high) if at_most(unit[what]) else (low, middle)
            found |= {low * TICK} if low >= 0 else set()
    unit |= kept
    return {base for base in found if base < kept["base"]}


def reason(k, own, rises, before, after):
    """(why nobody moves up, whether a place is free) after a unit has come to the grade `own`, by
    those whom each quota counts, those who have a place of it, and how many there are."""
    held = [pair for pair in zip(before, after, strict=True) if k in pair[0][1]]
    left = [(b, a) for b, a in held if k not in a[1]]
    free = [(b, a) for b, a in left if a[1] - b[1] or len(a[1]) < a[2]]
    if rises:
        return None, bool(free)
    if not free:
        return ("used_up" if any(own > b[3] for b, _ in held) else "within"), False
    for (counted, within, *_), (_, then, *_) in free:
        if counted - within:
            return ("barred" if (counted - within) & then else "tie"), True
    return ("no_candidate" if any(len(b[1]) >= b[2] for b, _ in free) else "within"), True


@settings(max_examples=share(120, 40))
@given(crowded())
def test_both_readings_and_all_successors_of_crowded_schemes(given_):
    anew = checked(given_)
    if anew is not None:
        check_readings(anew)
        for grade in anew.names[:-1]:
            check_successors(anew, grade)


@settings(max_examples=share(60, 20))
@given(strategies.givens(kinds=strategies.KINDS))
def test_both_readings_and_all_successors_of_random_schemes(given_):
    anew = checked(given_)
    if anew is not None:
        check_readings(anew)
        for grade in anew.names[:-1]:
            check_successors(anew, grade)


def of_places(*scores, quota=1, ties="out", veto="before_quota", vetoes=(), struck=(), **more):
    """A from 90, B from 80, so many places in A; units u0, u1, …, some of them vetoed."""
    grades = [
        {"id": "A", "cutoff": 90.0, "quota": quota, "ties": ties, **more},
        {"id": "B", "cutoff": 80.0},
        {"id": "C", "cutoff": 0.0},
    ]
    leaf = {"id": "x", "name": "x", "points": 100.0, "rule": {"kind": "direct"}, "scales": True}
    scheme = {
        "id": "s",
        "name": "s",
        "total": 100.0,
        "indicators": [leaf],
        "grades": grades,
        "order": {"veto": veto},
        "rounding": {"total": {"decimals": 1}},
        "vetoes": list(vetoes),
    }
    frame = pd.DataFrame({"unit": [f"u{k}" for k in range(len(scores))], "x": scores}, dtype=object)
    for each in vetoes:
        frame[f"veto:{each['id']}"] = ["是" if unit in struck else "否" for unit in frame["unit"]]
    return qt.assess(strategies.scheme_of(scheme), frame)


def rows_of(result, unit, grade=None):
    found = qt.cutoffs.successors(result, grade)
    return found[found["unit"] == unit].set_index("event")


def test_two_readings_by_hand():
    """Two places; u1 and u2 are level at the second: neither has it, and u3 is short of that."""
    found = qt.cutoffs.two_readings(of_places(95.0, 93.0, 93.0, 91.0, 85.0, quota=2))
    assert list(found["by_line"]) == list("AAAAB")
    assert list(found["by_quota"]) == list("ABBBB")
    assert list(found["set_by"]) == ["line", "tie", "tie", "quota", "line"]
    assert found["place"].astype(object).tolist() == [1, 2, 2, 4, pd.NA]
    assert found["places"].astype(object).tolist() == [2, 2, 2, 2, pd.NA]
    assert found["lacks"].fillna(-1).tolist() == [-1, 0, 0, 2, -1]


def test_a_free_place_goes_to_the_next_in_order():
    veto = {"id": "v", "name": "v", "cap": "C"}
    row = rows_of(of_places(95.0, 92.0, 91.0, vetoes=[veto]), "u0").loc["vetoed"]
    assert (row["veto"], row["grade"], row["freed"]) == ("v", "C", True)
    assert (row["successors"], row["before"], row["after"]) == (("u1",), ("B",), ("A",))
    late = of_places(95.0, 92.0, 91.0, vetoes=[veto], veto="after_quota")
    row = rows_of(late, "u0").loc["vetoed"]
    assert (row["grade"], row["freed"], row["why"], row["next"]) == ("C", False, "used_up", ("u1",))


@pytest.mark.parametrize(
    ("scores", "given_", "why", "tied"),
    [
        ([95.0, 92.0, 92.0], {}, "tie", ("u1", "u2")),
        ([95.0, 89.0], {}, "no_candidate", ()),
        ([95.0, 89.0], {"quota": 2}, "within", ()),
        ([95.0, 89.0], {"quota": None}, "within", ()),
        ([95.0, 95.0, 95.0, 92.0], {"ties": "in"}, "used_up", ()),
        ([95.0, 93.0, 93.0, 92.0], {"ties": "in", "quota": 2}, "used_up", ()),
    ],
)
def test_why_nobody_moves_up(scores, given_, why, tied):
    row = rows_of(of_places(*scores, **given_), "u0").loc["vetoed"]
    assert row["grade"] == "B" and row["successors"] == () == row["next"]
    assert (row["why"], row["tied"]) == (why, tied)
    assert row["freed"] == (why != "used_up" and given_.get("quota", 1) is not None)


def test_a_place_that_falls_to_a_vetoed_unit_is_used_by_nobody():
    """Vetoes come after the quotas: u1 is next and may not have it, u2 is behind it."""
    veto = {"id": "v", "name": "v", "cap": "C"}
    given_ = {"vetoes": [veto], "struck": ["u1"], "veto": "after_quota", "ties": "in"}
    row = rows_of(of_places(95.0, 92.0, 91.0, **given_), "u0").loc["rejudged"]
    assert (row["loss"], row["grade"], row["freed"]) == (3.1, "B", True)
    assert (row["successors"], row["why"], row["next"]) == ((), "barred", ())


def test_an_approved_grade_gives_no_place_on_and_names_who_would_be_next():
    rows = rows_of(of_places(95.0, 92.0, 91.0), "u0")
    row = rows.loc["approved"]
    assert (row["grade"], row["freed"], row["successors"]) == ("B", False, ())
    assert (row["why"], row["next"]) == ("used_up", ("u1",))


@pytest.mark.parametrize(("ties", "loss", "beyond"), [("out", 3.0, 3.1), ("in", 3.1, math.nan)])
def test_the_least_loss_that_gives_the_place_away(ties, loss, beyond):
    """In steps of 0.1: level with u1 neither has the one place, or both have."""
    row = rows_of(of_places(95.0, 92.0, 85.0, ties=ties), "u0").loc["rejudged"]
    assert (row["loss"], row["by"], row["grade"]) == (loss, "quota", "B")
    assert row["beyond"] == pytest.approx(beyond, abs=1e-12, nan_ok=True)
    assert row["successors"] == (() if ties == "out" else ("u1",))
    assert (row["why"], row["tied"]) == (("tie", ("u1",)) if ties == "out" else (None, ()))


def test_a_loss_below_the_line_frees_the_place_only_where_somebody_waits():
    row = rows_of(of_places(90.5, 95.0, 90.2, quota=2), "u0").loc["rejudged"]
    assert (row["by"], row["loss"], row["tied"]) == ("quota", 0.3, ("u2",))
    row = rows_of(of_places(90.5, 95.0, 85.0, quota=2), "u0").loc["rejudged"]
    assert (row["by"], row["loss"], row["why"]) == ("line", 0.6, "no_candidate")


def city():
    case = qt.read_case("city-2026")
    return qt.assess(case.scheme, case.table)


def test_each_veto_of_the_city_case_put_into_its_data():
    result = city()
    found = qt.cutoffs.successors(result)
    vetoed = found[found["event"] == "vetoed"]
    assert set(vetoed["veto"]) == {"safety_event"} and len(vetoed) == 4
    for row in vetoed.to_dict("records"):
        vetoes = result.table.vetoes.copy()
        vetoes[list(result.scores.index).index(row["unit"]), 0] = True
        table = dataclasses.replace(result.table, vetoes=vetoes)
        after = qt.assess(result.scheme, table).grades
        changed = {
            unit: (result.grades[unit], g) for unit, g in after.items() if g != result.grades[unit]
        }
        own = {row["unit"]: ("A", "D")}
        up = zip(row["before"], row["after"], strict=True)
        assert changed == own | dict(zip(row["successors"], up, strict=True))


def test_each_loss_of_the_city_case_deducted_from_its_data():
    """A deduction of that size takes the grade, one a hundredth smaller does not; one a hundredth
    larger gives it to the next."""
    result = city()
    scheme = result.scheme
    position = [bonus.id for bonus in scheme.bonuses].index("late_report")
    wide = scheme.model_copy(
        update={
            "bonuses": (
                *scheme.bonuses[:position],
                scheme.bonuses[position].model_copy(update={"max": 50.0}),
            )
        }
    )
    found = qt.cutoffs.successors(result)
    for row in found[found["event"] == "rejudged"].to_dict("records"):
        k = list(result.scores.index).index(row["unit"])
        graded = {}
        for name, loss in (
            ("kept", row["loss"] - 0.01),
            ("at", row["loss"]),
            ("beyond", row["beyond"]),
        ):
            bonuses = result.table.bonuses.copy()
            bonuses[k, position] += loss
            table = dataclasses.replace(result.table, bonuses=bonuses)
            graded[name] = qt.assess(wide, table).grades
        assert graded["kept"].equals(result.grades)
        assert graded["at"][row["unit"]] == "B" == graded["at"]["戊市"]
        assert graded["beyond"][row["unit"]] == "B" and graded["beyond"]["戊市"] == "A"
        assert row["next"] == ("戊市",) == row["tied"]


@pytest.mark.parametrize("grade", ["C", "Z", None])
def test_a_grade_that_is_none_or_the_last_is_refused(grade):
    result = of_places(95.0, 92.0)
    if grade is None:
        assert set(qt.cutoffs.successors(result)["unit"]) == {"u0"}
        return
    with pytest.raises(InputError, match=f"{grade}.*A、B"):
        qt.cutoffs.successors(result, grade)


def test_where_nobody_holds_the_grade_the_table_is_empty():
    found = qt.cutoffs.successors(of_places(50.0, 60.0))
    assert len(found) == 0 and {"unit", "event", "successors", "why"} <= set(found)
    one = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 0}), pd.DataFrame({"a": [0.5]}, index=["甲"]))
    assert qt.cutoffs.successors(one).empty
    assert qt.cutoffs.two_readings(one)["set_by"].tolist() == ["line"]
