"""Why a notebook ended, in one sentence, whatever ended it."""

import nbformat
import pytest

from qtoolkit.runs.execute import execute
from qtoolkit.runs.executors import Workers
from qtoolkit.runs.notebooks import find_notebooks


def ended(tmp_path, code):
    """What is said of a notebook of one cell."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(book, tmp_path / "mine.ipynb")
    out = tmp_path / "out"
    out.mkdir()
    notebooks = find_notebooks([str(tmp_path / "mine.ipynb")], None, files=True)
    ran, failures = execute(notebooks, {}, "en", tmp_path, out, Workers(1))
    assert not ran
    [failure] = failures
    return failure.text


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (
            "import os\nos._exit(1)",
            "its process ended before it was done, perhaps for want of memory",
        ),
        (
            "raise ValueError('no such thing\\n' + '-' * 40)",
            "cell [1] failed: ValueError: no such thing",
        ),
    ],
)
def test_the_reason_is_a_sentence_and_no_line_of_dashes(tmp_path, code, why):
    text = ended(tmp_path, code)
    assert why in text.en and "---" not in text.en + text.zh and "\n" not in text.en
