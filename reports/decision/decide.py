# SPDX-License-Identifier: MIT
"""Turns measurements into a recommendation, by a rule that the record prints.

1. The load point nearest to the profile supplies the evidence, together with
   load points that differ from it only in workers (nearest.py, workers.py).
2. Constraints are applied at the profile (limits.py, places.py): an option that
   misses a limit is out, one that may miss a limit is at risk.
3. Dominance by the stored verdicts comes next, then a weighted score, and the
   outcome under other weights, margins and limits (ranking.py).
4. dependence.py tells whether invalid trials matter.

The returned dictionary holds everything that the rule used, so the record and
its machine-readable copy agree.
"""

from data.points import setting
from data.results import Run, undone
from decision import dependence, drivers, limits, nearest, places, ranking, workers
from decision.evidence import Evidence

FIRM = ("recommended", "toss-up")  # outcomes that name somebody


def decide(run: Run, experiment: dict) -> dict | None:
    """The decision of an experiment with a profile, None without one."""
    profile = experiment.get("profile")
    if not profile or not experiment["load_points"]:
        return None
    profile = dict(profile, name=profile.get("name") or experiment["name"])
    point, choice = nearest.choose(run, experiment, profile)
    constraints = limits.constraints(profile, point)
    options, seen = _options(run, experiment, point, profile, constraints)
    models = [o["model"] for o in options]

    def verdict_of(fates: dict[str, str]) -> tuple[dict, dict]:
        """The ranking and the outcome if the options had these fates."""
        told = [dict(o, fate=fates[o["model"]]) for o in options]
        ranked = ranking.rank(seen, [m for m in models if fates[m] == "fits"])
        return ranked, _outcome(told, ranked, choice)

    fates = {o["model"]: o["fate"] for o in options}
    verdict, outcome = verdict_of(fates)
    first = outcome["models"][0] if outcome["kind"] in FIRM else None
    decision = {
        "experiment": experiment["name"],
        "profile": profile,
        "load_point": point["id"],
        "load_points": sorted({o["load_point"] for o in options}),
        "setting": setting(point),
        "mode": point["load"]["mode"],
        "latency_kind": drivers.latency_kind(point),
        "second_load": bool(point.get("beside")),
        "choice": choice,
        "step_ns": places.step_ns(run),
        "margin": experiment.get("margin") or 0.05,
        "constraints": constraints,
        "weights": verdict["weights"],
        "margins": verdict["margins"],
        "dropped_drivers": verdict["dropped"],
        "options": options,
        "dominated": verdict["dominated"],
        "scores": verdict["scores"],
        "outcome": outcome,
        "preliminary": _preliminary(run, options, verdict),
        "reference": first,
        "workers": {o["model"]: o["workers"] for o in options},
        "invalid": dependence.of_invalid(
            run, experiment, seen.at, options, lambda told: verdict_of(told)[1]
        ),
    }
    for option in options:
        option["against"] = _against(seen, option["model"], first)
    decision["differences"] = _differences(seen, outcome)
    fits = [m for m in models if fates[m] == "fits"]
    decision["sensitivity"] = ranking.under_changes(seen, options, fits, verdict)
    decision["changes"] = ranking.break_evens(options)
    decision["measure"] = choice["extrapolated"] or any(
        c["moved"] and c["fate"] == "at risk" for o in options for c in o["checks"]
    )
    if choice["extrapolated"]:
        for row in (r for o in options for r in [o, *o["curve"]]):
            row["fate"] = worded(row["fate"])
    return decision


def worded(fate: str) -> str:
    """The fate with the word "extrapolated", for a profile far from the load point."""
    return f"{fate}, extrapolated" if fate in ("fits", "fails") else fate


