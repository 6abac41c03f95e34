"""Which grade is meant, which class, and where a unit stands: said in every table and every count;
and plain English."""

import functools
import re
import types

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

import qtoolkit as qt
from qtoolkit.language import LANGUAGES
from qtoolkit.regions import Box
from qtoolkit.report import (
    assessment,
    comparison,
    flagged,
    memo,
    reasons,
    rules,
    scheme,
    simulated,
)
from qtoolkit.report.blocks import Chart, DataTable, Paragraph, payload
from qtoolkit.report.document import texts_of
from qtoolkit.report.sections import names_of
from qtoolkit.report.wording import phrase
from qtoolkit.runs.outputs import write_tables
from qtoolkit.workbooks.template import data_columns
from tests import pages, strategies
from tests.examples import ALL
from tests.sentences import number, read, results, sentences, tables

CASES = ["provinces-2008", "tai-2001", "city-2026"]
EXAMPLES = settings(settings.get_profile("quick"), max_examples=300 if ALL else 3)


@functools.cache
def case_and_views(name):
    """A shipped case with its views, made once."""
    result = read(name)
    return result, graded_views(result)


def graded_views(result):
    """Every view that counts or shows grades, but those of chances and of choices, which draw at
    random."""
    drawn = qt.simulation.simulate(result, Box(relative=0.1), draws=50, pairs=False)
    found = qt.comparison.compare(result, qt.assess(result.scheme, result.table))
    blocks = [
        *pages.summary(result, None),
        *assessment.results(result),
        *pages.lists(result),
        *pages.near_misses(result),
        *pages.decimals(result),
        *pages.moving(result),
        *pages.quotas(result),
        *pages.places(result),
        *pages.ranges(result, 0.1),
        *pages.tolerances(result, 0.1),
        *pages.flips(result),
        *simulated.frequencies(result, drawn),
        *comparison.transitions(found),
        *comparison.parts(found),
        *comparison.alone(found),
        *reasons.reasons(found),
    ]
    return [block for block in blocks if not isinstance(block, Chart)]


KIND = {"zh": re.compile("初评|审定"), "en": re.compile("[Cc]omputed|[Aa]pproved")}
COUNT = {
    "zh": re.compile(r"\d+家[^，。；]*等级|等级[^，。；]*\d+家"),
    "en": re.compile(r"\b[Gg]rades?\b[^.;]* \d+ units?|\d+ units?[^.;]* \b[Gg]rades?\b"),
}
DEFINED = {"grade_counts", "grades", "cutoff_intervals"}  # a row is a grade, not a unit's


def check_kinds(result, blocks):
    labels = {grade.label.of(language) for grade in result.scheme.grades for language in LANGUAGES}
    for block in blocks:
        for language in LANGUAGES:
            data = payload(block, language)
            if isinstance(block, DataTable) and block.name not in DEFINED:
                for j, title in enumerate(data["header"]):
                    own = {row[j] for row in data["cells"]} - {"—"}
                    if own and own <= labels and title not in ("相邻等级", "变为", "先变为"):
                        before = block.name == "transitions"
                        known = KIND[language].search(
                            title + data["caption"] + (data["header"][0] if before else "")
                        )
                        assert known or title in (
                            "Neighbouring grade",
                            "Turns into",
                            "First turns",
                        ), (block.name, title)
            elif isinstance(block, Paragraph):
                for sentence in re.split(r"。|\. ", data["text"]):
                    if COUNT[language].search(sentence):
                        assert KIND[language].search(sentence), sentence


@pytest.mark.parametrize("name", CASES)
def test_every_count_and_table_says_which_grade_it_is(name):
    check_kinds(*case_and_views(name))


@EXAMPLES
@given(results())
def test_every_count_and_table_says_which_grade_it_is_in_random_schemes(result):
    check_kinds(result, graded_views(result))


def test_the_city_compares_computed_grades_of_2025_with_approved_ones_of_2026():
    """The case's data of 2025 hold no approval, those of 2026 do; grades by the columns of the two
    files."""
    case = qt.read_case("city-2026")
    found = qt.comparison.with_last_year(case, qt.assess(case.scheme, case.table))
    assert "approved" not in case.previous.table.remarks and "approved" in case.table.remarks
    zh, en = (sentences(comparison.transitions(found), language)[0] for language in LANGUAGES)
    assert "等级（2025年度为初评等级，2026年度为审定等级）不变" in zh
    assert "keep their grade (computed of 2025, approved of 2026)" in en
    assert (
        next(iter(tables(comparison.transitions(found), "zh")["transitions"]))
        == "2025年度初评等级＼2026年度审定等级"
    )


