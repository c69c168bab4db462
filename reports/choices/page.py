# SPDX-License-Identifier: MIT
"""Writes the page of a stored decision: FOLDER/index.html, with a chart of the
options and one of what moves the lead. Nothing is computed here.
"""

from pathlib import Path

from charts import drawing, fates, tornado
from choices import record
from pages import render

PAGE = "index.html"


def write(decision: record.Decision) -> Path:
    """Returns the page's path."""
    folder = decision.folder
    found = [c for c in (fates.chart(decision.data), tornado.chart(decision.data)) if c]
    drawing.write(found, folder / "charts", render.environment(), "decision.json")
    made = render.environment(escape=True)
    made.filters["svg"] = lambda c: render.Markup(render.inline_svg(folder / "charts" / f"{c.name}.svg", c))
    text = made.get_template("decision.html").render(charts=found, **record.context(decision))
    render.store(folder / PAGE, text)
    return folder / PAGE
