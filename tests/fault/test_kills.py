#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run is killed, or its disk gets full, at random instants. Each time: no
process and no control group is left, no file is half written, and the run
either goes on to its end with nothing lost or doubled, or says truthfully that
nothing was measured.

TROIKA_KILLS and TROIKA_FULL_DISKS say how often (default 4 and 2), TROIKA_SEED
draws other instants.
"""
import json
import os
import pathlib
import random
import re
import time
import unittest

from bench import Bench

KILLS = int(os.environ.get("TROIKA_KILLS", "4"))
FULL_DISKS = int(os.environ.get("TROIKA_FULL_DISKS", "2"))
SEED = int(os.environ.get("TROIKA_SEED", "20261128"))


class Kills(Bench):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def runs(self):
        return sorted(self.results.glob("2*"))

    def assert_no_group(self, pid):
        """A group's name has the pid of the program that made the group."""
        until = time.monotonic() + 15
        while True:
            found = [str(p) for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory")
                     for p in pathlib.Path(root).glob(f"**/troika-{pid}-*") if p.is_dir()]
            if not found or time.monotonic() > until:
                break
            time.sleep(0.1)
        self.assertEqual([], found)

    def assert_whole(self, run):
        """Every file with its final name is complete."""
        for path in run.glob("**/*.json"):
            json.loads(path.read_text())

    def assert_lines_whole(self, run):
        for line in (run / "predictions.jsonl").read_text().splitlines():
            json.loads(line)

    def duration_s(self):
        begun = time.monotonic()
        code, _, err = self.bench("-o", self.results, self.experiment())
        self.assertIn(code, (0, 3), err)
        return time.monotonic() - begun

    def killed(self, delay_s):
        """Starts a run and kills it. Returns the folder that it made, or None."""
        before = self.runs()
        self.end()
        process = self.start("-o", self.results, self.experiment())
        try:
            process.wait(delay_s)
        except Exception:
            process.kill()
            process.wait(10)
        self.assert_nothing_left()
        self.assert_no_group(process.pid)
        new = [r for r in self.runs() if r not in before]
        return new[0] if new else None

    def assert_goes_on(self, run):
        """Resumes the run to its end, unless nothing was measured."""
        if not (run / "run.json").exists():
            self.assertEqual([], list(run.glob("trials/*.json")))
            code, _, err = self.bench("-o", self.results, f"--resume={run}")
            self.assertEqual(1, code)
            self.assertIn("before anything was measured", err)
            return
        if run != (self.results / "latest").resolve():
            # Killed between its plan and the link: named, it goes on as well.
            self.assertEqual([], list(run.glob("trials/*.json")))
            code, _, err = self.bench("-o", self.results, f"--resume={run}")
            self.assertIn(code, (0, 3), err)
            self.assertEqual(run, (self.results / "latest").resolve())
        self.assert_resumes(self.trials())
        self.assert_lines_whole(run)

    def test_kills(self):
        whole_s = self.duration_s()
        for number in range(KILLS):
            # The first instants are where a run makes its folder.
            delay_s = whole_s * self.random.choice((0.05, 1)) * self.random.random()
            with self.subTest(number=number, delay_s=delay_s):
                run = self.killed(delay_s)
                if run is not None:
                    self.assert_whole(run)
                    self.assert_goes_on(run)

    def fill(self):
        with open(self.results / "junk", "ab", buffering=0) as junk:
            try:
                while True:
                    junk.write(b"x" * 4096)
            except OSError:
                pass

    def test_full_disks(self):
        self.tmpfs("8m")
        whole_s = self.duration_s()
        for number in range(FULL_DISKS):
            delay_s = whole_s * self.random.random()
            with self.subTest(number=number, delay_s=delay_s):
                before = self.runs()
                self.end()
                self.start("-o", self.results, self.experiment())
                time.sleep(delay_s)
                self.fill()
                code, out, err = self.finish()
                (self.results / "junk").unlink()
                self.assert_nothing_left()
                new = [r for r in self.runs() if r not in before]
                if code == 1:
                    self.assertRegex(err, r"No space left|may need")
                    self.assertRegex(err, r"free space")
                for run in new:
                    self.assert_whole(run)
                    self.assert_goes_on(run)
                    if not re.search("before anything", err):
                        self.assert_lines_whole(run)


if __name__ == "__main__":
    unittest.main()
