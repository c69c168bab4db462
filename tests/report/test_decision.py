# SPDX-License-Identifier: MIT
"""Decisions from stored results: when a model is recommended, and when the data do not
suffice.
"""

import json
import os
import re
import subprocess
import unittest

from case import ROOT, Case

import stored


class Decisions(Case):
    def outcome(self, change, *names):
        self.store(change, *names)
        self.report("--only", "adr")
        path = self.records()[-1]
        return json.loads(path.with_suffix(".json").read_text())

    def set_profile(self, **values):
        return lambda run, _: run["experiments"][0]["profile"].update(values)

    def test_straddled_limit_is_at_risk(self):
        copy = self.outcome(self.set_profile(limit_ns=53_100_000, limit="p99<53.1ms"))
        self.assertEqual(copy["decision"]["outcome"]["kind"], "at risk")
        self.assertIn(
            "No option surely fits; at risk: thread-per-request and event-loop",
            copy["outcome_words"],
        )

    def test_nobody_fits(self):
        copy = self.outcome(self.set_profile(limit_ns=1_000_000, limit="p99<1ms"))
        self.assertEqual(copy["decision"]["outcome"]["kind"], "none")
        self.assertEqual(copy["outcome_words"], "No measured option fits the profile.")

    def test_limit_beside_a_job_is_the_second_loads(self):
        profile = {
            "name": "bystanders", "wait_ns": 0, "cpu_ns": 100_000, "connections": 1,
            "limit": "p99<20ms", "limit_percentile": 99, "limit_ns": 20_000_000,
            "memory_bytes": None,
        }

        def change(run, _):
            run["experiments"][0]["profile"] = profile

        copy = self.outcome(change, "beside")
        decided = copy["decision"]
        fates = {o["model"]: o["fate"] for o in decided["options"]}
        self.assertEqual(fates.pop("event-loop"), "fails")  # held up for the job's 50 ms
        self.assertEqual(set(fates.values()), {"fits"})  # whose own latency does not count
        self.assertEqual({c["metric"] for c in decided["constraints"]}, {"beside_p99_ns"})
        self.assertIn("beside_p99_ns", decided["weights"])
        self.assertIn("the second load's", self.records()[-1].read_text())

    def test_equal_options_are_a_toss_up(self):
        def change(_, trials):
            loop = {
                t["block"]: t
                for t in trials
                if t["load_point"] == "fetch" and t["cell"]["model"] == "event-loop"
            }
            for t in trials:
                if (
                    t["load_point"] == "fetch"
                    and t["cell"]["model"] == "thread-per-request"
                ):
                    for key in (
                        "memory",
                        "cpu",
                        "throughput_per_s",
                        "latency",
                        "requests",
                    ):
                        t[key] = json.loads(json.dumps(loop[t["block"]][key]))
                    t["cpu"]["per_request_ns"] += 25 * t["block"]

        copy = self.outcome(change)
        self.assertEqual(copy["decision"]["outcome"]["kind"], "toss-up")
        self.assertIn(
            "Toss-up between event-loop and thread-per-request", copy["outcome_words"]
        )
        self.assertIn("no measurement separates them", copy["outcome_words"])

    def test_trade_off_within_the_noise_is_a_toss_up(self):
        """One model is better on memory and worse on CPU: neither dominates, and the
        score decides only beyond its interval."""

        def change(_, trials):
            for t in trials:
                if (
                    t["load_point"] == "fetch"
                    and t["cell"]["model"] == "thread-per-request"
                ):
                    t["memory"]["total_bytes"] = int(3.1e6 * (1 + 0.01 * t["block"]))
                    t["cpu"]["per_request_ns"] = 12600 - 126 * t["block"]

        copy = self.outcome(change)
        self.assertEqual(copy["decision"]["outcome"]["kind"], "toss-up")
        self.assertRegex(
            copy["outcome_words"], "decide on memory .* and CPU per request"
        )

    def test_memory_budget_uses_the_pessimistic_end_at_the_profile(self):
        copy = self.outcome(
            self.set_profile(
                connections=5000, memory_bytes=100 * 2**20, limit_ns=10**10, limit="p99<10s"
            )
        )
        fates = {o["model"]: o["fate"] for o in copy["decision"]["options"]}
        self.assertEqual(fates["event-loop"], "fits, extrapolated")
        self.assertEqual(fates["thread-per-request"], "at risk")
        self.assertTrue(copy["decision"]["choice"]["far"])

    def test_percentile_without_samples_is_bracketed(self):
        def change(_, trials):
            for t in trials:
                for row in (t["latency"][k] for k in ("service", "response")):
                    row["percentiles"] = [r for r in row["percentiles"] if r["p"] < 99]

        copy = self.outcome(change)
        decided = {o["model"]: o["checks"][0] for o in copy["decision"]["options"]}
        self.assertEqual(decided["event-loop"]["fate"], "fits")
        self.assertEqual(decided["event-loop"]["by"], "latency_max_ns")
        self.assertEqual(decided["serial"]["fate"], "fails")
        self.assertEqual(decided["serial"]["by"], "latency_p50_ns")

    def test_many_invalid_trials_block_the_verdict(self):
        def change(_, trials):
            for t in trials:
                if t["trial_id"] in (
                    "quick-b1-fetch-event-loop",
                    "quick-b2-fetch-event-loop",
                ):
                    t.update(valid=False, reason="the backend was late")

        copy = self.outcome(change)
        self.assertEqual(copy["decision"]["outcome"]["unknown"], ["event-loop"])
        self.assertEqual(copy["decision"]["outcome"]["models"], ["thread-per-request"])
        self.report()
        report = (self.run_path / "report" / "report.md").read_text()
        self.assertIn("`fetch`: Cannot tell on throughput", report)
        self.assertIn("fifth of the trials of event-loop are invalid", report)
        record = self.records()[-1].read_text()
        self.assertIn("The only option that surely fits is thread-per-request; whether it is the best of "
                      "the fitting options is not known.", record)
        self.assertNotIn("Recommended: ", record)

    def spoil(self, *names, code, only="report"):
        """The summary of a run in which the given trials are invalid."""

        def change(_, trials):
            for t in trials:
                if t["trial_id"] in names:
                    t.update(valid=False, reason="the backend was late")

        self.store(change)
        said = self.report("--summary", "--only", only, code=code).stdout
        (record,) = self.records()
        return said, record.read_text()

    def test_invalid_trial_that_takes_no_part_changes_nothing(self):
        for name in ("quick-b1-spin-event-loop", "quick-b1-fetch-serial"):
            with self.subTest(name):
                said, record = self.spoil(name, code=0, only="adr")
                words = "1 of 72 trials is invalid; the decision does not depend on it."
                self.assertIn(words, said)
                self.assertIn(words, record)
                self.setUp()

    def test_invalid_trial_of_what_is_recommended_is_told(self):
        said, record = self.spoil("quick-b1-fetch-event-loop", code=3)
        words = "1 of 72 trials is invalid, and the decision depends on it: event-loop has 5 of 6"
        self.assertIn(words, said)
        self.assertIn(words, record)
        self.assertIn(words, self.text())

    def test_invalid_trial_without_a_decision_is_an_answer_that_lacks(self):
        def change(_, trials):
            trials[0].update(valid=False, reason="the backend was late")

        self.store(change, "sweep")
        self.report("--summary", "--only", "adr", code=3)
        self.report("--only", "adr")

    def test_figures_that_gates_were_switched_off_for_are_no_ground_for_a_decision(self):
        words = "NOT TO BE TRUSTED: TROIKA_DISABLE_GATE=steal"
        self.store(lambda run, _: run.update(untrusted=words + " in the environment"))
        said = self.report("--summary", code=3).stdout
        self.assertTrue(said.startswith(words), said)
        self.assertIn("No decision is recorded", said)
        self.assertEqual([], self.records())
        self.assertTrue(self.text().startswith("**" + words))
        self.assertIn(words, self.text("index.html").split("<header>")[0])

    def troika(self, *arguments):
        troika = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
        return subprocess.run(
            [troika, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
        )

    def to_measure(self):
        """The experiment beside the newest record; troika must accept it."""
        (path,) = sorted(self.records()[-1].parent.glob("*.ini"))
        done = self.troika("bench", "--dry-run", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("at-profile", done.stdout)
        return path.read_text()

    def test_evidence_far_in_cpu_recommends_nothing(self):
        """A load point without CPU work is far from a profile with CPU work."""
        copy = self.outcome(self.set_profile(cpu_ns=900_000))
        decided, choice = copy["decision"], copy["decision"]["choice"]
        self.assertGreater(choice["cpu_factor"], 2)
        self.assertEqual(decided["outcome"]["kind"], "far")
        self.assertEqual(decided["outcome"]["models"], [])
        self.assertIn("Nothing is recommended: the nearest measured load point", copy["outcome_words"])
        for option in decided["options"]:
            self.assertNotIn(option["fate"], ("fits", "fails"))
        ini = self.to_measure()
        for line in ("workload = mixed", "delay = 50ms", "connections = 100", "cpu = 900us"):
            self.assertIn(line, ini)
        self.assertIn("0001-at-profile.ini", self.records()[-1].read_text())
        # A step took 0.99 ns in the bare processes of the made-up run.
        self.assertIn("steps = 909000", ini)

    def test_step_that_was_not_measured_is_said_to_be_a_guess(self):
        def change(run, trials):
            run["experiments"][0]["profile"]["cpu_ns"] = 900_000
            for t in trials:
                t["bare"] = None

        self.outcome(change)
        self.assertIn("is a guess", self.to_measure())
        self.assertIn("is a guess", self.records()[-1].read_text())

    def test_names_of_any_kind_leave_the_experiment_readable(self):
        for name in ("a]\n[cell x]\n# <b>`|", "x" * 5000, "ä" * 50, "; \0\t"):
            with self.subTest(name):
                self.outcome(self.set_profile(name=name, connections=3000, wait_ns=0))
                self.to_measure()
                self.setUp()

    def test_factors_multiply(self):
        """Three factors of 1.3 make 2.2, though each is small by itself."""

        def change(run, trials):
            profile = run["experiments"][0]["profile"]
            profile.update(wait_ns=13_000_000, cpu_ns=655_000, connections=42)

        copy = self.outcome(change)
        choice = copy["decision"]["choice"]
        self.assertEqual(copy["decision"]["load_point"], "mixed")
        for name in ("wait_factor", "connections_factor", "cpu_factor"):
            self.assertAlmostEqual(choice[name], 1.3, delta=0.02)
        self.assertAlmostEqual(choice["product"], 1.3**3, delta=0.1)
        self.assertEqual(copy["decision"]["outcome"]["kind"], "far")

    def test_beyond_half_as_much_again_every_word_is_extrapolated(self):
        copy = self.outcome(self.set_profile(connections=160, limit_ns=10**9, limit="p99<1s"))
        self.assertTrue(1.5 < copy["decision"]["choice"]["product"] <= 2)
        self.assertIn("Recommended, extrapolated: event-loop", copy["outcome_words"])
        text = self.records()[-1].read_text()
        for line in re.findall(r"^- (?:serial|event-loop|thread-per-request|process-pool).*: .*fit.*$", text, re.M):
            self.assertIn("extrapolated", line)
        self.to_measure()

    def test_limit_between_the_figure_and_its_bound_cannot_be_told(self):
        """The latency is 53 ms with 100 connections; 20 more connections add at most 14
        us each, which makes 53.3 ms."""
        with_room = {"connections": 120, "limit_ns": 54_500_000, "limit": "p99<54.5ms"}
        copy = self.outcome(self.set_profile(**with_room))
        loop = next(o for o in copy["decision"]["options"] if o["model"] == "event-loop")
        self.assertEqual(loop["fate"], "fits")
        check = loop["checks"][0]
        self.assertTrue(check["hi"] < check["at_most"] < 1.02 * check["hi"])
        tight = round((check["hi"] + check["at_most"]) / 2)
        self.setUp()
        copy = self.outcome(self.set_profile(connections=120, limit_ns=tight, limit="tight"))
        loop = next(o for o in copy["decision"]["options"] if o["model"] == "event-loop")
        self.assertEqual(loop["fate"], "at risk")
        self.to_measure()

    def test_break_even_of_a_median_is_told(self):
        """No model keeps a limit of 1 ms: the record has the true break-evens, only for
        limits of the profile."""
        copy = self.outcome(self.set_profile(limit_ns=1_000_000, limit="p99<1ms"))
        text = self.records()[-1].read_text()
        changes = text.split("### What would change this")[1].split("###")[0]
        self.assertNotIn("connections", changes)
        self.assertRegex(changes, r"serial would need a limit on p99 latency above 5\.0\d s, which its p50 already reaches")
        checks = sum(len(o["checks"]) for o in copy["decision"]["options"])
        self.assertEqual(len(copy["decision"]["changes"]), checks)
        self.assertEqual(changes.count("\n- "), checks)

    def test_break_even_of_a_limit_on_the_median(self):
        """If the limit is on p50, the median is the figure and its pessimistic end the
        break-even."""
        def changes(limit_ns):
            self.setUp()
            copy = self.outcome(
                self.set_profile(limit_ns=limit_ns, limit_percentile=50, limit="p50")
            )
            decided, text = copy["decision"], self.records()[-1].read_text()
            for option in decided["options"]:
                for check, row in zip(
                    option["checks"],
                    (r for r in decided["changes"] if r["model"] == option["model"]),
                ):
                    self.assertEqual(row["edge"], check["at_most"])
                    self.assertFalse(row["by_median"])
            return text.split("### What would change this")[1].split("###")[0]

        self.assertRegex(changes(100_000_000), r"event-loop keeps a limit on p50 latency down to 5\d")
        said = changes(1_000_000)
        self.assertRegex(said, r"event-loop would need a limit on p50 latency of 5\d\.?\d* ms or more")
        self.assertNotIn("no figure for p50", said)

    def workers(self, run, trials, levels):
        """Load points of `fetch` with other numbers of workers: the pool's rate and
        latency follow W / D, event-loop stays unchanged. `levels` maps a number of
        workers to a factor on the pool's rate."""
        quick, base = run["experiments"][0], run["experiments"][0]["load_points"][0]
        quick["load_points"] = []
        own = [t for t in trials if t["load_point"] == "fetch"]
        trials.clear()
        for count, factor in levels.items():
            name = f"fetch-w{count}"
            models = ["event-loop", "process-pool"]
            quick["load_points"].append(dict(base, id=name, workers=count, models=models))
            for t in own:
                if t["cell"]["model"] in models:
                    twin = json.loads(json.dumps(t))
                    twin.update(load_point=name, trial_id=t["trial_id"].replace("fetch", name))
                    if t["cell"]["model"] == "process-pool":
                        twin["cell"]["workers"] = count
                        twin["throughput_per_s"] *= factor
                        for row in (twin["latency"][k] for k in ("service", "response")):
                            row["mean_ns"] = round(row["mean_ns"] / factor)
                            row["max_ns"] = round(row["max_ns"] / factor)
                            for p in row["percentiles"]:
                                p["ns"] = round(p["ns"] / factor)
                    trials.append(twin)

    def changed_rows(self, change, choose, *more):
        """The record of a run in whose summary the rows with choose(row) are changed."""
        run, trials, texts = stored.build()
        for one in more:
            one(run, trials)
        stored.summarise(run, trials)
        for row in run["summary"]:
            if row.get("value") is not None and choose(row):
                row.update(change(row))
        stored.store(self.run_path, run, trials, texts)
        self.report("--only", "adr")
        return json.loads(self.records()[-1].with_suffix(".json").read_text())["decision"]

    def option(self, decision, model):
        return next(o for o in decision["options"] if o["model"] == model)

    def test_memory_that_lacks_a_part_fits_no_budget(self):
        decided = self.changed_rows(
            lambda row: {"error_share": 0.15, "lower_bound": True},
            lambda row: row["metric"].startswith("memory"),
            self.set_profile(memory_bytes=3 << 20),
        )
        self.assertEqual(self.option(decided, "event-loop")["fate"], "unknown")
        self.assertEqual(self.option(decided, "thread-per-request")["fate"], "fails")
        self.assertNotEqual(decided["outcome"]["kind"], "recommended")

    def test_estimate_within_its_error_of_the_budget_is_at_risk(self):
        decided = self.changed_rows(
            lambda row: {"error_share": 0.15, "lower_bound": False},
            lambda row: row["metric"].startswith("memory"),
            self.set_profile(memory_bytes=int(2.75 * (1 << 20))),
        )
        self.assertEqual(self.option(decided, "event-loop")["fate"], "at risk")

    def test_median_that_is_a_bound_fails_nobody(self):
        def choose(row):
            return row["model"] == "process-pool" and row["metric"].startswith("latency")

        decided = self.changed_rows(
            lambda row: {"generator_bound": True, "bound_by": "generator"}, choose
        )
        self.assertEqual(self.option(decided, "process-pool")["fate"], "unknown")

    def test_throughput_that_cannot_be_compared_recommends_nobody_by_score(self):
        def choose(row):
            fast = row["metric"].startswith(("throughput", "latency"))
            return row["model"] == "thread-per-request" and row["load_point"] == "fetch" and fast

        decided = self.changed_rows(
            lambda row: {"generator_bound": True, "bound_by": "generator"},
            choose,
            self.set_profile(limit_ns=10**10, limit="p99<10s"),
        )
        self.assertNotEqual(decided["outcome"]["kind"], "recommended")
        self.assertIn("no throughput", decided["preliminary"])

    def test_workers_without_figures_are_not_the_best(self):
        def change(run, trials):
            self.set_profile(limit=None, limit_ns=None, memory_bytes=None)(run, trials)
            self.workers(run, trials, {8: 6.1, 100: 6.15})
            for t in trials:
                if t["cell"].get("workers") == 8:
                    t["withheld"] = [
                        {"figure": f, "gate": "steady", "effect": "withheld", "words": "rose"}
                        for f in ("cpu", "memory", "latency")
                    ]

        copy = self.outcome(change)
        self.assertEqual(self.option(copy["decision"], "process-pool")["workers"], 100)

    def test_cpu_that_nobody_knows_is_far_from_much(self):
        def change(run, trials):
            run["experiments"][0]["profile"].update(wait_ns=0, cpu_ns=2 * 10**9)
            for t in trials:
                t["bare"], t["cpu"]["per_request_ns"] = None, None

        copy = self.outcome(change)
        self.assertEqual(copy["decision"]["outcome"]["kind"], "far")

    def test_decision_depends_on_what_is_withheld(self):
        def change(run, trials):
            for t in trials:
                if t["cell"]["model"] == "event-loop":
                    t["withheld"] = [
                        {"figure": f, "gate": "steady", "effect": "withheld", "words": "rose"}
                        for f in ("throughput", "latency")
                    ]

        self.store(change)
        self.report("--summary", "--only", "adr", code=3)
        text = self.records()[-1].read_text()
        self.assertIn("depends on figures that gates withheld: event-loop", text)

    def test_verify_finds_what_people_do_not_write(self):
        stored.write(self.run_path)
        self.report("--only", "adr")
        (record,) = self.records()
        whole = record.read_text()
        for line in ("status: \"proposed\"", "consulted: []"):
            for forged in ("---", "# Chosen option: serial", "Everything below is void."):
                record.write_text(whole.replace(line, forged, 1))
                self.report("--verify", code=4)
        record.write_text(whole)
        copy = record.with_suffix(".json")
        text = copy.read_text()
        for old, new in (
            ('"status": "proposed",', '"status": "accepted", "recommended": "serial",'),
            ('"supersedes": null', '"supersedes": "0000-nothing.md"'),
        ):
            self.assertIn(old, text)
            copy.write_text(text.replace(old, new, 1))
            self.report("--verify", code=4)
        copy.write_text(text)
        self.report("--verify")

    def test_best_workers_by_the_rule_and_not_by_spelling(self):
        levels = {2: 0.125, 8: 6.1, 16: 1.0, 100: 6.15}
        copy = self.outcome(lambda run, trials: self.workers(run, trials, levels))
        options = {o["model"]: o for o in copy["decision"]["options"]}
        pool = options["process-pool"]
        # 8 keeps the limit and cannot be told from 100, so the fewest workers are taken.
        self.assertEqual((pool["workers"], pool["fate"]), (8, "fits"))
        self.assertEqual([r["workers"] for r in pool["curve"]], [2, 8, 16, 100])
        fates = [r["fate"] for r in pool["curve"]]
        self.assertEqual(fates, ["fails", "fits", "fails", "fits"])
        self.assertEqual(options["event-loop"]["workers"], None)
        text = self.records()[-1].read_text()
        self.assertIn("process-pool: fits; process-pool with 8, the best of the measured 2, 8, 16, 100", text)
        self.assertRegex(text, r"\| 8 \(chosen\) +\| +fits")

    def test_workers_that_nobody_chose_are_told(self):
        def change(run, trials):
            run["models"]["process-pool"]["workers_default"] = 16

        self.outcome(change)
        words = "process-pool with 16, its default; other counts were not measured"
        self.assertIn(words, self.records()[-1].read_text())

    def test_equally_near_ones_are_not_told_apart_by_spelling(self):
        for names in (("w2", "w16"), ("w16", "w2")):
            def change(run, trials):
                quick = run["experiments"][0]
                twins = [dict(quick["load_points"][0], id=n, placement=p)
                         for n, p in zip(names, ("shared", "split"))]
                quick["load_points"] = twins
                own = [t for t in trials if t["load_point"] == "fetch"]
                trials[:] = [
                    dict(json.loads(json.dumps(t)), load_point=n, trial_id=f"{n}-{t['trial_id']}")
                    for n in names for t in own
                ]
                for t in trials:
                    t["cell"]["placement"] = "split" if t["load_point"] == names[1] else "shared"

            with self.subTest(names):
                copy = self.outcome(change)
                self.assertEqual(copy["decision"]["load_point"], names[1])  # split
                self.setUp()

    def test_evidence_is_nearest_in_cpu_too(self):
        def change(run, trials):
            """Adds a load point that differs from `fetch` only in CPU."""
            quick = run["experiments"][0]
            quick["profile"]["cpu_ns"] = 780_000
            quick["load_points"].append(dict(quick["load_points"][0], id="heavy", kind="mixed"))
            for t in [t for t in trials if t["load_point"] == "fetch"]:
                twin = json.loads(json.dumps(t))
                twin.update(
                    load_point="heavy", trial_id=t["trial_id"].replace("fetch", "heavy")
                )
                twin["cpu"]["per_request_ns"] = 800_000 + t["block"]
                twin["bare"] = {"processes": 2, "per_s": 2e9 / 785_000}
                trials.append(twin)

        copy = self.outcome(change)
        self.assertEqual(copy["decision"]["load_point"], "heavy")
        self.assertFalse(copy["decision"]["choice"]["extrapolated"])

    def test_confirmation_can_be_run(self):
        stored.write(self.run_path)
        self.report("--only", "adr")
        text = self.records()[0].read_text()
        name, flags = re.search(r"^make bench-(\S+) ARGS='(.*)'$", text, re.M).groups()
        done = self.troika("bench", *flags.split(), "--dry-run", name)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_two_blocks_are_not_enough(self):
        def change(run, trials):
            trials[:] = [t for t in trials if t["block"] == 1]
            run["experiments"][0]["blocks"] = 1

        copy = self.outcome(change)
        self.assertEqual(copy["decision"]["outcome"]["kind"], "at risk")
        self.assertIn("Preliminary", copy["outcome_words"])

    def test_verify_tells_a_record_of_another_name(self):
        """A record that the run does not make is reported."""
        stored.write(self.run_path)
        self.report("--only", "adr")
        (record,) = self.records()
        other = record.with_name("0002-concurrency-model-for-another-thing.md")
        other.write_text(record.read_text())
        said = self.report("--verify", code=4).stdout.splitlines()
        self.assertEqual(len(said), 2)
        self.assertIn("agrees with the stored results", said[0])
        self.assertRegex(said[1], rf"{re.escape(other.name)}: not verified: this run makes no record with this name")
        record.rename(record.with_name("0007-renamed.md"))
        other.unlink()
        said = self.report("--verify", code=4).stdout
        self.assertIn("0007-renamed.md: not verified", said)

    def test_verify_finds_a_figure_that_the_results_do_not_give(self):
        stored.write(self.run_path)
        self.assertIn("no decision record", self.report("--verify", code=1).stderr)
        self.report("--only", "adr")
        (record,) = self.records()
        text = record.read_text()
        # People may change these lines.
        record.write_text(text.replace('status: "proposed"', 'status: "accepted"'))
        self.assertIn("agrees with the stored results", self.report("--verify").stdout)
        seen = re.search(r"p99 latency (\d\d\.\d) ms", text).group(1)
        record.write_text(text.replace(f"{seen} ms", "12.3 ms"))
        said = self.report("--verify", code=4).stdout
        self.assertRegex(said, rf"{record.name}:\d+: the results give: .*{seen} ms")
        record.write_text(text)
        self.store(self.set_profile(limit_ns=60_000_000, limit="p99<60ms"))
        self.report("--verify", code=4)
        self.assertEqual(self.records(), [record])  # nothing is written

    def test_a_verdict_that_many_comparisons_undo_says_so(self):
        stored.write(self.run_path)
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        why = "not significant among 12 comparisons, Holm"
        for row in run["comparisons"]:
            if (row["load_point"], row["metric"]) == ("fetch", "memory_total_bytes"):
                row.update(verdict="inconclusive", phrase=f"inconclusive; about 9 blocks would settle it ({why})")
        path.write_text(json.dumps(run))
        self.report()
        (record,) = self.records()
        said = record.read_text()
        self.assertRegex(said, rf"event-loop are within the noise: ratio \S+ \[\S+\] \({why}\)")
        self.assertRegex(said, rf"(?m)^\| E\d+ .*\| +inconclusive \({why}\) \|$")
        self.assertRegex(self.text(), rf"(?m)^\| \S+ / \S+ .*\| +inconclusive \({why}\) \|$")

    def test_a_verdict_that_is_open_by_itself_needs_no_words(self):
        stored.write(self.run_path)
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        for row in run["comparisons"]:
            if (row["load_point"], row["metric"]) == ("fetch", "memory_total_bytes"):
                row.update(
                    verdict="inconclusive", ratio=1.01, lo=0.9, hi=1.1, phrase="inconclusive"
                )
        path.write_text(json.dumps(run))
        self.report("--only", "adr")
        self.assertRegex(self.records()[0].read_text(),
                         r"(?m)event-loop are within the noise: ratio \S+ \[0.9\S+1.10\] \(E\d+\)$")

    def test_record_is_never_overwritten(self):
        stored.write(self.run_path)
        self.report("--only", "adr")
        before = self.records()[0].read_bytes()
        self.report("--only", "adr")
        self.assertEqual(len(self.records()), 1)
        self.store(self.set_profile(limit_ns=1_000_000, limit="p99<1ms"))
        self.report("--only", "adr")
        old, new = self.records()
        self.assertEqual(old.read_bytes(), before)
        self.assertEqual(new.name[:5], "0002-")
        self.assertIn(f"Supersedes [{old.name}]", new.read_text())


if __name__ == "__main__":
    unittest.main()
