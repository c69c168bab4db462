# SPDX-License-Identifier: MIT
"""HTTP/1.1 requests out of bytes, answers into bytes; no I/O.

The standard library's http.server reads a request line by line through the email
package's parser, at some 100 us a request; asyncio has no HTTP at all. So one regular
expression (C code) matches the whole head, and only a request with unusual fields is
examined closely. The rules are those of docs/contract.md.
"""
import re

HEAD_MAX = 8192
BODY_MAX = 65536
CHUNK_LINE_MAX = 16384


def _ipv6() -> bytes:
    """IPv6address of RFC 3986, 3.2.2: nine forms, by the place of the omitted zeros."""
    four, octet = rb"[0-9A-Fa-f]{1,4}", rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    last = rb"(?:%b:%b|(?:%b\.){3}%b)" % (four, four, octet, octet)
    tails = [rb"(?:%b:){%d}%b" % (four, count, last) for count in range(5, -1, -1)] + [four, b""]
    forms = [rb"(?:%b:){6}%b" % (four, last)]
    for before, tail in enumerate(tails):  # `before` groups may precede ::
        front = rb"(?:(?:%b:){0,%d}%b)?" % (four, before - 1, four) if before else b""
        forms.append(front + b"::" + tail)
    return b"(?:" + b"|".join(forms) + b")"


_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rb"[\t -~\x80-\xff]*"
_NAME = rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"  # RFC 3986, 3.2.2
_FUTURE = rb"[Vv][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+"
_ADDRESS = rb"\[(?:" + _ipv6() + rb"|" + _FUTURE + rb")\]"
_HOST = re.compile(rb"(?:" + _ADDRESS + rb"|" + _NAME + rb"*)(?::[0-9]*)?")
_REST = rb"[!-\"$-~]*"
_TARGET = (rb"/" + _REST + rb"|\*|[Hh][Tt][Tt][Pp]://(?:" + _ADDRESS + rb"|" + _NAME
           + rb"+)(?::[0-9]*)?(?:[/?]" + _REST + rb")?")
_FIELDS = rb"(?:" + _TOKEN + rb":" + _VALUE + rb"\r\n)*"
_LINE = re.compile(rb"(" + _TOKEN + rb") [!-\"$-~]+ HTTP/1\.[01]\r\n")
_HEAD = re.compile(rb"(" + _TOKEN + rb") (" + _TARGET + rb") HTTP/1\.([01])\r\n("
                   + _FIELDS + rb")\r\n")
_SPECIAL = re.compile(rb"(?:\A|\n)(host|content-length|transfer-encoding|connection|expect):"
                      rb"[ \t]*([^\r]*?)[ \t]*\r")
_TAB = re.compile(rb"(?:\A|\n)content-length:[^\r]*\t")
_TAB_BEHIND = re.compile(rb"(?:\A|\n)transfer-encoding:[ \t]*[^ \t\r][^\r]*\t")
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_CHUNK = re.compile(rb"([0-9a-fA-F]+)(?:;" + _TOKEN + rb"(?:=(?:" + _TOKEN + rb"|" + _QUOTED
                    + rb"))?)*\r\n")
_TRAILER = re.compile(_FIELDS + rb"\r\n")


def _begun(text: bytes, rest: bytes) -> bytes:
    """Matches a beginning of the text, or the text and the rest."""
    for byte in reversed(text):
        rest = rb"(?:%b%b)?" % (re.escape(bytes([byte])), rest)
    return rest


# Partial patterns: incomplete text matches while it may still become valid.
_FIELDS_BEGUN = _FIELDS + rb"(?:" + _TOKEN + rb"(?::" + _VALUE + rb"\r?)?|\r)?"
_HEAD_BEGUN = re.compile(_TOKEN + rb"(?: (?:[!-\"$-~]+" + _begun(
    b" HTTP/1.", rb"(?:[01]" + _begun(b"\r\n", _FIELDS_BEGUN) + rb")?") + rb")?)?")
_TRAILER_BEGUN = re.compile(_FIELDS_BEGUN)
_CHUNK_BEGUN = re.compile(rb"[0-9a-fA-F]+(?:;" + _VALUE + rb")?\r?")

_USUAL = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"))
_WORDS = {200: b"OK", 400: b"Bad Request", 404: b"Not Found", 405: b"Method Not Allowed",
          413: b"Content Too Large", 431: b"Request Header Fields Too Large",
          503: b"Service Unavailable"}
_REASONS = {400: "the request is malformed",
            405: "only GET and HEAD are allowed",
            413: "the request's body is over 64 KiB; send a smaller one",
            431: "the request's head is over 8 KiB; send a shorter one"}
_LENGTH = "the value of Content-Length is not one decimal number of 64 bits"
_CODING = "Transfer-Encoding is not chunked alone, once: no other coding is read"


