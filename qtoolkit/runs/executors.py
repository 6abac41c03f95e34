"""Where simulations run: this process, processes of this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from qtoolkit.errors import InputError, WorkError
from qtoolkit.language import say

JOBS, DASK = "QTOOLKIT_JOBS", "QTOOLKIT_DASK"
LOCAL = "local"
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
SECONDS = 20  # to reach a scheduler


@dataclass(frozen=True)
class Workers:
    """What `--jobs` and `--dask` say: how many notebooks run at a time, and where their simulations
    run. Results do not depend on it."""

    jobs: int | None = None
    dask: str | None = None

    @property
    def notebooks(self) -> int:
        return self.jobs or min(2, os.cpu_count() or 1)

    def check(self) -> None:
        """Raise at once what :func:`executor` would raise in a notebook."""
        if self.dask == LOCAL:
            _distributed()
        elif self.dask:
            with _client(self.dask, 1):
                pass

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the notebooks' processes, in which :func:`executor` reads them."""
        return {name: str(value) for name, value in ((JOBS, self.jobs), (DASK, self.dask)) if value}


@contextmanager
def executor(jobs: int | None = None, dask: str | None = None) -> Iterator[Executor | None]:
    """An executor for `executor=`, shut down at the end; None (work in this process) where neither
    is asked for.

    Parameters
    ----------
    jobs : int, optional
        Worker processes of this machine. What `qtoolkit run --jobs` says if left out.
    dask : str, optional
        Address of a Dask scheduler (tcp://…), or "local" for a cluster of this machine (needs the
        extra `qtoolkit[dask]`). What `qtoolkit run --dask` says if left out. Results are the same
        for any of them.

    Raises
    ------
    InputError
        Dask is not installed.
    WorkError
        The scheduler does not answer.

    >>> with executor() as workers:
    ...     print(workers)
    None
    """
    jobs = int(os.environ.get(JOBS, 1)) if jobs is None else jobs
    dask = os.environ.get(DASK) or None if dask is None else dask
    if dask is not None:
        with _client(dask, jobs) as client:
            yield DaskExecutor(client)
    elif jobs > 1:
        with (
            _one_thread(),
            ProcessPoolExecutor(
                jobs, multiprocessing.get_context("spawn"), _stop_with_parent
            ) as pool,
        ):
            yield pool
    else:
        yield None


def background() -> Executor:
    """One worker process of this machine for what nobody waits for; it begins with the first
    task."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin_alone)


def _begin_alone() -> None:
    """A worker beside whoever works by hand: it ends with its parent, not when the parent's cell is
    interrupted, and takes one processor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(THREADS, "1"))  # numpy is not imported yet
    _stop_with_parent()


def _stop_with_parent() -> None:
    """End this worker when the process that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:  # no worker
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that are started here use one BLAS thread each: threads of several processes would
    wait for one another."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _client(address: str, jobs: int) -> Iterator[Any]:
    distributed = _distributed()
    if address != LOCAL:
        try:
            client = distributed.Client(address, timeout=SECONDS)
        except (OSError, ValueError) as error:
            text = say(
                zh="连接不到 Dask 调度器 {address}：{why}",
                en="no Dask scheduler at {address}: {why}",
                address=address,
                why=str(error).splitlines()[0],
            )
            raise WorkError(text) from None
        with client:
            yield client
        return
    workers = jobs if jobs > 1 else os.cpu_count() or 1
    with (
        distributed.LocalCluster(workers, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise InputError(
            say(
                zh='--dask 需要另装组件：pip install "qtoolkit[dask]"',
                en='--dask needs an extra: pip install "qtoolkit[dask]"',
            )
        ) from None
    return distributed


class DaskExecutor(Executor):
    """A Dask client as an executor. A task whose worker is lost is run again by the scheduler; a
    cluster that gives up is a broken executor."""

    def __init__(self, client: Any):
        self.inner = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        outer: Future[Any] = Future()

        def hand_over(inner: Future[Any]) -> None:
            error = CancelledError() if inner.cancelled() else inner.exception()
            if error is None:
                outer.set_result(inner.result())
            elif isinstance(error, _TaskError):
                outer.set_exception(error.args[0])
            else:
                outer.set_exception(BrokenExecutor(str(error)))

        self.inner.submit(_marked, fn, args, kwargs).add_done_callback(hand_over)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.inner.shutdown(wait=wait)


class _TaskError(Exception):
    """An error of a task itself, which it carries; all others of its future are the cluster's, of
    which one that is closing has many kinds."""


def _marked(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A task on a worker, its own error marked as such."""
    try:
        return fn(*args, **kwargs)
    except Exception as error:
        raise _TaskError(error) from error
