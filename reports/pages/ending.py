# SPDX-License-Identifier: MIT
"""The last lines of a run on a terminal: what to use, how sure that is, who leads at
which load point, and where the report is. Ten lines at most, the decision first.
"""

import re
from pathlib import Path

from data.levels import reason, shortened
from data.results import Run
from pages import render

LINES, DECISIONS, TIES = 10, 2, 2
REASON_LETTERS = 80
NO_RECORD = {"decision": None, "sure_as": "", "draws": "", "invalid": ""}


def lines(run: Run, context: dict) -> list[str]:
    told = [*_first(context), *_decisions(run, context)]
    last = _last(context)
    return told + _leads(context, LINES - len(told) - len(last)) + last


def _say(macro: str, *arguments) -> str:
    return render.words("summary.txt", macro, *arguments)


def _first(context: dict) -> list[str]:
    """What a reader must know before any figure."""
    run = context["run"]
    told = [_say("untrusted", run)] if run["untrusted"] else []
    told += [] if run["complete"] else [_say("incomplete", run)]
    return told + ([] if run["summary"] else [_say("not_summarised", run)])


def _decisions(run: Run, context: dict) -> list[str]:
    decided = [e for e in context["experiments"] if e["record"]]
    told = []
    for e in decided[:DECISIONS]:
        record = e["record"]
        whose = f"{e['name']}: " if len(context["experiments"]) > 1 else ""
        told += [whose + (record.get("use") or record["outcome"]), _sure(run, context, e, NO_RECORD | record)]
    told += [_say("refused", name, why) for name, why in list(context["refused"].items())[:1]]
    return told or [_sure(run, context, e, NO_RECORD) for e in context["experiments"][:1]]


def _sure(run: Run, context: dict, experiment: dict, record: dict) -> str:
    bad = [t for t in run.trials if not t["valid"]]
    why = shortened(re.split(r";| \(", reason(bad[0]))[0], REASON_LETTERS) if bad else ""
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return _say("sure", record, experiment["blocks"] or 0, context["run"]["tally"], why + more)


def _leads(context: dict, room: int) -> list[str]:
    """A line for each load point, by its headline metric, as far as there is room."""
    several = len(context["experiments"]) > 1
    rows = [(f"{e['name']} " if several else "", point["id"], own[0]) for e in context["experiments"] for point, own in e["leaders"] if own]
    shown = rows if len(rows) <= room else rows[: max(room - 1, 0)]
    told = [_say("lead", whose + name, lead, _ties(lead)) for whose, name, lead in shown]
    return told + ([_say("more", len(rows) - len(shown))] if len(shown) < len(rows) else [])


def _ties(lead) -> list[str]:
    """The best model and those that are not behind it, the first few by name."""
    others = lead.ties + [row["b"] if row["a"] == lead.best else row["a"] for row in lead.unclear]
    more = [f"{len(others) - TIES} more"] if len(others) > TIES else []
    return [lead.best, *others[:TIES], *more] if lead.best else []


def _last(context: dict) -> list[str]:
    page = next((p for words, p in context["paths"] if words == "report"), None)
    return [f"Open  {near(page)}"] if page else []


def near(path: Path) -> str:
    """The path as a person at this folder would write it; through latest, if that is
    the run's name."""
    here = Path.cwd()
    for part in path.parents:
        latest = part.parent / "latest"
        if latest.is_symlink() and latest.resolve() == part.resolve():
            path = latest / path.relative_to(part)
            break
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
