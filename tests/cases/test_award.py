"""The case mayor-award: the points that are published, synthetic marks that its script makes again,
and the scores, the winners and the vote computed a second time, in fractions from the files
alone."""

import csv
import math
import runpy
import shutil
from collections import defaultdict
from fractions import Fraction

import pytest
import yaml

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases

CASE = packaged_cases() / "mayor-award"

# GB/T 19580-2004: what is printed of the points, and what follows by subtraction from 1,000
CATEGORIES = {
    "领导": 100,
    "顾客与市场": 90,
    "过程管理": 110,
    "测量、分析与改进": 100,
    "经营结果": 400,
}
ITEMS = {"组织的领导": 60, "顾客和市场的了解": 40, "顾客关系与顾客满意": 50}
REST = 200  # 战略 and 资源 together

APPLICANTS, PLACES, MEMBERS, SHORTLIST = 21, 5, 15, 10


def table(name):
    with (CASE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def case():
    return qt.read_case("mayor-award")


@pytest.fixture(scope="module")
def result(case):
    return qt.assess(case.scheme, case.table)


@pytest.fixture(scope="module")
def written():
    """The scheme's file as plain data."""
    return yaml.safe_load((CASE / "scheme.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def marks():
    """(unit, stage, item) → the marks."""
    found = defaultdict(list)
    for row in table("ratings.csv"):
        if row["stage"] != "vote" and row["score"] != "回避":
            found[row["unit"], row["stage"], row["item"]].append(Fraction(row["score"]))
    return found


def leaves_of(written):
    return [leaf for top in written["indicators"] for leaf in top["children"]]


def one_mark(given, stage):
    """The mean; at the hearing without the highest and the lowest."""
    kept = sorted(given)[1:-1] if stage == "hearing" else given
    return sum(kept) / len(kept)


def points_on_paper(written, marks, unit, stages=None):
    """The points of a unit, all stages or as if some alone counted."""
    total = Fraction(0)
    for leaf in leaves_of(written):
        weights = {s: Fraction(str(w)) for s, w in leaf["stages"].items()}
        if stages is not None:
            weights = dict.fromkeys(stages, Fraction(1))
        value = sum(
            w * one_mark(marks[unit, stage, leaf["id"]], stage) for stage, w in weights.items()
        )
        total += Fraction(leaf["points"]) * value / 100
    return total


def two_decimals(x):
    """Half up, on paper."""
    return math.floor(x * 100 + Fraction(1, 2)) / 100


def test_the_points_are_those_that_are_published(case, written):
    points = {top["name"]["zh"]: top["points"] for top in written["indicators"]}
    assert CATEGORIES.items() <= points.items()
    assert sum(x for name, x in points.items() if name not in CATEGORIES) == REST
    leaves = {leaf["name"]["zh"]: leaf["points"] for leaf in leaves_of(written)}
    assert ITEMS.items() <= leaves.items()
    assert case.scheme.total == sum(leaves.values()) == 1000
    for top in written["indicators"]:
        assert top["points"] == sum(leaf["points"] for leaf in top["children"])


def test_the_files_are_what_the_script_makes_again(tmp_path):
    folder = tmp_path / "mayor-award"
    folder.mkdir()
    shutil.copy(CASE / "make_ratings.py", folder)
    runpy.run_path(str(folder / "make_ratings.py"), run_name="__main__")
    for name in ("data.csv", "ratings.csv"):
        assert (folder / name).read_bytes() == (CASE / name).read_bytes()
    assert case_names(folder) == ["data.csv", "make_ratings.py", "ratings.csv"]


def case_names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_the_script_writes_the_points_and_weights_of_the_scheme(written):
    script = runpy.run_path(str(CASE / "make_ratings.py"))
    assert script["POINTS"] == {leaf["id"]: leaf["points"] for leaf in leaves_of(written)}
    for leaf in leaves_of(written):
        heard = leaf["id"] in script["HEARD"]
        weights = {"documents": 0.3, "hearing": 0.2, "site": 0.5}
        assert leaf["stages"] == (weights if heard else {"documents": 0.4, "site": 0.6})


def test_the_panels_are_what_the_rules_ask_for(written, marks):
    rows = [row for row in table("ratings.csv") if row["stage"] != "vote"]
    assert {row["score"] for row in rows} - {"回避"} <= {str(x) for x in range(0, 101, 5)}
    panels = defaultdict(set)
    for row in rows:
        panels[row["stage"], row["group"]].add(row["assessor"])
    assert {key: len(names) for key, names in panels.items()} == {
        ("documents", ""): 7,
        ("hearing", ""): 7,
        ("site", "现场一组"): 5,
        ("site", "现场二组"): 5,
    }
    for (_, stage, _), given in marks.items():
        assert len(given) >= (6 if stage == "hearing" else 5)
    away = {(row["unit"], row["assessor"]) for row in rows if row["score"] == "回避"}
    assert away == {("B公司", "专家03"), ("N公司", "专家06")}
    marked = {(row["unit"], row["assessor"]) for row in rows if row["score"] != "回避"}
    assert not away & marked
    one, two = (
        {row["unit"] for row in rows if row["group"] == group} for group in ("现场一组", "现场二组")
    )
    assert len(one) == len(two) == 5 and not one & two


def test_the_shortlist_follows_the_documents(written, marks):
    rows = table("data.csv")
    assert len(rows) == APPLICANTS
    came = [row["unit"] for row in rows if row["screen:eligible"] == "通过"]
    scores = {u: points_on_paper(written, marks, u, ["documents"]) for u in came}
    order = sorted(came, key=lambda unit: -scores[unit])
    assert scores[order[SHORTLIST - 1]] > scores[order[SHORTLIST]]
    for row in rows:
        place = order.index(row["unit"]) + 1 if row["unit"] in order else None
        if place is None:
            assert row["why:eligible"] and not row["screen:shortlist"]
            continue
        assert row["screen:shortlist"] == ("通过" if place <= SHORTLIST else "不通过")
        assert (f"第{place}名" in row["why:shortlist"]) == (place > SHORTLIST)
        assert (f"no. {place} on" in row["why:shortlist"]) == (place > SHORTLIST)


def test_who_is_screened_out_is_told_with_the_reason(case):
    rows = {row["unit"]: row for row in table("data.csv")}
    assert len(case.table.units) == SHORTLIST
    assert len(case.table.screened) == APPLICANTS - SHORTLIST
    for one in case.table.screened:
        row = rows[one.unit.zh]
        assert row[f"screen:{one.screen}"] == "不通过" and one.why == row[f"why:{one.screen}"]
        assert one.unit.en == row["name_en"]


def test_scores_and_ranks_are_those_of_paper(case, result, written, marks):
    scores = {u: two_decimals(points_on_paper(written, marks, u)) for u in case.table.units}
    assert result.scores.to_dict() == scores
    above = {u: 1 + sum(other > mine for other in scores.values()) for u, mine in scores.items()}
    assert result.ranks.to_dict() == above


def carried_on_paper():
    """Each unit put to the vote: whether two thirds of the committee's members are in favour."""
    votes = defaultdict(list)
    for row in table("ratings.csv"):
        if row["stage"] == "vote":
            votes[row["unit"]].append((row["assessor"], row["score"]))
    assert all(len({who for who, _ in cast}) == len(cast) == MEMBERS for cast in votes.values())
    return {
        unit: Fraction(sum(word == "同意" for _, word in cast), MEMBERS) >= Fraction(2, 3)
        for unit, cast in votes.items()
    }


def test_winners_are_those_of_paper(case, result, written, marks):
    scores = {u: two_decimals(points_on_paper(written, marks, u)) for u in case.table.units}
    line = written["grades"][0]["cutoff"]
    order = sorted((u for u in scores if scores[u] >= line), key=lambda u: -scores[u])
    # a unit that does not carry the vote keeps its place, which then stays empty
    assert written["order"] == {"veto": "after_quota"}
    assert len(order) > PLACES and scores[order[PLACES - 1]] > scores[order[PLACES]]
    carried = carried_on_paper()
    assert set(carried) == set(order[:PLACES]) and sum(carried.values()) == PLACES - 1
    winning = {unit for unit in order[:PLACES] if carried[unit]}
    assert set(result.grades.index[result.grades == "winner"]) == winning
    found = qt.panel.winners(case.ratings, result, draws=100)
    assert set(found.names) == winning and (found.places, found.empty) == (PLACES, 1)
    why = found.table["why"].to_dict()
    for unit in case.table.units:
        at = order.index(unit) if unit in order else None
        expected = "below" if at is None else "place" if at >= PLACES else "wins"
        assert why[unit] == ("vote" if carried.get(unit) is False else expected)


def test_the_votes_are_counted_as_they_are_cast(case, result):
    found = qt.panel.winners(case.ratings, result, draws=100).votes
    assert found["carried"].to_dict() == carried_on_paper()
    cast = defaultdict(list)
    for row in table("ratings.csv"):
        if row["stage"] == "vote":
            cast[row["unit"]].append(row["score"])
    words = {"yes": "同意", "no": "不同意", "abstained": "弃权"}
    for unit, given in cast.items():
        for column, word in words.items():
            assert found.loc[unit, column] == given.count(word)
        assert found.loc[unit, "counted"] == MEMBERS and found.loc[unit, "needed"] == "2/3"
        assert found.loc[unit, "share"] == given.count("同意") / MEMBERS


def test_everything_is_named_synthetic(case):
    assert case.scheme.synthetic
    readme = (CASE / "README.md").read_text(encoding="utf-8")
    assert "模拟" in readme and "synthetic" in readme
    for row in table("data.csv"):
        for reason in (row["why:eligible"], row["why:shortlist"]):
            assert not reason or ("模拟" in reason and "synthetic" in reason)
