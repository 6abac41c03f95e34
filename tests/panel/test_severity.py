"""Severity recovered where there is no noise, against another parametrisation and scipy; what
stands out is found, parts are named."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtoolkit.errors import InputError
from qtoolkit.panel import adjust, linked, outlying
from qtoolkit.panel.severity import additive, holm
from tests.examples import share
from tests.panel.data import long, panel

nan = np.nan


def holes(rng, n, k, share=0.4):
    """Which cells hold a number: at least one of each unit, all of the last, which links them."""
    there = rng.random((n, k)) > share
    there[np.arange(n), rng.integers(0, k, n)] = True
    there[-1] = True
    return there


def frame(values, there=None):
    values = values if there is None else np.where(there, values, nan)
    return pd.DataFrame(values, index=[f"u{i}" for i in range(len(values))]).add_prefix("a")


@given(st.integers(0, 2**32 - 1))
def test_severity_without_noise_is_recovered_from_what_there_is(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 9)), int(rng.integers(2, 6))
    units, severity = rng.integers(50, 100, n) / 2, rng.integers(-10, 11, k) / 2
    severity = severity - severity.mean()
    found = adjust(frame(units[:, None] + severity, holes(rng, n, k)))
    np.testing.assert_allclose(found.table["severity"], severity, atol=1e-9)
    np.testing.assert_allclose(found.units["adjusted"], units, atol=1e-9)
    assert abs(found.table["severity"].sum()) < 1e-9
    truth = stats.rankdata(-np.rint(units * 2), method="min")
    assert found.units["rank_adjusted"].tolist() == truth.tolist()
    if found.df:
        assert found.sd < 1e-9
        expected = np.where(severity < -1e-9, "strict", np.where(severity > 1e-9, "lenient", ""))
        assert found.table["strict"].tolist() == expected.tolist()


def treatment(values, confidence):
    """Severities, their standard errors, adjusted means and theirs, by the full design matrix with
    the first assessor as the reference, and every mark's studentised residual by leaving it out."""
    n, k = values.shape
    rows, columns = np.nonzero(~np.isnan(values))
    y = values[rows, columns]
    x = np.zeros((len(y), n + k - 1))
    x[np.arange(len(y)), rows] = 1
    later = columns > 0
    x[np.flatnonzero(later), n + columns[later] - 1] = 1
    beta, *_ = np.linalg.lstsq(x, y)
    covariance = np.linalg.inv(x.T @ x)
    df = len(y) - n - k + 1
    variance = ((y - x @ beta) ** 2).sum() / df
    contrast = np.zeros((k, n + k - 1))
    contrast[1:, n:] = np.eye(k - 1)
    contrast -= contrast.mean(axis=0)
    level = np.hstack([np.eye(n), np.full((n, k - 1), 1 / k)])
    parts = [a @ beta for a in (contrast, level)]
    errors = [np.sqrt(variance * np.diag(a @ covariance @ a.T)) for a in (contrast, level)]
    alone = []
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        if np.linalg.matrix_rank(x[keep]) < n + k - 1 or df < 2:
            alone.append(nan)
            continue
        b, *_ = np.linalg.lstsq(x[keep], y[keep])
        s = np.sqrt(((y[keep] - x[keep] @ b) ** 2).sum() / (df - 1))
        spread = 1 + x[i] @ np.linalg.inv(x[keep].T @ x[keep]) @ x[i]
        alone.append((y[i] - x[i] @ b) / (s * np.sqrt(spread)))
    half = stats.t.ppf((1 + confidence) / 2, df) * errors[0]
    p = 2 * stats.t.sf(np.abs(parts[0] / errors[0]), df)
    return parts, errors, half, p, np.array(alone), (rows, columns)


@pytest.mark.parametrize("seed", range(8))
def test_severity_against_another_parametrisation(seed):
    rng = np.random.default_rng(seed)
    n, k = 7, 4
    values = np.where(holes(rng, n, k, 0.3), panel(rng, n, k, 5, 3, 2), nan)
    found = adjust(frame(values), confidence=0.9)
    (severity, adjusted), errors, half, p, alone, cells = treatment(values, 0.9)
    np.testing.assert_allclose(found.table["severity"], severity, atol=1e-9)
    np.testing.assert_allclose(found.table["se"], errors[0], atol=1e-8)
    np.testing.assert_allclose(found.table["high"] - severity, half, atol=1e-8)
    np.testing.assert_allclose(severity - found.table["low"], half, atol=1e-8)
    np.testing.assert_allclose(found.units["adjusted"], adjusted, atol=1e-9)
    np.testing.assert_allclose(found.units["se"], errors[1], atol=1e-8)
    np.testing.assert_allclose(found.table["p"], holm(p), atol=1e-8)
    marks = outlying(frame(values)).scores.set_index(["unit", "assessor"])["studentised"]
    for i, (row, column) in enumerate(zip(*cells, strict=True)):
        expected = pytest.approx(alone[i], abs=1e-6, nan_ok=True)
        assert marks[f"u{row}", f"a{column}"] == expected


