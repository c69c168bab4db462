# SPDX-License-Identifier: MIT
"""Decisions checked against known answers: one queueing model (queueing.py) gives both
the runs of shipped experiments and the true figures at a profile, so the test sees
whether an option that is said to fit breaks its limit.
"""

import random
import unittest
from pathlib import Path

import case  # noqa: F401  (the path to reports/)

import queueing
from asked import MIB
from data.results import Run
from decision import decide as rule

MS = 1_000_000
EXPERIMENTS = ("mixed", "standard", "io")
# wait and CPU in ms, connections, limit on p99 in ms, memory in MiB
PROFILES = {
    "A": (20, 1.5, 400, 100, None),
    "B": (20, 1, 64, 50, None),
    "C": (18, 0.9, 60, 40, None),
    "D": (100, 1.5, 200, 150, None),
    "E": (10, 8, 16, 200, None),
    "F": (50, 0.05, 1000, 100, 64),
    "G": (0, 0.2, 16, 20, None),
    "H": (300, 0.4, 300, 400, None),
}


def profile(name, wait_ms, cpu_ms, connections, limit_ms, memory_mib):
    return {
        "name": name,
        "wait_ns": round(wait_ms * MS),
        "cpu_ns": round(cpu_ms * MS),
        "connections": connections,
        "limit": f"p99<{limit_ms:g}ms",
        "limit_percentile": 99,
        "limit_ns": round(limit_ms * MS),
        "memory_bytes": memory_mib and round(memory_mib * MIB),
    }


def decide(world, name, wanted, points=None):
    data, trials, summary, comparisons = queueing.build(world, name, wanted, points)
    run = Run(Path("made-up"), data, trials, [], summary, comparisons)
    return rule.decide(run, data["experiments"][0])


def keeps(world, wanted, option, workers):
    """Whether the model keeps its limits at the profile."""
    args = wanted["wait_ns"], wanted["cpu_ns"], wanted["connections"], workers
    _, high = world.closed(option["model"], *args)
    if high > wanted["limit_ns"]:
        return False
    most = wanted["memory_bytes"]
    return not most or world.memory(option["model"], wanted["connections"]) <= most


def faults(world, name, wanted, points=None):
    """The decision and its false statements."""
    decided = decide(world, name, wanted, points)
    found = []
    for option in decided["options"]:
        workers = option.get("workers")
        workers = workers if isinstance(workers, int) else None
        true = keeps(world, wanted, option, workers)
        if option["fate"].startswith("fits") and not true:
            found.append(f"{option['model']} is said to fit")
        if option["fate"].startswith("fails") and true:
            found.append(f"{option['model']} is said to fail")
    outcome, choice = decided["outcome"], decided["choice"]
    named = outcome["models"] if outcome["kind"] in ("recommended", "toss-up") else []
    if named and choice["product"] > 2:
        found.append(f"{named[0]} is recommended")
    plain = [o["model"] for o in decided["options"] if o["fate"] in ("fits", "fails")]
    if plain and choice["product"] > 1.5:
        found.append(f"{plain[0]} is judged as if measured")
    return decided, found


def perturbed(rng, point, world):
    """A profile not far from a load point."""
    def near(value):
        return value * 2 ** rng.uniform(-0.8, 0.8)

    steps = point["parameters"].get("steps") or 0
    many = max(round(near(point["load"]["connections"])), 1)
    work = near(steps * world.step_ns) / MS
    if not steps and rng.random() < 0.5:
        work = 10 ** rng.uniform(-2.3, 0.3)
    return near(point["wait_ns"]) / MS, work, many


def anywhere(rng):
    wait = rng.choice((0, 10 ** rng.uniform(-1, 2.7)))
    return wait, rng.choice((0, 10 ** rng.uniform(-2, 1.3))), round(10 ** rng.uniform(0, 3.3))


class Profiles(unittest.TestCase):
    def test_eight_profiles_against_three_experiments(self):
        world = queueing.World()
        for name in EXPERIMENTS:
            for key, values in PROFILES.items():
                with self.subTest(f"{key} against {name}"):
                    _, found = faults(world, name, profile(key, *values))
                    self.assertEqual(found, [])

    def test_profile_that_was_measured_is_decided(self):
        """The profiles of shipped experiments are within what these measure."""
        own = {
            "quick": ((50, 0.05, 100, 100, 512), "recommended"),
            "mixed": ((10, 0.5, 32, 100, None), "recommended"),
            "standard": ((10, 0.3, 32, 50, 512), "recommended"),
            "io": ((50, 0, 1000, 100, None), "recommended"),
        }
        for name, (values, kind) in own.items():
            with self.subTest(name):
                decided, found = faults(queueing.World(), name, profile(name, *values))
                self.assertEqual(found, [])
                self.assertFalse(decided["choice"]["extrapolated"], decided["choice"])
                self.assertIn(decided["outcome"]["kind"], (kind, "toss-up"))

    def test_any_profile(self):
        rng = random.Random(20261128)
        said = {"fits": 0, "fails": 0, "recommended": 0, "far": 0}
        for turn in range(400):
            scale, step_ns = 2 ** rng.uniform(-1, 1), rng.uniform(0.8, 2.5)
            world = queueing.World(turn % 2, step_ns, scale)
            name = rng.choice((*EXPERIMENTS, "quick"))
            points = queueing.load_points(name)
            if rng.random() < 0.7:
                work = perturbed(rng, rng.choice(points), world)
            else:
                work = anywhere(rng)
            memory = rng.choice((None, 2 ** rng.uniform(1, 8)))
            wanted = profile("any", *work, 1, memory)
            model = rng.choice(list(queueing.MODELS))
            args = wanted["wait_ns"], wanted["cpu_ns"], wanted["connections"]
            true = world.closed(model, *args)[1]
            wanted["limit_ns"] = round(true * 2 ** rng.uniform(-1, 1)) + 1
            with self.subTest(turn=turn, experiment=name, profile=wanted):
                decided, found = faults(world, name, wanted, points)
                self.assertEqual(found, [])
            for option in decided["options"]:
                if option["fate"] in said:
                    said[option["fate"]] += 1
            if decided["outcome"]["kind"] in said:
                said[decided["outcome"]["kind"]] += 1
        # The test means nothing unless enough decisions of every kind were firm.
        self.assertGreater(min(said.values()), 40, said)


if __name__ == "__main__":
    unittest.main()
