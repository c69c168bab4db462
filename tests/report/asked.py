# SPDX-License-Identifier: MIT
"""The experiments and models of the synthetic runs."""

import re

BLOCKS = 6
KIB, MIB = 2**10, 2**20
KINDS = {
    "serial": "none",
    "thread-per-request": "thread",
    "event-loop": "coroutine",
    "process-pool": "process",
    "null": "none",
}
# memory at rest and per connection, RSS at rest and per connection, CPU per request
MODELS = {
    "serial": (1.1 * MIB, 9 * KIB, 2.0 * MIB, 0.2 * KIB, 12e3),
    "thread-per-request": (1.2 * MIB, 40 * KIB, 2.4 * MIB, 9 * KIB, 31e3),
    "event-loop": (1.5 * MIB, 12 * KIB, 3.1 * MIB, 4 * KIB, 14e3),
    "process-pool": (4.9 * MIB, 11 * KIB, 33 * MIB, 0.3 * KIB, 16e3),
}


def steps_of(query):
    """The steps in a query: {"steps": 2000000}, or {}."""
    found = re.search(r"steps=(\d+)([kM]?)", query)
    factor = {"": 1, "k": 1000, "M": 1_000_000}
    return {"steps": int(found[1]) * factor[found[2]]} if found else {}


def point(name, workload, kind, query, connections, wait_ns, **more):
    return {
        "id": name,
        "section": name,
        "workload": workload,
        "kind": kind,
        "query": query,
        "parameters": {"delay_ns": wait_ns, **steps_of(query)},
        "load": {
            "mode": "closed",
            "connections": connections,
            "rate_per_s": None,
            "arrivals": None,
        },
        "latency_kind": "service",
        "headline": "beside_p99_ns" if more.get("beside") else "throughput_per_s",
        "placement": "split",
        "workers": None,
        "warmup_ns": 300_000_000,
        "window_ns": 3_000_000_000,
        "wait_ns": wait_ns,
        "beside": None,
        "models": list(MODELS),
        **more,
    }


def quick():
    return {
        "name": "quick",
        "title": "The three classes on I/O, CPU and mixed work",
        "question": "Which model serves waiting, computing and both?",
        "baseline": "event-loop",
        "margin": 0.05,
        "blocks": BLOCKS,
        "profile": {
            "name": "typical API",
            "wait_ns": 50_000_000,
            "cpu_ns": 0,
            "connections": 100,
            "limit": "p99<100ms",
            "limit_percentile": 99,
            "limit_ns": 100_000_000,
            "memory_bytes": 512 * MIB,
        },
        "load_points": [
            point("fetch", "fetch", "io", "delay=50ms&calls=1", 100, 50_000_000),
            point("spin", "spin", "cpu", "steps=2M", 8, 0, placement="shared"),
            point("mixed", "mixed", "mixed", "delay=10ms&steps=500k", 32, 10_000_000),
        ],
    }


def sweep():
    points = [
        point(f"wait-c{n}", "wait", "io", "delay=100ms", n, 100_000_000, section="wait")
        for n in (1, 10, 100, 1000, 10000)
    ]
    for p in points:
        p["models"] = ["thread-per-request", "event-loop", "null"]
    return {
        "name": "connections",
        "title": "Memory and throughput over connections",
        "question": "What does a connection cost?",
        "baseline": "event-loop",
        "margin": 0.05,
        "blocks": BLOCKS,
        "profile": None,
        "load_points": points,
    }


def beside():
    second = {"workload": "hello", "query": "", "rate_per_s": 200.0}
    job = point(
        "hog", "spin", "cpu", "steps=50M", 1, 0, beside=second, placement="shared"
    )
    job["models"] = ["thread-per-request", "event-loop", "process-pool"]
    return {
        "name": "blocked-loop",
        "title": "A light load beside CPU work",
        "question": "Who suffers when one request computes?",
        "baseline": "event-loop",
        "margin": 0.05,
        "blocks": BLOCKS,
        "profile": None,
        "load_points": [job],
    }


