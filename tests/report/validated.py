# SPDX-License-Identifier: MIT
"""A validation.json of made-up forecasts, for the tests of its page.

Forecasts follow rough laws, what was measured lies a few percent beside them, and
some figures are far off or could not be judged. Errors are summed up here as
docs/results.md describes them; equal seeds give equal files.

By hand: /usr/bin/python3 tests/report/validated.py FOLDER [quick]
"""

import json
import math
import random
import sys
from pathlib import Path

DISCIPLINES = {
    "thread-per-request": "thread",
    "thread-per-connection": "thread",
    "thread-pool": "worker",
    "event-loop": "loop",
    "process-loops": "loop",
    "process-per-request": "process",
    "process-pool": "worker",
    "node": "loop",
}
FOREIGN = ("node",)
POOLS = ("thread-pool", "process-pool")
BANDS = {"throughput_per_s": 1.12, "cpu_per_request_ns": 1.1, "memory_total_bytes": None, "latency_p50_ns": 1.2, "latency_p99_ns": 1.3}
SPREAD = {"throughput_per_s": 0.03, "cpu_per_request_ns": 0.04, "memory_total_bytes": 0.08, "latency_p50_ns": 0.07, "latency_p99_ns": 0.11}
BY = ("forecast", "nearest cell", "laws", "always the loop")
STALL = "a stall of the machine, 14 ms, is over a tenth of p99"


def service(rng, number):
    return {
        "service": number, "wait_ns": round(10 ** rng.uniform(5, 8.4)), "calls": rng.randint(0, 4),
        "cpu_ns": 10 ** rng.uniform(4.3, 7.3), "cv_wait": rng.choice((0, 1)), "cv_cpu": rng.choice((0, 1)),
        "payload_bytes": rng.choice((80, 1024, 32768)), "connections": round(10 ** rng.uniform(0.6, 3)),
        "share": rng.choice((0.5, 0.7, 0.85)),
    }


def forecasts(asked, model):
    """The forecast figures of a service under a model."""
    cpu = asked["cpu_ns"] * (1.5 if model in FOREIGN else 1) + 2e4 + 4e3 * len(model)
    alone = asked["wait_ns"] + cpu
    rate = min(1e9 / cpu, asked["connections"] * 1e9 / alone)
    p50 = alone / (1 - asked["share"] / 1.5)
    return {
        "throughput_per_s": rate, "cpu_per_request_ns": cpu,
        "memory_total_bytes": 4e6 + asked["connections"] * (20e3 if "loop" in model else 90e3),
        "latency_p50_ns": p50, "latency_p99_ns": p50 * (1.4 + 2 * asked["share"]),
    }


def residuals(rng, asked, model):
    rows = []
    for quantity, forecast in forecasts(asked, model).items():
        latency = quantity.startswith("latency")
        error = rng.gauss(0.01, SPREAD[quantity]) * (1 + latency * asked["share"])
        deep = quantity == "latency_p99_ns" and rng.random() < 0.1
        row = {
            "service": asked["service"], "load_point": "closed", "model": model, "discipline": DISCIPLINES[model], "foreign": model in FOREIGN,
            "workers": 2 * asked["connections"] // 3 + 1 if model in POOLS else 0, "quantity": quantity,
            "percentile": (50 if quantity == "latency_p50_ns" else 90 if deep else 99) if latency else None,
            "forecast": forecast, "measured": forecast / math.exp(error), "with_cpu": None, "judged": True, "not_judged": "",
            "load": asked["share"] if latency else None, "band": BANDS[quantity], "cause": "",
        }
        if quantity == "latency_p99_ns" and rng.random() < 0.12:
            row.update(judged=False, not_judged=STALL, measured=None)
        elif rng.random() < 0.02:
            row.update(measured=forecast * 1.7, cause="requests waited 58.8 ms for a CPU, more than the 36.3 ms they were slower by")
        rows.append(row)
    return rows


def ratio(row):
    return row["forecast"] / row["measured"] - 1


