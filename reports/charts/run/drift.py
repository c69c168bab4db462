# SPDX-License-Identifier: MIT
"""The run chart: every trial, block by block, as a share of its model's level.

The chart shows what intervals cannot: a drift of the machine, an odd block, a
model that changes while others stay. Invalid trials are hollow marks, which
count in no figure and are drawn between 50 and 150 % of the level.
"""

from data import units
from data.levels import reasons
from data.metrics import metric
from data.points import setting
from data.results import Run
from charts.drawing import Axis, Chart
from charts.labels import point_chart, provenance, styles

NAME = "throughput_per_s"
CAPTION = [
    "Each mark is one trial; 100 % is its model's geometric mean.",
    "A drift that hits all models alike cancels in the paired comparisons.",
]
SHIFT = 0.5  # of a block's width, over which its models are spread


def blocks(run: Run, experiment: dict, point: dict) -> Chart | None:
    key = experiment["name"]
    levels = {m: run.level(key, point["id"], m, NAME) for m in point["models"]}
    levels = {m: row for m, row in levels.items() if row and row["value"] > 0}
    trials = run.trials_of(key, point["id"])
    if not levels or not trials:
        return None
    rows = {}
    for i, m in enumerate(levels):
        offset = (i - (len(levels) - 1) / 2) * SHIFT / len(levels)
        own = [t for t in trials if t["cell"]["model"] == m]
        rows[m] = _rows(own, levels[m]["value"], offset)
    furthest = max((abs(r[1] - 100) for rs in rows.values() for r in rs if r[2]), default=0)
    kind = metric(NAME)
    chart = point_chart(
        experiment, point, "blocks", "blocks.gp",
        f"Block by block: {setting(point)}",
        "Throughput of each trial as a share of its model's level; the largest deviation is"
        f" {units.digits(round(furthest, 3))} %.",
        blocks=list(rows.items()),
        head=["model", "level", "lowest block", "highest block", "n"],
    )
    for m, row in levels.items():
        shown = [kind.show(row.get(k)) for k in ("value", "min", "max")]
        chart.rows.append([m, *shown, str(row["n"])])
    hollow = sum(not r[2] for rs in rows.values() for r in rs)
    chart.caption = [*CAPTION, provenance(run)]
    chart.notes = _notes(hollow, trials)
    chart.keys = list(rows)
    chart.context = _context(rows, trials)
    return chart


def _rows(trials, level: float, offset: float) -> list[list]:
    rows = []
    for t in trials:
        x = t.get(NAME)
        if x is None:
            continue
        share = 100 * x / level
        if not t["valid"]:
            x, share = None, min(max(share, 50), 150)
        rows.append([t["block"] + offset, share, int(t["valid"]), x, t["block"]])
    return rows


def _notes(hollow: int, trials) -> list[str]:
    if not hollow:
        return []
    return [f"Hollow: {hollow} invalid, used in no figure (drawn between 50 and 150 %): {reasons(trials)}."]


def _context(rows: dict, trials) -> dict:
    reach = max(5, *(1.25 * abs(r[1] - 100) for rs in rows.values() for r in rs))
    last = max(t["block"] for t in trials)
    return {
        "styles": styles(list(rows)),
        "left": 58,
        "xlabel": "block, in the order of the run",
        "last": last,
        "step": max(1, last // 12),
        "y": Axis(100 - reach, 100 + reach, False),
        "ylabel": "% of the model's level",
    }
