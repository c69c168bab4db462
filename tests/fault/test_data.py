#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A private PostgreSQL and Redis: where each trial finds them, and when things
go wrong: killed in mid-run, or left alone by a harness that was killed. Each
time: an invalid trial with the reason, the next one runs on a new one, and
neither a process, a folder nor a piece of shared memory is left behind.

The stores are found as children of the harness, their folders as where they
work; nothing is ever looked up by name alone.
"""
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release")).resolve()
LIMIT_S = 150
ATTEMPTS = 3
SKIPPED = 77

EXPERIMENT = """[experiment]
title = Data
question = Does it survive?
models = event-loop
blocks = 1
warmup = 100ms
window = 1500ms
connections = 4

[cell data]
workload = {workload}
"""


def children(pid):
    """The processes that `pid` has started and that have not ended."""
    try:
        words = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]


def working_in(folder):
    """Processes whose working directory is that folder, or was."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(str(folder)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def cwd(pid):
    """The working directory of a process, or None."""
    try:
        return pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def segments():
    """The numbers of the System V shared memory segments that there are."""
    return {line.split()[1] for line in
            pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


class Run(unittest.TestCase):
    """A run with stores, in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.running = None
        self.addCleanup(self.end)

    def end(self):
        if self.running:
            self.running.kill()
            self.running.communicate()

    def start(self, *arguments):
        self.end()
        self.running = subprocess.Popen(
            [BUILD / "troika", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def store(self, program):
        """Pid and folder of the running one."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until and self.running.poll() is None:
            for pid in children(self.running.pid):
                try:
                    name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                    place = pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
                except OSError:
                    continue
                if name == program and "troika-" in str(place):
                    return pid, place.parent if place.name == "data" else place
            time.sleep(0.01)
        self.fail(f"{program} was not started: {self.running.communicate()}")


class Killed(Run):
    def serving(self):
        """Waits until a server under test has been started."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until and self.running.poll() is None:
            for pid in children(self.running.pid):
                try:
                    words = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
                except OSError:
                    continue
                if "/models/" in words and "--port" in words:
                    return
            time.sleep(0.01)
        self.fail(f"no server was started: {self.running.communicate()}")

    def assert_nothing_left(self, folder, segment=""):
        until = time.monotonic() + 20
        while time.monotonic() < until and (folder.exists() or working_in(folder)):
            time.sleep(0.02)
        self.assertEqual([], working_in(folder))
        self.assertFalse(folder.exists())
        self.assertNotIn(segment, segments())

    def check_killed(self, workload, program, title):
        """A kill may come after the first window where all is busy: then once
        more."""
        path = self.folder / "data.ini"
        path.write_text(EXPERIMENT.format(workload=workload))
        for attempt in range(ATTEMPTS):
            results = self.folder / f"results{attempt}"
            self.start("bench", "--allow-any-build", "-o", results, path)
            pid, folder = self.store(program)
            self.serving()
            time.sleep(0.7)
            os.kill(pid, signal.SIGKILL)
            out, err = self.running.communicate(timeout=LIMIT_S)
            self.assertIn(self.running.returncode, (0, 3), err)
            self.assert_nothing_left(folder)
            trials = [json.loads(p.read_text()) for p in results.glob("2*/trials/*.json")]
            invalid = [t for t in trials if not t["valid"] and title in t["reason"]]
            if invalid:
                break
        else:
            self.fail("it was never killed in a trial")
        self.assertIn("killed", invalid[0]["reason"])
        anew = [t for t in trials if t.get("stores") and t["stores"][0]["starts"] == 2]
        self.assertTrue(anew, err)
        self.assertTrue(all(t["requests"]["ok"] > 0 for t in anew), err)

    def test_postgresql(self):
        self.check_killed("query", "postgres", "PostgreSQL")

    def test_redis(self):
        self.check_killed("cache", "redis-server", "Redis")

    def test_multiple(self):
        """A rate that is a multiple: its capacity is found out with the store."""
        path = self.folder / "data.ini"
        path.write_text(EXPERIMENT.replace("1500ms", "200ms").format(workload="cache")
                        + "mode = open\nrate = 0.1x\n")
        self.start("bench", "--allow-any-build", "-o", self.folder, path)
        out, err = self.running.communicate(timeout=LIMIT_S)
        self.assertIn(self.running.returncode, (0, 3), err)
        run = json.loads(next(self.folder.glob("2*/run.json")).read_text())
        self.assertGreater(run["experiments"][0]["load_points"][0]["capacity"]["per_s"], 0)

    def test_harness(self):
        self.start("stores")
        _, first = self.store("postgres")
        self.assertTrue(self.running.stdout.readline())
        _, second = self.store("redis-server")
        lock = (first / "data/postmaster.pid").read_text().splitlines()
        self.running.kill()
        self.running.communicate()
        self.assert_nothing_left(first, lock[6].split()[1])
        self.assert_nothing_left(second)

    def test_interrupted_start(self):
        """Ctrl-C before the stores are ready is no failure of a store."""
        self.start("stores", "postgresql")
        until, started = time.monotonic() + LIMIT_S, []
        while time.monotonic() < until and not started:
            started = [pid for pid in children(self.running.pid) if str(cwd(pid)).startswith("/tmp/troika-postgresql-")]
            time.sleep(0.01)
        self.assertTrue(started)
        folder = cwd(started[0])
        self.running.send_signal(signal.SIGINT)
        _, err = self.running.communicate(timeout=LIMIT_S)
        self.assertEqual((130, ""), (self.running.returncode, err))
        self.assertFalse(folder.exists())


STRANGER = """
import json, os, socket, subprocess, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
told = json.loads(sys.stdin.readline())
got = {}

def attempt(name, do):
    try:
        got[name] = str(do())
    except OSError as error:
        got[name] = f"refused: {type(error).__name__}"

def converse(port, data):
    with socket.create_connection(("127.0.0.1", port), 10) as server:
        server.settimeout(10)
        server.sendall(data)
        return server.recv(200)

for name, words in told["redis"].items():
    attempt("redis " + name, lambda: converse(told["port"], words.encode()))
for name, startup in told["postgresql"].items():
    attempt("postgresql " + name, lambda: converse(told["port"], bytes.fromhex(startup)))
for path in told["paths"]:
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read())
for pid in told["pids"]:
    attempt(f"environ {pid}", lambda: open(f"/proc/{pid}/environ", "rb").read())
