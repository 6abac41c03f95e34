"""Regions as params.yaml writes them: each against the region made by hand, extremes of written
intersections against an LP on constraints written out, and every mistake one clear sentence."""

import re

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from scipy.optimize import linprog

import qtoolkit as qt
from qtoolkit.inputs.yamltext import parse_yaml
from qtoolkit.regions import Box, Hull, Levels, RankOrder, Simplex, read
from tests.strategies import scheme_of

NAMES = {"brand": ("品牌", "Brands"), "rules": ("标准", "Standards"), "safe": ("安全", "Safety")}


def named(points=(50.0, 30.0, 20.0)):
    """Two levels: brand alone on the first, rules and safe below a node."""
    leaves = [
        {"id": id, "name": {"zh": zh, "en": en}, "points": p, "rule": {"kind": "share"}}
        for (id, (zh, en)), p in zip(NAMES.items(), points, strict=True)
    ]
    group = {"id": "work", "name": {"zh": "工作", "en": "Work"}, "children": leaves[1:]}
    scheme = scheme_of(
        {
            "id": "s",
            "name": "s",
            "total": sum(points),
            "indicators": [leaves[0], group],
            "grades": [{"id": "A", "cutoff": sum(points) / 2}, {"id": "B", "cutoff": 0}],
        }
    )
    frame = pd.DataFrame([[1.0, 0.5, 0.2]], columns=list(NAMES), index=["甲"])
    return qt.assess(scheme, frame)


RESULT = named()
VECTORS = [{"brand": 60.0, "rules": 30.0, "safe": 10.0}, {"brand": 40.0, "rules": 20.0, "safe": 40}]

