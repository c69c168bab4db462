# SPDX-License-Identifier: MIT
"""Takes a rule's figures from stored runs: each with its interval, or with the
reason why it is missing.

A figure has an element for each of its models at each of its load points. Of
several runs, the first one with the experiment is used. The figures come from
the summary, the comparisons and the slopes of run.json. Division by a law's
figure, which has no scatter, moves an interval without widening it.
"""

import math
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from data import units
from data.levels import median, missing, reason, shortened
from data.metrics import metric
from data.results import Run, bound_by, withheld
from claims.rules import Figure

MANY = 8  # for more elements only the smallest and largest are printed
QUARTILES = (
    ("median", "median"),
    ("lower_quartile", "upper_quartile"),
    ("upper_quartile", "lower_quartile"),
)
FEW = "more than a fifth of its trials were invalid: "
FEW_GIVE = "more than a fifth of its trials do not give it: "


@dataclass
class Element:
    label: str
    model: str | None
    load_point: str | None
    value: float | None = None
    lo: float | None = None
    hi: float | None = None
    n: int = 0
    law: float | None = None
    missing: str | None = None  # why there is no figure
    trials: list[str] = field(default_factory=list)
    bound: str | None = None  # "at least" or "at most", if the server was not the limit
    run: Run | None = None

    def left_out(self, figure: Figure) -> bool:
        """Whether the element belongs to an optional experiment that was not run."""
        return bool(figure.optional and self.missing and not self.run)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval that conditions compare; a bound leaves one side open."""
        if self.missing:
            return None
        lo = -math.inf if self.bound == "at most" else self.lo
        return lo, math.inf if self.bound == "at least" else self.hi


def show(measures: str, value: float | None) -> str:
    """A number with the unit of its figure: 3.00 s, 9.2 KiB, 3.33/s, 1.02."""
    if measures == "time":
        return units.time(value)
    if measures == "size":
        return units.size(value)
    return units.digits(value) + ("/s" if measures == "rate" and value is not None else "")


def scaled(measures: str, value: float | None) -> float:
    """The factor of the unit in which `show` writes the value."""
    table = {"time": units.TIME, "size": units.SIZE}.get(measures)
    return units.scale_for([value], table)[0] if table else 1.0


def text_of(figure: Figure, element: Element) -> str:
    """3.00 s [2.99–3.01]"""
    if element.missing:
        return "no figure"
    sign = {"at least": "≥ ", "at most": "≤ "}.get(element.bound, "")
    room = units.interval(element.lo, element.hi, scaled(figure.measures, element.value))
    return f"{sign}{show(figure.measures, element.value)} {room}"


def told(figure: Figure, elements: list[Element]) -> str:
    """All elements in a phrase, without reasons for missing ones. A single element
    needs no name."""
    if all(e.left_out(figure) for e in elements):
        return "not measured"
    texts = ["no figure" if e.missing else text_of(figure, e) for e in elements]
    if len(elements) == 1:
        return texts[0]
    if len(elements) > MANY:
        known = sorted((e for e in elements if not e.missing), key=lambda e: e.value)
        ends = [f"{text_of(figure, e)} ({e.label})" for e in (known[:1] + known[-1:])]
        return f"{len(known)} of {len(elements)} measured: {' to '.join(ends) or 'none'}"
    return "; ".join(f"{e.label} {text}" for e, text in zip(elements, texts))


def elements(figure: Figure, runs: list[Run]) -> list[Element]:
    if figure.form.startswith("primitive"):
        return [_primitive(figure, runs)]
    name = figure.experiment.rpartition("/")[2]
    for run in runs:
        for experiment in run.data["experiments"]:
            if experiment["name"] == name:
                return _of_experiment(figure, run, experiment)
    why = f"the experiment {figure.experiment} was not run"
    return [Element(m, m, None, missing=why) for m in figure.models]


def _of_experiment(figure: Figure, run: Run, experiment: dict) -> list[Element]:
    points = [p for p in experiment["load_points"] if _matches(figure, p)]
    if figure.form.startswith("slope"):
        sections = dict.fromkeys(p.get("section") or p["id"] for p in points)
        return [_slopes(figure, run, experiment, s, m) for s in sections for m in figure.models]
    if figure.form == "per worker":
        return [_per_worker(figure, run, experiment, points, m) for m in figure.models]
    if figure.form == "across":
        points = [p for p in points if p["id"] != experiment.get("base")]
    found = []
    for model in figure.models:
        have = [p for p in points if {model, figure.to or model} <= set(p["models"])]
        if not have:
            why = _absent(experiment, points, model, figure)
            found.append(Element(model, model, None, missing=why, run=run))
        for point in have:
            label = model if len(points) == 1 else f"{model}, {point['id']}"
            label = point["id"] if len(figure.models) == 1 and len(points) > 1 else label
            element = Element(label, model, point["id"], run=run)
            _fill(figure, run, experiment, point, element)
            if figure.form == "quotient" and not element.missing:
                other = Element(figure.over, model, point["id"])
                _fill(replace(figure, metric=figure.over), run, experiment, point, other)
                _divide(element, other)
            found.append(element)
    return found


def _matches(figure: Figure, point: dict) -> bool:
    section = point.get("section")
    return any(fnmatch(point["id"], c) or section == c for c in figure.cells)


def _absent(experiment: dict, points: list[dict], model: str, figure: Figure) -> str:
    """Why no load point has the model, or the model that it is divided by."""
    if not points:
        return f"no load point of {experiment['name']} is {', '.join(figure.cells)}"
    present = {m for p in points for m in p["models"]}
    gone = [m for m in (model, figure.to) if m and m not in present]
    told = " ".join(str(experiment.get("left_out") or "").split())
    return f"{' and '.join(gone) or 'a model'} took no part" + (f": {told}" if told else "")


def _fill(figure: Figure, run: Run, experiment: dict, point: dict, element: Element) -> None:
    key, model, to = experiment["name"], element.model, figure.to
    points = [point["id"], experiment.get("base")] if figure.form == "across" else [point["id"]]
    for name in filter(None, (model, to)):
        for at in filter(None, points):
            if why := _blocked(run, experiment, at, name, figure.metric):
                element.missing = why if name == model else f"{name}: {why}"
                return
    if figure.form == "across":
        row = _across(run, key, point["id"], model, figure.metric)
        value = (row or {}).get("ratio")
        words = f"no block has it at {experiment.get('base') or 'a base, which the file lacks'} too"
    elif to:
        row = run.ratio(key, point["id"], figure.metric, model, to)
        value = (row or {}).get("ratio")
        lacking = [m for m in (model, to) if not run.level(key, point["id"], m, figure.metric)]
        words = f"{model} and {to} share no block"
        if lacking:
            whose = "" if lacking[0] == model else f"{lacking[0]}: "
            words = whose + missing(run, experiment, point, lacking[0], figure.metric)
    else:
        row = run.level(key, point["id"], model, figure.metric)
        value = (row or {}).get("value")
        words = missing(run, experiment, point, model, figure.metric)
    if value is None:
        element.missing = words
    elif row.get("lo") is None:
        element.missing = "a single block gives no interval"
    else:
        element.value, element.lo, element.hi = value, row["lo"], row["hi"]
        element.n, element.trials = row["n"], row.get("trials") or []
        element.bound = _bound(figure, run, key, point["id"], model)
        if figure.form == "across" and bound_by(row):
            element.bound = ""
        if element.bound == "":
            by = bound_by(row) or bound_by(run.level(key, point["id"], model, figure.metric))
            element.bound, element.missing = None, f"{by}-bound: no ratio"
        if figure.metric.startswith("memory_"):
            _allow_for_estimate(element, run, key, [model, to] if to else [model], bool(to) or figure.form == "across")
    _apply_law(figure, run, key, point["id"], element)


def _allow_for_estimate(element: Element, run: Run, key: str, models: list[str], is_ratio: bool) -> None:
    """Widens an interval of estimated memory by the estimate's error. Memory of
    which a part was not read becomes a lower bound, and has no ratio."""
    for model in models:
        rows = [r for (experiment, _, name, metric), r in run.summary.items()
                if (experiment, name) == (key, model) and metric.startswith("memory_")]
        share = max((r.get("error_share") or 0 for r in rows), default=0)
        element.lo = element.lo / (1 + share) if element.lo > 0 else element.lo * (1 + share)
        element.hi = element.hi * (1 + share) if element.hi > 0 else element.hi / (1 + share)
        if any(r.get("lower_bound") for r in rows):
            element.bound = None if is_ratio else "at least"
            if is_ratio:
                element.missing = f"the memory of {model} is a lower bound: no ratio"


def _blocked(run: Run, experiment: dict, point: str, model: str, metric: str) -> str | None:
    """Why a model's trials at a load point give no figure, or None."""
    trials = run.trials_of(experiment["name"], point, model)
    if run.too_many_invalid(experiment["name"], point, model):
        bad = next(t for t in trials if not t["valid"])
        return FEW + shortened(reason(bad), 200)
    if run.too_many_invalid(experiment["name"], point, model, metric):
        words = next(filter(None, (withheld(t, metric, level=False) for t in trials)), None)
        return FEW_GIVE + shortened(words or reason(next(t for t in trials if not t["valid"])), 200)
    planned = experiment.get("blocks") or 0
    return f"{len(trials)} of {planned} blocks were run" if len(trials) < planned else None


