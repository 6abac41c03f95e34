"""The sentence for each changed grade: what moved it, in words that fit what was done to the
schemes by hand."""

import re

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.language import Text
from qtoolkit.report import comparison as views
from qtoolkit.report import reasons
from qtoolkit.report.blocks import Chart, DataTable, Paragraph, payload
from tests.comparison.test_comparing import scheme_with, share


def compared(old_scheme, old, new_scheme, new):
    index = list("甲乙丙丁")
    nobody = {
        f"veto:{veto.id}": "否" for scheme in (old_scheme, new_scheme) for veto in scheme.vetoes
    }
    frames = [
        pd.DataFrame(nobody | data, index=index[: len(next(iter(data.values())))])
        for data in (old, new)
    ]
    return qt.comparison.compare(qt.assess(old_scheme, frames[0]), qt.assess(new_scheme, frames[1]))


def sentence(comparison, unit="甲"):
    """The sentence about a unit, both wordings."""
    texts = [b.text for b in reasons.reasons(comparison) if isinstance(b, Paragraph)]
    own = [text for text in texts if text.zh.startswith(f"{unit}：")]
    return [*own, *(text for text in texts if unit in text.zh)][0]


def line_changes(comparison):
    """What is said to have changed in cutoffs, quotas and rounding."""
    text = views.alone(comparison)[0].text
    zh = re.search(r"（改动：(.*)）。", text.zh)
    return Text(zh[1], re.search(r" \(changed: (.*)\)\.", text.en)[1])


ONE = [share("a", 60.0), share("b", 40.0)]
LINES = {"A": 90.0, "B": 0.0}
PLAIN = scheme_with(ONE, LINES)
GOOD, POOR = {"a": [0.95], "b": [0.95]}, {"a": [0.85], "b": [0.94]}


def test_results_that_fell_name_the_indicator():
    """88.6 points: with a as it was 94.6, an A; with b as it was 89, a B still."""
    text = sentence(compared(PLAIN, GOOD, PLAIN, POOR))
    assert (
        text.zh
        == "甲：初评等级由A变为B，主要因为工作实绩有所下降，得分−6.40分（变化最大的是“a”−6.00分）。"
        "得分由95.00分变为88.60分。"
    )
    assert text.en.startswith(
        "甲: the computed grade changes from A to B, mainly because its results fell: −6.40 points "
        "(most on “a” −6.00)."
    )


def test_points_are_named():
    text = sentence(
        compared(
            PLAIN,
            {"a": [0.8], "b": [1.0]},
            scheme_with([share("a", 40.0), share("b", 60.0)], LINES),
            {"a": [0.8], "b": [1.0]},
        )
    )
    assert (
        "等级由B变为A，主要因为指标分值调整，得分+4.00分。" in text.zh
        and "mainly because points of indicators changed: +4.00 points." in text.en
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ({"A": 96.0, "B": 0.0}, "A分数线由90分改为96分"),
        ({"A": {"cutoff": 90.0, "quota": 0}, "B": 0.0}, "A名额由不限改为0家"),
    ],
)
def test_moved_lines_and_quotas_are_named(lines, words):
    text = sentence(compared(PLAIN, GOOD, scheme_with(ONE, lines), GOOD))
    assert f"主要因为分数线、名额或取整办法有变化（{words}）" in text.zh and "其中" not in text.zh


def test_rounding_is_named():
    whole = scheme_with(ONE, LINES, rounding={"total": {"decimals": 0}})
    text = sentence(
        compared(PLAIN, {"a": [0.895], "b": [0.895]}, whole, {"a": [0.895], "b": [0.895]})
    )
    assert "总分由不取整改为四舍五入到整数" in text.zh and "half up to whole points" in text.en


VETO = {
    "vetoes": [{"id": "v", "name": {"zh": "质量事故", "en": "an accident"}, "cap": "B"}],
    "bonuses": [{"id": "m", "name": "m", "max": 5.0}],
}


def test_a_veto_is_named_and_so_is_one_that_no_longer_applies():
    scheme = scheme_with(ONE, LINES, **VETO)
    struck = GOOD | {"veto:v": ["是"]}
    text = sentence(compared(scheme, GOOD, scheme, struck))
    assert (
        "存在“质量事故”情形，适用一票否决（按得分为A）" in text.zh
        and "a veto applies for “an accident”" in text.en
    )
    assert (
        "上次因“质量事故”适用的一票否决，本次不再适用"
        in sentence(compared(scheme, struck, scheme, GOOD)).zh
    )


