#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model cpython-asyncio with CPU work in a ProcessPoolExecutor: a process for each
CPU, or --workers. The GIL cannot hold the processes back; the price is pickling in both
directions. The processes are forked before the first connection comes.

A worker that dies breaks its executor, which ends the other workers too; a new executor
replaces it, and computes once more what the old one left unfinished. A second break
costs a 503. Each executor that breaks before it has computed anything doubles the pause
before the next.
"""
import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import socket
import stat
import sys
import threading
from concurrent.futures.process import BrokenProcessPool

from foreign import loop, server

PAUSE_S, PAUSE_MAX_S = 0.05, 2.0  # before the executor after one that computed nothing

MODEL = server.Model("one asyncio loop, CPU work in W processes", "coroutine",
                     workers=server.cpus(), preemptive=False, parallel=True, offloads=True)


def begin() -> None:
    """Runs first in each worker: ignores SIGINT, because the parent decides when to
    end, but ends when the parent does."""
    signal.set_wakeup_fd(-1)  # inherited from the parent's loop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    close_connections()
    threading.Thread(target=end_with_parent, daemon=True).start()


def close_connections() -> None:
    """Closes inherited connections, which a worker forked later has, and would keep
    open after the parent."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            its = socket.socket(fileno=int(name))
            if its.family != socket.AF_INET:
                its.detach()
            else:
                its.close()
        except OSError:  # the descriptor of the folder itself
            continue


def end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


class Pool:
    """An executor, replaced when it breaks."""

    def __init__(self, workers: int):
        self._workers = workers
        self._pause_s = self._not_before = 0.0  # by the loop's clock
        self._executor = self._make()
        try:
            self._executor.submit(os.getpid).result()
        except BrokenProcessPool:
            sys.exit(f"{MODEL.name}: the worker processes end as soon as they are started; "
                     "is there memory for --workers of them?")

    def _make(self):
        return concurrent.futures.ProcessPoolExecutor(
            self._workers, multiprocessing.get_context("fork"), begin)

    def _replace(self, broken) -> None:
        """Replaces a broken executor, for the first caller that notices."""
        if broken is not self._executor:
            return
        broken.shutdown(wait=False)
        self._executor = self._make()
        self._not_before = asyncio.get_running_loop().time() + self._pause_s
        self._pause_s = min(PAUSE_MAX_S, max(PAUSE_S, 2 * self._pause_s))

    async def _once(self, function, arguments):
        on = asyncio.get_running_loop()
        while (wait_s := self._not_before - on.time()) > 0:
            await asyncio.sleep(wait_s)
        executor = self._executor
        try:
            result = await on.run_in_executor(executor, function, *arguments)
        except BrokenProcessPool:
            self._replace(executor)
            raise
        self._pause_s = 0.0
        return result

    async def run(self, function, *arguments):
        try:
            return await self._once(function, arguments)
        except BrokenProcessPool:
            return await self._once(function, arguments)

    def end(self) -> None:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()


def make_offload(workers: int):
    pool = Pool(workers)
    return pool.run, pool.end


if __name__ == "__main__":
    loop.main(MODEL, make_offload)
