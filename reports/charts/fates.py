# SPDX-License-Identifier: MIT
"""The options of a decision: latency with its band, against the limit."""

from charts import style
from charts.drawing import Chart, axis
from data import units

FATES = ("fits", "at risk", "fails", "score too low", "not known")


def chart(data: dict) -> Chart | None:
    """Options without a latency (overload, or not known) are in the table alone."""
    options = [o for o in data["options"] if o["latency_ns"]]
    if not options:
        return None
    options.sort(key=lambda o: (FATES.index(o["fate"]), o["burden"] if o["burden"] is not None else float("inf")))
    limit = _limit(data)
    percentile = f"p{data['percentile']:g}"
    labels = [f"{o['model']}, {o['workers']}" if o["workers"] else o["model"] for o in options]
    texts = [o["fate"] for o in options]
    bands = [(o["latency_ns"] / (o["latency_band"] or 1), o["latency_ns"] * (o["latency_band"] or 1)) for o in options]
    x = axis([v for pair in bands for v in pair] + [limit or options[0]["latency_ns"]], room=1.1, log=True)
    made = Chart(
        "fates", "fates.gp", "Latency at the peak, and the limit",
        "The latency of each option with its band, and the limit. The figures are in the table of options.", "", [],
    )
    made.blocks = [
        ("row, latency in ms, band from, to, colour", [
            [i, o["latency_ns"] / 1e6, lo / 1e6, hi / 1e6, style.style(o["model"]).number]
            for i, (o, (lo, hi)) in enumerate(zip(options, bands), 1)
        ])
    ]
    made.context = made.in_rows([f"{label}: {text}" for label, text in zip(labels, texts)]) | {
        "styles": [], "x": {"lo": x.lo / 1e6, "hi": x.hi / 1e6}, "limit": limit and limit / 1e6,
        "xlabel": f"{percentile}, ms (logarithmic)",
    }
    made.caption = [
        f"{percentile} at the peak, with the band of nine measurements in ten where there is one.",
        f"The line is the limit, {units.time(limit)}." if limit else "No limit was given.",
    ]
    return made


def _limit(data: dict) -> float | None:
    row = data["service"].get("limit")
    return row["value"] if row and row["value"] > 0 else None
