#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `make` was given, handed on as it is.

    given.py words NAME COMMAND WORD... [-- WORD...]
    given.py bench TROIKA WORD...
    given.py validate TROIKA

`words` becomes COMMAND with the words of the environment's GIVEN_NAME put
before the first `--`, or behind the last word. `bench` measures with the words
of GIVEN_ARGS likewise, reports the run that came of it, and ends with the exit
code of both (docs/experiments.md). `validate` does so with a validation, whose
page it makes.

Words are parted as a shell parts them: blanks part, quotes and backslash hold
together. Nothing is expanded, and no other sign means anything.
"""
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports" / "report.py"
PAGE = ROOT / "reports" / "validation.py"
DONE, USAGE, INVALID, THRESHOLD = 0, 2, 3, 4


def words(name: str) -> list[str]:
    """Those of GIVEN_name; ValueError with a sentence."""
    given = os.environ.get("GIVEN_" + name, "")
    try:
        return shlex.split(given)
    except ValueError as error:
        wrong = str(error).lower()
        raise ValueError(f"{name}={given}: {wrong}; close it, or put a backslash before it") from None


def with_words(command: list[str], name: str) -> list[str]:
    at = command.index("--") if "--" in command else len(command)
    return command[:at] + words(name) + command[at:]


def call(command: list[str]) -> int:
    """Runs it to its own end: Ctrl-C reaches the program as well, which ends in
    order; what is sent to us alone, by make say, is handed on."""
    child = subprocess.Popen(command)
    # A handler, for what is ignored stays ignored in the program.
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: child.send_signal(number))
    status = child.wait()
    return status if status >= 0 else 128 - status


def bench(troika: str, rest: list[str]) -> int:
    """A run may end elsewhere than in results/latest, or be none (--dry-run):
    the program itself says which one it is."""
    with tempfile.NamedTemporaryFile(prefix="troika-run-") as note:
        command = with_words([troika, "bench", "--run-file", note.name, *rest], "ARGS")
        status = call(command)
        run = os.fsdecode(note.read())
    if status not in (DONE, INVALID, THRESHOLD) or not run:
        return status
    sys.stdout.flush()
    report = call([sys.executable, str(REPORT), "--summary", "--troika", troika, "--", run])
    if report not in (DONE, INVALID, THRESHOLD):  # the program left its result to the report
        call([troika, "summarise", run])
    # Invalid trials that no decision depends on are no failure of the run.
    return status if status == THRESHOLD and report in (DONE, INVALID) else report


def validations() -> dict[Path, int]:
    """When each stored validation was written."""
    found = [p for name in ("validation", "again") for p in ROOT.glob(f"results/validation-*/{name}.json")]
    return {path: path.stat().st_mtime_ns for path in found}


def validate(troika: str) -> int:
    """A validation that was only planned, or did not end, leaves no file."""
    before = validations()
    status = call(with_words([troika, "validate"], "ARGS"))
    new = {path: at for path, at in validations().items() if before.get(path) != at}
    if status not in (DONE, INVALID) or not new:
        return status
    sys.stdout.flush()
    return call([sys.executable, str(PAGE), "--", str(max(new, key=lambda path: new[path]))]) or status


def main(argv: list[str]) -> int:
    try:
        if len(argv) > 2 and argv[0] == "words":
            command = with_words(argv[2:], argv[1])
            os.execvp(command[0], command)
        if len(argv) > 1 and argv[0] == "bench":
            return bench(argv[1], argv[2:])
        if len(argv) == 2 and argv[0] == "validate":
            return validate(argv[1])
    except ValueError as error:
        print(f"make: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"make: {error.filename or argv[2]}: {error.strerror}", file=sys.stderr)
        return 1
    print(__doc__, file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
