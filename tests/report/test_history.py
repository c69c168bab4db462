#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika runs history and index: a planted change is found at its run, what is in one
line is comparable, and the page shows both."""

import copy
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

from case import ROOT, run_report

import stored

sys.path.append(str(ROOT / "tests" / "method"))
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
BASE = stored.build("quick")


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "results"
        self.noise = random.Random(3)

    def run_of(self, day: int, factor: float = 1.0, change=lambda run: None) -> dict:
        """Stores a run of that day, of which event-loop has so much of its throughput."""
        run = copy.deepcopy(BASE[0])
        run["run_id"] = f"202611{day:02d}T031500Z-{day:04x}"
        run["started_at"] = f"2026-11-{day:02d}T03:15:00Z"
        run["tool_version"] = f"v0-{day}"
        run["environment"]["fingerprint"] = "ab12cd34" * 8
        for row in run["summary"]:
            own = factor if (row["model"], row["metric"]) == ("event-loop", "throughput_per_s") else 1
            own *= 1 + self.noise.gauss(0, 0.01)
            row.update({k: row[k] * own for k in ("value", "lo", "hi", "min", "max") if row.get(k)})
        change(run)
        place = self.root / run["run_id"]
        (place / "trials").mkdir(parents=True)
        (place / "run.json").write_text(json.dumps(run))
        return run

    def troika(self, *words, code: int = 0) -> str:
        done = subprocess.run([BUILD / "troika", "runs", *words, f"--runs={self.root}"], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def lines(self, *words) -> list[dict]:
        data = json.loads(self.troika("history", *words, "--format=json"))
        self.assertEqual([], list(errors(schema("history"), data)))
        return data["lines"]

    def test_a_planted_change_is_found_at_its_run(self):
        for day in (9, 3, 12, 1, 11, 7, 5, 10, 2, 8, 6, 4):  # in no order
            self.run_of(day, 0.88 if day >= 8 else 1)
        found = {(line["load_point"], line["model"]): line for line in self.lines("quick")}
        self.assertEqual(12, len(found))
        for (_, model), line in found.items():
            with self.subTest(line["load_point"] + model):
                self.assertEqual([f"2026-11-{day:02d}" for day in range(1, 13)], [p["started_at"][:10] for p in line["points"]])
                where = [(c["run_id"], c["tool_version"], c["verdict"]) for c in line["changes"] if c["verdict"] != "negligible"]
                self.assertEqual([("20261108T031500Z-0008", "v0-8", "worse")] if model == "event-loop" else [], where)
        change = found["fetch", "event-loop"]["changes"][0]
        self.assertAlmostEqual(0.88, change["ratio"], delta=0.02)
        self.assertLess(change["lo"], change["ratio"])
        text = self.troika("history", "quick", "fetch")
        self.assertIn("worse from 20261108T031500Z-0008 (v0-8) on: x 0.8", text)
        self.assertIn("no change in 12 runs", text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_less_is_asked(self):
        for day in range(1, 4):
            self.run_of(day)
        self.assertEqual(3, len(self.lines("quick", "all", "serial")))
        self.assertEqual({"cpu_per_request_ns"}, {line["metric"] for line in self.lines("quick", "spin", "serial", "cpu_per_request_ns")})
        self.assertIn("memory_total_bytes", {line["metric"] for line in self.lines("quick", "spin", "serial", "all")})
        self.assertIn("3 of the 8 runs from which on", self.troika("history", "quick", "spin", "serial"))
        self.assertEqual([], self.lines("quick", "spin", "serial")[0]["changes"])
        self.assertIn("no stored run", self.troika("history", "nothing", code=1))
        self.assertIn("did you mean", self.troika("history", "quick", "spin", "serial", "throughput_per", code=2))
        self.troika("history", "quick", "--format=markdown", code=2)
        self.troika("history", code=2)
        self.troika("history", "a", "b", "c", "d", "e", code=2)

    def test_one_line_has_one_environment_and_one_work(self):
        for day in range(1, 5):
            self.run_of(day)
        for day in (5, 6):
            self.run_of(day, change=lambda run: run["environment"].update(fingerprint="ffff" * 16))
        self.run_of(7, change=lambda run: run["experiments"][0]["load_points"][0].update(query="delay=60ms&calls=1"))
        sizes = {}
        for line in self.lines("quick", "all", "serial"):
            sizes.setdefault(line["load_point"], []).append((len(line["points"]), line["newest"]))
        first = BASE[0]["experiments"][0]["load_points"][0]["id"]
        self.assertEqual([(1, True), (2, False), (4, False)], sizes.pop(first))
        for other in sizes.values():
            self.assertEqual([(5, True), (2, False)], other)
        self.assertIn("4 lines of other environments or other work", self.troika("history", "quick", "all", "serial"))
        self.assertNotIn("other work", self.troika("history", "quick", "all", "serial", "--all"))

    def test_what_is_no_sound_figure_is_in_no_line(self):
        for day in range(1, 4):
            self.run_of(day)
        self.run_of(4, change=lambda run: run.update(complete=False))
        self.run_of(5, change=lambda run: run.update(untrusted="NOT TO BE TRUSTED: x"))
        self.run_of(6, change=lambda run: run["summary"][0].update(value=-1))

        def bound(run):
            for row in run["summary"]:
                row.update(generator_bound=True)

        def invalid(run):
            for row in run["summary"]:
                row.update(invalid=row["n"])

        self.run_of(7, change=bound)
        self.run_of(8, change=invalid)
        (self.root / "20261109T031500Z-0009").mkdir()
        (self.root / "20261109T031500Z-0009/run.json").write_text("{")
        data = json.loads(self.troika("history", "quick", "spin", "serial", "--format=json"))
        self.assertEqual({"damaged": 2, "untrusted": 1, "incomplete": 1}, data["left_out"])
        self.assertEqual([(3, 2)], [(len(line["points"]), line["withheld"]) for line in data["lines"]])
        text = self.troika("history", "quick", "spin", "serial")
        self.assertIn("2 damaged, 1 not to be trusted, 1 incomplete", text)
        self.assertIn("left out: 2 without a sound figure", text)

    def test_a_copy_counts_once(self):
        for day in range(1, 4):
            self.run_of(day)
        copied = self.root / "kept"
        copied.mkdir()
        (copied / "run.json").write_text((self.root / "20261102T031500Z-0002/run.json").read_text())
        self.assertEqual([3], [len(line["points"]) for line in self.lines("quick", "spin", "serial")])

    def test_the_page_of_all_runs(self):
        for day in range(1, 13):
            self.run_of(day, 0.88 if day >= 8 else 1)
        self.run_of(13, change=lambda run: run.update(complete=False, tool_version="<b>&"))
        self.troika("name", "20261101T031500Z-0001", "before")
        self.troika("tag", "20261102T031500Z-0002", "quiet")
        page = self.root / "20261103T031500Z-0003/report/index.html"
        page.parent.mkdir()
        page.write_text("a report")
        self.troika("index")
        text = (self.root / "index.html").read_text()
        self.assertIn("The newest change: event-loop is worse on throughput at quick: ", text)
        for words in ("since 2026-11-08", "<td>before</td>", "<td>quiet</td>", "72 of 72 trials, incomplete", "&lt;b&gt;&amp;",
                      'href="20261103T031500Z-0003/report/index.html"', 'id="chart-quick-fetch-throughput_per_s"'):
            self.assertIn(words, text)
        # That of a complete run, and none of one that is not.
        self.assertEqual(12, len(re.findall(r'<td class="lead">fetch: (event-loop|thread-per-request)', text)))
        self.assertEqual(1, text.count('<td class="lead"></td>'))
        self.assertNotIn("0004/report", text)
        self.assertNotRegex(text, r"(src|href)=.https?:")
        ring = (self.root / "index/quick-fetch-throughput_per_s.dat").read_text()
        self.assertRegex(ring, r"# changes\n8 ")
        for name in ("runs", "history"):
            data = json.loads((self.root / "index" / f"{name}.json").read_text())
            self.assertEqual([], list(errors(schema(name), data)))
        self.troika("index", "x", code=2)

    def test_no_text_stops_the_page(self):
        """Texts with control characters, from files that anybody may have edited and from
        names of folders and links, are shown with a ? for each."""
        for day in range(1, 4):
            self.run_of(day)

        def change(run):
            run.update(started_at="2026\x1b", tool_version="v\x1b[31m9")
            run["experiments"][0]["name"] = "qu\nick"
            for row in run["summary"]:
                row["experiment"] = "qu\nick"

        self.run_of(4, change=change)
        labels = self.root / "20261102T031500Z-0002/labels.json"
        labels.write_text(json.dumps({"schema_version": 1, "tags": ["qui\x01et", "a\n\x7fb", "plain"]}))
        (self.root / "be\tfore").symlink_to("20261101T031500Z-0001")
        (self.root / "20261103T031500Z-0003").rename(self.root / "thi\x02rd")
        self.troika("index")
        text = (self.root / "index.html").read_text()
        for words in ("<td>qui?et a??b plain</td>", "<td>be?fore</td>", "thi?rd", "v?[31m9", "<td>qu?ick</td>"):
            self.assertIn(words, text)
        self.assertNotIn("\x1b", self.troika())
        for labels_text in ("{", '{"tags": [1]}', '{"tags": 3}', "[]", '"\\u0001"'):
            labels.write_text(labels_text)
            self.troika("index")

    def test_a_folder_without_runs(self):
        self.root.mkdir()
        self.troika("index")
        self.assertIn("0 stored", (self.root / "index.html").read_text())
        self.root = self.root / "nowhere"
        self.assertIn("nowhere", self.troika("index", code=1))

    def test_a_report_makes_the_page_again(self):
        run, trials, texts = copy.deepcopy(BASE)
        stored.store(self.root / "first", run, trials, texts)
        self.assertEqual(0, run_report("--only", "charts", "--troika", BUILD / "troika", self.root / "first").returncode)
        self.assertFalse((self.root / "index.html").exists())  # no folder of runs
        (self.root / "latest").symlink_to("first")
        self.assertEqual(0, run_report("--troika", BUILD / "troika", self.root / "latest").returncode)
        self.assertIn('href="first/report/index.html"', (self.root / "index.html").read_text())


if __name__ == "__main__":
    unittest.main()
