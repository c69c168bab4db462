# SPDX-License-Identifier: MIT
"""Writes and verifies the record of a stored decision: FOLDER/record.md, in the
form of MADR 4.0.

`troika decide -o FOLDER` stores what was asked, the constants, the residuals,
what was measured and the answer. The record names each of these files by its
SHA-256 and says the answer in words. Nothing is computed here.
"""

import datetime
import hashlib
import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from data import results, schema
from pages import render

FILES = ("asked.json", "machine.json", "validation.json", "cells.json", "evidence.json", "size.json", "decision.json")
RECORD = "record.md"

NAMED = re.compile(r"^- (\w+\.json) has SHA-256 `([0-9a-f]{64})`", re.MULTILINE)

# Lines that people change.
BY_PEOPLE = re.compile(r"(status|date|decision-makers|consulted|informed): ?.*")


@dataclass
class Decision:
    folder: Path
    data: dict
    hashes: dict[str, str]  # by file; of those that exist


def load(place: str | Path) -> Decision:
    folder = Path(place)
    path = folder / "decision.json"
    if not path.is_file():
        raise results.ResultsError(f"{folder} holds no decision; `troika decide ... -o {folder}` makes one")
    data = results.read(path)
    problem = schema.problem("decision", data)
    if problem:
        raise results.ResultsError(f"{path}: {problem}")
    return Decision(folder, data, {n: _hash(folder / n) for n in FILES if (folder / n).is_file()})


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def context(decision: Decision) -> dict:
    """What the record and the page are filled with."""
    data = decision.data
    asked = results.read(decision.folder / "asked.json")
    at = asked.get("at_s") if isinstance(asked, dict) else None
    return {
        "data": data,
        "answer": data["sentences"][0],
        "reasons": [s for s in data["sentences"][1:] if not s.startswith("would")],
        "flips": [s for s in data["sentences"][1:] if s.startswith("would")],
        "options": sorted(data["options"], key=_place),
        "hashes": decision.hashes,
        "day": _day(at),
        "limit": data["service"].get("limit"),
        "command": data["command"],
        "cells": _cells(decision.folder),
        "sizes": sizes(decision),
        "measured": [o for o in data["options"] if o["measured"]],
    }


def text(decision: Decision) -> str:
    return render.squeezed(render.environment().get_template("choice.md").render(**context(decision)))


def _cells(folder: Path) -> list[dict]:
    """Of each load point of the run and each model, measured beside forecast."""
    path = folder / "cells.json"
    if not path.is_file():
        return []
    data = results.read(path)
    several = len({s["experiment"] for s in data["services"]}) > 1
    points = {s["service"]: f"{s['experiment']} {s['load_point']}" if several else s["load_point"] for s in data["services"]}
    rows: dict[tuple, dict] = {}
    for r in data["residuals"]:
        row = rows.setdefault((points[r["service"]], r["model"]), {"load_point": points[r["service"]], "model": r["model"], "workers": r["workers"]})
        row[r["quantity"]] = r
    return list(rows.values())


def sizes(decision: Decision) -> dict | None:
    """How many workers the options need, which are named and have some."""
    path = decision.folder / "size.json"
    return results.read(path) if path.is_file() else None


def _day(at_s) -> str:
    if not isinstance(at_s, int):
        return "unknown"
    return datetime.datetime.fromtimestamp(at_s, datetime.timezone.utc).date().isoformat()


def _place(option: dict) -> tuple:
    """Fits first, then the least burden."""
    order = ("fits", "at risk", "fails", "score too low", "not known")
    burden = option["burden"]
    return order.index(option["fate"]), burden if burden is not None else float("inf")


def write(decision: Decision) -> Path:
    """Writes the record; an existing one is kept if it says the same, and refused
    otherwise."""
    path = decision.folder / RECORD
    made = text(decision)
    if path.exists():
        if line := _difference(path.read_text(encoding="utf-8"), made):
            raise results.ResultsError(f"{path}:{line}: an existing record says something else; decide into a new folder")
        return path
    render.store(path, made)
    return path


def changed(place: str | Path) -> str | None:
    """The first file that is not the one that the record names; None: none is, or
    there is no record."""
    folder = Path(place)
    path = folder / RECORD
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    for name, known in NAMED.findall(text):
        file = folder / name
        if not file.is_file() or _hash(file) != known:
            return f"{file} is not the file that {path} names: one of them was changed"
    return None


def verify(decision: Decision) -> str | None:
    """What in the record does not follow from the files beside it; None: nothing."""
    path = decision.folder / RECORD
    if not path.is_file():
        return f"{path} is missing"
    line = _difference(path.read_text(encoding="utf-8"), text(decision))
    return f"{path}:{line}: the stored files give something else: one of them, or the record, was changed" if line else None


def _difference(seen: str, wanted: str) -> int | None:
    """The first line that differs in more than what people decide."""
    for number, (have, want) in enumerate(zip_longest(seen.splitlines(), wanted.splitlines()), 1):
        if have == want:
            continue
        own, other = BY_PEOPLE.fullmatch(have or ""), BY_PEOPLE.fullmatch(want or "")
        if not own or not other or own[1] != other[1]:
            return number
    return None
