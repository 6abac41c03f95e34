"""The notebooks: parameters, prose in pairs, no text literals and no computing of their own."""

import ast
import re
from pathlib import Path

import nbformat
import papermill
import pytest

from qtoolkit.inputs.locate import notebooks
from qtoolkit.inputs.parameters import CORE, Parameters
from qtoolkit.report import page
from qtoolkit.report.chapters import ANNEXES, CHAPTERS, NOT_GIVEN, NOT_RUN, reasons
from qtoolkit.report.memo import compose
from qtoolkit.runs.opening import PARAMETERS

CHINESE = re.compile(r"[\u4e00-\u9fff]")
FOLDER, _ = notebooks()[0]
NAMES = sorted(path.stem for path in Path(FOLDER).glob("*.ipynb"))
TUTORIAL = "00_tutorial"  # it makes its case itself
METHODS = "00_methods"  # works examples of its own, and shows nothing of a memo
OF_A_CASE = [name for name in NAMES if name != TUTORIAL]
OWN = {
    METHODS: set(),
    "tuning": {"weight_band"},
    "01_assessment": {"near_miss"},
    "02_weights": {"point_step", "resamples", "judgements"},
    "03_cutoffs": {"near_miss", "window", "line_draws", "se", "se_source", "reliability"},
    "05_comparison": {"unit", "history", "weight_band", "near_miss"},
    "08_fairness": set(),
    "06_panel": {"weight_band", "draws"},
    "07_verification": {"draws"},
    "04_sensitivity": {"weight_band", "region", "draws", "choices", "choice_runs"},
}


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def tagged(book, tag):
    return [cell for cell in book.cells if tag in cell.metadata.get("tags", [])]


def test_the_notebooks_are_there():
    assert {TUTORIAL, *OWN} <= set(NAMES)


@pytest.mark.parametrize("name", OF_A_CASE)
def test_declared_parameters_are_the_core_and_their_defaults_agree(name):
    (cell,) = tagged(read(name), "parameters")
    values = {}
    exec(cell.source, {}, values)
    assert set(papermill.inspect_notebook(str(FOLDER / f"{name}.ipynb"))) == set(values)
    assert set(values) == (CORE - {"notebooks"}) | OWN[name]
    defaults = Parameters(scheme=values["scheme"], data=values["data"])
    own = {
        "05_comparison": {"previous", "alternatives"},
        "06_panel": {"ratings"},
        "07_verification": {"previous"},
        "08_fairness": {"previous"},
    }.get(name, set())
    for key in CORE - {"notebooks"} - own:
        assert values[key] == getattr(defaults, key), key


@pytest.mark.parametrize("name", OF_A_CASE)
def test_the_second_code_cell_opens_the_case_with_every_parameter(name):
    parameters, opening = [cell for cell in read(name).cells if cell.cell_type == "code"][:2]
    assert opening.source == "import qtoolkit as qt\n\ncase, result = qt.open(globals())"
    assigned = [ast.unparse(line.targets[0]) for line in ast.parse(parameters.source).body]
    assert set(assigned) <= set(PARAMETERS)
    whole = "".join(cell.source for cell in read(name).cells if cell.cell_type == "code")
    assert name == METHODS or ("read_case" not in whole and "assess(" not in whole)


@pytest.mark.parametrize("name", NAMES)
def test_prose_stands_in_pairs_with_equal_headings(name):
    cells = [cell for cell in read(name).cells if cell.cell_type == "markdown"]
    assert len(cells) % 2 == 0
    for zh, en in zip(cells[::2], cells[1::2], strict=True):
        tags = zh.metadata.tags
        assert tags in (["zh"], ["zh", "check"]) and en.metadata.tags == ["en", *tags[1:]]
        assert re.findall(r"^#+", zh.source, re.M) == re.findall(r"^#+", en.source, re.M)
        assert not CHINESE.search(en.source)


@pytest.mark.parametrize("name", NAMES)
def test_code_is_short_and_holds_no_prose(name):
    for cell in read(name).cells:
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            continue
        assert len(cell.source.splitlines()) <= 10
        tree = ast.parse(cell.source)
        assert not any(
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For) for node in ast.walk(tree)
        )
        literals = [
            n.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        ]
        assert all(literal.isascii() and " " not in literal for literal in literals), literals


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_stored_only_where_they_are_checked(name):
    checked = tagged(read(name), "nbval-check-output")
    # without a count nbval takes the outputs for those of a cell that was never run
    assert 1 <= len(checked) <= 3
    assert all(cell.outputs and cell.execution_count for cell in checked)
    for cell in read(name).cells:
        if cell.cell_type == "code" and cell not in checked:
            assert not cell.outputs and cell.execution_count is None


