# SPDX-License-Identifier: MIT
"""The charts of single load modes: overload and recovery, pairs of slices, the drift of
a soak, churn, idle connections.
"""

import math
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from case import Case  # noqa: E402
import stored  # noqa: E402
from charts import soak  # noqa: E402


class Modes(Case):
    def charts(self, *names):
        """Makes the report of a run of the experiments; returns the folder of its
        charts."""
        stored.write(self.run_path, *names)
        self.report("--only", "report")
        return self.run_path / "report" / "charts"

    def blocks(self, path):
        """The blocks of a .dat file: comment -> rows."""
        found = {}
        for text in path.read_text().split("\n\n\n"):
            lines = [line for line in text.splitlines() if line]
            name = [line for line in lines if line.startswith("# ")][-1][2:]
            rows = [line.split() for line in lines if not line.startswith("#")]
            found[name] = [[float(x) for x in row if '"' not in x] for row in rows]
        return found

    def head(self, start, *within):
        """The first line that starts with one text and contains the other."""
        lines = [line for line in self.text().splitlines() if line.startswith(start)]
        return next(line for line in lines if all(w in line for w in within))

    def test_overload_tells_goodput_and_recovery(self):
        folder = self.charts("overload")
        self.assertIn("| asked 1,200/s (2.0×) |", self.head("| model", "kept"))
        told = self.head("| event-loop", "(99 %)")
        self.assertRegex(told, r"\| +296 \(99 %\) \| +149 \(21 %\) \| +59\.\d \(5 %\) \| +20 % \|$")
        never = self.head("| event-loop", "not within")
        self.assertRegex(never, r"\| +at once \| +400 ms \| not within 30.0 s \|$")
        dots = self.blocks(folder / "recovery-overload-asked.dat")
        self.assertEqual(len(dots["event-loop"]), 12)
        self.assertEqual(len(dots["never"]), 6)
        self.assertEqual(len(dots["process-pool"]), 18)
        asked = self.blocks(folder / "goodput-overload-asked.dat")["everything offered"]
        self.assertEqual(asked, [[0, 0], [300, 300], [720, 720], [1200, 1200]])

    def test_a_block_without_goodput_is_told(self):
        def change(run, trials):
            for t in trials:
                if t["block"] < 3:
                    t["goodput"].update(within=0, per_s=0.0)

        self.store(change, "overload")
        self.report("--only", "report")
        self.assertIn("0 in 2 of 6", self.text())

    def test_slices_are_told_pair_by_pair(self):
        run, trials, _ = stored.build("slice")
        folder = self.charts("slice")
        pairs = self.blocks(folder / "pairs-throughput-slice-hello.dat")
        self.assertEqual({len(pairs[m]) for m in ("serial", "process-pool")}, {60})
        sides = [
            [s["completed"] for t in trials if t["cell"]["model"] == m for s in t["slices"]]
            for m in ("serial", "event-loop")
        ]
        wanted = [a / b for a, b in zip(*sides)]
        for (_, _, seen, _), ratio in zip(pairs["serial"], wanted):
            self.assertAlmostEqual(seen, ratio, places=5)
        stored_mean = next(
            c for c in run["comparisons"]
            if c["metric"] == "throughput_per_s" and {c["a"], c["b"]} == {"serial", "event-loop"}
        )
        mean = pairs["means"][0][1]
        self.assertAlmostEqual(abs(math.log(mean)), abs(math.log(stored_mean["ratio"])), places=5)
        drawn = {path.name.split("-")[0] for path in folder.glob("*.svg")}
        self.assertEqual(drawn & {"latency", "memory"}, set())
        self.assertFalse("RSS" in self.text())

    def test_soak_is_told_minute_by_minute(self):
        folder = self.charts("soak")
        text = (folder / "soak-memory-soak-soak.gp").read_text()
        self.assertIn("grows, +6.00 MiB/h", text)
        self.assertEqual(text.count("no drift seen"), 3)
        trial = next(t for t in stored.build("soak")[1] if t["drift"]["memory"]["verdict"] == "grows")
        line = soak._fit(trial, "memory_bytes", "memory", 2**20, 0, "serial")
        self.assertAlmostEqual(line["m1"], trial["drift"]["memory"]["per_hour"] / 2**20 / 60)
        lines = self.blocks(folder / "soak-memory-soak-soak.dat")
        self.assertEqual([row[0] for row in lines["serial"][:10]], [i + 0.5 for i in range(10)])
        self.assertTrue((folder / "soak-latency_p99-soak-soak.svg").is_file())
        self.assertFalse((folder / "soak-latency_p50-soak-soak.svg").exists())

    def test_churn_and_idle_show_what_a_connection_takes(self):
        folder = self.charts("churn", "idle")
        parts = self.blocks(folder / "connect-parts-churn-hello.dat")
        connected = [end for _, _, end in parts["connecting"]]
        self.assertEqual(connected, [begun for _, begun, _ in parts["request and answer"]])
        self.assertTrue(connected)
        for (_, _, end), (_, total, *_) in zip(parts["request and answer"], parts["total"]):
            self.assertAlmostEqual(end, total, places=4)
        # The kinds of an idle connection's memory fill the summary's bar.
        idle = self.blocks(folder / "idle-parts-idle-sleep-c5000.dat")
        tops = {row: end for row, _, end in idle["rest"]}
        self.assertTrue(idle["total"])
        for row, total, _, _, *_ in idle["total"]:
            self.assertAlmostEqual(tops[row], total, delta=0.01 * total)
        self.assertTrue(self.head("| model", "connect, mean"))


if __name__ == "__main__":
    unittest.main()
