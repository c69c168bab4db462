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
    alt_text, left, limit_line, n_words, point_chart, provenance, scale_words, styles, table_row,
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
    lines = {m: max(laws[m] or 0, bare[m] or 0) for m in models}
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
        text = kind.sign(r) + units.digits(r["value"]) if r else ""
        blocks.append((m, [[i + 1, *values, laws[m], bare[m], text]]))
    chart = point_chart(
        experiment, point, "throughput", "dots.gp",
        f"{_title(point)}: {setting(point)}",
        alt_text(f"{_title(point)} per model", kind, rows),
        blocks=blocks,
        height=165 + 38 * len(models),
        head=["model", "throughput", "95 %", "n", "law's bound", "bare ceiling"],
    )
    chart.rows = [
        table_row(kind, rows[m], m) + [kind.show(laws[m]), kind.show(bare[m])]
        for m in models
    ]
    chart.caption = [n_words(found), scale_words(x)]
    limits = dict.fromkeys(filter(None, (bound_by(r) for r in found)))
    if limits:
        chart.caption.append(f"≥: a lower bound, because the server was not the limit ({', '.join(limits)}).")
    if any(v for v in laws.values()):
        chart.caption.append("Thin line: the most that the law of the load allows.")
    if any(v for v in bare.values()):
        chart.caption.append(
            "Thick line: what bare processes of the same loop reached just before the trial."
        )
    chart.caption.append(provenance(run))
    chart.context = frame(models, x, notes, lines, "requests per second") | {
        "bounds": "the law's bound" if any(v for v in laws.values()) else None,
        "ceiling": "bare processes" if any(v for v in bare.values()) else None,
    }
    return chart


def frame(models, x: Axis, notes, marks: dict[str, float | None], what: str) -> dict:
    """What templates/dots.gp needs. `marks` are the lines or marks that a note in
    a model's row must not cross; `what` is the quantity on the axis."""
    return {
        "styles": styles(models),
        "left": left(models),
        "x": x,
        "notes": [(i, why, _clear_of(x, marks[models[i - 1]])) for i, why in notes],
        "xlabel": what + (" (logarithmic)" if x.log else ""),
        "xformat": "%g" if x.hi < 20000 else "%.1s%c",
        "dots": "geometric mean of the blocks, 95 % interval",
        "second": None,
        "limit": None,
        "bounds": None,
        "ceiling": None,
    }


def _clear_of(x: Axis, mark: float | None) -> float:
    """Where in its row (0 to 1) a note begins so that it crosses no mark: at the
    axis, or to the right of a mark in the left half."""
    at = x.fraction(mark) if mark else 1.0
    return at + 0.015 if at < 0.55 else 0.01


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
        text = kind.show(r["value"]) if r else ""
        blocks.append((m, [[i + 1, *numbers, marks[m], None, text]]))
    chart = point_chart(
        experiment, point, "beside", "dots.gp",
        f"Latency of the second load: {setting(point)}",
        alt_text("p99 latency of the second load per model", kind, rows),
        blocks=blocks,
        height=165 + 38 * len(models),
        head=["model", "second load p99", "95 %", "n", "worst"],
    )
    chart.rows = [
        table_row(kind, rows[m], m)
        + [kind.show(worst[m]["value"] if worst[m] else None)]
        for m in models
    ]
    chart.caption = [n_words(rows.values()), scale_words(x), provenance(run)]
    chart.context = frame(models, x, notes, marks, "latency, ms") | {
        "xformat": "%g",
        "dots": "p99, 95 % interval",
        "second": "worst, mean of the blocks",
        "limit": limit,
    }
    return chart
