# SPDX-License-Identifier: MIT
"""Which charts a run gets, and what is in each.

Per experiment: the ratios with their margins (forest).
Per load point: levels (throughput), latency by percentile, CPU and memory in
parts, the blocks one by one, the second load where there is one; of a search
the capacity and how it was found. A section whose
load points differ in connections or rate is a sweep: levels become curves over
that quantity, and memory gets its slope per connection. Levels and intervals
are the summary's; trials are only merged for drawing.
"""

import bars
import capacity
import curves
import dots
import drift
import forest
import offered
import slopes
import sweeps
from drawing import Chart
from points import sections, sweep_key
from results import Run

SWEPT = ("throughput_per_s", "latency_p99_ns")


def all_charts(run: Run) -> list[Chart]:
    """Every chart of the run, in the report's order."""
    charts: list[Chart | None] = []
    for experiment in run.data["experiments"]:
        charts += forest.charts(run, experiment)
        for points in sections(experiment):
            swept = sweep_key(points)
            if swept:
                over_rate = swept == "rate_per_s"
                rate = offered.chart(run, experiment, points) if over_rate else None
                for name in SWEPT:
                    if not (rate and name == "latency_p99_ns"):
                        curve = sweeps.curve(run, experiment, points, swept, name)
                        charts.append(curve)
                charts.append(rate)
                charts.append(sweeps.memory(run, experiment, points))
                charts.append(slopes.chart(run, experiment, points))
            for point in points:
                if capacity.is_search(point):
                    charts.append(capacity.levels(run, experiment, point))
                    charts.append(capacity.staircase(run, experiment, point))
                    continue
                if not swept:
                    charts.append(dots.throughput(run, experiment, point))
                charts.append(curves.latency(run, experiment, point))
                if not swept or point is points[-1]:
                    charts.append(bars.cpu(run, experiment, point))
                    charts.append(bars.memory_parts(run, experiment, point))
                charts.append(dots.second_load(run, experiment, point))
                charts.append(drift.blocks(run, experiment, point))
    found = [chart for chart in charts if chart]
    if not run.data["complete"]:
        for chart in found:
            chart.title = f"INCOMPLETE RUN: {chart.title}"
    return found
