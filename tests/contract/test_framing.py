#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""However a request's bytes are cut, it is the same request: every row of
odd_requests.py with another request behind it, cut in two at each byte and fed
to CPython's parser itself, where nothing joins the pieces again. (For the C
parser tests/unit/http.c does that.)
"""
import pathlib
import sys
import unittest

from odd_requests import GET, Row, rows

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "models"))
from foreign import http  # noqa: E402 (found there)

LONG = 1000  # bytes of a row that is cut at some places alone
NEXT = GET + b"Connection: close\r\n\r\n"


def requests(parts: list[bytes]) -> list[tuple]:
    """What comes out of the bytes, up to the last request that may."""
    source, found = http.Requests(), []
    for part in parts:
        source.feed(part)
        while (request := source.next()) is not None:
            found.append((request.error, request.keep, request.head,
                          "" if request.error else request.target))
            if not request.keep:
                return found
    return found


class Framing(unittest.TestCase):
    def places(self, row: Row, size: int) -> list[int]:
        if row.is_generated():
            return [row.odd_at, row.odd_at + 1]
        return list(range(1, size, 1 if size < LONG else size // 20))

    def test_every_cut_gives_the_same(self) -> None:
        for row in rows():
            data = row.request + NEXT
            whole = requests([data])
            self.assertTrue(whole, row.name)
            for i in self.places(row, len(data)):
                if requests([data[:i], data[i:]]) != whole:
                    self.fail(f"{row.rule}: {row.name}: cut at {i}")

    def test_fields_are_those_of_one_head(self) -> None:
        """Not those of a body, of a trailer, or of the request behind."""
        odd = (b"Host: a b", b"Host: y\r\nHost: z", b"Content-Length: 7", b"Connection: close",
               b"Transfer-Encoding: gzip", b"Expect: 100-continue", b"Upgrade: websocket")
        for field in odd:
            text = b"\r\n" + field + b"\r\n\r\n"
            for first in (GET + b"Content-Length: %d\r\n\r\n" % len(text) + text,
                          GET + b"Transfer-Encoding: chunked\r\n\r\n0" + text,
                          GET + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(text) + text
                          + b"\r\n0\r\n\r\n"):
                data = first + GET + b"\r\n"
                wanted = [(0, True, False, "/hello")] * 2
                for i in range(1, len(data)):
                    self.assertEqual(requests([data[:i], data[i:]]), wanted, (field, i))


if __name__ == "__main__":
    unittest.main()
