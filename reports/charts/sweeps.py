# SPDX-License-Identifier: MIT
"""Charts over connections or the offered rate: a metric's levels as curves,
and memory with its slope per connection.
"""

from data import units
from data.levels import of_trials, reasons, valid_trials
from data.metrics import metric
from data.points import latency_words, sweep_key
from data.results import Run
from charts import drawing, slopes, style
from charts.curves import PLAIN
from charts.drawing import Axis, Chart, axis
from charts.labels import (
    capital, n_words, name_of, provenance, scale_words, styles,
)

MIB = 2**20
OVER = {
    "connections": "connections",
    "rate_per_s": "offered rate, requests per second",
}


def curve(run: Run, experiment: dict, points, swept: str, name: str) -> Chart | None:
    """A metric over the quantity that the section sweeps."""
    kind = metric(name)
    levels = levels_of(run, experiment, points, swept, name)
    if not levels:
        return None
    scale, unit = kind.scale([r["value"] for rows in levels.values() for _, r in rows])
    bound = []
    if name == "throughput_per_s":
        bound = _bounds(run, experiment, points, swept)
    y = axis(numbers_of(levels, scale) + [b for _, b in bound])
    xs = [p["load"][swept] for p in points]
    of_what = name.removeprefix("latency_") if "_light_" in name else name
    chart = new_chart(experiment, points, f"sweep-{of_what.split('_')[0]}")
    over = OVER[swept].split(",")[0]
    chart.title = f"{capital(kind.noun)} over {over}: {points[0]['workload']}"
    if name.startswith("latency"):
        chart.title += f", {latency_words(points[0])}"
    chart.alt = f"{kind.noun} over {over}, one line per model."
    chart.alt += " The numbers are in the table."
    chart.blocks = blocks_of(levels, scale, xs)
    if bound:
        chart.blocks.append(("the law's bound", bound))
    chart.head = ["model", *(units.digits(x) for x in xs)]
    for m, rows in levels.items():
        texts = {x: kind.show(r["value"]) for x, r in rows}
        chart.rows.append([m, *(texts.get(x, units.UNKNOWN) for x in xs)])
    chart.caption = [_n(levels), scale_words(y), provenance(run)]
    chart.context = PLAIN | frame_of(levels, xs, y)
    chart.tips = tips_of(levels, kind, swept)
    add_invalid(run, experiment, points, swept, chart)
    chart.context |= {
        "xlabel": OVER[swept],
        "ylabel": f"{kind.noun}, {unit or 'per s'}{' (logarithmic)' if y.log else ''}",
        "yformat": "%g" if y.hi < 20000 else "%.1s%c",
        "bound": "the law's bound (best model)" if bound else None,
    }
    chart.keys = [*(["the law's bound (best model)"] if bound else []), *levels]
    if y.log and name.startswith("latency"):
        drawing.add_scale(chart, "y", [r["value"] / scale for own in levels.values() for _, r in own])
    return chart


def memory(run: Run, experiment: dict, points) -> Chart | None:
    """Total memory over connections, with the fitted slope in the key."""
    if sweep_key(points) != "connections":
        return None
    name = "memory_total_bytes"
    levels = levels_of(run, experiment, points, "connections", name)
    if not levels:
        return None
    fits = {m: slopes.of(run, experiment, points, m, "busy_connection") for m in levels}
    y = axis(numbers_of(levels, MIB), log=True)
    xs = [p["load"]["connections"] for p in points]
    chart = new_chart(experiment, points, "memory")
    chart.title = f"Memory over connections: {points[0]['workload']}"
    chart.alt = (
        "Total memory of the server over connections, one line per model, with the"
        " slope per connection. The numbers are in the table."
    )
    chart.blocks = blocks_of(levels, MIB, xs)
    chart.head = ["model", "slope, per busy connection", "at rest (fit)", "trials"]
    chart.rows = [[m, *_fit_row(fits[m])] for m in levels]
    chart.caption = [
        _n(levels),
        "Dotted: the line fitted to all valid trials, including their memory without"
        " connections; its slope, the memory of a connection with a request in flight,"
        " stands in the key with its 95 % interval. Both axes are logarithmic.",
        provenance(run),
    ]
    texts = {m: f"{m}: {_slope(fits[m])}" for m in levels}
    chart.keys = list(texts.values())
    chart.context = PLAIN | frame_of(levels, xs, y) | {"keys": texts}
    chart.tips = tips_of(levels, metric(name), "connections")
    chart.context |= {
        "xlabel": "connections",
        "ylabel": "memory, MiB (logarithmic)",
        "lines": False,
        "fits": [
            {
                "index": i + 1,
                "model": m,
                "m0": fits[m]["base_bytes"] / MIB,
                "m1": fits[m]["bytes"]["total_bytes"]["value"] / MIB,
            }
            for i, m in enumerate(levels)
            if fits[m]
        ],
    }
    return chart


