# SPDX-License-Identifier: MIT
"""The stored figures that a decision rests on, and the comparison of options.

An option is a model with its number of workers, so two options may be at
different load points that differ only in workers. If both are at one load
point, the stored comparison, paired by block, is used. Otherwise their levels
are compared: the interval of the ratio is the sum of both intervals, the widest
that it can be.
"""

import math
from dataclasses import dataclass

from data.metrics import metric
from data.results import Run
from decision import drivers


@dataclass
class Evidence:
    run: Run
    experiment: dict
    point: dict  # the chosen load point; the others differ only in workers
    at: dict[str, str]  # model -> its load point
    elsewhere: dict[str, list[str]]  # model without workers -> all its load points

    def level(self, model: str, name: str) -> dict | None:
        return self.run.level(self.experiment["name"], self.at[model], model, name)

    def ratio(self, name: str, a: str, b: str | None) -> dict | None:
        """The comparison of a with b, the stored one if there is one."""
        if b is None:
            return None
        key = self.experiment["name"]
        for point in self._common(a, b):
            row = self.run.ratio(key, point, name, a, b)
            if row:
                known = all(self.run.comparable(key, point, m, name) for m in (a, b))
                return row if known else None
        if self.at[a] == self.at[b]:
            return None
        if not all(self.run.comparable(key, self.at[m], m, name) for m in (a, b)):
            return None
        return by_levels(self.level(a, name), self.level(b, name), name, self.margin(name))

    def _common(self, a: str, b: str) -> list[str]:
        """The load points at which both take part with these numbers of workers."""
        at_a = self.elsewhere.get(a) or [self.at[a]]
        at_b = self.elsewhere.get(b) or [self.at[b]]
        both = [p for p in (self.at[a], self.at[b]) if p in at_a and p in at_b]
        return both or [p for p in at_a if p in at_b]

    def margin(self, name: str) -> float:
        """The margin that the stored verdicts used for a metric."""
        where = self.experiment["name"], self.point["id"], name
        rows = (r for key, r in self.run.comparisons.items() if key[:3] == where)
        known = (r["margin"] for r in rows if r.get("margin"))
        latency = name.startswith(("latency_", "beside_"))
        declared = self.experiment.get("latency_margin") if latency else None
        return next(known, declared or self.experiment.get("margin") or 0.05)


def by_levels(a: dict | None, b: dict | None, name: str, margin: float) -> dict | None:
    """The comparison of two levels, or None without their intervals."""
    if not a or not b or not all(r.get("lo") and r.get("hi") for r in (a, b)):
        return None
    log = math.log(a["value"] / b["value"])
    half = sum(math.log(r["hi"] / r["lo"]) / 2 for r in (a, b))
    margin = max([margin, *(r.get("error_share") or 0 for r in (a, b))])
    edge, more = math.log(1 + margin), metric(name).higher_is_better
    verdict = "inconclusive"
    if abs(log) > half:
        verdict = "negligible"
        if abs(log) > edge:
            verdict = "better" if (log > 0) == more else "worse"
    elif abs(log) + half < edge:
        verdict = "same"
    return {
        "ratio": math.exp(log),
        "lo": math.exp(log - half),
        "hi": math.exp(log + half),
        "n": min(a["n"], b["n"]),
        "margin": margin,
        "verdict": verdict,
    }


def score(a: dict, b: dict, weights: dict[str, float]) -> tuple[float, float]:
    """The lead of levels `a` (by metric) over `b` in the weighted sum of log ratios,
    and the widest half-width of that lead."""
    gap = half = 0.0
    for name, weight in weights.items():
        one, other = a.get(name), b.get(name)
        if not one or not other or not one.get("value") or not other.get("value"):
            continue
        sign = 1 if metric(name).higher_is_better else -1
        gap += weight * sign * math.log(one["value"] / other["value"])
        for row in (one, other):
            if row.get("lo") and row.get("hi"):
                half += weight * math.log(row["hi"] / row["lo"]) / 2
    return gap, half


def weights(point: dict) -> dict[str, float]:
    """The default weights by the load point's metrics, with the deepest latency."""
    first = drivers.latencies(point)[0]
    named = {"throughput_per_s": drivers.speed(point), "latency": first}
    return {named.get(k, k): w for k, w in drivers.WEIGHTS.items()}
