#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program that compares load generators: its arithmetic, and one run of
`troika load` alone, in which no speed is judged.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 60

sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/method"), str(ROOT / "harness")]
import generators  # noqa: E402
from test_results import errors, schema  # noqa: E402


class Arithmetic(unittest.TestCase):
    def test_interval_of_the_median(self) -> None:
        # The values are 1..n, so the interval's ends are the ranks known from tables.
        for n, low in ((5, 1), (6, 1), (8, 1), (9, 2), (12, 3), (20, 6), (30, 10)):
            with self.subTest(n=n):
                found = generators.middle([float(i) for i in range(n, 0, -1)])
                self.assertEqual((n + 1) / 2, found["median"])
                self.assertEqual((low, n + 1 - low), (found["low"], found["high"]))

    def test_ratios_are_taken_within_rounds(self) -> None:
        def figures(rate: float, cpu: float) -> dict:
            return {"rate_per_s": rate, "cpu_us_per_request": cpu,
                    "user_us_per_request": 1, "server_cpu_us_per_request": 1,
                    "said_rate_per_s": 1}

        # The machine halves its speed; each round's ratio stays what it is.
        rounds = [{"troika": figures(3 * speed, 1 / speed),
                   "wrk": figures(2 * speed, 2 / speed)} for speed in (1, 0.5, 4)]
        row = generators.summarise(rounds)["wrk"]
        self.assertEqual({"median": 1.5, "low": 1.5, "high": 1.5}, row["rate_ratio"])
        self.assertEqual({"median": 0.5, "low": 0.5, "high": 0.5}, row["cpu_ratio"])


class Run(unittest.TestCase):
    def test_stored_and_counted_by_the_server(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            done = subprocess.run(
                ["/usr/bin/python3", "-B", str(ROOT / "harness/generators.py"),
                 "--build", str(BUILD), "--rounds", "1", "--seconds", "1",
                 "-c", "4", "--only", "wrk", "-o", place],
                capture_output=True, text=True, timeout=LIMIT_S,
                env=dict(os.environ, TROIKA_URGENCY="no", PATH=place))
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.assertIn("left out: wrk is not installed", done.stderr)
            [path] = pathlib.Path(place).glob("generators-*.json")
            stored = json.loads(path.read_text())
        self.assertEqual([], list(errors(schema("generators"), stored)))
        self.assertFalse(stored["urgent"])
        [run] = stored["rounds"]
        self.assertEqual(["troika"], list(run))
        # Its window cannot have more answers than the server gave.
        window_s = 1 - generators.WARMUP_MS / 1000
        self.assertLessEqual(run["troika"]["said_rate_per_s"] * window_s,
                             run["troika"]["requests"])
        self.assertEqual(1, stored["summary"]["troika"]["rate_ratio"]["median"])


if __name__ == "__main__":
    unittest.main()
