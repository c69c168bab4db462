#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What make says: nothing of a build's steps but one line that a terminal
redraws, warnings and errors always, and a help of 80 columns.
"""
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 120
OBJECT = "harness/base/hint.o"


class Make(unittest.TestCase):
    def setUp(self):
        # Below build/, since a path outside of the tree has no rule; not where other tests' programs are.
        (ROOT / "build").mkdir(exist_ok=True)
        self.out = pathlib.Path(tempfile.mkdtemp(dir=ROOT / "build", prefix="make-")).relative_to(ROOT)
        self.addCleanup(shutil.rmtree, ROOT / self.out, ignore_errors=True)

    def environment(self, **more: str) -> dict:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "V", "NO_COLOR"))}
        return clean | {"TERM": "xterm"} | more

    def make(self, *words: str, code: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(["make", "--no-print-directory", f"out={self.out}", *words], cwd=ROOT, capture_output=True, text=True,
                              timeout=LIMIT_S, check=False, env=self.environment())
        self.assertEqual(code, done.returncode, done)
        return done

    def on_a_terminal(self, *words: str, **environment: str) -> str:
        main, end = pty.openpty()
        with subprocess.Popen(["make", "--no-print-directory", f"out={self.out}", *words], cwd=ROOT, stdin=end, stdout=end, stderr=end,
                              env=self.environment(**environment)) as child:
            os.close(end)
            said = b""
            try:
                while part := os.read(main, 65536):
                    said += part
            except OSError:  # the other end is closed
                pass
            os.close(main)
            self.assertEqual(0, child.wait(LIMIT_S))
        return said.decode()

    def test_a_pipe_gets_no_steps(self):
        self.assertEqual("", self.make(f"{self.out}/{OBJECT}").stdout)
        self.assertTrue((ROOT / self.out / OBJECT).exists())

    def test_a_terminal_gets_one_line(self):
        said = self.on_a_terminal(f"{self.out}/{OBJECT}")
        self.assertIn("\r\x1b[K  CC      harness/base/hint.c\r", said)
        self.assertNotIn("\n", said)
        self.assertEqual("", self.on_a_terminal(f"{self.out}/harness/base/names.o", TERM="dumb"))

    def test_all_commands_on_demand(self):
        self.assertIn("-c -o", self.make("V=1", f"{self.out}/{OBJECT}").stdout)

    def test_errors_and_warnings_are_shown(self):
        done = self.make(f"{self.out}/{OBJECT}", "CFLAGS=-include /nowhere.h", code=2)
        self.assertIn("/nowhere.h", done.stderr)
        done = self.make(f"{self.out}/{OBJECT}", "CFLAGS=-DTWICE=1 -DTWICE=2 -Wno-error")
        self.assertIn("warning:", done.stderr)

    def test_help(self):
        said = self.make("help").stdout
        self.assertEqual([], [line for line in said.split("\n") if len(line) > 80])
        targets = re.findall(r"^  ([a-z][a-z -]*?)(?:  +|$)", said.partition("Variables")[0], re.M)
        documented = re.findall(r"^([a-z][a-zA-Z_ -]*):.*## ", (ROOT / "Makefile").read_text(), re.M)
        self.assertEqual(documented, targets)
        self.assertGreater(len(targets), 40)
        quick = next((ROOT / "harness/experiments").glob("quick.ini")).stem
        self.assertIn(f" {quick} ", " ".join(said.partition("Experiments:")[2].split()))


if __name__ == "__main__":
    unittest.main()
