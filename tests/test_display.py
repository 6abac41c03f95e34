"""What objects show of themselves in a notebook: one line, and a card that fits any theme."""

import dataclasses
import re

import lxml.html
import numpy as np
import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit import display
from qtoolkit.errors import InputError
from qtoolkit.language import LANGUAGES, Text


@pytest.fixture(scope="module")
def city():
    case = qt.read_case("city-2026")
    return case, qt.assess(case.scheme, case.table)


@pytest.fixture(scope="module")
def shown(city, tmp_path_factory):
    """An object of every class that is shown."""
    case, result = city
    last = qt.assess(case.previous.scheme, case.previous.table)
    box = qt.regions.Box(relative=0.1)
    simple = qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0})
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(size=(30, 2)), columns=["a", "b"])
    flat = qt.assess(simple, frame.set_axis([f"u{k}" for k in range(30)]))
    weights = qt.weighting.entropy(flat.matrix)
    experts = tmp_path_factory.mktemp("people") / "experts.csv"
    experts.write_text("专家,a,b\n甲,70,30\n", encoding="utf-8")
    judged = qt.weighting.read_judgements(experts, simple)
    award = qt.read_case("mayor-award")
    panels = qt.assess(award.scheme, award.table)
    (drafted, *_) = case.drafts
    return [
        case,
        case.scheme,
        case.table,
        result,
        qt.robustness.tolerance(result),
        qt.robustness.cheapest_flip(flat),
        qt.robustness.score_range(result, box),
        qt.robustness.rank_range(flat, box),
        qt.robustness.transfer_map(flat),
        qt.robustness.dominance(flat, box),
        qt.simulation.simulate(result, box, 200, 0),
        qt.simulation.sobol(flat, qt.simulation.choices(flat, 0.1), n=8),
        qt.simulation.rank_confidence(flat, 0.01, draws=200),
        qt.comparison.compare(last, result),
        qt.comparison.compare(last, result).matching,
        qt.comparison.history_of(result),
        qt.cutoffs.sweep(result),
        qt.cutoffs.misgrading(flat, 1.0),
        qt.cutoffs.natural_breaks(result.scores, 4),
        qt.cutoffs.optimise(flat, box, window=2, step=1, draws=50),
        qt.alternatives.crosscheck(flat),
        qt.appeals.rejudge(flat),
        qt.decisions.matters(flat),
        drafted,
        qt.drafts.compare(flat, {"two": flat}, exact=False),
        qt.fairness.compare(result),
        qt.new_indicators.worst_case(result, last),
        qt.importance.attainable(flat),
        qt.importance.tune(flat, {"a": 0.5, "b": 0.5}),
        weights,
        qt.weighting.to_points(weights, 100, 1),
        qt.weighting.from_data(flat),
        qt.weighting.from_people(flat, judged),
        judged,
        qt.importance.proportion(flat),
        qt.cutoffs.grid(flat),
        award.ratings,
        qt.panel.reliability(award.ratings, stage="documents"),
        qt.panel.components(award.ratings, stage="documents"),
        qt.panel.adjust(award.ratings, stage="documents"),
        qt.panel.outlying(award.ratings, stage="documents"),
        qt.panel.strictness(panels, award.ratings),
        qt.panel.winners(award.ratings, panels, draws=50),
        qt.verification.draw(list(result.units.index), 6, "20260701"),
        qt.verification.compared(result),
        qt.verification.inflation(result),
        qt.verification.project(result, draws=50),
        qt.verification.check(["甲市"], list(result.units.index), 6, "20260701"),
        qt.strictness.who_marks_harder(result, before=last),
        qt.programmes.funnel(qt.programmes.published_counts(), ["applied", "approved", "named"]),
        qt.targets.effects(result, last),
        qt.tuning.Tuning(case, record=False, names=True).move("farm_pass", 9, keep="award"),
    ]


def classes(base=display.Shown):
    for one in base.__subclasses__():
        yield from {one, *classes(one)}


def test_every_class_that_is_shown_is_among_them(shown):
    assert {type(one) for one in shown} == set(classes())


