# SPDX-License-Identifier: MIT
"""Quart: Flask's interface with coroutines."""
from quart import Quart, Response, request

import workloads

app = Quart(__name__)
_async = workloads.Async()


def _add(name: str) -> None:
    @app.get(f"/{name}", endpoint=name)
    async def view():
        status, body = await _async.answer(name, request.query_string.decode())
        return Response(body, status, content_type="text/plain")


for _name in workloads.NAMES:
    _add(_name)
