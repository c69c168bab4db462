# SPDX-License-Identifier: MIT
"""Dot charts: one level per model with its interval, for throughput and for the
latency of a second load.

The axis starts at zero, or is logarithmic and labelled so if the levels span too
much. Lines mark the law's bound and the bare ceiling, to show how much of what
was possible the model reached.
"""

from data import units
from data.levels import level_rows, of_trials, valid_trials
from data.metrics import metric
from data.points import setting
from data.results import Run, bound_by
from charts.drawing import Axis, Chart, axis
from charts.labels import (
    alt_text, limit_line, n_words, point_chart, provenance, scale_words, styles, table_row,
)


def throughput(run: Run, experiment: dict, point: dict) -> Chart | None:
    models = point["models"]
    name, kind = "throughput_per_s", metric("throughput_per_s")
    rows, notes = level_rows(run, experiment, point, models, name)
    laws, bare = {}, {}
    for m in models:
        trials = valid_trials(run, experiment, point, m)
        laws[m] = of_trials(trials, "prediction", "throughput_per_s")
        bare[m] = of_trials(trials, "bare", "per_s")
    found = [r for r in rows.values() if r]
    x = axis(
        [r[k] for r in found for k in ("value", "lo", "hi")]
        + [*laws.values(), *bare.values()],
        room=1.2,
    )
    blocks = []
    for i, m in enumerate(models):
        r = rows[m]
        values = [r["value"], r["lo"], r["hi"]] if r else [None] * 3
        blocks.append((m, [[i + 1, *values, laws[m], bare[m]]]))
    chart = point_chart(
        experiment, point, "throughput", "dots.gp",
        f"{_title(point)}: {setting(point)}",
        alt_text(f"{_title(point)} per model", kind, rows),
        blocks=blocks,
        head=["model", "throughput", "95 %", "n", "law's bound", "bare ceiling"],
    )
    chart.rows = [
        table_row(kind, rows[m], m) + [kind.show(laws[m]), kind.show(bare[m])]
        for m in models
    ]
    chart.caption = [n_words(found), scale_words(x)]
    limits = dict.fromkeys(filter(None, (bound_by(r) for r in found)))
    if limits:
        chart.notes.append(f"≥: a lower bound, because the server was not the limit ({', '.join(limits)}).")
    if any(v for v in laws.values()):
        chart.caption.append("Thin line: the most that the law of the load allows.")
    if any(v for v in bare.values()):
        chart.caption.append(
            "Thick line: what bare processes of the same loop reached just before the trial."
        )
    chart.caption.append(provenance(run))
    frame(chart, kind, rows, notes, x, "requests per second")
    more = {
        "bounds": "the law's bound" if any(v for v in laws.values()) else None,
        "ceiling": "bare processes" if any(v for v in bare.values()) else None,
    }
    chart.context |= more
    chart.keys = [*filter(None, more.values()), chart.context["dots"]]
    return chart


def frame(chart: Chart, kind, rows: dict, notes, x: Axis, what: str) -> None:
    """Fills in what templates/dots.gp needs. `what` is the quantity on the axis; a
    row without a figure says why."""
    why = {place: words for place, words in notes}
    labels = []
    for i, (m, r) in enumerate(rows.items(), 1):
        shown = f"{kind.sign(r)}{kind.show(r['value'])}" if r else why.get(i, units.UNKNOWN)
        labels.append(f"{m}: {shown}")
        if r:
            chart.tips[m] = [f"{m}: {shown} {units.interval(r['lo'], r['hi'], kind.scale([r['value']])[0])}"]
    chart.context = chart.in_rows(labels) | {
        "styles": styles(list(rows)),
        "x": x,
        "xlabel": what + (" (logarithmic)" if x.log else ""),
        "xformat": "%g" if x.hi < 20000 else "%.1s%c",
        "dots": "geometric mean, 95 % interval",
        "second": None,
        "limit": None,
        "bounds": None,
        "ceiling": None,
    }


def _title(point: dict) -> str:
    churn = point["load"]["mode"] == "churn"
    return "Requests over new connections per second" if churn else "Throughput"


def second_load(run: Run, experiment: dict, point: dict) -> Chart | None:
    if not point.get("beside"):
        return None
    models = point["models"]
    kind = metric("beside_p99_ns")
    rows, notes = level_rows(run, experiment, point, models, "beside_p99_ns")
    worst, _ = level_rows(run, experiment, point, models, "beside_max_ns")
    if not any(rows.values()) and not any(worst.values()):
        return None
    values = [r[k] for r in rows.values() if r for k in ("value", "lo", "hi")]
    values += [r["value"] for r in worst.values() if r]
    limit = limit_line(experiment, 99)
    x = axis([*(v / 1e6 for v in values if v), limit and limit["at"]], room=1.25)
    marks = {m: row["value"] / 1e6 if row else None for m, row in worst.items()}
    blocks = []
    for i, m in enumerate(models):
        r = rows[m]
        numbers = [r[k] / 1e6 if r and r[k] else None for k in ("value", "lo", "hi")]
        blocks.append((m, [[i + 1, *numbers, marks[m], None]]))
    chart = point_chart(
        experiment, point, "beside", "dots.gp",
        f"Latency of the second load: {setting(point)}",
        alt_text("p99 latency of the second load per model", kind, rows),
        blocks=blocks,
        head=["model", "second load p99", "95 %", "n", "worst"],
    )
    chart.rows = [
        table_row(kind, rows[m], m)
        + [kind.show(worst[m]["value"] if worst[m] else None)]
        for m in models
    ]
    chart.caption = [n_words(rows.values()), scale_words(x), provenance(run)]
    frame(chart, kind, rows, notes, x, "latency, ms")
    chart.context |= {
        "xformat": "%g",
        "dots": "p99, 95 % interval",
        "second": "worst, mean of the blocks",
        "limit": limit,
    }
    chart.tips = {}
    chart.keys = [chart.context["second"], *([limit["text"]] if limit else []), chart.context["dots"]]
    return chart