def test_severity_by_hand():
    """Two assessors, both mark A and B, one C: differences 4 and 2, so severities ∓1.5; residuals
    ±.5 with one degree of freedom: variance 1, se of a severity √(1/4) = .5."""
    found = adjust(pd.DataFrame({"p": [70.0, 80, 60], "q": [74.0, 82, nan]}, index=list("ABC")))
    assert found.table["severity"].tolist() == pytest.approx([-1.5, 1.5])
    assert found.table["se"].tolist() == pytest.approx([0.5, 0.5])
    assert found.df == 1 and found.sd == pytest.approx(1.0)
    assert found.units["adjusted"].tolist() == pytest.approx([72, 81, 61.5])
    assert found.units["mean"].tolist() == [72, 81, 60]
    assert found.table["n"].tolist() == [3, 2] and found.table["strict"].tolist() == ["", ""]


def test_places_gained_by_the_adjustment():
    """A has only the strict assessor's mark, B only the lenient one's; C links them."""
    wide = pd.DataFrame({"strict": [75.0, nan, 60], "lenient": [nan, 80.0, 70]}, index=list("ABC"))
    found = adjust(wide).units
    assert found["rank_mean"].tolist() == [2, 1, 3]
    assert found["adjusted"].tolist() == pytest.approx([80, 75, 65])
    assert found["moved"].tolist() == [1, -1, 0]


@given(st.integers(0, 2**32 - 1))
def test_order_names_and_shift_change_nothing(seed):
    rng = np.random.default_rng(seed)
    n, k = 6, 4
    wide = frame(rng.integers(0, 200, (n, k)) / 2, holes(rng, n, k))
    found = adjust(wide)
    rows, columns = rng.permutation(n), rng.permutation(k)
    mixed = adjust(wide.iloc[rows, columns])
    pd.testing.assert_frame_equal(mixed.table, found.table.iloc[columns])
    pd.testing.assert_frame_equal(mixed.units, found.units.iloc[rows])
    names = dict(zip(wide.columns, "甲乙丙丁", strict=True))
    named = adjust(wide.rename(columns=names)).table
    assert named.to_numpy().tolist() == found.table.to_numpy().tolist()
    raised = adjust(wide + 10)
    pd.testing.assert_frame_equal(raised.table, found.table)
    np.testing.assert_allclose(raised.units["adjusted"], found.units["adjusted"] + 10)
    assert raised.units["moved"].tolist() == found.units["moved"].tolist()


def test_an_assessor_who_marks_ten_points_more_is_lenient_by_as_much():
    rng = np.random.default_rng(4)
    values = panel(rng, 20, 5, 6, 0, 2)
    before = adjust(frame(values)).table["severity"]
    values[:, 2] += 10
    after = adjust(frame(values)).table
    np.testing.assert_allclose(after["severity"] - before, [-2, -2, 8, -2, -2], atol=1e-9)
    assert after["strict"]["a2"] == "lenient" and (after["low"] < after["severity"]).all()


def test_a_panel_of_equals_is_seldom_called_strict():
    """Holm keeps the chance that any of them is at 5%."""
    rng = np.random.default_rng(8)
    n = share(300, 100)
    panels = [adjust(frame(panel(rng, 12, 6, 5, 0, 3))).table for _ in range(n)]
    called = sum((table["strict"] != "").any() for table in panels)
    assert called / n <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / n)


def test_holm_by_hand():
    found = holm(np.array([0.04, 0.01, nan, 0.02, 0.9]))
    assert found.tolist() == pytest.approx([0.08, 0.04, nan, 0.06, 0.9], nan_ok=True)
    assert holm(np.array([0.5, 0.6])).tolist() == [1, 1] and holm(np.array([])).tolist() == []


APART = pd.DataFrame(
    {
        "甲": [80, 70, nan, nan, nan],
        "乙": [82, nan, nan, nan, nan],
        "丙": [nan, nan, 60, 61, nan],
        "丁": [nan, nan, nan, 65, nan],
    },
    index=list("ABCDE"),
)


