# SPDX-License-Identifier: MIT
"""In a real browser the pages load nothing and run nothing. They are served with a
policy that allows only what is inside the page, and the browser reports everything else
that it would load.

A control page requests an image from another host, so the browser must report
it. The browser opens the control page after the page under test, and the report
on the control page ends the wait.
"""

import contextlib
import http.server
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from case import ROOT, Case

import stored
import validated

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; report-uri /broken?{0}"
CONTROL = '<img src="http://127.0.0.1:9/">'
# A telephone's width; the page's own is handed on with the address of the control.
WIDTH = 390
AROUND = f'''<iframe src="/page" style="width: {WIDTH}px; height: 800px; border: 0"></iframe>
<script>onload = () => location = "/control?" + frames[0].document.documentElement.scrollWidth</script>'''
LIMIT_S = 60


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves the page in a frame, and the control page once the frame has loaded."""

    def do_GET(self):
        name, _, query = self.path[1:].partition("?")
        if query:
            self.server.width = int(query)
        self.server.asked.append(name)
        body = {"": AROUND, "page": self.server.page, "control": CONTROL}.get(name)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if name in ("page", "control"):
            self.send_header("Content-Security-Policy", POLICY.format(name))
        self.end_headers()
        self.wfile.write((body or "").encode())

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.broken.append((self.path.partition("?")[2], text))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def browser(address):
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise unittest.SkipTest("there is no chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", f"--user-data-dir={home}/profile", address],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "HOME": home})
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT_S)


class Browser(Case):
    def opened(self, page):
        """What the browser reported about the page."""
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
            server.page, server.asked, server.broken = page, [], []
            threading.Thread(target=server.serve_forever, daemon=True).start()
            deadline = time.monotonic() + LIMIT_S
            with browser(f"http://127.0.0.1:{server.server_address[1]}/") as process:
                while (process.poll() is None and time.monotonic() < deadline
                       and not any(name == "control" for name, _ in server.broken)):
                    time.sleep(0.02)
            server.shutdown()
        if "page" not in server.asked:
            self.skipTest("chromium opened no page here")
        self.assertTrue(any(name == "control" for name, _ in server.broken), "no control")
        self.width = server.width
        self.assertLessEqual(set(server.asked), {"", "page", "control", "favicon.ico"})
        return [text for name, text in server.broken if name == "page"]

    def test_the_report(self):
        stored.write(self.run_path, "quick")
        self.report()
        page = (self.run_path / "report" / "index.html").read_text(encoding="utf-8")
        self.assertEqual(self.opened(page), [])

    def test_the_claims(self):
        stored.write(self.run_path, "quick")
        output = self.run_path.parent / "claims"
        done = subprocess.run(
            ["/usr/bin/python3", "-B", str(ROOT / "reports" / "judge.py"), "--claims", "C01,C21",
             "--output", output, self.run_path],
            capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.opened((output / "claims.html").read_text(encoding="utf-8")), [])

    def test_the_validation(self):
        """On a telephone nothing but tables is wider than the screen."""
        folder = validated.store(self.run_path, validated.build("quick"))
        done = subprocess.run(
            ["/usr/bin/python3", "-B", str(ROOT / "reports" / "validation.py"), folder],
            capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.opened((folder / "report" / "index.html").read_text(encoding="utf-8")), [])
        self.assertLessEqual(self.width, WIDTH)
        self.opened(f'<div style="width: {WIDTH + 1}px">wide</div>')
        self.assertGreater(self.width, WIDTH)

    def test_what_is_loaded_is_seen(self):
        loads = ('<img src="http://127.0.0.1:9/a.png">', "<script>1</script>",
                 '<link rel=stylesheet href="/style.css">')
        self.assertEqual(len(self.opened(f"<p>before</p>{''.join(loads)}")), len(loads))


if __name__ == "__main__":
    unittest.main()
