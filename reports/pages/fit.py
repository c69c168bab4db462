# SPDX-License-Identifier: MIT
"""The fit table: a row for each option, each limit of the profile as a bar that
shows how much of the limit is used, and in words why an option is out.

The figures and fates are those of the decision, made from the nearest load point
(`of_measured`) or by forecast (choices/kept.py calls `table`). Nothing is judged
here. `least` and `most` of a cell are the ends between which the decision expects the
figure at the profile; the page's script compares them with another limit.
"""

from data import units
from data.metrics import metric

FULL = 0.8  # of a bar's track: the place of the limit
OVER = 1 / FULL  # the share of the limit at which the track ends
SHOWN = 3  # differences from the named option, in words


def cell(shown: str, value: float | None, least: float | None, most: float | None, limit: float, fate: str) -> dict:
    """One figure against one limit. Without a value the cell has no bar."""
    share = value / limit if value is not None and limit else None
    return {
        "shown": shown,
        "fate": fate,
        "least": least,
        "most": most,
        "used": _used(share),
        "width": None if share is None else round(100 * FULL * min(share, OVER), 1),
        "over": share is not None and share > 1,
    }


def _used(share: float | None) -> str:
    if share is None:
        return ""
    if share > 1:
        return f"{units.digits(share)} × the limit"
    return f"{units.digits(100 * share)} % of the limit"


def limit(words: str, value: float, kind) -> dict:
    """A column. `unit` and `factor` are for the field in which a reader changes it."""
    factor, unit = kind.scale([value])
    return {"words": words, "value": value, "shown": kind.show(value), "unit": unit, "factor": factor, "at": 100 * FULL}


def row(model: str, workers, fate: str, why: str, cells: list[dict], named: bool) -> dict:
    words = f"{model}, {workers} worker{'s' if workers != 1 else ''}" if workers else model
    return {"model": model, "words": words, "fate": fate, "why": why, "cells": cells, "named": named, "out": fate.startswith("fails")}


def table(limits: list[dict], rows: list[dict]) -> dict | None:
    """The named options first, then those that fit, then the others."""
    if not limits or not rows:
        return None
    order = ("fits", "at risk", "unknown", "not known", "score too low", "fails")
    several = sum(r["named"] for r in rows) > 1
    for r in rows:
        r["mark"] = ("one of these" if several else "recommended") if r["named"] else ""
    place = {name: i for i, name in enumerate(order)}
    rows = sorted(rows, key=lambda r: (not r["named"], place.get(r["fate"].split(",")[0], len(order))))
    return {"limits": limits, "rows": rows}


def of_measured(decision: dict) -> dict | None:
    """The table of a decision by the nearest load point."""
    limits = [limit(c["words"], c["limit"], metric(c["metric"])) for c in decision["constraints"]]
    named = decision["outcome"]["models"] if decision["reference"] else []
    rows = []
    for o in decision["options"]:
        cells = [_measured(c) for c in o["checks"]]
        rows.append(row(o["model"], o["workers"], o["fate"], _why(o, o["model"] in named), cells, o["model"] in named))
    return table(limits, rows)


def _measured(check: dict) -> dict:
    kind = metric(check["by"] or check["metric"])
    comparable = check["by"] and metric(check["by"]).units == metric(check["metric"]).units
    shown = kind.show(check["seen"]) if check["seen"] is not None else units.UNKNOWN
    if check["by"] and check["by"] != check["metric"]:
        shown += f" ({kind.title})"
    value = check["seen"] if comparable else None
    return cell(shown, value, check["at_least"], check["at_most"], check["limit"], check["fate"])


def _why(option: dict, named: bool) -> str:
    """Why an option is out, at risk or behind the named one."""
    if option["blocked"]:
        return "too many of its trials are invalid"
    for check in option["checks"]:
        if check["fate"] == "fails":
            return f"misses {check['words']}"
    for check in option["checks"]:
        if check["fate"] == "at risk":
            return f"may miss {check['words']}"
        if check["fate"] == "unknown":
            return f"too little data to judge {check['words']}"
    if option["fate"].startswith("unknown"):
        return "no valid throughput"
    return "" if named else behind(option["against"])


def behind(against: dict) -> str:
    """What is better about the named option."""
    words = []
    for name, told in against.items():
        if told["verdict"] == "worse":
            factor = max(told["ratio"], 1 / told["ratio"])
            words.append(f"{metric(name).noun} by a factor of {units.digits(factor)}")
    return f"worse on {', '.join(words[:SHOWN])}" if words else "no worse beyond the margin"
