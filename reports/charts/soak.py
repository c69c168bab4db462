# SPDX-License-Identifier: MIT
"""A soak over time: memory and latency of each tenth of the window, with the
slope that the harness fitted to them.

The slope, its interval and the verdict come from the trial (`drift`). The dotted
line has that slope and goes through the mean of the ten points, as a
least-squares line does.
"""

from data import units
from data.levels import valid_trials
from data.metrics import metric
from data.points import latency_words, setting
from data.results import Run
from charts.curves import PLAIN
from charts.drawing import Axis, Chart, axis
from charts.labels import capital, point_chart, provenance, scale_words, styles

# key of the parts, key of the verdict, metric for name and unit
SHOWN = (
    ("memory_bytes", "memory", "memory_total_bytes"),
    ("p99_ns", "latency_p99", "latency_p99_ns"),
    ("p50_ns", "latency_p50", "latency_p50_ns"),
)
MINUTE_NS = 60e9
HOUR_MINUTES = 60


def charts(run: Run, experiment: dict, point: dict) -> list[Chart]:
    """The charts of memory and of the deepest percentile that the tenths have."""
    memory, *latencies = [_chart(run, experiment, point, *keys) for keys in SHOWN]
    return [chart for chart in (memory, next(filter(None, latencies), None)) if chart]


def _chart(run: Run, experiment: dict, point: dict, part: str, verdict: str, name: str):
    trials = {m: _with_drift(run, experiment, point, m, part) for m in point["models"]}
    trials = {m: own for m, own in trials.items() if own}
    if not trials:
        return None
    kind = metric(name)
    values = [v for own in trials.values() for t in own for _, v in _line(t, part)]
    scale, unit = kind.scale([max(values)])
    y = axis([v / scale for v in values])
    minutes = max(t["window_ns"] for own in trials.values() for t in own) / MINUTE_NS
    chart = point_chart(
        experiment, point, f"soak-{verdict}", "curves.gp",
        f"{capital(kind.noun)} over the minutes: {setting(point)}",
        f"{kind.noun} in each tenth of the soak, one line per model, with its slope."
        " The numbers are in the table.",
        head=["model, block", "first tenth", "last tenth", "per hour [95 %]", "verdict"],
    )
    if kind.units is units.TIME:
        chart.title = f"{capital(kind.noun)} over the minutes, {latency_words(point)}"
    for m, own in trials.items():
        rows: list[list] = []
        for t in own:
            line = _line(t, part)
            rows += ([[]] if rows else []) + [[x, v / scale, None, None] for x, v in line]
            shown = [kind.show(v) for v in (line[0][1], line[-1][1])]
            per_hour, words = _slope(t["drift"][verdict], kind)
            chart.rows.append([f"{m}, {t['block']}", *shown, per_hour, words])
        chart.blocks.append((m, rows))
    chart.caption = [
        "Each mark is a tenth of the window.",
        "Dotted: the line fitted to the ten tenths. The verdict in the key follows the"
        " rule in docs/method/modes.md; growth and fall have their slope per hour.",
        scale_words(y),
        provenance(run),
    ]
    texts = {m: f"{m}: {_short(own[-1]['drift'][verdict], kind)}" for m, own in trials.items()}
    chart.keys = list(texts.values())
    chart.context = PLAIN | {
        "styles": styles(list(trials)),
        "keys": texts,
        "x": Axis(0, minutes, False),
        "y": y,
        "xlabel": "minutes since the window opened",
        "ylabel": f"{kind.noun}, {unit}{' (logarithmic)' if y.log else ''}",
        "fits": [
            fit
            for i, (m, own) in enumerate(trials.items())
            if len(own) == 1 and (fit := _fit(own[0], part, verdict, scale, i, m))
        ],
    }
    return chart


def _with_drift(run: Run, experiment: dict, point: dict, model: str, part: str):
    """The valid trials with values in at least two tenths."""
    trials = valid_trials(run, experiment, point, model)
    return [t for t in trials if t.get("drift") and len(_line(t, part)) > 1]


def _line(trial: dict, part: str) -> list[tuple[float, float]]:
    """Points (minutes at the middle of the tenth, value) of tenths with a value."""
    tenth = trial["window_ns"] / len(trial["drift"]["parts"] or [0]) / MINUTE_NS
    found = enumerate(trial["drift"]["parts"])
    return [((i + 0.5) * tenth, p[part]) for i, p in found if p.get(part) is not None]


def _fit(trial: dict, part: str, verdict: str, scale: float, index: int, model: str):
    """The fitted line for the template, or None without a fit."""
    slope = trial["drift"][verdict].get("per_hour")
    line = _line(trial, part)
    if slope is None or len(line) < len(trial["drift"]["parts"]):
        return None
    m1 = slope / HOUR_MINUTES / scale
    middle = sum(x for x, _ in line) / len(line)
    level = sum(v for _, v in line) / len(line) / scale
    return {"index": index + 1, "model": model, "m0": level - m1 * middle, "m1": m1}


def _signed(value: float, kind) -> str:
    return ("−" if value < 0 else "+") + kind.show(abs(value))


def _slope(told: dict, kind) -> tuple[str, str]:
    """The slope per hour with its interval, and the harness's words."""
    known = [told.get(k) for k in ("per_hour", "lo", "hi")]
    words = told.get("words") or units.UNKNOWN
    if None in known:
        return units.UNKNOWN, words
    value, lo, hi = (_signed(v, kind) for v in known)
    return f"{value} [{lo} to {hi}]", words


def _short(told: dict, kind) -> str:
    """The verdict in short, for the key, beside the model's name."""
    if told.get("per_hour") is None or told.get("verdict") not in ("grows", "falls"):
        return "no drift seen" if told.get("verdict") == "none" else "cannot tell"
    return f"{told['verdict']}, {_signed(told['per_hour'], kind)}/h"
