# SPDX-License-Identifier: MIT
"""Records of decisions about the profiles of a run, which `troika decide --run`
makes by forecast: report/adr/NNNN-slug/, a folder as of any stored decision.

A profile whose loads are in no forecast has none here, and is decided by its
nearest load point (pages/record.py). A record is never overwritten: a decision
with equal files keeps its record, and another one gets the next number.
"""

import filecmp
import shutil
import subprocess
import tempfile
from pathlib import Path

from charts import drawing
from choices import around, kept, page, record
from data import results
from data.results import Run
from pages import record as measured
from pages import render

# Exit codes with which troika decide has stored an answer.
ANSWERED = (0, 1, 4)


def write_all(run: Run, troika: str) -> tuple[dict[str, dict], dict[str, str]]:
    """What the reports need of each record, by the experiment's name; and why other
    profiles have none."""
    made, refused = {}, {}
    if run.data.get("untrusted") or not run.data["complete"]:
        return made, refused
    for experiment in run.data["experiments"]:
        if not experiment.get("profile") or not experiment["load_points"]:
            continue
        try:
            made[experiment["name"]] = _write(run, experiment, troika)
        except results.ResultsError as error:
            refused[experiment["name"]] = str(error)
    return made, refused


def _write(run: Run, experiment: dict, troika: str) -> dict:
    folder = run.path / "report" / "adr"
    with tempfile.TemporaryDirectory(prefix="troika-decision-") as place:
        fresh = Path(place) / "decision"
        said = _decide(run, experiment, troika, fresh)
        if said is not None:
            raise results.ResultsError(said)
        own = _newest(folder, measured.subject(run, experiment))
        if own is None or not _kept(own, fresh):
            own = folder / f"{measured.next_number(folder):04d}-{measured.subject(run, experiment)}"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copytree(fresh, own)
    decision = record.load(own)
    record.write(decision)
    try:
        page.write(decision)
    except drawing.DrawingError:
        pass  # without gnuplot there is a record and no page
    return told(run, experiment, decision, own) | {"around": around.chart(decision, experiment["name"], troika)}


def _decide(run: Run, experiment: dict, troika: str, folder: Path, *more: str) -> str | None:
    """Decides into the folder; returns why there is no answer."""
    command = [troika, "decide", "--run", str(run.path), "--experiment", experiment["name"], "-o", str(folder), *more]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode in ANSWERED and (folder / "decision.json").is_file():
        return None
    return (done.stderr.strip().splitlines() or ["no answer"])[-1]


def _kept(own: Path, fresh: Path) -> bool:
    """Whether the record says what the files say now, and they are equal."""
    names = [n for n in record.FILES if (own / n).is_file() or (fresh / n).is_file()]
    equal = all((own / n).is_file() and (fresh / n).is_file() and filecmp.cmp(own / n, fresh / n, shallow=False) for n in names)
    return equal and (not (own / record.RECORD).is_file() or record.verify(record.load(own)) is None)


def _newest(folder: Path, name: str) -> Path | None:
    found = sorted(p for p in folder.glob(f"[0-9][0-9][0-9][0-9]-{name}") if p.is_dir())
    return found[-1] if found else None


def winners(run: Run) -> dict[str, str | None]:
    """The model that each stored record names, by the experiment's name."""
    found = {}
    for experiment in run.data["experiments"]:
        own = _newest(run.path / "report" / "adr", measured.subject(run, experiment)) if experiment.get("profile") else None
        if own:
            found[experiment["name"]] = _winner(record.load(own).data)
    return found


def _winner(data: dict) -> str | None:
    return data["named"][0] if data["named"] else None


def told(run: Run, experiment: dict, decision: record.Decision, folder: Path) -> dict:
    """The four answers of the first screen, and where the record is."""
    data = decision.data
    options = {o["model"]: o for o in data["options"]}
    invalid = invalid_of(run, experiment, data)
    found = kept.table(data)
    return {
        "headline": kept.headline(data, found),
        "winner": _winner(data),
        "fit": found,
        "map": data["command"].replace(" decide ", " map ", 1),
        "profile": data["profile"],
        "outcome": kept.sentence(data["sentences"][0]),
        **_use(data),
        "workers": kept.sentence(_workers(options, data["named"])),
        "sure": kept.sentence(_sure(options, data)),
        "change": kept.sentence(_change(data)),
        "invalid": invalid["words"],
        "decision": {"invalid": invalid},
        "file": f"{folder.name}/{record.RECORD}",
    }


