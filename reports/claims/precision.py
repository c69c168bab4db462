# SPDX-License-Identifier: MIT
"""How many blocks it takes until an interval can be told from a limit.

A level or a ratio has a t-interval on logarithms, whose half-width goes with
t(n - 1) / sqrt(n). From the half-width that n blocks have and from the distance
between figure and limit follows the number at which the half-width is two
thirds of that distance. Two thirds, since the figure of the new blocks lies
elsewhere: the half-width is about two standard errors, so that a third of the
distance is one of them, and five of six such plans come out decided.
"""

import math

SHARE = 2 / 3  # of the distance, for the half-width
MOST = 1000
# Student's t, two-sided 95 %, for 1 to 30 degrees of freedom.
T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def student(degrees: int) -> float:
    """The t that holds 95 % in the middle. Beyond the table the first term of
    the expansion in 1 / degrees (Abramowitz and Stegun 26.7.5)."""
    if degrees <= len(T_975):
        return T_975[degrees - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees)


def blocks(value: float, lo: float, hi: float, n: int, limit: float) -> int | None:
    """How many blocks put the limit outside the interval of a figure that has
    `lo` to `hi` from n of them; None where more than MOST would be needed, or
    where no number can be told from a single block."""
    if n < 2 or value == limit:
        return None
    if min(lo, limit) > 0:
        value, lo, hi, limit = map(math.log, (value, lo, hi, limit))
    distance = abs(value - limit)
    half = hi - value if limit > value else value - lo
    spread = half * math.sqrt(n) / student(n - 1)
    found = range(n + 1, MOST + 1)
    return next((m for m in found if student(m - 1) * spread / math.sqrt(m) <= SHARE * distance), None)
