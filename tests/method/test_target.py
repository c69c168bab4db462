#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Targets: servers that do not follow the process contract. The example of
docs/own-service.md runs, faults of a target are reported in words, and no
process is left behind. No peer's package is needed.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
EXAMPLE = ROOT / "docs/own-service"
LIMIT_S = 120
RUNS, WINDOW_NS = 4, 10**9

EXPERIMENT = """[experiment]
models = {models}
blocks = 1
warmup = 50ms
window = 1s
timeout = 5s

[target it]
command = {command}
url = http://127.0.0.1:{{port}}/item
ready_limit = 20s
{more}
[cell here]
workload = hello
connections = 2
"""

# Says where its folder is; answers with its template; each answer differs for
# `changing`, which also leaves a child behind.
SERVER = """import os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
port, config, where, kind = int(sys.argv[1]), *sys.argv[2:5]
open(where, "a").write(os.path.dirname(config) + "\\n")
if kind == "late":
    time.sleep(60)
if kind == "changing" and os.fork() == 0:
    os.setsid()
    time.sleep(600)
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0
    def do_GET(self):
        Handler.count += 1
        body = open(config, "rb").read()
        if kind == "changing" and Handler.count > 2:
            body = body.replace(b"the", b"THE")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
    wbufsize = -1
    disable_nagle_algorithm = True
class Threads(__import__("socketserver").ThreadingMixIn, HTTPServer):
    daemon_threads = True
Threads(("127.0.0.1", port), Handler).serve_forever()
"""

