#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The process rules of docs/contract.md, against every model built: how a server
starts, refuses to, runs out of descriptors, and ends.
"""
import http.client
import json
import signal
import subprocess
import sys
import time
import unittest

from bare_server import (BUILD, HELLO_13, LIMIT_S, Server, add_for_every_model, alive, describe,
                         models, read_all, read_answer)


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
    """Adds the tests for every model to what stands here by itself."""
    del pattern
    return add_for_every_model(loader, found, Life)


if __name__ == "__main__":
    unittest.main()
