#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The self-test's firm part: what must hold on any machine, however busy.

Counts, gates and mutants do not depend on how fast the machine is; the tests
of delays and queues do, and run with `make selftest`. The stored result is
held to its schema.
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
TROIKA = str(BUILD / "troika")
LIMIT_S = 120
FIRM = ("fault", "mutant-drop", "mutant-errors", "mutant-unchecked", "mutant-skip",
        "mutant-from-sent", "mutant-outliers", "generator-slow", "generator-ports",
        "backlog-overflow", "trial-killed", "trial-moved", "trial-left-group",
        "trial-descriptors", "trial-facts", "statistics-verdicts")
# The thread sanitizer adds threads of its own, which the meter rightly counts.
FIRM += () if BUILD.name == "tsan" else ("meter-count",)
# These need privileges, a second CPU or a quiet machine, and say so if they are
# skipped or undecided.
MAY_BE_SKIPPED = {"generator-ports", "trial-moved", "trial-left-group",
                  "mutant-from-sent", "mutant-outliers", "fault-hung-one"}

sys.path.insert(0, str(ROOT / "tests/method"))
from test_results import errors, schema  # noqa: E402


def selftest(*arguments: str, off: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([TROIKA, "selftest", *arguments], capture_output=True, text=True,
                          timeout=LIMIT_S, stdin=subprocess.DEVNULL,
                          env={**os.environ, "TROIKA_DISABLE_GATE": off})


class Selftest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.done = selftest("--only", ",".join(FIRM), "--format", "json", "-o", cls.place.name)
        cls.result = json.loads(cls.done.stdout)

    def test_every_fault_is_caught(self) -> None:
        for test in self.result["tests"]:
            with self.subTest(test=test["name"]):
                if test["skipped"] and test["name"] in MAY_BE_SKIPPED:
                    continue
                self.assertTrue(test["pass"], json.dumps(test, indent=1))
                self.assertIsNone(test["skipped"])
        self.assertIn(self.done.returncode, (0, 3), self.done.stderr)

    def test_the_result_is_stored_and_matches_its_schema(self) -> None:
        stored = list(pathlib.Path(self.place.name).glob("selftest-*.json"))
        self.assertEqual(1, len(stored))
        self.assertEqual(self.result, json.loads(stored[0].read_text()))
        self.assertEqual([], list(errors(schema("selftest"), self.result)))
        self.assertFalse(self.result["whole"])

    def test_the_tally_agrees(self) -> None:
        tests = self.result["tests"]
        self.assertEqual(len(tests), sum(self.result[k] for k in
                                         ("passed", "failed", "skipped")))
        self.assertGreaterEqual(len(tests), 18)
        for test in tests:
            self.assertTrue(test["checks"] or test["skipped"], test["name"])
            if not test["skipped"]:
                self.assertEqual(test["pass"], all(c["pass"] for c in test["checks"]))
            if not test["skipped"]:
                self.assertTrue(test["expected"] and test["seen"], test["name"])

    def test_there_are_at_least_twenty_with_names_of_their_own(self) -> None:
        names = [line.split()[0] for line in selftest("--list").stdout.splitlines()]
        self.assertGreaterEqual(len(names), 20)
        self.assertEqual(len(names), len(set(names)))

    def test_an_unknown_name_is_refused(self) -> None:
        done = selftest("--only", "no-such-test")
        self.assertEqual(2, done.returncode)
        self.assertIn("no-such-test", done.stderr)


if __name__ == "__main__":
    unittest.main()
