# SPDX-License-Identifier: MIT
"""Stored results that look like a run's, for the report's tests.

`write(directory, *experiments)` puts a run of made-up but plausible numbers
there: the same seed, the same files. Levels follow the laws (C/D, W/D, P/c)
with a few percent of noise that the models of a block share. Summary and
comparisons are computed here the way docs/results.md describes them, so that a
test can change trials first and see the report follow.

By hand: /usr/bin/python3 tests/report/stored.py DIRECTORY [quick sweep beside]
"""

import itertools
import json
import math
import random
import sys
from pathlib import Path

RUN_ID = "20261121T031500Z-1f2e"
BLOCKS = 6
T_975, T_95 = 2.571, 2.015  # Student's t for the 5 degrees of freedom of 6 blocks
KIB, MIB = 2**10, 2**20
IDLE = 0.4  # an idle connection's share of a busy one's bytes
SHARES = (0.45, 0.2, 0.05, 0.15, 0.1)  # of the kinds, bottom first
KINDS = {
    "serial": "none",
    "thread-per-request": "thread",
    "event-loop": "coroutine",
    "process-pool": "process",
    "null": "none",
}
# bytes: at rest, per connection; RSS: at rest, per connection; CPU per request
MODELS = {
    "serial": (1.1 * MIB, 9 * KIB, 2.0 * MIB, 0.2 * KIB, 12e3),
    "thread-per-request": (1.2 * MIB, 40 * KIB, 2.4 * MIB, 9 * KIB, 31e3),
    "event-loop": (1.5 * MIB, 12 * KIB, 3.1 * MIB, 4 * KIB, 14e3),
    "process-pool": (4.9 * MIB, 11 * KIB, 33 * MIB, 0.3 * KIB, 16e3),
}


