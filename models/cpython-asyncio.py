#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One asyncio loop in CPython, with the standard library only. CPU work runs on the
loop, as it does in any service that does not move it elsewhere. In the wild: aiohttp
and uvicorn without uvloop.
"""
from foreign import loop, server

MODEL = server.Model("one asyncio loop, CPU work on the loop", "coroutine", preemptive=False)

if __name__ == "__main__":
    loop.main(MODEL)
