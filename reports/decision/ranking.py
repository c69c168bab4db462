# SPDX-License-Identifier: MIT
"""Ranks the options that keep every limit.

An option that another dominates by the stored verdicts (better somewhere, worse
nowhere) goes first. The rest are ranked by a weighted sum of log ratios. The
interval of a difference is the weighted sum of the metrics' half-widths, the
widest that it can be. A difference inside this interval, or inside the weighted
sum of the metrics' margins (those of the harness, noise floor included), does
not count.

The sensitivity shows the outcome under other weights, under another margin and
with options at risk let in, and the limits at which an option would enter or
leave.
"""

import math

from data.metrics import metric
from decision import drivers
from decision.evidence import Evidence


def rank(seen: Evidence, models: list[str], weights=None, factor: float = 1) -> dict:
    """Ranks models by dominance, then by score. `weights` are by driver (None:
    default); `factor` multiplies the margins."""
    names, dropped = _drivers(seen, models)
    latencies = drivers.latencies(seen.point)
    keys = {n: "latency" for n in latencies} | {drivers.speed(seen.point): "throughput_per_s"}
    used = {n: (weights or drivers.WEIGHTS)[keys.get(n, n)] for n in names}
    total = sum(used.values()) or 1.0
    used = {n: w / total for n, w in used.items()}
    margins = {n: seen.margin(n) for n in names}
    edge = factor * sum(used[n] * math.log(1 + margins[n]) for n in names)
    dominated = {}
    for a in models:
        by = [b for b in models if b != a and _dominates(seen, names, b, a)]
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
        m: sum(_gap(seen, used, m, o)[0] for o in pareto if o != m)
        for m in pareto
    }
    leader = max(pareto, key=lambda m: scores[m])  # among equals, the first
    # If throughput exists but cannot be compared, it could reverse any lead.
    speed = drivers.speed(seen.point)
    blind = speed not in names and any(seen.level(m, speed) for m in pareto)
    rows = []
    for other in sorted((m for m in pareto if m != leader), key=lambda m: -scores[m]):
        gap, half = _gap(seen, used, leader, other)
        clear = not blind and gap - half > 0 and gap > edge
        rows.append({"model": other, "behind": gap, "half": half, "clear": clear})
    rivals = [r["model"] for r in rows if not r["clear"]]
    return dict(result, leader=leader, rivals=rivals, by="score", scores=rows)


def _drivers(seen: Evidence, models):
    """The metrics on which every pair has a comparison, with only the first such
    latency; and the drivers without one."""
    pairs = [(a, b) for i, a in enumerate(models) for b in models[i + 1 :]]

    def complete(name):
        return all(_usable(seen.ratio(name, a, b)) for a, b in pairs)

    point = seen.point

    names, dropped = [], []
    for name in drivers.WEIGHTS:
        if name == "latency":
            found = next((n for n in drivers.latencies(point) if complete(n)), None)
        else:
            own = drivers.speed(point) if name == "throughput_per_s" else name
            found = own if complete(own) else None
        names.append(found) if found else dropped.append(name)
    return names, dropped


def _usable(row) -> bool:
    return bool(row and row.get("ratio") and row.get("lo") and row.get("hi"))


def _dominates(seen: Evidence, names, a: str, b: str) -> bool:
    """Whether a dominates b. If one of them has a metric on which they are not
    compared, a may be worse there."""
    rows = [seen.ratio(n, a, b) for n in names]
    verdicts = [r.get("verdict") for r in rows if r]
    if len(verdicts) < len(names) or not verdicts or _open(seen, names, a, b):
        return False
    return "better" in verdicts and all(v in ("better", "same", "negligible") for v in verdicts)


def _open(seen: Evidence, names, a: str, b: str) -> bool:
    """Whether one of the two has throughput, CPU or memory without a comparison on
    it, because a gate withheld the other's figure or made it a bound."""
    own = [drivers.speed(seen.point), "cpu_per_request_ns", "memory_total_bytes"]
    return any(
        n not in names and not seen.ratio(n, a, b) and (seen.level(a, n) or seen.level(b, n))
        for n in own
    )


def _gap(seen: Evidence, weights, a: str, b: str) -> tuple[float, float]:
    """The lead of a's score over b's, and the widest half-width of that lead."""
    gap = half = 0.0
    for name, weight in weights.items():
        row = seen.ratio(name, a, b)
        sign = 1 if metric(name).higher_is_better else -1
        gap += weight * sign * math.log(row["ratio"])
        half += weight * (math.log(row["hi"]) - math.log(row["lo"])) / 2
    return gap, half


def under_changes(seen: Evidence, options, fits, base) -> list[dict]:
    """The outcomes under other weights, under another margin, and with options at
    risk let in."""
    cases = []
    for driver in drivers.WEIGHTS:
        for factor in (2.0, 0.0):
            weights = dict(drivers.WEIGHTS, **{driver: drivers.WEIGHTS[driver] * factor})
            change = {"change": "weight", "driver": driver, "factor": factor}
            cases.append((change, fits, weights, 1))
    cases.append(({"change": "margin", "factor": 2}, fits, None, 2))
    risky = [o["model"] for o in options if o["fate"] == "at risk"]
    if risky:
        cases.append(({"change": "let in", "models": risky}, fits + risky, None, 1))
    rows = []
    before = [base["leader"], *base["rivals"]]
    for change, models, weights, factor in cases:
        result = rank(seen, models, weights, factor)
        after = [result["leader"], *result["rivals"]] if result["leader"] else []
        same = set(after) == set(m for m in before if m)
        rows.append(dict(change, models_then=after, same=same))
    return rows


def _by_median(check: dict) -> bool:
    """Whether the median decided for a percentile without a figure."""
    return check["by"] == "latency_p50_ns" != check["metric"]


def break_evens(options) -> list[dict]:
    """For each check, the `edge`: the limit, in its unit, from which on the option
    surely fits and below which it no longer does. If the median decides for a
    percentile without a figure, `edge` is the limit below which the option stays
    out. A check without a figure has no edge."""
    return [
        {
            "model": option["model"],
            "metric": check["metric"],
            "by": check["by"],
            "fate": check["fate"],
            "limit": check["limit"],
            "words": check["words"],
            "edge": check["at_least" if _by_median(check) else "at_most"],
            "by_median": _by_median(check),
        }
        for option in options
        for check in option["checks"]
    ]
