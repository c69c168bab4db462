# SPDX-License-Identifier: MIT
"""The figures of a validation as text, and the answer in one paragraph."""

from collections import Counter

from data import units
from data.metrics import metric
from forecasts.stored import P99, P99_FACTOR, Validation, factor

BIG = 1000  # a factor that is not shown in full
BOUNDLESS = 1e6  # a least value below minus this is none
NOT_JUDGED = "no reason is stored"


def quantity(name: str, percentile: int | None = None) -> str:
    """The noun of a quantity, with the percentile if another one was judged."""
    noun = {"choice": "the choice of a model", "workers": "the number of workers"}.get(name) or metric(name).noun
    own = {"latency_p50_ns": 50, P99: 99}.get(name)
    return noun if percentile in (None, own) else f"{noun}, judged at p{percentile}"


def way(by: str) -> str:
    """A baseline's name."""
    return {"goetz": "Goetz"}.get(by, by)


def figure(name: str, value: float | None) -> str:
    return metric(name).show(value)


def signed(fraction: float | None) -> str:
    """An error: a forecast that is too high has a plus."""
    if fraction is None:
        return units.UNKNOWN
    return ("+" if fraction > 0 else "−" if fraction < 0 else "") + units.percent(abs(fraction))


def off(row: dict) -> str:
    """How far a forecast was off: of latencies as a factor, else in percent."""
    forecast, measured = row["forecast"], row["measured"]
    if forecast is None or not measured:
        return units.UNKNOWN
    if not row["quantity"].startswith("latency"):
        return signed(forecast / measured - 1)
    times = factor(row)
    return ("×" if forecast >= measured else "÷") + (units.digits(times) if times < BIG else f" over {BIG:,}")


def band(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"×/÷ {units.digits(value)}"


def load(value: float | None) -> str:
    return units.UNKNOWN if value is None else units.share(round(value, 3))


def group(row: dict) -> str:
    """The group of a row of errors; a load is stored as its share, 0.7."""
    if row["by"] == "all":
        return "all"
    try:
        return load(float(row["group"])) if row["by"] == "load" else row["group"]
    except ValueError:
        return row["group"]


def goal_figure(unit: str, value: float | None) -> str:
    if value is None:
        return units.UNKNOWN
    if unit == "share":
        return ("−" if value < 0 else "") + units.percent(abs(value))
    if unit == "s":
        return units.time(value * 1e9)
    return units.count(int(value)) if value == int(value) else units.digits(value)


def _limit(unit: str, value: float) -> str:
    if unit != "share":
        return goal_figure(unit, value)
    return units.share(round(value, 6) + 0.0).replace("-", "−")


def goal_limits(goal: dict) -> str:
    """What the figure of a goal must keep."""
    least, most = goal.get("least"), _limit(goal["unit"], goal["limit"])
    if least is None:
        return most
    if least <= -BOUNDLESS:
        return f"below {most}"
    if least == 0:
        return f"at most {most}"
    lowest = _limit(goal["unit"], least)
    return f"at least {lowest}" if goal["unit"] == "share" and goal["limit"] == 1 else f"{lowest} to {most}"


def verdict(goal: dict) -> str:
    return {True: "met", False: "not met", None: "not judged"}[goal["met"]]


def tally(goals: list[dict]) -> list[tuple[str, int]]:
    """How many goals have each verdict."""
    counted = Counter(map(verdict, goals))
    return [(name, counted[name]) for name in ("met", "not met", "not judged")]


def reasons(rows: list[dict]) -> list[tuple[str, int]]:
    """Why forecasts were not judged, the most frequent reason first."""
    return Counter(r["not_judged"] or NOT_JUDGED for r in rows if not r["judged"]).most_common()


def joined(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def plural(count: int, noun: str) -> str:
    return f"{units.count(count)} {noun}{'' if count == 1 else 's'}"


def answer(v: Validation) -> list[str]:
    """How far forecasts were off, which goals are met, and what that proves."""
    data = v.data
    models = len({r["model"] for r in data["residuals"]})
    judged = sum(r["judged"] for r in data["residuals"])
    said = [
        f"{plural(len(data['services']), 'service')} that no constant was fitted to, forecast under"
        f" {plural(models, 'model')} and then measured: {units.count(judged)} of"
        f" {plural(len(data['residuals']), 'figure')} could be judged."
    ]
    return said + _errors(v) + _goals(data["goals"]) + _proof(data)


def _errors(v: Validation) -> list[str]:
    told, within = [], ""
    for name in v.quantities():
        for e in v.errors("all", name):
            if not e["n"]:
                continue
            if name == P99 and e["within"] is not None:
                within = f"p99 was within a factor of {P99_FACTOR} for {units.percent(e['within'])} of {e['n']}."
                if e["within_with_cpu"] is not None:
                    within += f" With the CPU of a request as it was measured it would be {units.percent(e['within_with_cpu'])}."
            elif e["median"] is not None and not name.startswith("latency"):
                tail = f", nine in ten by at most {units.percent(e['p90'])}" if e["p90"] is not None else ""
                told.append(f"of {quantity(name)} by {units.percent(e['median'])} (median of {e['n']}{tail})")
    return ([f"Forecasts were off: {'; '.join(told)}."] if told else []) + ([within] if within else [])


def _goals(goals: list[dict]) -> list[str]:
    if not goals:
        return ["No goal is stored."]
    counts = dict(tally(goals))
    failed = [g["goal"] for g in goals if g["met"] is False]
    said = f"Of {plural(len(goals), 'goal')}, " + joined([f"{n} {_was(n)} {name}" for name, n in counts.items()]) + "."
    return [said] + ([f"Not met: {'; '.join(failed)}."] if failed else [])


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _proof(data: dict) -> list[str]:
    if data.get("afterwards"):
        return ["The forecasts were made after the measurements: they prove nothing."]
    if data["kind"] != "quick":
        return []
    count = plural(len(data["services"]), "service")
    verb = "proves" if len(data["services"]) == 1 else "prove"
    return [f"This was a quick validation: {count} {verb} nothing at 95 % confidence; a full one can."]
