"""Workbooks as users spoil them: each gives one clear sentence that names the sheet and the row or
cell, in both languages."""

import openpyxl
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.inputs.table import read_table
from qtoolkit.models import validate
from qtoolkit.workbooks.schemebook import read_scheme_book
from qtoolkit.workbooks.template import write_template
from tests.inputs.helpers import names, refused

LEAVES = [
    {
        "id": "pass",
        "name": "合格率",
        "points": 40.0,
        "unit": "%",
        "rule": {"kind": "goalposts", "low": 80.0, "high": 100.0},
    },
    {
        "id": "plan",
        "name": "规划",
        "points": 30.0,
        "rule": {"kind": "level", "levels": {"有": 1.0, "无": 0.0}},
    },
    {
        "id": "gaps",
        "name": "缺项",
        "points": 30.0,
        "rule": {"kind": "deduct", "rate": 0.5},
        "scales": False,
    },
]


@pytest.fixture
def path(tmp_path):
    tree = [
        {"id": "one", "name": {"zh": "质量目标", "en": "Targets"}, "children": LEAVES[:1]},
        {
            "id": "two",
            "name": "质量措施",
            "children": [{"id": "sub", "name": "宏观管理", "children": LEAVES[1:]}],
        },
    ]
    grades = [{"id": "A", "cutoff": 90.0}, {"id": "B", "cutoff": 60.0}, {"id": "D", "cutoff": 0.0}]
    scheme = validate(
        Scheme,
        {
            "id": "s",
            "name": "办法",
            "units": ["甲县", "乙县"],
            "indicators": tree,
            "grades": grades,
        },
        None,
    )
    data = qt.assess(
        scheme,
        __import__("pandas").DataFrame(
            {"pass": [95, 90], "plan": ["有", "无"], "gaps": [1, 2]}, index=["甲县", "乙县"]
        ),
    )
    write_template(scheme, tmp_path / "方案.xlsx", data.table)
    return tmp_path / "方案.xlsx"


def cell(sheet, title, row):
    titles = [
        c.value for c in next(r for r in sheet.iter_rows() if any(c.value == title for c in r))
    ]
    return sheet.cell(row, titles.index(title) + 1)


def put(sheet, title, row, value):
    def spoil(book):
        cell(book[sheet], title, row).value = value

    return spoil


def drop(sheet):
    return lambda book: book.remove(book[sheet])


def retitle(sheet, old, new):
    return lambda book: setattr(cell(book[sheet], old, 1), "value", new)


def stale(book):
    cell(book["方案"], "分值", 3).value = "=20+20"


def percent(book):
    target = cell(book["方案"], "分值", 3)
    target.value, target.number_format = 0.4, "0%"


def merged_header(book):
    book["数据"].insert_rows(1)
    book["数据"]["B1"].value = "质量目标"
    book["数据"].merge_cells("B1:C1")


def row_without_name(book):
    sheet = book["方案"]
    sheet.cell(4, sheet.max_column + 2).value = "随手写的"


