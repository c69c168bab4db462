# SPDX-License-Identifier: MIT
"""Checks of stored files before they are reported. There are two kinds: the
shape of each file, and contradictions within it (a trial called valid whose
gate failed, counts that do not add up, a file under another trial's name).

A file that contradicts the format is refused with its name, the place in the
file and the reason: a report from misread numbers would be worse than none.
"""

import json
import math
import re
from pathlib import Path

from data import schema

# kind -> paths in the JSON; a trailing ? allows null or absence.
RUN_SHAPE = {
    "object": "models environment? activity? primitives? noise_floor? tally?",
    "list": "experiments plan? summary? comparisons? slopes? across? gates?",
    "name": "run_id",
    "text": "command? tool_version? started_at ended_at?",
    "boolean": "complete",
    "integer": "seed?",
}
EXPERIMENT_SHAPE = {
    "object": "profile?",
    "list": "load_points",
    "name": "name baseline?",
    "text": "title? question?",
    "count": "blocks?",
    "number": "margin?",
}
PROFILE_SHAPE = {
    "text": "name limit?",
    "count": "wait_ns cpu_ns connections",
    "number": "limit_percentile? limit_ns? memory_bytes?",
}
LOAD_POINT_SHAPE = {
    "object": "load",
    "list": "models",
    "name": "id section? workload",
    "text": "kind? query? load.mode latency_kind? headline?",
    "count": "load.connections?",
    "number": "load.rate_per_s? wait_ns?",
}
SUMMARY_SHAPE = {
    "list": "trials?",
    "name": "experiment load_point model",
    "text": "metric why?",
    "count": "n",
    "number": "value? lo? hi?",
}
COMPARISON_SHAPE = {
    "name": "experiment load_point a b",
    "text": "metric verdict? words?",
    "count": "n",
    "number": "ratio? lo? hi? margin?",
}
SLOPE_SHAPE = {
    "object": "bytes?",
    "name": "experiment section model",
    "text": "per why?",
    "count": "n",
}
TRIAL_SHAPE = {
    "object": "cell bound? requests? latency? memory? cpu? bare? prediction?",
    "list": "gates? withheld?",
    "name": "run_id trial_id experiment load_point cell.model",
    "text": "reason? prediction.cause? prediction.evidence?",
    "boolean": "complete valid",
    "count": "block attempt? requests.scheduled? requests.ok? requests.wrong? requests.http_error? "
        "requests.io_error? requests.timeout?",
    "number": "window_ns? throughput_per_s? memory.total_bytes? memory.rss_sum_bytes? bare.per_s? "
        "prediction.throughput_per_s?",
}
WITHHELD_SHAPE = {"text": "figure gate effect words?"}
GATE_SHAPE = {"text": "id", "boolean": "ok", "number": "value? limit?"}
VERDICTS = ("better", "worse", "same", "negligible", "inconclusive")
_WORDS = {"name": "a name (1 to 200 bytes, without control characters and /)"}


class ResultsError(Exception):
    """Results that cannot be reported, in one sentence for the user."""


# Names become parts of file names and strings in gnuplot scripts. Neither may hold
# NUL. A file name has at most 255 bytes, and charts add a prefix and a suffix.
_NAME = re.compile(r"[^\x00-\x20\x7f/][^\x00-\x1f\x7f/]*")
_KINDS = {
    "name": lambda v: isinstance(v, str)
    and len(v.encode(errors="replace")) <= 200
    and bool(_NAME.fullmatch(v)),
    "text": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "count": lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "list": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}


def _check_shape(path: Path, where: str, value, shape: dict) -> None:
    if not isinstance(value, dict):
        raise ResultsError(f"{path}: {where or 'the file'} must be an object")
    for kind, key in ((kind, key) for kind, keys in shape.items() for key in keys.split()):
        name, optional, _ = key.partition("?")
        found = value
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if not (found is None and optional) and not _KINDS[kind](found):
            words = _WORDS.get(kind, f"a {kind}")
            raise ResultsError(f"{path}: {where}{name} must be {words}, found {_shown(found)}")


