# SPDX-License-Identifier: MIT
"""The drivers of a decision at a load point, and their weights.

For a search, capacity replaces throughput. If there is a second load, its
latencies replace those of the load point, because the profile describes the
second load's requests.
"""

from data import capacity

WEIGHTS = {
    "throughput_per_s": 0.35,
    "latency": 0.25,
    "memory_total_bytes": 0.2,
    "cpu_per_request_ns": 0.2,
}
LATENCIES = ("latency_p99_ns", "latency_p50_ns", "latency_mean_ns")
BESIDE = ("beside_p99_ns", "beside_max_ns")  # latencies of a second load


def latency_kind(point: dict) -> str:
    """The latency kind of the profile's requests; a second load is an open loop."""
    return "response" if point.get("beside") else point.get("latency_kind") or "service"


def latencies(point: dict) -> tuple[str, ...]:
    return BESIDE if point.get("beside") else LATENCIES


def speed(point: dict) -> str:
    return capacity.NAME if capacity.is_search(point) else "throughput_per_s"


def names(point: dict) -> list[str]:
    others = [n for n in WEIGHTS if n not in ("throughput_per_s", "latency")]
    return [speed(point), *others, *latencies(point)]