def test_parts_that_nobody_links_are_named_and_refused():
    with pytest.raises(InputError) as caught:
        adjust(APART)
    (en,), (zh,) = caught.value.sentences("en"), caught.value.sentences("zh")
    assert "2 parts" in en and "part 1 (甲, 乙): A, B" in en and "part 2 (丙, 丁): C, D" in en
    assert "第2组（丙、丁）：C、D" in zh
    many = pd.DataFrame(np.where(np.eye(40), 50.0, nan)).add_prefix("a")
    with pytest.raises(InputError) as caught:
        adjust(many)
    (en,) = caught.value.sentences("en")
    assert "40 parts" in en and len(en) < 400


def test_linked_names_the_parts_without_an_error():
    found = linked(APART)
    assert found["part"].to_dict() == {"A": 1, "B": 1, "C": 2, "D": 2}
    assert found.loc["B", "assessors"] == ("甲", "乙") and found.loc["C", "assessors"] == (
        "丙",
        "丁",
    )
    bridge = APART.copy()
    bridge.loc["E", ["乙", "丁"]] = [50, 55]
    assert linked(bridge)["part"].unique().tolist() == [1]
    adjust(bridge)


def test_linked_is_what_steps_from_mark_to_mark_reach():
    rng = np.random.default_rng(0)
    for _ in range(50):
        there = rng.random((6, 5)) < 0.25
        if not there.any():
            continue
        found = linked(frame(np.ones((6, 5)), there))["part"]
        near = (there @ there.T).astype(int)
        reach = np.linalg.matrix_power(near + np.eye(6, dtype=int), 6) > 0
        for a in found.index:
            for b in found.index:
                assert (found[a] == found[b]) == reach[int(a[1:]), int(b[1:])]


def grouped():
    """Groups I (p, q) and II (r, s) each mark together; both mark B."""
    rows = [("A", "p", "I", 70), ("A", "q", "I", 74), ("B", "p", "I", 80), ("B", "q", "I", 82)]
    rows += [("B", "r", "II", 85), ("B", "s", "II", 87), ("C", "r", "II", 64), ("C", "s", "II", 66)]
    return long(rows, ["unit", "assessor", "group", "score"])


def test_severity_of_groups_is_that_of_their_means():
    """A: 72 – ; B: 81, 86; C: – , 65: the second group marks 5 higher."""
    found = adjust(grouped(), by="group")
    assert found.table["severity"].to_dict() == pytest.approx({"I": -2.5, "II": 2.5})
    assert found.units["adjusted"].tolist() == pytest.approx([74.5, 83.5, 62.5])
    assert found.table.index.name == "group" and found.df == 0 and np.isnan(found.sd)
    assert linked(grouped(), by="group")["groups"].tolist() == [("I", "II")] * 3
    apart = grouped()[lambda t: (t["unit"] != "B") | (t["group"] == "I")]
    with pytest.raises(InputError, match=r"part 1 \(I\): A, B; part 2 \(II\): C"):
        adjust(apart, by="group")


def test_groups_must_be_given_and_clear():
    with pytest.raises(InputError, match="no group"):
        adjust(APART, by="group")
    rows = [("A", "p", "I", "x", 1), ("A", "p", "II", "y", 1)]
    twice = long(rows, ["unit", "assessor", "group", "item", "score"])
    with pytest.raises(InputError, match="more than one group"):
        adjust(twice, by="group")
    with pytest.raises(InputError, match="one of assessor, group"):
        adjust(APART, by="stage")


@pytest.mark.parametrize(
    "values", [[[1.0]], [[1.0, 2.0]], [[1.0], [2.0]], [[5.0, 5.0], [5.0, 5.0]], [[1, nan], [2, 3]]]
)
def test_the_smallest_panels_have_an_answer(values):
    found = adjust(pd.DataFrame(values))
    assert abs(found.table["severity"].sum()) < 1e-9
    assert (found.table["strict"] == "").all() and found._repr_html_()
    assert outlying(pd.DataFrame(values)).scores["far"].sum() == 0
    assert len(outlying(pd.DataFrame(values)).assessors) == len(values[0])


def test_units_and_ratings_that_are_left_out_are_told():
    found = adjust(pd.DataFrame({"p": [1, 2, nan], "q": [2, 3, nan]}, index=list("ABC")))
    assert found.left_out == ("C",) and found.units.index.tolist() == ["A", "B"]
    rows = [(u, a, i, 5.0) for u in "AB" for a in "pq" for i in "xy"][:-1]
    found = adjust(long(rows))
    assert found.note.en.startswith("1 rating was left out") and "q of B" in found.note.en
    with pytest.raises(InputError, match="not one rating is complete"):
        adjust(long([("A", "p", "x", 1.0), ("A", "q", "y", 1.0)]))


def test_leverage_is_the_diagonal_of_the_hat_matrix():
    rng = np.random.default_rng(2)
    values = np.where(holes(rng, 6, 4), 1.0, nan)
    rows, columns = np.nonzero(~np.isnan(values))
    x = np.hstack([np.eye(6)[rows], np.eye(4)[columns]])
    hat = x @ np.linalg.pinv(x)
    np.testing.assert_allclose(additive(values).leverage[rows, columns], np.diag(hat), atol=1e-12)


