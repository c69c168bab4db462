# SPDX-License-Identifier: MIT
"""A model's server for a test, asked with the standard library's client."""
import functools
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release")).resolve()
LIMIT_S = 30
MODELS = sorted(p.name for p in (BUILD / "models").iterdir()
                if "." not in p.name and p.is_file() and os.access(p, os.X_OK))


@functools.cache
def describe(model: str) -> dict:
    return json.loads(subprocess.run([BUILD / "models" / model, "--describe"], check=True,
                                     capture_output=True, timeout=LIMIT_S).stdout)


def has(model: str, *workloads: str) -> bool:
    only = describe(model)["only"]
    return only is None or set(workloads) <= set(only)


def together(jobs) -> None:
    """Runs the functions at once and waits for all of them."""
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)


class Server:
    """A model's server for the length of a `with`."""

    def __init__(self, model: str, *flags: str, **environment: str):
        self.process = subprocess.Popen([BUILD / "models" / model, "--port", "0", *flags],
                                        stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment,
                                             "TROIKA_DIE_WITH_PARENT": str(os.getpid())})
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{model} did not start; it said so on stderr")
        self.port = json.loads(line)["port"]

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(LIMIT_S)
        self.process.stdout.close()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)

    def ask(self, target: str) -> tuple[int, str]:
        connection = self.connect()
        try:
            return ask(connection, target)
        finally:
            connection.close()

    def children(self, count: int, gone: int = 0) -> list[int]:
        """The server's child processes, once there are that many, without the
        one that shall be gone."""
        pid = self.process.pid
        path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
        deadline = time.monotonic() + LIMIT_S
        while len(words := path.read_text().split()) != count or str(gone) in words:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(words)} children, not {count}")
            time.sleep(0.005)
        return [int(word) for word in words]


def ask(connection: http.client.HTTPConnection, target: str) -> tuple[int, str]:
    connection.request("GET", target)
    response = connection.getresponse()
    return response.status, response.read().decode()


def wrong_answers(server: Server, rounds) -> list[tuple]:
    """What one connection is answered otherwise than each round of targets and
    bodies expects."""
    wrong = []
    connection = server.connect()
    try:
        for questions in rounds:
            for target, body in questions:
                got = ask(connection, target)
                if got != (200, body):
                    wrong.append((target, got[0], got[1][:200]))
    finally:
        connection.close()
    return wrong