def _options(run: Run, experiment, point, profile, constraints) -> tuple[list[dict], Evidence]:
    """One option for each model of the setting, at its best number of workers."""
    points = workers.setting(experiment, point)
    models = dict.fromkeys(
        m for p in [point, *points] for m in run.models_of(experiment["name"], p, yardsticks=False)
    )
    options, at, elsewhere = [], {}, {}
    for model in models:
        rows = []
        for count, own in workers.counts(run, experiment, points, model).items():
            where = point if any(p["id"] == point["id"] for p in own) else own[0]
            made = limits.option(run, experiment, where, profile, constraints, model)
            made["workers"] = count
            made["workers_default"] = workers.is_default(run, own, model, count)
            made["levels"] = workers.levels(run, experiment, where, model)
            made["comparable"] = workers.comparable(run, experiment, where, model)
            rows.append(made)
            if count is None:
                elsewhere[model] = [p["id"] for p in own]
        option = workers.best(rows, point)
        option["curve"] = [_curve_row(r, r is option) for r in rows] if len(rows) > 1 else []
        for row in rows:
            del row["levels"], row["comparable"]
        options.append(option)
        at[model] = option["load_point"]
    return options, Evidence(run, experiment, point, at, elsewhere)


def _curve_row(row: dict, chosen: bool) -> dict:
    """The figures and fate of one number of workers."""
    shown = {n: row["levels"].get(n) for n in workers.SHOWN}
    figures = {
        n: {k: r.get(k) for k in ("value", "lo", "hi")} if r else None for n, r in shown.items()
    }
    told = {k: row[k] for k in ("workers", "load_point", "fate")}
    return dict(told, chosen=chosen, figures=figures)


def _outcome(options, verdict, choice) -> dict:
    """The outcome. Its kind is recommended, toss-up, at risk, none or unknown, or
    far if the load point is too far from the profile for these."""
    fates = {o["model"]: o["fate"] for o in options}
    risky = [m for m, f in fates.items() if f == "at risk"]
    unknown = [m for m, f in fates.items() if f == "unknown"]
    if choice["far"]:
        kind, models = "far", []
    elif verdict["leader"]:
        kind = "toss-up" if verdict["rivals"] else "recommended"
        models = [verdict["leader"], *verdict["rivals"]]
    else:
        kind = "at risk" if risky else "unknown" if unknown else "none"
        models = risky or unknown
    return {
        "kind": kind,
        "models": models,
        "by": verdict["by"],
        "at_risk": risky,
        "unknown": unknown,
    }


def _preliminary(run: Run, options, verdict) -> list[str]:
    """The names of reasons why the outcome is not firm."""
    reasons = [] if run.data["complete"] else ["incomplete"]
    counts = [e["n"] for o in options for e in o["evidence"].values() if e]
    if counts and min(counts) < dependence.BLOCKS_FOR_A_TEST:
        reasons.append("few blocks")
    if verdict["by"] == "score" and "throughput_per_s" in verdict["dropped"]:
        reasons.append("no throughput")
    return reasons


def _against(seen: Evidence, model: str, first: str | None) -> dict:
    """The comparisons of an option with the first model of the outcome."""
    rows = {}
    for name in drivers.names(seen.point):
        row = seen.ratio(name, model, first) if model != first else None
        if row and row.get("ratio"):
            rows[name] = {k: row.get(k) for k in ("ratio", "lo", "hi", "n", "verdict")}
            if words := undone(row):
                rows[name]["why"] = words
            if row.get("primary") is False:
                rows[name]["exploratory"] = True
    return rows


def _differences(seen: Evidence, outcome) -> list[dict]:
    """The metrics on which the options of a toss-up differ."""
    first, *rest = outcome["models"] or [None]
    rows = []
    for other in rest if outcome["kind"] == "toss-up" else []:
        for name in drivers.names(seen.point):
            row = seen.ratio(name, first, other)
            if row and row.get("verdict") in ("better", "worse"):
                told = {k: row[k] for k in ("ratio", "lo", "hi")}
                better = first if row["verdict"] == "better" else other
                told["exploratory"] = row.get("primary") is False
                rows.append({"metric": name, "a": first, "b": other, **told, "better": better})
    return rows
