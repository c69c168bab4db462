#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges the claims from stored runs: claims.json, claims.md and claims.html.

The rules are in harness/experiments/claims/, the measurements in the named runs;
nothing is measured here. Without --output the page goes to claims-<UTC> beside
the first run. The page names verdicts that differ from the newest claims.json
there.
"""

import argparse
import sys
from pathlib import Path

from data import output, results
from pages import render
from claims import judge, rules


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="judge.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 a rule or results that cannot be used, 2 usage",
    )
    parser.add_argument("runs", metavar="RUN", nargs="*", help="stored runs; the first one with an experiment is used for it")
    parser.add_argument(
        "--planned", metavar="RUN", action="append", default=[],
        help="a run with the number of blocks that the others' spread asks for; used for claims that those leave undecided",
    )
    parser.add_argument("--claims", default="full", help="quick, full (all; the default) or C07,C08")
    parser.add_argument("--rules", type=Path, default=rules.FOLDER, help="the folder of the rules")
    parser.add_argument("--output", type=Path, help="the page's folder")
    parser.add_argument("--experiments", action="store_true", help="print what has to be run, judge nothing")
    parser.add_argument("--primitives", action="store_true", help="print “primitives” if that has to be run too")
    options = parser.parse_args(argv)
    if not (options.runs or options.experiments or options.primitives):
        parser.error("name a run, e.g. results/latest")
    return options


def judged(picked: list[rules.Rule], options: argparse.Namespace) -> str:
    try:
        runs = [results.load(r) for r in options.runs]
        for run in runs:
            if run.data.get("untrusted"):
                raise results.ResultsError(f"{run.path}: no claim is judged: {run.data['untrusted']}")
        planned = [results.load(r) for r in options.planned]
        return judge.outcome(judge.make(picked, runs, options.output, planned))
    except render.UNFORESEEN as error:
        where = f"run.json or a trial of {', '.join([*options.runs, *options.planned])}"
        raise results.ResultsError(output.damaged(where, error)) from None


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        picked = judge.chosen(options.claims, options.rules)
        if options.experiments:
            print(*judge.experiments(picked, options.claims))
            return 0
        if options.primitives:
            print(*["primitives"] * judge.prices(picked))
            return 0
        sys.stdout.write(judged(picked, options))
    except judge.PROBLEMS as error:
        print(f"claims: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("claims", main, sys.argv[1:]))
