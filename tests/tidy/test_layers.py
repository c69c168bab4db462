#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The arrows of docs/architecture.md: a C file uses only folders that stand
below its own in the list there, by what it includes and by what its object
links, and no two files need each other.

The manner is TigerBeetle's src/tidy.zig: the tree tests what it promises of
itself.
"""
import collections
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release"))
# Declared by the contract and defined above it: the answer that a workload
# builds, the model, and the generated table.
CONTRACT = re.compile(r"reply_(append|printf|extend)|model|workloads(_missing)?")


def layers() -> dict[str, int]:
    """Folder -> height, from the list in docs/architecture.md."""
    text = (ROOT / "docs/architecture.md").read_text()
    block = re.search(r"```layers\n(.*?)```", text, re.S)
    names = [line.split()[0] for line in block[1].splitlines() if line.strip()]
    return {name: height for height, name in enumerate(reversed(names))}


def sources() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "models/runtime",
                             "workloads", "harness"], cwd=ROOT, capture_output=True,
                            text=True, check=True).stdout.split()
    return [f for f in listed if f.endswith((".c", ".h", ".S")) and (ROOT / f).exists()]


def includes(files: list[str]) -> dict[str, set[str]]:
    """File -> the files of ours that it includes."""
    known, found = set(files), collections.defaultdict(set)
    for file in files:
        for name in re.findall(r'^#include "([^"]+)"', (ROOT / file).read_text(), re.M):
            beside = os.path.join(os.path.dirname(file), name)
            found[file].add(beside if beside in known else name)
    return found


def symbols(files: list[str]) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Symbol -> the unit that defines it; unit -> the symbols that it needs."""
    defined, needed = {}, collections.defaultdict(set)
    objects = [f"{os.path.splitext(file)[0]}.o" for file in files if not file.endswith(".h")]
    there = [name for name in objects if (BUILD / name).exists()]
    listed = subprocess.run(["nm", "-A", *there], cwd=BUILD, capture_output=True, text=True,
                            check=True).stdout
    for line in listed.splitlines():
        place, *_, kind, name = line.split()
        unit = os.path.splitext(place.partition(":")[0])[0]
        if kind == "U":
            needed[unit].add(name)
        elif kind.isupper():
            defined[name] = unit
    return defined, needed


def ring(graph: dict[str, set[str]]) -> list[str]:
    """A ring of the graph, or nothing (depth first, three colours)."""
    state: dict[str, int] = {}

    def walk(node: str, path: list[str]) -> list[str]:
        state[node] = 1
        for other in sorted(graph.get(node, ())):
            if state.get(other) == 1:
                return [*path[path.index(other):], other] if other in path else [other, node]
            if other not in state and (found := walk(other, [*path, other])):
                return found
        state[node] = 2
        return []

    for start in sorted(graph):
        if start not in state and (found := walk(start, [start])):
            return found
    return []


class Layers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.height, cls.files = layers(), sources()
        cls.includes = includes(cls.files)
        cls.defined, cls.needed = symbols(cls.files)
        cls.calls = {unit: {cls.defined[name] for name in names if name in cls.defined
                            and not CONTRACT.fullmatch(name)} - {unit}
                     for unit, names in cls.needed.items()}

    def test_every_folder_is_in_the_list(self):
        folders = {os.path.dirname(file) for file in self.files}
        self.assertEqual(folders, set(self.height))

    def test_objects_are_there(self):
        """Without them the tests of calls would look at nothing."""
        wanted = sum(not file.endswith(".h") for file in self.files)
        self.assertGreater(len(self.calls), 0.9 * wanted, f"is {BUILD} built?")

    def upwards(self, uses: dict[str, set[str]]) -> list[str]:
        def height(file: str) -> int:
            return self.height.get(os.path.dirname(file), -1)
        return [f"{file} uses {other}, which stands above" for file in sorted(uses)
                for other in sorted(uses[file]) if height(other) > height(file)]

    def test_includes_point_downwards(self):
        self.assertEqual([], self.upwards(self.includes))

    def test_calls_point_downwards(self):
        self.assertEqual([], self.upwards(self.calls))

    def test_no_ring_of_calls(self):
        self.assertEqual([], ring(self.calls))

    def test_no_ring_of_includes(self):
        self.assertEqual([], ring(self.includes))

    def test_a_header_speaks_for_its_folder(self):
        """What a header declares is defined beside it."""
        wrong = []
        for file in self.files:
            text = re.sub(r"/\*.*?\*/", "", (ROOT / file).read_text(), flags=re.S)
            if not file.endswith(".h"):
                continue
            for name in re.findall(r"^(?!static|typedef|#)[a-z][\w *]*?\b(\w+)\(", text, re.M):
                unit = self.defined.get(name)
                if unit and not CONTRACT.fullmatch(name) and \
                        os.path.dirname(unit) != os.path.dirname(file):
                    wrong.append(f"{file} declares {name}, which {unit} defines")
        self.assertEqual([], wrong)


class Ring(unittest.TestCase):
    """The search itself finds what is planted."""

    def test_finds(self):
        self.assertEqual(["a", "b", "c", "a"], ring({"a": {"b"}, "b": {"c"}, "c": {"a"}}))
        self.assertEqual([], ring({"a": {"b", "c"}, "b": {"c"}, "c": set()}))
        self.assertTrue(ring({"x": {"a"}, "a": {"b"}, "b": {"a"}}))


if __name__ == "__main__":
    unittest.main()
