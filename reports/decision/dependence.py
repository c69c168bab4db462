# SPDX-License-Identifier: MIT
"""Whether an outcome depends on trials that are invalid.

A trial matters where it is of a load point and a model that the decision rests
on (a valid one whose throughput or latency is withheld from too many likewise),
and where what is left of that model is too little: no verdict, or fewer
blocks than a test needs. The decision is then made twice more, with the model in
and with the model out. Only if all three outcomes are the same does the decision
not depend on what the trials would have shown.
"""

from data.results import Run
from decision import drivers

BLOCKS_FOR_A_TEST = 6  # the least at which a signed-rank test can reach 5 %


def of_invalid(run: Run, experiment: dict, evidence: dict[str, str], options, outcome) -> dict:
    """`evidence`: the load point of each model that takes part. `outcome`: the
    outcome as a function of the fates, by model."""
    fates = {o["model"]: o["fate"] for o in options}
    made = outcome(fates)
    affected = []
    for model, point in evidence.items():
        trials = run.trials_of(experiment["name"], point, model)
        left = sum(t["valid"] for t in trials)
        lacks = [n for n in decisive(experiment, point) if run.too_many_invalid(
            experiment["name"], point, model, n)]
        if left == len(trials) and not lacks:
            continue
        enough = left >= BLOCKS_FOR_A_TEST and fates[model] != "unknown" and not lacks
        same = enough or all(
            _alike(made, outcome(dict(fates, **{model: fate}))) for fate in ("fits", "fails")
        )
        row = {"model": model, "load_point": point, "valid": left, "trials": len(trials)}
        row["withheld"] = left == len(trials)
        affected.append(dict(row, depends=not same))
    own = [t for t in run.trials if t["experiment"] == experiment["name"]]
    nothing = bool(own) and not any(t["valid"] for t in own)
    return {
        "trials": len(own),
        "invalid": sum(not t["valid"] for t in own),
        "affected": affected,
        "depends": nothing or any(row["depends"] for row in affected),
    }


def decisive(experiment: dict, name: str) -> tuple[str, str]:
    """The figures of a load point without which nobody is judged."""
    point = next(p for p in experiment["load_points"] if p["id"] == name)
    return drivers.speed(point), drivers.latencies(point)[0]


def _alike(a: dict, b: dict) -> bool:
    """Who is recommended, or between whom the toss-up is; a model that is at
    risk or unknown beside them changes nothing for who follows the record."""
    def firm(outcome):
        named = outcome["kind"] in ("recommended", "toss-up")
        return outcome["kind"], sorted(outcome["models"]) if named else None

    return firm(a) == firm(b)


def of_run(run: Run, decisions: dict[str, dict]) -> bool:
    """Whether an invalid trial of the run matters to anybody: to a decision, or
    in an experiment without one, where every figure is an answer."""
    open_questions = [e["name"] for e in run.data["experiments"] if e["name"] not in decisions]
    return any(d["invalid"]["depends"] for d in decisions.values()) or any(
        not t["valid"] and t["experiment"] in open_questions for t in run.trials
    )