def test_a_bonus_is_named():
    scheme, data = scheme_with(ONE, LINES, **VETO), {"a": [0.88], "b": [0.88]}
    assert (
        "加减分有变化，得分+3.00分"
        in sentence(compared(scheme, data, scheme, data | {"bonus:m": [3.0]})).zh
    )


def test_approval_is_named_with_its_reason():
    approved = GOOD | {
        "approved": ["B"],
        "approved_reason": ["有舆情 | public concern"],
        "approved_by": ["领导小组"],
    }
    text = sentence(compared(PLAIN, GOOD, PLAIN, approved))
    assert (
        "审定时由初评的A定为B，理由是有舆情" in text.zh
        and "approval turned the computed A into B (public concern)" in text.en
    )


def test_a_unit_pushed_out_of_a_quota_by_others_is_told_so():
    scheme = scheme_with(ONE, {"A": {"cutoff": 80.0, "quota": 1}, "B": 0.0})
    old, new = {"a": [0.9, 0.85], "b": [0.9, 0.85]}, {"a": [0.92, 0.97], "b": [0.92, 0.97]}
    comparison = compared(scheme, old, scheme, new)
    down, up = sentence(comparison, "甲"), sentence(comparison, "乙")
    assert (
        "其他考核对象的数据变化改变了名次，等级名额随之变化（自身得分因数据变动+2.00分），名额由乙取得"
        in down.zh
        and "a quota leaves (its own score moved by +2.00), a place taken by 乙." in down.en
    )
    assert "等级名额随之变化，名额由甲让出" in up.zh
    assert "工作实绩有所提高，得分+12.00分" in up.zh


def test_a_unit_that_left_gave_up_its_place_by_name():
    scheme = scheme_with(ONE, {"A": {"cutoff": 80.0, "quota": 1}, "B": 0.0})
    both, one = {"a": [0.85, 0.9], "b": [0.85, 0.9]}, {"a": [0.85], "b": [0.85]}
    text = sentence(compared(scheme, both, scheme, one))
    assert "由B变为A，主要因为参加考核的单位有变化，等级名额随之变化，名额由乙让出。" in text.zh
    assert "other units were assessed, and with it the places that a quota leaves" in text.en
    assert "a place given up by 乙." in text.en


def test_influences_that_cancel_out_have_their_own_sentence():
    scheme = scheme_with(ONE, LINES, **VETO)
    comparison = compared(
        scheme, {"a": [0.88], "b": [0.88], "bonus:m": [3.0]}, scheme, {"a": [0.95], "b": [0.95]}
    )
    (text,) = [b.text for b in reasons.reasons(comparison) if "相互抵消" in b.text.zh]
    assert (
        text.zh == "等级未变而有几方面影响相互抵消的：甲（数据使等级上升，否决和加减分使其下降）。"
    )


def test_every_changed_grade_of_the_city_case_is_explained_in_both_languages():
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    comparison = qt.comparison.with_last_year(case, result)
    before, after = (r.approved.astype(str) for r in (comparison.before, result))
    changed = [u for u in after.index if before[u] != after[u]]
    texts = [b.text for b in reasons.reasons(comparison)]
    assert len(changed) == 5
    for unit in changed:
        label, (old, new) = (
            result.labels[unit],
            (case.scheme.grade(x[unit]).label for x in (before, after)),
        )
        (text,) = [
            t
            for t in texts
            if t.zh.startswith(f"{label.zh}：等级由{old.zh}（初评）变为{new.zh}（审定），主要因为")
        ]
        assert text.en.startswith(
            f"{label.en}: the grade changes from {old.en} (computed) to {new.en} (approved), "
            "mainly because "
        )
        assert f"{comparison.decomposition.loc[unit, 'score_after']:.2f}" in text.zh


def test_without_a_previous_year_there_is_one_note_and_nothing_else():
    case = qt.read_case("provinces-2008")
    result = qt.assess(case.scheme, case.table)
    assert (
        qt.comparison.with_last_year(case, result) is None
        and qt.comparison.history_of(result) is None
    )
    (note,) = views.transitions(None)
    assert note.chapter is None and "previous" in note.text.zh
    assert [
        *reasons.reasons(None),
        *views.parts(None),
        *views.alone(None),
        *views.revision(None),
        *views.history(None),
        *views.methods(None),
    ] == []


