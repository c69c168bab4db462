# SPDX-License-Identifier: MIT
"""A figure of a load point over many runs: a line per model, a ring where its level
changed.

Levels, intervals and changes are those of `troika runs history`. Each line is drawn as a
share of its own median, so that a few percent can be seen beside models of another size.
"""

import math

from data.levels import median
from data.metrics import metric
from charts import curves
from charts.drawing import Axis, Chart
from charts.labels import capital, file_name, styles

RUNS_SHOWN = 60  # the newest
TICS = 6


def chart(lines: list[dict]) -> Chart | None:
    """`lines` are the models of one load point, metric and environment; None without
    two runs."""
    starts = sorted({p["started_at"] for line in lines for p in line["points"]})[-RUNS_SHOWN:]
    if len(starts) < 2:
        return None
    first, kind = lines[0], metric(lines[0]["metric"])
    at = {start: i for i, start in enumerate(starts, 1)}
    shown = {line["model"]: [p for p in line["points"] if p["started_at"] in at] for line in lines}
    shown = {model: points for model, points in shown.items() if points}
    whole = {model: median(p["value"] for p in points) / 100 for model, points in shown.items()}
    rows = {
        m: [[at[p["started_at"]], *((p[k] or p["value"]) / whole[m] for k in ("value", "lo", "hi"))] for p in points]
        for m, points in shown.items()
    }
    rings = [
        [at[c["started_at"]], line["points"][c["index"]]["value"] / whole[line["model"]]]
        for line in lines for c in line["changes"] if c["started_at"] in at and c["verdict"] in ("better", "worse")
    ]
    made = Chart(
        file_name(f"{first['experiment']}-{first['load_point']}-{first['metric']}"),
        "curves.gp", f"{first['experiment']}: {first['load_point']}, {kind.noun}",
        f"{capital(kind.noun)} over {len(starts)} runs, one line per model. The numbers are in the table.",
        first["experiment"], [first["load_point"]], blocks=list(rows.items()),
        head=["model", "runs", "newest", "scatter"],
    )
    made.rows = [
        [line["model"], str(len(line["points"])), kind.show(line["points"][-1]["value"]),
         "–" if line["scatter"] is None else f"{100 * line['scatter']:.1f} %"]
        for line in lines if line["model"] in shown
    ]
    made.caption = ["Each run's level, as a share of the line's median.", "95 % intervals; the oldest run is left."]
    made.keys = list(rows)
    if rings:
        made.notes.append("Ring: the level changed here.")
        made.blocks.append(("changes", rings))
    ends = [v for points in rows.values() for r in points for v in (*r[2:4], 98, 102)]
    y = Axis(math.floor(min(ends) / 2) * 2, math.ceil(max(ends) / 2) * 2, False)
    made.context = curves.PLAIN | {
        "styles": styles(list(rows)), "xlabel": "run", "bars": True,
        "ylabel": f"{kind.noun}, % of its median", "x": Axis(0.5, len(starts) + 0.5, False), "y": y,
        "rings": len(rows) if rings else None, "xtics": tics(starts),
    }
    return made


def tics(starts: list[str]) -> str:
    """Dates below some of the runs: 11-21."""
    step = -(-len(starts) // TICS)
    return ", ".join(f"'{start[5:10]}' {i}" for i, start in enumerate(starts, 1) if (i - 1) % step == 0)
