# SPDX-License-Identifier: MIT
"""Which charts a run gets, and what is in each.

Per load point: levels (throughput), latency by percentile, CPU and memory in
parts, the blocks one by one, the bystander where there is one. A section whose
load points differ in connections or rate is a sweep: levels become curves over
that quantity, and memory gets its slope per connection. Levels and intervals
are the summary's; trials are only merged for drawing.
"""

import fit
import histogram
import style
import units
from drawing import Axis, Chart, axis, spread
from metrics import metric
from results import Run

DOTS = "geometric mean of the blocks, 95 % interval"
PERCENT_TICS = (
    (1, "0 %"), (2, "50 %"), (10, "90 %"), (100, "99 %"),
    (1000, "99.9 %"), (10000, "99.99 %"), (100000, "99.999 %"),
)  # fmt: skip


def all_charts(run: Run) -> list[Chart]:
    """Every chart of the run, in the report's order."""
    charts: list[Chart | None] = []
    for experiment in run.data["experiments"]:
        for points in sections(experiment):
            swept = sweep_key(points)
            if swept:
                for name in sweep_metrics(points):
                    charts.append(_sweep(run, experiment, points, swept, name))
                charts.append(_memory_sweep(run, experiment, points))
            for point in points:
                if not swept:
                    charts.append(_throughput(run, experiment, point))
                charts.append(_latency(run, experiment, point))
                if not swept or point is points[-1]:
                    charts.append(_cpu(run, experiment, point))
                    charts.append(_memory_parts(run, experiment, point))
                charts.append(_bystander(run, experiment, point))
                charts.append(_blocks(run, experiment, point))
    return [chart for chart in charts if chart]


def sections(experiment: dict) -> list[list[dict]]:
    """Load points grouped by the section of the file that they come from;
    within a sweep in ascending order."""
    groups: dict[str, list[dict]] = {}
    for point in experiment["load_points"]:
        groups.setdefault(point.get("section") or point["id"], []).append(point)
    for points in groups.values():
        key = sweep_key(points)
        if key:
            points.sort(key=lambda p: p["load"][key])
    return list(groups.values())


def sweep_key(points: list[dict]) -> str | None:
    """What a section varies: connections, rate_per_s or neither."""
    for key in ("connections", "rate_per_s"):
        values = [p["load"].get(key) for p in points]
        if len(points) > 1 and None not in values and len(set(values)) == len(points):
            return key
    return None


def sweep_metrics(points: list[dict]) -> tuple[str, ...]:
    return ("throughput_per_s", "latency_p99_ns")


def setting(point: dict) -> str:
    """A load point in words: fetch?delay=50ms, 100 connections."""
    load = point["load"]
    words = point["workload"] + (f"?{point['query']}" if point.get("query") else "")
    if load["mode"] == "open":
        words += f", open loop at {units.digits(load.get('rate_per_s'))}/s"
    if load.get("connections"):
        words += f", {units.count(load['connections'])} connections"
    return words


def _styles(models):
    return [{"model": m, "style": style.style(m)} for m in models]


def _left(models) -> float:
    """Room for the models' names, as a share of the width."""
    return round(0.045 + 0.0098 * max(len(m) for m in models), 3)


def _right(texts) -> float:
    """Where the plot ends, so that the labels beside it fit."""
    longest = max((max(len(line) for line in t.split("\n")) for t in texts), default=0)
    return round(max(0.965 - 0.0089 * longest, 0.5), 3)


def _name(kind: str, experiment: dict, what: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in f"{kind}-{experiment['name']}-{what}")


def _provenance(run: Run) -> str:
    return f"Run {run.data['run_id']}, {run.data.get('tool_version') or 'unknown version'}."


def _n_words(rows) -> str:
    counts = sorted({r["n"] for r in rows if r})
    if not counts:
        return "No valid trial."
    n = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    return f"Dots: geometric mean over blocks ({n} trials); bars: 95 % t-interval on logarithms."


