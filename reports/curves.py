# SPDX-License-Identifier: MIT
"""Charts of curves: latency by percentile, sweeps, memory over connections.
"""

import fit
import histogram
import units
from drawing import Axis, Chart, axis
from levels import (
    end_labels,
    n_words,
    name_of,
    of_trials,
    provenance,
    right,
    scale_words,
    styles,
    valid_trials,
)
from metrics import metric
from points import latency_words, setting, sweep_key
from results import Run

PERCENT_TICS = (
    (1, "0 %"), (2, "50 %"), (10, "90 %"), (100, "99 %"),
    (1000, "99.9 %"), (10000, "99.99 %"), (100000, "99.999 %"),
)  # fmt: skip


def latency(run: Run, experiment: dict, point: dict) -> Chart | None:
    which = point.get("latency_kind") or "service"
    curves = {}
    for m in point["models"]:
        points = _latency_trials(run, valid_trials(run, experiment, point, m), which)
        if points:
            curves[m] = points
    if not curves:
        return None
    limit_ns = (experiment.get("profile") or {}).get("limit_ns")
    values = [v / 1e6 for points in curves.values() for _, v in points]
    y = axis(values + ([limit_ns / 1e6] if limit_ns else []), log=True)
    top = max(x for points in curves.values() for x, _ in points)
    top = max(top * 1.1, 12)
    ends = {m: y.fraction(points[-1][1] / 1e6) for m, points in curves.items()}
    models = list(curves)
    chart = Chart(
        name_of("latency", experiment, point["id"]),
        "curves.gp",
        f"Latency, {latency_words(point)}: {setting(point)}",
        f"{latency_words(point)} by percentile, one line per model. The numbers are in the table.",
        experiment["name"],
        [point["id"]],
        blocks=[(m, [[x, v / 1e6, None, None] for x, v in curves[m]]) for m in models],
        head=["model", "p50", "p90", "p99", "p99.9"],
    )
    shown = (50, 90, 99, 99.9)
    chart.rows = [[m] + [units.time(_at(curves[m], p)) for p in shown] for m in models]
    chart.caption = [
        "One line per model, its valid trials merged for drawing; it ends where fewer than"
        f" {histogram.BEYOND_PER_TRIAL} requests per trial lie beyond. Both axes logarithmic.",
        provenance(run),
    ]
    absent = [m for m in point["models"] if m not in curves]
    if absent:
        chart.caption.insert(1, f"Too few valid requests for a line: {', '.join(absent)}.")
    if point.get("latency_kind") != "response":
        chart.caption.insert(
            1, "A closed loop waits for answers before it asks again: this is not what users wait."
        )
    chart.context = {
        "styles": styles(models), "right": right(models), "xlabel": "percentile",
        "x": Axis(1, top, True), "y": y, "yformat": "%g", "ylabel": "latency, ms (logarithmic)",
        "xtics": ", ".join(f"'{t}%' {v}" for v, t in PERCENT_TICS if v <= top),
        "labels": end_labels(ends, {m: m for m in models}), "fits": [], "bound": None,
        "bars": False, "lines": True, "every": 12, "key": False,
        "limit": limit_ns and {
            "at": limit_ns / 1e6, "text": f"the profile's limit {experiment['profile'].get('limit')}",
        },
    }  # fmt: skip
    return chart


def _latency_trials(run: Run, trials, which: str):
    """The merged curve and how it was made."""
    texts = [histogram.read(run.path / "trials" / f"{t['trial_id']}.hgrm") for t in trials]
    if trials and all(texts):
        return histogram.curve(texts)
    stored = [(t.get("latency") or {}).get(which) or {} for t in trials]
    return histogram.percentile_points(stored)


def _at(points, percentile):
    x = 1 / (1 - percentile / 100)
    later = [v for at, v in points if at >= x * 0.999]
    return later[0] if later else None


