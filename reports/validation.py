#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the page of a validation from its validation.json: index.html,
validation.md and charts, all below FOLDER/report/.

Errors, coverage and baselines are in the file; this program sorts, formats and
draws them.
"""

import argparse
import sys
from pathlib import Path

from data import output, results
from charts import drawing
from pages import render
from forecasts import page, stored

ROOT = Path(__file__).resolve().parents[1] / "results"


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="validation.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 no validation or one that cannot be used, 2 usage",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", help="of the validation, or its file (the newest in results/)")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options = arguments(argv)
    place = options.folder or stored.newest(ROOT)
    if not place:
        print(f"validation: no finished validation in {ROOT}; `make validate` makes one", file=sys.stderr)
        return 1
    try:
        found = stored.load(place)
        sys.stdout.write(page.outcome(found, page.write(found)))
    except (results.ResultsError, drawing.DrawingError, render.PagesError) as error:
        print(f"validation: {error}", file=sys.stderr)
        return 1
    except render.UNFORESEEN as error:
        print(f"validation: {output.damaged(str(place), error)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("validation", main, sys.argv[1:]))
