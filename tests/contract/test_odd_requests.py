#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every row of odd_requests.py, asked of every model: whole and byte by byte,
alone and with another request behind it. Status, number of answers and the
connection afterwards are those of the table in docs/contract.md.

A generated row (a byte in a place) is about the parser, which all models of a
language share: each is asked of a part of them, in one of the four ways.
"""
import concurrent.futures
import itertools
import os
import re
import socket
import unittest

from bare_server import BUILD, Server, describe
from odd_requests import Row, exceptions, rows, rules

LIMIT_S = 10.0
AT_ONCE = 4   # connections to a server
PARTS = 4     # of the generated rows
EDGE, PIECE = 150, 1000  # bytes
NEXT = b"GET /hello?size=5B&seed=7 HTTP/1.1\r\nHost: x\r\n\r\n"
NEXT_BODY = b"hijkl"
WAYS = list(itertools.product((False, True), (False, True)))  # cut, followed


def models() -> list[str]:
    """Every server that is there, however much code it shares."""
    return sorted(f.name for f in (BUILD / "models").iterdir()
                  if f.is_file() and f.suffix != ".d" and os.access(f, os.X_OK))


def pieces(row: Row) -> list[bytes]:
    """Byte by byte; in larger pieces, far from what is odd."""
    size = len(row.request)
    if row.is_generated():
        ends = {row.odd_at, row.odd_at + 1, row.odd_at + 2, size}
    else:
        ends = {*range(1, min(EDGE, size)), *range(EDGE, size - EDGE, PIECE),
                *range(max(size - EDGE, 1), size + 1)}
    return [row.request[a:b] for a, b in itertools.pairwise([0, *sorted(ends)]) if a < b <= size]


class Client:
    """One connection's answers."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def send(self, parts: list[bytes]) -> None:
        try:
            for part in parts:
                self.socket.sendall(part)
        except OSError:
            pass  # closed as soon as it was clear; the answer tells

    def more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            raise AssertionError(f"nothing within {LIMIT_S:.0f} s after {self.data[:99]!r}") from None
        except ConnectionError:
            data = b""
        self.data += data
        return bool(data)

    def answer(self, head_only: bool = False) -> tuple[int, bytes]:
        """Its status (0: the connection was closed) and body."""
        while b"\r\n\r\n" not in self.data:
            if not self.more():
                return 0, self.data
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        size = int(length[1]) if length and not head_only else 0
        while len(self.data) < size:
            if not self.more():
                return 0, head
        body, self.data = self.data[:size], self.data[size:]
        return int(head.split()[1]), body


def fault(port: int, row: Row, wanted: tuple[int, bool], cut: bool, followed: bool) -> str:
    """What was not as it should be, or nothing."""
    status, stays_open = wanted
    client = Client(port)
    with client.socket:
        client.send((pieces(row) if cut else [row.request]) + ([NEXT] if followed else []))
        got, body = client.answer(row.head_only())
        if got != status:
            return f"{got} {body[:150]!r}"
        if got >= 400 and not (row.head_only() or re.fullmatch(rb"[ -~]+\n", body)):
            return f"{got} without a sentence: {body[:150]!r}"
        if row.rule == "handshake":
            return ""
        if stays_open and not followed:
            client.send([NEXT])
        if stays_open and (got := client.answer()) != (200, NEXT_BODY):
            return f"{status}, then {got}"
        if not stays_open and (client.data or client.more()):
            return f"{status}, then more: {client.data[:100]!r}"
    return ""


class Asked:
    """A model that is asked what it has to answer."""

    def __init__(self, name: str, part: int, parts: int):
        self.name, self.part, self.parts = name, part, parts
        self.only = describe(name)["only"]

    def is_asked(self, row: Row, number: int) -> bool:
        if row.needs and self.only is not None and row.needs[1:] not in self.only:
            return False
        return not row.is_generated() or number % self.parts == self.part

    def questions(self):
        """Rows with the ways to ask them."""
        for number, row in enumerate(rows()):
            if not self.is_asked(row, number):
                continue
            ways = [WAYS[number // self.parts % 4]] if row.is_generated() else WAYS
            for cut, followed in ways:
                if row.follows or not followed:
                    yield row, cut, followed

    def faults(self) -> list[str]:
        """What was wrong, a line each."""
        server = Server(self.name)
        try:
            known = rules()
            own = exceptions() if self.name.startswith("node") else {}

            def ask(question) -> str:
                row, cut, followed = question
                wanted = own.get(row.name, known[row.rule])
                try:
                    wrong = fault(server.port, row, wanted, cut, followed)
                except AssertionError as error:
                    wrong = str(error)
                return wrong and (f"{row.rule}: {row.name}{', cut' * cut}"
                                  f"{', followed' * followed}: {wanted} wanted, got {wrong}")
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                found = [wrong for wrong in pool.map(ask, self.questions()) if wrong]
            if server.process.poll() is not None or server.stop() != 0:
                found.append("the server has ended, or not with 0")
            return found
        finally:
            server.kill()


def all_asked() -> list[Asked]:
    """Each row of any kind is asked of some model in each language."""
    found: dict[str, list[str]] = {}
    for name in models():
        language = next((word for word in ("cpython", "node") if name.startswith(word)), "c")
        found.setdefault(language, []).append(name)
    return [Asked(name, i % PARTS, min(PARTS, len(names)))
            for names in found.values() for i, name in enumerate(names)]


class OddRequests(unittest.TestCase):
    def test_every_model(self) -> None:
        asked = all_asked()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for model, found in zip(asked, pool.map(Asked.faults, asked)):
                with self.subTest(model=model.name):
                    self.assertFalse(found, "\n".join([f"{len(found)} wrong:", *found[:40]]))

    def test_the_document_has_every_rule(self) -> None:
        used = {row.rule for row in rows()}
        self.assertEqual(used, set(rules()), "rules of rows, and of docs/contract.md")
        self.assertLessEqual(set(exceptions()), {row.name for row in rows()})
        self.assertGreater(len(exceptions()), 0)
        self.assertGreater(len([row for row in rows() if not row.is_generated()]), 120)


if __name__ == "__main__":
    unittest.main()
