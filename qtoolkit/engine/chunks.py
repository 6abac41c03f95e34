"""Chunks of work in order, here or on other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any


class Chunks:
    """`run(task)` of every task, yielded in the order of the tasks whatever the number of workers.

    A broken pool is given up: the missing chunks are made in this process, and `broken` is True.
    `batch` tasks are sent at a time, and no more than `most` wait to be yielded.
    """

    def __init__(
        self,
        run: Callable[[Any], Any],
        tasks: Sequence[Any],
        executor: Executor | None = None,
        most: int = 256,
        batch: int = 1,
    ):
        self.run, self.tasks, self.executor, self.most, self.batch = (
            run,
            tasks,
            executor,
            most,
            batch,
        )
        self.broken = False

    def __iter__(self) -> Iterator[Any]:
        batches = [self.tasks[i : i + self.batch] for i in range(0, len(self.tasks), self.batch)]
        waiting: deque[Future[Any]] = deque()
        submitted = 0
        try:
            for batch in batches:
                while (
                    self.executor is not None
                    and not self.broken
                    and submitted < len(batches)
                    and len(waiting) * self.batch < self.most
                ):
                    try:
                        waiting.append(self.executor.submit(_all, self.run, batches[submitted]))
                        submitted += 1
                    except (BrokenExecutor, RuntimeError):  # it was shut down
                        self.broken = True
                try:
                    parts = waiting.popleft().result() if waiting else map(self.run, batch)
                except BrokenExecutor:
                    self.broken, parts = True, map(self.run, batch)
                yield from parts
        finally:
            for future in waiting:
                future.cancel()


def _all(run: Callable[[Any], Any], tasks: Sequence[Any]) -> list[Any]:
    return [run(task) for task in tasks]
