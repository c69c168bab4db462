# SPDX-License-Identifier: MIT
"""Gates that a test switches off, so that a busy machine cannot decide what the
test is not about.
"""
import json
import pathlib
import subprocess

LIMIT_S = 20


def all_but(troika: pathlib.Path, *asked: str) -> str:
    """TROIKA_DISABLE_GATE for a run that only `asked` gates judge."""
    done = subprocess.run([troika, "list", "gates", "--format", "json"], capture_output=True,
                          text=True, timeout=LIMIT_S, check=True)
    names = [gate["id"] for gate in json.loads(done.stdout)["gates"]]
    assert set(asked) <= set(names), asked
    return ",".join(name for name in names if name not in asked)
