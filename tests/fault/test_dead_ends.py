#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run that something happened to: its files cut, emptied, overwritten, removed,
the program killed before the first of them. Each time the message names the
file and what to do; here that is done to the letter, and has to work.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from bench import BUILD, LIMIT_S, ROOT, Bench

# What a damaged file may hold, made from what it held.
DAMAGES = {
    "cut": lambda text: text[:200],
    "cut in the middle": lambda text: text[:len(text) // 2],
    "empty": lambda text: "",
    "blank": lambda text: " \n",
    "another encoding": lambda text: text.replace('"run_id"', '"run_\xe9"'),
    "NaN": lambda text: re.sub(r'("block": )\d+', r"\1NaN", text),
    "a text for a number": lambda text: re.sub(r'("block": )\d+', r'\1"1"', text),
    "an overflow": lambda text: re.sub(r'("throughput_per_s": )[^,]*', r"\g<1>1e999", text),
    "a negative rate": lambda text: re.sub(r'("throughput_per_s": )[^,]*', r"\1-5", text),
    "an array": lambda text: "[]",
    "null": lambda text: "null",
    "another version": lambda text: text.replace('"schema_version": 1', '"schema_version": 7'),
    "another model": lambda text: text.replace('"model": "serial"', '"model": "thread-pool"'),
    "a key twice": lambda text: text.replace("{", '{ "valid": true,', 1),
    "more behind it": lambda text: text + "{}",
    "NUL": lambda text: text[:50] + "\0" + text[50:],
}


class DeadEnds(Bench):
    def verb(self, *arguments):
        return subprocess.run([BUILD / "troika", *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=LIMIT_S)

    def pasted(self, text):
        """Runs the remedy that a message gives, exactly as written."""
        command = re.search(r"(?:^|[:;] )((?:cp|rm) [^\n]*|make (?:-C \S+ )?resume[^\n;]*|\S+ bench --resume=[^\n;]*)", text,
                            re.M).group(1)
        environment = {**os.environ, "ARGS": "--allow-any-build"}
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            environment.pop(name, None)
        return subprocess.run(command.split("; finished")[0], shell=True, cwd=ROOT, text=True,
                              capture_output=True, timeout=LIMIT_S, env=environment)

    def made(self):
        """A complete run of two trials; its folder."""
        self.bench("-o", self.results, self.experiment(models="serial"))
        return (self.results / "latest").resolve()

    def victim(self, run):
        return sorted(p for p in run.glob("trials/*.json") if ".attempt" not in p.name)[0]

    def test_damaged_trial_is_named_and_no_figure_is_printed(self):
        run = self.made()
        victim, stored = self.victim(run), (run / "run.json").read_text()
        whole = victim.read_bytes()
        for what, damage in DAMAGES.items():
            with self.subTest(what=what):
                damaged = damage(whole.decode()).encode("latin-1")
                self.assertNotEqual(whole, damaged)
                victim.write_bytes(damaged)
                for verb in (["summarise", run],
                             ["compare", "--force", "--threshold", "mem<1GiB", run, run],
                             ["compare", "--force", run, run]):
                    done = self.verb(*verb)
                    self.assertEqual(1, done.returncode, (verb, done.stdout, done.stderr))
                    self.assertIn(str(victim), done.stderr)
                done = self.verb("summarise", run)
                self.assertEqual("", done.stdout)
                self.assertEqual(stored, (run / "run.json").read_text())
        victim.write_bytes(whole)
        self.assertIn(self.verb("summarise", run).returncode, (0, 3))

    def test_remedy_of_a_damaged_trial(self):
        run = self.made()
        victim = self.victim(run)
        victim.write_text("{")
        done = self.verb("summarise", run)
        victim.unlink()  # "remove what is named above"
        again = self.pasted(done.stderr)
        self.assertIn(again.returncode, (0, 2, 3), again.stderr)
        self.assertTrue(victim.exists())
        self.assertIn(self.verb("summarise", run).returncode, (0, 3))

    def test_damaged_attempt_is_named(self):
        run = self.made()
        victim = self.victim(run)
        attempt = victim.with_suffix(".attempt1.json")
        attempt.write_bytes(b"\xff")
        done = self.verb("summarise", run)
        self.assertEqual(1, done.returncode)
        self.assertIn(str(attempt), done.stderr)
        attempt.unlink()
        self.assertIn(self.verb("summarise", run).returncode, (0, 3))

    def test_lost_trial_of_a_complete_run(self):
        run = self.made()
        victim = self.victim(run)
        victim.unlink()
        done = self.verb("summarise", run)
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertIn(victim.name, done.stderr)
        self.assertIn("INCOMPLETE RUN: 1 of 2", done.stdout)
        again = self.pasted(done.stderr)
        self.assertIn(again.returncode, (0, 2, 3), again.stderr)
        self.assertTrue(victim.exists())

    def test_damaged_plan(self):
        run = self.made()
        trials = {p.name: p.read_bytes() for p in run.glob("trials/*.json")}
        for damage in ("cut", "empty", "an array", "another version"):
            with self.subTest(damage=damage):
                plan = run / "run.json"
                plan.write_text(DAMAGES[damage](plan.read_text()))
                for verb in (["summarise", run], ["bench", "--allow-any-build", f"--resume={run}"]):
                    done = self.verb(*verb)
                    self.assertEqual(1, done.returncode, done.stderr)
                    self.assertIn(str(plan), done.stderr)
                again = self.pasted(done.stderr)
                self.assertIn(again.returncode, (0, 2, 3), again.stderr)
                self.assertTrue(json.loads(plan.read_text())["complete"])
                self.assertEqual(trials, {p.name: p.read_bytes()
                                          for p in run.glob("trials/*.json")})

    def test_plan_lost_without_a_copy(self):
        run = self.made()
        (run / "run.json").unlink()
        (run / "start.json").unlink()
        done = self.verb("summarise", run)
        self.assertEqual(1, done.returncode)
        self.assertIn("2 files in trials/", done.stderr)

    def test_run_killed_before_its_first_file(self):
        run = self.results / "20260101T000000Z-0000"
        (run / "trials").mkdir(parents=True)
        done = self.verb("bench", "--allow-any-build", f"--resume={run}")
        self.assertEqual(1, done.returncode)
        self.assertIn("before anything was measured", done.stderr)
        self.assertEqual(0, self.pasted(done.stderr).returncode)
        self.assertFalse(run.exists())

    def listing(self, folder):
        return sorted((str(p.relative_to(folder)), p.lstat().st_mtime_ns)
                      for p in folder.rglob("*"))

    def test_folder_that_is_no_run(self):
        """The folder is left as it was, and no message says to remove it."""
        folder = self.results / "home"
        (folder / "letters").mkdir(parents=True)
        (folder / "log.txt").write_text("half a line")
        (folder / "draft.new").touch()
        (folder / "latest").symlink_to("letters")
        bare, mine, theirs = (self.results / name for name in ("empty", "mine", "theirs"))
        for made in (bare, mine / "trials", theirs / "trials"):
            made.mkdir(parents=True)
        (theirs / "trials" / "notes.txt").touch()
        (mine / "run.json").write_text('{"scripts": {}}')
        (mine / "main.c").touch()
        before = self.listing(self.results)
        for where in (folder, bare, theirs, mine):
            for verb in (["summarise", where], ["bench", "--allow-any-build", f"--resume={where}"]):
                with self.subTest(verb=verb):
                    done = self.verb(*verb)
                    self.assertEqual(1, done.returncode, done.stderr)
                    self.assertNotIn("rm -r", done.stderr)
                    if where != mine:
                        self.assertIn(f"{where} is no run of troika: it has neither run.json "
                                      "nor start.json", done.stderr)
                    self.assertEqual(before, self.listing(self.results))

    def test_current_folder_is_not_offered_for_removal(self):
        run = self.results / "20260101T000000Z-0000"
        (run / "trials").mkdir(parents=True)
        for here in (run, run / "trials"):
            done = subprocess.run([BUILD.resolve() / "troika", "summarise", run], cwd=here,
                                  capture_output=True, text=True, timeout=LIMIT_S)
            self.assertEqual(1, done.returncode)
            self.assertIn("before anything was measured", done.stderr)
            self.assertNotIn("rm -r", done.stderr)

    def test_damaged_start_is_no_remedy(self):
        run = self.made()
        for name in ("run.json", "start.json"):
            (run / name).write_text("{")
        done = self.verb("summarise", run)
        self.assertEqual(1, done.returncode)
        self.assertIn("2 files in trials/", done.stderr)

    def test_renamed_run_keeps_its_name(self):
        run = self.made()
        moved = run.with_name("copy")
        run.rename(moved)
        victim = self.victim(moved)
        victim.unlink()
        done = self.verb("bench", "--allow-any-build", f"--resume={moved}")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertEqual(json.loads((moved / "run.json").read_text())["run_id"],
                         json.loads(victim.read_text())["run_id"])

    def test_copy_of_the_experiment_was_edited(self):
        run = self.made()
        self.victim(run).unlink()
        copy = next(run.glob("experiments/*.ini"))
        whole, stored = copy.read_text(), (run / "run.json").read_text()
        for old, new in ((r"delay *= *\S+", "delay = 50ms"), (r"connections *= *\S+", "connections = 3")):
            with self.subTest(new):
                edited = re.sub(old, new, whole)
                self.assertNotEqual(whole, edited)
                copy.write_text(edited)
                done = self.verb("bench", "--allow-any-build", f"--resume={run}")
                self.assertEqual(1, done.returncode, done.stderr)
                self.assertIn(f"{copy}: the copy of the experiment is not what this run was planned "
                              "from", done.stderr)
                self.assertEqual(stored, (run / "run.json").read_text())
        copy.write_text("# a word more\n" + whole)
        self.assertIn(self.verb("bench", "--allow-any-build", f"--resume={run}").returncode, (0, 3))

    def test_latest_is_a_run_that_was_begun(self):
        """A run that ends at its first instant does not move the link."""
        run = self.made()
        self.end()
        self.start("-o", self.results, self.experiment(models="serial"))
        until = time.monotonic() + 30
        while len(list(self.results.glob("2*"))) < 2 and time.monotonic() < until:
            pass
        self.running.kill()
        self.running.wait(10)
        newest = (self.results / "latest").resolve()
        self.assertTrue((newest / "run.json").exists())
        self.assertIn(newest, [run, *self.results.glob("2*")])
        self.assert_nothing_left()

    def test_folder_removed_while_the_run_goes_on(self):
        self.start("-o", self.results, self.experiment(models="serial", blocks=4))
        self.wait_for_trials(1)
        shutil.rmtree(self.results)
        code, out, err = self.finish()
        self.assertEqual(1, code, err)
        self.assertIn("removed while the run went on", err)
        self.assertNotIn("resume", out + err)
        self.assertNotIn("next:", out)
        self.assert_nothing_left()

    def test_trials_removed_from_a_run(self):
        run = self.made()
        shutil.rmtree(run / "trials")
        done = self.verb("summarise", run)
        self.assertEqual(3, done.returncode, done.stderr)
        self.assert_resumes({})

    def guardian(self):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for pid, _ in self.marked():
                try:
                    name = pathlib.Path(f"/proc/{pid}/comm").read_text()
                except OSError:
                    continue
                if name == "troika-guardian\n":
                    return pid
        self.fail("there is no guardian")

    def test_dead_guardian_is_replaced(self):
        """The new guardian does the work of the old one."""
        self.start("-o", self.results, self.experiment(models="serial", blocks=4))
        self.wait_for_trials(1)
        first = self.guardian()
        os.kill(first, signal.SIGKILL)
        self.wait_for_trials(3)
        self.assertNotEqual(first, self.guardian())
        self.server()
        kept = self.trials()
        self.running.kill()
        self.running.wait(10)
        self.assert_nothing_left()
        self.assertIn("guardian", self.running.stderr.read())
        self.assert_resumes(kept)


if __name__ == "__main__":
    unittest.main()