def test_other_numbers_of_grades_are_said_and_scores_still_decomposed():
    comparison = compared(PLAIN, GOOD, scheme_with(ONE, {"A": 95.0, "B": 80.0, "C": 0.0}), POOR)
    texts = [b.text.zh for b in views.transitions(comparison) if isinstance(b, Paragraph)]
    assert (
        any("2个等级" in text and "3个" in text for text in texts)
        and reasons.reasons(comparison) == []
    )
    assert {b.name for b in views.parts(comparison) if isinstance(b, Chart | DataTable)} == {
        "decomposition",
        "decomposition_unit",
    } | {"decomposition"}


def test_the_revision_table_shows_each_kind_of_link():
    old = scheme_with([share("a", 20.0), share("b", 40.0), share("c", 40.0)], LINES)
    new = scheme_with(
        [
            share("a", 30.0),
            share("b1", 20.0, previous=["b"]),
            share("b2", 30.0, previous=["b"]),
            share("n", 20.0),
        ],
        LINES,
    )
    comparison = compared(
        old,
        {"a": [1.0], "b": [1.0], "c": [1.0]},
        new,
        {"a": [1.0], "b1": [1.0], "b2": [1.0], "n": [1.0]},
    )
    text, table = views.revision(comparison)
    assert (
        "保留1项考核要点（其中1项分值有变化），拆分1项为2项，合并为0项，新增1项（n），取消1项（c）"
        in text.text.zh
    )
    rows = payload(table, "zh")["cells"]  # 100 and 100 points, by hand
    assert rows == [
        ["a", "20", "a", "30", "保留", "+10"],
        ["b", "40", "b1", "20", "拆分", "—"],
        ["—", "—", "b2", "30", "拆分", "—"],
        ["小计", "40", "—", "50", "—", "+10"],
        ["—", "—", "n", "20", "新增", "+20"],
        ["c", "40", "—", "—", "取消", "−40"],
        ["合计", "100", "—", "100", "—", "0"],
    ]


def test_a_misspelt_unit_of_the_figure_names_the_nearest():
    with pytest.raises(qt.InputError) as caught:
        views.parts(compared(PLAIN, GOOD, PLAIN, POOR), "甲市")
    assert "甲市" in caught.value.sentences("zh")[0]


def leaf(id="a", points=100.0, rule="share", **keys):
    return {
        "id": id,
        "name": id,
        "points": points,
        "rule": rule if isinstance(rule, dict) else {"kind": rule},
    } | keys


HIGHER = {"direction": "higher"}
BLANKS = {"not_reported": "zero", "not_applicable": "full", "pending": "group_mean"}
CLASSED = scheme_with(
    [leaf()], {"A": {"cutoff": 90.0, "class_cutoffs": {"q": 80.0}}, "B": 0.0}, classes=["p", "q"]
)


@pytest.mark.parametrize(
    ("scheme", "old", "new", "words"),
    [
        (
            CLASSED,
            {"a": [0.83, 0.5], "class": ["p", "q"]},
            {"a": [0.83, 0.5], "class": ["q", "q"]},
            "类别划分有变化（所属类别由p变为q、A分数线由90分改为80分）",
        ),
        (
            scheme_with([leaf(rule={"kind": "target"} | HIGHER)], LINES),
            {"a": [80.0], "target:a": [100.0]},
            {"a": [80.0], "target:a": [85.0]},
            "备案目标值或基期值有变化，得分+14.12分",
        ),
        (
            scheme_with([leaf(rule={"kind": "minmax"} | HIGHER)], LINES),
            {"a": [80.0, 100, 0]},
            {"a": [80.0, 81, 0]},
            "其他考核对象的数值有变化，相对得分提高，得分+18.77分",
        ),
        (
            scheme_with([leaf("a", 50.0), leaf("b", 50.0)], LINES, missing=BLANKS),
            {"a": [0.95], "b": [0.5]},
            {"a": [0.95], "b": ["不适用"]},
            "指标数据由有数值变为空缺（未报送、不适用、待核实等），得分+25.00分",
        ),
        (
            scheme_with([leaf("a", 50.0), leaf("b", 50.0)], LINES, missing=BLANKS),
            {"a": [0.95], "b": ["未报送"]},
            {"a": [0.95], "b": [0.9]},
            "原来空缺（未报送、不适用、待核实等）的指标数据有了数值，得分+45.00分",
        ),
        (
            scheme_with([leaf("a", 50.0), leaf("b", 50.0)], LINES, missing=BLANKS),
            {"a": [0.95], "b": ["未报送"]},
            {"a": [0.95], "b": ["不适用"]},
            "数据状态（不适用、未报送、待核实等）有变化，得分+50.00分",
        ),
    ],
)
def test_results_are_said_to_change_only_where_they_did(scheme, old, new, words):
    text = sentence(compared(scheme, old, scheme, new))
    assert f"主要因为{words}" in text.zh and "实绩" not in text.zh and "results" not in text.en


