# SPDX-License-Identifier: MIT
"""Which charts a run gets.

Each experiment: ratios with their margins (forest), predicted against measured.
Each load point: throughput, what it costs (pareto), who holds the requests (slots),
latency by percentile and its distribution, the parts of CPU and memory, the blocks one
by one, the rate within the trials, and the second load if there is one. The run has its
timeline. A search adds the
capacity and its steps, slices add their pairs, a soak its drift, churn the time
to connect, idle connections the memory of one. A section whose load points
differ in connections or rate is a sweep: levels become curves over that
quantity, and memory gets its slope per connection. Recovery has one chart per
section. Levels and intervals come from the summary; trials are only merged for
drawing.
"""

from data.points import sections, sweep_key
from data.results import Run
from charts import (
    bars, curves, dots, drawing, forest, offered, overload, pareto, pairs, residuals, search, slopes,
    slots, soak, spread, sweeps,
)
from charts.drawing import Chart
from charts.run import drift, timeline, within

SWEPT = ("throughput_per_s", "latency_p99_ns")


def all_charts(run: Run) -> list[Chart]:
    """Every chart of the run, in the report's order."""
    charts: list[Chart | None] = []
    for experiment in run.data["experiments"]:
        charts += forest.charts(run, experiment)
        charts.append(residuals.chart(run, experiment))
        for points in sections(experiment):
            swept = sweep_key(points)
            if swept:
                charts += _sweep(run, experiment, points, swept)
            charts.append(overload.recovery(run, experiment, points))
            for point in points:
                alone, last = not swept, point is points[-1]
                charts += _point(run, experiment, point, alone, alone or last)
    charts.append(timeline.chart(run))
    found = [chart for chart in charts if chart]
    if not run.data["complete"]:
        for chart in drawing.with_forms(found):
            chart.title = f"INCOMPLETE RUN: {chart.title}"
    return found


def _sweep(run: Run, experiment: dict, points, swept: str) -> list[Chart | None]:
    """The charts of a section whose load points differ in connections or rate."""
    rate = offered.chart(run, experiment, points) if swept == "rate_per_s" else None
    names = [n for n in SWEPT if not (rate and n == "latency_p99_ns")]
    if points[0].get("classes"):
        names.append("latency_light_p99_ns")
    found = [overload.goodput(run, experiment, points)]
    found += [sweeps.curve(run, experiment, points, swept, name) for name in names]
    found.append(rate)
    found.append(sweeps.memory(run, experiment, points))
    return [*found, slopes.chart(run, experiment, points)]


def _point(run: Run, experiment: dict, point: dict, levels: bool, parts: bool):
    """The charts of one load point: its `levels`, unless a sweep's curves show
    them, and their `parts`, in a sweep only for the last load point."""
    mode, here = point["load"]["mode"], (run, experiment, point)
    if mode == "search":
        return [search.levels(*here), search.tried(*here), search.staircase(*here)]
    found: list[Chart | None] = [dots.throughput(*here)] if levels else []
    found += [pareto.chart(*here), slots.chart(*here)] if parts else []
    if mode == "slice":  # has neither latency nor memory
        return [*found, *pairs.charts(*here), bars.cpu(*here), drift.blocks(*here)]
    if mode == "soak":
        found += soak.charts(*here)
    if mode == "churn":
        found.append(bars.connect_parts(*here))
    found += [curves.latency(*here), spread.chart(*here) if parts else None]
    if parts:
        found += [bars.cpu(*here), bars.memory_parts(*here)]
    if parts and mode == "idle":
        found.append(bars.idle_parts(*here))
    return [*found, dots.second_load(*here), drift.blocks(*here), within.chart(*here) if parts else None]
