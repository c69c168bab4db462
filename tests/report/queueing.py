# SPDX-License-Identifier: MIT
"""Runs of shipped experiments from a small queueing model: one server CPU, waits that
cost nothing, pools that hold a worker for the length of a request. The model also gives
the true figures at a profile, so that a decision made from the run can be checked.

`World(spread=0)` serves in constant times: a closed loop of N has
max(W + S, N S, N (W + S) / workers) as every answer's time. `spread=1` has exponential
ones: mean value analysis of a delay and a CPU (Reiser and Lavenberg 1980), with
no more in it than there are workers.
"""

import configparser
import itertools
import math
import re
from pathlib import Path

from asked import MIB

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"": 1, "k": 1e3, "M": 1e6, "us": 1e3, "ms": 1e6, "s": 1e9, "%": 0.01}
BLOCKS = 6
# workers (None: no limit), CPU of serving in ns, memory at rest and per request at once
MODELS = {
    "serial": (1, 12e3, 1.1 * MIB, 9e3),
    "thread-per-request": (None, 46e3, 1.2 * MIB, 40e3),
    "thread-per-connection": (None, 31e3, 1.2 * MIB, 40e3),
    "event-loop": (None, 15e3, 1.5 * MIB, 12e3),
    "event-loop-per-core": (None, 15e3, 1.6 * MIB, 12e3),
    "process-per-request": (None, 260e3, 1.5 * MIB, 150e3),
    "process-pool": (3, 17e3, 4.9 * MIB, 11e3),
    "thread-pool": (3, 21e3, 2.0 * MIB, 11e3),
}
POOLS = ("process-pool", "thread-pool")


def number(text):
    found = re.fullmatch(r"([\d.]+)\s*(\w*|%)", text.strip().removesuffix("/s"))
    return float(found[1]) * UNITS[found[2]]


class World:
    """The cost of serving, by model, and of a step of computing."""

    def __init__(self, spread=0, step_ns=1.5, scale=1.0):
        self.spread, self.step_ns, self.scale = spread, step_ns, scale

    def serving(self, model):
        return MODELS[model][1] * self.scale

    def memory(self, model, connections):
        _, _, rest, each = MODELS[model]
        return rest + each * connections

    def closed(self, model, wait, work, connections, workers=None):
        """(rate in ns^-1, p99 in ns) of N requests at once."""
        cpu = work + self.serving(model)
        slots = workers or MODELS[model][0] or connections
        inside = min(slots, connections)
        if not self.spread:
            rate = min(inside / (wait + cpu), 1 / cpu)
            return rate, connections / rate
        queue = rate = 0.0
        for n in range(1, inside + 1):
            time = cpu * (1 + queue)
            rate = n / (wait + time)
            queue = rate * time
        return rate, 1.3 * connections / rate

    def open(self, model, wait, work, rate, window, workers=None):
        """(rate, mean, p99, overloaded) of arrivals at a rate in ns^-1."""
        cpu = work + self.serving(model)
        slots = workers or MODELS[model][0]
        most = min(1 / cpu, slots / (wait + cpu) if slots else 1.0)
        if rate < 0.98 * most:
            queue = rate / most / (1 - rate / most) / most / 2
            return rate, wait + cpu + queue, wait + cpu + 4.6 * queue, False
        late = window * (1 - most / rate)
        return most, wait + cpu + late / 2, wait + cpu + late, rate > 1.01 * most


def load_points(name):
    """The load points of a shipped experiment, in order, as in run.json."""
    parser = configparser.ConfigParser(inline_comment_prefixes=("#", ";"), interpolation=None)
    parser.read(ROOT / f"harness/experiments/{name}.ini", encoding="utf-8")
    found = []
    for section in parser.sections():
        if section.startswith("cell "):
            keys = dict(parser["experiment"]) | dict(parser[section])
            lists = {k: keys[k].split(",") for k in ("connections", "steps", "rate") if k in keys}
            lists = {k: v for k, v in lists.items() if k != "rate" or keys.get("mode") == "open"}
            for items in itertools.product(*lists.values()):
                found.append(_point(section[5:], keys, dict(zip(lists, items)), lists))
    return found


