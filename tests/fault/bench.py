# SPDX-License-Identifier: MIT
"""A run of troika bench that tests do harm to: started, watched, finished,
resumed, in a folder of its own.

Every process of a run inherits a mark in its environment, by which it is found
in /proc; nothing is ever looked up by name alone.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 120

EXPERIMENT = """[experiment]
title = Short
question = Does it survive?
models = {models}
blocks = {blocks}
warmup = 100ms
window = 300ms

[cell wait]
workload = wait
delay = 5ms
connections = 4
"""


class Bench(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.mark = f"TROIKA_TEST_MARK={uuid.uuid4().hex}"
        self.results = self.directory / "results"
        self.troika = BUILD / "troika"
        self.running = None
        self.addCleanup(self.end)

    def end(self):
        if self.running and self.running.poll() is None:
            self.running.kill()
            self.running.wait()
        if self.running:
            self.running.stderr.close()
            self.running.stdout.close()

    def experiment(self, models="serial, thread-per-connection", blocks=2):
        path = self.directory / "short.ini"
        path.write_text(EXPERIMENT.format(models=models, blocks=blocks))
        return str(path)

    def start(self, *arguments, **more):
        name, value = self.mark.split("=")
        self.running = subprocess.Popen(
            [self.troika, "bench", "--allow-any-build", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, env={**os.environ, name: value},
            start_new_session=True, **more)
        return self.running

    def finish(self):
        out, err = self.running.communicate(timeout=LIMIT_S)
        return self.running.returncode, out, err

    def bench(self, *arguments, **more):
        self.end()
        self.start(*arguments, **more)
        return self.finish()

    def marked(self):
        """Processes that carry the mark: pid and command line."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if self.mark.encode() in (entry / "environ").read_bytes():
                    words = (entry / "cmdline").read_bytes().decode()
                    found.append((int(entry.name), words.replace("\0", " ")))
            except (OSError, UnicodeDecodeError):
                continue
        return found

    def assert_nothing_left(self):
        until = time.monotonic() + 15
        while self.marked() and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual([], self.marked())

    def server(self):
        """The pid of the server of the trial under way."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for pid, command in self.marked():
                if "/models/" in command and " --port " in command:
                    return pid
            time.sleep(0.01)
        self.fail("no server was started")

    def wait_for_load(self, pid):
        """Waits until the load's connections are open. One connection is not
        enough, since a checked request has one of its own."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            inodes = set()
            try:
                for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                    inodes.add(os.readlink(fd).removeprefix("socket:[").removesuffix("]"))
            except OSError:
                pass
            ports = {row[1].split(":")[1] for row in rows if row[3] == "0A" and row[9] in inodes}
            if sum(row[3] == "01" and row[1].split(":")[1] in ports for row in rows) >= 2:
                return
            time.sleep(0.01)
        self.fail("no load came")

    def wait_for_trials(self, count):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            files = list(self.results.glob("2*/trials/*.hgrm"))
            done = [f for f in files if f.with_suffix(".json").exists()]
            if len(done) >= count:
                return
            self.assertIsNone(self.running.poll(), "ended before its time")
            time.sleep(0.01)
        self.fail("no trial was finished")

    def run_json(self):
        return json.loads((self.results / "latest/run.json").read_text())

    def trials(self):
        return {p.name: json.loads(p.read_text())
                for p in (self.results / "latest/trials").glob("*.json")
                if ".attempt" not in p.name}

    def assert_resumes(self, kept):
        """--resume finishes the run and does not touch what was finished."""
        code, out, err = self.bench("-o", self.results, "--resume")
        self.assertIn(code, (0, 3), err)
        self.assertNotIn("of the environment is not", err)
        run = self.run_json()
        self.assertTrue(run["complete"])
        self.assertIsNone(run["interrupted"])
        trials = self.trials()
        self.assertEqual({t["trial_id"] + ".json" for t in run["plan"]},
                         set(trials))
        for name, trial in kept.items():
            if trial["valid"]:  # else it is measured once more at the end
                self.assertEqual(trial, trials[name])
        self.assertEqual(len(run["plan"]), run["tally"]["done"])
        self.assertEqual([], list(self.results.glob("latest/**/*.new")))
        self.assert_nothing_left()

    def tmpfs(self, size):
        if os.geteuid() != 0:
            self.skipTest("mounting a small file system needs root")
        self.results.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}",
                           "tmpfs", self.results]).returncode:
            self.skipTest("mounting a small file system is not permitted")
        self.addCleanup(subprocess.run, ["umount", "-l", self.results])
