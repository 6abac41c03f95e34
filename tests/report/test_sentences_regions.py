"""What the pages say where the points may lie elsewhere than in a plain band: the region in words,
whose grade is certain there, what is not drawn. Grades are compared with schemes assessed anew."""

import re

import numpy as np
import pytest

import qtoolkit as qt
from qtoolkit.regions import Box, Hull, Levels, RankOrder, Simplex, refusal_of
from qtoolkit.report import sensitivity, simulated
from qtoolkit.report.blocks import Chart, DataTable, Paragraph
from tests import pages

CASE = qt.read_case("provinces-2008")
RESULT = qt.assess(CASE.scheme, CASE.table)
IDS = list(RESULT.points.index)
PRESENT = RESULT.points.to_dict()
OTHER = dict(zip(IDS, np.roll(RESULT.points.to_numpy(), 3).tolist(), strict=True))
MIDDLE = {id: (PRESENT[id] + OTHER[id]) / 2 for id in IDS}
ORDER = list(RESULT.points.sort_values(ascending=False, kind="stable").index)

REGIONS = {
    "points": (Box(absolute=2), "上下 2 分以内", "within ±2 of"),
    "levels": (Levels(0.1, 0.25), "第1级±10%、第2级±25%", "level 1 ±10%, level 2 ±25%"),
    "hull": (Hull([PRESENT, OTHER]), "2组专家分值的所有加权平均", "2 experts' points"),
    "line": (Hull([PRESENT, MIDDLE, OTHER]), "3组专家分值", "3 experts' points"),
    "order": (RankOrder(ORDER), "重要性次序不增：优等品率", "the order Excellent-grade rate"),
    "both": (
        Box(relative=0.25) & RankOrder(ORDER),
        "25% 以内浮动，总分不变；且分值按",
        "; and points",
    ),
    "any": (Simplex(), "任意非负分值", "any points of 0 or more"),
}


def texts(blocks, language):
    return [block.text.of(language) for block in blocks if isinstance(block, Paragraph)]


@pytest.mark.parametrize("kind", REGIONS)
def test_the_region_is_said_in_words_wherever_a_band_was(kind):
    region, *words = REGIONS[kind]
    blocks = [*pages.ranges(RESULT, region), *pages.methods(RESULT, region)]
    for language, part in zip(("zh", "en"), words, strict=True):
        saying = [text for text in texts(blocks, language) if part in text]
        assert len(saying) == 3, saying  # summary, chapter, annex
        assert not re.search(r"None|±10%(?!、|,)", " ".join(saying))
    assert "excellent," not in " ".join(texts(blocks, "en"))  # indicators by name, not by id


def test_a_plain_band_is_said_as_ever():
    facts = sensitivity.region_facts(RESULT, Box(relative=0.2))
    assert facts == {"band": 20.0, "region": None}
    (summary,) = [t for t in texts(pages.ranges(RESULT, 0.2), "zh") if t.startswith("稳定性")]
    assert summary.startswith("稳定性：各指标分值在现行分值上下 20% 以内浮动，总分不变，")


def numbers(text):
    return [int(n) for n in re.findall(r"(\d+)家初评等级确定|有(\d+)家", text) for n in n if n]


def test_the_counts_are_those_of_schemes_assessed_anew_on_the_line_between_two_experts():
    """A score is linear along the line, so that 201 points of it find every change of grade but
    those of so short a stretch; of the case without blanks or quotas every row is exact."""
    case = qt.read_case("tai-2001")
    result = qt.assess(case.scheme, case.table)
    first = result.points.to_dict()
    second = {id: result.scheme.total * (j + 1) / 36 for j, id in enumerate(first)}
    grades = np.array(
        [
            result.what_if(
                points={id: (1 - t) * first[id] + t * second[id] for id in first}, spread="none"
            ).grades.to_numpy()
            for t in np.linspace(0, 1, 201)
        ]
    )
    moving = (grades != grades[0]).any(axis=0)
    (summary,) = [
        t
        for t in texts(pages.ranges(result, Hull([first, second])), "zh")
        if t.startswith("稳定性")
    ]
    assert numbers(summary) == [(~moving).sum(), moving.sum()]
    assert "现行分值不在" not in summary and 0 < moving.sum() < len(moving)
    for unit in result.scores.index[moving]:
        assert result.labels[unit].zh in summary


def test_a_grade_that_is_certain_elsewhere_is_not_called_unchanged():
    """A region of one point, where the present points do not lie: each grade is certain, and that
    of the scheme with those points."""
    again = RESULT.what_if(points=OTHER, spread="none").grades
    same = again == RESULT.grades
    region = Hull([OTHER])
    found = pages.ranges(RESULT, region)
    (summary,) = [t for t in texts(found, "zh") if t.startswith("稳定性")]
    assert "现行分值不在此范围内" in summary
    assert numbers(summary) == [same.sum(), (~same).sum(), 0] and (~same).any()
    for unit in RESULT.scores.index[~same]:
        label = RESULT.scheme.grade(again[unit]).label.zh
        assert f"{RESULT.labels[unit].zh}（{label}）" in summary
    (english,) = [t for t in texts(found, "en") if t.startswith("Robustness")]
    assert "the present points do not lie there" in english
    (chart,) = [block for block in found if isinstance(block, Chart)]
    figure = chart.draw("zh")
    (legend,) = figure.legends
    assert "初评等级确定，但有变" in [text.get_text() for text in legend.get_texts()]
    dots = figure.axes[0].lines[0].get_xdata()
    low, high = figure.axes[0].get_xlim()
    assert low <= dots.min() and dots.max() <= high


def test_what_cannot_be_drawn_is_said_and_the_proofs_stay():
    region = REGIONS["line"][0]
    refusal = refusal_of(region, RESULT)
    assert refusal is not None and refusal_of(REGIONS["hull"][0], RESULT) is None
    (said,) = simulated.frequencies(RESULT, None, 100, refusal)
    assert refusal.zh in said.text.zh and refusal.en in said.text.en
    ranks = list(pages.rank_ranges(RESULT, region, None))
    (table,) = [block for block in ranks if isinstance(block, DataTable)]
    assert "drawn_best" not in table.frame.columns and "best" in table.frame.columns
    assert not any("抽样" in text for text in texts(ranks, "zh"))
    # the same ends as between the two that it is a line of, which can be drawn from
    both = list(pages.rank_ranges(RESULT, REGIONS["hull"][0], None))
    assert texts(ranks, "zh") == texts(both, "zh")
    for block in ranks:
        if isinstance(block, Chart):
            block.draw("en")


def test_the_choices_say_that_the_points_did_not_vary_with_them():
    region = REGIONS["line"][0]
    choices = qt.simulation.choices(RESULT, region)
    assert "points" not in choices
    assert qt.simulation.choices(RESULT, REGIONS["hull"][0])["points"] is REGIONS["hull"][0]
    found = [qt.simulation.sobol(RESULT, choices, "grade_changes", 8) for _ in range(2)]
    refusal = refusal_of(region, RESULT)
    shown = texts(simulated.choices(RESULT, *found, 8, refusal), "en")
    assert any(refusal.en in text and "not varied" in text for text in shown)
