# SPDX-License-Identifier: MIT
"""Within the trials: the rate of answers from the start of the warm-up to the end of
the window, and below it the latency of each tenth of the window, a thin line for each
valid trial.

The generator stores how many answers each tenth of a second brought, and percentiles of
each tenth of the window that has enough requests for them (`series`). Steps of the rate
are put together until a line has few enough points; a step that the window's end cuts
is left out. A stall, a slow start, or a rate or latency that never settles shows here
and in no mean.
"""

from data import units
from data.levels import valid_trials
from data.points import latency_words, setting
from data.results import Run
from charts.drawing import Axis, Chart, axis
from charts.labels import point_chart, provenance, styles

POINTS_MOST = 24  # of a line
POINTS_LEAST = 4
PERCENTILES = (99, 90, 50)
MOST_HAVE = 0.9  # the highest percentile is drawn that this share of all tenths has
BELOW = 150  # px of the plot of latencies
NS = 1e9


def chart(run: Run, experiment: dict, point: dict) -> Chart | None:
    trials = {m: valid_trials(run, experiment, point, m, "throughput_per_s") for m in point["models"]}
    lines = {m: _rates(own, point) for m, own in trials.items()}
    lines = {m: own for m, own in lines.items() if own}
    if not lines:
        return None
    warmup = (point.get("warmup_ns") or 0) / NS
    y = axis([v for own in lines.values() for line in own for _, v in line])
    made = point_chart(
        experiment, point, "within", "within.gp",
        f"Within the trials, rate of answers: {setting(point)}",
        "Answers per second over the seconds of each trial, a line per trial. The table has the lowest and the highest of each model.",
        head=["model", "lowest step in a window", "highest", "trials"],
    )
    for m, own in lines.items():
        made.blocks.append((m, [[x, max(v, y.lo)] if x is not None else [] for x, v in _apart(own)]))
        seen = [v for line in own for x, v in line if x >= warmup] or [0]
        made.rows.append([m, *(f"{units.digits(v)}/s" for v in (min(seen), max(seen))), str(len(own))])
    made.caption = [
        "A thin line is one valid trial; the window opens at the dashed line.",
        "The generator counts answers in steps of 0.1 s, put together here where there are many. A closed loop answers in"
        " waves: its line may swing though nothing is wrong.",
        provenance(run),
    ]
    made.keys = list(lines)
    made.context = {
        "styles": styles(list(lines)), "x": Axis(0, max(x for own in lines.values() for line in own for x, _ in line) * 1.03, False), "y": y,
        "xlabel": "s since the warm-up began", "ylabel": f"answers per second{' (logarithmic)' if y.log else ''}",
        "yformat": "%g" if y.hi < 20000 else "%.1s%c", "opens": warmup, "left": 52, "latency": None, "below": BELOW,
    }
    _add_latency(made, point, {m: trials[m] for m in lines})
    return made


def _apart(lines: list[list[tuple[float, float]]]):
    """The points of all lines, with (None, None) between two of them."""
    for i, line in enumerate(lines):
        yield from [(None, None)] * (i > 0)
        yield from line


def _rates(trials, point: dict) -> list[list[tuple[float, float]]]:
    found = []
    for t in trials:
        series = t.get("series") or {}
        step, counts = series.get("step_ns") or 0, series.get("completed") or []
        whole = ((point.get("warmup_ns") or 0) + (t.get("window_ns") or 0)) // step if step else 0
        counts = counts[:whole]
        each = max(1, -(-len(counts) // POINTS_MOST))
        groups = [counts[i : i + each] for i in range(0, len(counts) - each + 1, each)]
        if len(groups) >= POINTS_LEAST:
            wide = each * step / NS
            found.append([((i + 0.5) * wide, sum(g) / wide) for i, g in enumerate(groups)])
    return found


def _tenths(trial: dict) -> list[dict]:
    """None of a trial of before they were stored."""
    return (trial.get("series") or {}).get("tenths") or []


def _percentile(trials: dict) -> int | None:
    """The one that is drawn; None: no tenth has any."""
    tenths = [tenth for own in trials.values() for t in own for tenth in _tenths(t)]
    known = {p: sum(tenth[f"p{p}_ns"] is not None for tenth in tenths) for p in PERCENTILES}
    most = [p for p in PERCENTILES if tenths and known[p] >= MOST_HAVE * len(tenths)]
    return most[0] if most else PERCENTILES[-1] if known[PERCENTILES[-1]] else None


def _latencies(trials, point: dict, p: int) -> list[list[tuple[float, float]]]:
    """Of each trial, the middle of each tenth that has the percentile, and it in ms."""
    found = []
    for t in trials:
        tenths = _tenths(t)
        wide = (t.get("window_ns") or 0) / max(len(tenths), 1) / NS
        starts = (point.get("warmup_ns") or 0) / NS
        line = [(starts + (i + 0.5) * wide, tenth[f"p{p}_ns"] / 1e6) for i, tenth in enumerate(tenths) if tenth[f"p{p}_ns"] is not None]
        found += [line] if line else []
    return found


def _add_latency(made: Chart, point: dict, trials: dict) -> None:
    p = _percentile(trials)
    if p is None:
        return
    lines = {m: _latencies(own, point, p) for m, own in trials.items()}
    y = axis([v for own in lines.values() for line in own for _, v in line])
    name = units.percentile(p)
    made.title = made.title.replace("rate of answers", f"rate and {name}")
    made.alt += f" Below, the {name} of each tenth of the window."
    made.head += [f"lowest {name} of a tenth", f"highest {name}"]
    for row, (m, own) in zip(made.rows, lines.items()):
        made.blocks.append((f"{m}: {name}", [list(at) if at[0] is not None else [] for at in _apart(own)]))
        seen = [v * 1e6 for line in own for _, v in line]
        row += [units.time(min(seen)), units.time(max(seen))] if seen else [units.UNKNOWN] * 2
    made.caption.insert(
        1, f"Below: the {name} of each tenth of the window ({latency_words(point)}), the highest percentile that nine in ten of all"
        " tenths have; a percentile needs 20 requests beyond it.")
    made.body += BELOW + 34 - 50
    made.context["latency"] = {"y": y, "label": f"{name}, ms{' (logarithmic)' if y.log else ''}"}
