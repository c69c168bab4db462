# SPDX-License-Identifier: MIT
"""A figure over wait and connections as a heat map, one panel for each number
of workers of the model that it is divided by.

The grid is drawn with its own steps, not to scale: every load point is a field
with its number in it. The colour is the logarithm: white at 1, red where the
one model gains, blue where the other does. A field without a figure is empty.
"""

import math

from data import units
from charts.drawing import Chart
from claims.figures import Element
from claims.rules import Figure, Rule

PANELS_A_ROW, PANEL_HEIGHT = 2, 250


def chart(rule: Rule, figure: Figure, elements: list[Element]) -> Chart:
    panels: dict[tuple, list] = {}
    for e in elements:
        if e.run and e.load_point:
            wait, connections, workers = _place(figure, e)
            panels.setdefault(workers, []).append((wait, connections, e))
    order = sorted(panels)
    waits = sorted({w for fields in panels.values() for w, _, _ in fields})
    counts = sorted({c for fields in panels.values() for _, c, _ in fields})
    known = [e.value for e in elements if not e.missing]
    rows = math.ceil(len(panels) / PANELS_A_ROW)
    made = Chart(
        rule.id.lower(),
        "surface.gp",
        f"{rule.id}: {figure.what}",
        f"{figure.what} over wait and connections, from"
        f" {units.digits(min(known))} to {units.digits(max(known))}. The numbers are in the table.",
        rule.experiments[0],
        [],
        blocks=[
            (_words(w), [_field(f, waits, counts) for f in panels[w] if not f[2].missing])
            for w in order
        ],
        height=70 + PANEL_HEIGHT * rows,
    )
    made.caption = [
        "Each field: the geometric mean over blocks; white is 1, red more, blue less. Fields"
        " without a figure are empty. The intervals are in the table."
    ]
    made.context = {
        "styles": [],
        "panels": [_words(w) for w in order],
        "rows": rows,
        "columns": min(PANELS_A_ROW, len(panels)),
        "waits": [units.time(w) if w else "0" for w in waits],
        "counts": [units.count(c) for c in counts],
        "top": max([abs(math.log10(v)) for v in known] + [0.05]),
    }
    return made


def _place(figure: Figure, e: Element) -> tuple[float, int, tuple]:
    """(wait, connections, workers) of an element's load point; workers are
    (as many as connections, how many), which sorts."""
    name = figure.experiment.rpartition("/")[2]
    experiment = next(x for x in e.run.data["experiments"] if x["name"] == name)
    point = next(p for p in experiment["load_points"] if p["id"] == e.load_point)
    connections = point["load"].get("connections") or 0
    text = e.run.workers_of(name, point["id"], figure.to or e.model)
    workers = int(text) if text.isdigit() else 0
    same = workers == connections > 1
    return point.get("wait_ns") or 0, connections, (same, 0 if same else workers)


def _words(workers: tuple) -> str:
    same, count = workers
    if same:
        return "as many workers as connections"
    return f"{count} worker{'s' if count > 1 else ''}" if count else "its own workers"


def _field(field, waits, counts) -> list:
    wait, connections, e = field
    return [counts.index(connections), waits.index(wait), math.log10(e.value), units.digits(e.value)]
