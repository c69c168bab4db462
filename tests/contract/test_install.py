#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make install: everything works from an empty folder of somebody who may not
write to what is installed."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 300
TINY = """[experiment]
title = Tiny
question = Does it run?
models = serial, event-loop
blocks = 2
warmup = 50ms
window = 200ms

[cell hello]
workload = hello
connections = 2
"""


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.place)
        cls.place.chmod(0o755)
        # Not by make, which might build what other tests are running.
        done = subprocess.run(["sh", "harness/install.sh", BUILD, cls.place, "/usr"], cwd=ROOT, capture_output=True, text=True,
                              timeout=LIMIT_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        cls.troika = cls.place / "usr/bin/troika"
        for folder in (cls.place / "usr/lib/troika").rglob("*"):
            if folder.is_dir():
                folder.chmod(0o555)

    @classmethod
    def tearDownClass(cls):
        for folder in (cls.place / "usr/lib/troika").rglob("*"):
            if folder.is_dir():
                folder.chmod(0o755)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o777)

    def run_there(self, *words: str, code: int | tuple = 0, gates: bool = False, stream: str = "stdout") -> str:
        """As nobody, where root runs the tests. With `gates`, all of them are on."""
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        env = os.environ | {"HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        if gates:
            env.pop("TROIKA_DISABLE_GATE", None)
        done = subprocess.run([self.troika, *words], cwd=self.folder, capture_output=True, text=True, timeout=LIMIT_S,
                              check=False, env=env, **user)
        self.assertIn(done.returncode, code if isinstance(code, tuple) else (code,), done.stdout + done.stderr)
        return getattr(done, stream)

    def test_it_finds_what_it_reads(self):
        found = json.loads(self.run_there("list", "--format", "json"))
        self.assertIn("event-loop", {m["name"] for m in found["models"]})
        self.assertIn("quick", {e["name"] for e in found["experiments"]})
        self.assertIn("none of them fits", self.run_there("decide", "crud", "--requests=1k"))

    def test_a_run_and_its_report(self):
        (self.folder / "tiny.ini").write_text(TINY)
        self.run_there("bench", "--wait-for-quiet=0s", "tiny.ini", code=(0, 3))  # 3: where gates are switched off, or the machine is busy
        self.assertTrue((self.folder / "results/latest/run.json").exists())
        self.run_there("report", code=(0, 3))
        page = (self.folder / "results/latest/report/index.html").read_text()
        self.assertIn("event-loop", page)

    def test_a_claim(self):
        """No claim is judged by a run without gates; 3: not every trial is valid."""
        said = self.run_there("claims", "C07", "--blocks=2", "--wait-for-quiet=0s", code=(0, 3), gates=True)
        self.assertIn("C07", said)
        page, = self.folder.glob("results/claims-*/claims.html")
        self.assertIn("C07", page.read_text())
        shutil.rmtree(page.parent)
        self.assertIn("C07", self.run_there("claims", "--from=results/latest", "C07", code=(0, 3), gates=True))
        self.assertEqual(1, len(list(self.folder.glob("results/claims-*/claims.html"))))
        self.run_there("claims", "--from=results/none", "C07", code=1)

    def test_a_map_and_its_page(self):
        said = self.run_there("map", "crud", "--requests=1k", "--points=3", "-o", "map", stream="stderr")
        self.assertIn(f"the page: {self.troika} report map\n", said)
        self.run_there("report", "map")
        self.assertIn("<svg", (self.folder / "map/index.html").read_text())
        self.run_there("report", "--verify", "map", code=2)

    def test_a_decision_and_its_record(self):
        said = self.run_there("decide", "crud", "--requests=1k", "-o", "adr/crud", stream="stderr")
        self.assertIn(f"the record: {self.troika} record adr/crud\n", said)
        self.run_there("record", "adr/crud")
        self.assertIn("agree", self.run_there("record", "--verify", "adr/crud"))
        path = self.folder / "adr/crud/machine.json"
        path.chmod(0o666)
        path.write_text(path.read_text() + " ")
        self.run_there("record", "--verify", "adr/crud", code=4)

    def shell(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=self.folder,
                              env=os.environ | {"PATH": f"{self.troika.parent}:{os.environ['PATH']}", "HOME": str(self.folder)})
        self.assertEqual("", done.stderr)
        return done.stdout

    def bash(self, *words: str) -> set:
        script = self.place / "usr/share/bash-completion/completions/troika"
        quoted = " ".join(f"'{w}'" for w in words)
        return set(self.shell("bash", "-c", f'source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _troika; '
                                            'printf "%s\\n" "${COMPREPLY[@]}"').split())

    def fish(self, *words: str) -> set:
        script = self.place / "usr/share/fish/vendor_completions.d/troika.fish"
        told = self.shell("fish", "--no-config", "-c", f"source {script}; complete -C '{' '.join(words)}'")
        return {line.split("\t")[0] for line in told.splitlines()}

    def zsh(self, *words: str) -> set:
        """What the script offers: compadd and _describe are the only ways by which it does."""
        script = self.place / "usr/share/zsh/site-functions/_troika"
        offer = "_describe() { print -l ${(P)2%%:*} }; _files() { print -r -- files $@ }; compset() { : }; compadd() { shift; for w; do [[ $w == $PREFIX* ]] && print -r -- $w; done; true }"
        line = f"{offer}; f() {{ CURRENT={len(words)} PREFIX='{words[-1]}'; words=({' '.join(words[:-1])} '{words[-1]}'); {script.read_text()} }}; f"
        found = set(self.shell("zsh", "-f", "-c", line).split())
        return {word for word in found if word.startswith(words[-1])}

    def check_completion(self, complete):
        self.assertEqual({"predict", "primitives", "probe"}, complete("troika", "pr"))
        self.assertLessEqual({"--wait=", "--wait-for-quiet="}, complete("troika", "decide", "--wai"))
        self.assertIn("crud", complete("troika", "decide", "cru"))
        self.assertIn("quick", complete("troika", "bench", "qui"))
        self.assertLessEqual({"C07", "C31"}, complete("troika", "claims", "C"))
        # The values of a flag, from its row of the verb's table.
        self.assertEqual({"text", "json", "markdown"}, complete("troika", "decide", "--format", ""))
        self.assertEqual({"markdown"}, complete("troika", "size", "-f", "m"))
        self.assertEqual({"text", "json"}, complete("troika", "doctor", "-f", ""))
        self.assertEqual({"c", "cpython"}, complete("troika", "decide", "crud", "--language", "c"))
        self.assertEqual({"wait"}, complete("troika", "search", "event-loop", "--workload", "wai"))
        self.assertEqual({"serial,thread-per-connection", "serial,thread-per-request"},
                         complete("troika", "bench", "quick", "--models", "serial,thread-per-"))
        self.assertEqual({"event-loop", "event-loop-offload", "event-loop-per-core"},
                         complete("troika", "bench", "--command", "x", "--model", "event"))
        self.assertEqual({"status"}, complete("troika", "bench", "--url", "http://h/", "--check", "s"))
        self.assertLessEqual({"crud"}, complete("troika", "decide", "-q", "cru"))  # a flag without a value
        self.assertEqual(set(), complete("troika", "bench", "--duration", "quic"))  # a time is no experiment

    def test_bash(self):
        self.check_completion(self.bash)
        self.assertEqual({"json"}, self.bash("troika", "decide", "--format", "=", "js"))
        self.assertEqual({"text", "json", "markdown"}, self.bash("troika", "decide", "--format", "="))
        (self.folder / "profiles").mkdir()
        (self.folder / "profile.ini").write_text("")
        self.assertEqual({"profiles", "profile.ini"}, self.bash("troika", "decide", "--profile", "prof"))
        self.assertEqual({"profiles"}, self.bash("troika", "bench", "-o", "prof"))

    @unittest.skipUnless(shutil.which("fish"), "fish is missing")
    def test_fish(self):
        self.check_completion(self.fish)
        self.assertEqual({"--format=json"}, self.fish("troika", "decide", "--format=js"))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is missing")
    def test_zsh(self):
        self.check_completion(self.zsh)
        self.assertEqual({"--format=json"}, self.zsh("troika", "decide", "--format=js"))
        self.assertEqual({"files"}, self.zsh("troika", "decide", "--profile", ""))
        self.assertEqual({"files", "-/"}, self.zsh("troika", "bench", "-o", ""))

    def test_completion_has_every_verb_and_flag(self):
        verbs = self.bash("troika", "")
        table = (ROOT / "harness/verbs/main.c").read_text()
        self.assertEqual(set(re.findall(r'\{"([a-z]+)", verb_', table)), verbs)
        for verb in sorted(verbs - {"serve"}):
            told = set(re.findall(r"--[a-z][a-z-]*", self.run_there(verb, "--help")))
            self.assertEqual(told, {flag.rstrip("=") for flag in self.bash("troika", verb, "--")}, verb)

    @unittest.skipUnless(shutil.which("help2man"), "help2man is missing (make deps-install)")
    def test_manual_pages(self):
        subprocess.run(["sh", "harness/man.sh", ROOT / BUILD / "troika", self.folder / "man", "v1"], cwd=ROOT, capture_output=True,
                       timeout=LIMIT_S, check=True)
        pages = {p.stem for p in (self.folder / "man").glob("*.1")}
        self.assertLessEqual({"troika", "troika-decide", "troika-bench", "troika-load", "troika-report", "troika-claims"}, pages)
        text = (self.folder / "man/troika-decide.1").read_text()
        self.assertIn("\\-\\-measure", text)
        self.assertIn("troika-decide \\- which model", text)

    def test_it_goes_away(self):
        """And nothing else, whatever the folder is called."""
        other = self.folder / "a b"
        (other / "usr/bin").mkdir(parents=True)
        (other / "usr/bin/mine").write_text("")
        for words in ((BUILD,), ("--uninstall",)):
            subprocess.run(["sh", "harness/install.sh", *words, other, "/usr"], cwd=ROOT, capture_output=True, timeout=LIMIT_S,
                           check=True)
        self.assertEqual(["mine"], [p.name for p in other.rglob("*") if p.is_file() or p.is_symlink()])
        for prefix in ("", "usr"):
            done = subprocess.run(["sh", "harness/install.sh", "--uninstall", other, prefix], cwd=ROOT, capture_output=True, text=True,
                                  timeout=LIMIT_S, check=False)
            self.assertEqual(2, done.returncode)
            self.assertIn("not absolute", done.stderr)


if __name__ == "__main__":
    unittest.main()
