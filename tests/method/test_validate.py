#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika validate with one service: forecasts are on the disk before anything
is measured, and errors are of what the run's summary says. How large they are
is no test's affair: a busy machine decides that.
"""
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "contract"))
from test_forecast import machine, model  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 300
SEED = 20260101
FOLDER = ROOT / f"results/validation-{SEED}"


@unittest.skipUnless(BUILD.name == "release", "what a sanitizer build measures is not recorded")
class Validate(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.scratch)
        shutil.rmtree(FOLDER, ignore_errors=True)
        self.addCleanup(shutil.rmtree, FOLDER, ignore_errors=True)
        constants = machine()
        constants["models"] += [model("process-per-request", "process", parallel=True)]
        (self.scratch / "machine.json").write_text(json.dumps(constants))

    def validate(self):
        return subprocess.run(
            [str(BUILD / "troika"), "validate", "-n1", f"--seed={SEED}", "--wait-for-quiet=0s",
             f"--machine={self.scratch}/machine.json"],
            capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def test_one_service(self):
        done = self.validate()
        self.assertIn(done.returncode, (0, 3), done.stderr)
        run = json.loads((FOLDER / "latest/run.json").read_text())
        begun = datetime.datetime.fromisoformat(run["started_at"].replace("Z", "+00:00")).timestamp()
        self.assertLessEqual((FOLDER / "forecasts.json").stat().st_mtime, begun + 1)
        forecasts = {row["model"]: row for row in json.loads((FOLDER / "forecasts.json").read_text())["forecasts"]}
        levels = {(row["model"], row["metric"]): row["value"] for row in run["summary"]}
        table = done.stdout[done.stdout.index("throughput_per_s  "):].split("\n\n")[0]
        for name in ("event-loop", "thread-per-connection", "process-pool", "process-per-request"):
            level = levels[name, "throughput_per_s"]
            if level is None:
                continue
            error = forecasts[name]["throughput_per_s"] / level - 1
            said = re.search(rf"^  {name} +1 .* ([+-][0-9.]+) %$", table, re.M)
            self.assertAlmostEqual(100 * error, float(said[1]), delta=0.06)
        # There are no constants of this one.
        self.assertIsNone(forecasts["thread-pool"]["throughput_per_s"])
        self.assertRegex(table, r"(?m)^  thread-pool +0$")
        again = self.validate()
        self.assertEqual(1, again.returncode)
        self.assertIn("give another --seed", again.stderr)


if __name__ == "__main__":
    unittest.main()
