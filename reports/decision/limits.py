# SPDX-License-Identifier: MIT
"""Whether an option keeps a profile's limits at the profile, not only at the
load point.

An option fits if the pessimistic end of each 95 % interval, made worse by every
factor by which the profile is harder, is within the limit. An option fails if
the optimistic end, improved by every factor by which the profile is easier, is
beyond the limit (places.py). In between, the option is at risk.

A percentile with too few samples is bracketed: the percentile is above the limit
if the median is, and below the limit if the slowest answer of all trials is. A
search has kept its own limit up to the capacity. An option is not judged if more
than a fifth of its trials are invalid.
"""

import re

from data import capacity
from data.levels import valid_trials
from data.results import Run, interval, withheld
from decision import drivers, places


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


def missed(run: Run, experiment: dict, point: dict) -> dict[str, str]:
    """Contenders whose measurements at a load point surely miss a limit of the
    profile, with that limit's words."""
    found: dict[str, str] = {}
    wanted = constraints(experiment.get("profile") or {}, point)
    for model in run.models_of(experiment["name"], point, yardsticks=False):
        for c in wanted:
            names = [c["metric"]]
            if c["metric"].startswith("latency"):
                names.append("latency_p50_ns")  # the limit's percentile is at least the median
            rows = [run.level(experiment["name"], point["id"], model, n) for n in names]
            if any((interval(r, False)[0] or 0) > c["limit"] for r in rows) or _mean_tells(run, experiment, point, model, c):
                found.setdefault(model, c["words"])
    return found


def _mean_tells(run: Run, experiment: dict, point: dict, model: str, constraint: dict) -> bool:
    """Whether clients who ask again at once get so few answers that a percentile must
    be beyond its limit, though too few came for the percentile itself. Their mean is
    connections / throughput (Little's law). If p % kept the limit, and no request is
    older than its timeout, the mean would be below p % of the one and the rest of the
    other."""
    load, percentile = point.get("load") or {}, re.fullmatch(r"latency_p([\d.]+)_ns", constraint["metric"])
    most_per_s = interval(run.level(experiment["name"], point["id"], model, "throughput_per_s"), False)[1]
    if not percentile or load.get("mode") != "closed" or load.get("think_ns") or not most_per_s or not point.get("timeout_ns"):
        return False
    share = float(percentile[1]) / 100
    mean_ns = load["connections"] / most_per_s * 1e9
    return mean_ns > share * constraint["limit"] + (1 - share) * point["timeout_ns"]


def _evidence(row: dict | None) -> dict | None:
    if not row:
        return None
    return {k: row.get(k) for k in ("value", "lo", "hi", "n", "trials")}


def option(run: Run, experiment, point, profile, constraints, model: str) -> dict:
    def level(name):
        return run.level(experiment["name"], point["id"], model, name)

    names = dict.fromkeys([*drivers.names(point), *(c["metric"] for c in constraints)])
    evidence = {name: _evidence(level(name)) for name in names}
    here = places.place(run, experiment, point, model)
    checks = [
        dict(c, **_check_of(run, experiment, point, model, here, profile, c)) for c in constraints
    ]
    known = level(drivers.speed(point)) is not None
    fates = [c["fate"] for c in checks]
    fate = "fits" if known else "unknown"
    refused = capacity.is_search(point) and "fails" in fates  # such a search has no figure
    for worst in ("fails", "unknown", "at risk"):
        if worst in fates and (known or refused):
            fate = worst
            break
    blocked = run.too_many_invalid(experiment["name"], point["id"], model)
    if blocked and fate != "fails":
        fate = "unknown"
    trials = run.trials_of(experiment["name"], point["id"], model)
    info = run.data["models"].get(model) or {}
    return {
        "model": model,
        "load_point": point["id"],
        "task": info.get("task"),
        "summary": info.get("summary"),
        "target": bool(info.get("target")),
        "fate": fate,
        "checks": checks,
        "evidence": evidence,
        "blocked": blocked,
        "trials": len(trials),
        "invalid_trials": sum(not t["valid"] for t in trials),
    }


