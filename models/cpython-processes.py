#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""W processes forked beforehand, in CPython with the standard library only; a request
goes to a free process, or waits for one. In the wild: gunicorn's sync workers,
multiprocessing.Pool.

The parent keeps the connections and reads the requests. It sends a request with its
connection's descriptor to a worker, which answers the client itself. If workers owned
connections, a request could wait behind another request's handler while a second worker
is idle. A worker that dies takes its own connection with it and is replaced. The tasks
of one request are threads of its worker.
"""
import collections
import gc
import mmap
import os
import selectors
import signal
import socket
import sys
import time

from foreign import http, server
from foreign.backend import Backend
from foreign.direct import Answerer, Handlers
from foreign.routes import Routes
from foreign.work import WORKLOADS

LINGER_S = 1.0
WRITE_LIMIT_S = 30.0
PAUSE_S, PAUSE_MAX_S = 0.05, 2.0  # before the worker after one that answered nothing
OBJECT_BYTES = 1024  # of an object in --heap: small enough that each page holds some
GONE, LAST, KEEP = b"g", b"l", b"k"  # a worker's report on the connection

MODEL = server.Model("worker processes forked beforehand; a request goes to a free one", "process",
                     workers=2 * server.cpus() + 1, shared_memory=False, preemptive=True,
                     parallel=True, sizes=(server.Size(
                         "heap", 256, "objects made before the fork, each read by every worker"),))


class Connection:
    def __init__(self, client: socket.socket):
        self.client, self.requests = client, http.Requests()
        self.busy = False    # a worker has one of its requests, or will have
        self.paused = False  # not read from while busy
        self.last = False    # the last answer is sent; further bytes are dropped


class Stats(server.Stats):
    """Counts updates in shared memory, in which each worker has a place of its own. So
    they are counted before the client has the answer, and without a lock, which a dying
    worker could leave locked."""

    def __init__(self, workers: int):
        super().__init__()
        self._shared = memoryview(mmap.mmap(-1, workers * 16)).cast("Q")
        self.place = 0  # this worker's index

    def count_updates(self, made: int, kept: int) -> None:
        self._shared[self.place * 2] += made
        self._shared[self.place * 2 + 1] += kept

    def _take_updates(self, reset: bool) -> tuple[int, int]:
        told = sum(self._shared[0::2]), sum(self._shared[1::2])
        for i in range(len(self._shared) if reset else 0):
            self._shared[i] = 0
        return told


class Worker:
    """A process and our end of the socket pair."""

    def __init__(self, answerer: Answerer, stats: Stats | None, place: int):
        self.socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection, self.place = None, place
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.closerange(3, its.fileno())
            os.closerange(its.fileno() + 1, (1 << 31) - 1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            if stats:
                stats.place = place
            try:
                work(its, answerer, parent)
            finally:
                os._exit(1)
        its.close()


heap: list = []  # objects such as an application holds


def make_heap(size: int) -> None:
    count = size // OBJECT_BYTES
    content = OBJECT_BYTES - sys.getsizeof(b"") if count else 0
    heap.extend(bytes(content) for _ in range(count))


def work(its: socket.socket, answerer: Answerer, parent: int) -> None:
    """A worker's life, which ends with its parent. Reading an object changes its
    reference count, which is a write, so its page is copied for this worker."""
    for _ in heap:
        pass
    while os.getppid() == parent:
        words, descriptors, _, _ = socket.recv_fds(its, http.HEAD_MAX + 8, 1)
        if not words:
            return
        head, keep, http_1_0, target = words[0:1], words[1:2], words[2:3], words[3:]
        request = http.Request(target.decode("latin-1"), head == b"1", keep == b"1",
                               http_1_0 == b"1", 0)
        with socket.socket(fileno=descriptors[0]) as client:
            client.settimeout(WRITE_LIMIT_S)
            try:
                client.sendall(answerer.answer(request, request.keep))
                said = KEEP if request.keep else LAST
            except OSError:
                said = GONE
        its.send(said)


class Dispatcher:
    def __init__(self, flags, listener: socket.socket, answerer: Answerer, stats):
        self._listener, self._answerer, self._stats = listener, answerer, stats
        self._selector = selectors.EpollSelector()
        self._connections: set = set()
        self._lingering: collections.deque = collections.deque()  # deadline, connection
        self._waiting: collections.deque = collections.deque()    # connection, request
        self._workers: set = set()
        self._free: list = []  # last in, first out: the warmest worker
        self._spare: list = []
        self._late: dict = {}    # by place: when its next worker is due
        self._pauses: dict = {}  # by place: before the worker after the next
        self.stopping = False
        for place in range(flags.workers):
            self._start_worker(place)
        self._watch(listener, self._accept)

    def _watch(self, what, do, *arguments) -> None:
        self._selector.register(what, selectors.EVENT_READ, (do, arguments))

    def watch_parent(self, descriptor: int) -> None:
        self._watch(descriptor, os._exit, 1)

    def watch_stop(self, descriptor: int) -> None:
        self._watch(descriptor, self._stop, descriptor)

    def _start_worker(self, place: int) -> None:
        worker = Worker(self._answerer, self._stats, place)
        self._workers.add(worker)
        self._watch(worker.socket, self._hear, worker)
        self._take_next(worker)

    def _accept(self) -> None:
        for client in server.accepted(self._listener, self._spare):
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client)
            self._connections.add(connection)
            self._watch(client, self._read, connection)

    def _close(self, connection: Connection) -> None:
        if not connection.paused:
            self._selector.unregister(connection.client)
        self._connections.discard(connection)
        connection.client.close()

    def _read(self, connection: Connection) -> None:
        if connection.busy:
            self._selector.unregister(connection.client)
            connection.paused = True
            return
        try:
            data = connection.client.recv(8192)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(connection)
        elif not connection.last:
            connection.requests.feed(data)
            self._proceed(connection)

    def _proceed(self, connection: Connection) -> None:
        """Answers requests that need no worker, and queues the others."""
        while request := connection.requests.next():
            request.keep = request.keep and not self.stopping
            if not request.error and request.target.partition("?")[0] not in ("/", "/stats"):
                connection.busy = True
                self._waiting.append((connection, request))
                if self._stats:
                    self._stats.count()
                if self._free:
                    self._take_next(self._free.pop())
                return
            try:
                connection.client.sendall(self._answerer.answer(request, request.keep))
            except OSError:
                return self._close(connection)
            if not request.keep:
                return self._finish(connection, request.error)
        if self.stopping:
            self._close(connection)

    def _take_next(self, worker: Worker) -> None:
        """Gives the worker the request that has waited longest."""
        worker.connection = None
        if not self._waiting:
            self._free.append(worker)
            return
        connection, request = self._waiting[0]
        words = b"%d%d%d" % (request.head, request.keep, request.http_1_0)
        try:
            socket.send_fds(worker.socket, [words + request.target.encode("latin-1")],
                            [connection.client.fileno()])
        except ConnectionError:  # the worker is dead: _hear will notice; try the next one
            if self._free:
                self._take_next(self._free.pop())
            return
        worker.connection = connection
        self._waiting.popleft()

    def _hear(self, worker: Worker) -> None:
        """Called when a worker has answered its request, or is dead."""
        try:
            said = worker.socket.recv(1)
        except OSError:
            said = b""
        connection = worker.connection
        if connection:
            connection.busy = False
        if said:
            self._pauses.pop(worker.place, None)
            self._take_next(worker)
        else:
            self._bury(worker)
        if connection:
            self._go_on(connection, said)

    def _bury(self, worker: Worker) -> None:
        """Replaces a dead worker: at once, or after a pause that doubles if workers in
        this place die without an answer."""
        self._selector.unregister(worker.socket)
        worker.socket.close()
        os.waitpid(worker.pid, 0)
        self._workers.discard(worker)
        if worker in self._free:
            self._free.remove(worker)
        pause_s = self._pauses.get(worker.place, 0.0)
        self._late[worker.place] = time.monotonic() + pause_s
        self._pauses[worker.place] = min(PAUSE_MAX_S, max(PAUSE_S, 2 * pause_s))

    def _start_late(self, now: float) -> None:
        for place in [place for place, due in self._late.items() if due <= now]:
            del self._late[place]
            self._start_worker(place)

    def _go_on(self, connection: Connection, said: bytes) -> None:
        if connection.paused:
            connection.paused = False
            self._watch(connection.client, self._read, connection)
        if said == KEEP:
            self._proceed(connection)
        elif said == LAST:
            self._finish(connection, not connection.requests.idle())
        else:
            self._close(connection)

    def _finish(self, connection: Connection, unread) -> None:
        """Ends a connection. Closing with unread bytes would reset it, and the client
        could lose the last answer."""
        if not unread:
            return self._close(connection)
        connection.last = True
        try:
            connection.client.shutdown(socket.SHUT_WR)
        except OSError:
            return self._close(connection)
        self._lingering.append((time.monotonic() + LINGER_S, connection))

    def _stop(self, descriptor: int) -> None:
        self.stopping = True
        self._selector.unregister(descriptor)
        self._selector.unregister(self._listener)
        self._listener.close()
        for connection in [c for c in self._connections if not c.busy and not c.last]:
            self._close(connection)

    def run(self) -> None:
        """Runs until the stop, and then until every request is answered, at most
        DRAIN_S."""
        end = float("inf")
        while self._connections or not self.stopping:
            now = time.monotonic()
            while self._lingering and self._lingering[0][0] <= now:
                _, connection = self._lingering.popleft()
                if connection in self._connections:
                    self._close(connection)
            self._start_late(now)
            if self.stopping:
                end = min(end, now + server.DRAIN_S)
            until = min([end, *self._late.values(), *(at for at, _ in [*self._lingering][:1])])
            for key, _ in self._selector.select(None if until == float("inf") else until - now):
                do, arguments = key.data
                if self._selector.get_map().get(key.fd) is key:  # not closed by an earlier callback
                    do(*arguments)
            if time.monotonic() >= end:
                break
        for worker in self._workers:
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)


def main() -> None:
    flags = server.settings(MODEL, WORKLOADS)
    stats = Stats(flags.workers) if flags.stats else None
    answerer = Answerer(Routes(MODEL.name, WORKLOADS), Handlers(Backend(flags.backend), stats),
                        stats)
    listener = server.listen(MODEL, flags)
    make_heap(flags.heap)
    gc.freeze()  # pages stay shared if the collector does not write to them
    dispatcher = Dispatcher(flags, listener, answerer, stats)
    woken, wake = os.pipe()
    server.on_stop(lambda: os.write(wake, b"x"))
    dispatcher.watch_stop(woken)
    parent = server.parent_watch()
    if parent is not None:
        dispatcher.watch_parent(parent)
    server.ready(MODEL, flags, listener)
    dispatcher.run()
    os._exit(0)


if __name__ == "__main__":
    main()