def _point(section, keys, values, lists):
    many = [f"{k}{v.strip()}" for k, v in values.items() if len(lists[k]) > 1]
    workload, is_open = keys["workload"], keys.get("mode") == "open"
    wait = number(keys.get("delay", "0ms")) if workload in ("fetch", "mixed") else 0
    steps = number(values["steps"]) if workload in ("spin", "mixed") else None
    rate = number(values["rate"]) if is_open else None
    default = max(16, math.ceil(4 * rate * wait / 1e9)) if is_open else 1
    models = [m.strip() for m in keys["models"].replace("all", ",".join(MODELS)).split(",")]
    workers = {
        m: int(number(keys[f"workers.{m}"])) for m in POOLS if f"workers.{m}" in keys
    }
    kind = {"fetch": "io", "spin": "cpu", "mixed": "mixed", "hello": "io"}[workload]
    return {
        "id": "-".join([section, *many]),
        "section": section,
        "workload": workload,
        "kind": kind,
        "query": f"delay={wait}&steps={steps}",
        "parameters": {"steps": int(steps)} if steps else {},
        "load": {
            "mode": "open" if is_open else "closed",
            "connections": int(number(values["connections"])) if "connections" in values else default,
            "rate_per_s": rate,
            "think_ns": 0,
        },
        "latency_kind": "response" if is_open else "service",
        "placement": keys.get("placement", "split"),
        "workers": None,
        "asked_workers": workers,
        "wait_ns": wait,
        "window_ns": number(keys.get("window", "3s")),
        "beside": None,
        "models": [m for m in models if m in MODELS],
    }


def _row(value):
    """A row with an interval of 2 % to each side."""
    if value is None:
        return None
    return {"value": value, "lo": 0.98 * value, "hi": 1.02 * value, "n": BLOCKS, "trials": []}


def _figures(world, point, model, workers):
    """The values by metric, the longest answer, and whether it was overloaded."""
    wait, load = point["wait_ns"], point["load"]
    steps = point["parameters"].get("steps")
    work = steps * world.step_ns if steps else 0
    if load["mode"] == "open":
        args = load["rate_per_s"] / 1e9, point["window_ns"], workers
        rate, mean, high, late = world.open(model, wait, work, *args)
    else:
        rate, high = world.closed(model, wait, work, load["connections"], workers)
        mean, late = load["connections"] / rate, False
    known = rate * point["window_ns"] >= 2000
    memory = world.memory(model, load["connections"])
    figures = {
        "throughput_per_s": rate * 1e9,
        "latency_mean_ns": mean,
        "latency_p50_ns": mean * 0.99,
        "latency_p99_ns": high if known else None,
        "cpu_per_request_ns": work + world.serving(model),
        "memory_total_bytes": memory,
        "memory_per_connection_bytes": MODELS[model][3],
    }
    return figures, high * 1.01, late


def build(world, name, profile, points=None):
    """(run.json, trials, summary rows by key, comparisons by key)."""
    points = points or load_points(name)
    experiment = {"name": name, "margin": 0.05, "blocks": BLOCKS, "profile": profile}
    experiment["load_points"] = points
    trials, summary, comparisons = [], {}, {}
    for point in points:
        levels = {}
        for model in point["models"]:
            default = MODELS[model][0] if model in POOLS else None
            asked = point["workers"] if model in POOLS else None
            workers = asked or point["asked_workers"].get(model) or default
            figures, longest, late = _figures(world, point, model, workers)
            levels[model] = {k: _row(v) for k, v in figures.items()}
            trials += _trials(world, name, point, model, workers, longest, late)
            for metric, row in levels[model].items():
                if row:
                    summary[name, point["id"], model, metric] = row
        for a, b in itertools.combinations(point["models"], 2):
            for metric, row in levels[a].items():
                pair = _pair(row, levels[b][metric], metric)
                if pair:
                    comparisons[name, point["id"], metric, a, b] = dict(pair, a=a, b=b)
    models = {
        m: {"summary": m, "task": "none" if m == "serial" else "thread", "yardstick": False,
            "workers_default": MODELS[m][0] if m in POOLS else None}
        for m in MODELS
    }
    data = {"run_id": "made-up", "experiments": [experiment], "models": models}
    data |= {"complete": True, "started_at": "2026-11-21T03:15:00Z"}
    return data, trials, summary, comparisons


def _trials(world, name, point, model, workers, longest, late):
    steps = point["parameters"].get("steps")
    bare = {"processes": 1, "per_s": 1e9 / (steps * world.step_ns)} if steps else None
    one = {
        "experiment": name,
        "load_point": point["id"],
        "cell": {"model": model, "workers": workers},
        "valid": True,
        "overloaded": late,
        "bare": bare,
        "latency": {point["latency_kind"]: {"max_ns": longest, "mean_ns": longest}},
    }
    return [one | {"trial_id": f"{point['id']}-b{b}-{model}", "block": b} for b in range(1, 7)]


def _pair(a, b, metric):
    """A comparison with an interval of 2 %."""
    if not a or not b:
        return None
    ratio = a["value"] / b["value"]
    higher = metric.startswith("throughput")
    verdict = "same" if abs(math.log(ratio)) < math.log(1.05) else "worse"
    if verdict == "worse" and (ratio > 1) == higher:
        verdict = "better"
    return {"ratio": ratio, "lo": ratio * 0.98, "hi": ratio * 1.02, "n": BLOCKS, "margin": 0.05,
            "verdict": verdict}
