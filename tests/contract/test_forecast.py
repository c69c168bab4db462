#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika predict, run as a person runs it: answers from stored constants, and
what it refuses.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "reports"))
sys.path.insert(0, str(ROOT / "tests" / "method"))
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
CONSTANTS = {
    "request_ns": 10000, "call_first_ns": 10000, "call_ns": 5000, "byte_ns": 0, "connection_ns": 30000,
    "growth_share": 0, "wake_ns": 0, "work_factor": 1, "memory_bytes": 2 << 20,
    "memory_connection_bytes": 4096, "memory_flight_bytes": 8192, "memory_queued_bytes": 4096,
    "memory_worker_bytes": 65536,
}


def model(name: str, discipline: str, **more) -> dict:
    facts = {"has_workers": False, "parallel": False, "offloads": False, "foreign": False, "dispatches": False} | more
    return {"name": name, "discipline": discipline, **facts,
            "constants": {key: {"value": value, "lo": value, "hi": value, "n": 3}
                          for key, value in CONSTANTS.items()}}


def machine() -> dict:
    return {
        "schema_version": 1, "run_id": "made-up", "at": "2026-01-01T00:00:00Z", "tool_version": "t",
        "fingerprint": "f", "cores": 2, "quantum_ns": 3e6, "stall_share": 0, "stall_ns": 0, "step_ns": 1.6, "noisy": False,
        "models": [model("event-loop", "loop"), model("thread-per-connection", "thread", parallel=True),
                   model("process-pool", "worker", has_workers=True, parallel=True)],
    }


