# SPDX-License-Identifier: MIT
"""The servers of others that Troika ships as targets (models/servers): the answers are
those of the models, to the byte, for random seeds; a trial of one that is killed is
invalid by name, and leaves nothing behind.

Servers whose packages are missing (make deps-servers) are skipped, and told.
"""
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from model_server import BUILD, LIMIT_S, ROOT, Server, together

TROIKA = BUILD / "troika"
FOLDER = ROOT / "models/servers"
REQUESTS = ("hello?size=13B", "wait?delay=3ms", "fetch?delay=2ms&calls=2", "gather?delays=2ms,4ms,1ms",
            "spin?steps=300", "hash?rounds=7", "mixed?delay=2ms&steps=50")
SEEDS = 3


def listed() -> list[dict]:
    done = subprocess.run([TROIKA, "list", "servers", "-f", "json"], capture_output=True, check=True,
                          timeout=LIMIT_S)
    return json.loads(done.stdout)["servers"]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Foreign:
    """A shipped server for the length of a `with`, in a session of its own."""

    def __init__(self, server: dict, **environment: str):
        self.port = free_port()
        command = " ".join(server["command"].split())
        for word, value in {"here": FOLDER, "port": self.port, "workers": 1,
                            "threads": server["threads"]}.items():
            command = command.replace(f"{{{word}}}", str(value))
        self.process = subprocess.Popen(["/bin/sh", "-c", f"exec {command}"], env=os.environ | environment,
                                        start_new_session=True, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)

    def __enter__(self) -> "Foreign":
        end = time.monotonic() + 3 * LIMIT_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if ask(self.port, "/hello")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        self.process.kill()
        said = self.process.stderr.read().decode()[-2000:]
        self.__exit__()
        raise AssertionError(f"not ready: {said}")

    def __exit__(self, *_) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(LIMIT_S)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self.process.stderr.close()


class Servers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.here = [server for server in listed() if server["available"]]

    def test_every_section_is_listed_with_its_law(self):
        servers = listed()
        texts = "".join(file.read_text() for file in FOLDER.glob("*.ini"))
        written = re.findall(r"(?m)^\[target (.*)\]", texts)
        self.assertEqual(sorted(written), sorted(server["name"] for server in servers))
        for server in servers:
            self.assertIn(server["discipline"], ("loop", "worker"), server)
            self.assertTrue(server["available"] or "make deps-servers" in server["reason"]
                            or "there is no program" in server["reason"] or "its law is" in server["reason"], server)

    def test_answers_are_those_of_the_models(self):
        if not self.here:
            self.skipTest("no framework is installed (make deps-servers)")
        paths = [f"/{request}&seed={secrets.randbits(64)}" for request in REQUESTS for _ in range(SEEDS)]
        paths += ["/wait?delay=1parsec", "/hello?size=13B&seed=-1", "/wait?when=now"]
        missed: list = []
        with Server("event-loop") as backend:
            address = f"127.0.0.1:{backend.port}"
            with Server("event-loop", "--backend", address) as model:
                expected = {path: ask(model.port, path) for path in paths}
            self.assertEqual({200, 400}, {status for status, _ in expected.values()})

            def check(server: dict) -> None:
                try:
                    with Foreign(server, TROIKA_BACKEND=address,
                                 TROIKA_ROUTES=str(BUILD / "routes.json")) as foreign:
                        for path in random.sample(paths, len(paths)):
                            got = ask(foreign.port, path)
                            if got != expected[path]:
                                missed.append((server["name"], path, got, expected[path]))
                        if ask(foreign.port, "/nothing")[0] != 404:
                            missed.append((server["name"], "/nothing"))
                except Exception as error:  # of a thread: told by the test
                    missed.append((server["name"], repr(error)))
            for server in self.here:
                check(server)
        self.assertEqual([], missed)

    def bench(self, folder: str, text: str, *flags: str) -> subprocess.Popen:
        file = pathlib.Path(folder, "few.ini")
        file.write_text(text)
        return subprocess.Popen([TROIKA, "bench", "--wait-for-quiet=0s", "--allow-any-build", "-o",
                                 f"{folder}/runs", *flags, file], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True,
                                env=os.environ | {"TROIKA_DISABLE_GATE": "foreign_cpu"})

    def trials(self, folder: str) -> list[dict]:
        return [json.loads(file.read_text())
                for file in sorted(pathlib.Path(folder, "runs/latest/trials").glob("*.json"))]

    FEW = ("[experiment]\ntitle = Few\nblocks = 1\nwarmup = 200ms\nwindow = {window}\nplacement = shared\n"
           "models = {models}\n[cell wait]\nworkload = wait\ndelay = 20ms\nconnections = 12\n{more}\n")

    def test_threads_and_workers_make_the_law(self):
        if not any(server["name"] == "flask-gthread" for server in self.here):
            self.skipTest("Flask or gunicorn is missing (make deps-servers)")
        with tempfile.TemporaryDirectory() as folder:
            text = self.FEW.format(models="flask-gthread", window="400ms",
                                   more="threads.flask-gthread = 3\nworkers.flask-gthread = 2")
            told = self.bench(folder, text).communicate(timeout=5 * LIMIT_S)
            trials = self.trials(folder)
            self.assertTrue(trials, told)
            lines = pathlib.Path(folder, "runs/latest/predictions.jsonl").read_text().splitlines()
            said = json.loads(lines[0])
            self.assertEqual(("workers", 6, 300), (said["law"], said["workers"], said["throughput_per_s"]))
            self.assertEqual({"threads": 3}, trials[0]["cell"]["settings"], trials[0]["cell"])
            for gate in trials[-1]["gates"]:
                if gate["id"] in ("wrong_bodies", "errors", "service_floor"):
                    self.assertTrue(gate["ok"], gate)

    def test_a_server_that_is_killed(self):
        """The trial is invalid and says why; no process of the server is left."""
        if not any(server["name"] == "fastapi-async" for server in self.here):
            self.skipTest("FastAPI is missing (make deps-servers)")
        with tempfile.TemporaryDirectory() as folder:
            run = self.bench(folder, self.FEW.format(models="fastapi-async", window="6s", more=""))
            killed: list = []

            def kill() -> None:
                end = time.monotonic() + 6 * LIMIT_S
                while time.monotonic() < end:
                    for pid in children(run.pid):
                        if pid not in killed:
                            time.sleep(2.5)  # it is ready, and under load
                            with contextlib.suppress(ProcessLookupError):
                                os.kill(pid, signal.SIGKILL)
                            killed.append(pid)
                    if run.poll() is not None:
                        return
                    time.sleep(0.05)
            together([kill])
            run.communicate(timeout=6 * LIMIT_S)
            self.assertTrue(killed)
            self.assertEqual(3, run.returncode)
            trial = self.trials(folder)[0]
            self.assertFalse(trial["valid"])
            self.assertIn("killed", json.dumps(trial["gates"]) + json.dumps(trial.get("failure")))
            self.assertEqual([], [pid for pid in killed if pathlib.Path(f"/proc/{pid}").exists()])


def children(parent: int) -> list[int]:
    """The processes below `parent` that run uvicorn."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = stat.read_bytes().split(b"\0")
            if b"uvicorn" in words and b"-m" in words and below(int(stat.parent.name), parent):
                found.append(int(stat.parent.name))
        except (OSError, ValueError):
            continue
    return found


def below(pid: int, parent: int) -> bool:
    while pid > 1:
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        if pid == parent:
            return True
    return False


if __name__ == "__main__":
    unittest.main()
