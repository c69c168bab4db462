#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""troika size, run as a person runs it: curves over workers, the number to
take, the lines for servers, and what it refuses.
"""
import json
import math
import re
import subprocess
import sys
import unittest

from test_forecast import BUILD, LIMIT_S, QUICK, Asking, machine, model

SERVICE = ("--wait", "20ms", "--cpu", "1ms", "--rate", "300", "--payload", "1B")
# What a request holds a worker for, with the made-up constants.
HELD_S = 0.02102
POOLS = ("process-pool", "thread-pool")


def pools() -> dict:
    made = machine()
    made["models"] += [model("thread-pool", "worker", has_workers=True, parallel=True),
                       model("process-loops", "loop", has_workers=True, parallel=True),
                       model("event-loop-offload", "loop", has_workers=True, parallel=True, offloads=True)]
    return made


def queue_p99_s(places: int, rate_per_s: float, held_s: float) -> float:
    """Of M/M/c, by sums (Erlang's C)."""
    offered = rate_per_s * held_s
    if offered >= places:
        return math.inf
    log = [n * math.log(offered) - math.lgamma(n + 1) for n in range(places + 1)]
    top = math.exp(log[places]) * places / (places - offered)
    queues = top / (sum(math.exp(x) for x in log[:places]) + top)
    return max(0.0, math.log(queues / 0.01) / (places - offered) * held_s)


class Size(Asking):
    def setUp(self):
        super().setUp()
        self.file.write_text(json.dumps(pools()))

    VERB = "size"

    def curves(self, *words: str) -> dict:
        return {curve["model"]: curve for curve in self.answer(*words)["curves"]}


class Curves(Size):
    def test_all_models_with_workers_have_a_curve(self):
        answer = self.answer(*SERVICE)
        self.assertEqual({*POOLS, "process-loops", "event-loop-offload"}, {c["model"] for c in answer["curves"]})
        self.assertTrue(answer["keeps"])
        self.assertEqual((1.3, False), (answer["peak"], answer["peak_given"]))
        self.assertEqual(["process-pool"], list(self.curves(*SERVICE, "process-pool")))

    def test_a_preset_and_a_model(self):
        for words in (("crud", "thread-pool"), ("thread-pool", "crud")):
            answer = self.answer(*words, "--requests", "2k")
            self.assertEqual((150, ["thread-pool"]),
                             (answer["load"]["rate_per_s"], [curve["model"] for curve in answer["curves"]]))

    def test_a_curve(self):
        curve = self.curves(*SERVICE)["thread-pool"]
        points = {point["workers"]: point for point in curve["points"]}
        star = curve["workers"]
        self.assertTrue(12 <= len(points) <= 20, len(points))
        self.assertEqual(sorted(points), [point["workers"] for point in curve["points"]])
        self.assertEqual(math.ceil(390 * HELD_S), curve["little"])
        self.assertEqual(2 * (1 + 20), curve["goetz"])
        self.assertEqual(5, curve["two_cores_and_one"])
        for number, mark in ((star, "W*"), ((star + 1) // 2, "W*/2"), (2 * star, "2W*"), (curve["goetz"], "Goetz"),
                             (curve["little"], "Little"), (5, "2c+1")):
            self.assertIn(mark, points[number]["marks"])
        self.assertGreater(max(points), 2 * star)
        for number, point in points.items():
            least = min(number / HELD_S, 2 / 0.00102)
            self.assertAlmostEqual(least, point["capacity_per_s"], delta=0.01 * least)
            self.assertEqual(390 / least >= 0.98, point["overloaded"])
            self.assertEqual(point["overloaded"], point["latency_p99_ns"] is None)
        self.assertGreater(star, 390 * HELD_S)
        best = min(p["latency_p99_ns"]["value"] for p in points.values() if not p["overloaded"])
        self.assertLessEqual(points[star]["latency_p99_ns"]["value"], 1.06 * best)

    def test_workers_are_those_of_predict_at_the_peak(self):
        predicted = subprocess.run(
            [str(BUILD / "troika"), "predict", f"--machine={self.file}", "--validation=none", "-fjson", QUICK,
             *(word.replace("300", "390") for word in SERVICE), *POOLS],
            capture_output=True, text=True, timeout=LIMIT_S, check=True)
        wanted = {row["model"]: row["workers"] for row in json.loads(predicted.stdout)["models"]}
        for words in (SERVICE, (*(word.replace("300", "390") for word in SERVICE), "--peak", "1")):
            sized = {name: curve["workers"] for name, curve in self.curves(*words, *POOLS).items()}
            self.assertEqual(wanted, sized)

    def test_seven_workers_and_five_hundred_clients(self):
        words = ("--wait", "1s", "--cpu", "0s", "--connections", "500", "--cv-wait", "0", "--workers", "7", "thread-pool")
        done = self.ask(*words)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"7 workers, as you ask: at most 7\.00/s, 70 in 10 s; (?:7\.0|6\.9)\d/s, p99 7[12]\.\d s")
        curve = self.curves(*words)["thread-pool"]
        self.assertTrue(490 <= curve["workers"] <= 500, curve["workers"])
        self.assertEqual((500, 7), (curve["little"], curve["given"]))
        self.assertIn("backend connections: 500, one for each client", done.stdout)

    def test_loops_have_one_for_each_core(self):
        curves = self.curves(*SERVICE, "process-loops", "event-loop-offload")
        for curve in curves.values():
            self.assertEqual((2, None, None), (curve["workers"], curve["goetz"], curve["little"]))
        self.assertIn("two pools: 2 threads compute beside the loop, and its calls hold",
                      self.ask(*SERVICE, "event-loop-offload").stdout)

    def test_half_twice_and_rules_in_words(self):
        said = self.ask(*SERVICE, "thread-pool").stdout
        curve = self.curves(*SERVICE, "thread-pool")["thread-pool"]
        star = curve["workers"]
        self.assertEqual(f"W* at the peak of 390/s: thread-pool {star}", said.splitlines()[0])
        self.assertRegex(said, rf"half of them, {(star + 1) // 2}: overload, [\d.]+/s at most; twice as many, {2 * star}: "
                               r"p99 [\d.]+ ms, [\d.]+ [KM]iB more memory")
        self.assertRegex(said, r"rules of thumb: Goetz 42: p99 .* more memory; Little 9: .*; 2c\+1 5: overload, 238/s at most")
        self.assertIn("sized for 390/s, 1.3 x 300/s (a default: --peak)", said)
        self.assertIn("of another machine, kernel or build", said)
        self.assertIn("not given, so taken as: calls 1", said)
        for sentence in curve["sentences"]:
            self.assertIn(sentence, said)

    def test_peak(self):
        self.assertIn("sized for 600/s, 2 x 300/s\n", self.ask(*SERVICE, "--peak", "2", "thread-pool").stdout)
        self.assertNotIn("sized for", self.ask(*SERVICE, "--peak=1", "thread-pool").stdout)
        self.assertEqual(math.ceil(600 * HELD_S), self.curves(*SERVICE, "--peak", "2x")["thread-pool"]["little"])
        self.assertEqual(60, self.curves("--wait", "20ms", "--connections", "40", "--peak", "1.5")["thread-pool"]["little"])

    def test_a_limit(self):
        curve = self.curves(*SERVICE, "--limit", "p99<400ms", "thread-pool")["thread-pool"]
        points = {point["workers"]: point for point in curve["points"]}
        self.assertLess(curve["least_for_limit"], curve["workers"])
        self.assertTrue(points[curve["least_for_limit"]]["keeps_limit"])
        done = self.ask(*SERVICE, "--limit", "p99<400ms", "thread-pool")
        self.assertEqual(0, done.returncode)
        self.assertIn(f"the least for p99<400 ms, {curve['least_for_limit']}: p99", done.stdout)

    def test_no_number_keeps_the_limit(self):
        done = self.ask(*SERVICE, "--limit", "p99<21ms", "thread-pool")
        self.assertEqual(4, done.returncode)
        self.assertTrue(done.stdout.startswith("W* at the peak of 390/s: thread-pool none\n"))
        self.assertIn("no number keeps all that is asked for", done.stdout)
        self.assertIn("no model keeps p99<21.0 ms", done.stdout)

    def test_the_most_that_fit(self):
        words = ("--wait", "50ms", "--cpu", "0s", "--connections", "40", "--cv-wait", "0", "--payload", "1B", "thread-pool")
        for limit, code, workers, fits in (((), 0, 30, None), (("--limit", "p99<60ms"), 4, None, 30)):
            # 2 MiB, 40 clients of 12 KiB or 16 KiB, workers of 64 KiB.
            memory = f"{2048 + 40 * 12 + 10 * 4 + 30 * 64 + 32}KiB"
            curve = self.curves(*words, "--memory", memory, *limit)["thread-pool"]
            self.assertEqual((workers, fits), (curve["workers"], curve["most_that_fit"]))
            done = self.ask(*words, "--memory", memory, *limit)
            self.assertEqual(code, done.returncode)
            self.assertIn("the most that fit into the memory", done.stdout)

    def test_fewer_at_a_rate_where_memory_is_short(self):
        curve = self.curves(*SERVICE, "thread-pool")["thread-pool"]
        star = curve["workers"]
        needed = next(p["memory_most_bytes"] for p in curve["points"] if p["workers"] == star)
        short = self.curves(*SERVICE, "thread-pool", "--memory", f"{int(needed - 0.6 * 65536)}B")["thread-pool"]
        self.assertEqual("memory", short["why"])
        self.assertIn(short["workers"], range(star - 3, star))
        # Very few workers need more again, for requests that queue.
        fits = {point["workers"]: point["keeps_memory"] for point in short["points"] if not point["overloaded"]}
        self.assertTrue(fits[short["workers"]])
        self.assertFalse(any(fits[workers] for workers in fits if workers > short["workers"]), fits)
        done = self.ask(*SERVICE, "thread-pool", "--memory", "2MiB")
        self.assertEqual(4, done.returncode)
        self.assertRegex(done.stdout, r"the fewest that carry the load, \d+, need 2\.\d+ MiB")

    def test_overload(self):
        done = self.ask("--wait", "20ms", "--cpu", "10ms", "--rate", "300", "thread-pool")
        self.assertEqual(4, done.returncode)
        self.assertIn("no number of workers carries the peak of 390/s: 2 cores / 10.0 ms of CPU a request are 200/s", done.stdout)
        self.assertIn("needs 4 cores", done.stdout)
        curve = self.curves("--wait", "20ms", "--cpu", "10ms", "--rate", "300")["thread-pool"]
        self.assertEqual((None, "overload"), (curve["workers"], curve["why"]))

    def test_more_workers_than_are_simulated(self):
        done = self.ask("--wait", "60s", "--cpu", "1us", "--rate", "100", "--requests", "1k", "thread-pool")
        self.assertEqual(4, done.returncode)
        self.assertIn("W* is sought up to 4096 workers, which do not carry the peak of 130/s", done.stdout)
        self.assertIn("7801 requests are in flight", done.stdout)

    def test_equal_seeds_give_equal_bytes(self):
        first, again, other = (self.ask(*SERVICE, f"--seed={seed}", "-fjson", fresh=True).stdout for seed in (3, 3, 4))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_markdown_says_the_same(self):
        text, markdown = (self.ask(*SERVICE, "-f", form, "thread-pool").stdout for form in ("text", "markdown"))
        plain = re.sub(r"\\(.)", r"\1", markdown)
        for row in re.findall(r"^ +(\d+) +(\S+)", text, re.M):
            self.assertIn(f"| {row[0]} | {row[1]} |", plain)
        for line in text.split("more memory", 1)[0].splitlines()[-3:]:
            self.assertIn(line, plain)

    def test_database_connections(self):
        for rate, wait_ms, calls in ((300, 20, 1), (50, 300, 3), (2000, 5, 2)):
            answer = self.answer("--rate", str(rate), "--wait", f"{wait_ms}ms", "--calls", str(calls), "--cpu", "10us",
                                 "--requests", "1k", "process-loops")
            call_s = wait_ms / 1e3 / calls
            least = next(n for n in range(1, 1000) if queue_p99_s(n, 1.3 * rate * calls, call_s) <= 0.05 * call_s)
            self.assertEqual(least, answer["database_connections"])
        self.assertIsNone(self.answer("--rate", "100", "--cpu", "1ms")["database_connections"])

    def test_pieces_on_a_loop(self):
        said = self.ask("--cpu", "1ms", "--cv-cpu", "0", "--rate", "100", "--peak", "1", "process-loops").stdout
        self.assertIn("pieces of CPU up to 1.67 ms lengthen a request by 10 %", said)
        self.assertIn("yours are 1.00 ms, so they may stay on the loop", said)
        said = self.ask("--cpu", "4ms", "--cv-cpu", "0", "--rate", "100", "--peak", "1", "process-loops").stdout
        self.assertIn("yours are 4.00 ms, so hand them to threads", said)


class Servers(Size):
    NAMES = {"gunicorn", "uvicorn", "fastapi", "puma", "node", "tomcat", "hikaricp", "nginx", "php-fpm", "frankenphp", "go"}

    def test_slots_are_enough(self):
        for cores in ("2", "3", "8"):
            answer = self.answer(*SERVICE, "--cores", cores)
            curves = {curve["model"]: curve["workers"] for curve in answer["curves"]}
            least = {"processes": curves["process-pool"], "threads": curves["thread-pool"],
                     "processes x threads": curves["thread-pool"], "loops": int(cores),
                     "database connections": answer["database_connections"]}
            self.assertEqual(self.NAMES, {row["server"] for row in answer["servers"]})
            for row in answer["servers"]:
                self.assertGreaterEqual(row["slots"], least[row["counts"]], row)
                text = " ".join(row["lines"])
                self.assertNotRegex(text, r"\{[a-z_]+\}")
                found = [int(n) for n in re.findall(r"(?<![\w.])\d+", text)]
                if row["counts"] == "processes x threads":
                    self.assertEqual(row["slots"], int(cores) * found[1], row)
                else:
                    self.assertIn(row["slots"], found, row)

    def test_every_server_is_in_the_text(self):
        said = self.ask(*SERVICE).stdout
        for name in self.NAMES:
            self.assertRegex(said, rf"(?m)^  {name}\b")
        for words in ("gunicorn --workers ", "--worker-class gthread", "uvicorn APP --workers 2", "UV_THREADPOOL_SIZE=4",
                      "server.tomcat.threads.max=", "maximum-pool-size=", "worker_processes 2;", "num_threads ",
                      "pm.max_children = ", "cluster.fork()", "total_tokens = ", "config/puma.rb", "GOMAXPROCS=2"):
            self.assertIn(words, said)
        # What counts connections follows from those that there are, not from those that ask at a time.
        self.assertNotIn("--limit-concurrency", said)
        said = self.ask(*SERVICE, "--connections", "400").stdout
        self.assertIn("  --limit-concurrency 243", said)
        self.assertIn("  --worker-connections 243", said)

    def test_a_number_that_keeps_nothing_is_none_to_set(self):
        done = self.ask(*SERVICE, "--backend-workers", "7", "thread-pool")
        self.assertEqual(4, done.returncode)
        self.assertIn("no line for a server's workers: no number keeps what is asked for", done.stdout)
        for words in ("gunicorn", "threads.max=", "max_children"):
            self.assertNotIn(words, done.stdout)

    def test_one_server(self):
        said = self.ask(*SERVICE, "--server", "gunicorn").stdout
        for words in ("gunicorn, sync", "gunicorn, gthread", "gunicorn, gevent", "--backlog, 2048", "the GIL lets one"):
            self.assertIn(words, said)
        self.assertNotIn("tomcat", said)
        self.assertEqual({"fastapi"}, {row["server"] for row in self.answer(*SERVICE, "--server", "fastapi")["servers"]})
        self.assertIn("2 x 40 / (wait + CPU) a second at most", self.ask(*SERVICE, "--server", "fastapi").stdout)
        said = self.ask("--cpu", "1ms", "--rate", "100", "--server", "hikaricp").stdout
        self.assertIn("hikaricp has no setting for a figure of this service", said)

    def test_servers_of_the_named_models_alone(self):
        answer = self.answer(*SERVICE, "process-loops")
        self.assertEqual({"loops", "database connections"}, {row["counts"] for row in answer["servers"]})


class Refused(Size):
    def test_refusals(self):
        self.refused("event-loop has no worker setting; models that have some: process-pool, thread-pool", 2, *SERVICE,
                     "event-loop")
        self.refused("nothing is said of the load", 2, "--wait", "20ms")
        self.refused("give one of rate and connections", 2, "--wait", "1s", "--rate", "100", "--connections", "10")
        self.refused("at the peak, 1.3 times the load (--peak): 7 connections", 2, *SERVICE, "--connections", "7")
        self.refused("no constants of \"thread-pol\"", 2, *SERVICE, "thread-pol")
        self.refused("did you mean gunicorn?", 2, *SERVICE, "--server", "gunicron")
        for peak in ("0.9", "101", "nan", "", "1.3y", "inf"):
            self.refused("--peak", 2, *SERVICE, "--peak", peak)

    def test_no_model_with_workers(self):
        self.file.write_text(json.dumps(pools() | {"models": [model("event-loop", "loop")]}))
        self.refused("there are no constants of a model with workers", 1, *SERVICE)

    def test_shipped_constants(self):
        done = subprocess.run([str(BUILD / "troika"), "size", "--machine=none", "--validation=none", QUICK, *SERVICE],
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("they came with this program and are another machine's", done.stdout)


if __name__ == "__main__":
    unittest.main()
