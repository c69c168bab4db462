#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""bench --until: blocks are added whole, in an order of their own, until the intervals
are narrow or there are as many as allowed; the run says which, and goes on after an
interruption with the blocks that it has."""

import collections
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import gates  # noqa: E402

TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
LIMIT_S = 300
# A busy machine must not decide how many blocks there are.
QUIET = {"TROIKA_DISABLE_GATE": gates.all_but(TROIKA)}
TINY = """[experiment]
title = Tiny
question = How many blocks?
models = {models}
blocks = {blocks}
warmup = 20ms
window = 200ms

[cell work]
{work}
connections = 4
"""
WAIT, HELLO = "workload = wait\ndelay = 10ms", "workload = hello"  # steady, and never twice the same
EXIT_UNTRUSTED = 3  # gates are switched off


class Until(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="until-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def experiment(self, blocks=6, models="event-loop, thread-per-connection", work=WAIT) -> str:
        path = self.folder / "tiny.ini"
        path.write_text(TINY.format(models=models, blocks=blocks, work=work))
        return str(path)

    def troika(self, *words: str):
        return subprocess.run([TROIKA, *words], cwd=self.folder, env={**os.environ, **QUIET},
                              capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)

    def bench(self, *words: str):
        done = self.troika("bench", *words, "-o", "results", "--wait-for-quiet", "0s", "--allow-any-build")
        self.assertEqual(done.returncode, EXIT_UNTRUSTED, done.stderr + done.stdout)
        return done, self.run_json()

    def run_json(self) -> dict:
        return json.loads((self.folder / "results/latest/run.json").read_text())

    def check_whole(self, run: dict, blocks: int):
        """Every block has every model once, and all is in the plan and in the figures."""
        seen = collections.Counter((row["block"], row["model"]) for row in run["plan"])
        models = run["experiments"][0]["load_points"][0]["models"]
        self.assertEqual(seen, {(b, m): 1 for b in range(1, blocks + 1) for m in models})
        self.assertEqual([row["order"] for row in run["plan"]], list(range(1, len(seen) + 1)))
        self.assertEqual([row["block"] for row in run["plan"]], sorted(row["block"] for row in run["plan"]))
        self.assertEqual(run["experiments"][0]["blocks"], blocks)
        self.assertEqual(run["tally"]["done"], len(seen))
        rows = [row["n"] for row in run["comparisons"] if row["metric"] == "throughput_per_s"]
        self.assertEqual(set(rows), {blocks} if len(models) > 1 else set())

    def test_reached(self):
        """The widest that is allowed is reached at the third look, or soon after on a busy
        machine, and no block follows."""
        done, run = self.bench(self.experiment(), "--until", "99%")
        until = run["experiments"][0]["until"]
        self.assertEqual((until["width"], until["blocks_planned"], until["blocks_max"]), (0.99, 6, 24))
        blocks = until["blocks_looked"]
        self.assertEqual((until["reached"], until["looks"]), (True, 3))
        self.assertGreaterEqual(blocks, 8)
        self.assertLess(until["widest"]["half_width"], 0.99)
        self.check_whole(run, blocks)
        self.assertIn("at most 24: then 48 trials", done.stderr)
        self.assertRegex(done.stdout, rf"tiny: ±99 % reached in {blocks} blocks, widest ±[\d.]+ %, event-loop / ")

    def test_not_reached(self):
        """At the cap the run names the widest interval and how many blocks would do."""
        done, run = self.bench(self.experiment(blocks=2, work=HELLO), "--until", "0.001%", "--max-blocks", "8")
        until = run["experiments"][0]["until"]
        self.assertEqual((until["reached"], until["blocks_looked"], until["blocks_max"]), (False, 8, 8))
        self.assertGreater(until["widest"]["blocks_needed"], 8)
        self.check_whole(run, 8)
        self.assertRegex(done.stdout, r"±0.001 % NOT reached in 8 blocks, widest .*; about \d+ would do \(--max-blocks\)")

    def test_one_model(self):
        """A model alone is compared with none: the level's interval counts."""
        _, run = self.bench(self.experiment(blocks=1, models="event-loop"), "--until", "99%")
        until = run["experiments"][0]["until"]
        self.assertTrue(until["reached"])
        self.assertIsNone(until["widest"]["b"])
        self.check_whole(run, until["blocks_looked"])

    def test_resumed(self):
        """After Ctrl-C in an added block the run goes on with this very block; and a
        complete run is not looked at again."""
        child = subprocess.Popen(
            [TROIKA, "bench", self.experiment(), "--until", "99%", "-o", "results", "--wait-for-quiet", "0s",
             "--allow-any-build"], cwd=self.folder, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(child.kill)
        for line in child.stderr:
            if " block 7 of at most 24" in line:
                child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(LIMIT_S), 130)
        child.stderr.close()
        before = self.run_json()
        self.assertEqual(len(before["plan"]), 14)
        self.assertEqual(before["experiments"][0]["until"]["blocks_looked"], 6)
        _, run = self.bench("--resume", "results/latest")
        self.assertEqual(run["plan"][:14], before["plan"])
        self.assertTrue(run["experiments"][0]["until"]["reached"])
        self.check_whole(run, run["experiments"][0]["until"]["blocks_looked"])
        again = self.bench("--resume", "results/latest")[1]
        self.assertEqual(again["plan"], run["plan"])
        self.assertEqual(again["experiments"][0]["until"], run["experiments"][0]["until"])
        # The run is one like any other to those that read it.
        compared = self.troika("compare", "results/latest", "results/latest", "--force")
        self.assertIn("tiny", compared.stdout, compared.stderr)
        changed = self.troika("bench", "--resume", "results/latest", "--until", "3%")
        self.assertEqual(changed.returncode, 2)
        self.assertIn("--until is only for a new run", changed.stderr)

    def test_refused(self):
        path = self.experiment()
        for words, message in (
                (["--until", "3"], "a share in percent is needed"),
                (["--until", "0%"], "above 0%"),
                (["--max-blocks", "20"], "has no effect without --until"),
                (["--until", "3%", "--max-blocks", "7"], "ends after 8 blocks at the earliest"),
                (["--until", "3%", "--max-blocks", "10", "--blocks", "11"], "has 11 blocks already")):
            done = self.troika("bench", path, *words)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(message, done.stderr)

    def test_said_first(self):
        done = self.troika("bench", self.experiment(), "--until", "3%", "--dry-run")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"12 trials, about .*; blocks are added until ±3 %, at most 24: then 48 trials, about ")


if __name__ == "__main__":
    unittest.main()