def _check_of(run: Run, experiment, point, model: str, here: places.Place, profile, constraint) -> dict:
    """The fate under one limit, the deciding figure, and its bounds at the profile."""
    def level(name):
        return run.level(experiment["name"], point["id"], model, name)

    row, limit = level(constraint["metric"]), constraint["limit"]
    if run.too_many_invalid(experiment["name"], point["id"], model, constraint["metric"]):
        return _check("unknown", None, None, None, None)
    if constraint["metric"] == "memory_total_bytes":
        if row is None:
            return _check("unknown", None, None, None, None)
        opened = point["load"].get("connections") or 1
        each = level("memory_per_connection_bytes")
        least, most = places.memory(*interval(row, False), each, here, profile, opened)
        return _judge(row, limit, least, most, "memory_total_bytes")
    rate = _highest_rate(run, experiment, point, model)
    mean = None if point.get("beside") else (level("latency_mean_ns") or {}).get("value")

    def at_profile(lo, hi):
        least = places.lower(lo, mean, here, profile, rate) if lo is not None else None
        return least, places.upper(hi, mean, here, profile) if hi is not None else None

    if row is not None:
        return _judge(row, limit, *at_profile(*interval(row, False)), constraint["metric"])
    found = _bracketed(run, experiment, point, model, constraint, at_profile)
    if capacity.is_search(point) and found["fate"] == "unknown":
        return _searched(run, experiment, point, model, constraint, at_profile) or found
    return found


def _highest_rate(run: Run, experiment, point, model: str) -> float | None:
    """The most that the model serves at this load point, known if it was
    overloaded there."""
    trials = valid_trials(run, experiment, point, model)
    found = run.level(experiment["name"], point["id"], model, "throughput_per_s")
    _, most = interval(found, True)  # None if the figure is only a bound
    if most and trials and all(t.get("overloaded") for t in trials):
        return most
    ceilings = [(t.get("capacity") or {}).get("ceiling_per_s") for t in trials]
    return max(ceilings) if ceilings and None not in ceilings else None


def _judge(row: dict, limit: float, least, most, by: str) -> dict:
    """The check of a figure: fits, fails or at risk by its bounds at the profile."""
    # With only one bound, an undecided check is unknown; without any, at risk.
    fate = "unknown" if (least is None) != (most is None) else "at risk"
    if most is not None and most <= limit:
        fate = "fits"
    elif least is not None and least > limit:
        fate = "fails"
    return _check(fate, row, by, least, most)


def _bracketed(run: Run, experiment, point, model: str, constraint, at_profile) -> dict:
    """The check of a percentile without a figure: the median bounds it from below,
    the slowest answer of all valid trials from above."""
    limit, second = constraint["limit"], bool(point.get("beside"))
    key = experiment["name"], point["id"], model
    median = None if second else run.level(*key, "latency_p50_ns")
    if median:
        least, most = at_profile(*interval(median, False))
        if least is not None and least > limit:
            return _check("fails", median, "latency_p50_ns", least, most)
    slowest = _slowest(run, experiment, point, model)
    if slowest is not None:
        least, most = at_profile(None, slowest["value"])
        if most <= limit:
            by = "beside_max_ns" if second else "latency_max_ns"
            return _check("fits", slowest, by, least, most)
    return _check("unknown", None, None, None, None)


def _slowest(run: Run, experiment, point, model: str) -> dict | None:
    """The slowest answer of all valid trials; None for fewer than two trials."""
    trials = run.trials_of(experiment["name"], point["id"], model)
    kind, second = drivers.latency_kind(point), bool(point.get("beside"))
    name = "beside_p99_ns" if second else "latency_p99_ns"
    given = [t for t in trials if t["valid"] and not withheld(t, name)]
    heard = [(t.get("beside") or {}) if second else t for t in given]
    seen = [((h.get("latency") or {}).get(kind) or {}).get("max_ns") for h in heard]
    if len(seen) < 2 or None in seen:
        return None
    return {"value": max(seen), "n": len(seen)}


def _searched(run: Run, experiment, point, model: str, constraint, at_profile) -> dict | None:
    """The check by a search, which kept a limit up to its capacity or at no rate."""
    kept = capacity.judged(run, experiment, point, model, constraint)
    if not kept:
        return None
    found = run.level(experiment["name"], point["id"], model, capacity.NAME)
    trials = valid_trials(run, experiment, point, model)
    own = max((t.get("capacity") or {}).get("limit_ns") or 0 for t in trials)
    least, most = at_profile(own, own or constraint["limit"])
    limit = constraint["limit"]
    if kept == "fits" and most > limit:
        kept = "at risk"
    if kept == "fails" and least <= limit:
        kept = "at risk"
    row = found or {"value": None, "n": 0}
    return _check(kept, row, capacity.NAME, least, most)


def _check(fate: str, row: dict | None, by: str | None, least, most) -> dict:
    row = row or {"value": None, "n": 0}
    return {
        "fate": fate,
        "seen": row["value"],
        "lo": row.get("lo"),
        "hi": row.get("hi"),
        "by": by,
        "n": row["n"],
        "at_least": least,
        "at_most": most,
        "moved": _differs(least, row.get("lo")) or _differs(most, row.get("hi") or row["value"]),
    }


def _differs(a, b) -> bool:
    return a is not None and b is not None and abs(a - b) > 0.005 * abs(b)
