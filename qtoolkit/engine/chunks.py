"""Chunks of work in order, here or on other processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any


class Chunks:
    """`run(task)` of every task, yielded in the order of the tasks whatever the number of workers.

    A broken pool is given up: the missing chunks are made in this process, and `broken` is True. No more than `most`
    chunks wait to be yielded at any time.
    """

    def __init__(self, run: Callable[[Any], Any], tasks: Sequence[Any], executor: Executor | None = None, most: int = 256):
        self.run, self.tasks, self.executor, self.most = run, tasks, executor, most
        self.broken = False

    def __iter__(self) -> Iterator[Any]:
        waiting: deque[Future] = deque()
        submitted = 0
        try:
            for task in self.tasks:
                while self.executor is not None and not self.broken and submitted < len(self.tasks) and len(waiting) < self.most:
                    try:
                        waiting.append(self.executor.submit(self.run, self.tasks[submitted]))
                        submitted += 1
                    except (BrokenExecutor, RuntimeError):  # it was shut down
                        self.broken = True
                try:
                    part = waiting.popleft().result() if waiting else self.run(task)
                except BrokenExecutor:
                    self.broken, part = True, self.run(task)
                yield part
        finally:
            for future in waiting:
                future.cancel()
