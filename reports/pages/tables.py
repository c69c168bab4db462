# SPDX-License-Identifier: MIT
"""A load point as tables of strings: what the models reached and cost, how they
compare, and why figures are missing.
"""

from data import capacity, levels, units
from data.metrics import metric
from data.results import Run, bounds_told, undone
from decision import lead
from charts import overload


def _label(run: Run, experiment: dict, point: dict, model: str) -> str:
    """The model's name, with † if a trial was repeated, ‡ if the model misses a
    limit of the profile, and * if it is a yardstick."""
    trials = run.trials_of(experiment["name"], point["id"], model)
    dagger = "†" if any((t.get("attempt") or 1) > 1 for t in trials) else ""
    yard = " *" if (run.data["models"].get(model) or {}).get("yardstick") else ""
    apart = "‡" if model in lead.set_apart(run, experiment, point) else ""
    return f"{model}{dagger}{apart}{yard}"


def _tally(run: Run, experiment: dict, point: dict, model: str) -> str:
    trials = run.trials_of(experiment["name"], point["id"], model)
    return f"{sum(t['valid'] for t in trials)}/{len(trials)}"


def _column(run: Run, experiment: dict, point: dict, name: str):
    """The head and the texts by model of a column, in one unit."""
    kind = metric(name)
    key = experiment["name"], point["id"]
    rows = {m: run.level(*key, m, name) for m in point["models"]}
    scale, unit = kind.scale([r["value"] for r in rows.values() if r])
    texts = {}
    for m, r in rows.items():
        if not r:
            trials = run.trials_of(*key, m)
            texts[m] = (
                "invalid"
                if trials and not any(t["valid"] for t in trials)
                else units.UNKNOWN
            )
            continue
        interval = units.interval(r["lo"], r["hi"], scale)
        texts[m] = f"{kind.sign(r)}{units.digits(r['value'] / scale)} {interval}"
    unit = f", {unit}" if unit and any(rows.values()) else ""
    return f"{kind.title}{unit}", texts


def _table(run: Run, experiment: dict, point: dict, columns) -> dict:
    models = point["models"]
    head = ["model", *(h for h, _ in columns), "valid"]
    rows = []
    for m in models:
        label = _label(run, experiment, point, m)
        texts = [texts[m] for _, texts in columns]
        rows.append([label, *texts, _tally(run, experiment, point, m)])
    return {
        "head": head,
        "rows": rows,
        "models": models,
        "links": [_first(run, experiment, point, m) for m in models],
        "apart": [m in lead.set_apart(run, experiment, point) for m in models],
    }


def bounded(run: Run, experiment: dict, point: dict) -> str:
    """What was the limit instead of a server, for the note on "≥"."""
    names = ("throughput_per_s", "latency_p50_ns")
    here = experiment["name"], point["id"]
    return bounds_told(run.summary.get((*here, m, n)) for m in point["models"] for n in names)


def withheld(run: Run, experiment: dict, point: dict) -> list[str]:
    """Sentences on the figures that gates withheld from valid trials."""
    found = []
    for model in point["models"]:
        trials = run.trials_of(experiment["name"], point["id"], model)
        lost: dict[tuple, set] = {}
        for t in trials:
            for row in t.get("withheld") or []:
                lost.setdefault((row["gate"], row["effect"]), set()).add(t["block"])
        for (gate, effect), blocks in lost.items():
            rows = [r for t in trials for r in t.get("withheld") or []
                    if (r["gate"], r["effect"]) == (gate, effect)]
            names = ", ".join(dict.fromkeys(r["figure"].replace("_", " ") for r in rows))
            level = " (the level, not the ratios)" if effect == "level" else ""
            found.append(f"{model}: {names}{level} in {len(blocks)} of {len(trials)} trials"
                         f" by {gate}: {rows[0]['words']}")
    return found


def _first(run: Run, experiment: dict, point: dict, model: str) -> str | None:
    """The link to the first trial of a cell in the table of trials."""
    trials = run.trials_of(experiment["name"], point["id"], model)
    return f"#trial-{trials[0]['trial_id']}" if trials else None


def _workers_column(run: Run, experiment: dict, point: dict):
    texts = {}
    for m in point["models"]:
        known = run.workers_of(experiment["name"], point["id"], m)
        texts[m] = known or units.UNKNOWN
    return "workers", texts


def _capacity_columns(run: Run, experiment: dict, point: dict) -> list:
    head, texts = _column(run, experiment, point, capacity.NAME)
    for m, text in texts.items():
        if text in ("", units.UNKNOWN):
            texts[m] = capacity.text_of(run, experiment, point, m) or text
    return [
        _workers_column(run, experiment, point),
        (head, texts),
        _column(run, experiment, point, capacity.CAREFUL),
        *capacity.columns(run, experiment, point),
    ]


def figures(run: Run, experiment: dict, point: dict) -> dict:
    """What the models reached, and what that cost."""
    if capacity.is_search(point):
        return _table(run, experiment, point, _capacity_columns(run, experiment, point))
    columns = _speed(run, experiment, point) + _cost(run, experiment, point)
    return _table(run, experiment, point, columns)


