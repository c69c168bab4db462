# SPDX-License-Identifier: MIT
"""The figures of a report that show trials, distributions and choices: what is drawn is
what is stored, and a figure without its data is not drawn.
"""

import re
import unittest

from case import Case

import stored
from charts import catalogue, pareto, slots, spread
from charts.run import timeline, within
from data import results
from data.metrics import metric
from pages import fit, inlined, record


def machine(t, share):
    t["gates"].append({"id": "foreign_cpu", "value": share, "limit": 0.05, "ok": True, "words": "others"})


class Pictures(Case):
    def loaded(self, change=lambda run, trials: None, *names):
        self.store(change, *names)
        return results.load(self.run_path)

    def point(self, run, name="fetch"):
        experiment = run.data["experiments"][0]
        return run, experiment, next(p for p in experiment["load_points"] if p["id"] == name)

    def test_the_run_in_its_order(self):
        def change(_, trials):
            for i, t in enumerate(trials):
                t["started_at"] = f"2026-11-21T03:{15 + i // 60:02}:{i % 60:02}Z"
                machine(t, 0.001 * i)
            trials[5].update(valid=False, reason="late")
            trials[5]["gates"][0].update(ok=False)

        run = self.loaded(change)
        chart = timeline.chart(run)
        blocks = dict(chart.blocks)
        places = sorted(row[0] for m in ("serial", "thread-per-request", "event-loop", "process-pool") for row in blocks[m])
        bad = [row[0] for row in blocks["invalid"]]
        self.assertEqual(sorted(places + bad), list(range(1, 73)))
        self.assertEqual(len(bad), 1)
        self.assertAlmostEqual(blocks["other processes"][10][1], 1.0)
        self.assertEqual(chart.context["limit"], 5.0)
        self.assertNotIn("the hypervisor", blocks)
        self.assertEqual(chart.notes, ["Crosses: 1 invalid attempt."])

    def test_no_order_without_noise_below(self):
        chart = timeline.chart(self.loaded())
        self.assertEqual(chart.context["known"], [])
        self.assertIsNone(chart.context["limit"])

    def test_the_rate_within_a_trial(self):
        def change(_, trials):
            for t in trials:
                t["series"] = {"step_ns": 100_000_000, "completed": [10] * 3 + [20] * 30 + [5, 1]}

        chart = within.chart(*self.point(self.loaded(change)))
        rows = [row for row in dict(chart.blocks)["serial"] if row]
        self.assertEqual(len([r for r in dict(chart.blocks)["serial"] if not r]), 5)  # six trials, apart
        # 0.3 s of warm-up and 3 s of window are 33 steps, two of them to a mark; the drain is cut.
        self.assertEqual({round(row[1]) for row in rows[2:16]}, {200})
        self.assertEqual(round(rows[0][1]), 100)
        self.assertLessEqual(max(row[0] for row in rows), 3.3)

    def tenths(self, most_requests: int):
        """A step in the middle of the window, of a trial with so many requests a tenth."""
        def change(_, trials):
            for t in trials:
                t["series"] = {"step_ns": 100_000_000, "completed": [20] * 33, "tenths": [
                    {"requests": most_requests, **{
                        f"p{p}_ns": (2_000_000 if i < 5 else 20_000_000) if most_requests * (100 - p) >= 2000 else None
                        for p in (50, 90, 99)}} for i in range(10)]}

        return within.chart(*self.point(self.loaded(change)))

    def test_the_latency_within_a_trial(self):
        for requests, name in ((2000, "p99"), (1999, "p90"), (199, "p50")):
            with self.subTest(name):
                chart = self.tenths(requests)
                rows = [row for row in dict(chart.blocks)[f"serial: {name}"] if row][:10]
                self.assertEqual([2.0] * 5 + [20.0] * 5, [ms for _, ms in rows])
                self.assertEqual([0.45, 3.15], [round(rows[i][0], 6) for i in (0, 9)])  # after the warm-up's 0.3 s
                self.assertIn(f"rate and {name}", chart.title)
                self.assertEqual(["2.00 ms", "20.0 ms"], chart.rows[0][4:])
        self.assertIsNone(self.tenths(39).context["latency"])

    def test_no_rate_within_a_short_trial(self):
        self.assertIsNone(within.chart(*self.point(self.loaded())))  # two steps are stored

    def test_who_is_surely_beaten(self):
        run, experiment, point = self.point(self.loaded())
        chart = pareto.chart(run, experiment, point)
        beaten = {row[0]: row[3] for row in chart.rows}
        self.assertEqual(beaten["event-loop"], "–")
        self.assertEqual(beaten["thread-per-request"], "event-loop")  # no difference in speed, dearer
        for key, row in run.comparisons.items():
            if key[2] == "cpu_per_request_ns":
                row["verdict"] = "inconclusive"
        chart = pareto.chart(run, experiment, point)
        self.assertEqual({row[0]: row[3] for row in chart.rows}["thread-per-request"], "–")

    def test_balls_and_boxes_follow_littles_law(self):
        run, experiment, point = self.point(self.loaded())
        chart = slots.chart(run, experiment, point)
        rows = {row[0]: row[1:] for row in chart.rows}
        level = run.level("quick", "fetch", "process-pool", "throughput_per_s")["value"]
        cpu = run.level("quick", "fetch", "process-pool", "cpu_per_request_ns")["value"]
        self.assertAlmostEqual(float(rows["process-pool"][0]), min(level * (50e6 + cpu) / 1e9, 16), delta=0.06)
        self.assertEqual(rows["process-pool"][1], "16")
        self.assertEqual(rows["serial"][1], "1")
        self.assertEqual(rows["event-loop"][1], "as many as come")
        full = next(text for text in chart.context["labels"] if text.startswith("process-pool"))
        self.assertRegex(full, r"15\.\d of 16 busy, full; 84\.\d wait")
        self.assertIsNone(slots.chart(*self.point(run, "spin")))  # nothing waits

    def test_a_hill_has_all_its_requests(self):
        run, experiment, point = self.point(self.loaded())
        found = spread._counts(run, experiment, point, "event-loop")
        self.assertGreater(sum(n for _, n in found), 6 * 5000)
        chart = spread.chart(run, experiment, point)
        hill = dict(chart.blocks)["event-loop"]
        self.assertEqual(max(high for _, _, high in hill), 1.0)
        self.assertEqual((hill[0][2], hill[-1][2]), (0.0, 0.0))
        for path in (self.run_path / "trials").glob("*fetch*.hgrm"):
            path.unlink()
        self.assertIsNone(spread.chart(*self.point(results.load(self.run_path))))

    def test_steps_of_a_search(self):
        run = self.loaded(lambda *_: None, "search")
        chart = next(c for c in catalogue.all_charts(run) if c.name.startswith("tried-"))
        steps = [s for t in run.trials if t["cell"]["model"] == "event-loop" for s in t["capacity"]["steps"] if s["rate_per_s"]]
        drawn = dict(chart.blocks)["event-loop"]
        self.assertEqual(sorted(row[0] for row in drawn), sorted(s["rate_per_s"] for s in steps))
        self.assertEqual(chart.context["limit"]["at"], 60)

    def test_ratios_are_against_the_recommended_model(self):
        def change(run, _):
            run["experiments"][0]["baseline"] = "serial"

        self.store(change)
        self.report()
        text = (self.run_path / "report/charts/forest-throughput-quick-ratios.gp").read_text()
        self.assertIn("ratio to event-loop", text)
        self.assertNotIn("fetch: event-loop:", text)

    def test_every_letter_fits(self):
        """No chart asks for letters below 13 px."""
        self.store(lambda *_: None, "quick", "sweep", "rates", "beside")
        self.report("--only", "charts")
        for path in (self.run_path / "report" / "charts").glob("*.svg"):
            sizes = {float(s) for s in re.findall(r'font-size="([\d.]+)"', path.read_text())}
            self.assertGreaterEqual(min(sizes), 13, path.name)


