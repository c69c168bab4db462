# SPDX-License-Identifier: MIT
"""HTTP/1.1 requests out of bytes, answers into bytes; no I/O.

The standard library's http.server reads a request line by line through the
email package's parser, at some 100 us a request; asyncio has no HTTP at all.
So the head is matched as a whole by one regular expression (C code), and only
a request that says more than usual is looked at closely. A length that can be
read in two ways is refused (RFC 9112, 6.3).
"""
import re

HEAD_MAX = 8192
BODY_MAX = 65536

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEAD = re.compile(rb"([A-Z_-]+) ([^ \r\n\0]+) HTTP/1\.([01])\r\n"
                   rb"((?:" + _TOKEN + rb":[^\r\n\0]*\r\n)*)\r\n")
_FOLD = re.compile(rb"\r\n[ \t]+")
_SPECIAL = re.compile(rb"(?:\A|\n)(content-length|transfer-encoding|connection|expect):"
                      rb"[ \t]*([^\r]*?)[ \t]*\r")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})(?:;[^\r\n]*)?\r\n")
_WORDS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 405: b"Method Not Allowed",
          413: b"Content Too Large", 431: b"Request Header Fields Too Large",
          503: b"Service Unavailable"}
_REASONS = {400: "the request is not HTTP/1.0 or HTTP/1.1",
            405: "only GET and HEAD are allowed",
            413: "the request's body is over 64 KiB; send a smaller one",
            431: "the request's head is over 8 KiB; send a shorter one"}


class _Refused(Exception):
    """Where the next request begins cannot be told: the last answer."""


class Request:
    """One request's facts; `error` is 0 or the status to answer with."""
    __slots__ = ("target", "head", "keep", "http_1_0", "error")

    def __init__(self, target: str, head: bool, keep: bool, http_1_0: bool, error: int):
        self.target, self.head, self.keep = target, head, keep
        self.http_1_0, self.error = http_1_0, error

    def reason(self) -> str:
        return _REASONS[self.error]


class Requests:
    """A connection's bytes in, whole requests out, in order."""
    __slots__ = ("_data", "_at", "_request", "_length", "_taken")

    def __init__(self):
        self._data = b""
        self._request = None  # its body has not ended
        self._length = 0      # of that, still to come; None: chunks
        self._at = 0          # where the next chunk begins
        self._taken = 0       # bytes in chunks so far

    def feed(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data

    def idle(self) -> bool:
        """No byte of an unanswered request is here."""
        return not self._data and self._request is None

    def next(self) -> Request | None:
        """The next request, or None until there are more bytes."""
        if not self._data:
            return None
        try:
            return self._body() if self._request else self._head()
        except _Refused as refused:
            self._data, self._request = b"", None
            return Request("", False, False, False, refused.args[0])

    def _head(self) -> Request | None:
        data = self._data
        if data[0] in b"\r\n":
            data = self._data = data.lstrip(b"\r\n")
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 and len(data) < HEAD_MAX:
            return None
        if end < 4 or end > HEAD_MAX:
            raise _Refused(431)
        match = _HEAD.match(data) or _HEAD.match(_FOLD.sub(b" ", data[:end - 2]) + b"\r\n")
        if not match:
            raise _Refused(400)
        method, target, minor, headers = match.groups()
        headers = headers.lower()
        if minor == b"1" and headers.startswith(b"host:") + headers.count(b"\nhost:") != 1:
            raise _Refused(400)
        request = Request(target.decode("latin-1"), method == b"HEAD", minor == b"1",
                          minor == b"0", 0 if method in (b"GET", b"HEAD") else 405)
        self._data = data[end:]
        special = _SPECIAL.findall(headers)
        return self._closely(request, special) if special else request

    def _closely(self, request: Request, special: list) -> Request | None:
        lengths = [value for name, value in special if name == b"content-length"]
        codings = [value for name, value in special if name == b"transfer-encoding"]
        for name, value in special:
            if name == b"connection":
                words = [word.strip() for word in value.split(b",")]
                request.keep = b"close" not in words and (
                    request.keep or b"keep-alive" in words)
        if len(lengths) + len(codings) == 0:
            return request
        if len(lengths) + len(codings) > 1 or codings not in ([], [b"chunked"]):
            raise _Refused(400)
        if lengths and not (lengths[0].isdigit() and int(lengths[0][:40]) < 1 << 64):
            raise _Refused(400)
        self._length, self._at, self._taken = int(lengths[0]) if lengths else None, 0, 0
        if lengths and self._length > BODY_MAX:
            raise _Refused(413)
        self._request = request
        whole = self._body()
        if not whole and any(name == b"expect" for name, _ in special):
            # Whoever waits for "100 Continue" gets the answer instead, and
            # since the body may or may not follow, the end.
            request.keep, self._request = False, None
            return request
        return whole

    def _body(self) -> Request | None:
        if self._length is None:
            if not self._chunks():
                return None
        else:
            dropped = min(self._length, len(self._data))
            self._data = self._data[dropped:]
            self._length -= dropped
            if self._length:
                return None
        request, self._request = self._request, None
        return request

    def _chunks(self) -> bool:
        """Whether the last chunk and the trailer are here; drops them."""
        data = self._data
        while (end := data.find(b"\r\n", self._at)) >= 0:
            line = _CHUNK.match(data, self._at)
            if not line:
                raise _Refused(400)
            size = int(line[1], 16)
            if size == 0:
                return self._trailer(end)
            if size + self._taken > BODY_MAX:
                raise _Refused(413)
            after = end + 2 + size
            if len(data) < after + 2:
                return False
            if data[after:after + 2] != b"\r\n":
                raise _Refused(400)
            self._at, self._taken = after + 2, self._taken + size
            if self._at > 8 * BODY_MAX:
                raise _Refused(413)
        if len(data) - self._at > HEAD_MAX:
            raise _Refused(400)
        return False

    def _trailer(self, at: int) -> bool:
        end = self._data.find(b"\r\n\r\n", at)
        if end < 0 and len(self._data) - at > HEAD_MAX:
            raise _Refused(431)
        if end >= 0:
            self._data = self._data[end + 4:]
        return end >= 0


_USUAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"


def answer(request: Request, keep: bool, body: bytes, status: int = 200,
           kind: bytes = b"text/plain") -> bytes:
    """All bytes of an answer."""
    if status == 200 and keep and kind == b"text/plain" and not (
            request.head or request.http_1_0):
        return _USUAL % (len(body), body)
    connection = b"" if keep else b"Connection: close\r\n"
    if keep and request.http_1_0:
        connection = b"Connection: keep-alive\r\n"
    return b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
        status, _WORDS[status], kind, b"Allow: GET, HEAD\r\n" if status == 405 else b"",
        connection, len(body), b"" if request.head else body)


def wrong(request: Request, keep: bool, status: int, words: str) -> bytes:
    return answer(request, keep, words.encode("ascii", "replace") + b"\n", status)
