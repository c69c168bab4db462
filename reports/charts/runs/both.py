# SPDX-License-Identifier: MIT
"""Two runs in one chart: the ratios B/A of a metric, and the latencies of a cell
in both runs.

The ratios are those that `troika compare` stored. The curves are merged from the
stored histograms of each run, for drawing alone.
"""

from data import units
from data.levels import valid_trials
from data.metrics import metric
from data.points import latency_words, setting
from data.results import Run
from charts import curves, forest, style
from charts.drawing import Chart, axis
from charts.labels import capital, name_of

# Run A is the past: grey and dashed.
A, B = style.Style("#777777", 2, style.CIRCLE), style.Style(style.BLUE, 1, style.CIRCLE)


def ratios(rows: list[dict], name: str) -> Chart | None:
    """Every figure of a metric, B over A; None without any."""
    own = [r for r in rows if r["metric"] == name and r["ratio"]]
    if not own:
        return None
    kind = metric(name)
    labels = [f"{r['load_point']}: {r['model']}" for r in own]
    texts = [r["verdict"] if r["n"] > 1 else "one block" for r in own]
    chart = Chart(
        f"ratios-{name.replace('_', '-')}", "forest.gp", f"{capital(kind.noun)}, run B over run A",
        f"Ratios of {kind.noun} with 95 % intervals and the band that counts as no difference."
        " The numbers are in the table.",
        own[0]["experiment"], sorted({r["load_point"] for r in own}),
    )
    marks = [
        [i, r["ratio"], r["lo"] or r["ratio"], r["hi"] or r["ratio"], style.style(r["model"]).number]
        for i, r in enumerate(own, 1)
    ]
    decided = [r["verdict"] != "inconclusive" and r["n"] > 1 for r in own]
    edges = [1 + r["margin"] for r in own]
    chart.blocks = [
        ("decided", [m for m, sure in zip(marks, decided) if sure]),
        ("undecided", [m for m, sure in zip(marks, decided) if not sure]),
        ("margins", [[i, e, 1 / e] for i, e in enumerate(edges, 1)]),
    ]
    better = "Right" if kind.higher_is_better else "Left"
    chart.caption = [f"{better} of 1, B is better.", "95 % intervals. Band: differences that do not matter. Hollow: undecided."]
    values = [v for m in marks for v in m[1:4]] + edges + [1 / e for e in edges]
    x = axis(values, room=1.05, log=True)
    chart.context = chart.in_rows([f"{label}: {text}" for label, text in zip(labels, texts)]) | {
        "styles": [], "x": x, "xtics": forest.tics(x), "xlabel": f"{kind.noun}, B / A (logarithmic)",
    }
    return chart


def latencies(a: Run, b: Run, experiment: dict, point: dict, model: str) -> Chart | None:
    """The cell's latency by percentile in both runs; None if neither run has one."""
    which = point.get("latency_kind") or "service"
    lines = {}
    for name, run in (("A", a), ("B", b)):
        trials = valid_trials(run, experiment, point, model, "latency_p50_ns")
        if trials and all((t.get("latency") or {}).get("turned_over") is not False for t in trials):
            lines[name] = curves.merged(run, trials, which)
    lines = {name: line for name, line in lines.items() if line}
    if not lines:
        return None
    title = f"{model}: {setting(point)}"
    chart = Chart(
        name_of("latency", experiment, f"{point['id']}-{model}"),
        "curves.gp", title, f"{latency_words(point)} by percentile in run A and in run B.",
        experiment["name"], [point["id"]],
        blocks=[(name, [[x, v / 1e6, None, None] for x, v in line]) for name, line in lines.items()],
        head=["run", *(units.percentile(p) for p in curves.SHOWN)],
        rows=[[name, *(units.time(curves.value_at(line, p)) for p in curves.SHOWN)] for name, line in lines.items()],
    )
    only = [name for name in "AB" if name not in lines]
    chart.caption = [f"{capital(latency_words(point))} by percentile.", "A line ends where too few requests lie beyond."]
    if only:
        chart.notes.append(f"Run {only[0]} has too few valid requests for a line.")
    chosen = [{"model": name, "style": A if name == "A" else B} for name in lines]
    chart.keys = [f"run {name}" for name in lines]
    chart.context = curves.context(lines, [], None) | {"styles": chosen, "keys": {name: f"run {name}" for name in lines}}
    return chart
