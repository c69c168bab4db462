# SPDX-License-Identifier: MIT
"""What the templates see: the run as tables of finished strings.

report.md and index.html are filled from the same tables, so they cannot
differ. Every figure comes from the summary; the tables add only how it is
written. Invalid trials appear by name and reason, never as a number.
"""

import capacity
import lead
import noise
import selftest
import spent
import units
import validity
from points import latency_words, sections, setting
from metrics import metric
from results import Run

RUN_FACTS = (
    "kernel",
    "cpu_model",
    "cpus",
    "hypervisor",
    "compiler",
    "cflags",
    "variant",
)


def view(run: Run, charts, records) -> dict:
    """Everything for report.md and index.html."""
    return {
        "run": facts(run),
        "experiments": [
            _experiment(run, e, charts, records) for e in run.data["experiments"]
        ],
        "invalid": validity.invalid(run),
        "gates": validity.experiments(run),
        "noise": noise.told(run),
        "environment": _flat(run.data.get("environment") or {}),
        "trials": _trials(run),
        "retired": len(run.retired),
        "selftest": selftest.newest(run),
    }


def facts(run: Run) -> dict:
    data = run.data
    planned = len(data.get("plan") or [])
    valid = sum(t["valid"] for t in run.trials)
    tally = {
        "planned": max(planned, (data.get("tally") or {}).get("planned") or 0),
        "done": len(run.trials),
        "valid": valid,
        "invalid": len(run.trials) - valid,
        "retries": len(run.retired),
    }
    environment = data.get("environment") or {}
    few = [
        e["name"]
        for e in data["experiments"]
        if e.get("blocks") is not None and e["blocks"] < 6
    ]
    return {
        "id": data["run_id"],
        "path": str(run.path),
        "command": data.get("command") or "not recorded",
        "version": data.get("tool_version") or "unknown",
        "started": data["started_at"],
        "ended": data.get("ended_at") or "not ended",
        "seed": data.get("seed"),
        "complete": data["complete"],
        "interrupted": data.get("interrupted"),
        "tally": tally,
        "summary": bool(run.summary),
        "few_blocks": few,
        "machine": [(k, str(environment[k])) for k in RUN_FACTS if k in environment],
        "cpus": environment.get("cpus"),
    }


def _experiment(run: Run, experiment: dict, charts, records) -> dict:
    groups = sections(experiment)
    points = [p for group in groups for p in group]
    return {
        "name": experiment["name"],
        "title": experiment.get("title") or experiment["name"],
        "question": experiment.get("question"),
        "blocks": experiment.get("blocks"),
        "margins": margins(run, experiment),
        "baseline": experiment.get("baseline"),
        "left_out": _left_out(experiment),
        "points": [_point(run, experiment, p, charts) for p in points],
        "leaders": leaders(run, experiment, points),
        "sweeps": [
            c
            for c in charts
            if c.experiment == experiment["name"] and _is_overview(c)
        ],
        "record": records.get(experiment["name"]),
        "spent": spent.told(run, experiment),
    }


def margins(run: Run, experiment: dict) -> str:
    """The margins that the verdicts used, noise floor included."""
    used: dict[float, list[str]] = {}
    for name in lead.HEADLINES:
        rows = (r for k, r in run.comparisons.items() if k[0] == experiment["name"] and k[2] == name)
        edge = next((r["margin"] for r in rows if r.get("margin")), None)
        if edge:
            used.setdefault(round(edge, 4), []).append(metric(name).noun)
    if not used:
        return units.share(experiment.get("margin") or 0.05)
    if len(used) == 1:
        return units.share(next(iter(used)))
    return ", ".join(f"{units.digits(100 * edge)} % {' and '.join(nouns)}" for edge, nouns in used.items())


def _is_overview(chart) -> bool:
    """Of the experiment or a section rather than one load point."""
    return len(chart.load_points) > 1 or chart.template == "forest.gp"


def _left_out(experiment: dict) -> list[str]:
    """Models that the experiment names but that could not run, with the reason."""
    rows = experiment.get("left_out") or []
    if isinstance(rows, dict):
        rows = [{"model": k, "why": v} for k, v in rows.items()]
    texts = []
    for row in rows:
        if isinstance(row, dict):
            reason = row.get("why") or row.get("reason") or "no reason recorded"
            texts.append(f"{row.get('model') or row.get('name')}: {reason}")
        else:
            texts.append(str(row))
    return texts


def leaders(run: Run, experiment: dict, points) -> list[tuple[dict, list]]:
    """Per load point: its id, and who leads on what (headline first)."""
    return [({"id": p["id"]}, lead.leads(run, experiment, p)) for p in points]


