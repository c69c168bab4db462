#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika probe from outside: a real run's figures fit each other, and what cannot
be probed is refused in words, without leaving a process behind. Whether what is
told is right is tested without a clock (tests/unit/behaviour.c), and on services
of known truth by `make probe-planted` (tests/speed/planted.py).
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release")).resolve()

TROIKA, PLANTED = str(BUILD / "troika"), str(BUILD / "tests/helpers/planted")
LIMIT_S = 120
URL = "http://127.0.0.1:{port}/"


def probe(*words: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([TROIKA, "probe", *words], capture_output=True, text=True, timeout=LIMIT_S, check=False, **more)


class Form(unittest.TestCase):
    """One real run: facts are there and fit each other, whatever the machine made of them."""

    def test_one_loop(self):
        done = probe("--quiet", "--format=json", "--window=100ms", "--connections=2",
                     f"--command={PLANTED} {{port}} loop wait=2000 cpu=500", URL)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        facts = json.loads(done.stdout)["facts"]
        self.assertIn(facts["limit"], {"none", "places", "one", "cpu", "undecided"})
        one = facts["rungs"][0]
        self.assertEqual(1, one["connections"])
        self.assertEqual(5, len(one["turns"]))
        self.assertGreaterEqual(facts["response_ns"], 2.5e6)  # a sleep and a burnt time are never shorter
        self.assertGreaterEqual(facts["cpu_ns"], 0.5e6)
        self.assertLess(facts["wait_ns"], facts["response_ns"])
        for rung in facts["rungs"]:
            self.assertEqual(0, rung["failed"])
            for turn in rung["turns"]:
                self.assertLessEqual(turn["per_s"], 1.2 * rung["connections"] / 2.5e-3)
                for name in ("busy_cpus", "ready_cpus", "hot_cpus", "load_ready_cpus", "others_cpus", "steal_cpus"):
                    self.assertTrue(turn[name] is None or turn[name] >= 0, name)
        self.assertTrue(facts["limit"] != "one" or "one loop that computes" in json.loads(done.stdout)["behaves"])
        self.assertTrue(facts["limit"] != "undecided" or "what limits the service:" in json.loads(done.stdout)["doubts"][0])


class Refused(unittest.TestCase):
    def refused(self, words: str, code: int, *flags: str) -> None:
        mark = f"troika-probe-{os.getpid()}-{time.monotonic_ns()}"
        done = probe("--quiet", *flags, env={**os.environ, "PROBE_MARK": mark})
        self.assertEqual((code, ""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(words, " ".join(done.stderr.split()))
        self.assertEqual([], self.marked(mark))

    def marked(self, mark: str) -> list[str]:
        """Processes that are left; the guardian may need a moment to end."""
        for _ in range(100):
            left = []
            for environ in pathlib.Path("/proc").glob("[0-9]*/environ"):
                try:
                    if mark.encode() in environ.read_bytes():
                        left.append(environ.parent.name)
                except OSError:
                    pass
            if not left:
                break
            time.sleep(0.05)
        return left

    def test_services_that_do_not_work(self):
        self.refused("exited with code 7", 1, "--command=sh -c 'exit 7' {port}", URL)
        self.refused("its status is 404", 1, f"--command={BUILD / 'models/thread-pool'} --port {{port}}", URL + "nowhere")
        self.refused("ended under the load", 1, f"--command={PLANTED} {{port}} pool requests=60 wait=1000", URL)
        self.refused("no connection could be opened", 1, "http://127.0.0.1:1/")

    def test_usage(self):
        self.refused("so the URL must", 2, "--command=x {port}", "http://127.0.0.1:8080/")
        self.refused("no {port}", 2, "--command=x", URL)
        self.refused("begins with", 2, "--command=x {port}", "http://example.org:{port}/")
        self.refused("for a log or three numbers", 2, "--busy=3%", URL)
        self.refused("a service each", 2, "--command=x", "--target=y", "z")

    def test_targets(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "it.ini")
            text = f"[target one]\ncommand = {PLANTED} {{port}} pool wait=5000\nurl = {URL}\n"
            file.write_text(text)
            done = probe("--quiet", "--window=100ms", "--connections=2", f"--target={file}")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertRegex(done.stdout, r"(?m)^wait = \S+ms  # probed: one connection")
            self.assertIn("the rate still grew with 2 connections", done.stdout)
            file.write_text(text + text.replace("target one", "target two"))
            self.refused("several targets: name one", 2, f"--target={file}")
            self.refused('no target is named "onne"; did you mean one?', 2, f"--target={file}", "onne")
            file.write_text("[profile]\n")
            self.refused("no [target NAME] section", 2, f"--target={file}")

    def test_ctrl_c_ends_the_service(self):
        mark = f"troika-probe-{os.getpid()}-stop"
        process = subprocess.Popen([TROIKA, "probe", f"--command={PLANTED} {{port}} pool wait=5000", URL],
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                   env={**os.environ, "PROBE_MARK": mark})
        try:
            process.stderr.readline()  # how long it takes: the service runs
            process.send_signal(2)
            self.assertEqual(130, process.wait(LIMIT_S))
        finally:
            process.kill()
            process.wait(LIMIT_S)
            process.stderr.close()
        self.assertEqual([], self.marked(mark))


class Documents(unittest.TestCase):
    def test_the_examples_of_the_page_have_flags_that_exist(self):
        text = (ROOT / "docs/probe.md").read_text()
        known = set(re.findall(r"--[a-z-]+", probe("--help").stdout))
        examples = re.findall(r"(?m)^    troika probe (.*)$", text)
        self.assertGreaterEqual(len(examples), 4)
        for example in examples:
            for word in shlex.split(example):
                if word.startswith("--"):
                    self.assertIn(word.partition("=")[0], known, example)


if __name__ == "__main__":
    unittest.main()
