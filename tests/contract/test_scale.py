# SPDX-License-Identifier: MIT
"""Many tasks in one request: they sleep at once, and where they run out the
answer names the limit that did it and the server goes on.
"""
import json
import os
import resource
import subprocess
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

BUILD = Path(os.environ.get("TROIKA_BUILD", "build/release"))
LIMIT_S = 60


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LIMIT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Sleepers(unittest.TestCase):
    def serve(self, model: str, files: int = 0) -> int:
        """Starts a server, with a limit of open files where one is given."""
        def limit() -> None:
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        server = subprocess.Popen([BUILD / "models" / model, "--port", "0"],
                                  stdout=subprocess.PIPE, text=True, preexec_fn=limit)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        return json.loads(server.stdout.readline())["port"]

    def test_they_sleep_at_once(self) -> None:
        """100 of 300 ms are 30 s one after another."""
        for model in ("event-loop", "thread-per-connection", "process-pool"):
            with self.subTest(model=model):
                port = self.serve(model)
                start_s = time.monotonic()
                status, body = ask(port, "/sleepers?tasks=100&delay=300ms")
                self.assertEqual(200, status, body)
                self.assertTrue(body.startswith("sleepers tasks=100 seed=0 check="), body)
                self.assertLess(time.monotonic() - start_s, 20)

    def test_the_limit_is_named(self) -> None:
        """Each child process holds a pipe."""
        port = self.serve("process-per-request", files=64)
        status, body = ask(port, "/sleepers?tasks=100&delay=10ms")
        self.assertEqual(503, status)
        self.assertRegex(body, r"\d+ of 100 sleepers start: ulimit -n = 64")
        self.assertEqual(200, ask(port, "/sleepers?tasks=10&delay=10ms")[0])

    def test_a_pool_that_is_too_large_says_what_it_lacks(self) -> None:
        """Each worker process holds a socket."""
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        server = subprocess.run([BUILD / "models" / "process-pool", "--port", "0", "--workers", "100"],
                                capture_output=True, text=True, preexec_fn=limit, timeout=LIMIT_S)
        self.assertEqual(1, server.returncode)
        self.assertIn("cannot serve: Too many open files; used up: ulimit -n = 64", server.stderr)


if __name__ == "__main__":
    unittest.main()
