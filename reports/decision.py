# SPDX-License-Identifier: MIT
"""From measurements to a recommendation, by a rule that is printed in full.

1. The load point that is nearest to the profile supplies the evidence: in wait,
   connections, and CPU once that is clearly another.
2. Constraints first, with the pessimistic end of each 95 % interval. An
   interval that straddles a limit puts the option at risk, neither in nor out.
   A percentile with too few samples is bracketed: above the limit if the median
   is, below it if the slowest answer of all trials is. Where the load point has a
   second load, the profile's requests are that one's: its own load is the job
   that harms them, and no limit is set on that. A search has kept its own limit
   up to the capacity, which then stands in the place of throughput.
   An option with more than a fifth of its trials invalid is not judged.
3. Dominance by the stored verdicts: better somewhere, worse nowhere.
4. What is left is ranked by a weighted sum of log ratios; the interval of a
   difference is the weighted sum of the metrics' half-widths, which is the
   widest it can be. A difference inside it, or inside the same weighted sum of
   the metrics' margins (the harness's, noise floor included), is a toss-up.

Everything that the rule used is in the returned dictionary, so that the record
and its machine-readable copy say the same.
"""

import math

import capacity
import nearest
from points import setting
from results import Run

WEIGHTS = {
    "throughput_per_s": 0.35,
    "latency": 0.25,
    "memory_total_bytes": 0.2,
    "cpu_per_request_ns": 0.2,
}
LATENCIES = ("latency_p99_ns", "latency_p50_ns", "latency_mean_ns")
BESIDE = ("beside_p99_ns", "beside_max_ns")  # the same of a second load
HIGHER_IS_BETTER = {"throughput_per_s", "capacity_per_s"}
BLOCKS_FOR_A_TEST = 6  # the least at which a signed-rank test can reach 5 %


def decide(run: Run, experiment: dict) -> dict | None:
    """The decision of an experiment with a profile, None without one."""
    profile = experiment.get("profile")
    if not profile or not experiment["load_points"]:
        return None
    profile = dict(profile, name=profile.get("name") or experiment["name"])
    point, choice = nearest.choose(run, experiment, profile)
    models = run.models_of(experiment["name"], point, yardsticks=False)
    margin = experiment.get("margin") or 0.05
    constraints = _constraints(profile, point)
    options = [_option(run, experiment, point, profile, constraints, m) for m in models]
    fits = [o["model"] for o in options if o["fate"] == "fits"]
    verdict = rank(run, experiment, point, fits)
    decision = {
        "experiment": experiment["name"],
        "profile": profile,
        "load_point": point["id"],
        "setting": setting(point),
        "latency_kind": _latency_kind(point),
        "second_load": bool(point.get("beside")),
        "choice": choice,
        "margin": margin,
        "constraints": constraints,
        "weights": verdict["weights"],
        "margins": verdict["margins"],
        "dropped_drivers": verdict["dropped"],
        "options": options,
        "dominated": verdict["dominated"],
        "scores": verdict["scores"],
        "outcome": _outcome(options, verdict),
        "preliminary": _preliminary(run, options, choice),
    }
    decided = decision["outcome"]["kind"] in ("recommended", "toss-up")
    first = decision["outcome"]["models"][0] if decided else None
    decision["reference"] = first
    decision["workers"] = {m: _workers(run, experiment, point, m) for m in models}
    for option in options:
        option["against"] = _against(run, experiment, point, option["model"], first)
    decision["differences"] = _differences(run, experiment, point, decision["outcome"])
    decision["sensitivity"] = _sensitivity(
        run, experiment, point, options, fits, verdict
    )
    decision["changes"] = _changes(profile, point, options, constraints)
    return decision


def _workers(run: Run, experiment: dict, point: dict, model: str) -> str | None:
    """With how many a model ran; None where there are none to set."""
    known = run.workers_of(experiment["name"], point["id"], model)
    return f"{known} worker{'s' if known != '1' else ''}" if known else None


def _latency_kind(point: dict) -> str:
    """Of the requests that the profile is about; a second load is open."""
    return "response" if point.get("beside") else point.get("latency_kind") or "service"


def _latencies(point: dict) -> tuple[str, ...]:
    return BESIDE if point.get("beside") else LATENCIES


def _constraints(profile: dict, point: dict) -> list[dict]:
    found = []
    if profile.get("limit_ns"):
        p = profile.get("limit_percentile") or 99
        found.append(
            {
                "metric": f"{'beside' if point.get('beside') else 'latency'}_p{p:g}_ns",
                "limit": profile["limit_ns"],
                "words": profile.get("limit") or "latency limit",
            }
        )
    if profile.get("memory_bytes"):
        found.append(
            {
                "metric": "memory_total_bytes",
                "limit": profile["memory_bytes"],
                "words": "memory budget",
            }
        )
    return found


