# SPDX-License-Identifier: MIT
"""Records of decisions about the profiles of a run, which `troika decide --run`
makes by forecast: report/adr/NNNN-slug/, a folder as of any stored decision.

A profile whose loads are in no forecast has none here, and is decided by its
nearest load point (pages/record.py). A record is never overwritten: a decision
with equal files keeps its record, and another one gets the next number.
"""

import filecmp
import subprocess
import tempfile
from pathlib import Path

from choices import record
from data import results
from data.results import Run
from pages import record as measured

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
        command = [troika, "decide", "--run", str(run.path), "--experiment", experiment["name"], "-o", str(fresh)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode not in ANSWERED or not (fresh / "decision.json").is_file():
            raise results.ResultsError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
        own = _newest(folder, subject(run, experiment))
        if own is None or not _equal(own, fresh):
            own = folder / f"{_next(folder):04d}-{subject(run, experiment)}"
            own.parent.mkdir(parents=True, exist_ok=True)
            fresh.replace(own) if fresh.stat().st_dev == own.parent.stat().st_dev else _copy(fresh, own)
    decision = record.load(own)
    record.write(decision)
    return told(run, experiment, decision, own)


def subject(run: Run, experiment: dict) -> str:
    name = f"concurrency-model-for-{measured.slug(experiment['profile'].get('name') or experiment['name'])}"
    return name + (f"-{measured.slug(experiment['name'])}" if len(run.data["experiments"]) > 1 else "")


def _newest(folder: Path, name: str) -> Path | None:
    found = sorted(p for p in folder.glob(f"[0-9][0-9][0-9][0-9]-{name}") if p.is_dir())
    return found[-1] if found else None


def _next(folder: Path) -> int:
    return max((int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*")), default=0) + 1


def _equal(a: Path, b: Path) -> bool:
    names = [n for n in record.FILES if (a / n).is_file() or (b / n).is_file()]
    return all((a / n).is_file() and (b / n).is_file() and filecmp.cmp(a / n, b / n, shallow=False) for n in names)


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())


def told(run: Run, experiment: dict, decision: record.Decision, folder: Path) -> dict:
    """The four answers of the first screen, and where the record is."""
    data = decision.data
    options = {o["model"]: o for o in data["options"]}
    invalid = invalid_of(run, experiment, data)
    return {
        "profile": data["profile"],
        "outcome": _sentence(data["sentences"][0]),
        "workers": _sentence(_workers(options, data["named"])),
        "sure": _sentence(_sure(options, data)),
        "change": _sentence(_change(data)),
        "invalid": invalid["words"],
        "decision": {"invalid": invalid},
        "file": f"{folder.name}/{record.RECORD}",
    }


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "."


def _workers(options: dict, named: list[str]) -> str:
    if not named:
        return "no model is recommended"
    told = [f"{m} with {options[m]['workers']}" if options[m]["workers"] else f"{m} has no workers to set" for m in named]
    return "; ".join(told)


def _sure(options: dict, data: dict) -> str:
    if data["leader"] is None:
        return "no option is known to keep the limits"
    leader = options[data["leader"]]
    words = f"{data['leader']} is the best in {100 * leader['best']:.0f} % of the draws, with a regret of at most {100 * leader['regret95']:.0f} % in 95 %"
    return words + "".join(f"; {doubt}" for doubt in data["doubts"][:2])


def _change(data: dict) -> str:
    flips = [s.removeprefix("would flip it: ") for s in data["sentences"] if s.startswith("would flip it: ")]
    more = "; and more in the record" if len(flips) > 4 else ""
    return "; ".join(flips[:4]) + more if flips else "no input within a factor of 16"


TOO_MANY = 0.2  # of an option's trials: the remaining ones may be the lucky ones


def invalid_of(run: Run, experiment: dict, data: dict) -> dict:
    """How many trials are invalid, and whether one that is named lacks too many."""
    own = [t for t in run.trials if t["experiment"] == experiment["name"]]
    bad = [t for t in own if not t["valid"]]
    named = data["named"]
    lacking = [m for m in named if _share(own, m) > TOO_MANY]
    words = ""
    if bad:
        words = f"{len(bad)} of {len(own)} trials {'is' if len(bad) == 1 else 'are'} invalid"
        words += f", and the decision depends on them: of {', '.join(lacking)} too many are." if lacking else "; the decision does not depend on them."
    return {"trials": len(own), "invalid": len(bad), "depends": bool(lacking) or (bool(own) and len(bad) == len(own)), "words": words}


def _share(trials: list[dict], model: str) -> float:
    own = [t for t in trials if t["cell"]["model"] == model]
    return sum(not t["valid"] for t in own) / len(own) if own else 0


def verify(run: Run, troika: str) -> list[tuple[Path, str | None]]:
    """Each newest record, and what it contradicts; None: nothing."""
    found = []
    folder = run.path / "report" / "adr"
    for experiment in run.data["experiments"]:
        if not experiment.get("profile"):
            continue
        place = _newest(folder, subject(run, experiment))
        if place:
            found.append((place, _contradiction(run, experiment, place, troika)))
    return found


def _contradiction(run: Run, experiment: dict, place: Path, troika: str) -> str | None:
    """The record against its files, the answer against them, and the files against
    the run."""
    if problem := record.changed(place) or record.verify(record.load(place)):
        return problem
    done = subprocess.run([troika, "decide", "--verify", str(place)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return done.stderr.strip() or "the answer does not follow"
    with tempfile.TemporaryDirectory(prefix="troika-decision-") as folder:
        fresh = Path(folder) / "decision"
        command = [troika, "decide", "--run", str(run.path), "--experiment", experiment["name"], "-o", str(fresh)]
        subprocess.run(command, capture_output=True, check=False)
        for name in ("cells.json", "evidence.json"):
            if (place / name).is_file() and not (fresh / name).is_file():
                return f"{name} does not follow from the run"
            if (place / name).is_file() and _constants(place) == _constants(fresh) and not filecmp.cmp(place / name, fresh / name, shallow=False):
                return f"{name} does not follow from the run's trials: one of them was changed"
    return None


def _constants(place: Path) -> bytes:
    path = place / "machine.json"
    return path.read_bytes() if path.is_file() else b""
