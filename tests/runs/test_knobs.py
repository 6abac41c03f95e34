"""`check` refuses what a run would stumble on: knobs out of range, indicators of one name, years
that would stand twice."""

import json
import shutil
from dataclasses import replace

import pytest

import qtoolkit as qt
from qtoolkit.inputs.locate import notebooks, packaged_cases
from qtoolkit.inputs.parameters import CORE
from qtoolkit.report.chapters import memo_title
from qtoolkit.runs.knobs import OTHERS, RANGES, check_knobs
from qtoolkit.runs.new import new_case
from qtoolkit.runs.notebooks import find_notebooks
from qtoolkit.runs.plan import plan
from tests.strategies import scheme_of

NAMES = sorted(path.stem for path in notebooks()[0][0].glob("0*.ipynb"))


@pytest.mark.parametrize("book", find_notebooks(NAMES), ids=NAMES)
def test_every_knob_of_our_notebooks_has_a_range_and_its_default_lies_in_it(book):
    for name, default in book.declared.items():
        if name in CORE or name in OTHERS:
            continue
        value = None if default == "None" else json.loads(default)
        assert value is None or RANGES[name].holds(value)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("weight_band", -1, "不小于 0、不大于 1 的数字"),
        ("weight_band", 1.5, "不小于 0、不大于 1 的数字"),
        ("near_miss", -1, "不小于 0 的数字"),
        ("draws", 0, "不小于 1 的整数"),
        ("draws", 2.5, "不小于 1 的整数"),
        ("choice_runs", 1000, "2的整数次幂"),
        ("resamples", -1, "不小于 0、不大于 100000 的整数"),
        ("point_step", 0, "大于 0 的数字"),
        ("point_step", 13, "整数倍"),
        ("line_draws", 0, "不小于 1 的整数"),
        ("window", -1, "不小于 0 的数字"),
        ("reliability", 2, "大于 0、不大于 1 的数字"),
        ("se", -1, "大于 0 的数字"),
        ("se", 1, "来源"),
    ],
)
def test_a_knob_out_of_range_is_refused_with_knob_value_and_range(key, value, expected):
    """The ends are those that the analyses themselves refuse."""
    with pytest.raises(qt.InputError) as refused:
        plan("provinces-2008", {key: value})
    (sentence,) = [s for s in refused.value.sentences("zh") if expected in s]
    assert f"--set {key}={value}：" in sentence or "“se_source”" in sentence
    assert f"“{value}”" in sentence or key == "se"


@pytest.mark.parametrize(
    "settings",
    [
        {"weight_band": 0},
        {"weight_band": 1},
        {"near_miss": 0},
        {"draws": 1},
        {"choice_runs": 2},
        {"resamples": 0},
        {"point_step": 0.25},
        {"window": 0},
        {"se": 0.5, "se_source": "抽查"},
        {"se": "data", "se_source": "抽查"},
    ],
)
def test_the_ends_of_the_ranges_pass(settings):
    assert plan("provinces-2008", settings).parameters.knobs.items() >= settings.items()


def test_a_step_of_points_that_does_not_divide_the_total_is_refused_though_it_is_the_default(
    tmp_path,
):
    leaf = {"id": "x", "name": "x", "points": 100.3, "rule": {"kind": "minmax"}, "scales": True}
    grades = [{"id": "A", "cutoff": 0.0}]
    scheme = scheme_of(
        {"id": "s", "name": "s", "total": 100.3, "indicators": [leaf], "grades": grades}
    )
    case = replace(qt.read_case("tai-2001"), scheme=scheme)
    with pytest.raises(qt.InputError, match=r"point_step.*0\.5.*100\.3"):
        check_knobs({}, find_notebooks(["02_weights"]), case, None, tmp_path)


def test_the_place_of_a_knob_in_its_file_is_named(tmp_path):
    case = tmp_path / "case"
    shutil.copytree(packaged_cases() / "provinces-2008", case)
    path = case / "params.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    (row,) = [i for i, line in enumerate(lines, 1) if line.startswith("weight_band")]
    lines[row - 1] = "weight_band: -1"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(qt.InputError) as refused:
        plan(case)
    (complaint,) = refused.value.complaints
    assert (complaint.file, complaint.row, complaint.column) == ("params.yaml", row, "weight_band")


REGIONS = {
    "region: {box: {relative: 10%}}": ("region.box.relative", "不加引号：0.1"),
    "region: {bx: {relative: 0.1}}": ("region", "是否应为“box”"),
    "region: {rank_order: [brnd]}": ("region.rank_order.1", "没有指标“brnd”"),
    "region: {hull: w.csv}": ("region.hull", "找不到文件"),
    "region: {levels: [0.1, 2]}": ("region.levels.2", "不大于 1"),
    "region: [{box: 0.1}, {hull: [{excellent: 1}]}]": ("region.2.hull.1", "缺少指标"),
}