def _explained(head: bytes) -> str:
    """Says what is wrong with a head, or with the part of it that is there."""
    line, found, rest = head.partition(b"\n")
    words = line.rstrip(b"\r").split(b" ")
    if not re.fullmatch(_TOKEN, words[0]) or len(words) < 2 or b"" in words:
        return "the request line is not METHOD TARGET VERSION with one blank between"
    if words[-1] not in (b"HTTP/1.0", b"HTTP/1.1") and (found or len(words) > 2):
        return "the version is neither HTTP/1.0 nor HTTP/1.1, which this server speaks"
    if len(words) > 3 or not re.fullmatch(_TARGET, words[1]):
        return ("the target is neither a path that begins with / nor http://HOST/PATH, of "
                "printable ASCII without #")
    lines = [line + b"\n"] if found else []
    lines += [one + b"\n" for one in rest.split(b"\n")[:-1]]
    for one in lines:
        if not one.endswith(b"\r\n") or b"\r" in one[:-2]:
            return "a line of the head does not end in CRLF: a bare CR or a bare LF"
    for one in lines[1:]:
        name, colon, _ = one.partition(b":")
        if one[0] in b" \t":
            return "a line of the head begins with a blank: folded fields are not read"
        if colon and not name:
            return "a header name is empty"
        if one != b"\r\n" and not (colon and re.fullmatch(_TOKEN, name)):
            return ("a header line is not NAME: VALUE: no colon, or a byte before it that no name "
                    "has (a blank is one)")
        if not re.fullmatch(_VALUE, one[:-2]):
            return "a header value has a control character"
    return "a line of the head has a control character, or a bare CR"


class _Refused(Exception):
    """The connection's last answer, as status and words: nobody knows where the next
    request would begin."""


class Request:
    """One request's facts; `error` is 0 or the status to answer with."""
    __slots__ = ("target", "head", "keep", "http_1_0", "error", "words")

    def __init__(self, target: str, head: bool, keep: bool, http_1_0: bool, error: int,
                 words: str = ""):
        self.target, self.head, self.keep = target, head, keep
        self.http_1_0, self.error, self.words = http_1_0, error, words

    def reason(self) -> str:
        return self.words or _REASONS[self.error]


