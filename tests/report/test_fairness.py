"""The page on fairness where differences are clear, where nothing can be judged, and what is left
out: its facts anew, and what it says."""

import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.fairness import dealing
from qtoolkit.inputs.scheme import Covariate
from qtoolkit.language import LANGUAGES, Text
from qtoolkit.report import fairness
from qtoolkit.report.blocks import Chart, Paragraph
from tests.report.facts import recorded
from tests.report.facts.fairness import found_of

DESCRIBED = (
    Covariate(id="gdp", name=Text("经济总量", "Economy"), kind="number"),
    Covariate(id="people", name=Text("人口", "Population"), kind="number"),
    Covariate(id="region", name=Text("片区", "Region"), values={"东": "East", "西": "West"}),
    Covariate(id="code", name=Text("代码", "Code")),
    Covariate(id="province", name=Text("省份", "Province")),
)


def case_of(n=15, covariates=DESCRIBED):
    """Scores that rise with the economy and fall with the population; a region that is missing;
    codes that one unit each has; one province."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {
            "a": np.linspace(0.2, 1, n),
            "b": rng.uniform(size=n),
            "c": 0.5,
            "gdp": np.geomspace(1, 900, n),
            "people": np.arange(n, 0, -1.0),
            "region": ["东", "西"] * (n // 2) + ["西"] * (n % 2),
            "code": [f"k{k}" for k in range(n)],
            "province": "甲省",
        },
        index=[f"u{k:02}" for k in range(n)],
    )
    frame.loc[frame.index[3], "region"] = None
    frame = frame[["a", "b", "c", *(one.id for one in covariates)]]
    scheme = qt.Scheme.flat({"a": 60, "b": 25, "c": 15}, {"A": 70, "B": 50, "C": 0})
    return qt.assess(scheme.model_copy(update={"covariates": covariates}), frame)


def section_of(result):
    given = recorded.Given(result, None)
    section = fairness.regions(result, found_of(given))
    recorded.check(section, given)
    return section


def words_of(section, language):
    return " ".join(b.text.of(language) for b in section if isinstance(b, Paragraph))


def test_a_clear_difference_is_called_so_with_its_direction_and_what_carries_it():
    section = section_of(case_of())
    rows = {row["name"].en: row for row in section.facts["rows"]}
    assert set(rows) == {"Economy", "Region"}  # the population makes the same halves
    assert rows["Economy"]["verdict"] == "clear" and rows["Economy"]["rises"]
    assert rows["Economy"]["leaves"][0]["leaf"] == "a"
    zh, en = (words_of(section, language) for language in LANGUAGES)
    assert "经济总量：数值较高的7家平均得分比较低的7家高" in zh and "远超通常范围" in zh
    assert "人口：分成的两组与按“经济总量”分成的完全相同" in zh
    assert "the upper half (7 units) scores" in en and "far beyond the usual range" in en
    assert "代码" in zh and "不作结论" in zh and "省份：各考核对象都相同" in zh
    assert "没有数据而未参加比较的：片区（1家）" in zh
    falling = section_of(case_of(covariates=DESCRIBED[1:]))
    assert falling.facts["rows"][0]["falls"]
    assert "人口：数值较高的7家平均得分比较低的7家低" in words_of(falling, "zh")


def test_no_difference_is_called_beyond_doubt():
    """No stars, no "显著", no "significant"; what few units can show is said."""
    for result in (case_of(), case_of(covariates=DESCRIBED[2:])):
        zh, en = (words_of(section_of(result), language) for language in LANGUAGES)
        assert "显著" not in zh and "significan" not in en.lower() and "*" not in zh + en
        assert "15家能说明什么" in zh and "What 15 units can show" in en


def test_what_cannot_be_compared():
    few = section_of(case_of(6))
    assert few.facts["judged"] == 0 and not [b for b in few if isinstance(b, Chart)]
    assert "没有可以比较的分组" in words_of(few, "zh")
    nothing = section_of(case_of(covariates=()))
    assert "不作地区公平性比较" in words_of(nothing, "zh")
    assert nothing.facts["least"] is None


def test_too_many_groups_to_deal_are_said(monkeypatch):
    monkeypatch.setattr(dealing, "ALL", 100)
    monkeypatch.setattr(dealing, "WORK", 1000)
    section = section_of(case_of())
    assert [name.en for name in section.facts["many"]] == ["Economy", "Population", "Region"]
    assert "算不过来" in words_of(section, "zh")


def test_ways_drawn_are_said(monkeypatch):
    monkeypatch.setattr(dealing, "ALL", 100)
    section = section_of(case_of())
    assert section.facts["sampled"]
    assert "得分的比较也有抽取的" in words_of(section, "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures(language):
    """One panel a covariate, a logarithmic axis where the number is skewed, all scores drawn."""
    result = case_of()
    (chart,) = [b for b in section_of(result) if isinstance(b, Chart)]
    figure = chart.draw(language)
    axes = [ax for ax in figure.axes if ax.get_visible()]
    titles = [one.name.of(language) for one in DESCRIBED[:3]]
    assert [ax.get_title() for ax in axes] == titles
    assert [ax.get_xscale() for ax in axes] == ["log", "linear", "linear"]
    dots = [
        sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() == "o") for ax in axes
    ]
    assert dots == [15, 15, 14]
