# SPDX-License-Identifier: MIT
"""aiohttp's server. As a program, `aiohttp_app.py PORT`, it is one loop; gunicorn with
aiohttp's worker class takes make().
"""
import sys

from aiohttp import web

import workloads


async def make() -> web.Application:
    of_all, app = workloads.Async(), web.Application()

    async def endpoint(request):
        status, body = await of_all.answer(request.path[1:], request.query_string)
        return web.Response(body=body, status=status, content_type="text/plain")
    app.add_routes([web.get(f"/{name}", endpoint) for name in workloads.NAMES])
    return app


if __name__ == "__main__":
    web.run_app(make(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None,
                backlog=4096)
