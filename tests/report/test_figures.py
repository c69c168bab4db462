# SPDX-License-Identifier: MIT
"""The figures of a report: ratios with their margin, the offered rate with knee and
limit, invalid points, gates, the self-test.
"""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from case import Case  # noqa: E402
import stored  # noqa: E402


def noise_floor():
    """A noise floor with one pair of copies called different on throughput."""
    cell = {
        "load_point": "fetch", "metric": "throughput_per_s", "n": 6,
        "ratio": 1.3, "lo": 1.2, "hi": 1.4, "verdict": "better",
    }
    floor = {"floor": 0.3, "declared": 0.05, "margin": 0.3}
    own = {
        "experiment": "quick", "model": "event-loop", "different": 1,
        "floors": {"throughput_per_s": floor}, "cells": [cell],
    }
    return {"quantile": 0.95, "cells": 4, "different": 1, "ok": False, "experiments": [own]}


class Figures(Case):
    def test_offered_rate_tells_knee_limit_and_overload(self):
        stored.write(self.run_path, "rates")
        self.report("--only", "report")
        self.golden("rates.md", self.text())
        row = next(
            line for line in self.text().splitlines()
            if line.startswith("| event-loop") and "between" in line
        )
        cells = [c.strip() for c in row.split("|")]
        self.assertEqual(cells[2], "between 1,000 and 1,500/s")  # the knee
        self.assertEqual(cells[3], "between 1,000 and 1,500/s")  # the limit
        self.assertIn("(overloaded)", cells[9])
        self.assertNotIn("(overloaded)", "".join(cells[:9]))

    def test_margin_and_verdict_of_every_ratio(self):
        run = stored.build("quick")[0]
        stored.write(self.run_path)
        self.report("--only", "charts")
        folder = self.run_path / "report" / "charts"
        text = (folder / "forest-throughput-quick-ratios.gp").read_text()
        shown = text.count(" left front ")  # the rows' labels
        pairs = [
            c for c in run["comparisons"]
            if c["metric"] == "throughput_per_s" and "event-loop" in (c["a"], c["b"])
        ]
        self.assertEqual(shown, len(pairs))
        self.assertIn(": no meaningful difference'", text)
        blocks = (folder / "forest-throughput-quick-ratios.dat").read_text().split("# ")
        margins = [line.split() for line in blocks[-1].splitlines()[1:]]
        self.assertEqual({row[1] for row in margins}, {"1.05"})

    def test_invalid_points_are_hollow_with_their_reason(self):
        def change(_, trials):
            for t in trials:
                where = t["load_point"], t["cell"]["model"]
                if where == ("spin-r1500", "event-loop"):
                    t.update(valid=False, reason="the generator was late")
                    t["gates"][1].update(ok=False, value=0.93)

        self.store(change, "rates")
        self.report()
        folder = self.run_path / "report" / "charts"
        for name in ("rate-rates-spin", "sweep-throughput-rates-spin"):
            data = (folder / f"{name}.dat").read_text()
            self.assertRegex(data, r"# invalid\n1500 ")
        # No line is drawn across the gap.
        line = (folder / "rate-rates-spin.dat").read_text().split("# event-loop\n")[1]
        self.assertRegex(line, r"^250 .*\n500 .*\n1000 .*\n\n1900 .*\n2500 ")
        words = "event-loop (blocks 1, 2, 3, 4, 5, 6): the generator was late"
        self.assertIn(f"Hollow, on the axis: invalid, {words}", self.text())
        self.assertRegex(
            self.text(),
            r"\| generator +\| +– \| +– \| +72 \| +6 \| +1\.09 × \| +busy share \| +rates-b1-spin-r1500",
        )

    def test_what_a_gate_withholds_is_in_no_figure(self):
        """A late generator withholds the response times and no other figure."""
        words = "the generator was late"

        def change(run, trials):
            for t in trials:
                if t["cell"]["model"] == "event-loop" and t["load_point"] == "fetch":
                    t["gates"].append({"id": "generator_lag", "value": 2.0, "limit": 1.0,
                                       "ok": False, "words": words})
                    t["withheld"] = [{"figure": "latency", "effect": "withheld",
                                      "gate": "generator_lag", "words": words}]

        self.store(change)
        self.report("--only", "report")
        self.assertIn(
            f"Withheld of event-loop: latency in 6 of 6 trials by generator_lag: {words}",
            self.text())
        row = next(cells for cells in map(lambda line: [c.strip() for c in line.split("|")], self.text().splitlines())
                   if cells[1:2] == ["event-loop"] and len(cells) == 12)
        self.assertEqual(["–", "–"], row[4:6])
        self.assertNotIn("–", row[6:-1], "CPU and memory are left")
        self.assertIn(f"withheld: {words}", self.text())

    def test_a_second_gate_takes_what_the_first_has_taken(self):
        """A figure is stored with the first gate that withholds it."""
        def change(run, trials):
            run["gates"] = [{"id": name, "fails_when": "-", "figures": ["throughput", "latency"],
                             "effect": "withheld"} for name in ("generator_lag", "backend_lateness")]
            for name in ("generator_lag", "backend_lateness"):
                trials[0]["gates"].append({"id": name, "value": 2.0, "limit": 1.0, "ok": False,
                                           "words": "late"})
            trials[0]["withheld"] = [{"figure": "latency", "effect": "withheld",
                                      "gate": "generator_lag", "words": "late"}]

        self.store(change)
        self.report("--only", "report")

    def test_a_failed_gate_that_takes_nothing_is_refused(self):
        def change(run, trials):
            trials[0]["gates"].append({"id": "little", "value": 2.0, "limit": 1.0, "ok": False,
                                       "words": "they differ"})

        self.store(change)
        done = self.report("--only", "report", code=1)
        self.assertIn("gate 'little' failed, and no figure is withheld", done.stderr)

    def test_gates_tell_what_they_mean_and_whom_they_hit(self):
        def change(run, trials):
            run["gates"] = [{"id": "generator", "fails_when": "the generator was busy",
                             "figures": ["throughput", "idle_memory"], "effect": "bound"}]
            for t in trials:
                if t["cell"]["model"] == "event-loop" and t["block"] < 3:
                    t.update(valid=False, reason="the generator was busy")
                    t["gates"][1].update(ok=False, value=0.93)

        self.store(change)
        self.report("--only", "report")
        rows = [line for line in self.text().splitlines() if line.startswith("| generator ")]
        self.assertRegex(rows[0], r"\| the generator was busy \| throughput, idle memory \(bounds\) \| +72 \| +6 \|")
        self.assertRegex(self.text(), r"\| event-loop +\| +18 \| +18 \| +6 \| +33 % \| +6 \|")
        self.assertIn("event-loop lost 33 % of its attempts, process-pool 0 %", self.text())

    def test_capacity_is_a_figure_a_bound_or_none(self):
        stored.write(self.run_path, "search")
        self.report()
        text = self.text()
        rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("| ") and "6/6" in line}
        self.assertIn("cannot meet", rows["serial"])
        self.assertRegex(rows["process-pool"], r"\| +≥ 1,2\d0 \|")
        self.assertRegex(rows["event-loop"], r"\| +1,\d{3} \[1,\d{3}–1,\d{3}\] \|")
        self.assertIn("the highest rate with p99<60ms", text)
        self.assertNotIn("RSS", text)
        dots = (self.run_path / "report/charts/capacity-capacity-mixed.gp").read_text()
        self.assertIn("the generator was the limit", dots)
        steps = (self.run_path / "report/charts/staircase-capacity-mixed.dat").read_text()
        self.assertEqual(len(steps.split("# failed")[1].splitlines()), 1 + 1 + 3 * 10)
        record = self.records()[0].read_text()
        self.assertIn("it keeps p99<80ms up to", record)
        self.assertIn("serial: does not fit", record)
        self.assertIn("process-pool: cannot be judged", record)

    def test_what_a_soak_saw_grow_and_the_headline_stored(self):
        run, trials, texts = stored.build("rates")
        for where in run["experiments"][0]["load_points"]:
            where["headline"] = "cpu_per_request_ns"
        drift = {"parts": [], "latency_p50": {}, "latency_p99": {}}
        parts = {"memory_bytes": 1e6, "requests": 9, "p50_ns": 1e6, "p99_ns": None}
        drift["parts"] = [parts] * 10
        told = {"per_hour": 1.0, "lo": 0.5, "hi": 1.5, "margin_per_hour": 0.1}
        for key in ("memory", "latency_p50", "latency_p99"):
            drift[key] = told | {"verdict": "grows", "words": f"{key} grows"}
        trials[0]["drift"] = drift
        stored.store(self.run_path, run, trials, texts)
        self.report("--only", "report")
        self.assertRegex(self.text(), r"\| +1 \| +memory grows \| +latency_p50 grows \|")
        self.assertRegex(self.text(), r"`spin-r250`: .* on CPU per request")

    def test_a_search_for_another_limit_says_nothing(self):
        def change(run, trials):
            run["experiments"][0]["profile"].update(limit_ns=40_000_000, limit="p99<40ms")

        self.store(change, "search")
        self.report()
        decided = json.loads(self.records()[0].with_suffix(".json").read_text())["decision"]
        self.assertEqual({o["fate"] for o in decided["options"]}, {"unknown"})
        edges = [row["edge"] for row in decided["changes"]]
        self.assertEqual(edges, [None] * 4)  # a capacity is no latency

    def test_a_figure_that_the_generator_bounded_is_a_bound(self):
        run, trials, texts = stored.build("quick")
        for row in run["summary"]:
            if (row["load_point"], row["model"]) == ("fetch", "event-loop"):
                if row["metric"] in ("throughput_per_s", "latency_p50_ns"):
                    row["generator_bound"] = True
        for row in run["comparisons"]:
            pair = {row["a"], row["b"]} == {"event-loop", "thread-per-request"}
            if row["metric"] == "throughput_per_s" and row["load_point"] == "fetch" and pair:
                row.update(verdict="inconclusive", blocks_needed=None, generator_bound=True)
        stored.store(self.run_path, run, trials, texts)
        self.report()
        row = next(r for r in self.text().splitlines() if r.startswith("| event-loop "))
        self.assertRegex(row, r"\| +≥ 1,9\d0 \[.*\| +≤ 5\d\.\d \[")
        self.assertIn("at least as good", self.text())
        self.assertRegex(
            self.text(), "no verdict on .*, because the generator was the limit\\."
        )
        dots = (self.run_path / "report/charts/throughput-quick-fetch.gp").read_text()
        self.assertIn("event-loop: ≥ 1,9", dots)

    def test_noise_floor_is_told_and_widens_margins(self):
        def change(run, trials):
            for row in run["comparisons"]:
                if row["metric"] == "throughput_per_s":
                    row["margin"] = 0.3
            run["noise_floor"] = noise_floor()

        run, trials, texts = stored.build("quick")
        change(run, trials)
        stored.store(self.run_path, run, trials, texts)
        self.report()
        text = self.text()
        self.assertIn("1 of 4 such pairs were called different", text)
        self.assertIn("do not trust the verdicts", text)
        self.assertRegex(text, r"\| throughput +\| +5\.00 % \| +30\.0 % \| +30\.0 % \|")
        self.assertRegex(text, r"\| fetch +\| throughput +\| +1\.30 \[1\.20–1\.40\] \| +6 \| +called different \|")
        self.assertIn("30.0 % throughput, 5.00 % p99 latency and CPU per request and memory", text)
        self.assertIn('id="noise"', self.text("index.html"))
        record = self.records()[0].read_text()
        self.assertIn("throughput 30 %, p99 latency 5 %", record)

    def test_selftest_is_told_and_checked(self):
        stored.write(self.run_path)
        path = self.run_path.parent / "selftest-20261121.json"
        selftest = stored.selftest()
        path.write_text(json.dumps(selftest))
        self.report()
        text = self.text()
        self.assertIn("1 as expected, 1 failed, 0 skipped", text)
        self.assertIn("fails its own test", text)
        self.assertRegex(text, r"\| mutant: closed .* FAILED at attempt 2 \|")
        self.assertNotIn("another version", text)
        self.assertIn('id="selftest"', self.text("index.html"))
        selftest["tests"][0]["group"] = "poetry"
        path.write_text(json.dumps(selftest))
        done = self.report(code=1)
        self.assertIn("selftest-20261121.json: tests[0].group", done.stderr)


if __name__ == "__main__":
    unittest.main()
