"""The sentence for each changed grade: what moved it, in words that fit what was done to the schemes by hand."""

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.report import comparison as views
from qtoolkit.report import reasons
from qtoolkit.report.blocks import Chart, DataTable, Paragraph
from tests.comparison.test_comparing import scheme_with, share


def compared(old_scheme, old, new_scheme, new):
    index = list("甲乙丙丁")
    frames = [pd.DataFrame(data, index=index[: len(next(iter(data.values())))]) for data in (old, new)]
    return qt.comparison.compare(qt.assess(old_scheme, frames[0]), qt.assess(new_scheme, frames[1]))


def sentence(comparison, unit="甲"):
    """The sentence about a unit, both wordings."""
    texts = [b.text for b in reasons.reasons(comparison) if isinstance(b, Paragraph)]
    return next(text for text in texts if text.zh.startswith(f"{unit}：") or unit in text.zh)


ONE = [share("a", 60.0), share("b", 40.0)]
LINES = {"A": 90.0, "B": 0.0}
PLAIN = scheme_with(ONE, LINES)
GOOD, POOR = {"a": [0.95], "b": [0.95]}, {"a": [0.85], "b": [0.94]}


def test_results_that_fell_name_the_indicator():
    text = sentence(compared(PLAIN, GOOD, PLAIN, POOR))
    assert text.zh == "甲：等级由A变为B，主要因为工作实绩有所下降，得分−6.40分（变化最大的是“a”−6.00分、“b”−0.40分）。得分由95.00分变为88.60分，其中数据−6.40分。"
    assert text.en.startswith("甲: the grade changes from A to B, mainly because its results fell: −6.40 points (most on “a” −6.00, “b” −0.40).")


def test_points_are_named():
    text = sentence(compared(PLAIN, {"a": [0.8], "b": [1.0]}, scheme_with([share("a", 40.0), share("b", 60.0)], LINES), {"a": [0.8], "b": [1.0]}))
    assert "等级由B变为A，主要因为指标分值和评分规则调整（含新增、拆分、取消的指标），得分+4.00分" in text.zh and "points and rules" in text.en


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ({"A": 96.0, "B": 0.0}, "A分数线由90分改为96分"), ({"A": {"cutoff": 90.0, "quota": 0}, "B": 0.0}, "A名额由不限改为0家"),
    ],
)  # fmt: skip
def test_moved_lines_and_quotas_are_named(lines, words):
    text = sentence(compared(PLAIN, GOOD, scheme_with(ONE, lines), GOOD))
    assert f"主要因为分数线、名额或取整办法有变化（{words}）" in text.zh and "其中" not in text.zh


def test_rounding_is_named():
    whole = scheme_with(ONE, LINES, rounding={"total": {"decimals": 0}})
    text = sentence(compared(PLAIN, {"a": [0.895], "b": [0.895]}, whole, {"a": [0.895], "b": [0.895]}))
    assert "总分由不取整改为四舍五入到整数" in text.zh and "half up to whole points" in text.en


VETO = {"vetoes": [{"id": "v", "name": {"zh": "质量事故", "en": "an accident"}, "cap": "B"}], "bonuses": [{"id": "m", "name": "m", "max": 5.0}]}


def test_a_veto_is_named_and_so_is_one_that_no_longer_applies():
    scheme = scheme_with(ONE, LINES, **VETO)
    struck = GOOD | {"veto:v": ["是"]}
    text = sentence(compared(scheme, GOOD, scheme, struck))
    assert "存在“质量事故”情形，适用一票否决（按得分为A）" in text.zh and "a veto applies for “an accident”" in text.en
    assert "上次因“质量事故”适用的一票否决，本次不再适用" in sentence(compared(scheme, struck, scheme, GOOD)).zh


def test_a_bonus_is_named():
    scheme, data = scheme_with(ONE, LINES, **VETO), {"a": [0.88], "b": [0.88]}
    assert "加减分有变化，得分+3.00分" in sentence(compared(scheme, data, scheme, data | {"bonus:m": [3.0]})).zh


def test_approval_is_named_with_its_reason():
    approved = GOOD | {"approved": ["B"], "approved_reason": ["有舆情 | public concern"], "approved_by": ["领导小组"]}
    text = sentence(compared(PLAIN, GOOD, PLAIN, approved))
    assert "审定时由初评的A定为B，理由是有舆情" in text.zh and "approval turned the computed A into B (public concern)" in text.en


