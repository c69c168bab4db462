#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the record of a decision that `troika decide -o FOLDER` stored,
FOLDER/record.md, and its page, FOLDER/index.html.

With --verify, checks that the record follows from the files beside it, and that
the answer follows from the question, the constants, the residuals and what was
measured: `troika decide --verify FOLDER` decides again.
"""

import argparse
import subprocess
import sys

from choices import page, record
from charts import drawing
from data import output, results
from pages import render


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="decided.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 no decision or one that cannot be used, 2 usage,"
        " 4 the record does not follow from the files",
    )
    parser.add_argument("folder", metavar="FOLDER", help="of the decision")
    parser.add_argument("--verify", metavar="TROIKA", help="check the record, and the answer with this program")
    return parser.parse_args(argv)


def verify(folder: str, troika: str) -> int:
    problem = record.changed(folder)
    decision = None if problem else record.load(folder)
    problem = problem or record.verify(decision) or page.verify(decision)
    if problem:
        print(f"decided: {problem}", file=sys.stderr)
        return 4
    done = subprocess.run([troika, "decide", "--verify", folder], check=False)
    if done.returncode == 0:
        print(f"{folder}: the record, the answer and the evidence agree")
    return done.returncode


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        if options.verify:
            return verify(options.folder, options.verify)
        decision = record.load(options.folder)
        print(record.write(decision))
        print(page.write(decision))
    except (results.ResultsError, drawing.DrawingError, render.PagesError) as error:
        print(f"decided: {error}", file=sys.stderr)
        return 1
    except render.UNFORESEEN as error:
        print(f"decided: {output.damaged(options.folder, error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("decided", main, sys.argv[1:]))
