# SPDX-License-Identifier: MIT
"""Chooses the load point nearest to a profile, which speaks for the profile.

The distance is the product of three factors, in wait, requests at once and CPU,
because their effects on a closed loop's latency multiply. Each factor is the
larger of two: the ratio of the quantities, where small amounts count as equal
(waits below a millisecond; CPU below 100 us, which serving alone may take), and
the ratio by which the quantity changes a connection's turn, wait + requests at
once x CPU. With a thousand connections 100 us of CPU is not small.
"""

import math

from data.results import Run
from decision.places import Place, place

WAIT_FLOOR_NS = 1e6
CPU_FLOOR_NS = 100e3  # below it, serving costs as much as the work
NEAR = 1.5  # within this product a load point speaks for the profile
FAR = 2.0  # beyond this product nothing is recommended
EQUAL = 1.05  # distances within this factor are equal: measured CPU varies


def _factor(a: float, b: float, floor: float = 0.0) -> float:
    """The factor between two quantities, at least 1."""
    a, b = max(a, floor), max(b, floor)
    return max(a / b, b / a) if a > 0 and b > 0 else 1.0


def factors(here: Place, profile: dict) -> dict:
    """The factors in wait, connections and CPU (None if unknown), and their product."""
    wait, work = profile.get("wait_ns") or 0, profile.get("cpu_ns") or 0
    many = max(profile.get("connections") or 1, 1)
    cpu, wanted = here.cpu_ns or here.work_ns or 0, here.cpu_at(work)
    by_wait = _factor(wait, here.wait_ns, WAIT_FLOOR_NS)
    if cpu:
        by_wait = max(by_wait, _factor(wait + many * cpu, here.wait_ns + many * cpu))
    by_cpu = None
    if wanted is not None:
        turn = _factor(wait + many * wanted, wait + many * cpu) if cpu and wanted else 1.0
        by_cpu = max(_factor(wanted, cpu, CPU_FLOOR_NS), turn)
    by_connections = _factor(many, here.at_once)
    return {
        "wait_factor": by_wait,
        "connections_factor": by_connections,
        "cpu_factor": by_cpu,
        # If the load point's CPU is unknown, assume that it has none.
        "product": by_wait * by_connections * (by_cpu or _factor(work, 0.0, CPU_FLOOR_NS)),
    }


def _here(run: Run, experiment: dict, point: dict) -> Place:
    """The place of the load point for its model with the least CPU, with the fewest
    requests at once of any model, because an overloaded model has as many as there
    are connections. The user's own service counts only if it is alone."""
    models = run.models_of(experiment["name"], point, yardsticks=False) or point["models"]
    known = run.data["models"]
    ours = [m for m in models if not (known.get(m) or {}).get("target")] or models
    places = {m: place(run, experiment, point, m) for m in ours}
    thrifty = min(places.values(), key=lambda p: math.inf if p.cpu_ns is None else p.cpu_ns)
    at_once = min(p.at_once for p in places.values())
    if point["load"]["mode"] == "search":
        at_once = max(p.at_once for p in places.values())
    if point.get("beside"):
        at_once = max(point["beside"].get("connections") or 1, 1)
    return Place(
        thrifty.wait_ns, at_once, thrifty.cpu_ns, thrifty.work_ns, thrifty.slots, thrifty.closed
    )


def _hardness(run: Run, experiment: dict, point: dict) -> tuple:
    """The sort key of equally near load points, hardest first: a second load (the
    longest job first, then clients kept off the server's CPUs), then an open loop,
    then clients kept off the server's CPUs."""
    shared, mode = point.get("placement") == "shared", point["load"]["mode"]
    if not point.get("beside"):
        return True, 0, 0.0, mode == "slice", mode != "open", shared
    kind, trials = point.get("latency_kind"), run.trials_of(experiment["name"], point["id"])
    seen = [((t.get("latency") or {}).get(kind) or {}).get("mean_ns") for t in trials]
    job = min((ns for ns in seen if ns), default=0.0)
    return False, shared, -job, False, mode != "open", shared


def choose(run: Run, experiment: dict, profile: dict) -> tuple[dict, dict]:
    """The nearest load point and its distance. Ties go to the harder load point,
    then to the first in the experiment."""
    rows = []
    for order, point in enumerate(experiment["load_points"]):
        here = _here(run, experiment, point)
        found = factors(here, profile)
        if point["load"]["mode"] == "search" and here.at_once >= (profile.get("connections") or 1):
            found["product"] /= found["connections_factor"]  # the search also had fewer at once
            found["connections_factor"] = 1.0
        rows.append((found["product"], order, point, here, found))
    least = min(row[0] for row in rows)
    near = [row for row in rows if row[0] <= least * EQUAL]
    chosen = min(near, key=lambda row: (*_hardness(run, experiment, row[2]), row[1]))
    _, _, point, here, found = chosen
    return point, dict(
        found,
        wait_ns=here.wait_ns,
        at_once=here.at_once,
        cpu_ns=here.cpu_ns,
        work_ns=here.work_ns,
        cpu_at_profile_ns=here.cpu_at(profile.get("cpu_ns") or 0),
        extrapolated=found["product"] > NEAR or found["cpu_factor"] is None,
        far=found["product"] > FAR,
    )
