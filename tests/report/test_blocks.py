"""Blocks: numbers as they are printed, and long tables that are shown in part."""

import re

import pandas as pd
import pytest

from qtoolkit.language import Text, in_print, same, say
from qtoolkit.report.blocks import DataTable, payload
from qtoolkit.report.memo import compose
from qtoolkit.report.page import html_table, text_table


def table_of(name, caption, chapter, columns, **more):
    """A table from its columns: heading, values, format ("" for text)."""
    frame = {
        key: pd.Series(values, dtype=None if spec else object)
        for key, (_, values, spec) in columns.items()
    }
    headings, formats = (
        {key: column[i] for key, column in columns.items() if column[i]} for i in (0, 2)
    )
    return DataTable(name, caption, pd.DataFrame(frame), headings, formats, chapter, **more)


@pytest.mark.parametrize(
    ("value", "spec", "shown"),
    [
        (-0.0049, "+.2f", "0.00"),
        (0.0, "+.2f", "0.00"),
        (-0.0051, "+.2f", "−0.01"),
        (0.0051, "+.2f", "+0.01"),
        (-0.4, ".0f", "0"),
        (-0.0004, ".1%", "0.0%"),
        (3, "+d", "+3"),
        (0, "+d", "0"),
        (-1234.5, ",.1f", "−1,234.5"),
        (float("inf"), ".2f", "inf"),
        (float("-inf"), ".2f", "−inf"),
        (float("nan"), ".2f", "nan"),
        (-2.5, "g", "−2.5"),
    ],
)
def test_a_number_that_shows_nothing_but_zeros_has_no_sign(value, spec, shown):
    assert in_print(value, spec) == shown


def test_points_in_english_are_counted_in_their_own_format():
    def of(x):
        return say(zh="{x:g}分", en="{x:g|point|points}", x=x).en

    assert [of(x) for x in (1.0, 1, 1.5, 0.0, 2.0)] == [
        "1 point",
        "1 point",
        "1.5 points",
        "0 points",
        "2 points",
    ]


def long_table(rows, columns=2, **more):
    return table_of(
        "t",
        same("T"),
        "results",
        {f"c{j}": (same(f"C{j}"), list(range(rows)), "d") for j in range(columns)},
        **more,
    )


def test_a_table_of_a_page_is_shown_whole_and_a_longer_one_in_part_by_its_order():
    whole = payload(long_table(60), "en")
    assert len(whole["cells"]) == 60 and "note" not in whole and "whole" not in whole
    ends = payload(long_table(61), "en")
    assert [row[0] for row in ends["cells"]] == [str(i) for i in [*range(15), *range(46, 61)]]
    assert ends["data"] == [[i, i] for i in range(61)]
    chosen = payload(
        long_table(100, order=[99, 3, *range(4, 50)], chosen=Text("最要紧的", "that matter most")),
        "en",
    )
    assert [row[0] for row in chosen["cells"]] == ["3", *map(str, range(4, 32)), "99"]
    assert "Of 100 rows 30 are shown: those that matter most." in chosen["note"]


def test_a_wide_table_shows_its_first_and_last_columns_and_keeps_all_in_its_data():
    data = payload(long_table(2, 46), "en")
    assert data["header"] == [*(f"C{j}" for j in range(11)), "C43", "C44", "C45"]
    assert len(data["data"][0]) == 46 and data["whole"]["header"] == [f"C{j}" for j in range(46)]
    assert "Of 46 columns the first 11 and the last 3 are shown." in data["note"]
    assert "note" not in payload(long_table(2, 45), "en")


def test_rules_have_more_room_than_results_unless_they_are_long_to_read():
    def of(n, text):
        return payload(
            table_of(
                "t", same("T"), "annex_rules", {"a": (same("A"), [same(text)] * n, "")}, data=False
            ),
            "zh",
        )

    assert len(of(120, "短")["cells"]) == 120 and len(of(121, "短")["cells"]) == 30
    assert len(of(100, "长" * 290)["cells"]) < 30


@pytest.mark.parametrize(("rows", "length", "shown"), [(50, 10, 50), (50, 400, 6), (6, 400, 6)])
def test_few_rows_of_long_texts_are_shown_in_part_too(rows, length, shown):
    """A text of 400 characters beside six columns of numbers is some 55 lines high."""
    numbers = {f"x{j}": (Text("数", "x"), [1.0] * rows, ".2f") for j in range(6)}
    columns = {"name": (Text("名", "name"), ["质" * length] * rows, ""), **numbers}
    table = table_of("t", Text("表", "T"), "results", columns)
    data = payload(table, "zh")
    assert len(data["cells"]) == shown and len(data["data"]) == rows


def test_long_texts_are_cut_short_where_they_are_shown_alone():
    name = "名" * 400
    data = payload(
        table_of(
            "t", same("T"), "results", {"a": (same(name), [*[same(name)] * 30, same("短")], "")}
        ),
        "zh",
    )
    assert (
        len(data["header"][0]) == 60
        and [len(row[0]) for row in data["cells"]] == [*[300] * 30, 1]
        and "截短" in data["note"]
    )
    assert data["data"] == [*[[name]] * 30, ["短"]] and data["whole"]["header"] == [name]


def test_notes_have_the_same_numbers_in_both_languages():
    tables = [
        long_table(61),
        long_table(61, 46),
        long_table(3, 50),
        long_table(100, order=range(100)),
    ]
    for table in tables:
        numbers = [
            re.findall(r"\d+", payload(table, language)["note"]) for language in ("zh", "en")
        ]
        assert numbers[0] == numbers[1]


def test_a_note_stands_under_the_table_in_notebook_and_memo():
    data = payload(long_table(61), "zh")
    assert data["note"] in html_table(data, set(), "zh") and data["note"] in text_table(data)
    (section,) = compose([data], "题", [], "zh", {}).chapters[0].sections
    assert [piece.kind for piece in section.pieces] == ["table", "paragraphs"]
    assert section.pieces[1].texts == (data["note"],)


def test_short_words_stand_on_one_line_in_a_notebook():
    """Beside long names a column of words such as "减0.5分" would be one letter wide."""
    columns = {
        "unit": (same("考核对象"), ["甲市"], ""),
        "leaf": (same("指标"), ["质量发展目标纳入国民经济和社会发展规划"], ""),
        "change": (same("改动"), ["减0.5分"], ""),
        "why": (same("原因"), ["因名额已满改判"], ""),
    }
    data = payload(table_of("t", same("表"), "basis", columns), "zh")
    shown = html_table(data, {0}, "zh")
    for text, whole in (("甲市", True), (columns["leaf"][1][0], False), ("减0.5分", True)):
        assert bool(re.search(f"nowrap[^<>]*>{text}<", shown)) == whole, text
    assert not re.search("nowrap[^<>]*>因名额已满改判<", shown)
