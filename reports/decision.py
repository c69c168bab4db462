# SPDX-License-Identifier: MIT
"""From measurements to a recommendation, by a rule that is printed in full.

1. The load point that is nearest to the profile supplies the evidence
   (nearest.py).
2. Constraints first (limits.py): what does not keep a limit, or may not, is out
   or at risk.
3. Dominance by the stored verdicts, then a weighted score (ranking.py).
4. What other weights, margins and limits would make of it (sensitivity.py).

Everything that the rule used is in the returned dictionary, so that the record
and its machine-readable copy say the same.
"""

import dependence
import drivers
import limits
import nearest
import ranking
import sensitivity
from points import setting
from results import Run


def decide(run: Run, experiment: dict) -> dict | None:
    """The decision of an experiment with a profile, None without one."""
    profile = experiment.get("profile")
    if not profile or not experiment["load_points"]:
        return None
    profile = dict(profile, name=profile.get("name") or experiment["name"])
    point, choice = nearest.choose(run, experiment, profile)
    models = run.models_of(experiment["name"], point, yardsticks=False)
    margin = experiment.get("margin") or 0.05
    constraints = limits.constraints(profile, point)
    options = [limits.option(run, experiment, point, profile, constraints, m) for m in models]
    fits = [o["model"] for o in options if o["fate"] == "fits"]
    verdict = ranking.rank(run, experiment, point, fits)
    decision = {
        "experiment": experiment["name"],
        "profile": profile,
        "load_point": point["id"],
        "setting": setting(point),
        "latency_kind": drivers.latency_kind(point),
        "second_load": bool(point.get("beside")),
        "choice": choice,
        "margin": margin,
        "constraints": constraints,
        "weights": verdict["weights"],
        "margins": verdict["margins"],
        "dropped_drivers": verdict["dropped"],
        "options": options,
        "dominated": verdict["dominated"],
        "scores": verdict["scores"],
        "outcome": _outcome(options, verdict),
        "preliminary": _preliminary(run, options, choice),
    }
    decided = decision["outcome"]["kind"] in ("recommended", "toss-up")
    first = decision["outcome"]["models"][0] if decided else None
    decision["reference"] = first
    decision["workers"] = {m: _workers(run, experiment, point, m) for m in models}
    for option in options:
        option["against"] = _against(run, experiment, point, option["model"], first)

    def outcome(fates: dict[str, str]) -> dict:
        """The outcome, had the options these fates."""
        told = [dict(o, fate=fates[o["model"]]) for o in options]
        inside = [m for m in models if fates[m] == "fits"]
        return _outcome(told, ranking.rank(run, experiment, point, inside))

    evidence = dict.fromkeys(models, point["id"])
    decision["invalid"] = dependence.of_invalid(run, experiment, evidence, options, outcome)
    decision["differences"] = _differences(run, experiment, point, decision["outcome"])
    decision["sensitivity"] = sensitivity.cases(
        run, experiment, point, options, fits, verdict
    )
    decision["changes"] = sensitivity.changes(profile, point, options, constraints)
    return decision


def _workers(run: Run, experiment: dict, point: dict, model: str) -> str | None:
    """With how many a model ran; None where there are none to set."""
    known = run.workers_of(experiment["name"], point["id"], model)
    return f"{known} worker{'s' if known != '1' else ''}" if known else None


def _outcome(options, verdict) -> dict:
    """kind: recommended, toss-up, at risk, none, unknown."""
    fates = {o["model"]: o["fate"] for o in options}
    risky = [m for m, f in fates.items() if f == "at risk"]
    unknown = [m for m, f in fates.items() if f == "unknown"]
    if verdict["leader"]:
        kind = "toss-up" if verdict["rivals"] else "recommended"
        models = [verdict["leader"], *verdict["rivals"]]
    else:
        kind = "at risk" if risky else "unknown" if unknown else "none"
        models = risky or unknown
    return {
        "kind": kind,
        "models": models,
        "by": verdict["by"],
        "at_risk": risky,
        "unknown": unknown,
    }


def _preliminary(run: Run, options, choice) -> list[str]:
    """What keeps the outcome from being firm: names of reasons."""
    reasons = [] if run.data["complete"] else ["incomplete"]
    counts = [e["n"] for o in options for e in o["evidence"].values() if e]
    if counts and min(counts) < dependence.BLOCKS_FOR_A_TEST:
        reasons.append("few blocks")
    if choice["far"]:
        reasons.append("far")
    return reasons


def _against(run: Run, experiment, point, model: str, first: str | None) -> dict:
    """The stored verdicts of an option against the first of the outcome."""
    rows = {}
    for name in drivers.names(point):
        row = run.ratio(experiment["name"], point["id"], name, model, first)
        if row and row.get("ratio"):
            rows[name] = {k: row.get(k) for k in ("ratio", "lo", "hi", "n", "verdict")}
    return rows


def _differences(run: Run, experiment, point, outcome) -> list[dict]:
    """On what the options of a toss-up differ."""
    first, *rest = outcome["models"] or [None]
    rows = []
    for other in rest if outcome["kind"] == "toss-up" else []:
        for name in drivers.names(point):
            row = run.ratio(experiment["name"], point["id"], name, first, other)
            if row and row.get("verdict") in ("better", "worse"):
                better = first if row["verdict"] == "better" else other
                rows.append(
                    {
                        "metric": name,
                        "a": first,
                        "b": other,
                        "ratio": row["ratio"],
                        "lo": row["lo"],
                        "hi": row["hi"],
                        "better": better,
                    }
                )
    return rows
