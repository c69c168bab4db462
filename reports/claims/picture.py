# SPDX-License-Identifier: MIT
"""One picture per claim: the headline figure's elements as dots with their
intervals, the law's figure as a line beside each, and the limits that decide
as dashed lines.
"""

from data import units
from charts import style
from charts.drawing import Chart, axis
from charts.labels import left
from claims import surfaces
from claims.conditions import Comparison
from claims.figures import Element, scaled, show, told
from claims.rules import Figure, Rule

WORDS = {"time": units.TIME, "size": units.SIZE}


def chart(rule: Rule, found: dict[str, list[Element]]) -> Chart | None:
    figure, elements = rule.figures[rule.headline], found[rule.headline]
    known = [e for e in elements if not e.missing]
    if not known:
        return None
    if rule.claim.get("chart") == "surface":
        return surfaces.chart(rule, figure, elements)
    values = [v for e in known for v in (e.value, e.lo, e.hi, e.law) if v]
    limits = _limits(rule, figure)
    scale = scaled(figure.measures, min(e.value for e in known))
    x = axis([v / scale for v in [*values, *limits]], room=1.2)
    title = f"{rule.id}: {figure.what}"
    made = Chart(
        rule.id.lower(),
        "claim.gp",
        title,
        f"{figure.what}: {told(figure, elements)}",
        rule.experiments[0],
        [],
        blocks=[(e.label, [_row(figure, e, i + 1, scale)]) for i, e in enumerate(elements)],
        height=150 + 34 * len(elements),
    )
    lines = [{"at": v / scale, "text": show(figure.measures, v)} for v in limits]
    dots = "the line's slope" if figure.form.startswith("slope") else "geometric mean over blocks"
    made.caption = [f"Dots: {dots}; bars: its 95 % interval."]
    if lines:
        made.caption.append("Dashed: the limits that decide.")
    law = any(e.law for e in known)
    if law:
        made.caption.append("Grey line: what the law says.")
    made.context = {
        "styles": [{"model": e.label, "style": style.style(e.model or e.label)} for e in elements],
        "left": left([e.label for e in elements]),
        "x": x,
        "limits": lines,
        "law": law,
        "notes": [(i + 1, "no figure") for i, e in enumerate(elements) if e.missing],
        "xlabel": _unit(figure, scale) + (" (logarithmic)" if x.log else ""),
    }
    return made


def _row(figure: Figure, e: Element, place: int, scale: float) -> list:
    if e.missing:
        return [place, None, None, None, None, ""]
    numbers = [v / scale if v else None for v in (e.value, e.lo, e.hi, e.law)]
    return [place, *numbers, show(figure.measures, e.value)]


def _unit(figure: Figure, scale: float) -> str:
    if figure.measures in WORDS:
        return next(name for factor, name in WORDS[figure.measures] if factor == scale)
    return "requests per second" if figure.measures == "rate" else "ratio"


def limits_told(rule: Rule, figure: Figure) -> str:
    """Those limits in words, – where nothing is compared."""
    own = _limits(rule, figure)
    return ", ".join(show(figure.measures, v) for v in own) or units.UNKNOWN


def _limits(rule: Rule, figure: Figure) -> list[float]:
    """What the conditions compare the figure with."""
    own: list[Comparison] = [
        c for v in rule.verdicts for c in v.condition.comparisons if c.figure == figure.name
    ]
    return sorted({limit for c in own for limit in c.limits if limit > 0})
