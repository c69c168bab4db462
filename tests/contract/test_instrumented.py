# SPDX-License-Identifier: MIT
"""In a sanitizer's build every object file is under that sanitizer, the sources
of others included: what is compiled without it is not looked at.
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
# What the compiler puts into each file that has functions.
MARKS = {"asan": "__asan_", "tsan": "__tsan_", "fuzz": "__asan_"}
VARIANT = BUILD.name.split("-")[0]


def symbols(paths):
    """path -> its lines of nm: [value] kind name."""
    said = subprocess.run(
        ["nm", "-A", *map(str, paths)], capture_output=True, text=True, check=False, timeout=120
    ).stdout
    found = {path: [] for path in paths}
    for line in said.splitlines():
        path, rest = line.split(":", 1)
        found[Path(path)].append(rest.split()[-2:])
    return found


def has_functions(lines):
    return any(kind in "tT" for kind, _ in lines)


def is_marked(lines):
    return any(name.startswith(MARKS[VARIANT]) for _, name in lines)


class Instrumented(unittest.TestCase):
    def test_every_object_is(self):
        # Assembler has nothing to instrument.
        objects = [
            path for path in BUILD.rglob("*.o") if not path.name.startswith("coroutine_switch_")
        ]
        self.assertGreater(len(objects), 50, BUILD)
        bare = [
            str(path.relative_to(BUILD)) for path, lines in symbols(objects).items()
            if has_functions(lines) and not is_marked(lines)
        ]
        self.assertEqual(bare, [])

    def test_the_http_parser_is_of_this_build(self):
        parser = BUILD / "llhttp.o"
        self.assertTrue(parser.exists(), "llhttp is not among the build's own objects")
        if b"INPUT(-lllhttp)" in parser.read_bytes():
            self.skipTest("llhttp is the system's library")
        self.assertTrue(is_marked(symbols([parser])[parser]))


if __name__ == "__main__":
    if VARIANT not in MARKS:
        print(f"no sanitizer is on in {BUILD.name}; make asan and make tsan run this")
        sys.exit(77)
    unittest.main()
