"""A number as people type it: understood, or refused with the reason; never misread."""

import datetime
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.inputs.numbertext import is_blank, parse_number, plain_numbers, plain_text


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("89.5", 89.5),
        (" 89.5 ", 89.5),
        ("　89.5　", 89.5),
        ("\xa089.5", 89.5),
        ("8", 8),
        ("+.5", 0.5),
        ("5.", 5),
        ("1e-3", 0.001),
        ("1.00E+05", 1e5),
        ("\uff11\uff12\uff0e\uff15", 12.5),
        ("\uff0d3", -3),
        ("−3", -3),
        ("1e5", 1e5),
        (3, 3),
        (3.5, 3.5),
        (Decimal("1.5"), 1.5),
        ("007", 7),
    ],
)
def test_understood(cell, value):
    number, reason = parse_number(cell)
    assert reason is None and number == value and isinstance(number, float)


@pytest.mark.parametrize(
    "cell",
    [
        "abc",
        "NaN",
        "nan",
        "Inf",
        "-inf",
        "#DIV/0!",
        "#N/A",
        "12a",
        "1 234",
        "1_000",
        "0x10",
        "½",
        "10²",
        "①",
        "五",
        "١٢",
        "—",
        "-",
        "5‰",
        "12.3.4",
        "+-5",
        "1e400",
        "约5",
        ">5",
        "5分",
        "12:30",
        "2024-01-02",
        True,
        False,
        math.inf,
        10**400,
        datetime.date(2024, 1, 2),
        datetime.time(1, 2),
        "=1+1",
        "12\u200b",
        "1\n2",
    ],
)
def test_refused_with_what_was_found(cell):
    number, reason = parse_number(cell)
    assert math.isnan(number) and str(cell)[:20] in reason.zh and str(cell)[:20] in reason.en
    assert "数字" in reason.zh and "expected" in reason.en and "number" in reason.en


@pytest.mark.parametrize(
    "cell", ["1,234", "1,234.5", "1\uff0c234", "\uff11\uff0c\uff12\uff13\uff14", "12,34"]
)
def test_a_comma_in_a_number_is_named(cell):
    number, reason = parse_number(cell)
    assert math.isnan(number) and "千分位" in reason.zh and "thousands" in reason.en


@pytest.mark.parametrize("cell", ["35%", "35\uff05", "\uff13\uff15%", " 35 % ", "35.0%"])
def test_percent_signs(cell):
    assert parse_number(cell, percent=True) == (35.0, None)
    number, reason = parse_number(cell)
    assert math.isnan(number) and "百分号" in reason.zh and "percent sign" in reason.en
    assert parse_number(35.0, percent=True) == (35.0, None)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_python_writes_is_read_back_or_refused_for_its_size(x):
    number, reason = parse_number(repr(x))
    if x == 0 or 1e-100 <= abs(x) <= 1e15:
        assert (number, reason) == (x, None)
    else:
        assert math.isnan(number) and ("1e+15" in reason.en or "1e-100" in reason.en)


@given(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.binary(), st.dates(), st.none()
    )
)
def test_nothing_escapes_and_no_nan_without_a_reason(cell):
    number, reason = parse_number(cell)
    assert (reason is None) == math.isfinite(number)
    assert isinstance(plain_text(cell), str) and isinstance(is_blank(cell), bool)


def test_blank_and_plain_text():
    assert all(map(is_blank, [None, "", "  ", "\t", "　", math.nan])) and not any(
        map(is_blank, [0, False, "0", "-"])
    )
    assert [plain_text(x) for x in (" 甲　", 3.0, 110000.0, 2.5, True)] == [
        "甲",
        "3",
        "110000",
        "2.5",
        "True",
    ]


WRITTEN = st.one_of(
    st.from_regex(r"[-+]?[0-9]{0,17}\.?[0-9]{0,17}([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        [
            "0",
            "-0.0",
            "1e15",
            "1e16",
            "9e-101",
            "1e-100",
            "٣",
            "１",
            " 1",
            "1\n",
            "nan",
            "inf",
            "1_0",
            "",
        ]
    ),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
)


@given(st.lists(WRITTEN, max_size=20))
def test_what_is_read_at_a_glance_is_read_the_same_at_a_close_look(cells):
    for cell, number in zip(cells, plain_numbers(cells), strict=True):
        assert number is None or (parse_number(cell) == (number, None) and type(number) is float)


def test_plain_numbers_are_read_at_a_glance():
    assert plain_numbers(["89.5", "-3", 2, 0.25, "1e-3"]) == [89.5, -3.0, 2.0, 0.25, 0.001]