def _point(run: Run, experiment: dict, point: dict, charts) -> dict:
    own = [
        c
        for c in charts
        if c.experiment == experiment["name"]
        and c.load_points == [point["id"]]
        and not _is_overview(c)
    ]
    return {
        "id": point["id"],
        "anchor": f"{experiment['name']}-{point['id']}",
        "kind": point.get("kind"),
        "setting": setting(point),
        "placement": point.get("placement"),
        "latency_words": latency_words(point),
        "slo": point.get("slo"),
        "window": units.time(point.get("window_ns")),
        "speed": _speed_table(run, experiment, point),
        "cost": None if capacity.is_search(point) else _cost_table(run, experiment, point),
        "second_load": _second_load_table(run, experiment, point),
        "drift": _drift_table(run, experiment, point),
        "comparisons": _comparisons(run, experiment, point),
        "charts": own,
        "absent": _absent(run, experiment, point),
        "retried": _has_retry(run, experiment, point),
        "bounded": any(
            (run.summary.get((experiment["name"], point["id"], m, "throughput_per_s")) or {})
            .get("generator_bound")
            for m in point["models"]
        ),
    }


def _absent(run: Run, experiment: dict, point: dict) -> list[str]:
    """Why a figure of the tables is missing, each reason once."""
    reasons: dict[tuple, list[str]] = {}
    shown = ("latency_p50_ns", *lead.HEADLINES, "memory_per_connection_bytes")
    if capacity.is_search(point):
        shown = (capacity.NAME, capacity.CAREFUL)
    for name in shown:
        for m in point["models"]:
            row = run.summary.get((experiment["name"], point["id"], m, name))
            if row and row.get("value") is None and row.get("why"):
                reasons.setdefault((metric(name).noun, row["why"]), []).append(m)
    return [
        f"no {noun} for {', '.join(ms)}: {why}" for (noun, why), ms in reasons.items()
    ]


def _has_retry(run: Run, experiment: dict, point: dict) -> bool:
    return any(
        (t.get("attempt") or 1) > 1
        for t in run.trials_of(experiment["name"], point["id"])
    )


def _label(run: Run, experiment: dict, point: dict, model: str) -> str:
    """The model's name; a dagger where a trial had to be repeated."""
    trials = run.trials_of(experiment["name"], point["id"], model)
    dagger = "†" if any((t.get("attempt") or 1) > 1 for t in trials) else ""
    yard = " *" if (run.data["models"].get(model) or {}).get("yardstick") else ""
    return f"{model}{dagger}{yard}"


def _tally(run: Run, experiment: dict, point: dict, model: str) -> str:
    trials = run.trials_of(experiment["name"], point["id"], model)
    return f"{sum(t['valid'] for t in trials)}/{len(trials)}"


def _column(run: Run, experiment: dict, point: dict, name: str):
    """(head, model -> text), one unit for the whole column."""
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
        "links": [_first(run, experiment, point, m) for m in models],
    }


def _first(run: Run, experiment: dict, point: dict, model: str) -> str | None:
    """Where in the table of trials those of a cell begin."""
    trials = run.trials_of(experiment["name"], point["id"], model)
    return f"#trial-{trials[0]['trial_id']}" if trials else None


def _workers_column(run: Run, experiment: dict, point: dict):
    texts = {}
    for m in point["models"]:
        known = run.workers_of(experiment["name"], point["id"], m)
        texts[m] = known or units.UNKNOWN
    return "workers", texts


def _capacity_table(run: Run, experiment: dict, point: dict) -> dict:
    head, texts = _column(run, experiment, point, capacity.NAME)
    for m, text in texts.items():
        if text in ("", units.UNKNOWN):
            texts[m] = capacity.text_of(run, experiment, point, m) or text
    columns = [
        _workers_column(run, experiment, point),
        (head, texts),
        _column(run, experiment, point, capacity.CAREFUL),
        *capacity.columns(run, experiment, point),
    ]
    return _table(run, experiment, point, columns)


def _speed_table(run: Run, experiment: dict, point: dict) -> dict:
    if capacity.is_search(point):
        return _capacity_table(run, experiment, point)
    columns = [
        _workers_column(run, experiment, point),
        _column(run, experiment, point, "throughput_per_s"),
        _column(run, experiment, point, "latency_p50_ns"),
        _column(run, experiment, point, "latency_p99_ns"),
    ]
    if point["load"]["mode"] == "churn":
        columns.append(_column(run, experiment, point, "latency_connect_mean_ns"))
    return _table(run, experiment, point, columns)


