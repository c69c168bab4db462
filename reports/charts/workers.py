# SPDX-License-Identifier: MIT
"""What each number of workers would do: p99 and memory over it, with the number
to take and those of the rules of thumb marked.
"""

from charts.drawing import Chart, axis
from data import units

MARKS_APART = 0.012  # of the width: nearer ones share a line of text


def chart(curve: dict) -> Chart | None:
    """None: no number of workers carries the load."""
    points = [p for p in curve["points"] if p["latency_p99_ns"]]
    if len(points) < 2:
        return None
    overloaded = [p["workers"] for p in curve["points"] if p["overloaded"]]
    x = axis([p["workers"] for p in curve["points"]], room=1.02, log=True)
    latency = axis([p["latency_p99_ns"]["hi"] / 1e6 for p in points])
    memory = axis([p["memory_most_bytes"] / 2**20 for p in points if p["memory_most_bytes"]])
    made = Chart(
        f"workers-{curve['model']}", "workers.gp", f"{curve['model']}: {_finding(curve)}",
        f"p99 and memory of {curve['model']} over the number of its workers. The figures are in the table below.", "", [],
        head=["workers", "load", "capacity", "p99", "memory", "marks"],
    )
    made.blocks = [
        ("workers, p99 in ms, from, to", [
            [p["workers"], *(p["latency_p99_ns"][k] / 1e6 for k in ("value", "lo", "hi"))] for p in points
        ]),
        ("workers, memory at a peak in MiB", [[p["workers"], p["memory_most_bytes"] and p["memory_most_bytes"] / 2**20] for p in points]),
    ]
    made.rows = [_row(p) for p in curve["points"]]
    made.context = {
        "styles": [], "left": 52, "right": 52, "xlabel": "workers (logarithmic)",
        "ylabel": f"p99, ms{' (logarithmic)' if latency.log else ''}; right: memory, MiB{' (logarithmic)' if memory.log else ''}",
        "x": x, "latency": latency, "memory": memory, "marks": _marks(curve["points"], x),
        "overload": max(overloaded) if overloaded else None,
    }
    made.keys = ["p99", "memory"]
    made.caption = ["p99 at the peak (line, left) and memory (dashes, right) over the number of workers."]
    if overloaded:
        made.caption.append(f"Up to {max(overloaded)} do not carry the load.")
    return made


def _finding(curve: dict) -> str:
    if not curve["workers"]:
        return "no number of workers keeps what is asked"
    number = curve["workers"]
    return f"{number} worker{'s' if number > 1 else ''}"


def _row(point: dict) -> list[str]:
    p99 = point["latency_p99_ns"]
    return [
        f"{point['workers']}", "overload" if point["overloaded"] else "carried",
        f"{units.digits(point['capacity_per_s'])}/s", units.time(p99["value"]) if p99 else units.UNKNOWN,
        units.size(point["memory_most_bytes"]), ", ".join(point["marks"]) or units.UNKNOWN,
    ]


def _marks(points: list[dict], x) -> list[tuple[int, str]]:
    """Numbers with their names; those that would be written over each other share a text."""
    marked = [(p["workers"], ", ".join(p["marks"])) for p in points if p["marks"]]
    made: list[tuple[int, str]] = []
    for number, text in marked:
        if made and x.fraction(number) - x.fraction(made[-1][0]) < MARKS_APART:
            number, text = made[-1][0], f"{made.pop()[1]}, {text}"
        made.append((number, text))
    return made
