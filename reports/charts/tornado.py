# SPDX-License-Identifier: MIT
"""How far the lead of a decision moves: a bar for each input within its spread,
and for each constant within its interval. Left of zero another option leads.
"""

import math

from charts.drawing import Chart

SEEN = 0.002  # a bar that is narrower shows nothing


def chart(data: dict) -> Chart | None:
    rows = [(f["input"], f["lead_low"], f["lead_high"], 0) for f in data["flips"]]
    rows += [(f"{c['constant']} of {c['model']}", c["lead_low"], c["lead_high"], 1) for c in data["constants"]]
    rows = [(name, *(100 * math.expm1(v) for v in ends), kind) for name, *ends, kind in rows if None not in ends]
    rows = [r for r in rows if abs(r[2] - r[1]) > 100 * SEEN]
    if not rows:
        return None
    rows.sort(key=lambda r: -abs(r[2] - r[1]))
    values = [v for r in rows for v in r[1:3]] + [0]
    room = 0.08 * (max(values) - min(values) or 1)
    made = Chart(
        "tornado", "tornado.gp", "What moves the lead",
        "How far the lead over the second option moves within each input's spread and each constant's interval.", "", [],
        head=["what", "at its low end", "at its high end"],
    )
    made.blocks = [(words, [[i, lo, hi] for i, (_, lo, hi, of) in enumerate(rows, 1) if of == kind]) for kind, words in enumerate(("inputs", "constants"))]
    made.rows = [[name, f"{lo:+.1f} %", f"{hi:+.1f} %"] for name, lo, hi, _ in rows]
    made.context = made.in_rows([f"{name}: {lo:+.1f} % to {hi:+.1f} %" for name, lo, hi, _ in rows]) | {
        "styles": [], "xlabel": "lead over the second option, %", "lo": min(values) - room, "hi": max(values) + room,
    }
    made.caption = [
        "By how much more the second option weighs than the leader, in %, where one input is at the ends of its spread (blue),"
        " or one constant at the ends of its interval (orange). Below zero the other one leads."
    ]
    return made
