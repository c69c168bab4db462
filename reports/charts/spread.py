# SPDX-License-Identifier: MIT
"""How latency is spread: for each model a hill over the latencies, as high as there
are requests, with marks at the p50 and p99 of the summary.

The hill is the histogram of all valid trials in equal steps of the axis; each is as
high as its own highest step. Two hills in one row say that some requests wait for
something that others do not.
"""

import math

from data import histogram
from data.levels import valid_trials
from data.metrics import metric
from data.points import latency_words, setting
from data.results import Run
from charts import drawing, style
from charts.drawing import Axis, Chart
from charts.labels import point_chart, provenance, styles

STEPS = 70  # over the axis
HILL = 26  # px
TAIL = 0.999  # the axis ends where this share of the requests of every model is shown
MARKS = (("latency_p50_ns", style.CIRCLE), ("latency_p99_ns", style.UP))


def chart(run: Run, experiment: dict, point: dict) -> Chart | None:
    counts = {m: _counts(run, experiment, point, m) for m in point["models"]}
    counts = {m: found for m, found in counts.items() if found}
    if not counts:
        return None
    x = _axis(counts.values())
    made = point_chart(
        experiment, point, "spread", "spread.gp",
        f"Distribution of latency, {latency_words(point)}: {setting(point)}",
        "The distribution of latency of each model. The table has its p50 and p99.",
        head=["model", "p50", "p99"],
    )
    labels, places = [], {name: [] for name, _ in MARKS}
    for row, (m, found) in enumerate(counts.items(), 1):
        shown = []
        for name, _ in MARKS:
            level = run.level(experiment["name"], point["id"], m, name)
            shown.append(metric(name).show(level["value"] if level else None))
            places[name] += [[row, level["value"] / 1e6]] if level else []
        labels.append(f"{m}: p50 {shown[0]}, p99 {shown[1]}")
        made.rows.append([m, *shown])
    made.caption = [
        "As high as there are requests; each hill by its own top.",
        "All valid trials together, in equal steps of the axis, for drawing; p50 and p99 are those of the summary.",
        provenance(run),
    ]
    made.keys = ["p50", "p99"]
    made.context = made.in_rows(labels, more=HILL - 12) | {
        "styles": styles(list(counts)), "hill": HILL, "xlabel": "latency, ms (logarithmic)",
    }
    made.context |= _on(x, counts, places)
    made.blocks = made.context.pop("blocks")
    made.form = drawing.LOGARITHMIC
    for name, other in ((drawing.LINEAR, Axis(0, x.hi, False)), (drawing.TAIL, _tail(counts.values()))):
        made.forms.append(drawing.form(made, name, xlabel="latency, ms", **_on(other, counts, places)))
    return made


def _on(x: Axis, counts: dict, places: dict) -> dict:
    """The axis, and the hills and marks on it."""
    marks = {name: [at for at in found if x.lo <= at[1] <= x.hi] for name, found in places.items()}
    blocks = [(m, [[row, at, high] for at, high in _hill(found, x)]) for row, (m, found) in enumerate(counts.items(), 1)]
    return {
        "x": x, "blocks": blocks + list(marks.items()),
        "marks": [(metric(name).title, marker, bool(marks[name])) for name, marker in MARKS],
    }


def _tail(found) -> Axis:
    """From the first model's p90 to the longest latency of all."""
    lo = min(_reaches(steps, drawing.TAIL_PERCENT / 100) for steps in found)
    return Axis(lo, max(steps[-1][0] for steps in found) * 1.05, False)


def _counts(run: Run, experiment: dict, point: dict, model: str) -> list[tuple[float, int]]:
    """Latencies in ms and the requests at each, of all valid trials whose distribution is
    whole."""
    trials = valid_trials(run, experiment, point, model, "latency_p50_ns")
    if any((t.get("latency") or {}).get("turned_over") is False for t in trials):
        return []
    texts = [histogram.read(run.path / "trials" / f"{t['trial_id']}.hgrm") for t in trials]
    if not texts or not all(texts):
        return []
    return sorted((value / 1e6, n) for steps in texts for value, n in steps if value > 0)


def _axis(found) -> Axis:
    lo = min(steps[0][0] for steps in found)
    hi = max(_reaches(steps) for steps in found)
    room = max((hi / lo) ** 0.06, 1.05)
    return Axis(lo / room, hi * room, True)


def _reaches(steps, share: float = TAIL) -> float:
    total, below = sum(n for _, n in steps), 0
    for value, n in steps:
        below += n
        if below >= share * total:
            return value
    return steps[-1][0]


def _hill(steps, x: Axis) -> list[tuple[float, float]]:
    """Places and heights (0 to 1), from the first step that has requests to the last."""
    def edge(i: float) -> float:
        return x.lo * math.exp(i * math.log(x.hi / x.lo) / STEPS) if x.log else x.lo + i * (x.hi - x.lo) / STEPS

    bins = [0.0] * STEPS
    for value, n in steps:
        place = int(x.fraction(value) * STEPS)
        if x.lo <= value and place < STEPS:
            bins[place] += n
    most = max(bins)
    seen = [i for i, n in enumerate(bins) if n]
    if not seen:
        return []
    shape = [(edge(i + 0.5), bins[i] / most) for i in range(seen[0], seen[-1] + 1)]
    ends = [edge(i) for i in (seen[0], seen[-1] + 1)]
    return [(ends[0], 0.0), *shape, (ends[1], 0.0)]
