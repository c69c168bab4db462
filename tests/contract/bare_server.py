# SPDX-License-Identifier: MIT
"""A model's server for a test that speaks to it in bytes, and what such tests
share: the models that are there, a server in a session of its own, its answers
read off a socket, a test case for every model.
"""
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 20.0
HELLO_13 = b"abcdefghijklm"


def models() -> list[str]:
    """Names of the servers that are there. A foreign one whose name continues
    another's has that one's HTTP code, which is asked once: cpython-asyncio is,
    cpython-asyncio-threads is not. To node-cluster connections come by another
    way, and its end is that of several processes."""
    folder = BUILD / "models"
    found = sorted(f.name for f in folder.iterdir()
                   if f.is_file() and f.suffix != ".d" and os.access(f, os.X_OK))
    foreign = [f for f in found if (folder / f).read_bytes()[:2] == b"#!"]
    return [f for f in found if f not in foreign or f == "node-cluster"
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


def add_for_every_model(loader: unittest.TestLoader, found: unittest.TestSuite,
                        tests: type) -> unittest.TestSuite:
    """The suite with a test case of these tests for each model."""
    for model in models():
        case = type(f"{tests.__name__}[{model}]", (tests, unittest.TestCase), {"model": model})
        found.addTests(loader.loadTestsFromTestCase(case))
    return found
