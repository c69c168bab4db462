# SPDX-License-Identifier: MIT
"""Memory over connections: m0 + m1 N by least squares, with the slope's 95 %
interval.

The one statistic that a report computes itself. Points are trials, so the
interval holds the trials' spread. The errors grow with the level, so the fit
is weighted by 1/value: relative errors count alike at 10 and at 10,000
connections (weighted least squares, as in Draper and Smith, Applied Regression
Analysis, 3rd edition, chapter 9).
"""

import math
from dataclasses import dataclass

# Student's t, 97.5 %, for 1 to 30 degrees of freedom; beyond that a close
# expansion around the normal quantile.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    m0: float
    m1: float
    lo: float  # of m1
    hi: float
    n: int


def t_quantile(df: int) -> float:
    if df <= len(_T):
        return _T[df - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * df)


def line(points: list[tuple[float, float]]) -> Line | None:
    """Fits (connections, bytes); None with fewer than three distinct x."""
    points = [(x, y) for x, y in points if y and y > 0]
    if len({x for x, _ in points}) < 3:
        return None
    weights = [1 / (y * y) for _, y in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points)) / total
    sxx = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, points))
    sxy = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, points))
    if sxx <= 0:
        return None
    m1 = sxy / sxx
    m0 = mean_y - m1 * mean_x
    rest = sum(w * (y - m0 - m1 * x) ** 2 for w, (x, y) in zip(weights, points))
    df = len(points) - 2
    half = t_quantile(df) * math.sqrt(rest / df / sxx)
    return Line(m0, m1, m1 - half, m1 + half, len(points))
