#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `troika primitives` measures and stores.

No absolute time is judged. The one comparison is between a coroutine's switch and
the C library's, which makes a system call each time. It uses CPU time of one set
of repetitions, so that other work does not count, and has a margin of a factor
of ten or more.
"""
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
SANITIZED = BUILD.name in ("asan", "tsan")
LIMIT_S = 120
# Without those that need much preparation: memory, thousands of stacks.
SOME = ("coroutine-switch,coroutine-spawn,swapcontext,thread-create-join,fork-wait,"
        "handover,timer,syscall,clock")

sys.path.insert(0, str(ROOT / "tests/method"))
from test_results import errors, schema  # noqa: E402


def primitives(*arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    return subprocess.run([*prefix, str(BUILD / "troika"), "primitives", *arguments],
                          capture_output=True, text=True, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL)


class Primitives(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.done = primitives("--only", SOME, "-r", "5", "--format", "json",
                              "-o", cls.place.name)
        cls.result = json.loads(cls.done.stdout)
        cls.named = {p["name"]: p for p in cls.result["primitives"]}

    def test_stored_and_as_its_schema_says(self) -> None:
        self.assertEqual(0, self.done.returncode, self.done.stderr)
        stored = list(pathlib.Path(self.place.name).glob("primitives-*.json"))
        self.assertEqual(1, len(stored))
        self.assertEqual(self.result, json.loads(stored[0].read_text()))
        self.assertEqual([], list(errors(schema("primitives"), self.result)))
        self.assertFalse(self.result["whole"])

    def test_figures_follow_from_the_values(self) -> None:
        for one in self.result["primitives"]:
            with self.subTest(primitive=one["name"]):
                values = one["values_ns"]
                if one["why"]:
                    self.assertEqual([], values)
                    self.assertIsNone(one["median_ns"])
                    continue
                self.assertEqual(5, len(values))
                self.assertGreater(min(values), 0)
                self.assertAlmostEqual(1, one["median_ns"] / statistics.median(values), 9)
                lower, _, upper = statistics.quantiles(values, method="inclusive")
                self.assertAlmostEqual(1, one["lower_quartile_ns"] / lower, 9)
                self.assertAlmostEqual(1, one["upper_quartile_ns"] / upper, 9)
                self.assertEqual((min(values), max(values)), (one["min_ns"], one["max_ns"]))

    def test_a_switch_makes_no_system_call(self) -> None:
        if SANITIZED or platform.machine() not in ("x86_64", "aarch64"):
            self.skipTest("the C library's own switch, or a sanitizer's, is used")
        self.assertLess(3 * self.named["coroutine-switch"]["median_ns"],
                        self.named["swapcontext"]["median_ns"])

    def test_what_takes_two_cpus_says_so_on_one(self) -> None:
        cpu = min(os.sched_getaffinity(0))
        done = primitives("--only", "handover-pipe-*", "-r", "3", "--format", "json", "-n",
                          prefix=("taskset", "-c", str(cpu)))
        named = {p["name"]: p for p in json.loads(done.stdout)["primitives"]}
        self.assertIsNotNone(named["handover-pipe-same-cpu"]["median_ns"])
        for how in ("two-cpus", "unpinned"):
            self.assertIsNone(named[f"handover-pipe-{how}"]["median_ns"])
            self.assertIn("two CPUs", named[f"handover-pipe-{how}"]["why"])

    def test_wrong_words_are_usage_errors(self) -> None:
        for arguments in (("--only", "nothing"), ("-r", "2"), ("-r", "x"), ("--format", "xml")):
            self.assertEqual(2, primitives(*arguments).returncode, arguments)


if __name__ == "__main__":
    unittest.main()
