# SPDX-License-Identifier: MIT
"""Rows of the summary and trials of a cell, and the words shown if there are none."""

import statistics

from data.results import Run, withheld

REASONS_SHOWN = 4


def median(values):
    """The median of the values that are known, or None."""
    known = [v for v in values if v is not None]
    return statistics.median(known) if known else None


def valid_trials(
    run: Run, experiment: dict, point: dict, model: str, name: str | None = None, level=True
):
    """The valid trials; with a metric's name only those that give that metric, or,
    with `level` false, at least its ratios."""
    return [
        t
        for t in run.trials_of(experiment["name"], point["id"], model)
        if t["valid"] and not (name and withheld(t, name, level))
    ]


def of_trials(trials, *keys):
    """The trials' median of the value below the keys, or None."""
    values = []
    for t in trials:
        for key in keys:
            t = t.get(key) if isinstance(t, dict) else None
        values.append(t)
    return median(values)


def reason(trial: dict) -> str:
    """Why a trial is invalid."""
    if trial.get("reason"):
        return " ".join(trial["reason"].split())
    failed = [g.get("words") or g["id"] for g in trial.get("gates") or [] if not g["ok"]]
    return "; ".join(failed) or ("not complete" if not trial["complete"] else "no reason recorded")


def reasons(trials) -> str:
    """The invalid trials with their reasons, each reason once."""
    found: dict[tuple, list[str]] = {}
    for t in trials:
        if not t["valid"]:
            key = t["cell"]["model"], shortened(reason(t), 120)
            found.setdefault(key, []).append(str(t["block"]))
    texts = [
        f"{model} (block{'s' if len(at) > 1 else ''} {', '.join(at)}): {words}"
        for (model, words), at in found.items()
    ]
    more = f"; and {len(texts) - REASONS_SHOWN} more" if len(texts) > REASONS_SHOWN else ""
    return "; ".join(texts[:REASONS_SHOWN]) + more


def shortened(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def missing(run: Run, experiment: dict, point: dict, model: str, name: str) -> str:
    row = run.summary.get((experiment["name"], point["id"], model, name)) or {}
    if valid_trials(run, experiment, point, model):
        return row.get("why") or "not known"
    if run.trials_of(experiment["name"], point["id"], model):
        trials = run.trials_of(experiment["name"], point["id"], model)
        return f"invalid: {shortened(reason(trials[0]), 60)}"
    return row.get("why") or "not run"


def level_rows(run: Run, experiment: dict, point: dict, models, name: str):
    rows = {m: run.level(experiment["name"], point["id"], m, name) for m in models}
    notes = [
        (i + 1, missing(run, experiment, point, m, name))
        for i, m in enumerate(models)
        if not rows[m]
    ]
    return rows, notes
