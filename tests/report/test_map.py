# SPDX-License-Identifier: MIT
"""The page of a map: the grid is shown as it is stored, odd names are escaped, and a
file that contradicts its schema or its own axes is refused.
"""

import copy
import json
import subprocess
import unittest
import xml.etree.ElementTree

from case import ROOT, Case

from charts import winners as chart
from choices import winners

ODD = "<b>odd</b> </script> 'q' \"d\" &"


def option(regret, overload=False) -> dict:
    figure = None if overload else 1e6
    return {"workers": 0, "regret": regret, "overload": overload, "latency_ns": figure, "throughput_per_s": figure,
            "busy_cores": figure and 0.5, "memory_bytes": figure}


def cell(best, none, lead, *options) -> dict:
    return {"best": best, "none": none, "lead": lead, "options": list(options)}


def made(second: str = "thread-pool") -> dict:
    """Two waits, two CPU times: alone, near, nobody, without a rival."""
    return {
        "schema_version": 1, "machine": "made-up", "measured_at": "2026-01-01T00:00:00Z", "shipped": False, "doubt": "",
        "validation": "v", "peak": 1.3, "requests": 1000, "seed": 1,
        "service": {"wait_ns": 2e6, "cpu_ns": 2e4, "load_is": "rate_per_s", "load": 300, "cores": 2, "limit_ns": None,
                    "limit_percentile": None, "memory_bytes": None},
        "models": ["event-loop", second], "wait_ns": [1e6, 1e7], "cpu_ns": [1e4, 1e5], "loads": [300], "cores": [2],
        "dots": [{"service": 1, "wait_ns": 3e6, "cpu_ns": 5e4, "connections": 8, "throughput_off": 1.02, "p99_off": 1.2},
                 {"service": 2, "wait_ns": 9e9, "cpu_ns": 5e4, "connections": 8, "throughput_off": None, "p99_off": None}],
        "cells": [
            cell("event-loop", None, 0.3, option(0), option(0.3)),
            cell(second, None, 0.04, option(0.04), option(0)),
            cell(None, "overload", None, option(None, True), option(None, True)),
            cell("event-loop", None, None, option(0), option(None)),
        ],
    }


class Page(Case):
    def setUp(self):
        super().setUp()
        self.folder = self.run_path.parent / "map-1"
        self.folder.mkdir()

    def program(self, data, code=0):
        (self.folder / "map.json").write_text(json.dumps(data), encoding="utf-8")
        done = subprocess.run(["/usr/bin/python3", "-B", str(ROOT / "reports" / "mapped.py"), str(self.folder)],
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_what_is_stored_is_shown(self):
        data = made(ODD)
        self.program(data)
        page = (self.folder / "index.html").read_text(encoding="utf-8")
        stored = page.split('id="stored">')[1].split("</script>")[0]
        self.assertEqual(json.loads(stored), data)
        self.assertNotIn("<b>odd", page)
        self.assertIn("Of 4 cells 3 have a model that keeps what is asked; in 1 of these another one is within 5 %", page)
        self.assertIn("event-loop leads most often, in 2 cells.", page)
        xml.etree.ElementTree.parse(self.folder / "map-1-2.svg")
        self.assertIn("<svg", page)

    def test_blocks_of_the_chart(self):
        found = winners.Map(self.folder, made())
        blocks = dict(winners.charts(found)[0].blocks)
        self.assertEqual([row[:2] for row in blocks["wins alone"]], [[0, 0], [1, 1]])
        self.assertEqual([row[:2] for row in blocks["within 5 %"]], [[1, 0]])
        self.assertEqual([row[:2] for row in blocks["none"]], [[0, 1]])
        self.assertEqual(len(blocks["validated"]), 1)  # the other lies outside
        self.assertAlmostEqual(blocks["the service"][0][0], 0.301, places=3)

    def test_a_greater_lead_has_a_fuller_colour(self):
        tints = [chart.tint("#0072B2", lead) & 0xFF0000 for lead in (0.06, 0.2, 0.5, 3, None)]
        self.assertEqual(tints, sorted(tints, reverse=True))
        self.assertEqual(chart.tint("#0072B2", None), 0x0072B2)

    def test_nobody_wins(self):
        data = made()
        data["cells"] = [data["cells"][2]] * 4
        self.program(data)
        self.assertIn("No model keeps what is asked in any of the 4 cells.", (self.folder / "index.html").read_text(encoding="utf-8"))

    def test_what_is_refused(self):
        for change, said in (
            (lambda d: d["cells"].pop(), "there are 3 cells"),
            (lambda d: d["cells"][0]["options"].pop(), "cells[0] has 1 options"),
            (lambda d: d["cells"][2].update(none=None), "either a winner or why"),
            (lambda d: d["cells"][0].update(best="nobody"), "cells[0].best is no model"),
            (lambda d: d["cells"][0].update(lead=-1), "lead"),
            (lambda d: d.pop("dots"), "dots"),
        ):
            with self.subTest(said):
                data = copy.deepcopy(made())
                change(data)
                self.assertIn(said, self.program(data, code=1).stderr)
        (self.folder / "map.json").unlink()
        done = subprocess.run(["/usr/bin/python3", "-B", str(ROOT / "reports" / "mapped.py"), str(self.folder)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertIn("holds no map", done.stderr)


if __name__ == "__main__":
    unittest.main()
