"""Sentences of the summary, the results and the losses, recomputed from the tables beside them: shipped cases in both
languages and random schemes, on the views alone."""

import re
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit.language import LANGUAGES
from qtoolkit.report import assessment, decomposition, reasons, summary
from qtoolkit.report.blocks import DataTable, Paragraph, payload
from tests import strategies
from tests.examples import share

CASES = ["provinces-2008", "tai-2001", "city-2026"]
EXAMPLES = settings(max_examples=share(60))


def read(name):
    case = qt.read_case(name)
    return qt.assess(case.scheme, case.table)


@pytest.fixture(scope="module", params=CASES)
def result(request):
    return read(request.param)


@st.composite
def results(draw, approval=True):
    """Random small assessments; in some of them a unit or two are approved with another grade."""
    given_ = draw(strategies.givens(kinds=strategies.KINDS))
    frame = strategies.frame_of(given_)
    ids = [grade["id"] for grade in given_.scheme["grades"]]
    if approval and draw(st.booleans()):
        frame["approved"] = [draw(st.sampled_from([None, *ids])) for _ in range(len(frame))]
    return qt.assess(strategies.scheme_of(given_.scheme), frame)


def tables(blocks, language):
    """Each table as it is printed: a DataFrame of words."""
    found = {}
    for block in blocks:
        if isinstance(block, DataTable):
            data = payload(block, language)
            found[block.name] = pd.DataFrame(data["cells"], columns=data["header"])
    return found


def sentences(blocks, language):
    return [payload(block, language)["text"] for block in blocks if isinstance(block, Paragraph)]


def one(texts, pattern):
    """The one sentence that a pattern finds."""
    found = [match for text in texts if (match := re.search(pattern, text))]
    assert len(found) == 1, (pattern, texts)
    return found[0]


def shown(text, result, language):
    """Grade label → units, of a list of counts such as "A级4家、B级7家" or "A: 4, B: 7"."""
    form = "{}{}家" if language == "zh" else "{}: {}"
    pattern = [form.format(re.escape(grade.label.of(language)), r"(\d+)") for grade in result.scheme.grades]
    match = re.fullmatch(("、" if language == "zh" else ", ").join(pattern), text)
    assert match, text
    return {grade.label.of(language): int(n) for grade, n in zip(result.scheme.grades, match.groups(), strict=True)}


COUNTS = {"zh": r"初评(.*?)(?:，审定(.*?))?[；。]", "en": r"computed grades (.*?)(?:; approved grades (.*?))?\. "}
COMPUTED = {"zh": "初评等级", "en": "Computed grade"}
APPROVED = {"zh": "审定等级", "en": "Approved grade"}


def check_counts(result):
    """Counts in sentences and in the table of grades are those of the column of the table of scores that they name."""
    first, then = summary.summary(result, 1), assessment.results(result)
    for language in LANGUAGES:
        scores = tables(then, language)["scores"]
        given_ = "approved" in result.table.remarks
        assert (APPROVED[language] in scores) == given_ and COMPUTED[language] in scores
        marks = {"computed": Counter(scores[COMPUTED[language]])} | ({"approved": Counter(scores[APPROVED[language]])} if given_ else {})
        for texts in (sentences(first, language)[:1], sentences(then, language)[:1]):
            match = one(texts, COUNTS[language])
            assert (match[2] is not None) == given_
            for said, counted in zip(match.groups()[: 1 + given_], marks.values(), strict=True):
                assert shown(said, result, language) == {g.label.of(language): counted[g.label.of(language)] for g in result.scheme.grades}
        grades = tables(first, language)["grade_counts"]
        names = {"zh": {"computed": "初评家数", "approved": "审定家数"}, "en": {"computed": "Units, computed", "approved": "Units, approved"}}
        for kind, counted in marks.items():
            assert dict(zip(grades.iloc[:, 0], map(int, grades[names[language][kind]]), strict=True)) == {
                g.label.of(language): counted[g.label.of(language)] for g in result.scheme.grades
            }
        assert (names[language]["approved"] in grades) == given_


def test_each_count_of_grades_says_whether_it_is_computed_or_approved(result):
    check_counts(result)


@EXAMPLES
@given(results())
def test_each_count_of_grades_says_which_it_is_in_random_schemes(result):
    check_counts(result)


def test_last_years_counts_say_which_they_are():
    case = qt.read_case("city-2026")
    result, last = (qt.assess(one.scheme, one.table) for one in (case, case.previous))
    for language, name in (("zh", "上年度初评家数"), ("en", "Computed last year")):
        table = tables(summary.summary(result, 1, case.previous), language)["grade_counts"]
        assert list(map(int, table[name])) == [int((last.grades == g.id).sum()) for g in last.scheme.grades]


