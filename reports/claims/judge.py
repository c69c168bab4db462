# SPDX-License-Identifier: MIT
"""Selects claims, lists what they need, and makes the page of their verdicts,
compared with the newest earlier page.
"""

import json
import re
from datetime import datetime, timezone
from pathlib import Path

from data import results, schema
from charts import drawing
from pages import render
from claims import page, rules, verdicts

PROBLEMS = (rules.RuleError, results.ResultsError, drawing.DrawingError, render.PagesError)
ENVIRONMENT = ("cpu_model", "cpus", "hypervisor", "kernel", "compiler", "fingerprint")


def chosen(words: str, folder: Path) -> list[rules.Rule]:
    """The rules that `words` selects: quick, full, or named claims."""
    known = rules.read_all(folder)
    if words in ("quick", "full"):
        return [r for r in known if r.quick or r.unmeasurable or words == "full"]
    ids = {r.id: r for r in known}
    names = [w.upper() for w in rules.items(words)]
    for name in names:
        if name not in ids:
            raise rules.RuleError(f"no claim is named {name}{_nearest(name, ids)}")
    return [ids[n] for n in names]


def _nearest(name: str, ids) -> str:
    """A hint at the claim with that number (C7 means C07), or with a similar name."""
    number = re.fullmatch(r"C?0*(\d+)", name)
    same = [i for i in ids if number and re.fullmatch(rf"C0*{number[1]}", i)]
    return f"; did you mean {same[0]}?" if same else rules.nearest(name, ids)


def experiments(picked: list[rules.Rule], words: str) -> list[str]:
    """The experiments that the claims need, each once."""
    names = [n for r in picked for n in r.experiments + (r.more if words == "full" else [])]
    return list(dict.fromkeys(names))


def prices(picked: list[rules.Rule]) -> bool:
    """Whether a claim needs the cost of a primitive, which no experiment measures."""
    return any(f.primitive for r in picked for f in r.figures.values())


def previous(root: Path, now: Path) -> tuple[str | None, dict[str, str]]:
    """The name of the newest earlier page, and the last verdict of each claim: a page
    may have judged only some of the claims."""
    name, said = None, {}
    for path in sorted(root.glob("claims-*/claims.json")):
        if path.parent.resolve() != now.resolve():
            name = path.parent.name
            try:
                said |= {c["id"]: c["verdict"] for c in results.read(path)["claims"]}
            except (KeyError, TypeError, AttributeError):
                raise results.ResultsError(
                    f"{path}: the list of claims with id and verdict is missing;"
                    " move the file away, or restore it from a copy"
                ) from None
    return name, said


def changed(data: dict, said: dict[str, str]) -> list[dict]:
    return [
        {"id": c["id"], "before": said[c["id"]], "now": c["verdict"]}
        for c in data["claims"]
        if said.get(c["id"], c["verdict"]) != c["verdict"]
    ]


def make(
    picked: list[rules.Rule], runs: list[results.Run], output: Path | None, planned: list[results.Run] = ()
) -> dict:
    """Writes the page and returns its data. `planned` are runs whose blocks were
    planned from `runs`; they are used for claims that `runs` leave undecided."""
    root = runs[0].path.resolve().parent
    now = datetime.now(timezone.utc)
    folder = output or root / f"claims-{now:%Y%m%dT%H%M%SZ}"
    judged = [verdicts.judge(rule, runs, planned) for rule in picked]
    everything = [*runs, *planned]
    data = {
        "schema_version": results.SCHEMA_VERSION,
        "kind": "claims",
        "made_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "runs": [_run(r, folder, r in planned) for r in everything],
        "claims": [claim for claim, _ in judged],
    }
    data["previous"], said = previous(root, folder)
    data["changed"] = changed(data, said)
    problem = schema.problem("claims", data)
    if problem:
        raise results.ResultsError(f"claims.json: {problem}")
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    render.store(folder / "claims.json", text + "\n")
    page.write(folder, data, picked, [found for _, found in judged], everything)
    return dict(data, folder=folder)


def _run(run: results.Run, folder: Path, planned: bool) -> dict:
    environment = run.data.get("environment") or {}
    return {
        "run_id": run.data["run_id"],
        "path": page.link(folder, run.path),
        "command": run.data.get("command"),
        "tool_version": run.data.get("tool_version"),
        "started_at": run.data["started_at"],
        "complete": run.data["complete"],
        "planned": planned,
        "seed": run.data.get("seed"),
        "environment": {k: environment.get(k) for k in ENVIRONMENT},
    }


def outcome(data: dict) -> str:
    """The last lines for the terminal: each verdict, and what changed."""
    lines = [f"  {c['id']}  {c['verdict']:<26}  {c['short']}" for c in data["claims"]]
    if data["previous"]:
        lines.append("")
        lines += [f"  {c['id']} was {c['before']}, is {c['now']}" for c in data["changed"]] or [
            f"  no verdict has changed since {data['previous']}"
        ]
    lines += ["", f"  page    {data['folder'] / 'claims.html'}", f"  as text {data['folder'] / 'claims.md'}"]
    return "\n".join(lines) + "\n"
