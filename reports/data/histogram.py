# SPDX-License-Identifier: MIT
"""Latency histograms (.hgrm) of several trials, merged for drawing.

A .hgrm line holds a value in ms, a percentile as a fraction, the total count up
to the value, and 1/(1-fraction). The differences between total counts are the
numbers of requests at each value; the counts of all trials, in order of value,
form the merged histogram. Merged curves are drawn but never compared: intervals
come from the summary, which keeps the trials apart.
"""

from pathlib import Path

BEYOND_PER_TRIAL = 20  # samples per trial that must lie beyond a percentile


def read(path: Path) -> list[tuple[float, int]]:
    """Pairs (value in ns, requests with that value), ascending; [] if unreadable."""
    if not path.is_file():  # reading a pipe could block
        return []
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return []
    if not text.rpartition("\n")[0].rpartition("\n")[2].startswith("#"):
        return []  # its end is missing: what is left would show a shorter tail
    steps, before = [], 0
    for line in text.splitlines():
        parts = line.split()
        if len(parts) < 3 or line.startswith("#") or parts[0] == "Value":
            continue
        try:
            value, total = float(parts[0]) * 1e6, int(parts[2])
        except ValueError:
            return []
        if total > before:
            steps.append((value, total - before))
            before = total
    return steps


def curve(trials: list[list[tuple[float, int]]]) -> list[tuple[float, float]]:
    """Points (1/(1-p), value in ns) of the merged trials, up to the highest
    percentile with enough samples beyond it."""
    steps = sorted(step for trial in trials for step in trial)
    total = sum(n for _, n in steps)
    points, below = [], 0
    for value, n in steps:
        below += n
        beyond = total - below
        if beyond < BEYOND_PER_TRIAL * len(trials):
            break
        points.append((total / beyond, value))
    return _thinned(points)


def _thinned(points, per_decade: int = 60):
    """Drops points too close to their neighbour to be seen in a chart."""
    kept = []
    for x, y in points:
        if not kept or x / kept[-1][0] > 10 ** (1 / per_decade):
            kept.append((x, y))
    return kept


def percentile_points(trials: list[dict]) -> list[tuple[float, float]]:
    """Points of a latency curve from stored percentiles, for runs without .hgrm
    files: the median over the trials of each percentile that all trials have."""
    by_p: dict[float, list[float]] = {}
    for latency in trials:
        for row in latency.get("percentiles") or []:
            if row.get("ns") is not None and row.get("p", 100) < 100:
                by_p.setdefault(row["p"], []).append(row["ns"])
    points = []
    for p, values in sorted(by_p.items()):
        if len(values) == len(trials):
            points.append((100 / (100 - p), sorted(values)[len(values) // 2]))
    return points
