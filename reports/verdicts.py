# SPDX-License-Identifier: MIT
"""From a rule and stored runs to a verdict, as claims.json stores it.

The first of the rule's verdicts whose condition surely holds is it, where no
other one above it might hold as well. Where there is none, a figure that is
lacking makes the claim NOT MEASURABLE HERE, in the words of the gate or of
whatever it lacked; else the intervals lie across the limits, or between them,
and the rule says what that means. What is missing because an
optional experiment was not run takes no part, and is told.
"""

import figures
from conditions import NO, NONE, UNSURE, YES
from results import Run
from rules import Rule

UNMEASURED = "NOT MEASURABLE HERE"
REASONS_SHOWN = 3


def judge(rule: Rule, runs: list[Run]) -> tuple[dict, dict]:
    """(the claim's object in claims.json, figure -> elements)"""
    found = {name: figures.elements(f, runs) for name, f in rule.figures.items()}
    told = {n: figures.told(rule.figures[n], e) for n, e in found.items()}
    intervals = {n: _intervals(rule.figures[n], e) for n, e in found.items()}
    truths = [v.condition.truth(intervals) for v in rule.verdicts]
    verdict, why = _decide(rule, found, truths, intervals, told)
    used = list(dict.fromkeys(e.run.data["run_id"] for es in found.values() for e in es if e.run))
    return {
        "id": rule.id,
        "verdict": verdict,
        "why": why,
        "headline": rule.headline,
        "text": rule.claim["text"],
        "short": rule.claim["short"],
        "source": rule.source,
        "setup": rule.claim["setup"],
        "law": rule.claim["law"],
        "refuted_if": rule.claim["refuted"],
        "conditions_told": rule.claim.get("conditions"),
        "experiments": rule.experiments,
        "experiments_full": rule.more,
        "runs": used,
        "figures": [_figure(rule.figures[n], e) for n, e in found.items()],
        "conditions": [
            {"verdict": v.name, "if": v.condition.text, "holds": truth}
            for v, truth in zip(rule.verdicts, truths)
        ],
        "otherwise": rule.otherwise[0],
    }, found


def _intervals(figure, elements) -> list:
    """What an optional experiment that was not run lacks takes no part."""
    return [e.interval for e in elements if not e.left_out(figure)]


def _decide(rule: Rule, found, truths, intervals, told) -> tuple[str, str]:
    open_yet = set()  # verdicts above that might hold
    for verdict, truth in zip(rule.verdicts, truths):
        if truth == YES and open_yet <= {verdict.name}:
            return verdict.name, verdict.why.format(**told)
        if truth != NO:
            open_yet.add(verdict.name)
    if NONE in truths:
        return UNMEASURED, "; ".join(reasons(rule, found, False)[:REASONS_SHOWN])
    name, why = rule.otherwise
    across = [
        f"{c.text} cannot be told from {told[c.figure]}"
        for v in rule.verdicts
        for c in v.condition.comparisons
        if intervals[c.figure] and c.truth(intervals[c.figure]) == UNSURE
    ]
    why = why.format(**told)
    return name, "; ".join([why, *dict.fromkeys(across)][: REASONS_SHOWN + 1])


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
