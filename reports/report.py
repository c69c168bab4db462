#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes a run's report from its stored results: charts, report.md, a page
(index.html) and the decision record, all below RUN/report/.

This program measures nothing and computes no statistics: load -> validate ->
draw -> write.
"""

import argparse
import shlex
import sys
from pathlib import Path

from data import output, results
from decision import dependence
from charts import catalogue, drawing
from choices import of_run
from pages import ending, record, render, view
from runs import index


def make(run: results.Run, only: str | None, troika: str | None) -> dict:
    """Writes the wanted parts; returns the context of the pages."""
    folder = run.path / "report"
    records, refused = of_run.write_all(run, troika) if troika and only != "charts" else ({}, {})
    decisions = record.decisions(run, without=records)
    run.winners = {name: told["winner"] for name, told in records.items()}
    run.winners |= {name: decision["reference"] for name, decision in decisions.items()}
    if only == "charts":
        run.winners |= of_run.winners(run)
    found = catalogue.all_charts(run)
    if only in (None, "charts", "report"):
        drawing.write(found, folder / "charts", render.environment(), f"run {run.data['run_id']}")
    if only in (None, "adr", "report"):
        records |= record.write_all(run, found, decisions)
    context = view.view(run, found, records)
    if only in (None, "report"):
        render.write_report(folder, context)
    context["paths"] = _paths(folder, records)
    context["refused"] = refused
    decided = {name: told["decision"] for name, told in records.items()}
    context["depends"] = only != "charts" and dependence.of_run(run, decided)
    return context


def _paths(folder: Path, records: dict) -> list[tuple[str, Path]]:
    names = [("report", "index.html"), ("as text", "report.md"), ("charts", "charts")]
    rows = [(words, folder / name) for words, name in names]
    rows += [("decision", folder / "adr" / r["file"]) for r in records.values()]
    return [(words, path) for words, path in rows if path.exists()]


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="report.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done; 1 results that cannot be reported, or no record to verify;"
        " 2 usage; 3 (with --summary) invalid trials that a decision depends on, or that belong to an"
        " experiment without a decision; 4 a decision record that the results contradict or do not support",
    )
    parser.add_argument("run", metavar="RUN", help="a run's directory, e.g. results/latest")
    parser.add_argument("--only", choices=("charts", "report", "adr"), help="make only this part")
    parser.add_argument("--troika", metavar="PROGRAM", help="decides by forecast where one is known; without it, by the nearest load point")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="write nothing: recompute the decision records and compare them",
    )
    parser.add_argument(
        "--summary",
        action="store_true",
        help="print ten lines at most: the decision, whether it depends on invalid trials (then"
        " exit code 3), who leads where, and where to look",
    )
    return parser.parse_args(argv)


def verify(run: results.Run, troika: str | None) -> int:
    """Prints for each newest decision record whether the stored results support it."""
    found = of_run.verify(run, troika) if troika else []
    run.winners = {name: decision["reference"] for name, decision in record.decisions(run).items()}
    found += record.verify(run, catalogue.all_charts(run))
    for path, problem in found:
        print(f"{path}: {problem or 'agrees with the stored results'}")
    if not found:
        words = f"{run.path}: no decision record to verify"
        if run.data.get("untrusted"):
            print(f"report: {words}, and none is made: {run.data['untrusted']}", file=sys.stderr)
            return 1
        print(f"report: {words}; `make adr RUN={shlex.quote(str(run.path))}` writes it", file=sys.stderr)
        return 1
    return 4 if any(problem for _, problem in found) else 0


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        if options.verify:
            return verify(results.load(options.run), options.troika)
        run = results.load(options.run)
        context = make(run, options.only, options.troika)
        index.refresh(options.troika, options.run)
        untrusted = context["run"]["untrusted"]
        if untrusted and not options.summary:
            print(f"report: {untrusted}; no decision is recorded", file=sys.stderr)
        code = 3 if untrusted or (options.summary and context["depends"]) else 0
        if options.summary:
            told = ending.lines(run, context)
        else:
            told = [f"  {words:<14} {path}" for words, path in context["paths"]]
        output.say(told)
    except (results.ResultsError, drawing.DrawingError, render.PagesError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    except render.UNFORESEEN as error:
        where = f"{options.run}/run.json or a trial of it"
        print(f"report: {output.damaged(where, error)}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(output.exit_code("report", main, sys.argv[1:]))
