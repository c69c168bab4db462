# SPDX-License-Identifier: MIT
"""Describes a load point by the quantities of a profile (wait, CPU, requests at
once), and bounds a figure at the profile from a figure at the load point.

Requests at once are the connections of a closed loop. For an open loop Little's
law gives them: rate times time in the system (J. D. C. Little, Operations
Research 9, 1961). CPU is the measured CPU of a request, including serving;
`work_ns` is the request's own part.

A figure gives bounds at the profile, not predictions. Let R be the latency of N
requests at once, each with a wait W and CPU S. R never falls if N, W or S grows,
and R grows at most by the factor of that growth: if all times are k times as
long, R is k R, and the rate never falls with N. Therefore

    R(profile) <= R(measured) x the factors by which the profile is harder,
    R(profile) >= R(measured) / the factors by which the profile is easier.

A second bound may be tighter, because a request waits at most for all others: S
more of CPU adds at most N S, W more of wait adds at most N W / slots, and one
more request at once adds at most S + W / slots (the asymptotic bounds of
Lazowska et al., Quantitative System Performance, 1984, chapter 5). These bounds
hold for means; percentiles are assumed to keep their ratio to the mean.

An open loop is harder than a closed loop with equal requests at once on
average, so the upper bound holds for open loops too. The lower bound of an open
loop uses only the wait and the rate. Memory grows linearly with connections.
"""

import math
import re
from dataclasses import dataclass

from data.levels import median
from data.results import Run

UNITS_NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
COUNTS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
COMPUTING = ("cpu", "mixed")  # kinds of workload with CPU work


@dataclass(frozen=True)
class Place:
    wait_ns: float
    at_once: float
    cpu_ns: float | None  # total per request; None: not measured
    work_ns: float | None  # the request's own part of cpu_ns; None: not known
    slots: float | None  # the most requests served at once; None: no limit
    closed: bool  # latency without a queue of arrivals, which gives lower bounds

    def cpu_at(self, work_ns: float) -> float | None:
        """The total CPU of a request whose own work is `work_ns`."""
        if self.work_ns is None:
            return None
        return max((self.cpu_ns or 0) - self.work_ns, 0) + work_ns


def step_ns(run: Run) -> float | None:
    """The time of a step of the tight loop on the run's machine, measured in bare
    processes without a server."""
    if hasattr(run, "step_ns"):
        return run.step_ns
    points = {(e["name"], p["id"]): p for e in run.data["experiments"] for p in e["load_points"]}
    found = []
    for t in run.trials:
        point = points.get((t["experiment"], t["load_point"])) or {}
        steps = (point.get("parameters") or {}).get("steps")
        each = _bare(t)
        if t["valid"] and each and point.get("workload") in ("spin", "mixed") and steps:
            if steps >= 1000:  # with fewer, the call costs more than the steps
                found.append(each / steps)
    run.step_ns = median(found)  # kept, because each option needs it
    return run.step_ns


def _bare(trial: dict) -> float | None:
    bare = trial.get("bare") or {}
    return bare["processes"] * 1e9 / bare["per_s"] if bare.get("per_s") else None


def work_ns(run: Run, experiment: dict, point: dict) -> float | None:
    """The CPU of a request's own work; 0 for workloads that do not compute."""
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
    """The CPU of a second load's requests, from its query."""
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
    """The place of one model at a load point."""
    level = run.level(experiment["name"], point["id"], model, "cpu_per_request_ns")
    cpu = level["value"] if level and not point.get("beside") else None
    work = work_ns(run, experiment, point)
    info = run.data["models"].get(model) or {}
    if info.get("target") and not point.get("beside"):
        work = cpu  # all CPU of the user's own service is its work
    elif work is None and cpu is not None and point.get("kind") in COMPUTING:
        work = cpu  # not measured separately; serving costs little in comparison
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
        return most  # for idle connections, those held open
    rate = run.level(*key, "throughput_per_s")
    mean = run.level(*key, "latency_mean_ns") or run.level(*key, "latency_p50_ns")
    if not rate or not mean:
        return most
    return min(rate["value"] * mean["value"] / 1e9, most)


def _slots(run: Run, experiment: dict, point: dict, model: str) -> float | None:
    """The most requests that a model serves at once: its workers, if each holds one
    request. Loops hold more, which leaves the upper bound valid."""
    known = run.workers_of(experiment["name"], point["id"], model)
    if known.isdigit():
        return max(float(known), 1.0)
    task = (run.data["models"].get(model) or {}).get("task")
    return None if task in ("thread", "coroutine", "process", "callback") else 1.0


def _grown(mean: float, by: float, more: float | None) -> float:
    """The upper bound by the factor, or by the sum if known and less."""
    return min(mean * by, mean + more) if more is not None else mean * by


def _shrunk(mean: float, by: float, more: float | None) -> float:
    """The lower bound for a factor below 1, by which `more` is negative."""
    return max(mean * by, mean + more) if more is not None else mean * by


def _steps(here: Place, profile: dict) -> list[tuple[float, float | None]]:
    """For requests at once, wait and CPU: the factor from the load point to the
    profile, and the most by which an answer gets longer (negative: shorter)."""
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
    """The upper bound at the profile of a percentile that is `value_ns` at the load
    point, whose mean is `mean_ns`. With None the percentile is used as mean."""
    known = mean_ns or value_ns
    mean = known
    for by, more in _steps(here, profile):
        if by > 1:
            mean = _grown(mean, by, more)
    return value_ns * mean / known


def lower(
    value_ns: float, mean_ns: float | None, here: Place, profile: dict, most_per_s: float | None
) -> float:
    """The lower bound at the profile. `most_per_s` is the highest rate that the
    model reaches at the load point, if known."""
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
    """Memory (lo, hi) at the profile's connections. Each connection more or less
    counts with its pessimistic share. The factor in connections is used if shares
    are unknown, or if fewer requests than connections were in flight, because
    requests hold memory too. None stays None."""
    many = max(profile.get("connections") or 1, 1)
    share = max((each.get("hi") or each["value"]), 0) if each else None
    if hi is not None and many > here.at_once:
        line = hi + (many - opened) * share if share is not None and here.closed else None
        hi = hi * many / here.at_once if line is None else max(line, hi)
    if lo is not None and many < opened:
        lo = lo * many / opened if share is None else max(lo - (opened - many) * share, 0)
    return lo, hi
