# SPDX-License-Identifier: MIT
"""Charts of overload: goodput over the offered rate, and the time that each
server took to recover.

A rate is also given as a multiple of the highest throughput that any model
reached at these load points. Recovery is shown trial by trial: a server that
recovered at once, or not within the limit, has no figure to average.
"""

from data import units
from data.levels import median, valid_trials
from data.metrics import metric
from data.points import sweep_key
from data.results import Run
from charts import style
from charts.curves import PLAIN
from charts.drawing import Axis, Chart
from charts.labels import n_words, provenance, styles
from charts.sweeps import add_invalid, blocks_of, frame_of, levels_of, new_chart, numbers_of

NAME = "goodput_per_s"
SHIFT = 0.5  # of the room between two rates, over which models are spread
NS = 1e9
NO_MEAN = (
    "Without a bar: the median of the trials; in at least one block nothing was answered in"
    " time, so there is no geometric mean."
)


def has_goodput(run: Run, experiment: dict, point: dict) -> bool:
    return any(t.get("goodput") for t in run.trials_of(experiment["name"], point["id"]))


def _each(run: Run, experiment: dict, point: dict, model: str) -> list[float]:
    """The goodput of each valid trial; 0 if nothing was answered in time."""
    trials = valid_trials(run, experiment, point, model, "goodput_per_s")
    return [t["goodput"]["per_s"] for t in trials if t.get("goodput")]


def zeros(run: Run, experiment: dict, point: dict, model: str) -> str | None:
    """The words in place of a geometric mean, which zeros rule out; else None."""
    each = _each(run, experiment, point, model)
    none = sum(not x for x in each)
    return f"0 in {none} of {len(each)}" if none else None


def _levels(run: Run, experiment: dict, points) -> dict:
    """model -> [(rate, row)]. If a block answered nothing in time there is no
    geometric mean, and the row holds the median."""
    levels: dict[str, list] = {}
    for p in points:
        for m in p["models"]:
            row, each = run.level(experiment["name"], p["id"], m, NAME), None
            if not row and (each := _each(run, experiment, p, m)):
                row = {"value": median(each), "lo": None, "hi": None, "n": None}
            if row:
                levels.setdefault(m, []).append((p["load"]["rate_per_s"], row))
    return levels


def goodput(run: Run, experiment: dict, points) -> Chart | None:
    """The rate of right answers within the limit, over the offered rate."""
    if sweep_key(points) != "rate_per_s":
        return None
    levels = _levels(run, experiment, points)
    if not levels:
        return None
    means = [r for rows in levels.values() for _, r in rows if r["n"]]
    rates = [p["load"]["rate_per_s"] for p in points]
    most = _most(run, experiment, points)
    limit = points[0].get("slo")
    chart = new_chart(experiment, points, "goodput")
    chart.title = f"Goodput over the offered rate: answers with {limit}"
    chart.alt = (
        f"Requests per second answered with {limit} over the offered rate, one line per"
        " model. The numbers are in the table."
    )
    chart.in_text = True
    y = Axis(0, max(v for v in numbers_of(levels, 1) + rates if v) * 1.08, False)
    chart.blocks = blocks_of(levels, 1, rates)
    chart.blocks.append(("everything offered", [[0, 0], *([x, x] for x in rates)]))
    chart.head = ["model", *(f"asked {units.digits(x)}/s{_times(x, most)}" for x in rates)]
    chart.head.append("kept of its best")
    for m, rows in levels.items():
        chart.rows.append([m, *_cells(rows, rates)])
    chart.caption = [
        n_words(means),
        "Dashed: everything offered. × is the offered rate as a multiple of the highest"
        f" throughput that any model reached here, {metric('throughput_per_s').show(most)}."
        if most
        else "Dashed: everything offered.",
        "Kept of its best: the goodput at the highest rate as a share of the model's own best.",
        provenance(run),
    ]
    chart.context = PLAIN | frame_of(levels, rates, y)
    add_invalid(run, experiment, points, "rate_per_s", chart)
    chart.context |= {
        "xlabel": "offered rate, requests per second",
        "xtics": ", ".join(f"'{units.digits(x)}{_times(x, most)}' {x:g}" for x in rates),
        "ylabel": f"goodput, per s with {limit}",
        "bound": "everything offered",
    }
    chart.keys = ["everything offered", *levels]
    chart.notes += [NO_MEAN] if len(means) < sum(map(len, levels.values())) else []
    return chart


