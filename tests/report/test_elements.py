# SPDX-License-Identifier: MIT
"""A claim's figures from stored runs: a figure limited by the generator is a bound on
the right side, prices have quartiles, and a figure that rests on invalid trials is
missing.
"""

import math
import unittest
from dataclasses import replace

from case import Case

import stored
from data import results
from claims import figures
from claims.rules import Figure

PLAIN = Figure("x", "x", "value", "throughput_per_s", ["event-loop"], None, None, "quick", ["fetch"], None, False, *[None] * 3, "rate")
RATIO = replace(PLAIN, form="ratio", to="serial", measures="number")


class Elements(Case):
    def of(self, figure, change=lambda run, trials: None, *names):
        """The elements of a figure; `change` is applied after the summary."""
        run, trials, texts = stored.build(*names)
        stored.summarise(run, trials)
        change(run, trials)
        stored.store(self.run_path, run, trials, texts)
        return figures.elements(figure, [results.load(self.run_path)])

    def bounded(self, *models):
        def change(run, _):
            for row in run["summary"]:
                row["generator_bound"] = row["model"] in models

        return change

    def test_a_bound_is_open_on_its_side(self):
        for figure, models, bound in (
            (PLAIN, ["event-loop"], "at least"),
            (replace(PLAIN, metric="latency_p50_ns"), ["event-loop"], "at most"),
            (RATIO, ["event-loop"], "at least"),
            (RATIO, ["serial"], "at most"),
            (replace(RATIO, metric="latency_p50_ns"), ["serial"], "at least"),
        ):
            with self.subTest(figure=figure.metric, models=models):
                (element,) = self.of(figure, self.bounded(*models))
                self.assertEqual(element.bound, bound)
                lo, hi = element.interval
                wanted = (element.lo, math.inf) if bound == "at least" else (-math.inf, element.hi)
                self.assertEqual((lo, hi), wanted)

    def test_of_two_bounds_there_is_no_ratio(self):
        (element,) = self.of(RATIO, self.bounded("event-loop", "serial"))
        self.assertIsNone(element.interval)
        self.assertIn("generator-bound", element.missing)

    def test_what_one_more_worker_adds(self):
        """The figure uses the load points with the fewest and the most workers, and
        their intervals' ends."""
        each = replace(PLAIN, form="per worker", metric="memory_total_bytes", models=["process-pool"], measures="size")

        def change(run, trials):
            points = [p["id"] for p in run["experiments"][0]["load_points"]]
            for t in trials:
                if t["cell"]["model"] == "process-pool":
                    t["cell"]["workers"] = 4 if t["load_point"] == points[0] else 20
            for row in run["summary"]:
                if row["model"] == "process-pool" and row["metric"] == "memory_total_bytes":
                    level = 100 if row["load_point"] == points[0] else 260
                    row.update(value=level, lo=level - 8, hi=level + 8)

        (element,) = self.of(replace(each, cells=["*"]), change)
        self.assertEqual((element.value, element.lo, element.hi, element.n), (10.0, 9.0, 11.0, 6))
        (element,) = self.of(replace(each, cells=["fetch"]), change)
        self.assertIn("one number of workers alone", element.missing)

    def test_prices(self):
        def change(run, _):
            rows = (("far", 40.0, 30.0, 60.0), ("near", 10.0, 8.0, 12.0))
            names = ("name", "median_ns", "lower_quartile_ns", "upper_quartile_ns")
            run["primitives"] = {"primitives": [dict(zip(names, row)) for row in rows]}

        price = replace(PLAIN, form="primitive", primitive="far", measures="time")
        for figure, wanted in ((price, (40, 30, 60)), (replace(price, form="primitive ratio", to="near"), (4, 2.5, 7.5))):
            (element,) = self.of(figure, change)
            self.assertEqual((element.value, element.lo, element.hi), wanted)
        (element,) = self.of(replace(price, primitive="none"), change)
        self.assertIn("make bench-primitives", element.missing)

    def test_invalid_trials_are_missed_below_a_slope_and_at_a_base(self):
        def change(run, trials):
            run["experiments"][0]["base"] = "wait-c1"
            for t in trials:
                if t["load_point"] == "wait-c1" and t["block"] < 3:
                    t["valid"], t["reason"] = False, "late"

        slope = replace(
            PLAIN, form="slope", experiment="connections", cells=["wait"],
            per="busy_connection", kind="total_bytes", measures="size",
        )
        across = replace(PLAIN, form="across", experiment="connections", cells=["wait-c10"])
        for figure in (slope, across):
            (element,) = self.of(figure, change, "sweep")
            self.assertEqual(element.missing, figures.FEW + "late")
            self.assertIsNone(element.interval)

    def test_what_a_gate_withholds_is_missed_where_it_is_asked_for(self):
        """If more than a fifth of the trials withhold a figure, it is missing: the rest
        may be the lucky ones. Figures that the gate leaves do not change."""
        def change(run, trials):
            for t in trials:
                if t["block"] < 3:
                    row = {"effect": "withheld", "gate": "late", "words": "the clock was late"}
                    t["withheld"] = [row | {"figure": "latency"}]

        (element,) = self.of(replace(PLAIN, metric="latency_p50_ns"), change)
        self.assertEqual(element.missing, figures.FEW_GIVE + "the clock was late")
        (element,) = self.of(PLAIN, change)
        self.assertIsNone(element.missing)


if __name__ == "__main__":
    unittest.main()
