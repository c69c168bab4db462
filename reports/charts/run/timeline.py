# SPDX-License-Identifier: MIT
"""The run in its order: every attempt at every trial, and below what the machine did
meanwhile.

Above, a trial's throughput as a share of its cell's level; an invalid attempt is a
cross at its own place. Below, the share of the CPUs that other processes and the
hypervisor took, which the gates `foreign_cpu` and `steal` have stored, with the
gate's limit.
"""

from data.metrics import metric
from data.results import Run
from charts import style
from charts.drawing import Axis, Chart
from charts.labels import provenance, styles

NAME = "throughput_per_s"
GATES = (("foreign_cpu", "other processes", style.VERMILION), ("steal", "the hypervisor", style.BLUE))
FEW = 2  # with fewer attempts there is no order to see
REACH = 50  # at most so many percent around the level are shown; what lies beyond is drawn at the edge
REACH_LEAST = 5


def chart(run: Run) -> Chart | None:
    attempts = sorted([*run.trials, *run.retired], key=_when)
    if len(attempts) < FEW or not any(t["valid"] for t in attempts):
        return None
    models = list(dict.fromkeys(t["cell"]["model"] for t in attempts))
    rows: dict[str, list] = {m: [] for m in models}
    bad, tips = [], {}
    for place, t in enumerate(attempts, 1):
        share = _share(run, t)
        if not t["valid"]:
            bad.append([place, 100 if share is None else share])
        elif share is not None:
            model = t["cell"]["model"]
            rows[model].append([place, share])
            shown = metric(NAME).show(t[NAME])
            tips.setdefault(model, []).append(f"trial {place}: {model}, {t['load_point']}, block {t['block']}: {shown}")
    noise = {gate: _noise(attempts, gate) for gate, _, _ in GATES}
    known = [(gate, words, colour) for gate, words, colour in GATES if noise[gate]]
    limit = _limit(attempts, "foreign_cpu")
    made = Chart(
        "timeline", "timeline.gp", "The run in its order, and the machine's noise",
        f"{len(attempts)} attempts in their order, {len(bad)} of them invalid. The gates' table has the worst of each.",
        "", [], body=330 if known else 210, tips=tips,
    )
    made.blocks = [(m, rows[m]) for m in models] + [("invalid", bad)]
    made.blocks += [(words, noise[gate]) for gate, words, _ in known]
    made.caption = [
        "Each mark is a trial; 100 % is the level of its cell.",
        f"More than {REACH} % from the level: drawn at the edge. Below: the share of the CPUs that others took while the"
        " window was open. Invalid trials are excluded from all figures.",
        provenance(run),
    ]
    made.notes = [f"Crosses: {len(bad)} invalid attempt{'s' if len(bad) > 1 else ''}."] if bad else []
    made.keys = [*models, *(["invalid"] if bad else []), *(words for _, words, _ in known)]
    made.context = {
        "styles": styles(models), "left": 58, "ylabel": "% of the cell's level", "xlabel": "trials in their order",
        "last": len(attempts), "reach": _reach(made.blocks, len(models)), "bad": len(bad), "known": known, "limit": limit,
        "top": _top([row[1] for gate, _, _ in known for row in noise[gate]], limit),
    }
    return made


def _reach(blocks: list, models: int) -> float:
    """The percent around the level that the axis shows."""
    far = [abs(share - 100) for _, rows in blocks[: models + 1] for _, share in rows]
    return min(REACH, max([REACH_LEAST, *far]))


def _when(trial: dict) -> tuple:
    return trial.get("started_at") or "", trial["block"], trial.get("order") or 0, trial.get("attempt") or 1


def _share(run: Run, trial: dict) -> float | None:
    row = run.level(trial["experiment"], trial["load_point"], trial["cell"]["model"], NAME)
    if not row or trial.get(NAME) is None:
        return None
    return min(max(100 * trial[NAME] / row["value"], 100 - REACH), 100 + REACH)


def _gate(trial: dict, name: str) -> dict:
    return next((g for g in trial.get("gates") or [] if g["id"] == name), {})


def _noise(attempts, name: str) -> list[list[float]]:
    """Places and percents of the attempts for which the gate was applied."""
    seen = ((place, _gate(t, name).get("value")) for place, t in enumerate(attempts, 1))
    return [[place, 100 * value] for place, value in seen if value is not None]


def _limit(attempts, name: str) -> float | None:
    limits = (_gate(t, name).get("limit") for t in attempts)
    found = next((limit for limit in limits if limit is not None), None)
    return None if found is None else 100 * found


def _top(values, limit: float | None) -> Axis:
    return Axis(0, 1.15 * max([*values, limit or 0, 1]), False)
