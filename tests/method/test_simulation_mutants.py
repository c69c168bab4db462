#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The proofs of the simulator would see a mistake: each mutant of
harness/simulate/ is built with tests/unit/simulation.c, and the test that is
named for it fails.
"""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

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
]


def build(folder: pathlib.Path) -> str:
    """Builds the unit test with the folder's simulator. Returns the program."""
    program = folder / "simulation"
    sources = sorted((folder / "harness/simulate").glob("*.c"))
    subprocess.run(
        ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", f"-I{folder}", f"-I{ROOT}",
         str(ROOT / "tests/unit/simulation.c"), *map(str, sources),
         str(ROOT / "harness/arithmetic/statistics.c"), "-lcmocka", "-lm", "-o", str(program)],
        check=True, timeout=120)
    return str(program)


def fails(program: str, name: str) -> bool:
    done = subprocess.run([program, name], capture_output=True, text=True, timeout=120, check=False)
    if "1 test(s) run" not in done.stderr + done.stdout:
        raise AssertionError(f"{name} did not run: {done.stdout}{done.stderr}")
    return done.returncode != 0


class Mutants(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(ROOT / "harness/simulate", self.folder / "harness/simulate")

    def test_mutants_are_seen(self):
        simulator = self.folder / "harness/simulate"
        for what, file, right, wrong, seen_by in MUTANTS:
            with self.subTest(what):
                text = (simulator / file).read_text()
                self.assertEqual(1, text.count(right), f"{file} has no single {right!r}")
                (simulator / file).write_text(text.replace(right, wrong))
                self.assertTrue(fails(build(self.folder), seen_by), f"{seen_by} did not see it")
                (simulator / file).write_text(text)


if __name__ == "__main__":
    unittest.main()
