"""What our processes do without."""

import subprocess
import sys

CODE = """
import sys
from qtoolkit.runs.imports import skip_address_grammar

skip_address_grammar()
import nbformat

book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", id="a")])
nbformat.validate(book)
book.cells[0]["metadata"] = 1
try:
    nbformat.validate(book)
except nbformat.ValidationError:
    print("refused", "lark" in sys.modules)
"""


def test_notebooks_are_checked_without_the_grammar_of_addresses():
    command = [sys.executable, "-c", CODE]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["refused", "False"]


def test_opening_a_case_in_a_kernel_brings_no_notebook_format():
    """A kernel pays for each import at its start: what reads notebooks is not for it."""
    code = "import sys, qtoolkit as qt; qt.open; print('nbformat' in sys.modules)"
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False"]
