#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An own service: bench --url and --command with a JSON API whose answers
change, a login, POST, odd framing, and services that cannot be measured, which
a look at them must name within seconds. Gates are off: what is tested is what
is asked, how answers are checked, and what is said.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import gates  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", "build/release"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
TROIKA = BUILD / "troika"
SERVICE = pathlib.Path(__file__).resolve().parent / "own_service.py"
LIMIT_S = 240


class Own(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gates = gates.all_but(TROIKA)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="own-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_troika(self, *arguments, **variables):
        return subprocess.run([TROIKA, *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL, cwd=self.folder,
                              env={**os.environ, "TROIKA_DISABLE_GATE": self.gates, **variables})

    def bench(self, *arguments, probe=False, connections=8, **variables):
        """`probe`: wait and model are to be found, which takes its time."""
        known = () if probe or "--model" in arguments else ("--wait", "100us", "--model", "thread-per-connection")
        return self.run_troika("bench", *known, "--blocks", "1", "--window", "300ms", "--warmup", "100ms", "-c", connections,
                               "--wait-for-quiet", "0s", "--allow-any-build", "-o", self.folder / "results", *arguments,
                               **variables)

    def command(self, flaw=""):
        return f"{sys.executable} {SERVICE} {{port}} {flaw}".strip()

    def started(self, *arguments, **variables):
        return self.bench("--command", self.command(), *arguments, **variables)

    def running(self):
        """The URL of a service that runs already, and its process."""
        process = subprocess.Popen([sys.executable, SERVICE, "0", "told"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return f"http://127.0.0.1:{int(process.stdout.readline())}", process

    def trial(self, model="yours"):
        """The last trial of a model in the newest run."""
        trials = [json.loads(path.read_text()) for path in (self.folder / "results/latest/trials").glob("*.json")]
        return max((t for t in trials if t["cell"]["model"] == model), key=lambda t: t["attempt"])

    def served(self, done, check):
        """The service was measured: answers were right, by this check."""
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertIn(f"check = {check}", done.stderr)
        self.assertRegex(done.stdout.strip().splitlines()[-1], r"^yours [\d,.]+/s; .*/s; ")
        requests = self.trial()["requests"]
        self.assertGreater(requests["ok"], 0)
        self.assertEqual(0, requests["wrong"] + requests["http_error"] + requests["io_error"])
        return requests

    def refused(self, done, *words, code=1):
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual("", done.stdout)

    ITEM = "ignore $.at, $.id, $.parts[*].id"

    def test_a_date_and_an_id_are_left_out_of_the_check(self):
        done = self.started("--path", "/item", probe=True)
        requests = self.served(done, self.ITEM)
        self.assertGreater(requests["checked"], 0)
        self.assertIn("its model: thread-per-connection", done.stderr)

    def test_a_service_that_runs_already_is_metered_and_left_running(self):
        url, process = self.running()
        done = self.bench("--url", url + "/item", probe=True)
        self.served(done, self.ITEM)
        self.assertIsNone(process.poll())
        trial = self.trial()
        self.assertGreater(trial["cpu"]["per_request_ns"], 0)
        self.assertGreater(trial["memory"]["total_bytes"], 0)

    def test_equal_bodies_are_compared_and_others_have_a_status(self):
        url, _ = self.running()
        for path, check in (("/same", "body"), ("/page", "status")):
            with self.subTest(path=path):
                requests = self.served(self.bench("--url", url + path), check)
                self.assertNotIn("checked", requests)

    def test_several_urls_come_by_their_weights(self):
        url, _ = self.running()
        done = self.bench("--url", url + "/item 3", "--url", "/same", "--url", "POST /echo", "--body", "a=b")
        self.refused(done, "POST /item", "404")
        url, _ = self.running()
        done = self.bench("--url", f"GET {url}/item 3", "--url", "GET /same", "--url", "POST /echo", "--body", "a=b")
        self.served(done, self.ITEM)
        with urllib.request.urlopen(url + "/asked", timeout=10) as answer:
            asked = json.load(answer)
        self.assertAlmostEqual(3, asked["/item"] / asked["/same"], delta=0.5)

    def test_chunks_interim_answers_and_closed_connections(self):
        url, _ = self.running()
        for path in ("/chunked", "/interim", "/close"):
            with self.subTest(path=path):
                done = self.bench("--url", url + path)
                self.served(done, self.ITEM)
                self.assertEqual(path == "/close", "closes the connection" in done.stderr)

    def test_a_login_gives_a_token(self):
        url, _ = self.running()
        done = self.bench("--url", url + "/private", "--login", "/login", "--login-body",
                          '{"password":"{env:PASSWORD}"}', "--token", "$.data.token", PASSWORD="s3cret")
        self.served(done, self.ITEM)
        self.assertIn("the token is in $.data.token", done.stderr)
        self.assertNotIn("s3cret", "".join(p.read_text() for p in (self.folder / "results/latest").rglob("*.*") if p.is_file()))
        self.served(self.bench("--url", url + "/cookied", "--login", "/session", "--token", "cookie sid"), self.ITEM)

    def test_a_secret_that_an_answer_repeats_is_not_stored(self):
        url, _ = self.running()
        done = self.bench("--url", url + "/reflect", "-H", "Authorization: {env:SECRET}", "--check", "~nevermatches",
                          SECRET="sesame-0815")
        stored = "".join(p.read_text() for p in (self.folder / "results").rglob("*.*") if p.is_file())
        self.assertNotIn("sesame-0815", stored + done.stdout + done.stderr)
        self.assertIn("***********", stored + done.stderr)

    def test_a_login_that_fails_is_named(self):
        url, _ = self.running()
        self.refused(self.bench("--url", url + "/private", "--login", "/login", "--login-body", '{"password":"?"}'),
                     "the login /login answered 401", "wrong password")
        self.refused(self.bench("--url", url + "/private", "--login", "/login", "--login-body",
                                '{"password":"s3cret"}'), "no token that is known", "$.member")
        self.refused(self.bench("--url", url + "/private", "-H", "Authorization: {env:NO_SUCH_VARIABLE}"),
                     "no such variable", code=2)
        self.refused(self.bench("--url", url + "/private", "-H", "Authorization: {env:}"), "{env:NAME} wants the name", code=2)

    def test_a_body_from_a_string_or_a_file(self):
        url, _ = self.running()
        (self.folder / "order.json").write_text('{"order":[1,2]}')
        for body in (("--body", '{"order":[1,2]}'), ("--body-file", "order.json")):
            with self.subTest(body=body):
                self.served(self.bench("--url", url + "/json", *body), "ignore $.made")

    def test_what_is_wrong_is_said_before_a_run(self):
        url, _ = self.running()
        for path, words in (("/nowhere", ("404", "is the path right?")), ("/private", ("401", "token")),
                            ("/moved", ("302", "redirects")), ("/broken", ("500", "its log"))):
            with self.subTest(path=path):
                self.refused(self.bench("--url", url + path), *words)
        self.refused(self.bench("--url", url + "/json", "--body", "x", "-H", "Content-Type: text/plain"), "415")
        self.refused(self.bench("--url", "http://127.0.0.1:9/"), "nothing listens")
        for flaw, words in (("elsewhere", ("nothing listens on", "did the command use {port}?")),
                            ("ends", ("exited with code 1", "no configuration")),
                            ("other", ("not HTTP",)), ("tls", ("speaks TLS",))):
            with self.subTest(flaw=flaw):
                self.refused(self.bench("--command", self.command(flaw), "--path", "/item"), *words)

    def test_a_service_may_be_slow_to_listen(self):
        done = self.bench("--command", self.command("slow"), "--path", "/same")
        self.served(done, "body")

    def test_an_answer_that_changes_later_is_named(self):
        done = self.started("--path", "/late")
        self.assertEqual(3, done.returncode, done.stdout)
        self.assertGreater(self.trial()["requests"]["wrong"], 0)

    def test_a_check_that_is_asked_for_counts(self):
        url, _ = self.running()
        self.served(self.bench("--url", url + "/item", "--check", '~"price": ?12'), '~"price": ?12, as asked for')
        self.refused(self.bench("--url", url + "/item", "--check", "bodies"), "is no check", code=2)

    def test_a_check_that_an_answer_breaks_is_told_in_the_look(self):
        url, _ = self.running()
        for path, check, words in (
                ("/same", "~hullo", ("the first answer of /same", "does not match hullo", 'begins "hello"', "leave --check out")),
                ("/odd", "~x", (r'begins "na\x01me \xc3\xa9"',)),
                ("/same", "ignore $.at", ("no JSON",)), ("/item", "ignore $.when", ("it has no $.when",)),
                ("/item", "ignore $.at", ("the second answer of /item", "$.id is ")),
                ("/page", "body", ("the second answer of /page", "it differs from the first"))):
            with self.subTest(path=path, check=check):
                self.refused(self.bench("--url", url + path, "--check", check), "--check does not hold", *words)
        self.refused(self.bench("--url", url + "/reflect", "-H", "Authorization: {env:SECRET}", "--check", "~never",
                                SECRET="sesame-0815"), 'begins "***********')

    def test_what_the_look_contradicts_is_refused(self):
        url, _ = self.running()
        for words, said in ((("--wait", "1s", "--model", "event-loop"), r"--wait 1.00 s: a whole request .* took [\d.]+ [mu]s in"),
                            (("--wait", "1s"), "leave --wait out"),
                            (("--wait", "0s", "--model", "event-loop", "--cpu", "1s"), r"--cpu 1.00 s: .* used [\d.]+ [mu]s of CPU")):
            with self.subTest(words=words):
                done = self.bench("--url", url + "/same", *words, probe=True)
                self.refused(done, code=2)
                self.assertRegex(done.stderr, said)
        done = self.bench("--url", url + "/same", "--model", "serial", "--wait", "0s", "--cpu", "1us", connections=16)
        self.assertIn("warning: --model serial, but the look saw thread-per-connection", done.stderr)

    def test_a_body_that_waits_for_an_acknowledgement_is_told(self):
        done = self.bench("--command", self.command("apart"), "--path", "/same")
        self.served(done, "body")
        self.assertRegex(done.stdout, r"; \d[\d.]+ ms of each request pass because it writes .* apart.*TCP_NODELAY")
        self.assertNotIn("TCP_NODELAY", (prompt := self.started("--path", "/same")).stdout + prompt.stderr)

    def test_a_limit_is_judged_for_the_service_alone(self):
        url, _ = self.running()
        done = self.bench("--url", url + "/same", "--threshold", "mem<4MiB", "--threshold", "rps>1", "--seed", "7")
        self.assertEqual(4, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"threshold mem<4MiB: NOT MET \(yours [\d.]+ MiB\)\nthreshold rps>1: met\n")
        run = json.loads((self.folder / "results/latest/run.json").read_text())
        self.assertEqual(7, run["seed"])
        self.assertEqual([("yours", ["yours"]), ("yours", [])],
                         [(t["model"], [c["model"] for c in t["missed"]]) for t in run["thresholds"]])
        again = self.run_troika("summarise", self.folder / "results/latest")
        self.assertEqual(4, again.returncode)
        self.assertIn("in 1 of 1 cells", again.stdout)

    def test_blocks_are_added(self):
        url, _ = self.running()
        done = self.bench("--url", url + "/same", "--until", "99%", "--max-blocks", "9")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertRegex(done.stdout, r"\n±99 % (NOT )?reached in [89] blocks")

    def test_a_resumed_run_lacks_a_variable(self):
        url, _ = self.running()
        self.bench("--url", url + "/reflect", "-H", "Authorization: {env:SECRET}", "--check", "status", SECRET="sesame-0815")
        done = self.run_troika("bench", "--resume", self.folder / "results/latest", "--allow-any-build")
        self.refused(done, "{env:SECRET}: there is no such variable", "export SECRET=", code=2)

    def test_wrong_usage(self):
        for arguments, words in ((("--url", "https://127.0.0.1/"), "TLS"),
                                 (("--url", "ftp://h/"), "must begin with"),
                                 (("--url", "http://127.0.0.1:70000/"), "port"),
                                 (("--url", "/x"), "must begin with"),
                                 (("--url", "http://127.0.0.1:1/ 0"), "weight"),
                                 (("--url", "http://127.0.0.1:1/", "-H", "x"), "not a header"),
                                 (("--url", "http://127.0.0.1:1/", "--body", "a #b"), "--body-file"),
                                 (("--url", "http://127.0.0.1:1/", "--model", "threads"), "no model"),
                                 (("--url", "http://127.0.0.1:1/", "quick"), "not both"),
                                 (("--path", "/x", "--token", "$.a"), "--login")):
            with self.subTest(arguments=arguments):
                self.refused(self.bench(*arguments), words, code=2)

    def test_a_file_is_written_that_bench_reads(self):
        done = self.run_troika("target", "init", "--command", self.command(), "--path", "/item", "-c", "8",
                               "-o", "mine.ini")
        self.assertEqual(0, done.returncode, done.stderr)
        text = (self.folder / "mine.ini").read_text()
        self.assertIn("check = " + self.ITEM, text)
        done = self.run_troika("bench", "--dry-run", "mine.ini")
        self.assertEqual(0, done.returncode, done.stderr)
        again = self.run_troika("target", "init", "--command", self.command(), "--path", "/item", "-o", "mine.ini")
        self.assertEqual(1, again.returncode)
        self.assertIn("File exists", again.stderr)

    def test_ctrl_c_ends_it_and_leaves_nothing(self):
        mark = f"OWN_TEST_MARK={os.getpid()}"
        process = subprocess.Popen([TROIKA, "bench", "--allow-any-build", "-o", str(self.folder / "results"), "--command",
                                    self.command(), "--path", "/item"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder,
                                   env={**os.environ, "OWN_TEST_MARK": str(os.getpid())}, start_new_session=True)
        self.addCleanup(process.kill)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        self.assertEqual(130, process.returncode)
        if list((self.folder / "results").glob("*/run.json")):  # it had begun
            self.assertRegex(said, r"interrupted; .*go on with: .*resume")
        deadline = time.monotonic() + 10  # the guardian ends last
        while (left := self.marked(mark)) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual([], left)

    @staticmethod
    def marked(mark):
        """Command lines of the processes that have the mark in their environment."""
        left = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark.encode() in entry.read_bytes().split(b"\0"):
                    left.append((entry.parent / "cmdline").read_text())
            except OSError:
                pass
        return left

    @unittest.skipUnless(shutil.which("node"), "there is no node")
    def test_a_service_in_node(self):
        script = SERVICE.with_suffix(".js")
        done = self.bench("--command", f"node {script}", "--path", "/x", probe=True, connections=32)
        self.served(done, "ignore $.at, $.id")
        # A busy machine may hide that more requests are served at once than there are threads.
        self.assertRegex(done.stderr, "its model: event-loop|its model cannot be told")


if __name__ == "__main__":
    unittest.main()
