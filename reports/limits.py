# SPDX-License-Identifier: MIT
"""Whether an option keeps a profile's limits: with the pessimistic end of each
95 % interval. An interval that straddles a limit puts the option at risk,
neither in nor out.

A percentile with too few samples is bracketed: above the limit if the median
is, below it if the slowest answer of all trials is. A search has kept its own
limit up to the capacity. Memory is extended to the profile's connections. An
option with more than a fifth of its trials invalid is not judged.
"""

import capacity
import drivers
from results import Run


def constraints(profile: dict, point: dict) -> list[dict]:
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


def option(run: Run, experiment, point, profile, constraints, model: str) -> dict:
    def level(name):
        return run.level(experiment["name"], point["id"], model, name)

    names = dict.fromkeys([*drivers.names(point), *(c["metric"] for c in constraints)])
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
    known = level(drivers.speed(point)) is not None
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
    kind, second = drivers.latency_kind(point), bool(point.get("beside"))
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