def _cost_table(run: Run, experiment: dict, point: dict) -> dict:
    idle = point["load"]["mode"] == "idle"
    each = f"memory_per_{'idle_' if idle else ''}connection_bytes"
    columns = [
        _column(run, experiment, point, "cpu_per_request_ns"),
        _column(run, experiment, point, "memory_total_bytes"),
        _column(run, experiment, point, each),
        _rss_column(run, experiment, point),
    ]
    return _table(run, experiment, point, columns)


def _drift_table(run: Run, experiment: dict, point: dict) -> dict | None:
    """What grew over the minutes of a soak, in the harness's words."""
    rows = []
    for t in run.trials_of(experiment["name"], point["id"]):
        told = t.get("drift") if t["valid"] else None
        if told:
            parts = [told.get(k) or {} for k in ("memory", "latency_p50", "latency_p99")]
            texts = [p.get("words") or units.UNKNOWN for p in parts]
            rows.append([t["cell"]["model"], str(t["block"]), *texts])
    head = ["model", "block", "memory", "p50 latency", "p99 latency"]
    return {"head": head, "rows": rows} if rows else None


def _second_load_table(run: Run, experiment: dict, point: dict) -> dict | None:
    if not point.get("beside"):
        return None
    columns = [
        _column(run, experiment, point, name)
        for name in ("beside_p99_ns", "beside_max_ns")
    ]
    return _table(run, experiment, point, columns)


def _rss_column(run: Run, experiment: dict, point: dict):
    """RSS is in no summary: the middle one of the valid trials."""
    texts, values = {}, {}
    for m in point["models"]:
        known = sorted(
            t["memory"]["rss_sum_bytes"]
            for t in run.trials_of(experiment["name"], point["id"], m)
            if t["valid"] and (t.get("memory") or {}).get("rss_sum_bytes") is not None
        )
        values[m] = known[len(known) // 2] if known else None
    scale, unit = units.scale_for(values.values(), units.SIZE)
    for m, value in values.items():
        texts[m] = units.digits(value / scale) if value is not None else units.UNKNOWN
    return f"RSS, {unit}", texts


def _comparisons(run: Run, experiment: dict, point: dict) -> list[dict]:
    """Against the baseline, and of the leader with all others, on the metrics
    that everybody asks for; run.json has every pair."""
    tables = []
    models = run.models_of(experiment["name"], point, yardsticks=False)
    names = [capacity.NAME] if capacity.is_search(point) else list(lead.HEADLINES)
    names += (["beside_p99_ns"] if point.get("beside") else [])
    for name in names:
        first = lead.lead(run, experiment, point, name).best
        pairs = [(first, m) for m in models if m != first] if first else []
        base = experiment.get("baseline")
        if base in models and base != first:
            pairs += [(m, base) for m in models if m not in (base, first)]
        rows = []
        for a, b in pairs:
            row = run.ratio(experiment["name"], point["id"], name, a, b)
            if row and row.get("ratio"):
                ratio = f"{units.digits(row['ratio'])} {units.interval(row['lo'], row['hi'])}"
                rows.append([f"{a} / {b}", ratio, str(row["n"]), verdict_words(row)])
        if rows:
            noun = metric(name).noun
            tables.append(
                {"head": [noun, "ratio [95 %]", "n", "verdict"], "rows": rows}
            )
    return tables


def verdict_words(row: dict) -> str:
    return {
        "better": f"{row['a']} is better",
        "worse": f"{row['b']} is better",
        "same": "no meaningful difference",
        "negligible": "measurable, negligible",
        "inconclusive": "inconclusive",
    }.get(row.get("verdict"), "not judged")


def _flat(value, prefix: str = "") -> list[list[str]]:
    rows = []
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict):
            rows += _flat(inner, f"{name}.")
        elif isinstance(inner, list):
            rows.append([name, ", ".join(str(v) for v in inner) or "none"])
        else:
            rows.append(
                [name, "unknown" if inner is None else " ".join(str(inner).split())]
            )
    return rows


def _trials(run: Run) -> list[dict]:
    rows = []

    def cell_of(t):
        return t["experiment"], t["load_point"], t["cell"]["model"], t["block"]

    for t in sorted(run.trials, key=cell_of):
        rows.append(
            {
                "id": t["trial_id"],
                "file": validity.file(run, t),
                "block": t["block"],
                "attempt": t.get("attempt") or 1,
                "valid": t["valid"],
                "throughput": metric("throughput_per_s").show(t["throughput_per_s"])
                if t["valid"]
                else "invalid",
            }
        )
    return rows
