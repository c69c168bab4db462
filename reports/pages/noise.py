# SPDX-License-Identifier: MIT
"""The noise floor as tables: a model against its own copy. The harness computes
all figures (`noise_floor` in run.json).
"""

from data import units
from data.metrics import metric
from data.results import Run

FLOORS_HEAD = ["metric", "declared margin", "noise floor", "margin used"]
CELLS_HEAD = ["load point", "metric", "copy / copy [95 %]", "n", "verdict"]
WORDS = {"better": "called different", "worse": "called different"}


def told(run: Run) -> dict | None:
    """The tables of the noise floor; None if no experiment has a second copy."""
    stored = run.data.get("noise_floor")
    if not stored or not stored.get("experiments"):
        return None
    return {
        "cells": stored["cells"],
        "different": stored["different"],
        "ok": stored["ok"],
        "experiments": [_experiment(e) for e in stored["experiments"]],
    }


def _experiment(stored: dict) -> dict:
    floors = [
        [metric(name).noun, *(_share(row[k]) for k in ("declared", "floor", "margin"))]
        for name, row in stored["floors"].items()
    ]
    cells = []
    for c in stored["cells"]:
        ratio = f"{units.digits(c['ratio'])} {units.interval(c['lo'], c['hi'])}"
        verdict = WORDS.get(c["verdict"]) or {
            "same": "no meaningful difference",
            "negligible": "measurable, negligible",
        }.get(c["verdict"], "inconclusive")
        cells.append([c["load_point"], metric(c["metric"]).noun, ratio, str(c["n"]), verdict])
    return {
        "name": stored["experiment"],
        "model": stored["model"],
        "wider": [
            metric(name).noun
            for name, row in stored["floors"].items()
            if row["floor"] > row["declared"]
        ],
        "floors": {"head": FLOORS_HEAD, "rows": floors},
        "cells": {"head": CELLS_HEAD, "rows": cells},
    }


def _share(value: float) -> str:
    return f"{units.digits(100 * value)} %"
