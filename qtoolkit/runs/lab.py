"""`qtoolkit lab`: a case's notebooks as one's own copies, open in JupyterLab."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from qtoolkit.errors import InputError, WorkError
from qtoolkit.filing import write_whole
from qtoolkit.inputs import locate
from qtoolkit.language import Text, listing, say
from qtoolkit.runs.execute import python_variables, write_kernel
from qtoolkit.runs.folder import resolved, shortened
from qtoolkit.runs.knobs import OWN
from qtoolkit.runs.notebooks import Notebook
from qtoolkit.runs.plan import PATHS, Plan

QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
"""Options with which JupyterLab makes no network call of its own."""
PROMPT = "--ServerApp.kernel_websocket_connection_class=qtoolkit.runs.channels.PromptConnection"
UNWANTED = {"@jupyterlab/apputils-extension:announcements": True}
"""Parts of JupyterLab that are switched off: this one asks whether it may fetch news."""
GUIDE = "00_"
TUNING = "tuning"  # the panel needs hands, so that no run has it unless it is asked for
SECONDS = 10  # for JupyterLab to end once it is asked to


@dataclass(frozen=True)
class Prepared:
    """A folder of notebooks to work in: those written now, and those that were there and stay as
    they are."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def notices(self) -> list[Text]:
        """What the user must know."""
        if not self.kept:
            return []
        text = say(
            zh="{folder} 中已有 {names}，保持原样，没有写入现在的参数；如需新的，请先改名或删去，"
            "或用 -o 另指定一个文件夹",
            en="{names} in {folder} were there already and stay as they are, without the "
            "parameters of now; for new ones rename or delete them, or give another folder with -o",
            folder=self.folder,
            names=listing(self.kept),
        )
        return [text]


def lab_folder(plan: Plan) -> Path:
    """Where one's own copies lie where no folder is asked for: in the working directory, as runs
    do.

    Never in the case's folder, where the notebooks of whoever sent it may lie; a language has its
    own.
    """
    return Path("lab") / f"{shortened(plan.name[:80], 200)}-{plan.parameters.language}"


def unused(plan: Plan) -> list[Text]:
    """That one's own copies of a case's notebooks are not what runs, where there are some."""
    folder = lab_folder(plan)
    user_chosen = any(book.origin in ("given", "explicit") for book in plan.notebooks)
    if user_chosen or not any((folder / _file(book)).exists() for book in plan.notebooks):
        return []
    text = say(
        zh="您在 {folder} 中的 notebook 没有使用；如需使用，请加 --notebooks {folder}",
        en="your own notebooks in {folder} are not used; --notebooks {folder} uses them",
        folder=folder,
    )
    return [text]


def prepare(plan: Plan, folder: str | Path | None = None) -> Prepared:
    """Write the case's notebooks into a folder of the user's own, to be edited; what is there
    stays.

    Each is in the case's language alone, and its cell of parameters holds what `qtoolkit run` would
    inject, so that the notebook by itself is the case's. The toolkit's :func:`companions` come
    along.

    Parameters
    ----------
    plan
        The validated case, see :func:`qtoolkit.runs.plan.plan`.
    folder
        lab/<case>-<language> in the working directory if left out.

    Raises
    ------
    InputError
        There is something else in the folder's place.
    """
    target = lab_folder(plan) if folder is None else Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, ValueError):
        text = say(
            zh="{folder} 不能作为 notebook 的文件夹：该处已有文件，或名称不合规定；请用 -o 另指定",
            en="{folder} cannot be the folder of the notebooks: there is a file, or no system "
            "takes the name; give another one with -o",
            folder=target,
        )
        raise InputError(text) from None
    named = [book.name for book in plan.notebooks]
    books = [*plan.notebooks, *(book for book in companions() if book.name not in named)]
    language, written, kept = plan.parameters.language, [], []
    for book in books:
        path = target / _file(book)
        if os.path.lexists(path):
            kept.append(path.name)
        else:
            write_whole(path, _bytes(own_copy(book, _parameters(book, plan), language)))
            written.append(path.name)
    return Prepared(target, tuple(written), tuple(kept))


def companions() -> list[Notebook]:
    """The toolkit's own notebooks that come along with every case: the one to tune the case in, and
    the guides to read and try, such as the tutorial, which are of no case: their names begin with
    00_."""
    ((folder, origin),) = locate.notebooks()
    paths = [*folder.glob(f"{TUNING}.ipynb"), *sorted(folder.glob(f"{GUIDE}*.ipynb"))]
    return [Notebook(path.stem, path, origin) for path in paths]


def _is_guide(book: Notebook) -> bool:
    return book.name.startswith(GUIDE) and book.origin in OWN


def _parameters(book: Notebook, plan: Plan) -> dict[str, Any]:
    """What the cell of parameters of one's own copy holds: of a guide the language, and where the
    packaged files lie that it names."""
    if not _is_guide(book):
        return parameters_for(book, plan)
    given: dict[str, Any] = {"language": plan.parameters.language}
    for name in PATHS:
        path = _packaged(book.declared.get(name, "None"))
        if path is not None:
            given[name] = path.as_posix()
    return {name: value for name, value in given.items() if name in book.declared}


