#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Load modes in real runs: what each stores in its trials, and that all models
of a block get equal load. Gates do not matter here: trials that a busy machine
makes invalid hold these facts too.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import gates  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 120

HEAD = """[experiment]
title = Modes
question = What does each mode leave behind?
models = event-loop, thread-per-connection
blocks = {blocks}
warmup = 200ms
window = 600ms
"""

# Answers "ok" and leaks by the clock, so that late ticks catch up: what it has
# lost does not depend on how often it got a CPU.
LEAK_BYTES_PER_S = 8 << 20
LEAKY = """import sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
lost, start = [], time.monotonic()
def leak():
    held = 0
    while True:
        due = int((time.monotonic() - start) * %d) - held
        lost.append(b"x" * due)
        held += due
        time.sleep(0.05)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *arguments):
        pass
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.daemon_threads = True
threading.Thread(target=leak, daemon=True).start()
server.serve_forever()
""" % LEAK_BYTES_PER_S
# Waits 2 ms for each of its first requests, and 20 ms for each after them.
STEPPING_FIRST, STEPPING_MS = 550, (2, 20)
STEPPING = LEAKY.replace("threading.Thread(target=leak, daemon=True).start()\n", "").replace(
    "        self.send_response(200)", "        lost.append(0)\n"
    "        time.sleep((%d if len(lost) <= %d else %d) / 1000)\n"
    "        self.send_response(200)" % (STEPPING_MS[0], STEPPING_FIRST, STEPPING_MS[1]))
LEAKY_TARGET = f"""
[target leaky]
command = {sys.executable} {{here}}/leaky.py {{port}}
url = http://127.0.0.1:{{port}}/
body = ok
ready_limit = 20s
"""
STEPPING_TARGET = LEAKY_TARGET.replace("leaky", "stepping")


