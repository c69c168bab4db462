#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""query and cache on every model, against answers computed here independently.

`troika stores` starts a PostgreSQL and a Redis of its own; where their
programs or client libraries are missing all of this is skipped. Random
parameters and seeds (TROIKA_SEED repeats a run; it is printed when something
fails). Then what goes wrong: connections that the store has closed, a store
that is not there, and one that was never named.
"""
import hashlib
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import model_server
from model_server import BUILD, Server, ask, has, together, wrong_answers

LIMIT_S = 60
SEED = int(os.environ.get("TROIKA_SEED", random.randrange(1 << 32)))
START_LIMIT_S = 150
SKIPPED = 77
MASK = (1 << 64) - 1
TABLE_ROWS = 10_000
KEYS = 1000


# ---- the answers, from their descriptions ----------------------------------
def mix(x: int) -> int:
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & MASK
    return x ^ x >> 31


def mix_bytes(state: int, data: bytes) -> int:
    state ^= 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return mix(state)


def query(seed: int, rows: int, us: int) -> tuple[str, str]:
    first = mix(seed) % (TABLE_ROWS - rows + 1)
    check = 0
    for key in range(first, first + rows):
        check = mix_bytes(check, hashlib.sha256(str(key).encode()).hexdigest().encode())
    return (f"/query?rows={rows}&delay={us}us&seed={seed}",
            f"query rows={rows} delay_ns={us * 1000} seed={seed} check={check:016x}\n")


def cache(seed: int, size: int, calls: int, writes: int) -> tuple[str, str]:
    check = 0
    for i in range(calls):
        key = mix((seed + i) & MASK) % KEYS
        value = bytes(ord("a") + (key + j) % 26 for j in range(size))
        check = mix(check ^ mix_bytes(0, value))
    return (f"/cache?size={size}B&calls={calls}&writes={writes}&seed={seed}",
            f"cache size={size} calls={calls} writes={writes} seed={seed} check={check:016x}\n")


def questions(rng: random.Random) -> list[tuple[str, str]]:
    def seed() -> int:
        return rng.choice([0, 1, MASK, rng.getrandbits(64), rng.getrandbits(16)])

    return [
        query(seed(), rng.choice([1, 2, 100, rng.randrange(1, 20)]),
              rng.choice([0, 0, rng.randrange(3000)])),
        cache(seed(), rng.choice([1, rng.randrange(1, 300), 9000]),
              rng.randrange(1, 5), rng.choice([0, 50, 100])),
    ]


# ---- servers ----------------------------------------------------------------
class Stores:
    """PostgreSQL and Redis until stop(); `missing` says why there are none."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([BUILD / "troika", "stores"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], START_LIMIT_S)
        line = self.process.stdout.readline() if ready else ""
        self.missing = "" if line else self.stop()
        self.addresses = json.loads(line) if line else {}
        self.environment = self.addresses.pop("environment", {})
        os.environ.update(self.environment)  # of the servers, which inherit it

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.communicate(timeout=LIMIT_S)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[1] + "\ndid not end"

    def flags(self) -> list[str]:
        return [word for name, address in self.addresses.items()
                for word in (f"--{name}", address)]


MODELS = [model for model in model_server.MODELS
          if (BUILD / "models" / model).read_bytes()[:4] == b"\x7fELF"]
stores = None


class Answers(unittest.TestCase):
    def check_answers(self, model: str) -> None:
        """One after another, then eight connections at once: no answer goes to
        another."""
        done: list[list] = []

        def client(number: int) -> None:
            rng = random.Random(SEED + number)
            done.append(wrong_answers(server, (questions(rng) for _ in range(3))))

        with Server(model, *stores.flags()) as server:
            client(0)
            together([lambda n=n: client(n) for n in range(8)])
        self.assertEqual(sum(done, []), [], f"TROIKA_SEED={SEED}")
        self.assertEqual(len(done), 9, f"some clients failed; TROIKA_SEED={SEED}")


def postgresql_sessions() -> set[int]:
    """The processes of PostgreSQL that serve a connection, or did."""
    found = set()
    port = stores.addresses["postgresql"].split(":")[1]
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text() == "postgres\n":
                title = (entry / "cmdline").read_bytes().decode(errors="replace")
                parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
                above = pathlib.Path(f"/proc/{parent}/cmdline").read_text()
                if re.search(r"127\.0\.0\.1\(\d+\)", title) and f"\0-p\0{port}\0" in above:
                    found.add(int(entry.name))
        except OSError:
            continue
    return found