class Fit(Case):
    def test_bars_are_shares_of_the_limits(self):
        stored.write(self.run_path)
        run = results.load(self.run_path)
        table = fit.of_measured(record.decisions(run)["quick"])
        self.assertEqual([x["words"] for x in table["limits"]], ["p99<100ms", "memory budget"])
        first, *rest = table["rows"]
        self.assertEqual((first["model"], first["mark"], first["fate"]), ("event-loop", "recommended", "fits"))
        level = run.level("quick", "fetch", "event-loop", "latency_p99_ns")["value"]
        self.assertAlmostEqual(first["cells"][0]["width"], 100 * fit.FULL * level / 1e8, places=1)
        self.assertLessEqual(first["cells"][0]["most"], 1e8)
        out = {r["model"]: r for r in rest}
        self.assertTrue(out["serial"]["out"])
        self.assertEqual(out["serial"]["why"], "misses p99<100ms")
        self.assertIn("worse on", out["thread-per-request"]["why"])
        self.assertEqual(table["rows"][-1]["fate"], "fails")

    def test_no_option_of_a_toss_up_is_called_recommended(self):
        rows = [fit.row(m, None, "fits", "", [], named) for m, named in (("c", False), ("a", True), ("b", True))]
        table = fit.table([fit.limit("p99", 1e8, metric("latency_p99_ns"))], rows)
        self.assertEqual([(r["model"], r["mark"]) for r in table["rows"]], [("a", "one of these"), ("b", "one of these"), ("c", "")])

    def test_a_figure_that_is_not_known_has_no_bar(self):
        made = fit.cell("–", None, None, None, 5.0, "unknown")
        self.assertEqual((made["width"], made["used"], made["over"]), (None, "", False))
        over = fit.cell("12", 12.0, 11.0, 13.0, 4.0, "fails")
        self.assertEqual((over["width"], over["used"], over["over"]), (100.0, "3.00 × the limit", True))


