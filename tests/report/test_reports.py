"""Two reports of the same pages: an award's own chapters, and what of them an assessment takes."""

from dataclasses import replace
from hashlib import sha256

import pandas as pd
import pytest

import qtoolkit as qt
from qtoolkit.errors import InputError
from qtoolkit.language import Text
from qtoolkit.models import validate
from qtoolkit.panel.winners import remade
from qtoolkit.report import panel, verification
from qtoolkit.report.blocks import DataTable, Paragraph, payload
from qtoolkit.report.chapters import ANNEXES, ASKED_FOR, AWARD, CHAPTERS, reasons, report_of
from qtoolkit.report.memo import compose

NUMERALS = "I II III IV V VI VII VIII IX X XI XII".split()


@pytest.fixture(scope="module")
def payloads():
    """The pages of the award's panels but for figures, in English."""
    case = qt.read_case("mayor-award")
    result, marks = qt.assess(case.scheme, case.table), case.ratings
    found = qt.panel.winners(marks, result, draws=50)
    strict = qt.panel.strictness(result, marks)
    sections = [
        panel.award(result, found, strict),
        panel.basis(result),
        panel.criteria(result),
        panel.screens(result),
        panel.agreement(
            result, qt.panel.agreement(case.scheme, marks), qt.panel.irregular(case.scheme, marks)
        ),
        panel.severity(result, strict),
        panel.winners(result, found),
        panel.votes(result, found, marks),
        panel.profiles(result, qt.panel.strengths(case.scheme, marks)),
        panel.publicity(result, found),
        panel.methods(),
    ]
    return [payload(block, "en") for section in sections for block in section]


def test_an_award_has_chapters_of_its_own_numbered_without_gaps(payloads):
    document = compose(payloads, "t", [], "en", {}, reasons(["06_panel"], False), "award")
    heads = [chapter.heading for chapter in document.chapters]
    assert heads[0] == "Summary" and document.chapters[0].kind == "summary"
    absent = {"summary", "award_scores", *ASKED_FOR}
    numbered = [title.en for key, title in AWARD.items() if key not in absent]
    assert [head.partition(". ")[2] for head in heads[1 : 1 + len(numbered)]] == numbered
    assert heads[-2:] == [
        f"Annex 1. {ANNEXES['annex_scores'].en}",
        f"Annex 2. {ANNEXES['annex_methods'].en}",
    ]


def test_what_other_notebooks_say_stands_at_the_end_of_an_awards_report(payloads):
    """Of a case of panels with drafts the notebook on comparisons runs too: what it says of them
    is not lost."""
    drafts = [
        payload(Paragraph(Text("甲", "a"), name), "en") for name in ("alternatives", "stability")
    ]
    document = compose([*drafts, *payloads], "t", [], "en", {}, {}, "award")
    chapters = [chapter for chapter in document.chapters if chapter.kind == "chapter"]
    assert [chapter.key for chapter in chapters][-2:] == ["stability", "alternatives"]
    assert [chapter.heading.partition(".")[0] for chapter in chapters] == NUMERALS[: len(chapters)]


def test_an_assessment_takes_agreement_and_severity_alone(payloads):
    """They stand in the chapter on robustness; the award's first page does not."""
    document = compose(payloads, "t", [], "en", {})
    keys = [chapter.key for chapter in document.chapters]
    assert keys == ["stability", "annex_scores", "annex_methods"] and keys[0] in CHAPTERS
    titles = [section.heading for section in document.chapters[0].sections]
    assert titles == ["(a) Agreement of assessors", "(b) Severity and what it does"]


def test_which_report_a_run_makes():
    assert report_of(["06_panel"]) == report_of(["06_panel", "03_cutoffs"]) == "award"
    assert report_of(["01_assessment", "06_panel"]) == report_of(["01_assessment"]) == "assessment"


def test_no_page_names_two_tables_alike_in_one_run(payloads):
    """Notebook 06 runs beside notebook 01: their tables are files in one folder."""
    from tests import pages
    from tests.report.test_sentences_kinds import graded_views

    case = qt.read_case("tai-2001")
    result = qt.assess(case.scheme, case.table)
    views = [*graded_views(result), *pages.stages(result)]
    others = {block.name for block in views if isinstance(block, DataTable)}
    assert not others & {block["name"] for block in payloads if block["kind"] == "table"}


def test_a_chapter_of_no_report_is_refused(payloads):
    with pytest.raises(InputError, match="award_summry"):
        compose([{**payloads[0], "chapter": "award_summry"}], "t", [], "en", {})


def test_of_two_votes_the_first_that_was_held_is_told():
    """The same people may vote twice on a unit, once in each vote."""
    case = qt.read_case("mayor-award")
    first = case.scheme.vetoes[0]
    scheme = case.scheme.model_copy(
        update={"vetoes": (first, first.model_copy(update={"id": "second"}))}
    )
    again = case.ratings.votes.assign(veto="second", vote="no")
    marks = replace(case.ratings, votes=pd.concat([case.ratings.votes, again]))
    result = remade(scheme, marks)
    found = qt.panel.winners(marks, result, draws=20)
    assert found.names == [] and set(found.votes["vote"]) == {"vote", "second"}
    section = panel.votes(result, found, marks)
    assert section.facts["held"] == 5 and len(section.facts["carried"]) == 4
    assert len(section.blocks) > 2


