"""Sentences on rules and cutoffs say what their own tables say, in both languages, over shipped
cases and random schemes."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qtoolkit as qt
from qtoolkit import robustness
from qtoolkit.cutoffs.debated import in_whole_points
from qtoolkit.cutoffs.margins import score_limits
from qtoolkit.engine import from_ticks, to_ticks
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.scheme import Indicator, Scheme, read_scheme
from qtoolkit.language import say
from qtoolkit.regions import Box
from qtoolkit.report import comparison as changes
from qtoolkit.report import figures, lines, rules, sensitivity, shared
from qtoolkit.report.blocks import DataTable, Paragraph, payload
from tests import pages
from tests.examples import share
from tests.sentences import regraded
from tests.strategies import frame_of, givens, scheme_of


@pytest.fixture(scope="module")
def city():
    case = qt.read_case("city-2026")
    return qt.assess(case.scheme, case.table)


# The scoring rule that is printed and the one that scores -----------------------------------------


@pytest.mark.parametrize("below", [None, 0.0, 0.25])
@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_the_sentence_of_base_plus_says_what_a_unit_short_of_its_baseline_has(below, direction):
    rule = {
        "kind": "base_plus",
        "base": 0.7,
        "gain": 0.1,
        "direction": direction,
        "reference": 90.0,
    }
    rule |= {} if below is None else {"below": below}
    leaf = Indicator.model_validate({"id": "x", "name": "x", "points": 12, "rule": rule})
    text = rules.scoring(leaf)
    worse = {
        "higher": ("低于基期", "below the baseline"),
        "lower": ("高于基期", "above the baseline"),
    }[direction]
    assert worse[0] in text.zh and worse[1] in text.en
    said = {
        None: ("不论是否", "for all"),
        0.0: ("不得分", "nothing"),
        0.25: ("得满分的25%", "25% of them"),
    }[below]
    assert said[0] in text.zh and said[1] in text.en
    assert ("不论是否" in text.zh) == ("for all" in text.en) == (below is None)


@pytest.mark.parametrize(
    "name", ["scheme", "drafts/draft-two", "drafts/draft-three", "previous/scheme"]
)
def test_the_printed_standard_of_a_base_score_and_its_rule_agree(name):
    """70% below the baseline too: what the words say, worked by hand on the rule, and no word of a
    condition."""
    leaf = next(
        x
        for x in read_scheme(packaged_cases() / "city-2026" / f"{name}.yaml").leaves
        if x.id == "works_pass"
    )
    assert (
        "不论是否低于基期" in leaf.standard.zh
        and "70%" in leaf.standard.zh
        and "for all" in leaf.standard.en
    )
    assert (leaf.rule.base, leaf.rule.below) == (0.7, None)


def single_cutoffs(result):
    """The table of single cutoffs of the annex."""
    (block,) = [b for b in pages.transfers(result) if getattr(b, "name", "") == "cutoff_intervals"]
    return block


def test_units_below_their_baseline_have_what_the_standard_says(city):
    j = [leaf.id for leaf in city.scheme.leaves].index("works_pass")
    short = city.table.raw[:, j].astype(float) < city.table.baselines[:, j]
    assert short.sum() == 4  # 子市、丑市、辰市、巳市
    assert city.nodes["works_pass"][short].tolist() == pytest.approx([0.7 * 12] * 4)


def test_the_annex_prints_the_sentence_of_the_machine_beside_every_standard(city):
    """Not the office's words alone: each leaf has both, and the machine's names every number of its
    rule."""
    frame = rules.rules(city)[0].frame
    for leaf, standard, text in zip(
        city.scheme.leaves, frame["standard"], frame["rule"], strict=True
    ):
        assert standard == leaf.standard and text is not None and text.zh and text.en
        if leaf.rule.kind == "base_plus":
            for number in ("70%", "0.5", "10.0%"):
                assert number in text.zh and number in text.en


def test_below_is_in_the_schema_that_editors_read():
    properties = Scheme.model_json_schema()["$defs"]["BasePlusRule"]["properties"]
    assert set(properties) == {"kind", "base", "gain", "per", "reference", "direction", "below"}


# Where a cutoff may lie ---------------------------------------------------------------------------

CASES = ("provinces-2008", "tai-2001", "city-2026")


@pytest.fixture(scope="module", params=CASES)
def result(request):
    case = qt.read_case(request.param)
    return qt.assess(case.scheme, case.table)


def assessed(given):
    return qt.assess(scheme_of(given.scheme), frame_of(given))


def cells(block, language="zh"):
    """A table's rows as a reader sees them, by column key."""
    data = payload(block, language)
    return [dict(zip(block.frame.columns, row, strict=True)) for row in data["cells"]]