def _across(run: Run, key: str, point: str, model: str, name: str) -> dict | None:
    wanted = {"experiment": key, "load_point": point, "model": model, "metric": name}
    rows = run.data.get("across") or []
    return next((r for r in rows if all(r[k] == v for k, v in wanted.items())), None)


def _bound(figure: Figure, run: Run, key: str, point: str, model: str) -> str | None:
    """The bound of a figure for which something other than the server was the
    limit. The server's own figure is at least as good, so a ratio is a bound if
    one of the two models was limited so, and "" if both were."""
    def near(name):
        row = run.level(key, point, name, figure.metric) if name else None
        return bound_by(row) is not None

    own, other = near(model), near(figure.to)
    if own and other:
        return ""
    if not own and not other:
        return None
    higher = metric(figure.metric).higher_is_better
    return "at least" if own == higher else "at most"


def _apply_law(figure: Figure, run: Run, key: str, point: str, element: Element) -> None:
    law = figure.law
    if law == "stored":
        own = _stored_law(run, key, point, element.model)
        law = own
        if figure.to:
            other = _stored_law(run, key, point, figure.to)
            law = own / other if own and other else None
    element.law = law
    if not figure.form.endswith("/law") or element.missing:
        return
    if not law:
        element.missing = "the trials store no prediction"
        return
    for name in ("value", "lo", "hi"):
        setattr(element, name, getattr(element, name) / law)
    element.law = 1.0


