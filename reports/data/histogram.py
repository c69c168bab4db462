# SPDX-License-Identifier: MIT
"""Latency histograms (.hgrm) of several trials, merged for drawing.

A .hgrm line is: value in ms, percentile as a fraction, total count up to the
value, 1/(1-fraction). Differences of the counts give how many requests lie at
each value; those of all trials together, in order, are the merged histogram.
Merged curves are drawn, never compared: intervals come from the summary, which
keeps the trials apart.
"""

from pathlib import Path

BEYOND_PER_TRIAL = 20  # samples that a percentile needs beyond it, per trial


def read(path: Path) -> list[tuple[float, int]]:
    """(value in ns, how many requests had it), ascending; [] if unreadable."""
    if not path.is_file():  # a pipe would keep the reader waiting
        return []
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return []
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
    """(1/(1-p), value in ns) of the merged trials, up to the highest
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
    """Neighbours that cannot be told apart in a chart are dropped."""
    kept = []
    for x, y in points:
        if not kept or x / kept[-1][0] > 10 ** (1 / per_decade):
            kept.append((x, y))
    return kept


def percentile_points(trials: list[dict]) -> list[tuple[float, float]]:
    """The same curve from stored percentiles, where .hgrm files are missing:
    per percentile the middle one of the trials, where all have it."""
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
