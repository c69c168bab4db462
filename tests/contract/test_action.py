#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What action.yml runs, without GitHub: a tiny experiment is measured twice, and the
job's summary, its annotations and its exit code say what became of it.

Gates that a busy machine fails are off, so the runs are not to be trusted, which they say.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "reports")]
import annotations  # noqa: E402
import gates  # noqa: E402

BUILD = (ROOT / os.environ.get("TROIKA_BUILD", "build/release")).resolve()
TROIKA = BUILD / "troika"
LIMIT_S = 240
TINY = """[experiment]
question = Does the action tell what happened?
blocks = 2
window = 300ms
warmup = 100ms
models = event-loop, serial

[cell wait]
workload = wait
delay = 5ms
connections = 4
"""


class Action(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        (cls.folder / "tiny.ini").write_text(TINY)
        cls.off = gates.all_but(TROIKA)
        done, cls.first = cls.action(cls.folder)
        assert cls.first is not None, done.stdout + done.stderr

    @classmethod
    def action(cls, folder: pathlib.Path, **asked: str):
        """What it said, and the run that it made or None; the summary is in folder/summary.md."""
        outputs = folder / "outputs"
        outputs.write_text("")
        (folder / "summary.md").write_text("")
        given = {"PROGRAM": str(TROIKA), "EXPERIMENT": str(cls.folder / "tiny.ini"), "RESULTS": str(folder / "results"),
                 "ARGUMENTS": "--wait-for-quiet 0s --allow-any-build"} | asked
        done = subprocess.run(
            [ROOT / ".ci/action"], capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=folder,
            env=os.environ | {f"ASKED_{k}": v for k, v in given.items()} | {
                "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_OUTPUT": str(outputs), "TROIKA_DISABLE_GATE": cls.off})
        found = re.search(r"^run=(.*)$", outputs.read_text(), re.M)
        return done, found and pathlib.Path(found[1])

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.own = pathlib.Path(folder.name)

    def test_a_run_without_a_baseline(self):
        """Of the class's own run."""
        self.assertTrue((self.first / "run.json").is_file())
        self.assertTrue((self.first / "report/index.html").is_file())
        self.assertFalse((self.first / "compared").exists())

    def test_a_baseline_and_limits_that_are_missed(self):
        done, run = self.action(self.own, BASELINE=str(self.first), MAX_REGRESSION="99%",
                                ARGUMENTS="--wait-for-quiet 0s --allow-any-build --threshold 'mem<1KiB' --threshold 'rps>1'")
        self.assertEqual(4, done.returncode, done.stdout + done.stderr)
        text = (self.own / "summary.md").read_text()
        self.assertRegex(text, r"(?m)^## Troika: .*tiny.ini$")
        self.assertRegex(text, r"(?m)^### \d+ regressions?, \d+ improvements?, .*undecided")
        self.assertIn("max-regression", text)
        errors = [line for line in done.stdout.splitlines() if line.startswith("::error")]
        self.assertIn("::error title=Troika%3A limit::mem<1KiB is not kept in 2 of 2 cells: tiny wait", "\n".join(errors))
        self.assertNotIn("rps>1", "\n".join(errors))
        self.assertRegex(done.stdout, r"(?m)^::notice title=Troika::\d+ regression")
        self.assertTrue((run / "compared/index.html").is_file())

    def test_invalid_runs_fail_only_if_asked(self):
        """A run with gates switched off ends with 3."""
        done, _ = self.action(self.own)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("::warning title=Troika::NOT TO BE TRUSTED", done.stdout)
        done, _ = self.action(self.own, INVALID="fail")
        self.assertEqual(3, done.returncode, done.stdout + done.stderr)

    def test_what_is_asked_wrongly(self):
        for asked, code, said in (
            ({"EXPERIMENT": "nothing-of-that-name"}, 2, "::error title=Troika::troika bench ended with exit code 2"),
            ({"ARGUMENTS": "'"}, 2, "a quote that is not closed"),
            ({"ARGUMENTS": "$(touch planted) `touch planted`"}, 2, "exit code 2"),
            ({"ARGUMENTS": "--run-file mine"}, 2, 'output "run"'),
            ({"ARGUMENTS": "--dry-run --run-f=mine"}, 2, 'output "run"'),
            ({"INVALID": "maybe"}, 2, "neither warn nor fail"),
        ):
            with self.subTest(asked):
                done, run = self.action(self.own, **asked)
                self.assertEqual(code, done.returncode, done.stdout + done.stderr)
                self.assertIn(said, done.stdout)
                self.assertIsNone(run)
        self.assertFalse((self.own / "planted").exists())
        self.assertFalse((self.own / "mine").exists())
        done, _ = self.action(self.own, BASELINE=str(self.own / "nowhere"))
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIn("troika compare ended with exit code 1", done.stdout)

    def test_a_plan_is_no_run(self):
        done, run = self.action(self.own, ARGUMENTS="--dry-run")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIsNone(run)

    def test_the_file_gives_all_that_the_script_reads(self):
        text = (ROOT / "action.yml").read_text()
        inputs = re.findall(r"^  ([a-z-]+):$", text.split("outputs:")[0], re.M)
        given = dict(re.findall(r"^        ASKED_(\w+): \$\{\{ inputs\.([a-z-]+) \}\}$", text, re.M))
        self.assertEqual(sorted(inputs), sorted(given.values()))
        self.assertEqual({name: name.lower().replace("_", "-") for name in given}, given)
        read = set(re.findall(r"ASKED_([A-Z_]+)[:}\"]", (ROOT / ".ci/action").read_text()))
        self.assertEqual(read - {"PROGRAM"}, set(given))
        # Inputs are words of the environment and never of a shell's text.
        self.assertEqual([], re.findall(r"run: .*\$\{\{", text))
        self.assertIn(json.dumps(str(pathlib.Path("$GITHUB_ACTION_PATH/.ci/action"))), text)


class Annotations(unittest.TestCase):
    ROW = {"experiment": "e", "load_point": "p", "model": "m", "metric": "throughput_per_s", "a": 100.0, "b": 80.0, "n": 6,
           "verdict": "worse", "phrase": "A is 25 % better", "regression": None}

    def told(self, *rows: dict, lost: int = 0, limit: dict | None = None) -> list[str]:
        return annotations.of_comparison({"verdict": "v", "a": {"run_id": "r"}, "rows": list(rows), "tally": {"lost": lost},
                                          "max_regression": limit})

    def test_only_what_exceeds_a_limit_is_an_error(self):
        self.assertEqual(["::notice title=Troika::v (against r)",
                          "::warning title=Troika%3A worse::e p m: throughput 100/s before, 80.0/s now: A is 25 %25 better"],
                         self.told(self.ROW))
        self.assertIn("::error title=Troika%3A regression::e p m", self.told(self.ROW | {"regression": "worse"})[1])
        self.assertEqual(1, len(self.told(self.ROW | {"verdict": "same", "regression": "kept"})))
        self.assertEqual(1, len(self.told(self.ROW | {"verdict": "better"})))
        self.assertTrue(self.told(lost=2)[1].startswith("::warning"))
        self.assertTrue(self.told(lost=2, limit={})[1].startswith("::warning"))
        self.assertTrue(self.told(lost=2, limit={"share": 0.05})[1].startswith("::error"))

    def test_no_stored_text_begins_a_command(self):
        row = self.ROW | {"model": "x\n::error::y", "regression": "worse"}
        self.assertEqual(2, len("\n".join(self.told(row)).splitlines()))

    def test_limits(self):
        cells = [{"experiment": "e", "load_point": "p", "model": f"m{i}", "value": v} for i, v in enumerate((0.02, None, 1, 1, 1, 1))]
        said = annotations.of_run({"thresholds": [{"text": "err<1%", "metric": None, "met": False, "cells": 9, "missed": cells},
                                                  {"text": "rps>1", "metric": None, "met": True, "cells": 9, "missed": []}],
                                   "tally": {"invalid": 2, "planned": 9}})
        self.assertEqual(2, len(said))
        self.assertIn("err<1%25 is not kept in 6 of 9 cells: e p m0 2.00 %25 errors; e p m1 no figure; ", said[0])
        self.assertIn("and 1 more", said[0])
        self.assertIn("2 of 9 trials are invalid", said[1])


if __name__ == "__main__":
    unittest.main()
