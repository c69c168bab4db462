# SPDX-License-Identifier: MIT
"""Slice mode: one dot for the ratio of each pair of slices, and their mean with
its interval.

The slices of two models in one round are a pair. The mean, its interval and the
verdict come from the stored comparison. The dots are the ratios of the stored
slices and show how widely these scatter, and whether they drift from the first
round to the last.
"""

from data import units
from data.levels import valid_trials
from data.metrics import metric
from data.points import setting
from data.results import Run
from decision import lead
from charts import forest, style
from charts.drawing import Chart, axis
from charts.labels import capital, point_chart, provenance

NAMES = ("throughput_per_s", "cpu_per_request_ns")
SEEN = (0.01, 0.99)  # the share of the dots that the axis must reach


def charts(run: Run, experiment: dict, point: dict) -> list[Chart]:
    found = [_chart(run, experiment, point, name) for name in NAMES]
    return [chart for chart in found if chart]


def _values(slices, name: str) -> list[float | None]:
    """The metric of each slice of a trial, or None."""
    values = []
    for s in slices:
        done, ns, cpu = (s.get(k) for k in ("completed", "counted_ns", "cpu_ns"))
        late = s.get("sampled") is False and name != "throughput_per_s"
        if not done or not ns or cpu is None or late:
            values.append(None)
        else:
            values.append(done / ns if name == "throughput_per_s" else cpu / done)
    return values


def ratios(run: Run, experiment: dict, point: dict, name: str, a: str, b: str) -> list[float]:
    """The ratio a / b of every pair, in the order of the run."""
    sides = []
    for model in (a, b):
        trials = valid_trials(run, experiment, point, model, name, level=False)
        sides.append({t["block"]: t["slices"] for t in trials if t.get("slices")})
    found = []
    for block in sorted(set(sides[0]) & set(sides[1])):
        pair = (_values(side[block], name) for side in sides)
        found += [x / y for x, y in zip(*pair) if x and y]
    return found


def _chart(run: Run, experiment: dict, point: dict, name: str) -> Chart | None:
    models = run.models_of(experiment["name"], point, yardsticks=False)
    base = lead.reference(run, experiment, point, name)
    shown = []
    for m in models:
        row = run.ratio(experiment["name"], point["id"], name, m, base)
        dots = ratios(run, experiment, point, name, m, base) if m != base else []
        if dots and row and row.get("ratio"):
            shown.append((m, row, dots))
    if not shown:
        return None
    kind = metric(name)
    short = name.split("_")[0]
    chart = point_chart(
        experiment, point, f"pairs-{short}", "pairs.gp",
        f"{capital(kind.noun)}, pair by pair against {base}: {setting(point)}",
        f"Ratio of {kind.noun} to {base} of every pair of slices, per model, with the mean."
        " The numbers are in the table.",
        head=["model", f"ratio to {base} [95 %]", "pairs", "middle half of the pairs", "verdict"],
    )
    for i, (m, row, dots) in enumerate(shown, 1):
        colour = style.style(m).number
        last = max(len(dots) - 1, 1)
        chart.blocks.append((m, [[i, at / last - 0.5, x, colour] for at, x in enumerate(dots)]))
        middle = units.interval(*_quantiles(dots, (0.25, 0.75)))
        shows = f"{units.digits(row['ratio'])} {units.interval(row['lo'], row['hi'])}"
        verdict = forest.words(row, kind.higher_is_better)
        chart.rows.append([m, shows, units.count(len(dots)), middle, verdict])
    chart.blocks.append(("means", [_mean(i, row) for i, (_, row, _) in enumerate(shown, 1)]))
    x = _axis(shown)
    beyond = sum(not x.lo <= v <= x.hi for _, _, dots in shown for v in dots)
    better = "Right" if kind.higher_is_better else "Left"
    chart.caption = [
        f"{better} of 1 is better than {base}; black: the mean.",
        "Each dot is one pair of slices of one round, with the first rounds on top."
        " Black: the mean with its 95 % interval. Band: the margin. Logarithmic axis.",
        provenance(run),
    ]
    chart.notes = [f"{units.count(beyond)} of the dots lie outside the chart."] if beyond else []
    chart.context = _context(chart, shown, x, kind, base)
    return chart


def _mean(place: int, row: dict) -> list:
    """A row of (row, ratio, interval from, to, margin to, from)."""
    edge = 1 + (row.get("margin") or 0.05)
    lo, hi = row["lo"] or row["ratio"], row["hi"] or row["ratio"]
    return [place, row["ratio"], lo, hi, edge, 1 / edge]


def _quantiles(values, shares) -> list[float]:
    ordered = sorted(values)
    return [ordered[round(share * (len(ordered) - 1))] for share in shares]


def _axis(shown):
    reach = [v for _, _, dots in shown for v in _quantiles(dots, SEEN)]
    reach += [v for _, row, _ in shown for v in _mean(0, row)[1:]]
    return axis(reach, room=1.0, log=True)


def _context(chart: Chart, shown, x, kind, base: str) -> dict:
    labels = [f"{m}: {forest.words(row, kind.higher_is_better)}" for m, row, _ in shown]
    return chart.in_rows(labels, more=16) | {
        "styles": [],
        "x": x,
        "xtics": forest.tics(x),
        "xlabel": f"{kind.noun}, ratio to {base} (logarithmic)",
    }
