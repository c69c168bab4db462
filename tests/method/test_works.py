#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Requests that differ, in a real run. Light and heavy ones: each class has its
times, heavy requests have the right share and wait, and the summary has figures
for both. Varied ones: many answers come long before the mean wait, and their
mean shows that the waits were kept.
Gates do not matter here: trials that a busy machine makes invalid hold these
facts too.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import gates  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 120
SHARE, DELAY_NS = 0.1, 20_000_000

EXPERIMENT = """[experiment]
models = event-loop, event-loop-offload
blocks = 1
workload = block
share = 100
delay = 20ms
offload = 1
warmup = 200ms
window = 1s

[cell closed]
connections = 4

[cell open]
mode = open
rate = 100
"""

VARIED = """[experiment]
models = event-loop, event-loop-offload, thread-per-request
blocks = 1
warmup = 200ms
window = 1s

[cell varied]
workload = service
delay = 20ms
calls = 2
steps = 20k
cv_wait = 100
cv_cpu = 100
connections = 16
"""


class Works(unittest.TestCase):
    def run_once(self, folder: str, experiment: str = EXPERIMENT) -> tuple[list[dict], dict]:
        path = pathlib.Path(folder) / "works.ini"
        path.write_text(experiment)
        done = subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "-q", "-o", folder, path],
            capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL,
            env={**os.environ, "TROIKA_DISABLE_GATE": gates.all_but(BUILD / "troika")})
        self.assertIn(done.returncode, (0, 3), done.stderr)
        latest = pathlib.Path(folder) / "latest"
        trials = [json.loads(path.read_text()) for path in latest.glob("trials/*.json")
                  if ".attempt" not in path.name]
        return trials, json.loads((latest / "run.json").read_text())

    def test_classes(self) -> None:
        for _ in range(3):  # a machine that stands still for a whole window says nothing
            with tempfile.TemporaryDirectory(prefix="works-") as folder:
                trials, run = self.run_once(folder)
            if all(t.get("requests", {}).get("ok", 0) > 40 for t in trials):
                break
        self.assertEqual(len(trials), 4)
        for trial in trials:
            latency, requests = trial["latency"], trial["requests"]
            light, heavy = latency["classes"]["light"], latency["classes"]["heavy"]
            total = latency[latency["kind"]]["count"]
            self.assertEqual(requests["wrong"], 0)
            self.assertEqual(light["count"] + heavy["count"], total)
            # Evenly spread, except for requests in flight at the window's ends.
            self.assertAlmostEqual(heavy["count"], total * SHARE, delta=12)
            self.assertGreaterEqual(heavy["mean_ns"], 0.99 * DELAY_NS)
            self.assertEqual(latency[latency["kind"]]["max_ns"],
                             max(light["max_ns"], heavy["max_ns"]))
            floor, = (g for g in trial["gates"] if g["id"] == "service_floor")
            self.assertIsNotNone(floor["value"], floor["words"])
        metrics = {row["metric"] for row in run["summary"]}
        self.assertLess({"latency_light_p50_ns", "latency_light_p99_ns",
                         "latency_heavy_p50_ns"}, metrics)
        for point in run["experiments"][0]["load_points"]:
            self.assertIs(point["classes"], True)

    def test_varied(self) -> None:
        """Of some 500 requests: their mean wait is within a fifth of 20 ms, or longer
        on a machine that stands still."""
        with tempfile.TemporaryDirectory(prefix="works-") as folder:
            trials, run = self.run_once(folder, VARIED)
        self.assertEqual(len(trials), 3)
        for trial in trials:
            service = trial["latency"]["service"]
            self.assertEqual(trial["requests"]["wrong"], 0)
            self.assertGreater(service["mean_ns"], 0.8 * DELAY_NS)
            median, = (row["ns"] for row in service["percentiles"] if row["p"] == 50)
            self.assertLess(median, service["mean_ns"])
            floor, = (g for g in trial["gates"] if g["id"] == "service_floor")
            self.assertIn("on average", floor["words"])
            self.assertLess(floor["value"], floor["limit"])
            self.assertGreater(trial["bare"]["per_s"], 0)
        point, = run["experiments"][0]["load_points"]
        self.assertEqual(point["wait_ns"], DELAY_NS)


if __name__ == "__main__":
    unittest.main()