def _evidence(row: dict | None) -> dict | None:
    if not row:
        return None
    return {k: row.get(k) for k in ("value", "lo", "hi", "n", "trials")}


def _option(run: Run, experiment, point, profile, constraints, model: str) -> dict:
    def level(name):
        return run.level(experiment["name"], point["id"], model, name)

    shown = [n for n in _driver_names(point) if n != "latency_mean_ns"]
    names = dict.fromkeys([*shown, *(c["metric"] for c in constraints)])
    evidence = {name: _evidence(level(name)) for name in names}
    checks = []
    for constraint in constraints:
        row = level(constraint["metric"])
        if constraint["metric"] == "memory_total_bytes" and row:
            row = _at_profile(row, level("memory_per_connection_bytes"), profile, point)
        bounds = _latency_bounds(run, experiment, point, model, level)
        check = _judge(row, constraint, bounds)
        if capacity.is_search(point) and check["fate"] == "unknown":
            kept = capacity.judged(run, experiment, point, model, constraint)
            found = level(capacity.NAME) or {"value": None, "n": 0}
            check = _check(kept, found, capacity.NAME) if kept else check
        checks.append(dict(constraint, **check))
    known = level(_speed(point)) is not None
    fates = [c["fate"] for c in checks]
    fate = "fits" if known else "unknown"
    refused = capacity.is_search(point) and "fails" in fates  # has no figure then
    for worst in ("fails", "unknown", "at risk"):
        if worst in fates and (known or refused):
            fate = worst
            break
    blocked = run.too_many_invalid(experiment["name"], point["id"], model)
    if blocked and fate != "fails":
        fate = "unknown"
    trials = run.trials_of(experiment["name"], point["id"], model)
    task = (run.data["models"].get(model) or {}).get("task")
    words = (run.data["models"].get(model) or {}).get("summary")
    return {
        "model": model,
        "task": task,
        "summary": words,
        "fate": fate,
        "checks": checks,
        "evidence": evidence,
        "per_connection": _evidence(level("memory_per_connection_bytes")),
        "blocked": blocked,
        "trials": len(trials),
        "invalid_trials": sum(not t["valid"] for t in trials),
    }


def _speed(point: dict) -> str:
    return capacity.NAME if capacity.is_search(point) else "throughput_per_s"


def _driver_names(point: dict) -> list[str]:
    others = [n for n in WEIGHTS if n not in ("throughput_per_s", "latency")]
    return [_speed(point), *others, *_latencies(point)]


def _at_profile(row, each, profile, point) -> dict:
    """Memory at the profile's connections, where it has more than measured:
    the pessimistic end of each connection's share is added per connection."""
    more = (profile.get("connections") or 0) - (point["load"].get("connections") or 0)
    if more <= 0 or not each:
        return row
    add = {
        k: more * max(each.get(k) or each["value"], 0) for k in ("value", "lo", "hi")
    }
    extended = {
        k: row[k] + add[k] if row.get(k) else None for k in ("value", "lo", "hi")
    }
    return dict(row, **extended, extrapolated=True)


def _latency_bounds(run: Run, experiment, point, model: str, level) -> dict:
    """What brackets a percentile that has too few samples: the median from
    below and the slowest answer of all valid trials from above."""
    trials = run.trials_of(experiment["name"], point["id"], model)
    kind, second = _latency_kind(point), bool(point.get("beside"))
    heard = [(t.get("beside") or {}) if second else t for t in trials if t["valid"]]
    seen = [((h.get("latency") or {}).get(kind) or {}).get("max_ns") for h in heard]
    known = len(seen) >= 2 and None not in seen
    return {
        "median": None if second else level("latency_p50_ns"),
        "slowest": {"value": max(seen), "n": len(seen)} if known else None,
    }


def _judge(row: dict | None, constraint: dict, bounds: dict) -> dict:
    """fits, fails, at risk or unknown; with the figure that decided."""
    limit = constraint["limit"]
    if row is None:
        return _judge_bounds(constraint, bounds)
    lo, hi = row.get("lo"), row.get("hi")
    fate = "at risk"
    if lo is not None and hi is not None:
        fate = "fits" if hi <= limit else "fails" if lo > limit else "at risk"
    extrapolated = bool(row.get("extrapolated"))
    return _check(fate, row, constraint["metric"], extrapolated)