def _stored_law(run: Run, key: str, point: str, model: str) -> float | None:
    trials = [t for t in run.trials_of(key, point, model) if t["valid"]]
    return median((t.get("prediction") or {}).get("throughput_per_s") for t in trials)


def _per_worker(figure: Figure, run: Run, experiment: dict, points: list[dict], model: str) -> Element:
    """What one more worker adds to a level: the difference between the load points
    with the most and the fewest workers, over the difference in workers. The
    interval spans the differences of both intervals' ends, so it is wider than
    95 %."""
    element = Element(model, model, None, run=run, law=figure.law)
    counted = {}
    for point in points:
        told = run.workers_of(experiment["name"], point["id"], model)
        if told.isdigit():
            counted[int(told)] = point
    if len(counted) < 2:
        element.missing = _absent(experiment, points, model, figure) if not counted else "one number of workers alone"
        return element
    few, most = (_level(figure, run, experiment, counted[n], model) for n in (min(counted), max(counted)))
    element.missing = few.missing or most.missing
    if not element.missing:
        more = max(counted) - min(counted)
        element.value = (most.value - few.value) / more
        element.lo, element.hi = (most.lo - few.hi) / more, (most.hi - few.lo) / more
        element.n, element.trials = min(few.n, most.n), few.trials + most.trials
    return element


def _level(figure: Figure, run: Run, experiment: dict, point: dict, model: str) -> Element:
    element = Element(model, model, point["id"], run=run)
    _fill(replace(figure, form="value", law=None), run, experiment, point, element)
    return element


def _slopes(figure: Figure, run: Run, experiment: dict, section: str, model: str) -> Element:
    """A slope, or the quotient of two."""
    element = _slope(figure, run, experiment, section, model)
    if figure.to and not element.missing:
        _divide(element, _slope(figure, run, experiment, section, figure.to))
    return element


def _divide(element: Element, other: Element) -> None:
    """Divides two figures whose ratio is not stored. The interval spans the
    quotients of both intervals' ends, so it is wider than 95 %."""
    if other.missing:
        element.missing = f"{other.label}: {other.missing}"
    elif min(element.lo, other.lo) <= 0:
        element.missing = f"{element.label} or {other.label} is not surely above 0"
    elif element.bound or other.bound:
        element.bound, element.missing = None, "the limit was not the server: no ratio"
    else:
        element.value /= other.value
        element.lo, element.hi = element.lo / other.hi, element.hi / other.lo
        element.trials = list(dict.fromkeys(element.trials + other.trials))
        element.n = min(element.n, other.n)


def _slope(figure: Figure, run: Run, experiment: dict, section: str, model: str) -> Element:
    """The memory of one more, from the line that the harness fitted."""
    row = run.slopes.get((experiment["name"], section, model, figure.per)) or {}
    found = (row.get("bytes") or {}).get(figure.kind)
    element = Element(model, model, section, run=run, law=figure.law)
    if not found or found.get("lo") is None:
        element.missing = row.get("why") or f"no slope per {figure.per} of {figure.kind}"
        return element
    for p in experiment["load_points"]:
        if (p.get("section") or p["id"]) == section and model in p["models"]:
            trials = run.trials_of(experiment["name"], p["id"], model)
            element.trials += [t["trial_id"] for t in trials if t["valid"]]
            element.missing = element.missing or _blocked(run, experiment, p["id"], model, "memory_total_bytes")
    element.value, element.lo, element.hi = found["value"], found["lo"], found["hi"]
    element.n = row["n"]
    _allow_for_estimate(element, run, experiment["name"], [model], False)
    return element


def _primitive(figure: Figure, runs: list[Run]) -> Element:
    """The price of a primitive: median and quartiles, as `make bench-primitives`
    stored them beside the run."""
    element = Element(figure.primitive, None, None, law=figure.law)
    for run in runs:
        stored = (run.data.get("primitives") or {}).get("primitives") or []
        rows = {r["name"]: r for r in stored if r.get("median_ns") is not None}
        if {figure.primitive, figure.to or figure.primitive} <= set(rows):
            own, other = rows[figure.primitive], rows.get(figure.to)
            element.run = run
            element.value, element.lo, element.hi = (
                own[f"{key}_ns"] / (other[f"{against}_ns"] if other else 1)
                for key, against in QUARTILES
            )
            return element
    element.missing = f"no primitives beside the run have {figure.primitive}: make bench-primitives"
    return element
