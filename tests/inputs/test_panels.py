"""What a scheme says of its panels and votes, against fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtoolkit.errors import InputError
from qtoolkit.inputs.panels import Panel, Vote
from qtoolkit.models import validate


def vote(share="2/3", **keys):
    return validate(Vote, {"name": "vote", "share": share} | keys, None)


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("2/3", Fraction(2, 3)),
        (" 4 ／ 6 ", Fraction(2, 3)),
        (0.6, Fraction(3, 5)),
        (0.1, Fraction(1, 10)),
        (0.6667, Fraction(6667, 10_000)),
        ("60%", Fraction(3, 5)),
        ("66.7 ％", Fraction(667, 1000)),
        ("100%", Fraction(1)),
        (1, Fraction(1)),
        (1.0, Fraction(1)),
        ("1/1", Fraction(1)),
    ],
)
def test_a_share_is_what_is_written_and_stays_it(written, share):
    found = vote(written)
    assert Fraction(found.share) == share
    # a scheme is made anew of its own data wherever points are changed
    assert validate(Vote, found.model_dump(), None) == found


NUMBERS = [0, 0.0, -0.5, 1.5, 2, float("nan"), float("inf"), True, None, ["2/3"]]


@pytest.mark.parametrize(
    "written",
    [*NUMBERS, "1/0", "0/3", "4/3", "3/-4", "0%", "101%", "0.6", "2/3/4", "1e-1", "two thirds", ""],
)
def test_what_is_no_share_is_refused(written):
    with pytest.raises(InputError) as caught:
        vote(written)
    (found,) = caught.value.complaints
    assert "赞成比例" in found.of("zh") and "share of votes" in found.of("en")


COUNTS = st.integers(0, 12)


@given(
    COUNTS,
    COUNTS,
    COUNTS,
    st.fractions(Fraction(1, 9), 1, max_denominator=9),
    st.booleans(),
    st.sampled_from(["all", "cast"]),
    st.none() | st.integers(1, 40),
)
def test_votes_are_carried_as_on_paper(yes, no, abstained, share, over, of, members):
    members = None if of == "cast" else members
    found = vote(str(share), over=over, of=of, members=members)
    base = yes + no if of == "cast" else max(members or 0, yes + no + abstained)
    assert found.counted(yes, no, abstained) == base
    # yes/base against the share, multiplied out; nobody is carried by no votes
    left, right = yes * share.denominator, share.numerator * base
    expected = base > 0 and (left > right if over else left >= right)
    assert found.carried(yes, no, abstained) == expected


def test_members_go_with_all_votes_alone():
    with pytest.raises(InputError, match="takes no members"):
        vote(of="cast", members=9)
    for wrong in (0, -1, 1.5):
        with pytest.raises(InputError):
            vote(members=wrong)


def test_a_stage_goes_by_what_stands_there_alone():
    data = {"how": "drop", "drop": 2, "least": 5, "stages": {"visit": {"least": 3}}}
    panel = validate(Panel, data, None)
    assert (panel.marking("papers").how, panel.marking("papers").drop) == ("drop", 2)
    assert (panel.marking("visit").how, panel.marking("visit").least) == ("mean", 3)


@pytest.mark.parametrize(
    "data",
    [
        {"how": "mode"},
        {"drop": 0},
        {"drop": 1.5},
        {"trim": 0.5},
        {"trim": -0.1},
        {"least": 0},
        {"spread": 0},
        {"step": 0},
        {"step": -5},
        {"assessors": [{"name": ""}]},
        {"assessors": [{"name": "x" * 65}]},
        {"steps": 5},
    ],
)
def test_a_panel_that_makes_no_sense_is_refused(data):
    with pytest.raises(InputError):
        validate(Panel, data, None)