def end_sessions() -> None:
    """Both stores close every connection."""
    for pid in postgresql_sessions():
        os.kill(pid, signal.SIGTERM)
    host, port = stores.addresses["redis"].split(":")
    with socket.create_connection((host, int(port)), LIMIT_S) as redis:
        password = stores.environment["REDISCLI_AUTH"].encode()
        redis.sendall(b"AUTH %b\r\nCLIENT KILL TYPE normal SKIPME yes\r\n" % password)
        got = b""
        while got.count(b"\n") < 2 and (more := redis.recv(100)):
            got += more
    deadline = time.monotonic() + LIMIT_S
    while postgresql_sessions() and time.monotonic() < deadline:
        time.sleep(0.01)


class Trouble(unittest.TestCase):
    def test_closed_connections_are_replaced(self) -> None:
        for model in ("event-loop", "thread-per-connection"):
            if model not in MODELS:
                continue
            with self.subTest(model=model), Server(model, *stores.flags()) as server:
                connection = server.connect()
                self.addCleanup(connection.close)
                for _ in range(2):
                    for target, body in (query(5, 2, 0), cache(5, 100, 1, 0)):
                        self.assertEqual(ask(connection, target), (200, body))
                    self.assertTrue(postgresql_sessions())
                    end_sessions()

    def test_nobody_there(self) -> None:
        """A reason that names the address; the server lives on."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            with Server(MODELS[0], "--postgresql", address, "--redis", address) as server:
                for target in ("/query", "/cache"):
                    status, reason = server.ask(target)
                    self.assertEqual(status, 503)
                    self.assertIn(address, reason)
                    self.assertIn("refused", reason)
                self.assertEqual(server.ask("/hello")[0], 200)

    def test_not_told(self) -> None:
        with Server(MODELS[0]) as server:
            for target, flag in (("/query", "--postgresql"), ("/cache", "--redis")):
                status, reason = server.ask(target)
                self.assertEqual(status, 503)
                self.assertIn(flag, reason)

    def test_bad_address(self) -> None:
        ended = subprocess.run([BUILD / "models" / MODELS[0], "--redis", "nowhere"],
                               capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(ended.returncode, 2)
        self.assertIn("HOST:PORT", ended.stderr)

    def test_queries_wait_side_by_side(self) -> None:
        """Sleeps of the database never end early, and where tasks are
        concurrent the second does not wait for the first, at least once in a
        few times."""
        if "event-loop" not in MODELS:
            self.skipTest("event-loop was not built")
        target, body = query(7, 3, 200_000)
        with Server("event-loop", *stores.flags()) as server:
            for _ in range(5):
                begin = time.monotonic()
                threads = [threading.Thread(target=lambda: got.append(server.ask(target)))
                           for _ in range(4)]
                got: list[tuple[int, str]] = []
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(LIMIT_S)
                took_s = time.monotonic() - begin
                self.assertEqual(got, [(200, body)] * 4)
                self.assertGreaterEqual(took_s, 0.2)
                if took_s < 0.6:
                    return
        self.fail(f"never below 0.6 s, last {took_s:.3f} s")


def add_tests() -> None:
    """One test a model, so that a failure names it."""
    for model in MODELS:
        def test(self, model=model):
            self.check_answers(model)
        setattr(Answers, f"test_answers_{model.replace('-', '_')}", test)


if __name__ == "__main__":
    have = json.loads(subprocess.run([BUILD / "troika", "list", "workloads", "--format", "json"],
                                     check=True, capture_output=True).stdout)
    if not {"query", "cache"} <= {w["name"] for w in have["workloads"]}:
        print("query or cache was not built (make deps-claims)")
        sys.exit(SKIPPED)
    MODELS = [model for model in MODELS if has(model, "query", "cache")]
    stores = Stores()
    if "not on this machine" in stores.missing:
        print(stores.missing.strip())
        sys.exit(SKIPPED)
    try:
        if stores.missing:
            sys.exit(stores.missing)
        add_tests()
        unittest.main()
    finally:
        stores.stop()
