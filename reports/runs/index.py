# SPDX-License-Identifier: MIT
"""Writes the page of all stored runs: RESULTS/index.html.

`troika runs index` stores the list and the headlines' history in RESULTS/index/;
this page shows them and draws the lines. Nothing is estimated here.
"""

import subprocess
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from charts import drawing
from charts.drawing import Chart
from charts.runs import trend
from data import checks, results
from data.metrics import metric
from pages import render

FOLDER = "index"
CHARTS_MAX = 60


@dataclass
class Index:
    root: Path
    runs: list[dict]  # the newest first
    history: dict


def load(place: str) -> Index:
    root = Path(place)
    read = {}
    for name in ("runs", "history"):
        path = root / FOLDER / f"{name}.json"
        if not path.is_file():
            raise results.ResultsError(f"{root} holds no index; `troika runs index --runs {root}` makes one")
        read[name] = results.read(path)
        checks.check_schema(path, name, read[name], whole=True)
    return Index(root, read["runs"]["runs"][::-1], read["history"])


def _place(line: dict) -> tuple:
    return line["experiment"], line["load_point"], line["metric"]


def newest(found: Index) -> list[list[dict]]:
    """The newest environment's lines, a group for each load point."""
    lines = [line for line in found.history["lines"] if line["newest"] and line["points"]]
    groups = (list(group) for _, group in groupby(lines, key=_place))
    # A model may have been in older environments only.
    return [[line for line in g if line["fingerprint"] == now] for g in groups for now in [_latest(g)["fingerprint"]]]


def _latest(lines: list[dict]) -> dict:
    return max(lines, key=lambda line: line["points"][-1]["started_at"])


def charts(found: Index) -> list[Chart]:
    return list(islice(filter(None, map(trend.chart, newest(found))), CHARTS_MAX))


def changes(found: Index) -> list[dict]:
    """All changes that matter, the newest first."""
    rows = [
        line | {"change": change, "noun": metric(line["metric"]).noun}
        for line in found.history["lines"] for change in line["changes"] if change["verdict"] in ("better", "worse")
    ]
    return sorted(rows, key=lambda row: row["change"]["started_at"], reverse=True)


def validity(run: dict) -> str:
    if run["damaged"]:
        return "damaged"
    words = f"{run['valid']} of {run['planned']} trials"
    if run["untrusted"]:
        words += ", not to be trusted"
    return words + ("" if run["complete"] else ", incomplete")


def refresh(troika: str | None, run: str) -> None:
    """Makes the page of all runs again beside a run that got its report. A folder of runs
    is one that has a newest run. Whether it can be made or not, the report stands."""
    root = Path(run).resolve().parent
    if troika and (root / "latest").is_symlink():
        subprocess.run([troika, "runs", "index", "--runs", str(root)], stdout=subprocess.DEVNULL, check=False)


def write(found: Index) -> Path:
    """Returns the page's path."""
    drawn, folder = charts(found), found.root / FOLDER
    if drawn:
        drawing.write(drawn, folder, render.environment(), "history.json")
    made = render.environment(escape=True)
    page = found.root / "index.html"
    render.store(page, made.get_template("runs.html").render(
        runs=[run | {"validity": validity(run)} for run in found.runs], charts=drawn, changes=changes(found),
        left_out=found.history["left_out"],
    ))
    return page