def regraded(result, unit):
    """Who of the others is graded otherwise without `unit` in a scheme whose scores are frozen: each score is given directly."""
    frozen = [{"id": "s", "name": "s", "points": result.scheme.total, "rule": {"kind": "direct"}, "scales": True}]
    data = result.scheme.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    data = {key: value for key, value in data.items() if key in ("id", "name", "total", "grades", "classes")}
    others = result.scores.drop(unit)
    frame = pd.DataFrame({"s": others})
    return qt.assess(strategies.scheme_of(data | {"indicators": frozen}), frame).grades.astype(str)


def test_a_place_that_a_quota_frees_is_not_called_relative_scoring():
    """Two of three may be A; b is scored relative to the others by rank. Scores of the others, held as they are and graded again
    by a scheme of one given score, change grade by the quota alone."""
    leaves = [
        {"id": "a", "name": "a", "points": 90.0, "rule": {"kind": "direct"}, "scales": True},
        {"id": "b", "name": "b", "points": 10.0, "rule": {"kind": "rank", "last": 0.9}},
    ]
    scheme = {"id": "q", "name": "q", "total": 100.0, "indicators": leaves}
    scheme |= {"grades": [{"id": "A", "cutoff": 80.0, "quota": 2.0}, {"id": "B", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}]}
    frame = pd.DataFrame({"a": [88.0, 86.0, 84.0, 50.05], "b": [1.0, 2.0, 3.0, 4.0]}, index=list("wxyz"))
    result = qt.assess(strategies.scheme_of(scheme), frame)
    table = qt.decomposition.drop_unit(result)
    for unit in result.scores.index:
        moved = result.without(unit).grades.astype(str) != result.grades.drop(unit).astype(str)
        by_places = regraded(result, unit) != result.grades.drop(unit).astype(str)
        assert (table.loc[unit, "grades"], table.loc[unit, "places"]) == (moved.sum(), (moved & by_places).sum()), unit
    assert table["places"].tolist()[:2] == [1, 1] and table["largest"].max() > 0
    blocks = decomposition.dependence(result)
    for language, pattern in (("zh", r"等级有变化的情形(\d+)个（其中(\d+)个只因"), ("en", r"in (\d+) of .*? changes \((\d+) of them only")):
        rows = tables(blocks, language)["drop_unit"].iloc[:, 1:3].astype(int)
        rows = rows[rows.iloc[:, 0] > 0]
        match = one(sentences(blocks, language), pattern)
        assert [int(n) for n in match.groups()] == [len(rows), int((rows.iloc[:, 0] == rows.iloc[:, 1]).sum())]


def test_grades_that_move_without_a_quota_are_not_put_on_places():
    leaves = [{"id": "b", "name": "b", "points": 100.0, "rule": {"kind": "rank", "last": 0.0}}]
    scheme = {"id": "q", "name": "q", "indicators": leaves, "grades": [{"id": "A", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}]}
    result = qt.assess(strategies.scheme_of(scheme), pd.DataFrame({"b": [1.0, 2.0, 3.0, 4.0]}, index=list("wxyz")))
    table = qt.decomposition.drop_unit(result)
    assert table["grades"].max() > 0 and (table["places"] == 0).all()
    texts = [payload(block, "zh")["text"] for block in decomposition.dependence(result) if isinstance(block, Paragraph)]
    assert not any("只因" in text for text in texts)


def test_a_fall_is_not_put_on_points_that_alone_would_raise_the_score():
    """City P: rules and indicators without a like took 2.38 points, this year's points alone add .16; see tests of `alone`."""
    case = qt.read_case("city-2026")
    found = qt.comparison.with_last_year(case, qt.assess(case.scheme, case.table))
    last = qt.assess(case.previous.scheme, case.previous.table)
    alone = qt.comparison.points_alone(last, case.scheme).scores - last.scores
    for language, pattern in (("zh", r"得分(\S{5})分（用上次数据、只换用本次分值为(\S{5})分；其余(\S{5})分"), ("en", r"changed: (\S{5}) points .*?data: (\S{5}); the other (\S{5}) ")):
        texts = [text for text in sentences(reasons.reasons(found), language) if text.startswith(("巳市", "City P:"))]
        whole, points, rest = (float(x.replace("−", "-")) for x in one(texts, pattern).groups())
        assert points == pytest.approx(alone["巳市"], abs=0.005) and whole == pytest.approx(points + rest, abs=0.011)
        assert whole == pytest.approx(found.decomposition.loc["巳市", "points"], abs=0.005)
        assert not any("分值和评分规则调整" in text for text in texts)