class Predict(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "machine.json"
        self.file.write_text(json.dumps(machine()))

    def ask(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(BUILD / "troika"), "predict", f"--machine={self.file}", *words],
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def rows(self, *words: str) -> dict:
        done = self.ask("--format", "json", *words)
        self.assertEqual("", done.stderr)
        return {row["model"]: row for row in json.loads(done.stdout)["models"]}

    def test_constants_keep_the_schema(self):
        self.assertEqual([], list(errors(schema("machine"), machine())))

    def test_constants_of_an_older_version_lack_some_memory(self):
        older = machine()
        for row in older["models"]:
            del row["constants"]["memory_connection_bytes"], row["constants"]["memory_queued_bytes"], row["dispatches"]
        self.file.write_text(json.dumps(older))
        loop = self.rows("--wait", "100ms", "--cpu", "1us", "-c100", "--cv-wait=0")["event-loop"]
        self.assertAlmostEqual((2 << 20) + 100 * 8192, loop["memory_bytes"], delta=1)
        del older["models"][0]["constants"]["memory_bytes"]
        self.file.write_text(json.dumps(older))
        done = self.ask("--cpu", "1ms", "--rate", "10")
        self.assertEqual(1, done.returncode)
        self.assertIn('"memory_bytes" is missing', done.stderr)

    def test_a_service(self):
        rows = self.rows("--wait", "20ms", "--cpu", "1ms", "--rate", "300", "--payload", "1B", "--seed", "7")
        self.assertEqual(3, len(rows))
        loop, threads, pool = rows["event-loop"], rows["thread-per-connection"], rows["process-pool"]
        self.assertAlmostEqual(1e9 / 1.02e6, loop["capacity_per_s"]["value"], delta=0.01)
        self.assertAlmostEqual(2e9 / 1.02e6, threads["capacity_per_s"]["value"], delta=0.01)
        self.assertEqual("cpu", loop["law"])
        # 300 x 21.02 ms are 6.3 in flight: fewer workers cannot be enough.
        self.assertGreater(pool["workers"], 6)
        self.assertLess(pool["workers"], 40)
        self.assertAlmostEqual(300 * 1.02e6 / 1e9, threads["busy_cores"], delta=0.02)
        self.assertGreater(loop["latency_p99_ns"]["value"], loop["latency_p50_ns"]["value"])

    def test_equal_seeds_give_equal_bytes(self):
        words = ("--cpu", "1ms", "--rate", "500", "--format", "json", "--requests", "20k")
        first, again = self.ask(*words, "--seed=3"), self.ask(*words, "--seed=3")
        other = self.ask(*words, "--seed=4")
        self.assertEqual(first.stdout, again.stdout)
        self.assertNotEqual(first.stdout, other.stdout)

    def test_defaults_are_listed(self):
        done = self.ask("--wait", "20ms", "--cpu", "1ms", "--rate", "300", "event-loop")
        self.assertEqual(0, done.returncode)
        for words in ("calls 1", "cv-wait 1", "cv-cpu 1", "cores 2", "payload 1024 bytes", "connections are kept",
                      "no forecast of this machine has been"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("process-pool", done.stdout)

    def test_constants_of_another_machine_are_doubted(self):
        done = self.ask("--cpu", "1ms", "--rate", "10")
        self.assertIn("of another machine, kernel or build", done.stdout)
        done = self.ask("--cpu", "1ms", "--rate", "10", "--format", "json")
        self.assertIn("of another machine", json.loads(done.stdout)["doubt"])

    def test_no_model_keeps_the_limit(self):
        done = self.ask("--wait", "20ms", "--cpu", "1500us", "--connections", "400", "--limit", "p99<100ms")
        self.assertEqual(4, done.returncode)
        self.assertEqual(3, done.stdout.count("misses the limit"))

    def test_overload_has_no_latency(self):
        rows = self.rows("--cpu", "1ms", "--rate", "5000")
        self.assertTrue(all(row["latency_p99_ns"] is None and row["load"] > 1 for row in rows.values()))

    def refused(self, words: str, code: int, *flags: str) -> None:
        done = self.ask(*flags)
        self.assertEqual((code, ""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(words, done.stderr)

    def test_refusals(self):
        self.refused("nothing is said of the load", 2, "--wait", "20ms")
        self.refused("nothing is said of a request", 2, "--rate", "10")
        self.refused("give one of rate and connections", 2, "--wait", "1s", "--rate", "100", "--connections", "10")
        self.refused("give two of rate", 2, "--wait", "20ms", "--rate", "10", "--connections", "400", "--think", "1s")
        self.refused("a pause is one of clients", 2, "--cpu", "1ms", "--rate", "10", "--think", "1s")
        self.refused("no model can", 2, "--wait", "20ms", "--rate", "10", "--limit", "p99<10ms", "--cv-wait", "0",
                     "--cv-cpu", "0")
        self.refused("no constants of \"evnt-loop\"", 2, "evnt-loop", "--cpu", "1ms", "--rate", "10")
        for flag, value in (("--limit", "p98<1ms"), ("--limit", "p99<0ms"), ("--limit", "100ms"), ("--rate", "0"),
                            ("--rate", "300/h"), ("--cv-cpu", "-1"), ("--cv-wait", "nan"), ("--memory", "256"),
                            ("--cores", "0"), ("--calls", "17")):
            self.refused(flag, 2, "--cpu", "1ms", "--rate", "10", flag, value)

    def test_damaged_constants(self):
        words = ("--cpu", "1ms", "--rate", "10")
        self.file.write_text(json.dumps(machine() | {"cores": 0}))
        self.refused('"cores" is missing, or is no such value', 1, *words)
        for key in ("quantum_ns", "stall_share", "stall_ns", "step_ns"):
            self.file.write_text(json.dumps({k: v for k, v in machine().items() if k != key}))
            self.refused(f'"{key}" is missing', 1, *words)
        damaged = machine()
        del damaged["models"][0]["constants"]["byte_ns"]
        self.file.write_text(json.dumps(damaged))
        self.refused('"byte_ns" is missing', 1, *words)
        self.file.write_text("{")
        self.refused("no constants", 1, *words)
        self.file.unlink()
        self.refused("troika calibrate", 1, *words)


if __name__ == "__main__":
    unittest.main()
