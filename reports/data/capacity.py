# SPDX-License-Identifier: MIT
"""The capacity that a search found at its load point.

If something other than the server was the limit, the figure is a bound and is
shown as "≥ x". If not even a tenth of the ceiling kept the latency limit, the
report shows "cannot meet".
"""

from data import units
from data.levels import of_trials, valid_trials
from data.results import Run

NAME, CAREFUL = "capacity_per_s", "capacity_conservative_per_s"


def is_search(point: dict) -> bool:
    return point["load"]["mode"] == "search"


def bound(run: Run, experiment: dict, point: dict, model: str) -> dict:
    """What a model's searches say beyond the figure: `at_least`, a rate that
    passed although the server was not the limit, `limit`, which names that limit,
    and `cannot_meet`."""
    trials = valid_trials(run, experiment, point, model)
    found = [t["capacity"] for t in trials if t.get("capacity")]
    least = [c for c in found if c["at_least"]]
    return {
        "at_least": of_trials([{"capacity": c} for c in least], "capacity", "last_success"),
        "limit": least[0]["limit"] if least else None,
        "cannot_meet": bool(found) and all(c["cannot_meet"] for c in found),
    }


def text_of(run: Run, experiment: dict, point: dict, model: str) -> str | None:
    """The words in place of a figure, or None."""
    told = bound(run, experiment, point, model)
    if told["cannot_meet"]:
        return "cannot meet"
    if told["at_least"]:
        return f"≥ {units.digits(told['at_least'])}"
    return None


def columns(run: Run, experiment: dict, point: dict) -> list[tuple[str, dict]]:
    """Columns for the load point's table: medians over the searches."""
    shown = (
        ("highest that passed, /s", "last_success"),
        ("lowest that failed, /s", "first_failure"),
        ("closed loop, /s", "ceiling_per_s"),
    )
    found = []
    for head, key in shown:
        texts = {}
        for m in point["models"]:
            trials = valid_trials(run, experiment, point, m)
            texts[m] = units.digits(of_trials(trials, "capacity", key))
        found.append((head, texts))
    return found


def judged(run: Run, experiment: dict, point: dict, model: str, constraint: dict) -> str | None:
    """Whether a model keeps a latency limit at any rate. Only a search for that
    limit, or for a stricter limit of the same percentile, can tell."""
    trials = valid_trials(run, experiment, point, model)
    found = [t["capacity"] for t in trials if t.get("capacity")]
    same = [
        c
        for c in found
        if constraint["metric"] == f"latency_p{c['percentile']:g}_ns"
        and c["limit_ns"] <= constraint["limit"]
    ]
    if not same:
        return None
    if all(c["cannot_meet"] for c in same):
        return "fails"
    return "at risk" if any(c["cannot_meet"] for c in same) else "fits"
