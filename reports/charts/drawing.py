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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

WIDTH = 760
GNUPLOT_LIMIT_S, CHART_LIMIT_S = 60, 5


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
    caption: list[str] = field(default_factory=list)  # sentences
    blocks: list[tuple[str, list]] = field(default_factory=list)  # (comment, rows)
    context: dict = field(default_factory=dict)  # for the template
    head: list[str] = field(default_factory=list)  # of the data table below the chart
    rows: list[list[str]] = field(default_factory=list)
    width: int = WIDTH
    height: int = 360
    in_text: bool = False  # whether report.md has the data table too

    @property
    def title_size(self) -> float:
        """The font size at which the title fits: letters are 0.55 as wide as high."""
        return max(8.5, min(13, 0.97 * self.width / 0.55 / max(len(self.title), 1)))


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


def spread(fractions: dict[str, float], gap: float = 0.062) -> dict[str, float]:
    """Positions (0 to 1) of labels near their curves' ends, at least `gap` apart."""
    order = sorted(fractions, key=lambda k: fractions[k])
    places: dict[str, float] = {}
    below = -math.inf
    for key in order:
        below = max(fractions[key], below + gap)
        places[key] = below
    above = 1.0 + gap
    for key in reversed(order):
        above = min(places[key], above - gap)
        places[key] = above
    return places


def quoted(text: str) -> str:
    """A gnuplot string in single quotes, in which nothing is interpreted."""
    return "'" + " ".join(str(text).split()).replace("'", "''") + "'"


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


def write(charts: list[Chart], folder: Path, environment, source: str) -> None:
    """Writes the .dat and .gp of every chart and draws them."""
    if not shutil.which("gnuplot"):
        raise DrawingError("charts need gnuplot, which is not installed: run `make deps`")
    folder.mkdir(parents=True, exist_ok=True)
    for chart in charts:
        (folder / f"{chart.name}.dat").write_text(data_text(chart, source), encoding="utf-8")
        text = environment.get_template(chart.template).render(
            chart=chart, width=chart.width, source=source, **chart.context
        )
        (folder / f"{chart.name}.gp").write_text(text, encoding="utf-8")
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
