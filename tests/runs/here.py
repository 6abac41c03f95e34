"""Notebooks run in this process, for tests of what a run makes of them: the run's own way, a worker
and a kernel for each, takes seconds to begin."""

import os
from unittest import mock

import IPython.display
import nbformat

from qtoolkit.runs import write as writing


def run_here(notebooks, parameters, language, folder, out, workers, tell_done=lambda name: None):
    """In the place of `qtoolkit.runs.execute.execute`, for notebooks of which no cell fails: the
    same cells with the same parameters in the folder of the inputs; kept is what they display."""
    paths = []
    for book in notebooks:
        shown = book.in_language(language)
        given = {name: value for name, value in parameters.items() if name in book.declared}
        before = os.getcwd()
        os.chdir(folder)  # where a kernel works
        try:
            _run(shown.cells, given)
        finally:
            os.chdir(before)
        paths.append(out / f"{book.name}.ipynb")
        nbformat.write(shown, paths[-1])
        tell_done(book.name)
    return paths, []


def _run(cells, parameters):
    """Run the cells of code; the cell of parameters is followed by what was given."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    names = {"__name__": "__main__"}
    for cell in code:
        cell.outputs = []

        def display(*objects, raw=False, outputs=cell.outputs):
            data = objects if raw else []
            outputs += [nbformat.v4.new_output("display_data", data=bundle) for bundle in data]

        names["display"] = display
        with mock.patch.object(IPython.display, "display", display):
            exec(compile(cell.source, "cell", "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names.update(parameters)


def notebooks_here():
    """Within, runs execute their notebooks in this process."""
    return mock.patch.object(writing, "execute", run_here)
