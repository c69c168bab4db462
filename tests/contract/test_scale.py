#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many tasks in one request: they sleep at once, and where they run out the
answer names the limit that did it and the server goes on.
"""
import resource
import subprocess
import time
import unittest

from model_server import BUILD, LIMIT_S, Server

FEW = (64, 64)  # open files


class Sleepers(unittest.TestCase):
    def test_they_sleep_at_once(self) -> None:
        """100 of 300 ms are 30 s one after another."""
        for model in ("event-loop", "thread-per-connection", "process-pool"):
            with self.subTest(model=model), Server(model) as server:
                start_s = time.monotonic()
                status, body = server.ask("/sleepers?tasks=100&delay=300ms")
                self.assertEqual(200, status, body)
                self.assertTrue(body.startswith("sleepers tasks=100 seed=0 check="), body)
                self.assertLess(time.monotonic() - start_s, 20)

    def test_the_limit_is_named(self) -> None:
        """Each child process holds a pipe."""
        with Server("process-per-request") as server:
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, FEW)
            status, body = server.ask("/sleepers?tasks=100&delay=10ms")
            self.assertEqual(503, status)
            self.assertRegex(body, r"\d+ of 100 sleepers start: ulimit -n = 64")
            self.assertEqual(200, server.ask("/sleepers?tasks=10&delay=10ms")[0])

    def test_a_pool_that_is_too_large_says_what_it_lacks(self) -> None:
        """Each worker process holds a socket."""
        server = subprocess.run(
            [BUILD / "models/process-pool", "--port", "0", "--workers", "100"],
            capture_output=True, text=True, timeout=LIMIT_S,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, FEW))
        self.assertEqual(1, server.returncode)
        self.assertIn("cannot serve: Too many open files; used up: ulimit -n = 64", server.stderr)


if __name__ == "__main__":
    unittest.main()
