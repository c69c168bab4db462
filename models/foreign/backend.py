# SPDX-License-Identifier: MIT
"""Backend calls: the request, the expected answer, and a blocking client.

Connections are kept, and the one given back last is taken first. A kept connection that
the backend has closed meanwhile is replaced once.
"""
import errno
import os
import re
import socket

from foreign import answers
from foreign.routes import Wrong

GRACE_S = 10  # beyond the requested delay
_HEAD = re.compile(rb"HTTP/1\.1 200(?: [^\r\n]*)?\r\n((?:[^\r\n]+\r\n)*)\r\n")


class Exchange:
    """One call: the bytes of its request and of its answer."""
    __slots__ = ("request", "keep", "started", "_body", "_data")

    def __init__(self, delay_ns: int, seed: int):
        self.request = (b"GET /wait?delay=%dns&seed=%d HTTP/1.1\r\nHost: backend\r\n\r\n"
                        % (delay_ns, seed))
        self._body = answers.wait_body(delay_ns, seed)
        self._data = b""
        self.keep = True
        self.started = False  # a byte of the answer has come

    def feed(self, data: bytes) -> bool:
        """Whether the answer is complete. Raises OSError if it is wrong, or has
        ended."""
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        self.started = True
        self._data += data
        head = _HEAD.match(self._data)
        if head and len(self._data) - head.end() >= len(self._body):
            lines = head[1].lower()
            self.keep = b"connection: close\r\n" not in lines
            if (b"content-length: %d\r\n" % len(self._body) in lines
                    and self._data[head.end():] == self._body):
                return True
            raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))
        if not head and b"\r\n\r\n" in self._data or len(self._data) > 1024:
            raise OSError(errno.EPROTO, os.strerror(errno.EPROTO))
        return False


def stale(error: OSError, exchange: Exchange) -> bool:
    """Whether the backend may just have closed a kept connection before the request
    came. A new connection shows whether anything is really wrong."""
    return not exchange.started and error.errno in (errno.ECONNRESET, errno.EPIPE)


def missing() -> Wrong:
    return Wrong(503, "this needs a backend; start the server with --backend HOST:PORT")


def explained(address: tuple[str, int], error: OSError) -> Wrong:
    remedy = {errno.ECONNREFUSED: "is it running?",
              errno.EPROTO: "its answer was not that of /wait: is it one of Troika's servers?",
              errno.EMFILE: "too many connections at once",
              errno.EADDRNOTAVAIL: "too many connections at once"}
    return Wrong(503, f"the call to the backend at {address[0]}:{address[1]} failed: "
                      f"{error.strerror or error}; {remedy.get(error.errno, 'look at its messages')}")


class Backend:
    """The client for threads and processes. list.append and list.pop are atomic, so the
    list of kept connections needs no lock."""

    def __init__(self, address: tuple[str, int] | None):
        self._address, self._kept = address, []

    def call(self, delay_ns: int, seed: int) -> int:
        """Asks the backend to wait; returns its proof."""
        if not self._address:
            raise missing()
        exchange = Exchange(delay_ns, seed)
        try:
            self._call(exchange, delay_ns / 1e9 + GRACE_S)
        except OSError as error:
            raise explained(self._address, error) from None
        return answers.check(delay_ns, seed)

    def _call(self, exchange: Exchange, limit_s: float) -> None:
        try:
            kept = self._kept.pop()
        except IndexError:
            kept = None
        if kept:
            try:
                return self._run(exchange, kept, limit_s)
            except OSError as error:
                if not stale(error, exchange):
                    raise
        self._run(exchange, socket.create_connection(self._address, limit_s), limit_s)

    def _run(self, exchange: Exchange, connection: socket.socket, limit_s: float) -> None:
        try:
            connection.settimeout(limit_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(exchange.request)
            while not exchange.feed(connection.recv(1024)):
                pass
        except OSError:
            connection.close()
            raise
        if exchange.keep:
            self._kept.append(connection)
        else:
            connection.close()
