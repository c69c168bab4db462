#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""troika runs: the list, names that other verbs take, tags, and what prune leaves alone."""

import fcntl
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"
LIMIT_S = 60


class Runs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "results"
        self.root.mkdir()
        for day in range(1, 6):
            self.make(f"2026010{day}T000000Z-000{day}", valid=day)
        (self.root / "latest").symlink_to("20260105T000000Z-0005")

    def make(self, name: str, valid: int) -> None:
        place = self.root / name
        (place / "trials").mkdir(parents=True)
        (place / "run.json").write_text(json.dumps({
            "schema_version": 1, "run_id": name, "tool_version": "v", "started_at": "2026-01-01T00:00:00Z",
            "complete": valid != 2, "experiments": [{"name": "io"}], "plan": [{}] * 5, "tally": {"valid": valid}}))

    def runs(self, *words: str, code: int = 0) -> str:
        done = subprocess.run([TROIKA, "runs", f"--runs={self.root}", *words], capture_output=True, text=True, timeout=LIMIT_S,
                              check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def listed(self) -> dict:
        return {row["run_id"]: row for row in json.loads(self.runs("--format=json"))["runs"]}

    def test_the_list(self):
        lines = self.runs().splitlines()
        self.assertEqual("20260101T000000Z-0001     1/5     io", lines[0].rstrip())
        self.assertIn("2/5   * io", lines[1])
        self.assertIn("not complete", lines[-1])
        self.assertLessEqual(max(map(len, lines[:5])), 80)
        self.assertEqual(5, len(self.listed()))
        self.assertIn("| 20260103T000000Z-0003 |  |  | io | 3 of 5 | v |", self.runs("--format=markdown"))

    def test_a_name_is_a_run_s_directory(self):
        self.runs("name", "20260102T000000Z-0002", "before")
        self.assertEqual("20260102T000000Z-0002", (self.root / "before").readlink().name)
        self.assertEqual("before", self.listed()["20260102T000000Z-0002"]["name"])
        self.runs("name", "latest", "before")  # it moves
        self.assertEqual("before", self.listed()["20260105T000000Z-0005"]["name"])
        for words, code in ((("name", "nothing", "x"), 1), (("name", "latest", "../x"), 2), (("name", "latest", "latest"), 2),
                            (("name", "latest", "20260101T000000Z-0001"), 1), (("name", "latest"), 2), (("rename",), 2),
                            (("prune",), 2), (("--yes",), 2), (("--keep=3",), 2), (("name", "latest", "x", "--yes"), 2)):
            with self.subTest(words):
                self.runs(*words, code=code)
        self.assertTrue((self.root / "20260101T000000Z-0001/run.json").exists())

    def test_tags(self):
        self.runs("tag", str(self.root / "latest"), "quiet", "v2")
        self.runs("tag", "latest", "quiet")
        self.assertEqual("quiet v2", self.listed()["20260105T000000Z-0005"]["tags"])
        (self.root / "20260105T000000Z-0005/labels.json").write_text("{")
        self.assertIn("labels.json", self.runs("tag", "latest", "x", code=1))
        for labels in ('{"tags": [1]}', "{}", '{"tags": 3}'):
            (self.root / "20260105T000000Z-0005/labels.json").write_text(labels)
            self.assertIn("no labels", self.runs("tag", "latest", "x", code=1))

    def test_prune(self):
        self.runs("name", "20260101T000000Z-0001", "before")
        self.runs("tag", "20260102T000000Z-0002", "kept")
        said = self.runs("prune", "--keep=1")
        self.assertIn("would remove", said)
        self.assertEqual(5, len(self.listed()))
        self.runs("prune", "--keep=1", "--yes")
        self.assertEqual({"20260101T000000Z-0001", "20260102T000000Z-0002", "20260105T000000Z-0005"}, set(self.listed()))
        self.assertIn("nothing to remove", self.runs("prune", "--keep=1", "--yes"))

    def test_what_prune_leaves_alone(self):
        (self.root / "by-hand").symlink_to(self.root / "20260101T000000Z-0001")  # absolute: a name too
        (self.root / "20260102T000000Z-0002/labels.json").write_text("{")
        (self.root / "20260103T000000Z-0003/run.json").write_text("{")
        writing = os.open(self.root / "20260104T000000Z-0004", os.O_RDONLY)
        self.addCleanup(os.close, writing)
        fcntl.flock(writing, fcntl.LOCK_EX)
        said = self.runs("prune", "--keep=0", "--yes")
        for words in ("0002: its labels cannot be read", "0003: its run.json cannot be read", "0004: another troika writes it",
                      "0005: it is the latest"):
            self.assertIn(words, said)
        self.assertEqual(5, len(self.listed()))

    def test_the_oldest_goes_first_whatever_its_name(self):
        (self.root / "20260105T000000Z-0005").rename(self.root / "0-baseline")
        place = self.root / "0-baseline/run.json"
        place.write_text(place.read_text().replace("2026-01-01", "2026-02-01"))
        (self.root / "latest").unlink()
        self.runs("prune", "--keep=1", "--yes")
        self.assertEqual(["0-baseline"], list(self.listed()))

    def test_damage(self):
        (self.root / "20260103T000000Z-0003/run.json").write_text("{")
        self.assertIn("20260103T000000Z-0003   damaged", self.runs())
        self.assertTrue(self.listed()["20260103T000000Z-0003"]["damaged"])
        (self.root / "elsewhere").symlink_to("/")
        self.runs("name", "elsewhere", "x", code=1)
        self.runs("--runs=/nowhere", code=1)


if __name__ == "__main__":
    unittest.main()
