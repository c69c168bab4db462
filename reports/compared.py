#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the page of two runs side by side that `troika compare A B -o FOLDER`
stored: FOLDER/index.html and charts.
"""

import argparse
import sys

from charts import drawing
from data import output, results
from pages import render
from runs import compared


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="compared.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 no comparison or one that cannot be used, 2 usage",
    )
    parser.add_argument("folder", metavar="FOLDER", help="of the comparison")
    parser.add_argument("runs", metavar="RUN", nargs="*", help="the directories of both runs, if they moved")
    options = parser.parse_args(argv)
    if len(options.runs) not in (0, 2):
        parser.error("name both runs, or none")
    return options


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        print(compared.write(compared.load(options.folder, options.runs)))
    except (results.ResultsError, drawing.DrawingError, render.PagesError) as error:
        print(f"compared: {error}", file=sys.stderr)
        return 1
    except render.UNFORESEEN as error:
        print(f"compared: {output.damaged(options.folder, error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("compared", main, sys.argv[1:]))
