#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika map, run as a person runs it: a grid whose winners follow from laws by
hand, and whose cells are what troika decide says of such a service.
"""
import json
import math
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import test_decide as deciding  # noqa: E402
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

# Two models: 20 us a request, work 1.2 times as long; and 50 us. They cost alike where a request computes 150 us.
EQUAL_NS = 150e3
SMALL = ("--wait", "10ms", "--rate", "300", "--loads", "300", "--core-counts", "2")


class Mapping(deciding.Deciding):
    def setUp(self):
        super().setUp()
        lean, plain = self.machine["models"][:2]
        lean["parallel"] = True
        for model, value, factor in ((lean, 20e3, 1.2), (plain, 50e3, 1)):
            for key, constant in (("request_ns", value), ("work_factor", factor), ("memory_connection_bytes", 4096),
                                  ("memory_flight_bytes", 0), ("growth_share", 0)):
                model["constants"][key] |= {"value": constant, "lo": constant, "hi": constant}
        self.store()

    def map(self, *words, code: int | None = 0):
        return self.troika("map", "--machine", str(self.folder / "machine.json"), "--validation",
                           str(self.folder / "validation.json"), "--requests", "1k", *words, code=code)

    def stored(self, *words) -> dict:
        data = json.loads(self.map(*words, "--format", "json").stdout)
        self.assertEqual(list(errors(schema("map"), data)), [])
        return data


class Cells(Mapping):
    def test_the_border_between_two_models(self):
        """The cheaper one has the less latency and CPU, and memory is alike."""
        data = self.stored(*SMALL, "--cpu", "100us", "--waits", "1ms-10ms", "--points", "2", "--cpus", "15us-1500us",
                           "event-loop", "thread-per-connection")
        self.assertEqual([15e3, 1500e3], [round(v) for v in data["cpu_ns"]])
        for cell in data["cells"][::2]:
            self.assertEqual(cell["best"], "event-loop")
        for cell in data["cells"][1::2]:
            self.assertEqual(cell["best"], "thread-per-connection")
        for cell in data["cells"]:
            best, other = sorted(cell["options"], key=lambda o: o["regret"])
            self.assertEqual(best["regret"], 0)
            self.assertEqual(cell["lead"], other["regret"])

    def test_a_cell_is_a_decision(self):
        words = ("--cpu", "1ms", "--limit", "p99<200ms", "--memory", "256MiB")
        data = self.stored(*SMALL, *words, "--waits", "10ms-100ms", "--cpus", "1ms-10ms", "--points", "2")
        decision = self.answer("--wait", "10ms", "--rate", "300", "--cores", "2", *words)
        cell = data["cells"][0]
        self.assertEqual(cell["best"], min((o for o in decision["options"] if o["fate"] == "fits"), key=lambda o: o["burden"])["model"])
        least = min(o["burden"] for o in decision["options"] if o["fate"] == "fits")
        for own, option in zip(cell["options"], decision["options"], strict=True):
            for key in ("workers", "latency_ns", "busy_cores", "memory_bytes"):
                self.assertEqual(own[key], option[key], key)
            if own["regret"] is not None:
                self.assertAlmostEqual(own["regret"], math.exp(option["burden"] - least) - 1)

    def test_why_there_is_no_winner(self):
        grid = ("--waits", "10ms-1s", "--cpus", "100us-100ms", "--points", "2")
        data = self.stored(*SMALL, *grid, "--cpu", "100us", "--limit", "p99<300ms")
        self.assertEqual([c["none"] for c in data["cells"]], [None, "overload", "limit", "overload"])
        data = self.stored(*SMALL, *grid, "--cpu", "100us", "--memory", "1MiB")
        self.assertEqual([c["none"] for c in data["cells"]], ["memory"] * 4)

    def test_levels_and_dots(self):
        data = self.stored("--wait", "10ms", "--cpu", "1ms", "--connections", "8", "--cores", "1", "--points", "2", "event-loop")
        self.assertEqual((data["loads"], data["cores"]), ([2, 8, 32], [1, 4]))
        self.assertEqual(data["service"]["load_is"], "connections")
        self.assertEqual(len(data["cells"]), 2 * 3 * 2 * 2)
        self.assertEqual([round(v) for v in data["wait_ns"]], [1e6, 1e9])
        numbers = {s["service"] for s in self.validation["services"]}
        self.assertEqual({d["service"] for d in data["dots"]}, numbers)
        first = next(d for d in data["dots"] if d["service"] == 1)
        self.assertAlmostEqual(first["throughput_off"], math.exp(0.001))

    def test_text_marks_the_service(self):
        said = self.map(*SMALL, "--cpu", "100us", "--points", "3").stdout
        self.assertEqual(sum("[" in line and "small letter" not in line for line in said.splitlines()), 1)
        self.assertIn("A  event-loop: the best of", said)
        self.assertTrue(all(len(line) <= 100 for line in said.splitlines()[2:8]), said)


class Files(Mapping):
    def test_a_map_is_stored_once(self):
        folder = self.folder / "map"
        words = (*SMALL, "--cpu", "1ms", "--points", "2", "-o", str(folder))
        self.map(*words)
        data = json.loads((folder / "map.json").read_text())
        self.assertEqual(list(errors(schema("map"), data)), [])
        again = self.map(*words, code=1)
        self.assertIn("a map is never overwritten", again.stderr)

    def test_what_is_refused(self):
        for words, said in (
            (("--connections", "10", "--loads", "0.5"), "numbers of connections here"),
            (("--rate", "10", "--core-counts", "1.5"), "--core-counts"),
            (("--rate", "10", "event-loop", "--language", "c"), "--language has no effect"),
        ):
            with self.subTest(words):
                self.assertIn(said, self.map("--wait", "1ms", *words, code=2).stderr)
        for words, said in (
            (("--waits", "1s-1ms"), "the shorter one first"), (("--waits", "5"), "--waits 5: give two times"),
            (("--cpus", "1ns-1ms"), "from 1us to 1h"), (("--loads", "1,,2"), "--loads"), (("--loads", "0"), "--loads"),
            (("--core-counts", "0"), "--core-counts"), (("--loads", "1,2,3,4,5,6,7,8,9"), "up to 8"),
            (("--points", "1"), "--points"), (("--points", "99"), "--points"),
        ):
            with self.subTest(words):
                self.assertIn(said, self.map("--wait", "1ms", "--rate", "10", *words, code=2).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
