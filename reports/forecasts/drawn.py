# SPDX-License-Identifier: MIT
"""The charts of a validation: small ones, so that several stand beside each other
and each still fits a telephone. A chart with nothing to show is left out."""

from data import units
from data.metrics import metric
from charts import style
from charts.drawing import Axis, Chart, axis
from charts.labels import capital
from forecasts import words
from forecasts.stored import P99, P99_FACTOR, Validation

GREYS = {"strong": "#444444", "weak": "#888888"}
RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10, 20, 50, 100, 1000)
TIMES = (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 256, 1024)
STEP = 0.008  # of the load, between disciplines that would lie on each other
# What a number of workers is: marker and colour. The first that applies is drawn.
WORKERS = {
    "needed": (style.CIRCLE, style.BLACK),
    "half": (style.DOWN, style.VERMILION),
    "double": (style.UP, style.BLUE),
    "goetz": (style.SQUARE, style.ORANGE),
    "2c+1": (style.DIAMOND, style.PURPLE),
    "unlimited": (style.CIRCLE - 1, style.GREEN),
}


def _chart(name: str, template: str, title: str, alt: str, caption: str, **more) -> Chart:
    made = Chart(name, template, title, alt, "", [], **more)
    made.caption = [caption]
    lines = [*made.context.get("lines", []), *filter(None, [made.context.get("line")])]
    bars = made.context["bars"] if isinstance(made.context["bars"], str) else ""
    made.keys = [text for text in (*(m["title"] for m in lines), bars, *(m["title"] for m in made.context["marks"])) if text]
    made.context.setdefault("left", 60 if made.context.get("ylabel") else 12)
    return made


def _short(quantity: str) -> str:
    return quantity.rpartition("_")[0].removeprefix("latency_").replace("_", "-").removesuffix("-per")


def tics(values, ends: Axis) -> str:
    """Of the values those on the axis, as gnuplot text."""
    shown = [v for v in values if ends.lo <= v <= ends.hi]
    if len(shown) > 9:
        shown = [v for v in shown if v not in (0.8, 1.25)]
    return ", ".join(f"'{v:g}' {v:g}" for v in shown)


def _around(values, least: float) -> Axis:
    """A logarithmic axis around 1 that has room for all values."""
    reach = max([least, *(max(v, 1 / v) for v in values)]) * 1.15
    return Axis(min([1 / least, *values]) / 1.15, min(reach, max([least, *values]) * 1.15), True)


def disciplines(rows: list[dict]) -> list[tuple[str, bool]]:
    """The disciplines of rows, foreign models apart, in a fixed order."""
    known = {(r["discipline"], r["foreign"]) for r in rows}
    return [(d, f) for d in style.DISCIPLINES for f in (False, True) if (d, f) in known]


def _mark(discipline: str, foreign: bool) -> dict:
    own = style.DISCIPLINES[discipline]
    title = discipline + (", foreign" if foreign else "")
    return {"title": title, "colour": own.colour, "marker": own.hollow if foreign else own.marker}


def drawable(rows: list[dict]) -> list[dict]:
    """Rows that have a place on logarithmic axes."""
    return [r for r in rows if r["forecast"] and r["measured"]]