def holds_where_it_says(result):
    """Just within each end nothing changes; at an open end and just beyond a closed one the unit
    named changes, or the next cutoff stands there."""
    tick = 1e-10
    table = lines.single(result, qt.robustness.cutoff_intervals(result))
    for _, row in table.iterrows():
        now = result.grades
        down, up = row["low"] - row["cutoff"], row["high"] - row["cutoff"]
        if down == down:
            if row["cutoff"] + down > 0 or row["next_low"]:
                assert (regraded(result, row["grade"], down + tick) == now).all()
            if not row["next_low"]:
                assert regraded(result, row["grade"], down)[row["unit_low"]] != now[row["unit_low"]]
        if up == up:
            inside = up - tick if row["next_high"] else up
            assert (regraded(result, row["grade"], inside) == now).all()
            if not row["next_high"]:
                assert (
                    regraded(result, row["grade"], up + tick)[row["unit_high"]]
                    != now[row["unit_high"]]
                )


def the_sentence_is_the_table(result):
    """Each end that the table prints stands in the sentence, and no other number does before
    “together”."""
    if len(result.scheme.grades) < 2:
        return
    text = pages.moving(result)[0].text
    printed = cells(single_cutoffs(result))
    for said, cut, digits in (
        (text.zh, "各分数线同时移动", r"[于]([\d.]+)分"),
        (text.en, "All together", r"(?:above|below) ([\d.]+)"),
    ):
        ends = re.findall(digits, said.split(cut)[0].split("：", 1)[-1])
        ends = [end.rstrip(".") for end in ends]
        assert ends == [
            row[side] for row in printed for side in ("low", "high") if row[side] != "—"
        ], said


def changes_read_outwards(result):
    """Beyond a move the unit has the grade that the row says, and just before it the other:
    assessed anew."""
    if len(result.scheme.grades) < 2:
        return
    section = pages.moving(result)
    blocks = [b for b in section if isinstance(b, DataTable) and b.name == "cutoff_flips"]
    found = qt.cutoffs.sweep(result).flips
    for block in blocks:
        flips = section.tables["cutoff_flips"].frame
        assert len(flips) == len(found) == len(block.frame)
        for line in flips["line"].unique():
            shifts = flips.loc[flips["line"] == line, "points"]
            up, down = shifts[shifts >= 0], shifts[shifts < 0]
            assert up.is_monotonic_increasing and down.is_monotonic_decreasing
        for (_, row), way in zip(flips.iterrows(), block.frame["way"], strict=True):
            assert way.zh == ("上移超过" if row["points"] >= 0 else "下移达到")
            assert way.en == ("up past" if row["points"] >= 0 else "down to")
            if row["line"] == qt.cutoffs.ALL:
                continue
            from_it_on, up_to_it = (1e-10, 0.0) if row["points"] >= 0 else (0.0, 1e-10)
            grades = [
                regraded(result, row["line"], row["points"] + more)[row["unit"]]
                for more in (up_to_it, from_it_on)
            ]
            assert grades == [row["before"], row["after"]]


def test_single_cutoffs_of_the_cases(result):
    holds_where_it_says(result)
    the_sentence_is_the_table(result)
    changes_read_outwards(result)


@settings(max_examples=share(60, 12))
@given(givens(blanks=False, geometric=False))
def test_single_cutoffs_of_random_schemes(given):
    result = assessed(given)
    holds_where_it_says(result)
    the_sentence_is_the_table(result)
    changes_read_outwards(result)


