# SPDX-License-Identifier: MIT
"""The memory of one more idle connection, request in flight or task: the run's
slopes as bars split by kind, with RSS and PSS for comparison.

The harness fits the slopes ("slopes" of run.json); the only arithmetic here is
the rest that the kinds leave of the total.
"""

from data import units
from data.results import Run
from charts import style
from charts.drawing import Axis, Chart
from charts.labels import name_of, provenance

PERS = (
    ("idle_connection", "idle connection"),
    ("request_in_flight", "+ request in flight"),
    ("task", "task"),
    ("sleeper", "sleeping task"),
)
CAPTION = [
    "What one more costs; whiskers: 95 % interval of the total.",
    "Slopes over the sweep's connections by weighted least squares, from three"
    " moments of each trial: no connection, all open and idle, the window's end.",
    "RSS leaves out what the kernel holds and counts shared pages once per process.",
]
PARTS = style.MEMORY_PARTS[:-1]


def of(run: Run, experiment: dict, points, model: str, per: str) -> dict | None:
    """The row of the run's slopes, or None without a fit."""
    section = points[0].get("section") or points[0]["id"]
    row = run.slopes.get((experiment["name"], section, model, per))
    return row if row and row.get("bytes") else None


def text(slope: dict | None) -> str:
    """12.1 KiB [12.0–12.2], or a dash if unknown."""
    if not slope:
        return units.UNKNOWN
    scale, unit = units.scale_for([slope["value"]], units.SIZE)
    shown = units.digits(slope["value"] / scale)
    return f"{shown} {unit} {units.interval(slope['lo'], slope['hi'], scale)}"


def chart(run: Run, experiment: dict, points) -> Chart | None:
    found = []
    for model in points[0]["models"]:
        for per, words in PERS:
            row = of(run, experiment, points, model, per)
            if row and row["bytes"]["total_bytes"]:
                found.append((f"{model}, {words}", row))
    if not found:
        return None
    totals = [row["bytes"]["total_bytes"] for _, row in found]
    scale, unit = units.scale_for([max(t["value"] for t in totals) / 3], units.SIZE)
    top = 1.5 * max(max(t["value"], t["hi"]) for t in totals) / scale
    section = points[0].get("section") or points[0]["id"]
    made = Chart(
        name_of("slopes", experiment, section),
        "bars.gp",
        f"Memory per connection, request and task: {section}",
        "Bytes that one more idle connection, request in flight or task costs, by"
        " kind, per model. The numbers are in the table.",
        experiment["name"],
        [p["id"] for p in points],
        blocks=_blocks(found, scale, top),
        head=["model, one more", "total", *(w for _, w, _ in PARTS), "RSS", "PSS"],
        in_text=True,
    )
    kinds = ["total_bytes", *(k for k, _, _ in PARTS), "rss_sum_bytes", "pss_sum_bytes"]
    made.rows = [[label, *(text(row["bytes"].get(k)) for k in kinds)] for label, row in found]
    made.caption = [*CAPTION, provenance(run)]
    made.notes = _notes(found)
    labels = [f"{label}: {text[-1]}" for (label, _), text in zip(found, made.blocks[-2][1])]
    made.blocks[-2] = "total", [row[:-1] for row in made.blocks[-2][1]]
    made.keys = [*(words for _, words, _ in style.MEMORY_PARTS), "total, 95 % interval", "RSS would say"]
    made.context = made.in_rows(labels) | {
        "styles": [],
        "x": Axis(0, top, False),
        "parts": [(words, colour) for _, words, colour in style.MEMORY_PARTS],
        "xlabel": f"bytes for one more, {unit}",
        "total": "total, 95 % interval",
        "marks": "RSS would say",
    }
    return made


def _blocks(found, scale: float, top: float):
    """For each part, rows of (row, from, to); then the totals with text; then RSS."""
    bars = {words: [] for _, words, _ in style.MEMORY_PARTS}
    totals, marks = [], []
    for i, (_, row) in enumerate(found, 1):
        kinds, below = row["bytes"], 0.0
        total = kinds["total_bytes"]
        parts = [(w, (kinds.get(k) or {}).get("value") or 0) for k, w, _ in PARTS]
        parts.append(("rest", total["value"] - sum(v for _, v in parts)))
        for words, value in parts:
            if value > 0:
                bars[words].append([i, below / scale, (below + value) / scale])
                below += value
        shown = units.size(total["value"]) if total["value"] >= 1 else "0 B"
        rss = (kinds.get("rss_sum_bytes") or {}).get("value")
        if rss is not None:
            said = units.size(rss) if rss >= 1 else "0 B"
            shown += f" (RSS {said})"
            if 0 <= rss / scale <= top:
                marks.append([i, rss / scale])
        numbers = [total[k] / scale for k in ("value", "lo", "hi")]
        totals.append([i, numbers[0], max(numbers[1], 0), numbers[2], shown])
    blocks = list(bars.items())
    return [*blocks, ("total", totals), ("RSS", marks)]


def _notes(found) -> list[str]:
    words = []
    for label, row in found:
        if row["per"] == "task":
            words.append(f"{label}: its {row['with']} is in the figure.")
    bent = [label for label, row in found if (row.get("misfit") or 0) > 0.1]
    if bent:
        words.append(f"Not a straight line (a load point is over 10 % off it): {', '.join(bent)}.")
    return words
