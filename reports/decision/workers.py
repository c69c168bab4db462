# SPDX-License-Identifier: MIT
"""Chooses the number of workers of an option among the measured numbers.

Load points that differ only in workers form one setting. Of a model's numbers of
workers, those with the best fate stay; the weighted score of their levels
decides between them. Among those that the score does not tell from the best, the
fewest workers are taken: they cost less, and no measurement shows them worse.
"""

import math

from data.results import Run
from decision import drivers, evidence

ORDER = ("fits", "at risk", "unknown", "fails")  # fates, the best first
SHOWN = ("throughput_per_s", "latency_p99_ns", "cpu_per_request_ns", "memory_total_bytes")
SAME = ("workload", "query", "load", "latency_kind", "placement", "backend_workers", "settings")
SAME += ("wait_ns", "slo", "beside", "cpu_quota")


def setting(experiment: dict, point: dict) -> list[dict]:
    """The load points that differ from `point` at most in workers, in the
    experiment's order."""
    return [
        p
        for p in experiment["load_points"]
        if all(p.get(key) == point.get(key) for key in SAME)
    ]


def counts(run: Run, experiment: dict, points: list[dict], model: str) -> dict:
    """The load points of a model by its number of workers, which is None for a
    model without workers."""
    found: dict[int | None, list[dict]] = {}
    for p in points:
        if model in p["models"]:
            known = run.workers_of(experiment["name"], p["id"], model)
            found.setdefault(int(known) if known.isdigit() else None, []).append(p)
    return found


def is_default(run: Run, points: list[dict], model: str, count: int | None) -> bool:
    """Whether the count is the model's default on this machine, not one that the
    experiment set."""
    own = (run.data["models"].get(model) or {}).get("workers_default")
    asked = any(p.get("workers") is not None for p in points)
    return count is not None and count == own and not asked


def best(rows: list[dict], point: dict) -> dict:
    """The best of a model's rows, which have workers, fate, levels by metric, and
    whether each level is comparable."""
    fates = [r for fate in ORDER for r in rows if r["fate"] == fate]
    kept = [r for r in fates if r["fate"] == fates[0]["fate"]]
    used = evidence.weights(point)
    # A row that lacks a comparable metric gains nothing from it: rows with every
    # metric that any row has are preferred.
    given = {n for n in used if any(r["comparable"][n] for r in kept)}
    kept = [r for r in kept if all(r["comparable"][n] for n in given)] or kept
    used = {n: w for n, w in used.items() if all(r["comparable"][n] for r in kept)}
    edge = sum(w * math.log(1.05) for w in used.values())

    def above(a, b):
        return evidence.score(a["levels"], b["levels"], used)

    first = max(kept, key=lambda r: (sum(above(r, o)[0] for o in kept), -(r["workers"] or 0)))
    alike = [first]
    for row in kept:
        gap, half = above(first, row)
        if row is not first and (gap <= half or gap <= edge):
            alike.append(row)
    return min(alike, key=lambda r: r["workers"] or 0)


def comparable(run: Run, experiment: dict, point: dict, model: str) -> dict[str, bool]:
    key = experiment["name"], point["id"], model
    return {n: run.comparable(*key, n) for n in evidence.weights(point)}


def levels(run: Run, experiment: dict, point: dict, model: str) -> dict:
    names = dict.fromkeys([*drivers.names(point), *SHOWN])
    return {n: run.level(experiment["name"], point["id"], model, n) for n in names}
