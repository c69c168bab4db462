# SPDX-License-Identifier: MIT
"""Writes the page of a validation: index.html, validation.md and the charts, all
in FOLDER/report/ (report-again/ for again.json). The page loads nothing and runs
nothing.
"""

import os
from collections import Counter
from pathlib import Path

from charts import drawing
from pages import render
from forecasts import drawn, tables, words
from forecasts.stored import AGAIN, NAME, Validation

STYLES = {"met": "met", "not met": "missed", "not judged": "open"}
FILES = ("forecasts.json", NAME, AGAIN)


def write(v: Validation) -> Path:
    """Returns the page's path."""
    folder = v.report
    charts = drawn.all_charts(v)
    every = [c for own in charts.values() for c in own]
    twice = [name for name, n in Counter(c.name for c in every).items() if n > 1]
    for name in twice:  # constants whose names differ only in odd characters
        for i, chart in enumerate(c for c in every if c.name == name):
            chart.name = f"{name}-{i + 1}"
    drawing.write(every, folder, render.environment(), f"validation {v.data['seed']}")
    context = view(v, charts)
    text = render.environment().get_template("validation.md").render(**context)
    render.store(folder / "validation.md", render.squeezed(text))
    made = render.environment(escape=True)
    render.store(folder / "index.html", made.get_template("validation.html").render(**context))
    return folder / "index.html"


def view(v: Validation, charts: dict) -> dict:
    """The context of both templates."""
    data = v.data
    return {
        "data": data,
        "answer": words.answer(v),
        "tally": [(name, n, STYLES[name]) for name, n in words.tally(data["goals"])],
        "goals": tables.goals(v),
        "styles": STYLES,
        "charts": charts,
        "errors": {by: tables.errors(v, by) for by in ("all", "model", "discipline", "load")},
        "workers": tables.workers(v),
        "baselines": tables.baselines(v),
        "choices": tables.choices(v),
        "drift": tables.drift(v),
        "misses": tables.misses(v),
        "judged": sum(r["judged"] for r in data["residuals"]),
        "not_judged": tables.not_judged(v),
        "services": tables.services(v),
        "residuals": tables.residuals(v),
        "links": _links(v),
    }


def _links(v: Validation) -> list[tuple[str, str]]:
    """The stored files that are there, as addresses relative to the page."""
    names = [*FILES, os.path.join(v.data["run_id"], "run.json")]
    inside = [n for n in names if ".." not in Path(n).parts and not os.path.isabs(n)]
    return [(n, f"../{n}") for n in inside if (v.folder / n).is_file()]


def outcome(v: Validation, page: Path) -> str:
    """The last lines for the terminal."""
    lines = [" ".join(words.answer(v)), ""]
    lines += [f"  page    {page}", f"  as text {page.with_name('validation.md')}"]
    return "\n".join(lines) + "\n"