def test_a_quota_that_keeps_grades_is_counted_in_the_sentence(city):
    """Four places and five units at 90 or more: the A line may fall to the B line and nobody is
    promoted, by hand."""
    assert cells(single_cutoffs(city))[0] | {} == {
        "grade": "A级",
        "cutoff": "90",
        "low": "80.00",
        "unit_low": "无（到相邻分数线）",
        "high": "93.39",
        "unit_high": "甲市",
    }
    assert "A级高于80.00分、不高于93.39分" in pages.moving(city)[0].text.zh


def test_lowering_a_line_promotes(city):
    """丑市 has 78.50: a B line at 78.50 or below takes it in, from C to B, and the row says so in
    this order."""
    (block,) = [
        b
        for b in pages.moving(city)
        if getattr(b, "name", None) == "cutoff_flips" and hasattr(b, "frame")
    ]
    (row,) = [r for r in cells(block) if r["line"] == "B级分数线" and r["unit"] == "丑市"]
    assert list(row.values()) == ["B级分数线", "下移达到", "−1.50", "78.50", "丑市", "C级", "B级"]


@pytest.mark.parametrize("band", [0.05, 0.1, 0.3])
def test_bars_that_pass_a_line_and_hold_are_named(result, band):
    """A bar with a printed cutoff in it, of a unit whose grade is certain, is named with its
    reason; no other is."""
    table = robustness.score_range(result, Box(relative=band)).table
    limits = {
        unit: from_ticks(row)
        for unit, row in zip(result.scores.index, score_limits(result), strict=True)
    }
    across = {
        unit
        for unit, row in table.iterrows()
        if row["certain"]
        and any(to_ticks(row["low"]) < to_ticks(x) <= to_ticks(row["high"]) for x in limits[unit])
    }
    held = sensitivity.holds(result, table)
    assert {unit for unit, why in held.items() if why} == across
    notes = [
        b.text
        for b in pages.ranges(result, band)
        if isinstance(b, Paragraph) and "跨过分数线" in b.text.zh
    ]
    assert len(notes) == bool(across)
    for unit in across:
        assert result.labels[unit].zh in notes[0].zh and result.labels[unit].en in notes[0].en


def test_a_quota_holds_a_unit_whose_bar_passes_90(city):
    held = sensitivity.holds(city, robustness.score_range(city, Box(relative=0.1)).table)
    assert held["壬市"] == "quota" and held.notna().sum() == 1


# The table of revisions adds up -------------------------------------------------------------------


def adds_up(comparison):
    """Each year's column adds up to its scheme's total, each group to its subtotal, and the
    differences to theirs."""
    before, after = comparison.before.scheme, comparison.after.scheme
    for language, subtotal, total in (("zh", "小计", "合计"), ("en", "Subtotal", "Total")):
        (table,) = [
            b for b in changes.revision(comparison) if getattr(b, "name", None) == "revision"
        ]
        rows = cells(table, language)
        numbers = [
            tuple(
                0.0 if row[key] == "—" else float(row[key].replace("−", "-"))
                for key in ("points_before", "points_after", "change")
            )
            for row in rows
        ]
        assert rows[-1]["before"] == total
        assert numbers[-1] == pytest.approx(
            (before.total, after.total, after.total - before.total), abs=1e-3
        )
        items, group, count = [], [], {"before": 0, "after": 0}
        for row, found in zip(rows[:-1], numbers, strict=False):
            if row["before"] == subtotal:
                group = [n for n in group if n[2] is None]
                assert len(group) > 1
                assert found[:2] == pytest.approx(
                    [sum(n[i] for n in group) for i in (0, 1)], abs=1e-3
                )
                assert found[2] == pytest.approx(found[1] - found[0], abs=1e-3)
                group = []
                continue
            count = {key: n + (row[key] != "—") for key, n in count.items()}
            items.append(found)
            if row["change"] == "—":
                group.append((*found[:2], None))
            else:
                assert not group and found[2] == pytest.approx(found[1] - found[0], abs=1e-3)
        assert not group  # nothing without a difference stands outside a group
        assert count == {"before": len(before.leaves), "after": len(after.leaves)}
        for i in (0, 1):
            assert sum(found[i] for found in items) == pytest.approx(numbers[-1][i], abs=1e-3)


