#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One dialect of C (CONTRIBUTING.md): a pointer is tested by `!p`, and sizeof
of an expression has no parentheses.
"""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPE = r"(?:struct|union|enum|const|unsigned|char|int|double|float|long|short|void|bool|size_t|ssize_t|\w+_t)\b"
RULES = {
    r"== NULL\b": "write !p",
    r"\b(?:if|while) \([\w.>-]+ != NULL\b": "write the pointer alone",
    rf"\bsizeof\((?!{TYPE})\*?[\w.>-]+\)(?!->|\.|\[)": "write sizeof x",
}


def breaches(text: str) -> list[tuple[int, str]]:
    return [(number, hint) for number, line in enumerate(text.split("\n"), 1)
            for rule, hint in RULES.items()
            if re.search(rule, line) and not line.lstrip().startswith(("*", "/*"))]


class Dialect(unittest.TestCase):
    def test_tree(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                                cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual([], [f"{name}:{number}: {hint}" for name in listed if (ROOT / name).exists()
                              for number, hint in breaches((ROOT / name).read_text())])

    def test_the_rules_themselves(self):
        for line in ("if (p == NULL)", "while (a->b != NULL)", "f(sizeof(x))", "f(sizeof(*p))"):
            self.assertEqual(1, len(breaches(line)), line)
        for line in ("if (!p)", "f(sizeof x, sizeof(struct a), sizeof(char *))", "b = p != NULL;"):
            self.assertEqual([], breaches(line), line)


if __name__ == "__main__":
    unittest.main()
