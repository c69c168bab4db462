# SPDX-License-Identifier: MIT
"""What a figure of a load point says about the profile: bounds, not predictions.

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

from decision.places import Place


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