def _shown(value) -> str:
    """A value for a message; a long one is cut and its length is added."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}... ({len(text)} characters)"


def check_schema(path: Path, kind: str, data: dict, whole: bool = False) -> None:
    found = schema.problem(kind, data, whole)
    if found:
        raise ResultsError(f"{path}: {found} (results/schema/{kind}.schema.json)")


def _check_names(path: Path, where: str, values) -> None:
    for value in values:
        if not _KINDS["name"](value):
            raise ResultsError(f"{path}: {where} must be {_WORDS['name']}, found {_shown(value)}")


def check_run(path: Path, data: dict) -> None:
    """Checks shapes and schema first, because the later checks rely on types."""
    _check_shape(path, "", data, RUN_SHAPE)
    _check_names(path, "the name of each of models", data["models"])
    for i, experiment in enumerate(data["experiments"]):
        where = f"experiments[{i}]."
        _check_shape(path, where, experiment, EXPERIMENT_SHAPE)
        if experiment.get("profile") is not None:
            _check_shape(path, f"{where}profile.", experiment["profile"], PROFILE_SHAPE)
        for j, point in enumerate(experiment["load_points"]):
            _check_shape(path, f"{where}load_points[{j}].", point, LOAD_POINT_SHAPE)
            _check_names(path, f"{where}load_points[{j}].models", point["models"])
    for name, shape in (
        ("summary", SUMMARY_SHAPE),
        ("comparisons", COMPARISON_SHAPE),
        ("slopes", SLOPE_SHAPE),
    ):
        for i, row in enumerate(data.get(name) or []):
            _check_shape(path, f"{name}[{i}].", row, shape)
    check_schema(path, "run", data)
    for i, experiment in enumerate(data["experiments"]):
        if experiment.get("noise_floor") and experiment.get("baseline") is None:
            raise ResultsError(
                f"{path}: experiments[{i}].noise_floor is true, but there is no baseline to copy"
            )
    for i, row in enumerate(data.get("summary") or []):
        _check_level(path, f"summary[{i}]", row)
    for i, row in enumerate(data.get("comparisons") or []):
        _check_comparison(path, f"comparisons[{i}]", row, data)
    _check_once(path, data)


def _check_level(path: Path, where: str, row: dict) -> None:
    """Checks a level, which is a geometric mean and so above zero."""
    _check_interval(path, where, row, "value")
    if row.get("error_share") is not None and row.get("lower_bound") is None:
        raise ResultsError(f"{path}: {where}: error_share is given, but lower_bound is not")


def _check_interval(path: Path, where: str, row: dict, name: str) -> None:
    value, lo, hi = row.get(name), row.get("lo"), row.get("hi")
    low = next((k for k in (name, "lo", "hi") if row.get(k) is not None and row[k] <= 0), None)
    if low:
        raise ResultsError(f"{path}: {where}.{low} is {row[low]}, more than 0 is needed")
    if None not in (lo, hi) and lo > hi:
        raise ResultsError(f"{path}: {where}: the interval ends before it begins: {lo} to {hi}")
    if None not in (value, lo, hi) and not lo <= value <= hi:
        raise ResultsError(
            f"{path}: {where}: {name} {value} lies outside its interval {lo} to {hi}"
        )


def _check_comparison(path: Path, where: str, row: dict, data: dict) -> None:
    if row.get("verdict") not in (*VERDICTS, None):
        raise ResultsError(
            f"{path}: {where}.verdict is {row['verdict']!r},"
            f" known are {', '.join(VERDICTS)}"
        )
    _check_interval(path, where, row, "ratio")
    for key in ("a", "b"):
        if row[key].removesuffix("~") not in data["models"]:
            raise ResultsError(f"{path}: {where}.{key} is {row[key]!r}, which models does not have")


def _check_once(path: Path, data: dict) -> None:
    """Refuses two rows with one key: the report would use only one of them."""
    def rows(name, *keys):
        return [
            (f"{name}[{i}]", [row.get(k) for k in keys])
            for i, row in enumerate(data.get(name) or [])
        ]

    point = ("experiment", "load_point")
    lists = [
        rows("experiments", "name"),
        rows("plan", "trial_id"),
        rows("summary", *point, "model", "metric"),
        rows("comparisons", *point, "metric", "a", "b"),
        rows("slopes", "experiment", "section", "model", "per"),
    ]
    for i, experiment in enumerate(data["experiments"]):
        where = f"experiments[{i}].load_points"
        points = list(enumerate(experiment["load_points"]))
        lists.append([(f"{where}[{j}]", [p["id"]]) for j, p in points])
        for j, p in points:
            lists.append([(f"{where}[{j}].models[{k}]", [m]) for k, m in enumerate(p["models"])])
    for listed in lists:
        seen = {}
        for where, key in listed:
            first = seen.setdefault(tuple(key), where)
            if first != where:
                words = ", ".join(map(str, key))
                raise ResultsError(f"{path}: {where} repeats {first} ({words})")


def check_trial(path: Path, trial: dict, run: dict, plan: dict[str, dict] | None = None) -> None:
    """Checks a trial; `plan` maps trial ids to rows of the plan, if there is one."""
    _check_shape(path, "", trial, TRIAL_SHAPE)
    for i, gate in enumerate(trial.get("gates") or []):
        _check_shape(path, f"gates[{i}].", gate, GATE_SHAPE)
    for i, row in enumerate(trial.get("withheld") or []):
        _check_shape(path, f"withheld[{i}].", row, WITHHELD_SHAPE)
    _check_shape(path, "bound.", trial.get("bound") or {}, {"list": "figures?"})
    if trial.get("prediction"):
        _check_shape(path, "prediction.", trial["prediction"], {"text": "law"})
    check_schema(path, "trial", trial)
    if path.stem.split(".attempt")[0] != trial["trial_id"]:
        raise ResultsError(f"{path}: trial_id is {trial['trial_id']!r}, not the file's name")
    if trial["run_id"] != run["run_id"]:
        raise ResultsError(
            f"{path}: run_id is {trial['run_id']!r}, but run.json says {run['run_id']!r}"
        )
    points = {(e["name"], p["id"]) for e in run["experiments"] for p in e["load_points"]}
    if (trial["experiment"], trial["load_point"]) not in points:
        raise ResultsError(
            f"{path}: load point {trial['load_point']!r} of experiment"
            f" {trial['experiment']!r} is not in run.json"
        )
    _check_planned(path, trial, run, (plan or {}).get(trial["trial_id"], {}))
    if trial["valid"]:
        _check_valid(path, trial, run.get("gates") or [])


def _check_planned(path: Path, trial: dict, run: dict, planned: dict) -> None:
    """Checks that a trial matches its row of the plan, and that its model takes
    part at its load point, or is the baseline's second copy (MODEL~) for the noise
    floor."""
    model = trial["cell"]["model"]
    experiment, point = next(
        (e, p)
        for e in run["experiments"]
        for p in e["load_points"]
        if (e["name"], p["id"]) == (trial["experiment"], trial["load_point"])
    )
    known = point["models"] + ([experiment["baseline"] + "~"] if experiment.get("noise_floor") else [])
    if model not in known:
        raise ResultsError(
            f"{path}: cell.model is {model!r}, but load point {trial['load_point']!r} of"
            f" run.json has {', '.join(sorted(known)) or 'none'}"
        )
    _check_asked(path, trial["cell"], point)
    found = dict(trial, model=model)
    for key in ("experiment", "load_point", "model", "block"):
        if key in planned and found[key] != planned[key]:
            name = "cell.model" if key == "model" else key
            raise ResultsError(
                f"{path}: {name} is {found[key]!r}, but the plan in run.json says {planned[key]!r}"
            )


def _check_asked(path: Path, cell: dict, point: dict) -> None:
    """Checks that a trial's cell agrees with its load point. Keys that only one of
    them has are skipped: another version of the tool may know more keys. Workers
    and settings are skipped because each model has its own."""
    pairs = [(f"cell.{k}", cell, point, k) for k in ("workload", "query", "placement")]
    load = cell.get("load") or {}
    pairs += [(f"cell.load.{k}", load, point["load"], k) for k in load]
    for name, have, want, key in pairs:
        if key in have and key in want and not _alike(have[key], want[key]):
            raise ResultsError(
                f"{path}: {name} is {_shown(have[key])}, but load point {point['id']!r} of"
                f" run.json has {_shown(want[key])}, so their figures must not be mixed;"
                " remove the file, and `make resume` measures the trial again"
            )


def _alike(a, b) -> bool:
    """Whether two values are equal, up to the precision of stored rates."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9)
    return a == b


