# SPDX-License-Identifier: MIT
"""The name of each metric of a summary, its unit and the better direction. A
metric that is missing here is shown under its stored name, so a newer harness
does not break an older report.
"""

from dataclasses import dataclass

from data import units


@dataclass(frozen=True)
class Metric:
    name: str  # as in the results
    title: str  # for a table's head
    noun: str  # for a sentence
    higher_is_better: bool
    units: tuple | None  # units.TIME, units.SIZE or None for plain numbers
    suffix: str = ""  # unit where `units` is None

    def show(self, value: float | None) -> str:
        if self.units:
            return units.with_unit(value, self.units)
        return units.digits(value) + (self.suffix if value is not None else "")

    def sign(self, row: dict) -> str:
        """The sign before a figure: ≥ or ≤ before a bound, ~ before an estimate. If
        something other than the server was the limit, the server's own figure is at
        least as good; if a part of the memory was not read, there is more of it."""
        if row.get("lower_bound"):
            return "≥ "
        if row.get("error_share"):
            return "~ "
        if not row.get("generator_bound"):
            return ""
        return "≥ " if self.higher_is_better else "≤ "

    def scale(self, values) -> tuple[float, str]:
        """The unit for a whole column or axis, and its factor."""
        if self.units:
            return units.scale_for(values, self.units)
        return 1.0, self.suffix.strip()


METRICS = {
    row[0]: Metric(*row)
    for row in (
        ("throughput_per_s", "throughput", "throughput", True, None, "/s"),
        ("capacity_per_s", "capacity", "capacity", True, None, "/s"),
        ("capacity_conservative_per_s", "conservative", "conservative capacity", True, None, "/s"),
        ("updates_kept", "updates kept", "share of the updates that were kept", True, None),
        ("goodput_per_s", "goodput", "goodput", True, None, "/s"),
        ("recovery_ns", "recovery", "time to recover", False, units.TIME),
        ("latency_mean_ns", "mean", "mean latency", False, units.TIME),
        ("latency_p50_ns", "p50", "p50 latency", False, units.TIME),
        ("latency_p99_ns", "p99", "p99 latency", False, units.TIME),
        ("latency_light_p50_ns", "light p50", "p50 latency of light requests", False, units.TIME),
        ("latency_light_p99_ns", "light p99", "p99 latency of light requests", False, units.TIME),
        ("latency_heavy_p50_ns", "heavy p50", "p50 latency of heavy requests", False, units.TIME),
        ("latency_max_ns", "slowest", "slowest answer", False, units.TIME),
        ("cpu_per_request_ns", "CPU/request", "CPU per request", False, units.TIME),
        ("cpu_user_per_request_ns", "user CPU", "user CPU per request", False, units.TIME),
        ("cpu_system_per_request_ns", "system CPU", "system CPU per request", False, units.TIME),
        ("memory_total_bytes", "memory", "memory", False, units.SIZE),
        ("memory_per_connection_bytes", "per connection", "memory per connection", False, units.SIZE),
        ("latency_connect_mean_ns", "connect, mean", "mean time to connect", False, units.TIME),
        ("memory_per_idle_connection_bytes", "per idle connection", "memory per idle connection", False, units.SIZE),
        ("standing_cpu_ns", "CPU/s, idle", "CPU per second with sleeping connections", False, units.TIME),
        ("standing_wakeups_per_s", "wake-ups, idle", "wake-ups with sleeping connections", False, None, "/s"),
        ("push_lateness_p99_ns", "push late p99", "p99 lateness of pushes", False, units.TIME),
        ("throttled_share", "throttled", "share of the time that the CPU quota held tasks back", False, None),
        ("beside_p99_ns", "second load p99", "p99 latency of the second load", False, units.TIME),
        ("beside_max_ns", "second load max", "worst latency of the second load", False, units.TIME),
    )
}


def metric(name: str) -> Metric:
    known = METRICS.get(name)
    if known:
        return known
    table = {"ns": units.TIME, "bytes": units.SIZE}.get(name.rpartition("_")[2])
    words = (name.rpartition("_")[0] if table else name).replace("_", " ")
    return Metric(name, words, words, table is None, table)
