# SPDX-License-Identifier: MIT
"""Starlette with coroutines as endpoints."""
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import workloads

_async = workloads.Async()


async def _endpoint(request):
    status, body = await _async.answer(request.url.path[1:], request.url.query)
    return PlainTextResponse(body, status)


app = Starlette(routes=[Route(f"/{name}", _endpoint) for name in workloads.NAMES])
