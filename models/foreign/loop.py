# SPDX-License-Identifier: MIT
"""One asyncio loop, shared by the models that differ only in where CPU work runs: on
the loop itself, in threads, or in processes.

A connection is a Protocol, not a pair of streams, which halves the CPU time of a small
request. Only a request that waits gets a task.
"""
import asyncio
import inspect
import os

from foreign import http, server
from foreign.coroutines import Backend, Handlers
from foreign.routes import Routes, Wrong
from foreign.work import WORKLOADS

LINGER_S = 1.0


class Server:
    """The state that all connections share."""

    def __init__(self, model: server.Model, flags, offload):
        self.routes = Routes(model.name, WORKLOADS)
        self.stats = server.Stats() if flags.stats else None
        handlers = Handlers(Backend(flags.backend), self.stats, offload)
        self.handlers = {name: (handler, inspect.iscoroutinefunction(handler))
                         for name in self.routes.names
                         for handler in [getattr(handlers, name)]}
        self.connections: set = set()
        self.stopping = False


class Connection(asyncio.Protocol):
    __slots__ = ("_server", "_requests", "_transport", "_task", "_writable", "_ended", "_last")

    def __init__(self, owner: Server):
        self._server, self._requests = owner, http.Requests()
        self._transport = self._task = None
        self._writable = True
        self._ended = False  # the client has ended its side
        self._last = False   # the last answer is sent; further bytes are dropped

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, error) -> None:
        self._server.connections.discard(self)
        if self._task:
            self._task.cancel()

    def busy(self) -> bool:
        return self._task is not None or not self._writable

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self.proceed()

    def data_received(self, data: bytes) -> None:
        if not self._last:
            self._requests.feed(data)
            self.proceed()

    def eof_received(self) -> bool:
        self._ended = True
        if self._task is None and self._writable:
            self._transport.close()
        return True

    def proceed(self) -> None:
        """Answers the requests that can be answered now, in order."""
        while not self.busy() and not self._last:
            request = self._requests.next()
            if request is None:
                if self._ended or self._server.stopping:
                    self._transport.close()
                return
            self._begin(request)

    def _begin(self, request: http.Request) -> None:
        owner = self._server
        try:
            if request.error:
                raise Wrong(request.error, request.reason())
            name, arguments = owner.routes.find(request.target)
            handler, waits = owner.handlers.get(name, (None, False))
            if not handler:
                body = server.other(owner.routes, owner.stats, name, **arguments)
                self._send(request, http.answer(request, self._keep(request), body,
                                                kind=b"application/json"))
                return
            if owner.stats:
                owner.stats.count()
            if waits:
                self._task = asyncio.create_task(self._run(request, handler, arguments))
                return
            body = handler(**arguments)
            self._send(request, http.answer(request, self._keep(request), body))
        except Wrong as wrong:
            self._wrong(request, wrong)

    async def _run(self, request: http.Request, handler, arguments: dict) -> None:
        try:
            body = await handler(**arguments)
            self._send(request, http.answer(request, self._keep(request), body))
        except Wrong as wrong:
            self._wrong(request, wrong)
        except asyncio.CancelledError:  # the client is gone
            self._transport.abort()
        except Exception as error:  # for example a broken pool, or no thread left
            self._wrong(request, Wrong(503, f"the workload failed: {error}"))
        self._task = None
        self.proceed()

    def _keep(self, request: http.Request) -> bool:
        return request.keep and not self._server.stopping

    def _wrong(self, request: http.Request, wrong: Wrong) -> None:
        keep = self._keep(request)
        self._send(request, http.wrong(request, keep, wrong.status, wrong.words))

    def _send(self, request: http.Request, data: bytes) -> None:
        self._transport.write(data)
        if self._keep(request):
            return
        self._last = True
        if request.error or not self._requests.idle():
            # Closing with unread bytes would reset the connection, and the client could
            # lose the answer.
            if self._transport.can_write_eof() and not self._transport.is_closing():
                self._transport.write_eof()
            asyncio.get_running_loop().call_later(LINGER_S, self._transport.abort)
        else:
            self._transport.close()


def _accept(owner: Server, listener, spare: list, tasks: set) -> None:
    """Accepts without loop.create_server: out of descriptors, create_server logs four
    thousand times a second and answers nobody."""
    loop = asyncio.get_running_loop()
    for client in server.accepted(listener, spare):
        task = loop.create_task(loop.connect_accepted_socket(lambda: Connection(owner), client))
        tasks.add(task)  # the loop keeps only a weak reference
        task.add_done_callback(tasks.discard)


async def _serve(model: server.Model, flags, offload) -> None:
    loop = asyncio.get_running_loop()
    owner = Server(model, flags, offload)
    stop = asyncio.Event()
    server.on_stop(lambda: loop.call_soon_threadsafe(stop.set))
    parent = server.parent_watch()
    if parent is not None:
        loop.add_reader(parent, os._exit, 1)
    listener = server.listen(model, flags)
    loop.add_reader(listener, _accept, owner, listener, [], set())
    server.ready(model, flags, listener)
    await stop.wait()
    owner.stopping = True
    loop.remove_reader(listener)
    listener.close()
    end = loop.time() + server.DRAIN_S
    while owner.connections and loop.time() < end:
        for connection in list(owner.connections):
            connection.proceed()
        await asyncio.sleep(0.005)


def main(model: server.Model, make_offload=None) -> None:
    """Serves until told to stop. `make_offload(workers)` returns the function that runs
    CPU work elsewhere, and a function to call at the end."""
    flags = server.settings(model, WORKLOADS)
    offload, end = make_offload(flags.workers) if make_offload else (None, lambda: None)
    asyncio.run(_serve(model, flags, offload))
    end()
    os._exit(0)
