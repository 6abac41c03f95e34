"""Judgements from files: published numbers come out as by the methods themselves, in every layout;
whatever is wrong is said with file, sheet, row and column. All people here are made up."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.weighting import read_judgements
from tests.strategies import scheme_of
from tests.weighting.test_judgement import DRINKS, SAATY

CARS = {"price": ("价格", "Price"), "quality": ("质量", "Quality"), "service": ("服务", "Service")}


def flat(names):
    """A scheme of one level."""
    leaves = [
        {
            "id": id,
            "name": {"zh": zh, "en": en},
            "points": 100 / len(names),
            "rule": {"kind": "share"},
        }
        for id, (zh, en) in names.items()
    ]
    return _scheme(leaves)


def _scheme(indicators):
    return scheme_of(
        {
            "id": "s",
            "name": "s",
            "total": 100.0,
            "indicators": indicators,
            "grades": [{"id": "A", "cutoff": 60}, {"id": "B", "cutoff": 0}],
        }
    )


def leaf(id, zh, points):
    return {
        "id": id,
        "name": {"zh": zh, "en": id.title()},
        "points": points,
        "rule": {"kind": "share"},
    }


CAR = flat(CARS)
DRINK = flat({name: (f"{name}饮", name.title()) for name in DRINKS})
TREE = _scheme(
    [
        {
            "id": "level",
            "name": {"zh": "水平", "en": "Level"},
            "children": [leaf("a", "甲项", 40.0), leaf("b", "乙项", 20.0)],
        },
        {
            "id": "work",
            "name": {"zh": "工作", "en": "Work"},
            "children": [leaf("c", "丙项", 30.0), leaf("d", "丁项", 10.0)],
        },
    ]
)


def csv(tmp_path, text, name="x.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def book(tmp_path, sheets, name="x.xlsx"):
    with xlsxwriter.Workbook(tmp_path / name) as made:
        date = made.add_format({"num_format": "yyyy-mm-dd"})
        for title, rows in sheets.items():
            sheet = made.add_worksheet(title)
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, datetime.date):
                        sheet.write_datetime(r, c, datetime.datetime(2026, 1, 3), date)
                    elif cell is not None:
                        sheet.write(r, c, cell)
    return tmp_path / name


def fraction(x):
    return f"{x:g}" if x >= 1 else f"1/{1 / x:.0f}"


def upper(rows):
    """The judgements above the diagonal alone, as people write them."""
    return [["" if j < i else fraction(x) for j, x in enumerate(row)] for i, row in enumerate(rows)]


SAATY_ROWS = [
    ["比较项", *DRINKS],
    *([n, *row] for n, row in zip(DRINKS, upper(SAATY), strict=True)),
]


@pytest.mark.parametrize("kind", ["csv", "sheet", "long", "names", "title"])
def test_saaty_s_drinks_from_every_layout(tmp_path, kind):
    """Saaty (2008), Int. J. Services Sciences 1(1): .177 .019 .042 .116 .190 .129 .327, CR .022."""
    rows = [list(row) for row in SAATY_ROWS]
    who = "张三"
    if kind == "csv":
        path = csv(tmp_path, "\n".join(",".join(row) for row in rows), "张三.csv")
    elif kind == "long":  # merged cells hold something in the first row alone
        head = ["专家", "方法", *rows[0]]
        more = [
            [who if not i else None, "层次分析" if not i else None, *r]
            for i, r in enumerate(rows[1:])
        ]
        path = book(tmp_path, {"数据": [head, *more]})
    elif kind == "names":
        named = [[n.title() if n in DRINKS else n for n in row] for row in rows]
        named[0] = ["", *(f"{n}饮" for n in DRINKS)]
        path = book(tmp_path, {who: named, "说明": [["请按1—9标度填写"]]})
    elif kind == "title":
        top = [["质量工作考核指标判断表"], ["专家", who], ["方法", "层次分析法"]]
        path = book(tmp_path, {"Sheet1": [*top, *rows]})
    else:
        path = book(tmp_path, {who: rows})
    found = read_judgements(path, DRINK)
    (one,) = found.each
    assert (one.who, one.method) == (who, "ahp")
    assert one.weights.weights.to_numpy() == pytest.approx(
        [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327], abs=5e-4
    )
    assert one.ratio == pytest.approx(0.022, abs=5e-4)
    assert found.joint["ahp"].to_numpy() == pytest.approx(100 * one.weights.weights.to_numpy())


BEST_WORST = {
    "rows": "比较项,price,quality,service\n最优比各项,8,2,1\n各项比最劣,1,5,8\n",
    "english": "item,Price,Quality,Service\nBest to others,8,2,1\nothers-to-worst,1,5,8\n",
    "columns": "指标,最优比各项,各项比最劣\n价格,8,1\n质量,2,5\n服务,1,8\n",
    "long": "专家,方法,比较项,价格,质量,服务\n王五,最优最劣,最优比各项,8,2,1\n"
    "王五,最优最劣,各项比最劣,1,5,8\n",
    "full width": "比较项,price,quality,service\n最优比各项,８,２,１\n各项比最劣,１,５,８\n",
}


@pytest.mark.parametrize("kind", BEST_WORST)
def test_rezaei_s_car_from_every_layout(tmp_path, kind):
    """Rezaei (2015), Omega 53, section 4: .0714 .3387 .5899, ξ .258 of an index of 4.47."""
    found = read_judgements(csv(tmp_path, BEST_WORST[kind], "王五.csv"), CAR)
    (one,) = found.each
    assert (one.who, one.method) == ("王五", "best_worst")
    assert one.weights.weights.tolist() == pytest.approx([0.0714, 0.3387, 0.5899], abs=1e-4)
    assert one.ratio == pytest.approx(0.258 / 4.47, abs=1e-3)


BUDGETS = {
    "rows": "专家,价格,质量,服务\n张,50,30,20\n李,30,40,30\n",
    "columns": "指标,张,李\n价格,50,30\n质量,30,40\n服务,20,30\n",
    "with a total": "专家,价格,质量,服务,合计,备注\n张,50,30,20,100,\n李,30,40,30,100,无\n"
    "平均,40,35,25,100,\n",
    "per cent": "专家,方法,价格,质量,服务\n张,打分,50%,30%,20%\n李,打分,30%,40%,30%\n",
}


@pytest.mark.parametrize("kind", BUDGETS)
def test_points_of_people_from_every_layout(tmp_path, kind):
    """The mean, by hand: 40, 35, 25."""
    found = read_judgements(csv(tmp_path, BUDGETS[kind]), CAR)
    assert [j.who for j in found.each] == ["张", "李"]
    assert found.points["张", "budget"].tolist() == pytest.approx([50, 30, 20])
    assert found.joint["budget"].tolist() == pytest.approx([40, 35, 25])


def test_groups_share_out_what_they_have(tmp_path):
    """Top level 70 : 30 by hand; below 水平 甲 : 乙 is 3 : 1, so 52.5 and 17.5; 工作 keeps 3 : 1,
    so 22.5 and 7.5. Matrices stand below each other in one sheet."""
    rows = [
        ["一级指标"],
        ["", "水平", "工作"],
        ["水平", 1, 7 / 3],
        ["工作", None, 1],
        [],
        ["二级指标"],
        ["比较项", "甲项", "乙项"],
        ["甲项", 1, 3],
        ["乙项", "１／３", 1],
    ]
    found = read_judgements(book(tmp_path, {"张三": rows}), TREE)
    assert [j.group for j in found.each] == ["", "level"]
    assert found.points["张三", "ahp"].tolist() == pytest.approx([52.5, 17.5, 22.5, 7.5])


def test_experts_are_put_together_as_the_methods_do(tmp_path):
    """Of two matrices the geometric mean: 2 and 8 give 4, so 80 : 20. Of best and worst, and of
    points, the mean of the weights."""
    sheets = {
        "张": [["", "x", "y"], ["x", 1, 2], ["y", 0.5, 1]],
        "李": [["", "x", "y"], ["x", 1, 8], ["y", "1/8", 1]],
        "打分": [["专家", "x", "y"], ["张", 90, 10], ["赵", 70, 30]],
    }
    found = read_judgements(book(tmp_path, sheets), flat({"x": ("子", "X"), "y": ("丑", "Y")}))
    assert found.joint["ahp"].tolist() == pytest.approx([80, 20])
    assert found.joint["budget"].tolist() == pytest.approx([80, 20])
    assert found.methods == ["ahp", "budget"] and len(found.table) == 4
    only = read_judgements(
        {"file": "x.xlsx", "sheet": ["张"]}, flat({"x": ("子", "X"), "y": ("丑", "Y")}), tmp_path
    )
    assert [j.who for j in only.each] == ["张"]


def test_nothing_given_is_nothing():
    assert read_judgements(None, CAR) is None


WRONG = {
    "text": ("专家,价格,质量,服务\n张,五十,30,20\n", 2, "价格", "“五十”"),
    "formula": ("专家,价格,质量,服务\n张,=50,30,20\n", 2, "价格", "“=50”"),
    "negative": ("专家,价格,质量,服务\n张,-50,130,20\n", 2, "价格", "不小于 0"),
    "huge": ("专家,价格,质量,服务\n张,1e300,30,20\n", 2, "价格", "“1e300”"),
    "unknown indicator": ("专家,价钱,质量,服务\n张,50,30,20\n", 1, "价钱", "没有指标“价钱”"),
    "blank": ("专家,价格,质量,服务\n张,50,50,\n", 2, None, "缺少服务"),
    "nobody": ("专家,价格,质量,服务\n张,50,30,20\n,50,30,20\n", 3, "专家", "没有写专家姓名"),
    "twice": ("专家,价格,质量,服务\n张,50,30,20\n张,40,40,20\n", 3, None, "两份判断"),
    "sums": (
        "专家,价格,质量,服务\n张,50,30,20\n李,5,3,2\n",
        None,
        None,
        "“李”的分值合计10，应为100",
    ),
    "nothing": ("专家,价格,质量,服务\n张,0,0,0\n", 2, None, "没有专家分值"),
    "method": ("专家,方法,价格,质量,服务\n张,层析,50,30,20\n", 2, "方法", "层次分析"),
    "no header": ("50,30,20\n", 1, None, "没有表头"),
    "column twice": ("专家,价格,价格,质量,服务\n张,5,5,3,2\n", 1, "价格", "列名重复"),
    "scale": ("比较项,价格,质量,服务\n价格,1,10,2\n质量,,1,2\n服务,,,1\n", 2, "质量", "1 至 9"),
    "zero": ("比较项,价格,质量,服务\n价格,1,0,2\n质量,,1,2\n服务,,,1\n", 2, "质量", "1 至 9"),
    "by zero": ("比较项,价格,质量,服务\n价格,1,1/0,2\n质量,,1,2\n服务,,,1\n", 2, "质量", "1 至 9"),
    "reciprocal": (
        "比较项,价格,质量,服务\n价格,1,3,2\n质量,3,1,2\n服务,,,1\n",
        2,
        None,
        "“价格”对“质量”：与反向判断不互为倒数",
    ),
    "row missing": ("比较项,价格,质量,服务\n价格,1,3,2\n质量,,1,2\n", 2, None, "缺少服务"),
    "row twice": ("比较项,价格,质量,服务\n价格,1,3,2\n价格,1,3,2\n服务,,,1\n", 3, "比较项", "两行"),
    "unknown row": (
        "比较项,价格,质量,服务\n价钱,1,3,2\n质量,,1,2\n服务,,,1\n",
        2,
        "比较项",
        "没有“价钱”",
    ),
    "one side": ("比较项,价格,质量,服务\n最优比各项,8,2,1\n", 2, "比较项", "缺少一行"),
    "side twice": (
        "比较项,价格,质量,服务\n最优比各项,8,2,1\n最优比各项,8,2,1\n",
        3,
        "比较项",
        "有两行",
    ),
    "no best": ("比较项,价格,质量,服务\n最优比各项,8,2,3\n各项比最劣,1,5,8\n", 2, None, "应为1至9"),
    "side blank": (
        "比较项,价格,质量,服务\n最优比各项,8,2,1\n各项比最劣,1,,8\n",
        3,
        None,
        "缺少质量",
    ),
    "unknown in a column": ("指标,张\n价钱,50\n质量,30\n服务,20\n", 2, "指标", "没有指标“价钱”"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_said_with_its_place_in_both_languages(tmp_path, kind):
    text, row, column, part = WRONG[kind]
    with pytest.raises(InputError) as refused:
        read_judgements(csv(tmp_path, text), CAR)
    complaint = refused.value.complaints[0]
    assert (complaint.file, complaint.row, complaint.column) == ("x.csv", row, column)
    assert part in complaint.of("zh"), complaint.of("zh")
    assert complaint.text.zh != complaint.text.en


def test_a_date_that_excel_made_of_a_fraction_is_named(tmp_path):
    rows = [
        ["", *CARS],
        ["price", 1, datetime.date(2026, 1, 3), 2],
        ["quality", None, 1, 2],
        ["service", None, None, 1],
    ]
    with pytest.raises(InputError) as refused:
        read_judgements(book(tmp_path, {"张三": rows}), CAR)
    (complaint,) = refused.value.complaints
    assert (complaint.file, complaint.row, complaint.column) == ("x.xlsx[张三]", 2, "quality")
    assert "Excel 会把 1/3 认作日期" in complaint.of("zh")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("专家,甲项,乙项,丙项\n张,50,30,20\n", "缺少丁项"),
        ("专家,甲项,丙项\n张,50,50\n", "同一上级"),
        ("专家,水平,工作,甲项\n张,50,30,20\n", "多出甲项"),
    ],
)
def test_a_group_that_is_not_whole_is_refused(tmp_path, text, part):
    with pytest.raises(InputError, match=part):
        read_judgements(csv(tmp_path, text), TREE)


def test_a_person_may_not_judge_all_leaves_and_a_group_of_them(tmp_path):
    text = "专家,甲项,乙项,丙项,丁项,水平,工作\n张,10,20,30,40,,\n张,,,,,50,50\n"
    with pytest.raises(InputError, match="应只取其一"):
        read_judgements(csv(tmp_path, text), TREE)


@pytest.mark.parametrize("given", ["", [], 3, {"sheet": "x"}, {"file": 3}, "nowhere.csv", "x.docx"])
def test_what_names_no_file_is_refused(given, tmp_path):
    with pytest.raises(InputError) as refused:
        read_judgements(given, CAR, tmp_path)
    assert all(re.search("[a-z]", s) for s in refused.value.sentences("en"))


def test_random_matrices_come_through_a_file_as_they_are(tmp_path):
    """Saaty's scale, written as fractions: read back, they give what the method gives of them."""
    rng = np.random.default_rng(3)
    scale = [*(1 / k for k in range(9, 1, -1)), *range(1, 10)]
    names = list(CARS)
    for _ in range(10):
        full = np.ones((3, 3))
        for i, j in ((0, 1), (0, 2), (1, 2)):
            full[i, j] = rng.choice(scale)
            full[j, i] = 1 / full[i, j]
        lines = [
            ["比较项", *names],
            *([n, *row] for n, row in zip(names, upper(full), strict=True)),
        ]
        found = read_judgements(csv(tmp_path, "\n".join(",".join(r) for r in lines)), CAR)
        truth = qt.weighting.ahp(pd.DataFrame(full, names, names))
        assert found.each[0].weights.weights.tolist() == pytest.approx(truth.weights.tolist())
