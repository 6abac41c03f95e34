"""Complaints: place first, one line each, all together, and whole after a trip between
processes."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.errors import Complaint, InputError, Problems, WorkError, clip, nearest
from qtoolkit.language import Text

TEXT = Text("有误", "wrong")


@pytest.mark.parametrize(
    ("place", "zh", "en"),
    [
        ({}, "有误", "wrong"),
        ({"file": "d.csv"}, "d.csv\uff1a有误", "d.csv: wrong"),
        ({"file": "d.csv", "row": 3}, "d.csv\uff0c第3行\uff1a有误", "d.csv, row 3: wrong"),
        (
            {"file": "d.csv", "row": 3, "column": "a"},
            "d.csv\uff0c第3行\uff0c“a”\uff1a有误",
            "d.csv, row 3, “a”: wrong",
        ),
        ({"column": "a"}, "“a”\uff1a有误", "“a”: wrong"),
    ],
)
def test_place_first(place, zh, en):
    complaint = Complaint(TEXT, **place)
    assert (complaint.of("zh"), complaint.of("en")) == (zh, en)


@given(st.text(), st.text(max_size=300))
def test_always_one_visible_line(found, column):
    for language in ("zh", "en"):
        sentence = Complaint(Text(found, found), "f", 1, column).of(language)
        assert len(sentence.splitlines()) == 1 and not set(sentence) & set(
            "\n\r\x1b\u200b\u202e\ufeff"
        )
        sentence.encode()  # lone surrogates are written out


def test_errors_travel_between_processes():
    error = InputError([Complaint(TEXT, "d.csv", 1), Complaint(TEXT, "d.csv", 2)])
    again = pickle.loads(pickle.dumps(error))
    assert again.complaints == error.complaints and str(again) == str(error)
    work = pickle.loads(pickle.dumps(WorkError(TEXT)))
    assert work.text == TEXT and str(work) == "有误 / wrong"


def test_one_complaint_or_a_text_will_do():
    assert (
        InputError(TEXT).sentences("en") == ["wrong"] == InputError(Complaint(TEXT)).sentences("en")
    )
    assert isinstance(InputError(TEXT), ValueError) and str(InputError(TEXT)) == "有误\nwrong"


def test_problems_come_together():
    problems = Problems()
    problems.stop()
    problems.add(TEXT, file="a")
    problems.add(TEXT, file="b", row=2)
    with pytest.raises(InputError) as caught:
        problems.stop()
    assert caught.value.sentences("en") == ["a: wrong", "b, row 2: wrong"]


def test_nearest():
    assert nearest("weight_bnd", ["weight_band", "seed"]) == Text(
        "\uff1b是否应为“weight_band”\uff1f", "; did you mean “weight_band”?"
    )
    assert nearest("zzz", ["weight_band"]) == nearest("x", []) == Text("", "")


def test_clip():
    assert clip("a" * 61) == "a" * 60 + "…" and clip("a" * 60) == "a" * 60
    assert [clip(x) for x in (-1.0, 0.1, 1e300, float("nan"), 5, None)] == [
        "-1",
        "0.1",
        "1e+300",
        "nan",
        "5",
        "None",
    ]