def test_a_unit_pushed_out_of_a_quota_by_others_is_told_so():
    scheme = scheme_with(ONE, {"A": {"cutoff": 80.0, "quota": 1}, "B": 0.0})
    old, new = {"a": [0.9, 0.85], "b": [0.9, 0.85]}, {"a": [0.92, 0.97], "b": [0.92, 0.97]}
    comparison = compared(scheme, old, scheme, new)
    down, up = sentence(comparison, "甲"), sentence(comparison, "乙")
    assert "其他考核对象的得分变化改变了名次，等级名额随之变化（自身因数据+2.00分）" in down.zh and "a quota leaves" in down.en
    assert "工作实绩有所提高，得分+12.00分" in up.zh


def test_influences_that_cancel_out_have_their_own_sentence():
    scheme = scheme_with(ONE, LINES, **VETO)
    comparison = compared(scheme, {"a": [0.88], "b": [0.88], "bonus:m": [3.0]}, scheme, {"a": [0.95], "b": [0.95]})
    (text,) = [b.text for b in reasons.reasons(comparison) if "相互抵消" in b.text.zh]
    assert text.zh == "等级未变而有几方面影响相互抵消的：甲（数据使等级上升，否决和加减分使其下降）。"


def test_every_changed_grade_of_the_city_case_is_explained_in_both_languages():
    case = qt.read_case("city-2026")
    result = qt.assess(case.scheme, case.table)
    comparison = qt.comparison.with_last_year(case, result)
    before, after = (r.approved.astype(str) for r in (comparison.before, result))
    changed = [u for u in after.index if before[u] != after[u]]
    texts = [b.text for b in reasons.reasons(comparison)]
    assert len(changed) == 5
    for unit in changed:
        label, (old, new) = result.labels[unit], (case.scheme.grade(x[unit]).label for x in (before, after))
        (text,) = [t for t in texts if t.zh.startswith(f"{label.zh}：等级由{old.zh}变为{new.zh}，主要因为")]
        assert text.en.startswith(f"{label.en}: the grade changes from {old.en} to {new.en}, mainly because ")
        assert f"{comparison.decomposition.loc[unit, 'score_after']:.2f}" in text.zh


def test_without_a_previous_year_there_is_one_note_and_nothing_else():
    case = qt.read_case("provinces-2008")
    result = qt.assess(case.scheme, case.table)
    assert qt.comparison.with_last_year(case, result) is None and qt.comparison.history_of(result) is None
    (note,) = views.transitions(None)
    assert note.chapter is None and "previous" in note.text.zh
    assert [*reasons.reasons(None), *views.parts(None), *views.alone(None), *views.revision(None), *views.history(None), *views.methods(None)] == []


def test_other_numbers_of_grades_are_said_and_scores_still_decomposed():
    comparison = compared(PLAIN, GOOD, scheme_with(ONE, {"A": 95.0, "B": 80.0, "C": 0.0}), POOR)
    texts = [b.text.zh for b in views.transitions(comparison) if isinstance(b, Paragraph)]
    assert any("2个等级" in text and "3个" in text for text in texts) and reasons.reasons(comparison) == []
    assert {b.name for b in views.parts(comparison) if isinstance(b, Chart | DataTable)} == {"decomposition", "decomposition_unit"} | {"decomposition"}


def test_the_revision_table_shows_each_kind_of_link():
    old = scheme_with([share("a", 20.0), share("b", 40.0), share("c", 40.0)], LINES)
    new = scheme_with([share("a", 30.0), share("b1", 20.0, previous=["b"]), share("b2", 30.0, previous=["b"]), share("n", 20.0)], LINES)
    comparison = compared(old, {"a": [1.0], "b": [1.0], "c": [1.0]}, new, {"a": [1.0], "b1": [1.0], "b2": [1.0], "n": [1.0]})
    text, table = views.revision(comparison)
    assert "保留1项考核要点（其中1项分值有变化），拆分1项为2项，合并为0项，新增1项（n），取消1项（c）" in text.text.zh
    assert [k.zh for k in table.frame["kind"]] == ["保留", "拆分", "拆分", "新增", "取消"]
    assert table.frame["change"].tolist()[0] == 10 and table.frame["before"].isna().tolist() == [False, False, True, True, False]


def test_a_misspelt_unit_of_the_figure_names_the_nearest():
    with pytest.raises(qt.InputError) as caught:
        views.parts(compared(PLAIN, GOOD, PLAIN, POOR), "甲市")
    assert "甲市" in caught.value.sentences("zh")[0]
