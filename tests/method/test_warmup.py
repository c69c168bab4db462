#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A warm-up that is found out: once per workload, before the first trial, at
least as long as the file says, stored, and the same for all models.

When a server counts as settled is tested in tests/unit/calibration.c.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 120

EXPERIMENT = """[experiment]
title = Warm-up
question = How long?
models = event-loop
calibrate_warmup = yes
blocks = 1
warmup = 50ms
window = 200ms
delay = 20ms
connections = 4

[cell short]
workload = wait

[cell rate]
workload = wait
mode = open
rate = 100
"""


class Warmup(unittest.TestCase):
    def bench(self, *arguments):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="warmup-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        (directory / "found.ini").write_text(EXPERIMENT)
        done = subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "-o",
             directory / "results", *arguments, directory / "found.ini"],
            capture_output=True, text=True, timeout=LIMIT_S,
            stdin=subprocess.DEVNULL)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return json.loads((directory / "results/latest/run.json").read_text())

    def test_found_frozen_and_told(self):
        points = self.bench()["experiments"][0]["load_points"]
        self.assertEqual(points[0]["calibration"], points[1]["calibration"],
                         "once per workload")
        settled = points[0]["calibration"]["settled_ns"]
        models = points[0]["calibration"]["models"]
        self.assertEqual(["event-loop"], list(models))
        self.assertEqual(settled, models["event-loop"] or 0)
        for point in points:
            self.assertGreaterEqual(point["warmup_ns"], 5 * 20_000_000, "five waits")
            self.assertGreaterEqual(point["warmup_ns"], settled)

    def test_one_that_is_given_stands(self):
        for point in self.bench("--warmup", "30ms")["experiments"][0]["load_points"]:
            self.assertEqual(30_000_000, point["warmup_ns"])
            self.assertNotIn("calibration", point)


if __name__ == "__main__":
    unittest.main()