# rows of sheet 方案: 2 质量目标, 3 合格率, 4 质量措施, 5 宏观管理, 6 规划, 7 缺项
BAD = {
    "no sheet of the scheme": (drop("方案"), ["“方案”"], None),
    "no sheet of grades": (drop("等级"), ["“等级”"], None),
    "no column of points": (retitle("方案", "分值", "权数"), ["[方案]", "分值"], None),
    "an unknown column": (
        retitle("方案", "评分标准", "评分标淮"),
        ["[方案]", "“评分标淮”", "“评分标准”"],
        None,
    ),
    "text for points": (
        put("方案", "分值", 3, "四十"),
        ["[方案]", "第3行", "“分值”", "四十"],
        None,
    ),
    "a formula that was never calculated": (stale, ["方案!", "3"], None),
    "points as a percentage": (percent, ["[方案]", "第3行", "40%"], None),
    "an error cell": (put("方案", "分值", 3, "#REF!"), ["[方案]", "第3行", "#REF!"], None),
    "points that do not sum": (put("方案", "分值", 6, 35), ["[方案]", "第5行", "60", "65"], None),
    "an unknown rule": (
        put("方案", "规则", 6, "分挡"),
        ["[方案]", "第6行", "“规则”", "分挡"],
        None,
    ),
    "parameters that cannot be read": (
        put("方案", "参数", 6, "levels: {有: 1"),
        ["[方案]", "第6行", "“参数”"],
        None,
    ),
    "a parameter that the rule lacks": (
        put("方案", "参数", 7, "rate: 0.5, rte: 1"),
        ["[方案]", "第7行", "rte"],
        None,
    ),
    "a missing parameter": (put("方案", "下限", 3, None), ["[方案]", "第3行", "low"], None),
    "the same id twice": (put("方案", "编号", 7, "plan"), ["[方案]", "第7行", "plan"], None),
    "an id in Chinese": (put("方案", "编号", 7, "缺项"), ["[方案]", "第7行", "缺项"], None),
    "a level without one above": (put("方案", "一级指标", 2, None), ["[方案]"], None),
    "a note beside the table": (row_without_name, ["[方案]", "第4行", "随手写的"], None),
    "cutoffs out of order": (put("等级", "分数线", 3, 95), ["[等级]", "第3行", "95"], None),
    "an unknown key": (put("设置", "项目", 2, "idd"), ["[设置]"], None),
    "a level typed wrong in the data": (
        put("数据", "规划", 2, "又"),
        ["方案.xlsx", "第2行", "“规划”", "又"],
        read_table,
    ),
    "a unit twice in the data": (
        put("数据", "考核对象", 3, "甲县"),
        ["方案.xlsx", "甲县"],
        read_table,
    ),
    "merged header cells in the data": (merged_header, ["方案.xlsx"], read_table),
    "a blank cell in the data": (
        put("数据", "缺项", 3, None),
        ["方案.xlsx", "第3行", "“缺项”"],
        read_table,
    ),
    "a percentage where none is meant": (
        put("数据", "缺项", 3, "35%"),
        ["第3行", "“缺项”", "35%"],
        read_table,
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_workbook_gives_one_clear_sentence(path, name):
    spoil, parts, reader = BAD[name]
    scheme = read_scheme_book(path)
    book = openpyxl.load_workbook(path)
    spoil(book)
    book.save(path)
    with pytest.raises(InputError) as error:
        reader(path, scheme) if reader else read_scheme_book(path)
    zh, en = error.value.sentences("zh"), error.value.sentences("en")
    assert any(all(part in sentence for part in parts) for sentence in zh), zh
    assert len(zh) == len(en) <= 2 and all("\n" not in sentence for sentence in zh + en)


@pytest.mark.parametrize(
    "content", [b"", b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"PK\x03\x04broken", "方案".encode()]
)
def test_what_is_no_workbook(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match="工作簿"):
        read_scheme_book(path)


def test_what_users_do_and_is_understood(path):
    """Merged and blank upper levels, full-width digits, trailing blanks, a heading above the table,
    no ids."""
    scheme = read_scheme_book(path)
    book = openpyxl.load_workbook(path)
    sheet = book["方案"]
    for row, title in (
        (3, "一级指标"),
        (5, "一级指标"),
        (6, "一级指标"),
        (7, "一级指标"),
        (6, "二级指标"),
        (7, "二级指标"),
    ):
        cell(sheet, title, row).value = None
    cell(sheet, "分值", 3).value = "４０"
    sheet.cell(40, 2).value = "   "
    sheet.insert_rows(1)
    sheet["A1"].value = "质量工作考核评分表"
    book.save(path)
    assert read_scheme_book(path) == scheme
    for row in range(3, 9):
        cell(sheet, "编号", row).value = None
    book.remove(book["英文"])
    book.save(path)
    found = read_scheme_book(path)
    assert [leaf.id for leaf in found.leaves] == ["x1", "x2", "x3"] and [
        n.name.zh for n in found.nodes
    ] == [n.name.zh for n in scheme.nodes]


def test_a_quota_as_excel_shows_it(tmp_path):
    """1 and 20% mean what they say; a 1 in a cell formatted as a percentage is shown as 100% and
    may be meant as either."""
    scheme = qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0})
    for value, style, quota in (
        (1, "General", 1),
        (2, "General", 2),
        (0.2, "0%", 0.2),
        (0.2, "General", 0.2),
        ("30%", "General", 0.3),
    ):
        write_template(scheme, tmp_path / "q.xlsx")
        put_quota(tmp_path / "q.xlsx", value, style)
        found = read_scheme_book(tmp_path / "q.xlsx").grades[0].quota
        assert found == quota and isinstance(found, type(quota))
    for value, style in ((1, "0%"), (1, "0.00%"), ("100%", "General")):
        put_quota(tmp_path / "q.xlsx", value, style)
        zh, en = refused(read_scheme_book, tmp_path / "q.xlsx")
        assert len(zh) == 1 and names((zh, en), "q.xlsx[等级]", "“名额上限”", "“100%”")