def _judge_bounds(constraint: dict, bounds: dict) -> dict:
    """A percentile without a figure can still be bracketed."""
    limit = constraint["limit"]
    percentile = constraint["metric"].startswith(("latency", "beside"))
    median, slowest = bounds["median"], bounds["slowest"]
    if percentile and median and median.get("lo") and median["lo"] > limit:
        return _check("fails", median, "latency_p50_ns")
    if percentile and slowest and slowest["value"] <= limit:
        second = constraint["metric"].startswith("beside")
        by = "beside_max_ns" if second else "latency_max_ns"
        return _check("fits", slowest, by)
    return _check("unknown", {"value": None, "n": 0}, None)


def _check(fate: str, row: dict, by: str | None, extrapolated: bool = False) -> dict:
    return {
        "fate": fate,
        "seen": row["value"],
        "lo": row.get("lo"),
        "hi": row.get("hi"),
        "by": by,
        "n": row["n"],
        "extrapolated": extrapolated,
    }


def rank(
    run: Run, experiment, point, models: list[str], weights=None, factor: float = 1
) -> dict:
    """Dominance, then scores; `weights` by driver, the default ones if None;
    the margins times `factor`."""
    names, dropped = _drivers(run, experiment, point, models)
    latencies = _latencies(point)
    keys = {n: "latency" for n in latencies} | {_speed(point): "throughput_per_s"}
    used = {n: (weights or WEIGHTS)[keys.get(n, n)] for n in names}
    total = sum(used.values()) or 1.0
    used = {n: w / total for n, w in used.items()}
    margins = {n: _margin(run, experiment, point, n) for n in names}
    edge = factor * sum(used[n] * math.log(1 + margins[n]) for n in names)
    dominated = {}
    for a in models:
        by = [
            b
            for b in models
            if b != a and _dominates(run, experiment, point, names, b, a)
        ]
        if by:
            dominated[a] = sorted(by)
    pareto = [m for m in models if m not in dominated] or list(models)
    result = {
        "weights": used,
        "margins": margins,
        "dropped": dropped,
        "dominated": dominated,
        "scores": [],
        "leader": None,
        "rivals": [],
        "by": None,
    }
    if not pareto:
        return result
    if len(pareto) == 1:
        by = "dominance" if len(models) > 1 else "constraints"
        return dict(result, leader=pareto[0], by=by)
    if not names:
        return dict(result, leader=pareto[0], rivals=pareto[1:], by="score")
    scores = {
        m: sum(_gap(run, experiment, point, used, m, o)[0] for o in pareto if o != m)
        for m in pareto
    }
    leader = max(pareto, key=lambda m: (scores[m], m))
    rows = []
    for other in sorted((m for m in pareto if m != leader), key=lambda m: -scores[m]):
        gap, half = _gap(run, experiment, point, used, leader, other)
        clear = gap - half > 0 and gap > edge
        rows.append({"model": other, "behind": gap, "half": half, "clear": clear})
    rivals = [r["model"] for r in rows if not r["clear"]]
    return dict(result, leader=leader, rivals=rivals, by="score", scores=rows)


def _margin(run: Run, experiment, point, name: str) -> float:
    """The margin that the stored verdicts used."""
    where = experiment["name"], point["id"], name
    rows = (r for key, r in run.comparisons.items() if key[:3] == where)
    known = (r["margin"] for r in rows if r.get("margin"))
    return next(known, experiment.get("margin") or 0.05)


def _drivers(run: Run, experiment, point, models):
    """The metrics on which every pair is compared; of the latencies the
    deepest such percentile."""
    pairs = [(a, b) for i, a in enumerate(models) for b in models[i + 1 :]]

    def complete(name):
        return all(
            _usable(run.ratio(experiment["name"], point["id"], name, a, b))
            for a, b in pairs
        )

    names, dropped = [], []
    for name in WEIGHTS:
        if name == "latency":
            found = next((n for n in _latencies(point) if complete(n)), None)
        else:
            own = _speed(point) if name == "throughput_per_s" else name
            found = own if complete(own) else None
        names.append(found) if found else dropped.append(name)
    return names, dropped


def _usable(row) -> bool:
    return bool(row and row.get("ratio") and row.get("lo") and row.get("hi"))


def _dominates(run: Run, experiment, point, names, a: str, b: str) -> bool:
    rows = [run.ratio(experiment["name"], point["id"], n, a, b) for n in names]
    verdicts = [r.get("verdict") for r in rows if r]
    if len(verdicts) < len(names) or not verdicts:
        return False
    return "better" in verdicts and all(
        v in ("better", "same", "negligible") for v in verdicts
    )


