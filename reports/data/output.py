# SPDX-License-Identifier: MIT
"""The end of a program whose output may not be writable: a full disk shows when
the buffer is written, which is after main has returned."""

import os
import sys
import traceback
from pathlib import Path

OWN = Path(__file__).resolve().parents[1]
# What code meets that was handed another thing than it was promised.
UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, StopIteration)


def damaged(where: str, error: Exception) -> str:
    """A sentence for stored results of which the checks let something through
    that the report then could not use. The place is for whoever mends the checks."""
    frames = reversed(traceback.extract_tb(error.__traceback__))
    place = next((f for f in frames if OWN in Path(f.filename).parents), None)
    at = f" at {Path(place.filename).name}:{place.lineno}" if place else ""
    return (
        f"{where} is damaged in a way that the checks do not know"
        f" ({type(error).__name__}: {error}{at}); restore it from a copy,"
        " or if no one has changed it, report this line as a fault"
    )


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
        # What is still in the buffer would fail once more at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(
            f"{name}: standard output cannot be written: {error.strerror};"
            " send it elsewhere or free space",
            file=sys.stderr,
        )
        return 1
