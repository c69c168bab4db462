# SPDX-License-Identifier: MIT
"""A model's server for a test, asked with the standard library's client."""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release")).resolve()
LIMIT_S = 60


class Server:
    """A model's server for the length of a `with`."""

    def __init__(self, model: str, *flags: str, **environment: str):
        self.process = subprocess.Popen([BUILD / "models" / model, "--port", "0", *flags],
                                        stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
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
