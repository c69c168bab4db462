# SPDX-License-Identifier: MIT
"""Numbers for readers: three significant digits, a unit, an interval.

This file alone decides how a number looks, so that a figure reads alike in the
report, the decision record and the terminal. The only arithmetic here is
rounding. An unknown value is a dash, never a zero.
"""

import math

UNKNOWN = "–"
TOO_WIDE = 1000

TIME = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1, "ns"))
SIZE = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))


def digits(value: float | None) -> str:
    """Three significant digits with thousands separators: 1,990 or 0.0503."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    places = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if rounded and math.floor(math.log10(abs(rounded))) > 2 - places:
        places -= 1
    return f"{rounded:,.{max(places, 0)}f}"


def count(value: int | None) -> str:
    """A count in full: 12,345."""
    return UNKNOWN if value is None else f"{value:,}"


def interval(lo: float | None, hi: float | None, scale: float = 1.0) -> str:
    """[lo–hi], or [n/a] if there are too few trials for an interval. An interval over
    several decades, as two blocks may give, is shown as [too wide]."""
    if lo is None or hi is None:
        return "[n/a]"
    if lo > 0 and hi / lo > TOO_WIDE:
        return "[too wide]"
    return f"[{digits(lo / scale)}–{digits(hi / scale)}]"


def scale_for(values, table) -> tuple[float, str]:
    """The factor and name of the unit in which the smallest value is at least 1."""
    known = [abs(v) for v in values if v]
    if not known:
        return table[-1]
    for factor, name in table:
        if min(known) >= factor:
            return factor, name
    return table[-1]


def with_unit(value: float | None, table) -> str:
    """A number in the largest unit that leaves it at least 1: 50.3 ms."""
    if value is None:
        return UNKNOWN
    factor, name = scale_for([value], table)
    return f"{digits(value / factor)} {name}"


def time(value_ns: float | None) -> str:
    return with_unit(value_ns, TIME)


def size(value_bytes: float | None) -> str:
    return with_unit(value_bytes, SIZE)


def share(fraction: float) -> str:
    """A round number in percent: 0.05 is 5 %."""
    return f"{100 * fraction:g} %"


def percent(fraction: float | None) -> str:
    """A measured share in percent, with three digits: 0.0213 is 2.13 %."""
    return UNKNOWN if fraction is None else f"{digits(100 * fraction)} %"


def percentile(p: float) -> str:
    """p99, p99.9"""
    return f"p{p:g}"
