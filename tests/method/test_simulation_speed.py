#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark of the simulator serves every wiring, says for each how fast,
and simulates the same each time. No time is judged: tests judge the tool and not
the machine.
"""
import math
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
REQUESTS = 20000


def rows() -> dict[str, list[float]]:
    """Wiring -> CPU seconds, requests per second, p99 in ms."""
    done = subprocess.run([BUILD / "tests/speed/simulation", str(REQUESTS)], capture_output=True,
                          text=True, timeout=LIMIT_S, check=True)
    words = [line.split() for line in done.stdout.splitlines()[1:]]
    return {name: [float(word) for word in figures[:3]] for name, *figures in words}


class Speed(unittest.TestCase):
    def test_each_wiring_has_its_figures(self):
        first, second = rows(), rows()
        self.assertEqual(["loop", "threads", "pool", "loops", "offload", "token"], list(first))
        for name, (cpu_s, per_s, p99_ms) in first.items():
            with self.subTest(name):
                self.assertGreater(cpu_s, 0)
                # The seconds are printed to a millisecond.
                self.assertLess(abs(REQUESTS / per_s - cpu_s), 0.001)
                self.assertEqual(p99_ms, second[name][2])

    def test_what_is_simulated_is_the_queue(self):
        # The response of M/M/1 is exponential: 1 ms of work, 80 % load.
        self.assertAlmostEqual(1, rows()["loop"][2] / (5 * math.log(100)), delta=0.3)

    def test_too_few_are_refused(self):
        done = subprocess.run([BUILD / "tests/speed/simulation", "3"], capture_output=True,
                              text=True, timeout=LIMIT_S, check=False)
        self.assertEqual((1, "loop: 3 requests cannot be simulated\n"),
                         (done.returncode, done.stderr))


if __name__ == "__main__":
    unittest.main()
