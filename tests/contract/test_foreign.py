#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Foreign models (CPython, Node) in the harness: where they take part, what is
stored of them, and that work they hand on leaves the loop free.

That they answer as the C models do, test_workloads, test_http and test_life say.
"""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from answers import file
from bare_server import alive
from model_server import BUILD, MODELS, Server, describe, together

TROIKA = BUILD / "troika"
LIMIT_S = 120
BLOCKED_S = 20  # far longer than a busy machine keeps an answer back
FOREIGN = [m for m in MODELS if (BUILD / "models" / m).read_bytes()[:2] == b"#!"]

EXPERIMENT = """[experiment]
title = Foreign
blocks = 1
warmup = 100ms
window = 300ms
models = {models}

[cell one]
workload = {workload}
connections = 2
"""


@unittest.skipUnless(FOREIGN, "none was built, as under sanitizers")
class Foreign(unittest.TestCase):
    def bench(self, models: str, workload: str, *flags: str) -> tuple[str, pathlib.Path]:
        """What was printed, and where the results are."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "foreign.ini"
        path.write_text(EXPERIMENT.format(models=models, workload=workload))
        done = subprocess.run([TROIKA, "bench", "-o", folder.name, *flags, path],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S)
        self.assertIn(done.returncode, (0, 3), done.stdout)  # 3: a busy machine
        return done.stdout, pathlib.Path(folder.name) / "latest"

    def test_they_take_part_where_they_are_named(self) -> None:
        said, _ = self.bench("all", "hello", "--dry-run")
        for model in FOREIGN:
            self.assertNotIn(model, said)
        said, _ = self.bench("event-loop, " + ", ".join(FOREIGN), "hello", "--dry-run")
        for model in FOREIGN:
            self.assertIn(f"-one-{model}\n", said)

    def test_who_lacks_the_workload_is_left_out_by_name(self) -> None:
        said, _ = self.bench(f"event-loop, {FOREIGN[0]}", "websocket", "--dry-run")
        self.assertIn(f"{FOREIGN[0]} is left out of one: it has no websocket", said)

    def test_their_runtime_is_stored_with_every_trial(self) -> None:
        _, results = self.bench(f"event-loop, {FOREIGN[0]}", "hello")
        runtime = describe(FOREIGN[0])["runtime"]
        self.assertTrue(runtime["name"] and runtime["version"])
        run = json.loads((results / "run.json").read_text())
        wanted = {"event-loop": None, FOREIGN[0]: runtime}
        for model, one in wanted.items():
            self.assertEqual(run["models"][model]["runtime"], one)
        trials = [json.loads(path.read_text()) for path in (results / "trials").glob("*.json")]
        self.assertEqual({t["cell"]["model"] for t in trials}, set(wanted))
        for trial in trials:
            self.assertEqual(trial["runtime"], wanted[trial["cell"]["model"]])

    def test_updates_kept_and_lost(self) -> None:
        """All are counted, of several requests at once, wherever they ran. A
        loop keeps all as long as nobody waits; threads may lose some. With
        everybody waiting each model does."""
        for model in FOREIGN:
            loop = model not in ("cpython-threads", "cpython-processes")
            with self.subTest(model=model), Server(model, "--stats") as server:
                together([lambda: server.ask("/counter?tasks=4&rounds=50")] * 6)
                told = json.loads(server.ask("/stats?reset=1")[1])
                self.assertEqual(told["requests"], 6)
                self.assertEqual(told["updates"]["made"], 6 * 4 * 50)
                self.assertIn(told["updates"]["kept"], range(1200 if loop else 6, 1201))
                server.ask("/counter?tasks=8&rounds=2&delay=20ms")
                told = json.loads(server.ask("/stats?reset=1")[1])["updates"]
                self.assertEqual(told["made"], 16)
                self.assertIn(told["kept"], range(1, 16))
                told = json.loads(server.ask("/stats")[1])
                self.assertEqual((told["requests"], told["updates"]),
                                 (0, {"made": 0, "kept": 0}))

    @unittest.skipUnless("cpython-processes" in FOREIGN, "it was not built")
    def test_a_heap_that_was_read_is_each_workers_own(self) -> None:
        """Counting references writes to its pages; without one they are shared."""
        heap = 16 << 20
        for size in (0, heap):
            with Server("cpython-processes", "--workers", "2", "--heap", f"{size}B") as server:
                workers = server.children(2)
                end = time.monotonic() + LIMIT_S
                while size and not all(self.private_bytes(pid) >= heap for pid in workers):
                    self.assertLess(time.monotonic(), end, "the workers have not read it")
                    time.sleep(0.01)
                self.assertEqual(server.ask("/hello"), (200, "abcdefghijklm"))
                if not size:
                    self.assertLess(max(map(self.private_bytes, workers)), heap)
        refused = subprocess.run([BUILD / "models" / "cpython-processes", "--heap", "1GiB"],
                                 capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("size up to 256MiB", refused.stderr)

    def private_bytes(self, pid: int) -> int:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return 1024 * int(text.partition("Private_Dirty:")[2].split()[0])

    def test_a_file_that_is_missing_is_written(self) -> None:
        """By whoever needs it, several at once; it and nothing else is there
        then, with the words that it must have."""
        target, body = file(5, 20000, 0, 0)
        for model in {"cpython-threads", "cpython-processes", "node"} & set(FOREIGN):
            with self.subTest(model=model), tempfile.TemporaryDirectory() as folder, \
                    Server(model, TROIKA_FILES=folder) as server:
                got: list = []
                together([lambda: got.append(server.ask(target))] * 3)
                self.assertEqual(got, [(200, body)] * 3)
                self.assertEqual(len(os.listdir(folder)), 1)
                if model.startswith("node"):
                    status, reason = server.ask("/file?cold=1")
                    self.assertEqual(status, 503)
                    self.assertIn("cold=0", reason)

    def test_the_loop_is_free_while_others_block(self) -> None:
        for model in ("cpython-asyncio-threads", "cpython-asyncio-processes", "node-workers"):
            if model not in FOREIGN:
                continue
            with self.subTest(model=model):
                server = Server(model, "--workers", "1")
                slow = server.connect()
                slow.request("GET", f"/block?delay={BLOCKED_S}s&offload=1")
                begun = time.monotonic()
                while time.monotonic() < begun + 0.3:
                    self.assertEqual(server.ask("/hello"), (200, "abcdefghijklm"))
                took_s = time.monotonic() - begun
                slow.close()
                server.process.kill()
                server.__exit__()
                self.assertLess(took_s, BLOCKED_S / 2)


@unittest.skipUnless("node-cluster" in FOREIGN, "it was not built")
class NodeCluster(unittest.TestCase):
    def test_killed_workers_are_replaced(self) -> None:
        """At the same port, though it was drawn, also when all have died."""
        for workers in (1, 2):
            with self.subTest(workers=workers), \
                    Server("node-cluster", "--workers", str(workers)) as server:
                for _ in range(2):
                    gone = server.children(workers)
                    for worker in gone:
                        os.kill(worker, signal.SIGKILL)
                    self.wait_for(lambda: not set(gone) & set(server.children(workers)))
                    self.wait_for(lambda: self.answers(server))

    def test_nothing_outlives_the_primary(self) -> None:
        server = Server("node-cluster", "--workers", "2")
        workers = server.children(2)
        connection = server.connect()
        connection.request("GET", "/wait?delay=1h")
        server.process.kill()
        server.process.wait(LIMIT_S)
        server.process.stdout.close()
        connection.close()
        self.wait_for(lambda: not any(map(alive, workers)))

    def answers(self, server: Server) -> bool:
        try:
            return server.ask("/hello") == (200, "abcdefghijklm")
        except (OSError, http.client.HTTPException):
            return False

    def wait_for(self, what) -> None:
        end = time.monotonic() + LIMIT_S
        while not what():
            self.assertLess(time.monotonic(), end, "waited for too long")
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
