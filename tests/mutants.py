# SPDX-License-Identifier: MIT
"""Builds a unit test from a copy of the sources that it tests, with a mistake
planted in one of them, and says whether a test that is named sees the mistake.
"""
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIMIT_S = 120


class Copy:
    """A unit test and the folders that it tests, whose files can be changed."""

    def __init__(self, folder: pathlib.Path, test: str, folders: list[str],
                 others: list[str], libraries: list[str]):
        """test: a name in tests/unit; others: further sources, as they are."""
        self.folder = folder
        self.libraries = libraries
        for name in folders:
            shutil.copytree(ROOT / name, folder / name)
        sources = [source for name in folders for source in sorted((folder / name).glob("*.c"))]
        sources += [ROOT / name for name in (f"tests/unit/{test}.c", *others)]
        self.objects = {}
        for source in sources:
            self.compile(source)

    def compile(self, source: pathlib.Path) -> None:
        root = self.folder if source.is_relative_to(self.folder) else ROOT
        target = self.folder / str(source.relative_to(root)).replace("/", "-")
        self.objects[source] = str(target.with_suffix(".o"))
        subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", f"-I{self.folder}", f"-I{ROOT}",
                        "-c", str(source), "-o", self.objects[source]], check=True, timeout=LIMIT_S)

    def fails(self, name: str) -> bool:
        """Whether the test of this name fails as the sources stand now."""
        program = str(self.folder / "program")
        subprocess.run(["cc", *self.objects.values(), *self.libraries, "-lcmocka", "-lm", "-o", program],
                       check=True, timeout=LIMIT_S)
        done = subprocess.run([program, name], capture_output=True, text=True, timeout=LIMIT_S,
                              check=False)
        if "1 test(s) run" not in done.stderr + done.stdout:
            raise AssertionError(f"{name} did not run: {done.stdout}{done.stderr}")
        return done.returncode != 0

    def sees(self, file: str, right: str, wrong: str, name: str) -> bool:
        """Whether the test fails with `wrong` in place of `right`, which must
        stand in the file once. The file is as before when this returns."""
        source = self.folder / file
        text = source.read_text()
        if text.count(right) != 1:
            raise AssertionError(f"{file} has {text.count(right)} of {right!r}, not one")
        source.write_text(text.replace(right, wrong))
        self.compile(source)
        seen = self.fails(name)
        source.write_text(text)
        self.compile(source)
        return seen
