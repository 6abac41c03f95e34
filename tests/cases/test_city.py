"""The case city-2026: the published tree, synthetic data that its script makes again, and what must
occur in it."""

import re
import runpy
import shutil

import pytest

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.scheme import read_scheme

CASE = packaged_cases() / "city-2026"

# 安徽省质量工作考核要点, zjtcn.com/baike/ahszlgzkhbffj6370008: blocks 质量目标 40 and 质量措施 60,
# groups and items
PUBLISHED = {
    "产品质量量化指标": ["制造业产品质量合格率", "主要农产品质量安全监测合格率"],
    "工程质量量化指标": ["建筑工程竣工验收合格率"],
    "质量宏观管理": [
        "质量发展规划制订与实施",
        "质量安徽建设活动",
        "质量工作协调机制建立与运行",
        "品牌发展战略实施",
        "质量统计分析制度建立与开展",
        "质量投入机制运行",
        "行业准入及产业政策落实",
    ],
    "质量安全监管": [
        "质量监管能力和制度建设",
        "打击假冒伪劣及专项整治",
        "企业质量主体责任落实",
        "质量诚信建设",
        "质量安全风险管理机制建设",
        "消费者维权机制建设",
        "产品质量监管",
        "工程质量监管",
        "服务质量监管",
    ],
    "质量基础建设": [
        "标准、计量、认证认可基础建设",
        "检验检测技术能力建设",
        "口岸检验检疫综合能力建设",
        "质量人才队伍建设",
    ],
}


@pytest.fixture(scope="module")
def case():
    return qt.read_case("city-2026")


@pytest.fixture(scope="module")
def result(case):
    return qt.assess(case.scheme, case.table)


def test_the_tree_is_the_published_one(case):
    blocks = case.scheme.indicators
    assert [(block.name.zh, block.points) for block in blocks] == [
        ("质量目标", 40.0),
        ("质量措施", 60.0),
    ]
    groups = {
        group.name.zh: [item.name.zh for item in group.children]
        for block in blocks
        for group in block.children
    }
    assert groups == PUBLISHED and sum(map(len, groups.values())) == 23
    assert case.scheme.synthetic and "模拟" in case.scheme.notes[0].zh


def test_the_script_makes_the_same_data_again(tmp_path):
    folder = tmp_path / "city-2026"
    shutil.copytree(CASE, folder)
    for name in ("data.csv", "previous/data.csv"):
        (folder / name).unlink()
    runpy.run_path(str(folder / "make_data.py"), run_name="__main__")
    for name in ("data.csv", "previous/data.csv"):
        assert (folder / name).read_bytes() == (CASE / name).read_bytes()


def test_what_a_reader_should_meet_in_it(case, result):
    assert set(result.grades) == {"A", "B", "C", "D"}
    assert {"score", "quota", "veto:safety_event", "veto:works_accident"} == set(
        result.steps["set_by"]
    )
    near = qt.cutoffs.margins(result)
    # a unit that would change grade, and one near the line that only places keep off
    assert (near["nearest"] <= 0.5).any()
    assert ((near["to_line"] <= 0.5) & (near["below_by"] == "quota") & (near["below"] > 1)).any()
    assert (result.approved != result.grades).sum() == 1
    kinds = set(result.flags["kind"])
    assert {"blank", "constant", "hole", "set_dependent", "low_target", "approved"} <= kinds
    stages = qt.decomposition.stages(result)
    assert stages.loc["verified", "mean"] < stages.loc["verified", "filed"]  # 自评偏高
    assert (
        stages.loc["daily", "mean"]
        < stages.loc["documents", "mean"]
        < stages.loc["hearing", "mean"]
    )
    assert {leaf.rule.kind for leaf in case.scheme.leaves} >= {
        "deduct",
        "target",
        "base_plus",
        "level",
        "checklist",
        "direct",
        "rank",
    }


def test_last_year_and_the_drafts(case, result):
    last = qt.assess(case.previous.scheme, case.previous.table)
    assert last.grades.tolist() == case.table.remarks["grade:2025"].tolist()
    known = {node.id for node in case.previous.scheme.nodes}
    old = {id for leaf in case.scheme.leaves for id in leaf.previous}
    assert old <= known and {leaf.id for leaf in case.scheme.leaves if not leaf.previous} == {
        "risk"
    }
    drafts = [
        qt.read_case(scheme=CASE / "drafts" / f"draft-{name}.yaml", data=CASE / "data.csv")
        for name in ("two", "three")
    ]
    assert [draft.scheme.indicators[0].points for draft in drafts] == [30.0, 40.0]
    for draft in drafts:
        assert qt.assess(draft.scheme, draft.table).grades.tolist() != result.grades.tolist()


