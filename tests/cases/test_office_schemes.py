"""What offices write into a scheme, each feature by values worked out by hand from the rule as it
is printed."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.inputs.scheme import Scheme
from qtoolkit.models import validate

SHARE = {"kind": "share"}


def scheme_of(*indicators, **more):
    grades = [
        {"id": "A", "cutoff": 90.0},
        {"id": "B", "cutoff": 80.0},
        {"id": "C", "cutoff": 60.0},
        {"id": "D", "cutoff": 0.0},
    ]
    total = sum(i.get("points") or sum(c["points"] for c in i["children"]) for i in indicators)
    data = {
        "id": "s",
        "name": "s",
        "total": float(total),
        "indicators": list(indicators),
        "grades": grades,
    } | more
    return validate(Scheme, data, None)


def leaf(id, points, rule=None, **more):
    return {"id": id, "name": id, "points": float(points), "rule": rule or SHARE} | more


def assessed(scheme, rows, **columns):
    """Units u0, u1, … with one column of values for each leaf."""
    frame = pd.DataFrame(rows, index=[f"u{k}" for k in range(len(next(iter(rows.values()))))])
    return qt.assess(
        scheme, frame.assign(**{key.replace("__", ":"): value for key, value in columns.items()})
    )


def test_the_xuzhou_leaf_of_four_points():
    """质量发展规划制定与实施, 4 = 4 × 1; rules as printed in 徐州市质量工作考核评分细则,
    renrendoc.com/p-14155210.html."""
    one = lambda id, rule, **more: leaf(id, 1, rule, **more)  # noqa: E731
    plan = {
        "kind": "level",
        "levels": {"纳入国民经济和社会发展规划": 1.0, "纳入部门规划": 0.5, "无发展规划": 0.0},
    }
    report = {"kind": "level", "levels": {"有体现": 1.0, "体现不充分": 0.5, "无体现": 0.0}}
    yearly = {"kind": "level", "levels": {"制定": 1.0, "没有制定": 0.0}}
    # 产业、环境、科技、金融、财税、人才培养: six aspects
    policies = {"kind": "deduct", "rate": 0.1, "zero_at": 6.0}
    children = [
        one("plan", plan),
        one("report", report),
        one("yearly", yearly),
        one("policies", policies, scales=False),
    ]
    group = {
        "id": "planning",
        "name": "质量发展规划制定与实施",
        "points": 4.0,
        "children": children,
    }
    scheme = scheme_of(group, leaf("rest", 96))
    rows = {
        "plan": ["纳入国民经济和社会发展规划", "纳入部门规划", "无发展规划", "纳入部门规划"],
        "report": ["有体现", "体现不充分", "无体现", "有体现"],
        "yearly": ["制定", "制定", "没有制定", "制定"],
        "policies": [0, 2, 6, 5],  # aspects without a policy
        "rest": [0.0] * 4,
    }
    result = assessed(scheme, rows)
    assert result.nodes["planning"].tolist() == pytest.approx(
        [4.0, 0.5 + 0.5 + 1 + 0.8, 0.0, 0.5 + 1 + 1 + 0.5]
    )
    raised = result.what_if(points={"policies": 2, "plan": 0.5, "report": 0.5}).nodes["policies"]
    # .1 point stays .1; nothing made still scores nothing
    assert raised.tolist() == pytest.approx([2.0, 1.8, 0.0, 1.5])


def test_henan_cutoffs_by_class_and_gansu_last_three():
    """河南依法行政考核 2015: cities 90/80/70, counties 75/70/60; 甘肃: pass mark 60 and the bottom
    three by rank."""
    names = ["优秀", "良好", "合格", "不合格"]
    city, county = (90.0, 80.0, 70.0, 0.0), (75.0, 70.0, 60.0, 0.0)
    grades = [
        {"id": f"g{i}", "name": name, "cutoff": c, "class_cutoffs": {"县": k}}
        for i, (name, c, k) in enumerate(zip(names, city, county, strict=True))
    ]
    scheme = scheme_of(leaf("x", 100), grades=grades, classes=["市", "县"])
    values = [0.90, 0.8999, 0.70, 0.75, 0.7499, 0.60, 0.5999]
    result = assessed(scheme, {"x": values, "class": ["市"] * 3 + ["县"] * 4})
    assert result.grades.tolist() == ["g0", "g1", "g2", "g0", "g1", "g2", "g3"]
    with pytest.raises(InputError, match="类别为“区”"):
        assessed(scheme, {"x": [0.5], "class": ["区"]})
    gansu = [{"id": "pass", "cutoff": 60.0}, {"id": "fail", "cutoff": 0.0, "last": 3}]
    result = assessed(
        scheme_of(leaf("x", 100), grades=gansu), {"x": [0.9, 0.8, 0.7, 0.75, 0.95, 0.5]}
    )
    assert result.grades.tolist() == ["pass", "pass", "fail", "fail", "pass", "fail"]
    assert result.steps["set_by"].tolist() == ["score", "score", "last", "last", "score", "score"]


@pytest.mark.parametrize(
    ("ties", "expected"), [("out", ["A", "B", "B", "C"]), ("in", ["A", "A", "A", "C"])]
)
def test_the_tie_rule_of_a_quota(ties, expected):
    grades = [
        {"id": "A", "cutoff": 80.0, "quota": 2, "ties": ties},
        {"id": "B", "cutoff": 60.0},
        {"id": "C", "cutoff": 0.0},
    ]
    result = assessed(scheme_of(leaf("x", 100), grades=grades), {"x": [0.95, 0.9, 0.9, 0.5]})
    assert result.grades.tolist() == expected


def test_a_quota_within_each_class():
    grades = [
        {"id": "A", "cutoff": 60.0, "quota": 1, "within": "class"},
        {"id": "B", "cutoff": 0.0},
    ]
    scheme = scheme_of(leaf("x", 100), grades=grades, classes=["p", "q"])
    result = assessed(scheme, {"x": [0.9, 0.8, 0.7, 0.65], "class": ["p", "p", "q", "q"]})
    assert result.grades.tolist() == ["A", "B", "A", "B"]


def test_vetoes_of_three_effects_and_falsification():
    vetoes = [
        {"id": "event", "name": "event", "cap": "D"},
        {"id": "no_a", "name": "no A", "cap": "B"},
        {"id": "down", "name": "down", "lower": 1},
        {"id": "fraud", "name": "fraud", "lower": 2, "falsified": True},
    ]
    scheme = scheme_of(leaf("x", 60), leaf("y", 40), vetoes=vetoes)
    rows = {"x": [1.0] * 6, "y": [1.0, 1.0, 1.0, 1.0, "弄虚作假", 1.0]}
    rows |= {
        "veto:event": ["是", "", "", "", "", ""],
        "veto:no_a": ["", "是", "", "", "", ""],
        "veto:down": ["", "", "是", "", "", ""],
    }
    rows["veto:fraud"] = ["", "", "", "是", "", ""]
    result = assessed(scheme, rows)
    # falsified: 60 points are a C, two grades off
    assert result.grades.tolist() == ["D", "B", "B", "C", "D", "A"]
    assert result.scores.tolist() == [100, 100, 100, 100, 60, 100]
    assert result.steps["set_by"].tolist() == [
        "veto:event",
        "veto:no_a",
        "veto:down",
        "veto:fraud",
        "veto:fraud",
        "score",
    ]
    with pytest.raises(InputError, match="弄虚作假"):
        assessed(scheme_of(leaf("x", 100)), {"x": ["弄虚作假"]})


def test_stages_are_weighted_and_verified_values_replace_or_correct():
    """60% documents, 40% hearing; verified values replace, a later correction is added; all stay
    visible."""
    stages = [
        {"id": "documents", "name": "资料考核"},
        {"id": "hearing", "name": "集中汇报考核"},
        {"id": "verified", "name": "实地核查", "effect": "replaces"},
        {"id": "review", "name": "复核", "effect": "corrects"},
    ]
    direct = {"kind": "direct"}
    scheme = scheme_of(
        leaf("x", 10, direct, scales=True, stages={"documents": 0.6, "hearing": 0.4}),
        leaf("y", 90),
        stages=stages,
    )
    rows = {
        "x@documents": [10, 5, 8],
        "x@hearing": [5, 10, 8],
        "x@verified": [None, 6, None],
        "x@review": [None, None, -0.5],
        "y": [0.0] * 3,
    }
    result = assessed(scheme, rows)
    assert result.nodes["x"].tolist() == pytest.approx([8.0, 6.0, 7.5])
    assert result.table.filed[:, 0].tolist() == [8.0, 7.0, 8.0]
    assert result.table.stages["documents"][:, 0].tolist() == [10, 5, 8] and result.table.stages[
        "verified"
    ][:, 0].tolist() == [None, 6, None]
    table = qt.decomposition.stages(result)
    assert table.loc["verified", ["cells", "mean", "filed"]].tolist() == pytest.approx(
        [1, 0.6, 0.7]
    )
    assert table.loc["documents", "mean"] == pytest.approx(23 / 30)
    changed = qt.decomposition.verification(result)
    assert changed[["unit", "indicator", "change"]].values.tolist() == [
        ["u1", "x", pytest.approx(-1.0)],
        ["u2", "x", pytest.approx(-0.5)],
    ]


def test_taizhou_base_score_for_all_plus_gain():
    """各市均得基础分，有工作实效的按评价方法加分: base .6, .1 for each point of percentage above
    the unit's own baseline."""
    rule = {"kind": "base_plus", "base": 0.6, "gain": 0.1}
    result = assessed(
        scheme_of(leaf("x", 10, rule), leaf("y", 90)),
        {"x": [95.0, 97.0, 90.0, 99.0], "y": [0.0] * 4},
        base__x=[95.0, 95.0, 95.0, 93.0],
    )
    assert result.nodes["x"].tolist() == pytest.approx([6.0, 8.0, 6.0, 10.0])
    with pytest.raises(InputError, match="基期值"):
        assessed(scheme_of(leaf("x", 100, rule)), {"x": [95.0]})


