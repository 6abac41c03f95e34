"""Files that would run code of their own if Python or Jupyter picked them up."""

import nbformat

from tests.runs.tiny import DATA, SCHEME

MODULES = (
    "pandas",
    "numpy",
    "nbclient",
    "papermill",
    "json",
    "multiprocessing",
    "sitecustomize",
    "usercustomize",
    "qtoolkit",
    "typing_extensions",
)
CONFIGS = (
    "ipython_config",
    "ipython_kernel_config",
    "jupyter_config",
    "jupyter_nbclient_config",
    "jupyter_lab_config",
    "jupyter_server_config",
)


def planted(folder, markers, place):
    """Plant modules, configurations, a profile and a backend in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)

    def code(name):
        return f"open({str(markers / f'{place}-{name}')!r}, 'w').close()\n"

    for name in (*MODULES, *CONFIGS, "backend_of_evil"):
        (folder / f"{name}.py").write_text(code(name), encoding="utf-8")
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text(code("startup"), encoding="utf-8")
    (folder / "matplotlibrc").write_text(
        "backend: module://backend_of_evil\nsavefig.dpi: 17\n", encoding="utf-8"
    )


def evil_notebook(path, marker):
    path.parent.mkdir(parents=True, exist_ok=True)
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    book.cells = [nbformat.v4.new_code_cell(f"open({str(marker)!r}, 'w').close()")]
    book.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(book, path)


def set_trap(root):
    """A project with a case, and a working directory beside it, all planted."""
    markers, case, here = root / "markers", root / "project" / "params" / "tiny", root / "here"
    markers.mkdir()
    planted(case, markers, "case")
    planted(here, markers, "here")
    for name in ("01_assessment", "04_sensitivity"):
        evil_notebook(root / "project" / "notebooks" / f"{name}.ipynb", markers / f"project-{name}")
        evil_notebook(case / "notebooks" / f"{name}.ipynb", markers / f"case-{name}")
    (case / "scheme.yaml").write_text(SCHEME, encoding="utf-8")
    (case / "data.csv").write_text(DATA, encoding="utf-8")
    params = "scheme: scheme.yaml\ndata: data.csv\nnotebooks: [01_assessment, 04_sensitivity]\n"
    (case / "params.yaml").write_text(params, encoding="utf-8")
