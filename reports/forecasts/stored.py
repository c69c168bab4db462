# SPDX-License-Identifier: MIT
"""Reads a validation's file, and says which of its forecasts are misses.

Errors, coverage and baselines are in the file, and nothing of that is computed
again here. validation.json has no older version, so each name that its schema
requires must be there. again.json is of forecasts that were made once more, after
the measurements.
"""

from dataclasses import dataclass
from pathlib import Path

from data import checks, results

NAME, AGAIN = "validation.json", "again.json"
P99 = "latency_p99_ns"
P99_FACTOR = 1.25  # the goal's: a p99 counts as right within x/÷ this
QUANTITIES = ("throughput_per_s", "cpu_per_request_ns", "memory_total_bytes", "latency_p50_ns", P99)


@dataclass
class Validation:
    path: Path  # of the file
    data: dict

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def report(self) -> Path:
        """The folder of the page."""
        return self.folder / ("report" if self.path.name == NAME else f"report-{self.path.stem}")

    def of(self, quantity: str) -> list[dict]:
        """The judged residuals of a quantity."""
        return [r for r in self.data["residuals"] if r["judged"] and r["quantity"] == quantity]

    def quantities(self) -> list[str]:
        """Those with at least one residual, judged or not, in a fixed order."""
        known = {r["quantity"] for r in self.data["residuals"]}
        return [q for q in QUANTITIES if q in known]

    def errors(self, by: str, quantity: str) -> list[dict]:
        return [e for e in self.data["errors"] if e["by"] == by and e["quantity"] == quantity]

    def misses(self) -> list[dict]:
        """The worst first."""
        return sorted(filter(missed, self.data["residuals"]), key=factor, reverse=True)


def missed(row: dict) -> bool:
    """Whether a judged forecast is a miss: the file has a cause for each. What lies
    outside its band, or is a p99 without a band that is farther off than the goal
    allows, is one without a cause, too."""
    allowed = row["band"] or (P99_FACTOR if row["quantity"] == P99 else float("inf"))
    return row["judged"] and (bool(row["cause"]) or factor(row) > allowed)


def factor(row: dict) -> float:
    """The factor, at least 1, between a forecast and what was measured."""
    low, high = sorted((row["forecast"], row["measured"]))
    return high / low if low > 0 else 1.0 if high == low else float("inf")


def load(place: str | Path) -> Validation:
    """Reads a validation by its folder or by its file."""
    path = Path(place) if Path(place).suffix == ".json" else Path(place) / NAME
    if not path.exists():
        raise results.ResultsError(
            f"{path.parent}: no {path.name} in it, so this is no finished validation;"
            " `make validate` makes one in results/"
        )
    data = results.read(path)
    checks.check_schema(path, "validation", data, whole=True)
    _check(path, data)
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
    """The file that was stored last."""
    found = [path for name in (NAME, AGAIN) for path in root.glob(f"validation-*/{name}")]
    return max(found, key=lambda p: p.stat().st_mtime, default=None)