def test_results_with_tables_are_shown():
    """A public dataclass of a topic that holds a table shows itself."""
    named = [
        getattr(module, name)
        for module in (
            qt.robustness,
            qt.simulation,
            qt.cutoffs,
            qt.importance,
            qt.comparison,
            qt.verification,
        )
        for name in module.__all__
    ]
    for one in named:
        if dataclasses.is_dataclass(one) and isinstance(one, type):
            held = {field.type for field in dataclasses.fields(one)}
            if {"pd.DataFrame", "pd.Series"} & held:
                assert issubclass(one, display.Shown), one


def test_one_line(shown):
    for one in shown:
        text = repr(one)
        assert text.startswith(f"<{type(one).__name__}: ") and text.endswith(">")
        assert "\n" not in text and len(text) < 250


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_is_small_and_in_one_language(shown, language):
    display.speak(language)
    try:
        for one in shown:
            card = one._repr_html_()
            root = lxml.html.fromstring(card)
            assert len(card) < 30_000
            assert len(root.xpath("//tbody/tr")) <= display.ROWS
            title = root.xpath("//strong")[0].text
            assert title == type(one).card_title.of(language)
            if language == "en":
                own = [title, *root.xpath("//caption/text()"), *root.xpath("//div/div/text()")]
                assert not re.search("[\u4e00-\u9fff]", "".join(own))
    finally:
        display.speak("zh")


def test_headings_have_a_scope_and_colours_are_the_themes(shown):
    for one in shown:
        root = lxml.html.fromstring(one._repr_html_())
        assert all(th.get("scope") in ("col", "row") for th in root.xpath("//th"))
        assert len(root.xpath("//table")) == len(root.xpath("//table/caption"))
        (style,) = root.xpath("//style/text()")
        for colour in re.findall(r"(?:[^-]|^)(?:color|background):([^;}]*)", style):
            assert colour.startswith(("var(--jp-", "inherit", "transparent")), colour


def test_the_rows_that_matter_come_first(city):
    _, result = city
    table = qt.robustness.tolerance(result).table
    card = qt.robustness.tolerance(result).card()
    least = table["tolerance"].sort_values(kind="stable").iloc[: display.ROWS]
    assert list(card.frame["tolerance"]) == pytest.approx(list(least))
    nearest = result.card().frame["to_threshold"]
    assert list(nearest) == sorted(nearest)
    # a score that stands one point above the cutoff of A is one point from it
    flat = qt.assess(
        qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), pd.DataFrame({"a": [0.91, 0.7]}, ["x", "y"])
    )
    assert flat.card().frame["to_threshold"].to_dict() == {"x": 1.0, "y": 20.0}


def test_hostile_names_are_text():
    names = ["<script>alert(1)</script>", "a&b", "“x”"]
    frame = pd.DataFrame({"b": [0.9, 0.5, 0.1]}, index=names)
    scheme = qt.Scheme.flat({"b": 100}, {"A": 80, "B": 0})
    scheme = scheme.model_copy(update={"name": Text("<b>", "<b>")})
    for one in (qt.assess(scheme, frame), scheme):
        card = one._repr_html_()
        assert "<script>" not in card and "<b>" not in card
    root = lxml.html.fromstring(qt.assess(scheme, frame)._repr_html_())
    assert [th.text for th in root.xpath("//tbody/tr/th")] == sorted(
        names, key=lambda name: {0.9: 10, 0.5: 30, 0.1: 70}[frame.loc[name, "b"]]
    )


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (92.15, "92.15"),
        (0.0259123, "0.02591"),
        (3.0, "3"),
        (float("inf"), "∞"),
        (float("nan"), "—"),
        (None, "—"),
        (-1.5, "−1.5"),
        (0.1 + 0.2, "0.3"),
        (True, "yes"),
        (Text("甲", "A"), "A"),
        ("x" * 100, "x" * 59 + "…"),
    ],
)
def test_cells(value, printed):
    assert display._cell(value, "en") == printed


def test_no_other_language():
    with pytest.raises(InputError, match="language"):
        display.speak("fr")
