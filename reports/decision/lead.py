# SPDX-License-Identifier: MIT
"""Who leads on a metric, by how much and how surely, read from the comparisons.

The model with the best level is compared with every other contender by the
stored verdicts. A model leads only if all others are clearly behind; models that
do not differ tie; if an interval cannot decide, the leader cannot be told.
Yardsticks take no part. A model that misses a limit of the profile at the load
point is set apart. If all models miss a limit, the limits are disregarded and
the report says so.
"""

from dataclasses import dataclass, field

from data.metrics import Metric, metric
from data.results import Run, bounds_told
from decision import limits

HEADLINES = (
    "throughput_per_s",
    "latency_p99_ns",
    "cpu_per_request_ns",
    "memory_total_bytes",
)


@dataclass
class Lead:
    """kind: none, alone, leads, tie, unclear."""

    kind: str
    metric: Metric
    best: str | None = None
    level: dict | None = None
    ties: list[str] = field(default_factory=list)  # models that tie with the best
    unclear: list[dict] = field(default_factory=list)  # comparisons of best with others
    ahead: dict | None = None  # comparison of best with the next that is behind
    behind: list[str] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)
    why: dict[str, list[str]] = field(default_factory=dict)  # reason -> models without a figure
    margin: float = 0.05
    blocked: list[str] = field(default_factory=list)  # models with too many invalid trials
    n: int = 0
    apart: dict[str, list[str]] = field(default_factory=dict)  # limit -> models that miss it
    regardless: list[str] = field(default_factory=list)  # limits that all miss

    @property
    def shown(self) -> str:
        """The best level as text, marked if it is a bound."""
        return self.metric.sign(self.level) + self.metric.show(self.level["value"])

    @property
    def blocks_needed(self) -> int | None:
        """The blocks that would settle all unclear comparisons, if known."""
        needed = [row.get("blocks_needed") for row in self.unclear]
        return max((n for n in needed if n), default=None)

    @property
    def bounded(self) -> list[str]:
        """Models that no number of blocks would tell from the best, because
        something other than the server was the limit."""
        return [row["b"] for row in self.unclear if row.get("generator_bound")]

    @property
    def limit(self) -> str:
        """What was the limit instead of the server, in words."""
        return bounds_told(self.unclear)

    @property
    def advantage(self) -> dict | None:
        """The lead as a factor above one, with its interval."""
        if not self.ahead or not self.ahead.get("ratio"):
            return None
        row = self.ahead
        if self.metric.higher_is_better:
            return {"value": row["ratio"], "lo": row["lo"], "hi": row["hi"]}
        turned = {"value": 1 / row["ratio"], "lo": None, "hi": None}
        if row["lo"] and row["hi"]:
            turned.update(lo=1 / row["hi"], hi=1 / row["lo"])
        return turned


def _best(known: dict[str, float], higher_is_better: bool) -> str:
    """The model with the best level; among equals, the one that the last lines of a
    run name."""
    if higher_is_better:
        return max(known, key=lambda m: known[m])
    return min(reversed(known), key=lambda m: known[m])


def set_apart(run: Run, experiment: dict, point: dict) -> dict[str, str]:
    """The models that miss a limit of the profile at a load point, with that limit;
    none if all models miss one."""
    found = limits.missed(run, experiment, point)
    contenders = run.models_of(experiment["name"], point, yardsticks=False)
    return found if len(found) < len(contenders) else {}


def reference(run: Run, experiment: dict, point: dict, name: str) -> str | None:
    """The model that ratios at a load point are against: the one that the profile's
    decision names; without a decision the experiment's baseline; else the leader."""
    models = run.models_of(experiment["name"], point, yardsticks=False)
    winner = run.winners.get(experiment["name"])
    base = winner or experiment.get("baseline")
    return base if base in models else lead(run, experiment, point, name).best


def lead(run: Run, experiment: dict, point: dict, name: str) -> Lead:
    kind = metric(name)
    key = experiment["name"]
    apart, missed = set_apart(run, experiment, point), limits.missed(run, experiment, point)
    models = [m for m in run.models_of(key, point, yardsticks=False) if m not in apart]
    levels = {m: run.level(key, point["id"], m, name) for m in models}
    known = {m: row["value"] for m, row in levels.items() if row}
    result = Lead("none", kind, margin=experiment.get("margin") or 0.05)
    result.unmeasured = [m for m in models if m not in known]
    for m, words in apart.items():
        result.apart.setdefault(words, []).append(m)
    result.regardless = [] if apart else list(dict.fromkeys(missed.values()))
    for m in result.unmeasured:
        row = run.summary.get((key, point["id"], m, name)) or {}
        if row.get("why"):
            result.why.setdefault(row["why"], []).append(m)
    if not known:
        return result
    best = _best(known, kind.higher_is_better)
    result.best, result.level, result.n = best, levels[best], levels[best]["n"]
    result.blocked = [m for m in known if run.too_many_invalid(key, point["id"], m, name)]
    rest = sorted((m for m in known if m != best), key=lambda m: known[m])
    if kind.higher_is_better:
        rest.reverse()
    if not rest:
        result.kind = "alone"
        return result
    for other in rest:
        row = run.ratio(key, point["id"], name, best, other)
        if row and row.get("margin"):
            result.margin = round(row["margin"], 4)  # includes the noise floor
        verdict = row["verdict"] if row else None
        if best in result.blocked or other in result.blocked:
            verdict = None
        if verdict in ("same", "negligible"):
            result.ties.append(other)
        elif verdict == "better":
            result.behind.append(other)
            result.ahead = result.ahead or row
        else:
            result.unclear.append(row or {"a": best, "b": other, "ratio": None})
    result.kind = "unclear" if result.unclear else "tie" if result.ties else "leads"
    return result


def leads(run: Run, experiment: dict, point: dict) -> list[Lead]:
    """The leads on the headline metric and then on the other common metrics."""
    first = point.get("headline") or "throughput_per_s"  # the harness's choice
    if first == "capacity_per_s":  # a search has no other figure at one rate
        return [lead(run, experiment, point, n) for n in (first, "capacity_conservative_per_s")]
    names = [first, *(n for n in HEADLINES if n != first)]
    return [lead(run, experiment, point, n) for n in names]
