# SPDX-License-Identifier: MIT
"""From a rule and stored runs to a verdict, as claims.json stores it.

The first of the rule's verdicts whose condition surely holds is it, where no
other one above it might hold as well. Where there is none, a figure that is
lacking makes the claim NOT MEASURABLE HERE, in the words of the gate or of
whatever it lacked. Else intervals lie across limits: UNDECIDED, with the
number of blocks that would settle it. What is missing because an optional
experiment was not run takes no part, and is told.
"""

import math

from data.results import Run
from claims import figures, precision
from claims.conditions import NO, NONE, UNSURE, YES
from claims.rules import Rule

UNMEASURED = "NOT MEASURABLE HERE"
UNDECIDED = "UNDECIDED"
REASONS_SHOWN = 3


def judge(rule: Rule, runs: list[Run], planned: list[Run] = ()) -> tuple[dict, dict]:
    """(the claim's object in claims.json, figure -> elements). Where `runs`
    leave it undecided, `planned` speak first: runs whose blocks were planned
    from the spread that `runs` show."""
    claim, found = _judge(rule, runs)
    claim["first_look"] = None
    own = [r for r in planned if any(experiment_of(r, f.experiment) for f in rule.figures.values())]
    if claim["verdict"] == UNDECIDED and own:
        first = claim["undecided"]
        claim, found = _judge(rule, [*own, *runs])
        claim["first_look"] = first
    return claim, found


def _judge(rule: Rule, runs: list[Run]) -> tuple[dict, dict]:
    found = {name: figures.elements(f, runs) for name, f in rule.figures.items()}
    told = {n: figures.told(rule.figures[n], e) for n, e in found.items()}
    intervals = {n: _intervals(rule.figures[n], e) for n, e in found.items()}
    truths = [v.condition.truth(intervals) for v in rule.verdicts]
    name, why, sides, open_yet = _decide(rule, found, truths, told)
    used = list(dict.fromkeys(e.run.data["run_id"] for es in found.values() for e in es if e.run))
    return {
        "id": rule.id,
        "verdict": name,
        "why": why,
        "holds": sides.get("holds"),
        "fails": sides.get("fails"),
        "undecided": open_yet,
        "headline": rule.headline,
        "text": rule.claim["text"],
        "short": rule.claim["short"],
        "source": rule.source,
        "setup": rule.claim["setup"],
        "law": rule.claim["law"],
        "refuted_if": rule.claim["refuted"],
        "speaks": rule.speaks,
        "against": rule.against,
        "conditions_told": rule.claim.get("conditions"),
        "experiments": rule.experiments,
        "experiments_full": rule.more,
        "runs": used,
        "figures": [_figure(rule.figures[n], e) for n, e in found.items()],
        "conditions": [
            {"verdict": v.name, "if": v.condition.text, "holds": truth}
            for v, truth in zip(rule.verdicts, truths)
        ],
    }, found


def _intervals(figure, elements) -> list:
    """What an optional experiment that was not run lacks takes no part."""
    return [e.interval for e in elements if not e.left_out(figure)]


def _decide(rule: Rule, found, truths, told) -> tuple[str, str, dict, dict | None]:
    """(verdict, why, sides of a CONDITIONAL, what an UNDECIDED needs)"""
    open_yet = set()  # verdicts above that might hold
    for verdict, truth in zip(rule.verdicts, truths):
        if truth == YES and open_yet <= {verdict.name}:
            sides = {key: words.format(**told) for key, words in verdict.sides.items()}
            return verdict.name, verdict.why.format(**told), sides, None
        if truth != NO:
            open_yet.add(verdict.name)
    if NONE in truths:
        return UNMEASURED, "; ".join(reasons(rule, found, False)[:REASONS_SHOWN]), {}, None
    if not open_yet:
        return UNMEASURED, "the rule has no verdict for these figures: " + "; ".join(told.values()), {}, None
    across = _across(rule, found, truths)
    bounded = [a for a in across if a["bound"]]
    if bounded:
        words = [f"{a['label']}: no more than {a['bound']} is known, the limit was not the server" for a in bounded]
        return UNMEASURED, "; ".join(dict.fromkeys(words)), {}, None
    limits = [f"{told[a['figure']]} cannot be told from {a['limit_told']}" for a in across]
    needs = {"between": sorted(open_yet), "across": [dict(a) for a in across]}
    for row in needs["across"]:
        del row["bound"], row["limit_told"]
    return UNDECIDED, "; ".join(list(dict.fromkeys(limits))[:REASONS_SHOWN]), {}, needs