class Modes(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="modes-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def bench(self, cells: str, blocks: int = 1) -> tuple[list[dict], dict]:
        """The last attempts and the run, repeated if an attempt failed or
        stood still for a whole window."""
        for _ in range(3):
            trials, run = self.bench_once(cells, blocks)
            if all(trial.get("requests", {}).get("ok") for trial in trials):
                break
        return trials, run

    def bench_once(self, cells: str, blocks: int) -> tuple[list[dict], dict]:
        path = self.directory / "modes.ini"
        path.write_text(HEAD.format(blocks=blocks) + cells)
        done = subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "-o", self.directory / "results",
             path], capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL,
            env={**os.environ, "TROIKA_DISABLE_GATE": gates.all_but(BUILD / "troika")})
        self.assertIn(done.returncode, (0, 3), done.stderr)
        results = self.directory / "results" / "latest"
        trials = [json.loads(path.read_text()) for path in results.glob("trials/*.json")
                  if ".attempt" not in path.name]
        self.assertEqual(len(trials), 2 * blocks)
        for trial in filter(lambda trial: "series" in trial, trials):
            self.check_tenths(trial)
        return trials, json.loads((results / "run.json").read_text())

    def check_tenths(self, trial: dict) -> None:
        """Each request of the window is in one tenth, and a tenth has the percentiles
        beyond which 20 of its requests lie."""
        latency, tenths = trial["latency"], trial["series"]["tenths"]
        self.assertEqual(10, len(tenths))
        self.assertEqual(latency["response"]["count"], sum(tenth["requests"] for tenth in tenths))
        for tenth in tenths:
            for p in (50, 90, 99):
                earned = tenth["requests"] * (100 - p) >= 20 * 100
                self.assertEqual(earned and latency["turned_over"], tenth[f"p{p}_ns"] is not None, tenth)

    def test_a_step_in_the_middle_is_seen_in_the_tenths(self) -> None:
        (self.directory / "stepping.py").write_text(STEPPING)
        cell = ("[cell step]\nworkload = wait\ndelay = 1ms\nmode = open\narrivals = uniform\n"
                "rate = 250\nconnections = 32\nwindow = 4s\nmodels = event-loop, stepping\n")
        trials, _ = self.bench(STEPPING_TARGET + cell)
        trial = next(t for t in trials if t["cell"]["model"] == "stepping")
        medians_ms = [tenth["p50_ns"] / 1e6 for tenth in trial["series"]["tenths"]]
        # The warm-up's 50 requests and half of the window's thousand come first.
        # A request waits no less than its wait; how much more is the machine's affair, so
        # the quickest tenth stands for those before the step.
        self.assertLess(min(medians_ms[:4]), 15, medians_ms)
        self.assertGreaterEqual(min(medians_ms[6:]), 20, medians_ms)

    def test_churn(self) -> None:
        trials, run = self.bench(
            "[cell churn]\nworkload = wait\ndelay = 5ms\nmode = churn\nconnections = 4\n")
        self.assertEqual(len(trials), 2)
        for trial in trials:
            self.assertEqual(trial["cell"]["load"]["mode"], "churn")
            latency = trial["latency"]
            self.assertEqual(latency["kind"], "service")
            self.assertEqual(latency["connect"]["count"], trial["requests"]["ok"])
            self.assertGreater(latency["service"]["mean_ns"],
                               latency["connect"]["mean_ns"] + 4_900_000)
            self.assertEqual(trial["connections"]["open"], 4)
            self.assertEqual(trial["requests"]["wrong"], 0)
        metrics = {row["metric"] for row in run["summary"]}
        self.assertIn("latency_connect_mean_ns", metrics)
        self.assertNotIn("memory_per_idle_connection_bytes", metrics)

    def test_idle(self) -> None:
        trials, run = self.bench("[cell sleep]\nworkload = hello\nmode = idle\n"
                                 "active = 50%\nconnections = 60\n")
        for trial in trials:
            load = trial["cell"]["load"]
            self.assertEqual((load["mode"], load["rate_per_s"], load["arrivals"]),
                             ("idle", 30, "uniform"))
            self.assertEqual(trial["connections"]["open"], 60)
            self.assertIn(trial["requests"]["scheduled"], (17, 18, 19))
            self.assertEqual(trial["latency"]["kind"], "response")
            memory = trial["memory"]
            if memory["open"]["total_bytes"] is not None:
                # Not more, because the kernel charges up to 256 KiB a CPU in advance.
                self.assertGreaterEqual(memory["open"]["total_bytes"],
                                        memory["idle"]["total_bytes"])
        self.assertIn("memory_per_idle_connection_bytes",
                      {row["metric"] for row in run["summary"]})

    def test_idle_and_never_asked(self) -> None:
        trials, run = self.bench_once("[cell sleep]\nworkload = hello\nmode = idle\n"
                                      "active = 0\nconnections = 20\n", 1)
        for trial in trials:
            self.assertIsNone(trial["failure"])
            self.assertEqual((trial["cell"]["load"]["rate_per_s"],
                              trial["requests"]["scheduled"]), (0, 0))
            self.assertEqual(trial["connections"]["open"], 20)
            self.assertTrue(trial["valid"], trial["reason"])
        rows = [row for row in run["summary"] if row["metric"] == "throughput_per_s"]
        self.assertTrue(all(row["value"] is None and row["why"] for row in rows))

    def test_soak(self) -> None:
        (self.directory / "leaky.py").write_text(LEAKY)
        cell = ("[cell soak]\nworkload = wait\ndelay = 1ms\nmode = soak\n"
                "rate = 500\nwindow = 4s\nmodels = event-loop, leaky\n")
        for _ in range(3):  # a machine that stands still has no even slope
            trials, _ = self.bench(LEAKY_TARGET + cell)
            leak = next(t for t in trials if t["cell"]["model"] == "leaky")["drift"]["memory"]
            share = (leak["per_hour"] or 0) / 3600 / LEAK_BYTES_PER_S
            if leak["verdict"] == "grows" and 0.8 < share < 1.2:
                break
        if leak["per_hour"] is not None:  # null: memory is not read here
            self.assertEqual(leak["verdict"], "grows", leak)
            self.assertAlmostEqual(share, 1, delta=0.2)
            self.assertRegex(leak["words"], r"^grows by [\d.]+ [KMG]iB per hour \[")
        for trial in trials:
            drift = trial["drift"]
            self.assertEqual(len(drift["parts"]), 10)
            self.assertEqual(sum(part["requests"] for part in drift["parts"]),
                             trial["latency"]["response"]["count"])
            for name in ("memory", "latency_p50", "latency_p99"):
                found = drift[name]
                self.assertIn(found["verdict"], ("none", "grows", "falls", "unknown"))
                self.assertTrue(found["words"])
                if found["lo"] is not None:
                    self.assertLessEqual(found["lo"], found["per_hour"])
                    self.assertLessEqual(found["per_hour"], found["hi"])
            self.assertIsNone(drift["latency_p99"]["per_hour"])  # too few in a tenth
            self.assertIsNotNone(drift["latency_p50"]["per_hour"])
            if trial["memory"]["total_bytes"] is not None:
                self.assertIsNotNone(drift["memory"]["per_hour"])
            # The run's last lines say it too.
            self.assertIn(f"    {trial['cell']['model']}, block 1: "
                          f"memory {drift['memory']['words']}; p50 ",
                          (self.directory / "results/latest/log.txt").read_text())

    def check_goodput(self, trial: dict) -> None:
        """Goodput agrees with the percentiles, to the histogram's resolution."""
        goodput, response = trial["goodput"], trial["latency"]["response"]
        self.assertAlmostEqual(goodput["per_s"], goodput["within"] * 1e9 / trial["window_ns"],
                               delta=1e-3 * goodput["per_s"])
        for one in response["percentiles"]:
            below = one["p"] / 100 * response["count"]
            if one["ns"] < 0.99 * goodput["limit_ns"]:
                self.assertGreaterEqual(goodput["within"], below - 1)
            elif one["ns"] > 1.01 * goodput["limit_ns"]:
                self.assertLessEqual(goodput["within"], below + 1)

    def test_overload(self) -> None:
        # Once: nothing that is sent in the window is answered in time.
        trials, run = self.bench_once(
            "[cell over]\nworkload = spin\nsteps = 2M\nmode = open\nrate = 20x\n"
            "connections = 64\nslo = p99<50ms\ntimeout = 2s\nrecovery = 2s\n", 1)
        point = run["experiments"][0]["load_points"][0]
        found = point["capacity"]
        self.assertEqual(found["per_s"], max(found["models"].values()))
        self.assertEqual(found["models"][found["model"]], found["per_s"])
        self.assertAlmostEqual(point["load"]["rate_per_s"], 20 * found["per_s"])
        for trial in trials:
            load = trial["cell"]["load"]
            self.assertEqual(load["rate_per_s"], point["load"]["rate_per_s"])
            self.assertEqual(load["rate_of_capacity"], 20)
            # More than one CPU can serve, whatever else ran on the machine.
            if trial["cell"]["model"] == "event-loop" and found["per_s"] >= 20:
                self.assertTrue(trial["overloaded"])
                self.assertLess(trial["goodput"]["within"], trial["requests"]["scheduled"])
            self.check_goodput(trial)
            recovery = trial["recovery"]
            self.assertEqual(recovery["limit_ns"], 2_000_000_000)
            self.assertGreaterEqual(recovery["probes"], 1)
            self.assertTrue(recovery["words"])
            self.assertEqual(trial["cell"]["load"]["recovery_limit_ns"], 2_000_000_000)
        self.assertLessEqual({"goodput_per_s", "recovery_ns"},
                             {row["metric"] for row in run["summary"]})

    def test_models_of_a_block_get_the_same_load(self) -> None:
        trials, _ = self.bench("[cell open]\nworkload = wait\ndelay = 2ms\nmode = open\n"
                               "rate = 300\n", blocks=2)
        blocks = {}
        for trial in trials:
            scheduled = trial["requests"]["scheduled"]
            blocks.setdefault(trial["block"], set()).add((trial["seed"], scheduled))
        self.assertEqual(len(trials), 4)
        self.assertEqual([len(each) for each in blocks.values()], [1, 1], blocks)
        self.assertNotEqual(blocks[1], blocks[2])


if __name__ == "__main__":
    unittest.main()
