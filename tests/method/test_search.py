#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""troika search: the command line, and a whole search with short steps.

The self-test (group search) and tests/unit/search.c check whether the figure is
right. No figure is judged here, because other work on the machine may change it
or make a step invalid: exit code 3 is as good as 0.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
# Gates that other work on the machine may fail within steps of 60 ms.
OFF = ("generator_lag,generator_lag_median,arrivals,steady,little,clock,machine_speed,"
       "steal,foreign_cpu,kernel_drops")
PHASES = ["ceiling", "floor", "bisection", "staircase", "cautious"]


def search(*arguments: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(BUILD / "troika"), "search", *arguments],
                          capture_output=True, text=True, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL, **more)


class Usage(unittest.TestCase):
    def refused(self, sentence: str, *arguments: str) -> None:
        done = search(*arguments)
        self.assertEqual(2, done.returncode, done)
        self.assertEqual("", done.stdout)
        self.assertIn(sentence, done.stderr)
        self.assertNotIn("/tmp/", done.stderr)

    def test_what_is_wrong_is_said(self):
        slo = ("--slo", "p99<60ms")
        model = ("event-loop", "--workload", "wait")
        self.refused("--limit 'p99<50ms'", *model)
        self.refused("--url", *slo)
        self.refused("did you mean event-loop?", "event-lop", "--workload", "wait", *slo)
        self.refused("no server can keep it", *model, "--delay=70ms", *slo)
        self.refused('no parameter "steps"', *model, "--steps=5", *slo)
        self.refused("do not go with --url", *model, "--url", "127.0.0.1:1", *slo)
        self.refused("needed: p99<100ms", *model, "--slo", "60ms")

    def test_no_server(self):
        for url, address in (("http://127.0.0.1:1/", "127.0.0.1:1: "),
                             ("http://[::1]:1/", "[::1]:1: "),
                             ("http://localhost:1/", "127.0.0.1:1: ")):
            done = search("--url", url, "--slo", "p99<60ms")
            self.assertEqual(1, done.returncode)
            self.assertIn(address, done.stderr)
            self.assertIn("is the server running?", done.stderr)

    def test_an_odd_url_is_wrong_usage(self):
        for url, words in (("http://u@h/", "user names"), ("https://h/", "TLS"),
                           ("http://h:0/", "port 0")):
            self.refused(words, "--slo", "p99<60ms", "--url", url)


class Whole(unittest.TestCase):
    def setUp(self):
        self.server = subprocess.Popen([str(BUILD / "models/event-loop"), "--port", "0"],
                                       stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.server.stdout.readline())["port"]

    def tearDown(self):
        self.server.kill()
        self.server.wait(LIMIT_S)
        self.server.stdout.close()

    def test_a_search(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "found.json"
            done = search("--url", f"http://127.0.0.1:{self.port}/hello",
                          "--slo", "p50<300ms", "--step", "60ms", "--warmup", "10ms",
                          "-c", "16", "--format", "json", "-o", str(path),
                          env={**os.environ, "TROIKA_DISABLE_GATE": OFF})
            self.assertEqual(3, done.returncode, done.stderr)  # gates are switched off
            self.assertIn("NOT TO BE TRUSTED", done.stderr)
            self.assertIn("steps of", done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual(found, json.loads(path.read_text()))
            self.assertEqual([path.name], os.listdir(folder))
        (one,) = found["searched"]
        capacity = one["capacity"]
        steps = capacity["steps"]
        self.assertEqual("ceiling", steps[0]["phase"])
        phases = [PHASES.index(step["phase"]) for step in steps]
        self.assertEqual(sorted(phases), phases)
        if one["valid"] and not capacity["cannot_meet"]:
            self.assertGreater(capacity["last_success"], 0)
            self.assertGreater(capacity["estimate_per_s"] or capacity["last_success"], 0)


if __name__ == "__main__":
    unittest.main()
