#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A prediction is made from the workers that the server has, which chooses
their number by the CPUs that it is given: half of the machine's.

Counts alone are compared, so a busy machine does not matter; a trial that it
made invalid has them too.
"""
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 100

EXPERIMENT = """[experiment]
title = A pool by default
question = Is the number of its workers as stored?
models = thread-pool
blocks = 1
warmup = 100ms
window = 200ms

[cell wait]
workload = wait
delay = 20ms
connections = 100
"""


@unittest.skipIf(BUILD.name in ("asan", "tsan"), "tsan has a thread of its own")
class Predict(unittest.TestCase):
    def test_workers_are_the_servers(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "pool.ini"
            path.write_text(EXPERIMENT)
            subprocess.run(
                [BUILD / "troika", "bench", "--allow-any-build", "-q", "-o", folder, path],
                stdout=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
            stored = list(pathlib.Path(folder).glob("2*/trials/pool-b1-wait-thread-pool.json"))
            self.assertTrue(stored)
            trial = json.loads(stored[0].read_text())
            written_ns = stored[0].stat().st_mtime_ns
            lines = [json.loads(line) for path in pathlib.Path(folder).glob("2*/predictions.jsonl")
                     for line in path.read_text().splitlines()]
        workers = trial["cell"]["workers"]
        self.assertEqual(trial["tasks"]["threads"], workers + 1, "the main one")
        self.assertEqual(trial["prediction"]["law"], "workers")
        # The bare ceiling's CPU time is added to the 20 ms, if there is one.
        self.assertLessEqual(trial["prediction"]["throughput_per_s"], workers / 0.02 + 1e-6)
        self.assertEqual(trial["prediction"]["cause"] is None,
                         abs(trial["prediction"]["residual"]) <= 0.2)
        # What the trial is held against was on the disk before its load began.
        told = lines[trial["attempt"] - 1]
        self.assertEqual((told["trial_id"], told["attempt"]), (trial["trial_id"], trial["attempt"]))
        for key in ("law", "throughput_per_s"):
            self.assertEqual(told[key], trial["prediction"][key])
        self.assertEqual(told["workers"], workers)
        begun_ns = datetime.datetime.fromisoformat(trial["started_at"]).timestamp() * 1e9
        self.assertLess(told["at_unix_ns"], written_ns - trial["window_ns"])
        self.assertGreaterEqual(told["at_unix_ns"], begun_ns)


if __name__ == "__main__":
    unittest.main()
