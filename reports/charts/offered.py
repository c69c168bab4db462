# SPDX-License-Identifier: MIT
"""p99 over the offered rate, for open loops: each model's knee, and the rate up
to which the model meets the profile's limit.

Both rates are read from the intervals of the measured load points, so each is
given as "between two rates": nothing is fitted or searched. The knee is where
p99 surely exceeds twice that of the lowest rate, or the answers fall behind the
offered rate.
"""

from dataclasses import dataclass

from data import units
from data.levels import valid_trials
from data.metrics import metric
from data.points import latency_words
from data.results import Run
from charts import drawing
from charts.curves import PLAIN
from charts.drawing import Chart, axis
from charts.labels import limit_line, n_words, provenance, scale_words
from charts.sweeps import add_invalid, blocks_of, frame_of, levels_of, new_chart, numbers_of, tips_of

KNEE_FACTOR = 2
KEPT_UP = 0.99  # of the offered rate


@dataclass
class Step:
    """One model at one rate."""

    rate: float
    row: dict | None  # p99, where there is one
    overloaded: bool

    @property
    def sure(self) -> bool:
        """Whether p99 has an interval; a single block gives none."""
        return bool(self.row and self.row["lo"] and self.row["hi"])

    def over(self, within: float, beyond: float) -> bool | None:
        """True if surely over `beyond`, False if surely not over `within`, None if
        neither is sure."""
        if self.overloaded:
            return True
        if not self.sure:
            return None
        if self.row["lo"] > beyond:
            return True
        return False if self.row["hi"] <= within else None


def steps(run: Run, experiment: dict, points, model: str) -> list[Step]:
    found = []
    for p in points:
        key = experiment["name"], p["id"], model
        rate, trials = p["load"]["rate_per_s"], valid_trials(run, experiment, p, model)
        answered = run.level(*key, "throughput_per_s")
        behind = answered is not None and answered["value"] < KEPT_UP * rate
        told = [t["overloaded"] for t in trials if t.get("overloaded") is not None]
        if told:
            behind = sum(told) > len(told) / 2
        found.append(Step(rate, run.level(*key, "latency_p99_ns"), behind))
    return found


def crossing(found: list[Step], within: float, beyond: float):
    """The highest rate up to which all steps are surely within, and the first rate
    that is surely beyond. Steps with too few requests for a p99 are skipped."""
    last = first = None
    known = [step for step in found if step.row or step.overloaded]
    for step in known:
        if step.over(within, beyond) is not False:
            break
        last = step.rate
    for step in known:
        if step.over(within, beyond) is True:
            first = step.rate
            break
    return last, first


def knee(found: list[Step]) -> tuple[float | None, float | None]:
    """The rates before and at the knee, compared with the lowest rate whose p99 has
    an interval. The uncertainty of that p99 counts too."""
    base = next((s for s in found if s.sure and not s.overloaded), None)
    if not base:
        return None, next((s.rate for s in found if s.overloaded), None)
    later = [step for step in found if step.rate > base.rate]
    low, high = (KNEE_FACTOR * base.row[k] for k in ("lo", "hi"))
    last, first = crossing(later, low, high)
    return last or base.rate, first


def words(place: tuple[float | None, float | None]) -> str:
    within, beyond = (units.digits(rate) if rate else None for rate in place)
    if within and beyond:
        return f"between {within} and {beyond}/s"
    if within:
        return f"not reached: fine at {within}/s"
    return f"not at {beyond}/s, cannot tell below" if beyond else "cannot tell"


def chart(run: Run, experiment: dict, points) -> Chart | None:
    levels = levels_of(run, experiment, points, "rate_per_s", "latency_p99_ns")
    if not levels or any(p["load"]["mode"] != "open" for p in points):
        return None
    line = limit_line(experiment, 99)
    profile = experiment["profile"] if line else {}
    limit = profile.get("limit_ns")
    found = {m: steps(run, experiment, points, m) for m in levels}
    knees = {m: knee(found[m]) for m in levels}
    rows = [r for found_rows in levels.values() for _, r in found_rows]
    y = axis(numbers_of(levels, 1e6) + [line and line["at"]])
    xs = [p["load"]["rate_per_s"] for p in points]
    made = new_chart(experiment, points, "rate")
    made.title = (f"p99 over the offered rate: {points[0]['workload']}, {latency_words(points[0])}")
    made.alt = (
        "p99 latency over the offered rate, one line per model, the knee ringed."
        " The numbers are in the table."
    )
    made.in_text = True
    made.blocks = blocks_of(levels, 1e6, xs)
    made.blocks.append(("knees", _rings(levels, knees)))
    made.head = ["model", "knee"]
    made.head += [f"meets {profile.get('limit')}"] if limit else []
    made.head += [f"p99 at {units.digits(x)}/s" for x in xs]
    for m in levels:
        cells = [words(knees[m])]
        if limit:
            cells.append(words(crossing(found[m], limit, limit)))
        made.rows.append([m, *cells, *(_cell(step) for step in found[m])])
    made.caption = [
        "Ring: the last rate before the knee.",
        n_words(rows),
        f"The knee: where p99 surely exceeds {KNEE_FACTOR}"
        " times that of the lowest rate with an interval, or under 99 % of the offered requests are"
        " answered (overloaded).",
        f"{scale_words(y)} Long whiskers are cut off; a single block has none.",
        provenance(run),
    ]
    made.context = PLAIN | frame_of(levels, xs, y)
    made.keys = list(levels)
    made.tips = tips_of(levels, metric("latency_p99_ns"), "rate_per_s")
    made.context |= {
        "xlabel": "offered rate, requests per second",
        "ylabel": f"p99, ms{' (logarithmic)' if y.log else ''}",
        "rings": len(levels),
        "limit": line,
    }
    add_invalid(run, experiment, points, "rate_per_s", made)
    if y.log:
        drawing.add_scale(made, "y", [r["value"] / 1e6 for own in levels.values() for _, r in own] + [line and line["at"]])
    return made


def _rings(levels: dict, knees: dict) -> list[list[float]]:
    rings = []
    for m, rows in levels.items():
        within, beyond = knees[m]
        if beyond:
            rings += [[x, r["value"] / 1e6] for x, r in rows if x == within]
    return rings


def _cell(step: Step) -> str:
    shown = metric("latency_p99_ns").show(step.row["value"] if step.row else None)
    return f"{shown} (overloaded)" if step.overloaded else shown