def test_a_case_that_says_nothing_of_the_year_has_a_sentence_for_each_part():
    """No calendar, no targets, no tasks, no draw, nothing verified."""
    result = qt.open("provinces-2008")[1]
    targets, found = qt.targets, None
    sections = [
        verification.summary(result, None, found, None),
        verification.year(result, targets.calendar(result), targets.periods(result)),
        verification.targets(result, targets.filed(result), None),
        verification.tasks(result, qt.decomposition.tasks(result)),
        verification.draw(result, None, []),
        verification.found(result, found),
        verification.ahead(result, None, []),
        verification.sizes(result, found),
    ]
    for section in sections:
        texts = [block.text for block in section if isinstance(block, Paragraph)]
        assert texts and all(text.zh and text.en for text in texts), section.page


def test_a_draw_in_strata_is_told_before_its_seed_and_after():
    case = qt.read_case("city-2026")
    for seed in (None, "s"):
        plan = {"places": 6, "by": "region", "least": 1, "seed": seed}
        data = case.scheme.model_dump() | {"verification": plan}
        result = qt.assess(type(case.scheme).model_validate(data), case.table)
        drawn = qt.verification.draw_of(result) if seed else None
        section = verification.draw(result, drawn, qt.verification.verified_units(result))
        words = " ".join(block.text.en for block in section if isinstance(block, Paragraph))
        assert "within each stratum (Region)" in words
        assert ("Places by stratum: Middle 3 (of 7)" in words) == bool(seed)
        assert ("not public yet" in words) != bool(seed)
        if drawn is not None:
            (table,) = [block for block in section if isinstance(block, DataTable)]
            assert {text.en for text in table.frame["stratum"]} == {"North", "Middle", "South"}


def test_the_verification_has_a_report_of_its_own_and_sections_in_an_assessment():
    result = qt.open("city-2026")[1]
    seen = qt.verification.inflation(result)
    sections = [
        verification.summary(result, qt.verification.draw_of(result), seen, None),
        verification.draw(result, qt.verification.draw_of(result), list(seen.units.index)),
        verification.found(result, seen),
        verification.methods(),
    ]
    blocks = [payload(block, "en") for section in sections for block in section]
    alone = compose(blocks, "t", [], "en", {}, report="verification")
    assert [chapter.key for chapter in alone.chapters] == [
        "summary",
        "verification_draw",
        "verification_found",
        "annex_draw",
        "annex_scores",
        "annex_methods",
    ]
    # what would repeat the chapter's title is no heading of a section
    assert [section.heading for section in alone.chapters[2].sections] == [None]
    within = compose(blocks, "t", [], "en", {})
    assert [chapter.key for chapter in within.chapters] == [
        "units",
        "stability",
        "annex_scores",
        "annex_methods",
        "annex_draw",
    ]
    assert [section.heading for section in within.chapters[1].sections] == ["Filed and verified"]


def test_items_to_look_into_are_drawn_by_their_public_names():
    """Of a pool of four indicators two for each city: by hand, from their Chinese names."""
    case = qt.read_case("city-2026")
    pool = ["access", "credit", "risk", "talent"]
    plan = {"places": 3, "seed": "s", "items": 2, "pool": pool}
    scheme = type(case.scheme).model_validate(case.scheme.model_dump() | {"verification": plan})
    result = qt.assess(scheme, case.table)
    drawn = qt.verification.draw_of(result)
    found = qt.verification.items_of(result)
    for unit in drawn.drawn:
        names = {id: scheme.indicator(id).name.zh for id in pool}
        hashes = {
            id: sha256(f"s\n{unit}\n{name}".encode()).hexdigest() for id, name in names.items()
        }
        assert list(found["item"][found["unit"] == unit]) == sorted(pool, key=hashes.get)[:2]
    section = verification.draw(result, drawn, [])
    tables = [block for block in section if isinstance(block, DataTable)]
    assert [table.name for table in tables] == ["draw", "draw_items"]
    assert len(tables[1].frame) == 3


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"items": 5, "pool": ["access", "credit"]}, "there are only 2"),
        ({"items": 1, "pool": ["acess"]}, "no scored indicator “acess”"),
        ({"items": 1, "pool": ["access", "access"]}, "is there twice"),
        ({"items": 99}, "there are only 30"),
    ],
)
def test_items_that_cannot_be_drawn_are_one_sentence(plan, says):
    scheme = qt.read_case("city-2026").scheme
    data = scheme.model_dump() | {"verification": {"places": 3} | plan}
    with pytest.raises(InputError) as caught:
        validate(type(scheme), data, None)
    assert [says in sentence for sentence in caught.value.sentences("en")] == [True]


def test_units_inflated_alike_leave_no_sentence_on_how_many_to_draw():
    own = pd.DataFrame({"a": [0.75] * 4, "b": [0.5] * 4}, index=list("wxyz"))
    result = qt.assess(qt.Scheme.flat({"a": 60, "b": 40}, {"A": 90, "B": 0}), own)
    section = verification.sizes(result, qt.verification.inflation(result, own - 0.25))
    assert section.facts["spread"] is None
    (text,) = [block.text.en for block in section if isinstance(block, Paragraph)]
    assert text.startswith("To meet at least one unit")


def test_a_case_without_a_draw_may_have_names_that_no_list_can_hold():
    """A list of units refuses control characters; who draws nothing is not asked for one."""
    own = pd.DataFrame({"a": [0.75, 0.5]}, index=["x\u0001", "y"])
    result = qt.assess(qt.Scheme.flat({"a": 100}, {"A": 90, "B": 0}), own)
    section = verification.draw(result, None, [])
    assert section.facts["list_hash"] == Text("", "")
