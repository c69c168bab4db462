# SPDX-License-Identifier: MIT
"""Reads a validation's folder, and says which of its forecasts are misses.

Errors, coverage and baselines are in the file, and nothing of that is computed
again here. validation.json has no older version, so each name that its schema
requires must be there.
"""

from dataclasses import dataclass
from pathlib import Path

from data import checks, results

NAME = "validation.json"
P99 = "latency_p99_ns"
P99_FACTOR = 1.25  # the goal's: a p99 counts as right within x/÷ this
QUANTITIES = ("throughput_per_s", "cpu_per_request_ns", "memory_total_bytes", "latency_p50_ns", P99)


@dataclass
class Validation:
    path: Path
    data: dict

    def of(self, quantity: str) -> list[dict]:
        """The judged residuals of a quantity."""
        return [r for r in self.data["residuals"] if r["judged"] and r["quantity"] == quantity]

    def quantities(self) -> list[str]:
        """Those with at least one residual, judged or not, in a fixed order."""
        known = {r["quantity"] for r in self.data["residuals"]}
        return [q for q in QUANTITIES if q in known]

    def errors(self, by: str, quantity: str) -> list[dict]:
        return [e for e in self.data["errors"] if e["by"] == by and e["quantity"] == quantity]

    def goal(self, quantity: str, statistic: str) -> float | None:
        """The limit of a goal, where the file names its quantity and statistic."""
        found = (g["limit"] for g in self.data["goals"]
                 if (g.get("quantity"), g.get("statistic")) == (quantity, statistic))
        return next(found, None)

    def missed(self, row: dict) -> bool:
        """Whether a judged forecast is a miss: the file has a cause for it, or it is
        outside its band, or without a band worse than nine in ten should be."""
        if not row["judged"]:
            return False
        if row["cause"]:
            return True
        if row["band"] is not None:
            return factor(row) > row["band"]
        if row["quantity"] == P99:
            return factor(row) > P99_FACTOR
        limit = self.goal(row["quantity"], "p90")
        return limit is not None and (row["measured"] == 0 or abs(row["forecast"] / row["measured"] - 1) > limit)

    def misses(self) -> list[dict]:
        """The worst first."""
        return sorted(filter(self.missed, self.data["residuals"]), key=factor, reverse=True)


def factor(row: dict) -> float:
    """The factor, at least 1, between a forecast and what was measured."""
    low, high = sorted((row["forecast"], row["measured"]))
    return high / low if low > 0 else 1.0 if high == low else float("inf")


def load(folder: str) -> Validation:
    path = Path(folder)
    if not (path / NAME).is_file():
        raise results.ResultsError(
            f"{folder}: no {NAME} in it, so this is no finished validation; `make validate` makes one in results/"
        )
    data = results.read(path / NAME)
    checks.check_schema(path / NAME, "validation", data, whole=True)
    _check(path / NAME, data)
    return Validation(path, data)


def _check(path: Path, data: dict) -> None:
    """Refuses what contradicts itself."""
    known = {s["service"] for s in data["services"]}
    for name in ("residuals", "choices", "workers"):
        for i, row in enumerate(data[name]):
            if row["service"] not in known:
                raise results.ResultsError(f"{path}: {name}[{i}].service is {row['service']}, which services does not have")
    for i, row in enumerate(data["residuals"]):
        if row["judged"] and None in (row["forecast"], row["measured"]):
            raise results.ResultsError(f"{path}: residuals[{i}].judged is true, but a figure of it is null")


def newest(root: Path) -> Path | None:
    """The folder of the validation that was stored last."""
    found = list(root.glob(f"validation-*/{NAME}"))
    return max(found, key=lambda p: p.stat().st_mtime).parent if found else None
