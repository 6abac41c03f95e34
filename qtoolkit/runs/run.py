"""One run: a case and its notebooks in, a run folder with tables, figures and the memo out."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtoolkit.language import Text
from qtoolkit.runs import folder as run_folder
from qtoolkit.runs.executors import Workers
from qtoolkit.runs.plan import FORMATS, Plan, plan
from qtoolkit.runs.write import write


def run(
    case: str | Path,
    out: str | Path | None = None,
    set: Mapping[str, Any] | None = None,
    language: str | None = None,
    *,
    notebooks: Sequence[str] | None = None,
    formats: Sequence[str] = FORMATS,
    jobs: int | None = None,
    dask: str | None = None,
    progress: Callable[[int, int, Text], None] = lambda done, total, what: None,
) -> Path:
    """Run a case's notebooks and write the run folder: the same as the command `qtoolkit run`.

    Parameters
    ----------
    case
        A case folder, a params.yaml, a filled workbook (.xlsx), or the name of a packaged case.
    out
        The run folder itself; runs/<case>-<hash> if left out.
    set
        Parameters to change; see :func:`plan`.
    language : "zh" or "en", optional
        Of the memo; the case's own if left out.
    notebooks, formats
        Which notebooks, which memo formats.
    jobs, dask
        How many notebooks at a time and worker processes for simulations, or a Dask scheduler for them: see
        :func:`qtoolkit.runs.executors.executor`. Results do not depend on it.
    progress
        Called with the steps done, the steps in all, and what was done.

    Returns
    -------
    Path
        The run folder. If it already held this very run, nothing was done.

    Raises
    ------
    InputError
        The input is wrong; nothing was written.
    WorkError
        A notebook or the memo failed; the partial notebooks are kept beside the run folder.
    """
    return carry_out(plan(case, set, language, notebooks, formats), out, Workers(jobs, dask), progress)[0]


def carry_out(
    plan: Plan, out: str | Path | None, workers: Workers, progress: Callable[[int, int, Text], None]
) -> tuple[Path, bool]:
    """Carry out a plan: the run folder, and whether it was there already."""
    content = plan.content()
    hash = run_folder.run_hash(content)
    target = Path(out) if out else Path("runs") / f"{plan.name}-{hash[:8]}"
    if run_folder.is_done(target, hash):
        return target, True
    run_folder.check_target(target)
    workers.check()
    with run_folder.building(target.absolute()) as work:
        write(plan, work, target, workers, progress, content)
        created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        run_folder.write_manifest(work, {"hash": hash, "created": created, **content})
    return target, False


