# SPDX-License-Identifier: MIT
"""How firm an outcome is: what becomes of it under other weights, another
margin, and with what is at risk let in; and at which limit or how many
connections an option would enter or leave.
"""

import capacity
from drivers import WEIGHTS
from ranking import rank


def cases(run, experiment, point, options, fits, base) -> list[dict]:
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


def changes(profile, point, options, constraints) -> list[dict]:
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
