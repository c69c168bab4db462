#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Switching any gate off makes a named test fail.

Each gate of `troika list gates` is switched off alone (TROIKA_TEST_GATE_OFF) and
the unit tests of gates run: at least one named test must fail. A gate whose
absence no test notices could break unnoticed. Then the self-test plants faults
with all gates off: every check that expects a gate to fail must fail itself, and
there must be one for every gate.
"""
import json
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
PLANTED = ("fault-wrong", "fault-500", "backlog-overflow", "trial-killed",
           "trial-facts")


def run(*argv, off: str = "", real_off: str = "") -> subprocess.CompletedProcess:
    environment = {**os.environ, "TROIKA_TEST_GATE_OFF": off,
                   "TROIKA_DISABLE_GATE": real_off}
    return subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL, env=environment)


def failed(off: str) -> set[str]:
    """Names of the unit tests that fail with this gate off."""
    programs = sorted(path.stem for path in ROOT.glob("tests/unit/gate*.c"))
    names = set()
    for program in programs:
        done = run(BUILD / "tests" / program, off=off)
        names |= {f"{program}.{test}" for test in
                  re.findall(r"\[  FAILED  \] (test_\w+)", done.stdout + done.stderr)}
    return names


class GateMatrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        done = run(BUILD / "troika", "list", "gates", "--format", "json")
        cls.gates = json.loads(done.stdout)["gates"]

    @unittest.skipIf(BUILD.name in ("asan", "tsan"), "what a test misses is no matter of the build")
    def test_a_named_test_misses_each_gate(self) -> None:
        self.assertEqual(set(), failed(""), "with all gates on")
        for gate in self.gates:
            with self.subTest(gate=gate["id"]):
                missed = failed(gate["id"])
                if gate["fails_when"].startswith("never"):
                    self.assertEqual(set(), missed)
                else:
                    self.assertTrue(missed, "no unit test fails when it is off")

    def test_planted_faults_go_unnoticed_with_all_gates_off(self) -> None:
        done = run(BUILD / "troika", "selftest", "--format", "json", "--no-store",
                   "--only", ",".join(PLANTED),
                   real_off=",".join(gate["id"] for gate in self.gates))
        self.assertEqual(4, done.returncode, done.stderr)
        missed = set()
        for test in json.loads(done.stdout)["tests"]:
            self.assertFalse(test["pass"], test["name"])
            for check in test["checks"]:
                text = f"{check['what']} {check['expected']}"
                loud = re.search(r"gate (\w+) fails", text)
                if loud is None:
                    continue
                self.assertFalse(check["pass"], f"{test['name']}: {check}")
                self.assertIn("switched off", check["seen"])
                missed.add(loud.group(1))
        self.assertEqual({gate["id"] for gate in self.gates
                          if not gate["fails_when"].startswith("never")}, missed)

    def test_each_gate_says_when_it_fails_and_is_documented(self) -> None:
        page = (ROOT / "docs/method/gates.md").read_text()
        self.assertGreaterEqual(len(self.gates), 32)
        self.assertEqual(len(self.gates), len({gate["id"] for gate in self.gates}))
        for gate in self.gates:
            with self.subTest(gate=gate["id"]):
                self.assertTrue(gate["fails_when"])
                self.assertTrue(f"`{gate['id']}`" in page,
                                f"{gate['id']} is missing in docs/method/gates.md")

    def test_the_page_has_each_gates_figures(self) -> None:
        """docs/method/gates.md: | gates | figures | why these |"""
        rows = {}
        for line in (ROOT / "docs/method/gates.md").read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if len(cells) == 3 and line.startswith("| `"):
                for name in re.findall(r"`(\w+)`", cells[0]):
                    self.assertNotIn(name, rows)
                    rows[name] = cells[1]
        every = ["throughput", "latency", "cpu", "memory", "idle_memory", "beside", "recovery"]
        for gate in self.gates:
            with self.subTest(gate=gate["id"]):
                names = gate["figures"]
                less = [name for name in every if name not in names]
                ways = {", ".join(names), "all" if not less else "all but " + ", ".join(less),
                        "" if names else "none"}
                effect = {"bound": "bounds: ", "level": "levels: "}.get(gate["effect"], "")
                self.assertIn(rows.get(gate["id"]), {effect + way for way in ways})
        self.assertEqual({gate["id"] for gate in self.gates}, set(rows))


if __name__ == "__main__":
    unittest.main()
