# SPDX-License-Identifier: MIT
"""The charts of a search: the capacity under its limit, and the steps of the
search. The levels come from the summary.
"""

from data import units
from data.capacity import CAREFUL, NAME, bound, text_of
from data.levels import level_rows, of_trials, valid_trials
from data.metrics import metric
from data.points import setting
from data.results import Run
from charts import style
from charts.curves import PLAIN
from charts.dots import frame
from charts.drawing import Chart, axis
from charts.labels import (
    alt_text, n_words, point_chart, provenance, scale_words, styles, table_row,
)

LIMITS = {
    "generator": "the generator was the limit",
    "connections": "the connections were the limit",
}


def levels(run: Run, experiment: dict, point: dict) -> Chart | None:
    models, kind = point["models"], metric(NAME)
    rows, notes = level_rows(run, experiment, point, models, NAME)
    careful, _ = level_rows(run, experiment, point, models, CAREFUL)
    ceiling = {
        m: of_trials(valid_trials(run, experiment, point, m), "capacity", "ceiling_per_s")
        for m in models
    }
    told = {m: bound(run, experiment, point, m) for m in models}
    found = [r for r in rows.values() if r]
    values = [r[k] for r in found for k in ("value", "lo", "hi")]
    values += [*ceiling.values(), *(t["at_least"] for t in told.values())]
    if not any(values):
        return None
    x = axis(values, room=1.2)
    chart = point_chart(
        experiment, point, "capacity", "dots.gp",
        f"Capacity: {setting(point)}",
        alt_text(f"Requests per second with {point.get('slo')} kept, per model", kind, rows),
        head=["model", "capacity", "95 %", "n", "conservative", "closed loop"],
    )
    for i, m in enumerate(models):
        r, c = rows[m], careful[m]
        numbers = [r["value"], r["lo"], r["hi"]] if r else [None] * 3
        row = [i + 1, *numbers, c["value"] if c else None, ceiling[m]]
        chart.blocks.append((m, [row]))
        cells = table_row(kind, r, m)
        cells[1] = text_of(run, experiment, point, m) or cells[1] if not r else cells[1]
        chart.rows.append([*cells, kind.show(c["value"] if c else None), kind.show(ceiling[m])])
    chart.caption = [
        n_words(found),
        "Hollow: the conservative figure, where three quarters of the steps pass."
        " Line: what a closed loop reached, without a limit.",
        scale_words(x),
        provenance(run),
    ]
    what = f"requests per second with {point.get('slo')}"
    frame(chart, kind, rows, _notes(notes, models, told), x, what)
    chart.context |= {
        "second": "conservative (3 of 4 steps pass)",
        "ceiling": "closed loop, without a limit",
    }
    chart.tips = {}
    chart.keys = [chart.context[k] for k in ("ceiling", "second", "dots")]
    return chart


def _notes(notes, models, told):
    """The note in place of a dot: a bound, or the reason for the missing figure."""
    said = []
    for row, why in notes:
        known = told[models[row - 1]]
        if known["cannot_meet"]:
            why = "cannot meet the limit"
        elif known["at_least"]:
            why = f"≥ {units.digits(known['at_least'])}/s: {LIMITS.get(known['limit'], known['limit'])}"
        said.append((row, why))
    return said


def tried(run: Run, experiment: dict, point: dict) -> Chart | None:
    """The limited percentile over the offered rate: every step of every search."""
    steps, limit, percentile = {}, None, 99
    for m in point["models"]:
        for t in valid_trials(run, experiment, point, m):
            told = t.get("capacity") or {}
            limit, percentile = told.get("limit_ns") or limit, told.get("percentile") or percentile
            steps.setdefault(m, []).extend(
                (s["rate_per_s"], s["quantile_ns"]) for s in told.get("steps") or [] if s["rate_per_s"] and s.get("quantile_ns")
            )
    steps = {m: sorted(own) for m, own in steps.items() if own}
    if not steps:
        return None
    at = limit / 1e6 if limit else None
    y = axis([v / 1e6 for own in steps.values() for _, v in own] + [at], log=True)
    shown = units.percentile(percentile)
    made = point_chart(
        experiment, point, "tried", "curves.gp",
        f"{shown} over the offered rate, every step of the searches: {point['workload']}",
        f"{shown} latency of each step of the searches over its rate. The table has the range of the rates.",
        head=["model", "steps", "lowest rate", "highest rate"],
        blocks=[(m, [[x, v / 1e6, None, None] for x, v in own]) for m, own in steps.items()],
    )
    for m, own in steps.items():
        made.rows.append([m, str(len(own)), *(metric(NAME).show(x) for x in (own[0][0], own[-1][0]))])
        made.tips[m] = [f"{m}: {shown} {units.time(v)} at {units.digits(x)}/s" for x, v in own]
    made.caption = [
        "Each mark is one step; below the line the limit was kept.",
        "The steps of all searches, each some seconds long: marks, not levels. Both axes are logarithmic.",
        provenance(run),
    ]
    made.keys = list(steps)
    made.context = PLAIN | {
        "styles": styles(list(steps)), "lines": False,
        "x": axis([x for own in steps.values() for x, _ in own], room=1.05, log=True), "y": y,
        "xlabel": "offered rate, requests per second (logarithmic)", "ylabel": f"{shown}, ms (logarithmic)",
        "limit": at and {"at": at, "text": f"the limit, {units.time(limit)}"},
    }
    return made


def staircase(run: Run, experiment: dict, point: dict) -> Chart | None:
    """The rates that the searches of the first block tried, step by step."""
    lines, missed = {}, {}
    for m in point["models"]:
        trials = [t for t in valid_trials(run, experiment, point, m) if t.get("capacity")]
        steps = trials[0]["capacity"]["steps"] if trials else []
        judged = [s for s in steps if s["rate_per_s"] and s["verdict"] in ("pass", "fail")]
        if judged:
            places = [(i, s["rate_per_s"], s["verdict"]) for i, s in enumerate(judged, 1)]
            lines[m] = [(i, rate) for i, rate, _ in places]
            missed[m] = [[i, rate, style.style(m).number] for i, rate, v in places if v == "fail"]
    if not lines:
        return None
    y = axis([v for line in lines.values() for _, v in line], log=True)
    last = max(line[-1][0] for line in lines.values())
    chart = point_chart(
        experiment, point, "staircase", "curves.gp",
        f"How the search went: {setting(point)}",
        "The rate of each step of the first search per model. The numbers are in the table.",
        head=["model", "steps", "of these failed", "lowest rate", "highest rate"],
    )
    for m, line in lines.items():
        rates = [v for _, v in line]
        shown = [metric(NAME).show(v) for v in (min(rates), max(rates))]
        chart.rows.append([m, str(len(line)), str(len(missed[m])), *shown])
        chart.blocks.append((m, [[x, v, None, None] for x, v in line]))
    failed = [mark for marks in missed.values() for mark in marks]
    chart.blocks.append(("failed", failed))
    chart.caption = [
        "The first search of each model. Ringed: the limit was not kept.",
        "Bisection, then the staircase whose mean is the"
        " estimate, then the conservative staircase. Logarithmic axis.",
        provenance(run),
    ]
    chart.keys = list(lines)
    chart.context = PLAIN | {
        "styles": styles(list(lines)),
        "left": 52,
        "xlabel": "step",
        "ylabel": "offered rate, per s (logarithmic)",
        "x": axis([last], room=1.05),
        "y": y,
        "hollow": len(lines) if failed else None,
    }
    return chart
