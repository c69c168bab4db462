# SPDX-License-Identifier: MIT
"""Flask. What a view waits for blocks its worker, its thread or, with gevent's patched
library, its greenlet: that is the server's choice.
"""
from flask import Flask, Response, request

import workloads

app = Flask(__name__)
_sync = workloads.Sync()


def _add(name: str) -> None:
    @app.get(f"/{name}", endpoint=name)
    def view():
        status, body = _sync.answer(name, request.query_string.decode())
        return Response(body, status, content_type="text/plain")


for _name in workloads.NAMES:
    _add(_name)
