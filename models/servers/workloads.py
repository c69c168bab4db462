# SPDX-License-Identifier: MIT
"""The workloads behind the routes of every framework, with the answers of Troika's own
models.

A framework's file has the framework's part alone: how a route is declared, how a request
comes in, how an answer goes out. The routes' tables, the arithmetic and the proofs are
those of models/foreign. What a request calls is called as the framework's users do: with
requests and psycopg where a thread may block, with aiohttp's client and asyncpg on a loop.
"""
import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

from foreign import answers  # noqa: E402
from foreign.routes import Routes, Wrong  # noqa: E402

NAMES = ("hello", "wait", "fetch", "gather", "spin", "hash", "mixed", "query", "cache")
ROUTES = Routes("server", NAMES, os.environ.get("TROIKA_ROUTES"))

__all__ = ["NAMES", "Async", "Sync", "Wrong"]


def _proven(body: bytes, delay_ns: int, seed: int) -> int:
    """The proof of a backend call whose answer was this."""
    if body != answers.wait_body(delay_ns, seed):
        raise Wrong(503, "the backend's answer was not that of /wait")
    return answers.check(delay_ns, seed)


def _url(delay_ns: int, seed: int) -> str:
    backend = os.environ.get("TROIKA_BACKEND")
    if not backend:
        raise Wrong(503, "this needs a backend; set TROIKA_BACKEND=HOST:PORT")
    return f"http://{backend}/wait?delay={delay_ns}ns&seed={seed}"


class Sync:
    """For code that may block its thread."""

    def __init__(self):
        from foreign.direct import Handlers
        import stores
        self._handlers = Handlers(self, None)
        self._sessions = stores.per_thread(self._session)
        self._extra = {"query": stores.query, "cache": stores.cache}

    @staticmethod
    def _session():
        import requests
        session = requests.Session()
        session.trust_env = False
        return session

    def call(self, delay_ns: int, seed: int) -> int:
        """Asks the backend to wait; returns its proof."""
        answer = self._sessions().get(_url(delay_ns, seed), timeout=delay_ns / 1e9 + 10)
        return _proven(answer.content, delay_ns, seed)

    def answer(self, name: str, query: str) -> tuple[int, bytes]:
        """Status and body of a request for /NAME?QUERY."""
        try:
            _, arguments = ROUTES.find(f"/{name}?{query}")
            run = self._extra.get(name) or getattr(self._handlers, name)
            return 200, run(**arguments)
        except Wrong as wrong:
            return wrong.status, wrong.words.encode() + b"\n"


class Async:
    """For code on an event loop. CPU work stays on the loop, as it does in any service
    that does not move it elsewhere."""

    def __init__(self):
        from foreign.coroutines import Handlers
        import async_stores
        self._handlers = Handlers(self, None, None)
        self._session = None
        self._extra = {"query": async_stores.query, "cache": async_stores.cache}

    async def call(self, delay_ns: int, seed: int) -> int:
        """Asks the backend to wait; returns its proof."""
        import aiohttp
        if not self._session:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        async with self._session.get(_url(delay_ns, seed)) as answer:
            return _proven(await answer.read(), delay_ns, seed)

    async def answer(self, name: str, query: str) -> tuple[int, bytes]:
        """Status and body of a request for /NAME?QUERY."""
        try:
            _, arguments = ROUTES.find(f"/{name}?{query}")
            made = (self._extra.get(name) or getattr(self._handlers, name))(**arguments)
            return 200, made if isinstance(made, bytes) else await made
        except Wrong as wrong:
            return wrong.status, wrong.words.encode() + b"\n"
