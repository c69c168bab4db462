#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A limit on tasks that the server runs into makes its trial invalid, and is
named with its group. Needs a pids group of its own, so root or the like.
"""
import glob
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
LIMIT_S = 60
TASKS = 40  # enough for the harness, too few for 60 threads at once

EXPERIMENT = """[experiment]
models = thread-per-request
blocks = 1
warmup = 200ms
window = 300ms

[cell crowd]
workload = wait
delay = 300ms
connections = 60
"""


def make_group():
    """A group with the limit, or None where that is not permitted. Of v1 and
    v2 alike: below the mount, where the controller is handed down."""
    for mount in ("/sys/fs/cgroup/pids", "/sys/fs/cgroup"):
        path = pathlib.Path(mount, f"troika-test-{os.getpid()}")
        try:
            path.mkdir()
        except OSError:
            continue
        try:
            (path / "pids.max").write_text(str(TASKS))
            return path
        except OSError:
            path.rmdir()
    return None


class Limits(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limits-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_tasks_refused_by_the_group(self):
        group = make_group()
        if group is None:
            self.skipTest("no pids group can be made here")
        # The guardian ends a moment after the harness; then it is empty.
        self.addCleanup(subprocess.run, ["sh", "-c", "for i in $(seq 100); do "
                        f"rmdir {group} 2>/dev/null && break; sleep 0.1; done"],
                        timeout=LIMIT_S, check=False)
        (self.folder / "it.ini").write_text(EXPERIMENT)
        done = subprocess.run(
            ["sh", "-c", f"echo $$ >{group}/cgroup.procs && exec \"$@\"", "sh",
             BUILD / "troika", "bench", "--allow-any-build", "-o", self.folder / "results",
             self.folder / "it.ini"],
            capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
        self.assertEqual(3, done.returncode, done.stderr)
        said = []
        for path in glob.glob(f"{self.folder}/results/latest/trials/*.json"):
            for gate in json.loads(pathlib.Path(path).read_text())["gates"]:
                said += [gate["words"]] if gate["id"] == "limits" and not gate["ok"] else []
        self.assertTrue(any(f"refused by pids.max, {TASKS} in {group}" in words for words in said),
                        (said, done.stderr))


if __name__ == "__main__":
    unittest.main()