def _most(run: Run, experiment: dict, points) -> float | None:
    """The highest throughput that any model reached."""
    name = "throughput_per_s"
    levels = levels_of(run, experiment, points, "rate_per_s", name)
    return max((r["value"] for rows in levels.values() for _, r in rows), default=None)


def _times(rate: float, most: float | None) -> str:
    return f" ({rate / most:.1f}×)" if most else ""


def _cells(rows, rates) -> list[str]:
    """For each rate the goodput and its share of the offered rate; then the goodput
    at the highest rate as a share of the model's best."""
    known = {x: r["value"] for x, r in rows}
    texts = [
        f"{units.digits(known[x])} ({100 * known[x] / x:.0f} %)" if x in known else units.UNKNOWN
        for x in rates
    ]
    last, best = known.get(rates[-1]), max(known.values())
    kept = f"{100 * last / best:.0f} %" if last is not None and best else units.UNKNOWN
    return [*texts, kept]


def times(run: Run, experiment: dict, point: dict, model: str):
    """For each valid trial: recovery in ns (None: did not recover) and the limit."""
    trials = valid_trials(run, experiment, point, model, "recovery_ns")
    told = [t["recovery"] for t in trials if t.get("recovery")]
    return [(r["recovery_ns"], r["limit_ns"]) for r in told]


def text(found) -> str:
    """The median of the trials, and how many did not recover."""
    known = [ns for ns, _ in found if ns is not None]
    lost = len(found) - len(known)
    if not found:
        return units.UNKNOWN
    if not known:
        return f"not within {units.time(found[0][1])}"
    middle = median(known)
    words = units.time(middle) if middle else "at once"
    return f"{words}, {lost} of {len(found)} not at all" if lost else words


def recovery(run: Run, experiment: dict, points) -> Chart | None:
    """The time to recover of every trial, by load point."""
    models = list(dict.fromkeys(m for p in points for m in p["models"]))
    found = {m: [times(run, experiment, p, m) for p in points] for m in models}
    found = {m: told for m, told in found.items() if any(told)}
    if not found:
        return None
    known = [ns for told in found.values() for rows in told for ns, _ in rows if ns]
    lost = [at for told in found.values() for rows in told for ns, at in rows if ns is None]
    y = Axis(0, 1.1 * max([*known, *lost, 1e6]) / NS, False)
    chart = new_chart(experiment, points, "recovery")
    chart.title = f"Time to recover: {points[0]['workload']}"
    chart.alt = (
        "Seconds from the window's end until the server answered as quickly as before, a"
        " dot for each trial. The numbers are in the table."
    )
    chart.in_text = True
    chart.head = ["model", *(f"after {_asked(p)}" for p in points)]
    chart.rows = [[m, *(text(rows) for rows in told)] for m, told in found.items()]
    never = []
    for i, (m, told) in enumerate(found.items()):
        offset = (i - (len(found) - 1) / 2) * SHIFT / len(found)
        colour = style.style(m).number
        dots = [(at + offset, ns) for at, rows in enumerate(told, 1) for ns, _ in rows]
        chart.blocks.append((m, [[x, ns / NS] for x, ns in dots if ns is not None]))
        never += [[x, y.hi / 1.05, colour] for x, ns in dots if ns is None]
    chart.caption = [
        "Each dot is one trial; a dot on the axis recovered at once.",
        "Time from the window's end until five requests in a row took at most twice as long"
        " as before the load. The table has the median.",
        provenance(run),
    ]
    if never:
        chart.notes.append("Hollow, at the top: did not recover within the limit.")
        chart.blocks.append(("never", never))
    chart.keys = list(found)
    chart.context = PLAIN | {
        "styles": styles(list(found)),
        "lines": False,
        "x": Axis(0.5, len(points) + 0.5, False),
        "y": y,
        "xtics": ", ".join(f"'{_asked(p)}' {i}" for i, p in enumerate(points, 1)),
        "xlabel": "offered before",
        "ylabel": "time to recover, s",
        "hollow": len(found) if never else None,
    }
    return chart


def _asked(point: dict) -> str:
    return f"{units.digits(point['load'].get('rate_per_s'))}/s"
