# SPDX-License-Identifier: MIT
"""A real browser for the tests of pages: chromium without a window, in a home of its own,
ended with all its processes.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

LIMIT_S = 60


@contextlib.contextmanager
def browser(address, *flags):
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise unittest.SkipTest("there is no chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", f"--user-data-dir={home}/profile", *flags, address],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "HOME": home})
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT_S)