def _check_valid(path: Path, trial: dict, gates: list[dict]) -> None:
    """Checks that nothing contradicts `valid`. A figure that several gates
    withhold is stored with the first of them, and a gate may withhold fewer
    figures than the table lists; so one common figure is enough."""
    spoils = {gate["id"]: set(gate["figures"]) for gate in gates if gate.get("figures")}
    gone = {row.get("figure") for row in trial.get("withheld") or []}
    bound = (trial.get("bound") or {}).get("figures") or []
    gone.update(figure for figure in bound if isinstance(figure, str))
    for gate in trial.get("gates") or []:
        if not gate["ok"] and not spoils.get(gate["id"], gone) & gone:
            raise ResultsError(
                f"{path}: valid is true, but gate {gate['id']!r} failed, and no figure is withheld"
            )
    if not trial["complete"] or trial.get("throughput_per_s") is None:
        raise ResultsError(f"{path}: valid is true, but the trial is not complete")
    counts = trial.get("requests")
    if counts is None:
        raise ResultsError(f"{path}: valid is true, but requests are not counted")
    ends = sum(counts.get(k) or 0 for k in ("ok", "wrong", "http_error", "io_error", "timeout"))
    if counts.get("scheduled") is not None and counts["scheduled"] != ends:
        raise ResultsError(
            f"{path}: valid is true, but {counts['scheduled']} requests were scheduled"
            f" and {ends} are accounted for"
        )
