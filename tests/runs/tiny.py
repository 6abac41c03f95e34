"""A project with one small case and one notebook, for tests of runs."""

import nbformat

import qtoolkit as qt
from qtoolkit.runs.plan import plan

SCHEME = """
id: tiny
name: {zh: 小方案, en: Tiny}
year: "2026"
total: 100
synthetic: true
indicators:
  - {id: a, name: {zh: 甲, en: A}, points: 60, rule: {kind: share}}
  - {id: b, name: {zh: 乙, en: B}, points: 40, rule: {kind: share}}
rounding: {total: {decimals: 2}}
grades: [{id: A, cutoff: 90}, {id: B, cutoff: 0}]
"""
DATA = "unit,name_en,a,b\n=甲市,City =1,1,0.8\n乙市,City 2,0.5,0.9\n"
PARAMS = "scheme: scheme.yaml\ndata: data.csv\nnotebooks: [show]\nband: 0.1\n"
DECLARE = (
    'scheme = ""\ndata = ""\nprevious = None\nratings = None\nchanges = {}\nlanguage = '
    '"zh"\nseed = 0\nband = 0.1\n'
)
SHOW = """import qtoolkit as qt
from qtoolkit.report.page import Page
from qtoolkit.report import assessment as views

case = qt.read_case(scheme=scheme, data=data, previous=previous, ratings=ratings, changes=changes)
Page(language).show(views.results(qt.assess(case.scheme, case.table)))"""


def notebook(path, *cells, declare=DECLARE):
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    first = nbformat.v4.new_code_cell(declare)
    first.metadata["tags"] = ["parameters"]
    book.cells = [first, *(nbformat.v4.new_code_cell(cell) for cell in cells)]
    for language in ("zh", "en"):
        prose = nbformat.v4.new_markdown_cell(f"prose in {language}")
        prose.metadata["tags"] = [language]
        book.cells.append(prose)
    nbformat.write(book, path)


def write_project(root):
    """A project with one small case and one notebook."""
    (root / "notebooks").mkdir()
    case = root / "params" / "tiny"
    case.mkdir(parents=True)
    for name, text in (("scheme.yaml", SCHEME), ("data.csv", DATA), ("params.yaml", PARAMS)):
        (case / name).write_text(text, encoding="utf-8")
    notebook(root / "notebooks" / "show.ipynb", SHOW)


def run(*arguments, **options):
    return qt.run(*arguments, notebook_folder="notebooks", **options)


def planned(*arguments, **options):
    return plan(*arguments, notebook_folder="notebooks", **options)


def listing(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*"))
