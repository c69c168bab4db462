#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Judges the claims from stored runs: claims.json, claims.md and claims.html.

The rules are reports/claims/*.ini, the measurements are the runs named; nothing
is measured here. Without --output the page goes to claims-<UTC> beside the
first run. What the newest claims.json there said is compared.
"""

import argparse
import json
import re
import sys
from datetime import datetime, timezone
from pathlib import Path

import claim_pages
import drawing
import output
import pages
import results
import rules
import schema
import verdicts

PROBLEMS = (rules.RuleError, results.ResultsError, drawing.DrawingError, pages.PagesError)
ENVIRONMENT = ("cpu_model", "cpus", "hypervisor", "kernel", "compiler", "fingerprint")


def chosen(words: str, folder: Path) -> list[rules.Rule]:
    """quick, full, or the claims that are named."""
    known = rules.read_all(folder)
    if words in ("quick", "full"):
        return [r for r in known if r.quick or words == "full"]
    ids = {r.id: r for r in known}
    names = [w.upper() for w in rules.items(words)]
    for name in names:
        if name not in ids:
            raise rules.RuleError(f"no claim is named {name}{_nearest(name, ids)}")
    return [ids[n] for n in names]


def _nearest(name: str, ids) -> str:
    """Of claims that are numbered, the one of that number: C7 means C07."""
    number = re.fullmatch(r"C?0*(\d+)", name)
    same = [i for i in ids if number and re.fullmatch(rf"C0*{number[1]}", i)]
    return f"; did you mean {same[0]}?" if same else rules.nearest(name, ids)


def experiments(picked: list[rules.Rule], words: str) -> list[str]:
    """What has to be run for them, each once."""
    names = [n for r in picked for n in r.experiments + (r.more if words == "full" else [])]
    return list(dict.fromkeys(names))


def prices(picked: list[rules.Rule]) -> bool:
    """Whether one of them asks what a primitive costs, which no experiment tells."""
    return any(f.primitive for r in picked for f in r.figures.values())


def previous(root: Path, now: Path) -> tuple[str | None, dict[str, str]]:
    """The name of the newest page beside it, and what was last said of each
    claim: a page may have judged some of them alone."""
    name, said = None, {}
    for path in sorted(root.glob("claims-*/claims.json")):
        if path.parent.resolve() != now.resolve():
            name = path.parent.name
            try:
                said |= {c["id"]: c["verdict"] for c in results.read(path)["claims"]}
            except (KeyError, TypeError, AttributeError):
                raise results.ResultsError(
                    f"{path}: no list of claims, each with id and verdict, is in it;"
                    " move it away, or restore it from a copy"
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
    """The page. `planned` are runs whose blocks were planned from `runs`: they
    speak where those leave a claim undecided."""
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
    pages.store(folder / "claims.json", text + "\n")
    claim_pages.write(folder, data, picked, [found for _, found in judged], everything)
    return dict(data, folder=folder)


def _run(run: results.Run, folder: Path, planned: bool) -> dict:
    environment = run.data.get("environment") or {}
    return {
        "run_id": run.data["run_id"],
        "path": claim_pages.link(folder, run.path),
        "command": run.data.get("command"),
        "tool_version": run.data.get("tool_version"),
        "started_at": run.data["started_at"],
        "complete": run.data["complete"],
        "planned": planned,
        "seed": run.data.get("seed"),
        "environment": {k: environment.get(k) for k in ENVIRONMENT},
    }


def outcome(data: dict) -> str:
    """The last lines on the terminal: verdict by verdict, and what changed."""
    lines = [f"  {c['id']}  {c['verdict']:<26}  {c['short']}" for c in data["claims"]]
    if data["previous"]:
        lines.append("")
        lines += [f"  {c['id']} was {c['before']}, is {c['now']}" for c in data["changed"]] or [
            f"  no verdict is another than before ({data['previous']})"
        ]
    lines += ["", f"  page    {data['folder'] / 'claims.html'}", f"  as text {data['folder'] / 'claims.md'}"]
    return "\n".join(lines) + "\n"


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="claims.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="exit codes: 0 done, 1 a rule or results that cannot be used, 2 usage",
    )
    parser.add_argument("runs", metavar="RUN", nargs="*", help="runs, the first that has an experiment speaks")
    parser.add_argument(
        "--planned", metavar="RUN", action="append", default=[],
        help="a run with as many blocks as the others' spread asks for; it speaks where those leave a claim undecided",
    )
    parser.add_argument("--claims", default="full", help="quick, full (all; the default) or C07,C08")
    parser.add_argument("--rules", type=Path, default=rules.FOLDER, help="the folder of the rules")
    parser.add_argument("--output", type=Path, help="the page's folder")
    parser.add_argument("--experiments", action="store_true", help="print what has to be run, judge nothing")
    parser.add_argument("--primitives", action="store_true", help="print “primitives” if that has to be run too")
    options = parser.parse_args(argv)
    if not (options.runs or options.experiments or options.primitives):
        parser.error("name a run, e.g. results/latest")
    return options


def judged(picked: list[rules.Rule], options: argparse.Namespace) -> str:
    try:
        runs = [results.load(r) for r in options.runs]
        for run in runs:
            if run.data.get("untrusted"):
                raise results.ResultsError(f"{run.path}: no claim is judged: {run.data['untrusted']}")
        planned = [results.load(r) for r in options.planned]
        return outcome(make(picked, runs, options.output, planned))
    except pages.UNFORESEEN as error:
        where = f"run.json or a trial of {', '.join([*options.runs, *options.planned])}"
        raise results.ResultsError(output.damaged(where, error)) from None


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        picked = chosen(options.claims, options.rules)
        if options.experiments:
            print(*experiments(picked, options.claims))
            return 0
        if options.primitives:
            print(*["primitives"] * prices(picked))
            return 0
        sys.stdout.write(judged(picked, options))
    except PROBLEMS as error:
        print(f"claims: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(output.exit_code("claims", main, sys.argv[1:]))
