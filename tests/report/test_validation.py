# SPDX-License-Identifier: MIT
"""The page of a validation: stored figures are shown, charts are drawn, corners
without figures have words, and a file that contradicts its schema is refused.
"""

import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree

import case
from case import ROOT, Case

sys.path.append(str(ROOT / "tests" / "method"))
import validated
from forecasts import drawn, stored, tables, words
from data import schema
from test_results import errors as schema_errors

ODD = "<b>%s</b> |`*x*` 'q' \"d\" [a](b) 50 % _y_ ☃"
PLACES = ("goals", "measured", "errors", "load", "workers", "baselines", "choices", "drift", "misses", "not-judged", "services", "all")


class Cells(html.parser.HTMLParser):
    """The text of each table cell, and of the page."""

    def __init__(self, page):
        super().__init__()
        self.cells, self.text, self.tags, self.inside, self.hidden = [], [], set(), False, 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.inside = True
            self.cells.append("")
        self.hidden += tag in ("style", "svg")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")
        self.hidden -= tag in ("style", "svg")

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data
        if not self.hidden:
            self.text.append(data)


class Page(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.run_path.parent / "validation-1"

    def program(self, *arguments, code=0):
        command = ["/usr/bin/python3", "-B", str(ROOT / "reports" / "validation.py"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def made(self, data):
        """The page of a validation, whose file keeps the schema."""
        self.assertEqual([], list(schema_errors(schema.read("validation"), data)))
        validated.store(self.folder, data)
        self.said = self.program(self.folder).stdout
        report = self.folder / "report"
        self.markdown = (report / "validation.md").read_text(encoding="utf-8")
        page = (report / "index.html").read_text(encoding="utf-8")
        self.sound(page)
        return page

    def sound(self, page):
        """What holds of every page."""
        page, own = case.without_own_script(page)
        self.assertEqual(own, 1)
        shown = Cells(page)
        for text in ("".join(shown.text), self.markdown, self.said):
            self.assertIsNone(re.search(r"\b(?:NaN|nan|None|inf|Undefined)\b", text), text[:300])
        self.assertFalse(shown.tags & {"script", "link", "img", "iframe"})
        ids = re.findall(r'\bid="([^"]*)"', page)
        self.assertEqual(len(ids), len(set(ids)))
        for place in PLACES:
            self.assertIn(f'<section id="{place}"', page)
        for name in re.findall(r"href=\"([^#\"]+)\"|src=\"([^\"]+)\"|\]\(([\w-]+\.svg)\)", page + self.markdown):
            target = next(filter(None, name))
            self.assertTrue((self.folder / "report" / target.split("#")[0]).exists(), target)

    def drawn(self):
        """The charts, each of which has marks: points are <use>, bars and lines are paths
        beyond those of axes and grid."""
        found = sorted((self.folder / "report").glob("*.svg"))
        for path in found:
            root = xml.etree.ElementTree.parse(path).getroot()
            self.assertGreater(sum(e.tag.endswith("}use") for e in root.iter()), 1, path)
            self.assertIn(f'id="chart-{path.stem}"', (path.parent / "index.html").read_text(encoding="utf-8"))
        return {p.stem for p in found}

    def test_a_full_one(self):
        data = validated.build()
        page = self.made(data)
        self.assertEqual(
            self.drawn(),
            {*(f"{kind}-{q}" for kind in ("measured", "errors-discipline") for q in ("throughput", "cpu-per-request", "memory-total", "p50", "p99")),
             "errors-load-p50", "errors-load-p99", "p99-by-load", "workers-measured", "workers-forecast", "regret",
             "drift-request-ns", "drift-memory-flight-bytes"},
        )
        cells = Cells(page).cells
        for goal in data["goals"]:
            self.assertIn(goal["goal"], cells)
        p99 = next(e for e in data["errors"] if (e["quantity"], e["by"]) == ("latency_p99_ns", "all"))
        within = f"p99 was within a factor of 1.25 for {100 * p99['within']:.1f} % of {p99['n']}"
        for text in (page, self.markdown, self.said):
            self.assertIn(within, text)
            self.assertNotIn("quick", text)
        self.assertIn(validated.STALL, page)
        self.assertEqual(cells.count("not judged: " + validated.STALL), sum(not r["judged"] for r in data["residuals"]))

    def test_a_quick_one_says_that_it_proves_nothing(self):
        page = self.made(validated.build("quick"))
        for text in (page, self.markdown, self.said):
            self.assertIn("12 services prove nothing at 95 %", text)
        self.assertIn("Of 8 goals, 5 were met, 1 was not met and 2 were not judged.", self.said)

    def test_the_example_of_the_documents(self):
        text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
        example = re.search(r"^## Validations$.*?^```json\n(.*?)^```$", text, re.M | re.S)[1]
        self.made(json.loads(example))

    def test_equal_files_give_equal_pages(self):
        first = self.made(validated.build("quick"))
        self.assertEqual(first, self.made(validated.build("quick")))

    def test_a_noisy_machine_is_named(self):
        for noisy in (True, False):
            page = self.made(dict(validated.build("quick"), noisy=noisy))
            self.assertEqual('role="alert"' in page, noisy)
            self.assertEqual("noisy machine" in self.markdown, noisy)

    def test_forecasts_made_afterwards_have_a_page_of_their_own(self):
        self.made(validated.build("quick"))
        before = (self.folder / "report" / "index.html").read_text()
        (self.folder / "again.json").write_text(json.dumps(dict(validated.build("full", 2), afterwards=True)))
        said = self.program(self.folder / "again.json").stdout
        self.assertIn("made after the measurements: they prove nothing", said)
        self.assertIn("prove nothing", (self.folder / "report-again" / "index.html").read_text())
        self.assertEqual(before, (self.folder / "report" / "index.html").read_text())

    def test_nothing_judged(self):
        page = self.made(validated.empty())
        self.assertEqual(self.drawn(), set())
        for words_ in ("No forecast could be judged", "No number of workers was validated", "No baseline is stored",
                       "No choice was validated", "No constant was measured again", "0 of 5 figures could be judged",
                       "1 service proves nothing", "8 were not judged"):
            self.assertIn(words_, page)

    def test_nothing_at_all(self):
        data = validated.empty()
        page = self.made(dict(data, services=[], residuals=[], goals=[]))
        self.assertIn("No goal is stored.", page)
        self.assertIn("No service was drawn.", page)

    def test_null_figures(self):
        """Each figure that may be null is."""
        data = validated.build("quick")
        for row in data["errors"] + data["baselines"]:
            row.update({k: None for k in row if k in ("median", "p90", "bias", "within", "covered", "right", "regret_median", "regret_p90")})
        for row in data["residuals"]:
            row.update(forecast=None, measured=None, judged=False, not_judged="", load=None, band=None, percentile=None, cause="")
        for c in data["choices"]:
            c["best"] = None
            c["picks"] = [dict(p, model=None, regret=None) for p in c["picks"]]
        for w in data["workers"]:
            w["rate_per_s"] = None
            w["rows"] = [dict(r, latency_p99_ns=None, forecast_p99_ns=None, judged=False) for r in w["rows"]]
        for d in data["drift"]:
            d.update(calibrated={"value": None, "lo": None, "hi": None, "n": 0}, measured=None)
        data["services"] = [dict(s, share=None) for s in data["services"]]
        data["goals"] = [dict(g, seen=None, met=None, why="") for g in data["goals"]]
        self.made(data)
        self.assertEqual(self.drawn(), set())

    def test_one_service(self):
        data = validated.build("quick")
        data["services"] = data["services"][:1]
        for name in ("residuals", "choices", "workers"):
            data[name] = [row for row in data[name] if row["service"] == 1]
        self.made(data)
        self.assertIn("measured-throughput", self.drawn())

    def test_extremes(self):
        """Zeros, and forecasts that are off by orders of magnitude."""
        data = validated.build("quick")
        own = [r for r in data["residuals"] if r["judged"]]
        for i, row in enumerate(own[:200]):
            row["measured"] = (0.0, row["forecast"] * 1e6, row["forecast"] * 1e-6, row["forecast"])[i % 4]
        own[0]["forecast"] = 0.0
        for e in data["errors"]:
            e.update(median=40.0, p90=4e6, bias=-0.99)
        for c in data["choices"]:
            c["picks"] = [dict(p, regret=0.0) for p in c["picks"]]
        data["drift"][0]["measured"] = 0.0
        page = self.made(data)
        self.assertIn("× over 1,000", page)
        self.assertIn("÷ over 1,000", page)
        self.assertGreater(len(self.drawn()), 10)

    def test_odd_names_stay_text(self):
        data = json.loads(json.dumps(validated.build("quick")).replace('"event-loop"', json.dumps(ODD)).replace('"request_ns"', json.dumps(ODD + "_ns")))
        for key in ("machine", "fingerprint", "run_id"):
            data[key] = ODD
        data["goals"][0]["goal"] = data["goals"][0]["why"] = ODD
        data["residuals"][0].update(judged=False, not_judged=ODD)
        data["residuals"][1].update(cause=ODD)
        page = self.made(data)
        shown = Cells(page)
        self.assertNotIn("b", shown.tags - {"b"})
        self.assertNotIn("<b>%s", page)
        self.assertNotIn("<b>%s", re.sub(r"`[^`\n]*`", "", self.markdown))
        self.assertGreater(shown.cells.count(ODD), 10)
        for block in re.findall(r"(?:^\|.*\n)+", self.markdown, re.M):
            self.assertEqual(1, len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}), block)
        self.assertGreater(len(self.drawn()), 10)

    def test_names_of_constants_that_draw_into_one_file(self):
        data = validated.build("quick")
        data["drift"] = [dict(data["drift"][0], constant=name) for name in ("a b_ns", "a/b_ns", "a-b_ns")]
        self.made(data)
        self.assertEqual(3, sum(name.startswith("drift-") for name in self.drawn()))

    def test_files_that_are_there_are_linked(self):
        data = validated.build("quick")
        (self.folder / data["run_id"]).mkdir(parents=True)
        (self.folder / data["run_id"] / "run.json").write_text("{}")
        page = self.made(data)
        self.assertIn(f'href="../{data["run_id"]}/run.json"', page)
        self.assertNotIn("forecasts.json", page)

    def test_charts_can_be_drawn_again(self):
        self.made(validated.build("quick"))
        chart = self.folder / "report" / "p99-by-load.svg"
        chart.unlink()
        self.assertEqual(0, subprocess.run(["gnuplot", "p99-by-load.gp"], cwd=chart.parent, timeout=60, check=False).returncode)
        self.assertTrue(chart.is_file())

    def test_what_is_refused(self):
        def without(data):
            del data["residuals"][2]["band"]

        def judged(data):
            data["residuals"][0].update(judged=True, measured=None)

        for change, message in (
            (without, r"residuals\[2\] has no band"),
            (judged, r"residuals\[0\]\.judged is true, but a figure of it is null"),
            (lambda d: d.update(kind="long"), "kind is \"long\", known are quick, full"),
            (lambda d: d.update(extra=1), "extra is not known"),
            (lambda d: d["errors"][0].update(median="x"), r"errors\[0\]\.median must be of type number or null"),
            (lambda d: d["errors"][0].update(within=-1), r"errors\[0\]\.within is -1, at least 0"),
            (lambda d: d["residuals"][0].update(model="a\nb"), r"residuals\[0\]\.model is 'a\\nb', which does not match"),
            (lambda d: d["choices"][0].update(service=99), r"choices\[0\]\.service is 99, which services does not have"),
            (lambda d: d.update(schema_version=2), "schema_version is 2, this report reads 1"),
        ):
            with self.subTest(message):
                data = validated.build("quick")
                change(data)
                validated.store(self.folder, data)
                said = self.program(self.folder, code=1).stderr
                self.assertRegex(said, message)
                self.assertFalse((self.folder / "report").exists())
        (self.folder / "validation.json").write_text("{")
        self.assertIn("make validate", self.program(self.folder, code=1).stderr)
        self.assertIn("no validation.json in it", self.program(self.run_path, code=1).stderr)


class Rules(unittest.TestCase):
    """What is a miss, and who is beaten."""

    def row(self, **known):
        base = {"judged": True, "cause": "", "band": None, "quantity": "throughput_per_s", "forecast": 100.0, "measured": 100.0}
        return dict(base, **known)

    def test_misses(self):
        for row, missed in (
            (self.row(), False),
            (self.row(measured=1.0), False),  # has no band, and no cause
            (self.row(measured=0.0, band=1.1), True),
            (self.row(measured=100 / 1.11, band=1.1), True),
            (self.row(measured=111.0, band=1.1), True),
            (self.row(measured=100 / 1.13, band=1.2), False),
            (self.row(cause="the run queue"), True),
            (self.row(cause="the run queue", judged=False), False),
            (self.row(quantity="latency_p99_ns", measured=126.0), True),
            (self.row(quantity="latency_p99_ns", measured=124.0), False),
            (self.row(quantity="latency_p99_ns", measured=100 / 1.26), True),
        ):
            with self.subTest(row):
                self.assertEqual(stored.missed(row), missed)

    def test_who_is_beaten(self):
        def row(**known):
            return dict(dict.fromkeys(("median", "p90", "right", "regret_median", "regret_p90")), quantity="choice", **known)

        own = row(right=0.95, regret_p90=0.03)
        for other, verdict in ((row(right=0.9), "beaten"), (row(right=0.96), "not beaten"), (row(right=0.95, regret_p90=0.1), "beaten"),
                               (row(right=0.95), "equal"), (row(), "–")):
            self.assertEqual(tables.beaten(own, other), verdict)
        self.assertEqual(tables.beaten(None, own), "–")
        self.assertEqual(tables.beaten(own, own), "–")
        slower = dict(row(median=0.02), quantity="throughput_per_s")
        self.assertEqual(tables.beaten(slower, dict(slower, median=0.03)), "beaten")

    def test_signs(self):
        row = self.row(measured=80.0)
        self.assertEqual(words.off(row), "+25.0 %")
        self.assertEqual(words.off(dict(row, measured=125.0)), "−20.0 %")
        self.assertEqual(words.off(dict(row, quantity="latency_p99_ns")), "×1.25")
        self.assertEqual(words.off(dict(row, quantity="latency_p99_ns", measured=125.0)), "÷1.25")
        self.assertEqual(words.off(dict(row, measured=None)), "–")

    def test_limits_of_goals(self):
        for least, limit, said in ((None, 0.04, "4 %"), (0, 0.04, "at most 4 %"), (0.9, 1, "at least 90 %"), (-0.03, 0.03, "−3 % to 3 %"),
                                   (0.85, 0.95, "85 % to 95 %"), (-1e9, -1e-9, "below 0 %")):
            goal = {"unit": "share", "limit": limit} | ({} if least is None else {"least": least})
            self.assertEqual(words.goal_limits(goal), said)
        self.assertEqual(words.goal_limits({"unit": "count", "limit": 59}), "59")

    def test_every_quantity_of_the_schema_is_shown(self):
        known = schema.read("validation")["properties"]["residuals"]["items"]["properties"]
        self.assertEqual(set(known["quantity"]["enum"]), set(stored.QUANTITIES))
        self.assertEqual(set(known["discipline"]["enum"]), set(drawn.style.DISCIPLINES))
        of = schema.read("validation")["properties"]
        self.assertEqual(set(of["baselines"]["items"]["properties"]["quantity"]["enum"]), set(tables.DECIDES))
        row = of["workers"]["items"]["properties"]["rows"]["items"]["properties"]
        self.assertEqual(set(row["is"]["items"]["enum"]), set(drawn.WORKERS))


class Places(Case):
    def test_the_newest_is_found(self):
        root = self.run_path.parent
        self.assertIsNone(stored.newest(root))
        for i, name in enumerate(("validation-2/validation.json", "validation-1/validation.json", "validation-2/again.json")):
            path = root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("{}")
            os.utime(path, (i, i))
            self.assertEqual(stored.newest(root), path)

    def given(self, script):
        """What `make validate` does with a program in troika's place."""
        troika = self.run_path.parent / "troika"
        troika.write_text(f"#!/bin/sh\n{script}\n")
        troika.chmod(0o755)
        return subprocess.run(
            [sys.executable, "-B", str(ROOT / "harness" / "given.py"), "validate", str(troika)], capture_output=True,
            text=True, timeout=120, check=False, env=dict(os.environ, GIVEN_ARGS="--seed '7 8'"))

    def test_a_validation_that_ends_gets_its_page(self):
        made = validated.store(self.run_path, validated.build("quick")) / "validation.json"
        folder = ROOT / "results" / f"validation-test-{os.getpid()}"
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        for status, ends in ((0, True), (3, True), (1, False), (130, False)):
            with self.subTest(status):
                shutil.rmtree(folder, ignore_errors=True)
                done = self.given(f'echo "$1|$2|$3"; mkdir "{folder}"; cp "{made}" "{folder}"; exit {status}')
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertTrue(done.stdout.startswith("validate|--seed|7 8\n"), done.stdout)
                self.assertEqual((folder / "report" / "index.html").is_file(), ends)
        done = self.given("echo a plan")  # an older validation gets no page
        self.assertEqual((done.returncode, done.stdout), (0, "a plan\n"))
        done = self.given(f'echo "{{" >"{folder}/validation.json"')
        self.assertEqual(done.returncode, 1)
        self.assertIn("broken JSON", done.stderr)


if __name__ == "__main__":
    unittest.main()