# Gives every request the same answer and closes after a pause; None: never
# answers.
ODD = """import socket, sys, threading, time
answer = {answer!r}
def serve(peer):
    if peer.recv(65536) and answer is None:
        open(sys.path[0] + "/asked", "w").close()
        peer.recv(65536)
    try:
        peer.sendall((answer or "").encode())
    except OSError:
        pass
    time.sleep({pause})
    peer.close()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""


class Target(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="target-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        (self.folder / "server.py").write_text(SERVER)
        (self.folder / "page.in").write_text("the {unknown} {workers}")

    def bench(self, experiment, *arguments):
        return subprocess.run(
            [BUILD / "troika", "bench", "--allow-any-build", "-o",
             self.folder / "results", *arguments, experiment],
            capture_output=True, text=True, timeout=LIMIT_S,
            stdin=subprocess.DEVNULL)

    def write(self, kind="good", models="it", more="", command=None):
        path = self.folder / "it.ini"
        command = command or (f"{sys.executable} {{here}}/server.py {{port}} "
                              f"{{config}} {{here}}/where {kind}")
        path.write_text(EXPERIMENT.format(
            models=models, command=command,
            more="config = page.in\n" + more))
        return path

    def test_the_command_of_the_record_finds_the_target_s_files(self):
        """The run's copy of the experiment is not in the folder of the
        target's files."""
        path = self.write()
        path.write_text(path.read_text() + "[profile]\nname = it\nconcurrency = 2\nlatency_limit = p50<1h\n")
        self.bench(path, "--wait-for-quiet", "0s")
        run = (self.folder / "results/latest").resolve()
        stored = json.loads((run / "run.json").read_text())
        stored["untrusted"] = None  # gates are off for tests
        stored["experiments"][0]["profile"]["cpu_ns"] = next(
            int(row["value"] or 0) for row in stored["summary"] if row["metric"] == "cpu_per_request_ns")
        (run / "run.json").write_text(json.dumps(stored))
        made = subprocess.run([sys.executable, ROOT / "reports/report.py", "--only", "adr", run], capture_output=True,
                              text=True, timeout=LIMIT_S)
        self.assertEqual(0, made.returncode, made.stderr)
        record = next(run.glob("report/adr/*.md")).read_text()
        (command,) = set(re.findall(r"^build/release/troika (bench .*)$", record, re.M))
        self.assertIn(str(run / "experiments/it.ini"), command)
        before = len((self.folder / "where").read_text().splitlines())
        again = subprocess.run(f"{BUILD}/troika {command} --allow-any-build --wait-for-quiet 0s -o {self.folder}/again",
                               shell=True, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
        trial = json.loads(next((self.folder / "again/latest/trials").glob("*.json")).read_text())
        self.assertNotEqual("carried_out", trial["gates"][0]["id"], trial["gates"][0])
        self.assertGreater(len((self.folder / "where").read_text().splitlines()), before, again.stderr)
        stored = json.loads((self.folder / "again/latest/run.json").read_text())
        self.assertEqual(str(self.folder), stored["experiments"][0]["home"])

    @staticmethod
    def answers(trial):
        requests = trial.get("requests") or {}
        return requests.get("ok", 0) + requests.get("wrong", 0)

    def trial(self):
        """The attempt that got furthest."""
        trials = (self.folder / "results/latest/trials").glob("*.json")
        return max((json.loads(path.read_text()) for path in trials),
                   key=self.answers)

    def answered(self, bench):
        """Repeats `bench` until a window has an answer, because real-time
        processes on these CPUs may leave no time for one. The test is skipped
        only if other processes took more than half of the window."""
        for _ in range(RUNS):
            done = bench()
            if self.answers(self.trial()) > 0:
                return done
        machine = self.trial().get("machine") or {}
        if (machine.get("foreign_ns") or 0) > WINDOW_NS / 2:
            self.skipTest("others had the CPUs: no window saw an answer")
        return done

    def run_json(self):
        return json.loads(
            (self.folder / "results/latest/run.json").read_text())

    def assert_cleared(self):
        for folder in (self.folder / "where").read_text().splitlines():
            self.assertFalse(os.path.exists(folder), folder)

    def test_the_example_of_the_page(self):
        done = self.answered(lambda: self.bench(
            EXAMPLE / "my-service.ini", "--blocks", "1", "--models",
            "my-service", "--window", "1s", "--warmup", "110ms"))
        self.assertIn(done.returncode, (0, 3), done.stderr)
        requests = self.trial()["requests"]
        self.assertGreater(requests["ok"], 0)
        self.assertEqual(0, requests["wrong"] + requests["http_error"])
        target = self.run_json()["models"]["my-service"]["target"]
        self.assertIn("Python 3", target["version"])
        self.assertEqual("/item?number=7", target["path"])
        self.assertIsNone(self.trial()["prediction"])

    def test_measured_whole_and_cleared(self):
        path = self.write(more="body = the {unknown} 3\n")
        path.write_text(path.read_text() + "workers.it = 3\n")
        self.answered(lambda: self.bench(path))
        trials = [self.trial()]
        self.assertGreater(trials[0]["requests"]["ok"], 0)
        self.assertEqual(0, trials[0]["requests"]["wrong"])
        self.assertEqual(3, trials[0]["cell"]["workers"])
        # An interpreter is at least some MiB; its own CPU was metered.
        self.assertGreater(trials[0]["memory"]["total_bytes"], 1 << 20)
        self.assertGreater(trials[0]["cpu"]["per_request_ns"], 0)
        clean = [g for g in trials[0]["gates"] if g["id"] == "server_clean"]
        self.assertTrue(clean[0]["ok"], clean)
        self.assert_cleared()
        # The run repeated from its own stored copy.
        folder = (self.folder / "results/latest").resolve()

        def resume():
            for trial in (folder / "trials").glob("*.json"):
                trial.unlink()
            return subprocess.run(
                [BUILD / "troika", "bench", "--allow-any-build", "--resume",
                 folder], capture_output=True, text=True, timeout=LIMIT_S,
                stdin=subprocess.DEVNULL)

        done = self.answered(resume)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertGreater(self.trial()["requests"]["ok"], 0)

    def test_an_answer_that_changes_and_a_child_left_are_seen(self):
        self.answered(lambda: self.bench(self.write("changing")))
        self.assertFalse(self.trial()["valid"])
        self.assertGreater(self.trial()["requests"]["wrong"], 0)
        clean = [g for g in self.trial()["gates"] if g["id"] == "server_clean"]
        self.assertFalse(clean[0]["ok"])
        self.assertIn("left 1 processes behind", clean[0]["words"])
        self.assert_cleared()

    def test_a_killed_harness_leaves_no_folder(self):
        bench = subprocess.Popen(
            [BUILD / "troika", "bench", "--allow-any-build", "-o",
             self.folder / "results", "--window", "60s", self.write()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.addCleanup(bench.kill)
        where = self.folder / "where"
        self.wait_for(lambda: where.exists() and where.read_text())
        bench.kill()
        bench.wait(LIMIT_S)
        self.wait_for(lambda: not any(
            map(os.path.exists, where.read_text().splitlines())))

    def wait_for(self, condition):
        for _ in range(LIMIT_S * 10):
            if condition():
                return
            time.sleep(0.1)
        self.fail("waited in vain")

    def test_another_body_than_expected(self):
        self.bench(self.write(more="body = something else\n"))
        self.assertFalse(self.trial()["valid"])
        self.assertIn("the body is not the expected one", self.trial()["reason"])

    def test_what_was_wrong_with_the_first_answer(self):
        ok = "HTTP/1.1 200 OK\r\nContent-Length: "
        for answer, words in (
                ("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
                 'its status is 404, not 200 to 299: is the path right? (body "gone")'),
                ("HTTP/1.1 304 Not Modified\r\n\r\n", "its status is 304, not 200"),
                ("220 mail.example\r\n", "not HTTP: it does not begin with HTTP/"),
                (ok + "x\r\n\r\n", "not HTTP: "), (ok + "5\r\n\r\nhell", "cut off"),
                (ok + "2\r\n\r\nhello", "bytes after the answer's end"),
                (ok + "2000000\r\n\r\n" + "x" * 2000000, "longer than 1 MiB"),
                ("", "closed without an answer"), (None, "within the timeout")):
            with self.subTest(words=words):
                (self.folder / "odd.py").write_text(ODD.format(answer=answer, pause=0))
                path = self.write(command=f"{sys.executable} {{here}}/odd.py {{port}}")
                path.write_text(path.read_text().replace("timeout = 5s", "timeout = 500ms"))
                done = self.bench(path)
                self.assertIn("cannot be what the others are compared with: ", done.stderr)
                self.assertIn(words, done.stderr)

    def test_any_success_is_one(self):
        for answer in ("HTTP/1.1 204 No Content\r\n\r\n",
                       "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"):
            (self.folder / "odd.py").write_text(ODD.format(answer=answer, pause=0))
            done = self.bench(self.write(command=f"{sys.executable} {{here}}/odd.py {{port}}"))
            self.assertNotIn("cannot be what the others are compared with", done.stderr)
            self.assertGreater(self.trial()["requests"]["ok"], 0)

    def test_a_silent_one_does_not_keep_a_signal_waiting(self):
        (self.folder / "odd.py").write_text(ODD.format(answer=None, pause=0))
        path = self.write(command=f"{sys.executable} {{here}}/odd.py {{port}}")
        path.write_text(path.read_text().replace("timeout = 5s", "timeout = 60s"))
        bench = subprocess.Popen(
            [BUILD / "troika", "bench", "--allow-any-build", "-o",
             self.folder / "results", path], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(bench.kill)
        self.wait_for(lambda: (self.folder / "asked").exists())
        bench.terminate()
        self.assertEqual(143, bench.wait(LIMIT_S // 2))  # of 60 s

    def test_one_that_closes_what_it_should_keep(self):
        """Each request except a connection's first meets the end of the
        connection."""
        answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        (self.folder / "odd.py").write_text(ODD.format(answer=answer, pause=0.005))
        self.answered(lambda: self.bench(self.write(
            command=f"{sys.executable} {{here}}/odd.py {{port}}")))
        trial = self.trial()
        (gate,) = [g for g in trial["gates"] if g["id"] == "resent"]
        self.assertFalse(gate["ok"], gate)
        self.assertGreater(trial["requests"]["resent"], 10)
        self.assertFalse(trial["valid"])
        self.assertIn("requests were sent once more", trial["reason"])

    def test_one_that_ends_or_is_late_or_missing(self):
        done = self.bench(self.write(
            command="sh -c 'echo no such table >&2; exit 3'"))
        self.assertIn("exited with code 3 before it was ready", done.stderr)
        self.assertIn("no such table", done.stderr)
        path = self.write("late")
        path.write_text(path.read_text().replace("20s", "100ms"))
        done = self.bench(path)
        self.assertIn("was not ready within 100 ms", done.stderr)
        done = self.bench(self.write(models="it, null",
                                     command="/no/such/program {port}"),
                          "--dry-run")
        self.assertIn("it is left out: there is no program /no/such/program",
                      done.stderr)
        self.assertIn("null", done.stdout)

    def test_what_a_section_may_not_say(self):
        for old, new, words in (
                ("http://127.0.0.1:{port}", "http://example.org",
                 "must begin with http://127.0.0.1:{port}/"),
                ("url", "uri", "unknown key"),
                ("ready_limit = 20s", "ready = health", "begins with /"),
                ("[target it]", "[target null]", "already"),
                ("[target it]", "[target a b]", "needs a name"),
                ("models = it", "models = its", "did you mean it"),
                ("command =", "prepare =", "has no command")):
            path = self.write()
            path.write_text(path.read_text().replace(old, new))
            done = self.bench(path, "--dry-run")
            self.assertEqual(2, done.returncode, (new, done.stderr))
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
