# SPDX-License-Identifier: MIT
"""Exit codes of programs whose output may not be writable. A full disk shows
only when the buffer is flushed, after main has returned."""

import os
import shutil
import sys
import textwrap
import traceback
from pathlib import Path

OWN = Path(__file__).resolve().parents[1]
# Errors that malformed data raises in code that relies on its checks.
UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, StopIteration)


def damaged(where: str, error: Exception) -> str:
    """A sentence for stored results that passed the checks and then broke the
    report. The source line tells a developer which check is missing."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    place = next((f for f in frames if OWN in Path(f.filename).parents), None)
    at = f" at {Path(place.filename).name}:{place.lineno}" if place else ""
    return (
        f"{where} is damaged in a way that the checks do not know"
        f" ({type(error).__name__}: {error}{at}); restore it from a copy,"
        " or if no one has changed it, report this line as a fault"
    )


def say(lines: list[str]) -> None:
    """Prints the lines; on a terminal folded at blanks to its width, as the program
    folds its own (harness/screen)."""
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns, 20) - 1
        lines = [part for line in lines for part in folded(line, width)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def folded(line: str, width: int) -> list[str]:
    own = len(line) - len(line.lstrip(" "))
    more = " " * (own + 2 if own + 2 <= width / 2 else 0)
    return textwrap.wrap(line, width, subsequent_indent=more, break_long_words=False, break_on_hyphens=False) or [""]


def exit_code(name: str, main, arguments: list[str]) -> int:
    """Runs main(arguments). Its exit code, or 1 with a sentence on stderr when
    standard output cannot be written."""
    if sys.stdout is None:
        print(f"{name}: standard output is closed; open it, or send it to a file", file=sys.stderr)
        return 1
    try:
        try:
            code = main(arguments)
        except SystemExit as end:  # argparse: --help, or wrong usage
            code = end.code
        sys.stdout.flush()
        return code
    except OSError as error:
        if error.filename:
            print(f"{name}: {error.filename}: {error.strerror}", file=sys.stderr)
            return 1
        # The interpreter flushes stdout again on exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(
            f"{name}: standard output cannot be written: {error.strerror};"
            " send it elsewhere or free space",
            file=sys.stderr,
        )
        return 1
