# SPDX-License-Identifier: MIT
"""What a reader sees of the pages, in a real browser: at 1,400 and 400 px, light and
dark, nothing is cut, no letter is small or pale, and whatever can be pressed can be
reached; with its script the page does what it offers, without it nothing is missing.

The page is served with its own policy, which the browser enforces and reports; the
page around it looks into its frame (audit.js) and sends what it saw.
"""

import http.server
import json
import os
import re
import subprocess
import threading
import time
import unittest
from pathlib import Path

from case import ROOT, Case
from chromium import LIMIT_S, browser

import stored
import test_map
import validated

TROIKA = ROOT / os.environ.get("TROIKA_BUILD", "build/release") / "troika"

WIDTHS = (1400, 400)
DARK = "--blink-settings=preferredColorScheme=0"
AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
AROUND = """<!DOCTYPE html>%s<script>%s
onload = async () => {
  const frames = [...document.querySelectorAll("iframe")], seen = {};
  for (const frame of frames) seen[frame.dataset.width] = audit(frame);
  if (%s) seen.used = await used(frames[0]);
  await fetch("/seen", { method: "POST", body: JSON.stringify(seen) });
};</script>"""


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"/": self.server.around, "/page": self.server.page}.get(self.path)
        self.server.asked.append(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.path == "/page":
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write((body or "").encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/seen":
            self.server.seen = json.loads(body)
        else:
            self.server.broken.append(body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Look(Case):
    maxDiff = 2000

    def looked(self, page, dark=False, script=True, use=False):
        """What the page around saw at each width, and what the policy kept away."""
        policy = POLICY.search(page)[1].replace("&#39;", "'")
        if not script:
            policy = re.sub("script-src .*", "script-src 'none'", policy)
        frames = "".join(f'<iframe src="/page" data-width="{w}" style="width: {w}px; height: 900px; border: 0"></iframe>' for w in WIDTHS)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
            server.page, server.policy, server.seen = page, f"{policy}; report-uri /broken", None
            server.around, server.asked, server.broken = AROUND % (frames, AUDIT, "true" if use else "false"), [], []
            threading.Thread(target=server.serve_forever, daemon=True).start()
            deadline = time.monotonic() + LIMIT_S
            with browser(f"http://127.0.0.1:{server.server_address[1]}/", *([DARK] if dark else [])) as process:
                while process.poll() is None and time.monotonic() < deadline and server.seen is None:
                    time.sleep(0.02)
            server.shutdown()
        if "/page" not in server.asked:
            self.skipTest("chromium opened no page here")
        self.assertIsNotNone(server.seen, "the page around has seen nothing")
        self.assertLessEqual(set(server.asked), {"/", "/page", "/favicon.ico"})
        return server.seen, server.broken

    def fine(self, page):
        for dark in (False, True):
            with self.subTest(dark=dark):
                seen, broken = self.looked(page, dark)
                self.assertEqual(broken, [])
                for width in WIDTHS:
                    told = seen[str(width)]
                    self.assertEqual(told["bad"], [], f"{width} px")
                    self.assertLessEqual(told["wide"], told["inner"], f"{width} px")
                    self.assertEqual(told["dark"], dark)
                    self.assertGreater(told["reached"], 5)

    def page(self):
        stored.write(self.run_path, "quick")
        self.report()
        return self.text("index.html")

    def test_the_report(self):
        self.fine(self.page())

    def test_sweeps_and_searches(self):
        for name in ("sweep", "rates", "search"):
            with self.subTest(name):
                self.run_path = self.run_path.with_name(name)
                stored.write(self.run_path, name)
                self.report("--only", "report")
                self.fine(self.text("index.html"))

    def test_without_its_script_nothing_is_missing(self):
        page = self.page()
        with_script, _ = self.looked(page)
        seen, broken = self.looked(page, script=False)
        self.assertEqual(len(broken), len(WIDTHS), broken)  # the script itself, once in each frame
        for width in WIDTHS:
            told = seen[str(width)]
            self.assertTrue(with_script[str(width)]["scripted"])
            self.assertFalse(told["scripted"])
            self.assertEqual(told["bad"], [])
            self.assertLessEqual(told["wide"], told["inner"])

    def test_what_the_script_offers(self):
        seen, broken = self.looked(self.page(), use=True)
        self.assertEqual(broken, [])
        used = seen["used"]
        self.assertTrue(used["faded"] and used["pale"] and used["back"])
        self.assertTrue(any(re.match(r"event-loop: 1,970/s \[", tip) for tip in used["tips"]), used["tips"][:9])
        ways = ["logarithmic", "linear", "tail from p90 on"]
        self.assertEqual(used["forms"], [ways[:1], *([way, way] for way in ways), [ways[0]] * 2])
        self.assertEqual(used["formed"], [])
        self.assertEqual(used["shown"], 1)
        self.assertEqual((used["lowest"], used["highest"]), ("serial‡", "thread-per-request"))  # a tie, in its order
        self.assertEqual(used["stored"]["serial"], "fails")
        self.assertEqual(used["stored"]["event-loop"], "fits")
        self.assertEqual(set(used["strict"].values()), {"fails"})
        self.assertEqual(used["loose"]["event-loop"], "fits")
        self.assertNotEqual(used["loose"]["serial"], "fails")
        self.assertEqual(used["restored"], used["stored"])
        self.assertTrue(used["copied"].startswith("| model | workers | throughput, /s |"), used["copied"][:80])

    def test_a_decision_a_map_and_a_comparison(self):
        if not TROIKA.is_file():
            self.skipTest("the program is not built")
        folder = self.run_path.parent / "decision"
        done = subprocess.run([TROIKA, "decide", "--wait", "20ms", "--cpu", "1ms", "--rate", "100", "--limit", "p99<100ms",
                               "--memory", "64MiB", "--machine", "none", "-o", folder],
                              capture_output=True, text=True, timeout=LIMIT_S, check=False)
        self.assertTrue((folder / "decision.json").is_file(), done.stderr)
        map_folder = self.run_path.parent / "map"
        map_folder.mkdir()
        (map_folder / "map.json").write_text(json.dumps(test_map.made()), encoding="utf-8")
        compared = self.run_path.parent / "compared"
        for name in ("a", "b"):
            stored.write(self.run_path.with_name(name), "quick")
        subprocess.run([TROIKA, "compare", self.run_path.with_name("a"), self.run_path.with_name("b"), "-o", compared],
                       capture_output=True, text=True, timeout=LIMIT_S, check=False)
        for program, place in (("decided.py", folder), ("mapped.py", map_folder), ("compared.py", compared)):
            with self.subTest(program):
                done = subprocess.run(["/usr/bin/python3", "-B", ROOT / "reports" / program, place],
                                      capture_output=True, text=True, timeout=120, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.fine((place / "index.html").read_text(encoding="utf-8"))

    def test_the_claims_and_the_validation(self):
        stored.write(self.run_path, "quick")
        output = self.run_path.parent / "claims"
        folder = validated.store(self.run_path.parent / "validated", validated.build("quick"))
        for program, arguments, page in (
            ("judge.py", ["--claims", "C01,C21", "--output", output, self.run_path], output / "claims.html"),
            ("validation.py", [folder], folder / "report" / "index.html"),
        ):
            with self.subTest(program):
                done = subprocess.run(["/usr/bin/python3", "-B", ROOT / "reports" / program, *arguments],
                                      capture_output=True, text=True, timeout=120, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.fine(page.read_text(encoding="utf-8"))

    def test_what_is_wrong_is_seen(self):
        page = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'none'">
<body><p style="font-size: 8px">small</p><p style="color: #ccc; background: #fff">pale</p><p style="width: 2000px">wide</p>
<svg viewBox="0 0 400 20" width="400"><text x="380" y="15" font-size="14">cut off here</text></svg><a href="#" tabindex="-1">lost</a>
<button></button><img src="http://127.0.0.1:9/a.png"><link rel=stylesheet href="http://127.0.0.1:9/a.css">"""
        seen, broken = self.looked(page)
        told = seen["400"]
        for words in ("small, 8.0 px: small", "contrast", "cut in a chart: cut off here", "out of reach: lost", "a chart without a name", "cut by the page: wide", "without a name: <button"):
            self.assertTrue(any(b.startswith(words) for b in told["bad"]), (words, told["bad"]))
        self.assertGreater(told["wide"], 400)
        self.assertEqual(len(broken), 2 * len(WIDTHS))


if __name__ == "__main__":
    unittest.main()
