"""Flags that tell a grade tell the grade that quotas and vetoes leave, by hand."""

from tests.cases.test_office_schemes import assessed, leaf, scheme_of


def with_quota(quota, shares, decimals=None, grades=(("A", 90.0), ("B", 0.0))):
    listed = [{"id": id, "cutoff": cutoff} for id, cutoff in grades]
    listed[0]["quota"] = quota
    more = {"rounding": {"total": {"decimals": decimals}}} if decimals is not None else {}
    return assessed(scheme_of(leaf("x", 100), grades=listed, **more), {"x": shares})


def test_a_score_on_the_line_is_not_said_to_have_the_grade_without_a_place():
    one = with_quota(1, [0.95, 0.9]).flags.query("kind == 'on_cutoff'")["text"].iloc[0]
    assert "属于该等级" not in one.zh and "定为“B”" in one.zh and "make it “B”" in one.en
    assert (
        "属于该等级"
        in with_quota(2, [0.95, 0.9]).flags.query("kind == 'on_cutoff'")["text"].iloc[0].zh
    )


def test_rounding_is_said_to_change_a_grade_only_where_it_does():
    """89.6 is rounded up to the line, but the one place is taken; 95.2 and 95.4 level at 95 have
    none, and one without."""
    assert with_quota(1, [0.95, 0.896], 0).flags.query("kind == 'rounding'").empty
    assert with_quota(2, [0.95, 0.896], 0).flags.query("kind == 'rounding'")["unit"].tolist() == [
        "u1"
    ]
    assert with_quota(1, [0.952, 0.954], 0).flags.query("kind == 'rounding'")["unit"].tolist() == [
        "u1"
    ]


def test_a_grade_below_every_score_is_said_to_remain_for_vetoes():
    efficacy = {"kind": "efficacy", "unacceptable": 0.0, "satisfactory": 1.0}
    scheme = scheme_of(leaf("x", 100, efficacy), vetoes=[{"id": "v", "name": "v", "cap": "D"}])
    result = assessed(scheme, {"x": [1.0], "veto:v": [True]})
    assert (
        result.grades.tolist() == ["D"]
        and "除外" in result.flags.query("kind == 'dead_cutoff'")["text"].iloc[0].zh
    )