def test_the_revision_of_the_example_adds_up(city):
    case = qt.read_case("city-2026")
    adds_up(qt.comparison.compare(qt.assess(case.previous.scheme, case.previous.table), city))


SHARE = {"kind": "share"}


@st.composite
def revisions(draw):
    """Two schemes whose indicators are kept, split, merged, both at once, new and dropped."""
    sizes = st.lists(st.integers(1, 20), min_size=1, max_size=6)
    old = [
        {"id": f"o{i}", "name": f"旧{i}", "points": float(p), "rule": SHARE}
        for i, p in enumerate(draw(sizes))
    ]
    new = []
    for i, p in enumerate(draw(sizes)):
        previous = draw(
            st.lists(st.sampled_from([leaf["id"] for leaf in old]), unique=True, max_size=3)
        )
        own = draw(st.sampled_from([f"n{i}", f"o{i}"]))
        new.append(
            {"id": own, "name": f"新{i}", "points": float(p), "rule": SHARE, "previous": previous}
        )
    grades = [{"id": "A", "cutoff": 1.0}, {"id": "D", "cutoff": 0.0}]
    return [
        scheme_of(
            {
                "id": "s",
                "name": "办法",
                "total": sum(x["points"] for x in leaves),
                "indicators": leaves,
                "grades": grades,
            }
        )
        for leaves in (old, new)
    ]


@settings(max_examples=share(60))
@given(revisions())
def test_the_revision_of_any_two_schemes_adds_up(schemes):
    frames = [
        pd.DataFrame({leaf.id: [0.5, 0.7] for leaf in scheme.leaves}, index=["甲", "乙"])
        for scheme in schemes
    ]
    before, after = (
        qt.assess(scheme, frame) for scheme, frame in zip(schemes, frames, strict=True)
    )
    adds_up(qt.comparison.compare(before, after))


# Other totals, classes, shares of places ----------------------------------------------------------


def of_total(total, classes=False, quota=None, n=18):
    """The same shares under any total; with classes, every second unit is of class 县, whose lines
    lie lower."""
    own = {"A": {"县": 0.85 * total}, "B": {"县": 0.5 * total}} if classes else {}
    lines_ = [("A", 0.9 * total, quota), ("B", 0.6 * total, None), ("C", 0.0, None)]
    grades = [
        {"id": id, "cutoff": cutoff, "quota": most}
        | ({"class_cutoffs": own[id]} if id in own else {})
        for id, cutoff, most in lines_
    ]
    if classes:
        grades[0]["within"] = "class"
    leaves = [{"id": id, "name": id, "points": total / 2, "rule": SHARE} for id in "ab"]
    scheme = {"id": "s", "name": "办法", "total": total, "indicators": leaves, "grades": grades}
    frame = pd.DataFrame(
        {
            "unit": [f"u{k}" for k in range(n)],
            "a": [1 - k / 20 for k in range(n)],
            "b": [0.99 - k / 21 for k in range(n)],
        }
    )
    if classes:
        scheme["classes"], frame["class"] = ["市", "县"], [("市", "县")[k % 2] for k in range(n)]
    return qt.assess(scheme_of(scheme), frame)


def decimals(result):
    """The sentence on decimals."""
    return pages.decimals(result)[0].text


def near_misses(result, points):
    return shared.near_misses(qt.cutoffs.margins(result), shared.points_of(result, points))


