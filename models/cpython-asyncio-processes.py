#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cpython-asyncio with CPU work in a ProcessPoolExecutor of a process for each
CPU, or --workers: what the GIL cannot hold back, for the price of pickling the
way there and back. The processes are forked before the first connection comes.
"""
import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import threading

from foreign import loop, server

MODEL = server.Model("one asyncio loop, CPU work in W processes", "coroutine",
                     workers=server.cpus(), preemptive=False, parallel=True, offloads=True)


def begin() -> None:
    """In each process: only the parent decides about the end, but its death
    is the end."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def make_offload(workers: int):
    pool = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("fork"), begin)
    pool.submit(os.getpid).result()

    async def offload(function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)

    def end() -> None:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
    return offload, end


if __name__ == "__main__":
    loop.main(MODEL, make_offload)