def experiment_of(run: Run, name: str) -> dict:
    """The experiment as a run stores it, {} where it has none of that name."""
    own = (e for e in run.data["experiments"] if e["name"] == name.rpartition("/")[2])
    return next(own, {})


def _across(rule: Rule, found, truths) -> list[dict]:
    """Each element whose interval lies across a limit that matters, and how
    many blocks would put the limit outside."""
    rows = {}
    unsure = [v for v, truth in zip(rule.verdicts, truths) if truth == UNSURE]
    for comparison in (c for v in unsure for c in v.condition.comparisons):
        figure = rule.figures[comparison.figure]
        for e in found[comparison.figure]:
            if e.missing or comparison.of(*e.interval) != UNSURE:
                continue
            for limit in (x for x in comparison.limits if e.interval[0] <= x <= e.interval[1]):
                rows[figure.name, e.label, limit] = _needed(figure, e, limit)
    return list(rows.values())


def blocks_of(figure: figures.Figure, e: figures.Element) -> int:
    """Blocks that a figure is from; a slope's n counts its trials."""
    if figure.form.startswith("slope") and e.run:
        return experiment_of(e.run, figure.experiment).get("blocks") or e.n
    return e.n


def _needed(figure: figures.Figure, e: figures.Element, limit: float) -> dict:
    """The spread of the blocks that were run and the distance to the limit say
    how many blocks it takes. A slope has several trials a block; quartiles do
    not grow narrower."""
    now = blocks_of(figure, e)
    needed = None
    if not figure.form.startswith("primitive"):
        wanted = precision.blocks(e.value, e.lo, e.hi, e.n, limit)
        needed = wanted and max(math.ceil(wanted * now / e.n), now + 1)
    bounded = figures.text_of(figure, e).split(" [")[0] if e.bound else None
    return {
        "figure": figure.name,
        "label": e.label,
        "experiment": figure.experiment,
        "limit": limit,
        "blocks": now,
        "blocks_needed": needed,
        "bound": bounded,
        "limit_told": figures.show(figure.measures, limit),
    }


def reasons(rule: Rule, found, left_out: bool) -> list[str]:
    """Why figures, needed ones or those left out, are missing, each reason once."""
    words: dict[str, list[str]] = {}
    for name, elements in found.items():
        for e in elements:
            if e.missing and e.left_out(rule.figures[name]) == left_out:
                words.setdefault(e.missing, []).append(e.label)
    return [
        why if why.startswith(labels[0]) else f"{', '.join(dict.fromkeys(labels))}: {why}"
        for why, labels in words.items()
    ]


def _figure(figure: figures.Figure, elements) -> dict:
    return {
        "name": figure.name,
        "what": figure.what,
        "form": figure.form,
        "measures": figure.measures,
        "metric": figure.metric,
        "to": figure.to,
        "judged": figure.judged,
        "optional": figure.optional,
        "elements": [
            {
                "label": e.label,
                "model": e.model,
                "load_point": e.load_point,
                "value": e.value,
                "lo": e.lo,
                "hi": e.hi,
                "n": e.n,
                "bound": e.bound,
                "law": e.law,
                "missing": e.missing,
                "run": e.run.data["run_id"] if e.run else None,
                "trials": e.trials,
            }
            for e in elements
        ],
    }
