#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Output that nobody got is a failure: every verb, every model and every Python
program ends with 1 and a sentence when its standard output is full or closed.

/dev/full takes nothing. A closed descriptor is worse: the next file or socket
that the program opens gets its number."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
TROIKA = str(BUILD / "troika")
LIMIT_S = 60
FULL, CLOSED = ">/dev/full", ">&-"
SENTENCE = r"standard output (cannot be written|is closed)"

VERBS = [["--help"], ["--version"], ["list"], ["list", "--format", "json"], ["list", "gates"],
         ["list", "keys"], ["doctor"], ["doctor", "--format", "json"], ["bench", "--help"],
         ["bench", "--dry-run", "quick"], ["serve", "--help"], ["selftest", "--list"],
         ["primitives", "--help"], ["compare", "--usage"], ["load", "--help"],
         ["search", "--help"], ["stores", "--help"], ["summarise", "--help"]]
PROGRAMS = [["reports/report.py", "--help"], ["reports/judge.py", "--help"],
            ["reports/judge.py", "--experiments"], ["harness/generators.py", "--help"]]


def ended(command, where):
    """Exit code and stderr of the command; its standard output is FULL or CLOSED."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {where}', "sh", *command], cwd=ROOT, stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, timeout=LIMIT_S)
    return done.returncode, done.stderr


class Output(unittest.TestCase):
    def assert_said(self, cases):
        """Of each command and place: 1, and the sentence."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for case, (code, err) in zip(cases, pool.map(lambda c: ended(*c), cases)):
                with self.subTest(case=case):
                    self.assertEqual(1, code, err)
                    self.assertRegex(err, SENTENCE)
                    self.assertNotIn("Traceback", err)

    def test_verbs(self):
        self.assert_said([([TROIKA, *words], w) for words in VERBS for w in (FULL, CLOSED)])

    def test_programs(self):
        self.assert_said([([sys.executable, *words], w) for words in PROGRAMS
                          for w in (FULL, CLOSED)])

    def test_models(self):
        """What they say when asked, and the line that says they are ready."""
        models = [m for m in sorted((BUILD / "models").iterdir())
                  if m.is_file() and os.access(m, os.X_OK)]
        # Node puts /dev/null where a standard descriptor is closed.
        self.assert_said([([str(m), *words], w) for m in models
                          for words in (["--describe"], ["--help"], ["--port", "0"])
                          for w in (FULL, CLOSED) if w == FULL or not m.name.startswith("node")])

    def test_good_output_is_no_failure(self):
        done = subprocess.run([TROIKA, "--version"], capture_output=True, timeout=LIMIT_S)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertTrue(done.stdout.startswith(b"troika "))


if __name__ == "__main__":
    unittest.main()
