#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the page of all stored runs, RESULTS/index.html, from what `troika runs
index` stored in RESULTS/index/.
"""

import argparse
import sys

from charts import drawing
from data import output, results
from pages import render
from runs import index


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="indexed.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 no index or one that cannot be used, 2 usage",
    )
    parser.add_argument("results", metavar="RESULTS", help="the folder of all runs")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        print(index.write(index.load(options.results)))
    except (results.ResultsError, drawing.DrawingError, render.PagesError) as error:
        print(f"indexed: {error}", file=sys.stderr)
        return 1
    except render.UNFORESEEN as error:
        print(f"indexed: {output.damaged(options.results, error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("indexed", main, sys.argv[1:]))