@pytest.mark.parametrize("classes", [False, True])
def test_near_misses_and_options_scale_with_the_total(classes):
    """The same shares of 100 and of 1,000 points: the same units are near, the same options have
    the same consequences."""
    small, large = (of_total(total, classes) for total in (100.0, 1000.0))
    assert shared.points_of(small, None) == 1 and shared.points_of(large, None) == 10
    near = [list(near_misses(result, None).index) for result in (small, large)]
    assert near[0] == near[1] and near[0]
    found = [qt.decisions.matters(result) for result in (small, large)]
    tables = [one.table[one.table["kind"] != "decimals"] for one in found]
    for column in ("kind", "of", "changed", "moved"):
        assert tables[0][column].tolist() == tables[1][column].tolist()
    assert (tables[0]["kind"] == "line").any() and (10 * found[0].shift, 10) == (found[1].shift, 10)
    lines = [table.loc[table["kind"] == "line", "choice"] for table in tables]
    assert (10 * lines[0]).tolist() == lines[1].tolist()
    if not classes:
        found = [pages.options(result, None, 200)[1].frame for result in (small, large)]
        for id in ("c:A", "c:B"):
            assert (10 * found[0][id]).tolist() == found[1][id].tolist()


def test_points_that_are_given_are_points():
    large = of_total(1000.0)
    assert shared.points_of(large, 1) == 1
    assert set(near_misses(large, 1).index) < set(near_misses(large, None).index)


def test_every_class_has_its_cutoffs_and_tables_name_the_class():
    """市 900 and 600, 县 850 and 500, as written: in the summary, beside each unit, and where a
    moved line comes to lie."""
    result = of_total(1000.0, classes=True)
    (table,) = [
        b for b in pages.summary(result, None) if getattr(b, "name", None) == "grade_counts"
    ]
    assert [row["cutoff"] for row in cells(table)] == [
        "市 900、县 850",
        "市 600、县 500",
        "市 0、县 0",
    ]
    written = {("A", "市"): 900, ("A", "县"): 850, ("B", "市"): 600, ("B", "县"): 500}
    group = {f"u{k}": ("市", "县")[k % 2] for k in range(18)}
    tables = {
        b.name: b
        for b in [
            *pages.near_misses(result),
            *pages.decimals(result),
            *pages.moving(result),
            pages.transfers(result)[-1],
        ]
        if hasattr(b, "frame")
    }
    for name in ("near_misses", "cutoff_flips"):
        rows = cells(tables[name])
        assert rows and all(row["class"] == group[row["unit"]] for row in rows)
    for row in cells(tables["cutoff_flips"]):
        if row["cutoff"] != "—":
            now = written[row["line"].removesuffix("分数线"), row["class"]]
            assert float(row["cutoff"]) == pytest.approx(
                now + float(row["shift"].replace("−", "-"))
            )
            # where its score lies
            assert float(row["cutoff"]) == result.scores[row["unit"]].round(4)
    rows = cells(tables["cutoff_intervals"])
    assert [(row["grade"], row["group"], float(row["cutoff"])) for row in rows] == [
        (*key, x) for key, x in written.items()
    ]


@pytest.mark.parametrize(
    ("share_", "n", "most", "cut"),
    [(0.3, 9, 2, True), (0.3, 10, 3, False), (0.25, 7, 1, True), (0.1, 9, 0, True)],
)
def test_a_share_of_places_says_how_many_it_comes_to(share_, n, most, cut):
    """⌊.3 · 9⌋ = 2, worked by hand."""
    result = of_total(100.0, quota=share_, n=n)
    text = rules.grades(result)[0].frame["limits"][0]
    assert f"（{n}家中{most}家" in text.zh and f"({most} of {n}" in text.en
    assert ("舍去" in text.zh) == ("dropped" in text.en) == cut
    assert (result.grades == "A").sum() <= most


def test_a_share_of_places_in_each_class():
    result = of_total(100.0, classes=True, quota=0.3, n=17)  # 9 and 8: ⌊2.7⌋ and ⌊2.4⌋
    text = rules.grades(result)[0].frame["limits"][0]
    assert "市9家中2家、县8家中2家" in text.zh and "市: 2 of 9, 县: 2 of 8" in text.en


# Where nothing changes though a reader would expect it --------------------------------------------


