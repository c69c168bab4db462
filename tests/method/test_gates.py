#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gates in a real run: other work on the machine makes a trial invalid and the
trial says so, except for figures read before the load; every gate is in every
trial, with value, limit and words.

tests/unit/gate*.c test each gate on synthetic facts.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import gates  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 120

EXPERIMENT = """[experiment]
title = Beside other work
question = Is it noticed?
models = event-loop
blocks = 1
warmup = 100ms
window = 500ms

[cell wait]
workload = wait
delay = 5ms
connections = 4
"""

SLEEPING = """[experiment]
title = Connections that sleep beside other work
question = What do they weigh?
models = event-loop
blocks = 1
warmup = 100ms
window = 500ms

[cell sleep]
workload = hello
mode = idle
connections = 200
active = 10%
"""

NEAR = """[experiment]
title = Nothing to do
question = Is it the server?
models = serial, event-loop
blocks = 2
warmup = 100ms
window = 300ms

[cell hello]
workload = hello
connections = 16
"""


class Gates(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gates-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def bench(self, *asked, text=EXPERIMENT):
        """The first trial of a run with only the named gates: on a shared
        machine other gates may fail at any moment, and their words would come
        first."""
        path = self.directory / "beside.ini"
        path.write_text(text)
        done = subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "--wait-for-quiet", "0s", "-o",
             self.directory / "results", path], capture_output=True, text=True,
            timeout=LIMIT_S, stdin=subprocess.DEVNULL,
            env={**os.environ,
                 "TROIKA_DISABLE_GATE": gates.all_but(BUILD / "troika", *asked)})
        self.assertIn(done.returncode, (0, 3), done.stderr)
        trials = self.directory.glob("results/latest/trials/*-event-loop.json")
        return json.loads(next(trials).read_text())

    def burn(self):
        """Starts other work on a fifth of the CPUs, at least on one."""
        for _ in range(os.cpu_count() // 5 + 1):
            burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            self.addCleanup(burner.wait)
            self.addCleanup(burner.kill)

    def test_other_work_makes_it_invalid(self):
        self.burn()
        trial = self.bench("foreign_cpu")
        foreign = next(g for g in trial["gates"] if g["id"] == "foreign_cpu")
        if foreign["value"] is None:
            self.skipTest(foreign["words"])
        self.assertFalse(foreign["ok"], foreign)
        self.assertGreater(foreign["value"], foreign["limit"])
        self.assertIn("other processes", trial["reason"])
        self.assertFalse(trial["valid"])
        self.assertGreater(trial["machine"]["foreign_ns"], 0)
        for gate in trial["gates"]:
            self.assertTrue(gate["words"], gate)
            self.assertEqual(gate["value"] is None, gate["limit"] is None)

    def test_other_work_leaves_what_was_read_before_the_load(self):
        """Other work does not spoil the memory of idle connections, which is
        read before the load."""
        self.burn()
        trial = self.bench("foreign_cpu", text=SLEEPING)
        if next(g for g in trial["gates"] if g["id"] == "foreign_cpu")["ok"]:
            self.skipTest("no foreign work was seen")
        self.assertTrue(trial["valid"], trial["reason"])
        gone = {row["figure"] for row in trial["withheld"]}
        self.assertTrue({"throughput", "latency", "cpu", "memory"} <= gone)
        self.assertNotIn("idle_memory", gone)
        run = json.loads((self.directory / "results/latest/run.json").read_text())
        for row in run["summary"]:
            if row["metric"] == "memory_per_idle_connection_bytes":
                self.assertEqual((1, 0), (row["n"], row["withheld"]))
                self.assertGreater(row["value"], 0)
            if row["metric"] == "cpu_per_request_ns":
                self.assertEqual((None, 1), (row["value"], row["withheld"]))
                self.assertIn("withheld: machine too busy: other processes", row["why"])

    def test_a_quota_that_is_asked_for(self):
        """The kernel lends a tick at most; so little CPU time is had on a busy machine too."""
        text = EXPERIMENT[:EXPERIMENT.index("[cell")].replace("300ms", "1s") + (
            "[cell spin]\nworkload = spin\nsteps = 100k\nconnections = 8\ncpu_quota = 5%\n")
        trial = self.bench("cpu_quota", text=text)
        if "with a CPU quota" in (trial.get("failure") or ""):
            self.skipTest(trial["failure"])
        self.assertTrue(trial["valid"], trial["reason"])
        self.assertEqual(0.05, trial["cell"]["cpu_quota"])
        self.assertGreater(trial["cpu"]["throttled_ns"], 0)
        self.assertLess(trial["cpu"]["user_ns"] + trial["cpu"]["system_ns"], 0.15e9)
        run = json.loads((self.directory / "results/latest/run.json").read_text())
        shares = [row for row in run["summary"] if row["metric"] == "throttled_share"]
        self.assertGreater(shares[0]["value"], 0)

    def test_switched_off_is_told(self):
        self.burn()
        trial = self.bench()
        foreign = next(g for g in trial["gates"] if g["id"] == "foreign_cpu")
        self.assertTrue(foreign["ok"])
        self.assertIn("switched off", foreign["words"])
        self.assertGreater(trial["platform"]["count"], 0)
        self.assertFalse(trial["overloaded"])

    def test_near_the_null_server_it_is_a_lower_bound(self):
        """On every known machine a server that does no work reaches 4,000/s; a
        build with sanitizers may be slower, and is then far from the null
        server."""
        trial = self.bench("generator_busy", "clients_busy", text=NEAR)
        rate, ceiling = trial["throughput_per_s"], trial["ceiling_per_s"]
        run = json.loads((self.directory / "results/latest/run.json").read_text())
        self.assertEqual(rate >= 4000, ceiling is not None)
        busy = [g for g in trial["gates"] if not g["ok"]
                and g["id"] in ("generator_busy", "clients_busy")]
        self.assertEqual(ceiling is not None and rate > 0.7 * ceiling or bool(busy),
                         trial["generator_bound"])
        self.assertTrue(trial["valid"], "a bound is an answer")
        self.assertLessEqual(len(run["ceilings"]), 1, "once per run")
        for row in run["comparisons"]:
            both = [s["generator_bound"] for s in run["summary"]
                    if s["metric"] == row["metric"]]
            self.assertLessEqual(all(both), row["generator_bound"], row["metric"])
            self.assertLessEqual(row["generator_bound"], any(both), row["metric"])
            if row["generator_bound"]:
                self.assertEqual("generator", row["bound_by"])
                self.assertEqual("inconclusive", row["verdict"])
        for row in run["summary"]:
            if row["metric"] == "cpu_per_request_ns":
                self.assertFalse(row["generator_bound"])


if __name__ == "__main__":
    unittest.main()
