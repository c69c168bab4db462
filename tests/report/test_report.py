# SPDX-License-Identifier: MIT
"""Stored results in, a report out: what it says, what it refuses to say.

`TROIKA_GOLDEN=write` rewrites the files in golden/ after a wanted change; read
the difference before committing it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "reports")]
sys.dont_write_bytecode = True

import stored  # noqa: E402
import style  # noqa: E402
import units  # noqa: E402


def run_report(*arguments):
    return subprocess.run(
        ["/usr/bin/python3", "-B", str(ROOT / "reports" / "report.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_path = Path(folder.name) / "run"

    def report(self, *arguments, code=0):
        done = run_report(*arguments, self.run_path)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def text(self, name="report.md"):
        return (self.run_path / "report" / name).read_text(encoding="utf-8")


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

    def test_page_needs_nothing_from_outside(self):
        stored.write(self.run_path)
        self.report()
        page = self.text("index.html")
        self.assertIn("<svg", page)
        self.assertNotIn("<script", page)
        for address in re.findall(r"""(?:src|href)\s*=\s*["']([^"']+)""", page):
            self.assertNotRegex(address, r"^(?:[a-z]+:)?//", address)
        ids = re.findall(r"""\bid=["']([^"']+)""", page)
        self.assertEqual(len(ids), len(set(ids)))

    def test_tie_is_called_a_tie(self):
        stored.write(self.run_path)
        done = self.report("--summary")
        self.assertIn("event-loop and thread-per-request tie on throughput", done.stdout)
        self.assertNotIn("event-loop leads on throughput", done.stdout)

    def test_unknown_model_has_a_stable_style(self):
        self.assertEqual(style.style("actors"), style.style("actors"))
        self.assertEqual(style.style("actors"), style.Style("#009E73", 5, 11))

    def test_three_digits(self):
        for value, text in ((1985.2, "1,990"), (0.05026, "0.0503"), (999.6, "1,000"), (0, "0")):
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

    def test_unknown_schema_version(self):
        run, trials, texts = stored.build()
        run["schema_version"] = 7
        stored.store(self.run_path, run, trials, texts)
        self.refused("schema_version is 7")

    def test_contradictions(self):
        run, trials, texts = stored.build()
        changes = (
            (lambda t: t["requests"].update(scheduled=1), "accounted for"),
            (lambda t: t["gates"][0].update(ok=False), "gate 'little' failed"),
            (lambda t: t.update(throughput_per_s="fast"), "throughput_per_s must be a number"),
            (lambda t: t.update(run_id="other"), "run_id is 'other'"),
            (lambda t: t.update(load_point="none"), "not in run.json"),
        )
        for change, words in changes:
            with self.subTest(words):
                broken = json.loads(json.dumps(trials[0]))
                change(broken)
                stored.store(self.run_path, run, [broken, *trials[1:]], texts)
                self.refused(words)

    def test_usage(self):
        self.assertEqual(run_report().returncode, 2)
        self.assertEqual(run_report("--only", "poem", "x").returncode, 2)


if __name__ == "__main__":
    unittest.main()
