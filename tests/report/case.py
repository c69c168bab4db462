# SPDX-License-Identifier: MIT
"""The base of the report tests: a run stored in its own directory, a report made by the
real program, and access to its files.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "reports")]
sys.dont_write_bytecode = True

import stored  # noqa: E402


def run_report(*arguments, **environment):
    return subprocess.run(
        [
            "/usr/bin/python3",
            "-B",
            str(ROOT / "reports" / "report.py"),
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ, **environment),
    )


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_path = Path(folder.name) / "run"

    def report(self, *arguments, code=0):
        done = run_report(*arguments, self.run_path)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def golden(self, name, text):
        """Compares the text with the golden file."""
        path = HERE / "golden" / name
        text = text.replace(str(self.run_path), "RUN")
        if os.environ.get("TROIKA_GOLDEN") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.maxDiff = None
        self.assertEqual(
            text.splitlines(), path.read_text(encoding="utf-8").splitlines()
        )

    def records(self):
        return sorted((self.run_path / "report" / "adr").glob("*.md"))

    def store(self, change, *names):
        """Stores a run after change(run, trials), then summarises it."""
        run, trials, texts = stored.build(*names)
        change(run, trials)
        stored.summarise(run, trials)
        stored.store(self.run_path, run, trials, texts)
        return run

    def text(self, name="report.md"):
        return (self.run_path / "report" / name).read_text(encoding="utf-8")