# Classes ------------------------------------------------------------------------------------------


def of_classes(scores, cutoffs_):
    """Units of class 市 and 县 in turn, with a score of their own and cutoffs by class."""
    grades = [{"id": "A", "cutoff": 90.0, "class_cutoffs": cutoffs_}, {"id": "B", "cutoff": 0.0}]
    leaves = [{"id": "x", "name": "x", "points": 100.0, "rule": {"kind": "share"}}]
    made = strategies.scheme_of(
        {
            "id": "c",
            "name": "c",
            "total": 100.0,
            "classes": ["市", "县"],
            "indicators": leaves,
            "grades": grades,
        }
    )
    n = len(scores)
    frame = pd.DataFrame(
        {"unit": [f"u{k}" for k in range(n)], "class": [("市", "县")[k % 2] for k in range(n)]}
    )
    return qt.assess(made, frame.assign(x=[s / 100 for s in scores]))


def test_the_table_of_results_has_the_class_of_each_unit():
    result = of_classes([95, 83, 88, 79], {"县": 80.0})
    for language, title in (("zh", "类别"), ("en", "Class")):
        table = tables(assessment.results(result), language)["scores"]
        assert dict(zip(table.iloc[:, 1], table[title], strict=True)) == {
            "u0": "市",
            "u1": "县",
            "u2": "市",
            "u3": "县",
        }
    plain = qt.assess(
        qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [0.9]}, index=["u"])
    )
    assert "类别" not in tables(assessment.results(plain), "zh")["scores"]


def test_scores_gather_above_the_cutoff_of_their_own_class():
    """市 from 90: 90.2, 90.4; 县 from 80: 80.3, 80.5 and 79.9 below; counted by hand, the chance by
    the binomial law."""
    result = of_classes([90.2, 80.3, 90.4, 80.5, 70, 79.9], {"县": 80.0})
    row = qt.cutoffs.bunching(result).loc["A"]
    assert (row["below"], row["above"]) == (1, 4) and np.isnan(row["cutoff"])
    assert (row["cutoff:市"], row["cutoff:县"]) == (90, 80)
    assert row["p"] == pytest.approx(stats.binom.sf(3, 5, 0.5))


# On the cutoff ------------------------------------------------------------------------------------


def check_on_line(result):
    for language, words_ in (("zh", "正好在分数线上"), ("en", "on the cutoff")):
        for blocks, name, title in (
            (pages.moving(result), "cutoff_flips", {"zh": "移动（分）", "en": "By (points)"}),
            (pages.near_misses(result), "near_misses", {"zh": "相差分数", "en": "Points away"}),
        ):
            table = tables(blocks, language).get(name)
            for cell in [] if table is None else table[title[language]]:
                said = cell in (words_, "不足0.01", "under 0.01") or cell.lstrip("+−") == "0.0000"
                assert said or abs(number(cell)) > 0, cell


@pytest.mark.parametrize("name", CASES)
def test_no_cutoff_is_said_to_move_by_nothing(name):
    check_on_line(read(name))


@EXAMPLES
@given(results())
def test_no_cutoff_is_said_to_move_by_nothing_in_random_schemes(result):
    check_on_line(result)


@pytest.mark.parametrize(
    "share, said", [(0.899999, "不足0.01"), (0.89995, "0.01"), (0.9, "正好在分数线上")]
)
def test_a_unit_that_print_would_put_on_its_line_is_said_to_be_close(share, said):
    """A line of 90 and no rounding: 89.9999 lacks .0001 and 89.995 lacks .005."""
    frame = pd.DataFrame({"a": [share, 0.5]}, index=["甲", "乙"])
    blocks = pages.near_misses(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame))
    assert tables(blocks, "zh")["near_misses"]["相差分数"].tolist() == [said]


