# SPDX-License-Identifier: MIT
"""What a load point is judged by: the drivers of a decision and their weights.

Of a search the capacity stands in the place of throughput; where there is a
second load, its latencies stand in the place of the load point's own, for the
profile's requests are that one's.
"""

from data import capacity

WEIGHTS = {
    "throughput_per_s": 0.35,
    "latency": 0.25,
    "memory_total_bytes": 0.2,
    "cpu_per_request_ns": 0.2,
}
LATENCIES = ("latency_p99_ns", "latency_p50_ns", "latency_mean_ns")
BESIDE = ("beside_p99_ns", "beside_max_ns")  # the same of a second load


def latency_kind(point: dict) -> str:
    """Of the requests that the profile is about; a second load is open."""
    return "response" if point.get("beside") else point.get("latency_kind") or "service"


def latencies(point: dict) -> tuple[str, ...]:
    return BESIDE if point.get("beside") else LATENCIES


def speed(point: dict) -> str:
    return capacity.NAME if capacity.is_search(point) else "throughput_per_s"


def names(point: dict) -> list[str]:
    others = [n for n in WEIGHTS if n not in ("throughput_per_s", "latency")]
    return [speed(point), *others, *latencies(point)]
