# SPDX-License-Identifier: MIT
"""Stored results that look like a run's, for the report's tests.

`write(directory, *experiments)` stores a run of synthetic but plausible numbers;
equal seeds give equal files. Levels follow the laws (C/D, W/D, P/c)
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

import modes
from asked import BLOCKS, EXPERIMENTS, KIB, KINDS, MIB, MODELS
from summarised import comparison, metrics_of, summary_row

RUN_ID = "20261121T031500Z-1f2e"
OPEN = ("open", "soak", "idle")
IDLE = 0.4  # an idle connection's share of a busy one's bytes
SHARES = (0.45, 0.2, 0.05, 0.15, 0.1)  # of each memory kind, bottom first


def law(model, where):
    """(throughput, service time in ns, CPU per request in ns, law's bound)"""
    connections, wait = where["load"]["connections"], where["wait_ns"]
    cpu = MODELS.get(model, (0, 0, 0, 0, 8e3))[4]
    work = {"spin": 2e6, "mixed": 0.5e6}.get(where["workload"], 0)
    if where["beside"]:
        work = 50e6
    if where["load"]["mode"] in OPEN:  # one queue, M/M/1, two CPUs for threads
        cpu += 0.5e6
        rate, most = where["load"]["rate_per_s"], 1e9 / cpu
        most *= 1.4 if model == "thread-per-request" else 1
        seen = cpu / (1 - rate / most) if rate < most else 5e8
        return min(rate, most), seen, cpu, most
    slots = {"serial": 1, "process-pool": 16}.get(model, connections)
    slots = min(slots, connections)
    cores = 2 if model in ("thread-per-request", "process-pool") and work else 1
    bound = min(
        slots * 1e9 / (wait + work) if wait + work else 1e12, cores * 1e9 / (cpu + work)
    )
    x = bound * 0.985
    return x, connections * 1e9 / x, cpu + work, bound


def histogram_rows(rng, count, service, tail):
    """The percentile rows of a shifted exponential distribution, and its .hgrm lines."""
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


def latency(rng, count, service, tail):
    rows, text = histogram_rows(rng, count, service, tail)
    block = {
        "count": count,
        "mean_ns": int(service * 1.01),
        "max_ns": int(service * 1.1),
    }
    return dict(block, percentiles=rows), text


def platform(block):
    """The lateness of the machine itself."""
    lateness = {50: 6e3, 90: 15e3, 99: 60e3, 99.9: 400e3}
    rows = [{"p": p, "ns": int(v * (1 + 0.1 * block))} for p, v in lateness.items()]
    seen = {"count": 40000, "mean_ns": 9000, "max_ns": 2_000_000, "percentiles": rows}
    more = {"realtime": True, "missed": 0, "speed_per_us": 1.0, "cost_ns": 1_000_000}
    return seen | {"cpus": 2} | more


def second_load(rng, where, model, noise):
    """The second load of a trial, which under a loop waits for the job."""
    if not where["beside"]:
        return None
    worst = 50e6 if model == "event-loop" else 0.4e6
    seen = {"count": 200, "max_ns": round(worst * noise * 1.2), "percentiles": []}
    requests = {"scheduled": 200, "ok": 200}
    return dict(where["beside"], requests=requests, latency=seen, p99_ns=worst * noise)


def capacity(where, model, most):
    """The result of a search: serial cannot keep the limit, and the generator reaches
    its own limit before the process pool does."""
    if where["load"]["mode"] != "search":
        return None
    cannot, least = model == "serial", model == "process-pool"
    found = None if cannot else 0.8 * most

    def step(phase, rate, good):
        more = {"achieved_per_s": rate or most, "quantile_ns": 50_000_000}
        told = {"phase": phase, "verdict": "pass" if good else "fail", "rate_per_s": rate}
        return told | more | {"error_share": 0.0, "why": None}

    steps = [step("ceiling", None, True), step("floor", 0.1 * most, not cannot)]
    for i in range(0 if cannot else 20):
        steps.append(step("staircase", found * 1.03 ** (i % 2), i % 2 == 0))
    return {
        "slo": where["slo"],
        "percentile": 99,
        "limit_ns": 60_000_000,
        "estimate_per_s": found,
        "conservative_per_s": found and 0.97 * found,
        "last_success": found,
        "first_failure": 0.1 * most if cannot else 1.03 * found,
        "at_least": least,
        "limit": "generator" if least else None,
        "cannot_meet": cannot,
        "ceiling_per_s": most,
        "steps": steps,
    }


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
    """A moment without a request in flight."""
    names = ("user", "kernel_stack", "page_table", "slab", "socket")
    kinds = {f"{k}_bytes": int(total * share) for k, share in zip(names, SHARES)}
    more = {"rss_sum_bytes": int(rss), "pss_sum_bytes": kinds["user_bytes"]}
    return {"total_bytes": int(total), **kinds, **more, "threads": 1, "processes": 1}


def slopes(experiment):
    """The slopes of a sweep, by the law that made its trials."""
    points = experiment["load_points"]
    counts = {p["load"]["connections"] for p in points}
    if len({p["section"] for p in points}) > 1 or len(counts) < 3:
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
    x, waited, cpu, bound = law(model, where)
    is_open = where["load"]["mode"] in OPEN
    x, cpu = x * (1 if is_open else noise), cpu / noise
    n = where["load"]["connections"]
    done = max(int(x * where["window_ns"] / 1e9), 1)
    service = waited / noise if is_open else n * 1e9 / x
    seen, text = latency(rng, done, service, service if is_open else service * 0.01)
    errors = {"wrong": 0, "http_error": 0, "io_error": 0, "timeout": 0}
    steps = where["parameters"].get("steps")  # 0.99 ns each, on two CPUs
    bare = {"processes": 2, "per_s": 2e9 / (0.99 * steps)} if steps else None
    searched = capacity(where, model, x)
    more = {"capacity": searched} if searched else {}
    made = identity(experiment, where, model, block) | more | {
        "window_ns": where["window_ns"],
        "throughput_per_s": x,
        "requests": {"scheduled": done, "ok": done, **errors},
        "failure": None,
        "connections": {"asked": n, "open": n, "in_flight_max": n},
        "latency": {"kind": where["latency_kind"], "response": seen, "service": seen, "lag": seen},
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
        "series": {"step_ns": 100000000, "completed": [180, 201], "tenths": [
            {"requests": 20, "p50_ns": None, "p90_ns": None, "p99_ns": None}] * 10},
        "overloaded": is_open and x < 0.99 * where["load"]["rate_per_s"],
        "platform": platform(block) if is_open else None,
        "prediction": {
            "law": "closed loop",
            "throughput_per_s": bound,
            "residual": x / bound - 1,
        },
    }
    modes.add(rng, where, model, made)
    return text, made


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
            first = next((t for t in trials if t["load_point"] == where["id"]), trials[0])
            names = [m for m in metrics_of(first) if where["beside"] or "beside" not in m]
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
    """The run, its trials and .hgrm texts by trial id, not yet on disk."""
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


def selftest():
    """A result of `troika selftest` with one test as expected and one failed."""
    planted = {
        "stall": ("latency", "a stop of 5 s", "p75 2.5 s", "p75 2.49 s", True),
        "closed": ("mutant", "a generator that waits", "caught", "not caught", False),
    }
    tests = [
        {
            "name": name,
            "group": group,
            "planted": what,
            "caught_by": "response time",
            "expected": expected,
            "seen": seen,
            "pass": good,
            "skipped": None,
            "attempts": 1 if good else 2,
            "duration_ns": 10**10,
            "stalls": {"p99_ns": 60_000, "max_ns": 400_000},
            "checks": [],
        }
        for name, (group, what, expected, seen, good) in planted.items()
    ]
    return {
        "schema_version": 1,
        "kind": "selftest",
        "tool_version": "v0-12-gabc",
        "variant": "release",
        "started_at": "2026-11-21T03:00:00Z",
        "ended_at": "2026-11-21T03:01:00Z",
        "tests": tests,
        "passed": 1,
        "failed": 1,
        "skipped": 0,
    }


def store(directory, run, trials, texts):
    """Writes a run whose plan lists the given trials."""
    path = Path(directory)
    known = {t["trial_id"] for t in trials}
    run["plan"] = [row for row in run.get("plan") or [] if row["trial_id"] in known]
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
