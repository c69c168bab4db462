# SPDX-License-Identifier: MIT
"""Writes decision records: report/adr/NNNN-slug.md with a copy in JSON.

A record is never overwritten. A decision with unchanged content (evidence, rule,
outcome, compared by SHA-256) keeps its record; a changed decision gets a new
record with the next number, which supersedes the old one.
"""

import hashlib
import json
import re
import shlex
from itertools import zip_longest
from pathlib import Path

from data.metrics import metric
from data.results import Run
from decision import cell
from decision.decide import decide
from pages import fit, render

# Lines that people change: in the record's front matter, and in the JSON copy.
DECIDED_BY_PEOPLE = (
    re.compile(r"(status|decision-makers|consulted|informed): ?[^{}]*"),
    re.compile(r' "(status)": "[^"\\]*",'),
)
FOREIGN = (
    "this run makes no record with this name; `make adr` writes the records of this run,"
    " and a renamed record needs its old name back"
)
SLUG_LETTERS = 60  # file names must not get too long
EXPERIMENTS = Path(__file__).resolve().parents[2] / "harness" / "experiments"


def decisions(run: Run, without=()) -> dict[str, dict]:
    """The decision of each experiment that has a profile, but for the experiments
    `without`, by the experiment's name."""
    if run.data.get("untrusted"):
        return {}
    made = {e["name"]: decide(run, e) for e in run.data["experiments"] if e["name"] not in without}
    return {name: decision for name, decision in made.items() if decision}


def write_all(run: Run, charts, decided: dict[str, dict]) -> dict[str, dict]:
    """Writes a record of each decision. Returns what the reports need of the records,
    by the experiment's name."""
    folder = run.path / "report" / "adr"
    known = {e["name"]: e for e in run.data["experiments"]}
    return {name: _write(run, folder, known[name], decision, charts) for name, decision in decided.items()}


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:SLUG_LETTERS].strip("-") or "profile"


