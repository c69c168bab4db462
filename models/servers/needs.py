# SPDX-License-Identifier: MIT
"""Prints the versions of modules, `needs.py fastapi uvicorn`; or says which are missing,
and fails.
"""
import importlib.util
import platform
import sys
from importlib import metadata

missing = [name for name in sys.argv[1:] if not importlib.util.find_spec(name)]
if missing:
    print(f"Python has no {', '.join(missing)} (make deps-servers)")
    sys.exit(1)
print(", ".join([f"{name} {metadata.version(name)}" for name in sys.argv[1:]]
                + [f"{platform.python_implementation()} {platform.python_version()}"]))
