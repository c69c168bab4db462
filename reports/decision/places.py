# SPDX-License-Identifier: MIT
"""What a load point asks of a model, in the quantities of a profile: wait, CPU
and requests at once; and what a figure of it says about a profile.

Requests at once are the connections of a closed loop. An open loop has as many
as Little's law says: rate times time in the system (J. D. C. Little, Operations
Research 9, 1961). CPU is what a request was measured to take, serving it
included; `work_ns` is the part that is the request's own.

From a figure to the profile lead bounds, not predictions.
The latency R of N requests at once, each with a wait W and CPU S, never falls
when N, W or S grow, and grows at most by the same factor: with all times k times
as long R is k R, and the rate never falls with N. So

    R(profile) <= R(measured) x the factors by which the profile is harder,
    R(profile) >= R(measured) / the factors by which it is easier.

Tighter where it is tighter, for a request waits at most for all others: S more
of CPU adds at most N S, W more of wait at most N W / slots, and one more request
at once at most S + W / slots. (The asymptotic bounds of Lazowska et al.,
Quantitative System Performance, 1984, chapter 5.) They hold for means; that a
percentile keeps its place beside the mean is taken for granted.

An open loop with as many at once on average is harder than the closed one, so
the upper bound holds for it as well; its lower bound says only what the wait and
the rate say. Memory is held by connections, and grows in a straight line.
"""

import math
import re
from dataclasses import dataclass

from data.levels import median
from data.results import Run

UNITS_NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
COUNTS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
COMPUTING = ("cpu", "mixed")  # kinds of workload that have CPU work of their own


@dataclass(frozen=True)
class Place:
    wait_ns: float
    at_once: float
    cpu_ns: float | None  # of a request in all; None: not measured
    work_ns: float | None  # of which the request's own; None: not known
    slots: float | None  # requests that are served at once at most; None: no limit
    closed: bool  # its latency is no queue of arrivals: it bounds others from below

    def cpu_at(self, work_ns: float) -> float | None:
        """CPU of a request whose own work is `work_ns`."""
        if self.work_ns is None:
            return None
        return max((self.cpu_ns or 0) - self.work_ns, 0) + work_ns


def step_ns(run: Run) -> float | None:
    """What a step of the tight loop takes on the run's machine, measured in
    bare processes without a server."""
    if hasattr(run, "step_ns"):
        return run.step_ns
    points = {(e["name"], p["id"]): p for e in run.data["experiments"] for p in e["load_points"]}
    found = []
    for t in run.trials:
        point = points.get((t["experiment"], t["load_point"])) or {}
        steps = (point.get("parameters") or {}).get("steps")
        each = _bare(t)
        if t["valid"] and each and point.get("workload") in ("spin", "mixed") and steps:
            if steps >= 1000:  # below, the call costs more than the steps
                found.append(each / steps)
    run.step_ns = median(found)  # asked for once per option
    return run.step_ns


def _bare(trial: dict) -> float | None:
    bare = trial.get("bare") or {}
    return bare["processes"] * 1e9 / bare["per_s"] if bare.get("per_s") else None


def work_ns(run: Run, experiment: dict, point: dict) -> float | None:
    """CPU of a request's own work: none where the workload has none."""
    if point.get("beside"):
        return _steps_of(run, point["beside"])
    if point.get("kind") not in COMPUTING:
        return 0.0
    trials = run.trials_of(experiment["name"], point["id"])
    known = median(_bare(t) for t in trials if t["valid"])
    steps, each = (point.get("parameters") or {}).get("steps"), step_ns(run)
    if known is None and steps and each:
        return steps * each
    return known


def _steps_of(run: Run, second: dict) -> float | None:
    """Of a second load's requests, from its query."""
    found = re.search(r"\bsteps=(\d+(?:\.\d+)?)([kMG]?)", second.get("query") or "")
    if not found:
        return 0.0
    each = step_ns(run)
    return float(found[1]) * COUNTS[found[2]] * each if each else None


def _wait_of(point: dict) -> float:
    second = point.get("beside")
    if not second:
        return point.get("wait_ns") or 0
    found = re.search(r"\bdelay=(\d+(?:\.\d+)?)(ns|us|ms|s)\b", second.get("query") or "")
    return float(found[1]) * UNITS_NS[found[2]] if found else 0


def place(run: Run, experiment: dict, point: dict, model: str) -> Place:
    """Of one model at a load point."""
    level = run.level(experiment["name"], point["id"], model, "cpu_per_request_ns")
    cpu = level["value"] if level and not point.get("beside") else None
    work = work_ns(run, experiment, point)
    info = run.data["models"].get(model) or {}
    if info.get("target") and not point.get("beside"):
        work = cpu  # a service of one's own: all that it burns is its work
    elif work is None and cpu is not None and point.get("kind") in COMPUTING:
        work = cpu  # not measured by itself: serving is small beside it
    if work is not None and cpu is not None:
        work = min(work, cpu)
    closed = point["load"]["mode"] in ("closed", "churn") and not point["load"].get("think_ns")
    return Place(
        _wait_of(point),
        max(_at_once(run, experiment, point, model), 1.0),
        cpu,
        work,
        _slots(run, experiment, point, model),
        closed or bool(point.get("beside")),
    )