def _use(data: dict) -> dict[str, str]:
    """What to use in a line, and how sure the draws are of it; nothing unless one
    option is recommended."""
    if data["outcome"] != "recommended" or len(data["named"]) != 1:
        return {}
    best = next(o for o in data["options"] if o["model"] == data["named"][0])
    others = sorted((o for o in data["options"] if o["fate"] == "fits" and o is not best), key=lambda o: o["burden"])
    return {
        "use": render.words("summary.txt", "use", data, best, others[0] if others else None),
        "sure_as": "Sure" if data["firm"] else "Fairly sure",
        "draws": render.words("summary.txt", "best_of_draws", best, len(data["doubts"])),
    }


def _workers(options: dict, named: list[str]) -> str:
    if not named:
        return "no model is recommended"
    told = [f"{m} with {options[m]['workers']}" if options[m]["workers"] else f"{m} has no worker setting" for m in named]
    return "; ".join(told)


def _sure(options: dict, data: dict) -> str:
    if data["leader"] is None:
        return "no option is known to keep the limits"
    leader = options[data["leader"]]
    words = f"{data['leader']} is the best in {100 * leader['best']:.0f} % of the draws, with a regret of at most {100 * leader['regret95']:.0f} % in 95 %"
    return words + "".join(f"; {doubt}" for doubt in data["doubts"][:2])


def _change(data: dict) -> str:
    if data["leader"] is None:
        return "nothing was looked for, because no option leads"
    flips = [s.removeprefix("would flip it: ") for s in data["sentences"] if s.startswith("would flip it: ")]
    looked = [s for s in data["sentences"] if s.startswith(("what would flip it was looked for", "not known how far"))]
    more = ["more in the record"] if len(flips) > 4 else []
    return "; ".join(flips[:4] + more + looked) or "no input within a factor of 16"


TOO_MANY = 0.2  # of an option's trials: the remaining ones may be the lucky ones


def invalid_of(run: Run, experiment: dict, data: dict) -> dict:
    """How many trials are invalid, and whether an option that matters lacks too many
    of those that the decision rests on."""
    own = [t for t in run.trials if t["experiment"] == experiment["name"]]
    place = (data["evidence"] or {}).get("place")
    used = [t for t in own if t["load_point"] == place] if place else own
    bad = sum(not t["valid"] for t in own)
    matter = data["named"] or [o["model"] for o in data["options"]]
    lacking = [m for m in matter if _share(used, m) > TOO_MANY]
    words = ""
    if bad:
        words = f"{bad} of {len(own)} trials {'is' if bad == 1 else 'are'} invalid"
        words += f", and the decision depends on {'it' if bad == 1 else 'them'}: of {', '.join(lacking)} too many are." if lacking else f"; the decision does not depend on {'it' if bad == 1 else 'them'}."
    return {"trials": len(own), "invalid": bad, "depends": bool(lacking), "words": words}


def _share(trials: list[dict], model: str) -> float:
    """Of the model's trials, those that are invalid."""
    own = [t for t in trials if t["cell"]["model"] == model]
    return sum(not t["valid"] for t in own) / len(own) if own else 0


def verify(run: Run, troika: str) -> list[tuple[Path, str | None]]:
    """Each newest record, and what it contradicts; None: nothing."""
    found = []
    folder = run.path / "report" / "adr"
    for experiment in run.data["experiments"]:
        if not experiment.get("profile"):
            continue
        place = _newest(folder, measured.subject(run, experiment))
        if place:
            found.append((place, _contradiction(run, experiment, place, troika)))
    return found


def _contradiction(run: Run, experiment: dict, place: Path, troika: str) -> str | None:
    """The record against its files, the answer against them, and the files against
    the run: with the constants of the record, or, where these were scaled by the
    run, with those that they were made from."""
    if problem := record.changed(place) or record.verify(record.load(place)):
        return problem
    done = subprocess.run([troika, "decide", "--verify", str(place)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done.stderr.strip() or "the answer does not follow"
    scaled = results.read(place / "machine.json").get("run_id") == run.data["run_id"]
    with tempfile.TemporaryDirectory(prefix="troika-decision-") as folder:
        fresh = Path(folder) / "decision"
        constants = "none" if scaled else str(place / "machine.json")
        if said := _decide(run, experiment, troika, fresh, "--machine", constants):
            return f"it cannot be decided again: {said}"
        for name in ("machine.json", "cells.json", "evidence.json"):
            both = (place / name).is_file(), (fresh / name).is_file()
            if any(both) and not (all(both) and filecmp.cmp(place / name, fresh / name, shallow=False)):
                return f"{name} does not follow from the run's trials: one of them was changed"
    return None
