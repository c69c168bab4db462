#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A comment starts with its noun: the part of that rule that a machine can tell.

A comment that opens with a word whose noun stands elsewhere ("The same", "It",
"Likewise") sends its reader away to look for that noun.
"""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPENINGS = ("The same", "It", "Its", "Likewise", "They", "Those", "These", "This", "That", "As above",
            "Ditto", "Which", "Of which", "Of whom", "So", "Such", "Where not", "What is")
PATTERN = re.compile(r"/\*\s*(" + "|".join(OPENINGS) + r")\b(?! \()")
FOLDERS = ("models", "workloads", "harness")


def riddles(text: str) -> list[tuple[int, str]]:
    """Line and opening of each comment that starts without its noun."""
    return [(text.count("\n", 0, found.start()) + 1, found[1]) for found in PATTERN.finditer(text)]


class Comments(unittest.TestCase):
    maxDiff = None

    def test_openings(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *FOLDERS], cwd=ROOT,
                                capture_output=True, text=True, check=True).stdout.split()
        found = [f"{name}:{line}: a comment opens with \"{word}\"" for name in listed
                 if name.endswith((".c", ".h", ".S")) and (ROOT / name).exists()
                 for line, word in riddles((ROOT / name).read_text())]
        self.assertEqual([], found)

    def test_the_rule_itself(self):
        self.assertEqual([(2, "It")], riddles("int a;\n/* It is one. */\n"))
        self.assertEqual([], riddles("/* Items of one cell. */ /* Iterates. */"))


if __name__ == "__main__":
    unittest.main()
