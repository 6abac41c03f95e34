"""The memo of the synthetic city case as a reader sees it, in both languages."""

import re

import pytest

import qtoolkit as qt
from tests.look.reading import needs_poppler, needs_soffice, pages_in_word, words_of


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    return qt.run("city-2026", folder / "zh", language="zh", formats=["docx"])


@needs_soffice
@needs_poppler
def test_the_body_in_word_has_at_most_twelve_pages(city, tmp_path):
    pages = pages_in_word(city / "memo.docx", tmp_path)
    assert next(i for i, page in enumerate(pages) if "附件1" in page) - 1 <= 12


def test_the_recheck_workbook_is_there(city):
    assert (city / "复核底稿.xlsx").is_file()


@pytest.mark.soak
def test_no_chinese_is_left_in_english(tmp_path):
    """`.ci/run` looks at this memo as well."""
    run = qt.run("city-2026", tmp_path / "en", language="en", formats=["html"])
    assert not re.search(r"[\u4e00-\u9fff]", words_of(run / "memo.html"))