class Inlined(Case):
    def test_greys_are_the_pages_ink(self):
        for tag, wanted in (
            ('<path stroke="rgb(34, 34, 34)"/>', '<path stroke="currentColor"/>'),
            ('<path fill="#ffffff"/>', '<path fill="var(--paper)"/>'),
            ("<path stroke='rgb(170,   0,   0)'/>", '<path stroke="var(--limit)"/>'),
            ('<path stroke="rgb(  0, 114, 178)"/>', '<path stroke="rgb(  0, 114, 178)"/>'),
        ):
            self.assertEqual(inlined._inked(tag), wanted)
        pale = inlined._inked('<path fill="rgb(187, 187, 187)" fill-opacity="0.5"/>')
        self.assertEqual(re.findall(r'fill-opacity="([\d.]+)"', pale), ["0.21"])

    def test_marks_say_whose_they_are(self):
        stored.write(self.run_path)
        self.report()
        page = self.text("index.html")
        svg = re.search(r'<figure id="chart-throughput-quick-fetch">.*?</svg>', page, re.S)[0]
        self.assertRegex(svg, r'<use [^>]*data-model="event-loop"><title>event-loop: 1,9\d0/s \[')
        # A plot in parts, and a model in grey, whose colour is not its own.
        trials = re.search(r'<figure id="chart-timeline[^"]*">.*?</svg>', page, re.S)[0]
        self.assertEqual(72, len(re.findall(r'data-model="[^"]+"><title>trial \d+: ', trials)))
        costs = re.search(r'<figure id="chart-pareto-quick-fetch">.*?</svg>', page, re.S)[0]
        self.assertRegex(costs, r'data-model="process-pool"[^>]*><title>process-pool: [^<]*; event-loop beats it')
        ids = re.findall(r'\bid="([^"]+)"', page)
        self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    unittest.main()
