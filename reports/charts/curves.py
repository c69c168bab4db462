# SPDX-License-Identifier: MIT
"""Latency by percentile: one line per model, its trials merged for drawing.

x is 1/(1-p), so that each decade to the right leaves a tenth of the requests and
the tail gets enough room. A line ends where too few requests lie beyond it. The
caption names models that have too few requests for a line, or a window too
short for the longest waits to appear.
"""

from data import histogram, units
from data.levels import median, valid_trials
from data.points import latency_words, setting
from data.results import Run
from charts import drawing
from charts.drawing import Axis, Chart, axis
from charts.labels import limit_line, point_chart, provenance, styles

PERCENT_TICS = (
    (1, "0 %"),
    (2, "50 %"),
    (10, "90 %"),
    (100, "99 %"),
    (1000, "99.9 %"),
    (10000, "99.99 %"),
    (100000, "99.999 %"),
)
SHOWN = (50, 90, 99, 99.9)

# Defaults for what templates/curves.gp needs.
PLAIN = {
    "xtics": None,
    "yformat": "%g",
    "fits": [],
    "bound": None,
    "bars": False,
    "lines": True,
    "every": 1,
    "keys": None,  # the models' entries in the key, where these say more than their names
    "left": 52,
    "limit": None,
    "rings": None,
    "platform": None,
    "hollow": None,
}


def latency(run: Run, experiment: dict, point: dict) -> Chart | None:
    which = point.get("latency_kind") or "service"
    lines, cut = {}, []
    for m in point["models"]:
        trials = valid_trials(run, experiment, point, m, "latency_p50_ns")
        if any((t.get("latency") or {}).get("turned_over") is False for t in trials):
            cut.append(m)
            continue
        found = merged(run, trials, which)
        if found:
            lines[m] = found
    if not lines:
        return None
    chart = point_chart(
        experiment, point, "latency", "curves.gp",
        f"Latency, {latency_words(point)}: {setting(point)}",
        f"{latency_words(point)} by percentile, one line per model."
        " The numbers are in the table.",
        blocks=[(m, [[x, v / 1e6, None, None] for x, v in lines[m]]) for m in lines],
        head=["model", *(units.percentile(p) for p in SHOWN)],
    )
    chart.rows = [[m, *(units.time(value_at(lines[m], p)) for p in SHOWN)] for m in lines]
    chart.caption = [*_caption(point), provenance(run)]
    chart.notes = _notes([m for m in point["models"] if m not in lines and m not in cut], cut)
    platform = _platform(run, experiment, point)
    # With a second load, the profile's limit is for that load.
    limit = None if point.get("beside") else limit_line(experiment)
    chart.context = context(lines, platform, limit)
    chart.keys = list(lines)
    if platform:
        chart.blocks.append(("the platform", [[x, v / 1e6] for x, v in platform]))
        chart.context |= {"platform": len(lines)}
        chart.keys.append("the machine itself, late by")
        chart.caption.insert(
            1,
            "Grey: how late the machine itself woke a process during the trials (median over"
            " the trials, up to the latest wake-up); latency near this line comes from the machine.",
        )
    _add_forms(chart, lines, platform, limit)
    return chart


def _add_forms(chart: Chart, lines: dict, platform, limit: dict | None) -> None:
    """The linear axis, and the tail on one that fits it."""
    curves = [*lines.values(), platform]
    drawing.add_scale(chart, "y", [v / 1e6 for points in curves for _, v in points] + [limit and limit["at"]])
    first = 100 / (100 - drawing.TAIL_PERCENT)
    tail = [v / 1e6 for points in lines.values() for x, v in points if x >= first]
    if not tail:
        return
    y = axis(tail, log=False)
    shown = chart.context["x"]
    chart.forms.append(drawing.form(
        chart, drawing.TAIL, x=Axis(first, max(shown.hi, 1.5 * first), True), y=y, ylabel="latency, ms",
        limit=limit if limit and limit["at"] < y.hi else None,
    ))


def _platform(run: Run, experiment: dict, point: dict):
    """The machine's own lateness as a curve: the median over the load point's trials.
    A trial has few wake-ups (20 a second on each CPU). The curve ends with the
    latest of them, at one in as many as there were."""
    trials = run.trials_of(experiment["name"], point["id"])
    known = [t["platform"] for t in trials if t["valid"] and t.get("platform")]
    points = histogram.percentile_points(known)
    longest = [(p["count"], p["max_ns"]) for p in known if p.get("max_ns")]
    if longest:
        end = float(median(n for n, _ in longest)), median(ns for _, ns in longest)
        points = [p for p in points if p[0] < end[0]] + [end]
    return [(x, v) for x, v in points if v > 0] if len(points) > 1 else []


def _caption(point: dict) -> list[str]:
    words = [
        "One line per model: its valid trials together.",
        f"A line ends where fewer than {histogram.BEYOND_PER_TRIAL} requests per trial lie beyond."
        " Each decade of the axis of percentiles leaves a tenth of the requests.",
    ]
    if point.get("latency_kind") != "response":
        words.append(
            "A closed loop waits for an answer before it sends the next request:"
            " users may wait longer than this."
        )
    return words


def _notes(absent: list[str], cut: list[str]) -> list[str]:
    words = []
    if absent:
        words.append(f"Too few valid requests for a line: {', '.join(absent)}.")
    if cut:
        words.append(
            f"No line for {', '.join(cut)}: the window is too short, the longest waits"
            " would be missing."
        )
    return words


def context(lines: dict, platform, limit: dict | None) -> dict:
    values = [v / 1e6 for points in lines.values() for _, v in points]
    values += [v / 1e6 for _, v in platform]
    y = axis(values + [limit and limit["at"]], log=True)
    ends = [x for points in (*lines.values(), platform) for x, _ in points]
    top = max(12, 1.1 * max(ends))
    return PLAIN | {
        "styles": styles(list(lines)),
        "xlabel": "percentile",
        "ylabel": "latency, ms (logarithmic)",
        "x": Axis(1, top, True),
        "y": y,
        "xtics": ", ".join(f"'{t}%' {v}" for v, t in PERCENT_TICS if v <= top),
        "every": 12,
        "limit": limit,
    }


def merged(run: Run, trials, which: str):
    """The curve of all trials together, from stored percentiles if a histogram is
    missing."""
    folder = run.path / "trials"
    texts = [histogram.read(folder / f"{t['trial_id']}.hgrm") for t in trials]
    if trials and all(texts):
        return histogram.curve(texts)
    stored = [(t.get("latency") or {}).get(which) or {} for t in trials]
    return histogram.percentile_points(stored)


def value_at(points, percentile: float):
    """The curve's value at a percentile; None beyond the curve's end."""
    x = 1 / (1 - percentile / 100)
    return next((v for at, v in points if at >= x * 0.999), None)
