# SPDX-License-Identifier: MIT
"""Reads stored results (format: docs/results.md) into checked objects.

checks.py decides what is refused. Rows can be looked up by experiment, load
point, model and metric.
"""

import json
import math
import re
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from data.checks import ResultsError, check_run, check_trial

SCHEMA_VERSION = 1
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
UNDONE = re.compile(r"\((not significant among \d+ comparisons, Holm|unstable: [^()]*)\)$")
INVALID_SHARE = 0.2
# The figure that a metric belongs to (`troika list gates`). No gate withholds a
# metric that is missing here by itself.
FIGURES = (
    ("throughput", "throughput"),
    ("latency", "latency"),
    ("push_lateness", "latency"),
    ("goodput", "latency"),
    ("cpu", "cpu"),
    ("memory_per_idle", "idle_memory"),
    ("memory", "memory"),
    ("beside", "beside"),
    ("recovery", "recovery"),
)


def figure_of(metric: str) -> str | None:
    return next((figure for start, figure in FIGURES if metric.startswith(start)), None)


def withheld(trial: dict, metric: str, level: bool = True) -> str | None:
    """Why a valid trial does not give the metric, in the gate's words, or None. With
    `level` false, gates that withhold only the level do not count: a ratio to
    another model under the same disturbance is still sound."""
    figure = figure_of(metric)
    for row in trial.get("withheld") or []:
        if row["figure"] == figure and (level or row["effect"] != "level"):
            return row.get("words") or row["gate"]
    return None


def bound_by(row: dict | None) -> str | None:
    """What was the limit instead of the server: "generator", "backend" or the name
    of a store; None if the server was. Takes a row of the summary, of `across`, or
    a comparison without a verdict."""
    if not row or not row.get("generator_bound"):
        return None
    return row.get("bound_by") or "generator"


def bounds_told(rows) -> str:
    """What was the limit of any of the rows instead of the server, in words."""
    found = dict.fromkeys(filter(None, map(bound_by, rows)))
    article = {"generator": "the generator", "backend": "the backend"}
    return " and ".join(article.get(by, by) for by in found)


def undone(row: dict) -> str | None:
    """Why a comparison is inconclusive though its interval excludes 1, in the
    words of the run's last lines: the correction for many comparisons, or the
    rank test. None where it does not say."""
    found = UNDONE.search(row.get("phrase") or "") if row.get("verdict") == "inconclusive" else None
    return found and found[1]


def interval(row: dict | None, higher_is_better: bool) -> tuple[float | None, float | None]:
    """What a row of the summary says that the figure is at least and at most;
    None where it does not say. A bound of the server's own says one side, which
    is the worse one. An estimate may be off by its share, and one that leaves
    something out says nothing of the most."""
    lo, hi = (row or {}).get("lo"), (row or {}).get("hi")
    if bound_by(row):
        return (lo, None) if higher_is_better else (None, hi)
    share = (row or {}).get("error_share") or 0
    if share and row.get("lower_bound"):
        return lo, None
    return lo and lo / (1 + share), hi and hi * (1 + share)


@dataclass
class Run:
    path: Path
    data: dict
    trials: list[dict]
    retired: list[dict]  # earlier attempts of repeated trials
    summary: dict = field(default_factory=dict)
    comparisons: dict = field(default_factory=dict)
    slopes: dict = field(default_factory=dict)
    winners: dict = field(default_factory=dict)  # experiment -> the model that its decision names, or None

    def models_of(self, experiment: str, point: dict, yardsticks: bool = True):
        known = self.data["models"]
        return [
            m
            for m in point["models"]
            if yardsticks or not (known.get(m) or {}).get("yardstick")
        ]

    def level(self, experiment: str, point: str, model: str, metric: str) -> dict | None:
        """The row of the summary, or None if it has no value."""
        row = self.summary.get((experiment, point, model, metric))
        return row if row and row.get("value") is not None else None

    def ratio(self, experiment: str, point: str, metric: str, a: str, b: str):
        """The comparison of a with b, inverted if stored as b with a, or None."""
        row = self.comparisons.get((experiment, point, metric, a, b))
        if row:
            return row
        row = self.comparisons.get((experiment, point, metric, b, a))
        return _inverted(row) if row else None

    def too_many_invalid(
        self, experiment: str, point: str, model: str, metric: str | None = None
    ) -> bool:
        """Whether more than a fifth of a model's trials are invalid or withhold the
        metric. The rest may be the lucky ones, so no verdict rests on them. Gates
        that withhold only the level do not count: they watch the machine's speed,
        which favours no model."""
        trials = self.trials_of(experiment, point, model)
        gone = [
            t for t in trials
            if not t["valid"] or (metric and withheld(t, metric, level=False))
        ]
        return len(gone) > INVALID_SHARE * len(trials)

    def comparable(self, experiment: str, point: str, model: str, metric: str) -> bool:
        """Whether the level of a metric can be compared with another: it exists, is
        no bound, and not too many of its trials are invalid."""
        row = self.level(experiment, point, model, metric)
        return bool(
            row
            and not bound_by(row)
            and not row.get("lower_bound")
            and not self.too_many_invalid(experiment, point, model, metric)
        )

    def workers_of(self, experiment: str, point: str, model: str) -> str:
        """The number of workers in the trials, as text; "" if unknown."""
        trials = self.trials_of(experiment, point, model)
        known = {t["cell"].get("workers") for t in trials} - {None}
        return ", ".join(str(n) for n in sorted(known))

    def trials_of(self, experiment: str, point: str, model: str | None = None):
        """The trials of a load point, or of one of its models, in order of blocks."""
        own = self._by_point.get((experiment, point), [])
        return [t for t in own if model is None or t["cell"]["model"] == model]

    @cached_property
    def _by_point(self) -> dict[tuple[str, str], list[dict]]:
        found: dict[tuple[str, str], list[dict]] = {}
        for t in self.trials:
            found.setdefault((t["experiment"], t["load_point"]), []).append(t)
        return found


