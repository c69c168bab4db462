#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One dialect of C (CONTRIBUTING.md): a pointer is tested by `!p`, sizeof of an
expression has no parentheses, and no figure of an answer has an exponent.
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
# Where figures become an answer's words. %g writes 2000 as 2e+03.
SAID = tuple(f"harness/{name}/" for name in ("advice", "size", "decide", "predict", "probe", "validate", "calibrate",
                                             "verbs", "figures"))
EXPONENT = {r'"[^"]*%[-+ #0]*[\d*]*(?:\.[\d*]+)?[gGeE]\b': "write digits_of(x, 3).text (harness/arithmetic/digits.h)"}


def breaches(text: str, rules: dict[str, str] = RULES) -> list[tuple[int, str]]:
    return [(number, hint) for number, line in enumerate(text.split("\n"), 1)
            for rule, hint in rules.items()
            if re.search(rule, line) and not line.lstrip().startswith(("*", "/*"))]


class Dialect(unittest.TestCase):
    def test_tree(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                                cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual([], [f"{name}:{number}: {hint}" for name in listed if (ROOT / name).exists()
                              for number, hint in breaches((ROOT / name).read_text())])

    def test_figures_have_no_exponent(self):
        listed = [path for folder in SAID for path in sorted((ROOT / folder).glob("*.c"))]
        self.assertGreater(len(listed), 50)
        self.assertEqual([], [f"{path.relative_to(ROOT)}:{number}: {hint}" for path in listed
                              for number, hint in breaches(path.read_text(), EXPONENT)])
        for line in ('"%g"', '"a %.3g ms"', '"p%g<%s"', '"%.*g"'):
            self.assertEqual(1, len(breaches(line, EXPONENT)), line)
        for line in ('"%.3f"', '"100 %% gone"', '"5 % good"'):
            self.assertEqual([], breaches(line, EXPONENT), line)

    def test_the_rules_themselves(self):
        for line in ("if (p == NULL)", "while (a->b != NULL)", "f(sizeof(x))", "f(sizeof(*p))"):
            self.assertEqual(1, len(breaches(line)), line)
        for line in ("if (!p)", "f(sizeof x, sizeof(struct a), sizeof(char *))", "b = p != NULL;"):
            self.assertEqual([], breaches(line), line)


if __name__ == "__main__":
    unittest.main()
