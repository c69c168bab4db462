# SPDX-License-Identifier: MIT
"""The base of the report tests: a run stored in its own directory, a report made by the
real program's main function, and access to its files.
"""

import contextlib
import io
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

import report as program  # noqa: E402
import stored  # noqa: E402
from data import output  # noqa: E402


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


def without_own_script(page):
    """The page without the scripts that are files of templates/, and how many it had."""
    found = 0
    for path in (ROOT / "reports" / "templates").glob("*.js"):
        own = f"<script>{path.read_text(encoding='utf-8')}</script>"
        found += page.count(own)
        page = page.replace(own, "")
    return page, found


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_path = Path(folder.name) / "run"

    def report(self, *arguments, code=0):
        """Runs main in this process: an interpreter's start takes longer than most reports
        do. run_report, of which test_report has some, is the whole program."""
        words = [*map(str, arguments), str(self.run_path)]
        said, failed = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(failed):
            status = output.exit_code("report", program.main, words)
        done = subprocess.CompletedProcess(words, status, said.getvalue(), failed.getvalue())
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
