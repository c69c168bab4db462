# SPDX-License-Identifier: MIT
"""One chart per claim: the elements of the headline figure as dots with their
intervals, the law's figure as a line beside each, and the deciding limits as
dashed lines.

With `chart = surface`, a heat map of the figure over wait and connections, with a
panel for each number of workers of the model that the figure is divided by. The
grid is not to scale: every load point is a field with its number. The colour is
the logarithm: white at 1, red above 1, blue below 1. A field without a figure is
empty.
"""

import math

from data import units
from charts import style
from charts.drawing import Chart, axis
from claims.conditions import Comparison
from claims.figures import Element, scaled, show, told
from claims.rules import Figure, Rule

PANEL_HEIGHT = 250
WORDS = {"time": units.TIME, "size": units.SIZE}


def chart(rule: Rule, found: dict[str, list[Element]]) -> Chart | None:
    if rule.unmeasurable:
        return None
    figure, elements = rule.figures[rule.headline], found[rule.headline]
    known = [e for e in elements if not e.missing]
    if not known:
        return None
    if rule.claim.get("chart") == "surface":
        return _surface(rule, figure, elements)
    values = [v for e in known for v in (e.value, e.lo, e.hi, e.law) if v]
    limits = _limits(rule, figure)
    scale = scaled(figure.measures, min(e.value for e in known))
    x = axis([v / scale for v in [*values, *limits]], room=1.2)
    title = f"{rule.id}: {figure.what}"
    made = Chart(
        rule.id.lower(),
        "claim.gp",
        title,
        f"{figure.what}: {told(figure, elements)}",
        rule.experiments[0],
        [],
        blocks=[(e.label, [_row(e, i + 1, scale)]) for i, e in enumerate(elements)],
    )
    lines = [{"at": v / scale, "text": show(figure.measures, v)} for v in limits]
    dots = "the line's slope" if figure.form.startswith("slope") else "geometric mean over blocks"
    made.caption = [f"Dots: {dots}; bars: 95 % interval."]
    if lines:
        made.caption.append(f"Dashed: the deciding limits, {', '.join(t['text'] for t in lines)}.")
    law = any(e.law for e in known)
    if law:
        made.caption.append("Grey line: the law's figure.")
    labels = [f"{e.label}: {'no figure' if e.missing else show(figure.measures, e.value)}" for e in elements]
    made.context = made.in_rows(labels) | {
        "styles": [{"model": e.label, "style": style.style(e.model or e.label)} for e in elements],
        "x": x,
        "limits": lines,
        "law": law,
        "xlabel": _unit(figure, scale) + (" (logarithmic)" if x.log else ""),
    }
    return made


def _row(e: Element, place: int, scale: float) -> list:
    if e.missing:
        return [place, None, None, None, None]
    return [place, *(v / scale if v else None for v in (e.value, e.lo, e.hi, e.law))]


def _unit(figure: Figure, scale: float) -> str:
    if figure.measures in WORDS:
        return next(name for factor, name in WORDS[figure.measures] if factor == scale)
    return "requests per second" if figure.measures == "rate" else "ratio"


def limits_told(rule: Rule, figure: Figure) -> str:
    """The limits that the figure is compared with, in words; – for none."""
    own = _limits(rule, figure)
    return ", ".join(show(figure.measures, v) for v in own) or units.UNKNOWN


def _limits(rule: Rule, figure: Figure) -> list[float]:
    """The limits that the conditions compare the figure with."""
    own: list[Comparison] = [
        c for v in rule.verdicts for c in v.condition.comparisons if c.figure == figure.name
    ]
    return sorted({limit for c in own for limit in c.limits if limit > 0})


def _surface(rule: Rule, figure: Figure, elements: list[Element]) -> Chart:
    panels: dict[tuple, list] = {}
    for e in elements:
        if e.run and e.load_point:
            wait, connections, workers = _setting(figure, e)
            panels.setdefault(workers, []).append((wait, connections, e))
    order = sorted(panels)
    waits = sorted({w for fields in panels.values() for w, _, _ in fields})
    counts = sorted({c for fields in panels.values() for _, c, _ in fields})
    known = [e.value for e in elements if not e.missing]
    rows = len(panels)
    made = Chart(
        rule.id.lower(),
        "surface.gp",
        f"{rule.id}: {figure.what}",
        f"{figure.what} over wait and connections, from"
        f" {units.digits(min(known))} to {units.digits(max(known))}. The numbers are in the table.",
        rule.experiments[0],
        [],
        blocks=[
            (_panel(w), [_square(f, waits, counts) for f in panels[w] if not f[2].missing])
            for w in order
        ],
        body=PANEL_HEIGHT * rows,
    )
    made.caption = [
        "Each field is the geometric mean over blocks; white is 1, red more, blue less. Fields"
        " without a figure are empty. The intervals are in the table."
    ]
    made.context = {
        "styles": [],
        "xlabel": "connections",
        "ylabel": "wait",
        "panels": [_panel(w) for w in order],
        "rows": rows,
        "waits": [units.time(w) if w else "0" for w in waits],
        "counts": [units.count(c) for c in counts],
        "top": max([abs(math.log10(v)) for v in known] + [0.05]),
    }
    return made


def _setting(figure: Figure, e: Element) -> tuple[float, int, tuple]:
    """The wait, connections and workers of an element's load point. Workers are a
    sortable pair: whether there are as many as connections, and their number."""
    name = figure.experiment.rpartition("/")[2]
    experiment = next(x for x in e.run.data["experiments"] if x["name"] == name)
    point = next(p for p in experiment["load_points"] if p["id"] == e.load_point)
    connections = point["load"].get("connections") or 0
    text = e.run.workers_of(name, point["id"], figure.to or e.model)
    workers = int(text) if text.isdigit() else 0
    same = workers == connections > 1
    return point.get("wait_ns") or 0, connections, (same, 0 if same else workers)


def _panel(workers: tuple) -> str:
    same, count = workers
    if same:
        return "as many workers as connections"
    return f"{count} worker{'s' if count > 1 else ''}" if count else "its own workers"


def _square(field, waits, counts) -> list:
    wait, connections, e = field
    return [counts.index(connections), waits.index(wait), math.log10(e.value), units.digits(e.value)]
