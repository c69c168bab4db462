# SPDX-License-Identifier: MIT
"""Where the CPU time goes: the report shows the harness's figures with units, and
nothing if nothing was counted.
"""

import unittest

from case import Case

NAMES = (
    "cpu_user_ns cpu_system_ns switches system_calls threads_started processes_started"
    " switches_voluntary switches_involuntary run_queue_wait_ns pressure_ns wait_per_switch_ns"
).split()
WORDS = "A costs 3.1 us more CPU per request than B: 1.0 context switch more"


def add(run, **known):
    """Adds figures for the first cell of the run, and one pair."""
    experiment = run["experiments"][0]
    point = experiment["load_points"][0]
    where = {"experiment": experiment["name"], "load_point": point["id"]}
    cell = {**where, "model": point["models"][0], "n": 6, "why": None}
    for name in NAMES:
        value = known.get(name)
        cell[name] = None if value is None else {"value": value, "lo": value, "hi": value}
    mean = {"value": 3100.0, "lo": 2900.0, "hi": 3300.0}
    pair = {**where, "a": "A", "b": "B", "n": 6, "gap_ns": mean, "parts": []}
    pair.update(rest_ns=mean, verdict="partly", words=WORDS)
    run["activity"] = {"cells": [cell], "pairs": [pair]}


class Spent(Case):
    def shown(self, **known):
        self.store(lambda run, trials: add(run, **known))
        self.report()
        self.assertEqual("Where the CPU time goes" in self.text(), "switches" in known)
        self.assertEqual(
            "Where the CPU time goes" in self.text("index.html"), "switches" in known
        )
        return self.text()

    def test_figures_and_words(self):
        text = self.shown(switches=1.004, system_calls=2.0, cpu_user_ns=1174.9, pressure_ns=39000.0)
        self.assertIn(f"- {WORDS}.", text)
        row = next(line for line in text.splitlines() if "1.17 us" in line)
        self.assertIn("1.00", row)
        self.assertIn("2.00", row)
        self.assertIn("≥ 39.0 us", row)
        self.assertIn("make bench-primitives", text)

    def test_waits_of_threads_that_stay(self):
        text = self.shown(switches=1.0, run_queue_wait_ns=2409000.0, pressure_ns=39000.0)
        self.assertIn("2.41 ms", text)
        self.assertNotIn("≥ 39.0 us", text)

    def test_nothing_counted(self):
        self.shown(cpu_user_ns=1174.9)


if __name__ == "__main__":
    unittest.main()