def test_planning_by_hand_from_the_printed_rule(case, result):
    """Xuzhou: 1 / .5 / 0, 1 / .5 / 0, 1 / 0, and .1 off for each missing field, nothing if all six
    are missing."""
    first = {"纳入国民经济和社会发展规划": 1, "纳入部门规划": 0.5, "无发展规划": 0}
    second = {"有体现": 1, "体现不充分": 0.5, "无体现": 0}
    ids = [leaf.id for leaf in case.scheme.leaves]
    for k, unit in enumerate(case.table.units):
        plan, report, yearly, missing = (
            case.table.raw[k, ids.index(id)]
            for id in ("plan_in_programme", "plan_in_report", "yearly_plan", "policies")
        )
        expected = (
            first[plan]
            + second[report]
            + (yearly == "制定")
            + (1 - 0.1 * missing if missing < 6 else 0)
        )
        assert result.nodes.loc[unit, "planning"] == pytest.approx(expected)


def test_every_table_and_figure_is_called_synthetic(result):
    from qtoolkit.report import assessment
    from qtoolkit.report.blocks import Chart, DataTable, payload
    from qtoolkit.report.picture import picture

    blocks = assessment.results(result)
    for block in blocks:
        if isinstance(block, DataTable | Chart):
            assert payload(block, "zh", True)["caption"].endswith("（模拟数据）")
            assert payload(block, "en", True)["caption"].endswith("(synthetic data)")
        if isinstance(block, Chart):
            assert picture(block, "zh", True) != picture(block, "zh")
    for name in ("01_assessment", "04_sensitivity"):
        source = (CASE.parents[1] / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
        assert "Page(language, case.scheme.synthetic)" in source


# programme, annual report, yearly plan, fields missing of six: points by the printed rule, worked
# by hand
XUZHOU = [
    ("纳入国民经济和社会发展规划", "有体现", "制定", 0, 4.0),
    ("纳入部门规划", "体现不充分", "制定", 1, 2.9),
    ("纳入国民经济和社会发展规划", "无体现", "没有制定", 5, 1.5),
    # all six missing: 没有制定不得分, not 1 − 6 × .1 = .4
    ("无发展规划", "有体现", "制定", 6, 2.0),
    ("无发展规划", "无体现", "没有制定", 6, 0.0),
]


@pytest.mark.parametrize(("programme", "report", "yearly", "missing", "points"), XUZHOU)
def test_planning_for_inputs_that_no_city_has(tmp_path, programme, report, yearly, missing, points):
    lines = (CASE / "data.csv").read_text(encoding="utf-8").splitlines()
    columns, cells = lines[0].split(","), lines[1].split(",")
    assert len(columns) == len(cells)  # no quoted comma in the first city's row
    given = {
        "plan_in_programme": programme,
        "plan_in_report": report,
        "yearly_plan": yearly,
        "policies": missing,
    }
    for name, value in given.items():
        cells[columns.index(f"{name}@documents")] = str(value)
    table = tmp_path / "data.csv"
    table.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n", encoding="utf-8")
    changed = qt.read_case(scheme=CASE / "scheme.yaml", data=table)
    assert qt.assess(changed.scheme, changed.table).nodes.loc["甲市", "planning"] == pytest.approx(
        points
    )


@pytest.mark.parametrize(
    "name", ["scheme", "drafts/draft-two", "drafts/draft-three", "previous/scheme"]
)
def test_points_printed_in_a_standard_are_those_of_its_rule(name):
    """A standard says 得1分 or 扣2分: at the leaf's points, the rule must give just that, in a
    rival draft too."""
    checked = 0
    for leaf in read_scheme(CASE / f"{name}.yaml").leaves:
        if leaf.rule.kind == "level":
            printed = [float(x) for x in re.findall(r"得([\d.]+)分", leaf.standard.zh)]
            given = [share * leaf.points for share in leaf.rule.levels.values() if share]
            assert sorted(printed) == pytest.approx(sorted(given)), leaf.id
            checked += 1
        if leaf.rule.kind == "deduct":
            scale = leaf.points / leaf.written_for if leaf.scales else 1
            printed = float(re.search(r"扣([\d.]+)分", leaf.standard.zh)[1])
            assert printed == pytest.approx(leaf.rule.rate * scale), leaf.id
            assert leaf.standard.en.count(f"{printed:g} point") == 1, leaf.id
            checked += 1
    assert checked >= 3


def test_points_of_every_scheme_sum_to_a_hundred():
    expected = {
        "scheme": [40, 60],
        "drafts/draft-two": [30, 70],
        "drafts/draft-three": [40, 60],
        "previous/scheme": [40, 60],
    }
    for name, blocks in expected.items():
        scheme = read_scheme(CASE / f"{name}.yaml")
        assert [
            sum(leaf.points for leaf in block.walk() if leaf.is_leaf) for block in scheme.indicators
        ] == blocks