def test_planted_oddities_are_found_and_named():
    rng = np.random.default_rng(3)
    values = np.rint(panel(rng, 20, 6, 8, 1, 2))
    clean = outlying(frame(values))
    assert clean.assessors["flags"].tolist() == [()] * 6 and not clean.scores["far"].any()
    odd = values.copy()
    odd[:, 1] = 150 - odd[:, 1]
    odd[:, 4] = 75 + (odd[:, 4] > 75)
    found = outlying(frame(odd)).assessors
    assert "reversed" in found.loc["a1", "flags"] and "flat" in found.loc["a4", "flags"]
    assert found.loc[["a0", "a2", "a3", "a5"], "flags"].map(lambda f: "reversed" in f).sum() == 0
    slip = values.copy()
    slip[7, 3] = slip[7, 3] // 10  # 8 for 80
    marks = outlying(frame(slip)).scores
    assert marks.loc[0, ["unit", "assessor"]].tolist() == ["u7", "a3"]
    assert marks["far"].tolist() == [True] + [False] * 119


def test_what_is_said_of_an_assessor_by_hand():
    wide = pd.DataFrame({"p": [60.0, 70, 80], "q": [62.0, 70, 84], "r": [64.0, 70, 76]})
    found = outlying(wide).assessors
    assert found["n"].tolist() == [3, 3, 3]
    others = np.array([63.0, 70, 80])
    assert found.loc["p", "correlation"] == pytest.approx(np.corrcoef([60, 70, 80], others)[0, 1])
    assert found.loc["p", "difference"] == pytest.approx((60 + 70 + 80) / 3 - 71)
    q, r = np.var([62, 70, 84], ddof=1), np.var([64, 70, 76], ddof=1)
    assert found.loc["p", "sd_ratio"] == pytest.approx(10 / np.sqrt((q + r) / 2))


def test_marks_are_compared_item_by_item_and_items_with_each_other():
    rng = np.random.default_rng(6)
    rows = []
    for item, level in (("领导", 80), ("战略", 40), ("结果", 60)):
        values = panel(rng, 8, 4, 6, 1, 1, mean=level)
        rows += [(f"u{u}", f"a{a}", item, values[u, a]) for u in range(8) for a in range(4)]
    ratings = long(rows)
    at = ratings.index[(ratings["unit"] == "u2") & (ratings["assessor"] == "a1")
                       & (ratings["item"] == "战略")][0]  # fmt: skip
    ratings.loc[at, "score"] += 30
    found = outlying(ratings)
    assert found.scores.loc[0, ["unit", "assessor", "item"]].tolist() == ["u2", "a1", "战略"]
    assert found.scores["far"].sum() == 1 and len(found.scores) == 96
    assert found.items.index.tolist() == ["领导", "战略", "结果"]
    assert found.items["n"].tolist() == [32] * 3
    assert found.items.loc["领导", "difference"] > 0 > found.items.loc["战略", "difference"]


def test_marks_without_noise_but_one():
    """Where all others fit to the last tick, one that does not is far away whatever its size."""
    values = np.add.outer(np.arange(6.0), [0.0, 1, 2, 3])
    values[2, 2] += 0.5
    found = outlying(frame(values)).scores
    assert found.loc[0, ["unit", "assessor"]].tolist() == ["u2", "a2"]
    assert np.isinf(found.loc[0, "studentised"]) and found.loc[0, "far"]
    assert found["far"].sum() == 1


def test_clean_panels_are_seldom_accused():
    """Of a single mark in no more than 5% of panels, and of being reversed, flat or far not more
    often."""
    rng = np.random.default_rng(12)
    n = share(200, 100)
    found = [outlying(frame(panel(rng, 10, 7, 5, 2, 3))) for _ in range(n)]
    most = 0.05 + 3 * np.sqrt(0.05 * 0.95 / n)
    assert sum(o.scores["far"].any() for o in found) / n <= most
    assert sum(o.assessors["flags"].map(bool).any() for o in found) / n <= most
    assert sum((o.assessors["far"] > 0).any() for o in found) > n / 10  # single ones are common


def test_an_assessor_with_several_marks_far_away_is_named():
    rng = np.random.default_rng(13)
    values = panel(rng, 20, 6, 5, 2, 2)
    values[[2, 5, 9], 3] += [12, -12, 12]
    found = outlying(frame(values)).assessors
    assert found["flags"].tolist() == [(), (), (), ("far",), (), ()] and found.loc["a3", "far"] >= 3