def _speed(run: Run, experiment: dict, point: dict) -> list:
    mode, here = point["load"]["mode"], (run, experiment, point)
    columns = [_workers_column(*here), _column(*here, "throughput_per_s")]
    if overload.has_goodput(*here):
        columns.append(_goodput_column(*here))
    names = ["latency_p50_ns", "latency_p99_ns"] if mode != "slice" else []
    names += ["latency_connect_mean_ns"] if mode == "churn" else []
    if point.get("classes") and mode != "slice":
        names += ["latency_light_p50_ns", "latency_light_p99_ns", "latency_heavy_p50_ns"]
    names += ["updates_kept"] if point.get("updates") else []
    columns += [_column(*here, name) for name in names]
    if point["load"].get("recovery_limit_ns"):
        columns.append(_recovery_column(*here))
    return columns


def _goodput_column(run: Run, experiment: dict, point: dict):
    head, texts = _column(run, experiment, point, overload.NAME)
    zeros = {m: overload.zeros(run, experiment, point, m) for m in point["models"]}
    return head, {m: zeros[m] or text for m, text in texts.items()}


def _recovery_column(run: Run, experiment: dict, point: dict):
    found = {m: overload.times(run, experiment, point, m) for m in point["models"]}
    return "time to recover", {m: overload.text(rows) for m, rows in found.items()}


def _cost(run: Run, experiment: dict, point: dict) -> list:
    mode = point["load"]["mode"]
    each = f"memory_per_{'idle_' if mode == 'idle' else ''}connection_bytes"
    if mode == "slice":  # has no memory figure
        return [_column(run, experiment, point, "cpu_per_request_ns")]
    return [
        _column(run, experiment, point, "cpu_per_request_ns"),
        _column(run, experiment, point, "memory_total_bytes"),
        _column(run, experiment, point, each),
        _rss_column(run, experiment, point),
    ]


def grown(run: Run, experiment: dict, point: dict) -> dict | None:
    """The drift over a soak, in the harness's words."""
    rows = []
    for t in run.trials_of(experiment["name"], point["id"]):
        told = t.get("drift") if t["valid"] else None
        if told:
            parts = [told.get(k) or {} for k in ("memory", "latency_p50", "latency_p99")]
            texts = [p.get("words") or units.UNKNOWN for p in parts]
            rows.append([t["cell"]["model"], str(t["block"]), *texts])
    head = ["model", "block", "memory", "p50 latency", "p99 latency"]
    return {"head": head, "rows": rows} if rows else None


def second_load(run: Run, experiment: dict, point: dict) -> dict | None:
    if not point.get("beside"):
        return None
    columns = [_column(run, experiment, point, name) for name in ("beside_p99_ns", "beside_max_ns")]
    return _table(run, experiment, point, columns)


def _rss_column(run: Run, experiment: dict, point: dict):
    """RSS as the median of the valid trials, because no summary has RSS."""
    texts, values = {}, {}
    for m in point["models"]:
        trials = levels.valid_trials(run, experiment, point, m, "memory_total_bytes")
        values[m] = levels.of_trials(trials, "memory", "rss_sum_bytes")
    scale, unit = units.scale_for(values.values(), units.SIZE)
    for m, value in values.items():
        texts[m] = units.digits(value / scale) if value is not None else units.UNKNOWN
    return f"RSS, {unit}", texts


def comparisons(run: Run, experiment: dict, point: dict) -> list[dict]:
    """Comparisons of the leader with all others, and with the model that all ratios are
    against, on the common metrics; run.json has every pair."""
    tables = []
    models = run.models_of(experiment["name"], point, yardsticks=False)
    names = [kind.metric.name for kind in lead.leads(run, experiment, point)]
    names += ["beside_p99_ns"] if point.get("beside") and "beside_p99_ns" not in names else []
    for name in names:
        first = lead.lead(run, experiment, point, name).best
        pairs = [(first, m) for m in models if m != first] if first else []
        base = lead.reference(run, experiment, point, name)
        if base != first:
            pairs += [(m, base) for m in models if m not in (base, first)]
        rows = []
        for a, b in pairs:
            row = run.ratio(experiment["name"], point["id"], name, a, b)
            if row and row.get("ratio"):
                ratio = f"{units.digits(row['ratio'])} {units.interval(row['lo'], row['hi'])}"
                rows.append([f"{a} / {b}", ratio, str(row["n"]), verdict_words(row)])
        if rows:
            noun = metric(name).noun
            tables.append({"head": [noun, "ratio [95 %]", "n", "verdict"], "rows": rows})
    return tables


def verdict_words(row: dict) -> str:
    why = undone(row)
    return {
        "better": f"{row['a']} is better",
        "worse": f"{row['b']} is better",
        "same": "no meaningful difference",
        "negligible": "measurable, negligible",
        "inconclusive": f"inconclusive ({why})" if why else "inconclusive",
    }.get(row.get("verdict"), "not judged")


def absent(run: Run, experiment: dict, point: dict) -> list[str]:
    """Why figures of the tables are missing, each reason once."""
    reasons: dict[tuple, list[str]] = {}
    shown = ("latency_p50_ns", *lead.HEADLINES, "memory_per_connection_bytes")
    if point.get("classes"):
        shown += ("latency_light_p99_ns", "latency_heavy_p50_ns")
    if point.get("updates"):
        shown += ("updates_kept",)
    if capacity.is_search(point):
        shown = (capacity.NAME, capacity.CAREFUL)
    for name in shown:
        for m in point["models"]:
            row = run.summary.get((experiment["name"], point["id"], m, name))
            if row and row.get("value") is None and row.get("why"):
                reasons.setdefault((metric(name).noun, row["why"]), []).append(m)
    return [f"no {noun} for {', '.join(ms)}: {why}" for (noun, why), ms in reasons.items()]
