#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The proofs of the simulator would see a mistake: each mutant of
harness/simulate/ is built with tests/unit/simulation.c, or, where it is about the
fair order or about idle times and limits, with tests/unit/simulation_fair.c,
simulation_paper.c or simulation_load.c, and the test that is named for it fails.
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
     "cores.c", "core->sliced = left_ns < executor->remaining_ns;", "core->sliced = false;",
     "test_processor_sharing"),
    ("a wait holds no worker",
     "wiring.c", "bool held = wiring->discipline != DISCIPLINE_LOOP;", "bool held = false;",
     "test_slots_are_servers"),
    ("work before a wait costs nothing",
     "wiring.c", "i == 0 ? before : between);", "(struct piece){0, 0});",
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


FAIR_MUTANTS = [
    ("a debt is forgotten by waiting",
     "fair.c", "lag_ns < 0 && !ended && fair->awake > 0", "false",
     "test_debt"),
    ("a debt is never forgiven",
     "fair.c", "forgive(engine, fair->heap[0]);", "return NONE;",
     "test_debt"),
    ("who ended leaves a debt behind",
     "cores.c", "bool ended = executor->request == NONE &&", "bool ended = false &&",
     "test_by_hand"),
    ("credit without a limit",
     "fair.c", "fmin(lag_ns, most_credit_ns(engine))", "lag_ns",
     "test_credit_has_a_limit"),
    ("credit is lost",
     "fair.c", "from_ns -= executor->credit_ns * (n + 1) / n;", "from_ns -= 0;",
     "test_credit"),
    ("ticks end nothing",
     "cores.c", "return at_ns > now_ns ? at_ns - now_ns : at_ns + tick_ns - now_ns;", "return INFINITY;",
     "test_equal_shares"),
    ("of equals the last is first",
     "fair.c", "a->entered < b->entered", "a->entered > b->entered",
     "test_by_hand"),
    ("a core is idle though somebody is ready",
     "cores.c", "return is_fair(engine) ? fair_take(engine) :", "return is_fair(engine) ? NONE :",
     "test_no_time_is_lost"),
    ("virtual times pass when nobody computes",
     "fair.c", "core->executor != NONE && !core->stalled", "true",
     "test_mean_moves"),
    ("a loop that is interrupted goes on",
     "cores.c", "        core->interrupted = true;", "        core->interrupted = false;",
     "test_a_loop_makes_way"),
]

PAPER_MUTANTS = [
    ("credit without what it costs itself",
     "fair.c", "executor->credit_ns * (n + 1) / n;", "executor->credit_ns;",
     "test_as_on_paper"),
    ("who wakes is always next",
     "cores.c", "bool used_up = engine->executors[core->executor].slice_ns <= 0;", "bool used_up = true;",
     "test_as_on_paper"),
    ("who wakes interrupts only a slice that is used up",
     "cores.c", "fair_least(engine) == woken", "false",
     "test_as_on_paper"),
    ("ticks end what has just begun",
     "cores.c", "now_ns + fmax(executor->slice_ns, 0);", "now_ns + 1;",
     "test_as_on_paper"),
    ("the heap looks at one child",
     "fair.c", "if (child + 1 < count &&", "if (false &&",
     "test_as_on_paper"),
    ("the mean leaves out what is being computed",
     "fair.c", "running_ns += engine->now_ns - core->since_ns;", ";",
     "test_as_on_paper"),
    ("the sum loses its rounding",
     "fair.c", "fair->rounded_ns += ", "of_it += ",
     "test_as_on_paper"),
]


LOAD_MUTANTS = [
    ("an idle core never stands still",
     "cores.c", "draw_uniform(engine->in->seed, engine->stalls++,", "1 + 0 * draw_uniform(engine->in->seed, engine->stalls++,",
     "test_stalls_of_a_queue"),
    ("a core that rests is as it will be on average",
     "cores.c", "double stands = share + (core->stalled - share) * kept;", "double stands = share + 0 * kept;",
     "test_stalls_of_a_queue"),
    ("a core that rests stays as it was",
     "cores.c", "double stands = share + (core->stalled - share) * kept;", "double stands = core->stalled + 0 * kept;",
     "test_stalls_of_a_queue"),
    ("stalls of idle cores are drawn",
     "cores.c", "    if (core->executor == NONE)\n        rest(engine, c);\n    else\n        draw_change(engine, c);",
     "    draw_change(engine, c);",
     "test_idle_time_is_free"),
    ("clients who pause begin together",
     "engine.c", "bool pauses = arrivals->think_ns > 0 &&", "bool pauses = false &&",
     "test_pauses"),
    ("a simulation has no end",
     "engine.c", "engine->handled >= engine->in->events_most", "false",
     "test_too_much"),
    ("a queue grows without end",
     "engine.c", "engine->in_flight > in->flight_most", "false",
     "test_too_much"),
]


class Mutants(unittest.TestCase):
    TEST = "simulation"
    MUTANTS = MUTANTS

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.copy = mutants.Copy(pathlib.Path(folder.name), cls.TEST, ["harness/simulate"],
                                ["harness/arithmetic/statistics.c"], [])

    def test_mutants_are_seen(self):
        for what, file, right, wrong, seen_by in self.MUTANTS:
            with self.subTest(what):
                self.assertTrue(self.copy.sees(f"harness/simulate/{file}", right, wrong, seen_by),
                                f"{seen_by} did not see it")

    def test_without_a_mistake_they_pass(self):
        for name in sorted({seen_by for *_, seen_by in self.MUTANTS}):
            self.assertFalse(self.copy.fails(name), name)


class FairMutants(Mutants):
    TEST = "simulation_fair"
    MUTANTS = FAIR_MUTANTS


class PaperMutants(Mutants):
    TEST = "simulation_paper"
    MUTANTS = PAPER_MUTANTS


class LoadMutants(Mutants):
    TEST = "simulation_load"
    MUTANTS = LOAD_MUTANTS


if __name__ == "__main__":
    unittest.main()