got["lines"] = [open(f"/proc/{pid}/cmdline").read() for pid in told["pids"]]
if told["psql"]:
    done = subprocess.run([told["psql"], "-h", "127.0.0.1", "-p", str(told["port"]), "-U", "postgres",
                           "-wc", "select 'let in'"], capture_output=True, text=True,
                          env={"PGPASSWORD": "wrong"})
    got["psql"] = done.stdout + done.stderr
print(json.dumps(got))
"""


def startup(user):
    """PostgreSQL's first message, without a password."""
    words = b"".join(w.encode() + b"\0" for w in ("user", user, "database", "postgres")) + b"\0"
    return ((len(words) + 8).to_bytes(4, "big") + (196608).to_bytes(4, "big") + words).hex()


@unittest.skipUnless(os.geteuid() == 0, "only root can become a stranger")
class Strangers(Run):
    """Another user of the machine, while a run calls its stores."""

    def environment(self, variable):
        """Pid and value: of the server under test."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            for pid in children(self.running.pid):
                try:
                    words = pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")
                except OSError:
                    continue
                for word in words:
                    if word.startswith(variable + "="):
                        return pid, word.split("=", 1)[1]
            time.sleep(0.01)
        self.fail(f"no server has {variable}")

    def look(self, workload, program, variable):
        """What a stranger gets, and the password that there is."""
        path = self.folder / "data.ini"
        path.write_text(EXPERIMENT.format(workload=workload))
        self.start("bench", "--allow-any-build", "-o", self.folder, path)
        store, folder = self.store(program)
        server, password = self.environment(variable)
        pids = [store, server, *children(store)]
        words = pathlib.Path(f"/proc/{server}/cmdline").read_text().split("\0")
        status = pathlib.Path(f"/proc/{store}/status").read_text()
        for line in ("Uid:\t0", "Gid:\t0"):
            self.assertNotIn(line, status)
        self.assertIn("Groups:\t \n", status)
        port = int(words[words.index("--postgresql" if program == "postgres" else "--redis") + 1]
                   .split(":")[1])
        told = {"port": port, "pids": pids,
                "redis": {"ping": "PING\r\n", "wrong": "AUTH wrong\r\n",
                          "config": "CONFIG SET dir /tmp\r\n"} if program != "postgres" else {},
                "postgresql": {user: startup(user) for user in ("postgres", "nobody")}
                if program == "postgres" else {},
                "paths": [str(folder), *(str(folder / name) for name in os.listdir(folder))],
                "psql": program == "postgres" and shutil.which("psql") or ""}
        done = subprocess.run([sys.executable, "-c", STRANGER], input=json.dumps(told) + "\n",
                              capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_loopback_alone(pids, port)
        got = json.loads(done.stdout)
        out, err = self.running.communicate(timeout=LIMIT_S)
        self.assertNotIn(password, done.stdout + out + err)
        for file in self.folder.glob("**/*"):
            if file.is_file():
                self.assertNotIn(password.encode(), file.read_bytes(), file)
        for name in told["paths"] + [f"environ {pid}" for pid in pids]:
            self.assertEqual(got[name], "refused: PermissionError", name)
        return got

    def assert_loopback_alone(self, pids, port):
        """No other socket of the store listens, of whatever kind."""
        own = set()
        for pid in pids:
            for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                try:
                    own.add(os.readlink(link).strip("socket:[]"))
                except OSError:
                    continue
        for table in ("tcp", "tcp6"):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and words[9] in own:
                    self.assertTrue(words[1].startswith("0100007F:"), line)
        for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]:
            words = line.split()
            if words[6] in own:
                self.assertNotEqual(words[3], "00010000", line)

    def test_postgresql(self):
        got = self.look("query", "postgres", "PGPASSWORD")
        self.assertIn(r"R\x00\x00\x00\x17\x00\x00\x00\nSCRAM-SHA-256", got["postgresql postgres"])
        self.assertNotIn(r"b'R\x00\x00\x00\x08\x00\x00\x00\x00", got["postgresql nobody"])
        self.assertNotIn("let in", got.get("psql", ""))

    def test_redis(self):
        got = self.look("cache", "redis-server", "REDISCLI_AUTH")
        self.assertIn("NOAUTH", got["redis ping"])
        self.assertIn("NOAUTH", got["redis config"])
        self.assertIn("WRONGPASS", got["redis wrong"])


def why_not():
    """Why this cannot be tested here, or ""."""
    if BUILD.name in ("asan", "tsan"):
        return "what is killed here has no sanitizer in it"
    have = json.loads(subprocess.run([BUILD / "troika", "list", "workloads", "--format", "json"],
                                     check=True, capture_output=True).stdout)
    if not {"query", "cache"} <= {w["name"] for w in have["workloads"]}:
        return "query or cache was not built (make deps-claims)"
    if not shutil.which("redis-server") or not (
            shutil.which("postgres") or glob.glob("/usr/lib/postgresql/*/bin/postgres")):
        return "there is no PostgreSQL or no Redis here (make deps-claims)"
    return ""


if __name__ == "__main__":
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main()
