# SPDX-License-Identifier: MIT
"""Writes the page of two runs side by side: FOLDER/index.html and charts.

`troika compare -o FOLDER` stores what is said; the curves come from the runs'
own histograms. Nothing is estimated here.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from charts import drawing
from charts.drawing import Chart
from charts.runs import both
from data import checks, results
from data.metrics import metric
from pages import render

NAME = "comparison.json"
CHARTS_MAX = 120  # of cells; a page with more cannot be read


@dataclass
class Compared:
    folder: Path
    data: dict
    runs: tuple[results.Run, results.Run]


def load(place: str, directories: list[str]) -> Compared:
    """Without directories, the runs are where they were compared."""
    folder = Path(place)
    path = folder / NAME
    if not path.is_file():
        raise results.ResultsError(f"{folder} holds no comparison; `troika compare A B -o {folder}` makes one")
    data = results.read(path)
    checks.check_schema(path, "comparison", data, whole=True)
    a, b = directories or [data[key]["directory"] for key in "ab"]
    runs = results.load(a), results.load(b)
    for key, run, place in zip("ab", runs, (a, b)):
        if run.data["run_id"] != data[key]["run_id"]:
            raise results.ResultsError(f"{path} compares run {data[key]['run_id']}, and {place} is {run.data['run_id']}")
    return Compared(folder, data, runs)


def cells(found: Compared) -> list[tuple[dict, dict, str]]:
    """Experiment, load point and model of each row, once; those that changed first."""
    known = {
        (e["name"], p["id"]): (e, p) for e in found.runs[1].data["experiments"] for p in e["load_points"]
    }
    order = sorted(found.data["rows"], key=lambda r: r["verdict"] not in ("worse", "better"))
    keys = dict.fromkeys((r["experiment"], r["load_point"], r["model"]) for r in order)
    return [(*known[e, p], m) for e, p, m in keys if (e, p) in known][:CHARTS_MAX]


def charts(found: Compared) -> tuple[list[Chart], list[Chart]]:
    """The ratios of each metric, and the latencies of each cell."""
    names = dict.fromkeys(r["metric"] for r in found.data["rows"])
    ratios = [both.ratios(found.data["rows"], name) for name in names]
    curves = [both.latencies(*found.runs, *cell) for cell in cells(found)]
    return [c for c in ratios if c], [c for c in curves if c]


def rows(found: Compared) -> tuple[list[dict], list[dict]]:
    """The table's rows: those that changed, the worse ones first, and all others."""
    made = []
    for r in found.data["rows"]:
        kind = metric(r["metric"])
        made.append(r | {"figure": kind.noun, "shown_a": kind.show(r["a"]), "shown_b": kind.show(r["b"])})
    changed = [r for r in made if r["verdict"] in ("worse", "better") and r["n"] > 1]
    others = [r for r in made if r not in changed]
    return sorted(changed, key=lambda r: r["verdict"] != "worse"), sorted(others, key=lambda r: r["verdict"] != "inconclusive")


def report_of(found: Compared, run: results.Run) -> str | None:
    """The run's own page, from this folder; None if it has none."""
    page = run.path / "report" / "index.html"
    return os.path.relpath(page.resolve(), found.folder.resolve()) if page.is_file() else None


def write(found: Compared) -> Path:
    """Returns the page's path."""
    ratios, curves = charts(found)
    drawing.write(ratios + curves, found.folder, render.environment(), NAME)
    made = render.environment(escape=True)
    page = found.folder / "index.html"
    changed, others = rows(found)
    render.store(page, made.get_template("compared.html").render(
        data=found.data, ratios=ratios, curves=curves, changed=changed, others=others,
        reports=[report_of(found, run) for run in found.runs],
    ))
    return page
