#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP rules of docs/contract.md, against every model built.

Every test runs once for each file in $TROIKA_BUILD/models, found anew each
time: a new model is tested by being there. Nothing here depends on speed but
the limits that keep a broken server from hanging the tests.
"""
import http.client
import json
import random
import shutil
import socket
import struct
import subprocess
import time
import unittest

from bare_server import (HELLO_13, LIMIT_S, Server, add_for_every_model, describe, read_all,
                         read_answer, status_of)


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
        for key in ("summary", "task", "discipline", "flags", "yardstick", "workers_default", "only",
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
                                (b"GET /hello HTTP/1.1\r\nHost: x\r\nhOST: y\r\n\r\n", 400),
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


def load_tests(loader: unittest.TestLoader, found: unittest.TestSuite,
               pattern: str) -> unittest.TestSuite:
    """The rules for every model."""
    del pattern
    return add_for_every_model(loader, found, Rules)


if __name__ == "__main__":
    unittest.main()
