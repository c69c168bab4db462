#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a reader can hold: functions of 60 lines, files of 800, folders of two
dozen files.
"""
import ast
import collections
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUNCTION_LINES, FILE_LINES, FOLDER_FILES = 60, 800, 24
# Folders that are lists: one file is one verb, one experiment, one workload, one test.
LISTS = ("harness/verbs", "harness/experiments", "reports/templates", "tests/", "docs",
         "workloads", "models/foreign")
MODELS = "models"  # one file is one model; its runtime is no list
# Too full as yet: each may shrink to the limit, and then leaves this list.
FULL: dict[str, int] = {}


def tracked(*endings: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout.split()
    return [f for f in listed if f.endswith(endings) and (ROOT / f).exists()]


def c_functions(text: str) -> list[tuple[int, int]]:
    """First line and length of each body: the style puts its braces into the
    first column."""
    found, start = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            found.append((start, number - start + 1))
            start = 0
    return found


def python_functions(text: str) -> list[tuple[int, int]]:
    return [(node.lineno, node.end_lineno - node.lineno + 1) for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


class Sizes(unittest.TestCase):
    def test_functions(self):
        long = []
        for name in tracked(".c", ".h", ".py"):
            functions = python_functions if name.endswith(".py") else c_functions
            long += [f"{name}:{line} has {lines} lines"
                     for line, lines in functions((ROOT / name).read_text())
                     if lines > FUNCTION_LINES]
        self.assertEqual([], long)

    def test_files(self):
        lines = {name: (ROOT / name).read_text().count("\n")
                 for name in tracked(".c", ".h", ".py", ".js", ".S")}
        self.assertEqual({}, {name: n for name, n in lines.items() if n > FILE_LINES})

    def test_folders(self):
        count = collections.Counter(name.rpartition("/")[0]
                                    for name in tracked(".c", ".h", ".py", ".js", ".S"))
        full = {folder: n for folder, n in count.items()
                if n > FOLDER_FILES and folder != MODELS and not folder.startswith(LISTS)}
        self.assertEqual(FULL, full, "too full, or FULL may shrink")

    def test_the_counting_itself(self):
        self.assertEqual([(2, 3)], c_functions("int f(void)\n{\n    g();\n}\n"))
        self.assertEqual([(1, 2)], python_functions("def f():\n    pass\n"))


if __name__ == "__main__":
    unittest.main()
