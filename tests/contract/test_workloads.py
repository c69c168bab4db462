#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every workload on every model, against answers computed here independently.

Random parameters and seeds (TROIKA_SEED repeats a run; it is printed when
something fails). Then what a model does with several requests at once: gather
takes the longest delay where tasks are concurrent, a pool of two workers
serves four requests in two rounds, and a killed worker is replaced.
"""
import http.client
import json
import os
import random
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from answers import fetch, gather, questions, wait
from model_server import BUILD, LIMIT_S, MODELS, ROOT, Server, ask, describe, together, wrong_answers

SEED = int(os.environ.get("TROIKA_SEED", random.randrange(1 << 32)))
ROUNDS = 6
ATTEMPTS = 5


BACKEND_MODEL = "event-loop" if "event-loop" in MODELS else "thread-per-connection"


def asked(model: str, rng: random.Random) -> list[tuple[str, str]]:
    """Targets and bodies of a round, of the workloads that the model has. Node
    cannot read a file cold."""
    only = describe(model)["only"]
    return [(target.replace("cold=1", "cold=0") if model.startswith("node") else target, body)
            for target, body in questions(rng)
            if only is None or target[1:].split("?")[0] in only]


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        files = tempfile.mkdtemp(prefix="troika-files-", dir="/var/tmp")
        cls.addClassCleanup(shutil.rmtree, files, ignore_errors=True)
        cls.environment = {"TROIKA_FILES": files}
        cls.backend = Server(BACKEND_MODEL)
        cls.addClassCleanup(cls.backend.__exit__)
        cls.flags = ("--backend", f"127.0.0.1:{cls.backend.port}")

    def check_answers(self, model: str) -> None:
        rng = random.Random(SEED)
        with Server(model, *self.flags, **self.environment) as server:
            wrong = wrong_answers(server, (asked(model, rng) for _ in range(ROUNDS)))
        self.assertEqual(wrong, [], f"TROIKA_SEED={SEED}")

    def check_several(self, model: str) -> None:
        """Twelve connections at once: no answer goes to another."""
        done: list[list] = []

        def client(number: int) -> None:
            rng = random.Random(SEED + number)
            done.append(wrong_answers(server, (asked(model, rng) for _ in range(2))))

        with Server(model, *self.flags, **self.environment) as server:
            together([lambda n=n: client(n) for n in range(12)])
        self.assertEqual(sum(done, []), [], f"TROIKA_SEED={SEED}")
        self.assertEqual(len(done), 12, f"some clients failed; TROIKA_SEED={SEED}")

    def check_gather(self, model: str) -> None:
        """300 ms beside 200 and 100: the sum without concurrency, else the
        longest. What must not be quicker is held to it every time, what may be
        slowed down by others on the machine once in a few times."""
        target, body = gather(7, [300_000, 200_000, 100_000])
        concurrent = describe(model)["task"] != "none"
        with Server(model, *self.flags, **self.environment) as server:
            for _ in range(ATTEMPTS):
                begin = time.monotonic()
                got = server.ask(target)
                took_s = time.monotonic() - begin
                self.assertEqual(got, (200, body))
                self.assertGreaterEqual(took_s, 0.3 if concurrent else 0.6)
                if not concurrent or took_s < 0.55:
                    return
        self.fail(f"never below 0.55 s, last {took_s:.3f} s")

    def check_backend_restart(self, model: str) -> None:
        """A kept connection that went stale is replaced silently; no backend
        is a 503 that says so."""
        # Bound here as well, so that nobody else gets the port in between.
        held = socket.socket()
        self.addCleanup(held.close)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with Server(model, "--backend", f"127.0.0.1:{port}") as server:
            connection = server.connect()
            self.addCleanup(connection.close)
            target, body = fetch(1, 100, 2)
            with Server(BACKEND_MODEL, "--port", str(port)):
                self.assertEqual(ask(connection, target), (200, body))
            status, reason = ask(connection, target)
            self.assertEqual(status, 503, reason)
            self.assertIn(f"127.0.0.1:{port}", reason)
            with Server(BACKEND_MODEL, "--port", str(port)):
                self.assertEqual(ask(connection, target), (200, body))
        with Server(model) as server:
            status, reason = server.ask(target)
            self.assertEqual(status, 503)
            self.assertIn("--backend", reason)


class Page(unittest.TestCase):
    def test_the_table_of_answers_has_each_route_with_its_defaults(self) -> None:
        page = (ROOT / "docs/contract.md").read_text()
        listed = json.loads(subprocess.run([BUILD / "troika", "list", "workloads", "--format", "json"],
                                           check=True, capture_output=True, timeout=LIMIT_S).stdout)
        answered = {target[1:].split("?")[0] for target, _ in questions(random.Random(SEED))}
        for workload in listed["workloads"]:
            name = workload["name"]
            if name in answered:
                defaults = "&".join(f"{p['name']}={p['default']}" for p in workload["parameters"])
                self.assertTrue(f"| `{name}?{defaults}` |" in page,
                                f"docs/contract.md has no row `{name}?{defaults}`")


POOLS = [model for model in ("process-pool", "thread-pool") if model in MODELS]


class Pools(unittest.TestCase):
    def test_two_workers_four_requests(self) -> None:
        """Two rounds of 300 ms. The first two also end together, the others
        do not wait for more, at least once in a few times."""
        for model in POOLS:
            with self.subTest(model=model), Server(model, "--workers", "2") as server:
                for _ in range(ATTEMPTS):
                    if self.two_rounds(server):
                        break
                else:
                    self.fail("never 300, 300, 600 and 600 ms")

    def two_rounds(self, server: Server) -> bool:
        took_s = []
        begin = time.monotonic()

        def client() -> None:
            if server.ask("/wait?delay=300ms")[0] == 200:
                took_s.append(time.monotonic() - begin)

        together([client] * 4)
        took_s.sort()
        self.assertEqual(len(took_s), 4)
        self.assertGreaterEqual(took_s[2], 0.6, "these wait for a worker")
        return took_s[1] < 0.55 and took_s[3] < 0.85

    def test_half_a_request_occupies_nobody(self) -> None:
        target, body = wait(3, 1000)
        request = f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for model in POOLS:
            with self.subTest(model=model), Server(model, "--workers", "1") as server:
                slow = socket.create_connection(("127.0.0.1", server.port), LIMIT_S)
                self.addCleanup(slow.close)
                for half in (request[:9], request[9:-1]):
                    slow.sendall(half)
                    self.assertEqual(server.ask(target), (200, body))
                slow.sendall(request[-1:] + request * 2)
                got = b""
                while got.count(body.encode()) < 3 and (more := slow.recv(4096)):
                    got += more
                self.assertEqual(got.count(body.encode()), 3)


class ProcessPool(unittest.TestCase):
    def test_killed_workers_are_replaced(self) -> None:
        for model in ("process-pool", "cpython-processes"):
            if model in MODELS:
                with self.subTest(model=model), Server(model, "--workers", "1") as server:
                    self.kill_workers(server)

    def kill_workers(self, server: Server) -> None:
        for _ in range(3):
            worker, = server.children(1)
            connection = server.connect()
            connection.request("GET", "/wait?delay=10s")
            time.sleep(0.05)
            os.kill(worker, signal.SIGKILL)
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                connection.getresponse()
            connection.close()
            target, body = wait(3, 1000)
            self.assertEqual(server.ask(target), (200, body))
            worker, = server.children(1)
            os.kill(worker, signal.SIGKILL)  # while idle
            server.children(1, gone=worker)
            self.assertEqual(server.ask(target), (200, body))


class Offload(unittest.TestCase):
    def test_the_loop_is_free_while_the_pool_computes(self) -> None:
        self.check_overtakes("/spin?steps=300M")

    def test_the_loop_is_free_while_a_service_computes(self) -> None:
        self.check_overtakes("/service?calls=0&steps=300M")

    def test_the_loop_is_free_while_the_pool_blocks(self) -> None:
        self.check_overtakes("/block?delay=300ms&offload=1")

    def check_overtakes(self, target: str) -> None:
        """A light request overtakes a heavy one; at least once in a few times
        on a machine that others use."""
        if "event-loop-offload" not in MODELS:
            self.skipTest("event-loop-offload was not built")
        with Server("event-loop-offload", "--workers", "1") as server:
            for _ in range(ATTEMPTS):
                slow = server.connect()
                slow.request("GET", target)
                time.sleep(0.02)
                self.assertEqual(server.ask("/hello"), (200, "abcdefghijklm"))
                ready, _, _ = select.select([slow.sock], [], [], 0)
                self.assertEqual(slow.getresponse().status, 200)
                slow.close()
                if not ready:
                    return
        self.fail(f"hello always waited for {target}")


class Races(unittest.TestCase):
    def updates(self, model: str, target: str) -> tuple[int, int]:
        if model not in MODELS:
            self.skipTest(f"{model} was not built")
        with Server(model, "--stats") as server:
            self.assertEqual(server.ask(target)[0], 200)
            told = json.loads(server.ask("/stats")[1])["updates"]
        return told["made"], told["kept"]

    def test_a_loop_loses_none_without_a_wait(self) -> None:
        target = "/counter?tasks=8&rounds=1000"
        self.assertEqual(self.updates("event-loop", target), (8000, 8000))
        self.assertEqual(self.updates("serial", target), (8000, 8000))

    def test_a_wait_in_between_loses_some(self) -> None:
        made, kept = self.updates("event-loop", "/counter?tasks=8&rounds=3&delay=2ms")
        self.assertEqual(made, 24)
        self.assertIn(kept, range(3, 24))

    def test_processes_share_nothing(self) -> None:
        self.assertEqual(self.updates("process-pool", "/counter?tasks=4&rounds=10"), (40, 0))


class ProcessLoops(unittest.TestCase):
    def test_a_killed_worker_is_replaced(self) -> None:
        """It costs its own connections; the socket it listened on lives on."""
        if "process-loops" not in MODELS:
            self.skipTest("process-loops was not built")
        for spread in "01":
            with Server("process-loops", "--workers", "2", "--spread", spread) as server:
                for _ in range(2):
                    worker = server.children(2)[0]
                    os.kill(worker, signal.SIGKILL)
                    server.children(2, gone=worker)
                for _ in range(8):
                    self.assertEqual(server.ask("/hello"), (200, "abcdefghijklm"))


class ThreadPerRequest(unittest.TestCase):
    @unittest.skipIf(BUILD.name in ("asan", "tsan"), "sanitizers reserve terabytes")
    def test_out_of_threads(self) -> None:
        """With room for a few stacks some requests get 503 and the rest their
        answer; then everything is as before."""
        if "thread-per-request" not in MODELS:
            self.skipTest("thread-per-request was not built")
        statuses = []
        with Server("thread-per-request", "--stack", "64MiB",
                    MALLOC_ARENA_MAX="1") as server:
            limit = 300 << 20
            resource.prlimit(server.process.pid, resource.RLIMIT_AS, (limit, limit))
            together([lambda: statuses.append(server.ask("/wait?delay=1s")[0])] * 12)
            self.assertEqual(sorted(set(statuses)), [200, 503])
            self.assertEqual(server.ask("/hello"), (200, "abcdefghijklm"))


class ProcessPerRequest(unittest.TestCase):
    def test_a_killed_child_costs_its_own_connection(self) -> None:
        if "process-per-request" not in MODELS:
            self.skipTest("process-per-request was not built")
        with Server("process-per-request") as server:
            beside, victim = server.connect(), server.connect()
            self.addCleanup(beside.close)
            self.addCleanup(victim.close)
            target, body = wait(3, 1000)
            self.assertEqual(ask(beside, target), (200, body))
            server.children(0)
            victim.request("GET", "/wait?delay=10s")
            os.kill(server.children(1)[0], signal.SIGKILL)
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                victim.getresponse()
            self.assertEqual(ask(beside, target), (200, body))


def add_tests() -> None:
    """One test a model and check, so that a failure names both."""
    for model in MODELS:
        kinds = ["answers"]
        about = describe(model)
        if about["only"] is None or "gather" in about["only"]:
            kinds += ["several", "gather", "backend_restart"]
        for kind in kinds:
            def test(self, model=model, kind=kind):
                getattr(self, f"check_{kind}")(model)
            setattr(Answers, f"test_{kind}_{model.replace('-', '_')}", test)


add_tests()

if __name__ == "__main__":
    unittest.main()