def rates():
    """An open loop up to and beyond the capacity of one CPU at 500 us a request."""
    points = []
    for rate in (250, 500, 1000, 1500, 1900, 2500):
        more = {"section": "spin"}  # connections follow the rate, as by default
        p = point(f"spin-r{rate}", "spin", "cpu", "steps=500k", rate // 5, 0, **more)
        p["load"].update(mode="open", rate_per_s=float(rate), arrivals="poisson")
        p.update(latency_kind="response", headline="latency_p99_ns", window_ns=10_000_000_000)
        p["models"] = ["thread-per-request", "event-loop"]
        points.append(p)
    return {
        "name": "rates",
        "title": "p99 over the offered rate",
        "question": "How much can be asked before users wait?",
        "baseline": "event-loop",
        "margin": 0.05,
        "blocks": BLOCKS,
        "profile": {
            "name": "light jobs",
            "wait_ns": 0,
            "cpu_ns": 500_000,
            "connections": 1,
            "limit": "p99<10ms",
            "limit_percentile": 99,
            "limit_ns": 10_000_000,
            "memory_bytes": None,
        },
        "load_points": points,
    }


def search():
    """The highest rate under a limit."""
    p = point("mixed", "mixed", "mixed", "delay=10ms&steps=500k", 256, 10_000_000)
    p["load"].update(mode="search", rate_per_s=None, arrivals="poisson")
    p.update(latency_kind="response", headline="capacity_per_s", slo="p99<60ms")
    p["models"] = ["serial", "thread-per-request", "event-loop", "process-pool"]
    profile = {
        "name": "limited", "wait_ns": 10_000_000, "cpu_ns": 500_000, "connections": 12,
        "limit": "p99<80ms", "limit_percentile": 99, "limit_ns": 80_000_000,
        "memory_bytes": None,
    }
    return {
        "name": "capacity",
        "title": "Capacity under a limit",
        "question": "How much can be asked before users wait?",
        "baseline": "event-loop",
        "margin": 0.05,
        "blocks": BLOCKS,
        "profile": profile,
        "load_points": [p],
    }


def plain(name, title, points, **more):
    """An experiment without a profile."""
    return {
        "name": name,
        "title": title,
        "question": f"{title}: which model?",
        "baseline": "event-loop",
        "margin": 0.05,
        "blocks": BLOCKS,
        "profile": None,
        "load_points": points,
        **more,
    }


def overload():
    """Overload: below the capacity, a fifth above it, and twice the capacity."""
    points = []
    for rate in (300, 720, 1200):
        p = point(f"asked-r{rate}", "mixed", "mixed", "delay=10ms", 256, 10_000_000, section="asked")
        p["load"].update(
            mode="open", rate_per_s=float(rate), arrivals="poisson", recovery_limit_ns=30 * 10**9
        )
        p.update(latency_kind="response", headline="goodput_per_s", slo="p99<60ms")
        p["models"] = ["thread-per-request", "event-loop", "process-pool"]
        points.append(p)
    return plain("overload", "Goodput under overload", points)


def slices():
    p = point("hello", "hello", "io", "", 8, 0)
    p["load"].update(mode="slice", slices={"count": 10, "slice_ns": 2 * 10**8, "discard_ns": 5 * 10**7})
    return plain("slice", "Side by side", [p])


def soak():
    p = point("soak", "wait", "io", "delay=10ms", 16, 10_000_000)
    p["load"].update(mode="soak", rate_per_s=200.0, arrivals="poisson")
    p.update(latency_kind="response", headline="latency_p99_ns", window_ns=600 * 10**9)
    return plain("soak", "Ten minutes at a steady rate", [p])


def churn():
    p = point("hello", "hello", "io", "", 20, 0)
    p["load"]["mode"] = "churn"
    return plain("churn", "A new connection for every request", [p])


def idle():
    points = []
    for n in (100, 1000, 5000):
        p = point(f"sleep-c{n}", "hello", "io", "", n, 0, section="sleep")
        p["load"].update(mode="idle", rate_per_s=n / 10, arrivals="uniform")
        p.update(latency_kind="response", headline="memory_per_idle_connection_bytes")
        points.append(p)
    return plain("idle", "Connections that sleep", points)


EXPERIMENTS = {
    "quick": quick,
    "sweep": sweep,
    "beside": beside,
    "rates": rates,
    "search": search,
    "overload": overload,
    "slice": slices,
    "soak": soak,
    "churn": churn,
    "idle": idle,
}
