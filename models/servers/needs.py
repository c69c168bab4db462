# SPDX-License-Identifier: MIT
"""Says which of the modules are missing, and fails: `needs.py fastapi 'django<4'`. Prints
their versions: `needs.py --versions fastapi django`.
"""
import importlib.util
import platform
import sys


def version(name: str) -> str:
    from importlib import metadata  # takes longer to load than all else
    return metadata.version(name)


def lacking(wanted: str) -> str:
    """What is wrong with "fastapi" or "django<4"; "": nothing."""
    name, _, below = wanted.partition("<")
    if not importlib.util.find_spec(name):
        return f"Python has no {name} (make deps-servers)"
    if below and int(version(name).partition(".")[0]) >= int(below):
        return f"its law is that of {name} below {below}, and here is {version(name)}"
    return ""


asked = [name for name in sys.argv[1:] if name != "--versions"]
if faults := list(filter(None, map(lacking, asked))):
    print("; ".join(faults))
    sys.exit(1)
if "--versions" in sys.argv:
    names = [name.partition("<")[0] for name in asked]
    print(", ".join([f"{name} {version(name)}" for name in names]
                    + [f"{platform.python_implementation()} {platform.python_version()}"]))