def by_score(result, scores, unit):
    """The grade of a published score by the printed cutoffs alone."""
    groups = (
        result.table.covariates["class"].to_numpy()
        if "class" in result.table.covariates
        else [None] * len(scores)
    )
    group = groups[list(scores.index).index(unit)]
    *upper, worst = result.scheme.grades
    return next((g.id for g in upper if scores[unit] >= g.cutoff_of(group) - 1e-11), worst.id)


def reasons_stand_beside(result):
    """Each unit that a reading of decimals moves across a printed cutoff is named: as changed, or
    with what holds it."""
    text = decimals(result)
    for sentence, parts in (
        (text.zh, ("如改为四舍五入到整数：", "；如改为舍去小数取整数：")),
        (text.en, ("Half up to whole points instead: ", ". Down to whole points instead: ")),
    ):
        first, second = sentence.split(parts[0])[1].rsplit(parts[1], 1)
        for said, mode in ((first, "half_up"), (second, "floor")):
            other = in_whole_points(result, mode)
            crossing = [
                u
                for u in result.scores.index
                if by_score(result, result.scores, u) != by_score(result, other.scores, u)
            ]
            changed = [u for u in result.scores.index if result.grades[u] != other.grades[u]]
            silent = [u for u in crossing if u not in changed]
            hits = re.findall(r"按得分由|by score but", said)
            assert len(hits) == min(len(silent), 3), (said, silent)
            for unit in [*changed[:8], *silent[:3]]:
                label = result.labels[unit]
                assert label.zh in said or label.en in said, (said, unit)


def test_reasons_stand_beside_what_does_not_change(result):
    reasons_stand_beside(result)


@settings(max_examples=share(60))
@given(givens(blanks=False, geometric=False))
def test_reasons_stand_beside_in_random_schemes(given):
    reasons_stand_beside(assessed(given))


def test_a_full_quota_is_the_reason_that_89_69_rounds_to_90_and_stays(city):
    text = decimals(city)
    assert city.scores["壬市"] == 89.69 and city.grades["壬市"] == "B"
    assert "没有考核对象初评等级变化（壬市按得分由B级变为A级，因名额所限仍为B级）" in text.zh
    assert (
        "no computed grade changes (City I goes from B to A by score but stays B because of "
        "limited places)" in text.en
    )


# A unit exactly on its cutoff ---------------------------------------------------------------------


def said_by(blocks):
    """Every sentence and cell of views, in both languages."""
    for block in blocks:
        for language in ("zh", "en"):
            data = payload(block, language)
            yield from (
                [data["text"]]
                if "text" in data
                else [cell for row in data.get("cells", []) for cell in row]
            )


EMPTY = re.compile(
    r"调出，|from  and|giving to (?:\(|$)|共0\.00分|\(0\.00 in all|不足0\.00分|less than "
    r"0\.00|±0\.00%(?:以内|;)"
)


@pytest.mark.parametrize("unit", [(1.0, 0.8), (0.8, 1.0), (0.95, 0.85)])
def test_a_unit_on_its_cutoff_is_said_to_stand_there(unit):
    """50 + 40, 40 + 50, 47.5 + 42.5 points against a cutoff of 90, by hand."""
    frame = pd.DataFrame(
        {"a": [unit[0], 0.7, 0.3], "b": [unit[1], 0.75, 0.4]}, index=["甲", "乙", "丙"]
    )
    result = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    views_ = pages.flips(result), pages.transfers(result), pages.tolerances(result, 0.1)
    for blocks in views_:
        said = list(said_by(blocks))
        assert not [text for text in said if EMPTY.search(text)]
        assert any("正好在分数线上" in text and "甲" in text for text in said)
        assert any("on the cutoff" in text and "甲" in text for text in said)
    (recipe,) = [row["recipe"] for row in cells(pages.flips(result)[-1]) if row["unit"] == "甲"]
    assert "正好在分数线上" in recipe