def measured(v: Validation, quantity: str) -> Chart | None:
    """Measured against forecast, coloured by discipline, with the bands of forecasts."""
    rows = drawable(v.of(quantity))
    if not rows:
        return None
    kind, kinds = metric(quantity), disciplines(rows)
    scale, unit = kind.scale([sorted(r["measured"] for r in rows)[len(rows) // 4]])
    bands = any(r["band"] for r in rows)
    values = [r[k] / scale for r in rows for k in ("forecast", "measured")]
    x = axis(values, log=True)
    lines = [{"at": "x", "colour": GREYS["strong"], "dash": 1, "title": ""}]
    caption = f"{len(rows)} forecasts. On the line: measured as forecast."
    if quantity == P99:
        lines += [{"at": f"x*{f:g}", "colour": GREYS["weak"], "dash": 2, "title": t}
                  for f, t in ((P99_FACTOR, f"×/÷ {P99_FACTOR}"), (1 / P99_FACTOR, ""))]
        lower = sum(r["percentile"] not in (None, 99) for r in rows)
        caption += f" {lower} of them judged at a lower percentile." if lower else ""
    if bands:
        caption += " Bars: the band of the forecast."
    noun = capital(kind.noun)
    return _chart(
        f"measured-{_short(quantity)}", "marks.gp", f"{noun}: measured against forecast",
        f"Measured against forecast {kind.noun} of {len(rows)} forecasts, by discipline. All forecasts are in the last table.",
        caption + " Logarithmic axes.",
        blocks=[(f"{d}{', foreign' if f else ''}", [_point(r, scale) for r in rows if (r["discipline"], r["foreign"]) == (d, f)])
                for d, f in kinds],
        context={"styles": [], "x": x, "y": x, "xtics": x.tics, "ytics": x.tics, "bars": bands, "lines": lines,
                 "marks": [_mark(*k) for k in kinds], "xlabel": f"forecast, {unit or 'ratio'}", "ylabel": f"measured, {unit or 'ratio'}"},
    )


def _point(row: dict, scale: float) -> list:
    x, wide = row["forecast"] / scale, row["band"] or 1.0
    return [x, row["measured"] / scale, x / wide, x * wide]


def errors(v: Validation, by: str, quantity: str) -> Chart | None:
    """Median, ninth decile and bias of the errors, a row per group."""
    rows = [e for e in v.errors(by, quantity) if e["n"] and e["median"] is not None]
    if not rows:
        return None
    noun = metric(quantity).noun
    parts = [(key, [[i, 100 * e[key]] for i, e in enumerate(rows, 1) if e[key] is not None]) for key in ("median", "bias")]
    bars = [[i, 100 * e["median"], 100 * e["p90"]] for i, e in enumerate(rows, 1) if e["p90"] is not None]
    known = [value for _, part in parts for _, value in part] + [end for _, _, end in bars]
    reach = max(max(known) - min(0, *known), 1)
    x = Axis(min(0, *known) - 0.06 * reach, max(0, *known) + 0.06 * reach, False)
    return _rows_chart(
        f"errors-{by}-{_short(quantity)}", f"Error of {noun}, by {by}",
        f"Errors of forecasts of {noun} by {by}. The numbers are in the table of errors.",
        f"n = {', '.join(str(e['n']) for e in rows)}, top to bottom. Bias above 0: forecasts are too high.",
        [words.group(e) for e in rows], [("median to ninth decile", bars), *parts], x,
        bars="median to 9 in 10", bar_colour="#BBBBBB", xlabel="error, %",
        marks=[{"title": "median", "colour": style.BLUE, "marker": style.CIRCLE},
               {"title": "bias", "colour": style.VERMILION, "marker": style.DIAMOND - 1}],
        line={"at": 0, "colour": GREYS["strong"], "dash": 1, "title": ""},
    )


def _rows_chart(name: str, title: str, alt: str, caption: str, labels: list[str], blocks: list, x: Axis, **context) -> Chart:
    made = _chart(name, "rows.gp", title, alt, caption, blocks=blocks, context={"styles": [], "x": x, **context})
    made.context |= made.in_rows(labels)
    return made


def by_load(v: Validation) -> Chart | None:
    """The ratio of p99, forecast to measured, over the load."""
    rows = [r for r in drawable(v.of(P99)) if r["load"] is not None]
    if not rows:
        return None
    kinds = disciplines(rows)
    ratios = [r["forecast"] / r["measured"] for r in rows]
    y = _around(ratios, 1.6)
    top = max(1.0, *(r["load"] for r in rows))
    blocks = []
    for i, (d, f) in enumerate(kinds):
        own = [r for r in rows if (r["discipline"], r["foreign"]) == (d, f)]
        shift = STEP * (i - (len(kinds) - 1) / 2)
        blocks.append((d, [[100 * (r["load"] + shift), r["forecast"] / r["measured"]] for r in own]))
    lines = [{"at": f"{at:g}", "colour": GREYS["strong" if at == 1 else "weak"], "dash": 1 if at == 1 else 2,
              "title": f"×/÷ {P99_FACTOR}" if at > 1 else ""} for at in (1, P99_FACTOR, 1 / P99_FACTOR)]
    return _chart(
        "p99-by-load", "marks.gp", "p99 latency: forecast over measured, by load",
        f"Ratio of forecast to measured p99 of {len(rows)} forecasts over the load. All forecasts are in the last table.",
        f"{len(rows)} forecasts in open loops; above 1 the forecast is too long. Disciplines are shifted beside each other.",
        blocks=blocks,
        context={"styles": [], "x": Axis(0, 105 * top, False), "y": y, "xtics": None, "ytics": tics(RATIOS, y), "bars": False,
                 "lines": lines, "marks": [_mark(*k) for k in kinds],
                 "xlabel": "load, % of the forecast capacity", "ylabel": "forecast / measured"},
    )


def workers(v: Validation, figure: str, noun: str) -> Chart | None:
    """p99 over the number of workers, both relative to the number that is needed."""
    points: dict[str, list] = {}
    sets = 0
    for w in v.data["workers"]:
        rows = [r for r in w["rows"] if r[figure] and (r["judged"] or figure == "forecast_p99_ns")]
        base = next((r for r in rows if "needed" in r["is"]), None)
        if not base or len(rows) < 2:
            continue
        sets += 1
        for r in rows:
            what = next((k for k in WORKERS if k in r["is"]), None)
            if what:
                points.setdefault(what, []).append([r["workers"] / base["workers"], r[figure] / base[figure]])
    if not points:
        return None
    kinds = [k for k in WORKERS if k in points]
    x = _around([p[0] for rows in points.values() for p in rows], 2)
    y = _around([p[1] for rows in points.values() for p in rows], 1.5)
    marks = [{"title": k, "marker": WORKERS[k][0], "colour": WORKERS[k][1]} for k in kinds]
    return _chart(
        f"workers-{noun}", "marks.gp", f"p99 over the number of workers, {noun}",
        f"p99 relative to that with the needed number of workers, {noun}, of {sets} services. The numbers are in the table.",
        f"n = {sets}, of a service and a model each; 1 on both axes is the number that the forecast says is needed."
        " Dashed: 10 % longer. Logarithmic axes.",
        blocks=[(k, points[k]) for k in kinds],
        context={"styles": [], "x": x, "y": y, "xtics": tics(TIMES, x), "ytics": tics(RATIOS, y), "bars": False,
                 "lines": [{"at": "1", "colour": GREYS["strong"], "dash": 1, "title": ""},
                           {"at": "1.1", "colour": GREYS["weak"], "dash": 2, "title": ""}],
                 "marks": marks, "xlabel": "workers / needed", "ylabel": "p99 / p99 with needed"},
    )


def drift(v: Validation, constant: str) -> Chart | None:
    """Constants measured again, in percent of the calibrated value."""
    rows = [d for d in v.data["drift"] if d["constant"] == constant and d["calibrated"]["value"] and d["measured"] is not None]
    if not rows:
        return None

    def change(d, value):
        return 100 * (value / d["calibrated"]["value"] - 1)

    bars = [[i, *sorted(change(d, d["calibrated"][k]) for k in ("lo", "hi"))]
            for i, d in enumerate(rows, 1) if None not in (d["calibrated"]["lo"], d["calibrated"]["hi"])]
    again = [[i, change(d, d["measured"])] for i, d in enumerate(rows, 1)]
    known = [end for _, *ends in (*bars, *again) for end in ends]
    reach = max(1.0, *map(abs, known)) * 1.15
    noun = constant.rpartition("_")[0].replace("_", " ") or constant
    return _rows_chart(
        f"drift-{''.join(c if c.isalnum() else '-' for c in constant)}", f"Drift since the calibration: {noun}",
        f"The constant {constant} measured again, relative to its calibration. The numbers are in the table.",
        "0: as calibrated; bars: the calibration's 95 % interval.", [d["model"] for d in rows],
        [("interval of the calibration", bars), ("measured", again)], Axis(-reach, reach, False),
        bars="calibrated", bar_colour="#BBBBBB", xlabel="change, %",
        marks=[{"title": "measured now", "colour": style.VERMILION, "marker": style.CIRCLE}],
        line={"at": 0, "colour": GREYS["strong"], "dash": 1, "title": ""},
    )


def regret(v: Validation) -> Chart | None:
    """How much worse each pick is than the best, a row per way of picking."""
    picks: dict[str, list[float]] = {}
    for p in (p for c in v.data["choices"] for p in c["picks"] if p["regret"] is not None):
        picks.setdefault(words.way(p["by"]), []).append(100 * p["regret"])
    if not picks:
        return None
    dots = [[i, value] for i, values in enumerate(picks.values(), 1) for value in values]
    ends = [[i, min(values), max(values)] for i, values in enumerate(picks.values(), 1)]
    reach = max(10.0, *(value for _, value in dots))
    return _rows_chart(
        "regret", "Regret of the choice of a model",
        "Regret of each pick, by the way of picking. The numbers are in the table of choices.",
        f"A dot is a service (n = {', '.join(str(len(x)) for x in picks.values())}, top to bottom);"
        f" right of {units.share(0.05)} the pick is wrong.", list(picks),
        [("from least to most", ends), ("regret", dots)], Axis(-0.04 * reach, 1.05 * reach, False),
        bars="", bar_colour="#DDDDDD", xlabel="worse than the best model, %",
        marks=[{"title": "a service", "colour": style.BLUE, "marker": style.CIRCLE - 1}],
        line={"at": 5, "colour": GREYS["weak"], "dash": 2, "title": "5 %"},
    )


def all_charts(v: Validation) -> dict[str, list[Chart]]:
    """The charts by section of the page."""
    known = v.quantities()
    constants = dict.fromkeys(d["constant"] for d in v.data["drift"])
    found = {
        "measured": [measured(v, q) for q in known],
        "discipline": [errors(v, "discipline", q) for q in known],
        "load": [errors(v, "load", q) for q in known] + [by_load(v)],
        "workers": [workers(v, "latency_p99_ns", "measured"), workers(v, "forecast_p99_ns", "forecast")],
        "choices": [regret(v)],
        "drift": [drift(v, name) for name in constants],
    }
    return {section: [c for c in charts if c] for section, charts in found.items()}
