#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A new model, workload and experiment are one new file each, no other edit.

Adds all three to a copy of the tree (the build folder comes along, so that
little is compiled), then builds, lists, serves and races them.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release")).resolve()
VARIANT = BUILD.name

WORKLOAD = """/* SPDX-License-Identifier: MIT
 * Doubles a number: the smallest workload there can be. */
#include "models/runtime/workload.h"

static int double_answer(const struct arguments *arguments,
                         struct reply *reply)
{
    return reply_printf(reply, "%lld\\n",
                        2 * (long long)argument(arguments, 0));
}

static int64_t double_wait_ns(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static int double_backend_calls(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static const struct parameter double_parameters[] = {
    {.name = "number", .unit = UNIT_COUNT, .default_text = "21", .min = 0,
     .max = 1000, .help = "what to double"},
    {0},
};

const struct workload workload_double_it = {
    .summary = "doubles a number",
    .kind = WORKLOAD_IO,
    .parameters = double_parameters,
    .handle = double_answer,
    .answer = double_answer,
    .wait_ns = double_wait_ns,
    .backend_calls = double_backend_calls,
    .source = "a test",
};
"""

EXPERIMENT = """# Is double-it served by a model that did not exist a minute ago?
[experiment]
title = A model, a workload and an experiment of one file each
question = Does a new file suffice?
models = thread-per-visitor, event-loop
blocks = 2
warmup = 100ms
window = 300ms

[cell double]
workload = double-it
number = 4
connections = 4
"""


class Extend(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = pathlib.Path(self.folder.name) / "troika"
        self.tree.mkdir()
        for name in ("Makefile", "models", "workloads", "harness", "reports"):
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, self.tree / name)
        build = self.tree / "build" / VARIANT
        shutil.copytree(BUILD, build, symlinks=True)
        shutil.copy2(ROOT / "build/.deps", self.tree / "build/.deps")
        if (ROOT / "build/llhttp").exists():
            shutil.copytree(ROOT / "build/llhttp", self.tree / "build/llhttp")
        self.troika = build / "troika"

    def run_in_tree(self, *command: str, allowed: tuple = (0,)) -> str:
        done = subprocess.run(command, cwd=self.tree, capture_output=True, text=True,
                              timeout=200, stdin=subprocess.DEVNULL)
        self.assertIn(done.returncode, allowed,
                      f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_one_file_each(self):
        model = (self.tree / "models/thread-per-connection.c").read_text()
        (self.tree / "models/thread-per-visitor.c").write_text(model)
        (self.tree / "workloads/double-it.c").write_text(WORKLOAD)
        (self.tree / "harness/experiments/doubling.ini").write_text(EXPERIMENT)

        self.run_in_tree("make", "-j2", f"VARIANT={VARIANT}")
        listed = self.run_in_tree(str(self.troika), "list")
        for name in ("thread-per-visitor", "double-it", "doubling"):
            self.assertIn(name, listed)
        # What a model has follows from what a workload declares.
        callback = self.tree / "build" / VARIANT / "models/callback"
        if callback.exists():
            self.assertIn("double-it", json.loads(
                self.run_in_tree(str(callback), "--describe"))["only"])
        # 3: a busy machine may spoil trials; that they ran is what counts here.
        self.run_in_tree(str(self.troika), "bench", "--allow-any-build", "doubling",
                         allowed=(0, 3))

        run = json.loads((self.tree / "results/latest/run.json").read_text())
        self.assertTrue(run["complete"])
        trials = [path for path in (self.tree / "results/latest/trials").glob("*.json")
                  if ".attempt" not in path.name]
        self.assertEqual(4, len(trials))
        for trial in map(lambda path: json.loads(path.read_text()), trials):
            requests = trial["requests"]
            self.assertEqual("double-it", trial["cell"]["workload"])
            self.assertGreater(requests["ok"], 0)
            self.assertEqual(0, requests["wrong"])


if __name__ == "__main__":
    unittest.main()