def steps_of_the_tutorial():
    """The code of the tutorial, a cell an item, without its cell of parameters."""
    cells = [cell.source for cell in read(TUTORIAL).cells if cell.cell_type == "code"]
    assert cells[0].startswith('language = "zh"  # ')
    return cells[1:]


def test_the_tutorial_asks_at_most_twelve_questions_and_has_two_exercises_with_folded_answers():
    for tag in ("zh", "en"):
        prose = "\n".join(cell.source for cell in tagged(read(TUTORIAL), tag))
        questions = re.findall(r"^## (\d+)", prose, re.M)
        assert questions == [str(n) for n in range(1, len(questions) + 1)]
        assert 8 <= len(questions) <= 12
        assert prose.count("<details>") == prose.count("</details>") == 2


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_tutorial_says_what_its_cells_give(language, capsys):
    """In either language, without the memo, which takes long; what its prose says is asserted in
    its cells, and here."""
    names = {"language": language}
    for cell in steps_of_the_tutorial():
        if "qt.run(" not in cell:
            exec(cell, names)
    said = capsys.readouterr().out.splitlines()
    complaints = [line for line in said if ".xlsx" in line and "data:" not in line]
    # a title; then remarks, a lost decimal point and a blank together
    rows = [re.search(r"第(\d+)行|row (\d+)", line) for line in complaints]
    assert [row.group(row.lastindex) for row in rows] == ["1", "1", "6", "7"]
    unit, margins = names["unit"], names["margins"]
    assert margins.loc[unit, "nearest"] == margins["nearest"].min() == pytest.approx(0.205)
    assert round(names["tolerance"].table.loc[unit, "tolerance"], 3) == 0.068
    share = names["drawn"].grade_acceptability.loc[unit, "A"]
    assert 0.98 < share < 1
    assert names["lower"].grades.iloc[1] == "A" and len(names["changed"].table.units) == 8
    first, second = answers(read(TUTORIAL), language)
    assert eval(first, names).iloc[1] == "A"
    assert names["result"].what_if(cutoffs={"A": 89.61}).grades.iloc[1] == "B"
    exec(second, names)
    assert names["appealed"].steps.loc[names["case"].table.units[5], "published"] == 79
    assert names["appealed"].grades.iloc[5] == "C"


@pytest.mark.soak
def test_the_tutorial_runs_in_english_by_papermill_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = papermill.execute_notebook(
        FOLDER / f"{TUTORIAL}.ipynb", "out.ipynb", {"language": "en"}, progress_bar=False
    )
    shown = [o for cell in out.cells if cell.cell_type == "code" for o in cell.outputs]
    assert "memo.html" in shown[-2]["data"]["text/plain"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.ipynb"]


TAUGHT = [name for name in NAMES if name[:2] != "00"]  # notebooks in the order of a lesson


@pytest.mark.parametrize("name", [TUTORIAL, METHODS, *TAUGHT])
def test_every_parameter_is_explained_in_both_languages(name):
    (cell,) = tagged(read(name), "parameters")
    for line in cell.source.splitlines():
        zh, bar, en = line.partition("  # ")[2].partition(" | ")
        assert bar and CHINESE.search(zh) and not CHINESE.search(en), line


@pytest.mark.parametrize("name", [TUTORIAL, *TAUGHT])
def test_cells_for_the_tests_alone_stand_at_the_end(name):
    cells = read(name).cells
    first = next(i for i, cell in enumerate(cells) if "check" in cell.metadata.get("tags", []))
    assert all("check" in cell.metadata.get("tags", []) for cell in cells[first:])
    for cell in cells[first:]:
        if cell.cell_type == "code":
            assert "qt." not in cell.source, "a check shows what the cells above have computed"


@pytest.mark.parametrize("name", [TUTORIAL, *TAUGHT])
def test_a_page_is_shown_of_what_the_notebook_has_computed_in_the_open(name):
    for cell in read(name).cells:
        if cell.cell_type == "code" and "page.show" in cell.source:
            for call in (n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Call)):
                if ast.unparse(call.func) == "page.show":
                    (view,) = call.args
                    assert all(isinstance(given, ast.Name) for given in view.args), cell.source


