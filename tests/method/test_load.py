#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The load generator against servers whose behaviour is known exactly.

tests/helpers/faulty.c counts its faults, and the generator's counts must agree.
Exact counts need open loops without a warm-up: every request is then scheduled
in the window and belongs to the result.
"""
import concurrent.futures
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
TROIKA = str(BUILD / "troika")
FAULTY = str(BUILD / "tests/helpers/faulty")
LIMIT_S = 60


class Server:
    """The server `faulty` as a context; `seen` is its own count after it has
    ended."""

    def __enter__(self) -> "Server":
        self.process = subprocess.Popen([FAULTY], stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.seen = None
        return self

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def end(self) -> dict:
        self.process.terminate()
        output, _ = self.process.communicate(timeout=LIMIT_S)
        self.seen = json.loads(output.splitlines()[-1])
        return self.seen

    def wait_until_asked(self) -> None:
        """Waits until the load is running; times are counted from then on."""
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT_S)
        if not ready or not self.process.stdout.readline():
            raise AssertionError("no request came")

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LIMIT_S)
        self.process.stdout.close()


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([TROIKA, "load", "--format", "json", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen) -> tuple[int, dict, str]:
    try:
        output, errors = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, json.loads(output) if output else {}, errors


def load(*arguments: str) -> tuple[int, dict, str]:
    return finish(start(*arguments))


def percentile(histogram: dict, p: float) -> int:
    return next(each["ns"] for each in histogram["percentiles"] if each["p"] == p)


class LoadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.TemporaryDirectory()
        cls.ok = str(pathlib.Path(cls.directory.name) / "ok")
        pathlib.Path(cls.ok).write_text("ok")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.directory.cleanup()

    def identity(self, result: dict) -> None:
        requests = result["requests"]
        parts = [requests[name] for name in
                 ("ok", "wrong", "http_error", "io_error", "timeout")]
        self.assertEqual(requests["scheduled"], sum(parts), requests)
        self.assertEqual(requests["io_error"], sum(result["failures"].values()))


class Faults(LoadTest):
    """Every fault is counted exactly, under its own name."""

    CASES = {  # fault: (where it is counted, every n-th)
        "wrong": ("wrong", 7), "longer": ("wrong", 7), "status": ("http_error", 7),
        "truncate": ("reset", 9),
        "garbage": ("malformed", 9), "binary": ("malformed", 9),
        "hang": ("timeout", 50),
        "interim": ("ok", 3), "bytes": ("ok", 3), "chunked": ("ok", 3),
        "split": ("ok", 1), "until-close": ("ok", 3), "close": ("ok", 1),
    }

    def drive(self, fault: str, every: int) -> tuple[int, dict, dict]:
        with Server() as server:
            code, result, _ = load(
                "-R", "600", "--arrivals", "uniform", "-d", "1s", "--warmup", "0s",
                "--timeout", "2s", "-c", "40", "-t", "2", "--expect", self.ok,
                server.url(f"{fault}?every={every}"))
            return code, result, server.end()

    def check(self, fault: str, code: int, result: dict, seen: dict) -> None:
        where, _ = self.CASES[fault]
        requests = result["requests"]
        self.identity(result)
        self.assertEqual(requests["scheduled"], 600)
        self.assertEqual(seen["requests"], 600)
        found = result["failures"].get(where, requests.get(where))
        expected = 600 if where == "ok" else seen["faults"]
        self.assertEqual(found, expected, result)
        self.assertEqual(requests["ok"], 600 if where == "ok" else 600 - expected)
        self.assertEqual(code, 0 if where == "ok" else 3)
        self.assertEqual(result["valid"], where == "ok")
        self.assertEqual(result["failure"] is None, where == "ok", result["failure"])
        self.assertTrue(result["bodies_compared"])
        if where == "timeout":
            self.assertGreaterEqual(result["latency"]["response"]["max_ns"], 2_000_000_000)

    def test_counts_are_exact(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            runs = {fault: pool.submit(self.drive, fault, every)
                    for fault, (_, every) in self.CASES.items()}
        for fault, run in runs.items():
            with self.subTest(fault=fault):
                self.check(fault, *run.result())

    def test_a_kept_connection_that_ends_between_requests(self) -> None:
        """The request is sent again, and counts as a failure only if that
        attempt is reset too."""
        code, result, seen = self.drive("reset", 9)
        requests = result["requests"]
        self.identity(result)
        self.assertGreater(requests["resent"], 0)
        self.assertEqual(seen["requests"], 600 + requests["resent"])
        self.assertEqual(seen["faults"], requests["resent"] + result["failures"]["reset"])
        self.assertEqual(requests["ok"], 600 - result["failures"]["reset"])
        self.assertEqual(code, 3 if result["failures"]["reset"] else 0)

    def test_closed_loop_counts_what_ended(self) -> None:
        with Server() as server:
            code, result, _ = load("-c", "8", "-d", "700ms", "--warmup", "0s", "--expect",
                                   self.ok, server.url("wrong?every=10&delay=2"))
            seen = server.end()
        self.identity(result)
        self.assertEqual(code, 3)
        self.assertLessEqual(abs(seen["faults"] - result["requests"]["wrong"]), 8)
        self.assertLessEqual(seen["requests"] - result["requests"]["scheduled"], 8)


class Churn(LoadTest):
    def drive(self, *arguments: str) -> tuple[int, dict, dict]:
        with Server() as server:
            code, result, _ = load("--churn", "-c", "8", "-d", "500ms", "--warmup", "100ms",
                                   "--expect", self.ok, *arguments[1:],
                                   server.url(arguments[0]))
            return code, result, server.end()

    def test_a_connection_for_every_request(self) -> None:
        for extra in ([], ["-t", "2"], ["--think", "5ms"]):
            with self.subTest(extra=extra):
                code, result, seen = self.drive("ok?delay=2", *extra)
                self.assertEqual(code, 0, result)
                self.identity(result)
                # The eight of the ramp, and at most eight that never sent a request.
                unasked = seen["connections"] - seen["requests"]
                self.assertGreaterEqual(unasked, 8, seen)
                self.assertLessEqual(unasked, 16, seen)
                latency, ok = result["latency"], result["requests"]["ok"]
                self.assertGreater(ok, 0)
                self.assertEqual(latency["connect"]["count"], ok)
                self.assertGreaterEqual(latency["service"]["mean_ns"],
                                        latency["connect"]["mean_ns"] + 2_000_000)
                self.assertEqual(result["connections"]["open"], 8)

    def test_failures_are_counted(self) -> None:
        code, result, seen = self.drive("reset?every=10&delay=1")
        self.identity(result)
        self.assertEqual(code, 3)
        self.assertGreater(result["failures"]["reset"], 0)
        self.assertEqual(result["failures"]["connect"], 0)
        self.assertGreaterEqual(seen["faults"], result["failures"]["reset"])

    def test_a_timeout_counts_from_connecting(self) -> None:
        code, result, _ = self.drive("hang", "-d", "1s", "--timeout", "200ms")
        self.identity(result)
        self.assertEqual(code, 3)
        self.assertGreater(result["requests"]["timeout"], 0)
        self.assertEqual(result["requests"]["ok"], 0)


class Times(LoadTest):
    def test_a_fixed_delay_is_read_as_it_is(self) -> None:
        with Server() as server:
            for extra in (["-c", "10"], ["-R", "200", "-c", "60", "-t", "2"]):
                with self.subTest(extra=extra):
                    code, result, _ = load(*extra, "-d", "1500ms", "--warmup", "200ms",
                                           server.url("ok?delay=100"))
                    self.assertEqual(code, 0)
                    self.identity(result)
                    service = result["latency"]["service"]
                    self.assertGreaterEqual(percentile(service, 50), 100_000_000)
                    self.assertLess(percentile(service, 50), 180_000_000)
                    flying = (service["count"] * service["mean_ns"] / result["window_ns"])
                    self.assertAlmostEqual(result["connections"]["in_flight_mean"] / flying,
                                           1, delta=0.25)

    def stalled(self, *arguments: str) -> dict:
        """A window of 4 s in which the server is stopped for 1 s."""
        with Server() as server:
            process = start("-d", "4s", "--warmup", "500ms", "--percentiles", "50,90",
                            *arguments, server.url("ok?delay=2"))
            server.wait_until_asked()
            time.sleep(1.2)
            os.kill(server.process.pid, signal.SIGSTOP)
            time.sleep(1)
            os.kill(server.process.pid, signal.SIGCONT)
            code, result, errors = finish(process)
        self.assertEqual(code, 0, errors)
        self.identity(result)
        return result["latency"]

    def test_a_stall_shows_in_full_in_an_open_loop(self) -> None:
        response = self.stalled("-R", "200", "-c", "50")["response"]
        self.assertGreater(response["max_ns"], 900_000_000)
        self.assertGreater(percentile(response, 90), 400_000_000)
        self.assertGreater(response["mean_ns"], 80_000_000)

    def test_a_stall_hides_from_a_closed_loop(self) -> None:
        latency = self.stalled("-c", "4")
        self.assertEqual(latency["kind"], "service")
        self.assertGreater(latency["service"]["max_ns"], 900_000_000)
        self.assertLess(percentile(latency["service"], 90), 100_000_000)

    def test_the_wait_for_a_connection_counts(self) -> None:
        with Server() as server:  # 40 ms each on one connection: 25/s of 50/s
            code, result, _ = load("-R", "50", "--arrivals", "uniform", "-c", "1", "-d", "1s",
                                   "--warmup", "0s", server.url("ok?delay=40"))
            self.assertEqual(code, 0)
        self.identity(result)
        latency = result["latency"]
        self.assertEqual(result["requests"]["ok"], 50)
        self.assertGreater(latency["response"]["max_ns"], 900_000_000)
        self.assertLess(latency["service"]["mean_ns"], 80_000_000)
        self.assertGreater(latency["lag"]["max_ns"], 800_000_000)
        self.assertLess(latency["lag_free"]["count"], 5)

    def test_a_burst_queues_behind_itself(self) -> None:
        with Server() as server:  # bursts of 5 on one connection, 20 ms each
            code, result, _ = load("-R", "10", "--arrivals", "burst:5", "-c", "1", "-d", "2s",
                                   "--warmup", "0s", "--seed", "4", server.url("ok?delay=20"))
        self.assertEqual(code, 0)
        self.identity(result)
        self.assertEqual(result["load"]["arrivals"], "burst:5")
        count = result["requests"]["scheduled"]
        self.assertEqual(count % 5, 0)
        self.assertGreater(count, 0)
        # The last request of each burst waits for four others, the mean request for two.
        self.assertGreaterEqual(result["latency"]["response"]["max_ns"], 99_000_000)
        self.assertGreaterEqual(result["latency"]["response"]["mean_ns"], 59_000_000)

    def test_think_time_is_kept(self) -> None:
        with Server() as server:  # 4 connections, at most 20/s each
            code, result, _ = load("-c", "4", "--think", "50ms", "-d", "1s", "--warmup",
                                   "200ms", server.url("ok"))
        self.assertEqual(code, 0)
        self.assertLessEqual(result["requests"]["ok"], 84)
        self.assertGreater(result["requests"]["ok"], 40)
        self.assertLess(result["connections"]["in_flight_mean"], 2)


class Ends(LoadTest):
    """Whatever the server does, the generator ends on time and says why."""

    def test_a_dead_server_gives_errors_and_no_spin(self) -> None:
        for extra in (["-c", "20"], ["-R", "500", "-c", "20"]):
            with self.subTest(extra=extra), Server() as server:
                began = time.monotonic()
                process = start("-d", "4s", "--warmup", "300ms", "--timeout", "1s", *extra,
                                server.url("ok?delay=5"))
                server.wait_until_asked()
                time.sleep(0.6)
                server.process.kill()
                code, result, _ = finish(process)
                self.assertEqual(code, 3)
                self.identity(result)
                self.assertGreater(result["requests"]["io_error"], 20)
                self.assertGreater(result["failures"]["connect"], 0)
                self.assertLess(result["generator"]["busy"], 0.8)
                self.assertLess(time.monotonic() - began, 15)

    def test_a_server_that_never_answers(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
            port = listener.getsockname()[1]
            code, result, _ = load("-R", "100", "--arrivals", "uniform", "-d", "1s",
                                   "--warmup", "0s", "--timeout", "300ms", "-c", "20",
                                   f"http://127.0.0.1:{port}/")
            self.assertEqual(code, 3)
            self.identity(result)
            self.assertEqual(result["requests"]["timeout"], 100)
            self.assertGreaterEqual(result["latency"]["response"]["mean_ns"], 300_000_000)
            code, result, _ = load("-d", "1s", "--warmup", "0s", "--timeout", "300ms", "-c",
                                   "5", f"http://127.0.0.1:{port}/")
            self.assertEqual(code, 3)
            self.assertGreaterEqual(result["requests"]["timeout"], 5)
            self.assertLessEqual(result["requests"]["timeout"], 15)

    def test_nothing_listens(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            code, result, errors = load(f"http://127.0.0.1:{unused.getsockname()[1]}/")
        self.assertEqual((code, result), (1, {}))
        self.assertIn("Connection refused", errors)

    def test_an_interrupt_prints_what_there_is(self) -> None:
        for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with self.subTest(signal=number), Server() as server:
                process = start("-d", "50s", "--warmup", "100ms", "-R", "100",
                                server.url("ok"))
                server.wait_until_asked()
                time.sleep(1)
                process.send_signal(number)
                code, result, _ = finish(process)
                self.assertEqual(code, expected)
                self.assertFalse(result["complete"])
                self.assertGreater(result["requests"]["ok"], 10)
                self.identity(result)

    def test_no_process_outlives_a_killed_generator(self) -> None:
        with Server() as server:
            process = start("-d", "50s", "-c", "4", "-t", "2", server.url("ok?delay=10"))
            server.wait_until_asked()
            listing = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            workers = listing.read_text().split()
            process.kill()
            process.communicate()
            self.assertEqual(len(workers), 2)
            for _ in range(100):
                left = [w for w in workers if pathlib.Path(f"/proc/{w}").exists()
                        and "Z" != pathlib.Path(f"/proc/{w}/stat").read_text().split()[2]]
                if not left:
                    return
                time.sleep(0.05)
        self.fail(f"processes {left} go on")


class Processes(LoadTest):
    def test_the_schedule_is_the_same_for_any_number(self) -> None:
        counts = []
        with Server() as server:
            for processes in ("1", "2", "3"):
                _, result, _ = load("-R", "400", "-d", "1s", "--warmup", "0s", "--seed", "7",
                                    "-c", "12", "-t", processes, server.url("ok"))
                self.identity(result)
                self.assertEqual(result["generator"]["processes"], int(processes))
                self.assertEqual(result["latency"]["response"]["count"],
                                 result["requests"]["ok"])
                counts.append(result["requests"]["scheduled"])
            seen = server.end()
        self.assertEqual(len(set(counts)), 1, counts)
        self.assertEqual(seen["requests"], sum(counts))

    def test_few_descriptors_mean_more_processes(self) -> None:
        def limited() -> None:
            import resource
            resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))

        with Server() as server:
            command = [TROIKA, "load", "--format", "json", "-c", "150", "-d", "500ms",
                       "--warmup", "100ms", server.url("ok?delay=5")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S,
                                  preexec_fn=limited, check=False)
            result = json.loads(done.stdout)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(result["generator"]["processes"], 3)
            self.assertEqual(result["connections"]["open"], 150)
            done = subprocess.run(command[:5] + ["20000"] + command[6:], text=True,
                                  capture_output=True, timeout=LIMIT_S,
                                  preexec_fn=limited, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("hard limit of open files is 128", done.stderr)


class CommandLine(LoadTest):
    def test_bad_usage_is_refused_in_words(self) -> None:
        url = "http://127.0.0.1:1/"
        for arguments, word in (
                ([], "URL is missing"), (["https://localhost/"], "TLS"),
                ([url, "-d", "10"], "unit"), ([url, "-d", "0s"], "1us to 24h"),
                ([url, "-c", "0"], "1 to"), ([url, "-R", "0"], "over 0"),
                ([url, "-R", "nan"], "over 0"), ([url, "--percentiles", "50,"], "numbers"),
                ([url, "--percentiles", "100"], "below"), ([url, "-H", "bad"], "Name: value"),
                ([url, "-H", "a: b\r\nc: d"], "Name: value"), ([url, url], "one URL"),
                ([url, "--format", "xml"], "--help"), ([url, "--seed", "-1"], "whole"),
                (["http://127.0.0.1:99999/"], "65535"), (["http:///x"], "host"),
                (["http://127.0.0.1:1/a b"], "%20"), (["--check", url + "helo"], "hello"),
                (["--check", url + "hello?size=x"], "size"),
                ([url, "-R", "1", "--think", "1s"], "closed")):
            with self.subTest(arguments=arguments):
                code, _, errors = load(*arguments)
                self.assertEqual(code, 2, errors)
                self.assertIn(word, errors)

    def test_outputs(self) -> None:
        with Server() as server, tempfile.TemporaryDirectory() as directory:
            files = [pathlib.Path(directory) / name for name in ("out", "hgrm")]
            for form, word in (("text", "service time (closed loop)"), ("csv", "metric,value"),
                               ("markdown", "| metric |"), ("json", '"kind": "service"')):
                done = subprocess.run(
                    [TROIKA, "load", "-d", "200ms", "--warmup", "0s", "--format", form, "-o",
                     str(files[0]), "--hgrm", str(files[1]), server.url("ok")],
                    capture_output=True, text=True, timeout=LIMIT_S, check=False)
                self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
                self.assertIn(word, files[0].read_text())
                self.assertIn("TotalCount", files[1].read_text())
            done = subprocess.run([TROIKA, "load", "-d", "100ms", "-R", "100", "--warmup", "0s",
                                   server.url("ok")], capture_output=True, text=True,
                                  timeout=LIMIT_S, check=False)
            self.assertIn("response time (from the intended time)", done.stdout)
            self.assertIn("not compared", done.stdout)


if __name__ == "__main__":
    unittest.main()
