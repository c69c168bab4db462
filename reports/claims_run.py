#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs the experiments of the claims and judges the claims. If a claim is
undecided, its experiment runs again with the number of blocks that the spread of
the first blocks asks for, as far as the time allows. docs/claims.md says why that
is fair.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from data import output, results
from claims import judge, rules, verdicts

REPORTED = (0, 3, 4)  # exit codes of troika bench: done, invalid trials, missed threshold
OVERHEAD_S = 5.0  # the time of a run outside its trials


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="claims_run.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: those of troika bench, and 1",
    )
    parser.add_argument("--troika", required=True, help="the program")
    parser.add_argument("--claims", default="quick", help="quick, full or C07,C08")
    parser.add_argument("--rules", type=Path, default=rules.FOLDER, help="the folder of the rules")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all runs together")
    parser.add_argument("bench", nargs=argparse.REMAINDER, help="bench, and arguments of troika bench")
    options = parser.parse_args(argv)
    if options.bench[:1] not in ([], ["bench"]):
        parser.error(f"{options.bench[0]} is not bench")
    options.bench = options.bench[1:]
    return options


class Stopped(Exception):
    """A run that failed; the argument is the exit code."""


def call(*command) -> int:
    """Runs a command to its end. Ctrl-C reaches the child too, which ends in order;
    other signals are passed on."""
    child = subprocess.Popen(command)
    handlers = {
        signal.SIGINT: lambda *_: None,
        signal.SIGTERM: lambda *_: child.terminate(),
        signal.SIGHUP: lambda *_: child.send_signal(signal.SIGHUP),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def bench(options: argparse.Namespace, *words: str) -> tuple[int, Path | None]:
    """Runs troika bench; returns the exit code and the run's path, which the program
    writes to a file (None for --dry-run). Failed trials do not stop the claims."""
    with tempfile.NamedTemporaryFile(prefix="troika-run-") as note:
        given = [options.troika, "bench", "--run-file", note.name, *options.bench]
        status = call(*given, *words)
        if status not in REPORTED:
            raise Stopped(status)
        name = os.fsdecode(note.read())
    return status, Path(name) if name else None


def seconds_of_a_block(run: results.Run, name: str) -> float:
    """The time that a block of an experiment took in a run."""
    experiment = verdicts.experiment_of(run, name)
    points = experiment["load_points"]
    planned = sum((p["warmup_ns"] + p["window_ns"]) * len(p["models"]) for p in points) / 1e9
    own = [t for t in run.trials if t["experiment"] == experiment["name"]]
    starts = sorted(datetime.strptime(t["started_at"], "%Y-%m-%dT%H:%M:%SZ").timestamp() for t in own)
    trials = sum(len(p["models"]) for p in points)
    if len(starts) < 2:
        return planned
    return max(planned, (starts[-1] - starts[0]) / (len(starts) - 1) * trials)


def plan(claim: dict) -> dict[str, int]:
    """The blocks by experiment that would settle a claim, from its `undecided`; empty
    if no number of blocks is known to."""
    across = (claim["undecided"] or {}).get("across") or []
    if any(row["blocks_needed"] is None for row in across):
        return {}
    found: dict[str, int] = {}
    for row in across:
        found[row["experiment"]] = max(found.get(row["experiment"], 0), row["blocks_needed"])
    return found


def afford(wanted: dict[str, int], had: dict[str, int], cost: dict[str, float], left_s: float) -> dict[str, int]:
    """The blocks to run by experiment, the cheapest first: all that are wanted, or
    as many as the time allows if these are more than the first run had."""
    chosen = {}
    for name in sorted(wanted, key=lambda n: wanted[n] * cost[n]):
        blocks = min(wanted[name], int((left_s - OVERHEAD_S) / cost[name]))
        if blocks > had[name]:
            chosen[name] = blocks
            left_s -= blocks * cost[name] + OVERHEAD_S
    return chosen


def more(picked: list[rules.Rule], first: results.Run, left_s: float) -> dict[str, int]:
    """The blocks by experiment to run after the first run."""
    wanted: dict[str, int] = {}
    for rule in picked:
        for name, blocks in plan(verdicts.judge(rule, [first])[0]).items():
            wanted[name] = max(wanted.get(name, 0), blocks)
    cost = {name: seconds_of_a_block(first, name) for name in wanted}
    had = {name: verdicts.experiment_of(first, name).get("blocks") or 0 for name in wanted}
    return afford(wanted, had, cost, left_s)


def run(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    picked = judge.chosen(options.claims, options.rules)
    names = judge.experiments(picked, options.claims)
    if not names:
        print("\n".join(f"  {r.id}  {verdicts.UNMEASURED}  {r.claim['short']}: {r.unmeasurable}" for r in picked))
        return 0
    dry = "--dry-run" in options.bench
    if judge.prices(picked) and not dry and (status := call(options.troika, "primitives")):
        return status
    status, path = bench(options, "--", *names)
    if not path:
        return status
    first, planned = results.load(str(path)), []
    left_s = 60 * options.minutes - (time.monotonic() - begun)
    given = any(word.startswith("--blocks") for word in options.bench)
    for name, blocks in ({} if given else more(picked, first, left_s)).items():
        print(f"\nundecided after the first blocks: running {blocks} blocks of {name}, as their spread asks\n", flush=True)
        code, path = bench(options, "--blocks", str(blocks), "--", name)
        status = max(status, code)
        planned.append(results.load(str(path)))
    sys.stdout.write(judge.outcome(judge.make(picked, [first], None, planned)))
    return status


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        return run(options)
    except Stopped as stopped:
        return stopped.args[0]
    except judge.PROBLEMS as error:
        print(f"claims: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(output.exit_code("claims", main, sys.argv[1:]))
