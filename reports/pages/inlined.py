# SPDX-License-Identifier: MIT
"""gnuplot's SVG as a part of a page.

The ids become unique, the accessible name is the chart's. Greys and black become the
page's own ink at a strength, and white its paper, so that a drawing follows the page's
colours in the dark and in print. Marks and lines of a model carry its name
(`data-model`), and marks their figure as a title, which browsers show on hover and
screen readers read.
"""

import html
import re
from collections import Counter

from charts import style

# How strong the page's ink is where gnuplot drew this grey or a lighter one.
STRENGTHS = ((0x22, 1), (0x55, 0.85), (0x77, 0.75), (0x99, 0.6), (0xBB, 0.42), (0xCC, 0.3), (0xDD, 0.2), (0xF3, 0.12))
SPREAD = 6  # how far the parts of a grey may differ
COLOUR = re.compile(r"""\b(fill|stroke|color)\s*=\s*(["'])\s*(?:rgb\(\s*(\d+),\s*(\d+),\s*(\d+)\)|#([0-9a-fA-F]{6})|(black))\s*\2""")
TAG = re.compile(r"<[a-z][^>]*>")
PLOT = re.compile(r'<g id="gnuplot_plot_\d+[a-z]*" ?>(.*?)(?=<g id="gnuplot_plot_\d+[a-z]*"|\Z)', re.S)
MARK = re.compile(r"""<use xlink:href='#gpPt(\d+)'[^>]*?color='rgb\(\s*(\d+),\s*(\d+),\s*(\d+)\)'[^>]*/>""")


def text(chart) -> str:
    drawn = chart.file.read_text(encoding="utf-8")
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", drawn, flags=re.S)
    drawn = re.sub(r"<script.*?</script>|<script[^>]*/>|<filter.*?</filter>", "", drawn, flags=re.S)
    drawn = _lean(drawn)
    drawn = PLOT.sub(lambda found: _named(found[0], chart), drawn)
    drawn = TAG.sub(lambda found: _inked(found[0]), drawn)
    drawn = re.sub(r"""\bid=(["'])""", rf"id=\1{chart.name}-", drawn)
    drawn = re.sub(r"""href=(["'])#""", rf"href=\1#{chart.name}-", drawn)
    drawn = re.sub(r"url\(#([^)]+)\)", rf"url(#{chart.name}-\1)", drawn)
    label = html.escape(f"{chart.title}. {chart.alt}", quote=True)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _lean(drawn: str) -> str:
    """The drawing without groups that draw nothing, blanks between tags, and marks that
    no plot uses."""
    empty = re.compile(r"<g (?:(?!id=)[^>])*>\s*</g>\s*")
    while True:
        fewer = empty.sub("", drawn)
        if fewer == drawn:
            break
        drawn = fewer
    used = set(re.findall(r"href='#(gpPt\d+|gpDot)'", drawn))
    for line in re.findall(r"\t<(?:path|rect|circle|use) [^\n]*?id='(?:gpPt\d+|gpDot)'[^\n]*\n", drawn):
        if not re.search(r"id='([^']*)'", line)[1] in used:
            drawn = drawn.replace(line, "", 1)
    return re.sub(r">\s+<", "><", drawn)


def _inked(tag: str) -> str:
    """The tag with the page's own colours in place of greys, black and white."""
    more, gone = "", []

    def replace(found):
        nonlocal more
        name, _, r, g, b, code, black = found.groups()
        rgb = [0, 0, 0] if black else [int(v) for v in (r, g, b)] if r else [int(code[i : i + 2], 16) for i in (0, 2, 4)]
        if max(rgb) - min(rgb) > SPREAD:
            return f'{name}="var(--limit)"' if rgb == [170, 0, 0] else found[0]
        if min(rgb) > STRENGTHS[-1][0]:
            return f'{name}="var(--paper)"'
        strength = next(s for grey, s in STRENGTHS if min(rgb) <= grey)
        own = re.search(rf"""{name}-opacity\s*=\s*["']([\d.]+)["']""", tag)
        if strength < 1 and name != "color":
            more += f' {name}-opacity="{strength * float(own[1] if own else 1):.3g}"'
            gone.append(own[0] if own else "")
        elif strength < 1 and tag.startswith("<use"):
            more += f' opacity="{strength}"'
        return f'{name}="currentColor"'

    inked = COLOUR.sub(replace, tag)
    for words in filter(None, gone):
        inked = inked.replace(words, "", 1)
    end = "/>" if inked.endswith("/>") else ">"
    return inked[: -len(end)] + more + end


def _named(plot: str, chart) -> str:
    """A plot's group whose marks have their model and figure; a group of one model
    carries the name itself."""
    known = {}
    for m in chart.models:
        own = style.style(m)
        colour = chart.context.get("grey", {}).get(m, own.colour).lower()
        for marker in (own.marker, own.hollow):
            known.setdefault((colour, marker), []).append(m)
        known.setdefault((colour, None), []).append(m)
    told = {m: list(tips) for m, tips in chart.tips.items()}
    def model_of(found) -> str | None:
        colour = "#" + "".join(f"{int(v):02x}" for v in found.groups()[1:])
        # gnuplot's point types are one more than the numbers of its marks.
        exact = known.get((colour, int(found[1]) + 1)) or known.get((colour, None)) or []
        return exact[0] if len(set(exact)) == 1 else None

    marks = list(MARK.finditer(plot))
    seen = [model_of(found) for found in marks]
    # Of a plot with a title the last mark is that of the key.
    keyed = bool(marks) and "<text" in plot[: marks[0].start()]
    counts = Counter(seen[:-1] if keyed else seen)

    def replace(found):
        model = seen[replace.at]
        replace.at += 1
        if model is None:
            return found[0]
        tip = model
        given = replace.given.setdefault(model, 0)
        if counts[model] == len(told.get(model, ())) and given < counts[model]:
            tip = told[model][given]
            replace.given[model] += 1
        words = html.escape(tip, quote=True)
        name = html.escape(model, quote=True)
        return f'{found[0][:-2]} data-model="{name}"><title>{words}</title></use>'

    replace.at, replace.given = 0, {}
    plot = MARK.sub(replace, plot)
    owners = set(seen)
    if len(owners) == 1 and None not in owners:
        plot = plot.replace("<g ", f'<g data-model="{html.escape(seen[0], quote=True)}" ', 1)
    return plot
