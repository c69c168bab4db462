# SPDX-License-Identifier: MIT
"""Forest plots: one chart per metric with the ratios of all load points of an
experiment: point, 95 % interval, the margin as a band, and the verdict in words.

The ratios are the stored comparisons with the model that the profile's decision
names; without one, with the baseline, or with each load point's leader. A hollow mark is an undecided
comparison.
"""

from data import units
from data.metrics import metric
from data.points import sections
from data.results import Run
from decision import lead
from charts import style
from charts.drawing import Chart, axis
from charts.labels import capital, name_of, provenance

UNDECIDED = ("inconclusive", None)


def charts(run: Run, experiment: dict) -> list[Chart]:
    points = experiment["load_points"]
    names = [*(p.get("headline") for p in points), *lead.HEADLINES]
    if any(p.get("beside") for p in points):
        names.append("beside_p99_ns")
    names = [name for name in dict.fromkeys(names) if name]
    found = [_forest(run, experiment, name) for name in names]
    return [chart for chart in found if chart]


def _rows(run: Run, experiment: dict, name: str) -> list[dict]:
    """The comparisons to show, with their load points."""
    rows = []
    for point in [p for group in sections(experiment) for p in group]:
        models = run.models_of(experiment["name"], point, yardsticks=False)
        base = lead.reference(run, experiment, point, name)
        for m in models:
            row = run.ratio(experiment["name"], point["id"], name, m, base)
            if m != base and row and row.get("ratio"):
                rows.append(dict(row, point=point["id"]))
    return rows


def words(row: dict, higher_is_better: bool) -> str:
    """The verdict in short."""
    if row.get("verdict") in ("better", "worse"):
        ratio = row["ratio"] if row["ratio"] > 1 else 1 / row["ratio"]
        more = (row["ratio"] > 1) == higher_is_better
        return f"{'better' if more else 'worse'}, factor {units.digits(ratio)}"
    return {
        "same": "no meaningful difference",
        "negligible": "measurable, negligible",
        "inconclusive": "inconclusive",
    }.get(row.get("verdict"), "not judged")


def _forest(run: Run, experiment: dict, name: str) -> Chart | None:
    rows = _rows(run, experiment, name)
    if not rows:
        return None
    kind = metric(name)
    bases = {r["b"] for r in rows}
    labels = [f"{r['point']}: {r['a']}" for r in rows]
    if len(bases) > 1:
        labels = [f"{text} / {r['b']}" for text, r in zip(labels, rows)]
    chart = Chart(
        name_of(f"forest-{_short(name)}", experiment, "ratios"),
        "forest.gp",
        f"{capital(kind.noun)}, ratios: {experiment['name']}",
        f"Ratios of {kind.noun} with 95 % intervals and the band that counts as no"
        " difference. The numbers are in the table.",
        experiment["name"],
        sorted({r["point"] for r in rows}),
        head=["load point: models", "ratio [95 %]", "n", "margin", "verdict"],
    )
    chart.blocks = [
        ("decided", _marks(rows, lambda v: v not in UNDECIDED)),
        ("undecided", _marks(rows, lambda v: v in UNDECIDED)),
        ("margins", [[i, _edge(r), 1 / _edge(r)] for i, r in enumerate(rows, 1)]),
    ]
    texts = [words(r, kind.higher_is_better) for r in rows]
    for label, r, text in zip(labels, rows, texts):
        shown = f"{units.digits(r['ratio'])} {units.interval(r['lo'], r['hi'])}"
        share = units.share(round(_edge(r) - 1, 4))
        chart.rows.append([label, shown, str(r["n"]), share, text])
    chart.caption = _caption(rows, kind) + [provenance(run)]
    chart.context = chart.in_rows([f"{label}: {text}" for label, text in zip(labels, texts)]) | _context(rows, kind)
    for r in rows:
        shown = f"{units.digits(r['ratio'])} {units.interval(r['lo'], r['hi'])}"
        chart.tips.setdefault(r["a"], []).append(f"{r['point']}: {r['a']} / {r['b']} {shown}")
    if len(bases) == 1:
        chart.context["xlabel"] = f"{kind.noun}, ratio to {bases.pop()} (logarithmic)"
    return chart


def _short(name: str) -> str:
    """The metric in a file name: one word for metrics that every experiment has."""
    if name in lead.HEADLINES or name.startswith(("beside", "capacity", "goodput")):
        return name.split("_")[0]
    return name.rsplit("_", 1)[0].replace("_", "-")


def _edge(row: dict) -> float:
    return 1 + (row.get("margin") or 0.05)


def _marks(rows, wanted) -> list[list]:
    """Rows of (row, ratio, interval from, to, colour of the model)."""
    marks = []
    for i, r in enumerate(rows, 1):
        if wanted(r.get("verdict")):
            lo, hi = r["lo"] or r["ratio"], r["hi"] or r["ratio"]
            marks.append([i, r["ratio"], lo, hi, style.style(r["a"]).number])
    return marks


def _caption(rows, kind) -> list[str]:
    better = "Right" if kind.higher_is_better else "Left"
    texts = [
        f"{better} of 1 is better; in the band a difference does not matter.",
        "Geometric mean of the ratios paired by block, 95 % interval. Band: the margin. Logarithmic axis.",
    ]
    if any(r.get("verdict") in UNDECIDED for r in rows):
        texts.append("Hollow: undecided.")
    if any(r["lo"] is None for r in rows):
        texts.append("No whiskers: one block has no interval.")
    return texts


def _context(rows, kind) -> dict:
    values = [v for r in rows for v in (r["ratio"], r["lo"], r["hi"], _edge(r)) if v]
    values += [1 / _edge(r) for r in rows]
    x = axis(values, room=1.05, log=True)
    return {
        "styles": [],
        "x": x,
        "xtics": tics(x),
        "xlabel": f"ratio of {kind.noun} (logarithmic)",
    }


def tics(x) -> str:
    """Tics of an axis of ratios: tenths if the axis is short."""
    places = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.5, 1.7, 2, 2.5]
    if x.hi / x.lo >= 3:
        return x.tics
    return ", ".join(f"{t:g}" for t in places if x.lo <= t <= x.hi)
