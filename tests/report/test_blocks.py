"""Blocks: which one opens a section, and numbers as they are printed."""

import pytest

from qtoolkit.language import Text, in_print, same, say
from qtoolkit.report.blocks import Paragraph, headed

HEADING = Text("节", "Section")


def headings(blocks):
    return [block.heading and block.heading.en for block in blocks]


def test_the_first_block_of_a_chapter_opens_its_section_and_keeps_a_heading_of_its_own():
    body, annex = (Paragraph(same("x"), chapter) for chapter in ("results", "annex_scores"))
    own = Paragraph(same("x"), "annex_scores", same("own"))
    assert headings(headed([body, annex, annex], HEADING)) == [None, "Section", None]
    assert headings(headed([own, annex], HEADING)) == ["own", None]
    assert headings(headed([body], HEADING)) == [None]
    assert headed([], HEADING) == []


@pytest.mark.parametrize(
    ("value", "spec", "shown"),
    [(-0.0049, "+.2f", "0.00"), (0.0, "+.2f", "0.00"), (-0.0051, "+.2f", "−0.01"), (0.0051, "+.2f", "+0.01"),
     (-0.4, ".0f", "0"), (-0.0004, ".1%", "0.0%"), (3, "+d", "+3"), (0, "+d", "0"), (-1234.5, ",.1f", "−1,234.5"),
     (float("inf"), ".2f", "inf"), (float("-inf"), ".2f", "−inf"), (float("nan"), ".2f", "nan"), (-2.5, "g", "−2.5")],
)  # fmt: skip
def test_a_number_that_shows_nothing_but_zeros_has_no_sign(value, spec, shown):
    assert in_print(value, spec) == shown


def test_points_in_english_are_counted_in_their_own_format():
    def of(x):
        return say(zh="{x:g}分", en="{x:g|point|points}", x=x).en

    assert [of(x) for x in (1.0, 1, 1.5, 0.0, 2.0)] == ["1 point", "1 point", "1.5 points", "0 points", "2 points"]
