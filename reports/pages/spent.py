# SPDX-License-Identifier: MIT
"""Where the CPU time goes: what each model does for a request, and a sentence
for each pair of models that explains the gap between them. The harness computes
all figures ("activity" of run.json); this file adds units.
"""

from data import units
from data.results import Run

COLUMNS = (
    ("user CPU", "cpu_user_ns", True),
    ("kernel CPU", "cpu_system_ns", True),
    ("switches", "switches", False),
    ("system calls", "system_calls", False),
    ("threads started", "threads_started", False),
    ("processes started", "processes_started", False),
    ("run-queue wait", "run_queue_wait_ns", True),
    ("wait per switch", "wait_per_switch_ns", True),
)


def told(run: Run, experiment: dict) -> dict | None:
    """The table and the sentences of an experiment; None without figures."""
    activity = run.data.get("activity") or {}
    name = experiment["name"]
    cells = [c for c in activity.get("cells") or [] if c["experiment"] == name and c["n"]]
    if not any(c.get("switches") for c in cells):
        return None
    pairs = [p for p in activity.get("pairs") or [] if p["experiment"] == name]
    points = [p["id"] for p in experiment["load_points"]]
    primitives = run.data.get("primitives")
    return {
        "table": {
            "head": ["load point", "model", *(h for h, _, _ in COLUMNS)],
            "rows": [_row(c) for c in cells],
        },
        "points": [
            {"id": i, "words": [p["words"] for p in pairs if p["load_point"] == i]}
            for i in points
            if any(p["load_point"] == i for p in pairs)
        ],
        "primitives": primitives["file"] if primitives else None,
        "why": sorted({c["why"] for c in cells if c.get("why")}),
    }


def _row(cell: dict) -> list[str]:
    return [
        cell["load_point"],
        cell["model"],
        *(_text(cell, name, timed) for _, name, timed in COLUMNS),
    ]


def _text(cell: dict, name: str, timed: bool) -> str:
    figure = cell.get(name)
    if figure is None and name == "run_queue_wait_ns" and cell.get("pressure_ns"):
        return "≥ " + units.with_unit(cell["pressure_ns"]["value"], units.TIME)
    if figure is None:
        return units.UNKNOWN
    value = figure["value"]
    if timed:
        return units.with_unit(value, units.TIME)
    return f"{value:.2f}"