class Requests:
    """A connection's bytes in, whole requests out, in order."""
    __slots__ = ("_data", "_at", "_request", "_length", "_taken")

    def __init__(self):
        self._data = b""
        self._request = None  # the request whose body has not ended
        self._length = 0      # bytes of that body still to come; None: chunks
        self._at = 0          # where the next chunk begins
        self._taken = 0       # bytes in chunks so far

    def feed(self, data: bytes) -> None:
        self._data = self._data + data if self._data else data

    def idle(self) -> bool:
        """Whether there is no byte of an unanswered request."""
        return not self._data and self._request is None

    def next(self) -> Request | None:
        """The next request, or None until there are more bytes."""
        if not self._data:
            return None
        try:
            return self._body() if self._request else self._head()
        except _Refused as refused:
            self._data, self._request = b"", None
            return Request("", False, False, False, *refused.args)

    def _head(self) -> Request | None:
        data = self._data
        if data[0] in b"\r\n":
            data = self._data = data.lstrip(b"\r\n")
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            return self._begun()
        match = _HEAD.match(data) if end <= HEAD_MAX else None
        if not match or match[1] not in _USUAL:
            raise self._refused(data[:end])
        method, target, minor, headers = match.groups()
        request = Request(target.decode("latin-1"), method == b"HEAD", minor == b"1",
                          minor == b"0", 0 if method in (b"GET", b"HEAD") else 405)
        if target == b"*" and method != b"OPTIONS":
            raise _Refused(400, "the target * is for OPTIONS alone")
        self._data = data[end:]
        headers = headers.lower()
        special = _SPECIAL.findall(headers)
        hosts = [value for name, value in special if name == b"host"]
        if len(hosts) != 1 and (hosts or not request.http_1_0):
            raise _Refused(400, "Host is given twice" if hosts
                           else "Host is missing, which HTTP/1.1 demands")
        if hosts and not _HOST.fullmatch(hosts[0]):
            raise _Refused(400, "the value of Host is not HOST or HOST:PORT")
        if len(special) == len(hosts):
            return request
        return self._closely(request, special, headers)

    def _begun(self) -> None:
        """Refuses an incomplete head that cannot become valid."""
        data = self._data
        if not data:
            return
        line = _LINE.match(data)
        if len(data) >= HEAD_MAX or not _HEAD_BEGUN.fullmatch(data) or (
                line and line[1] not in _USUAL):
            raise self._refused(data)

    def _refused(self, head: bytes) -> _Refused:
        line = _LINE.match(head[:HEAD_MAX])
        if line and line[1] not in _USUAL:
            return _Refused(405)
        return _Refused(431) if len(head) > HEAD_MAX or not head.endswith(
            b"\r\n\r\n") and len(head) == HEAD_MAX else _Refused(400, _explained(head))

    def _closely(self, request: Request, special: list, headers: bytes) -> Request | None:
        lengths = [value for name, value in special if name == b"content-length"]
        codings = [value for name, value in special if name == b"transfer-encoding"]
        words = [word.strip(b" \t") for name, value in special if name == b"connection"
                 for word in value.split(b",")]
        request.keep = b"close" not in words and (request.keep or b"keep-alive" in words)
        if len(lengths) + len(codings) == 0:
            return request
        if lengths and codings:
            raise _Refused(400, "Content-Length and Transfer-Encoding are both given")
        if len(lengths) > 1:
            raise _Refused(400, "Content-Length is given twice")
        if codings and (codings != [b"chunked"] or _TAB_BEHIND.search(headers)):
            raise _Refused(400, _CODING)
        if codings and request.http_1_0:
            raise _Refused(400, "Transfer-Encoding is given, which HTTP/1.0 does not have")
        self._length, self._at, self._taken = None, 0, 0
        if lengths:
            digits = lengths[0].lstrip(b"0") or b"0"
            if (_TAB.search(headers) or not lengths[0].isdigit() or len(digits) > 20
                    or int(digits) >= 1 << 64):
                raise _Refused(400, _LENGTH)
            self._length = int(digits)
            if self._length > BODY_MAX:
                raise _Refused(413)
        self._request = request
        expected = [word.strip(b" \t") for name, value in special if name == b"expect"
                    for word in value.split(b",")]
        if b"100-continue" in expected and self._length != 0 and not request.http_1_0:
            # A client that waits for "100 Continue" gets the answer instead. Since its
            # body may or may not follow, the connection then ends, even if part of the
            # body came with the head.
            request.keep, self._request, self._data = False, None, b""
            return request
        return self._body()

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
        """Drops complete chunks. Returns whether the last chunk and the trailer were
        there."""
        data = self._data
        while (end := data.find(b"\r\n", self._at)) >= 0:
            if end - self._at > CHUNK_LINE_MAX:
                raise _Refused(413, "a chunk's extensions are over 16 KiB; send shorter ones")
            line = _CHUNK.match(data, self._at)
            if not line or line.end() != end + 2 or len(line[1].lstrip(b"0")) > 16:
                raise _Refused(400, "a chunk's line is not a hexadecimal size of 64 bits, "
                                    "extensions of ;NAME=VALUE and CRLF")
            size = int(line[1], 16)
            if size == 0:
                return self._trailer(end + 2)
            if size + self._taken > BODY_MAX:
                raise _Refused(413)
            after = end + 2 + size
            if not b"\r\n".startswith(data[after:after + 2]):
                raise _Refused(400, "the chunk's data does not end in CRLF")
            if len(data) < after + 2:
                return False
            self._at, self._taken = after + 2, self._taken + size
            if self._at > 8 * BODY_MAX:
                raise _Refused(413)
        if len(data) - self._at > CHUNK_LINE_MAX:
            raise _Refused(413, "a chunk's extensions are over 16 KiB; send shorter ones")
        if len(data) > self._at and not _CHUNK_BEGUN.fullmatch(data, self._at):
            raise _Refused(400, "a chunk's line is not a hexadecimal size, extensions and CRLF")
        return False

    def _trailer(self, at: int) -> bool:
        data = self._data
        match = _TRAILER.match(data, at)
        if match and match.end() - at <= HEAD_MAX:
            self._data = data[match.end():]
            return True
        if len(data) - at > HEAD_MAX:
            raise _Refused(431, "the request's trailer is over 8 KiB; send a shorter one")
        if not _TRAILER_BEGUN.fullmatch(data, at):
            raise _Refused(400, "a line of the trailer is not NAME: VALUE, or does not end in CRLF")
        return False


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"


def answer(request: Request, keep: bool, body: bytes, status: int = 200,
           kind: bytes = b"text/plain") -> bytes:
    """All bytes of an answer."""
    if status == 200 and keep and kind == b"text/plain" and not (
            request.head or request.http_1_0):
        return _OK % (len(body), body)
    connection = b"" if keep else b"Connection: close\r\n"
    if keep and request.http_1_0:
        connection = b"Connection: keep-alive\r\n"
    return b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\n%b%bContent-Length: %d\r\n\r\n%b" % (
        status, _WORDS[status], kind, b"Allow: GET, HEAD\r\n" if status == 405 else b"",
        connection, len(body), b"" if request.head else body)


def wrong(request: Request, keep: bool, status: int, words: str) -> bytes:
    return answer(request, keep, words.encode("ascii", "replace") + b"\n", status)