def _packaged(default: str) -> Path | None:
    """The file of a packaged case that the source text of a default names; None where it names
    none."""
    value = ast.literal_eval(default)
    if not isinstance(value, str) or not value.startswith("params/"):
        return None
    path = locate.packaged_cases() / value.removeprefix("params/")
    return path if path.exists() else None


def _file(book: Notebook) -> str:
    return f"{book.name}.ipynb"


def _bytes(book: nbformat.NotebookNode) -> bytes:
    return f"{nbformat.writes(book)}\n".encode()


def parameters_for(book: Notebook, plan: Plan) -> dict[str, Any]:
    """The parameters of the case that a notebook declares, as `qtoolkit run` injects them."""
    values = plan.parameters.model_dump(mode="json") | dict(plan.parameters.knobs)
    return {
        key: value for key, value in values.items() if key in book.declared and key.isidentifier()
    }


def own_copy(book: Notebook, parameters: Mapping[str, Any], language: str) -> nbformat.NotebookNode:
    """The notebook in one language, with `parameters` in its cell of parameters."""
    copy = book.in_language(language)
    for cell in copy.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = with_values(cell.source, parameters)
            break
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def with_values(source: str, parameters: Mapping[str, Any]) -> str:
    """The source of a cell of parameters with other values; comments and order stay.

    >>> print(with_values("a = 1  # how many\\nb = None", {"b": "x.csv", "c": True}))
    a = 1  # how many
    b = "x.csv"
    c = True
    """
    from papermill.translators import PythonTranslator

    values = {name: PythonTranslator.translate(value) for name, value in parameters.items()}
    places = {name: place for name, place in _values(source) if name in values}
    data = source.encode("utf-8")
    for name, (start, end) in sorted(places.items(), key=lambda item: item[1], reverse=True):
        data = data[:start] + values[name].encode("utf-8") + data[end:]
    rest = [f"{name} = {value}" for name, value in values.items() if name not in places]
    return "\n".join([data.decode("utf-8"), *rest])


def _values(source: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names and the bytes of the values that the lines of a cell give them; none of a cell that is
    no plain Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return
    starts = [0]
    for line in source.encode("utf-8").splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for given in tree.body:
        targets = (
            given.targets if isinstance(given, ast.Assign) else [getattr(given, "target", None)]
        )
        value = getattr(given, "value", None)
        if isinstance(given, ast.Assign | ast.AnnAssign) and value is not None:
            if len(targets) == 1 and isinstance(targets[0], ast.Name):
                place = (
                    starts[value.lineno - 1] + value.col_offset,
                    starts[value.end_lineno - 1] + value.end_col_offset,
                )
                yield targets[0].id, place


@contextmanager
def private_jupyter(plan: Plan) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder for the time of one JupyterLab, and the variables that it is started with: its
    kernels work in the case's folder, and import nothing from there nor from the working
    directory."""
    with tempfile.TemporaryDirectory(prefix="qtoolkit-lab-", ignore_cleanup_errors=True) as place:
        home = Path(place)
        variables = python_variables()
        drawing = {"MATPLOTLIBRC": str(home / "matplotlibrc")}  # as in a run: nobody's settings
        (home / "matplotlibrc").touch()
        start = ["-m", "qtoolkit.runs.kernel", str(plan.folder)]
        write_kernel(home, start, variables | drawing)
        settings = home / "config" / "labconfig"
        settings.mkdir(parents=True)
        (settings / "page_config.json").write_text(json.dumps({"disabledExtensions": UNWANTED}))
        jupyter_variables = {
            "JUPYTER_PATH": _before(home, "JUPYTER_PATH"),
            "JUPYTER_CONFIG_PATH": _before(settings.parent, "JUPYTER_CONFIG_PATH"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        }
        yield home, {**os.environ, **variables, **jupyter_variables}


def _before(folder: Path, variable: str) -> str:
    """A search path with `folder` before what the user's variable names; without its relative
    folders, which would be found in the working directory."""
    theirs = os.environ.get(variable, "").split(os.pathsep)
    return os.pathsep.join([str(folder), *(path for path in theirs if os.path.isabs(path))])


def command(folder: Path, more: Sequence[str] = ()) -> list[str]:
    """The command that starts JupyterLab on a folder."""
    root = f"--ServerApp.root_dir={resolved(folder)}"
    return [sys.executable, "-P", "-m", "jupyterlab", root, PROMPT, *QUIET, *more]


def start(plan: Plan, prepared: Prepared, browser: bool = True) -> None:
    """JupyterLab on the notebooks, until it is ended.

    Raises
    ------
    WorkError
        It did not start, or ended badly.
    """
    first = _file(plan.notebooks[0])
    more = [f"--LabApp.default_url=/lab/tree/{first}", *([] if browser else ["--no-browser"])]
    with private_jupyter(plan) as (home, variables):
        process = subprocess.Popen(command(prepared.folder, more), cwd=home, env=variables)
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is JupyterLab's: it asks
        try:
            status = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
            _end(process)
    if status:
        raise WorkError(
            say(
                zh="JupyterLab 异常结束（状态 {status}）",
                en="JupyterLab ended with status {status}",
                status=status,
            )
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End JupyterLab, and with it its kernels."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
