# SPDX-License-Identifier: MIT
"""Conditions of a verdict: comparisons of figures' intervals with limits.

    every concurrent <= 3.15s and serial >= 5.9s

A comparison holds if the whole 95 % interval satisfies it, fails if none of the
interval does, and cannot be told if the interval includes the limit. For a figure
with several elements (models, load points), `every` or `some` says how many must
satisfy the comparison; a bare name, allowed for one model, means `every`.
Comparisons are joined by `and` or by `or`, never both. There is no arithmetic.
"""

import itertools
import re
from dataclasses import dataclass

YES, NO, UNSURE, NONE = "yes", "no", "cannot tell", "no figure"

COMPARISON = re.compile(
    r"(?:(every|some)\s+)?([a-z][\w-]*)\s*(<=|>=|<|>|\bin\b|\boutside\b)\s*(\S+)"
)
QUANTITY = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|ms|s|min|B|KiB|MiB|GiB|/s|%)?")
# unit -> (what the unit measures, factor to the stored unit)
UNITS = {
    "ns": ("time", 1.0),
    "us": ("time", 1e3),
    "ms": ("time", 1e6),
    "s": ("time", 1e9),
    "min": ("time", 60e9),
    "B": ("size", 1.0),
    "KiB": ("size", 2.0**10),
    "MiB": ("size", 2.0**20),
    "GiB": ("size", 2.0**30),
    "/s": ("rate", 1.0),
    "%": ("number", 0.01),
    None: ("number", 1.0),
}
POINTS_TRIED = 300_000


class ConditionError(Exception):
    """What is wrong with a condition, in words."""


@dataclass(frozen=True)
class Comparison:
    text: str
    some: bool
    figure: str
    sign: str
    limits: tuple[float, ...]
    plural: bool = False  # `every` or `some` is written

    def of(self, lo: float, hi: float) -> str:
        """Whether an interval satisfies the comparison."""
        if self.sign == "outside":
            return {YES: NO, NO: YES, UNSURE: UNSURE}[self._inside(lo, hi)]
        if self.sign == "in":
            return self._inside(lo, hi)
        limit = self.limits[0]
        holds, fails = {
            "<": (hi < limit, lo >= limit),
            "<=": (hi <= limit, lo > limit),
            ">": (lo > limit, hi <= limit),
            ">=": (lo >= limit, hi < limit),
        }[self.sign]
        return YES if holds else NO if fails else UNSURE

    def _inside(self, lo: float, hi: float) -> str:
        low, high = self.limits
        if low <= lo and hi <= high:
            return YES
        return NO if hi < low or lo > high else UNSURE

    def truth(self, intervals) -> str:
        """Whether a figure's elements, each an interval or None, satisfy the
        comparison."""
        found = [self.of(*x) if x else NONE for x in intervals]
        decided, other = (YES, NO) if self.some else (NO, YES)
        if decided in found:
            return decided
        if NONE in found:
            return NONE
        return UNSURE if UNSURE in found else other


@dataclass(frozen=True)
class Condition:
    text: str
    either: bool  # joined by `or`
    comparisons: tuple[Comparison, ...]

    def truth(self, figures: dict) -> str:
        """Whether the condition holds. `figures` maps names to the intervals of their
        elements; an optional figure without elements is skipped."""
        found = [c.truth(figures[c.figure]) for c in self.comparisons if figures[c.figure]]
        if not found:
            return NO
        decided, other = (YES, NO) if self.either else (NO, YES)
        for truth in (decided, NONE, UNSURE):
            if truth in found:
                return truth
        return other


def quantity(text: str, kind: str) -> float:
    """The number, as results store it, of a text such as 3.15s, 64KiB or 95%."""
    found = QUANTITY.fullmatch(text)
    if not found:
        raise ConditionError(f"“{text}” is no quantity like 3.15s, 64KiB, 3.2/s or 1.8")
    measured, factor = UNITS[found[2]]
    if measured != kind:
        raise ConditionError(f"“{text}” is a {measured}, the figure is a {kind}")
    return float(found[1]) * factor


def parse(text: str, kinds: dict) -> Condition:
    """Parses a condition. `kinds` maps figures to what they measure (time, size,
    rate, number)."""
    words = " ".join(text.split())
    either = " or " in words
    if either and " and " in words:
        raise ConditionError("a condition is joined by `and` or by `or`, not by both")
    parts = words.split(" or " if either else " and ")
    return Condition(words, either, tuple(_comparison(p, kinds) for p in parts))


def _comparison(text: str, kinds: dict) -> Comparison:
    found = COMPARISON.fullmatch(text)
    if not found:
        raise ConditionError(
            f"“{text}” is no comparison like: every NAME <= 3.15s, some NAME in 3..4"
        )
    which, name, sign, limits = found.groups()
    if name not in kinds:
        raise KeyError(name)
    texts = limits.split("..") if sign in ("in", "outside") else [limits]
    if sign in ("in", "outside") and len(texts) != 2:
        raise ConditionError(f"“{text}”: {sign} takes two limits, as in 3..4")
    values = tuple(quantity(t, kinds[name]) for t in texts)
    if list(values) != sorted(values):
        raise ConditionError(f"“{text}”: the first limit is the lower one")
    return Comparison(text, which == "some", name, sign, values, which is not None)


def covered(conditions: list[Condition], optional=frozenset()):
    """The conditions that can never be the first to hold, and figures for which no
    condition holds, or {}. The search tries values below, at, between and above
    all limits, two values at once for figures with `every` or `some`, and leaves
    out optional figures too."""
    known = [c for condition in conditions for c in condition.comparisons]
    names = sorted({c.figure for c in known})
    places = []
    for name in names:
        own = [c for c in known if c.figure == name]
        values = _places(sorted({limit for c in own for limit in c.limits}))
        number = 2 if any(c.plural for c in own) else 1
        several = itertools.combinations_with_replacement(values, number)
        places.append([[(v, v) for v in values] for values in several])
        if name in optional:
            places[-1].append([])
    left, gap = set(range(len(conditions))), {}
    for intervals in itertools.islice(itertools.product(*places), POINTS_TRIED):
        figures = dict(zip(names, intervals))
        first = next((i for i, c in enumerate(conditions) if c.truth(figures) == YES), None)
        left.discard(first)
        if first is None and not gap and any(intervals):
            gap = {name: [f"{v:g}" for v, _ in own] for name, own in figures.items()}
    return sorted(left), gap


def _places(limits: list[float]) -> list[float]:
    between = [(a + b) / 2 for a, b in zip(limits, limits[1:])]
    below = limits[0] / 2 if limits[0] > 0 else limits[0] - 1
    return [below, *limits, *between, 2 * max(limits[-1], 0.5)]
