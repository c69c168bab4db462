# SPDX-License-Identifier: MIT
"""Reports from stored results: what they contain, and which results are refused.

`TROIKA_GOLDEN=write` rewrites the files in golden/ after a wanted change; read
the difference before committing it.
"""

import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree
from pathlib import Path

import case
from case import ROOT, Case, run_report

import stored
from data import checks, results, units
from charts import style


class Report(Case):
    def test_charts_are_drawn_and_can_be_drawn_again(self):
        stored.write(self.run_path, "quick", "sweep", "beside")
        self.report("--only", "charts")
        folder = self.run_path / "report" / "charts"
        drawn = sorted(folder.glob("*.svg"))
        self.assertGreater(len(drawn), 20)
        for path in drawn:
            xml.etree.ElementTree.parse(path)
            for suffix in (".png", ".gp", ".dat"):
                self.assertTrue(path.with_suffix(suffix).is_file(), path)
        again = drawn[0]
        again.unlink()
        done = subprocess.run(
            ["gnuplot", again.with_suffix(".gp").name], cwd=folder, timeout=60
        )
        self.assertEqual(done.returncode, 0)
        self.assertTrue(again.is_file())

    def test_report_is_exactly_this(self):
        stored.write(self.run_path)
        self.report()
        self.golden("report.md", self.text())

    def test_sweep_and_second_load_are_exactly_this(self):
        stored.write(self.run_path, "sweep", "beside")
        self.report("--only", "report")
        self.golden("sweep.md", self.text())
        self.assertEqual(self.records(), [])

    def test_record_is_exactly_this(self):
        stored.write(self.run_path)
        self.report("--only", "adr")
        (record,) = self.records()
        self.assertEqual(record.name, "0001-concurrency-model-for-typical-api.md")
        text = re.sub(r"SHA-256 `[0-9a-f]{64}`", "SHA-256 `...`", record.read_text())
        self.golden("record.md", re.sub(r"have `[0-9a-f]{64}`", "have `...`", text))
        copy = json.loads(record.with_suffix(".json").read_text())
        self.assertEqual(copy["status"], "proposed")
        self.assertEqual(copy["decision"]["outcome"]["models"], ["event-loop"])

    def test_invalid_trials_are_no_numbers(self):
        def change(_, trials):
            for t in trials:
                if t["load_point"] == "fetch" and t["cell"]["model"] == "process-pool":
                    t["valid"] = False
                    t["reason"] = "Little's law is broken"
                    t["throughput_per_s"] = 7654321.0
                    t["gates"][0]["ok"] = False

        self.store(change)
        self.report()
        for path in (self.run_path / "report").rglob("*.[dhms]*"):
            shown = re.search(r"7,650,000|7654321|7\.65e", path.read_text())
            self.assertIsNone(shown, path)
        for name in ("report.md", "index.html"):
            text = self.text(name)
            self.assertIn(
                "Little&#39;s law is broken" if "html" in name else "law is broken",
                text,
            )
            self.assertIn("quick-b3-fetch-process-pool", text)
        self.assertRegex(
            self.text(), r"\| process-pool +\| +16 \| +invalid \| +invalid \| +invalid"
        )
        self.assertIn("6 invalid", self.text())
        (record,) = self.records()
        self.assertIn("process-pool not judged: too few valid samples", record.read_text())

    def test_repeated_trial_gets_a_dagger(self):
        def change(_, trials):
            trials[0]["attempt"] = 2

        run = self.store(change)
        first = json.loads(
            (self.run_path / "trials/quick-b1-fetch-serial.json").read_text()
        )
        first.update(attempt=1, valid=False, reason="the generator was late")
        name = "quick-b1-fetch-serial.attempt1.json"
        (self.run_path / "trials" / name).write_text(json.dumps(first))
        self.report()
        self.assertIn("serial†", self.text())
        self.assertIn("1 attempt repeated after a failed gate", self.text())
        self.assertIn(
            f"../trials/{name}): the generator was late",
            self.text().replace(", attempt 1", ""),
        )
        self.assertEqual(run["tally"]["valid"], 72)

    def test_incomplete_run_says_so_first(self):
        def change(run, trials):
            del trials[40:]
            run.update(complete=False, interrupted="SIGINT", ended_at=None)

        self.store(change)
        done = self.report("--summary")
        for text in (done.stdout, self.text()):
            self.assertIn("INCOMPLETE RUN", text.splitlines()[0])
            self.assertIn("40 of 72 planned", text)
        body = self.text("index.html").split("<body>")[1]
        self.assertIn("INCOMPLETE RUN", body.splitlines()[1])
        self.assertIn("<h1>Preliminary: Use ", body)
        (record,) = self.records()
        self.assertIn("INCOMPLETE RUN", record.read_text().splitlines()[1])
        self.assertIn("Preliminary", record.read_text())
        for path in (self.run_path / "report" / "charts").glob("*.gp"):
            self.assertIn("INCOMPLETE RUN", path.read_text())

    def test_models_that_could_not_run_are_named(self):
        def change(run, trials):
            run["experiments"][0]["left_out"] = "node is left out: not built\nnull is left out of spin: it has no spin"

        self.store(change)
        self.report("--only", "report")
        self.assertIn("Note: node is left out: not built; null is left out of spin: it has no spin.\n", self.text())

    def test_run_without_summary_or_trials(self):
        run, _, _ = stored.build()
        run.update(complete=False, summary=[], comparisons=[])
        stored.store(self.run_path, run, [], {})
        done = self.report("--summary")
        report = (self.run_path / "report" / "report.md").read_text()
        self.assertIn("No valid measurement of throughput", report)
        self.assertIn("troika summarise", done.stdout)

    def test_page_needs_nothing_from_outside(self):
        stored.write(self.run_path)
        self.report()
        page, own = case.without_own_script(self.text("index.html"))
        self.assertEqual(own, 1)
        self.assertIn("<svg", page)
        self.assertNotRegex(page, r"(?i)<script|<link|@import|url\((?!#)")
        for address in re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)""", page):
            self.assertNotRegex(address, r"^(?:[a-z]+:)?//", address)
        ids = re.findall(r"""\bid=["']([^"']+)""", page)
        self.assertEqual(len(ids), len(set(ids)))

    def test_closed_loop_cut_short_has_no_line(self):
        """In a window of fewer than two rounds the histogram lacks the longest waits."""

        def change(_, trials):
            for t in trials:
                if t["load_point"] == "fetch":
                    t["latency"]["turned_over"] = t["cell"]["model"] != "serial"

        self.store(change)
        self.report()
        charts = self.run_path / "report" / "charts"
        drawn = (charts / "latency-quick-fetch.gp").read_text()
        self.assertIn("# event-loop", drawn)
        self.assertNotIn("# serial", drawn)
        self.assertIn("No line for serial: the window is too short", self.text())

    def test_cpu_is_split_only_where_ticks_can_tell(self):
        def change(_, trials):
            for t in trials:
                if t["load_point"] == "fetch" and t["cell"]["model"] == "event-loop":
                    t["cpu"].update(user_ns=900_000_000, system_ns=600_000_000)
                elif t["load_point"] == "fetch":
                    t["cpu"].update(user_ns=0, system_ns=999_000_000)

        self.store(change)
        self.report()
        charts = self.run_path / "report" / "charts"
        data = (charts / "cpu-parts-quick-fetch.dat").read_text()
        blocks = [
            [line.split() for line in block.splitlines() if line[:1] not in ("#", "")]
            for block in data.split("\n\n\n")
        ]
        user, system, whole, total = blocks
        self.assertEqual([row[0] for row in user], ["3"])
        self.assertEqual([row[0] for row in system], ["3"])
        self.assertEqual([row[0] for row in whole], ["1", "2", "4"])
        self.assertAlmostEqual(
            float(user[0][2]) / float(system[0][2]), 0.6, places=2
        )
        for row in (*system, *whole):
            level = next(t for t in total if t[0] == row[0])
            self.assertAlmostEqual(float(row[2]), float(level[1]), places=2)
        self.assertIn(
            "Not split into user and system: serial, thread-per-request, process-pool",
            self.text(),
        )

    def test_tie_is_called_a_tie(self):
        stored.write(self.run_path)
        self.report()
        report = (self.run_path / "report" / "report.md").read_text()
        self.assertIn("event-loop and thread-per-request tie on throughput", report)
        self.assertNotIn("event-loop leads on throughput", report)

    def test_unknown_model_has_a_stable_style(self):
        self.assertEqual(style.style("actors"), style.style("actors"))
        self.assertEqual(style.style("actors"), style.Style("#009E73", 5, 11))

    def test_three_digits(self):
        for value, text in (
            (1985.2, "1,990"),
            (0.05026, "0.0503"),
            (999.6, "1,000"),
            (0, "0"),
        ):
            self.assertEqual(units.digits(value), text)
        self.assertEqual(units.time(50_260_000), "50.3 ms")
        self.assertEqual(units.size(None), units.UNKNOWN)


class Refusals(Case):
    def refused(self, words):
        done = self.report(code=1)
        self.assertRegex(done.stderr, words)
        self.assertNotIn("Traceback", done.stderr)
        self.assertFalse((self.run_path / "report").exists())

    def test_no_such_directory(self):
        self.refused("no such run directory")

    def test_broken_json_is_named_with_its_place(self):
        stored.write(self.run_path)
        path = sorted((self.run_path / "trials").glob("*.json"))[0]
        path.write_text('{"schema_version": 1,\n "run_id" "x"}')
        self.refused(rf"{re.escape(path.name)}:2:11: broken JSON")

    def test_a_key_twice_is_no_result(self):
        stored.write(self.run_path)
        for path in (sorted((self.run_path / "trials").glob("*.json"))[0], self.run_path / "run.json"):
            whole = path.read_text()
            path.write_text(whole.replace("{", '{"complete": true,', 1))
            self.refused(rf'{re.escape(path.name)}: cannot be read: an object has "complete" twice')
            path.write_text(whole)

    def test_unknown_schema_version(self):
        run, trials, texts = stored.build()
        run["schema_version"] = 7
        stored.store(self.run_path, run, trials, texts)
        self.refused("schema_version is 7")

    def test_contradictions(self):
        run, trials, texts = stored.build()
        models = next(p["models"] for p in run["experiments"][0]["load_points"] if p["id"] == trials[0]["load_point"])
        changes = (
            (lambda t: t["requests"].update(scheduled=1), "accounted for"),
            (lambda t: t["gates"][0].update(ok=False), "gate 'little' failed"),
            (
                lambda t: t.update(throughput_per_s="fast"),
                "throughput_per_s must be a number",
            ),
            (lambda t: t["tasks"].update(threads_max=-1), "tasks.threads_max is -1"),
            (lambda t: t.update(run_id="other"), "run_id is 'other'"),
            (lambda t: t.update(load_point="none"), "not in run.json"),
            (lambda t: t["cell"].update(model="other"), "cell.model is 'other', but load point"),
            (
                lambda t: t["cell"].update(model=next(m for m in models if m != t["cell"]["model"])),
                "cell.model is '.*', but the plan in run.json says",
            ),
            (lambda t: t.update(withheld=["latency"]), "withheld.0.. must be an object"),
            (lambda t: t.update(withheld=[{"figure": [], "gate": "x"}]), "withheld.0..figure must be a text"),
            (
                lambda t: t.update(withheld=[{"figure": "latency", "gate": "little"}]),
                "withheld.0..effect must be a text",
            ),
            (lambda t: t["prediction"].pop("law"), "prediction.law must be a text, found null"),
            (lambda t: t.update(bound={"figures": 3}), "bound.figures must be a list"),
            (lambda t: t.update(block=t["block"] + 1), "block is 2, but the plan in run.json says 1"),
        )
        for change, words in changes:
            with self.subTest(words):
                broken = json.loads(json.dumps(trials[0]))
                change(broken)
                stored.store(self.run_path, run, [broken, *trials[1:]], texts)
                self.refused(words)

    def test_members_of_a_run_that_contradict_each_other(self):
        def floor(run):
            run["experiments"][0].update(baseline=None, noise_floor=True)

        def first(name, **values):
            return lambda run: run[name][0].update(values)

        def twice(find):
            return lambda run: find(run).append(json.loads(json.dumps(find(run)[0])))

        changes = (
            (floor, "experiments.0..noise_floor is true, but there is no baseline"),
            (first("experiments", profile={"name": "x"}), "experiments.0..profile.wait_ns must be a count"),
            (first("experiments", noise_floor=3), "experiments.0..noise_floor must be of type boolean"),
            (first("summary", error_share=0.1), "summary.0.: error_share is given, but lower_bound is not"),
            (first("summary", value=0, lo=0), "summary.0..value is 0, more than 0 is needed"),
            (first("summary", lo=-1), "summary.0..lo is -1, more than 0"),
            (first("comparisons", lo=1.2, hi=0.9), "comparisons.0.: the interval ends before it begins: 1.2 to 0.9"),
            (first("comparisons", ratio=7.5), "comparisons.0.: ratio 7.5 lies outside its interval"),
            (first("comparisons", ratio=-1), "comparisons.0..ratio is -1, more than 0"),
            (first("comparisons", a="other"), "comparisons.0..a is 'other', which models does not have"),
            (twice(lambda r: r["summary"]), r"summary\[\d+\] repeats summary\[0\]"),
            (twice(lambda r: r["comparisons"]), r"comparisons\[\d+\] repeats comparisons\[0\]"),
            (twice(lambda r: r["plan"]), r"plan\[72\] repeats plan\[0\]"),
            (twice(lambda r: r["experiments"]), r"experiments\[1\] repeats experiments\[0\]"),
            (
                twice(lambda r: r["experiments"][0]["load_points"]),
                r"experiments\[0\].load_points\[3\] repeats experiments\[0\].load_points\[0\] \(fetch\)",
            ),
            (
                twice(lambda r: r["experiments"][0]["load_points"][0]["models"]),
                r"models\[4\] repeats .*models\[0\] \(serial\)",
            ),
        )
        built, _, _ = stored.build()
        for change, words in changes:
            with self.subTest(words):
                run = json.loads(json.dumps(built))
                change(run)
                with self.assertRaisesRegex(checks.ResultsError, words):
                    checks.check_run(self.run_path, run)

    def test_trial_of_another_load_point_than_is_stored(self):
        """The experiment was changed before the run went on."""
        run, trials, _ = stored.build("rates")
        plan = {row["trial_id"]: row for row in run["plan"]}
        checks.check_trial(Path(trials[0]["trial_id"]), trials[0], run, plan)
        for change, words in (
            (lambda c: c.update(query="steps=1k"), 'cell.query is "steps=1k", but load point'),
            (lambda c: c["load"].update(connections=7), "cell.load.connections is 7, but load point"),
            (lambda c: c["load"].update(rate_per_s=1.5), "cell.load.rate_per_s is 1.5, but"),
        ):
            with self.subTest(words):
                trial = json.loads(json.dumps(trials[0]))
                change(trial["cell"])
                with self.assertRaisesRegex(checks.ResultsError, words):
                    checks.check_trial(Path(trial["trial_id"]), trial, run, plan)

    def test_members_that_may_be_absent(self):
        run, trials, texts = stored.build()
        del run["tool_version"]
        for key in ("limit", "limit_percentile", "memory_bytes"):
            del run["experiments"][0]["profile"][key]
        stored.store(self.run_path, run, trials, texts)
        self.report("--only", "adr")
        (record,) = self.records()
        self.assertRegex(record.read_text(), r"\| latency limit *\| none")

    def test_numbers_that_no_number_can_hold(self):
        stored.write(self.run_path)
        path = sorted((self.run_path / "trials").glob("*.json"))[0]
        whole = path.read_text()
        for huge in ("1e999", "-1e999", "1" + "0" * 400):
            with self.subTest(huge[:9]):
                path.write_text(re.sub(r'"throughput_per_s": [^,]*', f'"throughput_per_s": {huge}', whole, count=1))
                with self.assertRaisesRegex(checks.ResultsError, "cannot be read: .* is too large for a number"):
                    results.load(self.run_path)

    def test_a_pipe_is_no_stored_file(self):
        stored.write(self.run_path)
        path = sorted((self.run_path / "trials").glob("*.json"))[0]
        path.unlink()
        os.mkfifo(path)
        self.refused(rf"{re.escape(path.name)}: cannot be read: it is no regular file")
        path.unlink()
        path.symlink_to("/dev/zero")
        self.refused(rf"{re.escape(path.name)}: cannot be read: it is no regular file")

    def test_damage_that_the_checks_do_not_know_is_a_sentence(self):
        """The summaries lack keys that a template or the code relies on."""
        for change in (
            lambda run: run["noise_floor"].pop("cells"),
            lambda run: run.update(tally={}),
        ):
            with self.subTest():
                run, trials, texts = stored.build()
                run["noise_floor"] = {"cells": 1, "different": 0, "ok": True, "quantile": 0.05, "experiments": [{}]}
                change(run)
                stored.store(self.run_path, run, trials, texts)
                done = self.report(code=1)
                self.assertRegex(
                    done.stderr,
                    r"run.json or a trial of it is damaged in a way that the checks do not know"
                    r" \(\w+: .* at \w+\.\w+:\d+\)",
                )
                self.assertNotIn("Traceback", done.stderr)

    def test_names_that_cannot_be_names_of_files(self):
        def experiment(run):
            return run["experiments"][0]

        built, trials, _ = stored.build()
        for bad in ("x\0y", "x" * 5000, "", "a/b", "\n", " ", "\x1b[1m", "\x7f"):
            for place, change in (
                ("experiments[0].name", lambda r: experiment(r).update(name=bad)),
                ("load_points[0].id", lambda r: experiment(r)["load_points"][0].update(id=bad)),
                ("models", lambda r: r["models"].update({bad: {}})),
                ("run_id", lambda r: r.update(run_id=bad)),
            ):
                with self.subTest(bad=bad[:9], place=place):
                    run = json.loads(json.dumps(built))
                    change(run)
                    with self.assertRaisesRegex(
                        checks.ResultsError, rf"{re.escape(place)} must be a name .* found"
                    ):
                        checks.check_run(self.run_path, run)
            with self.subTest(bad=bad[:9], place="trial"):
                with self.assertRaisesRegex(checks.ResultsError, "load_point must be a name"):
                    checks.check_trial(self.run_path, dict(trials[0], load_point=bad), built)
        run, trials, texts = stored.build()
        run["run_id"] = "x" * 5000
        stored.store(self.run_path, run, trials, texts)
        self.refused(r"run_id must be a name .*\(5002 characters\)")

    def test_trial_of_a_complete_run_that_has_no_file(self):
        stored.write(self.run_path)
        lost = sorted((self.run_path / "trials").glob("*.json"))[0]
        lost.unlink()
        self.refused(rf"1 of its trials has no file, first trials/{lost.name}")

    def test_missing_tools_are_named_with_the_remedy(self):
        stored.write(self.run_path)
        done = run_report(self.run_path, PATH="/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("gnuplot, which is not installed: run `make deps`", done.stderr)
        broken = self.run_path.with_name("modules")
        broken.mkdir()
        (broken / "jinja2.py").write_text("raise ImportError")
        done = run_report(self.run_path, PYTHONPATH=str(broken))
        self.assertEqual(done.returncode, 1)
        self.assertIn("run `make deps`", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_usage(self):
        self.assertEqual(run_report().returncode, 2)
        self.assertEqual(run_report("--only", "poem", "x").returncode, 2)


if __name__ == "__main__":
    unittest.main()
