# SPDX-License-Identifier: MIT
"""Charts of stacked bars: CPU per request and memory in their parts.
"""

import style
import units
from drawing import Axis, Chart
from levels import (
    alt_text,
    left,
    level_rows,
    n_words,
    name_of,
    of_trials,
    provenance,
    styles,
    table_row,
    valid_trials,
)
from metrics import metric
from points import setting
from results import Run


def cpu(run: Run, experiment: dict, point: dict) -> Chart | None:
    def parts_of(m):
        rows = [run.level(experiment["name"], point["id"], m, k) for k, _, _ in style.CPU_PARTS]
        return [r["value"] if r else None for r in rows]

    return _stacked(
        run, experiment, point, "cpu_per_request_ns", metric("cpu_per_request_ns"),
        style.CPU_PARTS, f"CPU per request: {setting(point)}", [], point["models"], parts_of,
    )  # fmt: skip


def memory_parts(run: Run, experiment: dict, point: dict) -> Chart | None:
    def parts_of(m):
        trials = valid_trials(run, experiment, point, m)
        known = [of_trials(trials, "memory", k) for k, _, _ in style.MEMORY_PARTS[:-1]]
        total = of_trials(trials, "memory", "total_bytes")
        rest = total - sum(v or 0 for v in known) if total else None
        return [*known, rest if rest and rest > 0 else None]

    return _stacked(
        run, experiment, point, "memory_total_bytes", metric("memory_total_bytes"),
        style.MEMORY_PARTS, f"Memory by kind: {setting(point)}",
        ["Parts: the middle one of the valid trials; rest: what the kernel charges beyond them."],
        point["models"], parts_of,
    )  # fmt: skip


def _stacked(run, experiment, point, name, kind, parts, title, notes, models, blocks_of):
    """A stacked bar per model: `blocks_of` gives a model's parts in order."""
    rows, _ = level_rows(run, experiment, point, models, name)
    values = {m: blocks_of(m) for m in models}
    if not any(rows.values()):
        return None
    tops = [sum(v or 0 for v in values[m]) for m in models]
    tops += [r[k] for r in rows.values() if r for k in ("value", "hi") if r[k]]
    scale, unit = units.scale_for([max(tops) / 3], kind.units)
    blocks = []
    for i, (_, words, _) in enumerate(parts):
        bars = []
        for row, m in enumerate(models):
            below = sum(v or 0 for v in values[m][:i])
            if values[m][i]:
                bars.append([row + 1, below / scale, (below + values[m][i]) / scale])
        blocks.append((words, bars))
    totals = []
    for row, m in enumerate(models):
        r = rows[m]
        if r:
            numbers = [r["value"], r["lo"] or r["value"], r["hi"] or r["value"]]
            totals.append([row + 1, *(v / scale for v in numbers), kind.show(r["value"])])
    blocks.append(("total", totals))
    chart = Chart(
        name_of(name.split("_")[0] + "-parts", experiment, point["id"]),
        "bars.gp",
        title,
        alt_text(title, kind, rows),
        experiment["name"],
        [point["id"]],
        blocks=blocks,
        height=190 + 34 * len(models),
        head=["model", kind.title, "95 %", "n", *(words for _, words, _ in parts)],
    )
    chart.rows = [
        table_row(kind, rows[m], m) + [kind.show(v) if v is not None else units.UNKNOWN for v in values[m]]
        for m in models
    ]
    chart.caption = [
        "Bars start at zero. " + n_words(rows.values()).replace("Dots", "Cross", 1).replace("bars", "whiskers"),
        *notes,
        provenance(run),
    ]
    chart.context = {
        "styles": styles(models), "left": left(models), "x": Axis(0, max(tops) / scale * 1.12, False),
        "parts": [(words, colour) for _, words, colour in parts], "xlabel": f"{kind.noun}, {unit}",
        "total": "total, 95 % interval",
        "notes": level_rows(run, experiment, point, models, name)[1],
    }  # fmt: skip
    return chart
