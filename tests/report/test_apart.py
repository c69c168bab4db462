# SPDX-License-Identifier: MIT
"""A model that misses a limit of the profile at a load point leads nothing there: in
the report, on the page and in the last lines of a run.
"""

import os
import re
import subprocess
import unittest

from case import ROOT, Case


class Apart(Case):
    def stored(self, **profile):
        def change(run, trials):
            run["experiments"][0]["profile"].update(profile)
            for t in trials:
                t["requests"]["completed_in_window"] = t["requests"]["ok"]

        self.store(change)

    def last_lines(self):
        troika = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
        done = subprocess.run(
            [troika, "summarise", self.run_path], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_serial_leads_neither_memory_nor_cpu(self):
        self.stored()
        self.report()
        (row,) = re.findall(r"^\| fetch +\|.*$", self.text(), re.M)
        self.assertNotIn("serial", row)
        self.assertIn("Set apart because they miss the profile's p99<100ms here: serial", self.text())
        self.assertRegex(self.text(), r"(?m)^\| serial‡ ")
        page = self.text("index.html")
        self.assertRegex(page, r'<tr data-model="serial" class="apart"><th scope="row">serial‡')
        self.assertNotRegex(page, r'class="apart"><th scope="row">event-loop')
        self.assertIn("tr.apart th", page)
        self.assertNotIn("§", self.text())

    def test_last_lines_of_a_run(self):
        self.stored()
        said = self.last_lines()
        fetch = said.split("  fetch:")[1].split("  spin:")[0]
        # No other model has a p50 beyond the limit.
        self.assertIn("because they miss the profile's p99<100ms or 512MiB of memory: serial", fetch)
        self.assertNotIn("times serial", fetch)

    def test_where_all_miss_the_limits_are_left_out_and_that_is_said(self):
        self.stored(limit_ns=1000, limit="p99<1us")
        self.report("--only", "report")
        self.assertIn("The profile's limits are disregarded, because all models miss p99<1us here", self.text())
        self.assertNotIn("‡", self.text())
        self.assertRegex(self.text(), r"(?m)^\| fetch § ")
        for page in (self.text(), self.text("index.html")):
            self.assertIn("if all models miss one (§), none fits, and the leader is named regardless", page)
            self.assertNotIn(": best ", page)
        self.assertIn("No option fits: each one surely misses a limit.", self.text())
        (record,) = self.records()
        said = record.read_text()
        self.assertIn("all options miss a limit, and more blocks do not change that", said)
        self.assertNotIn("What would settle it", said)
        self.assertIn("because no option keeps all limits", said)
        self.assertIn("without regard to the profile's p99<1us", self.last_lines())


if __name__ == "__main__":
    unittest.main()
