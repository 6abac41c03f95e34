"""The memo of the synthetic city case as a reader sees it, in both languages. `.ci/run` makes these
memos by the commands of the README and names their folders here; else they are made first."""

import os
import re
from pathlib import Path

import pytest

import qtoolkit as qt
from tests.look.reading import needs_poppler, needs_soffice, pages_in_word, words_of

pytestmark = pytest.mark.soak


def memo_of(language, name, folder):
    """A memo of the city: one that is there, by a variable of the environment, or a new one."""
    variable = f"QTOOLKIT_CITY_{language.upper()}"
    if there := os.environ.get(variable):
        run = Path(there)
    else:
        run = qt.run("city-2026", folder / language, language=language, formats=[name])
    assert (run / f"memo.{name}").is_file()
    return run


@needs_soffice
@needs_poppler
def test_the_body_in_word_has_at_most_twelve_pages(tmp_path):
    pages = pages_in_word(memo_of("zh", "docx", tmp_path) / "memo.docx", tmp_path)
    assert next(i for i, page in enumerate(pages) if "附件1" in page) - 1 <= 12


def test_no_chinese_is_left_in_english(tmp_path):
    words = words_of(memo_of("en", "html", tmp_path) / "memo.html")
    assert "Methodology memo" in words
    assert not re.search(r"[\u4e00-\u9fff]", words)
