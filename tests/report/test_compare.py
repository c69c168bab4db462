#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika compare on synthetic runs with known differences: what it calls better, what
it refuses, and when its exit code is 4."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from case import ROOT, Case

import stored

sys.path.append(str(ROOT / "tests" / "method"))
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD


class Compare(Case):
    def setUp(self):
        super().setUp()
        stored.write(self.run_path)
        self.first = self.run_path
        self.run_path = self.first.with_name("other")

    def compare(self, *arguments, code=0):
        done = subprocess.run(
            [BUILD / "troika", "compare", *arguments, self.first, self.run_path],
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done

    def scale(self, factor, model="event-loop"):
        def change(_, trials):
            for t in trials:
                if t["cell"]["model"] == model:
                    t["throughput_per_s"] *= factor

        self.store(change)

    def test_ratios_side_by_side(self):
        self.scale(1.2)
        text = self.compare().stdout
        self.assertRegex(
            text, r"event-loop +throughput .*B/A 1\.20 \[.*: B is 20(\.0)? % better"
        )
        self.assertRegex(
            text, r"serial +throughput .*B/A 1\.00 \[.*: no meaningful difference"
        )

    def test_the_first_line_is_the_verdict(self):
        self.scale(1)
        self.assertEqual("0 regressions, 0 improvements, 43 the same, 0 undecided", self.compare().stdout.splitlines()[0])
        self.scale(0.8)
        self.assertEqual("3 regressions, 0 improvements, 40 the same, 0 undecided", self.compare().stdout.splitlines()[0])
        self.scale(1.2)
        data = self.as_json()
        self.assertEqual("0 regressions, 3 improvements, 40 the same, 0 undecided", data["verdict"])
        better = [r for r in data["rows"] if r["verdict"] == "better"]
        self.assertEqual([("event-loop", "throughput_per_s")] * 3, [(r["model"], r["metric"]) for r in better])
        for row in data["rows"]:
            self.assertAlmostEqual(row["ratio"], row["b"] / row["a"], places=9)

    def as_json(self, *arguments, code=0):
        data = json.loads(self.compare("--format", "json", *arguments, code=code).stdout)
        self.assertEqual([], list(errors(schema("comparison"), data)))
        return data

    def test_what_is_undecided_is_counted_with_its_reason(self):
        def disturb(rows):
            for i, r in enumerate(r for r in rows if r["metric"] == "throughput_per_s"):
                r.update(({"log_sd": 0.5}, {"n": 1}, {"invalid": 9}, {"generator_bound": True})[i % 4])
            return rows

        self.rows(disturb)
        tally = self.as_json()["tally"]
        self.assertEqual([12, 3, 3, 3, 3], [tally[k] for k in ("undecided", "noisy", "single", "invalid", "bounds")])
        self.assertEqual(31, tally["same"])
        said = self.compare().stdout.splitlines()
        self.assertTrue(said[0].endswith("31 the same, 12 undecided"), said[0])
        self.assertIn("3 with an interval too wide to decide", said[1])
        self.assertIn("3 of a single block", said[1])

    def test_the_noise_floor_stands_beside_a_figure(self):
        self.scale(1)
        self.assertIn("their noise is not known", self.compare().stdout)
        self.assertEqual({None}, {r["noise_floor"] for r in self.as_json()["rows"]})
        floors = {"throughput_per_s": {"floor": 0.082, "declared": 0.05, "margin": 0.082}}
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        run["noise_floor"] = {"quantile": 0.95, "cells": 3, "different": 0, "ok": True, "experiments": [
            {"experiment": "quick", "model": "event-loop", "floors": floors, "different": 0, "cells": []}]}
        path.write_text(json.dumps(run))
        self.assertRegex(self.compare().stdout, r"event-loop +throughput .*A/A 8\.2 % +B/A 1\.00 \[.*\(±8\.2 %\)")
        known = {r["metric"]: r["noise_floor"] for r in self.as_json()["rows"]}
        self.assertEqual(0.082, known["throughput_per_s"])
        self.assertIsNone(known["memory_total_bytes"])

    def test_markdown(self):
        self.scale(0.8)
        text = self.compare("--format", "markdown", "--max-regression", "5%", code=4).stdout
        self.assertTrue(text.startswith("### 3 regressions, 0 improvements, 40 the same, 0 undecided\n"))
        self.assertIn("max-regression 5 %: NOT MET in 3 of 43 figures", text)
        first, rest = text.split("<details>")
        self.assertEqual(3, first.count("| quick: "))
        self.assertEqual(40, rest.count("| quick: "))
        self.assertEqual({9}, {line.count("|") for line in text.splitlines() if line.startswith("|")})

    def test_markdown_escapes_what_a_file_says(self):
        def name(run, _):
            run["run_id"], run["tool_version"] = "<img src=x>", "a|b`c"

        self.store(name)
        for path in (self.run_path / "trials").glob("*.json"):
            path.write_text(path.read_text().replace(stored.RUN_ID, "<img src=x>"))
        text = self.compare("--format", "markdown").stdout
        self.assertNotIn("<img", text)
        self.assertIn("a\\|b\\`c", text)

    def test_limits_in_json(self):
        self.scale(0.8)
        data = self.as_json("--max-regression", "5%", "--threshold", "mem<1KiB", code=4)
        self.assertEqual({"share": 0.05, "met": False, "tested": 43, "worse": 3, "unknown": 0, "bounds": 0},
                         data["max_regression"])
        self.assertEqual(3, sum(r["regression"] == "worse" for r in data["rows"]))
        self.assertEqual([False], [t["met"] for t in data["thresholds"]])

    def test_the_page_has_both_curves(self):
        self.scale(0.8)
        folder = self.first.with_name("page")
        self.compare("--max-regression", "5%", "-o", folder, code=4)
        page = (folder / "index.html").read_text()
        self.assertIn("3 regressions, 0 improvements", page)
        self.assertIn("NOT KEPT in 3 of 43 figures", page)
        self.assertNotRegex(page, r"(src|href)=.https?:")
        changed, others = page.split("<details>", 1)
        self.assertEqual(3, changed.count('<tr><th scope="row">quick: '))
        self.assertEqual(40, others.count('<tr><th scope="row">quick: '))
        told = (folder / "latency-quick-fetch-event-loop.dat").read_text()
        self.assertIn("# A\n", told)
        self.assertIn("# B\n", told)
        self.assertIn('id="chart-latency-quick-fetch-event-loop"', page)
        self.assertEqual([], list(errors(schema("comparison"), json.loads((folder / "comparison.json").read_text()))))
        self.assertIn("never overwritten", self.compare("-o", folder, code=1).stderr)
        (folder / "index.html").unlink()
        again = [BUILD / "troika", "report", folder]
        self.assertEqual(0, subprocess.run(again, capture_output=True, timeout=60, check=False).returncode)
        self.assertEqual(page, (folder / "index.html").read_text())
        self.first.rename(self.first.with_name("moved"))
        done = subprocess.run(again, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((1, True), (done.returncode, "no such run directory" in done.stderr), done.stderr)

    def test_no_text_of_a_run_stops_the_page(self):
        self.store(lambda run, _: run.update(tool_version="v\x1b[31m1", untrusted="not\nto be\x01trusted"))
        folder = self.first.with_name("page")
        self.compare("-o", folder, code=3)
        page = (folder / "index.html").read_text()
        self.assertNotIn("\x1b", page)
        self.assertIn("not?to be?trusted", page)

    def test_other_environment_is_refused(self):
        self.store(lambda run, _: run["environment"].update(kernel="7.0"))
        done = self.compare(code=1)
        self.assertEqual("", done.stdout)
        self.assertIn("kernel: 6.1.0-18-amd64 against 7.0", done.stderr)
        self.assertNotIn("compiler", done.stderr)
        forced = self.compare("--force").stdout
        self.assertIn("THE ENVIRONMENTS DIFFER", forced)
        self.assertIn("kernel: 6.1.0-18-amd64 against 7.0", forced)

    def test_regression_ends_with_4(self):
        self.scale(1)
        self.assertIn("met in", self.compare("--max-regression", "5%").stdout)
        self.scale(0.8)
        text = self.compare("--max-regression", "5%", code=4).stdout
        self.assertIn("NOT MET", text)
        self.assertRegex(text, r"A is 25 % better")
        self.assertIn("met in", self.compare("--max-regression", "40%").stdout)
        self.scale(1.3)
        self.compare("--max-regression", "5%")

    def test_a_figure_lost_is_a_regression(self):
        def lose(_, trials):
            for t in trials:
                if t["cell"]["model"] == "event-loop":
                    t.update(valid=False, reason="it died")

        self.store(lose)
        text = self.compare("--max-regression", "5%", code=4).stdout
        self.assertRegex(text, r"lost in B: \d+ figures")

    def rows(self, change):
        """The stored run with changed rows of its summary."""
        self.store(lambda run, trials: None)
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        run["summary"] = change(run["summary"])
        path.write_text(json.dumps(run))

    def test_a_model_that_is_gone_is_a_regression(self):
        self.rows(lambda rows: [r for r in rows if r["model"] != "event-loop"])
        done = self.compare("--max-regression", "5%", code=4)
        self.assertRegex(done.stdout, r"lost in B: \d+ figures that A has")

    def test_a_figure_of_too_few_trials_is_not_judged(self):
        def fewer(rows):
            for r in rows:
                if r["model"] == "event-loop" and r["metric"] == "throughput_per_s":
                    r["invalid"], r["n"] = 3, 3
            return rows

        self.rows(fewer)
        self.assertIn("cannot be judged", self.compare("--max-regression", "5%", code=4).stdout)

    def test_a_bound_tells_of_no_regression(self):
        def bound(rows):
            for r in rows:
                if r["model"] == "event-loop" and r["metric"] == "throughput_per_s":
                    half = {k: r[k] / 2 for k in ("value", "lo", "hi") if r.get(k)}
                    r.update(half, generator_bound=True, bound_by="generator")
            return rows

        self.rows(bound)
        text = self.compare("--max-regression", "5%").stdout
        self.assertRegex(text, r"; \d+ are only bounds, because the server was not the limit")

    def test_the_one_that_is_a_lower_bound_is_named(self):
        def lower(rows):
            for r in rows:
                if r["model"] == "event-loop" and r["metric"] == "memory_total_bytes":
                    r["lower_bound"] = True
            return rows

        self.rows(lower)
        self.assertIn("no verdict, B is a lower bound without the", self.compare().stdout)
        self.first, self.run_path = self.run_path, self.first
        self.assertIn("no verdict, A is a lower bound without the", self.compare().stdout)
        self.first = self.run_path
        self.rows(lower)
        self.assertIn("no verdict, both are lower bounds without the", self.compare().stdout)

    def test_a_run_with_gates_off_is_not_to_be_trusted(self):
        words = "NOT TO BE TRUSTED: TROIKA_DISABLE_GATE=steal"
        self.store(lambda run, _: run.update(untrusted=words))
        self.assertIn(words, self.compare(code=3).stdout)

    def test_thresholds(self):
        self.scale(1)
        text = self.compare("--threshold", "mem<1GiB", "--threshold", "rps>0.1")
        self.assertEqual(2, text.stdout.count(": met in"))
        # Cells that are too short for a p99 cannot keep a limit on p99.
        text = self.compare("--threshold", "p99<1h", code=4).stdout
        self.assertIn("quick fetch serial: no figure: fewer than 20", text)
        text = self.compare("--threshold", "mem<1KiB", "--threshold", "err<1%", code=4)
        self.assertIn("threshold mem<1KiB: NOT MET in", text.stdout)
        self.assertIn("threshold err<1%: met in", text.stdout)
        for wrong in ("p99<5", "p98<5ms", "mem=1MiB", "err<2", "rps>", "<", ""):
            done = self.compare("--threshold", wrong, code=2)
            self.assertIn("threshold", done.stderr)

    def test_no_figure_is_not_met(self):
        def empty(_, trials):
            for t in trials:
                t["throughput_per_s"] = None
                t["valid"] = False
                t["reason"] = "it died"

        self.store(empty)
        done = self.compare("--threshold", "rps>1", code=1)
        self.assertIn("share no figure", done.stderr)

    def test_other_work_under_the_same_name_is_not_compared(self):
        other = {"placement": "shared", "backend_workers": 10, "settings": {"serial": "a=1"}}
        for key, value in other.items():
            self.store(
                lambda run, _: run["experiments"][0]["load_points"][0].update({key: value})
            )
            text = self.compare().stdout
            self.assertIn("1 load points of the same name differ", text)
            self.assertNotIn("quick: fetch\n", text)

    def test_a_damaged_trial_of_either_run_is_named(self):
        self.store(lambda run, trials: None)
        for run in (self.first, self.run_path):
            victim = sorted((run / "trials").glob("*.json"))[0]
            whole = victim.read_text()
            attempt = victim.with_suffix(".attempt1.json")
            for path, text in ((victim, whole[:200]), (victim, ""), (attempt, "{}")):
                path.write_text(text)
                done = self.compare(code=1)
                self.assertIn(str(path), done.stderr)
                self.assertEqual("", done.stdout)
                victim.write_text(whole)
                attempt.unlink(missing_ok=True)
            victim.unlink()
            self.assertIn(f"first trials/{victim.name}", self.compare(code=3).stderr)
            victim.write_text(whole)

    def test_an_attempt_that_no_run_has_is_damage(self):
        self.store(lambda run, trials: None)
        victim = sorted((self.run_path / "trials").glob("*.json"))[0]
        whole = json.loads(victim.read_text())
        for value in (0, -1, 1000001, 2147483647, 1 << 62):
            victim.write_text(json.dumps(whole | {"attempt": value}))
            said = "attempt is not a whole number from 1 to a million"
            self.assertIn(said, self.compare(code=1).stderr)

    def test_a_trial_that_contradicts_itself_is_refused(self):
        """troika compare refuses it as the report does (reports/data/checks.py)."""
        self.store(lambda run, trials: None)
        victim = sorted((self.run_path / "trials").glob("*.json"))[0]
        whole = victim.read_text()
        for change, said in (
            (lambda t: t["gates"][0].update(ok=False), "but gate \"little\" failed"),
            (lambda t: t["gates"].append({"id": "new", "ok": False}), "but gate \"new\" failed"),
            (lambda t: t.update(throughput_per_s=None), "there is no throughput_per_s"),
            (lambda t: t.update(throughput_per_s=-1), "throughput_per_s is not a number"),
            (lambda t: t.update(memory=None), "there is no memory"),
            (lambda t: t.update(cpu=None), "there is no cpu"),
            (lambda t: t["requests"].update(scheduled=1), "1 requests were scheduled"),
            (lambda t: t["requests"].update(ok=-1), "requests.ok is not a count"),
            (lambda t: t.update(run_id="other"), "its run_id is not that of run.json"),
            (lambda t: t["cell"].update(query="delay=1s"), "its cell.query is not that"),
        ):
            with self.subTest(said):
                trial = json.loads(whole)
                change(trial)
                victim.write_text(json.dumps(trial))
                done = self.compare(code=1)
                self.assertIn(f"{victim}: the file is damaged: ", done.stderr)
                self.assertIn(said, done.stderr)

    def test_a_gate_that_took_a_figure_is_no_contradiction(self):
        for gone in (
            {"withheld": [{"figure": "latency", "effect": "withheld", "gate": "x", "words": "w"}]},
            {"bound": {"by": "generator", "gate": "x", "figures": ["latency"], "words": "w"}},
        ):
            def change(run, trials, gone=gone):
                run["gates"] = [{"id": "little", "fails_when": "f", "figures": ["cpu", "latency"]}]
                trials[0]["gates"][0].update(ok=False)
                trials[0].update(gone)

            self.store(change)
            self.compare()

    def test_a_summary_that_no_trials_give_is_refused(self):
        for change, said in (
            ({"lo": 9e9, "hi": 1}, "lo is above its"),
            ({"value": -5}, "value is below zero"),
            ({"hi": "7"}, "hi is not a number"),
            ({"error_share": -0.5}, "error_share is below zero"),
        ):
            self.rows(lambda rows: [rows[0] | change, *rows[1:]])
            done = self.compare(code=1)
            self.assertIn(f"{self.run_path}/run.json: the file is damaged: summary[0].{said}", done.stderr)
            self.assertRegex(done.stderr, f"troika summarise {self.run_path}\n$")

    def test_what_is_no_regular_file_is_refused(self):
        """A pipe that is never written to must not block the program."""
        self.store(lambda run, trials: None)
        victim = sorted((self.run_path / "trials").glob("*.json"))[0]
        for path in (victim, self.run_path / "run.json"):
            path.unlink()
            os.mkfifo(path)
            self.assertIn(f"{path}: it is not a regular file", self.compare(code=1).stderr)

    def test_a_row_twice_is_refused(self):
        self.rows(lambda rows: [*rows, rows[0]])
        self.assertRegex(self.compare(code=1).stderr, r"the file is damaged: summary\[\d+\] appears twice")

    def test_a_summary_that_was_never_made(self):
        self.rows(lambda rows: [])
        done = self.compare("--threshold", "rps>1", code=1)
        self.assertIn("run.json: the summary is empty, but the run has", done.stderr)
        self.assertRegex(done.stderr, f"troika summarise {self.run_path}\n$")

    def test_no_run_is_named(self):
        done = self.compare(code=1)
        self.assertIn("run.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
