# SPDX-License-Identifier: MIT
"""From a rule and stored runs to a verdict, as claims.json stores it.

The verdict is the first one of the rule whose condition surely holds, unless
another verdict above it might hold too. If there is none and a figure is
missing, the claim is NOT MEASURABLE HERE, with the gate's words or another
reason. Otherwise intervals include limits and the claim is UNDECIDED, with the
number of blocks that would settle it. Figures of an optional experiment that was
not run are skipped, and the page says so.
"""

import math

from data.results import Run
from claims import figures
from claims.conditions import NO, NONE, UNSURE, YES
from claims.rules import Rule

UNMEASURED = "NOT MEASURABLE HERE"
UNDECIDED = "UNDECIDED"
REASONS_SHOWN = 3
BLOCKS_MOST = 1000
HALF_WIDTH = 2 / 3  # of the distance between figure and limit
# Student's t, two-sided 95 %, for 1 to 30 degrees of freedom.
T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def judge(rule: Rule, runs: list[Run], planned: list[Run] = ()) -> tuple[dict, dict]:
    """The claim's object in claims.json, and the elements by figure. If `runs` leave
    the claim undecided, `planned` are used first: runs whose number of blocks was
    planned from the spread that `runs` show."""
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
    if rule.unmeasurable:
        name, why = UNMEASURED, rule.unmeasurable
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
    """The elements' intervals, without those of optional experiments not run."""
    return [e.interval for e in elements if not e.left_out(figure)]


def _decide(rule: Rule, found, truths, told) -> tuple[str, str, dict, dict | None]:
    """The verdict, its reason, the sides of a CONDITIONAL, and what an UNDECIDED
    claim needs."""
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
    """Each element whose interval includes a limit that matters, and how many
    blocks would put that limit outside."""
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
    """The blocks behind a figure; n of a slope counts trials instead."""
    if figure.form.startswith("slope") and e.run:
        return experiment_of(e.run, figure.experiment).get("blocks") or e.n
    return e.n


def _needed(figure: figures.Figure, e: figures.Element, limit: float) -> dict:
    """The blocks needed by the spread of the blocks that were run and the distance
    to the limit. A slope has several trials in a block. For primitives there is no
    number, because quartiles do not narrow with more samples."""
    now = blocks_of(figure, e)
    needed = None
    if not figure.form.startswith("primitive"):
        wanted = blocks_needed(e.value, e.lo, e.hi, e.n, limit)
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


def student(degrees: int) -> float:
    """Student's t for a two-sided 95 % interval. Beyond the table, the first term of
    the expansion in 1 / degrees is used (Abramowitz and Stegun 26.7.5)."""
    if degrees <= len(T_975):
        return T_975[degrees - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees)


def blocks_needed(value: float, lo: float, hi: float, n: int, limit: float) -> int | None:
    """The number of blocks that put the limit outside the interval of a figure whose
    interval from n blocks is `lo` to `hi`. None for a single block, or if more than
    BLOCKS_MOST would be needed.

    A level or a ratio has a t-interval on logarithms, whose half-width is
    proportional to t(n - 1) / sqrt(n). The half-width from n blocks and the distance
    between figure and limit give the number of blocks at which the half-width is
    two thirds of that distance. The factor is not 1 because the new blocks give
    another figure: the half-width is about two standard errors, so a third of the
    distance is one standard error, and five of six such plans end decided."""
    if n < 2 or value == limit:
        return None
    if min(lo, limit) > 0:
        value, lo, hi, limit = map(math.log, (value, lo, hi, limit))
    distance = abs(value - limit)
    half = hi - value if limit > value else value - lo
    spread = half * math.sqrt(n) / student(n - 1)
    found = range(n + 1, BLOCKS_MOST + 1)
    return next((m for m in found if student(m - 1) * spread / math.sqrt(m) <= HALF_WIDTH * distance), None)


def reasons(rule: Rule, found, left_out: bool) -> list[str]:
    """Why figures are missing, each reason once: those left out as optional, or the
    others."""
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