@pytest.mark.parametrize("line", REGIONS)
def test_a_region_is_refused_before_a_run_with_its_line(tmp_path, line):
    column, part = REGIONS[line]
    case = tmp_path / "case"
    shutil.copytree(packaged_cases() / "provinces-2008", case)
    path = case / "params.yaml"
    text = path.read_text(encoding="utf-8").rstrip() + "\n"
    path.write_text(text + line + "\n", encoding="utf-8")
    with pytest.raises(qt.InputError) as refused:
        plan(case)
    (complaint,) = refused.value.complaints
    found = (complaint.file, complaint.row, complaint.column)
    assert complaint.column == column and part in complaint.of("zh")
    row = None if part == "找不到文件" else text.count("\n") + 1
    assert found == ("params.yaml", row, column)


def test_a_region_of_a_setting_is_refused_without_a_line():
    with pytest.raises(qt.InputError) as refused:
        plan("provinces-2008", {"region": {"levels": []}})
    (complaint,) = refused.value.complaints
    found = (complaint.file, complaint.row, complaint.column)
    assert found == ('--set region={"levels": []}', None, "levels")


def test_a_unit_to_be_shown_must_be_assessed_in_both_years():
    assert plan("city-2026", {"unit": "丁市"})
    with pytest.raises(qt.InputError, match=r"unit.*丁县.*丁市"):
        plan("city-2026", {"unit": "丁县"})


@pytest.mark.parametrize("name", ["优等品率", "优 等品率", "优等\u200b品率"])
def test_indicators_of_one_name_are_refused_before_a_run(tmp_path, name):
    case = tmp_path / "case"
    shutil.copytree(packaged_cases() / "provinces-2008", case)
    path = case / "scheme.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count('zh: "质量损失率"') == 1
    path.write_text(text.replace('zh: "质量损失率"', f'zh: "{name}"'), encoding="utf-8")
    with pytest.raises(qt.InputError) as refused:
        plan(case)
    (sentence,) = refused.value.sentences("zh")
    assert sentence.startswith("scheme.yaml，“loss.name”：") and "“excellent”" in sentence


@pytest.mark.parametrize("year", ["2026", "2026年", "2026年度", "２０２６年度", "2026 年度", 2026])
def test_a_year_does_not_stand_twice_in_the_title(year):
    leaf = {"id": "x", "name": "x", "points": 100.0, "rule": {"kind": "share"}}
    scheme = scheme_of(
        {
            "id": "s",
            "name": "s",
            "year": year,
            "indicators": [leaf],
            "grades": [{"id": "A", "cutoff": 0.0}],
        }
    )
    assert (
        scheme.year == "2026"
        and memo_title(scheme.year).zh == "2026年度质量工作考核方案测算论证报告"
    )


@pytest.mark.parametrize(
    ("key", "value", "option"),
    [
        ("grades.A.quota", 0, "--set grades.A.quota=0"),
        ("grades.A.quota", "x", "--set grades.A.quota=x"),
        ("grades.Z.quota", 2, "--set grades.Z.quota=2"),
        ("cutoffs.A", "x", "--set cutoffs.A=x"),
        ("points.brand", -1, "--set points.brand=-1"),
        ("weight_band", 7, "--set weight_band=7"),
    ],
)
def test_a_wrong_setting_is_named_as_the_option_that_gave_it(key, value, option):
    with pytest.raises(qt.InputError) as caught:
        plan("city-2026", {key: value})
    (complaint,) = caught.value.complaints
    assert (complaint.file, complaint.row) == (option, None)
    assert all(sentence.startswith(option) for sentence in (complaint.of("zh"), complaint.of("en")))


def test_a_wrong_number_in_the_file_is_named_there_beside_an_option(tmp_path):
    case = new_case(tmp_path / "mine", "city-2026")
    path = case / "params.yaml"
    path.write_text(
        "scheme: scheme.yaml\ndata: data.csv\nchanges: {cutoffs.A: x}\n", encoding="utf-8"
    )
    with pytest.raises(qt.InputError) as caught:
        plan(case, {"grades.A.quota": 0})
    places = {(each.file, each.row, each.column) for each in caught.value.complaints}
    assert places == {
        ("params.yaml", 3, "changes.cutoffs.A"),
        ("--set grades.A.quota=0", None, None),
    }
