#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A thread for each connection, in CPython with the standard library only.

Works as socketserver.ThreadingMixIn, without its layers: a blocking recv, the handler,
a sendall. No pool, because an idle connection would occupy a worker that another needs.
With the GIL, threads wait concurrently but compute one at a time.
"""
import os
import select
import socket
import threading

from foreign import http, server
from foreign.backend import Backend
from foreign.direct import Answerer, Handlers
from foreign.routes import Routes
from foreign.work import WORKLOADS

STACK_BYTES = 256 << 10  # Python's own calls do not use it
LINGER_S = 1.0
WRITE_LIMIT_S = 30.0

MODEL = server.Model("a thread for each connection", "thread", preemptive=True)


class Threads:
    def __init__(self, answerer: Answerer):
        self._answerer = answerer
        self.busy: set = set()  # sockets whose request is being answered
        self.stopping = False

    def connection(self, client: socket.socket) -> None:
        """A thread's life."""
        requests = http.Requests()
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := client.recv(8192):
                requests.feed(data)
                while request := requests.next():
                    if not self._answer(client, request):
                        if request.error or not requests.idle():
                            linger(client)
                        return
                if self.stopping and requests.idle():
                    return
        except OSError:
            pass  # the client is gone
        finally:
            client.close()

    def _answer(self, client: socket.socket, request: http.Request) -> bool:
        self.busy.add(client)
        try:
            keep = request.keep and not self.stopping
            client.sendall(self._answerer.answer(request, keep))
            return keep
        finally:
            self.busy.discard(client)

    def accept(self, listener: socket.socket, spare: list) -> None:
        for client in server.accepted(listener, spare):
            client.setblocking(True)
            try:
                threading.Thread(target=self.connection, args=(client,), daemon=True).start()
            except RuntimeError:
                server.refuse(client, "the server is out of threads")


def linger(client: socket.socket) -> None:
    """Closing with unread bytes would reset the connection, and the client could lose
    the answer."""
    client.shutdown(socket.SHUT_WR)
    client.settimeout(LINGER_S)
    while client.recv(65536):
        pass


def main() -> None:
    flags = server.settings(MODEL, WORKLOADS)
    threading.stack_size(STACK_BYTES)
    stats = server.Stats() if flags.stats else None
    threads = Threads(Answerer(Routes(MODEL.name, WORKLOADS),
                               Handlers(Backend(flags.backend), stats), stats))
    listener = server.listen(MODEL, flags)
    woken, wake = os.pipe()
    server.on_stop(lambda: os.write(wake, b"x"))
    parent = server.parent_watch()
    poll = select.poll()
    for descriptor in (listener.fileno(), woken, parent):
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
    spare: list = []
    server.ready(MODEL, flags, listener)
    while not threads.stopping:
        for descriptor, _ in poll.poll():
            if descriptor == parent:
                os._exit(1)
            if descriptor == woken:
                threads.stopping = True
            else:
                threads.accept(listener, spare)
    listener.close()
    server.drain(lambda: threads.busy)
    os._exit(0)  # threads of idle connections wait for ever


if __name__ == "__main__":
    main()