def answers(book, language):
    """The code of the folded answers."""
    text = "\n".join(cell.source for cell in tagged(book, language))
    return re.findall(r"```python\n(.*?)```", text, re.S)


@pytest.mark.parametrize("name", TAUGHT)
def test_the_folded_answers_run_on_what_the_notebook_has_computed(name, monkeypatch):
    book = read(name)
    assert answers(book, "zh") == answers(book, "en") and len(answers(book, "zh")) >= 2
    monkeypatch.chdir(FOLDER.parent)
    monkeypatch.setattr(page.Page, "show", lambda self, blocks: list(blocks))
    names = {}
    for cell in book.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= QUICK.get(name, {})
    for code in answers(book, "zh"):
        exec(code, names)


QUICK = {
    "02_weights": {"resamples": 5},
    "03_cutoffs": {"line_draws": 50},
    "04_sensitivity": {"draws": 500, "choice_runs": 8},
}


FORMULA = re.compile(r"\$\$?(.+?)\$\$?", re.S)
SAYS_SOMETHING = re.compile(r"[-=+/(]|\\(le|ge|sum|propto|times)\b")


def methods():
    """The sections of the methods: their Chinese prose, English prose and code cells."""
    cells = read(METHODS).cells
    starts = [
        i
        for i, cell in enumerate(cells)
        if re.search(r"^###? \d", cell.source, re.M) and cell.metadata.get("tags") == ["zh"]
    ]
    for start, end in zip(starts, [*starts[1:], len(cells)], strict=True):
        code = [cell.source for cell in cells[start:end] if cell.cell_type == "code"]
        yield cells[start].source, cells[start + 1].source, code


def formulas(text):
    """Formulas beyond a symbol, which stands as often as a language needs it; with their words left
    out and decimals as one language has them."""
    found = [re.sub(r"\\text\{[^}]*\}", "", formula) for formula in FORMULA.findall(text)]
    found = [re.sub(r"(?<!\d)\.(?=\d)", "0.", formula) for formula in found]
    return sorted(formula for formula in found if SAYS_SOMETHING.search(formula))


def test_each_method_says_question_formula_and_source_and_works_an_example():
    labels = [("**问题。**", "**Question.**"), ("**公式。**", "**Formula.**")]
    labels += [("**来源。**", "**Source.**")]
    worked = [(zh, en, code) for zh, en, code in methods() if "**问题。**" in zh]
    assert len(worked) >= 25
    for zh, en, code in worked:
        title = zh.splitlines()[0]
        for mark_zh, mark_en in labels:
            assert (zh.count(mark_zh), en.count(mark_en)) == (1, 1), (title, mark_en)
        assert any("assert " in cell for cell in code), title


def test_both_languages_of_the_methods_have_the_same_formulas():
    texts = list(methods())
    assert sum(len(formulas(zh)) for zh, _, _ in texts) > 100
    for zh, en, _ in texts:
        assert formulas(zh) == formulas(en), zh.splitlines()[0]
    assert formulas("$a+b+c$") != formulas("$a-b+c$")


def test_the_methods_name_prior_work():
    names = ["Köksalan", "rorutadis", "Bregar", "Mareschal", "Kadziński", "Bougnol", "Rudner"]
    names += ["SMAA-TRI", "csranks", "get_opt_weights", "PySensMCDA", "Asudeh"]
    texts = [text for zh, en, _ in methods() for text in (zh, en) if text.startswith("## 10.")]
    assert len(texts) == 2
    for text in texts:
        assert [name for name in names if name not in text] == []


def test_the_methods_run_when_they_are_asked_for_and_fill_no_chapter():
    core = Parameters(scheme="scheme.yaml", data="data.csv")
    assert METHODS not in core.notebooks
    code = "".join(cell.source for cell in read(METHODS).cells if cell.cell_type == "code")
    assert "qtoolkit.report" not in code
    empty = reasons([METHODS], has_last_year=False)
    document = compose([], "memo", [], "en", {}, empty)
    said = {
        chapter.key: [
            text for section in chapter.sections for piece in section.pieces for text in piece.texts
        ]
        for chapter in document.chapters
    }
    known = {NOT_RUN.en, *(text.en for text in NOT_GIVEN.values())}
    assert said and all(len(texts) == 1 and texts[0] in known for texts in said.values())
    # page one, what every run has, and what only a draw has
    assert {*CHAPTERS, *ANNEXES} - set(said) == {"summary", "annex_methods", "annex_draw"}
