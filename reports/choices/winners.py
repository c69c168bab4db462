# SPDX-License-Identifier: MIT
"""Writes the page of a stored map: FOLDER/index.html, and a chart for each load
and number of cores.

`troika map -o FOLDER` stores the grid. The page has all of it: its script looks
cells up and computes nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from charts import drawing, style, winners
from charts.drawing import Chart
from data import results, schema
from pages import render

NAME = "map.json"


@dataclass
class Map:
    folder: Path
    data: dict

    def level(self, core: int, load: int) -> list[dict]:
        """The cells of a number of cores and a load, by their places: waits one after
        the other, each with all CPU times."""
        size = len(self.data["wait_ns"]) * len(self.data["cpu_ns"])
        first = (core * len(self.data["loads"]) + load) * size
        return self.data["cells"][first : first + size]


def load(place: str | Path) -> Map:
    folder = Path(place)
    path = folder / NAME
    if not path.is_file():
        raise results.ResultsError(f"{folder} holds no map; `troika map ... -o {folder}` makes one")
    data = results.read(path)
    problem = schema.problem("map", data, whole=True) or _shape(data)
    if problem:
        raise results.ResultsError(f"{path}: {problem}")
    return Map(folder, data)


def _shape(data: dict) -> str | None:
    wanted = len(data["cores"]) * len(data["loads"]) * len(data["wait_ns"]) * len(data["cpu_ns"])
    if len(data["cells"]) != wanted:
        return f"there are {len(data['cells'])} cells, where cores, loads, waits and CPU times make {wanted}"
    models = len(data["models"])
    for i, cell in enumerate(data["cells"]):
        if len(cell["options"]) != models:
            return f"cells[{i}] has {len(cell['options'])} options for {models} models"
        if (cell["best"] is None) == (cell["none"] is None):
            return f"cells[{i}] needs either a winner or why there is none"
        if cell["best"] is not None and cell["best"] not in data["models"]:
            return f"cells[{i}].best is no model of the map"
    return None


def charts(found: Map) -> list[Chart]:
    """The service's own level first."""
    data = found.data
    levels = [(c, l) for c in range(len(data["cores"])) for l in range(len(data["loads"]))]
    own = data["service"]
    levels.sort(key=lambda at: (data["cores"][at[0]] != own["cores"], data["loads"][at[1]] != own["load"]))
    return [winners.chart(data, found.level(c, l), data["loads"][l], data["cores"][c]) for c, l in levels]


def shares(found: Map) -> list[tuple[str, int, int]]:
    """Of each winner: cells in which it is the best, and in which it leads by more
    than 5 %; over all levels."""
    rows = []
    for model in found.data["models"]:
        won = [c for c in found.data["cells"] if c["best"] == model]
        alone = sum(c["lead"] is None or c["lead"] > winners.WITHIN for c in won)
        if won:
            rows.append((model, len(won), alone))
    return sorted(rows, key=lambda row: -row[1])


def answer(found: Map) -> str:
    """What the map says in a sentence or two."""
    cells = found.data["cells"]
    won = [c for c in cells if c["best"] is not None]
    if not won:
        return f"No model keeps what is asked in any of the {len(cells):,} cells."
    near = sum(c["lead"] is not None and c["lead"] <= winners.WITHIN for c in won)
    text = f"Of {len(cells):,} cells {len(won):,} have a model that keeps what is asked; in {near:,} of these another one is within 5 %, and the choice hardly matters."
    leaders = sorted(((alone, model) for model, _, alone in shares(found) if alone), reverse=True)
    if leaders:
        text += f" Where it does matter, {leaders[0][1]} leads most often, in {leaders[0][0]:,} cells."
    return text


def write(found: Map) -> Path:
    """Returns the page's path."""
    drawn = charts(found)
    drawing.write(drawn, found.folder, render.environment(), NAME)
    made = render.environment(escape=True)
    page = found.folder / "index.html"
    data = found.data
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    render.store(page, made.get_template("map.html").render(
        data=data, charts=drawn, answer=answer(found), shares=shares(found), cells=len(data["cells"]), stored=render.Markup(text),
        colours=render.Markup(json.dumps({m: style.style(m).colour for m in data["models"]}).replace("<", "\\u003c")),
    ))
    return page
