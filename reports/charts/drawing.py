# SPDX-License-Identifier: MIT
"""Writes a chart as NAME.dat (numbers) and NAME.gp (a gnuplot script from
templates/), and has gnuplot draw NAME.svg and NAME.png from them.

The .gp reads only its .dat, so a reader can edit either file and run
`gnuplot NAME.gp` in the charts folder to draw again.
"""

import math
import os
import shutil
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

WIDTH = 400  # a telephone's; a page puts several charts beside each other
BODY_LEAST = 96  # gnuplot makes no key higher than the plot
LETTER = 7.4  # the width of an average letter at 13 px
TWO_COLUMNS = 21  # letters of an entry of the key, of which two fit side by side
GNUPLOT_LIMIT_S, CHART_LIMIT_S = 60, 5
LOGARITHMIC, LINEAR = "logarithmic", "linear"  # forms of a chart
TAIL, TAIL_PERCENT = "tail from p90 on", 90
LOG_WORDS = " (logarithmic)"


class DrawingError(Exception):
    """A chart that cannot be drawn, in one sentence for the user."""


@dataclass
class Chart:
    name: str  # of the files
    template: str  # templates/KIND.gp
    title: str
    alt: str  # description for readers who cannot see the chart
    experiment: str
    load_points: list[str]  # those shown
    caption: list[str] = field(default_factory=list)  # sentences: what to look at, then how it was made
    notes: list[str] = field(default_factory=list)  # sentences on what is missing or odd here
    blocks: list[tuple[str, list]] = field(default_factory=list)  # (comment, rows)
    context: dict = field(default_factory=dict)  # for the template
    head: list[str] = field(default_factory=list)  # of the data table below the chart
    rows: list[list[str]] = field(default_factory=list)
    width: int = WIDTH
    body: int = 230  # the height of the plot itself, in px
    row: int = 0  # of a chart of rows: the height of one, in px
    sunk: float = 0.0  # and how far below its middle the marks lie, in rows
    keys: list[str] = field(default_factory=list)  # the entries of the key below the plot
    tips: dict[str, list[str]] = field(default_factory=dict)  # the figure of each mark of a model, as drawn
    file: Path | None = None  # its SVG
    form: str = ""  # what tells it from its other forms: "logarithmic"
    forms: list["Chart"] = field(default_factory=list)  # the figures once more, on other axes
    in_text: bool = False  # whether report.md has the data table too

    @property
    def title_lines(self) -> list[str]:
        return textwrap.wrap(self.title, int(self.width / (LETTER + 0.5))) or [""]

    @property
    def key_columns(self) -> int:
        return 1 if any(len(k) > TWO_COLUMNS for k in self.keys) else 2

    @property
    def key_rows(self) -> int:
        return -(-len(self.keys) // self.key_columns)

    @property
    def top(self) -> int:
        """The px above the plot: the title, and the unit of the vertical axis."""
        return 14 + 18 * len(self.title_lines) + (18 if self.context.get("ylabel") else 0)

    @property
    def bottom(self) -> int:
        """The px below the plot: tics, the unit of the axis, the key."""
        return (58 if self.context.get("xlabel") else 16) + 18 * self.key_rows

    @property
    def height(self) -> int:
        return self.top + self.body + self.bottom

    @property
    def models(self) -> list[str]:
        """The models whose marks the chart shows, in their own style."""
        return list(self.tips) or [s["model"] for s in self.context.get("styles", [])]

    def in_rows(self, labels: list[str], more: int = 0) -> dict:
        """Makes this a chart of rows, each with its label above its marks, which have
        `more` px than a single mark needs. Returns what the template needs."""
        folded = [textwrap.wrap(text, int((self.width - 20) / (LETTER - 0.4)))[:2] or [""] for text in labels]
        lines = max(map(len, folded), default=1)
        self.row = max(16 * lines + 22 + more, -(-BODY_LEAST // max(len(labels), 1)))
        self.body = self.row * max(len(labels), 1)
        self.sunk = (16 * lines + 11 + more / 2) / self.row - 0.5
        return {"labels": ["\n".join(line) for line in folded]}


@dataclass(frozen=True)
class Axis:
    lo: float
    hi: float
    log: bool

    def fraction(self, value: float) -> float:
        """The place of a value on the axis, from 0 to 1."""
        if value <= self.lo:
            return 0.0
        if self.log:
            return math.log(value / self.lo) / math.log(self.hi / self.lo)
        return (value - self.lo) / (self.hi - self.lo)

    @property
    def tics(self) -> str | None:
        """Tics of a logarithmic axis as gnuplot text: one a decade, or 1, 2 and 5 in
        each decade of a short axis."""
        if not self.log:
            return None
        first, last = math.floor(math.log10(self.lo)), math.ceil(math.log10(self.hi))
        steps = (1, 2, 5) if math.log10(self.hi / self.lo) < 2.6 else (1,)
        values = [s * 10.0**d for d in range(first, last + 1) for s in steps]
        return ", ".join(f"'{short(v)}' {v:g}" for v in values if self.lo <= v <= self.hi)


def short(value: float) -> str:
    """A tic's label: 2k rather than 2000."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{letter}"
    return f"{value:g}"


def axis(values, room: float = 1.15, log_from: float = 12.0, log: bool | None = None) -> Axis:
    """An axis that starts at zero, or a logarithmic one if the values span more
    than a factor of `log_from`."""
    known = [v for v in values if v is not None and math.isfinite(v) and v > 0]
    if not known:
        return Axis(0, 1, False)
    lo, hi = min(known), max(known)
    if log or (log is None and hi / lo > log_from):
        return Axis(lo / (room * 1.2), hi * room * 1.2, True)
    return Axis(0, hi * room, False)


def form(chart: Chart, name: str, **changes) -> Chart:
    """The chart in another form; what its context has in place of the chart's own is in
    `changes`, as are blocks."""
    blocks = changes.pop("blocks", chart.blocks)
    own = "tail" if name == TAIL else name
    return replace(chart, name=f"{chart.name}-{own}", form=name, forms=[], blocks=blocks,
                   context=chart.context | changes)


def add_scale(chart: Chart, which: str, values) -> None:
    """Adds the other scale of the axis `which`, "x" or "y", of which `values` are shown."""
    now, label = chart.context[which], chart.context[f"{which}label"]
    chart.form = LOGARITHMIC if now.log else LINEAR
    if now.log:
        other, words = Axis(0, axis(values, log=False).hi, False), label.replace(LOG_WORDS, "")
    else:
        other, words = axis(values, log=True), label + LOG_WORDS
    chart.forms.append(form(chart, LINEAR if now.log else LOGARITHMIC, **{which: other, f"{which}label": words}))


def quoted(text: str) -> str:
    """A gnuplot string in single quotes, in which nothing is interpreted. gnuplot takes
    a quote at its start for the end of an empty string, so a blank goes before it."""
    words = " ".join(str(text).split()).replace("'", "''")
    return f"' {words}'" if words.startswith("'") else f"'{words}'"


def cell(value) -> str:
    """One field of a .dat file."""
    if value is None:
        return "NaN"
    if isinstance(value, str):
        return '"' + value.replace('"', "'") + '"'
    return f"{value:.8g}"


def data_text(chart: Chart, source: str) -> str:
    lines = [f"# {chart.title}", f"# from {source}"]
    for i, (comment, rows) in enumerate(chart.blocks):
        lines += ["", ""] if i else [""]
        lines.append(f"# {comment}")
        lines += [" ".join(cell(v) for v in row) for row in rows] or ["NaN NaN NaN NaN NaN NaN"]
    return "\n".join(lines) + "\n"


def with_forms(charts: list[Chart]) -> list[Chart]:
    return [drawn for chart in charts for drawn in (chart, *chart.forms)]


def place(charts: list[Chart], folder: Path) -> None:
    """Tells the charts where their drawings are."""
    for chart in with_forms(charts):
        chart.file = folder / f"{chart.name}.svg"


def texts(charts: list[Chart], environment, source: str) -> dict[str, str]:
    """Numbers and script of each chart, by the names of their files."""
    made = {}
    for chart in with_forms(charts):
        made[f"{chart.name}.dat"] = data_text(chart, source)
        made[f"{chart.name}.gp"] = environment.get_template(chart.template).render(chart=chart, source=source, **chart.context)
    return made


def write(charts: list[Chart], folder: Path, environment, source: str) -> None:
    """Writes the .dat and .gp of every chart and draws them."""
    if not shutil.which("gnuplot"):
        raise DrawingError("charts need gnuplot, which is not installed: run `make deps`")
    folder.mkdir(parents=True, exist_ok=True)
    place(charts, folder)
    for name, text in texts(charts, environment, source).items():
        (folder / name).write_text(text, encoding="utf-8")
    charts = with_forms(charts)
    processes = min(os.cpu_count() or 1, len(charts))
    with ThreadPoolExecutor(max(processes, 1)) as pool:
        shares = (charts[i::processes] for i in range(processes))
        list(pool.map(lambda share: _draw(share, folder), shares))


def _draw(charts: list[Chart], folder: Path) -> None:
    """Draws the charts in one gnuplot, whose start takes longer than a drawing."""
    for chart in charts:
        for suffix in ("svg", "png"):
            (folder / f"{chart.name}.{suffix}").unlink(missing_ok=True)
    try:
        done = subprocess.run(
            ["gnuplot", *(f"{chart.name}.gp" for chart in charts)],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=GNUPLOT_LIMIT_S + CHART_LIMIT_S * len(charts),
            env=dict(os.environ, LC_ALL="C.UTF-8"),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DrawingError(f"{folder}: gnuplot did not finish: {error}") from None
    for chart in charts:
        if not (folder / f"{chart.name}.png").is_file():
            said = " ".join(done.stderr.split())[-300:]
            raise DrawingError(f"{folder / chart.name}.gp: gnuplot failed: {said}")
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise DrawingError(f"{folder}: gnuplot failed: {said}")
