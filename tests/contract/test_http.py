#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP and process rules of docs/contract.md, against every model built.

Every test runs once for each file in $TROIKA_BUILD/models, found anew each
time: a new model is tested by being there. Nothing here depends on speed but
the limits that keep a broken server from hanging the tests.
"""
import http.client
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 20.0
HELLO_13 = b"abcdefghijklm"


def models() -> list[str]:
    """Names of the servers that are there. A foreign one whose name continues
    another's has that one's HTTP code, which is asked once: cpython-asyncio is,
    cpython-asyncio-threads is not."""
    folder = BUILD / "models"
    found = sorted(f.name for f in folder.iterdir()
                   if f.is_file() and f.suffix != ".d" and os.access(f, os.X_OK))
    foreign = [f for f in found if (folder / f).read_bytes()[:2] == b"#!"]
    return [f for f in found if f not in foreign
            or not any(f.startswith(other + "-") for other in foreign)]


def describe(model: str) -> dict:
    """What the model says of itself, on one line."""
    text = subprocess.run([BUILD / "models" / model, "--describe"], check=True,
                          capture_output=True, text=True, timeout=LIMIT_S).stdout
    if text.count("\n") != 1:
        raise AssertionError(f"not one line: {text!r}")
    return json.loads(text)


class Server:
    """One server process in a session of its own, ready for connections."""

    def __init__(self, model: str, *flags: str, nofile: int = 0):
        def limit() -> None:
            if nofile:
                resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))
        # By its mark a process of this server is known, and not by a session
        # whose number may be another's by now.
        self.mark = f"TROIKA_TEST_SERVER={uuid.uuid4()}"
        environment = dict([self.mark.split("=")], **os.environ)
        environment["TROIKA_DIE_WITH_PARENT"] = str(os.getpid())
        self.process = subprocess.Popen(
            [BUILD / "models" / model, "--port", "0", *flags], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment,
            preexec_fn=limit if nofile else None, start_new_session=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(LIMIT_S)
            raise AssertionError(f"{model} ended without a ready line")
        self.ready = json.loads(line)
        self.port = self.ready["port"]
        self.pid = self.process.pid

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), LIMIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self, request: bytes) -> bytes:
        """All that comes back for these bytes until the server closes."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)
        client.request(method, path)
        response = client.getresponse()
        body = response.read()
        client.close()
        return response.status, body

    def has(self, route: str) -> bool:
        listing = json.loads(self.get("/")[1])
        return route in [r["route"] for r in listing["routes"]]

    def survivors(self) -> list[str]:
        """Live processes of the server, by pid and name."""
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                pid, rest = stat.read_text().split(" (", 1)
                words = (stat.parent / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            name, fields = rest.rsplit(") ", 1)
            if self.mark.encode() in words and fields[0] not in "ZX":
                found.append(f"{pid} {name}")
        return found

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(LIMIT_S)
        finally:
            self.kill()
        return status

    def kill(self) -> None:
        # Once it has been waited for, its number may be another's.
        if self.process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(LIMIT_S)
        self.process.stdout.close()


def alive(pid: int) -> bool:
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(") ", 1)[1][0] not in "ZX"


def read_all(connection: socket.socket) -> bytes:
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def read_answer(connection: socket.socket, head_only: bool = False) -> tuple[int, dict, bytes]:
    """One answer off a connection that stays open: status, headers, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        byte = connection.recv(1)
        if not byte:
            raise AssertionError(f"closed in the middle of an answer: {data!r}")
        data += byte
    lines = data.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    body, size = b"", 0 if head_only else int(headers["content-length"])
    while len(body) < size:
        chunk = connection.recv(size - len(body))
        if not chunk:
            raise AssertionError(f"closed in the middle of a body: {body!r}")
        body += chunk
    return int(lines[0].split()[1]), headers, body


def status_of(answer: bytes) -> int:
    return int(answer.split()[1]) if answer else 0


class Rules:
    """Tests that share one server; mixed into a TestCase for each model."""
    model = ""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server(cls.model)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.kill()

    def test_ready_line_and_describe(self) -> None:
        self.assertIs(self.server.ready["ready"], True)
        self.assertEqual(self.server.ready["model"], self.model)
        self.assertEqual(self.server.ready["pid"], self.server.pid)
        about = describe(self.model)
        self.assertEqual(about["model"], self.model)
        for key in ("summary", "task", "flags", "yardstick", "workers_default", "only",
                    "parameters"):
            self.assertIn(key, about)

    def test_listing(self) -> None:
        status, body = self.server.get("/")
        self.assertEqual(status, 200)
        hello = [r for r in json.loads(body)["routes"] if r["route"] == "/hello"]
        self.assertEqual(len(hello), 1)
        self.assertEqual(hello[0]["parameters"][0]["name"], "size")

    def test_keep_alive(self) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=LIMIT_S)
        client.connect()
        port = client.sock.getsockname()
        for size in (1, 13, 700, 5000):
            client.request("GET", f"/hello?size={size}B&seed={size}")
            body = client.getresponse().read()
            wanted = bytes(ord("a") + (size + i) % 26 for i in range(size))
            self.assertEqual(body, wanted)
            self.assertEqual(client.sock.getsockname(), port)
        client.close()

    def test_head(self) -> None:
        with self.server.connect() as connection:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            _, get_headers, _ = read_answer(connection)
            connection.sendall(b"HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            status, head_headers, _ = read_answer(connection, head_only=True)
            self.assertEqual(status, 200)
            for headers in (get_headers, head_headers):
                headers.pop("date", None)
            self.assertEqual(head_headers, get_headers)
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_answer(connection)[2], HELLO_13)

    def test_pipelining(self) -> None:
        sizes = [1 + 37 * i % 300 for i in range(100)]
        with self.server.connect() as connection:
            connection.sendall(b"".join(
                b"GET /hello?size=%dB HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in sizes))
            self.assertEqual([len(read_answer(connection)[2]) for _ in sizes], sizes)

    def test_split_writes(self) -> None:
        request = (b"GET /hello?size=2B HTTP/1.1\r\nHost: x\r\nX: y\r\n\r\n"
                   b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                   b"GET /hello?size=3B HTTP/1.1\r\nHost: x\r\n\r\n")
        with self.server.connect() as connection:
            for i in range(len(request)):
                connection.sendall(request[i:i + 1])
                if i % 10 == 0:
                    time.sleep(0.001)
            statuses = [read_answer(connection)[0] for _ in range(3)]
        self.assertEqual(statuses, [200, 405, 200])

    def test_http_1_0(self) -> None:
        answer = self.server.ask(b"GET /hello HTTP/1.0\r\n\r\n")
        self.assertEqual(status_of(answer), 200)
        self.assertTrue(answer.endswith(HELLO_13))
        request = b"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        with self.server.connect() as connection:
            for _ in range(2):
                connection.sendall(request)
                _, headers, body = read_answer(connection)
                self.assertEqual(headers["connection"], "keep-alive")
                self.assertEqual(body, HELLO_13)

    def test_connection_close(self) -> None:
        answer = self.server.ask(
            b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertTrue(answer.endswith(HELLO_13))

    def test_errors_that_keep_the_connection(self) -> None:
        with self.server.connect() as connection:
            for target, wanted, part in ((b"/nowhere", 404, b"/nowhere"),
                                         (b"/hello?size=0B", 400, b"1MiB"),
                                         (b"/hello?size=5", 400, b"size"),
                                         (b"/hello?what=1", 400, b"what"),
                                         (b"/hello?seed=1&seed=2", 400, b"seed")):
                connection.sendall(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
                status, headers, body = read_answer(connection)
                self.assertEqual(status, wanted, target)
                self.assertEqual(headers["content-type"].split(";")[0], "text/plain")
                self.assertIn(part, body)
                self.assertTrue(body.endswith(b"\n"))
            for method in (b"POST", b"DELETE", b"OPTIONS"):
                connection.sendall(method + b" /hello HTTP/1.1\r\nHost: x\r\n\r\n")
                status, headers, _ = read_answer(connection)
                self.assertEqual((status, headers["allow"]), (405, "get, head"))

    def test_errors_that_close_the_connection(self) -> None:
        long_head = b"GET /hello HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n"
        long_target = b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n\r\n"
        long_body = (b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
                     + b"b" * 200000)
        for request, wanted in ((b"GARBAGE\r\n\r\n", 400), (b"\0\0\0\0\r\n\r\n", 400),
                                (b"GET /hello HTTP/9.9\r\n\r\n", 400),
                                (b"GET /hello HTTP/1.1\r\nno colon\r\n\r\n", 400),
                                (b"GET /hello HTTP/1.1\r\nX: host:\r\n\r\n", 400),
                                (b"GET / HTTP/1.1\r\nContent-Length: 1e9\r\n\r\n", 400),
                                (long_head, 431), (long_target, 431), (long_body, 413)):
            answer = self.server.ask(request)
            self.assertEqual(status_of(answer), wanted, request[:60])
            self.assertIn(b"\r\nconnection: close\r\n", answer.lower())

    def test_bodies_are_ignored(self) -> None:
        with self.server.connect() as connection:
            for request, wanted in (
                    (b"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
                     + b"b" * 60000, 200),
                    (b"POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     + b"5\r\nabcde\r\n" * 100 + b"0\r\n\r\n", 405),
                    (b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 200)):
                connection.sendall(request)
                self.assertEqual(read_answer(connection)[0], wanted)

    def test_expect_continue(self) -> None:
        for size, wanted in ((10, 405), (100000, 413)):
            with self.server.connect() as connection:
                connection.sendall(b"POST /hello HTTP/1.1\r\nHost: x\r\nExpect: 100-continue"
                                   b"\r\nContent-Length: %d\r\n\r\n" % size)
                self.assertEqual(read_answer(connection)[0], wanted)

    @unittest.skipUnless(shutil.which("curl"), "curl is missing")
    def test_curl(self) -> None:
        url = f"http://127.0.0.1:{self.server.port}/hello"
        command = ["curl", "-sS", "-m", str(LIMIT_S), "-w", "%{http_code} %{num_connects}\n"]
        out = subprocess.run([*command, url, url], check=True, capture_output=True,
                             timeout=2 * LIMIT_S).stdout
        self.assertEqual(out, HELLO_13 + b"200 1\n" + HELLO_13 + b"200 0\n")
        out = subprocess.run([*command, "-o", "/dev/null", "--data-binary", "@-", url],
                             input=b"b" * 2000000, check=True, capture_output=True,
                             timeout=2 * LIMIT_S).stdout
        self.assertEqual(out, b"413 1\n")

    def test_half_closed_client(self) -> None:
        with self.server.connect() as connection:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection).count(HELLO_13), 2)
        with self.server.connect() as connection:
            connection.sendall(b"GET /hel")
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(connection), b"")

    def test_idle_and_slow_connections_delay_nobody(self) -> None:
        idle = [self.server.connect() for _ in range(10)]
        for connection in idle:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_answer(connection)[2], HELLO_13)
        slow = [self.server.connect() for _ in range(10)]
        for connection in slow:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHo")
        self.assertEqual(self.server.get("/hello"), (200, HELLO_13))
        for connection in slow:
            connection.sendall(b"st: x\r\n\r\n")
            self.assertEqual(read_answer(connection)[2], HELLO_13)
        for connection in idle + slow:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_answer(connection)[2], HELLO_13)
            connection.close()

    def test_large_answer_to_a_slow_reader(self) -> None:
        with self.server.connect() as connection:
            connection.sendall(b"GET /hello?size=1MiB HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.1)
            self.assertEqual(len(read_answer(connection)[2]), 1 << 20)

    def test_rude_clients(self) -> None:
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        for i in range(60):
            connection = self.server.connect()
            if i % 3 == 1:
                connection.sendall(source.randbytes(source.randrange(1, 3000)))
            elif i % 3 == 2:
                connection.sendall(b"GET /hello?size=1MiB HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack("ii", i % 2, 0))
            connection.close()
        self.assertEqual(self.server.get("/hello"), (200, HELLO_13), f"seed {seed}")
        self.assertIsNone(self.server.process.poll(), f"seed {seed}")


class Life:
    """Tests that start servers of their own."""
    model = ""

    def start(self, *flags: str, **limits: int) -> Server:
        server = Server(self.model, *flags, **limits)
        self.addCleanup(server.kill)
        return server

    def one_worker(self) -> list[str]:
        return ["--workers", "1"] if describe(self.model)["workers_default"] else []

    def fails_to_start(self, *flags: str) -> tuple[int, str]:
        done = subprocess.run([BUILD / "models" / self.model, *flags], capture_output=True,
                              text=True, timeout=LIMIT_S)
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def test_port_taken(self) -> None:
        server = self.start()
        status, words = self.fails_to_start("--port", str(server.port))
        self.assertEqual(status, 1)
        self.assertIn(str(server.port), words)
        self.assertIn("--port", words)

    def test_bad_flags(self) -> None:
        for flags in (["--nonsense"], ["--port", "70000"], ["--port", "x"], ["surplus"],
                      ["--address", "nowhere"], ["--backend", "host"], ["--workers", "0"]):
            status, words = self.fails_to_start(*flags)
            self.assertEqual(status, 2, flags)
            self.assertTrue(words, flags)
        self.assertEqual(self.fails_to_start("--port", "0", "--address", "192.0.2.1")[0], 1)

    def test_stats(self) -> None:
        server = self.start("--stats")
        for _ in range(3):
            server.get("/hello")
        self.assertEqual(json.loads(server.get("/stats?reset=1")[1])["requests"], 3)
        self.assertEqual(json.loads(server.get("/stats")[1])["requests"], 0)

    def test_stops_with_idle_connections(self) -> None:
        for stop in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            idle = [server.connect() for _ in range(5)]
            idle[0].sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
            read_answer(idle[0])
            idle[1].sendall(b"GET /hello HT")
            server.process.send_signal(stop)
            self.assertEqual(server.process.wait(LIMIT_S), 0)
            self.assertEqual(server.survivors(), [])
            for connection in idle:
                connection.close()

    def test_stop_finishes_what_is_in_flight(self) -> None:
        server = self.start()
        if not server.has("/wait"):
            self.skipTest(f"{self.model} does not wait")
        with server.connect() as connection:
            connection.sendall(b"GET /wait?delay=700ms HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.3)
            server.process.terminate()
            self.assertEqual(read_answer(connection)[0], 200)
            self.assertEqual(read_all(connection), b"")
        self.assertEqual(server.process.wait(LIMIT_S), 0)
        self.assertEqual(server.survivors(), [])

    def test_out_of_descriptors(self) -> None:
        # One worker: the limit is each process's, and which of several gets a
        # connection is the kernel's choice.
        server = self.start(*self.one_worker(), nofile=64)
        crowd = []
        for _ in range(120):
            crowd.append(server.connect())
            crowd[-1].sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(read_answer(crowd[0])[0], 200)
        if not self.model.startswith("node"):  # which closes without a word
            self.assertEqual(read_answer(crowd[-1])[0], 503)
        for connection in crowd:
            connection.close()
        got, end = None, time.monotonic() + LIMIT_S
        while got != (200, HELLO_13):
            self.assertLess(time.monotonic(), end, got)
            try:
                got = server.get("/hello")
            except (OSError, http.client.HTTPException) as error:
                got = error

    def test_dies_with_its_parent(self) -> None:
        """A parent that is killed cannot tidy up."""
        code = ("import os, subprocess, sys; os.environ['TROIKA_DIE_WITH_PARENT'] ="
                "str(os.getpid()); subprocess.Popen(sys.argv[1:]).wait()")
        parent = subprocess.Popen(
            [sys.executable, "-c", code, BUILD / "models" / self.model, "--port", "0"],
            stdout=subprocess.PIPE, text=True)
        pid = json.loads(parent.stdout.readline())["pid"]
        parent.kill()
        parent.wait(LIMIT_S)
        # The pipe ends when the last process that holds it is ending.
        self.assertEqual(parent.stdout.read(), "")
        parent.stdout.close()
        end = time.monotonic() + LIMIT_S
        while alive(pid):
            self.assertLess(time.monotonic(), end, "the server outlives its parent")
            time.sleep(0.01)


class BoundedDrain(unittest.TestCase):
    """All models at once, since it takes its full limit."""

    def test_stop_does_not_wait_for_ever(self) -> None:
        servers = []
        for model in models():
            server = Server(model)
            self.addCleanup(server.kill)
            if server.has("/wait"):
                connection = server.connect()
                self.addCleanup(connection.close)
                connection.sendall(b"GET /wait?delay=1h HTTP/1.1\r\nHost: x\r\n\r\n")
                servers.append(server)
        time.sleep(0.3)
        # Told again and again, as by an impatient person: no later for that.
        end = time.monotonic() + LIMIT_S
        while any(s.process.poll() is None for s in servers) and time.monotonic() < end:
            for server in servers:
                server.process.terminate()
            time.sleep(0.2)
        for server in servers:
            with self.subTest(model=server.ready["model"]):
                self.assertEqual(server.process.poll(), 0)
                self.assertEqual(server.survivors(), [])


def load_tests(loader: unittest.TestLoader, found: unittest.TestSuite,
               pattern: str) -> unittest.TestSuite:
    """Adds the rules for every model to what stands here by itself."""
    del pattern
    for model in models():
        for rules in (Rules, Life):
            name = f"{rules.__name__}[{model}]"
            case = type(name, (rules, unittest.TestCase), {"model": model})
            found.addTests(loader.loadTestsFromTestCase(case))
    return found


if __name__ == "__main__":
    unittest.main()
