#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a request ends: what a proxy and a server may read differently.

A request whose length can be read in two ways is how one client's bytes become
another's request (request smuggling): every model refuses it and closes. And
whatever is well-formed ends where the standard says (RFC 9112), however the
bytes were split. (A folded header is read or refused, RFC 9112, 5.2; Node
refuses it.)
"""
import re
import socket
import unittest

from bare_server import Server, models, read_all

GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n"
NEXT = GET + b"Connection: close\r\n\r\n"

AMBIGUOUS = {
    "a length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5\r\n\r\naaaaa",
    "one length twice": b"Content-Length: 4\r\nContent-Length: 4\r\n\r\naaaa",
    "a list of lengths": b"Content-Length: 4, 4\r\n\r\naaaa",
    "a folded length": b"Content-Length: 4\r\n 1\r\n\r\naaaa",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a length with a sign": b"Content-Length: +1\r\n\r\na",
    "an empty length": b"Content-Length:\r\n\r\n",
    "a length beyond 64 bits": b"Content-Length: 18446744073709551617\r\n\r\n",
    "a space before the colon": b"Content-Length : 4\r\n\r\naaaa",
    "chunks that are not last": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"Transfer-Encoding: identity\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits":
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n",
    "chunks ended by a bare LF": b"Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n",
    "a bare CR in a value": b"A: a\rb\r\n\r\n",
    "a NUL in a value": b"A: a\0b\r\n\r\n",
    "a bare LF": b"A: b\n\n",
}
PLAIN = {
    "a body": b"Content-Length: 4\r\n\r\naaaa",
    "a folded header": b"A: b\r\n c\r\n\r\n",
    "a length on a folded line": b"Content-Length:\r\n 4\r\n\r\naaaa",
    "chunks on a folded line": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "chunks with extension and trailer":
        b"Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nT: r\r\n\r\n",
}


class Framing(unittest.TestCase):
    def answers(self, server: Server, request: bytes, split: bool) -> list[bytes]:
        """The status codes that come back until the server closes."""
        with server.connect() as connection:
            try:
                step = 1 if split else len(request)
                for i in range(0, len(request), step):
                    connection.sendall(request[i:i + step])
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # closed as soon as it was clear
            answer = read_all(connection)
        return re.findall(rb"HTTP/1\.1 (\d+)", answer)

    def test_every_model(self) -> None:
        for model in models():
            server = Server(model)
            self.addCleanup(server.kill)
            for split in (False, True):
                for name, rest in AMBIGUOUS.items():
                    with self.subTest(model=model, request=name, split=split):
                        self.assertEqual(self.answers(server, GET + rest + NEXT, split),
                                         [b"400"])
                for name, rest in PLAIN.items():
                    with self.subTest(model=model, request=name, split=split):
                        refused = model.startswith("node") and b"\r\n " in rest
                        self.assertEqual(self.answers(server, GET + rest + NEXT, split),
                                         [b"400"] if refused else [b"200", b"200"])
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
