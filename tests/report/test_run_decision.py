#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The decision about a run's profile, made by forecast: its record in the report,
what it rests on, and what breaks it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import stored

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))
from choices import of_run, record  # noqa: E402
from data import results, schema  # noqa: E402

TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
LIMIT_S = 120
PLATFORM = {"count": 20, "mean_ns": 40_000, "max_ns": 60_000, "percentiles": [], "cpus": 2, "realtime": True, "missed": 0}


def report(run: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "reports" / "report.py", "--troika", TROIKA, *words, run]
    return subprocess.run(command, capture_output=True, text=True, timeout=2 * LIMIT_S, check=False,
                          env=os.environ | {"TROIKA_MAP_LIMIT_S": str(LIMIT_S)})


@unittest.skipUnless(TROIKA.is_file(), "the program is not built")
class RunDecision(unittest.TestCase):
    made = None  # one run and its record, of which each test has a copy

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.run_path = Path(place.name) / "run"
        if RunDecision.made is None:
            kept = tempfile.TemporaryDirectory()
            self.addClassCleanup(kept.cleanup)
            RunDecision.made = Path(kept.name) / "run"
            stored.write(RunDecision.made, "quick")
            for path in (RunDecision.made / "trials").glob("*.json"):
                path.write_text(json.dumps(json.loads(path.read_text()) | {"platform": PLATFORM}))
            done = report(RunDecision.made, "--only", "adr")
            self.assertEqual(done.returncode, 0, done.stderr)
        shutil.copytree(RunDecision.made, self.run_path)
        self.adr = self.run_path / "report" / "adr"
        self.place = self.adr / "0001-concurrency-model-for-typical-api"

    def test_a_limit_that_no_option_keeps_has_a_record_and_a_page(self):
        place = self.run_path.parent / "none"
        command = [TROIKA, "decide", "--wait", "20ms", "--cpu", "1ms", "--rate", "50", "--limit", "p99<1ms", "--machine", "none", "-o", place]
        subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        done = subprocess.run([sys.executable, ROOT / "reports" / "decided.py", place], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        page = (place / "index.html").read_text(encoding="utf-8")
        self.assertIn("<h1>None: no option keeps", page)
        self.assertIn('class="fit stacked"', page)
        self.assertNotIn("recommended</span>", page)

    def test_the_record_is_a_forecast_with_the_cells_beside(self):
        self.assertTrue((self.place / "record.md").is_file(), list(self.adr.iterdir()))
        data = results.read(self.place / "decision.json")
        self.assertIsNone(schema.problem("decision", data))
        self.assertEqual(data["profile"], "typical API")
        self.assertEqual({o["model"] for o in data["options"]}, {"serial", "thread-per-request", "event-loop", "process-pool"})
        cells = results.read(self.place / "cells.json")
        self.assertEqual([s["load_point"] for s in cells["services"]], ["fetch", "spin"])
        text = (self.place / "record.md").read_text()
        self.assertIn('# Concurrency model for "typical API"', text)
        self.assertIn("| fetch | event-loop |", text)
        self.assertIn("cells.json has SHA-256", text)
        page = (self.place / "index.html").read_text()
        self.assertIn("Which model for “typical API”?", page)
        self.assertIn("<svg", page)
        self.assertNotRegex(page, r"""(src|href)=["']?(https?:|//)""")
        # The profile is the load point fetch, so that its trials count as near it.
        self.assertEqual(data["evidence"]["place"], "fetch")
        self.assertIn("### Measured near the profile, as load point fetch", text)
        self.assertFalse(data["firm"])

    def test_the_page_has_the_map_around_the_profile(self):
        self.assertEqual(report(self.run_path).returncode, 0)
        folder = self.run_path / "report" / "maps" / self.place.name
        data = results.read(folder / "map.json")
        self.assertIsNone(schema.problem("map", data))
        asked = results.read(self.place / "asked.json")
        self.assertEqual([asked["service"]["connections"]], data["loads"])
        self.assertEqual([asked["service"]["cores"]], data["cores"])
        self.assertEqual(sorted(asked["models"]), sorted(data["models"]))
        self.assertEqual(results.read(self.place / "machine.json")["run_id"], data["machine"])
        page = (self.run_path / "report" / "index.html").read_text()
        self.assertIn("<h3>Which model wins around this service</h3>", page)
        (name,) = re.findall(r'<figure id="chart-(map-1-\d+-quick)"', page)
        self.assertIn(f'href="maps/{self.place.name}/{name}.svg"', page)
        # It is made once, and a map that cannot be read stops no report.
        before = (folder / "map.json").stat().st_mtime_ns
        self.assertEqual(report(self.run_path).returncode, 0)
        self.assertEqual(before, (folder / "map.json").stat().st_mtime_ns)
        (folder / "map.json").write_text("{")
        self.assertEqual(report(self.run_path).returncode, 0)
        self.assertNotIn("around this service</h3>", (self.run_path / "report" / "index.html").read_text())

    def test_serial_is_out_and_others_are_told_as_measured(self):
        data = results.read(self.place / "decision.json")
        serial = next(o for o in data["options"] if o["model"] == "serial")
        self.assertEqual(serial["fate"], "fails")
        loop = next(o for o in data["options"] if o["model"] == "event-loop")
        seen = loop["measured"]["latency_ns"]
        self.assertAlmostEqual(loop["latency_ns"] / seen, 1, delta=0.05)

    def test_it_verifies_and_a_changed_trial_is_caught(self):
        done = report(self.run_path, "--verify")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        trial = next(p for p in sorted((self.run_path / "trials").glob("*fetch-event-loop.json")))
        data = json.loads(trial.read_text())
        data["memory"]["total_bytes"] *= 2
        trial.write_text(json.dumps(data))
        done = report(self.run_path, "--verify")
        self.assertEqual(done.returncode, 4, done.stdout)
        self.assertIn("does not follow from the run", done.stdout)

    def test_a_record_is_kept_while_nothing_changes(self):
        report(self.run_path, "--only", "adr")
        self.assertEqual([p.name for p in self.adr.iterdir()], [self.place.name])
        (self.place / "decision.json").write_text("{}")
        report(self.run_path, "--only", "adr")
        self.assertEqual(len(list(self.adr.iterdir())), 2)

    def test_invalid_trials_of_an_option_that_is_named_matter(self):
        run = results.load(self.run_path)
        experiment = run.data["experiments"][0]
        data = results.read(self.place / "decision.json")
        self.assertFalse(of_run.invalid_of(run, experiment, data)["depends"])
        for t in run.trials:
            if t["cell"]["model"] == data["named"][0]:
                t["valid"] = False
        found = of_run.invalid_of(run, experiment, data)
        self.assertTrue(found["depends"])
        self.assertIn(data["named"][0], found["words"])

    def test_four_answers(self):
        run = results.load(self.run_path)
        told = of_run.told(run, run.data["experiments"][0], record.load(self.place), self.place)
        for answer in ("outcome", "workers", "sure", "change"):
            self.assertRegex(told[answer], r"^[A-Z0-9].*\.$")

    def test_the_ending_has_ten_lines_and_the_decision_first(self):
        said = report(self.run_path, "--summary").stdout.splitlines()
        self.assertLessEqual(len(said), 10)
        self.assertRegex(said[0], "^Toss-up: event-loop")
        self.assertRegex(said[1], "^Basis: 6 blocks, all 72 trials valid$")
        self.assertRegex(said[-1], r"^Open  .*report/index\.html$")
        (left_out,) = self.run_path.glob("trials/*-b1-spin-event-loop.json")
        left_out.write_text(json.dumps(json.loads(left_out.read_text()) | {"valid": False, "reason": "the backend was late (limit 1 ms); again"}))
        self.assertIn("1 of 72 trials is invalid; the decision does not depend on it. (the backend was late)",
                      report(self.run_path, "--summary").stdout)

    def test_what_is_recommended_stands_beside_its_limits(self):
        run, decision = results.load(self.run_path), record.load(self.place)
        decision.data.update(outcome="recommended", named=["event-loop"])
        told = of_run.told(run, run.data["experiments"][0], decision, self.place)
        self.assertRegex(told["use"], r"^Use event-loop\. p99 \S+ ms of 100 ms allowed, \S+ MiB of 512 MiB, 0\.\d+ x the CPU of \S+\.$")
        self.assertRegex(told["draws"], r"^best in \d+ % of draws")
        for outcome, named in (("toss-up", ["event-loop", "process-pool"]), ("recommended", ["event-loop", "process-pool"]), ("toss-up", ["event-loop"])):
            decision.data.update(outcome=outcome, named=named)
            self.assertNotIn("use", of_run.told(run, run.data["experiments"][0], decision, self.place))

    def test_a_second_load_is_in_no_forecast(self):
        other = self.run_path.parent / "beside"
        stored.write(other, "beside")
        path = other / "run.json"
        run = json.loads(path.read_text())
        run["experiments"][0]["profile"] = json.loads((self.run_path / "run.json").read_text())["experiments"][0]["profile"]
        path.write_text(json.dumps(run))
        done = subprocess.run([TROIKA, "decide", "--run", other], capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("a second load beside it, which is in no forecast", done.stderr)

    def test_a_model_without_constants_does_not_drop_out(self):
        """It was measured, so that the record is made by the nearest load point, which has it."""
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        for point in run["experiments"][0]["load_points"]:
            point["models"].append("callback")
        path.write_text(json.dumps(run))
        done = subprocess.run([TROIKA, "decide", "--run", self.run_path, "--machine", "none"], capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("no constants of callback: troika calibrate --models callback --add", done.stderr)
        made, refused = of_run.write_all(results.load(self.run_path), str(TROIKA))
        self.assertEqual(made, {})
        self.assertIn("callback", refused["quick"])

    def test_wrong_words(self):
        for words, said in ((("--run", self.run_path, "--wait", "1ms"), "--wait has no effect with --run"),
                            (("--run", self.run_path, "event-loop"), "event-loop has no effect with --run"),
                            (("--experiment", "quick", "--wait", "1ms"), "no effect without --run"),
                            (("--run", self.run_path, "--experiment", "nothing"), "no such experiment of it has a [profile]")):
            with self.subTest(words=words):
                done = subprocess.run([TROIKA, "decide", *words], capture_output=True, text=True, timeout=LIMIT_S, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