def test_a_unit_on_its_line_is_said_to_stand_there_in_the_table_of_moved_lines():
    """90 of 100 with a line of 90: up by anything, and the unit is below it."""
    frame = pd.DataFrame({"a": [0.9, 0.85]}, index=["甲", "乙"])
    table = tables(
        pages.moving(qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), frame)), "zh"
    )["cutoff_flips"]
    rows = table[table["考核对象"] == "甲"]
    assert (
        len(rows)
        and (rows["移动（分）"] == "正好在分数线上").all()
        and "正好在分数线上" not in table[table["考核对象"] == "乙"].to_numpy()
    )


# Rules beside standards, words of people ----------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_prints_the_rule_beside_the_standard(language):
    case = qt.read_case("city-2026")
    columns = {
        # of a list of tasks each task's column has what is said of the whole
        column.key.partition("@")[0].removeprefix("task:").partition(".")[0]: column.comment
        for column in data_columns(case.scheme, language=language)
    }
    written = [leaf for leaf in case.scheme.leaves if leaf.standard is not None]
    assert len(written) > 5
    for leaf in written:
        assert (
            leaf.standard.of(language) in columns[leaf.id]
            and rules.scoring(leaf).of(language) in columns[leaf.id]
        )
    for leaf in case.scheme.leaves:
        assert columns[leaf.id].count(rules.scoring(leaf).of(language)) == 1


def test_a_veto_is_quoted_by_its_name():
    result = read("city-2026")
    veto = result.scheme.vetoes[1].name
    assert veto.en.startswith("A ")
    text = sentences(assessment.results(result), "en")[0]
    assert f"because of the veto “{veto.en}”" in text and f"of {veto.en}" not in text
    assert f"因“{veto.zh}”初评为" in sentences(assessment.results(result), "zh")[0]


@pytest.mark.parametrize("name", CASES)
def test_notes_name_no_script(name):
    case = qt.read_case(name)
    made = [case.scheme, *(c.scheme for c in (case.previous,) if c)]
    assert not [
        note
        for one in made
        for note in one.notes
        for text in (note.zh, note.en)
        if re.search(r"\.py\b", text)
    ]


def said_of(result, kinds):
    """The sentences on the flags of these kinds."""
    return [phrase("flag", names_of(result), row) for row in flagged.rows(result, kinds)]


def test_flags_of_a_kind_are_one_sentence_with_the_list():
    """Two indicators on which all have full marks and two scored by rank: a sentence each, with
    both names."""
    leaves = [
        *({"id": i, "name": i, "points": 10.0, "rule": {"kind": "share"}} for i in ("a", "b")),
        *(
            {"id": i, "name": i, "points": 40.0, "rule": {"kind": "rank", "last": 0.0}}
            for i in ("c", "d")
        ),
    ]
    grades = [{"id": "A", "cutoff": 60.0}, {"id": "C", "cutoff": 0.0}]
    made = strategies.scheme_of({"id": "q", "name": "q", "indicators": leaves, "grades": grades})
    frame = pd.DataFrame(
        {"a": [1.0, 1], "b": [1.0, 1], "c": [1.0, 2], "d": [3.0, 1]}, index=["u", "v"]
    )
    result = qt.assess(made, frame)
    assert (
        result.flags["kind"].tolist().count("constant")
        == result.flags["kind"].tolist().count("set_dependent")
        == 2
    )
    texts = said_of(result, ["set_dependent", "constant"])
    assert [text.zh for text in texts] == [
        "按参评单位的相对水平计分、得分取决于同时考核的其他单位的指标有2项：“c”、“d”。",
        "各考核对象得分率相同、占有分值而不起区分作用的指标有2项：“a”（10分，得分率100.0%）、“b”"
        "（10分，得分率100.0%）。",
    ]
    one = qt.assess(made, frame.assign(b=[1.0, 0.5], d=[2.0, 2.0]))
    assert (
        "“a”" in said_of(one, ["constant"])[0].zh and "“b”" not in said_of(one, ["constant"])[0].zh
    )


