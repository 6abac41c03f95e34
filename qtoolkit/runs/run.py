"""One run: a case and its notebooks in, a run folder with tables, figures and the memo out."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtoolkit.errors import InputError, WorkError
from qtoolkit.language import Text, say
from qtoolkit.runs import folder as run_folder
from qtoolkit.runs import record
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
    notebook_folder: str | Path | None = None,
    alternatives: Sequence[str | Path] = (),
    jobs: int | None = None,
    dask: str | None = None,
    progress: Callable[[int, int, Text], None] = lambda done, total, what: None,
) -> Path:
    """Run a case's notebooks and write the run folder: the same as the command `qtoolkit run`.

    A new run with changes to the scheme is a trial, and adds a row to the record beside the case's
    data, see :func:`qtoolkit.tuning.read_trials`.

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
    notebook_folder
        A folder whose notebooks come before the package's own: they are programs, use your own
        alone.
    alternatives
        Schemes of rival drafts, besides those that the case names.
    jobs, dask
        How many notebooks at a time and worker processes for simulations, or a Dask scheduler for
        them: see :func:`qtoolkit.runs.executors.executor`. Results do not depend on it.
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
        A notebook or the memo failed; all else is kept in a folder beside the run folder that is
        named as failed.
    """
    ready = plan(case, set, language, notebooks, formats, notebook_folder, alternatives)
    return carry_out(ready, out, Workers(jobs, dask), progress)[0]


def carry_out(
    plan: Plan,
    out: str | Path | None,
    workers: Workers,
    progress: Callable[[int, int, Text], None],
    tell: Callable[[Text], None] = lambda text: None,
) -> tuple[Path, bool]:
    """Carry out a plan: the run folder, and whether it was there already. A new run with changes
    goes on the record of trials. `tell` is told what the user must know."""
    content = plan.content()
    hash = run_folder.run_hash(content)
    target = Path(out) if out else _default(plan.name, hash)
    if run_folder.is_done(target, hash):
        return target, True
    run_folder.check_target(target)
    run_folder.check_place(target)
    workers.check()
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    with run_folder.building(target, tell) as work:
        copy = plan.staged(work / run_folder.CASE)
        if run_folder.run_hash(copy.content()) != hash:
            raise InputError(
                say(
                    zh="{case} 的文件在读取时被改动，没有写出结果；请再运行一次",
                    en="files of {case} changed while they were read; nothing was written: run it "
                    "again",
                    case=plan.name,
                )
            )
        failures = write(copy, work, workers, progress, content)
        about: dict[str, Any] = {"created": created, "moved": dict(plan.destinations.moved)}
        if not failures:
            run_folder.write_manifest(work, content, **about)
            failures = run_folder.unattested(work)
        if failures:
            messages = [failure.text.of(plan.parameters.language) for failure in failures]
            run_folder.write_manifest(work, content, run_folder.FAILED, failed=messages, **about)
            kept = run_folder.keep_failed(work, run_folder.resolved(target))
    if not failures:
        if (why := record.note(plan)) is not None:
            tell(why)
        return target, False
    near = not target.is_absolute() and target.name not in ("", os.pardir)
    raise _failed(failures, target.with_name(kept.name) if near else kept)


def _default(name: str, hash: str) -> Path:
    """The run folder where none is asked for: the case's name as far as every system takes it."""
    return Path("runs") / f"{run_folder.shortened(name[:80], 200)}-{hash[:8]}"


def _failed(failures: Sequence[WorkError], kept: Path) -> WorkError:
    """All failures in one sentence, with where the rest is kept."""
    texts = [failure.text for failure in failures]
    sentences = Text("；".join(text.zh for text in texts), "; ".join(text.en for text in texts))
    return WorkError(
        say(
            zh="{said}；已完成的部分保存在 {kept}",
            en="{said}; what was done is kept in {kept}",
            said=sentences,
            kept=kept,
        )
    )
