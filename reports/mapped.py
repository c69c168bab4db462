#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the page of a map of winners that `troika map -o FOLDER` stored:
FOLDER/index.html and charts.
"""

import argparse
import sys

from charts import drawing
from choices import winners
from data import output, results
from pages import render


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="mapped.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 no map or one that cannot be used, 2 usage",
    )
    parser.add_argument("folder", metavar="FOLDER", help="of the map")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        print(winners.write(winners.load(options.folder)))
    except (results.ResultsError, drawing.DrawingError, render.PagesError) as error:
        print(f"mapped: {error}", file=sys.stderr)
        return 1
    except render.UNFORESEEN as error:
        print(f"mapped: {output.damaged(options.folder, error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("mapped", main, sys.argv[1:]))
