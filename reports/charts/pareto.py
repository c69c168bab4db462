# SPDX-License-Identifier: MIT
"""What speed costs: CPU per request against p99 latency, or against throughput where
not every model has a p99; a mark per model.

A model that another one surely beats is grey: the stored verdicts say that the other
is better on one of the two and no worse beyond the margin on the other. The rest are
the choices that are left.
"""

from data import units
from data.metrics import metric
from data.points import setting
from data.results import Run
from charts.drawing import Chart, axis
from charts.labels import capital, limit_line, point_chart, provenance, styles

COSTS = ("cpu_per_request_ns", "memory_total_bytes")
SPEEDS = ("latency_p99_ns", "throughput_per_s")
GREY = "#AAAAAA"


def chart(run: Run, experiment: dict, point: dict) -> Chart | None:
    models = run.models_of(experiment["name"], point, yardsticks=False)
    here = run, experiment, point
    cost = next((n for n in COSTS if len(_known(*here, models, n)) > 1), None)
    speed = max(SPEEDS, key=lambda n: len(_known(*here, models, n)))
    both = [m for m in _known(*here, models, speed) if cost and m in _known(*here, models, cost)]
    if len(both) < 2:
        return None
    beaten = {m: by for m in both if (by := _beaten(*here, m, both, (cost, speed)))}
    (sx, ux), (sy, uy) = (_scale(*here, both, n) for n in (cost, speed))
    rows = {m: [_triple(*here, m, cost, sx), _triple(*here, m, speed, sy)] for m in both}
    limit = limit_line(experiment, 99) if speed == "latency_p99_ns" else None
    x = axis([v for r in rows.values() for v in r[0]])
    y = axis([v for r in rows.values() for v in r[1]] + [limit["at"] * 1e6 / sy if limit else None])
    kinds = metric(cost), metric(speed)
    made = point_chart(
        experiment, point, "pareto", "pareto.gp",
        f"{capital(kinds[1].noun)} and what it costs: {setting(point)}",
        f"{kinds[0].noun} and {kinds[1].noun} of each model; of {len(both)} models {len(beaten)} are surely beaten. The numbers are in the table.",
        head=["model", kinds[0].noun, kinds[1].noun, "beaten by"],
        blocks=[(m, [[a[0], b[0], a[1], a[2], b[1], b[2]]]) for m, (a, b) in rows.items()],
    )
    for m in both:
        shown = [kind.show(run.level(experiment["name"], point["id"], m, kind.name)["value"]) for kind in kinds]
        made.rows.append([m, *shown, beaten.get(m, units.UNKNOWN)])
        made.tips[m] = [f"{m}: {shown[0]}, {shown[1]}" + (f"; {beaten[m]} beats it" if m in beaten else "")]
    names = {m: f"{m} (beaten)" if m in beaten else m for m in both}
    made.keys = list(names.values())
    better = "up and left" if kinds[1].higher_is_better else "down and left"
    made.caption = [
        f"Better is {better}. Grey: another model is better and nowhere worse.",
        "Grey by the stored verdicts, paired by block: better on one of the two, no worse beyond the margin on the other. Bars: 95 % intervals.",
        provenance(run),
    ]
    made.context = {
        "styles": styles(both), "x": x, "y": y, "left": 56, "names": names, "grey": {m: GREY for m in beaten},
        "xlabel": f"{kinds[0].noun}, {ux}" + (" (logarithmic)" if x.log else ""),
        "ylabel": f"{kinds[1].noun}, {uy or 'per s'}" + (" (logarithmic)" if y.log else ""),
        "limit": limit and {"at": limit["at"] * 1e6 / sy, "text": limit["text"]},
    }
    return made


def _known(run: Run, experiment: dict, point: dict, models, name: str) -> list[str]:
    return [m for m in models if run.comparable(experiment["name"], point["id"], m, name)]


def _scale(run: Run, experiment: dict, point: dict, models, name: str) -> tuple[float, str]:
    values = [run.level(experiment["name"], point["id"], m, name)["value"] for m in models]
    return metric(name).scale(values)


def _triple(run: Run, experiment: dict, point: dict, model: str, name: str, scale: float) -> list[float]:
    row = run.level(experiment["name"], point["id"], model, name)
    return [(row[k] or row["value"]) / scale for k in ("value", "lo", "hi")]


def _beaten(run: Run, experiment: dict, point: dict, model: str, models, names) -> str | None:
    """A model that the verdicts show better on one metric and no worse on the other."""
    for other in models:
        rows = [run.ratio(experiment["name"], point["id"], n, other, model) for n in names] if other != model else []
        verdicts = [row.get("verdict") if row else None for row in rows]
        if "better" in verdicts and all(v in ("better", "same", "negligible") for v in verdicts):
            return other
    return None