@pytest.mark.parametrize(
    ("direction", "below", "expected"),
    # 10 points, base .6, .1 for each 1 better than the unit's own baseline 95; 1 worse, level, 2
    # better, by hand
    [
        ("higher", None, [6.0, 6.0, 8.0]),
        ("higher", 0.0, [0.0, 6.0, 8.0]),
        ("higher", 0.3, [3.0, 6.0, 8.0]),
        ("lower", 0.0, [7.0, 6.0, 0.0]),
        ("lower", 0.3, [7.0, 6.0, 3.0]),
    ],
)
def test_a_base_score_only_from_the_baseline_on(direction, below, expected):
    """不低于基期得基础分: a unit short of its baseline has the share `below`, nothing or a stated
    one."""
    rule = {"kind": "base_plus", "base": 0.6, "gain": 0.1, "direction": direction}
    rule |= {} if below is None else {"below": below}
    rows = {"x": [94.0, 95.0, 97.0], "y": [0.0] * 3}
    result = assessed(scheme_of(leaf("x", 10, rule), leaf("y", 90)), rows, base__x=[95.0] * 3)
    assert result.nodes["x"].tolist() == pytest.approx(expected)


def test_a_sum_of_floats_does_not_fall_below_the_baseline_that_it_meets():
    """.1 + .2 as stages of a value against a baseline of .3, the other way round of a
    lower-is-better rule too."""
    for direction in ("higher", "lower"):
        rule = {"kind": "base_plus", "base": 0.6, "gain": 0.1, "direction": direction, "below": 0.0}
        rows = {"x": [0.1 + 0.2, 0.3], "y": [0.0] * 2}
        result = assessed(
            scheme_of(leaf("x", 10, rule), leaf("y", 90)), rows, base__x=[0.3, 0.1 + 0.2]
        )
        assert result.nodes["x"].tolist() == pytest.approx([6.0, 6.0])


