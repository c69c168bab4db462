# SPDX-License-Identifier: MIT
"""The tables of a validation: stored figures, sorted and with units."""

from data import units
from data.metrics import metric
from forecasts import words
from forecasts.stored import P99, QUANTITIES, Validation, missed

UNEXPLAINED = "unexplained"
RESIDUALS = ["service", "model", "W", "quantity", "load", "forecast", "measured", "off by", "band"]


def goals(v: Validation) -> dict:
    rows = [
        [g["goal"], words.goal_figure(g["unit"], g["seen"]), words.goal_limits(g),
         units.count(g.get("n")), words.verdict(g), g["why"] or ("" if g["met"] is not None else words.NOT_JUDGED)]
        for g in v.data["goals"]
    ]
    return {"head": ["goal", "seen", "limit", "n", "verdict", "why"], "rows": rows, "words": True}


def errors(v: Validation, by: str) -> dict:
    """The errors by one grouping, quantity by quantity."""
    rows = []
    for name in QUANTITIES:
        for e in v.errors(by, name):
            shown = [words.quantity(name)] + ([words.group(e)] if by != "all" else [])
            shown += [units.count(e["n"]), units.percent(e["median"]), units.percent(e["p90"]), words.signed(e["bias"])]
            rows.append([*shown, *(units.percent(e[k]) for k in ("within", "within_with_cpu", "covered"))])
    head = ["quantity"] + ([by] if by != "all" else [])
    return {"head": [*head, "n", "median error", "9 in 10 at most", "bias", "within ×/÷ 1.25", "with the CPU as measured", "in their band"], "rows": rows}


def _residual(row: dict) -> list[str]:
    name = row["quantity"]
    model = row["model"] + (" (foreign)" if row["foreign"] else "")
    return [
        str(row["service"]), model, str(row["workers"]) if row["workers"] else units.UNKNOWN,
        words.quantity(name, row["percentile"]), words.load(row["load"]),
        words.figure(name, row["forecast"]), words.figure(name, row["measured"]),
        words.off(row), words.band(row["band"]),
    ]


def misses(v: Validation) -> dict:
    rows = [[*_residual(r), r["cause"] or UNEXPLAINED] for r in v.misses()]
    return {"head": [*RESIDUALS, "cause"], "rows": rows}


def residuals(v: Validation) -> dict:
    """Every forecast, judged or not, in the order of services."""
    order = sorted(
        v.data["residuals"],
        key=lambda r: (QUANTITIES.index(r["quantity"]), r["service"], r["model"], r["load"] or 0),
    )
    rows = []
    for r in order:
        verdict = "missed" if missed(r) else "judged" if r["judged"] else f"not judged: {r['not_judged'] or words.NOT_JUDGED}"
        rows.append([*_residual(r), verdict])
    return {"head": [*RESIDUALS, "verdict"], "rows": rows}


def not_judged(v: Validation) -> dict:
    rows = [[why, units.count(n)] for why, n in words.reasons(v.data["residuals"])]
    return {"head": ["why", "figures"], "rows": rows}


# By what baselines are told apart: the better figure, whether more is better.
DECIDES = {
    "throughput_per_s": (("median", False), ("p90", False)),
    P99: (("median", False), ("p90", False)),
    "choice": (("right", True), ("regret_p90", False), ("regret_median", False)),
    "workers": (("median", False), ("p90", False), ("right", True), ("regret_median", False), ("regret_p90", False)),
}


def beaten(forecast: dict | None, row: dict) -> str:
    """Whether the forecast does better than a baseline, by the first figure that both
    have and in which they differ."""
    if forecast is None or row is forecast:
        return units.UNKNOWN
    known = False
    for name, more in DECIDES[row["quantity"]]:
        own, others = forecast[name], row[name]
        if own is None or others is None:
            continue
        known = True
        if own != others:
            return "beaten" if (own > others) == more else "not beaten"
    return "equal" if known else units.UNKNOWN


def baselines(v: Validation) -> dict:
    """The forecast first, then its baselines, quantity by quantity."""
    rows = []
    for name in DECIDES:
        own = [b for b in v.data["baselines"] if b["quantity"] == name]
        forecast = next((b for b in own if b["name"] == "forecast"), None)
        for b in sorted(own, key=lambda b: b["name"] != "forecast"):
            shown = [words.quantity(name), words.way(b["name"]), beaten(forecast, b), units.count(b["n"])]
            shown += [units.percent(b[k]) for k in ("median", "p90", "right", "regret_median", "regret_p90")]
            rows.append(shown)
    head = ["of what", "by", "against the forecast", "n", "median error", "9 in 10 at most",
            "right within 5 %", "median regret", "regret, 9 in 10"]
    return {"head": head, "rows": rows}


def choices(v: Validation) -> dict:
    """A row per service, a column for each who picks."""
    who = list(dict.fromkeys(p["by"] for c in v.data["choices"] for p in c["picks"]))
    rows = []
    for c in v.data["choices"]:
        picks = {p["by"]: p for p in c["picks"]}
        rows.append([str(c["service"]), c["best"] or units.UNKNOWN, *(_pick(picks.get(by)) for by in who)])
    return {"head": ["service", "best", *map(words.way, who)], "rows": rows}


def _pick(pick: dict | None) -> str:
    if not pick or not pick["model"]:
        return units.UNKNOWN
    return f"{pick['model']}, {units.percent(pick['regret'])}" if pick["regret"] is not None else pick["model"]


def workers(v: Validation) -> dict:
    rows = []
    for w in v.data["workers"]:
        for i, r in enumerate(w["rows"]):
            first = [str(w["service"]), w["model"], metric("throughput_per_s").show(w["rate_per_s"])]
            rows.append([
                *first, str(r["workers"]), ", ".join(map(words.way, r["is"])) or units.UNKNOWN, units.time(r["latency_p99_ns"]),
                units.time(r["forecast_p99_ns"]), "" if r["judged"] else r["not_judged"] or words.NOT_JUDGED,
            ])
    return {"head": ["service", "model", "rate", "W", "which is", "p99 measured", "p99 forecast", "not judged"], "rows": rows}


def drift(v: Validation) -> dict:
    rows = []
    for d in v.data["drift"]:
        known, show = d["calibrated"], constant(d["constant"])
        ends = units.UNKNOWN if None in (known["lo"], known["hi"]) else f"{show(known['lo'])} to {show(known['hi'])}"
        change = d["measured"] / known["value"] - 1 if known["value"] and d["measured"] is not None else None
        rows.append([d["model"], d["constant"], show(known["value"]), ends, str(known["n"]), show(d["measured"]), words.signed(change)])
    return {"head": ["model", "constant", "calibrated", "95 % interval", "blocks", "measured now", "change"], "rows": rows}


def constant(name: str):
    """How a constant is shown, by the unit at the end of its name."""
    unit = name.rpartition("_")[2]
    return {"ns": units.time, "bytes": units.size, "share": words.signed}.get(unit, units.digits)


def services(v: Validation) -> dict:
    rows = [
        [str(s["service"]), units.time(s["wait_ns"]), str(s["calls"]), units.time(s["cpu_ns"]), units.digits(s["cv_wait"]),
         units.digits(s["cv_cpu"]), units.size(s["payload_bytes"]), units.count(s["connections"]), words.load(s["share"])]
        for s in sorted(v.data["services"], key=lambda s: s["service"])
    ]
    return {"head": ["service", "wait", "calls", "CPU", "CV of waits", "CV of CPU", "answer", "connections", "load"], "rows": rows}