def new_chart(experiment: dict, points, kind: str) -> Chart:
    section = points[0].get("section") or points[0]["id"]
    name = name_of(kind, experiment, section)
    ids = [p["id"] for p in points]
    return Chart(name, "curves.gp", "", "", experiment["name"], ids)


def levels_of(run: Run, experiment: dict, points, swept: str, name: str) -> dict:
    """model -> [(x, row of the summary)], for rows with a value."""
    levels: dict[str, list] = {}
    for p in points:
        for m in p["models"]:
            row = run.level(experiment["name"], p["id"], m, name)
            if row:
                levels.setdefault(m, []).append((p["load"][swept], row))
    return levels


def _triple(row: dict, scale: float) -> list[float | None]:
    return [row[k] / scale if row[k] is not None else None for k in ("value", "lo", "hi")]


def numbers_of(levels: dict, scale: float) -> list[float | None]:
    """The numbers that the axis must reach. The ends of very wide intervals, which
    two blocks may give, count only up to a factor of 10."""
    found = []
    for rows in levels.values():
        for _, r in rows:
            value, lo, hi = _triple(r, scale)
            found += [value, max(lo, value / 10) if lo else None]
            found.append(min(hi, value * 10) if hi else None)
    return found


def blocks_of(levels: dict, scale: float, xs):
    """The levels of each model, with an empty row where one is missing between two:
    gnuplot ends the line there."""
    blocks = []
    for m, rows in levels.items():
        lines: list[list] = []
        for x, r in rows:
            if lines and any(lines[-1][0] < other < x for other in xs):
                lines.append([])
            lines.append([x, *_triple(r, scale)])
        blocks.append((m, lines))
    return blocks


def add_invalid(run: Run, experiment: dict, points, swept: str, chart: Chart) -> None:
    """Adds hollow marks on the axis where all trials of a model are invalid."""
    y = chart.context["y"]
    floor = y.lo * 1.001 if y.log else y.lo + 1e-5 * (y.hi - y.lo)
    marks, lost = [], []
    for p in points:
        for m in p["models"]:
            trials = run.trials_of(experiment["name"], p["id"], m)
            if trials and not any(t["valid"] for t in trials):
                colour = style.style(m).number
                marks.append([p["load"][swept], floor, colour])
                lost += trials
    if marks:
        chart.context["hollow"] = len(chart.blocks)
        chart.blocks.append(("invalid", marks))
        chart.notes.append(f"Hollow, on the axis: invalid, {reasons(lost)}.")


def _n(levels: dict) -> str:
    return n_words([r for rows in levels.values() for _, r in rows])


def tips_of(levels: dict, kind, swept: str) -> dict[str, list[str]]:
    """The figure of each mark, in words."""
    words = {"connections": " connections", "rate_per_s": "/s"}[swept]
    return {
        m: [f"{m}: {kind.show(r['value'])} {units.interval(r['lo'], r['hi'], kind.scale([r['value']])[0])} at {units.digits(x)}{words}" for x, r in rows]
        for m, rows in levels.items()
    }


def frame_of(levels: dict, xs, y: Axis) -> dict:
    """The axes and styles of curves."""
    x = Axis(0, max(xs) * 1.08, False)
    if max(xs) / min(xs) > 12:
        x = Axis(min(xs) / 1.3, max(xs) * 1.3, True)
    return {
        "styles": styles(list(levels)),
        "x": x,
        "y": y,
        "bars": True,
    }


def _bounds(run: Run, experiment: dict, points, swept: str):
    """The highest law's bound of any model at each load point."""
    rows = []
    for p in points:
        laws = []
        for m in p["models"]:
            trials = valid_trials(run, experiment, p, m)
            laws.append(of_trials(trials, "prediction", "throughput_per_s"))
        known = [law for law in laws if law]
        if known:
            rows.append([p["load"][swept], max(known)])
    return rows


def _slope(row) -> str:
    return _fit_row(row)[0] if row else "no slope"


def _fit_row(row) -> list[str]:
    if not row:
        return [units.UNKNOWN] * 3
    return [
        slopes.text(row["bytes"]["total_bytes"]),
        units.size(row["base_bytes"]) if row["base_bytes"] > 0 else "not above 0",
        str(row["n"]),
    ]