def test_all_units_on_a_cutoff_are_named_and_no_other():
    """甲 and 丁 have 90 of 100 with uneven shares, 乙 has 91."""
    frame = pd.DataFrame(
        {"a": [1.0, 1.0, 0.3, 0.8], "b": [0.8, 0.82, 0.4, 1.0]}, index=["甲", "乙", "丙", "丁"]
    )
    result = qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame)
    text = pages.flips(result)[0].text
    assert "得分正好在分数线上的甲（由A变为B）、丁（由A变为B）：" in text.zh
    assert (
        "at 甲 (from A to B), 丁 (from A to B), whose" in text.en
        or "甲 (from A to B) and 丁 (from A to B)" in text.en
    )


def test_a_line_that_is_stood_on_moves_up_by_no_number():
    frame = pd.DataFrame({"a": [1.0, 0.7], "b": [0.8, 0.75]}, index=["甲", "乙"])
    text = pages.moving(qt.assess(qt.Scheme.flat({"a": 50, "b": 50}, {"A": 90, "B": 0}), frame))[
        0
    ].text
    assert (
        "得分正好在分数线上的，一有上移，甲由A变为B" in text.zh
        and "超过0.00" not in text.zh
        and "beyond 0.00" not in text.en
    )


@settings(max_examples=share(60))
@given(givens(blanks=False, geometric=False, quotas=False))
def test_no_recipe_is_empty(given):
    """Cutoffs of random schemes often lie at somebody's score: a line that is stood on is named in
    the recipe of just those units that next to no points change."""
    result = assessed(given)
    blocks = pages.flips(result)
    assert not [text for text in said_by(blocks) if EMPTY.search(text)]
    table = robustness.cheapest_flip(result).table
    (shown,) = [block for block in blocks if hasattr(block, "frame")]
    for row in cells(shown):
        moved = table.loc[
            next(u for u in table.index if result.labels[u].zh == row["unit"]), "points_moved"
        ]
        stands = "正好在分数线上" in row["recipe"]
        assert moved <= 1e-9 * len(result.points) if stands else moved > 1e-9


# One sign, one number -----------------------------------------------------------------------------


def test_sentences_use_the_minus_sign_of_the_tables():
    """U+2212 for numbers with decimals or in per cent; no sign for a zero; what a user typed stays
    as it was typed."""
    text = say(
        zh="{a:.2f}、{a:+.1f}、{b:.1%}、{c:.2f}、{d}",
        en="{a:.2f}, {a:+.1f}, {b:.1%}, {c:.2f}, {d}",
        a=-1.82,
        b=-0.02,
        c=-1e-17,
        d="-5",
    )
    assert text.zh == "−1.82、−1.8、−2.0%、0.00、-5" and text.en == text.zh.replace("、", ", ")


def test_no_view_of_cutoffs_or_robustness_has_another_minus(result):
    band = 0.1
    blocks = [
        *pages.near_misses(result),
        *pages.decimals(result),
        *pages.moving(result),
        *pages.quotas(result),
        *pages.places(result),
        *pages.ranges(result, band),
    ]
    blocks += [
        *pages.tolerances(result, band),
        *pages.flips(result),
        *rules.rules(result),
        *rules.grades(result),
    ]
    assert not [text for text in said_by(blocks) if text and re.search(r"(?<![\w.–−-])-\d", text)]


@pytest.mark.parametrize(
    ("rule", "zh"),
    [
        ({"rate": 20.0}, "每缺1项扣20分，扣完为止"),
        ({"rate": 0.5, "per": 2.0, "most": 2.0}, "每缺2项扣0.5分，最多扣2分"),
        ({"rate": 2.0, "target": 98.0}, "每比目标值差1扣2分，扣完为止"),
    ],
)
def test_a_deduction_says_what_one_is(rule, zh):
    leaf = Indicator.model_validate(
        {"id": "x", "name": "x", "points": 30, "scales": False, "rule": {"kind": "deduct"} | rule}
    )
    assert rules.scoring(leaf).zh == zh


