# SPDX-License-Identifier: MIT
"""Rows of a synthetic run's summary and comparisons, computed from its trials as
docs/results.md describes.
"""

import math
import statistics

import modes

HIGHER = ("throughput", "capacity", "goodput")  # is better
T_975, T_95 = 2.571, 2.015  # Student's t for the 5 degrees of freedom of 6 blocks


def metrics_of(t):
    """The metrics of one trial: name -> value or None."""
    kind = t["latency"]["kind"]
    percentiles = {r["p"]: r["ns"] for r in t["latency"][kind]["percentiles"]}
    cpu, done = t["cpu"], t["requests"]["ok"]
    memory, n = t["memory"], t["connections"]["asked"]
    second, searched = t["beside"], t.get("capacity")
    if searched:
        figures = not searched["at_least"] and not searched["cannot_meet"]
        return {
            "capacity_per_s": searched["estimate_per_s"] if figures else None,
            "capacity_conservative_per_s": searched["conservative_per_s"] if figures else None,
        }
    figures = {
        "throughput_per_s": t["throughput_per_s"],
        "latency_mean_ns": t["latency"][kind]["mean_ns"],
        "latency_p50_ns": percentiles.get(50),
        "latency_p99_ns": percentiles.get(99),
        "cpu_per_request_ns": cpu["per_request_ns"],
        "cpu_user_per_request_ns": cpu["user_ns"] / done,
        "cpu_system_per_request_ns": cpu["system_ns"] / done,
        "memory_total_bytes": memory["total_bytes"],
        "memory_per_connection_bytes": (
            memory["total_bytes"] - memory["idle_total_bytes"]
        )
        / n,
        "beside_p99_ns": second and second["p99_ns"],
        "beside_max_ns": second and second["latency"]["max_ns"],
    }
    if t["cell"]["load"]["mode"] == "slice":
        return {k: figures[k] for k in ("throughput_per_s", "cpu_per_request_ns")}
    return figures | modes.metrics(t)


def gone(t, metric):
    """The words of the gate that withholds the metric from a trial, or None."""
    figures = {"throughput": "throughput", "cpu": "cpu", "memory": "memory"}
    figure = figures.get(metric.split("_")[0], "latency")
    rows = [r for r in t.get("withheld") or [] if r["figure"] == figure]
    return rows[0]["words"] if rows else None


def level(values):
    logs = [math.log(v) for v in values]
    n, mean = len(logs), sum(logs) / len(logs)
    lo = hi = None
    if n > 1:
        sd = math.sqrt(sum((x - mean) ** 2 for x in logs) / (n - 1))
        lo, hi = mean - T_975 * sd / math.sqrt(n), mean + T_975 * sd / math.sqrt(n)
        lo, hi = math.exp(lo), math.exp(hi)
    return math.exp(mean), lo, hi


def summary_row(where, key, model, metric, trials):
    lost = [gone(t, metric) for t in trials if t["valid"] and gone(t, metric)]
    pairs = [
        (t, metrics_of(t)[metric]) for t in trials if t["valid"] and not gone(t, metric)
    ]
    pairs = [(t, v) for t, v in pairs if v]
    value, lo, hi = level([v for _, v in pairs]) if pairs else (None, None, None)
    why = None if pairs else "no valid trial has it"
    if metric == "latency_p99_ns" and not pairs and any(t["valid"] for t in trials):
        why = "fewer than 20 requests beyond it in each trial"
    if lost and not pairs:
        why = f"withheld: {lost[0]}"
    return {
        "experiment": key,
        "load_point": where["id"],
        "model": model,
        "metric": metric,
        "higher_is_better": metric.startswith(HIGHER),
        "n": len(pairs),
        "value": value,
        "lo": lo,
        "hi": hi,
        "min": min((v for _, v in pairs), default=None),
        "max": max((v for _, v in pairs), default=None),
        "log_sd": statistics.stdev(math.log(v) for _, v in pairs) if pairs[1:] else None,
        "invalid": sum(not t["valid"] for t in trials),
        "why": why,
        "trials": [t["trial_id"] for t, _ in pairs],
    }


def verdict_of(logs, margin, higher):
    n, mean = len(logs), sum(logs) / len(logs)
    sd = math.sqrt(sum((x - mean) ** 2 for x in logs) / (n - 1))
    half, half90 = T_975 * sd / math.sqrt(n), T_95 * sd / math.sqrt(n)
    edge = math.log(1 + margin)
    if abs(mean) > half and abs(mean) > edge:
        return "better" if (mean > 0) == higher else "worse"
    if abs(mean) + half90 < edge:
        return "same"
    return "negligible" if abs(mean) > half else "inconclusive"


def comparison(where, key, margin, metric, a, b, by_model):
    def valid(model):
        rows = {
            t["block"]: metrics_of(t)[metric]
            for t in by_model[model]
            if t["valid"] and not gone(t, metric)
        }
        return {block: v for block, v in rows.items() if v}

    left, right = valid(a), valid(b)
    blocks = sorted(set(left) & set(right))
    if len(blocks) < 2:
        return None
    logs = [math.log(left[i] / right[i]) for i in blocks]
    ratio, lo, hi = level([left[i] / right[i] for i in blocks])
    verdict = verdict_of(logs, margin, metric.startswith(HIGHER))
    return {
        "experiment": key,
        "load_point": where["id"],
        "metric": metric,
        "a": a,
        "b": b,
        "n": len(blocks),
        "ratio": ratio,
        "lo": lo,
        "hi": hi,
        "signed_rank_p": 0.031,
        "margin": margin,
        "verdict": verdict,
        "words": f"{a} against {b}: {ratio:.3f}, {verdict}",
        "trials": [],
    }
