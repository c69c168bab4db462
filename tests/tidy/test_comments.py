#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A comment starts with its noun, and names only files that are there: what a
machine can tell of a comment.

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
NAMED = re.compile(r"(?<![\w./<*%-])((?:[\w-]+/)*[A-Za-z_][\w-]*\.[chS])\b(?![\w(])")
PAGE = re.compile(r"(?<![\w./<*%{-])(?:\.\./)*((?:[\w-]+/)*[A-Za-z0-9_][\w-]*\.md)\b(?![\w(])")
# Names that stand for any file, and headers of others.
ANY = {"NAME.c", "X.c", "M.c", "W.c", "f.c", "uv.h", "llhttp.h", "fenv.h", "jansson.h", "workloads.c"}

# Pages that the program writes, names that stand for any page, and pages of others (harness/size/servers.h).
MADE = {"report.md", "decision.md", "FOLDER/record.md", "NAME.md", "report/adr/NNNN-slug.md",
        "docs/settings.md", "docs/config.md", "docs/performance.md"}


def riddles(text: str) -> list[tuple[int, str]]:
    """Line and opening of each comment that starts without its noun."""
    return [(text.count("\n", 0, found.start()) + 1, found[1]) for found in PATTERN.finditer(text)]


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return [name for name in listed if (ROOT / name).exists()]


def lost(text: str, files: list[str], pattern: re.Pattern = NAMED) -> list[tuple[int, str]]:
    """Line and name of each file by the pattern that `text` names and that is not among the files."""
    ends = {"/" + name for name in files}
    known = {end[at:] for end in ends for at in range(len(end)) if end[at] == "/"}
    return [(text.count("\n", 0, found.start()) + 1, found[1]) for found in pattern.finditer(text)
            if "/" + found[1] not in known and found[1].rpartition("/")[2] not in ANY]


class Comments(unittest.TestCase):
    maxDiff = None

    def test_openings(self):
        found = [f"{name}:{line}: a comment opens with \"{word}\"" for name in tracked()
                 if name.endswith((".c", ".h", ".S")) and name.startswith(FOLDERS)
                 for line, word in riddles((ROOT / name).read_text())]
        self.assertEqual([], found)

    def test_named_files_are_there(self):
        files = tracked()
        found = [f"{name}:{line}: {file} is not there" for name in files
                 if name.endswith((".c", ".h", ".S", ".md")) and "/seeds/" not in name
                 for line, file in lost((ROOT / name).read_text(), files)]
        self.assertEqual([], found)

    def test_named_pages_are_there(self):
        files = tracked()
        kinds = (".c", ".h", ".S", ".md", ".ini", ".py", ".sh", ".js", "Makefile")
        found = [f"{name}:{line}: {file} is not there" for name in files
                 if name.endswith(kinds) and not name.startswith("tests/")
                 for line, file in lost((ROOT / name).read_text(), files, PAGE) if file not in MADE]
        self.assertEqual([], found)

    def test_the_rule_itself(self):
        self.assertEqual([(2, "It")], riddles("int a;\n/* It is one. */\n"))
        self.assertEqual([], riddles("/* Items of one cell. */ /* Iterates. */"))
        self.assertEqual([(2, "docs/b.md")], lost("see ../docs/a.md,\ndocs/b.md", ["docs/a.md"], PAGE))
        self.assertEqual([(1, "read.c")], lost("see read.c and a/b.c, b.c", ["a/b.c"]))


if __name__ == "__main__":
    unittest.main()
