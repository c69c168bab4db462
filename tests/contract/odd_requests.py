# SPDX-License-Identifier: MIT
"""The table of odd requests: what a client, a proxy or an attacker may send,
each row under the rule of docs/contract.md that says how it is answered.

The rules' statuses, and whether the connection is open afterwards, are those of
the table in docs/contract.md, which is read from there. A row is a rule, a name
and the request's bytes.
"""
import dataclasses
import pathlib
import re

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/contract.md"
LINE = b"GET /hello HTTP/1.1\r\n"
GET = LINE + b"Host: x\r\n"
POST = b"POST /hello HTTP/1.1\r\nHost: x\r\n"
CHUNKED = GET + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
WEBSOCKET = (b"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n")


@dataclasses.dataclass(frozen=True)
class Row:
    rule: str
    name: str
    request: bytes
    follows: bool = True  # another request may be sent behind it
    needs: str = ""       # the route that it asks for, where not all have it
    odd_at: int = -1      # of a generated row, where its byte is

    def is_generated(self) -> bool:
        return self.odd_at >= 0

    def head_only(self) -> bool:
        return self.request.lstrip(b"\r\n").startswith(b"HEAD ")


def rules() -> dict[str, tuple[int, bool]]:
    """Of docs/contract.md: the status, and whether the connection goes on."""
    found = re.findall(r"^\| `([a-z0-9.-]+)` \| .* \| (\d{3}) \| (open|closed) \|$",
                       DOCUMENT.read_text(), re.MULTILINE)
    return {name: (int(status), after == "open") for name, status, after in found}


def exceptions() -> dict[str, tuple[int, bool]]:
    """Of docs/contract.md: rows that Node's models answer otherwise."""
    found = re.findall(r"^\| ([a-zA-Z][^|]*) \| [^|]* \| (\d{3}) \| (open|closed) \|$",
                       DOCUMENT.read_text(), re.MULTILINE)
    return {name: (int(status), after == "open") for name, status, after in found}


def fields(lines: bytes) -> bytes:
    return GET + lines + b"\r\n"


def padded(size: int) -> bytes:
    """A good request whose head has so many bytes."""
    return fields(b"X: " + b"x" * (size - len(GET) - 7) + b"\r\n")


def chunks(body: bytes, rest: bytes = LAST) -> bytes:
    return CHUNKED + body + rest


