#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /stats of every model: coroutines tell how far their stacks were used,
the others that there are none."""
import http.client
import json
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TROIKA_BUILD", ROOT / "build/release")).resolve()
LIMIT_S = 30


def models() -> dict[str, dict]:
    """Our own models that were built, as they describe themselves."""
    found = {}
    for source in sorted(ROOT.glob("models/*.c")):
        binary = BUILD / "models" / source.stem
        if binary.exists():
            done = subprocess.run([binary, "--describe"], capture_output=True,
                                  timeout=LIMIT_S, check=True)
            found[source.stem] = json.loads(done.stdout)
    return found


class Stacks(unittest.TestCase):
    def stats_of(self, model: str) -> dict:
        server = subprocess.Popen([BUILD / "models" / model, "--port", "0", "--stats"],
                                  stdout=subprocess.PIPE, text=True)
        try:
            port = json.loads(server.stdout.readline())["port"]
            answer = b""
            for path in ("/hello", "/stats"):
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
                client.request("GET", path, headers={"Connection": "close"})
                answer = client.getresponse().read()
                client.close()
            return json.loads(answer)
        finally:
            server.terminate()
            server.stdout.close()
            server.wait(LIMIT_S)

    def test_stacks_of_coroutines(self) -> None:
        for model, described in models().items():
            if described["task"] != "coroutine":
                continue
            with self.subTest(model=model):
                stacks = self.stats_of(model)["stacks"]
                self.assertGreater(stacks["count"], 0)
                self.assertGreaterEqual(stacks["room_bytes"], 64 << 10)
                self.assertGreater(stacks["touched_max_bytes"], 0)
                self.assertLessEqual(stacks["touched_max_bytes"], stacks["room_bytes"])
                self.assertLessEqual(stacks["touched_max_bytes"], stacks["touched_bytes"])

    def test_others_have_none(self) -> None:
        self.assertIsNone(self.stats_of("serial")["stacks"])


if __name__ == "__main__":
    unittest.main()