def put_quota(path, value, style):
    book = openpyxl.load_workbook(path)
    sheet = book["等级"]
    titles = [cell.value for cell in sheet[1]]
    cell = sheet.cell(2, titles.index("名额上限") + 1)
    cell.value, cell.number_format = value, style
    book.save(path)


def test_the_share_below_the_baseline_comes_back_from_a_workbook(tmp_path):
    for below in (None, 0.0, 0.25):
        rule = {"kind": "base_plus", "base": 0.6, "gain": 0.1, "reference": 95.0} | (
            {} if below is None else {"below": below}
        )
        leaf = {"id": "x", "name": "合格率", "points": 100.0, "rule": rule}
        grades = [{"id": "A", "cutoff": 90.0}, {"id": "D", "cutoff": 0.0}]
        scheme = validate(
            Scheme,
            {"id": "s", "name": "办法", "units": ["甲县"], "indicators": [leaf], "grades": grades},
            None,
        )
        write_template(scheme, tmp_path / f"{below}.xlsx")
        assert read_scheme_book(tmp_path / f"{below}.xlsx").leaves[0].rule == scheme.leaves[0].rule


WAYS = [
    {"id": "A", "name": "A", "by": "place", "quota": 4},
    {"id": "B", "name": "B", "by": "share", "quota": 0.3, "within": "class"},
    {"id": "C", "name": "C", "cutoff": 60.0},
    {"id": "D", "name": "D", "cutoff": 0.0},
]
BREAKS = [{"id": "A", "by": "breaks"}, {"id": "B", "by": "breaks"}, {"id": "D", "cutoff": 0.0}]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("grades", [WAYS, BREAKS])
def test_ways_to_set_a_grade_read_back_as_they_were_written(grades, language, tmp_path):
    data = {"id": "s", "name": "办法", "indicators": LEAVES, "grades": grades}
    scheme = validate(Scheme, data | {"classes": ["p", "q"]}, None)
    write_template(scheme, tmp_path / "s.xlsx", language=language)
    assert read_scheme_book(tmp_path / "s.xlsx") == scheme
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx")["等级" if language == "zh" else "Grades"]
    said = [cell(sheet, "确定方式" if language == "zh" else "Set by", 2 + i).value for i in (0, 1)]
    words = {"place": "按位次", "share": "按比例", "breaks": "按自然断点"}
    ways = [grade["by"] for grade in grades[:2]]
    assert said == (ways if language == "en" else [words[way] for way in ways])


def test_a_way_that_nobody_knows_is_one_sentence(tmp_path):
    data = {"id": "s", "name": "办法", "indicators": LEAVES, "grades": BREAKS}
    write_template(validate(Scheme, data, None), tmp_path / "s.xlsx")
    book = openpyxl.load_workbook(tmp_path / "s.xlsx")
    cell(book["等级"], "确定方式", 2).value = "按名词"
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(InputError) as caught:
        read_scheme_book(tmp_path / "s.xlsx")
    assert (
        "按名词" in caught.value.sentences("zh")[0] and "按位次" in caught.value.sentences("zh")[0]
    )
