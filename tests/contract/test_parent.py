#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""TROIKA_DIE_WITH_PARENT=PID when PID is not the server's own parent.

A script between the harness and the server is in order; a starter that is gone
already is not.
"""
import os
import subprocess
import unittest

from bare_server import BUILD, LIMIT_S, alive, models


class Parent(unittest.TestCase):
    def start(self, model: str, parent: int) -> subprocess.Popen:
        """The server as a child of a shell, in a session of its own."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", '"$0" --port 0; exit 3', BUILD / "models" / model],
            env=dict(os.environ, TROIKA_DIE_WITH_PARENT=str(parent)),
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, LIMIT_S)
        self.addCleanup(process.kill)
        return process

    def test_a_script_in_between(self) -> None:
        for model in models():
            with self.subTest(model=model):
                shell = self.start(model, os.getpid())
                self.assertIn('"ready":true', shell.stdout.readline())
                shell.kill()
                # The pipe ends when the last process that holds it is ending.
                self.assertEqual(shell.stdout.read(), "")

    def test_the_named_one_is_gone(self) -> None:
        gone = subprocess.Popen(["/bin/true"])
        gone.wait(LIMIT_S)
        if alive(gone.pid):
            self.skipTest("its number was taken at once")
        shell = self.start(models()[0], gone.pid)
        self.assertEqual(shell.stdout.read(), "")
        self.assertEqual(shell.wait(LIMIT_S), 3)


if __name__ == "__main__":
    unittest.main()
