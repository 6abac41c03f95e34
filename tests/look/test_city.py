"""The memo of the synthetic city case as a reader sees it, in both languages. `.ci/run` makes these
memos by the commands of the README and names their folders here; else they are made first."""

import os
import re
from pathlib import Path

import pytest

import qtoolkit as qt
from tests.look.reading import (
    needs_latin,
    needs_poppler,
    needs_soffice,
    pages_in_word,
    pages_of,
    squeezed,
    words_of,
)

pytestmark = pytest.mark.soak
README = Path(__file__).parents[2] / "README.md"


def memo_of(language, name, folder):
    """A memo of the city: one that is there, by a variable of the environment, or a new one."""
    variable = f"QTOOLKIT_CITY_{language.upper()}"
    if there := os.environ.get(variable):
        run = Path(there)
    else:
        run = qt.run("city-2026", folder / language, language=language, formats=[name])
    assert (run / f"memo.{name}").is_file()
    return run


@needs_latin
@needs_soffice
@needs_poppler
def test_the_body_in_word_has_at_most_twelve_pages(tmp_path):
    pages = pages_in_word(memo_of("zh", "docx", tmp_path) / "memo.docx", tmp_path)
    assert next(i for i, page in enumerate(pages) if "附件1" in page) - 1 <= 12
    assert "编制依据" not in pages[0] and pages[1].startswith(
        "一、编制依据"
    )  # page one is one page


def test_no_chinese_is_left_in_english(tmp_path):
    words = words_of(memo_of("en", "html", tmp_path) / "memo.html")
    assert "Methodology memo" in words
    assert not re.search(r"[\u4e00-\u9fff]", words)


NUMBERED = r"(?:[一二三四五六七八九十]+、|（[一二三四五六七八九十]+）|\([a-z]\)|[IVX\d]+\.?)?"
"""What stands before a heading, without spaces."""


def questions(language):
    """The table of the ten questions in the README: for each, the headings or tables of the memo
    that answer it, and their pages."""
    text = README.read_text(encoding="utf-8")
    chinese, english = text.split('<a id="english"></a>')
    own, mark = (chinese, "；") if language == "zh" else (english, "; ")
    rows = re.findall(r"^\| (\d+)(?:\.|　)[^|]+\| ([^|]+) \| ([\d、, ]+) \|$", own, re.M)
    return {
        int(number): list(zip(where.split(mark), re.findall(r"\d+", pages), strict=True))
        for number, where, pages in rows
    }


def stands_on(page, title):
    """Whether a heading, or the caption of a table, with this title stands on a page."""
    title = re.escape(squeezed(title))
    lines = [squeezed(line) for line in page.splitlines()]
    heading = re.compile(rf"{NUMBERED}{title}")
    caption = re.compile(rf"(?:表|Table)\d+\.?{title}")
    return any(heading.fullmatch(line) or caption.match(line) for line in lines)


def answered():
    """By question, whom the answer must name."""
    case = qt.read_case("city-2026")
    result, before = qt.assess(case.scheme, case.table), qt.comparison.last_year(case)
    drafts = [qt.assess(draft.scheme, draft.table).grades for draft in case.drafts]
    worst = qt.new_indicators.worst_case(result, before).table
    rejudged = qt.appeals.rejudge(result, (0.5, 1))
    names = {
        1: result.scores.index,
        3: worst.index[worst["depends"]],
        4: [u for u in result.grades.index if len({g[u] for g in (result.grades, *drafts)}) > 1],
        9: rejudged.least["unit"].iloc[:1],
    }
    assert all(len(units) for units in names.values())
    return {number: [result.labels[unit] for unit in units] for number, units in names.items()}


@needs_poppler
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_ten_questions_are_answered_on_the_pages_that_the_readme_names(language, tmp_path):
    pages = pages_of(memo_of(language, "pdf", tmp_path) / "memo.pdf")
    asked = questions(language)
    assert list(asked) == list(range(1, 11))
    found = {
        (number, title): [str(k) for k, page in enumerate(pages, 1) if stands_on(page, title)]
        for number, places in asked.items()
        for title, _ in places
    }
    assert all(found.values()), found
    told = {(number, title): page for number, places in asked.items() for title, page in places}
    assert {place: on for place, on in told.items() if on not in found[place]} == {}, found
    for number, names in answered().items():
        at = [int(page) - 1 for _, page in asked[number]]
        text = squeezed("".join(pages[k] + pages[k + 1] for k in at))  # it may run over
        assert all(squeezed(name.of(language)) in text for name in names), (number, names)