@pytest.mark.parametrize("name", CASES)
def test_grouped_flags_leave_nothing_out(name):
    """Each indicator and each unit of a flag is named in its group's sentence."""
    result = read(name)
    kinds = ["constant", "set_dependent", "fraction", "blank", "capped"]
    for kind in kinds:
        rows = result.flags[result.flags.kind == kind]
        for language in LANGUAGES:
            whole = " ".join(text.of(language) for text in said_of(result, [kind]))
            for row in rows.itertuples():
                assert f"“{result.scheme.indicator(row.indicator).name.of(language)}”" in whole
                for label in result.labels.values():
                    assert (
                        label.of(language) not in row.text.of(language)
                        or label.of(language) in whole
                    )


SLIPS = re.compile(
    r"(?<![\d.,–−-])1 (?:units|indicators|items|choices|grades|cases|pairs|points "
    r"rank|methods|places)\b"
    r"|\b1 (?:unit|indicator|item|case|grade|choice) "
    r"(?:are|have|lie|keep|depend|do)\b|(?<![\d.])[02-9] (?:unit|indicator|item|case) "
    r"|\b(\w+) \1\b|  | ,|\.\."
)


def check_english(result, graded):
    blocks = [
        *graded,
        *scheme.units(result),
        *pages.risks(result),
        *pages.operation(result),
        *pages.losses(result),
        *pages.stages(result),
        *pages.checks(result),
        *pages.transfers(result),
        *pages.overlaps(result),
        *pages.crosscheck(result),
        *pages.gathering(result),
    ]
    for text in sentences(blocks, "en"):
        for label in sorted((label.en for label in result.labels.values()), key=len, reverse=True):
            text = text.replace(label, "Unit")
        assert not SLIPS.search(text), text
        assert not [
            part for part in re.split(r"(?<=[a-z)”])\. ", text) if re.match("[a-z]", part)
        ], text


@pytest.mark.parametrize("name", CASES)
def test_english_sentences_agree_in_number_and_begin_with_a_capital(name):
    check_english(*case_and_views(name))


@EXAMPLES
@given(results())
def test_english_sentences_of_random_schemes(result):
    check_english(result, graded_views(result))


def test_floats_that_are_decimals_are_written_as_decimals(tmp_path):
    """.29 · 100 + .0962 · 100 and the like come out as 38.620000000000005 in binary; a CSV shows
    what they are."""
    values = [0.1 + 0.2, 38.620000000000005, 1.1 * 3, 100 * 0.29]
    assert repr(values[0]) != "0.3"
    columns = {"x": types.SimpleNamespace(of=lambda language: "x")}
    block = DataTable(
        "t",
        types.SimpleNamespace(of=lambda language: "t"),
        pd.DataFrame({"x": values}),
        columns,
        {"x": ".2f"},
    )
    write_tables([payload(block, "zh")], tmp_path / "tables")
    assert (tmp_path / "tables" / "t.csv").read_text("utf-8-sig").split() == [
        "x",
        "0.3",
        "38.62",
        "3.3",
        "29.0",
    ]


@pytest.mark.parametrize("name", CASES)
def test_published_scores_are_written_with_no_more_decimals_than_they_have(name, tmp_path):
    result = read(name)
    rule = result.scheme.rounding.total
    blocks = [
        payload(block, "zh") for block in assessment.results(result) if isinstance(block, DataTable)
    ]
    write_tables(blocks, tmp_path / "tables")
    written = pd.read_csv(tmp_path / "tables" / "scores.csv", dtype=str, encoding="utf-8-sig")[
        "得分"
    ]
    assert [
        len(text.partition(".")[2]) <= (10 if rule is None else max(rule.decimals, 1))
        for text in written
    ] == [True] * len(written)


@pytest.mark.parametrize("name", CASES)
def test_a_notebook_does_not_send_its_reader_to_an_annex_for_what_stands_below(name):
    """In the memo the table lies in the annex and the sentence says so; the notebook shows it right
    below."""
    result, blocks = case_and_views(name)
    blocks = [*blocks, *pages.losses(result), *pages.stages(result)]
    sent = [block for block in blocks if isinstance(block, Paragraph) and block.see is not None]
    assert sent and not any(
        re.search("见附件|列于附件|in the annex", text)
        for x in LANGUAGES
        for text in sentences(blocks, x)
    )
    for language in LANGUAGES:
        payloads = [payload(block, language) for block in sent]
        page = "".join(texts_of(memo.compose(payloads, "t", (), language, {})))
        assert page.count("附件" if language == "zh" else "annex of scores") == len(sent)