def test_a_part_of_the_score_that_goes_the_other_way_has_no_verb():
    old, new = (
        scheme_with([leaf("a", a), leaf("b", 100 - a)], {"A": 80.0, "B": 0.0}) for a in (50.0, 90.0)
    )
    text = sentence(compared(old, {"a": [0.98], "b": [0.52]}, new, {"a": [0.85], "b": [0.80]}))
    assert "数据有变化，得分−0.70分" in text.zh and "提高" not in text.zh


QUOTA = scheme_with(
    [leaf()],
    {"A": {"cutoff": 80.0, "quota": 1}, "B": 0.0},
    vetoes=[{"id": "v", "name": "事故", "cap": "B"}],
)
THREE = {"A": 90.0, "B": 80.0, "C": 0.0}
BOTH = scheme_with(
    [leaf()],
    THREE,
    vetoes=[{"id": "v", "name": "事故", "cap": "B"}],
    bonuses=[{"id": "m", "name": "m", "max": 10.0}],
)
TWO = scheme_with(
    [leaf()],
    {"A": 90.0, "B": 80.0, "C": 60.0, "D": 0.0},
    vetoes=[
        {"id": "v", "name": "重大事故", "cap": "D"},
        {"id": "w", "name": "一般事故", "lower": 1},
    ],
)


@pytest.mark.parametrize(
    ("old_scheme", "old", "new_scheme", "new", "words"),
    [
        (
            QUOTA,
            {"a": [0.85, 0.95], "veto:v": ["否", "否"]},
            QUOTA,
            {"a": [0.85, 0.95], "veto:v": ["否", "是"]},
            "其他考核对象的否决和加减分变化改变了名次，等级名额随之变化",
        ),
        (
            BOTH,
            {"a": [0.78], "veto:v": ["是"]},
            BOTH,
            {"a": [0.78], "veto:v": ["是"], "bonus:m": [5.0]},
            "加减分有变化，得分+5.00分",
        ),
        (
            TWO,
            {"a": [0.95], "veto:v": ["是"]},
            TWO,
            {"a": [0.95], "veto:w": ["是"]},
            "上次因“重大事故”适用的一票否决，本次不再适用",
        ),
        (
            scheme_with([leaf()], THREE, vetoes=[{"id": "v", "name": "事故", "cap": "C"}]),
            {"a": [0.95], "veto:v": ["是"]},
            scheme_with([leaf()], THREE, vetoes=[{"id": "v", "name": "事故", "cap": "B"}]),
            {"a": [0.95], "veto:v": ["是"]},
            "“事故”的处理结果有变化",
        ),
        (
            scheme_with([leaf()], LINES),
            {"a": [0.95]},
            scheme_with([leaf()], LINES, cap=85.0),
            {"a": [0.95]},
            "总分的封顶、保底有变化，得分−10.00分",
        ),
        (
            scheme_with([leaf()], {"A": 50.0, "B": {"cutoff": 0.0, "last": 1}}),
            {"a": [0.9, 0.8]},
            scheme_with([leaf()], {"A": 50.0, "B": {"cutoff": 0.0, "last": 1}}),
            {"a": [0.9, 0.95]},
            "末位名单随之变化",
        ),
    ],
)
def test_vetoes_bonus_and_places_are_told_apart(old_scheme, old, new_scheme, new, words):
    assert words in sentence(compared(old_scheme, old, new_scheme, new)).zh


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            {"A": {"cutoff": 90.0, "class_cutoffs": {"q": 85.0}}, "B": 0.0},
            {"A": {"cutoff": 90.0, "class_cutoffs": {"q": 80.0}}, "B": 0.0},
            "A分数线由85分改为80分",
        ),
        (
            {"A": {"cutoff": 80.0, "quota": 1}, "B": 0.0},
            {"A": {"cutoff": 80.0, "quota": 1, "ties": "in"}, "B": 0.0},
            "A并列时的处理有变化",
        ),
    ],
)
def test_lines_are_named_as_they_changed(old, new, words):
    classed = {"classes": ["p", "q"]} if "class_cutoffs" in old["A"] else {}
    data = {"a": [0.83, 0.83]} | ({"class": ["q", "q"]} if classed else {})
    text = sentence(
        compared(
            scheme_with([leaf()], old, **classed), data, scheme_with([leaf()], new, **classed), data
        )
    )
    assert words in text.zh and "由90分改为90分" not in text.zh


