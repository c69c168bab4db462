#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints what a run missed as annotations of a GitHub job: an error for each limit
that is not kept and each regression beyond the allowed one, a warning for invalid
trials and other regressions, a notice with the verdict of a comparison.

All of it is stored: in run.json, and in the comparison.json of `troika compare -o`.
"""

import argparse
import sys
from pathlib import Path

from data import checks, output, results, units
from data.metrics import metric

CELLS_SHOWN = 5


def command(kind: str, title: str, text: str) -> str:
    """A workflow command. Its signs are escaped, so no stored text begins another one."""
    def safe(words: str, more: str = "") -> str:
        for sign in "%\r\n" + more:
            words = words.replace(sign, f"%{ord(sign):02X}")
        return words

    return f"::{kind} title={safe(title, ':,')}::{safe(text)}"


def missed(threshold: dict) -> str:
    """A limit that is not kept: "p99<50ms is not kept in 2 of 4 cells: ..."."""
    def shown(value):
        if value is None:
            return "no figure"
        return metric(threshold["metric"]).show(value) if threshold["metric"] else f"{units.percent(value)} errors"

    cells = threshold["missed"]
    told = [f"{c['experiment']} {c['load_point']} {c['model']} {shown(c['value'])}" for c in cells[:CELLS_SHOWN]]
    more = [f"and {len(cells) - CELLS_SHOWN} more"] if len(cells) > CELLS_SHOWN else []
    return f"{threshold['text']} is not kept in {len(cells)} of {threshold['cells']} cells: " + "; ".join(told + more)


def of_run(run: dict) -> list[str]:
    lines = [command("error", "Troika: limit", missed(t)) for t in run.get("thresholds") or [] if not t["met"]]
    if run.get("untrusted"):
        lines.append(command("warning", "Troika", run["untrusted"]))
    tally = run.get("tally") or {}
    if tally.get("invalid") or tally.get("lost"):
        text = f"{tally.get('invalid', 0)} of {tally.get('planned', 0)} trials are invalid, so some figures may be missing"
        lines.append(command("warning", "Troika", text))
    return lines


def of_comparison(data: dict) -> list[str]:
    lines = [command("notice", "Troika", f"{data['verdict']} (against {data['a']['run_id']})")]
    for row in data["rows"]:
        kind = metric(row["metric"])
        text = f"{row['experiment']} {row['load_point']} {row['model']}: {kind.noun} {kind.show(row['a'])} before, {kind.show(row['b'])} now: {row['phrase']}"
        if row["regression"] in ("worse", "unjudged"):
            lines.append(command("error", "Troika: regression", text))
        elif row["verdict"] == "worse":
            lines.append(command("warning", "Troika: worse", text))
    if data["tally"]["lost"]:
        kind = "error" if data["max_regression"] else "warning"
        lines.append(command(kind, "Troika: lost", f"{data['tally']['lost']} figures of the baseline are missing"))
    return lines


def read(path: Path, kind: str) -> dict:
    data = results.read(path)
    checks.check_schema(path, kind, data)
    return data


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="annotations.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 results that cannot be read, 2 usage",
    )
    parser.add_argument("run", metavar="RUN", help="a run's directory")
    parser.add_argument("--compared", metavar="FILE", help="comparison.json of this run with another one")
    options = parser.parse_args(argv)
    try:
        lines = of_run(read(Path(options.run) / "run.json", "run"))
        if options.compared and Path(options.compared).is_file():
            lines += of_comparison(read(Path(options.compared), "comparison"))
    except results.ResultsError as error:
        print(f"annotations: {error}", file=sys.stderr)
        return 1
    except output.UNFORESEEN as error:
        print(f"annotations: {output.damaged(options.run, error)}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("annotations", main, sys.argv[1:]))
