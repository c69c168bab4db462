#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Slice mode end to end: all servers are up, one load moves between them, each
model has a trial, and the comparisons follow from the stored slices.

Nothing is judged by speed, and on a busy machine some trials may be invalid.
"""
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import test_results

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 100
BLOCKS, ROUNDS, SLICE_NS, COUNTED_NS = 2, 3, 150_000_000, 100_000_000

EXPERIMENT = f"""[experiment]
models = event-loop, thread-per-request
baseline = event-loop
noise_floor = yes
blocks = {BLOCKS}
warmup = 100ms

[cell hello]
workload = hello
mode = slice
slices = {ROUNDS}
slice = 150ms
discard = 50ms
connections = 4
"""


def bench(*argv) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BUILD / "troika", "bench", "--allow-any-build", *argv],
        capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)


class Slices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="slices-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        path = cls.directory / "side.ini"
        path.write_text(EXPERIMENT)
        done = bench("--seed", "7", "-o", cls.directory / "results", path)
        if done.returncode not in (0, 3):
            raise AssertionError(done.stderr)
        cls.place = (cls.directory / "results/latest").resolve()
        cls.read()

    @classmethod
    def read(cls):
        cls.run_json = json.loads((cls.place / "run.json").read_text())
        cls.trials = [json.loads(p.read_text())
                      for p in sorted((cls.place / "trials").glob("*.json"))
                      if ".attempt" not in p.name]

    def block(self, number):
        return [t for t in self.trials if t["block"] == number and "slices" in t]

    def test_a_files_match_their_schemas(self):
        self.assertEqual([], list(test_results.errors(
            test_results.schema("run"), self.run_json)))
        self.assertEqual(3 * BLOCKS, len(self.trials))
        for trial in self.trials:
            self.assertEqual([], list(test_results.errors(
                test_results.schema("trial"), trial)))
            self.assertEqual(
                {"count": ROUNDS, "slice_ns": SLICE_NS,
                 "discard_ns": SLICE_NS - COUNTED_NS},
                trial["cell"]["load"]["slices"])

    def test_b_every_round_has_every_model_once(self):
        orders = []
        for number in range(1, BLOCKS + 1):
            block = self.block(number)
            if len(block) < 3:
                continue
            for i in range(ROUNDS):
                starts = sorted(t["slices"][i]["started_ns"] for t in block)
                self.assertEqual(
                    [(3 * i + k) * SLICE_NS for k in range(3)], starts)
            orders.append([[s["started_ns"] for s in t["slices"]] for t in block])
        if len(orders) == BLOCKS:
            self.assertNotEqual(orders[0], orders[1])

    def test_c_figures_are_of_the_counted_parts(self):
        for trial in self.trials:
            if "slices" not in trial:
                continue
            completed = sum(s["completed"] for s in trial["slices"])
            self.assertEqual({COUNTED_NS},
                             {s["counted_ns"] for s in trial["slices"]})
            self.assertLessEqual(completed, trial["requests"]["completed_in_window"])
            self.assertAlmostEqual(
                1, trial["throughput_per_s"]
                / (completed * 1e9 / (ROUNDS * COUNTED_NS)), places=9)
            read = [s for s in trial["slices"] if s["sampled"]]
            self.assertEqual(read, [s for s in trial["slices"] if s["late_ns"] <= 5_000_000])
            if sum(s["completed"] for s in read):
                cpu = sum(s["cpu_ns"] for s in read) / sum(s["completed"] for s in read)
                self.assertAlmostEqual(
                    cpu, trial["cpu"]["per_request_ns"], delta=1)

    def test_d_comparisons_follow_from_the_pairs(self):
        metrics = {row["metric"] for row in self.run_json["summary"]}
        self.assertEqual({"throughput_per_s", "cpu_per_request_ns"}, metrics)
        for row in self.run_json["comparisons"]:
            logs, of_cpu = [], row["metric"] == "cpu_per_request_ns"
            for number in range(1, BLOCKS + 1):
                figure = row["metric"].split("_")[0]
                of = {t["cell"]["model"]: t for t in self.block(number) if t["valid"]
                      and figure not in {w["figure"] for w in t["withheld"]}}
                if row["a"] not in of or row["b"] not in of:
                    continue
                for a, b in zip(of[row["a"]]["slices"], of[row["b"]]["slices"]):
                    if of_cpu and not (a["sampled"] and b["sampled"]):
                        continue  # it takes its pair along
                    ratio = a["completed"] / b["completed"]
                    if of_cpu:
                        ratio = a["cpu_ns"] / b["cpu_ns"] / ratio
                    logs.append(math.log(ratio))
            self.assertEqual(len(logs), row["slice_pairs"])
            self.assertEqual(len(logs), row["n"])  # stretches of one round each
            self.assertAlmostEqual(
                1, row["ratio"] / math.exp(sum(logs) / len(logs)), places=9)
            self.assertIn(f"from {len(logs)} pairs of slices", row["words"])

    def test_e_the_report_reads_what_bench_stored(self):
        """The report works with the baseline's second copy and with withheld
        figures."""
        done = subprocess.run([sys.executable, ROOT / "reports/report.py", "--only", "report",
                               self.place], capture_output=True, text=True, timeout=LIMIT_S)
        code = 3 if self.run_json.get("untrusted") else 0  # gates that tests switch off
        self.assertEqual(code, done.returncode, done.stderr)

    def test_f_a_block_is_resumed_as_a_whole(self):
        kept = {t["trial_id"]: t for t in self.trials if t["block"] == 1}
        redone = {t["trial_id"]: t for t in self.trials if t["block"] == 2}
        (self.place / f"trials/{sorted(redone)[0]}.json").unlink()
        done = bench(f"--resume={self.place}")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.read()
        self.assertEqual(3 * BLOCKS, len(self.trials))
        for trial in self.trials:
            name = trial["trial_id"]
            if name in kept:
                self.assertEqual(kept[name], trial)
            elif "slices" in trial:
                self.assertNotEqual(redone[name].get("slices"), trial["slices"])
        self.assertEqual(3 * BLOCKS, self.run_json["tally"]["done"])


if __name__ == "__main__":
    unittest.main()