@pytest.mark.parametrize(
    ("tolerance", "zh", "en"),
    [
        (0.999, "在±99.9%或更大幅度以内任意", "within ±99.9% or more:"),
        (0.9989, "在±99.89%以内任意", "within ±99.89%:"),
        (1.0, "在±100%或更大幅度以内任意", "within ±100% or more:"),
    ],
)
def test_the_end_of_a_search_is_said_to_be_one(city, monkeypatch, tolerance, zh, en):
    """A tolerance that is not looked for beyond 99.9% is at least that."""
    real = robustness.tolerance(city)
    table = real.table.assign(tolerance=1.0)
    table.iloc[0, table.columns.get_loc("tolerance")] = tolerance
    table = table if tolerance < 1 else table.iloc[:1]
    found = dataclasses.replace(real, table=table)
    monkeypatch.setattr(robustness, "tolerance", lambda result: found)
    text = pages.tolerances(city, 0.1)[0].text
    assert zh in text.zh and re.search(en.replace(":", "[;.]"), text.en)


def test_the_figure_prints_the_number_of_the_table(city):
    """Cut once: each bar's number is the table's cell without its sign for per cent."""
    (table,) = [
        b
        for b in pages.tolerances(city, 0.1)
        if getattr(b, "name", None) == "tolerances" and hasattr(b, "frame")
    ]
    printed = {row["tolerance"].rstrip("%") for row in cells(table) if row["tolerance"] != "—"}
    axes = figures.tolerances(city, robustness.tolerance(city), "zh").axes[0]
    written = {text.get_text().lstrip("≥") for text in axes.texts}
    assert written <= printed | {"100.00"} and len(written) > 3


def flat_result(points, rows, cutoffs):
    names = [f"x{j}" for j in range(len(points))]
    frame = pd.DataFrame(rows, index=[f"u{k}" for k in range(len(rows))], columns=names)
    return qt.assess(qt.Scheme.flat(dict(zip(names, points, strict=True)), cutoffs), frame)


def test_a_unit_that_may_lose_all_of_the_band_is_no_near_miss():
    """91 with A from 90: a point less is 90, still an A. 90.99 is near, and so is 89 below."""
    result = flat_result([100.0], [[0.91], [0.9099], [0.89], [0.8899]], {"A": 90, "B": 0})
    assert near_misses(result, 1.0).index.tolist() == ["u1", "u2"]


@pytest.mark.parametrize(
    ("points", "rows", "named"),
    [
        ([55.0, 44.5, 0.5], [[0.9, 0.7, 0.7], [0.5, 0.6, 0.5]], "x0"),  # x2 may go to 0 or up by 9
        # x2 never changes anything
        ([50.0, 50.0, 0.0], [[0.9, 0.705, 0.8], [0.5, 0.6, 0.5]], "x0"),
        ([100.0, 0.0], [[0.95, 0.5]], "x1"),  # x0 has all the points and cannot move alone
    ],
)
def test_an_end_at_which_no_grade_changes_makes_no_indicator_sensitive(points, rows, named):
    """By plain grading anew: how far each indicator can move, the others in proportion, before a
    grade changes."""
    result = flat_result(points, rows, {"A": 80, "B": 0})
    said = next(
        block.text.en
        for block in pages.transfers(result)
        if isinstance(block, Paragraph) and "most sensitive" in block.text.en
    )
    assert f"“{named}”" in said
    total, reach = sum(points), {}
    for j, p in enumerate(points):
        for step in np.arange(0.01, 40, 0.01) if p < total else ():
            for moved in (p - step, p + step):
                others = [q * (total - moved) / (total - p) for q in points]
                changed = [moved if i == j else q for i, q in enumerate(others)]
                scores = [float(np.dot(changed, row)) for row in rows]
                grades = ["A" if score >= 80 - 1e-9 else "B" for score in scores]
                if (
                    0 <= moved <= total
                    and grades != result.grades.tolist()
                    and f"x{j}" not in reach
                ):
                    reach[f"x{j}"] = step
    assert min(reach, key=reach.get) == named


def test_one_indicator_has_nothing_to_transfer():
    blocks = pages.transfers(flat_result([100.0], [[0.9]], {"A": 80, "B": 0}))
    assert any("nothing to transfer" in b.text.en for b in blocks if isinstance(b, Paragraph))
