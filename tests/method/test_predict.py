#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A prediction uses the server's number of workers, which the server chooses
by its CPUs (half of the machine's), and what a workload holds while it waits.
It is on disk before the load begins.

Only counts are compared, so a busy machine does not matter: an invalid trial has
them too.
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
title = Laws
question = Is each law made from what the server has and the workload does?
blocks = 1
warmup = 100ms
window = 200ms

[cell wait]
workload = wait
delay = 20ms
connections = 100
models = thread-pool

[cell gather]
workload = gather
delays = 5ms,10ms
connections = 1
models = serial, event-loop

[cell backend]
workload = gather
delays = 5ms,10ms
connections = 10
backend_workers = 3
models = event-loop

[cell block]
workload = block
delay = 10ms
share = 500
connections = 10
models = event-loop, event-loop-offload

[cell offload]
workload = block
delay = 10ms
share = 500
offload = 1
connections = 10
models = event-loop-offload
"""


@unittest.skipIf(BUILD.name in ("asan", "tsan"), "tsan has a thread of its own")
class Predict(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "laws.ini"
        path.write_text(EXPERIMENT)
        subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "-q", "-o", folder.name, path],
            stdout=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
        run = pathlib.Path(folder.name) / "latest"
        cls.trials = {
            file.stem: json.loads(file.read_text()) | {"ended_ns": file.stat().st_mtime_ns}
            for file in run.glob("trials/*.json")}
        cls.lines = [json.loads(line)
                     for line in (run / "predictions.jsonl").read_text().splitlines()]

    def prediction(self, cell: str, model: str) -> dict:
        return self.trials[f"laws-b1-{cell}-{model}"]["prediction"]

    def test_workers_are_the_servers(self):
        trial = self.trials["laws-b1-wait-thread-pool"]
        workers = trial["cell"]["workers"]
        self.assertEqual(trial["tasks"]["threads"], workers + 1, "the main one")
        self.assertEqual(trial["prediction"]["law"], "workers")
        self.assertAlmostEqual(trial["prediction"]["throughput_per_s"], workers / 0.02, places=6)
        self.assertEqual(trial["prediction"]["cause"] is None,
                         abs(trial["prediction"]["residual"]) <= 0.2)

    def test_on_the_disk_before_the_load(self):
        for trial in self.trials.values():
            told = [line for line in self.lines
                    if (line["trial_id"], line["attempt"]) == (trial["trial_id"], trial["attempt"])]
            self.assertEqual(len(told), 1)
            for key in ("law", "throughput_per_s"):
                self.assertEqual(told[0][key], trial["prediction"][key])
            begun_ns = datetime.datetime.fromisoformat(trial["started_at"]).timestamp() * 1e9
            self.assertGreaterEqual(told[0]["at_unix_ns"], begun_ns)
            self.assertLess(told[0]["at_unix_ns"], trial["ended_ns"] - trial["window_ns"])

    def test_waits_in_turn_add_up(self):
        self.assertAlmostEqual(self.prediction("gather", "serial")["throughput_per_s"], 1 / 0.015)
        self.assertAlmostEqual(self.prediction("gather", "event-loop")["throughput_per_s"], 100)

    def test_calls_at_once_are_many_to_the_backend(self):
        told = self.prediction("backend", "event-loop")
        self.assertEqual(told["law"], "backend")
        self.assertAlmostEqual(told["throughput_per_s"], 3 / 0.015)

    def test_a_call_that_blocks_holds_the_loop(self):
        for cell, model in (("block", "event-loop"), ("block", "event-loop-offload"),
                            ("offload", "event-loop-offload")):
            workers = self.trials[f"laws-b1-{cell}-{model}"]["cell"]["workers"]
            held = workers if cell == "offload" else 1
            told = self.prediction(cell, model)
            self.assertEqual(told["law"], "workers")
            self.assertAlmostEqual(told["throughput_per_s"], held / 0.005)


if __name__ == "__main__":
    unittest.main()