def test_below_the_baseline_never_pays_more_than_at_it():
    with pytest.raises(InputError, match="base"):
        scheme_of(leaf("x", 100, {"kind": "base_plus", "base": 0.3, "gain": 0.1, "below": 0.4}))


def test_bonus_deduction_and_floor():
    bonuses = [
        {"id": "p", "name": "p", "max": 5.0},
        {"id": "q", "name": "q", "max": 5.0},
        {"id": "r", "name": "r", "kind": "deduction", "max": 50.0},
    ]
    scheme = scheme_of(
        leaf("x", 100), bonuses=bonuses, bonus_cap=6.0, deduction_cap=30.0, floor=5.0
    )
    result = assessed(
        scheme,
        {
            "x": [0.5, 0.5, 0.2],
            "bonus:p": [4.0, 4.0, 0],
            "bonus:q": [1.0, 4.0, 0],
            "bonus:r": [0, 0, 50.0],
        },
    )
    assert result.scores.tolist() == [55.0, 56.0, 5.0]


def test_a_deduction_with_a_cap():
    rule = {"kind": "deduct", "rate": 0.5, "most": 2.0}
    result = assessed(
        scheme_of(leaf("x", 5, rule, scales=False), leaf("y", 95)),
        {"x": [0, 2, 4, 9], "y": [0.0] * 4},
    )
    assert result.nodes["x"].tolist() == [5.0, 4.0, 3.0, 3.0]