def test_a_place_lost_to_a_unit_that_came_into_the_class_is_put_on_classes():
    grades = {"A": {"cutoff": 50.0, "quota": 1, "within": "class"}, "B": 0.0}
    scheme, data = scheme_with([leaf()], grades, classes=["p", "q"]), {"a": [0.8, 0.9]}
    comparison = compared(
        scheme, data | {"class": ["p", "q"]}, scheme, data | {"class": ["p", "p"]}
    )
    text = sentence(comparison)
    assert (
        "由A变为B，主要因为类别划分有变化（另有1家所属类别有变化），等级名额随之变化，名额由乙取得"
        in text.zh
    )
    assert "the classes of units changed (1 other unit is of another class)" in text.en
    said = line_changes(comparison)
    assert said == Text("1家所属类别有变化", "1 unit is of another class")


def test_a_mean_that_moved_with_the_class_of_another_unit_is_put_on_classes():
    """甲 has no value of b and takes the mean of its class: 0.9 of 乙; then 丙 with 0.5 has come
    into the class, and 50 · 0.9 + 50 · 0.7 is 80."""
    leaves = [leaf("a", 50.0), leaf("b", 50.0)]
    scheme = scheme_with(leaves, LINES, missing=BLANKS, classes=["p", "q"])
    data = {"a": [0.9, 0.9, 0.9], "b": ["待核实", 0.9, 0.5]}
    frames = (data | {"class": ["p", "p", c]} for c in "qp")
    text = sentence(compared(scheme, next(frames), scheme, next(frames)))
    assert "由A变为B，主要因为类别划分有变化。得分由90.00分变为80.00分" in text.zh
    assert "mainly because the classes of units changed. The score" in text.en


def test_order_of_rounding_and_unequal_totals_in_the_changes_of_lines():
    keys = {
        "bonuses": [{"id": "m", "name": "m", "max": 10.0}],
        "rounding": {"total": {"decimals": 0}},
    }
    data = {"a": [0.894], "bonus:m": [0.3]}
    text = sentence(
        compared(
            scheme_with([leaf()], LINES, **keys),
            data,
            scheme_with([leaf()], LINES, order={"rounding": "before_bonus"}, **keys),
            data,
        )
    )
    assert "取整与加减分的先后有变化" in text.zh
    thousand = compared(
        scheme_with([leaf(points=1000.0)], {"A": 900.0, "B": 0.0}),
        {"a": [0.95]},
        scheme_with([leaf()], LINES),
        {"a": [0.95]},
    )
    assert line_changes(thousand).zh == "无"


def test_rounding_is_said_to_change_where_its_step_is_another_share_of_the_total():
    def year(full, **stages):
        leaves = [leaf(points=full)]
        rounding = {stage: {"decimals": decimals} for stage, decimals in stages.items()}
        return scheme_with(leaves, {"A": full * 0.9, "B": 0.0}, rounding=rounding)

    data = {"a": [0.896]}
    whole = compared(year(100.0, total=0), data, year(1000.0, total=0), data)
    said = line_changes(whole)
    assert said.zh == "总分由四舍五入到整数（满分100分）改为四舍五入到整数（满分1000分）"
    assert (
        said.en
        == "the total from half up to whole points (of 100) to half up to whole points (of 1000)"
    )
    assert f"主要因为分数线、名额或取整办法有变化（{said.zh}）" in sentence(whole).zh
    text = [block.text for block in views.alone(whole) if isinstance(block, Paragraph)]
    assert "本次分值的100%与上次对应）：没有考核对象初评等级变化。" in text[0].zh
    assert (
        f"只换用本次的分数线、名额和取整：初评等级变化的有甲（由A变为B）（改动：{said.zh}）"
        in text[0].zh
    )
    assert (
        f"rounding alone: other computed grades for 甲 (from A to B) (changed: {said.en})"
        in text[0].en
    )
    assert "按上次满分100分折算" in text[1].zh and "out of this time's 1000" in text[1].en
    shifted = compared(year(100.0, total=1, leaf=1), data, year(10.0, total=2, leaf=2), data)
    assert line_changes(shifted) == Text("无", "none")
    below = compared(year(100.0, leaf=1), data, year(10.0, leaf=1), data)
    assert line_changes(below).zh == "各级指标取整有变化"