def summed(quantity, by, group, rows):
    """The errors of judged rows."""
    signed = sorted(map(ratio, rows))
    sizes = sorted(map(abs, signed))
    n = len(rows)
    factors = [max(1 + e, 1 / (1 + e)) for e in signed]
    banded = [f <= r["band"] for f, r in zip((max(1 + ratio(r), 1 / (1 + ratio(r))) for r in rows), rows) if r["band"]]
    return {
        "quantity": quantity, "by": by, "group": group, "n": n, "median": sizes[n // 2] if n else None,
        "p90": sizes[math.ceil(0.9 * n) - 1] if n else None, "bias": signed[n // 2] if n else None,
        "within": sum(f <= 1.25 for f in factors) / n if n and quantity == "latency_p99_ns" else None,
        "within_with_cpu": 0.95 if n and quantity == "latency_p99_ns" else None,
        "covered": sum(banded) / len(banded) if banded else None,
    }


def errors(rows):
    found = []
    for quantity in SPREAD:
        own = [r for r in rows if r["quantity"] == quantity and r["judged"]]
        found.append(summed(quantity, "all", "all", own))
        for by, key in (("model", "model"), ("discipline", "discipline"), ("load", "load")):
            groups = sorted({r[key] for r in own if r[key] is not None}, key=str)
            found += [summed(quantity, by, str(g), [r for r in own if r[key] == g]) for g in groups]
    return found


def baselines(n):
    def row(name, quantity, **known):
        return dict(dict.fromkeys(("median", "p90", "regret_median", "regret_p90", "right")), name=name, quantity=quantity, n=n, **known)

    return [
        row("forecast", "throughput_per_s", median=0.021, p90=0.09), row("nearest cell", "throughput_per_s", median=0.34, p90=1.9),
        row("laws", "throughput_per_s", median=0.07, p90=1.11),
        row("forecast", "latency_p99_ns", median=0.1, p90=0.23), row("nearest cell", "latency_p99_ns", median=0.8, p90=4.0),
        row("forecast", "choice", regret_median=0.0, regret_p90=0.03, right=0.95),
        row("always the loop", "choice", regret_median=0.0, regret_p90=0.2, right=0.72),
        row("laws", "choice", regret_median=0.0, regret_p90=0.02, right=0.97),
        row("forecast", "workers", median=0.03, p90=0.1), row("goetz", "workers", median=0.04, p90=0.3), row("2c+1", "workers"),
    ]


def workers(rng, asked, model):
    needed = 2 * asked["connections"] // 3 + 2
    base = asked["wait_ns"] + 3 * asked["cpu_ns"]
    rows = [(max(needed // 2, 1), ["half"], 2.4), (needed, ["needed"], 1.0), (2 * needed, ["double", "goetz"], 0.97),
            (3, ["2c+1"], 6.0), (8 * needed, ["unlimited"], 0.96)]
    made = [
        {"workers": w, "is": what, "latency_p99_ns": base * times * rng.uniform(0.95, 1.08), "forecast_p99_ns": base * times,
         "judged": True, "not_judged": ""}
        for w, what, times in rows
    ]
    made[3].update(judged=False, not_judged="overload: 3 workers carry 40 % of the rate", latency_p99_ns=None, forecast_p99_ns=None)
    return {"service": asked["service"], "model": model, "rate_per_s": 0.7 * 1e9 / asked["cpu_ns"], "rows": made}


def choice(rng, number):
    picks = [{"by": by, "model": rng.choice(list(DISCIPLINES)), "regret": max(0.0, rng.gauss(0, 0.02 if by == "forecast" else 0.1))} for by in BY]
    return {"service": number, "best": "event-loop", "picks": picks}


def drift(rng):
    rows = []
    for model in list(DISCIPLINES)[:5]:
        for constant, value in (("request_ns", 6800.0), ("memory_flight_bytes", 42000.0)):
            known = {"value": value, "lo": value * 0.96, "hi": value * 1.04, "n": 3}
            rows.append({"model": model, "constant": constant, "calibrated": known, "measured": value * rng.uniform(0.95, 1.1)})
    return rows


def goals(found, quick):
    of = {e["quantity"]: e for e in found if e["by"] == "all"}
    cpu, p99 = of["cpu_per_request_ns"], of["latency_p99_ns"]

    def goal(text, seen, limit, met, why="", unit="share", **more):
        return dict({"goal": text, "seen": seen, "limit": limit, "unit": unit, "met": met, "why": why}, **more)

    def beats(text, seen):
        return goal(text, seen, -1e-9, seen < 0, least=-1e9, n=12)

    few = "12 services prove nothing at 95 %" if quick else ""
    return [
        goal("CPU per request: median error at most 4 %", cpu["median"], 0.04, cpu["median"] <= 0.04, least=0.0, n=cpu["n"]),
        goal("CPU per request: nine in ten within 12 %", cpu["p90"], 0.12, cpu["p90"] <= 0.12),
        goal("CPU per request: no discipline's bias beyond 3 %", -0.0125, 0.03, True, least=-0.03),
        beats("beats \"laws\" in throughput", -0.049),
        goal("p99 within ×/÷ 1.25 for nine in ten", p99["within"], 1.0, None if quick else p99["within"] >= 0.9, few, least=0.9),
        goal("the choice is right, or its regret at most 5 %", 0.95, 0.95, None if quick else False, few),
        goal("services with a choice", 12 if quick else 60, 59, False if quick else True, unit="count"),
        goal("all forecasts made within", 0.8, 1.0, True, unit="s"),
    ]


def build(kind="full", seed=1):
    rng = random.Random(seed)
    asked = [service(rng, i) for i in range(1, (12 if kind == "quick" else 60) + 1)]
    rows = [r for s in asked for model in DISCIPLINES for r in residuals(rng, s, model)]
    found = errors(rows)
    return {
        "schema_version": 1, "seed": seed, "machine": "20261129T102021Z-bf8d", "machine_at": "2026-11-29T10:20:21Z",
        "noisy": False, "fingerprint": "5f0c9a", "at": "2026-11-29T12:20:21Z", "run_id": "20261129T110000Z-0a1b", "kind": kind,
        "cores": 1, "services": asked, "residuals": rows, "errors": found, "baselines": baselines(len(asked)),
        "choices": [choice(rng, s["service"]) for s in asked],
        "workers": [workers(rng, s, m) for s in asked[::6] for m in POOLS], "drift": drift(rng),
        "goals": goals(found, kind == "quick"),
    }


def empty():
    """A validation of one service that measured nothing."""
    data = build("quick")
    data["services"] = data["services"][:1]
    for name in ("errors", "baselines", "choices", "workers", "drift"):
        data[name] = []
    data["residuals"] = [dict(r, judged=False, not_judged=STALL, measured=None, band=None, cause="") for r in data["residuals"][:5]]
    data["goals"] = [dict(g, seen=None, met=None, why="nothing was judged") for g in data["goals"]]
    return data


def store(folder: Path, data: dict) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "validation.json").write_text(json.dumps(data, allow_nan=False), encoding="utf-8")
    return folder


if __name__ == "__main__":
    store(Path(sys.argv[1]), build(*sys.argv[2:]))
