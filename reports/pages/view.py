# SPDX-License-Identifier: MIT
"""The run as the templates see it: tables of strings.

report.md and index.html are filled from one set of tables, so their figures
cannot differ. Every figure comes from the summary; the tables only format it.
Invalid trials appear by name and reason, never as a number.
"""

from data import capacity, units
from data.metrics import metric
from data.points import latency_words, sections, setting
from data.results import Run, ran_by
from decision import lead
from charts import residuals
from pages import noise, record, render, selftest, spent, tables, validity

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
    """The context of report.md and index.html."""
    environment = _flat(run.data.get("environment") or {})
    return {
        "run": facts(run),
        "experiments": [_experiment(run, e, charts, records) for e in run.data["experiments"]],
        "charts": [c for c in charts if not c.experiment],  # of the whole run
        "invalid": validity.invalid(run),
        "gates": validity.experiments(run),
        "noise": noise.told(run),
        "environment": environment,
        "environment_brief": _brief(run, environment),
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
        "path": record.place(run),
        "command": data.get("command") or "not recorded",
        "version": data.get("tool_version") or "unknown",
        "started": data["started_at"],
        "ended": data.get("ended_at") or "not ended",
        "seed": data.get("seed"),
        "complete": data["complete"],
        "untrusted": data.get("untrusted"),
        "interrupted": data.get("interrupted"),
        "tally": tally,
        "summary": bool(run.summary),
        "few_blocks": few,
        "machine": [
            *((k, str(environment[k])) for k in RUN_FACTS if k in environment),
            *((m, ran_by(info)) for m, info in data["models"].items() if ran_by(info)),
        ],
        "cpus": environment.get("cpus"),
    }


def _experiment(run: Run, experiment: dict, charts, records) -> dict:
    groups = sections(experiment)
    points = [p for group in groups for p in group]
    found = leaders(run, experiment, points)
    return {
        "name": experiment["name"],
        "title": experiment.get("title") or experiment["name"],
        "question": experiment.get("question"),
        "blocks": experiment.get("blocks"),
        "until": (experiment.get("until") or {}).get("words"),
        "margins": margins(run, experiment),
        "left_out": (experiment.get("left_out") or "").splitlines(),  # models that could not run
        "points": [_point(run, experiment, p, charts) for p in points],
        "leaders": found,
        "headline": headline(experiment, found, records.get(experiment["name"])),
        "sweeps": [c for c in charts if c.experiment == experiment["name"] and _is_overview(c)],
        "predicted": [c for c in charts if c.experiment == experiment["name"] and c.template == "predicted.gp"],
        "record": records.get(experiment["name"]),
        "spent": spent.told(run, experiment),
        "residuals": residuals.told(run, experiment),
    }


def margins(run: Run, experiment: dict) -> str:
    """The margins that the verdicts used, including the noise floor."""
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


def headline(experiment: dict, found: list, told: dict | None) -> str:
    """The finding in a sentence: the decision's, or who leads where."""
    if told:
        return told["headline"]
    return render.words("words.md", "headline", found, experiment.get("title") or experiment["name"])


def _is_overview(chart) -> bool:
    """Whether a chart shows a section or the whole experiment, and not the laws, which
    stand in the appendix."""
    return (len(chart.load_points) > 1 or chart.template == "forest.gp") and chart.template != "predicted.gp"


def leaders(run: Run, experiment: dict, points) -> list[tuple[dict, list]]:
    """For each load point, its id and its leads, the headline metric first."""
    return [({"id": p["id"]}, lead.leads(run, experiment, p)) for p in points]


def _point(run: Run, experiment: dict, point: dict, charts) -> dict:
    own = [
        c
        for c in charts
        if c.experiment == experiment["name"]
        and c.load_points == [point["id"]]
        and not _is_overview(c)
        and c.template != "predicted.gp"
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
        "figures": tables.figures(run, experiment, point),
        "search": capacity.is_search(point),
        "memory": point["load"]["mode"] != "slice",
        "estimate": _memory_error(run, experiment, point),
        "second_load": tables.second_load(run, experiment, point),
        "drift": tables.grown(run, experiment, point),
        "comparisons": tables.comparisons(run, experiment, point),
        "charts": own,
        "absent": tables.absent(run, experiment, point),
        "retried": _has_retry(run, experiment, point),
        "apart": list(dict.fromkeys(lead.set_apart(run, experiment, point).values())),
        "bounded": tables.bounded(run, experiment, point),
        "withheld": tables.withheld(run, experiment, point),
    }


def _memory_error(run: Run, experiment: dict, point: dict) -> dict | None:
    """The error of memory that was measured without a cgroup, or None."""
    key = experiment["name"], point["id"]
    rows = [run.level(*key, m, "memory_total_bytes") or {} for m in point["models"]]
    off = [r for r in rows if r.get("error_share")]
    if not off:
        return None
    return {
        "share": units.share(max(r["error_share"] for r in off)),
        "lower_bound": any(r.get("lower_bound") for r in off),
    }


def _has_retry(run: Run, experiment: dict, point: dict) -> bool:
    return any((t.get("attempt") or 1) > 1 for t in run.trials_of(experiment["name"], point["id"]))


def _flat(value, prefix: str = "") -> list[list[str]]:
    rows = []
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if isinstance(inner, dict):
            rows += _flat(inner, f"{name}.")
        elif isinstance(inner, list):
            rows.append([name, ", ".join(str(v) for v in inner) or "none"])
        else:
            rows.append([name, "unknown" if inner is None else " ".join(str(inner).split())])
    return rows


def _brief(run: Run, environment: list[list[str]]) -> list[list[str]]:
    """The environment in fewer lines: without the programs that this run never started,
    and the processor's faults that do not affect it by their number."""
    started = {"troika"} | {t["cell"]["model"] for t in run.trials}
    safe, rows = 0, []
    for name, value in environment:
        kind, _, part = name.partition(".")
        if kind == "mitigations" and value == "Not affected":
            safe += 1
        elif kind != "programs_sha256" or part in started:
            rows.append([name, value])
    return rows + ([["mitigations, not affected", f"{safe} more"]] if safe else [])


def _trials(run: Run) -> list[dict]:
    rows = []
    one = len(run.data["experiments"]) == 1

    def cell_of(t):
        return t["experiment"], t["load_point"], t["cell"]["model"], t["block"]

    for t in sorted(run.trials, key=cell_of):
        rows.append(
            {
                "id": t["trial_id"],
                "cell": f"{t['load_point']}, {t['cell']['model']}" if one else f"{t['experiment']}, {t['load_point']}, {t['cell']['model']}",
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
