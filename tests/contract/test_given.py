#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a person hands to make, and what make and the program print for one to
paste: every sign reaches the program as it is, and every printed command works.

Nothing is built here: make is told that the program is up to date. Hostile
values would leave a file behind if anything ran them.
"""
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = (ROOT / os.environ.get("TROIKA_BUILD", "build/release")).resolve()
LIMIT_S = 60
VARIABLES = ("A", "ARGS", "B", "CLAIMS", "CPYTHON", "DIR", "MINUTES", "MODEL", "NODE", "PYTHON", "RUN", "TESTS", "URL", "WITHOUT")


def environment(**more):
    """Without what an outer make says to inner ones."""
    inherited = {k: v for k, v in os.environ.items()
                 if k not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", *VARIABLES)
                 and not k.startswith("GIVEN_")}
    return inherited | more


@unittest.skipUnless(BUILD.parent == ROOT / "build" and BUILD.name in ("release", "asan", "tsan"),
                     "make's own builds alone")
class Given(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="given-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.trap = self.folder / "ran"
        # What shells, make and each of their quotes would act on.
        self.hostile = (f"a  b;touch {self.trap}&touch {self.trap}|x `touch {self.trap}` $(touch {self.trap})"
                        f"$(shell touch {self.trap})$(error no)$x$$ ${{y}} ' \" '\\'' \\ \\\\ * ? ~ #z (<>) {{ARGS}} %"
                        f"\nnext -- line")

    def command(self, *words):
        built = ("-o", "all", "-o", f"build/{BUILD.name}/troika", "-o", "build/.deps")
        return ["make", "--no-print-directory", *built, f"VARIANT={BUILD.name}", *words]

    def make(self, *words, **more):
        done = subprocess.run(self.command(*words), cwd=ROOT, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=LIMIT_S, env=environment(**more))
        self.assertFalse(self.trap.exists(), f"{words} was run by a shell or by make")
        return done

    def test_every_variable_arrives_as_it_is(self):
        values = {name: f"{name} {self.hostile}" for name in VARIABLES}
        words = " ".join(f'\\"$$GIVEN_{name}\\"' for name in VARIABLES).replace("\\", "")
        show = ("--eval", f"show: ; @printf '%s\\0' {words}", "show")
        for done in (self.make(*show, *(f"{name}={value}" for name, value in values.items())),
                     self.make(*show, **values)):
            self.assertEqual(list(values.values()), done.stdout.split("\0")[:-1])
            self.assertEqual("", done.stderr)

    def test_they_reach_the_programs(self):
        for words, said in ((("serve", f"MODEL={self.hostile}"), f'no model is named "{self.hostile}"'),
                            (("report", f"RUN={self.hostile}"), f"{self.hostile}: no such run"),
                            (("validation-report", f"DIR={self.hostile}"), "so this is no finished validation"),
                            (("adr", f"RUN={self.hostile}"), f"{self.hostile}: no such run"),
                            (("resume", f"RUN={self.hostile}"), f"opening the run {self.hostile} failed"),
                            (("compare", f"A={self.hostile}", "B=x"), self.hostile[:100]),
                            (("load", f"URL={self.hostile}"), '"' + self.hostile.replace("\n", "?") + '"'),
                            (("list", "ARGS='$(touch x);*'"), "$(touch x);*"),
                            (("claims", f"CLAIMS={self.hostile}"), "no claim is named A  B;TOUCH"),
                            (("-o", "tests", "check", "TESTS='no such;* test' $x"), "no such;* test $x")):
            with self.subTest(words=words):
                done = self.make(*words)
                self.assertNotEqual(0, done.returncode)
                self.assertIn(said, done.stdout + done.stderr)

    def test_a_url_is_asked_for_as_it_was_given(self):
        asked = []

        class Server(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        path = f"/wait?delay=1ms&seed=1;touch${{x}}$(touch)'*(`\\"
        done = self.make("load", f"URL=http://127.0.0.1:{server.server_port}{path}", "ARGS=-c 1 -d 50ms --warmup 0s")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual({path}, set(asked))

    def test_words_of_args_are_parted_by_quotes_alone(self):
        plan = self.make("bench", "ARGS=--dry-run --threshold p99<50ms --threshold 'err<0.1%' --models \"serial\"")
        self.assertEqual(0, plan.returncode, plan.stderr)
        self.assertIn("trials, about", plan.stdout)
        done = self.make("bench", "ARGS=--dry-run 'open")
        self.assertEqual(2, done.returncode)
        self.assertIn("no closing quotation", done.stderr)

    def test_what_is_missing_is_said(self):
        for words, said in ((("load",), "URL= is missing"), (("serve",), "MODEL= is missing, one of: "),
                            (("compare", "A=x"), "B= is missing"), (("search",), "ARGS= is missing")):
            done = self.make(*words)
            self.assertEqual(2, done.returncode)
            self.assertIn(said, done.stderr)

    def test_an_experiment_or_claim_that_does_not_exist(self):
        for words, code, said in ((("bench-quik",), 2, 'no experiment is named "quik"; did you mean quick?'),
                                  (("bench-nonsense",), 2, 'no experiment is named "nonsense"; the nearest are'),
                                  (("bench-a'b;`exit 7`",), 2, "no experiment is named \"a'b;`exit 7`\""),
                                  (("claims", "CLAIMS=C7"), 2, "no claim is named C7; did you mean C07?"),
                                  (("claims", "CLAIMS=17"), 2, "no claim is named 17; did you mean C17?")):
            with self.subTest(words=words):
                done = self.make(*words)
                self.assertEqual(code, done.returncode)
                self.assertIn(said, done.stderr)

    def test_resume_is_no_experiment(self):
        done = self.make("bench", "ARGS=--resume")
        self.assertEqual(2, done.returncode)
        self.assertIn("knows its experiments", done.stderr)
        self.assertRegex(done.stderr, r"(make resume RUN=|--resume=)results/latest")

    # ---- README --------------------------------------------------------------

    def commands(self):
        """The lines of README's blocks that are commands."""
        page = (ROOT / "README.md").read_text()
        lines = [line[4:] for line in page.splitlines() if line.startswith("    ")]
        self.assertGreater(len(lines), 10)
        return lines

    def test_each_line_of_the_readme_s_blocks_can_be_pasted(self):
        """By a dry run of make; a comment behind a command is one to the shell."""
        for line in self.commands():
            with self.subTest(line=line):
                self.assertRegex(line, r"^(make|curl) ")
                shown = subprocess.run(["sh", "-n", "-c", line], capture_output=True, text=True, timeout=LIMIT_S)
                self.assertEqual("", shown.stderr)
                if line.startswith("make "):
                    command = " ".join(self.command("-n", line[5:]))
                    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True,
                                          text=True, timeout=LIMIT_S, env=environment())
                    self.assertEqual(0, done.returncode, done.stderr)

    def test_the_cheap_ones_do_what_they_say(self):
        for line in self.commands():
            words = line.split("#")[0].split()
            if words[1:] in (["help"], ["list"]):
                self.assertEqual(0, self.make(words[1]).returncode)
            elif re.fullmatch(r"make (bench|standard|bench-\w+)", " ".join(words)) and words[1] != "bench-primitives":
                done = self.make(words[1], "ARGS=--dry-run")
                self.assertEqual(0, done.returncode, done.stderr)

    def test_the_server_of_the_readme_answers_its_two_clients(self):
        if BUILD.name != "release":
            self.skipTest("the release build alone")
        lines = self.commands()
        serve = next(line for line in lines if line.startswith("make serve"))
        curl = next(line for line in lines if line.startswith("curl"))
        load = next(line for line in lines if line.startswith("make load"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        quick = " ".join(self.command())
        server = subprocess.Popen(["sh", "-c", "exec " + quick + " " + serve[5:].replace("8080", port)], cwd=ROOT,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  env=environment(), start_new_session=True)
        try:
            ready = server.stdout.readline()
            self.assertIn(port, ready)
            url = re.search(r"'(http[^']+)'", curl)[1].replace("8080", port)
            with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
                self.assertEqual(200, answer.status)
            loaded = subprocess.run(["sh", "-c", quick + " " + load[5:].replace("8080", port).replace("5s", "200ms")],
                                    cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, env=environment())
            self.assertEqual(0, loaded.returncode, loaded.stderr)
        finally:
            os.killpg(server.pid, 15)
            server.communicate(timeout=LIMIT_S)

    # ---- the end -------------------------------------------------------------

    def ends(self, *words, wait=lambda make: make.stdout.readline(), **more):
        """What make and its program said when make alone was told to end; the
        wait is for all who hold their output."""
        make = subprocess.Popen(self.command(*words), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=environment(**more), start_new_session=True)
        try:
            said = wait(make)
            make.terminate()
            out, err = make.communicate(timeout=20)
            return said + out + err
        finally:
            try:
                os.killpg(make.pid, 9)
            except ProcessLookupError:
                pass
            else:
                make.communicate(timeout=LIMIT_S)

    def test_a_signal_to_make_ends_the_server(self):
        for words in (("serve", "MODEL=event-loop", "ARGS=--port 0"),
                      ("serve", "MODEL=thread-pool", "ARGS=--port 0 --backend none")):
            with self.subTest(words=words):
                said = self.ends(*words)
                pid, port = (int(re.search(rf'"{key}": ?(\d+)', said)[1]) for key in ("pid", "port"))
                self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
                with self.assertRaises(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()

    def test_a_signal_to_make_ends_a_run_in_order(self):
        path, results = self.folder / "long.ini", self.folder / "results"
        path.write_text("[experiment]\nmodels = serial\nblocks = 1\n[cell hello]\nworkload = hello\nwindow = 30s\n")

        def begun(make):
            end = time.monotonic() + LIMIT_S
            while not list(results.glob("*/run.json")) and time.monotonic() < end and make.poll() is None:
                time.sleep(0.05)
            return ""

        self.ends("bench", f"ARGS=--allow-any-build --wait-for-quiet 0s -o {results} {path}", wait=begun)
        stored = json.loads(next(results.glob("*/run.json")).read_text())
        self.assertEqual("SIGTERM", stored["interrupted"])


if __name__ == "__main__":
    unittest.main()
