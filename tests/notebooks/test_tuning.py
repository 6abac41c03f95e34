"""The notebook of tuning by hand: what it works out by hand is what the package does, on random
schemes with all features; run from top to bottom it writes nothing and tells no unit's name."""

import shutil

import nbformat
import pandas as pd
import papermill
import pytest
from hypothesis import assume, given, settings

import qtoolkit as qt
from qtoolkit.inputs.locate import packaged_cases
from qtoolkit.inputs.parameters import Parameters
from tests.examples import share
from tests.notebooks.test_by_hand import flat_results
from tests.notebooks.test_notebooks import FOLDER, read, tagged
from tests.sentences import results

NAME = "tuning"
CASES = ["provinces-2008", "tai-2001", "city-2026"]


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    monkeypatch.setattr("IPython.display.display", lambda *shown: None)


def cell(word):
    """The one cell of code with this word."""
    (found,) = [c.source for c in read(NAME).cells if c.cell_type == "code" and word in c.source]
    return found


MOVED, CHANGED = cell("by_code = "), cell("again = ")
WORKED = [found.source for found in tagged(read(NAME), "worked")]


def names_of(result):
    """What the cells of moves by code stand on."""
    parameters = Parameters(scheme="scheme.yaml", data="data.csv")
    case = qt.Case(result.scheme, result.table, parameters, {})
    return {"qt": qt, "case": case, "result": result, "weight_band": 0.1, "language": "zh"}


def worked(result):
    """The names that moves by code and what is worked by hand leave behind."""
    names = names_of(result)
    exec(MOVED, names)
    names["shown"] = {unit: label.zh for unit, label in names["by_code"].labels.items()}
    for source in WORKED:
        exec(source, names)
    return names


def assessed(name):
    case = qt.read_case(name)
    return qt.assess(case.scheme, case.table)


@pytest.mark.parametrize("name", CASES)
def test_points_and_a_unit_of_each_case_are_worked_by_hand(name):
    names = worked(assessed(name))
    exec(CHANGED, names)
    dealt, sheet = names["dealt"], names["sheet"]
    assert dealt["given"].sum() == pytest.approx(names["down"], abs=1e-9)
    assert len(dealt) + 1 == len(sheet) == len(names["result"].scheme.leaves)


def test_points_and_a_unit_of_random_schemes_are_worked_by_hand():
    seen = []

    @settings(max_examples=share(200, 40))
    @given(results() | flat_results())
    def check(result):
        assume(len(result.scheme.leaves) > 1 and len(result.scheme.grades) > 1)
        assume(result.points.max() >= 0.5 and result.points.sort_values().iloc[-2] > 0)
        names = worked(result)
        exec(CHANGED, names)
        seen.append(len(names["plain"]))

    check()
    assert any(seen), "in no random scheme can anything be worked by hand"


class Wrong:
    """A session whose table or points are a little off."""

    def __init__(self, session, table=None, result=None):
        self._session, self._table, self._result = session, table, result

    def __getattr__(self, name):
        given_ = {"table": self._table, "result": self._result}.get(name)
        return getattr(self._session, name) if given_ is None else given_


def test_a_wrong_score_or_wrong_points_would_be_seen():
    names = worked(assessed("provinces-2008"))
    session, (sharing, *_, unit) = names["by_code"], WORKED
    table = session.table.assign(score=session.table["score"] + 1e-6)
    with pytest.raises(AssertionError):
        exec(unit, names | {"by_code": Wrong(session, table=table)})
    other = names["result"].what_if(points=session.result.points + 0, spread="none")
    exec(sharing, names | {"by_code": Wrong(session, result=other)})
    swapped = session.result.points.copy()
    swapped[["rd_per_project", "loss"]] += [0.5, -0.5]
    other = names["result"].what_if(points=swapped, spread="none")
    with pytest.raises(AssertionError):
        exec(sharing, names | {"by_code": Wrong(session, result=other)})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_run_from_top_to_bottom_it_writes_nothing_and_names_nobody(tmp_path, language):
    case = tmp_path / "case"
    shutil.copytree(packaged_cases() / "city-2026", case)
    before = sorted(case.rglob("*"))
    given_ = {"scheme": "scheme.yaml", "data": "data.csv", "language": language}
    source = tmp_path / "in.ipynb"
    nbformat.write(book_in(language), source)
    out = papermill.execute_notebook(
        source, tmp_path / "out.ipynb", given_, cwd=case, progress_bar=False
    )
    assert sorted(case.rglob("*")) == before
    shown = [o for c in out.cells if c.cell_type == "code" for o in c.outputs]
    assert len(shown) > 8
    text = "\n".join(str(o.get("data", o.get("text"))) for o in shown)
    for unit in pd.read_csv(case / "data.csv")["unit"]:
        assert unit not in text
    assert ("1号" in text) == (language == "zh") and ("Unit 1" in text) == (language == "en")


def book_in(language):
    """The notebook as `run` and `lab` write it: one language, without the tests' cells."""
    from qtoolkit.runs.notebooks import find_notebooks

    (book,) = find_notebooks([NAME])
    assert book.path.parent == FOLDER
    return book.in_language(language)