RAW = [3.0, 10.0, 7.0, 7.0, 1.0]


def test_set_dependent_rules_against_scipy():
    kinds = {
        "m": {"kind": "minmax"},
        "n": {"kind": "minmax", "direction": "lower"},
        "z": {"kind": "zscore", "center": 0.5, "spread": 0.25},
        "r": {"kind": "rank", "last": 0.2},
    }
    result = assessed(
        scheme_of(*(leaf(id, 25, rule) for id, rule in kinds.items())), {id: RAW for id in kinds}
    )
    x = np.array(RAW)
    assert result.matrix["m"].to_numpy() == pytest.approx((x - 1) / 9) and result.matrix[
        "n"
    ].to_numpy() == pytest.approx((10 - x) / 9)
    assert result.matrix["z"].to_numpy() == pytest.approx(
        np.clip(0.5 + 0.25 * stats.zscore(x, ddof=1), 0, 1)
    )
    assert result.matrix["r"].to_numpy() == pytest.approx(
        1 - 0.8 * (stats.rankdata(-x, method="min") - 1) / 4
    )
    assert set(result.flags[result.flags.kind == "set_dependent"]["indicator"]) == set(kinds)


def test_leaving_out_a_unit_moves_the_others_only_where_scores_depend_on_them():
    scheme = scheme_of(
        leaf("m", 100, {"kind": "minmax"}),
        grades=[{"id": "A", "cutoff": 60.0}, {"id": "B", "cutoff": 0.0}],
    )
    table = qt.decomposition.drop_unit(assessed(scheme, {"m": [0.0, 5.0, 8.0, 10.0]}))
    # without 10: 5 is 62.5 and 8 is 100; without 0: 5 is 0, 8 is 60, 10 is 100
    assert table["grades"].tolist() == [0, 0, 0, 1] and table.loc["u0", "largest"] == pytest.approx(
        50.0
    )
    fixed = qt.decomposition.drop_unit(assessed(scheme_of(leaf("m", 100)), {"m": [0.1, 0.5, 0.9]}))
    assert (fixed == 0).all(axis=None)


def test_winsorised_values_equal_scipy_and_are_logged():
    raw = [1.0, 2.0, 3.0, 4.0, 50.0, 60.0, -70.0, 5.0]
    treated = np.asarray(stats.mstats.winsorize(np.array(raw), limits=(1 / 8, 2 / 8)))
    scheme = scheme_of(leaf("x", 100, {"kind": "minmax"}, outliers={"low": 1, "high": 2}))
    result = assessed(scheme, {"x": raw})
    assert result.matrix["x"].to_numpy() == pytest.approx(
        (treated - treated.min()) / np.ptp(treated)
    )
    log = result.treated
    assert dict(zip(log["unit"], zip(log["raw"], log["treated"], strict=True), strict=True)) == {
        f"u{k}": (raw[k], treated[k]) for k in np.flatnonzero(treated != raw)
    }
    assert (result.flags["kind"] == "outlier").sum() == 3


def test_logarithms():
    rule = {"kind": "goalposts", "low": 1.0, "high": 100.0}
    result = assessed(
        scheme_of(leaf("x", 100, rule, outliers={"log": True})), {"x": [1.0, 10.0, 100.0]}
    )
    assert result.matrix["x"].tolist() == pytest.approx([0.0, 0.5, 1.0])
    with pytest.raises(InputError, match="应大于 0"):
        assessed(scheme_of(leaf("x", 100, rule, outliers={"log": True})), {"x": [0.0, 10.0]})