_ACCEPTED = {
    "plain": {
        "a request": GET + b"\r\n",
        "HEAD": b"HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a query": b"GET /hello?size=13B&seed=0 HTTP/1.1\r\nHost: x\r\n\r\n",
        "blanks around a value": fields(b"A: \t b \t\r\n"),
        "no blank before a value": LINE + b"Host:x\r\nA:b\r\n\r\n",
        "an empty value": fields(b"A:\r\nB: \r\n"),
        "a name of all that a token may have": fields(b"!#$%&'*+-.^_`|~09azAZ: v\r\n"),
        "a field many times": fields(b"A: 1\r\nA: 2\r\n" * 20),
        "a name like Host": fields(b"Hosts: y\r\nX-Host: z\r\nHos: w\r\n"),
        "Host in a value": fields(b"A: Host: y\r\n"),
        "a request in a value": fields(b"A: GET / HTTP/1.1\r\n"),
    },
    "empty-lines": {
        "an empty line first": b"\r\n" + GET + b"\r\n",
        "many empty lines first": b"\r\n" * 20 + GET + b"\r\n",
        "bare LFs first": b"\n\n" + GET + b"\r\n",
        "bare CRs first": b"\r\r" + GET + b"\r\n",
        "empty lines and a head of 8 KiB": b"\r\n" * 9 + padded(8192),
    },
    "keep-alive": {
        "Proxy-Connection: close": fields(b"Proxy-Connection: close\r\n"),
        "HTTP/1.0 with keep-alive":
            b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.0 with keep-alive in a list":
            b"GET /hello HTTP/1.0\r\nconnection: x, Keep-Alive\r\n\r\n",
        "HTTP/1.1 with keep-alive": fields(b"Connection: keep-alive\r\n"),
        "a connection word like close": fields(b"Connection: closed, xclose, close-x\r\n"),
        "close in another field": fields(b"X-Connection: close\r\nConnections: close\r\n"),
        "an empty Connection": fields(b"Connection:\r\n"),
        "commas in Connection": fields(b"Connection: ,, keep-alive ,\r\n"),
        "close as another word's part": fields(b"Connection: not close\r\n"),
    },
    "close": {
        "Connection: close": fields(b"Connection: close\r\n"),
        "CLOSE": fields(b"CONNECTION: CLOSE\r\n"),
        "close behind a tab": fields(b"Connection:\tclose\r\n"),
        "close before a tab": fields(b"Connection: close \t\r\n"),
        "close in a list": fields(b"Connection: a,\tclose , b\r\n"),
        "close in a second field": fields(b"Connection: a\r\nConnection: close\r\n"),
        "close beside keep-alive": fields(b"Connection: keep-alive, close\r\n"),
        "close before keep-alive": fields(b"Connection: close, keep-alive\r\n"),
        "HTTP/1.0": b"GET /hello HTTP/1.0\r\n\r\n",
        "HTTP/1.0 with a host": b"GET /hello HTTP/1.0\r\nHost: x\r\n\r\n",
        "HTTP/1.0, keep-alive and close":
            b"GET /hello HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        "HTTP/1.0, close and keep-alive":
            b"GET /hello HTTP/1.0\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.0 with a word like keep-alive":
            b"GET /hello HTTP/1.0\r\nConnection: keep-alived\r\n\r\n",
        "HTTP/1.0 and a body": b"GET /hello HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
        "close and a body": fields(b"Connection: close\r\nContent-Length: 3\r\n") + b"abc",
    },
    "body": {
        "a body": fields(b"Content-Length: 4\r\n") + b"aaaa",
        "a body of no bytes": fields(b"Content-Length: 0\r\n"),
        "a length with zeros first": fields(b"Content-Length: 0004\r\n") + b"aaaa",
        "a length of many zeros": fields(b"Content-Length: " + b"0" * 40 + b"4\r\n") + b"aaaa",
        "blanks around a length": fields(b"Content-Length:   4  \r\n") + b"aaaa",
        "a body of 64 KiB": fields(b"Content-Length: 65536\r\n") + b"a" * 65536,
        "a body like a head": fields(b"Content-Length: 22\r\n") + b"\r\nHost: y\r\nHost: z\r\n\r\n",
        "a body like a request": fields(b"Content-Length: %d\r\n" % len(GET + b"\r\n")) + GET + b"\r\n",
        "chunks": chunks(b"4\r\naaaa\r\n"),
        "the last chunk alone": chunks(b""),
        "chunk sizes in both cases": chunks(b"a\r\n0123456789\r\nA\r\n0123456789\r\n"),
        "a chunk size with zeros first": chunks(b"0004\r\naaaa\r\n", b"000\r\n\r\n"),
        "a chunk size of many zeros": chunks(b"0" * 40 + b"4\r\naaaa\r\n"),
        "chunks like line ends": chunks(b"6\r\n\r\n\r\n\r\n\r\n"),
        "chunks like a request": chunks(b"%x\r\n%b\r\n" % (len(GET) + 2, GET + b"\r\n")),
        "chunks of 64 KiB": chunks(b"8000\r\n" + b"a" * 32768 + b"\r\n8000\r\n" + b"a" * 32768
                                   + b"\r\n"),
        "a chunk extension": chunks(b"1;a\r\nx\r\n", b"0;b=c\r\n\r\n"),
        "quoted chunk extensions": chunks(b'1;a="b;c\\"d";e=f\r\nx\r\n'),
        "a chunk extension of 8 KiB": chunks(b"1;" + b"e" * 8192 + b"\r\nx\r\n"),
        "a trailer": chunks(b"1\r\nx\r\n", b"0\r\nA: b\r\nC:\r\n\r\n"),
        "Host in a trailer": chunks(b"1\r\nx\r\n", b"0\r\nHost: y\r\nHost: z/\r\n\r\n"),
        "lengths in a trailer": chunks(b"", b"0\r\nContent-Length: 5\r\n"
                                            b"Transfer-Encoding: gzip\r\n\r\n"),
        "close in a trailer": chunks(b"", b"0\r\nConnection: close\r\n\r\n"),
        "Expect in a trailer": chunks(b"1\r\nx\r\n", b"0\r\nExpect: 100-continue\r\n\r\n"),
        "a tab before chunked": fields(b"Transfer-Encoding:\tchunked\r\n") + LAST,
        "CHUNKED": fields(b"TRANSFER-ENCODING: \tCHUNKED \r\n") + b"1\r\nx\r\n" + LAST,
    },
    "absolute": {
        "the host in the target": b"GET http://x/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "another host in the target":
            b"GET http://other.example:81/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "HTTP:// in capitals": b"GET HTTP://x/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "IPv6 in the target": b"GET http://[::1]:80/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "no path in the target": b"GET http://x HTTP/1.1\r\nHost: x\r\n\r\n",
        "a query without a path": b"GET http://x? HTTP/1.1\r\nHost: x\r\n\r\n",
        "an absolute target in HTTP/1.0":
            b"GET http://x/hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    },
    "host-forms": {
        f"the host {value!r}": LINE + b"Host: " + value.encode() + b"\r\n\r\n" for value in (
            "", "x:", "x:80", ":80", "127.0.0.1:8080", "[::1]", "[::1]:80", "[v1.a:b]", "a,b",
            "[::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[FE80::a:1]",
            "[::ffff:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]", "[VF.a]",
            "a%2Fb", "a_b~c!$&'()*+;=", "X.EXAMPLE.", "x:99999999", "  x\t")
    } | {
        "the host last": LINE + b"A: b\r\nhOST: x\r\n\r\n",
        "the host without a blank": LINE + b"Host:x\r\n\r\n",
    },
    "expectation": {
        "Expect without a body": fields(b"Expect: 100-continue\r\n"),
        "Expect and an empty body": fields(b"Expect: 100-continue\r\nContent-Length: 0\r\n"),
        "another expectation": fields(b"Expect: 200-ok\r\n"),
        "another expectation and a body":
            fields(b"Expect: x100-continue\r\nContent-Length: 3\r\n") + b"abc",
        "an empty Expect": fields(b"Expect:\r\nContent-Length: 3\r\n") + b"abc",
        "Expect in HTTP/1.0": b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n"
                              b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "Expect in a body": fields(b"Content-Length: 26\r\n") + b"\r\nExpect: 100-continue\r\n\r\n",
    },
    "expect": {
        "Expect and a body": fields(b"Expect: 100-continue\r\nContent-Length: 3\r\n") + b"abc",
        "Expect and no body yet": fields(b"Expect: 100-continue\r\nContent-Length: 3\r\n"),
        "Expect and chunks": fields(b"Transfer-Encoding: chunked\r\nexpect: 100-Continue\r\n")
                             + b"1\r\nx\r\n" + LAST,
        "Expect in a list": fields(b"Expect: a, 100-continue\r\nContent-Length: 3\r\n") + b"abc",
    },
    "expect-method": {
        "POST with Expect": POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    },
    "upgrade": {
        "an upgrade to WebSocket": WEBSOCKET.replace(b"/websocket", b"/hello") + b"\r\n",
        "an upgrade to h2c": fields(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                    b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"),
        "an upgrade and a body": fields(b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                        b"Content-Length: 3\r\n") + b"abc",
        "Upgrade without Connection": fields(b"Upgrade: websocket\r\n"),
        "Connection: upgrade alone": fields(b"Connection: upgrade\r\n"),
    },
    "route": {
        "an unknown path": b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
        "an encoded letter": b"GET /%68ello HTTP/1.1\r\nHost: x\r\n\r\n",
        "an encoded slash": b"GET /%2Fhello HTTP/1.1\r\nHost: x\r\n\r\n",
        "two slashes": b"GET //hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a slash behind": b"GET /hello/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "dots": b"GET /x/../hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "another case": b"GET /Hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a NUL, encoded": b"GET /hello%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    },
    "parameter": {
        "an unknown parameter": b"GET /hello?what=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "a bad escape": b"GET /hello?size=%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "a question mark twice": b"GET /hello?? HTTP/1.1\r\nHost: x\r\n\r\n",
    },
    "method": {
        method: b"%b /hello HTTP/1.1\r\nHost: x\r\n\r\n" % method.encode() for method in (
            "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH")
    } | {
        "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST with a body": POST + b"Content-Length: 3\r\n\r\nabc",
        "POST with chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + LAST,
        "POST to an unknown path": b"POST /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
    },
}
_REFUSED = {
    "other-method": {
        method: b"%b /hello HTTP/1.1\r\nHost: x\r\n\r\n" % method.encode() for method in (
            "BREW", "GETX", "GE", "get", "Get", "MKCOL", "PROPFIND", "M-SEARCH", "PURGE", "QUERY",
            "SOURCE", "1", "!#$%&'*+-.^_`|~", "A" * 300)
    } | {
        "CONNECT": b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n",
        "another method in HTTP/1.0": b"BREW /hello HTTP/1.0\r\n\r\n",
    },
    "line": {
        "no target": b"GET\r\nHost: x\r\n\r\n",
        "an empty target": b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
        "two blanks before the target": b"GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "two blanks before the version": b"GET /hello  HTTP/1.1\r\nHost: x\r\n\r\n",
        "a blank behind the version": b"GET /hello HTTP/1.1 \r\nHost: x\r\n\r\n",
        "a blank before the method": b" GET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "tabs for blanks": b"GET\t/hello\tHTTP/1.1\r\nHost: x\r\n\r\n",
        "a tab before the version": b"GET /hello\tHTTP/1.1\r\nHost: x\r\n\r\n",
        "a blank in the target": b"GET /hel lo HTTP/1.1\r\nHost: x\r\n\r\n",
        "words that are no request": b"GARBAGE\r\n\r\n",
        "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "a field first": b"Host: x\r\n\r\n",
        "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "a colon in the method": b"G:T /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a colon behind the method": b"BREW: /hello HTTP/1.1\r\nHost: x\r\n\r\n",
    },
    "version": {
        "no version": b"GET /hello\r\n\r\n",
        "no version, with a host": b"GET /hello\r\nHost: x\r\n\r\n",
        "a blank for a version": b"GET /hello \r\nHost: x\r\n\r\n",
        "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "another method's version": b"BREW /hello HTTP/2.0\r\nHost: x\r\n\r\n",
    } | {
        f"the version {version}": b"GET /hello %b\r\nHost: x\r\n\r\n" % version.encode()
        for version in ("HTTP/0.9", "HTTP/0.0", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/3.0",
                        "HTTP/2", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/1.1x", "HTTP/1.10",
                        "HTTP/01.1", "HTTP/11.1", "HTTP/1.01", "HTTP/-1.1", "HTTP/1,1", "HTTP1.1",
                        "HTTP//1.1", "http/1.1", "Http/1.1", "HTTPS/1.1", "XHTTP/1.1", "RTSP/1.0",
                        "ICE/1.0", "HTP/1.1", "1.1", "HTTP/1.1/", "HTTP/1.1\t")
    },
    "target": {
        "no leading slash": b"GET hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a fragment": b"GET /hello#a HTTP/1.1\r\nHost: x\r\n\r\n",
        "a fragment of nothing": b"GET /hello# HTTP/1.1\r\nHost: x\r\n\r\n",
        "a fragment behind a query": b"GET /hello?seed=1#a HTTP/1.1\r\nHost: x\r\n\r\n",
        "a host and a port": b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        "an asterisk": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "an asterisk and more": b"OPTIONS *x HTTP/1.1\r\nHost: x\r\n\r\n",
        "a query alone": b"GET ?seed=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "https": b"GET https://x/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "ftp": b"GET ftp://x/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "no host in the target": b"GET http:///hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "nothing behind http://": b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        "a port without a host": b"GET http://:80/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a user in the target": b"GET http://u:p@x/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "no address in the target": b"GET http://[zz]/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "half an address in the target": b"GET http://[::1/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "one slash behind http:": b"GET http:/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a port of letters": b"GET http://x:http/hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a target of one letter": b"GET x HTTP/1.1\r\nHost: x\r\n\r\n",
    },
    "line-end": {
        "a request line ended by LF": b"GET /hello HTTP/1.1\nHost: x\r\n\r\n",
        "a request line ended by CR": b"GET /hello HTTP/1.1\rHost: x\r\n\r\n",
        "all lines ended by LF": b"GET /hello HTTP/1.1\nHost: x\n\n",
        "Host ended by LF": LINE + b"Host: x\n\r\n",
        "a field ended by LF": fields(b"A: b\nC: d\r\n"),
        "an empty field ended by LF": fields(b"A:\nC: d\r\n"),
        "a last line of LF": GET + b"\n",
        "a last line of CR": GET + b"\rX\r\n\r\n",
        "CR CR LF": fields(b"A: b\r\r\n"),
        "a bare CR in a value": fields(b"A: b\rc\r\n"),
        "a bare CR as a value": fields(b"A: \rc\r\n"),
        "a bare CR before a field": fields(b"A: b\rTransfer-Encoding: chunked\r\n"),
        "LF CR": GET + b"A: b\n\r\n\r\n",
        "a length ended by LF": GET + b"Content-Length: 1\n\r\n",
        "a length ended by CR": GET + b"Content-Length: 1\rA: b\r\n\r\n",
        "a coding ended by LF": GET + b"Transfer-Encoding: chunked\n\r\n",
    },
    "fold": {
        "a folded field": fields(b"A: b\r\n c\r\n"),
        "a field folded by a tab": fields(b"A: b\r\n\tc\r\n"),
        "a folded empty field": fields(b"A:\r\n b\r\n"),
        "a folded length": fields(b"Content-Length: 4\r\n 1\r\n") + b"aaaa",
        "a length on a folded line": fields(b"Content-Length:\r\n 4\r\n") + b"aaaa",
        "chunks on a folded line": fields(b"Transfer-Encoding:\r\n chunked\r\n") + LAST,
        "a folded host": LINE + b"Host:\r\n x\r\n\r\n",
        "a host folded behind": LINE + b"Host: x\r\n y\r\n\r\n",
        "a first line that begins with a blank": LINE + b" Host: x\r\nHost: x\r\n\r\n",
        "a first line that begins with a tab": LINE + b"\tA: b\r\nHost: x\r\n\r\n",
        "a line of blanks": fields(b"A: b\r\n \t\r\n"),
        "a first line of blanks": LINE + b" \r\nHost: x\r\n\r\n",
    },
    "name": {
        "an empty name": fields(b": v\r\n"),
        "a colon alone": fields(b":\r\n"),
        "an empty name first": LINE + b": v\r\nHost: x\r\n\r\n",
        "no colon": fields(b"no colon\r\n"),
        "one word": fields(b"word\r\n"),
        "a blank before the colon": fields(b"A : b\r\n"),
        "a tab before the colon": fields(b"A\t: b\r\n"),
        "a blank in a name": fields(b"A b: c\r\n"),
        "a blank before a length's colon": fields(b"Content-Length : 4\r\n") + b"aaaa",
        "a tab before a coding's colon": fields(b"Transfer-Encoding\t: chunked\r\n") + LAST,
        "a blank before Host's colon": LINE + b"Host : x\r\n\r\n",
        "a request where a field should be": fields(b"GET / HTTP/1.1\r\n"),
        "a name in brackets": fields(b"(A): b\r\n"),
        "a name in quotes": fields(b'"A": b\r\n'),
    },
    "host": {
        "no host": LINE + b"\r\n",
        "no host, but others": LINE + b"A: b\r\nX-Host: x\r\n\r\n",
        "Host in a value alone": LINE + b"A: Host: x\r\n\r\n",
        "Host in the body alone": LINE + b"Content-Length: 13\r\n\r\n\r\nHost: x\r\n\r\n",
        "Host in the trailer alone":
            LINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: x\r\n\r\n",
        "two hosts": fields(b"Host: y\r\n"),
        "one host twice": fields(b"hOST: x\r\n"),
        "a host, an empty host": fields(b"Host:\r\n"),
        "two hosts in HTTP/1.0": b"GET /hello HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n",
        "two hosts and an absolute target":
            b"GET http://x/hello HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "no host, but an absolute target": b"GET http://x/hello HTTP/1.1\r\n\r\n",
        "a bad host in HTTP/1.0": b"GET /hello HTTP/1.0\r\nHost: x y\r\n\r\n",
    } | {
        f"a host of {value!r}": LINE + b"Host: " + value.encode("latin-1") + b"\r\n\r\n"
        for value in ("a b", "a, b", "x/", "x/y", "http://x", "u@x", "x?", "x#", "x:80:80",
                      "x:a", "x:-1", "x: 80", "[::1", "::1", "[]", "[::1]x", "[x/y]", "x]", '"x"',
                      "[zz]", "[1]", "[1:2:3:4:5:6:7]", "[1::2::3]", "[12345::]", "[::1.2.3]",
                      "[::1.2.3.256]", "[::01.2.3.4]", "[1:2:3:4:5:6:7:8:9]", "[127.0.0.1]", "[:]",
                      "[v.a]", "[v1]", "[v1.]", "[vg.a]", "[fe80::1%25x]", "[::1%lo]",
                      "a%2", "a%zz", "x\\", "a\tb", "\xe4", "x|y", "<x>", "{x}", "x^y", "`x`")
    },
    "length": {
        f"a length of {value!r}": fields(b"Content-Length: " + value.encode() + b"\r\n") + b"aaaa"
        for value in ("+4", "-4", "-0", "4.0", "4e0", "0x4", "4a", "a4", "1e9", "4 4", "4,", ",4",
                      "4, 4", "4,4", "4, 5", "4;", '"4"', "four", "18446744073709551616",
                      "18446744073709551617", "99999999999999999999", "9" * 60, "4_0", "\u0664")
    } | {
        "an empty length": fields(b"Content-Length:\r\n"),
        "a length of blanks": fields(b"Content-Length: \t \r\n"),
        "a tab before a length": fields(b"Content-Length:\t4\r\n") + b"aaaa",
        "a tab behind a length": fields(b"Content-Length: 4\t\r\n") + b"aaaa",
        "two lengths": fields(b"Content-Length: 4\r\nContent-Length: 5\r\n") + b"aaaaa",
        "one length twice": fields(b"Content-Length: 4\r\ncontent-length: 4\r\n") + b"aaaa",
        "a length twice, apart": fields(b"Content-Length: 0\r\nA: b\r\nContent-Length: 0\r\n"),
        "a bad length in HTTP/1.0": b"GET /hello HTTP/1.0\r\nContent-Length: +4\r\n\r\naaaa",
        "a bad length of POST": POST + b"Content-Length: x\r\n\r\n",
    },
    "coding": {
        f"the coding {value!r}": fields(b"Transfer-Encoding: " + value.encode() + b"\r\n") + LAST
        for value in (",chunked", "chunked,", "chunked, chunked", "gzip, chunked", "chunked, gzip",
                      "identity", "gzip", "xchunked", "chunkedx", "chunked x", "chunked;q=1",
                      "x,chunked", "\"chunked\"", "identity, chunked", "chun ked", "chunke",
                      "chunked;", "chunked\tx", "chunked\t", "chunked \t", "chunked\t ",
                      "\tchunked\t")
    } | {
        "an empty coding": fields(b"Transfer-Encoding:\r\n") + LAST,
        "chunks twice": fields(b"Transfer-Encoding: chunked\r\n" * 2) + LAST,
        "gzip, then chunks": fields(b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")
                             + LAST,
        "chunks, then identity":
            fields(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n") + LAST,
        "chunks in HTTP/1.0": b"GET /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
        "chunks in HTTP/1.0, kept": b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n"
                                    b"Transfer-Encoding: chunked\r\n\r\n" + LAST,
    },
    "two-lengths": {
        "a length and chunks": fields(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + LAST,
        "chunks and a length": fields(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + LAST,
        "chunks and a length of 0":
            fields(b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n") + LAST,
        "a length and an empty coding":
            fields(b"Content-Length: 1\r\nTransfer-Encoding:\r\n") + b"a",
        "a length and identity":
            fields(b"Content-Length: 1\r\nTransfer-Encoding: identity\r\n") + b"a",
    },
    "chunk": {
        f"a chunk size of {value!r}": chunks(value.encode() + b"\r\nx\r\n")
        for value in ("", "+1", "-1", "0x1", "x", "g", "1g", "1 1", " 1", "\t1", "1 ", "1\t",
                      "1 ;a", "1; a", "1;a =b", "1;a= b", "1;a b", "1;", "1;;", "1;a;", "1;a=",
                      '1;a="', '1;a="b', '1;a="b"c', "1,a", "1:a", "1.0", "1_", "1\"")
    } | {
        "a chunk size beyond 64 bits": chunks(b"FFFFFFFFFFFFFFFFF\r\nx\r\n"),
        "a chunk size beyond 64 bits by one": chunks(b"10000000000000001\r\nx\r\n"),
        "chunks ended by LF": chunks(b"1\nx\n", b"0\n\n"),
        "a chunk's line ended by LF": chunks(b"1\nx\r\n"),
        "a chunk's line ended by CR": chunks(b"1\rxa\r\n"),
        "CR and another byte": chunks(b"5\rXabcde\r\n"),
        "a chunk extension ended by LF": chunks(b"1;a\nx\r\n"),
        "a chunk extension ended by CR": chunks(b"1;a\rbx\r\n"),
        "a LF in a quoted extension": chunks(b'1;a="b\nc"\r\nx\r\n'),
        "data ended by LF": chunks(b"1\r\nx\n"),
        "data ended by CR": chunks(b"1\r\nx\r"),
        "data without an end": chunks(b"1\r\nx", b"0\r\n\r\n"),
        "data with two bytes for an end": chunks(b"5\r\nabcdeXX"),
        "too much data": chunks(b"1\r\nxy\r\n"),
        "too little data": chunks(b"3\r\nx\r\n"),
        "a last chunk ended by LF": chunks(b"", b"0\n\r\n"),
        "an empty line for a size": chunks(b"\r\n1\r\nx\r\n"),
    },
    "trailer": {
        "a trailer without a colon": chunks(b"", b"0\r\nword\r\n\r\n"),
        "a trailer without a name": chunks(b"", b"0\r\n: v\r\n\r\n"),
        "a blank before a trailer's colon": chunks(b"", b"0\r\nA : b\r\n\r\n"),
        "a folded trailer": chunks(b"", b"0\r\nA: b\r\n c\r\n\r\n"),
        "a trailer that begins with a blank": chunks(b"", b"0\r\n A: b\r\n\r\n"),
        "a trailer ended by LF": chunks(b"", b"0\r\nA: b\n\r\n"),
        "a last line of LF behind chunks": chunks(b"", b"0\r\n\n"),
        "a last line of CR behind chunks": chunks(b"", b"0\r\n\rX\r\n"),
        "a bare CR in a trailer": chunks(b"", b"0\r\nA: b\rc\r\n\r\n"),
        "a request in a trailer": chunks(b"", b"0\r\nGET / HTTP/1.1\r\n\r\n"),
    },
    "head-size": {
        "a head of 8 KiB and a byte": padded(8193),
        "a head of 9,000 bytes": padded(9000),
        "a target of 20,000 bytes": b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "a method of 9,000 bytes": b"A" * 9000 + b" /hello HTTP/1.1\r\nHost: x\r\n\r\n",
        "a name of 9,000 bytes": fields(b"A" * 9000 + b": b\r\n"),
        "2,000 fields": fields(b"A: b\r\n" * 2000),
        "a head without end": GET + b"A: " + b"a" * 30000,
    },
    "body-size": {
        "a length of 64 KiB and a byte": fields(b"Content-Length: 65537\r\n") + b"a" * 65537,
        "a length of 1 GB": fields(b"Content-Length: 1000000000\r\n") + b"a" * 70000,
        "a length of 2^64 - 1": fields(b"Content-Length: 18446744073709551615\r\n") + b"aaaa",
        "chunks of 64 KiB and a byte": chunks(b"10000\r\n" + b"a" * 65536 + b"\r\n1\r\na\r\n"),
        "a chunk of 100,000 bytes": chunks(b"186A0\r\n" + b"a" * 100000 + b"\r\n"),
        "a chunk extension of 20,000 bytes": chunks(b"1;" + b"e" * 20000 + b"\r\nx\r\n"),
        "POST of too much": POST + b"Content-Length: 200000\r\n\r\n" + b"b" * 200000,
        "Expect of too much": POST + b"Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
    },
    "trailer-size": {
        "a trailer of 9,000 bytes": chunks(b"", b"0\r\nA: " + b"a" * 9000 + b"\r\n\r\n"),
        "a trailer of 2,000 fields": chunks(b"", b"0\r\n" + b"A: b\r\n" * 2000 + b"\r\n"),
    },
}
_KEY = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
_CONVERSATION = {
    "no-handshake": {
        "no upgrade": b"GET /websocket HTTP/1.1\r\nHost: x\r\n\r\n",
        "another upgrade": WEBSOCKET.replace(b"Upgrade: websocket", b"Upgrade: h2c") + b"\r\n",
        "another version": WEBSOCKET.replace(b"13", b"12") + b"\r\n",
        "no version of WebSocket":
            WEBSOCKET.replace(b"Sec-WebSocket-Version: 13\r\n", b"") + b"\r\n",
        "an upgrade that Connection does not name":
            WEBSOCKET.replace(b"Connection: Upgrade", b"Connection: keep-alive") + b"\r\n",
        "a handshake with a body": WEBSOCKET + b"Content-Length: 3\r\n\r\nabc",
        "HEAD with a handshake": WEBSOCKET.replace(b"GET", b"HEAD") + b"\r\n",
        "a handshake in a body": b"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                 b"Content-Length: 25\r\n\r\n\r\nUpgrade: websocket\r\n\r\n\r\n",
    },
    "bad-handshake": {
        "no key": WEBSOCKET.replace(_KEY, b"") + b"\r\n",
        "two keys": WEBSOCKET + _KEY + b"\r\n",
        "a short key": WEBSOCKET.replace(b"AAAA", b"", 1) + b"\r\n",
        "a key that is no base64": WEBSOCKET.replace(b"AAAA", b"A*AA", 1) + b"\r\n",
    },
    "handshake": {"a handshake": WEBSOCKET + b"\r\n"},
}


def _bytes(name: str, rule: str, good: str, front: bytes, back: bytes, fine, special=None):
    """A row for each byte from 0x00 to 0x1F and from 0x7F to 0xFF in a place."""
    for byte in [*range(0x20), *range(0x7f, 0x100)]:
        under = (special or {}).get(byte, good if fine(byte) else rule)
        if under:
            yield Row(under, f"the byte 0x{byte:02X} in {name}", front + bytes([byte]) + back,
                      odd_at=len(front))


def _odd_bytes():
    def text(byte: int) -> bool:
        return byte == 9 or byte > 0x7f

    def none(_: int) -> bool:
        return False
    end, line_end = b"\r\nHost: x\r\n\r\n", {0x0a: "line-end", 0x0d: "line-end"}
    yield from _bytes("the method", "line", "", b"G", b"T /hello HTTP/1.1" + end, none)
    yield from _bytes("the target", "target", "", b"GET /hel", b"lo HTTP/1.1" + end, none,
                      {9: "line", 0x0a: "version", 0x0d: "version"})
    yield from _bytes("the version", "version", "", b"GET /hello HTTP/1.", b"1" + end, none)
    yield from _bytes("a name", "name", "", GET + b"A", b"B: c\r\n\r\n", none)
    yield from _bytes("a value", "value", "plain", GET + b"A: b", b"c\r\n\r\n", text, line_end)
    yield from _bytes("an empty value", "value", "plain", GET + b"A:", b"\r\n\r\n", text, line_end)
    yield from _bytes("the host", "host", "", LINE + b"Host: x", b"y\r\n\r\n", none,
                      {c: "value" for c in [*range(9), *range(0x0b, 0x20), 0x7f]} | line_end)
    yield from _bytes("a length", "length", "", GET + b"Content-Length: 1", b"0\r\n\r\n0123456789",
                      none, {c: "value" for c in [*range(9), *range(0x0b, 0x20), 0x7f]} | line_end)
    yield from _bytes("a coding", "coding", "", GET + b"Transfer-Encoding: chunk",
                      b"ed\r\n\r\n" + LAST, none,
                      {c: "value" for c in [*range(9), *range(0x0b, 0x20), 0x7f]} | line_end)
    yield from _bytes("a chunk size", "chunk", "", CHUNKED + b"1", b"\r\nx\r\n" + LAST, none)
    yield from _bytes("a chunk extension", "chunk", "", CHUNKED + b"1;a", b"b\r\nx\r\n" + LAST,
                      none)
    yield from _bytes("a quoted chunk extension", "chunk", "body", CHUNKED + b'1;a="b',
                      b'c"\r\nx\r\n' + LAST, text)
    yield from _bytes("a trailer's name", "trailer", "", CHUNKED + b"0\r\nA", b"B: c\r\n\r\n", none)
    yield from _bytes("a trailer's value", "trailer", "body", CHUNKED + b"0\r\nA: b",
                      b"c\r\n\r\n", text)


def rows() -> list[Row]:
    found = [Row(rule, name, request) for table in (_ACCEPTED, _REFUSED)
             for rule, some in table.items() for name, request in some.items()]
    for rule, some in _CONVERSATION.items():
        found += [Row(rule, name, request, follows=rule != "handshake", needs="/websocket")
                  for name, request in some.items()]
    return found + list(_odd_bytes())


if __name__ == "__main__":
    for row in rows():
        print(f"{row.rule:14} {row.name}: {row.request[:70]!r}")
