#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line: verbs, help, lists, nearest names, exit codes, doctor.

Runs the built program as a person would, and looks at what it prints where
and at its exit code. Also holds docs/experiments.md to the tables that the
checks are made from, and every shipped experiment to the grammar.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release"))
TROIKA = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "troika"
LIMIT_S = 120


def troika(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run([TROIKA, *arguments], capture_output=True, text=True,
                          timeout=LIMIT_S, stdin=subprocess.DEVNULL, cwd="/", env=os.environ | variables)


class Verbs(unittest.TestCase):
    def test_help_names_verbs_and_exit_codes(self):
        done = troika("--help")
        self.assertEqual(0, done.returncode)
        self.assertEqual("", done.stderr)
        for word in ("serve", "list", "doctor", "130", "143", "Exit codes"):
            self.assertIn(word, done.stdout)

    def test_every_verb_has_help(self):
        verbs = [line.split()[0] for line in troika("--help").stdout.splitlines()
                 if line.startswith("  ") and not line.startswith("  troika")]
        self.assertGreaterEqual(len(verbs), 3)
        for verb in verbs:
            with self.subTest(verb=verb):
                done = troika(verb, "--help")
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn("Usage: troika " + verb, done.stdout)
                for line in done.stdout.splitlines():
                    self.assertLessEqual(len(line), 80, line)

    def test_version_says_what_was_built(self):
        done = troika("--version")
        self.assertEqual(0, done.returncode)
        self.assertRegex(done.stdout, r"^troika \S+ \((release|asan|tsan);")

    def test_wrong_usage_exits_2_and_says_so_on_stderr(self):
        for arguments, words in (
                ((), "Usage"),
                (("serv",), "did you mean serve?"),
                (("dcotor",), "did you mean doctor?"),
                (("xyzzy",), "; the nearest are "),
                (("bench", "quick", "extra"), "; the nearest are "),
                (("list", "modells"), "did you mean models?"),
                (("list", "--format", "yaml"), "json"),
                (("list", "--nonsense"), "nonsense"),
                (("doctor", "--format=xml"), "json"),
                (("doctor", "extra"), "Too many arguments"),
                (("summarise", "a", "b"), "2 runs are named, and it takes one: leave out b"),
                (("--versio",), 'unknown option "--versio"; did you mean --version?'),
                (("-x",), "--help, --version"),
                (("serve",), "Usage"),
                (("serve", "event-lop"), "event-loop"),
                (("serve", "../../../bin/sh"), "no model is named")):
            with self.subTest(arguments=arguments):
                done = troika(*arguments)
                self.assertEqual(2, done.returncode)
                self.assertEqual("", done.stdout)
                self.assertIn(words, done.stderr)

    def test_an_unknown_option_is_told_with_the_nearest(self):
        for arguments, words in (
                (("bench", "--bloks", "3"), "'--bloks'; did you mean --blocks?"),
                (("summarise", "--outptu=x"), "'--outptu=x'; did you mean --output?"),
                (("compare", "A", "--treshold", "p99<5ms"), "did you mean --threshold?"),
                (("search", "--dealy=10ms", "serial"), "did you mean --delay?"),
                (("load", "--conections", "3", "http://127.0.0.1:1/"), "did you mean --connections?"),
                (("load", "--concurrency", "3"), "give -c"),
                (("serve", "event-loop", "--prot", "8080"), 'event-loop has no flag "--prot"; did you mean --port?'),
                (("serve", "event-loop", "--port", "0", "--stakc=1MiB"), "did you mean --stack?"),
                (("serve", "event-loop", "--port"), "requires an argument"),
                (("stores", "--hepl"), "did you mean --help?"),
                (("doctor", "--fromat=json"), "did you mean --format?"),
                (("selftest", "--lits"), "did you mean --list?"),
                (("primitives", "--no-stroe"), "did you mean --no-store?"),
                (("list", "--xyzzy"), "'--xyzzy'; there is --"),
                (("bench", "--blocks"), "requires an argument"),
                (("bench", "--w", "3"), "ambiguous")):
            with self.subTest(arguments=arguments):
                done = troika(*arguments)
                self.assertEqual(2, done.returncode)
                self.assertEqual("", done.stdout)
                self.assertIn(words, done.stderr)
        # A word that an option takes, or that stands behind --, is none.
        self.assertEqual(0, troika("bench", "-o", "--bloks", "--models", "serial", "--dry-run", "--allow-any-build",
                                   "quick").returncode)
        self.assertIn('no experiment is named "--bloks"', troika("bench", "--", "--bloks").stderr)

    def test_a_run_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, words in ((("bench", "--resume", "-o", folder), "there is no run yet to go on from; "),
                                     (("summarise", folder + "/x"), "there is no such run")):
                done = troika(*arguments)
                self.assertEqual(1, done.returncode)
                self.assertIn(words, done.stderr)
                self.assertRegex(done.stderr, r"troika bench quick begins one\n$")

    def test_a_misspelt_switch_is_refused_by_all_who_read_it(self):
        """It would change nothing and tell nobody."""
        verbs = (("bench", "--dry-run", "--allow-any-build", "quick"), ("load", "http://127.0.0.1:1/"), ("doctor",),
                 ("search", "serial"), ("selftest", "--list"), ("primitives",))
        for name, value, words in (
                ("TROIKA_METER", "v3", 'TROIKA_METER has no value "v3"; did you mean v'),
                ("TROIKA_METER", "cgroup", 'TROIKA_METER has no value "cgroup"; there is v1, v2, proc'),
                ("TROIKA_URGENCY", "nope", 'TROIKA_URGENCY has no value "nope"; did you mean no?'),
                ("TROIKA_DISABLE_GATE", "steal,clokc",
                 'TROIKA_DISABLE_GATE: no gate is named "clokc"; did you mean clock?')):
            for arguments in verbs:
                with self.subTest(name=name, arguments=arguments):
                    done = troika(*arguments, **{name: value})
                    self.assertEqual(2, done.returncode)
                    self.assertEqual("", done.stdout)
                    self.assertIn(f"troika {arguments[0]}: {words}", done.stderr)
            self.assertEqual(0, troika("list", "models", **{name: value}).returncode)
        for name, value in (("TROIKA_METER", "proc"), ("TROIKA_METER", ""), ("TROIKA_URGENCY", "no"),
                            ("TROIKA_DISABLE_GATE", "steal, clock")):
            self.assertEqual(0, troika(*verbs[0], **{name: value}).returncode)


class Lists(unittest.TestCase):
    def test_json_has_what_the_text_has(self):
        text = troika("list")
        self.assertEqual(0, text.returncode, text.stderr)
        listed = json.loads(troika("list", "--format", "json").stdout)
        self.assertEqual({"models", "workloads", "experiments"}, set(listed))
        for name, kind in listed.items():
            self.assertTrue(kind)
            rows = troika("list", name).stdout
            for thing in kind:
                self.assertRegex(rows, rf"(?m)^  {re.escape(thing['name'])} +\S")
                if not thing["name"].startswith("claims/"):
                    self.assertRegex(text.stdout, rf"(?m)^ .*\b{re.escape(thing['name'])}\b")

    def test_text_is_short_and_narrow(self):
        lines = troika("list").stdout.splitlines()
        self.assertLess(len(lines), 60)
        for words in ((), ("models",), ("workloads",), ("experiments",), ("gates",), ("workloads", "mixed"), ("models", "node")):
            for line in troika("list", *words).stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_all_about_one_thing(self):
        text = troika("list", "workloads", "mixed").stdout
        self.assertTrue(text.startswith("mixed [mixed]: "), text)
        self.assertIn("  delay = 10ms  ", text)
        self.assertIn("source: ", text)
        self.assertIn("trials, ", troika("list", "experiments", "quick").stdout)
        self.assertIn("task: thread", troika("list", "models", "thread-pool").stdout)
        self.assertIn("-> ", troika("list", "gates", "steal").stdout)
        (one,) = json.loads(troika("list", "workloads", "mixed", "--format=json").stdout)["workloads"]
        self.assertEqual("mixed", one["name"])
        wrong = troika("list", "workloads", "mixt")
        self.assertEqual((2, ""), (wrong.returncode, wrong.stdout))
        self.assertIn("did you mean mixed?", wrong.stderr)
        self.assertEqual(2, troika("list", "keys", "delay").returncode)

    def test_models_describe_themselves(self):
        models = json.loads(troika("list", "models", "--format=json").stdout)["models"]
        for model in models:
            with self.subTest(model=model["name"]):
                if not model["available"]:
                    self.assertTrue(model["reason"])
                    continue
                self.assertTrue(model["summary"])
                self.assertIn(model["task"], ("none", "thread", "coroutine", "process", "callback"))
        names = [model["name"] for model in models]
        self.assertEqual(sorted(names), names)
        built = {path.name for path in (TROIKA.parent / "models").iterdir()
                 if path.is_file() and path.suffix != ".d"}
        self.assertLessEqual(built, set(names))

    def test_workloads_have_ranges(self):
        workloads = json.loads(troika("list", "workloads", "--format=json").stdout)
        for workload in workloads["workloads"]:
            self.assertIn(workload["kind"], ("io", "cpu", "mixed", "idle"))
            for parameter in workload["parameters"]:
                self.assertLessEqual({"name", "unit", "default", "minimum", "maximum", "help"},
                                     set(parameter))


FOREIGN = (TROIKA.parent / "models/cpython-threads").exists()


class Experiments(unittest.TestCase):
    def shipped(self):
        """By name; a build with a sanitizer has no foreign models, and so not
        those that have no others."""
        listed = json.loads(troika("list", "experiments", "--format=json").stdout)
        return {one["name"]: one for one in listed["experiments"]
                if FOREIGN or "has no model that can run here: cpython" not in one.get("error", "")}

    def test_every_shipped_one_is_valid(self):
        shipped = self.shipped()
        folder = ROOT / "harness/experiments"
        files = {str(p.relative_to(folder))[:-4] for p in folder.rglob("*.ini")}
        if FOREIGN:
            self.assertEqual(files, set(shipped))
        for name, experiment in shipped.items():
            with self.subTest(experiment=name):
                self.assertNotIn("error", experiment)
                self.assertTrue(experiment["question"].endswith("?"))
                # A soak judges each trial by itself; a claim is held against limits far
                # from its law, and ten minutes hold many of them; constants have
                # intervals of their own, and five minutes hold all of them.
                few = name == "calibrate" or name.startswith("claims/")
                least = 1 if name == "soak" else 3 if few else 6
                self.assertGreaterEqual(experiment["size"]["blocks"], least)

    def test_quick_is_quick(self):
        size = self.shipped()["quick"]["size"]
        self.assertLess(size["load_s"] + 0.35 * size["trials"], 125)

    def test_the_quick_claims_fit_in_ten_minutes(self):
        """By the plan's own reckoning, start and end of the servers counted."""
        if not FOREIGN:
            self.skipTest("the build has no foreign models")
        script = str(ROOT / "reports" / "judge.py")
        listed = subprocess.run(["/usr/bin/python3", script, "--experiments", "--claims", "quick"],
                                stdout=subprocess.PIPE, text=True, timeout=60, check=True)
        done = troika("bench", "--dry-run", "--allow-any-build", *listed.stdout.split())
        plan = done.stdout.splitlines()[-1]
        minutes = re.search(r"about (\d+) min", plan)
        self.assertIsNotNone(minutes, plan)
        self.assertLess(int(minutes[1]), 10, plan)

    def test_each_begins_with_its_question_as_a_comment(self):
        for path in (ROOT / "harness/experiments").glob("*.ini"):
            lines = path.read_text().splitlines()
            self.assertEqual("# SPDX-License-Identifier: MIT", lines[0], path)
            self.assertTrue(lines[1].startswith("# "), path)

    def test_the_page_has_the_tables_of_the_checks(self):
        page = (ROOT / "docs/experiments.md").read_text()
        rows = [line for line in troika("list", "keys").stdout.splitlines()
                if line.startswith("| `")]
        self.assertGreater(len(rows), 20)
        for row in rows:
            self.assertIn(row, page)

    def test_the_page_s_example_is_valid(self):
        page = (ROOT / "docs/experiments.md").read_text()
        example = page.split("```ini\n")[1].split("```")[0]
        if "bench" not in troika("--help").stdout:
            self.skipTest("no bench in this build")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "example.ini"
            path.write_text(example)
            done = troika("bench", "--dry-run", "--allow-any-build", str(path))
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertIn("mixed-c25", done.stdout + done.stderr)

    def test_bench_plans_every_shipped_one(self):
        if "bench" not in troika("--help").stdout:
            self.skipTest("no bench in this build")
        for name, experiment in self.shipped().items():
            with self.subTest(experiment=name):
                done = troika("bench", "--dry-run", "--allow-any-build", name)
                if experiment["size"]["trials"] > 0:
                    self.assertEqual(0, done.returncode, done.stderr)
                else: # what is missing on this machine leaves nothing to be measured
                    self.assertEqual(2, done.returncode)
                    self.assertRegex(done.stderr, r"(package|model) \S+ is (missing|not built)")
                    self.assertIn("every cell was left out", done.stderr)

    def test_bench_refuses_a_bad_file_with_its_line(self):
        if "bench" not in troika("--help").stdout:
            self.skipTest("no bench in this build")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bad.ini"
            path.write_text("[experiment]\nblocks = 6\n[cell a]\nworkload = helo\n")
            done = troika("bench", "--dry-run", str(path))
            self.assertEqual(2, done.returncode)
            self.assertIn(f"{path}:4: ", done.stderr)
            self.assertIn("did you mean hello?", done.stderr)
            done = troika("bench", "--dry-run", "quik")
            self.assertEqual(2, done.returncode)
            self.assertIn("did you mean quick?", done.stderr)

    def test_names_too_long_for_files_are_refused(self):
        """A file's name has 255 bytes, and a name that is cut is another's."""
        def planned(name, cell, target, lists="8"):
            path = pathlib.Path(folder) / f"{name}.ini"
            path.write_text(f"[experiment]\nmodels = {target}\n[target {target}]\ncommand = true\n"
                            f"url = http://127.0.0.1:{{port}}/\n[cell {cell}]\nworkload = wait\n"
                            f"delay = {lists}\nconnections = 1000, 2000\n")
            done = troika("bench", "--dry-run", "--allow-any-build", str(path))
            self.assertEqual("" if done.returncode else done.stdout, done.stdout)
            return done

        with tempfile.TemporaryDirectory() as folder:
            done = planned("e" * 64, "a", "it", "1ms")
            self.assertEqual(2, done.returncode)
            self.assertIn("the file's name has 64 characters without .ini, and results are named by at most 63", done.stderr)
            done = planned("e" * 63, "c" * 39, "t" * 39, f"1.{'0' * 38}ms, 2.{'0' * 38}ms")
            self.assertEqual(2, done.returncode)
            self.assertRegex(done.stderr, r"ini:6: a trial of t{39} at .* would be named with 20\d characters, and at most 200")
            done = planned("e" * 63, "c" * 39, "t" * 39, "1ms, 2ms")
            self.assertEqual(0, done.returncode, done.stderr)
            for line in done.stdout.splitlines()[:-1]:
                self.assertLessEqual(len(line.split()[-1]), 200)


class Doctor(unittest.TestCase):
    def test_it_judges_and_gives_remedies(self):
        done = troika("doctor", "--format", "json")
        self.assertIn(done.returncode, (0, 1))
        said = json.loads(done.stdout)
        healths = {finding["health"] for finding in said["findings"]}
        self.assertLessEqual(healths, {"ok", "warning", "bad"})
        self.assertEqual(1 if "bad" in healths else 0, done.returncode)
        for finding in said["findings"]:
            with self.subTest(finding=finding["name"]):
                self.assertTrue(finding["fact"])
                self.assertEqual(finding["health"] != "ok", bool(finding["remedy"]))
        for key in ("kernel", "cpu_model", "cpus", "governor", "thp", "clocksource",
                    "rlimits", "somaxconn", "compiler", "libc", "tool_version"):
            self.assertIsNotNone(said["environment"][key], key)

    def test_text_has_a_line_for_each_fact(self):
        done = troika("doctor")
        lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
        self.assertGreater(len(lines), 15)
        for line in lines:
            self.assertRegex(line, r"^(ok|warning|bad) ")


class Serve(unittest.TestCase):
    def test_it_becomes_the_server_and_brings_a_backend(self):
        server = subprocess.Popen([TROIKA, "serve", "event-loop", "--port", "0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            ready = json.loads(server.stdout.readline())
            self.assertEqual("event-loop", ready["model"])
            self.assertEqual(server.pid, ready["pid"])
            url = f"http://127.0.0.1:{ready['port']}/fetch?delay=1ms"
            with urllib.request.urlopen(url, timeout=30) as answer:
                self.assertIn(b"delay_ns=1000000", answer.read())
            server.send_signal(signal.SIGTERM)
            _, said = server.communicate(timeout=30)
            self.assertEqual(0, server.returncode)
            self.assertIn("started a backend", said)
        finally:
            server.kill()
            server.communicate(timeout=30)

    def test_flags_go_to_the_model(self):
        done = troika("serve", "event-loop", "--help")
        self.assertEqual(0, done.returncode)
        self.assertIn("--port", done.stdout)
        self.assertEqual("", done.stderr)
        self.assertEqual(2, troika("serve", "event-loop", "--backend", "none",
                                   "--nonsense").returncode)


if __name__ == "__main__":
    unittest.main()
