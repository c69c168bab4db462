#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Puts two runs' summaries side by side as ratios B / A, as Markdown on
stdout.

Runs made in different environments (kernel, CPU, number of CPUs, compiler and
its flags, build variant) are refused, because their ratio would measure the
machine: --force compares them all the same and prints what differs.
"""

import argparse
import os
import sys

import pages
import results
import units
from metrics import metric

# What makes two environments one: the first of the names that is recorded.
FINGERPRINT = (
    ("kernel",),
    ("cpu_model", "cpu"),
    ("cpus", "cpu_count"),
    ("compiler",),
    ("cflags",),
    ("variant", "build_variant"),
)
METRICS = (
    "throughput_per_s",
    "latency_p99_ns",
    "cpu_per_request_ns",
    "memory_total_bytes",
    "beside_p99_ns",
)


def fingerprint(run: results.Run) -> dict[str, str]:
    facts = run.data.get("environment") or {}
    flat = dict(_walk(facts))
    found = {}
    for names in FINGERPRINT:
        value = next((flat[n] for n in names if n in flat), None)
        found[names[0]] = "not recorded" if value is None else str(value)
    return found


def _walk(facts: dict):
    """Facts by their last name, outer ones first."""
    inner = []
    for key, value in facts.items():
        if isinstance(value, dict):
            inner.append(value)
        else:
            yield key, value
    for value in inner:
        yield from (pair for pair in _walk(value) if pair[0] not in facts)


def differences(a: results.Run, b: results.Run) -> list[list[str]]:
    left, right = fingerprint(a), fingerprint(b)
    return [[k, left[k], right[k]] for k in left if left[k] != right[k]]


def _ratio(a: dict, b: dict) -> tuple[float, float | None, float | None]:
    lo = hi = None
    if None not in (a["lo"], a["hi"], b["lo"], b["hi"]) and a["lo"] > 0:
        lo, hi = b["lo"] / a["hi"], b["hi"] / a["lo"]
    return b["value"] / a["value"], lo, hi


def _words(kind, ratio, lo, hi, margin) -> str:
    if lo is None:
        return "cannot tell: too few blocks"
    apart = (lo > 1 or hi < 1) and max(ratio, 1 / ratio) > 1 + margin
    if not apart:
        return "not told apart"
    return "better" if (ratio > 1) == kind.higher_is_better else "worse"


def tables(a: results.Run, b: results.Run) -> tuple[list[dict], list[str]]:
    """One table per experiment and load point that both have."""
    found, only = [], set()
    margins = {e["name"]: e.get("margin") or 0.05 for e in a.data["experiments"]}
    groups: dict[tuple, list] = {}
    for key in [*a.summary, *(k for k in b.summary if k not in a.summary)]:
        experiment, point, model, name = key
        if key not in a.summary or key not in b.summary:
            only.add(f"{experiment} {point} {model}")
            continue
        left, right = a.level(*key), b.level(*key)
        if name not in METRICS or not left or not right or left["value"] <= 0:
            continue
        kind = metric(name)
        ratio, lo, hi = _ratio(left, right)
        row = [
            f"{model}: {kind.noun}",
            kind.show(left["value"]),
            kind.show(right["value"]),
            f"{units.digits(ratio)} {units.interval(lo, hi)}",
            _words(kind, ratio, lo, hi, margins.get(experiment, 0.05)),
        ]
        groups.setdefault((experiment, point), []).append(row)
    for (experiment, point), rows in groups.items():
        head = ["model: metric", "A", "B", "B / A", "B is"]
        found.append({"title": f"{experiment}: {point}", "head": head, "rows": rows})
    return found, sorted(only)


def render(a: results.Run, b: results.Run, differs: list[list[str]]) -> str:
    found, only = tables(a, b)
    if not found:
        raise results.ResultsError(
            f"{a.path} and {b.path}: no load point, model and metric that both have a value for;"
            " compare two runs of the same experiment"
        )
    facts = [
        {
            "id": r.data["run_id"],
            "path": r.path,
            "version": r.data.get("tool_version") or "unknown",
        }
        for r in (a, b)
    ]
    text = (
        pages.environment()
        .get_template("compare.md")
        .render(
            a=facts[0],
            b=facts[1],
            differences=differs,
            tables=found,
            only=only,
            incomplete=[r.data["run_id"] for r in (a, b) if not r.data["complete"]],
        )
    )
    return pages.squeezed(text)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="compare.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 runs that cannot be compared, 2 usage",
    )
    parser.add_argument("a", metavar="A", help="the run to compare with")
    parser.add_argument("b", metavar="B", help="the run that is compared")
    parser.add_argument(
        "--force", action="store_true", help="compare across environments"
    )
    options = parser.parse_args(argv)
    try:
        a, b = results.load(options.a), results.load(options.b)
        differs = differences(a, b)
        if differs and not options.force:
            facts = "; ".join(f"{k}: {x} against {y}" for k, x, y in differs)
            raise results.ResultsError(
                f"{options.a} and {options.b} were made in different environments ({facts});"
                " --force compares them all the same"
            )
        sys.stdout.write(render(a, b, differs))
        sys.stdout.flush()
    except (results.ResultsError, pages.PagesError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
