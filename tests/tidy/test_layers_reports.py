#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The folders of reports/ stand in an order, and a file imports only from its own
folder and those below it; no two files import each other, in however many steps.

docs/architecture.md has the order. Imports are read, not run: those inside a
function count too.
"""
import ast
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports"
SCRIPTS = "scripts"  # what lies at the top of reports/
LAYERS = ("data", "decision", "charts", "pages", "claims", "forecasts", "choices", "runs", SCRIPTS)


def modules(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The path of each module by its name: data.units, report."""
    paths = sorted(folder.rglob("*.py"))
    return {".".join(p.relative_to(folder).with_suffix("").parts): p for p in paths}


def imported(module: str, path: pathlib.Path, known) -> set[str]:
    """The modules of ours that a file names in its imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = module.split(".")[:-node.level] if node.level else []
            base = ".".join([*inside, *filter(None, [node.module])])
            names.update([base, *(f"{base}.{alias.name}" for alias in node.names)])
    return {name for name in names if name in known}


def layer(name: str) -> str:
    return name.partition(".")[0] if "." in name else SCRIPTS


def upward(uses: dict[str, set[str]]) -> list[str]:
    """Each import of a folder above the file's own."""
    return [f"{user} imports {used}" for user, names in uses.items() for used in sorted(names)
            if LAYERS.index(layer(used)) > LAYERS.index(layer(user))]


def ring(uses: dict[str, set[str]]) -> list[str]:
    """Files that import each other, in order; [] where there are none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name):], name]
        if name in done:
            return []
        for used in sorted(uses[name]):
            if found := walk(used, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in uses if (found := walk(name, []))), [])


def read(folder: pathlib.Path) -> dict[str, set[str]]:
    known = modules(folder)
    return {name: imported(name, path, known) for name, path in known.items()}


class Layers(unittest.TestCase):
    def test_no_file_imports_a_folder_above_its_own(self):
        uses = read(REPORTS)
        self.assertGreater(sum(map(len, uses.values())), 100, "imports are no longer seen")
        self.assertEqual([], upward(uses))

    def test_no_files_import_each_other(self):
        self.assertEqual([], ring(read(REPORTS)))

    def test_every_file_has_its_layer(self):
        self.assertEqual(set(LAYERS), {layer(name) for name in modules(REPORTS)})

    def test_the_page_has_the_order(self):
        page = (ROOT / "docs/architecture.md").read_text()
        told = re.search(r"^  Its folders stand in this order.*?(?=^- )", page, re.S | re.M)
        self.assertIsNotNone(told)
        self.assertEqual(LAYERS[:-1], tuple(re.findall(r"`(\w+)/`", told[0])))

    def test_what_is_planted_is_seen(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for part in ("data", "charts"):
                (folder / part).mkdir()
            (folder / "data/one.py").write_text("import json\n\ndef f():\n    from charts import dots\n")
            (folder / "charts/dots.py").write_text("from data.one import f\nfrom . import bars\n")
            (folder / "charts/bars.py").write_text("import charts.dots\n")
            uses = read(folder)
            self.assertEqual(["data.one imports charts.dots"], upward(uses))
            self.assertEqual(["charts.bars", "charts.dots", "charts.bars"], ring(uses))


if __name__ == "__main__":
    unittest.main()
