# SPDX-License-Identifier: MIT
"""How firm an outcome is: what becomes of it under other weights, another
margin, and with what is at risk let in; and at which limit an option would
enter or leave.
"""

from decision.drivers import WEIGHTS
from decision.evidence import Evidence
from decision.ranking import rank


def cases(seen: Evidence, options, fits, base) -> list[dict]:
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
        result = rank(seen, models, weights, factor)
        after = [result["leader"], *result["rivals"]] if result["leader"] else []
        same = set(after) == set(m for m in before if m)
        rows.append(dict(change, models_then=after, same=same))
    return rows


def by_median(check: dict) -> bool:
    """Whether the median decided in the place of a percentile without a figure."""
    return check["by"] == "latency_p50_ns" != check["metric"]


def changes(options) -> list[dict]:
    """Break-evens, one for each check: the limit from which on an option is
    surely let in, or below which it is no longer, `edge`, in the units of the
    limit. A percentile without a figure that its median decides has the limit
    below which the option stays out. A check without a figure has no edge."""
    return [
        {
            "model": option["model"],
            "metric": check["metric"],
            "by": check["by"],
            "fate": check["fate"],
            "limit": check["limit"],
            "words": check["words"],
            "edge": check["at_least" if by_median(check) else "at_most"],
            "by_median": by_median(check),
        }
        for option in options
        for check in option["checks"]
    ]