@pytest.mark.parametrize(
    ("aggregation", "mean"),
    [
        ("geometric", stats.gmean),
        ("harmonic", stats.hmean),
        (2.0, lambda x, weights: stats.pmean(x, 2, weights=weights)),
        (-3.0, lambda x, weights: stats.pmean(x, -3, weights=weights)),
    ],
)
def test_power_means_equal_scipy(aggregation, mean):
    scheme = scheme_of(leaf("a", 50), leaf("b", 30), leaf("c", 20), aggregation=aggregation)
    result = assessed(scheme, {"a": [0.9, 0.0], "b": [0.6, 1.0], "c": [0.3, 1.0]})
    assert result.scores["u0"] == pytest.approx(
        100 * mean(np.array([0.9, 0.6, 0.3]), weights=np.array([50.0, 30, 20]))
    )
    assert result.scores["u1"] == (0.0 if aggregation != 2.0 else pytest.approx(100 * np.sqrt(0.5)))


def test_a_total_of_a_thousand_with_own_grade_names():
    grades = [
        {"id": "g1", "name": "优秀", "cutoff": 900.0},
        {"id": "g2", "name": "合格", "cutoff": 0.0},
    ]
    result = assessed(
        scheme_of(leaf("a", 600), leaf("b", 400), grades=grades),
        {"a": [0.9, 0.9], "b": [0.9, 0.89]},
    )
    assert result.scores.tolist() == [900.0, 896.0] and result.grades.tolist() == ["g1", "g2"]


def test_printed_bands_with_holes():
    """国办发〔2013〕47号: A 90分及以上, B 80–89分, C 60–79分, D 59分及以下: 89 < x < 90 belongs to
    no grade."""
    bands = [
        ("A", 90.0, (90.0, 100.0)),
        ("B", 80.0, (80.0, 89.0)),
        ("C", 60.0, (60.0, 79.0)),
        ("D", 0.0, (0.0, 59.0)),
    ]
    grades = [{"id": id, "cutoff": c, "printed": printed} for id, c, printed in bands]
    values = {"x": [0.895, 0.85, 0.595]}
    holes = assessed(scheme_of(leaf("x", 100), grades=grades), values).flags.query(
        "kind == 'hole'"
    )["text"]
    assert (
        len(holes) == 3
        and "u0" in holes.iloc[0].zh
        and "无人" in holes.iloc[1].zh
        and "u2" in holes.iloc[2].zh
    )
    whole = assessed(
        scheme_of(leaf("x", 100), grades=grades, rounding={"total": {"decimals": 0}}), values
    )
    assert whole.flags.query("kind == 'hole'").empty and whole.grades.tolist() == ["A", "B", "C"]


def test_dead_cutoffs():
    # 60 at least: D cannot occur
    efficacy = {"kind": "efficacy", "unacceptable": 0.0, "satisfactory": 10.0}
    flags = assessed(scheme_of(leaf("x", 100, efficacy)), {"x": [1.0]}).flags
    assert "“D”不会出现" in flags.query("kind == 'dead_cutoff'")["text"].iloc[0].zh
    grades = [{"id": "A", "cutoff": 101.0}, {"id": "B", "cutoff": 0.0}]
    assert (
        "无人能达到"
        in assessed(scheme_of(leaf("x", 100), grades=grades), {"x": [1.0]})
        .flags.query("kind == 'dead_cutoff'")["text"]
        .iloc[0]
        .zh
    )
    levels = {"kind": "level", "levels": {"好": 1.0, "中": 0.7}}
    assert (
        "“D”不会出现"
        in assessed(scheme_of(leaf("x", 100, levels)), {"x": ["好"]})
        .flags.query("kind == 'dead_cutoff'")["text"]
        .iloc[0]
        .zh
    )


