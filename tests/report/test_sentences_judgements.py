"""What the page of other weightings says of people's judgements, beside the data or alone; the
people are made up. Numbers are those of schemes assessed anew, and sums by hand."""

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.report import weights
from qtoolkit.report.blocks import DataTable, Paragraph
from qtoolkit.weighting import read_judgements
from tests import pages

STEP = 0.5
CONTRARY = [[1, 2, "1/9"], [None, 1, 2], [None, None, 1]]  # 1 over 2 over 3 over 1


def assessed(name):
    case = qt.read_case(name)
    return qt.assess(case.scheme, case.table)


PROVINCES, CITY = assessed("provinces-2008"), assessed("city-2026")


def judged(result, tmp_path, rows):
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    return read_judgements("x.csv", result.scheme, tmp_path)


def budgets(result):
    """Two people: the present points, and the same the other way round."""
    ids = list(result.points.index)
    own = [f"{p:g}" for p in result.points]
    return [["专家", *ids], ["张三", *own], ["李四", *own[::-1]]]


def shown(blocks):
    tables = {block.name: block for block in blocks if isinstance(block, DataTable)}
    return tables, [block.text for block in blocks if isinstance(block, Paragraph)]


def test_people_stand_beside_the_data(tmp_path):
    found = judged(PROVINCES, tmp_path, budgets(PROVINCES))
    tables, texts = shown(pages.alternatives(PROVINCES, STEP, found))
    plain, plain_texts = shown(pages.alternatives(PROVINCES, STEP))
    assert "judged" not in plain and set(tables) == {*plain, "judged"}
    # what the data say stays as it is
    rows = len(plain["weightings"].frame)
    assert tables["weightings"].frame.iloc[:rows].equals(plain["weightings"].frame)
    assert [t for t in texts if t in plain_texts] == plain_texts
    points = tables["weighting_points"].frame
    first, second = (PROVINCES.points.to_numpy()[::way] for way in (1, -1))
    assert points["least"].tolist() == pytest.approx(
        [min(a, b) for a, b in zip(first, second, strict=True)]
    )
    assert points["most"].tolist() == pytest.approx(
        [max(a, b) for a, b in zip(first, second, strict=True)]
    )
    assert points["spread"].tolist() == pytest.approx(  # of two: |a − b| / √2
        [abs(a - b) / 2**0.5 for a, b in zip(first, second, strict=True)]
    )
    assert points["by:budget"].sum() == pytest.approx(PROVINCES.scheme.total)


def test_what_each_person_would_do_is_the_scheme_with_those_points_assessed_anew(tmp_path):
    found = judged(PROVINCES, tmp_path, budgets(PROVINCES))
    tables, texts = shown(pages.alternatives(PROVINCES, STEP, found))
    ids = list(PROVINCES.points.index)
    turned = dict(zip(ids, PROVINCES.points.to_numpy()[::-1].tolist(), strict=True))
    again = PROVINCES.what_if(points=turned, spread="none")
    changes = int((again.grades != PROVINCES.grades).sum())
    table = tables["judged"].frame
    assert table["who"].tolist() == ["张三", "李四"] and table["changed"].tolist() == [0, changes]
    assert changes > 0 and table["ratio"].isna().all()
    mean = {id: (PROVINCES.points[id] + turned[id]) / 2 for id in ids}
    joint = qt.weighting.to_points(mean, PROVINCES.scheme.total, STEP).points.to_dict()
    both = PROVINCES.what_if(points=joint, spread="none")
    n = int((both.grades != PROVINCES.grades).sum())
    (said,) = [t for t in texts if "位专家的判断" in t.zh]
    assert said.zh.startswith(
        f"由2位专家的判断另定分值（专家打分法2人，步长0.5分），初评等级改变{n}家。"
    )
    assert said.en.startswith(
        "Points set from the judgements of 2 experts (experts' points, 2; steps"
    )
    assert f"change computed grades: {n}." in said.en
    width = {id: abs(PROVINCES.points[id] - turned[id]) for id in ids}
    widest = [id for id in ids if width[id] == max(width.values())]
    for id in widest:
        assert PROVINCES.scheme.indicator(id).name.zh in said.zh


def test_a_case_of_few_units_has_people_s_points_though_none_from_data(tmp_path):
    """A city of fewer units than estimates need: judgements do not."""
    few = qt.assess(CITY.scheme, CITY.table)
    assert weights.too_few(few) or len(few.scores) < 40
    tops = [node.id for node in CITY.scheme.indicators]
    rows = [["专家", *tops], ["张三", *([100 / len(tops)] * len(tops))]]
    found = judged(CITY, tmp_path, rows)
    tables, texts = shown(pages.alternatives(CITY, STEP, found))
    assert {"weightings", "weighting_points", "judged"} <= set(tables)
    assert "least" not in tables["weighting_points"].frame  # one person alone
    groups = tables["judged"].frame["groups"].tolist()
    assert [(text.zh, text.en) for text in groups] == [("一级指标", "the first level")]
    assert any("由1位专家的判断" in text.zh for text in texts)


def test_judgements_that_contradict_one_another_are_named(tmp_path):
    """Of 2 over 2 over 9 and back, Saaty's CR is far above .1."""
    case = qt.Scheme.flat({"a": 40, "b": 30, "c": 30}, {"A": 60, "B": 0})
    result = qt.assess(
        case, pd.DataFrame({"a": [1, 0.5], "b": [0.5, 1], "c": [0, 1.0]}, ["甲", "乙"])
    )
    rows = [["专家", "方法", "比较项", "a", "b", "c"]]
    rows += [["赵", "层次分析", id, *row] for id, row in zip("abc", CONTRARY, strict=True)]
    rows += [
        ["钱", "层次分析", id, *row]
        for id, row in zip("abc", [[1, 2, 4], [None, 1, 2], [None, None, 1]], strict=True)
    ]
    found = judged(result, tmp_path, rows)
    tables, texts = shown(pages.alternatives(result, STEP, found))
    assert {"weightings", "judged"} <= set(tables)
    (note,) = [t for t in texts if "一致性比率超过0.1" in t.zh]
    ratio = next(j.ratio for j in found.each if j.who == "赵")
    assert (
        f"赵（{ratio:.3f}）" in note.zh and "钱" not in note.zh and f"赵 ({ratio:.3f})" in note.en
    )
    (few,) = [t for t in texts if "不由数据赋权" in t.zh]
    assert few.zh.startswith("没有缺项的考核对象只有2家")
    # 4 : 2 : 1, by hand
    own = found.points["钱", "ahp"].tolist()
    assert own == pytest.approx([400 / 7, 200 / 7, 100 / 7])