def _gap(run: Run, experiment, point, weights, a: str, b: str) -> tuple[float, float]:
    """By how much a scores above b, and the widest half of its interval."""
    gap = half = 0.0
    for name, weight in weights.items():
        row = run.ratio(experiment["name"], point["id"], name, a, b)
        sign = 1 if name in HIGHER_IS_BETTER else -1
        gap += weight * sign * math.log(row["ratio"])
        half += weight * (math.log(row["hi"]) - math.log(row["lo"])) / 2
    return gap, half


def _outcome(options, verdict) -> dict:
    """kind: recommended, toss-up, at risk, none, unknown."""
    fates = {o["model"]: o["fate"] for o in options}
    risky = [m for m, f in fates.items() if f == "at risk"]
    unknown = [m for m, f in fates.items() if f == "unknown"]
    if verdict["leader"]:
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


def _preliminary(run: Run, options, choice) -> list[str]:
    """What keeps the outcome from being firm: names of reasons."""
    reasons = [] if run.data["complete"] else ["incomplete"]
    counts = [e["n"] for o in options for e in o["evidence"].values() if e]
    if counts and min(counts) < BLOCKS_FOR_A_TEST:
        reasons.append("few blocks")
    if choice["far"]:
        reasons.append("far")
    return reasons


def _against(run: Run, experiment, point, model: str, first: str | None) -> dict:
    """The stored verdicts of an option against the first of the outcome."""
    rows = {}
    for name in _driver_names(point):
        row = run.ratio(experiment["name"], point["id"], name, model, first)
        if row and row.get("ratio"):
            rows[name] = {k: row.get(k) for k in ("ratio", "lo", "hi", "n", "verdict")}
    return rows


def _differences(run: Run, experiment, point, outcome) -> list[dict]:
    """On what the options of a toss-up differ."""
    first, *rest = outcome["models"] or [None]
    rows = []
    for other in rest if outcome["kind"] == "toss-up" else []:
        for name in _driver_names(point):
            row = run.ratio(experiment["name"], point["id"], name, first, other)
            if row and row.get("verdict") in ("better", "worse"):
                better = first if row["verdict"] == "better" else other
                rows.append(
                    {
                        "metric": name,
                        "a": first,
                        "b": other,
                        "ratio": row["ratio"],
                        "lo": row["lo"],
                        "hi": row["hi"],
                        "better": better,
                    }
                )
    return rows


def _sensitivity(run, experiment, point, options, fits, base) -> list[dict]:
    """The outcome under other weights, another margin, and with what is at
    risk let in."""
    cases = []
    for driver in WEIGHTS:
        for factor in (2.0, 0.0):
            weights = dict(WEIGHTS, **{driver: WEIGHTS[driver] * factor})
            cases.append(
                (
                    {"change": "weight", "driver": driver, "factor": factor},
                    fits,
                    weights,
                    1,
                )
            )
    cases.append(({"change": "margin", "factor": 2}, fits, None, 2))
    risky = [o["model"] for o in options if o["fate"] == "at risk"]
    if risky:
        cases.append(
            ({"change": "let in", "models": risky}, fits + risky, None, 1)
        )
    rows = []
    before = [base["leader"], *base["rivals"]]
    for change, models, weights, factor in cases:
        result = rank(run, experiment, point, models, weights, factor)
        after = [result["leader"], *result["rivals"]] if result["leader"] else []
        same = set(after) == set(m for m in before if m)
        rows.append(dict(change, models_then=after, same=same))
    return rows


def _changes(profile, point, options, constraints) -> list[dict]:
    """Break-evens: at which limit an option would enter or leave, and how
    many connections fill the memory budget."""
    rows = []
    have = point["load"].get("connections") or 0
    for option in options:
        full = _budget_full(option, profile.get("memory_bytes"), have)
        if full:
            rows.append(
                {
                    "model": option["model"],
                    "metric": "connections",
                    "fate": option["fate"],
                    "limit": profile["memory_bytes"],
                    "edge": full,
                }
            )
        for check in option["checks"]:
            if check["seen"] is None or check["by"] in ("latency_p50_ns", capacity.NAME):
                continue
            edge = check["hi"] if check["hi"] is not None else check["seen"]
            rows.append(
                {
                    "model": option["model"],
                    "metric": check["metric"],
                    "fate": check["fate"],
                    "limit": check["limit"],
                    "edge": edge,
                }
            )
    return rows


def _budget_full(option, budget, have: int) -> float | None:
    """How many connections fill the memory budget, seen pessimistically."""
    total, each = option["evidence"].get("memory_total_bytes"), option["per_connection"]
    if not (budget and total and each and total.get("hi") and each.get("hi")):
        return None
    if each["hi"] <= 0 or total["hi"] >= budget:
        return None
    return have + (budget - total["hi"]) / each["hi"]
