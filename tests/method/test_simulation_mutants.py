#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The proofs of the simulator would see a mistake: each mutant of
harness/simulate/ is built with tests/unit/simulation.c, and the test that is
named for it fails.
"""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import mutants  # noqa: E402

# File, what stands there, what a mistake would make of it, the test that sees it.
MUTANTS = [
    ("executors take turns where they should queue",
     "cores.c", "return quantum_ns > 0 ? quantum_ns : INFINITY;", "return 1e4;",
     "test_endless_quantum_is_a_queue"),
    ("a quantum does not end",
     "cores.c", "executor->slice_ns < executor->remaining_ns;", "false;",
     "test_processor_sharing"),
    ("a wait holds no worker",
     "wiring.c", "bool held = wiring->discipline != DISCIPLINE_LOOP;", "bool held = false;",
     "test_slots_are_servers"),
    ("work before a wait costs nothing",
     "wiring.c", "i == 0 ? demand->before_ns : demand->between_ns);", "0);",
     "test_bounds"),
    ("an interval of half the width",
     "simulation.c", "value - half, value + half}", "value - half / 2, value + half / 2}",
     "test_intervals"),
    ("a burst comes one by one",
     "engine.c", "i < engine->in->arrivals.burst", "i < 1",
     "test_bursts"),
    ("loops share their queue",
     "wiring.c", ".split = loop && !wiring->shared,", ".split = false,",
     "test_split_loops"),
    ("the token is nobody's",
     "wiring.c", ".token = wiring->token,\n                              });", "});",
     "test_token"),
    ("a core that stands still goes on",
     "cores.c", "core->executor == NONE || core->stalled || ran_ns <= 0", "core->executor == NONE || ran_ns <= 0",
     "test_stalls"),
    ("random numbers by the order of asking",
     "engine.c", "draw_factor(&in->draws[d], in->seed, key, (unsigned)d);",
     "draw_factor(&in->draws[d], in->seed, engine->events.added, (unsigned)d);",
     "test_common_random_numbers"),
    ("a lognormal without its correction",
     "draw.c", "variance / 2);", "0);",
     "test_mg1"),
    ("the backend has no limit",
     "wiring.c", "if (wiring->backend_servers > 0)", "if (0)",
     "test_slots_are_servers"),
    ("who came last is served first",
     "state.c", "engine->requests[fifo->last].next = request;",
     "{ engine->requests[request].next = fifo->first; fifo->first = request; return; }",
     "test_first_come_request_by_request"),
]


class Mutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.copy = mutants.Copy(pathlib.Path(folder.name), "simulation", ["harness/simulate"],
                                ["harness/arithmetic/statistics.c"], [])

    def test_mutants_are_seen(self):
        for what, file, right, wrong, seen_by in MUTANTS:
            with self.subTest(what):
                self.assertTrue(self.copy.sees(f"harness/simulate/{file}", right, wrong, seen_by),
                                f"{seen_by} did not see it")

    def test_without_a_mistake_they_pass(self):
        for name in sorted({seen_by for *_, seen_by in MUTANTS}):
            self.assertFalse(self.copy.fails(name), name)


if __name__ == "__main__":
    unittest.main()