def _inverted(row: dict) -> dict:
    def turned(value):
        return 1 / value if value else None

    words = {"better": "worse", "worse": "better"}
    return dict(
        row,
        a=row["b"],
        b=row["a"],
        ratio=turned(row["ratio"]),
        lo=turned(row["hi"]),
        hi=turned(row["lo"]),
        verdict=words.get(row["verdict"], row["verdict"]),
    )


def load(directory: str) -> Run:
    """Reads and checks a run directory."""
    path = Path(directory)
    if not path.is_dir():
        raise ResultsError(
            f"{directory}: no such run directory; runs are in results/, made by `make bench`"
        )
    if not (path / "run.json").is_file():
        raise ResultsError(f"{directory}: no run.json in it, so this is not a run of troika")
    data = read(path / "run.json")
    check_run(path / "run.json", data)
    plan = {row.get("trial_id"): row for row in data.get("plan") or []}
    trials, retired = [], []
    for name in sorted((path / "trials").glob("*.json")):
        trial = read(name)
        check_trial(name, trial, data, plan)
        attempt = ".attempt" in name.stem[len(trial["trial_id"]) :]
        (retired if attempt else trials).append(trial)
    _check_nothing_lost(path, data, trials)
    trials.sort(key=lambda t: (t["experiment"], t["load_point"], t["block"], t["trial_id"]))
    run = Run(path, data, trials, retired)
    for row in data.get("summary") or []:
        run.summary[row["experiment"], row["load_point"], row["model"], row["metric"]] = row
    for row in data.get("comparisons") or []:
        key = row["experiment"], row["load_point"], row["metric"], row["a"], row["b"]
        run.comparisons[key] = row
    for row in data.get("slopes") or []:
        run.slopes[row["experiment"], row["section"], row["model"], row["per"]] = row
    return run


def _check_nothing_lost(path: Path, data: dict, trials: list[dict]) -> None:
    """Refuses a complete run that lacks a trial's file: the file was deleted."""
    if not data["complete"]:
        return
    lost = {row["trial_id"] for row in data.get("plan") or []} - {t["trial_id"] for t in trials}
    if lost:
        raise ResultsError(
            f"{path}: the run is complete, but {len(lost)} of its trials"
            f" {'has' if len(lost) == 1 else 'have'} no file, first trials/{min(lost)}.json;"
            f" measure again: make resume RUN={shlex.quote(str(path))}"
        )


def ran_by(model: dict) -> str:
    """The runtime of a foreign model; "" for machine code."""
    runtime = model.get("runtime")
    if not runtime:
        return ""
    lock = {True: ", with a GIL", False: ", without a GIL"}.get(runtime.get("gil"), "")
    return f"{runtime['name']} {runtime['version']}{lock}"


def _remedy(path: Path) -> str:
    """How to replace a damaged file, as commands to paste."""
    if path.name in ("validation.json", "again.json"):
        return "it is written once, at the end: restore it from a copy, or validate again: make validate"
    if path.parent.name != "trials":
        return f"to see what can be done: make resume RUN={shlex.quote(str(path.parent))}"
    remove = f"rm {shlex.quote(str(path))}"
    if ".attempt" in path.name:
        return f"no figure uses this repeated attempt; remove it: {remove}"
    run = shlex.quote(str(path.parent.parent))
    return f"measure it again: {remove} && make resume RUN={run}"


def _cut(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}..."


def read(path: Path) -> dict:
    """Reads one stored file of this report's schema version."""

    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    def finite(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError(f"{_cut(text)} is too large for a number")
        return number

    def whole(text):
        if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
            raise ValueError(f"{_cut(text)} is too large for a number")
        return int(text)

    def once(pairs):
        keys = [key for key, _ in pairs]
        twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
        if twice is not None:
            raise ValueError(f"an object has {json.dumps(twice)[:60]} twice")
        return dict(pairs)

    try:
        if path.exists() and not path.is_file():  # reading a pipe could block
            raise OSError("it is no regular file")
        text = path.read_text(encoding="utf-8")
        data = json.loads(
            text,
            parse_constant=refuse,
            parse_float=finite,
            parse_int=whole,
            object_pairs_hook=once,
        )
        if SURROGATE.search(text):  # a lone surrogate cannot be encoded
            json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ResultsError(
            f"{path}:{error.lineno}:{error.colno}: broken JSON: {error.msg}; {_remedy(path)}"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError(f"{path}: cannot be read: {error}; {_remedy(path)}") from None
    if not isinstance(data, dict):
        raise ResultsError(f"{path}:1:1: an object was expected")
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ResultsError(
            f"{path}: schema_version is {version!r}, this report reads {SCHEMA_VERSION};"
            " use the report of the version that made the run"
        )
    return data
