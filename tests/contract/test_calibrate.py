#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika calibrate on a small run of its own: what it stores, and what it
refuses to store.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))
sys.path.insert(0, str(ROOT / "tests" / "method"))
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
EXPERIMENT = """[experiment]
title = Two constants
question = Are they stored?
models = serial, event-loop
baseline = serial
blocks = 2
warmup = 100ms
window = 300ms

[cell hello]
workload = hello
connections = 4
"""


class Calibrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "calibrate.ini").write_text(EXPERIMENT)
        done = cls.troika("bench", "--allow-any-build", "--wait-for-quiet=0s", f"--output={cls.folder}/runs",
                          str(cls.folder / "calibrate.ini"))
        cls.measured = (cls.folder / "runs/latest").resolve()
        if done.returncode not in (0, 3):
            raise AssertionError(done.stderr)

    @classmethod
    def troika(cls, *words):
        return subprocess.run([str(BUILD / "troika"), *words], capture_output=True, text=True, timeout=LIMIT_S,
                              check=False)

    def setUp(self):
        self.run_path = self.folder / "copy"
        shutil.rmtree(self.run_path, ignore_errors=True)
        shutil.copytree(self.measured, self.run_path)
        self.file = self.folder / "machine.json"
        self.file.unlink(missing_ok=True)
        self.noise(0.01)

    def noise(self, sd):
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        run["noise"]["throughput_log_sd_median"] = sd
        path.write_text(json.dumps(run))

    def calibrate(self, *words):
        return self.troika("calibrate", f"--from={self.run_path}", f"--output={self.file}", *words)

    def trials(self, model):
        return [json.loads(path.read_text()) for path in (self.run_path / "trials").glob(f"*-{model}.json")]

    def test_constants_are_stored(self):
        done = self.calibrate()
        self.assertEqual(0, done.returncode, done.stderr)
        machine = json.loads(self.file.read_text())
        self.assertEqual([], list(errors(schema("machine"), machine)))
        self.assertFalse(machine["noisy"])
        # A thread that shares its core runs for some time, and for less than a second.
        self.assertGreater(machine["quantum_ns"], 1e4)
        self.assertLess(machine["quantum_ns"], 1e9)
        self.assertLess(machine["stall_share"], 1)
        self.assertGreaterEqual(machine["cores"], 1)
        self.assertEqual(["event-loop", "serial"], sorted(m["name"] for m in machine["models"]))
        for model in machine["models"]:
            costs = [t["cpu"]["per_request_ns"] for t in self.trials(model["name"]) if t["valid"]]
            constant = model["constants"]["request_ns"]
            self.assertAlmostEqual(sum(costs) / len(costs), constant["value"], places=3)
            self.assertEqual(len(costs), constant["n"])
            self.assertEqual({"value": None, "lo": None, "hi": None, "n": 0}, model["constants"]["call_ns"])

    def test_noise_is_refused_unless_it_is_allowed(self):
        for noise, said in ((0.5, "differ by 65 %, more than 10 %"), (None, "no repeated trials")):
            self.noise(noise)
            done = self.calibrate()
            self.assertEqual(3, done.returncode)
            self.assertIn(said, done.stderr)
            self.assertFalse(self.file.exists())
        done = self.calibrate("--noisy")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(json.loads(self.file.read_text())["noisy"])
        said = self.troika("predict", f"--machine={self.file}", "--cpu=1ms", "--rate=10").stdout
        self.assertIn("a noisy machine", said)

    def test_damage_is_refused(self):
        victim = next((self.run_path / "trials").glob("*-serial.json"))
        victim.write_text("{")
        done = self.calibrate()
        self.assertEqual(1, done.returncode)
        self.assertIn(str(victim), done.stderr)
        self.assertFalse(self.file.exists())
        (self.run_path / "run.json").write_text("{}")
        self.assertEqual(1, self.calibrate().returncode)
        shutil.rmtree(self.run_path)
        done = self.calibrate()
        self.assertEqual(1, done.returncode)
        self.assertIn("name a run's directory", done.stderr)

    def test_a_file_that_cannot_be_written_is_told(self):
        done = self.troika("calibrate", f"--from={self.run_path}", f"--output={self.folder}/nowhere/machine.json")
        self.assertEqual(1, done.returncode)
        self.assertIn("nowhere", done.stderr)


if __name__ == "__main__":
    unittest.main()
