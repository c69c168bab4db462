#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The WebSocket of every model that has one, by a client of its own: the
handshake, echoes, fragments, pings, the closing handshake, and for each rule
of RFC 6455 that a client can break, the code that the connection is closed
with. Nothing here knows how the server reads frames.
"""
import base64
import contextlib
import hashlib
import http.server
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import model_server
from model_server import BUILD, LIMIT_S

SEED = int(os.environ.get("TROIKA_SEED", random.randrange(1 << 32)))
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MESSAGE_MAX = 1 << 20
MODELS = [model for model in model_server.MODELS if model_server.has(model, "websocket")]


class Server(model_server.Server):
    """A model's server that shakes hands."""

    def shake(self, target: str = "/websocket", **headers: str | None) -> tuple:
        """The handshake with some headers changed or (None) left out. Returns
        socket, status, headers and what came behind them."""
        key = base64.b64encode(random.randbytes(16)).decode()
        lines = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"}
        lines.update({name.replace("_", "-"): text for name, text in headers.items()})
        request = f"GET {target} HTTP/1.1\r\n" + "".join(
            f"{name}: {text}\r\n" for name, text in lines.items() if text is not None)
        connection = socket.create_connection(("127.0.0.1", self.port), LIMIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(request.encode() + b"\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = connection.recv(4096)
            if not more:
                break
            answer += more
        head, _, rest = answer.partition(b"\r\n\r\n")
        first, *others = head.decode().split("\r\n")
        fields = {name.lower(): text for name, text in
                  (line.split(": ", 1) for line in others)}
        accept = base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()
        return connection, int(first.split()[1]), fields, rest, accept

    def open(self, target: str = "/websocket") -> "Client":
        connection, status, fields, rest, accept = self.shake(target)
        assert status == 101, status
        assert fields["sec-websocket-accept"] == accept, fields
        return Client(connection, rest)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True,
          reserved: int = 0, length: bytes | None = None) -> bytes:
    """A client's frame, with what may be wrong with it."""
    size = len(payload)
    if length is not None:
        pass
    elif size < 126:
        length = bytes([size])
    elif size < 1 << 16:
        length = b"\x7e" + struct.pack(">H", size)
    else:
        length = b"\x7f" + struct.pack(">Q", size)
    head = bytes([fin << 7 | reserved << 4 | opcode, masked << 7 | length[0]]) + length[1:]
    if not masked:
        return head + payload
    mask = random.randbytes(4)
    pad = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(payload, "big") ^
                          int.from_bytes(pad, "big")).to_bytes(size, "big")


class Client:
    """Frames in and out of an open WebSocket."""

    def __init__(self, connection: socket.socket, rest: bytes):
        self.socket = connection
        self.rest = rest

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes, piece: int = 0) -> None:
        if not piece:
            self.socket.sendall(data)
            return
        for i in range(0, len(data), piece):
            self.socket.sendall(data[i:i + piece])

    def take(self, count: int) -> bytes:
        while len(self.rest) < count:
            more = self.socket.recv(1 << 16)
            if not more:
                raise EOFError(f"{len(self.rest)} of {count} bytes")
            self.rest += more
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def frame(self) -> tuple[int, bytes]:
        """The server's next frame, held to its rules: whole, not masked, with
        the shortest length."""
        first, second = self.take(2)
        assert first & 0xf0 == 0x80, f"fin or reserved bits: {first:#x}"
        assert second < 128, "a server's frame is not masked"
        size = second
        if second == 126:
            size, = struct.unpack(">H", self.take(2))
            assert size > 125
        elif second == 127:
            size, = struct.unpack(">Q", self.take(8))
            assert size > 65535
        return first & 15, self.take(size)

    def end(self) -> int | None:
        """The code of the server's Close, after which nothing comes."""
        opcode, payload = self.frame()
        assert opcode == CLOSE, (opcode, payload[:100])
        assert len(payload) != 1
        self.socket.settimeout(LIMIT_S)
        assert not self.rest
        try:
            assert self.socket.recv(100) == b""
        except ConnectionResetError:
            pass  # both have said that they are done
        return struct.unpack(">H", payload[:2])[0] if payload else None


