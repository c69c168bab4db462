# SPDX-License-Identifier: MIT
"""Who holds a request: each worker is a box, each request that is being served a ball
in it, and the requests that found no free worker stand outside.

By Little's law the requests being served are throughput x the time that one holds its
worker, which is its wait and its CPU time (J. D. C. Little, "A Proof for the Queuing
Formula: L = lambda W", Operations Research 9, 1961). A pool whose boxes are all taken
is full: more load only makes the queue longer.
"""

import math

from data import units
from data.results import Run
from charts import style
from charts.drawing import Chart
from charts.labels import point_chart, provenance

ACROSS = 25  # boxes in a line; with more workers or requests a box stands for several
FULL = 0.95  # of the workers: from here on a pool is called full
ALONE = "none"  # the task of a model that serves one request at a time


def chart(run: Run, experiment: dict, point: dict) -> Chart | None:
    found = []
    for m in run.models_of(experiment["name"], point, yardsticks=False):
        told = _held(run, experiment, point, m)
        if told:
            found.append((m, *told))
    if not any(boxes for _, _, boxes in found):
        return None
    asked = point["load"].get("connections") if point["load"]["mode"] == "closed" else None
    each = max(1, math.ceil(max(max(held, boxes or 0, asked or 0) for _, held, boxes in found) / ACROSS))
    made = point_chart(
        experiment, point, "slots", "slots.gp",
        f"Requests and the workers that hold them: {setting_words(point)}",
        "For each model the requests that are being served and the workers there are. The numbers are in the table.",
        head=["model", "being served", "workers", "waiting for one"],
    )
    taken, free, outside, labels = [], [], [], []
    for row, (m, held, boxes) in enumerate(found, 1):
        queue = max(asked - held, 0) if asked and boxes else 0
        full = bool(boxes) and held >= FULL * boxes
        balls, slots = round(held / each), round((boxes or 0) / each)
        colour = style.VERMILION if full else style.GREEN
        taken += [[row, i, _number(colour)] for i in range(max(balls, 1 if held > 0.05 else 0))]
        free += [[row, i, _number(colour)] for i in range(slots)]
        start = max(balls, slots)
        outside += [[row, i] for i in range(start, min(start + round(queue / each), ACROSS))]
        labels.append(f"{m}: {_words(held, boxes, queue, full)}")
        made.rows.append([m, units.digits(held), units.count(boxes) if boxes else "as many as come", units.digits(queue) if boxes else units.UNKNOWN])
    made.blocks = [("being served", taken), ("workers", free), ("waiting", outside)]
    made.caption = [
        "Ball: a request being served; box: a worker; grey: waits for one.",
        *([f"A ball or a box stands for {each}."] if each > 1 else []),
        "Being served: throughput × (wait + CPU per request), by Little's law. Models without boxes take every request at once;"
        f" a pool is full from {units.share(FULL)} on.",
        provenance(run),
    ]
    made.keys = ["being served", "a worker", "waits for a worker"]
    made.context = made.in_rows(labels) | {"styles": [], "across": ACROSS, "outside": bool(outside), "served": style.BLUE}
    return made


def setting_words(point: dict) -> str:
    many = point["load"].get("connections")
    return f"{point['id']}, {units.count(many)} connections" if many else point["id"]


def _number(colour: str) -> float:
    return float(int(colour[1:], 16))


def _held(run: Run, experiment: dict, point: dict, model: str) -> tuple[float, int | None] | None:
    """The requests being served, and the workers; None without the figures."""
    key = experiment["name"], point["id"], model
    rate, cpu = run.level(*key, "throughput_per_s"), run.level(*key, "cpu_per_request_ns")
    if not rate or not cpu or not point.get("wait_ns"):
        return None
    told = run.workers_of(*key)
    boxes = int(told) if told.isdigit() else None
    if not boxes and (run.data["models"].get(model) or {}).get("task") == ALONE:
        boxes = 1
    held = rate["value"] * (point["wait_ns"] + cpu["value"]) / 1e9
    return (min(held, boxes) if boxes else held), boxes


def _words(held: float, boxes: int | None, queue: float, full: bool) -> str:
    if not boxes:
        return f"{units.digits(held)} served at once, no limit"
    words = f"{units.digits(held)} of {units.count(boxes)} busy"
    return words + (f", full; {units.digits(queue)} wait" if full and queue >= 0.5 else ", full" if full else "")
