# SPDX-License-Identifier: MIT
"""Facts that only trials of some load modes have: goodput and recovery, slices, the
drift of a soak, the time to connect.
"""

import math

SHARED = ("thread-per-request", "process-pool")  # degrade gently
PARTS = 10


def add(rng, where, model, trial):
    """Adds these facts to a synthetic trial."""
    mode = where["load"]["mode"]
    if where["load"].get("recovery_limit_ns"):
        _overload(where, model, trial)
    if mode == "slice":
        _slices(rng, where, trial)
    if mode == "soak":
        _drift(rng, where, model, trial)
    if mode == "churn":
        _connect(trial)


def _overload(where, model, trial):
    """Below 600 a second nearly all answers are within the limit; above, a queue forms
    that the loop cannot work off in the time allowed."""
    asked = where["load"]["rate_per_s"]
    late = max(asked / 600 - 1, 0)
    within = asked * 0.99 if not late else 600 / (1 + 3 * late) * (1 if model in SHARED else 0.4)
    limit = where["load"]["recovery_limit_ns"]
    took = round(late * 2e9) if model in SHARED or late < 0.5 else None
    seconds = where["window_ns"] / 1e9
    trial["throughput_per_s"] = min(asked, 600)
    trial["goodput"] = {
        "slo": where["slo"],
        "limit_ns": 60_000_000,
        "within": round(within * seconds),
        "per_s": within * (1 - 0.001 * trial["block"]),
    }
    trial["recovery"] = {
        "recovery_ns": took,
        "unloaded_p50_ns": 11_900_000,
        "limit_ns": limit,
        "probes": 8,
        "words": "made up",
    }


def _slices(rng, where, trial):
    made = where["load"]["slices"]
    counted = made["slice_ns"] - made["discard_ns"]
    rate, each = trial["throughput_per_s"], trial["cpu"]["per_request_ns"]
    trial["slices"] = []
    for i in range(made["count"]):
        done = max(round(rate * counted / 1e9 * math.exp(rng.gauss(0, 0.05))), 1)
        trial["slices"].append(
            {
                "started_ns": i * made["slice_ns"] * 4,
                "counted_ns": counted,
                "completed": done,
                "cpu_ns": round(done * each),
                "idle_cpu_ns": 0,
            }
        )


def _drift(rng, where, model, trial):
    """Threads leak 6 MiB an hour, the other models nothing."""
    leak = 6 * 2**20 if model == "thread-per-request" else 0
    hours = where["window_ns"] / 3600e9
    base = trial["memory"]["total_bytes"]
    parts = [
        {
            "memory_bytes": base + leak * hours * (i + 0.5) / PARTS + rng.gauss(0, 2e4),
            "requests": 12_000,
            "p50_ns": 10_100_000,
            "p99_ns": 10_900_000 + round(rng.gauss(0, 2e5)),
        }
        for i in range(PARTS)
    ]
    still = {"per_hour": 0.0, "lo": -1e5, "hi": 1e5, "margin_per_hour": 3e6}
    none = still | {"verdict": "none", "words": "no drift seen (made up)"}
    grows = still | {"per_hour": float(leak), "lo": 5e6, "hi": 7e6}
    grows |= {"verdict": "grows", "words": "grows by 6.0 MiB per hour (made up)"}
    memory = grows if leak else none
    trial["drift"] = {"parts": parts, "memory": memory, "latency_p50": none, "latency_p99": none}


def _connect(trial):
    whole = trial["latency"]["service"]
    connect = {"count": whole["count"], "mean_ns": round(0.3 * whole["mean_ns"])}
    connect |= {"max_ns": whole["max_ns"], "percentiles": []}
    trial["latency"]["connect"] = connect


def metrics(trial):
    """The metrics that only these trials have."""
    found, load = {}, trial["cell"]["load"]
    if trial.get("goodput"):
        found["goodput_per_s"] = trial["goodput"]["per_s"]
        found["recovery_ns"] = trial["recovery"]["recovery_ns"]
    if load["mode"] == "churn":
        found["latency_connect_mean_ns"] = trial["latency"]["connect"]["mean_ns"]
    if load["mode"] == "idle":
        memory, n = trial["memory"], trial["connections"]["open"]
        grown = memory["open"]["total_bytes"] - memory["idle"]["total_bytes"]
        found["memory_per_idle_connection_bytes"] = grown / n
    return found
