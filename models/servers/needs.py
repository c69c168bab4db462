# SPDX-License-Identifier: MIT
"""Says which of the modules are missing, and fails: `needs.py fastapi uvicorn`. Prints
their versions: `needs.py --versions fastapi uvicorn`.
"""
import importlib.util
import platform
import sys


def versions(names: list[str]) -> str:
    from importlib import metadata  # takes longer to load than all else
    return ", ".join([f"{name} {metadata.version(name)}" for name in names]
                     + [f"{platform.python_implementation()} {platform.python_version()}"])


asked = [name for name in sys.argv[1:] if name != "--versions"]
missing = [name for name in asked if not importlib.util.find_spec(name)]
if missing:
    print(f"Python has no {', '.join(missing)} (make deps-servers)")
    sys.exit(1)
if "--versions" in sys.argv:
    print(versions(asked))
