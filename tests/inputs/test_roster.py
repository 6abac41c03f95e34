"""Whom a table of data names before any marks are in it, and who votes."""

import pytest

from qtoolkit.errors import InputError
from qtoolkit.inputs.case import read_roster
from qtoolkit.inputs.files import rows_of_grid
from qtoolkit.inputs.ratings import ratings_of_rows, read_ratings
from qtoolkit.inputs.roster import roster_of
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate


def award(**panel):
    """Two items, a stage each, a screen and a vote."""
    marked = {"rule": {"kind": "direct", "out_of": 100}, "scales": True}
    data = {
        "id": "s",
        "name": "s",
        "stages": [{"id": "paper", "name": "材料"}, {"id": "site", "name": "现场"}],
        "indicators": [
            {"id": "a", "name": "甲项", "points": 60.0, **marked, "stages": {"paper": 1.0}},
            {"id": "b", "name": "乙项", "points": 40.0, **marked, "stages": {"site": 1.0}},
        ],
        "grades": [{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
        "screens": [{"id": "eligible", "name": "资格"}, {"id": "short", "name": "入围"}],
        "vetoes": [
            {"id": "vote", "name": "投票", "cap": "B", "vote": {"name": "投票", "share": 0.5}}
        ],
        "panel": panel,
    }
    return validate(Scheme, data, None)


DATA = rows_of_grid(
    "data.csv",
    [
        ["unit", "name_en", "screen:eligible", "screen:short", "未知"],
        ["甲", "One", "通过", "", "x"],
        ["乙", "", "不通过", "", ""],
        ["丙", "Three", "通过", 0.0, ""],
    ],
)


def test_a_roster_says_who_failed_no_screen_so_far():
    roster = roster_of(DATA, award())
    assert [unit.id for unit in roster.candidates] == ["甲", "乙", "丙"]
    assert [unit.id for unit in roster.passed] == ["甲"]  # 0 stands for failed, as in screening
    assert [unit.name.en for unit in roster.candidates] == ["One", "乙", "Three"]
    assert roster.filled == {"unit", "name_en", "screen:eligible", "screen:short"}


def test_a_table_without_units_is_refused():
    with pytest.raises(InputError, match="缺少列：考核对象"):
        roster_of(rows_of_grid("data.csv", [["name_en"], ["x"]]), award())


def test_a_roster_is_read_while_data_and_ratings_are_still_to_come(tmp_path):
    from qtoolkit.inputs.schemeyaml import scheme_yaml

    (tmp_path / "scheme.yaml").write_text(scheme_yaml(award()), encoding="utf-8")
    (tmp_path / "data.csv").write_text("unit,screen:eligible\n甲,通过\n乙,不通过\n", "utf-8")
    (tmp_path / "params.yaml").write_text(
        "scheme: scheme.yaml\ndata: data.csv\nratings: 尚未汇总.xlsx\nchanges: {cutoffs.A: 70}\n",
        encoding="utf-8",
    )
    scheme, roster = read_roster(tmp_path)
    assert scheme.grades[0].cutoff == 70 and [unit.id for unit in roster.passed] == ["甲"]
    with pytest.raises(InputError, match="没有考核对象"):
        read_roster(tmp_path / "scheme.yaml")


@pytest.mark.parametrize("title", ["indicator", "指标", "考核要点", "考核指标"])
def test_ratings_whose_first_column_is_the_indicator_are_a_long_table(title, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text(
        f"{title},unit,assessor,stage,score\n甲项,甲,张三,材料,80\n乙项,甲,张三,现场,70\n", "utf-8"
    )
    marks = read_ratings(path, award(), DATA).frame
    assert marks[["unit", "item", "score"]].to_numpy().tolist() == [
        ["甲", "a", 80],
        ["甲", "b", 70],
    ]


VOTES = [["unit", "assessor", "stage", "score"], ["甲", "李四", "投票", "同意"]]


def test_voters_need_be_listed_only_where_the_list_names_the_vote():
    rows = rows_of_grid("r.csv", VOTES)
    expert = {"name": "张三", "stages": ["paper"]}
    assert len(ratings_of_rows(rows, award(assessors=[expert]), DATA).votes) == 1
    member = {"name": "王五", "stages": ["vote"]}
    with pytest.raises(InputError, match="评委名单中没有“李四”"):
        ratings_of_rows(rows, award(assessors=[expert, member]), DATA)
    with pytest.raises(InputError, match="“李四”不参加这一阶段"):
        ratings_of_rows(rows, award(assessors=[expert | {"name": "李四"}, member]), DATA)
    with pytest.raises(InputError, match="没有阶段“vot”；是否应为“vote”"):
        award(assessors=[{"name": "王五", "stages": ["vot"]}])
    with pytest.raises(InputError, match="没有阶段“vote”"):
        award(stages={"vote": {"how": "mean"}})  # votes are counted, and not made a mean


def test_a_vote_that_is_none_is_named():
    rows = rows_of_grid("r.csv", [VOTES[0], ["甲", "李四", "投票", "好"]])
    with pytest.raises(InputError, match="表决为“好”，应为“同意”“不同意”“弃权”或“回避”"):
        ratings_of_rows(rows, award(), DATA)