def test_an_approval_without_a_reason_beside_one_with_a_reason_is_not_nan():
    old, new = (
        {"a": [0.85, 0.85]},
        {"a": [0.85, 0.85], "approved": ["A", "A"], "approved_reason": [None, "有理由"]},
    )
    text = sentence(compared(scheme_with([leaf()], LINES), old, scheme_with([leaf()], LINES), new))
    assert "nan" not in text.zh and "审定时由初评的B定为A。" in text.zh


def test_both_approvals_are_named():
    scheme = scheme_with([leaf()], {"A": 90.0, "B": 80.0, "C": 0.0})
    text = sentence(
        compared(scheme, {"a": [0.7], "approved": ["A"]}, scheme, {"a": [0.7], "approved": ["B"]})
    )
    assert text.zh.count("审定时由初评的C定为") == 2


def test_no_indicator_in_common_is_said_and_not_computed():
    comparison = compared(
        scheme_with([leaf("x")], LINES),
        {"x": [0.95]},
        scheme_with([leaf("y")], LINES),
        {"y": [0.95]},
    )
    (text,) = views.alone(comparison)
    assert "previous" in text.text.zh and comparison.alone["points"].isna().all()
    with pytest.raises(qt.InputError, match="previous"):
        qt.comparison.points_alone(comparison.before, comparison.after.scheme)


def test_renamed_grades_are_no_change_and_other_numbers_are_said():
    data = {"a": [0.95, 0.5]}
    renamed = compared(
        scheme_with([leaf()], LINES), data, scheme_with([leaf()], {"X": 90.0, "Y": 0.0}), data
    )
    assert views.alone(renamed)[0].text.zh.count("没有考核对象初评等级变化") == 2
    three = compared(
        scheme_with([leaf()], LINES),
        data,
        scheme_with([leaf()], {"A": 97.0, "B": 60.0, "C": 0.0}),
        data,
    )
    assert "等级数不同，不逐级比较" in views.alone(three)[0].text.zh


def test_what_cannot_be_mixed_leaves_the_rest_of_the_comparison():
    scheme = scheme_with([leaf("a", 50.0), leaf("b", 50.0)], LINES, missing=BLANKS)
    frames = (
        pd.DataFrame({"a": [0.95, 1], "b": ["待核实", 0.2]}, index=["u", "v"]),
        pd.DataFrame({"a": [0.95, 1.0], "b": [0.9, 1.0]}, index=["u", "w"]),
    )
    comparison = qt.comparison.compare(*(qt.assess(scheme, frame) for frame in frames))
    assert (
        comparison.transitions.loc["B", "A"] == 1 and comparison.decomposition["data"].isna().all()
    )
    (note,) = reasons.reasons(comparison)
    assert "不能混合计分" in note.text.zh and "不分解变化原因" in note.text.zh
    blocks = [
        *views.transitions(comparison),
        *views.parts(comparison),
        *views.alone(comparison),
        *views.revision(comparison),
    ]
    assert not any(block.name == "grade_parts" for block in blocks if isinstance(block, DataTable))
    for block in blocks:
        if isinstance(block, Chart):
            block.draw("zh")


def test_a_unit_of_measure_filled_in_later_is_the_same_measure():
    rule = {"kind": "goalposts", "low": 0.0, "high": 100.0} | HIGHER
    text = sentence(
        compared(
            scheme_with([leaf(rule=rule)], LINES),
            {"a": [95.0]},
            scheme_with([leaf(rule=rule, unit="%")], LINES),
            {"a": [70.0]},
        )
    )
    assert "工作实绩有所下降，得分−25.00分" in text.zh


def test_ignored_and_unknown_declarations_are_noted():
    old = scheme_with([leaf("a", 30.0), leaf("d", 40.0), leaf("e", 30.0)], LINES, year="2025")
    new = scheme_with([leaf("a", 30.0), leaf("d", 70.0, previous=["e"])], LINES, year="2026")
    texts = [
        b.text.zh
        for b in views.revision(
            compared(old, {"a": [1.0], "d": [1.0], "e": [1.0]}, new, {"a": [1.0], "d": [1.0]})
        )
        if isinstance(b, Paragraph)
    ]
    assert any("“e”没有采用" in text for text in texts)
    wrong = scheme_with([leaf("a", 30.0), leaf("d", 70.0, previous=["d", "eee"])], LINES)
    assert qt.comparison.match(old, wrong).unknown == (("d", "eee"),)
