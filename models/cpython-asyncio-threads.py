#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model cpython-asyncio with CPU work in threads, by asyncio.to_thread: the loop's
default executor, with min(32, CPUs + 4) threads or --workers. With the GIL, the loop
and the threads still compute one at a time, and the loop gets its turn only after the
switch interval (5 ms).
"""
import asyncio
import concurrent.futures

from foreign import loop, server

MODEL = server.Model("one asyncio loop, CPU work in W threads (asyncio.to_thread)", "coroutine",
                     workers=min(32, server.cpus() + 4), preemptive=False,
                     parallel=not server.gil(), offloads=True)


def make_offload(workers: int):
    pool = concurrent.futures.ThreadPoolExecutor(workers)

    async def offload(function, *arguments):
        asyncio.get_running_loop().set_default_executor(pool)
        return await asyncio.to_thread(function, *arguments)
    return offload, lambda: None


if __name__ == "__main__":
    loop.main(MODEL, make_offload)
