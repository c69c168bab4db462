# SPDX-License-Identifier: MIT
"""FastAPI. `threaded` has `def` endpoints, which FastAPI runs in AnyIO's threads, 40 of
them in each process; `coroutines` has `async def` endpoints, which run on the loop.
"""
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

import workloads

threaded, coroutines = FastAPI(), FastAPI()
_sync, _async = workloads.Sync(), workloads.Async()


def _add(name: str) -> None:
    @threaded.get(f"/{name}", response_class=PlainTextResponse)
    def endpoint(request: Request):
        status, body = _sync.answer(name, request.url.query)
        return PlainTextResponse(body, status)

    @coroutines.get(f"/{name}", response_class=PlainTextResponse)
    async def async_endpoint(request: Request):
        status, body = await _async.answer(name, request.url.query)
        return PlainTextResponse(body, status)


for _name in workloads.NAMES:
    _add(_name)
