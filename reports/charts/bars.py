# SPDX-License-Identifier: MIT
"""Stacked bars: the parts of CPU per request, of memory, and of the time of a
request over a new connection.

Bars start at zero. A cross with whiskers at the bar's end is the total of the
summary with its interval; the segments are its parts. The kernel samples user
and system time by its tick, so the bar stays whole if a trial used too little
CPU to split.
"""

from data import units
from data.levels import level_rows, median, of_trials, valid_trials
from data.metrics import metric
from data.points import setting
from data.results import Run
from charts import style
from charts.drawing import Axis, Chart
from charts.labels import alt_text, n_words, point_chart, provenance, table_row


ROOM = 1.6  # the axis reaches this many longest bars; longer whiskers are cut off
SPLIT_LEAST_NS = 1e9  # CPU in a trial; with less, user and system time are too coarse


def cpu(run: Run, experiment: dict, point: dict) -> Chart | None:
    values = {}
    for m in point["models"]:
        total = run.level(experiment["name"], point["id"], m, "cpu_per_request_ns")
        share = _user_share(valid_trials(run, experiment, point, m, "cpu_per_request_ns"))
        if total is None:
            values[m] = [None, None, None]
        elif share is None:
            values[m] = [None, None, total["value"]]
        else:
            values[m] = [total["value"] * share, total["value"] * (1 - share), None]
    chart = _stacked(run, experiment, point, "cpu_per_request_ns", style.CPU_PARTS, values)
    if chart:
        chart.title = f"CPU per request: {setting(point)}"
        whole = [m for m in point["models"] if values[m][2] is not None]
        if whole:
            chart.notes.append(
                f"Not split into user and system: {', '.join(whole)}; a trial used less than 1 s"
                " of CPU, too little for the kernel's ticks, or its split is unknown.",
            )
    return chart


def _user_share(trials) -> float | None:
    """User time as a share of all CPU of the trials together. None if a trial used
    too little CPU for the split, or its split is unknown."""
    user = system = 0.0
    for t in trials:
        known = t.get("cpu") or {}
        parts = known.get("user_ns"), known.get("system_ns")
        if None in parts or sum(parts) < SPLIT_LEAST_NS:
            return None
        user, system = user + parts[0], system + parts[1]
    return user / (user + system) if user + system else None


def memory_parts(run: Run, experiment: dict, point: dict) -> Chart | None:
    values = {}
    for m in point["models"]:
        trials = valid_trials(run, experiment, point, m, "memory_total_bytes")
        known = [of_trials(trials, "memory", k) for k, _, _ in style.MEMORY_PARTS[:-1]]
        total = of_trials(trials, "memory", "total_bytes")
        rest = total - sum(v or 0 for v in known) if total else None
        values[m] = [*known, rest if rest and rest > 0 else None]
    chart = _stacked(run, experiment, point, "memory_total_bytes", style.MEMORY_PARTS, values)
    if chart:
        chart.title = f"Memory by kind: {setting(point)}"
        chart.caption.insert(
            1,
            "Parts: median of the valid trials; rest: what the kernel charges"
            " beyond these parts.",
        )
    return chart


def idle_parts(run: Run, experiment: dict, point: dict) -> Chart | None:
    """The memory of an idle connection by kind: the server's memory with all
    connections open before the first request, minus its memory without any."""
    keys = [k for k, _, _ in style.MEMORY_PARTS[:-1]]
    values = {}
    for m in point["models"]:
        trials = valid_trials(run, experiment, point, m, "memory_per_idle_connection_bytes")
        known = [median(_per_idle(t, key) for t in trials) for key in keys]
        total = median(_per_idle(t, "total_bytes") for t in trials)
        rest = total - sum(max(v or 0, 0) for v in known) if total else None
        values[m] = [v if v and v > 0 else None for v in (*known, rest)]
    name = "memory_per_idle_connection_bytes"
    chart = _stacked(run, experiment, point, name, style.MEMORY_PARTS, values, "idle")
    if chart:
        chart.title = f"Memory of a sleeping connection: {setting(point)}"
        chart.caption.insert(
            1,
            "Parts: median of the valid trials, all connections open before the first request"
            " minus the server without connections; rest: what the kernel charges beyond"
            " these parts.",
        )
    return chart