def point(name, workload, kind, query, connections, wait_ns, **more):
    return {
        "id": name,
        "section": name,
        "workload": workload,
        "kind": kind,
        "query": query,
        "parameters": {"delay_ns": wait_ns},
        "load": {
            "mode": "closed",
            "connections": connections,
            "rate_per_s": None,
            "arrivals": None,
        },
        "latency_kind": "service",
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


EXPERIMENTS = {"quick": quick, "sweep": sweep, "beside": beside}


def law(model, where):
    """(throughput, service time in ns, CPU per request in ns, law's bound)"""
    connections, wait = where["load"]["connections"], where["wait_ns"]
    cpu = MODELS.get(model, (0, 0, 0, 0, 8e3))[4]
    work = {"spin": 2e6, "mixed": 0.5e6}.get(where["workload"], 0)
    if where["beside"]:
        work = 50e6
    slots = {"serial": 1, "process-pool": 16}.get(model, connections)
    slots = min(slots, connections)
    cores = 2 if model in ("thread-per-request", "process-pool") and work else 1
    bound = min(
        slots * 1e9 / (wait + work) if wait + work else 1e12, cores * 1e9 / (cpu + work)
    )
    x = bound * 0.985
    return x, connections * 1e9 / x, cpu + work, bound


def histogram_rows(rng, count, service):
    """Percentile rows of a shifted exponential, and the .hgrm lines."""
    tail = service * 0.01
    grid = [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9]
    allowed = [p for p in grid if count * (1 - p / 100) >= 20]
    rows = [
        {"p": p, "ns": int(service + tail * -math.log(1 - p / 100))} for p in allowed
    ]
    lines = ["       Value     Percentile TotalCount 1/(1-Percentile)", ""]
    steps = 200
    for i in range(1, steps + 1):
        f = 1 - 10 ** (-4 * i / steps)
        total = int(count * f)
        value = (service + tail * -math.log(1 - f)) / 1e6
        lines.append(f"{value:12.3f} {f:2.12f} {total:10d} {1 / (1 - f):14.2f}")
    lines.append(f"#[Mean = {service / 1e6:.3f}, StdDeviation = 0.000]")
    return rows, "\n".join(lines) + "\n"


def latency(rng, count, service):
    rows, text = histogram_rows(rng, count, service)
    block = {
        "count": count,
        "mean_ns": int(service * 1.01),
        "max_ns": int(service * 1.1),
    }
    return dict(block, percentiles=rows), text


def second_load(rng, where, model, noise):
    """What the second load of a trial saw; the loop makes it wait for the job."""
    if not where["beside"]:
        return None
    worst = 50e6 if model == "event-loop" else 0.4e6
    seen = {"count": 200, "max_ns": round(worst * noise * 1.2), "percentiles": []}
    requests = {"scheduled": 200, "ok": 200}
    return dict(where["beside"], requests=requests, latency=seen, p99_ns=worst * noise)


def memory(rng, model, connections):
    at_rest, each, rss_rest, rss_each, _ = MODELS.get(
        model, (MIB, 8 * KIB, 2 * MIB, 0, 0)
    )
    n = connections
    user = int(at_rest * 0.8 + each * n * 0.45)
    return {
        "total_bytes": int((at_rest + each * n) * (1 + 0.01 * rng.random())),
        "user_bytes": user,
        "kernel_stack_bytes": int(each * n * 0.2),
        "page_table_bytes": int(at_rest * 0.05),
        "slab_bytes": int(each * n * 0.15),
        "socket_bytes": int(each * n * 0.1),
        "rss_sum_bytes": int(rss_rest + rss_each * n),
        "pss_sum_bytes": user,
        "source": "cgroup-v1",
        "idle_total_bytes": int(at_rest),
        "idle": moment(at_rest, 0, rss_rest),
        "open": moment(at_rest + each * n * IDLE, n, rss_rest),
    }


def moment(total, connections, rss):
    """No request in flight."""
    names = ("user", "kernel_stack", "page_table", "slab", "socket")
    kinds = {f"{k}_bytes": int(total * share) for k, share in zip(names, SHARES)}
    more = {"rss_sum_bytes": int(rss), "pss_sum_bytes": kinds["user_bytes"]}
    return {"total_bytes": int(total), **kinds, **more, "threads": 1, "processes": 1}


def slopes(experiment):
    """Of a sweep, by the law that made its trials."""
    points = experiment["load_points"]
    if len({p["section"] for p in points}) > 1 or len(points) < 3:
        return []
    rows = []
    for model in points[0]["models"]:
        _, each, _, rss, _ = MODELS.get(model, (MIB, 8 * KIB, 2 * MIB, 0, 0))
        pers = {"idle_connection": IDLE, "request_in_flight": 1 - IDLE}
        pers |= {"busy_connection": 1}
        if model == "thread-per-request":
            pers["task"] = 1 - IDLE
        rows += [
            slope(experiment, model, per, each * share, rss * share)
            for per, share in pers.items()
        ]
    return rows


def slope(experiment, model, per, total, rss):
    def sure(value):
        return {"value": value, "lo": value * 0.98, "hi": value * 1.02}

    names = ("user", "kernel_stack", "page_table", "slab", "socket")
    kinds = {f"{k}_bytes": sure(total * s) for k, s in zip(names, SHARES)}
    kinds |= {"total_bytes": sure(total), "rss_sum_bytes": sure(rss)}
    at_rest = MODELS.get(model, (MIB,))[0]
    whole = per in ("idle_connection", "busy_connection")
    return {
        "experiment": experiment["name"],
        "section": experiment["load_points"][0]["section"],
        "model": model,
        "per": per,
        "n": BLOCKS * len(experiment["load_points"]),
        "places": len(experiment["load_points"]) + whole,
        "with": "request" if per == "task" else None,
        "base_bytes": at_rest if whole else None,
        "misfit": 0.01,
        "why": None,
        "bytes": dict(kinds, pss_sum_bytes=sure(rss * 1.1)),
    }


def identity(experiment, where, model, block):
    return {
        "schema_version": 1,
        "run_id": RUN_ID,
        "trial_id": f"{experiment['name']}-b{block}-{where['id']}-{model}",
        "experiment": experiment["name"],
        "load_point": where["id"],
        "block": block,
        "order": 1,
        "attempt": 1,
        "started_at": "2026-11-21T03:16:02Z",
        "complete": True,
        "cell": {
            "model": model,
            "workload": where["workload"],
            "query": where["query"],
            "parameters": where["parameters"],
            "workers": 16 if model == "process-pool" else None,
            "load": where["load"],
            "placement": where["placement"],
        },
        "valid": True,
        "gates": [
            {
                "id": "little",
                "value": 0.003,
                "limit": 0.02,
                "ok": True,
                "words": "Little's law",
            },
            {
                "id": "generator",
                "value": 0.21,
                "limit": 0.85,
                "ok": True,
                "words": "busy share",
            },
        ],
        "reason": None,
    }


def trial(rng, experiment, where, model, block, noise):
    """The .hgrm text and the JSON of one trial."""
    x, _, cpu, bound = law(model, where)
    x, cpu = x * noise, cpu / noise
    n = where["load"]["connections"]
    done = max(int(x * where["window_ns"] / 1e9), 1)
    seen, text = latency(rng, done, n * 1e9 / x)
    errors = {"wrong": 0, "http_error": 0, "io_error": 0, "timeout": 0}
    bare = (
        {"processes": 2, "per_s": 2e9 / 1.98e6} if where["workload"] == "spin" else None
    )
    return text, identity(experiment, where, model, block) | {
        "window_ns": where["window_ns"],
        "throughput_per_s": x,
        "requests": {"scheduled": done, "ok": done, **errors},
        "failure": None,
        "connections": {"asked": n, "open": n, "in_flight_max": n},
        "latency": {"kind": "service", "response": seen, "service": seen, "lag": seen},
        "memory": memory(rng, model, n),
        "cpu": {
            "user_ns": int(cpu * done * 0.7),
            "system_ns": int(cpu * done * 0.3),
            "per_request_ns": round(cpu),
        },
        "tasks": {"threads_max": 1, "processes_max": 1},
        "sampler": {
            "samples": 12,
            "mean_ns": 150_000,
            "max_ns": 300_000,
            "cpu_ns": 1_700_000,
            "cpu_share": 0.0006,
        },
        "switches": {"voluntary": 0, "involuntary": 0},
        "generator": {"processes": 1, "cpu_ns": 0, "busy": 0.21},
        "backend": {"model": "event-loop", "busy": 0.1, "lateness_p99_ns": 90000},
        "bare": bare,
        "beside": second_load(rng, where, model, noise),
        "series": {"step_ns": 100000000, "completed": [180, 201]},
        "prediction": {
            "law": "closed loop",
            "throughput_per_s": bound,
            "residual": x / bound - 1,
        },
    }


def metrics_of(t):
    """metric -> value or None of one trial."""
    kind = t["latency"]["kind"]
    percentiles = {r["p"]: r["ns"] for r in t["latency"][kind]["percentiles"]}
    cpu, done = t["cpu"], t["requests"]["ok"]
    memory, n = t["memory"], t["connections"]["asked"]
    second = t["beside"]
    return {
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
    pairs = [(t, metrics_of(t)[metric]) for t in trials if t["valid"]]
    pairs = [(t, v) for t, v in pairs if v]
    value, lo, hi = level([v for _, v in pairs]) if pairs else (None, None, None)
    why = None if pairs else "no valid trial has it"
    if metric == "latency_p99_ns" and not pairs and any(t["valid"] for t in trials):
        why = "fewer than 20 requests beyond it in each trial"
    return {
        "experiment": key,
        "load_point": where["id"],
        "model": model,
        "metric": metric,
        "higher_is_better": metric == "throughput_per_s",
        "n": len(pairs),
        "value": value,
        "lo": lo,
        "hi": hi,
        "min": min((v for _, v in pairs), default=None),
        "max": max((v for _, v in pairs), default=None),
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
            t["block"]: metrics_of(t)[metric] for t in by_model[model] if t["valid"]
        }
        return {block: v for block, v in rows.items() if v}

    left, right = valid(a), valid(b)
    blocks = sorted(set(left) & set(right))
    if len(blocks) < 2:
        return None
    logs = [math.log(left[i] / right[i]) for i in blocks]
    ratio, lo, hi = level([left[i] / right[i] for i in blocks])
    verdict = verdict_of(logs, margin, metric == "throughput_per_s")
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


def summarise(run, trials):
    """Fills summary, comparisons and tally of `run` from the trials."""
    run["summary"], run["comparisons"] = [], []
    for experiment in run["experiments"]:
        key = experiment["name"]
        for where in experiment["load_points"]:
            by_model = {m: [] for m in where["models"]}
            for t in trials:
                if (t["experiment"], t["load_point"]) == (key, where["id"]):
                    by_model[t["cell"]["model"]].append(t)
            names = [
                m for m in metrics_of(trials[0]) if where["beside"] or "beside" not in m
            ]
            for model, metric in itertools.product(where["models"], names):
                run["summary"].append(
                    summary_row(where, key, model, metric, by_model[model])
                )
            contenders = [m for m in where["models"] if m != "null"]
            for metric, (a, b) in itertools.product(
                names, itertools.combinations(contenders, 2)
            ):
                row = comparison(
                    where, key, experiment["margin"], metric, a, b, by_model
                )
                run["comparisons"] += [row] if row else []
    run["slopes"] = [row for e in run["experiments"] for row in slopes(e)]
    valid = sum(t["valid"] for t in trials)
    run["tally"] = {
        "planned": len(run["plan"]),
        "done": len(trials),
        "valid": valid,
        "invalid": len(trials) - valid,
    }


def build(*names):
    """(run, trials, hgrm texts by trial id), not yet on disk."""
    rng = random.Random(20261121)
    experiments = [EXPERIMENTS[n]() for n in names or ("quick",)]
    trials, texts = [], {}
    for experiment in experiments:
        for where in experiment["load_points"]:
            for block in range(1, BLOCKS + 1):
                shared = math.exp(rng.gauss(0, 0.02))
                for model in where["models"]:
                    noise = shared * math.exp(rng.gauss(0, 0.008))
                    text, t = trial(rng, experiment, where, model, block, noise)
                    trials.append(t)
                    texts[t["trial_id"]] = text
    run = {
        "schema_version": 1,
        "run_id": RUN_ID,
        "tool_version": "v0-12-gabc",
        "command": "troika bench " + " ".join(e["name"] for e in experiments),
        "started_at": "2026-11-21T03:15:00Z",
        "ended_at": "2026-11-21T03:17:10Z",
        "complete": True,
        "interrupted": None,
        "seed": 123,
        "experiments": experiments,
        "models": {
            m: {"summary": m, "task": k, "yardstick": m == "null"}
            for m, k in KINDS.items()
        },
        "plan": [
            {
                k: t[k]
                for k in ("trial_id", "experiment", "load_point", "block", "order")
            }
            | {"model": t["cell"]["model"]}
            for t in trials
        ],
        "environment": {
            "kernel": "6.1.0-18-amd64",
            "cpu_model": "Example CPU",
            "cpus": 2,
            "compiler": "gcc 12.2.0",
            "cflags": "-O2",
            "variant": "release",
            "governor": "not exposed",
            "limits": {"nofile": 20000},
        },
    }
    summarise(run, trials)
    return run, trials, texts


def store(directory, run, trials, texts):
    path = Path(directory)
    (path / "trials").mkdir(parents=True, exist_ok=True)
    for t in trials:
        text = json.dumps(t, indent=1)
        (path / "trials" / f"{t['trial_id']}.json").write_text(text)
        (path / "trials" / f"{t['trial_id']}.hgrm").write_text(texts.get(t["trial_id"], ""))
    (path / "run.json").write_text(json.dumps(run, indent=1))
    return path


def write(directory, *names):
    return store(directory, *build(*names))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write(sys.argv[1], *sys.argv[2:])
