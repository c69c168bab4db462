# SPDX-License-Identifier: MIT
"""Writes the page of a stored decision: FOLDER/index.html, with charts of the
options, of the workers that they need, and of what moves the lead. Nothing is computed here.
"""

from pathlib import Path

from charts import drawing, fates, tornado, workers
from choices import kept, record
from pages import render

PAGE, SOURCE = "index.html", "decision.json"


def charts(decision: record.Decision) -> list:
    sized = record.sizes(decision)
    curves = [workers.chart(curve) for curve in sized["curves"]] if sized else []
    found = [c for c in (fates.chart(decision.data), *curves, tornado.chart(decision.data)) if c]
    drawing.place(found, decision.folder / "charts")
    return found


def text(decision: record.Decision) -> str:
    """The page, with the charts that are drawn."""
    made = render.environment(escape=True)
    found = kept.table(decision.data)
    return made.get_template("decision.html").render(
        charts=charts(decision), headline=kept.headline(decision.data, found), fitting=found, **record.context(decision))


def write(decision: record.Decision) -> Path:
    """Returns the page's path."""
    drawing.write(charts(decision), decision.folder / "charts", render.environment(), SOURCE)
    render.store(decision.folder / PAGE, text(decision))
    return decision.folder / PAGE


def verify(decision: record.Decision) -> str | None:
    """What in the page, or in the numbers and scripts of its charts, does not follow
    from the files beside it; None: nothing, or there is no page. Pictures that the
    page does not hold (PNG) cannot be checked: each gnuplot draws its own."""
    path = decision.folder / PAGE
    if not path.is_file():
        return None
    try:
        same = path.read_text(encoding="utf-8", errors="replace") == text(decision)
        for name, made in drawing.texts(charts(decision), render.environment(), SOURCE).items():
            file = decision.folder / "charts" / name
            if file.read_text(encoding="utf-8", errors="replace") != made:
                return f"{file} says something else than the stored files: it was changed"
    except OSError as error:
        return f"{path}: its charts cannot be read: {error}"
    return None if same else f"{path} says something else than the stored files: it, or a picture in it, was changed"
