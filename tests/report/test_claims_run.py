# SPDX-License-Identifier: MIT
"""The driver of the claims, with a fake troika that stores synthetic runs: the calls,
their order, and the exit code.
"""

import json
import shutil
import subprocess
import unittest

from case import HERE, ROOT, Case
from test_claims import RULE

# Each call stores an equal run under a new name, and prints where the run is.
TROIKA = """#!/usr/bin/python3 -B
import pathlib, sys
sys.path.insert(0, {here!r})
import stored
root, note = pathlib.Path(sys.argv[0]).parent, sys.argv.index("--run-file") + 1
with open(root / "calls", "a") as calls:
    print(*sys.argv[1:note - 1], *sys.argv[note + 1:], file=calls)
if "--dry-run" not in sys.argv and {code} in (0, 3):
    name = f"run-{{len((root / 'calls').read_text().splitlines())}}"
    run, trials, texts = stored.build()
    for one in [run, *trials]:
        one["run_id"] = name
    stored.store(root / name, run, trials, texts)
    pathlib.Path(sys.argv[note]).write_text(str(root / name))
sys.exit({code})
"""


class Driver(Case):
    def setUp(self):
        super().setUp()
        self.root = self.run_path.parent

    def run_claims(self, rule, *words, minutes="10", code=0):
        (self.root / "c90.ini").write_text(rule, encoding="utf-8")
        troika = self.root / "troika"
        troika.write_text(TROIKA.format(here=str(HERE), code=code))
        troika.chmod(0o755)
        command = ["/usr/bin/python3", "-B", ROOT / "reports" / "claims_run.py", "--troika", troika]
        command += ["--rules", self.root, "--claims", "C90", "--minutes", minutes, "bench", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return done, (self.root / "calls").read_text().splitlines()

    def page(self):
        (path,) = self.root.glob("claims-*/claims.json")
        return json.loads(path.read_text(encoding="utf-8"))

    def open_rule(self):
        """A rule whose limit lies inside the interval of the stored figure."""
        self.run_claims(RULE)
        element = self.page()["claims"][0]["figures"][0]["elements"][0]
        limit = (element["value"] + element["hi"]) / 2
        for folder in self.root.glob("claims-*"):
            shutil.rmtree(folder)
        (self.root / "calls").unlink()
        return RULE.replace("80..120", f"80..{limit:.4f}")

    def test_what_is_decided_is_run_once(self):
        done, calls = self.run_claims(RULE, "--quiet")
        self.assertEqual((done.returncode, calls), (0, ["bench --quiet -- quick"]), done.stderr)
        self.assertIn("C90  CONFIRMED", done.stdout)

    def test_what_is_open_gets_the_blocks_that_it_needs(self):
        done, calls = self.run_claims(self.open_rule(), minutes="60", code=3)
        self.assertEqual(done.returncode, 3, done.stderr)
        claim = self.page()["claims"][0]
        needed = claim["first_look"]["across"][0]["blocks_needed"]
        self.assertEqual(calls[1:], [f"bench --blocks {needed} -- quick"])
        self.assertEqual([r["planned"] for r in self.page()["runs"]], [False, True])
        self.assertEqual(claim["runs"], ["run-2"])
        self.assertIn("UNDECIDED", done.stdout)

    def test_a_number_that_is_given_is_not_doubted(self):
        _, calls = self.run_claims(self.open_rule(), "--blocks", "6")
        self.assertEqual(len(calls), 1)

    def test_no_time_no_second_look(self):
        _, calls = self.run_claims(self.open_rule(), minutes="0.1")
        self.assertEqual(len(calls), 1)

    def test_a_run_that_failed_is_not_judged(self):
        for code in (1, 130):
            done, _ = self.run_claims(RULE, code=code)
            self.assertEqual(done.returncode, code)
            self.assertEqual(list(self.root.glob("claims-*")), [])

    def test_a_plan_is_printed_and_nothing_judged(self):
        done, calls = self.run_claims(RULE, "--dry-run")
        self.assertEqual((done.returncode, calls), (0, ["bench --dry-run -- quick"]))
        self.assertEqual(list(self.root.glob("claims-*")), [])


if __name__ == "__main__":
    unittest.main()