def closing(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack(">H", code) + reason)


# What a client may not send, by name, and the code it is closed with.
WRONG = {
    "not masked": (frame(TEXT, b"hello", masked=False), 1002),
    "reserved opcode": (frame(3, b"hello"), 1002),
    "reserved control opcode": (frame(11), 1002),
    "reserved bit": (frame(TEXT, b"hello", reserved=4), 1002),
    "long ping": (frame(PING, bytes(126)), 1002),
    "ping in parts": (frame(PING, b"a", fin=False), 1002),
    "length in 16 bits that needs 7": (frame(TEXT, b"a", length=b"\x7e\0\1"), 1002),
    "length in 64 bits that needs 16":
        (frame(TEXT, bytes(200), length=b"\x7f" + struct.pack(">Q", 200)), 1002),
    "length over 63 bits": (frame(BINARY, b"", length=b"\x7f\x80" + bytes(7)), 1002),
    "continuation of nothing": (frame(CONTINUATION, b"hello"), 1002),
    "a message inside another":
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
    "bad UTF-8": (frame(TEXT, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80"), 1007),
    "overlong UTF-8": (frame(TEXT, b"\xc0\xaf"), 1007),
    "half a character": (frame(TEXT, b"\xe2\x82"), 1007),
    "half a character in parts":
        (frame(TEXT, b"\xe2", fin=False) + frame(CONTINUATION, b"\x82"), 1007),
    "bad UTF-8 before its end": (frame(TEXT, b"\xff", fin=False), 1007),
    "too long": (frame(BINARY, b"", length=b"\x7f" + struct.pack(">Q", MESSAGE_MAX + 1)), 1009),
    "too long in parts":
        (frame(BINARY, bytes(MESSAGE_MAX), fin=False) + frame(CONTINUATION, b"a"), 1009),
    "one byte of a close code": (frame(CLOSE, b"\3"), 1002),
    "a code that is never sent": (closing(1005), 1002),
    "a code below all": (closing(999), 1002),
    "a code nobody registered": (closing(2000), 1002),
    "bad UTF-8 in a reason": (closing(1000, b"\xff"), 1007),
}


class Sessions(unittest.TestCase):
    def check_echo(self, model: str) -> None:
        rng = random.Random(SEED)
        with Server(model) as server, server.open() as client:
            for size in [0, 1, 125, 126, 505, 506, 507, 65535, 65536, MESSAGE_MAX,
                         rng.randrange(3000)]:
                payload = rng.randbytes(size)
                client.send(frame(BINARY, payload))
                self.assertEqual(client.frame(), (BINARY, payload), f"TROIKA_SEED={SEED}")
            text = "κόσμε \U0001f600 ".encode() * 50
            for piece in (1, 7):
                client.send(frame(TEXT, text) + frame(PING, b"you?"), piece)
                self.assertEqual(client.frame(), (TEXT, text))
                self.assertEqual(client.frame(), (PONG, b"you?"))
            # Many at once, answered in order; an unasked pong is nothing.
            client.send(b"".join(frame(BINARY, bytes([i]) * i) + frame(PONG, b"x")
                                 for i in range(200)))
            for i in range(200):
                self.assertEqual(client.frame(), (BINARY, bytes([i]) * i))
            client.send(closing(1000, b"bye"))
            self.assertEqual(client.end(), 1000)

    def check_fragments(self, model: str) -> None:
        """In every order of sizes, with pings in between."""
        rng = random.Random(SEED)
        with Server(model) as server, server.open() as client:
            for _ in range(20):
                parts = [rng.randbytes(rng.choice([0, 1, 100, rng.randrange(2000)]))
                         for _ in range(rng.randrange(2, 9))]
                sent = b""
                for i, part in enumerate(parts):
                    sent += frame(CONTINUATION if i else BINARY, part,
                                  fin=i == len(parts) - 1)
                    if i < len(parts) - 1:
                        sent += frame(PING, bytes([i]))
                client.send(sent, rng.choice([0, 13, 1000]))
                for i in range(len(parts) - 1):
                    self.assertEqual(client.frame(), (PONG, bytes([i])))
                self.assertEqual(client.frame(), (BINARY, b"".join(parts)),
                                 f"TROIKA_SEED={SEED}")
            client.send(frame(CLOSE))
            self.assertIsNone(client.end())

    def check_rules(self, model: str) -> None:
        with Server(model) as server:
            for name, (data, code) in WRONG.items():
                with self.subTest(name), server.open() as client:
                    client.send(frame(BINARY, b"before") + data)
                    self.assertEqual(client.frame(), (BINARY, b"before"))
                    self.assertEqual(client.end(), code)

    def check_handshake(self, model: str) -> None:
        with Server(model) as server:
            for status, headers in [
                    (426, {"Upgrade": None}), (426, {"Upgrade": "h2c"}),
                    (426, {"Connection": "keep-alive"}),
                    (426, {"Sec_WebSocket_Version": "8"}),
                    (426, {"Sec_WebSocket_Version": None}),
                    (400, {"Sec_WebSocket_Key": None}),
                    (400, {"Sec_WebSocket_Key": "AAAA"}),
                    (400, {"Sec_WebSocket_Key": "A" * 24}),
                    (101, {"Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"})]:
                with self.subTest(headers):
                    connection, got, fields, _, _ = server.shake(**headers)
                    connection.close()
                    self.assertEqual(got, status)
                    if got == 426:
                        self.assertEqual(fields["sec-websocket-version"], "13")
            connection, got, _, _, _ = server.shake("/websocket?size=no")
            connection.close()
            self.assertEqual(got, 400)
            # Elsewhere the offer is declined by an answer.
            connection, got, fields, _, _ = server.shake("/hello")
            connection.close()
            self.assertEqual((got, fields["content-length"]), (200, "13"))

    def check_push(self, model: str) -> None:
        """Pushes are due at times one period apart, numbered, never early, and
        go on while the client sends without a pause."""
        with Server(model) as server, server.open("/websocket?push=20ms&size=50B") as client:
            before_ns = time.monotonic_ns()
            dues, echoes = [], 0
            while len(dues) < 8:
                client.send(frame(BINARY, b"busy"))
                opcode, payload = client.frame()
                while opcode == TEXT:
                    match = re.fullmatch(rb"push n=(\d{10}) due_ns=(\d{19}) \.{5}", payload)
                    self.assertTrue(match, payload)
                    self.assertEqual(int(match[1]), len(dues))
                    dues.append(int(match[2]))
                    self.assertLess(dues[-1], time.monotonic_ns())
                    opcode, payload = client.frame()
                self.assertEqual((opcode, payload), (BINARY, b"busy"))
                echoes += 1
            self.assertEqual({b - a for a, b in zip(dues, dues[1:])}, {20_000_000})
            self.assertGreater(dues[0], before_ns)
            self.assertGreater(echoes, 7)


class Endings(unittest.TestCase):
    def test_a_client_that_vanishes(self) -> None:
        """In the middle of a frame: the server goes on with others."""
        for model in MODELS:
            with self.subTest(model), Server(model) as server:
                for cut in (1, 5, 100):
                    with server.open() as client:
                        client.send(frame(BINARY, bytes(300))[:cut])
                with server.open() as client:
                    client.send(frame(BINARY, b"still here"))
                    self.assertEqual(client.frame(), (BINARY, b"still here"))

    def test_the_stop(self) -> None:
        """With a session open: nobody waits for it, and the exit is 0. Where its
        task is told, the client hears why. (Where it keeps the server's only
        thread, or one of its workers, the drain's limit ends it as it does any
        long request.)"""
        servers, clients = [], []
        told = [model for model in MODELS if model not in ("serial", "thread-pool")]
        for model in told:
            servers.append(Server(model))
            clients.append(servers[-1].open())
            clients[-1].send(frame(BINARY, b"hello"))
            self.assertEqual(clients[-1].frame(), (BINARY, b"hello"))
        for server in servers:
            server.process.terminate()
        for model, server in zip(told, servers):
            with self.subTest(model):
                self.assertEqual(0, server.process.wait(LIMIT_S))
            server.process.stdout.close()
        for model, client in zip(told, clients):
            with self.subTest(model), client:
                if "loop" in model or model == "thread-per-request":
                    self.assertEqual(client.end(), 1001)
                else:
                    self.assertRaises(EOFError, client.end)

    def test_data_before_the_answer(self) -> None:
        """A client must wait for the handshake's answer (RFC 6455, 4.1)."""
        with Server(MODELS[0]) as server:
            connection = socket.create_connection(("127.0.0.1", server.port), LIMIT_S)
            self.addCleanup(connection.close)
            connection.sendall(b"GET /websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                               b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                               + frame(TEXT, b"early"))
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 400 "))

    def test_a_model_without_it_says_so(self) -> None:
        for model in ("callback", "null"):
            if not (BUILD / "models" / model).exists():
                continue
            with self.subTest(model), Server(model) as server:
                connection, status, _, rest, _ = server.shake()
                self.assertEqual(status, 404)
                self.assertIn(f"the model {model} does not have /websocket".encode(), rest)
                connection.close()


# What a browser makes of it: a text, and bytes of every kind of length, come
# back; a push comes by itself; both sides close with 1000.
PAGE = b"""<!doctype html><script>
const socket = new WebSocket("ws://127.0.0.1:PORT/websocket?push=50ms");
const sizes = [0, 125, 126, 65535, 65536, 1048576];
let wrong = "", next = 0, pushed = false;
socket.binaryType = "arraybuffer";
function more() {
    if (next == sizes.length) { if (pushed) socket.close(1000); return; }
    socket.send(new Uint8Array(sizes[next]).map((_, i) => i * 31 + next));
}
socket.onopen = () => socket.send("\u03ba\u1f79\u03c3\u03bc\u03b5 \ud83d\ude00");
socket.onmessage = event => {
    if (typeof event.data != "string") {
        const got = new Uint8Array(event.data);
        if (got.length != sizes[next] || !got.every((b, i) => b == (i * 31 + next & 255)))
            wrong += "echo " + next + " ";
        next++;
        more();
    } else if (event.data.startsWith("push n=")) {
        pushed = true;
        if (next == sizes.length) more();
    } else {
        if (event.data != "\u03ba\u1f79\u03c3\u03bc\u03b5 \ud83d\ude00") wrong += "text ";
        more();
    }
};
socket.onclose = event =>
    fetch("/done?" + (wrong || (event.wasClean ? "right " : "unclean ") + event.code));
</script>"""


class Page(http.server.BaseHTTPRequestHandler):
    """Gives the page, takes its word."""

    def do_GET(self) -> None:  # noqa: N802 (the base class's name)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if self.path.startswith("/done?"):
            self.server.word.append(urllib.parse.unquote(self.path[6:]))
        elif self.path == "/":
            self.server.opened = True
            self.wfile.write(PAGE.replace(b"PORT", str(self.server.socket_port).encode()))

    def log_message(self, *_) -> None:
        pass


class Browser(unittest.TestCase):
    @unittest.skipIf(BUILD.name in ("asan", "tsan"), "a browser is no matter of the build")
    def test_a_page(self) -> None:
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if not browser:
            self.skipTest("there is no chromium")
        if "event-loop" not in MODELS:
            self.skipTest("event-loop was not built")
        with Server("event-loop") as server, \
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, \
                http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as pages:
            pages.socket_port, pages.word, pages.opened = server.port, [], False
            threading.Thread(target=pages.serve_forever, daemon=True).start()
            process = subprocess.Popen(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                 "--disable-dev-shm-usage", f"--user-data-dir={home}/profile",
                 f"http://127.0.0.1:{pages.server_address[1]}/"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, "HOME": home})
            deadline = time.monotonic() + 2 * LIMIT_S
            while not pages.word and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT_S)
            pages.shutdown()
            if not pages.opened:
                self.skipTest("chromium opened no page here")
            self.assertEqual(["right 1000"], pages.word)


def add_tests() -> None:
    """One test a model and check, so that a failure names both."""
    for model in MODELS:
        for kind in ["echo", "fragments", "rules", "handshake", "push"]:
            def test(self, model=model, kind=kind):
                getattr(self, f"check_{kind}")(model)
            setattr(Sessions, f"test_{kind}_{model.replace('-', '_')}", test)


add_tests()

if __name__ == "__main__":
    unittest.main()
