#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika validate with one service: forecasts are on the disk before anything
is measured, each of them is judged or says why not, and what is stored is what
the run measured. How large the errors are is no test's affair: a busy machine
decides that.
"""
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "contract"))
sys.path.insert(0, str(ROOT / "reports"))
from test_forecast import machine, model  # noqa: E402
from data import schema  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 300
SEED = 20260105
FOLDER = ROOT / f"results/validation-{SEED}"
NEWEST = ROOT / "results/validation.json"


def troika(*words):
    return subprocess.run([str(BUILD / "troika"), *words], capture_output=True, text=True, timeout=LIMIT_S, check=False)


def constants():
    here = troika("predict", "--machine=none", "--validation=none", "--cpu=1ms", "--rate=10", "--laws", "--format=json")
    made = machine() | {"fingerprint": json.loads(here.stdout)["fingerprint"]}
    made["step_ns"] = 1.5
    made["models"] = [model("event-loop", "loop"),
                      model("thread-pool", "worker", has_workers=True, parallel=True),
                      model("serial", "alone")]
    return made


@unittest.skipUnless(BUILD.name == "release", "what a sanitizer build measures is not recorded")
class Validate(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.scratch)
        shutil.rmtree(FOLDER, ignore_errors=True)
        self.addCleanup(shutil.rmtree, FOLDER, ignore_errors=True)
        (self.scratch / "machine.json").write_text(json.dumps(constants()))
        if NEWEST.exists():
            kept = NEWEST.read_bytes()
            NEWEST.unlink()
            self.addCleanup(NEWEST.write_bytes, kept)
        else:
            self.addCleanup(NEWEST.unlink, missing_ok=True)

    def validate(self, *flags):
        return troika("validate", *flags)

    def stop_early(self, flags):
        """Ctrl-C once something is measured: no verdict yet."""
        begun = subprocess.Popen([str(BUILD / "troika"), "validate", *flags], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + LIMIT_S
        while not any(FOLDER.glob("*/trials/*.json")) and begun.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        begun.send_signal(signal.SIGINT)
        said = begun.communicate(timeout=LIMIT_S)
        self.assertEqual(130, begun.returncode, said)
        self.assertFalse((FOLDER / "validation.json").exists())

    def trials(self):
        found = {}
        for path in (FOLDER / "latest/trials").glob("*.json"):
            trial = json.loads(path.read_text())
            if ".attempt" not in path.name:
                found[trial["load_point"], trial["cell"]["model"]] = trial
        return found

    def check_rows(self, stored):
        """Every question has a row for each of its figures, with the figure
        that its trial has."""
        forecasts = {(row["load_point"], row["model"]): row
                     for row in json.loads((FOLDER / "forecasts.json").read_text())["forecasts"]}
        trials = self.trials()
        self.assertEqual({"event-loop", "thread-pool"}, {name for _, name in forecasts})
        seen = 0
        for row in stored["residuals"]:
            place = row["load_point"], row["model"]
            self.assertEqual(row["judged"], row["not_judged"] == "", row)
            if row["quantity"] == "cpu_per_request_ns":
                which = "replayed_cpu_per_request_ns" if forecasts[place]["open"] else "cpu_per_request_ns"
                self.assertEqual(forecasts[place][which], row["forecast"])
                if row["measured"] is not None:
                    seen += 1
                    self.assertAlmostEqual(trials[place]["cpu"]["per_request_ns"], row["measured"], delta=1)
            elif row["quantity"] == "throughput_per_s":
                self.assertFalse(forecasts[place]["open"])
            else:
                self.assertTrue(forecasts[place]["open"])
        self.assertEqual(2 * len([row for row in forecasts.values() if not row["open"]])
                         + 4 * len([row for row in forecasts.values() if row["open"]]),
                         len(stored["residuals"]))
        self.assertGreater(seen, 0, "nothing was measured")

    def test_flags_without_effect(self):
        for flags, said in ((("--again=x", "-n3"), "--services has no effect with --again"),
                            (("--again=x", "--full"), "--full has no effect with --again"),
                            (("--again=x", "--target=y"), "--target has no effect with --again"),
                            (("--resume=x", "--dry-run"), "--dry-run has no effect with --resume"),
                            (("--resume=x", "--machine=y"), "--machine has no effect with --resume"),
                            (("--dry-run", "--wait-for-quiet=1s"), "--wait-for-quiet has no effect with --dry-run")):
            done = self.validate(*flags)
            self.assertEqual((2, ""), (done.returncode, done.stdout), done.stderr)
            self.assertIn(said, done.stderr)

    def test_one_service(self):
        flags = ["-n1", f"--seed={SEED}", "--wait-for-quiet=0s", f"--machine={self.scratch}/machine.json"]
        self.stop_early(flags)
        done = self.validate(f"--resume={FOLDER}", "--wait-for-quiet=0s")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        run = json.loads((FOLDER / "latest/run.json").read_text())
        begun = datetime.datetime.fromisoformat(run["started_at"].replace("Z", "+00:00")).timestamp()
        self.assertLessEqual((FOLDER / "forecasts.json").stat().st_mtime, begun + 1)
        stored = json.loads((FOLDER / "validation.json").read_text())
        self.assertIsNone(schema.problem("validation", stored, whole=True))
        self.assertEqual(stored, json.loads(NEWEST.read_text()))
        self.assertEqual(run["run_id"], stored["run_id"])
        self.check_rows(stored)
        reasons = {reason for row in stored["workers"][0]["rows"] for reason in row["is"]}
        self.assertEqual({"needed", "half", "double", "goetz", "2c+1", "unlimited"}, reasons)
        self.assertIn("1 service proves nothing", done.stdout)
        # A service that was measured is not measured again under one seed.
        again = self.validate(*flags)
        self.assertEqual(1, again.returncode)
        self.assertIn("give another --seed", again.stderr)
        # With today's forecasts, which change nothing here.
        later = self.validate(f"--again={FOLDER}")
        self.assertEqual(0, later.returncode, later.stderr)
        self.assertIn("they prove nothing", later.stdout)
        afterwards = json.loads((FOLDER / "again.json").read_text())
        self.assertTrue(afterwards["afterwards"])
        self.assertEqual(stored["residuals"], afterwards["residuals"])


if __name__ == "__main__":
    unittest.main()