WRITTEN = {
    "box": ("{box: {relative: 0.1}}", Box(relative=0.1)),
    "box in points": ("{box: {absolute: 2}}", Box(absolute=2)),
    "both bands": ("{box: {relative: 0.1, absolute: 2}}", Box(0.1, 2)),
    "short": ("{box: 0.1}", Box(relative=0.1)),
    "levels": ("{levels: [0.1, 0.25]}", Levels(0.1, 0.25)),
    "one level": ("{levels: 0.1}", Levels(0.1)),
    "order by id": ("{rank_order: [brand, rules, safe]}", RankOrder(["brand", "rules", "safe"])),
    "order by name": ("{rank_order: [安全, Brands, 标 准]}", RankOrder(["safe", "brand", "rules"])),
    "simplex": ("{simplex: {}}", Simplex()),
    "simplex alone": ("simplex", Simplex()),
    "vectors": (
        "{hull: [{品牌: 60, 标准: 30, Safety: 10}, {brand: 40, rules: 20, safe: 40}]}",
        Hull(VECTORS),
    ),
    "weights": (
        "{hull: [{brand: 0.5, rules: 0.25, safe: 0.25}]}",
        Hull([{"brand": 50.0, "rules": 25.0, "safe": 25.0}]),
    ),
    "two": (
        "{box: {relative: 0.25}, rank_order: [brand, rules, safe]}",
        Box(relative=0.25) & RankOrder(["brand", "rules", "safe"]),
    ),
    "list": (
        "[{levels: [0.1, 0.2]}, {box: {relative: 0.1}}, {box: {absolute: 1}}]",
        Levels(0.1, 0.2) & Box(relative=0.1) & Box(absolute=1),
    ),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_what_is_written_is_the_region_made_by_hand(case):
    """From YAML, and the same from the Python that YAML is."""
    text, expected = WRITTEN[case]
    given = parse_yaml(text, "params.yaml").data
    assert read(given, RESULT) == expected
    assert read(expected, RESULT) is expected


def test_nothing_written_is_the_band():
    assert read(None, RESULT, 0.2) == Box(relative=0.2)


def test_an_intersection_that_is_written_has_the_extremes_of_a_linear_program():
    """brand ≥ rules ≥ safe, each within ±40% of 50, 30, 20: constraints written out for scipy."""
    region = read({"box": {"relative": 0.4}, "rank_order": ["品牌", "标准", "安全"]}, RESULT)
    area = region.at(RESULT)
    rng = np.random.default_rng(1)
    bounds = [(30, 70), (18, 42), (12, 28)]
    order = [[-1, 1, 0], [0, -1, 1]]
    for c in rng.normal(size=(20, 3)):
        truth = -linprog(
            -c, A_ub=order, b_ub=[0, 0], A_eq=[[1, 1, 1]], b_eq=[100], bounds=bounds
        ).fun
        assert area.span(c[None])[1][0] == pytest.approx(truth, abs=1e-7)


MISTAKES = {
    "unknown kind": ("{bx: {relative: 0.1}}", "region", "是否应为“box”"),
    "nothing": ("{}", "region", "应为范围及其参数"),
    "empty list": ("[]", "region", "应为范围及其参数"),
    "a number": ("0.1", "region", "应为范围及其参数"),
    "percent": ('{box: {relative: "10%"}}', "region.box.relative", "不加引号：0.1"),
    "percent without marks": ("{box: {relative: 10%}}", "region.box.relative", "不加引号：0.1"),
    "full width": ("{box: {relative: ０.１}}", "region.box.relative", "不加引号：0.1"),
    "too large": ("{box: {relative: 10}}", "region.box.relative", "±10%写作 0.1"),
    "negative": ("{box: {absolute: -1}}", "region.box.absolute", "不小于 0"),
    "a truth": ("{box: {relative: true}}", "region.box.relative", "不小于 0"),
    "unknown argument": ("{box: {relativ: 0.1}}", "region.box", "是否应为“relative”"),
    "no argument": ("{box: {}}", "region.box", "应为relative、absolute之一"),
    "short percent": ("{box: 10%}", "region.box.relative", "不加引号：0.1"),
    "a band of a level": ("{levels: [0.1, 20%]}", "region.levels.2", "不加引号：0.2"),
    "more levels": ("{levels: [0.1, 0.1, 0.1]}", "region.levels", "方案只有2级"),
    "no levels": ("{levels: []}", "region.levels", "至少一级"),
    "unknown indicator": (
        "{rank_order: [brnd, rules, safe]}",
        "region.rank_order.1",
        "是否应为“brand”",
    ),
    "twice": ("{rank_order: [brand, 品牌, rules, safe]}", "region.rank_order.2", "出现两次"),
    "missing": ("{rank_order: [brand]}", "region.rank_order", "缺少指标“标准”、“安全”"),
    "no list": ("{rank_order: brand}", "region.rank_order", "按重要性"),
    "inner node": ("{rank_order: [brand, work]}", "region.rank_order.2", "没有指标“work”"),
    "arguments of a simplex": ("{simplex: {total: 100}}", "region.simplex", "没有参数"),
    "sums": ("{hull: [{brand: 60, rules: 30, safe: 5}]}", "region.hull.1", "合计为 95"),
    "vector lacks": ("{hull: [{brand: 60, rules: 40}]}", "region.hull.1", "缺少指标“安全”"),
    "vector of text": ("{hull: [{brand: x, rules: 4, safe: 6}]}", "region.hull.1.brand", "“x”"),
    "no file": ("{hull: weights.csv}", "region.hull", "找不到文件"),
    "no table": ("{hull: weights.docx}", "region.hull", ".csv 或 .xlsx"),
    "hull of nothing": ("{hull: }", "region.hull", "专家权重表"),
    "in a list": ("[{box: 0.1}, {levels: 20%}]", "region.2.levels", "不加引号：0.2"),
    # 50 of brand within ±10% is at least 45, and the first of three is not below a third
    "nothing in common": (
        "{box: {relative: 0.1}, rank_order: [safe, rules, brand]}",
        "region",
        "没有交集",
    ),
    "code": ("\"__import__('os').getcwd()\"", "region", "应为box"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_sentence_with_its_place_in_both_languages(case):
    text, column, part = MISTAKES[case]
    with pytest.raises(qt.InputError) as refused:
        read(parse_yaml(text, "params.yaml").data, RESULT)
    (complaint,) = refused.value.complaints
    assert complaint.column == column
    assert part in complaint.of("zh")
    assert not re.search("[\u4e00-\u9fff]", complaint.of("en"))


TABLES = {
    "a column for each": "专家,品牌,标准,安全\n张,60,30,10\n李,40,20,40\n",
    "without names": "brand,Standards,safe\n60,30,10\n40,20,40\n",
    "a row for each": "指标,张,李\nbrand,60,40\n标准,30,20\nSafety,10,40\n",
    "shares": "专家,brand,rules,safe\n张,0.6,0.3,0.1\n李,40%,20%,40%\n",
    "full width": "专家,brand,rules,safe\n张,６０,３０,１０\n李,４０,２０,４０\n",
}


@pytest.mark.parametrize("case", TABLES)
def test_weights_of_experts_from_a_file(tmp_path, case):
    (tmp_path / "w.csv").write_text(TABLES[case], encoding="utf-8")
    region = read({"hull": "w.csv"}, RESULT, folder=tmp_path)
    found = pd.DataFrame(region.vectors)[list(NAMES)]
    assert found.to_numpy() == pytest.approx(pd.DataFrame(VECTORS)[list(NAMES)].to_numpy())


def test_weights_from_a_sheet_of_a_workbook(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "w.xlsx") as book:
        for title in ("2025", "2026"):
            sheet = book.add_worksheet(title)
            for r, row in enumerate([["专家", *NAMES], ["张", 60, 30, 10], ["李", 40, 20, 40]]):
                sheet.write_row(r, 0, row)
    region = read({"hull": {"file": "w.xlsx", "sheet": "2026"}}, RESULT, folder=tmp_path)
    assert region == Hull([{**VECTORS[0]}, {**VECTORS[1]}])
    for given, part in (
        ("w.xlsx", "2025、2026"),
        ({"file": "w.xlsx", "sheet": "x"}, "没有工作表“x”"),
    ):
        with pytest.raises(qt.InputError, match=part):
            read({"hull": given}, RESULT, folder=tmp_path)


FILES = {
    "missing indicator": ("专家,品牌,标准\n张,60,40\n", 1, None, "缺少指标“安全”"),
    "unknown indicator": ("专家,品牌,标准,安全性质\n张,60,30,10\n", 1, "安全性质", "没有指标"),
    "twice": ("专家,品牌,brand,标准,安全\n张,1,2,3,4\n", 1, "brand", "出现两次"),
    "sum": ("专家,品牌,标准,安全\n张,60,30,10\n李,60,30,9\n", 3, None, "合计为 99"),
    "sum of a column": ("指标,张,李\n品牌,60,60\n标准,30,30\n安全,10,9\n", None, "李", "合计为 99"),
    "blank": ("专家,品牌,标准,安全\n张,60,40,\n", 2, "安全", "内容为“空”"),
    "text": ("专家,品牌,标准,安全\n张,60,三十,10\n", 2, "标准", "“三十”"),
    "formula": ("专家,品牌,标准,安全\n张,60,=30,10\n", 2, "标准", "“=30”"),
    "negative": ("专家,品牌,标准,安全\n张,120,-30,10\n", 2, "标准", "不小于 0"),
    "text in a column": ("指标,张\n品牌,60\n标准,x\n安全,10\n", 3, "张", "“x”"),
}


@pytest.mark.parametrize("case", FILES)
def test_what_is_wrong_in_a_file_is_said_with_file_row_and_column(tmp_path, case):
    text, row, column, part = FILES[case]
    (tmp_path / "w.csv").write_text(text, encoding="utf-8")
    with pytest.raises(qt.InputError) as refused:
        read({"hull": "w.csv"}, RESULT, folder=tmp_path)
    (complaint,) = refused.value.complaints
    assert (complaint.file, complaint.row, complaint.column) == ("w.csv", row, column)
    assert part in complaint.of("zh")
