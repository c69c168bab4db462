#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The verbs that print text on a real pseudo-terminal of 80 and of 40 columns: no line
wraps, no word is lost that a pipe gets, and no figure is parted from its unit."""

import collections
import pathlib
import re
import shlex
import sys
import tempfile
import unittest

from test_terminal import ROOT, Terminal, pipe, pyte  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/report"))
import stored  # noqa: E402

# The constants that came with the program, and as few requests as simulations may have.
FORECAST = ("--machine", "none", "--validation", "none", "--requests", "1k")
# Their words are the same each time.
SAME = {
    "predict": ("predict", "crud", *FORECAST),
    "predict with a limit": ("predict", "--wait", "20ms", "--cpu", "1ms", "--rate", "300", "--limit", "p90<1ms", "--memory",
                             "1MiB", *FORECAST),
    "size": ("size", "crud", *FORECAST),
    "size for a server": ("size", "crud", "--server", "fastapi", *FORECAST),
    "decide": ("decide", "crud", *FORECAST),
    "decide among few": ("decide", "serial", "thread-pool", "--wait", "20ms", "--cpu", "1ms", "-c", "8", *FORECAST),
    "map": ("map", "crud", "serial", "event-loop", "--points", "7", "--loads", "10", "--core-counts", "1", *FORECAST),
    "probe": ("probe", "--rate", "300", "--response", "42ms", "--busy", "35%", "--cores", "2"),
    "judge": ("judge", "--rate", "16474", "--connections", "128", "--wait", "100ms", "--mean", "7.7ms", "--p99", "7.70ms"),
    "primitives": ("primitives", "--help"),
    "an unknown profile": ("decide", "nothing-of-this-name"),
    "a size that keeps nothing": ("size", "crud", "--limit", "p99<1ms", "--wait", "2s", *FORECAST),
}
# Of these a machine or a seed changes some words.
OTHER = {
    "doctor": ("doctor",),
    "the plan of calibrate": ("calibrate", "--dry-run"),
    "the plan of validate": ("validate", "--dry-run", "-n", "1", "--machine", "harness/predict/shipped.json"),
    "the plan of bench": ("bench", "--dry-run", "quick"),
    "a verb that nobody knows": ("decyde",),
}
UNIT = re.compile(r"^(%|[nmu]?s|[KMG]?i?B|x)\b")


@unittest.skipUnless(pyte, "python3-pyte is missing (make deps-install)")
class Wrapped(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def shown(self, columns: int, words: tuple) -> Terminal:
        """What is printed, in a terminal that is never too narrow for it, nor parts a figure and its unit."""
        terminal = Terminal(columns, 24, *words, cwd=ROOT)
        self.code = terminal.wait()
        lines = terminal.lines()
        # A flag in a help text is a word with a list of its arguments.
        self.assertEqual([], [line for line in terminal.too_wide() if not line.lstrip().startswith("-")])
        self.assertGreater(len(lines), 1)
        for line, after in zip(lines, lines[1:]):
            if re.search(r"\d$", line) and after.startswith(" "):
                self.assertNotRegex(after.lstrip(), UNIT, (line, after))
        return terminal

    def words(self, text: str) -> collections.Counter:
        """The words, without progress and without marks of comments, which a continued one has again."""
        lines = [line for line in text.splitlines() if not re.search(r"\d+ of \d+ cells$", line)]
        return collections.Counter(word for word in " ".join(lines).split() if word != "#")

    def test_every_word_of_the_pipe_is_there_and_fits(self):
        for name, words in SAME.items():
            piped = pipe(*words, cwd=ROOT)
            text = piped.stdout + piped.stderr
            for columns in (80, 40):
                with self.subTest(name, columns=columns):
                    terminal = self.shown(columns, words)
                    self.assertEqual(piped.returncode, self.code)
                    if "--help" not in words:  # argp breaks words there
                        self.assertEqual(self.words(text), self.words("\n".join(terminal.lines())))

    def test_a_table_that_fits_is_as_in_a_pipe(self):
        words = SAME["predict"]
        self.assertIn(pipe(*words, cwd=ROOT).stdout.splitlines()[0], self.shown(200, words).lines())

    def test_a_narrow_table_keeps_its_columns(self):
        lines = self.shown(80, SAME["predict"]).lines()
        head = next(line for line in lines if line.startswith("model "))
        at = head.index("capacity") + len("capacity")
        rows = [line for line in lines if re.match(r"[a-z-]+ +\d+ +[\d,.]+/s", line)]
        self.assertEqual(8, len(rows), lines)
        for row in rows:
            self.assertEqual("/s", row[at - 2:at], row)

    def test_what_a_machine_or_a_seed_changes_fits(self):
        for name, words in OTHER.items():
            for columns in (80, 40):
                with self.subTest(name, columns=columns):
                    self.shown(columns, words)

    def test_a_pipe_s_lines_are_as_long_as_they_are(self):
        self.assertGreater(max(map(len, pipe(*SAME["predict"], cwd=ROOT).stdout.splitlines())), 150)

    def test_json_and_a_markdown_table_stay_as_they_are(self):
        for form in ("json", "markdown"):
            with self.subTest(form):
                words = (*SAME["predict"], "-f", form)
                terminal = Terminal(40, 24, *words, cwd=ROOT)
                terminal.wait()
                lines = pipe(*words, cwd=ROOT).stdout.splitlines()
                kept = lines if form == "json" else [line for line in lines if line.startswith("|")]
                self.assertGreater(max(map(len, kept)), 40)
                self.assertLessEqual(set(kept), set(terminal.lines()))

    def test_a_profile_that_is_continued_is_still_a_profile(self):
        lines = self.shown(40, SAME["probe"]).lines()
        profile = lines[lines.index("[profile]") + 1:]
        self.assertTrue(any(re.match(r" +# ", line) for line in profile), profile)
        for line in filter(None, profile):
            self.assertRegex(line, r"^ *#|^[a-z-]+ = \S+  # ")

    def test_stored_runs(self):
        runs = [self.folder / "20260101T000000Z-0001", self.folder / "20260102T000000Z-0002"]
        for run in runs:
            stored.write(run)
        given = [("runs", f"--runs={self.folder}"), ("runs", f"--runs={self.folder}", "history", "all", "all", "all"),
                 ("compare", *map(str, runs)), ("compare", "--max-regression", "1%", *map(str, runs)),
                 ("summarise", str(runs[0]))]
        for words in given:
            for columns in (80, 40):
                with self.subTest(words=words[:3], columns=columns):
                    terminal = self.shown(columns, words)
                    self.assertIn(self.code, (0, 4), terminal.lines())

    def test_an_own_service(self):
        service = shlex.join([sys.executable, str(ROOT / "tests/contract/own_service.py")])
        for columns in (80, 40):
            with self.subTest(columns=columns):
                terminal = self.shown(columns, (
                    "bench", "--command", service + " {port}", "--path", "/item", "--wait", "100us", "--model", "thread-per-connection",
                    "--blocks", "1", "--window", "200ms", "--warmup", "50ms", "-c", "4", "--wait-for-quiet", "0s",
                    "--allow-any-build", "-o", str(self.folder / str(columns))))
                self.assertIn(self.code, (0, 3), terminal.lines())
                self.assertRegex(" ".join(" ".join(terminal.lines()).split()), r"yours [\d,.]+/s")

    def test_an_own_service_that_does_not_answer(self):
        for columns in (80, 40):
            with self.subTest(columns=columns):
                self.shown(columns, ("bench", "--url", "http://127.0.0.1:1/x", "-o", str(self.folder / "none")))
                self.assertEqual(1, self.code)


if __name__ == "__main__":
    unittest.main()
