#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika probe without a clock: three numbers, and access logs of services of
known wait, CPU time and places. The logs are made up, so every figure is exact.
"""
import datetime
import heapq
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import unittest

from test_forecast import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TROIKA_BUILD", "build/release")
LIMIT_S = 120
START_S = 1_700_000_040  # a whole minute
MS = 0.001


def probe(*words: str, text: bytes | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([str(BUILD / "troika"), "probe", *words], capture_output=True, timeout=LIMIT_S, check=False,
                          input=text)


def served(arrivals, places: int, wait_s: float, cpu_s: float, front: bool):
    """(end, time) of requests that come at these instants, first come first served: `places` of them at once, each for
    wait + CPU; in a loop (places 0) the waits side by side and the CPU one after another. The log is that of the
    worker, or in front of the queue."""
    free, rows = [0.0] * max(places, 1), []
    for at in arrivals:
        begin = max(at + (0 if places else wait_s), heapq.heappop(free))
        end = begin + cpu_s + (wait_s if places else 0)
        heapq.heappush(free, end)
        rows.append((end, end - (at if front or not places else begin)))
    return rows


def quiet_then_full(places: int, wait_s: float, cpu_s: float, quiet_per_s: float, front: bool = False):
    """100 s of lone requests, then 100 s at full rate, behind a queue of 16 that builds up at the begin."""
    rows = served([i / quiet_per_s for i in range(int(100 * quiet_per_s))], places, wait_s, cpu_s, front)
    per_s = places / (wait_s + cpu_s) if places else 1 / cpu_s
    arrivals = [101 + (i if i < 16 else 16 + (i - 16) / 2 if i < 48 else i - 16) / per_s
                for i in range(int(100 * per_s))]
    return rows + served(arrivals, places, wait_s, cpu_s, front)


def nginx(rows, upstream_s=None, size=512) -> bytes:
    lines = (f"{START_S + end:.6f} {time:.6f} {'-' if upstream_s is None else f'{upstream_s:.6f}'} {size}\n"
             for end, time in sorted(rows))
    return "".join(lines).encode()


class Probing(unittest.TestCase):
    def answer(self, *words: str, text: bytes | None = None) -> dict:
        done = probe("--format=json", *words, text=text)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        return json.loads(done.stdout)

    def facts(self, *words: str, text: bytes | None = None) -> dict:
        return self.answer(*words, text=text)["facts"]

    def log(self, text: bytes, *words: str) -> dict:
        return self.facts("--log=-", *words, text=text)

    def refused(self, words: str, code: int, *flags: str, text: bytes | None = None) -> None:
        done = probe(*flags, text=text)
        self.assertEqual((code, b""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(words, " ".join(done.stderr.decode().split()))

    def near(self, expected: float, got: float, share: float = 0.05) -> None:
        self.assertLessEqual(abs(got / expected - 1), share, f"{got} is not {expected}")


class Numbers(Probing):
    WORDS = ("--rate=300", "--response=42ms", "--busy=35%", "--cores=2")

    def test_arithmetic(self):
        done = probe(*self.WORDS)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        said = done.stdout.decode()
        self.assertIn("35 % x 2 / 300/s = 2.33 ms", said)
        self.assertIn("42.0 ms - 2.33 ms = 39.7 ms", said)
        self.assertRegex(said, r"\[profile\]\n# probed from three numbers\nwait = 39\.67ms  # probed: .*\ncpu = 2\.333ms  # ")
        facts = self.facts(*self.WORDS)
        self.near(0.35 * 2 / 300 * 1e9, facts["cpu_ns"], 1e-9)
        self.near(42e6 - 0.35 * 2 / 300 * 1e9, facts["wait_ns"], 1e-9)
        self.near(300 * 0.042, facts["in_flight"], 1e-9)

    def test_predict_reads_the_profile(self):
        with tempfile.TemporaryDirectory() as folder:
            profile, constants = pathlib.Path(folder, "it.ini"), pathlib.Path(folder, "machine.json")
            constants.write_text(json.dumps(machine()))
            self.assertEqual(0, probe(*self.WORDS, f"--output={profile}").returncode)
            done = subprocess.run([str(BUILD / "troika"), "predict", f"--machine={constants}", "--validation=none",
                                   "--laws", str(profile)], capture_output=True, text=True, timeout=LIMIT_S, check=False)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            self.assertIn("event-loop", done.stdout)

    def test_contradictions_and_usage(self):
        self.refused("2.33 ms of CPU time for each request, more than the 2.00 ms", 2, "--rate=300", "--response=2ms",
                     "--busy=35%", "--cores=2")
        self.refused("three numbers are needed", 2, "--rate=300", "--busy=35%")
        self.refused("below 100%", 2, "--rate=300", "--response=2ms", "--busy=135%")
        self.refused("above 0", 2, "--rate=0", "--response=2ms", "--busy=35%")
        self.refused("three ways", 2, "--rate=300", "--log=x")
        self.refused("three ways", 2, "--log=x", "http://127.0.0.1/")
        self.refused("three numbers (", 2)
        self.refused("--log-format", 2, "--log=x", "--log-format=ngnix")
        self.refused("one thing twice", 2, "--log=x", "--busy=3%", "--cpu-time=1s")
        self.refused("needs the URL", 1 + 1, "--command=true {port}")

    def test_a_file_that_cannot_be_written(self):
        done = probe(*self.WORDS, "--output=/nowhere/it.ini")
        self.assertEqual(1, done.returncode)
        self.assertIn(b"/nowhere/it.ini", done.stderr)


class Services(Probing):
    """Planted wait, CPU time and places, from logs."""

    def cpu(self, rows, cpu_s: float) -> str:
        return f"--cpu-time={round(len(rows) * cpu_s * 1e6)}us"

    def test_pool_of_five(self):
        for front in (False, True):
            with self.subTest(front=front):
                rows = quiet_then_full(5, 20 * MS, 1 * MS, 20, front)
                facts = self.log(nginx(rows), self.cpu(rows, 1 * MS))
                self.near(20e6, facts["wait_ns"])
                self.near(1e6, facts["cpu_ns"], 1e-6)
                self.assertEqual("places", facts["limit"])
                self.near(5, facts["places"])
                said = probe("--log=-", self.cpu(rows, 1 * MS), text=nginx(rows)).stdout.decode()
                self.assertIn("behaves like a pool of 5:", said)

    def test_one_loop(self):
        rows = quiet_then_full(0, 5 * MS, 2 * MS, 40)
        answer = self.answer("--log=-", "--cores=2", self.cpu(rows, 2 * MS), text=nginx(rows))
        facts = answer["facts"]
        self.near(5e6, facts["wait_ns"])
        self.near(2e6, facts["cpu_ns"], 1e-6)
        self.assertEqual("one", facts["limit"])
        self.near(500, facts["ceiling_per_s"])
        self.assertIn("one loop that computes 2.00 ms a request", answer["behaves"])

    def test_a_loop_that_may_be_a_pool(self):
        rows = quiet_then_full(0, 10 * MS, 2 * MS, 40)  # 6 of 12 ms each have that rate and that CPU time too
        answer = self.answer("--log=-", "--cores=2", self.cpu(rows, 2 * MS), text=nginx(rows))
        self.assertEqual("undecided", answer["facts"]["limit"])
        self.assertIsNone(answer["behaves"])
        self.assertRegex(" ".join(answer["doubts"]), r"one loop or lock that computes, or a pool of places\. .*is 6\.0\d at once")

    def test_one_lock(self):
        rows = quiet_then_full(1, 3 * MS, 0.1 * MS, 40, front=True)
        answer = self.answer("--log=-", "--cores=2", self.cpu(rows, 0.1 * MS), text=nginx(rows))
        facts = answer["facts"]
        self.near(3e6, facts["wait_ns"])
        self.near(0.1e6, facts["cpu_ns"], 1e-6)
        self.assertEqual("places", facts["limit"])
        self.near(1, facts["places"])
        self.assertIn("one lock held for 3.1", answer["behaves"])

    def test_without_a_limit_none_is_told(self):
        random.seed(7)
        at, arrivals = 0.0, []
        while at < 600:
            at += random.expovariate(100)
            arrivals.append(at)
        answer = self.answer("--log=-", text=nginx([(at + 0.02, 0.02) for at in arrivals]))
        self.assertNotIn("limit", answer["facts"])
        self.assertIsNone(answer["behaves"])
        self.near(1, answer["facts"]["dispersion"], 0.25)
        self.near(2, answer["facts"]["in_flight"])
        self.near(100, answer["facts"]["rate_per_s"])


class Logs(Probing):
    def lone(self, per_s: float, seconds: float, time_s: float = 0.02, start_s: float = 0):
        return [(start_s + i / per_s + time_s, time_s) for i in range(round(per_s * seconds))]

    def test_rate_by_the_minute(self):
        rows = self.lone(10, 120) + self.lone(30, 60, start_s=120) + self.lone(10, 120, start_s=180)
        facts = self.log(nginx(rows))
        self.near(14, facts["rate_per_s"], 0.001)
        self.near(30, facts["peak_minute_per_s"], 0.001)
        self.near(30 / 14, facts["peak_factor"], 0.002)
        self.near(14 * 0.02, facts["in_flight"], 0.001)

    def test_busy_share_and_upstream(self):
        rows = self.lone(10, 100, 0.05)
        lines = b"".join(line.replace(b" - ", b" 0.010, 0.020 : 0.012 ") for line in nginx(rows).splitlines(True))
        answer = self.answer("--log=-", "--busy=5%", "--cores=2", text=lines)
        self.near(42e6, answer["facts"]["wait_ns"], 1e-6)
        self.near(0.05 * 2 / 10 * 1e9, answer["facts"]["cpu_ns"], 0.002)
        self.assertEqual("3", answer["profile"]["calls"]["value"])
        self.assertEqual("512B", answer["profile"]["payload"]["value"])
        self.assertEqual("0.00", answer["profile"]["cv_wait"]["value"])

    def test_quantiles(self):
        rows = [(i // 4 / 5 + 0.1 * (i % 7 == 0), 0.1 if i % 10 == 0 else 0.01) for i in range(6000)]
        facts = self.log(nginx(rows))
        self.near(10e6, facts["time_p50_ns"], 0.002)
        self.near(100e6, facts["time_p99_ns"], 0.002)
        self.near(0.019e9, facts["time_mean_ns"], 1e-6)
        self.near((0.1 * 0.1 * 0.1 + 0.9 * 0.01**2 - 0.019**2) ** 0.5 / 0.019, facts["time_cv"], 1e-4)

    def apache(self, at_s: float) -> str:
        return datetime.datetime.fromtimestamp(START_S + at_s, datetime.timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")

    def test_formats_are_found(self):
        head = '127.0.0.1 - - [{}] "GET / HTTP/1.1" 200 100'
        for name, tail in (("common", ""), ("combined", ' "-" "curl"'), ("combined-time", ' "-" "curl" 0.020'),
                           ("combined-upstream", ' "-" "curl" 0.020 0.015')):
            with self.subTest(format=name):
                text = "".join((head + tail).format(self.apache(i / 10)) + "\n" for i in range(1800)).encode()
                answer = self.answer("--log=-", text=text)
                self.assertTrue(answer["arithmetic"][0].split()[1].startswith(name))
                self.near(10, answer["facts"]["rate_per_s"], 0.01)
                self.assertEqual("time_mean_ns" in answer["facts"], "0.020" in tail)
                self.assertEqual(any("has no times" in doubt for doubt in answer["doubts"]), "0.020" not in tail)

    def test_apache_says_when_a_request_came(self):
        text = "".join(f"[{self.apache(i / 10)}] {250000} 100\n" for i in range(1800)).encode()
        facts = self.log(text, "--log-format=%t %D %b")
        self.near(250e6, facts["wait_ns"], 1e-6)
        self.near(2.5, facts["in_flight"], 0.01)

    def test_odd_lines_are_counted(self):
        lines = nginx(self.lone(10, 100)).splitlines(True)
        lines[2:2] = [b"1700000040.5 \0 - 1\n", b"x" * 200_000 + b"\n", b"1700000040.5 -0.1 - 1\n", b"\n", b"\xff\xfe\n"]
        answer = self.answer("--log=-", text=b"".join(lines))
        self.assertIn("4 of 1004 lines cannot be read", " ".join(answer["doubts"]))
        self.assertIn("line 3, which holds a zero byte", " ".join(answer["doubts"]))
        self.near(10, answer["facts"]["rate_per_s"], 0.01)

    def test_a_clock_that_is_set_back(self):
        rows = self.lone(10, 60)
        text = nginx(rows) + nginx(self.lone(10, 30, start_s=20))
        doubts = " ".join(self.answer("--log=-", text=text)["doubts"])
        self.assertIn("lines are older by 2 s or more", doubts)
        self.assertIn("the first is line 601", doubts)

    def test_a_gap_is_named(self):
        text = nginx(self.lone(10, 60) + self.lone(10, 60, start_s=660))
        self.assertIn("no line for 600 s", " ".join(self.answer("--log=-", text=text)["doubts"]))

    def test_what_is_no_log(self):
        good = nginx(self.lone(10, 1))
        self.refused("it is empty", 1, "--log=-", text=b"")
        self.refused("it is empty", 1, "--log=-", text=b"\n\n")
        self.refused("too short for a rate", 2, "--log=-", text=good)
        self.refused("too short for a rate", 2, "--log=-", text=good[:good.index(b"\n") + 1])
        self.refused("known format", 1, "--log=-", text=b"hello\n" * 100)
        self.refused("zcat", 1, "--log=-", text=b"\x1f\x8b\x08\x00" + bytes(100))
        self.refused("100 of its 110 lines", 1, "--log=-", text=good + b"odd\n" * 100)
        self.refused("100 of its 110 lines", 1, "--log=-", "--log-format=nginx", text=b"odd\n" * 100 + good)
        self.refused("No such file", 1, "--log=/nowhere/access.log")
        self.refused("Is a directory", 1, "--log=/")
        self.refused("more than the", 2, "--log=-", "--cpu-time=1000s", text=nginx(self.lone(10, 100)))

    def test_memory_does_not_grow_with_the_log(self):
        def peak_kib(lines: int) -> int:
            process = subprocess.Popen([str(BUILD / "troika"), "probe", "--log=-"], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL)
            process.stdin.write(nginx(self.lone(lines / 60, 60)))
            process.stdin.flush()  # all is read but what the pipe holds
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            process.stdin.close()
            self.assertEqual(0, process.wait(LIMIT_S))
            return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])
        small, large = peak_kib(3000), peak_kib(300_000)  # 12 MiB more of log
        self.assertLess(large - small, 4096)

    def test_the_help_names_the_ways(self):
        said = probe("--help").stdout.decode()
        for word in ("--log", "--command", "--target", "--busy", "Exit codes"):
            self.assertTrue(re.search(re.escape(word), said), word)


if __name__ == "__main__":
    unittest.main()