def test_approved_grades_conversion_and_years_in_a_row():
    scheme = scheme_of(
        leaf("x", 100), conversion={"name": "综合考核", "points": 5.0, "decimals": 2}
    )
    rows = {"x": [0.95, 0.91, 0.3], "grade:2024": ["A", "B", "D"], "grade:2025": ["A", "A", "D"]}
    rows |= {
        "审定等级": [None, "B", None],
        "审定理由": [None, "审议调整", None],
        "审定机关": [None, "市政府", None],
    }
    result = assessed(scheme, rows)
    assert result.grades.tolist() == ["A", "A", "D"] and result.approved.tolist() == ["A", "B", "D"]
    assert result.converted.tolist() == [4.75, 4.55, 1.5]
    assert qt.decomposition.streaks(result)[["best", "worst"]].values.tolist() == [
        [3, 0],
        [0, 0],
        [0, 3],
    ]
    assert "审议调整" in result.flags.query("kind == 'approved'")["text"].iloc[0].zh


def test_a_new_indicator_without_a_column():
    for treatment, score in (("full", 80 * 0.5 + 20), ("zero", 80 * 0.5), ("renormalise", 50.0)):
        scheme = scheme_of(leaf("x", 80), leaf("new", 20, missing={"new": treatment}))
        assert assessed(scheme, {"x": [0.5]}).scores.tolist() == [score]
    with pytest.raises(InputError, match="缺少列：new"):
        assessed(scheme_of(leaf("x", 80), leaf("new", 20)), {"x": [0.5]})


def test_a_target_below_the_baseline_is_flagged():
    scheme = scheme_of(leaf("x", 100, {"kind": "target"}))
    result = assessed(scheme, {"x": [95.0, 95.0]}, target__x=[90.0, 96.0], base__x=[93.0, 93.0])
    text = result.flags.query("kind == 'low_target'")["text"].iloc[0].zh
    assert "1家" in text and "u0（90，基期93）" in text and "u1" not in text


def test_losses_by_department_area_and_unit():
    one = leaf(
        "x",
        60,
        lead={"zh": "市监局、财政局", "en": "Market, Finance"},
        responsible="县甲",
        area="产品质量",
        aspect="质量安全",
    )
    two = leaf(
        "y",
        40,
        lead={"zh": "财政局", "en": "Finance"},
        responsible="县乙",
        area="工程质量",
        aspect="质量安全",
    )
    result = assessed(scheme_of(one, two), {"x": [1.0, 0.5, 1.0], "y": [0.5, 0.5, 1.0]})
    lead = qt.decomposition.losses(result, "lead")
    assert (
        lead["lost"].to_dict() == pytest.approx({"财政局": 10 + 40 / 3, "市监局": 10.0})
        and lead.loc["财政局", "leaves"] == 2
    )
    assert qt.decomposition.losses(result, "aspect")["points"].tolist() == [100.0]
    gaps = qt.decomposition.gaps(result)
    assert gaps.loc["u1", "department"].zh == "县甲" and gaps.loc["u1", "department_lost"] == 30.0
    assert gaps.loc["u1", "lost"] == [("x", 30.0), ("y", 20.0)] and gaps.loc[
        "u0", "short"
    ] == pytest.approx(10.0)
    # two of three have full marks on x, one on y
    assert gaps.loc["u1", "cheapest"] == [("x", 30.0), ("y", 20.0)]


def test_units_as_columns(tmp_path):
    scheme = scheme_of(leaf("x", 60), leaf("y", 40))
    flat, wide = tmp_path / "flat.csv", tmp_path / "wide.csv"
    flat.write_text("考核对象,x,y\n甲县,1,0.5\n乙县,0.5,未报送\n", encoding="utf-8")
    wide.write_text("指标,甲县,乙县\nx,1,0.5\ny,0.5,未报送\n", encoding="utf-8")
    scheme = scheme_of(leaf("x", 60), leaf("y", 40), missing={"not_reported": "zero"})
    from qtoolkit.inputs.table import read_table

    one, two = (qt.assess(scheme, read_table(path, scheme)) for path in (flat, wide))
    pd.testing.assert_series_equal(one.scores, two.scores)
    wide.write_text("指标,甲县,乙县\nx,1,0.5\ny,0.5,abc\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_table(wide, scheme)
    assert error.value.sentences("zh") == ["wide.csv，第3行，“乙县”：内容为“abc”，应为一个数字"]
