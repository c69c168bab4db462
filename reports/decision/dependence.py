# SPDX-License-Identifier: MIT
"""Whether an outcome depends on invalid trials.

Invalid trials matter if the decision rests on their load point and model, and
the model's valid trials are too few: no verdict, or fewer blocks than a test
needs. Valid trials that withhold throughput or latency count as invalid here.
The decision is then made twice more, once with the model let in and once with
the model left out. The decision does not depend on the invalid trials only if
all three outcomes agree.
"""

from data.results import Run
from decision import drivers

BLOCKS_FOR_A_TEST = 6  # the least at which a signed-rank test can reach 5 %


def of_invalid(run: Run, experiment: dict, evidence: dict[str, str], options, outcome) -> dict:
    """The invalid trials and whether the outcome depends on them. `evidence` maps
    each model to its load point; `outcome` is a function of the models' fates."""
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
    """The metrics of a load point that an option needs to be judged."""
    point = next(p for p in experiment["load_points"] if p["id"] == name)
    return drivers.speed(point), drivers.latencies(point)[0]


def _alike(a: dict, b: dict) -> bool:
    """Whether two outcomes recommend alike. Models that are at risk or unknown do
    not count, because they change nothing for a reader of the record."""
    def firm(outcome):
        named = outcome["kind"] in ("recommended", "toss-up")
        return outcome["kind"], sorted(outcome["models"]) if named else None

    return firm(a) == firm(b)


def of_run(run: Run, decisions: dict[str, dict]) -> bool:
    """Whether an invalid trial matters to a decision, or belongs to an experiment
    without a decision, where every figure is an answer."""
    open_questions = [e["name"] for e in run.data["experiments"] if e["name"] not in decisions]
    return any(d["invalid"]["depends"] for d in decisions.values()) or any(
        not t["valid"] and t["experiment"] in open_questions for t in run.trials
    )
