"""Score sheets filled in by a script, as assessors do by hand."""

import csv
import json
from pathlib import Path

import openpyxl

import qtoolkit as qt
from qtoolkit.inputs.panels import Assessor
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate

AWARD = Path(qt.__file__).parents[1] / "params" / "mayor-award"
SIGNED = ("评委签名", "Signature")
HEADS = {"评分项", "Item", "考核对象", "Unit"}


def small(assessors, **more):
    """Two stages, three items below one level, a vote; marks of 0 to 100 in steps of five."""
    marked = {"rule": {"kind": "direct", "out_of": 100}, "scales": True}
    both = {"paper": 0.5, "site": 0.5}
    leaves = [
        {"id": "a", "name": {"zh": "甲项", "en": "Item one"}, "points": 30.0, "stages": both},
        {"id": "b", "name": {"zh": "乙项", "en": "Item two"}, "points": 30.0, "stages": both},
        {"id": "c", "name": {"zh": "丙项", "en": "Item three"}, "points": 40.0},
    ]
    leaves[2]["stages"] = {"site": 1.0}
    data = {
        "id": "s",
        "name": {"zh": "示例奖", "en": "An award"},
        "units": ["子公司", "丑公司"],
        "stages": [
            {"id": "paper", "name": {"zh": "材料评审", "en": "Papers"}},
            {"id": "site", "name": {"zh": "现场评审", "en": "Site"}},
        ],
        "indicators": [
            {
                "id": "top",
                "name": {"zh": "一类", "en": "Kind"},
                "points": 100.0,
                "children": [leaf | marked for leaf in leaves],
            }
        ],
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
        "vetoes": [
            {
                "id": "vote",
                "name": {"zh": "未通过", "en": "Not carried"},
                "cap": "B",
                "vote": {"name": {"zh": "委员会投票", "en": "Committee"}, "share": "1/2"},
            }
        ],
        "panel": {"step": 5.0, "assessors": assessors},
    }
    return validate(Scheme, data | more, None)


def grid_of(sheet):
    """Where a sheet's header is, the rows of its items (or units) and the columns of its heads, by
    what they are called."""
    head, side = next(
        (cell.row, cell.column) for row in sheet.iter_rows() for cell in row if cell.value in HEADS
    )
    sides = {r: str(sheet.cell(r, side).value or "") for r in range(head + 1, sheet.max_row + 1)}
    rows = {word: r for r, word in sides.items() if word and not word.startswith(SIGNED)}
    columns = {sheet.cell(head, c).value: c for c in range(1, sheet.max_column + 1)}
    return head, side, rows, columns


def put(path, entries):
    """Write values into a workbook, by sheet, item (or unit) and head."""
    book = openpyxl.load_workbook(path)
    for (title, side, head), value in entries.items():
        _, _, rows, columns = grid_of(book[title])
        book[title].cell(rows[side], columns[head]).value = value
    book.save(path)


def everything(path, mark):
    """Fill what is blank below a unit's head with mark(side, head), every vote with 同意."""
    book = openpyxl.load_workbook(path)
    own = {"一级指标", "Level 1", "评分项", "Item", "分值", "Points", "评分范围", "Marks"}
    own |= {"评分标准", "Standard", "考核对象", "Unit", None}
    for sheet in book:
        _, _, rows, columns = grid_of(sheet)
        for side, r in rows.items():
            for head, c in columns.items():
                if head not in own and sheet.cell(r, c).value is None:
                    sheet.cell(r, c).value = (
                        "同意" if head in ("表决", "Vote") else mark(side, head)
                    )
    book.save(path)


def award_rows():
    """The shipped ratings of the award."""
    with (AWARD / "ratings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def award_panel(scheme):
    """The award's scheme with a list of those who mark and vote in its ratings."""
    rows = award_rows()
    people = {}
    for row in rows:
        one = people.setdefault(
            row["assessor"], {"group": "", "stages": [], "units": [], "recused": []}
        )
        one["group"] = row["group"] or one["group"]
        if row["stage"] not in one["stages"]:
            one["stages"].append(row["stage"])
        if row["score"] == "回避" and row["unit"] not in one["recused"]:
            one["recused"].append(row["unit"])
        if row["stage"] in ("site", "vote") and row["unit"] not in one["units"]:
            one["units"].append(row["unit"])
    listed = tuple(Assessor(name=name, **one) for name, one in people.items())
    return scheme.model_copy(
        update={"panel": scheme.panel.model_copy(update={"assessors": listed})}
    )


def json_of(scheme):
    return json.dumps(scheme.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
