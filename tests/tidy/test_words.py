#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One form for each quantity in whatever people read: 12.0 us, and 1,980/s
without a space, as they are typed in flags and experiment files.
"""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (".c", ".h", ".py", ".js", ".md", ".html", ".ini", ".txt", "Makefile")
RULES = {
    # The micro sign and the Greek letter.
    "[\u00b5\u03bc]s": "write us",
    # After a digit, a conversion of printf, or a placeholder of Python or a template.
    r"(?:\d|%[-.\d]*[a-z]|\}) /s(?![\w/])": "write the rate as 1,980/s",
}


def breaches(text: str) -> list[tuple[int, str]]:
    return [(number, hint) for number, line in enumerate(text.split("\n"), 1)
            for rule, hint in RULES.items() if re.search(rule, line)]


class Words(unittest.TestCase):
    def test_tree(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                                cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
        read = [name for name in listed if name.endswith(TEXT) and (ROOT / name).is_file()
                and name != "tests/tidy/test_words.py"]
        self.assertGreater(len(read), 300)
        self.assertEqual([], [f"{name}:{number}: {hint}" for name in read
                              for number, hint in breaches((ROOT / name).read_text())])

    def test_the_rules_themselves(self):
        for line in ('"%s /s"', '"%.0f /s:"', 'f"{rate} /s"', "1,980 /s", "12 \u00b5s", "12 \u03bcs", "{{ x | digits }} /s ("):
            self.assertEqual(1, len(breaches(line)), line)
        for line in ("throughput, /s", "1,980/s", "12.0 us", "2 /sys/kernel", "{} /s/", "5 /stats"):
            self.assertEqual([], breaches(line), line)


if __name__ == "__main__":
    unittest.main()
