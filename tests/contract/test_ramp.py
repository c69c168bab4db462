#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""troika load with a rate that rises (-R 50:400): the knee of servers whose capacity
is known, no knee where there is none, and no answer where the load itself was the
limit; what each interval saw, as lines and as JSON."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/contract"))
from model_server import Server  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
TROIKA = BUILD / "troika"
LIMIT_S = 120
TRIES = 4  # a busy machine can make the generator late, which is no answer


def load(*words: str, **more):
    return subprocess.run([TROIKA, "load", *words], capture_output=True, text=True, timeout=LIMIT_S,
                          stdin=subprocess.DEVNULL, **more)


class Ramp(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ramp-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, model: str, *flags: str) -> str:
        server = self.enterContext(Server(model, *flags))
        return f"http://127.0.0.1:{server.port}"

    def knee(self, url: str, *words: str) -> dict:
        """The result of a load whose generator was in time."""
        for _ in range(TRIES):
            done = load(*words, "--warmup", "300ms", "--format", "json", url)
            result = json.loads(done.stdout)
            knee = result["ramp"]["knee"]
            if knee["verdict"] != "cannot tell" or "generator" not in knee["words"]:
                break
        return result

    def test_known_capacity(self):
        """Four workers that wait 20 ms answer 200 a second."""
        url = self.serve("thread-pool", "--workers", "4") + "/wait?delay=20ms"
        result = self.knee(url, "-R", "50:400", "-d", "10s", "-c", "1000", "--timeout", "3s")
        knee = result["ramp"]["knee"]
        self.assertEqual(knee["verdict"], "found", knee)
        self.assertAlmostEqual(knee["rate_per_s"], 200, delta=20, msg=knee)
        self.assertEqual(knee["throughput"]["rate_per_s"], knee["rate_per_s"])
        self.assertIn("fewer requests are answered than are due", knee["words"])
        rows = result["ramp"]["intervals"]
        self.assertEqual(len(rows), 20)
        self.assertEqual(round(sum(row["due_per_s"] for row in rows) * 0.5), result["requests"]["scheduled"])
        self.assertAlmostEqual(rows[0]["intended_per_s"], 50 + 350 / 40, places=6)
        self.assertAlmostEqual(rows[-1]["intended_per_s"], 400 - 350 / 40, places=6)
        # Waiting counts: what ends at the end was due seconds ago.
        self.assertGreater(rows[-1]["p50_ns"], 500e6)

    def test_figure(self):
        """A knee that was found is one of the figures for programs."""
        url = self.serve("thread-pool", "--workers", "4") + "/wait?delay=20ms"
        for _ in range(TRIES):
            rows = load("-R", "50:400", "-d", "6s", "--warmup", "300ms", "-c", "1000", "--timeout", "2s",
                        "--format", "csv", url).stdout
            figures = dict(line.split(",") for line in rows.splitlines())
            if "knee_per_s" in figures:
                break
        self.assertAlmostEqual(float(figures["knee_per_s"]), 200, delta=30, msg=rows)

    def test_no_knee(self):
        url = self.serve("event-loop") + "/wait?delay=20ms"
        knee = self.knee(url, "-R", "50:400", "-d", "8s")["ramp"]["knee"]
        self.assertEqual(knee["verdict"], "none", knee)
        self.assertGreater(knee["rate_per_s"], 300)
        self.assertTrue(knee["words"].startswith("no knee up to "), knee)

    def test_own_connections(self):
        """Ten connections of 100 ms are 100 a second, whatever the server could do."""
        url = self.serve("event-loop") + "/wait?delay=100ms"
        knee = self.knee(url, "-R", "30:300", "-d", "8s", "-c", "10", "--timeout", "3s")["ramp"]["knee"]
        self.assertEqual(knee["verdict"], "cannot tell", knee)
        self.assertIn("all 10 connections were busy", knee["words"])

    def test_own_lateness(self):
        """A generator that is stopped half of the time has no word on the server's knee."""
        url = self.serve("event-loop") + "/wait?delay=20ms"
        child = subprocess.Popen([TROIKA, "load", "-R", "50:400", "-d", "6s", "--timeout", "3s", "--format", "json", url],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        self.addCleanup(child.kill)
        time.sleep(0.5)
        pids = [int(pid) for pid in pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()]
        self.assertTrue(pids)
        try:
            for _ in range(35):
                for pid in pids:
                    os.kill(pid, signal.SIGSTOP)
                time.sleep(0.12)
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
                time.sleep(0.08)
        except ProcessLookupError:
            pass
        out, err = child.communicate(timeout=LIMIT_S)
        knee = json.loads(out)["ramp"]["knee"]
        self.assertEqual(knee["verdict"], "cannot tell", knee)
        self.assertIn("the generator itself was the limit", knee["words"])
        self.assertIn("generator bound", err)

    def test_lines(self):
        """For people a line an interval, as each ends; and as JSON in a file."""
        url = self.serve("event-loop") + "/hello"
        path = self.folder / "intervals.jsonl"
        done = load("-R", "100:200", "-d", "2s", "--interval", "200ms", "--intervals", str(path), url)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split()[:3], ["until", "intended/s", "sent/s"])
        self.assertEqual([line.split()[0] for line in lines[1:11]], [f"{0.2 * i:.1f}" for i in range(1, 11)])
        self.assertIn("open loop, 100/s to 200/s", done.stdout)
        self.assertIn("  knee ", done.stdout)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual(len(rows), 10)
        self.assertEqual([row["to_s"] for row in rows], [round(0.2 * i, 1) for i in range(1, 11)])

    def test_constant_rate(self):
        """A rate that stays has intervals as well, and no knee."""
        url = self.serve("event-loop") + "/hello"
        done = load("-R", "0.5k/s", "-d", "1s", "--interval", "250ms", "--format", "json", url)
        ramp = json.loads(done.stdout)["ramp"]
        self.assertIsNone(ramp["knee"])
        self.assertIsNone(ramp["rate_end_per_s"])
        self.assertEqual([row["intended_per_s"] for row in ramp["intervals"]], [500] * 4)
        self.assertEqual(len(done.stderr.splitlines()), 5)
        self.assertIsNone(json.loads(load("-R", "50", "-d", "300ms", "--format", "json", url).stdout)["ramp"])

    def test_interrupted(self):
        url = self.serve("event-loop") + "/hello"
        child = subprocess.Popen([TROIKA, "load", "-R", "100:2k", "-d", "60s", "--format", "json", url],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        self.addCleanup(child.kill)
        child.stderr.readline()
        child.stderr.readline()
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=LIMIT_S)
        self.assertEqual(child.returncode, 130)
        result = json.loads(out)
        self.assertFalse(result["complete"])
        self.assertEqual(result["ramp"]["knee"]["verdict"], "cannot tell")
        self.assertLess(len(result["ramp"]["intervals"]), 8)

    def test_refused(self):
        for words, message in (
                (["-R", "1k:"], "two for a rate that rises: 1k:20k"),
                (["-R", ":1k"], "two for a rate that rises"),
                (["-R", "1k:2k:3k"], "two for a rate that rises"),
                (["-R", "20k:1k"], "must end at one and a half times"),
                (["-R", "1:1M", "-d", "10m"], "lower the rate or the duration"),
                (["-R", "1k:2k", "-n", "100"], "give -d instead of -n"),
                (["--interval", "1s"], "are for a rate: give -R"),
                (["-R", "1k:2k", "-d", "1h", "--interval", "1s"], "at most 1000 fit into -d"),
                (["-R", "1k:2k", "--intervals", "-"], "cannot both go to standard output")):
            done = load(*words, "http://127.0.0.1:1/")
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            self.assertIn(message, " ".join(done.stderr.split()))


if __name__ == "__main__":
    unittest.main()
