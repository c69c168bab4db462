# SPDX-License-Identifier: MIT
"""Predicted against measured throughput over all cells of an experiment: a chart
with the line of equality, the median absolute error, and the cells that are off
by more than the limit, with the causes that the trials store.

Only valid trials count; a cell is the median of its trials. Open loops are left
out: predicting that a server keeps up with an offered rate is too easy.
"""

from dataclasses import dataclass

from data import units
from data.levels import median, valid_trials
from data.metrics import metric
from data.results import Run
from charts.drawing import Chart, axis
from charts.labels import name_of, provenance, styles

LIMIT = 0.2  # as in the trials, which store a cause for larger residuals
CELLS_MIN = 3  # fewer cells get no chart
HEAD = ["load point", "model", "law", "predicted", "measured", "off by", "cause", "what shows it"]
OPEN = ("open", "search", "soak", "idle")


@dataclass
class Cell:
    load_point: str
    model: str
    law: str
    predicted: float
    measured: float
    residual: float
    causes: str  # of the trials that are off, each once
    evidence: str  # of one of them


def cells(run: Run, experiment: dict) -> list[Cell]:
    """The cells of closed loops for which a law predicts every valid trial."""
    found = []
    for point in experiment["load_points"]:
        if point["load"]["mode"] in OPEN:
            continue
        for model in point["models"]:
            trials = valid_trials(run, experiment, point, model, "throughput_per_s")
            told = [t.get("prediction") for t in trials]
            if told and all(p and p.get("throughput_per_s") for p in told):
                found.append(_cell(point["id"], model, trials))
    return found


def _cell(load_point: str, model: str, trials: list[dict]) -> Cell:
    told = [t["prediction"] for t in trials]
    off = [p for p in told if p.get("cause")]
    residuals = [t["throughput_per_s"] / p["throughput_per_s"] - 1 for t, p in zip(trials, told)]
    return Cell(
        load_point,
        model,
        ", ".join(sorted({p["law"] for p in told})),
        median(p["throughput_per_s"] for p in told),
        median(t["throughput_per_s"] for t in trials),
        median(residuals),
        ", ".join(sorted({p["cause"] for p in off})),
        next((p["evidence"] for p in off if p.get("evidence")), ""),
    )


def told(run: Run, experiment: dict) -> dict | None:
    """The sentence on the error, and the table of cells that are off; None without
    predictions."""
    found = cells(run, experiment)
    if not found:
        return None
    error = median(abs(c.residual) for c in found)
    off = sorted((c for c in found if abs(c.residual) > LIMIT), key=lambda c: c.residual)
    return {
        "words": f"Median absolute error of prediction: {100 * error:.1f} % over"
        f" {len(found)} cells; {len(off) or 'none'} off by more than {units.share(LIMIT)}.",
        "off": {
            "head": HEAD,
            "rows": [_row(c) for c in off],
        },
    }


def _row(cell: Cell) -> list[str]:
    show = metric("throughput_per_s").show
    return [
        cell.load_point,
        cell.model,
        cell.law,
        show(cell.predicted),
        show(cell.measured),
        f"{100 * cell.residual:+.0f} %",
        cell.causes or units.UNKNOWN,
        cell.evidence or units.UNKNOWN,
    ]


def chart(run: Run, experiment: dict) -> Chart | None:
    found = cells(run, experiment)
    if len(found) < CELLS_MIN:
        return None
    models = list(dict.fromkeys(c.model for c in found))
    x = axis([v for c in found for v in (c.predicted, c.measured)], log=True)
    made = Chart(
        name_of("predicted", experiment, "all"),
        "predicted.gp",
        "Predicted and measured throughput",
        f"Measured over predicted throughput of {len(found)} cells. The numbers are in the table.",
        experiment["name"],
        [p["id"] for p in experiment["load_points"]],
        blocks=[
            (m, [[c.predicted, c.measured, c.load_point] for c in found if c.model == m])
            for m in models
        ],
        head=HEAD,
        rows=[_row(c) if abs(c.residual) > LIMIT else [*_row(c)[:6], "", ""] for c in found],
    )
    made.caption = [
        "Each mark is one cell. On the line, the prediction was exact.",
        f"A cell is the median of its valid trials. Dashed: {units.share(LIMIT)} more or less. Logarithmic axes.",
        provenance(run),
    ]
    made.context = {
        "styles": styles(models), "x": x, "limit": LIMIT, "left": 52,
        "xlabel": "predicted, requests per second (logarithmic)", "ylabel": "measured",
    }
    made.keys = models
    return made
