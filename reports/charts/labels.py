# SPDX-License-Identifier: MIT
"""Parts that charts share: names, labels and the room for them, captions."""

from data import units
from data.results import Run
from charts import style
from charts.drawing import Axis, Chart


def name_of(kind: str, experiment: dict, what: str) -> str:
    return file_name(f"{kind}-{experiment['name']}-{what}")


def file_name(text: str) -> str:
    """Of letters that every file system has."""
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text)


def point_chart(experiment: dict, point: dict, kind: str, template: str, title: str, alt: str, **more) -> Chart:
    """A chart of one load point; `more` are further members of Chart."""
    name = name_of(kind, experiment, point["id"])
    return Chart(name, template, title, alt, experiment["name"], [point["id"]], **more)


def provenance(run: Run) -> str:
    return f"Run {run.data['run_id']}, {run.data.get('tool_version') or 'unknown version'}."


def styles(models):
    return [{"model": m, "style": style.style(m)} for m in models]


def n_words(rows) -> str:
    counts = sorted({r["n"] for r in rows if r})
    if not counts:
        return "No valid trial."
    n = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    return f"Geometric mean over blocks ({n}), 95 % interval."


def scale_words(x: Axis) -> str:
    """How the axis runs, and how the intervals were made."""
    return f"Intervals: Student's t on logarithms. {'Logarithmic axis.' if x.log else 'The axis starts at zero.'}"


def alt_text(what: str, kind, rows: dict) -> str:
    """Alternative text with the best and the worst figure. The text calls no model
    best, because a model that misses a limit is no leader."""
    known = {m: r["value"] for m, r in rows.items() if r}
    if not known:
        return f"{what}: no valid measurement."
    best = (max if kind.higher_is_better else min)(known, key=lambda m: known[m])
    worst = (min if kind.higher_is_better else max)(known, key=lambda m: known[m])
    words = f"{what}: {best} {kind.show(known[best])}"
    if worst != best:
        words += f" to {worst} {kind.show(known[worst])}"
    return words + ". The numbers are in the table."


def capital(noun: str) -> str:
    """The noun with a capital letter for a title; p99 is left alone."""
    return noun if noun[1].isdigit() else noun[0].upper() + noun[1:]


def limit_line(experiment: dict, percentile: float | None = None) -> dict | None:
    """The profile's latency limit as a line in a chart; None if there is no limit,
    or the limit is not for that percentile."""
    profile = experiment.get("profile") or {}
    if not profile.get("limit_ns") or percentile not in (None, profile.get("limit_percentile")):
        return None
    return {"at": profile["limit_ns"] / 1e6, "text": f"the profile's limit {profile.get('limit')}"}


def table_row(kind, row, model):
    if not row:
        return [model, units.UNKNOWN, units.UNKNOWN, "0"]
    scaled = kind.scale([row["value"]])[0]
    return [
        model,
        kind.show(row["value"]),
        units.interval(row["lo"], row["hi"], scaled),
        str(row["n"]),
    ]
