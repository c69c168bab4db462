#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Models that own worker processes, when one or all of these are killed under a
light load: whatever was at work may be lost, whatever comes later is answered.
And where workers are of no use from the start on, the server does not spend
the machine on starting them.
"""
import http.client
import os
import pathlib
import signal
import threading
import time
import unittest

from model_server import LIMIT_S, MODELS, Server

WORKERS, CLIENTS, ASKED_AFTER = 2, 3, 25
TARGET = "/spin?steps=2000&seed=1"
OWNERS = [model for model in ("process-pool", "process-loops", "cpython-processes",
                              "cpython-asyncio-processes", "node-cluster") if model in MODELS]


class Client(threading.Thread):
    """Asks, each time on a new connection, until it has had ASKED_AFTER answers
    in a row after the kill."""

    def __init__(self, server: Server, killed: threading.Event):
        super().__init__(daemon=True)
        self.server, self.killed = server, killed
        self.lost = self.answered = self.in_a_row = 0

    def run(self) -> None:
        end = time.monotonic() + LIMIT_S
        while self.in_a_row < ASKED_AFTER and time.monotonic() < end:
            seen = self.killed.is_set()
            try:
                good = self.ask() == 200
            except (OSError, http.client.HTTPException):
                good = False
            self.answered += good
            self.lost += not good
            self.in_a_row = self.in_a_row + 1 if good and seen else 0

    def ask(self) -> int:
        connection = self.server.connect()
        connection.timeout = 2  # what the dead had may never be answered
        try:
            connection.request("GET", TARGET)
            return connection.getresponse().status
        finally:
            connection.close()


class Killed(unittest.TestCase):
    def check(self, model: str, count: int) -> int:
        """Kills that many workers; returns the number of requests lost."""
        with Server(model, "--workers", str(WORKERS)) as server:
            workers, killed = server.children(WORKERS), threading.Event()
            clients = [Client(server, killed) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            until = time.monotonic() + LIMIT_S
            while any(c.answered < 5 for c in clients) and time.monotonic() < until:
                time.sleep(0.005)
            for pid in workers[:count]:
                os.kill(pid, signal.SIGKILL)
            killed.set()
            for client in clients:
                client.join(2 * LIMIT_S)
                self.assertEqual(client.in_a_row, ASKED_AFTER, "it was never as before")
            server.children(WORKERS)
        return sum(client.lost for client in clients)

    def test_one(self) -> None:
        """Each client has one request at work at most."""
        for model in OWNERS:
            with self.subTest(model=model):
                self.assertLessEqual(self.check(model, 1), CLIENTS)

    def test_all(self) -> None:
        """node-cluster has no socket that listens until it has a worker."""
        for model in OWNERS:
            with self.subTest(model=model):
                lost = self.check(model, WORKERS)
                if model != "node-cluster":
                    self.assertLessEqual(lost, CLIENTS)


def children(pid: int) -> set[int]:
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return {int(word) for word in path.read_text().split()}


class Useless(unittest.TestCase):
    def test_they_are_started_ever_more_slowly(self) -> None:
        """Killed as soon as they are seen, for a second: without a pause there
        would be hundreds."""
        for model in ("cpython-processes", "node-cluster"):
            if model not in MODELS:
                continue
            with self.subTest(model=model), Server(model, "--workers", "1") as server:
                seen, end = set(), time.monotonic() + 1
                while time.monotonic() < end:
                    for pid in children(server.process.pid) - seen:
                        seen.add(pid)
                        os.kill(pid, signal.SIGKILL)
                    time.sleep(0.001)
                self.assertLess(len(seen), 12)
                self.assertEqual(self.answered(server), 200)

    def answered(self, server: Server) -> int:
        """The status, once there is a worker again."""
        end = time.monotonic() + LIMIT_S
        while True:
            try:
                return server.ask(TARGET)[0]
            except OSError:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
