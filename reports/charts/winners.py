# SPDX-License-Identifier: MIT
"""A map of winners: wait over CPU time, a cell in the colour of the best model.

A full colour leads alone; a hatched one has others within 5 %; grey has no
winner. Dots are services that were validated, the cross is the service itself.
"""

import math

from charts import style
from charts.drawing import Chart
from data import units

WITHIN = 0.05
NONE = {"memory": "#9A9A9A", "limit": "#BDBDBD", "overload": "#DDDDDD", "not known": "#F3F3F3"}
NONE_WORDS = {
    "memory": "too little memory", "limit": "the limit is missed", "overload": "overload", "not known": "not known"
}
PALE = 0.45  # of white in the colour of a lead of 5 %
FULL = 0.5  # the lead at which a colour is full


def tint(colour: str, lead: float | None) -> int:
    """The colour, paler where the lead is small."""
    part = 1.0 if lead is None else min(max((lead - WITHIN) / (FULL - WITHIN), 0), 1)
    white = PALE * (1 - part)
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [round(v + (255 - v) * white) for v in rgb]
    return (mixed[0] << 16) + (mixed[1] << 8) + mixed[2]


def _tics(values: list[float], most: int) -> list[tuple[str, int]]:
    """Labels of an axis of cells, as many as do not touch."""
    step = max(1, math.ceil(len(values) / most))
    return [(units.time(v), i) for i, v in enumerate(values) if i % step == 0]


def place(values: list[float], value: float) -> float | None:
    """Where a value lies on an axis of cells; None: outside."""
    if value <= 0 or len(values) < 2:
        return None
    at = math.log(value / values[0]) / math.log(values[-1] / values[0]) * (len(values) - 1)
    return at if -0.5 <= at <= len(values) - 0.5 else None


def level_words(data: dict, load: float, cores: int) -> str:
    unit = "/s" if data["service"]["load_is"] == "rate_per_s" else (" connection" if load == 1 else " connections")
    return f"{units.digits(load)}{unit}, {cores} core{'s' if cores != 1 else ''}"


def _blocks(data: dict, cells: list[dict]) -> tuple[list, list, list]:
    alone, near, lost = [], [], []
    for i, cell in enumerate(cells):
        y, x = divmod(i, len(data["cpu_ns"]))
        if cell["best"] is None:
            lost.append([x, y, float(int(NONE[cell["none"]][1:], 16))])
        elif cell["lead"] is not None and cell["lead"] <= WITHIN:
            near.append([x, y, style.style(cell["best"]).number])
        else:
            alone.append([x, y, float(tint(style.style(cell["best"]).colour, cell["lead"]))])
    return alone, near, lost


def _marks(data: dict, load: float) -> tuple[list, list]:
    """The dots of the services that were validated nearest to this load, and the cross."""
    waits, cpus = data["wait_ns"], data["cpu_ns"]
    dots = []
    for dot in data["dots"]:
        x, y = place(cpus, dot["cpu_ns"]), place(waits, dot["wait_ns"])
        if x is not None and y is not None:
            dots.append([x, y, 0.5 + min(1.5, 3 * ((dot["p99_off"] or dot["throughput_off"] or 1) - 1))])
    x, y = place(cpus, data["service"]["cpu_ns"]), place(waits, data["service"]["wait_ns"])
    cross = [[x, y]] if x is not None and y is not None and load == data["service"]["load"] else []
    return dots, cross


def chart(data: dict, cells: list[dict], load: float, cores: int) -> Chart:
    """The chart of one load and one number of cores; `cells` are those of that level."""
    alone, near, lost = _blocks(data, cells)
    dots, cross = _marks(data, load)
    winners = [m for m in data["models"] if any(c["best"] == m for c in cells)]
    missing = [n for n in NONE if any(c["none"] == n for c in cells)]
    words = level_words(data, load, cores)
    made = Chart(
        f"map-{data['loads'].index(load) + 1}-{cores}", "map.gp", f"The best model at {words}",
        f"The best model for each wait and CPU time at {words}. The figures are in map.json.", "", [],
        body=320,
    )
    made.blocks = [("wins alone", alone), ("within 5 %", near), ("none", lost), ("validated", dots), ("the service", cross)]
    made.context = {
        "styles": [], "left": 62, "xlabel": "CPU time of the handler", "ylabel": "wait", "xtics": _tics(data["cpu_ns"], 5), "ytics": _tics(data["wait_ns"], 7),
        "columns": len(data["cpu_ns"]), "rows": len(data["wait_ns"]), "near": bool(near), "alone": bool(alone),
        "lost": bool(lost), "dots": bool(dots), "cross": bool(cross),
        "keys": [(m, style.style(m).colour) for m in winners] + [(NONE_WORDS[n], NONE[n]) for n in missing],
    }
    made.keys = [*(m for m, _ in made.context["keys"]), *(["another is within 5 %"] if near else []), *(["validated"] if dots else []), *(["the service"] if cross else [])]
    made.caption = [_caption(data, cells, near, dots)]
    return made


def _caption(data: dict, cells: list[dict], near: list, dots: list) -> str:
    won = sum(c["best"] is not None for c in cells)
    text = f"{won} of {len(cells)} cells have a model that keeps what is asked; in {len(near)} of them another is within 5 % (hatched)."
    if dots:
        text += f" Dots: {len(dots)} services that were validated, larger where the forecast was farther off."
    return text