def _fingerprint(decision: dict) -> str:
    text = json.dumps(decision, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _existing(folder: Path, name: str) -> list[tuple[int, Path, dict]]:
    """The records of this subject, oldest first. Of a record with an unreadable
    copy only the number is used."""
    found = []
    for path in sorted(folder.glob(f"[0-9][0-9][0-9][0-9]-{name}.md")):
        beside = path.with_suffix(".json")
        try:
            copy = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        except (OSError, ValueError, RecursionError):
            copy = {}
        found.append((int(path.name[:4]), path, copy if isinstance(copy, dict) else {}))
    return found


def subject(run: Run, experiment: dict) -> str:
    """The subject of a record, for its file name."""
    name = f"concurrency-model-for-{slug(experiment['profile'].get('name') or experiment['name'])}"
    if len(run.data["experiments"]) > 1:
        name += f"-{slug(experiment['name'])}"
    return name


def _write(run: Run, folder: Path, experiment: dict, decision: dict, charts) -> dict:
    name = subject(run, experiment)
    older = _existing(folder, name)
    told = {
        "headline": render.words("outcome.md", "headline", decision),
        "outcome": outcome_words(decision),
        "invalid": invalid_words(decision),
        "fit": fit.of_measured(decision),
        "map": None,
        "around": None,
        "profile": decision["profile"]["name"],
        "decision": decision,
        "workers": render.words("answer.md", "workers", decision),
        "sure": render.words("answer.md", "sure", decision),
        "change": render.words("answer.md", "change", decision),
    }
    if older and older[-1][2].get("fingerprint") == _fingerprint(decision):
        return told | {"file": older[-1][1].name}
    number = next_number(folder)
    supersedes = older[-1][1].name if older else None
    file = f"{number:04d}-{name}"
    texts = _texts(run, experiment, decision, charts, number, supersedes, place(run))
    for name, text in texts.items():
        render.store(folder / name, text)
    return told | {"file": f"{file}.md"}


def next_number(folder: Path) -> int:
    """The number of a new record, of either kind."""
    return max((int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*")), default=0) + 1


def place(run: Run) -> str:
    """The run's path, for commands from the project's directory."""
    usual = f"results/{run.data['run_id']}"
    here = run.path.resolve()
    return usual if (EXPERIMENTS.parents[1] / usual).resolve() == here else str(here)


def _texts(run: Run, experiment: dict, decision: dict, charts, number, supersedes, place: str):
    """Texts by file name: the copy in JSON, the experiment that the record
    suggests, if any, and last the record. `place` is the run's path."""
    found = claims(decision)
    file = f"{number:04d}-{subject(run, experiment)}"
    measure = f"{number:04d}-at-profile.ini" if decision["measure"] else None
    context = {
        "d": decision,
        "number": number,
        "measure": measure,
        "measure_command": measure and _bench(place, f"report/adr/{measure}"),
        "place": shlex.quote(place),
        "outcome": outcome_words(decision),
        "invalid": invalid_words(decision),
        "run": run.data,
        "date": (run.data.get("ended_at") or run.data["started_at"])[:10],
        "supersedes": supersedes,
        "experiment": experiment,
        "claims": found,
        "sources": sources(run, found),
        "fingerprint": _fingerprint(decision),
        "command": _again(run, experiment["name"], place),
        "run_sha256": hashlib.sha256((run.path / "run.json").read_bytes()).hexdigest(),
        "charts": [
            c
            for c in charts
            if c.experiment == experiment["name"]
            and set(decision["load_points"]) & set(c.load_points)
        ],
    }
    text = render.environment().get_template("adr.md").render(**context)
    copy = dict(
        schema_version=1,
        number=number,
        status="proposed",
        date=context["date"],
        run_id=run.data["run_id"],
        place=place,
        run_sha256=context["run_sha256"],
        fingerprint=context["fingerprint"],
        supersedes=supersedes,
        outcome_words=context["outcome"],
        decision=decision,
    )
    texts = {f"{file}.json": json.dumps(copy, indent=1, ensure_ascii=False) + "\n"}
    if measure:
        texts[measure] = cell.text(decision, experiment, file)
    return texts | {f"{file}.md": render.squeezed(text)}


def verify(run: Run, charts) -> list[tuple[Path, str | None]]:
    """Renders the newest record of each subject again and compares the words.
    Returns each path with its contradiction, or None. Lines that people change,
    such as the status, may differ. A record whose subject this run does not have
    is reported too, because nothing supports it."""
    folder = run.path / "report" / "adr"
    found, stems = [], set()
    for experiment in run.data["experiments"]:
        decision = decide(run, experiment)
        older = _existing(folder, subject(run, experiment)) if decision else []
        stems.update(path.stem for _, path, _ in older)
        for number, path, _ in older[-1:]:
            supersedes = older[-2][1].name if len(older) > 1 else None
            texts = _texts(run, experiment, decision, charts, number, supersedes, place(run))
            found.append((path, _contradiction(folder, texts)))
    for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]-*")):
        if path.suffix in (".md", ".json") and path.stem not in stems:
            found.append((path, f"not verified: {FOREIGN}"))
    return found


def _contradiction(folder: Path, texts: dict[str, str]) -> str | None:
    """The first line of a record, or of what belongs to it, that the results do
    not give."""
    for name, wanted in reversed(texts.items()):
        file = folder / name
        if not file.is_file():
            return f"{file.name} is missing"
        seen = file.read_text(encoding="utf-8").splitlines()
        pairs = zip_longest(seen, wanted.splitlines())
        for i, (have, want) in enumerate(pairs, 1):
            if have != want and not _decided(have, want):
                return f"{file.name}:{i}: the results give: {want or 'nothing more'}"
    return None


def _decided(have: str | None, want: str | None) -> bool:
    """Whether two lines differ only in what people change."""
    for line in DECIDED_BY_PEOPLE:
        seen, wanted = line.fullmatch(have or ""), line.fullmatch(want or "")
        if seen and wanted and seen[1] == wanted[1]:
            return True
    return False


def _again(run: Run, name: str, place: str) -> str:
    """The command that repeats the run from the project's directory: a shipped
    experiment by its name, any other by the run's copy."""
    seed = run.data.get("seed")
    flag = f"--seed {seed}" if seed is not None else ""
    if (EXPERIMENTS / f"{name}.ini").is_file():
        return f"make bench-{name}" + (f" ARGS='{flag}'" if flag else "")
    return _bench(place, f"experiments/{name}.ini", flag)


def _bench(place: str, file: str, flag: str = "") -> str:
    """The command that runs an experiment file in the run's directory."""
    return f"build/release/troika bench {flag} {shlex.quote(f'{place}/{file}')}".replace("  ", " ")


def outcome_words(decision: dict) -> str:
    return render.words("outcome.md", "outcome", decision)


def invalid_words(decision: dict) -> str:
    """How many trials are invalid and whether the decision depends on them; "" if
    none is."""
    return render.words("outcome.md", "invalid", decision["invalid"])


def claims(decision: dict) -> list[dict]:
    """The evidence as numbered claims."""
    rows = []
    for option in decision["options"]:
        for name, evidence in option["evidence"].items():
            if evidence:
                against = option["against"].get(name) or {}
                rows.append(
                    dict(
                        evidence,
                        id=f"E{len(rows) + 1}",
                        model=option["model"],
                        metric=metric(name),
                        verdict=against.get("verdict"),
                        why=against.get("why"),
                    )
                )
    return rows


def sources(run: Run, found: list[dict]) -> list[dict]:
    """The trials behind the claims; claims that rest on equal trials share a line."""
    blocks = {t["trial_id"]: t["block"] for t in run.trials}
    lines: dict[tuple, dict] = {}
    for claim in found:
        trials = [(i, f"b{blocks.get(i, '?')}") for i in claim.get("trials") or []]
        key = (claim["model"], tuple(trials))
        line = lines.setdefault(key, {"model": claim["model"], "trials": trials, "claims": []})
        line["claims"].append(claim["id"])
    return list(lines.values())