def sweep(run: Run, experiment: dict, points, swept: str, name: str) -> Chart | None:
    kind = metric(name)
    key = experiment["name"]
    models = list(dict.fromkeys(m for p in points for m in p["models"]))
    levels = {
        m: [(p["load"][swept], run.level(key, p["id"], m, name)) for p in points] for m in models
    }
    models = [m for m in models if any(r for _, r in levels[m])]
    if not models:
        return None
    values = [r["value"] for m in models for _, r in levels[m] if r]
    scale, unit = kind.scale(values)
    blocks = [
        (m, [[x, *(r[k] / scale if r[k] else None for k in ("value", "lo", "hi"))] for x, r in levels[m] if r])
        for m in models
    ]
    bound = _bounds(run, experiment, points, swept) if name == "throughput_per_s" else []
    if bound:
        blocks.append(("the law's bound", bound))
    y = axis([r[k] / scale for m in models for _, r in levels[m] if r for k in ("value", "lo", "hi") if r[k]]
             + [b for _, b in bound])
    xs = [p["load"][swept] for p in points]
    ends = {m: y.fraction([r for _, r in levels[m] if r][-1]["value"] / scale) for m in models}
    words = {"connections": "connections", "rate_per_s": "offered rate, requests per second"}[swept]
    chart = Chart(
        name_of("sweep-" + name.split("_")[0], experiment, points[0].get("section") or points[0]["id"]),
        "curves.gp",
        f"{kind.noun if kind.noun[1].isdigit() else kind.noun.capitalize()} over {words.split(',')[0]}: {points[0]['workload']}"
        + (f", {latency_words(points[0])}" if name.startswith("latency") else ""),
        f"{kind.noun} over {words}, one line per model. The numbers are in the table.",
        key,
        [p["id"] for p in points],
        blocks=blocks,
        head=["model", *(units.digits(x) for x in xs)],
    )
    chart.rows = [
        [m, *(kind.show(r["value"]) if r else units.UNKNOWN for _, r in levels[m])] for m in models
    ]
    found = [r for m in models for _, r in levels[m] if r]
    chart.caption = [n_words(found), scale_words(y), provenance(run)]
    log = max(xs) / min(xs) > 12
    chart.context = {
        "styles": styles(models), "right": right(models), "xlabel": words, "xtics": None,
        "x": Axis(min(xs) / 1.3, max(xs) * 1.3, True) if log else Axis(0, max(xs) * 1.08, False),
        "y": y, "yformat": "%g" if y.hi < 20000 else "%.1s%c",
        "ylabel": f"{kind.noun}, {unit or 'per s'}" + (" (logarithmic)" if y.log else ""),
        "labels": end_labels(ends, {m: m for m in models}), "fits": [],
        "bound": "the law's bound (best model)" if bound else None, "bars": True,
        "lines": True, "every": 1, "key": bool(bound), "limit": None,
    }  # fmt: skip
    return chart


def _bounds(run: Run, experiment: dict, points, swept: str):
    rows = []
    for p in points:
        best = [
            of_trials(valid_trials(run, experiment, p, m), "prediction", "throughput_per_s")
            for m in p["models"]
        ]
        best = [b for b in best if b]
        if best:
            rows.append([p["load"][swept], max(best)])
    return rows


def memory_sweep(run: Run, experiment: dict, points) -> Chart | None:
    if sweep_key(points) != "connections":
        return None
    models = list(dict.fromkeys(m for p in points for m in p["models"]))
    key, kind = experiment["name"], metric("memory_total_bytes")
    levels, fits = {}, {}
    for m in models:
        rows = [(p["load"]["connections"], run.level(key, p["id"], m, kind.name)) for p in points]
        rows = [(x, r) for x, r in rows if r]
        if rows:
            levels[m] = rows
        seen = [
            (p["load"]["connections"], (t.get("memory") or {}).get("total_bytes"))
            for p in points
            for t in valid_trials(run, experiment, p, m)
        ]
        fits[m] = fit.line([(x, y) for x, y in seen if y])
    models = [m for m in models if m in levels]
    if not models:
        return None
    mib = 2**20
    y = axis([r[k] / mib for m in models for _, r in levels[m] for k in ("value", "lo", "hi") if r[k]], log=True)
    ends = {m: y.fraction(levels[m][-1][1]["value"] / mib) for m in models}
    texts = {m: f"{m}\n{_slope(fits[m])}" for m in models}
    chart = Chart(
        name_of("memory", experiment, points[0].get("section") or points[0]["id"]),
        "curves.gp",
        f"Memory over connections: {points[0]['workload']}",
        "Whole memory of the server over connections, one line per model, with the slope per"
        " connection. The numbers are in the table.",
        key,
        [p["id"] for p in points],
        blocks=[
            (m, [[x, *(r[k] / mib if r[k] else None for k in ("value", "lo", "hi"))] for x, r in levels[m]])
            for m in models
        ],
        head=["model", "per connection (slope)", "95 %", "at rest (fit)", "trials"],
        height=400,
    )
    chart.rows = [[m, *_fit_row(fits[m])] for m in models]
    found = [r for m in models for _, r in levels[m]]
    chart.caption = [
        n_words(found),
        "Dotted: m0 + m1 N fitted to all valid trials by least squares with relative errors;"
        " the slope m1 with its 95 % interval stands beside the model. Both axes logarithmic.",
        provenance(run),
    ]
    xs = [p["load"]["connections"] for p in points]
    chart.context = {
        "styles": styles(models), "right": right(texts.values()), "xlabel": "connections",
        "xtics": None, "x": Axis(min(xs) / 1.3, max(xs) * 1.3, True), "y": y, "yformat": "%g",
        "ylabel": "memory, MiB (logarithmic)", "labels": end_labels(ends, texts, 0.125),
        "fits": [
            {"index": i + 1, "model": m, "m0": fits[m].m0 / mib, "m1": fits[m].m1 / mib}
            for i, m in enumerate(models) if fits[m]
        ],
        "bound": None, "bars": True, "lines": False, "every": 1, "key": False, "limit": None,
    }  # fmt: skip
    return chart


def _slope(line) -> str:
    if not line:
        return "no slope: too few points"
    scale, unit = units.scale_for([line.m1], units.SIZE)
    return f"{units.digits(line.m1 / scale)} {unit} {units.interval(line.lo, line.hi, scale)}"


def _fit_row(line):
    if not line:
        return [units.UNKNOWN] * 4
    scale, unit = units.scale_for([line.m1], units.SIZE)
    return [
        f"{units.digits(line.m1 / scale)} {unit}",
        units.interval(line.lo, line.hi, scale),
        units.size(line.m0),
        str(line.n),
    ]