def _median(values):
    known = sorted(v for v in values if v is not None)
    return known[len(known) // 2] if known else None


def _valid(run: Run, experiment: dict, point: dict, model: str):
    return [t for t in run.trials_of(experiment["name"], point["id"], model) if t["valid"]]


def _of_trials(trials, *keys):
    """The middle trial's value below the keys, None where unknown."""
    values = []
    for t in trials:
        for key in keys:
            t = t.get(key) if isinstance(t, dict) else None
        values.append(t)
    return _median(values)


def _missing(run: Run, experiment: dict, point: dict, model: str, name: str) -> str:
    row = run.summary.get((experiment["name"], point["id"], model, name)) or {}
    if _valid(run, experiment, point, model):
        return row.get("why") or "not known"
    if run.trials_of(experiment["name"], point["id"], model):
        return "invalid: not shown"
    return row.get("why") or "not run"


def _level_rows(run: Run, experiment: dict, point: dict, models, name: str):
    rows = {m: run.level(experiment["name"], point["id"], m, name) for m in models}
    notes = [
        (i + 1, _missing(run, experiment, point, m, name))
        for i, m in enumerate(models)
        if not rows[m]
    ]
    return rows, notes


def _table_row(kind, row, model):
    if not row:
        return [model, units.UNKNOWN, units.UNKNOWN, "0"]
    scaled = kind.scale([row["value"]])[0]
    return [model, kind.show(row["value"]), units.interval(row["lo"], row["hi"], scaled), str(row["n"])]


def _throughput(run: Run, experiment: dict, point: dict) -> Chart | None:
    models = point["models"]
    name, kind = "throughput_per_s", metric("throughput_per_s")
    rows, notes = _level_rows(run, experiment, point, models, name)
    laws, bare = {}, {}
    for m in models:
        trials = _valid(run, experiment, point, m)
        laws[m] = _of_trials(trials, "prediction", "throughput_per_s")
        bare[m] = _of_trials(trials, "bare", "per_s")
    found = [r for r in rows.values() if r]
    x = axis(
        [r[k] for r in found for k in ("value", "lo", "hi")] + [*laws.values(), *bare.values()],
        room=1.2,
    )
    blocks = []
    for i, m in enumerate(models):
        r = rows[m]
        values = [r["value"], r["lo"], r["hi"]] if r else [None] * 3
        text = units.digits(r["value"]) if r else ""
        blocks.append((m, [[i + 1, *values, laws[m], bare[m], text]]))
    chart = Chart(
        _name("throughput", experiment, point["id"]),
        "dots.gp",
        f"Throughput: {setting(point)}",
        _alt("Throughput per model", kind, rows),
        experiment["name"],
        [point["id"]],
        blocks=blocks,
        height=165 + 38 * len(models),
        head=["model", "throughput", "95 %", "n", "law's bound", "bare ceiling"],
    )
    chart.rows = [
        _table_row(kind, rows[m], m) + [kind.show(laws[m]), kind.show(bare[m])] for m in models
    ]
    chart.caption = [_n_words(found), _scale_words(x)]
    if any(v for v in laws.values()):
        chart.caption.append("Thin line: what the law of the load allows at most.")
    if any(v for v in bare.values()):
        chart.caption.append(
            "Thick line: what bare processes of the same loop reached just before the trial."
        )
    chart.caption.append(_provenance(run))
    chart.context = {
        "styles": _styles(models), "left": _left(models), "x": x, "notes": notes,
        "xlabel": "requests per second" + (" (logarithmic)" if x.log else ""),
        "xformat": "%g" if x.hi < 20000 else "%.1s%c", "dots": DOTS, "second": None,
        "bounds": "the law's bound" if any(v for v in laws.values()) else None,
        "ceiling": "bare processes" if any(v for v in bare.values()) else None,
    }  # fmt: skip
    return chart


def _scale_words(x: Axis) -> str:
    return "Logarithmic axis." if x.log else "The axis starts at zero."


def _alt(what: str, kind, rows: dict) -> str:
    known = {m: r["value"] for m, r in rows.items() if r}
    if not known:
        return f"{what}: no valid measurement."
    best = (max if kind.higher_is_better else min)(known, key=lambda m: known[m])
    worst = (min if kind.higher_is_better else max)(known, key=lambda m: known[m])
    words = f"{what}: best {best} at {kind.show(known[best])}"
    if worst != best:
        words += f", last {worst} at {kind.show(known[worst])}"
    return words + ". The numbers are in the table."


def _bystander(run: Run, experiment: dict, point: dict) -> Chart | None:
    if not point.get("beside"):
        return None
    models = point["models"]
    kind = metric("beside_p99_ns")
    rows, notes = _level_rows(run, experiment, point, models, "beside_p99_ns")
    worst, _ = _level_rows(run, experiment, point, models, "beside_max_ns")
    if not any(rows.values()) and not any(worst.values()):
        return None
    values = [r[k] for r in rows.values() if r for k in ("value", "lo", "hi")]
    values += [r["value"] for r in worst.values() if r]
    x = axis([v / 1e6 for v in values if v], room=1.25)
    blocks = []
    for i, m in enumerate(models):
        r, w = rows[m], worst[m]
        numbers = [r[k] / 1e6 if r[k] else None for k in ("value", "lo", "hi")] if r else [None] * 3
        text = kind.show(r["value"]) if r else ""
        blocks.append((m, [[i + 1, *numbers, w["value"] / 1e6 if w else None, None, text]]))
    second = point["beside"]
    rate = second.get("rate_per_s")
    chart = Chart(
        _name("beside", experiment, point["id"]),
        "dots.gp",
        f"The bystander's latency ({second.get('workload')} at {units.digits(rate)}/s)"
        f" beside {setting(point)}",
        _alt("Bystander's p99 latency per model", kind, rows),
        experiment["name"],
        [point["id"]],
        blocks=blocks,
        height=165 + 38 * len(models),
        head=["model", "bystander p99", "95 %", "n", "worst"],
    )
    chart.rows = [
        _table_row(kind, rows[m], m) + [kind.show(worst[m]["value"] if worst[m] else None)]
        for m in models
    ]
    chart.caption = [_n_words(rows.values()), _scale_words(x), _provenance(run)]
    chart.context = {
        "styles": _styles(models), "left": _left(models), "x": x, "notes": notes,
        "xlabel": "latency, ms" + (" (logarithmic)" if x.log else ""), "xformat": "%g",
        "dots": "p99, 95 % interval", "second": "worst, mean of the blocks",
        "bounds": None, "ceiling": None,
    }  # fmt: skip
    return chart


def _latency_trials(run: Run, trials, which: str):
    """The merged curve and how it was made."""
    texts = [histogram.read(run.path / "trials" / f"{t['trial_id']}.hgrm") for t in trials]
    if trials and all(texts):
        return histogram.curve(texts)
    stored = [(t.get("latency") or {}).get(which) or {} for t in trials]
    return histogram.percentile_points(stored)


def latency_words(point: dict) -> str:
    if point.get("latency_kind") == "response":
        return "response time"
    return "service time (closed loop)"


def _latency(run: Run, experiment: dict, point: dict) -> Chart | None:
    which = point.get("latency_kind") or "service"
    curves = {}
    for m in point["models"]:
        points = _latency_trials(run, _valid(run, experiment, point, m), which)
        if points:
            curves[m] = points
    if not curves:
        return None
    limit_ns = (experiment.get("profile") or {}).get("limit_ns")
    values = [v / 1e6 for points in curves.values() for _, v in points]
    y = axis(values + ([limit_ns / 1e6] if limit_ns else []), log=True)
    top = max(x for points in curves.values() for x, _ in points)
    top = max(top * 1.1, 12)
    ends = {m: y.fraction(points[-1][1] / 1e6) for m, points in curves.items()}
    models = list(curves)
    chart = Chart(
        _name("latency", experiment, point["id"]),
        "curves.gp",
        f"Latency, {latency_words(point)}: {setting(point)}",
        f"{latency_words(point)} by percentile, one line per model. The numbers are in the table.",
        experiment["name"],
        [point["id"]],
        blocks=[(m, [[x, v / 1e6, None, None] for x, v in curves[m]]) for m in models],
        head=["model", "p50", "p90", "p99", "p99.9"],
    )
    shown = (50, 90, 99, 99.9)
    chart.rows = [[m] + [units.time(_at(curves[m], p)) for p in shown] for m in models]
    chart.caption = [
        "One line per model, its valid trials merged for drawing; it ends where fewer than"
        f" {histogram.BEYOND_PER_TRIAL} requests per trial lie beyond. Both axes logarithmic.",
        _provenance(run),
    ]
    absent = [m for m in point["models"] if m not in curves]
    if absent:
        chart.caption.insert(1, f"Too few valid requests for a line: {', '.join(absent)}.")
    if point.get("latency_kind") != "response":
        chart.caption.insert(
            1, "A closed loop waits for answers before it asks again: this is not what users wait."
        )
    chart.context = {
        "styles": _styles(models), "right": _right(models), "xlabel": "percentile",
        "x": Axis(1, top, True), "y": y, "yformat": "%g", "ylabel": "latency, ms (logarithmic)",
        "xtics": ", ".join(f"'{t}%' {v}" for v, t in PERCENT_TICS if v <= top),
        "labels": _end_labels(ends, {m: m for m in models}), "fits": [], "bound": None,
        "bars": False, "lines": True, "every": 12, "key": False,
        "limit": limit_ns and {
            "at": limit_ns / 1e6, "text": f"the profile's limit {experiment['profile'].get('limit')}",
        },
    }  # fmt: skip
    return chart


def _at(points, percentile):
    x = 1 / (1 - percentile / 100)
    later = [v for at, v in points if at >= x * 0.999]
    return later[0] if later else None


def _end_labels(ends: dict[str, float], texts: dict[str, str], gap: float = 0.062):
    places = spread(ends, gap)
    return [
        {
            "text": texts[m].split("\n")[0],
            "second": "".join(texts[m].split("\n")[1:]),
            "at": at,
            "colour": style.style(m).colour,
            "marker": style.style(m).marker,
        }
        for m, at in places.items()
    ]


def _sweep(run: Run, experiment: dict, points, swept: str, name: str) -> Chart | None:
    kind = metric(name)
    key = experiment["name"]
    models = list(dict.fromkeys(m for p in points for m in p["models"]))
    levels = {
        m: [(p["load"][swept], run.level(key, p["id"], m, name)) for p in points] for m in models
    }
    models = [m for m in models if any(r for _, r in levels[m])]
    if not models:
        return None
    values = [r["value"] for m in models for _, r in levels[m] if r]
    scale, unit = kind.scale(values)
    blocks = [
        (m, [[x, *(r[k] / scale if r[k] else None for k in ("value", "lo", "hi"))] for x, r in levels[m] if r])
        for m in models
    ]
    bound = _bounds(run, experiment, points, swept) if name == "throughput_per_s" else []
    if bound:
        blocks.append(("the law's bound", bound))
    y = axis([r[k] / scale for m in models for _, r in levels[m] if r for k in ("value", "lo", "hi") if r[k]]
             + [b for _, b in bound])
    xs = [p["load"][swept] for p in points]
    ends = {m: y.fraction([r for _, r in levels[m] if r][-1]["value"] / scale) for m in models}
    words = {"connections": "connections", "rate_per_s": "offered rate, requests per second"}[swept]
    chart = Chart(
        _name("sweep-" + name.split("_")[0], experiment, points[0].get("section") or points[0]["id"]),
        "curves.gp",
        f"{kind.noun[0].upper()}{kind.noun[1:]} over {words.split(',')[0]}: {points[0]['workload']}"
        + (f", {latency_words(points[0])}" if name.startswith("latency") else ""),
        f"{kind.noun} over {words}, one line per model. The numbers are in the table.",
        key,
        [p["id"] for p in points],
        blocks=blocks,
        head=["model", *(units.digits(x) for x in xs)],
    )
    chart.rows = [
        [m, *(kind.show(r["value"]) if r else units.UNKNOWN for _, r in levels[m])] for m in models
    ]
    found = [r for m in models for _, r in levels[m] if r]
    chart.caption = [_n_words(found), _scale_words(y), _provenance(run)]
    log = max(xs) / min(xs) > 12
    chart.context = {
        "styles": _styles(models), "right": _right(models), "xlabel": words, "xtics": None,
        "x": Axis(min(xs) / 1.3, max(xs) * 1.3, True) if log else Axis(0, max(xs) * 1.08, False),
        "y": y, "yformat": "%g" if y.hi < 20000 else "%.1s%c",
        "ylabel": f"{kind.noun}, {unit or 'per s'}" + (" (logarithmic)" if y.log else ""),
        "labels": _end_labels(ends, {m: m for m in models}), "fits": [],
        "bound": "the law's bound (best model)" if bound else None, "bars": True,
        "lines": True, "every": 1, "key": bool(bound), "limit": None,
    }  # fmt: skip
    return chart


def _bounds(run: Run, experiment: dict, points, swept: str):
    rows = []
    for p in points:
        best = [
            _of_trials(_valid(run, experiment, p, m), "prediction", "throughput_per_s")
            for m in p["models"]
        ]
        best = [b for b in best if b]
        if best:
            rows.append([p["load"][swept], max(best)])
    return rows


def _memory_sweep(run: Run, experiment: dict, points) -> Chart | None:
    if sweep_key(points) != "connections":
        return None
    models = list(dict.fromkeys(m for p in points for m in p["models"]))
    key, kind = experiment["name"], metric("memory_total_bytes")
    levels, fits = {}, {}
    for m in models:
        rows = [(p["load"]["connections"], run.level(key, p["id"], m, kind.name)) for p in points]
        rows = [(x, r) for x, r in rows if r]
        if rows:
            levels[m] = rows
        seen = [
            (p["load"]["connections"], (t.get("memory") or {}).get("total_bytes"))
            for p in points
            for t in _valid(run, experiment, p, m)
        ]
        fits[m] = fit.line([(x, y) for x, y in seen if y])
    models = [m for m in models if m in levels]
    if not models:
        return None
    mib = 2**20
    y = axis([r[k] / mib for m in models for _, r in levels[m] for k in ("value", "lo", "hi") if r[k]], log=True)
    ends = {m: y.fraction(levels[m][-1][1]["value"] / mib) for m in models}
    texts = {m: f"{m}\n{_slope(fits[m])}" for m in models}
    chart = Chart(
        _name("memory", experiment, points[0].get("section") or points[0]["id"]),
        "curves.gp",
        f"Memory over connections: {points[0]['workload']}",
        "Whole memory of the server over connections, one line per model, with the slope per"
        " connection. The numbers are in the table.",
        key,
        [p["id"] for p in points],
        blocks=[
            (m, [[x, *(r[k] / mib if r[k] else None for k in ("value", "lo", "hi"))] for x, r in levels[m]])
            for m in models
        ],
        head=["model", "per connection (slope)", "95 %", "at rest (fit)", "trials"],
        height=400,
    )
    chart.rows = [[m, *_fit_row(fits[m])] for m in models]
    found = [r for m in models for _, r in levels[m]]
    chart.caption = [
        _n_words(found),
        "Dotted: m0 + m1 N fitted to all valid trials by least squares with relative errors;"
        " the slope m1 with its 95 % interval stands beside the model. Both axes logarithmic.",
        _provenance(run),
    ]
    xs = [p["load"]["connections"] for p in points]
    chart.context = {
        "styles": _styles(models), "right": _right(texts.values()), "xlabel": "connections",
        "xtics": None, "x": Axis(min(xs) / 1.3, max(xs) * 1.3, True), "y": y, "yformat": "%g",
        "ylabel": "memory, MiB (logarithmic)", "labels": _end_labels(ends, texts, 0.125),
        "fits": [
            {"index": i + 1, "model": m, "m0": fits[m].m0 / mib, "m1": fits[m].m1 / mib}
            for i, m in enumerate(models) if fits[m]
        ],
        "bound": None, "bars": True, "lines": False, "every": 1, "key": False, "limit": None,
    }  # fmt: skip
    return chart


def _slope(line) -> str:
    if not line:
        return "no slope: too few points"
    scale, unit = units.scale_for([line.m1], units.SIZE)
    return f"{units.digits(line.m1 / scale)} {unit} {units.interval(line.lo, line.hi, scale)}"


def _fit_row(line):
    if not line:
        return [units.UNKNOWN] * 4
    scale, unit = units.scale_for([line.m1], units.SIZE)
    return [
        f"{units.digits(line.m1 / scale)} {unit}",
        units.interval(line.lo, line.hi, scale),
        units.size(line.m0),
        str(line.n),
    ]


def _stacked(run, experiment, point, name, kind, parts, title, notes, models, blocks_of):
    """A stacked bar per model: `blocks_of` gives a model's parts in order."""
    rows, _ = _level_rows(run, experiment, point, models, name)
    values = {m: blocks_of(m) for m in models}
    if not any(rows.values()):
        return None
    tops = [sum(v or 0 for v in values[m]) for m in models]
    tops += [r[k] for r in rows.values() if r for k in ("value", "hi") if r[k]]
    scale, unit = units.scale_for([max(tops) / 3], kind.units)
    blocks = []
    for i, (_, words, _) in enumerate(parts):
        bars = []
        for row, m in enumerate(models):
            below = sum(v or 0 for v in values[m][:i])
            if values[m][i]:
                bars.append([row + 1, below / scale, (below + values[m][i]) / scale])
        blocks.append((words, bars))
    totals = []
    for row, m in enumerate(models):
        r = rows[m]
        if r:
            numbers = [r["value"], r["lo"] or r["value"], r["hi"] or r["value"]]
            totals.append([row + 1, *(v / scale for v in numbers), kind.show(r["value"])])
    blocks.append(("total", totals))
    chart = Chart(
        _name(name.split("_")[0] + "-parts", experiment, point["id"]),
        "bars.gp",
        title,
        _alt(title, kind, rows),
        experiment["name"],
        [point["id"]],
        blocks=blocks,
        height=190 + 34 * len(models),
        head=["model", kind.title, "95 %", "n", *(words for _, words, _ in parts)],
    )
    chart.rows = [
        _table_row(kind, rows[m], m) + [kind.show(v) if v is not None else units.UNKNOWN for v in values[m]]
        for m in models
    ]
    chart.caption = [
        "Bars start at zero. " + _n_words(rows.values()).replace("Dots", "Cross", 1).replace("bars", "whiskers"),
        *notes,
        _provenance(run),
    ]
    chart.context = {
        "styles": _styles(models), "left": _left(models), "x": Axis(0, max(tops) / scale * 1.12, False),
        "parts": [(words, colour) for _, words, colour in parts], "xlabel": f"{kind.noun}, {unit}",
        "total": "total, 95 % interval",
        "notes": _level_rows(run, experiment, point, models, name)[1],
    }  # fmt: skip
    return chart


def _cpu(run: Run, experiment: dict, point: dict) -> Chart | None:
    def parts_of(m):
        rows = [run.level(experiment["name"], point["id"], m, k) for k, _, _ in style.CPU_PARTS]
        return [r["value"] if r else None for r in rows]

    return _stacked(
        run, experiment, point, "cpu_per_request_ns", metric("cpu_per_request_ns"),
        style.CPU_PARTS, f"CPU per request: {setting(point)}", [], point["models"], parts_of,
    )  # fmt: skip


def _memory_parts(run: Run, experiment: dict, point: dict) -> Chart | None:
    def parts_of(m):
        trials = _valid(run, experiment, point, m)
        known = [_of_trials(trials, "memory", k) for k, _, _ in style.MEMORY_PARTS[:-1]]
        total = _of_trials(trials, "memory", "total_bytes")
        rest = total - sum(v or 0 for v in known) if total else None
        return [*known, rest if rest and rest > 0 else None]

    return _stacked(
        run, experiment, point, "memory_total_bytes", metric("memory_total_bytes"),
        style.MEMORY_PARTS, f"Memory by kind: {setting(point)}",
        ["Parts: the middle one of the valid trials; rest: what the kernel charges beyond them."],
        point["models"], parts_of,
    )  # fmt: skip


def _blocks(run: Run, experiment: dict, point: dict) -> Chart | None:
    models, key = point["models"], experiment["name"]
    name = "throughput_per_s"
    levels = {m: run.level(key, point["id"], m, name) for m in models}
    models = [m for m in models if levels[m]]
    trials = run.trials_of(key, point["id"])
    if not models or not trials:
        return None
    shift = 0.5 / max(len(models), 1)
    blocks, shares, hollow = [], [100.0], 0
    for i, m in enumerate(models):
        rows = []
        for t in trials:
            x = t.get(name)
            if t["cell"]["model"] != m or x is None:
                continue
            share = 100 * x / levels[m]["value"]
            if not t["valid"]:
                hollow += 1
                share = min(max(share, 50), 150)
            shares.append(share)
            offset = (i - (len(models) - 1) / 2) * shift
            rows.append([t["block"] + offset, share, int(t["valid"]), x if t["valid"] else None, t["block"]])
        blocks.append((m, rows))
    reach = max(max(abs(s - 100) for s in shares) * 1.25, 5)
    last = max(t["block"] for t in trials)
    order = {m: 1 - (i + 0.5) / len(models) for i, m in enumerate(models)}
    chart = Chart(
        _name("blocks", experiment, point["id"]),
        "blocks.gp",
        f"Block by block: {setting(point)}",
        f"Throughput of each trial as a share of its model's level; the widest is"
        f" {units.digits(max(abs(s - 100) for s in shares))} % off.",
        key,
        [point["id"]],
        blocks=blocks,
        head=["model", "level", "lowest block", "highest block", "n"],
        height=320,
    )
    kind = metric(name)
    chart.rows = [
        [m, kind.show(r["value"]), kind.show(r.get("min")), kind.show(r.get("max")), str(r["n"])]
        for m, r in ((m, levels[m]) for m in models)
    ]
    chart.caption = [
        "Each dot is one trial, as a share of its model's geometric mean. A drift that hits all"
        " models alike cancels in the paired comparisons.",
        _provenance(run),
    ]
    if hollow:
        chart.caption.insert(
            1, f"Hollow: {hollow} invalid, in no figure (drawn at 50 to 150 % at most)."
        )
    chart.context = {
        "styles": _styles(models), "right": _right([m + "    " for m in models]), "last": last,
        "step": max(1, last // 12), "y": Axis(100 - reach, 100 + reach, False),
        "ylabel": "% of the model's level",
        "labels": _end_labels(order, {m: m for m in models}),
    }  # fmt: skip
    return chart