def _per_idle(trial: dict, key: str) -> float | None:
    memory = trial.get("memory") or {}
    after, before = ((memory.get(k) or {}).get(key) for k in ("open", "idle"))
    count = (trial.get("connections") or {}).get("open")
    return (after - before) / count if count and None not in (after, before) else None


def connect_parts(run: Run, experiment: dict, point: dict) -> Chart | None:
    """The mean service time with a new connection for each request: connecting, and
    the rest."""
    values = {}
    for m in point["models"]:
        names = ("latency_connect_mean_ns", "latency_mean_ns")
        rows = [run.level(experiment["name"], point["id"], m, n) for n in names]
        connect, whole = (r["value"] if r else None for r in rows)
        rest = whole - connect if connect and whole and whole > connect else None
        values[m] = [connect, rest]
    chart = _stacked(
        run, experiment, point, "latency_mean_ns", style.CONNECT_PARTS, values, "connect"
    )
    if chart:
        chart.title = f"Mean time of a request: {setting(point)}"
        chart.caption.insert(1, "A closed loop's service time, connecting included.")
    return chart


def _stacked(
    run: Run, experiment, point, name: str, parts, values, kind_of_chart=None
) -> Chart | None:
    """A bar for each model, with its segments from `values` in the parts' order."""
    kind, models = metric(name), point["models"]
    rows, notes = level_rows(run, experiment, point, models, name)
    if not any(rows.values()):
        return None
    tops = [sum(v or 0 for v in values[m]) for m in models]
    tops += [r["value"] for r in rows.values() if r]
    tops.append(min(max(r["hi"] or 0 for r in rows.values() if r), ROOM * max(tops)))
    scale, unit = units.scale_for([max(tops) / 3], kind.units)
    chart = point_chart(
        experiment, point, (kind_of_chart or name.split("_")[0]) + "-parts", "bars.gp",
        "",
        alt_text(f"{kind.noun} per model", kind, rows),
        blocks=_blocks(models, parts, values, scale) + [_totals(rows, scale)],
        head=["model", kind.title, "95 %", "n", *(words for _, words, _ in parts)],
    )
    for m in models:
        chart.rows.append(table_row(kind, rows[m], m) + [kind.show(v) for v in values[m]])
    chart.caption = [n_words(rows.values()), "Cross and whiskers: the total and its interval. Bars start at zero.", provenance(run)]
    why = dict(notes)
    labels = [f"{m}: {kind.sign(r) + kind.show(r['value']) if r else why[i]}" for i, (m, r) in enumerate(rows.items(), 1)]
    chart.keys = [*(words for _, words, _ in parts), "total, 95 % interval"]
    chart.context = chart.in_rows(labels) | {
        "styles": [],
        "x": Axis(0, max(tops) / scale * 1.12, False),
        "parts": [(words, colour) for _, words, colour in parts],
        "xlabel": f"{kind.noun}, {unit}",
        "total": "total, 95 % interval",
        "marks": None,
    }
    return chart


def _blocks(models, parts, values, scale: float):
    """For each part, rows of (row, from, to)."""
    blocks = []
    for i, (_, words, _) in enumerate(parts):
        bars = []
        for row, m in enumerate(models):
            below, own = sum(v or 0 for v in values[m][:i]), values[m][i]
            if own:
                bars.append([row + 1, below / scale, (below + own) / scale])
        blocks.append((words, bars))
    return blocks


def _totals(rows: dict, scale: float):
    """Rows of (row, total, interval from, to)."""
    totals = []
    for row, r in enumerate(rows.values()):
        if r:
            numbers = [r["value"], r["lo"] or r["value"], r["hi"] or r["value"]]
            totals.append([row + 1, *(v / scale for v in numbers)])
    return "total", totals
