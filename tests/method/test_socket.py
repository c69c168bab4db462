#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The generator on WebSockets against servers of known behaviour: a scripted
server makes one kind of error each time, which must be counted exactly, and
our own server's pushes must all arrive.
"""
import base64
import hashlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("TROIKA_BUILD", "build/release")).resolve()
TROIKA = BUILD / "troika"
LIMIT_S = 60
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LATE_MS = 40
ATTEMPTS = 6

INI = """
[experiment]
title = Held
question = What does holding cost?
models = event-loop
baseline = event-loop
blocks = 1
workload = websocket
mode = idle
active = 20%
warmup = 200ms
window = 400ms
[profile]
name = held
[cell hold]
connections = 100
push = 100ms
size = 50B
"""


class Scripted:
    """Echoes, and pushes if asked to, with one kind of error."""

    def __init__(self, wrong: str, push: bool = False):
        self.wrong = wrong
        self.pushes = push
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.echoed = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_) -> None:
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                self.talk(connection)
        except (OSError, EOFError):
            pass

    def talk(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = connection.recv(1)
            if not more:
                return
            head += more
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
        if self.wrong == "status":
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        key = lines["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
        if self.wrong == "accept":
            accept = b"A" * 28
        answer = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        for byte in answer:  # in the smallest pieces
            connection.sendall(bytes([byte]))
        lock = threading.Lock()
        if self.pushes:
            threading.Thread(target=self.push, args=[connection, lock], daemon=True).start()
        while True:
            self.echo(connection, lock)

    def echo(self, connection: socket.socket, lock: threading.Lock) -> None:
        head = self.take(connection, 6)
        size = head[1] & 127
        data = bytearray(self.take(connection, size))
        for i in range(size):
            data[i] ^= head[2 + i % 4]
        self.echoed += 1
        if self.wrong == "echo" and self.echoed % 2:
            data[size // 2] ^= 1
        with lock:
            if self.wrong == "parts":
                connection.sendall(bytes([0x02, 1]) + data[:1])
                connection.sendall(bytes([0x80, size - 1]) + data[1:])
            else:
                connection.sendall(bytes([0x82, size]) + data)
        if self.wrong == "drop":
            raise EOFError

    def push(self, connection: socket.socket, lock: threading.Lock) -> None:
        """Pushes every 100 ms, as the tests' query asks."""
        due_ns = time.monotonic_ns()
        try:
            for number in range(1000):
                due_ns += 100_000_000
                time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
                if self.wrong == "late":
                    time.sleep(LATE_MS / 1000)
                if self.wrong == "mute" and number == 2:
                    return
                text = b"push n=%010d due_ns=%019d " % (
                    number + (self.wrong == "gap" and number > 0), due_ns)
                with lock:
                    connection.sendall(bytes([0x81, len(text)]) + text)
        except OSError:
            pass

    @staticmethod
    def take(connection: socket.socket, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = connection.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def load(port: int, query: str, *flags: str) -> dict:
    done = subprocess.run(
        [TROIKA, "load", "--check", "--format", "json", *flags,
         f"http://127.0.0.1:{port}/websocket?{query}"],
        capture_output=True, text=True, timeout=LIMIT_S)
    if not done.stdout:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def scripted(wrong: str, push: bool = False, timeout: str = "20s") -> dict:
    """Four connections, 50 echoes a second."""
    with Scripted(wrong, push) as server:
        return load(server.port, "size=32B" + ("&push=100ms" if push else ""),
                    "-c", "4", "-R", "50", "-d", "600ms", "--warmup", "100ms",
                    "--timeout", timeout)


class Known(unittest.TestCase):
    def some_lost(self, wrong: str, push: bool = False) -> None:
        """Losses outside the window do not count; in at least one of a few
        runs a loss falls inside the window."""
        for _ in range(ATTEMPTS):
            if scripted(wrong, push)["connections"]["lost"] > 0:
                return
        self.fail("a lost connection was never counted")

    def check(self, result: dict, failed: str = "") -> None:
        requests = result["requests"]
        self.assertEqual(requests["scheduled"],
                         sum(requests[k] for k in requests if k != "scheduled"), requests)
        for key in ("wrong", "http_error", "io_error", "timeout"):
            if key != failed:
                self.assertEqual(0, requests[key], result)
        if failed:
            self.assertGreater(requests[failed], 0, result)

    def test_right(self) -> None:
        for wrong in ("", "parts"):
            result = scripted(wrong)
            self.check(result)
            self.assertGreater(result["requests"]["ok"], 0)
            self.assertEqual(0, result["connections"]["lost"])

    def test_a_wrong_echo(self) -> None:
        result = scripted("echo")
        self.check(result, "wrong")
        self.assertGreater(result["requests"]["ok"], 0)
        self.assertIn("differs", result["failure"])

    def test_a_silent_connection_dropped(self) -> None:
        """The server drops a connection after each answer: no request is lost,
        but the connection is."""
        self.some_lost("drop")

    def test_no_handshake(self) -> None:
        for wrong, words in (("status", "HTTP status 404 to the handshake"), ("accept", "Sec-WebSocket-Accept")):
            with self.subTest(wrong), Scripted(wrong) as server:
                done = subprocess.run(
                    [TROIKA, "load", "--check", "-c", "2", "-d", "100ms",
                     f"http://127.0.0.1:{server.port}/websocket"],
                    capture_output=True, text=True, timeout=LIMIT_S)
            self.assertEqual(1, done.returncode)
            self.assertIn("no connection could be opened: " + words, done.stderr)

    def test_pushes(self) -> None:
        """All six pushes of each connection arrive, none before it is due."""
        result = scripted("", push=True)
        push = result["latency"]["push"]
        self.assertEqual(0, result["connections"]["pushes_missing"])
        self.assertGreaterEqual(push["count"], 4 * 5)
        self.assertLessEqual(push["count"], 4 * 7)
        late = scripted("late", push=True)["latency"]["push"]
        self.assertGreaterEqual(late["mean_ns"], LATE_MS * 1e6)

    def test_pushes_that_stop(self) -> None:
        """Missing pushes count with their age half a second after the window,
        when the generator gives them up."""
        result = scripted("mute", push=True, timeout="500ms")
        self.assertGreater(result["connections"]["pushes_missing"], 0)
        self.assertGreaterEqual(result["latency"]["push"]["max_ns"], 0.5e9)

    def test_pushes_with_a_gap(self) -> None:
        """On each connection the second push has the number of the third."""
        self.some_lost("gap", push=True)


class Ours(unittest.TestCase):
    def test_an_experiment(self) -> None:
        """Whatever its gates say on a busy machine, the counts are exact."""
        with tempfile.TemporaryDirectory() as folder:
            ini = pathlib.Path(folder, "held.ini")
            ini.write_text(INI)
            subprocess.run([TROIKA, "bench", ini, "-o", folder, "--quiet",
                            "--allow-any-build"], timeout=LIMIT_S, capture_output=True)
            run, = (p for p in pathlib.Path(folder).iterdir() if p.is_dir() and
                    not p.is_symlink())
            trials = [json.loads(p.read_text()) for p in run.glob("trials/*.json")]
        self.assertGreaterEqual(len(trials), 1)
        for trial in trials:
            facts = {gate["id"]: gate["ok"] for gate in trial["gates"]}
            self.assertTrue(facts["held"] and facts["identity"] and facts["wrong_bodies"],
                            trial["reason"])
            self.assertEqual(100, trial["connections"]["open"])
            self.assertEqual(0, trial["connections"]["lost"])
            # Four or, by chance of the phase, three or five a connection.
            self.assertGreaterEqual(trial["latency"]["push"]["count"], 300)
            self.assertLessEqual(trial["latency"]["push"]["count"], 500)
            self.assertEqual(0, trial["connections"]["pushes_missing"])

    def test_what_makes_no_sense(self) -> None:
        for change, words in (
                (("mode = idle\nactive = 20%", "mode = churn"), "churn"),
                (("mode = idle\nactive = 20%", "mode = closed"), "pushes come by the clock"),
                (("size = 50B", "beside.workload = websocket\nbeside.rate = 1"),
                 "is a conversation")):
            with self.subTest(words), tempfile.TemporaryDirectory() as folder:
                ini = pathlib.Path(folder, "held.ini")
                ini.write_text(INI.replace(*change))
                done = subprocess.run([TROIKA, "bench", "--dry-run", ini],
                                      capture_output=True, text=True, timeout=LIMIT_S)
                self.assertEqual(2, done.returncode, done.stderr)
                self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
