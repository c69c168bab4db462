#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika calibrate on a small run of its own: what it stores, and what it
refuses to store.
"""
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
sys.path.insert(0, str(ROOT / "reports"))
sys.path.insert(0, str(ROOT / "tests" / "method"))
from data.schema import read as schema  # noqa: E402
from test_results import errors  # noqa: E402

BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
MODELS = BUILD / "models"
EXPERIMENT = """[experiment]
title = Two constants
question = Are they stored?
models = serial, event-loop, twin
baseline = serial
blocks = 2
warmup = 100ms
window = 300ms

[target twin]
command = MODELS/event-loop --port={port}
url = http://127.0.0.1:{port}/hello
discipline = loop
workers = 3

[cell hello]
workload = hello
connections = 4
"""


class Calibrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "calibrate.ini").write_text(EXPERIMENT.replace("MODELS", str(MODELS)))
        done = cls.troika("bench", "--allow-any-build", "--wait-for-quiet=0s", f"--output={cls.folder}/runs",
                          str(cls.folder / "calibrate.ini"))
        cls.measured = (cls.folder / "runs/latest").resolve()
        if done.returncode not in (0, 3):
            raise AssertionError(done.stderr)

    @classmethod
    def troika(cls, *words):
        return subprocess.run([str(BUILD / "troika"), *words], capture_output=True, text=True, timeout=LIMIT_S,
                              check=False)

    def setUp(self):
        self.run_path = self.folder / "copy"
        shutil.rmtree(self.run_path, ignore_errors=True)
        shutil.copytree(self.measured, self.run_path)
        self.file = self.folder / "machine.json"
        self.file.unlink(missing_ok=True)
        self.noise(0.01)

    def noise(self, sd):
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        run["noise"]["throughput_log_sd_median"] = sd
        path.write_text(json.dumps(run))

    def calibrate(self, *words):
        return self.troika("calibrate", f"--from={self.run_path}", f"--output={self.file}", *words)

    def trials(self, model):
        return [json.loads(path.read_text()) for path in (self.run_path / "trials").glob(f"*-{model}.json")]

    def test_constants_are_stored(self):
        done = self.calibrate()
        self.assertEqual(0, done.returncode, done.stderr)
        machine = json.loads(self.file.read_text())
        self.assertEqual([], list(errors(schema("machine"), machine)))
        self.assertFalse(machine["noisy"])
        # A thread that shares its core runs for some time, and for less than a second.
        self.assertGreater(machine["quantum_ns"], 1e4)
        self.assertLess(machine["quantum_ns"], 1e9)
        self.assertLess(machine["stall_share"], 1)
        self.assertGreaterEqual(machine["cores"], 1)
        self.assertEqual(["event-loop", "serial", "twin"], sorted(m["name"] for m in machine["models"]))
        for model in machine["models"]:
            costs = [t["cpu"]["per_request_ns"] for t in self.trials(model["name"]) if t["valid"]]
            constant = model["constants"]["request_ns"]
            self.assertAlmostEqual(sum(costs) / len(costs), constant["value"], places=3)
            self.assertEqual(len(costs), constant["n"])
            self.assertEqual({"value": None, "lo": None, "hi": None, "n": 0}, model["constants"]["call_ns"])

    def test_a_target_is_a_model(self):
        self.assertEqual(0, self.calibrate().returncode)
        twin = next(m for m in json.loads(self.file.read_text())["models"] if m["name"] == "twin")
        self.assertEqual(("loop", 3, True, True, False),
                         tuple(twin[key] for key in ("discipline", "workers", "parallel", "foreign", "token")))
        self.assertEqual(0, twin["constants"]["call_ns"]["n"])
        row = self.predict("--rate=100", "twin")
        self.assertEqual(3, row["workers"])
        self.assertTrue(row["simulated"])

    def predict(self, *words):
        done = self.troika("predict", f"--machine={self.file}", "--cpu=1ms", "--format=json", *words)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)["models"][0]

    def test_what_says_nothing_of_itself_is_not_simulated(self):
        self.assertEqual(0, self.calibrate().returncode)
        machine = json.loads(self.file.read_text())
        next(m for m in machine["models"] if m["name"] == "twin")["discipline"] = "unknown"
        self.file.write_text(json.dumps(machine))
        row = self.predict("--rate=100", "twin")
        self.assertFalse(row["simulated"])
        self.assertIsNone(row["latency_p99_ns"])
        self.assertGreater(row["capacity_per_s"]["value"], 100)
        said = self.troika("predict", f"--machine={self.file}", "--cpu=1ms", "--rate=100", "--limit=p99<9s", "twin").stdout
        self.assertIn("cpu: not simulated, limit not judged", said)
        self.assertNotIn("overload", said)

    def test_models_are_added(self):
        done = self.calibrate("--add")
        self.assertEqual(1, done.returncode)
        self.assertIn("no constants", done.stderr)
        self.assertEqual(0, self.calibrate().returncode)
        stored = json.loads(self.file.read_text())
        measured = stored["models"][0]
        other = {key: value for key, value in measured.items() if key not in ("run_id", "at")} | {"name": "other"}
        old = measured | {"constants": measured["constants"] | {
            "request_ns": {"value": 1.0, "lo": None, "hi": None, "n": 1}}}
        self.file.write_text(json.dumps(stored | {"models": [other, old], "quantum_ns": 123000.0, "run_id": "older"}))
        done = self.calibrate("--add")
        self.assertEqual(0, done.returncode, done.stderr)
        added = json.loads(self.file.read_text())
        self.assertEqual([], list(errors(schema("machine"), added)))
        self.assertEqual((123000.0, "older"), (added["quantum_ns"], added["run_id"]))
        names = [m["name"] for m in added["models"]]
        self.assertEqual(["other"] + sorted(m["name"] for m in stored["models"]), names[:1] + sorted(names[1:]))
        self.assertIn(measured, added["models"])
        # What is added is of its own run, and what was there of the older one.
        self.assertEqual({"other": "older"} | {m["name"]: stored["run_id"] for m in stored["models"]},
                         {m["name"]: m["run_id"] for m in added["models"]})
        self.file.write_text(json.dumps(stored | {"fingerprint": "elsewhere"}))
        for words in (("--add",), ("--add", "--models=serial", "--dry-run")):
            done = self.calibrate(*words) if len(words) == 1 else self.troika(
                "calibrate", f"--output={self.file}", *words)
            self.assertEqual(1, done.returncode)
            self.assertIn("another machine, kernel or build", done.stderr)
        self.assertEqual("elsewhere", json.loads(self.file.read_text())["fingerprint"])

    def plan(self, *words):
        """The cells of the plan's first block, by model."""
        done = self.troika("calibrate", "--dry-run", *words)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("trials, about", done.stdout)
        cells = {}
        for line in done.stdout.splitlines():
            if "calibrate-b1-" in line:
                name = line.split("calibrate-b1-")[1]
                model = next(m for m in ("thread-pool", "serial", "process-per-request", "event-loop-offload", "event-loop", "my-service")
                             if name.endswith(m))
                cells.setdefault(model, set()).add(name[:-len(model) - 1])
        return cells

    def test_the_plan_has_the_cells_of_each_kind(self):
        cells = self.plan("--models=thread-pool,serial,event-loop-offload")
        self.assertEqual({"hello", "bytes", "churn", "call-calls1", "call-calls4", "short", "spin", "part", "brisk", "away",
                          "pools-w8", "pools-w64"},
                         cells["thread-pool"])
        self.assertEqual({"hello", "bytes", "churn", "short", "spin", "part", "ready"}, cells["serial"])
        self.assertEqual({"hello", "many", "bytes", "churn", "call-calls1", "call-calls4", "short", "spin", "part", "brisk", "away",
                          "held", "ready", "loops"},
                         cells["event-loop-offload"])
        service = str(ROOT / "docs/own-service/my-service.ini")
        self.assertEqual({"my-service": {"hello", "many", "churn", "part", "brisk", "ready"}}, self.plan(f"--target={service}"))
        # What may be ten times as slow as another is asked at a share of its own rate.
        cells = self.plan(f"--target={service}", "--models=serial")
        self.assertEqual({"hello", "many", "churn", "part-my-service", "brisk", "ready"}, cells["my-service"])
        self.assertEqual({"hello", "bytes", "churn", "short", "spin", "part-serial", "ready"}, cells["serial"])
        cells = self.plan("--models=process-per-request")["process-per-request"]
        self.assertIn("seldom", cells)
        self.assertFalse({"part", "brisk"} & cells)

    def test_what_cannot_be_measured_is_refused(self):
        (self.folder / "empty.ini").write_text("[cell a]\n")
        (self.folder / "worker.ini").write_text(
            "[target a]\ncommand = true\nurl = http://127.0.0.1:{port}/\ndiscipline = worker\n")
        for words, said in (
                (("--models=serail",), "did you mean serial?"),
                ((f"--target={self.folder}/empty.ini",), "no [target NAME]"),
                ((f"--target={self.folder}/worker.ini",), f"sections come from {self.folder}/worker.ini"),
                ((f"--target={self.folder}/nothing.ini",), "No such file"),
                ((f"--from={self.run_path}", "--models=serial"), "--models: the run that --from names"),
                ((f"--from={self.run_path}", f"--resume={self.run_path}"), "give one of them")):
            done = self.troika("calibrate", "--dry-run" if "--from" not in words[0] else "--noisy", *words)
            self.assertEqual(2, done.returncode, words)
            self.assertIn(said, done.stderr)

    def test_a_run_that_was_stopped_goes_on(self):
        def stopped(*words):
            with subprocess.Popen([str(BUILD / "troika"), *words, "--allow-any-build", "--wait-for-quiet=0s"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
                for line in run.stderr:
                    if line.startswith("1/"):
                        run.send_signal(signal.SIGINT)
                        break
                said = run.stderr.read()
            self.assertEqual(130, run.returncode, said)
            return said

        said = stopped("calibrate", "--models=serial", f"--runs={self.folder}/first", f"--output={self.file}")
        run = (self.folder / "first/latest").resolve()
        self.assertIn(f"calibrate --resume={run} --output={self.file}", said)
        self.assertFalse(self.file.exists())
        # A shorter one goes on to its end.
        stopped("bench", f"--output={self.folder}/second", str(self.folder / "calibrate.ini"))
        done = self.troika("calibrate", f"--resume={self.folder}/second/latest", "--noisy", f"--output={self.file}",
                           "--allow-any-build", "--wait-for-quiet=0s")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertTrue(json.loads((self.folder / "second/latest/run.json").read_text())["complete"])
        self.assertEqual(["event-loop", "serial", "twin"],
                         sorted(m["name"] for m in json.loads(self.file.read_text())["models"]))

    def test_runs_that_say_nothing_of_this_machine_are_refused(self):
        path = self.run_path / "run.json"
        run = json.loads(path.read_text())
        environment = run["environment"] | {"fingerprint": "0" * 64, "kernel": "Linux 1.0"}
        other = [row | {"name": "quick"} for row in run["experiments"]]
        for damage, said in (({"experiments": other}, f"the run {run['run_id']} measured the experiment quick"),
                             ({"environment": environment}, "another machine, kernel or build (000000000000, here "
                              f"{run['environment']['fingerprint'][:12]}): kernel Linux 1.0, here ")):
            path.write_text(json.dumps(run | damage))
            for flag in ("from", "resume"):
                done = self.troika("calibrate", f"--{flag}={self.run_path}", f"--output={self.file}")
                self.assertEqual(1, done.returncode, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertFalse(self.file.exists())

    def test_noise_is_refused_unless_it_is_allowed(self):
        for noise, said in ((0.5, "differ by 65 %, more than 10 %"), (None, "no repeated trials")):
            self.noise(noise)
            done = self.calibrate()
            self.assertEqual(3, done.returncode)
            self.assertIn(said, done.stderr)
            self.assertFalse(self.file.exists())
        self.noise(0.01)
        run = json.loads((self.run_path / "run.json").read_text())
        for row in [row for row in run["plan"] if row["block"] == 2]:  # costs of 1, 2.5 and 6: none is an outlier
            path = self.run_path / "trials" / f"{row['trial_id']}.json"
            trial, name = json.loads(path.read_text()), row["trial_id"].replace("-b2-", "-b3-")
            trial |= {"block": 3, "valid": True, "withheld": [], "trial_id": name}
            own_ns = trial["cpu"]["per_request_ns"]
            path.write_text(json.dumps(json.loads(path.read_text()) | {"cpu": trial["cpu"] | {"per_request_ns": 2.5 * own_ns}}))
            trial["cpu"]["per_request_ns"] = 6 * own_ns
            path.with_name(f"{name}.json").write_text(json.dumps(trial))
            run["plan"].append(row | {"block": 3, "trial_id": name, "order": row["order"] + 3})
        (self.run_path / "run.json").write_text(json.dumps(run))
        done = self.calibrate()
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertRegex(done.stderr, r"known within \+-\d+ % at the median of the models, and 50 % is allowed: nothing is stored")
        done = self.calibrate("--noisy")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(json.loads(self.file.read_text())["noisy"])
        said = self.troika("predict", f"--machine={self.file}", "--cpu=1ms", "--rate=10").stdout
        self.assertIn("a noisy machine", said)
        told = self.troika("predict", f"--machine={self.file}", "--cpu=1ms", "--rate=10", "--format=json").stdout
        self.assertIs(True, json.loads(told)["noisy"])

    def test_damage_is_refused(self):
        victim = next((self.run_path / "trials").glob("*-serial.json"))
        victim.write_text("{")
        done = self.calibrate()
        self.assertEqual(1, done.returncode)
        self.assertIn(str(victim), done.stderr)
        self.assertFalse(self.file.exists())
        (self.run_path / "run.json").write_text("{}")
        self.assertEqual(1, self.calibrate().returncode)
        shutil.rmtree(self.run_path)
        done = self.calibrate()
        self.assertEqual(1, done.returncode)
        self.assertIn("name a run's directory", done.stderr)

    def test_a_file_that_cannot_be_written_is_told(self):
        done = self.troika("calibrate", f"--from={self.run_path}", f"--output={self.folder}/nowhere/machine.json")
        self.assertEqual(1, done.returncode)
        self.assertIn("nowhere", done.stderr)


if __name__ == "__main__":
    unittest.main()