def _at_once(run: Run, experiment: dict, point: dict, model: str) -> float:
    mode, most = point["load"]["mode"], point["load"].get("connections") or 1
    key = experiment["name"], point["id"], model
    if point.get("beside"):
        return 1.0
    if mode == "search":
        found = run.level(*key, "capacity_per_s")
        rate = (found.get("lo") or found["value"]) if found else 0
        return min(rate * (point.get("wait_ns") or 0) / 1e9, most)
    if mode in ("closed", "churn", "idle") and not point["load"].get("think_ns"):
        return most  # of idle ones those that are held
    rate = run.level(*key, "throughput_per_s")
    mean = run.level(*key, "latency_mean_ns") or run.level(*key, "latency_p50_ns")
    if not rate or not mean:
        return most
    return min(rate["value"] * mean["value"] / 1e9, most)


def _slots(run: Run, experiment: dict, point: dict, model: str) -> float | None:
    """A model with workers serves as many at once, where each holds a request.
    Loops hold more, but for a bound from above that does no harm."""
    known = run.workers_of(experiment["name"], point["id"], model)
    if known.isdigit():
        return max(float(known), 1.0)
    task = (run.data["models"].get(model) or {}).get("task")
    return None if task in ("thread", "coroutine", "process", "callback") else 1.0


def _grown(mean: float, by: float, more: float | None) -> float:
    """At most: the factor, or the sum where that is known and less."""
    return min(mean * by, mean + more) if more is not None else mean * by


def _shrunk(mean: float, by: float, more: float | None) -> float:
    """At least, for a factor below one; `more` is negative then."""
    return max(mean * by, mean + more) if more is not None else mean * by


def _steps(here: Place, profile: dict) -> list[tuple[float, float | None]]:
    """For requests at once, wait and CPU: the factor from the load point to the
    profile, and how much longer an answer takes at most (negative: shorter)."""
    wait, many = profile.get("wait_ns") or 0, max(profile.get("connections") or 1, 1)
    cpu = here.cpu_ns if here.cpu_ns is not None else here.work_ns
    wanted = here.cpu_at(profile.get("cpu_ns") or 0)
    queued = here.wait_ns / here.slots if here.slots else 0.0
    crowd = None if cpu is None else (many - here.at_once) * (cpu + queued)
    rows = [
        (many / here.at_once, crowd),
        (_ratio(wait, here.wait_ns), many * (wait - here.wait_ns) / min(here.slots or many, many)),
    ]
    if cpu is None or wanted is None:
        return rows + [(1.0, None)]
    return rows + [(_ratio(wanted, cpu), many * (wanted - cpu))]


def _ratio(a: float, b: float) -> float:
    if a == b:
        return 1.0
    return a / b if b > 0 else float("inf")


def upper(value_ns: float, mean_ns: float | None, here: Place, profile: dict) -> float:
    """No more than this at the profile, of a percentile that is `value_ns` at
    the load point beside a mean of `mean_ns` (None: not known, so that the
    percentile stands for the mean)."""
    known = mean_ns or value_ns
    mean = known
    for by, more in _steps(here, profile):
        if by > 1:
            mean = _grown(mean, by, more)
    return value_ns * mean / known


def lower(
    value_ns: float, mean_ns: float | None, here: Place, profile: dict, most_per_s: float | None
) -> float:
    """No less than this at the profile. `most_per_s`: the highest rate that the
    model reaches at the load point, where it is known to be that."""
    floor = (profile.get("wait_ns") or 0) + (profile.get("cpu_ns") or 0)
    many = max(profile.get("connections") or 1, 1)
    steps = _steps(here, profile)
    if most_per_s:
        easier = math.prod(min(by, 1.0) for by, _ in steps[1:])
        floor = max(floor, many * 1e9 / most_per_s * easier)
    if not here.closed:
        return floor
    known = mean_ns or value_ns
    mean = known
    for by, more in steps:
        if by < 1:
            mean = _shrunk(mean, by, more)
    return max(value_ns * mean / known, floor)


def memory(
    lo: float | None, hi: float | None, each: dict | None, here: Place, profile: dict, opened: int
) -> tuple:
    """(lo, hi) at the profile's connections: a connection's pessimistic share
    for each one more or less; the factor where shares are not known or requests
    in flight, which hold memory as well, are fewer than connections. None stays
    None: nothing is known on that side."""
    many = max(profile.get("connections") or 1, 1)
    share = max((each.get("hi") or each["value"]), 0) if each else None
    if hi is not None and many > here.at_once:
        line = hi + (many - opened) * share if share is not None and here.closed else None
        hi = hi * many / here.at_once if line is None else max(line, hi)
    if lo is not None and many < opened:
        lo = lo * many / opened if share is None else max(lo - (opened - many) * share, 0)
    return lo, hi
