#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What troika bench stores: every file matches its schema, and the summary
follows from the trials.

The validator below knows the part of JSON Schema that the schemas use. An
unknown keyword is an error, so that none is silently ignored. The test computes
means and ratios again from the stored trials. Nothing is judged by speed, and on
a busy machine some trials may be invalid.
"""
import copy
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "reports"))
from data.schema import read as schema  # noqa: E402
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 200

EXPERIMENT = """[experiment]
title = One of each
question = Is it stored as documented?
models = serial, thread-per-connection, event-loop
baseline = serial
blocks = 3
warmup = 100ms
window = 400ms

[cell wait]
workload = wait
delay = 5ms
connections = 8

[cell spin]
workload = spin
steps = 100k
connections = 2
placement = shared
models = serial, thread-per-connection

[cell sweep]
workload = wait
delay = 20ms
connections = 16, 64
models = thread-per-connection

[cell open]
workload = hello
mode = open
rate = 300
arrivals = burst:2
connections = 8
beside.workload = spin
beside.steps = 100k
beside.rate = 10
beside.connections = 4
models = event-loop
"""

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "integer": int, "number": (int, float), "null": type(None)}


def is_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def errors(schema, value, path="$"):
    """The errors of a value against a schema, one sentence each."""
    for keyword in schema:
        if keyword not in KEYWORDS:
            yield f"{path}: the validator does not know {keyword}"
    for keyword, check in KEYWORDS.items():
        if keyword in schema and check:
            yield from check(schema, value, path)


def check_type(schema, value, path):
    names = schema["type"]
    names = names if isinstance(names, list) else [names]
    if not any(is_type(value, name) for name in names):
        yield f"{path}: {value!r:.60} is no {'/'.join(names)}"


def check_enum(schema, value, path):
    if not any(value == e and type(value) is type(e) for e in schema["enum"]):
        yield f"{path}: {value!r:.60} is none of {schema['enum']}"


def check_required(schema, value, path):
    for key in schema["required"] if isinstance(value, dict) else ():
        if key not in value:
            yield f"{path}: {key} is missing"


def check_properties(schema, value, path):
    known = schema.get("properties", {})
    more = schema.get("additionalProperties")
    for key, part in value.items() if isinstance(value, dict) else ():
        if key in known:
            yield from errors(known[key], part, f"{path}.{key}")
        elif more is not None:
            yield from errors(more, part, f"{path}.{key}")


def check_items(schema, value, path):
    for i, part in enumerate(value if isinstance(value, list) else ()):
        yield from errors(schema["items"], part, f"{path}[{i}]")


def check_above(schema, value, path):
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not value > schema["exclusiveMinimum"]:
        yield f"{path}: {value} is not above {schema['exclusiveMinimum']}"


def check_limits(schema, value, path):
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not (schema.get("minimum", -math.inf) <= value
                <= schema.get("maximum", math.inf)):
            yield f"{path}: {value} is out of range"


def check_pattern(schema, value, path):
    if isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r:.60} does not match {schema['pattern']}"


def check_if(schema, value, path):
    branch = "else" if any(errors(schema["if"], value)) else "then"
    yield from errors(schema.get(branch, {}), value, path)


def check_more(schema, value, path):
    if "properties" not in schema:
        yield from check_properties(schema, value, path)


KEYWORDS = {"type": check_type, "enum": check_enum, "required": check_required,
            "properties": check_properties, "items": check_items,
            "additionalProperties": check_more, "minimum": check_limits, "exclusiveMinimum": check_above,
            "maximum": check_limits, "pattern": check_pattern, "if": check_if,
            "then": None, "else": None, "title": None, "description": None,
            "$schema": None, "$comment": None, "$defs": None}


class Stored(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="results-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        path = cls.directory / "each.ini"
        path.write_text(EXPERIMENT)
        cls.done = subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "--seed", "11",
             "-o", cls.directory / "results", path], capture_output=True,
            text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
        if cls.done.returncode not in (0, 3):
            raise AssertionError(cls.done.stderr)
        cls.place = cls.directory / "results/latest"
        cls.run_json = json.loads((cls.place / "run.json").read_text())
        cls.trials = {t["trial_id"]: t for t in (
            json.loads(p.read_text())
            for p in sorted((cls.place / "trials").glob("*.json"))
            if ".attempt" not in p.name)}

    def test_files_match_their_schemas(self):
        self.assertEqual([], list(errors(schema("run"), self.run_json)))
        for path in (self.place / "trials").glob("*.json"):
            with self.subTest(trial=path.name):
                found = errors(schema("trial"), json.loads(path.read_text()))
                self.assertEqual([], list(found))

    def test_validator_sees_faults(self):
        trial = next(t for t in self.trials.values() if "latency" in t)
        for change in (lambda t: t.pop("gates"),
                       lambda t: t["latency"]["lag"]["percentiles"].append({}),
                       lambda t: t.update(valid="yes"),
                       lambda t: t.update(schema_version=2),
                       lambda t: t["cell"].update(placement="both"),
                       lambda t: t["cell"]["load"].update(connections=0),
                       lambda t: t.update(started_at="yesterday")):
            broken = copy.deepcopy(trial)
            change(broken)
            self.assertNotEqual([], list(errors(schema("trial"), broken)))

    def test_every_planned_trial_is_there(self):
        plan = [t["trial_id"] for t in self.run_json["plan"]]
        self.assertEqual(3 * (3 + 2 + 2 + 1), len(plan))
        self.assertEqual(set(plan), set(self.trials))
        self.assertTrue(self.run_json["complete"])
        tally = self.run_json["tally"]
        self.assertEqual(len(plan), tally["done"])
        self.assertEqual(tally["done"], tally["valid"] + tally["invalid"])
        untrusted = self.run_json.get("untrusted")
        self.assertEqual(3 if tally["invalid"] + tally["lost"] or untrusted else 0, self.done.returncode)
        for trial in self.trials.values():
            failed = {g["id"] for g in trial["gates"] if not g["ok"]}
            told = {row["gate"] for row in trial["withheld"]}
            effects = {g["id"]: g["effect"] for g in self.run_json["gates"]}
            self.assertTrue(told <= failed)
            if not failed:
                self.assertTrue(trial["valid"])
            elif trial["valid"]:
                self.assertTrue(told or trial["bound"], failed)
                self.assertEqual(trial["bound"] is not None and bool(trial["bound"]["gate"]),
                                 any(effects[g] == "bound" for g in failed))

    def test_counts_hold_in_every_trial(self):
        for trial in self.trials.values():
            requests = trial.get("requests")
            if requests is None:
                continue
            self.assertEqual(requests["scheduled"], sum(
                requests[k] for k in ("ok", "wrong", "http_error", "io_error",
                                      "timeout")))
            self.assertAlmostEqual(
                trial["throughput_per_s"],
                requests["completed_in_window"] * 1e9 / trial["window_ns"],
                places=3)
            for entry in trial["latency"]["service"]["percentiles"]:
                count = trial["latency"]["service"]["count"]
                self.assertGreaterEqual(count * (100 - entry["p"]), 1999.99)

    def test_memory_of_idle_connections_is_told_apart(self):
        for trial in self.trials.values():
            if "memory" not in trial or trial["load_point"] != "wait":
                continue
            rest, opened = trial["memory"]["idle"], trial["memory"]["open"]
            own = trial["cell"]["model"] == "thread-per-connection"
            with self.subTest(trial=trial["trial_id"]):
                self.assertEqual(8 if own else 0,
                                 opened["threads"] - rest["threads"])
                self.assertEqual(rest["total_bytes"],
                                 trial["memory"]["idle_total_bytes"])
                # The window's start and end, and one reading in between.
                self.assertGreaterEqual(trial["sampler"]["samples"], 3)
                self.assertGreater(trial["sampler"]["mean_ns"], 0)
                self.assertGreaterEqual(trial["sampler"]["max_ns"],
                                        trial["sampler"]["mean_ns"])

    def test_a_thread_costs_a_kernel_stack(self):
        rows = {row["per"]: row for row in self.run_json["slopes"]}
        self.assertEqual({"sweep"}, {r["section"] for r in rows.values()})
        valid = [t for t in self.trials.values() if t["valid"]
                 and t["load_point"].startswith("sweep")]
        idle = rows["idle_connection"]
        self.assertEqual(len(valid), idle["n"])
        # Two counts and the moment without a connection make a line; their
        # difference alone does not.
        self.assertTrue(rows["request_in_flight"]["why"])
        if len({t["load_point"] for t in valid}) < 2:
            self.assertTrue(idle["why"])
            return
        self.assertEqual(3, idle["places"])
        stack = idle["bytes"]["kernel_stack_bytes"]
        source = valid[0]["memory"]["source"]
        # 16 KiB, or a page where pages are larger. Version 2 counts in
        # batches that are no small part of 64 stacks.
        if stack is not None and source != "cgroup-v2":
            self.assertGreater(stack["value"], 12 << 10)
            self.assertLess(stack["value"], 72 << 10)
        for slope in idle["bytes"].values():
            if slope:
                self.assertLessEqual(slope["lo"], slope["value"])
                self.assertLessEqual(slope["value"], slope["hi"])

    def values(self, row, field):
        """The throughputs by block of the valid trials behind a summary row."""
        return {t["block"]: t[field] for t in self.trials.values()
                if t["valid"] and t["load_point"] == row["load_point"]
                and t["cell"]["model"] == row["model"]}

    def test_summary_follows_from_the_trials(self):
        rows = [r for r in self.run_json["summary"]
                if r["metric"] == "throughput_per_s"]
        self.assertEqual(8, len(rows))
        for row in rows:
            values = list(self.values(row, "throughput_per_s").values())
            if row["value"] is None:
                self.assertTrue(row["why"])
                continue
            mean = math.exp(sum(map(math.log, values)) / len(values))
            self.assertAlmostEqual(1, row["value"] / mean, places=9)
            self.assertEqual(len(values), row["n"])
            self.assertEqual(len(values), len(row["trials"]))
            self.assertAlmostEqual(min(values), row["min"], places=6)
            if row["n"] > 1:
                self.assertLessEqual(row["lo"], row["value"])
                self.assertGreaterEqual(row["hi"], row["value"])

    def test_comparisons_follow_from_the_pairs(self):
        rows = [c for c in self.run_json["comparisons"]
                if c["metric"] == "throughput_per_s"]
        for row in rows:
            a = self.values({**row, "model": row["a"]}, "throughput_per_s")
            b = self.values({**row, "model": row["b"]}, "throughput_per_s")
            logs = [math.log(a[k] / b[k]) for k in a if k in b]
            self.assertEqual(len(logs), row["n"])
            self.assertAlmostEqual(
                1, row["ratio"] / math.exp(sum(logs) / len(logs)), places=9)
            self.assertIn(row["b"], row["words"])

    def test_models_of_a_block_get_the_same_work(self):
        for trial in self.trials.values():
            self.assertEqual("delay=5ms" if trial["load_point"] == "wait"
                             else trial["cell"]["query"],
                             trial["cell"]["query"])
        counts = {}
        for trial in self.trials.values():
            if trial["load_point"] == "open" and trial["valid"]:
                counts[trial["block"]] = trial["requests"]["scheduled"]
                self.assertEqual("response", trial["latency"]["kind"])
                self.assertIsNone(trial["cpu"]["per_request_ns"])
                self.assertEqual("spin", trial["beside"]["workload"])
        # Poisson arrivals differ from block to block.
        if len(counts) == 3:
            self.assertGreater(len(set(counts.values())), 1)

    def test_hgrm_is_the_public_format(self):
        for path in (self.place / "trials").glob("*.hgrm"):
            text = path.read_text()
            self.assertRegex(text, r"Value\s+Percentile\s+TotalCount")
            self.assertIn("#[Mean", text)

    def test_csv_has_every_figure(self):
        lines = (self.place / "summary.csv").read_text().splitlines()
        self.assertEqual("experiment,load_point,model,metric,block,trial,"
                         "value,valid", lines[0])
        rows = [line.split(",") for line in lines[1:]]
        self.assertTrue(all(len(row) == 8 for row in rows))
        for row in rows:
            if row[3] == "throughput_per_s":
                self.assertAlmostEqual(
                    1, float(row[6]) /
                    self.trials[row[5]]["throughput_per_s"], places=6)

    def test_summarise_makes_the_same_summary(self):
        before = {k: self.run_json[k]
                  for k in ("summary", "comparisons", "tally", "slopes")}
        done = subprocess.run([BUILD / "troika", "summarise", self.place],
                              capture_output=True, text=True, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(self.done.returncode, done.returncode, done.stderr)
        after = json.loads((self.place / "run.json").read_text())
        self.assertEqual(before, {k: after[k] for k in before})

    def test_stdout_is_the_result_and_stderr_the_progress(self):
        self.assertIn("files: ", self.done.stdout)
        self.assertIn("next: ", self.done.stdout)
        self.assertNotIn("ETA", self.done.stdout)
        # Every trial is told, however its attempts end; the valid ones with
        # their figures.
        told = re.findall(r"^(?:\[.*?\] )?(\d+)/(\d+) block ", self.done.stderr, re.MULTILINE)
        self.assertEqual({(str(i + 1), "24") for i in range(24)}, set(told))
        self.assertEqual(sum(trial["valid"] for trial in self.trials.values()),
                         self.done.stderr.count(" ETA "))
        log = (self.place / "log.txt").read_text()
        self.assertIn(self.done.stdout.strip().splitlines()[-1], log)


if __name__ == "__main__":
    unittest.main()
